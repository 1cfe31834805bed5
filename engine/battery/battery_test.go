//go:build linux

package battery

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// archives are the inputs.
var archives = []string{"testdata/script.txtar", "testdata/source.txtar", "../evalctx/testdata/hostile/csharp.txtar"}

// input is one entry: what is evaluated or compiled, with the body of its request. long
// tells that the code is written as pieces, as body is.
type input struct {
	name, kind, code, body string
	long                   bool
}

// pieces is a text written as how often each of its parts comes.
func pieces(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		times, piece, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(times)
		if err != nil {
			return "", err
		}
		var s string
		if err := json.Unmarshal([]byte(piece), &s); err != nil {
			return "", err
		}
		b.WriteString(strings.Repeat(s, n))
	}
	return b.String(), nil
}

// expand puts the pieces together.
func (in *input) expand() (err error) {
	if in.long {
		if in.code, err = pieces(in.code); err != nil {
			return err
		}
	}
	in.body, err = pieces(in.body)
	return err
}

func readInputs() ([]input, error) {
	var out []input
	for _, path := range archives {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for _, f := range txtar.Parse(data).Files {
			name, kind, _ := strings.Cut(f.Name, ".")
			text := strings.TrimSuffix(string(f.Data), "\n")
			switch kind {
			case "js", "cs":
				out = append(out, input{name: name, kind: kind, code: text})
			case "body":
				if len(out) == 0 || out[len(out)-1].name != name {
					return nil, fmt.Errorf("%s: %s does not follow its input", path, f.Name)
				}
				out[len(out)-1].body = text
			default:
				out = append(out, input{name: name, kind: kind, code: text, long: true})
			}
		}
	}
	return out, nil
}

// The child is this test binary again.
const childVariable = "SEKISHO_BATTERY_CHILD"

func TestMain(m *testing.M) {
	if only, ok := os.LookupEnv(childVariable); ok {
		if err := child(os.Stdout, only); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	budget = 50 * time.Millisecond
	// mostResident is what the child may ever have in memory; its heap is told to stay
	// below mostHeap, and its address space is limited.
	mostResident = 512 << 20
	mostHeap     = 384 << 20
	addressSpace = 8 << 30
	// hang is how long one input may take before it counts as never ending: far beyond
	// what a busy machine makes of a budget.
	hang = 60 * time.Second
)

// result is a line that the child writes.
type result struct {
	Name, Kind string
	Took, CPU  time.Duration
	Outcome    string // the Fault, or what it was refused with; "" if there was none
	Resident   int64  // the most memory so far

	// The last line has no name.
	Done             bool
	Harmless, Failed int
	Before, After    int64 // of the heap, in bytes
	FailedFor        string
}

// TestBattery runs the battery. SEKISHO_BATTERY=pattern runs the inputs whose names match.
func TestBattery(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+os.Getenv("SEKISHO_BATTERY"), "GOMEMLIMIT="+strconv.Itoa(mostHeap), "GODEBUG=")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var results []result
	var last result
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("the child said %q", lines.Text())
		}
		if r.Done {
			last = r
			continue
		}
		results = append(results, r)
	}
	if err := cmd.Wait(); err != nil || !last.Done {
		at := "at the first input"
		if n := len(results); n > 0 {
			at = "after " + results[n-1].Name
		}
		text := problems.String()
		t.Fatalf("the child died %s: %v\n%.4000s", at, err, text)
	}
	report(t, results, last)
}

