package enginetest

import (
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sekisho"
	"sekisho/engine/assembly"
	"sekisho/engine/gateway"
)

// story is the gateway that ships, served with its development services, and somebody
// with a browser in front of it.
type story struct {
	*Harness
	t       *testing.T
	sandbox string // where the development services are
	browser *http.Client
}

func startStory(t *testing.T) *story {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	files := map[string]string{}
	if err := fs.WalkDir(sekisho.Example(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(sekisho.Example(), name)
		files[name] = string(data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	h := Start(t, Folder(t, files), func(o *gateway.Setup) {
		o.Env = func(name string) (string, bool) { return address, name == "SEKISHO_DEVELOPMENT" }
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &story{Harness: h, t: t, sandbox: "http://" + address,
		browser: &http.Client{Jar: jar, Transport: transport, Timeout: 20 * time.Second}}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	url    *url.URL // after redirects
}

func (s *story) send(r *http.Request) answer {
	s.t.Helper()
	resp, err := s.browser.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body), resp.Request.URL}
}

// get asks for a URL, with a bearer token unless it is "".
func (s *story) get(u, bearer string) answer {
	s.t.Helper()
	r, err := http.NewRequest("GET", u, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return s.send(r)
}

// gateway asks the gateway.
func (s *story) gateway(path, bearer string) answer {
	s.t.Helper()
	return s.get("http://"+s.Address()+path, bearer)
}

// token gets a token of the identity provider for an application.
func (s *story) token(application, scope string) string {
	s.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	r, err := http.NewRequest("POST", s.sandbox+"/identity/token", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(application, application+"-secret")
	a := s.send(r)
	var v struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil || v.AccessToken == "" {
		s.t.Fatalf("no token for %s: %d %s", application, a.status, a.body)
	}
	return v.AccessToken
}

// member is a field of a JSON object.
func (a answer) member(name string) any {
	var v map[string]any
	_ = json.Unmarshal([]byte(a.body), &v)
	return v[name]
}

// press fills in the form of a page and presses the button that has a name and value, or
// the only one that has none.
func (s *story) press(page answer, name, value string) answer {
	s.t.Helper()
	doc, err := html.Parse(strings.NewReader(page.body))
	if err != nil {
		s.t.Fatal(err)
	}
	form, fields := (*html.Node)(nil), url.Values{}
	for n := range doc.Descendants() {
		switch {
		case n.Data == "form":
			form = n
		case n.Data == "input" && form != nil:
			fields.Set(attribute(n, "name"), attribute(n, "value"))
		case n.Data == "button" && form != nil && name != "" && attribute(n, "name") == name && attribute(n, "value") == value:
			fields.Set(name, value)
		}
	}
	if form == nil || name != "" && !fields.Has(name) {
		s.t.Fatalf("no form with a button %s=%s at %s: %d\n%s", name, value, page.url, page.status, page.body)
	}
	target, err := page.url.Parse(attribute(form, "action"))
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequest("POST", target.String(), strings.NewReader(fields.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", target.Scheme+"://"+target.Host)
	return s.send(r)
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// want compares a status and looks for a part of the body.
func (s *story) want(what string, a answer, status int, part string) {
	s.t.Helper()
	if a.status != status || !strings.Contains(a.body, part) {
		s.t.Errorf("%s: got %d %s, want %d and %q\n%s", what, a.status, a.body, status, part, s.Log.String())
	}
}

// settle waits until no token is being refreshed in the background: a clock that jumps
// meanwhile would give it a token that has expired before it arrives.
func (s *story) settle() {
	s.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var tokens []gateway.TokenStatus
		if err := json.Unmarshal([]byte(s.get("http://"+s.Gateway.AdminAddress()+"/tokens", "").body), &tokens); err != nil {
			s.t.Fatal(err)
		}
		if !slices.ContainsFunc(tokens, func(t gateway.TokenStatus) bool { return t.Expires.Before(s.Clock.Now().Add(3 * time.Minute)) }) {
			return
		}
	}
	s.t.Fatal("tokens are not refreshed")
}

// TestStoryOfTheManagedIdentity: a service refuses direct calls and accepts those that
// come through the gateway, under its identity.
func TestStoryOfTheManagedIdentity(t *testing.T) {
	s := startStory(t)
	direct := s.sandbox + "/services/reports/2026-01"
	a := s.get(direct, "")
	s.want("a direct call", a, 401, "")
	if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
		t.Errorf("a direct call is challenged with %q", a.header.Get("WWW-Authenticate"))
	}
	s.want("a direct call with a token for something else", s.get(direct, s.token("stranger", "api://other/.default")), 401, "")
	s.want("a direct call of an application that is not on the list", s.get(direct, s.token("stranger", "api://reports/.default")), 403, "")

	a = s.gateway("/reports/2026-01", "")
	s.want("through the gateway", a, 200, `"application":"system"`)
	if a.member("path") != "/2026-01" {
		t.Errorf("the service was asked for %v", a.member("path"))
	}
	// The token of an hour ago has been renewed in time.
	s.Clock.Advance(58 * time.Minute)
	s.want("58 minutes later", s.gateway("/reports/2026-01", ""), 200, `"application":"system"`)
	s.Clock.Advance(58 * time.Minute)
	s.want("two hours later", s.gateway("/reports/2026-01", ""), 200, `"application":"system"`)
}

// TestStoryOfTheGuardedAPI: validate-jwt lets in who brings the right token.
func TestStoryOfTheGuardedAPI(t *testing.T) {
	s := startStory(t)
	member := s.token("member", "api://members/.default")
	s.want("without a token", s.gateway("/members/me", ""), 401, "JWT not present.")
	s.want("with garbage", s.gateway("/members/me", "garbage"), 401, "")
	s.want("without the role", s.gateway("/members/me", s.token("stranger", "api://members/.default")), 401, "")
	s.want("for another API", s.gateway("/members/me", s.token("member", "api://other/.default")), 401, "")
	broken := member[:len(member)-4] + "AAAA"
	s.want("with another signature", s.gateway("/members/me", broken), 401, "")
	s.want("with the right token", s.gateway("/members/me", member), 200, `"application": "member"`)
	s.want("and again", s.gateway("/members/me", member), 200, `"Members.Read"`)
	s.Clock.Advance(time.Hour + time.Minute)
	s.want("when it has expired", s.gateway("/members/me", member), 401, "")
	s.Clock.Advance(30 * time.Hour) // the issuer has new keys
	s.want("with a token under a new key", s.gateway("/members/me", s.token("member", "api://members/.default")), 200, `"application": "member"`)
}

// TestStoryOfTheConnection: a person connects a service in the browser, and the gateway
// calls it for them from then on.
func TestStoryOfTheConnection(t *testing.T) {
	s := startStory(t)
	s.want("before the consent", s.gateway("/calendar/today", ""), 424, "sekisho connections login")

	key, err := os.ReadFile(filepath.Join(s.Folder, ".sekisho", assembly.AdminTokenName))
	if err != nil {
		t.Fatal(err)
	}
	manage := "http://" + s.Gateway.AdminAddress() + "/management/authorizationProviders/calendar/authorizations/ada"
	r, err := http.NewRequest("POST", manage+"/getLoginLinks", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	s.want("the management API without a token", s.send(r.Clone(t.Context())), 401, "")
	r.Body = io.NopCloser(strings.NewReader("{}"))
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	link, _ := s.send(r).member("loginLink").(string)
	if !strings.HasPrefix(link, "http://"+s.Address()+"/.sekisho/connections/login") {
		t.Fatalf("the login link is %q", link)
	}

	start := s.get(link, "")
	s.want("the page of the link", start, 200, "<form")
	login := s.press(start, "", "")
	s.want("the page of the provider", login, 200, "Ada Lovelace")
	done := s.press(login, "user", "ada")
	s.want("the page at the end", done, 200, "")
	if done.url.Host != s.Address() {
		t.Errorf("the consent ended at %s", done.url)
	}
	s.want("the link a second time", s.get(link, ""), 410, "")

	for _, later := range []time.Duration{0, 58 * time.Minute, 2 * time.Hour, 24 * time.Hour} {
		s.Clock.Advance(later)
		s.want("later by "+later.String(), s.gateway("/calendar/today", ""), 200, `"principalName":"ada@example.com"`)
		s.settle()
	}
	r, err = http.NewRequest("GET", manage, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	s.want("the connection", s.send(r), 200, "Connected")
}
