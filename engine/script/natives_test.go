package script

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekisho/engine/source"
)

// Functions that are bounded do what they do everywhere else.
func TestWrappedNatives(t *testing.T) {
	pool := testPool(t)
	for _, tt := range []struct{ expr, want string }{
		{`"ab".repeat(3) + "ä€".repeat(2) + "x".repeat(0) + "".repeat(5)`, "abababä€ä€"},
		{`"x".repeat({ valueOf: () => 2 }) + "x".repeat("2") + "x".repeat(2.9)`, "xxxxxx"},
		{`"7".padStart(3, "0") + "7".padEnd(3) + "|" + "abc".padStart(2) + "x".padStart(5, "ab") + "x".padEnd(4, "ä") + "a".padEnd(3, "")`, "0077  |abcababxxäääa"},
		{`"a".concat("b", 1, null)`, "ab1null"},
		{`"a-b-c".split("-").length + "abc".split("").join() + "abc".split().length + "a1b2".split(/\d/).join() + "a,b,c".split(",", 2)`, "3a,b,c1a,b,a,b"},
		{`"aXbX".replace("X", "[$&$$]") + "aXbX".replaceAll("X", "$$") + "abc".replace("b", "$` + "`" + `-$'")`, "a[X$]bXa$b$aa-cc"},
		{`"2026-01-02".replace(/(\d+)-(\d+)/, "$2/$1") + "ab".replace(/(?<x>a)/, "<$<x>>") + "a".replace(/(a)(b)?/, "[$1$2$3]") + "a".replace(/a/, "$10$01")`, "01/2026-02<a>b[a$3]$10$01"},
		{`"aaa".replace(/a/g, (m, at) => at) + "a".replaceAll("a", () => "$&")`, "012$&"},
		{`"Straße".toUpperCase() + "ÀB".toLowerCase() + "\u0041\u030a".normalize("NFC").length`, "STRASSEàb1"},
		{`["a", "b"].join("-") + [1, [2, [3]]].join() + [null, undefined, 1].join() + [].join() + [1, 2].join(undefined)`, "a-b1,2,3,,11,2"},
		{`String([1, [2, null]]) + [1234.5, new Date(0) ].toLocaleString().length`, "1,2,27"},
		{`Array.prototype.join.call({ length: 2, 0: "a", 1: "b" }, "+")`, "a+b"},
		{`Array.prototype.map.call("abc", (c) => c + c).join()`, "aa,bb,cc"},
		{`Array.prototype.slice.call({ length: 2, 0: "a", 1: "b" })`, `["a","b"]`},
		{`(function () { return Array.prototype.slice.call(arguments, 1); })(1, 2, 3)`, `[2,3]`},
		{`Array.prototype.indexOf.call(new Uint8Array([1, 2, 3]), 3)`, "2"},
		{`Array.from({ length: 3 }, (_, i) => i * 2)`, "[0,2,4]"},
		{`Array.from("äb") + Array.from(new Set([1, 1, 2])) + Array.of(7)`, "ä,b1,27"},
		{`[3, 1, 10, 2].sort().join() + [3, 1, 10, 2].sort((a, b) => a - b).join() + [undefined, "b", "a"].sort().join()`, "1,10,2,31,2,3,10a,b,"},
		{`[1, [2, [3, [4]]]].flat(2).length + [1, 2].flatMap((x) => [x, x]).join()`, "41,1,2,2"},
		{`[1, 2].concat(3, [4, [5]]).length + [..."ab", ...[1]].join()`, "5a,b,1"},
		{`[1, 2, 3].fill(0, 1).join() + [1, 2, 3, 4].copyWithin(0, 2).join() + [3, 2, 1].toSorted().join() + [1, 2].toReversed().join() + [1, 2, 3].with(1, 9).join()`, "1,0,03,4,3,41,2,32,11,9,3"},
		{`class A extends Array { sum() { return this.reduce((a, b) => a + b, 0); } } const a = A.from([1, 2, 3]); return a.map((x) => x * 2).sum() + "" + (a.filter(Boolean) instanceof A) + a.length`, "12true3"},
		{`Math.max.apply(null, [1, 3, 2]) + Math.max(...[4, 5]) + Reflect.apply(Math.min, null, [1, 2]) + Reflect.construct(Date, [0]).getTime()`, "9"},
		{`(function () { return arguments.length; }).apply(null)`, "0"},
		{`new Uint8Array(3).length + new Uint8Array([1, 2]).length + new Uint8Array(new ArrayBuffer(4), 1, 2).length + new Float64Array(new Set([1.5])).length + new Uint16Array().length + new ArrayBuffer(5).byteLength`, "13"},
		{`new Uint8Array({ length: 2, 0: 7, 1: 8 }).join() + Uint8Array.from([1, 2], (x) => x * 2).join() + Uint8Array.of(9) + new Uint8Array(new Uint16Array([257])).join()`, "7,82,491"},
		{`String.raw` + "`a\\n${1}b`" + ` + String.raw({ raw: "xyz" }, 1, 2, 3)`, `a\n1bx1y2z`},
		{`const p = new Proxy({ a: 1 }, { get: (t, k) => (k in t ? t[k] : "no") }); return p.a + p.b + (typeof Proxy)`, "1nofunction"},
		{`const { proxy, revoke } = Proxy.revocable({ a: 1 }, {}); const v = proxy.a; revoke(); try { proxy.a } catch (e) { return v + e.name }`, "1TypeError"},
		{`const p = new Proxy(class { constructor(x) { this.x = x; } }, {}); return new p(3).x + typeof new Proxy(() => 1, {})`, "3function"},
		{`Object({}).constructor === Object && Object(1) instanceof Number && new Object().toString() === "[object Object]" && Object.name === "Object"`, "true"},
		{`class P { constructor() { this.a = 1; } } class Q extends P {} return Object.keys(new Q()).join() + (Object.getPrototypeOf({}) === Object.prototype)`, "atrue"},
		{`new Date("2026-01-02T03:04:05Z").getTime() + Date.UTC(2026, 0, 2, 3, 4, 5) - 2 * Date.parse("2026-01-02T03:04:05Z")`, "0"},
		{`typeof Date() + new Date(2026, 0).getFullYear() + (new Date() instanceof Date)`, "string2026true"},
		{`((a, b) => a + b).bind(null, 1).bind(null, 2)()`, "3"},
		{`/a(?<n>b)/.exec("ab").groups.n + /a/y.test("ba") + "aBc".search(/b/i) + "a1b22".match(/\d+/g)`, "bfalse11,22"},
		{`[..."a1b2".matchAll(/[a-z](\d)/g)].map((m) => m[1]).join() + "x".match("x").index`, "1,20"},
		{`/(?<=\$)\d+/.exec("cost $42")[0] + /(a)\1/.test("aa") + /^(?!x)/.test("x")`, "42truefalse"},
		{`parseInt("12px") + parseFloat("1.5e1") + parseInt("ff", 16) + Number("0x10")`, "298"},
		{`encodeURIComponent("a b/ä") + decodeURIComponent("%C3%A4")`, "a%20b%2F%C3%A4ä"},
		{`"done" in {} || Object.hasOwn([], "done")`, "false"},
		{`const a = []; a.done = 1; const e = new Error("x"); e.done = 2; return a.done + e.done + Object.keys(a).join()`, "3done"},
		{"`${1}${2}${3}${4}${5}a${6}${\"x\"}b`", "12345a6xb"},
		{"const o = []; const f = (x) => { o.push(x); return x; }; return `${f(1)}${f(2)}-${f(3)}${`${f(4)}${f(5)}${f(6)}`}` + o.join()", "12-34561,2,3,4,5,6"},
		{"((s, ...v) => s.raw.join(\"|\") + v)`a${1}b${2}c${3}d`", "a|b|c|d1,2,3"},
		{`queueMicrotask.name + await new Promise((done) => queueMicrotask(() => done("ran")))`, "queueMicrotaskran"},
		{`const o = { a: [1, { b: new Date(5) }], m: new Map([[1, new Set([2])]]), u: new Uint8Array([3]) }; o.self = o; const c = structuredClone(o); return (c !== o) + "" + (c.self === c) + c.a[1].b.getTime() + c.m.get(1).has(2) + c.u[0]`, "truetrue5true3"},
		{`(() => { try { structuredClone(() => 1) } catch (e) { return e.name } })()`, "TypeError"},
	} {
		got, err := compileExpr(t, tt.expr, strings.Contains(tt.expr, "return ") && !strings.HasPrefix(tt.expr, "(")).Text(context.Background(), pool, newTestHost())
		if err != nil || got != tt.want {
			t.Errorf("%s\n got %q, %v\nwant %q", tt.expr, got, err, tt.want)
		}
	}
}

