package apim

import (
	"crypto"
	"crypto/x509"
)

// Certificate is an X509Certificate2: a certificate and, for those of
// gateway.yaml that have one, its private key.
type Certificate struct {
	*x509.Certificate
	PrivateKey crypto.Signer // nil without one
	// Intermediates are the certificates that came with it, towards a root.
	Intermediates []*x509.Certificate
	// Roots are who is trusted for Verify; nil means the system's.
	Roots *x509.CertPool
}
