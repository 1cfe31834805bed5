package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"sekisho/engine/config/route"
	"sekisho/engine/source"
)

// maxDocumentDepth bounds the nesting of an OpenAPI document.
const maxDocumentDepth = 200

// importOpenAPI gives an API the operations of its OpenAPI document, by the rules
// that Azure API Management imports by.
func (b *builder) importOpenAPI(f *fileAPI, a *API) {
	t := b.read(f.OpenAPI.Value, maxOpenAPIBytes, f.OpenAPI.At)
	if t == nil {
		return
	}
	places, ok := b.documentPlaces(t)
	if !ok {
		return
	}
	doc, err := loadOpenAPI(t.Content)
	if err != nil {
		b.diags.Errorf(source.Range{Text: t}, CodeOpenAPI, "this OpenAPI document cannot be read: %v", err).WithNote(f.OpenAPI.At, "named here")
		return
	}
	if a.ServiceURL == nil && a.Backend == nil && !f.ServiceURL.Set {
		a.ServiceURL = serverURL(doc)
	}
	im := &importer{b: b, api: a, places: places, text: t, inQuery: f.RequiredQuery.Value == "query", ids: map[string]bool{}, isTool: b.toolOperations(a.ID), schemaBytes: maxSchemasBytes}
	var paths map[string]*openapi3.PathItem
	if doc.Paths != nil {
		paths = doc.Paths.Map()
	}
	names := make([]string, 0, len(paths))
	for p := range paths {
		names = append(names, p)
	}
	slices.SortFunc(names, func(x, y string) int { return im.at(x).Start - im.at(y).Start })
	for _, p := range names {
		if paths[p] != nil {
			im.path(p, paths[p])
		}
	}
	if len(a.Operations) == 0 {
		b.diags.Warnf(f.OpenAPI.At, CodeNoOperations, "the OpenAPI document has no operations")
	}
}

// loadOpenAPI parses a document and resolves its references, none of which may
// lead out of it.
func loadOpenAPI(content string) (doc *openapi3.T, err error) {
	defer func() {
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("it is damaged (%v)", r)
		}
	}()
	l := openapi3.NewLoader()
	doc, err = l.LoadFromData([]byte(content))
	switch {
	case err != nil:
		message := strings.ReplaceAll(err.Error(), "\n", " ")
		if _, m, ok := strings.Cut(message, "yaml error: "); ok {
			message = m // it was tried as JSON first
		}
		return nil, errors.New(message)
	case doc.OpenAPI == "":
		return nil, errors.New("it has no \"openapi\" field")
	}
	return doc, nil
}

// documentPlaces finds where the paths and operations of a document stand, under
// "/path" and "/path get". It refuses what nests or multiplies without bound, so
// that the importer need not; and OpenAPI 2.
func (b *builder) documentPlaces(t *source.Text) (map[string]source.Range, bool) {
	var doc yaml.Node
	pos := newPositions(t)
	places := map[string]source.Range{}
	if err := yaml.Load([]byte(t.Content), &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDocumentDepth)))); err != nil {
		if json.Valid([]byte(t.Content)) && !strings.Contains(err.Error(), "depth") {
			return places, true // JSON that is not YAML: no places, but operations
		}
		parseYAML(t, pos, b.diags) // its bounds are narrower: it reports what is wrong
		return nil, false
	}
	if weight(&doc, map[*yaml.Node]int{}) > maxNodes {
		b.diags.Errorf(source.Range{Text: t}, CodeTooLarge, "the aliases of this document multiply beyond what is read")
		return nil, false
	}
	root := &doc
	if root.Kind == yaml.DocumentNode && len(root.Content) > 0 {
		root = root.Content[0]
	}
	eachKey(root, func(k, v *yaml.Node) {
		switch k.Value {
		case "swagger":
			b.diags.Errorf(pos.node(k), CodeNotAvailable, "OpenAPI 2 (Swagger) documents are not available yet").WithHint("convert it to OpenAPI 3")
			places = nil
		case "paths":
			eachKey(v, func(p, item *yaml.Node) {
				if places == nil {
					return
				}
				places[p.Value] = pos.node(p)
				eachKey(item, func(m, _ *yaml.Node) { places[p.Value+" "+strings.ToLower(m.Value)] = pos.node(m) })
			})
		}
	})
	return places, places != nil
}

