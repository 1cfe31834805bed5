package recordstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/builtins/authserver/records"
)

// Clock is a clock that tests set.
type Clock struct{ nanos atomic.Int64 }

// NewClock makes one that stands at noon of a day.
func NewClock() *Clock {
	c := &Clock{}
	c.nanos.Store(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

// Now is the time that it shows.
func (c *Clock) Now() time.Time { return time.Unix(0, c.nanos.Load()).UTC() }

// Advance puts it forward.
func (c *Clock) Advance(d time.Duration) { c.nanos.Add(int64(d)) }

// Run holds a records.Store to its contract. open makes an empty one with a clock; the
// stores that it returns are several views of it, as several processes have.
func Run(t *testing.T, open func(t *testing.T, now func() time.Time) []records.Store) {
	for name, test := range map[string]func(*fixture){
		"a record comes back as it was put":          comesBack,
		"a change needs the version":                 compareAndSwap,
		"of all that make one, one does":             (*fixture).oneMakes,
		"of all that take one, one gets it":          (*fixture).oneTakes,
		"counting with compare-and-swap loses none":  (*fixture).counter,
		"a record ends":                              expiry,
		"groups":                                     groups,
		"lists are in the order of puts":             order,
		"kinds do not meet":                          kinds,
		"ids are any text":                           ids,
		"values in and out belong to the caller":     ownership,
		"a record without an id is refused":          nameless,
		"deleting what is not there is no error":     deleting,
		"what was cancelled does nothing":            cancelled,
		"a record that was changed is put anew last": reput,
	} {
		t.Run(name, func(t *testing.T) {
			c := NewClock()
			test(&fixture{t, context.Background(), c, open(t, c.Now)})
		})
	}
}

type fixture struct {
	*testing.T
	ctx    context.Context
	clock  *Clock
	stores []records.Store
}

func (f *fixture) put(s records.Store, r records.Record) *records.Record {
	f.Helper()
	f.want(s.Put(f.ctx, &r), nil)
	return &r
}

func (f *fixture) want(err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Fatalf("error %v, want %v", err, want)
	}
}

func (f *fixture) same(got, want *records.Record) {
	f.Helper()
	if got.Kind != want.Kind || got.ID != want.ID || got.Group != want.Group || !bytes.Equal(got.Value, want.Value) ||
		got.Version != want.Version || !got.Expires.Equal(want.Expires) || !got.Put.Equal(want.Put) {
		f.Errorf("got %+v, want %+v", got, want)
	}
}

func names(list []*records.Record) (out []string) {
	for _, r := range list {
		out = append(out, r.ID)
	}
	return out
}

func comesBack(f *fixture) {
	r := f.put(f.stores[0], records.Record{Kind: "code", ID: "secret-1", Group: "ada", Value: []byte("{\x00}"), Expires: f.clock.Now().Add(time.Minute)})
	if r.Version == 0 || !r.Put.Equal(f.clock.Now()) {
		f.Errorf("put as version %d at %v", r.Version, r.Put)
	}
	for _, s := range f.stores {
		got, err := s.Get(f.ctx, "code", "secret-1")
		f.want(err, nil)
		f.same(got, r)
	}
	_, err := f.stores[0].Get(f.ctx, "code", "secret-2")
	f.want(err, records.ErrNotFound)
	empty := f.put(f.stores[0], records.Record{Kind: "code", ID: "empty"})
	got, err := f.stores[0].Take(f.ctx, "code", "empty")
	f.want(err, nil)
	f.same(got, empty)
}

func compareAndSwap(f *fixture) {
	s, other := f.stores[0], f.stores[len(f.stores)-1]
	f.want(s.Put(f.ctx, &records.Record{Kind: "k", ID: "a", Version: 1}), records.ErrConflict)
	r := f.put(s, records.Record{Kind: "k", ID: "a", Group: "one", Value: []byte("1")})
	again := records.Record{Kind: "k", ID: "a", Value: []byte("x")}
	f.want(other.Put(f.ctx, &again), records.ErrConflict)
	if again.Version != 0 || !again.Put.IsZero() {
		f.Errorf("a refused record became %+v", again)
	}
	theirs, err := other.Get(f.ctx, "k", "a")
	f.want(err, nil)
	r.Value, r.Group = []byte("2"), "two"
	old := r.Version
	f.want(s.Put(f.ctx, r), nil)
	if r.Version <= old {
		f.Errorf("version %d after %d", r.Version, old)
	}
	f.want(other.Put(f.ctx, theirs), records.ErrConflict)
	got, err := other.Get(f.ctx, "k", "a")
	f.want(err, nil)
	f.same(got, r)
	f.want(other.Delete(f.ctx, "k", "a"), nil)
	f.want(s.Put(f.ctx, r), records.ErrConflict)
	_, err = s.Get(f.ctx, "k", "a")
	f.want(err, records.ErrNotFound)
}

// atOnce runs f many times at once on all stores, and counts its true results.
func (f *fixture) atOnce(do func(s records.Store, n int) (bool, error)) (yes int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for n := range 8 * len(f.stores) {
		wg.Go(func() {
			ok, err := do(f.stores[n%len(f.stores)], n)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				f.Error(err)
			}
			if ok {
				yes++
			}
		})
	}
	wg.Wait()
	return yes
}

