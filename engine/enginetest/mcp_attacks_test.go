package enginetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"sekisho/engine/source"
)

// TestToolsUnderAttack: what hostile arguments, documents and backends do to tools that are
// made of operations. The backend keeps what it gets.
func TestToolsUnderAttack(t *testing.T) {
	const document = `
openapi: 3.1.0
info: {title: Files, version: "1"}
servers:
  - url: https://{host}.evil.test/{path}
    variables: {host: {default: a}, path: {default: b}}
paths:
  /files/{name}:
    servers: [{url: "https://path.evil.test"}]
    get:
      operationId: read
      servers: [{url: "https://{host}.evil.test", variables: {host: {default: operation}}}]
      parameters:
        - {name: name, in: path, required: true, schema: {type: string}}
        - {name: q, in: query, schema: {type: string}}
        - {name: free, in: query, schema: {type: object, additionalProperties: {type: string}}}
        - {name: X-Tag, in: header, schema: {type: string}}
        - {name: Authorization, in: header, schema: {type: string}}
        - {name: Host, in: header, schema: {type: string}}
        - {name: Mcp-Session-Id, in: header, schema: {type: string}}
        - {name: session, in: cookie, schema: {type: string}}
      responses: {}
    delete: {operationId: remove, responses: {}}
    put: {operationId: write, responses: {}}
`
	h := Start(t, Folder(t, map[string]string{"files.yaml": document, "gateway.yaml": `
apis:
  files: {path: files-api, serviceUrl: http://backend.test/base, openapi: files.yaml}
  tools: {type: mcp, path: tools, toolsOf: files, subscriptionRequired: false, mcp: {resultBytes: 1KiB}}
`}))
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	c, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: "http://" + h.Address() + "/tools/mcp", MaxRetries: -1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// call is the text of the result of a call, and what the backend got, nil for nothing.
	call := func(t *testing.T, arguments map[string]any) (string, *message) {
		t.Helper()
		_, before := h.Origin.last("backend")
		r, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: "read", Arguments: arguments})
		if err != nil {
			t.Fatal(err)
		}
		m, n := h.Origin.last("backend")
		if n == before {
			if !r.IsError {
				t.Errorf("%q did nothing, and is no error", arguments)
			}
			m = nil
		}
		return r.Content[0].(*sdk.TextContent).Text, m
	}

	t.Run("path parameters", func(t *testing.T) {
		for name, want := range map[string]string{
			"..": "", ".": "", "": "", "../admin": "", "..%2fadmin": "", "%2e%2e": "", "%252e%252e%252fadmin": "", `..\admin`: "", "a/../../admin": "",
			"..;x": "", "a\x00": "", "a\r\nX-Evil: 1": "", "%00": "",
			"a/b": "a%2Fb", "a?x=1": "a%3Fx%3D1", "a#b": "a%23b", "a%2fb": "a%252fb", "a b": "a%20b", "//evil.test/": "%2F%2Fevil.test%2F", "a;b": "a%3Bb", "@evil.test": "%40evil.test",
		} {
			_, m := call(t, map[string]any{"name": name})
			got := ""
			if m != nil {
				got = strings.TrimSuffix(strings.TrimPrefix(m.start, "GET /base/files/"), " HTTP/1.1")
			}
			if got != want {
				t.Errorf("%q: the backend got %q, want %q", name, got, want)
			}
		}
	})
	t.Run("headers and query", func(t *testing.T) {
		_, m := call(t, map[string]any{"name": "a", "q": "x&admin=1#\r\nX-Evil: 1", "session": "a; admin=1\r\nX-Evil: 1", "X-Tag": "fine"})
		if m == nil || m.start != "GET /base/files/a?q=x%26admin%3D1%23%0D%0AX-Evil%3A%201 HTTP/1.1" || m.header.Get("X-Evil") != "" || m.header.Get("X-Tag") != "fine" {
			t.Errorf("the backend got %+v", m)
		}
		for _, arguments := range []map[string]any{
			{"name": "a", "X-Tag": "x\r\nX-Evil: 1"}, {"name": "a", "X-Tag": "x\x00"}, {"name": "a", "Authorization": "Bearer x"}, {"name": "a", "Host": "evil.test"},
			{"name": "a", "Mcp-Session-Id": "x"}, {"name": "a", "free": map[string]any{"q": "x"}}, {"name": "a", "unknown": 1},
		} {
			if _, m := call(t, arguments); m != nil {
				t.Errorf("%q: the backend got %s", arguments, m.start)
			}
		}
	})
	t.Run("servers of the document", func(t *testing.T) {
		for _, arguments := range []map[string]any{{"name": "a", "host": "evil"}, {"name": "a", "path": "x"}} {
			if _, m := call(t, arguments); m != nil {
				t.Errorf("%q: a server variable is an argument", arguments)
			}
		}
		if _, m := call(t, map[string]any{"name": "a"}); m == nil || m.header.Get("Host") != "backend.test" {
			t.Errorf("the backend got %+v", m)
		}
		for _, name := range []string{"a.evil", "operation.evil", "path.evil"} {
			if _, n := h.Origin.last(name); n > 0 {
				t.Errorf("%s was called", name)
			}
		}
	})
	t.Run("references to elsewhere", func(t *testing.T) {
		for _, ref := range []string{"http://schemas.test/x", "https://schemas.test/x#/a", "file:///etc/passwd", "../gateway.yaml"} {
			bad := fmt.Sprintf("openapi: 3.1.0\ninfo: {title: t, version: \"1\"}\npaths:\n  /: {post: {requestBody: {content: {application/json: {schema: {$ref: %q}}}}, responses: {}}}\n", ref)
			g, _ := Open(t, Folder(t, map[string]string{"a.yaml": bad, "gateway.yaml": "apis: {a: {path: a, serviceUrl: http://backend.test, openapi: a.yaml}, t: {type: mcp, path: t, toolsOf: a}}"}))
			if g != nil {
				t.Errorf("%s was accepted", ref)
			}
		}
	})
	t.Run("schema bombs", func(t *testing.T) {
		var bomb strings.Builder
		bomb.WriteString("openapi: 3.0.0\ninfo: {title: t, version: \"1\"}\npaths:\n  /: {post: {operationId: bomb, requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/S0'}}}}, responses: {}}}\ncomponents:\n  schemas:\n")
		for i := range 100 {
			fmt.Fprintf(&bomb, "    S%d: {properties: {a: {$ref: '#/components/schemas/S%d'}, b: {$ref: '#/components/schemas/S%d'}, c: {$ref: '#/components/schemas/S0'}}}\n", i, (i+1)%100, (i+2)%100)
		}
		g, diags := Open(t, Folder(t, map[string]string{"a.yaml": bomb.String(), "gateway.yaml": "apis: {a: {path: a, serviceUrl: http://backend.test, openapi: a.yaml}, t: {type: mcp, path: t, toolsOf: a, subscriptionRequired: false}}"}))
		if g == nil || !slices.ContainsFunc(diags, func(d source.Diagnostic) bool { return d.Code == "config-large-schema" }) {
			t.Fatal(diags)
		}
		b, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: "http://" + g.Address() + "/t/mcp", MaxRetries: -1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		list, err := b.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if data, _ := json.Marshal(list); len(data) > 256<<10 {
			t.Errorf("the list has %d bytes", len(data))
		}
	})
	t.Run("size of responses", func(t *testing.T) {
		h.Origin.Answer("backend", "HTTP/1.1 200 OK\nContent-Type: text/plain\n\n"+strings.Repeat("x", 1025))
		if text, _ := call(t, map[string]any{"name": "large"}); !strings.Contains(text, "larger than") {
			t.Errorf("%.100s", text)
		}
		h.Origin.Answer("backend", "HTTP/1.1 200 OK\nContent-Type: text/plain\n\n"+strings.Repeat("x", 1024))
		if text, _ := call(t, map[string]any{"name": "small"}); len(text) != 1024 {
			t.Errorf("%.100s", text)
		}
	})
	t.Run("hints", func(t *testing.T) {
		list, err := c.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, tool := range list.Tools {
			reads := tool.Name == "read"
			if a := tool.Annotations; a.ReadOnlyHint != reads || *a.DestructiveHint == reads {
				t.Errorf("%s: %+v", tool.Name, a)
			}
		}
	})
}
