// Package store keeps what the credential manager must not lose: providers, connections
// with their tokens, access policies, consents under way and clients that registered
// themselves; and, as [Records], what the authorization server must not lose.
//
// Three rules hold everywhere in it.
//
// What is secret is sealed. Each group of secrets of a record (the client secret and its
// like, the tokens) is encrypted under a data key of its own that is bound to the table,
// the row and the column (package keys), so that a file that is copied shows nothing, and a
// value that is moved to another place does not open.
//
// What happened is written or it is not. Every method is one transaction. A process that is
// killed in the middle of it leaves the state before or the state after.
//
// What two processes write at once is noticed. Descriptions have ETags, tokens a version,
// and who refreshes a connection holds its lease.
//
// [Open] gives the implementation on SQLite, for any number of processes of one machine.
package store

import (
	"context"
	"errors"
	"time"
)

// What a method may answer. Each is wrapped in an error that says what it was about; none
// of them holds a secret.
var (
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the record is not, or no longer, what the caller's Match or Guard says.
	// Read it again and decide anew.
	ErrConflict = errors.New("changed in the meantime")
	// ErrLimit: one more would be more than the caller allows.
	ErrLimit = errors.New("too many")
	// ErrLeaseHeld: somebody else works on the connection.
	ErrLeaseHeld = errors.New("leased by another")
	// ErrLeaseLost: the lease ran out, and may be another's by now.
	ErrLeaseLost = errors.New("lease lost")
	// ErrUsed: a login that serves once has served.
	ErrUsed = errors.New("used already")
	// ErrExpired: a login was not finished in time.
	ErrExpired = errors.New("expired")
)

// Match is the condition under which a record may be written or deleted, as If-Match and
// If-None-Match give it: one of the constants below or the ETag that the record must have.
type Match string

const (
	Always Match = ""    // whatever there is
	Exists Match = "*"   // If-Match: *, there must be one: else ErrNotFound
	Absent Match = "new" // If-None-Match: *, there must be none: else ErrConflict
)

// Page cuts a list, which is ordered by ID. The zero Page is everything.
type Page struct {
	Skip int
	Top  int // 0: no bound
}

// Key names a connection.
type Key struct{ Provider, Connection string }

func (k Key) String() string { return k.Provider + "/" + k.Connection }

// Subject is a person or an application as its issuer knows it. The zero Subject is nobody.
type Subject struct {
	Issuer  string `json:"iss,omitempty"`
	Subject string `json:"sub,omitempty"`
}

// IsZero tells whether it is nobody.
func (s Subject) IsZero() bool { return s == Subject{} }

// Provider is an identity provider with one way to get tokens from it.
type Provider struct {
	ID               string
	DisplayName      string
	IdentityProvider string            // the preset, such as "oauth2" or "google"
	Grant            string            // such as "authorizationCode"
	Settings         map[string]string // what may be shown
	Secrets          map[string]Secret // what may not; nil in lists

	// The Store sets these.
	ETag             string // changes with every write; quoted as in HTTP
	Created, Changed time.Time
}

// State is how a connection does.
type State string

const (
	Pending      State = "pending"      // made, never connected
	Connected    State = "connected"    // has tokens that work
	Degraded     State = "degraded"     // has tokens, but refreshing fails at the moment
	NeedsConsent State = "needsConsent" // only a new consent helps
	Revoked      State = "revoked"      // given back on purpose
)

// Status is how a connection does, and why. It holds no secrets.
type Status struct {
	State   State
	Reason  string    // a word or two for programs and people, such as "consent" or "invalid_grant"
	Failure *Failure  // the last one, nil if there was none since State was Connected
	Since   time.Time // when State became what it is; the Store sets it
}

// Failure is what went wrong at a provider, without secrets.
type Failure struct {
	Code    string    `json:"code"`
	Message string    `json:"message"`
	At      time.Time `json:"at"`
	// Count is how often it failed in a row.
	Count int `json:"count,omitempty"`
}

