package builtins

import (
	"time"

	"sekisho/engine/pipeline"
)

// RateLimit limits the calls of a subscription in a sliding window.
//
//	<rate-limit calls="20" renewal-period="90" remaining-calls-variable-name="left">
//	  <api name="orders" calls="10" renewal-period="90">
//	    <operation name="create" calls="5" renewal-period="90" />
//	  </api>
//	</rate-limit>
//
// It has no effect on calls without a subscription key. The limits of the product, of
// an API and of an operation are counters of their own, and all must allow the call;
// api and operation are found by id, else by name. renewal-period is in seconds, 300
// at most. Too many calls are answered with 429, the reason RateLimitExceeded and
// Retry-After, or the header that is named instead. Nothing here takes an expression.
//
// Spec: https://learn.microsoft.com/azure/api-management/rate-limit-policy
// Ours: refused calls count as well, as the page says; Retry-After is how long it
// takes if no more come. What remains is told of the outer limit. An api or operation
// without a renewal-period has that of the element around it.
var RateLimit = pipeline.Policy{
	Name:     "rate-limit",
	Summary:  "Limits the calls of a subscription in a sliding window.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.Product | pipeline.API | pipeline.Operation,
	Once:     true,
	Example:  `<rate-limit calls="20" renewal-period="90" remaining-calls-variable-name="remainingCallsPerSubscription" />`,
	New:      func() pipeline.Step { return new(rateLimit) },
}

type rateLimit struct {
	Calls  int64 `attr:"calls,required" range:"0"`
	Period int64 `attr:"renewal-period,required" range:"1 300"`
	reports
	APIs []*rateLimitAPI `child:"api"`

	scope pipeline.Scope
}

type rateLimitAPI struct {
	selector
	Calls      int64            `attr:"calls,required" range:"0"`
	Period     int64            `attr:"renewal-period" range:"1 300"`
	Operations []*rateLimitPart `child:"operation"`
}

type rateLimitPart struct {
	selector
	Calls  int64 `attr:"calls,required" range:"0"`
	Period int64 `attr:"renewal-period" range:"1 300"`
}

// selector names an API or an operation.
type selector struct {
	ID   string `attr:"id"`
	Name string `attr:"name"`
}

// names tells whether the selector means what has this id and name.
func (s *selector) names(id, name string) bool {
	if s.ID != "" {
		return s.ID == id
	}
	return s.Name == name
}

func (s *selector) check(c *pipeline.Check) {
	if s.ID == "" && s.Name == "" {
		c.Errorf(nil, "missing-attribute", `<%s> wants an attribute "name" or "id"`, c.Element().Name)
	}
}

// Check implements pipeline.Checker.
func (a *rateLimitAPI) Check(c *pipeline.Check) { a.check(c) }

// Check implements pipeline.Checker.
func (p *rateLimitPart) Check(c *pipeline.Check) { p.check(c) }

// Check gives the inner limits their periods.
func (r *rateLimit) Check(c *pipeline.Check) {
	r.scope = c.Scope()
	for _, a := range r.APIs {
		if a.Period == 0 {
			a.Period = r.Period
		}
		for _, o := range a.Operations {
			if o.Period == 0 {
				o.Period = a.Period
			}
		}
	}
}

func (r *rateLimit) Run(x *pipeline.Exchange) error {
	if x.Subscription == nil {
		return nil
	}
	key := "rate-limit\x00" + subscriptionKey(x, r.scope)
	remaining, retry, ok := slide(x, key, r.Calls, r.Period)
	api, op := x.Route.API, x.Route.Operation
	for _, a := range r.APIs {
		if !a.names(api.ID, api.Name) {
			continue
		}
		key := key + "\x00api\x00" + api.ID
		_, wait, in := slide(x, key, a.Calls, a.Period)
		retry, ok = max(retry, wait), ok && in
		for _, o := range a.Operations {
			if o.names(op.ID, op.Name) {
				_, wait, in := slide(x, key+"\x00operation\x00"+op.ID, o.Calls, o.Period)
				retry, ok = max(retry, wait), ok && in
			}
		}
	}
	r.report(x, r.Calls, remaining)
	if !ok {
		return r.exceeded(x, retry)
	}
	return nil
}

func slide(x *pipeline.Exchange, key string, calls, period int64) (int64, time.Duration, bool) {
	return x.Services.Counters.Slide(key, x.Services.Now(), time.Duration(period)*time.Second, calls, 1)
}

// subscriptionKey names what a limit by subscription in a document of a scope counts:
// the subscription and what the document is attached to.
func subscriptionKey(x *pipeline.Exchange, scope pipeline.Scope) string {
	key := x.Subscription.ID + "\x00" + scope.String()
	switch scope {
	case pipeline.Product:
		if x.Product != nil {
			key += "\x00" + x.Product.ID
		}
	case pipeline.API:
		key += "\x00" + x.Route.API.ID
	case pipeline.Operation:
		key += "\x00" + x.Route.API.ID + "\x00" + x.Route.Operation.ID
	}
	return key
}
