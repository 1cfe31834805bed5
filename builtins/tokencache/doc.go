// Package tokencache keeps access tokens, and fetches and refreshes them.
//
// The rule is APIM's: a token is kept until three minutes before it expires, and one
// whose whole life is shorter until it expires. What happens at the three minutes is
// ours: the token is not thrown away but refreshed, once and in the background, and
// serves meanwhile. If that fails it goes on serving until it really expires, and the
// failure is logged and shown by Status. Thus a request waits for an identity provider
// only where there is no token that it could use.
//
// # Two copies
//
// What is known under a key is a slot. A sharded map holds every slot; it is the
// authoritative copy, bounded in entries and bytes, and drops what has expired and then
// what was used least recently. In front of it stands a ristretto cache of pointers to
// the same slots, which may forget whatever it likes: a hit is one Get there, without a
// lock. Both see a slot change at once, as they share it, so the front is never stale.
// Whoever asks for the same key again and again keeps its Place, which is the slot itself.
//
// # One call
//
// A slot has at most one call of its Fetch under way. Who finds no token joins it, and
// may give up waiting without ending it for the others. A failed call is remembered for
// a while that grows from one second to thirty, in which nobody calls again.
package tokencache
