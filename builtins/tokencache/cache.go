package tokencache

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/ristretto/v2"
)

// Token is an access token and what came with it.
type Token struct {
	AccessToken string
	// Expires is when the token ends by the clock of Options. Zero means that nobody
	// said: it is kept until it is deleted or evicted.
	Expires time.Time
	// Extra is whatever the caller keeps beside the token; it is shared and must not be
	// changed. Size is about what it takes, in bytes.
	Extra any
	Size  int
}

// Fetch gets a token from where it comes from. The Cache may keep it, and call it again
// later to refresh the token. ctx is the Cache's, not that of a request: it ends when the
// Cache is closed and after Options.Timeout. Errors are shown in logs and by Status and
// must hold no secrets; a *RetryError says when it makes sense to try again.
type Fetch func(ctx context.Context) (Token, error)

// RetryError is a failure of a Fetch whose source said how long to leave it alone.
type RetryError struct {
	Err   error
	After time.Duration
}

func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the failure itself.
func (e *RetryError) Unwrap() error { return e.Err }

// Options are what a Cache is made of.
type Options struct {
	// Now is the clock; tests hold it. It must be set.
	Now func() time.Time
	// Log receives failures, at most one line a second; nil logs nothing. Keys appear
	// in it.
	Log *slog.Logger
	// Margin is how long before its end a token is refreshed; 0 means 3 minutes.
	Margin time.Duration
	// Timeout bounds one call of a Fetch; 0 means 3 minutes, more than all the retries
	// that the documentation of IMDS asks for.
	Timeout time.Duration
	// MaxEntries and MaxBytes bound what is kept; 0 means 10,000 and 64 MiB.
	MaxEntries int
	MaxBytes   int64
}

// Failures are remembered for so long, doubling from the first to the second.
const (
	firstBackoff = time.Second
	maxBackoff   = 30 * time.Second
	// maxRetryAfter bounds what a source may ask for.
	maxRetryAfter = 10 * time.Minute
	// staleBackoff spaces refreshes that yield the token that is already known, as
	// sources with a cache of their own do.
	staleBackoff = 30 * time.Second
	// sweepEvery is how often tokens are looked at that nobody asks for.
	sweepEvery = 5 * time.Second
)

// ErrClosed is the answer of a Cache that is closed.
var ErrClosed = errors.New("the token cache is closed")

// Cache keeps tokens under keys that hold no secrets. It is safe for use by many
// goroutines.
type Cache struct {
	o     Options
	front *ristretto.Cache[string, *slot]

	seed    maphash.Seed
	shards  [shardCount]shard
	entries atomic.Int64
	bytes   atomic.Int64
	evictMu sync.Mutex

	base   context.Context // of all calls
	stop   context.CancelFunc
	mu     sync.Mutex // guards closed against running
	closed bool
	// running counts calls and the goroutine that sweeps.
	running sync.WaitGroup

	logged     atomic.Int64 // unix second of the last line
	suppressed atomic.Int64
}

// New makes a Cache. It has a goroutine of its own until it is closed.
func New(o Options) (*Cache, error) {
	if o.Margin == 0 {
		o.Margin = 3 * time.Minute
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Minute
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = 10_000
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 20
	}
	front, err := ristretto.NewCache(&ristretto.Config[string, *slot]{
		NumCounters:        int64(max(o.MaxEntries, 100)) * 10,
		MaxCost:            int64(o.MaxEntries), // each slot costs 1: their bytes are the map's to count
		BufferItems:        64,
		IgnoreInternalCost: true,
	})
	if err != nil {
		return nil, err
	}
	c := &Cache{o: o, front: front, seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].slots = map[string]*slot{}
	}
	c.base, c.stop = context.WithCancel(context.Background())
	c.running.Add(1)
	go c.sweeps()
	return c, nil
}

// Close ends all calls under way and waits for them. Whoever waits for one is answered;
// no Get may begin while Close runs, and later ones return ErrClosed.
func (c *Cache) Close() {
	c.mu.Lock()
	closed := c.closed
	c.closed = true
	c.mu.Unlock()
	if closed {
		return
	}
	c.stop()
	c.running.Wait()
	c.front.Close()
}

// Lookup returns the token of a key if there is one that needs no refresh yet. It is
// the quick way for whom making a Fetch is too dear; Get does the rest.
func (c *Cache) Lookup(key string) (Token, bool) {
	s, ok := c.front.Get(key)
	// The front knows keys by a hash only.
	if !ok || s.key != key {
		return Token{}, false
	}
	return c.lookup(s)
}

func (c *Cache) lookup(s *slot) (Token, bool) {
	h := s.held.Load()
	if h == nil {
		return Token{}, false
	}
	now := c.o.Now()
	if !h.fresh(now) {
		return Token{}, false
	}
	s.touch(now)
	return h.Token, true
}

// Place is where the token of a key is kept: the quickest way for whom the same key comes
// all the time.
type Place struct {
	c *Cache
	s *slot
}

// Place returns that of a key that is known.
func (c *Cache) Place(key string) (p Place, ok bool) {
	sh := c.shard(key)
	sh.mu.RLock()
	s := sh.slots[key]
	sh.mu.RUnlock()
	return Place{c, s}, s != nil
}

