package evalctx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

// epoch is the clock of dates that are read: they are complete, so any does.
var epoch = time.Unix(0, 0).UTC()

// RequestID implements apim.Context.
func (c *Context) RequestID() clr.Guid { return c.id }

// Timestamp implements apim.Context.
func (c *Context) Timestamp() clr.DateTime { return c.timestamp }

// Elapsed implements apim.Context.
func (c *Context) Elapsed() clr.TimeSpan { return 0 }

// Tracing implements apim.Context.
func (c *Context) Tracing() bool { return c.tracing }

// Trace implements apim.Context.
func (c *Context) Trace(message string) { c.Traced = append(c.Traced, message) }

// API implements apim.Context.
func (c *Context) API() *apim.API { return c.api }

// Operation implements apim.Context.
func (c *Context) Operation() *apim.Operation { return c.operation }

// Product implements apim.Context.
func (c *Context) Product() *apim.Product { return c.product }

// Subscription implements apim.Context.
func (c *Context) Subscription() *apim.Subscription { return c.sub }

// User implements apim.Context.
func (c *Context) User() *apim.User { return c.user }

// Deployment implements apim.Context.
func (c *Context) Deployment() *apim.Deployment { return c.deploy }

// Backend implements apim.Context.
func (c *Context) Backend() *apim.Backend { return nil }

// Workspace implements apim.Context.
func (c *Context) Workspace() *apim.Workspace { return nil }

// LastError implements apim.Context.
func (c *Context) LastError() *apim.LastError { return c.lastError }

// Request implements apim.Context.
func (c *Context) Request() apim.Request { return c.request }

// Response implements apim.Context.
func (c *Context) Response() apim.Response { return c.response }

// Variables implements apim.Context.
func (c *Context) Variables() apim.Variables { return c.variables }

type request struct {
	method        string
	url, original *apim.URL
	ip            string
	headers       multiValues
	params        values
	body          *body
}

func (r *request) Method() string                 { return r.method }
func (r *request) URL() *apim.URL                 { return r.url }
func (r *request) OriginalURL() *apim.URL         { return r.original }
func (r *request) IPAddress() string              { return r.ip }
func (r *request) Headers() apim.MultiValues      { return &r.headers }
func (r *request) MatchedParameters() apim.Values { return &r.params }
func (r *request) Certificate() *apim.Certificate { return nil }

func (r *request) Body() apim.Body {
	if r.body == nil {
		return nil
	}
	return r.body
}

type response struct {
	status  int
	reason  string
	headers multiValues
	body    *body
}

func newResponse(f *responseFile) *response {
	r := &response{status: 200, reason: "OK"}
	if f == nil {
		return r
	}
	if f.StatusCode != nil {
		r.status = *f.StatusCode
	}
	r.reason, r.headers = f.StatusReason, f.Headers
	r.body = newBody(f.Body, f.Headers)
	return r
}

func (r *response) StatusCode() int           { return r.status }
func (r *response) StatusReason() string      { return r.reason }
func (r *response) Headers() apim.MultiValues { return &r.headers }

func (r *response) Body() apim.Body {
	if r.body == nil {
		return nil
	}
	return r.body
}

// body is a message body held in memory.
type body struct {
	content     []byte
	contentType string
	consumed    bool
}

func newBody(content *string, headers multiValues) *body {
	if content == nil {
		return nil
	}
	b := &body{content: []byte(*content)}
	if v, ok := headers.Lookup("Content-Type"); ok && len(v) > 0 {
		b.contentType = v[0]
	}
	return b
}

func (b *body) Read(preserve bool) []byte {
	if b.consumed {
		clr.Throw(clr.InvalidOperationException, "The message body has been read already and was not preserved.")
	}
	b.consumed = !preserve
	return b.content
}

func (b *body) ContentType() string { return b.contentType }

// multiValues are names with lists of values, in the order of the file; names are
// compared without case.
type multiValues struct {
	names []string
	lists [][]string
}

func (m *multiValues) UnmarshalJSON(data []byte) error {
	return eachMember(data, func(name string, raw json.RawMessage) error {
		var list []string
		if err := json.Unmarshal(raw, &list); err != nil {
			var one string
			if json.Unmarshal(raw, &one) != nil {
				return fmt.Errorf("%q wants a list of strings", name)
			}
			list = []string{one}
		}
		m.names = append(m.names, name)
		m.lists = append(m.lists, list)
		return nil
	})
}

func (m *multiValues) add(name, value string) {
	for i, n := range m.names {
		if strings.EqualFold(n, name) {
			m.lists[i] = append(m.lists[i], value)
			return
		}
	}
	m.names = append(m.names, name)
	m.lists = append(m.lists, []string{value})
}

// Lookup implements apim.MultiValues.
func (m multiValues) Lookup(name string) ([]string, bool) {
	for i, n := range m.names {
		if strings.EqualFold(n, name) {
			return m.lists[i], true
		}
	}
	return nil, false
}

// Len implements apim.MultiValues.
func (m multiValues) Len() int { return len(m.names) }

// Each implements apim.MultiValues.
func (m multiValues) Each(f func(name string, list []string) bool) {
	for i, n := range m.names {
		if !f(n, m.lists[i]) {
			return
		}
	}
}

// values are names with one value each.
type values struct{ names, list []string }

func (v *values) UnmarshalJSON(data []byte) error {
	return eachMember(data, func(name string, raw json.RawMessage) error {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return fmt.Errorf("%q wants a string", name)
		}
		v.names, v.list = append(v.names, name), append(v.list, s)
		return nil
	})
}

// Lookup implements apim.Values.
func (v *values) Lookup(name string) (string, bool) {
	for i, n := range v.names {
		if strings.EqualFold(n, name) {
			return v.list[i], true
		}
	}
	return "", false
}

// Len implements apim.Values.
func (v *values) Len() int { return len(v.names) }

// Each implements apim.Values.
func (v *values) Each(f func(name, value string) bool) {
	for i, n := range v.names {
		if !f(n, v.list[i]) {
			return
		}
	}
}

// variables are names with values of any type.
type variables struct {
	names []string
	vals  map[string]any
}

func (v *variables) set(name string, value any) {
	if v.vals == nil {
		v.vals = map[string]any{}
	}
	if _, ok := v.vals[name]; !ok {
		v.names = append(v.names, name)
	}
	v.vals[name] = value
}

// Lookup implements apim.Variables.
func (v *variables) Lookup(name string) (any, bool) {
	val, ok := v.vals[name]
	return val, ok
}

// Len implements apim.Variables.
func (v *variables) Len() int { return len(v.names) }

// Each implements apim.Variables.
func (v *variables) Each(f func(name string, value any) bool) {
	for _, n := range v.names {
		if !f(n, v.vals[n]) {
			return
		}
	}
}

// eachMember calls f for the members of a JSON object in their order.
func eachMember(data []byte, f func(name string, raw json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		if t == nil && err == nil {
			return nil // null
		}
		return fmt.Errorf("an object is wanted")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		name, _ := t.(string)
		if err := f(name, raw); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys(m map[string]json.RawMessage) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
