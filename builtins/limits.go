package builtins

import (
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"sekisho/engine/pipeline"
)

// reports are the attributes that rate-limit and rate-limit-by-key share: where they
// write what is left and when to try again.
type reports struct {
	RetryHeader       string `attr:"retry-after-header-name" default:"Retry-After"`
	RetryVariable     string `attr:"retry-after-variable-name"`
	RemainingHeader   string `attr:"remaining-calls-header-name"`
	RemainingVariable string `attr:"remaining-calls-variable-name"`
	TotalHeader       string `attr:"total-calls-header-name"`
}

// report writes what is left of limit calls. Headers go to the response, which is made
// later: they are set when outbound or on-error has ended.
func (r *reports) report(x *pipeline.Exchange, limit, remaining int64) {
	if r.RemainingVariable != "" {
		x.Set(r.RemainingVariable, int32Of(remaining))
	}
	if r.RemainingHeader == "" && r.TotalHeader == "" {
		return
	}
	x.AfterOutbound(func(x *pipeline.Exchange) {
		if r.RemainingHeader != "" {
			x.Response.Header.Set(r.RemainingHeader, strconv.FormatInt(remaining, 10))
		}
		if r.TotalHeader != "" {
			x.Response.Header.Set(r.TotalHeader, strconv.FormatInt(limit, 10))
		}
	})
}

// exceeded is the Fault of a rate that is exceeded.
func (r *reports) exceeded(x *pipeline.Exchange, retry time.Duration) error {
	seconds := secondsUp(retry)
	if r.RetryVariable != "" {
		x.Set(r.RetryVariable, int32Of(seconds))
	}
	text := strconv.FormatInt(seconds, 10)
	return &pipeline.Fault{
		Status: 429, Reason: "RateLimitExceeded", Message: "Rate limit is exceeded",
		Public: "Rate limit is exceeded. Try again in " + text + " seconds.",
		Header: []pipeline.Field{{Name: r.RetryHeader, Value: text}},
	}
}

// secondsUp is a time in whole seconds, so that waiting them is enough.
func secondsUp(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// int32Of is a number as variables hold a count: an Int32.
func int32Of(n int64) int32 { return int32(max(min(n, math.MaxInt32), math.MinInt32)) }

// increments are the attributes that say whether and how much a request counts.
type increments struct {
	Condition pipeline.Bool `attr:"increment-condition"`
	Count     pipeline.Int  `attr:"increment-count" range:"0" default:"1"`
}

// postponed tells whether a request is counted only when its response is known: APIM
// does so as soon as one of the attributes is an expression.
func (i *increments) postponed() bool {
	_, literal := i.Condition.Literal()
	_, number := i.Count.Literal()
	return i.Condition.IsSet() && !literal || !number
}

// count is how much this request counts, 0 for not at all.
func (i *increments) count(x *pipeline.Exchange) (int64, error) {
	if i.Condition.IsSet() {
		if yes, err := i.Condition.Get(x); err != nil || !yes {
			return 0, err
		}
	}
	n, err := i.Count.Get(x)
	return max(n, 0), err
}

// later counts a request when its response is known. An expression that fails then
// can fail the request no more: it is logged, and nothing is counted.
func (i *increments) later(x *pipeline.Exchange, policy string, add func(x *pipeline.Exchange, n int64)) {
	x.AfterOutbound(func(x *pipeline.Exchange) {
		n, err := i.count(x)
		if err != nil {
			x.TraceMessage(policy, "error", "The request was not counted: "+err.Error(), nil)
			return
		}
		if n > 0 {
			add(x, n)
		}
	})
}

// keys are the keys of counters that a policy has used lately, so that the ones that come
// all the time are not made anew each time.
type keys [64]atomic.Pointer[string]

// named is a prefix, always the same one for these keys, and a key behind it.
func (k *keys) named(prefix, key string) string {
	const long = 256 // what callers make up must not stay here
	if len(key) > long {
		return prefix + key
	}
	// Whoever makes keys that share a place gets them made each time, and nothing worse.
	place := len(key)
	for i := max(len(key)-4, 0); i < len(key); i++ {
		place = place*31 + int(key[i])
	}
	at := &k[place%len(k)]
	if full := at.Load(); full != nil && (*full)[len(prefix):] == key {
		return *full
	}
	full := prefix + key
	at.Store(&full)
	return full
}
