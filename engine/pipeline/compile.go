package pipeline

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"sekisho/engine/policyxml"
	"sekisho/engine/source"
)

// Env is what compiling a document needs to know of the folder it stands in.
type Env interface {
	// Fragment finds a fragment's document. A nil document with known true is one that
	// has errors of its own.
	Fragment(id string) (doc *policyxml.Document, known bool)
	Fragments() []string
	// Backends, Certificates: what documents may name.
	Backends() []string
	Certificates() []string
	// Parameters are those of the URL templates that the document applies to, for
	// rewrite-uri; known is false where that cannot be told.
	Parameters() (names []string, known bool)
	// CSharp and Script compile expressions. v is the text inside the brackets; nil is
	// returned if there were errors, which are in diags.
	CSharp(v source.View, block bool, diags *source.List) Expr
	Script(v source.View, block bool, diags *source.List) Expr
	// Bundle compiles the default export of a module under scripts/, or the inline
	// module v if src is empty.
	Bundle(src string, v source.View, diags *source.List) Expr
	// CredentialManager tells whether there is one to ask for connections.
	CredentialManager() bool
	// Lenient reports unknown fragments, backends and certificates as warnings: a bare
	// file is checked without its folder.
	Lenient() bool
}

// Compile compiles a document for a scope. All faults are added to diags; the result
// must not be used if there were errors among them.
func Compile(doc *policyxml.Document, scope Scope, table *Table, env Env, diags *source.List) *Compiled {
	out := &Compiled{Scope: scope}
	for e := range doc.Root.Elements() {
		s := ParseSection(e.Name)
		if s == 0 {
			diags.Errorf(e.NameRange, "unknown-section", "<policies> has no section %q", e.Name).
				WithHint("%s", didYouMean(e.Name, SectionNames))
			continue
		}
		if out.Section(s) != nil {
			diags.Errorf(e.NameRange, "duplicate-section", "the section <%s> stands twice", e.Name)
			continue
		}
		c := &compiler{table: table, env: env, diags: diags, scope: scope, section: s, once: map[string]source.Range{}}
		p := c.steps(slices.Collect(e.Elements()), "", nil)
		out.sections[sectionIndex(s)] = &p
	}
	return out
}

// CheckFragment checks a fragment by itself, as it would be in any section and scope
// that all its policies allow.
func CheckFragment(doc *policyxml.Document, table *Table, env Env, diags *source.List) {
	c := &compiler{table: table, env: env, diags: diags, scope: AnyScope, section: Everywhere, fragment: true, once: map[string]source.Range{}}
	c.steps(slices.Collect(doc.Root.Elements()), "", nil)
}

// compiler compiles the elements of one section.
type compiler struct {
	table    *Table
	env      Env
	diags    *source.List
	scope    Scope
	section  Section
	fragment bool
	once     map[string]source.Range
}

// steps compiles sibling elements. allowed, if not nil, are the only names that may
// stand here; parent is the path they stand under.
func (c *compiler) steps(elements []*policyxml.Element, parent string, allowed []string) Pipeline {
	var p Pipeline
	seen := map[string]int{}
	for _, e := range elements {
		seen[e.Name]++
		path := fmt.Sprintf("%s[%d]", e.Name, seen[e.Name])
		if parent != "" {
			path = parent + "/" + path
		}
		if step := c.step(e, path, allowed); step != nil {
			n := node{step: step, name: e.Name, path: path, rng: e.NameRange}
			if id := e.Attr("id"); id != nil {
				n.id = id.Value.View.S
			}
			p.nodes = append(p.nodes, n)
		}
	}
	return p
}

