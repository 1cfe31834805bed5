package builtins

import (
	"slices"
	"strings"

	"sekisho/engine/pipeline"
)

// CORS lets browsers read responses from other origins.
//
//	<cors allow-credentials="true" terminate-unmatched-request="false">
//	  <allowed-origins><origin>https://app.example.com</origin></allowed-origins>
//	  <allowed-methods preflight-result-max-age="300"><method>GET</method><method>PUT</method></allowed-methods>
//	  <allowed-headers><header>*</header></allowed-headers>
//	  <expose-headers><header>X-Total</header></expose-headers>
//	</cors>
//
// A preflight is answered before any other policy and before keys are asked for, see
// Preflight. A GET or HEAD with an Origin that does not fit ends with an empty 200, or
// goes on without CORS headers if terminate-unmatched-request is false; requests of
// other methods go on. The first cors that fits is the one that counts. Without
// allowed-methods those are GET and POST. "*" stands for every origin, method or header.
//
// Spec: https://learn.microsoft.com/azure/api-management/cors-policy
// Ours: the page gives terminate-unmatched-request the default false in its table and
// true in its text; it is true here. An origin without a port has its scheme's, and a
// slash at its end does not matter. With allow-credentials "*" answers with the origin
// that asks, for browsers refuse "*" then. Vary: Origin is added where the answer
// depends on it. allowed-headers may be absent: real documents leave it out. What is no
// origin is a warning, since templates hold placeholders, and fits none.
var CORS = pipeline.Policy{
	Name:     "cors",
	Summary:  "Lets browsers read responses from other origins.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Once:     true,
	Example: `<cors allow-credentials="false">
  <allowed-origins><origin>https://app.example.com</origin></allowed-origins>
  <allowed-methods preflight-result-max-age="300"><method>GET</method><method>PUT</method></allowed-methods>
  <allowed-headers><header>Content-Type</header></allowed-headers>
</cors>`,
	New: func() pipeline.Step { return new(cors) },
}

type cors struct {
	Credentials pipeline.Bool  `attr:"allow-credentials" default:"false"`
	Terminate   pipeline.Bool  `attr:"terminate-unmatched-request" default:"true"`
	Origins     corsOrigins    `child:"allowed-origins,required"`
	Methods     *corsMethods   `child:"allowed-methods"`
	Headers     *corsHeaders   `child:"allowed-headers"`
	Expose      *exposeHeaders `child:"expose-headers"`
}

type corsOrigins struct {
	Origins []*corsOrigin `child:"origin,required"`
}

type corsOrigin struct {
	Value pipeline.String `text:",required"`

	norm string // of a literal
}

type corsMethods struct {
	MaxAge  pipeline.Int      `attr:"preflight-result-max-age" range:"0"`
	Methods []pipeline.String `child:"method,required"`
}

type corsHeaders struct {
	Headers []pipeline.String `child:"header,required"`
}

type exposeHeaders struct {
	Headers []pipeline.String `child:"header,required"`
}

// Check warns of what is no origin.
func (o *corsOrigin) Check(c *pipeline.Check) {
	s, ok := o.Value.Literal()
	if !ok {
		return
	}
	o.norm = normalOrigin(s)
	if written := c.Element().Content; o.norm == "" && !written.HasStandIn() {
		c.Warnf(&o.Value, "bad-origin", "%q is no origin: it fits no request", written.AsWritten()).
			WithHint("%s", "write a scheme and a host, such as https://app.example.com, or *")
	}
}

// Check refuses "*" beside other origins.
func (o *corsOrigins) Check(c *pipeline.Check) {
	for _, one := range o.Origins {
		if one.norm == "*" && len(o.Origins) > 1 {
			c.Errorf(nil, "bad-origin", `the origin "*" must be the only one`)
			return
		}
	}
}

