package builtins

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/crypto"
	"sekisho/engine/pipeline"

	"golang.org/x/crypto/ocsp"
)

// pki is an authority, one between it and its clients, and a world that answers for both.
type pki struct {
	now    time.Time
	roots  *x509.CertPool
	root   *x509.Certificate
	middle *x509.Certificate
	key    *ecdsa.PrivateKey // of middle
	rootK  *ecdsa.PrivateKey

	mu      sync.Mutex
	answers map[string]func(body []byte) (status int, answer []byte)
	asked   []string
	cache   map[string]any
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{
		now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), roots: x509.NewCertPool(), key: newKey(t), rootK: newKey(t),
		answers: map[string]func([]byte) (int, []byte){}, cache: map[string]any{},
	}
	ca := func(name string, serial int64) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name, Organization: []string{"Contoso, Inc."}}, IsCA: true, BasicConstraintsValid: true,
			NotBefore: p.now.AddDate(-1, 0, 0), NotAfter: p.now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}
	}
	p.root = p.sign(t, ca("root", 1), nil, &p.rootK.PublicKey, p.rootK)
	p.middle = p.sign(t, ca("middle", 2), p.root, &p.key.PublicKey, p.rootK)
	p.roots.AddCert(p.root)
	return p
}

// sign makes a certificate; one without a parent is its own.
func (p *pki) sign(t *testing.T, c, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// client is the certificate of a client, as a connection has it.
func (p *pki) client(t *testing.T, change func(*x509.Certificate)) *apim.Certificate {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(0x0ABC), Subject: pkix.Name{CommonName: "shop", Organization: []string{"Contoso, Inc."}}, DNSNames: []string{"shop.example.com"},
		NotBefore: p.now.Add(-time.Hour), NotAfter: p.now.Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(c)
	}
	return &apim.Certificate{Certificate: p.sign(t, c, p.middle, &newKey(t).PublicKey, p.key), Intermediates: []*x509.Certificate{p.middle}, Roots: p.roots}
}

// Send implements pipeline.Transport.
func (p *pki) Send(_ context.Context, r *pipeline.Request, o pipeline.SendOptions) (*pipeline.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := r.URL.String()
	p.asked = append(p.asked, u)
	answer := p.answers[u]
	if answer == nil {
		return nil, errors.New("nobody answers")
	}
	body, _ := r.Body.Buffer()
	resp := pipeline.NewResponse(o.BodyLimit)
	status, data := answer(body)
	resp.Status = status
	resp.Body.SetStream(io.NopCloser(strings.NewReader(string(data))), -1)
	return resp, nil
}

// Get, Set and Delete implement pipeline.Cache.
func (p *pki) Get(key string) (any, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.cache[key]
	return v, ok
}

func (p *pki) Set(key string, v any, _ int64, ttl time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ttl > revocationKept {
		panic(fmt.Sprint("kept for ", ttl))
	}
	p.cache[key] = v
}

func (p *pki) Delete(string) {}

// reason runs a validate-client-certificate and returns why it fails, "" if it does not.
func (p *pki) reason(t *testing.T, c *apim.Certificate, element string) string {
	t.Helper()
	return p.run(t, compile(t, element), c)
}

func (p *pki) run(t *testing.T, steps *pipeline.Pipeline, c *apim.Certificate) string {
	t.Helper()
	x := pipeline.NewExchange(&pipeline.Services{
		Now: func() time.Time { return p.now }, Transport: p, Cache: p, Log: slog.New(slog.DiscardHandler),
	}, 1<<20)
	defer x.Release()
	x.Context = context.Background()
	x.ClientCert = c
	x.Route = &pipeline.Route{API: &apim.API{}, Operation: &apim.Operation{}, Deployment: &apim.Deployment{
		Certificates: map[string]*apim.Certificate{"middle": {Certificate: p.middle}, "root": {Certificate: p.root}},
	}}
	err := steps.Run(x)
	var f *pipeline.Fault
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &f):
		t.Fatal(err)
	case f.Status != 403 || f.Public != "Invalid client certificate" || f.Source != "validate-client-certificate":
		t.Errorf("the fault is %+v", f)
	}
	return f.Reason
}

