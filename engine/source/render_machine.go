package source

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// jsonPlace is a Range in JSON. Lines and columns count from 1, columns in bytes;
// start and end are byte offsets; the end is the place after the last byte. A
// Diagnostic without a place has none of them.
type jsonPlace struct {
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
	EndLine   int    `json:"endLine,omitempty"`
	EndColumn int    `json:"endColumn,omitempty"`
	Start     *int   `json:"start,omitempty"`
	End       *int   `json:"end,omitempty"`
}

func placeOf(r Range) jsonPlace {
	if r.IsZero() {
		return jsonPlace{}
	}
	from, to := r.Pos(), r.Text.Pos(r.End)
	return jsonPlace{r.Text.Name, from.Line, from.Col, to.Line, to.Col, &r.Start, &r.End}
}

type jsonNote struct {
	Message string `json:"message"`
	jsonPlace
}

// WriteJSON writes Diagnostics for programs: one JSON object a line.
func WriteJSON(w io.Writer, all []Diagnostic) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, d := range all {
		row := struct {
			Severity string `json:"severity"`
			Code     Code   `json:"code"`
			Message  string `json:"message"`
			jsonPlace
			Hint  string     `json:"hint,omitempty"`
			Notes []jsonNote `json:"notes,omitempty"`
		}{d.Severity.String(), d.Code, d.Message, placeOf(d.Range), d.Hint, nil}
		for _, n := range d.Notes {
			row.Notes = append(row.Notes, jsonNote{n.Message, placeOf(n.Range)})
		}
		if err := e.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

// WriteGitHub writes Diagnostics as workflow commands, which GitHub shows as
// annotations of the files they speak of.
func WriteGitHub(w io.Writer, all []Diagnostic) error {
	var b strings.Builder
	for _, d := range all {
		b.WriteString("::" + d.Severity.String() + " ")
		if !d.Range.IsZero() {
			from, to := characters(d.Range)
			fmt.Fprintf(&b, "file=%s,line=%d,", escapeProperty(filepath.ToSlash(d.Range.Text.Name)), from.Line)
			if to.Line == from.Line {
				fmt.Fprintf(&b, "col=%d,endColumn=%d,", from.Col, max(from.Col, to.Col-1))
			} else {
				fmt.Fprintf(&b, "endLine=%d,", to.Line)
			}
		}
		message := d.Message
		if d.Hint != "" {
			message += "\nhint: " + d.Hint
		}
		for _, n := range d.Notes {
			message += "\nnote: " + n.Message
			if !n.Range.IsZero() {
				message += " (" + place(n.Range) + ")"
			}
		}
		fmt.Fprintf(&b, "title=%s::%s\n", escapeProperty(string(d.Code)), escapeData(message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

// characters are the places a Range begins and ends at with columns counted in
// UTF-16 code units, as SARIF and GitHub count them.
func characters(r Range) (from, to Pos) {
	count := func(offset int) Pos {
		p := r.Text.Pos(offset)
		line, _ := r.Text.Line(p.Line)
		col := 1
		for _, c := range line[:min(p.Col-1, len(line))] {
			if col++; c > 0xffff && c != utf8.RuneError {
				col++
			}
		}
		p.Col = col
		return p
	}
	return count(r.Start), count(r.End)
}

// WriteSARIF writes Diagnostics as a SARIF 2.1.0 log of one run. The rules of the
// log are taken from docs; version is that of the tool.
func WriteSARIF(w io.Writer, all []Diagnostic, docs []CodeDoc, version string) error {
	run := sarifRun{ColumnKind: "utf16CodeUnits", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "sekisho", Version: version, Rules: []sarifRule{}}
	index := map[Code]int{}
	rule := func(d CodeDoc) int {
		if i, ok := index[d.Code]; ok {
			return i
		}
		i := len(run.Tool.Driver.Rules)
		index[d.Code] = i
		r := sarifRule{ID: string(d.Code)}
		if d.Title != "" {
			r.Short = &sarifMessage{d.Title}
		}
		if d.Text != "" {
			r.Full = &sarifMessage{d.Text}
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, r)
		return i
	}
	for _, d := range docs {
		rule(d)
	}
	for _, d := range all {
		text := d.Message
		if d.Hint != "" {
			text += " (hint: " + d.Hint + ")"
		}
		res := sarifResult{
			RuleID:    string(d.Code),
			RuleIndex: rule(CodeDoc{Code: d.Code}),
			Level:     d.Severity.String(),
			Message:   sarifMessage{text},
		}
		if !d.Range.IsZero() {
			res.Locations = []sarifLocation{sarifPlace(d.Range, "")}
		}
		for _, n := range d.Notes {
			if !n.Range.IsZero() {
				res.Related = append(res.Related, sarifPlace(n.Range, n.Message))
			}
		}
		run.Results = append(run.Results, res)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string        `json:"id"`
		Short *sarifMessage `json:"shortDescription,omitempty"`
		Full  *sarifMessage `json:"fullDescription,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region sarifRegion `json:"region"`
		} `json:"physicalLocation"`
		Message *sarifMessage `json:"message,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
		ByteOffset  int `json:"byteOffset"`
		ByteLength  int `json:"byteLength"`
	}
)

func sarifPlace(r Range, message string) sarifLocation {
	from, to := characters(r)
	var l sarifLocation
	l.Physical.Artifact.URI = (&url.URL{Path: filepath.ToSlash(r.Text.Name)}).String()
	l.Physical.Region = sarifRegion{from.Line, from.Col, to.Line, to.Col, r.Start, r.End - r.Start}
	if message != "" {
		l.Message = &sarifMessage{message}
	}
	return l
}
