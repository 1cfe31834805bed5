package gateway

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"sekisho/engine/config"
	"sekisho/engine/mcp"
	"sekisho/engine/pipeline"
)

// The reasons of refusals on the way to an MCP server, as LastError and the log have them.
const (
	reasonHost      = "HostNotAllowed"
	reasonOrigin    = "OriginNotAllowed"
	reasonToken     = "AccessTokenInvalid"
	reasonScope     = "InsufficientScope"
	reasonNoMethod  = "MethodNotAllowed"
	reasonMediaType = "UnsupportedMediaType"
)

// here tells whether the request came to a listener on loopback.
func (g *Gateway) here(x *pipeline.Exchange) bool {
	l := lifelineOf(x.Context)
	return l != nil && l.client != nil && g.loopback[l.client.local]
}

// loopbackListeners are the addresses among those listened at that only this machine reaches.
func loopbackListeners(addrs []net.Addr) map[string]bool {
	out := map[string]bool{}
	for _, a := range addrs {
		if p, err := netip.ParseAddrPort(a.String()); err == nil && p.Addr().IsLoopback() {
			out[a.String()] = true
		}
	}
	return out
}

// thisMachine tells whether a host, without a port, can only be this machine.
func thisMachine(host string) bool {
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// hostAllowed checks the Host of a request against what the server may be called: a web
// page whose name leads to the gateway's address must not talk to it (DNS rebinding).
func (g *Gateway) hostAllowed(s *Snapshot, srv *mcpServer, x *pipeline.Exchange) bool {
	host := strings.ToLower(x.OriginalURL.Host)
	if list := srv.conf.AllowedHosts; list != nil {
		return matchesHost(list, host)
	}
	public := hostOf(s.model.Gateway.PublicURL)
	if public != "" && matchesHost([]string{public}, host) || matchesHost(srv.api.Hosts, host) {
		return true
	}
	if public != "" || len(srv.api.Hosts) > 0 {
		return false
	}
	return !g.here(x) || thisMachine(x.OriginalURL.Hostname())
}

// matchesHost tells whether a host, with or without a port, is among names, each of which
// is *, a name, name:port or *.name.
func matchesHost(names []string, host string) bool {
	u := pipeline.URL{Host: host}
	bare := strings.TrimSuffix(u.Hostname(), ".")
	for _, n := range names {
		n = strings.ToLower(n)
		if suffix, ok := strings.CutPrefix(n, "*"); ok && (suffix == "" || suffix[0] == '.' && len(bare) > len(suffix) && strings.HasSuffix(bare, suffix)) {
			return true
		}
		if n == host || n == bare {
			return true
		}
	}
	return false
}

func hostOf(u string) string {
	p, err := url.Parse(u)
	if err != nil {
		return ""
	}
	return strings.ToLower(p.Host)
}

// originAllowed checks the Origin of a request: none is no browser's and passes, any other must be
// allowed. It returns the Origin as it came.
func (g *Gateway) originAllowed(s *Snapshot, srv *mcpServer, x *pipeline.Exchange) (origin string, ok bool) {
	values, _ := x.Request.Header.Lookup("Origin")
	switch len(values) {
	case 0:
		return "", true
	case 1:
	default:
		return "", false
	}
	origin = strings.ToLower(values[0])
	if list := srv.conf.AllowedOrigins; list != nil {
		for _, o := range list {
			if o == "*" || o == origin {
				return values[0], true
			}
		}
		return "", false
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != origin {
		return "", false
	}
	if p, err := url.Parse(strings.ToLower(s.model.Gateway.PublicURL)); err == nil && p.Host != "" && p.Scheme == u.Scheme && p.Host == u.Host {
		return values[0], true
	}
	// The host of the request names the gateway only where it was checked against a list:
	// elsewhere it is whatever a rebound name says.
	own := u.Scheme == x.OriginalURL.Scheme && u.Host == strings.ToLower(x.OriginalURL.Host)
	if own && (len(srv.api.Hosts) > 0 || srv.conf.AllowedHosts != nil) || g.here(x) && thisMachine(u.Hostname()) {
		return values[0], true
	}
	return "", false
}

// bearer finds the access token of a request: in one Authorization header and nowhere else.
// token is "" where there is none; ok is false where what is there can be read in two ways,
// or stands where tokens must not.
func bearer(x *pipeline.Exchange) (token string, ok bool) {
	if pipeline.QueryHas(x.OriginalURL.Query, "access_token") {
		return "", false
	}
	values, _ := x.Request.Header.Lookup("Authorization")
	switch len(values) {
	case 0:
		return "", true
	case 1:
	default:
		return "", false
	}
	scheme, rest, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		// A list with a Bearer in it is somebody's trick, another scheme somebody's error.
		return "", !strings.Contains(values[0], ",") && isToken(scheme)
	}
	rest = strings.TrimLeft(rest, " ")
	return rest, isToken68(rest)
}

// isToken68 tells whether s is what RFC 6750 allows as a token.
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	for i := 0; i < len(body); i++ {
		c := body[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~+/", c) >= 0) {
			return false
		}
	}
	return body != ""
}

