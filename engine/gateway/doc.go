// Package gateway is the gateway that runs: it serves a folder of documents over HTTP,
// forwards what the documents let pass, and follows the folder's changes.
//
// # One request
//
//	client ─► Server ─► Exchange ─► Gateway.handle ─► Pipeline ─► Backends ─► Transport ─► backend
//	       ◄─ respond ◄───────────── Response ◄──────────────────────────────┘
//
// A client's connection is served by one goroutine (client, in conn.go). fasthttp's
// parser reads the header; readFields cuts the same bytes once more into fields, more
// strictly, and what the two do not both accept is refused; a head of the usual form
// needs no parser (head.go). The Exchange that results
// holds the path raw and the fields as they came, all pieces of one string. Its
// handler matches it, runs the documents of the Snapshot of that moment, and leaves a
// Response, which respond writes. Where a socket can ask (socket_linux.go), the end of the
// response is written by the read of the next request, and the Exchange lives until then.
//
// # What is forwarded is what was matched
//
// Nothing between the two decodes a path, renames or reorders a header, or adds one,
// but for X-Forwarded-*; fields of the connection end here, in both directions; what
// can be read in two ways is answered with 400 and a closed connection. The rules are
// the tests: rules_request_test.go, rules_stream_test.go, rules_backend_test.go and
// lifecycle_test.go, each over sockets.
//
// # Streams
//
// A body is a stream from the socket it comes from to the socket it goes to (framed
// reads, sender writes), unless a policy asks for its bytes. sender gathers what can
// be had without waiting and flushes before it waits, so that a small message is one
// write and an event of a stream leaves at once. While a stream is silent it holds no
// buffer, neither its client's nor its backend's. An upload gets a goroutine of its own
// only if it has not arrived whole. Deadlines bound waiting (for the next byte, for
// the next header), never the length of a body.
//
// # Clients that leave
//
// Everything done for a connection hangs on its lifeline, a context. Twenty
// milliseconds into an exchange a sweep has the client's socket watched; when the
// client closes it, the lifeline ends and with it the calls to backends. One goroutine
// watches all plain sockets where the system allows it (lookout_linux.go); otherwise, and
// for connections with TLS, each has its own.
//
// # Connections to backends
//
// fasthttp's HostClient pools them, one pool for each scheme, host, TLS settings and
// proxy; requests and responses are written and read here. A pooled connection is
// looked at before it is used: one that its backend has closed is replaced, with
// nothing sent. There are no other retries: a document that wants them says <retry>.
//
// # MCP servers
//
// An API of the type mcp walks another way before and after its documents (mcp_*.go):
// serveMCP checks Host, Origin, token and message, and picks the operation: a listed tool,
// or one of a fixed set of methods. mcpForwarder then takes off what is the client's own
// secret and passes the request through, has a mcp.Bridge translate for a server of the
// other era, or answers by operations of another API, which run in Exchanges of their own
// (callOperation). Ids of sessions and events are sealed for their user; what a policy
// sees is plain.
//
// # Reload
//
// A Snapshot is immutable and swapped as a whole; an Exchange keeps the one it began
// with. Connections, breakers and the turns of pools are not in it: the Registry keeps
// them by definition, so long as some Snapshot uses it. It is loaded beside the requests,
// on a thread that goes after theirs.
package gateway
