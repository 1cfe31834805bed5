package dotnet

import (
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/crypto"
)

const x509Space = "System.Security.Cryptography.X509Certificates."

type (
	// publicKey is a PublicKey.
	publicKey struct{ of *apim.Certificate }
	// distinguishedName is an X500DistinguishedName.
	distinguishedName struct{ Name string }
)

// certificateDecls are X509Certificate2 and what belongs to it.
func certificateDecls() []*Decl {
	type certificate = *apim.Certificate
	verify := func(t *Thread, a []any) any {
		if a[0] == nil {
			clr.ThrowNull("certificate")
		}
		t.Ticks(ticksPerLook)
		return crypto.Verify(a[0].(certificate), t.UtcNow())
	}
	date := func(f func(certificate) clr.DateTime) Func {
		return f1(func(c certificate) string { return f(c).Format("") })
	}
	name := func(f func(certificate) string) Func {
		return f1(func(c certificate) *distinguishedName { return &distinguishedName{f(c)} })
	}
	oid := func(f func(certificate) crypto.Oid) Func {
		return f1(func(c certificate) *crypto.Oid { o := f(c); return &o })
	}
	raw := func(c certificate) []byte { return append([]byte{}, c.Raw...) }
	private := f1(crypto.RSAPrivateKey)
	return []*Decl{
		class(x509Space+"X509Certificate : IDisposable",
			Prop("string Subject", f1(crypto.Subject)),
			Prop("string Issuer", f1(crypto.Issuer)),
			Method("byte[] GetCertHash()", f1(crypto.CertHash)),
			Method("byte[] GetCertHash(HashAlgorithmName hashAlgorithm)", f2(crypto.CertHashNamed)),
			Method("string GetCertHashString()", f1(crypto.Thumbprint)),
			Method("string GetCertHashString(HashAlgorithmName hashAlgorithm)", f2(func(c certificate, n crypto.HashName) string {
				return clr.ToHex(crypto.CertHashNamed(c, n))
			})),
			Method("byte[] GetSerialNumber()", f1(crypto.SerialNumberBytes)),
			Method("string GetSerialNumberString()", f1(crypto.SerialNumber)),
			Method("string GetEffectiveDateString()", date(crypto.NotBefore)),
			Method("string GetExpirationDateString()", date(crypto.NotAfter)),
			Method("string GetKeyAlgorithm()", f1(func(c certificate) string { return crypto.KeyOid(c).Value })),
			Method("byte[] GetPublicKey()", f1(crypto.PublicKeyBytes)),
			Method("string GetPublicKeyString()", f1(func(c certificate) string { return clr.ToHex(crypto.PublicKeyBytes(c)) })),
			Method("byte[] GetRawCertData()", paidBytes(f1(raw))),
			Method("string GetRawCertDataString()", paid(f1(func(c certificate) string { return clr.ToHex(c.Raw) }))),
			Method("string GetFormat()", func(*Thread, []any) any { return "X509" }),
			Ctor("(byte[] data)", readCertificate),
			Ctor("(byte[] rawData, string password)", readCertificate),
			Method("byte[] Export(X509ContentType contentType)", exportCertificate),
			Method("bool Equals(X509Certificate other)", f2(func(c, other certificate) bool { return other != nil && crypto.SameCertificate(c, other) })),
			Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		),
		class(x509Space+"X509Certificate2 : X509Certificate",
			Ctor("(byte[] rawData)", readCertificate),
			Ctor("(byte[] rawData, string password)", readCertificate),
			Ctor("(byte[] rawData, string password, X509KeyStorageFlags keyStorageFlags)", readCertificate),
			Ctor("(X509Certificate certificate)", strict(f1(func(c certificate) certificate { return c }))),
			Prop("string Thumbprint", f1(crypto.Thumbprint)),
			Prop("string SerialNumber", f1(crypto.SerialNumber)),
			Prop("X500DistinguishedName SubjectName", name(crypto.Subject)),
			Prop("X500DistinguishedName IssuerName", name(crypto.Issuer)),
			Prop("DateTime NotBefore", f1(crypto.NotBefore)),
			Prop("DateTime NotAfter", f1(crypto.NotAfter)),
			Prop("int Version", f1(func(c certificate) int { return c.Version })),
			Prop("bool HasPrivateKey", f1(crypto.HasPrivateKey)),
			Prop("AsymmetricAlgorithm PrivateKey", private),
			Prop("PublicKey PublicKey", f1(func(c certificate) *publicKey { return &publicKey{c} })),
			Prop("byte[] RawData", paidBytes(f1(raw))),
			Prop("Oid SignatureAlgorithm", oid(crypto.SignatureOid)),
			Prop("string FriendlyName", func(*Thread, []any) any { return "" }),
			Prop("bool Archived", func(*Thread, []any) any { return false }),
			Method("string GetNameInfo(X509NameType nameType, bool forIssuer)", f3(crypto.NameInfo)),
			Method("bool Verify()", verify),
		).holds(&apim.Certificate{}),
		flags(x509Space+"X509KeyStorageFlags", "DefaultKeySet UserKeySet MachineKeySet Exportable=4 UserProtected=8 PersistKeySet=16 EphemeralKeySet=32").outsideList(),
		enum(x509Space+"X509NameType", "SimpleName EmailName UpnName DnsName DnsFromAlternativeName UrlName"),
		enum(x509Space+"X509ContentType", "Unknown Cert SerializedCert Pfx=3 Pkcs12=3 SerializedStore Pkcs7 Authenticode"),
		class(x509Space+"X500DistinguishedName",
			Prop("string Name", f1(func(n *distinguishedName) string { return n.Name })),
		).holds(&distinguishedName{}),
		class(x509Space+"PublicKey",
			Prop("Oid Oid", f1(func(k *publicKey) *crypto.Oid { o := crypto.KeyOid(k.of); return &o })),
			Prop("AsymmetricAlgorithm Key", f1(func(k *publicKey) *crypto.RSA { return crypto.RSAPublicKey(k.of) })),
		).holds(&publicKey{}),
		staticClass(x509Space+"RSACertificateExtensions",
			Static("RSA GetRSAPublicKey(this X509Certificate2 certificate)", strict(f1(crypto.RSAPublicKey))),
			Static("RSA GetRSAPrivateKey(this X509Certificate2 certificate)", strict(private)),
		),
		staticClass("CertificateExtensions",
			Static("bool VerifyNoRevocation(this X509Certificate2 certificate)", verify),
		),
	}
}

// exportCertificate is Export of the certificate alone: its key stays here.
func exportCertificate(t *Thread, a []any) any {
	const cert = 1
	if a[1].(EnumValue).Value != cert {
		clr.Throw(crypto.CryptographicException, "Invalid content type: expressions export X509ContentType.Cert only.")
	}
	raw := a[0].(*apim.Certificate).Raw
	t.Pay(len(raw))
	return append([]byte{}, raw...)
}

// readCertificate reads DER, PEM and PKCS#12, of which the second argument is the
// password.
func readCertificate(t *Thread, a []any) any {
	b, ok := a[0].([]byte)
	if !ok {
		t.argNull(0)
	}
	t.Ticks(ticksPerLook)
	t.Pay(2 * len(b))
	password := ""
	if len(a) > 1 {
		password = str(a[1])
	}
	return crypto.OpenCertificate(t, b, password)
}
