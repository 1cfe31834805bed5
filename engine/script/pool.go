package script

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// Pool lends VMs for evaluations. At most Limits.Running of them run at a time; more
// exist only while some wait. It is safe for use by many goroutines.
type Pool struct {
	limits  Limits
	waiting atomic.Int64
	holding atomic.Int64 // what those that wait hold, in bytes

	// One evaluation locks it twice: for a place with a VM, and to give both back.
	mu    sync.Mutex
	free  int              // places among the running; none while somebody queues
	queue []chan struct{}  // of those who want a place: closed for whom gets one
	idle  []*VM            // full ones
	bare  []*VM            // plain ones
	live  map[*VM]struct{} // leased and idle

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
	p := &Pool{limits: l, free: l.Running, live: map[*VM]struct{}{}}
	p.watch.pool = p
	p.watch.wake = make(chan struct{}, 1)
	return p
}

// Limits are the Pool's, defaults filled in.
func (p *Pool) Limits() Limits { return p.limits }

// Warm makes a full VM if none is idle, so that the first evaluation that wants one does
// not wait for it.
func (p *Pool) Warm() {
	p.mu.Lock()
	vm := p.take(false)
	p.mu.Unlock()
	if vm == nil {
		vm = p.made()
	}
	vm.complete()
	p.mu.Lock()
	p.put(vm)
	p.mu.Unlock()
}

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

// lease takes a place among the running and an idle VM, or makes one, with what a Program
// needs. A plain Program is content with a full VM, too. The error is errBusy or what
// ctx ended with.
func (p *Pool) lease(ctx context.Context, program *Program) (*VM, error) {
	p.mu.Lock()
	if p.free > 0 {
		p.free--
	} else if err := p.await(ctx); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	vm := p.take(program.plain)
	p.mu.Unlock()
	if vm == nil {
		vm = p.made()
	}
	vm.prepare(program)
	return vm, nil
}

// await waits for a place, of which there is none, if not too many do already. It is
// called with mu locked, and unlocks it meanwhile.
func (p *Pool) await(ctx context.Context) error {
	if p.waiting.Add(1) > int64(p.limits.Waiting) {
		p.waiting.Add(-1)
		return errBusy
	}
	defer p.waiting.Add(-1)
	return p.line(ctx)
}

// line waits for a place without being counted; otherwise it is await.
func (p *Pool) line(ctx context.Context) error {
	place := make(chan struct{})
	p.queue = append(p.queue, place)
	p.mu.Unlock()
	var err error
	select {
	case <-place:
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.mu.Lock()
	if err == nil {
		return nil
	}
	if i := slices.Index(p.queue, place); i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	} else {
		p.vacate() // it has come meanwhile
	}
	return err
}

// reenter takes a place among the running again, however long that takes.
func (p *Pool) reenter() {
	p.mu.Lock()
	if p.free > 0 {
		p.free--
	} else {
		_ = p.line(context.Background())
	}
	p.mu.Unlock()
}

// leave gives a place back.
func (p *Pool) leave() {
	p.mu.Lock()
	p.vacate()
	p.mu.Unlock()
}

// vacate is leave with mu locked.
func (p *Pool) vacate() {
	if len(p.queue) == 0 {
		p.free++
		return
	}
	close(p.queue[0])
	p.queue[0] = nil
	p.queue = p.queue[1:]
}

// made makes a plain VM.
func (p *Pool) made() *VM {
	vm := plainVM()
	p.mu.Lock()
	p.live[vm] = struct{}{}
	p.mu.Unlock()
	return vm
}

// take takes the idle VM that fits best, nil if there is none. It is called with mu
// locked.
func (p *Pool) take(plain bool) *VM {
	first, second := &p.idle, &p.bare
	if plain {
		first, second = second, first
	}
	list := first
	if len(*list) == 0 {
		list = second
	}
	n := len(*list)
	if n == 0 {
		return nil
	}
	vm := (*list)[n-1]
	(*list)[n-1] = nil
	*list = (*list)[:n-1]
	return vm
}

// giveBack ends a lease: of a VM that may serve again, if sound, and of a place among the
// running, unless that was given back before.
func (p *Pool) giveBack(vm *VM, sound, place bool) {
	p.mu.Lock()
	if sound {
		p.put(vm)
	} else {
		delete(p.live, vm)
	}
	if place {
		p.vacate()
	}
	p.mu.Unlock()
}

