package mcp

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

// handler is a Handler of one function.
type handler func(ctx context.Context, version string, m *Message, notify func(string, any)) (string, *Error)

func (h handler) Answer(ctx context.Context, version string, m *Message, notify func(string, any)) (json.RawMessage, *Error) {
	result, e := h(ctx, version, m, notify)
	return json.RawMessage(result), e
}

func serve(ctx context.Context, h Handler, version, body string, head ...[2]string) *Response {
	m, e := Parse([]byte(body))
	if e != nil {
		panic(e)
	}
	return Serve(ctx, h, &Request{HTTPMethod: "POST", Values: fields(head).values, Message: m, Version: version})
}

func TestServe(t *testing.T) {
	h := handler(func(ctx context.Context, version string, m *Message, notify func(string, any)) (string, *Error) {
		switch m.Method {
		case "tools/list":
			return `{"tools":[]}`, nil
		case "tools/call":
			if notify != nil {
				notify("notifications/progress", map[string]any{"progressToken": 1, "progress": 2})
			}
			return `{"content":[]}`, nil
		case "prompts/get":
			return `{"resultType":"input_required","requestState":"s"}`, nil
		}
		return "", &Error{Code: CodeMethodNotFound, Message: "no " + m.Method}
	})
	old := func(method, params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params + `}}`
	}
	tests := []struct {
		name, version, body, accept string
		status                      int
		want                        string
	}{
		{"with sessions", V20251125, old("tools/list", ""), "*/*", 200, `{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}`},
		{"stateless", V20260728, stateless("tools/list", ""), "*/*", 200, `{"jsonrpc":"2.0","id":1,"result":{"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"}}`},
		{"input required", V20260728, stateless("prompts/get", `"name":"p"`), "*/*", 200, `{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"s"}}`},
		{"stream", V20251125, old("tools/call", `"name":"a"`), "application/json, text/event-stream;q=1", 200,
			"event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":2,\"progressToken\":1}}\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[]}}\n\n"},
		{"no streams taken", V20251125, old("tools/call", `"name":"a"`), "application/json", 200, `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`},
		{"unknown, with sessions", V20251125, old("x", ""), "*/*", 200, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no x"}}`},
		{"unknown, stateless", V20260728, stateless("x", ""), "*/*", 404, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no x"}}`},
		{"of the other era", V20260728, stateless("initialize", `"protocolVersion":"2025-11-25"`), "*/*", 404, `-32601`},
		{"of the other era", V20251125, old("server/discover", ""), "*/*", 200, `-32601`},
		{"no capabilities", V20260728, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, "*/*", 400, `-32602`},
		{"notification", V20251125, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, "*/*", 202, ``},
		{"answer", V20251125, `{"jsonrpc":"2.0","id":1,"result":{}}`, "*/*", 202, ``},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := serve(t.Context(), h, test.version, test.body, [2]string{"Accept", test.accept})
			body := r.Body
			if r.Stream != nil {
				if r.mediaType() != typeStream {
					t.Errorf("a stream of %q", r.mediaType())
				}
				body, _ = io.ReadAll(r.Stream)
				r.Stream.Close()
			}
			if r.Status != test.status || !strings.Contains(string(body), test.want) || test.want == "" && len(body) > 0 {
				t.Errorf("%d %s", r.Status, body)
			}
		})
	}
	for _, method := range []string{"GET", "DELETE", "PUT"} {
		if r := Serve(t.Context(), h, &Request{HTTPMethod: method, Values: fields{}.values}); r.Status != 405 || r.header("allow") != "POST" {
			t.Errorf("%s: %+v", method, r)
		}
	}
}

// A client that leaves ends the Handler, before and within the stream.
func TestServeClientLeaves(t *testing.T) {
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}`
	synctest.Test(t, func(t *testing.T) {
		left := make(chan struct{})
		r := serve(t.Context(), handler(func(ctx context.Context, _ string, _ *Message, notify func(string, any)) (string, *Error) {
			for ctx.Err() == nil {
				notify("n", nil) // blocks until read, or the client has left
			}
			close(left)
			return "{}", nil
		}), V20251125, body)
		io.ReadFull(r.Stream, make([]byte, 5))
		r.Stream.Close()
		<-left
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan struct{})
		go func() { synctest.Wait(); cancel() }()
		serve(ctx, handler(func(ctx context.Context, _ string, _ *Message, _ func(string, any)) (string, *Error) {
			<-ctx.Done()
			close(left)
			return "{}", nil
		}), V20251125, body)
		<-left
	})
}
