//go:build !race

package pipeline

import "testing"

// What native expressions allocate is the string they make, if they make one.
func TestNativeAllocations(t *testing.T) {
	x := nativeExchange(t)
	for _, tt := range []struct {
		expr string
		want float64
	}{
		{`context.Request.Headers.GetValueOrDefault("X-Id", "none")`, 0},
		{`context.Request.Headers.get("X-Id")`, 0},
		{`context.Request.Headers["X-Id"]?.[0] ?? "none"`, 0},
		{`context.Request.Headers.has("None")`, 0},
		{`context.Request.Method === "GET"`, 0},
		{`context.Response.StatusCode >= 400 ? "bad" : "good"`, 0},
		{`context.Variables.user`, 0},
		{`context.Variables.GetValueOrDefault("none", "d")`, 0},
		{`context.Request.Url.Host.startsWith("b.") && !context.User`, 0},
		{`context.Request.OriginalUrl.Path.slice(1)`, 0},
		{`"a,b,c".split(",")[1]`, 0},
		{`const m = context.Request.Method; if (m === "GET") return "read"; return "write";`, 0},
		{`context.Request.Headers.GetValueOrDefault("X-Id", "none") + "-v1"`, 1},
		{"`${context.Request.Method}:${context.Variables.count}:${context.Variables.user}`", 1},
		{`context.Variables.count + 1`, 0},
	} {
		s := scriptExpr(t, tt.expr)
		got := testing.AllocsPerRun(200, func() {
			if _, err := s.Text(x); err != nil {
				t.Fatal(err)
			}
		})
		if got != tt.want {
			t.Errorf("%s: %v allocations, want %v", tt.expr, got, tt.want)
		}
	}
	s := scriptExpr(t, `context.Request.Method === "GET" && context.Request.Headers.has("X-Id")`)
	if n := testing.AllocsPerRun(200, func() { _, _ = s.Bool(x) }); n != 0 {
		t.Errorf("a condition: %v allocations", n)
	}
}

// What an evaluation in a VM allocates is mostly goja's: its stack, strings in boxes. The
// request is not taken into objects anew, and the lease costs nothing.
func TestVMAllocations(t *testing.T) {
	x := nativeExchange(t)
	for _, tt := range []struct {
		expr string
		most float64
	}{
		{`context.Request.Method === "GET"`, 3},
		{`context.Response.StatusCode >= 400 ? "bad" : "good"`, 3},
		{`context.Variables.user`, 3},
		{`context.Request.Headers.GetValueOrDefault("X-Id", "none")`, 3},
		{`context.Request.Headers.GetValueOrDefault("X-Id", "none") + "-v1"`, 5},
	} {
		s := scriptExpr(t, tt.expr)
		got := testing.AllocsPerRun(200, func() {
			h := s.host(x)
			defer h.release()
			if _, err := s.program.Text(x.Context, x.Services.scriptPool(), h); err != nil {
				t.Fatal(err)
			}
		})
		if got > tt.most {
			t.Errorf("%s: %v allocations in a VM, want at most %v", tt.expr, got, tt.most)
		}
	}
}
