package jose

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"sekisho/engine/pipeline"
)

// digestInfo is what stands before a SHA-256 hash in a PKCS#1 v1.5 signature.
var digestInfo = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// TestPaddingOfRSA has signatures by the right key of blocks that are nearly the right one.
func TestPaddingOfRSA(t *testing.T) {
	w := newWorld(t)
	key := rsaOnce()
	size := key.Size()
	keys := &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{Key: &key.PublicKey}}}
	input := b64(`{"alg":"RS256"}`) + "." + b64(text(t, goodClaims(w, "x")))
	hash, old := sha256.Sum256([]byte(input)), sha1.Sum([]byte(input))
	// block is 00, a type, as much of a byte as there is room for, 00, and a tail.
	block := func(kind, fill byte, tail ...[]byte) []byte {
		end := bytes.Join(tail, nil)
		b := append([]byte{0, kind}, bytes.Repeat([]byte{fill}, size-3-len(end))...)
		return append(append(b, 0), end...)
	}
	garbage := bytes.Repeat([]byte{0x42}, 64)
	good := block(1, 0xff, digestInfo, hash[:])
	changed := func(i int, v byte) []byte {
		b := bytes.Clone(good)
		b[i] = v
		return b
	}
	for name, b := range map[string][]byte{
		"good":                   good,
		"type 0":                 block(0, 0, digestInfo, hash[:]),
		"type 2":                 block(2, 0xff, digestInfo, hash[:]),
		"filled with zeros":      block(1, 0, digestInfo, hash[:]),
		"one byte of another":    changed(5, 0xfe),
		"a zero in the padding":  changed(10, 0),
		"the first byte":         changed(0, 1),
		"no end of the padding":  changed(size-len(digestInfo)-33, 0xff),
		"garbage at the end":     append(append([]byte{0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0}, append(bytes.Clone(digestInfo), hash[:]...)...), bytes.Repeat(garbage, 4)...)[:size],
		"garbage in the middle":  block(1, 0xff, garbage, digestInfo, hash[:]),
		"hash without its name":  block(1, 0xff, hash[:]),
		"a name without NULL":    block(1, 0xff, []byte{0x30, 0x2f, 0x30, 0x0b}, digestInfo[4:15], digestInfo[17:], hash[:]),
		"NULL of some length":    block(1, 0xff, []byte{0x30, 0x33, 0x30, 0x0f}, digestInfo[4:16], []byte{2, 0, 0, 4, 0x20}, hash[:]),
		"lengths in long form":   block(1, 0xff, []byte{0x30, 0x81, 0x31}, digestInfo[2:], hash[:]),
		"SHA-1":                  block(1, 0xff, []byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}, old[:]),
		"the name of SHA-512":    block(1, 0xff, digestInfo[:14], []byte{3}, digestInfo[15:], hash[:]),
		"another hash":           block(1, 0xff, digestInfo, make([]byte, 32)),
		"the hash alone, signed": append(make([]byte, size-32), hash[:]...),
	} {
		t.Run(name, func(t *testing.T) {
			if len(b) != size {
				t.Fatalf("a block of %d bytes", len(b))
			}
			s := new(big.Int).Exp(new(big.Int).SetBytes(b), key.D, key.N).FillBytes(make([]byte, size))
			token := input + "." + base64.RawURLEncoding.EncodeToString(s)
			if got := w.verify(t, token, keys); (got == "") != (name == "good") {
				t.Errorf("the verdict is %q", got)
			}
		})
	}
	// What stands for the same number, or for more bytes of it.
	s := new(big.Int).Exp(new(big.Int).SetBytes(good), key.D, key.N)
	for name, b := range map[string][]byte{
		"a zero before it": s.FillBytes(make([]byte, size+1)), "s + n": new(big.Int).Add(s, key.N).Bytes(), "0": make([]byte, size), "1": append(make([]byte, size-1), 1),
		"n": key.N.Bytes(), "n - 1": new(big.Int).Sub(key.N, big.NewInt(1)).Bytes(), "a byte less": s.FillBytes(make([]byte, size))[:size-1], "a byte more": append(s.FillBytes(make([]byte, size)), 0),
	} {
		if w.verify(t, input+"."+base64.RawURLEncoding.EncodeToString(b), keys) == "" {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestCubeRoots makes a signature without the key, for readers that look no further than
// the hash when the exponent is 3.
func TestCubeRoots(t *testing.T) {
	w := newWorld(t)
	public := &rsa.PublicKey{N: rsaOnce().N, E: 3}
	input := b64(`{"alg":"RS256"}`) + "." + b64(text(t, goodClaims(w, "x")))
	hash := sha256.Sum256([]byte(input))
	head := append(append([]byte{0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0}, digestInfo...), hash[:]...)
	want := new(big.Int).SetBytes(append(bytes.Clone(head), make([]byte, public.Size()-len(head))...))
	low, high := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), 700)
	for new(big.Int).Sub(high, low).Cmp(big.NewInt(1)) > 0 {
		mid := new(big.Int).Rsh(new(big.Int).Add(low, high), 1)
		if new(big.Int).Exp(mid, big.NewInt(3), nil).Cmp(want) < 0 {
			low = mid
		} else {
			high = mid
		}
	}
	block := new(big.Int).Exp(high, big.NewInt(3), public.N).FillBytes(make([]byte, public.Size()))
	if !bytes.HasPrefix(block, head) {
		t.Fatal("the test makes no such signature")
	}
	token := input + "." + base64.RawURLEncoding.EncodeToString(high.FillBytes(make([]byte, public.Size())))
	if w.verify(t, token, &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{Key: public}}}) == "" {
		t.Error("a signature that nobody has made was accepted")
	}
}

