package bench

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A thread that goes even before the witness makes a processor stand still for it.
func TestWitness(t *testing.T) {
	cpus, err := allowed()
	if err != nil {
		t.Fatal(err)
	}
	cpu := cpus[len(cpus)-1]
	w := newWitness([]int{cpu})
	defer w.end()
	const busy = 20 * time.Millisecond
	hog := make(chan error)
	go func() {
		// The thread is left to the runtime to destroy: it has been pinned.
		runtime.LockOSThread()
		if err := pin(0, []int{cpu}); err != nil {
			hog <- err
			return
		}
		if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 2}, 0); err != nil {
			hog <- err
			return
		}
		for from := time.Now(); time.Since(from) < busy; {
		}
		hog <- nil
	}()
	err = <-hog
	if w == nil {
		if !errors.Is(err, unix.EPERM) {
			t.Fatalf("there is no witness although threads may go before others (%v)", err)
		}
		if w.forget(); w.seen() != nil {
			t.Error("nobody watched, and something was seen")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for from := time.Now(); *w.seen() < micros(busy)/2; time.Sleep(time.Millisecond) {
		if time.Since(from) > 10*time.Second {
			t.Fatalf("the processor stood still for %v, and %g µs were seen", busy, *w.seen())
		}
	}
	w.forget()
	if us := *w.seen(); us >= micros(busy) {
		t.Errorf("after forgetting %g µs are left", us)
	}
}
