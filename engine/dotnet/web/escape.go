// Package web is what expressions use of System.Net and System.Text to talk about
// the web: WebUtility, Uri, IPAddress and Encoding.
package web

import (
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

const upperHex = "0123456789ABCDEF"

const (
	unreservedMarks = "-._~"
	reservedMarks   = ":/?#[]@!$&'()*+,;="
)

func alphanumeric(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

func unreserved(c byte) bool { return alphanumeric(c) || strings.IndexByte(unreservedMarks, c) >= 0 }

// utf8Of is the string with lone surrogates replaced by U+FFFD, as encoders write
// them.
func utf8Of(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 && i+3 <= len(s) && s[i] == 0xED {
			size = 3
		}
		b.WriteRune(r)
		i += size
	}
	return b.String()
}

func percent(b []byte, c byte) []byte { return append(b, '%', upperHex[c>>4], upperHex[c&15]) }

func escape(s string, keep func(byte) bool) string {
	s = utf8Of(s)
	i := 0
	for i < len(s) && keep(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)+16), s[:i]...)
	for ; i < len(s); i++ {
		if c := s[i]; keep(c) {
			b = append(b, c)
		} else {
			b = percent(b, c)
		}
	}
	return string(b)
}

// EscapeDataString is Uri.EscapeDataString.
func EscapeDataString(s string) string { return escape(s, unreserved) }

// EscapeUriString is Uri.EscapeUriString: what has a meaning in a URI stays.
func EscapeUriString(s string) string {
	s = utf8Of(s)
	var b []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]),
			unreserved(c), strings.IndexByte(reservedMarks, c) >= 0:
			b = append(b, c)
		default:
			b = percent(b, c)
		}
	}
	return string(b)
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// triplet reads %XX at i.
func triplet(s string, i int) (byte, bool) {
	if i+2 < len(s) && s[i] == '%' && isHex(s[i+1]) && isHex(s[i+2]) {
		return unhex(s[i+1])<<4 | unhex(s[i+2]), true
	}
	return 0, false
}

// UnescapeDataString is Uri.UnescapeDataString: sequences that are no UTF-8 stay.
func UnescapeDataString(s string) string { return unescape(s, func(rune) bool { return true }) }

// unescape decodes the sequences %XX that stand for a character that may be
// decoded.
func unescape(s string, may func(rune) bool) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		c, ok := triplet(s, i)
		if !ok {
			b = append(b, s[i])
			i++
			continue
		}
		raw := []byte{c}
		for n := 1; n < sequenceLength(c); n++ {
			next, ok := triplet(s, i+3*n)
			if !ok {
				break
			}
			raw = append(raw, next)
		}
		r, size := utf8.DecodeRune(raw)
		if r == utf8.RuneError && size <= 1 || !may(r) {
			b = append(b, s[i:i+3]...)
			i += 3
			continue
		}
		b = append(b, raw[:size]...)
		i += 3 * size
	}
	return string(b)
}

// sequenceLength is how many bytes the UTF-8 sequence that starts with c has.
func sequenceLength(c byte) int {
	switch {
	case c >= 0xF0:
		return 4
	case c >= 0xE0:
		return 3
	case c >= 0xC0:
		return 2
	}
	return 1
}

// HexEscape is Uri.HexEscape.
func HexEscape(c clr.Char) string {
	if c > 0xFF {
		clr.ThrowRange("Specified argument was out of the range of valid values.", "character")
	}
	return string(percent(nil, byte(c)))
}

// UrlEncode is WebUtility.UrlEncode.
func UrlEncode(s string) string {
	e := escape(s, func(c byte) bool { return c == ' ' || alphanumeric(c) || strings.IndexByte("-_.!*()", c) >= 0 })
	return strings.ReplaceAll(e, " ", "+")
}

// UrlDecode is WebUtility.UrlDecode: sequences that are no UTF-8 become U+FFFD.
func UrlDecode(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	var b, raw []byte
	flush := func() {
		if len(raw) > 0 {
			b = append(b, decodeUTF8(raw)...)
			raw = raw[:0]
		}
	}
	for i := 0; i < len(s); {
		if c, ok := triplet(s, i); ok {
			raw = append(raw, c)
			i += 3
			continue
		}
		flush()
		if s[i] == '+' {
			b = append(b, ' ')
		} else {
			b = append(b, s[i])
		}
		i++
	}
	flush()
	return string(b)
}
