package script

import (
	"context"
	"testing"
)

// BenchmarkNewVM makes VMs: plain ones, with what simple programs need, and full ones.
func BenchmarkNewVM(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plainVM()
		}
	})
	b.Run("lists", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plainVM().need(needLists, setOf("join split toLowerCase"))
		}
	})
	b.Run("full", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newVM()
		}
	})
	b.Run("first evaluation", func(b *testing.B) {
		p := compileExpr(b, `context.Request.Headers.GetValueOrDefault("X-Id", "none")`, false)
		b.ReportAllocs()
		for b.Loop() {
			pool := NewPool(Limits{})
			if _, err := p.Text(context.Background(), pool, newTestHost()); err != nil {
				b.Fatal(err)
			}
			pool.Close()
		}
	})
}
