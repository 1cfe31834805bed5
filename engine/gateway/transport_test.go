package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

func newRequest(t *testing.T, method, url, body string) *pipeline.Request {
	t.Helper()
	r := pipeline.NewRequest(1 << 20)
	r.Method = method
	var ok bool
	if r.URL, ok = pipeline.ParseURL(url); !ok {
		t.Fatalf("no URL: %s", url)
	}
	if body != "" {
		r.Body.SetBytes([]byte(body))
	}
	return r
}

func newTestTransport(t *testing.T) *Transport {
	tr := NewTransport(DefaultTransportOptions())
	t.Cleanup(tr.CloseIdle)
	return tr
}

func TestSendAddsNothing(t *testing.T) {
	origin, got := canned(t, "HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok")
	r := newRequest(t, "POST", origin.url+"/a%2Fb?c", "body")
	r.Header.Add("x-a", "b")
	resp, err := newTestTransport(t).Send(t.Context(), r, pipeline.SendOptions{BodyLimit: 100})
	if err != nil {
		t.Fatal(err)
	}
	b, err := resp.Body.Buffer()
	if err != nil || resp.Status != 201 || string(b) != "ok" || resp.Header.Get("x-a") != "b" {
		t.Errorf("answered %d %q %v", resp.Status, b, err)
	}
	m := receive(t, got)
	host := strings.TrimPrefix(origin.url, "http://")
	if m.line != "POST /a%2Fb?c HTTP/1.1" || m.body != "body" || !equalLines(m.lines, []string{"Host: " + host, "x-a: b", "Content-Length: 4"}) {
		t.Errorf("the backend got %q %q %q", m.line, m.lines, m.body)
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		_, _ = w.message()
		_, _ = io.ReadAll(w.Reader)
	})
	tr := newTestTransport(t)
	for name, c := range map[string]struct {
		ctx    func() (context.Context, context.CancelFunc)
		reason string
	}{
		"timeout": {func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 50*time.Millisecond)
		}, pipeline.ReasonTimeout},
		"canceled": {func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			return ctx, cancel
		}, pipeline.ReasonClient},
		"canceled before": {func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return ctx, cancel
		}, pipeline.ReasonClient},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := c.ctx()
			defer cancel()
			_, err := tr.Send(ctx, newRequest(t, "GET", origin.url, ""), pipeline.SendOptions{})
			var f *pipeline.Fault
			if !errors.As(err, &f) || f.Reason != c.reason {
				t.Errorf("the fault is %v", err)
			}
			eventually(t, "the connection is closed", func() bool { return tr.Connections() == 0 })
		})
	}
}

func TestSendsBodyOutlivesItsContext(t *testing.T) {
	more := make(chan struct{})
	origin := newOrigin(t, func(w *wire) {
		_, _ = w.message()
		w.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
		<-more
		w.send("cd")
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	resp, err := newTestTransport(t).Send(ctx, newRequest(t, "GET", origin.url, ""), pipeline.SendOptions{BodyLimit: 100})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	close(more)
	if b, err := resp.Body.Buffer(); err != nil || string(b) != "abcd" {
		t.Errorf("the body is %q (%v)", b, err)
	}
}

func TestSendUnderAnExchangeEndsWithItsClient(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		_, _ = w.message()
		w.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
		_, _ = io.ReadAll(w.Reader)
	})
	asked, failed := make(chan struct{}), make(chan error, 1)
	f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
		ctx, cancel := context.WithTimeout(x.Context, time.Minute)
		resp, err := f.transport.Send(ctx, newRequest(t, "GET", origin.url, ""), pipeline.SendOptions{BodyLimit: 100})
		cancel()
		close(asked)
		if err == nil {
			_, err = resp.Body.Buffer()
		}
		failed <- err
	}})
	w := f.dial()
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	receive(t, asked)
	_ = w.Close()
	var fault *pipeline.Fault
	if err := receive(t, failed); !errors.As(err, &fault) || fault.Reason != pipeline.ReasonClient {
		t.Errorf("the body ended with %v", err)
	}
}

