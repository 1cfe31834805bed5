package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"sekisho/bench/backend"
	"sekisho/bench/load"
	"sekisho/bench/report"
	"sekisho/bench/scenario"

	"golang.org/x/sys/unix"
)

// Options are how a scenario is run.
type Options struct {
	Scenario *scenario.Scenario
	// Folder is a gateway's folder instead of the one that the scenario names; "" for
	// that.
	Folder string
	// Gateway is the command of the gateway, in which {folder}, {address} and {admin}
	// stand for what they say; Metrics is the path of its metrics on {admin}, "" for none.
	Gateway []string
	Metrics string
	// Profile is the path of its profile of processor time on {admin}, with the time that it
	// is to be of. It is written to ProfileFile; "" for none.
	Profile     string
	ProfileFile string
	// Backend is the command of the backend: a program that calls ServeBackend.
	Backend []string
	Peers   []*Peer
	// CPUs is how many processors each process under test has; at least 1.
	CPUs     int
	Cache    string // the folder for tokens, "" for none
	Versions map[string]string
	Program  string // the executable, for its hash
	Progress *Meter
	Now      func() time.Time
}

// ServeBackend is the whole of a backend's process: it reads a backend.Spec as JSON from
// in, writes its address and a line break to out, and serves until in ends.
func ServeBackend(ctx context.Context, in io.Reader, out io.Writer) error {
	d := json.NewDecoder(in)
	var spec backend.Spec
	if err := d.Decode(&spec); err != nil {
		return fmt.Errorf("the backend was not told what to answer: %w", err)
	}
	s, err := backend.Listen(spec, "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, io.MultiReader(d.Buffered(), in))
		cancel()
	}()
	if _, err := fmt.Fprintln(out, s.Address()); err != nil {
		return err
	}
	return s.Serve(ctx)
}

// bench is one run.
type bench struct {
	Options
	dir      string // for everything that is written
	cpus     []int
	subjects []int // processors of what is measured
	loads    []int // and of the rest
	data     scenario.Data
	values   []load.Value
	plan     *load.Plan
	backend  *process
	running  []*contestant
	client   *http.Client
	report   *report.Report
}

// contestant is something that is measured.
type contestant struct {
	*report.Subject
	process *process // nil for the backend without a gateway
	address string
	plan    *load.Plan
	all     *load.Result
	lag     []float64
	own     []float64 // the generator's load in each slice
	behind  []float64 // the backend's processor time per request
	busy    []float64 // the process's load
	reloads []float64
}

