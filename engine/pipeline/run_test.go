package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sekisho/engine/policyxml"
	"sekisho/engine/source"
)

// say adds a word to the variable "said"; fail and stop end the section.
type say struct {
	Word String `attr:"word,required"`
}

func (s *say) Run(x *Exchange) error {
	word, err := s.Word.Get(x)
	if err != nil {
		return err
	}
	said, _ := x.Var("said")
	text, _ := said.(string)
	x.Set("said", text+word+" ")
	return nil
}

type fail struct {
	Code int64 `attr:"code" default:"500" range:"400 599"`
}

func (f *fail) Run(*Exchange) error { return Faultf(int(f.Code), "TestFailure", "it failed") }

type stop struct{}

func (stop) Run(x *Exchange) error { x.Response.Status = 204; return Respond }

type block struct {
	When  Bool     `attr:"when" default:"true"`
	Words []String `child:"word"`
	Kind  string   `attr:"kind" enum:"plain fancy" default:"plain"`
	Steps Pipeline `steps:"*"`
}

func (b *block) Run(x *Exchange) error { return b.Steps.Run(x) }

func testTable() *Table {
	return NewTable([]*Policy{
		{Name: "say", Sections: Everywhere, Scopes: AnyScope, New: func() Step { return new(say) }},
		{Name: "fail", Sections: Everywhere, Scopes: AnyScope, New: func() Step { return new(fail) }},
		{Name: "stop", Sections: Everywhere, Scopes: AnyScope, New: func() Step { return new(stop) }},
		{Name: "block", Sections: Everywhere, Scopes: AnyScope, New: func() Step { return new(block) }},
		{Name: "once", Sections: Inbound, Scopes: Product, Once: true, New: func() Step { return new(stop) }},
		{Name: "include-fragment", Sections: Everywhere, Scopes: AnyScope, New: func() Step { return new(Include) }},
		{Name: "later", Sections: Everywhere, Scopes: AnyScope},
	})
}

// testEnv is a folder with one fragment and one backend.
type testEnv struct {
	*Expressions
	fragment *policyxml.Document
}

func (e testEnv) Fragment(id string) (*policyxml.Document, bool) { return e.fragment, id == "greet" }
func (testEnv) Fragments() []string                              { return []string{"greet"} }
func (testEnv) Backends() []string                               { return []string{"b"} }
func (testEnv) Certificates() []string                           { return nil }
func (testEnv) Parameters() ([]string, bool)                     { return nil, false }
func (testEnv) CredentialManager() bool                          { return true }
func (testEnv) Lenient() bool                                    { return false }

func newTestEnv(t *testing.T) testEnv {
	t.Helper()
	var diags source.List
	text := source.NewText("greet.xml", `<fragment><say word="hello" /></fragment>`)
	doc := policyxml.Parse(text.View(), policyxml.Options{}, &diags)
	if diags.Len() > 0 {
		t.Fatal(diags.Sorted())
	}
	return testEnv{NewExpressions(nil, ""), doc}
}

func compileText(t *testing.T, scope Scope, xml string, diags *source.List) *Compiled {
	t.Helper()
	doc := policyxml.Parse(source.NewText("p.xml", xml).View(), policyxml.Options{}, diags)
	return Compile(doc, scope, testTable(), newTestEnv(t), diags)
}

func mustCompile(t *testing.T, scope Scope, xml string) *Compiled {
	t.Helper()
	var diags source.List
	c := compileText(t, scope, xml, &diags)
	if diags.Len() > 0 {
		t.Fatal(diags.Sorted())
	}
	return c
}

func testExchange() *Exchange {
	x := NewExchange(&Services{Now: time.Now, Log: slog.New(slog.DiscardHandler)}, 1<<20)
	x.Context = context.Background()
	return x
}

