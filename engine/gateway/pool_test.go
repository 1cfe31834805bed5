package gateway

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"sekisho/engine/pipeline"
)

func TestRingTakesTurnsByWeight(t *testing.T) {
	for name, c := range map[string]struct {
		members []Member
		down    string
		want    string
	}{
		"in turn":                {[]Member{{ID: "a"}, {ID: "b"}, {ID: "c"}}, "", "abcabcabc"},
		"by weight, not in rows": {[]Member{{ID: "a", Weight: 5}, {ID: "b", Weight: 1}, {ID: "c", Weight: 1}}, "", "aabacaaaabacaa"},
		"without those down":     {[]Member{{ID: "a"}, {ID: "b"}, {ID: "c"}}, "b", "acacac"},
		"the first group only":   {[]Member{{ID: "a", Priority: 2}, {ID: "b", Priority: 1}, {ID: "c", Priority: 1}}, "", "bcbcbc"},
		"the next if that fails": {[]Member{{ID: "a", Priority: 2}, {ID: "b", Priority: 1}, {ID: "c", Priority: 1}}, "bc", "aaa"},
		"half a group":           {[]Member{{ID: "a", Priority: 2}, {ID: "b", Priority: 1}, {ID: "c", Priority: 1}}, "b", "ccc"},
		"nobody":                 {[]Member{{ID: "a"}}, "a", "---"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRing(c.members)
			got := ""
			for range len(c.want) {
				i := r.next(func(i int) bool { return !strings.Contains(c.down, c.members[i].ID) })
				if i < 0 {
					got += "-"
				} else {
					got += c.members[i].ID
				}
			}
			if got != c.want {
				t.Errorf("turns %s, want %s", got, c.want)
			}
		})
	}
}

// fixed makes Static backends that answer with their names.
func fixed(ids ...string) []BackendDefinition {
	var defs []BackendDefinition
	for _, id := range ids {
		defs = append(defs, BackendDefinition{ID: id, Kind: Static, Responses: []StaticResponse{{Body: []byte(id)}}})
	}
	return defs
}

func TestPoolSharesRequests(t *testing.T) {
	defs := append(fixed("a", "b"), BackendDefinition{ID: "p", Kind: Pool, Members: []Member{{ID: "a", Weight: 2}, {ID: "b"}}})
	f := serve(t, "backend:p", setup{backends: defs})
	got := ""
	for range 6 {
		got += f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n").body
	}
	if got != "abaaba" {
		t.Errorf("turns %s", got)
	}
}

func TestPoolSendsToTheMembersURL(t *testing.T) {
	origin, got := canned(t, plainOK)
	u, _ := pipeline.ParseURL(origin.url + "/base/")
	f := serve(t, "backend:p", setup{backends: []BackendDefinition{
		{ID: "a", URL: u, Credentials: Credentials{
			Header: []pipeline.Field{{Name: "X-Key", Value: "1"}, {Name: "X-Key", Value: "2"}}, Query: []pipeline.Field{{Name: "k", Value: "a b"}}, Authorization: "Basic eDp5"}},
		{ID: "p", Kind: Pool, Members: []Member{{ID: "A"}}},
	}})
	f.exchange("GET /x%2Fy?q HTTP/1.1\r\nHost: h\r\nauthorization: mine\r\nx-key: mine\r\n\r\n")
	m := receive(t, got)
	if m.line != "GET /base/x%2Fy?q&k=a%20b HTTP/1.1" || m.has("authorization") && m.field("Authorization") != "Basic eDp5" {
		t.Errorf("the backend got %q %q", m.line, m.lines)
	}
	if all := strings.Join(m.lines, "\n"); strings.Contains(all, "mine") || !strings.Contains(all, "X-Key: 1\nX-Key: 2\nAuthorization: Basic eDp5") {
		t.Errorf("the backend got %q", m.lines)
	}
}

