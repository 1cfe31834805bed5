package builtins

import (
	"time"

	"sekisho/engine/pipeline"
)

// RateLimitByKey limits calls in a sliding window, by any key.
//
//	<rate-limit-by-key calls="10" renewal-period="60" counter-key="@(context.Request.IpAddress)"
//	                   increment-condition="@(context.Response.StatusCode == 200)" />
//
// Policies with the same counter-key share one counter, at whatever scope they stand.
// calls, renewal-period (seconds, 300 at most), counter-key, increment-condition and
// increment-count accept expressions. Too many calls are answered as by rate-limit.
//
// If increment-condition or increment-count is an expression, it is evaluated when the
// response is known, and the call counts then: it is the next call that is refused.
// increment-after-response="true" counts late too.
//
// Spec: https://learn.microsoft.com/azure/api-management/rate-limit-by-key-policy
// Ours: LastError's Source is the name of this policy. Refused calls count as well. Two
// of these policies with one key count a request twice; the page rules that out only
// for quota-by-key.
var RateLimitByKey = pipeline.Policy{
	Name:     "rate-limit-by-key",
	Summary:  "Limits calls in a sliding window, by any key.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example:  `<rate-limit-by-key calls="10" renewal-period="60" counter-key="@(context.Request.IpAddress)" />`,
	New:      func() pipeline.Step { return new(rateLimitByKey) },
}

type rateLimitByKey struct {
	Calls  pipeline.Int    `attr:"calls,required" range:"0"`
	Period pipeline.Int    `attr:"renewal-period,required" range:"1 300"`
	Key    pipeline.String `attr:"counter-key,required"`
	increments
	AfterResponse bool `attr:"increment-after-response" default:"false"`
	reports

	keys keys
}

func (r *rateLimitByKey) Run(x *pipeline.Exchange) error {
	calls, err := r.Calls.Get(x)
	if err != nil {
		return err
	}
	period, err := r.Period.Get(x)
	if err != nil {
		return err
	}
	if period < 1 || period > 300 {
		return badValue("The computed renewal-period is not from 1 to 300 seconds.")
	}
	key, err := r.Key.Get(x)
	if err != nil {
		return err
	}
	key = r.keys.named("rate-limit-by-key\x00", key)
	window := time.Duration(period) * time.Second
	n := int64(0)
	if r.AfterResponse || r.postponed() {
		r.countLater(x, key, window, calls)
	} else if n, err = r.count(x); err != nil {
		return err
	}
	remaining, retry, ok := x.Services.Counters.Slide(key, x.Services.Now(), window, calls, n)
	r.report(x, calls, remaining)
	if !ok {
		return r.exceeded(x, retry)
	}
	return nil
}

// countLater counts a request when its response is known.
func (r *rateLimitByKey) countLater(x *pipeline.Exchange, key string, window time.Duration, calls int64) {
	r.later(x, "rate-limit-by-key", func(x *pipeline.Exchange, n int64) {
		x.Services.Counters.Slide(key, x.Services.Now(), window, calls, n)
	})
}
