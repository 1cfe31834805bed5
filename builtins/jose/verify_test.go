package jose

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"testing"
)

// TestPKCS1AgreesWithCryptoRSA holds verifiesPKCS1 against crypto/rsa, for keys and digests of
// all sizes, with signatures that are right, changed in one place, too short, too long, and
// not below the modulus.
func TestPKCS1AgreesWithCryptoRSA(t *testing.T) {
	digests := map[crypto.Hash][]byte{crypto.SHA256: nil, crypto.SHA384: nil, crypto.SHA512: nil}
	for hash := range digests {
		digests[hash] = make([]byte, hash.Size())
		_, _ = rand.Read(digests[hash])
	}
	for _, bits := range []int{2048, 2056, 3072, 4096} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		k := &publicKey{key: &key.PublicKey}
		for hash, digest := range digests {
			good, err := rsa.SignPKCS1v15(nil, key, hash, digest)
			if err != nil {
				t.Fatal(err)
			}
			modulus := key.N.FillBytes(make([]byte, len(good)))
			beyond := slices.Repeat([]byte{0xff}, len(good))
			tries := [][]byte{good, nil, good[1:], append([]byte{0}, good...), append(slices.Clone(good), 0), modulus, beyond, make([]byte, len(good))}
			for i := 0; i < len(good); i += 37 {
				changed := slices.Clone(good)
				changed[i] ^= 1 << (i % 8)
				tries = append(tries, changed)
			}
			for other, sum := range digests {
				for i, signature := range tries {
					want := rsa.VerifyPKCS1v15(&key.PublicKey, other, sum, signature) == nil
					if want != (i == 0 && other == hash) {
						t.Fatalf("%d bits: crypto/rsa says %v of signature %d", bits, want, i)
					}
					if got := k.verifiesPKCS1(&key.PublicKey, sum, signature); got != want {
						t.Errorf("%d bits, %v for %v, signature %d: %v, and crypto/rsa says %v", bits, hash, other, i, got, want)
					}
				}
			}
		}
	}
}
