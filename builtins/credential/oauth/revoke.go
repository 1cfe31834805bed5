package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Revoke tells the provider that tokens are not wanted any more (RFC 7009): the refresh
// token first, which takes the others with it at most providers, then the access token.
// It returns false if the provider has no way to be told, or none for these tokens.
func (c *Client) Revoke(ctx context.Context, p *Provider, access, refresh string) (bool, error) {
	if p.RevocationURL == "" {
		return false, nil
	}
	how := p.Preset.Revocation
	var errs []error
	told := false
	for _, t := range []struct {
		token, hint string
		unknown     bool
	}{{refresh, "refresh_token", how.AccessOnly}, {access, "access_token", how.RefreshOnly}} {
		if t.token == "" || t.unknown {
			continue
		}
		told = true
		if err := c.revoke(ctx, p, how, t.token, t.hint); err != nil {
			errs = append(errs, err)
		}
	}
	return told, errors.Join(errs...)
}

func (c *Client) revoke(ctx context.Context, p *Provider, how Revocation, token, hint string) error {
	endpoint := strings.ReplaceAll(p.RevocationURL, "{token}", url.PathEscape(token))
	method := how.Method
	if method == "" {
		method = http.MethodPost
	}
	param := how.Param
	if param == "" {
		param = "token"
	}
	basic := how.Basic || p.Auth == AuthBasic
	form := url.Values{param: {token}}
	if param == "token" && !how.JSON {
		form.Set("token_type_hint", hint)
	}
	if !basic && !how.Bearer {
		form.Set("client_id", p.ClientID)
		if p.ClientSecret != "" {
			form.Set("client_secret", p.ClientSecret)
		}
	}
	body, kind := []byte(form.Encode()), "application/x-www-form-urlencoded"
	switch {
	case how.Bearer || endpoint != p.RevocationURL:
		body, kind = nil, ""
	case how.JSON || p.Preset.Body == BodyJSON:
		body, kind = object(form), "application/json"
	}
	r, err := http.NewRequestWithContext(ctx, method, endpoint, bytes.NewReader(body))
	if err != nil {
		return &Error{Kind: Permanent, Code: "bad_url", Description: "the revocation endpoint cannot be used"}
	}
	r.Header.Set("Accept", "application/json")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	switch {
	case how.Bearer:
		r.Header.Set("Authorization", "Bearer "+token)
	case basic:
		p.basic(r)
	}
	a, err := c.do(ctx, r, p.hosts)
	if err != nil {
		return err
	}
	// A token that is gone already is as good as revoked; RFC 7009 §2.2 answers 200 for
	// it, some 400 or 404.
	if a.status < 300 || a.status == http.StatusNotFound || a.status == http.StatusUnauthorized && how.Bearer {
		return nil
	}
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(a.body, &said) // an error without a code is one nevertheless
	if said.Error == "invalid_token" || said.Error == "invalid_grant" {
		return nil
	}
	e := &Error{Kind: Permanent, Status: a.status, Code: redact(said.Error, token, p.ClientSecret), Description: "the provider refuses to revoke the token"}
	if e.Code == "" {
		e.Code = "revocation_failed"
	}
	return e
}
