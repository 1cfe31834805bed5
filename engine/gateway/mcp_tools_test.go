package gateway_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// rest is a REST service, and a gateway with tools made of it.
func rest(t *testing.T, more string, files map[string]string) (*mcpGateway, *rawServer) {
	t.Helper()
	s := newRawServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/large"):
			_, _ = fmt.Fprint(w, strings.Repeat("x", 100_000))
		case strings.HasSuffix(r.URL.Path, "/missing"):
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(404)
			_, _ = fmt.Fprint(w, `{"error":"there is no such order"}`)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"path":%q}`, r.URL.EscapedPath())
		}
	})
	return serveMCP(t, authorization+fmt.Sprintf(`
apis:
  orders:
    path: v1/orders
    serviceUrl: %q
    operations:
      getOrder: { method: GET, urlTemplate: "/{id}" }
      deleteOrder: { method: DELETE, urlTemplate: "/{id}" }
      getLines: { method: GET, urlTemplate: "/{id}/lines/{line}" }
      createOrder: { method: POST, urlTemplate: / }
  order-tools:
    type: mcp
    path: order-tools
    toolsOf: orders
    mcp: { resultBytes: 10KiB }
%s`, s.url+"/backend", more), files), s
}

const orderTools = `
    tools:
      get-order: { operation: getOrder, description: Reads an order. }
      get-lines: { operation: getLines }
      delete-order: { operation: deleteOrder, requiredScopes: [write] }
      secret-order: { operation: getOrder, hidden: true }
      create-order: { operation: createOrder }
