package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"sekisho/engine/source"
)

// Bounds of what YAML may ask of the decoder.
const (
	maxDepth = 64
	maxNodes = 1_000_000 // decoded, those reached through aliases counted each time
)

// decoder fills the structs of the format from YAML, reporting everything that
// does not fit.
type decoder struct {
	pos   *positions
	files *folder
	env   func(string) (string, bool)
	diags *source.List
	nodes int
	full  bool // a bound was passed and reported
	known map[reflect.Type][]field
}

// fields is fieldsOf, kept.
func (d *decoder) fields(t reflect.Type) []field {
	f, ok := d.known[t]
	if !ok {
		if d.known == nil {
			d.known = map[reflect.Type][]field{}
		}
		f = fieldsOf(t)
		d.known[t] = f
	}
	return f
}

// parseYAML reads one YAML document, without a look at its meaning. It returns
// nil where there is none; errors are reported.
func parseYAML(t *source.Text, pos *positions, diags *source.List) *yaml.Node {
	var doc yaml.Node
	err := yaml.Load([]byte(t.Content), &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		at, message := source.Range{Text: t}, err.Error()
		var e *yaml.LoadError
		if errors.As(err, &e) {
			at, message = pos.at(e.Mark.Line, e.Mark.Column, 1), e.Message
		}
		if strings.Contains(message, "no documents in stream") {
			return nil // comments, if anything
		}
		diags.Errorf(at, CodeSyntax, "this is not YAML: %s", strings.TrimPrefix(message, "yaml: "))
		return nil
	}
	n := &doc
	if n.Kind == yaml.DocumentNode {
		if len(n.Content) == 0 {
			return nil
		}
		n = n.Content[0]
	}
	return n
}

// field is one key of a struct, from its tags.
type field struct {
	index    int
	key      string
	required bool
	doc      string
	def      string
	enum     []string
	min, max string
	listKey  string
	secret   bool
}

// fieldsOf reads the tags of a struct, in order.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, ok := sf.Tag.Lookup("yaml")
		if !ok {
			continue
		}
		key, rest, _ := strings.Cut(tag, ",")
		f := field{index: i, key: key, required: rest == "required", doc: sf.Tag.Get("doc"), def: sf.Tag.Get("default"),
			min: sf.Tag.Get("min"), max: sf.Tag.Get("max"), listKey: sf.Tag.Get("key"), secret: sf.Tag.Get("secret") == "true"}
		if e := sf.Tag.Get("enum"); e != "" {
			f.enum = strings.Split(e, ",")
		}
		out = append(out, f)
	}
	return out
}

// shorter is a struct that a single value can stand for.
type shorter interface {
	short(text)
	shortDoc() string
}

// follow returns the node that an alias stands for, and counts.
func (d *decoder) follow(n *yaml.Node, depth int) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.nodes++; (d.nodes > maxNodes || depth > maxDepth) && !d.full {
		d.full = true
		d.diags.Errorf(d.pos.node(n), CodeTooLarge, "this is more than a configuration may hold: aliases that multiply, or nesting deeper than %d", maxDepth)
	}
	if d.full {
		return nil
	}
	return n
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// kindName says what a node is, for messages.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}

func (d *decoder) wrongKind(n *yaml.Node, name, want string) {
	d.diags.Errorf(d.pos.node(n), CodeWrongType, "%q wants %s, got %s", name, want, kindName(n))
}

// structure fills a struct. at is where it stands; where it is zero the struct's
// own first key tells. It returns false where there is something else altogether,
// and reported.
func (d *decoder) structure(n *yaml.Node, v reflect.Value, name string, at source.Range, depth int) bool {
	n = d.follow(n, depth)
	if isNull(n) {
		d.defaults(v, at)
		return true
	}
	if n.Kind != yaml.MappingNode {
		s, ok := v.Addr().Interface().(shorter)
		if !ok || n.Kind != yaml.ScalarNode {
			d.wrongKind(n, name, "a mapping")
			d.defaults(v, d.pos.node(n))
			return false
		}
		d.defaults(v, d.pos.node(n))
		var t text
		d.scalarText(n, &t)
		s.short(t)
		return true
	}
	if at.IsZero() {
		at = d.pos.node(n)
	}
	fields := d.fields(v.Type())
	given := map[string]source.Range{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, val := n.Content[i], n.Content[i+1]
		keyAt := d.pos.node(k)
		key, ok := d.mappingKey(k, keyAt, given)
		if !ok {
			continue
		}
		f := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
		if f < 0 {
			d.unknownKey(key, name, keyAt, fields)
			continue
		}
		d.value(val, v.Field(fields[f].index), fields[f], keyAt, depth+1)
		if key == "id" {
			if t, ok := v.Field(fields[f].index).Interface().(text); ok && t.Set {
				at = t.At
			}
		}
	}
	setPlace(v, at)
	for _, f := range fields {
		if _, ok := given[f.key]; ok {
			continue
		}
		d.defaultField(v.Field(f.index), f, at)
		if f.required && v.Field(f.index).Kind() == reflect.Struct && !v.Field(f.index).FieldByName("Set").IsValid() {
			d.diags.Errorf(at, CodeMissingKey, "this entry of %q needs the key %q", name, f.key)
		}
	}
	return true
}

