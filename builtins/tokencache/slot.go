package tokencache

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// shardCount is a power of two.
const shardCount = 16

type shard struct {
	mu    sync.RWMutex
	slots map[string]*slot
}

// slotOverhead is about what a slot costs besides its key and token, in bytes.
const slotOverhead = 512

// slot is what is known under one key.
type slot struct {
	key  string
	held atomic.Pointer[held]
	used atomic.Int64 // unix second of the last use

	mu       sync.Mutex
	dropped  bool // it has left the map and takes no token any more
	call     *call
	fetch    Fetch
	failures int
	err      error
	failedAt time.Time
	retryAt  time.Time // before this no call is made
	size     int64
}

// held is a token with its mark.
type held struct {
	Token
	refreshAt time.Time
	fetched   int64 // unix second
}

func newHeld(t Token, now time.Time, margin time.Duration) *held {
	h := &held{Token: t, refreshAt: t.Expires, fetched: now.Unix()}
	// A life of exactly the margin counts as shorter: else the token would be refreshed
	// for ever, at each use.
	if t.Expires.Sub(now) > margin {
		h.refreshAt = t.Expires.Add(-margin)
	}
	return h
}

// fresh tells that the token needs no refresh.
func (h *held) fresh(now time.Time) bool { return h.Expires.IsZero() || now.Before(h.refreshAt) }

// good tells that the token has not expired.
func (h *held) good(now time.Time) bool { return h.Expires.IsZero() || now.Before(h.Expires) }

// touch notes a use, and tells whether it is the first this second: writing at each
// would make the processors fight for the line.
func (s *slot) touch(now time.Time) bool {
	u := now.Unix()
	if s.used.Load() == u {
		return false
	}
	s.used.Store(u)
	return true
}

// resize sets the size of s, whose mu is held, and returns by how much that is more.
func (s *slot) resize(h *held) int64 {
	size := int64(slotOverhead + len(s.key))
	if h != nil {
		size += int64(len(h.AccessToken) + max(h.Size, 0))
	}
	more := size - s.size
	s.size = size
	return more
}

func (c *Cache) shard(key string) *shard {
	return &c.shards[maphash.String(c.seed, key)&(shardCount-1)]
}

// slot finds or makes the slot of a key.
func (c *Cache) slot(key string) *slot {
	sh := c.shard(key)
	sh.mu.RLock()
	s := sh.slots[key]
	sh.mu.RUnlock()
	if s != nil {
		return s
	}
	sh.mu.Lock()
	if s = sh.slots[key]; s != nil {
		sh.mu.Unlock()
		return s
	}
	s = &slot{key: strings.Clone(key)}
	s.used.Store(c.o.Now().Unix())
	c.bytes.Add(s.resize(nil))
	c.entries.Add(1)
	sh.slots[s.key] = s
	sh.mu.Unlock()
	return s
}

// Delete forgets a key. A call under way goes on for those who wait for it; what it
// yields is not kept.
func (c *Cache) Delete(key string) {
	sh := c.shard(key)
	sh.mu.RLock()
	s := sh.slots[key]
	sh.mu.RUnlock()
	if s != nil {
		c.drop(s)
	}
}

// DeleteFunc forgets all keys for which drop returns true.
func (c *Cache) DeleteFunc(drop func(key string) bool) {
	for _, s := range c.all() {
		if drop(s.key) {
			c.drop(s)
		}
	}
}

// drop takes s out of both copies.
func (c *Cache) drop(s *slot) {
	s.mu.Lock()
	if s.dropped {
		s.mu.Unlock()
		return
	}
	s.dropped = true
	// Whoever finds s in the front still finds nothing in it.
	s.held.Store(nil)
	size := s.size
	s.mu.Unlock()
	sh := c.shard(s.key)
	sh.mu.Lock()
	if sh.slots[s.key] == s {
		delete(sh.slots, s.key)
	}
	sh.mu.Unlock()
	c.entries.Add(-1)
	c.bytes.Add(-size)
	c.front.Del(s.key)
}

// all lists the slots as they are now.
func (c *Cache) all() []*slot {
	list := make([]*slot, 0, c.entries.Load())
	for i := range c.shards {
		sh := &c.shards[i]
		sh.mu.RLock()
		for _, s := range sh.slots {
			list = append(list, s)
		}
		sh.mu.RUnlock()
	}
	return list
}

// evict makes room: first goes what holds nothing useful any more, then what was used
// least recently, a tenth more than needed so that the work is not done at each insert.
// Slots with a call under way stay, as somebody waits for them.
func (c *Cache) evict() {
	full := func() bool {
		return c.entries.Load() > int64(c.o.MaxEntries) || c.bytes.Load() > c.o.MaxBytes
	}
	if !full() || !c.evictMu.TryLock() {
		return
	}
	defer c.evictMu.Unlock()
	list := c.sweep(false)
	if !full() {
		return
	}
	slices.SortFunc(list, func(a, b idle) int { return int(a.used - b.used) })
	entries, bytes := int64(c.o.MaxEntries)*9/10, c.o.MaxBytes/10*9
	for _, i := range list {
		if c.entries.Load() <= entries && c.bytes.Load() <= bytes {
			return
		}
		c.drop(i.slot)
	}
}

// idle is a slot that may be evicted, with the time of its last use.
type idle struct {
	*slot
	used int64
}

// sweeps looks after the slots until the Cache is closed.
func (c *Cache) sweeps() {
	defer c.running.Done()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.base.Done():
			return
		case <-tick.C:
			c.Sweep()
		}
	}
}

// Sweep does what falls due without anybody asking: it drops what has expired, and
// refreshes tokens that are within the Margin of their end and were used since they were
// fetched. A Cache does so by itself every few seconds; whoever holds its clock may
// want it at once.
func (c *Cache) Sweep() { c.sweep(true) }

// sweep drops slots without use, and returns those that are left and may be evicted.
func (c *Cache) sweep(refresh bool) []idle {
	now := c.o.Now()
	all := c.all()
	left := make([]idle, 0, len(all))
	for _, s := range all {
		s.mu.Lock()
		if s.call != nil {
			s.mu.Unlock()
			continue
		}
		h := s.held.Load()
		// A slot that failed is kept twice as long as its failure stands, so that the
		// next one is known for the second in a row.
		if (h == nil || !h.good(now)) && now.After(s.retryAt.Add(maxBackoff)) && s.used.Load() < now.Unix() {
			s.mu.Unlock()
			c.drop(s)
			continue
		}
		if refresh && h != nil && !h.fresh(now) && !now.Before(s.retryAt) && h.good(now) && s.used.Load() > h.fetched {
			// A Cache that was closed meanwhile starts nothing, and that is well.
			_, _ = c.start(s, s.fetch)
		}
		s.mu.Unlock()
		left = append(left, idle{s, s.used.Load()})
	}
	return left
}
