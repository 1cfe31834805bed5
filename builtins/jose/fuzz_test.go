package jose

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
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
