package gateway

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"net/url"
	"strings"
	"time"

	"sekisho/engine/mcp"
	"sekisho/engine/pipeline"
)

// mcpForwarder sends the request of an MCP exchange to the server behind it.
type mcpForwarder struct {
	*Backends
	e *mcpExchange
}

// Forward implements pipeline.Forwarder.
func (f *mcpForwarder) Forward(x *pipeline.Exchange, o pipeline.ForwardOptions) error {
	e := f.e
	e.forwarded = true
	if e.server.local != nil {
		return e.local(x)
	}
	member, err := f.member(x)
	if err != nil {
		return err
	}
	defer e.sanitized(x)()
	pool := f.backend(x.BackendID)
	send(x, member)
	life := e.life(x)
	b := f.backend(x.BackendID)
	if b == nil || b.def.Kind == Single {
		u := f.upstream(x, max(o.Timeout, time.Millisecond))
		s := e.speaks(life, u)
		if e.endpoint == "mcp" && !s.Speaks(e.version) || e.endpoint != "mcp" && !s.SSE {
			r, err := e.request(x)
			if err != nil {
				return err
			}
			if member != nil {
				send(x, f.settled(pool))
				u = f.upstream(x, u.wait)
			}
			return e.cross(x, life, r, &mcp.Target{Server: s, Upstream: u}, u.base())
		}
	}
	return f.pass(x, o, life, member)
}

// sanitized has the request be as a server may see it, until it is restored: documents that
// forward again, or look at it afterwards, find it as they left it.
func (e *mcpExchange) sanitized(x *pipeline.Exchange) (restore func()) {
	saved, url, backend := pipeline.Header{}, x.Request.URL, x.BackendID
	saved.CopyFrom(&x.Request.Header)
	e.sanitize(x)
	return func() {
		x.Request.Header.CopyFrom(&saved)
		x.Request.URL, x.BackendID = url, backend
	}
}

// maxEvent bounds an event of a stream in which events are looked at, in bytes.
const maxEvent = 16 << 20

// pass passes the request through to a server that speaks as the client does.
func (f *mcpForwarder) pass(x *pipeline.Exchange, o pipeline.ForwardOptions, life *lifeline, member *backend) error {
	e := f.e
	if e.session.claimed != "" && !e.session.ok {
		e.refuse(x, noSession())
		return nil
	}
	if e.endpoint == "messages" {
		x.Request.URL.Base = ""
		x.Request.URL.Path, x.Request.URL.Query, _ = strings.Cut(e.session.id, "?")
	} else if e.session.ok {
		x.Request.Header.Set(mcp.HeaderSession, e.session.id)
		if e.session.event != "" {
			x.Request.Header.Set("Last-Event-ID", e.session.event)
		}
	}
	if x.Request.URL.Base+x.Request.URL.Path == "" {
		x.Request.URL.Path = "/"
	}
	if err := f.follow(x, o, life); err != nil {
		return err
	}
	id := ""
	if member != nil {
		id = member.def.ID
	}
	return e.answer(x, life, id)
}

// follow sends the request, and follows redirects that stay with the same server: nobody
// else is to see what policies have added. A client is never sent past the gateway.
func (f *mcpForwarder) follow(x *pipeline.Exchange, o pipeline.ForwardOptions, life *lifeline) error {
	follow := o.FollowRedirects
	o.FollowRedirects = false
	for hops := 0; ; hops++ {
		outer := x.Context
		x.Context = life
		err := f.Backends.Forward(x, o)
		x.Context = outer
		if err != nil {
			return err
		}
		switch x.Response.Status {
		case 301, 302, 303, 307, 308:
		default:
			return nil
		}
		target, ok := sameServer(&x.Request.URL, x.Response.Header.Get("Location"))
		if again := x.Response.Status >= 307 || x.Request.Method == "GET"; !follow || !ok || !again || hops == maxRedirects {
			x.Response.Body.Clear()
			return pipeline.Faultf(502, pipeline.ReasonBackend, "The MCP server answered with a redirect that is not followed.")
		}
		x.Request.URL = target
	}
}

// sameServer resolves a reference to a URL of the same scheme and host.
func sameServer(base *pipeline.URL, ref string) (u pipeline.URL, ok bool) {
	b, err := url.Parse(base.String())
	if err != nil || ref == "" {
		return u, false
	}
	to, err := b.Parse(ref)
	if err != nil || to.User != nil {
		return u, false
	}
	if u, ok = pipeline.ParseURL(to.String()); !ok {
		return u, false
	}
	return u, u.Scheme == base.Scheme && strings.EqualFold(u.Host, base.Host)
}

