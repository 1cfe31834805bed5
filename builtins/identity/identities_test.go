package identity

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestDetection(t *testing.T) {
	all := map[string]string{
		"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": canary,
		"AZURE_CLIENT_CERTIFICATE_PATH": "none.pem", "AZURE_FEDERATED_TOKEN_FILE": "none",
		"IDENTITY_ENDPOINT": "https://127.0.0.1:1/", "IDENTITY_HEADER": canary,
		"IDENTITY_SERVER_THUMBPRINT": strings.Repeat("ab", 20), "IMDS_ENDPOINT": "http://127.0.0.1:1",
		"MSI_ENDPOINT": "http://127.0.0.1:1/", "MSI_SECRET": canary,
	}
	// Each row takes the variables that made the one before be chosen away.
	for _, tt := range []struct {
		without string
		want    Source
	}{
		{"", ClientSecret},
		{"AZURE_CLIENT_SECRET", ClientCertificate},
		{"AZURE_CLIENT_CERTIFICATE_PATH", Workload},
		{"AZURE_FEDERATED_TOKEN_FILE", ServiceFabric},
		{"IDENTITY_SERVER_THUMBPRINT", AppService},
		{"IDENTITY_HEADER", Arc},
		{"IDENTITY_ENDPOINT", AppService}, // of 2017
		{"MSI_SECRET", cloudShell},
		{"MSI_ENDPOINT", IMDS},
	} {
		delete(all, tt.without)
		w := newWorld(t, all)
		if got := w.ids.known.Load().system.kind; got != tt.want {
			t.Errorf("without %s: %s, want %s", tt.without, got, tt.want)
		}
		if tt.want == cloudShell {
			w.wantError(t, "", "r", "cloudShell, as found in the environment")
		}
	}
	w := newWorld(t, map[string]string{"IDENTITY_ENDPOINT": " ", "IDENTITY_HEADER": ""})
	if got := w.ids.known.Load().system.kind; got != IMDS {
		t.Errorf("empty variables make it %s", got)
	}
	w = newWorld(t, map[string]string{"AZURE_CLIENT_ID": "ua"})
	if s := w.ids.known.Load().system.source.(*imds); s.clientID != "ua" || s.url.String() != "http://169.254.169.254/metadata/identity/oauth2/token" {
		t.Errorf("imds as found: %q at %s", s.clientID, s.url)
	}
}

