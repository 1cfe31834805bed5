package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"sekisho/engine/mcp"
)

// front serves a Handler over HTTP on loopback, with nothing around it.
func front(t *testing.T, h mcp.Handler) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := &mcp.Request{HTTPMethod: r.Method, Values: r.Header.Values}
		refuse := func(e *mcp.Error) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(e.Status)
			w.Write(e.Body(nil))
		}
		if r.Method == "POST" {
			data, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			m, e := mcp.Parse(data)
			if e != nil {
				refuse(e)
				return
			}
			req.Message = m
		}
		var e *mcp.Error
		if req.Version, e = mcp.Revision(r.Header.Values, req.Message); e != nil {
			refuse(e)
			return
		}
		res := mcp.Serve(r.Context(), h, req)
		for _, f := range res.Header {
			w.Header().Add(f[0], f[1])
		}
		w.WriteHeader(res.Status)
		w.Write(res.Body)
		if res.Stream != nil {
			defer res.Stream.Close()
			io.Copy(w, res.Stream)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// orders is a server of three tools whose backend is a function.
func orders(t *testing.T, call func(c *Call) (*Result, error), visible func(context.Context, *Tool) bool) *Server {
	t.Helper()
	output := json.RawMessage(`{"type":"object","required":["id","missing"],"additionalProperties":false,"properties":{"id":{"type":"string","enum":["1"]},"lines":{"type":"array","items":{"type":"object","properties":{"count":{"type":"integer","minimum":1}}}}}}`)
	s, err := New(Info{Name: "orders", Title: "Orders", Version: "1", Instructions: "Ask."}, []*Tool{
		{Name: "get-order", Title: "One order", Description: "Finds an order.", ReadOnly: true, Idempotent: true, Operation: &Operation{
			Method: "GET", Template: "/orders/{id}", Output: output, Parameters: []Parameter{
				{Name: "id", In: "path", Required: true, Description: "its number", Style: "simple", Schema: json.RawMessage(`{"type":"string","pattern":"^(?=.)[^x]*$","maxLength":20}`)},
				{Name: "$expand", In: "query", Style: "form", Schema: json.RawMessage(`{"type":"array","items":{"type":"string","enum":["lines","customer"]}}`)},
			}}},
		{Name: "add_order", Operation: &Operation{Method: "POST", Template: "/orders", Body: &Body{ContentType: "application/json", Required: true,
			Schema: json.RawMessage(`{"type":"object","required":["item"],"properties":{"item":{"type":"string"},"count":{"type":"integer","minimum":1}}}`)}}},
		{Name: "drop", Destructive: true, Operation: &Operation{Method: "DELETE", Template: "/orders"}},
	}, func(_ context.Context, _ *Tool, c *Call) (*Result, error) { return call(c) }, visible)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func connect(t *testing.T, url, version string) *sdk.ClientSession {
	t.Helper()
	c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := c.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: url, MaxRetries: -1}, &sdk.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

// TestClients: the Go SDK's client, in every revision, lists and calls.
func TestClients(t *testing.T) {
	var got string
	s := orders(t, func(c *Call) (*Result, error) {
		got = c.String()
		switch c.Method {
		case "POST":
			return &Result{Status: 201, ContentType: "application/json", Body: []byte(`[1]`)}, nil
		case "DELETE":
			return &Result{Status: 404, ContentType: "application/problem+json", Body: []byte(`{"title":"no such order"}`)}, nil
		}
		return &Result{Status: 200, ContentType: "application/json; charset=utf-8", Body: []byte(`{"id":"7","lines":[{"count":0}],"more":true}`)}, nil
	}, nil)
	url := front(t, s)
	for _, version := range mcp.Versions {
		if version == mcp.V20241105 {
			continue // HTTP+SSE
		}
		t.Run(version, func(t *testing.T) {
			c := connect(t, url, version)
			if v := c.InitializeResult(); v.ProtocolVersion != version || v.ServerInfo == nil || v.ServerInfo.Title != "Orders" || v.Instructions != "Ask." || v.Capabilities.Tools == nil {
				t.Fatalf("%+v", v)
			}
			list, err := c.ListTools(t.Context(), nil)
			if err != nil || len(list.Tools) != 3 || list.NextCursor != "" {
				t.Fatal(list, err)
			}
			if version == mcp.V20260728 && (list.CacheScope != "public" || list.TTLMs <= 0) {
				t.Errorf("cache: %+v", list.Cacheable)
			}
			row, _ := json.Marshal(list.Tools[0])
			const want = `{"annotations":{"idempotentHint":true,"destructiveHint":false,"openWorldHint":true,"readOnlyHint":true,"title":"One order"},"description":"Finds an order.","inputSchema":{"additionalProperties":false,"properties":{"expand":{"items":{"enum":["lines","customer"],"type":"string"},"type":"array"},"id":{"description":"its number","maxLength":20,"pattern":"^(?=.)[^x]*$","type":"string"}},"required":["id"],"type":"object"},"name":"get-order","outputSchema":{"properties":{"id":{"type":["string","null"]},"lines":{"items":{"properties":{"count":{"type":["integer","null"]}},"type":["object","null"]},"type":["array","null"]}},"type":"object"},"title":"One order"}`
			if !sameJSON(t, string(row), want) {
				t.Errorf("%s\nwant\n%s", row, want)
			}
			if a := list.Tools[2].Annotations; !*a.DestructiveHint || a.ReadOnlyHint {
				t.Errorf("%+v", a)
			}
			call := func(name string, args any) *sdk.CallToolResult {
				t.Helper()
				got = ""
				r, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: args})
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			r := call("get-order", map[string]any{"id": "7/8", "expand": []string{"lines"}})
			if r.IsError || textOf(r) != `{"id":"7","lines":[{"count":0}],"more":true}` || r.StructuredContent.(map[string]any)["id"] != "7" || got != "GET /orders/7%2F8?%24expand=lines" {
				t.Errorf("%+v %s", r, got)
			}
			r = call("add_order", map[string]any{"item": "tea", "count": 2})
			if r.IsError || textOf(r) != `[1]` || r.StructuredContent != nil || got != "POST /orders\nContent-Type: application/json\n\n{\"count\":2,\"item\":\"tea\"}" {
				t.Errorf("%+v %s", r, got)
			}
			if r = call("drop", nil); !r.IsError || textOf(r) != "HTTP 404 Not Found\n\n{\"title\":\"no such order\"}" {
				t.Errorf("%+v", r)
			}
			for args, want := range map[string]string{
				`{"item":7}`:                        "item: got number, want string",
				`{"item":"tea","count":0}`:          "count: minimum: got 0, want 1",
				`{"count":1}`:                       "missing property 'item'",
				`{"item":"tea","authorization":""}`: "additional properties 'authorization' not allowed",
			} {
				got = ""
				r, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: "add_order", Arguments: json.RawMessage(args)})
				switch {
				case version >= mcp.V20251125 && (err != nil || !r.IsError || !strings.Contains(textOf(r), want)):
					t.Errorf("%s: %+v, %v", args, r, err)
				case version < mcp.V20251125 && (err == nil || !strings.Contains(err.Error(), want)):
					t.Errorf("%s: %+v, %v", args, r, err)
				case got != "":
					t.Errorf("%s: the operation was called", args)
				}
			}
			if _, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: "nothing"}); err == nil || !strings.Contains(err.Error(), "there is no tool of this name") {
				t.Error(err)
			}
		})
	}
}

