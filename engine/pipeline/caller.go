package pipeline

import (
	"slices"
	"time"

	"sekisho/engine/dotnet/apim"
)

// Caller is who presents an access token of the gateway's authorization server. It is
// shared and must not be changed.
type Caller struct {
	// Subject is the user, unique within the authorization server; ClientID the client
	// that acts for the user.
	Subject, ClientID string
	Scopes            []string
	// Grant names the consent that the token comes from: what is revoked as a whole.
	Grant string
	// Jwt is what the token says.
	Jwt     *apim.Jwt
	Expires time.Time
}

// Holds tells whether the token has all of scopes.
func (c *Caller) Holds(scopes []string) bool {
	for _, s := range scopes {
		if !slices.Contains(c.Scopes, s) {
			return false
		}
	}
	return true
}

// Claims tells whether the token has, for each name, one of the values.
func (c *Caller) Claims(required map[string][]string) bool {
	for name, values := range required {
		held, _ := c.Jwt.Claims.Lookup(name)
		if !slices.ContainsFunc(held, func(v string) bool { return slices.Contains(values, v) }) {
			return false
		}
	}
	return true
}
