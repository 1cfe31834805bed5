package pkcs12

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// SameKey tells whether two public keys are the same.
func SameKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// DecodePEM reads certificates and a private key, in whatever order.
func DecodePEM(data []byte) (chain []*x509.Certificate, key crypto.Signer, err error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, errors.New("it holds a damaged certificate")
			}
			chain = append(chain, c)
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
			if key, err = parseKey(block.Bytes); err != nil {
				return nil, nil, err
			}
		case "ENCRYPTED PRIVATE KEY":
			return nil, nil, errors.New("its private key is encrypted")
		}
	}
	return chain, key, nil
}

// maxKey bounds private keys, in bytes: RSA of 16384 bits. To check one is work that
// grows faster than it.
const maxKey = 10 << 10

func parseKey(der []byte) (crypto.Signer, error) {
	if len(der) > maxKey {
		return nil, errors.New("its private key is too large")
	}
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if s, ok := k.(crypto.Signer); ok {
			return s, nil
		}
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	return nil, errors.New("it holds a private key that cannot be read")
}