func textOf(r *sdk.CallToolResult) string {
	var out []string
	for _, c := range r.Content {
		if c, ok := c.(*sdk.TextContent); ok {
			out = append(out, c.Text)
		}
	}
	return strings.Join(out, "\n")
}

func sameJSON(t *testing.T, a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		t.Fatalf("not JSON: %s", a)
	}
	return string(marshal(x)) == string(marshal(y))
}

// ask sends one message to a Server without a transport.
func ask(t *testing.T, s *Server, version, method, params string) (string, *mcp.Error) {
	t.Helper()
	m, e := mcp.Parse([]byte(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)))
	if e != nil {
		t.Fatal(e)
	}
	r, e := s.Answer(t.Context(), version, m, nil)
	return string(r), e
}

// TestMethods: what is answered, and what is not there.
func TestMethods(t *testing.T) {
	s := orders(t, nil, nil)
	for _, tt := range []struct {
		version, method, params, want string
		code                          int
	}{
		{mcp.V20250618, "initialize", `{"protocolVersion":"2025-06-18"}`, `{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"orders","title":"Orders","version":"1"},"instructions":"Ask."}`, 0},
		{mcp.V20260728, "server/discover", `{}`, `{"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"orders","title":"Orders","version":"1"}},"supportedVersions":["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"],"capabilities":{"tools":{}},"instructions":"Ask.","ttlMs":60000,"cacheScope":"public"}`, 0},
		{mcp.V20251125, "ping", `{}`, `{}`, 0},
		{mcp.V20251125, "logging/setLevel", `{"level":"debug"}`, "", mcp.CodeMethodNotFound},
		{mcp.V20251125, "resources/list", `{}`, "", mcp.CodeMethodNotFound},
		{mcp.V20251125, "prompts/list", `{}`, "", mcp.CodeMethodNotFound},
		{mcp.V20260728, "tools/lists", `{}`, "", mcp.CodeMethodNotFound},
		{mcp.V20251125, "tools/list", `{"cursor":"nothing"}`, "", mcp.CodeInvalidParams},
		{mcp.V20251125, "tools/list", `{"cursor":7}`, "", mcp.CodeInvalidParams},
		{mcp.V20251125, "tools/call", `{"name":"drop","arguments":[]}`, "", mcp.CodeInvalidParams},
		{mcp.V20251125, "tools/call", `{"name":"drop","arguments":"x"}`, "", mcp.CodeInvalidParams},
		{mcp.V20251125, "tools/call", `{"name":"add_order","arguments":{"count":1e999999999}}`, "", mcp.CodeInvalidParams},
		{mcp.V20251125, "tools/call", `{"name":"add_order","arguments":{"count":1` + strings.Repeat("0", 1000) + `}}`, "", mcp.CodeInvalidParams},
		{mcp.V20251125, "tools/call", `{"name":"add_order","arguments":{"count":[` + strings.Repeat("0,", maxValues) + `0]}}`, "", mcp.CodeInvalidParams},
	} {
		got, e := ask(t, s, tt.version, tt.method, tt.params)
		if got != tt.want || (e == nil) != (tt.code == 0) || e != nil && e.Code != tt.code {
			t.Errorf("%s %.50s: %s %v", tt.method, tt.params, got, e)
		}
	}
}

