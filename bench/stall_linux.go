package bench

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// witness sees processors stand still: on each a thread sleeps for a quarter of a
// millisecond at a time that goes before all others. Where it wakes late nothing else ran
// either, because the host took the processor away or the kernel was busy with itself, and
// latencies of that moment are not those of what is measured. It takes about one in a
// hundred of a processor's time, and only runs beside open loops, whose latencies it is for.
type witness struct {
	stop    atomic.Bool
	ended   sync.WaitGroup
	longest atomic.Int64 // since the last forget, in nanoseconds
}

const watchEvery = 250 * time.Microsecond

// newWitness watches processors until end is called; nil if threads may not go before
// others, which takes a privilege.
func newWitness(cpus []int) *witness {
	w := &witness{}
	ready := make(chan error, len(cpus))
	for _, cpu := range cpus {
		w.ended.Go(func() {
			// The thread is left to the runtime to destroy: it has been pinned.
			runtime.LockOSThread()
			err := pin(0, []int{cpu})
			if err == nil {
				err = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
			}
			ready <- err
			if err == nil {
				w.watch()
			}
		})
	}
	var failed error
	for range cpus {
		failed = errors.Join(failed, <-ready)
	}
	if failed != nil {
		w.end()
		return nil
	}
	return w
}

// watch sleeps and looks at the clock. The runtime is not told of the system call: it
// would give the thread's place to others and take it back 4,000 times a second.
func (w *witness) watch() {
	ts := unix.NsecToTimespec(int64(watchEvery))
	for !w.stop.Load() {
		from := time.Now()
		_, _, _ = unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		late := int64(time.Since(from) - watchEvery)
		for {
			old := w.longest.Load()
			if late <= old || w.longest.CompareAndSwap(old, late) {
				break
			}
		}
	}
}

// forget begins anew.
func (w *witness) forget() {
	if w != nil {
		w.longest.Store(0)
	}
}

// seen is the longest time that a processor stood still since the last forget, nil if
// nobody watched.
func (w *witness) seen() *float64 {
	if w == nil {
		return nil
	}
	us := micros(time.Duration(w.longest.Load()))
	return &us
}

// end ends the watching.
func (w *witness) end() {
	if w != nil {
		w.stop.Store(true)
		w.ended.Wait()
	}
}
