package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lestrrat-go/jwx/v3/jws/jwsbb"
)

// signedHeader is the header of a token that is made here, in this order.
type signedHeader struct {
	Algorithm     string `json:"alg"`
	Type          string `json:"typ,omitempty"`
	KeyID         string `json:"kid,omitempty"`
	X5TThumbprint string `json:"x5t#S256,omitempty"`
}

// Sign makes a token in compact form of claims, anything that encoding/json writes as an
// object. The key decides the algorithm: RS256 for a *rsa.PrivateKey of at least 2048
// bits; ES256, ES384 or ES512 by the curve of a *ecdsa.PrivateKey; EdDSA for an
// ed25519.PrivateKey; HS256 for a []byte of at least 32. kid and typ ("JWT", say) go into
// the header unless they are "". Errors hold nothing of the claims or the key.
func Sign(claims, key any, kid, typ string) (string, error) {
	alg, err := signingAlgorithm(key)
	if err != nil {
		return "", err
	}
	return sign(claims, key, signedHeader{Algorithm: alg, Type: typ, KeyID: kid})
}

// SignCertificate makes a client assertion as Microsoft Entra wants it of an application
// with a certificate: the header names the certificate (x5t#S256), and the algorithm is
// PS256 for RSA keys, that of Sign for others.
func SignCertificate(claims any, key crypto.Signer, cert *x509.Certificate) (string, error) {
	alg, err := signingAlgorithm(key)
	if err != nil {
		return "", err
	}
	if alg == "RS256" {
		alg = "PS256"
	}
	sum := sha256.Sum256(cert.Raw)
	return sign(claims, key, signedHeader{Algorithm: alg, Type: "JWT", X5TThumbprint: base64.RawURLEncoding.EncodeToString(sum[:])})
}

func sign(claims, key any, h signedHeader) (string, error) {
	header, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil || len(payload) == 0 || payload[0] != '{' {
		return "", errors.New("the claims of a token must be a JSON object")
	}
	enc := base64.RawURLEncoding
	b := make([]byte, 0, enc.EncodedLen(len(header))+enc.EncodedLen(len(payload))+512)
	b = enc.AppendEncode(b, header)
	b = append(b, '.')
	b = enc.AppendEncode(b, payload)
	signature, err := jwsbb.Sign(key, h.Algorithm, b, nil)
	if err != nil {
		return "", errors.New("the token cannot be signed")
	}
	b = append(b, '.')
	return string(enc.AppendEncode(b, signature)), nil
}

// signingAlgorithm is the algorithm that a private or symmetric key signs with.
func signingAlgorithm(key any) (string, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < minRSA {
			return "", fmt.Errorf("an RSA key of %d bits is too weak to sign with, want %d", k.N.BitLen(), minRSA)
		}
		return "RS256", nil
	case *ecdsa.PrivateKey:
		if alg := curveAlgorithm(k.Curve); alg != "" {
			return alg, nil
		}
		return "", errors.New("the curve of the key is not one that tokens are signed with")
	case ed25519.PrivateKey:
		return "EdDSA", nil
	case []byte:
		if len(k) < minSecret {
			return "", fmt.Errorf("a secret of %d bytes is too weak to sign with, want %d", len(k), minSecret)
		}
		return "HS256", nil
	}
	return "", fmt.Errorf("a key of type %T cannot sign tokens", key)
}
