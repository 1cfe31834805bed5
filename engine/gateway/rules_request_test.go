package gateway

import (
	"strings"
	"testing"

	"sekisho/engine/pipeline"
)

func TestRule1PathIsKeptByteForByte(t *testing.T) {
	for _, target := range []string{
		"/a%2Fb%20c", "/a%2fb", "/%7Euser/~user", "/x/./y/../z//w", "/..%2f..%2fadmin", "/a;b=c/d,e",
		"/p?", "/p?a=%2F&b=+&c", "/p?q=a?b", "/%E2%82%AC", "/caf\xc3\xa9"[:4] + "%C3%A9",
	} {
		t.Run(target, func(t *testing.T) {
			origin, got := canned(t, plainOK)
			var seen pipeline.URL
			f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
				seen = x.OriginalURL
				forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: patience})
			}})
			if m := f.exchange("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"); m.status() != "200" {
				t.Fatalf("answered %q %q", m.line, m.body)
			}
			want := strings.TrimSuffix(target, "?")
			if line := receive(t, got).line; line != "GET "+want+" HTTP/1.1" {
				t.Errorf("the backend got %q", line)
			}
			path, query, _ := strings.Cut(target, "?")
			if seen.Path != path || seen.Query != query {
				t.Errorf("policies saw path %q and query %q", seen.Path, seen.Query)
			}
		})
	}
}

func TestRule1ServiceBaseAndAbsoluteForm(t *testing.T) {
	for _, c := range []struct{ name, request, base, line, host string }{
		{"base", "GET /a%2Fb?x HTTP/1.1\r\nHost: h\r\n\r\n", "/base", "GET /base/a%2Fb?x HTTP/1.1", "h"},
		{"absolute form", "GET http://Evil:81/a/../b HTTP/1.1\r\nHost: other\r\n\r\n", "", "GET /a/../b HTTP/1.1", "Evil:81"},
		{"absolute form without a path", "GET http://evil HTTP/1.1\r\nHost: other\r\n\r\n", "", "GET / HTTP/1.1", "evil"},
	} {
		t.Run(c.name, func(t *testing.T) {
			origin, got := canned(t, plainOK)
			var host, header string
			f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
				host, header = x.OriginalURL.Host, x.Request.Header.Get("Host")
				forwardTo(x, origin.url+c.base, pipeline.ForwardOptions{Timeout: patience})
			}})
			f.exchange(c.request)
			m := receive(t, got)
			if m.line != c.line {
				t.Errorf("the backend got %q, want %q", m.line, c.line)
			}
			if host != c.host || header != c.host {
				t.Errorf("policies saw host %q and header %q, want %q", host, header, c.host)
			}
			if m.field("Host") != strings.TrimPrefix(origin.url, "http://") || m.field("X-Forwarded-Host") != c.host {
				t.Errorf("the backend got the header %q", m.lines)
			}
		})
	}
}

func TestRule1OnlyCanonicalLinesLeave(t *testing.T) {
	origin, got := canned(t, plainOK)
	f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
		x.Request.URL.Path = "/a b\r\nX-Evil: 1\xff"
		x.Request.Header.Set("X-Value", "a\r\nX-Evil: 2")
		x.Request.Header.Set("X-Bad: x\r\nX-Evil", "3")
		u, _ := pipeline.ParseURL(origin.url)
		x.Request.URL.Scheme, x.Request.URL.Host = u.Scheme, u.Host
		if err := x.Forwarder.Forward(x, pipeline.ForwardOptions{Timeout: patience}); err != nil {
			t.Error(err)
		}
		x.Response.Header.Set("X-Value", "a\r\nX-Evil: 4")
	}})
	answer := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	m := receive(t, got)
	if m.line != "GET /a%20b%0D%0AX-Evil:%201%FF HTTP/1.1" || m.has("X-Evil") || m.field("X-Value") != "a  X-Evil: 2" {
		t.Errorf("the backend got %q %q", m.line, m.lines)
	}
	if answer.has("X-Evil") || answer.field("X-Value") != "a  X-Evil: 4" {
		t.Errorf("the client got %q", answer.lines)
	}
}