// but makes an expected error a mere no.
func but(err, expected error) (bool, error) {
	if errors.Is(err, expected) {
		return false, nil
	}
	return err == nil, err
}

func (f *fixture) oneMakes() {
	for round := range 5 {
		if n := f.atOnce(func(s records.Store, n int) (bool, error) {
			return but(s.Put(f.ctx, &records.Record{Kind: "k", ID: fmt.Sprint("a", round), Value: []byte{byte(n)}}), records.ErrConflict)
		}); n != 1 {
			f.Errorf("%d made it", n)
		}
	}
}

func (f *fixture) oneTakes() {
	for round := range 5 {
		id := fmt.Sprint("a", round)
		f.put(f.stores[0], records.Record{Kind: "k", ID: id, Value: []byte(id)})
		if n := f.atOnce(func(s records.Store, _ int) (bool, error) {
			r, err := s.Take(f.ctx, "k", id)
			if err == nil && string(r.Value) != id {
				err = fmt.Errorf("took %+v", r)
			}
			return but(err, records.ErrNotFound)
		}); n != 1 {
			f.Errorf("%d got it", n)
		}
		_, err := f.stores[0].Get(f.ctx, "k", id)
		f.want(err, records.ErrNotFound)
	}
}

func (f *fixture) counter() {
	f.put(f.stores[0], records.Record{Kind: "k", ID: "n", Value: []byte{0}})
	n := f.atOnce(func(s records.Store, _ int) (bool, error) {
		for {
			r, err := s.Get(f.ctx, "k", "n")
			if err != nil {
				return false, err
			}
			r.Value[0]++
			if ok, err := but(s.Put(f.ctx, r), records.ErrConflict); ok || err != nil {
				return ok, err
			}
		}
	})
	r, err := f.stores[0].Get(f.ctx, "k", "n")
	f.want(err, nil)
	if int(r.Value[0]) != n || r.Version != int64(n)+1 {
		f.Errorf("%d counted, version %d, after %d changes", r.Value[0], r.Version, n)
	}
}

func expiry(f *fixture) {
	s := f.stores[0]
	end := f.clock.Now().Add(time.Minute)
	r := f.put(s, records.Record{Kind: "k", ID: "a", Group: "g", Value: []byte("old"), Expires: end})
	f.put(s, records.Record{Kind: "k", ID: "kept", Group: "g"})
	f.clock.Advance(time.Minute - 1)
	_, err := s.Get(f.ctx, "k", "a")
	f.want(err, nil)
	f.clock.Advance(1)
	for _, s := range f.stores {
		_, err := s.Get(f.ctx, "k", "a")
		f.want(err, records.ErrNotFound)
		_, err = s.Take(f.ctx, "k", "a")
		f.want(err, records.ErrNotFound)
		n, err := s.Count(f.ctx, "k", "g")
		f.want(err, nil)
		oldest, err := s.Oldest(f.ctx, "k", "g", 9)
		f.want(err, nil)
		since, err := s.Since(f.ctx, "k", time.Time{})
		f.want(err, nil)
		if n != 1 || !slices.Equal(names(oldest), []string{"kept"}) || !slices.Equal(names(since), []string{"kept"}) {
			f.Errorf("there are %d: %q, %q", n, names(oldest), names(since))
		}
	}
	r.Expires = end.Add(time.Hour)
	f.want(s.Put(f.ctx, r), records.ErrConflict)
	f.put(s, records.Record{Kind: "k", ID: "a", Value: []byte("new")})
	got, err := s.Get(f.ctx, "k", "a")
	f.want(err, nil)
	if string(got.Value) != "new" || !got.Expires.IsZero() {
		f.Errorf("it is %+v", got)
	}
	// One that is over when it is put never is.
	f.put(s, records.Record{Kind: "k", ID: "late", Expires: f.clock.Now()})
	_, err = s.Get(f.ctx, "k", "late")
	f.want(err, records.ErrNotFound)
}

func groups(f *fixture) {
	s := f.stores[0]
	for i, g := range []string{"a", "b", "a", "", "a"} {
		f.put(s, records.Record{Kind: "k", ID: fmt.Sprint(i), Group: g})
	}
	f.put(s, records.Record{Kind: "other", ID: "0", Group: "a"})
	f.put(s, records.Record{Kind: "k", ID: "over", Group: "a", Expires: f.clock.Now()})
	for group, want := range map[string]int{"a": 3, "b": 1, "c": 0, "": 5} {
		if n, err := s.Count(f.ctx, "k", group); err != nil || n != want {
			f.Errorf("group %q has %d, %v; want %d", group, n, err, want)
		}
	}
	if n, err := s.DeleteGroup(f.ctx, "k", "a"); err != nil || n != 3 {
		f.Errorf("%d deleted, %v", n, err)
	}
	if n, err := s.DeleteGroup(f.ctx, "k", ""); err != nil || n != 1 {
		f.Errorf("%d without a group deleted, %v", n, err)
	}
	left, err := s.Since(f.ctx, "k", time.Time{})
	f.want(err, nil)
	if !slices.Equal(names(left), []string{"1"}) {
		f.Errorf("left are %q", names(left))
	}
	_, err = s.Get(f.ctx, "other", "0")
	f.want(err, nil)
}

