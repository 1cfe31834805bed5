package pipeline

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"sekisho/engine/csharp"
	"sekisho/engine/script"
)

// Services are what Steps use of the world. They outlive Snapshots: a reload keeps
// counters, caches and connections. All are safe for use by many goroutines.
type Services struct {
	// Now is the clock; tests hold it.
	Now func() time.Time
	// Rand yields random bytes, for request ids and jitter.
	Rand io.Reader
	// Sleep waits, or returns early with ctx's error.
	Sleep     func(ctx context.Context, d time.Duration) error
	Transport Transport
	Cache     Cache
	Counters  Counters
	Metrics   Metrics
	Log       *slog.Logger
	// Tokens, Identities and Connections are set unless a folder is only checked.
	Tokens      Tokens
	Identities  Identities
	Connections Connections
	// Expressions is what one evaluation of C# may take; zero values are the defaults.
	// Its clock is Now.
	Expressions csharp.Limits
	// Scripts lends the virtual machines of JavaScript. nil stands for a Pool with the
	// default limits, made for the first script.
	Scripts *script.Pool

	scripts sync.Once
}

// scriptPool is Scripts, made if there is none.
func (s *Services) scriptPool() *script.Pool {
	s.scripts.Do(func() {
		if s.Scripts == nil {
			s.Scripts = script.NewPool(script.Limits{})
		}
	})
	return s.Scripts
}

// Trace writes a message of the trace policy or of context.Trace to the log: verbose
// at debug level, information at info, error at error, with the request's id.
func (s *Services) Trace(x *Exchange, source, severity, message string, metadata []Field) {
	level := slog.LevelDebug
	switch severity {
	case "information":
		level = slog.LevelInfo
	case "error":
		level = slog.LevelError
	}
	if !s.Log.Enabled(x.Context, level) {
		return
	}
	attrs := make([]slog.Attr, 0, len(metadata)+3)
	attrs = append(attrs, slog.String("source", source), slog.String("requestId", x.ID.String()))
	for _, m := range metadata {
		attrs = append(attrs, slog.String(m.Name, m.Value))
	}
	s.Log.LogAttrs(x.Context, level, message, attrs...)
}

// Transport sends requests that are not forwarded: send-request and fetch.
type Transport interface {
	// Send sends r and returns the response with its body as a stream. The context
	// bounds the whole call up to the response's headers. Errors are Faults with
	// reason Timeout, BackendConnectionFailure or ClientConnectionFailure.
	Send(ctx context.Context, r *Request, o SendOptions) (*Response, error)
}

// SendOptions say how to send one request.
type SendOptions struct {
	// FollowRedirects follows up to ten redirects.
	FollowRedirects bool
	// Proxy is an HTTP proxy to go through, "" for none.
	Proxy *ProxyOptions
	// Certificate is the id of a certificate of gateway.yaml to present, "" for none.
	Certificate string
	// BodyLimit bounds what of the response may be held in memory, in bytes.
	BodyLimit int64
	// Guard says which addresses must not be reached: the Transport asks it for every
	// address that it is about to connect to, after names are resolved and at each
	// redirect. nil guards nothing.
	Guard *Guard
}

// ProxyOptions name an HTTP proxy.
type ProxyOptions struct{ URL, Username, Password string }

// Forwarder sends an Exchange's Request to its backend and makes the answer the
// Exchange's Response. It chooses the member of a pool, asks the circuit breaker
// and applies the backend's credentials.
type Forwarder interface {
	Forward(x *Exchange, o ForwardOptions) error
	// HasBackend tells whether a backend of that id exists.
	HasBackend(id string) bool
	// BackendURL is the URL of a single backend, or of none for a pool.
	BackendURL(id string) (u URL, pool, ok bool)
}

// ForwardOptions are the attributes of forward-request.
type ForwardOptions struct {
	// Timeout bounds the wait for the response's headers; 0 means no answer is waited for.
	Timeout           time.Duration
	FollowRedirects   bool
	BufferRequestBody bool
	FailOnErrorStatus bool
	ContinueTimeout   time.Duration // 0: no Expect: 100-continue handling
}

// Cache holds values under string keys, bounded in bytes; it may drop what it is
// given at any time. Values must not be changed once stored.
type Cache interface {
	Get(key string) (any, bool)
	// Set stores a value for ttl; size is its approximate size in bytes.
	Set(key string, value any, size int64, ttl time.Duration)
	Delete(key string)
}

// Counters counts events in windows of time, and entries into guarded regions. They
// are never dropped while they matter.
type Counters interface {
	// Slide counts n more events for key in a sliding window, and refuses them if that
	// exceeds limit; events that are refused count too. It returns what remains and,
	// if refused, how long it takes until one would not be, if no more come. n = 0
	// asks for one without counting.
	Slide(key string, now time.Time, window time.Duration, limit, n int64) (remaining int64, retry time.Duration, ok bool)
	// Fixed counts n more in the fixed window of length period that contains now,
	// windows being aligned on start; period 0 is one window without end. It counts
	// even above limit, and tells what the count was before.
	Fixed(key string, now, start time.Time, period time.Duration, n int64) (before int64, reset time.Duration)
	// Enter takes one of limit places of key, and returns how to leave; ok is false
	// if all are taken.
	Enter(key string, limit int64) (leave func(), ok bool)
}

// Metrics receives emit-metric's values.
type Metrics interface {
	Emit(namespace, name string, value float64, dimensions []Field)
}
