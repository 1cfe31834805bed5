package evalctx

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"sekisho/engine/csharp"
	"sekisho/engine/source"
)

// hostile is an entry of testdata/hostile.
type hostile struct{ name, code, body string }

func readHostile(t testing.TB, path string) []hostile {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []hostile
	for _, f := range txtar.Parse(data).Files {
		name, kind, _ := strings.Cut(f.Name, ".")
		text := strings.TrimSuffix(string(f.Data), "\n")
		if kind == "cs" {
			out = append(out, hostile{name: name, code: text})
			continue
		}
		if kind != "body" || len(out) == 0 || out[len(out)-1].name != name {
			t.Fatalf("%s: %s does not follow its expression", path, f.Name)
		}
		var b strings.Builder
		for _, line := range strings.Split(text, "\n") {
			times, piece, _ := strings.Cut(line, " ")
			n, err := strconv.Atoi(times)
			var s string
			if err == nil {
				err = json.Unmarshal([]byte(piece), &s)
			}
			if err != nil {
				t.Fatalf("%s: %s: %v", path, f.Name, err)
			}
			b.WriteString(strings.Repeat(s, n))
		}
		out[len(out)-1].body = b.String()
	}
	return out
}

// What wants more than it may have ends by an exception, and what follows it is
// evaluated as if nothing had been.
func TestHostile(t *testing.T) {
	for _, h := range readHostile(t, "testdata/hostile/csharp.txtar") {
		t.Run(h.name, func(t *testing.T) {
			context := `{}`
			if h.body != "" {
				body, err := json.Marshal(h.body)
				if err != nil {
					t.Fatal(err)
				}
				context = `{"request": {"method": "POST", "url": "http://example.org/", "body": ` + string(body) + `}}`
			}
			ctx, err := Parse([]byte(context))
			if err != nil {
				t.Fatal(err)
			}
			kind := csharp.Expr
			if strings.HasPrefix(h.code, "@{") {
				kind = csharp.Block
			}
			var diags source.List
			prog := csharp.Compile(source.Detached(h.name, h.code).Slice(2, len(h.code)-1), kind, csharp.Options{}, &diags)
			if prog == nil {
				t.Fatal(diags.Sorted())
			}
			start := cpu()
			v, ex := prog.Eval(ctx, csharp.Limits{})
			took := cpu() - start
			switch {
			case ex == nil:
				if !strings.HasPrefix(h.name, "ends-") {
					t.Fatalf("it ended: %.100v", v)
				}
			case ex.Type == csharp.InternalError:
				t.Errorf("a fault of our own: %s", ex.Message)
			case ex.Type == csharp.LimitExceeded, ex.Type == "System.Text.RegularExpressions.RegexMatchTimeoutException":
			case !strings.HasPrefix(h.name, "refused-"):
				t.Errorf("%s: %.300s", ex.Type, ex.Message)
			}
			t.Logf("%v of processor time", took) // told, not judged: machines differ
			if again, ex := after.Eval(nil, csharp.Limits{}); ex != nil || again != "b" {
				t.Errorf("the next one: %v, %v", again, ex)
			}
		})
	}
}

// cpu is the processor time of the process until now.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// after is what is evaluated after each.
var after = func() *csharp.Program {
	var diags source.List
	return csharp.Compile(source.Detached("after", `string.Join("", new[] { "b", "a" }.OrderBy(x => x)).Substring(1)`), csharp.Expr, csharp.Options{}, &diags)
}()
