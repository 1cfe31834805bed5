package apim

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
)

func encoded(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestParseJwt(t *testing.T) {
	token := func(header, payload string) string { return encoded(header) + "." + encoded(payload) + ".c2ln" }
	good := token(`{"alg":"RS256","typ":"JWT"}`, `{"sub":"s","aud":["a","b"],"nbf":0,"iat":1.5,"exp":1e30,"n":null,"o":{"x": 1}}`)
	for _, c := range []struct {
		name, in string
		ok       bool
	}{
		{"token", good, true},
		{"scheme", "Bearer " + good, true},
		{"spaces", "  bearer   " + good + "  ", true},
		{"no signature", encoded(`{"alg":"none"}`) + "." + encoded(`{}`) + ".", true},
		{"empty", "", false},
		{"two parts", "a.b", false},
		{"five parts", good + ".x.y", false},
		{"no JSON", encoded("x") + "." + encoded(`{}`) + ".", false},
		{"array", token(`[]`, `{}`), false},
		{"more behind", token(`{}{}`, `{}`), false},
		{"cut off", token(`{`, `{}`), false},
		{"no base64", "!." + encoded(`{}`) + ".", false},
		{"signature no base64", encoded(`{}`) + "." + encoded(`{}`) + ".!", false},
		{"too large", strings.Repeat("a", maxToken) + "..", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ParseJwt(c.in) != nil; got != c.ok {
				t.Errorf("a token: %v, want %v", got, c.ok)
			}
		})
	}

	j := ParseJwt(good)
	if j.Algorithm != "RS256" || j.Type != "JWT" || j.Subject != "s" || strings.Join(j.Audiences, ",") != "a,b" || j.Raw != good {
		t.Errorf("got %+v", j)
	}
	for _, c := range []struct{ what, got, want string }{
		{"nbf", j.NotBefore.Format("o"), "1970-01-01T00:00:00.0000000Z"},
		{"iat", j.IssuedAt.Format("o"), "1970-01-01T00:00:01.0000000Z"},
		{"exp", j.ExpirationTime.Format("yyyy"), "9999"},
		{"n", j.Claims.first("n"), ""},
		{"o", j.Claims.first("o"), `{"x":1}`},
	} {
		if c.got != c.want {
			t.Errorf("%s is %q, want %q", c.what, c.got, c.want)
		}
	}
}

// Names are found among few claims and among many.
func TestManyClaims(t *testing.T) {
	for _, n := range []int{1, manyClaims - 1, manyClaims, manyClaims + 1, 3000} {
		var b strings.Builder
		for i := range n {
			b.WriteString(`"c` + strconv.Itoa(i) + `":` + strconv.Itoa(i) + `,`)
		}
		j := ParseJwt(encoded(`{}`) + "." + encoded(`{`+b.String()+`"c0":"again"}`) + ".")
		if j.Claims.Len() != n {
			t.Fatalf("%d claims of %d", j.Claims.Len(), n)
		}
		if v, _ := j.Claims.Lookup("c0"); strings.Join(v, ",") != "0,again" {
			t.Errorf("of %d, c0 is %v", n, v)
		}
		if last := "c" + strconv.Itoa(n-1); n > 1 && j.Claims.first(last) != strconv.Itoa(n-1) {
			t.Errorf("of %d, %s is %q", n, last, j.Claims.first(last))
		}
		if _, ok := j.Claims.Lookup("zz"); ok {
			t.Error("a claim that is not there is found")
		}
	}
}

func TestParseBasic(t *testing.T) {
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		in             string
		user, password string
		ok             bool
	}{
		{basic("u:p"), "u", "p", true},
		{basic("u:p:q"), "u", "p:q", true},
		{"bAsIc  " + base64.StdEncoding.EncodeToString([]byte(":")), "", "", true},
		{basic("no colon"), "", "", false},
		{basic("\xff:x"), "", "", false},
		{"Basic !!", "", "", false},
		{"Bearer dTpw", "", "", false},
		{"Basic", "", "", false},
	} {
		got := ParseBasic(c.in)
		if (got != nil) != c.ok || got != nil && *got != (BasicCredentials{c.user, c.password}) {
			t.Errorf("%q gave %v", c.in, got)
		}
	}
}

func FuzzParseJwt(f *testing.F) {
	f.Add(`{"alg":"none"}`, `{"aud":["a",1,{}],"exp":-1e400}`)
	f.Add(`{"a":"\ud800"}`, strings.Repeat(`{"a":`, 20000))
	f.Fuzz(func(t *testing.T, header, payload string) {
		j := ParseJwt(encoded(header) + "." + encoded(payload) + ".")
		if j == nil {
			return
		}
		n := 0
		j.Claims.Each(func(name string, values []string) bool {
			if have, ok := j.Claims.Lookup(name); !ok || len(have) != len(values) {
				t.Errorf("%q is not found", name)
			}
			n++
			return true
		})
		if n != j.Claims.Len() {
			t.Errorf("%d claims of %d", n, j.Claims.Len())
		}
	})
}
