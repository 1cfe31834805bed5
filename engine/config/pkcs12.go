package config

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"golang.org/x/crypto/pkcs12"
)

// decodePKCS12 reads a .pfx file: the certificate that belongs to the key first.
func decodePKCS12(data []byte, password string) (chain []*x509.Certificate, key crypto.Signer, err error) {
	blocks, err := pkcs12.ToPEM(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, nil, errors.New("the password is wrong")
	case err != nil:
		return nil, nil, errors.New("it is not a PKCS#12 file of a kind that is read (make one with openssl pkcs12 -export -legacy, or use PEM)")
	}
	var text []byte
	for _, b := range blocks {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: b.Type, Bytes: b.Bytes})...)
	}
	if chain, key, err = decodePEM(text); err != nil || key == nil {
		return chain, key, err
	}
	for i, c := range chain {
		if sameKey(c.PublicKey, key.Public()) {
			chain[0], chain[i] = chain[i], chain[0]
			break
		}
	}
	return chain, key, nil
}
