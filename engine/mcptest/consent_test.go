package mcptest

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// screen is what a user sees in Chromium.
type screen struct {
	URL, Title, Text string
	Status           int
	Buttons, Fields  []string
	Frames           []struct {
		URL   string
		Forms int
	}
	Complaints []string // of the browser, such as what a policy of the page forbids
	Error      string
}

// real is Chromium, with a context for each user.
type real struct {
	t    *testing.T
	in   io.WriteCloser
	out  *bufio.Scanner
	said *output
}

func startChromium(t *testing.T) *real {
	t.Helper()
	cmd := exec.Command(node(t), "chromium.mjs")
	cmd.Dir, cmd.Env = nodeDir(t), nodeEnv(t, "CHROMIUM="+chromium(t))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r := &real{t, in, bufio.NewScanner(out), &output{}}
	r.out.Buffer(nil, 1<<20)
	cmd.Stderr = r.said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the browser says:\n%s", tail(r.said.String(), 20))
		}
	})
	return r
}

// do carries out an operation of chromium.mjs for a user.
func (r *real) do(user, operation string, more map[string]any) screen {
	r.t.Helper()
	command := map[string]any{"user": user, "do": operation}
	for k, v := range more {
		command[k] = v
	}
	line, err := json.Marshal(command)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.in.Write(append(line, '\n')); err != nil {
		r.t.Fatal(err)
	}
	if !r.out.Scan() {
		r.t.Fatalf("the browser has ended: %v\n%s", r.out.Err(), tail(r.said.String(), 20))
	}
	var s screen
	if err := json.Unmarshal(r.out.Bytes(), &s); err != nil {
		r.t.Fatal(err)
	}
	if s.Error != "" {
		r.t.Fatalf("%s %s %v: %s", user, operation, more, s.Error)
	}
	return s
}

func (r *real) open(user, url string) screen {
	r.t.Helper()
	return r.do(user, "open", map[string]any{"url": url})
}

func (r *real) press(user, button string) screen {
	r.t.Helper()
	return r.do(user, "press", map[string]any{"button": button})
}

// logIn goes through the pages of the identity provider, from wherever the user is.
func (r *real) logIn(user string, s screen) screen {
	r.t.Helper()
	for range 4 {
		switch {
		case slices.Contains(s.Fields, "login"):
			r.do(user, "fill", map[string]any{"fields": map[string]string{"login": user, "password": "any"}})
			s = r.press(user, "Sign-in")
		case slices.Contains(s.Buttons, "Continue"):
			s = r.press(user, "Continue")
		default:
			return s
		}
	}
	r.t.Fatalf("the login does not end: %+v", s)
	return s
}

// request is an authorization request of a client whose codes come to a server of the
// test.
type request struct {
	t        *testing.T
	g        *guarded
	id       string
	redirect string
	verifier string
	answers  chan url.Values
}

// startRequest registers a client that waits for its codes.
func (g *guarded) startRequest(t *testing.T) *request {
	t.Helper()
	r := &request{t: t, g: g, answers: make(chan url.Values, 16), verifier: rand.Text() + rand.Text()}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/callback" {
			http.NotFound(w, q) // browsers ask for an icon
			return
		}
		r.answers <- q.URL.Query()
		fmt.Fprintln(w, "You can go back to the program.")
	}))
	t.Cleanup(s.Close)
	r.redirect = s.URL + "/callback"
	r.id = g.register(t, r.redirect)
	return r
}

