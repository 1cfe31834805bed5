package authserver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"sekisho/builtins/authserver/clients"
	"sekisho/builtins/authserver/records"
)

// A refresh token is a name of its grant, a number that grows with each rotation, 32 random
// bytes, and a mark by which the Server knows it as one of its own again. The grant keeps the
// hash of the newest one alone, so that a family of any age takes one record; the mark tells
// an older one, whose use revokes the family, from one that somebody has made up.
const (
	refreshPrefix = "rt_"
	refreshBytes  = 16 + 8 + 32 + 16
)

// family is the refresh tokens of a grant.
type family struct {
	Number uint64 `json:"number"` // of the newest
	Hash   []byte `json:"hash"`   // of the newest
	// Past are those that were used within the grace, the newest last.
	Past []pastToken `json:"past,omitempty"`
}

// pastToken is a refresh token that was used, with its successor, sealed so that only the
// token itself opens it.
type pastToken struct {
	Number uint64    `json:"number"`
	Hash   []byte    `json:"hash"`
	At     time.Time `json:"at"`
	Next   []byte    `json:"next"`
}

// maxPast bounds the rotations of a family within the grace.
const maxPast = 4

// refreshToken is a refresh token that bears the Server's mark.
type refreshToken struct {
	text   string
	grant  string
	number uint64
}

func (t *refreshToken) hash() []byte {
	h := sha256.Sum256([]byte("refresh token\x00" + t.text))
	return h[:]
}

// key is what a successor is sealed with.
func (t *refreshToken) key() (cipherKey, error) {
	h := sha256.Sum256([]byte("successor\x00" + t.text))
	return newCipherKey(h[:])
}

// mark is the mark of the first bytes of a refresh token.
func (s *Server) mark(b []byte) []byte {
	h := hmac.New(sha256.New, s.keys.state.Load().refresh)
	h.Write(b)
	return h.Sum(nil)[:16]
}

// newRefresh makes a refresh token.
func (s *Server) newRefresh(grant string, number uint64) (*refreshToken, error) {
	b, err := hex.DecodeString(grant)
	if err != nil || len(b) != 16 {
		return nil, errors.New("a grant has a name that is none")
	}
	b = binary.BigEndian.AppendUint64(b, number)
	b = append(b, make([]byte, 32)...)
	if _, err := io.ReadFull(s.o.Rand, b[24:]); err != nil {
		return nil, errors.New("there is no randomness for a token")
	}
	b = append(b, s.mark(b)...)
	return &refreshToken{refreshPrefix + base64.RawURLEncoding.EncodeToString(b), grant, number}, nil
}

