package jose

import (
	"context"
	"crypto/elliptic"
	"encoding/base64"
	"strings"
	"testing"

	"sekisho/engine/pipeline"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwe"
)

func TestEncryptedTokens(t *testing.T) {
	w := newWorld(t)
	inner := mustSign(t, goodClaims(w, "x"), ecOnce(), "")
	sign := []pipeline.TokenKey{{Key: &ecOnce().PublicKey}}
	p384 := generateEC(elliptic.P384())
	keys := &pipeline.TokenKeys{Signing: sign, Decryption: []pipeline.TokenKey{
		{Key: rsaTwo()}, {ID: "mine", Key: rsaOnce()}, {Key: ecOnce()}, {Key: p384},
		{Key: make([]byte, 16)}, {Key: make([]byte, 24)}, {Key: make([]byte, 32)}, {Key: make([]byte, 48)}, {Key: make([]byte, 64)},
	}}
	encs := map[string]jwa.ContentEncryptionAlgorithm{}
	for _, e := range []jwa.ContentEncryptionAlgorithm{jwa.A128CBC_HS256(), jwa.A192CBC_HS384(), jwa.A256CBC_HS512(), jwa.A128GCM(), jwa.A192GCM(), jwa.A256GCM()} {
		encs[e.String()] = e
	}
	type wrap struct {
		alg jwa.KeyEncryptionAlgorithm
		key any
	}
	wraps := []wrap{
		{jwa.RSA_OAEP(), &rsaOnce().PublicKey}, {jwa.RSA_OAEP_256(), &rsaOnce().PublicKey},
		{jwa.ECDH_ES(), &ecOnce().PublicKey}, {jwa.ECDH_ES(), &p384.PublicKey}, {jwa.ECDH_ES_A128KW(), &ecOnce().PublicKey}, {jwa.ECDH_ES_A256KW(), &ecOnce().PublicKey},
		{jwa.A128KW(), make([]byte, 16)}, {jwa.A192KW(), make([]byte, 24)}, {jwa.A256KW(), make([]byte, 32)}, {jwa.A256GCMKW(), make([]byte, 32)},
	}
	for name, enc := range encs {
		for _, k := range append(wraps, wrap{jwa.DIRECT(), make([]byte, contents[name].key)}) {
			token := encrypt(t, k.alg, enc, inner, k.key)
			v, err := w.Verify(context.Background(), token, keys)
			if err != nil {
				t.Errorf("%v, %s: %v: %v", k.alg, name, err, err.(*pipeline.TokenError).Cause)
				continue
			}
			if v.Jwt.Issuer != "x" || v.Jwt.Raw != inner {
				t.Errorf("%v, %s: got %+v", k.alg, name, v.Jwt)
			}
			// One bit of each segment but the header, which names the algorithms.
			parts := strings.Split(token, ".")
			for i := 1; i < 5; i++ {
				if parts[i] == "" {
					continue
				}
				changed := append([]string(nil), parts...)
				b, _ := base64.RawURLEncoding.DecodeString(changed[i])
				b[0] ^= 1
				changed[i] = base64.RawURLEncoding.EncodeToString(b)
				if _, err := w.Verify(context.Background(), strings.Join(changed, "."), keys); err == nil {
					t.Errorf("%v, %s: accepted with a changed segment %d", k.alg, name, i)
				}
			}
		}
	}
}

