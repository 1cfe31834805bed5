package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sekisho/bench/report"
	"sekisho/bench/scenario"

	yaml "go.yaml.in/yaml/v4"
)

// Campaign is a table of scenarios, each measured beside other programs, with what the
// gateway is to achieve.
//
//	rows:
//	  - name: no-policy
//	    scenario: ../scenarios/no-policy.yaml
//	    title: No policy
//	    targets:
//	      - { peer: nginx, atLeast: 0.80 }        # CPU per request, the peer's ÷ ours
//	      - { figure: startMillis, atMost: 300 }  # a figure of the gateway itself
//
// Peers are files NAME.yaml in the campaign's folder. The figures are startMillis,
// reloadMillis, memoryStartMiB, memoryPeakMiB, memoryAddedMiB, allocations, addedP99Millis and failures.
type Campaign struct {
	Rows []*Row `yaml:"rows"`
}

// Row is one run of a campaign.
type Row struct {
	Name    string   `yaml:"name"`
	Title   string   `yaml:"title"`
	File    string   `yaml:"scenario"`
	Targets []Target `yaml:"targets"`

	scenario *scenario.Scenario
	peers    []*Peer
}

// Target is what a row is to achieve: beside a peer, or in a figure of the gateway. A peer
// without a bound is measured for information.
type Target struct {
	Peer    string  `yaml:"peer"`
	Figure  string  `yaml:"figure"`
	AtLeast float64 `yaml:"atLeast"`
	AtMost  float64 `yaml:"atMost"`
}

// Scenario is what the row measures.
func (r *Row) Scenario() *scenario.Scenario { return r.scenario }

// Peers are the other programs of the row.
func (r *Row) Peers() []*Peer { return r.peers }

// figures are what a Target may bound, of a report of the gateway; false where it does not
// say.
var figures = map[string]func(*report.Report) (float64, bool){
	"startMillis": gatewayFigure(func(g *report.Subject) (float64, bool) { return g.StartMillis, g.StartMillis > 0 }),
	"reloadMillis": gatewayFigure(func(g *report.Subject) (float64, bool) {
		if g.ReloadMillis == nil {
			return 0, false
		}
		return g.ReloadMillis.Max, true
	}),
	"memoryPeakMiB":  gatewayFigure(func(g *report.Subject) (float64, bool) { return float64(g.MemoryPeak) / (1 << 20), g.MemoryPeak > 0 }),
	"memoryStartMiB": gatewayFigure(func(g *report.Subject) (float64, bool) { return float64(g.MemoryStart) / (1 << 20), g.MemoryStart > 0 }),
	"memoryAddedMiB": gatewayFigure(func(g *report.Subject) (float64, bool) {
		return float64(g.MemoryPeak-g.MemoryStart) / (1 << 20), g.MemoryPeak > 0
	}),
	"allocations": gatewayFigure(func(g *report.Subject) (float64, bool) {
		if g.Allocs == nil {
			return 0, false
		}
		return *g.Allocs, true
	}),
	"failures": gatewayFigure(func(g *report.Subject) (float64, bool) {
		n := int64(0)
		for _, m := range []map[string]int64{g.Errors, g.Wrong} {
			for _, v := range m {
				n += v
			}
		}
		return float64(n), true
	}),
	"addedP99Millis": func(r *report.Report) (float64, bool) {
		a, _, ok := r.AddedP99(r.Subject(report.Gateway))
		return a.Median / 1000, ok
	},
}

func gatewayFigure(f func(*report.Subject) (float64, bool)) func(*report.Report) (float64, bool) {
	return func(r *report.Report) (float64, bool) {
		if g := r.Subject(report.Gateway); g != nil {
			return f(g)
		}
		return 0, false
	}
}