// TestParametersOfPSS has signatures by the right key with salts and hashes that the
// algorithm in the header does not have.
func TestParametersOfPSS(t *testing.T) {
	w := newWorld(t)
	key := rsaOnce()
	keys := &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{Key: &key.PublicKey}}}
	for _, alg := range []struct {
		name string
		hash crypto.Hash
	}{{"PS256", crypto.SHA256}, {"PS384", crypto.SHA384}, {"PS512", crypto.SHA512}} {
		input := b64(`{"alg":"`+alg.name+`"}`) + "." + b64(text(t, goodClaims(w, "x")))
		for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			h := hash.New()
			h.Write([]byte(input))
			for _, salt := range []int{rsa.PSSSaltLengthAuto, 20, alg.hash.Size() - 1, alg.hash.Size(), alg.hash.Size() + 1} {
				s, err := rsa.SignPSS(rand.Reader, key, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: salt})
				if err != nil {
					t.Fatal(err)
				}
				token := input + "." + base64.RawURLEncoding.EncodeToString(s)
				good := hash == alg.hash && salt == alg.hash.Size()
				if got := w.verify(t, token, keys); (got == "") != good {
					t.Errorf("%s with %v and a salt of %d: the verdict is %q", alg.name, hash, salt, got)
				}
			}
		}
	}
}

// TestCurvesAndAlgorithms signs with the right key of one curve in the name of another.
func TestCurvesAndAlgorithms(t *testing.T) {
	w := newWorld(t)
	curves := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}
	hashes := map[string]crypto.Hash{"ES256": crypto.SHA256, "ES384": crypto.SHA384, "ES512": crypto.SHA512}
	for of, curve := range curves {
		key := generateEC(curve)
		keys := &pipeline.TokenKeys{Signing: []pipeline.TokenKey{{Key: &key.PublicKey}}}
		for alg, named := range curves {
			input := b64(`{"alg":"`+alg+`"}`) + "." + b64(text(t, goodClaims(w, "x")))
			h := hashes[alg].New()
			h.Write([]byte(input))
			r, s, err := ecdsa.Sign(rand.Reader, key, h.Sum(nil))
			if err != nil {
				t.Fatal(err)
			}
			for _, bits := range []int{curve.Params().BitSize, named.Params().BitSize} {
				n := (bits + 7) / 8
				if r.BitLen() > 8*n || s.BitLen() > 8*n {
					continue // does not fit into a signature of the algorithm
				}
				token := input + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...))
				if got := w.verify(t, token, keys); (got == "") != (alg == of) {
					t.Errorf("%s by a key of %s, %d bits: the verdict is %q", alg, of, bits, got)
				}
			}
		}
	}
}

// TestKeysOfOneName has sets in which several keys have the name that a token says: each is
// tried as what it is, and a secret among them never.
func TestKeysOfOneName(t *testing.T) {
	w := newWorld(t)
	one, _ := JWK(ecOnce(), "k")
	two, _ := JWK(rsaOnce(), "k")
	three, _ := JWK(generateEC(elliptic.P256()), "k")
	const secret = "0123456789abcdef0123456789abcdef"
	set := `{"keys":[` + strings.Join([]string{`{"kty":"oct","kid":"k","alg":"HS256","k":"` + b64(secret) + `"}`, string(one), string(two), string(three)}, ",") + `]}`
	w.issuer.put(issuerURL, document{status: 200, body: `{"issuer":"` + iss + `","jwks_uri":"` + issuerURL + `/keys"}`})
	w.issuer.put(issuerURL+"/keys", document{status: 200, body: set})
	keys := &pipeline.TokenKeys{OpenID: []string{issuerURL}}
	claims := text(t, goodClaims(w, iss))
	for name, c := range map[string]struct {
		token string
		good  bool
	}{
		"the first":          {mustSign(t, goodClaims(w, iss), ecOnce(), "k"), true},
		"the second":         {mustSign(t, goodClaims(w, iss), rsaOnce(), "k"), true},
		"a stranger":         {mustSign(t, goodClaims(w, iss), generateEC(elliptic.P256()), "k"), false},
		"another stranger":   {mustSign(t, goodClaims(w, iss), rsaTwo(), "k"), false},
		"the secret":         {raw(t, "HS256", `{"alg":"HS256","kid":"k"}`, claims, []byte(secret)), false},
		"the set as secret":  {raw(t, "HS256", `{"alg":"HS256","kid":"k"}`, claims, []byte(set)), false},
		"a public member":    {raw(t, "HS256", `{"alg":"HS256","kid":"k"}`, claims, []byte(one)), false},
		"the first as ES384": {b64(`{"alg":"ES384","kid":"k"}`) + mustSign(t, goodClaims(w, iss), ecOnce(), "k")[strings.IndexByte(mustSign(t, goodClaims(w, iss), ecOnce(), "k"), '.'):], false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.Verify(context.Background(), c.token, keys); (err == nil) != c.good {
				t.Errorf("the verdict is %v", err)
			}
		})
	}
	if n := w.issuer.count(issuerURL + "/keys"); n > 2 {
		t.Errorf("the keys were fetched %d times", n)
	}
}
