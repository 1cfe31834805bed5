package gateway

import (
	"strings"
	"sync"
	"time"

	"sekisho/engine/pipeline"
)

// ring hands out the turns of a pool's members: a smooth weighted round robin, so that a
// member of weight 3 among three does not get its turns in a row. It outlives reloads
// that leave the members as they are.
type ring struct {
	members []Member

	mu      sync.Mutex
	current []int
}

func newRing(members []Member) *ring {
	return &ring{members: members, current: make([]int, len(members))}
}

// next is the index of the member whose turn it is, among those of the lowest Priority
// number that has one which is up; -1 if none is.
func (r *ring) next(up func(i int) bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	best, total := -1, 0
	priority, found := 0, false
	for i, m := range r.members {
		if (!found || m.Priority < priority) && up(i) {
			priority, found = m.Priority, true
		}
	}
	if !found {
		return -1
	}
	for i, m := range r.members {
		if m.Priority != priority || !up(i) {
			continue
		}
		weight := max(m.Weight, 1)
		total += weight
		r.current[i] += weight
		if best < 0 || r.current[i] > r.current[best] {
			best = i
		}
	}
	r.current[best] -= total
	return best
}

// choose picks the member of a pool that gets x's request, nil if all are tripped.
// Fresh tells that the client is to be given an affinity cookie.
func (b *backend) choose(x *pipeline.Exchange, now time.Time) (member *backend, fresh bool) {
	cookie := b.def.AffinityCookie
	if cookie != "" {
		token := cookieValue(&x.Request.Header, cookie)
		for _, m := range b.members {
			if token == m.token && m.breaker.allow(now) {
				return m, false
			}
		}
	}
	i := b.ring.next(func(i int) bool { return b.members[i].breaker.allow(now) })
	if i < 0 {
		return nil, false
	}
	return b.members[i], cookie != ""
}

// cookieValue finds a cookie in a request's header, "" if there is none.
func cookieValue(h *pipeline.Header, name string) string {
	lines, _ := h.Lookup("Cookie")
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			if n, v, ok := strings.Cut(pair, "="); ok && strings.TrimSpace(n) == name {
				return strings.Trim(strings.TrimSpace(v), `"`)
			}
		}
	}
	return ""
}
