package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/bench"
	"sekisho/bench/backend"
	"sekisho/bench/report"
	"sekisho/bench/scenario"
)

// The test's own program plays all parts, by its first argument.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "backend":
			exit(bench.ServeBackend(context.Background(), os.Stdin, os.Stdout))
		case "gateway":
			exit(play(os.Args[2], os.Args[3]))
		}
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// play is a gateway that answers all by itself: rightly, or as its name says.
func play(part, address string) error {
	r := backend.Route{Path: "/", Body: "right"}
	switch part {
	case "wrong":
		r.Every, r.FailStatus = 50, 500
	case "refuses":
		r.Status = 401
	case "dies":
		return fmt.Errorf("the folder has a mistake")
	}
	s, err := backend.Listen(backend.Spec{Routes: []backend.Route{r}}, address)
	if err != nil {
		return err
	}
	return s.Serve(context.Background())
}

const small = `
files: { gateway.yaml: "" }
backend: [{ path: /, body: right }]
targets: [{ url: /x, expect: { contains: right } }]
load: { connections: 2, cycles: 2, slice: 100ms, warmup: 100ms`

// run runs a scenario with a gateway that plays a part.
func run(t *testing.T, part, text string, peers ...*bench.Peer) (*report.Report, string, error) {
	t.Helper()
	s, err := scenario.Parse("small.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	r, err := bench.Run(t.Context(), bench.Options{
		Scenario: s, Gateway: []string{program, "gateway", part, "{address}"}, Backend: []string{program, "backend"},
		Program: program, CPUs: 1, Peers: peers, Versions: map[string]string{"go": "test"},
		Progress: bench.NewMeter(&shown, false), Now: time.Now,
	})
	return r, shown.String(), err
}

func codes(r *report.Report) []string {
	var out []string
	for _, f := range r.Faults {
		out = append(out, f.Code)
	}
	return out
}

func TestRun(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	peer := &bench.Peer{Name: "other", Command: []string{program, "gateway", "right", "127.0.0.1:[[.Port]]"}, Files: map[string]string{"a/b.conf": "[[.Backend]]"}}
	r, shown, err := run(t, "right", small+" }", peer)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(codes(r), report.WrongAnswers) || slices.Contains(codes(r), report.NoAnswers) {
		t.Errorf("%+v", r.Faults)
	}
	var roles []string
	for _, s := range r.Subjects {
		roles = append(roles, s.Role)
		if len(s.Slices) != 2 || s.Requests == 0 || s.Latency.P50 <= 0 || s.Latency.Max < s.Latency.P99 || len(s.Curve) == 0 {
			t.Errorf("%s: %d slices, %d requests, %+v", s.Name, len(s.Slices), s.Requests, s.Latency)
		}
		if process := s.Role != report.Direct; process != (s.CPU != nil) || process != (s.MemoryPeak > 0) || process && s.CPU.Median <= 0 {
			t.Errorf("%s: processor time %v, memory %d", s.Name, s.CPU, s.MemoryPeak)
		}
		for i, c := range s.Slices {
			if c.Cycle != i || c.Generator <= 0 || c.Backend < 0 {
				t.Errorf("%s: %+v", s.Name, c)
			}
		}
	}
	if !slices.Equal(roles, []string{report.Gateway, report.Twin, report.Direct, report.Peer}) {
		t.Errorf("measured were %v", roles)
	}
	// Every cycle measures each once, in some order.
	for cycle := range 2 {
		seen := map[int]bool{}
		for _, s := range r.Subjects {
			seen[s.Slices[cycle].Order] = true
		}
		if len(seen) != 4 {
			t.Errorf("cycle %d: %v", cycle, seen)
		}
	}
	if len(r.Ratios) != 2 || r.Ratios[0].Of != report.Twin || len(r.Ratios[1].Cycles) != 2 {
		t.Errorf("%+v", r.Ratios)
	}
	if o := r.Machine.Others; o == nil && len(r.Machine.LoadCPUs) > 0 || o != nil && (o.Subjects > 1 || o.Loads > 1 || o.Stolen > 1) {
		t.Errorf("other programs: %+v on %v and %v", o, r.Machine.SubjectCPUs, r.Machine.LoadCPUs)
	}
	if r.Machine.CPU == "" || r.Hashes.Scenario == "" || r.Hashes.Program == "" || r.Format != report.Format {
		t.Errorf("%+v %+v", r.Machine, r.Hashes)
	}
	for _, want := range []string{"warming up gateway", "cycle 2 of 2: gateway ", " p99 "} {
		if !strings.Contains(shown, want) {
			t.Errorf("the progress does not say %q:\n%s", want, shown)
		}
	}
}

func TestWrongAnswersMakeARunVoid(t *testing.T) {
	r, _, err := run(t, "wrong", small+" }")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(codes(r), report.WrongAnswers) || r.Headline != "" {
		t.Errorf("%v %q", codes(r), r.Headline)
	}
	g := r.Subject(report.Gateway)
	if n := g.Wrong["status 500"]; n < g.Checked/50-4 || n > g.Checked/50+4 {
		t.Errorf("%d of %d are wrong, want one in 50", n, g.Checked)
	}
	if !strings.Contains(g.FirstBad, "wrong status 500") {
		t.Errorf("%q", g.FirstBad)
	}
}