// member chooses the member of a pool: the one that has the session, else the next. nil
// stands for a backend that is no pool.
func (f *mcpForwarder) member(x *pipeline.Exchange) (*backend, error) {
	b := f.backend(x.BackendID)
	if b == nil || b.def.Kind != Pool {
		return nil, nil
	}
	if f.e.session.ok {
		for _, m := range b.members {
			if m.def.ID == f.e.session.member {
				return m, nil
			}
		}
	}
	m, _ := b.choose(x, f.registry.now())
	if m == nil {
		return nil, tripped(b.def.ID)
	}
	return m, nil
}

// settled is the member of a pool that has all sessions of a user which the gateway itself
// keeps: their ids say nothing of members.
func (f *mcpForwarder) settled(pool *backend) *backend {
	now := f.registry.now()
	h := fnv.New32a()
	_, _ = h.Write([]byte(f.e.user)) // it never fails
	at := int(h.Sum32() % uint32(len(pool.members)))
	for i := range pool.members {
		if m := pool.members[(at+i)%len(pool.members)]; m.breaker.allow(now) {
			return m
		}
	}
	return pool.members[at]
}

// send has the request go to a member of a pool; nil leaves it as it is.
func send(x *pipeline.Exchange, member *backend) {
	if member == nil {
		return
	}
	x.BackendID = member.def.ID
	if member.def.Kind == Single {
		x.Request.URL.SetService(member.def.URL)
	}
}

// life is a lifeline of its own for what is forwarded: it ends with the client's, and can
// be ended before it.
func (e *mcpExchange) life(x *pipeline.Exchange) *lifeline {
	outer := x.Context
	of := lifelineOf(outer)
	l := newLifeline(&client{})
	if of != nil {
		l.client = of.client
	}
	stop := context.AfterFunc(outer, func() {
		cause := errClientLeft
		if of != nil && of.why() != nil {
			cause = of.why()
		}
		l.end(cause)
	})
	x.OnClose(func() {
		stop()
		l.end(context.Canceled)
	})
	return l
}

// collectSecrets notes what of the request is the client's own secret.
func (e *mcpExchange) collectSecrets(x *pipeline.Exchange) {
	values, _ := x.Request.Header.Lookup("Authorization")
	for _, v := range values {
		_, parameter, _ := strings.Cut(v, " ")
		if parameter = trimBlanks(parameter); len(parameter) >= 8 {
			e.secrets = append(e.secrets, parameter)
		}
	}
	// Where no token is asked for, nobody has refused one here.
	inQuery, _ := pipeline.ParseQuery(x.OriginalURL.Query).Lookup("access_token")
	for _, v := range inQuery {
		if len(v) >= 8 {
			e.secrets = append(e.secrets, v)
		}
	}
}

// sanitize takes off the request what a server must not see: whatever holds the client's
// token, its cookies and its subscription key, what it said to the gateway alone, and what
// the gateway has checked.
func (e *mcpExchange) sanitize(x *pipeline.Exchange) {
	api := e.server.api
	kept, block := pipeline.Header{}, x.Request.Header.Block()
	kept.ReadFrom(block)
	for _, f := range x.Request.Header.Fields() {
		if e.private(f, api.KeyHeader, block) || e.secret(f.Value) {
			continue
		}
		kept.Add(f.Name, f.Value)
	}
	x.Request.Header.CopyFrom(&kept)
	q := pipeline.QueryDel(x.Request.URL.Query, api.KeyQuery)
	if e.endpoint == "messages" {
		q = pipeline.QueryDel(q, "sessionId")
	}
	for pair := range strings.SplitSeq(q, "&") {
		if e.secret(pair) {
			name, _, _ := strings.Cut(pair, "=")
			if n, err := url.QueryUnescape(name); err == nil {
				q = pipeline.QueryDel(q, n)
			}
		}
	}
	x.Request.URL.Query = q
}

