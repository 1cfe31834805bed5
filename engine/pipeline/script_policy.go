package pipeline

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sekisho/engine/script"
	"sekisho/engine/source"
)

// Policies reads the policies that modules of the folder of scripts declare, and
// returns a Table that has them behind those of base. Documents use them like built-in
// ones: what is checked here is what the declaration says. A Table belongs to one load,
// so that a reload declares anew.
func (e *Expressions) Policies(base *Table, diags *source.List) *Table {
	if e.folder == nil {
		e.folder = e.modules()
	}
	pool := script.NewPool(script.Limits{Running: 1})
	defer pool.Close()
	all := slices.Clone(base.All())
	first := map[string]*script.Declaration{}
	for _, d := range e.folder.Policies(pool, diags) {
		p := &Policy{Name: d.Name, Summary: d.Summary, Example: d.Example, Once: d.Once, Sections: Everywhere, Scopes: AnyScope}
		before := diags.Errors()
		policyName(d, base, first[d.Name], diags)
		if d.Sections != nil {
			p.Sections = 0
			for _, s := range d.Sections {
				p.Sections |= Section(part(d, "sections", "section", s, SectionNames, diags))
			}
		}
		if d.Scopes != nil {
			p.Scopes = 0
			for _, s := range d.Scopes {
				p.Scopes |= Scope(part(d, "scopes", "scope", s, ScopeNames, diags))
			}
		}
		if p.Sections == 0 || p.Scopes == 0 {
			diags.Errorf(d.Range(), "policy-declaration", "the policy may stand nowhere: its sections or its scopes are empty")
		}
		for _, a := range d.Attributes {
			if !attributeName.MatchString(a.Name) || a.Name == "id" || a.Name == "text" && d.Text != nil {
				diags.Errorf(d.Range("attributes", a.Name), "policy-declaration", "%q cannot be the name of an attribute", a.Name).
					WithHint(`names are letters, digits and hyphens; every policy has an attribute "id" already`)
			}
		}
		if diags.Errors() > before {
			continue
		}
		guard := e.guard
		p.New = func() Step { return newScriptPolicy(d, guard) }
		first[d.Name] = d
		all = append(all, p)
		e.script = true
	}
	if len(all) == len(base.All()) {
		return base
	}
	return NewTable(all)
}

var (
	policyForm    = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
)

// policyName reports a name that documents could not use.
func policyName(d *script.Declaration, base *Table, first *script.Declaration, diags *source.List) {
	at := d.Range("name")
	switch {
	case !policyForm.MatchString(d.Name):
		diags.Errorf(at, "policy-name", "%q cannot be the name of a policy", d.Name).WithHint("write words in lower case, joined by hyphens")
	case base.Lookup(d.Name) != nil || d.Name == "base" || d.Name == "value" || ParseSection(d.Name) != 0:
		diags.Errorf(at, "policy-name", "<%s> is built in; a script cannot replace it", d.Name)
	case first != nil:
		diags.Errorf(at, "policy-name", "the policy <%s> is declared twice", d.Name).WithNote(first.Range("name"), "the first is here")
	}
}

// part is a section or scope by its name.
func part(d *script.Declaration, member, kind, name string, all []string, diags *source.List) uint8 {
	i := slices.Index(all, name)
	if i < 0 {
		diags.Errorf(d.Range(member), "policy-declaration", "there is no %s %q; there are %s", kind, name, strings.Join(all, ", ")).
			WithHint("%s", didYouMean(name, all))
		return 0
	}
	return 1 << i
}

// scriptPolicy is one occurrence of a policy that a module declares.
type scriptPolicy struct {
	decl   *script.Declaration
	values []declaredValue
	host   Script // its program, with the guard of its requests
}

// declaredValue is an attribute, or the text, as the document gives it.
type declaredValue struct {
	decl *script.DeclaredAttribute
	text bool
	slot slot
}

func newScriptPolicy(d *script.Declaration, guard *Guard) *scriptPolicy {
	s := &scriptPolicy{decl: d, host: Script{program: d.Program, guard: guard}}
	for i := range d.Attributes {
		s.values = append(s.values, declaredValue{decl: &d.Attributes[i], slot: newSlot(&d.Attributes[i])})
	}
	if d.Text != nil {
		s.values = append(s.values, declaredValue{decl: d.Text, text: true, slot: newSlot(d.Text)})
	}
	return s
}

func newSlot(a *script.DeclaredAttribute) slot {
	switch a.Type {
	case "number":
		return new(Float)
	case "boolean":
		return new(Bool)
	case "any":
		return new(Any)
	}
	return new(String)
}

// fields implements declared.
func (s *scriptPolicy) fields(d *decoder) {
	for i := range s.values {
		v := &s.values[i]
		f := &field{v: reflect.ValueOf(v.slot).Elem(), tag: tagOf(v.decl), name: v.decl.Name, required: v.decl.Required, literal: !v.decl.Expressions}
		if v.text {
			d.text = f
		} else {
			d.attrs = append(d.attrs, f)
		}
	}
}

// tagOf says what a declaration says as the tags of a field do.
func tagOf(a *script.DeclaredAttribute) reflect.StructTag {
	var b strings.Builder
	tag := func(name, value string) { fmt.Fprintf(&b, "%s:%s ", name, strconv.Quote(value)) }
	if a.Type == "enum" {
		tag("enum", strings.Join(a.Values, " "))
	}
	if a.Min != nil || a.Max != nil {
		low, high := "-Inf", "none"
		if a.Min != nil {
			low = strconv.FormatFloat(*a.Min, 'f', -1, 64)
		}
		if a.Max != nil {
			high = strconv.FormatFloat(*a.Max, 'f', -1, 64)
		}
		tag("range", low+" "+high)
	}
	if a.HasDefault {
		tag("default", a.Default)
	}
	if a.Secret {
		tag("secret", "")
	}
	return reflect.StructTag(b.String())
}

// Run implements Step.
func (s *scriptPolicy) Run(x *Exchange) error {
	given := make([]script.Attribute, 0, len(s.values))
	for i := range s.values {
		v := &s.values[i]
		value, ok, err := v.get(x)
		if err != nil {
			return err
		}
		if ok {
			given = append(given, script.Attribute{Name: v.decl.Name, Value: value})
		}
	}
	a, err := s.host.program.Policy(x.Context, x.Services.scriptPool(), s.host.host(x), given)
	return x.answer(a, err)
}

// get evaluates the value; ok is false if the document does not give it and nothing
// stands for it.
func (v *declaredValue) get(x *Exchange) (value any, ok bool, err error) {
	switch s := v.slot.(type) {
	case *String:
		var text string
		if text, err = s.Get(x); err == nil && v.decl.Type == "enum" && s.IsSet() && !slices.Contains(v.decl.Values, text) {
			err = v.fault("one of " + quoteList(v.decl.Values))
		}
		return text, s.IsSet(), err
	case *Float:
		n, err := s.Get(x)
		if err == nil && s.IsSet() && (v.decl.Min != nil && n < *v.decl.Min || v.decl.Max != nil && n > *v.decl.Max) {
			err = v.fault("a number in its range")
		}
		return n, s.IsSet(), err
	case *Bool:
		b, err := s.Get(x)
		return b, s.IsSet(), err
	case *Any:
		a, err := s.Get(x)
		return a, s.IsSet(), err
	}
	panic("pipeline: internal error: no such kind of attribute")
}

// fault says that an expression's value is not what the declaration wants.
func (v *declaredValue) fault(want string) error {
	return Faultf(500, ReasonExpression, "Expression evaluation failed. The attribute %q wants %s.", v.decl.Name, want)
}
