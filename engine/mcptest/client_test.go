package mcptest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// call is a call of a tool, as CALLS gives it to clients.
type call struct {
	Name      string         `json:"name"`
	Arguments map[string]any `json:"arguments,omitempty"`
}

// seen is what a client of testdata prints.
type seen struct {
	Version string
	Tools   []struct {
		Name, Title, Description string
		InputSchema              map[string]any
		Annotations              map[string]any
	}
	Results []struct {
		Content           []struct{ Type, Text string }
		StructuredContent any
		IsError           bool
		Thrown            string
		Code              any
	}
	Authorizations int
	RefreshToken   bool
}

// names are the names of the tools.
func (s *seen) names() []string {
	var list []string
	for _, t := range s.Tools {
		list = append(list, t.Name)
	}
	return list
}

// client is somebody else's implementation of a client.
type client struct {
	name string
	// command is what to run for a URL; what it prints is a seen.
	command func(t *testing.T, url string) (program string, args []string)
	env     []string
	version string // what it speaks through the gateway, whatever the server does
	sse     bool   // it has HTTP+SSE, too
}

func script(name string) func(*testing.T, string) (string, []string) {
	return func(t *testing.T, url string) (string, []string) { return node(t), []string{name, url} }
}

var clients = []client{
	{name: "TypeScript SDK 1", command: script("client-v1.mjs"), version: "2025-11-25", sse: true},
	{name: "TypeScript SDK 2", command: script("client-v2.mjs"), version: "2025-11-25"},
	{name: "TypeScript SDK 2, any era", command: script("client-v2.mjs"), env: []string{"ERA=auto"}, version: "2026-07-28"},
	{name: "TypeScript SDK 2, the new era only", command: script("client-v2.mjs"), env: []string{"ERA=2026-07-28"}, version: "2026-07-28"},
	{name: "Go SDK", version: "2026-07-28", command: func(t *testing.T, url string) (string, []string) {
		return goProgram(t, &goClient, "client", "."), []string{url}
	}},
	{name: "mcp-remote", command: script("client-remote.mjs"), sse: true},
	{name: "mcp-remote, any era", command: script("client-remote.mjs"), env: []string{"ERA=auto"}},
}

// use runs a client against a server, with the user who is at the browser.
func (c client) use(t *testing.T, url, user string, calls []call, more ...string) *seen {
	t.Helper()
	text, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	program, args := c.command(t, url)
	_, port, _ := strings.Cut(freeAddress(t), ":")
	env := append(nodeEnv(t, browserEnv(t, user)...), "CALLS="+string(text), "CALLBACK_PORT="+port, "MCP_REMOTE_CONFIG_DIR="+t.TempDir())
	out, errs, err := run(t, time.Minute, append(append(env, c.env...), more...), nodeDir(t), program, args...)
	var s seen
	if err == nil {
		err = json.Unmarshal([]byte(tail(out, 1)), &s)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", c.name, err, tail(out, 20), tail(errs, 40))
	}
	return &s
}

// initialize begins a session with a token, without any client.
func initialize(server, token string) error {
	body := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	req, err := http.NewRequest("POST", server, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", resp.Status)
	}
	return nil
}
