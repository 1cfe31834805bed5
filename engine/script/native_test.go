package script

import (
	"context"
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/source"
)

// nativeHosts are requests that differ in everything that native expressions read.
func nativeHosts() []*testHost {
	plain := newTestHost()
	plain.vars = map[string]any{
		"s": "Hello, World", "empty": "", "n": int32(42), "long": int64(1) << 40, "big": int64(math.MaxInt64), "f": 1.5, "neg": -0.5,
		"nothing": nil, "t": true, "no": false, "digits": " 12 ", "num": "17", "dec": "3.25", "hex": "0x10", "exp": "1e3",
		"nan": math.NaN(), "inf": math.Inf(-1), "zero": int32(0), "minus": math.Copysign(0, -1),
		"wide": "grüße 😀 世界", "lone": "a\xed\xa0\x80b", "broken": "a\xffb", "json": JSON(`{"a":[1,2]}`), "list": JSON(`["a","b"]`),
		"csv": "a,b,,c", "path": "/orders/7/items", "upper": "ÀÉ", "spaces": "\u00a0\t x \n", "blob": []byte("xy"), "dollar": "a$&b",
	}
	rich := newTestHost()
	rich.vars = map[string]any{"s": "", "n": "5", "csv": "one", "wide": "ascii", "f": int32(-7)}
	rich.method, rich.path, rich.query, rich.status, rich.reason = "POST", "/a/b", "", 503, "Unavailable"
	rich.user = &apim.User{ID: "u1", Email: "ada@example.test", RegistrationDate: rich.Timestamp()}
	rich.lastError = &apim.LastError{Source: "set-header", Reason: "Because", Message: "é", HTTPErrorCode: 502}
	rich.reqHeader = testHeader{{"X-Id", "äöü"}, {"Accept", ""}, {"X-Bad", "a\xffb"}, {"X-Multi", "1"}, {"X-Multi", ""}, {"X-Multi", "3"}}
	rich.resHeader = nil
	return []*testHost{plain, rich}
}

// direct is a testHost that offers the short way as well.
type direct struct{ *testHost }

func (d direct) HeaderValue(response bool, name string) (string, int) {
	h := &d.reqHeader
	if response {
		h = &d.resHeader
	}
	values, _ := h.Lookup(name)
	if len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}

func (d direct) URLPart(original bool, part URLPart) string {
	u := d.url(original)
	return [...]string{URLScheme: u.Scheme, URLHost: u.Host, URLPath: u.Path, URLQueryString: u.QueryString}[part]
}

func (d direct) URLPort(original bool) int { return d.url(original).Port }

func (d direct) url(original bool) *apim.URL {
	if original {
		return d.Request().OriginalURL()
	}
	return d.Request().URL()
}

// agree evaluates a program both ways, and tells whether the native one gave a value.
func agree(t *testing.T, pool *Pool, text string, p *Program, h *testHost) (native bool) {
	t.Helper()
	want, err := p.Any(context.Background(), pool, h)
	text1, err1 := p.Text(context.Background(), pool, h)
	bool1, err2 := p.Bool(context.Background(), pool, h)
	for _, c := range []apim.Context{h, direct{h}} {
		if got, ok := p.TryAny(c); ok {
			native = true
			if err != nil || !same(got, want) {
				t.Errorf("%s\nnative %#v\nVM     %#v, %v", text, got, want, err)
			}
		}
		if got, ok := p.TryText(c); ok && (err1 != nil || got != text1) {
			t.Errorf("%s\nnative text %q\nVM     text %q, %v", text, got, text1, err1)
		}
		if got, ok := p.TryBool(c); ok && (err2 != nil || got != bool1) {
			t.Errorf("%s\nnative truth %v\nVM     truth %v, %v", text, got, bool1, err2)
		}
	}
	return native
}

// same compares values held as package clr says, by type, and numbers by their bits.
func same(a, b any) bool {
	x, ok1 := a.(float64)
	y, ok2 := b.(float64)
	if ok1 && ok2 {
		return math.Float64bits(x) == math.Float64bits(y) || x != x && y != y
	}
	return reflect.DeepEqual(a, b)
}