// link is where the client sends a user.
func (r *request) link(state string) string {
	sum := sha256.Sum256([]byte(r.verifier))
	endpoint, _ := r.g.metadata(r.t)["authorization_endpoint"].(string)
	return endpoint + "?" + url.Values{
		"response_type": {"code"}, "client_id": {r.id}, "redirect_uri": {r.redirect}, "state": {state}, "resource": {r.g.server},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

// answer is what the browser has brought, nil if it has brought nothing.
func (r *request) answer() url.Values {
	select {
	case v := <-r.answers:
		return v
	case <-time.After(200 * time.Millisecond):
		return nil
	}
}

// redeem gets a token for a code and tells whether the server takes it.
func (r *request) redeem(code string) error {
	endpoint, _ := r.g.metadata(r.t)["token_endpoint"].(string)
	resp, err := http.PostForm(endpoint, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.redirect}, "client_id": {r.id},
		"code_verifier": {r.verifier}, "resource": {r.g.server},
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var tokens struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&tokens); err != nil || tokens.AccessToken == "" {
		return fmt.Errorf("no token: %s %s %v", resp.Status, tokens.Error, err)
	}
	return initialize(r.g.server, tokens.AccessToken)
}

const (
	approve = "Allow"
	deny    = "Deny"
)

// TestConsentInChromium: the consent page in a browser that people use.
func TestConsentInChromium(t *testing.T) {
	g := startGuarded(t, "", startEverything(t, "false"))
	b := startChromium(t)

	t.Run("approve", func(t *testing.T) {
		r := g.startRequest(t)
		s := b.open("alice", r.link("s1"))
		for _, part := range []string{"A test", "See and call the tools", r.redirect} {
			if !strings.Contains(s.Text, part) {
				t.Errorf("the page does not show %q:\n%s", part, s.Text)
			}
		}
		if n := g.provider.counts(t); n.Authorizations != 0 {
			t.Error("the identity provider is asked before the user has agreed")
		}
		s = b.press("alice", approve)
		if !strings.HasPrefix(s.URL, g.provider.issuer) {
			t.Fatalf("after the approval the browser is at %s: %s %q", s.URL, s.Text, s.Complaints)
		}
		b.logIn("alice", s)
		answer := r.answer()
		if answer.Get("code") == "" || answer.Get("state") != "s1" || answer.Get("iss") != g.url {
			t.Fatalf("the client got %v", answer)
		}
		if err := r.redeem(answer.Get("code")); err != nil {
			t.Error(err)
		}
		if err := r.redeem(answer.Get("code")); err == nil {
			t.Error("a code is good twice")
		}
		// What she has agreed to, she is not asked again: the next page is the provider's.
		if s = b.open("alice", r.link("s2")); strings.HasPrefix(s.URL, g.url) {
			t.Errorf("the second time she sees %s", s.Text)
		}
		s = b.logIn("alice", s)
		if answer := r.answer(); answer.Get("code") == "" || answer.Get("state") != "s2" {
			t.Errorf("the second time the client got %v, and she sees %s", answer, s.Text)
		}
		// Bob is: agreeing is a matter of one user.
		s = b.open("bob", r.link("s3"))
		if !slices.Contains(s.Buttons, deny) {
			t.Errorf("another user sees %s %s", s.URL, s.Text)
		}
	})

	t.Run("deny", func(t *testing.T) {
		r := g.startRequest(t)
		before := g.provider.counts(t)
		b.open("dora", r.link("s"))
		b.press("dora", deny)
		answer := r.answer()
		if answer.Get("error") != "access_denied" || answer.Get("state") != "s" || answer.Get("iss") != g.url || answer.Has("code") {
			t.Errorf("the client got %v", answer)
		}
		if n := g.provider.counts(t); n.Authorizations != before.Authorizations {
			t.Error("the identity provider was asked all the same")
		}
		if s := b.open("dora", r.link("s")); !slices.Contains(s.Buttons, approve) {
			t.Errorf("asked again she sees %s", s.Text)
		}
	})

	t.Run("double click", func(t *testing.T) {
		r := g.startRequest(t)
		b.open("carol", r.link("s"))
		s := b.do("carol", "press", map[string]any{"button": approve, "times": 2})
		b.logIn("carol", s)
		if answer := r.answer(); answer.Get("code") == "" || answer.Get("state") != "s" {
			t.Errorf("the client got %v", answer)
		}
		if again := r.answer(); again != nil {
			t.Errorf("and again %v", again)
		}
	})

	t.Run("submitted again", func(t *testing.T) {
		r := g.startRequest(t)
		b.open("erin", r.link("s"))
		s := b.press("erin", approve)
		if !strings.HasPrefix(s.URL, g.provider.issuer) {
			t.Fatalf("after the approval the browser is at %s: %s", s.URL, s.Text)
		}
		if s = b.do("erin", "back", nil); slices.Contains(s.Buttons, approve) {
			s = b.press("erin", approve)
		}
		b.logIn("erin", s)
		answer, again := r.answer(), r.answer()
		if again != nil {
			t.Errorf("a page submitted twice gives two answers: %v and %v", answer, again)
		}
		if answer != nil {
			if err := r.redeem(answer.Get("code")); err != nil {
				t.Error(err)
			}
		}
	})

	t.Run("framed", func(t *testing.T) {
		r := g.startRequest(t)
		trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `<!DOCTYPE html><title>A game</title><iframe src="%s" width="600" height="600"></iframe>`, strings.ReplaceAll(r.link("s"), "&", "&amp;"))
		}))
		defer trap.Close()
		s := b.open("frank", trap.URL)
		if s.Title != "A game" || len(s.Frames) != 1 {
			t.Fatalf("the trap is %+v", s)
		}
		if f := s.Frames[0]; f.Forms != 0 || strings.HasPrefix(f.URL, g.url) {
			t.Errorf("the page renders in a frame: %+v", f)
		}
		if !strings.Contains(strings.Join(s.Complaints, "\n"), "frame") {
			t.Errorf("the browser has not complained of it: %q", s.Complaints)
		}
	})

	t.Run("another user's link", func(t *testing.T) {
		r := g.startRequest(t)
		b.open("mallory", r.link("s"))
		s := b.press("mallory", approve)
		if !strings.HasPrefix(s.URL, g.provider.issuer) {
			t.Fatalf("after the approval the browser is at %s: %s", s.URL, s.Text)
		}
		// Mallory has agreed for his client, and sends the login to a victim.
		login := g.provider.counts(t).LastLogin
		s = b.logIn("victim", b.open("victim", login))
		if answer := r.answer(); answer != nil {
			t.Errorf("the client got %v of a login that another user finished", answer)
		}
		if !strings.HasPrefix(s.URL, g.url) || s.Status < 400 {
			t.Errorf("the victim is at %s: %d %s", s.URL, s.Status, s.Text)
		}
	})
}

// TestConsentOfAnotherBrowser: the form of a consent page, copied into another browser,
// is good for nothing there, whoever is logged in.
func TestConsentOfAnotherBrowser(t *testing.T) {
	g := startGuarded(t, "", startEverything(t, "false"))
	mine, theirs := g.startRequest(t), g.startRequest(t)
	victim := newBrowser("victim")
	if _, err := victim.open(theirs.link("s")); err != nil || theirs.answer() == nil {
		t.Fatalf("the victim cannot log in: %v", err)
	}
	mallory := newBrowser("mallory")
	p, err := mallory.get(mine.link("s"))
	if err != nil {
		t.Fatal(err)
	}
	f := p.form()
	if f == nil {
		t.Fatalf("there is no consent page: %d %s", p.status, p.text())
	}
	got, err := victim.submit(p, f)
	if err != nil {
		t.Fatal(err)
	}
	if answer := mine.answer(); answer != nil {
		t.Errorf("the client got %v", answer)
	}
	if got.status < 400 || got.url.Host != p.url.Host {
		t.Errorf("the other browser is at %s: %d %s", got.url, got.status, got.text())
	}
}
