package memory

import (
	"time"

	"github.com/dgraph-io/ristretto/v2"
)

// Cache is a pipeline.Cache bounded in bytes. It is safe for use by many goroutines.
type Cache struct {
	now   func() time.Time
	store *ristretto.Cache[string, *entry]
	bytes int64
}

// entry is a value with what tells that it is the right one: the store knows keys by
// a hash only, which somebody could make two keys share.
type entry struct {
	key     string
	value   any
	expires time.Time
}

// entryOverhead is about what an entry costs besides its key and value, in bytes.
const entryOverhead = 128

// NewCache makes a Cache that holds about so many bytes of values. now is the clock
// that decides when a value has expired.
func NewCache(bytes int64, now func() time.Time) (*Cache, error) {
	bytes = max(bytes, 1<<16)
	// Ten counters for each entry expected, an entry being about 1 KiB.
	counters := min(max(bytes/1024*10, 10_000), 10_000_000)
	store, err := ristretto.NewCache(&ristretto.Config[string, *entry]{
		NumCounters:        counters,
		MaxCost:            bytes,
		BufferItems:        64,
		IgnoreInternalCost: true, // entryOverhead stands for it
	})
	if err != nil {
		return nil, err
	}
	return &Cache{now: now, store: store, bytes: bytes}, nil
}

// Get returns the value of a key that is there and has not expired.
func (c *Cache) Get(key string) (any, bool) {
	e, ok := c.store.Get(key)
	if !ok || e.key != key || !c.now().Before(e.expires) {
		return nil, false
	}
	return e.value, true
}

// Set stores a value for ttl. It can be read at once, unless it was not worth its
// place or larger than the Cache, and then what the key held before is gone too. A
// ttl of zero or less only forgets the key.
func (c *Cache) Set(key string, value any, size int64, ttl time.Duration) {
	cost := max(size, 0) + int64(len(key)) + entryOverhead
	if ttl <= 0 || cost > c.bytes {
		c.Delete(key)
		return
	}
	e := &entry{key: key, value: value, expires: c.now().Add(ttl)}
	if !c.store.SetWithTTL(key, e, cost, ttl) {
		c.Delete(key)
		return
	}
	// Without this a new key could not be read until a goroutine of the store gets to it.
	c.store.Wait()
}

// Delete forgets a key.
func (c *Cache) Delete(key string) { c.store.Del(key) }

// Close ends the goroutines of the Cache, which must not be used afterwards.
func (c *Cache) Close() { c.store.Close() }