// operandsOfTests are what operators, functions and methods are tried on.
var operandsOfTests = []string{
	`""`, `"a"`, `"abc"`, `"ABC"`, `" x "`, `"10"`, `"9"`, `"3.5"`, `"x,y,z"`, `"é"`, `"😀"`, `"a😀b"`, `"0x1F"`, `"1e2"`, `"-5"`, `"+7"`, `"Infinity"`, `"-0"`, `"007"`, `"1_0"`, `"."`,
	`0`, `1`, `2`, `-1`, `1.5`, `-2.5`, `100`, `1e21`, `1e-7`, `123456789012`, `0.1`, `-0`, `NaN`, `Infinity`,
	`true`, `false`, `null`, `undefined`,
	`context.Variables.s`, `context.Variables.n`, `context.Variables.f`, `context.Variables.long`, `context.Variables.big`, `context.Variables.nothing`, `context.Variables.none`,
	`context.Variables.t`, `context.Variables.no`, `context.Variables.wide`, `context.Variables.lone`, `context.Variables.broken`, `context.Variables.json`, `context.Variables.list`, `context.Variables.minus`,
	`context.Variables.nan`, `context.Variables.inf`, `context.Variables.digits`, `context.Variables.num`, `context.Variables.dec`, `context.Variables.spaces`, `context.Variables.upper`, `context.Variables.blob`,
	`context.Request.Headers.GetValueOrDefault("Accept")`, `context.Request.Headers.GetValueOrDefault("X-Id", "none")`, `context.Request.Headers.get("X-Multi")`, `context.Request.Method`, `context.Response.StatusCode`,
	`context.User`, `context.LastError`, `context.User?.Id`, `context.Request.Headers["X-Multi"]`,
}

