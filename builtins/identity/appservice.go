package identity

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"sekisho/builtins/tokencache"
)

// appServicePlan is ours, the documentation being silent.
var appServicePlan = plan{
	waits: []time.Duration{time.Second, 3 * time.Second},
	transient: func(status int) bool {
		return status == noAnswer || status == http.StatusTooManyRequests || status >= 500
	},
}

// appService is the endpoint of App Service, Functions and Container Apps.
//
// Spec: https://learn.microsoft.com/azure/app-service/overview-managed-identity
type appService struct {
	client   *client
	url      *url.URL
	secret   string
	clientID string
	// old is the version 2017-09-01, with other names.
	old bool
}

func (i *Identities) appService(c Identity) (source, error) {
	s := &appService{client: i.client(AppService, nil), clientID: c.ClientID}
	to := i.or(c.Endpoint, envIdentityEndpoint)
	s.secret = i.or(c.Header, envIdentityHeader)
	if c.Endpoint == "" && c.Header == "" && (to == "" || s.secret == "") {
		to, s.secret, s.old = i.env(envMSIEndpoint), i.env(envMSISecret), true
	}
	var err error
	if s.url, err = endpoint(to, ""); err != nil {
		return nil, err
	}
	if !isToken(s.secret) {
		return nil, errors.New("the header that its endpoint wants to see is not known (" + envIdentityHeader + ")")
	}
	return s, nil
}

func (s *appService) token(ctx context.Context, clientID, resource string) (tokencache.Token, error) {
	if clientID == "" {
		clientID = s.clientID
	}
	version, header, parameter := "2019-08-01", "X-Identity-Header", "client_id"
	if s.old {
		version, header, parameter = "2017-09-01", "Secret", "clientid"
	}
	a, err := s.client.do(ctx, appServicePlan, func(ctx context.Context) (*http.Request, error) {
		r, err := get(ctx, s.url, "api-version", version, "resource", resource, parameter, clientID)
		if err == nil {
			r.Header.Set(header, s.secret)
		}
		return r, err
	})
	if err != nil {
		return tokencache.Token{}, err
	}
	return s.client.token(a)
}
