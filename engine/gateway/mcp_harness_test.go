package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/builtins"
	"sekisho/engine/config"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/gateway"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

const soon = 20 * time.Second // how long a test waits for what must happen

// The kinds of servers, and of clients by the same names.
const (
	stateless = "2026-07-28"
	sessions  = "2025-11-25"
	httpSSE   = "2024-11-05"
)

var kinds = []string{stateless, sessions, httpSSE}

// mcpBackend is a server of the Go SDK that keeps what it was sent.
type mcpBackend struct {
	url       string
	server    *sdk.Server
	began     chan string
	cancelled chan string
	over      chan struct{}

	mu       sync.Mutex
	received []*http.Request
}

func newMCPBackend(t *testing.T, kind string) *mcpBackend {
	t.Helper()
	b := &mcpBackend{began: make(chan string, 10), cancelled: make(chan string, 10), over: make(chan struct{})}
	quiet := slog.New(slog.DiscardHandler)
	o := &sdk.ServerOptions{Logger: quiet, SupportedProtocolVersions: []string{sessions, "2025-06-18", "2025-03-26", httpSSE}}
	if kind == stateless {
		o.SupportedProtocolVersions = []string{stateless}
	}
	b.server = sdk.NewServer(&sdk.Implementation{Name: "tested", Version: "3"}, o)
	b.tools()
	get := func(*http.Request) *sdk.Server { return b.server }
	var h http.Handler
	switch kind {
	case stateless:
		h = sdk.NewStreamableHTTPHandler(get, &sdk.StreamableHTTPOptions{Stateless: true, Logger: quiet, PropagateRequestCancellation: true})
	case sessions:
		h = sdk.NewStreamableHTTPHandler(get, &sdk.StreamableHTTPOptions{Logger: quiet, EventStore: sdk.NewMemoryEventStore(nil)})
	default:
		h = sdk.NewSSEHandler(get, nil)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.received = append(b.received, r.Clone(context.Background()))
		b.mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		close(b.over)
		s.CloseClientConnections()
		s.Close()
	})
	b.url = s.URL + "/server"
	return b
}

// requests are those received so far.
func (b *mcpBackend) requests() []*http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.received)
}

func (b *mcpBackend) tools() {
	type in struct {
		Text string `json:"text,omitempty"`
	}
	say := func(s string) *sdk.CallToolResult {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: s}}}
	}
	for _, name := range []string{"echo", "hidden", "admin", "write"} {
		sdk.AddTool(b.server, &sdk.Tool{Name: name}, func(_ context.Context, _ *sdk.CallToolRequest, in in) (*sdk.CallToolResult, any, error) {
			return say(name + ":" + in.Text), nil, nil
		})
	}
	sdk.AddTool(b.server, &sdk.Tool{Name: "progress"}, func(ctx context.Context, req *sdk.CallToolRequest, _ in) (*sdk.CallToolResult, any, error) {
		for i := range 3 {
			_ = req.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: req.Params.GetProgressToken(), Progress: float64(i)})
		}
		return say("done"), nil, nil
	})
	sdk.AddTool(b.server, &sdk.Tool{Name: "ask"}, func(_ context.Context, req *sdk.CallToolRequest, _ in) (*sdk.CallToolResult, any, error) {
		r, ok := req.Params.InputResponses["who"].(*sdk.ElicitResult)
		if !ok {
			return &sdk.CallToolResult{RequestState: "s1", InputRequests: sdk.InputRequestMap{"who": &sdk.ElicitParams{Message: "Who?",
				RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}}}}}, nil, nil
		}
		name, _ := json.Marshal(r.Content["name"])
		return say(r.Action + " " + string(name)), nil, nil
	})
	sdk.AddTool(b.server, &sdk.Tool{Name: "wait"}, func(ctx context.Context, _ *sdk.CallToolRequest, _ in) (*sdk.CallToolResult, any, error) {
		b.began <- "wait"
		select {
		case <-ctx.Done():
			b.cancelled <- "wait"
		case <-b.over:
		}
		return say("waited"), nil, nil
	})
}

