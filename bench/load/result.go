package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Classes of errors: requests that got no answer at all.
const (
	ErrorConnect   = "cannot connect"
	ErrorClosed    = "connection closed"
	ErrorTimeout   = "timeout"
	ErrorMalformed = "malformed answer"
	ErrorUnsent    = "not sent in time"
)

// Result is what a Plan's slice came to. Requests that began, or were due, in the warm-up
// or after the end are in none of its figures.
type Result struct {
	// Latency is, in an open loop, the time from when requests were due to the end of
	// their answers; in a closed loop the same as Service. Nanoseconds, three digits.
	Latency *hdrhistogram.Histogram
	// Service is the time from when requests were sent.
	Service *hdrhistogram.Histogram
	// Lag is how late requests were started although a connection was free: the
	// generator's own fault. Open loop only.
	Lag *hdrhistogram.Histogram

	Due       int64 // requests that were due, or begun in a closed loop
	Answered  int64 // and were answered, rightly or wrongly; of streams, the events
	Streams   int64 // streams opened
	Wrong     map[string]int64
	Errors    map[string]int64
	FirstBad  string // the first wrong answer, for people
	Reconnect int64  // connections that the server closed between two answers

	// Completed and Elapsed are of the time between the two calls of Hooks.Edge: answers
	// that came, whenever their requests began.
	Completed int64
	Elapsed   time.Duration
}

// Bounds of the histograms: a nanosecond to a minute.
const (
	histogramMax    = int64(time.Minute)
	histogramDigits = 3
)

// NewHistogram makes a histogram as results have them.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, histogramMax, histogramDigits)
}

func record(h *hdrhistogram.Histogram, d int64) {
	_ = h.RecordValue(min(max(d, 1), histogramMax)) // within bounds it cannot fail
}

// NewResult is a Result without anything in it.
func NewResult() *Result {
	return &Result{Latency: NewHistogram(), Service: NewHistogram(), Lag: NewHistogram(), Wrong: map[string]int64{}, Errors: map[string]int64{}}
}

// Merge adds another Result.
func (r *Result) Merge(o *Result) {
	r.Latency.Merge(o.Latency)
	r.Service.Merge(o.Service)
	r.Lag.Merge(o.Lag)
	r.Due += o.Due
	r.Answered += o.Answered
	r.Streams += o.Streams
	for k, n := range o.Wrong {
		r.Wrong[k] += n
	}
	for k, n := range o.Errors {
		r.Errors[k] += n
	}
	if r.FirstBad == "" {
		r.FirstBad = o.FirstBad
	}
	r.Reconnect += o.Reconnect
	r.Completed += o.Completed
	r.Elapsed += o.Elapsed
}

// WrongAnswers is the number of wrong answers.
func (r *Result) WrongAnswers() int64 { return sum(r.Wrong) }

// Failed is the number of requests without an answer.
func (r *Result) Failed() int64 { return sum(r.Errors) }

func sum(m map[string]int64) int64 {
	var n int64
	for _, v := range m {
		n += v
	}
	return n
}

// Correct adds to the latencies of a closed loop what an open one would have measured: a
// connection that waits for one answer for long does not send the requests that it would
// have sent meanwhile, one each interval, and they would have waited too. The interval is
// that between two requests of one connection when nothing stalls; the median latency is a
// good one.
func Correct(h *hdrhistogram.Histogram, interval time.Duration) *hdrhistogram.Histogram {
	out := NewHistogram()
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		_ = out.RecordValues(bar.To, bar.Count)
		for v := bar.To - int64(interval); interval > 0 && v >= int64(interval); v -= int64(interval) {
			_ = out.RecordValues(v, bar.Count)
		}
	}
	return out
}
