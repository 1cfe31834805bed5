// Package keys seals values so that they open in one place only.
//
// A value is encrypted under a data key of its own (AES-256-GCM), and the data key under a
// master key. Both encryptions are bound to the value's [Place], table, row and column, so
// that a sealed value that is copied to another row or column does not open there. What is
// written is an envelope: the master key's ID, the wrapped data key, the ciphertext.
//
// Master keys are 256-bit keys of this package's own making, held in a [Ring]. There is
// more than one while they are rotated: the current one seals, older ones still open. They
// come from one of these sources:
//
//	file:PATH                             one key a line in base64; nobody else may read it
//	env:NAME                              the same, separated by commas
//	azure-kv://VAULT/keys/NAME[/VERSION]  an RSA key of Azure Key Vault that wraps them
//	hcvault://HOST/MOUNT/keys/NAME        a key of HashiCorp Vault's transit engine, likewise
//
// With the last two the master keys lie wrapped in the store itself (the [Shelf]) and are
// unwrapped when a process starts or meets a new one, not each time that a value is read: a
// token must not wait for another service, nor fail with it.
//
// A master key's ID is derived from the key, so that a wrong key is recognized as such and
// may be named in messages.
package keys

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Errors of this package, wrapped with what they are about. None holds key material.
var (
	// ErrNoKey: the source holds no key yet.
	ErrNoKey = errors.New("no master key")
	// ErrUnknownKey: an envelope was sealed under a master key that the source does not
	// hold.
	ErrUnknownKey = errors.New("unknown master key")
	// ErrNotHere: an envelope is damaged, or belongs to another place.
	ErrNotHere = errors.New("the sealed value is damaged, or was moved here from another place")
	// ErrReadOnly: keys cannot be added to this source by a program.
	ErrReadOnly = errors.New("the environment is not the program's to change")
)

// keySize is that of master and data keys in bytes.
const keySize = 32

// ID names a master key and shows nothing of it.
type ID [8]byte

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what String wrote.
func ParseID(s string) (ID, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(ID{}) {
		return ID{}, fmt.Errorf("%q is no id of a master key", s)
	}
	return ID(b), nil
}

func idOf(key []byte) ID {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("sekisho master key id"))
	return ID(m.Sum(nil))
}

// Wrapped is a master key that a key management service has encrypted.
type Wrapped struct {
	ID  ID
	Key []byte // JSON; what is in it is the source's affair
}

// Shelf is where wrapped master keys lie: the store. The newest is first.
type Shelf interface {
	Wrapped(ctx context.Context) ([]Wrapped, error)
}

// Options say where master keys are.
type Options struct {
	// Source is one of the forms of the package comment.
	Source string
	// Token is an access token of the program for a resource, for Azure Key Vault.
	Token func(ctx context.Context, resource string) (string, error)
	// Getenv reads the environment (env:NAME; VAULT_TOKEN, VAULT_TOKEN_FILE and
	// VAULT_NAMESPACE for Vault).
	Getenv func(name string) (value string, ok bool)
	// Client speaks to key management services. nil is a client of its own.
	Client *http.Client
}

// source is a kind of place that master keys come from.
type source interface {
	// load reads the keys, the newest first; none is no error. Keys that are at hand
	// need not be fetched. Those that could not be had are in failed with the reason,
	// unless nothing could.
	load(ctx context.Context, shelf Shelf, have func(ID) bool) (got []loaded, failed map[ID]error, err error)
	// add makes a key the newest. What it returns must be put on the shelf, if anything.
	add(ctx context.Context, key []byte) (wrapped []byte, err error)
	// remove drops keys that nothing needs any more.
	remove(ids []ID) error
	// String names the place, for messages.
	String() string
}

// loaded is a master key of a source: its bytes, or its ID where it is at hand.
type loaded struct {
	key []byte
	id  ID
}

// newSource reads an Options.Source.
func newSource(o Options) (source, error) {
	if o.Getenv == nil {
		o.Getenv = func(string) (string, bool) { return "", false }
	}
	kind, rest, _ := strings.Cut(o.Source, ":")
	switch {
	case rest == "":
	case kind == "file":
		return &fileSource{path: rest}, nil
	case kind == "env":
		return &envSource{name: rest, getenv: o.Getenv}, nil
	case kind == "azure-kv":
		return newAzure(o)
	case kind == "hcvault", kind == "hcvault+http":
		return newVault(o)
	}
	return nil, errors.New("the master key is named as file:PATH, env:NAME, azure-kv://VAULT/keys/NAME or hcvault://HOST/transit/keys/NAME")
}

