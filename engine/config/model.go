package config

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"sekisho/engine/config/route"
	"sekisho/engine/source"
)

// Model is everything that a gateway's folder says, resolved: names have become
// pointers. It is frozen once Load has returned it, for any number of goroutines.
type Model struct {
	Gateway   Gateway
	Listeners []*Listener
	// AdminAddress is where the admin listener is, "" for none.
	AdminAddress string
	// AdminToken is what callers of its management API present, empty for one that
	// is made and kept in the credential manager's directory.
	AdminToken Secret
	Limits     Limits
	Logging    Logging
	Sandbox    Sandbox

	APIs          []*API // every revision of every API, in file order
	Products      []*Product
	Subscriptions []*Subscription
	Users         []*User
	Groups        []*Group
	Backends      []*Backend
	NamedValues   []*NamedValue
	Certificates  []*Certificate

	Identities []*ManagedIdentity
	// IdentitiesAt is where the first of them stands.
	IdentitiesAt source.Range
	// These are nil where they are not wanted. An AuthorizationServer has a
	// CredentialManager beside it.
	CredentialManager   *CredentialManager
	AuthorizationServer *AuthorizationServer
	Development         *Development

	// GlobalPolicy is the document of the global scope, nil without one. The
	// documents of the other scopes are with their owners.
	GlobalPolicy *source.Text
	// Fragments are the policy fragments by id.
	Fragments map[string]*source.Text

	// Files is the gateway's folder. What gateway.yaml names by an absolute path
	// is not in it.
	Files fs.FS
	// ScriptDir is the folder of script modules, relative to Files, and Scripts
	// the modules in it, by path relative to Files, sorted.
	ScriptDir string
	Scripts   []ScriptFile

	// WatchList names every file that the Model was read from, and those that
	// were looked for and not found, as paths on disk (or in the file system
	// given to LoadFS), sorted. WatchDirs are the folders in which new files
	// matter.
	WatchList []string
	WatchDirs []string

	table *route.Table
	byID  index
	// operations are those of all APIs, by Number; first has the number of the first of each
	// API. Matching reads these rather than the APIs: of thousands none is in the cache.
	operations []*Operation
	first      []int
}

// index finds things by their ids, in lower case.
type index struct {
	backends     map[string]*Backend
	named        map[string]*NamedValue
	certificates map[string]*Certificate
	products     map[string]*Product
}

// Backend finds a backend by id; nil if there is none. Case makes no difference,
// here and in the finders below.
func (m *Model) Backend(id string) *Backend { return m.byID.backends[strings.ToLower(id)] }

// NamedValue finds a named value; nil if there is none.
func (m *Model) NamedValue(name string) *NamedValue { return m.byID.named[strings.ToLower(name)] }

// Certificate finds a certificate by id or by thumbprint; nil if there is none.
func (m *Model) Certificate(id string) *Certificate {
	return m.byID.certificates[strings.ToLower(id)]
}

// Product finds a product by id; nil if there is none.
func (m *Model) Product(id string) *Product { return m.byID.products[strings.ToLower(id)] }

// Gateway is what context.Deployment tells, and the mode.
type Gateway struct {
	ID, Region, ServiceName, ServiceID string
	// PublicURL is where browsers reach the gateway, without a slash at its end; ""
	// for its first listener.
	PublicURL string
	// Development: errors explain themselves to the client.
	Development bool
}

// Listener is a place where requests arrive.
type Listener struct {
	Address string
	// TLS is nil for plain HTTP.
	TLS *ListenerTLS
	At  source.Range
}

// ListenerTLS is how a Listener speaks TLS.
type ListenerTLS struct {
	Certificate tls.Certificate
	MinVersion  uint16
	// ClientAuth says whether clients are asked for a certificate and whether it
	// is verified against ClientRoots, which are nil for the system's.
	ClientAuth  tls.ClientAuthType
	ClientRoots *x509.CertPool
}

// Limits bounds what one client or one request may take. The meaning of each is
// in the reference of gateway.yaml.
type Limits struct {
	HeaderBytes, URLBytes, ResponseHeaderBytes            int
	BodyBytes, BufferedBodyBytes                          int64
	HeaderTimeout, BodyTimeout, IdleTimeout, TotalTimeout time.Duration
	StreamIdleTimeout, DrainTimeout                       time.Duration
	Connections, ConnectionsPerIP, WebSockets             int // ConnectionsPerIP 0: no bound
	BackendConnections                                    int // to one host
	BackendConnectTimeout, BackendIdleTimeout             time.Duration
	CacheBytes, CachedResponseBytes, CounterBytes         int64
}

// Logging says how the log is written.
type Logging struct {
	JSON   bool
	Level  string // debug, info, warn, error
	Access bool   // a line per request
}

// Sandbox says what expressions and scripts may take, and what scripts may reach.
type Sandbox struct {
	// Time and Memory (in bytes) are for one evaluation.
	Time   time.Duration
	Memory int64
	// AllowedHosts may be at any address: names, name:port, *.name, or * for all.
	AllowedHosts []string
}

// ScriptFile is a module in the script folder.
type ScriptFile struct {
	Path string // relative to Model.Files
	Text *source.Text
}

// APIType is the kind of an API.
type APIType uint8

// The kinds of APIs.
const (
	HTTP APIType = iota
	WebSocket
	MCP
)

// API is one revision of one version of an API.
type API struct {
	// What every request asks for lies together: of thousands of APIs none is in the cache.

	// MCP is set for an API of the type MCP. Its Operations are its endpoints: mcp, sse and
	// messages.
	MCP *MCPServer
	// Products are those that contain the API, in file order; OpenProduct is the
	// one among them that needs no subscription, or nil.
	OpenProduct          *Product
	Protocols            []string // http, https, ws, wss
	SubscriptionRequired bool
	KeyHeader, KeyQuery  string // where the subscription key stands

	ID, Name string
	// Path is the path prefix without slashes at its ends and without the
	// version; Prefix adds it.
	Path  string
	Hosts []string // none: every host
	Type  APIType

	// Of ServiceURL and Backend at most one is set: where requests are forwarded
	// to unless a policy says otherwise.
	ServiceURL *url.URL
	Backend    *Backend

	VersionScheme route.Scheme
	VersionName   string // of the header or query parameter
	Version       string
	Revision      string
	IsCurrent     bool

	Policy     *source.Text // nil without one
	Operations []*Operation
	Products   []*Product

	At source.Range
}

// Prefix is the path that the API's requests begin with, without a slash at its
// end: "" at the root.
func (a *API) Prefix() string {
	p := ""
	if a.Path != "" {
		p = "/" + a.Path
	}
	if a.VersionScheme == route.Segment && a.Version != "" {
		p += "/" + a.Version
	}
	return p
}

// Operation is one operation of an API.
type Operation struct {
	API      *API
	ID, Name string
	// Number is its place among the operations of all APIs, in file order, from 0.
	Number    int
	Method    string // upper case; "*" for any
	Template  *route.Template
	Policy    *source.Text // nil without one
	Responses []*Response
	// Input is what it takes, nil where no OpenAPI document says so.
	Input        *Input
	At           source.Range
	fromDocument bool
}

// Response is what an operation may answer with, for mock-response.
type Response struct {
	Status          int // 0: the default response
	Description     string
	Representations []*Representation
}

// Representation is a Response's body in one media type.
type Representation struct {
	ContentType string
	Examples    []string
	// Sample is a body made up from the schema, "" if there is none.
	Sample string
}

// Product is APIs that are subscribed to together.
type Product struct {
	ID, Name             string
	APIs                 []*API // all their revisions
	SubscriptionRequired bool   // false: the product is open
	ApprovalRequired     bool
	SubscriptionsLimit   *int // nil: none
	Published            bool
	Groups               []*Group
	Policy               *source.Text // nil without one
	At                   source.Range
}

// Contains tells whether an API is in the product.
func (p *Product) Contains(a *API) bool {
	for _, o := range p.APIs {
		if o == a {
			return true
		}
	}
	return false
}

// Subscription opens APIs to whoever holds one of its keys.
type Subscription struct {
	ID, Name string
	// Product is set for the scope of a product, APIs (all revisions of one) for
	// that of an API; with neither it opens all APIs.
	Product                  *Product
	APIs                     []*API
	PrimaryKey, SecondaryKey Secret
	Active                   bool
	Owner                    *User // nil without one
	CreatedDate              time.Time
	StartDate, EndDate       time.Time // zero: none
	AllowTracing             bool
	At                       source.Range
}

// User may own subscriptions.
type User struct {
	ID, Email, FirstName, LastName, Note string
	Groups                               []*Group
	Identities                           []Identity
	RegistrationDate                     time.Time
	At                                   source.Range
}

// Identity is a user's id at a provider.
type Identity struct{ Provider, ID string }

// Group is a group of users.
type Group struct{ ID, Name string }

// NamedValue is what policy documents use as {{name}}.
type NamedValue struct {
	Name  string
	Value Secret
	// Secret: the value never shows in traces and logs.
	Secret bool
	At     source.Range
}

// Certificate is a certificate chain, with or without its private key.
type Certificate struct {
	ID    string
	Chain []*x509.Certificate // the leaf first
	// PrivateKey is nil where there is none.
	PrivateKey crypto.Signer
	// Thumbprint is the SHA-1 of the leaf, in upper case hex, as .NET has it.
	Thumbprint string
	At         source.Range
}

// TLS is the certificate as crypto/tls wants it.
func (c *Certificate) TLS() tls.Certificate {
	t := tls.Certificate{PrivateKey: c.PrivateKey, Leaf: c.Chain[0]}
	for _, x := range c.Chain {
		t.Certificate = append(t.Certificate, x.Raw)
	}
	return t
}

// BackendKind is what a Backend does with a call.
type BackendKind uint8

// The kinds of backends.
const (
	// Single sends calls to URL.
	Single BackendKind = iota
	// Pool shares calls among Members.
	Pool
	// Echo answers with the request, without a network.
	Echo
	// Static answers with Static, without a network.
	Static
)

// Backend is something that requests are forwarded to.
type Backend struct {
	ID, Title   string
	Kind        BackendKind
	URL         *url.URL // of a Single
	Credentials Credentials
	TLS         BackendTLS
	Breaker     *Breaker // nil without one
	Members     []Member // of a Pool
	// AffinityCookie is the cookie that keeps a client at a member of a Pool, ""
	// for none.
	AffinityCookie string
	Static         *StaticResponse // of a Static
	At             source.Range
}

// Credentials are added to requests for a Backend.
type Credentials struct {
	Headers, Query []SecretValues
	// AuthorizationScheme is "" where no Authorization header is set.
	AuthorizationScheme    string
	AuthorizationParameter Secret
	Certificate            *Certificate // nil without one
}

// SecretValues is a header or query parameter with its values.
type SecretValues struct {
	Name   string
	Values []Secret
}

// BackendTLS says how the certificate of a Backend is checked.
type BackendTLS struct {
	ValidateChain, ValidateName bool
	Roots                       *x509.CertPool // nil: the system's
	ServerName                  string         // "": the URL's host
}

// Breaker is a circuit breaker's rule.
type Breaker struct {
	Name string
	// Of Count and Percentage one is set, the other 0.
	Count, Percentage int
	Interval          time.Duration
	StatusCodes       []StatusRange
	ErrorReasons      []string
	TripDuration      time.Duration
	AcceptRetryAfter  bool
}

// StatusRange is status codes from Min to Max, both included.
type StatusRange struct{ Min, Max int }

// Member is a Backend in a pool.
type Member struct {
	Backend          *Backend
	Priority, Weight int
}

// StaticResponse is the fixed response of a Static backend.
type StaticResponse struct {
	Status  int
	Headers []HeaderValues
	Body    string
}

// HeaderValues is a header with its values.
type HeaderValues struct {
	Name   string
	Values []string
}

// Match is the API and the operation that a request is for.
type Match struct {
	// API is nil where Miss is NoAPI or NoVersion, Operation unless Miss is Matched.
	API       *API
	Operation *Operation
	Number    int // of the Operation
	route.Match
}

// Match finds the operation for a request; see route.Table.Match for the arguments.
func (m *Model) Match(host, path, rawQuery, method string, header func(name string) string) (Match, bool) {
	r, ok := m.table.Match(host, path, rawQuery, method, header)
	out := Match{Match: r}
	if r.API >= 0 {
		out.API = m.APIs[r.API]
	}
	if ok {
		out.Number = m.first[r.API] + r.Op
		out.Operation = m.operations[out.Number]
	}
	return out, ok
}

// Nearest lists the routes that a request without a match most likely meant.
func (m *Model) Nearest(path, method string) []string { return m.table.Nearest(path, method) }
