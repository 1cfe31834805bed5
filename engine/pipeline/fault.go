package pipeline

import (
	"errors"
	"fmt"
	"strconv"

	"sekisho/engine/source"
)

// Fault is a failure of a request on its way to on-error: what APIM calls an
// error, with what LastError says of it and what the client is told.
type Fault struct {
	// Status is the HTTP status of the answer if no on-error changes it.
	Status int
	// Reason and Message are LastError's. Source, Path, PolicyID, Section and Scope
	// are filled by the Pipeline that the Fault passes through, unless set.
	Source, Reason, Message string
	Path, PolicyID          string
	Section                 Section
	Scope                   Scope
	// Public is the message in the answer's body; "" means Message for statuses
	// below 500 and APIM's "Internal server error" for others.
	Public string
	// Header is added to the answer.
	Header []Field
	// Cause is the Go error or the .NET exception behind it, for the log only.
	Cause error
	// Range is where in a document it happened, for the log only.
	Range source.Range
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %s: %s", f.Source, f.Reason, f.Message)
}

func (f *Fault) Unwrap() error { return f.Cause }

// Reasons of Faults that APIM documents and that more than one place uses.
const (
	ReasonExpression    = "ExpressionValueEvaluationFailure"
	ReasonBackend       = "BackendConnectionFailure"
	ReasonTimeout       = "Timeout"
	ReasonClient        = "ClientConnectionFailure"
	ReasonBodyTooLarge  = "MessageBodyTooLarge"
	ReasonInternal      = "InternalError"
	publicInternalError = "Internal server error"
)

// ErrBodyTooLarge says that a body does not fit in memory as the limits allow.
var ErrBodyTooLarge = errors.New("the message body is larger than the limit for bodies held in memory")

// Respond ends the pipeline: Exchange.Response is the answer as it stands. It is
// what return-response, mock-response, cors and a cache hit return.
//
//lint:ignore ST1012 it is no error: it ends a pipeline as fs.SkipAll ends a walk
var Respond = errors.New("pipeline: respond now")

// Faultf makes a Fault.
func Faultf(status int, reason, format string, args ...any) *Fault {
	return &Fault{Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// asFault turns any error of a Step into a Fault.
func asFault(err error) *Fault {
	var f *Fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, ErrBodyTooLarge):
		return &Fault{Status: 413, Reason: ReasonBodyTooLarge, Message: "The message body is larger than the configured limit.", Cause: err}
	}
	return &Fault{Status: 500, Reason: ReasonInternal, Message: err.Error(), Cause: err}
}

// public is the message that the client reads.
func (f *Fault) public() string {
	if f.Public != "" {
		return f.Public
	}
	if f.Status >= 500 {
		return publicInternalError
	}
	return f.Message
}

// ErrorBody is APIM's JSON body of an error answer; activityID is left out if "".
func ErrorBody(status int, message, activityID string) []byte {
	b := append([]byte(nil), `{ "statusCode": `...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `, "message": `...)
	b = appendJSONString(b, message)
	if activityID != "" {
		b = append(b, `, "activityId": `...)
		b = appendJSONString(b, activityID)
	}
	return append(b, ` }`...)
}

func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}
