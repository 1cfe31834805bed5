package builtins

import (
	"sync/atomic"

	"sekisho/engine/pipeline"
)

// AuthenticationManagedIdentity authenticates the gateway to the backend by an access
// token for its managed identity.
//
//	<authentication-managed-identity resource="https://vault.azure.net" />
//	<authentication-managed-identity resource="api://orders" client-id="{{orders-identity}}"
//	    output-token-variable-name="orders-token" ignore-error="false" />
//
// resource is the App ID URI or the client id of what is called, character by character
// what the token's audience will be. The identity is the system-assigned one, or that of
// client-id. The token goes into the Authorization header of the request, or of the
// request that an enclosing send-request makes; with output-token-variable-name it goes
// into that variable, a string, and no header is touched. Tokens are kept until three
// minutes before they expire, and refreshed then without a request waiting for it.
//
// Spec: https://learn.microsoft.com/azure/api-management/authentication-managed-identity-policy
// Ours: where no token can be had, LastError's reason is ManagedIdentityTokenFailure; its
// message says what the source of tokens answered, and the client reads nothing of it. With
// ignore-error the variable is null then, and the header stays as it is. A failing
// expression is a Fault whatever ignore-error says. A client-id that computes to nothing is
// none.
var AuthenticationManagedIdentity = pipeline.Policy{
	Name:     "authentication-managed-identity",
	Summary:  "Authenticates to the backend by a token of the gateway's managed identity.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example:  `<authentication-managed-identity resource="https://vault.azure.net" />`,
	New:      func() pipeline.Step { return new(authenticationManagedIdentity) },
}

type authenticationManagedIdentity struct {
	Resource    pipeline.String `attr:"resource,required"`
	ClientID    pipeline.String `attr:"client-id"`
	Variable    string          `attr:"output-token-variable-name"`
	IgnoreError bool            `attr:"ignore-error" default:"false"`

	last atomic.Pointer[bearer]
}

// bearer is a token and the value of a header with it.
type bearer struct{ token, value string }

// value is the value of a header with the token: nearly always the one of the request before.
func (a *authenticationManagedIdentity) value(token string) string {
	if b := a.last.Load(); b != nil && b.token == token {
		return b.value
	}
	b := &bearer{token, "Bearer " + token}
	a.last.Store(b)
	return b.value
}

// Check wants a resource.
func (a *authenticationManagedIdentity) Check(c *pipeline.Check) {
	if resource, ok := a.Resource.Literal(); ok && resource == "" && !isStandIn(c, "resource") {
		c.Errorf(&a.Resource, "bad-value", `attribute "resource" of <authentication-managed-identity> must not be empty`)
	}
}

func (a *authenticationManagedIdentity) Run(x *pipeline.Exchange) error {
	resource, err := a.Resource.Get(x)
	if err != nil {
		return err
	}
	client, err := a.ClientID.Get(x)
	if err != nil {
		return err
	}
	token, err := identityToken(x, client, resource)
	if err != nil {
		if cut := x.Context.Err(); cut != nil {
			return gone(cut)
		}
		if !a.IgnoreError {
			return err
		}
		if a.Variable != "" {
			x.Set(a.Variable, nil)
		}
		return nil
	}
	if a.Variable != "" {
		x.Set(a.Variable, token)
		return nil
	}
	request, _ := x.Target()
	request.Header.Set("Authorization", a.value(token))
	return nil
}

// identityToken is a token of an identity of the gateway.
func identityToken(x *pipeline.Exchange, client, resource string) (string, error) {
	const reason = "ManagedIdentityTokenFailure"
	if x.Services.Identities == nil {
		return "", pipeline.Faultf(500, reason, "There are no managed identities here.")
	}
	token, err := x.Services.Identities.Token(x.Context, client, resource)
	if err != nil {
		f := pipeline.Faultf(500, reason, "No access token could be obtained for the managed identity: %v.", err)
		f.Cause = err
		return "", f
	}
	return token, nil
}
