package credential

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/credential/store"
)

// TestConsent goes the whole way in a browser: link, page, provider, callback.
func TestConsent(t *testing.T) {
	for _, kind := range []string{"oauth2", "oauth2pkce"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			w.provide(kind, GrantCode, w.settings())
			if c := w.connection(); c.Status.State != store.Pending {
				t.Errorf("a new connection is %s", c.Status.State)
			}
			_, err := w.ask()
			w.refused(err, CodeState)

			b := newBrowser(t)
			p := b.open(w.link(LinkRequest{}))
			if p.status != 200 || !strings.Contains(p.body, "The &lt;Provider&gt;") || !strings.Contains(p.body, "p/c") || !strings.Contains(p.body, "<code>read</code>") {
				t.Fatalf("the page of the link: %d\n%s", p.status, p.body)
			}
			done := b.press(p)
			if done.status != 200 || !strings.Contains(done.body, "<h1>Connected</h1>") {
				t.Fatalf("after the consent: %d\n%s", done.status, done.body)
			}
			c := w.connection()
			if c.Status.State != store.Connected || c.Status.Reason != "consent" || c.Tokens == nil {
				t.Errorf("the connection is %s (%s)", c.Status.State, c.Status.Reason)
			}
			a, err := w.ask()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(a.AccessToken, "access-") {
				t.Error("the token is not the provider's")
			}
			for name, want := range map[string]any{"token_type": "Bearer", "level": int64(3), "ratio": 0.5, "admin": false, "account": `{"id":7}`, "expires_in": int64(3600)} {
				if got, ok := a.Claims.Lookup(name); !ok || got != want {
					t.Errorf("claim %s is %v, want %v", name, got, want)
				}
			}
			if _, there := a.Claims.Lookup("refresh_token"); there {
				t.Error("the refresh token is among the claims")
			}
			if kind == "oauth2pkce" && w.idp.request(0).Get("code_verifier") == "" {
				t.Error("there was no code verifier")
			}
			w.silent()
		})
	}
}

// TestPageHeaders wants all that keeps a page's secrets and its buttons safe.
func TestPageHeaders(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	for _, u := range []string{w.link(LinkRequest{}), w.gateway.URL + Prefix + "login?link=unknown", w.gateway.URL + Prefix + "callback/p?state=x", w.gateway.URL + Prefix + "nothing"} {
		h := newBrowser(t).open(u).header
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff"} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", u, name, got)
			}
		}
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", u, csp)
		}
	}
}

// TestCookies wants the cookie of https bound to the host, and none readable by scripts.
func TestCookies(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	for _, c := range []struct {
		public, name string
		secure       bool
	}{{w.gateway.URL, "sekisho-start", false}, {"https://api.example.com", "__Host-sekisho-start", true}} {
		w.m.SetPublicURL(w.gateway.URL)
		link := w.link(LinkRequest{})
		w.m.SetPublicURL(c.public)
		resp, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		cookies := resp.Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		k := cookies[0]
		if k.Name != c.name || k.Secure != c.secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" || k.MaxAge != 600 {
			t.Errorf("the cookie is %v", k)
		}
	}
}

