package store

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a Secret prints as, whoever prints it.
const redacted = "[secret]"

// Secret is a string that does not print: not with fmt, not as JSON, not in a log, not as
// a field of something that does. Records hold what must not be seen as Secrets and so
// may be printed themselves. Reveal is the one way to the value. The zero Secret is empty.
type Secret struct {
	// value is behind a pointer because fmt walks into unexported fields, where it calls
	// no methods: what it finds there is an address.
	value *string
}

// NewSecret wraps a value.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{&s}
}

// Reveal returns the value. Call it where the value is used, not before.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero tells whether the Secret is empty.
func (s Secret) IsZero() bool { return s.value == nil }

// Equal compares in a time that does not depend on the values.
func (s Secret) Equal(o Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format keeps every verb of fmt from the value.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }
