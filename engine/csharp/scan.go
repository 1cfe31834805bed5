package csharp

// maxStringNesting bounds interpolated strings inside holes of interpolated
// strings; nobody writes more than two.
const maxStringNesting = 64

// End finds where a policy expression ends: s[i] is the '(' or '{' right after
// the '@' that opens it, and the result is the offset just after the bracket
// that closes it. Brackets inside strings, characters and comments do not count,
// by the lexical rules of C#: plain, verbatim and interpolated strings (whose
// holes nest), character literals, // and /* */ comments.
//
// Only brackets of the opening one's kind are counted, so that a missing ']' is
// left for the parser to explain. ok is false if the text ends first, or a
// string that may not span lines does.
//
// The time is linear in the distance to the end.
func End(s string, i int) (end int, ok bool) {
	if i < 0 || i >= len(s) {
		return i, false
	}
	open := s[i]
	closing := byte(')')
	switch open {
	case '(':
	case '{':
		closing = '}'
	default:
		return i, false
	}
	depth := 0
	for i < len(s) {
		switch c := s[i]; c {
		case open:
			depth++
			i++
		case closing:
			depth--
			i++
			if depth == 0 {
				return i, true
			}
		case '"', '\'', '/', '@', '$':
			next, ok := skipLexeme(s, i, 0)
			if !ok {
				return next, false
			}
			i = next
		default:
			i++
		}
	}
	return i, false
}

// skipLexeme passes the string, character or comment that begins at s[i], or
// the one byte s[i] if none does.
func skipLexeme(s string, i, nesting int) (next int, ok bool) {
	switch s[i] {
	case '"':
		return skipString(s, i+1)
	case '\'':
		return skipChar(s, i+1)
	case '/':
		next, _, ok = skipComment(s, i)
		if next == i {
			next++
		}
		return next, ok
	case '@', '$':
		verbatim, interpolated, quote := stringPrefix(s, i)
		switch {
		case quote < 0:
			return i + 1, true
		case interpolated:
			return skipInterpolated(s, quote+1, verbatim, nesting+1)
		default:
			return skipVerbatim(s, quote+1)
		}
	}
	return i + 1, true
}

// stringPrefix reads @", $", $@" or @$" at s[i]; quote is the offset of the
// quotation mark, or -1.
func stringPrefix(s string, i int) (verbatim, interpolated bool, quote int) {
	j := i
	for ; j < len(s) && j < i+2; j++ {
		switch {
		case s[j] == '@' && !verbatim:
			verbatim = true
		case s[j] == '$' && !interpolated:
			interpolated = true
		default:
			if s[j] == '"' && j > i {
				return verbatim, interpolated, j
			}
			return false, false, -1
		}
	}
	if j < len(s) && s[j] == '"' {
		return verbatim, interpolated, j
	}
	return false, false, -1
}

// skipComment passes the comment at s[i], if one begins there. closed is false
// for a /* comment without its end.
func skipComment(s string, i int) (next int, found, closed bool) {
	if i+1 >= len(s) {
		return i, false, true
	}
	switch s[i+1] {
	case '/':
		for i < len(s) && s[i] != '\n' && s[i] != '\r' {
			i++
		}
		return i, true, true
	case '*':
		for i += 2; i+1 < len(s); i++ {
			if s[i] == '*' && s[i+1] == '/' {
				return i + 2, true, true
			}
		}
		return len(s), true, false
	}
	return i, false, true
}

// skipString passes the rest of a plain string; s[i] follows its opening quote.
func skipString(s string, i int) (next int, ok bool) {
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1, true
		case '\n', '\r':
			return i, false
		}
	}
	return len(s), false
}

// skipChar passes the rest of a character literal, however long it is: that is
// the lexer's to complain about.
func skipChar(s string, i int) (next int, ok bool) {
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '\'':
			return i + 1, true
		case '\n', '\r':
			return i, false
		}
	}
	return len(s), false
}

func skipVerbatim(s string, i int) (next int, ok bool) {
	for ; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return i + 1, true
	}
	return len(s), false
}

// skipInterpolated passes the rest of an interpolated string; s[i] follows its
// opening quote.
func skipInterpolated(s string, i int, verbatim bool, nesting int) (next int, ok bool) {
	if nesting > maxStringNesting {
		return i, false
	}
	for i < len(s) {
		switch c := s[i]; {
		case c == '"':
			if verbatim && i+1 < len(s) && s[i+1] == '"' {
				i += 2
				continue
			}
			return i + 1, true
		case c == '\\' && !verbatim:
			i += 2
		case (c == '\n' || c == '\r') && !verbatim:
			return i, false
		case c == '{':
			if i+1 < len(s) && s[i+1] == '{' {
				i += 2
				continue
			}
			end, _, ok := skipHole(s, i+1, nesting)
			if !ok {
				return end, false
			}
			i = end
		default:
			i++
		}
	}
	return len(s), false
}

// skipHole passes the rest of a hole of an interpolated string, {expression},
// {expression,alignment} or {expression:format}; s[i] follows its opening brace.
// colon is the offset of the colon before the format, or -1.
func skipHole(s string, i, nesting int) (next, colon int, ok bool) {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '(', '[', '{':
			depth++
			i++
		case ')', ']':
			depth--
			i++
		case '}':
			if depth <= 0 {
				return i + 1, -1, true
			}
			depth--
			i++
		case ':':
			if depth > 0 {
				i++
				continue
			}
			if i+1 < len(s) && s[i+1] == ':' {
				i += 2
				continue
			}
			colon = i
			for ; i < len(s); i++ {
				switch s[i] {
				case '}':
					return i + 1, colon, true
				case '"', '\n', '\r':
					return i, colon, false
				}
			}
		case '"', '\'', '/', '@', '$':
			end, ok := skipLexeme(s, i, nesting)
			if !ok {
				return end, -1, false
			}
			i = end
		default:
			i++
		}
	}
	return len(s), -1, false
}