// The texts of a value that are to be used once are walked through once by each process:
// warm-up, slices and all.
func TestTextsThatAreUsedOnce(t *testing.T) {
	for _, c := range []struct {
		numbers string
		void    bool
	}{{"1000000", false}, {"200", true}} {
		text := strings.Replace(small, "targets: [{ url: /x,", "values: { id: { numbers: { to: "+c.numbers+" }, distribution: once } }\ntargets: [{ url: \"/${id}\",", 1)
		r, _, err := run(t, "right", text+" }")
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(codes(r), report.Repeated) != c.void {
			t.Errorf("%s texts: %+v", c.numbers, r.Faults)
		}
		for _, s := range r.Subjects {
			// More were sent than were answered within the slices; the backend alone remembers nothing.
			if s.Role == report.Direct && s.Once != nil || s.Role != report.Direct && (len(s.Once) != 1 || s.Once[0].Value != "id" || s.Once[0].Used <= s.Requests) {
				t.Errorf("%s: %+v of %d requests", s.Name, s.Once, s.Requests)
			}
		}
	}
}

func TestRateThatCannotBeSentMakesARunVoid(t *testing.T) {
	r, _, err := run(t, "right", small+", rate: 3000000, timeout: 100ms }")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(codes(r), report.Behind) && !slices.Contains(codes(r), report.NoAnswers) || r.Headline != "" {
		t.Errorf("%v %q", codes(r), r.Headline)
	}
}

func TestShareOfTheKnee(t *testing.T) {
	r, _, err := run(t, "right", small+", rate: 5% }")
	if err != nil {
		t.Fatal(err)
	}
	if r.Load.Knee <= 0 || r.Load.Rate <= 0 || r.Load.Rate >= r.Load.Knee/19 {
		t.Errorf("the rate is %g, and the knee %g", r.Load.Rate, r.Load.Knee)
	}
}

func TestWhatCannotBeMeasured(t *testing.T) {
	for _, c := range []struct{ part, text, want string }{
		{"dies", small + " }", "the folder has a mistake"},
		{"refuses", small + " }", "wrongly: target GET /x: wrong status 401"},
		{"right", "targets: [{ url: /x }]", "there is nothing to measure"},
		{"right", "folder: nowhere\ntargets: [{ url: /x }]", "no such file"},
		{"right", "files: { gateway.yaml: \"[[.Nothing]]\" }\ntargets: [{ url: /x }]", "files: "},
		{"right", "files: { gateway.yaml: \"\" }\nenv: { A: \"[[\" }\ntargets: [{ url: /x }]", "env: "},
	} {
		if _, _, err := run(t, c.part, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.part, err, c.want)
		}
	}
}

func TestOurCampaign(t *testing.T) {
	c, err := bench.ReadCampaign("peers/campaign.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := &report.Report{Scenario: "no-policy", Load: report.Load{Cycles: 12}, Subjects: []*report.Subject{
		{Name: "gateway", Role: report.Gateway, StartMillis: 40, DueShare: 1, Busy: 1, Slices: []report.Slice{{Requests: 10, Micros: 1e6, CPUMicros: 160}}},
		{Name: "nginx", Role: report.Peer, DueShare: 1, Busy: 1, Slices: []report.Slice{{Requests: 10, Micros: 1e6, CPUMicros: 126}}},
	}}
	r.Complete()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "no-policy.json"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(dir, "RESULTS.md")
	if err := c.WriteTable(dir, table); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"- note: there was no second process",
		"| No policy | nginx | ≥ 0.80 | 0.79 | 0.79 to 0.79 | **missed** |",
		"| No policy | haproxy | ≥ 0.85 | not measured |  |  |",
		"| No policy | startMillis | ≤ 300 | 40.0 |  | met |",
		"| Answers from the cache | | | not measured | | |",
		"[raw data](no-policy.json)",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the table has no line %q:\n%s", want, text)
		}
	}
}

func TestPeersThatAreNone(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"name: x": "wants a command", "comand: [x]": "comand", "{": "",
		"command: [x]\nfiles: { ../y: z }": "not a path",
	} {
		file := filepath.Join(dir, "p.yaml")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := bench.ReadPeer(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"rows: [{ name: a/b, scenario: x }]":                                             "wants a name",
		"rows: [{ name: a, scenario: nowhere.yaml }]":                                    "no such file",
		"rows: [{ name: a, scenario: s.yaml, targets: [{ figure: beauty }] }]":           "no figure",
		"rows: [{ name: a, scenario: s.yaml, targets: [{ peer: nobody, atLeast: 1 }] }]": "no such file",
		"rows: [{ name: a, scenario: s.yaml, targets: [{}] }]":                           "of a peer or of a figure",
	} {
		for name, content := range map[string]string{"c.yaml": text, "s.yaml": "targets: [{ url: /x }]"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := bench.ReadCampaign(filepath.Join(dir, "c.yaml")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
