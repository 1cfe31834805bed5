package builtins

import (
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/crypto"
	"sekisho/engine/pipeline"
)

// ValidateClientCertificate lets a request through only if its client has presented a
// certificate that is good, and one of those that are expected.
//
//	<validate-client-certificate validate-revocation="true" validate-trust="true"
//	                             validate-not-before="true" validate-not-after="true" ignore-error="false">
//	  <identities>
//	    <identity thumbprint="CA06…" serial-number="1234" common-name="shop" subject="CN=shop, O=Contoso"
//	              dns-name="shop.example.com" issuer-subject="CN=Contoso CA" issuer-thumbprint="0F1E…" />
//	    <identity issuer-certificate-id="contoso-ca" />
//	  </identities>
//	</validate-client-certificate>
//
// The certificate must be in its time, lead to a root that the listener trusts (to one of
// the system if it names nobody), and not be revoked; and all attributes of at least one
// identity must fit, if there are any. With ignore-error a failure changes nothing. No
// attribute accepts expressions.
//
// Spec: https://learn.microsoft.com/azure/api-management/validate-client-certificate-policy
// Ours: a certificate that says what it is for must be for clients. A failure answers 403 "Invalid client certificate", and LastError says which:
// ClientCertificateNotPresent, ClientCertificateNotYetValid, ClientCertificateExpired,
// ClientCertificateNotTrusted, ClientCertificateRevoked, ClientCertificateRevocationUnknown
// or ClientCertificateNotAllowed. Revocation is asked for by OCSP, then by CRL, for the
// certificate and those between it and its root, with bounds in time and size; answers are
// remembered for as long as they are good, an hour at most. A certificate that names
// neither responder nor list cannot be revoked; if it names some and none has an answer
// that can be trusted, it is refused. Only what a trusted root has issued has its
// addresses asked: with validate-trust="false", another certificate that names some is
// refused, too. Names of subjects and issuers compare as .NET writes them ("CN=shop,
// O=\"Contoso, Inc.\""), with any blanks between the parts; thumbprints are SHA-1.
var ValidateClientCertificate = pipeline.Policy{
	Name:     "validate-client-certificate",
	Summary:  "Lets a request through only with a valid client certificate.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example: `<validate-client-certificate validate-revocation="false">
  <identities>
    <identity subject="CN=shop, O=Contoso" issuer-subject="CN=Contoso CA" />
  </identities>
</validate-client-certificate>`,
	New: func() pipeline.Step { return new(validateClientCertificate) },
}

type validateClientCertificate struct {
	Revocation  bool               `attr:"validate-revocation" default:"true"`
	Trust       bool               `attr:"validate-trust" default:"true"`
	NotBefore   bool               `attr:"validate-not-before" default:"true"`
	NotAfter    bool               `attr:"validate-not-after" default:"true"`
	IgnoreError bool               `attr:"ignore-error" default:"false"`
	Identities  *clientIdentitySet `child:"identities"`

	chains     knownChains
	revocation revocation
}

type clientIdentitySet struct {
	List []*clientIdentity `child:"identity,required"`
}

type clientIdentity struct {
	Thumbprint       string          `attr:"thumbprint"`
	Serial           string          `attr:"serial-number"`
	CommonName       string          `attr:"common-name"`
	Subject          string          `attr:"subject"`
	DNSName          string          `attr:"dns-name"`
	IssuerSubject    string          `attr:"issuer-subject"`
	IssuerThumbprint string          `attr:"issuer-thumbprint"`
	Issuer           pipeline.String `attr:"issuer-certificate-id"`
}

// maxIdentities is how many identities API Management allows.
const maxIdentities = 10

// Check bounds the list.
func (s *clientIdentitySet) Check(c *pipeline.Check) {
	if len(s.List) > maxIdentities {
		c.Errorf(nil, "bad-value", "<identities> may hold at most %d identities, and has %d", maxIdentities, len(s.List))
	}
}

// Check wants something to compare with, and brings it into one form.
func (i *clientIdentity) Check(c *pipeline.Check) {
	if len(c.Element().Attrs) == 0 {
		c.Errorf(nil, "missing-attribute", "<identity> wants an attribute: without one it fits every certificate")
		return
	}
	if i.Issuer.IsSet() {
		if _, literal := i.Issuer.Literal(); !literal {
			c.Errorf(&i.Issuer, "expression-not-allowed", `attribute "issuer-certificate-id" of <identity> takes no expression`)
			return
		}
		if i.IssuerSubject != "" || i.IssuerThumbprint != "" {
			c.Errorf(&i.Issuer, "conflicting-attributes", `<identity> with an issuer-certificate-id wants neither "issuer-subject" nor "issuer-thumbprint"`)
		}
		if !isStandIn(c, "issuer-certificate-id") {
			c.Certificate(&i.Issuer)
		}
	}
	i.Thumbprint, i.IssuerThumbprint = normalThumbprint(i.Thumbprint), normalThumbprint(i.IssuerThumbprint)
	i.Serial = normalSerial(i.Serial)
	i.Subject, i.IssuerSubject = normalName(i.Subject), normalName(i.IssuerSubject)
	for _, f := range []struct {
		name  string
		value *string
	}{
		{"thumbprint", &i.Thumbprint}, {"serial-number", &i.Serial}, {"common-name", &i.CommonName}, {"subject", &i.Subject},
		{"dns-name", &i.DNSName}, {"issuer-subject", &i.IssuerSubject}, {"issuer-thumbprint", &i.IssuerThumbprint},
	} {
		// What is empty would be left out, and the rest, or nothing, decide.
		if c.Element().Attr(f.name) != nil && *f.value == "" && !isStandIn(c, f.name) {
			c.Errorf(f.value, "bad-value", "attribute %q of <identity> must not be empty", f.name)
		}
	}
}

// normalSerial is a serial number in upper case, without zeros before it.
func normalSerial(s string) string {
	s = normalThumbprint(s)
	return strings.TrimLeft(s[:max(0, len(s)-1)], "0") + s[max(0, len(s)-1):]
}

// normalName takes the blanks from between the parts of a distinguished name. Commas in
// quotes are none between parts.
func normalName(s string) string {
	var b strings.Builder
	quoted := false
	for _, part := range strings.Split(s, ",") {
		if !quoted {
			part = strings.TrimLeft(part, " ")
		}
		for range strings.Count(part, `"`) {
			quoted = !quoted
		}
		if !quoted {
			part = strings.TrimRight(part, " ")
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(part)
	}
	return b.String()
}