// checkRequired reports the keys that are missing, after short forms and mapping
// keys had their say.
func (d *decoder) checkRequired(v reflect.Value, name string) {
	if d.full {
		return // nothing more was read
	}
	for _, f := range d.fields(v.Type()) {
		if f.required && !isSet(v.Field(f.index)) {
			d.diags.Errorf(placeOf(v), CodeMissingKey, "this entry of %q needs the key %q", name, f.key)
		}
	}
}

// mappingKey reads a key: a single value that is not there twice.
func (d *decoder) mappingKey(k *yaml.Node, at source.Range, given map[string]source.Range) (string, bool) {
	k = d.follow(k, 0)
	if k == nil {
		return "", false
	}
	if k.Kind != yaml.ScalarNode {
		d.diags.Errorf(at, CodeWrongType, "a key is a single value")
		return "", false
	}
	if k.Value == "<<" && k.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 {
		d.diags.Errorf(at, CodeUnknownKey, "merge keys are not read here").WithHint("write the keys out, or use an alias for a whole value")
		return "", false
	}
	if first, twice := given[k.Value]; twice {
		d.diags.Errorf(at, CodeDuplicateKey, "the key %q stands twice", k.Value).WithNote(first, "first here")
		return "", false
	}
	given[k.Value] = at
	return k.Value, true
}

func (d *decoder) unknownKey(key, name string, at source.Range, fields []field) {
	var names []string
	for _, f := range fields {
		names = append(names, f.key)
	}
	if name == "" && strings.HasPrefix(key, "x-") {
		return // a place for anchors, at the top
	}
	where := fmt.Sprintf("%q has", name)
	if name == "" {
		where = "there is"
	}
	g := d.diags.Errorf(at, CodeUnknownKey, "%s no key %q", where, key)
	if near := source.Nearest(key, names); near != "" {
		g.WithHint("did you mean %q?", near)
	} else if len(names) <= 12 {
		g.WithHint("the keys are %s", strings.Join(names, ", "))
	}
}

// value fills one field of any of the format's types.
func (d *decoder) value(n *yaml.Node, v reflect.Value, f field, keyAt source.Range, depth int) {
	switch p := v.Addr().Interface().(type) {
	case *text:
		if n = d.scalarNode(n, f.key, depth); n != nil {
			d.scalarText(n, p)
			d.checkEnum(p, f)
		} else {
			d.defaultField(v, f, keyAt)
		}
	case *number, *truth, *duration, *size, *instant:
		if n = d.scalarNode(n, f.key, depth); n != nil {
			var t text
			d.scalarText(n, &t)
			d.parsed(v, t, f)
		} else {
			d.defaultField(v, f, keyAt)
		}
	case *tree:
		d.tree(n, p, depth)
	case *[]pair:
		d.pairs(n, p, f, depth)
	case *[]text:
		d.texts(n, p, f, depth)
	case *[]tree:
		n = d.follow(n, depth)
		switch {
		case isNull(n):
		case n.Kind != yaml.SequenceNode:
			d.wrongKind(n, f.key, "a list")
		default:
			for _, c := range n.Content {
				var t tree
				if d.tree(c, &t, depth); t.Set {
					*p = append(*p, t)
				}
			}
		}
	default:
		switch v.Kind() {
		case reflect.Struct:
			if d.structure(n, v, f.key, keyAt, depth) {
				d.checkRequired(v, f.key)
			}
		case reflect.Pointer:
			if !isNull(d.follow(n, depth)) {
				v.Set(reflect.New(v.Type().Elem()))
				if d.structure(n, v.Elem(), f.key, keyAt, depth) {
					d.checkRequired(v.Elem(), f.key)
				}
			}
		case reflect.Slice:
			d.list(n, v, f, depth)
		default:
			panic("config: internal error: no way to decode " + v.Type().String())
		}
	}
}

