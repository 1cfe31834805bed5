package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bounds of what may be believed.
const (
	// PairLow and PairHigh are what the ratio of a process with itself must be between.
	PairLow, PairHigh = 0.93, 1.07
	// maxGenerator is the share of the processor time it could have that a generator may
	// take; above it, it is measured and not the gateway, unless that was as busy.
	maxGenerator = 0.90
	// minBusyPeer is how busy another program must have been all the same: its requests
	// per second are then too low, but what one costs it is not far from the truth.
	minBusyPeer = 0.60
	// maxLag is how late a generator may start requests, in microseconds, and
	// minDue the share of an open loop's requests that must be answered.
	maxLag = 2000
	minDue = 0.99
	// minKnee is the share of what a closed loop achieved below which no knee is believed.
	minKnee = 0.5
	// maxErrors is the share of requests that may go without an answer.
	maxErrors = 0.001
	// maxOthers is the share of the processors that other programs may take before it is
	// worth a note.
	maxOthers = 0.10
	// MinCycles is how many cycles a comparison wants, to be one.
	MinCycles = 12
)

// Codes of faults.
const (
	WrongAnswers = "wrong-answers"
	NoAnswers    = "no-answers"
	Saturated    = "generator-saturated"
	Restless     = "pair-apart"
	Behind       = "rate-not-reached"
	Repeated     = "values-repeated"
	KneeUnclear  = "knee-unclear"
)

// judge says what is wrong with a run.
func (r *Report) judge() {
	r.Faults, r.Notes = []Fault{}, nil
	fault := func(code, format string, args ...any) {
		r.Faults = append(r.Faults, Fault{code, fmt.Sprintf(format, args...)})
	}
	cycles := 0
	for _, s := range r.Subjects {
		cycles = max(cycles, len(s.Slices))
		if s.Requests == 0 {
			fault(NoAnswers, "%s answered nothing", s.Name)
			continue
		}
		if n := total(s.Wrong); n > 0 {
			text := fmt.Sprintf("%s gave %s of %d (%s)", s.Name, count(n, "wrong answer"), s.Checked, classes(s.Wrong))
			if s.FirstBad != "" {
				text += "; the first: " + s.FirstBad
			}
			fault(WrongAnswers, "%s", text)
		}
		if n, all := total(s.Errors), total(s.Errors)+s.Requests; float64(n) > maxErrors*float64(all) {
			fault(NoAnswers, "%s left %s of %d without an answer (%s)", s.Name, count(n, "request"), all, classes(s.Errors))
		}
		r.saturation(s, fault)
		if s.LagP99 > maxLag {
			fault(Saturated, "while it measured %s the generator started one request in a hundred more than %s late although a connection was free", s.Name, micros(s.LagP99))
		}
		if r.Load.Rate > 0 && s.DueShare < minDue {
			fault(Behind, "%s answered %.1f %% of the requests that were due", s.Name, 100*s.DueShare)
		}
		for _, o := range s.Once {
			if o.Used > o.Of {
				fault(Repeated, "%s was sent %d texts of %s, of which there are %d: it has seen some before; measure for a shorter time, or make more", s.Name, o.Used, o.Value, o.Of)
			}
		}
	}
	if l := r.Load; l.Most > 0 && l.Knee < minKnee*l.Most {
		fault(KneeUnclear, "latencies rose at %s requests a second already, when a closed loop achieved %s: the machine was too restless to find the knee", number(l.Knee), number(l.Most))
	}
	if twin := r.Subject(Twin); twin != nil {
		if pair, ok := r.Ratio(twin.Name); ok && (pair.Value.Median < PairLow || pair.Value.Median > PairHigh) {
			fault(Restless, "the gateway beside itself came to a ratio of %.2f, and not to between %.2f and %.2f: the machine was too restless", pair.Value.Median, PairLow, PairHigh)
		}
	} else {
		r.Notes = append(r.Notes, "there was no second process of the gateway to compare it with itself")
	}
	if o := r.Machine.Others; o != nil && max(o.Subjects, o.Loads, o.Stolen) > maxOthers {
		r.Notes = append(r.Notes, fmt.Sprintf("the machine was not idle: other programs took %.0f %% of the processors of what was measured and %.0f %% of the generator's, the host %.0f %%", 100*o.Subjects, 100*o.Loads, 100*o.Stolen))
	}
	if cycles < MinCycles {
		r.Notes = append(r.Notes, fmt.Sprintf("%s: ratios want at least %d", count(int64(cycles), "cycle"), MinCycles))
	}
}

// saturation says when the generator, and not what it measured, was the bottleneck.
// Without a gateway a closed loop always ends there: that is the instrument's ceiling.
func (r *Report) saturation(s *Subject, fault func(code, format string, args ...any)) {
	if s.GeneratorLoad <= maxGenerator || s.Busy >= maxGenerator || s.Role == Direct && r.Load.Rate == 0 {
		return
	}
	text := fmt.Sprintf("the generator took %.0f %% of the processor time it could have while it measured %s, which was busy for %.0f %%", 100*s.GeneratorLoad, s.Name, 100*s.Busy)
	if s.Role == Peer && s.Busy >= minBusyPeer {
		r.Notes = append(r.Notes, text+": it could have answered more")
		return
	}
	fault(Saturated, "%s: that is a figure of the generator; use fewer connections, or give it more processors", text)
}

// headline is what the run came to.
func (r *Report) headline() string {
	g := r.Subject(Gateway)
	if g == nil || g.CPU == nil {
		return ""
	}
	what := "request"
	if r.Load.Stream {
		what = "event"
	}
	out := fmt.Sprintf("%s µs of CPU", number(g.CPU.Median))
	if g.Allocs != nil {
		out += fmt.Sprintf(" and %s allocations", number(*g.Allocs))
	}
	out += " per " + what
	switch added, _, ok := r.AddedP99(g); {
	case r.Load.Rate == 0:
		out += fmt.Sprintf("; %s %ss a second on %s", number(g.PerSecond.Median), what, cpus(r.Machine.SubjectCPUs))
	case ok:
		out += fmt.Sprintf("; at %s requests a second p99 %s, by the median of the cycles %s more than without it", number(r.Load.Rate), micros(g.Latency.P99), signed(added.Median))
	}
	return out
}

func total(m map[string]int64) int64 {
	var n int64
	for _, v := range m {
		n += v
	}
	return n
}

func classes(m map[string]int64) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s: %d", k, m[k]))
	}
	return strings.Join(out, ", ")
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// number shows three digits or all before the point.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// micros shows a time.
func micros(v float64) string {
	switch {
	case v >= 1e6:
		return number(v/1e6) + " s"
	case v >= 1e3:
		return number(v/1e3) + " ms"
	}
	return number(v) + " µs"
}

func mebibytes(n int64) string {
	if n == 0 {
		return "–"
	}
	return number(float64(n)/(1<<20)) + " MiB"
}
