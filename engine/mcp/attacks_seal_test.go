package mcp

import (
	"bytes"
	"encoding/base64"
	"sync"
	"testing"
)

// §5.2.9: ids that many seal at once never have the same nonce.
func TestSealedIDsNeverRepeat(t *testing.T) {
	s, err := NewSealer(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	const workers, each = 8, 2000
	var mu sync.Mutex
	nonces := make(map[[12]byte]bool, workers*each)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			own := make([][12]byte, each)
			for i := range own {
				b, err := base64.RawURLEncoding.DecodeString(s.Seal("weather", "alice", "the same id"))
				if err != nil {
					t.Error(err)
					return
				}
				own[i] = [12]byte(b)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, n := range own {
				nonces[n] = true
			}
		})
	}
	all.Wait()
	if len(nonces) != workers*each {
		t.Errorf("%d nonces for %d ids", len(nonces), workers*each)
	}
}

// §5.2.9: every bit of a sealed id counts, every length but its own is another's, and each
// id has one spelling.
func TestEveryBitOfASealedIDCounts(t *testing.T) {
	s, err := NewSealer(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.Seal("weather", "alice", "an id of a server!") // 46 bytes: bits are left over in base64
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw)%3 == 0 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	refused := func(what string, sealed string) {
		t.Helper()
		if _, ok := s.Open("weather", "alice", sealed); ok {
			t.Errorf("%s: opened", what)
		}
	}
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			refused("a bit is flipped", base64.RawURLEncoding.EncodeToString(raw))
			raw[i] ^= 1 << bit
		}
	}
	for n := range raw {
		refused("cut off", base64.RawURLEncoding.EncodeToString(raw[:n]))
		refused("without its beginning", base64.RawURLEncoding.EncodeToString(raw[n+1:]))
	}
	refused("twice", sealed+sealed)
	refused("padded", base64.URLEncoding.EncodeToString(raw))
	refused("with a line end", sealed[:10]+"\n"+sealed[10:])
	refused("with a blank", sealed+" ")
	last := sealed[len(sealed)-1]
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		if c != last {
			refused("another last character", sealed[:len(sealed)-1]+string(c))
		}
	}
	if id, ok := s.Open("weather", "alice", sealed); !ok || id != "an id of a server!" {
		t.Errorf("the id itself: %q %v", id, ok)
	}
}