func eachKey(n *yaml.Node, f func(k, v *yaml.Node)) {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		f(n.Content[i], n.Content[i+1])
	}
}

// weight is the number of nodes with every alias written out, or a number above
// maxNodes where that is more, or without end.
func weight(n *yaml.Node, known map[*yaml.Node]int) int {
	if w, ok := known[n]; ok {
		return w
	}
	known[n] = maxNodes + 1 // of a node that holds itself
	w := 1
	if n.Kind == yaml.AliasNode {
		w += weight(n.Alias, known)
	}
	for _, c := range n.Content {
		if w = w + weight(c, known); w > maxNodes {
			w = maxNodes + 1
		}
	}
	known[n] = w
	return w
}

// serverURL is the first https server of a document, or nil.
func serverURL(doc *openapi3.T) *url.URL {
	for _, s := range doc.Servers {
		if s == nil {
			continue
		}
		raw := s.URL
		for name, v := range s.Variables {
			if v != nil {
				raw = strings.ReplaceAll(raw, "{"+name+"}", v.Default)
			}
		}
		if u, err := url.Parse(raw); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.RawQuery == "" {
			return u
		}
	}
	return nil
}

// importer turns the paths of one document into operations of one API.
type importer struct {
	b       *builder
	api     *API
	text    *source.Text
	places  map[string]source.Range
	inQuery bool // required query parameters stay out of the template
	ids     map[string]bool
	// isTool tells of which operations tools are made, and schemaBytes is how long
	// their schemas may still become.
	isTool      func(id string) bool
	schemaBytes int
}

func (im *importer) at(key string) source.Range {
	if r, ok := im.places[key]; ok {
		return r
	}
	return source.Range{Text: im.text}
}

func (im *importer) path(path string, item *openapi3.PathItem) {
	ops := item.Operations()
	for _, method := range slices.Sorted(func(yield func(string) bool) {
		for m := range ops {
			if !yield(m) {
				return
			}
		}
	}) {
		op := ops[method]
		at := im.at(path + " " + strings.ToLower(method))
		template := path
		if !im.inQuery {
			template += requiredQuery(path, item.Parameters, op.Parameters)
		}
		t, err := route.ParseTemplate(template)
		if err != nil {
			im.b.diags.Errorf(im.at(path), CodeBadTemplate, "the path %q cannot be a URL template: %s", template, err.Message)
			continue
		}
		o := &Operation{API: im.api, Method: method, Template: t, At: at, fromDocument: true, Responses: responsesOf(op)}
		name := op.OperationID
		if name == "" {
			name = method + "-" + path
		}
		o.ID = operationID(name)
		for n, base := 1, o.ID; im.ids[o.ID]; n++ {
			o.ID = fmt.Sprintf("%s-%d", base, n)
		}
		im.ids[o.ID] = true
		o.Name = op.Summary
		if o.Name == "" {
			o.Name = name
		}
		if im.isTool(o.ID) {
			o.Input = im.input(item, op, at)
		}
		im.api.Operations = append(im.api.Operations, o)
	}
}

// requiredQuery is the query of a URL template for the required query parameters
// of an operation.
func requiredQuery(path string, lists ...openapi3.Parameters) string {
	var out string
	for _, list := range lists {
		for _, p := range list {
			if p == nil || p.Value == nil || p.Value.In != "query" || !p.Value.Required {
				continue
			}
			// A name that the path has already cannot stand twice in a template.
			term := url.QueryEscape(p.Value.Name) + "={" + p.Value.Name + "}"
			if strings.Contains(path, "{"+p.Value.Name+"}") || strings.Contains(out, term) {
				continue
			}
			if out == "" {
				out = "?" + term
			} else {
				out += "&" + term
			}
		}
	}
	return out
}

