package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/engine/config"
	"sekisho/engine/memory"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// Options are what a Gateway is made of.
type Options struct {
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
	// Report receives the result of every load after the first: its Diagnostics, and
	// whether the folder now serves. It may be nil.
	Report func(diags []source.Diagnostic, ok bool)
	// Log receives the access log and everything else worth a line.
	Log *slog.Logger

	// What follows is for tests: a clock, a dialer for backends, a way to listen.
	// Nil means the system's.
	Now    func() time.Time
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Listen func(network, address string) (net.Listener, error)
}

// Gateway serves a folder and follows its changes.
type Gateway struct {
	o        Options
	services *pipeline.Services
	metrics  *metrics
	registry *registry
	server   *Server
	admin    *admin
	current  atomic.Pointer[Snapshot]

	reload sync.Mutex // one load at a time
	ready  atomic.Bool
	stop   context.CancelFunc
	tasks  sync.WaitGroup
}

// Open loads the folder. Everything wrong with it goes to diags; the Gateway is nil if
// there were errors.
func Open(o Options, diags *source.List) *Gateway {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Listen == nil {
		o.Listen = net.Listen
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{o: o, metrics: newMetrics()}
	first := g.load(diags)
	if first == nil {
		return nil
	}
	limits := first.model.Limits
	g.services = &pipeline.Services{
		Now: o.Now, Rand: rand.Reader, Sleep: sleep, Log: o.Log,
		Metrics:  &g.metrics.custom,
		Cache:    memory.NewCache(limits.CacheBytes),
		Counters: memory.NewCounters(limits.CounterBytes),
	}
	g.registry = newRegistry(g.services, o.Dial)
	g.services.Transport = g.registry.transport
	g.install(first)
	return g
}

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
func (g *Gateway) install(s *Snapshot) {
	s.backends = g.registry.backends(s.model)
	g.current.Store(s)
	g.metrics.reloads.WithLabelValues("ok").Inc()
}

// Start listens and serves. It returns as soon as the listeners are open; serving ends
// with Shutdown.
func (g *Gateway) Start() error {
	s := g.current.Load()
	server, err := newServer(g, s.model)
	if err != nil {
		return err
	}
	g.server = server
	if a := s.model.AdminAddress; a != "" {
		l, err := g.o.Listen("tcp", a)
		if err != nil {
			_ = server.Close()
			return err
		}
		g.admin = newAdmin(l, g.metrics, g.ready.Load)
		g.task(func() {
			if err := g.admin.server.Serve(l); err != nil && !isClosed(err) {
				g.o.Log.Error("the admin listener has ended", slog.Any("error", err))
			}
		})
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.task(func() {
		if err := server.Serve(); err != nil {
			g.o.Log.Error("serving has ended", slog.Any("error", err))
		}
	})
	if g.o.Path != "" {
		g.task(func() { watch(ctx, g.folders, func() { g.Reload() }) })
	}
	g.ready.Store(true)
	return nil
}

func (g *Gateway) task(f func()) {
	g.tasks.Add(1)
	go func() { defer g.tasks.Done(); f() }()
}

func isClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || err.Error() == "http: Server closed"
}

// folders are those to watch.
func (g *Gateway) folders() []string { return g.current.Load().folders }

// Reload loads the folder anew. If it has no errors it serves from now on; requests in
// flight finish as they began. It reports whether it does.
func (g *Gateway) Reload() bool {
	g.reload.Lock()
	defer g.reload.Unlock()
	var diags source.List
	s := g.load(&diags)
	if s != nil {
		g.install(s)
	} else {
		g.metrics.reloads.WithLabelValues("faulty").Inc()
	}
	if g.o.Report != nil {
		g.o.Report(diags.Sorted(), s != nil)
	}
	return s != nil
}

// Addresses are where the gateway listens, in the order of gateway.yaml.
func (g *Gateway) Addresses() []string { return g.server.Addresses() }

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
	err := g.server.Shutdown(ctx)
	if g.admin != nil {
		err = errors.Join(err, g.admin.server.Shutdown(ctx))
	}
	g.registry.close()
	g.tasks.Wait()
	if c, ok := g.services.Cache.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}