func TestPoolKeepsAClientAtItsMember(t *testing.T) {
	defs := append(fixed("a", "b", "c"), BackendDefinition{ID: "p", Kind: Pool, AffinityCookie: "SessionId", Members: []Member{{ID: "a"}, {ID: "b"}, {ID: "c"}}})
	f := serve(t, "backend:p", setup{backends: defs})
	first := f.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	cookie, _, _ := strings.Cut(first.field("Set-Cookie"), ";")
	if !strings.HasPrefix(cookie, "SessionId=") {
		t.Fatalf("answered %q", first.lines)
	}
	for range 4 {
		m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\nCookie: x=y; " + cookie + "\r\n\r\n")
		if m.body != first.body || m.has("Set-Cookie") {
			t.Errorf("with %s came %q %q, before %q", cookie, m.body, m.lines, first.body)
		}
	}
	if m := f.exchange("GET / HTTP/1.1\r\nHost: h\r\nCookie: SessionId=made-up\r\n\r\n"); !m.has("Set-Cookie") {
		t.Errorf("a cookie of nobody was taken: %q", m.lines)
	}
}

func TestBreakerTripsAndCloses(t *testing.T) {
	minute := time.Minute
	fail := &pipeline.Response{Status: 500}
	fine := &pipeline.Response{Status: 200}
	busy := &pipeline.Response{Status: 429}
	busy.Header.Set("Retry-After", "7")
	timeout := pipeline.Faultf(500, pipeline.ReasonTimeout, "x")
	left := pipeline.Faultf(499, pipeline.ReasonClient, "x")
	type event struct {
		after time.Duration
		resp  *pipeline.Response
		err   error
	}
	for name, c := range map[string]struct {
		rule   BreakerRule
		events []event
		open   time.Duration // 0: it stays closed
	}{
		"count reached":     {BreakerRule{Count: 3, Interval: minute, TripDuration: 5 * time.Second}, []event{{0, fail, nil}, {0, fail, nil}, {0, fine, nil}, {0, fail, nil}}, 5 * time.Second},
		"count not reached": {BreakerRule{Count: 3, Interval: minute, TripDuration: minute}, []event{{0, fail, nil}, {0, fail, nil}, {0, fine, nil}}, 0},
		"too long ago":      {BreakerRule{Count: 2, Interval: minute, TripDuration: minute}, []event{{0, fail, nil}, {61 * time.Second, fail, nil}}, 0},
		"percentage": {BreakerRule{Percentage: 50, Interval: minute, TripDuration: 5 * time.Second},
			[]event{{0, fail, nil}, {0, fail, nil}, {0, fine, nil}, {0, fine, nil}, {0, fail, nil}}, 5 * time.Second},
		"percentage of too few": {BreakerRule{Percentage: 50, Interval: minute, TripDuration: minute}, []event{{0, fail, nil}, {0, fail, nil}}, 0},
		"percentage too low": {BreakerRule{Percentage: 50, Interval: minute, TripDuration: minute},
			[]event{{0, fine, nil}, {0, fine, nil}, {0, fine, nil}, {0, fine, nil}, {0, fail, nil}, {0, fail, nil}}, 0},
		"faults count":        {BreakerRule{Count: 1, Interval: minute, TripDuration: minute}, []event{{0, nil, timeout}}, minute},
		"the client's do not": {BreakerRule{Count: 1, Interval: minute, TripDuration: minute}, []event{{0, nil, left}}, 0},
		"reasons named":       {BreakerRule{Count: 1, Interval: minute, TripDuration: minute, ErrorReasons: []string{"timeout"}}, []event{{0, nil, timeout}}, minute},
		"others not":          {BreakerRule{Count: 1, Interval: minute, TripDuration: minute, ErrorReasons: []string{"BackendConnectionFailure"}}, []event{{0, nil, timeout}, {0, fail, nil}}, 0},
		"server errors":       {BreakerRule{Count: 1, Interval: minute, TripDuration: minute, ErrorReasons: []string{"Server errors"}}, []event{{0, fail, nil}}, minute},
		"ranges": {BreakerRule{Count: 1, Interval: minute, TripDuration: minute, StatusRanges: []StatusRange{{429, 429}, {502, 504}}},
			[]event{{0, fail, nil}, {0, nil, timeout}, {0, busy, nil}}, minute},
		"Retry-After": {BreakerRule{Count: 1, Interval: minute, TripDuration: minute, AcceptRetryAfter: true, StatusRanges: []StatusRange{{429, 429}}},
			[]event{{0, busy, nil}}, 7 * time.Second},
		"Retry-After not wanted": {BreakerRule{Count: 1, Interval: minute, TripDuration: minute, StatusRanges: []StatusRange{{429, 429}}}, []event{{0, busy, nil}}, minute},
	} {
		t.Run(name, func(t *testing.T) {
			b := &breaker{rule: c.rule}
			now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			for i, e := range c.events {
				if !b.allow(now) {
					t.Fatalf("open before event %d", i)
				}
				now = now.Add(e.after)
				b.record(now, e.resp, e.err)
			}
			if c.open == 0 {
				if !b.allow(now) {
					t.Error("it tripped")
				}
				return
			}
			if b.allow(now) || b.allow(now.Add(c.open-1)) {
				t.Error("it did not trip, or not for long enough")
			}
			if !b.allow(now.Add(c.open)) {
				t.Error("it stays open")
			}
			// It starts afresh, with nothing counted.
			after := now.Add(c.open)
			b.record(after, fine, nil)
			if !b.allow(after) {
				t.Error("it tripped by a success")
			}
		})
	}
}

