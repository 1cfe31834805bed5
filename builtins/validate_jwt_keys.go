package builtins

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sekisho/builtins/jose"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

type signingKeys struct {
	List []*signingKey `child:"key,required"`
}

type decryptionKeys struct {
	List []*decryptionKey `child:"key,required"`
}

// signingKey is a key as a document has it: a secret, a certificate, or an RSA key.
type signingKey struct {
	decryptionKey
	N string `attr:"n"`
	E string `attr:"e"`

	rsa *rsa.PublicKey
}

// decryptionKey is a secret or a certificate.
type decryptionKey struct {
	ID          string          `attr:"id"`
	Certificate pipeline.String `attr:"certificate-id"`
	Secret      pipeline.String `text:"" secret:""`

	secret []byte // of a literal
}

// weakSecret is how many bytes a secret must have to sign tokens.
const weakSecret = 32

// Check reads the literal key.
func (k *signingKey) Check(c *pipeline.Check) {
	n := k.forms()
	if k.N != "" || k.E != "" {
		n++
	}
	if n != 1 {
		c.Errorf(nil, "bad-key", "<key> wants exactly one of a text, a certificate-id, and n with e")
		return
	}
	if k.N != "" || k.E != "" {
		if isStandIn(c, "n") || isStandIn(c, "e") {
			return
		}
		var err error
		if k.rsa, err = jose.PublicKey(k.N, k.E); err != nil {
			k.complain(c, &k.N, "the RSA key of <key> cannot be used: "+err.Error())
		}
		return
	}
	k.read(c)
	if k.secret != nil && len(k.secret) < weakSecret {
		c.Warnf(&k.Secret, "bad-key", "the secret of <key> has less than %d bytes: it verifies no token", weakSecret)
	}
}

// Check reads the literal key.
func (k *decryptionKey) Check(c *pipeline.Check) {
	if k.forms() != 1 {
		c.Errorf(nil, "bad-key", "<key> wants either a text or a certificate-id")
		return
	}
	k.read(c)
}

func (k *decryptionKey) forms() int {
	n := 0
	if k.Certificate.IsSet() {
		n++
	}
	if k.Secret.IsSet() {
		n++
	}
	return n
}

func (k *decryptionKey) read(c *pipeline.Check) {
	if k.Certificate.IsSet() {
		if !isStandIn(c, "certificate-id") {
			c.Certificate(&k.Certificate)
		}
		return
	}
	text, ok := k.Secret.Literal()
	if !ok || c.Element().Content.HasStandIn() {
		return
	}
	secret, err := decodeSecret(text)
	if err != nil {
		k.complain(c, &k.Secret, "the secret of <key> is not in base64")
		return
	}
	k.secret = secret
}

// complain reports a key of no use: of a bare document, which may be a template, as a
// warning.
func (k *decryptionKey) complain(c *pipeline.Check, field any, message string) {
	if c.Env().Lenient() {
		c.Warnf(field, "bad-key", "%s", message)
		return
	}
	c.Errorf(field, "bad-key", "%s", message)
}

func decodeSecret(text string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}

// jwtKeys are the keys of an element, made ready when a request first needs them: the
// certificates among them belong to the folder, which the element does not see at load.
type jwtKeys struct {
	openID     []*openIDConfig
	signing    []*signingKey
	decryption []*decryptionKey
	tenant     *pipeline.String // of Microsoft Entra, nil for none
	authority  string           // of tenant, as a URL

	computed bool // some of them are expressions
	latest   atomic.Pointer[readyKeys]
	mu       sync.Mutex
	known    map[[sha256.Size]byte]*readyKeys // by what was computed
}

// readyKeys are the keys of an element, with and without accepting tokens that are not
// signed, for the certificates of one folder.
type readyKeys struct {
	deployment       *apim.Deployment
	signed, unsigned pipeline.TokenKeys
}

// maxComputed bounds how many keys of computed URLs and secrets are kept ready.
const maxComputed = 256

// prepare finds out whether there is anything to compute.
func (k *jwtKeys) prepare() {
	literal := func(v *pipeline.String) bool { _, ok := v.Literal(); return ok || !v.IsSet() }
	k.computed = k.tenant != nil && !literal(k.tenant)
	for _, o := range k.openID {
		k.computed = k.computed || !literal(&o.URL)
	}
	for _, s := range k.signing {
		k.computed = k.computed || !literal(&s.Certificate) || !literal(&s.Secret)
	}
	for _, d := range k.decryption {
		k.computed = k.computed || !literal(&d.Certificate) || !literal(&d.Secret)
	}
}

// get is the keys for this Exchange.
func (k *jwtKeys) get(x *pipeline.Exchange, signed bool) (*pipeline.TokenKeys, error) {
	r, err := k.ready(x)
	if err != nil {
		return nil, err
	}
	if signed {
		return &r.signed, nil
	}
	return &r.unsigned, nil
}

