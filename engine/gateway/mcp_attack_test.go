package gateway_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// rawServer answers as an MCP server with sessions might, by a function, and keeps what it
// was sent, whole.
type rawServer struct {
	url string

	mu   sync.Mutex
	seen []string // request line, header and body
}

func newRawServer(t *testing.T, answer http.HandlerFunc) *rawServer {
	t.Helper()
	r := &rawServer{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s\nHost: %s\n", req.Method, req.RequestURI, req.Host)
		_ = req.Header.Write(&b)
		r.mu.Lock()
		r.seen = append(r.seen, b.String()+string(body))
		r.mu.Unlock()
		if strings.Contains(string(body), `"server/discover"`) {
			http.Error(w, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}`, 400)
			return
		}
		req.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, req)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	r.url = s.URL
	return r
}

func (r *rawServer) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.seen, "\n----\n")
}

func (r *rawServer) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// plainSession answers everything with an initialize result and a session.
func plainSession(w http.ResponseWriter, r *http.Request) {
	var m struct{ ID json.RawMessage }
	if json.NewDecoder(r.Body).Decode(&m) != nil || m.ID == nil {
		w.WriteHeader(202)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Mcp-Session-Id", "upstream-session")
	_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"raw","version":"1"}}}`, m.ID)
}

// §5.2.10: the server never sees what the client shows to the gateway.
func TestMCPTokenPassthrough(t *testing.T) {
	for _, document := range []string{
		"",
		`<set-header name="X-Copy"><value>@(context.Request.Headers.GetValueOrDefault("Authorization"))</value></set-header>`,
		`<set-header name="Authorization"><value>@(context.Request.Headers.GetValueOrDefault("Authorization") + "")</value></set-header>`,
		`<set-query-parameter name="t"><value>@(context.Request.Headers.GetValueOrDefault("Authorization").Substring(7))</value></set-query-parameter>`,
		`<set-header name="Cookie"><value>@(context.Request.Headers.GetValueOrDefault("Cookie"))</value></set-header>`,
	} {
		s := newRawServer(t, plainSession)
		files := map[string]string{}
		if document != "" {
			files["policies/apis/tested.xml"] = "<policies><inbound><base />" + document + "</inbound></policies>"
		}
		g := serveMCP(t, authorization+fmt.Sprintf(`
products: [ { id: p, apis: [tested], subscriptionRequired: true } ]
subscriptions: [ { id: s, scope: products/p, primaryKey: subscription-key-primary, secondaryKey: subscription-key-secondary } ]
apis:
  tested: { type: mcp, path: tested, serviceUrl: %q, subscriptionRequired: true }
`, s.url+"/mcp"), files)
		tok := g.access.grant("ann", nil)
		a := g.send("POST", "/tested/mcp?keep=1&subscription-key=subscription-key-primary", initialize, "Authorization", "Bearer "+tok,
			"Cookie", "session=the-cookie", "Proxy-Authorization", "Basic proxy-credential", "Origin", g.url,
			"Ocp-Apim-Subscription-Key", "subscription-key-primary", "X-Other", "kept", "Mcp-Param-Region", "kept too")
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		seen := s.all()
		for _, secret := range []string{tok, "the-cookie", "proxy-credential", "subscription-key-primary", "Origin:"} {
			if strings.Contains(seen, secret) {
				t.Errorf("with %q the server saw %q:\n%s", document, secret, seen)
			}
		}
		for _, kept := range []string{"X-Other: kept", "Mcp-Param-Region: kept too", "keep=1"} {
			if !strings.Contains(seen, kept) {
				t.Errorf("the server did not see %q:\n%s", kept, seen)
			}
		}
		if got := a.header.Get("Mcp-Session-Id"); got == "" || got == "upstream-session" {
			t.Errorf("the client's session is %q", got)
		}
	}
}

// What policies add is the server's, and nobody else's: redirects to others are not
// followed, nor shown to the client.
func TestMCPRedirectDropsInjectedCredential(t *testing.T) {
	other := newRawServer(t, plainSession)
	s := newRawServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.url+"/stolen", http.StatusTemporaryRedirect)
		case "/here":
			http.Redirect(w, r, "/there", http.StatusTemporaryRedirect)
		default:
			plainSession(w, r)
		}
	})
	for _, tt := range []struct {
		path   string
		follow bool
		status int
	}{{"/away", true, 502}, {"/away", false, 502}, {"/here", true, 200}, {"/here", false, 502}} {
		g := serveMCP(t, fmt.Sprintf(`
apis:
  tested: { type: mcp, path: tested, serviceUrl: %q, subscriptionRequired: false, mcp: { transport: streamable } }
`, s.url+tt.path), map[string]string{"policies/apis/tested.xml": fmt.Sprintf(`<policies>
  <inbound><set-header name="Authorization"><value>Bearer of-the-gateway</value></set-header><set-header name="X-Api-Key"><value>of-the-gateway</value></set-header></inbound>
  <backend><forward-request follow-redirects="%v" /></backend></policies>`, tt.follow)})
		a := g.send("POST", "/tested/mcp", initialize)
		if a.status != tt.status || a.header.Get("Location") != "" {
			t.Errorf("%+v: %d %v %s", tt, a.status, a.header, a.body)
		}
		if !strings.Contains(s.all(), "Bearer of-the-gateway") {
			t.Error("the server did not see the credential of the policy")
		}
	}
	if other.count() != 0 {
		t.Errorf("somebody else was asked:\n%s", other.all())
	}
}

