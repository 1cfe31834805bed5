package builtins

import "sekisho/engine/pipeline"

// LimitConcurrency lets at most max-count requests be inside it at once.
//
//	<limit-concurrency key="@(context.Subscription.Id)" max-count="3">…</limit-concurrency>
//
// Policies with the same key share their places. Whoever finds none free fails at
// once with 429; nobody waits. A place is free again when the children have run,
// also if they failed.
//
// Spec: https://learn.microsoft.com/azure/api-management/limit-concurrency-policy
// Ours: the Reason and the Message of LastError are not documented. A response that is
// still streaming to the client holds no place.
var LimitConcurrency = pipeline.Policy{
	Name:     "limit-concurrency",
	Summary:  "Lets a limited number of requests be inside it at once.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<limit-concurrency key="@(context.Request.IpAddress)" max-count="3">
  <set-variable name="inside" value="yes" />
</limit-concurrency>`,
	New: func() pipeline.Step { return new(limitConcurrency) },
}

type limitConcurrency struct {
	Key      pipeline.String   `attr:"key,required"`
	MaxCount int64             `attr:"max-count,required" range:"1"`
	Steps    pipeline.Pipeline `steps:"*"`
}

func (l *limitConcurrency) Run(x *pipeline.Exchange) error {
	key, err := l.Key.Get(x)
	if err != nil {
		return err
	}
	leave, ok := x.Services.Counters.Enter("limit-concurrency\x00"+key, l.MaxCount)
	if !ok {
		return pipeline.Faultf(429, reasonConcurrency, "The limit of concurrent requests is exceeded.")
	}
	defer leave()
	return l.Steps.Run(x)
}
