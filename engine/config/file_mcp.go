package config

type fileMCP struct {
	place
	Transport      text     `yaml:"transport" enum:"auto,streamable,sse" default:"auto" doc:"What the server at serviceUrl speaks: streamable for Streamable HTTP, sse for the older HTTP+SSE; auto finds out."`
	Authorization  truth    `yaml:"authorization" doc:"Whether callers need an access token of the authorizationServer. Default: true where there is one. Then no subscription key is asked for, unless subscriptionRequired is true."`
	RequiredScopes []text   `yaml:"requiredScopes" doc:"The scopes that every call needs."`
	AllowedOrigins []text   `yaml:"allowedOrigins" doc:"The origins that browsers may call from, such as https://app.example.com; * for all. Default: the gateway's own; on loopback, those of this machine."`
	AllowedHosts   []text   `yaml:"allowedHosts" doc:"The values of Host that are answered. Default: the API's hosts and that of publicUrl; without these, the names and addresses of this machine where the listener is on loopback, else all."`
	OtherTools     text     `yaml:"otherTools" enum:"allow,hide" default:"allow" doc:"What becomes of tools of the server at serviceUrl that are not listed under tools."`
	MessageBytes   size     `yaml:"messageBytes" default:"4MiB" doc:"The longest message of a client."`
	ResultBytes    size     `yaml:"resultBytes" default:"4MiB" doc:"The longest response of an operation that becomes the result of a tool."`
	KeepAlive      duration `yaml:"keepAlive" default:"15s" doc:"How long an event stream may be silent before a comment is sent on it."`
}

type fileTool struct {
	place
	Name           text   `yaml:"name,required" doc:"The name of the tool: context.Operation.Id."`
	Operation      text   `yaml:"operation" doc:"With toolsOf, the id of the operation that it calls. Default: the name."`
	Title          text   `yaml:"title" doc:"A name for people. Default: the operation's."`
	Description    text   `yaml:"description" doc:"What models are told of it. Default: that of the operation in the OpenAPI document."`
	ReadOnly       truth  `yaml:"readOnly" doc:"Whether it changes nothing. Default: true for GET and HEAD."`
	Destructive    truth  `yaml:"destructive" doc:"Whether it may destroy something. Default: true for PUT, PATCH and DELETE."`
	Idempotent     truth  `yaml:"idempotent" doc:"Whether a second call with the same arguments changes nothing more. Default: true for PUT and DELETE."`
	Hidden         truth  `yaml:"hidden" default:"false" doc:"Whether nobody sees it, nor may call it."`
	RequiredScopes []text `yaml:"requiredScopes" doc:"The scopes that it needs beside those of the API. Callers without them do not see it."`
	RequiredClaims []pair `yaml:"requiredClaims" doc:"Claims of the access token, each with the values of which one is needed. Callers without them do not see it."`
	Policy         text   `yaml:"policy" doc:"The policy document of the tool. Default: apis/<api>/<tool>.xml in the policy folder, if it is there."`
}

type fileAuthorizationServer struct {
	place
	Issuer        text             `yaml:"issuer" doc:"Its identifier: an https URL that reaches this gateway, with or without a path. Clients keep what they have by it: never change it. Default: publicUrl."`
	Provider      fileLogin        `yaml:"identityProvider,required" doc:"Where users log in."`
	Scopes        []pair           `yaml:"scopes" doc:"The scopes that there are, each with what the consent page says of it."`
	DefaultScopes []text           `yaml:"defaultScopes" doc:"What a request without a scope asks for. Default: all scopes."`
	Claims        []text           `yaml:"claims" doc:"The claims of the user's ID token that access tokens carry on, such as roles, groups or email."`
	Registration  fileRegistration `yaml:"registration" doc:"How clients become known."`
	Clients       []fileAuthClient `yaml:"clients" key:"id" doc:"Clients that are known beforehand."`
	Lifetimes     fileLifetimes    `yaml:"lifetimes" doc:"How long things are good."`
}

type fileLogin struct {
	place
	Type         text   `yaml:"type" enum:"oidc,entra" default:"oidc" doc:"Any OpenID provider, or Microsoft Entra ID."`
	TenantID     text   `yaml:"tenantId" doc:"The tenant, for entra."`
	Authority    text   `yaml:"authority" default:"https://login.microsoftonline.com" doc:"The login host, for entra."`
	Issuer       text   `yaml:"issuer" doc:"The issuer, for oidc: its OpenID configuration is below it."`
	ClientID     text   `yaml:"clientId,required" doc:"The client id of this gateway there."`
	ClientSecret text   `yaml:"clientSecret" secret:"true" doc:"The client secret. Without one the gateway is a public client there."`
	Scopes       []text `yaml:"scopes" doc:"What is asked for. Default: openid, profile, email and offline_access."`
}

type fileRegistration struct {
	place
	Dynamic       truth    `yaml:"dynamic" default:"true" doc:"Whether clients may register themselves (RFC 7591)."`
	Documents     truth    `yaml:"metadataDocuments" default:"true" doc:"Whether a client id may be the URL of a client metadata document."`
	RedirectHosts []text   `yaml:"redirectHosts" doc:"The hosts that codes may be sent to, each a name or *.name; loopback is always allowed. Default: all."`
	AllowedHosts  []text   `yaml:"allowedHosts" doc:"Hosts of metadata documents that may be at any address, such as ones of a private network: a name, name:port or *.name. All others must be at public addresses."`
	Trust         []text   `yaml:"trust" doc:"PEM files of authorities that may have signed the certificates of those hosts, beside the system's."`
	Maximum       number   `yaml:"maximum" min:"1" max:"1000000" default:"1000" doc:"How many registered clients there may be. One more takes the place of one that was never used; if all were, it is refused."`
	UnusedFor     duration `yaml:"unusedFor" default:"1h" doc:"How long a registration stays that is never used."`
}

type fileAuthClient struct {
	place
	ID           text   `yaml:"id,required" doc:"The client id."`
	Name         text   `yaml:"name" doc:"What the consent page calls it. Default: the id."`
	Secret       text   `yaml:"secret" secret:"true" doc:"The client secret, at least 32 characters. Without one it is a public client."`
	RedirectURIs []text `yaml:"redirectUris,required" doc:"Where the browser may be sent with a code."`
}

type fileLifetimes struct {
	place
	AccessToken  duration `yaml:"accessToken" default:"10m" doc:"Of an access token."`
	RefreshToken duration `yaml:"refreshToken" default:"720h" doc:"Of a refresh token that is not used."`
	RefreshGrace duration `yaml:"refreshGrace" default:"30s" doc:"For how long a refresh token that was just used answers with the same successor again, instead of ending the grant."`
	Code         duration `yaml:"code" default:"60s" doc:"Of an authorization code."`
	Login        duration `yaml:"login" default:"10m" doc:"Of a login that has begun."`
	Consent      duration `yaml:"consent" default:"720h" doc:"Of a user's approval of a client: until then the consent page is not shown again for the same client, scopes, server and redirect URI."`
}
