package source

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// DefaultLimit is how many Diagnostics a person is shown at once.
const DefaultLimit = 20

// TextOptions say how WriteText writes.
type TextOptions struct {
	// Color uses ANSI escape sequences, for terminals.
	Color bool
	// Limit is how many Diagnostics are shown; of the rest there is only the number.
	// 0 means DefaultLimit, a negative Limit none.
	Limit int
}

// WriteText writes Diagnostics for people, in the order given:
//
//	orders.xml:3:21: error: attribute "code" wants an integer, got "4o4" [bad-value]
//	  3 | 	<set-status code="4o4" />
//	    | 	                  ^^^
//	    = hint: write a number such as 404
//	  global.xml:2:3: note: reached through <base /> here
//
// The first line alone is enough for tools that find places in output. Excerpts are
// cut from the file; a long line is cut around the place, and control characters in
// it are replaced, so that a file cannot speak to the terminal.
func WriteText(w io.Writer, all []Diagnostic, o TextOptions) error {
	limit := o.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	if limit < 0 {
		limit = len(all)
	}
	t := &textWriter{color: o.Color}
	for i, d := range all {
		if i == limit {
			t.printf("and %d more\n", len(all)-i)
			break
		}
		t.diagnostic(d)
	}
	_, err := io.WriteString(w, t.String())
	return err
}

const (
	styleBold   = "\x1b[1m"
	styleRed    = "\x1b[1;31m"
	styleYellow = "\x1b[1;33m"
	styleBlue   = "\x1b[1;34m"
	styleReset  = "\x1b[0m"
)

type textWriter struct {
	strings.Builder
	color bool
}

func (t *textWriter) printf(format string, args ...any) { fmt.Fprintf(&t.Builder, format, args...) }

func (t *textWriter) styled(style, s string) string {
	if !t.color {
		return s
	}
	return style + s + styleReset
}

func (t *textWriter) diagnostic(d Diagnostic) {
	style := styleRed
	if d.Severity == Warning {
		style = styleYellow
	}
	if !d.Range.IsZero() {
		t.printf("%s ", t.styled(styleBold, place(d.Range)+":"))
	}
	t.printf("%s %s [%s]\n", t.styled(style, d.Severity.String()+":"), printable(d.Message), d.Code)
	margin := "  "
	if !d.Range.IsZero() {
		margin = t.excerpt(d.Range, style)
	}
	if d.Hint != "" {
		t.printf("%s%s %s\n", margin, t.styled(styleBlue, "= hint:"), printable(d.Hint))
	}
	for _, n := range d.Notes {
		if n.Range.IsZero() {
			t.printf("%s%s %s\n", margin, t.styled(styleBlue, "= note:"), printable(n.Message))
		} else {
			t.printf("  %s %s %s\n", t.styled(styleBold, place(n.Range)+":"), t.styled(styleBlue, "note:"), printable(n.Message))
		}
	}
}

// place is file:line:col.
func place(r Range) string {
	p := r.Pos()
	return fmt.Sprintf("%s:%d:%d", printable(r.Text.Name), p.Line, p.Col)
}

// maxExcerpt bounds the width of an excerpt, in columns.
const maxExcerpt = 120

// excerpt writes the line that r begins in and marks r in it: of a Range over
// several lines, what is in the first. It returns the margin that hints align to.
func (t *textWriter) excerpt(r Range, style string) (margin string) {
	pos := r.Pos()
	line, offset := r.Text.Line(pos.Line)
	from := min(pos.Col-1, len(line))
	to := min(max(r.End-offset, from), len(line))
	line, from, to = window(line, from, to)
	number := strconv.Itoa(pos.Line)
	margin = strings.Repeat(" ", len(number)+3)
	var shown, under strings.Builder
	carets := 0
	for i, c := range line {
		c, width := shownAs(c)
		shown.WriteRune(c)
		switch {
		case i >= from && i < to:
			carets += width
		case i >= from:
		case c == '\t':
			under.WriteByte('\t')
		default:
			under.WriteString(strings.Repeat(" ", width))
		}
	}
	t.printf("  %s | %s\n", t.styled(styleBlue, number), shown.String())
	t.printf("%s| %s%s\n", margin, under.String(), t.styled(style, strings.Repeat("^", max(carets, 1))))
	return margin
}

// window cuts a line to what fits, around the bytes from up to to. Cuts are never
// inside of a character.
func window(line string, from, to int) (string, int, int) {
	if len(line) <= maxExcerpt {
		return line, from, to
	}
	start := 0
	if to > maxExcerpt*2/3 {
		start = max(0, from-maxExcerpt/3)
	}
	end := min(len(line), start+maxExcerpt)
	for start > 0 && isContinuation(line[start]) {
		start--
	}
	for end < len(line) && isContinuation(line[end]) {
		end++
	}
	cut := line[start:end]
	from, to = from-start, min(to, end)-start
	if start > 0 {
		cut = "…" + cut
		from, to = from+len("…"), to+len("…")
	}
	if end < len(line) {
		cut += "…"
	}
	return cut, from, to
}

func isContinuation(b byte) bool { return b&0xc0 == 0x80 }

// shownAs is how a character of a file is shown, and how many columns that takes.
func shownAs(c rune) (rune, int) {
	switch {
	case c == '\t':
		return c, 1
	case unicode.IsControl(c), unicode.Is(unicode.Cf, c):
		return unicode.ReplacementChar, 1
	case unicode.Is(unicode.Mn, c):
		return c, 0
	case c >= 0x1100 && unicode.In(c, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		c >= 0xff01 && c <= 0xff60, c >= 0x1f300 && c <= 0x1faff:
		return c, 2
	}
	return c, 1
}

// printable puts a text on one line, without control characters.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t' || c == '\r':
			return ' '
		case unicode.IsControl(c):
			return unicode.ReplacementChar
		}
		return c
	}, s)
}
