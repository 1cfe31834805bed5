package jose

import (
	"crypto/sha256"
	"hash/maphash"
	"time"
	"unsafe"

	"sekisho/engine/pipeline"

	"github.com/dgraph-io/ristretto/v2"
)

// verified remembers tokens that were verified, bounded in bytes. What it forgets is
// verified again. A refusal is not remembered: whoever makes tokens up could fill it.
type verified struct {
	seed  maphash.Seed
	store *ristretto.Cache[uint64, *entry]
}

// identity tells a token and the keys that it was verified with from all others.
type identity struct {
	token [sha256.Size]byte
	keys  *pipeline.TokenKeys
}

// identify hashes a token as it was sent, all of it.
func identify(token string, keys *pipeline.TokenKeys) identity {
	// The hash only reads the bytes of the string, which need not be copied for that.
	return identity{sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token))), keys}
}

// entry is a token with what tells that it is the right one and still good. It keeps its
// keys from being collected, so that their address stays theirs.
type entry struct {
	identity
	until     time.Time
	sets      []*keySet
	published []*published // by the sets, when the token was verified
	token     *pipeline.VerifiedToken
}

// withoutExpiry is how long a token that never expires is remembered.
const withoutExpiry = time.Hour

func newVerified(bytes int64) (*verified, error) {
	bytes = max(bytes, 1<<16)
	store, err := ristretto.NewCache(&ristretto.Config[uint64, *entry]{
		NumCounters:        min(max(bytes/4096*10, 1000), 1_000_000), // ten for each entry expected
		MaxCost:            bytes,
		BufferItems:        64,
		IgnoreInternalCost: true, // cost counts it
	})
	if err != nil {
		return nil, err
	}
	return &verified{seed: maphash.MakeSeed(), store: store}, nil
}

func (v *verified) close() { v.store.Close() }

// get is the token that was remembered, nil if there is none that is still good.
func (v *verified) get(id *identity, t *Tokens) *pipeline.VerifiedToken {
	e, ok := v.store.Get(maphash.Comparable(v.seed, *id))
	if !ok || e.identity != *id {
		return nil
	}
	now := t.now()
	if !now.Before(e.until) {
		return nil
	}
	for i, s := range e.sets {
		st := s.state.Load()
		if st == nil || st.published != e.published[i] {
			return nil
		}
		if !now.Before(st.expires) {
			if !s.usable(st, now) {
				return nil
			}
			s.start(now)
		}
	}
	return e.token
}

// put remembers a token until it expires. Size is that of its JWS, in bytes.
func (v *verified) put(id *identity, now time.Time, claims object, token *pipeline.VerifiedToken, g *gathered, size int) {
	e := &entry{identity: *id, until: now.Add(withoutExpiry), sets: g.sets, token: token}
	if raw := claims.get("exp"); raw != nil {
		exp, _ := numericDate(raw) // checked before
		if e.until = time.Unix(int64(exp), 0); !now.Before(e.until) {
			return
		}
	}
	for _, st := range g.states {
		e.published = append(e.published, st.published)
	}
	// The token itself, its claims as text and as lists of text.
	cost := int64(4*size) + 1024
	if v.store.Set(maphash.Comparable(v.seed, *id), e, cost) {
		v.store.Wait() // else it could not be read yet
	}
}
