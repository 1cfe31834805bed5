package gateway

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"sekisho/engine/pipeline"
)

// BreakerRule says when a backend's circuit breaker trips. Exactly one of Count and
// Percentage is set.
type BreakerRule struct {
	Name       string
	Count      int           // failures within Interval
	Percentage int           // of the requests within Interval, once there are minSample
	Interval   time.Duration // that is looked back
	// TripDuration is how long the breaker stays open; AcceptRetryAfter lets the
	// Retry-After of the failure that trips it say so instead.
	TripDuration     time.Duration
	AcceptRetryAfter bool
	// StatusRanges and ErrorReasons say what a failure is: a response's status within
	// one of the ranges, or a Fault's reason such as "Timeout". Without any of both
	// failures are the statuses from 500 on and all Faults of the backend.
	StatusRanges []StatusRange
	ErrorReasons []string
}

// StatusRange is a range of statuses, both ends included.
type StatusRange struct{ Min, Max int }

// minSample is how many requests an interval must have seen before a percentage of
// failures means something. APIM documents none.
const minSample = 5

// buckets is how finely an interval slides.
const buckets = 10

// breaker counts failures of one backend and says whether it may be asked. A nil
// breaker always allows. It outlives reloads that leave its rule as it is.
type breaker struct {
	rule BreakerRule

	mu    sync.Mutex
	open  time.Time // until when; zero if closed
	slots [buckets]struct {
		number          int64
		total, failures int
	}
}

// allow tells whether a request may be sent now.
func (b *breaker) allow(now time.Time) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !now.Before(b.open)
}

// record counts the outcome of a request: a response, or the error in its place.
func (b *breaker) record(now time.Time, resp *pipeline.Response, err error) {
	if b == nil {
		return
	}
	failed := b.failed(resp, err)
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.open) {
		return // sent before it tripped
	}
	width := max(b.rule.Interval/buckets, time.Millisecond)
	number := now.UnixNano() / int64(width)
	slot := &b.slots[number%buckets]
	if slot.number != number {
		slot.number, slot.total, slot.failures = number, 0, 0
	}
	slot.total++
	if !failed {
		return
	}
	slot.failures++
	total, failures := 0, 0
	for i := range b.slots {
		if s := &b.slots[i]; number-s.number < buckets {
			total, failures = total+s.total, failures+s.failures
		}
	}
	if b.rule.Count > 0 && failures >= b.rule.Count ||
		b.rule.Percentage > 0 && total >= minSample && failures*100 >= b.rule.Percentage*total {
		b.open = now.Add(b.tripDuration(now, resp, err))
		clear(b.slots[:])
	}
}

func (b *breaker) tripDuration(now time.Time, resp *pipeline.Response, err error) time.Duration {
	if b.rule.AcceptRetryAfter && err == nil {
		value := resp.Header.Get("Retry-After")
		if s, err := strconv.Atoi(value); err == nil && s >= 0 {
			return time.Duration(min(s, 24*60*60)) * time.Second
		}
		if at, err := http.ParseTime(value); err == nil && at.After(now) {
			return at.Sub(now)
		}
	}
	return b.rule.TripDuration
}

// failed tells whether an outcome counts against the backend.
func (b *breaker) failed(resp *pipeline.Response, err error) bool {
	plain := len(b.rule.StatusRanges) == 0 && len(b.rule.ErrorReasons) == 0
	if err != nil {
		var f *pipeline.Fault
		if !errors.As(err, &f) || f.Reason == pipeline.ReasonClient || f.Status < 500 {
			return false // the client's doing
		}
		for _, r := range b.rule.ErrorReasons {
			if strings.EqualFold(r, f.Reason) {
				return true
			}
		}
		return plain
	}
	for _, r := range b.rule.StatusRanges {
		if resp.Status >= r.Min && resp.Status <= r.Max {
			return true
		}
	}
	for _, r := range b.rule.ErrorReasons {
		if strings.EqualFold(strings.ReplaceAll(r, " ", ""), "ServerErrors") && resp.Status >= 500 {
			return true
		}
	}
	return plain && resp.Status >= 500
}
