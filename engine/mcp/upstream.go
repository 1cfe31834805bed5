package mcp

import (
	"context"
	"io"
	"net/url"
	"strings"
)

// Upstream sends HTTP requests to the MCP server behind an API, with whatever policies have
// added. It is used by several goroutines, and for as long as the Bridge or Probe it was
// given to holds it (see the package comment).
type Upstream interface {
	// Do sends one request and answers with its head as soon as that is there. target is
	// "" for the server's own URL, else a path, maybe with a query, on the same origin (of
	// HTTP+SSE servers, which name it themselves): it replaces path and query. header is
	// what the protocol needs (Content-Type, Accept, MCP-…); body is nil for GET and
	// DELETE. The caller closes the Response's Stream (where the implementation has read
	// all, Body may hold it instead); closing may happen twice and makes a Read that waits
	// return. ctx ends the request and its stream.
	Do(ctx context.Context, method, target string, header [][2]string, body []byte) (*Response, error)
}

// Server is what is known about the transport of an MCP server.
type Server struct {
	Stateless bool // it speaks 2026-07-28 or later
	Sessions  bool // it answers initialize over Streamable HTTP
	SSE       bool // it is a server of 2024-11-05: HTTP+SSE
}

// Speaks reports whether requests of a Streamable HTTP client of version can be passed
// through as they are.
func (s Server) Speaks(version string) bool {
	if Stateless(version) {
		return s.Stateless
	}
	return s.Sessions
}

// Target is what stands behind the gateway for one request of a client: a Handler, or a
// server and the way to it.
type Target struct {
	Handler  Handler
	Server   Server
	Upstream Upstream
	// Tools reports whether a tool of the server is shown in lists; nil: all are.
	Tools func(name string) bool
}

func (r *Response) header(name string) string {
	for _, h := range r.Header {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// mediaType is the content type without parameters.
func (r *Response) mediaType() string {
	t, _, _ := strings.Cut(r.header("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

func (r *Response) close() {
	if r.Stream != nil {
		r.Stream.Close()
	}
}

func (r *Response) reader() io.Reader {
	if r.Stream != nil {
		return r.Stream
	}
	return strings.NewReader(string(r.Body))
}

// sameOrigin is the path and query to ask for ref, which a document at base mentions. It is
// not ok if ref leads to another scheme, host or port, or carries credentials.
func sameOrigin(base *url.URL, ref string) (target string, ok bool) {
	u, err := base.Parse(ref)
	if err != nil || u.User != nil || !strings.EqualFold(u.Scheme, base.Scheme) || !strings.EqualFold(authority(u), authority(base)) {
		return "", false
	}
	u.Fragment = ""
	return u.RequestURI(), strings.HasPrefix(u.RequestURI(), "/")
}

// authority is host and port, the scheme's own port made explicit.
func authority(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return u.Hostname() + ":" + port
}