func TestConfigureRefuses(t *testing.T) {
	w := newWorld(t, nil)
	before := w.ids.known.Load()
	for want, bad := range map[string]Identity{
		"must have neither blanks":           {ID: "a b"},
		"its name must":                      {ID: "a~1"},
		`there is no source "gcp"`:           {ID: "a", Source: "gcp"},
		"the header that its endpoint wants": {ID: "a", Source: AppService, Endpoint: "http://localhost/"},
		"its endpoint is not known":          {ID: "a", Source: AppService, Header: canary},
		"no http or https URL":               {ID: "a", Source: IMDS, Endpoint: "ftp://" + canary + "@h/"},
		"its tenant is not known":            {ID: "a", Source: ClientSecret, ClientID: "c", ClientSecret: canary},
		"its client id is not known":         {ID: "a", Source: ClientSecret, TenantID: "t", ClientSecret: canary},
		"its secret is not known":            {ID: "a", Source: ClientSecret, TenantID: "t", ClientID: "c"},
		"must be an https URL":               {ID: "a", Source: ClientSecret, TenantID: "t", ClientID: "c", ClientSecret: canary, Authority: "http://login.example.com"},
		"tenant":                             {ID: "a", Source: ClientSecret, TenantID: "../x", ClientID: "c", ClientSecret: canary},
		"its certificate is not known":       {ID: "a", Source: ClientCertificate, TenantID: "t", ClientID: "c"},
		"the file with its token":            {ID: "a", Source: Workload, TenantID: "t", ClientID: "c"},
		"arc knows the system-assigned":      {ID: "a", Source: Arc, ClientID: "c"},
		"there are two":                      {ID: "b", Source: IMDS},
	} {
		err := w.ids.Configure(Config{[]Identity{bad, {ID: "b", Source: IMDS}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
			continue
		}
		w.said.WriteString(err.Error())
	}
	if w.ids.known.Load() != before {
		t.Error("what was refused counts")
	}
}

// says which identity was asked, by the path of its endpoint.
func named(w http.ResponseWriter, r *http.Request) {
	name := strings.ReplaceAll(strings.Trim(r.URL.Path, "/"), "/", "-") + "." + r.FormValue("client_id") + "." + r.FormValue("resource")
	says(200, tokenOf(name, inAnHour))(w, r)
}

func TestWhichIdentity(t *testing.T) {
	e := serve(t, named)
	w := newWorld(t, nil)
	w.configure(t,
		Identity{ID: System, Source: IMDS, Endpoint: e.URL + "/system"},
		Identity{ID: "orders", ClientID: "AAAA-1", Source: IMDS, Endpoint: e.URL + "/orders"},
		// The client id of one is the name of another: the name goes first.
		Identity{ID: "users", ClientID: "orders", Source: IMDS, Endpoint: e.URL + "/users"},
	)
	w.want(t, "", "r", "system..r")
	w.want(t, "system", "r", "system..r")
	w.want(t, "orders", "r", "orders.AAAA-1.r")
	w.want(t, "AAAA-1", "r", "orders.AAAA-1.r")
	w.want(t, "aaaa-1", "r", "orders.AAAA-1.r")
	w.want(t, "users", "r", "users.orders.r")
	w.want(t, "bbbb-2", "r", "system.bbbb-2.r")
	if e.calls() != 4 {
		t.Errorf("%d calls, want one for each identity", e.calls())
	}
	for _, bad := range []struct{ client, resource, want string }{
		{"", "", "the resource must be"},
		{"", "a b", "the resource must be"},
		{"", "a\nb", "the resource must be"},
		{"", strings.Repeat("a", 2049), "the resource must be"},
		{"a b", "r", "the client-id"},
		// What would be the key of system with the client id bbbb-2.
		{" bbbb-2", "r", "the client-id"},
		{"", "bbbb-2 r", "the resource must be"},
		{strings.Repeat("a", 257), "r", "the client-id"},
	} {
		w.wantError(t, bad.client, bad.resource, bad.want)
	}
	if e.calls() != 4 {
		t.Error("what is no resource was asked for")
	}
}

// TestReload keeps the tokens of what stays as it is.
func TestReload(t *testing.T) {
	e := serve(t, named)
	w := newWorld(t, nil)
	one := Identity{ID: System, Source: IMDS, Endpoint: e.URL + "/one"}
	two := Identity{ID: "two", Source: IMDS, Endpoint: e.URL + "/two"}
	ask := func(calls int) {
		t.Helper()
		if _, err := w.token("", "r"); err != nil {
			t.Error(err)
		}
		if _, err := w.token("two", "r"); err != nil {
			t.Error(err)
		}
		if e.calls() != calls {
			t.Errorf("%d calls, want %d", e.calls(), calls)
		}
	}
	w.configure(t, one, two)
	ask(2)
	w.configure(t, one, two)
	ask(2)
	two.ClientID = "changed"
	w.configure(t, two, one)
	ask(3)
	w.want(t, "two", "r", "two.changed.r")
	if err := w.ids.Configure(Config{[]Identity{{ID: "x", Source: "none"}}}); err == nil {
		t.Error("no error")
	}
	ask(3)
	w.configure(t, one)
	if st := w.ids.Status(); len(st) != 1 || st[0].Identity != System {
		t.Errorf("what is gone is kept: %+v", st)
	}
	two.ClientID = ""
	w.configure(t, one, two)
	ask(4)
	if st := w.ids.Status(); len(st) != 2 || st[1].Identity != "two" || st[1].Source != IMDS {
		t.Errorf("status %+v", st)
	}
}

// TestReloadDuringACall changes an identity while its token is being fetched.
func TestReloadDuringACall(t *testing.T) {
	entered, gate := make(chan struct{}), make(chan struct{})
	old := serve(t, func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-gate
		says(200, tokenOf("old", inAnHour))(w, r)
	})
	fresh := serve(t, says(200, tokenOf("new", inAnHour)))
	w := newWorld(t, nil)
	w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: old.URL})
	got := make(chan string)
	go func() {
		tok, _ := w.ids.Token(context.Background(), "", "r")
		got <- tok
	}()
	<-entered
	w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: fresh.URL})
	w.want(t, "", "r", "new")
	close(gate)
	if tok := <-got; tok != "old" {
		t.Errorf("who asked before got %q", tok)
	}
	w.want(t, "", "r", "new")
}