func (v *validateClientCertificate) Run(x *pipeline.Exchange) error {
	err := v.validate(x)
	if err != nil && v.IgnoreError && x.Context.Err() == nil {
		return nil
	}
	return err
}

func badCertificate(reason, message string, cause error) error {
	return &pipeline.Fault{Status: 403, Reason: reason, Message: message + " Access denied.", Public: "Invalid client certificate", Cause: cause}
}

func (v *validateClientCertificate) validate(x *pipeline.Exchange) error {
	c := x.ClientCert
	if c == nil {
		return badCertificate("ClientCertificateNotPresent", "The client has presented no certificate.", nil)
	}
	now := x.Services.Now()
	if v.NotBefore && now.Before(c.Certificate.NotBefore) {
		return badCertificate("ClientCertificateNotYetValid", "The certificate of the client is not valid yet.", nil)
	}
	if v.NotAfter && now.After(c.Certificate.NotAfter) {
		return badCertificate("ClientCertificateExpired", "The certificate of the client has expired.", nil)
	}
	chain, err := v.chains.of(c, now)
	if err != nil && v.Trust {
		return badCertificate("ClientCertificateNotTrusted", "The certificate of the client is not trusted.", err)
	}
	if v.Revocation {
		if err := v.revocation.check(x, c, chain); err != nil {
			return err
		}
	}
	if v.Identities == nil {
		return nil
	}
	for _, i := range v.Identities.List {
		if i.fits(x, c, chain) {
			return nil
		}
	}
	return badCertificate("ClientCertificateNotAllowed", "The certificate of the client is none of those that are allowed.", nil)
}

