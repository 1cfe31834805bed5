package apim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// Jwt is APIM's Jwt: a token that has been read, whether or not anybody has
// checked its signature. Empty strings read as null.
type Jwt struct {
	Algorithm, Type          string // of the header
	ID, Issuer, Subject      string
	Audiences                []string
	Claims                   *Claims
	ExpirationTime, IssuedAt *clr.DateTime
	NotBefore                *clr.DateTime
	Raw                      string // header.payload.signature

	dates [3]clr.DateTime // that the pointers above point to
}

// Claims are the claims of a token in their order, each with its values as text;
// they implement MultiValues.
type Claims struct {
	names  []string
	lists  [][]string
	values []string       // that the lists are of
	index  map[string]int // of many claims
}

// NewClaims is no claims, with room for n.
func NewClaims(n int) *Claims {
	texts := make([]string, 2*n)
	return &Claims{names: texts[:0:n], lists: make([][]string, 0, n), values: texts[n:n]}
}

// manyClaims is from how many claims on they are found by an index.
const manyClaims = 16

// Authorization is what get-authorization-context leaves in a variable.
type Authorization struct {
	AccessToken string
	Claims      Variables
}

// BasicCredentials is APIM's BasicAuthCredentials.
type BasicCredentials struct{ UserID, Password string }

// maxToken bounds what is read as a token, in bytes.
const maxToken = 256 << 10

// ParseJwt reads a token without checking its signature; a scheme ("Bearer") may
// stand before it. nil means that it is no token.
func ParseJwt(s string) *Jwt {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, ' '); i >= 0 {
		s = strings.TrimSpace(s[i+1:])
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 || len(s) > maxToken {
		return nil
	}
	header, ok := segment(parts[0])
	if !ok {
		return nil
	}
	payload, ok := segment(parts[1])
	if !ok {
		return nil
	}
	if _, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[2], "=")); err != nil {
		return nil
	}
	return NewJwt(s, header.first("alg"), header.first("typ"), payload)
}

// NewJwt is a token that somebody else has read: ParseJwt of raw is the same.
func NewJwt(raw, algorithm, typ string, payload *Claims) *Jwt {
	j := &Jwt{
		Algorithm: algorithm, Type: typ,
		ID: payload.first("jti"), Issuer: payload.first("iss"), Subject: payload.first("sub"),
		Claims: payload, Raw: raw,
	}
	j.Audiences, _ = payload.Lookup("aud")
	for i, d := range [...]struct {
		name string
		to   **clr.DateTime
	}{{"exp", &j.ExpirationTime}, {"iat", &j.IssuedAt}, {"nbf", &j.NotBefore}} {
		var ok bool
		if j.dates[i], ok = payload.date(d.name); ok {
			*d.to = &j.dates[i]
		}
	}
	return j
}

// ParseBasic reads the value of an Authorization header of the scheme Basic; nil
// means that it is none.
func ParseBasic(s string) *BasicCredentials {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(s), " ")
	if !ok || !strings.EqualFold(scheme, "Basic") {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	if err != nil || !utf8.Valid(b) {
		return nil
	}
	user, password, ok := strings.Cut(string(b), ":")
	if !ok {
		return nil
	}
	return &BasicCredentials{UserID: user, Password: password}
}

// segment decodes a part of a token: a JSON object in base64url.
func segment(s string) (*Claims, bool) {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	c := &Claims{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, false
		}
		var raw json.RawMessage
		if dec.Decode(&raw) != nil {
			return nil, false
		}
		c.Add(name.(string), string(raw))
	}
	if _, err := dec.Token(); err != nil || dec.More() {
		return nil, false
	}
	return c, true
}

// Add puts a claim's values behind those that it has. Its value is well-formed JSON without
// space around it, in UTF-8; text in it is not copied.
func (c *Claims) Add(name, value string) {
	from := len(c.values)
	if value[0] == '[' {
		c.addItems(value)
	} else {
		c.values = append(c.values, claimText(value))
	}
	values := c.values[from:len(c.values):len(c.values)]
	if values == nil {
		values = []string{} // a claim of no values is there
	}
	if i := c.find(name); i >= 0 {
		c.lists[i] = append(c.lists[i], values...)
		return
	}
	c.names = append(c.names, name)
	c.lists = append(c.lists, values)
	switch n := len(c.names); {
	case n == manyClaims:
		c.index = map[string]int{}
		for i, have := range c.names {
			c.index[have] = i
		}
	case n > manyClaims:
		c.index[name] = n - 1
	}
}

// addItems adds the items of an array to the values.
func (c *Claims) addItems(array string) {
	var list []json.RawMessage
	if json.Unmarshal([]byte(array), &list) != nil {
		c.values = append(c.values, claimText(array))
		return
	}
	for _, v := range list {
		c.values = append(c.values, claimText(string(v)))
	}
}

// find is where a claim stands, -1 if there is none.
func (c *Claims) find(name string) int {
	if c.index != nil {
		if i, ok := c.index[name]; ok {
			return i
		}
		return -1
	}
	return slices.Index(c.names, name)
}

// claimText is a string itself, null as "", anything else as compact JSON.
func claimText(raw string) string {
	switch raw[0] {
	case '"':
		if inner := raw[1 : len(raw)-1]; strings.IndexByte(inner, '\\') < 0 && utf8.ValidString(inner) {
			return inner
		}
		return unescaped(raw)
	case 'n':
		return ""
	case '{', '[':
		return compact(raw)
	}
	return raw
}

// These are by themselves since what they decode to is allocated, used or not.

func unescaped(raw string) (s string) {
	_ = json.Unmarshal([]byte(raw), &s) // it has been read already
	return s
}

func compact(raw string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(raw)) != nil {
		return raw
	}
	return b.String()
}

func (c *Claims) first(name string) string {
	if v, _ := c.Lookup(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// date reads a NumericDate: seconds since 1970, possibly with a fraction.
func (c *Claims) date(name string) (d clr.DateTime, ok bool) {
	f, ok := number(c.first(name))
	if !ok {
		return d, false
	}
	const latest = 253402300799 // the end of the year 9999
	f = max(-62135596800, min(f, latest))
	return clr.DateTimeOf(time.Unix(int64(f), 0).UTC()), true
}

// number reads a number of JSON.
func number(s string) (f float64, ok bool) {
	if s == "" {
		return 0, false
	}
	if len(s) <= 15 && s[0] != '0' {
		n := int64(0)
		for i := 0; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
			if n = n*10 + int64(s[i]-'0'); i == len(s)-1 {
				return float64(n), true // as dates usually are
			}
		}
	}
	return decodedNumber(s)
}

func decodedNumber(s string) (f float64, ok bool) {
	if json.Unmarshal([]byte(s), &f) != nil || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}

// Lookup implements MultiValues.
func (c *Claims) Lookup(name string) ([]string, bool) {
	if i := c.find(name); i >= 0 {
		return c.lists[i], true
	}
	return nil, false
}

// Len implements MultiValues.
func (c *Claims) Len() int { return len(c.names) }

// Each implements MultiValues.
func (c *Claims) Each(f func(name string, values []string) bool) {
	for i, name := range c.names {
		if !f(name, c.lists[i]) {
			return
		}
	}
}
