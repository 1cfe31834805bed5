package pipeline

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"sekisho/engine/policyxml"
	"sekisho/engine/source"
)

// Decoding fills the struct of a policy from its element. Tags of the fields say what
// may stand there, and everything else is reported:
//
//	attr:"name"            an attribute; attr:"name,required" must be there
//	child:"value"          child elements of that name: a slice takes many, any other
//	                       field one; child:"value,required" wants at least one
//	text:""                the text of the element; text:",required" must not be empty;
//	                       text:",raw" keeps white space and markup as they stand
//	                       (the two may be joined, ",required,raw", and raw goes with
//	                       an attribute, too)
//	steps:"*"              a Pipeline of policies inside; names instead of * are the
//	                       only ones allowed
//	enum:"a b"             the literals allowed, separated by blanks
//	range:"1 300"          the least and the greatest number allowed
//	default:"x"            the literal that stands for an absent attribute
//	secret:""              the value is never shown
//
// The type of a field says whether an expression is allowed: Value types take one,
// plain Go types (string, int64, float64, bool) do not. Structs as children carry
// tags of their own; an embedded struct lends its fields.
//
// This is the only reflection in the house and runs at load only.

// Check is what a Step may ask and report at load.
type Check struct {
	*compiler
	element *policyxml.Element
	places  map[any]source.Range
	path    string
}

// Range is where the value of a field, given by its pointer, stands; the element's
// name if the document does not give it.
func (c *Check) Range(field any) source.Range {
	if r, ok := c.places[field]; ok {
		return r
	}
	return c.element.NameRange
}

// Errorf reports a fault at a field, given by its pointer, or at the element for nil.
func (c *Check) Errorf(field any, code source.Code, format string, args ...any) *source.Diagnostic {
	return c.diags.Errorf(c.Range(field), code, format, args...)
}

// Warnf reports something probably not meant.
func (c *Check) Warnf(field any, code source.Code, format string, args ...any) *source.Diagnostic {
	return c.diags.Warnf(c.Range(field), code, format, args...)
}

// Env is the folder.
func (c *Check) Env() Env { return c.env }

// Path is the element's place in its section, as LastError's Path: "choose[1]/when[2]".
func (c *Check) Path() string { return c.path }

// Diags is where faults are reported.
func (c *Check) Diags() *source.List { return c.diags }

// Element is the occurrence itself.
func (c *Check) Element() *policyxml.Element { return c.element }

// Section and Scope are where the document has the element.
func (c *Check) Section() Section { return c.section }

// Scope is the scope of the document.
func (c *Check) Scope() Scope { return c.scope }

// Backend reports a literal that names no backend.
func (c *Check) Backend(v *String) { c.named(v, "unknown-backend", "backend", c.env.Backends) }

// Certificate reports a literal that names no certificate.
func (c *Check) Certificate(v *String) {
	c.named(v, "unknown-certificate", "certificate", c.env.Certificates)
}

func (c *Check) named(v *String, code source.Code, kind string, known func() []string) {
	name, ok := v.Literal()
	if !ok || slices.Contains(known(), name) {
		return
	}
	c.unknown(c.Range(v), code, kind, name, known())
}

// decode fills out, a pointer to a struct, and reports whether it may be used.
func (c *compiler) decode(e *policyxml.Element, out any, path string) bool {
	before := c.diags.Errors()
	d := &decoder{compiler: c, element: e, path: path, places: map[any]source.Range{}}
	if s, ok := out.(declared); ok {
		s.fields(d)
	} else {
		d.collect(reflect.ValueOf(out).Elem())
	}
	d.attributes()
	d.content()
	if ch, ok := out.(Checker); ok && c.diags.Errors() == before {
		ch.Check(&Check{compiler: c, element: e, places: d.places, path: path})
	}
	return c.diags.Errors() == before
}

// field is a tagged field with its options.
type field struct {
	v        reflect.Value
	tag      reflect.StructTag
	name     string
	required bool
	raw      bool
	seen     bool
	literal  bool // no expression, whatever the type of the field
}

// declared is a Step whose attributes are declared by a value, not by tags of a struct.
type declared interface{ fields(d *decoder) }

type decoder struct {
	*compiler
	element  *policyxml.Element
	path     string
	places   map[any]source.Range
	attrs    []*field
	children []*field
	text     *field
	steps    *field
}

func (d *decoder) collect(v reflect.Value) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		fv := v.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			d.collect(fv)
			continue
		}
		for _, kind := range []string{"attr", "child", "text", "steps"} {
			tag, ok := f.Tag.Lookup(kind)
			if !ok {
				continue
			}
			name, opts, _ := strings.Cut(tag, ",")
			has := func(o string) bool { return slices.Contains(strings.Split(opts, ","), o) }
			fl := &field{v: fv, tag: f.Tag, name: name, required: has("required"), raw: has("raw")}
			switch kind {
			case "attr":
				d.attrs = append(d.attrs, fl)
			case "child":
				d.children = append(d.children, fl)
			case "text":
				d.text = fl
			case "steps":
				d.steps = fl
			}
		}
	}
}

