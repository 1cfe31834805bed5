// Package report holds what a benchmark has measured, judges whether it may be believed,
// and renders it: for a terminal, as JSON, as Markdown, and as a chart of latencies.
//
// The figure that a report stands for is the processor time of a process per request. Of
// all figures it moves least with what else the machine does, and even so only ratios
// within one cycle of short slices hold from day to day: so every comparison is the median
// of the ratios of all cycles. A pair of the same process, A and A, is measured like any
// other; where its ratio is not about 1, the machine was too restless for any of it.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
)

// Format is the version of the JSON form.
const Format = 1

// Report is one run of one scenario.
type Report struct {
	Format      int               `json:"format"`
	Scenario    string            `json:"scenario"`
	Description string            `json:"description,omitempty"`
	Started     string            `json:"started"` // RFC 3339, UTC
	Hashes      Hashes            `json:"hashes"`
	Machine     Machine           `json:"machine"`
	Versions    map[string]string `json:"versions"`
	Load        Load              `json:"load"`
	Subjects    []*Subject        `json:"subjects"`
	Ratios      []Ratio           `json:"ratios"`
	// Faults say why the figures must not be believed; with any there is no headline.
	Faults   []Fault  `json:"faults"`
	Notes    []string `json:"notes,omitempty"`
	Headline string   `json:"headline,omitempty"`
}

// Hashes tell runs of the same from runs of something else.
type Hashes struct {
	Scenario string `json:"scenario"`
	Folder   string `json:"folder,omitempty"`
	Program  string `json:"program"` // of the executable
}

// Machine is where it ran.
type Machine struct {
	CPU         string  `json:"cpu"`
	CPUs        int     `json:"cpus"`
	SubjectCPUs []int   `json:"subjectCpus"` // where each process under test may run
	LoadCPUs    []int   `json:"loadCpus"`    // where generator and backend run
	MemoryMiB   int     `json:"memoryMiB"`
	Kernel      string  `json:"kernel"`
	Governor    string  `json:"governor,omitempty"`
	CgroupCPU   string  `json:"cgroupCpu,omitempty"` // cpu.max, if it bounds anything
	LoadAverage string  `json:"loadAverage,omitempty"`
	Others      *Others `json:"others,omitempty"`
}

// Others is what was not the benchmark's while it measured, as shares of the processor time
// there was; nil where the kernel does not say.
type Others struct {
	Subjects float64 `json:"subjects"` // other programs, of the processors of what is measured
	Loads    float64 `json:"loads"`    // other programs, of those of generator and backend
	Stolen   float64 `json:"stolen"`   // what the host kept back, of all
}

// Load is how requests were sent.
type Load struct {
	Rate        float64 `json:"rate"`           // requests a second of an open loop, 0 for a closed one
	Knee        float64 `json:"knee,omitempty"` // where the rate is a share of it: up to this rate p50 is less than twice its best
	Most        float64 `json:"most,omitempty"` // what a closed loop achieved, where there is a knee
	Sweep       []Step  `json:"sweep,omitempty"`
	Connections int     `json:"connections"`
	Cycles      int     `json:"cycles"`
	SliceMillis float64 `json:"sliceMillis"`
	Warmup      float64 `json:"warmupMillis"`
	Stream      bool    `json:"stream,omitempty"` // answers are events of streams
}

// Step is a rate that was tried for the knee, with the least of what its slices had.
type Step struct {
	Rate float64 `json:"rate"`
	P50  float64 `json:"p50Micros"`
	P99  float64 `json:"p99Micros"`
}

// Roles of subjects.
const (
	Gateway = "gateway" // what it is about
	Twin    = "twin"    // the same again
	Direct  = "direct"  // no process between generator and backend
	Peer    = "peer"    // another program
)

// Subject is one thing that was measured.
type Subject struct {
	Name    string `json:"name"`
	Role    string `json:"role"`
	Version string `json:"version,omitempty"`

	Requests  int64            `json:"requests"` // answered within the slices
	PerSecond Spread           `json:"perSecond"`
	CPU       *Spread          `json:"cpuMicros,omitempty"` // per request; nil where there is no process
	Latency   Quantiles        `json:"latencyMicros"`       // from when requests were due
	Service   Quantiles        `json:"serviceMicros"`       // from when they were sent
	Curve     []Point          `json:"curve"`               // of Latency
	Checked   int64            `json:"checked"`             // answers that were looked at
	Wrong     map[string]int64 `json:"wrong,omitempty"`
	Errors    map[string]int64 `json:"errors,omitempty"`
	FirstBad  string           `json:"firstWrong,omitempty"`
	Reconnect int64            `json:"reconnects"`

	StartMillis  float64  `json:"startMillis,omitempty"` // from the start of the process to its first right answer
	MemoryStart  int64    `json:"memoryStartBytes,omitempty"`
	MemoryPeak   int64    `json:"memoryPeakBytes,omitempty"`
	Allocs       *float64 `json:"allocsPerRequest,omitempty"`
	AllocBytes   *float64 `json:"allocBytesPerRequest,omitempty"`
	ReloadMillis *Spread  `json:"reloadMillis,omitempty"`
	Once         []Once   `json:"once,omitempty"`

	// What the instrument says of itself while this was measured.
	Busy          float64 `json:"busy"`          // processor time of the process, of what its processors have
	DueShare      float64 `json:"dueShare"`      // of the requests that were due in an open loop, those that were answered
	GeneratorLoad float64 `json:"generatorLoad"` // processor time of the generator, of what it could have
	BackendCPU    float64 `json:"backendCpuMicros"`
	LagP99        float64 `json:"lagP99Micros"` // median of the slices

	Slices []Slice `json:"slices"`
}

