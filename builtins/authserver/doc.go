// Package authserver is the authorization server of the gateway: clients register or
// publish who they are, users log in at an identity provider and consent, and tokens are
// the gateway's own. It is what MCP clients expect (OAuth 2.1, RFC 8414, 9207, 8707, 7591,
// client id metadata documents) in front of providers that offer less.
package authserver
