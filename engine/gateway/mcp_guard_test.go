package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// guarded is a gateway before a server whose tools are not for everybody.
func guarded(t *testing.T, kind string) (*mcpGateway, *mcpBackend) {
	t.Helper()
	b := newMCPBackend(t, kind)
	return serveMCP(t, authorization+fmt.Sprintf(`
apis:
  tested:
    type: mcp
    path: tested
    serviceUrl: %q
    mcp: { requiredScopes: [read] }
    tools:
      hidden: { hidden: true }
      write: { requiredScopes: [write] }
      admin: { requiredClaims: { roles: [Admin, Owner] } }
`, b.url), nil), b
}

func TestMCPChallenges(t *testing.T) {
	g, b := guarded(t, sessions)
	good := g.access.grant("ann", []string{"read"})
	other := g.access.grant("eve", []string{"other"})
	metadata := func(path string) string {
		return `resource_metadata="` + g.url + `/.well-known/oauth-protected-resource/tested` + path + `"`
	}
	for _, tt := range []struct {
		name, method, path, query string
		fields                    []string
		status                    int
		challenge                 string
	}{
		{"no token", "POST", "/mcp", "", nil, 401, `Bearer ` + metadata("/mcp") + `, scope="read"`},
		{"no token for a stream", "GET", "/mcp", "", nil, 401, `Bearer ` + metadata("/mcp") + `, scope="read"`},
		{"no token to end a session", "DELETE", "/mcp", "", nil, 401, `Bearer ` + metadata("/mcp") + `, scope="read"`},
		{"no token for HTTP+SSE", "GET", "/sse", "", nil, 401, `Bearer ` + metadata("/sse") + `, scope="read"`},
		{"no token for a message", "POST", "/messages", "sessionId=x", nil, 401, `Bearer ` + metadata("/sse") + `, scope="read"`},
		{"unknown token", "POST", "/mcp", "", []string{"Authorization", "Bearer nonsense"}, 401,
			`Bearer error="invalid_token", error_description="The access token is unknown.", ` + metadata("/mcp") + `, scope="read"`},
		{"another scheme", "POST", "/mcp", "", []string{"Authorization", "Basic YTpi"}, 401, `Bearer ` + metadata("/mcp") + `, scope="read"`},
		{"token in the query", "POST", "/mcp", "access_token=" + good, nil, 400, `Bearer error="invalid_request"`},
		{"token in the query and the header", "POST", "/mcp", "a=b&access%5Ftoken=" + good, []string{"Authorization", "Bearer " + good}, 400, `Bearer error="invalid_request"`},
		{"two headers", "POST", "/mcp", "", []string{"Authorization", "Bearer " + good, "Authorization", "Bearer " + other}, 400, `Bearer error="invalid_request"`},
		{"two headers of two schemes", "POST", "/mcp", "", []string{"Authorization", "Basic YTpi", "Authorization", "Bearer " + good}, 400, `Bearer error="invalid_request"`},
		{"a list", "POST", "/mcp", "", []string{"Authorization", "Bearer " + good + ", Bearer " + other}, 400, `Bearer error="invalid_request"`},
		{"a list of schemes", "POST", "/mcp", "", []string{"Authorization", "Basic YTpi, Bearer " + good}, 400, `Bearer error="invalid_request"`},
		{"nothing after the scheme", "POST", "/mcp", "", []string{"Authorization", "Bearer"}, 400, `Bearer error="invalid_request"`},
		{"a missing scope", "POST", "/mcp", "", []string{"Authorization", "Bearer " + other}, 403, `Bearer error="insufficient_scope"`},
		{"a missing scope for a stream", "GET", "/mcp", "", []string{"Authorization", "Bearer " + other}, 403, `Bearer error="insufficient_scope"`},
		{"a good token", "POST", "/mcp", "", []string{"Authorization", "Bearer " + good}, 200, ""},
		{"a scheme in another case", "POST", "/mcp", "", []string{"Authorization", "bEARER " + good}, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(b.requests())
			body := ""
			if tt.method == "POST" {
				body = initialize
			}
			a := g.in(t).send(tt.method, "/tested"+tt.path+"?"+tt.query, body, tt.fields...)
			got := a.header.Get("WWW-Authenticate")
			if a.status != tt.status || !strings.HasPrefix(got, tt.challenge) || tt.challenge == "" && got != "" {
				t.Errorf("%d, %q; want %d, %q\n%s", a.status, got, tt.status, tt.challenge, a.body)
			}
			if tt.status != 200 && len(b.requests()) != before {
				t.Error("the server was asked")
			}
			if strings.Contains(got+a.body, good) || strings.Contains(got, "offline_access") {
				t.Error("the answer holds the token or offline_access")
			}
		})
	}
	want := []string{g.url + "/tested/mcp", g.url + "/tested/sse", g.url + "/tested/messages", g.url + "/tested"}
	if !slices.Equal(g.access.audiences, want) {
		t.Errorf("the audiences are %v, want %v", g.access.audiences, want)
	}
	g.access.down = true
	if a := g.send("POST", "/tested/mcp", initialize, "Authorization", "Bearer "+good); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("without the store: %d %v", a.status, a.header)
	}
	if strings.Contains(g.log.String(), good) || strings.Contains(g.log.String(), other) {
		t.Error("a token is in the log")
	}
}

