package identity

import (
	"context"
	"crypto/sha1" // #nosec: the thumbprint is what Service Fabric gives
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sekisho/builtins/tokencache"
)

// fabricPlan is the documented one.
var fabricPlan = plan{
	waits:     []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second},
	transient: func(status int) bool { return status == http.StatusTooManyRequests },
}

// fabric is the endpoint of a Service Fabric cluster. Its certificate is signed by
// itself, and known by its thumbprint only.
//
// Spec: https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code
type fabric struct {
	client  *client
	url     *url.URL
	secret  string
	version string
}

func (i *Identities) fabric(c Identity) (source, error) {
	u, err := endpoint(i.or(c.Endpoint, envIdentityEndpoint), metadataPath)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "https" {
		return nil, errors.New("its endpoint is no https URL: there would be no certificate to know it by")
	}
	s := &fabric{url: u, secret: i.or(c.Header, envIdentityHeader), version: i.orDefault("", envIdentityVersion, "2019-07-01-preview")}
	if !isToken(s.secret) {
		return nil, errors.New("the header that its endpoint wants to see is not known (" + envIdentityHeader + ")")
	}
	pin, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(i.or(c.Thumbprint, envThumbprint)))
	if err != nil || len(pin) != sha1.Size {
		return nil, errors.New("the thumbprint of its endpoint must have 40 hexadecimal digits (" + envThumbprint + ")")
	}
	s.client = i.client(ServiceFabric, &tls.Config{
		// Nobody vouches for the certificate; VerifyConnection does it all, for
		// resumed connections too.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) > 0 {
				sum := sha1.Sum(state.PeerCertificates[0].Raw)
				if subtle.ConstantTimeCompare(sum[:], pin) == 1 {
					return nil
				}
			}
			return &pinError{}
		},
	})
	return s, nil
}

// pinError is a certificate that is not the pinned one.
type pinError struct{}

func (*pinError) Error() string { return "the certificate of the endpoint is not the pinned one" }

func (s *fabric) token(ctx context.Context, _, resource string) (tokencache.Token, error) {
	a, err := s.client.do(ctx, fabricPlan, func(ctx context.Context) (*http.Request, error) {
		r, err := get(ctx, s.url, "api-version", s.version, "resource", resource)
		if err == nil {
			r.Header.Set("Secret", s.secret)
		}
		return r, err
	})
	if err != nil {
		return tokencache.Token{}, err
	}
	return s.client.token(a)
}
