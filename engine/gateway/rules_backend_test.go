package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

func TestRule6NoHiddenRetries(t *testing.T) {
	for _, method := range []string{"GET", "PUT", "POST"} {
		for name, reused := range map[string]bool{"fresh connection": false, "kept connection": true} {
			t.Run(method+" on a "+name, func(t *testing.T) {
				var requests atomic.Int32
				origin := newOrigin(t, func(w *wire) {
					if reused {
						_, _ = w.message()
						w.send(plainOK)
					}
					if _, err := w.message(); err == nil {
						requests.Add(1) // and close without an answer
					}
				})
				var fault *pipeline.Fault
				f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
					forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: patience})
					fault = x.Fault()
				}})
				if reused {
					f.exchange("GET /first HTTP/1.1\r\nHost: h\r\n\r\n")
					f.outcome()
				}
				m := f.exchange(method + " / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
				if m.status() != "500" || fault == nil || fault.Reason != pipeline.ReasonBackend {
					t.Errorf("answered %q with the fault %v", m.line, fault)
				}
				if n := requests.Load(); n != 1 {
					t.Errorf("the backend got the request %d times", n)
				}
			})
		}
	}
}

func TestRule6KeptConnectionThatTheBackendClosedIsNotUsed(t *testing.T) {
	for name, last := range map[string]string{"closed": "", "said something first": "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			gone := make(chan struct{}, 10)
			origin := newOrigin(t, func(w *wire) {
				if _, err := w.message(); err != nil {
					return
				}
				w.send(plainOK)
				time.Sleep(10 * time.Millisecond)
				w.send(last)
				_ = w.Close()
				gone <- struct{}{}
			})
			f := serve(t, origin.url, setup{})
			w := f.dial()
			for range 3 {
				for _, request := range []string{
					"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
					"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
				} {
					w.send(request)
					if m := w.mustMessage(); m.body != "ok" {
						t.Fatalf("answered %q %q", m.line, m.body)
					}
					receive(t, gone)
					time.Sleep(10 * time.Millisecond) // for the news to cross the loopback
				}
			}
		})
	}
}

func TestRule6ConnectionsAreReusedWhenTheyMay(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		reused bool
	}{
		"length":           {plainOK, true},
		"chunks":           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
		"no body":          {"HTTP/1.1 204 No Content\r\n\r\n", true},
		"asks to close":    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
		"1.0":              {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
		"1.0 that keeps":   {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true},
		"says too much":    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false},
		"both framings":    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false},
		"repeats a length": {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", true},
	} {
		t.Run(name, func(t *testing.T) {
			var conns atomic.Int32
			origin := newOrigin(t, func(w *wire) {
				conns.Add(1)
				for {
					if _, err := w.message(); err != nil {
						return
					}
					w.send(c.answer)
				}
			})
			f := serve(t, origin.url, setup{})
			for range 3 {
				if m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); m.body != "ok" && m.status() != "204" {
					t.Fatalf("answered %q %q", m.line, m.body)
				}
				f.outcome()
			}
			if n := conns.Load(); n != 1 == c.reused {
				t.Errorf("three requests used %d connections", n)
			}
		})
	}
}

func TestRule7ForwardedHeaders(t *testing.T) {
	type policy = func(h *pipeline.Header)
	for name, c := range map[string]struct {
		client string
		policy policy
		want   []string
	}{
		"set": {"", nil, []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: h"}},
		"appended and replaced": {"x-forwarded-for: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n", nil,
			[]string{"x-forwarded-for: 1.1.1.1, 2.2.2.2, 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: h"}},
		"a policy's word counts": {"X-Forwarded-Proto: evil\r\n", func(h *pipeline.Header) {
			h.Set("X-Forwarded-For", "9.9.9.9")
			h.Set("X-Forwarded-Proto", "https")
			h.Set("X-Forwarded-Host", "api.example.org")
		}, []string{"X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: api.example.org"}},
		"deleted by a policy": {"X-Forwarded-For: 1.1.1.1\r\n", func(h *pipeline.Header) { h.Del("X-Forwarded-For") },
			[]string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: h"}},
	} {
		t.Run(name, func(t *testing.T) {
			origin, got := canned(t, plainOK)
			f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
				if c.policy != nil {
					c.policy(&x.Request.Header)
				}
				forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: patience})
			}})
			f.exchange("GET / HTTP/1.1\r\nHost: h\r\n" + c.client + "\r\n")
			var forwarded []string
			for _, l := range receive(t, got).lines {
				if strings.HasPrefix(strings.ToLower(l), "x-forwarded") {
					forwarded = append(forwarded, l)
				}
			}
			if len(forwarded) != len(c.want) || !sameSet(forwarded, c.want) {
				t.Errorf("the backend got %q, want %q", forwarded, c.want)
			}
		})
	}
}

