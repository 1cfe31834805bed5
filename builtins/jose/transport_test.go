package jose_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/jose"
	"sekisho/engine/gateway"
	"sekisho/engine/pipeline"

	"go.uber.org/goleak"
)

// TestIssuersThatMisbehave has real sockets: answers that never end, in time or in size,
// must not hold a request, nor what fetches for it.
func TestIssuersThatMisbehave(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	leave := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/silent", func(http.ResponseWriter, *http.Request) { <-leave })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"issuer":"`)
		w.(http.Flusher).Flush()
		<-leave
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
				return
			}
		}
	})
	issuer := httptest.NewServer(mux)
	options := gateway.DefaultTransportOptions()
	options.MaxIdle = 10 * time.Millisecond // what cleans the pool up ends soon
	transport := gateway.NewTransport(options)
	limits := jose.DefaultLimits()
	limits.Timeout = 100 * time.Millisecond
	log := new(strings.Builder)
	tokens, err := jose.New(jose.Options{Transport: transport, Now: time.Now, Log: slog.New(slog.NewTextHandler(log, nil)), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.Sign(map[string]any{"iss": "x"}, make([]byte, 32), "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/silent", "/slow", "/endless", "/none"} {
		if _, err := tokens.Verify(context.Background(), token, &pipeline.TokenKeys{OpenID: []string{issuer.URL + path + "?code=canary"}}); err == nil {
			t.Errorf("%s: accepted", path)
		}
	}
	tokens.Close()
	if n := strings.Count(log.String(), "could not be fetched"); n != 4 {
		t.Errorf("%d failures in the log:\n%s", n, log)
	}
	if strings.Contains(log.String(), "canary") {
		t.Error("the log has what may be a secret")
	}
	close(leave)
	transport.CloseIdle()
	issuer.Close()
}
