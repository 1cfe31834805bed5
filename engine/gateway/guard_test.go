package gateway

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sekisho/engine/pipeline"
)

func TestGuardRefusesLoopbackUnlessAllowed(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "inner") }))
	defer inner.Close()
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, http.StatusFound) }))
	defer outer.Close()
	tr := NewTransport(DefaultTransportOptions())
	defer tr.CloseIdle()
	host := func(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "http://") }

	f := func(url string, g *pipeline.Guard, want string) {
		t.Helper()
		u, _ := pipeline.ParseURL(url)
		r := pipeline.NewRequest(1 << 10)
		r.Method, r.URL = "GET", u
		resp, err := tr.Send(context.Background(), r, pipeline.SendOptions{FollowRedirects: true, BodyLimit: 1 << 10, Guard: g})
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			body, _ := resp.Body.Buffer()
			got = string(body)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
	const refused = "must not reach"
	f(inner.URL, nil, "inner")
	f(inner.URL, &pipeline.Guard{}, refused)
	f(inner.URL, &pipeline.Guard{Allowed: []string{host(inner)}}, "inner")
	f(inner.URL, &pipeline.Guard{Allowed: []string{"127.0.0.1"}}, "inner")
	f(inner.URL, &pipeline.Guard{Allowed: []string{"*"}}, "inner")
	// A redirect from an allowed host leads nowhere else.
	f(outer.URL, &pipeline.Guard{Allowed: []string{host(outer)}}, refused)
	// A connection that an unguarded request left open is not shared.
	f(inner.URL, &pipeline.Guard{}, refused)
}