func sameSet(a, b []string) bool {
	for _, s := range a {
		if !strings.Contains("\n"+strings.Join(b, "\n")+"\n", "\n"+s+"\n") {
			return false
		}
	}
	return true
}

func TestRule7HostIsTheBackendsUnlessAPolicySetIt(t *testing.T) {
	for name, c := range map[string]struct {
		policy func(x *pipeline.Exchange)
		want   string // "" for the backend's
	}{
		"the backend's":         {func(*pipeline.Exchange) {}, ""},
		"a policy's":            {func(x *pipeline.Exchange) { x.Request.Header.Set("Host", "other.example.org") }, "other.example.org"},
		"the client's, by will": {func(x *pipeline.Exchange) { x.Request.Header.Set("Host", x.OriginalURL.Host) }, "client.example.org"},
		"deleted":               {func(x *pipeline.Exchange) { x.Request.Header.Del("Host") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			origin, got := canned(t, plainOK)
			f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
				c.policy(x)
				forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: patience})
			}})
			f.exchange("GET / HTTP/1.1\r\nHost: client.example.org\r\n\r\n")
			want := c.want
			if want == "" {
				want = strings.TrimPrefix(origin.url, "http://")
			}
			if host := receive(t, got).field("Host"); host != want {
				t.Errorf("the backend got the host %q, want %q", host, want)
			}
		})
	}
}

func TestFailuresAreFaults(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := "http://" + dead.Addr().String()
	_ = dead.Close()
	for name, c := range map[string]struct {
		target, answer string
		reason         string
	}{
		"nobody listens":      {nowhere, "", pipeline.ReasonBackend},
		"no such host":        {"http://nowhere.invalid", "", pipeline.ReasonBackend},
		"closes at once":      {"", "", pipeline.ReasonBackend},
		"no HTTP":             {"", "SSH-2.0-x\r\n\r\n", pipeline.ReasonBackend},
		"bad status":          {"", "HTTP/1.1 2x0 OK\r\n\r\n", pipeline.ReasonBackend},
		"bad header":          {"", "HTTP/1.1 200 OK\r\nX A: b\r\n\r\n", pipeline.ReasonBackend},
		"folded header":       {"", "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\r\n", pipeline.ReasonBackend},
		"different lengths":   {"", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok", pipeline.ReasonBackend},
		"endless header":      {"", "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("x", 100<<10) + "\r\n\r\n", pipeline.ReasonBackend},
		"endless interim":     {"", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 200), pipeline.ReasonBackend},
		"cut in the header":   {"", "HTTP/1.1 200 OK\r\nX-A", pipeline.ReasonBackend},
		"unknown encoding":    {"", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", pipeline.ReasonBackend},
		"no backend host":     {"http://h", "", pipeline.ReasonBackend},
		"scheme of the moon":  {"ftp", "", pipeline.ReasonBackend},
		"no such backend":     {"backend:none", "", pipeline.ReasonBackend},
		"method with a break": {"method", "", pipeline.ReasonInternal},
	} {
		t.Run(name, func(t *testing.T) {
			target := c.target
			if target == "" {
				origin := newOrigin(t, func(w *wire) {
					_, _ = w.message()
					_, _ = io.WriteString(w.Conn, c.answer)
				})
				target = origin.url
			}
			var fault *pipeline.Fault
			f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
				o := pipeline.ForwardOptions{Timeout: patience}
				switch target {
				case "http://h":
					x.Request.URL.Scheme, x.Request.URL.Host = "http", ""
				case "ftp":
					x.Request.URL.Scheme = "ftp"
				case "method":
					x.Request.Method = "GET / HTTP/1.1\r\nX: "
					target = nowhere
					forwardTo(x, target, o)
					fault = x.Fault()
					return
				default:
					forwardTo(x, target, o)
					fault = x.Fault()
					return
				}
				err := x.Forwarder.Forward(x, o)
				fault, _ = err.(*pipeline.Fault)
				x.Fail(fault)
			}})
			if m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); m.status() != "500" || !strings.Contains(m.body, `"message": "Internal server error"`) {
				t.Errorf("answered %q %q", m.line, m.body)
			}
			if fault == nil || fault.Reason != c.reason || fault.Status != 500 {
				t.Errorf("the fault is %v", fault)
			}
		})
	}
}

