package builtins

import (
	"context"
	"slices"
	"strings"
	"time"

	"sekisho/engine/pipeline"
)

// SendRequest sends a request of its own and keeps the response in a variable.
//
//	<send-request mode="new" response-variable-name="user" timeout="20" ignore-error="true">
//	  <set-url>https://users.example.com/me</set-url>
//	  <set-method>GET</set-method>
//	  <set-header name="Accept"><value>application/json</value></set-header>
//	  <set-body>…</set-body>
//	  <authentication-basic username="u" password="p" />
//	  <proxy url="http://proxy.example.com:3128" />
//	</send-request>
//
// mode="new" starts from nothing and wants set-url and set-method; "copy" from the
// request as it is at this moment, without its body in outbound and on-error. Every
// status is a response. A failed connection and a response whose headers do not come
// within timeout seconds (60) set the variable to null with ignore-error, and are a
// Fault with reason BackendConnectionFailure or Timeout without.
//
// Spec: https://learn.microsoft.com/azure/api-management/send-request-policy
// Ours: a copy leaves Host and the headers of the client's connection behind. The
// response's body is read when an expression asks for it. A failing expression inside
// is a Fault whatever ignore-error says, and so is a request that the client or wait
// has given up. Redirects are responses like others.
var SendRequest = pipeline.Policy{
	Name:     "send-request",
	Summary:  "Sends a request of its own and keeps the response in a variable.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<send-request mode="new" response-variable-name="user" timeout="20" ignore-error="true">
  <set-url>https://users.example.com/me</set-url>
  <set-method>GET</set-method>
</send-request>`,
	New: func() pipeline.Step { return new(sendRequest) },
}

type sendRequest struct {
	outgoing
	Variable    pipeline.String `attr:"response-variable-name,required"`
	IgnoreError bool            `attr:"ignore-error" default:"false"`
}

// outgoing is what send-request and send-one-way-request have in common.
type outgoing struct {
	Mode    pipeline.String   `attr:"mode" enum:"new copy" default:"new"`
	Timeout pipeline.Float    `attr:"timeout" range:"0" default:"60"`
	Steps   pipeline.Pipeline `steps:"set-url set-method set-header set-body authentication-basic authentication-certificate authentication-managed-identity"`
	Proxy   *proxyChild       `child:"proxy"`
}

type proxyChild struct {
	URL      pipeline.String `attr:"url,required"`
	Username pipeline.String `attr:"username" secret:""`
	Password pipeline.String `attr:"password" secret:""`
}

// Check wants a target for a new request.
func (o *outgoing) Check(c *pipeline.Check) {
	if mode, ok := o.Mode.Literal(); !ok || mode != "new" || isStandIn(c, "mode") {
		return
	}
	e := c.Element()
	for _, name := range []string{"set-url", "set-method"} {
		has := false
		for child := range e.Elements() {
			has = has || child.Name == name
		}
		if !has {
			c.Errorf(nil, "missing-element", `<%s> with mode="new" wants a <%s> inside`, e.Name, name)
		}
	}
}

// Check wants an HTTP proxy.
func (p *proxyChild) Check(c *pipeline.Check) {
	if text, ok := p.URL.Literal(); ok && !isStandIn(c, "url") {
		if u, ok := pipeline.ParseURL(text); !ok || u.Scheme != "http" {
			c.Errorf(&p.URL, "bad-value", `attribute "url" of <proxy> wants an http URL, got %q`, c.Element().Attr("url").Value.AsWritten())
		}
	}
}

func (s *sendRequest) Run(x *pipeline.Exchange) error {
	name, err := s.Variable.Get(x)
	if err != nil {
		return err
	}
	r, o, timeout, err := s.make(x)
	if err != nil {
		return err
	}
	resp, err := send(x, r, o, timeout)
	if err != nil {
		if cut := x.Context.Err(); cut != nil {
			return gone(cut)
		}
		if s.IgnoreError {
			x.Set(name, nil)
			return nil
		}
		return err
	}
	x.OnClose(resp.Body.Clear)
	x.Set(name, resp.APIM())
	return nil
}

// send sends r, and gives it up if the headers of the response take longer than timeout.
func send(x *pipeline.Exchange, r *pipeline.Request, o pipeline.SendOptions, timeout time.Duration) (*pipeline.Response, error) {
	if r.URL.Host == "" {
		return nil, pipeline.Faultf(500, pipeline.ReasonBackend, "The request has no URL.")
	}
	ctx, cancel := context.WithTimeout(x.Context, timeout)
	defer cancel()
	resp, err := x.Services.Transport.Send(ctx, r, o)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// make makes the request that the policies inside describe.
func (o *outgoing) make(x *pipeline.Exchange) (r *pipeline.Request, opts pipeline.SendOptions, timeout time.Duration, err error) {
	opts.BodyLimit = x.BodyLimit
	mode, err := o.Mode.Get(x)
	if err != nil {
		return nil, opts, 0, err
	}
	if timeout, err = duration(x, &o.Timeout, time.Second); err != nil {
		return nil, opts, 0, err
	}
	r = pipeline.NewRequest(x.BodyLimit)
	switch mode {
	case "new":
		r.Method = "GET"
	case "copy":
		if err := copyRequest(x, r); err != nil {
			return nil, opts, 0, err
		}
	default:
		return nil, opts, 0, badValue("The computed mode of a request must be new or copy.")
	}
	if err := x.With(r, nil, &o.Steps); err != nil {
		return nil, opts, 0, err
	}
	if o.Proxy != nil {
		if opts.Proxy, err = o.Proxy.options(x); err != nil {
			return nil, opts, 0, err
		}
	}
	return r, opts, timeout, nil
}

// copyRequest makes r like the request as it is now.
func copyRequest(x *pipeline.Exchange, r *pipeline.Request) error {
	r.Method, r.URL = x.Request.Method, x.Request.URL
	own := append([]string{"host", "proxy-connection", "proxy-authorization", "te", "trailer", "upgrade", "expect"}, ownHeaders...)
	for _, name := range strings.Split(x.Request.Header.Get("Connection"), ",") {
		own = append(own, strings.ToLower(strings.TrimSpace(name)))
	}
	for _, f := range x.Request.Header.Fields() {
		if !slices.Contains(own, strings.ToLower(f.Name)) {
			r.Header.Add(f.Name, f.Value)
		}
	}
	if x.Section() == pipeline.Outbound || x.Section() == pipeline.OnError || !x.Request.Body.Present() {
		r.Header.Del("Content-Encoding")
		return nil
	}
	data, err := x.Request.Body.Buffer()
	if err != nil {
		return err
	}
	r.Body.SetBytes(data)
	return nil
}

func (p *proxyChild) options(x *pipeline.Exchange) (*pipeline.ProxyOptions, error) {
	var o pipeline.ProxyOptions
	for _, f := range []struct {
		v  *pipeline.String
		to *string
	}{{&p.URL, &o.URL}, {&p.Username, &o.Username}, {&p.Password, &o.Password}} {
		s, err := f.v.Get(x)
		if err != nil {
			return nil, err
		}
		*f.to = s
	}
	return &o, nil
}
