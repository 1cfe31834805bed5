package policyxml

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"sekisho/engine/source"
)

const blanks = " \t\r\n"

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func skipBlanks(s string, i int) int {
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	return i
}

// spelling says what of XML's rewriting applies to a stretch of a document.
type spelling uint8

const (
	verbatim   spelling = iota // line ends only
	entities                   // line ends and entities
	attributes                 // entities, and every white space is a blank
)

// decode appends bytes i up to j of v to b as they are meant. What was put into
// v in the place of something else is copied as it is.
func decode(b *source.Builder, v source.View, i, j int, how spelling) {
	s := v.S[:j]
	special := "\r"
	switch how {
	case entities:
		special = "&\r"
	case attributes:
		special = "&\r\n\t"
	}
	from := i
	for i < j {
		k := strings.IndexAny(s[i:], special)
		if k < 0 {
			break
		}
		i += k
		if end, copied := v.Run(i); !copied {
			i = end
			continue
		}
		n, with := 0, ""
		switch s[i] {
		case '&':
			n, with = entity(s[i:])
		case '\r':
			n, with = 1, "\n"
			if i+1 < j && s[i+1] == '\n' {
				n = 2
			}
			if how == attributes {
				with = " "
			}
		default:
			n, with = 1, " "
		}
		if n == 0 {
			i++
			continue
		}
		b.Copy(from, i)
		b.Replace(i, i+n, with)
		i += n
		from = i
	}
	b.Copy(from, j)
}

// decoded is the one stretch of v as it is meant.
func decoded(v source.View, i, j int, how spelling) source.View {
	if !needsDecoding(v.S[i:j], how) {
		return v.Slice(i, j)
	}
	b := source.NewBuilder(v)
	decode(b, v, i, j, how)
	return b.View()
}

func needsDecoding(s string, how spelling) bool {
	switch how {
	case entities:
		return strings.ContainsAny(s, "&\r")
	case attributes:
		return strings.ContainsAny(s, "&\r\n\t")
	}
	return strings.IndexByte(s, '\r') >= 0
}

// entity reads the entity that s begins with: its length and what it stands for.
// The length is 0 for an ampersand that is only that, as in a raw document.
func entity(s string) (n int, with string) {
	end := strings.IndexByte(s[:min(len(s), len("&#x0010FFFF;"))], ';')
	if end < 0 {
		return 0, ""
	}
	switch name := s[1:end]; name {
	case "lt":
		with = "<"
	case "gt":
		with = ">"
	case "amp":
		with = "&"
	case "quot":
		with = `"`
	case "apos":
		with = "'"
	default:
		digits, numeric := strings.CutPrefix(name, "#")
		if !numeric {
			return 0, ""
		}
		base := 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			digits, base = hex, 16
		}
		c, err := strconv.ParseUint(digits, base, 32)
		if err != nil || c == 0 || c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
			return 0, ""
		}
		with = string(rune(c))
	}
	return end + 1, with
}
