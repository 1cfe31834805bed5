package gateway

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"strings"

	"sekisho/engine/config"
	"sekisho/engine/mcp"
	"sekisho/engine/pipeline"
)

// mcpExchange is what the way of a request through an MCP server knows beside its Exchange.
type mcpExchange struct {
	gateway  *Gateway
	snapshot *Snapshot
	server   *mcpServer
	names    *mcpNames
	endpoint string // mcp, sse or messages
	secrets  []string

	message *mcp.Message // nil for GET and DELETE
	version string
	tool    *mcpTool // that is called; nil for none that is listed
	user    string   // whose sessions it may use
	session mcpSession

	forwarded bool // the Response is that of a server
}

// mcpSession is what a client has said of the session that its request is part of.
type mcpSession struct {
	claimed string // as it came; "" for none
	id      string // the server's own, or for HTTP+SSE where it takes messages
	member  string // of the pool that has it
	ok      bool   // claimed was sealed here, for this user
	event   string // the last event that it had of the server; "" for none
}

// mcpKey finds the mcpExchange of an Exchange.
type mcpKey struct{}

// mcpOf is the mcpExchange of an Exchange, nil for one of another API.
func mcpOf(x *pipeline.Exchange) *mcpExchange {
	e, _ := x.Value(mcpKey{}).(*mcpExchange)
	return e
}

// serveMCP runs a request for an endpoint of an MCP server and returns the operation that
// it was for: a tool, a method of MCP, or the endpoint where it did not come so far.
func (g *Gateway) serveMCP(s *Snapshot, x *pipeline.Exchange, m config.Match) *operation {
	srv, endpoint := s.mcp[m.API], &s.routes[m.Number]
	e := &mcpExchange{gateway: g, snapshot: s, server: srv, names: srv.at(g.publicURL(s)), endpoint: m.Operation.ID}
	x.Route = &endpoint.route
	x.SetValue(mcpKey{}, e)
	if !g.hostAllowed(s, srv, x) {
		x.Fail(&pipeline.Fault{Status: 403, Source: "authorization", Reason: reasonHost, Message: "The Host of the request is not that of this server."})
		return endpoint
	}
	origin, ok := g.originAllowed(s, srv, x)
	if !ok {
		x.Fail(&pipeline.Fault{Status: 403, Source: "authorization", Reason: reasonOrigin, Message: "The Origin of the request may not use this server."})
		return endpoint
	}
	defer func() { shareWith(&x.Response.Header, origin) }()
	if preflightMCP(x, m.Operation) {
		return endpoint
	}
	f := methodAllowed(m.Operation, x.Request.Method)
	if f == nil {
		f = s.admit(x, m.API, x.Start)
	}
	if f == nil {
		f = e.identify(x)
	}
	if f == nil {
		f = e.acceptable(x)
	}
	if f != nil {
		x.Fail(f)
		return endpoint
	}
	if f, refused := e.read(x); f != nil {
		x.Fail(f)
		return endpoint
	} else if refused != nil {
		e.refuse(x, refused)
		return endpoint
	}
	op := e.route(x.Request.Method)
	x.Route = &op.route
	if f, refused := e.authorize(x); f != nil {
		e.deny(x, f)
		return op
	} else if refused != nil {
		e.refuse(x, refused)
		return op
	}
	e.prepare(x)
	x.Process()
	e.finish(x)
	return op
}

// acceptable checks the media types that the client sends and takes.
func (e *mcpExchange) acceptable(x *pipeline.Exchange) *pipeline.Fault {
	h := &x.Request.Header
	if x.Request.Method == "POST" {
		if types, _ := h.Lookup("Content-Type"); len(types) != 1 || mediaTypeOf(types[0]) != "application/json" {
			return &pipeline.Fault{Status: 415, Source: "configuration", Reason: reasonMediaType, Message: "The Content-Type must be application/json."}
		}
		if c := h.Get("Content-Encoding"); c != "" && !strings.EqualFold(c, "identity") {
			return &pipeline.Fault{Status: 415, Source: "configuration", Reason: reasonMediaType, Message: "The body must not be compressed."}
		}
	}
	wants := []string{"text/event-stream"}
	if x.Request.Method == "POST" {
		wants = append(wants, "application/json")
	}
	if accepted, ok := h.Lookup("Accept"); ok && x.Request.Method != "DELETE" && !acceptsAny(accepted, wants) {
		return &pipeline.Fault{Status: 406, Source: "configuration", Reason: reasonMediaType, Message: "The client must accept " + strings.Join(wants, " or ") + "."}
	}
	return nil
}

func mediaTypeOf(field string) string {
	t, _, _ := mime.ParseMediaType(field)
	return t
}

