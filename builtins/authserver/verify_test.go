package authserver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/authserver/records"
	"sekisho/builtins/jose"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// 5.2.9, 5.3: what is not an access token of this gateway, to the bit.
func TestForgedAccessTokens(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.browser())
	s := w.nodes[0]
	raw, err := payload(a.Access)
	if err != nil {
		t.Fatal(err)
	}
	own := s.keys.state.Load().signer(w.clock.now())
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	make := func(key any, kid, typ string, change func(m map[string]any)) string {
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		token, err := jose.Sign(m, key, kid, typ)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	as := func(name string, v any) string {
		return make(own.private, own.kid, "at+jwt", func(m map[string]any) {
			if m[name] = v; v == nil {
				delete(m, name)
			}
		})
	}
	same := func(map[string]any) {}
	parts := strings.Split(a.Access, ".")
	enc := base64.RawURLEncoding.EncodeToString
	if err := w.good(0, make(own.private, own.kid, "at+jwt", same)); err != nil {
		t.Fatalf("the test makes no good tokens: %v", err)
	}
	if err := w.good(0, make(own.private, own.kid, "application/at+jwt", same)); err != nil {
		t.Errorf("the long form of the type: %v", err)
	}
	for name, token := range map[string]string{
		"typ JWT": make(own.private, own.kid, "JWT", same), "no typ": make(own.private, own.kid, "", same), "typ of a logout": make(own.private, own.kid, "logout+jwt", same),
		"foreign key": make(foreign, own.kid, "at+jwt", same), "foreign key and kid": make(foreign, "x", "at+jwt", same),
		"symmetric":            make([]byte(strings.Repeat("k", 32)), own.kid, "at+jwt", same),
		"public key as secret": make([]byte(string(s.keys.state.Load().jwks)), own.kid, "at+jwt", same),
		"wrong iss":            as("iss", "https://evil.example"), "iss with a slash": as("iss", w.gateway.URL+"/"), "no iss": as("iss", nil), "iss list": as("iss", []string{w.gateway.URL}),
		"no sub": as("sub", nil), "no client": as("client_id", nil), "no grant": as("sid", nil), "no exp": as("exp", nil), "exp text": as("exp", "9999999999"),
		"expired": as("exp", w.clock.now().Add(-time.Minute).Unix()), "not yet": as("nbf", w.clock.now().Add(time.Minute).Unix()),
		"from the future": as("iat", w.clock.now().Add(time.Minute).Unix()), "negative exp": as("exp", -1),
		"wrong aud": as("aud", "https://elsewhere.example"), "no aud": as("aud", nil), "part of aud": as("aud", w.gateway.URL+"/weather/mc"),
		"alg none": enc([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + ".", "alg nOnE": enc([]byte(`{"alg":"nOnE","typ":"at+jwt"}`)) + "." + parts[1] + ".",
		"no signature": parts[0] + "." + parts[1] + ".", "two parts": parts[0] + "." + parts[1], "four parts": a.Access + ".x", "trailing dot": a.Access + ".",
		"zero signature": parts[0] + "." + parts[1] + "." + enc(slices.Repeat([]byte{0}, 64)),
		"padding":        a.Access + "=", "space": a.Access + " ", "bearer": "Bearer " + a.Access, "line": a.Access[:20] + "\n" + a.Access[20:],
		"long": a.Access + strings.Repeat("A", maxToken), "empty": "", "JSON": `{"payload":"` + parts[1] + `"}`,
	} {
		err := w.good(0, token)
		var te *TokenError
		if !errors.As(err, &te) || te.Unavailable {
			t.Errorf("%s: %v", name, err)
		} else if token != "" && (strings.Contains(te.Error(), parts[2]) || te.Cause != nil && strings.Contains(te.Cause.Error(), parts[2])) {
			t.Errorf("%s: the error quotes the token", name)
		}
	}
	for i := 0; i < len(a.Access); i += 11 {
		bad := []byte(a.Access)
		if bad[i] ^= 1; w.good(0, string(bad)) == nil {
			t.Errorf("a bit at %d may differ", i)
		}
	}
	w.clock.advance(defaultAccessToken + ownSkew)
	if w.good(0, a.Access) == nil {
		t.Error("an expired token is good")
	}
}

// A caller that is remembered costs no read of the store, and no new caller.
func TestVerifyRemembers(t *testing.T) {
	w := newWorld(t)
	a := w.tokens(w.browser())
	one, err := w.nodes[0].Verify(t.Context(), a.Access, []string{w.resource()})
	if err != nil {
		t.Fatal(err)
	}
	w.nodes[0].o.Store = brokenStore{}
	two, err := w.nodes[0].Verify(t.Context(), a.Access, []string{w.resource()})
	if err != nil || one != two {
		t.Errorf("a second look: %v", err)
	}
	// While nobody can say what was revoked, nobody is let in for long.
	w.clock.advance(pollStale)
	var te *TokenError
	if err := w.good(0, a.Access); !errors.As(err, &te) || !te.Unavailable {
		t.Errorf("with a broken store: %v", err)
	}
	w.nodes[0].o.Store = w.store.Records()
	if err := w.good(0, a.Access); err != nil {
		t.Error(err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m memory
	m.init()
	token := func(text string) *ownToken {
		return &ownToken{caller: &pipeline.Caller{Jwt: &apim.Jwt{Raw: text}}}
	}
	kept := token("kept")
	m.put("kept", kept)
	for i := range 20 {
		text := strings.Repeat(string(rune('a'+i)), memoryHalf/16)
		m.put(text, token(text))
		if m.get("kept") != kept {
			t.Fatal("what is used is forgotten")
		}
		size := 0
		for _, half := range []map[string]*ownToken{m.young, m.old} {
			for text := range half {
				size += 4 * len(text)
			}
		}
		if size > 2*memoryHalf {
			t.Fatalf("%d bytes are remembered", size)
		}
	}
	if m.get(strings.Repeat("a", memoryHalf/16)) != nil {
		t.Error("what is not used is remembered")
	}
}

type brokenStore struct{ records.Store }

var errBroken = errors.New("the disk is gone")

func (brokenStore) Since(context.Context, string, time.Time) ([]*records.Record, error) {
	return nil, errBroken
}

func (brokenStore) Get(context.Context, string, string) (*records.Record, error) {
	return nil, errBroken
}

// Keys turn every 30 days, with overlap, are the same in all processes, and are published
// before they sign.
func TestKeyRotation(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	load := func(node int) *keyState {
		t.Helper()
		if err := w.nodes[node].loadKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w.nodes[node].keys.state.Load()
	}
	first := load(0)
	if len(first.keys) != 1 || first.keys[0].kid != load(1).keys[0].kid {
		t.Fatal("two processes have made keys")
	}
	w.clock.advance(keyRotation - keyLead - time.Second)
	if len(load(0).keys) != 1 {
		t.Error("a key too early")
	}
	w.clock.advance(time.Second)
	st := load(0)
	if len(st.keys) != 2 || st.signer(w.clock.now()).kid != first.keys[0].kid {
		t.Fatal("the next key is not published before it signs")
	}
	old := w.tokens(b)
	w.clock.advance(keyLead)
	// Node 1 has not looked since, and meets a token of a key that it does not know.
	a := w.tokens(b)
	if kid := load(0).signer(w.clock.now()).kid; kid == first.keys[0].kid {
		t.Fatal("the key does not turn")
	}
	if err := w.good(1, a.Access); err != nil {
		t.Errorf("a key of another process: %v", err)
	}
	if err := w.good(1, old.Access); err == nil {
		t.Error("the token of a day ago is good")
	}
	if r := b.get(w.gateway.URL + Prefix + "jwks"); !strings.Contains(r.body, first.keys[0].kid) || strings.Contains(r.body, `"d"`) {
		t.Errorf("the key set is %s", r.body)
	}
	w.clock.advance(maxAccessToken + 2*time.Hour)
	if st = load(0); len(st.keys) != 1 || st.keys[0].kid == first.keys[0].kid {
		t.Error("the old key stays")
	}
	// Nobody was here for long.
	w.clock.advance(10 * keyRotation)
	if st = load(1); len(st.keys) != 2 || st.signer(w.clock.now()).kid != st.keys[0].kid {
		t.Error("after a long pause the next key signs unpublished")
	}
	if string(w.nodes[0].SessionKey()) != string(w.nodes[1].SessionKey()) || len(w.nodes[0].SessionKey()) != 32 {
		t.Error("the session keys differ")
	}
}

func TestNotConfigured(t *testing.T) {
	w := newWorld(t)
	s, err := New(w.nodes[0].o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var te *TokenError
	if _, err := s.Verify(t.Context(), "x", nil); !errors.As(err, &te) || !te.Unavailable || s.Handler(wellKnownOAuth) != nil || s.Issuer() != "" {
		t.Error("a server that is not configured answers")
	}
	c := w.config
	c.Issuer = ""
	if err := s.Configure(t.Context(), c); err != nil || s.Handler(wellKnownOAuth) != nil {
		t.Errorf("without its URL: %v", err)
	}
	if err := s.Configure(t.Context(), w.config); err != nil || s.Issuer() != w.gateway.URL {
		t.Errorf("with its URL: %v", err)
	}
}

func TestCheck(t *testing.T) {
	w := newWorld(t)
	if errs := Check(w.config); len(errs) > 0 {
		t.Fatal(errs)
	}
	for name, change := range map[string]func(c *Config){
		"http issuer": func(c *Config) { c.Issuer = "http://gw.example" }, "issuer with a slash": func(c *Config) { c.Issuer = "https://gw.example/" },
		"issuer with a query": func(c *Config) { c.Issuer = "https://gw.example?x" }, "issuer is none": func(c *Config) { c.Issuer = "gw" },
		"no provider": func(c *Config) { c.Provider.Issuer = "" }, "no client id": func(c *Config) { c.Provider.ClientID = "" },
		"no openid": func(c *Config) { c.Provider.Scopes = []string{"profile"} }, "scope with a space": func(c *Config) { c.Scopes = []Scope{{Name: "a b"}} },
		"scope twice": func(c *Config) { c.Scopes = []Scope{{Name: "a"}, {Name: "a"}} }, "standard scope": func(c *Config) { c.Scopes = []Scope{{Name: "openid"}} },
		"unknown default": func(c *Config) { c.DefaultScopes = []string{"x"} }, "our claim": func(c *Config) { c.Claims = []string{"aud"} },
		"resource is none": func(c *Config) { c.Resources = []Resource{{ID: "x"}} }, "resource twice": func(c *Config) { c.Resources = append(c.Resources, c.Resources[0]) },
		"long access tokens": func(c *Config) { c.AccessToken = 25 * time.Hour }, "negative": func(c *Config) { c.Code = -1 }, "long codes": func(c *Config) { c.Code = time.Hour },
		"short secret": func(c *Config) {
			c.Clients.Static = slices.Clone(c.Clients.Static)
			c.Clients.Static[2].Secret = "short"
		},
	} {
		c := w.config
		if change(&c); len(Check(c)) == 0 {
			t.Errorf("%s: nothing is wrong", name)
		} else if w.nodes[0].Configure(t.Context(), c) == nil {
			t.Errorf("%s: it counts", name)
		}
	}
	if w.nodes[0].Issuer() != w.gateway.URL {
		t.Error("what is wrong has changed something")
	}
}
