package gateway

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/engine/config"
	"sekisho/engine/csharp"
	"sekisho/engine/memory"
	"sekisho/engine/pipeline"
	"sekisho/engine/script"
	"sekisho/engine/source"

	"github.com/prometheus/client_golang/prometheus"
)

// Setup is what a Gateway is made of.
type Setup struct {
	// Path is the gateway's folder on disk; it is watched. Folder is used instead where
	// Path is "": one that is not on disk and never changes.
	Path   string
	Folder fs.FS
	// Env looks up environment variables for ${NAME} references.
	Env config.Env
	// Table are the policies that documents may use.
	Table *pipeline.Table
	// Preflight answers a CORS preflight by the cors policies of the documents, from
	// the narrowest scope on; false if none of them does.
	Preflight func(x *pipeline.Exchange, documents []*pipeline.Compiled) bool
	// CheckModel reports what is wrong with a Model in a way that only Systems can tell;
	// it may be nil.
	CheckModel func(m *config.Model, diags *source.List)
	// Systems makes what stands behind policies, and enters what Services hold of it;
	// nil for nothing.
	Systems func(s *pipeline.Services) Systems
	// Report receives the result of every load after the first: its Diagnostics, and
	// whether the folder now serves. It may be nil.
	Report func(diags []source.Diagnostic, ok bool)
	// Log makes what the access log and everything else worth a line is written to; nil
	// for nothing.
	Log func(config.Logging) slog.Handler

	// Listen, if not empty, are addresses to serve plain HTTP on, instead of the
	// listeners of gateway.yaml; Admin, if not "", is the address of the admin listener
	// or "off".
	Listen []string
	Admin  string

	// What follows is for tests: a clock, and a dialer for backends. Nil means the
	// system's.
	Now  func() time.Time
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Gateway serves a folder and follows its changes.
type Gateway struct {
	o        Setup
	since    func(time.Time) time.Duration
	services *pipeline.Services
	log      *slog.Logger
	secrets  redactor
	metrics  *metrics
	registry *Registry
	systems  Systems // nil without any
	server   *Server
	bound    []*config.Listener // that the server was started with
	admin    *admin
	mcp      mcpState
	// reached is where clients on this machine reach the gateway, loopback the listeners
	// that nobody else reaches.
	reached  string
	loopback map[string]bool
	current  atomic.Pointer[Snapshot]

	first  uint64     // the fingerprint of the folder at the first load
	reload sync.Mutex // one load at a time
	ready  atomic.Bool
	stop   context.CancelFunc
	tasks  sync.WaitGroup
}

// Open loads the folder. Everything wrong with it goes to diags; the Gateway is nil if
// there were errors.
func Open(o Setup, diags *source.List) *Gateway {
	since := time.Since // reads one clock where time.Now reads two
	if o.Now == nil {
		o.Now = time.Now
	} else {
		since = func(t time.Time) time.Duration { return o.Now().Sub(t) }
	}
	g := &Gateway{o: o, since: since, metrics: newMetrics(), log: slog.New(slog.DiscardHandler)}
	defer tidy(allocated())
	before := fingerprint([]string{folderOf(o.Path)})
	first := g.load(diags)
	if first == nil {
		return nil
	}
	if g.first = before; len(first.folders) != 1 || first.folders[0] != folderOf(o.Path) {
		g.first = fingerprint(first.folders)
	}
	if o.Log != nil {
		g.log = slog.New(redactingHandler{o.Log(first.model.Logging), &g.secrets})
	}
	limits, budget := first.model.Limits, first.model.Sandbox
	cache, err := memory.NewCache(limits.CacheBytes, o.Now)
	if err != nil {
		panic("gateway: internal error: the cache: " + err.Error()) // config bounds its size
	}
	g.services = &pipeline.Services{
		Now: o.Now, Rand: rand.Reader, Sleep: sleep, Log: g.log,
		Metrics:     &g.metrics.custom,
		Cache:       cache,
		Counters:    memory.NewCounters(int(limits.CounterBytes / bytesPerCounter)),
		Scripts:     script.NewPool(script.Limits{Time: budget.Time, Memory: budget.Memory}),
		Expressions: csharp.Limits{Time: budget.Time, Memory: budget.Memory},
	}
	g.registry = NewRegistry(NewTransport(transportOptions(o, limits)), o.Now)
	g.services.Transport = g.registry.Transport()
	if o.Systems != nil {
		g.systems = o.Systems(g.services)
		g.metrics.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sekisho_tokens_failing", Help: "Access tokens of identities and connections whose last refresh has failed.",
		}, func() float64 { return float64(g.systems.Failing()) }))
	}
	if !g.install(first, diags) {
		if g.systems != nil {
			_ = g.systems.Close(context.Background())
		}
		return nil
	}
	return g
}

