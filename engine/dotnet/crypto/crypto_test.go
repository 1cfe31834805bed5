package crypto

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekisho/engine/dotnet/clr"
)

const certificateText64 = `MIIDezCCAmOgAwIBAgIEEjSrzTANBgkqhkiG9w0BAQsFADA9MQswCQYDVQQGEwJHQjEUMBIGA1UECgwLQ29udG9zbyBMdGQxGDAW
BgNVBAMMD2FwaS5jb250b3NvLmNvbTAgFw0yNjExMjIxMDA3MDNaGA8yMTI2MTAyOTEwMDcwM1owPTELMAkGA1UEBhMCR0IxFDAS
BgNVBAoMC0NvbnRvc28gTHRkMRgwFgYDVQQDDA9hcGkuY29udG9zby5jb20wggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIB
AQDBZvQqKZdnG3X+hZxrYgUut9li+1r/oZCjhpYHTz6BTUcmp0QKu+8UBV5RAuM/BfWfyro3mboE00MLwI8KZDDxnDpeO7LvWoNK
mT7/gA9CqKdk81hQKpOoYJ6hTl4bK11QHjLDo4h7RC2CIbt+POHVbLt7McwWENGw6jHKoHJtkVQvKtk7vjwERK63A/tcNEAoeIMO
SZUcCSz2G5d23VaXHY/wCRwsireR/46ddgb8JGFuD3+fHxt7kp+XHdp/JLcBTR1Jtvh05xRVgPGCo5NRlr8MM2VD5XSqucSei6ZM
azwemPiDYMCIwoTSJLMvR+RpwdDhJznq8mNnGqe8pmjLAgMBAAGjgYAwfjAdBgNVHQ4EFgQUh0S/jzbK39iTmLqGgMmAuMgqtk4w
HwYDVR0jBBgwFoAUh0S/jzbK39iTmLqGgMmAuMgqtk4wDwYDVR0TAQH/BAUwAwEB/zArBgNVHREEJDAigg9hcGkuY29udG9zby5j
b22CD3d3dy5jb250b3NvLmNvbTANBgkqhkiG9w0BAQsFAAOCAQEAUE31agKwZfkL47uJkY8duOP1jwVu0lvv2X0lZScLCe/DaV83
4xOGYMA2/2dKF362boND5ELHtzzbdd/GK0fGzBu/2mMVATCT6chw4aVdu4BtZdINF2YyJYm9MUc50WroYBdHZZLmWr3HP3Sv9xuH
rQYsYLS/OyZQ9sN1NmHvYk57CWewgTsobeY6Lw47LiP8FJWvD5TSc+hHYi++LoZRMjeoJjFWnZ5CweYmiuZMWutGeOpX6VoCroi/
Cn0LOJE1HeylCZaajsfInMzWV9XgPRlFBTyn0wGpM9j3aat2OQwDBaN//B67Sw0evXslDUBEVr7oc96E3AP4VGpn4fouGg==`

func thrown(f func() any) (out string) {
	if e := clr.Try(func() {
		v := f()
		if b, ok := v.([]byte); ok {
			v = clr.ToBase64(b)
		}
		out = fmt.Sprint(v)
	}); e != nil {
		return strings.TrimPrefix(e.Type, "System.") + ": " + e.Message
	}
	return out
}

func hexOf(b []byte) string { return clr.BitsString(b, 0, len(b)) }

