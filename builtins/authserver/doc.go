// Package authserver is the authorization server of the gateway: clients register or
// publish who they are, users log in at an identity provider and consent, and tokens are
// the gateway's own. It is what MCP clients expect (OAuth 2.1, RFC 8414, 9207, 8707, 7591,
// client id metadata documents) in front of providers that offer less.
//
//	authorize ─► page ─► consent ─► login ─► the identity provider ─► callback ─► code
//	                                                                     │
//	                    token ◄─ the client ◄────────────────────────────┘
//
// A client of ours is a client of the identity provider through us, and a provider that
// knows the user would let it in without a word. So nothing goes there before the user has
// said yes to this very client, in this very browser (authorize.go, consent.go), and what
// comes back counts in that browser alone, for the user who has said so (callback.go).
//
// What a client has asked for, once it was checked, is a request. It travels sealed in the
// form of the page, so that a page that nobody answers leaves nothing behind; then in the
// record of the login, of the code, and what is left of it in the grant. A grant is what a
// client may do for a user: its access tokens are signed and live for minutes (verify.go),
// its refresh tokens are a family of which the newest is good (refresh.go), and whatever ends
// the grant ends all of them (revocations.go).
//
// Several processes on one store behave as one. What must happen once is a record that one
// of them makes or changes; what must be seen by all is asked for every second.
package authserver