// bytesPerCounter is about what a counter takes with its key.
const bytesPerCounter = 256

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// install makes a Snapshot the one that new requests get.
func (g *Gateway) install(s *Snapshot, diags *source.List) bool {
	if s.backends = g.backends(s.model, diags); s.backends == nil {
		return false
	}
	if g.systems != nil && !g.systems.Configure(s.model, diags) {
		return false
	}
	if s.scripts {
		g.services.Scripts.Warm()
	}
	g.registry.Transport().SetCertificates(certificates(s.model))
	g.secrets.use(s.model)
	g.current.Store(s)
	g.metrics.reloads.WithLabelValues("ok").Inc()
	return true
}

// Start listens and serves. It returns as soon as the listeners are open; serving ends
// with Shutdown.
func (g *Gateway) Start() error {
	m := g.current.Load().model
	g.bound = m.Listeners
	g.server = NewServer(Options{
		Listeners: g.listeners(m), Limits: limitsOf(m.Limits), Services: g.services,
		BodyLimit: m.Limits.BufferedBodyBytes, Handler: g.handle, Finished: g.finished, Log: g.log,
	})
	if err := g.server.Listen(); err != nil {
		return err
	}
	g.reached, g.loopback = g.url(), loopbackListeners(g.server.Addrs())
	address := m.AdminAddress
	if g.o.Admin != "" {
		address = g.o.Admin
	}
	if address != "" && address != "off" {
		l, err := net.Listen("tcp", address)
		if err != nil {
			g.server.closeListeners()
			return err
		}
		g.admin = newAdmin(l, g.metrics, g.ready.Load, g.systems)
		g.task(func() {
			if err := g.admin.server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
				g.log.Error("the admin listener has ended", "error", err)
			}
		})
	}
	if g.systems != nil {
		g.systems.Serving(g.url())
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.task(func() {
		if err := g.server.Serve(); err != nil {
			g.log.Error("serving has ended", "error", err)
		}
	})
	if g.o.Path != "" {
		g.task(func() { watch(ctx, g.folders, g.first, func() { g.Reload() }) })
	}
	g.ready.Store(true)
	return nil
}

// listeners are the places to listen at. TLS certificates are taken from the Snapshot
// of the moment, so that a reload renews them; addresses stay until the next start.
func (g *Gateway) listeners(m *config.Model) []Listener {
	var out []Listener
	for _, a := range g.o.Listen {
		out = append(out, Listener{Address: a})
	}
	if out != nil {
		return out
	}
	for i, l := range m.Listeners {
		ln := Listener{Address: l.Address}
		if l.TLS != nil {
			ln.TLS = &tls.Config{
				MinVersion: l.TLS.MinVersion, NextProtos: []string{"http/1.1"},
				GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return g.tlsOf(i), nil },
			}
		}
		out = append(out, ln)
	}
	return out
}

