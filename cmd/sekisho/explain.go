package main

import (
	"fmt"
	"strings"

	"sekisho/engine/check"
	"sekisho/engine/source"
)

type explainCommand struct {
	Code string `arg:"" optional:"" help:"The code, as it stands in brackets at the end of a diagnostic. Without it all codes are listed."`
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
	if near := source.Nearest(c.Code, names); near != "" {
		return usage("there is no code %q; did you mean %q?", c.Code, near)
	}
	return usage("there is no code %q; sekisho explain lists all", c.Code)
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