// normalOrigin is an origin in the form in which origins compare, "" for none.
func normalOrigin(s string) string {
	if s == "*" || s == "null" {
		return s
	}
	scheme, host, ok := strings.Cut(strings.ToLower(s), "://")
	host = strings.TrimSuffix(host, "/")
	if !ok || scheme == "" || host == "" || strings.ContainsAny(host, "/?#@*{}[ ") && !strings.HasPrefix(host, "[") {
		return ""
	}
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// grant is what a cors policy allows an origin.
type grant struct {
	origin      string // for Access-Control-Allow-Origin
	credentials bool
	vary        bool
}

func (g *grant) write(h *pipeline.Header) {
	h.Set("Access-Control-Allow-Origin", g.origin)
	if g.credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if g.vary {
		vary, _ := h.Lookup("Vary")
		if !listed(vary, "Origin") {
			h.Add("Vary", "Origin")
		}
	}
}

// listed tells whether a name stands in the comma-separated values of a header.
func listed(lines []string, name string) bool {
	for _, l := range lines {
		for part := range strings.SplitSeq(l, ",") {
			if part = strings.TrimSpace(part); part == "*" || strings.EqualFold(part, name) {
				return true
			}
		}
	}
	return false
}

// fits tells what the policy allows an origin; nil for nothing.
func (c *cors) fits(x *pipeline.Exchange, origin string) (*grant, error) {
	asked := normalOrigin(origin)
	for _, o := range c.Origins.Origins {
		norm := o.norm
		if _, literal := o.Value.Literal(); !literal {
			s, err := o.Value.Get(x)
			if err != nil {
				return nil, err
			}
			norm = normalOrigin(strings.TrimSpace(s))
		}
		if norm == "" || norm != "*" && norm != asked {
			continue
		}
		credentials, err := c.Credentials.Get(x)
		if err != nil {
			return nil, err
		}
		if norm == "*" && !credentials {
			return &grant{origin: "*"}, nil
		}
		return &grant{origin: origin, credentials: credentials, vary: true}, nil
	}
	return nil, nil
}

// corsApplied is where an Exchange keeps that a cors policy has fitted it.
type corsApplied struct{}

func (c *cors) Run(x *pipeline.Exchange) error {
	origin := x.Request.Header.Get("Origin")
	if origin == "" || x.Value(corsApplied{}) != nil {
		return nil
	}
	g, err := c.fits(x, origin)
	if err != nil {
		return err
	}
	if g != nil {
		x.SetValue(corsApplied{}, true)
		expose, err := c.exposed(x)
		if err != nil {
			return err
		}
		x.AfterOutbound(func(x *pipeline.Exchange) {
			g.write(&x.Response.Header)
			if expose != "" {
				x.Response.Header.Set("Access-Control-Expose-Headers", expose)
			}
		})
		return nil
	}
	if m := x.Request.Method; m != "GET" && m != "HEAD" {
		return nil
	}
	terminate, err := c.Terminate.Get(x)
	if err != nil || !terminate {
		return err
	}
	emptyOK(&x.Response)
	return pipeline.Respond
}

func (c *cors) exposed(x *pipeline.Exchange) (string, error) {
	if c.Expose == nil {
		return "", nil
	}
	names, err := evaluate(x, c.Expose.Headers)
	return strings.Join(names, ","), err
}

func evaluate(x *pipeline.Exchange, values []pipeline.String) ([]string, error) {
	out := make([]string, len(values))
	for i := range values {
		s, err := values[i].Get(x)
		if err != nil {
			return nil, err
		}
		out[i] = strings.TrimSpace(s)
	}
	return out, nil
}

func emptyOK(r *pipeline.Response) {
	r.Status, r.Reason = 200, ""
	r.Header.Reset()
	r.Body.Clear()
}

// Preflight answers a CORS preflight (OPTIONS with Origin and
// Access-Control-Request-Method) by the cors policies of the documents, which are
// given from the narrowest scope on: those that are direct children of inbound, in
// the order in which <base/> puts them. The first that allows the origin, the method
// and the headers answers. One that does not ends with an empty 200, unless its
// terminate-unmatched-request is false: then the next is asked, and after the last
// one the answer is an empty 200 too. The result is false if there is no cors policy.
func Preflight(x *pipeline.Exchange, documents []*pipeline.Compiled) bool {
	found := false
	eachCORS(documents, func(c *cors) (more bool) {
		if !found {
			found = true
			emptyOK(&x.Response)
		}
		answered, err := c.preflight(x)
		if err == nil && !answered {
			var terminate bool
			if terminate, err = c.Terminate.Get(x); err == nil {
				return !terminate
			}
		}
		if err != nil {
			// An expression failed: no header is the refusal that browsers understand.
			emptyOK(&x.Response)
			x.TraceMessage("cors", "error", "The preflight was not answered: "+err.Error(), nil)
		}
		return false
	})
	return found
}

// eachCORS calls f for the cors policies of the chain until it returns false.
func eachCORS(documents []*pipeline.Compiled, f func(c *cors) bool) (goOn bool) {
	goOn = true
	if len(documents) == 0 {
		return goOn
	}
	inbound := documents[0].Section(pipeline.Inbound)
	if inbound == nil {
		return eachCORS(documents[1:], f) // an absent section inherits
	}
	var walk func(p *pipeline.Pipeline)
	walk = func(p *pipeline.Pipeline) {
		p.Each(func(s pipeline.Step, _ func(x *pipeline.Exchange) error) {
			if !goOn {
				return
			}
			switch s := s.(type) {
			case *cors:
				goOn = f(s)
			case *pipeline.Include:
				walk(&s.Steps)
			case pipeline.Base:
				goOn = eachCORS(documents[1:], f)
			}
		})
	}
	walk(inbound)
	return goOn
}

// preflight answers if the policy allows what is asked for.
func (c *cors) preflight(x *pipeline.Exchange) (bool, error) {
	q := &x.Request.Header
	g, err := c.fits(x, q.Get("Origin"))
	if err != nil || g == nil {
		return false, err
	}
	method := q.Get("Access-Control-Request-Method")
	if ok, err := c.allowsMethod(x, method); err != nil || !ok {
		return false, err
	}
	asked := requestedHeaders(q)
	if ok, err := c.allowsHeaders(x, asked); err != nil || !ok {
		return false, err
	}
	h := &x.Response.Header
	g.write(h)
	h.Set("Access-Control-Allow-Methods", method)
	if len(asked) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(asked, ","))
	}
	if c.Methods != nil && c.Methods.MaxAge.IsSet() {
		age, err := c.Methods.MaxAge.Get(x)
		if err != nil {
			return false, err
		}
		h.Set("Access-Control-Max-Age", decimalText(max(age, 0)))
	}
	return true, nil
}

