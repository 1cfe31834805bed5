package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Reference is the reference page of gateway.yaml in Markdown, a table per
// section, made of the structs that the decoder fills.
func Reference() []byte {
	r := referenceMaker{named: map[reflect.Type]string{}}
	r.WriteString(referenceHead)
	r.section("The file", reflect.TypeFor[file](), "")
	return []byte(r.String())
}

const referenceHead = `# gateway.yaml

This page is generated from the structs that the file is read into; a test keeps it current.

- Keys that are not in the tables are refused. At the top of the file, keys that begin with ` + "`x-`" + ` are left alone: a place for YAML anchors.
- Lists of things with an id may be written as lists (` + "`- id: orders`" + `) or as mappings (` + "`orders:`" + ` …). A list of texts with one entry needs no list.
- Any value may hold references: ` + "`${NAME}`" + ` is an environment variable, ` + "`${NAME:-default}`" + ` one with a default, ` + "`${file:path}`" + ` the content of a file. ` + "`$${`" + ` is a plain ` + "`${`" + `.
- Paths are relative to the folder of gateway.yaml. Ids are compared without regard to case.
- Durations: ` + "`30s`, `5m`, `2d`, `PT30S`" + `. Sizes: ` + "`1024`, `64KiB`, `10MB`" + `. Times: ` + "`2026-01-31`, `2026-01-31T12:00:00Z`" + `.
- The same as JSON Schema, for editors: [gateway.schema.json](gateway.schema.json). A first line ` + "`# yaml-language-server: $schema=…`" + ` points an editor at it.

`

type referenceMaker struct {
	strings.Builder
	named map[reflect.Type]string
}

type pendingSection struct {
	title, intro string
	t            reflect.Type
}

// section writes the table of a struct, and then those of the structs in it.
func (r *referenceMaker) section(title string, t reflect.Type, intro string) {
	if r.named[t] != "" {
		return
	}
	r.named[t] = title
	fmt.Fprintf(r, "## %s\n\n%s| Key | Value | Default | |\n|---|---|---|---|\n", title, intro)
	var inner []pendingSection
	for _, f := range fieldsOf(t) {
		ft := t.Field(f.index).Type
		kind, elem := valueKind(ft, f)
		if elem != nil {
			name := f.key
			if title != "The file" {
				name = title + "." + f.key
			}
			if r.named[elem] == "" {
				inner = append(inner, pendingSection{name, f.doc + "\n\n" + shortIntro(elem), elem})
			} else {
				name = r.named[elem]
			}
			kind = fmt.Sprintf("%s, see [%s](#%s)", kind, name, anchor(name))
		}
		def := ""
		if f.def != "" {
			def = "`" + f.def + "`"
		}
		doc := f.doc
		if f.required {
			doc = "**Needed.** " + doc
		}
		if f.secret {
			doc += " Secret: never printed."
		}
		fmt.Fprintf(r, "| `%s` | %s | %s | %s |\n", f.key, kind, def, strings.ReplaceAll(doc, "|", "\\|"))
	}
	r.WriteString("\n")
	for _, s := range inner {
		r.section(s.title, s.t, s.intro)
	}
}

func shortIntro(t reflect.Type) string {
	if s, ok := reflect.New(t).Interface().(shorter); ok {
		return "A single value in its place: " + strings.ToLower(s.shortDoc()[:1]) + s.shortDoc()[1:] + "\n\n"
	}
	return ""
}

func anchor(title string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(title, ".", ""), " ", "-"))
}

// valueKind says what a field takes, and the struct that it holds, if one.
func valueKind(t reflect.Type, f field) (kind string, elem reflect.Type) {
	choice := "`" + strings.Join(f.enum, "`, `") + "`"
	switch t {
	case reflect.TypeFor[text]():
		if f.enum != nil {
			return choice, nil
		}
		return "text", nil
	case reflect.TypeFor[number]():
		lo, hi := f.bounds()
		if f.max == "" {
			return fmt.Sprintf("number from %d", lo), nil
		}
		return fmt.Sprintf("number %d to %d", lo, hi), nil
	case reflect.TypeFor[truth]():
		return "`true`, `false`", nil
	case reflect.TypeFor[duration]():
		return "duration", nil
	case reflect.TypeFor[size]():
		return "size", nil
	case reflect.TypeFor[instant]():
		return "time", nil
	case reflect.TypeFor[tree]():
		return "anything", nil
	case reflect.TypeFor[[]tree]():
		return "list of anything", nil
	case reflect.TypeFor[[]text]():
		if f.enum != nil {
			return "list of " + choice, nil
		}
		return "list of texts", nil
	case reflect.TypeFor[[]pair]():
		return "mapping of names to a text or a list of texts", nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "mapping", t.Elem()
	case reflect.Slice:
		if f.listKey != "" {
			return "list, or mapping by `" + f.listKey + "`", t.Elem()
		}
		return "list", t.Elem()
	}
	return "mapping", t
}
