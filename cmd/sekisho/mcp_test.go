package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestMCP: a server of the library, as the terminal sees it.
func TestMCP(t *testing.T) {
	type order struct {
		ID int `json:"id" jsonschema:"the number of the order"`
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "orders", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "get-order", Description: "Get an order.\x1b[2J"}, func(_ context.Context, _ *mcp.CallToolRequest, in order) (*mcp.CallToolResult, any, error) {
		if in.ID != 42 {
			return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: "no such order"}}}, nil, nil
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "a lantern"}, &mcp.ImageContent{MIMEType: "image/png", Data: []byte{1}}}}, nil, nil
	})
	of := func(*http.Request) *mcp.Server { return server }
	streamable := httptest.NewServer(mcp.NewStreamableHTTPHandler(of, nil))
	defer streamable.Close()
	sse := httptest.NewServer(mcp.NewSSEHandler(of, nil))
	defer sse.Close()
	f := func(want string, code int, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		got := run(append([]string{"mcp"}, args...), streams{nil, &out, &errs})
		if all := out.String() + errs.String(); got != code || !strings.Contains(all, want) || strings.Contains(all, "\x1b") {
			t.Errorf("sekisho mcp %s: exit %d, want %d, and %q in:\n%s", strings.Join(args, " "), got, code, want, all)
		}
	}
	for _, u := range []string{streamable.URL, sse.URL} {
		transport := "--transport=streamable"
		if u == sse.URL {
			transport = "--transport=sse"
		}
		f("get-order  id         Get an order. [2J", exitOK, "tools", u, transport)
		f("a lantern\n", exitOK, "call", u, "get-order", "id=42", transport)
		f(`"mimeType":"image/png"`, exitOK, "call", u, "get-order", `{"id": 42}`, transport)
		f("no such order", exitFindings, "call", u, "get-order", "id=7", transport)
		f("nothing", exitFindings, "call", u, "nothing", transport)
	}
	f("a lantern\n", exitOK, "call", streamable.URL, "get-order", "id=42", "--revision=2025-06-18")
	f("NAME=VALUE", exitUsage, "call", streamable.URL, "get-order", "42")
	f("not a JSON object", exitUsage, "call", streamable.URL, "get-order", "{42}")
	f("not the URL", exitUsage, "tools", "orders")
	f("connection refused", exitEnvironment, "tools", "http://127.0.0.1:1/mcp")
}
