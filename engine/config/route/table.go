package route

import (
	"slices"
	"strings"
)

// Scheme says where the version of an API stands in a request.
type Scheme uint8

const (
	// Unversioned: the API has no version.
	Unversioned Scheme = iota
	// Segment: a path segment after the API's path.
	Segment
	// Header: a request header.
	Header
	// Query: a query parameter.
	Query
)

// API is one row of what a Table is compiled from.
type API struct {
	// Hosts are the host names that the API answers to, each a name or
	// "*.name"; none means every host.
	Hosts []string
	// Path is the API's path prefix, with or without slashes at its ends.
	Path string
	// Scheme, VersionName (of the header or the query parameter) and Version
	// say which version of the API at Path this is. An API without a Version is
	// what a request without one gets.
	Scheme      Scheme
	VersionName string
	Version     string
	// Revision is what stands after ";rev="; Current says that the API answers
	// without it too.
	Revision string
	Current  bool

	Operations []Operation
}

// Operation is one operation of an API.
type Operation struct {
	// Method is compared as it is; "*" stands for every method that no other
	// operation with the same template names.
	Method   string
	Template *Template
}

// Conflict says that two rows answer to the same requests: two APIs, or, where
// Op is not negative, two operations of one API. The first of the two wins.
type Conflict struct {
	API, Op           int
	OtherAPI, OtherOp int // the one that came first
	Host              string
}

// Table is a compiled router: immutable, for any number of goroutines.
type Table struct {
	apis     []API
	ops      []*node // by API: the root of its templates
	exact    map[string]*prefix
	wildcard []wildcardHost // longest first
	any      *prefix
}

type wildcardHost struct {
	suffix string // ".example.com"
	root   *prefix
}

// prefix is a node of the tree of API path prefixes.
type prefix struct {
	children map[string]*prefix
	here     *group
}

// group is the APIs that share a host and a path prefix.
type group struct {
	served   bool      // one of them is there without a revision
	plain    revisions // that need no version
	versions []versioned
}

type versioned struct {
	scheme  Scheme
	name    string
	version string // folded
	revisions
}

// revisions are the revisions of one API. The current one is noted, so that requests need
// not look at the APIs themselves.
type revisions struct {
	current int // -1 if there is none
	all     []int
}

// New compiles a Table. Conflicts are reported, not fatal: the first row wins.
func New(apis []API) (*Table, []Conflict) {
	t := &Table{apis: apis, exact: map[string]*prefix{}, any: &prefix{}}
	var conflicts []Conflict
	for i := range apis {
		hosts := apis[i].Hosts
		if len(hosts) == 0 {
			hosts = []string{""}
		}
		for _, h := range hosts {
			if other, ok := t.addAPI(h, i); !ok {
				conflicts = append(conflicts, Conflict{API: i, Op: -1, OtherAPI: other, OtherOp: -1, Host: h})
			}
		}
		root := &node{}
		for k, op := range apis[i].Operations {
			if op.Template == nil {
				continue
			}
			if other, ok := root.add(op, k); !ok {
				conflicts = append(conflicts, Conflict{API: i, Op: k, OtherAPI: i, OtherOp: other})
			}
		}
		t.ops = append(t.ops, root)
	}
	slices.SortFunc(t.wildcard, func(a, b wildcardHost) int { return len(b.suffix) - len(a.suffix) })
	return t, conflicts
}

func (t *Table) hostRoot(host string) *prefix {
	host = strings.ToLower(host)
	switch {
	case host == "":
		return t.any
	case strings.HasPrefix(host, "*."):
		for _, w := range t.wildcard {
			if w.suffix == host[1:] {
				return w.root
			}
		}
		w := wildcardHost{host[1:], &prefix{}}
		t.wildcard = append(t.wildcard, w)
		return w.root
	}
	if t.exact[host] == nil {
		t.exact[host] = &prefix{}
	}
	return t.exact[host]
}