// responsesOf collects what mock-response may answer.
func responsesOf(op *openapi3.Operation) []*Response {
	var out []*Response
	if op.Responses == nil {
		return nil
	}
	for code, ref := range op.Responses.Map() {
		if ref == nil || ref.Value == nil {
			continue
		}
		r := &Response{}
		if code != "default" {
			n, err := strconv.Atoi(strings.ReplaceAll(strings.ToUpper(code), "X", "0"))
			if err != nil || n < 100 || n > 599 {
				continue
			}
			r.Status = n
		}
		if ref.Value.Description != nil {
			r.Description = *ref.Value.Description
		}
		for ct, m := range ref.Value.Content {
			if m != nil {
				r.Representations = append(r.Representations, representation(ct, m))
			}
		}
		slices.SortFunc(r.Representations, func(x, y *Representation) int { return strings.Compare(x.ContentType, y.ContentType) })
		out = append(out, r)
	}
	slices.SortFunc(out, func(x, y *Response) int { return x.Status - y.Status })
	return out
}

func representation(contentType string, m *openapi3.MediaType) *Representation {
	rep := &Representation{ContentType: contentType}
	isJSON := strings.Contains(strings.ToLower(contentType), "json")
	if m.Example != nil {
		rep.Examples = append(rep.Examples, exampleText(m.Example, isJSON))
	}
	for _, name := range sortedKeys(m.Examples) {
		if e := m.Examples[name]; e != nil && e.Value != nil && e.Value.Value != nil {
			rep.Examples = append(rep.Examples, exampleText(e.Value.Value, isJSON))
		}
	}
	if m.Schema != nil && m.Schema.Value != nil && isJSON {
		s := sampler{left: maxSampleNodes}
		if data, err := json.Marshal(s.value(m.Schema, 0)); err == nil {
			rep.Sample = string(data)
		}
	}
	return rep
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// exampleText is an example as a body. A text is one already, unless it would
// have to be JSON and is not.
func exampleText(v any, isJSON bool) string {
	if s, ok := v.(string); ok && (!isJSON || json.Valid([]byte(s))) {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

// Bounds of a body made up from a schema.
const (
	maxSampleNodes = 2000
	maxSampleDepth = 8
)

// sampler makes up a value that fits a schema.
type sampler struct{ left int }

func (s *sampler) value(ref *openapi3.SchemaRef, depth int) any {
	if s.left--; s.left < 0 || ref == nil || ref.Value == nil || depth > maxSampleDepth {
		return nil
	}
	v := ref.Value
	switch {
	case v.Example != nil:
		return v.Example
	case len(v.Examples) > 0:
		return v.Examples[0]
	case v.Default != nil:
		return v.Default
	case v.Const != nil:
		return v.Const
	case len(v.Enum) > 0:
		return v.Enum[0]
	case len(v.OneOf) > 0:
		return s.value(v.OneOf[0], depth+1)
	case len(v.AnyOf) > 0:
		return s.value(v.AnyOf[0], depth+1)
	}
	if len(v.AllOf) > 0 || v.Type.Includes("object") || len(v.Properties) > 0 {
		out := map[string]any{}
		for _, part := range v.AllOf {
			if m, ok := s.value(part, depth+1).(map[string]any); ok {
				for k, x := range m {
					out[k] = x
				}
			}
		}
		for _, k := range sortedKeys(v.Properties) {
			out[k] = s.value(v.Properties[k], depth+1)
		}
		return out
	}
	switch {
	case v.Type.Includes("array"):
		if depth == maxSampleDepth || v.Items == nil {
			return []any{}
		}
		return []any{s.value(v.Items, depth+1)}
	case v.Type.Includes("string"):
		return sampleString(v.Format)
	case v.Type.Includes("integer"), v.Type.Includes("number"):
		if v.Min != nil && *v.Min > 0 {
			return *v.Min
		}
		return 0
	case v.Type.Includes("boolean"):
		return true
	}
	return nil
}

func sampleString(format string) string {
	switch format {
	case "date-time":
		return "2000-01-23T04:56:07Z"
	case "date":
		return "2000-01-23"
	case "uuid":
		return "00000000-0000-0000-0000-000000000000"
	case "email":
		return "user@example.com"
	case "uri":
		return "https://example.com/"
	}
	return "string"
}