// mcpGateway is a gateway that serves a folder on loopback.
type mcpGateway struct {
	t       *testing.T
	gateway *gateway.Gateway
	url     string
	access  *stubAccess
	log     *lines
	stopped bool // the test has
}

// lines collects a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serveMCP serves gateway.yaml and other files.
func serveMCP(t *testing.T, yaml string, files map[string]string, change ...func(*gateway.Setup)) *mcpGateway {
	t.Helper()
	g := &mcpGateway{t: t, access: newStubAccess(), log: &lines{}}
	if files == nil {
		files = map[string]string{}
	}
	files["gateway.yaml"] = yaml
	o := gateway.Setup{
		Folder: folder(files), Env: func(string) (string, bool) { return "", false },
		Table: builtins.Table(), Preflight: builtins.Preflight,
		Systems: func(*pipeline.Services) gateway.Systems { return stubSystems{g.access} },
		Log:     func(config.Logging) slog.Handler { return slog.NewTextHandler(g.log, nil) },
		Listen:  []string{"127.0.0.1:0"}, Admin: "127.0.0.1:0",
	}
	for _, f := range change {
		f(&o)
	}
	var diags source.List
	g.gateway = gateway.Open(o, &diags)
	if g.gateway == nil {
		var b strings.Builder
		source.WriteText(&b, diags.Sorted(), source.TextOptions{})
		t.Fatalf("the folder does not load:\n%s", b.String())
	}
	if err := g.gateway.Start(); err != nil {
		t.Fatal(err)
	}
	g.url = "http://" + g.gateway.Addresses()[0]
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if !g.stopped {
			_ = g.gateway.Shutdown(ctx)
		}
		if t.Failed() {
			t.Log(g.log.String())
		}
	})
	return g
}

// in is the gateway for a part of a test.
func (g *mcpGateway) in(t *testing.T) *mcpGateway {
	part := *g
	part.t = t
	return &part
}

// authorization is gateway.yaml's, for tokens of stubAccess.
const authorization = `
gateway: { mode: development }
authorizationServer:
  identityProvider: { issuer: "http://127.0.0.1:1", clientId: gw }
  scopes: { read: Read., write: Write., other: Other. }
  defaultScopes: [read]
`

// stubSystems stands for what is behind policies.
type stubSystems struct{ access *stubAccess }

func (stubSystems) Configure(*config.Model, *source.List) bool { return true }
func (stubSystems) Serving(string)                             {}
func (stubSystems) Public(string) http.Handler                 { return nil }
func (stubSystems) Management() http.Handler                   { return nil }
func (stubSystems) Tokens() []gateway.TokenStatus              { return nil }
func (stubSystems) Failing() int                               { return 0 }
func (stubSystems) Close(context.Context) error                { return nil }
func (s stubSystems) Access() gateway.Access                   { return s.access }

// stubAccess knows tokens by heart: "tok-USER" with scopes, roles and audiences.
type stubAccess struct {
	mu        sync.Mutex
	callers   map[string]*pipeline.Caller
	audiences []string // of the last call
	ended     map[*func()]*pipeline.Caller
	down      bool
}

func newStubAccess() *stubAccess {
	return &stubAccess{callers: map[string]*pipeline.Caller{}, ended: map[*func()]*pipeline.Caller{}}
}

// grant makes a token.
func (a *stubAccess) grant(user string, scopes []string, roles ...string) (token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	payload, _ := json.Marshal(map[string]any{"sub": user, "roles": roles})
	part := base64.RawURLEncoding.EncodeToString
	jwt := apim.ParseJwt(part([]byte(`{"alg":"none"}`)) + "." + part(payload) + ".")
	if jwt == nil {
		panic("the claims cannot be read")
	}
	token = "tok-secret-of-" + user + "-0123456789"
	a.callers[token] = &pipeline.Caller{
		Subject: user, ClientID: "client", Scopes: scopes, Grant: "grant-" + user,
		Jwt: jwt, Expires: time.Now().Add(time.Hour),
	}
	return token
}