// tlsOf is the TLS configuration of listener i as gateway.yaml has it now; nil keeps
// the one that the listener was started with.
func (g *Gateway) tlsOf(i int) *tls.Config {
	ls := g.current.Load().model.Listeners
	if i >= len(ls) || ls[i].TLS == nil {
		return nil
	}
	t := ls[i].TLS
	return &tls.Config{
		MinVersion: t.MinVersion, NextProtos: []string{"http/1.1"},
		Certificates: []tls.Certificate{t.Certificate},
		ClientAuth:   t.ClientAuth, ClientCAs: t.ClientRoots,
	}
}

func limitsOf(l config.Limits) Limits {
	return Limits{
		HeaderBytes: l.HeaderBytes, URLBytes: l.URLBytes, BodyBytes: l.BodyBytes,
		HeaderTimeout: l.HeaderTimeout, BodyIdle: l.BodyTimeout, WriteIdle: l.BodyTimeout,
		KeepAlive: l.IdleTimeout, Total: l.TotalTimeout, Connections: l.Connections,
		ConnectionsPerIP: l.ConnectionsPerIP, WebSockets: l.WebSockets,
	}
}

func (g *Gateway) task(f func()) {
	g.tasks.Add(1)
	go func() { defer g.tasks.Done(); f() }()
}

// folderOf is the folder of a path that may name gateway.yaml itself.
func folderOf(path string) string {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		path = filepath.Dir(path)
	}
	return filepath.Clean(path)
}

// folders are those to watch.
func (g *Gateway) folders() []string { return g.current.Load().folders }

// Reload loads the folder anew. If it has no errors it serves from now on; requests in
// flight finish as they began. It reports whether it does.
func (g *Gateway) Reload() (ok bool) {
	g.reload.Lock()
	defer g.reload.Unlock()
	beside(func() { ok = g.loadAnew() })
	return ok
}

func (g *Gateway) loadAnew() bool {
	defer tidy(allocated())
	var diags source.List
	s := g.load(&diags)
	if s != nil {
		g.warnOfListeners(s.model, &diags)
	}
	ok := s != nil && g.install(s, &diags)
	if !ok {
		g.metrics.reloads.WithLabelValues("faulty").Inc()
	}
	if g.o.Report != nil {
		g.o.Report(diags.Sorted(), ok)
	}
	return ok
}

// warnOfListeners says what of a reloaded gateway.yaml waits for the next start.
func (g *Gateway) warnOfListeners(m *config.Model, diags *source.List) {
	old := g.bound
	if len(g.o.Listen) > 0 {
		return // the listeners of gateway.yaml are not used
	}
	for i, l := range m.Listeners {
		if i >= len(old) || old[i].Address != l.Address || (old[i].TLS == nil) != (l.TLS == nil) {
			diags.Warnf(l.At, "gateway-listener", "the listener %q is opened at the next start", l.Address)
		}
	}
}

// Addresses are where the gateway listens, in the order of gateway.yaml.
func (g *Gateway) Addresses() []string {
	var out []string
	for _, a := range g.server.Addrs() {
		out = append(out, a.String())
	}
	return out
}

// AdminAddress is where the admin listener is, "" without one.
func (g *Gateway) AdminAddress() string {
	if g.admin == nil {
		return ""
	}
	return g.admin.listener.Addr().String()
}

// Snapshot is what new requests get.
func (g *Gateway) Snapshot() *Snapshot { return g.current.Load() }

// Shutdown drains: it stops accepting, lets requests in flight finish until ctx ends,
// closes what is left, and returns when nothing of the Gateway runs any more.
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.ready.Store(false)
	if g.stop != nil {
		g.stop()
	}
	g.mcp.drain()
	err := g.server.Shutdown(ctx)
	g.mcp.close()
	if g.admin != nil {
		err = errors.Join(err, g.admin.server.Shutdown(ctx))
	}
	g.tasks.Wait()
	if g.systems != nil {
		err = errors.Join(err, g.systems.Close(ctx))
	}
	g.registry.Transport().CloseIdle()
	g.services.Scripts.Close()
	if c, ok := g.services.Cache.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}
