package authserver

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/builtins/authserver/clients"
)

func (w *world) consentURL() string { return w.gateway.URL + Prefix + "consent" }

// 5.2.1: a victim who is logged in at the identity provider and has approved one client is
// asked about another before anything else happens.
func TestConfusedDeputy(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code() // the victim, who approves the app
	asked := len(w.idp.asked)
	if r := b.get(w.asking()); r.status != http.StatusSeeOther {
		t.Fatalf("what was approved is asked again: status %d", r.status)
	}
	other := []string{"client_id", "other", "redirect_uri", "https://other.example/back"}
	p := b.get(w.asking(other...))
	p.wants(200, "Another app", "other.example")
	if len(w.idp.asked) != asked {
		t.Error("the identity provider was asked before the user")
	}
	// An approval in the attacker's own browser counts for that browser alone.
	attacker := w.browser()
	form := attacker.get(w.asking(other...)).form("approve")
	if r := b.post(w.consentURL(), form); r.status != 403 {
		t.Errorf("another browser's form: status %d", r.status)
	}
	there := attacker.post(w.consentURL(), form)
	back := attacker.get(there.to()) // the attacker stops here, and sends the victim on
	if r := b.get(back.to()); r.status != 403 || r.header.Get("Location") != "" {
		t.Errorf("another browser's callback: status %d", r.status)
	}
	b.get(w.asking(other...)).wants(200, "Another app")
	// It was not used up by that.
	if q := attacker.get(back.to()).params(); q.Get("code") == "" {
		t.Errorf("the callback of the browser itself: %v", q)
	}
}

// 5.2.1: a change of client, scopes, resource or redirect URI asks again.
func TestConsentIsForWhatWasApproved(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.config.Clients.Static[0].RedirectURIs = append(w.config.Clients.Static[0].RedirectURIs, "https://app.example/second")
	})
	b := w.browser()
	b.code("scope", "orders.read orders.write")
	for name, c := range map[string]struct {
		pairs []string
		page  bool
	}{
		"the same":     {[]string{"scope", "orders.read orders.write"}, false},
		"fewer scopes": {[]string{"scope", "orders.read"}, false},
		"more scopes":  {[]string{"scope", "orders.read orders.write offline_access"}, true},
		"resource":     {[]string{"resource", w.gateway.URL + "/orders/mcp"}, true},
		"alias":        {[]string{"resource", w.gateway.URL + "/weather/sse"}, true},
		"redirect URI": {[]string{"redirect_uri", "https://app.example/second"}, true},
		"prompt":       {[]string{"prompt", "consent"}, true},
		"client":       {[]string{"client_id", "server"}, true},
	} {
		if r := b.get(w.asking(c.pairs...)); (r.status == 200) != c.page {
			t.Errorf("%s: status %d", name, r.status)
		}
	}
	if r := w.browser().get(w.asking()); r.status != 200 {
		t.Error("a consent counts in another browser")
	}
	w.clock.advance(defaultConsent + time.Second)
	if r := b.get(w.asking()); r.status != 200 {
		t.Error("a consent does not end")
	}
}

// 5.2.1: approved by one user, logged in as another: that user is asked.
func TestAnotherUserIsAsked(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code() // as alice
	w.idp.set(func() { w.idp.user = "mallory" })
	p := b.login(w.asking()) // skips the page, as alice's browser
	p.wants(200, "The app", "mallory@example.com")
	q := b.post(w.consentURL(), p.form("approve")).params()
	if q.Get("code") == "" || q.Get("iss") == "" {
		t.Fatalf("no code: %v", q)
	}
	a := w.call("token", w.exchanging(q.Get("code")))
	a.wants(t, 200, "")
	c, err := w.nodes[0].examine(t.Context(), a.Access)
	if err != nil {
		t.Fatal(err)
	}
	if want := userPrefix + digest("openid", w.idp.issuer, "mallory"); c.caller.Subject != want {
		t.Error("the token is not of the user who has approved it")
	}
	// And denied by that user.
	w.idp.set(func() { w.idp.user = "alice" })
	p = b.login(w.asking("prompt", "consent"))
	if q := b.post(w.consentURL(), p.form("deny")).params(); q.Get("error") != "access_denied" || q.Get("state") != "the state" {
		t.Errorf("denied: %v", q)
	}
	if n, _ := w.store.Records().Count(t.Context(), kindConfirm, ""); n != 0 {
		t.Error("what was denied is kept")
	}
	// The form of the page after the login is no form for another browser.
	w.idp.set(func() { w.idp.user = "mallory" })
	p = b.login(w.asking("prompt", "consent"))
	if r := w.browser().post(w.consentURL(), p.form("approve")); r.status != 403 {
		t.Errorf("another browser's: status %d", r.status)
	}
}

