// Package access decides who may call an API: which subscription key fits, and
// what a request without one may do. It is Azure API Management's rule, as pure
// functions of the Model.
//
// With a key, the request is allowed if the key's subscription is active, its
// time has come and has not passed, and its scope covers the API: everything, all
// APIs, this API, or a product that contains it. A key that does not fit is
// refused even where none is needed. Without a key, an open product that contains
// the API gives the request its context; else an API that needs no subscription
// lets it pass; else it is refused.
//
// The key of a product's subscription, and an open product, put the request into
// the context of that product: its policies run. All other keys, and APIs that
// need none, leave it in the context of the API alone.
package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"strings"
	"time"

	"sekisho/engine/config"
	"sekisho/engine/config/route"
)

// Reason says why a request was refused.
type Reason uint8

const (
	// Allowed: it was not.
	Allowed Reason = iota
	// NotFound: the request has no key and needs one.
	NotFound
	// Invalid: the request has a key, and it does not fit.
	Invalid
)

// LastError is what context.LastError.Reason calls it; "" for Allowed.
func (r Reason) LastError() string {
	switch r {
	case NotFound:
		return "SubscriptionKeyNotFound"
	case Invalid:
		return "SubscriptionKeyInvalid"
	}
	return ""
}

// Decision is the outcome for one request.
type Decision struct {
	Allowed bool
	// Product is the context of the request, nil for the API alone.
	Product *config.Product
	// Subscription is the one whose key was used, nil without a key.
	Subscription *config.Subscription
	// Primary tells which of its two keys it was.
	Primary bool
	Reason  Reason
}

// Index finds subscriptions by their keys. It is immutable, for any number of
// goroutines.
//
// How long a lookup takes says nothing about how much of a guess is right. A guess is found
// by its hash, under a random key that never leaves the process: hashing takes the same
// time for all guesses of a length, and since SipHash is a pseudorandom function, whatever
// the time of the map tells of a hash tells nothing about keys, nor about other guesses.
// Only with a guess that has the whole hash of a key is that key compared, which a wrong
// one is once in 2^64 times, and in constant time at that. A cryptographic hash would do no
// more, at a multiple of the cost; one without a key would do less.
type Index struct {
	k0, k1 uint64
	keys   map[uint64][]entry // of one hash: more than one is a rare chance
}

type entry struct {
	key          string
	subscription *config.Subscription
	primary      bool
}

// maxKey is how long a key is that is looked up at all: no subscription has a
// longer one.
const maxKey = 256

// NewIndex makes the Index of a Model's subscriptions.
func NewIndex(m *config.Model) *Index {
	var seed [16]byte
	rand.Read(seed[:]) // never fails
	x := &Index{
		k0:   binary.LittleEndian.Uint64(seed[:8]),
		k1:   binary.LittleEndian.Uint64(seed[8:]),
		keys: make(map[uint64][]entry, 2*len(m.Subscriptions)),
	}
	for _, s := range m.Subscriptions {
		for i, k := range []config.Secret{s.PrimaryKey, s.SecondaryKey} {
			if key := k.Reveal(); key != "" && len(key) <= maxKey {
				x.add(siphash(x.k0, x.k1, key), entry{key, s, i == 0})
			}
		}
	}
	return x
}

// add puts an entry in. Of two with the same key the later one counts.
func (x *Index) add(hash uint64, e entry) {
	list := x.keys[hash]
	for i := range list {
		if list[i].key == e.key {
			list[i] = e
			return
		}
	}
	x.keys[hash] = append(list, e)
}

// find is the entry of a key, nil if there is none.
func (x *Index) find(key string) *entry {
	if len(key) > maxKey {
		return nil
	}
	list := x.keys[siphash(x.k0, x.k1, key)]
	for i := range list {
		if subtle.ConstantTimeCompare([]byte(list[i].key), []byte(key)) == 1 {
			return &list[i]
		}
	}
	return nil
}

// Check decides about a request to an API with a subscription key, "" without
// one, at a time.
func (x *Index) Check(api *config.API, key string, now time.Time) Decision {
	if key == "" {
		switch {
		case api.OpenProduct != nil:
			return Decision{Allowed: true, Product: api.OpenProduct}
		case !api.SubscriptionRequired:
			return Decision{Allowed: true}
		}
		return Decision{Reason: NotFound}
	}
	e := x.find(key)
	if e == nil || !valid(e.subscription, now) || !covers(e.subscription, api) {
		return Decision{Reason: Invalid}
	}
	return Decision{Allowed: true, Product: e.subscription.Product, Subscription: e.subscription, Primary: e.primary}
}

func valid(s *config.Subscription, now time.Time) bool {
	return s.Active && !now.Before(s.StartDate) && (s.EndDate.IsZero() || now.Before(s.EndDate))
}

func covers(s *config.Subscription, api *config.API) bool {
	switch {
	case s.Product != nil:
		for _, p := range api.Products {
			if p == s.Product {
				return true
			}
		}
		return false
	case s.APIs != nil:
		for _, a := range s.APIs {
			if a == api {
				return true
			}
		}
		return false
	}
	return true
}

// Key finds the subscription key of a request: in the API's header, or, where
// that is missing, in its query parameter. header returns the value of a request
// header, "" without one; rawQuery comes without its "?".
func Key(api *config.API, header func(name string) string, rawQuery string) string {
	if k := header(api.KeyHeader); k != "" {
		return k
	}
	for rawQuery != "" {
		var term string
		term, rawQuery, _ = strings.Cut(rawQuery, "&")
		name, value, _ := strings.Cut(term, "=")
		if strings.EqualFold(name, api.KeyQuery) || strings.EqualFold(route.Unescape(name, true), api.KeyQuery) {
			return route.Unescape(value, true)
		}
	}
	return ""
}