func TestOpenBreakerAnswers503AndPoolsGoRoundIt(t *testing.T) {
	rule := &BreakerRule{Count: 2, Interval: time.Minute, TripDuration: time.Minute}
	defs := fixed("spare")
	defs = append(defs,
		BackendDefinition{ID: "bad", Kind: Static, Breaker: rule, Responses: []StaticResponse{{Status: 500, Body: []byte("bad")}}},
		BackendDefinition{ID: "p", Kind: Pool, Members: []Member{{ID: "bad", Priority: 1}, {ID: "spare", Priority: 2}}},
		BackendDefinition{ID: "q", Kind: Pool, Members: []Member{{ID: "bad"}}},
	)
	f := serve(t, "", setup{backends: defs, handler: func(f *front, x *pipeline.Exchange) {
		forwardTo(x, "backend:"+strings.TrimPrefix(x.OriginalURL.Path, "/"), pipeline.ForwardOptions{})
	}})
	get := func(id string) *message { return f.exchange("GET /" + id + " HTTP/1.1\r\nHost: h\r\n\r\n") }
	if got := get("bad").body + get("p").body + get("p").body; got != "badbadspare" {
		t.Errorf("answers %s", got)
	}
	for _, id := range []string{"bad", "q"} {
		if m := get(id); m.status() != "503" || !strings.HasPrefix(m.body, `{ "statusCode": 503, "message": "Service unavailable"`) {
			t.Errorf("%s answered %q %q", id, m.line, m.body)
		}
	}
}

func TestStateOutlivesAReload(t *testing.T) {
	transport := NewTransport(DefaultTransportOptions())
	r := NewRegistry(transport, time.Now)
	defs := func(count int, members ...Member) []BackendDefinition {
		u := pipeline.URL{Scheme: "http", Host: "h", Path: "/"}
		return []BackendDefinition{
			{ID: "a", URL: u, Breaker: &BreakerRule{Count: count, Interval: time.Minute, TripDuration: time.Minute}},
			{ID: "b", URL: u},
			{ID: "p", Kind: Pool, Members: members},
		}
	}
	build := func(d []BackendDefinition) *Backends {
		bs, err := r.Build(d)
		if err != nil {
			t.Fatal(err)
		}
		return bs
	}
	one := build(defs(1, Member{ID: "a"}, Member{ID: "b"}))
	same := build(defs(1, Member{ID: "a"}, Member{ID: "b"}))
	other := build(defs(2, Member{ID: "a"}))
	if one.byID["a"].breaker != same.byID["a"].breaker || one.byID["p"].ring != same.byID["p"].ring {
		t.Error("a reload without a change lost state")
	}
	if one.byID["a"].breaker == other.byID["a"].breaker || one.byID["p"].ring == other.byID["p"].ring {
		t.Error("a changed definition kept the state of another")
	}
	runtime.KeepAlive(one)
	runtime.KeepAlive(same)
	runtime.KeepAlive(other)
	// What no Snapshot uses any more is forgotten.
	runtime.GC()
	build(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.breakers)+len(r.rings) != 0 {
		t.Errorf("%d breakers and %d rings are kept for nobody", len(r.breakers), len(r.rings))
	}
}

