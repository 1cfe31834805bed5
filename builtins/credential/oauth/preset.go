package oauth

import "time"

// Preset is what is known of a provider before anybody has configured it: a row of
// knobs. Texts with {name} in them are filled from the settings of a Config.
type Preset struct {
	// ID is the identityProvider of APIM's resources; Name is for people.
	ID, Name string
	// Settings are those that fill the templates below.
	Settings []Setting

	AuthorizationURL, TokenURL string
	// RefreshURL is where refresh tokens go if not to TokenURL.
	RefreshURL string
	// OpenID is the URL of the OpenID configuration by which id_tokens are checked;
	// "" where there are none, or none that carry a nonce.
	OpenID string

	// AuthorizationParams and TokenParams go with each authorization and code request.
	AuthorizationParams, TokenParams []Param
	// PKCE: the provider takes a code challenge (S256). Others may choke on it.
	PKCE bool
	// Auth is how the client shows its secret, Body how requests are written.
	Auth Auth
	Body Body
	// ScopeSeparator stands between scopes; "" is a blank.
	ScopeSeparator string
	// DefaultScopes are asked for if the settings say none; RequiredScopes always.
	DefaultScopes, RequiredScopes []string
	// ScopeInToken repeats the scopes in the request for a token.
	ScopeInToken bool

	// Nested are the members of the answer that may hold the token if its top does not.
	Nested []string
	// OK: a member "ok" tells success from failure, whatever the status.
	OK bool
	// ErrorMember is the member with the error's code if there is no "error".
	ErrorMember string
	// DeadGrant are codes that mean invalid_grant when a refresh token is refused.
	DeadGrant []string
	// Lifetime is assumed of tokens that do not say theirs; 0 is: until refused.
	Lifetime time.Duration
	// IntrospectionURL is asked for the lifetime of a token that does not say it (RFC 7662).
	IntrospectionURL string

	// Revocation is how tokens are revoked; its URL is "" where they cannot be.
	Revocation Revocation
	// Discovery: the provider describes itself at the serverUrl of the settings.
	Discovery bool
	// ResourceAsScope turns the setting resourceUri into a scope, for providers that
	// refuse the parameter resource of RFC 8707.
	ResourceAsScope string
}

// Setting is a part of a template.
type Setting struct {
	Name string
	// Default stands for an absent setting; without one it must be given.
	Default string
	// Host: it is (a part of) a host name, and may hold nothing else.
	Host bool
}

// Param is a parameter of a request. One whose value is a {setting} that is not given
// is left out.
type Param struct{ Name, Value string }

// Auth is how a client authenticates at a token endpoint.
type Auth int

const (
	// AuthBody: client_id and client_secret are parameters.
	AuthBody Auth = iota
	// AuthBasic: they are the user and password of HTTP (RFC 6749 §2.3.1).
	AuthBasic
)

// Body is how a request for a token is written.
type Body int

const (
	// BodyForm is what RFC 6749 wants.
	BodyForm Body = iota
	// BodyJSON is an object of strings.
	BodyJSON
)

// Revocation is how a provider takes tokens back.
type Revocation struct {
	// URL is a template; {token} in it is the token itself.
	URL string
	// Method is POST if "".
	Method string
	// Bearer: the token authenticates itself; there is no body.
	Bearer bool
	// Basic: the client authenticates by HTTP whatever the Preset's Auth is.
	Basic bool
	// Param is the name of the token's parameter, "token" if "".
	Param string
	// AccessOnly: refresh tokens are not known here.
	AccessOnly bool
	// RefreshOnly: access tokens are not known here.
	RefreshOnly bool
	// JSON: the body is an object whatever the Preset's Body is.
	JSON bool
}
