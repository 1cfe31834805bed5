package csharp

import (
	"testing"

	"sekisho/engine/dotnet"
)

// What C# does where its other implementations, or a careless reader, differ.
func TestLanguage(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		v, ex := compile(t, text).Eval(nil, Limits{})
		got := ""
		if ex != nil {
			got = "!" + ex.Type
		} else {
			got = dotnet.ToString(v)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	// Evaluation order and compound assignment.
	f(`{ int i = 0; var a = new int[3]; a[i++] = i++; a[i] = i; return a[0] + "," + a[1] + "," + a[2]; }`, "1,0,2")
	f(`{ int i = 1; i += i++ * 2 + ++i; return i; }`, "6")
	f(`{ var a = new[] { 1, 2 }; int i = 0; a[i++] += 10; return a[0] + "," + i; }`, "11,1")
	f(`{ short s = 1; s += 70000 - 70000; s <<= 3; s >>= 1; return s; }`, "4")
	f(`{ string s = null; s += 1; s += 'a'; s += null; return s; }`, "1a")
	f(`{ byte b = 255; b++; return b; }`, "0")
	f(`{ checked { try { byte b = 255; b++; return b; } catch (OverflowException) { return "overflow"; } } }`, "overflow")
	f(`{ int x = int.MaxValue; unchecked { return checked(unchecked(x + 1) - 1 + 1); } }`, "!System.OverflowException")

	// Constants.
	f(`(0x7fffffff + 1L)`, "2147483648")
	f(`(unchecked((int)0xFFFFFFFF))`, "-1")
	f(`{ byte b = 5; sbyte s = -5; ushort u = 65535; return b + s + u; }`, "65535")
	f(`{ const int k = 10; const string s = "k" + "=" ; return s + k; }`, "k=10")
	f(`('a' + 1 + "b" + 'c' + 1)`, "98bc1")
	f(`((char)('a' + 1))`, "b")
	f(`(1.0 + "")`, "1")
	f(`(true ? 1 : 2.5)`, "1")

	// Nullable values.
	f(`{ int? a = 1, b = null; return (a + b) ?? -1; }`, "-1")
	f(`{ int? a = 1; a++; a += 2; return a.Value; }`, "4")
	f(`{ int? a = null; return a > 1 || a <= 1 || a == null; }`, "True")
	f(`{ int? a = null; long? b = a; double d = b ?? 1.5; return d; }`, "1.5")
	f(`{ DateTime? d = null; return d?.Year ?? 1; }`, "1")
	f(`{ int? a = null; return (int)a; }`, "!System.InvalidOperationException")
	f(`{ object o = (int?)5; return o is int n ? n + 1 : 0; }`, "6")
	f(`{ bool? b = true; return b & null | true; }`, "True")
	f(`{ int? a = 3; int? b = -a; return b.ToString() + ~a; }`, "-3-4")

	// Null-conditional chains.
	f(`{ string s = null; return s?.Trim().Length.ToString() ?? "none"; }`, "none")
	f(`{ string s = " a "; return s?.Trim()?.Length; }`, "1")
	f(`{ int[] a = null; return a?[0].ToString() ?? "none"; }`, "none")
	f(`{ string s = null; return (s?.Length).GetValueOrDefault(7); }`, "7")
	f(`{ string[] a = { "x" }; return a?[0]?.ToUpper(); }`, "X")

	// Closures and local functions.
	f(`{ var l = new List<Func<int>>(); for (int i = 0; i < 3; i++) { int j = i; l.Add(() => j + i); } return string.Join(",", l.Select(g => g())); }`, "3,4,5")
	f(`{ int n = 0; Action inc = () => n++; inc(); inc(); return n; }`, "2")
	f(`{ int n = 0; void Inc(int by) { n += by; } Inc(2); Inc(by: 3); return n; }`, "5")
	f(`{ bool even(int n) => n == 0 || odd(n - 1); bool odd(int n) => n != 0 && even(n - 1); return even(10) + "," + odd(7); }`, "True,True")
	f(`{ int x = 1; int f() { int y = x; x = 5; return y; } return f() + "," + x; }`, "1,5")
	f(`{ Func<int, Func<int, Func<int, int>>> f = a => b => c => a * 100 + b * 10 + c; return f(1)(2)(3); }`, "123")
	f(`{ Func<int, int> fact = null; fact = n => n < 2 ? 1 : n * fact(n - 1); return fact(10); }`, "3628800")
	f(`{ void Swap(ref int a, ref int b) { var t = a; a = b; b = t; } int x = 1, y = 2; Swap(ref x, ref y); return x + "," + y; }`, "2,1")
	f(`{ bool Try(string s, out int n) { n = s.Length; return n > 0; } return Try("abc", out var n) ? n : -1; }`, "3")
	f(`{ int Sum(params int[] xs) => xs.Sum(); return Sum() + Sum(1) + Sum(1, 2) + Sum(new[] { 4 }); }`, "8")
	f(`{ var n = 10; return new[] { 1, 2, 3 }.Where(x => { var y = x * n; return y > 10; }).Select(x => new { x, n }).Last().x; }`, "3")
	f(`{ Func<string, int> p = int.Parse; return p("5") + new[] { "1", "2" }.Select(int.Parse).Sum(); }`, "8")

	// Patterns and switch.
	f(`{ object o = "abc"; if (!(o is string s)) { return "no"; } return s.Length; }`, "3")
	f(`{ object o = 5; return o is int n && n > 3 ? n : 0; }`, "5")
	f(`{ object o = null; return o is null; }`, "True")
	f(`{ object o = 5; switch (o) { case int n when n > 10: return "big"; case int n: return "int" + n; case null: return "null"; default: return "other"; } }`, "int5")
	f(`{ string s = "b"; var r = ""; switch (s) { case "a": case "b": r += "ab"; goto case "c"; case "c": r += "c"; break; default: r = "d"; break; } return r; }`, "abc")
	f(`{ for (int i = 0; ; i++) { switch (i) { case 3: return "three"; default: continue; } } }`, "three")
	f(`{ DayOfWeek d = DayOfWeek.Friday; switch (d) { case DayOfWeek.Monday: return 1; case DayOfWeek.Friday: return 5; } return 0; }`, "5")

	// Exceptions.
	f(`{ var s = ""; for (int i = 0; i < 3; i++) { try { if (i == 1) continue; s += i; } finally { s += "f"; } } return s; }`, "0ff2f")
	f(`{ int f() { try { return 1; } finally { } } return f(); }`, "1")
	f(`{ int x = 0; int f() { try { x = 1; return x; } finally { x = 2; } } return f() + "," + x; }`, "1,2")
	f(`{ try { try { throw new ArgumentException("a"); } catch (FormatException) { return "f"; } finally { } } catch (ArgumentException e) { return e.Message; } }`, "a")
	f(`{ try { throw new Exception("a"); } catch (Exception e) when (e.Message == "b") { return "b"; } catch { return "c"; } }`, "c")
	f(`{ try { try { throw new FormatException("a"); } catch { throw; } } catch (FormatException e) { return e.Message; } }`, "a")
	f(`{ try { int.Parse("x"); return 0; } catch (Exception e) when (e is FormatException) { return 1; } }`, "1")
	f(`{ using (var s = new StringReader("a")) { return s.ReadToEnd(); } }`, "a")

	// Tuples and anonymous types.
	f(`{ var t = (a: 1, b: "x"); t.a = 5; var u = t; u.a = 6; return t.a + "," + u.Item1 + t.b; }`, "5,6x")
	f(`{ (int x, int y) = (1, 2); (x, y) = (y, x); return x + "," + y; }`, "2,1")
	f(`{ (int min, int max) Range(int[] v) => (v.Min(), v.Max()); var r = Range(new[] { 3, 1, 2 }); return r.min + "-" + r.max; }`, "1-3")
	f(`{ foreach (var (k, v) in new Dictionary<string, int> { ["a"] = 1 }) { return k + v; } return ""; }`, "a1")
	f(`{ var x = new { A = 1, B = new { C = "c" } }; return x.B.C + x; }`, "c{ A = 1, B = { C = c } }")
	f(`{ var name = "n"; var o = new { name, name.Length }; return o.name + o.Length; }`, "n1")
	f(`((1, "a").Equals((1, "a")))`, "True")

	// Initialisers, arrays, generics.
	f(`{ var d = new Dictionary<string, List<int>> { { "a", new List<int> { 1, 2 } }, ["b"] = new List<int>() }; return d["a"].Count + "," + d.Count; }`, "2,2")
	f(`{ int[,] g = { { 1, 2, 3 }, { 4, 5, 6 } }; return g[1, 2] + g.Length + g.GetLength(1); }`, "15")
	f(`{ int[][] j = new int[2][]; j[0] = new[] { 1 }; return j[1] == null; }`, "True")
	f(`{ object[] o = { 1, "a", null }; return o.Length; }`, "3")
	f(`{ List<List<int>> l = new List<List<int>>() { new List<int> { 1 >> 0 } }; return l[0][0]; }`, "1")
	f(`{ bool a = 1 < 2, b = 3 > (2); return a == b; }`, "True")

	// Overloads.
	f(`(string.Join(",", "a", "b"))`, "a,b")
	f(`(string.Join(",", new List<string> { "a", "b" }))`, "a,b")
	f(`(string.Format("{0}{1}", new object[] { 1, 2 }))`, "12")
	f(`(Math.Max(1, 2L) is long)`, "True")
	f(`(Math.Abs(-5m))`, "5")
	f(`("a-b".Split('-').Length + "a-b".Split("-".ToCharArray()).Length)`, "4")

	// Dynamic.
	f(`{ dynamic d = 5; d += 2; return d * 2 + "x"; }`, "14x")
	f(`{ dynamic d = "abc"; return d.Length + d.Substring(1) + d[0]; }`, "3bca")
	f(`{ dynamic d = 1; string s = d; return s; }`, "!Microsoft.CSharp.RuntimeBinder.RuntimeBinderException")
	f(`{ dynamic d = null; return d.Length; }`, "!Microsoft.CSharp.RuntimeBinder.RuntimeBinderException")
	f(`{ dynamic a = 1, b = 2.5; return a + b; }`, "3.5")
	f(`{ dynamic d = new List<int> { 1, 2 }; int n = 0; foreach (var x in d) { n += x; } return n; }`, "3")

	// Queries.
	f(`(string.Join(",", from x in new[] { 1, 2, 3 } from y in new[] { 10, 20 } where x != 2 let z = x * y orderby z descending select z + ":" + x))`, "60:3,30:3,20:1,10:1")
	f(`(string.Join(",", from w in new[] { "a", "bb", "cc" } group w by w.Length into g orderby g.Key descending select g.Key + "=" + g.Count()))`, "2=2,1=1")
	f(`(string.Join(",", from x in new[] { 1, 2 } join y in new[] { 2, 2, 3 } on x equals y into ys select x + ":" + ys.Count()))`, "1:0,2:2")
	f(`((from x in new[] { 1, 2, 3 } select x).Sum())`, "6")

	// Text.
	f(`($"{1,4}|{2,-4}|{3.14159:0.00}|{"x"}|{{}}|{(true ? 1 : 2)}")`, "   1|2   |3.14|x|{}|1")
	f(`($@"a\{1}""")`, `a\1"`)
	f(`(@"a""b")`, `a"b`)
	f(`("\u0041\x42\t")`, "AB\t")
	f(`(nameof(string.Length) + nameof(DateTime))`, "LengthDateTime")
	f(`(typeof(List<int>).Name)`, "List`1")
	f(`(default(int) + (default(string) ?? "null"))`, "0null")
	f(`{ int x = default; string s = default; return x + (s ?? "n"); }`, "0n")

	// Jumps.
	f(`{ int i = 0; again: i++; if (i < 5) goto again; return i; }`, "5")
	f(`{ for (int i = 0; i < 3; i++) { for (int j = 0; j < 3; j++) { if (i * j == 2) goto done; } } return "no"; done: return "yes"; }`, "yes")
	f(`{ var s = ""; for (int i = 0; i < 2; i++) { try { if (i == 0) goto skip; s += "a"; } finally { s += "f"; } skip: s += "s"; } return s; }`, "fsafs")
	f(`{ switch (1) { case 1: goto end; default: return "d"; } end: return "e"; }`, "e")
	f(`{ int n = 0; a: b: n++; if (n == 1) goto a; if (n == 2) goto b; return n; }`, "3")

	// Local functions.
	f(`{ T id<T>(T x) => x; return id(5) + id("a") + id<long>(3); }`, "5a3")
	f(`{ T First<T>(IEnumerable<T> xs, Func<T, bool> p) where T : struct { foreach (var x in xs) { if (p(x)) return x; } return default(T); } return First(new[] { 1, 2, 3 }, x => x > 1) + First(new[] { 1.5 }, x => x > 2); }`, "2")
	f(`{ int n = 0; List<T> Wrap<T>(T x) { n++; return n < 3 ? Wrap(x) : new List<T> { x }; } return Wrap("a").Count + "," + n + Wrap(1)[0] + typeof(int).Name; }`, "1,31Int32")
	f(`{ string Pair<A, B>(A a, B b) => typeof(A).Name + typeof(B).Name + a + b; Func<int, string, string> g = Pair; return g(1, "x"); }`, "Int32String1x")
	f(`{ int f(int a, int b = 10) => a * b; return f(2) + "," + f(2, 3) + "," + f(b: 4, a: 5); }`, "20,6,20")
	f(`{ string f(string s = null, params int[] xs) => (s ?? "n") + xs.Length; return f() + f("a", 1, 2); }`, "n0a2")
	f(`{ int f(DateTime d = default(DateTime), DayOfWeek w = DayOfWeek.Friday) => d.Year + (int)w; return f() + f(w: DayOfWeek.Monday); }`, "8")
	f(`{ int f(in int a) => a + 1; int z = 3; return f(in z) + f(4); }`, "9")

	// Arrays of several dimensions.
	f(`{ var g = new[,] { { 1, 2 }, { 3, 4 } }; return g[1, 0]; }`, "3")
	f(`{ int[,,] g = { { { 1, 2 }, { 3, 4 } } }; return g[0, 1, 1] + "," + g.Rank + g.GetLength(1); }`, "4,32")
	f(`{ var s = 0; foreach (var x in new int[,] { { 1, 2 }, { 3, 4 } }) { s += x; } return s; }`, "10")

	// Tuples and delegates side by side.
	f(`{ var t = (x: 1, y: 2); return (t == (1, 2)) + "" + (t != (1, 3)) + (t == (1L, 3)); }`, "TrueTrueFalse")
	f(`{ int a, b; (a, b) = (1, 2); (_, b) = (5, 6); return a + b; }`, "7")
	f(`{ Action<int> a = null; int n = 0; a += x => n += x; Action<int> by = x => n += 10 * x; a += by; a(2); a -= by; a(1); return n; }`, "23")
	f("{ return typeof(Dictionary<,>).Name + typeof(List<>).Name; }", "Dictionary`2List`1")
	f(`{ var @class = 1; int \u0061b = 2; return @class + ab; }`, "3")

	// What has a value where.
	f(`{ int x; if (DateTime.Now.Year > 1) x = 1; else x = 2; return x; }`, "1")
	f(`{ int x; while (true) { x = 1; break; } return x; }`, "1")
	f(`{ if (!int.TryParse("x", out var n)) { n = 7; } return n; }`, "7")
	f(`{ object o = 1; if (!(o is int n)) return 0; return n; }`, "1")
	f(`{ object o = 1; return o is int n && n > 0 ? n : -1; }`, "1")
	f(`{ int x; try { x = 1; } finally { } return x; }`, "1")
	f(`{ string s; switch (1) { case 1: s = "a"; break; default: throw new Exception(); } return s; }`, "a")
	f(`{ int x; goto set; read: return x; set: x = 5; goto read; }`, "5")
	f(`{ if (true) { return 1; } }`, "1")
}
