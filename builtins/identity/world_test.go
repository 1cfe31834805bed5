package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is in every secret and token of these tests; no output may hold it.
const canary = "canary7f3a"

// world is Options with a clock that only sleeps move, and what came of it.
type world struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
	env   map[string]string
	log   bytes.Buffer
	// said are errors and Status.
	said strings.Builder
	ids  *Identities
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

// newWorld has identities; in the end nothing that they said may hold the canary.
func newWorld(t testing.TB, env map[string]string) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), env: env}
	ids, err := New(Options{
		Now: w.Now,
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.slept = append(w.slept, d)
			w.now = w.now.Add(d)
			return ctx.Err()
		},
		Rand: rand.Reader,
		Env:  func(name string) (string, bool) { v, ok := w.env[name]; return v, ok },
		Log:  slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.ids = ids
	t.Cleanup(func() {
		status := fmt.Sprintf("%+v", ids.Status())
		data, err := json.Marshal(ids.Status())
		if err != nil {
			t.Error(err)
		}
		ids.Close()
		for name, text := range map[string]string{
			"the log": w.log.String(), "an error": w.said.String(), "Status": status + string(data),
		} {
			if strings.Contains(text, canary) {
				t.Errorf("a secret is in %s: %s", name, text)
			}
		}
	})
	return w
}

// configure wants no error.
func (w *world) configure(t testing.TB, list ...Identity) {
	t.Helper()
	if err := w.ids.Configure(Config{list}); err != nil {
		t.Fatal(err)
	}
}

// token asks for one; the error is kept for the canary.
func (w *world) token(clientID, resource string) (string, error) {
	tok, err := w.ids.Token(context.Background(), clientID, resource)
	if err != nil {
		w.said.WriteString(err.Error() + "\n")
		fmt.Fprintf(&w.said, "%+v %#v\n", err, err)
	}
	return tok, err
}

// want wants a token.
func (w *world) want(t testing.TB, clientID, resource, token string) {
	t.Helper()
	got, err := w.token(clientID, resource)
	if err != nil || got != token {
		t.Errorf("got %q, %v; want %q", got, err, token)
	}
}

// wantError wants an error with that text.
func (w *world) wantError(t testing.TB, clientID, resource, text string) {
	t.Helper()
	if got, err := w.token(clientID, resource); err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got %q, %v; want an error with %q", got, err, text)
	}
}

// endpointOf is a server that answers by a list, the last again and again, and keeps
// what it was asked.
type endpointOf struct {
	*httptest.Server
	mu      sync.Mutex
	asked   []*http.Request
	forms   []url.Values
	answers []func(w http.ResponseWriter, r *http.Request)
}

func serve(t testing.TB, answers ...func(w http.ResponseWriter, r *http.Request)) *endpointOf {
	e := &endpointOf{answers: answers}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func (e *endpointOf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	e.mu.Lock()
	e.asked = append(e.asked, r)
	e.forms = append(e.forms, form)
	answer := e.answers[min(len(e.asked), len(e.answers))-1]
	e.mu.Unlock()
	answer(w, r)
}

func (e *endpointOf) calls() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}

func (e *endpointOf) call(n int) *http.Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked[n]
}

func (e *endpointOf) form(n int) url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.forms[n]
}

// says answers with a status and a body.
func says(status int, body string, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// tokenOf is a body as IMDS writes it: all strings.
func tokenOf(token string, expires time.Time) string {
	return fmt.Sprintf(`{"access_token":%q,"refresh_token":"","expires_in":"86399","expires_on":"%d","not_before":"1","resource":"r","token_type":"Bearer"}`,
		token, expires.Unix())
}

var inAnHour = time.Date(2026, 1, 2, 4, 4, 5, 0, time.UTC)

const tokenA = "eyJ." + canary + ".a"
