package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sekisho/builtins/credential/keys"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	goleak.VerifyTestMain(m)
}

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// options are those of a store in a folder, whose master key is beside it.
func options(dir string, now func() time.Time) Options {
	return Options{
		Path: filepath.Join(dir, "credentials.db"), Now: now,
		Keys: keys.Options{Source: "file:" + filepath.Join(dir, "master.key")},
	}
}

func openStore(t *testing.T, o Options) *SQLite {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// newStore is a store with a provider p and a connection p/c.
func newStore(t *testing.T) (*SQLite, *clock) {
	t.Helper()
	c := newClock()
	s := openStore(t, options(t.TempDir(), c.now))
	fill(t, s)
	return s, c
}

var theKey = Key{"p", "c"}

func fill(t *testing.T, s *SQLite) {
	t.Helper()
	ctx := context.Background()
	_, err := s.PutProvider(ctx, &Provider{
		ID: "p", DisplayName: "P", IdentityProvider: "oauth2", Grant: "authorizationCode",
		Settings: map[string]string{"clientId": "id", "tokenUrl": "https://idp.example/token"},
		Secrets:  secrets("clientSecret", "canary-client-secret"),
	}, Absent, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.PutConnection(ctx, &Connection{
		Key: theKey, Grant: "authorizationCode", Parameters: map[string]string{"scopes": "a b"},
		Secrets: secrets("clientSecret", "canary-connection-secret"), Owner: Subject{"https://issuer", "ada"},
	}, Absent, 0)
	if err != nil {
		t.Fatal(err)
	}
}

func secrets(pairs ...string) map[string]Secret {
	m := map[string]Secret{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = NewSecret(pairs[i+1])
	}
	return m
}

// pair is the n-th pair of tokens.
func pair(n int) *Tokens {
	return &Tokens{
		Access: NewSecret(fmt.Sprint("canary-access-", n)), Refresh: NewSecret(fmt.Sprint("canary-refresh-", n)),
		Type: "Bearer", Scope: "a", Obtained: time.Unix(int64(n), 0).UTC(), Expires: time.Unix(int64(n)+3600, 0).UTC(),
		Response: NewSecret(fmt.Sprintf(`{"access_token":"canary-access-%d"}`, n)),
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
	if want != nil && strings.Contains(err.Error(), "canary") {
		t.Errorf("the error shows a secret: %v", err)
	}
}

func TestProviders(t *testing.T) {
	ctx := context.Background()
	s, c := newStore(t)
	got, err := s.Provider(ctx, "p")
	wantErr(t, err, nil)
	want := &Provider{
		ID: "p", DisplayName: "P", IdentityProvider: "oauth2", Grant: "authorizationCode",
		Settings: map[string]string{"clientId": "id", "tokenUrl": "https://idp.example/token"},
		Secrets:  secrets("clientSecret", "canary-client-secret"), ETag: got.ETag, Created: c.now(), Changed: c.now(),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !strings.HasPrefix(got.ETag, `"`) || !strings.HasSuffix(got.ETag, `"`) {
		t.Errorf("ETag %s is not quoted", got.ETag)
	}

	// Conditions.
	_, err = s.Provider(ctx, "q")
	wantErr(t, err, ErrNotFound)
	_, err = s.PutProvider(ctx, got, Absent, 0)
	wantErr(t, err, ErrConflict)
	_, err = s.PutProvider(ctx, &Provider{ID: "q"}, Exists, 0)
	wantErr(t, err, ErrNotFound)
	_, err = s.PutProvider(ctx, &Provider{ID: "q"}, Match(got.ETag), 0)
	wantErr(t, err, ErrNotFound)
	old := got.ETag
	c.advance(time.Minute)
	got.DisplayName = "P2"
	created, err := s.PutProvider(ctx, got, Match(old), 1)
	wantErr(t, err, nil)
	if created || got.ETag == old || !got.Changed.Equal(c.now()) || got.Created.Equal(c.now()) {
		t.Errorf("after a change: created %v, %+v", created, got)
	}
	_, err = s.PutProvider(ctx, got, Match(old), 0)
	wantErr(t, err, ErrConflict)
	wantErr(t, s.DeleteProvider(ctx, "p", Match(old)), ErrConflict)
	wantErr(t, s.DeleteProvider(ctx, "q", Always), ErrNotFound)

	// Limits count what is there, not what is changed.
	_, err = s.PutProvider(ctx, &Provider{ID: "q"}, Always, 1)
	wantErr(t, err, ErrLimit)
	created, err = s.PutProvider(ctx, &Provider{ID: "a"}, Always, 2)
	wantErr(t, err, nil)
	if !created {
		t.Error("a new provider was not created")
	}
	_, err = s.PutProvider(ctx, &Provider{ID: ""}, Always, 0)
	if err == nil {
		t.Error("a provider without an id was taken")
	}

	// Lists are ordered, cut, counted and without secrets.
	for _, test := range []struct {
		page Page
		want string
	}{{Page{}, "a p"}, {Page{Top: 1}, "a"}, {Page{Skip: 1}, "p"}, {Page{Skip: 1, Top: 5}, "p"}, {Page{Skip: 2}, ""}, {Page{Skip: -1, Top: -1}, "a p"}} {
		list, n, err := s.Providers(ctx, test.page)
		wantErr(t, err, nil)
		var ids []string
		for _, p := range list {
			ids = append(ids, p.ID)
			if p.Secrets != nil {
				t.Errorf("the list shows secrets of %s", p.ID)
			}
		}
		if n != 2 || strings.Join(ids, " ") != test.want {
			t.Errorf("%+v: %v of %d, want %s of 2", test.page, ids, n, test.want)
		}
	}

	// One that is made again is not the one that was.
	wantErr(t, s.DeleteProvider(ctx, "a", Exists), nil)
	again := &Provider{ID: "a"}
	_, err = s.PutProvider(ctx, again, Absent, 0)
	wantErr(t, err, nil)
	first := again.ETag
	wantErr(t, s.DeleteProvider(ctx, "a", Match(first)), nil)
	_, err = s.PutProvider(ctx, again, Absent, 0)
	wantErr(t, err, nil)
	if again.ETag == first {
		t.Error("a provider that was made again has the ETag of the one before")
	}
}

func TestConnections(t *testing.T) {
	ctx := context.Background()
	s, c := newStore(t)
	got, err := s.Connection(ctx, theKey)
	wantErr(t, err, nil)
	want := &Connection{
		Key: theKey, Grant: "authorizationCode", Parameters: map[string]string{"scopes": "a b"},
		Secrets: secrets("clientSecret", "canary-connection-secret"), Owner: Subject{"https://issuer", "ada"},
		ETag: got.ETag, Created: c.now(), Changed: c.now(), Status: Status{State: Pending, Since: c.now()}, Version: 1,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}

	// Tokens, compare and swap.
	c.advance(time.Minute)
	v, err := s.SaveTokens(ctx, theKey, Guard{Version: 1}, pair(1), Status{State: Connected, Reason: "consent"})
	wantErr(t, err, nil)
	_, err = s.SaveTokens(ctx, theKey, Guard{Version: 1}, pair(2), Status{State: Connected})
	wantErr(t, err, ErrConflict)
	_, err = s.SaveStatus(ctx, theKey, Guard{Version: 1}, Status{State: NeedsConsent})
	wantErr(t, err, ErrConflict)
	_, err = s.SaveTokens(ctx, Key{"p", "x"}, Guard{Version: 1}, pair(2), Status{State: Connected})
	wantErr(t, err, ErrNotFound)
	after, err := s.Connection(ctx, theKey)
	wantErr(t, err, nil)
	if !reflect.DeepEqual(after.Tokens, pair(1)) || after.Version != v || v != 2 || after.Status.State != Connected ||
		!after.Status.Since.Equal(c.now()) || !after.Expires.Equal(pair(1).Expires) || after.ETag != got.ETag {
		t.Errorf("after the first tokens: %+v, tokens %+v", after, after.Tokens)
	}

	// The description changes by itself, and the caller learns what it did not change.
	c.advance(time.Minute)
	change := &Connection{Key: theKey, Grant: "authorizationCode", Status: Status{State: Revoked}}
	created, err := s.PutConnection(ctx, change, Match(got.ETag), 1)
	wantErr(t, err, nil)
	if created || change.Version != 2 || change.Status.State != Connected || !reflect.DeepEqual(change.Tokens, pair(1)) {
		t.Errorf("after a change of the description: %+v", change)
	}

	// A failure keeps the tokens; Since is about the state.
	since := after.Status.Since
	failure := &Failure{Code: "503", Message: "the provider is down", At: c.now(), Count: 2}
	v, err = s.SaveStatus(ctx, theKey, Guard{Version: v}, Status{State: Connected, Failure: failure})
	wantErr(t, err, nil)
	after, err = s.Connection(ctx, theKey)
	wantErr(t, err, nil)
	if !reflect.DeepEqual(after.Tokens, pair(1)) || !reflect.DeepEqual(after.Status.Failure, failure) || !after.Status.Since.Equal(since) || after.Version != v {
		t.Errorf("after a failure: %+v", after)
	}

	// Without tokens again; a request that was given up does not lose them either way.
	gone, cancel := context.WithCancel(ctx)
	cancel()
	v, err = s.SaveTokens(gone, theKey, Guard{Version: v}, nil, Status{State: Revoked, Reason: "by hand"})
	wantErr(t, err, nil)
	after, err = s.Connection(ctx, theKey)
	wantErr(t, err, nil)
	if after.Tokens != nil || !after.Expires.IsZero() || after.Status.State != Revoked || after.Version != v {
		t.Errorf("after the tokens were dropped: %+v", after)
	}

	// Lists, limits, conditions.
	_, err = s.PutConnection(ctx, &Connection{Key: Key{"p", "d"}}, Always, 1)
	wantErr(t, err, ErrLimit)
	_, err = s.PutConnection(ctx, &Connection{Key: Key{"q", "d"}}, Always, 1)
	wantErr(t, err, ErrNotFound)
	_, err = s.PutConnection(ctx, &Connection{Key: Key{"p", "b"}, Status: Status{State: Connected}}, Always, 2)
	wantErr(t, err, nil)
	list, n, err := s.Connections(ctx, "p", Page{Top: 1})
	wantErr(t, err, nil)
	if n != 2 || len(list) != 1 || list[0].Connection != "b" || list[0].Status.State != Connected {
		t.Errorf("the list is %+v of %d", list, n)
	}
	list, n, err = s.Connections(ctx, "q", Page{})
	wantErr(t, err, nil)
	if n != 0 || len(list) != 0 {
		t.Errorf("nobody's list is %+v of %d", list, n)
	}
	wantErr(t, s.DeleteConnection(ctx, theKey, Match(got.ETag)), ErrConflict)
	wantErr(t, s.DeleteConnection(ctx, theKey, Always), nil)
	wantErr(t, s.DeleteConnection(ctx, theKey, Always), ErrNotFound)
}

func TestAccessPolicies(t *testing.T) {
	ctx := context.Background()
	s, c := newStore(t)
	p := &AccessPolicy{Key: theKey, ID: "one", TenantID: "t", ObjectID: "o", AppIDs: []string{"a"}, Kind: User}
	created, err := s.PutAccessPolicy(ctx, p, Absent, 1)
	wantErr(t, err, nil)
	got, err := s.AccessPolicy(ctx, theKey, "one")
	wantErr(t, err, nil)
	if !created || !reflect.DeepEqual(got, p) || !got.Created.Equal(c.now()) {
		t.Errorf("got %+v, want %+v", got, p)
	}
	_, err = s.PutAccessPolicy(ctx, &AccessPolicy{Key: theKey, ID: "two"}, Always, 1)
	wantErr(t, err, ErrLimit)
	_, err = s.PutAccessPolicy(ctx, &AccessPolicy{Key: Key{"p", "x"}, ID: "two"}, Always, 1)
	wantErr(t, err, ErrNotFound)
	_, err = s.PutAccessPolicy(ctx, p, `"another"`, 1)
	wantErr(t, err, ErrConflict)
	_, err = s.PutAccessPolicy(ctx, p, Match(p.ETag), 1)
	wantErr(t, err, nil)
	list, n, err := s.AccessPolicies(ctx, theKey, Page{})
	wantErr(t, err, nil)
	if n != 1 || !reflect.DeepEqual(list, []*AccessPolicy{p}) {
		t.Errorf("the list is %+v of %d", list, n)
	}
	wantErr(t, s.DeleteAccessPolicy(ctx, theKey, "one", Match(got.ETag)), ErrConflict)
	wantErr(t, s.DeleteAccessPolicy(ctx, theKey, "one", Match(p.ETag)), nil)
	_, err = s.AccessPolicy(ctx, theKey, "one")
	wantErr(t, err, ErrNotFound)
}

func TestLogins(t *testing.T) {
	ctx := context.Background()
	s, c := newStore(t)
	id := NewSecret("canary-login-id-0123456789")
	l := &Login{
		Kind: "state", ID: id, Key: theKey, User: Subject{"https://issuer", "ada"}, Redirect: "https://app.example/done",
		Secrets: secrets("verifier", "canary-verifier", "nonce", "canary-nonce"), Expires: c.now().Add(10 * time.Minute),
	}
	wantErr(t, s.CreateLogin(ctx, l, 1), nil)
	wantErr(t, s.CreateLogin(ctx, l, 0), ErrConflict)
	another := *l
	another.ID = NewSecret("canary-login-id-another")
	wantErr(t, s.CreateLogin(ctx, &another, 1), ErrLimit)
	another.Key = Key{"p", "x"}
	wantErr(t, s.CreateLogin(ctx, &another, 1), ErrNotFound)
	another.ID = NewSecret("short")
	if s.CreateLogin(ctx, &another, 1) == nil {
		t.Error("an id that can be guessed was taken")
	}

	got, err := s.Login(ctx, "state", id)
	wantErr(t, err, nil)
	if !reflect.DeepEqual(got, l) {
		t.Errorf("got %+v, want %+v", got, l)
	}
	_, err = s.Login(ctx, "link", id)
	wantErr(t, err, ErrNotFound) // of another kind
	_, err = s.ConsumeLogin(ctx, "state", NewSecret("canary-login-id-unknown"))
	wantErr(t, err, ErrNotFound)

	// Of many, one gets it.
	var wg sync.WaitGroup
	var mu sync.Mutex
	counts := map[string]int{}
	for range 20 {
		wg.Go(func() {
			l, err := s.ConsumeLogin(ctx, "state", id)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && l.Secrets["verifier"].Reveal() == "canary-verifier":
				counts["got"]++
			case errors.Is(err, ErrUsed):
				counts["used"]++
			default:
				counts["other"]++
			}
		})
	}
	wg.Wait()
	if counts["got"] != 1 || counts["used"] != 19 {
		t.Errorf("20 callers: %v", counts)
	}

	// One that expired is known as such for a while, and then swept.
	another = *l
	another.ID = NewSecret("canary-login-id-another")
	wantErr(t, s.CreateLogin(ctx, &another, 1), nil)
	c.advance(10 * time.Minute)
	_, err = s.ConsumeLogin(ctx, "state", another.ID)
	wantErr(t, err, ErrExpired)
	_, err = s.Login(ctx, "state", another.ID)
	wantErr(t, err, ErrExpired)
	n, err := s.Sweep(ctx)
	wantErr(t, err, nil)
	if n != 0 {
		t.Errorf("%d swept too early", n)
	}
	c.advance(loginMemory + time.Second)
	n, err = s.Sweep(ctx)
	wantErr(t, err, nil)
	if n != 2 {
		t.Errorf("%d swept, want 2", n)
	}
	_, err = s.ConsumeLogin(ctx, "state", another.ID)
	wantErr(t, err, ErrNotFound)
}

func TestRegistrations(t *testing.T) {
	ctx := context.Background()
	s, c := newStore(t)
	r := &Registration{
		Provider: "p", Issuer: "https://as.example", ClientID: "made-up", Settings: map[string]string{"redirect": "https://gw/callback"},
		Secrets: secrets("client_secret", "canary-dcr"), Expires: c.now().Add(time.Hour),
	}
	wantErr(t, s.PutRegistration(ctx, r, Absent), nil)
	got, err := s.Registration(ctx, "p", "https://as.example")
	wantErr(t, err, nil)
	if !reflect.DeepEqual(got, r) {
		t.Errorf("got %+v, want %+v", got, r)
	}
	wantErr(t, s.PutRegistration(ctx, r, Absent), ErrConflict)
	wantErr(t, s.PutRegistration(ctx, &Registration{Provider: "q", Issuer: "i"}, Always), ErrNotFound)
	_, err = s.Registration(ctx, "p", "https://other.example")
	wantErr(t, err, ErrNotFound)
	wantErr(t, s.DeleteRegistration(ctx, "p", "https://as.example", Match(r.ETag)), nil)
	wantErr(t, s.DeleteRegistration(ctx, "p", "https://as.example", Always), ErrNotFound)
}

func TestDeletingAProviderDeletesAllOfIt(t *testing.T) {
	ctx := context.Background()
	s, c := newStore(t)
	_, err := s.PutAccessPolicy(ctx, &AccessPolicy{Key: theKey, ID: "one"}, Always, 0)
	wantErr(t, err, nil)
	id := NewSecret("canary-login-id-0123456789")
	wantErr(t, s.CreateLogin(ctx, &Login{Kind: "link", ID: id, Key: theKey, Expires: c.now().Add(time.Hour)}, 0), nil)
	wantErr(t, s.PutRegistration(ctx, &Registration{Provider: "p", Issuer: "i"}, Always), nil)
	lease, err := s.AcquireLease(ctx, theKey, "me", time.Minute)
	wantErr(t, err, nil)

	wantErr(t, s.DeleteProvider(ctx, "p", Always), nil)
	for _, table := range []string{"providers", "connections", "access_policies", "logins", "registrations", "leases"} {
		var n int
		wantErr(t, s.reads.QueryRow(`SELECT count(*) FROM `+table).Scan(&n), nil)
		if n != 0 {
			t.Errorf("%s has %d rows left", table, n)
		}
	}
	// Who was at work on it finds out.
	_, err = s.SaveTokens(ctx, theKey, Guard{Version: 1}, pair(1), Status{State: Connected})
	wantErr(t, err, ErrNotFound)
	_, err = s.RenewLease(ctx, lease, time.Minute)
	wantErr(t, err, ErrLeaseLost)
	_, err = s.AcquireLease(ctx, theKey, "me", time.Minute)
	wantErr(t, err, ErrNotFound)
}

func TestLeases(t *testing.T) {
	ctx := context.Background()
	s, c := newStore(t)
	first, err := s.AcquireLease(ctx, theKey, "first", time.Minute)
	wantErr(t, err, nil)
	held, err := s.AcquireLease(ctx, theKey, "second", time.Minute)
	wantErr(t, err, ErrLeaseHeld)
	if held != first {
		t.Errorf("the lease that stands is %+v, want %+v", held, first)
	}
	_, err = s.AcquireLease(ctx, theKey, "first", time.Minute)
	wantErr(t, err, ErrLeaseHeld)
	conn, err := s.Connection(ctx, theKey)
	wantErr(t, err, nil)
	if conn.Lease != first {
		t.Errorf("the connection shows the lease %+v, want %+v", conn.Lease, first)
	}

	// Renewed, it lasts from then on.
	c.advance(50 * time.Second)
	first, err = s.RenewLease(ctx, first, time.Minute)
	wantErr(t, err, nil)
	c.advance(50 * time.Second)
	_, err = s.AcquireLease(ctx, theKey, "second", time.Minute)
	wantErr(t, err, ErrLeaseHeld)
	version, err := s.SaveStatus(ctx, theKey, Guard{1, first}, Status{State: Degraded})
	wantErr(t, err, nil)

	// Run out, it is lost, before and after another has it.
	c.advance(10 * time.Second)
	_, err = s.RenewLease(ctx, first, time.Minute)
	wantErr(t, err, ErrLeaseLost)
	second, err := s.AcquireLease(ctx, theKey, "second", time.Minute)
	wantErr(t, err, nil)
	if second.Fence <= first.Fence {
		t.Errorf("fence %d after %d", second.Fence, first.Fence)
	}
	wantErr(t, s.ReleaseLease(ctx, first), ErrLeaseLost)
	_, err = s.SaveStatus(ctx, theKey, Guard{version, first}, Status{State: NeedsConsent})
	wantErr(t, err, ErrLeaseLost)
	other := second
	other.Key = Key{"p", "x"}
	_, err = s.SaveStatus(ctx, theKey, Guard{version, other}, Status{State: NeedsConsent})
	wantErr(t, err, ErrLeaseLost)
	// Tokens that were obtained are saved without it.
	_, err = s.SaveTokens(ctx, theKey, Guard{Version: version}, pair(1), Status{State: Connected})
	wantErr(t, err, nil)

	wantErr(t, s.ReleaseLease(ctx, second), nil)
	wantErr(t, s.ReleaseLease(ctx, second), ErrLeaseLost)
	third, err := s.AcquireLease(ctx, theKey, "second", time.Minute)
	wantErr(t, err, nil)
	if third.Fence <= second.Fence {
		t.Errorf("fence %d after %d", third.Fence, second.Fence)
	}
	if _, err := s.AcquireLease(ctx, theKey, "", time.Minute); err == nil {
		t.Error("a lease without a holder was given")
	}
}

// TestRecordsDoNotPrint prints records in all the ways in which they might end up in a log.
func TestRecordsDoNotPrint(t *testing.T) {
	type hidden struct{ inner any }
	records := []any{
		&Provider{Secrets: secrets("s", "canary")}, Connection{Secrets: secrets("s", "canary"), Tokens: pair(1)},
		&Connection{Tokens: pair(1)}, *pair(1), Login{ID: NewSecret("canary"), Secrets: secrets("s", "canary")},
		Registration{Secrets: secrets("s", "canary")}, hidden{*pair(1)}, hidden{secrets("s", "canary")}, NewSecret("canary"),
	}
	for _, r := range records {
		var b strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			fmt.Fprintf(&b, verb, r)
		}
		data, _ := json.Marshal(r)
		b.Write(data)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "r", r)
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "r", r)
		if strings.Contains(b.String(), "canary") || strings.Contains(b.String(), fmt.Sprintf("%x", "canary")) {
			t.Errorf("%T prints its secrets: %s", r, b.String())
		}
	}
	if !NewSecret("a").Equal(NewSecret("a")) || NewSecret("a").Equal(Secret{}) || !NewSecret("").IsZero() || NewSecret("a").Reveal() != "a" {
		t.Error("secrets do not compare or reveal as they should")
	}
}