// Run runs a scenario. An error means that there is nothing to report; a run that proves
// nothing is a report that says so.
func Run(ctx context.Context, o Options) (*report.Report, error) {
	dir, err := os.MkdirTemp("", "sekisho-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{Options: o, dir: dir, client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableCompression: true}}}
	defer b.client.CloseIdleConnections()
	if err := b.place(); err != nil {
		return nil, err
	}
	defer b.end()
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	restore, err := pinAll(b.loads)
	if err != nil {
		return nil, err
	}
	defer restore()
	// The loops hold their threads in system calls: the runtime needs others for the rest.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(b.plan.Loops + 3))
	defer collectBetween()()
	if err := b.measure(ctx); err != nil {
		return nil, err
	}
	b.report.Complete()
	return b.report, nil
}

// collectBetween turns the garbage collector off, so that it takes no processor time from
// the generator in the middle of a slice: slices begin with a collection instead. One that
// leaves more behind than the allowance has the collector back.
func collectBetween() (restore func()) {
	const allowance = 256 << 20
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(int64(m.Sys)+allowance)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// place decides who runs where.
func (b *bench) place() error {
	var err error
	if b.cpus, err = allowed(); err != nil {
		return err
	}
	if n := max(1, b.CPUs); len(b.cpus) > n {
		b.subjects, b.loads = b.cpus[:n], b.cpus[n:]
	} else if b.CPUs > 1 {
		return fmt.Errorf("there are %d processors: not %d for the gateway and one for the load", len(b.cpus), n)
	}
	return nil
}

// prepare starts everything.
func (b *bench) prepare(ctx context.Context) error {
	s := b.Scenario
	b.Progress.say("preparing %s", s.Name)
	values, keys, err := s.Texts(ctx, b.Cache)
	if err != nil {
		return err
	}
	b.values = values
	for name, k := range keys {
		k.File = filepath.Join(b.dir, "key-"+name+".pem")
		if err := os.WriteFile(k.File, []byte(k.PEM), 0o600); err != nil {
			return err
		}
	}
	b.data = scenario.Data{JWT: keys}
	if b.plan, err = s.Plan(values); err != nil {
		return err
	}
	b.plan.Loops = min(4, max(1, len(b.loads)-1), b.plan.Connections)
	if err := b.startBackend(); err != nil {
		return err
	}
	b.data.Backend = b.backend.address
	from, hash, err := b.source()
	if err != nil {
		return err
	}
	l := s.Load
	b.report = &report.Report{
		Scenario: s.Name, Description: s.Description, Started: b.Now().UTC().Format(time.RFC3339),
		Hashes:  report.Hashes{Scenario: s.Hash, Folder: hash, Program: hashFile(b.Program)},
		Machine: machine(b.cpus, b.subjects, b.loads), Versions: b.Versions,
		Load: report.Load{Rate: l.Rate.PerSecond, Connections: l.Connections, Cycles: l.Cycles, SliceMillis: millis(l.Slice), Warmup: millis(l.Warmup), Stream: s.Targets[0].Stream},
	}
	for _, role := range []string{report.Gateway, report.Twin} {
		if err := b.startGateway(role, from); err != nil {
			return err
		}
	}
	direct := b.add("direct", report.Direct, nil, b.backend.address)
	direct.plan = unchecked(direct.plan)
	for _, p := range b.Peers {
		if err := b.startPeer(p); err != nil {
			return err
		}
	}
	return nil
}

// unchecked is a plan whose answers may be any: the backend knows nothing of the paths and
// bodies that a gateway makes of them.
func unchecked(p *load.Plan) *load.Plan {
	out := *p
	out.Targets = append([]load.Target(nil), p.Targets...)
	for i := range out.Targets {
		out.Targets[i].Check = load.Check{Bytes: -1}
	}
	return &out
}

// lenient is a plan whose answers need only the right status: a peer may do less than
// the gateway.
func lenient(p *load.Plan) *load.Plan {
	out := *p
	out.Targets = append([]load.Target(nil), p.Targets...)
	for i := range out.Targets {
		out.Targets[i].Check = load.Check{Bytes: -1, Status: p.Targets[i].Check.Status}
	}
	return &out
}

func (b *bench) startBackend() error {
	spec, err := json.Marshal(b.Scenario.BackendSpec())
	if err != nil {
		return err
	}
	cmd := exec.Command(b.Backend[0], b.Backend[1:]...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	cmd.Stdout = w
	p, err := launch("backend", cmd, b.loads, filepath.Join(b.dir, "backend.log"))
	_ = w.Close()
	if err != nil {
		return err
	}
	b.backend = p
	if _, err := stdin.Write(append(spec, '\n')); err != nil {
		return fmt.Errorf("the backend does not listen: %w", err)
	}
	line := make([]byte, 64)
	_ = r.SetReadDeadline(time.Now().Add(20 * time.Second))
	n, err := r.Read(line)
	if err != nil {
		return fmt.Errorf("the backend does not start: %w\n%s", err, p.lastWords())
	}
	p.address = strings.TrimSpace(string(line[:n]))
	return nil
}

// source is the folder that the gateway's is a copy of, "" for none, and its hash.
func (b *bench) source() (from, hash string, err error) {
	s := b.Scenario
	from = b.Folder
	if from == "" && s.Folder != "" {
		from = filepath.Join(s.Dir, s.Folder)
	}
	if from == "" {
		if len(s.Files) == 0 {
			return "", "", errors.New("there is nothing to measure: name a gateway's folder, or give the scenario a folder or files")
		}
		return "", "", nil
	}
	info, err := os.Stat(from)
	if err != nil {
		return "", "", err
	}
	if !info.IsDir() {
		from = filepath.Dir(from)
	}
	hash, err = scenario.HashFolder(from)
	return from, hash, err
}

// startGateway starts a process of the gateway on a folder of its own.
func (b *bench) startGateway(role, from string) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	address, adminAddress := fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1])
	d := b.data
	d.Port = ports[2]
	folder := filepath.Join(b.dir, "folder-"+role)
	if err := b.Scenario.WriteFolder(folder, from, d); err != nil {
		return err
	}
	env, err := b.Scenario.Environment(d)
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("{folder}", folder, "{address}", address, "{admin}", adminAddress)
	args := make([]string, len(b.Gateway))
	for i, a := range b.Gateway {
		args[i] = fill.Replace(a)
	}
	cmd := exec.Command(args[0], args[1:]...)
	// Where the gateway that comes with this program has its development services: two
	// processes cannot have them at the same address.
	development := fmt.Sprintf("SEKISHO_DEVELOPMENT=127.0.0.1:%d", d.Port)
	cmd.Env = append(append(os.Environ(), development), env...)
	p, err := launch(role, cmd, b.subjects, filepath.Join(b.dir, role+".log"))
	if err != nil {
		return err
	}
	if b.Metrics != "" {
		p.metrics = "http://" + adminAddress + b.Metrics
	}
	if b.Profile != "" {
		p.profile = "http://" + adminAddress + b.Profile
	}
	return b.ready(b.add(role, role, p, address))
}

