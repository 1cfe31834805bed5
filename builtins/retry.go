package builtins

import (
	"encoding/binary"
	"io"
	"math"
	"time"

	"sekisho/engine/pipeline"
)

// Retry runs its children again so long as a condition holds.
//
//	<retry condition="@(context.Response.StatusCode >= 500)" count="3" interval="1"
//	       max-interval="10" delta="2" first-fast-retry="true">…</retry>
//
// Children run once, and then at most count times more, each time after condition was
// found true and a pause. The pause before retry n (the first is 0) is
//
//   - interval alone: interval;
//   - interval and delta: interval + n·delta;
//   - interval, delta and max-interval: interval + (2ⁿ − 1)·delta·r, r at random from
//     0.8 to 1.2, and at most max-interval;
//   - interval and max-interval: interval, at most max-interval.
//
// A failing child is not retried: its Fault goes to on-error. Any policy but wait may
// stand inside.
//
// Spec: https://learn.microsoft.com/azure/api-management/retry-policy
// Ours: the page contradicts itself on the exponential pause; we follow its worked
// example, which is also what Azure's SDK did. interval, delta and max-interval are
// evaluated before every pause, so that they may follow a Retry-After. A computed
// count outside 0 to 50 counts as the nearer of the two.
var Retry = pipeline.Policy{
	Name:     "retry",
	Summary:  "Runs its children again so long as a condition holds.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<retry condition="@(context.Response.StatusCode == 503)" count="3" interval="1" first-fast-retry="true">
  <set-variable name="attempt" value="@(context.Variables.GetValueOrDefault&lt;int&gt;(&quot;attempt&quot;) + 1)" />
</retry>`,
	New: func() pipeline.Step { return new(retry) },
}

const maxRetries = 50

type retry struct {
	Condition   pipeline.Bool     `attr:"condition,required"`
	Count       pipeline.Int      `attr:"count,required" range:"1 50"`
	Interval    pipeline.Float    `attr:"interval,required" range:"0"`
	MaxInterval pipeline.Float    `attr:"max-interval" range:"0"`
	Delta       pipeline.Float    `attr:"delta" range:"0"`
	FirstFast   pipeline.Bool     `attr:"first-fast-retry" default:"false"`
	Steps       pipeline.Pipeline `steps:"*"`
}

// Check refuses wait, which may not stand in retry.
func (r *retry) Check(c *pipeline.Check) {
	for e := range c.Element().Elements() {
		if e.Name == "wait" {
			c.Diags().Errorf(e.NameRange, "misplaced-policy", "<wait> may not stand in <retry>")
		}
	}
}

func (r *retry) Run(x *pipeline.Exchange) error {
	count, err := r.Count.Get(x)
	if err != nil {
		return err
	}
	count = min(max(count, 0), maxRetries)
	for n := int64(0); ; n++ {
		if err := r.Steps.Run(x); err != nil {
			return err
		}
		if n == count {
			return nil
		}
		if again, err := r.Condition.Get(x); err != nil || !again {
			return err
		}
		pause, err := r.pause(x, n)
		if err != nil {
			return err
		}
		if pause <= 0 {
			if err := x.Context.Err(); err != nil {
				return gone(err)
			}
			continue
		}
		if err := x.Services.Sleep(x.Context, pause); err != nil {
			return gone(err)
		}
	}
}

// pause is the time to wait before retry n.
func (r *retry) pause(x *pipeline.Exchange, n int64) (time.Duration, error) {
	if n == 0 {
		if fast, err := r.FirstFast.Get(x); err != nil || fast {
			return 0, err
		}
	}
	interval, err := r.Interval.Get(x)
	if err != nil {
		return 0, err
	}
	delta, err := r.Delta.Get(x)
	if err != nil {
		return 0, err
	}
	most, err := r.MaxInterval.Get(x)
	if err != nil {
		return 0, err
	}
	jitter := 1.0
	if r.Delta.IsSet() && r.MaxInterval.IsSet() {
		if jitter, err = random(x.Services.Rand, 0.8, 1.2); err != nil {
			return 0, err
		}
	}
	return seconds(retryPause(n, interval, delta, most, r.Delta.IsSet(), r.MaxInterval.IsSet(), jitter)), nil
}

// retryPause is the pause before retry n, in seconds.
func retryPause(n int64, interval, delta, most float64, hasDelta, hasMost bool, jitter float64) float64 {
	switch {
	case hasDelta && hasMost:
		interval += (math.Pow(2, float64(n)) - 1) * delta * jitter
	case hasDelta:
		interval += float64(n) * delta
	}
	if hasMost {
		interval = min(interval, most)
	}
	return interval
}

// seconds is a number of seconds as a Duration, within what one can hold.
func seconds(s float64) time.Duration {
	const most = float64(math.MaxInt64 / int64(time.Second))
	return time.Duration(min(max(s, 0), most-1) * float64(time.Second))
}

// random draws a number from lo to hi.
func random(src io.Reader, lo, hi float64) (float64, error) {
	var b [8]byte
	if _, err := io.ReadFull(src, b[:]); err != nil {
		return 0, err
	}
	return lo + (hi-lo)*float64(binary.LittleEndian.Uint64(b[:])>>11)/(1<<53), nil
}
