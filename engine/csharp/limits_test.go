package csharp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sekisho/engine/dotnet"
	"sekisho/engine/source"
)

// compile is for tests of what programs do.
func compile(t testing.TB, text string) *Program {
	t.Helper()
	kind := Expr
	if text[0] == '{' {
		kind = Block
	}
	var list source.List
	p := Compile(source.Detached("x", text).Slice(1, len(text)-1), kind, Options{}, &list)
	if p == nil {
		t.Fatalf("%s: %v", text, list.Sorted())
	}
	return p
}

// clock moves on by a millisecond at every look, so that a test of time needs none.
func clock() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time {
		now = now.Add(time.Millisecond)
		return now
	}
}

func TestLimits(t *testing.T) {
	f := func(text string) {
		t.Helper()
		_, ex := compile(t, text).Eval(nil, Limits{Memory: 16 << 20, Now: clock()})
		if ex == nil {
			t.Errorf("%s: it ended", text)
		} else if ex.Type != LimitExceeded && ex.Type != "System.Text.RegularExpressions.RegexMatchTimeoutException" {
			t.Errorf("%s: %s: %s", text, ex.Type, ex.Message)
		}
	}
	// Time.
	f(`{ while (true) { } }`)
	f(`{ for (;;) { } }`)
	f(`{ do { } while (true); return 1; }`)
	f(`{ while (true) { try { throw new Exception("x"); } catch { } } }`)
	f(`{ while (true) { try { while (true) { } } catch { } finally { while (true) { } } } }`)
	f(`{ int f(int n) { return f(n - 1) + f(n - 2); } return f(1000000); }`)
	f(`{ switch (1) { case 1: goto case 1; } return 1; }`)
	f(`{ Func<int, int> g = null; g = n => g(n); return g(1); }`)
	f(`(Enumerable.Range(0, 2000000000).Sum(x => (long)x))`)
	f(`(Enumerable.Repeat(1, 2000000000).Count(x => x > 1))`)
	f(`(Enumerable.Range(0, 2000000000).Last())`)
	f(`(Enumerable.Range(0, 2000000000).Contains(-1))`)
	f(`(Enumerable.Range(0, 100000).Any(x => Enumerable.Range(0, 100000).Any(y => x + y < 0)))`)
	f(`(Enumerable.Range(0, 2000000000).SkipWhile(x => x >= 0).FirstOrDefault())`)
	f(`{ var x = 0; foreach (var i in Enumerable.Range(0, 2000000000)) { x = i; } return x; }`)

	// Memory.
	f(`{ var s = "a"; while (true) { s += s; } }`)
	f(`{ var s = "a"; for (int i = 0; i < 100; i++) { s = $"{s}{s}"; } return s; }`)
	f(`{ var s = "a"; for (int i = 0; i < 100; i++) { s = string.Concat(s, s); } return s; }`)
	f(`{ var s = "a"; for (int i = 0; i < 100; i++) { s = s.Replace("a", "aa"); } return s; }`)
	f(`(new string('a', 2000000000).Length)`)
	f(`("a".PadLeft(2000000000).Length)`)
	f(`("a".PadRight(2000000000).Length)`)
	f(`(string.Join("", Enumerable.Repeat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 2000000000)).Length)`)
	f(`(string.Format("{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}{0,900000}", 1).Length)`)
	f(`(new byte[2000000000].Length)`)
	f(`(new int[1000, 1000, 1000].Length)`)
	f(`{ var l = new List<int>(); while (true) { l.Add(1); } }`)
	f(`{ var l = new Dictionary<int, int>(); while (true) { l[l.Count] = 1; } }`)
	f(`(Enumerable.Range(0, 2000000000).ToList())`)
	f(`(Enumerable.Range(0, 2000000000).ToArray())`)
	f(`(Enumerable.Range(0, 2000000000).OrderBy(x => -x).First())`)
	f(`(Enumerable.Range(0, 2000000000).Distinct().Count())`)
	f(`(Enumerable.Range(0, 2000000000).Reverse().First())`)
	f(`(Enumerable.Range(0, 2000000000).GroupBy(x => x).Count())`)
	f(`{ var b = new System.Text.StringBuilder("a"); while (true) { b.Append(b.ToString()); } }`)
	f(`{ var a = new JArray(); while (true) { a.Add(1); } }`)
	f(`{ var a = new JObject(); int i = 0; while (true) { a["k" + i++] = 1; } }`)
	f(`{ var a = new JArray(); for (int i = 0; i < 30; i++) { a = new JArray(a, a); } return a.ToString(); }`)
	f(`{ var s = new string('a', 1000000); return s.Replace("a", s).Length; }`)
	f(`{ var s = new string('a', 1000000); return s.Split('a').Length + string.Join(s, s.Split('a')).Length; }`)
	// Regular expressions keep their own time, by the real clock.
	f(`{ var s = new string('a', 1000000); return Regex.Replace(s, "a", s).Length; }`)
	f(`(Regex.IsMatch(new string('a', 50) + "!", "^(a+)+$"))`)
	f(`{ var s = new string('a', 1000000); return string.Concat(s.Select(c => s)).Length; }`)
	f(`{ var s = new string('a', 1000000); return new StringBuilder(s).Replace("a", s).Length; }`)
	f(`{ var s = new string('a', 1000000); return string.Format(string.Concat(Enumerable.Repeat("{0}", 100000)), s).Length; }`)
	f(`{ var s = new string('a', 1000000); return new JArray(s.Select(c => s)).ToString().Length; }`)

	// Depth.
	f(`{ IEnumerable<int> e = new[] { 1 }; for (int i = 0; i < 100000; i++) { e = e.Select(x => x); } return e.First(); }`)
	f(`{ IEnumerable<int> e = new[] { 1 }; for (int i = 0; i < 100000; i++) { e = e.Concat(new[] { 1 }); } return e.Count(); }`)
	f(`{ IEnumerable<int> e = new[] { 1 }; for (int i = 0; i < 100000; i++) { e = new[] { 1 }.Concat(e); } return e.Count(); }`)
	f(`{ int f(int n) => n == 0 ? 0 : 1 + f(n - 1); return f(100000); }`)
}

