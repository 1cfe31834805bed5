package credential

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
)

// verifies checks an ES256 signature.
func verifies(key *ecdsa.PublicKey, signed, signature string) bool {
	b, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || len(b) != 64 {
		return false
	}
	sum := sha256.Sum256([]byte(signed))
	return ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(b[:32]), new(big.Int).SetBytes(b[32:]))
}
