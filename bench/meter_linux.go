package bench

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"sekisho/bench/load"
)

// Meter shows how a run goes: on a terminal in one line that changes, elsewhere a line per
// cycle. A nil Meter shows nothing.
type Meter struct {
	w    io.Writer
	live bool

	mu     sync.Mutex
	what   string
	before load.Progress
	last   time.Time
	width  int
}

// NewMeter makes a Meter; live is for terminals.
func NewMeter(w io.Writer, live bool) *Meter { return &Meter{w: w, live: live} }

// say names what is going on.
func (m *Meter) say(format string, args ...any) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.what, m.before, m.last = fmt.Sprintf(format, args...), load.Progress{}, time.Now()
	if m.live {
		m.line(m.what)
	} else {
		_, _ = fmt.Fprintln(m.w, m.what)
	}
}

// slice names the slice that begins; it is not worth a line of its own where lines stay.
func (m *Meter) slice(cycle, cycles int, name string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.what, m.before, m.last = fmt.Sprintf("cycle %d of %d  %s", cycle, cycles, name), load.Progress{}, time.Now()
	if m.live {
		m.line(m.what)
	}
}

// progress shows a slice so far.
func (m *Meter) progress(p load.Progress) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	rate := float64(p.Completed-m.before.Completed) / max(now.Sub(m.last).Seconds(), 1e-3)
	m.before, m.last = p, now
	if m.live {
		m.line(fmt.Sprintf("%s  %.0f/s  %d bad  p99 %s", m.what, rate, p.Bad, p.P99.Round(10*time.Microsecond)))
	}
}

// cycle shows how the contestants stand after a cycle.
func (m *Meter) cycle(cycle, cycles int, running []*contestant) {
	if m == nil || m.live {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, c := range running {
		s := c.Slices[len(c.Slices)-1]
		out = append(out, fmt.Sprintf("%s %.0f/s p99 %.2f ms", c.Name, float64(s.Requests)/s.Micros*1e6, float64(c.all.Latency.ValueAtPercentile(99))/1e6)+bad(c.all))
	}
	_, _ = fmt.Fprintf(m.w, "cycle %d of %d: %s\n", cycle, cycles, strings.Join(out, "; "))
}

func bad(r *load.Result) string {
	if n := r.WrongAnswers() + r.Failed(); n > 0 {
		return fmt.Sprintf(" %d bad", n)
	}
	return ""
}

// Done leaves the line.
func (m *Meter) Done() {
	if m == nil || !m.live {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.line("")
}

// line replaces the line.
func (m *Meter) line(s string) {
	pad := max(0, m.width-len(s))
	m.width = len(s)
	_, _ = fmt.Fprintf(m.w, "\r%s%s\r%s", s, strings.Repeat(" ", pad), s)
}
