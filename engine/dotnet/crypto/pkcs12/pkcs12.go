// Package pkcs12 reads certificates with their private keys: files of PKCS#12 (.pfx) of
// two generations, and PEM. Errors hold nothing of the password or the key.
package pkcs12

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"hash"
	"unicode/utf16"

	legacy "golang.org/x/crypto/pkcs12"
)

// Files of two generations: those with RC2 and triple DES, which
// golang.org/x/crypto/pkcs12 reads, and those with PBES2 (AES) and MACs of the
// SHA-2 family, which OpenSSL 3 and Windows write by default, read here (RFC 7292
// and RFC 8018).

var (
	errPassword = errors.New("the password is wrong")
	errPKCS12   = errors.New("it is not a PKCS#12 file, or damaged")
	errCipher   = errors.New("it is encrypted in a way that is not read: AES, or what openssl pkcs12 -legacy writes, is")
)

// maxIterations bounds the work that a file may ask for.
const maxIterations = 2_000_000

// Decode reads a .pfx file: the certificate that belongs to the key first.
func Decode(data []byte, password string) (chain []*x509.Certificate, key crypto.Signer, err error) {
	var p pfx
	if err := parse(data, &p); err == nil && p.MAC.Iterations > maxIterations {
		return nil, nil, errCipher
	}
	blocks, err := legacy.ToPEM(data, password)
	var unknown legacy.NotImplementedError
	switch {
	case err == nil:
		var text []byte
		for _, b := range blocks {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: b.Type, Bytes: b.Bytes})...)
		}
		chain, key, err = DecodePEM(text)
	case errors.Is(err, legacy.ErrIncorrectPassword):
		return nil, nil, errPassword
	case errors.As(err, &unknown):
		chain, key, err = decodePFX(data, password)
	default:
		return nil, nil, errPKCS12
	}
	if err != nil || key == nil {
		return chain, key, err
	}
	for i, c := range chain {
		if SameKey(c.PublicKey, key.Public()) {
			chain[0], chain[i] = chain[i], chain[0]
			break
		}
	}
	return chain, key, nil
}

type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
	}
	algorithm struct {
		OID    asn1.ObjectIdentifier
		Params asn1.RawValue `asn1:"optional"`
	}
	pfx struct {
		Version  int
		AuthSafe contentInfo
		MAC      struct {
			Digest struct {
				Algorithm algorithm
				Value     []byte
			}
			Salt       []byte
			Iterations int `asn1:"optional,default:1"`
		} `asn1:"optional"`
	}
	encryptedData struct {
		Version int
		Info    struct {
			Type      asn1.ObjectIdentifier
			Algorithm algorithm
			Content   asn1.RawValue `asn1:"tag:0,optional"`
		}
	}
	safeBag struct {
		ID    asn1.ObjectIdentifier
		Value asn1.RawValue `asn1:"tag:0,explicit"`
		Attrs asn1.RawValue `asn1:"set,optional"`
	}
	shroudedKey struct {
		Algorithm algorithm
		Data      []byte
	}
	certBag struct {
		ID   asn1.ObjectIdentifier
		Data []byte `asn1:"tag:0,explicit"`
	}
	pbes2Params struct{ KDF, Cipher algorithm }
	kdfParams   struct {
		Salt       []byte
		Iterations int
		KeyLength  int       `asn1:"optional"`
		PRF        algorithm `asn1:"optional"`
	}
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidKeyBag        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidShroudedKey   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidCertBag       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidPBES2         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// hashes are the digests of MACs and the PRFs of PBKDF2, by object identifier.
var hashes = map[string]func() hash.Hash{
	"":                       sha1.New, // the default PRF
	"1.3.14.3.2.26":          sha1.New,
	"2.16.840.1.101.3.4.2.1": sha256.New,
	"2.16.840.1.101.3.4.2.2": sha512.New384,
	"2.16.840.1.101.3.4.2.3": sha512.New,
	"1.2.840.113549.2.7":     sha1.New,
	"1.2.840.113549.2.9":     sha256.New,
	"1.2.840.113549.2.10":    sha512.New384,
	"1.2.840.113549.2.11":    sha512.New,
}

// aesKeys are the lengths of the keys of AES in CBC mode, by object identifier.
var aesKeys = map[string]int{
	"2.16.840.1.101.3.4.1.2":  16,
	"2.16.840.1.101.3.4.1.22": 24,
	"2.16.840.1.101.3.4.1.42": 32,
}

func parse(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err != nil || len(rest) > 0 {
		return errPKCS12
	}
	return nil
}

