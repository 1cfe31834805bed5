package builtins

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/crypto/pkcs12"
	"sekisho/engine/pipeline"
)

// AuthenticationCertificate authenticates the gateway to the backend by a client
// certificate.
//
//	<authentication-certificate certificate-id="shop" />
//	<authentication-certificate thumbprint="CA06F56B258B7A0D4F2B05470939478651151984" />
//	<authentication-certificate body="@(context.Variables.GetValueOrDefault<byte[]>("pfx"))" password="{{pfx-password}}" />
//
// The certificate is one of gateway.yaml with its private key, found by its id or by its
// SHA-1, or comes as the bytes of a PKCS#12 file (.pfx) with its password, if it has one.
// All four accept expressions. It is presented by forward-request, or by the
// send-request that the policy stands in, to a backend that asks for one; connections are
// shared by requests with the same certificate only, and a redirect to another host does
// not take it along.
//
// Spec: https://learn.microsoft.com/azure/api-management/authentication-certificate-policy
// Ours: the case of a thumbprint does not matter, nor do blanks and colons in it. The last
// authentication-certificate counts. It takes precedence over the certificate of the
// backend. A literal body is in base64. A file that was read is remembered, by a hash of it
// and its password. What names no certificate or is none, or one without a private key, is
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
	Body        pipeline.Any    `attr:"body"`
	Password    pipeline.String `attr:"password" secret:""`

	thumbprint string // of a literal

	mu    sync.Mutex
	files map[[sha256.Size]byte]*apim.Certificate // that were read, by what they were read from
}

// maxFiles bounds the files that are remembered, and maxFile their size in bytes.
const (
	maxFiles = 64
	maxFile  = 256 << 10
)

// Check wants one certificate.
func (a *authenticationCertificate) Check(c *pipeline.Check) {
	n := 0
	for _, set := range []bool{a.Thumbprint.IsSet(), a.Certificate.IsSet(), a.Body.IsSet()} {
		if set {
			n++
		}
	}
	const attributes = `"thumbprint", "certificate-id" and "body"`
	switch {
	case n == 0:
		c.Errorf(nil, "missing-attribute", "<authentication-certificate> wants one of the attributes %s", attributes)
	case n > 1:
		c.Errorf(nil, "conflicting-attributes", "<authentication-certificate> wants only one of the attributes %s", attributes)
	case a.Password.IsSet() && !a.Body.IsSet():
		c.Errorf(&a.Password, "conflicting-attributes", `the attribute "password" of <authentication-certificate> belongs to a "body", and there is none`)
	case a.Thumbprint.IsSet():
		if s, ok := a.Thumbprint.Literal(); ok {
			a.thumbprint = normalThumbprint(s)
		}
	case a.Certificate.IsSet():
		if !isStandIn(c, "certificate-id") {
			c.Certificate(&a.Certificate)
		}
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
	case a.Body.IsSet():
		return a.read(x)
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

// read is the certificate in the body.
func (a *authenticationCertificate) read(x *pipeline.Exchange) (*apim.Certificate, error) {
	v, err := a.Body.Get(x)
	if err != nil {
		return nil, err
	}
	password, err := a.Password.Get(x)
	if err != nil {
		return nil, err
	}
	data, ok := bytesOf(v)
	if !ok || len(data) > maxFile {
		return nil, badValue("The body of a certificate is no array of bytes, or too large.")
	}
	sum := sha256.New()
	sum.Write(data)
	sum.Write([]byte{0})
	sum.Write([]byte(password))
	id := [sha256.Size]byte(sum.Sum(nil))
	// One at a time: deriving a key from a password is meant to be work.
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.files[id]; c != nil {
		return c, nil
	}
	chain, key, err := pkcs12.Decode(data, password)
	if err != nil || len(chain) == 0 {
		return nil, &pipeline.Fault{Status: 500, Reason: reasonBadValue, Message: "The body of a certificate cannot be read, or its password is wrong.", Cause: err}
	}
	c := &apim.Certificate{Certificate: chain[0], PrivateKey: key, Intermediates: chain[1:]}
	if a.files == nil || len(a.files) >= maxFiles {
		a.files = map[[sha256.Size]byte]*apim.Certificate{}
	}
	a.files[id] = c
	return c, nil
}

// bytesOf is the bytes of an expression's value, or of a text in base64.
func bytesOf(v any) ([]byte, bool) {
	switch b := v.(type) {
	case string:
		data, err := base64.StdEncoding.DecodeString(b)
		return data, err == nil
	case []byte:
		return b, true
	}
	return nil, false
}
