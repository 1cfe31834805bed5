package csharp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"sekisho/engine/source"
)

// diagnose compiles and shows what was found: "code@text: message; hint".
func diagnose(text string) (*Program, []string) {
	kind := Expr
	if strings.HasPrefix(text, "{") {
		kind = Block
	}
	inner := source.Detached("x", text).Slice(1, len(text)-1)
	var list source.List
	p := Compile(inner, kind, Options{}, &list)
	var out []string
	for _, d := range list.Sorted() {
		s := fmt.Sprintf("%s@%s: %s", strings.TrimPrefix(string(d.Code), "csharp-"), text[d.Range.Start:d.Range.End], d.Message)
		if d.Hint != "" {
			s += "; " + d.Hint
		}
		if d.Severity == source.Warning {
			s = "warning " + s
		}
		out = append(out, s)
	}
	return p, out
}

func TestDiagnostics(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		p, got := diagnose(text)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s\n got  %s\n want %s", text, strings.Join(got, "\n      "), strings.Join(want, "\n      "))
		}
		failed := false
		for _, w := range want {
			failed = failed || !strings.HasPrefix(w, "warning ")
		}
		if failed != (p == nil) {
			t.Errorf("%s: a program: %v", text, p != nil)
		}
	}
	// Syntax: the first fault, at its place.
	f(`()`, `syntax@: an expression is wanted`)
	f(`(1 +)`, `syntax@+: an expression is wanted, found the end`)
	f(`(1 2)`, `syntax@2: the end of the expression is wanted, found the number 2`)
	f(`(f(1,))`, `syntax@): an argument is wanted, found ")"`)
	f(`("a\q")`, `syntax@\q: "\q" is no escape sequence; write \\ for a backslash, or put @ before the string`)
	f(`('ab')`, `syntax@'ab': a character literal holds exactly one character; strings stand in double quotes`)
	f(`("a)`, `syntax@"a: the string is never closed`)
	f(`("a"""+1)`, `syntax@"": the end of the expression is wanted, found a string; two strings stand side by side: a quotation mark in a string is written \"`)
	f(`(a[1)`, `syntax@[: "[" is never closed`)
	f(`(1 ] )`, `syntax@]: "]" closes nothing`)
	f(`(/* 1)`, `syntax@/*: the comment is never closed`)
	f(`($"{1")`, `syntax@$"{1": the interpolated string is never closed`)
	f(`($"{}")`, `syntax@{}: an expression is wanted between "{" and "}"`)
	f(`(1.x)`, `unknown-member@x: a value of the type "int" has no member "x"`)
	f(`(0x)`, `constant@0x: the number is larger than any integer type holds`)
	f(`(#)`, `syntax@#: unexpected character "#"`)
	f(`{ return 1 }`, `syntax@1: ";" is wanted, found the end`)
	f(`{ int x = ; return x; }`, `syntax@;: an expression is wanted, found ";"`)
	f(`{ if (true) return 1; else }`, `syntax@e: an expression is wanted, found the end`)
	f(`{ 1; return 1; }`, `syntax@1: a value alone does nothing; return it, or assign it to a variable`)
	f(`(throw null)`, `syntax@throw: throw cannot be the whole expression`)

	// Names.
	f(`(contxt.Request)`, `unknown-name@contxt: there is no "contxt"; did you mean "context"?`)
	f(`(strng.Empty)`, `unknown-name@strng: there is no "strng"; did you mean "String"?`)
	f(`(string.Emty)`, `unknown-member@Emty: the type "string" has no member "Emty"; did you mean "Empty"?`)
	f(`("a".Lenght)`, `unknown-member@Lenght: a value of the type "string" has no member "Lenght"; did you mean "Length"?`)
	f(`("a".ToUppr())`, `unknown-member@ToUppr: a value of the type "string" has no member "ToUppr"; did you mean "ToUpper"?`)
	f(`(Environment.NewLine)`, `not-allowed@Environment: the type "Environment" is part of .NET, and Azure API Management does not allow it in expressions; named values hold what differs between environments`)
	f(`(System.IO.File.ReadAllText("x"))`, `not-allowed@File: the type "System.IO.File" is part of .NET, and Azure API Management does not allow it in expressions; expressions have no access to files`)
	f(`{ Lst<int> l = null; return l; }`, `unknown-name@Lst<int>: there is no type "Lst"; did you mean "List"?`)
	f(`{ List l = null; return l; }`, `type-mismatch@List: the type "List<T>" takes 1 generic argument, 0 are given`)
	f(`{ var a = 1; var a = 2; return a; }`, `duplicate-name@a: the name "a" is declared already; choose another name`)
	f(`{ return nv-x; }`, `unknown-name@nv: there is no "nv"`, `unknown-name@x: there is no "x"`)

	// Types.
	f(`{ int x = 2.5; return x; }`, `type-mismatch@2.5: a value of the type "int" is wanted, this is of the type "double"; a cast converts it: (int)`)
	f(`{ string s = 5; return s; }`, `type-mismatch@5: a value of the type "string" is wanted, this is of the type "int"; ToString() makes a string of it`)
	f(`{ var x = null; return x; }`, `type-mismatch@null: null has no type here`)
	f(`{ int x = null; return x; }`, `type-mismatch@null: null is no value of the type "int"; write int? for a type that has null`)
	f(`{ string? s = null; return s; }`, `type-mismatch@string?: "string" is a reference type: it has null without "?"; leave the "?" out`)
	f(`(1 ? 2 : 3)`, `type-mismatch@1: a condition is wanted, this is of the type "int"; compare it: … != 0`)
	f(`("a" == 1)`, `no-operator@==: there is no operator "==" for the types "string" and "int"; ToString() makes a string of the other side`)
	f(`("a" < "b")`, `no-operator@<: there is no operator "<" for the types "string" and "string"; string.Compare(a, b, StringComparison.Ordinal) compares strings`)
	f(`((object)1 + 1)`, `no-operator@+: there is no operator "+" for the types "object" and "int"; cast the left side: (int)…`)
	f(`(!"a")`, `no-operator@!: there is no operator "!" for the type "string"; compare it: … == false`)
	f(`(true ? 1 : "a")`, `type-mismatch@true ? 1 : "a": the two values of ?: have different types, "int" and "string"; cast one of them to the type of the other`)
	f(`(1 ?? 2)`, `type-mismatch@??: a value of the type "int" is never null; leave "??" out`)
	f(`((string)1)`, `type-mismatch@1: the type "int" cannot be cast to "string"`)
	f(`(1 as string)`, `type-mismatch@1 as string: a value of the type "int" is never a "string"`)
	f(`("a"?.Length.x)`, `unknown-member@x: a value of the type "int" has no member "x"`)
	f(`(1?.ToString())`, `type-mismatch@1: a value of the type "int" is never null; write "." in place of "?."`)
	f(`("a"["b"])`, `type-mismatch@"b": a value of the type "int" is wanted, this is of the type "string"`)
	f(`(int.MaxValue + 1)`, `constant@int.MaxValue + 1: the constant is outside of the range of the type "int"; unchecked(…) cuts it off`)
	f(`(1 / 0)`, `constant@1 / 0: division by the constant zero`)
	f(`((byte)300)`, `constant@300: the constant is outside of the range of the type "byte"; unchecked(…) cuts it off`)
	f(`(null.ToString())`, `type-mismatch@null.ToString: null has no members`)
	f(`(x => 1)`, `type-mismatch@x => 1: a lambda cannot be the result of an expression`)

	// Calls.
	f(`("a".Substring())`, `no-overload@Substring: no overload of "Substring" takes (); there are: string Substring(int startIndex); string Substring(int startIndex, int length)`)
	f(`("a".Insert(1))`, `no-overload@Insert: no overload of "Insert" takes (int); there is: string Insert(int startIndex, string value)`)
	f(`("a".Insert(1, "b", 2))`, `no-overload@2: "Insert" takes 2 arguments, 3 are given; there is: string Insert(int startIndex, string value)`)
	f(`("a".Insert("b", "c"))`, `type-mismatch@"b": a value of the type "int" is wanted, this is of the type "string"`)
	f(`("a".Insert(start: 1, value: "c"))`, `no-overload@start: "Insert" has no parameter "start"`)
	f(`("a".Length())`, `type-mismatch@Length: "Length" is a property, not a method; leave the parentheses out`)
	f(`("a".ToUpper)`, `type-mismatch@"a".ToUpper: "ToUpper" is a method, a value is wanted; call it: ToUpper()`)
	f(`(new[] { 1 }.Select(x => x.Foo))`, `unknown-member@Foo: a value of the type "int" has no member "Foo"`)
	f(`(new[] { 1 }.Where(x => 1).Count())`, `type-mismatch@1: a value of the type "bool" is wanted, this is of the type "int"`)
	f(`(new Strng("a"))`, `unknown-name@Strng: there is no type "Strng"; did you mean "String"?`)

	// Statements.
	f(`{ int x = 1; }`, `missing-return@;: not every way through the expression returns a value; end it with: return …;`)
	f(`{ if ("a".Length == 1) { return 1; } }`, `missing-return@}: not every way through the expression returns a value; end it with: return …;`)
	f(`{ return; }`, `type-mismatch@return;: a value must be returned`)
	f(`{ while (true) { } }`)
	f(`{ return 1; return 2; }`, `warning unreachable@return 2;: this is never reached`)
	f(`{ break; }`, `syntax@break;: break stands only in a loop or a switch`)
	f(`{ switch (1) { case 1: int a = 1; default: return 1; } }`, `fall-through@case 1:: the section runs into the next one; end it with break, return, or goto case`)
	f(`{ switch (1) { case 1: case 1: return 1; } return 2; }`, `duplicate-name@case 1:: the switch has this case already`)
	f(`{ foreach (var x in 1) { } return 1; }`, `type-mismatch@1: a value of the type "int" cannot be gone through with foreach`)
	f(`{ foreach (var x in "a") { x = 'b'; } return 1; }`, `not-assignable@x: this cannot be assigned to: it is a variable of foreach; write == to compare`)
	f(`{ "a".Length = 1; return 1; }`, `not-assignable@"a".Length: this cannot be assigned to: it is a property that can only be read; write == to compare`)
	f(`{ int f(int n) { if (n > 1) return 1; } return f(1); }`, `missing-return@f: not every way through "f" returns a value`)
	f(`{ async => 1; return 1; }`, `syntax@async => 1: a value alone does nothing`)
	f(`{ yield return 1; }`, `not-allowed@yield: yield is not allowed in expressions`)
	f(`(await x)`, `not-allowed@await: await is not allowed in expressions`)
	f(`{ int x; return x; }`, `unassigned@x: the variable "x" is read before it has a value on every way here; give it a value where it is declared`)
	f(`{ int x; if ("a".Length == 1) { x = 1; } return x + x; }`, `unassigned@x: the variable "x" is read before it has a value on every way here; give it a value where it is declared`)
	f(`{ object o = 1; if (o is int n || o is long) { return n; } return 1; }`, `unassigned@n: the variable "n" is read before it has a value on every way here; give it a value where it is declared`)
	f(`{ int x; foreach (var c in "ab") { x = 1; } return x; }`, `unassigned@x: the variable "x" is read before it has a value on every way here; give it a value where it is declared`)
	f(`{ int x; Func<int> g = () => x; x = 1; return g(); }`, `unassigned@x: the variable "x" is read before it has a value on every way here; give it a value where it is declared`)
	f(`{ if (false) { return 1; } return 2; }`, `warning unreachable@return 1;: this is never reached`)
	f(`{ while (false) { return 1; } return 2; }`, `warning unreachable@return 1;: this is never reached`)
	f(`{ goto nowhere; }`, `unknown-name@goto nowhere;: there is no label "nowhere" here`)
	f(`{ a: return 1; }`, `warning unused@a: no goto goes to the label "a"`)
	f(`{ a: a: goto a; }`, `duplicate-name@a: goto a;: the label "a" is set already`)
	f(`{ Func<int, int> g = (int a = 1) => a; return g(1); }`, `syntax@=: the parameters of a lambda cannot be optional`)
	f(`{ int f(int a = "x".Length) => a; return f(); }`, `type-mismatch@"x".Length: the default of a parameter must be constant`)
	f(`{ var g = new[,] { { 1 }, { 2, 3 } }; return g; }`, `type-mismatch@{ 2, 3 }: the rows of the array differ in length`)
	f(`{ var g = new[,] { 1, 2 }; return g; }`, `type-mismatch@1: a row in braces is wanted`)
	f(`((1, 2) == (1, 2, 3))`, `type-mismatch@==: a tuple of 2 parts is compared with one of 3`)
	f(`{ ref int y = ref x; return 1; }`, `not-available@ref: variables that refer to others are not available yet`)
	f(`(1 switch { _ => 2 })`, `not-allowed@switch: switch in an expression came with C# 8, and expressions are of C# 7.3`)
	f(`{ List<T> f<T>(T x) => f(new List<T> { x })[0]; return f(1); }`, `too-deep@f: the local function "f" is called with too many types`)
	f(`(DateTime.Now.ToLocalTime())`, `not-allowed@ToLocalTime: "ToLocalTime" of "DateTime" is part of .NET, and Azure API Management does not allow it in expressions; TimeZoneInfo.ConvertTimeFromUtc does, with the zone that is meant`)
	f(`(DateTime.FromBinary(1))`, `not-allowed@FromBinary: "FromBinary" of "DateTime" is part of .NET, and Azure API Management does not allow it in expressions; docs/expressions.md lists what is allowed`)
	f(`(DateTimeKind.Local.ToString())`, `not-allowed@Local: "Local" of "DateTimeKind" is part of .NET, and Azure API Management does not allow it in expressions; DateTimeKind.Utc is the only one`)
	f(`(new System.Numerics.BigInteger(1))`, `not-allowed@System.Numerics.BigInteger: the type "BigInteger" is part of .NET, and Azure API Management does not allow it in expressions; decimal holds 28 digits`)
	f(`(XDocument.Load("x"))`, `not-allowed@Load: "Load" of "XDocument" is part of .NET, and Azure API Management does not allow it in expressions; XDocument.Parse reads a text`)
	f(`(new List<System.Threading.Thread>())`, `not-allowed@System.Threading.Thread: the type "System.Threading.Thread" is part of .NET, and Azure API Management does not allow it in expressions; the retry and wait policies wait`)
	f(`(context.Response.GetType().Assembly)`, `not-allowed@Assembly: "Assembly" of "Type" is part of .NET, and Azure API Management does not allow it in expressions; docs/expressions.md lists what is allowed`)
	f(`(new Exception().TargetSite)`, `not-available@TargetSite: "TargetSite" of "Exception" is not available: reflection`)
	f(`(Math.Clamp(1, 2, 3))`, `warning outside-list@Clamp: "Clamp" of "Math" is not on Azure API Management's list: it works here, and Azure may refuse it`)
	f(`{ const int k = "a".Length; return k; }`, `type-mismatch@"a".Length: the value of a constant must be constant; leave "const" out`)

	// Values whose text is not known.
	f("(" + NamedValue("my-number") + " + 1)")
	f("(new System.Text.StringBuilder().Append(" + NamedValue("x") + ").ToString())")
}