// authority issues certificates for tests.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	a.cert, _ = x509.ParseCertificate(der)
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) issue(t *testing.T, names ...string) *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestRule12TLSListener(t *testing.T) {
	ca := newAuthority(t)
	one, two, wild := ca.issue(t, "one.example.org"), ca.issue(t, "two.example.org"), ca.issue(t, "*.example.net")
	client := ca.issue(t, "client")
	stranger := newAuthority(t).issue(t, "stranger")
	var current atomic.Pointer[tls.Config]
	present := func(auth tls.ClientAuthType) {
		current.Store(&tls.Config{Certificates: []tls.Certificate{*one, *two, *wild}, ClientAuth: auth, ClientCAs: ca.pool, NextProtos: []string{"http/1.1"}})
	}
	present(tls.NoClientCert)
	listen := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return current.Load(), nil }}
	origin, got := canned(t, plainOK)
	var cert atomic.Pointer[string]
	f := serve(t, "", setup{tls: listen, handler: func(f *front, x *pipeline.Exchange) {
		name := ""
		if x.ClientCert != nil {
			name = x.ClientCert.Subject.CommonName
		}
		cert.Store(&name)
		if x.OriginalURL.Scheme != "https" {
			t.Errorf("the scheme is %q", x.OriginalURL.Scheme)
		}
		forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: patience})
	}})
	dial := func(name string, with *tls.Certificate) (*wire, error) {
		c := &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}
		if with != nil {
			c.Certificates = []tls.Certificate{*with}
		}
		conn, err := tls.Dial("tcp", f.address, c)
		if err != nil {
			return nil, err
		}
		w := newWire(t, conn)
		// A refusal may come as late as this, with TLS 1.3.
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n"+strings.Repeat("x", 40000))
		m, err := w.message()
		if err == nil && m.body != "ok" {
			err = fmt.Errorf("answered %q", m.line)
		}
		return w, err
	}
	for name, want := range map[string]string{"one.example.org": "one.example.org", "TWO.example.org": "two.example.org", "x.example.net": "*.example.net", "unknown.example.com": "one.example.org"} {
		w, err := dial(name, client)
		if err != nil {
			t.Fatal(err)
		}
		state := w.Conn.(*tls.Conn).ConnectionState()
		if have := state.PeerCertificates[0].Subject.CommonName; have != want || state.NegotiatedProtocol != "http/1.1" {
			t.Errorf("%s was given the certificate of %s, protocol %q", name, have, state.NegotiatedProtocol)
		}
		if *cert.Load() != "" {
			t.Errorf("a client was asked for its certificate")
		}
		if m := receive(t, got); m.field("X-Forwarded-Proto") != "https" {
			t.Errorf("the backend got %q", m.lines)
		}
		_ = w.Close()
	}
	for _, c := range []struct {
		auth  tls.ClientAuthType
		with  *tls.Certificate
		cert  string
		works bool
	}{
		{tls.RequestClientCert, nil, "", true},
		{tls.RequestClientCert, client, "client", true},
		{tls.RequestClientCert, stranger, "stranger", true},
		{tls.RequireAnyClientCert, nil, "", false},
		{tls.RequireAnyClientCert, stranger, "stranger", true},
		{tls.RequireAndVerifyClientCert, nil, "", false},
		{tls.RequireAndVerifyClientCert, stranger, "", false},
		{tls.RequireAndVerifyClientCert, client, "client", true},
	} {
		present(c.auth)
		none := ""
		cert.Store(&none)
		w, err := dial("one.example.org", c.with)
		if err == nil != c.works || *cert.Load() != c.cert {
			t.Errorf("%+v: %v, certificate %q", c, err, *cert.Load())
		}
		if w != nil {
			_ = w.Close()
		}
	}
}

