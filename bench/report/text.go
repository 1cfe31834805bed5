package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is rows of cells; the first row is the head. Numbers are to the right.
type table [][]string

func (r *Report) figures() table {
	t := table{{"from when it was due", "requests/s", "CPU µs/request", "p50", "p90", "p99", "p99.9", "max", "errors", "wrong"}}
	if r.Load.Stream {
		t[0][1], t[0][2] = "events/s", "CPU µs/event"
	}
	for _, s := range r.Subjects {
		cpu := "–"
		if s.CPU != nil {
			cpu = fmt.Sprintf("%s (%s to %s)", number(s.CPU.Median), number(s.CPU.Low), number(s.CPU.High))
		}
		q := s.Latency
		t = append(t, []string{s.Name, number(s.PerSecond.Median), cpu, micros(q.P50), micros(q.P90), micros(q.P99), micros(q.P999), micros(q.Max),
			fmt.Sprint(total(s.Errors)), fmt.Sprint(total(s.Wrong))})
	}
	return t
}

// added is what each process adds to the 99th percentile, cycle by cycle.
func (r *Report) added() table {
	t := table{{"added to the p99 of direct", "median of the cycles", "95 % interval", "least", "most", "over all requests"}}
	for _, s := range r.Subjects {
		if a, all, ok := r.AddedP99(s); ok {
			t = append(t, []string{s.Name, signed(a.Median), signed(a.Low) + " to " + signed(a.High), signed(a.Min), signed(a.Max), signed(all)})
		}
	}
	return t
}

// sweep is what the search for the knee saw.
func (r *Report) sweep() table {
	t := table{{"looking for the knee, requests/s", "p50", "p99"}}
	for _, x := range r.Load.Sweep {
		t = append(t, []string{number(x.Rate), micros(x.P50), micros(x.P99)})
	}
	return t
}

func signed(us float64) string {
	if us < 0 {
		return "-" + micros(-us)
	}
	return micros(us)
}

// services are the latencies from when requests were sent: what a client sees that does
// not mind when it is served.
func (r *Report) services() table {
	t := table{{"from when it was sent", "p50", "p90", "p99", "p99.9", "max"}}
	for _, s := range r.Subjects {
		q := s.Service
		t = append(t, []string{s.Name, micros(q.P50), micros(q.P90), micros(q.P99), micros(q.P999), micros(q.Max)})
	}
	return t
}

func (r *Report) resources() table {
	t := table{{"", "memory at start", "peak", "allocations/request", "bytes/request", "start", "busy", "generator", "backend µs/request"}}
	for _, s := range r.Subjects {
		row := []string{s.Name, mebibytes(s.MemoryStart), mebibytes(s.MemoryPeak), "–", "–", "–", "–", fmt.Sprintf("%.0f %%", 100*s.GeneratorLoad), number(s.BackendCPU)}
		if s.Role != Direct {
			row[6] = fmt.Sprintf("%.0f %%", 100*s.Busy)
		}
		if s.Allocs != nil {
			row[3], row[4] = number(*s.Allocs), number(*s.AllocBytes)
		}
		if s.StartMillis > 0 {
			row[5] = micros(s.StartMillis * 1000)
		}
		t = append(t, row)
	}
	return t
}

func (r *Report) comparisons() table {
	t := table{{"CPU per request", "÷ the gateway's", "95 % interval", "cycles"}}
	for _, x := range r.Ratios {
		t = append(t, []string{x.Of, fmt.Sprintf("%.2f", x.Value.Median), fmt.Sprintf("%.2f to %.2f", x.Value.Low, x.Value.High), fmt.Sprint(len(x.Cycles))})
	}
	return t
}

// facts are the lines above the tables: name and value.
func (r *Report) facts() [][2]string {
	m, l := r.Machine, r.Load
	loop := fmt.Sprintf("closed loop, %s", count(int64(l.Connections), "connection"))
	if l.Rate > 0 {
		loop = fmt.Sprintf("open loop, %s requests a second over %s", number(l.Rate), count(int64(l.Connections), "connection"))
		if l.Knee > 0 {
			loop += fmt.Sprintf(" (%.0f %% of the knee at %s, up to which half of the requests take less than twice their best; a closed loop achieved %s)", 100*l.Rate/l.Knee, number(l.Knee), number(l.Most))
		}
	}
	machine := fmt.Sprintf("%s, %s, %d MiB, %s", m.CPU, count(int64(m.CPUs), "CPU"), m.MemoryMiB, m.Kernel)
	for _, s := range []string{m.Governor, m.CgroupCPU} {
		if s != "" {
			machine += ", " + s
		}
	}
	var versions []string
	for _, k := range slices.Sorted(maps.Keys(r.Versions)) {
		versions = append(versions, k+" "+r.Versions[k])
	}
	for _, s := range r.Subjects {
		if s.Role == Peer && s.Version != "" {
			versions = append(versions, s.Name+" "+s.Version)
		}
	}
	placed := fmt.Sprintf("each process under test on %s, generator and backend on %s", cpus(m.SubjectCPUs), cpus(m.LoadCPUs))
	if m.LoadAverage != "" {
		placed += "; load average before the run " + m.LoadAverage
	}
	if o := m.Others; o != nil {
		placed += fmt.Sprintf("; meanwhile other programs took %.0f %% and %.0f %% of them", 100*o.Subjects, 100*o.Loads)
		if o.Stolen >= 0.005 {
			placed += fmt.Sprintf(", and the host kept back %.0f %%", 100*o.Stolen)
		}
	}
	hashes := "scenario " + r.Hashes.Scenario
	if r.Hashes.Folder != "" {
		hashes += ", folder " + r.Hashes.Folder
	}
	out := [][2]string{
		{"machine", machine},
		{"processors", placed},
		{"versions", strings.Join(versions, ", ")},
		{"hashes", hashes + ", program " + r.Hashes.Program},
		{"load", loop},
		{"method", fmt.Sprintf("%s of %s slices, shuffled; warm-up %s", count(int64(l.Cycles), "cycle"), micros(l.SliceMillis*1000), micros(l.Warmup*1000))},
		{"started", r.Started},
	}
	if once := r.once(); once != "" {
		out = append(out, [2]string{"each text once", once})
	}
	for _, s := range r.Subjects {
		if s.ReloadMillis != nil {
			out = append(out, [2]string{"reloads", fmt.Sprintf("%s took %s each, at most %s, under load", s.Name, micros(s.ReloadMillis.Median*1000), micros(s.ReloadMillis.Max*1000))})
		}
	}
	return out
}

