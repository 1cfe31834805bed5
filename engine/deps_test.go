// Package engine_test holds the direction in which the packages depend on each other.
package engine_test

import (
	"os/exec"
	"strings"
	"testing"
)

// forbidden says for a package (and all below it) what it may not import, directly or
// through others, and why. A leading "=" means directly only; "" stands for everything
// that is not in the standard library.
var forbidden = []struct{ pkg, not, why string }{
	{"engine/source", "", "the bottom: the standard library only"},
	{"engine/dotnet/clr", "engine", "values of .NET know nothing above them"},
	{"engine/dotnet", "engine/csharp", "the library does not know its compiler"},
	{"engine/dotnet", "engine/pipeline", "the library knows no requests, only apim's interfaces"},
	{"engine/csharp", "engine/policyxml", "a compiler does not know what documents it is used in"},
	{"engine/csharp", "engine/script", "two languages, side by side"},
	{"engine/csharp", "engine/pipeline", "expressions see apim.Context, not the Exchange"},
	{"engine/script", "engine/csharp", "two languages, side by side"},
	{"engine/script", "engine/pipeline", "scripts see their Host, not the Exchange"},
	{"engine/policyxml", "engine/pipeline", "parsing never runs anything"},
	{"engine/policyxml", "engine/script", "where a script ends is a question of its text"},
	{"engine/pipeline", "engine/config", "a pipeline does not know where it was read from"},
	{"engine/pipeline", "engine/gateway", "the pipeline has no sockets"},
	{"engine/pipeline", "builtins", "the pipeline has no favourite policy"},
	{"engine/pipeline", "github.com/valyala/fasthttp", "an Exchange must not care about the protocol it came by"},
	{"engine/config", "engine/pipeline", "what gateway.yaml says does not depend on how it runs"},
	{"engine/config", "engine/policyxml", "config reads documents as texts"},
	{"engine/gateway", "builtins", "the gateway is given its table of policies"},
	{"engine/memory", "engine/gateway", "an engine for counters does not know who counts"},
	{"builtins", "engine/gateway", "a policy asks the Exchange"},
	{"builtins", "engine/config", "a policy asks the Exchange"},
	{"builtins", "=github.com/dop251/goja", "a policy asks an Expression for a value"},
	{"builtins", "github.com/valyala/fasthttp", "a policy asks the Exchange"},
	{"engine/gateway", "engine/assembly", "the gateway is given what stands behind policies"},
	{"builtins", "engine/assembly", "what stands behind policies does not know how it is put together"},
	{"builtins/jose", "builtins/credential", "tokens know nothing of who presents them"},
	{"builtins/credential", "builtins/identity", "connections are handed a function that gets tokens"},
	{"builtins/credential", "=github.com/lestrrat-go/jwx/v3", "only builtins/jose knows the library, and what to check before it"},
	{"builtins/identity", "=github.com/lestrrat-go/jwx/v3", "only builtins/jose knows the library, and what to check before it"},
	{"builtins/sandbox", "=github.com/lestrrat-go/jwx/v3", "only builtins/jose knows the library, and what to check before it"},
	{"engine", "=github.com/lestrrat-go/jwx/v3", "only builtins/jose knows the library, and what to check before it"},
	{"engine/mcp", "engine/pipeline", "the protocol knows no requests of ours"},
	{"engine/mcp", "engine/config", "the protocol knows no gateway"},
	{"engine", "github.com/modelcontextprotocol/go-sdk", "what is on the way of a request is ours; the library is its counterpart in tests"},
	{"builtins/authserver/records", "builtins", "a leaf: what the authorization server wants of a store"},
	{"builtins/authserver", "builtins/identity", "users log in at a provider, not the gateway"},
	{"builtins/authserver", "=github.com/lestrrat-go/jwx/v3", "only builtins/jose knows the library, and what to check before it"},
	{"engine/csharp", "github.com/dop251/goja", "C# runs without a virtual machine"},
	{"engine/dotnet", "github.com/dop251/goja", "C# runs without a virtual machine"},
}

func TestDependenciesPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}: {{join .Deps " "}}`, "sekisho/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	used := make([]bool, len(forbidden))
	for line := range strings.Lines(string(out)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ": ", 3)
		pkg := fields[0]
		for i, f := range forbidden {
			if !within(pkg, "sekisho/"+f.pkg) {
				continue
			}
			used[i] = true
			deps := fields[2]
			if not, ok := strings.CutPrefix(f.not, "="); ok {
				deps, f.not = fields[1], not
			}
			for dep := range strings.FieldsSeq(deps) {
				if bad(dep, f.not) && !within(dep, "sekisho/"+f.pkg) {
					t.Errorf("%s imports %s: %s", pkg, dep, f.why)
				}
			}
		}
	}
	for i, f := range forbidden {
		if !used[i] {
			t.Errorf("there is no package %s; the table is out of date", f.pkg)
		}
	}
}

func within(pkg, root string) bool { return pkg == root || strings.HasPrefix(pkg, root+"/") }

func bad(dep, not string) bool {
	switch {
	case not == "":
		return strings.Contains(strings.SplitN(dep, "/", 2)[0], ".") || within(dep, "sekisho")
	case strings.HasPrefix(not, "github.com/"):
		return within(dep, not)
	}
	return within(dep, "sekisho/"+not)
}
