package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// direct is an Upstream that asks a server on loopback.
type direct struct{ base *url.URL }

func (d direct) Do(ctx context.Context, method, target string, header [][2]string, body []byte) (*Response, error) {
	u := d.base
	if target != "" {
		var err error
		if u, err = d.base.Parse(target); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for _, h := range header {
		req.Header.Add(h[0], h[1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	r := &Response{Status: resp.StatusCode, Stream: resp.Body}
	for name, values := range resp.Header {
		for _, v := range values {
			r.Header = append(r.Header, [2]string{name, v})
		}
	}
	return r, nil
}

// front is a gateway of nothing but a Bridge: /mcp, /sse and /messages, the user in a
// header field.
type front struct {
	bridge *Bridge
	target func() *Target
}

func (f *front) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r := &Request{HTTPMethod: req.Method, Values: req.Header.Values, User: req.Header.Get("X-User")}
	var resp *Response
	if req.Method == "POST" {
		body, _ := io.ReadAll(io.LimitReader(req.Body, 1<<20))
		var e *Error
		if r.Message, e = Parse(body); e != nil {
			write(w, jsonResponse(e.Status, e.Body(nil)))
			return
		}
	}
	var e *Error
	if r.Version, e = Revision(r.Values, r.Message); e != nil {
		write(w, jsonResponse(e.Status, e.Body(requestID(r.Message))))
		return
	}
	t := f.target()
	switch req.URL.Path {
	case "/mcp":
		if t.Handler != nil {
			resp = Serve(req.Context(), t.Handler, r)
		} else {
			resp = f.bridge.Serve(req.Context(), r, t)
		}
	case "/sse":
		resp = f.bridge.Open(req.Context(), r, t, "/messages")
	case "/messages":
		resp = f.bridge.Message(req.Context(), r, t, req.URL.Query().Get("sessionId"))
	default:
		resp = &Response{Status: 404}
	}
	write(w, resp)
}

func write(w http.ResponseWriter, r *Response) {
	for _, h := range r.Header {
		w.Header().Add(h[0], h[1])
	}
	w.WriteHeader(r.Status)
	w.Write(r.Body)
	if r.Stream == nil {
		return
	}
	defer r.Stream.Close()
	w.(http.Flusher).Flush()
	buf := make([]byte, 4096)
	for {
		n, err := r.Stream.Read(buf)
		w.Write(buf[:n])
		w.(http.Flusher).Flush()
		if err != nil {
			return
		}
	}
}

// backend is a server of the Go SDK.
type backend struct {
	http      *httptest.Server
	base      *url.URL
	server    *sdk.Server
	began     chan string // names of tools that wait
	cancelled chan string
	over      chan struct{} // closed by end
	ending    sync.Once
	headers   sync.Map // Mcp-Param-Region of calls, by tool
}

const (
	statelessServer = "stateless server"
	sessionServer   = "server with sessions"
	sseServer       = "HTTP+SSE server"
)

// newBackend is a server of a kind with the tools the tests use.
func newBackend(t *testing.T, kind string) *backend {
	b := &backend{began: make(chan string, 10), cancelled: make(chan string, 10), over: make(chan struct{})}
	quiet := slog.New(slog.DiscardHandler)
	o := &sdk.ServerOptions{Instructions: "be kind", Logger: quiet,
		SubscribeHandler:   func(context.Context, *sdk.SubscribeRequest) error { return nil },
		UnsubscribeHandler: func(context.Context, *sdk.UnsubscribeRequest) error { return nil },
	}
	if kind == statelessServer {
		o.SupportedProtocolVersions = []string{V20260728}
	} else {
		o.SupportedProtocolVersions = []string{V20251125, V20250618, V20250326, V20241105}
	}
	b.server = sdk.NewServer(&sdk.Implementation{Name: "tested", Version: "3"}, o)
	b.tools()
	get := func(*http.Request) *sdk.Server { return b.server }
	var h http.Handler
	switch kind {
	case statelessServer:
		h = sdk.NewStreamableHTTPHandler(get, &sdk.StreamableHTTPOptions{Stateless: true, Logger: quiet, PropagateRequestCancellation: true})
	case sessionServer:
		h = sdk.NewStreamableHTTPHandler(get, &sdk.StreamableHTTPOptions{Logger: quiet})
	case sseServer:
		h = sdk.NewSSEHandler(get, nil)
	}
	b.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v := r.Header.Get("Mcp-Param-Region"); v != "" {
			b.headers.Store("region", v)
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		b.end()
		b.http.CloseClientConnections()
		b.http.Close()
		for s := range b.server.Sessions() {
			s.Close() // one whose DELETE the closing of the connections overtook
		}
	})
	b.base, _ = url.Parse(b.http.URL + "/server")
	return b
}

// end ends tools that wait, which a server would wait for itself.
func (b *backend) end() { b.ending.Do(func() { close(b.over) }) }

func (b *backend) tools() {
	type in struct {
		Text string `json:"text,omitempty"`
	}
	say := func(s string) *sdk.CallToolResult {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: s}}}
	}
	sdk.AddTool(b.server, &sdk.Tool{Name: "echo"}, func(_ context.Context, _ *sdk.CallToolRequest, in in) (*sdk.CallToolResult, any, error) {
		return say(in.Text), nil, nil
	})
	sdk.AddTool(b.server, &sdk.Tool{Name: "secret"}, func(context.Context, *sdk.CallToolRequest, in) (*sdk.CallToolResult, any, error) {
		return say(""), nil, nil
	})
	sdk.AddTool(b.server, &sdk.Tool{Name: "progress"}, func(ctx context.Context, req *sdk.CallToolRequest, _ in) (*sdk.CallToolResult, any, error) {
		for i := range 3 {
			req.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: req.Params.GetProgressToken(), Progress: float64(i)})
		}
		return say("done"), nil, nil
	})
	// ask needs input the way the server's revision has it; the SDK turns this into a
	// request where there is a session.
	sdk.AddTool(b.server, &sdk.Tool{Name: "ask"}, func(ctx context.Context, req *sdk.CallToolRequest, in in) (*sdk.CallToolResult, any, error) {
		r, ok := req.Params.InputResponses["who"].(*sdk.ElicitResult)
		if !ok {
			return &sdk.CallToolResult{RequestState: "s1", InputRequests: sdk.InputRequestMap{"who": &sdk.ElicitParams{Message: "Who?",
				RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}}}}}, nil, nil
		}
		if req.Params.RequestState != "s1" {
			return say("no state"), nil, nil
		}
		return say(r.Action + " " + str(marshal(r.Content["name"])) + in.Text), nil, nil
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
	b.server.AddTool(&sdk.Tool{Name: "region", InputSchema: json.RawMessage(
		`{"type":"object","properties":{"where":{"type":"string","x-mcp-header":"Region"}}}`)},
		func(_ context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			return say(string(req.Params.Arguments)), nil
		})
	b.server.AddResource(&sdk.Resource{Name: "r", URI: "file:///r"}, func(_ context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
		if req.Params.URI != "file:///r" {
			return nil, sdk.ResourceNotFoundError(req.Params.URI)
		}
		return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: "file:///r", Text: "content"}}}, nil
	})
}

