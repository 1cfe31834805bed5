package gateway

import (
	"encoding/json"

	"sekisho/engine/config"
	"sekisho/engine/config/route"
	"sekisho/engine/pipeline"
)

// wellKnownResource is where RFC 9728 has the metadata of a resource; the path of the
// resource follows.
const wellKnownResource = "/.well-known/oauth-protected-resource"

// mcpResource is a document of protected-resource metadata: the server that it is about,
// and the path that its URL has for the clients that ask.
type mcpResource struct {
	server *mcpServer
	path   string
}

// mcpResources are the documents of all guarded servers, by their paths. Where there is one
// server, the root speaks of it: clients that know no paths look there.
func mcpResources(servers map[*config.API]*mcpServer) map[string]mcpResource {
	out := map[string]mcpResource{}
	var last *mcpServer
	guarded := 0
	for _, s := range servers {
		if !s.guarded() || !s.api.IsCurrent {
			continue
		}
		guarded++
		last = s
		prefix := s.api.Prefix()
		for _, e := range []string{"/mcp", "/sse", ""} {
			out[wellKnownResource+prefix+e] = mcpResource{s, prefix + e}
		}
	}
	if guarded == 1 {
		out[wellKnownResource] = mcpResource{last, last.api.Prefix() + "/mcp"}
	}
	return out
}

// metadata answers a request for the metadata of a guarded MCP server; false if it is for
// something else.
func (g *Gateway) metadata(s *Snapshot, x *pipeline.Exchange) bool {
	if len(s.resources) == 0 {
		return false
	}
	r, ok := s.resources[x.OriginalURL.Path]
	if !ok {
		return false
	}
	if n, ok := route.NormalizePath(x.OriginalURL.Path); !ok || n != x.OriginalURL.Path {
		return false
	}
	h := &x.Response.Header
	h.Set("Access-Control-Allow-Origin", "*")
	switch x.OriginalMethod {
	case "OPTIONS":
		x.Response.Status = 204
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", "*")
		h.Set("Access-Control-Max-Age", "600")
		return true
	case "GET", "HEAD":
	default:
		x.Response.Status = 405
		h.Set("Allow", "GET, HEAD, OPTIONS")
		return true
	}
	access := g.access()
	if access == nil {
		x.Fail(unavailable(nil))
		return true
	}
	doc := struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported,omitempty"`
		Bearer   []string `json:"bearer_methods_supported"`
		Name     string   `json:"resource_name,omitempty"`
	}{g.publicURL(s) + r.path, []string{access.Issuer()}, r.server.offered, []string{"header"}, r.server.api.Name}
	body, err := json.Marshal(doc)
	if err != nil {
		panic("gateway: internal error: " + err.Error()) // texts can always be written
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	x.Response.Body.SetBytes(body)
	return true
}