func report(t *testing.T, results []result, last result) {
	within, used := map[string]int{}, map[string]int{}
	count := map[string]int{}
	var all []string
	for _, r := range results {
		count[r.Kind]++
		if r.Took <= 2*budget {
			within[r.Kind]++
		}
		if r.CPU <= 2*budget {
			used[r.Kind]++
		}
		all = append(all, fmt.Sprintf("%6.2f×  %8v  cpu %8v  %4d MiB  %-36s %s", float64(r.Took)/float64(budget),
			r.Took.Round(100*time.Microsecond), r.CPU.Round(100*time.Microsecond), r.Resident>>20, r.Name+"."+r.Kind, r.Outcome))
		if r.Outcome == "" && !strings.HasPrefix(r.Name, "ends-") {
			t.Errorf("%s.%s ended without a Fault", r.Name, r.Kind)
		}
		if strings.Contains(r.Outcome, "internal error") {
			t.Errorf("%s.%s: %s", r.Name, r.Kind, r.Outcome)
		}
	}
	if testing.Verbose() {
		t.Log("\n" + strings.Join(all, "\n"))
	}
	resident := int64(0)
	for _, r := range results {
		resident = max(resident, r.Resident)
	}
	sort.SliceStable(results, func(i, j int) bool { return results[i].Took > results[j].Took })
	for _, kind := range sortedKeys(count) {
		t.Logf("%-7s %3d inputs; within twice the budget of %v ended %3d by the clock, %3d by what the process used of the processors",
			kind, count[kind], budget, within[kind], used[kind])
	}
	for _, r := range results[:min(10, len(results))] {
		t.Logf("slowest: %-40s %8v  cpu %8v", r.Name+"."+r.Kind, r.Took.Round(time.Millisecond), r.CPU.Round(time.Millisecond))
	}
	t.Logf("%d harmless evaluations meanwhile, %d failed; memory at most %d MiB; heap %d MiB before, %d MiB after",
		last.Harmless, last.Failed, resident>>20, last.Before>>20, last.After>>20)
	if last.Failed > 0 {
		t.Logf("the last harmless failure: %s", last.FailedFor)
	}
	if resident > mostResident && !raced {
		t.Errorf("the child had %d MiB in memory, more than %d", resident>>20, mostResident>>20)
	}
	if last.After > last.Before+32<<20 && !raced {
		t.Errorf("the heap was %d MiB before and is %d MiB after", last.Before>>20, last.After>>20)
	}
	if last.Harmless < 2*len(results) || last.Failed*20 > last.Harmless {
		t.Errorf("of %d harmless evaluations %d failed: %s", last.Harmless, last.Failed, last.FailedFor)
	}
}

func sortedKeys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Every archive names each input once, and its pieces can be read.
func TestInputs(t *testing.T) {
	inputs, err := readInputs()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, in := range inputs {
		if name := in.name + "." + in.kind; seen[name] {
			t.Errorf("two inputs named %s", name)
		} else {
			seen[name] = true
		}
		if err := in.expand(); err != nil {
			t.Errorf("%s.%s: %v", in.name, in.kind, err)
		}
	}
}

// child evaluates the inputs whose names match a pattern.
func child(out io.Writer, only string) error {
	if !raced {
		if err := limitAddressSpace(addressSpace); err != nil {
			return err
		}
	}
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	inputs, err := readInputs()
	if err != nil {
		return err
	}
	w := newWorld()
	defer w.pool.Close()
	w.warm()
	last := result{Done: true, Before: w.heap()}
	stop := w.beside(&last)
	write := json.NewEncoder(out)
	for _, in := range inputs {
		if !pattern.MatchString(in.name + "." + in.kind) {
			continue
		}
		timer := time.AfterFunc(hang, func() {
			fmt.Fprintf(os.Stderr, "%s.%s does not end\n", in.name, in.kind)
			os.Exit(3)
		})
		if err := in.expand(); err != nil {
			return err
		}
		r := w.run(in)
		timer.Stop()
		if err := write.Encode(r); err != nil {
			return err
		}
	}
	stop()
	w.idle()
	last.After = w.heap()
	return write.Encode(last)
}

// status reads a size of /proc/self/status, in bytes.
func status(field string) int64 {
	data, err := os.ReadFile(filepath.Join("/proc", "self", "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}
