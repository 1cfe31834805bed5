package clients

import (
	"errors"
	"slices"
	"strings"
)

// Kind is how a client became known.
type Kind int

const (
	Static   Kind = iota // by the configuration
	Dynamic              // by registering itself
	Document             // by its metadata document
)

func (k Kind) String() string { return [...]string{"static", "dynamic", "document"}[k] }

// The methods of client authentication at the token endpoint.
const (
	AuthNone  = "none"
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
)

// Client is one client as it is at the moment. It is not to be changed.
type Client struct {
	ID string
	// Name is what the client calls itself, fit for a page: without control characters and
	// marks of direction, at most 100 characters; "" if it did not say. A dynamic one or a
	// document may claim any name.
	Name string
	// URI is its home page, https; "" if it did not say.
	URI string
	// RedirectURIs are those that codes may be sent to. Loopback ones of Dynamic clients
	// are without their port, which is any.
	RedirectURIs []string
	Kind         Kind
	// AuthMethod is one of the Auth constants; a client with a secret may present it in
	// either way.
	AuthMethod string
	GrantTypes []string
	// Scope is what it registered for, names with spaces between; "" if it did not say.
	Scope string
	// Version is that of its record, for Dynamic ones.
	Version int64

	secret [32]byte // SHA-256 of a static one's
}

// Confidential tells whether the client has a secret.
func (c *Client) Confidential() bool { return c.AuthMethod != AuthNone }

// Grants tells whether the client registered for a grant type.
func (c *Client) Grants(grant string) bool {
	return slices.Contains(c.GrantTypes, grant)
}

// Redirect tells whether codes may be sent to a URI, and returns it. It is a registered one,
// character by character, or a loopback one with another port. If none is given it is the
// only one that there is, unless that needs a port.
func (c *Client) Redirect(uri string) (string, bool) {
	if uri == "" {
		if len(c.RedirectURIs) == 1 && !(c.Kind == Dynamic && isLoopback(c.RedirectURIs[0])) {
			return c.RedirectURIs[0], true
		}
		return "", false
	}
	bare, loopback := "", false
	for _, registered := range c.RedirectURIs {
		if uri == registered {
			return uri, true
		}
		if !isLoopback(registered) {
			continue
		}
		if !loopback {
			if bare, loopback = withoutPort(uri); !loopback {
				continue
			}
		}
		if r, ok := withoutPort(registered); ok && r == bare {
			return uri, true
		}
	}
	return "", false
}

// LoopbackOnly tells whether all redirect URIs lead to the user's own machine, where any
// program may wait for the code: whoever uses such a client's id may be another.
func (c *Client) LoopbackOnly() bool {
	for _, uri := range c.RedirectURIs {
		if !ownMachine(uri) {
			return false
		}
	}
	return len(c.RedirectURIs) > 0
}

// RedirectHost is what a user is to be shown of a redirect URI: the host with its port, or the
// scheme of a native app, such as "com.example.app:".
func (c *Client) RedirectHost(uri string) string { return redirectHost(uri) }

func redirectHost(uri string) string {
	scheme, rest, _ := strings.Cut(uri, ":")
	if scheme != "https" && scheme != "http" {
		return scheme + ":"
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "/")
	host, _, _ = strings.Cut(host, "?")
	return host
}

// ErrUnknown: there is no such client, or not any more.
var ErrUnknown = errors.New("the client is not known")

// DocumentError says what is wrong with the metadata document of a client. Its text may be
// shown to anybody: of a document that could not be had it does not tell why.
type DocumentError struct {
	Text string
	// Unavailable: it could not be had now, and may be later.
	Unavailable bool
}

func (e *DocumentError) Error() string { return e.Text }