// nativeForms must run natively, whatever the request is; givesUp are those of them that
// may give up with some.
var nativeForms = []string{
	`"a" + "b"`, `1 + 2`, `"a" + 1`, `1 + "a"`, `1 + 2 + "a" + 1 + 2`, `1 + null`, `true + true`, `"a" + null + undefined + true`, `undefined + 1`,
	`1 / 3`, `1 / 0`, `-1 / 0`, `0 / 0`, `5 % 3`, `-5 % 3`, `5 % -3`, `5.5 % 2`, `-4 % 2`, `5 % 0`, `2 * 3`, `2 - 5`, `"6" - "2"`, `"6" * 2`, `-"3"`, `+"3.5"`, `+""`, `-0`, `+true`, `+null`,
	`0.1 + 0.2`, `1e21 + 1`, `1e300 * 1e10`, `123456789 * 987654321`, `9007199254740991 + 2`, `1.0`, `0xff`, `1e3`, `5e-324`, `1.7976931348623157e308`, `100000000000000000000`, `1000000000000000000000`, `0.000001`, `0.0000001`,
	`1 < 2`, `2 <= 2`, `3 > 4`, `"a" < "b"`, `"B" < "a"`, `"10" < "9"`, `"10" < 9`, `NaN < 1`, `NaN >= NaN`, `undefined < 1`, `null >= 0`, `true > false`,
	`1 === 1`, `1 === "1"`, `NaN === NaN`, `0 === -0`, `"a" !== "b"`, `null === undefined`, `null == undefined`, `null == 0`, `undefined == ""`, `"a" == "a"`, `1 != 2`, `true === true`,
	`!0`, `!""`, `!"0"`, `!null`, `!!NaN`, `!!context`, `typeof 1`, `typeof "a"`, `typeof true`, `typeof undefined`, `typeof null`, `typeof context`, `typeof context.User`, `typeof context.Variables.none`,
	`1 && 2`, `0 && 2`, `"" || "x"`, `"y" || "x"`, `null ?? 1`, `0 ?? 1`, `undefined ?? null ?? "z"`, `1 ? "a" : "b"`, `"" ? 1 : 2`, `true ? null : 1`,
	"``", "`a`", "`a${1}b`", "`${1.5}${true}${null}${undefined}`", "`${'x'}-${context.Request.Method}-${7}`", "`${1}${2}${3}${4}${5}${6}${7}${8}${9}${10}`", "`\\n${-0}`",
	`"abc".length`, `"é".length`, `"😀".length`, `"a😀b".length`, `"".length`, `"abc"[0]`, `"abc"[3]`, `"abc"["length"]`,
	`"AbC".toLowerCase()`, `"AbC".toUpperCase()`, `" a ".trim()`, `" a ".trimStart()`, `" a ".trimEnd()`, `"\t\n\v\f\r a".trim()`,
	`"abc".startsWith("ab")`, `"abc".startsWith("b")`, `"abc".startsWith("")`, `"abc".endsWith("bc")`, `"abc".endsWith("abcd")`, `"abc".includes("b")`, `"abc".includes("")`, `"grüße".includes("ü")`, `"a😀b".includes("😀")`, `"a😀".endsWith("😀")`,
	`"abcabc".indexOf("c")`, `"abc".indexOf("x")`, `"abc".indexOf("")`, `"abcabc".lastIndexOf("b")`, `"abc".lastIndexOf("")`, `"abc".indexOf("é")`,
	`"abcdef".slice(2)`, `"abcdef".slice(-2)`, `"abcdef".slice(1, 3)`, `"abcdef".slice(3, 1)`, `"abcdef".slice(-3, -1)`, `"abcdef".slice(0, 100)`, `"abcdef".slice()`, `"abcdef".slice(undefined, 2)`, `"abcdef".slice(NaN, 2)`, `"abcdef".slice(1.9, 3.9)`, `"abcdef".slice(-Infinity, Infinity)`, `"abcdef".slice("1", null)`, `"abcdef".slice(true)`,
	`"abcdef".substring(2)`, `"abcdef".substring(3, 1)`, `"abcdef".substring(-3, 2)`, `"abcdef".substring(NaN, 2)`, `"abcdef".substring(4, 100)`, `"abcdef".substr(1, 2)`, `"abcdef".substr(-2)`, `"abcdef".substr(-2, 1)`, `"abcdef".substr(2, -1)`, `"abcdef".substr(10)`, `"abcdef".substr(1, Infinity)`,
	`"abc".charAt(1)`, `"abc".charAt(9)`, `"abc".charAt(-1)`, `"abc".charAt()`, `"abc".at(-1)`, `"abc".at(5)`, `"abc".at()`, `"abc".charCodeAt(1)`, `"abc".charCodeAt(7)`, `"abc".charCodeAt()`,
	`"a,b,c".split(",")[0]`, `"a,b,c".split(",")[2]`, `"a,b,c".split(",")[3]`, `"".split(",")[0]`, `"".split(",")[1]`, `"a--b".split("--")[1]`, `",a".split(",")[0]`, `"é,ü".split(",")[1]`,
	`"aXbX".replace("X", "-")`, `"aXbX".replaceAll("X", "-")`, `"abc".replace("z", "y")`, `"abc".replaceAll("b", "")`, `"éé".replaceAll("é", "e")`,
	`"5".padStart(3, "0")`, `"5".padEnd(3)`, `"abcdef".padStart(3)`, `"5".padStart(6, "ab")`, `"5".padEnd(6, "ab")`, `"5".padStart(3, "")`, `"a".concat("b")`, `"a".concat(1)`, `"a".toString()`, `(5).toString()`, `(1.5).toFixed(1)`, `(1.005).toFixed(2)`, `(2.5).toFixed(0)`, `(1e20).toFixed(2)`, `(-1.5).toFixed()`, `(0).toFixed(2)`,
	`String(1)`, `String(null)`, `String(true)`, `String("x")`, `String(1.5e-9)`, `Number("12")`, `Number("")`, `Number(true)`, `Number(null)`, `Number(undefined)`, `Number("1.50")`, `Boolean("")`, `Boolean("0")`, `Boolean(context.User)`, `isNaN(1)`,
	`parseInt("42")`, `parseInt("42px")`, `parseInt(" -7 ")`, `parseInt("x")`, `parseInt("")`, `parseInt("3.9")`, `parseInt("08")`, `parseInt("10", 10)`, `parseInt(5)`, `parseInt("+5")`, `Number.isInteger(5)`, `Number.isInteger("5")`, `Number.isInteger(1.5)`, `Number.isNaN(NaN)`, `Number.isNaN("x")`,
	`Math.floor(1.7)`, `Math.floor(-1.2)`, `Math.ceil(1.2)`, `Math.ceil(-0.5)`, `Math.trunc(-1.7)`, `Math.abs(-3)`, `Math.round(1.5)`, `Math.round(2.4)`, `Math.max(1, 2)`, `Math.min(1, "0")`, `Math.max(NaN, 1)`, `Math.min(0, -0)`, `Math.max(-0, 0)`,
	`encodeURIComponent("a b&c=d/e?f")`, `encodeURIComponent("safe-_.!~*'()")`, `encodeURIComponent("%+ \"#<>")`,
	`context.RequestId`, `context.Elapsed`, `context.Tracing`, `context.Api.Id`, `context.Api.Name`, `context.Api.Path`, `context.Api.Revision`, `context.Api.Version`, `context.Api.IsCurrentRevision`,
	`context.Api.ServiceUrl.Host`, `context.Api.ServiceUrl?.Port`, `context.Operation.Id`, `context.Operation.Name`, `context.Operation.Method`, `context.Operation.UrlTemplate`,
	`context.Product?.Id`, `context.Product.Name`, `context.Product.State`, `context.Product.ApprovalRequired`, `context.Product.SubscriptionRequired`, `context.Subscription?.Id`, `context.Subscription?.Name`, `context.Subscription.Key`, `context.Subscription.PrimaryKey`, `context.Subscription.SecondaryKey`,
	`context.User?.Id`, `context.User?.Email ?? "nobody"`, `context.User?.FirstName`, `context.User?.LastName`, `context.User?.Note`, `context.User === null`, `context.User == null`, `context.User ? "known" : "unknown"`, `context.User !== undefined`,
	`context.Deployment.GatewayId`, `context.Deployment.Region`, `context.Deployment.ServiceName`, `context.Deployment.ServiceId`, `context.Deployment.Gateway.Id`, `context.Deployment.Gateway.InstanceId`, `context.Deployment.Gateway.IsManaged`,
	`context.Backend?.Id`, `context.Backend.Type`, `context.Backend.AzureRegion`, `context.Workspace?.Id`, `context.Workspace?.Name ?? "none"`, `context.Workspace === null`,
	`context.LastError?.Message`, `context.LastError?.Source`, `context.LastError?.Reason`, `context.LastError?.Scope`, `context.LastError?.Section`, `context.LastError?.Path`, `context.LastError?.PolicyId`, `context.LastError?.HttpErrorCode`,
	`context.Request.Method`, `context.Request.IpAddress`, `context.Request.Url.Scheme`, `context.Request.Url.Host`, `context.Request.Url.Port`, `context.Request.Url.Path`, `context.Request.Url.QueryString`, `context.Request.OriginalUrl.Path`, `context.Request.OriginalUrl.Port`, `context.Request.OriginalUrl.Host`,
	`context.Request.Url.Path.startsWith("/orders")`, `context.Request.Url.Path.split("/")[1]`, `context.Request.Url.Query.get("a")`, `context.Request.Url.Query.GetValueOrDefault("a")`, `context.Request.Url.Query.GetValueOrDefault("b", "-")`, `context.Request.Url.Query.has("a")`, `context.Request.Url.Query.get("none")`, `context.Request.OriginalUrl.Query.get("a")`, `context.Request.Url.Query.a?.[1]`, `context.Request.Url.Query["a"]?.length`,
	`context.Request.Headers.GetValueOrDefault("Accept")`, `context.Request.Headers.GetValueOrDefault("accept", "x")`, `context.Request.Headers.GetValueOrDefault("None", "x")`, `context.Request.Headers.GetValueOrDefault("None")`, `context.Request.Headers.GetValueOrDefault("None", undefined)`, `context.Request.Headers.GetValueOrDefault("X-Multi")`, `context.Request.Headers.GetValueOrDefault("get")`,
	`context.Request.Headers.get("X-Multi")`, `context.Request.Headers.get("none")`, `context.Request.Headers.has("accept")`, `context.Request.Headers.ContainsKey("none")`, `context.Request.Headers["Accept"]?.[0]`, `context.Request.Headers.Accept?.[1]`, `context.Request.Headers["X-Multi"]?.length`, `context.Request.Headers["None"] === undefined`, `context.Request.Headers["None"]?.[0] ?? "none"`, `context.Request.Headers["X-Multi"] ? 1 : 2`,
	`context.Request.Headers.GetValueOrDefault("X-" + "Multi")`, `context["Request"]["Method"]`,
	`context.Response.StatusCode`, `context.Response.StatusReason`, `context.Response.StatusCode >= 400 && context.Response.StatusCode < 500`, `context.Response.Headers.get("Content-Type")`, `context.Response.Headers.GetValueOrDefault("content-type", "none")`,
	`context.Request.MatchedParameters.id`, `context.Request.MatchedParameters["id"]`, `context.Request.MatchedParameters.GetValueOrDefault("id", "x")`, `context.Request.MatchedParameters.get("none")`, `context.Request.MatchedParameters.has("id")`, `context.Request.MatchedParameters.none`,
	`context.Variables.s`, `context.Variables["s"]`, `context.Variables.GetValueOrDefault("s", "d")`, `context.Variables.GetValueOrDefault("none", 5)`, `context.Variables.get("n")`, `context.Variables.has("t")`, `context.Variables.ContainsKey("none")`, `context.Variables.none`, `context.Variables.nothing`, `context.Variables.none ?? "d"`,
	`context.Variables.n > 10 ? "many" : "few"`, "`${context.Variables.s}:${context.Variables.n}`", `context.Variables.none?.length`, `context.Variables.none?.trim().length ?? -1`, `context.Variables.none?.slice(context.Variables.nix?.length)`,
	`context.Request.Method === "GET" || context.Request.Method === "HEAD"`, `(context.Request.Headers.get("Accept") ?? "").includes("html")`, `context?.Request?.Method`,
	`const x = 1; return x + 1;`, `let a = "x", b = a + "y"; return a + b;`, `if (context.Request.Method === "GET") { return "read"; } return "write";`, `const m = context.Request.Method; if (m === "GET") return 1; else if (m === "POST") { const z = 2; return z; } else return 3;`,
	`return ;`, `const x = 1; if (x > 2) return "no"; `, `let u; return u ?? "unset";`, `{ const x = 1; } const x = 2; return x;`, `const String = 5; return String;`,
}

