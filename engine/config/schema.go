package config

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// schemaID names the JSON Schema of gateway.yaml.
const schemaID = "urn:sekisho:gateway.yaml"

// object keeps the order of what is put into it, so that the schema reads like
// the format.
type object struct {
	keys   []string
	values map[string]any
}

func (o *object) set(key string, value any) *object {
	if o.values == nil {
		o.values = map[string]any{}
	}
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
	return o
}

func (o *object) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, k := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		var v strings.Builder
		e := json.NewEncoder(&v)
		e.SetEscapeHTML(false)
		if err := e.Encode(o.values[k]); err != nil {
			return nil, err
		}
		b.WriteString(strconv.Quote(k) + ":" + v.String())
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

// Schema is the JSON Schema (draft 2020-12) of gateway.yaml, made of the structs
// that the decoder fills.
func Schema() []byte {
	g := schemaMaker{defs: &object{}}
	root := g.structure(reflect.TypeFor[file]())
	out := new(object).
		set("$schema", "https://json-schema.org/draft/2020-12/schema").
		set("$id", schemaID).
		set("title", "gateway.yaml of Sekisho")
	for _, k := range root.keys {
		out.set(k, root.values[k])
	}
	out.set("patternProperties", new(object).set("^x-", true))
	out.set("$defs", g.defs)
	compact, err := json.Marshal(out)
	if err != nil {
		panic("config: internal error: " + err.Error())
	}
	var b strings.Builder
	indent(&b, compact)
	return []byte(b.String())
}

func indent(b *strings.Builder, compact []byte) {
	var raw json.RawMessage = compact
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(raw); err != nil {
		panic("config: internal error: " + err.Error())
	}
}

type schemaMaker struct{ defs *object }

// ref is a reference to the definition of a struct, made on first use.
func (g *schemaMaker) ref(t reflect.Type) *object {
	name := definitionName(t)
	if _, ok := g.defs.values[name]; !ok {
		g.defs.set(name, nil)
		g.defs.set(name, g.structure(t))
	}
	return new(object).set("$ref", "#/$defs/"+name)
}

// definitionName calls fileListenerTLS listenerTLS.
func definitionName(t reflect.Type) string {
	n := strings.TrimPrefix(t.Name(), "file")
	if strings.HasPrefix(n, "API") || strings.HasPrefix(n, "TLS") {
		return strings.ToLower(n[:3]) + n[3:]
	}
	return strings.ToLower(n[:1]) + n[1:]
}

func (g *schemaMaker) structure(t reflect.Type) *object {
	props := &object{}
	var required []string
	for _, f := range fieldsOf(t) {
		props.set(f.key, g.field(t.Field(f.index).Type, f))
		if f.required {
			required = append(required, f.key)
		}
	}
	o := new(object).set("type", "object").set("properties", props).set("additionalProperties", false)
	if required != nil {
		o.set("required", required)
	}
	return o
}

// reference is the schema of a value given as a ${…} reference.
func reference() *object {
	return new(object).set("type", "string").set("pattern", `\$\{`)
}

func anyOf(all ...any) *object { return new(object).set("anyOf", all) }

// scalar is the schema of a text: YAML reads 1 and true as other things, the
// decoder does not mind.
func scalar() *object {
	return new(object).set("type", []string{"string", "number", "boolean", "null"})
}

func (g *schemaMaker) field(t reflect.Type, f field) *object {
	var o *object
	switch t {
	case reflect.TypeFor[text]():
		o = g.text(f)
	case reflect.TypeFor[number]():
		lo, hi := f.bounds()
		n := new(object).set("type", "integer").set("minimum", lo)
		if f.max != "" {
			n.set("maximum", hi)
		}
		o = anyOf(n, reference())
	case reflect.TypeFor[truth]():
		o = anyOf(new(object).set("type", "boolean"), reference())
	case reflect.TypeFor[duration]():
		o = new(object).set("type", "string").set("examples", []string{"30s", "5m", "PT30S"})
	case reflect.TypeFor[size]():
		o = new(object).set("type", []string{"string", "integer"}).set("examples", []string{"64KiB", "10MB"})
	case reflect.TypeFor[instant]():
		o = new(object).set("type", "string").set("examples", []string{"2026-01-31", "2026-01-31T12:00:00Z"})
	case reflect.TypeFor[tree]():
		o = new(object)
	case reflect.TypeFor[[]tree]():
		o = new(object).set("type", "array")
	case reflect.TypeFor[[]text]():
		o = anyOf(g.text(f), new(object).set("type", "array").set("items", g.text(f)))
	case reflect.TypeFor[[]pair]():
		o = new(object).set("type", "object").set("additionalProperties",
			anyOf(scalar(), new(object).set("type", "array").set("items", scalar())))
	default:
		o = g.composite(t, f)
	}
	out := &object{}
	if f.doc != "" {
		out.set("description", f.doc)
	}
	if f.def != "" {
		out.set("default", defaultValue(t, f.def))
	}
	for _, k := range o.keys {
		out.set(k, o.values[k])
	}
	return out
}

func defaultValue(t reflect.Type, def string) any {
	switch t {
	case reflect.TypeFor[truth]():
		return def == "true"
	case reflect.TypeFor[number]():
		n, _ := strconv.Atoi(def)
		return n
	}
	return def
}

func (g *schemaMaker) text(f field) *object {
	if f.enum == nil {
		return scalar()
	}
	return anyOf(new(object).set("enum", f.enum), reference())
}

func (g *schemaMaker) composite(t reflect.Type, f field) *object {
	switch t.Kind() {
	case reflect.Pointer:
		return g.composite(t.Elem(), f)
	case reflect.Struct:
		return g.ref(t)
	}
	elem := t.Elem()
	item := g.ref(elem)
	short := func(o *object) *object {
		if s, ok := reflect.New(elem).Interface().(shorter); ok {
			return anyOf(scalar().set("description", s.shortDoc()), o)
		}
		return o
	}
	list := new(object).set("type", "array").set("items", short(item))
	if f.listKey == "" {
		return list
	}
	// As a mapping the key is given by the mapping.
	name := definitionName(elem) + "ByKey"
	if _, ok := g.defs.values[name]; !ok {
		g.defs.set(name, nil)
		o := g.structure(elem)
		var required []string
		if all, ok := o.values["required"].([]string); ok {
			for _, k := range all {
				if k != f.listKey {
					required = append(required, k)
				}
			}
		}
		byKey := new(object)
		for _, k := range o.keys {
			if k != "required" {
				byKey.set(k, o.values[k])
			}
		}
		if required != nil {
			byKey.set("required", required)
		}
		byKey.set("type", []string{"object", "null"})
		g.defs.set(name, byKey)
	}
	mapping := new(object).set("type", "object").set("additionalProperties", short(new(object).set("$ref", "#/$defs/"+name)))
	return anyOf(mapping, list)
}
