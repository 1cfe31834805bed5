package assembly

import (
	"strings"
	"testing"
	"testing/fstest"

	"sekisho/engine/gateway"
	"sekisho/engine/source"
)

// TestProvidersAreChecked: what the credential manager would refuse is said at load, at
// the provider's place.
func TestProvidersAreChecked(t *testing.T) {
	f := func(provider, want string) {
		t.Helper()
		s := Setup(Options{})
		s.Folder = fstest.MapFS{"gateway.yaml": {Data: []byte("credentialManager:\n  providers:\n    p: " + provider + "\n")}}
		var diags source.List
		gateway.Check(s, &diags)
		var b strings.Builder
		for _, d := range diags.Sorted() {
			b.WriteString(d.Message + " / " + d.Hint)
			if line := d.Range.Pos().Line; line != 3 {
				t.Errorf("%s: at line %d", provider, line)
			}
		}
		if got := b.String(); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", provider, got, want)
		}
	}
	f("{identityProvider: github, settings: {clientId: a, clientSecret: b, scopes: repo}}", "")
	f("{identityProvider: githup, settings: {clientId: a, clientSecret: b}}", `did you mean "github"?`)
	f("{identityProvider: oauth2, settings: {clientId: a, clientSecret: b}, connections: {c: {}}}", "authorizationUrl")
	f("{identityProvider: oauth2, settings: {authorizationUrl: 'https://a.example/x', tokenUrl: 'https://a.example/y'}, connections: {c: {}}}", "clientId")
}
