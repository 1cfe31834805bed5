package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// mcpCommand is a client of MCP servers: it logs in as any client would.
type mcpCommand struct {
	Tools mcpTools `cmd:"" help:"List the tools of an MCP server."`
	Call  mcpCall  `cmd:"" help:"Call a tool of an MCP server."`

	Transport string            `enum:"streamable,sse" default:"streamable" help:"How to talk to it: Streamable HTTP, or the older HTTP+SSE, at which the command does not log in."`
	Revision  string            `placeholder:"DATE" help:"The revision of the protocol to speak, such as 2025-11-25. Default: the newest that both know."`
	Header    map[string]string `placeholder:"NAME=VALUE" mapsep:"none" help:"A header for every request, such as a subscription key."`
	Timeout   time.Duration     `default:"5m" help:"How long to wait for the login and the answer."`
}

// Help implements kong's detailed help.
func (mcpCommand) Help() string {
	return `A server that wants an access token is asked for one as MCP clients do: the command registers
itself, prints a link for the browser, and waits there for the login. Nothing is kept.

  sekisho mcp tools http://127.0.0.1:8080/order-tools/mcp
  sekisho mcp call http://127.0.0.1:8080/order-tools/mcp get-order id=42

Exit codes: 0 fine, 1 the server or the tool says no, 2 usage, 3 the server cannot be reached.`
}

type mcpTools struct {
	URL string `arg:"" help:"The URL of the server."`
}

// Run implements kong's command.
func (c mcpTools) Run(io streams, all *mcpCommand) error {
	return all.with(io, c.URL, func(ctx context.Context, s *mcp.ClientSession) error {
		w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "TOOL\tARGUMENTS\tDESCRIPTION")
		for t, err := range s.Tools(ctx, nil) {
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", t.Name, arguments(t.InputSchema), oneLine(t.Description))
		}
		return w.Flush()
	})
}

// arguments lists the properties of a tool's input; those that may be left out in brackets.
func arguments(schema any) string {
	var s struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Required   []string                   `json:"required"`
	}
	data, err := json.Marshal(schema)
	if err != nil || json.Unmarshal(data, &s) != nil {
		return ""
	}
	out := s.Required
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(s.Required, name) {
			out = append(out, "["+name+"]")
		}
	}
	return strings.Join(out, " ")
}

// oneLine is a text that others have written, fit for a line of a terminal.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 100 {
		s = string(r[:99]) + "…"
	}
	return s
}

type mcpCall struct {
	URL       string   `arg:"" help:"The URL of the server."`
	Tool      string   `arg:"" help:"The tool."`
	Arguments []string `arg:"" optional:"" help:"Its arguments: NAME=VALUE each, where a value that is JSON counts as that; or one JSON object."`
}

// Run implements kong's command.
func (c mcpCall) Run(io streams, all *mcpCommand) error {
	args, err := parseArguments(c.Arguments)
	if err != nil {
		return err
	}
	return all.with(io, c.URL, func(ctx context.Context, s *mcp.ClientSession) error {
		r, err := s.CallTool(ctx, &mcp.CallToolParams{Name: c.Tool, Arguments: args})
		if err != nil {
			return err
		}
		for _, part := range r.Content {
			if t, ok := part.(*mcp.TextContent); ok {
				fmt.Fprintln(io.out, t.Text)
				continue
			}
			data, err := json.Marshal(part)
			if err != nil {
				return err
			}
			fmt.Fprintln(io.out, string(data))
		}
		if r.IsError {
			return findings()
		}
		return nil
	})
}

func parseArguments(list []string) (map[string]any, error) {
	out := map[string]any{}
	if len(list) == 1 && strings.HasPrefix(list[0], "{") {
		if err := json.Unmarshal([]byte(list[0]), &out); err != nil {
			return nil, usage("the arguments are not a JSON object: %v", err)
		}
		return out, nil
	}
	for _, a := range list {
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return nil, usage("%q is not of the form NAME=VALUE", a)
		}
		var v any
		if json.Unmarshal([]byte(value), &v) != nil {
			v = value
		}
		out[name] = v
	}
	return out, nil
}

// with connects to a server, logs in where that is asked for, and does f.
func (c *mcpCommand) with(io streams, server string, f func(context.Context, *mcp.ClientSession) error) error {
	if u, err := url.Parse(server); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usage("%q is not the URL of a server", server)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	login, err := newLogin(io)
	if err != nil {
		return environment(err)
	}
	defer login.close()
	web := &http.Client{Transport: headers{c.Header, http.DefaultTransport}}
	var transport mcp.Transport = &mcp.StreamableClientTransport{Endpoint: server, HTTPClient: web, OAuthHandler: login.handler, MaxRetries: -1}
	if c.Transport == "sse" {
		transport = &mcp.SSEClientTransport{Endpoint: server, HTTPClient: web}
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "sekisho", Version: version()}, nil)
	s, err := client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: c.Revision})
	if err != nil {
		return mcpError(err)
	}
	defer func() { _ = s.Close() }()
	return mcpError(f(ctx, s))
}

// mcpError tells what a server refuses from one that cannot be reached.
func mcpError(err error) error {
	var network *net.OpError
	var exit *exitError
	switch {
	case err == nil, errors.As(err, &exit):
		return err
	case errors.As(err, &network):
		return environment(err)
	}
	return &exitError{exitFindings, err}
}

// headers adds headers to requests.
type headers struct {
	values map[string]string
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (h headers) RoundTrip(r *http.Request) (*http.Response, error) {
	if len(h.values) > 0 {
		r = r.Clone(r.Context())
		for name, v := range h.values {
			r.Header.Set(name, v)
		}
	}
	return h.next.RoundTrip(r)
}

// login is the client's side of an authorization: the browser comes back to its listener.
type login struct {
	handler  *auth.AuthorizationCodeHandler
	server   *http.Server
	listener net.Listener
	io       streams
	came     chan url.Values
}

func newLogin(io streams) (*login, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &login{listener: l, io: io, came: make(chan url.Values, 1)}
	redirect := "http://" + l.Addr().String() + "/callback"
	g.handler, err = auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		RedirectURL: redirect, AuthorizationCodeFetcher: g.fetch,
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "Sekisho's command line", RedirectURIs: []string{redirect}, TokenEndpointAuthMethod: "none",
			GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"},
		}},
	})
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	g.server = &http.Server{Handler: g, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = g.server.Serve(l) }() // ends with close
	return g, nil
}

func (g *login) close() { _ = g.server.Close() }

// ServeHTTP takes the browser's return.
func (g *login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.URL.Path != "/callback" || !q.Has("state") {
		http.NotFound(w, r)
		return
	}
	select {
	case g.came <- q:
	default: // a second return changes nothing
	}
	fmt.Fprintln(w, "Done: go back to the terminal.")
}

func (g *login) fetch(ctx context.Context, a *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
	fmt.Fprintf(g.io.err, "open this link in a browser:\n\n  %s\n\n", a.URL)
	select {
	case <-ctx.Done():
		return nil, errors.New("nobody has logged in")
	case q := <-g.came:
		if e := q.Get("error"); e != "" {
			return nil, fmt.Errorf("the login was refused: %s", oneLine(strings.TrimSpace(e+" "+q.Get("error_description"))))
		}
		return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
	}
}
