package config

import (
	"time"

	"sekisho/engine/source"
)

// ManagedIdentity is an identity of the gateway. What is "" is taken from the
// environment.
type ManagedIdentity struct {
	ID string
	// Source is auto, imds, appService, arc, serviceFabric, workload, clientSecret or
	// clientCertificate.
	Source                  string
	ClientID, TenantID      string
	Authority, Endpoint     string // URLs
	Header, ClientSecret    Secret
	Thumbprint              string
	KeyDirectory, TokenFile string       // paths on disk
	Certificate             *Certificate // nil without one
}

// CredentialManager is where connections are kept, and what is said of them in
// gateway.yaml.
type CredentialManager struct {
	// Directory is the absolute path of the folder of the store; "" where the
	// gateway's folder is not on disk.
	Directory string
	// Key names the master key: file:<absolute path>, env:<NAME> or a URI.
	Key                string
	PostLoginRedirects []string
	TokenIssuers       []string
	TokenAudience      string
	Limits             CredentialLimits
	Providers          []*CredentialProvider
	At                 source.Range
}

// CredentialLimits are the most that there may be: providers, connections of one
// provider, access policies of one connection, and times a minute that one connection
// may be asked for.
type CredentialLimits struct{ Providers, Connections, AccessPolicies, AuthorizationsPerMinute int }

// CredentialProvider is a provider of tokens with its connections.
type CredentialProvider struct {
	ID, Name, IdentityProvider string
	// ClientCredentials is the grant type; else it is the authorization code.
	ClientCredentials bool
	Settings          []Setting
	Connections       []*CredentialConnection
	At                source.Range
}

// Setting is a named value that may be secret.
type Setting struct {
	Name  string
	Value Secret
}

// CredentialConnection is a connection of a provider.
type CredentialConnection struct {
	ID             string
	Parameters     []Setting
	AccessPolicies []CredentialAccess
}

// CredentialAccess allows a principal to use a connection.
type CredentialAccess struct{ ID, TenantID, ObjectID string }

// Development is the services to try things with.
type Development struct {
	Address  string           // on loopback
	Identity *SandboxIdentity // nil without one
	Services []SandboxService
	At       source.Range
}

// SandboxIdentity is the identity provider of Development.
type SandboxIdentity struct {
	TenantID              string
	KeyRotation, Lifetime time.Duration
	Applications          []SandboxApplication
	Users                 []SandboxUser
}

// SandboxApplication is a client of the SandboxIdentity.
type SandboxApplication struct {
	ID           string
	Secret       Secret
	RedirectURIs []string
	Roles        []string
}

// SandboxUser may log in at the SandboxIdentity.
type SandboxUser struct{ ID, Name, Email string }

// SandboxService wants tokens for an audience, from some applications.
type SandboxService struct {
	ID, Audience string
	Applications []string
}
