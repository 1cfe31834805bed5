package policyxml

import "strings"

// class tells what the text at a place is to the language it stands in.
type class uint8

const (
	classCode      class = iota
	classText            // inside of a string, a character or a comment
	classBraceText       // inside of the text of an interpolated C# string, where {{ is an escape
)

// lexSpan says that the text from at on is of that class.
type lexSpan struct {
	at    int
	class class
}

// scanJS finds where the JavaScript expression or block that s[i], a '(' or '{',
// opens is closed: the offset after the bracket. Brackets in strings, templates,
// comments and regular expressions do not count. If spans is not nil, it scans
// all of s from i on instead, and collects there what each part of it is.
//
// Whether a slash divides or begins a regular expression is told by what stands
// before it. That can be wrong after `)` and `}`, where only a parser knows; a
// regular expression that does not end on its line was a division.
func scanJS(s string, i int, spans *[]lexSpan) (end int, ok bool) {
	mark := func(at int, c class) {
		if spans != nil {
			*spans = append(*spans, lexSpan{at, c})
		}
	}
	var open []byte // '(', '[', '{', and '`' for a hole in a template
	last := byte('(')
	word := "" // the identifier that ends at last, if one does
	for i < len(s) {
		c := s[i]
		switch {
		case isBlank(c):
			i++
			continue
		case c == '/' && strings.HasPrefix(s[i:], "//"):
			mark(i, classText)
			for i < len(s) && s[i] != '\n' {
				i++
			}
			mark(i, classCode)
			continue
		case c == '/' && strings.HasPrefix(s[i:], "/*"):
			mark(i, classText)
			n := strings.Index(s[i+2:], "*/")
			if n < 0 {
				return len(s), false
			}
			i += n + 4
			mark(i, classCode)
			continue
		case c == '"' || c == '\'':
			mark(i, classText)
			if i, ok = skipQuoted(s, i); !ok && spans == nil {
				return i, false
			}
			mark(i, classCode)
			last, word = c, ""
			continue
		case c == '/' && regexpMayFollow(last, word):
			if j, ok := skipRegexp(s, i); ok {
				mark(i, classText)
				i = j
				mark(i, classCode)
				last, word = '/', ""
				continue
			}
			i++
		case c == '`':
			mark(i, classText)
			var hole bool
			if i, hole, ok = skipTemplate(s, i+1); !ok {
				return i, false
			}
			mark(i, classCode)
			if hole {
				open = append(open, '`')
				last, word = '{', ""
			} else {
				last, word = '"', ""
			}
			continue
		case c == '(' || c == '[' || c == '{':
			open = append(open, c)
			i++
		case c == ')' || c == ']' || c == '}':
			i++
			if len(open) > 0 {
				top := open[len(open)-1]
				open = open[:len(open)-1]
				if top == '`' && c == '}' {
					mark(i, classText)
					var hole bool
					if i, hole, ok = skipTemplate(s, i); !ok {
						return i, false
					}
					mark(i, classCode)
					if hole {
						open = append(open, '`')
						last, word = '{', ""
					} else {
						last, word = '"', ""
					}
					continue
				}
				if spans == nil {
					if closes := map[byte]byte{'(': ')', '[': ']', '{': '}'}[top]; closes != c {
						return i, false
					}
				}
			}
			if len(open) == 0 && spans == nil {
				return i, true
			}
		case isWordByte(c):
			j := i
			for j < len(s) && isWordByte(s[j]) {
				j++
			}
			last, word = s[j-1], s[i:j]
			i = j
			continue
		default:
			i++
		}
		last, word = c, ""
	}
	return i, spans != nil
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}

// regexpMayFollow tells whether a slash after that begins a regular expression.
func regexpMayFollow(last byte, word string) bool {
	switch word {
	case "":
		return strings.IndexByte(")]\"'/", last) < 0
	case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new",
		"instanceof", "else", "do", "await", "yield":
		return true
	}
	return false
}

// skipQuoted passes the string at s[i]; a line end, unless escaped, breaks it off.
func skipQuoted(s string, i int) (next int, ok bool) {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case quote:
			return i + 1, true
		case '\n':
			return i, false
		}
	}
	return len(s), false
}

// skipTemplate passes the text of a template up to its end or its next hole;
// s[i] follows the backtick or the hole before.
func skipTemplate(s string, i int) (next int, hole, ok bool) {
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '`':
			return i + 1, false, true
		case '$':
			if i+1 < len(s) && s[i+1] == '{' {
				return i + 2, true, true
			}
		}
	}
	return len(s), false, false
}

// skipRegexp passes the regular expression at s[i]; its flags are a word like any.
func skipRegexp(s string, i int) (next int, ok bool) {
	set := false
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '[':
			set = true
		case ']':
			set = false
		case '/':
			if !set {
				return i + 1, true
			}
		case '\n':
			return i, false
		}
	}
	return len(s), false
}
