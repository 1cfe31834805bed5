package builtins

import (
	"io"
	"strings"
	"time"

	"sekisho/engine/pipeline"
)

// CacheStore puts the response into the cache, for cache-lookup to find.
//
//	<cache-store duration="3600" cache-response="true" />
//
// It stores the response as it is at this place in outbound, if a cache-lookup in
// inbound has found none: a GET, status 200 unless cache-response is true, at most
// 2 MiB. cache-response="false" stores nothing.
//
// Spec: https://learn.microsoft.com/azure/api-management/cache-store-policy
// Ours: the page allows one in a section; real documents have one in each branch of a
// choose, so more are not refused. A stream is stored when it has passed, without
// holding it up. Set-Cookie is left out of what is stored, for it would give one
// caller's cookie to all; partial content (206) and 304 are never stored.
var CacheStore = pipeline.Policy{
	Name:     "cache-store",
	Summary:  "Puts the response into the cache for cache-lookup.",
	Sections: pipeline.Outbound,
	Scopes:   pipeline.AnyScope,
	Example:  `<cache-store duration="3600" />`,
	New:      func() pipeline.Step { return new(cacheStore) },
}

type cacheStore struct {
	Duration pipeline.Int  `attr:"duration,required" range:"0"`
	Cache    pipeline.Bool `attr:"cache-response"`
}

// maxCached is the largest response that is cached, in bytes.
const maxCached = 2 << 20

// notCached are the headers that are not stored: they are about one connection, or for
// one caller.
var notCached = map[string]bool{
	"connection": true, "keep-alive": true, "transfer-encoding": true, "content-length": true, "te": true, "trailer": true,
	"upgrade": true, "proxy-authenticate": true, "proxy-connection": true, "set-cookie": true,
}

func (s *cacheStore) Run(x *pipeline.Exchange) error {
	l, ok := x.Value(lookupKey{}).(*lookup)
	if !ok {
		return nil
	}
	r := &x.Response
	if s.Cache.IsSet() {
		yes, err := s.Cache.Get(x)
		if err != nil || !yes {
			return err
		}
	} else if r.Status != 200 {
		return nil
	}
	seconds, err := s.Duration.Get(x)
	if err != nil {
		return err
	}
	if seconds <= 0 || r.Status == 206 || r.Status == 304 || r.Status < 200 {
		return nil
	}
	ttl := secondsOf(seconds)
	c := &cachedResponse{status: r.Status, reason: strings.Clone(r.Reason), present: r.Body.Present(), expires: x.Services.Now().Add(ttl)}
	for _, f := range r.Header.Fields() {
		if !notCached[strings.ToLower(f.Name)] {
			// What is kept must not keep all of what was received with it.
			c.header = append(c.header, pipeline.Field{Name: strings.Clone(f.Name), Value: strings.Clone(f.Value)})
		}
	}
	l.control(&r.Header, ttl)
	cache := x.Services.Cache
	length, streaming := r.Body.Streaming()
	switch {
	case streaming && length > maxCached:
	case streaming && length < 0:
		// Of unknown length: it is kept as it passes, and stored at its end.
		_, stream, _ := r.Body.Take()
		r.Body.SetStream(&keepingStream{ReadCloser: stream, store: func(body []byte) {
			c.body = body
			cache.Set(l.key, c, c.size(), ttl)
		}}, length)
	default:
		if c.body, err = r.Body.Buffer(); err != nil {
			return err
		}
		if len(c.body) <= maxCached {
			cache.Set(l.key, c, c.size(), ttl)
		}
	}
	return nil
}

// size is about what a cached response costs, in bytes.
func (c *cachedResponse) size() int64 {
	n := len(c.body) + 256
	for _, f := range c.header {
		n += len(f.Name) + len(f.Value) + 32
	}
	return int64(n)
}

// secondsOf is a number of seconds as a time; what is over a century is a century.
func secondsOf(n int64) time.Duration {
	const century = 100 * 366 * 24 * 3600
	return time.Duration(min(n, century)) * time.Second
}

// keepingStream keeps a copy of what is read, and hands it over at the end of the
// stream if it is not too large.
type keepingStream struct {
	io.ReadCloser
	kept  []byte
	over  bool
	store func(body []byte)
}

func (s *keepingStream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if !s.over {
		if len(s.kept)+n > maxCached {
			s.kept, s.over = nil, true
		} else {
			s.kept = append(s.kept, p[:n]...)
		}
	}
	if err == io.EOF && !s.over {
		s.over = true // once
		s.store(s.kept)
	}
	return n, err
}