// scalarNode is the node if it is a single value; nil if it is null or wrong.
func (d *decoder) scalarNode(n *yaml.Node, name string, depth int) *yaml.Node {
	n = d.follow(n, depth)
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.ScalarNode {
		d.wrongKind(n, name, "a single value")
		return nil
	}
	if n.Style&yaml.TaggedStyle != 0 && n.ShortTag() != "!!str" {
		d.diags.Errorf(d.pos.at(n.Line, n.Column, len(n.Tag)), CodeWrongType, "the tag %q means nothing here", n.Tag)
		return nil
	}
	return n
}

func (d *decoder) scalarText(n *yaml.Node, t *text) {
	t.At, t.Raw, t.Set = d.pos.node(n), n.Value, true
	t.lead, t.exact = d.pos.lead(n)
	t.Value = t.Raw
	t.Value = d.expand(n.Value, t.span)
}

func (d *decoder) checkEnum(t *text, f field) {
	if f.enum == nil || !t.Set {
		return
	}
	for _, e := range f.enum {
		if strings.EqualFold(e, t.Value) {
			t.Value = e
			return
		}
	}
	g := d.diags.Errorf(t.At, CodeBadValue, "%q is one of %s, got %q", f.key, strings.Join(f.enum, ", "), t.Raw)
	if near := source.Nearest(t.Value, f.enum); near != "" {
		g.WithHint("did you mean %q?", near)
	}
	t.Value = f.enum[0]
}

// parsed reads a number, truth, duration, size or instant from its text.
func (d *decoder) parsed(v reflect.Value, t text, f field) {
	bad := func(want, hint string) {
		d.diags.Errorf(t.At, CodeBadValue, "%q wants %s, got %q", f.key, want, t.Raw).WithHint("%s", hint)
		d.defaultField(v, f, t.At)
		v.FieldByName("Set").SetBool(true) // it is there, if of no use
	}
	switch p := v.Addr().Interface().(type) {
	case *number:
		n, err := strconv.ParseInt(t.Value, 10, 64)
		if err != nil {
			bad("a whole number", "")
			return
		}
		lo, hi := f.bounds()
		if n < lo || n > hi {
			bad(f.boundsText(), "")
			return
		}
		*p = number{t.place, n, true}
	case *truth:
		switch strings.ToLower(t.Value) {
		case "true", "false":
			*p = truth{t.place, strings.EqualFold(t.Value, "true"), true}
		case "yes", "on":
			bad("true or false", "write true")
		case "no", "off":
			bad("true or false", "write false")
		default:
			bad("true or false", "")
		}
	case *duration:
		dur, err := parseDuration(t.Value)
		if err != nil {
			hint := ""
			if _, err := strconv.Atoi(t.Value); err == nil {
				hint = "write " + t.Raw + "s for seconds"
			}
			bad("a duration such as 30s, 5m or PT30S", hint)
			return
		}
		*p = duration{t.place, dur, true}
	case *size:
		n, err := parseSize(t.Value)
		if err != nil {
			bad("a size in bytes such as 1024, 64KiB or 10MB", "")
			return
		}
		*p = size{t.place, n, true}
	case *instant:
		at, err := parseInstant(t.Value)
		if err != nil {
			bad("a time such as 2026-01-31 or 2026-01-31T12:00:00Z", "")
			return
		}
		*p = instant{t.place, at, true}
	}
}

func (f field) bounds() (lo, hi int64) {
	lo, hi = 0, 1<<53
	if f.min != "" {
		lo, _ = strconv.ParseInt(f.min, 10, 64)
	}
	if f.max != "" {
		hi, _ = strconv.ParseInt(f.max, 10, 64)
	}
	return lo, hi
}

func (f field) boundsText() string {
	lo, hi := f.bounds()
	if f.max == "" {
		return fmt.Sprintf("a whole number from %d on", lo)
	}
	return fmt.Sprintf("a whole number from %d to %d", lo, hi)
}

// texts reads a list of texts; one alone needs no list.
func (d *decoder) texts(n *yaml.Node, out *[]text, f field, depth int) {
	n = d.follow(n, depth)
	if isNull(n) {
		return
	}
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, c := range items {
		if c = d.scalarNode(c, f.key, depth+1); c != nil {
			var t text
			d.scalarText(c, &t)
			d.checkEnum(&t, f)
			*out = append(*out, t)
		}
	}
}

