package gateway_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

func folder(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, content := range files {
		m[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return m
}

// Every client in front of every server: lists, calls, progress, elicitation, cancellation.
func TestMCPEras(t *testing.T) {
	for _, server := range kinds {
		b := newMCPBackend(t, server)
		g := serveMCP(t, fmt.Sprintf(`
apis:
  tested: { type: mcp, path: tested, serviceUrl: %q, subscriptionRequired: false, tools: { hidden: { hidden: true } } }
`, b.url), nil)
		for _, client := range kinds {
			t.Run(client+" before "+server, func(t *testing.T) {
				g := g.in(t)
				cs, h := g.client(client, "/tested", nil)
				list, err := cs.ListTools(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				if got := toolNames(list); !slices.Contains(got, "echo") || slices.Contains(got, "hidden") {
					t.Errorf("the list is %v", got)
				}
				r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "hi"}})
				if err != nil || textOf(r) != "echo:hi" {
					t.Fatalf("echo: %v %v", r, err)
				}
				p := &sdk.CallToolParams{Name: "progress"}
				p.SetProgressToken("p1")
				if r, err = cs.CallTool(t.Context(), p); err != nil || textOf(r) != "done" {
					t.Fatalf("progress: %v %v", r, err)
				}
				for range 3 {
					within(t, "progress", h.progress)
				}
				if r, err = cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "ask"}); err != nil || textOf(r) != `accept "Ann"` {
					t.Errorf("ask: %v %v", r, err)
				}
				if _, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "hidden"}); err == nil {
					t.Error("the hidden tool answered")
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := make(chan error, 1)
				go func() {
					_, err := cs.CallTool(ctx, &sdk.CallToolParams{Name: "wait"})
					done <- err
				}()
				within(t, "the tool", b.began)
				cancel()
				within(t, "cancellation", b.cancelled)
				if err := within(t, "the end of the call", done); err == nil {
					t.Error("a cancelled call was answered")
				}
			})
		}
	}
}

// A session stays with the member of a pool that has it, across eras too.
func TestMCPSessionsInPools(t *testing.T) {
	one, two := newMCPBackend(t, sessions), newMCPBackend(t, sessions)
	g := serveMCP(t, fmt.Sprintf(`
backends:
  one: { url: %q }
  two: { url: %q }
  both: { pool: { services: [ { id: one }, { id: two } ] } }
apis:
  tested: { type: mcp, path: tested, backend: both, subscriptionRequired: false }
`, one.url, two.url), nil)
	for _, kind := range kinds {
		for range 3 {
			cs, _ := g.client(kind, "/tested", nil)
			for range 3 {
				if r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "echo"}); err != nil || textOf(r) != "echo:" {
					t.Fatalf("%s: %v %v", kind, r, err)
				}
			}
		}
	}
	if len(one.requests()) == 0 || len(two.requests()) == 0 {
		t.Error("a member of the pool was not asked")
	}
}
