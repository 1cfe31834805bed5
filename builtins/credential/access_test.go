package credential

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/credential/store"
	"sekisho/engine/pipeline"
)

// identity is a caller's token, with changes to a good one.
func (w *world) identity(change map[string]any) string {
	claims := map[string]any{
		"iss": w.idp.url, "aud": DefaultAudience, "oid": "OID-1", "tid": "tenant-1",
		"exp": w.clock.now().Add(time.Hour).Unix(), "nbf": w.clock.now().Add(-time.Minute).Unix(),
	}
	for name, v := range change {
		if v == nil {
			delete(claims, name)
		} else {
			claims[name] = v
		}
	}
	return w.idp.sign(claims)
}

func (w *world) askAs(token string) error {
	_, err := w.m.Authorization(context.Background(), pipeline.AuthorizationRequest{
		Provider: theKey.Provider, Connection: theKey.Connection, JWT: true, Identity: token,
	})
	return err
}

// TestCallers are those who may use a connection, and those who may not.
func TestCallers(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.connect()
	policy := func(p store.AccessPolicy) {
		t.Helper()
		p.Key = theKey
		if _, err := w.m.PutAccessPolicy(context.Background(), &p, store.Always); err != nil {
			t.Fatal(err)
		}
	}
	w.refused(w.askAs(w.identity(nil)), CodeDenied) // nobody is let in by default
	policy(store.AccessPolicy{ID: "any", TenantID: "tenant-1", ObjectID: "oid-1"})
	policy(store.AccessPolicy{ID: "group", TenantID: "tenant-1", ObjectID: "group-1", Kind: store.Group})
	policy(store.AccessPolicy{ID: "user", TenantID: "tenant-1", ObjectID: "user-1", Kind: store.User})
	policy(store.AccessPolicy{ID: "app", TenantID: "tenant-1", ObjectID: "user-2", AppIDs: []string{"app-1"}})
	for _, c := range []struct {
		name   string
		change map[string]any
		ok     bool
	}{
		{"the one of the policy", nil, true},
		{"ids differ in capitals only", map[string]any{"tid": "TENANT-1"}, true},
		{"several audiences", map[string]any{"aud": []string{"other", DefaultAudience}}, true},
		{"a clock that is a little off", map[string]any{"exp": w.clock.now().Add(-4 * time.Minute).Unix()}, true},
		{"a user", map[string]any{"oid": "user-1"}, true},
		{"a member of the group", map[string]any{"oid": "x", "groups": []string{"group-0", "group-1"}}, true},
		{"the user of an application", map[string]any{"oid": "user-2", "azp": "app-1"}, true},
		{"the user of an application, v1", map[string]any{"oid": "user-2", "appid": "APP-1"}, true},

		{"another object", map[string]any{"oid": "oid-2"}, false},
		{"another tenant", map[string]any{"tid": "tenant-2"}, false},
		{"no object", map[string]any{"oid": nil}, false},
		{"no tenant", map[string]any{"tid": nil}, false},
		{"two objects", map[string]any{"oid": []string{"oid-1", "oid-2"}}, false},
		{"a wrong audience", map[string]any{"aud": "https://management.azure.com"}, false},
		{"an audience with more to it", map[string]any{"aud": DefaultAudience + "/"}, false},
		{"no audience", map[string]any{"aud": nil}, false},
		{"expired", map[string]any{"exp": w.clock.now().Add(-6 * time.Minute).Unix()}, false},
		{"no end", map[string]any{"exp": nil}, false},
		{"not yet", map[string]any{"nbf": w.clock.now().Add(6 * time.Minute).Unix()}, false},
		{"another issuer", map[string]any{"iss": "https://other.example"}, false},
		{"no issuer", map[string]any{"iss": nil}, false},
		{"the group as its object", map[string]any{"oid": "group-1"}, false},
		{"the user as a group", map[string]any{"oid": "x", "groups": []string{"user-1"}}, false},
		{"too many groups to say", map[string]any{"oid": "x", "_claim_names": map[string]string{"groups": "src1"}}, false},
		{"the user of another application", map[string]any{"oid": "user-2", "azp": "app-2"}, false},
		{"the user of no application", map[string]any{"oid": "user-2"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := w.askAs(w.identity(c.change))
			if c.ok && err != nil {
				t.Errorf("refused: %v", err)
			}
			if !c.ok {
				w.refused(err, CodeDenied)
			}
		})
	}
	good := w.identity(nil)
	for name, token := range map[string]string{"none": "", "no token": "abc", "a changed one": good[:len(good)-8] + "AAAAAAAA", "two": good + "." + good} {
		if err := w.askAs(token); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	w.token() // the gateway itself, by the policy that a connection begins with
	w.silent()
	if strings.Contains(w.log.String(), good) {
		t.Error("the caller's token is in the log")
	}
}

// TestTenants: the issuer of an application for many tenants names the token's own.
func TestTenants(t *testing.T) {
	w := newWorld(t)
	token := func(iss, tid string) bool {
		v, err := w.idp.Verify(context.Background(), w.identity(map[string]any{"iss": iss, "tid": tid}), &pipeline.TokenKeys{OpenID: []string{w.idp.url + "/.well-known/openid-configuration"}})
		if err != nil {
			t.Fatal(err)
		}
		return issuerIs("https://login.example/{tenantid}/v2.0", v.Jwt)
	}
	if !token("https://login.example/t1/v2.0", "t1") {
		t.Error("a tenant's token is refused")
	}
	if token("https://login.example/t1/v2.0", "t2") || token("https://login.example/{tenantid}/v2.0", "") || token("https://other.example/t1/v2.0", "t1") {
		t.Error("another tenant's token is accepted")
	}
}

// TestNoIssuers: without issuers no token says anything.
func TestNoIssuers(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.connect()
	if err := w.m.Configure(context.Background(), Settings{}); err != nil {
		t.Fatal(err)
	}
	w.refused(w.askAs(w.identity(nil)), CodeDenied)
}

// TestDeclared are providers of gateway.yaml: read like others, changed there only, with
// tokens that outlive a reload.
func TestDeclared(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	config := ProviderConfig{ID: "p", Name: "Declared", IdentityProvider: "oauth2", Settings: w.settings(), Connections: []ConnectionConfig{
		{ID: "c", AccessPolicies: []AccessConfig{{ID: "someone", TenantID: "tenant-1", ObjectID: "oid-1"}}}, {ID: "d"},
	}}
	w.configure(Settings{Providers: []ProviderConfig{config}})
	b := newBrowser(t)
	if p := b.press(b.open(w.link(LinkRequest{}))); p.status != 200 {
		t.Fatalf("status %d", p.status)
	}
	token := w.token()
	if err := w.askAs(w.identity(nil)); err != nil {
		t.Errorf("the declared access policy does not count: %v", err)
	}
	w.refused(w.askAs(w.identity(map[string]any{"oid": "other"})), CodeDenied)

	p, err := w.m.Provider(ctx, "p")
	if err != nil || p.Settings["clientId"] != "the-client" || len(p.Secrets) != 0 || p.Settings["clientSecret"] != "" {
		t.Errorf("the provider reads %v, %v", p, err)
	}
	stored, err := w.store.Provider(ctx, "p")
	if err != nil || len(stored.Secrets) != 0 {
		t.Errorf("secrets of gateway.yaml are in the store (%v)", err)
	}
	if list, n, err := w.m.AccessPolicies(ctx, theKey, store.Page{}); err != nil || n != 2 || list[0].ID != GatewayPolicy || list[1].ID != "someone" {
		t.Errorf("%d access policies (%v)", n, err)
	}
	for name, err := range map[string]error{
		"put provider":      second(w.m.PutProvider(ctx, &store.Provider{ID: "p", IdentityProvider: "oauth2", Grant: GrantCode}, store.Always)),
		"delete provider":   w.m.DeleteProvider(ctx, "p", store.Always),
		"put connection":    second(w.m.PutConnection(ctx, &store.Connection{Key: theKey}, store.Always)),
		"delete connection": w.m.DeleteConnection(ctx, theKey, store.Always),
		"put policy":        second(w.m.PutAccessPolicy(ctx, &store.AccessPolicy{Key: theKey, ID: "x", TenantID: "t", ObjectID: "o"}, store.Always)),
		"delete policy":     w.m.DeleteAccessPolicy(ctx, theKey, GatewayPolicy, store.Always),
	} {
		t.Run(name, func(t *testing.T) { w.refused(err, CodeConflict) })
	}

	// A reload keeps the tokens; one that leaves the connection out takes it away, and one
	// that brings it back finds them.
	w.configure(Settings{Providers: []ProviderConfig{config}})
	if w.token() != token {
		t.Error("a reload cost the token")
	}
	without := config
	without.Connections = config.Connections[1:]
	w.configure(Settings{Providers: []ProviderConfig{without}})
	_, err = w.ask()
	w.refused(err, CodeNotFound)
	w.configure(Settings{})
	if _, err = w.ask(); err == nil {
		t.Error("a provider that is not in gateway.yaml any more still lends")
	}
	w.configure(Settings{Providers: []ProviderConfig{config}})
	if w.token() != token {
		t.Error("the token is gone")
	}
	if w.idp.count("authorization_code") != 1 || w.idp.count("refresh_token") != 0 {
		t.Error("a reload asked the provider")
	}
}

func second[T any](_ T, err error) error { return err }

// TestTakeover: a provider of gateway.yaml does not take one over that was made otherwise.
func TestTakeover(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	w.connect()
	token := w.token()
	err := w.m.Configure(context.Background(), Settings{PublicURL: w.gateway.URL, Providers: []ProviderConfig{{ID: "p", IdentityProvider: "oauth2", Settings: w.settings()}}})
	if err == nil || !strings.Contains(err.Error(), `"p"`) {
		t.Errorf("got %v", err)
	}
	if w.token() != token {
		t.Error("what failed changed something")
	}
}

// TestCheck names what is wrong with settings, all of it, and no secrets.
func TestCheck(t *testing.T) {
	faults := Check(Settings{
		PublicURL: "http://api.example.com", PostLoginRedirects: []string{"https://app.example/*", "javascript:alert(1)", "http://app.example/"},
		Providers: []ProviderConfig{
			{ID: "a/b", IdentityProvider: "github"},
			{ID: "twice", IdentityProvider: "github"}, {ID: "twice", IdentityProvider: "github"},
			{ID: "unknown", IdentityProvider: "githob", Connections: []ConnectionConfig{{ID: "c"}}},
			{ID: "setting", IdentityProvider: "github", Settings: map[string]string{"clientid": "canary"}},
			{ID: "host", IdentityProvider: "zendesk", Settings: map[string]string{"subdomain": "evil.example/x?"}},
			{ID: "scheme", IdentityProvider: "oauth2", Settings: map[string]string{"clientId": "x", "authorizationUrl": "http://canary.example/a", "tokenUrl": "https://user:canary@x.example"}},
			{ID: "client", IdentityProvider: "github", Connections: []ConnectionConfig{{ID: "c"}, {ID: "c"}, {ID: ".."}}},
			{ID: "fine", IdentityProvider: "zendesk", Settings: map[string]string{"clientId": "x"}, Connections: []ConnectionConfig{{ID: "c", Parameters: map[string]string{"subdomain": "acme"}}}},
		},
	})
	all := ""
	for _, f := range faults {
		all += f.Error() + "\n"
	}
	for _, want := range []string{
		"a provider's id has", `the provider "twice" is there twice`, `no identity provider "githob"`, `github has no setting "clientid"`, `"subdomain" wants a name`,
		"authorizationUrl: it wants https", "tokenUrl: it may hold no user name", `needs the setting "clientId"`, `has the connection "c" twice`, "a connection's id has",
		`"javascript:alert(1)"`, `"http://app.example/"`, `the public URL "http://api.example.com"`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not among\n%s", want, all)
		}
	}
	if strings.Contains(all, "canary") || strings.Contains(all, "fine") {
		t.Errorf("too much is said:\n%s", all)
	}
}

// TestKnown bounds what is remembered of connections whose names a request makes up.
func TestKnown(t *testing.T) {
	w := newWorld(t)
	w.provide("oauth2", GrantCode, w.settings())
	for i := range 100 {
		_, err := w.m.Authorization(context.Background(), pipeline.AuthorizationRequest{Provider: "p", Connection: fmt.Sprint("made-up-", i)})
		w.refused(err, CodeNotFound)
	}
	if n := len(w.m.entries); n != 0 {
		t.Errorf("%d connections that do not exist are remembered", n)
	}
	w.m.entries = map[store.Key]*entry{}
	for i := range maxEntries + 10 {
		w.m.remember(store.Key{Provider: "p", Connection: fmt.Sprint(i)})
	}
	if n := len(w.m.entries); n > maxEntries {
		t.Errorf("%d are remembered", n)
	}
}