const (
	statelessClient = "stateless client"
	sessionClient   = "client with sessions"
	sseClient       = "HTTP+SSE client"
)

// seen is what a client was told besides answers.
type seen struct {
	progress chan float64
	lists    chan string
}

// as is a client's transport that says who it is.
type as struct{ user string }

func (a as) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-User", a.user)
	return http.DefaultTransport.RoundTrip(r)
}

// connect is a client of a kind at a gateway.
func connect(t *testing.T, kind, gateway, user string) (*sdk.ClientSession, *seen) {
	t.Helper()
	s := &seen{progress: make(chan float64, 10), lists: make(chan string, 10)}
	client := sdk.NewClient(&sdk.Implementation{Name: "tester", Version: "1"}, &sdk.ClientOptions{
		Logger: slog.New(slog.DiscardHandler),
		ElicitationHandler: func(context.Context, *sdk.ElicitRequest) (*sdk.ElicitResult, error) {
			return &sdk.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ann"}}, nil
		},
		ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) { s.progress <- r.Params.Progress },
		ToolListChangedHandler:      func(context.Context, *sdk.ToolListChangedRequest) { s.lists <- "tools" },
	})
	var transport sdk.Transport = &sdk.StreamableClientTransport{Endpoint: gateway + "/mcp", HTTPClient: &http.Client{Transport: as{user}}}
	version := map[string]string{statelessClient: V20260728, sessionClient: V20251125, sseClient: V20241105}[kind]
	if kind == sseClient {
		transport = &sdk.SSEClientTransport{Endpoint: gateway + "/sse", HTTPClient: &http.Client{Transport: as{user}}}
	}
	cs, err := client.Connect(t.Context(), transport, &sdk.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cs.Close() })
	if got := cs.InitializeResult(); got.ProtocolVersion != version || got.ServerInfo == nil || got.ServerInfo.Name != "tested" || got.Instructions != "be kind" {
		t.Fatalf("initialize: %+v", got)
	}
	return cs, s
}

// gateway is a front before a server, whose kind it finds out itself.
func gateway(t *testing.T, b *backend) (*front, string) {
	t.Helper()
	server, err := Probe(t.Context(), direct{b.base}, b.base)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{bridge: NewBridge(BridgeOptions{URL: b.base})}
	f.target = func() *Target {
		return &Target{Server: server, Upstream: direct{b.base}, Tools: func(name string) bool { return name != "secret" }}
	}
	s := httptest.NewServer(f)
	t.Cleanup(func() {
		f.bridge.Close()
		s.CloseClientConnections()
		s.Close()
	})
	return f, s.URL
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
	case <-time.After(10 * time.Second):
		t.Fatalf("%s did not come", what)
	}
	return v
}

func afterShort() <-chan time.Time { return time.After(100 * time.Millisecond) }