func TestRule12ClientThatLeavesIsNoticedUnderTLS(t *testing.T) {
	asked := make(chan struct{})
	origin := newOrigin(t, func(w *wire) {
		_, _ = w.message()
		close(asked)
		_, _ = io.ReadAll(w.Reader)
	})
	f := serve(t, origin.url, setup{tls: &tls.Config{Certificates: []tls.Certificate{*newAuthority(t).issue(t, "h")}}})
	c, err := tls.Dial("tcp", f.address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, c)
	w.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	receive(t, asked)
	_ = c.Close()
	if o := f.outcome(); o.Status != 499 {
		t.Errorf("the outcome is %+v", o)
	}
}

func TestRule12TLSToBackends(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		cert     *tls.Certificate
		settings BackendTLS
		roots    *x509.CertPool
		client   string
		works    bool
	}{
		"trusted by the transport":       {ca.issue(t, "127.0.0.1"), BackendTLS{}, ca.pool, "", true},
		"trusted by the backend's roots": {ca.issue(t, "127.0.0.1"), BackendTLS{Roots: ca.pool}, other.pool, "", true},
		"not trusted":                    {other.issue(t, "127.0.0.1"), BackendTLS{}, ca.pool, "", false},
		"wrong name":                     {ca.issue(t, "example.org"), BackendTLS{}, ca.pool, "", false},
		"name asked for":                 {ca.issue(t, "example.org"), BackendTLS{ServerName: "example.org"}, ca.pool, "", true},
		"name not checked":               {ca.issue(t, "example.org"), BackendTLS{SkipName: true}, ca.pool, "", true},
		"chain still checked":            {other.issue(t, "example.org"), BackendTLS{SkipName: true}, ca.pool, "", false},
		"chain not checked":              {other.issue(t, "127.0.0.1"), BackendTLS{SkipChain: true}, ca.pool, "", true},
		"name still checked":             {other.issue(t, "example.org"), BackendTLS{SkipChain: true}, ca.pool, "", false},
		"nothing checked":                {other.issue(t, "example.org"), BackendTLS{SkipChain: true, SkipName: true}, ca.pool, "", true},
		"client certificate":             {ca.issue(t, "127.0.0.1"), BackendTLS{Certificate: ca.issue(t, "gateway")}, ca.pool, "gateway", true},
	} {
		t.Run(name, func(t *testing.T) {
			var client string
			origin := newOrigin(t, func(w *wire) {
				s := tls.Server(w.Conn, &tls.Config{Certificates: []tls.Certificate{*c.cert}, ClientAuth: tls.RequestClientCert})
				if s.Handshake() != nil {
					return
				}
				if p := s.ConnectionState().PeerCertificates; len(p) > 0 {
					client = p[0].Subject.CommonName
				}
				w = newWire(t, s)
				for {
					if _, err := w.message(); err != nil {
						return
					}
					w.send(plainOK)
				}
			})
			u, _ := pipeline.ParseURL(strings.Replace(origin.url, "http", "https", 1))
			f := serve(t, "backend:b", setup{
				transport: func(o *TransportOptions) { o.Roots = c.roots },
				backends:  []BackendDefinition{{ID: "b", URL: u, TLS: c.settings}},
			})
			for range 2 {
				if m := f.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"); m.status() == "200" != c.works {
					t.Fatalf("answered %q %q", m.line, m.body)
				}
				f.outcome()
			}
			if client != c.client {
				t.Errorf("the backend saw the client %q", client)
			}
			if n := f.transport.Connections(); c.works && n != 1 {
				t.Errorf("two requests used %d connections", n)
			}
		})
	}
}