func TestRule2HopByHopHeadersEndHere(t *testing.T) {
	origin, got := canned(t, "HTTP/1.1 200 OK\r\nConnection: X-Inner, keep-alive\r\nX-Inner: 1\r\nKeep-Alive: timeout=5\r\n"+
		"Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nTE: x\r\nX-Outer: 1\r\nContent-Length: 2\r\n\r\nok")
	f := serve(t, origin.url, setup{})
	answer := f.exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Secret, Host, Content-Length\r\nX-Secret: 1\r\nx-kept: 1\r\n" +
		"Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\nTE: gzip\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nTrailer: X\r\n\r\n")
	m := receive(t, got)
	for _, name := range []string{"Connection", "X-Secret", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "TE", "Upgrade", "Trailer", "Transfer-Encoding"} {
		if m.has(name) {
			t.Errorf("%s reached the backend", name)
		}
	}
	if m.field("x-kept") != "1" || m.field("Host") == "" {
		t.Errorf("the backend got %q", m.lines)
	}
	for _, name := range []string{"Connection", "X-Inner", "Keep-Alive", "Proxy-Authenticate", "Upgrade", "TE"} {
		if answer.has(name) {
			t.Errorf("%s reached the client", name)
		}
	}
	if answer.field("X-Outer") != "1" {
		t.Errorf("the client got %q", answer.lines)
	}
	f.exchange("GET / HTTP/1.1\r\nHost: h\r\nTE: trailers;q=1, gzip\r\nConnection: TE\r\n\r\n")
	if m := receive(t, got); m.field("TE") != "trailers" {
		t.Errorf("TE: trailers did not pass: %q", m.lines)
	}
}

func TestRule2PolicyHeadersSurviveWhatTheClientNames(t *testing.T) {
	origin, got := canned(t, plainOK)
	f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
		x.Request.Header.Set("Authorization", "Bearer gateway")
		forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: patience})
	}})
	f.exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: Authorization, X-Forwarded-For\r\nAuthorization: mine\r\n\r\n")
	m := receive(t, got)
	if m.field("Authorization") != "Bearer gateway" || m.field("X-Forwarded-For") != "127.0.0.1" {
		t.Errorf("the backend got %q", m.lines)
	}
}

func TestRule3NothingIsInvented(t *testing.T) {
	origin, got := canned(t, "HTTP/1.1 200 Fine\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\nserver: mine\r\nContent-Length: 2\r\n\r\nok")
	f := serve(t, origin.url, setup{})
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
		"DELETE / HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		answer := f.exchange(request)
		m := receive(t, got)
		var names []string
		for _, l := range m.lines {
			n, _, _ := strings.Cut(l, ":")
			names = append(names, n)
		}
		want := "Host X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host"
		if strings.Contains(request, "Content-Length") {
			want = strings.Replace(want, "Host ", "Host Content-Length ", 1)
		}
		if strings.Join(names, " ") != want {
			t.Errorf("%q reached the backend as %q", request, m.lines)
		}
		if answer.line != "HTTP/1.1 200 Fine" || !equalLines(answer.lines, []string{"date: Thu, 01 Jan 1970 00:00:00 GMT", "server: mine", "Content-Length: 2"}) {
			t.Errorf("the client got %q %q", answer.line, answer.lines)
		}
	}
	f = serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) { x.Response.Body.SetBytes([]byte("hi")) }})
	if answer := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); !equalLines(answer.lines, []string{"Content-Length: 2"}) {
		t.Errorf("a response of our own has %q", answer.lines)
	}
}

func TestRule4HeaderNamesAndOrderAreKept(t *testing.T) {
	response := []string{"x-b: 1", "Set-Cookie: a=1; Path=/", "content-TYPE: text/x", "SERVER: s", "x-a: 2", "set-cookie: b=2", "Content_Length: 9", "content-encoding: br", "x-empty: ", "content-length: 2"}
	origin, got := canned(t, "HTTP/1.1 200 OK\r\n"+strings.Join(response, "\r\n")+"\r\n\r\nok")
	f := serve(t, origin.url, setup{})
	request := []string{"x-lower-case: 1", "USER-AGENT: me", "cookie: a=1; b=2", "Accept: a", "Cookie: c=3", "ACCEPT: b", "content-type: text/y", "x-tab: a\tb", "x-utf: \xc3\xa9", "Content_Length: 5"}
	answer := f.exchange("GET / HTTP/1.1\r\nhost: h\r\n" + strings.Join(request, "\r\n") + "\r\n\r\n")
	m := receive(t, got)
	if len(m.lines) != len(request)+4 || !equalLines(m.lines[1:1+len(request)], request) || !strings.HasPrefix(m.lines[0], "host: ") {
		t.Errorf("the backend got\n%s", strings.Join(m.lines, "\n"))
	}
	if !equalLines(answer.lines, response) {
		t.Errorf("the client got\n%s", strings.Join(answer.lines, "\n"))
	}
}

