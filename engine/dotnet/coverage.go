package dotnet

import "sort"

// Coverage is what is offered of what Azure API Management's list allows. A member
// is a name of a type: its overloads are one.
type Coverage struct {
	Types   int
	Allowed int
	Offered int
	// Overloads are the rows of the members that are offered.
	Overloads int
	Missing   []Missing
}

// Missing is a member of the list that is not offered.
type Missing struct {
	Type, Member string
	Reason       string // "" where it is only not there yet
}

// Coverage compares the list with the table.
func (l *Library) Coverage() Coverage {
	var c Coverage
	for _, a := range l.list.order {
		if len(a.members) == 0 {
			continue
		}
		c.Types++
		t := l.byFull[a.full]
		for _, name := range a.members {
			c.Allowed++
			rows := 0
			if t != nil {
				rows = len(t.listed(name))
			}
			if rows == 0 {
				c.Missing = append(c.Missing, Missing{a.full, name, a.lacking[name]})
				continue
			}
			c.Offered++
			c.Overloads += rows
		}
	}
	sort.Slice(c.Missing, func(i, j int) bool {
		x, y := c.Missing[i], c.Missing[j]
		return x.Type < y.Type || x.Type == y.Type && x.Member < y.Member
	})
	return c
}

// listed are the members that the list calls name, those that the type inherits
// among them: .NET's documentation repeats what a class overrides.
func (t *Type) listed(name string) []*Member {
	if name != "new" {
		return t.Find(name)
	}
	ms := t.MembersNamed(".ctor")
	if len(ms) == 0 && t.IsValue() {
		// Every struct has the constructor without parameters.
		return []*Member{{Kind: CtorMember, Static: true, Owner: t, Ret: t, row: &Row{}}}
	}
	return ms
}