// put makes a VM an idle one. Full ones displace plain ones, which are made in no time.
// It is called with mu locked.
func (p *Pool) put(vm *VM) {
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

// watchdog interrupts the VMs that are over their deadline. It is one goroutine that
// sleeps while nothing runs.
//
// The deadline of a VM is 0 while its clock stands, and fired once the watchdog has
// taken it. Both sides change it by compare-and-swap, so that a VM is either
// interrupted and dropped, or given back and never interrupted afterwards.
type watchdog struct {
	pool    *Pool
	running atomic.Int64 // clocks that run
	busy    atomic.Bool  // one has begun to run since the last tick
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

// quietTicks is after how many ticks without a clock that runs the watchdog sleeps. They
// are few: a tick costs a machine that has nothing else to do more than waking the
// watchdog costs an evaluation.
const quietTicks = 5

var epoch = time.Now()

// nanos is a monotonic clock.
func nanos() int64 { return int64(time.Since(epoch)) }

// begin lets the clock of one VM run, and tells what time it is.
func (w *watchdog) begin(vm *VM, left time.Duration) int64 {
	now := nanos()
	// The watchdog says that it sleeps or ends before it looks at running for the
	// last time: one of the two sees the other.
	if w.asleep.Load() || !w.on.Load() {
		w.survey()
	}
	spent := vm.run.limits.Time - left
	keep(&vm.base, w.heap.Load())
	keep(&vm.used, w.used.Load())
	keep(&vm.allowed, int64(left))
	keep(&vm.spent, int64(spent))
	// As if it had not waited meanwhile: what it did before counts.
	vm.began.Store(now - int64(spent))
	vm.deadline.Store(now + int64(left))
	if !w.busy.Load() {
		w.busy.Store(true)
	}
	w.running.Add(1)
	if w.asleep.Load() || !w.on.Load() {
		w.rouse()
	}
	return now
}

// keep stores what is mostly there already: to look costs less than to store.
func keep(to *atomic.Int64, v int64) {
	if to.Load() != v {
		to.Store(v)
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

// end stops a VM's clock for good; ok is false if it has fired.
func (w *watchdog) end(vm *VM) (ok bool) {
	w.running.Add(-1)
	return vm.deadline.Swap(0) != fired
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
		if !w.idle() {
			quiet = 0
		}
		w.survey()
		w.look()
		if quiet < quietTicks && !w.closed.Load() {
			continue
		}
		w.asleep.Store(true)
		for w.running.Load() == 0 && !w.busy.Load() && !w.closed.Load() {
			<-w.wake
		}
		w.asleep.Store(false)
		if w.closed.Load() && w.running.Load() == 0 && w.ended() {
			return
		}
		quiet = 0
	}
}

// idle tells whether no clock has run since it was called last. Where there is one
// processor, none runs while the watchdog does: if those did not count that have run in
// between, it would sleep while there is an evaluation in each request, and all of them
// would wake it.
func (w *watchdog) idle() bool {
	began := w.busy.Swap(false)
	return !began && w.running.Load() == 0
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

// survey notes what the process uses, for evaluations that begin before the next tick.
func (w *watchdog) survey() {
	w.heap.Store(heapBytes())
	w.used.Store(processorTime())
}

// look fires the VMs that are over their deadline or their memory.
func (w *watchdog) look() {
	if w.running.Load() == 0 {
		return
	}
	now := nanos()
	w.pool.mu.Lock()
	for vm := range w.pool.live {
		if d := vm.deadline.Load(); d > 0 && d <= now && w.expire(vm, d) {
			vm.rt.Interrupt(errBudget)
		}
	}
	w.pool.mu.Unlock()
	w.weigh(w.heap.Load(), false)
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
	latest := vm.began.Load() + vm.spent.Load() + patience*allowed
	if left > int64(watchEvery) && now < latest {
		vm.deadline.CompareAndSwap(d, now+left)
		return false
	}
	return vm.deadline.CompareAndSwap(d, fired)
}

var (
	errBudget = errors.New("the script exceeded its time budget")
	errMemory = errors.New("the script exceeded its memory budget")
)