func TestMCPMetadata(t *testing.T) {
	apis := func(more string) string {
		return authorization + `
apis:
  tested: { type: mcp, path: a/tested, serviceUrl: "http://127.0.0.1:1/", mcp: { requiredScopes: [read] }, tools: { w: { requiredScopes: [write] } } }
  open: { type: mcp, path: open, serviceUrl: "http://127.0.0.1:1/", mcp: { authorization: false }, subscriptionRequired: false }
` + more
	}
	g := serveMCP(t, apis(""), nil)
	const known = "/.well-known/oauth-protected-resource"
	for path, resource := range map[string]string{
		"/a/tested/mcp": "/a/tested/mcp", "/a/tested/sse": "/a/tested/sse", "/a/tested": "/a/tested", "": "/a/tested/mcp",
	} {
		a := g.send("GET", known+path, "")
		var doc struct {
			Resource, Name string
			Servers        []string `json:"authorization_servers"`
			Scopes         []string `json:"scopes_supported"`
			Methods        []string `json:"bearer_methods_supported"`
		}
		if err := json.Unmarshal([]byte(a.body), &doc); err != nil || a.status != 200 {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		if doc.Resource != g.url+resource || !slices.Equal(doc.Servers, []string{"https://issuer.example"}) ||
			!slices.Equal(doc.Scopes, []string{"read", "write"}) || !slices.Equal(doc.Methods, []string{"header"}) {
			t.Errorf("%s: %s", path, a.body)
		}
		if a.header.Get("Content-Type") != "application/json" || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Cache-Control") == "" {
			t.Errorf("%s: %v", path, a.header)
		}
		if a := g.send("HEAD", known+path, ""); a.status != 200 || a.body != "" {
			t.Errorf("HEAD %s: %d", path, a.status)
		}
		if a := g.send("OPTIONS", known+path, "", "Origin", "https://x.example", "Access-Control-Request-Method", "GET"); a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("OPTIONS %s: %d %v", path, a.status, a.header)
		}
		if a := g.send("POST", known+path, "{}"); a.status != 405 {
			t.Errorf("POST %s: %d", path, a.status)
		}
	}
	for _, path := range []string{"/open/mcp", "/open", "/a", "/a/tested/", "/a/tested/messages", "/nothing", "//a/tested/mcp", "/a/tested/%6dcp"} {
		if a := g.send("GET", known+path, ""); a.status == 200 {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	g = serveMCP(t, apis(`  second: { type: mcp, path: second, serviceUrl: "http://127.0.0.1:1/" }`), nil)
	if a := g.send("GET", known, ""); a.status != 404 {
		t.Errorf("the root speaks of one of two servers: %s", a.body)
	}
	if a := g.send("GET", known+"/second/mcp", ""); a.status != 200 || !strings.Contains(a.body, `["read"]`) {
		t.Errorf("a server without scopes of its own: %d %s", a.status, a.body)
	}
}

// What is listed is what may be called, for every caller, client and server.
func TestMCPToolListFilteringEqualsCallAuthorisation(t *testing.T) {
	for _, server := range kinds {
		g, _ := guarded(t, server)
		for _, u := range []struct {
			name, token string
			tools       []string
		}{
			{"reader", g.access.grant("reader", []string{"read"}), []string{"ask", "echo", "progress", "wait"}},
			{"writer", g.access.grant("writer", []string{"write", "read"}), []string{"ask", "echo", "progress", "wait", "write"}},
			{"admin", g.access.grant("admin", []string{"read"}, "User", "Owner"), []string{"admin", "ask", "echo", "progress", "wait"}},
		} {
			for _, client := range kinds {
				t.Run(u.name+" by "+client+" before "+server, func(t *testing.T) {
					g := g.in(t)
					cs, _ := g.client(client, "/tested", token(u.token))
					list, err := cs.ListTools(t.Context(), nil)
					if err != nil {
						t.Fatal(err)
					}
					if got := toolNames(list); !slices.Equal(got, u.tools) {
						t.Errorf("the list is %v, want %v", got, u.tools)
					}
					for _, name := range []string{"echo", "hidden", "admin", "write"} {
						cs, _ := g.client(client, "/tested", token(u.token)) // an error may end a session
						r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: name})
						if may := slices.Contains(u.tools, name); may != (err == nil && !r.IsError) {
							t.Errorf("%s: %v %v", name, r, err)
						}
					}
				})
			}
		}
	}
}

