package credential

import (
	"context"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/credential/store"
)

// TestKilled has a process die by SIGKILL before each step of a renewal. The next one goes
// on from what is in the store. With a provider that rotates refresh tokens and forgives
// nothing, an answer that was not saved cannot be had again: then the connection says that
// it needs a consent, and a consent is all that it needs.
func TestKilled(t *testing.T) {
	for _, c := range []struct {
		step  string
		calls int         // refreshes in all, once the next process has asked
		state store.State // with a provider that forgives nothing
	}{
		{"read", 1, store.Connected},
		{"leased", 1, store.Connected},
		{"send", 1, store.Connected},
		{"answered", 2, store.NeedsConsent},
		{"save", 2, store.NeedsConsent},
		{"saved", 1, store.Connected},
		{"release", 1, store.Connected},
	} {
		for _, rotate := range []bool{false, true} {
			name := c.step + " forgiving"
			if rotate {
				name = c.step + " rotating"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				s, err := openReal(dir)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				idp := newIDP(t, time.Now)
				idp.rotate = rotate
				w := &world{t: t, store: s, idp: idp, log: &transcript{}}
				if w.m, w.cache, err = newReal(s, idp); err != nil {
					t.Fatal(err)
				}
				defer w.cache.Close()
				defer w.m.Close()
				w.provide("oauth2", GrantCode, w.settings())
				granted := idp.grant()
				granted.Obtained, granted.Expires = time.Now().Add(-time.Hour), time.Now().Add(-time.Second)
				if err := w.m.connect(context.Background(), theKey, granted); err != nil {
					t.Fatal(err)
				}

				p := startProcess(t, dir, roleKillAt+"="+c.step)
				p.ask(5)
				if o, alive := p.answer(); alive {
					t.Fatalf("the process lived, and says %d tokens, errors %q", len(o.Tokens), o.Errors)
				}
				want := store.Connected
				if rotate {
					want = c.state
				}
				a, err := w.ask()
				if (err == nil) != (want == store.Connected) {
					t.Errorf("the next process gets %v", err)
				}
				got := w.connection()
				if got.Status.State != want || got.Tokens == nil {
					t.Errorf("the connection is %s (%s), want %s", got.Status.State, got.Status.Reason, want)
				}
				if err == nil && a.AccessToken != got.Tokens.Access.Reveal() {
					t.Error("the token that is lent is not the one that is kept")
				}
				if n := idp.count("refresh_token"); n != c.calls {
					t.Errorf("%d refreshes, want %d", n, c.calls)
				}
				if want != store.Connected {
					w.connect()
					if tok := w.token(); !strings.HasPrefix(tok, "access-") {
						t.Error("a new consent does not help")
					}
				}
			})
		}
	}
}
