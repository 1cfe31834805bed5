package mcp

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// cells are the pairs of a client and a server that a Bridge is between.
var cells = []struct{ client, server string }{
	{statelessClient, sessionServer},
	{statelessClient, sseServer},
	{sessionClient, statelessServer},
	{sessionClient, sseServer},
	{sseClient, statelessServer},
	{sseClient, sessionServer},
	{sseClient, sseServer},
}

func eachCell(t *testing.T, f func(t *testing.T, client string, b *backend)) {
	for _, c := range cells {
		t.Run(c.client+" before "+c.server, func(t *testing.T) {
			t.Parallel()
			f(t, c.client, newBackend(t, c.server))
		})
	}
}

func TestProbe(t *testing.T) {
	for kind, want := range map[string]Server{statelessServer: {Stateless: true}, sessionServer: {Sessions: true}, sseServer: {SSE: true}} {
		b := newBackend(t, kind)
		if got, err := Probe(t.Context(), direct{b.base}, b.base); err != nil || got != want {
			t.Errorf("%s: %+v %v", kind, got, err)
		}
	}
}

func TestBridgeCalls(t *testing.T) {
	eachCell(t, func(t *testing.T, client string, b *backend) {
		_, url := gateway(t, b)
		cs, seen := connect(t, client, url, "ann")
		list, err := cs.ListTools(t.Context(), nil)
		if err != nil || strings.Join(toolNames(list), " ") != "ask echo progress region wait" {
			t.Fatalf("tools: %v %v", list, err)
		}
		for range 3 {
			r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "hi"}})
			if err != nil || textOf(r) != "hi" {
				t.Fatalf("echo: %+v %v", r, err)
			}
		}
		params := &sdk.CallToolParams{Name: "progress"}
		params.SetProgressToken("my-token")
		if r, err := cs.CallTool(t.Context(), params); err != nil || textOf(r) != "done" {
			t.Fatalf("progress: %+v %v", r, err)
		}
		for i := range 3 {
			if p := within(t, "progress", seen.progress); p != float64(i) {
				t.Errorf("progress %v at %d", p, i)
			}
		}
		res, err := cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "file:///r"})
		if err != nil || res.Contents[0].Text != "content" {
			t.Errorf("resource: %+v %v", res, err)
		}
		var je *jsonrpc.Error
		if _, err := cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "file:///none"}); !errors.As(err, &je) {
			t.Errorf("no resource: %v", err)
		} else if client == statelessClient && je.Code != CodeInvalidParams {
			t.Errorf("no resource: code %d", je.Code)
		}
	})
}

func TestBridgeElicitation(t *testing.T) {
	eachCell(t, func(t *testing.T, client string, b *backend) {
		_, url := gateway(t, b)
		cs, _ := connect(t, client, url, "ann")
		r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "ask", Arguments: map[string]any{"text": "!"}})
		if err != nil || textOf(r) != "accept Ann!" {
			t.Fatalf("%+v %v", r, err)
		}
	})
}

func TestBridgeCancels(t *testing.T) {
	eachCell(t, func(t *testing.T, client string, b *backend) {
		_, url := gateway(t, b)
		cs, _ := connect(t, client, url, "ann")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := cs.CallTool(ctx, &sdk.CallToolParams{Name: "wait"})
			done <- err
		}()
		within(t, "the call", b.began)
		cancel()
		if err := within(t, "the end", done); err == nil {
			t.Error("a cancelled call has an answer")
		}
		within(t, "the cancellation at the server", b.cancelled)
	})
}

func TestBridgeServerDies(t *testing.T) {
	eachCell(t, func(t *testing.T, client string, b *backend) {
		_, url := gateway(t, b)
		t.Cleanup(b.end)
		cs, _ := connect(t, client, url, "ann")
		done := make(chan error, 1)
		go func() {
			_, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "wait"})
			done <- err
		}()
		within(t, "the call", b.began)
		b.http.CloseClientConnections()
		err := within(t, "the end", done)
		if err == nil || !strings.Contains(err.Error(), "the MCP server") {
			t.Errorf("%v", err)
		}
	})
}

func TestBridgeTellsOfChanges(t *testing.T) {
	eachCell(t, func(t *testing.T, client string, b *backend) {
		_, url := gateway(t, b)
		_, seen := connect(t, client, url, "ann")
		stop := make(chan struct{})
		defer close(stop)
		go func() { // the stream may be open a little later than the connection
			for i := 0; ; i++ {
				b.server.AddTool(&sdk.Tool{Name: "more" + strings.Repeat("x", i), InputSchema: map[string]any{"type": "object"}}, nil)
				select {
				case <-stop:
					return
				case <-t.Context().Done():
					return
				case <-afterShort():
				}
			}
		}()
		within(t, "the notification", seen.lists)
	})
}