func TestFaultyDefinitions(t *testing.T) {
	u := pipeline.URL{Scheme: "http", Host: "h", Path: "/"}
	for name, c := range map[string]struct {
		defs []BackendDefinition
		want string
	}{
		"twice":          {[]BackendDefinition{{ID: "a", URL: u}, {ID: "A", URL: u}}, `there are two backends "A"`},
		"no URL":         {[]BackendDefinition{{ID: "a"}}, `backend "a" has no URL`},
		"empty pool":     {[]BackendDefinition{{ID: "p", Kind: Pool}}, `pool "p" has no members`},
		"unknown member": {[]BackendDefinition{{ID: "p", Kind: Pool, Members: []Member{{ID: "a"}}}}, `pool "p" has the member "a", which is not defined`},
		"nested pool":    {[]BackendDefinition{{ID: "p", Kind: Pool, Members: []Member{{ID: "p"}}}}, `pool "p" has the member "p", which is a pool`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewRegistry(NewTransport(DefaultTransportOptions()), time.Now).Build(c.defs)
			if err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestDevelopmentBackends(t *testing.T) {
	defs := []BackendDefinition{
		{ID: "echo", Kind: Echo, Credentials: Credentials{Query: []pipeline.Field{{Name: "k", Value: "v"}}, Header: []pipeline.Field{{Name: "X-Key", Value: "s"}}}},
		{ID: "static", Kind: Static, Responses: []StaticResponse{
			{Method: "GET", Path: "/one", Body: []byte("one"), Header: []pipeline.Field{{Name: "Content-Type", Value: "text/plain"}}},
			{Path: "/two/*", Status: 201, Body: []byte("two")},
		}},
	}
	f := serve(t, "backend:echo", setup{backends: defs})
	m := f.exchange("POST /a%2Fb?q=1 HTTP/1.1\r\nHost: h\r\nx-a: 1\r\nx-a: 2\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"a\": 1 }")
	want := `{
  "method": "POST",
  "path": "/a%2Fb",
  "query": "q=1&k=v",
  "headers": {
    "Content-Length": [
      "9"
    ],
    "Content-Type": [
      "application/json"
    ],
    "Host": [
      "h"
    ],
    "X-Key": [
      "s"
    ],
    "x-a": [
      "1",
      "2"
    ]
  },
  "body": {
    "a": 1
  }
}
`
	if m.status() != "200" || m.body != want {
		t.Errorf("echoed %q\n%s", m.line, m.body)
	}
	if m := f.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na\"b"); !strings.Contains(m.body, `"body": "a\"b"`) {
		t.Errorf("echoed %s", m.body)
	}
	if m := f.exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n\xff\xfe"); !strings.Contains(m.body, `"body": "//4="`) {
		t.Errorf("echoed %s", m.body)
	}
	f = serve(t, "backend:static", setup{backends: defs})
	for request, want := range map[string]string{
		"GET /one": "200 one", "POST /one": `404 { "statusCode": 404, "message": "Resource not found" }`,
		"PUT /two/x": "201 two", "GET /three": `404 { "statusCode": 404, "message": "Resource not found" }`,
	} {
		if m := f.exchange(request + " HTTP/1.1\r\nHost: h\r\n\r\n"); m.status()+" "+m.body != want {
			t.Errorf("%s answered %q %q", request, m.line, m.body)
		}
	}
}