// TestAThousand asks for one token from a thousand goroutines, and then for it again when
// it is due: a call each, and the second with nobody waiting.
func TestAThousand(t *testing.T) {
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	e := serve(t, func(w http.ResponseWriter, r *http.Request) {
		<-gate
		says(200, tokenOf(tokenA, inAnHour))(w, r)
	})
	w := newWorld(t, nil)
	w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: e.URL})
	thousand := func() {
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if tok, err := w.ids.Token(context.Background(), "", "r"); err != nil || tok != tokenA {
					t.Errorf("%q, %v", tok, err)
				}
			})
		}
		for e.calls() == 0 {
			time.Sleep(time.Millisecond)
		}
		open()
		wg.Wait()
	}
	thousand()
	if e.calls() != 1 {
		t.Errorf("%d calls", e.calls())
	}
	w.Advance(58 * time.Minute)
	thousand()
	for w.ids.Status()[0].Fetching {
		time.Sleep(time.Millisecond)
	}
	if e.calls() != 2 {
		t.Errorf("%d calls after the mark", e.calls())
	}
}

// TestOutage has the endpoint fail from the mark on: the token serves, the failure shows.
func TestOutage(t *testing.T) {
	e := serve(t, says(200, tokenOf(tokenA, inAnHour)), says(400, failedBody))
	w := newWorld(t, nil)
	w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: e.URL})
	w.want(t, "", "r", tokenA)
	w.Advance(57*time.Minute - time.Second)
	w.want(t, "", "r", tokenA)
	w.Advance(time.Second)
	for range 180 {
		w.want(t, "", "r", tokenA)
		w.Advance(time.Second)
	}
	w.wantError(t, "", "r", "imds answered 400 invalid_resource (AADSTS50001)")
	st := w.ids.Status()[0]
	if st.Err == nil || st.Held || st.Failures == 0 || w.ids.Failing() != 1 {
		t.Errorf("status %+v", st)
	}
	if log := w.log.String(); !strings.Contains(log, `"key":"system  r"`) || !strings.Contains(log, "imds answered 400") {
		t.Errorf("the log: %s", log)
	}
}

func BenchmarkToken(b *testing.B) {
	e := serve(b, says(200, tokenOf(tokenA, inAnHour)))
	w := newWorld(b, nil)
	w.configure(b, Identity{ID: System, Source: IMDS, Endpoint: e.URL})
	w.want(b, "", "https://vault.azure.net", tokenA)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.ids.Token(context.Background(), "", "https://vault.azure.net"); err != nil {
				b.Error(err)
			}
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte(tokenOf("a", inAnHour)))
	f.Add([]byte(failedBody))
	f.Add([]byte(`{"access_token":"a","expires_on":"9/14/2017 00:00:00 PM +00:00"}`))
	f.Add([]byte(`{"error":{"code":"SecretHeaderNotFound"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		tok, err := readToken(body, inAnHour)
		if err == nil && (!isToken(tok.AccessToken) || tok.Expires.IsZero() || tok.Expires.Year() > 9999) {
			t.Errorf("%+v", tok)
		}
		if code := errorCode(body); len(code) > 80 {
			t.Error(code)
		}
	})
}

func FuzzChallenge(f *testing.F) {
	f.Add("Basic realm=/var/opt/azcmagent/tokens/a.key")
	f.Add(`basic realm="x"`)
	f.Fuzz(func(t *testing.T, v string) {
		file, ok := challenge([]string{v})
		if ok == (file == "") {
			t.Errorf("%q, %v", file, ok)
		}
		if _, err := readKey("/nowhere/at/all", file); err == nil {
			t.Error("read a key of a folder that is not there")
		}
	})
}

func TestReadTime(t *testing.T) {
	for text, want := range map[string]string{
		`1767326645`:                         "2026-01-02T04:04:05Z",
		`"1767326645"`:                       "2026-01-02T04:04:05Z",
		`1767326645.0`:                       "2026-01-02T04:04:05Z",
		`" 1767326645 "`:                     "2026-01-02T04:04:05Z",
		`"01/02/2026 04:04:05 +00:00"`:       "2026-01-02T04:04:05Z",
		`"1/2/2026 4:04:05 PM +00:00"`:       "2026-01-02T16:04:05Z",
		`"1/2/2026 14:04:05 PM +00:00"`:      "2026-01-02T14:04:05Z",
		`"9/14/2017 00:00:00 PM +00:00"`:     "2017-09-14T12:00:00Z",
		`"2026-01-02T04:04:05Z"`:             "2026-01-02T04:04:05Z",
		`"2026-01-02T06:04:05.000+02:00"`:    "2026-01-02T04:04:05Z",
		`""`:                                 "",
		`true`:                               "",
		`{}`:                                 "",
		`-5`:                                 "",
		`99999999999999999999999`:            "",
		`"` + strings.Repeat("9", 100) + `"`: "",
	} {
		got, ok := readTime([]byte(text))
		if ok != (want != "") || ok && got.Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v; want %s", text, got, ok, want)
		}
	}
	if at, ok := readTime(nil); ok {
		t.Errorf("nothing is %v", at)
	}
}
