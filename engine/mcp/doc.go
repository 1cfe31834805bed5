// Package mcp speaks the Model Context Protocol on both sides of a gateway: towards clients
// of every revision, and towards servers of every revision, which need not be the same. It
// knows HTTP messages and JSON-RPC messages and nothing of how they are carried, of
// policies or of tokens.
//
// # Two eras
//
// From 2025-03-26 to 2025-11-25 client and server have a session: initialize opens it,
// Mcp-Session-Id names it, a GET gives a stream of what the server says unasked, and the
// server may put requests of its own (elicitation, sampling, roots) on the stream of a POST.
// 2024-11-05 (HTTP+SSE) is the same talk with one stream for everything. From 2026-07-28 on
// there are no sessions: every request carries version and capabilities in _meta and
// mirrors what it is about in header fields, a server that needs something of the client
// ends the request with what it needs (input_required) and is asked again, and closing a
// stream cancels. Revision tells the eras apart, request by request.
//
// # Who answers what
//
//	                        server: stateless        with sessions           HTTP+SSE       Handler
//	client: stateless       passed through           Bridge.Serve            Bridge.Serve   Serve
//	client: with sessions   Bridge.Serve             passed through          Bridge.Serve   Serve
//	client: HTTP+SSE        Bridge.Open/Message      Bridge.Open/Message     …              …
//
// "Passed through" is the caller's: bytes go on as they are (NewRelay), session ids sealed
// (Sealer), lists of tools filtered (FilterTools). Server.Speaks says when. What Probe finds
// out about a server is the caller's to remember.
//
// # Driving a Bridge
//
// One Bridge per MCP API, made once and kept over reloads (NewBridge; Close at the end).
// For each request of a client that is not passed through:
//
//	POST/GET/DELETE {path}/mcp     b.Serve(ctx, &request, &target)
//	GET  {path}/sse                b.Open(ctx, &request, &target, "/path/messages")
//	POST {path}/messages?sessionId b.Message(ctx, &request, &target, sessionID)
//
// request.User is who may use the sessions it makes; somebody else's session id is answered
// with 404. A session id of a Bridge is the Bridge's own (random, kept in memory, good in
// this process): it is not sealed and not to be unsealed. Stateless clients of one user that
// declare the same capabilities share a session with the server; so do all callers that are
// nobody in particular. ctx is the client's request: it ends when the client leaves.
//
// Target.Upstream sends HTTP requests to the server with whatever policies have added for
// this client's request. It is called while the client's request is served, and also after
// it: an HTTP+SSE client has its 202 before the server is asked, and a stream of the server
// may serve requests that come later. An Upstream therefore holds what it sends by value
// (fields, URL, certificate) and nothing of an Exchange; the ctx given to Do, and only that,
// ends what Do has opened. The same goes for a Target.Handler behind Open and Message.
//
// Streams in Responses have no keep-alive comments of their own: put NewRelay around them.
package mcp
