package policyxml

import "strings"

// interpolated is an interpolated C# string whose hole the scanner is in.
type interpolated struct {
	verbatim bool
	braces   int // open in the hole
}

// csharpSpans tells for all of s, a C# expression, which parts of it are code and
// which are text. It is lenient: where a literal is broken off, code goes on.
func csharpSpans(s string) []lexSpan {
	spans := []lexSpan{{0, classCode}}
	mark := func(at int, c class) { spans = append(spans, lexSpan{at, c}) }
	var stack []interpolated

	// text scans the text of an interpolated string from i; it returns behind the
	// string, or in its next hole with the string on the stack.
	text := func(i int, verbatim bool) int {
		mark(i, classBraceText)
		for i < len(s) {
			c := s[i]
			doubled := i+1 < len(s) && s[i+1] == c
			switch {
			case c == '\\' && !verbatim:
				i += 2
			case c == '"' && verbatim && doubled, c == '{' && doubled:
				i += 2
			case c == '{':
				stack = append(stack, interpolated{verbatim: verbatim})
				mark(i+1, classCode)
				return i + 1
			case c == '"', c == '\n' && !verbatim:
				mark(i+1, classCode)
				return i + 1
			default:
				i++
			}
		}
		return len(s)
	}

	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case '/':
			var end int
			switch {
			case strings.HasPrefix(s[i:], "//"):
				end = indexFrom(s, i, "\n")
			case strings.HasPrefix(s[i:], "/*"):
				end = indexFrom(s, i+2, "*/")
			default:
				i++
				continue
			}
			mark(i, classText)
			mark(end, classCode)
			i = end
		case '"', '\'':
			mark(i, classText)
			i, _ = skipQuoted(s, i)
			mark(i, classCode)
		case '@', '$':
			j := i
			for j < len(s) && j < i+2 && (s[j] == '@' || s[j] == '$') {
				j++
			}
			if j == len(s) || s[j] != '"' {
				i++
				continue
			}
			verbatim := strings.IndexByte(s[i:j], '@') >= 0
			if strings.IndexByte(s[i:j], '$') >= 0 {
				i = text(j+1, verbatim)
				continue
			}
			mark(i, classText)
			for i = j + 1; i < len(s); i++ {
				if s[i] != '"' {
					continue
				}
				if i++; i == len(s) || s[i] != '"' {
					break
				}
			}
			mark(i, classCode)
		case '{':
			if n := len(stack); n > 0 {
				stack[n-1].braces++
			}
			i++
		case '}':
			i++
			n := len(stack)
			if n == 0 {
				continue
			}
			if stack[n-1].braces > 0 {
				stack[n-1].braces--
				continue
			}
			verbatim := stack[n-1].verbatim
			stack = stack[:n-1]
			i = text(i, verbatim)
		default:
			i++
		}
	}
	return spans
}

// indexFrom is the offset of what in s at or after i, or the end of s.
func indexFrom(s string, i int, what string) int {
	if n := strings.Index(s[min(i, len(s)):], what); n >= 0 {
		return min(i, len(s)) + n
	}
	return len(s)
}
