package memory

import (
	"fmt"
	"testing"
	"time"
)

func TestCache(t *testing.T) {
	now := t0
	c, err := NewCache(1<<20, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := func(key string, value any) {
		t.Helper()
		got, ok := c.Get(key)
		if got != value || ok != (value != nil) {
			t.Errorf("Get(%q) is %v, %v; want %v", key, got, ok, value)
		}
	}
	want("a", nil)
	c.Set("a", "one", 3, time.Minute)
	want("a", "one")
	c.Set("a", "two", 3, time.Hour)
	want("a", "two")
	now = now.Add(59 * time.Minute)
	want("a", "two")
	now = now.Add(time.Minute)
	want("a", nil)
	c.Set("a", "three", 5, time.Minute)
	c.Delete("a")
	want("a", nil)
	c.Set("a", "four", 4, time.Minute)
	c.Set("a", "five", 4, 0)
	want("a", nil)
	c.Set("a", "six", 3, time.Minute)
	c.Set("a", "too large", 2<<20, time.Minute)
	want("a", nil)
}

// New values can be read at once, and the bytes stay bounded.
func TestCacheReadsWhatItStored(t *testing.T) {
	c, err := NewCache(1<<20, func() time.Time { return t0 })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 100 {
		key := fmt.Sprint("k", i)
		c.Set(key, i, 1000, time.Minute)
		if v, ok := c.Get(key); !ok || v != i {
			t.Fatalf("%s is %v, %v right after it was stored", key, v, ok)
		}
	}
	for i := range 10_000 {
		c.Set(fmt.Sprint("more", i), i, 1000, time.Minute)
	}
	held := 0
	for i := range 10_000 {
		if _, ok := c.Get(fmt.Sprint("more", i)); ok {
			held++
		}
	}
	if held*1000 > 1<<20 {
		t.Errorf("%d values of 1,000 bytes are held in 1 MiB", held)
	}
}