// TestPages: a long list comes in pages, each tool once, in order, and only those that the
// caller sees.
func TestPages(t *testing.T) {
	var list []*Tool
	for i := range 4*pageSize + 50 {
		list = append(list, &Tool{Name: fmt.Sprintf("t%04d", i), Operation: &Operation{Method: "GET", Template: "/"}})
	}
	for every, pages := range map[int][]int{1: {100, 100, 100, 100, 50}, 2: {100, 100, 25}, 450: {1}, 1000: {1}} {
		s, err := New(Info{}, list, nil, func(_ context.Context, t *Tool) bool {
			i := slices.Index(list, t)
			return i%every == 0
		})
		if err != nil {
			t.Fatal(err)
		}
		var sizes []int
		var names []string
		for params := `{}`; params != ""; {
			raw, e := ask(t, s, mcp.V20260728, "tools/list", params)
			if e != nil {
				t.Fatal(e)
			}
			var page struct {
				Tools      []struct{ Name string }
				NextCursor string
				CacheScope string
			}
			if err := json.Unmarshal([]byte(raw), &page); err != nil || page.CacheScope != "private" {
				t.Fatal(err, raw)
			}
			sizes = append(sizes, len(page.Tools))
			for _, o := range page.Tools {
				names = append(names, o.Name)
			}
			if params = ""; page.NextCursor != "" {
				params = fmt.Sprintf(`{"cursor":%q}`, page.NextCursor)
			}
		}
		if !slices.Equal(sizes, pages) || !slices.IsSorted(names) || len(slices.Compact(names)) != (len(list)+every-1)/every {
			t.Errorf("every %d: %v, want %v", every, sizes, pages)
		}
	}
}