func (d *decoder) pairs(n *yaml.Node, out *[]pair, f field, depth int) {
	n = d.follow(n, depth)
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.wrongKind(n, f.key, "a mapping")
		return
	}
	given := map[string]source.Range{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		at := d.pos.node(n.Content[i])
		if key, ok := d.mappingKey(n.Content[i], at, given); ok {
			p := pair{Key: text{place: place{at}, Value: key, Raw: key, Set: true}}
			d.texts(n.Content[i+1], &p.Values, field{key: key}, depth+1)
			*out = append(*out, p)
		}
	}
}

// list reads a list of structs, or the mapping that it may be written as.
func (d *decoder) list(n *yaml.Node, v reflect.Value, f field, depth int) {
	n = d.follow(n, depth)
	if isNull(n) {
		return
	}
	// Entries are large, and there may be thousands: they are filled where they stand.
	next := func() reflect.Value {
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, len(n.Content)))
		}
		v.SetLen(v.Len() + 1)
		return v.Index(v.Len() - 1)
	}
	switch {
	case n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			if isNull(d.follow(c, depth)) {
				continue
			}
			e := next()
			if d.structure(c, e, f.key, source.Range{}, depth+1) {
				d.checkRequired(e, f.key)
			}
		}
	case n.Kind == yaml.MappingNode && f.listKey != "":
		given := map[string]source.Range{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			at := d.pos.node(n.Content[i])
			key, ok := d.mappingKey(n.Content[i], at, given)
			if !ok {
				continue
			}
			e := next()
			ok = d.structure(n.Content[i+1], e, f.key, at, depth+1)
			d.keyField(e, f, n.Content[i], key, at)
			if ok {
				d.checkRequired(e, f.key)
			}
		}
	default:
		want := "a list"
		if f.listKey != "" {
			want = "a list, or a mapping by " + f.listKey
		}
		d.wrongKind(n, f.key, want)
	}
}

// keyField puts the key of a mapping into the field that it stands for.
func (d *decoder) keyField(e reflect.Value, f field, n *yaml.Node, key string, at source.Range) {
	fields := d.fields(e.Type())
	i := slices.IndexFunc(fields, func(k field) bool { return k.key == f.listKey })
	v := e.Field(fields[i].index)
	if isSet(v) {
		if t, ok := v.Interface().(text); !ok || t.Value != key {
			d.diags.Errorf(placeOf(v), CodeConflict, "the key of this entry says %q already", key).WithNote(at, "here")
		}
	}
	t := text{place: place{at}, Value: key, Raw: key, Set: true}
	t.lead, t.exact = d.pos.lead(n)
	if v.Type() == reflect.TypeFor[text]() {
		v.Set(reflect.ValueOf(t))
	} else {
		d.parsed(v, t, fields[i])
	}
	setPlace(e, at)
}

// defaults fills a struct that is not in the file.
func (d *decoder) defaults(v reflect.Value, at source.Range) {
	setPlace(v, at)
	for _, f := range d.fields(v.Type()) {
		d.defaultField(v.Field(f.index), f, at)
	}
}

func (d *decoder) defaultField(v reflect.Value, f field, at source.Range) {
	switch p := v.Addr().Interface().(type) {
	case *text:
		*p = text{place: place{at}, Value: f.def, Raw: f.def}
	case *number:
		n, _ := strconv.ParseInt(f.def, 10, 64)
		*p = number{place{at}, n, false}
	case *truth:
		*p = truth{place{at}, f.def == "true", false}
	case *duration:
		n, _ := parseDuration(f.def)
		*p = duration{place{at}, n, false}
	case *size:
		n, _ := parseSize(f.def)
		*p = size{place{at}, n, false}
	default:
		if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[tree]() && v.Type() != reflect.TypeFor[instant]() {
			d.defaults(v, at)
		}
	}
}

// setPlace says where a struct stands, if it wants to know.
func setPlace(v reflect.Value, at source.Range) {
	if f := v.FieldByName("place"); f.IsValid() {
		// The embedded field is unexported: reach its exported content.
		f.FieldByName("At").Set(reflect.ValueOf(at))
	}
}

func placeOf(v reflect.Value) source.Range {
	if f := v.FieldByName("place"); f.IsValid() {
		return f.FieldByName("At").Interface().(source.Range)
	}
	return source.Range{}
}

// isSet tells whether a value was in the file.
func isSet(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Pointer:
		return !v.IsZero()
	case reflect.Struct:
		if f := v.FieldByName("Set"); f.IsValid() {
			return f.Bool()
		}
	}
	return true
}