func TestReadJSON(t *testing.T) {
	pool := testPool(t)
	show := compileExpr(t, `JSON.stringify(JSON.parse(context.Request.Body.text()))`, false)
	for _, text := range []string{
		`1`, `-0.5`, `1e3`, `-1.5E-3`, `0`, `true`, `false`, `null`, `""`, `"a"`, `[]`, `{}`, ` [ 1 , 2 ] `, `{"a":{"b":[1,"x",null,true]}}`,
		`"\"\\\/\b\f\n\r\t\u0041\u00e4"`, `"\ud83d\ude00"`, `"\ud800"`, `"\ude00\ud83d"`, `"ä€😀"`, `"a\ud83dä"`, `{"__proto__":{"x":1}}`, `{"constructor":1,"toString":2}`,
		`123456789012345678`, `9007199254740993`, `1e400`, `-1e400`, `0.1`, `{"a":1,"a":2}`, `{"2":1,"1":2,"b":3,"a":4}`, `[[[[]]]]`, "\t\r\n1",
	} {
		h := newTestHost()
		h.reqBody = []byte(text)
		got, err := show.Text(context.Background(), pool, h)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var a, b any
		if json.Unmarshal([]byte(text), &a) != nil { // 1e400, which encoding/json refuses
			a = nil
		}
		if err := json.Unmarshal([]byte(got), &b); err != nil || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s became %s", text, got)
		}
	}
	refused := compileExpr(t, `(() => { try { JSON.parse(context.Request.Body.text()) } catch (e) { return e.name } })()`, false)
	for _, text := range []string{
		``, ` `, `nul`, `tru e`, `01`, `+1`, `1.`, `.5`, `1e`, `-`, `'a'`, `"a`, "\"\n\"", `"\x"`, `"\u12"`, `"\u12g4"`, `[1,]`, `[,1]`, `[1 2]`, `{a:1}`, `{"a"}`, `{"a":}`,
		`{"a":1,}`, `[`, `{`, `]`, `1 2`, `NaN`, `undefined`, `/**/1`, "\u00a01", `"a"b`, strings.Repeat("[", 1000), strings.Repeat("1", 20_000),
	} {
		h := newTestHost()
		h.reqBody = []byte(text)
		if got, err := refused.Text(context.Background(), pool, h); err != nil || got != "SyntaxError" {
			t.Errorf("%.40q: got %q, %v", text, got, err)
		}
	}
	for _, tt := range []struct{ expr, want string }{
		{`JSON.stringify(JSON.parse('{"a":[1,{"b":2}],"c":"x"}', (k, v) => (typeof v === "number" ? v * 2 : v)))`, `{"a":[2,{"b":4}],"c":"x"}`},
		{`JSON.stringify(JSON.parse('{"a":1,"b":2}', (k, v) => (k === "a" ? undefined : v)))`, `{"b":2}`},
		{`const seen = []; JSON.parse('{"a":[1,2]}', function (k, v) { seen.push(k + ":" + Array.isArray(this)); return v; }); return seen.join()`, `0:true,1:true,a:false,:false`},
		{`JSON.parse('{"__proto__":{"x":1}}').x === undefined`, "true"},
		{`Object.keys(JSON.parse('{"a":1,"__proto__":2}')).join()`, "a,__proto__"},
		{`Object.is(JSON.parse("-0"), -0)`, "true"},
		{`"\ud800" === JSON.parse('"\\ud800"') && JSON.parse('"\\ud83d\\ude00"') === "😀"`, "true"},
	} {
		got, err := compileExpr(t, tt.expr, strings.Contains(tt.expr, "return seen")).Text(context.Background(), pool, newTestHost())
		if err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v; want %q", tt.expr, got, err, tt.want)
		}
	}
}

