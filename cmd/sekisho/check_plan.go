package main

import (
	"encoding/json"
	"fmt"
	"io"

	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// runsIn is where an expression runs.
func runsIn(p pipeline.ExprPlan) string {
	if p.Native {
		return "native"
	}
	return "goja"
}

func native(plans []pipeline.ExprPlan) int {
	n := 0
	for _, p := range plans {
		if p.Native {
			n++
		}
	}
	return n
}

// writePlanText writes a line for each expression, and totals.
func writePlanText(w io.Writer, plans []pipeline.ExprPlan) error {
	for _, p := range plans {
		how := "runs natively"
		if !p.Native {
			how = "runs in goja: " + p.Why
			if at := p.Plan.At; !at.IsZero() {
				pos := at.Pos()
				how += fmt.Sprintf(", at %d:%d", pos.Line, pos.Col)
			}
		}
		pos := p.At.Pos()
		if _, err := fmt.Fprintf(w, "%s:%d:%d: %s %s\n", p.At.Text.Name, pos.Line, pos.Col, p.Language, how); err != nil {
			return err
		}
	}
	n := native(plans)
	_, err := fmt.Fprintf(w, "%s: %d run natively, %d in goja\n", count(len(plans), "expression"), n, len(plans)-n)
	return err
}

// planLine is an expression in the JSON form.
type planLine struct {
	File     string  `json:"file"`
	Line     int     `json:"line"`
	Column   int     `json:"column"`
	Start    int     `json:"start"`
	End      int     `json:"end"`
	Language string  `json:"language"`
	Runs     string  `json:"runs"`
	Why      string  `json:"why,omitempty"`
	WhyAt    *planAt `json:"whyAt,omitempty"`
}

type planAt struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// writePlanJSON writes an object a line for each expression.
func writePlanJSON(w io.Writer, plans []pipeline.ExprPlan) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, p := range plans {
		line := planLine{
			File: p.At.Text.Name, Line: p.At.Pos().Line, Column: p.At.Pos().Col, Start: p.At.Start, End: p.At.End,
			Language: p.Language, Runs: runsIn(p), Why: p.Why, WhyAt: planAtOf(p.Plan.At),
		}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func planAtOf(at source.Range) *planAt {
	if at.IsZero() {
		return nil
	}
	pos := at.Pos()
	return &planAt{pos.Line, pos.Col}
}
