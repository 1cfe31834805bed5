package script

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/source"
)

// testHost is a request as a test describes it; what scripts do to it is written
// into log, one line each.
type testHost struct {
	mu        sync.Mutex
	log       []string
	reqHeader testHeader
	resHeader testHeader
	reqBody   []byte
	resBody   []byte
	method    string
	path      string
	query     string
	status    int
	reason    string
	vars      map[string]any
	user      *apim.User
	lastError *apim.LastError
	send      func(ctx context.Context, r *Outgoing) (*Incoming, error)
}

func newTestHost() *testHost {
	return &testHost{
		method: "GET", path: "/orders/7", query: "a=1&b=x%20y&a=2", status: 200,
		reqHeader: testHeader{{"Accept", "text/html"}, {"X-Multi", "one"}, {"X-Multi", "two"}, {"get", "evil"}},
		resHeader: testHeader{{"Content-Type", "text/plain"}},
		reqBody:   []byte(`{"name":"Ada","n":[1,2]}`),
		vars:      map[string]any{},
	}
}

func (h *testHost) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

type testHeader []Field

func (h *testHeader) Lookup(name string) (values []string, ok bool) {
	for _, f := range *h {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values, values != nil
}

func (h *testHeader) Len() int { return len(*h) }

func (h *testHeader) Each(f func(string, []string) bool) {
	seen := map[string]bool{}
	for _, l := range *h {
		if n := strings.ToLower(l.Name); !seen[n] {
			seen[n] = true
			values, _ := h.Lookup(l.Name)
			if !f(l.Name, values) {
				return
			}
		}
	}
}

func (h *testHeader) Add(name, value string) { *h = append(*h, Field{name, value}) }
func (h *testHeader) Del(name string) {
	*h = slices.DeleteFunc(*h, func(f Field) bool { return strings.EqualFold(f.Name, name) })
}
func (h *testHeader) SetValues(name string, values []string) {
	h.Del(name)
	for _, v := range values {
		h.Add(name, v)
	}
}

type testQuery map[string][]string

func (q testQuery) Lookup(name string) ([]string, bool) { v, ok := q[name]; return v, ok }
func (q testQuery) Len() int                            { return len(q) }
func (q testQuery) Each(f func(string, []string) bool) {
	for _, k := range slices.Sorted(maps.Keys(q)) {
		if !f(k, q[k]) {
			return
		}
	}
}

type testValues map[string]string

func (q testValues) Lookup(name string) (string, bool) { v, ok := q[name]; return v, ok }
func (q testValues) Len() int                          { return len(q) }
func (q testValues) Each(f func(string, string) bool) {
	for _, k := range slices.Sorted(maps.Keys(q)) {
		if !f(k, q[k]) {
			return
		}
	}
}

type testBody []byte

func (b testBody) Read(bool) []byte {
	if string(b) == "consumed" {
		clr.Throw("System.InvalidOperationException", "The message body has already been read.")
	}
	return b
}
func (b testBody) ContentType() string { return "" }

func (h *testHost) RequestID() clr.Guid {
	g, _ := clr.TryParseGuid("0f8fad5b-d9cb-469f-a165-70867728950e")
	return g
}
func (h *testHost) Timestamp() clr.DateTime {
	return testDate(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
}
func (h *testHost) Elapsed() clr.TimeSpan { return clr.TimeSpan(15_000) }
func (h *testHost) Tracing() bool         { return true }
func (h *testHost) Trace(message string)  { h.note("trace %s", message) }
func (h *testHost) API() *apim.API {
	a := &apim.API{ID: "orders", Name: "Orders", Path: "/o", Protocols: []string{"https"}, IsCurrentRevision: true, Revision: "1",
		ServiceURL: &apim.URL{Scheme: "https", Host: "backend.test", Port: 443, Path: "/", Query: testQuery{}}}
	a.SubscriptionKey.Header = "Ocp-Apim-Subscription-Key"
	return a
}
func (h *testHost) Operation() *apim.Operation {
	return &apim.Operation{ID: "get", Name: "Get", Method: "GET", URLTemplate: "/orders/{id}"}
}
func (h *testHost) Product() *apim.Product {
	return &apim.Product{ID: "gold", Name: "Gold", Published: true, Groups: []*apim.Group{{ID: "g", Name: "Group"}}, APIs: []*apim.API{h.API()}}
}
func (h *testHost) Subscription() *apim.Subscription {
	return &apim.Subscription{ID: "sub", Key: "k", PrimaryKey: "k", CreatedDate: h.Timestamp()}
}
func (h *testHost) User() *apim.User { return h.user }
func (h *testHost) Deployment() *apim.Deployment {
	return &apim.Deployment{GatewayID: "managed", Region: "West", Gateway: apim.Gateway{ID: "managed", IsManaged: true}}
}
func (h *testHost) Backend() *apim.Backend     { return &apim.Backend{ID: "pool", IsPool: true} }
func (h *testHost) Workspace() *apim.Workspace { return nil }
func (h *testHost) LastError() *apim.LastError { return h.lastError }
func (h *testHost) Request() apim.Request      { return testRequest{h} }
func (h *testHost) Response() apim.Response    { return testResponse{h} }
func (h *testHost) Variables() apim.Variables  { return testVariables{h} }

type testVariables struct{ h *testHost }

func (v testVariables) Lookup(name string) (any, bool) { x, ok := v.h.vars[name]; return x, ok }
func (v testVariables) Len() int                       { return len(v.h.vars) }
func (v testVariables) Each(f func(string, any) bool) {
	for _, k := range slices.Sorted(maps.Keys(v.h.vars)) {
		if !f(k, v.h.vars[k]) {
			return
		}
	}
}

type testRequest struct{ h *testHost }

func (r testRequest) Method() string { return r.h.method }
func (r testRequest) URL() *apim.URL {
	q := testQuery{}
	for _, p := range strings.Split(r.h.query, "&") {
		if n, v, ok := strings.Cut(p, "="); ok {
			q[percentDecode(n)] = append(q[percentDecode(n)], percentDecode(v))
		}
	}
	u := &apim.URL{Scheme: "https", Host: "api.test", Port: 8443, Path: r.h.path, Query: q}
	if r.h.query != "" {
		u.QueryString = "?" + r.h.query
	}
	return u
}
func (r testRequest) OriginalURL() *apim.URL {
	return &apim.URL{Scheme: "https", Host: "gw.test", Port: 443, Path: "/o/orders/7", Query: testQuery{}}
}
func (r testRequest) IPAddress() string              { return "192.0.2.1" }
func (r testRequest) Headers() apim.MultiValues      { return &r.h.reqHeader }
func (r testRequest) MatchedParameters() apim.Values { return testValues{"id": "7"} }
func (r testRequest) Certificate() *apim.Certificate { return nil }
func (r testRequest) Body() apim.Body {
	if r.h.reqBody == nil {
		return nil
	}
	return testBody(r.h.reqBody)
}

type testResponse struct{ h *testHost }

func (r testResponse) StatusCode() int           { return r.h.status }
func (r testResponse) StatusReason() string      { return r.h.reason }
func (r testResponse) Headers() apim.MultiValues { return &r.h.resHeader }
func (r testResponse) Body() apim.Body {
	if r.h.resBody == nil {
		return nil
	}
	return testBody(r.h.resBody)
}

func (h *testHost) Now() time.Time               { return time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC) }
func (h *testHost) Rand() io.Reader              { return rand.New(rand.NewSource(1)) }
func (h *testHost) SetMethod(m string) error     { h.method = m; return nil }
func (h *testHost) SetPath(p string) error       { h.path = p; return nil }
func (h *testHost) SetQuery(q string) error      { h.query = q; return nil }
func (h *testHost) SetBackendURL(u string) error { h.note("backend %s", u); return nil }
func (h *testHost) SetBackendID(id string) error {
	if id != "known" {
		return errors.New("there is no backend " + id)
	}
	h.note("backend id %s", id)
	return nil
}
func (h *testHost) RequestHeader() Header        { return &h.reqHeader }
func (h *testHost) ResponseHeader() Header       { return &h.resHeader }
func (h *testHost) SetRequestBody(b []byte)      { h.reqBody = b }
func (h *testHost) SetResponseBody(b []byte)     { h.resBody = b }
func (h *testHost) SetStatus(code int, r string) { h.status, h.reason = code, r }
func (h *testHost) SetVariable(n string, v any)  { h.vars[n] = v }
func (h *testHost) Log(level, message string)    { h.note("%s %s", level, message) }
func (h *testHost) FromTime(t time.Time) any     { return testDate(t) }
func (h *testHost) FromJSON(text string) (any, error) {
	if !json.Valid([]byte(text)) {
		return nil, errors.New("not JSON: " + text)
	}
	return JSON(text), nil
}
func (h *testHost) Import(v any) any {
	if n, ok := v.(int32); ok {
		return int64(n)
	}
	return v
}
func (h *testHost) Send(ctx context.Context, r *Outgoing) (*Incoming, error) {
	h.note("send %s %s %q %s", r.Method, r.URL, r.Header, r.Body)
	if h.send != nil {
		return h.send(ctx, r)
	}
	return &Incoming{Status: 201, Reason: "Created", Header: []Field{{"X-A", "1"}}, Body: bytes.Clone([]byte(`{"ok":true}`))}, nil
}

func compileExpr(t testing.TB, text string, block bool) *Program {
	t.Helper()
	var diags source.List
	p := CompileExpr(source.Detached("policy.xml", text), block, &diags)
	for _, d := range diags.Sorted() {
		t.Errorf("%s: %v %s", text, d.Range.Pos(), d.Message)
	}
	if p == nil {
		t.FailNow()
	}
	return p
}

// eval evaluates an expression, or statements if they hold "return".
func eval(t testing.TB, pool *Pool, h Host, text string) (any, error) {
	t.Helper()
	return compileExpr(t, text, strings.Contains(text, "return ")).Any(context.Background(), pool, h)
}

func testPool(t testing.TB) *Pool {
	p := NewPool(Limits{Time: 2 * time.Second, Total: 10 * time.Second})
	t.Cleanup(p.Close)
	return p
}

// testDate is a DateTime of kind UTC.
func testDate(t time.Time) clr.DateTime {
	return clr.DateTime{Ticks: 621_355_968_000_000_000 + t.UnixNano()/100, Kind: clr.Utc}
}
