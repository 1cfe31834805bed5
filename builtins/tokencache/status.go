package tokencache

import (
	"slices"
	"strings"
	"time"
)

// Status is what is known under a key, without the token.
type Status struct {
	Key string
	// Held tells that there is a token that has not expired; Expires is when it does, or
	// zero if nobody said. RefreshAt is from when on it is refreshed.
	Held      bool
	Expires   time.Time
	RefreshAt time.Time
	// Fetching tells that a call is under way.
	Fetching bool
	// Failures counts calls that have failed since the last that did not. Err is the
	// last one's error, nil if it did not fail; before RetryAt there is no further one.
	Failures int
	Err      error
	FailedAt time.Time
	RetryAt  time.Time
}

// Status lists what is known, by key.
func (c *Cache) Status() []Status {
	now := c.o.Now()
	var list []Status
	for _, s := range c.all() {
		s.mu.Lock()
		st := Status{
			Key: s.key, Fetching: s.call != nil,
			Failures: s.failures, Err: s.err, RetryAt: s.retryAt,
		}
		if s.err != nil {
			st.FailedAt = s.failedAt
		}
		if h := s.held.Load(); h != nil && h.good(now) {
			st.Held, st.Expires, st.RefreshAt = true, h.Expires, h.refreshAt
		}
		s.mu.Unlock()
		list = append(list, st)
	}
	slices.SortFunc(list, func(a, b Status) int { return strings.Compare(a.Key, b.Key) })
	return list
}

// Failing counts the keys whose last call failed, for a metric.
func (c *Cache) Failing() int {
	n := 0
	for _, s := range c.all() {
		s.mu.Lock()
		if s.err != nil {
			n++
		}
		s.mu.Unlock()
	}
	return n
}
