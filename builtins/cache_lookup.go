package builtins

import (
	"sort"
	"strconv"
	"strings"
	"time"

	"sekisho/engine/pipeline"
)

// CacheLookup answers a GET from the cache, if cache-store has put a response there.
//
//	<cache-lookup vary-by-developer="false" vary-by-developer-groups="false"
//	              downstream-caching-type="public" must-revalidate="true">
//	  <vary-by-header>Accept</vary-by-header>
//	  <vary-by-query-parameter>version;locale</vary-by-query-parameter>
//	</cache-lookup>
//
// A hit ends the pipeline: no backend is called and outbound does not run. Requests of
// other methods, and those with an Authorization header unless
// allow-private-response-caching is true, pass by. downstream-caching-type says what
// Cache-Control tells the client: no-store for none (the default), private or public
// with the time that is left; must-revalidate, true by default, is added to the latter.
//
// Spec: https://learn.microsoft.com/azure/api-management/cache-lookup-policy
// Ours: a response is found again by API, operation, URL as it came and as it is now,
// the query parameters named (all of them if none is, save the subscription key), the
// headers named, the user and the groups. Without a user a subscription stands for one.
// A cached response in an encoding that the client does not accept is a miss. All
// caching-types mean the gateway's cache.
var CacheLookup = pipeline.Policy{
	Name:          "cache-lookup",
	Summary:       "Answers a GET from the cache.",
	Sections:      pipeline.Inbound,
	Scopes:        pipeline.AnyScope,
	Once:          true,
	NotInFragment: true,
	Example: `<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" downstream-caching-type="none">
  <vary-by-query-parameter>version</vary-by-query-parameter>
</cache-lookup>`,
	New: func() pipeline.Step { return new(cacheLookup) },
}

type cacheLookup struct {
	Developer       pipeline.Bool     `attr:"vary-by-developer,required"`
	DeveloperGroups pipeline.Bool     `attr:"vary-by-developer-groups,required"`
	CachingType     string            `attr:"caching-type" enum:"internal external prefer-external" default:"prefer-external"`
	Downstream      pipeline.String   `attr:"downstream-caching-type" enum:"none private public" default:"none"`
	MustRevalidate  pipeline.Bool     `attr:"must-revalidate" default:"true"`
	AllowPrivate    pipeline.Bool     `attr:"allow-private-response-caching" default:"false"`
	Headers         []pipeline.String `child:"vary-by-header"`
	Parameters      []pipeline.String `child:"vary-by-query-parameter"`
}

// cachedResponse is a response as the cache holds it: never changed.
type cachedResponse struct {
	status  int
	reason  string
	header  []pipeline.Field
	body    []byte
	present bool
	expires time.Time
}

// lookupKey is where an Exchange keeps what its cache-lookup found out, a *lookup.
type lookupKey struct{}

// lookup is what cache-store needs to know of the cache-lookup before it.
type lookup struct {
	key            string
	downstream     string
	mustRevalidate bool
}

func (l *cacheLookup) Run(x *pipeline.Exchange) error {
	if x.Request.Method != "GET" {
		return nil
	}
	private, err := l.AllowPrivate.Get(x)
	if err != nil {
		return err
	}
	if !private && x.Request.Header.Has("Authorization") {
		return nil
	}
	this := new(lookup)
	if this.key, err = l.key(x); err != nil {
		return err
	}
	if this.downstream, err = l.Downstream.Get(x); err != nil {
		return err
	}
	if this.mustRevalidate, err = l.MustRevalidate.Get(x); err != nil {
		return err
	}
	if v, ok := x.Services.Cache.Get(this.key); ok {
		c := v.(*cachedResponse)
		if accepts(&x.Request.Header, c.header) {
			c.answer(x, this)
			return pipeline.Respond
		}
	}
	x.SetValue(lookupKey{}, this)
	return nil
}

func (c *cachedResponse) answer(x *pipeline.Exchange, l *lookup) {
	r := &x.Response
	r.Status, r.Reason = c.status, c.reason
	r.Header.Reset()
	for _, f := range c.header {
		r.Header.Add(f.Name, f.Value)
	}
	r.Body.Clear()
	if c.present {
		r.Body.SetBytes(c.body) // nobody changes the bytes of a body
	}
	l.control(&r.Header, c.expires.Sub(x.Services.Now()))
}

