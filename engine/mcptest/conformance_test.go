package mcptest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// verdicts are the results of one conformance run: by scenario, and in it by check, how
// often the check came out in which way.
type verdicts map[string]map[string]count

// count is how often a check of a scenario came out in which way.
type count struct{ passed, warned, failed int }

// passes tells whether a scenario ran and nothing in it failed.
func (v verdicts) passes(scenario string) bool {
	for _, c := range v[scenario] {
		if c.failed > 0 {
			return false
		}
	}
	return v[scenario] != nil
}

// totals are the checks of all scenarios.
func (v verdicts) totals() (c count) {
	for _, checks := range v {
		for _, one := range checks {
			c.passed += one.passed
			c.warned += one.warned
			c.failed += one.failed
		}
	}
	return c
}

// resultFolder is the name of a folder with the results of one scenario: its kind, its
// name, the time.
var resultFolder = regexp.MustCompile(`^(?:server|authorization-server)-(.+)-\d{4}-\d{2}-\d{2}T[0-9-]+Z$`)

// conformance runs the official tool and reads its results.
func conformance(t *testing.T, args ...string) verdicts {
	t.Helper()
	dir := t.TempDir()
	args = append([]string{filepath.Join(nodeDir(t), "node_modules/@modelcontextprotocol/conformance/dist/index.js")}, args...)
	out, errs, err := run(t, 5*time.Minute, nodeEnv(t), nodeDir(t), node(t), append(args, "--output-dir", dir)...)
	v := results(t, dir)
	if len(v) == 0 {
		t.Fatalf("the conformance tool has no results: %v\n%s\n%s", err, tail(out, 30), tail(errs, 30))
	}
	return v
}

// results reads what the tool has written into a folder.
func results(t *testing.T, dir string) verdicts {
	t.Helper()
	v := verdicts{}
	folders, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		m := resultFolder.FindStringSubmatch(f.Name())
		if m == nil {
			t.Fatalf("a result with an unknown name: %s", f.Name())
		}
		data, err := os.ReadFile(filepath.Join(dir, f.Name(), "checks.json"))
		if err != nil {
			t.Fatal(err)
		}
		var checks []struct{ ID, Name, Status, ErrorMessage string }
		if err := json.Unmarshal(data, &checks); err != nil {
			t.Fatal(err)
		}
		v[m[1]] = map[string]count{}
		for _, c := range checks {
			n := v[m[1]][c.ID]
			switch c.Status {
			case "SUCCESS":
				n.passed++
			case "WARNING":
				n.warned++
			case "FAILURE":
				n.failed++
			}
			v[m[1]][c.ID] = n
		}
	}
	return v
}

// worse lists what passes in direct and does not through the gateway: checks that failed,
// checks that were never reached, scenarios without a result.
func worse(direct, through verdicts) []string {
	var list []string
	for scenario, checks := range direct {
		got, ran := through[scenario]
		if !ran {
			list = append(list, scenario+": no result")
			continue
		}
		for id, want := range checks {
			if c := got[id]; c.failed > want.failed || c.warned > want.warned || c.passed < want.passed {
				list = append(list, fmt.Sprintf("%s: %s: %+v; directly %+v", scenario, id, c, want))
			}
		}
		for id, c := range got {
			if _, known := checks[id]; !known && c.failed+c.warned > 0 {
				list = append(list, fmt.Sprintf("%s: %s failed, and is not seen directly", scenario, id))
			}
		}
	}
	slices.Sort(list)
	return list
}

// runs is how often a conformance run is repeated.
func runs(t *testing.T) int {
	t.Helper()
	s := os.Getenv("MCPTEST_RUNS")
	if s == "" {
		return 2
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("MCPTEST_RUNS is %q", s)
	}
	return n
}

// eras are the revisions that are required of the Go SDK's server, and how it is started
// to speak them.
var eras = []struct{ requirements, stateless string }{
	{"2025-11-25", "false"},
	{"2026-07-28", "true"},
}

// startEverything starts the Go SDK's server for conformance tests.
func startEverything(t *testing.T, stateless string) (url string) {
	t.Helper()
	program := goProgram(t, &everythingServer, "everything-server", "github.com/modelcontextprotocol/go-sdk/conformance/everything-server")
	address := freeAddress(t)
	serve(t, address, program, "-http", address, "-stateless="+stateless)
	return "http://" + address + "/"
}

// unscored are scenarios that the tool runs and does not require, and that the Go SDK's
// server fails: extensions that it does not have.
const unscored = "tasks-"

// TestInstruments: the tool finds the server right without a gateway between them, so
// that what it finds with one is the gateway's.
func TestInstruments(t *testing.T) {
	for _, era := range eras {
		t.Run(era.requirements, func(t *testing.T) {
			v := conformance(t, "server", "--url", startEverything(t, era.stateless), "--requirements", era.requirements)
			if len(v) < 30 {
				t.Errorf("%d scenarios have run", len(v))
			}
			for _, scenario := range slices.Sorted(maps.Keys(v)) {
				if !v.passes(scenario) && !strings.HasPrefix(scenario, unscored) {
					t.Errorf("%s fails: %v", scenario, v[scenario])
				}
			}
			n := v.totals()
			t.Logf("%s directly: %d scenarios, %+v", era.requirements, len(v), n)
		})
	}
}

// TestConformance: what passes directly passes through the gateway, every time.
func TestConformance(t *testing.T) {
	for _, era := range eras {
		t.Run(era.requirements, func(t *testing.T) {
			server := startEverything(t, era.stateless)
			address := freeAddress(t)
			startGateway(t, address, map[string]string{"gateway.yaml": fmt.Sprintf(`
gateway: { publicUrl: "http://%s" }
apis:
  everything:
    type: mcp
    path: everything
    serviceUrl: %q
    subscriptionRequired: false
    mcp: { authorization: false }
`, address, server)})
			through := "http://" + address + "/everything/mcp"
			var table []string
			for n := 1; n <= runs(t); n++ {
				args := []string{"server", "--requirements", era.requirements, "--url"}
				a := conformance(t, append(args, server)...)
				start := time.Now()
				b := conformance(t, append(args, through)...)
				table = append(table, fmt.Sprintf("%3d  directly %+v  through the gateway %+v in %s", n, a.totals(), b.totals(), time.Since(start).Round(time.Second/10)))
				for _, w := range worse(a, b) {
					t.Errorf("run %d: %s", n, w)
				}
			}
			t.Logf("%s:\n%s", era.requirements, strings.Join(table, "\n"))
		})
	}
}
