package liquid

import (
	"strconv"
	"strings"

	"sekisho/engine/dotnet/apim"
)

// contextObject is what templates see as `context`. Everything is read when it is
// asked for.
func contextObject(c apim.Context) object {
	return fields{
		{"Request", func() any { return requestObject(c.Request()) }},
		{"Response", func() any { return responseObject(c) }},
		{"Variables", func() any { return variables{c.Variables()} }},
		{"RequestId", func() any { return c.RequestID() }},
		{"Timestamp", func() any { return c.Timestamp() }},
		{"Api", func() any { return apiObject(c.API()) }},
		{"Operation", func() any {
			o := c.Operation()
			if o == nil {
				return nil
			}
			return fields{{"Id", o.ID}, {"Name", o.Name}, {"Method", o.Method}, {"UrlTemplate", o.URLTemplate}}
		}},
		{"Product", func() any {
			p := c.Product()
			if p == nil {
				return nil
			}
			return fields{{"Id", p.ID}, {"Name", p.Name}}
		}},
		{"Subscription", func() any {
			s := c.Subscription()
			if s == nil {
				return nil
			}
			return fields{{"Id", s.ID}, {"Name", s.Name}, {"Key", s.Key}}
		}},
		{"User", func() any {
			u := c.User()
			if u == nil {
				return nil
			}
			return fields{{"Id", u.ID}, {"Email", u.Email}, {"FirstName", u.FirstName}, {"LastName", u.LastName}, {"Note", u.Note}}
		}},
		{"Deployment", func() any {
			d := c.Deployment()
			if d == nil {
				return nil
			}
			return fields{{"GatewayId", d.GatewayID}, {"Region", d.Region}, {"ServiceName", d.ServiceName}, {"ServiceId", d.ServiceID}}
		}},
		{"LastError", func() any {
			e := c.LastError()
			if e == nil {
				return nil
			}
			return fields{
				{"Source", e.Source}, {"Reason", e.Reason}, {"Message", e.Message}, {"Scope", e.Scope},
				{"Section", e.Section}, {"Path", e.Path}, {"PolicyId", e.PolicyID},
			}
		}},
	}
}

func apiObject(a *apim.API) any {
	if a == nil {
		return nil
	}
	return fields{{"Id", a.ID}, {"Name", a.Name}, {"Path", a.Path}, {"Revision", a.Revision}, {"Version", a.Version}}
}

func requestObject(q apim.Request) any {
	if q == nil {
		return nil
	}
	return fields{
		{"Url", func() any { return urlObject(q.URL()) }},
		{"OriginalUrl", func() any { return urlObject(q.OriginalURL()) }},
		{"Method", q.Method()},
		{"OriginalMethod", func() any {
			// What a context does not tell apart is the method as it is.
			if o, ok := q.(interface{ OriginalMethod() string }); ok {
				return o.OriginalMethod()
			}
			return q.Method()
		}},
		{"IpAddress", q.IPAddress()},
		{"MatchedParameters", func() any { return values{q.MatchedParameters()} }},
		{"HasBody", func() any { return q.Body() != nil }},
		{"ClientCertificates", func() any {
			if q.Certificate() == nil {
				return []any{}
			}
			return []any{q.Certificate()}
		}},
		{"Headers", func() any { return multi{q.Headers()} }},
	}
}

func responseObject(c apim.Context) any {
	p := c.Response()
	if p == nil {
		return nil
	}
	return fields{
		{"StatusCode", int32(p.StatusCode())},
		{"StatusReason", func() any { return p.StatusReason() }},
		// Liquid's Response has the method of the request, as APIM documents.
		{"Method", func() any {
			if q := c.Request(); q != nil {
				return q.Method()
			}
			return nil
		}},
		{"Headers", func() any { return multi{p.Headers()} }},
	}
}

func urlObject(u *apim.URL) any {
	if u == nil {
		return nil
	}
	whole := func() any {
		s := u.Scheme + "://" + u.Host
		if u.Port != 0 && !(u.Scheme == "http" && u.Port == 80) && !(u.Scheme == "https" && u.Port == 443) {
			s += ":" + strconv.Itoa(u.Port)
		}
		return s + u.Path + u.QueryString
	}
	return fields{
		{"Scheme", u.Scheme}, {"Host", u.Host}, {"Port", int32(u.Port)}, {"Path", u.Path},
		{"Query", func() any { return multi{u.Query} }}, {"QueryString", u.QueryString},
		{"ToUri", whole}, {"ToString", whole},
	}
}

// variables is context.Variables; names are found exactly.
type variables struct{ v apim.Variables }

func (d variables) Lookup(name string) (any, bool) {
	if d.v == nil {
		return nil, false
	}
	return d.v.Lookup(name)
}

func (d variables) Each(f func(name string, v any) bool) {
	if d.v != nil {
		d.v.Each(f)
	}
}

func (d variables) Len() int {
	if d.v == nil {
		return 0
	}
	return d.v.Len()
}

// multi is headers or a query: each value is a list, as in APIM.
type multi struct{ m apim.MultiValues }

func (d multi) Lookup(name string) (any, bool) {
	if d.m == nil {
		return nil, false
	}
	v, ok := d.m.Lookup(name)
	return list(v), ok
}

func (d multi) Each(f func(name string, v any) bool) {
	if d.m != nil {
		d.m.Each(func(name string, v []string) bool { return f(name, list(v)) })
	}
}

func (d multi) Len() int {
	if d.m == nil {
		return 0
	}
	return d.m.Len()
}

func list(s []string) []any {
	out := make([]any, len(s))
	for i, v := range s {
		out[i] = v
	}
	return out
}

// values is MatchedParameters.
type values struct{ m apim.Values }

func (d values) Lookup(name string) (any, bool) {
	if d.m == nil {
		return nil, false
	}
	v, ok := d.m.Lookup(name)
	return v, ok
}

func (d values) Each(f func(name string, v any) bool) {
	if d.m != nil {
		d.m.Each(func(name, v string) bool { return f(name, v) })
	}
}

func (d values) Len() int {
	if d.m == nil {
		return 0
	}
	return d.m.Len()
}

// readBody parses the body as its Content-Type says; what is neither JSON nor XML is
// a string.
func (r *renderer) readBody() (any, error) {
	if r.bodyRead || r.data.Body == nil {
		return r.body, nil
	}
	r.bodyRead = true
	content, contentType, err := r.data.Body()
	if err != nil || len(content) == 0 {
		return nil, err
	}
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch {
	case media == "text/xml" || media == "application/xml" || strings.HasSuffix(media, "+xml"):
		e, err := parseXML(content, r.data.XsiNull)
		if err != nil {
			return nil, err
		}
		r.body = e
	case media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"):
		r.body, err = parseJSON(content, r.data.KeepDates)
	default:
		r.body = string(content)
	}
	return r.body, err
}