// ReadCampaign reads a campaign with its scenarios and peers.
func ReadCampaign(name string) (*Campaign, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	c := &Campaign{}
	if err := yaml.Load(data, c, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	dir := filepath.Dir(name)
	for i, r := range c.Rows {
		if r == nil || r.Name == "" || strings.ContainsAny(r.Name, `/\ `) || r.File == "" {
			return nil, fmt.Errorf("%s: row %d wants a name, which becomes a file's, and a scenario", name, i+1)
		}
		if r.Title == "" {
			r.Title = r.Name
		}
		if r.scenario, err = scenario.ReadFile(filepath.Join(dir, r.File)); err != nil {
			return nil, err
		}
		for _, t := range r.Targets {
			if err := r.complete(dir, t); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, r.Name, err)
			}
		}
	}
	return c, nil
}

func (r *Row) complete(dir string, t Target) error {
	if (t.Peer == "") == (t.Figure == "") {
		return errors.New("a target is of a peer or of a figure")
	}
	if t.Figure != "" {
		if figures[t.Figure] == nil {
			return fmt.Errorf("there is no figure %q", t.Figure)
		}
		return nil
	}
	for _, p := range r.peers {
		if p.Name == t.Peer {
			return nil
		}
	}
	p, err := ReadPeer(filepath.Join(dir, t.Peer+".yaml"))
	if err != nil {
		return err
	}
	if p.Name != t.Peer {
		return fmt.Errorf("the peer in %s.yaml calls itself %q", t.Peer, p.Name)
	}
	r.peers = append(r.peers, p)
	return nil
}

// WriteTable writes the Markdown table of all results there are in a folder.
func (c *Campaign) WriteTable(results, file string) error {
	var b strings.Builder
	b.WriteString(`# Results

Processor time per request, the peer's ÷ the gateway's, in one run in which all are alive: above
1 the gateway is cheaper. Medians of the ratios of all cycles, with the interval that holds the
true median in 95 of 100 runs. Written by ` + "`sekisho bench peers`" + ` (bench/peers.sh); the raw data
is in results/, the method in README.md.

| scenario | against | target | measured | interval | |
|---|---|---:|---:|---:|---|
`)
	var reports []*report.Report
	for _, row := range c.Rows {
		r, err := report.ReadFile(filepath.Join(results, row.Name+".json"))
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(&b, "| %s | | | not measured | | |\n", row.Title)
			continue
		}
		if err != nil {
			return err
		}
		reports = append(reports, r)
		for _, t := range row.Targets {
			b.WriteString(t.line(row.Title, r))
		}
	}
	b.WriteString("\n## The runs\n")
	for _, r := range reports {
		fmt.Fprintf(&b, "\n### %s\n\n", r.Scenario)
		if err := r.WriteSummary(&b); err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.Dir(file), filepath.Join(results, r.Scenario))
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		fmt.Fprintf(&b, "\n[report](%s.md), [raw data](%s.json), [latencies](%s.svg)\n", rel, rel, rel)
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

// line is the row of the table for a target.
func (t Target) line(title string, r *report.Report) string {
	against, bound, measured, interval, verdict := t.Peer, "–", "not measured", "", ""
	value, ok := 0.0, false
	if t.Figure != "" {
		against = t.Figure
		if value, ok = figures[t.Figure](r); ok {
			digits := 1
			if value < 10 {
				digits = 2
			}
			measured = fmt.Sprintf("%.*f", digits, value)
		}
	} else if x, found := r.Ratio(t.Peer); found {
		value, ok = x.Value.Median, true
		measured = fmt.Sprintf("%.2f", value)
		interval = fmt.Sprintf("%.2f to %.2f", x.Value.Low, x.Value.High)
	}
	met := true
	switch {
	case t.AtLeast > 0:
		bound, met = fmt.Sprintf("≥ %.2f", t.AtLeast), value >= t.AtLeast
	case t.AtMost > 0 || t.Figure == "failures":
		bound, met = fmt.Sprintf("≤ %g", t.AtMost), value <= t.AtMost
	default:
		verdict = "for information"
	}
	switch {
	case !ok:
		verdict = ""
	case len(r.Faults) > 0:
		verdict = "void: " + r.Faults[0].Code
	case verdict != "":
	case r.Load.Cycles < report.MinCycles:
		verdict = "too few cycles"
	case met:
		verdict = "met"
	default:
		verdict = "**missed**"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", title, against, bound, measured, interval, verdict)
}
