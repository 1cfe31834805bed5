package credential

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
	"sekisho/builtins/tokencache"
)

// margin is how long before its end a token is renewed.
const margin = 3 * time.Minute

// renewAt is when a token wants to be renewed: margin before its end, or at its end if its
// whole life is shorter; zero means never.
func renewAt(t *store.Tokens) time.Time {
	if t.Expires.IsZero() || t.Expires.Sub(t.Obtained) <= margin {
		return t.Expires
	}
	return t.Expires.Add(-margin)
}

// condition is how a token is at a moment.
type condition int

const (
	none  condition = iota // there is none, or it has ended
	stale                  // it is good, and wants to be renewed
	fresh
)

func conditionOf(t *store.Tokens, now time.Time) condition {
	switch {
	case t == nil, !t.Expires.IsZero() && !now.Before(t.Expires):
		return none
	case t.Expires.IsZero(), now.Before(renewAt(t)):
		return fresh
	}
	return stale
}

// fetch is what the token cache calls: the token in the store, renewed if it must be.
func (m *Manager) fetch(ctx context.Context, key store.Key) (tokencache.Token, error) {
	c, err := m.o.Store.Connection(ctx, key)
	if err != nil {
		return tokencache.Token{}, wrap("the connection "+key.String(), err)
	}
	switch conditionOf(c.Tokens, m.o.Now()) {
	case fresh:
	case stale:
		// Nobody has to wait: the new token is found when the old one is forgotten.
		if renewable(c) {
			m.background(func(context.Context) {
				if next, err := m.renew(key); err == nil && next.Version != c.Version {
					m.o.Cache.Delete(cacheKey(key))
				}
			})
		}
	default:
		if c, err = m.renew(key); err != nil {
			return tokencache.Token{}, err
		}
	}
	if c.Status.State == store.Revoked {
		return tokencache.Token{}, fail(CodeState, "the connection %s has been revoked and needs a new consent", key)
	}
	a := authorization(c.Tokens)
	size := len(c.Tokens.Response.Reveal())
	return tokencache.Token{AccessToken: a.AccessToken, Expires: c.Tokens.Expires, Extra: &lent{c.Version, a}, Size: size}, nil
}

// renewable tells whether trying to renew makes sense.
func renewable(c *store.Connection) bool {
	switch c.Status.State {
	case store.NeedsConsent, store.Revoked:
		return false
	}
	return c.Grant == GrantClient || c.Tokens != nil && !c.Tokens.Refresh.IsZero()
}

// renew returns a connection whose token is good, after it has been renewed by whomever.
// Errors leave the connection in a state that says why.
func (m *Manager) renew(key store.Key) (*store.Connection, error) {
	v, err, _ := m.renewing.Do(key.String(), func() (any, error) {
		// Not the context of whoever came first: others wait for this, too. And once it
		// has begun, a refresh is finished.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(m.base), renewTimeout)
		defer cancel()
		return m.renewAlone(ctx, key)
	})
	if err != nil {
		return nil, err
	}
	return v.(*store.Connection), nil
}

const (
	// renewTimeout bounds a renewal with all its waiting.
	renewTimeout = 2 * time.Minute
	// leasePoll is how often it is looked whether another has finished.
	leasePoll = 20 * time.Millisecond
)

// renewAlone is renew, of which this process runs one at a time for a connection.
func (m *Manager) renewAlone(ctx context.Context, key store.Key) (*store.Connection, error) {
	m.step("read")
	for {
		if err := m.base.Err(); err != nil {
			return nil, err
		}
		c, err := m.o.Store.Connection(ctx, key)
		if err != nil {
			return nil, wrap("the connection "+key.String(), err)
		}
		if done, err := m.settled(c); done {
			return c, err
		}
		holder, err := oauth.Random(m.o.Rand)
		if err != nil {
			return nil, err
		}
		lease, err := m.o.Store.AcquireLease(ctx, key, holder, m.o.LeaseTTL)
		if errors.Is(err, store.ErrLeaseHeld) {
			if err := m.wait(ctx, lease.Until); err != nil {
				return nil, fail(CodeProvider, "the connection %s is being renewed by another process, and that takes too long", key)
			}
			continue
		}
		if err != nil {
			return nil, wrap("the connection "+key.String(), err)
		}
		m.step("leased")
		return m.renewLeased(ctx, key, lease)
	}
}