func isBlock(text string) bool { return strings.Contains(text, "return ") }

func TestNativeForms(t *testing.T) {
	if len(nativeForms) < 300 {
		t.Errorf("%d forms, want at least 300", len(nativeForms))
	}
	pool := testPool(t)
	for _, text := range nativeForms {
		p := compileExpr(t, text, isBlock(text))
		if plan := p.Plan(); !plan.Native {
			t.Errorf("%s wants a VM: %s", text, plan.Why)
			continue
		}
		native := false
		for _, h := range nativeHosts() {
			native = agree(t, pool, text, p, h) || native
		}
		if !native {
			t.Errorf("%s gives up", text)
		}
	}
}

// What is not simple wants a VM, and says for what.
func TestNotNative(t *testing.T) {
	for _, tt := range []struct{ text, why, at string }{
		{`/a/.test("a")`, "a regular expression", `/`},
		{`[1, 2].length`, "an array", `[`},
		{`({a: 1}).a`, "an object", `{`},
		{`context.Variables.list.map(x => x)`, `the method "map"`, `context`},
		{`JSON.stringify(1)`, `"JSON"`, `JSON`},
		{`fetch("x")`, `the function "fetch"`, `fetch`},
		{`context.Request.Body.text()`, `the member "Body"`, `context`},
		{`context.Request.Headers.set("a", "b")`, `the method "set"`, `context`},
		{`context.Request.Headers["toString"]`, `the member "toString"`, `context`},
		{`context.Variables["a" + "b"]`, "a computed member", `context`},
		{`context.Timestamp`, `the member "Timestamp"`, `context`},
		{`context.Request.constructor`, `the member "constructor"`, `context`},
		{`"x".constructor`, `the member "constructor"`, `"`},
		{`1 | 2`, "the operator |", `1`},
		{`2 ** 3`, "the operator **", `2`},
		{`"a" in context`, "the operator in", `"`},
		{`void 0`, "the operator void", `void`},
		{`"\ud800"`, "half of a surrogate pair", `"`},
		{`new Date(0)`, "new", `new`},
		{`(1, 2)`, "the comma operator", `1`},
		{`await 1`, "await", `await`},
		{`"a".slice(...[1])`, "arguments of a list", `[1]`},
		{`"a".slice(1, 2, 3)`, "this number of arguments", `"`},
		{`parseInt()`, "this number of arguments", `parseInt`},
		{`x`, `"x"`, `x`},
		{`this`, "this expression", `this`},
		{`for (;;) { return 1; } return 2;`, "a loop", `for`},
		{`try { return 1; } catch { return 2; }`, "try", `try`},
		{`const {a} = context; return a;`, "taking an object apart", `{`},
		{`let x = 1; x = 2; return x;`, "an expression whose value nothing takes", `x`},
		{`const y = x; const x = 1; return y;`, "a variable before its declaration", `x`},
		{`return 1; function f() { return 2; }`, "a function", `function`},
		{"String.raw`a${1}`", "a tagged template", "`a"},
		{`"a".split(",").length`, `the method "split"`, `"`},
		{strings.Repeat("1 + ", 500) + "1", "a long expression", ``},
		{`return 1; ` + strings.Repeat("{", 500) + strings.Repeat("}", 500), "", ``},
	} {
		p := compileExpr(t, tt.text, isBlock(tt.text))
		plan := p.Plan()
		if tt.why == "" {
			continue // compiles, whatever it is
		}
		if plan.Native || plan.Why != tt.why {
			t.Errorf("%s: native %v, why %q, want %q", clip(tt.text), plan.Native, plan.Why, tt.why)
			continue
		}
		if got := plan.At.Text.Content[plan.At.Start:]; !strings.HasPrefix(got, tt.at) {
			t.Errorf("%s: said of %q, want %q", tt.text, got, tt.at)
		}
	}
}