func TestRedirects(t *testing.T) {
	other, otherGot := canned(t, plainOK)
	for name, c := range map[string]struct {
		method, status, location string
		follow                   bool
		want                     string // the last request's line and body
	}{
		"not followed":       {"GET", "302 Found", "/next", false, ""},
		"relative":           {"GET", "302 Found", "next?a=b", true, "GET /dir/next?a=b HTTP/1.1 "},
		"absolute path":      {"GET", "301 Moved", "/n%2Fext", true, "GET /n%2Fext HTTP/1.1 "},
		"302 makes it a GET": {"POST", "302 Found", "/next", true, "GET /next HTTP/1.1 "},
		"303 makes it a GET": {"PUT", "303 See Other", "/next", true, "GET /next HTTP/1.1 "},
		"307 does not":       {"POST", "307 Temporary Redirect", "/next", true, "POST /next HTTP/1.1 body"},
		"308 does not":       {"PUT", "308 Permanent Redirect", "/next", true, "PUT /next HTTP/1.1 body"},
		"301 of a PUT":       {"PUT", "301 Moved", "/next", true, "PUT /next HTTP/1.1 body"},
		"no location":        {"GET", "302 Found", "", true, ""},
		"another scheme":     {"GET", "302 Found", "ftp://h/", true, ""},
		"credentials":        {"GET", "302 Found", "http://a:b@h/", true, ""},
		"another host":       {"GET", "302 Found", "OTHER/next", true, "other"},
	} {
		t.Run(name, func(t *testing.T) {
			last := make(chan *message, 10)
			origin := newOrigin(t, func(w *wire) {
				for {
					m, err := w.message()
					if err != nil {
						return
					}
					if strings.Contains(m.line, "/dir/start") {
						location := ""
						if c.location != "" {
							location = "Location: " + strings.Replace(c.location, "OTHER", other.url, 1) + "\r\n"
						}
						w.send("HTTP/1.1 " + c.status + "\r\n" + location + "Content-Length: 0\r\n\r\n")
						continue
					}
					last <- m
					w.send(plainOK)
				}
			})
			body := ""
			if c.method != "GET" {
				body = "body"
			}
			r := newRequest(t, c.method, origin.url+"/dir/start", body)
			r.Header.Add("Authorization", "secret")
			r.Header.Add("X-A", "b")
			resp, err := newTestTransport(t).Send(t.Context(), r, pipeline.SendOptions{FollowRedirects: c.follow, BodyLimit: 100})
			if err != nil {
				t.Fatal(err)
			}
			switch c.want {
			case "":
				if resp.Status != 301 && resp.Status != 302 {
					t.Errorf("answered %d", resp.Status)
				}
			case "other":
				if m := receive(t, otherGot); m.has("Authorization") || !m.has("X-A") {
					t.Errorf("the other host got %q", m.lines)
				}
			default:
				m := receive(t, last)
				if m.line+" "+m.body != c.want || resp.Status != 200 || m.field("Authorization") != "secret" {
					t.Errorf("the last request is %q %q %q, answered %d", m.line, m.lines, m.body, resp.Status)
				}
			}
			_, _ = resp.Body.Buffer()
		})
	}
}

func TestRedirectsEnd(t *testing.T) {
	n := 0
	origin := newOrigin(t, func(w *wire) {
		for {
			if _, err := w.message(); err != nil {
				return
			}
			n++
			w.send(fmt.Sprintf("HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n", n))
		}
	})
	resp, err := newTestTransport(t).Send(t.Context(), newRequest(t, "GET", origin.url, ""), pipeline.SendOptions{FollowRedirects: true})
	if err != nil || resp.Status != 302 || n != 1+maxRedirects {
		t.Errorf("after %d requests: %v, %v", n, resp, err)
	}
}

func TestProxies(t *testing.T) {
	origin, got := canned(t, plainOK)
	host := strings.TrimPrefix(origin.url, "http://")
	asked := make(chan *message, 10)
	refuse := false
	via := newOrigin(t, func(w *wire) {
		for {
			m, err := w.message()
			if err != nil {
				return
			}
			asked <- m
			if strings.HasPrefix(m.line, "CONNECT") {
				w.send("HTTP/1.1 403 Forbidden\r\n\r\n")
				return
			}
			if refuse {
				return
			}
			w.send("HTTP/1.1 200 OK\r\nVia: p\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	tr := newTestTransport(t)
	proxied := pipeline.SendOptions{Proxy: &pipeline.ProxyOptions{URL: via.url, Username: "u", Password: "p"}, BodyLimit: 100}
	if _, err := tr.Send(t.Context(), newRequest(t, "GET", origin.url+"/x", ""), pipeline.SendOptions{}); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, got); m.line != "GET /x HTTP/1.1" {
		t.Errorf("the backend got %q", m.line)
	}
	resp, err := tr.Send(t.Context(), newRequest(t, "GET", origin.url+"/x", ""), proxied)
	if err != nil || resp.Header.Get("Via") != "p" {
		t.Fatalf("not through the proxy: %v", err)
	}
	if m := receive(t, asked); m.line != "GET "+origin.url+"/x HTTP/1.1" || m.field("Host") != host || m.field("Proxy-Authorization") != "Basic dTpw" {
		t.Errorf("the proxy got %q %q", m.line, m.lines)
	}
	_, err = tr.Send(t.Context(), newRequest(t, "GET", "https://"+host+"/x", ""), proxied)
	var f *pipeline.Fault
	if !errors.As(err, &f) || !strings.Contains(f.Message, "403") {
		t.Errorf("a proxy that refuses: %v", err)
	}
	if m := receive(t, asked); m.line != "CONNECT "+host+" HTTP/1.1" || m.field("Proxy-Authorization") != "Basic dTpw" {
		t.Errorf("the proxy got %q %q", m.line, m.lines)
	}
	if _, err = tr.Send(t.Context(), newRequest(t, "GET", origin.url, ""), pipeline.SendOptions{Proxy: &pipeline.ProxyOptions{URL: "proxy:80"}}); err == nil {
		t.Error("a proxy without a URL was taken")
	}
	if _, err = tr.Send(t.Context(), newRequest(t, "GET", origin.url, ""), pipeline.SendOptions{Certificate: "none"}); err == nil {
		t.Error("an unknown certificate was taken")
	}
}

func TestOriginsAreForgotten(t *testing.T) {
	tr := newTestTransport(t)
	for i := range 3 * maxOrigins {
		if _, err := tr.origin(&pipeline.URL{Scheme: "http", Host: fmt.Sprintf("h%d", i)}, nil, "", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(tr.origins); n > maxOrigins {
		t.Errorf("%d origins are known", n)
	}
}
