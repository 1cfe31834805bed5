package enginetest

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/engine/assembly"
	"sekisho/engine/gateway"
)

// talkative is a token service and an OAuth provider that issues canaries, and when it
// fails says in its error all that it was sent.
func talkative(t *testing.T, failing *atomic.Bool) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/authorize" {
			u, err := url.Parse(r.URL.Query().Get("redirect_uri"))
			if err != nil {
				http.Error(w, "no", 400)
				return
			}
			u.RawQuery = url.Values{"code": {"canary-code"}, "state": {r.URL.Query().Get("state")}}.Encode()
			http.Redirect(w, r, u.String(), http.StatusSeeOther)
			return
		}
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "application/json")
		if failing.Load() {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":"invalid_grant","error_description":%q}`,
				"refused: "+r.Form.Encode()+" "+r.Header.Get("Authorization")+" "+r.Header.Get("X-IDENTITY-HEADER"))
			return
		}
		fmt.Fprint(w, `{"access_token":"canary-access-token","refresh_token":"canary-refresh-token","token_type":"Bearer","expires_in":"3600"}`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestTokensStayInside puts canaries into every token, secret and code that identities,
// connections and callers have, makes everything fail once that can, and looks for them
// in all that comes out.
func TestTokensStayInside(t *testing.T) {
	var failing atomic.Bool
	service := talkative(t, &failing)
	policy := func(inbound string) string {
		return "<policies><inbound><base />" + inbound + "</inbound><backend><base /></backend><outbound><base /></outbound>" +
			"<on-error><base /><trace source=\"test\" severity=\"error\"><message>@(context.LastError.Message + context.LastError.Reason)</message></trace></on-error></policies>"
	}
	authorize := func(attributes string) string {
		return policy(`<get-authorization-context provider-id="p" context-variable-name="auth" ` + attributes + ` />` +
			`<set-header name="Authorization" exists-action="override"><value>@("Bearer " + ((Authorization)context.Variables["auth"]).AccessToken)</value></set-header>`)
	}
	yaml := `
gateway: { mode: development }
logging: { level: debug }
identities:
  system: { source: appService, endpoint: ` + service + `/msi/token, header: canary-identity-header }
credentialManager:
  providers:
    p:
      settings: { clientId: me, clientSecret: canary-client-secret, authorizationUrl: "` + service + `/authorize", tokenUrl: "` + service + `/token", scopes: read }
      connections: { c: {} }
    machine:
      grantType: clientCredentials
      settings: { tokenUrl: "` + service + `/token", scopes: read }
      connections: { c: { parameters: { clientId: me, clientSecret: canary-machine-secret } } }
apis:
`
	for _, api := range []string{"identity", "connection", "machine", "foreign", "guarded"} {
		yaml += "  " + api + ": { path: " + api + ", serviceUrl: \"http://backend.test\", subscriptionRequired: false, policy: " + api + ".xml, operations: { get: { method: GET, urlTemplate: / } } }\n"
	}
	h := Start(t, Folder(t, map[string]string{
		"gateway.yaml":   yaml,
		"identity.xml":   policy(`<authentication-managed-identity resource="https://example.com" />`),
		"connection.xml": authorize(`authorization-id="c"`),
		"machine.xml":    strings.Replace(authorize(`authorization-id="c"`), `"p"`, `"machine"`, 1),
		"foreign.xml":    authorize(`authorization-id="c" identity-type="jwt" identity="@(context.Request.Headers.GetValueOrDefault("Authorization"))"`),
		"guarded.xml": policy(`<validate-jwt header-name="Authorization"><issuer-signing-keys><key>Y2FuYXJ5LXNpZ25pbmcta2V5LTEyMzQ1Njc4OTA=</key></issuer-signing-keys></validate-jwt>` +
			`<set-variable name="x" value="@(int.Parse(context.Request.Headers.GetValueOrDefault("Authorization")).ToString())" />`),
	}), func(o *gateway.Setup) {
		o.Env = func(string) (string, bool) { return "", false }
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{Harness: h, t: t, browser: &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}}
	key, err := os.ReadFile(filepath.Join(h.Folder, ".sekisho", assembly.AdminTokenName))
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(key))

	var seen strings.Builder
	note := func(a answer) answer {
		fmt.Fprintf(&seen, "%d %v\n%s\n", a.status, a.header, a.body)
		return a
	}
	manage := func(path string) answer {
		return s.get("http://"+h.Gateway.AdminAddress()+"/management/authorizationProviders"+path, token)
	}
	// The consent, in which code, state and secret travel.
	r, err := http.NewRequest("POST", "http://"+h.Gateway.AdminAddress()+"/management/authorizationProviders/p/authorizations/c/getLoginLinks", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	link, _ := s.send(r).member("loginLink").(string)
	note(s.press(s.get(link, ""), "", ""))
	for _, path := range []string{"/identity/", "/connection/", "/machine/"} {
		if a := note(s.gateway(path, "")); a.status != 200 {
			t.Errorf("%s: %d %s\n%s", path, a.status, a.body, h.Log)
		}
		if m, _ := h.Origin.last("backend"); m == nil || m.header.Get("Authorization") != "Bearer canary-access-token" {
			t.Errorf("%s: the backend did not get its token: %v", path, m)
		}
	}
	const caller = "eyJhbGciOiJIUzI1NiJ9.canary-payload.canary-signature"
	all := func() {
		for _, path := range []string{"/identity/", "/connection/", "/machine/", "/foreign/", "/guarded/"} {
			note(s.gateway(path, caller))
		}
		note(s.get("http://"+h.Gateway.AdminAddress()+"/tokens", ""))
		for _, path := range []string{"", "/p", "/p/authorizations", "/p/authorizations/c", "/machine/authorizations/c"} {
			if a := note(manage(path)); a.status != 200 {
				t.Errorf("management %q: %d %s", path, a.status, a.body)
			}
		}
	}
	all()
	failing.Store(true)
	h.Clock.Advance(58 * time.Minute) // refreshes fail
	all()
	h.Clock.Advance(3 * time.Hour) // and there is no token any more
	all()
	if a := s.gateway("/identity/", ""); a.status != 500 {
		t.Errorf("without a token service: %d", a.status)
	}
	// Failures are visible, though secrets are not.
	metrics := note(s.get("http://"+h.Gateway.AdminAddress()+"/metrics", ""))
	if !strings.Contains(metrics.body, "sekisho_tokens_failing 3\n") {
		t.Errorf("three tokens cannot be refreshed, and the metrics do not say so:\n%s", metrics.body)
	}
	tokens := s.get("http://"+h.Gateway.AdminAddress()+"/tokens", "")
	for _, part := range []string{`"of":"identity","name":"system"`, `"of":"connection","name":"p/c"`, `"of":"connection","name":"machine/c"`, `"error":"`} {
		if !strings.Contains(tokens.body, part) {
			t.Errorf("/tokens lacks %s: %s", part, tokens.body)
		}
	}
	seen.WriteString(h.Log.String())
	seen.WriteString(strings.Join(h.Notices.All(), "\n"))
	for _, secret := range []string{"canary", token, "Y2FuYXJ5"} {
		for line := range strings.Lines(seen.String()) {
			if strings.Contains(line, secret) {
				t.Errorf("%s came out: %s", secret, line)
			}
		}
	}
}