// decodePFX reads a file of the second generation.
func decodePFX(data []byte, password string) (chain []*x509.Certificate, key crypto.Signer, err error) {
	var p pfx
	var content []byte
	if err := parse(data, &p); err != nil {
		return nil, nil, err
	}
	if !p.AuthSafe.Type.Equal(oidData) || parse(p.AuthSafe.Content.Bytes, &content) != nil {
		return nil, nil, errPKCS12
	}
	if err := p.checkMAC(content, password); err != nil {
		return nil, nil, err
	}
	var safes []contentInfo
	if err := parse(content, &safes); err != nil {
		return nil, nil, err
	}
	for _, s := range safes {
		bags, err := s.open(password)
		if err != nil {
			return nil, nil, err
		}
		for _, b := range bags {
			if err := b.open(password, &chain, &key); err != nil {
				return nil, nil, err
			}
		}
	}
	return chain, key, nil
}

// checkMAC is also what tells a wrong password.
func (p *pfx) checkMAC(content []byte, password string) error {
	m := &p.MAC
	if m.Digest.Algorithm.OID == nil {
		return errors.New("it has no MAC, so nothing tells whether it is what it was")
	}
	h := hashes[m.Digest.Algorithm.OID.String()]
	if h == nil || m.Iterations < 1 || m.Iterations > maxIterations {
		return errCipher
	}
	mac := hmac.New(h, deriveMACKey(h, password, m.Salt, m.Iterations))
	mac.Write(content)
	if !hmac.Equal(mac.Sum(nil), m.Digest.Value) {
		return errPassword
	}
	return nil
}

// deriveMACKey is the key derivation of RFC 7292, appendix B.2, for purpose 3.
func deriveMACKey(h func() hash.Hash, password string, salt []byte, iterations int) []byte {
	v := h().BlockSize()
	d := bytes.Repeat([]byte{3}, v)
	var pass []byte
	for _, u := range append(utf16.Encode([]rune(password)), 0) {
		pass = append(pass, byte(u>>8), byte(u))
	}
	i := append(stretch(salt, v), stretch(pass, v)...)
	a := append(d, i...)
	for range iterations {
		x := h()
		x.Write(a)
		a = x.Sum(nil)
	}
	// A key as long as the digest is all that a MAC needs: one round of the
	// standard's outer loop.
	return a
}

// stretch repeats s until it fills a whole number of blocks.
func stretch(s []byte, block int) []byte {
	if len(s) == 0 {
		return nil
	}
	n := (len(s) + block - 1) / block * block
	return bytes.Repeat(s, n/len(s)+1)[:n]
}

func (c *contentInfo) open(password string) (bags []safeBag, err error) {
	var plain []byte
	switch {
	case c.Type.Equal(oidData):
		err = parse(c.Content.Bytes, &plain)
	case c.Type.Equal(oidEncryptedData):
		var e encryptedData
		if err = parse(c.Content.Bytes, &e); err == nil {
			plain, err = decrypt(e.Info.Algorithm, e.Info.Content.Bytes, password)
		}
	default:
		return nil, errCipher
	}
	if err != nil {
		return nil, err
	}
	return bags, parse(plain, &bags)
}

func (b *safeBag) open(password string, chain *[]*x509.Certificate, key *crypto.Signer) error {
	var err error
	switch {
	case b.ID.Equal(oidCertBag):
		var c certBag
		if err := parse(b.Value.Bytes, &c); err != nil {
			return err
		}
		x, err := x509.ParseCertificate(c.Data)
		if err != nil {
			return errors.New("it holds a damaged certificate")
		}
		*chain = append(*chain, x)
	case b.ID.Equal(oidKeyBag):
		*key, err = parseKey(b.Value.Bytes)
	case b.ID.Equal(oidShroudedKey):
		var s shroudedKey
		if err := parse(b.Value.Bytes, &s); err != nil {
			return err
		}
		plain, err := decrypt(s.Algorithm, s.Data, password)
		if err != nil {
			return err
		}
		*key, err = parseKey(plain)
		return err
	}
	return err
}

// decrypt undoes PBES2 with AES in CBC mode.
func decrypt(a algorithm, data []byte, password string) ([]byte, error) {
	var p pbes2Params
	var k kdfParams
	var iv []byte
	if !a.OID.Equal(oidPBES2) {
		return nil, errCipher
	}
	if parse(a.Params.FullBytes, &p) != nil || parse(p.KDF.Params.FullBytes, &k) != nil || parse(p.Cipher.Params.FullBytes, &iv) != nil {
		return nil, errCipher
	}
	prf, size := hashes[k.PRF.OID.String()], aesKeys[p.Cipher.OID.String()]
	if !p.KDF.OID.Equal(oidPBKDF2) || prf == nil || size == 0 || k.Iterations < 1 || k.Iterations > maxIterations || len(iv) != aes.BlockSize {
		return nil, errCipher
	}
	key, err := pbkdf2.Key(prf, password, k.Salt, k.Iterations, size)
	if err != nil {
		return nil, errCipher
	}
	block, err := aes.NewCipher(key)
	if err != nil || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, errPKCS12
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errPassword
	}
	return plain[:len(plain)-pad], nil
}
