package builtins

import "sekisho/engine/pipeline"

// GetAuthorizationContext obtains the token of a connection of the credential manager.
//
//	<get-authorization-context provider-id="github" authorization-id="bot"
//	  context-variable-name="auth" identity-type="managed" ignore-error="false" />
//	<set-header name="Authorization" exists-action="override">
//	  <value>@("Bearer " + ((Authorization)context.Variables.GetValueOrDefault("auth"))?.AccessToken)</value>
//	</set-header>
//
// The variable becomes an Authorization: AccessToken, and Claims with the members of the
// provider's token response. With identity-type="managed" the gateway itself asks; with
// "jwt" the bearer of identity, a JSON Web Token without a scheme before it, which needs
// an access policy of the connection. A failure sets the variable to null with
// ignore-error, and is a Fault with status 500 without. The policy sets no header.
//
// Spec: https://learn.microsoft.com/azure/api-management/get-authorization-context-policy
// Ours: the page names no reason for LastError; it is AuthorizationContextFailure, and its
// message says what is wrong with the connection, never a token. Claims holds strings,
// numbers and booleans as they are and what has parts as JSON text; the refresh token is
// not among them. A failing expression is a Fault whatever ignore-error says, and so is a
// request that its client has given up. A "Bearer " before identity, which documents have
// that hand on a header as it is, is passed over.
var GetAuthorizationContext = pipeline.Policy{
	Name:     "get-authorization-context",
	Summary:  "Obtains the access token of a connection of the credential manager.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example:  `<get-authorization-context provider-id="github" authorization-id="bot" context-variable-name="auth" />`,
	New:      func() pipeline.Step { return new(getAuthorizationContext) },
}

// reasonAuthorization is LastError's reason when a connection yields no token.
const reasonAuthorization = "AuthorizationContextFailure"

type getAuthorizationContext struct {
	Provider     pipeline.String `attr:"provider-id,required"`
	Connection   pipeline.String `attr:"authorization-id,required"`
	Variable     pipeline.String `attr:"context-variable-name,required"`
	IdentityType pipeline.String `attr:"identity-type" enum:"managed jwt" default:"managed"`
	Identity     pipeline.String `attr:"identity" secret:""`
	IgnoreError  pipeline.Bool   `attr:"ignore-error" default:"false"`
}

// Check wants to know whose token it is, and who could have it.
func (g *getAuthorizationContext) Check(c *pipeline.Check) {
	if !c.Env().CredentialManager() {
		c.Warnf(nil, "no-credential-manager", "there is no credential manager: this policy will fail").
			WithHint("add credentialManager: {} to gateway.yaml")
	}
	if kind, ok := g.IdentityType.Literal(); ok && kind == "jwt" && !g.Identity.IsSet() && !isStandIn(c, "identity-type") {
		c.Errorf(&g.IdentityType, "missing-attribute", `<get-authorization-context> with identity-type="jwt" wants an attribute "identity"`)
	}
}

func (g *getAuthorizationContext) Run(x *pipeline.Exchange) error {
	var r pipeline.AuthorizationRequest
	var variable, kind string
	for _, a := range []struct {
		v  *pipeline.String
		to *string
	}{{&g.Provider, &r.Provider}, {&g.Connection, &r.Connection}, {&g.Variable, &variable}, {&g.IdentityType, &kind}, {&g.Identity, &r.Identity}} {
		s, err := a.v.Get(x)
		if err != nil {
			return err
		}
		*a.to = s
	}
	ignore, err := g.IgnoreError.Get(x)
	if err != nil {
		return err
	}
	switch kind {
	case "managed":
		r.Identity = ""
	case "jwt":
		r.JWT, r.Identity = true, withoutBearer(r.Identity)
	default:
		return badValue("The computed identity-type must be managed or jwt.")
	}
	auth, err := x.Services.Connections.Authorization(x.Context, r)
	if err == nil {
		x.Set(variable, auth)
		return nil
	}
	if cut := x.Context.Err(); cut != nil {
		return gone(cut)
	}
	if ignore {
		x.Set(variable, nil)
		return nil
	}
	return &pipeline.Fault{Status: 500, Reason: reasonAuthorization, Message: "The authorization context could not be obtained: " + err.Error() + ".", Cause: err}
}

// withoutBearer takes the scheme of a header from a token.
func withoutBearer(s string) string {
	const scheme = "bearer "
	if len(s) > len(scheme) && (s[:len(scheme)] == "Bearer " || s[:len(scheme)] == scheme) {
		return s[len(scheme):]
	}
	return s
}
