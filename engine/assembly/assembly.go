// Package assembly puts the gateway together: the policies, what stands behind them
// (the verifier of tokens, the gateway's identities, the credential manager, development
// services), and what gateway.yaml says of these. It is the one place that knows both
// gateway.yaml and the systems in builtins, which know nothing of each other.
package assembly

import (
	"context"
	"net"

	"sekisho/builtins"
	"sekisho/engine/config"
	"sekisho/engine/gateway"
	"sekisho/engine/pipeline"
)

// Options are what systems use of the world beside pipeline.Services.
type Options struct {
	// Env looks up environment variables.
	Env config.Env
	// Notice receives what whoever runs the gateway should know, such as where a key
	// was made; each is a sentence without secrets. nil stands for the log.
	Notice func(message string)
	// Dial connects identities to their token endpoints; nil means the system's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Setup is a gateway.Setup with all policies and all that stands behind them; folder and
// listeners are the caller's.
func Setup(o Options) gateway.Setup {
	return gateway.Setup{
		Env: o.Env, Table: builtins.Table(), Preflight: builtins.Preflight,
		CheckModel: checkModel,
		Systems:    func(s *pipeline.Services) gateway.Systems { return newSystems(o, s) },
	}
}
