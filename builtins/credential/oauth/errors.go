package oauth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what is to be made of an Error.
type Kind int

const (
	// Transient: asking again later may help, and asking has changed nothing.
	Transient Kind = iota
	// Ambiguous: the call was sent and its answer lost; it may have had an effect.
	Ambiguous
	// Permanent: asking again does not help before somebody changes a setting.
	Permanent
	// InvalidGrant: the code or refresh token is not good, or not any more.
	InvalidGrant
)

// Error is a provider's refusal, or a failure to reach it. It holds no secrets, and its
// texts are bounded and printable.
type Error struct {
	Kind   Kind
	Status int // of HTTP, 0 without an answer
	// Code is RFC 6749's, the provider's own, or one of ours: unreachable, timeout,
	// canceled, redirect, too_large, bad_url, bad_response, forbidden_address.
	Code        string
	Description string
}

func (e *Error) Error() string {
	switch {
	case e.Description == "":
		return e.Code
	case e.Status != 0:
		return fmt.Sprintf("%s (status %d): %s", e.Code, e.Status, e.Description)
	}
	return e.Code + ": " + e.Description
}

// Lengths of texts from outside, in bytes.
const (
	maxCode = 64
	maxText = 300
)

// Clean makes a text from outside fit to be shown: one line, at most max bytes, no
// control characters and none that turn the direction of writing around.
func Clean(s string, max int) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case r == utf8.RuneError, !unicode.IsPrint(r):
			continue
		}
		need := utf8.RuneLen(r)
		if space {
			need++
		}
		if b.Len()+need > max {
			b.WriteString("…")
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// redact is Clean for texts that may quote what we have sent: a provider that repeats a
// secret in its description must not carry it into a log.
func redact(s string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= 4 {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	return Clean(s, maxText)
}
