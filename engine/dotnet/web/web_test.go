package web

import (
	"fmt"
	"strings"
	"testing"

	"sekisho/engine/dotnet/clr"
)

func thrown(f func() any) (out string) {
	if e := clr.Try(func() {
		v := f()
		if b, ok := v.([]byte); ok {
			v = clr.ToBase64(b)
		}
		out = fmt.Sprint(v)
	}); e != nil {
		return strings.TrimPrefix(e.Type, "System.") + ": " + e.Message
	}
	return out
}

func uri(s string) *Uri { return NewUri(s, Absolute) }

func TestWeb(t *testing.T) {
	full := "HTTP://User@Example.COM:80/a/../b c/%7Ed?q=1&r=é#frag"
	for _, tt := range []struct {
		f    func() any
		want string
	}{
		{func() any { return EscapeDataString("a b&c=d/é+~!*'()") }, "a%20b%26c%3Dd%2F%C3%A9%2B~%21%2A%27%28%29"},
		{func() any { return UnescapeDataString("a%20b+c%C3%A9") }, "a b+cé"},
		{func() any { return UnescapeDataString("%zz%C3%28") }, "%zz%C3("},
		{func() any { return EscapeUriString("http://a/b c?d=é&e=[1]") }, "http://a/b%20c?d=%C3%A9&e=[1]"},
		{func() any { return UrlEncode("a b&c=d/é+~!*'()") }, "a+b%26c%3Dd%2F%C3%A9%2B%7E!*%27()"},
		{func() any { return UrlDecode("a+b%20c%C3%A9%") }, "a b cé%"},
		{func() any { return UrlDecode("%E2%82x%FF") }, "\uFFFDx\uFFFD"},
		{func() any { return HtmlEncode(`<a href="x">é & 'q'</a>😀`) }, "&lt;a href=&quot;x&quot;&gt;&#233; &amp; &#39;q&#39;&lt;/a&gt;&#128512;"},
		{func() any { return HtmlDecode("&lt;&eacute;&#233;&amp;&nbsp;&bogus;&#x1F600;&lang;") }, "<éé&\u00a0&bogus;😀⟨"},
		{func() any { return EscapeDataString("€ 😀") }, "%E2%82%AC%20%F0%9F%98%80"},
		{func() any { return UnescapeDataString("%E2%82%AC%20%F0%9F%98%80") }, "€ 😀"},
		{func() any { return UrlEncode("€ 😀") }, "%E2%82%AC+%F0%9F%98%80"},
		{func() any { return HexEscape(' ') }, "%20"},

		{func() any { return uri(full).AbsoluteUri() }, "http://User@example.com/b%20c/~d?q=1&r=%C3%A9#frag"},
		{func() any { return uri(full) }, "http://User@example.com/b c/~d?q=1&r=é#frag"},
		{func() any { return uri(full).GetLeftPart(PartialPath) }, "http://User@example.com/b%20c/~d"},
		{func() any { return uri("https://example.com:443/x").Authority() }, "example.com"},
		{func() any { return uri("https://example.com:444/x").Authority() }, "example.com:444"},
		{func() any { return uri("http://example.com/a/b/").Segments() }, "[/ a/ b/]"},
		{func() any { return uri("http://example.com/a%20b") }, "http://example.com/a b"},
		{func() any { return uri("http://example.com/a%20b").AbsoluteUri() }, "http://example.com/a%20b"},
		{func() any { return uri("not a uri") }, "UriFormatException: Invalid URI: The format of the URI could not be determined."},
		{func() any { return uri("") }, "UriFormatException: Invalid URI: The URI is empty."},
		{func() any { return uri("http://") }, "UriFormatException: Invalid URI: The hostname could not be parsed."},
		{func() any { return uri("http://h:99999/") }, "UriFormatException: Invalid URI: Invalid port specified."},
		{func() any { return NewUri("/rel", Relative).IsAbsolute() }, "false"},
		{func() any { return NewUri("rel", Relative).Host() }, "InvalidOperationException: This operation is not supported for a relative URI."},
		{func() any { return CombineUri(uri("http://h/a/b"), "c").AbsoluteUri() }, "http://h/a/c"},
		{func() any { return CombineUri(uri("http://h/a/b?x"), "/c?y#z").AbsoluteUri() }, "http://h/c?y#z"},
		{func() any { return CombineUri(uri("http://h/a/b"), "https://x/").AbsoluteUri() }, "https://x/"},
		{func() any { return IsWellFormed("http://a b", Absolute) }, "false"},
		{func() any { return IsWellFormed("http://a/b?c=%20", Absolute) }, "true"},
		{func() any {
			return (&UriBuilder{Scheme: "https", Host: "h", Port: 443, Path: "p"}).Uri().AbsoluteUri()
		}, "https://h/p"},
		{func() any { return uri("http://h/p?a=1&b=%20 x").Query() }, "?a=1&b=%20%20x"},
		{func() any { return uri("http://h/%2F%41?q=%41").AbsoluteUri() }, "http://h/%2FA?q=A"},
		{func() any { return uri("HTTP://H/A").Equal(uri("http://h/A")) }, "true"},
		{func() any { return uri("http://h").Equal(uri("http://h/")) }, "true"},
		{func() any { return uri("http://u:p@h/").UserInfo() }, "u:p"},
		{func() any { return uri("http://h/a").MakeRelative(uri("http://h/b/c")) }, "b/c"},
		{func() any { return uri("http://[::1]:8080/").Authority() }, "[::1]:8080"},
		{func() any { return uri("mailto:a@b.c").AbsoluteUri() }, "mailto:a@b.c"},
		{func() any { return uri("urn:x:y").AbsolutePath() }, "x:y"},
		{func() any { return uri("http://h/%2e%2e/./a/").AbsolutePath() }, "/a/"},
		{func() any { return uri("http://h/a^b|c\"").AbsoluteUri() }, "http://h/a%5Eb%7Cc%22"},
		{func() any { return CheckHostName("10.0.0.1") }, "IPv4"},
		{func() any { return uri("http://h").PathAndQuery() }, "/"},
		{func() any { return uri("https://h").Port() }, "443"},

		{func() any { return UTF8.GetString([]byte{0xff, 65}) }, "\uFFFDA"},
		{func() any { return UTF8.GetBytes("a\xed\xa0\xbd") }, "Ye+/vQ=="},
		{func() any { return ASCII.GetBytes("é😀") }, "Pz8="},
		{func() any { return ASCII.GetString([]byte{65, 233}) }, "A?"},
		{func() any { return GetEncoding("ISO-8859-1").GetBytes("é") }, "6Q=="},
		{func() any { return GetEncoding("utf-8").WebName }, "utf-8"},
		{func() any { return Unicode.GetString(Unicode.GetBytes("é😀")) }, "é😀"},
		{func() any { return UTF32.GetString(UTF32.GetBytes("é😀")) }, "é😀"},
		{func() any { return GetEncoding("nope") }, "ArgumentException: 'nope' is not a supported encoding name. For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method. (Parameter 'name')"},

		{func() any { return ParseIP("nope") }, "FormatException: An invalid IP address was specified."},
		{func() any { return ParseIP("10.1.2.3").Bytes() }, "CgECAw=="},
		{func() any { return ParseIP("::1") }, "::1"},
		{func() any { _, ok := TryParseIP("300.1.1.1"); return ok }, "false"},
		{func() any { return ParseIP("10.0.0.5").Equal(ParseIP("10.0.0.5")) }, "true"},
		{func() any { return ParseIP("2001:DB8::1") }, "2001:db8::1"},
		{func() any { return ParseIP("010.1.1.1") }, "8.1.1.1"},
		{func() any { return ParseIP("1") }, "0.0.0.1"},
		{func() any { return ParseIP("::ffff:1.2.3.4").MapToIPv4() }, "1.2.3.4"},
	} {
		if got := thrown(tt.f); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func FuzzUri(f *testing.F) {
	f.Add("http://User@Example.COM:80/a/../b c/%7Ed?q=1&r=é#frag", "../x?y")
	f.Add("urn:x", "//h")
	f.Fuzz(func(t *testing.T, s, ref string) {
		if u, ok := TryCreateUri(s, RelativeOrAbsolute); ok && u.IsAbsolute() {
			text := u.AbsoluteUri()
			again, ok := TryCreateUri(text, Absolute)
			if ok && again.AbsoluteUri() != text {
				t.Fatalf("%q: %q reads as %q", s, text, again.AbsoluteUri())
			}
			_ = u.String()
			clr.Try(func() { CombineUri(u, ref) })
			u.Segments()
		}
		if got := UnescapeDataString(EscapeDataString(s)); got != utf8Of(s) {
			t.Fatalf("%q comes back as %q", s, got)
		}
		if got := UrlDecode(UrlEncode(s)); got != utf8Of(s) {
			t.Fatalf("%q comes back as %q", s, got)
		}
		HtmlDecode(s)
		TryParseIP(s)
		UTF8.GetString([]byte(s))
	})
}
