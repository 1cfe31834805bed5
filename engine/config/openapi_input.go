package config

import (
	"bytes"
	"encoding/json"
	"mime"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"sekisho/engine/source"
)

// Bounds of what is kept of the schemas of a document: a few lines of it can stand
// for schemas without end.
const (
	maxSchemaNodes  = 3000
	maxSchemaBytes  = 128 << 10
	maxSchemasBytes = 16 << 20 // of one document
	maxExampleBytes = 256
	// maxRecursion is how often a schema stands inside itself.
	maxRecursion = 1
)

// schemaDepths are how deep a schema is written: what is too large in one is tried in
// the next.
var schemaDepths = []int{24, 6, 3, 1}

// toolOperations tells of which operations of an API tools are made: only these keep
// what they take.
func (b *builder) toolOperations(api string) func(id string) bool {
	all, named := false, map[string]bool{}
	for i := range b.file.APIs {
		f := &b.file.APIs[i]
		if !f.ToolsOf.Set || !strings.EqualFold(f.ToolsOf.Value, api) {
			continue
		}
		all = all || len(f.Tools) == 0
		for _, t := range f.Tools {
			id := t.Operation
			if !id.Set {
				id = t.Name
			}
			named[strings.ToLower(id.Value)] = true
			named[operationID(id.Value)] = true
		}
	}
	return func(id string) bool { return all || named[strings.ToLower(id)] }
}

// input is what an operation of the document takes.
func (im *importer) input(item *openapi3.PathItem, op *openapi3.Operation, at source.Range) *Input {
	in := &Input{Summary: op.Summary, Description: op.Description}
	for _, p := range parametersOf(item.Parameters, op.Parameters) {
		in.Parameters = append(in.Parameters, im.parameter(p, at))
	}
	if op.RequestBody != nil && op.RequestBody.Value != nil {
		in.Body = im.requestBody(op.RequestBody.Value, at)
	}
	if s := outputOf(op); s != nil {
		in.Output = im.schema(s, toClient, at)
	}
	return in
}

// parametersOf are the parameters of a path with those of its operation, which
// take the place of equal ones.
func parametersOf(lists ...openapi3.Parameters) []*openapi3.Parameter {
	var out []*openapi3.Parameter
	for _, list := range lists {
		for _, ref := range list {
			if ref == nil || ref.Value == nil || ref.Value.Name == "" {
				continue
			}
			p := ref.Value
			i := slices.IndexFunc(out, func(o *openapi3.Parameter) bool { return o.Name == p.Name && o.In == p.In })
			if i >= 0 {
				out[i] = p
			} else {
				out = append(out, p)
			}
		}
	}
	return out
}

