package script

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sekisho/engine/source"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The clock of regexp2 ends by itself a while after the last match.
		goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

// onePool lends one VM, so that a second evaluation gets that of the first.
func onePool(t testing.TB, l Limits) *Pool {
	l.Running = 1
	p := NewPool(l)
	t.Cleanup(p.Close)
	return p
}

// What an evaluation does to what it shares with the next one fails, or is gone.
func TestIsolation(t *testing.T) {
	pool := onePool(t, Limits{Time: 2 * time.Second})
	f := func(attack, probe, want string) {
		t.Helper()
		// Whether the attack throws does not matter: what stays does.
		_, _ = compileExpr(t, attack, true).Any(context.Background(), pool, newTestHost())
		got, err := compileExpr(t, probe, false).Text(context.Background(), pool, newTestHost())
		if err != nil || got != want {
			t.Errorf("after %s: %s = %q, %v; want %q", attack, probe, got, err, want)
		}
	}
	f(`globalThis.leak = 1`, `typeof leak`, "undefined")
	f(`this.leak = 1`, `typeof leak`, "undefined")
	f(`(0, function () { this.leak = 1 })()`, `typeof leak`, "undefined")
	f(`context = { Request: 1 }`, `context.Request.Method`, "GET")
	f(`String.prototype.trim = () => "evil"`, `" a ".trim()`, "a")
	f(`Object.defineProperty(Array.prototype, "map", { value: () => "evil" })`, `[1].map((x) => x)`, "[1]")
	f(`Object.prototype.evil = 1`, `({}).evil`, "")
	f(`({}).__proto__.evil = 1`, `({}).evil`, "")
	f(`Object.prototype.toString = () => "evil"`, `String({})`, "[object Object]")
	f(`Error.prototype.name = "evil"`, `new Error("x").name`, "Error")
	f(`Object.setPrototypeOf(Array.prototype, { evil: 1 })`, `[].evil`, "")
	f(`Object.setPrototypeOf(globalThis, { evil: 1 })`, `typeof evil`, "undefined")
	f(`JSON.parse = () => "evil"`, `JSON.parse("1")`, "1")
	f(`Math.max = () => "evil"`, `Math.max(1)`, "1")
	f(`Promise.prototype.then = null`, `await 1`, "1")
	f(`RegExp.prototype.exec = () => null`, `/a/.test("a")`, "true")
	f(`Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true })`, `[...[1]]`, "[1]")
	f(`Object.getPrototypeOf(function* () {}).constructor.evil = 1`, `Object.getPrototypeOf(function* () {}).constructor.evil`, "")
	f(`Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())).evil = 1`, `(function* () {})().evil`, "")
	f(`Object.getPrototypeOf(async function () {}).evil = 1`, `(async function () {}).evil`, "")
	f(`context.evil = 1; context.Request.evil = 1`, `context.evil ?? context.Request.evil`, "")
	f(`Object.defineProperty(context, "Request", { value: 1 })`, `context.Request.Method`, "GET")
	f(`Object.setPrototypeOf(context.Request, { evil: 1 })`, `context.Request.evil`, "")
	f(`Object.setPrototypeOf(context.Request.Headers, { get: () => "evil" })`, `context.Request.Headers.get("accept")`, "text/html")
	f(`Object.getPrototypeOf(context.Request.Headers).get = () => "evil"`, `context.Request.Headers.get("accept")`, "text/html")
	f(`Object.setPrototypeOf(context.Variables, { evil: 1 }); context.Variables.x = 1`, `context.Variables.evil ?? context.Variables.x`, "")
	f(`console.log = null; console.evil = 1`, `typeof console.log + console.evil`, "functionundefined")
	f(`fetch.evil = 1; URL.prototype.evil = 1; URL.evil = 1`, `fetch.evil ?? URL.evil ?? new URL("http://a.test").evil`, "")
	f(`crypto.hash = () => 1`, `typeof crypto.hash("MD5", "a")`, "object")
	f(`Symbol.for("x").evil = 1; Symbol.evil = 1`, `Symbol.evil`, "")
	f("((s) => { s.evil = 1; s.raw.evil = 1 })`a`", "((s) => s.evil ?? s.raw.evil)`a`", "")
	f(`setTimeout(() => { context.Variables.late = 1 }, 0)`, `context.Variables.late`, "")
	f(`new Promise(() => { throw 1 })`, `1`, "1")
	f(`Date.now = () => 0`, `Date.now() > 0`, "true")
	f(`Uint8Array.from.evil = 1; Uint8Array.prototype.evil = 1; Object.getPrototypeOf(Uint8Array).prototype.evil = 1`, `new Uint8Array(1).evil ?? Uint8Array.from.evil`, "")
	f(`new Response().constructor.evil = 1`, `1`, "1")
	f(`const r = await fetch("http://a.test/"); r.constructor.prototype.text = () => "evil"`, `(await (await fetch("http://a.test/")).text())`, `{"ok":true}`)
	// Registered symbols, what regular expressions and errors remember, iterators.
	f(`const s = Symbol.for("mine"); globalThis[s] = 1; Object.prototype[s] = 1`, `globalThis[Symbol.for("mine")]`, "")
	f(`globalThis.mark = Symbol.for("mine")`, `typeof Symbol.keyFor`, "undefined")
	f(`/(secret)/.exec("a secret")`, `RegExp.$1 ?? RegExp.lastMatch ?? RegExp["$&"] ?? RegExp.input`, "")
	f(`const r = /a/g; r.exec("aa"); RegExp.prototype.lastIndex = 5; RegExp.lastIndex = 5`, `/a/g.lastIndex + "" + RegExp.lastIndex`, "0undefined")
	f(`Error.stackTraceLimit = 0; Error.prepareStackTrace = () => "evil"`, `typeof Error.stackTraceLimit + String(new Error("x").stack).includes("evil")`, "undefinedfalse")
	f(`Error.prototype.message = "evil"; Error.prototype.toString = () => "evil"`, `String(new Error("x")) + new Error().message`, "Error: x")
	f(`Object.defineProperty(Object.prototype, "then", { get() { return (r) => r("evil"); }, configurable: true })`, `await ({ a: 1 }).then`, "")
	f(`Object.defineProperty(Array.prototype, "0", { set(v) { context.Variables.seen = v; }, configurable: true })`, `((a) => ((a[0] = 7), a[0]))([])`, "7")
	f(`Object.defineProperty(Array.prototype, Symbol.iterator, { value: function* () { yield "evil"; } })`, `[...[1]]`, "[1]")
	f(`Array[Symbol.species] = 1; Array.prototype[Symbol.isConcatSpreadable] = true`, `[1].concat([2]).map((x) => x)`, "[1,2]")
	f(`Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => "evil"`, `((x) => x).call(null, 1) + ((x) => x).apply(null, [1])`, "2")
	f(`Function.prototype[Symbol.hasInstance] = () => true`, `1 instanceof Date`, "false")
	f(`Map.prototype.get = Set.prototype.has = WeakMap.prototype.get = () => "evil"`, `new Map([[1, 2]]).get(1)`, "2")
	f(`Number.prototype.toString = Boolean.prototype.toString = Symbol.prototype.toString = () => "evil"`, `String(1) + (1).toString()`, "11")
	f(`Date.prototype.getTime = () => 0; Date.prototype[Symbol.toPrimitive] = () => 0`, `new Date(5).getTime()`, "5")
	f(`Reflect.apply = Reflect.ownKeys = Proxy.revocable = () => "evil"`, `Reflect.ownKeys({ a: 1 })`, `["a"]`)
	f(`Promise.resolve = Promise.all = () => "evil"; Promise.prototype.constructor = 1`, `await Promise.all([Promise.resolve(1)])`, "[1]")
	f(`Math.random = () => 4; Math.PI = 3`, `Math.random() < 1 && Math.PI > 3.1`, "true")
	f(`String.raw.evil = 1; String.fromCharCode = () => "evil"`, `String.raw.evil ?? String.fromCharCode(65)`, "A")
	f(`definePolicy.evil = 1; Fault.prototype.evil = 1; Fault.evil = 1; globalThis.Fault = 1`, `definePolicy.evil ?? Fault.evil ?? new Fault("x").evil`, "")
	f(`structuredClone.evil = queueMicrotask.evil = 1; Headers.prototype.get = () => "evil"`, `structuredClone.evil ?? queueMicrotask.evil ?? new Headers({ a: "b" }).get("a")`, "b")
	f(`TextEncoder.prototype.encode = () => 1; TextDecoder.prototype.decode = () => 1; URLSearchParams.prototype.get = () => 1`, `new TextDecoder().decode(new TextEncoder().encode("a")) + new URLSearchParams("a=b").get("a")`, "ab")
	f(`Object.freeze = (o) => o; Object.isFrozen = () => false`, `Object.isFrozen(Object.freeze({}))`, "true")
	f(`Object.getOwnPropertyDescriptor(Object.prototype, "__proto__").set.call(Array.prototype, { evil: 1 })`, `[].evil`, "")
	f(`({}).__proto__ = null; Object.prototype.__defineGetter__ && Object.prototype.__defineGetter__("evil", () => 1)`, `({}).evil`, "")
	f(`(function* () {}).prototype.evil = 1; Object.getPrototypeOf((function* () {}).prototype).evil = 1`, `(function* () {})().evil`, "")
	f(`const p = Object.getPrototypeOf("a".matchAll(/a/g)); p.next = () => ({ done: true })`, `[..."aa".matchAll(/a/g)].length`, "2")
	f(`Object.getPrototypeOf(new Map().keys()).next = Object.getPrototypeOf(new Set().keys()).next = null`, `[...new Map([[1, 2]]).keys(), ...new Set([3]).keys()]`, "[1,3]")
	f("String.raw`a`; ((s) => { try { s.push(1) } catch {} })`a`", "((s) => s.length)`a`", "1")
	f(`context.Variables.big = { a: [1] }; context.Variables.big.a.push(2)`, `context.Variables.ContainsKey("big")`, "false")
	f(`context.Request.Headers.keep = 1; context.Request.Headers[Symbol.for("x")] = 1`, `context.Request.Headers[Symbol.for("x")] ?? context.Request.Headers.ContainsKey("keep")`, "false")
	f(`(function f() { f() })()`, `(function f(n) { return n ? f(n - 1) : "deep" })(300)`, "deep")
	f(`const o = { get x() { return this.x } }; try { o.x } catch {}; o.x`, `(function f(n) { return n ? [n].map(() => f(n - 1))[0] : "deep" })(100)`, "deep")
	f(`const f = () => [1].map(f); try { f() } catch {}; f()`, `(function f(n) { return n ? [n].map(() => f(n - 1))[0] : "deep" })(100)`, "deep")
	f(`new Array(1e5).fill(0).map((x) => [x]); (function f(n) { if (n) f(n - 1) })(400)`, `1`, "1")
	f(`const b = context.Request.Body.bytes(); b.fill(0)`, `context.Request.Body.json().name`, "Ada")
}

// Nothing makes code of text.
func TestNoCodeFromText(t *testing.T) {
	pool := testPool(t)
	for _, code := range []string{
		`eval("1")`, `Function("return 1")()`, `new Function("return 1")()`, `(() => {}).constructor("return 1")()`,
		`(function* () {}).constructor("yield 1")`, `(async () => {}).constructor("return 1")`,
		`Object.getPrototypeOf(function () {}).constructor("1")`, `Reflect.construct(Function, ["1"])`,
		`setTimeout("1", 1)`, `new (class extends Function {})("1")`,
	} {
		if v, err := eval(t, pool, newTestHost(), code); err == nil {
			t.Errorf("%s = %v, want an error", code, v)
		}
	}
}

// Everything here ends, with a Fault, in a VM that is not used again; or it is done
// before the budget is over. The process lives and goes on.
func TestBudgets(t *testing.T) {
	pool := onePool(t, Limits{Time: 50 * time.Millisecond})
	for _, code := range []string{
		`for (;;) {}`,
		`while (true) { try { for (;;) {} } catch {} finally { for (;;) {} } }`,
		`(function f() { f() })()`,
		`const f = () => [1].map(f); f()`,
		`const o = { get x() { return this.x } }; o.x`,
		`const p = new Proxy({}, { get(t, k, r) { return r[k] } }); p.x`,
		`const o = { toString() { return "" + this } }; "" + o`,
		`await (async function f() { await 0; return f() })()`,
		`function f() { Promise.resolve().then(f) } f(); await new Promise(() => {})`,
		`new Array(1 << 26).join("ab")`,
		`new Array(3e7).fill(0)`,
		`"a".repeat(1 << 14).replace(/a/g, "a".repeat(1 << 14))`,
		`"a".repeat(1 << 20).replaceAll("a", "$'")`,
		`"x".repeat(1 << 29)`, `"abcdefgh".repeat(1 << 25)`, `"x".padStart(1 << 28)`, `"x".padEnd(1 << 28)`,
		`new Uint8Array(1 << 30)`, `new ArrayBuffer(1 << 30)`, `new Float64Array({ length: 1 << 30 })`,
		`/^(a+)+\1$/.test("a".repeat(32) + "!")`,
		`/^(?=a)(a+)+$/.test("a".repeat(40) + "!")`,
		`new RegExp("^(?=a)(a+)+$").exec("a".repeat(40) + "!")`,
		`"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".match("^(?=a)(a+)+$")`,
		`"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".replace(/^(?=a)(a+)+$/, "")`,
		`new RegExp("(".repeat(1e5))`, `"a".match("(".repeat(1e5))`,
		`JSON.parse("[".repeat(3e6))`,
		`let v = 0; for (let i = 0; i < 50000; i++) v = [v]; JSON.stringify(v)`,
		`let v = 0; for (let i = 0; i < 5000; i++) v = [v]; String(v)`,
		`const a = []; a.push(a, a); a.flat(Infinity)`,
		`const a = []; a[0] = a; JSON.stringify(a)`,
		`Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 0)`,
		`Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 0)`,
		`Array.prototype.forEach.call({ length: 2 ** 53 - 1 }, () => 0)`,
		`const a = []; a.length = 2 ** 32 - 1; a.includes(1)`,
		`const a = []; a.length = 2 ** 32 - 1; a.sort()`,
		`const a = []; a.length = 2 ** 32 - 1; a.reverse()`,
		`const a = []; a.length = 2 ** 32 - 1; [...a]`,
		`const a = []; a.length = 2 ** 32 - 1; Math.max(...a)`,
		`const a = []; a.length = 2 ** 32 - 1; new Set(a)`,
		`const a = []; a.length = 2 ** 32 - 1; const [...b] = a`,
		`const a = []; a.length = 2 ** 32 - 1; Object.keys(a)`,
		`Array.from({ length: 2 ** 32 - 1 })`,
		`Array.from({ [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) })`,
		`new Map((function* () { for (;;) yield [1, 1] })())`,
		`Math.max.apply(null, { length: 1e9 })`,
		`Reflect.apply(Math.max, null, { length: 1e9 })`,
		`Reflect.construct(Date, { length: 1e9 })`,
		`String.fromCharCode.apply(null, { length: 1e9 })`,
		`const a = Array.from({ length: 2e5 }, (_, i) => String(i)); for (;;) a.sort()`,
		`let s = "a"; for (;;) { s = s.concat(s) }`,
		`[].concat(...Array(100).fill(Array(1e6)))`,
		`new Array(-1)`,
		`for (;;) crypto.hash("SHA-512", "x".repeat(1e5))`,
		`for (;;) setTimeout(() => {}, 1)`,
		`for (;;) fetch("http://a.test/").catch(() => {})`,
		`for (;;) structuredClone({ a: [1, { b: 2 }] })`, `let v = []; for (let i = 0; i < 1e4; i++) v = [v]; structuredClone(v)`,
		`await new Promise(() => {})`,
		`await { then() {} }`,
		`throw 1`, `throw undefined`, `throw { toString() { for (;;) {} } }`, `throw { get message() { for (;;) {} } }`,
		`throw new Proxy({}, { get() { throw 1 } })`,
		`Promise.reject(new Error("unhandled"))`,
		`return { toJSON() { for (;;) {} } }`,
		`return Symbol()`,
		`new Uint8Array(8e6).sort()`,
		`class A { static { for (;;) {} } }`,
		"for (;;) `${`${1}`}`",
		`label: for (;;) { continue label }`,
	} {
		begun := time.Now()
		_, err := compileExpr(t, code, true).Any(context.Background(), pool, newTestHost())
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v, want an *Error", code, err)
		} else if e.Kind == Internal {
			t.Errorf("%s: %v", code, e.Message)
		}
		if took := time.Since(begun); took > 500*time.Millisecond {
			t.Logf("%s: took %v", code, took)
		}
		if v, err := eval(t, pool, newTestHost(), `1 + 1`); err != nil || v != int32(2) {
			t.Fatalf("after %s: %v, %v", code, v, err)
		}
	}
}