func (d *decoder) attributes() {
	for i := range d.element.Attrs {
		a := &d.element.Attrs[i]
		f := find(d.attrs, a.Name)
		switch {
		case f == nil && a.Name == "id":
			// Any policy may have an id; it is LastError's PolicyId.
		case f == nil:
			d.diags.Errorf(a.NameRange, "unknown-attribute", "<%s> has no attribute %q", d.element.Name, a.Name).
				WithHint("%s", didYouMean(a.Name, fieldNames(d.attrs)))
		default:
			f.seen = true
			d.value(f, f.v, a.Value, fmt.Sprintf("attribute %q of <%s>", a.Name, d.element.Name))
		}
	}
	for _, f := range d.attrs {
		if f.seen {
			continue
		}
		if f.required {
			d.diags.Errorf(d.element.NameRange, "missing-attribute", "<%s> wants an attribute %q", d.element.Name, f.name)
		} else if def, ok := f.tag.Lookup("default"); ok {
			setLiteral(f.v, def)
		}
	}
}

// value decodes one attribute or text into a field.
func (d *decoder) value(f *field, v reflect.Value, val policyxml.Value, what string) {
	rng := val.View.All()
	d.places[v.Addr().Interface()] = rng
	s, takesExpr := v.Addr().Interface().(slot)
	takesExpr = takesExpr && !f.literal
	if val.IsExpression() {
		if !takesExpr {
			d.diags.Errorf(rng, "expression-not-allowed", "%s takes no expression", what)
			return
		}
		if e := d.expression(val); e != nil {
			s.expression(e)
		}
		return
	}
	text := val.View.S
	if !f.raw {
		text = strings.TrimSpace(text)
	}
	want, ok := setLiteral(v, text)
	if val.HasStandIn() {
		return // there is nothing to check in the text that stands for a named value
	}
	if !ok {
		if takesExpr {
			want += " or an expression"
		}
		if d.env.Lenient() && isPlaceholder(text) {
			d.diags.Warnf(rng, "bad-value", "%s wants %s, got %q", what, want, clip(val.AsWritten())).
				WithHint("it looks like the placeholder of a template, for which something else puts in the value")
			return
		}
		d.diags.Errorf(rng, "bad-value", "%s wants %s, got %q", what, want, clip(val.AsWritten()))
		return
	}
	if enum, ok := f.tag.Lookup("enum"); ok {
		allowed := strings.Fields(enum)
		if !slices.Contains(allowed, text) {
			d.diags.Errorf(rng, "bad-value", "%s wants one of %s, got %q", what, quoteList(allowed), clip(val.AsWritten())).
				WithHint("%s", didYouMean(text, allowed))
		}
	}
	if limits, ok := f.tag.Lookup("range"); ok {
		lo, hi, _ := strings.Cut(limits, " ")
		n, isNum := numberOf(v)
		least, _ := strconv.ParseFloat(lo, 64)
		most, err := strconv.ParseFloat(hi, 64)
		if isNum && (n < least || err == nil && n > most) {
			if err == nil {
				d.diags.Errorf(rng, "bad-value", "%s wants a number from %s to %s, got %s", what, lo, hi, clip(val.AsWritten()))
			} else {
				d.diags.Errorf(rng, "bad-value", "%s wants a number of at least %s, got %s", what, lo, clip(val.AsWritten()))
			}
		}
	}
}

func (c *compiler) expression(val policyxml.Value) Expr {
	switch val.Kind {
	case policyxml.CSharpExpr, policyxml.CSharpBlock:
		return c.env.CSharp(val.Inner(), val.Kind == policyxml.CSharpBlock, c.diags)
	default:
		return c.env.Script(val.Inner(), val.Kind == policyxml.JSBlock, c.diags)
	}
}

// setLiteral sets a field from text; want says what the field takes.
func setLiteral(v reflect.Value, s string) (want string, ok bool) {
	if sl, is := v.Addr().Interface().(slot); is {
		return sl.literal(s)
	}
	return parseLiteral(s, v.Addr().Interface())
}

func numberOf(v reflect.Value) (float64, bool) {
	if sl, ok := v.Addr().Interface().(slot); ok {
		return sl.number()
	}
	switch v.Kind() {
	case reflect.Int64:
		return float64(v.Int()), true
	case reflect.Float64:
		return v.Float(), true
	}
	return 0, false
}

