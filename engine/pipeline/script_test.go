package pipeline

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/script"
	"sekisho/engine/source"
)

// scriptedTransport answers every request with what it was.
type scriptedTransport struct {
	guard *Guard
	body  io.ReadCloser
	size  int // of a body of blanks
}

func (s *scriptedTransport) Send(ctx context.Context, r *Request, o SendOptions) (*Response, error) {
	s.guard = o.Guard
	if r.URL.Host == "down.test" {
		return nil, Faultf(500, ReasonBackend, "The backend down.test cannot be reached.")
	}
	resp := NewResponse(o.BodyLimit)
	resp.Status = 203
	resp.Header.Add("Content-Length", "9")
	resp.Header.Add("X-Url", r.Method+" "+r.URL.String())
	switch {
	case s.body != nil:
		resp.Body.SetStream(s.body, -1)
	case s.size > 0:
		resp.Body.SetBytes(bytes.Repeat([]byte(" "), s.size))
	default:
		b, _ := r.Body.Buffer()
		resp.Body.SetBytes(b)
	}
	return resp, nil
}

func scriptExchange(t *testing.T, tr Transport, l script.Limits) *Exchange {
	pool := script.NewPool(l)
	t.Cleanup(pool.Close)
	x := NewExchange(&Services{Now: time.Now, Rand: rand.Reader, Transport: tr, Log: slog.New(slog.DiscardHandler), Scripts: pool}, 1<<10)
	x.Context = context.Background()
	x.Request.Method = "GET"
	x.Request.URL = URL{Scheme: "https", Host: "b.test", Base: "/base", Path: "/p"}
	return x
}

func runScript(t *testing.T, x *Exchange, code string) (any, error) {
	t.Helper()
	var diags source.List
	e := NewExpressions(nil, "").Script(source.Detached("p.xml", code), true, &diags)
	if e == nil {
		t.Fatal(diags.Sorted())
	}
	return e.Any(x)
}

// Values of .NET as scripts see them, by JSON and type.
func TestScriptReadsVariables(t *testing.T) {
	x := scriptExchange(t, nil, script.Limits{})
	defer x.Release()
	decimal := clr.ToDecimal("1.50")
	for _, tt := range []struct {
		value any
		want  string
	}{
		{nil, `object null`},
		{"text", `string "text"`},
		{true, `boolean true`},
		{int32(5), `number 5`},
		{int64(1) << 40, `number 1099511627776`},
		{uint8(7), `number 7`},
		{float32(1.5), `number 1.5`},
		{decimal, `number 1.5`},
		{clr.Char('x'), `string "x"`},
		{clr.DateTimeOf(time.Unix(0, 0)), `object "1970-01-01T00:00:00.000Z"`},
		{newtonsoft.Parse(`{"a":[1,{"b":null}]}`), `object {"a":[1,{"b":null}]}`},
		{dotnet.StringArray([]string{"a", "b"}), `object ["a","b"]`},
		{clr.Guid{}, `string "00000000-0000-0000-0000-000000000000"`},
	} {
		x.Set("v", tt.value)
		got, err := runScript(t, x, `const v = context.Variables.v; return typeof v + " " + JSON.stringify(v)`)
		if err != nil || got != tt.want {
			t.Errorf("%#v: got %v, %v; want %s", tt.value, got, err, tt.want)
		}
	}
}

func TestScriptSetsVariables(t *testing.T) {
	x := scriptExchange(t, nil, script.Limits{})
	defer x.Release()
	f := func(code, want string) {
		t.Helper()
		if _, err := runScript(t, x, "context.Variables.v = "+code); err != nil {
			t.Errorf("%s: %v", code, err)
			return
		}
		v, _ := x.Var("v")
		if got := fmt.Sprintf("%T %s", v, dotnet.ToString(v)); got != want {
			t.Errorf("%s: got %s, want %s", code, got, want)
		}
	}
	f(`1`, "int32 1")
	f(`2 ** 40`, "int64 1099511627776")
	f(`0.5`, "float64 0.5")
	f(`"s"`, "string s")
	f(`[1]`, "*newtonsoft.JArray [\n  1\n]")
	f(`({ a: "b" })`, "*newtonsoft.JObject {\n  \"a\": \"b\"\n}")
	f(`new Date(0)`, "clr.DateTime 01/01/1970 00:00:00")
	f(`new Uint8Array(2)`, "[]uint8 System.Byte[]")
}

