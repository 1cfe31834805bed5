package gateway

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Why a lifeline ended.
var (
	errClientLeft = errors.New("the client closed the connection")
	errShutdown   = errors.New("the gateway shut down before the request was done")
	errTotal      = errors.New("the request took longer than the gateway allows")
)

// lifeline is the context of everything done for one client connection: it ends when
// the client leaves or the gateway gives up. It is made once per connection and not
// once per request, and what has to be torn down at its end is bound without an
// allocation: both show in the cost of a request.
type lifeline struct {
	client *client
	done   chan struct{}

	ended atomic.Bool // err and cause are set; who has seen it may read them
	mu    sync.Mutex
	err   error
	cause error
	bound []aborter
	funcs map[*func()]struct{}
}

// aborter is something that is torn down when a lifeline ends. Abort must not block.
type aborter interface{ abort() }

func newLifeline(c *client) *lifeline { return &lifeline{client: c, done: make(chan struct{})} }

// lifelineKey finds the lifeline of a context that derives from one.
type lifelineKey struct{}

// Deadline implements context.Context: there is none.
func (l *lifeline) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (l *lifeline) Done() <-chan struct{} { return l.done }

// Err implements context.Context.
func (l *lifeline) Err() error {
	if !l.ended.Load() {
		return nil
	}
	return l.err
}

// Value implements context.Context.
func (l *lifeline) Value(key any) any {
	if key == (lifelineKey{}) {
		return l
	}
	return nil
}

// AfterFunc lets contexts that derive from l watch it without a goroutine each: package
// context looks for this method.
func (l *lifeline) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		go f()
		return func() bool { return false }
	}
	if l.funcs == nil {
		l.funcs = map[*func()]struct{}{}
	}
	key := &f
	l.funcs[key] = struct{}{}
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		_, ok := l.funcs[key]
		delete(l.funcs, key)
		return ok
	}
}

// end ends the lifeline, once, and aborts what is bound to it.
func (l *lifeline) end(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err, l.cause = context.Canceled, cause
	l.ended.Store(true)
	close(l.done)
	for _, a := range l.bound {
		a.abort()
	}
	l.bound = nil
	for f := range l.funcs {
		go (*f)()
	}
	l.funcs = nil
}

// why is the cause of the end, nil while the lifeline lasts.
func (l *lifeline) why() error {
	if !l.ended.Load() {
		return nil
	}
	return l.cause
}

// bind has a aborted when the lifeline ends, at once if it has ended.
func (l *lifeline) bind(a aborter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		a.abort()
		return
	}
	l.bound = append(l.bound, a)
}

// unbind undoes bind. Afterwards a is not aborted any more, and no abort is under way.
func (l *lifeline) unbind(a aborter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, b := range l.bound {
		if b == a {
			last := len(l.bound) - 1
			l.bound[i], l.bound[last] = l.bound[last], nil
			l.bound = l.bound[:last]
			return
		}
	}
}

// lifelineOf finds the lifeline that ctx is or derives from, nil if there is none.
func lifelineOf(ctx context.Context) *lifeline {
	if l, ok := ctx.(*lifeline); ok {
		return l
	}
	if ctx == nil {
		return nil
	}
	l, _ := ctx.Value(lifelineKey{}).(*lifeline)
	return l
}
