package regex

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sekisho/engine/dotnet/clr"
)

func thrown(f func() any) (out string) {
	if e := clr.Try(func() { out = fmt.Sprint(f()) }); e != nil {
		return e.Type[strings.LastIndexByte(e.Type, '.')+1:] + ": " + e.Message
	}
	return out
}

func re(pattern string, o ...Options) *Regex {
	options := None
	for _, x := range o {
		options |= x
	}
	return New(pattern, options, 0)
}

func TestRegex(t *testing.T) {
	for _, tt := range []struct {
		f    func() any
		want string
	}{
		{func() any { return re(`\d+`).IsMatch("abc123") }, "true"},
		{func() any { return re(`\d+`).Match("abc").Success() }, "false"},
		{func() any { return re(`\d+`).Match("abc").Value() }, ""},
		{func() any { return re(`(?<key>\w+)=(?<val>\w+)`).Match("k=v").GroupNamed("val").Value() }, "v"},
		{func() any { return re(`(\w+)=(\w+)`).Match("k=v").GroupAt(2) }, "v"},
		{func() any { return re(`(\w+)=(\w+)`).Match("k=v").GroupAt(9).Success() }, "false"},
		{func() any { return len(re(`(\w+)=(\w+)`).Match("k=v").Groups()) }, "3"},
		{func() any { return re(`(\w+)=(\w+)`).Replace("k=v", "$2=$1", All) }, "v=k"},
		{func() any { return re(`(\w)(\d)`).Replace("a1", "$10", All) }, "$10"},
		{func() any { return re(`(\w)(\d)`).Replace("a1", "${1}0", All) }, "a0"},
		{func() any { return re(`b`).Replace("abc", "[$`|$&|$'|$_|$$|$x]", All) }, "a[a|b|c|abc|$|$x]c"},
		{func() any {
			return re("a").ReplaceFunc("aaa", func(m *Match) string { return fmt.Sprint(m.Index()) }, All)
		}, "012"},
		{func() any { return re("L", IgnoreCase).Replace("Hello", "x", All) }, "Hexxo"},
		{func() any { return re("a").Replace("aaa", "b", 2) }, "bba"},
		{func() any { return re("a", RightToLeft).Replace("aaa", "b", 2) }, "abb"},
		{func() any { return re(Escape(".")).Replace("a.b", "-", All) }, "a-b"},
		{func() any { return Escape(`a.b*c?[d]{e}(f) #+^$|\-]}`) }, `a\.b\*c\?\[d]\{e}\(f\)\ \#\+\^\$\|\\-]}`},
		{func() any { return strings.Join(re(`(\d)`).Split("a1b2c", 0), ",") }, "a,1,b,2,c"},
		{func() any { return strings.Join(re(`,`).Split("a,b,c", 2), "|") }, "a|b,c"},
		{func() any { return strings.Join(re(`,`, RightToLeft).Split("a,b,c", 0), "|") }, "a|b|c"},
		{func() any { return re("^b$", Multiline).IsMatch("a\nb") }, "true"},
		{func() any { return re("abc$").IsMatch("abc\n") }, "true"},
		{func() any { return re(`abc\z`).IsMatch("abc\n") }, "false"},
		{func() any { return re(`abc\Z`).IsMatch("abc\n") }, "true"},
		{func() any { return re(`\d`).IsMatch("٣") }, "true"},
		{func() any { return re(`\w`).IsMatch("é") }, "true"},
		{func() any { return re("k", IgnoreCase).IsMatch("K") }, "true"},
		{func() any { return re("a+?").Match("aaa") }, "a"},
		{func() any { return re("(?>a+)b").Match("aaab").Success() }, "true"},
		{func() any { return re("(?i)abc").Match("ABC") }, "ABC"},
		{func() any { return re("[") }, "RegexParseException: Invalid pattern '[' at offset 1. Unterminated [] set."},
		{func() any { return re("(a") }, "RegexParseException: Invalid pattern '(a' at offset 2. Not enough )'s."},
		{func() any { return re(`^\p{Ll}+$`).IsMatch("abc") }, "true"},
		{func() any { return re("^[a-z-[b]]+$").IsMatch("abc") }, "false"},
		{func() any { return re(`\b\d{3}-\d{4}\b`).Match("tel: 555-1234") }, "555-1234"},
		{func() any { return re(`(?<x>a)\k<x>`).IsMatch("aa") }, "true"},
		{func() any { return re("(?:a)(b)?c?").Match("ab").GroupAt(1).Index() }, "1"},
		{func() any { return re(`x`).Match("é😀x").Index() }, "3"},
		{func() any { return re(`x`).MatchAt("xé😀x", 1).Index() }, "4"},
		{func() any { return re(`(\w)+`).Match("abc").GroupAt(1).Captures }, "[a b c]"},
		{func() any { return re(`a`).MatchAt("abc", 9) }, "ArgumentOutOfRangeException: Start index cannot be less than 0 or greater than input length. (Parameter 'startat')"},
		{func() any { return Unescape(`\n\x41`) }, "\nA"},
		{func() any { return Unescape(`\q`) }, `RegexParseException: Invalid pattern '\q' at offset 2. Unrecognized escape sequence \q.`},
		{func() any { return len(re("").Matches("abc")) }, "4"},
		{func() any { return re(`^\p{IsGreek}[\P{IsGreek}]$`).IsMatch("αa") }, "true"},
		{func() any { return re(`(a)`).Match("xay").Result("<$1>") }, "<a>"},
		{func() any { return New("a", 4096, 0) }, "ArgumentOutOfRangeException: Specified argument was out of the range of valid values. (Parameter 'options')"},
		{func() any { return re(strings.Repeat("(", 100_000)) != nil }, ""},
		{func() any { return re("a").Match("a").Next().Success() }, "false"},
	} {
		got := thrown(tt.f)
		if tt.want == "" && strings.HasSuffix(got, "too large.") {
			continue
		}
		if got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestTimeout(t *testing.T) {
	done := make(chan string, 1)
	go func() {
		done <- thrown(func() any {
			return New(`^(a+)+$`, 0, clr.SpanOf(50, clr.Millisecond)).IsMatch(strings.Repeat("a", 40) + "!")
		})
	}()
	select {
	case got := <-done:
		if !strings.HasPrefix(got, "RegexMatchTimeoutException: The Regex engine has timed out") {
			t.Error(got)
		}
	case <-time.After(time.Minute):
		t.Fatal("a catastrophic pattern runs on")
	}
}

func TestCache(t *testing.T) {
	c := NewCache(2)
	a := c.Get("a", 0, 0)
	if c.Get("a", 0, 0) != a {
		t.Error("the same pattern was compiled again")
	}
	for i := range 10 {
		c.Get(fmt.Sprint(i), 0, 0)
	}
	if len(c.kept) != 2 {
		t.Errorf("%d patterns kept", len(c.kept))
	}
}

func FuzzRegex(f *testing.F) {
	f.Add(`(?<k>\w+)=(\d*)`, "a=1, é=2", "${k}$2$&")
	f.Add(`\p{IsGreek}[^\P{IsCyrillic}]`, "αд", "$_")
	f.Fuzz(func(t *testing.T, pattern, input, replacement string) {
		if len(pattern) > 50 || len(input) > 100 {
			return
		}
		clr.Try(func() {
			r := New(pattern, 0, clr.SpanOf(50, clr.Millisecond))
			r.Replace(input, replacement, All)
			r.Split(input, 3)
			for _, m := range r.Matches(input) {
				if clr.Substring(input, m.Index())[:len(m.Value())] != m.Value() && !clr.HasLoneSurrogate(input) {
					t.Fatalf("%q in %q is not at %d", m.Value(), input, m.Index())
				}
			}
		})
		clr.Try(func() { Unescape(pattern) })
		if got := Unescape(Escape(input)); got != input {
			t.Fatalf("Unescape(Escape(%q)) = %q", input, got)
		}
	})
}