func (k *jwtKeys) ready(x *pipeline.Exchange) (*readyKeys, error) {
	if k.computed {
		return k.compute(x)
	}
	if r := k.latest.Load(); r != nil && r.deployment == x.Route.Deployment {
		return r, nil
	}
	// Two requests may get here at once; the keys of one of them are the ones that stay.
	before := k.latest.Load()
	r, err := k.make(x)
	if err != nil {
		return nil, err
	}
	if !k.latest.CompareAndSwap(before, r) {
		return k.latest.Load(), nil
	}
	return r, nil
}

// compute is ready for keys with expressions: those with equal values are the same.
func (k *jwtKeys) compute(x *pipeline.Exchange) (*readyKeys, error) {
	r, err := k.make(x)
	if err != nil {
		return nil, err
	}
	id := r.id()
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := k.known[id]; known != nil && known.deployment == r.deployment {
		return known, nil
	}
	if k.known == nil || len(k.known) >= maxComputed {
		k.known = map[[sha256.Size]byte]*readyKeys{}
	}
	k.known[id] = r
	return r, nil
}

// id tells the values of computed keys apart. Keys of certificates are told by their place
// in memory, which the folder keeps.
func (r *readyKeys) id() [sha256.Size]byte {
	var b []byte
	add := func(s []byte) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	for _, u := range r.signed.OpenID {
		add([]byte(u))
	}
	for _, list := range [][]pipeline.TokenKey{r.signed.Signing, r.signed.Decryption} {
		add(nil)
		for _, key := range list {
			add([]byte(key.ID))
			if secret, ok := key.Key.([]byte); ok {
				add(secret)
			} else if name, err := jose.Thumbprint(key.Key); err == nil {
				add([]byte(name))
			}
		}
	}
	return sha256.Sum256(b)
}

// make evaluates what is to be evaluated and looks up the certificates.
func (k *jwtKeys) make(x *pipeline.Exchange) (*readyKeys, error) {
	r := &readyKeys{deployment: x.Route.Deployment}
	keys := &r.signed
	for _, o := range k.openID {
		u, err := o.URL.Get(x)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(keys.OpenID, u) {
			keys.OpenID = append(keys.OpenID, u)
		}
	}
	if k.tenant != nil {
		t, err := k.tenant.Get(x)
		if err != nil {
			return nil, err
		}
		// Tokens of version 2, and of version 1.
		keys.OpenID = append(keys.OpenID, k.authority+"/"+t+"/v2.0/.well-known/openid-configuration", k.authority+"/"+t+"/.well-known/openid-configuration")
	}
	for _, s := range k.signing {
		key, err := s.public(x)
		if err != nil {
			return nil, err
		}
		keys.Signing = append(keys.Signing, pipeline.TokenKey{ID: s.ID, Key: key})
	}
	for _, d := range k.decryption {
		key, err := d.private(x)
		if err != nil {
			return nil, err
		}
		keys.Decryption = append(keys.Decryption, pipeline.TokenKey{ID: d.ID, Key: key})
	}
	r.unsigned = r.signed
	r.unsigned.Unsigned = true
	return r, nil
}

// public is the key that checks signatures.
func (k *signingKey) public(x *pipeline.Exchange) (any, error) {
	switch {
	case k.rsa != nil:
		return k.rsa, nil
	case k.Certificate.IsSet():
		c, err := k.certificate(x)
		if err != nil {
			return nil, err
		}
		switch key := c.PublicKey.(type) {
		case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
			return key, nil
		}
		return nil, badValue("The certificate of a key has a public key of a kind that tokens are not signed with.")
	}
	return k.bytes(x)
}

// private is the key that decrypts.
func (k *decryptionKey) private(x *pipeline.Exchange) (any, error) {
	if !k.Certificate.IsSet() {
		return k.bytes(x)
	}
	c, err := k.certificate(x)
	if err != nil {
		return nil, err
	}
	switch key := c.PrivateKey.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey:
		return key, nil
	}
	return nil, badValue("The certificate of a decryption key has no private key of a kind that decrypts.")
}

func (k *decryptionKey) certificate(x *pipeline.Exchange) (*apim.Certificate, error) {
	id, err := k.Certificate.Get(x)
	if err != nil {
		return nil, err
	}
	c := x.Route.Deployment.Certificates[id]
	if c == nil {
		return nil, badValue("There is no certificate of the id that a key names.")
	}
	return c, nil
}

func (k *decryptionKey) bytes(x *pipeline.Exchange) ([]byte, error) {
	if k.secret != nil {
		return k.secret, nil
	}
	text, err := k.Secret.Get(x)
	if err != nil {
		return nil, err
	}
	b, err := decodeSecret(text)
	if err != nil {
		return nil, badValue("The computed secret of a key is not in base64.")
	}
	return b, nil
}
