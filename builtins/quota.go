package builtins

import (
	"time"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/pipeline"
)

// Quota limits the calls and the bandwidth of a subscription in fixed windows.
//
//	<quota calls="10000" bandwidth="40000" renewal-period="3600">
//	  <api name="orders" calls="500"><operation name="create" calls="100" /></api>
//	</quota>
//
// bandwidth is in kilobytes; calls, bandwidth or both must be there. renewal-period is
// the length of a window in seconds, counted from the start of the subscription; 0
// stands for one window without end. It has no effect on calls without a subscription
// key. Quotas of the product, of an API and of an operation are counters of their own.
// What exceeds one is answered with 403, the reason QuotaExceeded and Retry-After.
//
// Spec: https://learn.microsoft.com/azure/api-management/quota-policy
// Ours: bandwidth counts the bodies of requests and responses, when they have been
// sent: it is the next call that is refused. A window without end has no Retry-After,
// and its message no time. An api or operation without a renewal-period has that of
// the element around it.
var Quota = pipeline.Policy{
	Name:     "quota",
	Summary:  "Limits the calls and the bandwidth of a subscription in fixed windows.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.Product,
	Once:     true,
	Example:  `<quota calls="10000" bandwidth="40000" renewal-period="3600" />`,
	New:      func() pipeline.Step { return new(quota) },
}

type quota struct {
	Period int64 `attr:"renewal-period,required" range:"0 4000000000"`
	volume
	APIs []*quotaAPI `child:"api"`
}

type quotaAPI struct {
	quotaPart
	Operations []*quotaPart `child:"operation"`
}

type quotaPart struct {
	selector
	Period int64 `attr:"renewal-period" range:"0 4000000000"`
	volume

	timed bool // has a period of its own
}

// volume are the attributes that say how much a window allows.
type volume struct {
	Calls     int64 `attr:"calls" range:"0"`
	Bandwidth int64 `attr:"bandwidth" range:"0 4000000000000"`

	calls, bandwidth bool // which of them are limited
	period           time.Duration
}

// check reads which limits the document gives.
func (v *volume) check(c *pipeline.Check, period int64) {
	e := c.Element()
	v.calls, v.bandwidth = e.Attr("calls") != nil, e.Attr("bandwidth") != nil
	if !v.calls && !v.bandwidth {
		c.Errorf(nil, "missing-attribute", `<%s> wants an attribute "calls" or "bandwidth"`, e.Name)
	}
	v.period = time.Duration(period) * time.Second
}

// Check implements pipeline.Checker.
func (q *quotaPart) Check(c *pipeline.Check) {
	q.selector.check(c)
	q.timed = c.Element().Attr("renewal-period") != nil
	q.volume.check(c, q.Period)
}

// Check gives the operations the period of their API.
func (q *quotaAPI) Check(c *pipeline.Check) {
	q.quotaPart.Check(c)
	q.lend()
}

func (q *quotaAPI) lend() {
	for _, o := range q.Operations {
		if !o.timed {
			o.period = q.period
		}
	}
}

// Check gives the APIs the period of the quota.
func (q *quota) Check(c *pipeline.Check) {
	q.volume.check(c, q.Period)
	for _, a := range q.APIs {
		if !a.timed {
			a.period = q.period
			a.lend()
		}
	}
}

func (q *quota) Run(x *pipeline.Exchange) error {
	if x.Subscription == nil {
		return nil
	}
	key := "quota\x00" + subscriptionKey(x, pipeline.Product)
	start := subscriptionStart(x)
	err := q.spend(x, key, start)
	api, op := x.Route.API, x.Route.Operation
	for _, a := range q.APIs {
		if !a.names(api.ID, api.Name) {
			continue
		}
		key := key + "\x00api\x00" + api.ID
		if inner := a.spend(x, key, start); err == nil {
			err = inner
		}
		for _, o := range a.Operations {
			if !o.names(op.ID, op.Name) {
				continue
			}
			if inner := o.spend(x, key+"\x00operation\x00"+op.ID, start); err == nil {
				err = inner
			}
		}
	}
	return err
}

// subscriptionStart is when the windows of a subscription begin.
func subscriptionStart(x *pipeline.Exchange) time.Time {
	if s := x.Subscription.StartDate; s != nil {
		return s.Time()
	}
	if x.Subscription.CreatedDate == (clr.DateTime{}) {
		return time.Time{}
	}
	return x.Subscription.CreatedDate.Time()
}

// spend counts a call, and later its bytes, and refuses it if there is no more.
func (v *volume) spend(x *pipeline.Exchange, key string, start time.Time) error {
	counters, now := x.Services.Counters, x.Services.Now()
	var fault error
	if v.bandwidth {
		used, reset := counters.Fixed(key+"\x00bandwidth", now, start, v.period, 0)
		if used >= v.Bandwidth*1024 {
			fault = quotaExceeded("Out of bandwidth quota.", reset, v.period)
		}
		countBytes(x, func(n int64) {
			counters.Fixed(key+"\x00bandwidth", x.Services.Now(), start, v.period, n)
		})
	}
	if v.calls {
		used, reset := counters.Fixed(key+"\x00calls", now, start, v.period, 1)
		if used >= v.Calls {
			fault = quotaExceeded("Out of call volume quota.", reset, v.period)
		}
	}
	return fault
}

// quotaExceeded is the Fault of a quota that is used up for another reset.
func quotaExceeded(message string, reset, period time.Duration) error {
	f := &pipeline.Fault{Status: 403, Reason: "QuotaExceeded", Message: message}
	if period > 0 {
		seconds := secondsUp(reset)
		left := clr.TimeSpan(seconds) * clr.Second
		f.Message += " Quota will be replenished in " + left.String() + "."
		f.Header = []pipeline.Field{{Name: "Retry-After", Value: decimalText(seconds)}}
	}
	return f
}
