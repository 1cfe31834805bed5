package gateway

import (
	"slices"
	"strings"
	"sync"

	"sekisho/engine/config"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/mcp"
	"sekisho/engine/mcp/tools"
	"sekisho/engine/pipeline"
)

// mcpServer is an API of the type MCP as requests need it: part of a Snapshot.
type mcpServer struct {
	api  *config.API
	conf *config.MCPServer
	// tools are those that gateway.yaml lists. methods are the operations of everything
	// else: a fixed set, so that no name from the internet becomes a label of a metric.
	tools   map[string]*mcpTool
	methods map[string]*operation
	// scopes are what a challenge asks for that knows no more, offered what the metadata
	// offers.
	scopes, offered []string
	// filters: not everybody sees all tools.
	filters bool
	local   *tools.Server // answers for toolsOf; nil where there is a server behind the API

	once  sync.Once // the URL of the gateway is known when it listens
	names mcpNames
}

// mcpNames are the URLs of a server as clients know them.
type mcpNames struct {
	base      string   // of the gateway
	audiences []string // what tokens for it may be issued for
}

// mcpTool is a listed tool.
type mcpTool struct {
	*config.Tool
	op *operation
	// scopes are those that a call needs, with those of the API.
	scopes []string
}

// mcpMethods are the operations of an MCP server that are not tools, by the names they have
// in context.Operation.Id and in metrics.
var mcpMethods = []string{
	"initialize", "ping", "server/discover", "tools/list", "tools/call",
	"resources/list", "resources/templates/list", "resources/read", "resources/subscribe", "resources/unsubscribe",
	"prompts/list", "prompts/get", "completion/complete", "logging/setLevel", "subscriptions/listen",
	methodNotification, methodAnswer, methodStream, methodEnd, methodOther,
}

// What has no method of its own that is known.
const (
	methodNotification = "notifications"
	methodAnswer       = "answer"      // to a request of the server
	methodStream       = "stream"      // a GET
	methodEnd          = "end-session" // a DELETE
	methodOther        = "other"
)

// mcpServer compiles what gateway.yaml says of an MCP server. base is the Route of its API.
func (l *loader) mcpServer(a *config.API, base *pipeline.Route) *mcpServer {
	s := &mcpServer{
		api: a, conf: a.MCP, tools: map[string]*mcpTool{}, methods: map[string]*operation{},
		filters: a.MCP.HideOthers,
	}
	for _, id := range mcpMethods {
		r := *base
		r.Operation = &apim.Operation{ID: id, Name: id, Method: "POST", URLTemplate: "/mcp"}
		s.methods[id] = &operation{route: r}
	}
	s.scopes = union(a.MCP.RequiredScopes)
	if as := l.model.AuthorizationServer; len(s.scopes) == 0 && as != nil {
		s.scopes = union(as.DefaultScopes)
	}
	s.offered = s.scopes
	for _, t := range a.MCP.Tools {
		r := *base
		name := t.Title
		if name == "" {
			name = t.Name
		}
		r.Operation = &apim.Operation{ID: t.Name, Name: name, Method: "POST", URLTemplate: "/mcp"}
		r.OperationPolicy = l.compile(t.Policy, pipeline.Operation, a.Operations)
		s.tools[t.Name] = &mcpTool{Tool: t, op: &operation{route: r}, scopes: union(a.MCP.RequiredScopes, t.RequiredScopes)}
		s.offered = union(s.offered, t.RequiredScopes)
		s.filters = s.filters || t.Hidden || len(t.RequiredScopes) > 0 || len(t.RequiredClaims) > 0
	}
	s.local = l.localTools(a, s)
	return s
}

// union is all scopes of lists once, without offline_access: it is the client's to ask for.
func union(lists ...[]string) []string {
	var out []string
	for _, list := range lists {
		for _, s := range list {
			if s != "offline_access" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// measure gives the operations of the server their metrics.
func (s *mcpServer) measure(m *metrics) {
	for id, o := range s.methods {
		o.metrics = m.route(s.api.ID, id)
	}
	for name, t := range s.tools {
		t.op.metrics = m.route(s.api.ID, name)
	}
}

// operation is what a message is for, by its method.
func (s *mcpServer) operation(m *mcp.Message) *operation {
	id := m.Method
	switch {
	case m.IsAnswer():
		id = methodAnswer
	case m.IsNotification():
		id = methodNotification
	case m.Method == "tools/call":
		if t := s.tools[m.Name]; t != nil {
			return t.op
		}
	}
	if o := s.methods[id]; o != nil {
		return o
	}
	return s.methods[methodOther]
}

// shows tells whether a caller sees a tool in lists; nil is nobody in particular.
func (s *mcpServer) shows(name string, c *pipeline.Caller) bool {
	t := s.tools[name]
	if t == nil {
		return !s.conf.HideOthers
	}
	return !t.Hidden && t.allows(c)
}

// allows tells whether a caller holds what the tool needs.
func (t *mcpTool) allows(c *pipeline.Caller) bool {
	if c == nil {
		return len(t.RequiredScopes) == 0 && len(t.RequiredClaims) == 0
	}
	return c.Holds(t.RequiredScopes) && c.Claims(t.RequiredClaims)
}

// guarded tells whether callers need an access token.
func (s *mcpServer) guarded() bool { return s.conf.Authorization }

// at are the server's URLs at a gateway that is reached at base.
func (s *mcpServer) at(base string) *mcpNames {
	s.once.Do(func() {
		s.names.base = base
		for _, e := range []string{"/mcp", "/sse", "/messages", ""} {
			s.names.audiences = append(s.names.audiences, base+s.api.Prefix()+e)
		}
	})
	return &s.names
}

// publicURL is where clients reach the gateway, without a slash at its end.
func (g *Gateway) publicURL(s *Snapshot) string {
	if u := s.model.Gateway.PublicURL; u != "" {
		return strings.TrimRight(u, "/")
	}
	return g.reached
}
