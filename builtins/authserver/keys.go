package authserver

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/builtins/authserver/records"
	"sekisho/builtins/jose"
	"sekisho/engine/pipeline"
)

// A signing key signs for keyRotation. It is published keyLead before, so that nobody
// who checks tokens meets it unprepared, and for as long as tokens of it live after.
const (
	keyRotation = 30 * 24 * time.Hour
	keyLead     = 24 * time.Hour
	keyReload   = time.Minute // between two looks for keys of other processes
)

// keyRecord is what is kept: one record, so that one process makes it and all have it.
type keyRecord struct {
	Secret []byte      `json:"secret"` // 32 bytes that all others come from
	Keys   []storedKey `json:"keys"`   // in the order of From
}

type storedKey struct {
	PKCS8 []byte    `json:"pkcs8"`
	From  time.Time `json:"from"`
}

// keyring is what was made of it.
type keyring struct {
	mu     sync.Mutex // of loading
	looked time.Time  // when the record was last read
	state  atomic.Pointer[keyState]
}

type keyState struct {
	version int64
	keys    []signingKey // in the order of From
	verify  *pipeline.TokenKeys
	jwks    []byte

	session []byte    // what ids of sessions are sealed with
	refresh []byte    // what refresh tokens are known again by
	form    cipherKey // what forms carry is sealed with
}

type signingKey struct {
	private *ecdsa.PrivateKey
	kid     string
	from    time.Time
}

// signer is the key that signs at a time.
func (k *keyState) signer(now time.Time) *signingKey {
	at := &k.keys[0]
	for i := range k.keys {
		if !k.keys[i].from.After(now) {
			at = &k.keys[i]
		}
	}
	return at
}

// published is the key set.
func (k *keyring) published() ([]byte, error) {
	st := k.state.Load()
	if st == nil {
		return nil, errors.New("there are no keys yet")
	}
	return st.jwks, nil
}

// loadKeys reads the keys, makes the first ones, adds one that will be due, and drops
// those that nothing alive was signed with.
func (s *Server) loadKeys(ctx context.Context) error {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	for {
		var rec keyRecord
		r, err := s.get(ctx, kindKey, "keys", &rec)
		switch {
		case gone(err):
			r = &records.Record{Kind: kindKey, ID: "keys"}
		case err != nil:
			return err
		}
		now := s.o.Now()
		changed, err := s.turn(&rec, now)
		if err != nil {
			return err
		}
		if changed {
			if err = s.put(ctx, r, &rec); errors.Is(err, records.ErrConflict) {
				continue // another was faster
			} else if err != nil {
				return err
			}
		}
		s.keys.looked = now
		if st := s.keys.state.Load(); st != nil && st.version == r.Version {
			return nil
		}
		st, err := newKeyState(&rec)
		if err != nil {
			return err
		}
		st.version = r.Version
		s.keys.state.Store(st)
		return nil
	}
}

// turn brings a record up to date and tells whether it has changed.
func (s *Server) turn(rec *keyRecord, now time.Time) (changed bool, err error) {
	if rec.Secret == nil {
		rec.Secret = make([]byte, 32)
		if _, err := io.ReadFull(s.o.Rand, rec.Secret); err != nil {
			return false, errors.New("there is no randomness for keys")
		}
		changed = true
	}
	from := now
	if n := len(rec.Keys); n > 0 {
		if from = rec.Keys[n-1].From.Add(keyRotation); from.Add(-keyLead).After(now) {
			from = time.Time{}
		} else if from.Before(now.Add(time.Hour)) {
			from = now.Add(time.Hour) // nobody was here when it was due
		}
	}
	if !from.IsZero() {
		k, err := ecdsa.GenerateKey(elliptic.P256(), s.o.Rand)
		if err != nil {
			return false, errors.New("a signing key cannot be made")
		}
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			return false, errors.New("a signing key cannot be written")
		}
		rec.Keys = append(rec.Keys, storedKey{der, from})
		changed = true
	}
	for len(rec.Keys) > 1 && rec.Keys[1].From.Add(maxAccessToken+time.Hour).Before(now) {
		rec.Keys = slices.Delete(rec.Keys, 0, 1)
		changed = true
	}
	return changed, nil
}

func newKeyState(rec *keyRecord) (*keyState, error) {
	st := &keyState{verify: &pipeline.TokenKeys{}}
	for _, k := range rec.Keys {
		parsed, err := x509.ParsePKCS8PrivateKey(k.PKCS8)
		if err != nil {
			return nil, errors.New("a signing key cannot be read")
		}
		private, ok := parsed.(*ecdsa.PrivateKey)
		if !ok {
			return nil, errors.New("a signing key is of another kind")
		}
		kid, err := jose.Thumbprint(private)
		if err != nil {
			return nil, err
		}
		st.keys = append(st.keys, signingKey{private, kid, k.From})
		st.verify.Signing = append(st.verify.Signing, pipeline.TokenKey{ID: kid, Key: &private.PublicKey})
	}
	if len(st.keys) == 0 || len(rec.Secret) != 32 {
		return nil, errors.New("the record of keys is not whole")
	}
	var err error
	if st.jwks, err = jose.JWKS(st.verify.Signing...); err != nil {
		return nil, err
	}
	derive := func(name string) []byte {
		k, e := hkdf.Key(sha256.New, rec.Secret, nil, "sekisho authorization server: "+name, 32)
		err = errors.Join(err, e)
		return k
	}
	st.session, st.refresh = derive("session ids"), derive("refresh tokens")
	form := derive("forms")
	if err != nil {
		return nil, err
	}
	st.form, err = newCipherKey(form)
	return st, err
}

// SessionKey is the key that ids of sessions are sealed with, 32 bytes, the same for all
// on one store; nil before Configure.
func (s *Server) SessionKey() []byte {
	if st := s.keys.state.Load(); st != nil {
		return st.session
	}
	return nil
}

// cipherKey seals what passes through others' hands.
type cipherKey struct{ aead cipher.AEAD }

func newCipherKey(key []byte) (cipherKey, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return cipherKey{}, err
	}
	a, err := cipher.NewGCMWithRandomNonce(b)
	return cipherKey{a}, err
}

// seal encrypts data for one use.
func (k cipherKey) seal(data []byte, use string) []byte {
	return k.aead.Seal(nil, nil, data, []byte(use))
}

// open is what was sealed for that use.
func (k cipherKey) open(sealed []byte, use string) ([]byte, bool) {
	data, err := k.aead.Open(nil, nil, sealed, []byte(use))
	return data, err == nil
}
