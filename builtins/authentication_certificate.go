package builtins

import (
	"strings"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// AuthenticationCertificate authenticates the gateway to the backend by a client
// certificate.
//
//	<authentication-certificate certificate-id="shop" />
//	<authentication-certificate thumbprint="CA06F56B258B7A0D4F2B05470939478651151984" />
//
// The certificate is one of gateway.yaml with its private key, found by its id or by its
// SHA-1. Both accept expressions. It is presented by forward-request, or by the
// send-request that the policy stands in, to a backend that asks for one; connections are
// shared by requests with the same certificate only, and a redirect to another host does
// not take it along.
//
// Spec: https://learn.microsoft.com/azure/api-management/authentication-certificate-policy
// Ours: the case of a thumbprint does not matter, nor do blanks and colons in it. The last
// authentication-certificate counts. It takes precedence over the certificate of the
// backend. A computed name of no certificate, or of one without a private key, is
// InvalidValue.
var AuthenticationCertificate = pipeline.Policy{
	Name:     "authentication-certificate",
	Summary:  "Authenticates to the backend by a client certificate.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example:  `<authentication-certificate thumbprint="CA06F56B258B7A0D4F2B05470939478651151984" />`,
	New:      func() pipeline.Step { return new(authenticationCertificate) },
}

type authenticationCertificate struct {
	Thumbprint  pipeline.String `attr:"thumbprint"`
	Certificate pipeline.String `attr:"certificate-id"`

	thumbprint string // of a literal
}

// Check wants one certificate.
func (a *authenticationCertificate) Check(c *pipeline.Check) {
	switch {
	case a.Thumbprint.IsSet() && a.Certificate.IsSet():
		c.Errorf(nil, "conflicting-attributes", `<authentication-certificate> wants only one of the attributes "thumbprint" and "certificate-id"`)
	case a.Thumbprint.IsSet():
		if s, ok := a.Thumbprint.Literal(); ok {
			a.thumbprint = normalThumbprint(s)
		}
	case a.Certificate.IsSet():
		if !isStandIn(c, "certificate-id") {
			c.Certificate(&a.Certificate)
		}
	default:
		c.Errorf(nil, "missing-attribute", `<authentication-certificate> wants one of the attributes "thumbprint" and "certificate-id"`)
	}
}

// normalThumbprint is a thumbprint in upper case, without what Windows puts in it.
func normalThumbprint(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == ':' || r == '\u200e' {
			return -1
		}
		return r
	}, s))
}

func (a *authenticationCertificate) Run(x *pipeline.Exchange) error {
	c, err := a.find(x)
	if err != nil {
		return err
	}
	if c.PrivateKey == nil {
		return badValue("The certificate to authenticate with has no private key.")
	}
	request, _ := x.Target()
	request.Certificate = c
	return nil
}

func (a *authenticationCertificate) find(x *pipeline.Exchange) (*apim.Certificate, error) {
	name, err := a.thumbprint, error(nil)
	switch {
	case a.Certificate.IsSet():
		name, err = a.Certificate.Get(x)
	case name == "":
		if name, err = a.Thumbprint.Get(x); err == nil {
			name = normalThumbprint(name)
		}
	}
	if err != nil {
		return nil, err
	}
	c := x.Route.Deployment.Certificates[name]
	if c == nil {
		return nil, badValue("There is no certificate of the id or thumbprint to authenticate with.")
	}
	return c, nil
}
