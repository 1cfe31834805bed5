package load

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Hooks let whoever runs a Plan take part.
type Hooks struct {
	// Edge is called at the beginning of what is measured (false) and at its end (true),
	// for reading clocks of processes.
	Edge func(end bool)
	// Progress is called a few times a second.
	Progress func(Progress)
	// CPUs are the processors that the loops run on; empty for all.
	Pin func() error
}

// Progress is how a slice goes so far.
type Progress struct {
	Completed int64
	Bad       int64 // wrong answers and errors
	P99       time.Duration
}

// Run sends requests to an address: first for the time of the warm-up, which is not
// measured, then for the time measured. It returns when all answers have come, or the
// Plan's timeout has passed over them.
func (p *Plan) Run(ctx context.Context, address string, warm, measured time.Duration, hooks Hooks) (*Result, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	loops := min(max(1, p.Loops), p.Connections)
	if loops < 1 {
		return nil, errors.New("a plan needs a connection")
	}
	if p.Walk == nil {
		own := *p
		own.Walk = NewWalk(len(p.Values))
		p = &own
	}
	all := make([]*loop, loops)
	var ready, finished sync.WaitGroup
	start := make(chan struct{})
	failed := make([]error, loops)
	for i := range all {
		l := newLoop(p, at, i, loops)
		all[i] = l
		ready.Add(1)
		finished.Go(func() {
			// The thread is left to the runtime to destroy: it has been pinned.
			runtime.LockOSThread()
			if hooks.Pin != nil {
				failed[i] = hooks.Pin()
			}
			if failed[i] == nil {
				failed[i] = l.open()
			}
			defer l.close()
			ready.Done()
			<-start
			if failed[i] == nil {
				failed[i] = l.run()
			}
		})
	}
	ready.Wait()
	if err := errors.Join(failed...); err != nil {
		close(start)
		finished.Wait()
		return nil, err
	}
	base := time.Now()
	for _, l := range all {
		l.base, l.begin, l.end = base, int64(warm), int64(warm+measured)
		l.giveUp = l.end + int64(p.Timeout)
	}
	close(start)
	out := watch(ctx, all, base, warm, measured, hooks)
	finished.Wait()
	if err := errors.Join(append(failed, ctx.Err())...); err != nil {
		return nil, err
	}
	for _, l := range all {
		out.Merge(l.result)
	}
	return out, nil
}

// watch calls the hooks while the loops run, until the end of what is measured.
func watch(ctx context.Context, all []*loop, base time.Time, warm, measured time.Duration, hooks Hooks) *Result {
	out := NewResult()
	pause := func(until time.Time) bool {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		select {
		case <-t.C:
			return true
		case <-ctx.Done():
			for _, l := range all {
				l.cancel.Store(true)
			}
			return false
		}
	}
	edge := func(end bool) (int64, time.Time) {
		if hooks.Edge != nil {
			hooks.Edge(end)
		}
		return total(all, (*loop).completions), time.Now()
	}
	if !pause(base.Add(warm)) {
		return out
	}
	n0, t0 := edge(false)
	end := base.Add(warm + measured)
	for next := t0.Add(250 * time.Millisecond); next.Before(end) && hooks.Progress != nil; next = next.Add(250 * time.Millisecond) {
		if !pause(next) {
			return out
		}
		g := Progress{Completed: total(all, (*loop).completions) - n0, Bad: total(all, (*loop).faults)}
		for _, l := range all {
			g.P99 = max(g.P99, time.Duration(l.p99.Load()))
		}
		hooks.Progress(g)
	}
	if !pause(end) {
		return out
	}
	n1, t1 := edge(true)
	out.Completed, out.Elapsed = n1-n0, t1.Sub(t0)
	return out
}

func total(all []*loop, f func(*loop) int64) int64 {
	var n int64
	for _, l := range all {
		n += f(l)
	}
	return n
}

// counters are what a loop shows while it runs.
type counters struct {
	completed, bad, p99 atomic.Int64
	cancel              atomic.Bool
}

func (c *counters) completions() int64 { return c.completed.Load() }
func (c *counters) faults() int64      { return c.bad.Load() }
