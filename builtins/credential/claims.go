package credential

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"sekisho/builtins/credential/store"
	"sekisho/engine/dotnet/apim"
)

// claims are the members of a token response in the order of their names: strings,
// booleans, int64, float64 and null as they are, and what has parts as JSON text, since
// an object would be shared by all requests that change it. The refresh token is not
// among them: no policy has any use for it.
type claims struct {
	names  []string
	values map[string]any
}

var _ apim.Variables = (*claims)(nil)

// Lookup implements apim.Variables.
func (c *claims) Lookup(name string) (any, bool) {
	v, ok := c.values[name]
	return v, ok
}

// Len implements apim.Variables.
func (c *claims) Len() int { return len(c.names) }

// Each implements apim.Variables.
func (c *claims) Each(f func(name string, value any) bool) {
	for _, n := range c.names {
		if !f(n, c.values[n]) {
			return
		}
	}
}

// authorization is what a policy gets of tokens.
func authorization(t *store.Tokens) *apim.Authorization {
	c := &claims{values: map[string]any{}}
	var members map[string]json.RawMessage
	// The store returns what came from a provider as JSON; were it not, there would be no
	// claims, and the token would still be good.
	_ = json.Unmarshal([]byte(t.Response.Reveal()), &members)
	for name, raw := range members {
		if name != "refresh_token" {
			c.values[name] = plain(raw, t.Refresh.Reveal())
		}
	}
	c.names = slices.Sorted(maps.Keys(c.values))
	return &apim.Authorization{AccessToken: t.Access.Reveal(), Claims: c}
}

// plain is a member as expressions see it. A refresh token further inside, where Slack
// has a user's, is taken out, too.
func plain(raw json.RawMessage, refresh string) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64() // out of range is infinite, as in .NET
		return f
	case map[string]any, []any:
		text := string(raw)
		if refresh != "" {
			quoted, err := json.Marshal(refresh)
			if err == nil {
				text = strings.ReplaceAll(text, string(quoted), `""`)
			}
		}
		return text
	}
	return v
}