func TestMCPToolRefusals(t *testing.T) {
	g, b := guarded(t, sessions)
	reader := g.access.grant("reader", []string{"read"})
	nobody := g.access.grant("nobody", []string{"other"})
	for _, tt := range []struct {
		tool, token, method string
		status              int
		scope, body         string
	}{
		{"write", reader, "tools/call", 403, `scope="read write"`, `"id":3,"error"`},
		{"write", nobody, "tools/call", 403, `scope="read write"`, `"id":3,"error"`},
		{"admin", reader, "tools/call", 403, "", `"id":3,"error"`},
		{"hidden", reader, "tools/call", 200, "", `"code":-32602,"message":"Unknown tool: hidden"`},
		{"hidden", nobody, "tools/call", 403, `scope="read"`, `"id":3,"error"`},
	} {
		before := len(b.requests())
		a := g.send("POST", "/tested/mcp", callTool(tt.tool), "Authorization", "Bearer "+tt.token)
		if a.status != tt.status || !strings.Contains(a.header.Get("WWW-Authenticate"), tt.scope) || !strings.Contains(a.body, tt.body) {
			t.Errorf("%s: %d %v %s", tt.tool, a.status, a.header, a.body)
		}
		if len(b.requests()) != before {
			t.Errorf("%s: the server was asked", tt.tool)
		}
	}
	// The names of the new era are checked against the body before anything is decided.
	a := g.send("POST", "/tested/mcp",
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"hidden","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
		"Authorization", "Bearer "+reader, "MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "hidden")
	if a.status != 400 || !strings.Contains(a.body, "-32602") {
		t.Errorf("a hidden tool of the new era: %d %s", a.status, a.body)
	}
}

func TestMCPOtherToolsHidden(t *testing.T) {
	b := newMCPBackend(t, sessions)
	g := serveMCP(t, fmt.Sprintf(`
apis:
  tested: { type: mcp, path: tested, serviceUrl: %q, subscriptionRequired: false, mcp: { otherTools: hide }, tools: { echo: {} } }
`, b.url), nil)
	cs, _ := g.client(sessions, "/tested", nil)
	list, err := cs.ListTools(t.Context(), nil)
	if err != nil || !slices.Equal(toolNames(list), []string{"echo"}) {
		t.Errorf("the list is %v, %v", toolNames(list), err)
	}
	if _, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "write"}); err == nil {
		t.Error("a tool that is not listed answered")
	}
	if r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "echo"}); err != nil || textOf(r) != "echo:" {
		t.Errorf("%v %v", r, err)
	}
}

