//go:build !race

package builtins

import (
	"testing"
	"time"

	"sekisho/engine/memory"
	"sekisho/engine/pipeline"
)

// TestLiteralPoliciesAllocateNothing: from lease to release, what literals say is done
// without an allocation.
func TestLiteralPoliciesAllocateNothing(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	services := &pipeline.Services{Now: func() time.Time { return now }, Counters: memory.NewCounters(1000)}
	for _, tt := range []struct {
		name, inbound string
		most          float64
	}{
		{"header", `<set-header name="X-Gateway" exists-action="override"><value>yes</value></set-header>
			<set-header name="Accept" exists-action="skip"><value>none</value></set-header>
			<set-header name="X-Secret" exists-action="delete" />`, 0},
		{"variable", `<set-variable name="tier" value="gold" /><set-variable name="tier" value="silver" />`, 0},
		{"rate limit", `<rate-limit-by-key calls="1000000" renewal-period="60" counter-key="everybody" />`, 1}, // the counter's whole name
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := compile(t, tt.inbound)
			run := func() {
				x := pipeline.NewExchange(services, 1<<20)
				x.Request.Header.Add("Accept", "application/json")
				if err := p.Run(x); err != nil {
					t.Fatal(err)
				}
				x.Release()
			}
			run()
			if n := testing.AllocsPerRun(200, run); n > tt.most {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// TestChainAllocatesNothing: nor do the expressions of a usual chain, for tokens that are
// known, but for a block once in a while.
func TestChainAllocatesNothing(t *testing.T) {
	for name, tokens := range map[string]int{"header": 0, "chain": 10} {
		c := newChain(t, tokens)
		for range 3 * (tokens + 1) {
			c.request(t)
		}
		if n := testing.AllocsPerRun(500, func() { c.request(t) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
