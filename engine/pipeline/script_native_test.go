package pipeline

import (
	"strings"
	"testing"

	"sekisho/engine/source"
)

// nativeExchange is a request that has something of everything.
func nativeExchange(t testing.TB) *Exchange {
	x := testExchange()
	t.Cleanup(x.Release)
	x.Request.Method = "GET"
	x.Request.URL = URL{Scheme: "https", Host: "b.test:8443", Base: "/base", Path: "/p", Query: "a=1&A=2&b=%20"}
	x.OriginalURL = URL{Scheme: "http", Host: "gw.test", Path: "/p"}
	x.Request.Header.Add("Accept", "*/*")
	x.Request.Header.Add("X-Id", "42")
	x.Request.Header.Add("X-Many", "1")
	x.Request.Header.Add("x-many", "2")
	x.Response.Status = 404
	x.Response.Header.Add("Content-Type", "text/plain")
	x.Set("user", "ada")
	x.Set("count", int32(3))
	x.Set("ratio", 0.5)
	return x
}

func scriptExpr(t testing.TB, text string) *Script {
	t.Helper()
	var diags source.List
	block := strings.Contains(text, "return ")
	e := NewExpressions(nil, "").Script(source.Detached("b", text).Slice(0, len(text)), block, &diags)
	if e == nil {
		t.Fatal(text, diags.Sorted())
	}
	return e.(*Script)
}

// What a view shows directly is what the objects show.
func TestNativeReadsTheExchange(t *testing.T) {
	x := nativeExchange(t)
	for _, text := range []string{
		`context.Request.Method`, `context.Request.IpAddress`, `context.RequestId`,
		`context.Request.Url.Scheme`, `context.Request.Url.Host`, `context.Request.Url.Port`, `context.Request.Url.Path`, `context.Request.Url.QueryString`,
		`context.Request.OriginalUrl.Scheme`, `context.Request.OriginalUrl.Host`, `context.Request.OriginalUrl.Port`, `context.Request.OriginalUrl.Path`, `context.Request.OriginalUrl.QueryString`,
		`context.Request.Url.Query.get("a")`, `context.Request.Url.Query.GetValueOrDefault("a")`, `context.Request.Url.Query.get("b")`, `context.Request.Url.Query.has("c")`,
		`context.Request.Headers.GetValueOrDefault("x-id", "none")`, `context.Request.Headers.get("X-Many")`, `context.Request.Headers.GetValueOrDefault("X-Many")`, `context.Request.Headers["X-Many"]?.[1]`, `context.Request.Headers["X-Many"].length`, `context.Request.Headers.get("none")`,
		`context.Response.StatusCode`, `context.Response.StatusReason`, `context.Response.Headers.get("content-type")`, `context.Response.Headers.get("X-Id")`,
		`context.Variables.user`, `context.Variables["count"] + 1`, `context.Variables.ratio`, `context.Variables.none`, `context.Variables.GetValueOrDefault("none", "d")`,
		`context.User?.Id`, `context.Product === null`, `context.Api.Id`, `context.Operation.Name`, `context.Deployment?.Region`, `context.LastError?.Message`, `context.Backend?.Id`,
	} {
		s := scriptExpr(t, text)
		got, ok := s.program.TryAny(view{x})
		want, err := s.program.Any(x.Context, x.Services.scriptPool(), s.host(x))
		if !ok || err != nil || got != want {
			t.Errorf("%s: %#v, %v without a VM, %#v, %v in one", text, got, ok, want, err)
		}
	}
}

// What gives up at run time is evaluated in a VM, with its values and errors.
func TestNativeFallsBack(t *testing.T) {
	x := nativeExchange(t)
	x.Set("list", []byte("x"))
	if v, err := scriptExpr(t, `context.Variables.user.toUpperCase() + context.Variables.list.length`).Any(x); v != "ADA1" || err != nil {
		t.Error(v, err)
	}
	_, err := scriptExpr(t, `context.User.Id`).Text(x)
	f, ok := err.(*Fault)
	if !ok || f.Message != "Expression evaluation failed. TypeError: Cannot read property 'Id' of undefined" {
		t.Errorf("%#v", err)
	}
}

func TestPlans(t *testing.T) {
	var diags source.List
	e := NewExpressions(nil, "")
	text := source.NewText("p.xml", `context.User /x/.test("") 1`)
	e.Script(text.View().Slice(13, 25), false, &diags)
	e.CSharp(text.View().Slice(26, 27), false, &diags)
	if !e.UseScripts() {
		t.Error("a regular expression wants no VM")
	}
	e.Script(text.View().Slice(0, 12), false, &diags)
	plans := e.Plans()
	if len(plans) != 3 || diags.Len() > 0 {
		t.Fatal(plans, diags.Sorted())
	}
	for i, want := range []struct {
		start    int
		language string
		native   bool
		why      string
	}{{0, JavaScript, true, ""}, {13, JavaScript, false, "a regular expression"}, {26, CSharp, true, ""}} {
		if p := plans[i]; p.At.Start != want.start || p.Language != want.language || p.Native != want.native || p.Why != want.why {
			t.Errorf("%+v, want %+v", p, want)
		}
	}
}

// BenchmarkNativeVersusGoja evaluates the same both ways.
func BenchmarkNativeVersusGoja(b *testing.B) {
	x := nativeExchange(b)
	for _, text := range []struct{ name, expr string }{
		{"header", `context.Request.Headers.GetValueOrDefault("X-Id", "none")`},
		{"comparison", `context.Request.Method === "GET"`},
		{"ternary", `context.Response.StatusCode >= 400 ? "bad" : "good"`},
		{"variable", `context.Variables.user`},
		{"concatenation", `context.Request.Headers.GetValueOrDefault("X-Id", "none") + "-v1"`},
	} {
		s := scriptExpr(b, text.expr)
		b.Run(text.name+"/native", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Text(x); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(text.name+"/goja", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h := s.host(x)
				if _, err := s.program.Text(x.Context, x.Services.scriptPool(), h); err != nil {
					b.Fatal(err)
				}
				h.release()
			}
		})
	}
}
