// A client of the Go SDK: it connects to the URL of its argument, logs in through the
// command BROWSER where the server asks for it, calls the tools of CALLS, and prints what
// it saw.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

type seen struct {
	Version        string      `json:"version"`
	Tools          []*mcp.Tool `json:"tools"`
	Results        []any       `json:"results"`
	Authorizations int         `json:"authorizations"`
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := use(ctx, os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		log.Fatal(err)
	}
}

func use(ctx context.Context, server string) (*seen, error) {
	s := &seen{Results: []any{}}
	transport := &mcp.StreamableClientTransport{Endpoint: server}
	if token := os.Getenv("TOKEN"); token != "" {
		transport.HTTPClient = &http.Client{Transport: bearer(token)}
	} else {
		handler, err := login(s)
		if err != nil {
			return nil, err
		}
		transport.OAuthHandler = handler
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "go-sdk", Version: "1"}, nil)
	session, err := client.Connect(ctx, transport, nil)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer session.Close()
	s.Version = session.InitializeResult().ProtocolVersion
	tools, err := session.ListTools(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("list tools: %w", err)
	}
	s.Tools = tools.Tools
	var calls []*mcp.CallToolParams
	if text := os.Getenv("CALLS"); text != "" {
		if err := json.Unmarshal([]byte(text), &calls); err != nil {
			return nil, err
		}
	}
	for _, c := range calls {
		result, err := session.CallTool(ctx, c)
		if err != nil {
			s.Results = append(s.Results, map[string]string{"thrown": err.Error()})
			continue
		}
		s.Results = append(s.Results, result)
	}
	return s, nil
}

// bearer is a token that every request brings.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// login is the SDK's handler of challenges, with a listener for the code.
func login(s *seen) (*auth.AuthorizationCodeHandler, error) {
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("CALLBACK_PORT"))
	if err != nil {
		return nil, err
	}
	redirect := "http://" + l.Addr().String() + "/callback"
	answers := make(chan url.Values, 1)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/callback" {
			fmt.Fprintln(w, "You can go back to the program.")
			answers <- r.URL.Query()
		}
	}))
	config := &auth.AuthorizationCodeHandlerConfig{
		RedirectURL:         redirect,
		RequestRefreshToken: true,
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			s.Authorizations++
			browser := exec.CommandContext(ctx, os.Getenv("BROWSER"), args.URL)
			browser.Stderr = os.Stderr
			if err := browser.Run(); err != nil {
				return nil, fmt.Errorf("browser: %w", err)
			}
			select {
			case q := <-answers:
				if e := q.Get("error"); e != "" {
					return nil, fmt.Errorf("refused: %s: %s", e, q.Get("error_description"))
				}
				return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	}
	if document := os.Getenv("CLIENT_METADATA_URL"); document != "" {
		config.ClientIDMetadataDocumentConfig = &auth.ClientIDMetadataDocumentConfig{URL: document}
	} else {
		config.DynamicClientRegistrationConfig = &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName:              "A client of the Go SDK",
			RedirectURIs:            []string{redirect},
			GrantTypes:              []string{"authorization_code", "refresh_token"},
			ResponseTypes:           []string{"code"},
			TokenEndpointAuthMethod: "none",
		}}
	}
	return auth.NewAuthorizationCodeHandler(config)
}
