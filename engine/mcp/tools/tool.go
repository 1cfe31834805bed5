package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Operation is what a tool calls.
type Operation struct {
	ID string
	// Method is upper case; "*" makes the method an argument.
	Method string
	// Template is the URL template, such as /orders/{id}?expand={fields} or /files/*.
	Template   string
	Parameters []Parameter
	Body       *Body // nil: none
	// Output is the JSON schema of a successful response if that is an object, else nil.
	Output json.RawMessage
	// Undescribed: nobody says what it takes beside the parameters of the template. Its
	// query and body are arguments that take anything.
	Undescribed bool
}

// Parameter is a parameter of an operation, as OpenAPI has it with defaults put in.
type Parameter struct {
	Name, In    string // path, query, header or cookie
	Description string
	Required    bool
	// Schema is a JSON schema (2020-12) without references.
	Schema json.RawMessage
	// Style is simple, label, matrix, form, spaceDelimited, pipeDelimited, deepObject, or
	// json: the value is written as JSON.
	Style   string
	Explode bool
}

// Body is the body that an operation takes.
type Body struct {
	ContentType string
	Description string
	Required    bool
	Schema      json.RawMessage
}

// Tool is a tool: an operation under a name.
type Tool struct {
	Name, Title, Description          string
	ReadOnly, Destructive, Idempotent bool
	Operation                         *Operation
}

// Info is what a server says of itself.
type Info struct{ Name, Title, Version, Instructions string }

// Call is the request that a call of a tool makes.
type Call struct {
	Method string
	// Path fits the operation's template and is escaped, Query is what comes after the "?".
	Path, Query string
	// Header has Accept, Content-Type where there is a body, the operation's header
	// parameters and Cookie for its cookie parameters.
	Header [][2]string
	Body   []byte
}

// Result is the response to a Call: its body is as the content type says, in no
// Content-Encoding.
type Result struct {
	Status      int
	ContentType string
	Body        []byte
}

// Caller makes the request. An *mcp.Error is the answer to the client's request. Any other
// error makes the tool's result an error that says that it failed and not why, except
// ErrTooLarge and ErrElsewhere. ctx ends when the client leaves.
type Caller func(ctx context.Context, t *Tool, c *Call) (*Result, error)

var (
	// ErrTooLarge is a response longer than is read.
	ErrTooLarge = errors.New("the response is larger than the results of tools may be")
	// ErrElsewhere is a request that would not come to the operation of the tool.
	ErrElsewhere = errors.New("the arguments make a request of another operation")
)

// tool is a Tool, made ready.
type tool struct {
	*Tool
	listed json.RawMessage // its row of tools/list
	path   []segment
	fixed  []string // terms of the query that are always there
	names  map[string]bool
	args   []argument
	body   *Body
	whole  bool // the body is one argument
	input  *validator
	output *validator // nil: none
}

// argument is a member of what a tool takes, and where it goes: a parameter, the property
// of the body, or, with neither, the body; for the method, isMethod.
type argument struct {
	name     string
	param    *Parameter
	property string
	schema   json.RawMessage
	required bool
	isMethod bool
}

// New makes a Server of tools, which it lists in their order. visible tells what a caller
// sees and may call; nil: everything. An error names the tool that cannot be made.
func New(info Info, tools []*Tool, call Caller, visible func(ctx context.Context, t *Tool) bool) (*Server, error) {
	s := &Server{info: info, call: call, visible: visible, byName: make(map[string]int, len(tools))}
	for _, t := range tools {
		if _, twice := s.byName[t.Name]; twice {
			return nil, fmt.Errorf("there are two tools %q", t.Name)
		}
		made, err := newTool(t)
		if err != nil {
			return nil, fmt.Errorf("tool %q: %w", t.Name, err)
		}
		s.byName[t.Name] = len(s.tools)
		s.tools = append(s.tools, made)
	}
	return s, nil
}

func newTool(t *Tool) (*tool, error) {
	o := t.Operation
	out := &tool{Tool: t, names: map[string]bool{}}
	parameters := slices.Clone(o.Parameters)
	body := o.Body
	if o.Undescribed {
		parameters = append(parameters, Parameter{
			Name: "query", In: "query", Style: "form", Explode: true, Description: "Query parameters.",
			Schema: json.RawMessage(`{"type":"object","additionalProperties":{"type":["string","number","boolean","array"]}}`),
		})
		if !slices.Contains([]string{"GET", "HEAD", "OPTIONS", "DELETE"}, o.Method) {
			body = &Body{ContentType: "application/json", Schema: json.RawMessage(`{}`)}
		}
	}
	if err := out.template(o.Template, parameters); err != nil {
		return nil, err
	}
	if o.Method == "*" {
		out.add(argument{name: "method", isMethod: true, schema: json.RawMessage(`{"type":"string","enum":["GET","POST","PUT","PATCH","DELETE"],"default":"GET"}`)})
	}
	for _, in := range []string{"query", "header", "cookie"} {
		for i := range parameters {
			if p := &parameters[i]; p.In == in && !(in == "header" && !headerAllowed(p.Name)) {
				out.parameter(p)
			}
		}
	}
	if body != nil && o.Method != "GET" && o.Method != "HEAD" {
		out.addBody(body)
	}
	schema := out.inputSchema()
	var err error
	if out.input, err = compile(schema); err != nil {
		return nil, fmt.Errorf("what it takes: %w", err)
	}
	var output json.RawMessage
	if o.Output != nil {
		if output, err = typesOnly(o.Output); err == nil {
			out.output, err = compile(output)
		}
		if err != nil {
			return nil, fmt.Errorf("what it answers: %w", err)
		}
	}
	out.listed = row(t, schema, output)
	return out, nil
}

