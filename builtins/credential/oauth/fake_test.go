package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// network is a transport that brings every request to one server on loopback, which sees
// the host that was meant.
type network struct {
	server *httptest.Server
}

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.Header.Set("X-Meant", r.URL.Scheme+"://"+r.URL.Host)
	at, err := url.Parse(n.server.URL)
	if err != nil {
		return nil, err
	}
	out.URL.Scheme, out.URL.Host = at.Scheme, at.Host
	out.Host = r.URL.Host
	return http.DefaultTransport.RoundTrip(out)
}

// asked is a request as a provider sees it.
type asked struct {
	t      *testing.T
	method string
	url    string // as it was meant, without the query
	header http.Header
	// params are those of the body, be it a form or JSON.
	params url.Values
	body   string
}

// answered is what it answers.
type answered struct {
	status int // 0 is 200
	kind   string
	body   string
}

// want fails the test, and the request, unless all params are as given; "-" is absent.
func (a *asked) want(pairs ...string) {
	a.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		name, want := pairs[i], pairs[i+1]
		got := a.params.Get(name)
		if want == "-" && a.params.Has(name) {
			a.t.Errorf("%s has the parameter %s", a.url, name)
		} else if want != "-" && got != want {
			a.t.Errorf("%s: %s is %q, want %q", a.url, name, got, want)
		}
	}
}

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// provider serves requests by answer and returns a Client of its network.
func provider(t *testing.T, answer func(a *asked) answered) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		a := &asked{t: t, method: r.Method, url: r.Header.Get("X-Meant") + r.URL.EscapedPath(), header: r.Header, body: string(body), params: url.Values{}}
		switch kind := r.Header.Get("Content-Type"); {
		case kind == "application/json":
			var m map[string]string
			if err := json.Unmarshal(body, &m); err != nil && !strings.HasSuffix(a.url, "/register") {
				t.Errorf("a body that is no object of strings: %v", err)
			}
			for name, v := range m {
				a.params.Set(name, v)
			}
		case kind == "application/x-www-form-urlencoded":
			if a.params, err = url.ParseQuery(string(body)); err != nil {
				t.Error(err)
			}
		}
		got := answer(a)
		if got.status == 0 {
			got.status = 200
		}
		if got.kind == "" {
			got.kind = "application/json"
		}
		w.Header().Set("Content-Type", got.kind)
		w.WriteHeader(got.status)
		io.WriteString(w, got.body)
	}))
	t.Cleanup(server.Close)
	return NewClient(ClientOptions{Transport: network{server}, Timeout: 5 * time.Second, Now: func() time.Time { return start }})
}

func resolve(t *testing.T, kind string, settings map[string]string) *Provider {
	t.Helper()
	all := map[string]string{"clientId": "the-client", "clientSecret": "the-secret"}
	for k, v := range settings {
		all[k] = v
	}
	p, err := Resolve(Config{Kind: kind, Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func authorizeQuery(t *testing.T, p *Provider) (string, url.Values) {
	t.Helper()
	raw, err := p.AuthorizeURL(Request{RedirectURI: "https://gw.example/cb", State: "the-state", Verifier: "the-verifier", Nonce: "the-nonce"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	u.RawQuery = ""
	return u.String(), q
}

// sprint is what a log would hold of a value.
func sprint(v any) string { return fmt.Sprintf("%v %+v %#v %s", v, v, v, v) }

var background = context.Background()
