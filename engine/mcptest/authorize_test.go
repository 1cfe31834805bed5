package mcptest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/engine/enginetest"
)

// guarded is a gateway with an authorization server in front of the Go SDK's server.
type guarded struct {
	*enginetest.Harness
	url       string // of the gateway, and the issuer
	server    string // the MCP server: Streamable HTTP
	provider  idp
	documents *documents
}

// startGuarded starts one in front of an MCP server, with an identity provider that is
// Entra ID's stand-in if tenant is not "".
func startGuarded(t *testing.T, tenant, upstream string) *guarded {
	t.Helper()
	address := freeAddress(t)
	g := &guarded{url: "http://" + address, documents: startDocuments(t)}
	g.server = g.url + "/tools/mcp"
	g.provider = startIDP(t, g.url, tenant)
	g.Harness = startGateway(t, address, map[string]string{"gateway.yaml": fmt.Sprintf(`
gateway: { publicUrl: %q }
authorizationServer:
  identityProvider: %s
  scopes: { tools.read: "See and call the tools", tools.admin: "Administer the tools" }
  defaultScopes: [tools.read]
  claims: [roles]
  registration: { allowedHosts: [%q], trust: [%q] }
apis:
  tools:
    type: mcp
    path: tools
    serviceUrl: %q
    mcp: { requiredScopes: [tools.read] }
    tools: { test_image_content: { requiredScopes: [tools.admin] } }
`, g.url, g.provider.yaml(), g.documents.host, g.documents.pem, upstream)})
	return g
}

// metadata is the document of RFC 8414.
func (g *guarded) metadata(t *testing.T) map[string]any {
	t.Helper()
	resp, err := http.Get(g.url + "/.well-known/oauth-authorization-server")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var m map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

// register registers a public client with a redirect URI.
func (g *guarded) register(t *testing.T, redirect string) (clientID string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"client_name": "A test", "redirect_uris": []string{redirect}, "token_endpoint_auth_method": "none"})
	if err != nil {
		t.Fatal(err)
	}
	endpoint, _ := g.metadata(t)["registration_endpoint"].(string)
	resp, err := http.Post(endpoint, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var client struct {
		ID string `json:"client_id"`
	}
	if err := json.Unmarshal(answer, &client); err != nil || resp.StatusCode != http.StatusCreated || client.ID == "" {
		t.Fatalf("registration: %s %s", resp.Status, answer)
	}
	return client.ID
}

// TestClients: clients that other people made discover the authorization server,
// register or show their document, log in, and call a tool.
func TestClients(t *testing.T) {
	want := "This is a simple text response for testing."
	for _, p := range []struct{ name, tenant, stateless string }{
		{"oidc-provider", "", "false"},
		{"Entra", "11111111-2222-3333-4444-555555555555", "true"},
	} {
		t.Run(p.name, func(t *testing.T) {
			g := startGuarded(t, p.tenant, startEverything(t, p.stateless))
			for _, c := range clients {
				for _, document := range []bool{false, true} {
					name, env, id := c.name+", registered", []string(nil), ""
					if document {
						name, id = c.name+", by its document", g.documents.fresh()
						env = []string{"CLIENT_METADATA_URL=" + id}
					}
					t.Run(name, func(t *testing.T) {
						s := c.use(t, g.server, "alice", []call{{Name: "test_simple_text"}}, env...)
						if len(s.Results) != 1 || len(s.Results[0].Content) != 1 || s.Results[0].Content[0].Text != want {
							t.Errorf("the tool's result is %+v", s.Results)
						}
						if s.Version != c.version {
							t.Errorf("it speaks %q, want %q", s.Version, c.version)
						}
						if c.version != "" && s.Authorizations != 1 {
							t.Errorf("it has asked %d times", s.Authorizations)
						}
						if document && !g.documents.asked(id) {
							t.Error("its document was not asked for")
						}
					})
				}
			}
			g.inspector(t, want)
			n := g.provider.counts(t)
			if n.Authorizations == 0 || n.Tokens == 0 || n.Resources+n.BareScopes+len(n.Errors) > 0 {
				t.Errorf("the identity provider counted %+v", n)
			}
		})
	}
}

// TestRefresh: a client whose access token is refused gets another by its refresh token,
// without a browser, and goes on with its session.
func TestRefresh(t *testing.T) {
	g := startGuarded(t, "", startEverything(t, "false"))
	for _, c := range clients[:4] {
		t.Run(c.name, func(t *testing.T) {
			s := c.use(t, g.server, "alice", []call{{Name: "test_simple_text"}, {Name: "test_simple_text"}}, "EXPIRE=true")
			if !s.RefreshToken {
				t.Error("it has no refresh token")
			}
			for i, r := range s.Results {
				if r.Thrown != "" || len(r.Content) != 1 {
					t.Errorf("call %d: %+v", i, r)
				}
			}
			if s.Authorizations != 1 {
				t.Errorf("it has asked %d times", s.Authorizations)
			}
		})
	}
}