func (b *bench) add(name, role string, p *process, address string) *contestant {
	plan := *b.plan
	plan.Walk = load.NewWalk(len(plan.Values))
	c := &contestant{Subject: &report.Subject{Name: name, Role: role}, process: p, address: address, plan: &plan, all: load.NewResult()}
	b.running = append(b.running, c)
	return c
}

// ready waits for the first answer of a process that has been started.
func (b *bench) ready(c *contestant) error {
	const patience = 60 * time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		ok, fault := c.plan.Try(c.address)
		if ok {
			if fault == "" {
				c.StartMillis = millis(time.Since(c.process.started))
			}
			break
		}
		if c.process.gone() || time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer:\n%s", c.Name, c.process.lastWords())
		}
	}
	c.process.family()
	c.MemoryStart, _ = c.process.memory()
	return nil
}

// end stops everything.
func (b *bench) end() {
	for _, c := range b.running {
		if c.process != nil {
			c.process.end()
		}
	}
	if b.backend != nil {
		b.backend.end()
	}
}

// measure runs the cycles.
func (b *bench) measure(ctx context.Context) error {
	l := b.Scenario.Load
	for _, c := range b.running {
		if err := b.warm(ctx, c, l.Warmup); err != nil {
			return err
		}
	}
	if l.Rate.Share > 0 {
		if err := b.findKnee(ctx); err != nil {
			return err
		}
	}
	others := b.watchOthers()
	rng := rand.New(rand.NewPCG(uint64(b.Now().UnixNano()), 0))
	order := append([]*contestant(nil), b.running...)
	for cycle := range l.Cycles {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for place, c := range order {
			b.Progress.slice(cycle+1, l.Cycles, c.Name)
			if err := b.slice(ctx, c, cycle, place); err != nil {
				return err
			}
		}
		b.Progress.cycle(cycle+1, l.Cycles, b.running)
	}
	b.report.Machine.Others = others()
	for _, c := range b.running {
		if err := b.allocations(ctx, c); err != nil {
			return err
		}
		c.complete()
		if c.process != nil {
			_, c.MemoryPeak = c.process.memory()
		}
		b.report.Subjects = append(b.report.Subjects, c.Subject)
	}
	if b.ProfileFile == "" {
		return nil
	}
	return b.profile(ctx, b.running[0]) // at the end: it uses up texts and memory
}

