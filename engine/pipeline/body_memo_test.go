package pipeline

import (
	"strings"
	"sync"
	"testing"

	"sekisho/engine/csharp"
	"sekisho/engine/source"
)

func expression(t *testing.T, code string) func(*Exchange) string {
	t.Helper()
	var diags source.List
	p := csharp.Compile(source.Detached("x", code), csharp.Expr, csharp.Options{}, &diags)
	if p == nil {
		t.Fatalf("%s: %v", code, diags.Sorted())
	}
	return func(x *Exchange) string {
		s, _, ex := p.EvalString(x.APIM(), csharp.Limits{})
		if ex != nil {
			return ex.Error()
		}
		return s
	}
}

// The text of a body is read once; each As has a tree of its own all the same.
func TestBodyIsParsedOnce(t *testing.T) {
	x := testExchange()
	defer x.Release()
	body := &x.Request.Body
	x.Request.Header.Set("Content-Type", "application/json")
	body.SetBytes([]byte(`{"a": 1, "b": {"c": [1, 2]}}`))
	a := expression(t, `context.Request.Body.As<JObject>(preserveContent: true)["a"].ToString()`)
	f := func(what, got, want string) {
		t.Helper()
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	f("first", a(x), "1")
	kept := body.Parsed()
	if kept == nil {
		t.Fatal("nothing is kept")
	}
	f("second", a(x), "1")
	f("of its own", expression(t, `((Func<string>)(() => { var o = context.Request.Body.As<JObject>(true); o["a"] = 7; ((JArray)o["b"]["c"]).Clear(); return o.ToString(Newtonsoft.Json.Formatting.None); }))()`)(x), "")
	f("unchanged", expression(t, `context.Request.Body.As<JObject>(true).ToString(Newtonsoft.Json.Formatting.None)`)(x), `{"a":1,"b":{"c":[1,2]}}`)
	if body.Parsed() != kept {
		t.Error("it was parsed again")
	}
	f("another type", expression(t, `context.Request.Body.As<JArray>(true).Count.ToString()`)(x), "Current JsonReader item is not an array")
	f("token", expression(t, `context.Request.Body.As<JToken>(true)["a"].ToString()`)(x), "1")

	body.SetBytes([]byte(`{"a": 2}`))
	f("another body", a(x), "2")
	x.Request.Header.Set("Content-Type", "application/json; charset=utf-16")
	f("another charset", a(x), "Unexpected character")
	x.Request.Header.Set("Content-Type", "application/json")
	x.Request.Header.Set("Content-Encoding", "gzip")
	f("another encoding", a(x), "could not be read")
	x.Request.Header.Del("Content-Encoding")
	f("as before", a(x), "2")
	f("consumed", expression(t, `context.Request.Body.As<JObject>()["a"].ToString()`)(x), "2")
	f("gone", a(x), "already been read")
}

// What each tree costs is paid for, though the text is read once.
func TestParsedBodyIsPaidFor(t *testing.T) {
	x := testExchange()
	defer x.Release()
	x.Request.Body.SetBytes([]byte(`{"a": [` + strings.Repeat("1,", 10_000) + `1]}`))
	var diags source.List
	p := csharp.Compile(source.Detached("x", `{ var l = new List<JObject>(); for (var i = 0; i < 1000; i++) { l.Add(context.Request.Body.As<JObject>(true)); } return l.Count; }`), csharp.Block, csharp.Options{}, &diags)
	if p == nil {
		t.Fatal(diags.Sorted())
	}
	_, ex := p.Eval(x.APIM(), csharp.Limits{Memory: 64 << 20})
	if ex == nil || !strings.Contains(ex.Error(), "memory budget") {
		t.Errorf("got %v", ex)
	}
}

// A fork's body keeps what its own branch has parsed.
func TestForksParseForThemselves(t *testing.T) {
	x := testExchange()
	defer x.Release()
	x.Request.Body.SetBytes([]byte(`{"a": 1}`))
	a := expression(t, `context.Request.Body.As<JObject>(preserveContent: true)["a"].ToString()`)
	var all sync.WaitGroup
	for range 4 {
		f := x.Fork(t.Context())
		all.Go(func() {
			defer f.Discard()
			if got := a(f); got != "1" {
				t.Errorf("got %s", got)
			}
			f.Request.Body.SetBytes([]byte(`{"a": 2}`))
			if got := a(f); got != "2" {
				t.Errorf("got %s", got)
			}
		})
	}
	all.Wait()
	if got := a(x); got != "1" {
		t.Errorf("got %s", got)
	}
}
