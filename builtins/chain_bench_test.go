package builtins

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"testing"
	"time"

	"sekisho/builtins/jose"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/memory"
	"sekisho/engine/pipeline"
)

// oneToken is an Identities that has a token already.
type oneToken string

func (o oneToken) Token(context.Context, string, string) (string, error) { return string(o), nil }

const headerFromExpression = `<set-header name="X-Id" exists-action="override">
	<value>@(context.Request.Headers.GetValueOrDefault("X-Request-Id", "none") + "-v1")</value>
</set-header>`

// typicalChain takes n and e of the key that has signed.
const typicalChain = `
<rate-limit-by-key calls="100000000" renewal-period="60" counter-key="@(context.Subscription.Id)" />
<validate-jwt header-name="Authorization" require-scheme="Bearer" output-token-variable-name="jwt">
	<issuer-signing-keys><key id="bench" n="%s" e="%s" /></issuer-signing-keys>
	<audiences><audience>api://shop</audience></audiences>
	<issuers><issuer>https://issuer.example.com/</issuer></issuers>
</validate-jwt>
<set-header name="X-Caller" exists-action="override">
	<value>@(((Jwt)context.Variables["jwt"]).Subject + " for " + context.Product.Name)</value>
</set-header>
<authentication-managed-identity resource="https://orders.example.com" />`

// chain runs policies over an Exchange leased for each request, as the gateway does.
type chain struct {
	services *pipeline.Services
	route    *pipeline.Route
	policies *pipeline.Pipeline
	tokens   []string // of Authorization, one after the other; none for no header
	turn     int
}

func newChain(t testing.TB, tokens int) *chain {
	verifier, err := jose.New(jose.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Close)
	c := &chain{
		services: &pipeline.Services{Now: time.Now, Tokens: verifier, Counters: memory.NewCounters(100_000), Identities: oneToken("identity-token")},
		route:    &pipeline.Route{API: &apim.API{}, Operation: &apim.Operation{}, Deployment: &apim.Deployment{}},
	}
	if tokens == 0 {
		c.policies = compile(t, headerFromExpression)
		return c
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	c.policies = compile(t, fmt.Sprintf(typicalChain, encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes())))
	now := time.Now()
	for i := range tokens {
		token, err := jose.Sign(map[string]any{
			"sub": fmt.Sprintf("user-%d", i), "aud": "api://shop", "iss": "https://issuer.example.com/",
			"iat": now.Unix(), "exp": now.Add(24 * time.Hour).Unix(), "scope": "orders.read",
		}, key, "", "bench")
		if err != nil {
			t.Fatal(err)
		}
		c.tokens = append(c.tokens, "Bearer "+token)
	}
	return c
}

var (
	chainSubscription = &apim.Subscription{ID: "bench", Name: "bench"}
	chainProduct      = &apim.Product{ID: "starter", Name: "starter"}
)

func (c *chain) request(t testing.TB) {
	x := pipeline.NewExchange(c.services, 1<<20)
	x.Context = context.Background()
	x.Start = c.services.Now()
	x.Route, x.Subscription, x.Product = c.route, chainSubscription, chainProduct
	h := &x.Request.Header
	h.Add("Host", "127.0.0.1:8080")
	h.Add("User-Agent", "bench")
	h.Add("Accept", "application/json")
	h.Add("X-Request-Id", "r-4711")
	if len(c.tokens) > 0 {
		h.Add("Ocp-Apim-Subscription-Key", "bench-subscription-key")
		h.Add("Authorization", c.tokens[c.turn])
		if c.turn++; c.turn == len(c.tokens) {
			c.turn = 0
		}
	}
	if err := c.policies.Run(x); err != nil {
		t.Fatal(err)
	}
	x.Release()
}

// BenchmarkPolicies is what policies add to a request: bare has none.
func BenchmarkPolicies(b *testing.B) {
	for _, row := range []struct {
		name   string
		tokens int
	}{{"bare", 0}, {"header", 0}, {"chain", 1000}} {
		b.Run(row.name, func(b *testing.B) {
			c := newChain(b, row.tokens)
			if row.name == "bare" {
				c.policies = new(pipeline.Pipeline)
			}
			for range 3 * max(row.tokens, 1) {
				c.request(b)
			}
			b.ReportAllocs()
			for b.Loop() {
				c.request(b)
			}
		})
	}
}