// settle is how long a slice runs before it is measured.
func (b *bench) settle() time.Duration {
	if b.report.Load.Stream {
		return time.Second // until all streams have begun
	}
	return min(b.Scenario.Load.Slice/4, 200*time.Millisecond)
}

// warm lets a process come to itself. A process that answers everything wrongly is not
// worth the time.
func (b *bench) warm(ctx context.Context, c *contestant, d time.Duration) error {
	b.Progress.say("warming up %s", c.Name)
	defer c.process.family() // workers may have started late
	p := *c.plan
	if b.Scenario.Load.Rate.Share > 0 {
		p.Rate = 0
	}
	r, err := p.Run(ctx, c.address, 0, max(d, 50*time.Millisecond), load.Hooks{Pin: b.pinLoop, Progress: b.Progress.progress})
	if err != nil {
		return b.dead(c, err)
	}
	if bad := r.WrongAnswers(); 2*bad > r.Answered || r.Answered == 0 && r.Failed() > 0 {
		return fmt.Errorf("%s: of %d requests %d were answered in the warm-up, %d wrongly: %s", c.Name, r.Due, r.Answered, bad, firstOf(r))
	}
	return nil
}

func firstOf(r *load.Result) string {
	if r.FirstBad != "" {
		return r.FirstBad
	}
	for class := range r.Errors {
		return class
	}
	return "no reason known"
}

// dead explains why a slice could not be run.
func (b *bench) dead(c *contestant, err error) error {
	if c.process != nil && c.process.gone() {
		return fmt.Errorf("%s ended: %w\n%s", c.Name, err, c.process.lastWords())
	}
	return fmt.Errorf("%s: %w", c.Name, err)
}

func (b *bench) pinLoop() error {
	if b.Scenario.Load.Rate.Open() {
		// It wakes for a request that is due while the backend is busy on the same processor:
		// a thread that asks for short turns gets its own sooner. Kernels before 6.12 know
		// no such wish.
		_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Runtime: uint64(shortTurn)}, 0)
	}
	if len(b.loads) == 0 {
		return nil
	}
	return pin(0, b.loads)
}

// shortTurn is the time that a generator's thread asks the kernel for at a time, the least
// that it grants.
const shortTurn = 100 * time.Microsecond

// The sweep for the knee: from a fifth of what a closed loop achieved to half as much again,
// since that may have been a bad moment.
const (
	firstStep, lastStep = 4, 30
	stepsToMost         = 20
	stepSlices          = 5
	stepSlice           = 100 * time.Millisecond
	// kneeFactor is how much longer than at the best of the rates before half of the requests
	// may take, up to the knee.
	kneeFactor = 2
)

// findKnee finds up to which rate the gateway answers in about the time that it needs
// anyway, and sets the rate to the scenario's share of that. What a closed loop achieves
// is more: there the requests wait for each other, which makes each of them cheaper.
//
// Other programs and the host only make latencies longer: so the best slice of a rate
// counts, and no rate ends the search.
func (b *bench) findKnee(ctx context.Context) error {
	b.Progress.say("looking for the knee")
	gateway := b.running[0]
	run := func(rate float64) (*load.Result, error) {
		p := *gateway.plan
		p.Rate = rate
		r, err := p.Run(ctx, gateway.address, b.settle(), stepSlice, load.Hooks{Pin: b.pinLoop, Progress: b.Progress.progress})
		if err != nil {
			return nil, b.dead(gateway, err)
		}
		return r, nil
	}
	var rates []float64
	for range stepSlices {
		r, err := run(0)
		if err != nil {
			return err
		}
		rates = append(rates, float64(r.Completed)/r.Elapsed.Seconds())
	}
	l := &b.report.Load
	l.Most = report.SpreadOf(rates).Median
	best := 0.0
	for step := firstStep; step <= lastStep; step++ {
		s := report.Step{Rate: l.Most * float64(step) / stepsToMost}
		var p50, p99 []float64
		for range stepSlices {
			r, err := run(s.Rate)
			if err != nil {
				return err
			}
			p50 = append(p50, nanos(r.Latency.ValueAtPercentile(50)))
			p99 = append(p99, nanos(r.Latency.ValueAtPercentile(99)))
		}
		s.P50, s.P99 = slices.Min(p50), slices.Min(p99)
		l.Sweep = append(l.Sweep, s)
		if best == 0 || s.P50 < best {
			best = s.P50
		}
		if s.P50 <= kneeFactor*best {
			l.Knee = s.Rate
		}
	}
	l.Rate = l.Knee * b.Scenario.Load.Rate.Share
	for _, c := range b.running {
		c.plan.Rate = l.Rate
	}
	return nil
}

