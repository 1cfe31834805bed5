package config

// fileLimits is the one table of bounds and their defaults.
type fileLimits struct {
	place
	HeaderBytes         size     `yaml:"headerBytes" default:"64KiB" doc:"The longest request line and headers together; longer is answered with 431."`
	URLBytes            size     `yaml:"urlBytes" default:"16KiB" doc:"The longest request URL; longer is answered with 414."`
	BodyBytes           size     `yaml:"bodyBytes" default:"1GiB" doc:"The longest request body; longer is answered with 413."`
	BufferedBodyBytes   size     `yaml:"bufferedBodyBytes" default:"16MiB" doc:"The longest body, of request or response, that a policy may read as a whole."`
	ResponseHeaderBytes size     `yaml:"responseHeaderBytes" default:"64KiB" doc:"The longest headers of a backend's response."`
	HeaderTimeout       duration `yaml:"headerTimeout" default:"10s" doc:"How long a client may take to send the headers of a request."`
	BodyTimeout         duration `yaml:"bodyTimeout" default:"60s" doc:"How long a client may be silent in the middle of a request body, and how long a client or a backend may take nothing of what is sent to it."`
	IdleTimeout         duration `yaml:"idleTimeout" default:"2m" doc:"How long a client's connection may stay without a request."`
	TotalTimeout        duration `yaml:"totalTimeout" default:"6m" doc:"The longest time from the end of a request to the headers of its response. Uploads, streams and WebSockets are not cut."`
	StreamIdleTimeout   duration `yaml:"streamIdleTimeout" default:"10m" doc:"How long a response, an event stream among them, or a WebSocket may be silent."`
	DrainTimeout        duration `yaml:"drainTimeout" default:"30s" doc:"How long a gateway that is told to stop waits for requests in flight."`
	Connections         number   `yaml:"connections" min:"1" max:"1000000" default:"10000" doc:"Client connections at a time."`
	ConnectionsPerIP    number   `yaml:"connectionsPerIp" min:"0" max:"1000000" default:"0" doc:"Client connections at a time from one address; 0 for no bound."`
	WebSockets          number   `yaml:"webSockets" min:"0" max:"1000000" default:"5000" doc:"WebSockets at a time."`
	BackendConnections  number   `yaml:"backendConnections" min:"1" max:"100000" default:"2048" doc:"Connections at a time to one backend host."`
	ConnectTimeout      duration `yaml:"backendConnectTimeout" default:"10s" doc:"How long it may take to connect to a backend, TLS included."`
	BackendIdleTimeout  duration `yaml:"backendIdleTimeout" default:"30s" doc:"How long a connection to a backend is kept for the next request."`
	CacheBytes          size     `yaml:"cacheBytes" default:"64MiB" doc:"The memory of the built-in cache."`
	CachedResponseBytes size     `yaml:"cachedResponseBytes" default:"2MiB" doc:"The longest response that is cached."`
	CounterBytes        size     `yaml:"counterBytes" default:"32MiB" doc:"The memory of rate limit and quota counters."`
}
