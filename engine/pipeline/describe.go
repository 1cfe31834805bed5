package pipeline

import (
	"fmt"
	"reflect"
	"strings"
)

// Describe is what `sekisho explain` says of a policy: what it does, where it may stand,
// and what it takes.
func (p *Policy) Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<%s>: %s\n", p.Name, p.Summary)
	if p.New == nil {
		b.WriteString("\nAzure API Management documents it; it is not available yet.\n")
		return b.String()
	}
	sections, scopes := p.Sections.String(), p.Scopes.String()
	if p.Sections == Everywhere {
		sections = "all sections"
	}
	if p.Scopes == AnyScope {
		scopes = "all scopes"
	}
	fmt.Fprintf(&b, "\nStands in %s, in documents of %s", sections, scopes)
	if p.Once {
		b.WriteString(", once in a section")
	}
	b.WriteString(".\n")
	d := &decoder{}
	step := p.New()
	if s, ok := step.(declared); ok {
		s.fields(d)
	} else {
		d.collect(reflect.ValueOf(step).Elem())
	}
	if len(d.attrs) > 0 {
		b.WriteString("\nAttributes:\n")
	}
	for _, f := range d.attrs {
		fmt.Fprintf(&b, "  %-32s %s\n", f.name, f.describe())
	}
	if len(d.children) > 0 {
		b.WriteString("\nElements inside:\n")
	}
	for _, f := range d.children {
		needed := ""
		if f.required {
			needed = "needed"
		}
		fmt.Fprintf(&b, "  %-32s %s\n", "<"+f.name+">", needed)
	}
	switch {
	case d.steps != nil && d.steps.name == "*":
		b.WriteString("\nHolds other policies.\n")
	case d.steps != nil:
		b.WriteString("\nHolds " + elementList(strings.Fields(d.steps.name)) + ".\n")
	}
	if d.text != nil {
		b.WriteString("\nText inside: " + d.text.describe() + "\n")
	}
	if p.Example != "" {
		b.WriteString("\nExample:\n    " + strings.ReplaceAll(strings.TrimRight(p.Example, "\n"), "\n", "\n    ") + "\n")
	}
	return b.String()
}

// describe says what a field takes: "a number from 1 to 5 or an expression; 2 if not given".
func (f *field) describe() string {
	what := "a text"
	probe := reflect.New(f.v.Type()).Elem()
	s, takesExpr := probe.Addr().Interface().(slot)
	takesExpr = takesExpr && !f.literal
	if want, _ := setLiteralWant(probe, s); want != "" {
		what = want
	}
	if enum, ok := f.tag.Lookup("enum"); ok {
		what = "one of " + quoteList(strings.Fields(enum))
	}
	if limits, ok := f.tag.Lookup("range"); ok {
		lo, hi, _ := strings.Cut(limits, " ")
		if lo != "-Inf" {
			what += " from " + lo
		}
		if hi != "" && hi != "none" {
			what += " to " + hi
		}
	}
	if takesExpr {
		what += " or an expression"
	}
	if def, ok := f.tag.Lookup("default"); ok {
		what += fmt.Sprintf("; %q if it is not given", def)
	} else if f.required {
		what += "; needed"
	}
	return what
}

// setLiteralWant says what a value takes by giving it a text that is no number and no
// boolean.
func setLiteralWant(v reflect.Value, s slot) (want string, ok bool) {
	if s != nil {
		return s.literal("?")
	}
	switch v.Kind() {
	case reflect.String, reflect.Int64, reflect.Float64, reflect.Bool:
		return parseLiteral("?", v.Addr().Interface())
	}
	return "", true
}
