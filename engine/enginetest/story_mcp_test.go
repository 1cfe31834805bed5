package enginetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// TestStoryOfTheMCPServer: a client that knows nothing but a URL finds out where to log
// in, registers, has Ada log in and consent, and calls a tool, which is an operation of an
// API; it goes on when its access token has expired.
func TestStoryOfTheMCPServer(t *testing.T) {
	s := startStory(t)
	server := "http://" + s.Address() + "/order-tools/mcp"
	a := s.get(server, "")
	s.want("without a token", a, 401, "")
	if c := a.header.Get("WWW-Authenticate"); !strings.Contains(c, `resource_metadata="http://`+s.Address()+`/.well-known/oauth-protected-resource/order-tools/mcp"`) || !strings.Contains(c, `scope="orders.read"`) {
		t.Errorf("without a token the challenge is %q", c)
	}
	s.want("with the token of something else", s.get(server, s.token("member", "api://members/.default")), 401, "")

	came := make(chan url.Values, 1)
	client := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { came <- r.URL.Query() }))
	defer client.Close()
	logins := 0
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		RedirectURL: client.URL + "/callback",
		AuthorizationCodeFetcher: func(_ context.Context, a *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			logins++
			consent := s.get(a.URL, "")
			s.want("the consent page", consent, 200, "Read your orders")
			login := s.press(consent, "answer", "approve")
			s.want("the page of the identity provider", login, 200, "Ada Lovelace")
			s.want("the page at the end", s.press(login, "user", "ada"), 200, "")
			q := <-came
			return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
		},
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "A client", RedirectURIs: []string{client.URL + "/callback"}, TokenEndpointAuthMethod: "none",
			GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "story", Version: "1"}, nil).Connect(ctx,
		&mcp.StreamableClientTransport{Endpoint: server, HTTPClient: web, OAuthHandler: handler}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Log.String())
	}
	defer func() { _ = session.Close() }()
	list, err := session.ListTools(ctx, nil)
	if err != nil || len(list.Tools) != 1 || list.Tools[0].Name != "get-order" {
		t.Fatalf("tools: %v, %v", list, err)
	}
	for _, later := range []time.Duration{0, 9 * time.Minute} {
		s.Clock.Advance(later)
		r, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "get-order", Arguments: map[string]any{"id": 42}})
		if err != nil || r.IsError || len(r.Content) == 0 {
			t.Fatalf("a call, %v later: %v, %v\n%s", later, r, err, s.Log.String())
		}
		if text, _ := r.Content[0].(*mcp.TextContent); text == nil || !strings.Contains(text.Text, "Lantern") || !strings.Contains(text.Text, "total") {
			t.Errorf("a call answers %v", r.Content[0])
		}
	}
	if logins != 1 {
		t.Errorf("Ada had to log in %d times", logins)
	}
	if r, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "get-order", Arguments: map[string]any{"id": "x/../y"}}); err == nil && !r.IsError {
		t.Errorf("an argument of another type is answered %v", r)
	}
}