// A server that wants a token does not send the client looking for one.
func TestMCPServerUnauthorized(t *testing.T) {
	s := newRawServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="https://evil.example/"`)
		w.Header().Set("Set-Cookie", "a=b")
		w.WriteHeader(401)
	})
	g := serveMCP(t, fmt.Sprintf(`
apis:
  tested: { type: mcp, path: tested, serviceUrl: %q, subscriptionRequired: false }
`, s.url), nil)
	if a := g.send("POST", "/tested/mcp", initialize); a.status != 502 || a.header.Get("WWW-Authenticate") != "" || !strings.Contains(a.body, `"id":1`) {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

// §5.2.12: policy and server must read the same message.
func TestMCPMessages(t *testing.T) {
	s := newRawServer(t, plainSession)
	g := serveMCP(t, fmt.Sprintf(`
apis:
  tested: { type: mcp, path: tested, serviceUrl: %q, subscriptionRequired: false, mcp: { transport: streamable, messageBytes: 4KiB } }
`, s.url), nil)
	newEra := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	call := `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo",` + newEra + `}}`
	era := []string{"MCP-Protocol-Version", "2026-07-28"}
	with := func(fields ...string) []string { return append(fields, era...) }
	if a := g.send("POST", "/tested/mcp", initialize); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	before := s.count() // asking what it speaks is over
	for _, tt := range []struct {
		name, body string
		fields     []string
		status     int
		says       string
	}{
		{"Mcp-Name is not the body's", call, with("Mcp-Method", "tools/call", "Mcp-Name", "other"), 400, "-32020"},
		{"Mcp-Name is missing", call, with("Mcp-Method", "tools/call"), 400, "-32020"},
		{"Mcp-Method is not the body's", call, with("Mcp-Method", "tools/list", "Mcp-Name", "echo"), 400, "-32020"},
		{"a sentinel around another name", call, with("Mcp-Method", "tools/call", "Mcp-Name", "=?base64?b3RoZXI=?="), 400, "-32020"},
		{"a sentinel around nothing", call, with("Mcp-Method", "tools/call", "Mcp-Name", "=?base64?***?="), 400, "-32020"},
		{"two names", call, with("Mcp-Method", "tools/call", "Mcp-Name", "echo", "Mcp-Name", "other"), 400, "-32020"},
		{"two versions", call, with("Mcp-Method", "tools/call", "Mcp-Name", "echo", "MCP-Protocol-Version", "2025-11-25"), 400, "-32020"},
		{"a version of the future", call, []string{"MCP-Protocol-Version", "2030-01-01", "Mcp-Method", "tools/call", "Mcp-Name", "echo"}, 400, "-320"},
		{"the name twice", `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","name":"other"}}`, nil, 400, "-326"},
		{"the name in two spellings", `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","Name":"other"}}`, nil, 400, "-326"},
		{"the method twice", `{"jsonrpc":"2.0","id":3,"method":"tools/list","method":"tools/call","params":{"name":"echo"}}`, nil, 400, "-32600"},
		{"a batch", "[" + initialize + "]", nil, 400, "-32600"},
		{"no JSON", "{", nil, 400, "-32700"},
		{"no UTF-8", "{\"\xff\":1}", nil, 400, "-32700"},
		{"too large", `{"jsonrpc":"2.0","id":3,"method":"ping","params":{"x":"` + strings.Repeat("x", 5000) + `"}}`, nil, 413, ""},
		{"another type", initialize, []string{"Content-Type", "text/plain"}, 415, ""},
		{"a form", initialize, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, ""},
		{"compressed", initialize, []string{"Content-Encoding", "gzip"}, 415, ""},
		{"nothing acceptable", initialize, []string{"Accept", "", "Accept", "text/html"}, 406, ""},
		{"two sessions", listTools, []string{"Mcp-Session-Id", "a", "Mcp-Session-Id", "b"}, 400, "-32600"},
	} {
		a := g.send("POST", "/tested/mcp", tt.body, tt.fields...)
		if a.status != tt.status || !strings.Contains(a.body, tt.says) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, a.status, a.body, tt.status, tt.says)
		}
	}
	for _, method := range []string{"GET", "DELETE"} {
		if a := g.send(method, "/tested/mcp", "", era...); a.status != 405 || a.header.Get("Allow") == "" {
			t.Errorf("%s of the new era: %d", method, a.status)
		}
	}
	if n := s.count(); n != before {
		t.Errorf("the server was asked:\n%s", s.all())
	}
}

