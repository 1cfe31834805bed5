package script

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// Pool lends VMs for evaluations. At most Limits.Running of them run at a time; more
// exist only while some wait. It is safe for use by many goroutines.
type Pool struct {
	limits  Limits
	slots   chan struct{}
	waiting atomic.Int64
	holding atomic.Int64 // what those that wait hold, in bytes

	mu   sync.Mutex
	idle []*VM            // full ones
	bare []*VM            // plain ones
	live map[*VM]struct{} // leased and idle

	watch watchdog
}

// regexpLimits bounds matching with look-around and back-references, which goja
// gives to regexp2: its default is without limit, and can be set for the whole
// process only. Whoever else uses regexp2 sets the time of each expression.
var regexpLimits = sync.OnceFunc(func() {
	regexp2.DefaultMatchTimeout = regexpTimeout
	regexp2.SetTimeoutCheckPeriod(10 * time.Millisecond)
})

// NewPool makes a Pool without VMs; they are made when they are needed.
func NewPool(l Limits) *Pool {
	regexpLimits()
	l = l.withDefaults()
	p := &Pool{limits: l, slots: make(chan struct{}, l.Running), live: map[*VM]struct{}{}}
	p.watch.pool = p
	p.watch.wake = make(chan struct{}, 1)
	return p
}

// Limits are the Pool's, defaults filled in.
func (p *Pool) Limits() Limits { return p.limits }

// Warm makes a full VM if none is idle, so that the first evaluation that wants one does
// not wait for it.
func (p *Pool) Warm() { p.giveBack(p.lease(nil)) }

// Close forgets the idle VMs and ends the watchdog once nothing runs. The Pool stays
// usable.
func (p *Pool) Close() {
	p.mu.Lock()
	for _, vm := range append(p.idle, p.bare...) {
		delete(p.live, vm)
	}
	p.idle, p.bare = nil, nil
	p.mu.Unlock()
	p.watch.stop()
}

var errBusy = errors.New("too many scripts wait already")

// enter takes a place among the running.
func (p *Pool) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	if p.waiting.Add(1) > int64(p.limits.Waiting) {
		p.waiting.Add(-1)
		return errBusy
	}
	defer p.waiting.Add(-1)
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Pool) leave() { <-p.slots }

// lease takes an idle VM or makes one, with what a Program needs; nil stands for one that
// needs everything. A plain Program is content with a full VM, too.
func (p *Pool) lease(program *Program) *VM {
	plain := program != nil && program.plain
	vm := p.take(plain)
	if vm == nil {
		vm = plainVM()
		p.mu.Lock()
		p.live[vm] = struct{}{}
		p.mu.Unlock()
	}
	if plain {
		vm.prepare(program)
	} else {
		vm.complete()
	}
	return vm
}

// take takes the idle VM that fits best, nil if there is none.
func (p *Pool) take(plain bool) *VM {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, second := &p.idle, &p.bare
	if plain {
		first, second = second, first
	}
	for _, list := range []*[]*VM{first, second} {
		if n := len(*list); n > 0 {
			vm := (*list)[n-1]
			(*list)[n-1] = nil
			*list = (*list)[:n-1]
			return vm
		}
	}
	return nil
}

// giveBack returns a VM that may serve again. Full ones displace plain ones, which are
// made in no time.
func (p *Pool) giveBack(vm *VM) {
	p.mu.Lock()
	defer p.mu.Unlock()
	full := len(p.idle)+len(p.bare) >= p.limits.Running
	switch {
	case vm.full && full && len(p.bare) > 0:
		delete(p.live, p.bare[0])
		p.bare = append(p.bare[:0], p.bare[1:]...)
		p.idle = append(p.idle, vm)
	case full:
		delete(p.live, vm)
	case vm.full:
		p.idle = append(p.idle, vm)
	default:
		p.bare = append(p.bare, vm)
	}
}

func (p *Pool) drop(vm *VM) {
	p.mu.Lock()
	delete(p.live, vm)
	p.mu.Unlock()
}