// settled tells whether nothing is to be renewed: because another has done it, or because
// it would be of no use; then err says why, unless the token is good for now.
func (m *Manager) settled(c *store.Connection) (bool, error) {
	now := m.o.Now()
	condition := conditionOf(c.Tokens, now)
	if condition == fresh {
		return true, nil
	}
	var err error
	switch {
	case c.Status.State == store.Revoked:
		return true, fail(CodeState, "the connection %s has been revoked and needs a new consent", c.Key)
	case c.Status.State == store.NeedsConsent:
		err = fail(CodeState, "the connection %s needs a new consent: %s", c.Key, c.Status.Reason)
	case c.Grant != GrantClient && c.Tokens == nil:
		return true, fail(CodeState, "the connection %s has not been connected yet: it needs a consent", c.Key)
	case c.Grant != GrantClient && c.Tokens.Refresh.IsZero():
		if condition == stale {
			return true, nil
		}
		return false, nil // somebody has to write down that it has ended
	case c.Status.Failure != nil && now.Before(c.Status.Failure.At.Add(m.pause(c.Status.Failure.Count))):
		err = fail(CodeProvider, "the connection %s cannot be renewed at the moment: %s", c.Key, c.Status.Failure.Message)
	default:
		return false, nil
	}
	if condition == stale {
		return true, nil
	}
	return true, err
}

// pause is how long a provider is left alone after the n-th failure in a row: from one
// second to a minute, give or take a quarter, so that processes do not ask all at once.
func (m *Manager) pause(n int) time.Duration {
	d := min(time.Second<<min(max(n-1, 0), 6), time.Minute)
	var b [8]byte
	if _, err := io.ReadFull(m.o.Rand, b[:]); err != nil {
		return d
	}
	return d - d/4 + time.Duration(binary.LittleEndian.Uint64(b[:])%uint64(d/2+1))
}

// wait waits a moment, at most until then, or returns early with ctx's error.
func (m *Manager) wait(ctx context.Context, until time.Time) error {
	d := leasePoll
	if left := until.Sub(m.o.Now()); left > 0 && left < d {
		d = left
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-m.base.Done():
		return m.base.Err()
	}
}

// renewLeased renews under a lease, and gives that back.
func (m *Manager) renewLeased(ctx context.Context, key store.Key, lease store.Lease) (*store.Connection, error) {
	keep := m.keepLease(lease)
	defer func() {
		m.step("release")
		lease := keep()
		// One that is lost is released already; one that stays ends by itself.
		_ = m.o.Store.ReleaseLease(context.WithoutCancel(ctx), lease)
	}()
	c, err := m.o.Store.Connection(ctx, key)
	if err != nil {
		return nil, wrap("the connection "+key.String(), err)
	}
	if done, err := m.settled(c); done {
		return c, err
	}
	if c.Grant != GrantClient && c.Tokens.Refresh.IsZero() {
		return m.ended(ctx, c, lease, "expired", &oauth.Error{Code: "no_refresh_token", Description: "the token has ended, and the provider gave none to renew it with"})
	}
	p, err := m.client(ctx, c, false)
	if err != nil {
		return m.failed(ctx, c, lease, err)
	}
	m.step("send")
	t, err := m.ask(ctx, p, c)
	m.step("answered")
	if err != nil {
		return m.failed(ctx, c, lease, err)
	}
	return m.save(ctx, c, t, "renewed")
}

// ask sends one request to the provider, and a second if it is not known what became of
// the first: a provider that has rotated the token and forgives a reuse within a moment
// answers that; with one that does not, there is nothing to lose any more.
func (m *Manager) ask(ctx context.Context, p *oauth.Provider, c *store.Connection) (*oauth.Token, error) {
	send := func() (*oauth.Token, error) {
		if c.Grant == GrantClient {
			return m.o.Client.ClientCredentials(ctx, p)
		}
		return m.o.Client.Refresh(ctx, p, c.Tokens.Refresh.Reveal())
	}
	t, err := send()
	var e *oauth.Error
	if errors.As(err, &e) && e.Kind == oauth.Ambiguous && ctx.Err() == nil {
		m.o.Log.Warn("the answer of a provider was lost; asking once more", "connection", c.Key.String(), "error", err.Error())
		t, err = send()
	}
	return t, err
}

// keepLease renews a lease until the function that it returns is called, which returns the
// lease as it is then.
func (m *Manager) keepLease(l store.Lease) func() store.Lease {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan store.Lease)
	go func() {
		t := time.NewTicker(m.o.LeaseTTL / 3)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				done <- l
				return
			case <-t.C:
				// A lease that is lost shows when something is saved under it.
				if next, err := m.o.Store.RenewLease(ctx, l, m.o.LeaseTTL); err == nil {
					l = next
				}
			}
		}
	}()
	return func() store.Lease {
		stop()
		return <-done
	}
}

// record is a provider's answer as it is kept.
func record(t *oauth.Token) *store.Tokens {
	return &store.Tokens{
		Access: store.NewSecret(t.Access), Refresh: store.NewSecret(t.Refresh), Type: t.Type, Scope: t.Scope,
		Obtained: t.Obtained, Expires: t.Expires, Response: store.NewSecret(string(t.Response)),
	}
}

