package csharp

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sekisho/engine/missing"
	"sekisho/engine/source"
)

const corpus = "../../../shared/corpus"

// accepted are the expressions that C# rejected only because its stand-in for
// context lacks a documented member.
var accepted = map[string]string{
	"'IDeployment' does not contain a definition for 'Gateway'": "context.Deployment.Gateway is documented",
	"Invalid expression term 'return'":                          "its doubled braces are a block in a block; C# saw what named values had made of them",
}

// Every expression of the corpus that the C# compiler rejects gets a diagnostic.
func TestRejected(t *testing.T) {
	table, err := os.ReadFile(filepath.Join(corpus, "rejected-expressions.tsv"))
	if err != nil {
		missing.Part(t, "the corpus is not here: %v", err)
	}
	rows := strings.Split(strings.TrimSpace(string(table)), "\n")[1:]
	found := 0
	for _, row := range rows {
		cols := strings.Split(row, "\t")
		code, kind := findExpression(t, cols[0], cols[1], cols[2])
		if code == "" {
			// The text ends elsewhere than a loader would end it: a damaged
			// document, whose fault is reported by the loader.
			t.Logf("%s: %.60s is no expression by its brackets", cols[0], cols[2])
			continue
		}
		found++
		why := ""
		for s, reason := range accepted {
			if strings.Contains(cols[3], s) {
				why = reason
			}
		}
		var list source.List
		p := Compile(source.Detached("x", code), kind, Options{}, &list)
		if (p == nil) != (why == "") {
			t.Errorf("%s: %.80s: C# says %q; a program: %v %v", cols[0], cols[2], cols[3], p != nil, list.Sorted())
		}
	}
	if found < 24 {
		t.Errorf("only %d of %d expressions were found in their documents", found, len(rows))
	}
}

var (
	blanks = regexp.MustCompile(`\s+`)
	named  = regexp.MustCompile(`\{\{\s*([^{}\s]+)\s*\}\}`)
)

// findExpression looks in a document for the expression that begins so.
func findExpression(t *testing.T, file, kind, prefix string) (string, Kind) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	open, k := "@(", Expr
	if kind == "block" {
		open, k = "@{", Block
	}
	raw := named.ReplaceAllString(string(data), "nv-$1")
	prefix = strings.TrimSpace(blanks.ReplaceAllString(prefix, " "))
	for _, text := range []string{html.UnescapeString(raw), raw} {
		for i := 0; ; {
			j := strings.Index(text[i:], open)
			if j < 0 {
				break
			}
			i += j + 1
			end, ok := End(text, i)
			if !ok {
				continue
			}
			inner := text[i+1 : end-1]
			if strings.HasPrefix(strings.TrimSpace(blanks.ReplaceAllString(inner, " ")), prefix) {
				return inner, k
			}
		}
	}
	return "", k
}
