package config

import (
	"crypto/x509"
	"encoding/json"
	"time"

	"sekisho/engine/source"
)

// MCPServer is what makes an API an MCP server.
type MCPServer struct {
	// Of is the API whose operations are its tools; nil where there is a server behind the
	// API's ServiceURL or Backend.
	Of *API
	// Transport is auto, streamable or sse: what that server speaks.
	Transport string
	// Authorization: callers need an access token of the authorization server.
	Authorization                bool
	RequiredScopes               []string
	AllowedOrigins, AllowedHosts []string // nil: the defaults
	// HideOthers: tools that are not in Tools do not exist.
	HideOthers                bool
	MessageBytes, ResultBytes int64
	KeepAlive                 time.Duration
	Tools                     []*Tool // in file order, with Of in that of its operations
	At                        source.Range
}

// Tool is a tool of an MCP server.
type Tool struct {
	Name, Title, Description string
	// Operation is what it calls; nil where a server behind the API has it.
	Operation *Operation
	// ReadOnly, Destructive and Idempotent are hints for clients; nil where nothing is
	// said of a tool of a server behind the API.
	ReadOnly, Destructive, Idempotent *bool
	Hidden                            bool
	RequiredScopes                    []string
	RequiredClaims                    map[string][]string
	Policy                            *source.Text // nil without one
	At                                source.Range
}

// Input is what an operation takes, as its OpenAPI document says.
type Input struct {
	Summary, Description string
	Parameters           []Parameter
	// Body is nil for none.
	Body *InputBody
	// Output is the JSON schema of the body of a successful response, nil if none is
	// declared.
	Output json.RawMessage
}

// Parameter is a parameter of an operation.
type Parameter struct {
	Name, In    string // path, query, header or cookie
	Description string
	Required    bool
	// Schema is a JSON schema without references.
	Schema json.RawMessage
	// Style and Explode are those of OpenAPI, with its defaults put in.
	Style   string
	Explode bool
}

// InputBody is the body that an operation takes.
type InputBody struct {
	ContentType string
	Description string
	Required    bool
	Schema      json.RawMessage
}

// AuthorizationServer is the gateway's own.
type AuthorizationServer struct {
	Issuer        string // "": the URL that the gateway is reached at
	Provider      LoginProvider
	Scopes        []ScopeText
	DefaultScopes []string
	Claims        []string

	DynamicRegistration, MetadataDocuments bool
	RedirectHosts, AllowedHosts            []string
	Roots                                  *x509.CertPool // nil: the system's
	MaximumClients                         int
	UnusedFor                              time.Duration
	Clients                                []AuthorizedClient

	AccessToken, RefreshToken, RefreshGrace, Code, Login, Consent time.Duration

	At source.Range
}

// LoginProvider is where users log in.
type LoginProvider struct {
	// Entra: TenantID and Authority are set, and Issuer is what follows from them.
	Entra                       bool
	TenantID, Authority, Issuer string
	ClientID                    string
	ClientSecret                Secret
	Scopes                      []string
}

// ScopeText is a scope with what the consent page says of it.
type ScopeText struct{ Name, Text string }

// AuthorizedClient is a client that is known beforehand.
type AuthorizedClient struct {
	ID, Name     string
	Secret       Secret
	RedirectURIs []string
}