`

// Operations as tools, for clients of every era; documents of tool, server and operation run.
func TestMCPOperationsAsTools(t *testing.T) {
	g, s := rest(t, orderTools, map[string]string{
		"policies/apis/order-tools.xml": `<policies><inbound><base />
			<set-header name="X-Server"><value>@(context.Operation.Id + " " + context.Variables["mcp-method"] + " " + ((Jwt)context.Variables["mcp-caller"]).Subject)</value></set-header></inbound></policies>`,
		"policies/apis/order-tools/get-order.xml": `<policies><inbound><base />
			<set-header name="X-Tool"><value>@((string)context.Variables["mcp-tool"])</value></set-header></inbound></policies>`,
		"policies/apis/orders/getOrder.xml": `<policies><inbound><base />
			<set-header name="X-Operation"><value>@(context.Operation.Id + " " + context.Request.MatchedParameters["id"] + " " + context.Request.OriginalUrl.Path)</value></set-header>
			<set-header name="X-Has"><value>@(context.Request.Headers.ContainsKey("Authorization").ToString())</value></set-header></inbound></policies>`,
	})
	tok := g.access.grant("ann", []string{"read"})
	for _, client := range kinds {
		t.Run(client, func(t *testing.T) {
			g := g.in(t)
			cs, _ := g.client(client, "/order-tools", token(tok))
			list, err := cs.ListTools(t.Context(), nil)
			if err != nil || !slices.Equal(toolNames(list), []string{"create-order", "get-lines", "get-order"}) {
				t.Fatalf("the list is %v, %v", toolNames(list), err)
			}
			r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "get-order", Arguments: map[string]any{"id": "17"}})
			if err != nil || r.IsError || !strings.Contains(textOf(r), `"/backend/17"`) {
				t.Fatalf("%v %v", r, err)
			}
			s.mu.Lock()
			last := s.seen[len(s.seen)-1]
			s.mu.Unlock()
			for _, want := range []string{"GET /backend/17\n", "X-Server: get-order tools/call ann\r\n", "X-Tool: get-order\r\n", "X-Operation: getOrder 17 /v1/orders/17\r\n", "X-Has: False\r\n", "X-Forwarded-For: 127.0.0.1\r\n"} {
				if !strings.Contains(last, want) {
					t.Errorf("the service did not see %q:\n%s", want, last)
				}
			}
			if strings.Contains(last, tok) || strings.Contains(last, "Mcp-") {
				t.Errorf("the service saw what is not its own:\n%s", last)
			}
			if r, err = cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "get-order", Arguments: map[string]any{"id": "missing"}}); err != nil || !r.IsError || !strings.Contains(textOf(r), "there is no such order") {
				t.Errorf("a failure: %v %v", r, err)
			}
			if r, err = cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "get-order", Arguments: map[string]any{"id": "large"}}); err != nil || !r.IsError || len(textOf(r)) > 1000 {
				t.Errorf("too large: %v %v", r, err)
			}
			for _, name := range []string{"delete-order", "secret-order", "no-such-tool"} {
				cs, _ := g.client(client, "/order-tools", token(tok))
				if r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: map[string]any{"id": "17"}}); err == nil {
					t.Errorf("%s: %v", name, r)
				}
			}
			if strings.Contains(s.all(), "DELETE") {
				t.Error("the service was asked to delete")
			}
		})
	}
	m := g.metrics()
	for _, want := range []string{`sekisho_requests_total{api="order-tools",operation="get-order",status="2xx"}`, `sekisho_requests_total{api="orders",operation="getOrder",status="2xx"} 6`} {
		if !strings.Contains(m, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	if strings.Contains(m, "no-such-tool") {
		t.Error("a name from outside is a label of a metric")
	}
	if log := g.log.String(); !strings.Contains(log, "mcpMethod=tools/call mcpTool=get-order") || strings.Contains(log, "no-such-tool") || strings.Contains(log, tok) {
		t.Errorf("the log:\n%s", log)
	}
}

// §5.2.14: arguments stay in their place.
func TestMCPArgumentsStayInTheirPlace(t *testing.T) {
	g, s := rest(t, orderTools, nil)
	cs, _ := g.client(sessions, "/order-tools", token(g.access.grant("ann", []string{"read"})))
	for argument, path := range map[string]string{
		"a b": "/backend/a%20b", "a?b=c": "/backend/a%3Fb%3Dc", "a#b": "/backend/a%23b", "ü": "/backend/%C3%BC", "1;rev=2": "/backend/1%3Brev%3D2",
		"..": "", "../admin": "", "../../v1": "", "%2e%2e": "", "..%2fadmin": "", "a/../b": "", `..\admin`: "", "\x00": "", "a\r\nX-Evil: 1": "", "": "", ".": "",
	} {
		before := s.count()
		r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "get-order", Arguments: map[string]any{"id": argument}})
		if path == "" {
			// Refused, or escaped so that it is one segment.
			s.mu.Lock()
			for _, seen := range s.seen[before:] {
				line, _, _ := strings.Cut(seen, "\n")
				rest, ok := strings.CutPrefix(line, "GET /backend/")
				if !ok || strings.Contains(rest, "/") || strings.Contains(rest, "..") || rest == "" || strings.Contains(seen, "\nX-Evil") {
					t.Errorf("%q became %q", argument, line)
				}
			}
			s.mu.Unlock()
			continue
		}
		if err != nil || r.IsError || !strings.Contains(textOf(r), fmt.Sprintf("%q", path)) {
			t.Errorf("%q: %v %v", argument, r, err)
		}
	}
}

// Limits per tool, checks of tokens, and what authenticates to the service.
func TestMCPPoliciesOfTools(t *testing.T) {
	g, s := rest(t, orderTools, map[string]string{
		"policies/apis/order-tools/get-order.xml": `<policies><inbound><base /><rate-limit-by-key calls="2" renewal-period="300" counter-key="@(((Jwt)context.Variables["mcp-caller"]).Subject)" /></inbound></policies>`,
		"policies/apis/orders.xml":                `<policies><inbound><base /><set-header name="Authorization"><value>Bearer of-the-service</value></set-header></inbound></policies>`,
	})
	ann, bob := g.access.grant("ann", []string{"read"}), g.access.grant("bob", []string{"read"})
	call := func(token, body string) int {
		return g.send("POST", "/order-tools/mcp", body, "Authorization", "Bearer "+token).status
	}
	order := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get-order","arguments":{"id":"1"}}}`
	lines := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get-lines","arguments":{"id":"1","line":"2"}}}`
	for i, tt := range []struct {
		token, body string
		want        int
	}{{ann, order, 200}, {ann, order, 200}, {ann, order, 429}, {ann, lines, 200}, {bob, order, 200}, {ann, listTools, 200}} {
		if got := call(tt.token, tt.body); got != tt.want {
			t.Errorf("call %d: %d, want %d", i, got, tt.want)
		}
	}
	if n := strings.Count(s.all(), "Authorization: Bearer of-the-service"); n != 4 || s.count() != 4 {
		t.Errorf("%d of %d calls carried the credential", n, s.count())
	}
}
