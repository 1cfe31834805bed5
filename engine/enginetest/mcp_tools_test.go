package enginetest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestToolsOfAnAPI serves operations of a REST API as tools: listed, called with what
// arguments become, through the documents of the tool and of the operation.
func TestToolsOfAnAPI(t *testing.T) {
	h := Start(t, Folder(t, map[string]string{
		"gateway.yaml": `
apis:
  orders:
    path: shop
    serviceUrl: http://backend.test/v1
    openapi: orders.yaml
    operations:
      ping: { method: POST, urlTemplate: "/ping/{who}?kind={kind}" }
  tools:
    type: mcp
    path: tools
    toolsOf: orders
    subscriptionRequired: false
`,
		"orders.yaml": `
openapi: 3.1.0
info: {title: Orders, version: "1"}
paths:
  /orders/search:
    get: {operationId: search, responses: {}}
  /orders/{id}:
    get:
      operationId: get-order
      summary: One order
      description: Finds an order.
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: $expand, in: query, schema: {type: array, items: {type: string}}}
      responses: {"200": {description: it, content: {application/json: {schema: {type: object, required: [id], properties: {id: {type: string}}}}}}}
  /orders:
    post:
      operationId: add-order
      parameters: [{name: If-None-Match, in: header, schema: {type: string}}, {name: Authorization, in: header, schema: {type: string}}]
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [item], properties: {item: {type: string}, count: {type: integer}}}}}}
      responses: {"201": {description: made}}
`,
		"policies/apis/orders.xml":          `<policies><inbound><base /><set-header name="X-Api" exists-action="override"><value>@(context.Operation.Id + " " + context.Request.MatchedParameters.Count)</value></set-header></inbound></policies>`,
		"policies/apis/tools/add-order.xml": `<policies><inbound><base /><rate-limit-by-key calls="2" renewal-period="60" counter-key="all" /></inbound></policies>`,
	}))
	for _, version := range []string{"2026-07-28", "2025-11-25"} {
		h.Clock.Advance(time.Hour)
		h.Origin.reset()
		client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
		c, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: "http://" + h.Address() + "/tools/mcp", MaxRetries: -1}, &sdk.ClientSessionOptions{ProtocolVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		list, err := c.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tool := range list.Tools {
			names = append(names, tool.Name)
			if schema, _ := json.Marshal(tool.InputSchema); strings.Contains(string(schema), "Authorization") {
				t.Errorf("%s takes credentials: %s", tool.Name, schema)
			}
		}
		if s := strings.Join(names, " "); s != "search get-order add-order ping" {
			t.Errorf("the tools are %s", s)
		}
		call := func(name, args string) (text string, structured any, isError bool, sent string) {
			t.Helper()
			_, before := h.Origin.last("backend")
			r, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: json.RawMessage(args)})
			m, n := h.Origin.last("backend")
			if n > before {
				sent = strings.TrimSuffix(m.start, " HTTP/1.1") + " [" + m.header.Get("X-Api") + "] " + m.body
			}
			if err != nil {
				return err.Error(), nil, true, sent
			}
			for _, c := range r.Content {
				text += c.(*sdk.TextContent).Text
			}
			return text, r.StructuredContent, r.IsError, sent
		}
		check := func(name, args, want, wantSent string, wantError, wantStructured bool) {
			t.Helper()
			text, structured, isError, sent := call(name, args)
			if !strings.Contains(text, want) || isError != wantError || (structured != nil) != wantStructured || sent != wantSent {
				t.Errorf("%s %s %s: %q %v %v, the backend got %q", version, name, args, text, structured, isError, sent)
			}
		}
		h.Origin.Answer("backend", "HTTP/1.1 200 OK\nContent-Type: application/json\n\n{\"id\":\"7\"}")
		check("get-order", `{"id":"7/8 é","expand":["a","b&c"]}`, `{"id":"7"}`, `GET /v1/orders/7%2F8%20%C3%A9?%24expand=a&%24expand=b%26c [get-order 1] `, false, true)
		check("get-order", `{"id":"../admin"}`, "a path to elsewhere", "", true, false)
		// What another operation would answer is not this tool's.
		check("get-order", `{"id":"search"}`, "another operation", "", true, false)
		check("ping", `{"who":"me","kind":"x y","body":[1],"query":{"more":true}}`, `{"id":"7"}`, `POST /v1/ping/me?kind=x%20y&more=true [ping 2] [1]`, false, true)
		h.Origin.Answer("backend", "HTTP/1.1 404 Not Found\nContent-Type: application/problem+json\n\n{\"title\":\"none\"}")
		check("get-order", `{"id":"9"}`, "HTTP 404 Not Found\n\n{\"title\":\"none\"}", `GET /v1/orders/9 [get-order 1] `, true, false)
		h.Origin.Answer("backend", "HTTP/1.1 201 Created\n\n")
		check("add-order", `{"item":1}`, "want string", "", true, false)
		check("add-order", `{"item":"tea","count":2,"If-None-Match":"*"}`, "HTTP 201 Created", `POST /v1/orders [add-order 0] {"count":2,"item":"tea"}`, false, false)
		check("add-order", `{"item":"tea"}`, "Too Many Requests", "", true, false)
	}
}

