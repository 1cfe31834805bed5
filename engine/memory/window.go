package memory

import (
	"math"
	"time"
)

// never is a time that does not come, in Unix nanoseconds.
const never = math.MaxInt64

// slidingWindow remembers when its latest events were: a ring of runs, oldest first.
// Only as many events are kept as the largest limit asked for, for older ones cannot
// decide anything any more.
type slidingWindow struct {
	runs   []run // a ring; its length is a power of two
	first  int   // of the ring
	used   int
	total  int64 // events in all runs
	window int64 // the longest window asked for, in nanoseconds
	limit  int64 // the largest limit asked for
	latest int64 // when the latest event was
}

// run is n events, the latest of them at a time.
type run struct{ at, n int64 }

// exactRuns is how many runs are kept apart by their exact times. Beyond it events
// that are nearer to each other than 1/256 of the window become one run, which counts
// until the latest of them leaves the window: never too few are counted.
const (
	exactRuns = 64
	maxRuns   = 512
)

// slide counts n events at now, and tells whether limit allows them. Events that are
// refused count too, as in APIM.
func (w *slidingWindow) slide(now, window, limit, n int64) (remaining int64, retry time.Duration, ok bool) {
	now = max(now, w.latest) // the clock may have been set back
	w.window, w.limit = max(w.window, window), max(w.limit, limit)
	w.forget(now)
	count := w.within(now - window)
	want := max(n, 1) // asking without counting asks for one
	ok = count+want <= limit
	if n > 0 {
		w.add(now, n)
		count += n
	}
	if ok {
		return limit - count, 0, true
	}
	return max(limit-count, 0), w.retry(now, window, limit-want), false
}

func (w *slidingWindow) run(i int) *run { return &w.runs[(w.first+i)&(len(w.runs)-1)] }

// forget drops runs that no question can be about any more.
func (w *slidingWindow) forget(now int64) {
	for w.used > 0 && (w.run(0).at <= now-w.window || w.total-w.run(0).n >= w.limit) {
		w.total -= w.run(0).n
		w.first = (w.first + 1) & (len(w.runs) - 1)
		w.used--
	}
}

// within counts the events after a time.
func (w *slidingWindow) within(after int64) int64 {
	count := w.total
	for i := 0; i < w.used && w.run(i).at <= after; i++ {
		count -= w.run(i).n
	}
	return count
}

func (w *slidingWindow) add(now, n int64) {
	w.total += n
	w.latest = now
	if w.used > 0 {
		last := w.run(w.used - 1)
		if last.at == now || w.used >= exactRuns && last.at/w.grain() == now/w.grain() || w.used >= maxRuns {
			last.at, last.n = now, last.n+n
			return
		}
	}
	if w.used == len(w.runs) {
		w.grow()
	}
	w.used++
	*w.run(w.used - 1) = run{now, n}
}

func (w *slidingWindow) grain() int64 { return max(w.window/256, 1) }

func (w *slidingWindow) grow() {
	runs := make([]run, max(2*len(w.runs), 4))
	for i := range w.used {
		runs[i] = *w.run(i)
	}
	w.runs, w.first = runs, 0
}

// retry is how long it takes until no more than allowed events are in the window, if
// none are added.
func (w *slidingWindow) retry(now, window, allowed int64) time.Duration {
	count := int64(0)
	for i := w.used - 1; i >= 0; i-- {
		r := w.run(i)
		if count += r.n; count > max(allowed, 0) {
			return time.Duration(max(r.at+window-now, 1))
		}
	}
	return time.Duration(window) // more at once than the limit: it will never do
}

func (w *slidingWindow) expires() int64 { return w.latest + w.window }

// fixedWindow counts events in windows that follow each other.
type fixedWindow struct {
	index  int64 // of the window that count is about
	events int64
	until  int64 // when that window ends
}

func (w *fixedWindow) expires() int64 { return w.until }

// count counts n events in the window that contains now.
func (w *fixedWindow) count(now, start time.Time, period time.Duration, n int64) (before int64, reset time.Duration) {
	index, end := int64(0), int64(never)
	if period > 0 {
		index, reset = windowOf(now, start, period)
		if end = now.UnixNano() + int64(reset); end < 0 {
			end = never
		}
	}
	if index != w.index {
		w.index, w.events = index, 0
	}
	w.until = end
	before = w.events
	w.events += n
	return before, reset
}

// windowOf numbers the window of whole seconds that contains now, and tells how long
// it still lasts. Times may lie further apart than a Duration reaches: APIM's first
// period begins in the year 1.
func windowOf(now, start time.Time, period time.Duration) (index int64, rest time.Duration) {
	seconds := int64((period + time.Second - 1) / time.Second)
	passed := now.Unix() - start.Unix()
	nanos := int64(now.Nanosecond()) - int64(start.Nanosecond())
	if nanos < 0 {
		passed, nanos = passed-1, nanos+int64(time.Second)
	}
	index = passed / seconds
	into := passed % seconds
	if into < 0 {
		index, into = index-1, into+seconds
	}
	return index, time.Duration(seconds-into)*time.Second - time.Duration(nanos)
}
