package script

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"
)

// goja counts no memory, and Go counts it for the whole process only. So an
// evaluation is held to its budget by what the heap has grown since it began:
//
//   - The watchdog looks at the heap whenever it looks at the clocks. Growth beyond
//     the budgets of all evaluations that have run long enough to have made it
//     (heavyAfter: the others cannot have) ends the one that began first among them.
//     Growth may be garbage: from half of the budgets on a collection is asked for, and
//     what it leaves counts. Growth by half beyond the budgets needs no such proof, since
//     a collection waits for long native operations to end.
//   - Native functions that make much at once say so before they do (draw), because the
//     watchdog may come too late for them.
//   - No single operation makes more than the bounds in limits.go allow; of those that
//     are no functions, joins.go sees to it.
//
// Evaluations that wait keep what they hold; the Pool bounds the sum (holding).
const heavyAfter = 8 * time.Millisecond

// heapBytes is the size of the objects on the heap, dead ones not yet freed included.
func heapBytes() int64 {
	sample := [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample[:])
	return int64(sample[0].Value.Uint64())
}

// weigh ends an evaluation if the heap, as it is now, has grown beyond what those that run
// may hold. proven says that a collection has just ended.
func (w *watchdog) weigh(heap int64, proven bool) {
	now := nanos()
	limit := w.pool.limits.Memory
	var worst *VM
	var began, deadline, allowed int64
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	for vm := range w.pool.live {
		d := vm.deadline.Load()
		if d <= 0 {
			continue
		}
		if b := vm.base.Load(); heap < b {
			vm.base.CompareAndSwap(b, heap) // what was there before it has been freed
		}
		if now-vm.began.Load() < int64(heavyAfter) {
			continue
		}
		allowed += limit
		if b := vm.began.Load(); worst == nil || b < began {
			worst, began, deadline = vm, b, d
		}
	}
	if worst == nil {
		return
	}
	growth := heap - worst.base.Load()
	switch {
	case growth <= allowed/2:
	case growth > allowed+allowed/2, proven && growth > allowed:
		if worst.deadline.CompareAndSwap(deadline, fired) {
			worst.heavy.Store(true)
			worst.rt.Interrupt(errMemory)
		}
	case !proven:
		w.collect()
	}
}

// collect lets the collector run and weighs again. At most one does at a time, and not
// again before it has rested for as long as the last one worked.
func (w *watchdog) collect() {
	if nanos() < w.rested.Load() || !w.collecting.CompareAndSwap(false, true) {
		return
	}
	go func() {
		begun := nanos()
		runtime.GC()
		ended := nanos()
		w.rested.Store(ended + ended - begun)
		heap := heapBytes()
		w.heap.Store(heap)
		w.weigh(heap, true)
		w.collecting.Store(false)
	}()
}

// draw is called by native functions before they make something of n bytes. It ends the
// evaluation if its budget cannot hold that.
func (vm *VM) draw(n int64) {
	if vm.run == nil {
		return
	}
	limit := vm.run.pool.limits.Memory
	if n > limit {
		vm.overMemory()
	}
	vm.drawn += n
	vm.unseen += n
	if vm.unseen < limit/8 || vm.drawn < limit/2 {
		return
	}
	vm.unseen = 0
	if heapBytes()+n-vm.base.Load() <= limit {
		return
	}
	runtime.GC()
	if heapBytes()+n-vm.base.Load() > limit {
		vm.overMemory()
	}
}

// overMemory ends the evaluation from inside.
func (vm *VM) overMemory() {
	vm.heavy.Store(true)
	vm.deadline.Store(fired)
	vm.stop()
}

func (r *run) overMemory() *Error {
	return &Error{Kind: OverMemory, Message: fmt.Sprintf("the script holds more than %d MiB of memory", r.pool.limits.Memory>>20), Cause: errMemory}
}

// grown tells VMs that had better not serve again: stacks and tables in them may have
// become large, and stay so.
func (vm *VM) grown() bool {
	ran := nanos() - vm.began.Load()
	return (vm.drawn > 1<<20 || ran > int64(heavyAfter)) && heapBytes()-vm.base.Load() > vm.run.pool.limits.Memory/4
}

// hold notes, as an evaluation begins to wait, what the heap has grown in its time, and
// tells whether the Pool may keep that.
func (r *run) hold(vm *VM) bool {
	r.held = 0
	if r.limits.Time-r.left < time.Millisecond {
		return true // too short to have made much
	}
	if grown := heapBytes() - vm.base.Load(); grown > 1<<20 {
		r.held = grown
	}
	if r.pool.holding.Add(r.held) <= holdable*r.pool.limits.Memory {
		return true
	}
	r.letGo()
	return false
}

func (r *run) letGo() {
	r.pool.holding.Add(-r.held)
}

// holdable is how many budgets all evaluations that wait may hold together.
const holdable = 4
