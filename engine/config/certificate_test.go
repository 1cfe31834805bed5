package config

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sekisho/engine/dotnet/crypto/pkcs12"
	"sekisho/engine/source"
)

// certificateFiles reads testdata/certificates, made with OpenSSL: a leaf by a
// CA, as PEM and as PKCS#12 of several kinds; and an RSA certificate.
func certificateFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	names, _ := filepath.Glob("testdata/certificates/*")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(data)
	}
	return files
}

func TestCertificates(t *testing.T) {
	files := certificateFiles(t)
	files["both.pem"] = files["leaf.key"] + files["leaf.pem"] + files["ca.pem"]
	files["gateway.yaml"] = `
certificates:
  pem: {file: leaf.pem, key: leaf.key}
  sec1: {file: leaf.pem, key: leaf-sec1.key}
  pkcs1: {file: rsa.pem, key: rsa1.key}
  both: both.pem
  public: ca.pem
  aes256: {file: aes256.pfx, password: pässword}
  legacy: {file: legacy.pfx, password: password}
  empty: {file: empty-password.pfx}
  noKey: {file: no-key.pfx, password: password}
listeners:
  - {address: ":1", tls: {certificate: aes256}, clientCertificate: require, trust: ca.pem}
  - {address: ":2", tls: {certificate: leaf.pem, key: leaf.key, minVersion: 1.3}, clientCertificate: request}
  - {address: ":3", tls: {certificate: both.pem}, clientCertificate: request, trust: [ca.pem]}
backends:
  b: {url: https://b, credentials: {certificates: legacy}, tls: {roots: [ca.pem]}}
`
	m := mustLoad(t, files, nil)
	thumb := m.Certificate("pem").Thumbprint
	if len(thumb) != 40 || m.Certificate(strings.ToLower(thumb)) != m.Certificate("pem") {
		t.Errorf("thumbprint %q", thumb)
	}
	for id, want := range map[string]struct {
		chain int
		key   bool
	}{"pem": {1, true}, "sec1": {1, true}, "both": {2, true}, "aes256": {2, true}, "legacy": {2, true}, "empty": {1, true}} {
		c := m.Certificate(id)
		if c == nil || len(c.Chain) != want.chain || (c.PrivateKey != nil) != want.key || c.Thumbprint != thumb || c.Chain[0].Subject.CommonName != "leaf.example.com" {
			t.Errorf("%s: %+v", id, c)
		}
	}
	for _, id := range []string{"public", "noKey"} {
		if c := m.Certificate(id); c == nil || c.PrivateKey != nil || c.Chain[0].Subject.CommonName != "test-ca" {
			t.Errorf("%s: %+v", id, c)
		}
	}
	l := m.Listeners
	if l[0].TLS.ClientAuth != tls.RequireAndVerifyClientCert || l[0].TLS.ClientRoots == nil || len(l[0].TLS.Certificate.Certificate) != 2 || l[0].TLS.MinVersion != tls.VersionTLS12 {
		t.Errorf("listener 1: %+v", l[0].TLS)
	}
	if l[1].TLS.ClientAuth != tls.RequestClientCert || l[1].TLS.MinVersion != tls.VersionTLS13 {
		t.Errorf("listener 2: %+v", l[1].TLS)
	}
	if l[2].TLS.ClientAuth != tls.VerifyClientCertIfGiven {
		t.Errorf("listener 3: %+v", l[2].TLS)
	}
	if b := m.Backend("b"); b.Credentials.Certificate != m.Certificate("legacy") || b.TLS.Roots == nil {
		t.Errorf("backend: %+v", b)
	}
}

func TestCertificateMistakes(t *testing.T) {
	files := certificateFiles(t)
	files["gateway.yaml"] = `certificates:
  other-key: {file: leaf.pem, key: rsa.key}
  password: {file: aes256.pfx, password: wrong}
  password-legacy: {file: legacy.pfx, password: wrong}
  no-password: {file: aes256.pfx}
  not-a-key: {file: leaf.pem, key: ca.pem}
  public: ca.pem
listeners:
  - {address: ":1", tls: {certificate: public}}
backends:
  b: {url: https://b, credentials: {certificates: [public, other-key]}}
`
	var diags source.List
	LoadFS(folderOf(files), nil, &diags)
	want := `gateway.yaml:2:36: error: the private key in "rsa.key" is not that of the certificate [config-certificate]
gateway.yaml:3:20: error: "aes256.pfx" cannot be used: the password is wrong [config-certificate]
gateway.yaml:4:27: error: "legacy.pfx" cannot be used: the password is wrong [config-certificate]
gateway.yaml:5:23: error: "aes256.pfx" cannot be used: the password is wrong [config-certificate]
gateway.yaml:6:36: error: "ca.pem" holds no private key in PEM that is not encrypted [config-certificate]
gateway.yaml:9:40: error: "public" has no private key: a listener needs one [config-certificate]
gateway.yaml:11:52: error: the certificate "public" has no private key: it cannot be presented [config-certificate]
gateway.yaml:11:60: error: a client presents one certificate [config-conflict]
`
	var got strings.Builder
	for line := range strings.Lines(render(&diags)) {
		if strings.HasPrefix(line, "gateway.yaml:") {
			got.WriteString(line)
		}
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func FuzzPKCS12(f *testing.F) {
	names, _ := filepath.Glob("testdata/certificates/*.pfx")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "password")
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		chain, key, err := pkcs12.Decode(data, password)
		if err != nil && (chain != nil || key != nil) {
			t.Fatal("an error and a certificate")
		}
	})
}
