package access

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"sekisho/engine/config"
	"sekisho/engine/source"
)

const folder = `
apis:
  # The name says: the products need a key or are open, the API needs a key or not.
  key-key: {path: a, operations: [GET /]}
  key-none: {path: b, subscriptionRequired: false, operations: [GET /]}
  open-key: {path: c, operations: [GET /]}
  open-none: {path: d, subscriptionRequired: false, operations: [GET /]}
  alone-key: {path: e, operations: [GET /]}
  alone-none: {path: f, subscriptionRequired: false, operations: [GET /]}
  rev: {path: g, operations: [GET /]}
  rev;rev=2: {path: g, operations: [GET /]}
products:
  closed: {apis: [key-key, key-none, open-key, open-none]}
  open: {apis: [open-key, open-none], subscriptionRequired: false, state: notPublished}
  elsewhere: {apis: []}
subscriptions:
  closed: {scope: /products/closed, primaryKey: k-closed, secondaryKey: k-closed-2}
  open: {scope: /products/open, primaryKey: k-open}
  elsewhere: {scope: /products/elsewhere, primaryKey: k-elsewhere}
  api: {scope: /apis/key-key, primaryKey: k-api}
  rev: {scope: /apis/rev, primaryKey: k-rev}
  apis: {scope: /apis, primaryKey: k-apis}
  all: {scope: all, primaryKey: k-all}
  suspended: {scope: all, state: suspended, primaryKey: k-suspended}
  submitted: {scope: all, state: submitted, primaryKey: k-submitted}
  rejected: {scope: all, state: rejected, primaryKey: k-rejected}
  cancelled: {scope: all, state: cancelled, primaryKey: k-cancelled}
  expired: {scope: all, state: expired, primaryKey: k-expired}
  future: {scope: all, startDate: 2026-06-02, primaryKey: k-future}
  past: {scope: all, endDate: 2026-06-01, primaryKey: k-past}
  now: {scope: all, startDate: 2026-06-01, endDate: 2026-06-02, primaryKey: k-now}
`

func load(t testing.TB) *config.Model {
	var diags source.List
	m := config.LoadFS(fstest.MapFS{"gateway.yaml": {Data: []byte(folder)}}, nil, &diags)
	if diags.Len() > 0 {
		t.Fatalf("%+v", diags.Sorted())
	}
	return m
}

