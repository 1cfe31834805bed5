package dotnet_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekisho/engine/csharp"
	"sekisho/engine/source"
)

// pfx is the base64 of a file that engine/config is tested with.
func pfx(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "config", "testdata", "certificates", name))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(data)
}

func TestPKCS12(t *testing.T) {
	const refused = "!System.Security.Cryptography.CryptographicException"
	files := strings.NewReplacer("AES", `Convert.FromBase64String("`+pfx(t, "aes256.pfx")+`")`,
		"LEGACY", `Convert.FromBase64String("`+pfx(t, "legacy.pfx")+`")`,
		"EMPTY", `Convert.FromBase64String("`+pfx(t, "empty-password.pfx")+`")`,
		"BARE", `Convert.FromBase64String("`+pfx(t, "no-key.pfx")+`")`)
	for _, c := range []struct{ code, want string }{
		{`new X509Certificate2(AES, "pässword").Subject`, "CN=leaf.example.com"},
		{`new X509Certificate2(AES, "pässword").Thumbprint`, "9F66DEF7BE858E7114CFBE095F6BCB6037355F9B"},
		{`new X509Certificate2(LEGACY, "password").Thumbprint`, "9F66DEF7BE858E7114CFBE095F6BCB6037355F9B"},
		{`new X509Certificate2(LEGACY, "password").SerialNumber`, "78780807F82A3D381329B42C36AF7A241FA71CD6"},
		{`new X509Certificate2(LEGACY, "password", X509KeyStorageFlags.EphemeralKeySet).HasPrivateKey`, "True"},
		{`new X509Certificate2(new X509Certificate2(LEGACY, "password").RawData).HasPrivateKey`, "False"},
		{`new X509Certificate2(EMPTY).HasPrivateKey`, "True"},
		{`new X509Certificate2(EMPTY, "").HasPrivateKey`, "True"},
		{`new X509Certificate2(EMPTY, (string)null).HasPrivateKey`, "True"},
		{`new X509Certificate2(LEGACY)`, refused},
		{`new X509Certificate2(LEGACY, "Password")`, refused},
		{`new X509Certificate2(AES, "")`, refused},
		{`new X509Certificate2(LEGACY.Take(500).ToArray(), "password")`, refused},
		{`new X509Certificate2((byte[])null, "password")`, "!System.ArgumentNullException"},
		{`new X509Certificate2(new byte[0], "password")`, "!System.ArgumentException"},
	} {
		check(t, "expr", files.Replace(c.code), c.want)
	}
	check(t, "block", files.Replace(`try { new X509Certificate2(AES, "no"); return ""; } catch (CryptographicException e) { return e.Message; }`),
		"The specified network password is not correct.")

	// The derivation of keys is work, which counts.
	code := files.Replace(`new X509Certificate2(LEGACY, "password").Subject`)
	var diags source.List
	p := csharp.Compile(source.Detached("x", code), csharp.Expr, csharp.Options{}, &diags)
	if p == nil {
		t.Fatal(diags.Sorted())
	}
	now := time.Unix(0, 0)
	clock := func() time.Time { now = now.Add(time.Millisecond); return now }
	if _, ex := p.Eval(nil, csharp.Limits{Time: 5 * time.Millisecond, Now: clock}); ex == nil || ex.Type != csharp.LimitExceeded {
		t.Errorf("beyond the limit of time: %v", ex)
	}
}