// Ring holds master keys. It may be used by any number of goroutines.
type Ring struct {
	source source
	shelf  Shelf

	loading sync.Mutex // held while the source is read

	mu     sync.RWMutex
	keys   map[ID]tink.AEAD
	failed map[ID]error // why a key that is there could not be had
	order  []ID         // as the source has them, the newest first
}

// Open reads the master keys of a source. A source that holds none gives a Ring with no
// keys and ErrNoKey; Generate makes the first.
func Open(ctx context.Context, o Options, shelf Shelf) (*Ring, error) {
	src, err := newSource(o)
	if err != nil {
		return nil, err
	}
	r := &Ring{source: src, shelf: shelf, keys: map[ID]tink.AEAD{}}
	if err := r.Reload(ctx); err != nil {
		return nil, err
	}
	if len(r.order) == 0 {
		return r, fmt.Errorf("%w: %s holds none", ErrNoKey, src)
	}
	return r, nil
}

// Reload reads the source again. Keys that are not there any more stay usable in this
// process: what was read under them a moment ago must still open.
func (r *Ring) Reload(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	got, failed, err := r.source.load(ctx, r.shelf, r.Has)
	if err != nil {
		return err
	}
	var order []ID
	fresh := map[ID]tink.AEAD{}
	for _, g := range got {
		id := g.id
		if g.key != nil {
			var box tink.AEAD
			if id, box, err = open(g.key); err != nil {
				return err
			}
			fresh[id] = box
		}
		if slices.Contains(order, id) {
			return fmt.Errorf("%s holds the master key %s twice", r.source, id)
		}
		order = append(order, id)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(r.keys, fresh)
	r.failed, r.order = failed, order
	return nil
}

// open makes a cipher of a key and wipes the key.
func open(key []byte) (ID, tink.AEAD, error) {
	defer clear(key)
	if len(key) != keySize {
		return ID{}, nil, fmt.Errorf("a master key has %d bytes, not %d", keySize, len(key))
	}
	box, err := subtle.NewAESGCM(key)
	if err != nil {
		return ID{}, nil, errors.New("a master key is not usable")
	}
	return idOf(key), box, nil
}

// String names the source.
func (r *Ring) String() string { return r.source.String() }

// IDs are the keys that the source holds, the newest first.
func (r *Ring) IDs() []ID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.order)
}

// Has tells whether a key is here.
func (r *Ring) Has(id ID) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, ok := r.keys[id]
	return ok
}

// Generate makes a new key, puts it into the source and into the Ring. wrapped, if not nil,
// must be put on the Shelf before the key is used.
func (r *Ring) Generate(ctx context.Context) (id ID, wrapped []byte, err error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	key := make([]byte, keySize)
	rand.Read(key)
	id = idOf(key)
	wrapped, err = r.source.add(ctx, key)
	if err != nil {
		return ID{}, nil, err
	}
	id, box, err := open(key)
	if err != nil {
		return ID{}, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[id] = box
	r.order = append([]ID{id}, r.order...)
	return id, wrapped, nil
}

// Retire drops keys from the source. Whoever calls it knows that no envelope needs them and
// that none will be sealed under them.
func (r *Ring) Retire(ids []ID) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	if err := r.source.remove(ids); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.order = slices.DeleteFunc(r.order, func(id ID) bool { return slices.Contains(ids, id) })
	return nil
}

// key finds a master key. One that is not here may have been added since.
func (r *Ring) key(ctx context.Context, id ID) (tink.AEAD, error) {
	if box, _ := r.look(id); box != nil {
		return box, nil
	}
	if err := r.Reload(ctx); err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrUnknownKey, id, err)
	}
	box, why := r.look(id)
	if box != nil {
		return box, nil
	}
	if why != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrUnknownKey, id, why)
	}
	return nil, fmt.Errorf("%w %s: %s holds %s", ErrUnknownKey, id, r.source, list(r.IDs()))
}

func (r *Ring) look(id ID) (tink.AEAD, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys[id], r.failed[id]
}

// list is IDs for a message.
func list(ids []ID) string {
	if len(ids) == 0 {
		return "none"
	}
	s := make([]string, len(ids))
	for i, id := range ids {
		s[i] = id.String()
	}
	return strings.Join(s, ", ")
}
