package newtonsoft

import (
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// plain reads on inside the container at the root while the text is such as programs
// write: what it does for a token is what read does, without a call for each step. It
// stops before the first token that is not of the simplest form, and before the end of
// the root; so leniency, and all that can be wrong, is left to read.
func (r *reader) plain() {
	s, i := r.s, r.i
	l := &r.stack[len(r.stack)-1]
	for i < len(s) {
		c := s[i]
		if c <= ' ' {
			r.i = i
			r.skipSpace()
			if r.i == i {
				return
			}
			i = r.i
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
				r.i = i
				return
			}
			i++
		case stateName:
			if c == '"' {
				end := skipPlain(s, i+1)
				if end+1 >= len(s) || s[end] != '"' || s[end+1] != ':' {
					r.i = i
					return
				}
				l.name, l.pos = i, 0
				r.put(newEntry(tokenPropertyName, 0, i))
				r.state = stateValue
				i = end + 2
				break
			}
			if l = r.leave(c); l == nil {
				r.i = i
				return
			}
			i++
		default:
			if c == '{' || c == '[' {
				if len(r.stack) == maxDepth {
					r.i = i
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
				r.stack = append(r.stack, level{kind: t, pos: -1, entry: len(r.tape)})
				l = &r.stack[len(r.stack)-1]
				r.put(0)
				i++
				break
			}
			end := plainEnd(s, i)
			if end == 0 {
				r.i = i
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
			r.state = statePostValue
			i = end
		}
	}
	r.i = i
}

// leave ends the innermost container if that is what c does and it is not the root. It
// gives the container around it.
func (r *reader) leave(c byte) *level {
	n := len(r.stack) - 1
	if n == 0 || c != '}' && c != ']' {
		return nil
	}
	start, _ := closes(c)
	in := &r.stack[n]
	if in.kind != start {
		return nil
	}
	clr.Spend(r.meter, valueSize)
	height := in.height
	r.tape[in.entry] = newEntry(start, height, len(r.tape))
	r.stack = r.stack[:n]
	r.state = statePostValue
	r.raise(height)
	return &r.stack[n-1]
}

// plainEnd is where the value that begins at i ends, if it is a text without line ends
// and \u, a number without an exponent, or a word; otherwise 0.
func plainEnd(s string, i int) (end int) {
	switch c := s[i]; c {
	case '"':
		for i++; ; i++ {
			if i = skipPlain(s, i); i == len(s) {
				return 0
			}
			switch c := s[i]; {
			case c == '"':
				return i + 1
			case c == '\\':
				if i++; i == len(s) || strings.IndexByte(`"\/bfnrt'`, s[i]) < 0 {
					return 0
				}
			case c < ' ':
				return 0
			default:
				for i+1 < len(s) && s[i+1] >= utf8.RuneSelf {
					i++
				}
			}
		}
	case 't', 'f', 'n':
		word := "true"
		if c == 'f' {
			word = "false"
		} else if c == 'n' {
			word = "null"
		}
		if !strings.HasPrefix(s[i:], word) {
			return 0
		}
		end = i + len(word)
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
			return 0
		}
		if i < len(s) && s[i] == '.' {
			point := i
			for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			}
			if i == point+1 || i-start > maxIntegerDigits {
				return 0
			}
		}
		end = i
	}
	if end >= len(s) || s[end] >= utf8.RuneSelf || !separator(s[end]) {
		return 0
	}
	return end
}