// TestLinks are links that must not work.
func TestLinks(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())

	t.Run("opening changes nothing", func(t *testing.T) {
		link := w.link(LinkRequest{})
		for range 3 {
			if p := newBrowser(t).open(link); p.status != 200 {
				t.Fatalf("status %d", p.status)
			}
		}
		b := newBrowser(t)
		if p := b.press(b.open(link)); p.status != 200 {
			t.Errorf("the link does not work after it was looked at: %d", p.status)
		}
	})
	t.Run("replayed", func(t *testing.T) {
		link := w.link(LinkRequest{})
		b, other := newBrowser(t), newBrowser(t)
		mine, theirs := b.open(link), other.open(link)
		b.press(mine)
		if p := other.press(theirs); p.status != http.StatusGone {
			t.Errorf("pressed by a second browser: %d", p.status)
		}
		if p := b.press(mine); p.status != http.StatusGone {
			t.Errorf("pressed twice: %d", p.status)
		}
		if p := b.open(link); p.status != http.StatusGone {
			t.Errorf("opened again: %d", p.status)
		}
	})
	t.Run("expired", func(t *testing.T) {
		link := w.link(LinkRequest{})
		b := newBrowser(t)
		p := b.open(link)
		w.clock.advance(LinkLifetime + time.Second)
		if p := b.press(p); p.status != http.StatusGone {
			t.Errorf("pressed late: %d", p.status)
		}
		if p := b.open(link); p.status != http.StatusGone {
			t.Errorf("opened late: %d", p.status)
		}
	})
	t.Run("made up", func(t *testing.T) {
		for _, id := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 5000)} {
			if p := newBrowser(t).open(w.gateway.URL + Prefix + "login?link=" + id); p.status != http.StatusNotFound {
				t.Errorf("status %d", p.status)
			}
		}
	})
	t.Run("a state is no link", func(t *testing.T) {
		b := newBrowser(t)
		b.stop = w.idp.url
		b.press(b.open(w.link(LinkRequest{})))
		at, _ := url.Parse(b.at)
		if p := newBrowser(t).open(w.gateway.URL + Prefix + "login?link=" + at.Query().Get("state")); p.status != http.StatusNotFound {
			t.Errorf("status %d", p.status)
		}
	})
	t.Run("of a connection that is gone", func(t *testing.T) {
		if _, err := w.m.PutConnection(context.Background(), &store.Connection{Key: store.Key{Provider: "p", Connection: "gone"}}, store.Always); err != nil {
			t.Fatal(err)
		}
		link, err := w.m.Link(context.Background(), store.Key{Provider: "p", Connection: "gone"}, LinkRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.m.DeleteConnection(context.Background(), store.Key{Provider: "p", Connection: "gone"}, store.Always); err != nil {
			t.Fatal(err)
		}
		if p := newBrowser(t).open(link); p.status != http.StatusNotFound {
			t.Errorf("status %d", p.status)
		}
	})
	w.silent()
}

// TestPublicURL: without TLS a consent could be watched, and there is none.
func TestPublicURL(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	for _, u := range []string{"", "http://192.168.1.5:8080", "http://gateway.example"} {
		w.m.SetPublicURL(u)
		_, err := w.m.Link(context.Background(), theKey, LinkRequest{})
		w.refused(err, CodeInvalid)
	}
	if err := w.m.Configure(context.Background(), Settings{PublicURL: "http://192.168.1.5:8080"}); err != nil {
		t.Errorf("the address of a listener keeps everything else from working: %v", err)
	}
}

