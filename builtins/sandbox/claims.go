package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// objectID is the id of an application or a user in the tenant: the same at each start.
func objectID(tenant, kind, name string) string {
	sum := sha256.Sum256([]byte(tenant + "\x00" + kind + "\x00" + name))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // a UUID of version 8: made as one likes
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// issued is a token with its life.
type issued struct {
	token        string
	from, expire time.Time
}

// issue signs claims and what every token has.
func (s *Sandbox) issue(k *known, audience string, claims map[string]any) (issued, error) {
	now := s.now().Truncate(time.Second)
	t := issued{from: now, expire: now.Add(k.Lifetime)}
	claims["iss"], claims["aud"], claims["tid"] = k.issuer, audience, k.TenantID
	claims["iat"], claims["nbf"], claims["exp"] = now.Unix(), now.Unix(), t.expire.Unix()
	claims["uti"] = s.random()[:22]
	var err error
	t.token, err = s.sign(claims)
	return t, err
}

// applicationToken is an access token of an application for itself. proof is how it
// proved who it is, as appidacr and azpacr tell it: "1" a secret, "2" a key.
func (s *Sandbox) applicationToken(k *known, a *Application, resource, version, proof string) (issued, error) {
	oid := objectID(k.TenantID, "application", a.ID)
	claims := map[string]any{"oid": oid, "sub": oid, "idtyp": "app", "ver": version}
	party := "azp"
	if version == "1.0" {
		party = "appid"
	}
	claims[party], claims[party+"acr"] = a.ID, proof
	if len(a.Roles) > 0 {
		claims["roles"] = a.Roles
	}
	return s.issue(k, resource, claims)
}

// userToken is an access token of an application that acts for a user.
func (s *Sandbox) userToken(k *known, a *Application, u *User, audience string, scopes []string) (issued, error) {
	proof := "0"
	if a.Secret != "" {
		proof = "1"
	}
	return s.issue(k, audience, map[string]any{
		"azp": a.ID, "azpacr": proof, "ver": "2.0", "scp": strings.Join(shortScopes(scopes), " "),
		"oid": objectID(k.TenantID, "user", u.ID), "sub": objectID(k.TenantID, "user", u.ID+"\x00"+a.ID),
		"name": u.Name, "preferred_username": u.Email,
	})
}

// idToken tells an application who has logged in.
func (s *Sandbox) idToken(k *known, a *Application, u *User, nonce string) (issued, error) {
	claims := map[string]any{
		"ver": "2.0", "oid": objectID(k.TenantID, "user", u.ID), "sub": objectID(k.TenantID, "user", u.ID+"\x00"+a.ID),
		"name": u.Name, "preferred_username": u.Email, "email": u.Email,
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	return s.issue(k, a.ID, claims)
}

// ownScopes are those of OpenID: they name no resource.
var ownScopes = map[string]bool{"openid": true, "profile": true, "email": true, "offline_access": true}

// audienceOf is the resource that scopes name, or otherwise.
func audienceOf(scopes []string, otherwise string) string {
	for _, s := range scopes {
		if i := strings.LastIndexByte(s, '/'); i > 0 && !ownScopes[s] {
			return s[:i]
		}
	}
	return otherwise
}

// shortScopes are scopes without their resource, as scp has them.
func shortScopes(scopes []string) []string {
	list := []string{}
	for _, s := range scopes {
		if ownScopes[s] {
			continue
		}
		list = append(list, s[strings.LastIndexByte(s, '/')+1:])
	}
	return list
}
