package jose

import (
	"hash/maphash"
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"sekisho/engine/pipeline"

	"github.com/dgraph-io/ristretto/v2"
)

// verified remembers tokens that were verified, bounded in bytes. What it forgets is
// verified again. A refusal is not remembered: whoever makes tokens up could fill it.
//
// The store decides what is worth its place; recent answers for the tokens that come all
// the time, which costs no clock, no lock and no count of its own. Keys are the tokens as
// they were sent, all of them, so a hash only finds the place.
//
// A token that was never seen is kept among the recent ones alone, and gets to the store when it
// is verified a second time: where every request brings another token, none is worth what the
// store does for it, which is as much work as reading it.
type verified struct {
	seed   maphash.Seed
	store  *ristretto.Cache[uint64, *entry]
	recent []set
	seen   []atomic.Uint32 // parts of the hashes of tokens that were verified
}

// set is where the recent tokens of one hash are.
type set [4]atomic.Pointer[entry]

// recentBytes bounds the tokens that recent keeps, and bytesForEach is how much room of
// the store there is for each place in it: so recent keeps at most about as much as the
// store, of tokens that mostly are the store's as well.
const (
	recentBytes  = 3 << 10
	bytesForEach = 16 << 10
)

// identity tells a token and the keys that it was verified with from all others.
type identity struct {
	token string
	keys  *pipeline.TokenKeys
}

// hash is where an identity is looked for. The end of a token is enough for that: it is of
// the signature, or of the tag of what is encrypted, and differs where anything does. A
// token without a signature ends in a dot.
func (v *verified) hash(id *identity) uint64 {
	end := id.token
	if n := len(end); n > 64 && end[n-1] != '.' {
		end = end[n-64:]
	}
	return maphash.String(v.seed, end) ^ uint64(uintptr(unsafe.Pointer(id.keys)))*0x9e3779b97f4a7c15
}

// entry is a token with what tells that it is the right one and still good. It keeps its
// keys from being collected, so that their address stays theirs. What each request looks
// at comes first and lies together: of thousands of tokens, hardly one is in the
// processor's caches.
type entry struct {
	identity
	hash      uint64
	sets      []*keySet
	verified  pipeline.VerifiedToken
	until     int64        // unix nanoseconds
	published []*published // by the sets, when the token was verified
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
	sets := 1
	for int64(2*sets*len(set{})) <= bytes/bytesForEach {
		sets *= 2
	}
	seen := 1024
	for int64(seen) < bytes/bytesForEach*16 {
		seen *= 2
	}
	return &verified{
		seed: maphash.MakeSeed(), store: store, recent: make([]set, sets), seen: make([]atomic.Uint32, seen),
	}, nil
}

func (v *verified) close() { v.store.Close() }

// get is the token that was remembered, nil if there is none that is still good.
func (v *verified) get(id *identity, t *Tokens) *pipeline.VerifiedToken {
	h := v.hash(id)
	at := v.place(h)
	for i := range at {
		if e := at[i].Load(); e != nil && e.hash == h && e.identity == *id {
			return e.good(t)
		}
	}
	e, ok := v.store.Get(h)
	if !ok || e.identity != *id {
		return nil
	}
	good := e.good(t)
	if good != nil {
		v.keep(e)
	}
	return good
}

// good is the token if it need not be verified again: never, where the keys were given by
// themselves, as they cannot change, and whether the token has expired is its reader's
// question.
func (e *entry) good(t *Tokens) *pipeline.VerifiedToken {
	if len(e.sets) == 0 {
		return &e.verified
	}
	now := t.now()
	if now.UnixNano() >= e.until {
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
	return &e.verified
}

func (v *verified) place(hash uint64) *set { return &v.recent[hash&uint64(len(v.recent)-1)] }

// keep puts e among the recent tokens: where it was before with other content, where
// there is room, or else where its hash says.
func (v *verified) keep(e *entry) {
	if len(e.identity.token) > recentBytes {
		return
	}
	at := v.place(e.hash)
	free := int(e.hash >> 62)
	for i := range at {
		old := at[i].Load()
		if old != nil && old.hash == e.hash {
			at[i].Store(e)
			return
		}
		if old == nil {
			free = i
		}
	}
	at[free].Store(e)
}

// again tells whether a token of that hash was verified before, as far as that is known, and
// notes it. It may be wrong: that is a place given or verified once too often.
func (v *verified) again(hash uint64) bool {
	at, mark := &v.seen[hash&uint64(len(v.seen)-1)], uint32(hash>>32)
	if at.Load() == mark {
		return true
	}
	at.Store(mark)
	return false
}

// put remembers e, which has its token and nothing else yet, until that expires; the text in
// id is its own. Size is that of its JWS, in bytes.
func (v *verified) put(e *entry, id identity, now time.Time, claims object, g *gathered, size int) {
	e.identity, e.hash, e.until, e.sets = id, v.hash(&id), now.Add(withoutExpiry).UnixNano(), g.sets
	if raw := claims.get("exp"); raw != "" {
		exp, _ := numericDate(raw) // checked before
		end := time.Unix(int64(exp), 0)
		if !now.Before(end) {
			return
		}
		e.until = math.MaxInt64
		if end.Before(time.Unix(0, math.MaxInt64)) {
			e.until = end.UnixNano()
		}
	}
	for _, st := range g.states {
		e.published = append(e.published, st.published)
	}
	v.keep(e)
	if again := v.again(e.hash); again || len(id.token) > recentBytes {
		// The token itself, its claims as text and as lists of text. It can be read from the
		// store a moment later, which nobody waits for.
		v.store.Set(e.hash, e, int64(4*size)+1024)
	}
}