// clocks are the processor times at one moment.
type clocks struct{ subject, own, backend time.Duration }

func (b *bench) clocks(c *contestant) clocks {
	k := clocks{own: clockOf(os.Getpid()), backend: b.backend.cpu()}
	if c.process != nil {
		k.subject = c.process.cpu()
	}
	return k
}

// slice measures one contestant once.
func (b *bench) slice(ctx context.Context, c *contestant, cycle, place int) error {
	var from, to clocks
	reloaded := make(chan error, 1)
	reloads := b.Scenario.Load.Reload && c.process != nil && c.Role != report.Peer
	runtime.GC()
	r, err := c.plan.Run(ctx, c.address, b.settle(), b.Scenario.Load.Slice, load.Hooks{Pin: b.pinLoop, Progress: b.Progress.progress, Edge: func(end bool) {
		if end {
			to = b.clocks(c)
			return
		}
		from = b.clocks(c)
		if reloads {
			go func() {
				took, err := c.process.reload()
				if err == nil {
					c.reloads = append(c.reloads, millis(took))
				}
				reloaded <- err
			}()
		}
	}})
	if err != nil {
		return b.dead(c, err)
	}
	if reloads {
		if err := <-reloaded; err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	own, behind := to.own-from.own, to.backend-from.backend
	c.Slices = append(c.Slices, report.Slice{
		Cycle: cycle, Order: place, Requests: r.Completed, Micros: micros(r.Elapsed), CPUMicros: micros(to.subject - from.subject),
		Generator: micros(own), Backend: micros(behind),
		P50: nanos(r.Latency.ValueAtPercentile(50)), P99: nanos(r.Latency.ValueAtPercentile(99)),
	})
	// What the generator could have had: its threads' time, and of the processors that
	// it shares with the backend what the backend left.
	could := time.Duration(c.plan.Loops) * r.Elapsed
	if n := len(b.loads); n > 0 {
		could = min(could, time.Duration(n)*r.Elapsed-behind)
	}
	if could > 0 {
		c.own = append(c.own, float64(own)/float64(could))
	}
	if n := max(1, len(b.subjects)); r.Elapsed > 0 {
		c.busy = append(c.busy, float64(to.subject-from.subject)/float64(r.Elapsed)/float64(n))
	}
	if r.Completed > 0 {
		c.behind = append(c.behind, micros(behind)/float64(r.Completed))
	}
	c.lag = append(c.lag, nanos(r.Lag.ValueAtPercentile(99)))
	c.all.Merge(r)
	return nil
}

// ProfileTime is how long a profile is taken.
const ProfileTime = 10 * time.Second

// profile writes a profile of a process under the scenario's load: in a slice of its own,
// because taking it costs processor time.
func (b *bench) profile(ctx context.Context, c *contestant) error {
	b.Progress.say("taking a profile of %s", c.Name)
	ctx, cancel := context.WithTimeout(ctx, 2*ProfileTime)
	defer cancel()
	taken := make(chan error, 1)
	_, err := c.plan.Run(ctx, c.address, b.settle(), ProfileTime+time.Second, load.Hooks{Pin: b.pinLoop, Progress: b.Progress.progress, Edge: func(end bool) {
		if !end {
			go func() { taken <- b.fetch(ctx, c.process.profile, b.ProfileFile) }()
		}
	}})
	if err != nil {
		return b.dead(c, err)
	}
	if err := <-taken; err != nil {
		return fmt.Errorf("the profile of %s: %w", c.Name, err)
	}
	return nil
}

// fetch writes what is at an address to a file.
func (b *bench) fetch(ctx context.Context, url, file string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, resp.Body)
	return errors.Join(err, f.Close())
}

