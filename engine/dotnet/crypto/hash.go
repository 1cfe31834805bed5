// Package crypto is what expressions use of System.Security.Cryptography: hashes,
// message authentication codes, symmetric ciphers, RSA, and the members of
// X509Certificate2.
//
// Randomness is passed in as a reader. Some of the algorithms are weak or broken;
// they are here because documents use them to talk to systems that demand them.
package crypto

import (
	"crypto"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"io"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// CryptographicException is the full name of the exception for keys and data that
// do not fit.
const CryptographicException = "System.Security.Cryptography.CryptographicException"

func throw(msg string) {
	panic(&clr.Exception{Type: CryptographicException, Message: msg})
}

// HashName is a HashAlgorithmName: "SHA256".
type HashName string

const (
	MD5    HashName = "MD5"
	SHA1   HashName = "SHA1"
	SHA256 HashName = "SHA256"
	SHA384 HashName = "SHA384"
	SHA512 HashName = "SHA512"
)

// hashes are the hashes by name: their constructor, Go's number for them, and the
// size of the key that an HMAC makes itself, in bytes.
var hashes = map[HashName]struct {
	make    func() hash.Hash
	id      crypto.Hash
	keySize int
}{
	MD5:    {md5.New, crypto.MD5, 64},
	SHA1:   {sha1.New, crypto.SHA1, 64},
	SHA256: {sha256.New, crypto.SHA256, 64},
	SHA384: {sha512.New384, crypto.SHA384, 128},
	SHA512: {sha512.New, crypto.SHA512, 128},
}

// HashAlgorithm is a HashAlgorithm, or with a key an HMAC. It belongs to one
// goroutine.
type HashAlgorithm struct {
	name HashName
	hmac bool
	key  []byte
	last []byte
}

// NewHash is SHA256.Create() and its like.
func NewHash(name HashName) *HashAlgorithm {
	known(name)
	return &HashAlgorithm{name: name}
}

// NewHMAC is new HMACSHA256(key) and its like.
func NewHMAC(name HashName, key []byte) *HashAlgorithm {
	known(name)
	if key == nil {
		clr.ThrowNull("key")
	}
	return &HashAlgorithm{name: name, hmac: true, key: clone(key)}
}

// NewRandomHMAC is new HMACSHA256(): with a random key.
func NewRandomHMAC(name HashName, random io.Reader) *HashAlgorithm {
	known(name)
	return NewHMAC(name, RandomBytes(random, hashes[name].keySize))
}

// CreateHash is HashAlgorithm.Create(name), by any of the names .NET knows; nil if
// it knows none.
func CreateHash(name string) *HashAlgorithm {
	n := strings.ToUpper(strings.TrimPrefix(name, "System.Security.Cryptography."))
	n = strings.TrimSuffix(strings.TrimSuffix(n, "MANAGED"), "CRYPTOSERVICEPROVIDER")
	n = strings.ReplaceAll(n, "-", "")
	if _, ok := hashes[HashName(n)]; !ok {
		if n != "SHA" {
			return nil
		}
		n = "SHA1"
	}
	return NewHash(HashName(n))
}

func known(name HashName) {
	if _, ok := hashes[name]; !ok {
		throw("'" + string(name) + "' is not a known hash algorithm.")
	}
}

func clone(b []byte) []byte { return append([]byte{}, b...) }

func (h *HashAlgorithm) new() hash.Hash {
	if h.hmac {
		return hmac.New(hashes[h.name].make, h.key)
	}
	return hashes[h.name].make()
}

// Name is the name of the hash: "SHA256".
func (h *HashAlgorithm) Name() HashName { return h.name }

// Keyed reports whether it is an HMAC.
func (h *HashAlgorithm) Keyed() bool { return h.hmac }

// Key is KeyedHashAlgorithm.Key, a copy.
func (h *HashAlgorithm) Key() []byte { return clone(h.key) }

// SetKey is hmac.Key = key.
func (h *HashAlgorithm) SetKey(key []byte) {
	if key == nil {
		clr.ThrowNull("value")
	}
	h.key = clone(key)
}

// HashSize is HashAlgorithm.HashSize, in bits.
func (h *HashAlgorithm) HashSize() int32 { return int32(hashes[h.name].id.Size() * 8) }

// Hash is HashAlgorithm.Hash: what was computed last, or nil.
func (h *HashAlgorithm) Hash() []byte {
	if h.last == nil {
		return nil
	}
	return clone(h.last)
}

// ComputeHash is HashAlgorithm.ComputeHash(buffer).
func (h *HashAlgorithm) ComputeHash(b []byte) []byte {
	if b == nil {
		clr.ThrowNull("buffer")
	}
	d := h.new()
	d.Write(b)
	h.last = d.Sum(nil)
	return clone(h.last)
}

// ComputeHashIn is HashAlgorithm.ComputeHash(buffer, offset, count).
func (h *HashAlgorithm) ComputeHashIn(b []byte, offset, count int) []byte {
	return h.ComputeHash(part(b, offset, count))
}

func part(b []byte, offset, count int) []byte {
	if b == nil {
		clr.ThrowNull("buffer")
	}
	if offset < 0 {
		clr.ThrowNegative("offset", offset)
	}
	if count < 0 || count > len(b) {
		clr.ThrowArgument("Value was invalid.", "")
	}
	if len(b)-count < offset {
		clr.ThrowArgument("Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.", "")
	}
	return b[offset : offset+count]
}

// HashData is SHA256.HashData and its like.
func HashData(name HashName, b []byte) []byte { return NewHash(name).ComputeHash(b) }

// HMACData is HMACSHA256.HashData(key, source) and its like.
func HMACData(name HashName, key, b []byte) []byte { return NewHMAC(name, key).ComputeHash(b) }

// FixedTimeEquals is CryptographicOperations.FixedTimeEquals.
func FixedTimeEquals(a, b []byte) bool { return hmac.Equal(a, b) }

// maxRandom bounds the random bytes of one call.
const maxRandom = 1 << 20

// RandomBytes is RandomNumberGenerator.GetBytes(count).
func RandomBytes(random io.Reader, count int) []byte {
	if count < 0 {
		clr.ThrowNegative("count", count)
	}
	if count > maxRandom {
		clr.ThrowRange("Too many random bytes are asked for at once.", "count")
	}
	b := make([]byte, count)
	FillRandom(random, b)
	return b
}

// FillRandom is RNGCryptoServiceProvider.GetBytes(buffer).
func FillRandom(random io.Reader, b []byte) {
	if _, err := io.ReadFull(random, b); err != nil {
		throw(err.Error())
	}
}

// FillNonZero is RNGCryptoServiceProvider.GetNonZeroBytes(buffer).
func FillNonZero(random io.Reader, b []byte) {
	FillRandom(random, b)
	for i := range b {
		for b[i] == 0 {
			FillRandom(random, b[i:i+1])
		}
	}
}