func TestScriptURL(t *testing.T) {
	f := func(code, want string) {
		t.Helper()
		x := scriptExchange(t, nil, script.Limits{})
		defer x.Release()
		_, err := runScript(t, x, code)
		got := x.Request.URL.Base + "|" + x.Request.URL.Path + "|" + x.Request.URL.Query
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", code, got, want)
		}
	}
	f(`context.Request.Url.Path = "/base/x%2Fy"`, "/base|/x%2Fy|")
	f(`context.Request.Url.Path = "/basement"`, "|/basement|")
	f(`context.Request.Url.Path += "/z"`, "/base|/p/z|")
	f(`context.Request.Url.Path = "x"`, "begins with a slash")
	f(`context.Request.Url.Path = "/a b"`, "begins with a slash")
	f(`context.Request.Url.Path = "/a\r\nX: y"`, "begins with a slash")
	f(`context.Request.Url.QueryString = "a b"`, "percent-encode")
	f(`context.setBackend("ftp://x")`, "absolute http or https URL")
	f(`context.setBackend({ id: "none" })`, `there is no backend "none"`)
}

func TestScriptFetch(t *testing.T) {
	tr := &scriptedTransport{}
	x := scriptExchange(t, tr, script.Limits{})
	defer x.Release()
	got, err := runScript(t, x, `const r = await fetch("https://a.test/x?y=1", { method: "PUT", body: "b" });
		return [r.status, r.statusText, r.headers.get("x-url"), r.headers.get("content-length"), await r.text()].join("|");`)
	if want := "203|Non-Authoritative Information|PUT https://a.test/x?y=1||b"; err != nil || got != want {
		t.Errorf("got %v, %v; want %s", got, err, want)
	}
	if !tr.guard.Refuses("a.test", netip.IPv6Loopback()) {
		t.Error("fetch went out without a guard")
	}
	got, err = runScript(t, x, `return await fetch("https://down.test/").catch((e) => e.message);`)
	if want := "fetch failed: The backend down.test cannot be reached."; err != nil || got != want {
		t.Errorf("got %v, %v; want %s", got, err, want)
	}
}

// All answers of one evaluation share its budget of memory. Where the watchdog looks at the
// heap just when the last one has come, it is the one to end the evaluation.
func TestScriptFetchesTooMuch(t *testing.T) {
	x := scriptExchange(t, &scriptedTransport{size: 10 << 20}, script.Limits{Time: 5 * time.Second})
	defer x.Release()
	x.BodyLimit = 16 << 20
	got, err := runScript(t, x, `let n = 0;
		try { for (;;) { await fetch("https://a.test/"); n++; } } catch (e) { return n + " " + e.message; }`)
	if err != nil {
		if want := "the script holds more than 64 MiB of memory"; !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	} else if want := "6 fetch failed: the answers to fetch are larger than 64 MiB together"; got != want {
		t.Errorf("got %v; want %s", got, want)
	}
}

// silent is a body that never comes, until it is given up.
type silent struct{ gone chan struct{} }

func (s silent) Read([]byte) (int, error) { <-s.gone; return 0, errors.New("gone") }
func (s silent) Close() error             { return nil }
func (s silent) Abort()                   { close(s.gone) }

func TestScriptGivesUpASilentBody(t *testing.T) {
	x := scriptExchange(t, &scriptedTransport{body: silent{make(chan struct{})}}, script.Limits{})
	defer x.Release()
	got, err := runScript(t, x, `return await fetch("https://a.test/", { timeout: 10 }).catch((e) => e.message);`)
	if want := "fetch failed: no answer within 10ms"; err != nil || got != want {
		t.Errorf("got %v, %v; want %s", got, err, want)
	}
}

func TestScriptFaults(t *testing.T) {
	x := scriptExchange(t, nil, script.Limits{Time: 20 * time.Millisecond})
	defer x.Release()
	f := func(code string, status int, reason, message string) {
		t.Helper()
		_, err := runScript(t, x, code)
		var fault *Fault
		if !errors.As(err, &fault) || fault.Status != status || fault.Reason != reason || fault.Message != message || fault.public() != publicInternalError {
			t.Errorf("%s: got %#v", code, err)
		}
	}
	f(`for (;;) {}`, 500, ReasonExpression, "Expression evaluation failed. the script used more than 20ms of processor time")
	f(`throw new Error("secret detail")`, 500, ReasonExpression, "Expression evaluation failed. Error: secret detail")
}