// Every operator, function and method agrees with the VM on every operand.
func TestNativeAgrees(t *testing.T) {
	pool := testPool(t)
	h := nativeHosts()[0]
	tried, native := 0, 0
	try := func(format string, args ...any) {
		t.Helper()
		text := fmt.Sprintf(format, args...)
		var diags source.List
		p := CompileExpr(source.Detached("test", text), false, &diags)
		if p == nil || p.native == nil {
			return
		}
		// An evaluation in the VM for each would take long: what gives up agrees.
		tried++
		if _, ok := p.TryAny(h); ok {
			native++
			agree(t, pool, text, p, h)
		}
	}
	for _, a := range operandsOfTests {
		for _, form := range []string{`!(%s)`, `-(%s)`, `+(%s)`, `typeof (%s)`, `(%s)?.length`, `(%s)?.[0]`, `(%s) || "d"`, `(%s) && "d"`, `(%s) ?? "d"`, `(%s) ? 1 : 2`, "`${%s}`",
			`String(%s)`, `Number(%s)`, `Boolean(%s)`, `isNaN(%s)`, `parseInt(%s)`, `Number.isInteger(%s)`, `Number.isNaN(%s)`, `Math.floor(%s)`, `Math.ceil(%s)`, `Math.round(%s)`, `Math.abs(%s)`, `Math.trunc(%s)`, `encodeURIComponent(%s)`,
			`(%s).length`, `(%s)[1]`, `(%s).split(",")[1]`, `(%s)?.split("x")[0]`, `context.Request.Headers.get(%s)`, `context.Variables.GetValueOrDefault("none", %s)`} {
			try(form, a)
		}
		for name := range nativeMethods {
			try(`(%s).%s()`, a, name)
			for _, b := range []string{`"a"`, `""`, `1`, `-1`, `"1"`, `null`, `undefined`, `NaN`, `"b"`, `"😀"`, `true`} {
				try(`(%s).%s(%s)`, a, name, b)
			}
			for _, b := range []string{`"a", "b"`, `1, 2`, `-2, -1`, `0, 1`, `5, "ab"`, `"a", "$1"`, `undefined, 2`, `2, undefined`, `"", "x"`} {
				try(`(%s)?.%s(%s)`, a, name, b)
			}
		}
		for _, b := range operandsOfTests {
			for _, op := range []string{"+", "-", "*", "/", "%", "<", "<=", ">", ">=", "===", "!==", "==", "!="} {
				try(`(%s) %s (%s)`, a, op, b)
			}
		}
	}
	t.Logf("%d forms, %d ran natively", tried, native)
	if native < 10_000 {
		t.Errorf("%d of %d forms ran natively; the test lost what it tests", native, tried)
	}
}

