package gateway

import (
	"runtime/debug"
	heap "runtime/metrics"
)

// muchGarbage is how many bytes a load must have allocated to be worth tidying up after.
const muchGarbage = 16 << 20

// allocated is how many bytes this process has taken from the heap so far.
func allocated() uint64 {
	s := []heap.Sample{{Name: "/gc/heap/allocs:bytes"}}
	heap.Read(s)
	return s[0].Value.Uint64()
}

// tidy gives what a load has left behind back to the system: reading ten thousand
// operations takes several times the memory that they need afterwards, and no request
// would ever make the collector look for it. Before is allocated() when the load began.
func tidy(before uint64) {
	if allocated()-before > muchGarbage {
		debug.FreeOSMemory()
	}
}
