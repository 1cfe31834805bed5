package builtins_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"sekisho/engine/config"
	"sekisho/engine/enginetest"
	"sekisho/engine/gateway"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// identities are a gateway's Systems with nothing but identities, whose tokens say what
// they are for.
type identities struct {
	mu    sync.Mutex
	asked []string
}

func (s *identities) Token(_ context.Context, clientID, resource string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, clientID+"|"+resource)
	if resource == "api://down" {
		return "", errors.New("imds answered 400 invalid_resource (AADSTS50001)")
	}
	return "token-of-" + clientID + "-for-" + resource, nil
}

func (s *identities) Configure(*config.Model, *source.List) bool { return true }
func (s *identities) Serving(string)                             {}
func (s *identities) Public(string) http.Handler                 { return nil }
func (s *identities) Access() gateway.Access                     { return nil }
func (s *identities) Management() http.Handler                   { return nil }
func (s *identities) Tokens() []gateway.TokenStatus              { return nil }
func (s *identities) Failing() int                               { return 0 }
func (s *identities) Close(context.Context) error                { return nil }

func TestManagedIdentity(t *testing.T) {
	const own = `<authentication-managed-identity resource="https://vault.azure.net/" />`
	for _, tt := range []struct{ name, inbound, want, asked string }{
		{
			"header", own,
			"auth=Bearer token-of--for-https://vault.azure.net/", "|https://vault.azure.net/",
		},
		{
			"user-assigned, computed",
			`<authentication-managed-identity resource="@("api://" + context.Api.Id)" client-id="@("cl" + "ient")" ignore-error="false" />`,
			"auth=Bearer token-of-client-for-api://a", "client|api://a",
		},
		{
			"variable leaves the header alone",
			`<authentication-managed-identity resource="r" output-token-variable-name="t" />
			<set-header name="X-Token" exists-action="override"><value>@((string)context.Variables["t"])</value></set-header>`,
			"auth=Bearer of-the-client token=token-of--for-r", "|r",
		},
		{
			"twice", `<authentication-managed-identity resource="a" /><authentication-managed-identity resource="b" />`,
			"auth=Bearer token-of--for-b", "|a,|b",
		},
		{
			"send-request",
			`<send-request mode="new" response-variable-name="r">
			  <set-url>http://other.test/x</set-url><set-method>GET</set-method>
			  <authentication-managed-identity resource="api://other" />
			</send-request>
			<set-header name="X-Token" exists-action="override"><value>@(((IResponse)context.Variables["r"]).Body.As<string>())</value></set-header>`,
			"auth=Bearer of-the-client token=auth=Bearer token-of--for-api://other", "|api://other",
		},
		{
			"send-one-way-request, into a variable",
			`<send-one-way-request mode="new">
			  <set-url>http://other.test/x</set-url><set-method>GET</set-method>
			  <authentication-managed-identity resource="api://other" output-token-variable-name="t" />
			</send-one-way-request>
			<set-header name="X-Token" exists-action="override"><value>@((string)context.Variables["t"])</value></set-header>`,
			"auth=Bearer of-the-client token=token-of--for-api://other", "|api://other",
		},
		{
			"ignored", `<authentication-managed-identity resource="api://down" ignore-error="true" />`,
			"auth=Bearer of-the-client", "|api://down",
		},
		{
			"failed", `<authentication-managed-identity resource="api://down" />`,
			`500 {"statusCode":500,"message":"Internal server error"}` +
				" authentication-managed-identity ManagedIdentityTokenFailure No access token could be obtained for the managed identity: imds answered 400 invalid_resource (AADSTS50001).",
			"|api://down",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &identities{}
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text := "auth=" + r.Header.Get("Authorization")
				if v := r.Header.Get("X-Token"); v != "" {
					text += " token=" + v
				}
				_, _ = io.WriteString(w, text)
			}))
			t.Cleanup(other.Close)
			folder := enginetest.Folder(t, map[string]string{
				"gateway.yaml": "apis:\n  a:\n    serviceUrl: " + other.URL + "\n    subscriptionRequired: false\n    policy: doc.xml\n    operations:\n      get: {method: GET, urlTemplate: \"/*\"}\n",
				"doc.xml": "<policies><inbound>" + strings.ReplaceAll(tt.inbound, "http://other.test", other.URL) + `</inbound><on-error>
					<set-header name="X-Why" exists-action="override"><value>@(context.LastError.Source + " " + context.LastError.Reason + " " + context.LastError.Message)</value></set-header>
				</on-error></policies>`,
			})
			h := enginetest.Start(t, folder, func(o *gateway.Setup) {
				o.Systems = func(services *pipeline.Services) gateway.Systems {
					services.Identities = s
					return s
				}
			})
			r, err := http.NewRequest(http.MethodGet, "http://"+h.Address()+"/a/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer of-the-client")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			got := string(body)
			if resp.StatusCode != http.StatusOK {
				var compact strings.Builder
				if err := compactJSON(&compact, body); err != nil {
					t.Fatal(err)
				}
				got = resp.Status[:3] + " " + compact.String() + " " + resp.Header.Get("X-Why")
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if asked := strings.Join(s.asked, ","); asked != tt.asked {
				t.Errorf("asked for %s, want %s", asked, tt.asked)
			}
			if log := h.Log.String(); strings.Contains(log, "token-of-") {
				t.Errorf("a token is in the log: %s", log)
			}
		})
	}
}

// compactJSON writes data without blanks.
func compactJSON(b *strings.Builder, data []byte) error {
	var v struct {
		StatusCode int    `json:"statusCode"`
		Message    string `json:"message"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	out, err := json.Marshal(v)
	b.Write(out)
	return err
}