// control says in a response what caches between here and the client may do with it.
func (l *lookup) control(h *pipeline.Header, left time.Duration) {
	switch l.downstream {
	case "private", "public":
		v := l.downstream + ", max-age=" + decimalText(max(int64(left/time.Second), 0))
		if l.mustRevalidate {
			v += ", must-revalidate"
		}
		h.Set("Cache-Control", v)
	default:
		h.Set("Cache-Control", "no-store")
	}
	h.Del("Expires")
	h.Del("Pragma")
}

// accepts tells whether a request takes the encoding that a cached response is in.
func accepts(request *pipeline.Header, cached []pipeline.Field) bool {
	for _, f := range cached {
		if strings.EqualFold(f.Name, "Content-Encoding") && !strings.EqualFold(f.Value, "identity") {
			lines, _ := request.Lookup("Accept-Encoding")
			return accepted(lines, strings.TrimSpace(f.Value))
		}
	}
	return true
}

// accepted tells whether a value of a list such as "gzip;q=0.5, br" names what is
// wanted and does not refuse it.
func accepted(lines []string, want string) bool {
	for _, l := range lines {
		for part := range strings.SplitSeq(l, ",") {
			name, params, _ := strings.Cut(part, ";")
			if name = strings.TrimSpace(name); name != "*" && !strings.EqualFold(name, want) {
				continue
			}
			q, isQ := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return !isQ || err != nil || weight > 0
		}
	}
	return false
}

// key names the response in the cache. Every part goes with its length, so that no
// two requests can make one key by what they put into their parts.
func (l *cacheLookup) key(x *pipeline.Exchange) (string, error) {
	k := keyBuilder("cache-lookup")
	k.add(x.Route.API.ID)
	k.add(x.Route.Operation.ID)
	for _, u := range []*pipeline.URL{&x.OriginalURL, &x.Request.URL} {
		k.add(u.Scheme + "://" + u.Host + u.Base + u.Path)
	}
	k.add(x.BackendID)
	if err := l.addQuery(x, &k); err != nil {
		return "", err
	}
	for i := range l.Headers {
		name, err := l.Headers[i].Get(x)
		if err != nil {
			return "", err
		}
		lines, _ := x.Request.Header.Lookup(name)
		k.add(strings.ToLower(name))
		k.add(strings.Join(lines, ","))
	}
	developer, err := l.Developer.Get(x)
	if err != nil {
		return "", err
	}
	groups, err := l.DeveloperGroups.Get(x)
	if err != nil {
		return "", err
	}
	if developer {
		k.add(developerOf(x))
	}
	if groups {
		k.add("groups")
		for _, g := range groupsOf(x) {
			k.add(g)
		}
	}
	return string(k), nil
}

// addQuery adds the values of the named query parameters, or the whole query.
func (l *cacheLookup) addQuery(x *pipeline.Exchange, k *keyBuilder) error {
	if len(l.Parameters) == 0 {
		for _, u := range []*pipeline.URL{&x.OriginalURL, &x.Request.URL} {
			k.add(pipeline.QueryDel(u.Query, x.Route.API.SubscriptionKey.Query))
		}
		return nil
	}
	came, now := pipeline.ParseQuery(x.OriginalURL.Query), pipeline.ParseQuery(x.Request.URL.Query)
	for i := range l.Parameters {
		list, err := l.Parameters[i].Get(x)
		if err != nil {
			return err
		}
		for name := range strings.SplitSeq(list, ";") {
			name = strings.TrimSpace(name)
			a, _ := came.Lookup(name)
			b, _ := now.Lookup(name)
			k.add(strings.ToLower(name))
			k.add(strings.Join(a, "\x00"))
			k.add(strings.Join(b, "\x00"))
		}
	}
	return nil
}

func developerOf(x *pipeline.Exchange) string {
	switch {
	case x.User != nil:
		return "user " + x.User.ID
	case x.Subscription != nil:
		return "subscription " + x.Subscription.ID
	}
	return "nobody"
}

func groupsOf(x *pipeline.Exchange) []string {
	if x.User == nil {
		return nil
	}
	out := make([]string, len(x.User.Groups))
	for i, g := range x.User.Groups {
		out[i] = g.ID
	}
	sort.Strings(out)
	return out
}

type keyBuilder []byte

func (k *keyBuilder) add(s string) {
	*k = append(*k, 0)
	*k = strconv.AppendInt(*k, int64(len(s)), 10)
	*k = append(*k, ':')
	*k = append(*k, s...)
}
