package builtins

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/jose"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// TestClaimsUnderAttack has tokens with a good signature whose claims must not pass: times at
// their edges, and names that are nearly right.
func TestClaimsUnderAttack(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tokens, err := jose.New(jose.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer tokens.Close()
	key := []byte("0123456789abcdef0123456789abcdef")
	p := compile(t, `<validate-jwt header-name="Authorization" clock-skew="30">
		<issuer-signing-keys><key>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</key></issuer-signing-keys>
		<audiences><audience>api://shop</audience></audiences>
		<issuers><issuer>https://login.test/</issuer></issuers>
		<required-claims>
			<claim name="scp" separator=" "><value>read</value></claim>
			<claim name="roles" match="any"><value>user</value><value>true</value></claim>
		</required-claims>
	</validate-jwt>`)
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	const audience, issuer, expired, invalid, missing, value = "TokenAudienceNotAllowed", "TokenIssuerNotAllowed", "TokenExpired", "JwtInvalid", "TokenClaimNotFound", "TokenClaimValueNotAllowed"
	type claims map[string]any
	for _, c := range []struct {
		name   string
		change claims // nil removes a claim
		want   string
	}{
		{"good", claims{}, ""},
		{"audience in an array", claims{"aud": []string{"a", "api://shop"}}, ""},
		{"no audience", claims{"aud": nil}, audience},
		{"empty audience", claims{"aud": ""}, audience},
		{"no audiences", claims{"aud": []string{}}, audience},
		{"part of the audience", claims{"aud": "api://sho"}, audience},
		{"more than the audience", claims{"aud": "api://shop2"}, audience},
		{"audiences in one text", claims{"aud": "api://shop api://other"}, audience},
		{"audience in another case", claims{"aud": "API://shop"}, audience},
		{"audience with a blank", claims{"aud": " api://shop"}, audience},
		{"audience with a zero", claims{"aud": "api://shop\x00"}, audience},
		{"no issuer", claims{"iss": nil}, issuer},
		{"empty issuer", claims{"iss": ""}, issuer},
		{"issuer without its slash", claims{"iss": "https://login.test"}, issuer},
		{"issuer with a letter that looks alike", claims{"iss": "https://l\u043egin.test/"}, issuer},
		{"issuer in another normal form", claims{"iss": "https://LOGIN.test/"}, issuer},
		{"issuer with a path", claims{"iss": "https://login.test/other"}, issuer},
		{"expired, within the skew", claims{"exp": at(-29 * time.Second)}, ""},
		{"expired, at the skew", claims{"exp": at(-30 * time.Second)}, expired},
		{"expired", claims{"exp": at(-time.Hour)}, expired},
		{"expired at the epoch", claims{"exp": 0}, expired},
		{"never expires", claims{"exp": nil}, invalid},
		{"expires after the year 9999", claims{"exp": 1e15}, invalid},
		{"expires by a text", claims{"exp": "1800000000"}, invalid},
		{"not yet, within the skew", claims{"nbf": at(30 * time.Second)}, ""},
		{"not yet", claims{"nbf": at(31 * time.Second)}, invalid},
		{"issued a little in the future", claims{"iat": at(5*time.Minute + 30*time.Second)}, ""},
		{"issued in the future", claims{"iat": at(5*time.Minute + 31*time.Second)}, invalid},
		{"no scope", claims{"scp": nil}, missing},
		{"part of a scope", claims{"scp": "read2 reader"}, value},
		{"scope with another separator", claims{"scp": "write,read"}, value},
		{"role as a boolean", claims{"roles": true}, ""},
		{"role in an object", claims{"roles": map[string]any{"user": true}}, value},
		{"role in another case", claims{"roles": "User"}, value},
		{"roles in one text", claims{"roles": "admin user"}, value},
		{"no roles", claims{"roles": []string{}}, value},
		{"null for a role", claims{"roles": []any{nil}}, value},
		{"claim in another case", claims{"roles": nil, "Roles": "user"}, missing},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := claims{"iss": "https://login.test/", "aud": "api://shop", "exp": at(time.Hour), "scp": "write read", "roles": []string{"user"}}
			for name, v := range c.change {
				if all[name] = v; v == nil {
					delete(all, name)
				}
			}
			token, err := jose.Sign(all, key, "", "JWT")
			if err != nil {
				t.Fatal(err)
			}
			x := pipeline.NewExchange(&pipeline.Services{Now: func() time.Time { return now }, Tokens: tokens}, 1<<20)
			defer x.Release()
			x.Context = context.Background()
			x.Route = &pipeline.Route{API: &apim.API{}, Operation: &apim.Operation{}, Deployment: &apim.Deployment{}}
			x.Request.Header.Add("Authorization", "Bearer "+token)
			for range 2 { // the second time it is remembered
				got := ""
				var f *pipeline.Fault
				if err := p.Run(x); errors.As(err, &f) {
					got = f.Reason
					if f.Status != 401 || strings.Contains(f.Error(), token) {
						t.Errorf("the fault is %v", f)
					}
				} else if err != nil {
					t.Fatal(err)
				}
				if got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}
		})
	}
}

// TestSchemes takes the scheme off, and no more than that.
func TestSchemes(t *testing.T) {
	for value, want := range map[string]string{
		"Bearer a.b.c": "a.b.c", "bearer a.b.c": "a.b.c", "Bearer   a.b.c ": "a.b.c", "a.b.c": "", "Bearer": "", "": "",
		"Basic a.b.c": "", "Bearer a.b.c, Bearer d.e.f": "a.b.c, Bearer d.e.f", "Bearera.b.c": "", "Bearer\ta.b.c": "",
	} {
		got, err := withoutScheme(value, "Bearer")
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v", value, got, err)
		}
	}
	if got, err := withoutScheme("DPoP a.b.c", ""); got != "a.b.c" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := withoutScheme("a.b.c", ""); got != "a.b.c" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
