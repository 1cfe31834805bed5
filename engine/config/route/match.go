package route

import "strings"

// Miss says why a request matched nothing.
type Miss uint8

const (
	// Matched: nothing missed.
	Matched Miss = iota
	// NoAPI: no API has a prefix of this path, or none in the revision asked for.
	NoAPI
	// NoVersion: there is an API, but not in the version asked for, or the request
	// names no version and the API needs one.
	NoVersion
	// NoOperation: the API has no operation for this method and path.
	NoOperation
)

// Match is what a request matched. It refers to the strings given to
// Table.Match by offsets, so it stays good as long as they do.
type Match struct {
	// API and Op are indexes of the rows that the Table was compiled from; Op is
	// -1 unless Miss is Matched, API is -1 where Miss is NoAPI or NoVersion.
	API, Op int
	Miss    Miss
	// Suffix is the offset in the path at which the part of the operation begins:
	// after the API's prefix, its version segment and its ";rev=N". It is at a
	// slash or at the end of the path.
	Suffix int

	template *Template
	spans    [MaxParams]span
}

type span struct{ start, end int32 }

// Forget lets go of the Table: the Match is as one that matched nothing.
func (m *Match) Forget() { m.API, m.Op, m.template = -1, -1, nil }

// Len is the number of parameters.
func (m *Match) Len() int {
	if m.template == nil {
		return 0
	}
	return len(m.template.Params)
}

// Param is parameter i, in the order of the template: its name, and its value as
// it stands in the path, or, for a parameter of the query, in rawQuery.
func (m *Match) Param(i int, path, rawQuery string) (p Param, raw string) {
	p, s := m.template.Params[i], m.spans[i]
	if p.Kind == InQuery {
		return p, rawQuery[s.start:s.end]
	}
	return p, path[s.start:s.end]
}

// Value is the decoded value of the parameter of that name, without regard to case.
func (m *Match) Value(name, path, rawQuery string) (string, bool) {
	for i := range m.Len() {
		if p, raw := m.Param(i, path, rawQuery); strings.EqualFold(p.Name, name) {
			return Unescape(raw, p.Kind == InQuery), true
		}
	}
	return "", false
}

// Match finds the API and the operation for a request. host may carry a port;
// path is in the normal form that NormalizePath returns; rawQuery comes without
// its "?"; header returns the value of a request header, "" without one. ok is
// false where there is no operation; Match.Miss then tells why, and Match.API
// which API it was, if one.
func (t *Table) Match(host, path, rawQuery, method string, header func(name string) string) (m Match, ok bool) {
	m.API, m.Op, m.Miss = -1, -1, NoAPI
	if path == "" || path[0] != '/' {
		return m, false
	}
	t.findAPI(&m, host, path, rawQuery, header)
	if m.API < 0 {
		return m, false
	}
	s := search{path, rawQuery, method, &m}
	if !s.find(t.ops[m.API], m.Suffix, 0) {
		m.Miss = NoOperation
		return m, false
	}
	m.Miss = Matched
	return m, true
}

// findAPI sets API and Suffix, or Miss. Of the hosts that know a prefix of the
// path the most specific answers.
func (t *Table) findAPI(m *Match, host, path, rawQuery string, header func(string) string) {
	if len(t.exact) > 0 || len(t.wildcard) > 0 {
		host = hostname(host)
		var buf [256]byte
		if len(host) <= len(buf) {
			folded := buf[:0]
			for i := 0; i < len(host); i++ {
				folded = append(folded, lower(host[i]))
			}
			if p := t.exact[string(folded)]; p != nil && t.inHost(m, p, path, rawQuery, header) {
				return
			}
			for i := range t.wildcard {
				w := &t.wildcard[i]
				if len(folded) > len(w.suffix) && string(folded[len(folded)-len(w.suffix):]) == w.suffix &&
					t.inHost(m, w.root, path, rawQuery, header) {
					return
				}
			}
		}
	}
	t.inHost(m, t.any, path, rawQuery, header)
}

