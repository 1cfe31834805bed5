package source

import (
	"cmp"
	"slices"
)

// CodeDoc is what there is to say about one Code of Diagnostic: the text behind
// `sekisho explain CODE`, and the rules of a SARIF log. Every package that makes
// Diagnostics exports its own `Codes []source.CodeDoc`; the command merges them.
type CodeDoc struct {
	Code Code
	// Title is one short line: lower case, no full stop.
	Title string
	// Text explains the rule, why it stands, and what to do: one or more paragraphs.
	Text string
	// Bad is the smallest document that earns the Code, Good the same put right.
	// Both may be empty where no document can show it.
	Bad, Good string
}

// MergeCodes joins the tables of several packages into one, by Code. Where two
// packages describe the same Code, the first wins.
func MergeCodes(tables ...[]CodeDoc) []CodeDoc {
	seen := map[Code]bool{}
	var out []CodeDoc
	for _, table := range tables {
		for _, d := range table {
			if !seen[d.Code] {
				seen[d.Code] = true
				out = append(out, d)
			}
		}
	}
	slices.SortFunc(out, func(a, b CodeDoc) int { return cmp.Compare(a.Code, b.Code) })
	return out
}
