package builtins_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sekisho/builtins"
	"sekisho/engine/enginetest"
	"sekisho/engine/gateway"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// TestPolicies runs the golden archives of all policies.
func TestPolicies(t *testing.T) { enginetest.Run(t, "testdata") }

// TestEveryPolicyHasGoldens wants an archive of exchanges and one of diagnostics for
// each policy: NAME.txtar or NAME-anything.txtar.
func TestEveryPolicyHasGoldens(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	good, bad := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := policyOf(strings.TrimSuffix(filepath.Base(f), ".txtar"))
		if bytes.Contains(data, []byte("-- want.diag --")) {
			bad[name] = true
		} else {
			good[name] = true
		}
	}
	for _, p := range builtins.All {
		if p.New == nil {
			continue
		}
		if !good[p.Name] {
			t.Errorf("%s has no golden archive of exchanges", p.Name)
		}
		if !bad[p.Name] {
			t.Errorf("%s has no golden archive of diagnostics", p.Name)
		}
	}
}

// policyOf is the policy that an archive is named after: the longest name it begins with.
func policyOf(archive string) string {
	best := ""
	for _, p := range builtins.All {
		if (archive == p.Name || strings.HasPrefix(archive, p.Name+"-")) && len(p.Name) > len(best) {
			best = p.Name
		}
	}
	return best
}

// TestEveryExampleLoads puts the example of each policy where it may stand.
func TestEveryExampleLoads(t *testing.T) {
	for _, p := range builtins.All {
		if p.New == nil {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			if p.Example == "" || p.Summary == "" {
				t.Fatal("no example, or no summary")
			}
			files := map[string]string{
				"gateway.yaml": "apis:\n  a:\n    serviceUrl: http://backend.test\n    operations:\n" +
					"      get: {method: GET, urlTemplate: \"/items/{id}\"}\n",
				"policies/fragments/example.xml": "<fragment><set-variable name=\"a\" value=\"b\" /></fragment>",
				"doc.xml":                        document(p),
			}
			switch {
			case p.Scopes&pipeline.API != 0:
				files["gateway.yaml"] += "    policy: doc.xml\n"
			case p.Scopes&pipeline.Product != 0:
				files["gateway.yaml"] += "products:\n  p: {apis: [a], policy: doc.xml}\n"
			default:
				files["gateway.yaml"] = "policies:\n  global: doc.xml\n" + files["gateway.yaml"]
			}
			var diags source.List
			folder := enginetest.Folder(t, files)
			if g := gateway.Open(gateway.Setup{Path: folder, Table: builtins.Table(), Env: func(string) (string, bool) { return "", false }}, &diags); g == nil {
				var b strings.Builder
				source.WriteText(&b, diags.Sorted(), source.TextOptions{})
				t.Error(b.String())
			}
		})
	}
}

// document has the example of a policy in the first section that allows it.
func document(p *pipeline.Policy) string {
	for _, name := range pipeline.SectionNames {
		if p.Sections&pipeline.ParseSection(name) != 0 {
			return "<policies>\n<" + name + ">\n" + p.Example + "\n</" + name + ">\n</policies>\n"
		}
	}
	return ""
}

// TestTable wants every name once, and every policy that APIM documents.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range builtins.All {
		if seen[p.Name] {
			t.Errorf("two rows named %s", p.Name)
		}
		seen[p.Name] = true
		if p.New != nil && (p.Sections == 0 || p.Scopes == 0) {
			t.Errorf("%s may stand nowhere", p.Name)
		}
	}
	if builtins.Table().Lookup("choose") != &builtins.Choose {
		t.Error("the table finds no choose")
	}
}

func TestTraceIsLogged(t *testing.T) {
	h := enginetest.Start(t, enginetest.Folder(t, map[string]string{
		"gateway.yaml": "apis:\n  a:\n    serviceUrl: http://backend.test\n    subscriptionRequired: false\n    policy: doc.xml\n    operations:\n      get: {method: GET, urlTemplate: \"/*\"}\n",
		"doc.xml": `<policies><inbound>
			<trace source="first" severity="information">
				<message>@("path " + context.Request.Url.Path)</message>
				<metadata name="kind" value="@("computed")" />
			</trace>
			<trace source="second" severity="error">in the old way</trace>
			<trace source="third"><message>quiet</message></trace>
		</inbound></policies>`,
	}))
	get(t, "http://"+h.Address()+"/a")
	for _, want := range []string{
		`"level":"INFO","msg":"path /a","source":"first"`, `"kind":"computed"`,
		`"level":"ERROR","msg":"in the old way","source":"second"`,
		`"level":"DEBUG","msg":"quiet","source":"third"`,
	} {
		if !strings.Contains(h.Log.String(), want) {
			t.Errorf("the log has no %s:\n%s", want, h.Log)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
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
