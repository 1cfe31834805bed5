package mcp

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// Fields of HTTP, as the specification writes them.
const (
	HeaderVersion = "MCP-Protocol-Version"
	HeaderMethod  = "Mcp-Method"
	HeaderName    = "Mcp-Name"
	HeaderSession = "Mcp-Session-Id"
)

// Revision decides the revision in which an HTTP request speaks; m is nil for GET and
// DELETE. values returns all fields of a name, whatever its case.
//
// A field that is there twice is refused in every era, for two readers may take two
// different ones. From 2026-07-28 on what is mirrored in header fields must be there and be
// what the body says ("Server Validation"). Before, Mcp-Method and Mcp-Name mean nothing:
// they are neither read here nor to be sent on or decided by. An initialize has no header
// field and is answered in what it asks for, where that is known; whoever says nothing
// speaks 2025-03-26.
func Revision(values func(name string) []string, m *Message) (version string, e *Error) {
	header, e := single(values, HeaderVersion)
	if e != nil {
		return "", e
	}
	method, e := single(values, HeaderMethod)
	if e != nil {
		return "", e
	}
	name, e := single(values, HeaderName)
	if e != nil {
		return "", e
	}
	meta := ""
	if m != nil {
		meta = m.metaVersion
	}
	switch {
	case header == "" && meta == "":
		if m != nil && m.Method == "initialize" {
			return negotiated(m.Version), nil
		}
		return V20250326, nil
	case header == "":
		return "", refuse(400, CodeHeaderMismatch, "Header mismatch: %s is required for requests that carry %s", HeaderVersion, MetaVersion)
	case meta != "" && header != meta:
		return "", refuse(400, CodeHeaderMismatch, "Header mismatch: %s is not what %s in the body says", HeaderVersion, MetaVersion)
	case !known(header):
		return "", unsupported(header, Versions)
	case !Stateless(header):
		return header, nil
	case m == nil:
		return header, nil
	}
	if m.IsAnswer() {
		return "", refuse(400, CodeInvalidRequest, "Invalid request: in %s clients send no answers", header)
	}
	if e := mirrored(m, meta, method, name); e != nil {
		return "", e
	}
	return header, nil
}

// mirrored checks Mcp-Method and Mcp-Name of a stateless message. Fields of notifications
// are not defined and may be missing.
func mirrored(m *Message, meta, method, name string) *Error {
	if m.IsRequest() {
		if method == "" {
			return refuse(400, CodeHeaderMismatch, "Header mismatch: %s is missing", HeaderMethod)
		}
		if meta == "" {
			return refuse(400, CodeInvalidParams, "Invalid params: _meta must have %s", MetaVersion)
		}
	}
	if method != "" && method != m.Method {
		return refuse(400, CodeHeaderMismatch, "Header mismatch: %s is not the method of the body", HeaderMethod)
	}
	if !hasName(m.Method) {
		return nil
	}
	if name == "" {
		if m.IsRequest() {
			return refuse(400, CodeHeaderMismatch, "Header mismatch: %s is missing", HeaderName)
		}
		return nil
	}
	decoded, ok := decodeValue(name)
	if !ok {
		return refuse(400, CodeHeaderMismatch, "Header mismatch: %s has characters that must be encoded, or is not what its encoding says", HeaderName)
	}
	if decoded != m.Name {
		return refuse(400, CodeHeaderMismatch, "Header mismatch: %s is not what the body names", HeaderName)
	}
	return nil
}

// Mirror is the header fields a request or notification must be sent with in a stateless
// revision. Those of annotated parameters (Mcp-Param-…) need the tool's schema; they are
// the client's to send and to be forwarded.
func Mirror(m *Message, version string) [][2]string {
	fields := [][2]string{{HeaderVersion, version}}
	if !Stateless(version) {
		return fields
	}
	fields = append(fields, [2]string{HeaderMethod, encodeValue(m.Method)}) // for methods that are none: they must not end the field
	if hasName(m.Method) {
		fields = append(fields, [2]string{HeaderName, encodeValue(m.Name)})
	}
	return fields
}

// hasName reports whether requests of a method have an Mcp-Name.
func hasName(method string) bool {
	return method == "tools/call" || method == "resources/read" || method == "prompts/get"
}

func single(values func(name string) []string, name string) (string, *Error) {
	switch all := values(name); len(all) {
	case 0:
		return "", nil
	case 1:
		return all[0], nil
	}
	return "", refuse(400, CodeHeaderMismatch, "Header mismatch: %s is there more than once", name)
}

// The sentinel of "Value Encoding": what is between is base64 of UTF-8.
const (
	sentinelStart = "=?base64?"
	sentinelEnd   = "?="
)

// decodeValue is what a mirrored field says. It is not ok where the field has characters a
// client must encode, or the sentinel around something else than base64 of UTF-8.
func decodeValue(field string) (value string, ok bool) {
	if !isSentinel(field) {
		return field, plain(field)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(field[len(sentinelStart) : len(field)-len(sentinelEnd)])
	if err != nil || !utf8.Valid(b) || strings.ContainsAny(field, "\r\n") {
		return "", false
	}
	return string(b), true
}

// encodeValue is how a mirrored field says value.
func encodeValue(value string) string {
	if plain(value) && !isSentinel(value) && value == strings.Trim(value, " \t") {
		return value
	}
	return sentinelStart + base64.StdEncoding.EncodeToString([]byte(value)) + sentinelEnd
}

func isSentinel(field string) bool {
	return len(field) >= len(sentinelStart)+len(sentinelEnd) &&
		strings.HasPrefix(field, sentinelStart) && strings.HasSuffix(field, sentinelEnd)
}

// plain reports whether value consists of what a field may have: visible ASCII, space, tab.
func plain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}
