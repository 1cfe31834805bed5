package builtins_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"sekisho/engine/enginetest"
)

// A policy that a module declares belongs to a load: what is changed in the module, or
// in what it imports, is live with the next one, and a mistake changes nothing.
func TestScriptPolicyReload(t *testing.T) {
	module := func(body string) string {
		return `import { by } from "../by"; export default definePolicy({ name: "stamp", attributes: { text: {} }, run(context, attributes) { ` + body + ` } });`
	}
	const first = `context.Request.Headers.set("X-Stamp", "1 " + attributes.text + by);`
	folder := enginetest.Folder(t, map[string]string{
		"gateway.yaml":              "apis:\n  a:\n    serviceUrl: http://backend.test\n    subscriptionRequired: false\n    policy: doc.xml\n    operations:\n      get: {method: GET, urlTemplate: \"/*\"}\n",
		"doc.xml":                   `<policies><inbound><stamp text="a" /><return-response><set-body>@(context.Request.Headers.GetValueOrDefault("X-Stamp", "none"))</set-body></return-response></inbound></policies>`,
		"scripts/policies/stamp.ts": module(first), "scripts/by.ts": `export const by = " by one";`,
	})
	h := enginetest.Start(t, folder)
	answer := func() string {
		resp, err := http.Get("http://" + h.Address() + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	f := func(name, content string, loads bool, want string) {
		t.Helper()
		enginetest.Write(t, folder, name, content)
		if h.Gateway.Reload() != loads {
			t.Errorf("%s: a reload succeeded, or not", name)
		}
		if got := answer(); got != want {
			t.Errorf("after a change of %s: got %q, want %q", name, got, want)
		}
	}
	if got := answer(); got != "1 a by one" {
		t.Errorf("got %q", got)
	}
	f("scripts/policies/stamp.ts", module(strings.Replace(first, "1 ", "2 ", 1)), true, "2 a by one")
	f("scripts/by.ts", `export const by = " by two";`, true, "2 a by two")
	f("scripts/policies/stamp.ts", module(`throw 1 +;`), false, "2 a by two")
	f("scripts/policies/stamp.ts", strings.Replace(module(first), `"stamp"`, `"stump"`, 1), false, "2 a by two")
	f("scripts/policies/stamp.ts", strings.Replace(module(first), "{ text: {} }", "{ text: {}, more: { required: true } }", 1), false, "2 a by two")
	f("doc.xml", `<policies><inbound><stamp text="b" more="c" /><return-response><set-body>@(context.Request.Headers.GetValueOrDefault("X-Stamp", "none"))</set-body></return-response></inbound></policies>`, true, "1 b by two")
	f("scripts/policies/other.js", `export default definePolicy({ name: "stamp", run() {} });`, false, "1 b by two")
}
