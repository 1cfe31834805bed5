package credential

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"sekisho/builtins/credential/store"
)

// FuzzRedirect: whatever is allowed leads, for whoever reads the URL, to a host and below
// a path of the list.
func FuzzRedirect(f *testing.F) {
	list := []string{"https://app.example/done", "https://app.example/below/*"}
	for _, s := range []string{"https://app.example/done", "https://app.example/below/x?y", "https://app.example/below/%2e%2e/x", "https://app.example\\@evil.example/done", "https://app.example/below/..;/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if !redirectAllowed(list, raw) {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.Host != "app.example" || u.User != nil || u.Fragment != "" {
			t.Errorf("%q is allowed", raw)
		}
		clean, err := url.JoinPath("https://app.example", u.EscapedPath())
		if err != nil || clean != "https://app.example/done" && !strings.HasPrefix(clean, "https://app.example/below/") {
			t.Errorf("%q is allowed, and leads to %q", raw, clean)
		}
	})
}

// FuzzClaims: whatever a provider has answered, its claims hold values that expressions
// know, and no refresh token.
func FuzzClaims(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":[{"refresh_token":"the-refresh-token"}],"refresh_token":"the-refresh-token"}`, `{"a":1e999,"b":null}`, `[]`, ``, `{"a":{"b":"the-refresh-token"}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, response string) {
		a := authorization(&store.Tokens{Access: store.NewSecret("a"), Refresh: store.NewSecret("the-refresh-token"), Response: store.NewSecret(response)})
		n := 0
		var names []string
		a.Claims.Each(func(name string, value any) bool {
			n++
			names = append(names, name)
			switch value.(type) {
			case nil, string, bool, int64, float64:
			default:
				t.Errorf("a claim is a %T", value)
			}
			return true
		})
		if n != a.Claims.Len() || !slices.IsSorted(names) || slices.Contains(names, "refresh_token") {
			t.Errorf("the claims are %q", names)
		}
	})
}