// A page whose name leads to this machine must not talk to its servers.
func TestMCPRebinding(t *testing.T) {
	b := newMCPBackend(t, sessions)
	config := func(mcp, more string) string {
		return fmt.Sprintf(`
%s
apis:
  tested: { type: mcp, path: tested, serviceUrl: %q, subscriptionRequired: false, %s }
`, more, b.url, mcp)
	}
	for _, tt := range []struct{ name, mcp, more, host, origin, status string }{
		{"loopback", "", "", "", "", "200"},
		{"loopback by name", "", "", "localhost:1", "http://localhost:1", "200"},
		{"another origin of this machine", "", "", "", "http://127.0.0.1:6274", "200"},
		{"a rebound name", "", "", "evil.example", "", "403"},
		{"a rebound name and its origin", "", "", "evil.example", "http://evil.example", "403"},
		{"a name that begins as this machine", "", "", "localhost.evil.example", "", "403"},
		{"another origin", "", "", "", "http://evil.example", "403"},
		{"an origin that begins as this machine", "", "", "", "http://127.0.0.1.evil.example", "403"},
		{"no origin in particular", "", "", "", "null", "403"},
		{"an origin with more than that", "", "", "", "http://localhost:1/x", "403"},
		{"a listed origin", "mcp: { allowedOrigins: [https://app.example] }", "", "", "https://app.example", "200"},
		{"not a listed origin", "mcp: { allowedOrigins: [https://app.example] }", "", "", "http://localhost:1", "403"},
		{"all origins", "mcp: { allowedOrigins: ['*'] }", "", "", "https://any.example", "200"},
		{"a listed host", "mcp: { allowedHosts: [gw.example] }", "", "gw.example:8080", "", "200"},
		{"not a listed host", "mcp: { allowedHosts: [gw.example] }", "", "localhost", "", "403"},
		{"the public host", "", "gateway: { publicUrl: https://gw.example }", "gw.example", "https://gw.example", "200"},
		{"not the public host", "", "gateway: { publicUrl: https://gw.example }", "evil.example", "", "403"},
		{"not the public origin", "", "gateway: { publicUrl: https://gw.example }", "gw.example", "https://evil.example", "403"},
		{"a host of the API", "hosts: [h.example]", "", "h.example", "http://h.example", "200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := serveMCP(t, config(tt.mcp, tt.more), nil)
			var fields []string
			if tt.host != "" {
				fields = append(fields, "Host", tt.host)
			}
			if tt.origin != "" {
				fields = append(fields, "Origin", tt.origin)
			}
			a := g.send("POST", "/tested/mcp", initialize, fields...)
			if fmt.Sprint(a.status) != tt.status {
				t.Errorf("%d %s", a.status, a.body)
			}
			if got := a.header.Get("Access-Control-Allow-Origin"); tt.status == "200" && got != tt.origin || tt.status != "200" && got != "" {
				t.Errorf("Access-Control-Allow-Origin is %q", got)
			}
		})
	}
	g := serveMCP(t, config("", ""), nil)
	if a := g.send("POST", "/tested/mcp", initialize, "Origin", "http://localhost:1", "Origin", "http://evil.example"); a.status != 403 {
		t.Errorf("two origins: %d", a.status)
	}
	for _, r := range b.requests() {
		if r.Header.Get("Origin") != "" {
			t.Errorf("the server was told of the origin %q", r.Header.Get("Origin"))
		}
	}
}

func TestMCPPreflight(t *testing.T) {
	g, b := guarded(t, sessions)
	ask := []string{"Origin", "http://localhost:6274", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,mcp-protocol-version"}
	a := g.send("OPTIONS", "/tested/mcp", "", ask...)
	if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "http://localhost:6274" ||
		a.header.Get("Access-Control-Allow-Headers") != "authorization,content-type,mcp-protocol-version" ||
		a.header.Get("Access-Control-Allow-Methods") != "POST, GET, DELETE" {
		t.Errorf("%d %v", a.status, a.header)
	}
	ask[1] = "https://evil.example"
	if a := g.send("OPTIONS", "/tested/mcp", "", ask...); a.status != 403 || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %d %v", a.status, a.header)
	}
	if a := g.send("OPTIONS", "/tested/mcp", ""); a.status != 405 {
		t.Errorf("no preflight: %d", a.status)
	}
	a = g.send("POST", "/tested/mcp", initialize, "Origin", "http://localhost:6274")
	if a.status != 401 || !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") || a.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("a challenge that no script can read: %d %v", a.status, a.header)
	}
	if n := len(b.requests()); n != 0 {
		t.Errorf("the server got %d requests", n)
	}
}

// However a path is written, the server is not reached without a token.
func TestMCPPathBypass(t *testing.T) {
	g, b := guarded(t, sessions)
	for _, path := range []string{"/tested/mcp/", "//tested/mcp", "/tested//mcp", "/tested/%6dcp", "/tested/mcp;x", "/TESTED/MCP", "/tested/./mcp",
		"/tested/x/../mcp", "/tested/mcp%2f", "/tested/mcp%00", "/tested;rev=1/mcp", "/tested/server", "/tested", "/tested/", "/x/../tested/mcp", "/tested%2fmcp", `/tested\mcp`} {
		for _, method := range []string{"POST", "GET", "DELETE", "OPTIONS", "PUT"} {
			req, err := http.NewRequest(method, g.url, strings.NewReader(initialize))
			if err != nil {
				t.Fatal(err)
			}
			req.URL.Opaque = path
			req.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode < 400 {
				t.Errorf("%s %s: %d", method, path, resp.StatusCode)
			}
		}
	}
	if n := len(b.requests()); n != 0 {
		t.Errorf("the server got %d requests", n)
	}
}
