package keys

import (
	"bytes"
	"context"
	"sync"
	"testing"
)

// TestKeyIDsSwapped names, in an envelope, another key that there is, and puts together the
// halves of two.
func TestKeyIDsSwapped(t *testing.T) {
	ctx := context.Background()
	r, one, _ := newRing(t)
	two, _, err := r.Generate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	a, b := must(r.Seal(ctx, one, here, []byte("a"))), must(r.Seal(ctx, two, here, []byte("b")))
	swap := func(sealed []byte, id ID) []byte {
		out := bytes.Clone(sealed)
		copy(out[1:], id[:])
		return out
	}
	const middle = headerSize + wrappedSize
	for name, sealed := range map[string][]byte{
		"the first under the second": swap(a, two), "the second under the first": swap(b, one),
		"key of the first, value of the second": append(bytes.Clone(a[:middle]), b[middle:]...),
		"key of the second, value of the first": append(bytes.Clone(b[:middle]), a[middle:]...),
		"a key as a value":                      append(bytes.Clone(a[:middle]), a[headerSize:middle]...),
	} {
		if _, err := r.Open(ctx, here, sealed); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// TestNoncesNeverRepeat seals at once what is the same, and looks for what comes again: the
// nonce of the data key, its box, and the nonce of the value.
func TestNoncesNeverRepeat(t *testing.T) {
	ctx := context.Background()
	r, id, _ := newRing(t)
	const workers, each = 8, 500
	var mu sync.Mutex
	var seen [3]map[string]bool
	for i := range seen {
		seen[i] = map[string]bool{}
	}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range each {
				sealed, err := r.Seal(ctx, id, here, []byte("the same"))
				if err != nil {
					t.Error(err)
					return
				}
				e, err := parse(sealed)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for i, part := range [][]byte{e.wrapped[:12], e.wrapped[12:], e.value[:12]} {
					seen[i][string(part)] = true
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for i := range seen {
		if len(seen[i]) != workers*each {
			t.Errorf("part %d: %d different ones of %d", i, len(seen[i]), workers*each)
		}
	}
}
