// Package credential is the credential manager: it holds the gateway's connections to
// OAuth 2.0 providers and lends their access tokens to policies.
//
//	gateway.yaml, REST ──► Provider ─1:n─► Connection ─1:n─► access policy   (package store)
//	a person's browser ──► login link ──► consent ──► tokens ──┐
//	get-authorization-context ──► Manager.Authorization ──► token cache ──► renew
//
// # Lending
//
// Authorization decides first and by what is in memory: the connection exists, the caller
// may use it. What it knows of a connection is read anew from the store every two seconds
// at most, so that a change made by another process counts by then, and at once where it
// was made. The token comes from the token cache; only a miss reads the store.
//
// # Renewing
//
// A token is renewed from three minutes before its end on, in the background while it is
// good and waited for when it is not. Of all goroutines of all processes on one store, one
// at a time renews a connection: singleflight in a process, a lease with a fence in the
// store between them. The steps, and what a process killed before each leaves behind:
//
//	read     the connection                      nothing
//	lease    take it; read again, as another     a lease that runs out
//	         may have done it meanwhile
//	send     the refresh token                   a lease that runs out
//	save     the answer, before anybody uses it  an answer that is lost: if the provider
//	         (guarded by the version)            rotates refresh tokens and forgives no
//	                                             reuse, the next refresh learns that the
//	                                             connection needs a new consent
//	release  the lease                           a lease that runs out
//
// invalid_grant is believed only after the connection has been read again: if its version
// has moved, somebody else has renewed it. Then the connection needs consent; it is never
// deleted, and its access token is lent until it ends. Anything else is tried again later,
// with growing pauses, and the state is Degraded meanwhile.
//
// # Who may
//
// A caller with identity-type="jwt" needs an access policy with the tid and the oid (or a
// group) of its token; without one it is refused. The gateway itself
// (identity-type="managed") needs one too, of the kind Managed: a new connection gets one
// that is called "gateway", as Azure's portal adds one, and deleting it shuts the gateway
// out. Connections of gateway.yaml always let the gateway in.
//
// # Consent
//
// A login link is good once and for ten minutes. Opening it shows a page and changes
// nothing; the button there uses it up, gives the browser a cookie and sends it to the
// provider. The provider's answer counts only in the browser with that cookie, at the
// path of that provider, with the state, the issuer, the PKCE verifier and, with OpenID,
// the nonce of that request. So a consent that somebody has begun can be finished by
// nobody else, neither by sending the provider's page to a victim nor by sending the
// provider's answer. Against sending the unopened link there are two means: a link for a
// user (iss and sub), whose id_token must name that user; and a link with confirmation,
// whose tokens are kept aside until the application that asked for it has seen the same
// browser come back and calls confirmConsentCode.
package credential