// row is the tool in tools/list.
func row(t *Tool, input, output json.RawMessage) json.RawMessage {
	type annotations struct {
		Title       string `json:"title,omitempty"`
		ReadOnly    bool   `json:"readOnlyHint"`
		Destructive bool   `json:"destructiveHint"`
		Idempotent  bool   `json:"idempotentHint"`
		// What is behind an API may be anything, also the words of strangers.
		OpenWorld bool `json:"openWorldHint"`
	}
	return marshal(struct {
		Name        string          `json:"name"`
		Title       string          `json:"title,omitempty"`
		Description string          `json:"description,omitempty"`
		Input       json.RawMessage `json:"inputSchema"`
		Output      json.RawMessage `json:"outputSchema,omitempty"`
		Annotations annotations     `json:"annotations"`
	}{t.Name, t.Title, t.Description, input, output, annotations{t.Title, t.ReadOnly, t.Destructive, t.Idempotent, true}})
}

// parameter adds the argument of a parameter under a name that is free.
func (t *tool) parameter(p *Parameter) {
	name := argumentName(p.Name)
	if t.names[name] {
		name = argumentName(p.In + "_" + p.Name)
	}
	for n, base := 2, name; t.names[name]; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	schema := described(p.Schema, p.Description)
	if p.Schema == nil {
		schema = described(json.RawMessage(`{"type":"string"}`), p.Description)
	}
	t.add(argument{name: name, param: p, schema: schema, required: p.Required})
}

func (t *tool) add(a argument) {
	t.names[a.name] = true
	t.args = append(t.args, a)
}

// maxName is what clients' models take for the name of an argument.
const maxName = 64

func argumentName(s string) string {
	b := []byte(s)
	for i, c := range b {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.') {
			b[i] = 0
		}
	}
	s = strings.ReplaceAll(strings.Trim(string(b), "\x00"), "\x00", "_")
	if len(s) > maxName-4 { // a number may follow
		s = s[:maxName-4]
	}
	if s == "" {
		return "value"
	}
	return s
}

// described puts a description into a schema, in the place of its own.
func described(schema json.RawMessage, text string) json.RawMessage {
	var m map[string]json.RawMessage
	if text == "" || json.Unmarshal(schema, &m) != nil || m == nil {
		return schema
	}
	m["description"] = marshal(text)
	return marshal(m)
}

// addBody adds the arguments of the body: its members if they can stand for themselves,
// else the whole.
func (t *tool) addBody(b *Body) {
	t.body = b
	if args, ok := t.members(b); ok {
		for _, a := range args {
			t.add(a)
		}
		return
	}
	t.whole = true
	name := "body"
	for n := 2; t.names[name]; n++ {
		name = fmt.Sprintf("body_%d", n)
	}
	schema := b.Schema
	if schema == nil {
		schema = json.RawMessage(`{}`)
	}
	switch kindOf(b.ContentType) {
	case textBody:
		schema = json.RawMessage(`{"type":"string"}`)
	case binaryBody:
		schema = json.RawMessage(`{"type":"string","contentEncoding":"base64"}`)
	}
	t.add(argument{name: name, schema: described(schema, b.Description), required: b.Required})
}

// members are the arguments of a body that is a plain object. A schema with more to say
// of the object than its properties speaks of the object as a whole; so does an optional
// body with properties that are required once it is there.
func (t *tool) members(b *Body) ([]argument, bool) {
	if k := kindOf(b.ContentType); k == textBody || k == binaryBody {
		return nil, false
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(b.Schema, &all) != nil {
		return nil, false
	}
	for key, v := range all {
		switch key {
		case "type", "properties", "required", "title", "description", "examples", "default", "deprecated":
		case "additionalProperties":
			if string(v) != "false" {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	var properties map[string]json.RawMessage
	var required []string
	if string(all["type"]) != `"object"` || json.Unmarshal(all["properties"], &properties) != nil || len(properties) == 0 {
		return nil, false
	}
	if all["required"] != nil && json.Unmarshal(all["required"], &required) != nil || len(required) > 0 && !b.Required {
		return nil, false
	}
	for _, name := range required {
		if properties[name] == nil {
			return nil, false
		}
	}
	taken := map[string]bool{}
	var args []argument
	for _, property := range sorted(properties) {
		name := argumentName(property)
		if t.names[name] || taken[name] {
			return nil, false
		}
		taken[name] = true
		args = append(args, argument{name: name, property: property, schema: properties[property], required: slices.Contains(required, property)})
	}
	return args, true
}

func (t *tool) inputSchema() json.RawMessage {
	properties := map[string]json.RawMessage{}
	var required []string
	for _, a := range t.args {
		properties[a.name] = a.schema
		if a.required {
			required = append(required, a.name)
		}
	}
	return marshal(struct {
		Type       string                     `json:"type"`
		Properties map[string]json.RawMessage `json:"properties"`
		Required   []string                   `json:"required,omitempty"`
		Additional bool                       `json:"additionalProperties"`
	}{"object", properties, required, false})
}