// TestHidden: a tool that the caller does not see is not there: neither in the list nor
// when it is called.
func TestHidden(t *testing.T) {
	called := false
	s := orders(t, func(*Call) (*Result, error) { called = true; return &Result{Status: 200}, nil }, func(_ context.Context, t *Tool) bool { return t.Name != "drop" })
	if raw, _ := ask(t, s, mcp.V20251125, "tools/list", `{}`); strings.Contains(raw, `"drop"`) || !strings.Contains(raw, "add_order") {
		t.Error(raw)
	}
	_, hidden := ask(t, s, mcp.V20251125, "tools/call", `{"name":"drop"}`)
	_, unknown := ask(t, s, mcp.V20251125, "tools/call", `{"name":"dorp"}`)
	if called || hidden == nil || unknown == nil || hidden.Error() != unknown.Error() {
		t.Errorf("%v, %v", hidden, unknown)
	}
}

// TestResults: responses, and what tools make of them.
func TestResults(t *testing.T) {
	pages := []byte("\x89PNG\x00")
	for _, tt := range []struct {
		name, version string
		r             *Result
		err           error
		want          string
	}{
		{"text", mcp.V20251125, &Result{200, "text/plain", []byte("<a>")}, nil, `{"content":[{"type":"text","text":"<a>"}]}`},
		{"nothing", mcp.V20251125, &Result{204, "", nil}, nil, `{"content":[{"type":"text","text":"HTTP 204 No Content"}]}`},
		{"no type", mcp.V20251125, &Result{200, "", []byte("a")}, nil, `{"content":[{"type":"text","text":"a"}]}`},
		{"JSON", mcp.V20251125, &Result{200, "application/vnd.api+json", []byte(" {\"a\":1e2}\n")}, nil, `{"content":[{"type":"text","text":" {\"a\":1e2}\n"}],"structuredContent":{"a":1e2}}`},
		{"damaged JSON", mcp.V20251125, &Result{200, "application/json", []byte(`{"a":`)}, nil, `{"content":[{"type":"text","text":"{\"a\":"}]}`},
		{"a member twice", mcp.V20251125, &Result{200, "application/json", []byte(`{"a":1,"a":2}`)}, nil, `{"content":[{"type":"text","text":"{\"a\":1,\"a\":2}"}],"structuredContent":{"a":2}}`},
		{"Latin-1", mcp.V20251125, &Result{200, "text/html; charset=ISO-8859-1", []byte("\xe9\x80")}, nil, `{"content":[{"type":"text","text":"é€"}]}`},
		{"not UTF-8", mcp.V20251125, &Result{200, "text/html", []byte("a\xe9")}, nil, "{\"content\":[{\"type\":\"text\",\"text\":\"a\ufffd\"}]}"},
		{"image", mcp.V20251125, &Result{200, "image/png", pages}, nil, `{"content":[{"type":"image","data":"iVBORwA=","mimeType":"image/png"}]}`},
		{"SVG", mcp.V20251125, &Result{200, "image/svg+xml", []byte("<svg/>")}, nil, `{"content":[{"type":"text","text":"<svg/>"}]}`},
		{"audio", mcp.V20251125, &Result{200, "audio/wav", pages}, nil, `{"content":[{"type":"audio","data":"iVBORwA=","mimeType":"audio/wav"}]}`},
		{"audio, before there was", mcp.V20241105, &Result{200, "audio/wav", pages}, nil, `{"content":[{"type":"resource","resource":{"uri":"response:drop","mimeType":"audio/wav","blob":"iVBORwA="}}]}`},
		{"bytes", mcp.V20251125, &Result{200, "application/pdf", pages}, nil, `{"content":[{"type":"resource","resource":{"uri":"response:drop","mimeType":"application/pdf","blob":"iVBORwA="}}]}`},
		{"bytes of no type", mcp.V20251125, &Result{200, "", pages}, nil, `{"content":[{"type":"resource","resource":{"uri":"response:drop","blob":"iVBORwA="}}]}`},
		{"error", mcp.V20251125, &Result{500, "text/plain", []byte("oh")}, nil, `{"content":[{"type":"text","text":"HTTP 500 Internal Server Error\n\noh"}],"isError":true}`},
		{"error of no text", mcp.V20251125, &Result{599, "image/png", pages}, nil, `{"content":[{"type":"text","text":"HTTP 599"},{"type":"image","data":"iVBORwA=","mimeType":"image/png"}],"isError":true}`},
		{"redirect", mcp.V20251125, &Result{302, "", nil}, nil, `{"content":[{"type":"text","text":"HTTP 302 Found"}]}`},
		{"too large", mcp.V20251125, nil, fmt.Errorf("backend: %w", ErrTooLarge), `{"content":[{"type":"text","text":"The operation was called, but the response is larger than the results of tools may be."}],"isError":true}`},
		{"another operation", mcp.V20251125, nil, ErrElsewhere, `{"content":[{"type":"text","text":"The operation was not called: the arguments make a request of another operation."}],"isError":true}`},
		{"failure", mcp.V20251125, nil, errors.New("dial 10.0.0.1: secret"), `{"content":[{"type":"text","text":"The operation could not be called, or did not answer."}],"isError":true}`},
	} {
		s := orders(t, func(*Call) (*Result, error) { return tt.r, tt.err }, nil)
		got, e := ask(t, s, tt.version, "tools/call", `{"name":"drop"}`)
		if e != nil || got != tt.want {
			t.Errorf("%s: %s %v, want %s", tt.name, got, e, tt.want)
		}
	}
	s := orders(t, func(*Call) (*Result, error) { return nil, &mcp.Error{Code: 7, Message: "mine"} }, nil)
	if _, e := ask(t, s, mcp.V20251125, "tools/call", `{"name":"drop"}`); e == nil || e.Code != 7 {
		t.Error(e)
	}
}

