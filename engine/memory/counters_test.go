package memory

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return t0.Add(time.Duration(seconds * float64(time.Second))) }

func TestSlide(t *testing.T) {
	type step struct {
		at        float64
		n         int64
		remaining int64
		retry     float64
		ok        bool
	}
	tests := []struct {
		name   string
		limit  int64
		window time.Duration
		steps  []step
	}{
		{"three in a minute", 3, time.Minute, []step{
			{0, 1, 2, 0, true}, {1, 1, 1, 0, true}, {2, 1, 0, 0, true},
			// Refused at 3, and counted: those of 1 and of 0 must go before the next.
			{3, 1, 0, 58, false},
			{62.5, 1, 1, 0, true},
		}},
		{"the window slides", 2, 10 * time.Second, []step{
			{0, 1, 1, 0, true}, {9, 1, 0, 0, true}, {10, 1, 0, 0, true}, {19, 1, 0, 0, true},
		}},
		{"refused calls count", 1, 10 * time.Second, []step{
			{0, 1, 0, 0, true}, {9, 1, 0, 10, false}, {18, 1, 0, 10, false}, {28, 1, 0, 0, true},
		}},
		{"asking does not count", 1, 10 * time.Second, []step{
			{0, 0, 1, 0, true}, {0, 0, 1, 0, true}, {0, 1, 0, 0, true}, {4, 0, 0, 6, false}, {10, 0, 1, 0, true},
		}},
		{"several at once", 5, 10 * time.Second, []step{
			{0, 3, 2, 0, true}, {1, 3, 0, 10, false}, {11.5, 5, 0, 0, true},
		}},
		{"nothing is allowed", 0, 10 * time.Second, []step{{0, 1, 0, 10, false}, {20, 1, 0, 10, false}}},
		{"the clock goes back", 1, 10 * time.Second, []step{
			{100, 1, 0, 0, true}, {50, 0, 0, 10, false}, {110, 1, 0, 0, true},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := NewCounters(100)
			for _, s := range tt.steps {
				remaining, retry, ok := c.Slide("k", at(s.at), tt.window, tt.limit, s.n)
				if remaining != s.remaining || retry.Seconds() != s.retry || ok != s.ok {
					t.Errorf("at %v: got %d, %v, %v; want %d, %vs, %v", s.at, remaining, retry, ok, s.remaining, s.retry, s.ok)
				}
			}
		})
	}
}

// The ring agrees with a plain list of all events, so long as no runs are joined.
func TestSlideAgainstList(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const window, limit = 20 * time.Second, 30
	c := NewCounters(100)
	var events []time.Time
	now := t0
	for i := range 5000 {
		now = now.Add(time.Duration(r.IntN(1500)) * time.Millisecond)
		n := int64(r.IntN(3))
		count := int64(0)
		for _, e := range events {
			if e.After(now.Add(-window)) {
				count++
			}
		}
		remaining, _, ok := c.Slide("k", now, window, limit, n)
		if want := count+max(n, 1) <= limit; ok != want {
			t.Fatalf("event %d: ok is %v with %d of %d", i, ok, count, limit)
		}
		if want := max(limit-count-n, 0); remaining != want {
			t.Fatalf("event %d: remaining is %d, want %d", i, remaining, want)
		}
		for range n {
			events = append(events, now)
		}
	}
}

// A hot key keeps a bounded number of runs and never lets too many through.
func TestSlideIsBounded(t *testing.T) {
	c := NewCounters(100)
	const limit = 10_000
	passed := 0
	for i := range 50_000 {
		if _, _, ok := c.Slide("k", t0.Add(time.Duration(i)*time.Millisecond), time.Minute, limit, 1); ok {
			passed++
		}
	}
	if passed != limit {
		t.Errorf("%d calls passed in one window, want %d", passed, limit)
	}
	if runs := len(c.shard("k").sliding.m["k"].runs); runs > maxRuns {
		t.Errorf("%d runs are kept", runs)
	}
}

