package builtins

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

func TestRetryPause(t *testing.T) {
	f := func(interval, delta, most float64, hasDelta, hasMost bool, jitter float64, want ...float64) {
		t.Helper()
		for n, w := range want {
			if got := retryPause(int64(n), interval, delta, most, hasDelta, hasMost, jitter); math.Abs(got-w) > 1e-9 {
				t.Errorf("interval %v, delta %v, max %v, retry %d: got %v, want %v", interval, delta, most, n, got, w)
			}
		}
	}
	f(5, 0, 0, false, false, 1, 5, 5, 5)
	f(10, 5, 0, true, false, 1, 10, 15, 20, 25)
	// The worked example of the documentation.
	f(10, 10, 100, true, true, 1, 10, 20, 40, 80, 100, 100)
	f(10, 10, 100, true, true, 1.2, 10, 22, 46, 94, 100)
	f(10, 10, 100, true, true, 0.8, 10, 18, 34, 66, 100)
	f(10, 0, 4, false, true, 1, 4, 4)
}

func TestSeconds(t *testing.T) {
	f := func(s float64, want time.Duration) {
		t.Helper()
		if got := seconds(s); got != want {
			t.Errorf("seconds(%v) = %v, want %v", s, got, want)
		}
	}
	f(0.25, 250*time.Millisecond)
	f(-1, 0)
	f(0, 0)
	if got := seconds(1e30); got < 200*365*24*time.Hour {
		t.Errorf("seconds(1e30) = %v", got)
	}
}

func TestRandom(t *testing.T) {
	f := func(b byte, lo, hi float64) {
		t.Helper()
		got, err := random(bytes.NewReader(bytes.Repeat([]byte{b}, 8)), 0.8, 1.2)
		if err != nil || got < lo || got > hi {
			t.Errorf("random of %#x: %v, %v", b, got, err)
		}
	}
	f(0, 0.8, 0.8)
	f(0x80, 1, 1.01)
	f(0xff, 1.1999, 1.2)
	if _, err := random(bytes.NewReader(nil), 0, 1); err == nil {
		t.Error("no error without random bytes")
	}
}

func TestHeaderValue(t *testing.T) {
	f := func(in, want string, ok bool) {
		t.Helper()
		got, err := headerValue(in)
		if got != want || (err == nil) != ok {
			t.Errorf("headerValue(%q) = %q, %v; want %q, %v", in, got, err, want, ok)
		}
	}
	f("", "", true)
	f(" a b ", "a b", true)
	f("a\r\n b\n\t\tc", "a b c", true)
	f("a\n\n  b", "a b", true)
	f("tab\tstays", "tab\tstays", true)
	f("ünïcode", "ünïcode", true)
	f("a\nb", "", false)
	f("a\r\nX-B: c", "", false)
	f("a\rb", "", false)
	f("a\x00b", "", false)
	f("a\x7fb", "", false)
	f("end\r\n", "end", true)
}

func FuzzHeaderValue(f *testing.F) {
	f.Add("a\r\n b")
	f.Add("a\nb")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := headerValue(s)
		if err == nil && strings.ContainsAny(v, "\r\n\x00\x7f") {
			t.Errorf("headerValue(%q) = %q", s, v)
		}
	})
}

func TestPutHeader(t *testing.T) {
	f := func(name, have string, values []string, add bool, want string) {
		t.Helper()
		var h pipeline.Header
		for _, v := range strings.Fields(have) {
			h.Add(name, v)
		}
		putHeader(&h, name, values, add)
		if got, _ := h.Lookup(name); strings.Join(got, " ") != want {
			t.Errorf("%s: %q + %q (%v): got %q, want %q", name, have, values, add, got, want)
		}
	}
	f("X", "", []string{"a", "b"}, false, "a,b")
	f("X", "a b", []string{"c"}, true, "a,b,c")
	f("X", "a b", []string{"c"}, false, "c")
	f("X", "a", nil, false, "")
	f("set-cookie", "a", []string{"b", "c"}, true, "a b c")
	f("Retry-After", "1", []string{"2"}, true, "1 2")
}

func TestEscapeURL(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := escapeURL(in); got != want {
			t.Errorf("escapeURL(%q) = %q, want %q", in, got, want)
		}
	}
	f("", "")
	f(" http://a.test/b?c=d#e ", "http://a.test/b?c=d#e")
	f("/a b%20c", "/a%20b%20c")
	f("/{x}|\"<>\\^`", "/%7Bx%7D%7C%22%3C%3E%5C%5E%60")
	f("/ü", "/%C3%BC")
	f("/a\r\nb", "/a%0D%0Ab")
}