func (d *decoder) content() {
	if d.text != nil {
		d.textContent()
	}
	var nested []*policyxml.Element
	for e := range d.element.Elements() {
		if f := find(d.children, e.Name); f != nil {
			d.child(f, e)
			continue
		}
		nested = append(nested, e)
	}
	if d.steps != nil {
		var allowed []string
		if d.steps.name != "*" {
			allowed = strings.Fields(d.steps.name)
			for _, f := range d.children {
				allowed = append(allowed, f.name)
			}
		}
		p := d.compiler.steps(nested, d.path, allowed)
		d.steps.v.Set(reflect.ValueOf(p))
	} else {
		for _, e := range nested {
			d.diags.Errorf(e.NameRange, "unknown-element", "<%s> holds no <%s>", d.element.Name, e.Name).
				WithHint("%s", didYouMean(e.Name, fieldNames(d.children)))
		}
	}
	if d.text == nil {
		for _, n := range d.element.Children {
			if t, ok := n.(*policyxml.Text); ok && t.View.Trim().S != "" {
				d.diags.Errorf(t.View.Trim().All(), "unexpected-text", "<%s> holds no text", d.element.Name)
			}
		}
	}
	for _, f := range d.children {
		if f.required && !f.seen {
			d.diags.Errorf(d.element.NameRange, "missing-element", "<%s> wants a <%s> inside", d.element.Name, f.name)
		}
	}
}

func (d *decoder) textContent() {
	val := d.element.Content
	if val.View.Trim().S == "" {
		if d.text.required {
			d.diags.Errorf(d.element.NameRange, "missing-text", "<%s> wants a text inside", d.element.Name)
		}
		return
	}
	d.value(d.text, d.text.v, val, fmt.Sprintf("the text of <%s>", d.element.Name))
}

// child decodes a child element into its field: a Value takes the child's text, a
// struct its attributes and children.
func (d *decoder) child(f *field, e *policyxml.Element) {
	v := f.v
	many := v.Kind() == reflect.Slice
	if f.seen && !many {
		d.diags.Errorf(e.NameRange, "element-twice", "<%s> may hold only one <%s>", d.element.Name, e.Name)
		v = reflect.New(v.Type()).Elem() // read for the faults in it, and dropped
	}
	f.seen = true
	t := v.Type()
	if many {
		t = t.Elem()
	}
	ptr := t.Kind() == reflect.Pointer
	if ptr {
		t = t.Elem()
	}
	nv := reflect.New(t)
	if _, isValue := nv.Interface().(slot); isValue || t.Kind() != reflect.Struct {
		for i := range e.Attrs {
			d.diags.Errorf(e.Attrs[i].NameRange, "unknown-attribute", "<%s> has no attribute %q", e.Name, e.Attrs[i].Name)
		}
		for c := range e.Elements() {
			d.diags.Errorf(c.NameRange, "unknown-element", "<%s> holds no <%s>", e.Name, c.Name)
		}
		sub := &field{v: nv.Elem(), tag: f.tag}
		val := e.Content
		if val.View.Trim().S == "" {
			setLiteral(nv.Elem(), "")
		} else {
			d.value(sub, nv.Elem(), val, fmt.Sprintf("the text of <%s>", e.Name))
		}
	} else {
		path := fmt.Sprintf("%s/%s[%d]", d.path, e.Name, d.count(e))
		if !d.compiler.decode(e, nv.Interface(), path) {
			return
		}
	}
	switch {
	case many && ptr:
		v.Set(reflect.Append(v, nv))
	case many:
		v.Set(reflect.Append(v, nv.Elem()))
	case ptr:
		v.Set(nv)
	default:
		v.Set(nv.Elem())
		if r, ok := d.places[nv.Interface()]; ok {
			d.places[v.Addr().Interface()] = r
		}
	}
}

// count tells how many siblings of that name stand up to e, e included.
func (d *decoder) count(e *policyxml.Element) int {
	n := 0
	for s := range d.element.Elements() {
		if s.Name == e.Name {
			n++
		}
		if s == e {
			break
		}
	}
	return n
}

func find(fields []*field, name string) *field {
	for _, f := range fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

func fieldNames(fields []*field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.name
	}
	return out
}

// isPlaceholder tells whether a text looks like one that whoever deploys the document
// replaces before: {retry_count}, RETRY_COUNT. Documents checked without their folder
// may be such templates.
func isPlaceholder(s string) bool {
	name, braces := s, false
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
		name, braces = strings.Trim(s, "{}"), true
	}
	letters := false
	for _, r := range name {
		switch {
		case r >= 'A' && r <= 'Z', braces && r >= 'a' && r <= 'z':
			letters = true
		case r >= '0' && r <= '9', r == '_', braces && r == '-':
		default:
			return false
		}
	}
	return letters
}

func quoteList(words []string) string {
	sorted := append([]string(nil), words...)
	sort.Strings(sorted)
	return `"` + strings.Join(sorted, `", "`) + `"`
}

// clip shortens a text for a message.
func clip(s string) string {
	const most = 60
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
