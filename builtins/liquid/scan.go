package liquid

import (
	"strings"

	"sekisho/engine/source"
)

// token is a stretch of a template: text, the inside of {{ }}, or of {% %}.
type token struct {
	kind tokenKind
	view source.View // text, or what stands between the delimiters, trimmed
	at   int         // of the token in the template, delimiters included
	end  int
}

type tokenKind uint8

const (
	textToken tokenKind = iota
	outputToken
	tagToken
)

// scanner cuts a template into tokens.
type scanner struct {
	v     source.View
	pos   int
	diags *source.List
	// trim tells that the token before asked to drop the white space that follows.
	trim bool
}

// next returns the next token; ok is false at the end.
func (s *scanner) next() (t token, ok bool) {
	for s.pos < len(s.v.S) {
		start, open := s.pos, s.opening(s.pos)
		if open > start {
			s.pos = open
			if v := s.text(start, open); v.S != "" {
				return token{textToken, v, start, open}, true
			}
			continue
		}
		kind, closing := outputToken, "}}"
		if s.v.S[open+1] == '%' {
			kind, closing = tagToken, "%}"
		}
		s.trim = false
		n := strings.Index(s.v.S[open+2:], closing)
		if n < 0 {
			s.pos = len(s.v.S)
			s.diags.Errorf(s.v.Range(open, open+2), codeSyntax, "%q is not closed by %q", s.v.S[open:open+2], closing)
			return token{}, false
		}
		from, to := open+2, open+2+n
		s.pos = to + 2
		if from < to && s.v.S[from] == '-' {
			from++
		}
		if from < to && s.v.S[to-1] == '-' {
			to--
			s.trim = true
		}
		return token{kind, s.v.Slice(from, to).Trim(), open, s.pos}, true
	}
	return token{}, false
}

// opening finds the next {{ or {% from i on, or the end. Of three braces the last two
// open: {"a":{{{x}}} is text that ends with a brace, as JSON has it.
func (s *scanner) opening(i int) int {
	for {
		n := strings.IndexByte(s.v.S[i:], '{')
		if n < 0 || i+n+1 >= len(s.v.S) {
			return len(s.v.S)
		}
		i += n
		switch s.v.S[i+1] {
		case '%':
			return i
		case '{':
			if i+2 >= len(s.v.S) || s.v.S[i+2] != '{' {
				return i
			}
		}
		i++
	}
}

// text is a stretch of text without the white space that its neighbours drop.
func (s *scanner) text(i, j int) source.View {
	if s.trim {
		switch {
		case s.v.S[i] == '\n':
			i++
		case strings.HasPrefix(s.v.S[i:j], "\r\n"):
			i += 2
		default:
			for i < j && isBlank(s.v.S[i]) {
				i++
			}
		}
	}
	if j+2 < len(s.v.S) && s.v.S[j+2] == '-' {
		for i < j && isBlank(s.v.S[j-1]) {
			j--
		}
	}
	return s.v.Slice(i, j)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// verbatim returns everything up to the end tag of that name, and goes on after it.
func (s *scanner) verbatim(endTag string) (v source.View, ok bool) {
	from := s.pos
	for i := s.pos; ; {
		n := strings.Index(s.v.S[i:], "{%")
		if n < 0 {
			s.pos = len(s.v.S)
			return source.View{}, false
		}
		i += n
		inner := strings.TrimLeft(s.v.S[i+2:], "- \t\r\n")
		if rest, is := strings.CutPrefix(inner, endTag); is {
			rest = strings.TrimLeft(rest, "- \t\r\n")
			if strings.HasPrefix(rest, "%}") {
				v = s.v.Slice(from, i)
				s.pos = len(s.v.S) - len(rest) + len("%}")
				s.trim = s.v.S[s.pos-3] == '-'
				return v, true
			}
		}
		i += 2
	}
}