// TestEncryptionAttacks makes encrypted tokens that must not be looked into.
func TestEncryptionAttacks(t *testing.T) {
	w := newWorld(t)
	inner := mustSign(t, goodClaims(w, "x"), ecOnce(), "")
	secret := make([]byte, 32)
	keys := &pipeline.TokenKeys{
		Signing:    []pipeline.TokenKey{{Key: &ecOnce().PublicKey}},
		Decryption: []pipeline.TokenKey{{Key: rsaOnce()}, {Key: ecOnce()}, {Key: secret}, {Key: []byte("password")}},
	}
	good := encrypt(t, jwa.A256KW(), jwa.A256GCM(), inner, secret)
	if _, err := w.Verify(context.Background(), good, keys); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	header := func(h string) string { return b64(h) + "." + strings.Join(parts[1:], ".") }
	dir := strings.Split(encrypt(t, jwa.DIRECT(), jwa.A256GCM(), inner, secret), ".")
	other := generateEC(elliptic.P384())
	epk := func(epk string) string {
		return b64(`{"alg":"ECDH-ES","enc":"A256GCM","epk":`+epk+`}`) + ".." + strings.Join(parts[2:], ".")
	}
	zeros := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	p384, err := JWK(other, "")
	if err != nil {
		t.Fatal(err)
	}
	attacks := map[string]string{
		"RSA1_5":                           encrypt(t, jwa.RSA1_5(), jwa.A256GCM(), inner, &rsaOnce().PublicKey),
		"PBES2":                            encrypt(t, jwa.PBES2_HS256_A128KW(), jwa.A256GCM(), inner, []byte("password")),
		"PBES2 with p2c of 2^31":           header(`{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":"c2FsdHNhbHQ","p2c":2147483648}`),
		"compressed":                       encrypt(t, jwa.A256KW(), jwa.A256GCM(), inner+strings.Repeat(" ", 1<<20), secret, jwe.WithCompress(jwa.Deflate())),
		"not signed inside":                encrypt(t, jwa.A256KW(), jwa.A256GCM(), b64(`{"alg":"none"}`)+"."+b64(`{"iss":"x"}`)+".", secret),
		"claims inside":                    encrypt(t, jwa.A256KW(), jwa.A256GCM(), `{"iss":"x"}`, secret),
		"encrypted inside":                 encrypt(t, jwa.A256KW(), jwa.A256GCM(), good, secret),
		"signed by a stranger inside":      encrypt(t, jwa.A256KW(), jwa.A256GCM(), mustSign(t, goodClaims(w, "x"), rsaOnce(), ""), secret),
		"too large inside":                 encrypt(t, jwa.A256KW(), jwa.A256GCM(), inner+strings.Repeat("x", 16<<10), secret),
		"another secret":                   encrypt(t, jwa.A256KW(), jwa.A256GCM(), inner, []byte(strings.Repeat("x", 32))),
		"crit":                             header(`{"alg":"A256KW","enc":"A256GCM","crit":["exp"],"exp":1}`),
		"enc twice":                        header(`{"alg":"A256KW","enc":"A128GCM","enc":"A256GCM"}`),
		"enc missing":                      header(`{"alg":"A256KW"}`),
		"enc of another kind":              header(`{"alg":"A256KW","enc":"XC20P"}`),
		"alg none":                         header(`{"alg":"none","enc":"A256GCM"}`),
		"alg of a signature":               header(`{"alg":"HS256","enc":"A256GCM"}`),
		"dir with an encrypted key":        dir[0] + "." + parts[1] + "." + strings.Join(dir[2:], "."),
		"a key without its ciphertext":     parts[0] + ".." + strings.Join(parts[2:], "."),
		"a short tag":                      strings.Join(parts[:4], ".") + "." + parts[4][:10],
		"no tag":                           strings.Join(parts[:4], ".") + ".",
		"a short iv":                       strings.Join(parts[:2], ".") + "." + parts[2][:8] + "." + strings.Join(parts[3:], "."),
		"epk missing":                      b64(`{"alg":"ECDH-ES","enc":"A256GCM"}`) + ".." + strings.Join(parts[2:], "."),
		"epk off the curve":                epk(`{"kty":"EC","crv":"P-256","x":"` + zeros + `","y":"` + zeros[:42] + `E"}`),
		"epk at infinity":                  epk(`{"kty":"EC","crv":"P-256","x":"` + zeros + `","y":"` + zeros + `"}`),
		"epk of another curve":             epk(string(p384)),
		"epk short":                        epk(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`),
		"epk of low order, X25519":         epk(`{"kty":"OKP","crv":"X25519","x":"` + zeros + `"}`),
		"padding in a segment":             strings.Join(parts[:4], ".") + "." + parts[4] + "==",
		"an iv of GCMKW that is no string": header(`{"alg":"A256GCMKW","enc":"A256GCM","iv":1,"tag":"AA"}`),
	}
	for name, token := range attacks {
		t.Run(name, func(t *testing.T) {
			if _, err := w.Verify(context.Background(), token, keys); err == nil {
				t.Error("accepted")
			}
		})
	}
}
