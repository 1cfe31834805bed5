package gateway

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"

	"sekisho/engine/dotnet/apim"
)

// BackendTLS is how a backend's certificate is judged and what is presented to it. The
// zero BackendTLS trusts the Transport's roots and checks chain and name.
type BackendTLS struct {
	// Roots are trusted instead of the Transport's; nil for those.
	Roots *x509.CertPool
	// SkipChain and SkipName leave out checks: validateCertificateChain and
	// validateCertificateName turned off.
	SkipChain, SkipName bool
	// ServerName is asked for and checked in place of the URL's host, "" for that.
	ServerName string
	// Certificate is presented if the backend asks for one; nil for none.
	Certificate *tls.Certificate
}

// presenting is settings under which a request presents its own certificate, and what
// tells them apart: connections are shared by requests with the same certificate only.
func (b *BackendTLS) presenting(c *apim.Certificate, id string) (*BackendTLS, string) {
	with := *b
	with.Certificate = &tls.Certificate{PrivateKey: c.PrivateKey, Leaf: c.Certificate, Certificate: [][]byte{c.Raw}}
	h := sha256.New()
	h.Write(c.Raw)
	for _, between := range c.Intermediates {
		with.Certificate.Certificate = append(with.Certificate.Certificate, between.Raw)
		h.Write(between.Raw)
	}
	return &with, id + "\x00" + string(h.Sum(nil))
}

// tlsID tells settings apart: connections made under different ones are never shared.
func (t *Transport) tlsID(b *BackendTLS) string {
	if b.Roots == nil && !b.SkipChain && !b.SkipName && b.ServerName == "" && b.Certificate == nil {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%t %t %q %d", b.SkipChain, b.SkipName, b.ServerName, t.poolNumber(b.Roots))
	if b.Certificate != nil {
		for _, der := range b.Certificate.Certificate {
			h.Write(der)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// poolNumber gives equal pools equal numbers: a reload makes new pools of the same roots.
func (t *Transport) poolNumber(p *x509.CertPool) int {
	if p == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, known := range t.pools {
		if known.Equal(p) {
			return i + 1
		}
	}
	t.pools = append(t.pools, p)
	return len(t.pools)
}

// config makes the client's configuration for a host.
func (b *BackendTLS) config(host string, roots *x509.CertPool) *tls.Config {
	name := b.ServerName
	if name == "" {
		name = host
	}
	if b.Roots != nil {
		roots = b.Roots
	}
	c := &tls.Config{ServerName: name, RootCAs: roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if b.Certificate != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return b.Certificate, nil }
	}
	if b.SkipChain || b.SkipName {
		// Go checks both or none, so what remains to be checked is checked here.
		skipChain, skipName := b.SkipChain, b.SkipName
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(state tls.ConnectionState) error {
			leaf := state.PeerCertificates[0]
			if !skipName {
				if err := leaf.VerifyHostname(name); err != nil {
					return err
				}
			}
			if skipChain {
				return nil
			}
			between := x509.NewCertPool()
			for _, cert := range state.PeerCertificates[1:] {
				between.AddCert(cert)
			}
			_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
			return err
		}
	}
	return c
}
