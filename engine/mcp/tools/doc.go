// Package tools makes an MCP server of HTTP operations: each becomes a tool, a call of the
// tool becomes a request, and the response becomes the tool's result. It knows MCP messages
// and nothing of sockets, policies or files; whoever has the operations gives it a Caller.
//
// # Arguments
//
// A tool takes one object. It has a member for each path, query, header and cookie
// parameter of the operation, named as the parameter, with what is no letter, digit, "_",
// "-" or "." made "_", and left out at the ends ($filter is filter). Of parameters with one
// name the later ones are query_id, header_id, cookie_id. The members of a body are
// beside them if the body is a plain object (JSON or a form) of known properties none of
// which has a name that is taken; else the body is the member "body". Nothing else may be
// there. Header fields that are not a model's to say (credentials, framing, hop by hop,
// those of MCP) are left out, as OpenAPI leaves out some of them.
//
// Arguments are validated against the schema before anything is made of them, and what is
// made of them stays in its place: everything but unreserved characters is escaped, and what
// an escape does not hold for everybody who reads a URL (dot segments, also escaped ones,
// backslashes, control characters in a path) is refused.
//
// # Results
//
// A JSON response is text, and structured content too if it is an object. Images and audio
// are content of their kind, other text is text, all else is an embedded resource. A status
// of 400 or more makes the result an error, with the body as its text: the model reads what
// went wrong.
//
// Clients refuse structured content that does not fit what is declared, or is not there,
// when the operation has long done its work, and documents of REST APIs are seldom exact.
// So declared schemas of results say types only, and structured content has the members
// that fit; the text has all.
package tools
