package gateway

import (
	"runtime"
	"sync"
	"testing"
)

func TestBeside(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, n := range []int{before, 1, 3} {
		runtime.GOMAXPROCS(n)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				ran := false
				beside(func() {
					if got := runtime.GOMAXPROCS(0); got != n+1 {
						t.Errorf("%d places while it runs, want %d", got, n+1)
					}
					ran = true
				})
				if !ran {
					t.Error("it did not run")
				}
			})
		}
		all.Wait()
		if got := runtime.GOMAXPROCS(0); got != n {
			t.Errorf("%d places afterwards, want %d", got, n)
		}
	}
}
