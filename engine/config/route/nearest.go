package route

import (
	"cmp"
	"slices"
	"strings"
)

// Bounds of Nearest: it compares a path that matched nothing with every route.
const (
	nearestRoutes   = 5
	nearestSegments = 32
	nearestBytes    = 64 // of a segment
)

// Nearest lists the routes that a request which matched nothing most likely
// meant, best first, each as "GET /orders/{id}". It is for people in front of a
// gateway in development: it looks at every route there is.
func (t *Table) Nearest(path, method string) []string {
	type scored struct {
		route string
		cost  int
	}
	asked := segments(path)
	var best []scored
	for i := range t.apis {
		a := &t.apis[i]
		if !a.Current {
			continue
		}
		prefix := a.prefix()
		for _, op := range a.Operations {
			if op.Template == nil {
				continue
			}
			cost := distance(asked, segments(prefix), op.Template)
			if op.Method != method && op.Method != "*" {
				cost += segmentCost / 4
			}
			if cost > segmentCost*max(1, len(asked)/2) {
				continue
			}
			template := op.Template.Source
			if prefix != "" {
				template = strings.TrimSuffix(template, "/")
				if q, ok := strings.CutPrefix(template, "/?"); ok {
					template = "?" + q
				}
			}
			route := op.Method + " " + prefix + template
			if len(a.Hosts) > 0 {
				route = op.Method + " " + a.Hosts[0] + prefix + template
			}
			best = append(best, scored{route, cost})
		}
	}
	slices.SortStableFunc(best, func(a, b scored) int {
		return cmp.Or(a.cost-b.cost, cmp.Compare(a.route, b.route))
	})
	var out []string
	for _, b := range best {
		if len(out) < nearestRoutes && !slices.Contains(out, b.route) {
			out = append(out, b.route)
		}
	}
	return out
}

// prefix is the path that the API's requests begin with, "" at the root.
func (a *API) prefix() string {
	p := "/" + strings.Trim(a.Path, "/")
	if a.Scheme == Segment && a.Version != "" {
		p = strings.TrimSuffix(p, "/") + "/" + a.Version
	}
	return strings.TrimSuffix(p, "/")
}

func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	s := strings.SplitN(path, "/", nearestSegments+1)
	return s[:min(len(s), nearestSegments)]
}

// What it costs to turn the path asked for into a route, by segments.
const (
	segmentCost   = 100 // a segment that is missing or extra; two for one wholly different
	prefixCost    = 60  // a segment of the API's prefix that is missing
	mixedCost     = 30  // a segment of literals and parameters
	parameterCost = 5   // a parameter: a literal that fits is better
	restCost      = 40  // a segment taken by the wildcard
)

// distance is the edit distance between the segments asked for and a route's.
func distance(asked, prefix []string, t *Template) int {
	n := len(prefix) + len(t.segs)
	prev := make([]int, n+1)
	missing := func(j int) int {
		if j <= len(prefix) {
			return prefixCost
		}
		return segmentCost
	}
	for j := 1; j <= n; j++ {
		prev[j] = prev[j-1] + missing(j)
	}
	cur := make([]int, n+1)
	for i, a := range asked {
		cur[0] = (i + 1) * segmentCost
		for j := 1; j <= n; j++ {
			c := mixedCost
			if j <= len(prefix) {
				c = wordCost(a, string(fold(nil, prefix[j-1])))
			} else if seg := t.segs[j-1-len(prefix)]; seg.wholeParam() {
				c = parameterCost
			} else if lit, ok := seg.literal(); ok {
				c = wordCost(a, lit)
			}
			cur[j] = min(prev[j-1]+c, prev[j]+segmentCost, cur[j-1]+missing(j))
		}
		if t.rest {
			cur[n] = min(cur[n], prev[n]+restCost)
		}
		prev, cur = cur, prev
	}
	return prev[n]
}

// wordCost compares one segment with a folded literal: 0 for equal, below
// segmentCost for words that half agree, a swap of neighbours counting one.
func wordCost(s, lit string) int {
	a := string(fold(nil, s[:min(len(s), nearestBytes)]))
	b := lit[:min(len(lit), nearestBytes)]
	if a == b {
		return 0
	}
	before := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur[0] = i + 1
		for j := range len(b) {
			c := 1
			if a[i] == b[j] {
				c = 0
			}
			d := min(prev[j]+c, prev[j+1]+1, cur[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			cur[j+1] = d
		}
		before, prev, cur = prev, cur, before
	}
	if c := prev[len(b)] * segmentCost / max(len(a), len(b)); c <= segmentCost/2 {
		return c
	}
	return 2 * segmentCost
}
