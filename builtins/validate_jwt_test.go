package builtins

import (
	"context"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/jose"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// tokenExchange is an Exchange with a token that the inline key has signed, and a Tokens
// that verifies it.
func tokenExchange(t testing.TB) *pipeline.Exchange {
	t.Helper()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tokens, err := jose.New(jose.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tokens.Close)
	token, err := jose.Sign(map[string]any{"aud": "api://shop", "roles": []string{"a", "b"}, "exp": now.Add(time.Hour).Unix()}, []byte("0123456789abcdef0123456789abcdef"), "", "")
	if err != nil {
		t.Fatal(err)
	}
	x := pipeline.NewExchange(&pipeline.Services{Now: func() time.Time { return now }, Tokens: tokens}, 1<<20)
	x.Context = context.Background()
	x.Route = &pipeline.Route{API: &apim.API{}, Operation: &apim.Operation{}, Deployment: &apim.Deployment{}}
	x.Request.Header.Add("Authorization", "Bearer "+token)
	return x
}

const guarded = `<validate-jwt header-name="Authorization" require-scheme="Bearer">
	<issuer-signing-keys><key>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</key></issuer-signing-keys>
	<audiences><audience>api://shop</audience></audiences>
	<required-claims><claim name="roles" match="any"><value>b</value></claim></required-claims>
</validate-jwt>`

// TestValidateJWTAllocates: a token that is known costs nothing.
func TestValidateJWTAllocates(t *testing.T) {
	x := tokenExchange(t)
	defer x.Release()
	p := compile(t, guarded)
	n := testing.AllocsPerRun(200, func() {
		if err := p.Run(x); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// TestAcceptanceIsBounded: that a policy has accepted a token before says nothing of another
// policy, nor of a time at which the token is over, or is not good yet.
func TestAcceptanceIsBounded(t *testing.T) {
	x := tokenExchange(t)
	defer x.Release()
	p := compile(t, guarded)
	other := compile(t, strings.Replace(guarded, "<value>b</value>", "<value>c</value>", 1))
	begun := x.Services.Now()
	for _, tt := range []struct {
		after time.Duration
		good  bool
	}{
		{0, true}, {0, true}, {59 * time.Minute, true}, {time.Hour - time.Second, true},
		{time.Hour + time.Second, false}, {2 * time.Hour, false}, {30 * time.Minute, true},
	} {
		x.Services.Now = func() time.Time { return begun.Add(tt.after) }
		if err := p.Run(x); (err == nil) != tt.good {
			t.Errorf("%v later: %v", tt.after, err)
		}
		if other.Run(x) == nil {
			t.Errorf("%v later a policy that wants another role accepts the token", tt.after)
		}
	}
}

// TestKeysAreMadeOnce: equal keys are the same TokenKeys, also those that are computed, and
// those of another folder are others.
func TestKeysAreMadeOnce(t *testing.T) {
	x := tokenExchange(t)
	defer x.Release()
	url := pipeline.Lit("https://a.test/")
	for _, computed := range []bool{false, true} {
		k := &jwtKeys{openID: []*openIDConfig{{URL: url}}, computed: computed}
		get := func(signed bool) *pipeline.TokenKeys {
			t.Helper()
			keys, err := k.get(x, signed)
			if err != nil {
				t.Fatal(err)
			}
			return keys
		}
		signed, unsigned := get(true), get(false)
		if signed != get(true) || unsigned != get(false) || signed == unsigned || signed.Unsigned || !unsigned.Unsigned {
			t.Errorf("computed %t: the keys change from request to request", computed)
		}
		x.Route = &pipeline.Route{Deployment: &apim.Deployment{}}
		if get(true) == signed {
			t.Errorf("computed %t: the keys of another folder are the same", computed)
		}
	}
}

func BenchmarkValidateJWT(b *testing.B) {
	x := tokenExchange(b)
	defer x.Release()
	p := compile(&testing.T{}, guarded)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Run(x); err != nil {
			b.Fatal(err)
		}
	}
}
