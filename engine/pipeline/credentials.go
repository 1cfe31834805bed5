package pipeline

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"sekisho/engine/dotnet/apim"
)

// Tokens verifies JSON Web Tokens that callers present.
type Tokens interface {
	// Verify takes a token in compact form, without a scheme before it, to what it says:
	// it decrypts it if need be, and checks that one of keys has signed it. Lifetime,
	// issuer, audiences and claims are left to the caller. Any error is a *TokenError.
	Verify(ctx context.Context, token string, keys *TokenKeys) (*VerifiedToken, error)
}

// TokenKeys are the keys that a token may be signed or encrypted with. Whoever verifies
// tokens makes them once and keeps them, unchanged: the address of a TokenKeys is part
// of the key under which tokens that it has verified are remembered.
type TokenKeys struct {
	// OpenID are the URLs of OpenID configurations whose issuers' keys are accepted, as
	// they are published at the moment.
	OpenID []string
	// Signing are keys that tokens may be signed with besides.
	Signing []TokenKey
	// Decryption are keys that tokens may be encrypted with.
	Decryption []TokenKey
	// Unsigned accepts tokens without a signature (alg none).
	Unsigned bool
}

// TokenKey is one key.
type TokenKey struct {
	// ID is compared with the kid of a token; "" goes with any.
	ID string
	// Key is a *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, for decryption a
	// *rsa.PrivateKey or *ecdsa.PrivateKey, or a symmetric []byte.
	Key any
}

// VerifiedToken is a token whose signature is good. It is shared, must not be changed, and
// may be asked and told of by many goroutines.
type VerifiedToken struct {
	Jwt *apim.Jwt
	// Issuers are those of the OpenID configurations of TokenKeys, as published: tokens
	// of these are accepted too where a policy lists issuers of its own.
	Issuers []string

	// accepted is written once, and good to read when noted says so. It is here, not behind
	// a pointer, since of thousands of tokens each look into the memory is a wait.
	noted    atomic.Int32
	accepted acceptance
}

// acceptance says that what a policy wants of a token holds at a time.
type acceptance struct {
	by          any
	from, until int64 // unix nanoseconds
}

// What VerifiedToken.noted says of accepted.
const (
	nothingNoted = iota
	beingNoted
	isNoted
)

// Accept notes that a policy, told by a pointer of its own, accepts what the token says from
// one time until before another, whatever the request; zero times bound nothing. Only the
// first one to do so is noted: there is rarely another, as tokens verified with other keys
// are others.
func (t *VerifiedToken) Accept(by any, from, until time.Time) {
	if !t.noted.CompareAndSwap(nothingNoted, beingNoted) {
		return
	}
	a := acceptance{by, math.MinInt64, math.MaxInt64}
	if from.After(time.Unix(0, math.MinInt64)) {
		a.from = math.MaxInt64 // of times that do not fit, until one that does, nothing is known
		if from.Before(time.Unix(0, math.MaxInt64)) {
			a.from = from.UnixNano()
		}
	}
	if !until.IsZero() && until.Before(time.Unix(0, math.MaxInt64)) {
		a.until = until.UnixNano()
	}
	t.accepted = a
	t.noted.Store(isNoted)
}

// Accepted tells whether Accept has said so of this time.
func (t *VerifiedToken) Accepted(by any, now time.Time) bool {
	if t.noted.Load() != isNoted {
		return false
	}
	a := &t.accepted
	return a.by == by && now.UnixNano() >= a.from && now.UnixNano() < a.until
}

// TokenError says why a token was refused. It never quotes the token.
type TokenError struct {
	// Reason is one of LastError's reasons for validate-jwt, such as
	// TokenSignatureInvalid; Message is its text.
	Reason, Message string
	// Cause is what is behind it, for the log; it may be nil.
	Cause error
}

func (e *TokenError) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *TokenError) Unwrap() error { return e.Cause }

// Identities obtain access tokens for the gateway itself.
type Identities interface {
	// Token is an access token for resource, an App ID URI or an application's id, of the
	// user-assigned identity with that client id, or of the system-assigned one if it is
	// "". A token that is good for long enough is answered without waiting. Errors hold
	// no secrets.
	Token(ctx context.Context, clientID, resource string) (string, error)
}

// Connections lend the access tokens of connections.
type Connections interface {
	// Authorization is what a connection grants at the moment. Errors hold no secrets.
	Authorization(ctx context.Context, r AuthorizationRequest) (*apim.Authorization, error)
}

// AuthorizationRequest asks for the use of a connection.
type AuthorizationRequest struct {
	Provider, Connection string
	// JWT tells that Identity, a token without a scheme before it, says who asks; else
	// the gateway itself asks, under its managed identity.
	JWT      bool
	Identity string
}
