// Package sandbox is what a gateway needs around it to be tried without a cloud: an
// identity provider, the token endpoints of a machine in Azure, and services that want
// tokens. It is for development only: whoever reaches it may log in as any user and be
// any managed identity, so it belongs on an address that only this machine reaches.
//
//	/identity/.well-known/openid-configuration   an OpenID issuer: discovery,
//	/identity/keys                               its keys,
//	/identity/authorize                          login and consent in the browser,
//	/identity/token                              tokens,
//	/identity/revoke                             and their revocation
//	/{tenant}/oauth2/v2.0/token                  the same tokens at Microsoft Entra's path
//	/metadata/identity/oauth2/token              IMDS
//	/msi/token                                   App Service's endpoint; its header is "development"
//	/workload/token                              a federated token for workload identity
//	/services/{id}/...                           services behind App Service authentication
//
// # Tokens
//
// Access tokens are shaped as Microsoft Entra's: version 1 from the endpoints of managed
// identities (appid), version 2 from the others (azp), with tid, oid, roles or scp. The
// audience is the resource as it was asked for, or what stands before the last part of a
// scope: api://orders for api://orders/read and for api://orders/.default. A scope that
// names no resource makes a token for the application itself.
//
// # Keys
//
// A key is published half a life before it signs and until the last token that it signed
// has expired, so a verifier that looks now and then always knows the key that it needs.
//
// # Rules
//
// Codes are good once, for a minute, for the client, redirect URI and verifier that they
// were given for. Public clients must use PKCE with S256. Refresh tokens are good once:
// one that comes again ends all that came of the same consent, as RFC 9700 asks.
package sandbox