func TestDeny(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	q := b.post(w.consentURL(), b.get(w.asking()).form("deny")).params()
	if q.Get("error") != "access_denied" || q.Get("iss") != w.gateway.URL || q.Get("state") != "the state" || q.Has("code") {
		t.Errorf("the answer is %v", q)
	}
	if len(w.idp.asked) != 0 {
		t.Error("the identity provider was asked")
	}
}

// 5.2.2: the form counts with the token, the cookie and the origin that belong to it.
func TestConsentForgery(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	good := b.get(w.asking()).form("approve")
	second := b.get(w.asking("state", "another")).form("approve")
	change := func(pairs ...string) url.Values {
		f := url.Values{}
		for k, v := range good {
			f[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	for name, c := range map[string]struct {
		form   url.Values
		header []string
		status int
	}{
		"no token":              {url.Values{"request": good["request"], "answer": {"approve"}}, nil, 400},
		"empty token":           {change("token", ""), nil, 403},
		"wrong token":           {change("token", strings.Repeat("A", 43)), nil, 403},
		"token of another page": {change("token", second.Get("token")), nil, 403},
		"no request":            {change("request", ""), nil, 400},
		"made-up request":       {change("request", strings.Repeat("A", 200)), nil, 400},
		"cut request":           {change("request", good.Get("request")[:len(good.Get("request"))-4]), nil, 400},
		"other answer":          {change("answer", "maybe"), nil, 400},
		"two answers":           {url.Values{"request": good["request"], "token": good["token"], "answer": {"deny", "approve"}}, nil, 400},
		"other origin":          {good, []string{"Origin", "https://evil.example"}, 403},
		"other scheme":          {good, []string{"Origin", strings.Replace(w.gateway.URL, "http:", "https:", 1)}, 403},
		"cross-site":            {good, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"same-site":             {good, []string{"Sec-Fetch-Site", "same-site"}, 403},
		"text":                  {good, []string{"Content-Type", "text/plain"}, 400},
	} {
		r, err := http.NewRequest("POST", w.consentURL(), strings.NewReader(c.form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		if a := b.do(r); a.status != c.status || a.header.Get("Location") != "" {
			t.Errorf("%s: status %d, want %d", name, a.status, c.status)
		}
	}
	// GET never approves.
	if r := b.get(w.consentURL() + "?" + good.Encode()); r.status != 405 {
		t.Errorf("by GET: status %d", r.status)
	}
	if r := b.post(w.consentURL()+"?"+good.Encode(), nil); r.status != 400 {
		t.Errorf("by the query of a POST: status %d", r.status)
	}
	if len(w.idp.asked) != 0 {
		t.Error("a forged form has led to the identity provider")
	}
	// None of these has used it up.
	if r := b.post(w.consentURL(), good); r.status != http.StatusSeeOther {
		t.Errorf("the form itself: status %d", r.status)
	}
}

// 5.2.2: two tabs both work, also those that were opened at once; a second submit, or the
// back button, does no harm.
func TestTabsAndDoubleSubmit(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	one, two := b.get(w.asking("state", "1")), b.get(w.asking("state", "2"))
	f1, f2 := one.form("approve"), two.form("approve")
	there2, there1 := b.post(w.consentURL(), f2), b.post(w.consentURL(), f1)
	again := b.post(w.consentURL(), f1)
	again.wants(409, "Already answered")
	denied := url.Values{"request": f1["request"], "token": f1["token"], "answer": {"deny"}}
	b.post(w.consentURL(), denied).wants(409, "Already answered")
	q1, q2 := b.atProvider(there1).params(), b.atProvider(there2).params()
	if q1.Get("code") == "" || q2.Get("code") == "" || q1.Get("state") != "1" || q2.Get("state") != "2" {
		t.Errorf("the tabs got %v and %v", q1, q2)
	}
	// At once: one of all counts.
	f := b.get(w.asking("prompt", "consent")).form("approve")
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			r, err := http.NewRequest("POST", w.consentURL(), strings.NewReader(f.Encode()))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, err := b.client.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			statuses[resp.StatusCode]++
		})
	}
	all.Wait()
	// The cookie goes with the first answer, so that a late form may be refused for that.
	if statuses[303] != 1 || statuses[303]+statuses[409]+statuses[403] != 8 {
		t.Errorf("statuses %v", statuses)
	}
}

func TestPageExpires(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	f := b.get(w.asking()).form("approve")
	w.clock.advance(defaultLogin + time.Second)
	if r := b.post(w.consentURL(), f); r.status != 410 && r.status != 403 {
		t.Errorf("status %d", r.status)
	}
	if len(w.idp.asked) != 0 {
		t.Error("an old form counts")
	}
}

// A client that is taken away, or may not be answered there any more, between page and
// answer.
func TestClientChangesMeanwhile(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	f := b.get(w.asking()).form("approve")
	c := w.config
	c.Clients.Static = []clients.StaticClient{{ID: "app", RedirectURIs: []string{"https://app.example/other"}}}
	if err := w.nodes[0].Configure(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if r := b.post(w.consentURL(), f); r.status != 400 || r.header.Get("Location") != "" {
		t.Errorf("status %d", r.status)
	}
}

// 5.2.2: nothing that comes from outside is markup, or turns text around.
func TestPagesShowWhatTheyAreGiven(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=y>`
	w := newWorld(t, func(w *world) {
		w.config.Clients.Static = append(w.config.Clients.Static, clients.StaticClient{
			ID: "evil", Name: evil + "\u202eevil\u2066\u200b" + strings.Repeat("long ", 100), RedirectURIs: []string{"https://evil.example/a?%3Cscript%3E=%22"},
		})
		w.config.Scopes = append(w.config.Scopes, Scope{"evil", evil})
		w.config.Resources[0].Name = evil
	})
	b := w.browser()
	p := b.get(w.asking("client_id", "evil", "redirect_uri", "-", "scope", "evil", "state", evil))
	p.wants(200, "&lt;script&gt;")
	pages := []*reply{
		p, b.get(w.asking("redirect_uri", evil)), b.get(w.asking("client_id", evil)), b.get(w.asking("client_id", "https://127.0.0.1/"+evil)),
		b.get(w.gateway.URL + Prefix + "callback?state=" + url.QueryEscape(evil)), b.post(w.consentURL(), url.Values{"request": {evil}, "token": {evil}, "answer": {evil}}),
		b.get(w.gateway.URL + Prefix + "callback?error=" + url.QueryEscape(evil) + "&error_description=" + url.QueryEscape(evil)),
	}
	for i, p := range pages {
		for _, bad := range []string{"<script", "<img", "\u202e", "\u2066", "\u200b", "onerror=y>"} {
			if strings.Contains(p.body, bad) {
				t.Errorf("page %d holds %q", i, bad)
			}
		}
	}
	if strings.Count(p.body, "long ") > 40 {
		t.Error("a long name is shown whole")
	}
	if q := b.post(w.consentURL(), p.form("deny")).params(); q.Get("state") != evil {
		t.Error("the state is not given back as it was")
	}
}

// A browser that begins very much loses the first, not the last.
func TestCookiesAreBounded(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	var forms []url.Values
	for range maxUnderWay + 5 {
		forms = append(forms, b.get(w.asking()).form("approve"))
	}
	u, err := url.Parse(w.gateway.URL)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.client.Jar.Cookies(u)); n > maxUnderWay {
		t.Errorf("%d cookies", n)
	}
	if r := b.post(w.consentURL(), forms[len(forms)-1]); r.status != 303 {
		t.Errorf("the last: status %d", r.status)
	}
}
