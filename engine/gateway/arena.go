package gateway

import (
	"sync"
	"unsafe"
)

// arenaBlock is how many bytes an arena takes from the heap at a time.
const arenaBlock = 16 << 10

// arena makes strings that are pieces of larger allocations, so that the header of a
// message costs a copy and not an allocation. What it has handed out is never written
// to again: a block lives as long as any string in it. Whoever keeps such a string for
// longer than a request keeps the block, and should clone the string.
type arena struct{ free []byte }

var arenas = sync.Pool{New: func() any { return new(arena) }}

// intern copies b into a string.
func intern(b []byte) string {
	a := arenas.Get().(*arena)
	s := a.copy(b)
	arenas.Put(a)
	return s
}

func (a *arena) copy(b []byte) string {
	n := len(b)
	if n > len(a.free) {
		if n > arenaBlock/8 {
			return string(b)
		}
		a.free = make([]byte, arenaBlock)
	}
	s := a.free[:n:n]
	a.free = a.free[n:]
	copy(s, b)
	return unsafe.String(unsafe.SliceData(s), n)
}
