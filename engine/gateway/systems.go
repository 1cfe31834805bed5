package gateway

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"sekisho/engine/config"
	"sekisho/engine/config/route"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// Systems are what stands behind policies and outlives a load: the verifier of tokens,
// the gateway's identities, the credential manager. The gateway is given them, as it is
// given its table of policies.
type Systems interface {
	// Configure makes what a Model says of them count. It is called with every Model that
	// loads without errors, before its Snapshot serves. What is wrong goes to diags; then
	// nothing changes, and it returns false.
	Configure(m *config.Model, diags *source.List) bool
	// Serving tells the URL that the gateway is reached at, once its listeners are open.
	Serving(url string)
	// Public answers requests for a path, before any API is looked for; nil where the path
	// is not its own.
	Public(path string) http.Handler
	// Access guards MCP servers; nil where there is no authorization server.
	Access() Access
	// Management answers requests to the admin listener below ManagementPrefix; nil
	// answers none. It asks callers who they are.
	Management() http.Handler
	// Tokens lists the access tokens that are kept, without themselves, and Failing
	// counts those whose last refresh has failed.
	Tokens() []TokenStatus
	Failing() int
	// Close ends everything that they run, when the last request has been answered.
	Close(ctx context.Context) error
}

// Access is the authorization server as what it guards sees it.
type Access interface {
	// Verify takes an access token, without a scheme before it, to who presents it. The
	// token must be for one of audiences. Any error is an *AccessError.
	Verify(ctx context.Context, token string, audiences []string) (*pipeline.Caller, error)
	// Watch calls ended, once, when the grant of a caller is revoked, here or by another
	// process; stop ends the watching.
	Watch(c *pipeline.Caller, ended func()) (stop func())
	// Issuer is the authorization server's identifier.
	Issuer() string
	// SessionKey is the key that ids of sessions are sealed with, 32 bytes, the same in all
	// processes on one store.
	SessionKey() []byte
}

// AccessError says why an access token was refused. It never quotes the token.
type AccessError struct {
	// Description goes into the challenge.
	Description string
	// Cause is what is behind it, for the log; it may be nil.
	Cause error
	// Unavailable: the token could not be judged, and may be good.
	Unavailable bool
}

func (e *AccessError) Error() string { return e.Description }

// Unwrap returns the cause.
func (e *AccessError) Unwrap() error { return e.Cause }

// TokenStatus is what is known of an access token that the gateway keeps.
type TokenStatus struct {
	// Of is identity or connection; Name is the identity's id or provider/connection.
	Of   string `json:"of"`
	Name string `json:"name"`
	// ClientID and Resource are those that an identity was asked for.
	ClientID string `json:"clientId,omitempty"`
	Resource string `json:"resource,omitempty"`
	// Expires and RefreshAt are those of the token, if there is one that is good.
	Expires   time.Time `json:"expires,omitzero"`
	RefreshAt time.Time `json:"refreshAt,omitzero"`
	// Failures counts calls that have failed since the last that has not; Error is the
	// last one's, without secrets.
	Failures int       `json:"failures"`
	Error    string    `json:"error,omitempty"`
	RetryAt  time.Time `json:"retryAt,omitzero"`
}

// What is not the user's: PublicPrefix on the gateway's listeners, ManagementPrefix on
// the admin listener.
const (
	PublicPrefix     = "/.sekisho/"
	ManagementPrefix = "/management/"
)

// public answers a request by the handler of Systems; false if it is not for that.
func (g *Gateway) public(x *pipeline.Exchange) bool {
	if g.systems == nil {
		return false
	}
	h := g.systems.Public(x.OriginalURL.Path)
	if h == nil {
		return false
	}
	// What would be another path to a router behind this one is nobody's.
	if n, ok := route.NormalizePath(x.OriginalURL.Path); !ok || n != x.OriginalURL.Path {
		return false
	}
	body, err := x.Request.Body.Buffer()
	if err != nil {
		x.Fail(&pipeline.Fault{Status: 413, Source: "configuration", Reason: "BodyTooLarge", Message: "The body of the request is too large."})
		return true
	}
	u := x.OriginalURL
	r, err := http.NewRequestWithContext(x.Context, x.OriginalMethod, u.String(), bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Host, r.RequestURI, r.RemoteAddr = u.Host, u.RequestURI(), x.ClientIP+":0"
	for _, f := range x.Request.Header.Fields() {
		r.Header.Add(f.Name, f.Value)
	}
	w := &answerWriter{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(w, r)
	x.Response.Status = w.status
	for name, values := range w.header {
		for _, v := range values {
			x.Response.Header.Add(name, v)
		}
	}
	x.Response.Body.SetBytes(w.body.Bytes())
	return true
}

// answerWriter keeps what a handler of net/http answers: pages and small documents.
type answerWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
	wrote  bool
}

// Header implements http.ResponseWriter.
func (w *answerWriter) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *answerWriter) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
}

// Write implements http.ResponseWriter.
func (w *answerWriter) Write(p []byte) (int, error) {
	w.wrote = true
	return w.body.Write(p)
}

// url is where clients on this machine reach the gateway.
func (g *Gateway) url() string {
	host := g.Addresses()[0]
	for _, any := range []string{"[::]:", "0.0.0.0:"} {
		if port, ok := strings.CutPrefix(host, any); ok {
			host = "localhost:" + port
		}
	}
	if len(g.o.Listen) == 0 && g.bound[0].TLS != nil {
		return "https://" + host
	}
	return "http://" + host
}
