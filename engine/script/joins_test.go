package script

import (
	"context"
	"strings"
	"testing"
)

// Sums and template literals are what they are everywhere else.
func TestJoins(t *testing.T) {
	pool := testPool(t)
	for _, tt := range []struct{ expr, want string }{
		{`const a = 1, b = 2, c = "3"; return a + b + c + (a + b)`, "333"},
		{`const a = null, b = undefined; return a + "|" + b + (a + b) + [a + a]`, "null|undefinedNaN0"},
		{`const a = [1, 2], o = { valueOf: () => 7, toString: () => "no" }; return a + o`, "1,27"},
		{`let s = "a"; const t = "ä"; s += t; s += s + t; s += 1; return s`, "aäaää1"},
		{`let n = 1; const m = 2; n += m; return n += n`, "6"},
		{`let s = "a"; const f = () => { s = "z"; return "b"; }; s += f(); return s`, "ab"},
		{`const o = { k: "a" }, k = "k"; const v = () => "b"; o.k += v(); o[k] += v(); o["k"] += v(); return o.k`, "abbb"},
		{`let n = 0; const o = { get p() { n++; return { k: "a" }; } }; const v = "b"; o.p.k += v; return n`, "1"},
		{`const o = { a: "a" }; let k = "a"; const f = () => { k = "z"; return "b"; }; o[k] += f(); return o.a + Object.keys(o)`, "aba"},
		{`const o = { k: "a" }; let p = o; const f = () => { p = null; return "b"; }; p.k += f(); return o.k`, "ab"},
		{`class A { #s = "a"; s = "x"; add(v) { this.#s += v; this.s += v; return this.#s + this.s; } } return new A().add("b")`, "abxb"},
		{`const a = [1, 2]; let i = 0; const v = 5; a[i++] += v; return a.join() + i`, "6,21"},
		{"const a = 1, b = 'ä', c = null; return `${a}${b}` + `<${a}-${b}-${c}>` + `${c}|` + `` + `x`", "1ä<1-ä-null>null|x"},
		{"const a = 1, b = 2, s = 'in'; return `${a}${`[${s}-${a + b}]`}${b}`", "1[in-3]2"},
		{"const log = [], v = (x) => ({ toString() { log.push('s' + x); return x; } }), e = (x) => (log.push(x), v(x)); return `${e('a')}-${e('b')}` + log", "a-ba,sa,b,sb"},
		{"const tag = (s, ...v) => s.raw.join('_') + v; const a = 1, b = 2; return tag`x${a}y${b}z`", "x_y_z1,2"},
		{"const a = Symbol('q'), b = 1; try { return `${b}${a}`; } catch (e) { return e.name; }", "TypeError"},
		{"const a = Symbol('q'), b = 1; try { return a + b; } catch (e) { return e.name; }", "TypeError"},
		{"const a = '\\ud83d', b = '\\ude00'; return `${a}${b}` + a + b", "😀😀"},
		{`const s = "x".repeat(1 << 23); return (s + s).length`, "16777216"},
		{`const f = (a, b = a + a) => b + a; return f("q") + ((x) => x + x)("r")`, "qqqrr"},
	} {
		got, err := compileExpr(t, tt.expr, true).Text(context.Background(), pool, newTestHost())
		if err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v; want %q", tt.expr, got, err, tt.want)
		}
	}
}

// What would be longer than maxJoined is refused, and caught it has not grown.
func TestJoinsRefuse(t *testing.T) {
	pool := NewPool(Limits{Time: MaxTime, Memory: 1 << 30})
	t.Cleanup(pool.Close)
	const refused = "the string would be longer than 16777216 characters"
	for _, tt := range []struct{ name, code, want string }{
		{"sum", `const s = ("x".repeat(1 << 23) + "x".repeat(1 << 23)), t = "x"; s + t`, refused},
		{"sum of sums", `const s = "x".repeat(1 << 23); (s + s) + (s + s)`, refused},
		{"add", `let s = ("x".repeat(1 << 23) + "x".repeat(1 << 23)); s += s`, refused},
		{"add to a member", `const o = { k: ("x".repeat(1 << 23) + "x".repeat(1 << 23)) }; o.k += o.k`, refused},
		{"add to an element", `const o = [("x".repeat(1 << 23) + "x".repeat(1 << 23))]; let i = 0; o[i++] += o[0]`, refused},
		{"template", "const s = ('x'.repeat(1 << 23) + 'x'.repeat(1 << 23)); `${s}${s}`", refused},
		{"template of many", "const s = 'x'.repeat(1 << 23); `a${s}b${s}c${1}`", refused},
		{"wide sum", `const s = "ä".repeat(1 << 22); (s + s) + s`, "the string would be longer than 8388608 characters"},
		{"wide template", "const s = 'x'.repeat(1 << 23), t = 'ä'; `${s}${t}`", "the string would be longer than 8388608 characters"},
		{"nowhere to hide", `const f = (x) => x; let s = "x".repeat(1 << 23); Reflect.set(globalThis, "+", f); Reflect.defineProperty(globalThis, "+", { value: f }); Reflect.deleteProperty(globalThis, "+"); s + s + s`, refused},
	} {
		got, err := eval(t, pool, newTestHost(), "try { "+tt.code+"; } catch (e) { return e.message; } return 'made'")
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, %v; want %q", tt.name, got, err, tt.want)
		}
	}
	got, err := eval(t, pool, newTestHost(), `let s = ("x".repeat(1 << 23) + "x".repeat(1 << 23)); for (let i = 0; i < 3; i++) try { s += s; } catch {} return s.length`)
	if err != nil || got != int32(1<<24) {
		t.Errorf("after three refusals it has %v characters, %v", got, err)
	}
}

// Sums that cannot grow by more than what is written are compiled as they are.
func TestJoinsLeaveAlone(t *testing.T) {
	pool := testPool(t)
	long := "x" + strings.Repeat(` + "y"`, 9000)
	if got, err := eval(t, pool, newTestHost(), `const x = "a"; return (`+long+`).length`); err != nil || got != int32(9001) {
		t.Errorf("a long sum is %v, %v", got, err)
	}
	if got, err := eval(t, pool, newTestHost(), `const x = "a"; return (x`+strings.Repeat(" + x", 9000)+`).length`); err != nil || got != int32(9001) {
		t.Errorf("a long sum of variables is %v, %v", got, err)
	}
}

func BenchmarkJoins(b *testing.B) {
	pool := NewPool(Limits{Time: MaxTime})
	defer pool.Close()
	for _, run := range []struct{ name, body string }{
		{"literal", `r = "a-" + x + "-b"`},
		{"two", `r = x + "-" + y`},
		{"numbers", `r = i + n`},
		{"template", "r = `${x}-${y}`"},
		{"template3", "r = `${x}-${y}/${n}`"},
	} {
		p := compileExpr(b, `let x = "abc", y = "defg", n = 5, r; for (let i = 0; i < 1000; i++) { `+run.body+`; } return r`, true)
		b.Run(run.name, func(b *testing.B) {
			h := newTestHost()
			for b.Loop() {
				if _, err := p.Any(b.Context(), pool, h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
