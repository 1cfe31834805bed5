package script

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/source"
)

// plainForms are programs that run in plain VMs.
var plainForms = []string{
	`context.Request.Headers.GetValueOrDefault("X-Id", "none") + "-v1"`,
	`context.Request.Headers.getAll("X-Multi").join("|")`,
	`"" + context.Request.Headers["X-Multi"]`,
	`[1, [2, [3]], "x"] + ""`,
	"`${[1, 2]}`",
	`context.Variables.list.map(x => x.toUpperCase()).join("-")`,
	`context.Variables.json.a[1] + context.Variables.json.a.length`,
	`"" + context.Variables.list`,
	`context.Request.Body.json().name`,
	`JSON.stringify({a: [1, {b: "x"}], c: context.Request.Method})`,
	`JSON.parse('{"a":[1,2]}').a + ""`,
	`JSON.stringify(context.Request.Url)`,
	`context.Api`,
	`({status: 1, list: [1, 2]})`,
	`[3, 1, 2].sort() + ""`,
	`[3, 1, 2].sort((a, b) => b - a).slice(1).concat([9]).indexOf(9)`,
	`"a-b-c".split("-").filter(x => x !== "b").reduce((a, b) => a + b, "")`,
	`"x".repeat(3).padStart(5, "ab").replaceAll("x", "y").replace("y", m => m + m)`,
	`"abc".at(-1) + "abc".charCodeAt(1) + "abc".codePointAt(0)`,
	`Math.max(1, 2, 3) + Math.floor(1.5) + Number.MAX_SAFE_INTEGER`,
	`parseInt("12px") + parseFloat("1.5e3x")`,
	`encodeURIComponent("a b/ü") + decodeURIComponent("%41")`,
	`context.Timestamp`,
	`"" + context.Timestamp`,
	`typeof context.Timestamp`,
	`context.Variables.blob`,
	`"" + context.Variables.blob`,
	`context.Variables.blob.length`,
	`context.Request.Url.Query.Count`,
	`context.Request.Headers.Count + context.Variables.Count`,
	`let s = ""; for (let i = 0; i < 5; i++) { s += i; } return s;`,
	`let out = []; context.Request.Headers.forEach((v, n) => { out.push(n + "=" + v); }); return out.join("&");`,
	`const f = (n) => n < 2 ? n : f(n - 1) + f(n - 2); return f(10);`,
	`try { null.x; return 1; } catch (e) { return e.message; }`,
	`try { throw new RangeError("no"); } catch (e) { return e.name + e.message + e; }`,
	`throw new Error("out");`,
	`throw "text";`,
	`return null.length;`,
	`switch (context.Request.Method) { case "GET": return "g"; default: return "d"; }`,
	`context.Variables.made = [1, {a: 2}]; return context.Variables.made.length;`,
	`context.Response.StatusCode = 404; return context.Response.StatusCode;`,
	`context.Request.Headers["X-New"] = "n"; return context.Request.Headers.get("X-New");`,
	`context.Request.Headers.append("X-New", ["a", "b"]); context.Request.Headers.delete("Accept"); return context.Request.Headers.get("X-New") + context.Request.Headers.has("Accept");`,
	`context.Request.Url.Path = "/new"; context.Request.Url.Query.set("z", "1"); return context.Request.Url.QueryString;`,
	`context.Request.Foo = 1; return 1;`,
	`return context.Request.Headers.get.call;`,
	`function deep(n) { return deep(n + 1); } return deep(0);`,
	`"a".repeat(1e9)`,
	`"ab".padStart(1e9)`,
	`let s = "aaaaaaaa"; for (let i = 0; i < 40; i++) s += s; return s.length;`,
	`const o = {toString() { return "o"; }, valueOf() { return 5; }}; return o + 1 + String(o);`,
	`const a = []; for (let i = 0; i < 3; i++) a.push(a.length ? a.slice() : 1); return a + "";`,
	`"x" in context.Variables`,
	`delete_ = 1`,
}

// full is the same Program for full VMs only.
func full(p *Program) *Program {
	q := *p
	q.plain = false
	return &q
}