// acceptsAny tells whether fields of Accept take one of some media types. Which of them a
// server may answer with is its own business: it sees the same fields.
func acceptsAny(fields, types []string) bool {
	for item := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		t, _, _ := strings.Cut(item, ";")
		t = strings.ToLower(trimBlanks(t))
		for _, want := range types {
			major, _, _ := strings.Cut(want, "/")
			if t == want || t == "*/*" || t == major+"/*" {
				return true
			}
		}
	}
	return false
}

// read reads the message and what stands beside it in the header. Of the two results at
// most one is set: a Fault of HTTP, or an answer to a message.
func (e *mcpExchange) read(x *pipeline.Exchange) (*pipeline.Fault, *mcp.Error) {
	values := func(name string) []string { v, _ := x.Request.Header.Lookup(name); return v }
	if x.Request.Method == "POST" {
		data, err := bodyWithin(&x.Request.Body, e.server.conf.MessageBytes)
		if err != nil {
			return err, nil
		}
		x.Request.Body.SetBytes(data)
		var refused *mcp.Error
		if e.message, refused = mcp.Parse(data); refused != nil {
			return nil, refused
		}
	}
	var refused *mcp.Error
	if e.version, refused = mcp.Revision(values, e.message); refused != nil {
		return nil, refused
	}
	if e.message == nil && mcp.Stateless(e.version) {
		return methodAllowed(&config.Operation{ID: "messages"}, x.Request.Method), nil // there is neither stream nor session
	}
	switch {
	case x.Caller != nil:
		e.user = "caller\x00" + x.Caller.Subject
	case x.Subscription != nil:
		e.user = "subscription\x00" + x.Subscription.ID
	}
	return e.open(x)
}

// bodyWithin reads a body of at most limit bytes.
func bodyWithin(b *pipeline.Body, limit int64) ([]byte, *pipeline.Fault) {
	data, stream, _ := b.Take()
	if stream != nil {
		var err error
		if data, err = io.ReadAll(io.LimitReader(stream, limit+1)); err != nil {
			if f, ok := err.(*pipeline.Fault); ok {
				return nil, f
			}
			return nil, clientLeft(err)
		}
	}
	if int64(len(data)) > limit {
		return nil, &pipeline.Fault{Status: 413, Reason: pipeline.ReasonBodyTooLarge, Message: "The message is too large."}
	}
	return data, nil
}

// open reads what the client says of its session.
func (e *mcpExchange) open(x *pipeline.Exchange) (*pipeline.Fault, *mcp.Error) {
	s := &e.session
	switch {
	case e.endpoint == "sse":
		return nil, nil
	case e.endpoint == "messages":
		ids, _ := pipeline.ParseQuery(x.OriginalURL.Query).Lookup("sessionId")
		if len(ids) != 1 {
			return &pipeline.Fault{Status: 400, Source: "configuration", Reason: "SessionMissing", Message: "The URL must name one session."}, nil
		}
		s.claimed = ids[0]
	case mcp.Stateless(e.version):
		return nil, nil // such a field means nothing
	default:
		ids, ok := x.Request.Header.Lookup(mcp.HeaderSession)
		if !ok {
			return nil, nil
		}
		if len(ids) > 1 || ids[0] == "" {
			return nil, &mcp.Error{Status: 400, Code: mcp.CodeInvalidRequest, Message: "There must be one " + mcp.HeaderSession}
		}
		s.claimed = ids[0]
	}
	var plain string
	if plain, s.ok = e.gateway.sealer().Open(e.sealedFor(), e.user, s.claimed); !s.ok {
		return nil, nil
	}
	s.member, s.id, _ = strings.Cut(plain, "\x00")
	if last, ok := x.Request.Header.Lookup("Last-Event-ID"); ok && e.endpoint == "mcp" {
		if len(last) > 1 {
			return nil, &mcp.Error{Status: 400, Code: mcp.CodeInvalidRequest, Message: "There must be one Last-Event-ID"}
		}
		if s.event, ok = e.gateway.sealer().Open(e.sealedFor()+"\x00event", e.user+"\x00"+s.id, last[0]); !ok {
			return nil, noSession()
		}
	}
	return nil, nil
}

// sealedFor is what ids of sessions are good for: this API, and one kind of endpoint.
func (e *mcpExchange) sealedFor() string {
	if e.endpoint == "mcp" {
		return e.server.api.ID
	}
	return e.server.api.ID + "\x00sse"
}

// noSession answers a request for a session that is over, or somebody else's.
func noSession() *mcp.Error {
	return &mcp.Error{Status: 404, Code: -32001, Message: "Session not found"}
}

// route picks the operation.
func (e *mcpExchange) route(method string) *operation {
	if e.message != nil {
		if e.message.Method == "tools/call" {
			e.tool = e.server.tools[e.message.Name]
		}
		return e.server.operation(e.message)
	}
	if method == "DELETE" {
		return e.server.methods[methodEnd]
	}
	return e.server.methods[methodStream]
}

