package crypto

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"io"

	"sekisho/engine/dotnet/clr"
)

// SignaturePadding is an RSASignaturePadding.
type SignaturePadding string

const (
	SignPkcs1 SignaturePadding = "Pkcs1"
	SignPss   SignaturePadding = "Pss"
)

// EncryptionPadding is an RSAEncryptionPadding: PKCS#1 v1.5, or OAEP with a hash.
type EncryptionPadding struct {
	Oaep HashName // empty for PKCS#1 v1.5
}

var (
	EncryptPkcs1      = EncryptionPadding{}
	EncryptOaepSHA1   = EncryptionPadding{SHA1}
	EncryptOaepSHA256 = EncryptionPadding{SHA256}
	EncryptOaepSHA384 = EncryptionPadding{SHA384}
	EncryptOaepSHA512 = EncryptionPadding{SHA512}
)

// String is RSAEncryptionPadding.ToString: "OaepSHA1".
func (p EncryptionPadding) String() string {
	if p.Oaep == "" {
		return "Pkcs1"
	}
	return "Oaep" + string(p.Oaep)
}

// RSA is an RSA key: public, or with its private half. The private half may be
// anything that signs and decrypts. A key that was created and not given
// parameters is made by Make, when it is first needed, as in .NET.
type RSA struct {
	bits    int            // of the key to be made
	public  *rsa.PublicKey // nil before
	private crypto.Signer  // nil for a public key
	random  io.Reader
}

const (
	minKeyBits = 1024
	maxKeyBits = 4096 // of private keys: larger ones take long
	maxModulus = 16384
)

// CreateRSA is RSA.Create(keySize): a new key, not made yet.
func CreateRSA(bits int, random io.Reader) *RSA {
	r := &RSA{random: random}
	r.SetKeySize(bits)
	return r
}

// SetKeySize sets RSA.KeySize: the key is to be made anew.
func (r *RSA) SetKeySize(bits int) {
	if bits < minKeyBits || bits > maxKeyBits || bits%8 != 0 {
		throw("Specified key is not a valid size for this algorithm.")
	}
	r.bits, r.public, r.private = bits, nil, nil
}

// Make makes the key if there is none yet. It takes some tens of milliseconds or
// more, and counts its steps on the Meter.
func (r *RSA) Make(m clr.Meter) {
	if r.public != nil {
		return
	}
	key, err := generate(m, r.bits, r.random)
	if err != nil {
		throw(err.Error())
	}
	r.public, r.private = &key.PublicKey, key
}

// NewRSA is the key of a certificate: private may be nil. It is nil where the
// public key is no RSA key.
func NewRSA(public crypto.PublicKey, private crypto.Signer) *RSA {
	p, ok := public.(*rsa.PublicKey)
	if !ok {
		return nil
	}
	return &RSA{public: p, private: private, random: rand.Reader}
}

// KeySize is RSA.KeySize, in bits.
func (r *RSA) KeySize() int32 {
	if r.public == nil {
		return int32(r.bits)
	}
	return int32(r.public.N.BitLen())
}

// Public is the public key.
func (r *RSA) Public() *rsa.PublicKey { return r.public }

// HasPrivate reports whether the key can sign and decrypt.
func (r *RSA) HasPrivate() bool { return r.private != nil }

func (r *RSA) signer() crypto.Signer {
	if r.private == nil {
		throw("Key does not exist.")
	}
	return r.private
}

func hashID(name HashName) crypto.Hash {
	if name == "" {
		clr.ThrowArgument("The hash algorithm name cannot be null or empty.", "hashAlgorithm")
	}
	known(name)
	return hashes[name].id
}

// SignData is RSA.SignData.
func (r *RSA) SignData(data []byte, name HashName, p SignaturePadding) []byte {
	if data == nil {
		clr.ThrowNull("data")
	}
	hashID(name)
	return r.SignHash(HashData(name, data), name, p)
}

// SignHash is RSA.SignHash.
func (r *RSA) SignHash(sum []byte, name HashName, p SignaturePadding) []byte {
	if sum == nil {
		clr.ThrowNull("hash")
	}
	id := hashID(name)
	if len(sum) != id.Size() {
		throw("The provided hash value is not the expected size for the specified hash algorithm.")
	}
	var opts crypto.SignerOpts = id
	switch p {
	case SignPss:
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: id}
	case SignPkcs1:
	default:
		throw("Specified padding mode is not valid for this algorithm.")
	}
	sig, err := r.signer().Sign(r.random, sum, opts)
	if err != nil {
		throw(err.Error())
	}
	return sig
}

// VerifyData is RSA.VerifyData.
func (r *RSA) VerifyData(data, signature []byte, name HashName, p SignaturePadding) bool {
	if data == nil {
		clr.ThrowNull("data")
	}
	hashID(name)
	return r.VerifyHash(HashData(name, data), signature, name, p)
}

// VerifyHash is RSA.VerifyHash.
func (r *RSA) VerifyHash(sum, signature []byte, name HashName, p SignaturePadding) bool {
	if sum == nil {
		clr.ThrowNull("hash")
	}
	if signature == nil {
		clr.ThrowNull("signature")
	}
	id := hashID(name)
	switch p {
	case SignPkcs1:
		return rsa.VerifyPKCS1v15(r.public, id, sum, signature) == nil
	case SignPss:
		return rsa.VerifyPSS(r.public, id, sum, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	throw("Specified padding mode is not valid for this algorithm.")
	return false
}

// Encrypt is RSA.Encrypt.
func (r *RSA) Encrypt(data []byte, p EncryptionPadding) []byte {
	if data == nil {
		clr.ThrowNull("data")
	}
	var (
		out []byte
		err error
	)
	if p.Oaep == "" {
		//lint:ignore SA1019 documents ask for this padding by name, as .NET's Pkcs1 has it
		out, err = rsa.EncryptPKCS1v15(r.random, r.public, data)
	} else {
		out, err = rsa.EncryptOAEP(hashes[p.Oaep].make(), r.random, r.public, data, nil)
	}
	if err != nil {
		throw(err.Error())
	}
	return out
}

// Decrypt is RSA.Decrypt.
func (r *RSA) Decrypt(data []byte, p EncryptionPadding) []byte {
	if data == nil {
		clr.ThrowNull("data")
	}
	d, ok := r.signer().(crypto.Decrypter)
	if !ok {
		throw("The key cannot decrypt.")
	}
	//lint:ignore SA1019 documents ask for this padding by name, as .NET's Pkcs1 has it
	var opts crypto.DecrypterOpts = &rsa.PKCS1v15DecryptOptions{}
	if p.Oaep != "" {
		opts = &rsa.OAEPOptions{Hash: hashID(p.Oaep)}
	}
	out, err := d.Decrypt(r.random, data, opts)
	if err != nil {
		throw("The parameter is incorrect.")
	}
	return out
}