func TestFixed(t *testing.T) {
	year1 := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	c := NewCounters(100)
	check := func(key string, now, start time.Time, period time.Duration, n, want int64, reset time.Duration) {
		t.Helper()
		before, rest := c.Fixed(key, now, start, period, n)
		if before != want || rest != reset {
			t.Errorf("%s: before is %d, reset in %v; want %d, %v", key, before, rest, want, reset)
		}
	}
	check("a", at(0), t0, 300*time.Second, 1, 0, 300*time.Second)
	check("a", at(299.5), t0, 300*time.Second, 2, 1, 500*time.Millisecond)
	check("a", at(300), t0, 300*time.Second, 1, 0, 300*time.Second)
	check("a", at(301), t0, 300*time.Second, 0, 1, 299*time.Second)
	// A first period in the year 1 is further away than a Duration reaches.
	check("b", at(1), year1, time.Hour, 1, 0, time.Hour-time.Second)
	check("b", at(3599), year1, time.Hour, 1, 1, time.Second)
	check("b", at(3600), year1, time.Hour, 1, 0, time.Hour)
	// A start that lies ahead.
	check("c", at(0), at(100), 300*time.Second, 1, 0, 100*time.Second)
	check("c", at(100), at(100), 300*time.Second, 1, 0, 300*time.Second)
	// Without a period it never ends.
	check("d", at(0), t0, 0, 5, 0, 0)
	check("d", at(1e8), t0, 0, 5, 5, 0)
}

func TestEnter(t *testing.T) {
	c := NewCounters(100)
	leave1, ok1 := c.Enter("k", 2)
	leave2, ok2 := c.Enter("k", 2)
	_, ok3 := c.Enter("k", 2)
	if !ok1 || !ok2 || ok3 {
		t.Fatalf("of two places: %v, %v, %v", ok1, ok2, ok3)
	}
	leave1()
	leave1() // twice is once
	if _, ok := c.Enter("k", 2); !ok {
		t.Error("a place that was left is not free")
	}
	if _, ok := c.Enter("k", 2); ok {
		t.Error("leaving twice freed two places")
	}
	leave2()
}

// Keys beyond the bound share a counter; those that are there keep theirs, and room
// comes back when windows have passed.
func TestBound(t *testing.T) {
	c := NewCounters(shardCount) // one key for each shard
	for i := range 10_000 {
		c.Slide(fmt.Sprint("k", i), t0, time.Minute, 5, 1)
	}
	n := 0
	for i := range c.shards {
		n += len(c.shards[i].sliding.m)
	}
	if n > 2*shardCount {
		t.Errorf("%d counters are kept, want at most %d", n, 2*shardCount)
	}
	if _, _, ok := c.Slide("new", t0, time.Minute, 5, 1); ok {
		t.Error("a flood of keys is not limited")
	}
	if remaining, _, ok := c.Slide("new", at(61), time.Minute, 5, 1); !ok || remaining != 4 {
		t.Errorf("after the window: remaining %d, %v", remaining, ok)
	}
}

func TestConcurrently(t *testing.T) {
	c := NewCounters(1000)
	var wg sync.WaitGroup
	var mu sync.Mutex
	passed := 0
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				_, _, ok := c.Slide("k", t0, time.Minute, 100, 1)
				if ok {
					mu.Lock()
					passed++
					mu.Unlock()
				}
				c.Fixed(fmt.Sprint(i%7), t0, t0, time.Minute, 1)
				if leave, ok := c.Enter("k", 3); ok {
					leave()
				}
			}
		})
	}
	wg.Wait()
	if passed != 100 {
		t.Errorf("%d passed a limit of 100", passed)
	}
	total := int64(0)
	for i := range 7 {
		n, _ := c.Fixed(fmt.Sprint(i), t0, t0, time.Minute, 0)
		total += n
	}
	if total != 8*500 {
		t.Errorf("%d were counted, want %d", total, 8*500)
	}
}