// watchdog interrupts the VMs that are over their deadline. It is one goroutine that
// sleeps while nothing runs.
//
// The deadline of a VM is 0 while its clock stands, and fired once the watchdog has
// taken it. Both sides change it by compare-and-swap, so that a VM is either
// interrupted and dropped, or given back and never interrupted afterwards.
type watchdog struct {
	pool    *Pool
	running atomic.Int64 // clocks that run
	on      atomic.Bool  // the goroutine exists
	asleep  atomic.Bool
	closed  atomic.Bool
	mu      sync.Mutex // of starting the goroutine
	wake    chan struct{}

	heap       atomic.Int64 // as it was at the last look
	used       atomic.Int64 // of the processors, at the last look
	collecting atomic.Bool
	rested     atomic.Int64 // when the next collection may be
}

const fired = -1

var epoch = time.Now()

// nanos is a monotonic clock.
func nanos() int64 { return int64(time.Since(epoch)) }

// begin lets the clock of one VM run.
func (w *watchdog) begin(vm *VM, left time.Duration) {
	now := nanos()
	// The watchdog says that it sleeps or ends before it looks at running for the
	// last time: one of the two sees the other.
	if w.asleep.Load() || !w.on.Load() {
		w.heap.Store(heapBytes())
		w.used.Store(processorTime())
	}
	vm.base.Store(w.heap.Load())
	vm.used.Store(w.used.Load())
	vm.allowed.Store(int64(left))
	vm.latest.Store(now + patience*int64(left))
	// As if it had not waited meanwhile: what it did before counts.
	vm.began.Store(now - int64(vm.run.limits.Time-left))
	vm.deadline.Store(now + int64(left))
	w.running.Add(1)
	if w.asleep.Load() || !w.on.Load() {
		w.rouse()
	}
}

// pause stops a VM's clock and tells what is left; ok is false if it has fired.
func (w *watchdog) pause(vm *VM) (left time.Duration, ok bool) {
	w.running.Add(-1)
	d := vm.deadline.Swap(0)
	if d == fired {
		return 0, false
	}
	return max(time.Duration(d-nanos()), 0), true
}

func (w *watchdog) rouse() {
	w.mu.Lock()
	if !w.on.Load() {
		w.closed.Store(false)
		w.on.Store(true)
		go w.loop()
	}
	w.mu.Unlock()
	w.signal()
}

func (w *watchdog) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watchdog) stop() {
	w.closed.Store(true)
	w.signal()
}

func (w *watchdog) loop() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for quiet := 0; ; quiet++ {
		<-tick.C
		if w.running.Load() != 0 {
			quiet = 0
			w.look()
			continue
		}
		if quiet < 50 && !w.closed.Load() {
			continue
		}
		w.asleep.Store(true)
		for w.running.Load() == 0 && !w.closed.Load() {
			<-w.wake
		}
		w.asleep.Store(false)
		if w.running.Load() == 0 && w.ended() {
			return
		}
		quiet = 0
	}
}

// ended ends the watchdog, unless a clock has begun to run meanwhile.
func (w *watchdog) ended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on.Store(false)
	if w.running.Load() != 0 {
		w.on.Store(true)
		return false
	}
	return true
}

func (w *watchdog) look() {
	if w.running.Load() == 0 {
		return
	}
	now := nanos()
	w.used.Store(processorTime())
	w.pool.mu.Lock()
	for vm := range w.pool.live {
		if d := vm.deadline.Load(); d > 0 && d <= now && w.expire(vm, d) {
			vm.rt.Interrupt(errBudget)
		}
	}
	w.pool.mu.Unlock()
	w.weigh(false)
}

// patience is how many times its budget an evaluation may take by the clock while it
// does not get the processor.
const patience = 20

// expire fires a VM whose deadline d is over, and tells whether it did. An evaluation
// cannot have used more of the processors than the whole process has; on a machine that
// is busy with other things it gets the rest of its budget.
func (w *watchdog) expire(vm *VM, d int64) bool {
	now, allowed := nanos(), vm.allowed.Load()
	left := allowed - (processorTime() - vm.used.Load())
	if left > int64(watchEvery) && now < vm.latest.Load() {
		vm.deadline.CompareAndSwap(d, now+left)
		return false
	}
	return vm.deadline.CompareAndSwap(d, fired)
}

var (
	errBudget = errors.New("the script exceeded its time budget")
	errMemory = errors.New("the script exceeded its memory budget")
)
