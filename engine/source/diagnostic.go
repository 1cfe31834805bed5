package source

import (
	"fmt"
	"sort"
)

// Severity of a Diagnostic.
type Severity uint8

const (
	// Error: what is described cannot be loaded; nothing that serves changes.
	Error Severity = iota
	// Warning: it loads, and something about it is probably not meant.
	Warning
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Code names a kind of fault for good: kebab-case, listed in a table of CodeDocs,
// explained by `sekisho explain`.
type Code string

// Note is a second place that a Diagnostic speaks of.
type Note struct {
	Range   Range
	Message string
}

// Diagnostic is one thing found wrong at load. Messages are lower case, without a
// full stop, name things in quotes, and say what is wanted and what was found.
type Diagnostic struct {
	Severity Severity
	Code     Code
	Range    Range
	Message  string
	// Hint is something to do, or empty.
	Hint  string
	Notes []Note
}

// List collects Diagnostics. The zero List is ready.
type List struct {
	items []Diagnostic
}

// Add appends a Diagnostic.
func (l *List) Add(d Diagnostic) { l.items = append(l.items, d) }

// Errorf adds an error.
func (l *List) Errorf(r Range, code Code, format string, args ...any) *Diagnostic {
	return l.add(Error, r, code, format, args)
}

// Warnf adds a warning.
func (l *List) Warnf(r Range, code Code, format string, args ...any) *Diagnostic {
	return l.add(Warning, r, code, format, args)
}

func (l *List) add(s Severity, r Range, code Code, format string, args []any) *Diagnostic {
	l.items = append(l.items, Diagnostic{Severity: s, Code: code, Range: r, Message: fmt.Sprintf(format, args...)})
	return &l.items[len(l.items)-1]
}

// WithHint sets the hint, if there is one; it returns the Diagnostic. The pointer
// is good until the next Add to its List.
func (d *Diagnostic) WithHint(format string, args ...any) *Diagnostic {
	if format != "" {
		d.Hint = fmt.Sprintf(format, args...)
	}
	return d
}

// WithNote adds a second place.
func (d *Diagnostic) WithNote(r Range, format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, Note{r, fmt.Sprintf(format, args...)})
	return d
}

// Append adds all of another List.
func (l *List) Append(o List) { l.items = append(l.items, o.items...) }

// NoteFrom adds a note to all Diagnostics from index i on.
func (l *List) NoteFrom(i int, r Range, message string) {
	for ; i < len(l.items); i++ {
		l.items[i].Notes = append(l.items[i].Notes, Note{r, message})
	}
}

// Len counts errors and warnings.
func (l *List) Len() int { return len(l.items) }

// Errors counts the errors.
func (l *List) Errors() int {
	n := 0
	for _, d := range l.items {
		if d.Severity == Error {
			n++
		}
	}
	return n
}

// Sorted returns the Diagnostics by file, offset, severity and message, each once:
// a fragment that is included twice is not reported twice.
func (l *List) Sorted() []Diagnostic {
	out := append([]Diagnostic(nil), l.items...)
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if an, bn := a.Range.name(), b.Range.name(); an != bn {
			return an < bn
		}
		if a.Range.Start != b.Range.Start {
			return a.Range.Start < b.Range.Start
		}
		if a.Severity != b.Severity {
			return a.Severity < b.Severity
		}
		if a.Message != b.Message {
			return a.Message < b.Message
		}
		return a.Code < b.Code
	})
	kept := out[:0]
	for i, d := range out {
		if i > 0 {
			p := kept[len(kept)-1]
			if p.Code == d.Code && p.Message == d.Message && p.Severity == d.Severity && p.Range.same(d.Range) {
				continue
			}
		}
		kept = append(kept, d)
	}
	return kept
}

// same tells whether two Ranges look the same to a reader: a file that was loaded
// twice is two Texts.
func (r Range) same(o Range) bool {
	return r.Start == o.Start && r.End == o.End && r.name() == o.name()
}

func (r Range) name() string {
	if r.Text == nil {
		return ""
	}
	return r.Text.Name
}
