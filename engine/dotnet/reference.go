package dotnet

import (
	_ "embed"
	"fmt"
	"sort"
	"strings"
)

//go:embed reference_head.md
var referenceHead string

// Reference is docs/expressions.md: the language in short, and every type with its
// members as the table has them.
func (l *Library) Reference() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, referenceHead, "`"+strings.Join(usings[1:], "`, `")+"`")
	groups := map[string][]*Type{}
	for _, d := range l.decls {
		t := l.Lookup(d.Full, len(d.params))
		title := l.section(t)
		groups[title] = append(groups[title], t)
	}
	for _, title := range []string{sectionContext, sectionListed, sectionCome, sectionBeyond} {
		types := groups[title]
		if title != sectionContext {
			sort.SliceStable(types, func(i, j int) bool { return types[i].Full < types[j].Full })
		}
		fmt.Fprintf(&b, "\n## %s\n", title)
		for _, t := range types {
			l.describe(&b, t)
		}
	}
	c := l.Coverage()
	fmt.Fprintf(&b, "\n## Coverage\n\nOf %d members of %d types that Azure API Management allows, %d are offered, with %d overloads. The others:\n\n| Type | Member | Why not |\n|---|---|---|\n",
		c.Allowed, c.Types, c.Offered, c.Overloads)
	for _, m := range c.Missing {
		reason := m.Reason
		if reason == "" {
			reason = "not yet"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.ReplaceAll(m.Type, "`", "\\`"), m.Member, reason)
	}
	return []byte(b.String())
}

// The sections of the reference.
const (
	sectionContext = "context and what it leads to"
	sectionListed  = "Types of .NET"
	sectionCome    = "Types that come with them"
	sectionBeyond  = "Types beyond the list"
)

// section is where the reference shows a type.
func (l *Library) section(t *Type) string {
	switch a := l.allowance(t); {
	case t.Standing() != Listed:
		return sectionBeyond
	case a != nil && len(a.members) > 0 && !strings.Contains(t.decl.Full, "."):
		return sectionContext
	case a != nil && len(a.members) > 0:
		return sectionListed
	}
	return sectionCome
}

// describe writes one type with its own members.
func (l *Library) describe(b *strings.Builder, t *Type) {
	d := t.decl
	name := t.Full
	if d.alias != "" {
		name += " (`" + d.alias + "`)"
	}
	if t.Standing() == Refused {
		return
	}
	fmt.Fprintf(b, "\n### %s\n\n", strings.NewReplacer("<", "\\<", "_", "\\_").Replace(name))
	kind := map[Kind]string{Class: "Class", Struct: "Struct", Interface: "Interface", Enum: "Enum", Delegate: "Delegate"}[t.Kind]
	if d.static {
		kind = "Static class"
	}
	b.WriteString(kind)
	if len(d.bases) > 0 {
		b.WriteString(" : `" + strings.Join(d.bases, "`, `") + "`")
	}
	b.WriteString(".")
	switch t.Kind {
	case Enum:
		b.WriteString(" `" + strings.Join(d.names, "`, `") + "`.\n")
		return
	case Delegate:
		fmt.Fprintf(b, " `%s`.\n", t.MembersNamed("Invoke")[0].Signature())
		return
	}
	b.WriteString("\n")
	table := t.table()
	names := make([]string, 0, len(table))
	for n := range table {
		names = append(names, n)
	}
	sort.Strings(names)
	first := true
	for _, n := range names {
		for _, m := range table[n] {
			if m.Standing() == Refused {
				continue
			}
			if first {
				b.WriteString("\n")
				first = false
			}
			mark := ""
			if m.Standing() == Beyond && t.Standing() == Listed {
				mark = " ◦"
			}
			fmt.Fprintf(b, "- `%s`%s\n", m.declaration(), mark)
		}
	}
}

// declaration is the member with the words that C# declares it with.
func (m *Member) declaration() string {
	s := m.Signature()
	switch m.Kind {
	case OpMember:
		s = strings.Replace(s, m.Ret.Name+" ", m.Ret.Name+" operator ", 1)
	case ImplicitMember:
		s = "implicit operator " + s
	case ExplicitMember:
		s = "explicit operator " + s
	case CtorMember:
		return "new " + s
	case PropMember, IndexMember:
		if m.Settable() {
			s += " { get; set; }"
		} else {
			s += " { get; }"
		}
	}
	if m.Ext {
		return s + " (on " + m.Params[0].Type.Name + ")"
	}
	if m.Static && m.Kind != OpMember && m.Kind != ImplicitMember && m.Kind != ExplicitMember && !m.Owner.decl.static {
		return "static " + s
	}
	return s
}
