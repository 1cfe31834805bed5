package script

import (
	"fmt"
	"strings"

	"sekisho/engine/source"
)

// Kind tells why an evaluation failed.
type Kind uint8

// The kinds of Errors.
const (
	// Thrown: the script threw, or a promise it waited for was rejected.
	Thrown Kind = iota
	// OverBudget: it used up its time inside the VM.
	OverBudget
	// OverMemory: it held more memory than it may.
	OverMemory
	// OverLimit: it did not end within the limit for all of it, waiting included.
	OverLimit
	// Unsettled: its promise was pending when nothing was left that could settle it.
	Unsettled
	// Canceled: the request ended first.
	Canceled
	// Busy: too many evaluations wait already.
	Busy
	// Internal: a fault of ours; the VM was dropped.
	Internal
)

// Error is why an evaluation yielded no value.
type Error struct {
	Kind Kind
	// Message is what was thrown ("TypeError: x is not a function") or what happened.
	Message string
	// Status and Reason are those of a Fault that the script threw; 0 and "" for any
	// other error.
	Status int
	Reason string
	// Stack is where, innermost first: places in the files that people wrote.
	Stack []Frame
	// Cause is the Go error behind it, if there is one.
	Cause error
}

// Frame is one call of a Stack.
type Frame struct {
	Function string // "" for top-level code
	Range    source.Range
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Cause }

// Range is the innermost place, the zero Range if none is known.
func (e *Error) Range() source.Range {
	if len(e.Stack) == 0 {
		return source.Range{}
	}
	return e.Stack[0].Range
}

// Detail is the message with the stack, for logs:
//
//	TypeError: x is not a function
//	    at greet (scripts/greet.ts:3:5)
func (e *Error) Detail() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for _, f := range e.Stack {
		pos := f.Range.Pos()
		where := fmt.Sprintf("%s:%d:%d", f.Range.Text.Name, pos.Line, pos.Col)
		if f.Function != "" {
			fmt.Fprintf(&b, "\n    at %s (%s)", f.Function, where)
		} else {
			fmt.Fprintf(&b, "\n    at %s", where)
		}
	}
	return b.String()
}
