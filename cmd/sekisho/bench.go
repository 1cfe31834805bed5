package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"sekisho/bench/report"
	"sekisho/bench/scenario"
)

// benchCommand is the load benchmark: bench/README.md explains it.
type benchCommand struct {
	Run     benchRun     `cmd:"" default:"withargs" help:"Measure a gateway folder under load."`
	Compare benchCompare `cmd:"" help:"Set a run beside an earlier one."`
	Peers   benchPeers   `cmd:"" help:"Measure the gateway beside other programs."`
	Backend benchBackend `cmd:"" hidden:"" help:"Be the backend of a benchmark."`
}

// benchLoad is what the command line may say otherwise than a scenario.
type benchLoad struct {
	Cycles int           `placeholder:"N" help:"So many cycles, instead of the scenario's."`
	Slice  time.Duration `placeholder:"TIME" help:"Slices so long, instead of the scenario's."`
	Warmup time.Duration `placeholder:"TIME" help:"A warm-up so long, instead of the scenario's."`
	CPUs   int           `name:"cpus" default:"1" placeholder:"N" help:"Processors for each process under test; the others are for the load."`
	Cache  string        `placeholder:"DIR" help:"Where signed tokens are kept for the next run. Default: in the user's cache folder."`
}

func (l benchLoad) apply(s *scenario.Scenario) {
	if l.Cycles > 0 {
		s.Load.Cycles = l.Cycles
	}
	if l.Slice > 0 {
		s.Load.Slice = l.Slice
	}
	if l.Warmup > 0 {
		s.Load.Warmup = l.Warmup
	}
}

func (l benchLoad) cache() string {
	if l.Cache != "" {
		return l.Cache
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // tokens are then signed anew each time
	}
	return filepath.Join(dir, "sekisho", "bench")
}

type benchRun struct {
	benchLoad
	Folder   string   `arg:"" optional:"" help:"The gateway's folder. Default: what the scenario names."`
	Scenario []string `required:"" placeholder:"FILE" help:"What to send and how; may be given several times."`
	Out      string   `placeholder:"DIR" help:"Write the reports here as well: JSON, Markdown and a chart (SVG) for each scenario."`
	Profile  bool     `help:"Write a profile of the gateway's processor time too, beside the reports of --out, for go tool pprof: of ten more seconds under the scenario's load."`
	Format   string   `enum:"text,json,markdown" default:"text" help:"What is printed: text, json or markdown."`
}

// Help implements kong's detailed help.
func (benchRun) Help() string {
	return `The gateway runs twice, in processes of its own, on a copy of the folder; a backend runs behind
it. Requests go to the two and straight to the backend in short slices in turn. A run whose
answers were wrong, whose generator was too slow, or whose two gateways differed, says so and
prints no headline: exit code 1.

  sekisho bench my-gateway --scenario checkout.yaml
  sekisho bench --scenario bench/scenarios/no-policy.yaml --out before --profile
  sekisho bench compare before/no-policy.json after/no-policy.json`
}

func (c benchRun) Run(io streams) error {
	var all []*scenario.Scenario
	for _, name := range c.Scenario {
		s, err := scenario.ReadFile(name)
		if err != nil {
			return &exitError{exitUsage, err}
		}
		c.apply(s)
		all = append(all, s)
	}
	if c.Profile && c.Out == "" {
		return usage("--profile wants --out, the folder to write the profile to")
	}
	void := false
	for i, s := range all {
		profile, err := c.profile(s.Name)
		if err != nil {
			return environment(err)
		}
		r, err := measure(io, c.benchLoad, s, c.Folder, nil, profile)
		if err != nil {
			return environment(err)
		}
		void = void || len(r.Faults) > 0
		if i > 0 && c.Format == "text" {
			fmt.Fprintln(io.out)
		}
		if err := c.print(io.out, r); err != nil {
			return environment(err)
		}
		if c.Out != "" {
			if err := writeReport(c.Out, r); err != nil {
				return environment(err)
			}
		}
	}
	if void {
		return findings()
	}
	return nil
}

// profile is the file of a scenario's profile, "" for none; its folder exists.
func (c benchRun) profile(scenario string) (string, error) {
	if !c.Profile {
		return "", nil
	}
	return filepath.Join(c.Out, scenario+".pprof"), os.MkdirAll(c.Out, 0o755)
}

func (c benchRun) print(w io.Writer, r *report.Report) error {
	switch c.Format {
	case "json":
		return r.WriteJSON(w)
	case "markdown":
		return r.WriteMarkdown(w, "")
	}
	return r.WriteText(w)
}

// writeReport writes a report in all its forms.
func writeReport(dir string, r *report.Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for ext, write := range map[string]func(io.Writer) error{
		".json": r.WriteJSON, ".svg": r.WriteSVG,
		".md": func(w io.Writer) error { return r.WriteMarkdown(w, r.Scenario+".svg") },
	} {
		f, err := os.Create(filepath.Join(dir, r.Scenario+ext))
		if err != nil {
			return err
		}
		err = write(f)
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type benchCompare struct {
	Before string `arg:"" type:"existingfile" help:"The JSON report of the earlier run."`
	After  string `arg:"" type:"existingfile" help:"That of the later one."`
}

// Help implements kong's detailed help.
func (benchCompare) Help() string {
	return `The outcome is better, worse or same, or unknown if the two cannot be compared: other scenarios,
other machines, or a run that proves nothing. Exit code 0 for better and same, 1 otherwise.`
}

func (c benchCompare) Run(io streams) error {
	before, err := report.ReadFile(c.Before)
	if err != nil {
		return environment(err)
	}
	after, err := report.ReadFile(c.After)
	if err != nil {
		return environment(err)
	}
	x := report.Compare(before, after)
	if err := x.WriteText(io.out); err != nil {
		return environment(err)
	}
	if x.Outcome == report.Worse || x.Outcome == report.Unknown {
		return findings()
	}
	return nil
}

type benchPeers struct {
	benchLoad
	Campaign string   `arg:"" optional:"" default:"bench/peers/campaign.yaml" help:"The campaign: which scenarios beside which programs."`
	Only     []string `placeholder:"ROW" help:"Only these rows; the others keep the results they have."`
	Results  string   `placeholder:"DIR" help:"The folder of the raw results. Default: results beside the campaign's folder."`
	Table    string   `placeholder:"FILE" help:"The Markdown file with the table. Default: RESULTS.md beside the campaign's folder."`
}

// Help implements kong's detailed help.
func (benchPeers) Help() string {
	return `The programs must be installed: bench/peers.sh does that and then calls this command.

Each row is one run in which the gateway and its peers are all alive. Its report is kept as JSON,
and the table is made of all reports there are: a campaign may be run row by row.`
}

type benchBackend struct{}