func TestClientCertificateTrustAndTime(t *testing.T) {
	p := newPKI(t)
	f := func(name string, c *apim.Certificate, attributes, want string) {
		t.Helper()
		if got := p.reason(t, c, "<validate-client-certificate "+attributes+" />"); got != want {
			t.Errorf("%s, %s: got %q, want %q", name, attributes, got, want)
		}
	}
	good := p.client(t, nil)
	old := p.client(t, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = p.now.Add(-2*time.Hour), p.now.Add(-time.Hour) })
	early := p.client(t, func(c *x509.Certificate) { c.NotBefore = p.now.Add(time.Minute) })
	stranger := newPKI(t).client(t, nil)
	stranger.Roots = p.roots
	lost := &apim.Certificate{Certificate: good.Certificate, Roots: p.roots} // without the one between
	server := p.client(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	f("good", good, "", "")
	f("none", nil, "", "ClientCertificateNotPresent")
	f("none", nil, `ignore-error="true"`, "")
	f("old", old, "", "ClientCertificateExpired")
	f("old", old, `validate-not-after="false"`, "")
	f("early", early, "", "ClientCertificateNotYetValid")
	f("early", early, `validate-not-before="false"`, "")
	f("stranger", stranger, "", "ClientCertificateNotTrusted")
	f("stranger", stranger, `ignore-error="true"`, "")
	f("stranger", stranger, `validate-trust="false"`, "")
	f("lost", lost, "", "ClientCertificateNotTrusted")
	f("for servers", server, "", "ClientCertificateNotTrusted")
}

func TestClientCertificateIdentities(t *testing.T) {
	p := newPKI(t)
	c := p.client(t, nil)
	thumb, middle := crypto.Thumbprint(c), crypto.Thumbprint(&apim.Certificate{Certificate: p.middle})
	f := func(identities string, want bool) {
		t.Helper()
		got := p.reason(t, c, "<validate-client-certificate><identities>"+identities+"</identities></validate-client-certificate>")
		if (got == "") != want || !want && got != "ClientCertificateNotAllowed" {
			t.Errorf("%s: got %q", identities, got)
		}
	}
	f(`<identity thumbprint="`+thumb+`" />`, true)
	f(`<identity thumbprint="`+strings.ToLower(thumb[:2]+":"+thumb[2:10]+" "+thumb[10:])+`" />`, true)
	f(`<identity thumbprint="`+thumb[:39]+`" />`, false)
	f(`<identity serial-number="0ABC" />`, true)
	f(`<identity serial-number="abc" />`, true)
	f(`<identity serial-number="bc" />`, false)
	f(`<identity serial-number="0" />`, false)
	f(`<identity common-name="shop" />`, true)
	f(`<identity common-name="Shop" />`, false)
	f(`<identity dns-name="SHOP.example.com" />`, true)
	f(`<identity dns-name="example.com" />`, false)
	f(`<identity subject="`+strings.ReplaceAll(crypto.Subject(c), `"`, "&quot;")+`" />`, true)
	f(`<identity subject="`+strings.ReplaceAll(strings.ReplaceAll(crypto.Subject(c), ", O", " ,  O"), `"`, "&quot;")+`" />`, true)
	f(`<identity subject="CN=shop" />`, false)
	f(`<identity subject="CN=shop, O=&quot;Contoso,Inc.&quot;" />`, false)
	f(`<identity issuer-subject="`+strings.ReplaceAll(crypto.Issuer(c), `"`, "&quot;")+`" />`, true)
	f(`<identity issuer-subject="CN=root" />`, false)
	f(`<identity issuer-thumbprint="`+middle+`" />`, true)
	f(`<identity issuer-thumbprint="`+thumb+`" />`, false)
	f(`<identity common-name="shop" dns-name="shop.example.com" serial-number="ABC" />`, true)
	f(`<identity common-name="shop" dns-name="other.example.com" />`, false)
	f(`<identity common-name="other" /><identity common-name="shop" />`, true)
	// By a certificate of the folder, which the documents of this test do not know.
	for id, want := range map[string]bool{"middle": true, "root": false, "none": false} {
		i := &clientIdentity{Issuer: pipeline.Lit(id)}
		x := (&world{}).exchange()
		x.Route = &pipeline.Route{Deployment: &apim.Deployment{Certificates: map[string]*apim.Certificate{"middle": {Certificate: p.middle}, "root": {Certificate: p.root}}}}
		if got := i.fits(x, c, nil); got != want {
			t.Errorf("issued by %s: %t", id, got)
		}
		x.Release()
	}
}

