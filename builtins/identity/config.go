package identity

import (
	"bytes"
	"crypto/tls"
	"slices"
)

// Config is what is configured of identities.
type Config struct{ Identities []Identity }

func (c Config) has(id string) bool {
	return slices.ContainsFunc(c.Identities, func(i Identity) bool { return i.ID == id })
}

// Source is where tokens come from.
type Source string

// The sources. Auto finds out from the environment.
const (
	Auto              Source = "auto"
	IMDS              Source = "imds"
	AppService        Source = "appService"
	Arc               Source = "arc"
	ServiceFabric     Source = "serviceFabric"
	Workload          Source = "workload"
	ClientSecret      Source = "clientSecret"
	ClientCertificate Source = "clientCertificate"
)

// Identity is one identity. What is "" comes from the environment.
type Identity struct {
	// ID is its name: what client-id of a policy may say, or System.
	ID string
	// ClientID is the client id of the application or of the user-assigned identity.
	ClientID string
	Source   Source // "" is Auto
	// TenantID and Authority are for Workload, ClientSecret and ClientCertificate.
	TenantID, Authority string
	// Endpoint is the URL of the local token endpoint; for IMDS, Arc and ServiceFabric
	// one without a path gets the documented path.
	Endpoint string
	// Header is the secret that AppService and ServiceFabric want to see.
	Header string
	// Thumbprint is the SHA-1 of ServiceFabric's certificate, in hexadecimal.
	Thumbprint string
	// KeyDirectory is where Arc's challenge files are.
	KeyDirectory string
	// TokenFile holds the federated token of Workload.
	TokenFile    string
	ClientSecret string
	// Certificate has its private key, which must be a crypto.Signer.
	Certificate *tls.Certificate
}

// equal tells whether two identities are the same in everything.
func (i Identity) equal(o Identity) bool {
	a, b := i.Certificate, o.Certificate
	i.Certificate, o.Certificate = nil, nil
	if i != o || (a == nil) != (b == nil) {
		return false
	}
	return a == nil || slices.EqualFunc(a.Certificate, b.Certificate, bytes.Equal)
}
