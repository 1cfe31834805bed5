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
	"crypto/sha256"
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
// It holds keyed hashes, not keys: how long a lookup takes says nothing about how
// much of a guess is right.
type Index struct {
	salt [16]byte
	keys map[[sha256.Size]byte]entry
}

type entry struct {
	subscription *config.Subscription
	primary      bool
}

// maxKey is how long a key is that is looked up at all: no subscription has a
// longer one.
const maxKey = 256

// NewIndex makes the Index of a Model's subscriptions.
func NewIndex(m *config.Model) *Index {
	x := &Index{keys: map[[sha256.Size]byte]entry{}}
	rand.Read(x.salt[:]) // never fails
	for _, s := range m.Subscriptions {
		for i, k := range []config.Secret{s.PrimaryKey, s.SecondaryKey} {
			if h, ok := x.hash(k.Reveal()); ok && !k.IsZero() {
				x.keys[h] = entry{s, i == 0}
			}
		}
	}
	return x
}

func (x *Index) hash(key string) (h [sha256.Size]byte, ok bool) {
	if len(key) > maxKey {
		return h, false
	}
	var buf [len(x.salt) + maxKey]byte
	n := copy(buf[:], x.salt[:])
	n += copy(buf[n:], key)
	return sha256.Sum256(buf[:n]), true
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
	h, ok := x.hash(key)
	if !ok {
		return Decision{Reason: Invalid}
	}
	e, ok := x.keys[h]
	if !ok || !valid(e.subscription, now) || !covers(e.subscription, api) {
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
