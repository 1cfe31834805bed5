package builtins

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"sekisho/engine/pipeline"
	"sekisho/engine/policyxml"
	"sekisho/engine/script"
	"sekisho/engine/source"
)

// scriptEnv is a folder with modules.
type scriptEnv struct {
	nothing
	exprs *pipeline.Expressions
}

func (e scriptEnv) Bundle(src string, v source.View, diags *source.List) pipeline.Expr {
	return e.exprs.Bundle(src, v, diags)
}
func (e scriptEnv) Script(v source.View, block bool, diags *source.List) pipeline.Expr {
	return e.exprs.Script(v, block, diags)
}

func compileScripts(inbound string, diags *source.List) *pipeline.Compiled {
	files := fstest.MapFS{
		"scripts/greet.ts": {Data: []byte(`
			import { words } from "./lib/words";
			export default (context: any) => { context.Request.Headers.set("X-Greeting", words.join(" ")); };
			export function deny(context: any) { return { status: 403, reason: "No", headers: { "X-A": ["1", "2"] }, body: { denied: context.Request.Method } }; }`)},
		"scripts/lib/words.ts": {Data: []byte(`export const words: string[] = ["good", "day"];`)},
	}
	text := source.NewText("policy.xml", "<policies><inbound>"+inbound+"</inbound></policies>")
	doc := policyxml.Parse(text.View(), policyxml.Options{Roots: []string{"policies"}}, diags)
	return pipeline.Compile(doc, pipeline.API, pipeline.NewTable([]*pipeline.Policy{&Script, &SetVariable}), scriptEnv{exprs: pipeline.NewExpressions(files, "scripts")}, diags)
}

func TestScriptPolicy(t *testing.T) {
	pool := script.NewPool(script.Limits{})
	defer pool.Close()
	// want is what the pipeline returned, then the request and the response as they are.
	f := func(name, inbound, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			var diags source.List
			c := compileScripts(inbound, &diags)
			if diags.Len() > 0 {
				t.Fatal(diags.Sorted())
			}
			w := &world{sent: make(chan string, 9)}
			x := w.exchange()
			defer x.Release()
			x.Services.Scripts, x.Services.Log = pool, slog.New(slog.DiscardHandler)
			x.Request.URL = pipeline.URL{Scheme: "https", Host: "b.test", Base: "/base", Path: "/p", Query: "a=1"}
			err := c.Section(pipeline.Inbound).Run(x)
			outcome := "next"
			var fault *pipeline.Fault
			switch {
			case errors.As(err, &fault):
				outcome = fmt.Sprintf("%d %s %s | %s", fault.Status, fault.Reason, fault.Message, fault.Cause)
			case errors.Is(err, pipeline.Respond):
				body, _ := x.Response.Body.Buffer()
				outcome = fmt.Sprintf("%d %s %v %s", x.Response.Status, x.Response.Reason, x.Response.Header.Fields(), body)
			}
			got := fmt.Sprintf("%s; %s %s %v", outcome, x.Request.Method, x.Request.URL.String(), x.Request.Header.Fields())
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	const same = "GET https://b.test/base/p?a=1"
	f("src", `<script src="greet.ts" />`, "next; "+same+" [{X-Greeting good day}]")
	f("export", `<script src="greet.ts" export="deny" />`,
		`403 No [{X-A 1} {X-A 2} {Content-Type application/json}] {"denied":"GET"}; `+same+" []")
	f("inline with markup", `<script>if (1 < 2 && context.Request.Method != "X") { context.Request.Method = "PUT"; }</script>`,
		"next; PUT https://b.test/base/p?a=1 []")
	f("inline typescript", `<script>
		const n: number = 7;
		context.Request.Url.Path = "/base/new";
		context.Request.Url.Query.set("b", String(n));</script>`, "next; GET https://b.test/base/new?a=1&b=7 []")
	f("cdata", `<script><![CDATA[ return { status: 204 } ]]></script>`, "204  [] ; "+same+" []")
	f("path outside of the base", `<script>context.Request.Url.Path = "/other"</script>`, "next; GET https://b.test/other?a=1 []")
	f("backend", `<script>context.setBackend("http://c.test:81/x/")</script>`, "next; GET http://c.test:81/x/p?a=1 []")
	f("fetch", `<script>const r = await fetch("http://users.test/"); return { status: r.status };</script>`, "201  [] ; "+same+" []")
	f("throws", "<script>\n  context.User.Id;\n</script>",
		"500 ExpressionValueEvaluationFailure Expression evaluation failed. TypeError: Cannot read property 'Id' of undefined | "+
			"TypeError: Cannot read property 'Id' of undefined\n    at policy.xml:2:16; "+same+" []")
	f("variables cross", `<set-variable name="n" value="@js({ list: [1, 2] })" />
		<script>const v = context.Variables.n; v.list.push(3); return { status: 200, body: v };</script>`,
		`200  [{Content-Type application/json}] {"list":[1,2,3]}; `+same+" []")
	f("endless", `<script timeout-ms="20">for (;;) {}</script>`,
		"500 ExpressionValueEvaluationFailure Expression evaluation failed. the script used more than 20ms of processor time | "+
			"the script used more than 20ms of processor time\n    at policy.xml:1:44; "+same+" []")
}

func TestScriptPolicyDiagnostics(t *testing.T) {
	f := func(inbound, want string) {
		t.Helper()
		var diags source.List
		compileScripts(inbound, &diags)
		var got []string
		for _, d := range diags.Sorted() {
			got = append(got, fmt.Sprintf("%d:%d %s: %s", d.Range.Pos().Line, d.Range.Pos().Col, d.Code, d.Message))
		}
		if s := strings.Join(got, "\n"); s != want {
			t.Errorf("%s\ngot  %s\nwant %s", inbound, s, want)
		}
	}
	f(`<script />`, `1:21 script-source: <script> wants either a text inside or the attribute "src"`)
	f(`<script src="greet.ts">x</script>`, `1:21 script-source: <script> wants either a text inside or the attribute "src"`)
	f(`<script export="x">x</script>`, `1:36 script-source: the attribute "export" of <script> goes with "src"`)
	f(`<script src="gret.ts" />`, `1:33 script-not-found: there is no module "gret.ts" in scripts`)
	f(`<script src="greet.ts" export="nobody" />`, `1:33 script-no-export: the module "scripts/greet.ts" has no export named "nobody"`)
	f(`<script timeout-ms="0">x</script>`, `1:40 bad-value: attribute "timeout-ms" of <script> wants a number from 1 to 10000, got 0`)
	f("<script>\nlet x = ;\n</script>", `2:9 script-syntax: unexpected ";"`)
	f(`<set-variable name="x" value="@js(1 + )" />`, `1:58 script-syntax: the expression ends too early`)
	f(`<set-variable name="x" value="@js(1 &amp;&amp; a b)" />`, `1:69 script-syntax: unexpected identifier`)
}