// A plain VM and a full one give the same, errors included.
func TestPlainAgrees(t *testing.T) {
	limits := Limits{Time: 5 * time.Second, Memory: 1 << 30} // not what is tested here
	plainPool, fullPool := NewPool(limits), NewPool(limits)
	t.Cleanup(plainPool.Close)
	t.Cleanup(fullPool.Close)
	for _, text := range append(append([]string{}, plainForms...), nativeForms...) {
		p := compileExpr(t, text, isBlock(text) || strings.HasPrefix(text, "throw ") || strings.Contains(text, "; "))
		for i, h := range nativeHosts() {
			got, err := p.Any(context.Background(), plainPool, h)
			want, wanted := full(p).Any(context.Background(), fullPool, nativeHosts()[i])
			if !same(got, want) || (err == nil) != (wanted == nil) || err != nil && err.Error() != wanted.Error() {
				t.Errorf("%s\nplain %#v, %v\nfull  %#v, %v", text, got, err, want, wanted)
			}
		}
	}
	for _, text := range plainForms[:len(plainForms)-1] {
		p := compileExpr(t, text, isBlock(text) || strings.HasPrefix(text, "throw ") || strings.Contains(text, "; "))
		if wantsFull := strings.Contains(text, ".call"); p.plain == wantsFull {
			t.Errorf("%s: plain %v", text, p.plain)
		}
	}
}

// What might reach an intrinsic that has no guard, or change one, is not plain.
func TestNotPlain(t *testing.T) {
	for _, text := range []string{
		`"".constructor`, `[]["constructor"]`, `"".__proto__`, `context.constructor`, `context["constructor"]`, `(() => 1).call()`, `(() => 1).prototype`,
		`context.Variables["a" + "b"]`, `const k = "constructor"; return ""[k];`, "\"\"[`constructor`]",
		`Object.keys({})`, `Array(5)`, `new Array(5)`, `new Date()`, `Date.now()`, `Symbol.iterator`, `Promise.resolve(1)`, `Reflect`, `globalThis`, `eval`, `Function("1")`, `Proxy`,
		`fetch("x")`, `console.log(1)`, `crypto`, `btoa("x")`, `setTimeout(() => 1, 0)`, `new URL("x")`, `new TextEncoder()`, `new Fault("x")`, `definePolicy`,
		`/a/.test("a")`, `"a".match("a")`, `"a".search("a")`, `"a".matchAll("a")`, `"a".normalize()`, `"a".localeCompare("b")`, `String.raw`, `String.fromCharCode(1)`,
		`[1].flat()`, `[1].flatMap(x => x)`, `[1].keys()`, `[1].entries()`, `[1].values()`, `context.Request.Headers.keys()`, `context.Request.Headers.entries()`, `context.Request.Body.bytes()`, `context.Request.Body.form()`,
		`[...[1]]`, `Math.max(...[1])`, `({...{}})`, `({get a() { return 1; }})`, `({["a"]: 1})`, `({__proto__: null})`, `({"__proto__": null})`,
		`this`, `function* g() { yield 1; } return g;`, `class A {} return A;`, `return (class { static x = 1; });`, `await 1`, `return async () => 1;`,
		`for (const x of [1]) return x; return 2;`, `for (const k in {a: 1}) return k; return 2;`, `const [a] = [1]; return a;`, `const {a} = {}; return a;`, `return ((...a) => a)(1);`, `return (({a}) => a)({});`,
		`"".trim.x = 1; return 1;`, `const o = {}; o.a = 1; return o;`, `const a = []; a[0] = 1; return a;`, `Math.x = 1; return 1;`, `context.x = 1; return 1;`, `context.Request.Headers.get.x = 1; return 1;`, `const c = context; c.Request.Method = "x"; return 1;`, `context.Request.Headers.get.length++; return 1;`,
		`delete context.Variables.x`, `1 instanceof Error`, "((s) => s)`a`", `Error.prototype`, `arguments`, `return arguments.length;`, `const Object = 1; return Object;`, `const context = {}; context.a.b = 1; return 1;`, `{ const fetch = 1; } return fetch("x");`, `let globalThis = 1; return globalThis;`,
		`(new Error("x")).stack`, `new (class {})`, `new String("x")`, `[1].toLocaleString()`, `(5).toLocaleString()`, `"x".at.bind`, `({a: 1}).hasOwnProperty("a")`, `"a".valueOf()`, `Number.parseInt("1")`, `isNaN.call`, `x: for (;;) { break x; } return 1;`,
		`[3, 1].sort(Math.max)`, `["a"].map("".trim)`, `const f = Math.max; return f(1, 2);`, `["1"].map(isNaN)`, `(0, "".trim)()`, `({toString: [].join}) + ""`, `""["trim"]()`,
		`"".\u0063onstructor`, `"".c\u{6f}nstructor`, `""["c\u006fnstructor"]`, `(x => x)("".trim)`, `context.Request.Headers.forEach([].push)`,
	} {
		p := compileExpr(t, text, isBlock(text))
		if p.plain {
			t.Errorf("%s is plain", text)
		}
	}
}

