package oauth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
)

// Random is a text of 32 random bytes, in 43 characters that need no escaping.
func Random(from io.Reader) (string, error) {
	if from == nil {
		from = rand.Reader
	}
	var b [32]byte
	if _, err := io.ReadFull(from, b[:]); err != nil {
		return "", fmt.Errorf("randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// Request is one authorization that a browser is sent to ask for.
type Request struct {
	RedirectURI, State string
	// Verifier is PKCE's, Nonce OpenID's; each is used where the provider has it.
	Verifier, Nonce string
}

// AuthorizeURL is where the browser is to go.
func (p *Provider) AuthorizeURL(r Request) (string, error) {
	u, err := url.Parse(p.AuthorizationURL)
	if err != nil || p.AuthorizationURL == "" {
		return "", &Error{Kind: Permanent, Code: "bad_url", Description: "the authorization endpoint cannot be used"}
	}
	q := u.Query()
	for _, a := range p.authorizationParams {
		q.Set(a.Name, a.Value)
	}
	q.Set("response_type", "code")
	q.Set("client_id", p.ClientID)
	q.Set("redirect_uri", r.RedirectURI)
	q.Set("state", r.State)
	if len(p.Scopes) > 0 {
		q.Set("scope", p.joinScopes())
	}
	if p.Resource != "" {
		q.Set("resource", p.Resource)
	}
	if p.PKCE {
		q.Set("code_challenge", Challenge(r.Verifier))
		q.Set("code_challenge_method", "S256")
	}
	if p.HasNonce() {
		q.Set("nonce", r.Nonce)
	}
	// Refresh tokens are given only after the user was asked (OpenID Connect Core §11).
	if p.Preset.Discovery && q.Get("prompt") == "" {
		for _, s := range p.Scopes {
			if s == "offline_access" {
				q.Set("prompt", "consent")
			}
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// Challenge is the S256 code challenge of a verifier (RFC 7636).
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ParseCallback takes the query with which the provider has sent the browser back to the
// code in it. issuer is the provider's, "" if it is not known; it is compared exactly,
// before anything else is believed (RFC 9207). The state is the caller's to check.
func (p *Provider) ParseCallback(q url.Values, issuer string) (code string, err error) {
	for _, name := range []string{"code", "iss", "error", "state"} {
		if len(q[name]) > 1 {
			return "", &Error{Kind: Permanent, Code: "bad_response", Description: "the provider's answer says " + name + " twice"}
		}
	}
	if issuer != "" {
		iss, there := q.Get("iss"), q.Has("iss")
		if there && subtle.ConstantTimeCompare([]byte(iss), []byte(issuer)) != 1 {
			return "", &Error{Kind: Permanent, Code: "wrong_issuer", Description: "the answer is from another provider than was asked"}
		}
		if !there && p.IssRequired {
			return "", &Error{Kind: Permanent, Code: "wrong_issuer", Description: "the answer does not say which provider it is from"}
		}
	}
	if q.Has("error") {
		e := &Error{Kind: Permanent, Code: Clean(q.Get("error"), maxCode), Description: Clean(q.Get("error_description"), maxText)}
		if e.Code == "" {
			e.Code = "error"
		}
		return "", e
	}
	code = q.Get("code")
	if code == "" || len(code) > maxToken {
		return "", &Error{Kind: Permanent, Code: "bad_response", Description: "the provider's answer holds no code"}
	}
	return code, nil
}