func TestRule13Expect100Continue(t *testing.T) {
	t.Run("sent when the body is wanted", func(t *testing.T) {
		origin, got := canned(t, plainOK)
		f := serve(t, origin.url, setup{})
		w := f.dial()
		w.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
		if m := w.mustHead(); m.line != "HTTP/1.1 100 Continue" {
			t.Fatalf("answered %q", m.line)
		}
		w.send("abc")
		if m := w.mustMessage(); m.body != "ok" || m.has("Connection") {
			t.Errorf("answered %q %q", m.line, m.lines)
		}
		if m := receive(t, got); m.body != "abc" || m.has("Expect") {
			t.Errorf("the backend got %q %q", m.lines, m.body)
		}
	})
	t.Run("not sent when it is not", func(t *testing.T) {
		f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) { x.Fail(pipeline.Faultf(401, "No", "no")) }})
		w := f.dial()
		w.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
		if m := w.mustMessage(); m.status() != "401" || m.field("Connection") != "close" {
			t.Errorf("answered %q %q", m.line, m.lines)
		}
		w.closed()
	})
	t.Run("sent when a policy reads the body", func(t *testing.T) {
		f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
			b, _ := x.Request.Body.Buffer()
			x.Response.Body.SetBytes(b)
		}})
		w := f.dial()
		w.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
		w.mustHead()
		w.send("abc")
		if m := w.mustMessage(); m.body != "abc" {
			t.Errorf("answered %q %q", m.line, m.body)
		}
	})
	t.Run("asked of the backend", func(t *testing.T) {
		origin := newOrigin(t, func(w *wire) {
			if m := w.mustHead(); m.field("Expect") != "100-continue" {
				t.Errorf("the backend got %q", m.lines)
			}
			w.send("HTTP/1.1 100 Continue\r\n\r\n")
			b := make([]byte, 3)
			_, _ = io.ReadFull(w.Reader, b)
			w.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + string(b))
		})
		f := serve(t, origin.url, setup{forward: pipeline.ForwardOptions{ContinueTimeout: patience}})
		if m := f.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"); m.body != "abc" {
			t.Errorf("answered %q %q", m.line, m.body)
		}
	})
	t.Run("a backend that does not know it", func(t *testing.T) {
		origin, _ := canned(t, plainOK)
		f := serve(t, origin.url, setup{forward: pipeline.ForwardOptions{ContinueTimeout: 50 * time.Millisecond}})
		if m := f.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"); m.body != "ok" {
			t.Errorf("answered %q %q", m.line, m.body)
		}
	})
	t.Run("a backend that refuses", func(t *testing.T) {
		origin := newOrigin(t, func(w *wire) {
			w.mustHead()
			w.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
			if b, _ := io.ReadAll(w.Reader); len(b) > 0 {
				t.Errorf("after its refusal the backend got %q", b)
			}
		})
		f := serve(t, origin.url, setup{forward: pipeline.ForwardOptions{ContinueTimeout: patience}})
		if m := f.exchange("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"); m.status() != "403" || m.body != "no" {
			t.Errorf("answered %q %q", m.line, m.body)
		}
	})
}

