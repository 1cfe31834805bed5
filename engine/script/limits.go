package script

import (
	"runtime"
	"time"
)

// Limits bound evaluations. The zero value of a field stands for its default.
type Limits struct {
	// Time is what one evaluation may spend inside its VM; waiting does not count.
	// 50 ms if not given.
	Time time.Duration
	// Memory is what one evaluation may hold, in bytes; see memory.go for how closely it
	// is held to that. 64 MiB if not given.
	Memory int64
	// Total is what one evaluation may take from beginning to end. 30 s if not given.
	Total time.Duration
	// Running is how many evaluations run at the same time; others queue. Four times
	// the number of processors if not given.
	Running int
	// Waiting is how many evaluations may wait for fetch, timers or bodies at the same
	// time; those beyond fail. 1000 if not given.
	Waiting int
}

// MaxTime is the most that a document may ask for as Limits.Time.
const MaxTime = 10 * time.Second

func (l Limits) withDefaults() Limits {
	if l.Time <= 0 {
		l.Time = 50 * time.Millisecond
	}
	if l.Memory <= 0 {
		l.Memory = 64 << 20
	}
	if l.Total <= 0 {
		l.Total = 30 * time.Second
	}
	if l.Running <= 0 {
		l.Running = 4 * runtime.GOMAXPROCS(0)
	}
	if l.Waiting <= 0 {
		l.Waiting = 1000
	}
	return l
}

// Bounds of what native functions make and take, since an interrupt does not stop them.
const (
	maxString     = 8 << 20  // UTF-16 units of a string that one native call makes
	maxJoined     = 16 << 20 // bytes of a string that + or a template literal makes
	maxArray      = 1 << 20  // elements of what one native call walks over or makes
	maxBuffer     = 64 << 20 // bytes of an ArrayBuffer
	maxDepth      = 500      // levels of JSON and of nested conversions to text
	maxCallStack  = 512      // calls open at once: leaving those that native code made takes time with their square
	maxNative     = 200      // native calls open at once
	perItem       = 500      // nanoseconds that an element of an array with holes may take
	maxTimers     = 100      // timers waiting at once
	maxFetches    = 32       // requests in flight at once
	maxBody       = 16 << 20 // bytes of a body that a script sends
	maxWeight     = 10_000   // steps of a regular expression, see weight
	perStep       = 12       // nanoseconds of one of them for one character
	regexpTimeout = 30 * time.Millisecond
	watchEvery    = 2 * time.Millisecond
)