func TestHashes(t *testing.T) {
	for _, tt := range []struct {
		f    func() any
		want string
	}{
		{func() any { return NewHash(SHA256).ComputeHash([]byte("abc")) }, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="},
		{func() any { return hexOf(NewHash(SHA1).ComputeHash([]byte("abc"))) }, "A9-99-3E-36-47-06-81-6A-BA-3E-25-71-78-50-C2-6C-9C-D0-D8-9D"},
		{func() any { return NewHMAC(SHA256, []byte("key")).ComputeHash([]byte("data")) }, "UDH+PZicbRU3oBP6bnOdojRj/a7DtwE32Cjjas4iG9A="},
		{func() any { return NewHMAC(SHA1, []byte("key")).ComputeHash([]byte("data")) }, "EEFSxb/coHvGM+69RhmfAlXJ9J0="},
		{func() any { return NewHash(SHA512).ComputeHash([]byte{}) }, "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="},
		{func() any { return hexOf(NewHMAC(SHA384, []byte{1, 2}).ComputeHash([]byte("x")))[:11] }, "90-34-9F-B1"},
		{func() any { return hexOf(NewHash(SHA384).ComputeHash([]byte{}))[:11] }, "38-B0-60-A7"},
		{func() any { return CreateHash("SHA1Managed").ComputeHash([]byte("x")) }, "EfatjsUqKYSrqv18O1FlA3hcIHI="},
		{func() any { return CreateHash("nope") == nil }, "true"},
		{func() any {
			h := NewRandomHMAC(SHA256, rand.Reader)
			h.SetKey([]byte("k"))
			return h.ComputeHash([]byte("m"))
		}, "tgCQ4wUil661oICInOL8S8qVfnVvrrTffTGADKHncew="},
		{func() any { return NewHMAC(SHA256, nil) }, "ArgumentNullException: Value cannot be null. (Parameter 'key')"},
		{func() any { return NewHash(SHA256).ComputeHash(nil) }, "ArgumentNullException: Value cannot be null. (Parameter 'buffer')"},
		{func() any { return NewHash(MD5).HashSize() }, "128"},
		{func() any { return len(NewHash(SHA256).ComputeHashIn([]byte("abc"), 1, 2)) }, "32"},
	} {
		if got := thrown(tt.f); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestCiphers(t *testing.T) {
	key, iv := make([]byte, 16), make([]byte, 16)
	for _, tt := range []struct {
		f    func() any
		want string
	}{
		{func() any { return EncryptNamed([]byte("hello"), "Aes", key, iv) }, "mDTtUYy8j76a88bst164wA=="},
		{func() any {
			return string(DecryptNamed(EncryptNamed([]byte("hello"), "AES", make([]byte, 32), iv), "Aes", make([]byte, 32), iv))
		}, "hello"},
		{func() any { return DecryptNamed([]byte{1}, "Aes", key, iv) }, "Security.Cryptography.CryptographicException: The input data is not a complete block."},
		{func() any { return DecryptNamed(make([]byte, 16), "Aes", key, iv) }, "Security.Cryptography.CryptographicException: Padding is invalid and cannot be removed."},
		{func() any { return EncryptNamed([]byte("x"), "Aes", make([]byte, 5), iv) }, "Security.Cryptography.CryptographicException: Specified key is not a valid size for this algorithm."},
		{func() any { return EncryptNamed([]byte("x"), "Aes", key, nil) }, "ArgumentNullException: Value cannot be null. (Parameter 'iv')"},
		{func() any { return EncryptNamed([]byte("x"), "Rot13", key, iv) }, "Security.Cryptography.CryptographicException: 'Rot13' is not a known symmetric algorithm."},
	} {
		if got := thrown(tt.f); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	for _, name := range []string{"Aes", "TripleDES", "DES"} {
		for _, mode := range []CipherMode{CBC, ECB, CFB} {
			for _, padding := range []PaddingMode{PKCS7, ANSIX923, ISO10126, Zeros} {
				a := CreateSymmetric(name, rand.Reader)
				a.SetMode(mode)
				a.SetPadding(padding)
				for n := range 40 {
					data := []byte(strings.Repeat("x", n))
					back := string(Decrypt(Encrypt(data, a, nil, nil), a, nil, nil))
					if padding == Zeros {
						back = strings.TrimRight(back, "\x00")
					}
					if back != string(data) {
						t.Fatalf("%s %v %v: %d bytes come back as %q", name, mode, padding, n, back)
					}
				}
			}
		}
	}
}

func TestRSA(t *testing.T) {
	r := CreateRSA(2048, rand.Reader)
	r.Make(nil)
	data := []byte{1, 2, 3}
	for _, p := range []SignaturePadding{SignPkcs1, SignPss} {
		s := r.SignData(data, SHA256, p)
		if len(s) != 256 || !r.VerifyData(data, s, SHA256, p) {
			t.Errorf("%s: a signature of %d bytes does not verify", p, len(s))
		}
		s[0] ^= 1
		if r.VerifyData(data, s, SHA256, p) {
			t.Errorf("%s: a broken signature verifies", p)
		}
	}
	for _, p := range []EncryptionPadding{EncryptPkcs1, EncryptOaepSHA1, EncryptOaepSHA256} {
		if got := r.Decrypt(r.Encrypt(data, p), p); string(got) != string(data) {
			t.Errorf("%s: %v", p, got)
		}
	}
	if got := thrown(func() any { return NewRSA(r.Public(), nil).SignData(data, SHA256, SignPkcs1) }); !strings.Contains(got, "Key does not exist") {
		t.Error(got)
	}
}

func TestCertificate(t *testing.T) {
	c := ParseCertificate(clr.FromBase64(certificateText64))
	for _, tt := range []struct{ got, want any }{
		{Issuer(c), "CN=api.contoso.com, O=Contoso Ltd, C=GB"}, {Subject(c), "CN=api.contoso.com, O=Contoso Ltd, C=GB"},
		{SerialNumber(c), "1234ABCD"}, {Thumbprint(c), "EBFCC2ACD58FD4D554B98BAF9E8B6B50EF4EFF01"},
		{NameInfo(c, DnsName, false), "api.contoso.com"}, {NameInfo(c, SimpleName, true), "api.contoso.com"},
		{RSAPublicKey(c).KeySize(), int32(2048)}, {len(CertHash(c)), 20}, {SignatureOid(c).FriendlyName, "sha256RSA"},
		{KeyOid(c).Value, "1.2.840.113549.1.1.1"}, {c.Version, 3}, {HasPrivateKey(c), false}, {RSAPrivateKey(c) == nil, true},
		{NotBefore(c).Format("o"), "2026-11-22T10:07:03.0000000+00:00"}, {hexOf(SerialNumberBytes(c)), "CD-AB-34-12"},
		{nameValue(`a,b"c`), `"a,b""c"`},
	} {
		if tt.got != tt.want {
			t.Errorf("got %v, want %v", tt.got, tt.want)
		}
	}
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	c.Roots = x509.NewCertPool()
	if Verify(c, now) {
		t.Error("an untrusted certificate verifies")
	}
	c.Roots.AddCert(c.Certificate)
	if !Verify(c, now) || Verify(c, now.AddDate(-1, 0, 0)) {
		t.Error("trust does not follow the roots and the clock")
	}
	if got := thrown(func() any { return ParseCertificate([]byte("x")) }); !strings.Contains(got, "CryptographicException") {
		t.Error(got)
	}
}