// styles are those that OpenAPI has for a place, the default first.
var styles = map[string][]string{
	"path":   {"simple", "label", "matrix"},
	"query":  {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
	"header": {"simple"},
	"cookie": {"form"},
}

func (im *importer) parameter(p *openapi3.Parameter, at source.Range) Parameter {
	out := Parameter{Name: p.Name, In: p.In, Description: p.Description, Required: p.Required || p.In == "path", Style: p.Style}
	known := styles[p.In]
	if !slices.Contains(known, out.Style) && len(known) > 0 {
		out.Style = known[0]
	}
	out.Explode = out.Style == "form" || out.Style == "deepObject"
	if p.Explode != nil && out.Style != "deepObject" {
		out.Explode = *p.Explode
	}
	s := p.Schema
	if contentType, m := preferred(p.Content); m != nil && s == nil {
		if isJSON(contentType) {
			out.Style, out.Explode, s = "json", false, m.Schema
		}
	} else if s != nil {
		out.Schema = im.schema(s, toBackend, at)
		return out
	}
	if s != nil {
		out.Schema = im.schema(s, toBackend, at)
	} else if out.Style == "json" {
		out.Schema = json.RawMessage(`{}`)
	} else {
		out.Schema = json.RawMessage(`{"type":"string"}`)
	}
	return out
}

func (im *importer) requestBody(b *openapi3.RequestBody, at source.Range) *InputBody {
	contentType, m := preferred(b.Content)
	if m == nil {
		return nil
	}
	out := &InputBody{ContentType: contentType, Description: b.Description, Required: b.Required, Schema: json.RawMessage(`{}`)}
	if m.Schema != nil {
		out.Schema = im.schema(m.Schema, toBackend, at)
	}
	return out
}

// preferred is the media type that is easiest to write: JSON, then forms, then text.
func preferred(content openapi3.Content) (contentType string, m *openapi3.MediaType) {
	best := len(mediaTypes) + 1
	for _, ct := range sortedKeys(content) {
		if content[ct] == nil {
			continue
		}
		if r := mediaRank(ct); r < best {
			best, contentType, m = r, ct, content[ct]
		}
	}
	if strings.Contains(contentType, "*") {
		switch {
		case strings.HasPrefix(contentType, "text/"):
			contentType = "text/plain"
		case contentType == "*/*" || strings.HasPrefix(contentType, "application/"):
			contentType = "application/json"
		}
	}
	return contentType, m
}

var mediaTypes = []func(contentType string) bool{
	func(s string) bool { return s == "application/json" },
	isJSON,
	func(s string) bool { return s == "*/*" || s == "application/*" },
	func(s string) bool { return s == "application/x-www-form-urlencoded" },
	func(s string) bool { return s == "multipart/form-data" },
	func(s string) bool { return strings.HasPrefix(s, "text/") },
}

func mediaRank(contentType string) int {
	s := bareType(contentType)
	if i := slices.IndexFunc(mediaTypes, func(f func(string) bool) bool { return f(s) }); i >= 0 {
		return i
	}
	return len(mediaTypes)
}

func isJSON(contentType string) bool {
	s := bareType(contentType)
	return s == "application/json" || s == "text/json" || strings.HasSuffix(s, "+json")
}

func bareType(contentType string) string {
	if t, _, err := mime.ParseMediaType(contentType); err == nil {
		return t
	}
	return strings.ToLower(strings.TrimSpace(contentType))
}

// outputOf is the schema of what an operation answers with when it succeeds: an
// object, and JSON whichever successful status it has; else nil.
func outputOf(op *openapi3.Operation) *openapi3.SchemaRef {
	if op.Responses == nil {
		return nil
	}
	var found *openapi3.SchemaRef
	responses := op.Responses.Map()
	for _, code := range sortedKeys(responses) {
		if !strings.HasPrefix(code, "2") || responses[code] == nil || responses[code].Value == nil {
			continue
		}
		contentType, m := preferred(responses[code].Value.Content)
		if m == nil || !isJSON(contentType) || m.Schema == nil {
			return nil
		}
		if found == nil {
			found = m.Schema
		}
	}
	if found == nil || !isObject(found, 0) {
		return nil
	}
	return found
}

func isObject(ref *openapi3.SchemaRef, depth int) bool {
	if ref == nil || ref.Value == nil || depth > maxSampleDepth {
		return false
	}
	s := ref.Value
	if !s.Type.IsEmpty() {
		return s.Type.Includes("object") && !slices.ContainsFunc(s.Type.Slice(), func(t string) bool { return t != "object" && t != "null" })
	}
	return len(s.Properties) > 0 || slices.ContainsFunc(s.AllOf, func(part *openapi3.SchemaRef) bool { return isObject(part, depth+1) })
}

// direction is where a value goes: what the other side alone writes is left out.
type direction bool

const (
	toBackend direction = true
	toClient  direction = false
)

// schema writes a schema of the document as a JSON schema (2020-12) that refers to
// nothing. What is too large loses its depths, and then everything, which is said.
func (im *importer) schema(ref *openapi3.SchemaRef, to direction, at source.Range) json.RawMessage {
	for i, depth := range schemaDepths {
		w := schemaWriter{to: to, depth: depth, left: maxSchemaNodes, open: map[*openapi3.Schema]int{}}
		root := w.schema(ref, 0)
		if m, ok := root.(map[string]any); ok && to == toClient {
			root = ofObject(m)
		}
		data := compact(root)
		if w.left < 0 || data == nil || len(data) > min(maxSchemaBytes, im.schemaBytes) {
			continue
		}
		im.schemaBytes -= len(data)
		if i > 0 || w.cut {
			im.b.diags.Warnf(at, CodeLargeSchema, "a schema of this operation is too large for a tool; what is nested deeper than %d is left open", depth)
		}
		return data
	}
	im.b.diags.Warnf(at, CodeLargeSchema, "a schema of this operation is too large for a tool; it is left open")
	if to == toClient {
		return nil
	}
	return json.RawMessage(`{}`)
}

// ofObject says of a schema of objects that it is one, which MCP wants of results.
func ofObject(m map[string]any) map[string]any {
	if parts, ok := m["anyOf"].([]any); ok && m["type"] == nil && len(parts) == 2 && m["properties"] == nil {
		if first, ok := parts[0].(map[string]any); ok && len(m) == 1 {
			m = first // written as nullable
		}
	}
	m["type"] = "object"
	return m
}

// compact is v as JSON, or nil if it cannot be.
func compact(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// schemaWriter writes one schema.
type schemaWriter struct {
	to    direction
	depth int
	left  int                      // nodes that may still be written
	open  map[*openapi3.Schema]int // those that the writer is in
	cut   bool                     // something was too deep
}

// schema is a map or a bool.
func (w *schemaWriter) schema(ref *openapi3.SchemaRef, depth int) any {
	if w.left--; w.left < 0 || ref == nil || ref.Value == nil {
		return map[string]any{}
	}
	s := ref.Value
	switch {
	case s.Always != nil:
		return *s.Always
	case depth > w.depth:
		w.cut = true
		return leftOpen(s)
	case w.open[s] > maxRecursion:
		return leftOpen(s)
	}
	w.open[s]++
	defer func() { w.open[s]-- }()

	m := map[string]any{}
	w.annotations(s, m)
	w.scalars(s, m)
	w.arrays(s, m, depth+1)
	w.objects(s, m, depth+1)
	w.combinations(s, m, depth+1)
	return nullable(s, m)
}

// leftOpen stands for a schema that is not written.
func leftOpen(s *openapi3.Schema) map[string]any {
	m := map[string]any{}
	put(m, "title", s.Title)
	put(m, "description", s.Description)
	return m
}

// put sets what is not the zero value.
func put[T comparable](m map[string]any, key string, v T) {
	var zero T
	if v != zero {
		m[key] = v
	}
}

func set[T any](m map[string]any, key string, p *T) {
	if p != nil {
		m[key] = *p
	}
}

func (w *schemaWriter) annotations(s *openapi3.Schema, m map[string]any) {
	put(m, "title", s.Title)
	put(m, "description", s.Description)
	put(m, "deprecated", s.Deprecated)
	put(m, "format", s.Format)
	put(m, "contentMediaType", s.ContentMediaType)
	put(m, "contentEncoding", s.ContentEncoding)
	w.spend(len(s.Title) + len(s.Description) + len(s.Format) + len(s.Pattern) + len(s.ContentMediaType) + len(s.ContentEncoding))
	if s.Default != nil && extent(s.Default, maxExampleBytes) <= maxExampleBytes {
		m["default"] = s.Default
	}
	var examples []any
	for _, e := range append(slices.Clone(s.Examples), s.Example) {
		if e != nil && len(examples) < 3 && extent(e, maxExampleBytes) <= maxExampleBytes {
			examples = append(examples, e)
		}
	}
	if examples != nil {
		m["examples"] = examples
	}
}

// spend counts bytes that are written beside the structure.
func (w *schemaWriter) spend(bytes int) { w.left -= bytes / 40 }

// extent is about how long v is as JSON; whatever is longer than limit is looked at no
// further.
func extent(v any, limit int) int {
	n := 8
	switch v := v.(type) {
	case string:
		n = len(v) + 2
	case []any:
		for _, e := range v {
			if n += extent(e, limit-n); n > limit {
				break
			}
		}
	case map[string]any:
		for k, e := range v {
			if n += len(k) + extent(e, limit-n); n > limit {
				break
			}
		}
	}
	return n
}

var schemaTypes = []string{"null", "boolean", "object", "array", "number", "string", "integer"}

func (w *schemaWriter) scalars(s *openapi3.Schema, m map[string]any) {
	var types []string
	for _, t := range s.Type.Slice() {
		if slices.Contains(schemaTypes, t) && !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	switch len(types) {
	case 0:
	case 1:
		m["type"] = types[0]
	default:
		m["type"] = types
	}
	if len(s.Enum) > 0 {
		m["enum"] = s.Enum
		w.spend(extent(s.Enum, maxSchemaBytes))
	}
	if s.Const != nil {
		m["const"] = s.Const
		w.spend(extent(s.Const, maxSchemaBytes))
	}
	bound(m, "minimum", "exclusiveMinimum", s.Min, s.ExclusiveMin)
	bound(m, "maximum", "exclusiveMaximum", s.Max, s.ExclusiveMax)
	if s.MultipleOf != nil && *s.MultipleOf > 0 {
		m["multipleOf"] = *s.MultipleOf
	}
	put(m, "minLength", s.MinLength)
	set(m, "maxLength", s.MaxLength)
	put(m, "pattern", s.Pattern)
}

// bound writes a bound, of which OpenAPI 3.0 says by a truth that it is exclusive.
func bound(m map[string]any, inclusive, exclusive string, v *float64, e openapi3.ExclusiveBound) {
	set(m, exclusive, e.Value)
	if v != nil && e.IsTrue() {
		m[exclusive] = *v
	} else {
		set(m, inclusive, v)
	}
}

func (w *schemaWriter) arrays(s *openapi3.Schema, m map[string]any, depth int) {
	put(m, "minItems", s.MinItems)
	set(m, "maxItems", s.MaxItems)
	put(m, "uniqueItems", s.UniqueItems)
	set(m, "minContains", s.MinContains)
	set(m, "maxContains", s.MaxContains)
	w.sub(m, "items", s.Items, depth)
	w.sub(m, "contains", s.Contains, depth)
	w.list(m, "prefixItems", s.PrefixItems, depth)
	w.rest(m, "unevaluatedItems", s.UnevaluatedItems, depth)
}

func (w *schemaWriter) objects(s *openapi3.Schema, m map[string]any, depth int) {
	put(m, "minProperties", s.MinProps)
	set(m, "maxProperties", s.MaxProps)
	var omitted []string
	properties := map[string]any{}
	for _, name := range sortedKeys(s.Properties) {
		p := s.Properties[name]
		if p != nil && p.Value != nil && (w.to == toBackend && p.Value.ReadOnly || w.to == toClient && p.Value.WriteOnly) {
			omitted = append(omitted, name)
			continue
		}
		if w.left < 0 {
			break
		}
		properties[name] = w.schema(p, depth)
	}
	if len(properties) > 0 {
		m["properties"] = properties
	}
	var required []string
	if len(s.Required) > maxSchemaNodes {
		w.left = -1
		return
	}
	for _, name := range s.Required {
		w.spend(len(name))
		if !slices.Contains(omitted, name) && !slices.Contains(required, name) {
			required = append(required, name)
		}
	}
	if required != nil {
		m["required"] = required
	}
	w.rest(m, "additionalProperties", s.AdditionalProperties, depth)
	w.rest(m, "unevaluatedProperties", s.UnevaluatedProperties, depth)
	w.named(m, "patternProperties", s.PatternProperties, depth)
	w.named(m, "dependentSchemas", s.DependentSchemas, depth)
	w.sub(m, "propertyNames", s.PropertyNames, depth)
	if len(s.DependentRequired) > 0 {
		lists := map[string]any{}
		for name, list := range s.DependentRequired {
			if w.spend(40 * len(list)); w.left < 0 {
				return
			}
			lists[name] = append([]string{}, slices.Compact(slices.Sorted(slices.Values(list)))...)
		}
		m["dependentRequired"] = lists
	}
}

func (w *schemaWriter) combinations(s *openapi3.Schema, m map[string]any, depth int) {
	w.list(m, "allOf", s.AllOf, depth)
	w.list(m, "anyOf", s.AnyOf, depth)
	w.list(m, "oneOf", s.OneOf, depth)
	w.sub(m, "not", s.Not, depth)
	w.sub(m, "if", s.If, depth)
	w.sub(m, "then", s.Then, depth)
	w.sub(m, "else", s.Else, depth)
}

func (w *schemaWriter) sub(m map[string]any, key string, ref *openapi3.SchemaRef, depth int) {
	if ref != nil {
		m[key] = w.schema(ref, depth)
	}
}

func (w *schemaWriter) rest(m map[string]any, key string, r openapi3.BoolSchema, depth int) {
	set(m, key, r.Has)
	w.sub(m, key, r.Schema, depth)
}

func (w *schemaWriter) list(m map[string]any, key string, refs openapi3.SchemaRefs, depth int) {
	var out []any
	for _, ref := range refs {
		if w.left < 0 {
			break
		}
		out = append(out, w.schema(ref, depth))
	}
	if out != nil {
		m[key] = out
	}
}

func (w *schemaWriter) named(m map[string]any, key string, refs openapi3.Schemas, depth int) {
	out := map[string]any{}
	for _, name := range sortedKeys(refs) {
		if w.left < 0 {
			break
		}
		out[name] = w.schema(refs[name], depth)
	}
	if len(out) > 0 {
		m[key] = out
	}
}

// nullable lets null in, where OpenAPI 3.0 says so beside the type.
func nullable(s *openapi3.Schema, m map[string]any) map[string]any {
	if !s.Nullable {
		return m
	}
	if t, ok := m["type"].(string); ok && t != "null" {
		m["type"] = []string{t, "null"}
		if list, ok := m["enum"].([]any); ok && !slices.Contains(list, nil) {
			m["enum"] = append(slices.Clone(list), nil)
		}
		return m
	}
	if m["allOf"] != nil || m["anyOf"] != nil || m["oneOf"] != nil {
		return map[string]any{"anyOf": []any{m, map[string]any{"type": "null"}}}
	}
	return m
}
