package builtins

import (
	"time"

	"sekisho/engine/pipeline"
)

// QuotaByKey limits calls and bandwidth in fixed windows, by any key.
//
//	<quota-by-key calls="10000" bandwidth="40000" renewal-period="3600"
//	              counter-key="@(context.Request.IpAddress)" first-period-start="2026-01-01T00:00:00Z" />
//
// bandwidth is in kilobytes; calls, bandwidth or both must be there. renewal-period is
// the length of a window in seconds, at least 300, counted from first-period-start; 0
// stands for one window without end. Policies with the same key share their counters,
// and one request counts once for a key. counter-key, increment-condition and
// increment-count accept expressions; a condition or count that is an expression is
// evaluated when the response is known, as in rate-limit-by-key. What exceeds the
// quota is answered as by quota.
//
// Spec: https://learn.microsoft.com/azure/api-management/quota-by-key-policy
// Ours: LastError's Source is the name of this policy. Equal keys with windows of
// another length or start have counters of their own. Bandwidth is counted as by quota,
// whatever increment-count is.
var QuotaByKey = pipeline.Policy{
	Name:     "quota-by-key",
	Summary:  "Limits calls and bandwidth in fixed windows, by any key.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example:  `<quota-by-key calls="10000" bandwidth="40000" renewal-period="3600" counter-key="@(context.Request.IpAddress)" />`,
	New:      func() pipeline.Step { return new(quotaByKey) },
}

type quotaByKey struct {
	Period int64 `attr:"renewal-period,required" range:"0 4000000000"`
	volume
	Key pipeline.String `attr:"counter-key,required"`
	increments
	Start string `attr:"first-period-start" default:"0001-01-01T00:00:00Z"`

	start time.Time
}

// Check reads the period and its start.
func (q *quotaByKey) Check(c *pipeline.Check) {
	q.volume.check(c, q.Period)
	if q.Period > 0 && q.Period < 300 && !isStandIn(c, "renewal-period") {
		c.Errorf(&q.Period, "bad-value", `attribute "renewal-period" of <quota-by-key> wants 0 or at least 300 seconds, got %d`, q.Period)
	}
	if isStandIn(c, "first-period-start") {
		return
	}
	start, err := time.Parse("2006-01-02T15:04:05Z", q.Start)
	if err != nil {
		c.Errorf(&q.Start, "bad-value", `attribute "first-period-start" of <quota-by-key> wants a time such as "2026-01-31T00:00:00Z"`)
	}
	q.start = start
}

func (q *quotaByKey) Run(x *pipeline.Exchange) error {
	key, err := q.Key.Get(x)
	if err != nil {
		return err
	}
	key = "quota-by-key\x00" + key + "\x00" + q.period.String() + "\x00" + q.Start
	counters, now := x.Services.Counters, x.Services.Now()
	var fault error
	if q.bandwidth {
		used, reset := counters.Fixed(key+"\x00bandwidth", now, q.start, q.period, 0)
		if used >= q.Bandwidth*1024 {
			fault = quotaExceeded("Out of bandwidth quota.", reset, q.period)
		}
	}
	calls := key + "\x00calls"
	n := int64(0)
	if !q.postponed() {
		if n, err = q.count(x); err != nil {
			return err
		}
	}
	if q.calls {
		used, reset := counters.Fixed(calls, now, q.start, q.period, 0)
		// What this request has counted already is not used up before it.
		used -= counted(x, key)
		if used+max(n, 1) > q.Calls {
			fault = quotaExceeded("Out of call volume quota.", reset, q.period)
		}
	}
	if x.Value(countedKey{key}) == nil {
		x.SetValue(countedKey{key}, n)
		q.countThis(x, key, n)
	}
	return fault
}

// countThis counts the request: its call now, or when the response is known, and its
// bytes when they have been sent, if the condition holds.
func (q *quotaByKey) countThis(x *pipeline.Exchange, key string, n int64) {
	add := func(x *pipeline.Exchange, n int64) {
		if q.bandwidth {
			countBytes(x, func(bytes int64) {
				x.Services.Counters.Fixed(key+"\x00bandwidth", x.Services.Now(), q.start, q.period, bytes)
			})
		}
		x.Services.Counters.Fixed(key+"\x00calls", x.Services.Now(), q.start, q.period, n)
	}
	switch {
	case q.postponed():
		q.later(x, "quota-by-key", add)
	case n > 0:
		add(x, n)
	}
}

// countedKey is where an Exchange keeps how much it has been counted for a key, an
// int64.
type countedKey struct{ key string }

func counted(x *pipeline.Exchange, key string) int64 {
	n, _ := x.Value(countedKey{key}).(int64)
	return n
}
