package clr

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// section is what the first pass over a section of a custom number format finds:
// "#,##0.00;(0);zero" has three.
type section struct {
	start       int // of the section's text
	digits      int // placeholders
	point       int // placeholders before the decimal point
	first, last int // the placeholders between which zeros are shown
	scientific  bool
	grouped     bool
	scale       int // powers of ten, for % and scaling commas
}

// formatCustom formats by a custom format.
func formatCustom(n *number, format string) string {
	f := []rune(format)
	which := 0
	if len(n.digits) == 0 {
		which = 2
	} else if n.neg {
		which = 1
	}
	s := scanSection(f, findSection(f, which))
	if len(n.digits) > 0 {
		n.scale += s.scale
		keep := s.digits
		if !s.scientific {
			keep = n.scale + s.digits - s.point
		}
		n.round(keep, false)
		if len(n.digits) == 0 {
			if at := findSection(f, 2); at != s.start {
				s = scanSection(f, at)
			}
		}
	}
	if len(n.digits) == 0 {
		n.neg = n.neg && n.float
		n.scale = 0
	}
	return s.write(n, f)
}

// findSection is where the section numbered which starts; 0 if it is not there
// or empty.
func findSection(f []rune, which int) int {
	for i := 0; which > 0 && i < len(f); {
		c := f[i]
		i++
		switch c {
		case '\'', '"':
			i = skipQuoted(f, i, c)
		case '\\':
			i++
		case ';':
			if which--; which == 0 {
				if i < len(f) && f[i] != ';' {
					return i
				}
				return 0
			}
		}
	}
	return 0
}

// skipQuoted is the position behind the quote that ends the text at i.
func skipQuoted(f []rune, i int, quote rune) int {
	for i < len(f) && f[i] != quote {
		i++
	}
	return min(i+1, len(f))
}

func scanSection(f []rune, start int) section {
	const none = math.MaxInt32
	s := section{start: start, point: -1, first: none}
	comma, commas := -1, 0
scan:
	for i := start; i < len(f); {
		c := f[i]
		i++
		switch c {
		case ';':
			break scan
		case '#':
			s.digits++
		case '0':
			s.first = min(s.first, s.digits)
			s.digits++
			s.last = s.digits
		case '.':
			if s.point < 0 {
				s.point = s.digits
			}
		case ',':
			if s.digits == 0 || s.point >= 0 {
				break
			}
			if comma == s.digits {
				commas++
				break
			}
			if comma >= 0 {
				s.grouped = true
			}
			comma, commas = s.digits, 1
		case '%':
			s.scale += 2
		case '‰':
			s.scale += 3
		case '\'', '"':
			i = skipQuoted(f, i, c)
		case '\\':
			i++
		case 'E', 'e':
			if j := exponentDigits(f, i); j > 0 {
				s.scientific = true
				i = j
			}
		}
	}
	if s.point < 0 {
		s.point = s.digits
	}
	if comma >= 0 {
		if comma == s.point {
			s.scale -= 3 * commas
		} else {
			s.grouped = true
		}
	}
	s.first = max(0, s.point-s.first)
	s.last = min(0, s.point-s.last)
	return s
}

// exponentDigits is the position behind the zeros of an exponent such as "+00" at
// i, or 0 where there is none.
func exponentDigits(f []rune, i int) int {
	if i < len(f) && (f[i] == '+' || f[i] == '-') {
		i++
	}
	if i >= len(f) || f[i] != '0' {
		return 0
	}
	for i < len(f) && f[i] == '0' {
		i++
	}
	return i
}

func (s section) write(n *number, f []rune) string {
	pos, adjust := s.point, 0
	if !s.scientific {
		pos = max(n.scale, s.point)
		adjust = n.scale - s.point
	}
	shown := max(s.first, pos+min(adjust, 0)) // digits before the point
	var b []byte
	if n.neg && s.start == 0 && n.scale != 0 {
		b = append(b, '-')
	}
	at := 0
	put := func(c byte) {
		b = append(b, c)
		if s.grouped && pos > 1 && pos <= shown && pos%3 == 1 {
			b = append(b, ',')
		}
	}
	scientific, pointWritten := s.scientific, false
write:
	for i := s.start; i < len(f); {
		c := f[i]
		i++
		if c == '#' || c == '0' || c == '.' {
			for ; adjust > 0; adjust-- {
				d := byte('0')
				if at < len(n.digits) {
					d = n.digits[at]
					at++
				}
				put(d)
				pos--
			}
		}
		switch c {
		case ';':
			break write
		case '#', '0':
			var d byte
			switch {
			case adjust < 0:
				adjust++
				if pos <= s.first {
					d = '0'
				}
			case at < len(n.digits):
				d = n.digits[at]
				at++
			case pos > s.last:
				d = '0'
			}
			if d != 0 {
				put(d)
			}
			pos--
		case '.':
			if pos == 0 && !pointWritten && (s.last < 0 || s.point < s.digits && at < len(n.digits)) {
				b = append(b, '.')
				pointWritten = true
			}
		case ',':
		case '\'', '"':
			end := skipQuoted(f, i, c)
			text := f[i:end]
			if end > i && f[end-1] == c {
				text = f[i : end-1]
			}
			b = append(b, string(text)...)
			i = end
		case '\\':
			if i < len(f) {
				b = utf8.AppendRune(b, f[i])
				i++
			}
		case 'E', 'e':
			end := exponentDigits(f, i)
			if end == 0 || !scientific {
				b = append(b, byte(c))
				break
			}
			plus := f[i] == '+'
			zeros := end - i
			if f[i] != '0' {
				zeros--
			}
			exp := 0
			if len(n.digits) > 0 {
				exp = n.scale - s.point
			}
			b = appendExponent(b, exp, byte(c), min(zeros, 10), plus)
			scientific = false
			i = end
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	if n.neg && s.start == 0 && n.scale == 0 && len(b) > 0 {
		b = slices.Insert(b, 0, '-')
	}
	return strings.Clone(string(b))
}