func TestRule13ResponsesWithoutABody(t *testing.T) {
	for name, c := range map[string]struct{ method, answer, line, length string }{
		"HEAD with a length":    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: x\r\n\r\n", "HTTP/1.1 200 OK", "1234"},
		"HEAD without a length": {"HEAD", "HTTP/1.1 200 OK\r\nETag: x\r\n\r\n", "HTTP/1.1 200 OK", ""},
		"HEAD with chunks":      {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK", ""},
		"204":                   {"GET", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content", ""},
		"204 with a length":     {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content", ""},
		"304 with a length":     {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n", "HTTP/1.1 304 Not Modified", "1234"},
		"304":                   {"GET", "HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 304 Not Modified", ""},
		"an empty body":         {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK", "0"},
		"a phrase of its own":   {"GET", "HTTP/1.1 299 Quite Well\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 299 Quite Well", "0"},
		"after interim ones":    {"GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 201 Created", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			origin := newOrigin(t, func(w *wire) {
				for {
					if _, err := w.head(); err != nil {
						return
					}
					w.send(c.answer)
				}
			})
			f := serve(t, origin.url, setup{})
			w := f.dial()
			for range 2 { // the second shows that nothing was left over from the first
				w.send(c.method + " / HTTP/1.1\r\nHost: h\r\n\r\n")
				m := w.mustHead()
				if m.line != c.line || m.field("Content-Length") != c.length || m.has("Transfer-Encoding") || m.has("Link") {
					t.Fatalf("answered %q %q", m.line, m.lines)
				}
				f.outcome()
			}
			if n := f.transport.Connections(); n != 1 {
				t.Errorf("two requests used %d connections", n)
			}
		})
	}
}

func TestRule13OurOwnResponsesToHEAD(t *testing.T) {
	f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
		x.Response.Header.Add("Transfer-Encoding", "chunked")
		x.Response.Header.Add("Content-Length", "99")
		x.Response.Header.Add("Connection", "x")
		x.Response.Body.SetBytes([]byte("hello"))
	}})
	w := f.dial()
	for _, method := range []string{"HEAD", "GET", "HEAD"} {
		w.send(method + " / HTTP/1.1\r\nHost: h\r\n\r\n")
		m := w.mustHead()
		if !equalLines(m.lines, []string{"Content-Length: 5"}) {
			t.Errorf("answered %q", m.lines)
		}
		if method == "GET" {
			b := make([]byte, 5)
			_, _ = io.ReadFull(w.Reader, b)
		}
	}
}

func TestRule13CompressedBodiesPassUntouched(t *testing.T) {
	body := "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00"
	origin, got := canned(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	f := serve(t, origin.url, setup{})
	m := f.exchange(fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip, br\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	if m.body != body || m.field("Content-Encoding") != "gzip" {
		t.Errorf("the client got %q %q", m.lines, m.body)
	}
	if r := receive(t, got); r.body != body || r.field("Accept-Encoding") != "gzip, br" || r.field("Content-Encoding") != "gzip" {
		t.Errorf("the backend got %q %q", r.lines, r.body)
	}
}

func TestRequestBodyThatNobodyReadsIsSkipped(t *testing.T) {
	f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) { x.Response.Status = 202 }})
	w := f.dial()
	w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n" + strings.Repeat("x", 50000))
	if m := w.mustMessage(); m.status() != "202" || m.has("Connection") {
		t.Fatalf("answered %q %q", m.line, m.lines)
	}
	w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n")
	if m := w.mustMessage(); m.status() != "202" || m.field("Connection") != "close" {
		t.Fatalf("answered %q %q", m.line, m.lines)
	}
	// The client goes on sending; the answer must have reached it all the same.
	for range 40 {
		if _, err := io.WriteString(w.Conn, strings.Repeat("x", 50000)); err != nil {
			break
		}
	}
}

func TestEarlyAnswerOfTheBackendReachesAClientThatIsStillSending(t *testing.T) {
	origin := newOrigin(t, func(w *wire) {
		w.mustHead()
		w.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
	})
	f := serve(t, origin.url, setup{})
	w := f.dial()
	w.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n" + strings.Repeat("x", 1000))
	m := w.mustMessage()
	if m.status() != "413" || m.body != "big" || m.field("Connection") != "close" {
		t.Errorf("answered %q %q %q", m.line, m.lines, m.body)
	}
	f.outcome()
}

func TestForwardAgain(t *testing.T) {
	for _, buffered := range []bool{true, false} {
		origin, got := canned(t, plainOK)
		var second error
		f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
			u, _ := pipeline.ParseURL(origin.url)
			x.Request.URL.SetService(u)
			o := pipeline.ForwardOptions{Timeout: patience, BufferRequestBody: buffered}
			if err := x.Forwarder.Forward(x, o); err != nil {
				t.Error(err)
			}
			second = x.Forwarder.Forward(x, o)
		}})
		m := f.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
		if receive(t, got).body != "abc" {
			t.Error("the first request had another body")
		}
		if !buffered {
			if second == nil || !strings.Contains(second.Error(), "buffer-request-body") {
				t.Errorf("a body that is gone was sent again: %v", second)
			}
			continue
		}
		if second != nil || m.body != "ok" || receive(t, got).body != "abc" {
			t.Errorf("the second request failed: %v, %q", second, m.line)
		}
	}
}

func TestFailOnErrorStatus(t *testing.T) {
	origin, _ := canned(t, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
	var fault *pipeline.Fault
	f := serve(t, "", setup{handler: func(f *front, x *pipeline.Exchange) {
		forwardTo(x, origin.url, pipeline.ForwardOptions{Timeout: patience, FailOnErrorStatus: true})
		fault = x.Fault()
	}})
	if m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); m.status() != "404" || fault == nil || fault.Status != 404 {
		t.Errorf("answered %q with the fault %v", m.line, fault)
	}
	f.outcome()
	if n := f.transport.Connections(); n > 1 {
		t.Errorf("%d connections are left", n)
	}
}
