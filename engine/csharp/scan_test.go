package csharp

import (
	"strings"
	"testing"
)

func TestEnd(t *testing.T) {
	f := func(text, want string, ok bool) {
		t.Helper()
		end, gotOK := End(text, 0)
		if gotOK != ok || ok && text[:end] != want {
			t.Errorf("End(%q) = %q, %v; want %q, %v", text, text[:end], gotOK, want, ok)
		}
	}
	whole := func(text string) { t.Helper(); f(text+` rest")`, text, true) }
	whole(`(1)`)
	whole(`((1) + (2))`)
	whole(`{ return "}"; }`)
	whole(`("a\")" + 'x')`)
	whole(`(@"c:\" + ")")`)
	whole(`(@"a""b)")`)
	whole(`($"{x:)}" + 1)`)
	whole(`($"{f("(")}" + ')')`)
	whole(`($"{{ ( }}")`)
	whole(`($@"a "" ( {b["("]} ")`)
	whole(`(a ? ')' : '\'')`)
	whole("(1 // doesn't (matter\n)")
	whole("(1 /* it's ( */)")
	whole("{ /* } */ }")
	whole(`(@class)`)
	whole(`(a[1)`) // the parser explains the missing bracket
	whole(`($"{x,5:0.0}" + $"{(a ? "b" : "c")}")`)
	f(`(1`, "", false)
	f(`("`, "", false)
	f("(\"a\nb\")", "", false)
	f("('a\nb')", "", false)
	f(`(/* `, "", false)
	f(`($"{")`, "", false)
	f(`x`, "", false)
	f(``, "", false)
	if _, ok := End("(", 5); ok {
		t.Error("an offset beyond the text has an end")
	}
}

// Time must grow with the text and not faster: a million of anything ends.
func TestEndOfMuch(t *testing.T) {
	for _, part := range []string{"(", "{", "[", `"`, `$"{`, `$"{"`, "/*", "//", "'", `@"`, "@", "$", "\\", `("a"`, "(x)", `$"{(`} {
		text := "(" + strings.Repeat(part, 1_000_000)
		if end, _ := End(text, 0); end > len(text) {
			t.Errorf("%q: the end %d is beyond the text", part, end)
		}
	}
}

func TestInCode(t *testing.T) {
	// ^ marks the offset that is asked for.
	f := func(text string, want bool) {
		t.Helper()
		at := strings.IndexByte(text, '^')
		text = text[:at] + text[at+1:]
		if got := InCode(text, 0, at); got != want {
			t.Errorf("InCode(%q, %d) = %v", text, at, got)
		}
	}
	f(`(1 + ^{{x}})`, true)
	f(`("a^{{x}}")`, false)
	f(`(^"a")`, true)
	f(`("a" + ^{{x}})`, true)
	f(`(@"a""^{{x}}")`, false)
	f(`($"a^{{x}}")`, false)
	f(`($"a{b + ^{{x}}}")`, true)
	f(`($"a{f("^{{x}}")}")`, false)
	f(`($"a{f("b") + ^{{x}}}")`, true)
	f(`('^a')`, false)
	f("(1 // ^{{x}}\n)", false)
	f("(1 // a\n + ^{{x}})", true)
	f("(1 /* ^ */ )", false)
	f("(4 / ^2)", true)
	f(`($"{a:^00}")`, false)
}

func FuzzEnd(f *testing.F) {
	for _, s := range []string{`(1)`, `{ return $"{a("b")}"; }`, `(@"""")`, "(/* */ // \n)", `($@"{x:0}{{")`, `('\'')`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		end, ok := End(s, 0)
		if end < 0 || end > len(s) {
			t.Fatalf("End(%q) = %d", s, end)
		}
		if ok && (end == 0 || s[end-1] != ')' && s[end-1] != '}') {
			t.Fatalf("End(%q) = %d, not behind a bracket", s, end)
		}
		InCode(s, 0, len(s)/2)
	})
}

// FuzzLex holds the lexer to its tokens: they follow each other and lie in the text.
func FuzzLex(f *testing.F) {
	for _, s := range []string{`a.b(c)["d"]`, `$"{a,5:x}{{"`, `@"a""b" + 'c' + '\\u0041'`, `0x1F + 1_0.5e3m`, "// c\n/* d */ x", `\u0061b >>= 1`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		defer func() {
			if r := recover(); r != nil {
				e, ok := r.(*syntaxError)
				if !ok {
					panic(r)
				}
				if e.pos < 0 || e.end < e.pos {
					t.Fatalf("%q: a fault at %d to %d", s, e.pos, e.end)
				}
			}
		}()
		l := newLexer(s, 0, len(s), 0)
		last := 0
		for i := 0; ; i++ {
			tok := l.at(i)
			if tok.kind == tEOF {
				return
			}
			if int(tok.pos) < last || tok.end <= tok.pos || int(tok.end) > len(s) {
				t.Fatalf("%q: token %d is at %d to %d, after %d", s, i, tok.pos, tok.end, last)
			}
			last = int(tok.end)
		}
	})
}
