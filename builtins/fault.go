package builtins

import (
	"context"
	"errors"

	"sekisho/engine/pipeline"
)

// Reasons that APIM does not document; the policies that use them say so.
const (
	reasonConcurrency = "ConcurrencyLimitExceeded"
	reasonBadValue    = "InvalidValue"
	reasonNoBackend   = "BackendNotFound"
	reasonNoBody      = "MessageBodyMissing"
)

// faultAt gives a Fault the place of an inner element that is not a policy itself.
func faultAt(err error, path string) error {
	var f *pipeline.Fault
	if errors.As(err, &f) && f.Path == "" {
		f.Path = path
	}
	return err
}

// badValue is the Fault of a policy whose computed attribute is of no use. The value
// is not shown: it may be a secret.
func badValue(format string, args ...any) error {
	return pipeline.Faultf(500, reasonBadValue, format, args...)
}

// gone is the Fault of a wait that was cut short by the Exchange's end.
func gone(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &pipeline.Fault{Status: 500, Reason: pipeline.ReasonTimeout, Message: "The request took longer than it may.", Cause: err}
	}
	return &pipeline.Fault{Status: 499, Reason: pipeline.ReasonClient, Message: "The client closed the connection.", Cause: err}
}
