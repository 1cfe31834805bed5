package crypto

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/crypto/pkcs12"
)

// The functions here are the members of X509Certificate2, over the certificates
// of gateway.yaml and those that clients present.

// ParseCertificate is new X509Certificate2(bytes): DER or PEM, without a private
// key.
func ParseCertificate(b []byte) *apim.Certificate {
	if len(b) == 0 {
		clr.ThrowArgument("Array cannot be empty or null.", "rawData")
	}
	if p, _ := pem.Decode(b); p != nil && p.Type == "CERTIFICATE" {
		b = p.Bytes
	}
	c, err := x509.ParseCertificate(b)
	if err != nil {
		throw("Cannot find the original signer.")
	}
	return &apim.Certificate{Certificate: c}
}

// OpenCertificate is new X509Certificate2(bytes, password): DER, PEM, or PKCS#12 with
// the private key. The Meter, which may be missing, counts the derivation of keys.
func OpenCertificate(m clr.Meter, b []byte, password string) *apim.Certificate {
	var pfx struct {
		Version int
		Safe    asn1.RawValue
		MAC     asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(b, &pfx); err != nil {
		return ParseCertificate(b)
	}
	chain, key, err := pkcs12.DecodeSpending(b, password, func(n int) {
		for ; n > 0; n-- {
			clr.Spend(m, 0)
		}
	})
	switch {
	case errors.Is(err, pkcs12.ErrPassword):
		throw("The specified network password is not correct.")
	case errors.Is(err, pkcs12.ErrFormat):
		throw("ASN1 corrupted data.")
	case err != nil:
		throw("The file cannot be read: " + err.Error() + ".")
	case len(chain) == 0:
		throw("The file holds no certificate.")
	}
	return &apim.Certificate{Certificate: chain[0], PrivateKey: key}
}

// Thumbprint is the SHA-1 of the certificate, in upper-case hex.
func Thumbprint(c *apim.Certificate) string { return clr.ToHex(CertHash(c)) }

// CertHash is GetCertHash().
func CertHash(c *apim.Certificate) []byte {
	sum := sha1.Sum(c.Raw)
	return sum[:]
}

// CertHashNamed is GetCertHash(hashAlgorithm).
func CertHashNamed(c *apim.Certificate, name HashName) []byte { return HashData(name, c.Raw) }

// Subject and Issuer are the names as .NET writes them: the most specific part
// first.
func Subject(c *apim.Certificate) string { return nameText(c.RawSubject) }
func Issuer(c *apim.Certificate) string  { return nameText(c.RawIssuer) }

// SerialNumber is the serial number in upper-case hex.
func SerialNumber(c *apim.Certificate) string { return clr.ToHex(serialBytes(c)) }

// SerialNumberBytes is GetSerialNumber(): the least significant byte first.
func SerialNumberBytes(c *apim.Certificate) []byte {
	b := serialBytes(c)
	slices.Reverse(b)
	return b
}

func serialBytes(c *apim.Certificate) []byte {
	b := c.Certificate.SerialNumber.Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return b
}

// NotBefore and NotAfter are local times, which are UTC here.
func NotBefore(c *apim.Certificate) clr.DateTime { return clr.Now(c.Certificate.NotBefore) }
func NotAfter(c *apim.Certificate) clr.DateTime  { return clr.Now(c.Certificate.NotAfter) }

// HasPrivateKey is the property of that name.
func HasPrivateKey(c *apim.Certificate) bool { return c.PrivateKey != nil }

// RSAPublicKey and RSAPrivateKey are GetRSAPublicKey and GetRSAPrivateKey: nil
// where there is none.
func RSAPublicKey(c *apim.Certificate) *RSA { return NewRSA(c.PublicKey, nil) }

func RSAPrivateKey(c *apim.Certificate) *RSA {
	if c.PrivateKey == nil {
		return nil
	}
	return NewRSA(c.PublicKey, c.PrivateKey)
}

// Verify is X509Certificate2.Verify() at the instant now: the certificate leads to
// a root that is trusted. Revocation is not asked for.
func Verify(c *apim.Certificate, now time.Time) bool {
	_, err := c.Certificate.Verify(x509.VerifyOptions{Roots: c.Roots, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

// PublicKeyBytes is GetPublicKey(): the key without its algorithm.
func PublicKeyBytes(c *apim.Certificate) []byte {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil
	}
	return info.Key.Bytes
}

// Oid is a System.Security.Cryptography.Oid.
type Oid struct{ Value, FriendlyName string }

// signatureOids and keyOids are the names of algorithms.
var (
	signatureOids = map[x509.SignatureAlgorithm]Oid{
		x509.MD5WithRSA:       {"1.2.840.113549.1.1.4", "md5RSA"},
		x509.SHA1WithRSA:      {"1.2.840.113549.1.1.5", "sha1RSA"},
		x509.SHA256WithRSA:    {"1.2.840.113549.1.1.11", "sha256RSA"},
		x509.SHA384WithRSA:    {"1.2.840.113549.1.1.12", "sha384RSA"},
		x509.SHA512WithRSA:    {"1.2.840.113549.1.1.13", "sha512RSA"},
		x509.SHA256WithRSAPSS: {"1.2.840.113549.1.1.10", "RSASSA-PSS"},
		x509.SHA384WithRSAPSS: {"1.2.840.113549.1.1.10", "RSASSA-PSS"},
		x509.SHA512WithRSAPSS: {"1.2.840.113549.1.1.10", "RSASSA-PSS"},
		x509.ECDSAWithSHA1:    {"1.2.840.10045.4.1", "sha1ECDSA"},
		x509.ECDSAWithSHA256:  {"1.2.840.10045.4.3.2", "sha256ECDSA"},
		x509.ECDSAWithSHA384:  {"1.2.840.10045.4.3.3", "sha384ECDSA"},
		x509.ECDSAWithSHA512:  {"1.2.840.10045.4.3.4", "sha512ECDSA"},
		x509.PureEd25519:      {"1.3.101.112", "Ed25519"},
	}
	keyOids = map[x509.PublicKeyAlgorithm]Oid{
		x509.RSA:     {"1.2.840.113549.1.1.1", "RSA"},
		x509.DSA:     {"1.2.840.10040.4.1", "DSA"},
		x509.ECDSA:   {"1.2.840.10045.2.1", "ECC"},
		x509.Ed25519: {"1.3.101.112", "Ed25519"},
	}
)

// SignatureOid and KeyOid are SignatureAlgorithm and PublicKey.Oid.
func SignatureOid(c *apim.Certificate) Oid { return signatureOids[c.SignatureAlgorithm] }
func KeyOid(c *apim.Certificate) Oid       { return keyOids[c.PublicKeyAlgorithm] }

// NameType is the value of .NET's enum X509NameType.
type NameType int32

const (
	SimpleName NameType = iota
	EmailName
	UpnName
	DnsName
	DnsFromAlternativeName
	UrlName
)

// NameInfo is GetNameInfo(type, forIssuer).
func NameInfo(c *apim.Certificate, t NameType, issuer bool) string {
	name := c.Certificate.Subject
	if issuer {
		name = c.Certificate.Issuer
	}
	first := func(lists ...[]string) string {
		for _, l := range lists {
			if len(l) > 0 && l[0] != "" {
				return l[0]
			}
		}
		return ""
	}
	alternative := func(l []string) []string {
		if issuer {
			return nil
		}
		return l
	}
	var email []string
	for _, n := range name.Names {
		if n.Type.Equal(oidEmail) {
			s, _ := n.Value.(string)
			email = append(email, s)
		}
	}
	switch t {
	case SimpleName:
		return first([]string{name.CommonName}, name.OrganizationalUnit, name.Organization, email,
			alternative(c.EmailAddresses), alternative(c.DNSNames))
	case EmailName:
		return first(email, alternative(c.EmailAddresses))
	case DnsName:
		return first(alternative(c.DNSNames), []string{name.CommonName})
	case DnsFromAlternativeName:
		return first(alternative(c.DNSNames))
	case UrlName:
		if !issuer && len(c.URIs) > 0 {
			return c.URIs[0].String()
		}
	}
	return ""
}

var oidEmail = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

// labels are .NET's labels of the parts of a name.
var labels = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "S",
	"2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "T", "2.5.4.13": "Description",
	"2.5.4.17": "PostalCode", "2.5.4.42": "G", "2.5.4.43": "I", "2.5.4.46": "dnQualifier",
	"1.2.840.113549.1.9.1": "E", "0.9.2342.19200300.100.1.25": "DC",
}

// nameText is a distinguished name, the last of its parts first.
func nameText(der []byte) string {
	var rdns pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &rdns); err != nil || len(rest) > 0 {
		return ""
	}
	var parts []string
	for i := len(rdns) - 1; i >= 0; i-- {
		var both []string
		for _, a := range rdns[i] {
			oid := a.Type.String()
			label, ok := labels[oid]
			if !ok {
				label = "OID." + oid
			}
			both = append(both, label+"="+nameValue(a.Value))
		}
		parts = append(parts, strings.Join(both, " + "))
	}
	return strings.Join(parts, ", ")
}

func nameValue(v any) string {
	s, ok := v.(string)
	if !ok {
		if b, isBytes := v.([]byte); isBytes {
			return "#" + strings.ToUpper(hex.EncodeToString(b))
		}
		return ""
	}
	if s == "" || strings.ContainsAny(s, ",+=\"\n<>#;") || s != strings.TrimSpace(s) {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// SameCertificate is X509Certificate.Equals: of the same issuer and serial number.
func SameCertificate(a, b *apim.Certificate) bool {
	return b != nil && bytes.Equal(a.RawIssuer, b.RawIssuer) && a.Certificate.SerialNumber.Cmp(b.Certificate.SerialNumber) == 0
}

// CertificateText is X509Certificate2.ToString().
func CertificateText(c *apim.Certificate) string {
	date := func(d clr.DateTime) string { return d.Format("MM/dd/yyyy HH:mm:ss") }
	return "[Subject]\n  " + Subject(c) + "\n\n[Issuer]\n  " + Issuer(c) + "\n\n[Serial Number]\n  " + SerialNumber(c) +
		"\n\n[Not Before]\n  " + date(NotBefore(c)) + "\n\n[Not After]\n  " + date(NotAfter(c)) +
		"\n\n[Thumbprint]\n  " + Thumbprint(c) + "\n"
}