// TestStepUp: a tool that needs a scope which the client does not have is not listed, and
// a call of it makes the client ask for that scope. (The first generation of the TypeScript
// SDK cannot: it asks for nothing as long as it has a refresh token.)
func TestStepUp(t *testing.T) {
	g := startGuarded(t, "", startEverything(t, "true"))
	for _, c := range clients[1:5] {
		t.Run(c.name, func(t *testing.T) {
			s := c.use(t, g.server, "alice", []call{{Name: "test_simple_text"}, {Name: "test_image_content"}})
			if slices.Contains(s.names(), "test_image_content") {
				t.Error("the tool is listed without its scope")
			}
			if r := s.Results[1]; r.Thrown != "" || len(r.Content) != 1 || r.Content[0].Type != "image" {
				t.Errorf("with the scope: %+v", r)
			}
			if s.Authorizations != 2 {
				t.Errorf("it has asked %d times", s.Authorizations)
			}
		})
	}
}

// TestClientsOfOneEra: servers that speak one era only, to clients of both. What
// authorizes the clients stays with the gateway.
func TestClientsOfOneEra(t *testing.T) {
	for _, server := range []struct{ name, program, transport string }{
		{"HTTP+SSE", "server-v1.mjs", "sse"},
		{"sessions", "server-v1.mjs", "http"},
		{"stateless", "server-v2.mjs", ""},
	} {
		t.Run(server.name, func(t *testing.T) {
			upstream, _ := startNode(t, server.program, "TRANSPORT="+server.transport)
			g := startGuarded(t, "", upstream)
			for _, c := range clients {
				t.Run(c.name, func(t *testing.T) { g.echo(t, c, "mcp", "http") })
				if c.sse {
					t.Run(c.name+" by HTTP+SSE", func(t *testing.T) { g.echo(t, c, "sse", "sse") })
				}
			}
		})
	}
}

// echo has a client call the tools of servers of testdata.
func (g *guarded) echo(t *testing.T, c client, endpoint, transport string) {
	t.Helper()
	calls := []call{{Name: "echo", Arguments: map[string]any{"message": "hello"}}, {Name: "headers"}}
	s := c.use(t, g.url+"/tools/"+endpoint, "alice", calls, "TRANSPORT="+transport)
	if len(s.Results) != 2 || len(s.Results[0].Content) != 1 || s.Results[0].Content[0].Text != "Echo: hello" || len(s.Results[1].Content) != 1 {
		t.Fatalf("the results are %+v", s.Results)
	}
	if names := strings.Fields(s.Results[1].Content[0].Text); len(names) == 0 || slices.Contains(names, "authorization") || slices.Contains(names, "cookie") {
		t.Errorf("the server got %s", names)
	}
}

// inspector is the Inspector's command line, which has a form of its own.
func (g *guarded) inspector(t *testing.T, want string) {
	for _, document := range []bool{false, true} {
		name, extra, id := "Inspector, registered", []string(nil), ""
		if document {
			name, id = "Inspector, by its document", g.documents.fresh()
			extra = []string{"--client-metadata-url", id}
		}
		t.Run(name, func(t *testing.T) {
			args := append([]string{"node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js", "--cli",
				"--server-url", g.server, "--transport", "http", "--format", "json", "--quiet",
				"--callback-url", "http://" + freeAddress(t) + "/oauth/callback",
				"--method", "tools/call", "--tool-name", "test_simple_text"}, extra...)
			env := append(nodeEnv(t, browserEnv(t, "alice")...), "MCP_AUTO_OPEN_ENABLED=true", "MCP_INSPECTOR_SECRET_STORE=memory", "HOME="+t.TempDir())
			out, errs, err := run(t, time.Minute, env, nodeDir(t), node(t), args...)
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("%v\n%s\n%s", err, tail(out, 20), tail(errs, 20))
			}
			if document && !g.documents.asked(id) {
				t.Error("its document was not asked for")
			}
		})
	}
}

// TestConformanceOfAuthorization is the official tool's opinion of the authorization
// server.
func TestConformanceOfAuthorization(t *testing.T) {
	g := startGuarded(t, "", startEverything(t, "false"))
	callback := freeAddress(t)
	_, port, _ := strings.Cut(callback, ":")
	id := g.register(t, "http://"+callback+"/callback")
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), node(t), filepath.Join(nodeDir(t), "node_modules/@modelcontextprotocol/conformance/dist/index.js"),
		"authorization", "--url", g.url, "--client-id", id, "--port", port, "--resource", g.server, "--output-dir", dir)
	cmd.Dir, cmd.Env, cmd.WaitDelay = nodeDir(t), nodeEnv(t), 5*time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	address := regexp.MustCompile(regexp.QuoteMeta(g.url) + `\S*code_challenge=\S+`)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if link := address.FindString(lines.Text()); link != "" {
			if _, err := newBrowser("alice").open(link); err != nil {
				t.Errorf("the browser: %v", err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the tool: %v\n%s", err, said.String())
	}
	v := results(t, dir)
	if len(v) < 2 {
		t.Errorf("%d scenarios have run\n%s", len(v), said.String())
	}
	for scenario, checks := range v {
		for id, c := range checks {
			t.Logf("%s: %s: %+v", scenario, id, c)
			if c.failed+c.warned > 0 {
				t.Errorf("%s: %s: %+v", scenario, id, c)
			}
		}
	}
}