// Tokens are what a provider granted.
type Tokens struct {
	Access   Secret
	Refresh  Secret
	Type     string    // such as "Bearer"
	Scope    string    // as the provider spelled it
	Obtained time.Time // when the request for it was sent
	Expires  time.Time // of the access token; zero if the provider did not say
	// Response is the JSON object that the token endpoint answered, with the tokens in
	// it: what Authorization.Claims is made of.
	Response Secret
}

// Connection is one account at a provider. It has two halves that change for different
// reasons: the description, which people write (PutConnection, ETag), and the tokens with
// the status, which the credential manager writes (SaveTokens and SaveStatus, Version).
type Connection struct {
	Key
	Grant      string
	Parameters map[string]string // what may be shown
	Secrets    map[string]Secret // what may not, such as a client secret; nil in lists
	Owner      Subject           // who alone may give the consent; zero: anybody who has a link

	// The Store sets these.
	ETag             string // of the description; quoted as in HTTP
	Created, Changed time.Time

	Status  Status
	Tokens  *Tokens   // nil if there are none, and in lists
	Expires time.Time // of the access token, in lists too; zero without one
	Version int64     // of Status and Tokens; grows with each change
	Lease   Lease     // as it was when the record was read; zero if nobody had one
}

// Lease says that its holder alone works on a connection until then. Fence grows with each
// lease of a connection, so that a late holder is told from the one after it.
type Lease struct {
	Key
	Holder string
	Until  time.Time
	Fence  int64
}

// Guard is what must still be so for tokens or a status to be saved.
type Guard struct {
	// Version is what the connection's Version must be: else ErrConflict.
	Version int64
	// Lease, if it has a Fence, must still be the caller's: else ErrLeaseLost. Give it
	// with bad news, so that a holder that was too slow does not spoil what the next one
	// does. A pair of tokens just obtained is worth saving though the lease is gone: the
	// Version says whether somebody was faster.
	Lease Lease
}

// AccessPolicy allows somebody the use of a connection.
type AccessPolicy struct {
	Key
	ID       string
	TenantID string
	ObjectID string
	AppIDs   []string
	Kind     PolicyKind

	// The Store sets these.
	ETag             string
	Created, Changed time.Time
}

// PolicyKind is whom an access policy is about.
type PolicyKind string

const (
	Managed          PolicyKind = "managed"
	ServicePrincipal PolicyKind = "servicePrincipal"
	User             PolicyKind = "user"
	Group            PolicyKind = "group"
)

// Login is one step of a consent under way: a login link, or a request that was sent to a
// provider and whose answer is awaited. It is found by an opaque ID that only its bearer
// knows, and is consumed once.
type Login struct {
	// Kind keeps IDs of one step from serving in another, such as "link" and "state".
	Kind string
	// ID is at least 16 characters that nobody guesses. The store keeps its SHA-256.
	ID Secret
	Key
	User     Subject           // who alone may go on with it
	Redirect string            // where the browser goes in the end
	Secrets  map[string]Secret // such as nonce, PKCE verifier, the browser's cookie
	Expires  time.Time

	// The Store sets these.
	Created time.Time
	Used    time.Time // zero until it is consumed
}

// Registration is a client that was registered with a provider's authorization server by
// the protocol (RFC 7591).
type Registration struct {
	Provider string
	Issuer   string // of the authorization server: a provider that moves needs another
	ClientID string
	Settings map[string]string // what may be shown, such as the registered redirect URL
	Secrets  map[string]Secret // such as client_secret and registration_access_token
	Expires  time.Time         // of the client secret; zero: never

	// The Store sets these.
	ETag             string
	Created, Changed time.Time
}