// An evaluation that failed leaves nothing for the next one.
func TestEvalAgain(t *testing.T) {
	p := compile(t, `{ int x = 0; try { x = 1; throw new Exception("a"); } catch (Exception e) { return e.Message + x; } }`)
	broken := compile(t, `{ var s = new[] { "a" }; return s[1]; }`)
	for range 3 {
		if v, ex := p.Eval(nil, Limits{}); ex != nil || v != "a1" {
			t.Fatalf("%v, %v", v, ex)
		}
		if _, ex := broken.Eval(nil, Limits{}); ex == nil || ex.Type != "System.IndexOutOfRangeException" {
			t.Fatalf("%v", ex)
		}
	}
}

// An exception tells where it was thrown.
func TestWhere(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		p := compile(t, text)
		_, ex := p.Eval(nil, Limits{})
		if ex == nil {
			t.Fatalf("%s: nothing was thrown", text)
		}
		if r := p.Where(ex); text[r.Start:r.End] != want {
			t.Errorf("%s: thrown at %q, want %q", text, text[r.Start:r.End], want)
		}
	}
	f(`(new[] { 1 }[2])`, `new[] { 1 }[2]`)
	f(`{ string s = null; return 1 + s.Length; }`, `Length`)
	f(`{ string s = null; return s.Trim().Length; }`, `Trim`)
	f(`{ int z = 0; return 1 / z; }`, `1 / z`)
	f(`{ object o = 1; return "a" + (string)o; }`, `o`)
	f(`("a".Substring(5))`, `Substring`)
	f(`{ return new[] { "a", null }.Select(x => x.Length).ToArray(); }`, `Length`)
	f(`{ throw new Exception("x"); }`, `throw new Exception("x");`)
	f(`(int.Parse("x"))`, `Parse`)
}

func TestProgramType(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := compile(t, text).Type().Name; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	f(`(1)`, "int")
	f(`("a" + 1)`, "string")
	f(`(1 > 2)`, "bool")
	f(`(null)`, "object")
	f(`{ if (1 > 2) { return 1; } return 2; }`, "int")
	f(`{ if (1 > 2) { return 1; } return "a"; }`, "object")
	f(`(new List<string>())`, "List<string>")
	f(`{ throw new Exception("a"); }`, "object")
}

func TestConst(t *testing.T) {
	f := func(text string, want any) {
		t.Helper()
		v, ok := compile(t, text).Const()
		if !ok || v != want {
			t.Errorf("%s: %v, %v", text, v, ok)
		}
	}
	f(`("a" + 1 + 'b')`, "a1b")
	f(`(1 + 2 * 3)`, int32(7))
	f(`(2 > 1 ? "x" : "y")`, "x")
	f(`(string.Empty)`, "")
	f(`(!true)`, false)
	if _, ok := compile(t, `(context.Request.Method)`).Const(); ok {
		t.Error("the request's method is constant")
	}
}

func TestEvalForms(t *testing.T) {
	s, null, ex := compile(t, `(1 + 1)`).EvalString(nil, Limits{})
	if s != "2" || null || ex != nil {
		t.Errorf("%q, %v, %v", s, null, ex)
	}
	_, null, ex = compile(t, `((string)null)`).EvalString(nil, Limits{})
	if !null || ex != nil {
		t.Errorf("%v, %v", null, ex)
	}
	yes, ex := compile(t, `("a".Length == 1)`).EvalBool(nil, Limits{})
	if !yes || ex != nil {
		t.Errorf("%v, %v", yes, ex)
	}
	_, ex = compile(t, `("true")`).EvalBool(nil, Limits{})
	if ex == nil || ex.Type != "System.InvalidCastException" {
		t.Errorf("%v", ex)
	}
	if got := dotnet.TypeOf(ex).Full; got != "System.InvalidCastException" {
		t.Error(got)
	}
}

// A switch over many constants is a look into a table: it counts few steps.
func TestSwitchTable(t *testing.T) {
	const cases, rounds = 2000, 5000
	f := func(typ, start, format string) {
		t.Helper()
		var b strings.Builder
		fmt.Fprintf(&b, "{ int n = 0; for (int i = 0; i < %d; i++) { %s v = %s; switch (v) { ", rounds, typ, start)
		for i := range cases {
			fmt.Fprintf(&b, "case "+format+": n += %d; break; ", i, i%2)
		}
		b.WriteString("default: n -= 1000; break; } } return n; }")
		looks := 0
		now := func() time.Time { looks++; return time.Unix(0, 0) }
		v, ex := compile(t, b.String()).Eval(nil, Limits{Now: now})
		if ex != nil || v != int32(rounds/2) {
			t.Errorf("%s: %v, %v", typ, v, ex)
		}
		// A thousand steps and more lie between two looks.
		if most := rounds * 20 / 1024; looks > most {
			t.Errorf("%s: the clock was read %d times, more than %d", typ, looks, most)
		}
	}
	f("int", "i % 2000", "%d")
	f("int?", "i % 2000", "%d")
	f("long", "i % 2000", "%d")
	f("uint", "(uint)(i % 2000)", "%d")
	f("char", "(char)(i % 2000)", "(char)%d")
	f("string", `"k" + i % 2000`, `"k%d"`)
}
