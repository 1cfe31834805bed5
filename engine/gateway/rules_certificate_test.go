package gateway

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"io"
	"strings"
	"sync"
	"testing"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// apimCertificate is a certificate as policies find it in the folder.
func apimCertificate(t *testing.T, c *tls.Certificate) *apim.Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return &apim.Certificate{Certificate: leaf, PrivateKey: c.PrivateKey.(crypto.Signer)}
}

// TestRequestsPresentTheirCertificates: what a request presents is its own, also where the
// backend has a certificate, and no other request goes over its connection.
func TestRequestsPresentTheirCertificates(t *testing.T) {
	ca := newAuthority(t)
	server := ca.issue(t, "127.0.0.1")
	one, two, backends := apimCertificate(t, ca.issue(t, "one")), apimCertificate(t, ca.issue(t, "two")), ca.issue(t, "backend")
	var mu sync.Mutex
	var seen []string
	origin := newOrigin(t, func(w *wire) {
		s := tls.Server(w.Conn, &tls.Config{Certificates: []tls.Certificate{*server}, ClientAuth: tls.RequestClientCert})
		in := newWire(t, s)
		for {
			if _, err := in.message(); err != nil {
				return
			}
			name := "nobody"
			if p := s.ConnectionState().PeerCertificates; len(p) > 0 {
				name = p[0].Subject.CommonName
			}
			mu.Lock()
			seen = append(seen, name)
			mu.Unlock()
			if _, err := io.WriteString(s, plainOK); err != nil {
				return
			}
		}
	})
	u, _ := pipeline.ParseURL(strings.Replace(origin.url, "http", "https", 1))
	var present *apim.Certificate
	target := ""
	f := serve(t, "", setup{
		transport: func(o *TransportOptions) { o.Roots = ca.pool },
		backends:  []BackendDefinition{{ID: "b", URL: u, TLS: BackendTLS{Certificate: backends}}},
		handler: func(f *front, x *pipeline.Exchange) {
			x.Request.Certificate = present
			forwardTo(x, target, pipeline.ForwardOptions{Timeout: patience})
		},
	})
	for _, c := range []struct {
		target  string
		present *apim.Certificate
		want    string
		conns   int
	}{
		{u.String(), nil, "nobody", 1},
		{u.String(), one, "one", 2},
		{u.String(), two, "two", 3},
		{u.String(), one, "one", 3},
		{u.String(), nil, "nobody", 3},
		{"backend:b", nil, "backend", 4},
		{"backend:b", one, "one", 5},
		{u.String(), two, "two", 5},
	} {
		target, present = strings.TrimSuffix(c.target, "/"), c.present
		if m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); m.status() != "200" {
			t.Fatalf("answered %q %q", m.line, m.body)
		}
		mu.Lock()
		got := seen[len(seen)-1]
		mu.Unlock()
		if got != c.want {
			t.Errorf("%s was presented, want %s", got, c.want)
		}
		if n := f.transport.Connections(); n != c.conns {
			t.Errorf("%d connections after %s, want %d", n, c.want, c.conns)
		}
	}
	// send-request goes the same way.
	r := newRequest(t, "GET", u.String(), "")
	r.Certificate = two
	resp, err := f.transport.Send(t.Context(), r, pipeline.SendOptions{BodyLimit: 100})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Clear()
	mu.Lock()
	defer mu.Unlock()
	if got := seen[len(seen)-1]; got != "two" {
		t.Errorf("%s was presented by a request of its own", got)
	}
}

// TestCertificateStaysWithItsHost: a redirect to another host is not authenticated.
func TestCertificateStaysWithItsHost(t *testing.T) {
	c := apimCertificate(t, newAuthority(t).issue(t, "one"))
	r := newRequest(t, "GET", "https://a.test/", "")
	m := &outgoing{request: r, url: r.URL, tls: &BackendTLS{}}
	m.authenticate(c)
	for location, want := range map[string]bool{"/b": true, "https://a.test/b": true, "https://b.test/": false, "https://a.test:444/": false} {
		resp := pipeline.NewResponse(0)
		resp.Status = 302
		resp.Header.Add("Location", location)
		if next := m.redirected(resp); (next.tls.Certificate != nil) != want || (next.tlsID != "") != want {
			t.Errorf("%s: presented %t, want %t", location, next.tls.Certificate != nil, want)
		}
	}
}