func TestRule5AmbiguousRequestsAreRefusedAndTheConnectionClosed(t *testing.T) {
	for name, request := range map[string]string{
		"Content-Length and Transfer-Encoding": "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"the other way round":                  "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
		"different Content-Lengths":            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"the same Content-Length twice":        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		"a list of Content-Lengths":            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc",
		"a signed Content-Length":              "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc",
		"a huge Content-Length":                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
		"an empty Content-Length":              "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n",
		"an unknown Transfer-Encoding":         "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
		"two Transfer-Encodings":               "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"gzip, chunked":                        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"identity":                             "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
		"Transfer-Encoding in HTTP/1.0":        "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a folded line":                        "GET / HTTP/1.1\r\nHost: h\r\nX-A: a\r\n b\r\n\r\n",
		"a folded first line":                  "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
		"the preface of HTTP/2":                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"PRI of HTTP/1.1":                      "PRI * HTTP/1.1\r\nHost: h\r\n\r\n",
		"no Host":                              "GET / HTTP/1.1\r\n\r\n",
		"an empty Host":                        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
		"two Hosts":                            "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
		"a Host with a path":                   "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n",
		"a Host with credentials":              "GET / HTTP/1.1\r\nHost: a@h\r\n\r\n",
		"a Host with a blank":                  "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
		"a blank before the colon":             "GET / HTTP/1.1\r\nHost: h\r\nX-A : b\r\n\r\n",
		"a blank in a name":                    "GET / HTTP/1.1\r\nHost: h\r\nX A: b\r\n\r\n",
		"a line without a colon":               "GET / HTTP/1.1\r\nHost: h\r\nX-A\r\n\r\n",
		"an empty name":                        "GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n",
		"a bare CR in a value":                 "GET / HTTP/1.1\r\nHost: h\r\nX-A: a\rb\r\n\r\n",
		"a NUL in a value":                     "GET / HTTP/1.1\r\nHost: h\r\nX-A: a\x00b\r\n\r\n",
		"a bare LF":                            "GET / HTTP/1.1\r\nHost: h\nX-A: a\r\n\r\n",
		"a target that is no target":           "GET x HTTP/1.1\r\nHost: h\r\n\r\n",
		"credentials in the target":            "GET http://a:b@h/ HTTP/1.1\r\nHost: h\r\n\r\n",
		"a method that is no token":            "G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
		"an asterisk for GET":                  "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			origin, got := canned(t, plainOK)
			f := serve(t, origin.url, setup{})
			w := f.dial()
			w.send(request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
			m := w.mustMessage()
			if m.line != "HTTP/1.1 400 Bad Request" || m.field("Connection") != "close" || m.field("Content-Type") != "application/json" ||
				!strings.HasPrefix(m.body, `{ "statusCode": 400, "message": "`) {
				t.Errorf("answered %q %q %q", m.line, m.lines, m.body)
			}
			w.closed()
			select {
			case m := <-got:
				t.Errorf("%q reached the backend", m.line)
			default:
			}
		})
	}
}

func TestRule5BrokenChunksAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"no number":           "x\r\nabc\r\n0\r\n\r\n",
		"a bare LF":           "3\nabc\r\n0\r\n\r\n",
		"too much in a chunk": "3\r\nabcd\r\n0\r\n\r\n",
		"a number too large":  "ffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
		"a sign":              "-3\r\nabc\r\n0\r\n\r\n",
		"a prefix":            "0x3\r\nabc\r\n0\r\n\r\n",
		"an endless line":     "3;" + strings.Repeat("x", 5000) + "\r\nabc\r\n0\r\n\r\n",
		"a folded trailer":    "0\r\nX: a\r\n b\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			origin := newOrigin(t, func(w *wire) {
				if _, err := w.message(); err == nil {
					t.Error("a whole request reached the backend")
				}
			})
			f := serve(t, origin.url, setup{})
			w := f.dial()
			w.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
			m := w.mustMessage()
			if m.status() != "400" || m.field("Connection") != "close" || !strings.HasPrefix(m.body, `{ "statusCode": 400`) {
				t.Errorf("answered %q %q %q", m.line, m.lines, m.body)
			}
			w.closed()
		})
	}
}