// grow makes an expression at random.
func grow(r *rand.Rand, depth int) string {
	if depth <= 0 {
		return operandsOfTests[r.Intn(len(operandsOfTests))]
	}
	next := func() string { return grow(r, depth-1-r.Intn(2)) }
	switch r.Intn(9) {
	case 0, 1:
		return "(" + next() + " + " + next() + ")"
	case 2:
		ops := []string{"-", "*", "/", "%", "<", ">=", "===", "!==", "==", "&&", "||"}
		return "(" + next() + " " + ops[r.Intn(len(ops))] + " " + next() + ")"
	case 3:
		return "(" + next() + " ? " + next() + " : " + next() + ")"
	case 4:
		return "`<${" + next() + "}|${" + next() + "}>`"
	case 5:
		return "(" + next() + " ?? " + next() + ")"
	case 6:
		methods := []string{"toLowerCase()", "trim()", "slice(1)", "slice(-2, " + next() + ")", "indexOf(" + next() + ")", "replace(\"a\", " + next() + ")", "padStart(5, \"-\")", "at(0)", "split(\"a\")[0]"}
		return "(" + next() + ")?." + methods[r.Intn(len(methods))]
	case 7:
		functions := []string{"String", "Number", "Boolean", "parseInt", "Math.floor", "typeof "}
		return functions[r.Intn(len(functions))] + "(" + next() + ")"
	}
	return "!(" + next() + ")"
}