// §5.2.12: the session of one user is nobody else's, nor are its events.
func TestMCPSessionsOfOthers(t *testing.T) {
	s := newRawServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case "GET":
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = fmt.Fprintf(w, "id: event-of-the-server\ndata: %s\n\n", `{"jsonrpc":"2.0","method":"notifications/message","params":{}}`)
		case "DELETE":
			w.WriteHeader(204)
		default:
			plainSession(w, r)
		}
	})
	config := authorization + fmt.Sprintf(`
apis:
  one: { type: mcp, path: one, serviceUrl: %q }
  two: { type: mcp, path: two, serviceUrl: %q }
`, s.url, s.url)
	g, again := serveMCP(t, config, nil), serveMCP(t, config, nil)
	ann, bob := g.access.grant("ann", nil), g.access.grant("bob", nil)
	again.access.grant("ann", nil)
	a := g.send("POST", "/one/mcp", initialize, "Authorization", "Bearer "+ann)
	session := a.header.Get("Mcp-Session-Id")
	if a.status != 200 || session == "" || strings.Contains(session, "upstream") {
		t.Fatalf("%d %v", a.status, a.header)
	}
	use := func(g *mcpGateway, method, path, token, session string, more ...string) answer {
		body := ""
		if method == "POST" {
			body = listTools
		}
		return g.send(method, path, body, append([]string{"Authorization", "Bearer " + token, "Mcp-Session-Id", session, "MCP-Protocol-Version", "2025-11-25"}, more...)...)
	}
	if a := use(g, "POST", "/one/mcp", ann, session); a.status != 200 || !strings.Contains(s.all(), "Mcp-Session-Id: upstream-session") {
		t.Fatalf("%d %s\n%s", a.status, a.body, s.all())
	}
	if a := use(again, "POST", "/one/mcp", ann, session); a.status != 200 {
		t.Errorf("another process: %d %s", a.status, a.body)
	}
	stream := use(g, "GET", "/one/mcp", ann, session)
	event, _, _ := strings.Cut(strings.TrimPrefix(stream.body, "id: "), "\n")
	if stream.status != 200 || event == "" || strings.Contains(stream.body, "event-of-the-server") || stream.header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("%d %v %s", stream.status, stream.header, stream.body)
	}
	before := s.count()
	for _, method := range []string{"POST", "GET", "DELETE"} {
		for name, a := range map[string]answer{
			"another user":      use(g, method, "/one/mcp", bob, session),
			"another server":    use(g, method, "/two/mcp", ann, session),
			"the server's own":  use(g, method, "/one/mcp", ann, "upstream-session"),
			"made up":           use(g, method, "/one/mcp", ann, strings.Repeat("A", len(session))),
			"flipped":           use(g, method, "/one/mcp", ann, session[:len(session)-3]+"AAA"),
			"a session of /sse": use(g, method, "/one/mcp", ann, "x"+session),
		} {
			if a.status != 404 {
				t.Errorf("%s of %s: %d %s", method, name, a.status, a.body)
			}
		}
	}
	bobs := g.send("POST", "/one/mcp", initialize, "Authorization", "Bearer "+bob).header.Get("Mcp-Session-Id")
	before++
	for name, a := range map[string]answer{
		"Last-Event-ID of another user":   use(g, "GET", "/one/mcp", bob, bobs, "Last-Event-ID", event),
		"Last-Event-ID of the server":     use(g, "GET", "/one/mcp", bob, bobs, "Last-Event-ID", "event-of-the-server"),
		"messages by the id of a session": g.send("POST", "/one/messages?sessionId="+session, listTools, "Authorization", "Bearer "+ann),
	} {
		if a.status != 404 && a.status != 202 || a.status == 202 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if n := s.count(); n != before {
		t.Errorf("the server was asked %d times too often", n-before)
	}
	if a := use(g, "GET", "/one/mcp", ann, session, "Last-Event-ID", event); a.status != 200 || !strings.Contains(s.all(), "Last-Event-Id: event-of-the-server") {
		t.Errorf("an event of her own: %d %s", a.status, a.body)
	}
	if a := use(g, "DELETE", "/one/mcp", ann, session); a.status != 204 {
		t.Errorf("DELETE: %d %s", a.status, a.body)
	}
	if a := g.send("GET", "/one/mcp", "", "Authorization", "Bearer "+ann, "Last-Event-ID", event); a.status != 200 {
		t.Errorf("an event without a session: %d", a.status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.seen[len(s.seen)-1]; strings.Contains(last, "Last-Event") {
		t.Errorf("an event went on without a session:\n%s", last)
	}
}

// §5.2.12: where a server of HTTP+SSE says that it takes messages counts only on its own
// origin, and the client is told of the gateway.
func TestMCPEndpointEvent(t *testing.T) {
	other := newRawServer(t, plainSession)
	for _, tt := range []struct {
		endpoint string
		good     bool
	}{
		{"/post?session=upstream", true}, {"post?session=upstream", true}, {"self/post?session=upstream", true},
		{other.url + "/post?session=upstream", false}, {"//evil.example/post", false}, {"https://evil.example/", false}, {"javascript:alert(1)", false},
	} {
		var s *rawServer
		s = newRawServer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				w.WriteHeader(202)
				return
			}
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = fmt.Fprintf(w, "event: endpoint\ndata: %s\n\n", strings.Replace(tt.endpoint, "self", s.url, 1))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		g := serveMCP(t, authorization+fmt.Sprintf(`
apis:
  old: { type: mcp, path: old, serviceUrl: %q, mcp: { transport: sse } }
`, s.url+"/sse"), nil)
		ann, bob := g.access.grant("ann", nil), g.access.grant("bob", nil)
		req, err := http.NewRequestWithContext(t.Context(), "GET", g.url+"/old/sse", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+ann)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(resp.Body)
		name, _ := r.ReadString('\n')
		data, err := r.ReadString('\n')
		path, ok := strings.CutPrefix(strings.TrimSpace(data), "data: /old/messages?sessionId=")
		if ok != tt.good || ok && name != "event: endpoint\n" || strings.Contains(name+data, "upstream") {
			t.Errorf("%s: %q %q %v", tt.endpoint, name, data, err)
		}
		if tt.good {
			path = "/old/messages?sessionId=" + path
			if a := g.send("POST", path, listTools, "Authorization", "Bearer "+bob); a.status != 404 {
				t.Errorf("%s: another user's messages: %d", tt.endpoint, a.status)
			}
			if strings.Contains(s.all(), "POST") {
				t.Error("the server got another user's message")
			}
			if a := g.send("POST", path, listTools, "Authorization", "Bearer "+ann); a.status != 202 || !strings.Contains(s.all(), "post?session=upstream\n") {
				t.Errorf("%s: %d %s\n%s", tt.endpoint, a.status, a.body, s.all())
			}
		}
		_ = resp.Body.Close()
	}
	if other.count() != 0 {
		t.Error("another server was asked")
	}
}
