package jose

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"sekisho/engine/pipeline"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwe"
	"github.com/lestrrat-go/jwx/v3/jws/jwsbb"
)

func computeSignature(key any, alg string, input []byte) ([]byte, error) {
	return jwsbb.Sign(key, alg, input, nil)
}

// attack is a token that must be refused, and the reason that it must be refused with.
type attack struct{ name, token, reason string }

// TestAttacks makes the tokens of the known attacks on readers of JSON Web Tokens. The
// reader trusts the RSA key "rsa" and the elliptic key "ec" of an issuer, and a secret.
// The same tokens without the attack are accepted, see TestGoodTokens.
func TestAttacks(t *testing.T) {
	w := newWorld(t)
	key, ec, secret := rsaOnce(), ecOnce(), []byte("0123456789abcdef0123456789abcdef")
	w.issuer.publish(t, issuerURL, "https://login.test/", pipeline.TokenKey{ID: "rsa", Key: key}, pipeline.TokenKey{ID: "ec", Key: ec})
	keys := &pipeline.TokenKeys{OpenID: []string{issuerURL}, Signing: []pipeline.TokenKey{{ID: "hmac", Key: secret}}}
	good := goodClaims(w, "https://login.test/")
	claims := text(t, good)
	token := mustSign(t, good, key, "rsa")
	parts := strings.Split(token, ".")
	signed := func(header string) string { return raw(t, "RS256", header, claims, key) }
	with := func(claims string) string { return raw(t, "RS256", `{"alg":"RS256","kid":"rsa"}`, claims, key) }
	plus := func(member string) string { return with(strings.Replace(claims, "{", "{"+member+",", 1)) }
	stranger := generateEC(elliptic.P256())
	strangerJWK, err := JWK(stranger, "own")
	if err != nil {
		t.Fatal(err)
	}
	const invalid, signature, unknown = "JwtInvalid", "TokenSignatureInvalid", "TokenSignatureKeyNotFound"

	var attacks []attack
	add := func(name, token, reason string) { attacks = append(attacks, attack{name, token, reason}) }

	// Without a signature.
	for _, alg := range []string{"none", "None", "nOnE", "NONE", "none "} {
		reason := invalid
		if alg == "none" {
			reason = signature
		}
		add("alg "+alg, b64(`{"alg":"`+alg+`"}`)+"."+parts[1]+".", reason)
		add("alg "+alg+" with a signature", b64(`{"alg":"`+alg+`"}`)+"."+parts[1]+"."+parts[2], reason)
	}
	add("alg is missing", b64(`{"typ":"JWT"}`)+"."+parts[1]+"."+parts[2], invalid)
	add("alg is empty", b64(`{"alg":""}`)+"."+parts[1]+".", invalid)
	add("alg is an array", b64(`{"alg":["RS256"]}`)+"."+parts[1]+"."+parts[2], invalid)
	add("alg is null", b64(`{"alg":null}`)+"."+parts[1]+"."+parts[2], invalid)
	add("empty signature", parts[0]+"."+parts[1]+".", signature)
	add("stripped signature", parts[0]+"."+parts[1], invalid)
	add("trailing dot", token+".", invalid)
	add("extra segment", token+"."+parts[2], invalid)
	add("six segments", token+"."+token, invalid)

	// The public key as a secret.
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	asPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	asJWK, _ := JWK(key, "rsa")
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.PublicKey)}))
	for name, s := range map[string]string{
		"PEM": asPEM, "PEM without the last line end": strings.TrimSpace(asPEM), "DER": string(der), "JWK": string(asJWK),
		"PKCS#1": pkcs1, "PKCS#1 DER": string(x509.MarshalPKCS1PublicKey(&key.PublicKey)), "modulus": string(key.N.Bytes()),
	} {
		for _, alg := range []string{"HS256", "HS384", "HS512"} {
			add("key confusion: "+name+" as secret of "+alg, raw(t, alg, `{"alg":"`+alg+`","kid":"rsa"}`, claims, []byte(s)), unknown)
		}
	}

	// A key that the token brings or says where to have.
	own := func(header string) string { return raw(t, "ES256", header, claims, stranger) }
	add("embedded jwk", own(`{"alg":"ES256","jwk":`+string(strangerJWK)+`}`), signature)
	add("embedded jwk with its kid", own(`{"alg":"ES256","kid":"own","jwk":`+string(strangerJWK)+`}`), unknown)
	add("embedded jwk with our kid", own(`{"alg":"ES256","kid":"ec","jwk":`+string(strangerJWK)+`}`), signature)
	add("x5c", own(`{"alg":"ES256","x5c":["`+base64.StdEncoding.EncodeToString(der)+`"]}`), signature)
	for _, u := range []string{"https://evil.test/keys", issuerURL + ".evil.test/keys", issuerURL + "/../redirect?to=https://evil.test"} {
		add("jku "+u, own(`{"alg":"ES256","kid":"own","jku":"`+u+`"}`), unknown)
		add("x5u "+u, own(`{"alg":"ES256","kid":"own","x5u":"`+u+`"}`), unknown)
	}

	// The name of the key.
	for _, kid := range []string{"../../../../dev/null", "/dev/null", "' OR 1=1 --", "$(id)", "rsa\\u0000", "RSA", "hmac2"} {
		add("kid "+kid, raw(t, "HS256", `{"alg":"HS256","kid":"`+kid+`"}`, claims, []byte(strings.Repeat("\x00", 32))), unknown)
	}
	add("kid of an empty file", raw(t, "HS256", `{"alg":"HS256","kid":"/dev/null"}`, claims, []byte{0}), unknown)
	add("kid too long", signed(`{"alg":"RS256","kid":"`+strings.Repeat("k", 2000)+`"}`), invalid)
	add("kid an array", signed(`{"alg":"RS256","kid":["rsa"]}`), invalid)
	add("kid a number", signed(`{"alg":"RS256","kid":1}`), invalid)
	add("kid twice", signed(`{"alg":"RS256","kid":"other","kid":"rsa"}`), invalid)
	add("kid twice, one escaped", signed(`{"alg":"RS256","kid":"other","ki\u0064":"rsa"}`), invalid)

	// Signatures that are none.
	n := elliptic.P256().Params().N
	for name, rs := range map[string][2]*big.Int{
		"r=s=0": {big.NewInt(0), big.NewInt(0)}, "r=0": {big.NewInt(0), big.NewInt(1)}, "s=0": {big.NewInt(1), big.NewInt(0)},
		"r=n": {n, big.NewInt(1)}, "s=n": {big.NewInt(1), n}, "r=s=n": {n, n}, "s=n+1": {big.NewInt(1), new(big.Int).Add(n, big.NewInt(1))},
	} {
		b := append(rs[0].FillBytes(make([]byte, 32)), rs[1].FillBytes(make([]byte, 32))...)
		add("psychic signature "+name, b64(`{"alg":"ES256","kid":"ec"}`)+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(b), signature)
	}
	add("signature of another curve", raw(t, "ES384", `{"alg":"ES384","kid":"ec"}`, claims, generateEC(elliptic.P384())), unknown)
	add("ES512 with a key of P-256", b64(`{"alg":"ES512","kid":"ec"}`)+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(make([]byte, 132)), unknown)
	add("signature in ASN.1", asn1Signed(t, b64(`{"alg":"ES256","kid":"ec"}`)+"."+parts[1], ec), signature)
	add("ES256K", b64(`{"alg":"ES256K","kid":"ec"}`)+"."+parts[1]+"."+parts[2], invalid)
	add("RS1", b64(`{"alg":"RS1","kid":"rsa"}`)+"."+parts[1]+"."+parts[2], invalid)
	add("RS256 read as PS256", b64(`{"alg":"PS256","kid":"rsa"}`)+"."+parts[1]+"."+parts[2], unknown)
	add("signed by another RSA key", mustSign(t, good, rsaTwo(), "rsa"), signature)
	add("payload of another token", parts[0]+"."+b64(strings.Replace(claims, "somebody", "admin", 1))+"."+parts[2], signature)

	// Extensions.
	for _, crit := range []string{`["b64"]`, `["exp"]`, `["unknown"]`, `[]`, `"exp"`, `null`} {
		add("crit "+crit, signed(`{"alg":"RS256","kid":"rsa","unknown":1,"crit":`+crit+`}`), invalid)
	}
	add("b64 false", signed(`{"alg":"RS256","kid":"rsa","b64":false}`), invalid)
	add("b64 false, detached", rawSegments(t, "RS256", b64(`{"alg":"RS256","kid":"rsa","b64":false,"crit":["b64"]}`)+"."+"{}", key), invalid)
	add("zip", signed(`{"alg":"RS256","kid":"rsa","zip":"DEF"}`), invalid)

	// Forms.
	add("alg twice", signed(`{"alg":"RS256","alg":"none","kid":"rsa"}`), invalid)
	add("JSON serialization", `{"payload":"`+parts[1]+`","protected":"`+parts[0]+`","signature":"`+parts[2]+`"}`, invalid)
	add("JSON serialization, general", `{"payload":"`+parts[1]+`","signatures":[{"protected":"`+parts[0]+`","signature":"`+parts[2]+`"}]}`, invalid)
	add("padding", parts[0]+"="+"."+parts[1]+"."+parts[2], invalid)
	add("padding of the signature", token+"==", invalid)
	add("a line end in a segment", parts[0]+"."+parts[1][:4]+"\n"+parts[1][4:]+"."+parts[2], invalid)
	add("a line end at the end", token+"\r\n", invalid)
	add("a blank before", " "+token, invalid)
	add("characters of base64", strings.Replace(parts[0], parts[0][:1], "+", 1)+"."+parts[1]+"."+parts[2], invalid)
	add("a scheme before it", "Bearer "+token, invalid)
	add("a byte order mark", signed("\xef\xbb\xbf"+`{"alg":"RS256","kid":"rsa"}`), invalid)
	add("a byte order mark before the claims", with("\xef\xbb\xbf"+claims), invalid)
	add("a header in UTF-16", signed("\x00{\x00}"), invalid)
	add("a header that is no object", signed(`["alg"]`), invalid)
	add("something behind the header", signed(`{"alg":"RS256","kid":"rsa"}{}`), invalid)
	add("a header nested too deep", signed(`{"alg":"RS256","x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`}`), invalid)
	add("claims that are no object", with(`"claims"`), invalid)
	add("no claims", with(``), invalid)
	add("claims not in UTF-8", with("{\"iss\":\"\xff\"}"), invalid)
	add("claims nested too deep", plus(`"x":`+strings.Repeat(`{"x":`, 20)+`1`+strings.Repeat(`}`, 20)), invalid)
	add("a token too large", plus(`"x":"`+strings.Repeat("x", 17<<10)+`"`), invalid)
	add("nothing", "", invalid)
	add("dots", "..", invalid)
	add("five empty segments", "....", invalid)

	// Claims that two readers take differently.
	for _, name := range []string{"exp", "iss", "aud", "sub", "roles"} {
		add("claim "+name+" twice", plus(`"`+name+`":1,"`+name+`":"x"`), invalid)
	}
	add("claim twice, deep inside", plus(`"x":[{"a":{"b":1,"b":2}}]`), invalid)
	for _, v := range []string{"1e400", "-1e400", "-1", `"9999999999"`, "true", "null", "[9999999999]", "{}", "NaN", "Infinity", "1e300", "253402300800", "-0"} {
		for _, name := range []string{"exp", "nbf", "iat"} {
			add("claim "+name+" "+v, with(`{"`+name+`":`+v+`}`), invalid)
		}
	}
	for _, v := range []string{`1`, `{"a":1}`, `["a",1]`, `[["a"]]`, `null`, `true`} {
		add("claim aud "+v, with(`{"aud":`+v+`}`), invalid)
	}
	for _, name := range []string{"iss", "sub", "jti"} {
		for _, v := range []string{`["https://login.test/"]`, `1`, `{}`, `null`} {
			add("claim "+name+" "+v, with(`{"`+name+`":`+v+`}`), invalid)
		}
	}

	// Tokens for other uses.
	for _, typ := range []string{"logout+jwt", "oauth-id-jag+jwt", "dpop+jwt", "application/secevent+jwt", "LOGOUT+JWT", "token-introspection+jwt"} {
		add("typ "+typ, signed(`{"alg":"RS256","kid":"rsa","typ":"`+typ+`"}`), invalid)
	}
	add("typ a number", signed(`{"alg":"RS256","kid":"rsa","typ":1}`), invalid)

	// Encrypted tokens, where none are asked for.
	add("a JWE", encrypt(t, jwa.RSA_OAEP_256(), jwa.A256GCM(), token, &key.PublicKey), invalid)

	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			v, err := w.Verify(context.Background(), a.token, keys)
			var refusal *pipeline.TokenError
			switch {
			case err == nil || v != nil:
				t.Fatal("accepted")
			case !errors.As(err, &refusal):
				t.Fatalf("got %v", err)
			case refusal.Reason != a.reason:
				t.Errorf("refused as %s (%s, %v), want %s", refusal.Reason, refusal.Message, refusal.Cause, a.reason)
			case len(a.token) > 20 && strings.Contains(fmt.Sprint(refusal.Message, refusal.Cause), a.token):
				t.Error("the refusal quotes the token")
			}
		})
	}
	for u, n := range w.issuer.asked {
		if !strings.HasPrefix(u, issuerURL) || n > 2 {
			t.Errorf("%s was asked for %d times", u, n)
		}
	}
}

func asn1Signed(t *testing.T, input string, key *ecdsa.PrivateKey) string {
	t.Helper()
	s, err := computeSignature(key, "ES256", []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	der := append([]byte{0x30, 68, 2, 32}, s[:32]...)
	der = append(append(der, 2, 32), s[32:]...)
	return input + "." + base64.RawURLEncoding.EncodeToString(der)
}

func encrypt(t *testing.T, alg jwa.KeyEncryptionAlgorithm, enc jwa.ContentEncryptionAlgorithm, plain string, key any, more ...jwe.EncryptOption) string {
	t.Helper()
	out, err := jwe.Encrypt([]byte(plain), append(more, jwe.WithKey(alg, key), jwe.WithContentEncryption(enc))...)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestWeakKeys makes good signatures of keys that prove nothing.
func TestWeakKeys(t *testing.T) {
	w := newWorld(t)
	claims := text(t, goodClaims(w, "x"))
	small := generateRSA(1024)
	one := &rsa.PublicKey{N: rsaOnce().N, E: 1}
	p224 := generateEC(elliptic.P224())
	short := []byte("short")
	f := func(name, token string, key any) {
		t.Helper()
		if _, err := w.Verify(context.Background(), token, &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{Key: key}}}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	f("RSA of 1024 bits", raw(t, "RS256", `{"alg":"RS256"}`, claims, small), &small.PublicKey)
	f("RSA with the exponent 1", b64(`{"alg":"RS256"}`)+"."+b64(claims)+"."+b64(strings.Repeat("\x01", 256)), one)
	f("a short secret", raw(t, "HS256", `{"alg":"HS256"}`, claims, short), short)
	f("a secret of 31 bytes", raw(t, "HS256", `{"alg":"HS256"}`, claims, make([]byte, 31)), make([]byte, 31))
	f("HS512 with a secret of 63 bytes", raw(t, "HS512", `{"alg":"HS512"}`, claims, make([]byte, 63)), make([]byte, 63))
	f("an empty secret", b64(`{"alg":"HS256"}`)+"."+b64(claims)+"."+b64("x"), []byte{})
	f("P-224", b64(`{"alg":"ES256"}`)+"."+b64(claims)+"."+b64(strings.Repeat("\x01", 64)), &p224.PublicKey)
	f("a private key to verify with", mustSign(t, goodClaims(w, "x"), rsaOnce(), ""), rsaOnce())
}

// TestSignatureIsCanonical changes s of an Ed25519 signature to s + L, which some accept.
func TestSignatureIsCanonical(t *testing.T) {
	w := newWorld(t)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token := mustSign(t, goodClaims(w, "x"), private, "")
	keys := &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{Key: public}}}
	if _, err := w.Verify(context.Background(), token, keys); err != nil {
		t.Fatal(err)
	}
	i := strings.LastIndexByte(token, '.')
	sig, _ := base64.RawURLEncoding.DecodeString(token[i+1:])
	l, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := make([]byte, 32)
	for k := range s {
		s[k] = sig[63-k]
	}
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), l).FillBytes(make([]byte, 32))
	for k := range sum {
		sig[63-k] = sum[k]
	}
	if _, err := w.Verify(context.Background(), token[:i+1]+base64.RawURLEncoding.EncodeToString(sig), keys); err == nil {
		t.Error("a signature with s + L was accepted")
	}
}

// TestGoodTokens accepts tokens of every algorithm.
func TestGoodTokens(t *testing.T) {
	w := newWorld(t)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	p384, p521 := generateEC(elliptic.P384()), generateEC(elliptic.P521())
	secret := []byte(strings.Repeat("s", 64))
	keys := &pipeline.TokenKeys{Signing: []pipeline.TokenKey{
		{Key: &rsaOnce().PublicKey}, {Key: &ecOnce().PublicKey}, {Key: &p384.PublicKey}, {Key: &p521.PublicKey}, {Key: ed.Public()}, {Key: secret},
	}}
	for alg, key := range map[string]any{
		"RS256": rsaOnce(), "RS384": rsaOnce(), "RS512": rsaOnce(), "PS256": rsaOnce(), "PS384": rsaOnce(), "PS512": rsaOnce(),
		"ES256": ecOnce(), "ES384": p384, "ES512": p521, "EdDSA": ed, "Ed25519": ed, "HS256": secret, "HS384": secret, "HS512": secret,
	} {
		for _, header := range []string{`{"alg":"` + alg + `"}`, `{ "typ" : "at+jwt" , "alg":"` + alg + `","kid":"any","x5t":"abc","cty":"x"}`} {
			v, err := w.Verify(context.Background(), raw(t, alg, header, `{"iss":"me","sub":"you","aud":["a","b"],"exp":1800000000.5,"n":[1,true,null]}`, key), keys)
			if err != nil {
				t.Errorf("%s: %v", alg, err)
				continue
			}
			if j := v.Jwt; j.Algorithm != alg || j.Issuer != "me" || j.Subject != "you" || len(j.Audiences) != 2 || j.ExpirationTime == nil {
				t.Errorf("%s: got %+v", alg, j)
			}
		}
	}
}

func TestUnsignedTokens(t *testing.T) {
	w := newWorld(t)
	token := b64(`{"alg":"none"}`) + "." + b64(`{"iss":"x"}`) + "."
	allowed := &pipeline.TokenKeys{Unsigned: true, Signing: []pipeline.TokenKey{{Key: &rsaOnce().PublicKey}}}
	if _, err := w.Verify(context.Background(), token, allowed); err != nil {
		t.Error(err)
	}
	if _, err := w.Verify(context.Background(), token+"eA", allowed); err == nil {
		t.Error("a token without an algorithm had a signature")
	}
	if _, err := w.Verify(context.Background(), mustSign(t, goodClaims(w, "x"), rsaTwo(), ""), allowed); err == nil {
		t.Error("a signature counts, where there is one")
	}
	if _, err := w.Verify(context.Background(), strings.Replace(token, b64(`{"alg":"none"}`), b64(`{"alg":"None"}`), 1), allowed); err == nil {
		t.Error("None is no algorithm")
	}
}
