package jose

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

// clock stands until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// document is what an issuer answers under a URL.
type document struct {
	status int
	header []pipeline.Field
	body   string
}

// issuer is a Transport behind which issuers publish what they have.
type issuer struct {
	mu     sync.Mutex
	serves map[string]document
	asked  map[string]int
	held   chan struct{} // not nil: nobody is answered until it is closed
	fails  error
}

func newIssuer() *issuer { return &issuer{serves: map[string]document{}, asked: map[string]int{}} }

const issuerURL = "https://login.test/.well-known/openid-configuration"

// publish makes a configuration and the keys that it names available.
func (i *issuer) publish(t testing.TB, url, name string, keys ...pipeline.TokenKey) {
	t.Helper()
	set, err := JWKS(keys...)
	if err != nil {
		t.Fatal(err)
	}
	i.put(url, document{status: 200, body: `{"issuer":"` + name + `","jwks_uri":"` + url + `/keys"}`})
	i.put(url+"/keys", document{status: 200, body: string(set)})
}

func (i *issuer) put(url string, d document) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.serves[url] = d
}

func (i *issuer) count(url string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked[url]
}

func (i *issuer) total() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := 0
	for _, asked := range i.asked {
		n += asked
	}
	return n
}

func (i *issuer) hold(c chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.held = c
}

func (i *issuer) fail(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fails = err
}

// Send implements pipeline.Transport.
func (i *issuer) Send(ctx context.Context, r *pipeline.Request, o pipeline.SendOptions) (*pipeline.Response, error) {
	u := r.URL.String()
	i.mu.Lock()
	i.asked[u]++
	d, held, fails := i.serves[u], i.held, i.fails
	i.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if fails != nil {
		return nil, fails
	}
	resp := pipeline.NewResponse(o.BodyLimit)
	resp.Status = d.status
	if d.status == 0 {
		resp.Status = 404
	}
	for _, h := range d.header {
		resp.Header.Add(h.Name, h.Value)
	}
	resp.Body.SetBytes([]byte(d.body))
	return resp, nil
}

// world is a Tokens with its surroundings.
type world struct {
	*Tokens
	issuer *issuer
	clock  *clock
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	w := &world{issuer: newIssuer(), clock: &clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
	o := Options{Transport: w.issuer, Now: w.clock.now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Limits: DefaultLimits()}
	for _, f := range change {
		f(&o)
	}
	var err error
	if w.Tokens, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

var (
	rsaOnce = sync.OnceValue(func() *rsa.PrivateKey { return generateRSA(2048) })
	rsaTwo  = sync.OnceValue(func() *rsa.PrivateKey { return generateRSA(2048) })
	ecOnce  = sync.OnceValue(func() *ecdsa.PrivateKey { return generateEC(elliptic.P256()) })
)

func generateRSA(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func generateEC(c elliptic.Curve) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// raw signs a header and claims as they are, which Sign would not make.
func raw(t testing.TB, alg, header, claims string, key any) string {
	t.Helper()
	return rawSegments(t, alg, b64(header)+"."+b64(claims), key)
}

func rawSegments(t testing.TB, alg, input string, key any) string {
	t.Helper()
	s, err := computeSignature(key, alg, []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(s)
}

// claims of a token that is good for an hour.
func goodClaims(w *world, iss string) map[string]any {
	now := w.clock.now()
	return map[string]any{"iss": iss, "sub": "somebody", "aud": "api://shop", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
}

func text(t testing.TB, claims any) string {
	t.Helper()
	b, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mustSign(t testing.TB, claims, key any, kid string) string {
	t.Helper()
	token, err := Sign(claims, key, kid, "JWT")
	if err != nil {
		t.Fatal(err)
	}
	return token
}
