package config

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a Secret prints as, whoever prints it.
const redacted = "[secret]"

// Secret is a string that does not print: not with fmt, not as JSON, not in a
// log. Reveal is the one way to its value. The zero Secret is empty.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(s string) Secret { return Secret{s} }

// Reveal returns the value. Call it where the value is used, not before.
func (s Secret) Reveal() string { return s.value }

// IsZero tells whether the Secret is empty.
func (s Secret) IsZero() bool { return s.value == "" }

// Equal compares in a time that does not depend on the values.
func (s Secret) Equal(o Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.value), []byte(o.value)) == 1
}

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format keeps every verb of fmt from the value.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }
