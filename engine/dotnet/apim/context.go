// Package apim defines what expressions and scripts see under the name `context`:
// Azure API Management's proxy request context, member by member.
//
// The gateway's Exchange implements Context for requests; `sekisho eval`
// implements it for a context read from a file. Values obtained from a Context
// are good until the request ends, unless a member says otherwise.
package apim

import "sekisho/engine/dotnet/clr"

// Context is APIM's `context`. Members that APIM documents as nullable return nil
// where there is nothing.
type Context interface {
	RequestID() clr.Guid
	Timestamp() clr.DateTime
	Elapsed() clr.TimeSpan
	Tracing() bool
	// Trace adds a message to the request's trace.
	Trace(message string)

	API() *API
	Operation() *Operation
	Product() *Product           // nil outside a product
	Subscription() *Subscription // nil where no key was used
	User() *User                 // nil where the subscription has no owner
	Deployment() *Deployment
	Backend() *Backend     // nil until one is chosen by id
	Workspace() *Workspace // nil outside workspaces
	LastError() *LastError // nil unless something failed

	Request() Request
	// Response is never nil: before there is a response it reads as an empty 200,
	// as in APIM.
	Response() Response
	Variables() Variables
}

// Request is APIM's IRequest.
type Request interface {
	Method() string
	// URL is the request as the backend will get it; OriginalURL as the client sent it.
	URL() *URL
	OriginalURL() *URL
	IPAddress() string
	Headers() MultiValues
	MatchedParameters() Values
	Body() Body // nil if the request has none
	Certificate() *Certificate
}

// Response is APIM's IResponse; also what send-request leaves in a variable.
type Response interface {
	StatusCode() int
	StatusReason() string
	Headers() MultiValues
	Body() Body // nil if the response has none
}

// Body is APIM's IMessageBody.
type Body interface {
	// Read returns the content, decoded from its Content-Encoding. Without
	// preserve the content is consumed: a later Read throws
	// InvalidOperationException, and what is forwarded is empty unless a body is
	// set. The bytes belong to the Body and must not be changed.
	Read(preserve bool) []byte
	// ContentType is the media type with its parameters, "" if there is none.
	ContentType() string
}

// Parsed is implemented by a Body that keeps what its content was parsed to, so that it is
// parsed once however many expressions ask for it.
type Parsed interface {
	// Parsed is what KeepParsed was given last, nil if the content, or what it is decoded
	// by, may have changed since.
	Parsed() any
	KeepParsed(v any)
}

// MultiValues is an IReadOnlyDictionary<string, string[]>: headers, query
// parameters, claims of a token.
type MultiValues interface {
	Lookup(name string) (values []string, ok bool)
	Len() int
	// Each calls f for every name in order until f returns false.
	Each(f func(name string, values []string) bool)
}

// FirstValues is what MultiValues may offer besides: the first value of a name and how many
// it has, 0 if it is not there, without a list of them.
type FirstValues interface {
	First(name string) (value string, n int)
}

// Values is an IReadOnlyDictionary<string, string>.
type Values interface {
	Lookup(name string) (value string, ok bool)
	Len() int
	Each(f func(name, value string) bool)
}

// Variables is context.Variables: names with values of any .NET type, held as
// package clr says.
type Variables interface {
	Lookup(name string) (value any, ok bool)
	Len() int
	Each(f func(name string, value any) bool)
}

// URL is APIM's IUrl.
type URL struct {
	Scheme, Host string
	Port         int
	Path         string // raw, as it is sent, with its leading slash
	QueryString  string // raw, with its leading "?", or ""
	Query        MultiValues
}

// API is APIM's IContextApi.
type API struct {
	ID, Name, Path    string
	Protocols         []string
	ServiceURL        *URL
	SubscriptionKey   struct{ Header, Query string }
	IsCurrentRevision bool
	Revision, Version string
}

// Operation is APIM's IOperation.
type Operation struct{ ID, Name, Method, URLTemplate string }

// Product is APIM's IProduct.
type Product struct {
	ID, Name                               string
	APIs                                   []*API
	Groups                                 []*Group
	ApprovalRequired, SubscriptionRequired bool
	Published                              bool
	SubscriptionsLimit                     *int32
}

// Subscription is APIM's ISubscription.
type Subscription struct {
	ID, Name                      string
	Key, PrimaryKey, SecondaryKey string
	CreatedDate                   clr.DateTime
	StartDate, EndDate            *clr.DateTime
}

// User is APIM's IUser.
type User struct {
	ID, Email, FirstName, LastName, Note string
	Groups                               []*Group
	Identities                           []UserIdentity
	RegistrationDate                     clr.DateTime
}

// UserIdentity is APIM's IUserIdentity.
type UserIdentity struct{ ID, Provider string }

// Group is APIM's IGroup.
type Group struct{ ID, Name string }

// Deployment is APIM's IDeployment. Certificates are those of gateway.yaml, by
// id and by thumbprint.
type Deployment struct {
	GatewayID, Region, ServiceName, ServiceID string
	Gateway                                   Gateway
	Certificates                              map[string]*Certificate
}

// Gateway is APIM's IGateway.
type Gateway struct {
	ID, InstanceID string
	IsManaged      bool
}

// Backend is the backend chosen for the call.
type Backend struct {
	ID, AzureRegion string
	IsPool          bool
}

// Workspace is APIM's IWorkspace.
type Workspace struct{ ID, Name string }

// LastError is APIM's LastError. Empty strings read as null.
type LastError struct {
	Source, Reason, Message, Scope, Section, Path, PolicyID string
	HTTPErrorCode                                           int32
}