func order(f *fixture) {
	s := f.stores[0]
	start := f.clock.Now()
	for i := range 6 {
		f.put(f.stores[i%len(f.stores)], records.Record{Kind: "k", ID: fmt.Sprint(9 - i), Group: []string{"g", "h"}[i%2]})
		f.clock.Advance(time.Second)
	}
	for n, want := range map[int][]string{0: nil, -1: nil, 2: {"9", "7"}, 9: {"9", "7", "5"}} {
		if got, err := s.Oldest(f.ctx, "k", "g", n); err != nil || !slices.Equal(names(got), want) {
			f.Errorf("the oldest %d are %q, %v; want %q", n, names(got), err, want)
		}
	}
	for after, want := range map[time.Duration][]string{4 * time.Second: {"5", "4"}, 4*time.Second + 1: {"4"}, time.Hour: nil} {
		if got, err := s.Since(f.ctx, "k", start.Add(after)); err != nil || !slices.Equal(names(got), want) {
			f.Errorf("since %v: %q, %v; want %q", after, names(got), err, want)
		}
	}
}

func kinds(f *fixture) {
	s := f.stores[0]
	f.put(s, records.Record{Kind: "code", ID: "a"})
	_, err := s.Take(f.ctx, "token", "a")
	f.want(err, records.ErrNotFound)
	f.put(s, records.Record{Kind: "token", ID: "a"})
	f.want(s.Delete(f.ctx, "token", "a"), nil)
	_, err = s.Get(f.ctx, "code", "a")
	f.want(err, nil)
	for _, odd := range []string{"code ", "Code", "cod", "%", ""} {
		_, err := s.Get(f.ctx, odd, "a")
		f.want(err, records.ErrNotFound)
	}
}

func ids(f *fixture) {
	s := f.stores[0]
	for _, id := range []string{"x", "X", "x ", "x\x00", "'; DROP TABLE records", "https://a.example/x?y", "\u00e9", "e\u0301", string(bytes.Repeat([]byte("long"), 5000))} {
		f.put(s, records.Record{Kind: "k", ID: id, Value: []byte(id)})
	}
	list, err := s.Since(f.ctx, "k", time.Time{})
	f.want(err, nil)
	if len(list) != 9 {
		f.Errorf("%d are there", len(list))
	}
	for _, r := range list {
		if r.ID != string(r.Value) {
			f.Errorf("%.40q has the value of %.40q", r.ID, r.Value)
		}
	}
}

func ownership(f *fixture) {
	s := f.stores[0]
	r := f.put(s, records.Record{Kind: "k", ID: "a", Value: []byte("one")})
	r.Value[0] = 'X'
	got, err := s.Get(f.ctx, "k", "a")
	f.want(err, nil)
	got.Value[1] = 'X'
	got, err = s.Get(f.ctx, "k", "a")
	f.want(err, nil)
	if string(got.Value) != "one" {
		f.Errorf("the value became %q", got.Value)
	}
}

func nameless(f *fixture) {
	for _, r := range []records.Record{{Kind: "k"}, {ID: "a"}} {
		if f.stores[0].Put(f.ctx, &r) == nil || r.Version != 0 {
			f.Errorf("kept as %+v", r)
		}
	}
}

func deleting(f *fixture) {
	f.want(f.stores[0].Delete(f.ctx, "k", "a"), nil)
	n, err := f.stores[0].DeleteGroup(f.ctx, "k", "g")
	f.want(err, nil)
	if n != 0 {
		f.Errorf("%d deleted", n)
	}
}

func cancelled(f *fixture) {
	s := f.stores[0]
	f.put(s, records.Record{Kind: "k", ID: "a"})
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	f.want(s.Put(ctx, &records.Record{Kind: "k", ID: "b"}), context.Canceled)
	_, err := s.Take(ctx, "k", "a")
	f.want(err, context.Canceled)
	f.want(s.Delete(ctx, "k", "a"), context.Canceled)
	_, err = s.Get(f.ctx, "k", "a")
	f.want(err, nil)
	if n, err := s.Count(f.ctx, "k", ""); err != nil || n != 1 {
		f.Errorf("there are %d, %v", n, err)
	}
}

func reput(f *fixture) {
	s := f.stores[0]
	a := f.put(s, records.Record{Kind: "k", ID: "a", Group: "g"})
	f.clock.Advance(time.Second)
	f.put(s, records.Record{Kind: "k", ID: "b", Group: "g"})
	f.clock.Advance(time.Second)
	f.want(s.Put(f.ctx, a), nil)
	got, err := s.Oldest(f.ctx, "k", "g", 9)
	f.want(err, nil)
	if !slices.Equal(names(got), []string{"b", "a"}) || !a.Put.Equal(f.clock.Now()) {
		f.Errorf("the order is %q, put %v", names(got), a.Put)
	}
}
