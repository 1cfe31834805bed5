package identity

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"sekisho/builtins/jose"
	"sekisho/builtins/tokencache"
)

// entraPlan is ours; what lasts longer is the cache's to wait for.
var entraPlan = plan{
	waits: []time.Duration{time.Second, 3 * time.Second},
	transient: func(status int) bool {
		return status == noAnswer || status == http.StatusTooManyRequests || status >= 500
	},
}

// entra is the token endpoint of Microsoft Entra, version 2, with the grant of client
// credentials. What proves the application is a secret, an assertion that is signed with
// its certificate, or a token of another issuer that it trusts (a federated identity).
//
// Spec: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
type entra struct {
	client   *client
	url      *url.URL
	clientID string
	// prove adds to the form what proves the application; it is called for each attempt.
	prove func(form url.Values) error
}

func (i *Identities) entra(kind Source, c Identity, auto bool) (source, error) {
	authority := i.orDefault(c.Authority, envAuthority, "https://login.microsoftonline.com")
	tenant := i.or(c.TenantID, envTenantID)
	if !isTenant(tenant) {
		return nil, errors.New("its tenant is not known (" + envTenantID + ")")
	}
	u, err := endpoint(strings.TrimRight(authority, "/")+"/"+tenant+"/oauth2/v2.0/token", "")
	if err != nil {
		return nil, errors.New("its authority is no http or https URL")
	}
	if !secure(u) {
		return nil, errors.New("its authority must be an https URL, or one of this machine")
	}
	s := &entra{client: i.client(kind, nil), url: u, clientID: i.or(c.ClientID, envClientID)}
	if s.clientID == "" {
		return nil, errors.New("its client id is not known (" + envClientID + ")")
	}
	switch kind {
	case Workload:
		file := i.or(c.TokenFile, envTokenFile)
		if file == "" {
			return nil, errors.New("the file with its token is not known (" + envTokenFile + ")")
		}
		s.prove = func(form url.Values) error { return proveByFile(form, file) }
	case ClientSecret:
		secret := i.or(c.ClientSecret, envClientSecret)
		if secret == "" {
			return nil, errors.New("its secret is not known (" + envClientSecret + ")")
		}
		s.prove = func(form url.Values) error { form.Set("client_secret", secret); return nil }
	case ClientCertificate:
		cert := c.Certificate
		if cert == nil && auto {
			if cert, err = loadCertificate(i.env(envCertificatePath)); err != nil {
				return nil, err
			}
		}
		if s.prove, err = i.proveByCertificate(cert, u.String(), s.clientID); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// isTenant accepts the id of a tenant, one of its domains, or a word like organizations.
func isTenant(s string) bool {
	if s == "" || len(s) > 253 || strings.Trim(s, ".") == "" {
		return false
	}
	for _, r := range s {
		if !(r == '-' || r == '.' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return false
		}
	}
	return true
}

// scope is the scope of version 2 for a resource. A slash at the end stays, and with it
// in the audience: https://management.azure.com//.default.
func scope(resource string) string {
	if strings.HasSuffix(resource, "/.default") {
		return resource
	}
	return resource + "/.default"
}

func (s *entra) token(ctx context.Context, clientID, resource string) (tokencache.Token, error) {
	if clientID == "" {
		clientID = s.clientID
	}
	a, err := s.client.do(ctx, entraPlan, func(ctx context.Context) (*http.Request, error) {
		form := url.Values{
			"grant_type": {"client_credentials"},
			"client_id":  {clientID},
			"scope":      {scope(resource)},
		}
		if err := s.prove(form); err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), strings.NewReader(form.Encode()))
		if err == nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return r, err
	})
	if err != nil {
		return tokencache.Token{}, err
	}
	return s.client.token(a)
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// proveByFile adds the token of a file, which is read each time, as it is renewed there.
func proveByFile(form url.Values, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return errors.New("workload: the file with the token cannot be opened")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	token := strings.TrimSpace(string(data))
	if err != nil || !isToken(token) {
		return errors.New("workload: the file with the token holds none")
	}
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", token)
	return nil
}

// assertionLife is how long an assertion is good for.
const assertionLife = 10 * time.Minute

// proveByCertificate adds an assertion that is signed for each attempt.
func (i *Identities) proveByCertificate(c *tls.Certificate, audience, clientID string) (func(url.Values) error, error) {
	if c == nil || len(c.Certificate) == 0 {
		return nil, errors.New("its certificate is not known (" + envCertificatePath + ")")
	}
	key, ok := c.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("its certificate has no private key")
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return nil, errors.New("its certificate cannot be read")
	}
	return func(form url.Values) error {
		var id [16]byte
		if _, err := io.ReadFull(i.o.Rand, id[:]); err != nil {
			return errors.New("clientCertificate: there is no randomness")
		}
		now := i.o.Now()
		assertion, err := jose.SignCertificate(map[string]any{
			"aud": audience, "iss": clientID, "sub": clientID, "jti": hex.EncodeToString(id[:]),
			"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
		}, key, leaf)
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
		return nil
	}, nil
}
