package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"sekisho/engine/pipeline"
)

const (
	minRSA    = 2048  // bits of a modulus
	maxRSA    = 16384 // bits of a modulus: each check takes time that grows with it
	minSecret = 32    // bytes of an HMAC key
)

// webKey is a public key as RFC 7517 writes it. Of a thumbprint (RFC 7638), only the
// required members count, in alphabetical order, which is why they stand first here.
type webKey struct {
	Curve     string `json:"crv,omitempty"`
	E         string `json:"e,omitempty"`
	Type      string `json:"kty"`
	N         string `json:"n,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	KeyID     string `json:"kid,omitempty"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
}

// JWK is the public half of an RSA, ECDSA or Ed25519 key, public or private, as a JSON
// Web Key for signatures with that kid. A symmetric key has no public half.
func JWK(key any, kid string) (json.RawMessage, error) {
	k, err := publicJWK(key)
	if err != nil {
		return nil, err
	}
	k.KeyID, k.Use = kid, "sig"
	switch k.Type {
	case "RSA":
		k.Algorithm = "RS256"
	case "OKP":
		k.Algorithm = "EdDSA"
	default:
		k.Algorithm = algorithmOfCurve[k.Curve]
	}
	return json.Marshal(k)
}

// JWKS is a key set, as an issuer publishes it, of the public halves of keys.
func JWKS(keys ...pipeline.TokenKey) ([]byte, error) {
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, k := range keys {
		raw, err := JWK(k.Key, k.ID)
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, raw)
	}
	return json.Marshal(set)
}

// Thumbprint is the SHA-256 of a key's public half after RFC 7638, in base64url: a kid
// that says the same everywhere.
func Thumbprint(key any) (string, error) {
	k, err := publicJWK(key)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// publicJWK is the public half of a key without anything but the key itself.
func publicJWK(key any) (*webKey, error) {
	if s, ok := key.(crypto.Signer); ok {
		key = s.Public()
	}
	enc := base64.RawURLEncoding.EncodeToString
	switch k := key.(type) {
	case *rsa.PublicKey:
		return &webKey{Type: "RSA", N: enc(k.N.Bytes()), E: enc(big.NewInt(int64(k.E)).Bytes())}, nil
	case *ecdsa.PublicKey:
		if curveAlgorithm(k.Curve) == "" {
			return nil, errors.New("the curve of the key has no name among JSON Web Keys")
		}
		point, err := k.Bytes() // 4, x, y
		if err != nil {
			return nil, errors.New("the key is no point of its curve")
		}
		half := len(point) / 2
		return &webKey{Type: "EC", Curve: k.Curve.Params().Name, X: enc(point[1 : 1+half]), Y: enc(point[1+half:])}, nil
	case ed25519.PublicKey:
		return &webKey{Type: "OKP", Curve: "Ed25519", X: enc(k)}, nil
	}
	return nil, fmt.Errorf("a key of type %T has no public JSON Web Key", key)
}

// algorithmOfCurve is the one algorithm of each curve that tokens are signed with.
var algorithmOfCurve = map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}

// curveAlgorithm is the algorithm of a curve, "" for a curve that is not used.
func curveAlgorithm(c elliptic.Curve) string {
	if c == nil {
		return ""
	}
	return algorithmOfCurve[c.Params().Name]
}

// PublicKey is an RSA key of its modulus and exponent in base64url, as the attributes n
// and e of a key element have them.
func PublicKey(n, e string) (*rsa.PublicKey, error) {
	modulus, err := base64.RawURLEncoding.Strict().DecodeString(n)
	if err != nil {
		return nil, errors.New("the modulus is not in base64url")
	}
	exponent, err := base64.RawURLEncoding.Strict().DecodeString(e)
	if err != nil {
		return nil, errors.New("the exponent is not in base64url")
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus)}
	exp := new(big.Int).SetBytes(exponent)
	if exp.BitLen() > 31 {
		return nil, errors.New("the exponent is too large")
	}
	key.E = int(exp.Int64())
	return key, checkRSA(key)
}

// checkRSA refuses RSA keys that prove nothing.
func checkRSA(k *rsa.PublicKey) error {
	switch bits := k.N.BitLen(); {
	case bits < minRSA:
		return fmt.Errorf("an RSA key of %d bits is too weak, want %d", bits, minRSA)
	case bits > maxRSA:
		return fmt.Errorf("an RSA key of %d bits is too large", bits)
	case k.E < 3 || k.E%2 == 0 || k.N.Bit(0) == 0:
		return errors.New("it is no RSA key")
	case guessable(k.N):
		return errors.New("it is an RSA key of a chip whose keys can be guessed (ROCA)")
	}
	return nil
}

// guessable tells whether a modulus has the mark of the chips of CVE-2017-15361: modulo
// each small prime it is a power of 65537. Of other keys, about one in 10^8 has it.
func guessable(n *big.Int) bool {
	var rest big.Int
	for _, p := range [...]int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157} {
		r := rest.Mod(n, big.NewInt(p)).Int64()
		power := int64(1)
		for power != r {
			if power = power * 65537 % p; power == 1 {
				return false
			}
		}
	}
	return true
}

// ecKey is the public key of a curve's name and coordinates of full length.
func ecKey(curve, x, y string) (*ecdsa.PublicKey, error) {
	c := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[curve]
	if c == nil {
		return nil, fmt.Errorf("keys of the curve %q are not used", clip(curve))
	}
	size := (c.Params().BitSize + 7) / 8
	point := []byte{4}
	for _, s := range []string{x, y} {
		b, err := base64.RawURLEncoding.Strict().DecodeString(s)
		if err != nil || len(b) != size {
			return nil, errors.New("a coordinate of the key is not what its curve has")
		}
		point = append(point, b...)
	}
	k, err := ecdsa.ParseUncompressedPublicKey(c, point)
	if err != nil {
		return nil, errors.New("the key is no point of its curve")
	}
	return k, nil
}

// edKey is the Ed25519 key of a curve's name and its coordinate.
func edKey(curve, x string) (ed25519.PublicKey, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(x)
	if curve != "Ed25519" || err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errors.New("it is no Ed25519 key")
	}
	return b, nil
}

// clip shortens what came from outside for a message.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
