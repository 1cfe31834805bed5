package route

import (
	"bytes"
	"strings"
)

// NormalizePath returns the normal form of a raw request path: dot segments
// resolved (also those written with %2e), runs of slashes made one, octets
// outside ASCII percent-encoded. Everything else stays as the client wrote it;
// %2F in particular. A path already in normal form is returned itself, without
// an allocation.
//
// It refuses, with ok false, what cannot be given one meaning by everybody who
// will read it: a path without its leading slash, broken escapes, control
// characters, %00, backslashes raw or escaped, "?" and "#", an escaped slash
// beside a dot segment (..%2f), dot segments with parameters (..;x), and UTF-8
// written longer than it needs to be.
func NormalizePath(raw string) (normal string, ok bool) {
	if raw == "" || raw[0] != '/' {
		return "", false
	}
	clean := true
	for start := 1; start <= len(raw); {
		end := start
		for end < len(raw) && raw[end] != '/' {
			end++
		}
		seg := raw[start:end]
		plain, ok := checkSegment(seg)
		if !ok {
			return "", false
		}
		if !plain || seg == "" && end < len(raw) || dots(seg) > 0 {
			clean = false
		}
		start = end + 1
	}
	if clean {
		return raw, true
	}
	return rebuild(raw), true
}

// rebuild writes the normal form of a path whose segments have been checked.
func rebuild(raw string) string {
	out := make([]byte, 0, len(raw)+8)
	out = append(out, '/')
	for start := 1; start <= len(raw); {
		end := start
		for end < len(raw) && raw[end] != '/' {
			end++
		}
		seg, last := raw[start:end], end >= len(raw)
		start = end + 1
		switch {
		case seg == "":
			// The slash before it is written already.
		case dots(seg) == 1:
		case dots(seg) == 2:
			// out ends in a slash: drop the segment before it. The root has no parent.
			if len(out) > 1 {
				out = out[:bytes.LastIndexByte(out[:len(out)-1], '/')+1]
			}
		default:
			for i := 0; i < len(seg); i++ {
				if c := seg[i]; c >= 0x80 {
					out = append(out, '%', upperHex[c>>4], upperHex[c&15])
				} else {
					out = append(out, c)
				}
			}
			if !last {
				out = append(out, '/')
			}
		}
	}
	return string(out)
}

const upperHex = "0123456789ABCDEF"

// dots tells whether a segment is "." (1) or ".." (2), each dot raw or as %2e; 0 if neither.
func dots(seg string) int {
	n := 0
	for len(seg) > 0 {
		switch {
		case seg[0] == '.':
			seg = seg[1:]
		case len(seg) >= 3 && seg[0] == '%' && seg[1] == '2' && seg[2]|0x20 == 'e':
			seg = seg[3:]
		default:
			return 0
		}
		if n++; n > 2 {
			return 0
		}
	}
	return n
}

// checkSegment refuses a segment that has no one meaning; plain tells that it
// holds ASCII only.
func checkSegment(seg string) (plain, ok bool) {
	plain = true
	part := 0 // where the part since the last escaped slash begins
	slashes := false
	var prev byte // the decoded octet before, if it was not ASCII; else 0
	for i := 0; i < len(seg); {
		c, n := octet(seg[i:])
		if n == 0 {
			return false, false
		}
		switch {
		case n == 1 && c >= 0x80:
			plain = false
		case c == 0, c == '\\':
			return false, false
		case n == 1 && (c <= ' ' || c == 0x7f || c == '?' || c == '#'):
			return false, false
		case c == '/': // escaped: a raw one does not come here
			if dots(seg[part:i]) > 0 {
				return false, false
			}
			slashes, part = true, i+n
		case c == ';' && dots(seg[part:i]) > 0:
			return false, false
		}
		if overlong(prev, c) {
			return false, false
		}
		prev = 0
		if c >= 0x80 {
			prev = c
		}
		i += n
	}
	if slashes && dots(seg[part:]) > 0 {
		return false, false
	}
	return plain, true
}

// overlong tells whether two neighbouring octets begin a UTF-8 sequence that
// spells a character longer than it needs to be: some backends read %c0%ae as a dot.
func overlong(a, b byte) bool {
	if b&0xC0 != 0x80 {
		return false
	}
	return a == 0xC0 || a == 0xC1 || a == 0xE0 && b < 0xA0 || a == 0xF0 && b < 0x90
}

// octet reads one octet from the front of s, raw or as %XX, and tells how many
// bytes it took; 0 if the escape is broken. s is not empty.
func octet(s string) (c byte, n int) {
	if s[0] != '%' {
		return s[0], 1
	}
	if len(s) < 3 {
		return 0, 0
	}
	hi, lo := unhex(s[1]), unhex(s[2])
	if hi > 15 || lo > 15 {
		return 0, 0
	}
	return hi<<4 | lo, 3
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// Unescape decodes %XX, and in a query "+" too. Broken escapes stay as they are.
// A string that holds nothing to decode is returned itself.
func Unescape(s string, query bool) string {
	if strings.IndexByte(s, '%') < 0 && (!query || strings.IndexByte(s, '+') < 0) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		c, n := octet(s)
		if n == 0 {
			n = 1
			c = s[0]
		} else if n == 1 && query && c == '+' {
			c = ' '
		}
		b.WriteByte(c)
		s = s[n:]
	}
	return b.String()
}

// fold writes s into buf as literals are compared: octets decoded, ASCII letters
// made small. It allocates only where buf is too short.
func fold(buf []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if o, n := octet(s[i:]); n == 3 {
				c, i = o, i+2
			}
		}
		buf = append(buf, lower(c))
	}
	return buf
}

// foldPrefix tells whether s begins with lit, which is folded, and how many bytes
// of s that is.
func foldPrefix(s, lit string) (n int, ok bool) {
	for i := 0; i < len(lit); i++ {
		if n >= len(s) {
			return 0, false
		}
		c, w := octet(s[n:])
		if w == 0 {
			c, w = s[n], 1
		}
		if lower(c) != lit[i] {
			return 0, false
		}
		n += w
	}
	return n, true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// foldedEqual tells whether s, in any spelling, is the folded literal.
func foldedEqual(s, lit string) bool {
	n, ok := foldPrefix(s, lit)
	return ok && n == len(s)
}