// save keeps tokens before anybody uses them. It tries for a while: what the provider has
// rotated is nowhere else.
func (m *Manager) save(ctx context.Context, c *store.Connection, t *oauth.Token, reason string) (*store.Connection, error) {
	tokens := record(t)
	status := store.Status{State: store.Connected, Reason: reason}
	ctx = context.WithoutCancel(ctx)
	for attempt := 0; ; attempt++ {
		m.step("save")
		version, err := m.o.Store.SaveTokens(ctx, c.Key, store.Guard{Version: c.Version}, tokens, status)
		switch {
		case err == nil:
			m.step("saved")
			if c.Status.State != store.Connected {
				m.o.Log.Info("a connection works again", "connection", c.Key.String(), "was", string(c.Status.State))
			}
			out := *c
			out.Tokens, out.Status, out.Expires, out.Version = tokens, status, tokens.Expires, version
			return &out, nil
		case errors.Is(err, store.ErrConflict):
			// A consent or another process was faster, and what it has saved counts, if it
			// has saved tokens; a mere failure does not outweigh a success.
			now, readErr := m.o.Store.Connection(ctx, c.Key)
			if readErr != nil {
				return nil, wrap("the connection "+c.Key.String(), readErr)
			}
			if sameTokens(now.Tokens, c.Tokens) && now.Status.State != store.Revoked && attempt < 10 {
				c = now
				continue
			}
			if done, err := m.settled(now); done {
				return now, err
			}
			return nil, fail(CodeProvider, "the connection %s changed while it was renewed", c.Key)
		case errors.Is(err, store.ErrNotFound):
			return nil, wrap("the connection "+c.Key.String(), err)
		case attempt == 5:
			m.o.Log.Error("new tokens could not be saved and are lost", "connection", c.Key.String(), "error", err.Error())
			return nil, wrap("the connection "+c.Key.String(), err)
		}
		time.Sleep(50 * time.Millisecond << attempt)
	}
}

// sameTokens tells whether two readings of a connection have the same tokens.
func sameTokens(a, b *store.Tokens) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Access.Equal(b.Access) && a.Refresh.Equal(b.Refresh)
}

// failed says in the store why a connection was not renewed. It returns the connection if
// its token, or one that another has got meanwhile, is good; else the reason.
func (m *Manager) failed(ctx context.Context, c *store.Connection, lease store.Lease, cause error) (*store.Connection, error) {
	var e *oauth.Error
	if !errors.As(cause, &e) {
		var mine *Error
		if !errors.As(cause, &mine) {
			return nil, cause // the store's, which cannot be told to the store
		}
		e = &oauth.Error{Kind: oauth.Permanent, Code: mine.Code, Description: mine.Message}
	}
	if e.Kind == oauth.InvalidGrant && c.Grant != GrantClient {
		return m.ended(ctx, c, lease, e.Code, e)
	}
	return m.write(ctx, c, lease, store.Status{State: store.Degraded, Reason: e.Code}, e)
}

// ended is for connections that only a new consent helps.
func (m *Manager) ended(ctx context.Context, c *store.Connection, lease store.Lease, reason string, e *oauth.Error) (*store.Connection, error) {
	return m.write(ctx, c, lease, store.Status{State: store.NeedsConsent, Reason: reason}, e)
}

// write saves a bad status, if the connection has not moved on.
func (m *Manager) write(ctx context.Context, c *store.Connection, lease store.Lease, status store.Status, e *oauth.Error) (*store.Connection, error) {
	ctx = context.WithoutCancel(ctx)
	now, err := m.o.Store.Connection(ctx, c.Key)
	if err != nil {
		return nil, wrap("the connection "+c.Key.String(), err)
	}
	if now.Version != c.Version {
		if done, err := m.settled(now); done {
			return now, err
		}
		return nil, wrap("the connection "+c.Key.String(), e)
	}
	status.Failure = &store.Failure{Code: e.Code, Message: oauth.Clean(e.Error(), 400), At: m.o.Now(), Count: 1}
	if f := c.Status.Failure; f != nil {
		status.Failure.Count = f.Count + 1
	}
	m.step("status")
	_, err = m.o.Store.SaveStatus(ctx, c.Key, store.Guard{Version: c.Version, Lease: lease}, status)
	if err != nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrLeaseLost) {
		return nil, wrap("the connection "+c.Key.String(), err)
	}
	m.o.Log.Warn("a connection could not be renewed", "connection", c.Key.String(), "state", string(status.State), "failures", status.Failure.Count, "error", status.Failure.Message)
	if now, err = m.o.Store.Connection(ctx, c.Key); err != nil {
		return nil, wrap("the connection "+c.Key.String(), err)
	}
	if conditionOf(now.Tokens, m.o.Now()) != none {
		return now, nil
	}
	if now.Status.State == store.NeedsConsent {
		return nil, &Error{CodeState, "the connection " + c.Key.String() + " needs a new consent: " + status.Failure.Message, e}
	}
	return nil, &Error{CodeProvider, "the connection " + c.Key.String() + " cannot be renewed: " + status.Failure.Message, e}
}
