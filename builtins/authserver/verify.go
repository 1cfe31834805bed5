package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"sekisho/engine/pipeline"
)

// TokenError says why an access token was refused. It never quotes the token.
type TokenError struct {
	// Description goes into the challenge.
	Description string
	// Cause is what is behind it, for the log; it may be nil.
	Cause error
	// Unavailable: the token could not be judged, and may be good.
	Unavailable bool
}

func (e *TokenError) Error() string { return e.Description }

// Unwrap returns the cause.
func (e *TokenError) Unwrap() error { return e.Cause }

const (
	maxToken = 16 << 10 // bytes of an access token
	// ownSkew is by how much the clocks of processes on one store may differ.
	ownSkew = 5 * time.Second
	// keyPause is the least time between two looks for a key that a token names.
	keyPause = time.Second
)

// ownToken is an access token of ours that was verified: all but what changes with time.
type ownToken struct {
	caller  *pipeline.Caller
	issuer  string
	notTill time.Time
}

// Verify takes an access token, without a scheme before it, to who presents it. The token
// must be for one of audiences. Any error is a *TokenError. A token that was seen before
// costs two looks into tables; the store is not read.
func (s *Server) Verify(ctx context.Context, token string, audiences []string) (*pipeline.Caller, error) {
	t, err := s.examine(ctx, token)
	if err != nil {
		return nil, err
	}
	for _, a := range t.caller.Jwt.Audiences {
		if slices.Contains(audiences, a) {
			return t.caller, nil
		}
	}
	return nil, &TokenError{Description: "The access token is for another resource."}
}

// examine checks all of an access token but whom it is for.
func (s *Server) examine(ctx context.Context, token string) (*ownToken, error) {
	set := s.settings.Load()
	if set == nil || set.Issuer == "" {
		return nil, &TokenError{Description: "The authorization server is not ready.", Unavailable: true}
	}
	if token == "" || len(token) > maxToken {
		return nil, &TokenError{Description: "The access token is malformed."}
	}
	t := s.verified.get(token)
	if t == nil {
		token = strings.Clone(token) // which is kept from here on
		var err error
		if t, err = s.read(ctx, token); err != nil {
			return nil, err
		}
		s.verified.put(token, t)
	}
	now := s.o.Now()
	switch {
	case t.issuer != set.Issuer:
		return nil, &TokenError{Description: "The access token is of another issuer."}
	case !now.Before(t.caller.Expires.Add(ownSkew)):
		return nil, &TokenError{Description: "The access token has expired."}
	case now.Add(ownSkew).Before(t.notTill):
		return nil, &TokenError{Description: "The access token is not good yet."}
	}
	if err := s.revoked.current(ctx, s); err != nil {
		return nil, &TokenError{Description: "It cannot be found out whether the access token was revoked.", Cause: err, Unavailable: true}
	}
	if s.revoked.has(t.caller.Grant) {
		return nil, &TokenError{Description: "The access token has been revoked."}
	}
	return t, nil
}

// ownPayload are the claims of an access token that are looked at.
type ownPayload struct {
	Issuer   string  `json:"iss"`
	Subject  string  `json:"sub"`
	Client   string  `json:"client_id"`
	Grant    string  `json:"sid"`
	Scope    string  `json:"scope"`
	Expires  float64 `json:"exp"`
	Issued   float64 `json:"iat"`
	NotUntil float64 `json:"nbf"`
}

// read verifies the signature of an access token, and that it is one.
func (s *Server) read(ctx context.Context, token string) (*ownToken, error) {
	st := s.keys.state.Load()
	v, err := s.o.Tokens.Verify(ctx, token, st.verify)
	var te *pipeline.TokenError
	if errors.As(err, &te) && te.Reason == "TokenSignatureKeyNotFound" && s.newerKeys(ctx) {
		st = s.keys.state.Load()
		v, err = s.o.Tokens.Verify(ctx, token, st.verify)
	}
	if err != nil {
		return nil, &TokenError{Description: "The access token is not one of this gateway.", Cause: err}
	}
	var p ownPayload
	raw, err := payload(v.Jwt.Raw)
	if err != nil || json.Unmarshal(raw, &p) != nil {
		return nil, &TokenError{Description: "The access token is malformed."}
	}
	typ := strings.ToLower(v.Jwt.Type)
	if typ != "at+jwt" && typ != "application/at+jwt" || v.Jwt.Algorithm != "ES256" ||
		p.Subject == "" || p.Client == "" || p.Grant == "" || p.Expires == 0 {
		return nil, &TokenError{Description: "The token is not an access token."}
	}
	return &ownToken{
		issuer: p.Issuer, notTill: time.Unix(int64(max(p.Issued, p.NotUntil)), 0),
		caller: &pipeline.Caller{
			Subject: p.Subject, ClientID: p.Client, Scopes: strings.Fields(p.Scope), Grant: p.Grant,
			Jwt: v.Jwt, Expires: time.Unix(int64(p.Expires), 0),
		},
	}, nil
}

// newerKeys looks whether another process has made a key since, not too often.
func (s *Server) newerKeys(ctx context.Context) bool {
	s.keys.mu.Lock()
	soon := s.o.Now().Sub(s.keys.looked) < keyPause
	s.keys.mu.Unlock()
	if soon {
		return false
	}
	before := s.keys.state.Load()
	if err := s.loadKeys(ctx); err != nil {
		s.o.Log.Warn("the signing keys cannot be read", "error", err.Error())
		return false
	}
	return s.keys.state.Load() != before
}

// memory remembers tokens that were verified, by all of their text, bounded in bytes: of
// two halves the younger takes what is new or used, and the older is forgotten when that is
// full.
type memory struct {
	mu         sync.RWMutex
	young, old map[string]*ownToken
	size       int // of the younger
}

const memoryHalf = 8 << 20

func (m *memory) init() { m.young = map[string]*ownToken{} }

func (m *memory) get(token string) *ownToken {
	m.mu.RLock()
	t, old := m.young[token], m.old[token]
	m.mu.RUnlock()
	if t == nil && old != nil {
		m.put(old.caller.Jwt.Raw, old)
		return old
	}
	return t
}

// put keeps a token under its text, which must not change.
func (m *memory) put(token string, t *ownToken) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young[token] != nil {
		return
	}
	size := 4*len(token) + 1024 // the claims as text, and lists of it
	if m.size += size; m.size > memoryHalf {
		m.old, m.young, m.size = m.young, map[string]*ownToken{}, size
	}
	m.young[token] = t
}
