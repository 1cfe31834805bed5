package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Bounds of values that are validated: the library takes time and memory for each, and
// for numbers as their exponents say.
const (
	maxValues   = 100_000
	maxNumber   = 400 // characters
	maxExponent = 400
)

var (
	errTooMany = errors.New("these are too many values")
	errNumber  = errors.New("a number is out of bounds")
	errJSON    = errors.New("this is not JSON")
)

// validator is a compiled schema.
type validator struct{ schema *jsonschema.Schema }

// compile compiles a schema, which refers to nothing.
func compile(schema json.RawMessage) (*validator, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, err
	}
	const name = "tool:///schema"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoader{})
	c.UseRegexpEngine(pattern)
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	s, err := c.Compile(name)
	if err != nil {
		return nil, err
	}
	return &validator{s}, nil
}

// noLoader loads nothing.
type noLoader struct{}

func (noLoader) Load(string) (any, error) {
	return nil, errors.New("schemas of tools refer to nothing")
}

// pattern compiles a regular expression of a schema. One that RE2 has no words for
// (lookaheads, references back) is for the client to read; here all fits it.
func pattern(s string) (jsonschema.Regexp, error) {
	if re, err := regexp.Compile(s); err == nil {
		return re, nil
	}
	return anything(s), nil
}

type anything string

func (a anything) String() string        { return string(a) }
func (anything) MatchString(string) bool { return true }

// decode reads JSON with its numbers as they are written, within bounds.
func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return nil, errJSON
	}
	left := maxValues
	if err := bounded(v, &left); err != nil {
		return nil, err
	}
	return v, nil
}

func bounded(v any, left *int) error {
	if *left--; *left < 0 {
		return errTooMany
	}
	switch v := v.(type) {
	case json.Number:
		s := strings.ToLower(v.String())
		_, exponent, has := strings.Cut(s, "e")
		if n, err := strconv.Atoi(exponent); len(s) > maxNumber || has && (err != nil || n > maxExponent || n < -maxExponent) {
			return errNumber
		}
	case []any:
		for _, e := range v {
			if err := bounded(e, left); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, e := range v {
			if err := bounded(e, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// check says what is wrong with a value, for whoever wrote it; "" for nothing.
func (v *validator) check(value any) string {
	err := v.schema.Validate(value)
	if err == nil {
		return ""
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return "it does not fit the schema"
	}
	const most = 8
	var out []string
	p := message.NewPrinter(language.English)
	var leaves func(e *jsonschema.ValidationError)
	leaves = func(e *jsonschema.ValidationError) {
		if len(out) > most {
			return
		}
		if len(e.Causes) == 0 {
			out = append(out, fmt.Sprintf("%s: %s", place(e.InstanceLocation), short(e.ErrorKind.LocalizedString(p))))
		}
		for _, c := range e.Causes {
			leaves(c)
		}
	}
	leaves(invalid)
	if len(out) > most {
		out = append(out[:most], "and more")
	}
	return strings.Join(out, "\n")
}

// misfits are the members of an object that, or something in them, do not fit.
func (v *validator) misfits(object map[string]any) map[string]bool {
	var invalid *jsonschema.ValidationError
	if !errors.As(v.schema.Validate(object), &invalid) {
		return nil
	}
	out := map[string]bool{}
	var leaves func(e *jsonschema.ValidationError)
	leaves = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 && len(e.InstanceLocation) > 0 {
			out[e.InstanceLocation[0]] = true
		}
		for _, c := range e.Causes {
			leaves(c)
		}
	}
	leaves(invalid)
	return out
}

func place(path []string) string {
	if len(path) == 0 {
		return "arguments"
	}
	return short(strings.Join(path, "."))
}

// short cuts a text that may hold what was sent.
func short(s string) string {
	const most = 300
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// typesOnly is a schema of results with all taken out that documents tend to be wrong
// about: what is left are descriptions, members and types, of which each may be null.
func typesOnly(schema json.RawMessage) (json.RawMessage, error) {
	v, err := decode(schema)
	if err != nil {
		return nil, err
	}
	m, ok := loosen(v).(map[string]any)
	if !ok {
		return nil, errors.New("it is no schema of objects")
	}
	m["type"] = "object"
	return marshal(m), nil
}

func loosen(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return map[string]any{}
	}
	out := map[string]any{}
	for key, v := range m {
		switch key {
		case "title", "description":
			out[key] = v
		case "type":
			out[key] = orNull(v)
		case "items", "additionalProperties":
			if _, ok := v.(map[string]any); ok && m["prefixItems"] == nil {
				out[key] = loosen(v)
			}
		case "properties":
			if all, ok := v.(map[string]any); ok {
				members := map[string]any{}
				for name, s := range all {
					members[name] = loosen(s)
				}
				out[key] = members
			}
		case "allOf", "anyOf", "oneOf":
			list, ok := v.([]any)
			if !ok || len(list) == 0 {
				continue
			}
			var parts []any
			for _, s := range list {
				parts = append(parts, loosen(s))
			}
			if key == "oneOf" { // without what tells them apart more than one fits
				if key = "anyOf"; m[key] != nil {
					continue
				}
			}
			out[key] = parts
		}
	}
	return out
}

func orNull(v any) any {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	for _, t := range list {
		if t == "null" {
			return list
		}
	}
	return append(list[:len(list):len(list)], "null")
}
