package report

import (
	"fmt"
	"io"
	"strings"
)

// Outcome is what a comparison of two runs comes to.
type Outcome string

// The outcomes.
const (
	Better  Outcome = "better"
	Worse   Outcome = "worse"
	Same    Outcome = "same"
	Unknown Outcome = "unknown" // the two cannot be compared
)

// Comparison is a run beside an earlier one.
type Comparison struct {
	Outcome Outcome
	Reasons []string
	rows    table
}

// Compare sets a later run beside an earlier one of the same scenario. The outcome is that
// of the processor time per request of the gateway: a difference counts if it leaves the
// band in which a process differs from itself, and if the intervals of the two medians do
// not meet. Allocations, which do not depend on the machine, count beyond one in fifty.
func Compare(old, new *Report) *Comparison {
	c := &Comparison{rows: table{{"", "before", "after", "after ÷ before"}}}
	void := false
	for i, r := range []*Report{old, new} {
		for _, f := range r.Faults {
			void = true
			c.Reasons = append(c.Reasons, fmt.Sprintf("the run %s is void: %s", []string{"before", "after"}[i], f.Text))
		}
	}
	if old.Scenario != new.Scenario || old.Hashes.Scenario != new.Hashes.Scenario || old.Hashes.Folder != new.Hashes.Folder {
		void = true
		c.Reasons = append(c.Reasons, "the two runs are not of the same scenario and folder")
	}
	if old.Load.Rate != new.Load.Rate && old.Load.Knee == 0 || old.Load.Connections != new.Load.Connections {
		void = true
		c.Reasons = append(c.Reasons, "the two runs are not of the same load")
	}
	if old.Machine.CPU != new.Machine.CPU || old.Machine.CPUs != new.Machine.CPUs {
		void = true
		c.Reasons = append(c.Reasons, "the two runs are not of the same machine")
	}
	a, b := old.Subject(Gateway), new.Subject(Gateway)
	if a == nil || b == nil || a.CPU == nil || b.CPU == nil {
		c.Outcome = Unknown
		c.Reasons = append(c.Reasons, "one of the runs measured no gateway")
		return c
	}
	c.row("CPU µs/request", a.CPU.Median, b.CPU.Median, number)
	c.row("requests/s", a.PerSecond.Median, b.PerSecond.Median, number)
	c.row("p50", a.Latency.P50, b.Latency.P50, micros)
	c.row("p99", a.Latency.P99, b.Latency.P99, micros)
	c.row("p99.9", a.Latency.P999, b.Latency.P999, micros)
	c.row("peak memory", float64(a.MemoryPeak), float64(b.MemoryPeak), func(v float64) string { return mebibytes(int64(v)) })
	if a.Allocs != nil && b.Allocs != nil {
		c.row("allocations/request", *a.Allocs, *b.Allocs, number)
	}
	if x, y := old.Subject(Direct), new.Subject(Direct); x != nil && y != nil {
		c.row("backend µs/request, direct", x.BackendCPU, y.BackendCPU, number)
	}
	if void {
		c.Outcome = Unknown
		return c
	}
	c.Outcome = Same
	ratio := b.CPU.Median / a.CPU.Median
	switch {
	case ratio < PairLow && b.CPU.High < a.CPU.Low:
		c.Outcome = Better
		c.Reasons = append(c.Reasons, fmt.Sprintf("a request costs %.0f %% less CPU", 100*(1-ratio)))
	case ratio > PairHigh && b.CPU.Low > a.CPU.High:
		c.Outcome = Worse
		c.Reasons = append(c.Reasons, fmt.Sprintf("a request costs %.0f %% more CPU", 100*(ratio-1)))
	default:
		c.Reasons = append(c.Reasons, "the CPU per request differs by no more than a process does from itself")
	}
	c.allocations(a, b)
	return c
}

func (c *Comparison) allocations(a, b *Subject) {
	if a.Allocs == nil || b.Allocs == nil {
		return
	}
	d := *b.Allocs - *a.Allocs
	slack := max(0.5, *a.Allocs/50)
	switch {
	case d > slack:
		c.Reasons = append(c.Reasons, fmt.Sprintf("a request makes %s allocations more", number(d)))
		if c.Outcome == Same {
			c.Outcome = Worse
		}
	case d < -slack:
		c.Reasons = append(c.Reasons, fmt.Sprintf("a request makes %s allocations less", number(-d)))
		if c.Outcome == Same {
			c.Outcome = Better
		}
	}
}

func (c *Comparison) row(name string, a, b float64, show func(float64) string) {
	ratio := "–"
	if a > 0 {
		ratio = fmt.Sprintf("%.2f", b/a)
	}
	c.rows = append(c.rows, []string{name, show(a), show(b), ratio})
}

// WriteText writes the comparison for a terminal.
func (c *Comparison) WriteText(w io.Writer) error {
	var b strings.Builder
	if len(c.rows) > 1 {
		c.rows.text(&b)
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "=> %s", c.Outcome)
	for i, r := range c.Reasons {
		b.WriteString([]string{": ", "; "}[min(i, 1)] + r)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}
