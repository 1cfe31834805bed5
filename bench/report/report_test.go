package report

import (
	"bytes"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// sample is a report of a run that may be believed.
func sample() *Report {
	slices := func(cost, scale float64, n int64) []Slice {
		var out []Slice
		for i := range 12 {
			wobble := 1 + 0.01*float64(i%5-2)
			out = append(out, Slice{Cycle: i, Order: i % 4, Requests: n, Micros: 1e6, CPUMicros: cost * float64(n) * wobble, Generator: 5e5, Backend: 2e5, P50: 400, P99: 1000*scale + 10*float64(i%5)*cost})
		}
		return out
	}
	curve := func(scale float64) []Point {
		return []Point{{0, 100 * scale}, {0.5, 300 * scale}, {0.9, 500 * scale}, {0.99, 900 * scale}, {0.999, 2000 * scale}, {1, 5000 * scale}}
	}
	quantiles := func(scale float64) Quantiles {
		return Quantiles{300 * scale, 500 * scale, 900 * scale, 2000 * scale, 5000 * scale}
	}
	allocs, size := 4.2, 912.0
	subject := func(name, role string, cost, scale float64) *Subject {
		s := &Subject{Name: name, Role: role, Latency: quantiles(scale), Service: quantiles(scale * 0.9), Curve: curve(scale), Checked: 48000,
			Busy: 0.95, DueShare: 1, GeneratorLoad: 0.6, BackendCPU: 6.5, LagP99: 40, Slices: slices(cost, scale, 4000)}
		if role == Gateway || role == Twin {
			s.StartMillis, s.MemoryStart, s.MemoryPeak, s.Allocs, s.AllocBytes = 45, 32<<20, 41<<20, &allocs, &size
		}
		return s
	}
	peer := subject("nginx", Peer, 12.6, 0.9)
	peer.Version = "1.22.1"
	direct := subject("direct", Direct, 0, 0.5)
	direct.Busy = 0
	return &Report{
		Scenario: "checkout", Description: "What a customer does & sees.", Started: "2026-11-22T12:00:00Z",
		Hashes:   Hashes{Scenario: "00112233aabbccdd", Folder: "8899aabbccddeeff", Program: "0123456789abcdef"},
		Machine:  Machine{CPU: "Example CPU", CPUs: 2, SubjectCPUs: []int{0}, LoadCPUs: []int{1}, MemoryMiB: 8192, Kernel: "Linux 6.1", LoadAverage: "0.10", Others: &Others{Subjects: 0.01, Loads: 0.04}},
		Versions: map[string]string{"sekisho": "v1.0.0", "go": "go1.26.8"},
		Load: Load{Rate: 4000, Knee: 8000, Most: 10000, Connections: 64, Cycles: 12, SliceMillis: 1000, Warmup: 3000,
			Sweep: []Step{{6000, 280, 800}, {8000, 310, 900}, {10000, 4100, 12000}}},
		Subjects: []*Subject{subject("gateway", Gateway, 16, 1), subject("twin", Twin, 16.2, 1.02), direct, peer},
	}
}

func golden(t *testing.T, name string, write func(io.Writer) error) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s is not as expected (-update rewrites it); it is:\n%s", name, b.String())
	}
}

func TestReportGolden(t *testing.T) {
	r := sample()
	r.Complete()
	golden(t, "report.txt", r.WriteText)
	golden(t, "report.md", func(w io.Writer) error { return r.WriteMarkdown(w, "checkout.svg") })
	golden(t, "report.svg", r.WriteSVG)
	golden(t, "report.json", r.WriteJSON)
	r = sample()
	r.Load = Load{Connections: 64, Cycles: 12, SliceMillis: 1000, Warmup: 3000}
	r.Subjects[0].Wrong = map[string]int64{"status 500": 2, "body": 1}
	r.Subjects[0].FirstBad = "target GET /: wrong status 500"
	r.Machine.Others = &Others{Subjects: 0.31, Loads: 0.02, Stolen: 0.012}
	r.Subjects[0].Once = []Once{{Value: "token", Used: 1200, Of: 1000}}
	r.Subjects[1].Once = []Once{{Value: "token", Used: 900, Of: 1000}}
	r.Complete()
	golden(t, "void.txt", r.WriteText)
}

