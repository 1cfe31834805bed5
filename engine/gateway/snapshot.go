package gateway

import (
	"sekisho/engine/config"
	"sekisho/engine/config/access"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// Snapshot is everything that one load has produced: immutable, swapped as a whole.
type Snapshot struct {
	model  *config.Model
	keys   *access.Index
	global *pipeline.Compiled
	routes []operation                     // by the numbers of the operations
	apis   map[*config.API]*pipeline.Route // for requests that match an API and no operation
	// mcp are the MCP servers, resources the metadata of those that are guarded, by path.
	mcp       map[*config.API]*mcpServer
	resources map[string]mcpResource
	product   map[*config.Product]*product
	subs      map[*config.Subscription]*subscription
	folders   []string // to watch
	scripts   bool     // there is JavaScript to run

	backends *Backends
}

// operation is an operation as requests need it.
type operation struct {
	route   pipeline.Route
	metrics *routeMetrics
}

type product struct {
	apim   *apim.Product
	policy *pipeline.Compiled
}

// subscription holds the two faces of a subscription: context.Subscription.Key is the
// key that was used.
type subscription struct {
	primary, secondary *apim.Subscription
	user               *apim.User
}

// Model is what gateway.yaml says.
func (s *Snapshot) Model() *config.Model { return s.model }

// defaultGlobal is the document of the global scope if the folder has none.
var defaultGlobal = source.NewText("the default global policy", `<policies><backend><forward-request /></backend></policies>`)
