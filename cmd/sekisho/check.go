package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"sekisho/engine/assembly"
	"sekisho/engine/check"
	"sekisho/engine/config"
	"sekisho/engine/gateway"
	"sekisho/engine/source"
)

type checkCommand struct {
	Paths  []string `arg:"" optional:"" name:"path" help:"Gateway folders, or policy documents and folders of them. Default: the folder here."`
	Format string   `enum:"text,json,sarif,github" default:"text" help:"text for people; json (one object a line), sarif and github for machines."`
	All    bool     `help:"Show all diagnostics; text shows the first 20 otherwise."`
	// ExplainPlan wants text or json.
	ExplainPlan bool `help:"Say of each expression whether it runs natively or in goja, and why."`
}

// Help implements kong's detailed help.
func (checkCommand) Help() string {
	return `A folder with a gateway.yaml is checked as a whole: what its documents name must be there.

Documents by themselves are checked without their gateway. A named value {{name}} then
stands for a text, or for a value of unknown type where it is code; fragments, backends and
certificates that are not known are warnings.

  sekisho check my-gateway
  sekisho check policies/orders.xml --format github
  sekisho check exported-policies/ --format json | tail -1
  sekisho check my-gateway --explain-plan

Exit code 0 means no errors, 1 errors, 3 that something could not be read.`
}

func (c checkCommand) Run(io streams) error {
	if c.ExplainPlan && c.Format != "text" && c.Format != "json" {
		return usage("--explain-plan wants --format text or json")
	}
	paths := c.Paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	report := &check.Report{}
	var bare []string
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			return environment(err)
		}
		if !isGateway(p) {
			bare = append(bare, p)
			continue
		}
		setup := assembly.Setup(assembly.Options{Env: os.LookupEnv})
		setup.Path = p
		n := gateway.Check(setup, &report.Diags)
		report.Add(n.Documents, n.Loaded, n.Expressions, n.Compiled)
		report.Plans = append(report.Plans, n.Plans...)
	}
	if err := report.Files(bare); err != nil {
		return environment(err)
	}
	if err := c.write(io.out, report); err != nil {
		return environment(err)
	}
	if report.Diags.Errors() > 0 {
		return findings()
	}
	return nil
}

// isGateway tells folders of a gateway, and gateway.yaml itself, from documents.
func isGateway(path string) bool {
	if filepath.Base(path) == config.FileName {
		return true
	}
	_, err := os.Stat(filepath.Join(path, config.FileName))
	return err == nil
}

func (c checkCommand) write(w io.Writer, r *check.Report) error {
	diags := r.Diags.Sorted()
	switch c.Format {
	case "json":
		if err := source.WriteJSON(w, diags); err != nil {
			return err
		}
		plan := ""
		if c.ExplainPlan {
			if err := writePlanJSON(w, r.Plans); err != nil {
				return err
			}
			plan = fmt.Sprintf(`,"native":%d,"goja":%d`, native(r.Plans), len(r.Plans)-native(r.Plans))
		}
		_, err := fmt.Fprintf(w, `{"documents":%d,"loaded":%d,"expressions":%d,"compiled":%d%s}`+"\n", r.Documents, r.Loaded, r.Expressions, r.Compiled, plan)
		return err
	case "sarif":
		return source.WriteSARIF(w, diags, check.Codes(), version())
	case "github":
		return source.WriteGitHub(w, diags)
	}
	o := source.TextOptions{Color: isTerminal(w)}
	if c.All {
		o.Limit = -1
	}
	if err := source.WriteText(w, diags, o); err != nil {
		return err
	}
	if c.ExplainPlan {
		if err := writePlanText(w, r.Plans); err != nil {
			return err
		}
	}
	errors := countErrors(diags)
	_, err := fmt.Fprintf(w, "%s, %d loaded; %s, %d compiled; %s, %s\n",
		count(r.Documents, "document"), r.Loaded, count(r.Expressions, "expression"), r.Compiled,
		count(errors, "error"), count(len(diags)-errors, "warning"))
	return err
}

func countErrors(diags []source.Diagnostic) int {
	n := 0
	for _, d := range diags {
		if d.Severity == source.Error {
			n++
		}
	}
	return n
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// isTerminal tells whether colours are welcome: on a terminal, unless NO_COLOR is set.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