func TestClientCertificateRevocation(t *testing.T) {
	const responder, list = "http://ocsp.test/", "http://crl.test/list"
	type answer = func([]byte) (int, []byte)
	p := newPKI(t)
	other := newPKI(t)
	both := p.client(t, func(c *x509.Certificate) {
		c.OCSPServer, c.CRLDistributionPoints = []string{responder}, []string{"ldap://crl.test/", list}
	})
	ocspAnswer := func(change func(*ocsp.Response), by *pki, with *x509.Certificate, key *ecdsa.PrivateKey) answer {
		r := ocsp.Response{Status: ocsp.Good, SerialNumber: both.Certificate.SerialNumber, ThisUpdate: p.now.Add(-time.Minute), NextUpdate: p.now.Add(time.Hour)}
		if change != nil {
			change(&r)
		}
		signer := by.middle
		if with != nil {
			r.Certificate, signer = with, with
		}
		raw, err := ocsp.CreateResponse(by.middle, signer, r, key)
		if err != nil {
			t.Fatal(err)
		}
		return func(question []byte) (int, []byte) {
			if _, err := ocsp.ParseRequest(question); err != nil {
				return 400, nil
			}
			return 200, raw
		}
	}
	says := func(change func(*ocsp.Response)) answer { return ocspAnswer(change, p, nil, p.key) }
	crlOf := func(change func(*x509.RevocationList), by *x509.Certificate, key *ecdsa.PrivateKey) answer {
		l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: p.now.Add(-time.Minute), NextUpdate: p.now.Add(time.Hour)}
		if change != nil {
			change(l)
		}
		raw, err := x509.CreateRevocationList(rand.Reader, l, by, key)
		if err != nil {
			t.Fatal(err)
		}
		return func([]byte) (int, []byte) { return 200, raw }
	}
	crl := func(change func(*x509.RevocationList)) answer { return crlOf(change, p.middle, p.key) }
	revoked := func(l *x509.RevocationList) {
		l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: big.NewInt(5), RevocationTime: p.now}, {SerialNumber: big.NewInt(0xABC), RevocationTime: p.now}}
	}
	delegate := func(usage ...x509.ExtKeyUsage) (*x509.Certificate, *ecdsa.PrivateKey) {
		k := newKey(t)
		return p.sign(t, &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "responder"}, NotBefore: p.now.Add(-time.Hour), NotAfter: p.now.Add(time.Hour), ExtKeyUsage: usage}, p.middle, &k.PublicKey, p.key), k
	}
	official, officialKey := delegate(x509.ExtKeyUsageOCSPSigning)
	usurper, usurperKey := delegate(x509.ExtKeyUsageClientAuth)
	garbage := answer(func([]byte) (int, []byte) { return 200, []byte("garbage") })
	const good, isRevoked, unknown = "", "ClientCertificateRevoked", "ClientCertificateRevocationUnknown"
	for name, c := range map[string]struct {
		ocsp, crl answer
		want      string
	}{
		"good by OCSP":         {says(nil), nil, good},
		"revoked by OCSP":      {says(func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, p.now }), crl(nil), isRevoked},
		"good by CRL":          {nil, crl(nil), good},
		"revoked by CRL":       {nil, crl(revoked), isRevoked},
		"nobody answers":       {nil, nil, unknown},
		"garbage":              {garbage, garbage, unknown},
		"an error":             {func([]byte) (int, []byte) { return 500, nil }, func([]byte) (int, []byte) { return 404, nil }, unknown},
		"too much":             {func([]byte) (int, []byte) { return 200, make([]byte, maxOCSP+1) }, nil, unknown},
		"not known to OCSP":    {says(func(r *ocsp.Response) { r.Status = ocsp.Unknown }), nil, unknown},
		"only the CRL knows":   {says(func(r *ocsp.Response) { r.Status = ocsp.Unknown }), crl(revoked), isRevoked},
		"an answer of another": {says(func(r *ocsp.Response) { r.SerialNumber = big.NewInt(7) }), nil, unknown},
		"an old answer":        {says(func(r *ocsp.Response) { r.NextUpdate = p.now.Add(-time.Hour) }), nil, unknown},
		"an answer of tomorrow": {says(func(r *ocsp.Response) {
			r.ThisUpdate = p.now.Add(24 * time.Hour)
			r.NextUpdate = p.now.Add(48 * time.Hour)
		}), nil, unknown},
		"a strange responder": {ocspAnswer(nil, other, nil, other.key), nil, unknown},
		"a delegate":          {ocspAnswer(nil, p, official, officialKey), nil, good},
		"a usurper":           {ocspAnswer(nil, p, usurper, usurperKey), nil, unknown},
		"an old list": {nil, crl(func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = p.now.Add(-2*time.Hour), p.now.Add(-time.Hour)
		}), unknown},
		"a list of the root":   {nil, crlOf(nil, p.root, p.rootK), unknown},
		"a list of a stranger": {nil, crlOf(nil, other.middle, other.key), unknown},
		"a list of changes": {nil, crl(func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}
		}), unknown},
	} {
		t.Run(name, func(t *testing.T) {
			p.answers = map[string]func([]byte) (int, []byte){responder: c.ocsp, list: c.crl}
			p.cache, p.asked = map[string]any{}, nil
			steps := compile(t, "<validate-client-certificate />")
			for range 3 {
				if got := p.run(t, steps, both); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}
			if len(p.asked) > 2 {
				t.Errorf("asked %q for three requests", p.asked)
			}
			if got := p.reason(t, both, `<validate-client-certificate validate-revocation="false" />`); got != "" {
				t.Errorf("not to be asked for, and got %q", got)
			}
		})
	}
	// What is not trusted makes nobody ask.
	p.asked, p.cache = nil, map[string]any{}
	stranger := other.client(t, func(c *x509.Certificate) { c.OCSPServer = []string{"http://169.254.169.254/"} })
	stranger.Roots = p.roots
	if got := p.reason(t, stranger, `<validate-client-certificate validate-trust="false" />`); got != unknown {
		t.Errorf("got %q", got)
	}
	if len(p.asked) > 0 {
		t.Errorf("%q was asked for a certificate of a stranger", p.asked)
	}
}

func TestRevokedIntermediate(t *testing.T) {
	p := newPKI(t)
	const list = "http://crl.test/roots"
	p.middle = p.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "middle"}, IsCA: true, BasicConstraintsValid: true, CRLDistributionPoints: []string{list},
		NotBefore: p.now.AddDate(-1, 0, 0), NotAfter: p.now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}, p.root, &p.key.PublicKey, p.rootK)
	raw, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: p.now, NextUpdate: p.now.Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(3), RevocationTime: p.now}},
	}, p.root, p.rootK)
	if err != nil {
		t.Fatal(err)
	}
	p.answers[list] = func([]byte) (int, []byte) { return 200, raw }
	if got := p.reason(t, p.client(t, nil), "<validate-client-certificate />"); got != "ClientCertificateRevoked" {
		t.Errorf("got %q", got)
	}
}