// identify asks the authorization server who calls; nil where nobody is to be asked.
func (e *mcpExchange) identify(x *pipeline.Exchange) *pipeline.Fault {
	if !e.server.guarded() {
		return nil
	}
	token, ok := bearer(x)
	if !ok {
		return e.challenge(400, "invalid_request", "The access token must be in one Authorization header, and nowhere else.", nil)
	}
	if token == "" {
		return e.challenge(401, "", "", e.server.scopes)
	}
	access := e.gateway.access()
	if access == nil {
		return unavailable(nil)
	}
	caller, err := access.Verify(x.Context, token, e.names.audiences)
	var refused *AccessError
	switch {
	case err == nil:
		x.Caller = caller
		return nil
	case errors.As(err, &refused) && !refused.Unavailable:
		f := e.challenge(401, "invalid_token", refused.Description, e.server.scopes)
		f.Cause = refused.Cause
		return f
	}
	return unavailable(err)
}

// access is the authorization server, nil without one.
func (g *Gateway) access() Access {
	if g.systems == nil {
		return nil
	}
	return g.systems.Access()
}

func unavailable(err error) *pipeline.Fault {
	return &pipeline.Fault{Status: 503, Source: "authorization", Reason: reasonToken, Cause: err,
		Message: "The access token could not be checked.", Public: "The access token could not be checked. Try again.",
		Header: []pipeline.Field{{Name: "Retry-After", Value: "5"}}}
}

// challenge refuses a request and says how to do better (RFC 6750, section 3, and RFC 9728,
// section 5.1). code is "" where no token was shown.
func (e *mcpExchange) challenge(status int, code, description string, scopes []string) *pipeline.Fault {
	var b strings.Builder
	b.WriteString("Bearer ")
	if code != "" {
		b.WriteString(`error="` + code + `", error_description="` + quoted(description) + `", `)
	}
	endpoint := "/mcp"
	if e.endpoint != "mcp" {
		endpoint = "/sse" // clients know messages as a part of it
	}
	b.WriteString(`resource_metadata="` + e.names.base + wellKnownResource + e.server.api.Prefix() + endpoint + `"`)
	if len(scopes) > 0 {
		b.WriteString(`, scope="` + strings.Join(scopes, " ") + `"`)
	}
	message := description
	if message == "" {
		message = "An access token is needed."
	}
	reason := reasonToken
	if status == 403 {
		reason = reasonScope
	}
	return &pipeline.Fault{Status: status, Source: "authorization", Reason: reason, Message: message,
		Header: []pipeline.Field{{Name: "WWW-Authenticate", Value: b.String()}}}
}

// permit checks what the caller's token allows: the scopes of the API, and those and the
// claims of the tool that is called.
func (e *mcpExchange) permit(x *pipeline.Exchange, t *mcpTool) *pipeline.Fault {
	if x.Caller == nil {
		return nil
	}
	needed := e.server.conf.RequiredScopes
	if t != nil {
		needed = t.scopes
	}
	if !x.Caller.Holds(needed) {
		return e.challenge(403, "insufficient_scope", "The access token does not have the scopes that this needs.", needed)
	}
	if t != nil && !x.Caller.Claims(t.RequiredClaims) {
		return &pipeline.Fault{Status: 403, Source: "authorization", Reason: reasonScope,
			Message: "The caller may not use this tool."}
	}
	return nil
}

// unknownTool answers a call of a tool that does not exist, for everybody or for nobody.
func unknownTool(version, name string) *mcp.Error {
	status := 200
	if mcp.Stateless(version) {
		status = 400
	}
	return &mcp.Error{Status: status, Code: mcp.CodeInvalidParams, Message: "Unknown tool: " + name}
}

// endpointMethods are the methods of HTTP that endpoints take.
var endpointMethods = map[string]string{"mcp": "POST, GET, DELETE", "sse": "GET", "messages": "POST"}

// methodAllowed refuses methods that the endpoint does not know.
func methodAllowed(endpoint *config.Operation, method string) *pipeline.Fault {
	allow := endpointMethods[endpoint.ID]
	for m := range strings.SplitSeq(allow, ", ") {
		if m == method {
			return nil
		}
	}
	return &pipeline.Fault{Status: 405, Source: "configuration", Reason: reasonNoMethod, Message: "The method is not allowed here.",
		Header: []pipeline.Field{{Name: "Allow", Value: allow}}}
}

// exposed are the fields that scripts of browsers may read.
const exposed = "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate"

// preflightMCP answers a CORS preflight of an origin that was checked; false if it is none.
func preflightMCP(x *pipeline.Exchange, endpoint *config.Operation) bool {
	if x.Request.Method != "OPTIONS" || !x.Request.Header.Has("Access-Control-Request-Method") || !x.Request.Header.Has("Origin") {
		return false
	}
	h := &x.Response.Header
	x.Response.Status = 204
	h.Set("Access-Control-Allow-Methods", endpointMethods[endpoint.ID])
	if asked := x.Request.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", strings.ReplaceAll(quoted(asked), "*", ""))
	}
	h.Set("Access-Control-Max-Age", "600")
	h.Add("Vary", "Access-Control-Request-Headers")
	return true
}

// shareWith lets the scripts of an allowed origin read the answer, unless a cors policy has
// said so already.
func shareWith(h *pipeline.Header, origin string) {
	if origin == "" || h.Has("Access-Control-Allow-Origin") {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", exposed)
	h.Add("Vary", "Origin")
}