// No name of an intrinsic is forgotten, whatever goja's next version brings.
func TestIntrinsicNames(t *testing.T) {
	names := map[string]bool{}
	collectNames(newVM(), names)
	collectNames(bareRuntime(), names)
	for name := range names {
		if !intrinsicNames[name] {
			t.Errorf("%q is the name of a member of an intrinsic", name)
		}
	}
	for name := range iterating {
		if _, ok := plainMembers[name]; ok {
			t.Errorf("%q wants the prelude", name)
		}
	}
}

// What of plainMembers are functions of strings, arrays and JSON is guarded before a
// program that names it runs: it is not goja's own.
func TestPlainMembersAreGuarded(t *testing.T) {
	for name, n := range plainMembers {
		if n&needLists == 0 {
			continue
		}
		vm := plainVM()
		vm.need(n, map[string]bool{name: true, "join": true})
		for _, of := range []string{"String.prototype", "Array.prototype", "JSON"} {
			f := vm.intrinsic(of).Get(name)
			if !hasOwn(vm.intrinsic(of), name) || f.ToObject(vm.rt).ClassName() != "Function" {
				continue
			}
			switch of + "." + name {
			case "Array.prototype.toString", "String.prototype.toString":
				continue // goes through join; gives what is there
			case "String.prototype.trim", "String.prototype.trimStart", "String.prototype.trimEnd", "String.prototype.startsWith", "String.prototype.endsWith",
				"String.prototype.includes", "String.prototype.indexOf", "String.prototype.lastIndexOf", "String.prototype.slice", "String.prototype.substring",
				"String.prototype.substr", "String.prototype.charAt", "String.prototype.at", "String.prototype.charCodeAt", "String.prototype.codePointAt":
				continue // their work is bounded by the string, in full VMs too
			}
			if !vm.own[f.ToObject(vm.rt)] {
				t.Errorf("%s.%s has no guard", of, name)
			}
		}
	}
}

// A plain VM serves plain programs, becomes full where it must, and carries nothing from
// one evaluation to the next.
func TestPlainBecomesFull(t *testing.T) {
	pool := onePool(t, Limits{})
	eval := func(text, want string) {
		t.Helper()
		h := newTestHost()
		h.vars["blob"] = []byte{1, 2, 3}
		got, err := compileExpr(t, text, isBlock(text)).Text(context.Background(), pool, h)
		if err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", text, got, err, want)
		}
	}
	counts := func(plain, full int) {
		t.Helper()
		if len(pool.bare) != plain || len(pool.idle) != full {
			t.Errorf("%d plain and %d full VMs are idle, want %d and %d", len(pool.bare), len(pool.idle), plain, full)
		}
	}
	eval(`context.Request.Method + "x"`, "GETx")
	counts(1, 0)
	eval(`"a,b".split(",").join("-") + [1, 2]`, "a-b1,2")
	counts(1, 0)
	// Bytes bring typed arrays with them, in the middle of an evaluation.
	eval(`const before = [1, 2].join("+"); const b = context.Variables.blob; return before + b + b.length + "x".repeat(2);`, "1+21,2,33xx")
	counts(0, 1)
	eval(`context.Request.Method + "x"`, "GETx")
	eval(`Object.isFrozen(Array.prototype) && Object.isFrozen("".trim)`, "true")
	counts(0, 1)
	// Another program's full VM displaces a plain one.
	other := onePool(t, Limits{})
	vm, err := other.lease(context.Background(), &Program{plain: true})
	if err != nil {
		t.Fatal(err)
	}
	other.giveBack(vm, true, true)
	other.Warm()
	if len(other.bare) != 0 || len(other.idle) != 1 {
		t.Error(len(other.bare), len(other.idle))
	}
}

