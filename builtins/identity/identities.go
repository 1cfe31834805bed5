package identity

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/builtins/tokencache"
)

// System is the name of the identity for policies that name none.
const System = "system"

// Options are what Identities use of the world.
type Options struct {
	// Now is the clock, Sleep waits between attempts, Rand yields the ids of assertions.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	Rand  io.Reader
	// Env looks up an environment variable.
	Env func(name string) (string, bool)
	// Dial connects; nil means a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Log receives failures; nil logs nothing.
	Log *slog.Logger
}

// Identities obtain access tokens for the gateway's identities. They are safe for use by
// many goroutines and implement pipeline.Identities.
type Identities struct {
	o     Options
	cache *tokencache.Cache
	known atomic.Pointer[known]

	mu          sync.Mutex // of Configure
	generations map[string]int
}

// known is what one Configure made, immutable.
type known struct {
	system *identity
	// byName has the identities under their ids and client ids; others is for client
	// ids that are written in other letters.
	byName map[string]*identity
	all    []*identity
	// recent is what was asked for lately. It goes with what was known then, so that no
	// answer outlives that.
	recent [32]atomic.Pointer[asked]
}

// asked is a question and where its answer is.
type asked struct {
	clientID, resource string
	place              tokencache.Place
}

var askedSeed = maphash.MakeSeed()

// asked is where a question would be among the recent ones.
func (k *known) asked(resource string) *atomic.Pointer[asked] {
	return &k.recent[maphash.String(askedSeed, resource)%uint64(len(k.recent))]
}

// identity is one that tokens can be had for.
type identity struct {
	config Identity
	kind   Source
	// prefix begins the keys of its tokens. It is another one when the configuration
	// has changed, so that a call that began before cannot leave its token behind.
	prefix string
	source source
	// assigned tells that the source can be asked for user-assigned identities.
	assigned bool
}

// source gets a token from where it comes from; clientID is that of a user-assigned
// identity that the policy asked for, "" for that of the source itself.
type source interface {
	token(ctx context.Context, clientID, resource string) (tokencache.Token, error)
}

// New makes Identities with none configured. They hold goroutines until they are closed.
func New(o Options) (*Identities, error) {
	cache, err := tokencache.New(tokencache.Options{Now: o.Now, Log: o.Log})
	if err != nil {
		return nil, err
	}
	dial := o.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		return dial(ctx, network, address)
	}
	i := &Identities{o: o, cache: cache, generations: map[string]int{}}
	if err := i.Configure(Config{}); err != nil {
		cache.Close()
		return nil, err
	}
	return i, nil
}

// Close ends all calls; requests must have ended before.
func (i *Identities) Close() { i.cache.Close() }