func TestErrorKinds(t *testing.T) {
	pool := onePool(t, Limits{Time: 500 * time.Millisecond, Total: time.Second})
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		code string
		ctx  context.Context
		kind Kind
		want string
	}{
		{`throw new RangeError("r")`, nil, Thrown, "RangeError: r"},
		{`throw "text"`, nil, Thrown, "text was thrown"},
		{`await Promise.reject({ a: 1 })`, nil, Thrown, `{"a":1} was thrown`},
		{`for (;;) {}`, nil, OverBudget, "the script used more than 500ms of processor time"},
		{`await new Promise(() => {})`, nil, Unsettled, "the script waits for a promise that nothing will settle"},
		{`await new Promise((done) => setTimeout(done, 1e6))`, nil, OverLimit, "the script did not end within 1s"},
		{`await new Promise((done) => setTimeout(done, 1e6))`, canceled, Canceled, "the request ended while the script waited"},
		{`(function f() { f() })()`, nil, Thrown, "RangeError: too many calls are open at once"},
		{`context.Request.Body.text()`, nil, Thrown, "Error: The message body has already been read."},
	} {
		h := newTestHost()
		h.reqBody = []byte("consumed")
		ctx := tt.ctx
		if ctx == nil {
			ctx = context.Background()
		}
		_, err := compileExpr(t, tt.code, true).Any(ctx, pool, h)
		var e *Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Message != tt.want {
			t.Errorf("%s: got %+v, want kind %d: %s", tt.code, err, tt.kind, tt.want)
		}
	}
}