// Once is how far a process was led through a value whose texts are to be used once,
// warm-up included.
type Once struct {
	Value string `json:"value"`
	Used  int64  `json:"used"` // texts sent
	Of    int64  `json:"of"`   // texts there are
}

// Slice is the raw data of one slice.
type Slice struct {
	Cycle     int     `json:"cycle"`
	Order     int     `json:"order"` // its place in the cycle
	Requests  int64   `json:"requests"`
	Micros    float64 `json:"micros"`    // how long it was
	CPUMicros float64 `json:"cpuMicros"` // of the processes under test, in all
	Generator float64 `json:"generatorCpuMicros"`
	Backend   float64 `json:"backendCpuMicros"`
	P50       float64 `json:"p50Micros"`
	P99       float64 `json:"p99Micros"`
}

// PerRequest is the processor time per request of a slice, 0 if there were none.
func (s Slice) PerRequest() float64 {
	if s.Requests == 0 {
		return 0
	}
	return s.CPUMicros / float64(s.Requests)
}

// Quantiles are latencies.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Point is a point of the chart: the share of requests that took at most so long.
type Point struct {
	Quantile float64 `json:"q"`
	Micros   float64 `json:"us"`
}

// Ratio is how the processor time per request of one subject compares with the gateway's:
// above 1 the gateway is cheaper.
type Ratio struct {
	Of    string `json:"of"`
	Value Spread `json:"ratio"`
	// Cycles are the ratios of the single cycles, in order.
	Cycles []float64 `json:"cycles"`
}

// Fault is a reason not to believe a report.
type Fault struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Spread is a median with the interval that holds the true median in 95 of 100 runs, and
// the extremes.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf describes values; the order does not matter. Fewer than six values say too
// little for the interval, which is then from the least to the greatest.
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	// The interval is between order statistics: the number of values below the true
	// median is binomial with one half.
	k, tail, term := 0, 0.0, 1.0
	for range n {
		term /= 2
	}
	for i := 0; i < n/2; i++ {
		if tail += term; tail > 0.025 {
			break
		}
		k = i
		term = term * float64(n-i) / float64(i+1)
	}
	return Spread{Median: median(v), Low: v[k], High: v[n-1-k], Min: v[0], Max: v[n-1]}
}

// AddedP99 is what a subject adds to the 99th percentile of the backend alone, in
// microseconds: the differences of the slices of each cycle, which lie close together, and
// the difference over the requests of all cycles. It is false where there is no such
// difference: in a closed loop each request waits for those of all other connections too.
func (r *Report) AddedP99(s *Subject) (cycles Spread, all float64, ok bool) {
	direct := r.Subject(Direct)
	if direct == nil || s == nil || s == direct || r.Load.Rate == 0 {
		return Spread{}, 0, false
	}
	base := map[int]Slice{}
	for _, c := range direct.Slices {
		base[c.Cycle] = c
	}
	var values []float64
	for _, c := range s.Slices {
		if b, ok := base[c.Cycle]; ok {
			values = append(values, c.P99-b.P99)
		}
	}
	return SpreadOf(values), s.Latency.P99 - direct.Latency.P99, len(values) > 0
}

func median(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// Subject finds the first subject of a role; nil if there is none.
func (r *Report) Subject(role string) *Subject {
	for _, s := range r.Subjects {
		if s.Role == role {
			return s
		}
	}
	return nil
}

// Complete computes what follows from the subjects: spreads, ratios, faults and headline.
func (r *Report) Complete() {
	r.Format = Format
	for _, s := range r.Subjects {
		s.summarize()
	}
	r.ratios()
	r.judge()
	r.Headline = ""
	if len(r.Faults) == 0 {
		r.Headline = r.headline()
	}
}

func (s *Subject) summarize() {
	var rates, costs []float64
	s.Requests = 0
	for _, c := range s.Slices {
		s.Requests += c.Requests
		if c.Micros > 0 {
			rates = append(rates, float64(c.Requests)/c.Micros*1e6)
		}
		if c.Requests > 0 {
			costs = append(costs, c.PerRequest())
		}
	}
	s.PerSecond = SpreadOf(rates)
	s.CPU = nil
	if s.Role != Direct && len(costs) > 0 {
		spread := SpreadOf(costs)
		s.CPU = &spread
	}
}

func (r *Report) ratios() {
	r.Ratios = nil
	base := r.Subject(Gateway)
	if base == nil {
		return
	}
	ours := map[int]float64{}
	for _, c := range base.Slices {
		ours[c.Cycle] = c.PerRequest()
	}
	for _, s := range r.Subjects {
		if s == base || s.Role == Direct {
			continue
		}
		ratio := Ratio{Of: s.Name}
		for _, c := range s.Slices {
			if v := ours[c.Cycle]; v > 0 && c.Requests > 0 {
				ratio.Cycles = append(ratio.Cycles, c.PerRequest()/v)
			}
		}
		if len(ratio.Cycles) > 0 {
			ratio.Value = SpreadOf(ratio.Cycles)
			r.Ratios = append(r.Ratios, ratio)
		}
	}
}

// Ratio finds the ratio of a subject by name.
func (r *Report) Ratio(of string) (Ratio, bool) {
	for _, x := range r.Ratios {
		if x.Of == of {
			return x, true
		}
	}
	return Ratio{}, false
}

// WriteJSON writes the report as it can be read again.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// ReadFile reads a report.
func ReadFile(name string) (*Report, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: this is no report of a benchmark: %w", name, err)
	}
	if r.Format != Format {
		return nil, fmt.Errorf("%s: this is no report of a benchmark of format %d", name, Format)
	}
	return r, nil
}