// TestToolsOfOddSchemas: what OpenAPI documents have for schemas can be validated against,
// or is left open.
func TestToolsOfOddSchemas(t *testing.T) {
	for _, schema := range []string{
		`{type: file}`, `{type: [string, file, string]}`, `{pattern: "("}`, `{pattern: "(?<=a)b\\1"}`, `{required: [a, a, b]}`,
		`{minLength: 9223372036854775807, maxLength: 9223372036854775807, minItems: 9223372036854775807}`, `{multipleOf: 0}`, `{multipleOf: -1}`,
		`{minimum: 1e308, maximum: -1e308, multipleOf: 1e-300}`, `{enum: []}`, `{enum: [1, {$ref: "http://127.0.0.1:1/x"}]}`,
		`{const: {$ref: "http://127.0.0.1:1/x"}}`, `{properties: {$ref: {type: string}, $id: {type: string}, "": {}, "é/~#%": {}}}`,
		`{patternProperties: {"(": {}, "^(?=a)": {}}}`, `{dependentRequired: {a: []}}`, `{dependentRequired: {a: }}`, `{dependentSchemas: {a: false}}`,
		`{prefixItems: []}`, `{allOf: []}`, `{oneOf: [true, false]}`, `{not: false}`, `{items: true}`, `{additionalProperties: {}, unevaluatedProperties: {}}`,
		`{$id: "http://127.0.0.1:1/x", $schema: "http://127.0.0.1:1/y", $anchor: "a b", $dynamicRef: "#x", $defs: {a: {type: string}}}`,
		`{format: regex, default: "("}`, `{nullable: true, enum: [a]}`, `{nullable: true, anyOf: [{type: object}]}`, `{exclusiveMinimum: true}`, `{exclusiveMaximum: 1}`,
		`{contentMediaType: "a/b", contentEncoding: rot13, contentSchema: {type: string}}`, `{deprecated: true, readOnly: true}`, `{if: {}, then: {}}`, `{minContains: 2}`,
	} {
		h, diags := Open(t, Folder(t, map[string]string{
			"gateway.yaml": "apis:\n  api: {path: a, openapi: api.yaml, serviceUrl: http://backend.test, subscriptionRequired: false}\n  tools: {type: mcp, path: t, toolsOf: api}\n",
			"api.yaml": "openapi: 3.1.0\ninfo: {title: t, version: \"1\"}\npaths:\n  /a:\n    post:\n      parameters: [{name: q, in: query, schema: " + schema + "}]\n" +
				"      requestBody: {content: {application/json: {schema: {type: object, properties: {p: " + schema + "}}}}}\n" +
				"      responses: {\"200\": {description: d, content: {application/json: {schema: {type: object, properties: {p: " + schema + "}}}}}}\n",
		}))
		if h == nil {
			t.Errorf("%s: %v", schema, diags)
		}
	}
}
