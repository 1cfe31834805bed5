package jose

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"slices"
	"strings"

	"sekisho/engine/pipeline"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwe"
)

var (
	errDecrypt  = errors.New("it cannot be decrypted with any of the keys")
	errEnc      = errors.New("the content encryption is none that is accepted")
	errEpk      = errors.New("the ephemeral key is none that fits")
	errNoDecKey = errors.New("it is encrypted, and there are no keys to decrypt it with")
)

// content is the sizes of a content encryption, in bytes.
type content struct{ key, iv, tag int }

var contents = map[string]content{
	"A128CBC-HS256": {32, 16, 16}, "A192CBC-HS384": {48, 16, 24}, "A256CBC-HS512": {64, 16, 32},
	"A128GCM": {16, 12, 16}, "A192GCM": {24, 12, 16}, "A256GCM": {32, 12, 16},
}

// wrapKey is the size of the key that an algorithm wraps with, in bytes.
var wrapKey = map[string]int{
	"A128KW": 16, "A192KW": 24, "A256KW": 32, "A128GCMKW": 16, "A192GCMKW": 24, "A256GCMKW": 32,
}

var (
	// RSA1_5 is not among them: what it answers tells an attacker about the key.
	rsaDecryption  = []string{"RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"}
	ecdhDecryption = []string{"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"}
)

// decrypt takes the five segments of a JWE to its plaintext. Algorithms with passwords
// (PBES2) are not accepted: how much work they are is up to the token.
func decrypt(token string, parts []string, keys []pipeline.TokenKey) ([]byte, error) {
	h, err := parseHeader(parts[0])
	if err != nil {
		return nil, err
	}
	enc, ok := h.members.text("enc")
	sizes, known := contents[enc]
	if !ok || !known {
		return nil, errEnc
	}
	if err := checkParts(h, parts, sizes); err != nil {
		return nil, err
	}
	alg, ok := jwa.LookupKeyEncryptionAlgorithm(h.alg)
	if !ok {
		return nil, errAlg
	}
	for _, named := range [...]bool{true, false} {
		for _, k := range keys {
			if (h.kid == "" || k.ID == "" || k.ID == h.kid) != named || !decrypts(k.Key, h, sizes) {
				continue
			}
			if plain, err := jwe.Decrypt([]byte(token), jwe.WithKey(alg, k.Key)); err == nil {
				return plain, nil
			}
		}
	}
	return nil, errDecrypt
}

// checkParts wants every segment in base64url, and of the size that it must have.
func checkParts(h *header, parts []string, sizes content) error {
	direct := h.alg == "dir" || h.alg == "ECDH-ES"
	switch {
	case direct:
	case wrapKey[h.alg] > 0, slices.Contains(rsaDecryption, h.alg), slices.Contains(ecdhDecryption, h.alg):
	default:
		return errAlg
	}
	var lengths [5]int
	for i, p := range parts {
		b, err := decodeSegment(p)
		if err != nil {
			return err
		}
		lengths[i] = len(b)
	}
	if direct != (lengths[1] == 0) || lengths[2] != sizes.iv || lengths[4] != sizes.tag {
		return errSegment
	}
	if strings.HasSuffix(h.alg, "GCMKW") {
		for name, want := range map[string]int{"iv": 12, "tag": 16} {
			s, ok := h.members.text(name)
			if b, err := decodeSegment(s); !ok || err != nil || len(b) != want {
				return errHeader
			}
		}
	}
	for _, name := range [...]string{"apu", "apv"} {
		s, ok := h.members.text(name)
		if _, err := decodeSegment(s); !ok || err != nil {
			return errHeader
		}
	}
	return nil
}

// decrypts tells whether a key goes with the algorithm of a JWE.
func decrypts(key any, h *header, sizes content) bool {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return slices.Contains(rsaDecryption, h.alg) && checkRSA(&k.PublicKey) == nil
	case *ecdsa.PrivateKey:
		return slices.Contains(ecdhDecryption, h.alg) && checkEphemeral(h, k) == nil
	case []byte:
		if h.alg == "dir" {
			return len(k) == sizes.key
		}
		return len(k) == wrapKey[h.alg]
	}
	return false
}

// checkEphemeral wants the sender's key to be a point on the curve of ours: another one
// could tell the private key piece by piece.
func checkEphemeral(h *header, k *ecdsa.PrivateKey) error {
	raw := h.members.get("epk")
	if raw == "" {
		return errEpk
	}
	o, err := parseObject(raw)
	if err != nil {
		return errEpk
	}
	kty, ok1 := o.text("kty")
	crv, ok2 := o.text("crv")
	x, ok3 := o.text("x")
	y, ok4 := o.text("y")
	if !ok1 || !ok2 || !ok3 || !ok4 || kty != "EC" || k.Curve == nil || crv != k.Curve.Params().Name {
		return errEpk
	}
	_, err = ecKey(crv, x, y)
	return err
}