func (c *cors) allowsMethod(x *pipeline.Exchange, method string) (bool, error) {
	if c.Methods == nil {
		return method == "GET" || method == "POST", nil
	}
	allowed, err := evaluate(x, c.Methods.Methods)
	return slices.ContainsFunc(allowed, func(m string) bool { return m == "*" || strings.EqualFold(m, method) }), err
}

// safeHeaders may be sent to other origins without being allowed.
var safeHeaders = []string{"accept", "accept-language", "content-language", "origin"}

func (c *cors) allowsHeaders(x *pipeline.Exchange, asked []string) (bool, error) {
	var allowed []string
	if c.Headers != nil {
		var err error
		if allowed, err = evaluate(x, c.Headers.Headers); err != nil {
			return false, err
		}
	}
	for _, a := range asked {
		fits := func(h string) bool { return h == "*" || strings.EqualFold(h, a) }
		if !slices.ContainsFunc(allowed, fits) && !slices.Contains(safeHeaders, strings.ToLower(a)) {
			return false, nil
		}
	}
	return true, nil
}

// requestedHeaders are the names of Access-Control-Request-Headers.
func requestedHeaders(h *pipeline.Header) []string {
	var out []string
	lines, _ := h.Lookup("Access-Control-Request-Headers")
	for _, l := range lines {
		for name := range strings.SplitSeq(l, ",") {
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}
