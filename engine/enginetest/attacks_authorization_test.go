package enginetest

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/assembly"
	"sekisho/engine/gateway"
)

// fortress is two processes of one gateway, on one store, with everything that ships: the
// authorization server, an identity provider with two users, MCP servers that are made of
// an API, and one that exists elsewhere.
type fortress struct {
	t      *testing.T
	one    *Harness
	two    *Harness
	public string // of both
	client string // an id
	back   string // where codes go
	came   chan url.Values
	server *httptest.Server // the MCP server elsewhere
	mu     sync.Mutex
	seen   []string // what it got
	left   chan struct{}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func startFortress(t *testing.T) *fortress {
	t.Helper()
	f := &fortress{t: t, came: make(chan url.Values, 16), left: make(chan struct{}, 16)}
	f.server = httptest.NewServer(http.HandlerFunc(f.elsewhere))
	t.Cleanup(func() { f.server.CloseClientConnections(); f.server.Close() })
	client := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/callback" {
			f.came <- r.URL.Query()
		}
	}))
	t.Cleanup(client.Close)
	f.back = client.URL + "/callback"
	address, identity, directory := freeAddress(t), freeAddress(t), t.TempDir()
	f.public = "http://" + address
	yaml := `
gateway: { mode: development, publicUrl: "` + f.public + `" }
logging: { level: debug }
credentialManager: { directory: "` + directory + `" }
authorizationServer:
  identityProvider: { issuer: "http://` + identity + `/identity", clientId: gateway, clientSecret: secret-of-the-gateway-at-the-provider }
  scopes: { orders.read: Read your orders, orders.write: Change your orders }
  claims: [email]
apis:
  orders:
    path: orders
    serviceUrl: http://backend.test
    subscriptionRequired: false
    operations: { get-order: { method: GET, urlTemplate: "/{id}" }, add-order: { method: POST, urlTemplate: / } }
  echo:
    path: echo
    serviceUrl: http://backend.test
    subscriptionRequired: false
    policy: echo.xml
    operations: { get: { method: GET, urlTemplate: / } }
  tools: { type: mcp, path: tools, toolsOf: orders, mcp: { requiredScopes: [orders.read] }, tools: { get-order: {}, add-order: { requiredScopes: [orders.write] } } }
  others: { type: mcp, path: others, toolsOf: orders }
  elsewhere: { type: mcp, path: elsewhere, serviceUrl: "` + f.server.URL + `/mcp", mcp: { transport: streamable, keepAlive: 1s } }
products: { p: { apis: [orders] } }
subscriptions: { s: { scope: /products/p, primaryKey: key-of-the-subscription-0123456789 } }
`
	development := `
development:
  address: ` + identity + `
  identity:
    applications:
      gateway: { secret: secret-of-the-gateway-at-the-provider, redirectUris: ["` + f.public + `/.sekisho/oauth/callback"] }
      member: { secret: member-secret }
    users: { ada: { name: Ada, email: ada@example.com }, bob: { name: Bob, email: bob@example.com } }
`
	const echo = `<policies><inbound><return-response><set-status code="200" />
		<set-body>@(context.Request.IpAddress + " " + context.Request.OriginalUrl.Host + " " + context.Request.OriginalUrl.Scheme + " " + (context.Request.Certificate == null) + " " + (context.User == null))</set-body>
		</return-response></inbound></policies>`
	files := func(yaml string) map[string]string {
		return map[string]string{"gateway.yaml": yaml, "echo.xml": echo, "policies/apis/tools.xml": `<policies><inbound><base />
			<set-header name="X-User" exists-action="override"><value>@(((Jwt)context.Variables["mcp-caller"]).Subject)</value></set-header></inbound></policies>`}
	}
	f.one = Start(t, Folder(t, files(yaml+development)), func(o *gateway.Setup) { o.Listen = []string{address} })
	f.two = Start(t, Folder(t, files(yaml)), func(o *gateway.Setup) { o.Now = f.one.Clock.Now })
	if _, err := os.Stat(filepath.Join(directory, assembly.AdminTokenName)); err != nil {
		t.Fatal(err)
	}
	s := f.browser()
	reg := f.post(s, "/.sekisho/oauth/register", "application/json",
		`{"client_name":"A client","redirect_uris":["`+f.back+`"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`)
	if f.client, _ = reg.member("client_id").(string); reg.status != 201 || f.client == "" {
		t.Fatalf("registration: %d %s", reg.status, reg.body)
	}
	return f
}