// The prototypes of what a VM keeps are put back.
func TestPrototypesArePutBack(t *testing.T) {
	pool := onePool(t, Limits{})
	for _, attack := range []string{
		`Object.setPrototypeOf(context, {leak: 1})`, `Object.setPrototypeOf(context.Request.Headers, {leak: 1})`, `Object.setPrototypeOf(context.Variables, {leak: 1})`,
		`Object.defineProperty(context, "leak", {value: 1})`, `context.leak = 1`, `Object.getPrototypeOf(context.Variables).leak = 1`, `context.Trace.leak = 1`,
		`Object.getPrototypeOf(context).leak = 1`, `context.Request.leak = 1`,
	} {
		_, _ = compileExpr(t, attack, false).Any(context.Background(), pool, newTestHost())
		got, err := compileExpr(t, `[context.leak, context.Request.Headers.leak, context.Variables.leak, context.Trace.leak, context.Request.leak].every(x => x === undefined)`, false).Text(context.Background(), pool, newTestHost())
		if err != nil || got != "true" {
			t.Errorf("%s leaves something: %v, %v", attack, got, err)
		}
	}
}

// A plain VM is small; what it takes is counted in bytes and not in time.
func TestPlainVMIsSmall(t *testing.T) {
	const n = 64
	plainVM()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		plainVM()
	}
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / n; got > 16<<10 {
		t.Errorf("a plain VM takes %d bytes, want at most 16 KiB", got)
	}
	if got := (after.Mallocs - before.Mallocs) / n; got > 60 {
		t.Errorf("a plain VM takes %d allocations, want at most 60", got)
	}
}

// Nothing of a request stays in a VM.
func TestVMForgets(t *testing.T) {
	pool := onePool(t, Limits{})
	gone := make(chan struct{})
	func() {
		h := newTestHost()
		h.vars["text"] = clr.FromUnits([]uint16{'a'})
		runtime.SetFinalizer(h, func(*testHost) { close(gone) })
		for _, text := range plainForms[:12] {
			_, _ = compileExpr(t, text, false).Any(context.Background(), pool, h)
		}
	}()
	for range 20 {
		runtime.GC()
		select {
		case <-gone:
			return
		default:
		}
	}
	t.Error("a VM holds the host of an evaluation that has ended")
}

func FuzzPlain(f *testing.F) {
	for _, text := range plainForms {
		f.Add(text)
	}
	limits := Limits{Time: 5 * time.Second, Memory: 1 << 30}
	plainPool, fullPool := NewPool(limits), NewPool(limits)
	f.Cleanup(plainPool.Close)
	f.Cleanup(fullPool.Close)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "while") || strings.Contains(text, "for") {
			return // loops may take as long as they are allowed to
		}
		for _, block := range []bool{false, true} {
			var diags source.List
			p := CompileExpr(source.Detached("fuzz", text), block, &diags)
			if p == nil || !p.plain {
				continue
			}
			got, err := p.Any(context.Background(), plainPool, nativeHosts()[0])
			want, wanted := full(p).Any(context.Background(), fullPool, nativeHosts()[0])
			if !same(got, want) || (err == nil) != (wanted == nil) || err != nil && err.Error() != wanted.Error() {
				t.Errorf("%s\nplain %#v, %v\nfull  %#v, %v", text, got, err, want, wanted)
			}
		}
	})
}