// once says how far each process was led through the values whose texts are used once, and
// whether they began anew.
func (r *Report) once() string {
	var out []string
	for _, s := range r.Subjects {
		for _, o := range s.Once {
			text := fmt.Sprintf("%s was sent %d of %d of %s", s.Name, o.Used, o.Of, o.Value)
			if o.Used > o.Of {
				text = fmt.Sprintf("%s was sent all %d of %s and %d of them again", s.Name, o.Of, o.Value, o.Used-o.Of)
			}
			out = append(out, text)
		}
	}
	return strings.Join(out, "; ")
}

func cpus(list []int) string {
	if len(list) == 0 {
		return "all CPUs"
	}
	var s []string
	for _, n := range list {
		s = append(s, fmt.Sprint(n))
	}
	return "CPU " + strings.Join(s, ", ")
}

// WriteText writes the report for a terminal.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", r.Scenario)
	if r.Description != "" {
		fmt.Fprintf(&b, ": %s", r.Description)
	}
	b.WriteString("\n\n")
	for _, f := range r.facts() {
		fmt.Fprintf(&b, "  %-10s  %s\n", f[0], f[1])
	}
	for _, t := range []table{r.figures(), r.added(), r.services(), r.resources(), r.comparisons(), r.sweep()} {
		if len(t) > 1 {
			b.WriteByte('\n')
			t.text(&b)
		}
	}
	b.WriteByte('\n')
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "void: %s [%s]\n", f.Text, f.Code)
	}
	if r.Headline != "" {
		fmt.Fprintf(&b, "=> %s\n", r.Headline)
	} else {
		b.WriteString("=> no headline: this run proves nothing\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t table) text(b *strings.Builder) {
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString("  " + cell + pad)
				continue
			}
			line.WriteString("  " + pad + cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// WriteMarkdown writes the report as Markdown; chart is the file name of the SVG chart, ""
// for none.
func (r *Report) WriteMarkdown(w io.Writer, chart string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", r.Scenario)
	if r.Description != "" {
		fmt.Fprintf(&b, "%s\n\n", r.Description)
	}
	if r.Headline != "" {
		fmt.Fprintf(&b, "**%s**\n\n", r.Headline)
	} else {
		b.WriteString("**No headline: this run proves nothing.**\n\n")
	}
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "- void: %s (`%s`)\n", f.Text, f.Code)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "- note: %s\n", n)
	}
	if len(r.Faults)+len(r.Notes) > 0 {
		b.WriteByte('\n')
	}
	for _, t := range []table{r.figures(), r.added(), r.services(), r.resources(), r.comparisons(), r.sweep()} {
		if len(t) > 1 {
			t.markdown(&b)
			b.WriteByte('\n')
		}
	}
	if chart != "" {
		fmt.Fprintf(&b, "![Latency by quantile](%s)\n\n", chart)
	}
	for _, f := range r.facts() {
		fmt.Fprintf(&b, "- %s: %s\n", f[0], f[1])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteSummary writes faults, notes, the tables of figures and the facts, as Markdown without headings.
func (r *Report) WriteSummary(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "- void: %s (`%s`)\n", f.Text, f.Code)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "- note: %s\n", n)
	}
	if len(r.Faults)+len(r.Notes) > 0 {
		b.WriteByte('\n')
	}
	for _, t := range []table{r.figures(), r.added(), r.comparisons()} {
		if len(t) > 1 {
			t.markdown(&b)
			b.WriteByte('\n')
		}
	}
	for _, f := range r.facts() {
		fmt.Fprintf(&b, "- %s: %s\n", f[0], f[1])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t table) markdown(b *strings.Builder) {
	for i, row := range t {
		cells := slices.Clone(row)
		for j := range cells {
			cells[j] = strings.ReplaceAll(cells[j], "|", `\|`)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		if i == 0 {
			b.WriteString("|---|" + strings.Repeat("---:|", len(row)-1) + "\n")
		}
	}
}