// allocations measures what a process allocates per request: in a slice of its own,
// because asking costs processor time. What the asking itself allocates is taken off.
func (b *bench) allocations(ctx context.Context, c *contestant) error {
	if c.process == nil || c.process.metrics == "" {
		return nil
	}
	b.Progress.say("counting allocations of %s", c.Name)
	type reading struct{ objects, size float64 }
	var readings []reading
	var failed error
	read := func() {
		objects, size, err := c.process.allocations(b.client)
		failed = errors.Join(failed, err)
		readings = append(readings, reading{objects, size})
	}
	started := time.Now()
	for range 4 {
		read() // the first ones pay for connecting
	}
	asking := time.Since(started) // about what the slice loses to the two others
	r, err := c.plan.Run(ctx, c.address, b.settle(), max(b.Scenario.Load.Slice, 200*time.Millisecond)+asking, load.Hooks{Pin: b.pinLoop, Edge: func(bool) { read() }})
	if err := errors.Join(err, failed); err != nil {
		return b.dead(c, err)
	}
	if r.Completed == 0 {
		return nil
	}
	n := float64(r.Completed)
	per := func(f func(reading) float64) *float64 {
		itself := f(readings[3]) - f(readings[2])
		v := max(0, f(readings[5])-f(readings[4])-itself) / n
		return &v
	}
	c.Allocs = per(func(r reading) float64 { return r.objects })
	c.AllocBytes = per(func(r reading) float64 { return r.size })
	return nil
}

// complete fills in the subject from all slices together.
func (c *contestant) complete() {
	r, s := c.all, c.Subject
	latency := r.Latency
	if c.plan.Rate == 0 && !c.plan.Targets[0].Stream {
		latency = load.Correct(r.Service, time.Duration(r.Service.ValueAtPercentile(50)))
	}
	s.Latency, s.Service = quantiles(latency), quantiles(r.Service)
	if latency.TotalCount() > 0 {
		for _, x := range latency.CumulativeDistributionWithTicks(8) {
			s.Curve = append(s.Curve, report.Point{Quantile: x.Quantile / 100, Micros: nanos(x.ValueAt)})
		}
	}
	if c.Role != report.Direct {
		s.Checked = r.Answered
	}
	s.Wrong, s.Errors, s.FirstBad, s.Reconnect = r.Wrong, r.Errors, r.FirstBad, r.Reconnect
	s.Busy = report.SpreadOf(c.busy).Median
	s.GeneratorLoad = report.SpreadOf(c.own).Median
	s.BackendCPU = report.SpreadOf(c.behind).Median
	s.LagP99 = report.SpreadOf(c.lag).Median
	s.DueShare = 1
	if r.Due > 0 && !c.plan.Targets[0].Stream {
		s.DueShare = float64(r.Answered) / float64(r.Due)
	}
	for i, v := range c.plan.Values {
		if v.Distribution == load.Once && c.Role != report.Direct {
			s.Once = append(s.Once, report.Once{Value: v.Name, Used: c.plan.Walk.Used(i), Of: int64(len(v.Texts))})
		}
	}
	if len(c.reloads) > 0 {
		spread := report.SpreadOf(c.reloads)
		s.ReloadMillis = &spread
	}
}