// Store is what the credential manager asks of its database. Its methods may be called by
// any number of goroutines, and by any number of processes on one database. Records that go
// in and come out belong to the caller. An error that none of the Err values of this package
// explains says nothing about whether a write took place.
type Store interface {
	// Provider reads one, with its secrets.
	Provider(ctx context.Context, id string) (*Provider, error)
	// Providers lists them, and says how many there are on all pages.
	Providers(ctx context.Context, page Page) ([]*Provider, int, error)
	// PutProvider writes one and sets its ETag and times. created tells that it is new:
	// then at most limit of them may exist afterwards (0: no limit), else ErrLimit.
	// Secrets replace all that were there.
	PutProvider(ctx context.Context, p *Provider, match Match, limit int) (created bool, err error)
	// DeleteProvider deletes one with its connections, their access policies and logins,
	// and its registrations.
	DeleteProvider(ctx context.Context, id string, match Match) error

	// Connection reads one, with its secrets and tokens.
	Connection(ctx context.Context, key Key) (*Connection, error)
	// Connections lists a provider's, and says how many there are on all pages.
	Connections(ctx context.Context, provider string, page Page) ([]*Connection, int, error)
	// PutConnection writes the description and sets ETag and times; limit is that of one
	// provider, as in PutProvider. ErrNotFound is about the provider, too. A new
	// connection gets c.Status (Pending if that is zero) and no tokens; that, Tokens and
	// Version of one that exists stay what they are, and c is given them.
	PutConnection(ctx context.Context, c *Connection, match Match, limit int) (created bool, err error)
	// DeleteConnection deletes one with its access policies and logins.
	DeleteConnection(ctx context.Context, key Key, match Match) error

	// SaveTokens replaces tokens (nil: there are none any more) and status in one step
	// and returns the new Version. What it returned without error survives a power cut,
	// so the tokens may be used. It finishes although ctx is cancelled: a refresh token
	// that was rotated and not saved is a consent lost.
	SaveTokens(ctx context.Context, key Key, when Guard, tokens *Tokens, status Status) (version int64, err error)
	// SaveStatus replaces the status alone and returns the new Version.
	SaveStatus(ctx context.Context, key Key, when Guard, status Status) (version int64, err error)

	// AcquireLease makes holder the only one to work on a connection for ttl. A lease that
	// has not run out is nobody else's: ErrLeaseHeld, with the lease that stands; that
	// goes for its holder, too. Holders are told apart by name: give each attempt its own.
	AcquireLease(ctx context.Context, key Key, holder string, ttl time.Duration) (Lease, error)
	// RenewLease makes a lease last for ttl from now: ErrLeaseLost if it ran out.
	RenewLease(ctx context.Context, l Lease, ttl time.Duration) (Lease, error)
	// ReleaseLease ends a lease before its time: ErrLeaseLost if another has it by now.
	ReleaseLease(ctx context.Context, l Lease) error

	AccessPolicy(ctx context.Context, key Key, id string) (*AccessPolicy, error)
	AccessPolicies(ctx context.Context, key Key, page Page) ([]*AccessPolicy, int, error)
	// PutAccessPolicy writes one; limit is that of one connection, as in PutProvider.
	PutAccessPolicy(ctx context.Context, p *AccessPolicy, match Match, limit int) (created bool, err error)
	DeleteAccessPolicy(ctx context.Context, key Key, id string, match Match) error

	// CreateLogin keeps a new one; limit is how many of one connection and kind may be
	// under way.
	CreateLogin(ctx context.Context, l *Login, limit int) error
	// Login reads one without using it up: ErrNotFound, ErrUsed, ErrExpired.
	Login(ctx context.Context, kind string, id Secret) (*Login, error)
	// ConsumeLogin reads one and uses it up: of any number of callers, one gets it, and
	// the others ErrUsed. Its secrets are not kept after that.
	ConsumeLogin(ctx context.Context, kind string, id Secret) (*Login, error)
	// Sweep deletes the logins that expired long ago, and the Records whose time is over,
	// and says how many there were. CreateLogin and Records.Put do it in passing.
	Sweep(ctx context.Context) (int, error)

	Registration(ctx context.Context, provider, issuer string) (*Registration, error)
	// PutRegistration writes one. Of two processes that register at once with Absent, one
	// gets ErrConflict and reads what the other got.
	PutRegistration(ctx context.Context, r *Registration, match Match) error
	DeleteRegistration(ctx context.Context, provider, issuer string, match Match) error

	Close() error
}