// TestOutput: structured content is there and fits the declared schema, of which types are
// left.
func TestOutput(t *testing.T) {
	for body, structured := range map[string]string{
		`{"id":"1"}`:                   `{"id":"1"}`,
		`{"id":"other","unknown":[1]}`: `{"id":"other","unknown":[1]}`, // neither enum nor required nor additionalProperties is left
		`{"id":null}`:                  `{"id":null}`,
		`{"id":7,"more":8}`:            `{"more":8}`,
		`{"id":"1","lines":[{"count":"x"},{"count":"y"}]}`: `{"id":"1"}`,
		`[]`: `{}`,
		``:   `{}`,
		`{"`: `{}`,
		`{"lines":[` + strings.Repeat("null,", maxValues) + `null]}`: `{}`,
	} {
		s := orders(t, func(*Call) (*Result, error) { return &Result{200, "application/json", []byte(body)}, nil }, nil)
		got, e := ask(t, s, mcp.V20251125, "tools/call", `{"name":"get-order","arguments":{"id":"1"}}`)
		if e != nil || !strings.HasSuffix(got, `"structuredContent":`+structured+`}`) {
			t.Errorf("%.60s: %.200s %v", body, got, e)
		}
	}
	s := orders(t, func(*Call) (*Result, error) { return &Result{400, "application/json", []byte(`{"id":"1"}`)}, nil }, nil)
	if got, _ := ask(t, s, mcp.V20251125, "tools/call", `{"name":"get-order","arguments":{"id":"1"}}`); strings.Contains(got, "structuredContent") {
		t.Error("an error has structured content:", got)
	}
	for schema, want := range map[string]string{
		`{"oneOf":[{"type":"object","required":["a"]},{"properties":{"a":{"type":["string","null"],"format":"date"}}}],"title":"t"}`: `{"anyOf":[{"type":["object","null"]},{"properties":{"a":{"type":["string","null"]}}}],"title":"t","type":"object"}`,
		`{"type":["object","null"],"additionalProperties":{"type":"integer"},"minProperties":1}`:                                     `{"additionalProperties":{"type":["integer","null"]},"type":"object"}`,
		`{"properties":{"a":false,"b":{"type":"array","prefixItems":[{"type":"string"}],"items":false}}}`:                            `{"properties":{"a":{},"b":{"type":["array","null"]}},"type":"object"}`,
	} {
		if got, err := typesOnly(json.RawMessage(schema)); err != nil || string(got) != want {
			t.Errorf("%s: %s %v", schema, got, err)
		}
	}
}