// process runs an Exchange through documents, given narrow to broad, and returns what
// was said.
func process(t *testing.T, operation, api, global string) (*Exchange, string) {
	t.Helper()
	x := testExchange()
	r := *noRoute
	if operation != "" {
		r.OperationPolicy = mustCompile(t, Operation, operation)
	}
	if api != "" {
		r.APIPolicy = mustCompile(t, API, api)
	}
	x.Route = &r
	x.GlobalPolicy = mustCompile(t, Global, global)
	x.Process()
	said, _ := x.Var("said")
	text, _ := said.(string)
	return x, strings.TrimSpace(text)
}

func TestBaseClimbsTheScopes(t *testing.T) {
	f := func(operation, api, global, want string) {
		t.Helper()
		if _, got := process(t, operation, api, global); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	const global = `<policies><inbound><say word="g" /></inbound><outbound><say word="go" /></outbound></policies>`
	const api = `<policies><inbound><say word="a1" /><base /><say word="a2" /></inbound></policies>`
	f("", "", global, "g go")
	f("", api, global, "a1 g a2 go")
	f(`<policies><inbound><base /><base /></inbound></policies>`, api, global, "a1 g a2 a1 g a2 go")
	f(`<policies><inbound><say word="o" /></inbound></policies>`, api, global, "o go")
	f(`<policies><inbound /><outbound /></policies>`, api, global, "")
	f("", `<policies><inbound><block><base /></block></inbound></policies>`, global, "g go")
	f("", "", `<policies><inbound><base /><say word="g" /></inbound></policies>`, "g")
}

func TestRespondSkipsTheRest(t *testing.T) {
	x, said := process(t, "", "", `<policies><inbound><say word="1" /><stop /><say word="2" /></inbound><outbound><say word="3" /></outbound></policies>`)
	if said != "1" || x.Response.Status != 204 {
		t.Errorf("said %q, status %d", said, x.Response.Status)
	}
}

func TestFaultGoesToOnError(t *testing.T) {
	x, said := process(t, "", `<policies>
	  <inbound><say word="1" /><block><say word="2" /><block><fail code="418" id="culprit" /></block></block><say word="3" /></inbound>
	  <on-error><say word="e" /><base /></on-error></policies>`,
		`<policies><on-error><say word="ge" /></on-error></policies>`)
	if said != "1 2 e ge" {
		t.Errorf("said %q", said)
	}
	e := x.APIM().LastError()
	got := []string{e.Source, e.Reason, e.Message, e.Scope, e.Section, e.Path, e.PolicyID}
	want := []string{"fail", "TestFailure", "it failed", "api", "inbound", "block[1]/block[1]/fail[1]", "culprit"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
	if x.Response.Status != 418 {
		t.Errorf("status %d", x.Response.Status)
	}
	if body, _ := x.Response.Body.Buffer(); string(body) != `{ "statusCode": 418, "message": "it failed" }` {
		t.Errorf("body %s", body)
	}
}

func TestFaultInOnError(t *testing.T) {
	x, _ := process(t, "", "", `<policies><inbound><fail code="418" /></inbound><on-error><fail code="503" /></on-error></policies>`)
	e := x.APIM().LastError()
	if e.Section != "on-error" || x.Response.Status != 503 {
		t.Errorf("section %s, status %d", e.Section, x.Response.Status)
	}
	body, _ := x.Response.Body.Buffer()
	if !strings.Contains(string(body), `"Internal server error"`) || strings.Contains(string(body), "it failed") {
		t.Errorf("what failed inside is not the client's business: %s", body)
	}
}

func TestAfterOutboundRunsOnce(t *testing.T) {
	x := testExchange()
	x.GlobalPolicy = mustCompile(t, Global, `<policies><inbound><fail /></inbound></policies>`)
	n := 0
	x.AfterOutbound(func(*Exchange) { n++ })
	x.Process()
	if n != 1 {
		t.Errorf("ran %d times", n)
	}
}

func TestReleasedExchangesAreClean(t *testing.T) {
	x := testExchange()
	x.Set("secret", "s")
	x.Request.Header.Add("X", "1")
	x.Response.Body.SetBytes([]byte("b"))
	closed := 0
	x.OnClose(func() { closed++ })
	x.Release()
	if closed != 1 {
		t.Errorf("OnClose ran %d times", closed)
	}
	for range 10 {
		y := testExchange()
		if _, ok := y.Var("secret"); ok || y.Request.Header.Has("X") || y.Response.Body.Present() {
			t.Fatal("an Exchange begins with what another left")
		}
	}
}

func TestCompileDiagnostics(t *testing.T) {
	f := func(xml string, want ...string) {
		t.Helper()
		var diags source.List
		compileText(t, API, xml, &diags)
		var got []string
		for _, d := range diags.Sorted() {
			got = append(got, string(d.Code)+" "+d.Range.Text.Content[d.Range.Start:d.Range.End])
		}
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%s\n got %q\nwant %q", xml, got, want)
		}
	}
	f(`<policies><inbound><sya word="1" /></inbound></policies>`, "unknown-policy sya")
	f(`<policies><inbound><say /></inbound></policies>`, "missing-attribute say")
	f(`<policies><inbound><say wrod="1" word="2" /></inbound></policies>`, "unknown-attribute wrod")
	f(`<policies><inbound><fail code="4o4" /></inbound></policies>`, "bad-value 4o4")
	f(`<policies><inbound><fail code="399" /></inbound></policies>`, "bad-value 399")
	f(`<policies><inbound><fail code="@(404)" /></inbound></policies>`, "expression-not-allowed @(404)")
	f(`<policies><inbound><block kind="fany" when="perhaps" /></inbound></policies>`, "bad-value fany", "bad-value perhaps")
	f(`<policies><inbound><say word="1">text</say></inbound></policies>`, "unexpected-text text")
	f(`<policies><inbound><say word="1"><word>x</word></say></inbound></policies>`, "unknown-element word")
	f(`<policies><outbound><once /></outbound></policies>`, "wrong-section once")
	f(`<policies><inbound><once /></inbound></policies>`, "wrong-scope once")
	f(`<policies><inbound><later /></inbound></policies>`, "not-available-yet later")
	f(`<policies><inbound /><inbound /></policies>`, "duplicate-section inbound")
	f(`<policies><inbuond /></policies>`, "unknown-section inbuond")
	f(`<policies><inbound><include-fragment fragment-id="gret" /></inbound></policies>`, "unknown-fragment gret")
	f(`<policies><inbound><include-fragment fragment-id="greet" /></inbound></policies>`)
	f(`<policies><inbound><sya /><fail code="x" /></inbound><outbound><say /></outbound></policies>`,
		"unknown-policy sya", "bad-value x", "missing-attribute say")
}

func TestOnceIsPerSection(t *testing.T) {
	var diags source.List
	compileText(t, Product, `<policies><inbound><once /><block><once /></block></inbound></policies>`, &diags)
	if diags.Errors() != 1 || diags.Sorted()[0].Code != "policy-twice" {
		t.Errorf("got %v", diags.Sorted())
	}
}

func TestFragmentRunsInItsPlace(t *testing.T) {
	_, said := process(t, "", "", `<policies><inbound><say word="1" /><include-fragment fragment-id="greet" /><say word="2" /></inbound></policies>`)
	if said != "1 hello 2" {
		t.Errorf("said %q", said)
	}
}

func TestLiteralPipelineAllocatesNothing(t *testing.T) {
	c := mustCompile(t, Global, `<policies><inbound><block><block /></block></inbound></policies>`)
	x := testExchange()
	defer x.Release()
	p := c.Section(Inbound)
	if n := testing.AllocsPerRun(100, func() {
		if err := p.Run(x); err != nil && !errors.Is(err, Respond) {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
