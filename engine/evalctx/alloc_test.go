//go:build !race

package evalctx

import (
	"testing"

	"sekisho/engine/csharp"
	"sekisho/engine/source"
)

const allocContext = `{
	"request": {
		"method": "POST", "url": "https://api.example.com/orders/42?page=2", "ipAddress": "203.0.113.7",
		"headers": {"Content-Type": ["application/json"], "X-Token": ["abc"]}, "matchedParameters": {"id": "42"}
	},
	"response": {"statusCode": 404, "headers": {}},
	"variables": {"token": "t", "ok": true},
	"api": {"Id": "a1", "Path": "v1"}
}`

// Expressions of a simple form run without allocating.
func TestNoAllocations(t *testing.T) {
	ctx, err := Parse([]byte(allocContext))
	if err != nil {
		t.Fatal(err)
	}
	f := func(code string, most float64) {
		t.Helper()
		var diags source.List
		p := csharp.Compile(source.Detached("x", code), csharp.Expr, csharp.Options{}, &diags)
		if p == nil {
			t.Fatalf("%s: %v", code, diags.Sorted())
		}
		run := func() {
			if _, _, ex := p.EvalString(ctx, csharp.Limits{}); ex != nil {
				t.Fatal(ex)
			}
		}
		if p.Type().Name == "bool" {
			run = func() {
				if _, ex := p.EvalBool(ctx, csharp.Limits{}); ex != nil {
					t.Fatal(ex)
				}
			}
		}
		if n := testing.AllocsPerRun(100, run); n > most {
			t.Errorf("%s: %v allocations, want %v", code, n, most)
		}
	}
	f(`context.Request.Method`, 0)
	f(`context.Request.Method == "POST"`, 0)
	f(`context.Request.Url.Path`, 0)
	f(`context.Request.IpAddress`, 0)
	f(`context.Api.Id`, 0)
	f(`context.Response.StatusCode == 404`, 0)
	f(`context.Response.StatusCode >= 400 && context.Response.StatusCode < 500`, 0)
	f(`context.Request.Headers.GetValueOrDefault("X-Token", "")`, 0)
	f(`context.Request.Headers.GetValueOrDefault("X-None", "none")`, 0)
	f(`context.Request.Headers.GetValueOrDefault("X-Token") == "abc"`, 0)
	f(`context.Request.Headers.ContainsKey("X-Token")`, 0)
	f(`string.IsNullOrEmpty(context.Request.Headers.GetValueOrDefault("X-Token", ""))`, 0)
	f(`(string)context.Variables["token"]`, 0)
	f(`(bool)context.Variables["ok"]`, 0)
	f(`context.Variables.ContainsKey("token")`, 0)
	f(`context.Variables.GetValueOrDefault<string>("token", "")`, 0)
	f(`context.Request.MatchedParameters["id"] == "42" ? "yes" : "no"`, 1) // the indexer gives an object
	f(`context.Request.Headers.GetValueOrDefault("Content-Type", "").Contains("json")`, 0)
	f(`context.Request.Headers.GetValueOrDefault("X-Token", "").StartsWith("ab")`, 0)
	f(`context.Request.Method.Equals("POST", StringComparison.OrdinalIgnoreCase)`, 1)
	// Short texts are pieces of a block: one allocation for dozens of them.
	f(`"Bearer " + (string)context.Variables["token"]`, 0)
	f(`context.Api.Id + "/" + context.Request.Method + context.Request.Url.Path`, 0)
	f(`$"{context.Request.Method} {context.Request.Url.Path}"`, 0)
}

func BenchmarkEval(b *testing.B) {
	ctx, err := Parse([]byte(allocContext))
	if err != nil {
		b.Fatal(err)
	}
	for _, code := range []string{
		`context.Request.Headers.GetValueOrDefault("X-Token", "")`,
		`context.Response.StatusCode >= 400 && context.Response.StatusCode < 500`,
		`"Bearer " + (string)context.Variables["token"]`,
		`new JObject(new JProperty("a", 1)).ToString()`,
		`new[] { 1, 2, 3 }.Where(x => x > 1).Select(x => x * 2).Sum()`,
	} {
		b.Run(code, func(b *testing.B) {
			var diags source.List
			p := csharp.Compile(source.Detached("x", code), csharp.Expr, csharp.Options{}, &diags)
			b.ReportAllocs()
			for b.Loop() {
				p.EvalString(ctx, csharp.Limits{})
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	const code = `context.Request.Headers.GetValueOrDefault("Authorization", "").Split(' ').Last().Length > 10 ? "a" : "b"`
	b.ReportAllocs()
	for b.Loop() {
		var diags source.List
		csharp.Compile(source.Detached("x", code), csharp.Expr, csharp.Options{}, &diags)
	}
}
