package sandbox

import (
	"crypto/sha256"
	"errors"
	"sync"
	"time"
)

// How long things are good, and how many of a kind there may be.
const (
	loginLife   = 10 * time.Minute
	codeLife    = time.Minute
	refreshLife = 30 * 24 * time.Hour
	maxGrants   = 10_000
)

// errFull says that more is granted than is kept.
var errFull = errors.New("the sandbox has too many grants")

// hash is the key under which something secret is kept.
type hash = [sha256.Size]byte

func hashOf(secret string) hash { return sha256.Sum256([]byte(secret)) }

// grants are what has been granted, in memory: a restart forgets it.
type grants struct {
	mu      sync.Mutex
	logins  map[hash]*login
	codes   map[hash]*code
	refresh map[hash]*refresh
	revoked map[string]time.Time // access tokens by uti, until they expire
}

// login is a request that waits for somebody to consent.
type login struct {
	browser hash // of its cookie
	request authorization
	expire  time.Time
}

// authorization is what an application asks for.
type authorization struct {
	client, redirect, state, nonce, challenge, resource string
	// named tells that the request named its redirect URI.
	named  bool
	scopes []string
}

// consented is what a user has allowed an application, with all that came of it.
type consented struct {
	client, user, audience string
	scopes                 []string
	ended                  bool
}

// code is an authorization code.
type code struct {
	request authorization
	grant   *consented
	expire  time.Time
	used    bool
}

// refresh is a refresh token.
type refresh struct {
	grant  *consented
	expire time.Time
	used   bool
}

// prune forgets what has expired, and wants room for one more. g.mu is held.
func (g *grants) prune(now time.Time) error {
	if g.logins == nil {
		g.logins, g.codes, g.refresh, g.revoked = map[hash]*login{}, map[hash]*code{}, map[hash]*refresh{}, map[string]time.Time{}
	}
	if len(g.logins)+len(g.codes)+len(g.refresh)+len(g.revoked) < maxGrants {
		return nil
	}
	for k, v := range g.logins {
		if !now.Before(v.expire) {
			delete(g.logins, k)
		}
	}
	for k, v := range g.codes {
		if !now.Before(v.expire) {
			delete(g.codes, k)
		}
	}
	for k, v := range g.refresh {
		if !now.Before(v.expire) || v.grant.ended {
			delete(g.refresh, k)
		}
	}
	for k, v := range g.revoked {
		if !now.Before(v) {
			delete(g.revoked, k)
		}
	}
	if len(g.logins)+len(g.codes)+len(g.refresh)+len(g.revoked) >= maxGrants {
		return errFull
	}
	return nil
}

func (g *grants) addLogin(id string, l *login, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.prune(now); err != nil {
		return err
	}
	g.logins[hashOf(id)] = l
	return nil
}

// takeLogin ends a login, if it was begun in that browser.
func (g *grants) takeLogin(id, browser string, now time.Time) (authorization, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.logins[hashOf(id)]
	if l == nil || l.browser != hashOf(browser) || !now.Before(l.expire) {
		return authorization{}, false
	}
	delete(g.logins, hashOf(id))
	return l.request, true
}

func (g *grants) addCode(secret string, c *code, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.prune(now); err != nil {
		return err
	}
	g.codes[hashOf(secret)] = c
	return nil
}

// takeCode uses up a code of a client. One that was used already ends what came of it:
// somebody else has it.
func (g *grants) takeCode(secret, client string, now time.Time) (*code, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.codes[hashOf(secret)]
	if c == nil || c.request.client != client {
		return nil, false
	}
	if c.used {
		c.grant.ended = true
		return nil, false
	}
	c.used = true
	return c, now.Before(c.expire)
}

func (g *grants) addRefresh(secret string, grant *consented, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.prune(now); err != nil {
		return err
	}
	g.refresh[hashOf(secret)] = &refresh{grant: grant, expire: now.Add(refreshLife)}
	return nil
}

// takeRefresh uses up a refresh token of a client, with the rule of takeCode.
func (g *grants) takeRefresh(secret, client string, now time.Time) (*consented, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.refresh[hashOf(secret)]
	if r == nil || r.grant.client != client || r.grant.ended || !now.Before(r.expire) {
		return nil, false
	}
	if r.used {
		r.grant.ended = true
		return nil, false
	}
	r.used = true
	return r.grant, true
}

// endRefresh revokes what a refresh token belongs to.
func (g *grants) endRefresh(secret, client string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.refresh[hashOf(secret)]
	if r == nil || r.grant.client != client {
		return false
	}
	r.grant.ended = true
	return true
}

// revokeToken revokes an access token by its uti.
func (g *grants) revokeToken(id string, expire, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.prune(now); err != nil {
		return err
	}
	g.revoked[id] = expire
	return nil
}

func (g *grants) isRevoked(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.revoked[id]
	return ok
}
