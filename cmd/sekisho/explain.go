package main

import (
	"fmt"
	"os"
	"strings"

	"sekisho/builtins"
	"sekisho/engine/check"
	"sekisho/engine/config"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

type explainCommand struct {
	Code   string `arg:"" optional:"" name:"code" help:"The code, as it stands in brackets at the end of a diagnostic, or the name of a policy. Without it all codes are listed."`
	Folder string `default:"." help:"The gateway folder whose scripts may declare the policy."`
}

func (c explainCommand) Run(io streams) error {
	codes := check.Codes()
	if c.Code == "" {
		for _, d := range codes {
			fmt.Fprintf(io.out, "%-32s %s\n", d.Code, d.Title)
		}
		return nil
	}
	var names []string
	for _, d := range codes {
		if string(d.Code) == c.Code {
			explain(io, d)
			return nil
		}
		names = append(names, string(d.Code))
	}
	policies := c.policies()
	if p := policies.Lookup(c.Code); p != nil {
		fmt.Fprint(io.out, p.Describe())
		return nil
	}
	if near := source.Nearest(c.Code, append(names, policies.Names()...)); near != "" {
		return usage("there is no code and no policy %q; did you mean %q?", c.Code, near)
	}
	return usage("there is no code and no policy %q; sekisho explain lists all codes", c.Code)
}

// policies are the built-in ones, and those that scripts of the folder declare.
func (c explainCommand) policies() *pipeline.Table {
	table := builtins.Table()
	if !isGateway(c.Folder) {
		return table
	}
	var diags source.List // what is wrong with the folder is the business of check
	m := config.Load(c.Folder, os.LookupEnv, &diags)
	if m == nil {
		return table
	}
	return pipeline.NewExpressions(m.Files, m.ScriptDir).Policies(table, &diags)
}

func explain(io streams, d source.CodeDoc) {
	fmt.Fprintf(io.out, "%s: %s\n\n%s\n", d.Code, d.Title, wrap(d.Text, 80))
	if d.Bad != "" {
		fmt.Fprintf(io.out, "\nWrong:\n%s\n", indent(d.Bad))
	}
	if d.Good != "" {
		fmt.Fprintf(io.out, "\nRight:\n%s\n", indent(d.Good))
	}
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}

// wrap breaks paragraphs at width columns.
func wrap(s string, width int) string {
	var out []string
	for _, para := range strings.Split(s, "\n\n") {
		line := ""
		var lines []string
		for _, w := range strings.Fields(para) {
			if line != "" && len(line)+1+len(w) > width {
				lines, line = append(lines, line), ""
			}
			if line != "" {
				line += " "
			}
			line += w
		}
		out = append(out, strings.Join(append(lines, line), "\n"))
	}
	return strings.Join(out, "\n\n")
}
