package mcp

import (
	"encoding/json"
	"strings"
)

// paramHeader is a parameter of a tool that its schema wants mirrored in a header field
// ("Custom Headers from Tool Parameters").
type paramHeader struct {
	field string // with Mcp-Param-
	path  []string
}

// learn notes the parameters to mirror of all tools in a tools/list result.
func (p *statelessPeer) learn(result json.RawMessage) {
	var tools []json.RawMessage
	if json.Unmarshal(find(result, "tools"), &tools) != nil {
		return
	}
	const most = 10_000
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, tool := range tools {
		name, ok := toolName(tool)
		if !ok || len(p.params) >= most {
			continue
		}
		if found := annotated(find(tool, "inputSchema"), nil, nil); len(found) > 0 {
			p.params[name] = found
		} else {
			delete(p.params, name)
		}
	}
}

// annotated finds the annotated properties of a schema, by the chain of properties alone.
func annotated(schema json.RawMessage, path []string, found []paramHeader) []paramHeader {
	if len(path) >= maxDepth {
		return found
	}
	properties, err := members(find(schema, "properties"))
	if err != nil {
		return found
	}
	for _, p := range properties {
		below := append(path[:len(path):len(path)], p.key)
		if field := str(find(p.value, "x-mcp-header")); token(field) {
			found = append(found, paramHeader{"Mcp-Param-" + field, below})
		}
		found = annotated(p.value, below, found)
	}
	return found
}

// token reports whether s can be part of a field's name (RFC 9110 §5.6.2).
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}

// paramHeaders is the fields of a call's arguments.
func paramHeaders(annotated []paramHeader, arguments json.RawMessage) (fields [][2]string) {
	for _, p := range annotated {
		v := arguments
		for _, key := range p.path {
			v = find(v, key)
		}
		switch {
		case len(v) == 0 || string(v) == "null" || v[0] == '{' || v[0] == '[':
		case v[0] == '"':
			fields = append(fields, [2]string{p.field, encodeValue(str(v))})
		default:
			fields = append(fields, [2]string{p.field, string(v)})
		}
	}
	return fields
}
