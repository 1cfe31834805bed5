package credential

import (
	"errors"
	"fmt"

	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
)

// Error is why a Manager refuses. It holds no secrets.
type Error struct {
	// Code is one of the constants below, or a code of package oauth.
	Code    string
	Message string
	cause   error
}

// Codes of Errors.
const (
	CodeNotFound  = "NotFound"         // there is no such provider, connection or policy
	CodeDenied    = "Unauthorized"     // the caller may not use the connection
	CodeLimit     = "TooManyRequests"  // it has been asked for too often
	CodeState     = "NotConnected"     // it has no token, and needs a consent to get one
	CodeProvider  = "ProviderError"    // the provider refuses, or cannot be reached
	CodeInvalid   = "ValidationError"  // what was asked for makes no sense
	CodeConflict  = "Conflict"         // it may not be changed, or was meanwhile
	CodeCondition = "PreconditionFail" // If-Match does not match
	CodeTooMany   = "LimitExceeded"    // there are as many as there may be
)

func (e *Error) Error() string { return e.Message }

// Unwrap returns what is behind it.
func (e *Error) Unwrap() error { return e.cause }

func fail(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// wrap makes an Error of one that the store or a provider has returned.
func wrap(what string, err error) error {
	var mine *Error
	var provider *oauth.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mine):
		return err
	case errors.As(err, &provider):
		return &Error{CodeProvider, what + ": " + provider.Error(), err}
	case errors.Is(err, store.ErrNotFound):
		return &Error{CodeNotFound, what + " does not exist", err}
	case errors.Is(err, store.ErrConflict):
		return &Error{CodeCondition, what + " has changed in the meantime", err}
	case errors.Is(err, store.ErrLimit):
		return &Error{CodeTooMany, what + ": there are as many as there may be", err}
	}
	return fmt.Errorf("%s: %w", what, err)
}
