package mcp

import (
	"context"
	"crypto/rand"
	"net/url"
	"sync"
	"time"
)

// BridgeOptions bound what a Bridge keeps. Values of 0 take the default.
type BridgeOptions struct {
	// URL is the server's own; what HTTP+SSE servers name as their endpoint must be on its
	// origin. nil with Handlers.
	URL *url.URL
	// Limit is the most bytes of a message or event of the server; 4 MiB.
	Limit int
	// Idle is how long a session nobody uses is kept, and an interrupted request waits for
	// the client's input; 30 minutes. What has a stream open is in use.
	Idle time.Duration
	// Sessions and SessionsPerUser are the most sessions kept at a time; 10,000 and 100.
	// With more of a user the one longest unused goes, or, if all are in use, the new one
	// is refused. As many requests may wait for input.
	Sessions, SessionsPerUser int
}

// Bridge serves clients of one era in front of servers of the other, for one MCP API. It is
// made once and outlives reloads: sessions are kept in it. It may be used by several
// goroutines.
type Bridge struct {
	base          *url.URL
	limit         int
	idle          time.Duration
	most, mostOne int

	mu       sync.Mutex
	closed   bool
	sessions map[string]*session // of clients, by the id they know
	pooled   map[string]*pooled  // of stateless clients' users with servers
	calls    map[string]*call    // that wait for a stateless client's input, by requestState
	waiting  map[string]int      // of calls, by user
	ending   sync.WaitGroup      // what ends in the background
	perUser  map[string]int      // of sessions and pooled
	sweeper  *time.Timer
}

// NewBridge has no sessions yet.
func NewBridge(o BridgeOptions) *Bridge {
	return &Bridge{
		base: o.URL, limit: defaultTo(o.Limit, 4<<20), idle: defaultTo(o.Idle, 30*time.Minute),
		most: defaultTo(o.Sessions, 10_000), mostOne: defaultTo(o.SessionsPerUser, 100),
		sessions: map[string]*session{}, pooled: map[string]*pooled{}, calls: map[string]*call{}, perUser: map[string]int{}, waiting: map[string]int{},
	}
}

func defaultTo[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// Close ends all sessions and streams. Servers are told, which takes seconds at most.
func (b *Bridge) Close() {
	b.mu.Lock()
	b.closed = true
	if b.sweeper != nil {
		b.sweeper.Stop()
	}
	var all []kept
	b.each(func(k kept) { all = append(all, k) })
	calls := b.calls
	b.calls, b.waiting = map[string]*call{}, map[string]int{}
	b.mu.Unlock()
	var told sync.WaitGroup
	for _, c := range calls {
		told.Go(c.abandon)
	}
	told.Wait()
	for _, k := range all {
		told.Go(k.end)
	}
	told.Wait()
	b.ending.Wait()
}

// finish runs what ends something, which may wait for a server. b.mu is held.
func (b *Bridge) finish(end func()) {
	if b.closed {
		go end() // Close may be past waiting
		return
	}
	b.ending.Go(end)
}

// usage is what is known about how a session is used; the Bridge's lock guards it.
type usage struct {
	id, user string
	inUse    int // requests and streams
	since    time.Time
	gone     bool
}

// kept is a session of either kind.
type kept interface {
	used() *usage
	end() // ends it and everything in it, and waits until the server knows; may be called twice
}

func (u *usage) used() *usage { return u }

// admit makes room for one more session of user and counts it. b.mu is held.
func (b *Bridge) admit(user string) *Error {
	if b.closed {
		return refuse(503, CodeInternal, "the gateway is shutting down")
	}
	all, own := len(b.sessions)+len(b.pooled), b.perUser[user]
	if all >= b.most || own >= b.mostOne {
		victim := b.oldest(func(u *usage) bool { return all >= b.most || u.user == user })
		if victim == nil {
			return refuse(503, CodeInternal, "there are too many sessions; end some that are not needed")
		}
		b.remove(victim)
	}
	b.perUser[user]++
	if b.sweeper == nil {
		b.sweeper = time.AfterFunc(b.idle, b.sweep)
	}
	return nil
}

// oldest is the session longest unused of those that count.
func (b *Bridge) oldest(counts func(*usage) bool) (victim kept) {
	b.each(func(k kept) {
		u := k.used()
		if u.inUse == 0 && counts(u) && (victim == nil || u.since.Before(victim.used().since)) {
			victim = k
		}
	})
	return victim
}

func (b *Bridge) each(f func(kept)) {
	for _, s := range b.sessions {
		f(s)
	}
	for _, p := range b.pooled {
		f(p)
	}
}

// remove takes a session out of the books and ends it. b.mu is held.
func (b *Bridge) remove(k kept) {
	u := k.used()
	if u.gone {
		return
	}
	u.gone = true
	b.finish(k.end)
	if b.perUser[u.user]--; b.perUser[u.user] <= 0 {
		delete(b.perUser, u.user)
	}
	switch k.(type) {
	case *session:
		delete(b.sessions, u.id)
	case *pooled:
		delete(b.pooled, u.id)
	}
}

// drop is remove for those without b.mu.
func (b *Bridge) drop(k kept) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(k)
}

// holdLocked counts one more use of a session until release is called. b.mu is held.
func (b *Bridge) holdLocked(k kept) (release func()) {
	k.used().inUse++
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		u := k.used()
		u.inUse--
		u.since = time.Now()
	})
}

// sweep ends what was not used for long, and plans the next look.
func (b *Bridge) sweep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	now := time.Now()
	next := now.Add(b.idle)
	late := func(since time.Time) bool {
		at := since.Add(b.idle)
		if at.After(now) {
			if at.Before(next) {
				next = at
			}
			return false
		}
		return true
	}
	b.each(func(k kept) {
		if u := k.used(); u.inUse == 0 && late(u.since) {
			b.remove(k)
		}
	})
	for state, c := range b.calls {
		if late(c.since) {
			b.takeCall(state)
			b.finish(c.abandon)
		}
	}
	if len(b.sessions)+len(b.pooled)+len(b.calls) > 0 {
		b.sweeper = time.AfterFunc(next.Sub(now), b.sweep)
	} else {
		b.sweeper = nil
	}
}

// Serve answers one HTTP request of a Streamable HTTP client, of either era.
func (b *Bridge) Serve(ctx context.Context, r *Request, t *Target) *Response {
	if Stateless(r.Version) {
		return b.serveStateless(ctx, r, t)
	}
	return b.serveSession(ctx, r, t)
}

// newID is an id nobody guesses.
func newID() string { return rand.Text() }
