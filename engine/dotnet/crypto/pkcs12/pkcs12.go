// Package pkcs12 reads certificates with their private keys: files of PKCS#12 (.pfx) of
// two generations, and PEM. Errors hold nothing of the password or the key.
package pkcs12

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"hash"
	"unicode/utf16"
)

// Files of two generations: those with RC2 and triple DES, and those with PBES2 (AES)
// and MACs of the SHA-2 family, which OpenSSL 3 and Windows write by default (RFC 7292
// and RFC 8018).

// Errors of Decode.
var (
	ErrPassword = errors.New("the password is wrong")
	ErrFormat   = errors.New("it is not a PKCS#12 file, or damaged")
	ErrCipher   = errors.New("it is encrypted in a way that is not read: AES, or what openssl pkcs12 -legacy writes, is")
)

// maxIterations bounds the work that a file may ask for in all.
const maxIterations = 2_000_000

// Decode reads a .pfx file: the certificate that belongs to the key first.
func Decode(data []byte, password string) (chain []*x509.Certificate, key crypto.Signer, err error) {
	return DecodeSpending(data, password, func(int) {})
}

// DecodeSpending is Decode that tells spend of every few iterations of the derivation
// of keys, before they are made. spend may end it by a panic.
func DecodeSpending(data []byte, password string, spend func(iterations int)) (chain []*x509.Certificate, key crypto.Signer, err error) {
	d := decoder{password: password, secret: secretOf(password), left: maxIterations, spend: spend}
	if chain, key, err = d.open(data); err != nil {
		return nil, nil, err
	}
	for i, c := range chain {
		if key != nil && SameKey(c.PublicKey, key.Public()) {
			chain[0], chain[i] = chain[i], chain[0]
			break
		}
	}
	return chain, key, nil
}

// decoder is the reading of one file.
type decoder struct {
	password string
	secret   []byte // the password as the first generation takes it
	left     int    // iterations that may still be made
	spend    func(int)
}

// secretOf is a password in UTF-16 with its end.
func secretOf(password string) (out []byte) {
	for _, u := range append(utf16.Encode([]rune(password)), 0) {
		out = append(out, byte(u>>8), byte(u))
	}
	return out
}

// repeat runs f so many times.
func (d *decoder) repeat(iterations int, f func()) error {
	if iterations < 1 || iterations > d.left {
		return ErrCipher
	}
	d.left -= iterations
	const few = 32
	for i := range iterations {
		if i%few == 0 {
			d.spend(min(few, iterations-i))
		}
		f()
	}
	return nil
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
		return ErrFormat
	}
	return nil
}

func (d *decoder) open(data []byte) (chain []*x509.Certificate, key crypto.Signer, err error) {
	var p pfx
	var content []byte
	if err := parse(data, &p); err != nil {
		return nil, nil, err
	}
	if p.Version != 3 || !p.AuthSafe.Type.Equal(oidData) || parse(p.AuthSafe.Content.Bytes, &content) != nil {
		return nil, nil, ErrFormat
	}
	err = d.checkMAC(&p, content)
	if err == ErrPassword && d.password == "" {
		d.secret = nil // which some take an empty password for
		err = d.checkMAC(&p, content)
	}
	if err != nil {
		return nil, nil, err
	}
	var safes []contentInfo
	if err := parse(content, &safes); err != nil {
		return nil, nil, err
	}
	for _, s := range safes {
		bags, err := d.safe(&s)
		if err != nil {
			return nil, nil, err
		}
		for _, b := range bags {
			if err := d.bag(&b, &chain, &key); err != nil {
				return nil, nil, err
			}
		}
	}
	return chain, key, nil
}

// checkMAC is also what tells a wrong password.
func (d *decoder) checkMAC(p *pfx, content []byte) error {
	m := &p.MAC
	if m.Digest.Algorithm.OID == nil {
		return errors.New("it has no MAC, so nothing tells whether it is what it was")
	}
	h := hashes[m.Digest.Algorithm.OID.String()]
	if h == nil {
		return ErrCipher
	}
	key, err := d.derive(h, m.Salt, m.Iterations, forMAC, h().Size())
	if err != nil {
		return err
	}
	mac := hmac.New(h, key)
	mac.Write(content)
	if !hmac.Equal(mac.Sum(nil), m.Digest.Value) {
		return ErrPassword
	}
	return nil
}