// step compiles one element, or reports why it cannot and returns nil.
func (c *compiler) step(e *policyxml.Element, path string, allowed []string) Step {
	if allowed != nil && !slices.Contains(allowed, e.Name) {
		c.diags.Errorf(e.NameRange, "misplaced-policy", "<%s> may not stand here; allowed are %s", e.Name, elementList(allowed)).
			WithHint("%s", didYouMean(e.Name, allowed))
		return nil
	}
	if e.Name == "base" {
		if c.fragment {
			c.diags.Errorf(e.NameRange, "misplaced-policy", "<base /> may not stand in a fragment")
			return nil
		}
		return Base{}
	}
	policy := c.table.Lookup(e.Name)
	switch {
	case policy == nil:
		c.diags.Errorf(e.NameRange, "unknown-policy", "there is no policy <%s>", e.Name).
			WithHint("%s", didYouMean(e.Name, c.table.Names()))
		return nil
	case policy.New == nil:
		c.diags.Errorf(e.NameRange, "not-available-yet", "the policy <%s> is not available yet", e.Name).
			WithHint("Sekisho refuses documents that use it, rather than run them without it")
		return nil
	}
	// A policy that names its children has them wherever it stands itself.
	nested := allowed != nil
	if !nested && policy.Sections&c.section == 0 {
		c.diags.Errorf(e.NameRange, "wrong-section", "<%s> may not stand in %s; it may in %s", e.Name, c.section, policy.Sections)
		return nil
	}
	if !nested && policy.Scopes&c.scope == 0 {
		c.diags.Errorf(e.NameRange, "wrong-scope", "<%s> may not stand in a document of %s scope; it may in %s", e.Name, c.scope, policy.Scopes)
		return nil
	}
	if policy.NotInFragment && c.fragment {
		c.diags.Errorf(e.NameRange, "not-in-fragment", "<%s> may not stand in a fragment", e.Name)
		return nil
	}
	if policy.Once && !nested {
		if first, ok := c.once[policy.Name]; ok {
			c.diags.Errorf(e.NameRange, "policy-twice", "<%s> may stand only once in a section", e.Name).WithNote(first, "the first is here")
		} else {
			c.once[policy.Name] = e.NameRange
		}
	}
	if e.Name == "include-fragment" {
		return c.include(e, path)
	}
	s := policy.New()
	if !c.decode(e, s, path) {
		return nil
	}
	return s
}

// Include is a fragment's Steps in the place of its include-fragment.
type Include struct{ Steps Pipeline }

// Run implements Step.
func (f *Include) Run(x *Exchange) error { return f.Steps.Run(x) }

// include compiles a fragment in this place: its policies must fit the section and
// the scope it is included in.
func (c *compiler) include(e *policyxml.Element, path string) Step {
	var decl struct {
		FragmentID string `attr:"fragment-id,required"`
	}
	if !c.decode(e, &decl, path) {
		return nil
	}
	at := e.Attr("fragment-id").Value.View.All()
	if c.fragment {
		c.diags.Errorf(e.NameRange, "nested-fragment", "a fragment may not include another fragment")
		return nil
	}
	doc, known := c.env.Fragment(decl.FragmentID)
	if !known {
		c.unknown(at, "unknown-fragment", "fragment", decl.FragmentID, c.env.Fragments())
		return nil
	}
	if doc == nil {
		return nil
	}
	inner := *c
	inner.fragment = true
	before := c.diags.Len()
	steps := inner.steps(slices.Collect(doc.Root.Elements()), path, nil)
	c.diags.NoteFrom(before, at, "included from here")
	return &Include{Steps: steps}
}

// unknown reports a name that stands for nothing.
func (c *compiler) unknown(at source.Range, code source.Code, kind, name string, known []string) {
	add := c.diags.Errorf
	if c.env.Lenient() {
		add = c.diags.Warnf
	}
	hint := didYouMean(name, known)
	add(at, code, "there is no %s %q", kind, name).WithHint("%s", hint)
}

// didYouMean is a hint, "" if nothing is near.
func didYouMean(word string, candidates []string) string {
	if near := source.Nearest(word, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

func elementList(names []string) string {
	sorted := append([]string(nil), names...)
	sort.Strings(sorted)
	return "<" + strings.Join(sorted, ">, <") + ">"
}
