package oauth

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func basicAuth(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// TestPresets wants of each provider what its documentation says: where the browser goes
// and with what, how the code and the refresh token are traded, and how its tokens are
// taken back. The expectations are written here once more, by hand, so that a row of the
// table that is changed by accident shows.
func TestPresets(t *testing.T) {
	const (
		form  = "application/x-www-form-urlencoded"
		json_ = "application/json"
	)
	basic := basicAuth("the-client", "the-secret")
	for _, c := range []struct {
		kind     string
		settings map[string]string

		authorize string
		query     []string // name, value; "-" for absent
		token     string
		refresh   string // "" is token
		body      string // form if ""
		basic     bool
		params    []string // of the code request, besides what all have
		pkce      bool
		revoke    []string // method and URL of each call, "" for none
	}{
		{
			kind: "aad", settings: map[string]string{"tenantId": "contoso.example", "resourceUri": "https://graph.microsoft.com/"},
			authorize: "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize",
			query:     []string{"scope", "https://graph.microsoft.com/.default offline_access", "resource", "-"},
			token:     "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token", pkce: true,
			params: []string{"resource", "-", "scope", "https://graph.microsoft.com/.default offline_access"},
		},
		{
			kind: "airtable", settings: map[string]string{"scopes": "data.records:read"}, authorize: "https://airtable.com/oauth2/v1/authorize",
			token: "https://airtable.com/oauth2/v1/token", basic: true, pkce: true,
		},
		{
			kind: "asana", authorize: "https://app.asana.com/-/oauth_authorize", token: "https://app.asana.com/-/oauth_token", pkce: true,
			revoke: []string{"POST https://app.asana.com/-/oauth_revoke"},
		},
		{
			kind: "atlassian", settings: map[string]string{"scopes": "read:jira-work"}, authorize: "https://auth.atlassian.com/authorize",
			query: []string{"audience", "api.atlassian.com", "prompt", "consent", "scope", "read:jira-work offline_access"},
			token: "https://auth.atlassian.com/oauth/token", body: json_,
		},
		{
			kind: "auth0", settings: map[string]string{"domain": "acme.eu.auth0.com", "audience": "https://api.acme.example", "scopes": "openid"},
			authorize: "https://acme.eu.auth0.com/authorize", query: []string{"audience", "https://api.acme.example", "nonce", "the-nonce", "scope", "openid offline_access"},
			token: "https://acme.eu.auth0.com/oauth/token", pkce: true, revoke: []string{"POST https://acme.eu.auth0.com/oauth/revoke"},
		},
		{kind: "bitbucket", authorize: "https://bitbucket.org/site/oauth2/authorize", token: "https://bitbucket.org/site/oauth2/access_token", basic: true},
		{
			kind: "box", authorize: "https://account.box.com/api/oauth2/authorize", token: "https://api.box.com/oauth2/token",
			revoke: []string{"POST https://api.box.com/oauth2/revoke", "POST https://api.box.com/oauth2/revoke"},
		},
		{
			kind: "discord", settings: map[string]string{"scopes": "identify"}, authorize: "https://discord.com/oauth2/authorize",
			token: "https://discord.com/api/oauth2/token", basic: true, pkce: true,
			revoke: []string{"POST https://discord.com/api/oauth2/token/revoke", "POST https://discord.com/api/oauth2/token/revoke"},
		},
		{
			kind: "dropbox", authorize: "https://www.dropbox.com/oauth2/authorize", query: []string{"token_access_type", "offline"},
			token: "https://api.dropboxapi.com/oauth2/token", pkce: true, revoke: []string{"POST https://api.dropboxapi.com/2/auth/token/revoke"},
		},
		{
			kind: "facebook", settings: map[string]string{"scopes": "email, public_profile"}, authorize: "https://www.facebook.com/v21.0/dialog/oauth",
			query: []string{"scope", "email,public_profile"}, token: "https://graph.facebook.com/v21.0/oauth/access_token",
		},
		{
			kind: "github", settings: map[string]string{"scopes": "repo read:org"}, authorize: "https://github.com/login/oauth/authorize",
			query: []string{"scope", "repo read:org"}, token: "https://github.com/login/oauth/access_token", pkce: true,
			revoke: []string{"DELETE https://api.github.com/applications/the-client/token"},
		},
		{
			kind: "gitlab", settings: map[string]string{"host": "git.acme.example"}, authorize: "https://git.acme.example/oauth/authorize",
			token: "https://git.acme.example/oauth/token", pkce: true,
			revoke: []string{"POST https://git.acme.example/oauth/revoke", "POST https://git.acme.example/oauth/revoke"},
		},
		{
			kind: "google", settings: map[string]string{"scopes": "openid email"}, authorize: "https://accounts.google.com/o/oauth2/v2/auth",
			query: []string{"access_type", "offline", "prompt", "consent", "nonce", "the-nonce", "scope", "openid email"},
			token: "https://oauth2.googleapis.com/token", pkce: true,
			revoke: []string{"POST https://oauth2.googleapis.com/revoke", "POST https://oauth2.googleapis.com/revoke"},
		},
		{
			kind: "hubspot", settings: map[string]string{"scopes": "oauth", "optionalScopes": "crm.lists.read"}, authorize: "https://app.hubspot.com/oauth/authorize",
			query: []string{"optional_scope", "crm.lists.read"}, token: "https://api.hubapi.com/oauth/v1/token",
			revoke: []string{"DELETE https://api.hubapi.com/oauth/v1/refresh-tokens/old-refresh"},
		},
		{
			kind: "linear", settings: map[string]string{"scopes": "read write"}, authorize: "https://linear.app/oauth/authorize",
			query: []string{"scope", "read,write", "prompt", "consent"}, token: "https://api.linear.app/oauth/token", pkce: true,
			revoke: []string{"POST https://api.linear.app/oauth/revoke", "POST https://api.linear.app/oauth/revoke"},
		},
		{
			kind: "linkedin", settings: map[string]string{"scopes": "openid profile"}, authorize: "https://www.linkedin.com/oauth/v2/authorization",
			query: []string{"nonce", "-", "code_challenge", "-"}, token: "https://www.linkedin.com/oauth/v2/accessToken",
			revoke: []string{"POST https://www.linkedin.com/oauth/v2/revoke"},
		},
		{kind: "mailchimp", authorize: "https://login.mailchimp.com/oauth2/authorize", token: "https://login.mailchimp.com/oauth2/token"},
		{
			kind: "notion", authorize: "https://api.notion.com/v1/oauth/authorize", query: []string{"owner", "user", "scope", "-"},
			token: "https://api.notion.com/v1/oauth/token", body: json_, basic: true, revoke: []string{"POST https://api.notion.com/v1/oauth/revoke"},
		},
		{
			kind: "okta", settings: map[string]string{"domain": "acme.okta.com"}, authorize: "https://acme.okta.com/oauth2/default/v1/authorize",
			query: []string{"scope", "offline_access"}, token: "https://acme.okta.com/oauth2/default/v1/token", basic: true, pkce: true,
			revoke: []string{"POST https://acme.okta.com/oauth2/default/v1/revoke", "POST https://acme.okta.com/oauth2/default/v1/revoke"},
		},
		{
			kind: "quickbooks", authorize: "https://appcenter.intuit.com/connect/oauth2", token: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", basic: true,
			revoke: []string{"POST https://developer.api.intuit.com/v2/oauth2/tokens/revoke", "POST https://developer.api.intuit.com/v2/oauth2/tokens/revoke"},
		},
		{
			kind: "reddit", authorize: "https://www.reddit.com/api/v1/authorize", query: []string{"duration", "permanent"},
			token: "https://www.reddit.com/api/v1/access_token", basic: true,
			revoke: []string{"POST https://www.reddit.com/api/v1/revoke_token", "POST https://www.reddit.com/api/v1/revoke_token"},
		},
		{
			kind: "salesforce", settings: map[string]string{"host": "test.salesforce.com", "scopes": "api refresh_token"}, authorize: "https://test.salesforce.com/services/oauth2/authorize",
			token: "https://test.salesforce.com/services/oauth2/token", pkce: true,
			revoke: []string{"POST https://test.salesforce.com/services/oauth2/revoke", "POST https://test.salesforce.com/services/oauth2/revoke"},
		},
		{
			kind: "servicenow", settings: map[string]string{"instance": "dev12345"}, authorize: "https://dev12345.service-now.com/oauth_auth.do",
			token:  "https://dev12345.service-now.com/oauth_token.do",
			revoke: []string{"POST https://dev12345.service-now.com/oauth_revoke_token.do", "POST https://dev12345.service-now.com/oauth_revoke_token.do"},
		},
		{
			kind: "slack", settings: map[string]string{"scopes": "chat:write channels:read", "userScopes": "search:read"}, authorize: "https://slack.com/oauth/v2/authorize",
			query: []string{"scope", "chat:write,channels:read", "user_scope", "search:read"}, token: "https://slack.com/api/oauth.v2.access",
			revoke: []string{"POST https://slack.com/api/auth.revoke"},
		},
		{kind: "spotify", authorize: "https://accounts.spotify.com/authorize", token: "https://accounts.spotify.com/api/token", basic: true, pkce: true},
		{
			kind: "stripe", authorize: "https://connect.stripe.com/oauth/authorize", query: []string{"scope", "read_write"}, token: "https://connect.stripe.com/oauth/token",
		},
		{
			kind: "twitch", authorize: "https://id.twitch.tv/oauth2/authorize", token: "https://id.twitch.tv/oauth2/token",
			revoke: []string{"POST https://id.twitch.tv/oauth2/revoke"},
		},
		{
			kind: "x", settings: map[string]string{"scopes": "tweet.read"}, authorize: "https://x.com/i/oauth2/authorize", query: []string{"scope", "tweet.read offline.access"},
			token: "https://api.x.com/2/oauth2/token", basic: true, pkce: true,
			revoke: []string{"POST https://api.x.com/2/oauth2/revoke", "POST https://api.x.com/2/oauth2/revoke"},
		},
		{
			kind: "zendesk", settings: map[string]string{"subdomain": "acme"}, authorize: "https://acme.zendesk.com/oauth/authorizations/new", query: []string{"scope", "read"},
			token: "https://acme.zendesk.com/oauth/tokens", body: json_, params: []string{"scope", "read"}, pkce: true,
			revoke: []string{"DELETE https://acme.zendesk.com/api/v2/oauth/tokens/current.json"},
		},
		{
			kind: "zoom", authorize: "https://zoom.us/oauth/authorize", token: "https://zoom.us/oauth/token", basic: true, pkce: true,
			revoke: []string{"POST https://zoom.us/oauth/revoke"},
		},
	} {
		t.Run(c.kind, func(t *testing.T) {
			var revoked []string
			client := provider(t, func(a *asked) answered {
				grant := a.params.Get("grant_type")
				if grant == "" {
					revoked = append(revoked, a.method+" "+a.url)
					shown := a.body + a.header.Get("Authorization") + a.url
					if !strings.Contains(shown, "old-refresh") && !strings.Contains(shown, "old-access") {
						t.Errorf("%s says no token", a.url)
					}
					return answered{body: `{"ok":true}`}
				}
				if a.url != c.token {
					t.Errorf("the code goes to %s", a.url)
				}
				kind := c.body
				if kind == "" {
					kind = form
				}
				if got := a.header.Get("Content-Type"); got != kind {
					t.Errorf("the request is %s, want %s", got, kind)
				}
				if got := a.header.Get("Accept"); got != "application/json" {
					t.Errorf("Accept is %q", got)
				}
				if c.basic {
					if got := a.header.Get("Authorization"); got != basic {
						t.Errorf("the client does not authenticate by Basic")
					}
					a.want("client_secret", "-")
				} else {
					if a.header.Get("Authorization") != "" {
						t.Errorf("the client authenticates by a header")
					}
					a.want("client_id", "the-client", "client_secret", "the-secret")
				}
				a.want(c.params...)
				if grant == "refresh_token" {
					a.want("refresh_token", "old-refresh", "code_verifier", "-")
					return answered{body: `{"ok":true,"access_token":"a2","token_type":"bearer","expires_in":3600}`}
				}
				a.want("grant_type", "authorization_code", "code", "the-code", "redirect_uri", "https://gw.example/cb")
				if c.pkce {
					a.want("code_verifier", "the-verifier")
				} else {
					a.want("code_verifier", "-")
				}
				return answered{body: `{"ok":true,"access_token":"a1","refresh_token":"r1","token_type":"bearer","expires_in":3600}`}
			})
			p := resolve(t, c.kind, c.settings)
			at, q := authorizeQuery(t, p)
			if at != c.authorize {
				t.Errorf("the browser goes to %s", at)
			}
			want := append([]string{"response_type", "code", "client_id", "the-client", "redirect_uri", "https://gw.example/cb", "state", "the-state"}, c.query...)
			if c.pkce {
				want = append(want, "code_challenge", Challenge("the-verifier"), "code_challenge_method", "S256")
			} else {
				want = append(want, "code_challenge", "-")
			}
			(&asked{t: t, url: at, params: q}).want(want...)

			got, err := client.Exchange(background, p, "the-code", "https://gw.example/cb", "the-verifier")
			if err != nil {
				t.Fatal(err)
			}
			if got.Access != "a1" || got.Refresh != "r1" || !got.Expires.Equal(start.Add(time.Hour)) {
				t.Errorf("the token is not what was granted; it expires %v", got.Expires)
			}
			if got, err = client.Refresh(background, p, "old-refresh"); err != nil {
				t.Fatal(err)
			}
			if got.Access != "a2" || got.Refresh != "old-refresh" {
				t.Error("a refresh without a new refresh token does not keep the old one")
			}
			told, err := client.Revoke(background, p, "old-access", "old-refresh")
			if err != nil {
				t.Error(err)
			}
			if told != (len(c.revoke) > 0) || strings.Join(revoked, "\n") != strings.Join(c.revoke, "\n") {
				t.Errorf("revoked by %q, want %q", revoked, c.revoke)
			}
		})
	}
}

// TestEveryPresetIsTested keeps the table above whole.
func TestEveryPresetIsTested(t *testing.T) {
	generic := map[string]bool{"oauth2": true, "oauth2pkce": true, "oauth21": true}
	seen := map[string]bool{}
	for _, p := range Presets {
		if seen[p.ID] {
			t.Errorf("%s is there twice", p.ID)
		}
		seen[p.ID] = true
		if p.Name == "" || !generic[p.ID] && p.AuthorizationURL == "" {
			t.Errorf("%s is not whole", p.ID)
		}
	}
	for _, needed := range []string{"google", "github", "slack", "salesforce", "dropbox", "box", "linkedin", "atlassian", "notion", "hubspot", "zendesk", "servicenow", "aad"} {
		if !seen[needed] {
			t.Errorf("there is no preset %s", needed)
		}
	}
}

// TestQuirks are answers that only some providers give.
func TestQuirks(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		settings   map[string]string
		answers    []answered // one per request
		access     string     // "" for an error
		refresh    string
		expires    time.Duration // 0 for never
		scope      string
		failure    Kind
		code       string
	}{
		{name: "GitHub says no with 200", kind: "github", answers: []answered{{body: `{"error":"bad_refresh_token","error_description":"The refresh token passed is incorrect or expired."}`}}, failure: InvalidGrant, code: "bad_refresh_token"},
		{name: "GitHub answers a form", kind: "github", answers: []answered{{kind: "application/x-www-form-urlencoded", body: "access_token=gho_1&scope=repo&token_type=bearer"}}, access: "gho_1", refresh: "old", scope: "repo"},
		{name: "GitHub's tokens may expire", kind: "github", answers: []answered{{body: `{"access_token":"ghu_1","expires_in":28800,"refresh_token":"ghr_1","refresh_token_expires_in":15897600}`}}, access: "ghu_1", refresh: "ghr_1", expires: 8 * time.Hour},
		{name: "Slack says no with 200 and ok", kind: "slack", answers: []answered{{body: `{"ok":false,"error":"invalid_refresh_token"}`}}, failure: InvalidGrant, code: "invalid_refresh_token"},
		{name: "Slack says no without a known reason", kind: "slack", answers: []answered{{body: `{"ok":false,"error":"invalid_client_id"}`}}, failure: Permanent, code: "invalid_client_id"},
		{name: "Slack is asked too often", kind: "slack", answers: []answered{{status: 429, body: `{"ok":false,"error":"ratelimited"}`}}, failure: Transient, code: "ratelimited"},
		{name: "Slack's user token is inside", kind: "slack", answers: []answered{{body: `{"ok":true,"authed_user":{"id":"U1","scope":"search:read","access_token":"xoxp-1","refresh_token":"xoxe-1","expires_in":43200}}`}}, access: "xoxp-1", refresh: "xoxe-1", expires: 12 * time.Hour, scope: "search:read"},
		{name: "Slack's bot token is at the top", kind: "slack", answers: []answered{{body: `{"ok":true,"access_token":"xoxb-1","scope":"chat:write","authed_user":{"access_token":"xoxp-1"}}`}}, access: "xoxb-1", refresh: "old", scope: "chat:write"},
		{name: "Salesforce is asked when its token ends", kind: "salesforce", answers: []answered{{body: `{"access_token":"00D","instance_url":"https://x.my.salesforce.com"}`}, {body: `{"active":true,"exp":1795355999}`}}, access: "00D", refresh: "old", expires: time.Unix(1795355999, 0).Sub(start)},
		{name: "Salesforce does not tell", kind: "salesforce", answers: []answered{{body: `{"access_token":"00D"}`}, {status: 403, body: `{"error":"forbidden"}`}}, access: "00D", refresh: "old", expires: time.Hour},
		{name: "Atlassian's refresh token is dead", kind: "atlassian", answers: []answered{{status: 403, body: `{"error":"unauthorized_client","error_description":"refresh_token is invalid"}`}}, failure: InvalidGrant, code: "unauthorized_client"},
		{name: "HubSpot names errors in status", kind: "hubspot", answers: []answered{{status: 400, body: `{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}`}}, failure: InvalidGrant, code: "BAD_REFRESH_TOKEN"},
		{name: "HubSpot succeeds with a status", kind: "hubspot", answers: []answered{{body: `{"access_token":"h","refresh_token":"r","expires_in":1800,"status":"fine"}`}}, access: "h", refresh: "r", expires: 30 * time.Minute},
		{name: "Box rotates", kind: "box", answers: []answered{{body: `{"access_token":"b","refresh_token":"r2","expires_in":4169,"restricted_to":[]}`}}, access: "b", refresh: "r2", expires: 4169 * time.Second},
		{name: "Mailchimp's zero means never", kind: "mailchimp", answers: []answered{{body: `{"access_token":"m","expires_in":0}`}}, access: "m", refresh: "old"},
		{name: "Twitch lists its scopes", kind: "twitch", answers: []answered{{body: `{"access_token":"t","scope":["a","b"],"expires_in":"60"}`}}, access: "t", refresh: "old", expires: time.Minute, scope: "a b"},
		{name: "a lifetime beyond all bounds", kind: "zoom", answers: []answered{{body: `{"access_token":"z","expires_in":1e300}`}}, access: "z", refresh: "old", expires: maxLife},
		{name: "no access token", kind: "zoom", answers: []answered{{body: `{"token":"z"}`}}, failure: Permanent, code: "bad_response"},
		{name: "a token that would end a header", kind: "zoom", answers: []answered{{body: `{"access_token":"z\r\nX: y"}`}}, failure: Permanent, code: "bad_response"},
		{name: "a page instead of an answer", kind: "zoom", answers: []answered{{kind: "text/html", body: "<html>"}}, failure: Ambiguous, code: "bad_response"},
		{name: "an error page", kind: "zoom", answers: []answered{{status: 503, kind: "text/html", body: "<html>"}}, failure: Transient, code: "status_503"},
		{name: "a redirect", kind: "zoom", answers: []answered{{status: 307}}, failure: Permanent, code: "redirect"},
		{name: "a wrong client", kind: "zoom", answers: []answered{{status: 401, body: `{"error":"invalid_client"}`}}, failure: Permanent, code: "invalid_client"},
		{name: "a list", kind: "zoom", answers: []answered{{body: `[]`}}, failure: Ambiguous, code: "bad_response"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			client := provider(t, func(*asked) answered {
				n++
				if n > len(c.answers) {
					t.Fatalf("request %d was not expected", n)
				}
				return c.answers[n-1]
			})
			got, err := client.Refresh(background, resolve(t, c.kind, c.settings), "old")
			if n != len(c.answers) {
				t.Errorf("%d requests, want %d", n, len(c.answers))
			}
			if c.access == "" {
				var e *Error
				if !errors.As(err, &e) || e.Kind != c.failure || e.Code != c.code {
					t.Fatalf("got %v, want kind %d and code %s", err, c.failure, c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var life time.Duration
			if !got.Expires.IsZero() {
				life = got.Expires.Sub(start)
			}
			if got.Access != c.access || got.Refresh != c.refresh || life != c.expires || got.Scope != c.scope {
				t.Errorf("access %v, refresh %v, life %v, scope %q; want life %v, scope %q", got.Access == c.access, got.Refresh == c.refresh, life, got.Scope, c.expires, c.scope)
			}
		})
	}
}
