package newtonsoft

import (
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// plain reads on inside the container at the root while the text is such as programs
// write: what it does for a token is what read does, without a call for each step. It
// stops before the first token that is not of the simplest form, and before the end of
// the root; so leniency, and all that can be wrong, is left to read. It also finds out
// which containers are exact.
func (r *reader) plain() {
	s, i := r.s, r.i
	l := &r.stack[len(r.stack)-1]
	for ; i < len(s); r.i = i {
		c := s[i]
		if c <= ' ' {
			r.skipSpace()
			if r.i == i {
				return
			}
			i = r.i
			l.exact = false
			continue
		}
		switch r.state {
		case statePostValue:
			if c == ',' {
				i++
				r.state = stateValue
				if l.kind == tokenStartObject {
					r.state = stateName
				}
				break
			}
			if l = r.leave(c); l == nil {
				return
			}
			i++
		case stateName:
			if c != '"' {
				if l.pos >= 0 { // behind a comma
					l.exact = false
				}
				if l = r.leave(c); l == nil {
					return
				}
				i++
				break
			}
			end := skipPlain(s, i+1)
			if end+1 >= len(s) || s[end] != '"' || s[end+1] != ':' {
				return
			}
			l.exact = l.exact && !r.named(l, s[i+1:end])
			l.name = i
			l.pos++
			r.put(newEntry(tokenPropertyName, 0, i))
			r.state = stateValue
			i = end + 2
		default:
			if c == '{' || c == '[' {
				if len(r.stack) == maxDepth {
					return
				}
				if l.kind != tokenStartObject {
					l.pos++
				}
				clr.Spend(r.meter, valueSize)
				r.state = stateName
				t := tokenStartObject
				if c == '[' {
					r.state, t = stateValue, tokenStartArray
				}
				r.stack = append(r.stack, level{kind: t, pos: -1, entry: len(r.tape), exact: true})
				l = &r.stack[len(r.stack)-1]
				r.put(0)
				r.put(entry(i))
				i++
				break
			}
			if c == ']' && l.pos < 0 {
				if l = r.leave(c); l == nil {
					return
				}
				i++
				break
			}
			end, exact := plainEnd(s, i)
			if end == 0 {
				return
			}
			height := uint8(2)
			if l.kind != tokenStartObject {
				height = 1
				l.pos++
			}
			clr.Spend(r.meter, valueSize)
			r.put(newEntry(tokenNone, 0, i))
			l.height = max(l.height, height)
			l.exact = l.exact && exact
			r.state = statePostValue
			i = end
		}
	}
}

// named tells whether an object that is exact so far has the name already, or more names
// than are compared here.
func (r *reader) named(l *level, name string) bool {
	const compared = 32
	if l.pos >= compared {
		return true
	}
	h := uint(len(name))
	if h > 0 {
		h += uint(name[0])*5 + uint(name[h-1])*17 + uint(name[h/2])*29
	}
	bit := uint64(1) << (h % 64)
	if l.names&bit == 0 {
		l.names |= bit
		return false
	}
	for i := l.entry + header; i < len(r.tape); {
		if before := r.s[r.tape[i].place()+1:]; strings.HasPrefix(before, name) && before[len(name)] == '"' {
			return true
		}
		i++
		if e := r.tape[i]; e.kind() == tokenNone {
			i++
		} else {
			i = e.place()
		}
	}
	return false
}

// leave ends the innermost container if that is what c does and it is not the root. It
// gives the container around it.
func (r *reader) leave(c byte) *level {
	n := len(r.stack) - 1
	if n == 0 || c != '}' && c != ']' {
		return nil
	}
	start, _ := closes(c)
	in := r.stack[n]
	if in.kind != start {
		return nil
	}
	clr.Spend(r.meter, valueSize)
	r.stack = r.stack[:n]
	r.state = statePostValue
	r.close(in, r.i+1)
	return &r.stack[n-1]
}

// plainEnd is where the value that begins at i ends, if it is a text without line ends
// and \u, a number without an exponent, or a word; otherwise 0. It is exact if it is
// written as it stands, see copier.value.
func plainEnd(s string, i int) (end int, exact bool) {
	switch c := s[i]; c {
	case '"':
		return plainTextEnd(s, i)
	case 't', 'f', 'n':
		word := "true"
		if c == 'f' {
			word = "false"
		} else if c == 'n' {
			word = "null"
		}
		if !strings.HasPrefix(s[i:], word) {
			return 0, false
		}
		end, exact = i+len(word), true
	default:
		start := i
		if c == '-' {
			i++
		}
		first := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		if i == first || i > first+1 && s[first] == '0' || i-start > maxIntegerDigits {
			return 0, false
		}
		if i < len(s) && s[i] == '.' {
			point := i
			for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			}
			if i == point+1 || i-start > maxIntegerDigits {
				return 0, false
			}
		}
		copied, zero := plainDigits(s, start)
		end, exact = i, copied == i && !zero
	}
	if end >= len(s) || !separator(s[end]) {
		return 0, false
	}
	return end, exact
}

func plainTextEnd(s string, i int) (end int, exact bool) {
	start, escaped := i+1, false
	exact = true
	for i++; ; i++ {
		if i = skipPlain(s, i); i == len(s) {
			return 0, false
		}
		switch c := s[i]; {
		case c == '"':
			return i + 1, exact && (!escaped || s[start] != '/') && plainDate(s[start:i])
		case c == '\\':
			if i++; i == len(s) {
				return 0, false
			}
			switch escaped = true; s[i] {
			case '"', '\\', 'b', 'f', 'n', 'r', 't':
			case '/', '\'':
				exact = false
			default:
				return 0, false
			}
		case c < ' ':
			return 0, false
		case c == 0xC2 || c == 0xE2:
			exact = exact && !separatorAt(s, i)
		default:
			for i+1 < len(s) && s[i+1] >= utf8.RuneSelf && s[i+1] != 0xC2 && s[i+1] != 0xE2 {
				i++
			}
		}
	}
}

// separatorAt tells whether one of the characters beyond ASCII is at i that the writer
// escapes: next line, line and paragraph separator.
func separatorAt(s string, i int) bool {
	s = s[i:]
	return strings.HasPrefix(s, "\u0085") || strings.HasPrefix(s, "\u2028") || strings.HasPrefix(s, "\u2029")
}