func TestCheck(t *testing.T) {
	m := load(t)
	x := NewIndex(m)
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	apis := map[string]*config.API{}
	for _, a := range m.APIs {
		id := a.ID
		if !a.IsCurrent {
			id += ";" + a.Revision
		}
		apis[id] = a
	}
	for _, f := range []struct{ api, key, want string }{
		// The truth table: with a valid key, and without.
		{"key-key", "k-closed", "allowed product=closed subscription=closed primary"},
		{"key-key", "", "SubscriptionKeyNotFound"},
		{"key-none", "k-closed", "allowed product=closed subscription=closed primary"},
		{"key-none", "", "allowed"},
		{"open-key", "k-closed", "allowed product=closed subscription=closed primary"},
		{"open-key", "", "allowed product=open"},
		{"open-none", "k-closed", "allowed product=closed subscription=closed primary"},
		{"open-none", "", "allowed product=open"},
		{"alone-key", "", "SubscriptionKeyNotFound"},
		{"alone-none", "", "allowed"},

		// Either key, and only the whole of it.
		{"key-key", "k-closed-2", "allowed product=closed subscription=closed"},
		{"key-key", "K-closed", "SubscriptionKeyInvalid"},
		{"key-key", "k-close", "SubscriptionKeyInvalid"},
		{"key-key", "k-closed ", "SubscriptionKeyInvalid"},
		{"key-key", strings.Repeat("k", 1e6), "SubscriptionKeyInvalid"},

		// Scopes. All but those of products leave the context to the API.
		{"open-key", "k-open", "allowed product=open subscription=open primary"},
		{"key-key", "k-open", "SubscriptionKeyInvalid"},
		{"key-key", "k-elsewhere", "SubscriptionKeyInvalid"},
		{"key-key", "k-api", "allowed subscription=api primary"},
		{"open-key", "k-api", "SubscriptionKeyInvalid"},
		{"open-key", "k-apis", "allowed subscription=apis primary"},
		{"alone-key", "k-apis", "allowed subscription=apis primary"},
		{"alone-key", "k-all", "allowed subscription=all primary"},
		{"alone-key", "k-closed", "SubscriptionKeyInvalid"},
		{"rev", "k-rev", "allowed subscription=rev primary"},
		{"rev;2", "k-rev", "allowed subscription=rev primary"},

		// A bad key is refused where none is needed.
		{"alone-none", "wrong", "SubscriptionKeyInvalid"},
		{"open-none", "wrong", "SubscriptionKeyInvalid"},
		{"alone-none", "k-closed", "SubscriptionKeyInvalid"},

		// States and dates.
		{"key-key", "k-suspended", "SubscriptionKeyInvalid"},
		{"key-key", "k-submitted", "SubscriptionKeyInvalid"},
		{"key-key", "k-rejected", "SubscriptionKeyInvalid"},
		{"key-key", "k-cancelled", "SubscriptionKeyInvalid"},
		{"key-key", "k-expired", "SubscriptionKeyInvalid"},
		{"key-key", "k-future", "SubscriptionKeyInvalid"},
		{"key-key", "k-past", "SubscriptionKeyInvalid"},
		{"key-key", "k-now", "allowed subscription=now primary"},
	} {
		d := x.Check(apis[f.api], f.key, now)
		got := d.Reason.LastError()
		if d.Allowed {
			got += "allowed"
		}
		if d.Product != nil {
			got += " product=" + d.Product.ID
		}
		if d.Subscription != nil {
			got += " subscription=" + d.Subscription.ID
		}
		if d.Primary {
			got += " primary"
		}
		if got != f.want {
			t.Errorf("%s with %.20q: %s, want %s", f.api, f.key, got, f.want)
		}
	}
}

// TestKeysOfOneHash: keys whose hashes are the same are told apart, and of equal keys the
// later one counts.
func TestKeysOfOneHash(t *testing.T) {
	x := &Index{k0: 1, k1: 2, keys: map[uint64][]entry{}}
	a, b, c := &config.Subscription{ID: "a"}, &config.Subscription{ID: "b"}, &config.Subscription{ID: "c"}
	h := siphash(1, 2, "first")
	x.add(h, entry{"other", a, true})
	x.add(h, entry{"first", b, true})
	if e := x.find("first"); e == nil || e.subscription != b {
		t.Errorf("found %+v", e)
	}
	x.add(h, entry{"first", c, false})
	if e := x.find("first"); e == nil || e.subscription != c || len(x.keys[h]) != 2 {
		t.Errorf("found %+v", e)
	}
	if e := x.find("firs"); e != nil {
		t.Errorf("found %+v", e)
	}
}

func TestKey(t *testing.T) {
	api := &config.API{KeyHeader: "X-Key", KeyQuery: "sub-key"}
	for _, f := range []struct{ header, query, want string }{
		{"", "", ""},
		{"h", "", "h"},
		{"h", "sub-key=q", "h"},
		{"", "sub-key=q", "q"},
		{"", "a=b&Sub-Key=q%2B1+2&c", "q+1 2"},
		{"", "sub%2Dkey=q", "q"},
		{"", "sub-key", ""},
		{"", "x-key=q", ""},
	} {
		got := Key(api, func(name string) string {
			if name == "X-Key" {
				return f.header
			}
			return ""
		}, f.query)
		if got != f.want {
			t.Errorf("header %q, query %q: %q, want %q", f.header, f.query, got, f.want)
		}
	}
}