// The clock stands while a script waits, and starts again after it.
func TestWaitingCostsNothing(t *testing.T) {
	pool := onePool(t, Limits{Time: 40 * time.Millisecond, Total: 20 * time.Second})
	h := newTestHost()
	h.send = func(context.Context, *Outgoing) (*Incoming, error) {
		time.Sleep(150 * time.Millisecond)
		return &Incoming{Status: 200}, nil
	}
	if v, err := eval(t, pool, h, `await fetch("http://a.test/"); return 1`); err != nil || v != int32(1) {
		t.Errorf("got %v, %v", v, err)
	}
	_, err := eval(t, pool, h, `await fetch("http://a.test/"); for (;;) {} return 1`)
	var e *Error
	if !errors.As(err, &e) || e.Kind != OverBudget {
		t.Errorf("got %v", err)
	}
}

// Scripts that wait for one another through the only place do not lock up.
func TestWaitingHoldsNoPlace(t *testing.T) {
	pool := onePool(t, Limits{Time: time.Second, Total: 20 * time.Second})
	inner := compileExpr(t, `await fetch("http://leaf.test/"); return "inner"`, true)
	h := newTestHost()
	h.send = func(ctx context.Context, r *Outgoing) (*Incoming, error) {
		v, err := inner.Text(ctx, pool, newTestHost())
		return &Incoming{Status: 200, Body: []byte(v)}, err
	}
	got, err := compileExpr(t, `return await (await fetch("http://a.test/")).text()`, true).Text(context.Background(), pool, h)
	if err != nil || got != "inner" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTooManyWait(t *testing.T) {
	pool := onePool(t, Limits{Time: time.Second, Total: 20 * time.Second, Waiting: 1})
	release := make(chan struct{})
	arrived := make(chan struct{})
	h := newTestHost()
	h.send = func(context.Context, *Outgoing) (*Incoming, error) {
		close(arrived)
		<-release
		return &Incoming{Status: 200}, nil
	}
	program := compileExpr(t, `await fetch("http://a.test/"); return 1`, true)
	done := make(chan error, 1)
	go func() {
		_, err := program.Any(context.Background(), pool, h)
		done <- err
	}()
	<-arrived
	for pool.waiting.Load() == 0 {
		runtime.Gosched()
	}
	_, err := program.Any(context.Background(), pool, newTestHost())
	var e *Error
	if !errors.As(err, &e) || e.Kind != Busy {
		t.Errorf("got %v, want Busy", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Many goroutines, values that must not mix, some of them over budget.
func TestParallel(t *testing.T) {
	pool := NewPool(Limits{Time: 300 * time.Millisecond, Running: 3})
	defer pool.Close()
	value := compileExpr(t, `context.Variables.n = context.Variables.n + 1; return context.Variables.n`, true)
	endless := compileExpr(t, `for (;;) {}`, true)
	waiting := compileExpr(t, `await fetch("http://a.test/"); return context.Variables.n`, true)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 40 {
				h := newTestHost()
				n := int32(g*1000 + i)
				h.vars["n"] = n
				if i == 20 {
					if _, err := endless.Any(context.Background(), pool, h); err == nil {
						t.Error("an endless loop ended")
					}
					continue
				}
				p, want := value, n+1
				if i%4 == 0 {
					p, want = waiting, n
				}
				if v, err := p.Any(context.Background(), pool, h); err != nil || v != want {
					t.Errorf("got %v, %v; want %d", v, err, want)
				}
			}
		}()
	}
	wg.Wait()
	pool.mu.Lock()
	defer pool.mu.Unlock()
	if len(pool.live) > 3 || len(pool.idle) != len(pool.live) {
		t.Errorf("%d VMs live, %d idle", len(pool.live), len(pool.idle))
	}
}

func TestScanRefuses(t *testing.T) {
	million := 1_000_000
	for _, tt := range []struct{ name, text, want string }{
		{"parentheses", strings.Repeat("(", million), "more than 1000 brackets are open here"},
		{"brackets", strings.Repeat("[", million), "more than 1000 brackets are open here"},
		{"braces", strings.Repeat("{", million), "more than 1000 brackets are open here"},
		{"objects", strings.Repeat("a={b:", 200_000), "more than 1000 brackets are open here"},
		{"calls", strings.Repeat("f(", 500_000), "more than 1000 brackets are open here"},
		{"templates", strings.Repeat("`${", 300_000), "more than 1000 brackets are open here"},
		{"not", strings.Repeat("!", million) + "1", "more than 10000 operators follow one another in one statement"},
		{"minus", strings.Repeat("- ", 500_000) + "1", "more than 10000 operators follow one another in one statement"},
		{"sum", strings.Repeat("1+", 500_000) + "1", "more than 10000 operators follow one another in one statement"},
		{"sum over lines", strings.Repeat("1+\n", 300_000) + "1", "more than 10000 operators follow one another in one statement"},
		{"typeof", strings.Repeat("typeof ", 100_000) + "1", "more than 10000 operators follow one another in one statement"},
		{"arrows", strings.Repeat("a=>", 300_000) + "1", "more than 10000 operators follow one another in one statement"},
		{"conditions", strings.Repeat("a?b:", 250_000) + "1", "more than 10000 operators follow one another in one statement"},
		{"members", "a" + strings.Repeat(".a", 500_000), "more than 10000 operators follow one another in one statement"},
		{"if", strings.Repeat("if(a)\n", 100_000) + "1", "more than 10000 operators follow one another in one statement"},
		{"else", strings.Repeat("if(a)1\nelse ", 60_000) + "1", "more than 10000 operators follow one another in one statement"},
		{"labels", strings.Repeat("a:", 500_000) + "1", "more than 10000 operators follow one another in one statement"},
		{"long", strings.Repeat(" ", maxSource+1), "the text has 1048577 bytes; at most 1048576 are allowed"},
		{"regular expression", "/" + strings.Repeat("(", 1000) + "/", "the regular expression nests more than 200 groups"},
		{"property classes", `/\p{L}/u`, `\p{…} is not supported in regular expressions here`},
		{"slash after a brace", `function f() {} /"/`, "only a parser can tell whether this slash divides or begins a regular expression"},
		{"HTML", "a <!-- b", "comments of HTML are not allowed"},
		{"unclosed", "(1", `"(" is not closed`},
		{"crossed", "(1]", `unexpected "]", expected ")"`},
		{"string", "'a\n'", "the string does not end on its line"},
	} {
		p := scan(tt.text)
		got := ""
		if p != nil {
			got = p.message
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		var diags source.List
		if CompileExpr(source.Detached("p.xml", tt.text), true, &diags) != nil || diags.Errors() != 1 {
			t.Errorf("%s: compiled, or %d errors", tt.name, diags.Errors())
		}
	}
}

func TestScanAccepts(t *testing.T) {
	for _, text := range []string{
		`a / b / c`, `(a) / 2; if (x) /re"/.test(y)`, `x = a++ / 2`, "`a${`b${1}`}c` / 2", `/[/"]/.test("(")`, `"\"(" + '\'['`,
		"// (((\n/* ((( */ 1", `return /a\/"/`, "a\n/b/g", `for (const x of y) /"/.test(x)`, `x => /'/.test(x)`, `({ if: 1 }).if / 2`,
		`f<T>(x)`, `a > b / c`, `x!.y`, `1_000.5e3 / 2`, `class A { #p = 1; static { } }`, strings.Repeat("a + 1;\n", 20_000), strings.Repeat("f()\nx = 1\n", 9_000),
		`{ "a": [` + strings.Repeat("1,", 50_000) + `1] }`, "a\u00a0/ 2", "'\u2028'", "x = 'a\\\r\nb'",
	} {
		if p := scan(text); p != nil {
			t.Errorf("%.40q: %s at %d", text, p.message, p.at)
		}
	}
}

func TestExpressionDiagnostics(t *testing.T) {
	for _, tt := range []struct {
		text  string
		block bool
		want  string
	}{
		{`1 +`, false, `1:4 the expression ends too early`},
		{`a b`, false, `1:3 unexpected identifier`},
		{"\n  let x = ;", true, `2:11 unexpected token ;`},
		{``, false, `1:1 the expression is empty`},
		{`1); (2`, false, `1:2 unexpected ")": no bracket is open`},
		{`1; 2`, false, `1:2 unexpected token ;`},
		{`return 1`, false, `1:1 unexpected token return`},
		{`10n`, false, `1:1 big integers are not available here`},
		{`with (a) {}`, true, `1:1 strict mode code may not include a with statement`},
		{`let a; let a;`, true, `1:12 identifier 'a' has already been declared`},
		{`async () => { await 1 }, await`, false, `1:31 the expression ends too early`},
	} {
		var diags source.List
		p := CompileExpr(source.Detached("p.xml", tt.text), tt.block, &diags)
		if p != nil || diags.Errors() == 0 {
			t.Errorf("%q compiled", tt.text)
			continue
		}
		d := diags.Sorted()[0]
		if got := fmt.Sprintf("%d:%d %s", d.Range.Pos().Line, d.Range.Pos().Col, d.Message); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

// Whatever scan lets through, the parser survives, and no deeper than scan says.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"a/b/c", "`${`${1}`}`", "if(x)/a/.b", "x={}/2", "/[/]/g", "a\n++\n/b/", "'\\\n'", "/*\n*/-->", "\u2028/\"/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p := scan(text); p != nil {
			if p.at < 0 || p.end < p.at || p.end > len(text)+1 {
				t.Fatalf("bad place %d-%d in %d bytes", p.at, p.end, len(text))
			}
			return
		}
		var diags source.List
		CompileExpr(source.Detached("p.xml", text), true, &diags)
		for _, d := range diags.Sorted() {
			if d.Range.Start < 0 || d.Range.End > len(text) || d.Range.End < d.Range.Start {
				t.Fatalf("bad range %d-%d in %d bytes", d.Range.Start, d.Range.End, len(text))
			}
		}
	})
}
