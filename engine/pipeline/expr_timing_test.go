package pipeline

import (
	"testing"

	"sekisho/engine/source"
)

// BenchmarkExpression evaluates the same thing in C#, which runs as closures, and in
// JavaScript, natively and in a virtual machine.
func BenchmarkExpression(b *testing.B) {
	x := testExchange()
	defer x.Release()
	x.Request.Method = "GET"
	x.Request.Header.Add("Accept", "*/*")
	x.Request.Header.Add("X-Id", "42")
	var diags source.List
	e := NewExpressions(nil, "")
	const text = `context.Request.Headers.GetValueOrDefault("X-Id", "none") + "-v1"`
	// The comma operator keeps it from running natively.
	const inVM = `(0, context.Request.Headers.GetValueOrDefault("X-Id", "none")) + "-v1"`
	for _, run := range []struct {
		name string
		expr Expr
	}{
		{"csharp", e.CSharp(source.Detached("b", text).Slice(0, len(text)), false, &diags)},
		{"script", e.Script(source.Detached("b", text).Slice(0, len(text)), false, &diags)},
		{"vm", e.Script(source.Detached("b", inVM).Slice(0, len(inVM)), false, &diags)},
	} {
		if diags.Len() > 0 {
			b.Fatal(diags.Sorted())
		}
		b.Run(run.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if s, err := run.expr.Text(x); err != nil || s != "42-v1" {
					b.Fatal(s, err)
				}
			}
		})
	}
}