// readRefresh reads a refresh token; false if it is none of this Server.
func (s *Server) readRefresh(text string) (*refreshToken, bool) {
	rest, ok := strings.CutPrefix(text, refreshPrefix)
	if !ok || len(rest) != refreshBytes*4/3 || strings.ContainsAny(rest, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(b) != refreshBytes || !hmac.Equal(s.mark(b[:56]), b[56:]) {
		return nil, false
	}
	return &refreshToken{text, hex.EncodeToString(b[:16]), binary.BigEndian.Uint64(b[16:24])}, true
}

// newFamily begins the refresh tokens of a grant.
func (s *Server) newFamily(grant string) (*family, string, error) {
	t, err := s.newRefresh(grant, 1)
	if err != nil {
		return nil, "", err
	}
	return &family{Number: 1, Hash: t.hash()}, t.text, nil
}

// refresh redeems a refresh token: it gives way to a new one. Within the grace it answers
// with the same new one again, since answers get lost and programs have several threads.
func (s *Server) refresh(ctx context.Context, set *settings, c *clients.Client, form url.Values) (*tokenAnswer, *tokenError, error) {
	if !form.Has("refresh_token") {
		return nil, invalid("invalid_request", "refresh_token is missing"), nil
	}
	dead := invalid("invalid_grant", "the refresh token is not good, or not any more")
	t, ok := s.readRefresh(form.Get("refresh_token"))
	if !ok {
		return nil, dead, nil
	}
	if !slices.Contains(c.GrantTypes, "refresh_token") {
		return nil, invalid("unauthorized_client", "the client has not registered for refresh tokens"), nil
	}
	for {
		var g grant
		rec, err := s.get(ctx, kindGrant, t.grant, &g)
		if gone(err) || err == nil && (g.Client != c.ID || g.Family == nil) {
			return nil, dead, nil
		} else if err != nil {
			return nil, nil, err
		}
		if e := sameTarget(set, g.Audience, form); e != nil {
			return nil, e, nil
		}
		scopes, e := narrowed(&g, form)
		if e != nil {
			return nil, e, nil
		}
		next, renewed, err := s.rotate(set, g.Family, t)
		if err != nil {
			return nil, nil, err
		}
		if next == "" {
			s.o.Log.Warn("a refresh token was used again: its grant is revoked", "client", c.ID)
			return nil, dead, s.end(ctx, g.ID)
		}
		if renewed {
			if alive, err := s.upstreamAlive(ctx, set, &g); err != nil {
				return nil, nil, err
			} else if !alive {
				return nil, invalid("invalid_grant", "the identity provider has ended the user's login"), s.end(ctx, g.ID)
			}
			rec.Expires = s.o.Now().Add(set.life(&g))
			if err := s.put(ctx, rec, &g); errors.Is(err, records.ErrConflict) {
				continue // another was faster, or the grant has ended
			} else if err != nil {
				return nil, nil, err
			}
		}
		a, err := s.answer(set, &g, scopes, next)
		return a, nil, err
	}
}

// rotate finds the successor of a refresh token, "" if it may have none. renewed tells that
// it was made, and f must be kept.
func (s *Server) rotate(set *settings, f *family, t *refreshToken) (next string, renewed bool, err error) {
	now := s.o.Now()
	if t.number == f.Number && hmac.Equal(t.hash(), f.Hash) {
		n, err := s.newRefresh(t.grant, f.Number+1)
		if err != nil {
			return "", false, err
		}
		key, err := t.key()
		if err != nil {
			return "", false, err
		}
		f.Past = slices.DeleteFunc(f.Past, func(p pastToken) bool { return now.Sub(p.At) >= set.RefreshGrace })
		f.Past = append(f.Past, pastToken{t.number, t.hash(), now, key.seal([]byte(n.text), "successor")})
		f.Past = f.Past[max(0, len(f.Past)-maxPast):]
		f.Number, f.Hash = n.number, n.hash()
		return n.text, true, nil
	}
	for _, p := range f.Past {
		if p.Number != t.number || !hmac.Equal(p.Hash, t.hash()) || now.Sub(p.At) >= set.RefreshGrace {
			continue
		}
		key, err := t.key()
		if err != nil {
			return "", false, err
		}
		if plain, ok := key.open(p.Next, "successor"); ok {
			return string(plain), false, nil
		}
	}
	return "", false, nil
}

// upstreamAlive tells whether the identity provider's tokens of a grant may still be had,
// and lets them live as long as the grant.
func (s *Server) upstreamAlive(ctx context.Context, set *settings, g *grant) (bool, error) {
	for {
		var up upstreamTokens
		rec, err := s.get(ctx, kindUpstream, g.ID, &up)
		if gone(err) {
			return false, nil
		}
		if err != nil || up.Dead {
			return false, err
		}
		rec.Expires = s.o.Now().Add(set.life(g))
		if err := s.put(ctx, rec, &up); !errors.Is(err, records.ErrConflict) {
			return true, err
		}
	}
}

// narrowed are the scopes of a refresh: those of the grant, or some of them.
func narrowed(g *grant, form url.Values) ([]string, *tokenError) {
	asked := strings.Fields(form.Get("scope"))
	if len(asked) == 0 {
		return g.Scopes, nil
	}
	var out []string
	for _, name := range asked {
		switch {
		case slices.Contains(g.Scopes, name):
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		case slices.Contains(standardScopes, name): // which clients repeat as they have asked
		default:
			return nil, invalid("invalid_scope", "a scope was not granted")
		}
	}
	if len(out) == 0 {
		return g.Scopes, nil
	}
	return out, nil
}