// hostname cuts the port and a trailing dot off a Host header.
func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	return strings.TrimSuffix(host, ".")
}

// inHost answers from one host's tree; false if no API of it has a prefix of the path.
func (t *Table) inHost(m *Match, p *prefix, path, rawQuery string, header func(string) string) bool {
	best, bestEnd, bestRev := p.here, 0, ""
	if best != nil && !best.served {
		best = nil
	}
	var buf [128]byte
	for end := 0; end < len(path); {
		start := end + 1
		stop := start
		for stop < len(path) && path[stop] != '/' {
			stop++
		}
		seg := path[start:stop]
		if i := revision(seg); i >= 0 {
			// A prefix with ";rev=N" is a whole one: nothing longer can follow.
			q := p
			if i > 0 {
				q = p.children[string(fold(buf[:0], seg[:i]))]
			}
			if q != nil && q.here != nil && (i > 0 || start == 1) {
				best, bestEnd, bestRev = q.here, stop, seg[i+len(revPrefix):]
			}
			break
		}
		if p = p.children[string(fold(buf[:0], seg))]; p == nil {
			break
		}
		if p.here != nil && p.here.served {
			best, bestEnd, bestRev = p.here, stop, ""
		}
		end = stop
	}
	if best == nil {
		return false
	}
	r, miss := best.choose(rawQuery, header)
	if miss != Matched {
		m.Miss = miss
		return true
	}
	if m.API = r.pick(t, bestRev); m.API < 0 {
		m.Miss = NoAPI
		return true
	}
	m.Suffix = bestEnd
	return true
}

const revPrefix = ";rev="

// revision finds ";rev=" in a segment, or -1.
func revision(seg string) int {
	i := strings.IndexByte(seg, ';')
	if i < 0 || len(seg) < i+len(revPrefix) || !strings.EqualFold(seg[i:i+len(revPrefix)], revPrefix) {
		return -1
	}
	return i
}

// choose picks the version that the request names, or the unversioned API where
// it names none.
func (g *group) choose(rawQuery string, header func(string) string) (*revisions, Miss) {
	asked := false
	for i := range g.versions {
		v := &g.versions[i]
		value := ""
		if v.scheme == Query {
			if s, ok := queryValue(rawQuery, v.name); ok {
				value = rawQuery[s.start:s.end]
			}
		} else if header != nil {
			value = header(v.name)
		}
		if value == "" {
			continue
		}
		asked = true
		if foldedEqual(value, v.version) {
			return &v.revisions, Matched
		}
	}
	if asked || g.plain.all == nil {
		return nil, NoVersion
	}
	return &g.plain, Matched
}

// pick chooses a revision, -1 if it is not there; "" asks for the current one.
func (r *revisions) pick(t *Table, rev string) int {
	if rev == "" {
		return r.current
	}
	for _, i := range r.all {
		if t.apis[i].Revision == rev {
			return i
		}
	}
	return -1
}

// search descends the tree of one API.
type search struct {
	path, query, method string
	m                   *Match
}

// find matches path[i:], which is empty or begins with a slash, below n; k is
// the number of parameters so far.
func (s *search) find(n *node, i, k int) bool {
	if i >= len(s.path) || i+1 == len(s.path) {
		slash := 0
		if i < len(s.path) {
			slash = 1
		}
		if s.leaf(n.here[slash], k) || s.leaf(n.here[1-slash], k) {
			return true
		}
		return s.wildcard(n, i, k)
	}
	start := i + 1
	end := start
	for end < len(s.path) && s.path[end] != '/' {
		end++
	}
	seg := s.path[start:end]
	if n.literals != nil {
		var buf [128]byte
		if c := n.literals[string(fold(buf[:0], seg))]; c != nil && s.find(c, end, k) {
			return true
		}
	}
	for j := range n.mixed {
		c := &n.mixed[j]
		if used, ok := s.mixed(c.parts, start, end, k); ok && s.find(c.node, end, k+used) {
			return true
		}
	}
	if n.param != nil {
		s.set(k, start, end)
		if s.find(n.param, end, k+1) {
			return true
		}
	}
	return s.wildcard(n, i, k)
}