func (t *Table) addAPI(host string, i int) (other int, ok bool) {
	a := &t.apis[i]
	p := t.hostRoot(host)
	path := strings.Trim(a.Path, "/")
	if a.Scheme == Segment && a.Version != "" {
		path = strings.Trim(path+"/"+a.Version, "/")
	}
	if path != "" {
		for seg := range strings.SplitSeq(path, "/") {
			p = p.child(string(fold(nil, seg)))
		}
	}
	if p.here == nil {
		p.here = &group{plain: revisions{current: -1}}
	}
	r := &p.here.plain
	if a.Version != "" && (a.Scheme == Header || a.Scheme == Query) {
		r = p.here.version(a)
	}
	for _, o := range r.all {
		if t.apis[o].Revision == a.Revision || t.apis[o].Current && a.Current {
			return o, false
		}
	}
	r.all = append(r.all, i)
	if a.Current {
		r.current, p.here.served = i, true
	}
	return 0, true
}

func (p *prefix) child(seg string) *prefix {
	c := p.children[seg]
	if c == nil {
		c = &prefix{}
		if p.children == nil {
			p.children = map[string]*prefix{}
		}
		p.children[seg] = c
	}
	return c
}

func (g *group) version(a *API) *revisions {
	v := string(fold(nil, a.Version))
	for i := range g.versions {
		k := &g.versions[i]
		if k.scheme == a.Scheme && strings.EqualFold(k.name, a.VersionName) && k.version == v {
			return &k.revisions
		}
	}
	g.versions = append(g.versions, versioned{a.Scheme, a.VersionName, v, revisions{current: -1}})
	return &g.versions[len(g.versions)-1].revisions
}

// node is a node of the tree of an API's URL templates: one per segment.
type node struct {
	literals map[string]*node // by folded segment
	mixed    []mixedChild     // more literal bytes first
	param    *node            // {name} as whole segment
	rest     *leaf            // * and {*name} from here on
	here     [2]*leaf         // the template ends here: without, with a slash
}

type mixedChild struct {
	segment
	key  string
	node *node
}

// leaf holds the operations of equal path templates.
type leaf struct{ candidates []candidate }

type candidate struct {
	method string
	op     int
	t      *Template
}

// add puts an operation into the tree; ok is false where an equal one stands.
func (n *node) add(op Operation, index int) (other int, ok bool) {
	t := op.Template
	for _, s := range t.segs {
		n = n.child(s)
	}
	at := &n.here[0]
	switch {
	case t.rest:
		at = &n.rest
	case t.slash:
		at = &n.here[1]
	}
	if *at == nil {
		*at = &leaf{}
	}
	for _, c := range (*at).candidates {
		if c.method == op.Method && sameQuery(c.t.query, t.query) {
			return c.op, false
		}
	}
	l := *at
	l.candidates = append(l.candidates, candidate{op.Method, index, t})
	slices.SortStableFunc(l.candidates, func(a, b candidate) int {
		if d := queryWeight(b.t) - queryWeight(a.t); d != 0 {
			return d
		}
		// A named method before "*".
		switch {
		case a.method == "*" && b.method != "*":
			return 1
		case a.method != "*" && b.method == "*":
			return -1
		}
		return 0
	})
	return 0, true
}

func (n *node) child(s segment) *node {
	if lit, ok := s.literal(); ok {
		if n.literals == nil {
			n.literals = map[string]*node{}
		}
		if n.literals[lit] == nil {
			n.literals[lit] = &node{}
		}
		return n.literals[lit]
	}
	if s.wholeParam() {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	key := s.key()
	for _, m := range n.mixed {
		if m.key == key {
			return m.node
		}
	}
	c := &node{}
	n.mixed = append(n.mixed, mixedChild{s, key, c})
	slices.SortStableFunc(n.mixed, func(a, b mixedChild) int { return b.literals() - a.literals() })
	return c
}

// queryWeight orders templates of one path: more terms first, and of terms the
// literal values.
func queryWeight(t *Template) int {
	w := 0
	for _, q := range t.query {
		w += 2
		if !q.param {
			w++
		}
	}
	return w
}

// sameQuery tells whether two queries ask for the same, in whatever order.
func sameQuery(a, b []queryTerm) bool {
	if len(a) != len(b) {
		return false
	}
	for _, q := range a {
		if !slices.ContainsFunc(b, func(o queryTerm) bool { return o == q }) {
			return false
		}
	}
	return true
}