func TestBounds(t *testing.T) {
	f := func(name, text string) {
		t.Helper()
		p, got := diagnose(text)
		if p != nil || len(got) != 1 || !strings.HasPrefix(got[0], "too-deep@") && !strings.HasPrefix(got[0], "syntax@") {
			if len(got) > 0 && len(got[0]) > 200 {
				got[0] = got[0][:200]
			}
			t.Errorf("%s: %v", name, got)
		}
	}
	many := func(s string) string { return strings.Repeat(s, 1_000_000/len(s)) }
	for _, s := range []string{"(", "[", "{", "!", "-", "~", "(int)", "a[", "f(", "x => ", "new[]{", "a ? ", "a ?? ", "$\"{", "checked(", "a.b(", "++", "(a,", "a<", "a<b>(", "a?.", "from x in "} {
		f(s, "("+many(s)+")")
	}
	for _, s := range []string{"{", "if (a) ", "while (a) ", "for (;;) ", "try {", "else ", "foreach (var a in b) ", "switch (a) { case 1: ", "using (a) ", "lock (a) ", "a: "} {
		f(s, "{"+many(s)+"}")
	}
	for _, s := range []string{"1 + ", "a.b.", "x && ", "a is b is ", "\"a\" + "} {
		f(s, "("+many(s)+")")
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		`1 + 2 * 3`, `"a" + 'b' + $"{1,5:0.0}"`, `new[] { 1, 2 }.Where(x => x > 1).Select((x, i) => x * i).ToArray()`,
		`var a = 1; for (int i = 0; i < 3; i++) { a += i; } return a;`, `(int?)null ?? 5`,
		`switch (1) { case 1: return "a"; default: goto case 1; }`, `try { throw new Exception("x"); } catch (Exception e) when (e.Message == "x") { return 1; } finally { }`,
		`from x in new[] { 1 } let y = x join z in new[] { 2 } on x equals z into g orderby y descending select new { x, g }`,
		`int f(int n) => n < 2 ? 1 : n * f(n - 1); return f(3);`, `((string)context.Variables["a"])?.Length.ToString() ?? default(string)`,
		`(a: 1, b: "x").a`, `var (p, q) = (1, 2); return p + q;`, `new Dictionary<string, int> { ["a"] = 1, { "b", 2 } }`,
		`int.TryParse("1", out var n) ? n : -1`, `checked(1 + unchecked(int.MaxValue + 1))`, `dynamic d = 1; return d + d.x(1)[2];`,
	} {
		f.Add(s)
	}
	// Every probe is a seed.
	if data, err := os.ReadFile("../evalctx/testdata/csharp-golden.jsonl"); err == nil {
		for _, line := range bytes.Split(data, []byte("\n")) {
			var row struct{ Code string }
			if json.Unmarshal(line, &row) == nil {
				f.Add(row.Code)
			}
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, kind := range []Kind{Expr, Block} {
			var list source.List
			v := source.Detached("x", s)
			p := Compile(v, kind, Options{}, &list)
			if p == nil && list.Errors() == 0 {
				t.Fatalf("%q: no program and no error", s)
			}
			for _, d := range list.Sorted() {
				if d.Range.Start < 0 || d.Range.End > len(s) || d.Range.Start > d.Range.End {
					t.Fatalf("%q: the range %d-%d of %q", s, d.Range.Start, d.Range.End, d.Message)
				}
				if d.Code == "" || d.Message == "" {
					t.Fatalf("%q: a diagnostic that says nothing", s)
				}
			}
			if p != nil {
				if _, ex := p.Eval(nil, Limits{Time: 1 << 22, Memory: 1 << 20}); ex != nil && ex.Type == InternalError && !strings.Contains(s, "context") {
					t.Fatalf("%q: %s", s, ex.Message)
				}
			}
		}
	})
}