// mixed matches a segment of literals and parameters: each parameter takes as
// little as it can, and at least one byte.
func (s *search) mixed(parts []part, start, end, k int) (used int, ok bool) {
	at := start
	for i, p := range parts {
		if !p.param {
			if i > 0 {
				continue // matched with the parameter before it
			}
			n, ok := foldPrefix(s.path[at:end], p.lit)
			if !ok {
				return 0, false
			}
			at += n
			continue
		}
		if at >= end {
			return 0, false
		}
		if i == len(parts)-1 {
			s.set(k+used, at, end)
			return used + 1, true
		}
		lit, last := parts[i+1].lit, i+2 == len(parts)
		q := at + 1
		for ; ; q++ {
			if q >= end {
				return 0, false
			}
			if n, ok := foldPrefix(s.path[q:end], lit); ok && (!last || q+n == end) {
				s.set(k+used, at, q)
				used++
				at = q + n
				break
			}
		}
	}
	return used, at == end
}

func (s *search) wildcard(n *node, i, k int) bool {
	if n.rest == nil {
		return false
	}
	s.set(k, min(i+1, len(s.path)), len(s.path))
	return s.leaf(n.rest, k+1)
}

func (s *search) set(k, start, end int) {
	if k < MaxParams {
		s.m.spans[k] = span{int32(start), int32(end)}
	}
}

// leaf chooses among the operations of one path template by method and query.
func (s *search) leaf(l *leaf, k int) bool {
	if l == nil {
		return false
	}
	for i := range l.candidates {
		c := &l.candidates[i]
		if c.method != s.method && c.method != "*" {
			continue
		}
		j := k
		if c.t.rest && !c.t.named {
			j--
		}
		if s.terms(c.t.query, j) {
			s.m.Op, s.m.template = c.op, c.t
			return true
		}
	}
	return false
}

func (s *search) terms(terms []queryTerm, k int) bool {
	for i := range terms {
		q := &terms[i]
		v, ok := queryValue(s.query, q.name)
		if !ok {
			return false
		}
		if q.param {
			s.set(k, int(v.start), int(v.end))
			k++
		} else if !queryEqual(s.query[v.start:v.end], q.value) {
			return false
		}
	}
	return true
}

// queryEqual compares a raw value with a folded one; "+" and %20 are both spaces.
func queryEqual(raw, folded string) bool {
	for len(raw) > 0 && len(folded) > 0 {
		c, n := octet(raw)
		if n == 0 {
			c, n = raw[0], 1
		}
		if n == 1 && c == '+' {
			c = ' '
		}
		f := folded[0]
		if f == '+' {
			f = ' '
		}
		if lower(c) != f {
			return false
		}
		raw, folded = raw[n:], folded[1:]
	}
	return raw == "" && folded == ""
}

// queryValue finds the first value of a query parameter, its name without regard to case.
func queryValue(query, name string) (span, bool) {
	for start := 0; start < len(query); {
		end := start
		for end < len(query) && query[end] != '&' {
			end++
		}
		eq := start
		for eq < end && query[eq] != '=' {
			eq++
		}
		if n, ok := foldNamePrefix(query[start:eq], name); ok && n == eq-start {
			return span{int32(min(eq+1, end)), int32(end)}, true
		}
		start = end + 1
	}
	return span{}, false
}

// foldNamePrefix is foldPrefix for a name that need not be folded itself.
func foldNamePrefix(s, name string) (n int, ok bool) {
	for i := 0; i < len(name); i++ {
		if n >= len(s) {
			return 0, false
		}
		c, w := octet(s[n:])
		if w == 0 {
			c, w = s[n], 1
		}
		if lower(c) != lower(name[i]) {
			return 0, false
		}
		n += w
	}
	return n, true
}
