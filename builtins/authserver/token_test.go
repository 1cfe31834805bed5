package authserver

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/builtins/authserver/records"
)

func basic(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(password)) }
}

// 5.2.7, RFC 9700 2.1.1, 4.5, 4.8: what a code is bound to.
func TestCodeIsBound(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	alias := w.gateway.URL + "/weather/sse"
	for name, c := range map[string]struct {
		pairs  []string
		status int
		want   string
	}{
		"no verifier":               {[]string{"code_verifier", "-"}, 400, "invalid_grant"},
		"empty verifier":            {[]string{"code_verifier", ""}, 400, "invalid_grant"},
		"wrong verifier":            {[]string{"code_verifier", verifierOf("w")}, 400, "invalid_grant"},
		"short verifier":            {[]string{"code_verifier", "short"}, 400, "invalid_grant"},
		"challenge as verifier":     {[]string{"code_verifier", challengeOf(verifierOf("v"))}, 400, "invalid_grant"},
		"verifier with a line":      {[]string{"code_verifier", verifierOf("v") + "\n"}, 400, "invalid_grant"},
		"another redirect URI":      {[]string{"redirect_uri", "https://app.example/other"}, 400, "invalid_grant"},
		"no redirect URI":           {[]string{"redirect_uri", "-"}, 400, "invalid_grant"},
		"wider resource":            {[]string{"resource", w.gateway.URL + "/orders/mcp"}, 400, "invalid_target"},
		"alias of the resource":     {[]string{"resource", alias}, 400, "invalid_target"},
		"unknown resource":          {[]string{"resource", "https://elsewhere.example"}, 400, "invalid_target"},
		"no resource":               {[]string{"resource", "-"}, 200, ""},
		"another client":            {[]string{"client_id", "other"}, 400, "invalid_grant"},
		"no code":                   {[]string{"code", "-"}, 400, "invalid_request"},
		"made-up code":              {[]string{"code", verifierOf("c")}, 400, "invalid_grant"},
		"long code":                 {[]string{"code", strings.Repeat("a", 5000)}, 400, "invalid_grant"},
		"no grant type":             {[]string{"grant_type", "-"}, 400, "invalid_request"},
		"password":                  {[]string{"grant_type", "password", "username", "a", "password", "b"}, 400, "unsupported_grant_type"},
		"client credentials":        {[]string{"grant_type", "client_credentials"}, 400, "unsupported_grant_type"},
		"assertion":                 {[]string{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, 400, "unsupported_grant_type"},
		"no client":                 {[]string{"client_id", "-"}, 401, "invalid_client"},
		"unknown client":            {[]string{"client_id", "nobody"}, 401, "invalid_client"},
		"secret of a public client": {[]string{"client_secret", "x"}, 401, "invalid_client"},
		"a client without its own":  {[]string{"client_id", "server"}, 401, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.call("token", w.exchanging(b.code(), c.pairs...))
			a.wants(t, c.status, c.want)
			if c.status == 401 && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic ") {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	// A request of another client does not spend the code; a wrong verifier does.
	code := b.code()
	w.call("token", w.exchanging(code, "client_id", "other")).wants(t, 400, "invalid_grant")
	w.call("token", w.exchanging(code)).wants(t, 200, "")
	code = b.code()
	w.call("token", w.exchanging(code, "code_verifier", verifierOf("w"))).wants(t, 400, "invalid_grant")
	w.call("token", w.exchanging(code)).wants(t, 400, "invalid_grant")
	// Not for ever.
	code = b.code()
	w.clock.advance(defaultCode)
	w.call("token", w.exchanging(code)).wants(t, 400, "invalid_grant")
}

// 5.2.7: forms that two readers could take differently.
func TestTokenRequestsAreForms(t *testing.T) {
	w := newWorld(t)
	code := w.browser().code()
	raw := func(body, kind, query string) *http.Response {
		r, err := http.NewRequest("POST", w.gateway.URL+Prefix+"token"+query, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	good := w.exchanging(code).Encode()
	const form = "application/x-www-form-urlencoded"
	for name, c := range map[string][3]string{
		"code twice": {good + "&code=x", form, ""}, "grant type twice": {good + "&grant_type=authorization_code", form, ""},
		"resource twice": {good + "&resource=x", form, ""}, "unknown twice": {good + "&x=1&x=2", form, ""},
		"JSON": {`{"grant_type":"authorization_code"}`, "application/json", ""}, "no type": {good, "", ""},
		"in the query": {"", form, "?" + good}, "also in the query": {good, form, "?x=1"}, "bad escape": {good + "&x=%zz", form, ""},
		"semicolons": {strings.ReplaceAll(good, "&", ";"), form, ""},
	} {
		if r := raw(c[0], c[1], c[2]); r.StatusCode != 400 {
			t.Errorf("%s: status %d", name, r.StatusCode)
		}
	}
	if r := raw(good, form+"; charset=UTF-8", ""); r.StatusCode != 200 {
		t.Errorf("none of these has spent the code: status %d", r.StatusCode)
	}
}

// 5.2.7, RFC 9700 2.5: how clients with a secret show it.
func TestClientAuthentication(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	ask := func(f url.Values, change ...func(*http.Request)) *answerOf { return w.call("token", f, change...) }
	form := func(pairs ...string) url.Values {
		return w.exchanging(b.code("client_id", "server"), append([]string{"client_id", "-"}, pairs...)...)
	}
	ask(form(), basic("server", secretOfClient)).wants(t, 200, "")
	ask(form("client_id", "server"), basic("server", secretOfClient)).wants(t, 200, "")
	ask(form("client_id", "server", "client_secret", secretOfClient)).wants(t, 200, "")
	for name, c := range map[string]struct {
		pairs  []string
		change func(*http.Request)
		status int
		code   string
	}{
		"both":               {[]string{"client_id", "server", "client_secret", secretOfClient}, basic("server", secretOfClient), 400, "invalid_request"},
		"two names":          {[]string{"client_id", "app"}, basic("server", secretOfClient), 400, "invalid_request"},
		"wrong":              {nil, basic("server", "wrong"), 401, "invalid_client"},
		"wrong in the body":  {[]string{"client_id", "server", "client_secret", "wrong"}, nil, 401, "invalid_client"},
		"none":               {[]string{"client_id", "server"}, nil, 401, "invalid_client"},
		"empty":              {nil, basic("server", ""), 401, "invalid_client"},
		"of another":         {nil, basic("app", secretOfClient), 401, "invalid_client"},
		"bearer":             {nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401, "invalid_client"},
		"two headers":        {nil, func(r *http.Request) { basic("server", secretOfClient)(r); r.Header.Add("Authorization", "Basic x") }, 401, "invalid_client"},
		"not form-encoded":   {nil, func(r *http.Request) { r.SetBasicAuth("server", "%zz") }, 401, "invalid_client"},
		"nobody":             {nil, basic("nobody", secretOfClient), 401, "invalid_client"},
		"secret with a tail": {nil, basic("server", secretOfClient+"x"), 401, "invalid_client"},
	} {
		var changes []func(*http.Request)
		if c.change != nil {
			changes = append(changes, c.change)
		}
		a := ask(form(c.pairs...), changes...)
		if a.status != c.status || a.Error != c.code {
			t.Errorf("%s: status %d, %q", name, a.status, a.Error)
		}
	}
	// What x/oauth2 does first for a client without a secret.
	ask(w.exchanging(b.code(), "client_id", "-"), basic("app", "")).wants(t, 200, "")
}

// 5.2.7: of all that redeem a code at once, on two processes, exactly one wins; and a code
// that comes again takes the grant with it, everywhere.
func TestCodeRaceAndReplay(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	code := b.code()
	var mu sync.Mutex
	var won []*answerOf
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			req := w.exchanging(code)
			r, err := http.NewRequest("POST", "http://x"+Prefix+"token", strings.NewReader(req.Encode()))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			a := direct(t, w.nodes[i%2].Handler(Prefix+"token"), r)
			mu.Lock()
			defer mu.Unlock()
			if a.status == 200 {
				won = append(won, a)
			} else if a.Error != "invalid_grant" {
				t.Errorf("a loser got %d, %q", a.status, a.Error)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d have won", len(won))
	}
	if err := w.good(0, won[0].Access); err != nil {
		t.Errorf("the others have spoiled it for the one that has won: %v", err)
	}
	code = b.code()
	a := w.call("token", w.exchanging(code))
	a.wants(t, 200, "")
	if err := w.good(1, a.Access); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(3 * time.Minute) // long after it has ended
	w.call("token", w.exchanging(code)).wants(t, 400, "invalid_grant")
	w.poll(1)
	for node := range w.nodes {
		if w.good(node, a.Access) == nil {
			t.Errorf("the access token lives on at node %d", node)
		}
	}
	w.renew(a.Refresh).wants(t, 400, "invalid_grant")
}

// Refresh tokens are for clients that have registered for them.
func TestClientWithoutRefreshTokens(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	r, err := http.NewRequest("POST", w.gateway.URL+Prefix+"register", strings.NewReader(
		`{"client_name":"Plain","redirect_uris":["https://plain.example/cb"],"grant_types":["authorization_code"],"token_endpoint_auth_method":"none"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	p := b.do(r)
	p.wants(201)
	id := member(t, p.body, "client_id")
	page := b.get(w.asking("client_id", id, "redirect_uri", "https://plain.example/cb"))
	page.wants(200, "Plain", "has registered itself", "plain.example")
	if strings.Contains(page.body, "stay connected") {
		t.Error("the page promises what is not granted")
	}
	q := b.login(w.asking("client_id", id, "redirect_uri", "https://plain.example/cb")).params()
	a := w.call("token", w.exchanging(q.Get("code"), "client_id", id, "redirect_uri", "https://plain.example/cb"))
	a.wants(t, 200, "")
	if a.Refresh != "" {
		t.Error("a refresh token that nobody has registered for")
	}
	if err := w.good(1, a.Access); err != nil {
		t.Error(err)
	}
}

// Tokens of one kind are none of another.
func TestTypeConfusion(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	a := w.tokens(b)
	code := b.code()
	u, err := url.Parse(w.gateway.URL)
	if err != nil {
		t.Fatal(err)
	}
	others := map[string]string{"code": code, "refresh token": a.Refresh, "nothing": "", "dots": "..", "grant": grantOf(t, w, a)}
	for _, c := range b.client.Jar.Cookies(u) {
		others["cookie "+c.Name] = c.Value
	}
	w.idp.mu.Lock()
	others["upstream refresh token"] = w.idp.refresh
	w.idp.mu.Unlock()
	for name, text := range others {
		if w.good(0, text) == nil {
			t.Errorf("%s is an access token", name)
		}
		if name != "refresh token" {
			w.renew(text).wants(t, 400, "invalid_grant")
		}
		if name != "code" && name != "nothing" {
			w.call("token", w.exchanging(text)).wants(t, 400, "invalid_grant")
		}
	}
	w.renew(a.Access).wants(t, 400, "invalid_grant")
	w.call("token", w.exchanging(a.Access)).wants(t, 400, "invalid_grant")
	// Bits of a refresh token.
	for i := len(refreshPrefix); i < len(a.Refresh); i += 7 {
		bad := []byte(a.Refresh)
		if bad[i] == 'A' {
			bad[i] = 'B'
		} else {
			bad[i] = 'A'
		}
		w.renew(string(bad)).wants(t, 400, "invalid_grant")
	}
	raw, err := base64.RawURLEncoding.DecodeString(a.Refresh[len(refreshPrefix):])
	if err != nil || len(raw) != refreshBytes {
		t.Fatal("the form of a refresh token has changed")
	}
	w.renew(a.Refresh[:len(a.Refresh)-4]).wants(t, 400, "invalid_grant")
	w.renew(a.Refresh).wants(t, 200, "") // none of this has harmed it
}

// A grant that is revoked before it is there does not come to be.
func TestGrantRevokedBeforeItIsKept(t *testing.T) {
	w := newWorld(t)
	code := w.browser().code()
	w.nodes[0].o.Store = revokingStore{w.nodes[0].o.Store, w.nodes[1]}
	w.call("token", w.exchanging(code)).wants(t, 400, "invalid_grant")
	for _, kind := range []string{kindGrant, kindUpstream} {
		if n, err := w.store.Records().Count(t.Context(), kind, ""); n != 0 || err != nil {
			t.Errorf("%d of the kind %s, %v", n, kind, err)
		}
	}
}

// revokingStore has another process revoke each grant just before it is kept.
type revokingStore struct {
	records.Store
	other *Server
}

func (s revokingStore) Put(ctx context.Context, r *records.Record) error {
	var g grant
	if r.Kind == kindGrant {
		if err := errors.Join(decode(r, &g), s.other.end(ctx, g.ID)); err != nil {
			return err
		}
	}
	return s.Store.Put(ctx, r)
}
