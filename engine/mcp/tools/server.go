package tools

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sekisho/engine/mcp"
)

const (
	// pageSize is how many tools tools/list shows at once.
	pageSize = 100
	// timeToLive is how long a client may keep a list, in milliseconds: a reload may change it.
	timeToLive = 60_000
)

// Server answers MCP messages by operations. It implements mcp.Handler, keeps nothing
// between messages, and may be used by any number of goroutines.
type Server struct {
	info    Info
	tools   []*tool
	byName  map[string]int
	call    Caller
	visible func(ctx context.Context, t *Tool) bool
}

var _ mcp.Handler = (*Server)(nil)

// Answer is mcp.Handler's.
func (s *Server) Answer(ctx context.Context, version string, m *mcp.Message, _ func(method string, params any)) (json.RawMessage, *mcp.Error) {
	switch m.Method {
	case "initialize":
		return marshal(struct {
			Version      string          `json:"protocolVersion"`
			Capabilities json.RawMessage `json:"capabilities"`
			Server       any             `json:"serverInfo"`
			Instructions string          `json:"instructions,omitempty"`
		}{version, capabilities, s.implementation(), s.info.Instructions}), nil
	case "server/discover":
		return s.discover(), nil
	case "ping":
		return json.RawMessage(`{}`), nil
	case "tools/list":
		return s.list(ctx, version, m)
	case "tools/call":
		return s.callTool(ctx, version, m)
	}
	return nil, &mcp.Error{Code: mcp.CodeMethodNotFound, Message: "Method not found"}
}

var capabilities = json.RawMessage(`{"tools":{}}`)

func (s *Server) implementation() any {
	return struct {
		Name    string `json:"name"`
		Title   string `json:"title,omitempty"`
		Version string `json:"version"`
	}{s.info.Name, s.info.Title, s.info.Version}
}

func (s *Server) discover() json.RawMessage {
	return marshal(struct {
		Meta         map[string]any  `json:"_meta"`
		Versions     []string        `json:"supportedVersions"`
		Capabilities json.RawMessage `json:"capabilities"`
		Instructions string          `json:"instructions,omitempty"`
		TTL          int             `json:"ttlMs"`
		Scope        string          `json:"cacheScope"`
	}{map[string]any{mcp.MetaServer: s.implementation()}, mcp.Versions, capabilities, s.info.Instructions, timeToLive, "public"})
}

// list lists the tools that the caller sees, from a cursor on: the name of the tool before.
func (s *Server) list(ctx context.Context, version string, m *mcp.Message) (json.RawMessage, *mcp.Error) {
	var params struct {
		Cursor *string `json:"cursor"`
	}
	if m.Params != nil && json.Unmarshal(m.Params, &params) != nil {
		return nil, invalid("params.cursor must be a string")
	}
	start := 0
	if params.Cursor != nil {
		name, err := base64.RawURLEncoding.DecodeString(*params.Cursor)
		i, ok := s.byName[string(name)]
		if err != nil || !ok {
			return nil, invalid("there is no such cursor")
		}
		start = i + 1
	}
	out := struct {
		Tools []json.RawMessage `json:"tools"`
		Next  string            `json:"nextCursor,omitempty"`
		TTL   *int              `json:"ttlMs,omitempty"`
		Scope string            `json:"cacheScope,omitempty"`
	}{Tools: []json.RawMessage{}}
	if mcp.Stateless(version) {
		ttl := timeToLive
		if out.TTL, out.Scope = &ttl, "public"; s.visible != nil {
			out.Scope = "private"
		}
	}
	last := ""
	for _, t := range s.tools[start:] {
		if s.visible != nil && !s.visible(ctx, t.Tool) {
			continue
		}
		if len(out.Tools) == pageSize {
			out.Next = base64.RawURLEncoding.EncodeToString([]byte(last))
			break
		}
		out.Tools = append(out.Tools, t.listed)
		last = t.Name
	}
	return marshal(out), nil
}

func (s *Server) callTool(ctx context.Context, version string, m *mcp.Message) (json.RawMessage, *mcp.Error) {
	i, ok := s.byName[m.Name]
	if !ok || s.visible != nil && !s.visible(ctx, s.tools[i].Tool) {
		return nil, invalid("there is no tool of this name")
	}
	t := s.tools[i]
	arguments, err := argumentsOf(m)
	if err != nil {
		return nil, err
	}
	wrong := t.input.check(arguments)
	var call *Call
	if wrong == "" {
		var err error
		if call, err = t.request(arguments); err != nil {
			wrong = err.Error()
		}
	}
	switch {
	case wrong != "" && version >= mcp.V20251125:
		// "Input validation errors" are the model's to read since then.
		return failed("The arguments do not fit the tool:\n%s", wrong), nil
	case wrong != "":
		return nil, invalid(wrong)
	}
	response, failure := s.call(ctx, t.Tool, call)
	var answer *mcp.Error
	switch {
	case errors.As(failure, &answer):
		return nil, answer
	case errors.Is(failure, ErrTooLarge):
		return failed("The operation was called, but %v.", ErrTooLarge), nil
	case errors.Is(failure, ErrElsewhere):
		return failed("The operation was not called: %v.", ErrElsewhere), nil
	case failure != nil:
		return failed("The operation could not be called, or did not answer."), nil
	}
	return t.result(version, response), nil
}

// argumentsOf reads params.arguments. No key is there twice: mcp.Parse has seen to it.
func argumentsOf(m *mcp.Message) (map[string]any, *mcp.Error) {
	var params map[string]json.RawMessage
	if json.Unmarshal(m.Params, &params) != nil {
		return nil, invalid("params must be an object")
	}
	raw := params["arguments"]
	if raw == nil || string(raw) == "null" {
		return map[string]any{}, nil
	}
	v, err := decode(raw)
	if err != nil {
		return nil, invalid(fmt.Sprintf("params.arguments: %v", err))
	}
	arguments, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("params.arguments must be an object")
	}
	return arguments, nil
}

func invalid(why string) *mcp.Error {
	return &mcp.Error{Code: mcp.CodeInvalidParams, Message: "Invalid params: " + strings.ReplaceAll(why, "\n", "; ")}
}
