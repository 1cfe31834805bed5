package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"sekisho/engine/pipeline"
)

// The example of RFC 7638, section 3.1.
func TestThumbprintOfTheRFC(t *testing.T) {
	k, err := PublicKey("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw", "AQAB")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Thumbprint(k)
	if err != nil || got != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestJWKS(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, err := JWKS(pipeline.TokenKey{ID: "one", Key: ec}, pipeline.TokenKey{ID: "two", Key: &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(5), 2050), E: 65537}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Keys []map[string]string }
	if err := json.Unmarshal(set, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Keys) != 2 || got.Keys[0]["crv"] != "P-384" || got.Keys[0]["alg"] != "ES384" || got.Keys[0]["kid"] != "one" ||
		got.Keys[1]["kty"] != "RSA" || got.Keys[1]["e"] != "AQAB" || got.Keys[1]["use"] != "sig" {
		t.Errorf("got %s", set)
	}
	if strings.Contains(string(set), `"d"`) {
		t.Error("the set has a private key")
	}
	back, err := ecKey("P-384", got.Keys[0]["x"], got.Keys[0]["y"])
	if err != nil || !back.Equal(ec.Public()) {
		t.Errorf("the key does not come back: %v", err)
	}
	if _, err := JWKS(pipeline.TokenKey{Key: []byte("secret")}); err == nil {
		t.Error("a secret was published")
	}
}

func TestSignRefusesWeakKeys(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{
		"short secret": make([]byte, 31), "P-224": p224, "none": nil,
		"RSA of 1024 bits": &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}},
		"a public key":     crypto.PublicKey(p224.Public()),
	} {
		if _, err := Sign(map[string]any{"iss": "x"}, key, "", ""); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	if _, err := Sign([]int{1}, make([]byte, 32), "", ""); err == nil {
		t.Error("signed claims that are no object")
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	token, err := Sign(map[string]any{"iss": "x"}, ed, "k", "JWT")
	if err != nil || !strings.HasPrefix(token, "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImsifQ.eyJpc3MiOiJ4In0.") {
		t.Errorf("got %q, %v", token, err)
	}
}