// Memory is a budget of its own, and what exceeds it is not given time to go on.
func TestMemoryBudget(t *testing.T) {
	pool := onePool(t, Limits{Time: MaxTime, Memory: 32 << 20})
	for _, code := range []string{
		`const a = []; for (;;) { let s = "a"; while (s.length < 1 << 20) s += s; a.push(s); }`,
		`const a = []; for (;;) a.push({ a: 1, b: [2] })`,
		`const a = []; for (;;) a.push(new Uint8Array(1 << 20))`,
		`const a = []; for (;;) a.push("x".repeat(1 << 20))`,
		`const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })`,
		`new ArrayBuffer(1 << 26); for (;;) {}`,
		`const a = []; for (;;) a.push(JSON.parse('[' + '{"a":1},'.repeat(10000) + '1]'))`,
		`const a = []; for (;;) { await new Promise((done) => setTimeout(done, 0)); for (let i = 0; i < 10000; i++) a.push({ i }); }`,
	} {
		_, err := compileExpr(t, code, true).Any(context.Background(), pool, newTestHost())
		var e *Error
		if !errors.As(err, &e) || e.Kind != OverMemory || e.Message != "the script holds more than 32 MiB of memory" {
			t.Errorf("%s: got %v", code, err)
		}
	}
	// Garbage is not held.
	for _, code := range []string{
		`for (let i = 0; i < 300; i++) "x".repeat(1 << 20); return 1`,
		`for (let i = 0; i < 100; i++) new Uint8Array(1 << 20); return 1`,
		`let n = 0; for (let i = 0; i < 2e5; i++) n += [i, { i }].length; return 1`,
	} {
		if v, err := compileExpr(t, code, true).Any(context.Background(), pool, newTestHost()); err != nil || v != int32(1) {
			t.Errorf("%s: got %v, %v", code, v, err)
		}
	}
}

