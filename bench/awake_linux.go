package bench

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// KeepAwake is the whole of a process that keeps its processor from sleeping until in
// ends: it computes whenever nobody else wants to. To wake a processor takes from
// microseconds, on metal, to milliseconds, where a host has lent it to another machine
// meanwhile; and an open loop, which leaves time between requests, would measure just that.
func KeepAwake(in io.Reader) error {
	var ended atomic.Bool
	failed := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, in)
		failed <- err
		ended.Store(true)
	}()
	// Nothing else of the process runs on this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return fmt.Errorf("a thread for idle times: %w", err)
	}
	for !ended.Load() {
	}
	return <-failed
}

// keepAwake starts a process that keeps each processor awake.
func (b *bench) keepAwake() error {
	for _, cpu := range append(b.subjects[:len(b.subjects):len(b.subjects)], b.loads...) {
		cmd := exec.Command(b.Awake[0], b.Awake[1:]...)
		if _, err := cmd.StdinPipe(); err != nil { // closed when this process ends
			return err
		}
		p, err := launch("awake", cmd, []int{cpu}, filepath.Join(b.dir, "awake.log"))
		if err != nil {
			return err
		}
		b.awake = append(b.awake, p)
	}
	return nil
}
