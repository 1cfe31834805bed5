package script

import (
	"context"
	"errors"
	"testing"
	"time"
)

// The watchdog stays awake for evaluations that have ended before it looks.
func TestWatchdogSeesWhatHasEnded(t *testing.T) {
	vm := plainVM()
	vm.begin(newTestHost(), &vm.only)
	var w watchdog
	w.on.Store(true) // without a goroutine
	if !w.idle() {
		t.Fatal("not idle before anything ran")
	}
	w.begin(vm, time.Second)
	for range 2 {
		if w.idle() {
			t.Fatal("idle while a clock runs")
		}
	}
	w.end(vm)
	w.begin(vm, time.Second)
	w.end(vm)
	if w.idle() {
		t.Error("what ran since the last tick does not count")
	}
	if !w.idle() {
		t.Error("what ran before the last tick counts")
	}
}

// Who waits for a place gets it in turn; one that comes too late goes to the next.
func TestPlaces(t *testing.T) {
	pool := onePool(t, Limits{Running: 1, Waiting: 2})
	program := compileExpr(t, `1`, false)
	first, err := pool.lease(context.Background(), program)
	if err != nil {
		t.Fatal(err)
	}
	queued := func(n int) {
		for {
			pool.mu.Lock()
			now := len(pool.queue)
			pool.mu.Unlock()
			if now == n {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	left, leave := context.WithCancel(context.Background())
	gone := make(chan error)
	go func() {
		_, err := pool.lease(left, program)
		gone <- err
	}()
	queued(1)
	next := make(chan *VM)
	go func() {
		vm, _ := pool.lease(context.Background(), program)
		next <- vm
	}()
	queued(2)
	if _, err := pool.lease(context.Background(), program); err != errBusy {
		t.Errorf("a third waits: %v", err)
	}
	leave()
	if err := <-gone; err != context.Canceled {
		t.Errorf("who left got %v", err)
	}
	queued(1)
	pool.giveBack(first, true, true)
	second := <-next
	if second != first {
		t.Error("the idle VM was not taken")
	}
	if pool.free != 0 || len(pool.queue) != 0 {
		t.Errorf("%d places are free, %d wait", pool.free, len(pool.queue))
	}
	pool.giveBack(second, true, true)
	// Whoever leaves while the place comes has it or gives it on.
	for range 50 {
		pool.mu.Lock()
		pool.free--
		pool.mu.Unlock()
		ctx, leave := context.WithCancel(context.Background())
		result := make(chan error)
		go func() {
			pool.mu.Lock()
			err := pool.line(ctx)
			pool.mu.Unlock()
			result <- err
		}()
		queued(1)
		pool.mu.Lock()
		leave()
		pool.vacate()
		pool.mu.Unlock()
		if <-result == nil {
			pool.leave()
		}
	}
	if pool.free != 1 || len(pool.queue) != 0 || pool.waiting.Load() != 0 {
		t.Errorf("%d places are free, %d wait, %d are counted", pool.free, len(pool.queue), pool.waiting.Load())
	}
}

// firingHost lets the watchdog be about to interrupt the one VM of a pool when something
// is logged.
type firingHost struct {
	*testHost
	pool *Pool
}

func (h firingHost) Log(string, string) {
	for vm := range h.pool.live {
		vm.deadline.Store(fired)
	}
}

// A VM that the watchdog has fired as its evaluation began to wait may be interrupted at
// any time from then on: it serves nobody again.
func TestFiredWhileWaiting(t *testing.T) {
	pool := onePool(t, Limits{})
	p := compileExpr(t, `await new Promise((r) => { setTimeout(r, 1); console.log("x"); }); return 1;`, true)
	_, err := p.Any(context.Background(), pool, firingHost{newTestHost(), pool})
	var e *Error
	if !errors.As(err, &e) || e.Kind != OverBudget {
		t.Errorf("got %v", err)
	}
	if len(pool.live) != 0 || len(pool.idle) != 0 {
		t.Errorf("%d VMs live, %d idle", len(pool.live), len(pool.idle))
	}
}