// What waits may hold a few budgets together, and no more.
func TestMemoryOfThoseThatWait(t *testing.T) {
	pool := NewPool(Limits{Time: 5 * time.Second, Memory: 8 << 20, Running: 8})
	t.Cleanup(pool.Close)
	release := make(chan struct{})
	h := newTestHost()
	h.send = func(ctx context.Context, _ *Outgoing) (*Incoming, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return &Incoming{Status: 200}, nil
	}
	program := compileExpr(t, `const a = new Uint8Array(6 << 20).fill(1); await fetch("http://a.test/"); return a.length`, true)
	const many = 12
	results := make(chan error, many)
	for range many {
		go func() {
			_, err := program.Any(context.Background(), pool, h)
			results <- err
		}()
	}
	busy := 0
	for busy == 0 {
		var e *Error
		if err := <-results; !errors.As(err, &e) || e.Kind != Busy && e.Kind != OverMemory {
			t.Fatalf("got %v", err)
		}
		busy++
	}
	close(release)
	for range many - busy {
		<-results
	}
	if n := pool.holding.Load(); n != 0 {
		t.Errorf("%d bytes are held by nobody", n)
	}
}

func TestWeight(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		want    int
	}{
		{`abc`, 3}, {`a{3}`, 3}, {`a{2,5}`, 5}, {`[a-z]+`, 2}, {`(ab){10}`, 30}, {`(a{100}){100}`, 10_100}, {`a{,5}`, 5}, {`\d{4}-\d{2}`, 7}, {`a|b`, 3}, {`[]]`, 2}, {`x{`, 2}, {`(((`, 3}, {`)))`, 0},
	} {
		if got := weight(tt.pattern); got != tt.want {
			t.Errorf("weight(%s) = %d, want %d", tt.pattern, got, tt.want)
		}
	}
	if msg := checkPattern("(a{0,900}){0,900}", ""); msg == "" {
		t.Error("a pattern of 810000 states is let pass")
	}
}

