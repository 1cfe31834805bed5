package gateway

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// ClientAuth is what a TLS listener asks of its clients.
type ClientAuth uint8

// The choices.
const (
	ClientAuthNone    ClientAuth = iota
	ClientAuthRequest            // ask for a certificate; policies judge it
	ClientAuthRequire            // refuse the handshake without one; policies judge it
	ClientAuthVerify             // refuse it also if no root in ClientRoots vouches for it
)

// TLSSettings are what a TLS listener presents and asks for.
type TLSSettings struct {
	// Certificates are chosen by the name that the client asks for, see HostCertificate;
	// the first one is presented where none fits.
	Certificates []HostCertificate
	ClientAuth   ClientAuth
	ClientRoots  *x509.CertPool
	// MinVersion is TLS 1.2 if 0.
	MinVersion uint16
}

// HostCertificate is a certificate for some hosts: names, or patterns such as
// "*.example.org". Without Hosts it serves the names that it carries.
type HostCertificate struct {
	Hosts       []string
	Certificate *tls.Certificate
}

// TLSSource is the configuration of a TLS listener, which Update can change while it
// serves: handshakes from then on see the new one.
type TLSSource struct{ current atomic.Pointer[tls.Config] }

// NewTLSSource makes a TLSSource.
func NewTLSSource(s TLSSettings) (*TLSSource, error) {
	t := &TLSSource{}
	return t, t.Update(s)
}

// Update changes what is presented and asked for. On an error nothing changes.
func (t *TLSSource) Update(s TLSSettings) error {
	if len(s.Certificates) == 0 {
		return errors.New("a TLS listener needs a certificate")
	}
	if s.ClientAuth == ClientAuthVerify && s.ClientRoots == nil {
		return errors.New("verifying client certificates needs roots to verify them with")
	}
	byName := map[string]*tls.Certificate{}
	for _, hc := range s.Certificates {
		hosts := hc.Hosts
		if len(hosts) == 0 {
			leaf, err := x509.ParseCertificate(hc.Certificate.Certificate[0])
			if err != nil {
				return fmt.Errorf("read the listener's certificate: %w", err)
			}
			hosts = leaf.DNSNames
		}
		for _, h := range hosts {
			if h = strings.ToLower(h); byName[h] == nil {
				byName[h] = hc.Certificate
			}
		}
	}
	fallback := s.Certificates[0].Certificate
	c := &tls.Config{
		MinVersion: max(s.MinVersion, tls.VersionTLS12),
		NextProtos: []string{"http/1.1"},
		ClientCAs:  s.ClientRoots,
		ClientAuth: [...]tls.ClientAuthType{tls.NoClientCert, tls.RequestClientCert, tls.RequireAnyClientCert, tls.RequireAndVerifyClientCert}[s.ClientAuth],
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			name := strings.ToLower(hello.ServerName)
			if cert := byName[name]; cert != nil {
				return cert, nil
			}
			if _, parent, ok := strings.Cut(name, "."); ok {
				if cert := byName["*."+parent]; cert != nil {
					return cert, nil
				}
			}
			return fallback, nil
		},
	}
	t.current.Store(c)
	return nil
}

// Config is the configuration for a Listener.
func (t *TLSSource) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return t.current.Load(), nil
		},
	}
}

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
