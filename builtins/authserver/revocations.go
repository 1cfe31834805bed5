package authserver

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"sekisho/builtins/authserver/records"
	"sekisho/engine/pipeline"
)

const (
	pollEvery = time.Second
	// pollOverlap is by how much polls overlap: a record may be written a while after it
	// was stamped.
	pollOverlap = 10 * time.Second
	// pollStale is for how long tokens are accepted while nobody can say what was revoked.
	pollStale = 30 * time.Second
)

// revocations are the grants that were revoked while tokens of theirs may live. They are
// read from the store every second, so that checking a token needs no read.
type revocations struct {
	polling sync.Mutex // of polls; since is under it
	since   time.Time  // when the last poll began

	mu       sync.RWMutex
	fresh    time.Time            // when the last poll that has worked began
	until    map[string]time.Time // by grant, when it may be forgotten
	watchers map[string][]*watcher
}

// watcher is told of the end of a grant.
type watcher struct{ ended func() }

func (v *revocations) init() {
	v.until, v.watchers = map[string]time.Time{}, map[string][]*watcher{}
}

// revokedRecord is what is kept of a revoked grant.
type revokedRecord struct {
	Grant string `json:"grant"`
}

// end revokes a grant: its refresh tokens at once, its access tokens as soon as every
// process has looked. The mark comes first, so that a grant that is about to be kept sees it.
func (s *Server) end(ctx context.Context, grant string) error {
	ctx = context.WithoutCancel(ctx) // not by half
	until := s.o.Now().Add(maxAccessToken + time.Hour)
	err := s.put(ctx, &records.Record{Kind: kindRevoked, ID: grant, Expires: until}, revokedRecord{grant})
	if errors.Is(err, records.ErrConflict) {
		err = nil // it is revoked already
	}
	if err == nil {
		s.revoked.add(map[string]time.Time{grant: until})
	}
	return errors.Join(err, s.o.Store.Delete(ctx, kindGrant, grant), s.o.Store.Delete(ctx, kindUpstream, grant))
}

// add notes grants, and tells those who watch them.
func (v *revocations) add(grants map[string]time.Time) {
	var told []*watcher
	v.mu.Lock()
	for g, until := range grants {
		v.until[g] = until
		told = append(told, v.watchers[g]...)
		delete(v.watchers, g)
	}
	v.mu.Unlock()
	for _, w := range told {
		w.ended()
	}
}

// has tells whether a grant is revoked.
func (v *revocations) has(grant string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	_, ok := v.until[grant]
	return ok
}

// poll learns what was revoked since the last one.
func (v *revocations) poll(ctx context.Context, s *Server) error {
	v.polling.Lock()
	defer v.polling.Unlock()
	now := s.o.Now()
	var from time.Time
	if !v.since.IsZero() {
		from = v.since.Add(-pollOverlap)
	}
	list, err := s.o.Store.Since(ctx, kindRevoked, from)
	if err != nil {
		return err
	}
	fresh := map[string]time.Time{}
	for _, r := range list {
		var rec revokedRecord
		if err := decode(r, &rec); err != nil {
			return err
		}
		if !v.has(rec.Grant) {
			fresh[rec.Grant] = r.Expires
		}
	}
	v.since = now
	v.add(fresh)
	v.mu.Lock()
	v.fresh = now
	for g, until := range v.until {
		if !now.Before(until) {
			delete(v.until, g)
		}
	}
	v.mu.Unlock()
	return nil
}

// current makes sure that what is known of revocations is not old; an error means that it
// is, and nothing newer can be had.
func (v *revocations) current(ctx context.Context, s *Server) error {
	v.mu.RLock()
	age := s.o.Now().Sub(v.fresh)
	v.mu.RUnlock()
	if age < pollStale {
		return nil
	}
	return v.poll(ctx, s)
}

// watch polls until Close.
func (s *Server) watch() {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		err := s.revoked.poll(s.ctx, s)
		if err == nil && s.keys.due(s.o.Now()) {
			err = s.loadKeys(s.ctx)
		}
		if s.ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			s.o.Log.Error("the store of the authorization server cannot be read", "error", err.Error())
		}
		failing = err != nil
	}
}

// due tells whether it is time to look for keys of other processes.
func (k *keyring) due(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return now.Sub(k.looked) >= keyReload
}

// Watch calls ended, once, when the grant of a caller is revoked, here or by another
// process, which is noticed within two seconds; stop ends the watching. ended must return
// soon.
func (s *Server) Watch(c *pipeline.Caller, ended func()) (stop func()) {
	v := &s.revoked
	w := &watcher{ended}
	v.mu.Lock()
	_, over := v.until[c.Grant]
	if !over {
		v.watchers[c.Grant] = append(v.watchers[c.Grant], w)
	}
	v.mu.Unlock()
	if over {
		ended()
		return func() {}
	}
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		list := slices.DeleteFunc(slices.Clone(v.watchers[c.Grant]), func(o *watcher) bool { return o == w })
		if len(list) == 0 {
			delete(v.watchers, c.Grant)
		} else {
			v.watchers[c.Grant] = list
		}
	}
}
