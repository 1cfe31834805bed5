package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"sekisho/builtins/jose"
	"sekisho/engine/pipeline"
)

// keyring has the keys of the issuer, in the order in which they sign. The last but one
// or, early in its life, an earlier one signs now; what comes after is published already.
type keyring struct {
	mu   sync.Mutex
	keys []issuerKey
}

type issuerKey struct {
	id   string
	key  *rsa.PrivateKey
	from time.Time // when it begins to sign
}

// leeway is how much longer than needed a key is published, for clocks that differ.
const leeway = 5 * time.Minute

// current brings the keys up to date and returns them, with the index of the one that
// signs now.
func (r *keyring) current(now time.Time, rotation, lifetime time.Duration) ([]issuerKey, int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	add := func(from time.Time) error {
		// rsa does not take its randomness from a reader of ours.
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return err
		}
		id, err := jose.Thumbprint(key)
		if err != nil {
			return err
		}
		r.keys = append(r.keys, issuerKey{id, key, from})
		return nil
	}
	last := func() issuerKey { return r.keys[len(r.keys)-1] }
	if len(r.keys) == 0 || !now.Before(last().from.Add(rotation)) {
		// The first, or nobody has looked for so long that even the next is too old.
		if err := add(now); err != nil {
			return nil, 0, err
		}
	}
	if !now.Before(last().from.Add(rotation / 2)) {
		if err := add(last().from.Add(rotation)); err != nil {
			return nil, 0, err
		}
	}
	signs := len(r.keys) - 1
	for signs > 0 && now.Before(r.keys[signs].from) {
		signs--
	}
	// A key is needed until what it signed just before the next one began has expired.
	old := 0
	for old < signs && now.After(r.keys[old+1].from.Add(lifetime+leeway)) {
		old++
	}
	r.keys = r.keys[old:]
	return append([]issuerKey(nil), r.keys...), signs - old, nil
}

func (s *Sandbox) publishKeys(w http.ResponseWriter, _ *http.Request) {
	k := s.known.Load()
	keys, _, err := s.keys.current(s.now(), k.KeyRotation, k.Lifetime)
	if err != nil {
		http.Error(w, "There is no key.", http.StatusInternalServerError)
		return
	}
	var list []pipeline.TokenKey
	for _, one := range keys {
		list = append(list, pipeline.TokenKey{ID: one.id, Key: one.key})
	}
	data, err := jose.JWKS(list...)
	if err != nil {
		http.Error(w, "There is no key.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(data)
}

// sign makes a token of claims.
func (s *Sandbox) sign(claims map[string]any) (string, error) {
	k := s.known.Load()
	keys, signs, err := s.keys.current(s.now(), k.KeyRotation, k.Lifetime)
	if err != nil {
		return "", err
	}
	return jose.Sign(claims, keys[signs].key, keys[signs].id, "JWT")
}

// errToken is all that is said of a token that is not good.
var errToken = errors.New("the token is not good")

// verify returns the claims of a token that the issuer signed and that is good now. It is
// written without the package that signs, so that each judges the other.
func (s *Sandbox) verify(token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxBody {
		return nil, errToken
	}
	enc := base64.RawURLEncoding.Strict()
	var raw [3][]byte
	for i, p := range parts {
		var err error
		if raw[i], err = enc.DecodeString(p); err != nil || strings.ContainsAny(p, "\r\n") {
			return nil, errToken
		}
	}
	var header map[string]any
	if json.Unmarshal(raw[0], &header) != nil || header["alg"] != "RS256" || header["crit"] != nil {
		return nil, errToken
	}
	k := s.known.Load()
	keys, _, err := s.keys.current(s.now(), k.KeyRotation, k.Lifetime)
	if err != nil {
		return nil, err
	}
	good := false
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, one := range keys {
		if header["kid"] == one.id {
			good = rsa.VerifyPKCS1v15(&one.key.PublicKey, crypto.SHA256, digest[:], raw[2]) == nil
		}
	}
	var claims map[string]any
	if !good || json.Unmarshal(raw[1], &claims) != nil || claims["iss"] != k.issuer {
		return nil, errToken
	}
	now := float64(s.now().Unix())
	exp, ok := claims["exp"].(float64)
	nbf, ok2 := claims["nbf"].(float64)
	if !ok || !ok2 || now >= exp || now < nbf {
		return nil, errToken
	}
	if id, _ := claims["uti"].(string); s.grants.isRevoked(id) {
		return nil, errToken
	}
	return claims, nil
}
