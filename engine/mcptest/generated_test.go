package mcptest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// fixture has operations for the tools that the conformance tool asks for by name.
const fixture = `
openapi: 3.1.0
info: { title: Fixture, version: "1" }
paths:
  /text: { get: { operationId: text, summary: Text, responses: { "200": { description: text, content: { text/plain: {} } } } } }
  /image: { get: { operationId: image, summary: An image, responses: {} } }
  /audio: { get: { operationId: audio, summary: Audio, responses: {} } }
  /bytes: { get: { operationId: bytes, summary: Bytes, responses: {} } }
  /error: { get: { operationId: error, summary: An error, responses: {} } }
`

// startFixture serves the fixture as an MCP server.
func startFixture(t *testing.T) string {
	t.Helper()
	answer := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /text", answer(200, "text/plain", "This is a simple text response for testing."))
	mux.HandleFunc("GET /image", answer(200, "image/png", "\x89PNG"))
	mux.HandleFunc("GET /audio", answer(200, "audio/wav", "RIFF"))
	mux.HandleFunc("GET /bytes", answer(200, "application/octet-stream", base64.StdEncoding.EncodeToString([]byte("bytes"))))
	mux.HandleFunc("GET /error", answer(500, "text/plain", "This tool intentionally returns an error for testing"))
	backend := httptest.NewServer(mux)
	t.Cleanup(backend.Close)
	address := freeAddress(t)
	startGateway(t, address, map[string]string{"fixture.yaml": fixture, "gateway.yaml": fmt.Sprintf(`
gateway: { publicUrl: "http://%s" }
apis:
  fixture: { path: fixture, serviceUrl: %q, openapi: fixture.yaml }
  server:
    type: mcp
    path: server
    toolsOf: fixture
    subscriptionRequired: false
    tools:
      test_simple_text: { operation: text }
      test_image_content: { operation: image }
      test_audio_content: { operation: audio }
      test_embedded_resource: { operation: bytes }
      test_error_handling: { operation: error }
      test_logging_tool: { operation: text }
      test_streaming_elicitation: { operation: text }
`, address, backend.URL)})
	return "http://" + address + "/server/mcp"
}

// generated are the scenarios that a server with nothing but tools passes, in both eras.
var generated = []string{"dns-rebinding-protection", "tools-call-audio", "tools-call-embedded-resource", "tools-call-error", "tools-call-image", "tools-call-simple-text", "tools-list"}

// TestGeneratedServer: the conformance tool finds a server right that is made of operations
// of a REST API. It has no prompts, no resources, and no tool that needs anything of a
// client: what asks for these is left out.
func TestGeneratedServer(t *testing.T) {
	for _, era := range eras {
		t.Run(era.requirements, func(t *testing.T) {
			v := conformance(t, "server", "--requirements", era.requirements, "--url", startFixture(t))
			wanted := append(slices.Clone(generated), "server-initialize", "ping")
			if era.requirements == "2026-07-28" {
				wanted = append(slices.Clone(generated), "http-header-validation", "input-required-result-unsupported-methods", "input-required-result-validate-input", "server-sse-multiple-streams")
				for scenario, except := range map[string][]string{
					"server-stateless": {"sep-2575-missing-capability-http-400", "sep-2575-server-rejects-undeclared-capability"},
					"caching":          {"sep-2549-prompts-list-caching-hints", "sep-2549-resources-list-caching-hints", "sep-2549-resources-templates-list-caching-hints"},
				} {
					if len(v[scenario]) == 0 {
						t.Errorf("%s has not run", scenario)
					}
					for _, check := range slices.Sorted(maps.Keys(v[scenario])) {
						if c := v[scenario][check]; c.failed > 0 && !slices.Contains(except, check) {
							t.Errorf("%s: %s failed", scenario, check)
						}
					}
				}
			}
			for _, scenario := range wanted {
				if !v.passes(scenario) {
					t.Errorf("%s: %+v", scenario, v[scenario])
				}
			}
		})
	}
}