func TestRewrite(t *testing.T) {
	f := func(template, query string, keep bool, wantPath, wantQuery string) {
		t.Helper()
		p := parameters{values: fixed{"id": "7", "path": "a/b c", "up": "..", "b": "x&y"}, template: "/f/{*path}?a={b}"}
		path, q := rewrite(template, query, p, []string{"a"}, keep)
		if path != wantPath || q != wantQuery {
			t.Errorf("rewrite(%q, %q, %v) = %q, %q; want %q, %q", template, query, keep, path, q, wantPath, wantQuery)
		}
	}
	f("/put", "a=b&c=d", true, "/put", "c=d")
	f("/put", "a=b&c=d", false, "/put", "")
	f("put", "", true, "/put", "")
	f("", "c", true, "/", "c")
	f("/{id}/{id}?x={b}", "A=1&c", true, "/7/7", "x=x%26y&c")
	f("/{path}", "", true, "/a/b%20c", "")
	f("/{*path}", "", true, "/a/b%20c", "")
	f("/{up}/x", "", true, "/%2E%2E/x", "")
	f("/{none}/{id", "", true, "/%7Bnone%7D/%7Bid", "")
	f("/a#b?c", "", true, "/a", "")
	f("?q={{id}}", "", false, "/", "q=%7B7%7D")
}

func TestPlaceholders(t *testing.T) {
	f := func(in string, want ...string) {
		t.Helper()
		var got []string
		for _, p := range placeholders(in) {
			got = append(got, in[p.at:p.end])
		}
		if !slices.Equal(got, want) {
			t.Errorf("placeholders(%q) = %q, want %q", in, got, want)
		}
	}
	f("/a/b")
	f("/{a}/{b}?c={a}&d={*d}", "{a}", "{b}", "{a}", "{*d}")
	f("/{a")
	f("/{{a}}", "{a}")
	f("}{")
}

// fixed are parameters with values that do not change.
type fixed map[string]string

func (f fixed) Lookup(name string) (string, bool)        { v, ok := f[name]; return v, ok }
func (f fixed) Len() int                                 { return len(f) }
func (f fixed) Each(yield func(name, value string) bool) {}

func TestReplaceLinks(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := string(replaceLinks([]byte(in), "http://b.test/x", "https://g.test")); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	f("", "")
	f("http://b.test/x", "https://g.test")
	f("http://b.test/x/1, http://b.test/x?q. http://b.test/x.", "https://g.test/1, https://g.test?q. https://g.test.")
	f("http://b.test/xy http://b.test/x-y http://b.test/x.y http://b.test/x%20", "http://b.test/xy http://b.test/x-y http://b.test/x.y http://b.test/x%20")
	f(`"http:\/\/b.test\/x\/1"`, `"https:\/\/g.test\/1"`)
	f("HTTP://b.test/x", "HTTP://b.test/x")
}

func TestPrefixLen(t *testing.T) {
	f := func(path, folders string, want int) {
		t.Helper()
		if got := prefixLen(path, folders); got != want {
			t.Errorf("prefixLen(%q, %q) = %d, want %d", path, folders, got, want)
		}
	}
	f("/shop/eu/x", "shop/eu", 8)
	f("/Shop/EU", "/shop/eu/", 8)
	f("/shop/europe", "shop/eu", 0)
	f("/shop/eu;rev=2/x", "shop/eu", 14)
	f("/shop", "shop", 5)
	f("/x", "", 0)
	f("", "a", 0)
}

func TestIsToken(t *testing.T) {
	f := func(in string, want bool) {
		t.Helper()
		if isToken(in) != want {
			t.Errorf("isToken(%q) = %v", in, !want)
		}
	}
	f("X-Header_1", true)
	f("", false)
	f("a b", false)
	f("a:b", false)
	f("ä", false)
}

func TestBareType(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := bareType(in); got != want {
			t.Errorf("bareType(%q) = %q, want %q", in, got, want)
		}
	}
	f("application/json; charset=utf-8", "application/json")
	f("Text/Plain", "text/plain")
	f("text/plain; broken=\"", "text/plain")
}
