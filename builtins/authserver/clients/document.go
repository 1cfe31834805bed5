package clients

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"sekisho/engine/pipeline"
)

const (
	// How long a document is kept: as its server says, within bounds.
	shortestAge = time.Minute
	usualAge    = time.Hour
	longestAge  = 24 * time.Hour
	// failureAge is how long a document is not asked for again that was not to be had.
	failureAge = 30 * time.Second
	// kept is how many documents are kept, and how many failures. Each document has a few
	// kilobytes.
	kept = 1000
	// fetching is how many documents are fetched at once.
	fetching = 16
	// fetchTimeout is how long a fetch may take, from the first question to the last byte.
	fetchTimeout = 5 * time.Second
)

// documents are the clients with metadata documents, as they were last seen.
type documents struct {
	o       *Options
	guard   *pipeline.Guard
	self    *url.URL // the issuer's, nil while that is not known
	roots   *x509.CertPool
	timeout time.Duration
	slots   chan struct{}
	flights singleflight.Group

	mu     sync.Mutex
	found  map[string]entry
	failed map[string]entry
}

// entry is a document, or what is wrong with one, for a while.
type entry struct {
	client *Client
	err    *DocumentError
	until  time.Time
}

func newDocuments(o *Options, c Config) *documents {
	d := &documents{
		o: o, guard: &pipeline.Guard{Allowed: c.AllowedHosts, Public: true},
		timeout: fetchTimeout, slots: make(chan struct{}, fetching),
		roots: c.Roots, found: map[string]entry{}, failed: map[string]entry{},
	}
	if u, err := url.Parse(c.Issuer); err == nil && u.Host != "" {
		d.self = u
	}
	return d
}

// client is the client whose id is a URL: *DocumentError, or that ctx is done. It is fetched
// by one call for all who wait, and on nobody's behalf: who asks first and leaves does not
// spoil it for the others.
func (d *documents) client(ctx context.Context, id string) (*Client, error) {
	u, err := d.checkURL(id)
	if err != nil {
		return nil, &DocumentError{Text: "the client id is not the URL of a metadata document: " + err.Error()}
	}
	if e, ok := d.known(id); ok {
		return e.result()
	}
	ch := d.flights.DoChan(id, func() (any, error) {
		if e, ok := d.known(id); ok {
			return e, nil
		}
		return d.look(id, u), nil
	})
	select {
	case r := <-ch:
		return r.Val.(entry).result()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e entry) result() (*Client, error) {
	if e.err != nil {
		return nil, e.err
	}
	return e.client, nil
}

// unreachable says of a document that it could not be had. That is all: whether its host
// exists, has an address that is refused, is silent or answers nonsense is nobody's business
// who may make us ask it.
var unreachable = &DocumentError{Text: "the client's metadata document could not be fetched", Unavailable: true}

// look fetches a document and keeps what comes of it.
func (d *documents) look(id string, u *url.URL) entry {
	ctx, cancel := context.WithTimeout(context.Background(), d.timeout)
	defer cancel()
	body, age, err := d.fetch(ctx, u)
	e := entry{}
	switch {
	case errors.Is(err, errBusy):
		d.o.Log.Warn("a client's metadata document was not fetched", "client", id, "err", err)
		return entry{err: unreachable}
	case err != nil:
		d.o.Log.Info("a client's metadata document could not be fetched", "client", id, "err", err)
		e.err = unreachable
	default:
		m, err := readDocument(body, id)
		if err != nil {
			e.err = &DocumentError{Text: "the client's metadata document is not accepted: " + err.Error()}
			break
		}
		e.client = &Client{
			ID: id, Name: m.Name, URI: m.URI, RedirectURIs: m.RedirectURIs, Kind: Document,
			AuthMethod: m.AuthMethod, GrantTypes: m.GrantTypes, Scope: m.Scope,
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.o.Now()
	if e.err != nil {
		e.until = now.Add(failureAge)
		keep(d.failed, id, e, now)
	} else {
		e.until = now.Add(age)
		keep(d.found, id, e, now)
	}
	return e
}

// known is what is kept under a URL, character by character.
func (d *documents) known(id string) (entry, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.o.Now()
	for _, m := range []map[string]entry{d.found, d.failed} {
		if e, ok := m[id]; ok && now.Before(e.until) {
			return e, true
		}
	}
	return entry{}, false
}

// keep puts an entry into a bounded map; those whose time is over give way, or else the one
// that would be the next.
func keep(m map[string]entry, id string, e entry, now time.Time) {
	if _, ok := m[id]; !ok && len(m) >= kept {
		var next string
		for k, v := range m {
			if !now.Before(v.until) {
				delete(m, k)
			} else if next == "" || v.until.Before(m[next].until) {
				next = k
			}
		}
		if len(m) >= kept {
			delete(m, next)
		}
	}
	m[id] = e
}

// checkURL tells what is wrong with a client id as the URL of a document.
func (d *documents) checkURL(id string) (*url.URL, error) {
	if err := plainURI(id); err != nil {
		return nil, err
	}
	u, err := url.Parse(id)
	if err != nil || u.Scheme != "https" {
		return nil, errors.New("it is no https URL")
	}
	if err := checkAuthority(u, id); err != nil {
		return nil, err
	}
	if u.Path == "" || u.Path == "/" {
		return nil, errors.New("it has no path")
	}
	if strings.Contains(id, "?") {
		return nil, errors.New("it has a query")
	}
	allowed := d.guard.Allows(net.JoinHostPort(u.Hostname(), effectivePort(u)))
	if d.self != nil && u.Hostname() == strings.ToLower(d.self.Hostname()) && (!allowed || effectivePort(u) == effectivePort(d.self)) {
		return nil, errors.New("it is one of this server")
	}
	if allowed {
		return u, nil
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil || !strings.Contains(u.Hostname(), ".") {
		return nil, errors.New("its host is no public name")
	}
	if p := effectivePort(u); p != "443" && p != "8443" {
		return nil, errors.New("its port is not one of https")
	}
	return u, nil
}

func effectivePort(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}

// freshness is how long an answer may be kept (RFC 9111), within bounds.
func freshness(h http.Header, now time.Time) time.Duration {
	age, said := time.Duration(0), false
	for _, field := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(field, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return shortestAge
			case "max-age":
				n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
				if err != nil {
					return shortestAge
				}
				age, said = time.Duration(n)*time.Second, true
			}
		}
	}
	if expires := h.Values("Expires"); !said && len(expires) > 0 {
		said = true
		if t, err := http.ParseTime(expires[0]); err == nil {
			date, err := http.ParseTime(h.Get("Date"))
			if err != nil {
				date = now
			}
			age = t.Sub(date)
		}
	}
	if !said {
		return usualAge
	}
	if n, err := strconv.ParseUint(h.Get("Age"), 10, 31); err == nil {
		age -= time.Duration(n) * time.Second
	}
	return min(max(age, shortestAge), longestAge)
}