// Lookup is that of the Cache for the key of p. When the Cache has forgotten the key it
// finds nothing any more, even if the key is known again.
func (p Place) Lookup() (Token, bool) { return p.c.lookup(p.s) }

// Get returns the token of a key. It calls fetch, in a goroutine of its own, if there is
// none that is good still, and waits for that; and if there is one that is within the
// Margin of its end, without waiting. When ctx ends it returns ctx's error, and the call
// goes on for others.
func (c *Cache) Get(ctx context.Context, key string, fetch Fetch) (Token, error) {
	if t, ok := c.Lookup(key); ok {
		return t, nil
	}
	for {
		if c.base.Err() != nil {
			return Token{}, ErrClosed
		}
		s := c.slot(key)
		t, call, err := c.ask(s, fetch)
		switch {
		case err == errDropped:
			continue
		case err != nil || call == nil:
			return t, err
		}
		// Only now: a slot with a call is not evicted again.
		c.evict()
		select {
		case <-call.done:
			return call.token, call.err
		case <-ctx.Done():
			return Token{}, ctx.Err()
		}
	}
}

// errDropped says that a slot has left the map since it was found.
var errDropped = errors.New("dropped")

// ask returns the token of s, or the call to wait for. It starts that, or a refresh.
func (c *Cache) ask(s *slot, fetch Fetch) (Token, *call, error) {
	now := c.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped {
		return Token{}, nil, errDropped
	}
	if s.touch(now) {
		c.front.Set(s.key, s, 1)
	}
	h := s.held.Load()
	good := h != nil && h.good(now)
	switch {
	case good && (h.fresh(now) || s.call != nil || now.Before(s.retryAt)):
		return h.Token, nil, nil
	case s.call != nil:
		return Token{}, s.call, nil
	case !good && now.Before(s.retryAt) && s.err != nil:
		return Token{}, nil, s.err
	}
	call, err := c.start(s, fetch)
	if good {
		return h.Token, nil, nil
	}
	return Token{}, call, err
}

// call is one call of a Fetch; token and err are set before done is closed.
type call struct {
	done  chan struct{}
	token Token
	err   error
}

// start starts a call for s, whose mu is held.
func (c *Cache) start(s *slot, fetch Fetch) (*call, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	c.running.Add(1)
	c.mu.Unlock()
	k := &call{done: make(chan struct{})}
	s.call, s.fetch = k, fetch
	go func() {
		defer c.running.Done()
		ctx, cancel := context.WithTimeout(c.base, c.o.Timeout)
		defer cancel()
		k.token, k.err = c.safely(ctx, s.key, fetch)
		if c.base.Err() != nil && k.err != nil {
			k.err = ErrClosed
		}
		c.finish(s, k)
		close(k.done)
	}()
	return k, nil
}

// safely calls fetch; one that panics must not end the process, as nobody else's
// goroutine is there to catch it.
func (c *Cache) safely(ctx context.Context, key string, fetch Fetch) (t Token, err error) {
	defer func() {
		// What was panicked with may quote anything, a token too.
		if recover() != nil {
			err = errors.New("the source of the token panicked")
			if c.o.Log != nil {
				c.o.Log.Error("a token source panicked", "key", key, "stack", string(debug.Stack()))
			}
		}
	}()
	return fetch(ctx)
}

// finish keeps what k yielded.
func (c *Cache) finish(s *slot, k *call) {
	now := c.o.Now()
	if k.err != nil && k.err != ErrClosed {
		c.logFailure(s.key, k.err, now)
	}
	s.mu.Lock()
	s.call = nil
	if s.dropped {
		s.mu.Unlock()
		return
	}
	if k.err != nil {
		s.failures++
		s.err, s.failedAt = k.err, now
		s.retryAt = now.Add(backoff(s.failures, k.err))
		s.mu.Unlock()
		return
	}
	s.failures, s.err = 0, nil
	s.retryAt = time.Time{}
	old := s.held.Load()
	h := newHeld(k.token, now, c.o.Margin)
	if old != nil && old.good(now) && !h.Expires.IsZero() && !h.Expires.After(old.Expires) {
		// Nothing newer is to be had yet. Without the old mark a token that its source
		// had cached would look as if its life were short, and be kept until its end.
		h.refreshAt = old.refreshAt
		s.retryAt = now.Add(staleBackoff)
	}
	if h.good(now) {
		s.held.Store(h)
		c.bytes.Add(s.resize(h))
	}
	s.mu.Unlock()
	c.front.Set(s.key, s, 1)
	c.evict()
}

// backoff is how long the n-th failure in a row is remembered.
func backoff(n int, err error) time.Duration {
	d := min(firstBackoff<<min(n-1, 10), maxBackoff)
	var retry *RetryError
	if errors.As(err, &retry) {
		d = max(d, min(retry.After, maxRetryAfter))
	}
	return d
}

// logFailure logs, unless that was done this second already.
func (c *Cache) logFailure(key string, err error, now time.Time) {
	if c.o.Log == nil {
		return
	}
	last := c.logged.Load()
	if now.Unix() == last || !c.logged.CompareAndSwap(last, now.Unix()) {
		c.suppressed.Add(1)
		return
	}
	c.o.Log.Warn("no access token could be got", "key", key, "error", err.Error(), "unlogged", c.suppressed.Swap(0))
}
