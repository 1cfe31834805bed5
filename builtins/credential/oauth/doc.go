// Package oauth is the client's side of OAuth 2.0: what a provider wants to be asked
// and how it answers, without any memory of its own.
//
// OAuth is one protocol on paper and as many as there are providers in practice: one
// separates scopes by commas, the next answers 200 to say no, a third forgets to say
// how long its tokens live. All of that is data. A Preset is a row of knobs, Presets is
// the table of them, and there is no code for one provider alone: what two knobs do is
// tested once per provider against a server that insists on it.
//
//	Config (kind and settings) ── Resolve ──► Provider (URLs, client, scopes)
//	Provider ── AuthorizeURL ──► the browser ── ParseCallback ──► code
//	Client + Provider ── Exchange, Refresh, ClientCredentials, Revoke ──► *Token
//
// A server that describes itself (OAuth 2.1, MCP) is asked first: Discover and Register
// yield a Discovery that completes the Provider and that the caller keeps.
//
// Everything a server says is hostile: bodies are bounded, redirects refused, texts
// cleaned before anybody sees them, and URLs that a server names are called only where
// they lead to public addresses or to a host that the operator has named.
//
// Sources: RFC 6749, 7009, 7591, 7636, 7662, 8414, 8707, 9207, 9728, OpenID Connect
// Core and Discovery 1.0; for the rows of Presets the providers' own documentation.
package oauth