// Configure makes the identities of c count. Those that are as they were keep their
// tokens; the tokens of others are forgotten. If there is an error, nothing changes.
func (i *Identities) Configure(c Config) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	before := i.known.Load()
	next := &known{byName: map[string]*identity{}}
	var faults []error
	if !c.has(System) {
		n, err := i.implicit(before)
		if err != nil {
			return err
		}
		next.all, next.system, next.byName[System] = append(next.all, n), n, n
	}
	for _, one := range c.Identities {
		n, err := i.identity(one, before)
		if err != nil {
			faults = append(faults, fmt.Errorf("identity %q: %w", one.ID, err))
			continue
		}
		if _, twice := next.byName[one.ID]; twice {
			faults = append(faults, fmt.Errorf("identity %q: there are two of that name", one.ID))
		}
		next.all = append(next.all, n)
		next.byName[one.ID] = n
		if one.ID == System {
			next.system = n
		}
	}
	for _, n := range next.all {
		id := n.config.ClientID
		if id == "" {
			continue
		}
		if _, taken := next.byName[id]; !taken {
			next.byName[id] = n
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	i.known.Store(next)
	kept := map[string]bool{}
	for _, n := range next.all {
		kept[n.prefix] = true
	}
	i.cache.DeleteFunc(func(key string) bool {
		prefix, _, _ := strings.Cut(key, " ")
		return !kept[prefix]
	})
	return nil
}

// implicitPrefix begins the keys of the system identity that the environment gives. It is
// always the same one, as the environment is.
const implicitPrefix = "~environment"

// implicit makes that identity, or finds it.
func (i *Identities) implicit(before *known) (*identity, error) {
	if before != nil && before.system.prefix == implicitPrefix {
		return before.system, nil
	}
	n, err := i.detect(Identity{ID: System, Source: Auto})
	if err != nil {
		return nil, err
	}
	n.config, n.prefix = Identity{ID: System, Source: Auto}, implicitPrefix
	return n, nil
}

// identity makes one, or finds it as it was.
func (i *Identities) identity(c Identity, before *known) (*identity, error) {
	if before != nil {
		if old := before.byName[c.ID]; old != nil && old.config.equal(c) && old.prefix != implicitPrefix {
			return old, nil
		}
	}
	if !isName(c.ID) {
		return nil, errors.New("its name must have neither blanks nor ~, and at most 256 bytes")
	}
	n, err := i.detect(c)
	if err != nil {
		return nil, err
	}
	n.config, n.prefix = c, c.ID
	if g := i.generations[c.ID]; g > 0 {
		n.prefix += "~" + strconv.Itoa(g)
	}
	i.generations[c.ID]++
	return n, nil
}

// Token returns an access token for resource. One that is good for three minutes more is
// answered without waiting, and so is one that has not expired; see package tokencache.
func (i *Identities) Token(ctx context.Context, clientID, resource string) (string, error) {
	k := i.known.Load()
	recent := k.asked(resource)
	if a := recent.Load(); a != nil && a.clientID == clientID && a.resource == resource {
		if t, ok := a.place.Lookup(); ok {
			return t.AccessToken, nil
		}
	}
	n, assigned := k.find(clientID)
	key := n.prefix + " " + assigned + " " + resource
	if t, ok := i.cache.Lookup(key); ok {
		if place, ok := i.cache.Place(key); ok {
			recent.Store(&asked{strings.Clone(clientID), strings.Clone(resource), place})
		}
		return t.AccessToken, nil
	}
	// Only now: what has blanks in it matches no key, as no key was made of such.
	if !isName(clientID) && clientID != "" {
		return "", errors.New("the client-id of an identity must have neither blanks nor ~, and at most 256 bytes")
	}
	if !isResource(resource) {
		return "", errors.New("the resource must be an App ID URI or an application's id: no blanks, and from 1 to 2048 bytes")
	}
	if assigned != "" && !n.assigned {
		return "", fmt.Errorf("there is no identity with the client id %s: %s knows one identity only, and none is configured that has it", clientID, n.kind)
	}
	t, err := i.cache.Get(ctx, key, func(ctx context.Context) (tokencache.Token, error) {
		return n.source.token(ctx, assigned, resource)
	})
	return t.AccessToken, err
}

// find returns the identity of a client-id, and the client id that its source is to be
// asked for, "" for its own.
func (k *known) find(clientID string) (n *identity, assigned string) {
	if clientID == "" {
		return k.system, ""
	}
	if n := k.byName[clientID]; n != nil {
		return n, ""
	}
	for _, n := range k.all {
		if strings.EqualFold(n.config.ClientID, clientID) {
			return n, ""
		}
	}
	return k.system, clientID
}

// Status is what is known of the tokens of one identity for one resource.
type Status struct {
	Identity string
	// ClientID is that of a user-assigned identity that is not configured.
	ClientID string
	Source   Source
	Resource string
	tokencache.Status
}

// Status lists them; there are no tokens in it.
func (i *Identities) Status() []Status {
	byPrefix := map[string]*identity{}
	for _, n := range i.known.Load().all {
		byPrefix[n.prefix] = n
	}
	var list []Status
	for _, s := range i.cache.Status() {
		parts := strings.SplitN(s.Key, " ", 3)
		// What a call has left behind that began before a reload is nobody's.
		if n := byPrefix[parts[0]]; n != nil && len(parts) == 3 {
			list = append(list, Status{
				Identity: n.config.ID, ClientID: parts[1], Source: n.kind, Resource: parts[2], Status: s,
			})
		}
	}
	return list
}

// Failing counts the tokens whose last fetch failed, for a metric.
func (i *Identities) Failing() int { return i.cache.Failing() }

// isName accepts what may name an identity.
func isName(s string) bool { return s != "" && len(s) <= 256 && plain(s) && !strings.Contains(s, "~") }

// isResource accepts what may be asked a token for.
func isResource(s string) bool { return s != "" && len(s) <= 2048 && plain(s) }

// plain tells that s has no blanks or control characters.
func plain(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == 0x7f {
			return false
		}
	}
	return true
}