// elsewhere is an MCP server with sessions, whose streams are silent.
func (f *fortress) elsewhere(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Method, r.RequestURI)
	_ = r.Header.Write(&b)
	f.mu.Lock()
	f.seen = append(f.seen, b.String()+string(body))
	f.mu.Unlock()
	if r.Method == "GET" {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		f.left <- struct{}{}
		return
	}
	var m struct{ ID json.RawMessage }
	if json.Unmarshal(body, &m) != nil || m.ID == nil {
		w.WriteHeader(202)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Mcp-Session-Id", "session-of-the-server")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"e","version":"1"},"tools":[]}}`, m.ID)
}

func (f *fortress) all() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.seen, "\n----\n")
}

// browser is another person's.
func (f *fortress) browser() *story {
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return &story{Harness: f.one, t: f.t, browser: &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}}
}

// post sends a body to the first process, with header fields in pairs.
func (f *fortress) post(s *story, path, kind, body string, fields ...string) answer {
	f.t.Helper()
	r, err := http.NewRequest("POST", f.public+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	return s.send(r)
}

// message sends a message of MCP to a process; its answer's status, header and body.
func (f *fortress) message(h *Harness, path, token, body string, fields ...string) answer {
	f.t.Helper()
	r, err := http.NewRequest("POST", "http://"+h.Address()+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Host = strings.TrimPrefix(f.public, "http://")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	return f.browser().send(r)
}

const (
	hello     = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	listing   = `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`
	readOrder = `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"get-order","arguments":{"id":"7"}}}`
	addOrder  = `{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"add-order","arguments":{}}}`
)

// granted is what a login has come to.
type granted struct{ code, verifier, access, refresh string }

// ask is a link to the authorization endpoint.
func (f *fortress) ask(server, verifier, scope string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {f.client}, "redirect_uri": {f.back}, "response_type": {"code"}, "state": {"state-of-the-client"}, "resource": {f.public + server},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if scope != "" {
		q.Set("scope", scope)
	}
	return f.public + "/.sekisho/oauth/authorize?" + q.Encode()
}

// code has a user log in and agree.
func (f *fortress) code(s *story, user, server, scope string) granted {
	f.t.Helper()
	g := granted{verifier: rand.Text() + rand.Text()}
	page := s.get(f.ask(server, g.verifier, scope), "")
	if page.url.Host == strings.TrimPrefix(f.public, "http://") && strings.Contains(page.body, `name="answer"`) {
		page = s.press(page, "answer", "approve")
	}
	if strings.Contains(page.url.Path, "/identity/") {
		page = s.press(page, "user", user)
	}
	q := <-f.came
	if g.code = q.Get("code"); g.code == "" || q.Get("iss") != f.public {
		f.t.Fatalf("the client got %v, the user sees %d %s", q, page.status, page.body)
	}
	return g
}

// login is code, and what it is redeemed for.
func (f *fortress) login(user, server, scope string) granted {
	f.t.Helper()
	s := f.browser()
	g := f.code(s, user, server, scope)
	a := f.post(s, "/.sekisho/oauth/token", "application/x-www-form-urlencoded", url.Values{
		"grant_type": {"authorization_code"}, "code": {g.code}, "redirect_uri": {f.back}, "client_id": {f.client}, "code_verifier": {g.verifier}, "resource": {f.public + server},
	}.Encode())
	g.access, _ = a.member("access_token").(string)
	g.refresh, _ = a.member("refresh_token").(string)
	if a.status != 200 || g.access == "" || g.refresh == "" {
		f.t.Fatalf("no tokens: %d %s", a.status, a.body)
	}
	return g
}

// TestAuthorizationUnderAttack: what can be done to the whole of it, over sockets.
func TestAuthorizationUnderAttack(t *testing.T) {
	f := startFortress(t)
	f.one.Origin.Answer("backend", "HTTP/1.1 200 OK\nContent-Type: application/json\n\n{\"id\":7}")
	ada := f.login("ada", "/tools/mcp", "orders.read")
	if a := f.message(f.one, "/tools/mcp", ada.access, readOrder); a.status != 200 || strings.Contains(a.body, `"error"`) {
		t.Fatalf("a good call: %d %s\n%s", a.status, a.body, f.one.Log)
	}
	if _, n := f.one.Origin.last("backend"); n != 1 {
		t.Fatalf("the service was called %d times", n)
	}
	// nothing tells that neither service nor server got anything in a part of the test.
	nothing := func(t *testing.T) func() {
		_, before := f.one.Origin.last("backend")
		servers := f.all()
		return func() {
			t.Helper()
			if _, n := f.one.Origin.last("backend"); n != before {
				t.Error("the service was called")
			}
			if f.all() != servers {
				t.Error("the server was asked")
			}
		}
	}

	t.Run("a token for one server at another", func(t *testing.T) {
		defer nothing(t)()
		for _, h := range []*Harness{f.one, f.two} {
			for _, path := range []string{"/others/mcp", "/elsewhere/mcp"} {
				if a := f.message(h, path, ada.access, hello); a.status != 401 || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
					t.Errorf("%s: %d %v", path, a.status, a.header)
				}
			}
		}
	})

	t.Run("least scope", func(t *testing.T) {
		defer nothing(t)()
		a := f.message(f.one, "/tools/mcp", ada.access, addOrder)
		if a.status != 403 || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="insufficient_scope"`) || !strings.Contains(a.header.Get("WWW-Authenticate"), "orders.write") {
			t.Errorf("%d %v", a.status, a.header)
		}
		if a := f.message(f.one, "/tools/mcp", ada.access, listing); a.status != 200 || strings.Contains(a.body, "add-order") || !strings.Contains(a.body, "get-order") {
			t.Errorf("the list is %s", a.body)
		}
	})

	t.Run("texts that are no access token", func(t *testing.T) {
		defer nothing(t)()
		s := f.browser()
		pending := f.code(s, "ada", "/tools/mcp", "orders.read")
		at, err := url.Parse(f.public)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(ada.access, ".")
		texts := map[string]string{
			"a code": pending.code, "a refresh token": ada.refresh, "a verifier": pending.verifier, "a subscription key": "key-of-the-subscription-0123456789",
			"a client id": f.client, "another signature": parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
			"none": "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + parts[1] + ".", "the claims": parts[1],
		}
		for _, c := range s.browser.Jar.Cookies(at) {
			texts["the cookie "+c.Name] = c.Value
		}
		member := &story{Harness: f.one, t: t, browser: s.browser, sandbox: strings.TrimSuffix(f.provider(), "/identity")}
		texts["a token of the identity provider"] = member.token("member", "api://tools/.default")
		for name, text := range texts {
			if a := f.message(f.one, "/tools/mcp", text, listing); a.status != 401 && a.status != 400 || strings.Contains(a.body, text) {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	})

	t.Run("an id of a session is no token", func(t *testing.T) {
		own := f.login("ada", "/elsewhere/mcp", "")
		a := f.message(f.one, "/elsewhere/mcp", own.access, hello)
		session := a.header.Get("Mcp-Session-Id")
		if a.status != 200 || session == "" || strings.Contains(session, "server") {
			t.Fatalf("%d %v", a.status, a.header)
		}
		bob := f.login("bob", "/elsewhere/mcp", "")
		f.message(f.two, "/elsewhere/mcp", bob.access, hello) // which finds out first what the server speaks
		check := nothing(t)
		if a := f.message(f.one, "/elsewhere/mcp", session, listing); a.status != 401 {
			t.Errorf("as a token: %d", a.status)
		}
		if a := f.message(f.one, "/elsewhere/mcp", "", listing, "Mcp-Session-Id", session); a.status != 401 {
			t.Errorf("instead of a token: %d", a.status)
		}
		for _, h := range []*Harness{f.one, f.two} {
			if a := f.message(h, "/elsewhere/mcp", bob.access, listing, "Mcp-Session-Id", session); a.status != 404 {
				t.Errorf("with another user's token: %d %s", a.status, a.body)
			}
		}
		check()
		if a := f.message(f.two, "/elsewhere/mcp", own.access, listing, "Mcp-Session-Id", session); a.status != 200 {
			t.Errorf("at the other process: %d %s", a.status, a.body)
		}
	})

	t.Run("header smuggling", func(t *testing.T) {
		defer nothing(t)()
		request := func(lines string) string {
			return "POST /tools/mcp HTTP/1.1\nHost: " + strings.TrimPrefix(f.public, "http://") + "\nContent-Type: application/json\nAccept: application/json, text/event-stream\n" + lines + "\n\n" + readOrder
		}
		for name, lines := range map[string]string{
			"folded":                       "Authorization: Bearer\n " + ada.access,
			"folded behind another":        "X-A: b\n Authorization: Bearer " + ada.access,
			"twice":                        "Authorization: Bearer " + ada.access + "\nAuthorization: Bearer " + ada.access,
			"twice, in another case":       "Authorization: Bearer x\nAUTHORIZATION: Bearer " + ada.access,
			"with another scheme":          "Authorization: Basic YTpi\nauthorization: Bearer " + ada.access,
			"a list":                       "Authorization: Bearer x, Bearer " + ada.access,
			"a list of schemes":            "Authorization: Basic YTpi, Bearer " + ada.access,
			"parameters":                   "Authorization: Bearer token=" + ada.access,
			"quoted":                       `Authorization: Bearer "` + ada.access + `"`,
			"a blank before the colon":     "Authorization : Bearer " + ada.access,
			"an underscore":                "Authorization_: Bearer " + ada.access,
			"a tab for a blank":            "Authorization: Bearer\t" + ada.access,
			"a NUL":                        "Authorization: Bearer \x00" + ada.access,
			"a carriage return":            "X-A: b\rAuthorization: Bearer " + ada.access,
			"DPoP":                         "Authorization: DPoP " + ada.access + "\nDPoP: e30.e30.x",
			"no scheme":                    "Authorization: " + ada.access,
			"X-Forwarded-Authorization":    "X-Forwarded-Authorization: Bearer " + ada.access,
			"X-Original-Authorization":     "X-Original-Authorization: Bearer " + ada.access,
			"Proxy-Authorization":          "Proxy-Authorization: Bearer " + ada.access,
			"a cookie":                     "Cookie: access_token=" + ada.access + "; Authorization=Bearer " + ada.access,
			"named by Connection":          "Authorization: Bearer " + ada.access + "\nConnection: close, Authorization",
			"two framings, and one inside": "Transfer-Encoding: chunked\nContent-Length: 4\nAuthorization: Bearer " + ada.access,
		} {
			m, err := f.one.do(request(lines))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if !strings.HasPrefix(m.start, "HTTP/1.1 40") {
				t.Errorf("%s: %s %s", name, m.start, m.body)
			}
		}
		for _, query := range []string{"?access_token=", "?a=b&access%5Ftoken=", "?ACCESS_TOKEN=", "?token=", "?authorization=Bearer%20"} {
			if a := f.message(f.one, "/tools/mcp"+query+ada.access, "", readOrder); a.status != 400 && a.status != 401 {
				t.Errorf("%s: %d", query, a.status)
			}
		}
		body := url.Values{"access_token": {ada.access}}.Encode()
		if a := f.post(f.browser(), "/tools/mcp", "application/x-www-form-urlencoded", body); a.status != 401 {
			t.Errorf("in a form: %d", a.status)
		}
	})

	t.Run("what says that it was added by a proxy", func(t *testing.T) {
		lies := []string{
			"X-Forwarded-For", "10.9.9.9", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "for=10.9.9.9;host=evil.example;proto=https",
			"X-Real-Ip", "10.9.9.9", "X-Client-Ip", "10.9.9.9", "X-User", "admin", "X-Forwarded-User", "admin", "X-Remote-User", "admin",
			"X-Client-Cert", "MIIB", "X-Forwarded-Client-Cert", "Hash=x", "Ssl-Client-Verify", "SUCCESS", "X-Arr-Clientcert", "MIIB", "X-Ms-Client-Principal", "e30",
		}
		r, err := http.NewRequest("GET", f.public+"/echo/", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(lies); i += 2 {
			r.Header.Set(lies[i], lies[i+1])
		}
		host := strings.Split(strings.TrimPrefix(f.public, "http://"), ":")[0]
		if a := f.browser().send(r); a.status != 200 || a.body != "127.0.0.1 "+host+" http True True" {
			t.Errorf("documents see %d %q", a.status, a.body)
		}
		check := nothing(t)
		if a := f.message(f.one, "/tools/mcp", "", readOrder, lies...); a.status != 401 || strings.Contains(a.header.Get("WWW-Authenticate"), "evil") || !strings.Contains(a.header.Get("WWW-Authenticate"), `resource_metadata="`+f.public+"/") {
			t.Errorf("without a token: %d %v", a.status, a.header)
		}
		check()
		// A service behind a tool is told by the gateway, of what the gateway knows.
		if a := f.message(f.one, "/tools/mcp", ada.access, readOrder, lies...); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		m, _ := f.one.Origin.last("backend")
		for name, values := range m.header {
			for _, v := range values {
				if i := slices.Index(lies, v); i >= 0 || strings.Contains(v, "evil") || strings.Contains(v, "10.9.9.9") {
					t.Errorf("the service got %s: %s", name, v)
				}
			}
		}
		if got := m.header.Get("X-Forwarded-For"); got != "127.0.0.1" {
			t.Errorf("the service is told that %s calls", got)
		}
		if got := m.header.Values("X-User"); len(got) != 1 || !strings.HasPrefix(got[0], "user_") {
			t.Errorf("a document says who calls, and the service is told %q", got)
		}
		own := f.login("ada", "/elsewhere/mcp", "")
		if a := f.message(f.one, "/elsewhere/mcp", own.access, hello, append(lies, "X-Forwarded-For", "10.8.8.8")...); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		for _, lie := range []string{"evil", "admin", "MIIB", "SUCCESS", "e30", "Hash=x", "X-Real-Ip", "\nForwarded"} {
			if strings.Contains(f.all(), lie) {
				t.Errorf("the server got %q:\n%s", lie, f.all())
			}
		}
		if !strings.Contains(f.all(), "X-Forwarded-For: 10.9.9.9, 10.8.8.8, 127.0.0.1\r\n") { // the last is ours
			t.Errorf("the server is told:\n%s", f.all())
		}
		for _, path := range []string{"/.well-known/oauth-protected-resource/tools/mcp", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
			r, err := http.NewRequest("GET", f.public+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "evil.example"
			for i := 0; i < len(lies); i += 2 {
				r.Header.Set(lies[i], lies[i+1])
			}
			if a := f.browser().send(r); a.status != 200 || strings.Contains(a.body, "evil") || !strings.Contains(a.body, f.public) {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
	})

	t.Run("passthrough", func(t *testing.T) {
		own := f.login("ada", "/elsewhere/mcp", "")
		secrets := []string{"Cookie", "session=cookie-of-the-client", "Proxy-Authorization", "Basic proxy-credential"}
		for _, h := range []*Harness{f.one, f.two} {
			if a := f.message(h, "/elsewhere/mcp", own.access, hello, append(slices.Clone(secrets), "X-Copy", "token="+own.access)...); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		if a := f.message(f.one, "/tools/mcp", ada.access, readOrder, append(slices.Clone(secrets), "X-Copy", "token="+url.QueryEscape(ada.access))...); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		m, _ := f.one.Origin.last("backend")
		seen := f.all() + m.String()
		for _, secret := range []string{own.access, own.refresh, ada.access, ada.refresh, "cookie-of-the-client", "proxy-credential"} {
			if strings.Contains(seen, secret) {
				t.Errorf("%.20q went on to a server", secret)
			}
		}
	})

	t.Run("metadata without a token", func(t *testing.T) {
		for path, part := range map[string]string{
			"/.well-known/oauth-protected-resource/tools/mcp": `"resource":"` + f.public + `/tools/mcp"`, "/.well-known/oauth-authorization-server": `"issuer":"` + f.public + `"`,
			"/.sekisho/oauth/jwks": `"keys"`,
		} {
			if a := f.browser().get(f.public+path, ""); a.status != 200 || !strings.Contains(a.body, part) {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
		for _, method := range []string{"GET", "DELETE", "POST", "PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND"} {
			r, err := http.NewRequest(method, f.public+"/tools/mcp", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			if a := f.browser().send(r); a.status < 400 {
				t.Errorf("%s without a token: %d", method, a.status)
			}
		}
	})

	t.Run("revoked at one process, streaming at another", func(t *testing.T) {
		own, bob := f.login("ada", "/elsewhere/mcp", ""), f.login("bob", "/elsewhere/mcp", "")
		listen := func(token string) (ended chan struct{}) {
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+f.two.Address()+"/elsewhere/mcp", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = strings.TrimPrefix(f.public, "http://")
			r.Header.Set("Accept", "text/event-stream")
			r.Header.Set("Authorization", "Bearer "+token)
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil || resp.StatusCode != 200 {
				t.Fatalf("%v, %v", resp, err)
			}
			ended = make(chan struct{})
			go func() {
				defer close(ended)
				defer resp.Body.Close()
				for b := bufio.NewReader(resp.Body); ; {
					if _, err := b.ReadString('\n'); err != nil {
						return
					}
				}
			}()
			return ended
		}
		adas, bobs := listen(own.access), listen(bob.access)
		form := url.Values{"token": {own.refresh}, "client_id": {f.client}}
		if a := f.post(f.browser(), "/.sekisho/oauth/revoke", "application/x-www-form-urlencoded", form.Encode()); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if a := f.message(f.one, "/elsewhere/mcp", own.access, hello); a.status != 401 {
			t.Errorf("where it was revoked: %d", a.status)
		}
		select {
		case <-adas:
		case <-time.After(20 * time.Second):
			t.Fatal("the stream at the other process goes on")
		}
		<-f.left // the server is told, too
		if a := f.message(f.two, "/elsewhere/mcp", own.access, hello); a.status != 401 || !strings.Contains(a.header.Get("WWW-Authenticate"), "revoked") {
			t.Errorf("at the other process: %d %v", a.status, a.header)
		}
		select {
		case <-bobs:
			t.Error("the stream of another user has ended")
		default:
		}
		if a := f.message(f.two, "/elsewhere/mcp", bob.access, hello); a.status != 200 {
			t.Errorf("another user: %d", a.status)
		}
	})

	t.Run("nothing of it is in the logs", func(t *testing.T) {
		s := f.browser()
		g := f.code(s, "bob", "/tools/mcp", "")
		for range 2 {
			f.post(s, "/.sekisho/oauth/token", "application/x-www-form-urlencoded", url.Values{
				"grant_type": {"authorization_code"}, "code": {g.code}, "redirect_uri": {f.back}, "client_id": {f.client}, "code_verifier": {g.verifier + "x"},
			}.Encode())
		}
		s.get(f.public+"/.sekisho/oauth/callback?state="+strings.Repeat("s", 43)+"&code=canary-code-of-the-provider", "")
		at, err := url.Parse(f.public)
		if err != nil {
			t.Fatal(err)
		}
		secrets := map[string]string{
			"the code": g.code, "the verifier": g.verifier, "an access token": ada.access, "a refresh token": ada.refresh, "the code of the provider": "canary-code-of-the-provider",
			"a signature": ada.access[strings.LastIndexByte(ada.access, '.')+1:], "a state": strings.Repeat("s", 43), "the secret of the gateway": "secret-of-the-gateway-at-the-provider",
			"a state of the client": "state-of-the-client",
		}
		for _, c := range s.browser.Jar.Cookies(at) {
			secrets["the cookie "+c.Name] = c.Value
		}
		log := f.one.Log.String() + f.two.Log.String() + strings.Join(f.one.Notices.All(), "\n")
		if !strings.Contains(log, "/.sekisho/oauth/callback") && !strings.Contains(log, "/tools/mcp") {
			t.Error("requests are not in the log at all")
		}
		for name, secret := range secrets {
			if strings.Contains(log, secret) {
				t.Errorf("%s is in the log", name)
			}
		}
	})
}

// provider is the issuer of the identity provider.
func (f *fortress) provider() string {
	a := f.browser()
	a.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	page := a.get(f.ask("/tools/mcp", "x", ""), "")
	to := a.press(page, "answer", "approve").header.Get("Location")
	at, _, _ := strings.Cut(to, "/authorize")
	return at
}