// fits tells whether all attributes of an identity fit a certificate. Chain is from it to
// its root, nil if it has none that is trusted.
func (i *clientIdentity) fits(x *pipeline.Exchange, c *apim.Certificate, chain []*x509.Certificate) bool {
	if i.Issuer.IsSet() {
		id, _ := i.Issuer.Literal()
		issuer := x.Route.Deployment.Certificates[id]
		if issuer == nil || c.Certificate.CheckSignatureFrom(issuer.Certificate) != nil {
			return false
		}
	}
	if i.IssuerThumbprint != "" {
		issuer := issuerOf(c, chain)
		if issuer == nil || crypto.Thumbprint(&apim.Certificate{Certificate: issuer}) != i.IssuerThumbprint {
			return false
		}
	}
	return (i.Thumbprint == "" || i.Thumbprint == crypto.Thumbprint(c)) &&
		(i.Serial == "" || i.Serial == normalSerial(crypto.SerialNumber(c))) &&
		(i.CommonName == "" || i.CommonName == c.Certificate.Subject.CommonName) &&
		(i.Subject == "" || i.Subject == normalName(crypto.Subject(c))) &&
		(i.IssuerSubject == "" || i.IssuerSubject == normalName(crypto.Issuer(c))) &&
		(i.DNSName == "" || hasDNSName(c.Certificate, i.DNSName))
}

func hasDNSName(c *x509.Certificate, name string) bool {
	for _, n := range c.DNSNames {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// issuerOf is the certificate that another was signed with, nil if it is not known.
func issuerOf(c *apim.Certificate, chain []*x509.Certificate) *x509.Certificate {
	switch {
	case len(chain) > 1:
		return chain[1]
	case c.Certificate.CheckSignatureFrom(c.Certificate) == nil:
		return c.Certificate
	}
	for _, i := range c.Intermediates {
		if c.Certificate.CheckSignatureFrom(i) == nil {
			return i
		}
	}
	return nil
}

// knownChains remembers what certificates lead to which roots: a connection carries many
// requests, all with the same certificate.
type knownChains struct {
	mu   sync.Mutex
	seen map[*apim.Certificate]knownChain
}

// knownChain is the way to a root, or that there is none, for as long as that holds.
type knownChain struct {
	chain []*x509.Certificate
	err   error
	until time.Time
}

const (
	maxChains = 1024
	chainTime = 10 * time.Minute
)

var errNoWay = errors.New("it does not lead to a root that is trusted")

// of is the chain from a certificate to a root. What the times of the certificate itself
// are is another question than whether somebody trusted has issued it.
func (k *knownChains) of(c *apim.Certificate, now time.Time) ([]*x509.Certificate, error) {
	k.mu.Lock()
	known, ok := k.seen[c]
	k.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.chain, known.err
	}
	known = knownChain{until: now.Add(chainTime)}
	between := x509.NewCertPool()
	for _, i := range c.Intermediates {
		between.AddCert(i)
	}
	at := now
	if at.Before(c.Certificate.NotBefore) {
		at = c.Certificate.NotBefore
	}
	if at.After(c.Certificate.NotAfter) {
		at = c.Certificate.NotAfter
	}
	chains, err := c.Certificate.Verify(x509.VerifyOptions{
		Roots: c.Roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	switch {
	case err != nil:
		known.err = err
	case len(chains) == 0:
		known.err = errNoWay
	default:
		known.chain = chains[0]
		for _, in := range known.chain {
			if in.NotAfter.Before(known.until) {
				known.until = in.NotAfter
			}
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen == nil || len(k.seen) >= maxChains {
		k.seen = map[*apim.Certificate]knownChain{}
	}
	k.seen[c] = known
	return known.chain, known.err
}