// TestForgedForms are posts of the page's form that no page of ours has made.
func TestForgedForms(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	link := w.link(LinkRequest{})
	b := newBrowser(t)
	p := b.open(link)
	id, token := p.field("link"), p.field("token")
	at := w.gateway.URL + Prefix + "login"
	post := func(b *browser, form url.Values, header ...string) int {
		r, err := http.NewRequest("POST", at, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return b.read(b.Do(r)).status
	}
	good := url.Values{"link": {id}, "token": {token}}
	other := newBrowser(t)
	other.open(w.link(LinkRequest{}))
	for _, c := range []struct {
		name   string
		b      *browser
		form   url.Values
		header []string
	}{
		{"no token", b, url.Values{"link": {id}}, nil},
		{"a wrong token", b, url.Values{"link": {id}, "token": {token + "x"}}, nil},
		{"no cookie", newBrowser(t), good, nil},
		{"another browser's cookie", other, good, nil},
		{"another link's token", b, url.Values{"link": {w.link(LinkRequest{})[len(at)+6:]}, "token": {token}}, nil},
		{"from another site", b, good, []string{"Sec-Fetch-Site", "cross-site"}},
		{"from another origin", b, good, []string{"Origin", "https://evil.example"}},
		{"the token in the query", b, url.Values{}, nil},
	} {
		if got := post(c.b, c.form, c.header...); got != http.StatusForbidden {
			t.Errorf("%s: %d", c.name, got)
		}
	}
	if resp := b.open(at + "?link=" + id + "&token=" + token); resp.status != 200 || !strings.Contains(resp.body, "<form") {
		t.Errorf("a GET with the token does more than show the page: %d", resp.status)
	}
	if got := post(b, good, "Origin", w.gateway.URL, "Sec-Fetch-Site", "same-origin"); got != 200 {
		t.Errorf("the form itself: %d", got)
	}
}

// atCallback brings a consent to the moment where the provider sends the browser back, and
// returns the browser and where it would go.
func (w *world) atCallback(t *testing.T, r LinkRequest) (*browser, *url.URL) {
	t.Helper()
	b := newBrowser(t)
	b.stop = Prefix + "callback"
	b.press(b.open(w.link(r)))
	u, err := url.Parse(b.at)
	if err != nil || b.at == "" {
		t.Fatalf("the provider did not send the browser back")
	}
	b.stop = ""
	return b, u
}

// TestForgedCallbacks are answers that must connect nothing.
func TestForgedCallbacks(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2pkce", GrantCode, w.settings("issuer", "https://idp.example"))
	w.idp.set(func(p *idp) { p.iss = "https://idp.example" })
	with := func(u *url.URL, pairs ...string) string {
		v := *u
		q := v.Query()
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] == "-" {
				q.Del(pairs[i])
			} else {
				q.Set(pairs[i], pairs[i+1])
			}
		}
		v.RawQuery = q.Encode()
		return v.String()
	}
	pending := func(t *testing.T) {
		t.Helper()
		if c := w.connection(); c.Status.State != store.Pending || c.Tokens != nil {
			t.Fatalf("the connection is %s", c.Status.State)
		}
	}
	for _, c := range []struct {
		name   string
		do     func(b *browser, u *url.URL) *page
		status int
		again  bool // the right answer still works afterwards
	}{
		{"no state", func(b *browser, u *url.URL) *page { return b.open(with(u, "state", "-")) }, 404, true},
		{"a state that is made up", func(b *browser, u *url.URL) *page { return b.open(with(u, "state", strings.Repeat("x", 43))) }, 404, true},
		{"two states", func(b *browser, u *url.URL) *page { return b.open(u.String() + "&state=x") }, 404, true},
		{"another browser", func(_ *browser, u *url.URL) *page { return newBrowser(t).open(u.String()) }, 403, true},
		{"another browser with a consent of its own", func(_ *browser, u *url.URL) *page {
			other, _ := w.atCallback(t, LinkRequest{})
			return other.open(u.String())
		}, 403, true},
		{"the path of another provider", func(b *browser, u *url.URL) *page {
			return b.open(strings.Replace(u.String(), "callback/p", "callback/q", 1))
		}, 404, true},
		{"a wrong issuer", func(b *browser, u *url.URL) *page { return b.open(with(u, "iss", "https://idp.example/")) }, 400, false},
		{"no code", func(b *browser, u *url.URL) *page { return b.open(with(u, "code", "-")) }, 400, false},
		{"two codes", func(b *browser, u *url.URL) *page { return b.open(u.String() + "&code=x") }, 400, false},
		{"the code of another consent", func(b *browser, u *url.URL) *page {
			_, theirs := w.atCallback(t, LinkRequest{})
			return b.open(with(u, "code", theirs.Query().Get("code")))
		}, 400, false},
		{"too late", func(b *browser, u *url.URL) *page {
			w.clock.advance(LinkLifetime + time.Second)
			return b.open(u.String())
		}, 410, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, u := w.atCallback(t, LinkRequest{})
			if p := c.do(b, u); p.status != c.status {
				t.Errorf("status %d, want %d", p.status, c.status)
			}
			pending(t)
			if !c.again {
				if p := b.open(u.String()); p.status == 200 {
					t.Error("the answer worked after it had been refused")
				}
				pending(t)
			}
		})
	}
	t.Run("the victim of a fixed session", func(t *testing.T) {
		// The attacker begins, and sends the page of the provider to the victim.
		attacker := newBrowser(t)
		attacker.stop = w.idp.url
		attacker.press(attacker.open(w.link(LinkRequest{})))
		victim := newBrowser(t)
		if p := victim.open(attacker.at); p.status != http.StatusForbidden || !strings.Contains(p.body, "begun elsewhere") {
			t.Errorf("status %d", p.status)
		}
		pending(t)
	})
	t.Run("replayed", func(t *testing.T) {
		b, u := w.atCallback(t, LinkRequest{})
		kept := b.Jar.Cookies(u) // by somebody who drops no cookies
		if p := b.open(u.String()); p.status != 200 {
			t.Fatalf("status %d\n%s", p.status, p.body)
		}
		before := w.connection().Version
		if p := b.open(u.String()); p.status != http.StatusGone {
			t.Errorf("an answer that comes twice: %d", p.status)
		}
		thief := newBrowser(t)
		thief.Jar.SetCookies(u, kept)
		if p := thief.open(u.String()); p.status != http.StatusGone {
			t.Errorf("an answer that comes twice, with its cookie: %d", p.status)
		}
		if w.connection().Version != before {
			t.Error("a replayed answer changed the connection")
		}
	})
	w.silent()
}