// private tells whether a field is not for servers. Fields of the client are pieces of block.
func (e *mcpExchange) private(f pipeline.Field, key, block string) bool {
	for _, name := range [...]string{"Origin", "Accept-Encoding", mcp.HeaderSession, "Last-Event-ID", "Connection", "Upgrade"} {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	if !mcp.Stateless(e.version) && (strings.EqualFold(f.Name, mcp.HeaderMethod) || strings.EqualFold(f.Name, mcp.HeaderName)) {
		return true // they mean nothing, and were not checked
	}
	// A document may set these: then they are not the client's.
	for _, name := range [...]string{"Authorization", "Cookie", key} {
		if strings.EqualFold(f.Name, name) && (isPiece(f.Value, block) || f.Value == "") {
			return true
		}
	}
	return asProxiesSay(f.Name) && (isPiece(f.Value, block) || f.Value == "")
}

// proxyFields are names, or with a dash at the end beginnings of names, under which proxies
// tell what stands behind them who calls. From a client they are lies (RFC 9700, section
// 4.13): a server that believes them takes everybody for anybody.
var proxyFields = [...]string{
	"Forwarded", "X-Forwarded-", "X-Real-IP", "X-Client-IP", "True-Client-IP", "X-Original-",
	"X-User", "X-Remote-User", "Remote-User", "X-Authenticated-", "X-Auth-Request-", "X-MS-Client-Principal", "X-MS-Client-Principal-",
	"Client-Cert", "Client-Cert-", "X-Client-Cert", "X-Client-Cert-", "X-ARR-ClientCert", "SSL-Client-", "X-SSL-Client-",
}

// asProxiesSay tells whether a field is one of proxyFields. The three of X-Forwarded that the
// gateway itself sends are none: it writes them anew, or adds to them.
func asProxiesSay(name string) bool {
	if classify(name) != ordinary {
		return false
	}
	for _, p := range proxyFields {
		if p[len(p)-1] == '-' && len(name) > len(p) && strings.EqualFold(name[:len(p)], p) || strings.EqualFold(name, p) {
			return true
		}
	}
	return false
}

// secret tells whether a text holds the client's token.
func (e *mcpExchange) secret(text string) bool {
	for _, s := range e.secrets {
		if strings.Contains(text, s) {
			return true
		}
		if u, err := url.QueryUnescape(text); err == nil && strings.Contains(u, s) {
			return true
		}
	}
	return false
}

// answer makes a server's response the client's.
func (e *mcpExchange) answer(x *pipeline.Exchange, life *lifeline, member string) error {
	h := &x.Response.Header
	for _, name := range [...]string{"Set-Cookie", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
		"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age"} {
		h.Del(name)
	}
	session := e.session.id
	if id := h.Get(mcp.HeaderSession); id == "" || mcp.Stateless(e.version) || e.endpoint != "mcp" {
		h.Del(mcp.HeaderSession)
	} else {
		session = id
		h.Set(mcp.HeaderSession, e.gateway.sealer().Seal(e.sealedFor(), e.user, member+"\x00"+id))
	}
	if mediaTypeOf(h.Get("Content-Type")) == "text/event-stream" {
		return e.stream(x, life, session, member)
	}
	if e.message != nil && e.message.Method == "tools/list" && e.server.filters {
		return e.filterBody(x)
	}
	return nil
}

// filterBody takes the tools out of a list that the caller does not see.
func (e *mcpExchange) filterBody(x *pipeline.Exchange) error {
	data, fault := bodyWithin(&x.Response.Body, maxEvent)
	if fault != nil {
		return pipeline.Faultf(502, pipeline.ReasonBackend, "The list of tools could not be read.")
	}
	if len(data) == 0 {
		x.Response.Body.SetBytes(data)
		return nil
	}
	x.Response.Body.SetBytes(e.filterMessage(x.Caller, data))
	return nil
}

// filterMessage takes the tools out of an answer that the caller does not see. What cannot
// be read is not passed on.
func (e *mcpExchange) filterMessage(caller *pipeline.Caller, data []byte) []byte {
	m, refused := mcp.Parse(data)
	if refused != nil {
		return (&mcp.Error{Code: mcp.CodeInternal, Message: "The MCP server's message could not be read"}).Body(nil)
	}
	if !m.IsAnswer() || m.Result == nil || !listsTools(m.Result) {
		return data
	}
	result, err := mcp.FilterTools(m.Result, func(name string) bool { return e.server.shows(name, caller) })
	if err != nil {
		return (&mcp.Error{Code: mcp.CodeInternal, Message: "The MCP server's list of tools could not be read"}).Body(m.ID)
	}
	out := append([]byte(`{"jsonrpc":"2.0","id":`), m.ID...)
	out = append(out, `,"result":`...)
	return append(append(out, result...), '}')
}

// listsTools tells whether a result is that of tools/list: on a stream of old servers the
// answer to any request may come, and no other result has tools.
func listsTools(result json.RawMessage) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(result, &members) != nil {
		return true // let the filter refuse it
	}
	for name := range members {
		if strings.EqualFold(name, "tools") {
			return true
		}
	}
	return false
}
