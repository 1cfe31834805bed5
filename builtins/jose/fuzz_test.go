package jose

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"sekisho/engine/dotnet/apim"
)

// FuzzFront feeds the reader of tokens. What it lets through must be what it seems: in
// compact form, and the same to encoding/json.
func FuzzFront(f *testing.F) {
	for _, s := range []string{
		"", ".", "..", "....", b64(`{"alg":"RS256","kid":"a"}`) + "." + b64(`{"iss":"x","exp":1}`) + ".AAAA",
		b64(`{"alg":"none"}`) + "." + b64(`{}`) + ".", b64(`{"alg":"dir","enc":"A128GCM"}`) + "..AAAA.AAAA.AAAA",
		b64(`{"alg":"RS256","a":{"b":[1,{"c":"\u0041"}]}}`) + "." + b64(`{"aud":["a"]}`) + ".AA",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		parts, err := segments(token, 16<<10)
		if err != nil {
			return
		}
		if len(parts) == 5 {
			_, _ = decrypt(token, parts, nil)
			return
		}
		s, err := parseSigned(token, parts, newHeaders())
		if err != nil {
			return
		}
		if strings.ContainsAny(token, " \r\n=+/") || s.alg == "" || len(s.kid) > maxKeyID {
			t.Errorf("let through")
		}
		header, err := base64.RawURLEncoding.DecodeString(parts[0])
		var h struct {
			Alg *string
			Kid *string
		}
		if err != nil || json.Unmarshal(header, &h) != nil {
			t.Errorf("another reader cannot read it")
		}
		_, _ = checkClaims(s.payload)
	})
}

// FuzzObject compares the strict reader of JSON with encoding/json.
func FuzzObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":1,"a":2}`, `{"a":{"b":[1,2,{"c":null}]}}`, `{"\u0061":1,"a":2}`, "{\"a\":\"\xff\"}", ` {"a":"\"}"} `, `{"a":[[[]]]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := parseObject(string(data))
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if !utf8.Valid(data) || json.Unmarshal(data, &want) != nil || len(want) != len(o) {
			t.Fatalf("%d members, encoding/json has %d", len(o), len(want))
		}
		for _, m := range o {
			if m.value != string(want[m.name]) {
				t.Errorf("a member has another value")
			}
		}
	})
}

// FuzzJwt compares what is made of claims that were read here with apim.ParseJwt, which reads
// the token by itself.
func FuzzJwt(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"aud":"a","exp":1}`, `{"aud":["a","b"],"nbf":0,"iat":1.5,"exp":1e9,"n":null,"o":{"x": [1, 2]},"e":[]}`,
		`{"iss":"\u0061\ud800","sub":"é","jti":"\"","a":[[ 1 ],{"b":"\n"},"\u00e9",true],"exp":100000000000}`,
		` { "exp" : 0123 , "a" : -0.0 } `, `{"exp":123456789012345,"iat":999999999999999,"nbf":0.5}`,
		`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":13,"n":14,"o":15,"p":16,"q":17}`,
	} {
		f.Add(`{"alg":"none","typ":"JWT"}`, s)
	}
	f.Fuzz(func(t *testing.T, header, payload string) {
		token := b64(header) + "." + b64(payload) + "."
		parts, err := segments(token, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseSigned(token, parts, newHeaders())
		if err != nil {
			return
		}
		claims, err := checkClaims(s.payload)
		if err != nil {
			return
		}
		if got, want := s.jwt(token, claims), apim.ParseJwt(token); want == nil || !reflect.DeepEqual(shown(got), shown(want)) {
			t.Errorf("got %+v, want %+v", shown(got), shown(want))
		}
	})
}

// shown is all that an expression can see of a token.
func shown(j *apim.Jwt) any {
	var claims []any
	j.Claims.Each(func(name string, values []string) bool {
		claims = append(claims, name, values, values == nil)
		return true
	})
	return []any{j.Algorithm, j.Type, j.ID, j.Issuer, j.Subject, j.Audiences, j.ExpirationTime, j.IssuedAt, j.NotBefore, j.Raw, claims}
}
