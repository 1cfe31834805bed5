package dotnet

import (
	_ "embed"
	"strconv"
	"strings"
)

// allowedText is Azure API Management's list. Beside the table, which says what is
// offered, it says what is to be offered: the difference is what a Diagnostic calls
// not available yet, and the coverage.
//
//go:embed allowed.txt
var allowedText string

// Standing is how Azure API Management's list stands to something that is offered.
type Standing uint8

// The standings.
const (
	// Listed is on the list, or comes with the language.
	Listed Standing = iota
	// Beyond works here, and Azure may refuse it: members that published policies
	// use all the same, and those of newer versions of .NET.
	Beyond
	// Refused is part of .NET, and the list leaves it out of a type it names.
	Refused
)

// allowance is what the list says of one type.
type allowance struct {
	full    string // "System.Nullable`1"
	members []string
	has     map[string]bool
	// lacking are reasons why members of the list are not offered, by name.
	lacking map[string]string
	refused map[string]bool
}

// allowList is the list as it is read.
type allowList struct {
	types map[string]*allowance
	order []*allowance
	// refused are types of .NET that are not on the list, by short name.
	refused map[string]bool
}

// readAllowed reads the list. It is our own text: what it cannot read is an
// internal error, which the tests find.
func readAllowed(text string) *allowList {
	l := &allowList{types: map[string]*allowance{}, refused: map[string]bool{}}
	var a *allowance
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "x "):
			for _, w := range words[1:] {
				l.refused[w] = true
			}
		case line[0] != ' ':
			a = &allowance{full: words[0], has: map[string]bool{}, lacking: map[string]string{}, refused: map[string]bool{}}
			l.types[a.full] = a
			l.order = append(l.order, a)
			a.add(words[1:])
		case words[0] == "x":
			for _, w := range words[1:] {
				a.refused[w] = true
			}
		case words[0] == "-":
			reason, names, ok := strings.Cut(strings.TrimSpace(line)[2:], ": ")
			if !ok {
				panic("dotnet: internal error: allowed.txt: " + line)
			}
			for _, w := range strings.Fields(names) {
				a.lacking[w] = reason
			}
		default:
			a.add(words)
		}
	}
	return l
}

func (a *allowance) add(names []string) {
	for _, n := range names {
		a.members = append(a.members, n)
		a.has[n] = true
	}
}

// allowance is what the list says of a declared type, nil where it is silent.
func (l *Library) allowance(t *Type) *allowance {
	if t.decl == nil {
		return nil
	}
	key := t.decl.Full
	if n := len(t.decl.params); n > 0 {
		key += "`" + strconv.Itoa(n)
	}
	return l.list.types[key]
}

// listName is what the list calls a member.
func listName(m *Member) string {
	switch m.Kind {
	case CtorMember:
		return "new"
	case IndexMember:
		return "this[]"
	}
	return m.Name
}

// Standing tells how Azure API Management's list stands to the member.
func (m *Member) Standing() Standing {
	if m.Outside() {
		return Beyond
	}
	a := m.Owner.lib.allowance(m.Owner)
	if a == nil || a.has[listName(m)] {
		return Listed
	}
	if a.refused[m.Name] {
		return Refused
	}
	switch m.Kind {
	case OpMember, ImplicitMember, ExplicitMember:
		return Listed
	}
	// What Object has is on the list for every type; DateTime's own comparisons
	// come with its operators.
	switch m.Name {
	case "Equals", "GetHashCode", "GetType", "ToString", "CompareTo", "Deconstruct", "":
		return Listed
	}
	return Beyond
}

// Standing tells how Azure API Management's list stands to the type.
func (t *Type) Standing() Standing {
	switch {
	case t.decl == nil:
		return Listed
	case t.lib.list.refused[t.decl.Name]:
		return Refused
	case t.decl.outside:
		return Beyond
	}
	return Listed
}

// Lacks tells whether the list has a member of that name which is not offered, and
// why it is not, as far as that is more than "not yet".
func (t *Type) Lacks(name string) (reason string, lacks bool) {
	t.eachAllowance(func(a *allowance) bool {
		if a.has[name] {
			reason, lacks = a.lacking[name], true
		}
		return lacks
	})
	return reason, lacks
}

// Refuses tells whether .NET has a member of that name in the type and the list
// leaves it out.
func (t *Type) Refuses(name string) bool {
	found := false
	t.eachAllowance(func(a *allowance) bool {
		found = found || a.refused[name]
		return found
	})
	return found
}

// eachAllowance calls f for what the list says of the type and its bases, until f
// returns true.
func (t *Type) eachAllowance(f func(a *allowance) bool) {
	for b := t; b != nil; b = b.Base() {
		if a := t.lib.allowance(b); a != nil && f(a) {
			return
		}
	}
	for _, i := range t.Interfaces() {
		if a := t.lib.allowance(i); a != nil && f(a) {
			return
		}
	}
}

// RefusedType tells names, without namespace, of types that .NET has and the list
// leaves out.
func (l *Library) RefusedType(name string) bool { return l.list.refused[name] }

// ListedNames are the names of the type's members that are both on the list and
// offered: what a hint may propose.
func (t *Type) ListedNames() []string {
	var out []string
	t.eachAllowance(func(a *allowance) bool {
		for _, n := range a.members {
			if a.lacking[n] == "" {
				out = append(out, n)
			}
		}
		return false
	})
	return out
}