// TestTwoTabs wants two consents in one browser to get along.
func TestTwoTabs(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	b := newBrowser(t)
	first, second := b.open(w.link(LinkRequest{})), b.open(w.link(LinkRequest{}))
	b.stop = Prefix + "callback"
	b.press(first)
	one := b.at
	b.press(second)
	two := b.at
	b.stop = ""
	for _, u := range []string{one, two} {
		if p := b.open(u); p.status != 200 {
			t.Errorf("status %d", p.status)
		}
	}
}

// TestPassthrough shows what a provider says without believing its markup.
func TestPassthrough(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.idp.set(func(p *idp) {
		p.deny = "<script>alert(1)</script>\u202e" + strings.Repeat("long ", 400)
	})
	b := newBrowser(t)
	p := b.press(b.open(w.link(LinkRequest{})))
	if p.status != 400 || strings.Contains(p.body, "<script") || !strings.Contains(p.body, "access_denied: &lt;script&gt;alert(1)") || strings.Contains(p.body, "\u202e") {
		t.Errorf("status %d\n%s", p.status, p.body)
	}
	if len(p.body) > 4000 {
		t.Errorf("the page has %d bytes", len(p.body))
	}
	if c := w.connection(); c.Status.State != store.Pending {
		t.Errorf("the connection is %s", c.Status.State)
	}
}

// TestNames wants names that a stranger chose shown as text.
func TestNames(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings("scopes", `"><script>alert(1)</script>`))
	p := newBrowser(t).open(w.link(LinkRequest{}))
	if strings.Contains(p.body, "<script") || !strings.Contains(p.body, "&lt;script&gt;") {
		t.Errorf("a scope is markup:\n%s", p.body)
	}
}

// TestPostLoginRedirect goes where the link says, and there only.
func TestPostLoginRedirect(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.configure(Settings{PostLoginRedirects: []string{"https://app.example/done"}})
	if _, err := w.m.Link(context.Background(), theKey, LinkRequest{Redirect: "https://evil.example/"}); err == nil {
		t.Error("a link to anywhere")
	}
	b := newBrowser(t)
	b.stop = "app.example"
	b.press(b.open(w.link(LinkRequest{Redirect: "https://app.example/done?a=b"})))
	if b.at != "https://app.example/done?a=b" {
		t.Errorf("the browser goes to %q", b.at)
	}
	// The list has become shorter while the browser was away.
	b, u := w.atCallback(t, LinkRequest{Redirect: "https://app.example/done"})
	w.configure(Settings{})
	if p := b.open(u.String()); p.status != 200 || !strings.Contains(p.body, "Connected") {
		t.Errorf("status %d", p.status)
	}
}

// TestOpenRedirects are URLs that a browser is not sent to.
func TestOpenRedirects(t *testing.T) {
	list := []string{"https://app.example/done", "https://app.example/below/*", "http://localhost:3000/cb", "https://app.example/exact?x=1"}
	for _, u := range []string{
		"https://app.example/done", "https://app.example/done?x=y", "https://app.example/below/", "https://app.example/below/a/b?c",
		"http://localhost:3000/cb", "https://app.example/exact?x=1",
	} {
		if !redirectAllowed(list, u) {
			t.Errorf("%s is not allowed", u)
		}
	}
	for _, u := range []string{
		"", "/done", "//app.example/done", "https://app.example", "https://app.example/", "https://app.example/done/", "https://app.example/done/x",
		"https://app.example/DONE", "https://APP.example/done", "HTTPS://app.example/done", "http://app.example/done", "https://app.example:8443/done",
		"https://app.example.evil.example/done", "https://evil.example/done", "https://app.example@evil.example/done", "https://user@app.example/done",
		"https://app.example/done#x", "https://app.example/done#", "https://app.example/done\\x", "https:\\\\app.example\\done", "https:/app.example/done",
		"javascript:alert(1)", "javascript://app.example/done%0aalert(1)", "data:text/html,x", "https://app.example/below/../done2", "https://app.example/below/%2e%2e/x",
		"https://app.example/below/a%2f..%2fx", "https://app.example/below/%252e%252e/x", "https://app.example/below/..;/x", "https://app.example/below", "https://app.example/below//evil.example",
		"https://app.example/done\r\nX: y", "https://app.example/done ", " https://app.example/done", "https://app.example/donе", "http://localhost:3001/cb", "http://127.0.0.1:3000/cb",
		"https://app.example/exact?x=2", "https://app.example/exact?x=1&y=2", "https://app.example/exact", "https://app.example/*", "https://app.example/below/%5c",
		"https://app.example/done;x", "https://app.example/" + strings.Repeat("a", 3000),
	} {
		if redirectAllowed(list, u) {
			t.Errorf("%q is allowed", u)
		}
	}
}

