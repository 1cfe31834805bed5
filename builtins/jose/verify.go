package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"slices"
	"sync/atomic"

	"filippo.io/bigmod"
	"github.com/lestrrat-go/jwx/v3/jws/jwsbb"
)

// publicKey is a key that signatures are checked with.
type publicKey struct {
	id  string
	alg string // the only algorithm of the key, "" for all of its type
	key any    // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey or []byte

	checked atomic.Int32                   // what checkRSA says of key, which does not change
	modulus atomic.Pointer[bigmod.Modulus] // of an RSA key, once it was needed
}

// What publicKey.checked says.
const (
	notChecked = iota
	isStrong
	isWeak
)

// strong is checkRSA of the key, which is asked for once.
func (k *publicKey) strong(key *rsa.PublicKey) bool {
	is := k.checked.Load()
	if is == notChecked {
		is = isStrong
		if checkRSA(key) != nil {
			is = isWeak
		}
		k.checked.Store(is)
	}
	return is == isStrong
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
		return slices.Contains(rsaAlgorithms, alg) && k.strong(key)
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
	if key, ok := k.key.(*rsa.PublicKey); ok {
		return k.verifiesRSA(key, alg, signed, signature)
	}
	return jwsbb.Verify(k.key, alg, signed, signature) == nil
}

// verifiesRSA is verifies for RSA: what jwx does too, but with nothing to look up or to
// convert for each token.
func (k *publicKey) verifiesRSA(key *rsa.PublicKey, alg string, signed, signature []byte) bool {
	if len(alg) != len("RS256") {
		return false
	}
	var room [sha512.Size]byte
	var digest []byte
	var hash crypto.Hash
	switch alg[2:] {
	case "256":
		sum := sha256.Sum256(signed)
		digest, hash = append(room[:0], sum[:]...), crypto.SHA256
	case "384":
		sum := sha512.Sum384(signed)
		digest, hash = append(room[:0], sum[:]...), crypto.SHA384
	case "512":
		room = sha512.Sum512(signed)
		digest, hash = room[:], crypto.SHA512
	default:
		return false
	}
	switch alg[:2] {
	case "RS":
		return k.verifiesPKCS1(key, digest, signature)
	case "PS":
		// The salt has the size of the hash (RFC 7518, section 3.5).
		return rsa.VerifyPSS(key, hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return false
}

// infoOfDigest is what stands before a digest in a signature of PKCS #1 v1.5, by the size of
// the digest: the DER of DigestInfo with the hash's algorithm (RFC 8017, section 9.2, note 1).
var infoOfDigest = map[int]string{
	sha256.Size:    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
	sha512.Size384: "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
	sha512.Size:    "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
}

// verifiesPKCS1 is RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2.2) for a key that checkRSA has
// found good. crypto/rsa prepares the modulus anew for each signature, which is a third of
// all the work; here it is prepared once for each key. The message is never parsed: it is
// compared with the only one that there can be.
func (k *publicKey) verifiesPKCS1(key *rsa.PublicKey, digest, signature []byte) bool {
	n := k.modulus.Load()
	if n == nil {
		var err error
		if n, err = bigmod.NewModulus(key.N.Bytes()); err != nil {
			return false
		}
		k.modulus.Store(n)
	}
	if len(signature) != n.Size() {
		return false
	}
	s, err := bigmod.NewNat().SetBytes(signature, n) // refuses what is not below the modulus
	if err != nil {
		return false
	}
	message := bigmod.NewNat().ExpShortVarTime(s, uint(key.E), n).Bytes(n)
	info := infoOfDigest[len(digest)]
	padding := len(message) - len("\x00\x01\x00") - len(info) - len(digest)
	if padding < 8 {
		return false
	}
	rest, ok := bytes.CutPrefix(message, []byte("\x00\x01"))
	if !ok {
		return false
	}
	for _, b := range rest[:padding] {
		if b != 0xff {
			return false
		}
	}
	rest = rest[padding:]
	return rest[0] == 0 && string(rest[1:1+len(info)]) == info && bytes.Equal(rest[1+len(info):], digest)
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
	payload   string
	signature []byte
}

// parseSigned takes the segments of a JWS apart; known are headers that were read.
func parseSigned(token string, parts []string, known *headers) (*signed, error) {
	if len(parts) != 3 {
		return nil, errForm
	}
	h, err := known.parse(parts[0])
	if err != nil {
		return nil, err
	}
	// The claims stay, as text, with who asks; the rest goes into one piece of memory.
	var room [1024]byte
	payload, err := appendSegment(room[:0], parts[1])
	if err != nil {
		return nil, err
	}
	n := len(parts[0]) + 1 + len(parts[1])
	b := append(make([]byte, 0, n+len(parts[2])), token[:n]...)
	if b, err = appendSegment(b, parts[2]); err != nil {
		return nil, err
	}
	s := &signed{header: h, input: b[:n:n], payload: string(payload), signature: b[n:]}
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