func (a *stubAccess) Verify(_ context.Context, token string, audiences []string) (*pipeline.Caller, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.audiences = audiences
	if a.down {
		return nil, &gateway.AccessError{Description: "no store", Unavailable: true}
	}
	if c := a.callers[token]; c != nil {
		return c, nil
	}
	return nil, &gateway.AccessError{Description: `The access token is "unknown".`}
}

func (a *stubAccess) Watch(c *pipeline.Caller, ended func()) func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := &ended
	a.ended[key] = c
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.ended, key)
	}
}

// revoke ends what is watched of a user, and tells how much that was.
func (a *stubAccess) revoke(user string) (n int) {
	a.mu.Lock()
	var all []*func()
	for f, c := range a.ended {
		if c.Subject == user {
			all = append(all, f)
		}
	}
	a.mu.Unlock()
	for _, f := range all {
		(*f)()
	}
	return len(all)
}

func (a *stubAccess) Issuer() string     { return "https://issuer.example" }
func (a *stubAccess) SessionKey() []byte { return []byte("0123456789abcdef0123456789abcdef") }

// as adds fields to the requests of a client.
type as map[string]string

func (a as) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range a {
		r.Header.Set(name, value)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func token(t string) as { return as{"Authorization": "Bearer " + t} }

// heard is what a client was told besides answers.
type heard struct{ progress chan float64 }

// client connects a client of the Go SDK to an API.
func (g *mcpGateway) client(kind, path string, header as) (*sdk.ClientSession, *heard) {
	g.t.Helper()
	cs, h, err := g.tryClient(kind, path, header)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = cs.Close() })
	return cs, h
}

func (g *mcpGateway) tryClient(kind, path string, header as) (*sdk.ClientSession, *heard, error) {
	h := &heard{progress: make(chan float64, 10)}
	c := sdk.NewClient(&sdk.Implementation{Name: "tester", Version: "1"}, &sdk.ClientOptions{
		Logger: slog.New(slog.DiscardHandler),
		ElicitationHandler: func(context.Context, *sdk.ElicitRequest) (*sdk.ElicitResult, error) {
			return &sdk.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ann"}}, nil
		},
		ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) { h.progress <- r.Params.Progress },
	})
	hc := &http.Client{Transport: header}
	var transport sdk.Transport = &sdk.StreamableClientTransport{Endpoint: g.url + path + "/mcp", HTTPClient: hc, MaxRetries: -1}
	if kind == httpSSE {
		transport = &sdk.SSEClientTransport{Endpoint: g.url + path + "/sse", HTTPClient: hc}
	}
	cs, err := c.Connect(g.t.Context(), transport, &sdk.ClientSessionOptions{ProtocolVersion: kind})
	return cs, h, err
}

// answer is an HTTP response read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends one request with fields, a pair after the other.
func (g *mcpGateway) send(method, path, body string, fields ...string) answer {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if method == "POST" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json, text/event-stream")
	}
	for i := 0; i+1 < len(fields); i += 2 {
		switch {
		case fields[i] == "Host":
			req.Host = fields[i+1]
		case fields[i+1] == "":
			req.Header.Del(fields[i])
		default:
			req.Header.Add(fields[i], fields[i+1])
		}
	}
	if method == "POST" && slices.Contains(fields, "Content-Type") {
		req.Header["Content-Type"] = req.Header["Content-Type"][1:]
	}
	c := &http.Client{Timeout: soon, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// Requests, as clients of the eras send them.
const (
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	listTools  = `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`
)

func callTool(name string) string {
	return `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"` + name + `","arguments":{"text":"x"}}}`
}

func textOf(r *sdk.CallToolResult) string {
	var all []string
	for _, c := range r.Content {
		if t, ok := c.(*sdk.TextContent); ok {
			all = append(all, t.Text)
		}
	}
	return strings.Join(all, " ")
}

func toolNames(r *sdk.ListToolsResult) (names []string) {
	for _, tool := range r.Tools {
		names = append(names, tool.Name)
	}
	slices.Sort(names)
	return names
}

// within fails the test where something does not come.
func within[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(soon):
		t.Fatalf("%s did not come", what)
	}
	return v
}
