// Package clients knows the clients of the authorization server. There are three kinds.
//
// Static ones stand in the configuration.
//
// Dynamic ones have registered themselves (RFC 7591), which anybody may do at any time, and
// clients do it again whenever they have forgotten. So a registration costs nothing to
// repeat: the id is derived from the metadata by a keyed hash, and who registers the same
// again finds the same row. One that was never used ends after a while, and gives way when
// there are too many.
//
// Identical registrations of confidential clients share the row, and nothing else: each is
// given an id and a secret of its own, the id with a random part, the secret derived from
// it. A shared secret would be handed to whoever repeats the public metadata, and prove
// nothing.
//
// Documents are clients whose id is the URL of their metadata
// (draft-ietf-oauth-client-id-metadata-document). Strangers choose what is fetched, so it is
// fetched from public addresses alone, and what went wrong is not told apart.
//
// What all have in common is where codes may be sent: to redirect URIs that are https, or
// loopback, or a scheme of a native app, compared character by character, but for the port
// of loopback ones (RFC 8252 §7.3).
package clients
