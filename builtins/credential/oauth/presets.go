package oauth

import "time"

// Presets are the providers that are known by name, in the order of their ids but for
// the generic ones, which come first. Written from the providers' documentation.
var Presets = []*Preset{
	{ID: "oauth2", Name: "OAuth 2.0", AuthorizationURL: "{authorizationUrl}", TokenURL: "{tokenUrl}", RefreshURL: "{refreshUrl}"},
	{ID: "oauth2pkce", Name: "OAuth 2.0 with PKCE", AuthorizationURL: "{authorizationUrl}", TokenURL: "{tokenUrl}", RefreshURL: "{refreshUrl}", PKCE: true},
	{ID: "oauth21", Name: "OAuth 2.1 with PKCE and dynamic registration", Discovery: true, PKCE: true},
	{
		// The v2.0 endpoints refuse the parameter resource (AADSTS9010010): what is to
		// be called is said by a scope. A refresh token is a matter of a scope, too.
		ID: "aad", Name: "Microsoft Entra",
		Settings:         []Setting{{Name: "loginUri", Default: "https://login.microsoftonline.com"}, {Name: "tenantId", Default: "common", Host: true}},
		AuthorizationURL: "{loginUri}/{tenantId}/oauth2/v2.0/authorize",
		TokenURL:         "{loginUri}/{tenantId}/oauth2/v2.0/token",
		OpenID:           "{loginUri}/{tenantId}/v2.0/.well-known/openid-configuration",
		PKCE:             true, RequiredScopes: []string{"offline_access"}, ResourceAsScope: "{resource}/.default", ScopeInToken: true,
	},
	{
		ID: "airtable", Name: "Airtable", // PKCE is obligatory; refresh tokens rotate
		AuthorizationURL: "https://airtable.com/oauth2/v1/authorize", TokenURL: "https://airtable.com/oauth2/v1/token",
		PKCE: true, Auth: AuthBasic,
	},
	{
		ID: "asana", Name: "Asana",
		AuthorizationURL: "https://app.asana.com/-/oauth_authorize", TokenURL: "https://app.asana.com/-/oauth_token",
		PKCE: true, Revocation: Revocation{URL: "https://app.asana.com/-/oauth_revoke", RefreshOnly: true},
	},
	{
		// Refresh tokens rotate, and come only with the scope offline_access. A dead one
		// is answered with 403 unauthorized_client.
		ID: "atlassian", Name: "Atlassian",
		AuthorizationURL: "https://auth.atlassian.com/authorize", TokenURL: "https://auth.atlassian.com/oauth/token",
		AuthorizationParams: []Param{{"audience", "api.atlassian.com"}, {"prompt", "consent"}},
		Body:                BodyJSON, RequiredScopes: []string{"offline_access"}, DeadGrant: []string{"unauthorized_client"},
	},
	{
		ID: "auth0", Name: "Auth0", Settings: []Setting{{Name: "domain", Host: true}},
		AuthorizationURL: "https://{domain}/authorize", TokenURL: "https://{domain}/oauth/token",
		OpenID:              "https://{domain}/.well-known/openid-configuration",
		AuthorizationParams: []Param{{"audience", "{audience}"}}, PKCE: true, RequiredScopes: []string{"offline_access"},
		Revocation: Revocation{URL: "https://{domain}/oauth/revoke", RefreshOnly: true},
	},
	{
		ID: "bitbucket", Name: "Bitbucket",
		AuthorizationURL: "https://bitbucket.org/site/oauth2/authorize", TokenURL: "https://bitbucket.org/site/oauth2/access_token",
		Auth: AuthBasic,
	},
	{
		// A refresh token is good once, and for 60 days.
		ID: "box", Name: "Box",
		AuthorizationURL: "https://account.box.com/api/oauth2/authorize", TokenURL: "https://api.box.com/oauth2/token",
		Revocation: Revocation{URL: "https://api.box.com/oauth2/revoke"},
	},
	{
		ID: "discord", Name: "Discord",
		AuthorizationURL: "https://discord.com/oauth2/authorize", TokenURL: "https://discord.com/api/oauth2/token",
		Auth: AuthBasic, PKCE: true, Revocation: Revocation{URL: "https://discord.com/api/oauth2/token/revoke"},
	},
	{
		ID: "dropbox", Name: "Dropbox", // without token_access_type there is no refresh token
		AuthorizationURL: "https://www.dropbox.com/oauth2/authorize", TokenURL: "https://api.dropboxapi.com/oauth2/token",
		AuthorizationParams: []Param{{"token_access_type", "offline"}}, PKCE: true,
		Revocation: Revocation{URL: "https://api.dropboxapi.com/2/auth/token/revoke", Bearer: true, AccessOnly: true},
	},
	{
		ID: "facebook", Name: "Facebook", // there are no refresh tokens
		AuthorizationURL: "https://www.facebook.com/v21.0/dialog/oauth", TokenURL: "https://graph.facebook.com/v21.0/oauth/access_token",
		ScopeSeparator: ",",
	},
	{
		// Answers are forms unless JSON is asked for, errors come with 200, and tokens of
		// OAuth apps do not expire. An access token is revoked by deleting it.
		ID: "github", Name: "GitHub",
		AuthorizationURL: "https://github.com/login/oauth/authorize", TokenURL: "https://github.com/login/oauth/access_token",
		PKCE: true, DeadGrant: []string{"bad_refresh_token", "bad_verification_code"},
		Revocation: Revocation{URL: "https://api.github.com/applications/{clientId}/token", Method: "DELETE", Basic: true, JSON: true, Param: "access_token", AccessOnly: true},
	},
	{
		ID: "gitlab", Name: "GitLab", Settings: []Setting{{Name: "host", Default: "gitlab.com", Host: true}}, // refresh tokens rotate
		AuthorizationURL: "https://{host}/oauth/authorize", TokenURL: "https://{host}/oauth/token",
		OpenID: "https://{host}/.well-known/openid-configuration", PKCE: true,
		Revocation: Revocation{URL: "https://{host}/oauth/revoke"},
	},
	{
		// A refresh token comes with the first consent only, unless asked for like this,
		// and never with a refresh.
		ID: "google", Name: "Google",
		AuthorizationURL: "https://accounts.google.com/o/oauth2/v2/auth", TokenURL: "https://oauth2.googleapis.com/token",
		OpenID:              "https://accounts.google.com/.well-known/openid-configuration",
		AuthorizationParams: []Param{{"access_type", "offline"}, {"prompt", "consent"}}, PKCE: true,
		Revocation: Revocation{URL: "https://oauth2.googleapis.com/revoke"},
	},
	{
		ID: "hubspot", Name: "HubSpot", // errors name themselves in status
		AuthorizationURL: "https://app.hubspot.com/oauth/authorize", TokenURL: "https://api.hubapi.com/oauth/v1/token",
		AuthorizationParams: []Param{{"optional_scope", "{optionalScopes}"}},
		ErrorMember:         "status", DeadGrant: []string{"BAD_REFRESH_TOKEN", "BAD_AUTH_CODE"},
		Revocation: Revocation{URL: "https://api.hubapi.com/oauth/v1/refresh-tokens/{token}", Method: "DELETE", RefreshOnly: true},
	},
	{
		ID: "linear", Name: "Linear",
		AuthorizationURL: "https://linear.app/oauth/authorize", TokenURL: "https://api.linear.app/oauth/token",
		AuthorizationParams: []Param{{"prompt", "consent"}}, PKCE: true, ScopeSeparator: ",",
		Revocation: Revocation{URL: "https://api.linear.app/oauth/revoke"},
	},
	{
		// Refresh tokens are for chosen partners; its id_tokens carry no nonce.
		ID: "linkedin", Name: "LinkedIn",
		AuthorizationURL: "https://www.linkedin.com/oauth/v2/authorization", TokenURL: "https://www.linkedin.com/oauth/v2/accessToken",
		Revocation: Revocation{URL: "https://www.linkedin.com/oauth/v2/revoke", AccessOnly: true},
	},
	{
		ID: "mailchimp", Name: "Mailchimp", // expires_in is 0, which means never
		AuthorizationURL: "https://login.mailchimp.com/oauth2/authorize", TokenURL: "https://login.mailchimp.com/oauth2/token",
	},
	{
		ID: "notion", Name: "Notion", // there are no scopes
		AuthorizationURL: "https://api.notion.com/v1/oauth/authorize", TokenURL: "https://api.notion.com/v1/oauth/token",
		AuthorizationParams: []Param{{"owner", "user"}}, Auth: AuthBasic, Body: BodyJSON,
		Revocation: Revocation{URL: "https://api.notion.com/v1/oauth/revoke", AccessOnly: true},
	},
	{
		ID: "okta", Name: "Okta", Settings: []Setting{{Name: "domain", Host: true}, {Name: "authorizationServer", Default: "default", Host: true}},
		AuthorizationURL: "https://{domain}/oauth2/{authorizationServer}/v1/authorize", TokenURL: "https://{domain}/oauth2/{authorizationServer}/v1/token",
		OpenID: "https://{domain}/oauth2/{authorizationServer}/.well-known/openid-configuration",
		PKCE:   true, Auth: AuthBasic, RequiredScopes: []string{"offline_access"},
		Revocation: Revocation{URL: "https://{domain}/oauth2/{authorizationServer}/v1/revoke"},
	},
	{
		ID: "quickbooks", Name: "QuickBooks", // refresh tokens rotate
		AuthorizationURL: "https://appcenter.intuit.com/connect/oauth2", TokenURL: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
		Auth: AuthBasic, Revocation: Revocation{URL: "https://developer.api.intuit.com/v2/oauth2/tokens/revoke", JSON: true},
	},
	{
		ID: "reddit", Name: "Reddit", // without duration there is no refresh token
		AuthorizationURL: "https://www.reddit.com/api/v1/authorize", TokenURL: "https://www.reddit.com/api/v1/access_token",
		AuthorizationParams: []Param{{"duration", "permanent"}}, Auth: AuthBasic,
		Revocation: Revocation{URL: "https://www.reddit.com/api/v1/revoke_token"},
	},
	{
		// Answers do not say how long a token lives: it depends on the organisation's
		// session settings, two hours by default, and can be asked for.
		ID: "salesforce", Name: "Salesforce", Settings: []Setting{{Name: "host", Default: "login.salesforce.com", Host: true}},
		AuthorizationURL: "https://{host}/services/oauth2/authorize", TokenURL: "https://{host}/services/oauth2/token",
		IntrospectionURL: "https://{host}/services/oauth2/introspect", Lifetime: time.Hour, PKCE: true,
		Revocation: Revocation{URL: "https://{host}/services/oauth2/revoke"},
	},
	{
		ID: "servicenow", Name: "ServiceNow", Settings: []Setting{{Name: "instance", Host: true}},
		AuthorizationURL: "https://{instance}.service-now.com/oauth_auth.do", TokenURL: "https://{instance}.service-now.com/oauth_token.do",
		Revocation: Revocation{URL: "https://{instance}.service-now.com/oauth_revoke_token.do"},
	},
	{
		// Scopes have commas between them, failure has status 200 and ok:false, and a
		// user's token is inside authed_user.
		ID: "slack", Name: "Slack",
		AuthorizationURL: "https://slack.com/oauth/v2/authorize", TokenURL: "https://slack.com/api/oauth.v2.access",
		AuthorizationParams: []Param{{"user_scope", "{userScopes}"}}, ScopeSeparator: ",",
		Nested: []string{"authed_user"}, OK: true, DeadGrant: []string{"invalid_refresh_token", "token_revoked", "token_expired", "invalid_code", "code_already_used"},
		Revocation: Revocation{URL: "https://slack.com/api/auth.revoke", Bearer: true, AccessOnly: true},
	},
	{
		ID: "spotify", Name: "Spotify", // a refresh brings no new refresh token
		AuthorizationURL: "https://accounts.spotify.com/authorize", TokenURL: "https://accounts.spotify.com/api/token",
		Auth: AuthBasic, PKCE: true,
	},
	{
		ID: "stripe", Name: "Stripe Connect", // the client secret is the platform's secret key
		AuthorizationURL: "https://connect.stripe.com/oauth/authorize", TokenURL: "https://connect.stripe.com/oauth/token",
		DefaultScopes: []string{"read_write"},
	},
	{
		ID: "twitch", Name: "Twitch",
		AuthorizationURL: "https://id.twitch.tv/oauth2/authorize", TokenURL: "https://id.twitch.tv/oauth2/token",
		Revocation: Revocation{URL: "https://id.twitch.tv/oauth2/revoke", AccessOnly: true},
	},
	{
		ID: "x", Name: "X", // PKCE is obligatory; refresh tokens rotate
		AuthorizationURL: "https://x.com/i/oauth2/authorize", TokenURL: "https://api.x.com/2/oauth2/token",
		PKCE: true, Auth: AuthBasic, RequiredScopes: []string{"offline.access"},
		Revocation: Revocation{URL: "https://api.x.com/2/oauth2/revoke"},
	},
	{
		ID: "zendesk", Name: "Zendesk", Settings: []Setting{{Name: "subdomain", Host: true}}, // scopes are said twice
		AuthorizationURL: "https://{subdomain}.zendesk.com/oauth/authorizations/new", TokenURL: "https://{subdomain}.zendesk.com/oauth/tokens",
		Body: BodyJSON, PKCE: true, ScopeInToken: true, DefaultScopes: []string{"read"},
		Revocation: Revocation{URL: "https://{subdomain}.zendesk.com/api/v2/oauth/tokens/current.json", Method: "DELETE", Bearer: true, AccessOnly: true},
	},
	{
		ID: "zoom", Name: "Zoom", // refresh tokens rotate
		AuthorizationURL: "https://zoom.us/oauth/authorize", TokenURL: "https://zoom.us/oauth/token",
		Auth: AuthBasic, PKCE: true, Revocation: Revocation{URL: "https://zoom.us/oauth/revoke", AccessOnly: true},
	},
}

// Find is the Preset with an id, nil if there is none.
func Find(id string) *Preset {
	for _, p := range Presets {
		if p.ID == id {
			return p
		}
	}
	return nil
}