func TestNativeAtRandom(t *testing.T) {
	pool := testPool(t)
	hosts := nativeHosts()
	r := rand.New(rand.NewSource(7))
	native := 0
	for range 4000 {
		text := grow(r, 4)
		p := compileExpr(t, text, false)
		for _, h := range hosts {
			if _, ok := p.TryAny(h); ok {
				native++
				agree(t, pool, text, p, h)
			}
		}
	}
	if native < 800 {
		t.Errorf("%d ran natively; the test lost what it tests", native)
	}
}

func FuzzNative(f *testing.F) {
	for _, text := range nativeForms {
		f.Add(text)
	}
	pool := NewPool(Limits{})
	f.Cleanup(pool.Close)
	f.Fuzz(func(t *testing.T, text string) {
		for _, block := range []bool{false, true} {
			var diags source.List
			p := CompileExpr(source.Detached("fuzz", text), block, &diags)
			if p == nil || p.native == nil {
				continue
			}
			for _, h := range nativeHosts() {
				agree(t, pool, text, p, h)
			}
		}
	})
}

// Much work is left to the VM, which bounds it.
func TestNativeGivesUp(t *testing.T) {
	h := newTestHost()
	h.vars["long"] = strings.Repeat("x", 200_000)
	h.vars["huge"] = strings.Repeat("ü", 5<<20)
	h.vars["lone"] = clr.FromUnits([]uint16{'a', 0xD800})
	for _, text := range []string{
		`context.Variables.long + context.Variables.long + context.Variables.long + context.Variables.long + context.Variables.long + context.Variables.long`,
		`context.Variables.long.split("x")[5]`,
		`context.Variables.huge`,
		`"" + context.Variables.huge.length`,
		`context.Variables.long.replaceAll("x", "yyyyyyyyyy")`,
		`"a".padStart(100000)`,
		`context.Variables.lone + "b"`,
		`context.Variables.none.length`,
		`context.User.Id`,
		`context.Request.Headers["None"][0]`,
		`"a".includes(1)`,
		`context.Request`,
		`"" + context`,
		`context.Request.Headers`,
	} {
		p := compileExpr(t, text, false)
		if !p.Plan().Native {
			t.Errorf("%s wants a VM: %s", text, p.Plan().Why)
		}
		if v, ok := p.TryAny(h); ok {
			t.Errorf("%s = %v, though the VM should have it", text, v)
		}
	}
}

// What prototypes of dictionaries have, and so entries cannot be read by.
func TestNotEntries(t *testing.T) {
	vm := newVM()
	for _, proto := range append(vm.protos[:protoBody:protoBody], vm.intrinsic("Object.prototype")) {
		for _, name := range proto.GetOwnPropertyNames() {
			if !notEntries[name] {
				t.Errorf("%q is a member of a prototype", name)
			}
		}
	}
}