// TestUser wants the consent of the user whom a link is for, and of no other.
func TestUser(t *testing.T) {
	w := newWorld(t)
	settings := w.settings("scopes", "openid read", "openIdConfiguration", w.idp.url+"/.well-known/openid-configuration")
	w.provide("oauth2pkce", GrantCode, settings)
	alice := store.Subject{Issuer: w.idp.url, Subject: "alice"}
	for _, c := range []struct {
		name   string
		change func(p *idp)
		user   store.Subject
		status int
	}{
		{"herself", func(*idp) {}, alice, 200},
		{"anybody", func(p *idp) { p.subject = "bob" }, store.Subject{}, 200},
		{"another", func(p *idp) { p.subject = "bob" }, alice, 400},
		{"another's issuer", func(*idp) {}, store.Subject{Issuer: "https://other.example", Subject: "alice"}, 400},
		{"a token for another request", func(p *idp) { p.nonce = "other" }, alice, 400},
		{"a token for another client", func(p *idp) { p.audience = "other" }, alice, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.idp.set(func(p *idp) {
				p.subject, p.nonce, p.audience, p.revoked = "alice", "", "", nil
				c.change(p)
			})
			before := w.connection().Version
			b := newBrowser(t)
			page := b.open(w.link(LinkRequest{User: c.user}))
			if c.user.Subject != "" && !strings.Contains(page.body, "<dd>alice</dd>") {
				t.Error("the page does not say whom the link is for")
			}
			p := b.press(page)
			if p.status != c.status {
				t.Fatalf("status %d, want %d\n%s", p.status, c.status, p.body)
			}
			if moved := w.connection().Version != before; moved != (c.status == 200) {
				t.Errorf("the connection changed: %v", moved)
			}
			if c.status != 200 {
				w.eventually("both tokens are given back", func() bool { return len(w.idp.gone()) == 2 })
			}
		})
	}
	w.provide("oauth2", GrantCode, w.settings())
	_, err := w.m.Link(context.Background(), theKey, LinkRequest{User: alice})
	w.refused(err, CodeInvalid)
}

// TestConfirm keeps tokens aside until the application has confirmed.
func TestConfirm(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.configure(Settings{PostLoginRedirects: []string{"https://app.example/done"}})
	ctx := context.Background()
	consent := func() string {
		b := newBrowser(t)
		b.stop = "app.example"
		b.press(b.open(w.link(LinkRequest{Redirect: "https://app.example/done?s=1", Confirm: true})))
		u, err := url.Parse(b.at)
		if err != nil || u.Query().Get("s") != "1" {
			t.Fatalf("the browser goes to %q", b.at)
		}
		if c := w.connection(); c.Status.State == store.Connected {
			t.Fatal("the connection is connected before the application has confirmed")
		}
		return u.Query().Get("consentCode")
	}
	code := consent()
	for _, bad := range []string{"", "x", strings.Repeat("x", 43)} {
		w.refused(w.m.Confirm(ctx, theKey, bad), CodeInvalid)
	}
	w.refused(w.m.Confirm(ctx, store.Key{Provider: "p", Connection: "other"}, code), CodeInvalid)
	w.clock.advance(LinkLifetime + time.Second)
	w.refused(w.m.Confirm(ctx, theKey, code), CodeInvalid)
	code = consent()
	if err := w.m.Confirm(ctx, theKey, code); err != nil {
		t.Fatal(err)
	}
	w.token()
	w.refused(w.m.Confirm(ctx, theKey, code), CodeInvalid)
	if _, err := w.m.Link(ctx, theKey, LinkRequest{Confirm: true}); err == nil {
		t.Error("a link with confirmation, and nobody to confirm")
	}
	w.silent()
}
