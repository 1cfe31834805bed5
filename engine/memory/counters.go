package memory

import (
	"hash/maphash"
	"sync"
	"time"
)

// Counters is a pipeline.Counters. It is safe for use by many goroutines.
//
// When a shard is full of counters that still matter, further keys share one counter
// of the shard: whoever floods the gateway with new keys limits the flood, and frees
// nobody from a limit that holds.
type Counters struct {
	seed   maphash.Seed
	shards [shardCount]shard
}

const (
	shardCount = 64
	// overflow is the key that keys share for which there is no room. It cannot be
	// one of theirs: those of policies begin with the name of the policy.
	overflow = "\x00"
)

type shard struct {
	mu      sync.Mutex
	max     int // keys in each of the maps
	sliding table[slidingWindow]
	fixed   table[fixedWindow]
	inside  map[string]int64
	_       [64]byte // a cache line between the locks of two shards
}

// NewCounters makes Counters for about so many keys of each kind.
func NewCounters(keys int) *Counters {
	c := &Counters{seed: maphash.MakeSeed()}
	for i := range c.shards {
		s := &c.shards[i]
		s.max = max(keys/shardCount, 1)
		s.sliding.m = map[string]*slidingWindow{}
		s.fixed.m = map[string]*fixedWindow{}
		s.inside = map[string]int64{}
	}
	return c
}

func (c *Counters) shard(key string) *shard {
	return &c.shards[maphash.String(c.seed, key)%shardCount]
}

// Slide implements pipeline.Counters.
func (c *Counters) Slide(key string, now time.Time, window time.Duration, limit, n int64) (remaining int64, retry time.Duration, ok bool) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sliding.get(key, now, s.max).slide(now.UnixNano(), int64(window), limit, n)
}

// Fixed implements pipeline.Counters.
func (c *Counters) Fixed(key string, now, start time.Time, period time.Duration, n int64) (before int64, reset time.Duration) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fixed.get(key, now, s.max).count(now, start, period, n)
}

// Enter implements pipeline.Counters. leave may be called more than once.
func (c *Counters) Enter(key string, limit int64) (leave func(), ok bool) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside[key] >= limit {
		return nil, false
	}
	s.inside[key]++
	var once sync.Once
	return func() { once.Do(func() { s.leave(key) }) }, true
}

func (s *shard) leave(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside[key]--; s.inside[key] <= 0 {
		delete(s.inside, key)
	}
}

// counter is what a table needs to know of its values.
type counter interface{ expires() int64 }

// table finds counters by key and drops those that have expired.
type table[T any] struct {
	m map[string]*T
	// soonest is the least time, in Unix nanoseconds, at which any counter seen by the
	// last sweep expires: sweeping before is of no use.
	soonest int64
	// swept is when the last sweep was.
	swept int64
}

// sweepEvery is the time between sweeps of a table that is not full.
const sweepEvery = int64(time.Minute)

func (t *table[T]) get(key string, now time.Time, limit int) *T {
	if v := t.m[key]; v != nil {
		return v
	}
	at := now.UnixNano()
	full := len(t.m) >= limit
	if at >= t.swept+sweepEvery || full && at >= t.soonest {
		t.sweep(at)
		full = len(t.m) >= limit
	}
	if full {
		key = overflow
		if v := t.m[key]; v != nil {
			return v
		}
	}
	v := new(T)
	t.m[key] = v
	return v
}

func (t *table[T]) sweep(now int64) {
	t.swept, t.soonest = now, never
	for key, v := range t.m {
		e := any(v).(counter).expires()
		if e <= now {
			delete(t.m, key)
			continue
		}
		t.soonest = min(t.soonest, e)
	}
}
