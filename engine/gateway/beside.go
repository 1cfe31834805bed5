package gateway

import (
	"runtime"
	"sync"
)

// places guards the number of threads that run Go code, which is the process's.
var places sync.Mutex

// beside runs f, which takes long, so that requests hardly wait for it. A goroutine that
// computes has its place for 10 ms at a time, and a request that needs two or three turns
// waits as often: where there is one processor, loading 10,000 operations added 130 ms to
// the 99th percentile. So f has a thread of its own, a place more than there are otherwise,
// and a lower priority than the threads that serve, where the system has such: then the
// kernel, which is quicker at it, divides the processors.
func beside(f func()) {
	places.Lock()
	defer places.Unlock()
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(before + 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The thread is left to the runtime to destroy: its priority is for nothing else.
		runtime.LockOSThread()
		goAfterOthers()
		f()
	}()
	<-done
	// As long as it is the default, the number follows the limits of a container.
	runtime.SetDefaultGOMAXPROCS()
	if runtime.GOMAXPROCS(0) != before {
		runtime.GOMAXPROCS(before)
	}
}