// Declarations that load, as the pipeline gets them.
func TestDeclaration(t *testing.T) {
	pool := testPool(t)
	var diags source.List
	list := folder("policies/stamp.ts", `
		export default definePolicy({
			name: "stamp", summary: "Stamps.", example: "<stamp />", sections: ["inbound"], scopes: ["api"], once: true,
			attributes: {
				a: {}, "b-c": { type: "number", default: 1.5, min: 1, max: 2, expressions: true }, d: { type: "enum", values: ["x", "y"], required: true, secret: true, summary: "D." },
			},
			text: { type: "any" },
			run() {},
		});`, "policies/types.d.ts", "declare const x: 1;", "policies/notes.txt", "", "policies/deep/x.ts", "syntax error(").Policies(pool, &diags)
	if diags.Len() > 0 || len(list) != 1 {
		t.Fatal(diags.Sorted(), len(list))
	}
	d := list[0]
	one, two := 1.0, 2.0
	want := []DeclaredAttribute{
		{Name: "a", Type: "string"},
		{Name: "b-c", Type: "number", Default: "1.5", HasDefault: true, Min: &one, Max: &two, Expressions: true},
		{Name: "d", Type: "enum", Values: []string{"x", "y"}, Required: true, Secret: true, Summary: "D."},
	}
	got, _ := json.Marshal(d.Attributes)
	wanted, _ := json.Marshal(want)
	if string(got) != string(wanted) || d.Text == nil || d.Text.Type != "any" || d.Name != "stamp" || d.Summary != "Stamps." || !d.Once || d.Example != "<stamp />" {
		t.Errorf("got %s, %+v", got, d)
	}
	for path, want := range map[string]string{"": "2:3", "name": "3:4", "attributes/b-c": "5:12", "attributes/d/secret": "5:143", "attributes/d/nothing": "5:88", "text/type": "7:12"} {
		var parts []string
		if path != "" {
			parts = strings.Split(path, "/")
		}
		pos := d.Range(parts...).Pos()
		if got := fmt.Sprintf("%d:%d", pos.Line, pos.Col); got != want {
			t.Errorf("%s stands at %s, want %s", path, got, want)
		}
	}
}

// A source map that a file brings, packages, settings: nothing of it is read.
func TestModulesReachNothing(t *testing.T) {
	for _, tt := range []struct{ name, code, want string }{
		{"absolute", `import x from "/etc/passwd"; export default x`, "there are no packages here"},
		{"outside", `import x from "../../../etc/passwd"; export default x`, "it is outside of the folder"},
		{"outside and back", `import x from "./../scripts/../../etc/passwd"; export default x`, "it is outside of the folder"},
		{"data", `import x from "data:text/javascript,export default 1"; export default x`, "there are no packages here"},
		{"data with a path", `import x from "./data:text/javascript,1"; export default x`, "there is no module"},
		{"file", `import x from "file:///etc/passwd"; export default x`, "there are no packages here"},
		{"http", `import x from "http://a.test/x.js"; export default x`, "there are no packages here"},
		{"package", `import x from "lodash"; export default x`, "there are no packages here"},
		{"node", `import x from "node:fs"; export default x`, "there are no packages here"},
		{"package below", `import x from "./node_modules/x"; export default x`, "there is no module"},
		{"require", `const x = require("fs"); export default x`, ""},
		{"dynamic", `export default () => import("./b")`, ""},
		{"text", `import x from "./secret.txt"; export default x`, "modules end in"},
		{"windows", `import x from "..\\..\\etc"; export default x`, "there are no packages here"},
		{"null", "import x from \"./a\\0b\"; export default x", "there is no module"},
		{"reference", "/// <reference path=\"../../../etc/passwd\" />\nexport default () => ({ status: 200 })", "-"},
		{"source map", "export default () => ({ status: 200 })\n//# sourceMappingURL=../../../etc/passwd", "-"},
		{"source map of data", "export default () => ({ status: 200 })\n//# sourceMappingURL=data:application/json,%7B%22version%22%3A3%2C%22sources%22%3A%5B%22%2Fetc%2Fpasswd%22%5D%2C%22mappings%22%3A%22AAAA%22%7D", "-"},
	} {
		var diags source.List
		f := folder("x.ts", tt.code, "tsconfig.json", `{"extends":"../../../etc/passwd"}`, "package.json", `{"main":"../../../etc/passwd"}`, "secret.txt", "s", "node_modules/y/index.js", "export default 1")
		p := f.Module("x.ts", "default", source.Range{}, source.Range{}, &diags)
		switch {
		case tt.want == "-":
			if p == nil || diags.Len() > 0 {
				t.Errorf("%s: %v", tt.name, diags.Sorted())
			}
		case tt.want == "" && p != nil:
			if _, err := p.Answer(context.Background(), testPool(t), newTestHost(), 0); err == nil {
				t.Errorf("%s: ran", tt.name)
			}
		case tt.want == "":
		case p != nil || !strings.Contains(diags.Sorted()[0].Message, tt.want):
			t.Errorf("%s: got %v", tt.name, diags.Sorted())
		}
	}
}
