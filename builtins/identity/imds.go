package identity

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"sekisho/builtins/tokencache"
)

// metadataPath is where IMDS, Arc and Service Fabric have their token endpoint.
const metadataPath = "/metadata/identity/oauth2/token"

// metadataPlan is the documented one: five attempts, with 0, 2, 6, 14 and 30 seconds
// before them, for 404 (the endpoint is being updated), 429, 5xx and no answer. A 410
// (IMDS is being updated) is over within 70 seconds, so that one may take as long.
var metadataPlan = plan{
	waits: []time.Duration{2 * time.Second, 6 * time.Second, 14 * time.Second, 30 * time.Second},
	transient: func(status int) bool {
		return status == noAnswer || status == http.StatusNotFound || status == http.StatusTooManyRequests || status >= 500
	},
	gone: 70 * time.Second,
}

// imds is the Instance Metadata Service.
//
// Spec: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
type imds struct {
	client   *client
	url      *url.URL
	clientID string
}

func (s *imds) token(ctx context.Context, clientID, resource string) (tokencache.Token, error) {
	if clientID == "" {
		clientID = s.clientID
	}
	a, err := s.client.do(ctx, metadataPlan, func(ctx context.Context) (*http.Request, error) {
		r, err := get(ctx, s.url, "api-version", "2018-02-01", "resource", resource, "client_id", clientID)
		if err == nil {
			r.Header["Metadata"] = []string{"true"}
		}
		return r, err
	})
	if err != nil {
		return tokencache.Token{}, err
	}
	return s.client.token(a)
}

// get makes a request with parameters besides those that the URL has; those without a
// value are left out.
func get(ctx context.Context, to *url.URL, parameters ...string) (*http.Request, error) {
	u := *to
	q := u.Query()
	for i := 0; i < len(parameters); i += 2 {
		if parameters[i+1] != "" {
			q.Set(parameters[i], parameters[i+1])
		}
	}
	u.RawQuery = q.Encode()
	return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
}
