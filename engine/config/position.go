package config

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"sekisho/engine/source"
)

// positions turns the lines and columns of the YAML parser into Ranges. The
// parser counts columns in characters and knows more line breaks than people do.
type positions struct {
	text  *source.Text
	lines []int // offset of the first byte of each line
	// columns holds the offsets of the characters of lines outside ASCII, made
	// when first asked for: without it a long line would be read once per value.
	columns map[int][]int32
	ascii   bool // all of the text is: every character is a byte
}

// maxShown is how much of a list or mapping on one line is pointed at.
const maxShown = 200

func newPositions(t *source.Text) *positions {
	p := &positions{text: t, lines: []int{0}, columns: map[int][]int32{}, ascii: isASCII(t.Content)}
	s := t.Content
	for i := 0; i < len(s); {
		n := lineBreak(s[i:])
		if n > 0 {
			p.lines = append(p.lines, i+n)
			i += n
		} else {
			i++
		}
	}
	return p
}

// lineBreak is the length of the line break that s begins with, as YAML 1.1 has them.
func lineBreak(s string) int {
	switch s[0] {
	case '\n':
		return 1
	case '\r':
		if strings.HasPrefix(s, "\r\n") {
			return 2
		}
		return 1
	case 0xC2:
		if strings.HasPrefix(s, "\u0085") {
			return 2
		}
	case 0xE2:
		if strings.HasPrefix(s, "\u2028") || strings.HasPrefix(s, "\u2029") {
			return 3
		}
	}
	return 0
}

// offset is the byte offset of a line and column, both from 1.
func (p *positions) offset(line, col int) int {
	if line < 1 {
		return 0
	}
	if line > len(p.lines) {
		return len(p.text.Content)
	}
	start, end := p.lines[line-1], len(p.text.Content)
	if line < len(p.lines) {
		end = p.lines[line]
	}
	if line == 1 && strings.HasPrefix(p.text.Content, "\uFEFF") {
		start += len("\uFEFF")
	}
	cols, known := p.columns[line]
	if !known && !p.ascii {
		cols = columnsOf(p.text.Content[start:end])
		p.columns[line] = cols
	}
	switch {
	case col < 1:
		return start
	case cols == nil:
		return min(start+col-1, end)
	case col > len(cols):
		return end
	}
	return start + int(cols[col-1])
}

// columnsOf is the offset of each character of a line; nil where each is a byte.
func columnsOf(line string) []int32 {
	if isASCII(line) {
		return nil
	}
	out := make([]int32, 0, len(line))
	for i := range line {
		out = append(out, int32(i))
	}
	return out
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// at is a Range of n bytes from a line and column on.
func (p *positions) at(line, col, n int) source.Range {
	o := p.offset(line, col)
	return source.Range{Text: p.text, Start: o, End: min(o+n, len(p.text.Content))}
}

// node is the Range of a scalar, or of the first line of anything else.
func (p *positions) node(n *yaml.Node) source.Range {
	start := p.value(n)
	s := p.text.Content[start:]
	if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 {
		return p.node(n.Content[0])
	}
	end := 0
	switch {
	case s == "":
	case n.Kind == yaml.ScalarNode && (s[0] == '"' || s[0] == '\''):
		end = quoted(s)
	case n.Kind == yaml.ScalarNode && strings.HasPrefix(s, n.Value):
		end = len(n.Value)
	default:
		s = s[:min(len(s), maxShown)]
		end = strings.IndexAny(s, "\r\n")
		if end < 0 {
			end = len(s)
		}
		end = len(strings.TrimRight(s[:end], " \t"))
	}
	if i := strings.IndexByte(s[:end], '\n'); i >= 0 {
		end = i
	}
	return source.Range{Text: p.text, Start: start, End: start + end}
}

// value is the offset at which a node begins, after its anchor and tag.
func (p *positions) value(n *yaml.Node) int {
	o := p.offset(n.Line, n.Column)
	for n.Kind != yaml.AliasNode {
		s := p.text.Content[o:]
		if s == "" || s[0] != '&' && s[0] != '!' {
			break
		}
		end := strings.IndexAny(s, " \t\r\n")
		if end < 0 {
			break
		}
		o += end
		o += len(s[end:]) - len(strings.TrimLeft(s[end:], " \t\r\n"))
	}
	return o
}

// lead tells whether a scalar's value stands in the file letter by letter, and
// how many bytes of quotes come before it.
func (p *positions) lead(n *yaml.Node) (lead int, exact bool) {
	s := p.text.Content[p.value(n):]
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		s, lead = s[1:], 1
	}
	return lead, strings.HasPrefix(s, n.Value) && !strings.Contains(n.Value, "\n")
}

// quoted is the length of the quoted scalar that s begins with.
func quoted(s string) int {
	q := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && q == '"':
			i++
		case s[i] == q && q == '\'' && i+1 < len(s) && s[i+1] == q:
			i++
		case s[i] == q:
			return i + 1
		}
	}
	return len(s)
}
