package mcp

import (
	"encoding/json"
	"fmt"
)

// Codes of JSON-RPC errors: JSON-RPC 2.0 §5.1, and "Error Codes" of MCP 2026-07-28.
const (
	CodeParse              = -32700
	CodeInvalidRequest     = -32600
	CodeMethodNotFound     = -32601
	CodeInvalidParams      = -32602
	CodeInternal           = -32603
	CodeHeaderMismatch     = -32020
	CodeMissingCapability  = -32021
	CodeUnsupportedVersion = -32022
)

// Error is a JSON-RPC error with the HTTP status it is answered with. A Status of 0 leaves
// the status to the transport: 200 with sessions, what the specification gives the code
// without.
type Error struct {
	Status, Code int
	Message      string
	Data         json.RawMessage // nil: none

	id json.RawMessage // of the message that was refused, where it could be read
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// Body is the whole JSON-RPC error response. Where id is nil it has the id of the message
// Parse refused, if that had one that could be read, else null.
func (e *Error) Body(id json.RawMessage) []byte {
	if id == nil {
		id = e.id
	}
	if id == nil {
		id = json.RawMessage("null")
	}
	b := append([]byte(`{"jsonrpc":"2.0","id":`), id...)
	b = append(b, `,"error":`...)
	b = append(b, e.object()...)
	return append(b, '}')
}

// object is the error itself, the value of a response's member "error".
func (e *Error) object() json.RawMessage {
	b := fmt.Appendf(nil, `{"code":%d,"message":`, e.Code)
	b = append(b, quote(e.Message)...)
	if e.Data != nil {
		b = append(append(b, `,"data":`...), e.Data...)
	}
	return append(b, '}')
}

func refuse(status, code int, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// statusOf is the status of an error's answer to a request of version.
func statusOf(e *Error, version string) int {
	switch {
	case e.Status != 0:
		return e.Status
	case !Stateless(version):
		return 200
	case e.Code == CodeMethodNotFound:
		return 404
	case e.Code == CodeInvalidParams, e.Code == CodeMissingCapability, e.Code == CodeUnsupportedVersion, e.Code == CodeHeaderMismatch:
		return 400
	}
	return 200
}

// unsupported says which revisions there are instead of the one that was asked for.
func unsupported(requested string, supported []string) *Error {
	e := refuse(400, CodeUnsupportedVersion, "Unsupported protocol version")
	e.Data = marshal(map[string]any{"supported": supported, "requested": requested})
	return e
}

// quote is s as JSON. Text from outside may be cut or not be UTF-8; json makes it valid.
func quote(s string) []byte {
	const most = 512
	if len(s) > most {
		s = s[:most] + "…"
	}
	return marshal(s)
}

// marshal is for values that always can be: maps, texts and numbers of ours.
func marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("mcp: internal error: " + err.Error())
	}
	return b
}
