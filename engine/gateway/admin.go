package gateway

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// admin serves /healthz, /readyz, /metrics, /debug/pprof/profile, /tokens and /management, on
// a listener of its own.
type admin struct {
	server   *http.Server
	listener net.Listener
}

func newAdmin(l net.Listener, m *metrics, ready func() bool, systems Systems) *admin {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, true) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answer(w, ready()) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	// Which functions took how much processor time, and nothing of what they worked on.
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	if systems != nil {
		mux.HandleFunc("GET /tokens", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(systems.Tokens()) // fails if the client has left
		})
		mux.HandleFunc(ManagementPrefix, func(w http.ResponseWriter, r *http.Request) {
			if h := systems.Management(); h != nil {
				h.ServeHTTP(w, r)
				return
			}
			http.NotFound(w, r)
		})
	}
	return &admin{listener: l, server: &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}}
}

func answer(w http.ResponseWriter, ok bool) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("not ready\n"))
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