func TestRule5Limits(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for name, c := range map[string]struct{ request, status string }{
		"a long header line":           {"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + long + long + long + "\r\n\r\n", "431"},
		"many header lines":            {"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X-A: b\r\n", 2000) + "\r\n", "431"},
		"a header that fits":           {"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + long + long + "\r\n\r\n", "200"},
		"a long URL":                   {"GET /" + long + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
		"an endless URL":               {"GET /" + long + long + long + long, "414"},
		"a URL that fits":              {"GET /" + long[:1000] + " HTTP/1.1\r\nHost: h\r\n\r\n", "200"},
		"a long body":                  {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20001\r\n\r\n" + long, "413"},
		"a long chunked body":          {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("bb8\r\n"+long+"\r\n", 7), "413"},
		"a body that fits":             {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6000\r\n\r\n" + long + long, "200"},
		"HTTP of another version":      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505"},
		"CONNECT":                      {"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", "405"},
		"an expectation of its own":    {"POST / HTTP/1.1\r\nHost: h\r\nExpect: more\r\nContent-Length: 1\r\n\r\nx", "417"},
		"HTTP/1.0 without a Host":      {"GET / HTTP/1.0\r\n\r\n", "200"},
		"OPTIONS for the whole server": {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "200"},
	} {
		t.Run(name, func(t *testing.T) {
			origin, _ := canned(t, plainOK)
			f := serve(t, origin.url, setup{limits: func(l *Limits) { l.HeaderBytes, l.URLBytes, l.BodyBytes = 8<<10, 2000, 20000 }})
			w := f.dial()
			w.send(c.request)
			m := w.mustMessage()
			if m.status() != c.status {
				t.Fatalf("answered %q %q", m.line, m.body)
			}
			if c.status != "200" {
				if !strings.HasPrefix(m.body, `{ "statusCode": `+c.status+`, "message": "`) || m.field("Connection") != "close" {
					t.Errorf("answered %q %q", m.lines, m.body)
				}
				w.closed()
			}
		})
	}
}

func TestRule5HTTP10(t *testing.T) {
	for name, c := range map[string]struct {
		request, response string
		body              string
		keep              bool
	}{
		"closes":             {"GET / HTTP/1.0\r\nHost: h\r\n\r\n", plainOK, "ok", false},
		"keeps if asked":     {"GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", plainOK, "ok", true},
		"gets no chunks":     {"GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", false},
		"backend of 1.0":     {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", true},
		"1.1 asks to close":  {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", plainOK, "ok", false},
		"1.1 keeps as usual": {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", plainOK, "ok", true},
	} {
		t.Run(name, func(t *testing.T) {
			origin, got := canned(t, c.response)
			f := serve(t, origin.url, setup{})
			w := f.dial()
			w.send(c.request)
			m := w.mustMessage()
			if m.status() != "200" || m.body != c.body || m.has("Transfer-Encoding") {
				t.Errorf("answered %q %q %q", m.line, m.lines, m.body)
			}
			if line := receive(t, got).line; line != "GET / HTTP/1.1" {
				t.Errorf("the backend got %q", line)
			}
			if !c.keep {
				w.closed()
				return
			}
			w.send(c.request)
			if m := w.mustMessage(); m.body != c.body {
				t.Errorf("answered %q %q", m.line, m.body)
			}
		})
	}
}

func TestRule5PipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	origin, got := canned(t, plainOK)
	f := serve(t, origin.url, setup{})
	w := f.dial()
	w.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: h\r\n\r\n" +
		"POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	for i, want := range []string{"POST /1 HTTP/1.1", "GET /2 HTTP/1.1", "POST /3 HTTP/1.1", "GET /4 HTTP/1.1"} {
		if m := w.mustMessage(); m.status() != "200" {
			t.Fatalf("answer %d is %q", i, m.line)
		}
		if line := receive(t, got).line; line != want {
			t.Errorf("request %d is %q", i, line)
		}
	}
	w.closed()
}