// authorize decides whether the caller may have what the message asks for.
func (e *mcpExchange) authorize(x *pipeline.Exchange) (*pipeline.Fault, *mcp.Error) {
	call := e.message != nil && e.message.Method == "tools/call"
	if call && (e.tool == nil && e.server.conf.HideOthers || e.tool != nil && e.tool.Hidden) {
		if f := e.permit(x, nil); f != nil {
			return f, nil
		}
		if e.endpoint == "messages" {
			return nil, e.disguise(x)
		}
		return nil, unknownTool(e.version, e.message.Name)
	}
	return e.permit(x, e.tool), nil
}

// disguise has a server answer for a tool that does not exist: answers to HTTP+SSE are on
// another stream, perhaps another process's, and a client takes an error of this request
// for the end of its session. The server is asked for a name that it does not have.
func (e *mcpExchange) disguise(x *pipeline.Exchange) *mcp.Error {
	var params map[string]json.RawMessage
	if json.Unmarshal(e.message.Params, &params) != nil {
		return unknownTool(e.version, e.message.Name)
	}
	params["name"] = json.RawMessage(`"no-such-tool-` + rand.Text() + `"`)
	data, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": e.message.ID, "method": e.message.Method, "params": params})
	if err != nil || !e.message.IsRequest() {
		return unknownTool(e.version, e.message.Name)
	}
	m, refused := mcp.Parse(data)
	if refused == nil {
		e.message, e.tool = m, nil
		x.Request.Body.SetBytes(data)
	}
	return refused
}

// refuse answers a message without running a document: what is wrong with it is between
// client and protocol.
func (e *mcpExchange) refuse(x *pipeline.Exchange, refused *mcp.Error) {
	var id json.RawMessage
	if e.message != nil {
		id = e.message.ID
	}
	status := refused.Status
	if e.endpoint == "messages" && status == 200 {
		status = 400 // its answers are on another stream: only the status can say that there is none
	}
	answerMCP(x, status, refused.Body(id))
}

// deny fails with a Fault, and answers a request of JSON-RPC in its own form.
func (e *mcpExchange) deny(x *pipeline.Exchange, f *pipeline.Fault) {
	x.Fail(f)
	if e.message != nil && e.message.IsRequest() && x.Response.Status == f.Status {
		x.Response.Body.SetBytes((&mcp.Error{Code: mcp.CodeInvalidRequest, Message: f.Message}).Body(e.message.ID))
	}
}

func answerMCP(x *pipeline.Exchange, status int, body []byte) {
	r := &x.Response
	r.Header.Reset()
	r.Status, r.Reason = status, ""
	r.Header.Set("Content-Type", "application/json")
	r.Body.SetBytes(body)
}

// prepare gives the documents what they see of the request.
func (e *mcpExchange) prepare(x *pipeline.Exchange) {
	r := x.Route
	x.Request.URL.SetService(r.ServiceURL)
	x.Request.URL.Path, x.Request.URL.Query = "", x.OriginalURL.Query
	x.BackendID = r.BackendID
	x.Forwarder = &mcpForwarder{e.snapshot.backends, e}
	// They are always there, so that expressions need not ask.
	method, tool := x.Route.Operation.ID, ""
	if m := e.message; m != nil && m.Method != "" {
		if method = m.Method; method == "tools/call" {
			tool = m.Name
		}
	}
	x.Set("mcp-method", method)
	x.Set("mcp-tool", tool)
	if x.Caller != nil && x.Caller.Jwt != nil {
		x.Set("mcp-caller", x.Caller.Jwt)
	} else {
		x.Set("mcp-caller", nil)
	}
	e.collectSecrets(x)
}

// finish looks at the answer that is left when all documents have run. A server that wants
// a token wants one of the gateway: the client has none for it, and must not go looking for
// one where the server says.
func (e *mcpExchange) finish(x *pipeline.Exchange) {
	if e.forwarded && x.Fault() == nil && x.Response.Status == 401 {
		var id json.RawMessage
		if e.message != nil {
			id = e.message.ID
		}
		x.Response.Body.Clear()
		answerMCP(x, 502, (&mcp.Error{Code: mcp.CodeInternal, Message: "The MCP server does not accept the credentials of the gateway"}).Body(id))
	}
}

// logged are the attributes of the access log that say what was asked for. Names of tools
// that are not listed are whatever clients send.
func (e *mcpExchange) logged(attrs []slog.Attr) []slog.Attr {
	if e.message == nil || e.server.methods[e.message.Method] == nil {
		return attrs
	}
	attrs = append(attrs, slog.String("mcpMethod", e.message.Method))
	if e.tool != nil {
		attrs = append(attrs, slog.String("mcpTool", e.tool.Name))
	}
	return attrs
}