func TestReadFile(t *testing.T) {
	r := sample()
	r.Complete()
	file := filepath.Join(t.TempDir(), "r.json")
	var first, second bytes.Buffer
	if err := r.WriteJSON(&first); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, first.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.WriteJSON(&second); err != nil || first.String() != second.String() {
		t.Errorf("a report that is read is not the one that was written (%v)", err)
	}
	for _, bad := range []string{"", "[]", `{"format": 99}`} {
		if err := os.WriteFile(file, []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(file); err == nil || !strings.Contains(err.Error(), "no report of a benchmark") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Report)
		want   string // codes, in order
	}{
		{"nothing wrong", func(*Report) {}, ""},
		{"a knee far below what can be done", func(r *Report) { r.Load.Knee = r.Load.Most/2 - 1 }, KneeUnclear},
		{"a wrong answer", func(r *Report) { r.Subjects[1].Wrong = map[string]int64{"body": 1} }, WrongAnswers},
		{"a peer's wrong answer", func(r *Report) { r.Subjects[3].Wrong = map[string]int64{"status 502": 1} }, WrongAnswers},
		{"few errors", func(r *Report) { r.Subjects[0].Errors = map[string]int64{"timeout": 40} }, ""},
		{"many errors", func(r *Report) { r.Subjects[0].Errors = map[string]int64{"timeout": 100} }, NoAnswers},
		{"no answers", func(r *Report) { r.Subjects[0].Slices = nil }, NoAnswers},
		{"a busy generator", func(r *Report) { r.Subjects[0].GeneratorLoad, r.Subjects[0].Busy = 0.95, 0.5 }, Saturated},
		{"both are busy", func(r *Report) { r.Subjects[0].GeneratorLoad = 0.95 }, ""},
		{"a busy generator and a busy peer", func(r *Report) { r.Subjects[3].GeneratorLoad, r.Subjects[3].Busy = 0.95, 0.8 }, ""},
		{"a busy generator and an idle peer", func(r *Report) { r.Subjects[3].GeneratorLoad, r.Subjects[3].Busy = 0.95, 0.4 }, Saturated},
		{"direct in an open loop", func(r *Report) { r.Subjects[2].GeneratorLoad = 1 }, Saturated},
		{"direct in a closed loop", func(r *Report) { r.Subjects[2].GeneratorLoad, r.Load.Rate = 1, 0 }, ""},
		{"a late generator", func(r *Report) { r.Subjects[0].LagP99 = 5000 }, Saturated},
		{"behind", func(r *Report) { r.Subjects[0].DueShare = 0.98 }, Behind},
		{"behind in a closed loop", func(r *Report) { r.Subjects[0].DueShare, r.Load.Rate = 0.98, 0 }, ""},
		{"each text once", func(r *Report) { r.Subjects[0].Once = []Once{{"token", 1000, 1000}} }, ""},
		{"a text came again", func(r *Report) { r.Subjects[0].Once = []Once{{"token", 1001, 1000}} }, Repeated},
		{"a pair apart", func(r *Report) { scale(r.Subjects[1], 1.08) }, Restless},
		{"a pair apart downwards", func(r *Report) { scale(r.Subjects[1], 0.9) }, Restless},
		{"a pair hardly apart", func(r *Report) { scale(r.Subjects[1], 1.05) }, ""},
	} {
		r := sample()
		c.change(r)
		r.Complete()
		var codes []string
		for _, f := range r.Faults {
			codes = append(codes, f.Code)
		}
		if got := strings.Join(codes, " "); got != c.want || (r.Headline != "") != (c.want == "") {
			t.Errorf("%s: %q with the headline %q, want %q", c.name, got, r.Headline, c.want)
		}
	}
}

// scale multiplies what a subject cost.
func scale(s *Subject, by float64) {
	for i := range s.Slices {
		s.Slices[i].CPUMicros *= by * 16 / 16.2
	}
}

// Ratios are of cycles: a machine that is slow in one cycle is slow for all.
func TestRatiosAreOfCycles(t *testing.T) {
	r := sample()
	for _, s := range r.Subjects {
		for i := range s.Slices {
			if i >= 6 {
				s.Slices[i].CPUMicros *= 3
			}
		}
	}
	r.Complete()
	x, ok := r.Ratio("nginx")
	if !ok || math.Abs(x.Value.Median-12.6/16) > 1e-9 || math.Abs(x.Value.Max-x.Value.Min) > 1e-9 {
		t.Errorf("%+v, want %g everywhere", x.Value, 12.6/16)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{5}, Spread{5, 5, 5, 5, 5}},
		{[]float64{4, 1, 3, 2, 5}, Spread{3, 1, 5, 1, 5}},
		{[]float64{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, Spread{6.5, 3, 10, 1, 12}}, // the third from either end: 96 %
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, Spread{4.5, 1, 8, 1, 8}},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, Spread{5, 2, 8, 1, 9}},
	} {
		if got := SpreadOf(c.values); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.values, got, c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Report)
		want   Outcome
		says   string
	}{
		{"the same", func(*Report) {}, Same, "no more than a process does from itself"},
		{"cheaper", func(r *Report) { scaleGateway(r, 0.8) }, Better, "20 % less CPU"},
		{"dearer", func(r *Report) { scaleGateway(r, 1.3) }, Worse, "30 % more CPU"},
		{"a little dearer", func(r *Report) { scaleGateway(r, 1.05) }, Same, ""},
		{"more allocations", func(r *Report) { v := 6.0; r.Subjects[0].Allocs = &v }, Worse, "1.80 allocations more"},
		{"fewer allocations", func(r *Report) { v := 1.0; r.Subjects[0].Allocs = &v }, Better, "3.20 allocations less"},
		{"void", func(r *Report) { r.Subjects[0].Wrong = map[string]int64{"body": 1} }, Unknown, "the run after is void"},
		{"another scenario", func(r *Report) { r.Hashes.Scenario = "x" }, Unknown, "not of the same scenario"},
		{"another machine", func(r *Report) { r.Machine.CPUs = 64 }, Unknown, "not of the same machine"},
		{"another load", func(r *Report) { r.Load.Connections = 1 }, Unknown, "not of the same load"},
		{"no gateway", func(r *Report) { r.Subjects = r.Subjects[2:] }, Unknown, "no gateway"},
	} {
		a, b := sample(), sample()
		c.change(b)
		a.Complete()
		b.Complete()
		x := Compare(a, b)
		var out bytes.Buffer
		if err := x.WriteText(&out); err != nil || x.Outcome != c.want || !strings.Contains(out.String(), c.says) || !strings.Contains(out.String(), "=> "+string(c.want)) {
			t.Errorf("%s: %s, want %s and %q:\n%s", c.name, x.Outcome, c.want, c.says, out.String())
		}
	}
	a, b := sample(), sample()
	scaleGateway(b, 0.7)
	a.Complete()
	b.Complete()
	golden(t, "compare.txt", Compare(a, b).WriteText)
}

func scaleGateway(r *Report, by float64) {
	for _, s := range r.Subjects[:2] {
		for i := range s.Slices {
			s.Slices[i].CPUMicros *= by
		}
	}
}