// derive is the key derivation of RFC 7292, appendix B.2.
func (d *decoder) derive(h func() hash.Hash, salt []byte, iterations int, purpose byte, size int) ([]byte, error) {
	v := h().BlockSize()
	of := append(stretch(salt, v), stretch(d.secret, v)...)
	var out []byte
	for {
		a := append(bytes.Repeat([]byte{purpose}, v), of...)
		x := h()
		if err := d.repeat(iterations, func() {
			x.Reset()
			x.Write(a)
			a = x.Sum(a[:0])
		}); err != nil {
			return nil, err
		}
		if out = append(out, a...); len(out) >= size {
			return out[:size], nil
		}
		// Each block of what is hashed becomes itself, what came out, and one.
		b := stretch(a, v)
		for at := 0; at < len(of); at += v {
			carry := 1
			for i := v - 1; i >= 0; i-- {
				carry += int(of[at+i]) + int(b[i])
				of[at+i] = byte(carry)
				carry >>= 8
			}
		}
	}
}

// pbkdf2 is the key derivation of RFC 8018, section 5.2.
func (d *decoder) pbkdf2(h func() hash.Hash, salt []byte, iterations, size int) ([]byte, error) {
	prf := hmac.New(h, []byte(d.password))
	var out []byte
	for block := uint32(1); len(out) < size; block++ {
		u := binary.BigEndian.AppendUint32(bytes.Clone(salt), block)
		t := make([]byte, prf.Size())
		if err := d.repeat(iterations, func() {
			prf.Reset()
			prf.Write(u)
			u = prf.Sum(u[:0])
			subtle.XORBytes(t, t, u)
		}); err != nil {
			return nil, err
		}
		out = append(out, t...)
	}
	return out[:size], nil
}

// stretch repeats s until it fills a whole number of blocks.
func stretch(s []byte, block int) []byte {
	if len(s) == 0 {
		return nil
	}
	n := (len(s) + block - 1) / block * block
	return bytes.Repeat(s, n/len(s)+1)[:n]
}

func (d *decoder) safe(c *contentInfo) (bags []safeBag, err error) {
	var plain []byte
	switch {
	case c.Type.Equal(oidData):
		err = parse(c.Content.Bytes, &plain)
	case c.Type.Equal(oidEncryptedData):
		var e encryptedData
		if err = parse(c.Content.Bytes, &e); err == nil {
			plain, err = d.decrypt(e.Info.Algorithm, e.Info.Content.Bytes)
		}
	default:
		return nil, ErrCipher
	}
	if err != nil {
		return nil, err
	}
	return bags, parse(plain, &bags)
}

func (d *decoder) bag(b *safeBag, chain *[]*x509.Certificate, key *crypto.Signer) error {
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
		plain, err := d.decrypt(s.Algorithm, s.Data)
		if err != nil {
			return err
		}
		*key, err = parseKey(plain)
		return err
	}
	return err
}

// decrypt undoes a cipher in CBC mode.
func (d *decoder) decrypt(a algorithm, data []byte) ([]byte, error) {
	mode, err := d.legacyCipher(a)
	if mode == nil && err == nil {
		mode, err = d.aesCipher(a)
	}
	if err != nil {
		return nil, err
	}
	size := mode.BlockSize()
	if len(data) == 0 || len(data)%size != 0 {
		return nil, ErrFormat
	}
	plain := make([]byte, len(data))
	mode.CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > size || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, ErrPassword
	}
	return plain[:len(plain)-pad], nil
}

// aesCipher is the decrypter of PBES2 with AES.
func (d *decoder) aesCipher(a algorithm) (cipher.BlockMode, error) {
	var p pbes2Params
	var k kdfParams
	var iv []byte
	if !a.OID.Equal(oidPBES2) {
		return nil, ErrCipher
	}
	if parse(a.Params.FullBytes, &p) != nil || parse(p.KDF.Params.FullBytes, &k) != nil || parse(p.Cipher.Params.FullBytes, &iv) != nil {
		return nil, ErrCipher
	}
	prf, size := hashes[k.PRF.OID.String()], aesKeys[p.Cipher.OID.String()]
	if !p.KDF.OID.Equal(oidPBKDF2) || prf == nil || size == 0 || len(iv) != aes.BlockSize {
		return nil, ErrCipher
	}
	key, err := d.pbkdf2(prf, k.Salt, k.Iterations, size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, ErrCipher
	}
	return cipher.NewCBCDecrypter(block, iv), nil
}
