package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"slices"

	"github.com/lestrrat-go/jwx/v3/jws/jwsbb"
)

// publicKey is a key that signatures are checked with.
type publicKey struct {
	id  string
	alg string // the only algorithm of the key, "" for all of its type
	key any    // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey or []byte
}

var (
	rsaAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	edAlgorithms  = []string{"EdDSA", "Ed25519"}
	// hmacAlgorithms have the size of their hash, in bytes: a shorter secret is the
	// weakest part (RFC 7518, section 3.2).
	hmacAlgorithms = map[string]int{"HS256": minSecret, "HS384": 48, "HS512": 64}
)

// isSignature tells whether alg is a signature algorithm at all.
func isSignature(alg string) bool {
	return slices.Contains(rsaAlgorithms, alg) || hmacAlgorithms[alg] > 0 || slices.Contains(edAlgorithms, alg) ||
		alg == "ES256" || alg == "ES384" || alg == "ES512"
}

// takes tells whether a key, if it is strong enough, may check signatures of alg.
func (k *publicKey) takes(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		return slices.Contains(rsaAlgorithms, alg) && checkRSA(key) == nil
	case *ecdsa.PublicKey:
		return alg == curveAlgorithm(key.Curve)
	case ed25519.PublicKey:
		return len(key) == ed25519.PublicKeySize && slices.Contains(edAlgorithms, alg)
	case []byte:
		return hmacAlgorithms[alg] > 0 && len(key) >= hmacAlgorithms[alg]
	}
	return false
}

// fits tells whether a key may be the one that a kid names.
func (k *publicKey) fits(kid string) bool { return kid == "" || k.id == "" || k.id == kid }

// verifies tells whether the key has made the signature.
func (k *publicKey) verifies(alg string, signed, signature []byte) bool {
	return jwsbb.Verify(k.key, alg, signed, signature) == nil
}

// equal tells whether two keys are the same key, whatever they are called.
func (k *publicKey) equal(o *publicKey) bool {
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		other, ok := o.key.(*rsa.PublicKey)
		return ok && key.Equal(other)
	case *ecdsa.PublicKey:
		other, ok := o.key.(*ecdsa.PublicKey)
		return ok && key.Equal(other)
	case ed25519.PublicKey:
		other, ok := o.key.(ed25519.PublicKey)
		return ok && key.Equal(other)
	}
	return false
}

// signed is a JWS in compact form, taken apart.
type signed struct {
	*header
	input     []byte // what is signed: header and payload as they were sent
	payload   []byte
	signature []byte
}

// parseSigned takes the segments of a JWS apart.
func parseSigned(token string, parts []string) (*signed, error) {
	if len(parts) != 3 {
		return nil, errForm
	}
	h, err := parseHeader(parts[0])
	if err != nil {
		return nil, err
	}
	s := &signed{header: h, input: []byte(token[:len(parts[0])+1+len(parts[1])])}
	if s.payload, err = decodeSegment(parts[1]); err != nil {
		return nil, err
	}
	if s.signature, err = decodeSegment(parts[2]); err != nil {
		return nil, err
	}
	if h.alg != "none" && !isSignature(h.alg) {
		return nil, errAlg
	}
	return s, nil
}

// maxTries bounds how many keys one token may be tried with.
const maxTries = 128

// find is the key that has signed, nil if none has: those that the kid names first, then
// all others. named tells whether there was one that the kid names.
func (s *signed) find(keys []*publicKey) (key *publicKey, named bool) {
	tries := 0
	for _, want := range [...]bool{true, false} {
		for _, k := range keys {
			if k.fits(s.kid) != want || !k.takes(s.alg) {
				continue
			}
			named = named || want
			if tries++; tries > maxTries {
				return nil, named
			}
			if k.verifies(s.alg, s.input, s.signature) {
				return k, named
			}
		}
	}
	return nil, named
}
