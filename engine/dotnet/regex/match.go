package regex

import (
	"strconv"
	"strings"

	"sekisho/engine/dotnet/clr"

	"github.com/dlclark/regexp2/v2"
)

// Capture is one text that a group captured.
type Capture struct {
	text  *text
	at, n int // in runes
}

// Index and Length are in UTF-16 units.
func (c *Capture) Index() int {
	if c.text == nil {
		return 0
	}
	return c.text.unit(c.at)
}

func (c *Capture) Length() int { return clr.Len(c.Value()) }

// Value is Capture.Value, and ToString().
func (c *Capture) Value() string {
	if c.text == nil {
		return ""
	}
	return c.text.slice(c.at, c.at+c.n)
}

func (c *Capture) String() string { return c.Value() }

// Group is a group of a match: its last capture and all of them. A group that
// took no part has none and reads as the empty text.
type Group struct {
	Capture
	Name     string
	Captures []*Capture
}

// Success is Group.Success.
func (g *Group) Success() bool { return len(g.Captures) > 0 }

// Match is a match; one without success stands for Match.Empty.
type Match struct {
	Group
	search *search
	found  *regexp2.Match
	groups []*Group
}

// EmptyMatch is Match.Empty.
func EmptyMatch() *Match { return &Match{Group: Group{Name: "0"}} }

func (s *search) match(m *regexp2.Match) *Match {
	if m == nil {
		return EmptyMatch()
	}
	out := &Match{search: s, found: m}
	out.Group = *s.group(m, 0)
	return out
}

func (s *search) group(m *regexp2.Match, number int) *Group {
	g := m.GroupByNumber(number)
	if g == nil {
		return &Group{Name: strconv.Itoa(number)}
	}
	out := &Group{Name: g.Name}
	for i := range g.Captures {
		c := &g.Captures[i]
		out.Captures = append(out.Captures, &Capture{text: s.text, at: c.RuneIndex, n: c.RuneLength})
	}
	if n := len(out.Captures); n > 0 {
		out.Capture = *out.Captures[n-1]
	}
	return out
}

// Groups is Match.Groups: group 0 is the match itself.
func (m *Match) Groups() []*Group {
	if m.groups == nil {
		m.groups = []*Group{&m.Group}
		if m.found != nil {
			for _, n := range m.search.r.numbers[1:] {
				m.groups = append(m.groups, m.search.group(m.found, n))
			}
		}
	}
	return m.groups
}

// GroupAt is Groups[number]; a number without a group gives one without success.
func (m *Match) GroupAt(number int) *Group {
	if m.found != nil {
		for i, n := range m.search.r.numbers {
			if n == number {
				return m.Groups()[i]
			}
		}
	} else if number == 0 {
		return &m.Group
	}
	return &Group{Name: strconv.Itoa(number)}
}

// GroupNamed is Groups[name].
func (m *Match) GroupNamed(name string) *Group {
	if m.found != nil {
		if n := m.search.r.re.GroupNumberFromName(name); n >= 0 {
			return m.GroupAt(n)
		}
	}
	return &Group{Name: name}
}

// Next is Match.NextMatch().
func (m *Match) Next() *Match {
	if m.found == nil {
		return m
	}
	return m.search.find(m.found, 0)
}

// Result is Match.Result(replacement).
func (m *Match) Result(replacement string) string {
	if m.found == nil {
		clr.Throw(clr.NotSupportedException, "Result cannot be called on a failed Match.")
	}
	return m.expand(m.search.r.parseReplacement(replacement))
}

// InputLen is the length of what was searched, in bytes.
func (m *Match) InputLen() int {
	if m.text == nil {
		return 0
	}
	return len(m.text.s)
}

// What a part of a replacement stands for, besides text and groups.
const (
	wholeInput = -1 - iota
	before
	after
	lastGroup
	literal
)

// part is a piece of a replacement: a text, a group by its number, or one of the
// constants above.
type part struct {
	kind int
	text string
}

// parseReplacement reads $1, ${1}, ${name}, $$, $&, $`, $', $+ and $_. A group
// that the pattern does not have is text.
func (r *Regex) parseReplacement(s string) []part {
	var parts []part
	var plain strings.Builder // text that belongs to one part
	flush := func() {
		if plain.Len() > 0 {
			parts = append(parts, part{literal, plain.String()})
			plain.Reset()
		}
	}
	add := func(kind int, text string) {
		if kind == literal {
			plain.WriteString(text)
			return
		}
		flush()
		parts = append(parts, part{kind, text})
	}
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			add(literal, s)
			break
		}
		if i > 0 {
			add(literal, s[:i])
		}
		s = s[i+1:]
		kind, size := r.reference(s)
		switch {
		case size == 0:
			add(literal, "$")
		case kind == literal:
			add(literal, s[:size])
		default:
			add(kind, "")
		}
		s = s[size:]
	}
	flush()
	return parts
}

// maxGroupName bounds the name in ${name}, so that what is never closed is not
// searched again and again.
const maxGroupName = 1000

// reference reads what follows a $; size is 0 where that is nothing special.
func (r *Regex) reference(s string) (kind, size int) {
	if s == "" {
		return 0, 0
	}
	switch s[0] {
	case '$':
		return literal, 1
	case '&':
		return 0, 1
	case '`':
		return before, 1
	case '\'':
		return after, 1
	case '+':
		return lastGroup, 1
	case '_':
		return wholeInput, 1
	case '{':
		end := strings.IndexByte(s[:min(len(s), maxGroupName)], '}')
		if end < 2 {
			return 0, 0
		}
		name := s[1:end]
		if n, err := strconv.Atoi(name); err == nil {
			if r.has(n) {
				return n, end + 1
			}
			return 0, 0
		}
		if n := r.re.GroupNumberFromName(name); n >= 0 {
			return n, end + 1
		}
		return 0, 0
	}
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if n, err := strconv.Atoi(s[:i]); err == nil && r.has(n) {
		return n, i
	}
	return 0, 0
}

func (r *Regex) has(number int) bool {
	for _, n := range r.numbers {
		if n == number {
			return true
		}
	}
	return false
}

func (m *Match) expand(parts []part) string {
	out := make([]string, 0, len(parts))
	t := m.text
	for _, p := range parts {
		switch p.kind {
		case literal:
			out = append(out, p.text)
		case wholeInput:
			out = append(out, t.s)
		case before:
			out = append(out, t.slice(0, m.at))
		case after:
			out = append(out, t.slice(m.at+m.n, len(t.runes)))
		case lastGroup:
			groups := m.Groups()
			out = append(out, groups[len(groups)-1].Value())
		default:
			out = append(out, m.GroupAt(p.kind).Value())
		}
	}
	return clr.Concat(out...)
}
