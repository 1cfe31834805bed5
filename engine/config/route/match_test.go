package route

import (
	"fmt"
	"strings"
	"testing"
)

func template(t testing.TB, s string) *Template {
	p, err := ParseTemplate(s)
	if err != nil {
		t.Fatalf("template %q: %v", s, err)
	}
	return p
}

// api builds a row from lines such as "GET /a/{b}".
func api(t testing.TB, a API, ops ...string) API {
	for _, o := range ops {
		method, tpl, _ := strings.Cut(o, " ")
		a.Operations = append(a.Operations, Operation{method, template(t, tpl)})
	}
	return a
}

func render(table *Table, m Match, ok bool, path, query string) string {
	if !ok {
		return map[Miss]string{NoAPI: "no api", NoVersion: "no version", NoOperation: "no operation"}[m.Miss]
	}
	a := table.apis[m.API]
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %s", m.API, a.Operations[m.Op].Method, a.Operations[m.Op].Template.Source)
	for i := range m.Len() {
		p, raw := m.Param(i, path, query)
		fmt.Fprintf(&b, " %s=%s", p.Name, raw)
	}
	return b.String()
}

func TestMatchOperations(t *testing.T) {
	table, conflicts := New([]API{api(t, API{Path: "api", Revision: "1", Current: true},
		"GET /",
		"GET /orders",
		"POST /orders",
		"GET /orders/{id}",
		"GET /orders/recent",
		"DELETE /orders/{id}",
		"GET /orders/{id}/lines/{line}",
		"GET /orders/{id}.json",
		"GET /Products({id})",
		"GET /Products({id})/name",
		"GET /range/{from}-{to}",
		"GET /files/*",
		"GET /blobs/{*path}",
		"GET /blobs/special",
		"GET /search",
		"GET /search?q={q}",
		"GET /search?q={q}&page={p}",
		"GET /search?q=all",
		"* /any",
		"PUT /any",
		"GET /a/{x}/b",
		"GET /a/lit/c",
		"GET /slash/",
		"GET /both",
		"GET /both/",
		"GET /café/{x}",
		"GET /deep/{a}/{b}/{c}/end",
		"GET /deep/*",
	)})
	if conflicts != nil {
		t.Fatal(conflicts)
	}
	for _, f := range []struct{ method, path, query, want string }{
		{"GET", "/api", "", "0 GET /"},
		{"GET", "/api/", "", "0 GET /"},
		{"GET", "/API/", "", "0 GET /"},
		{"GET", "/apix", "", "no api"},
		{"GET", "/", "", "no api"},
		{"POST", "/api", "", "no operation"},
		{"HEAD", "/api/orders", "", "no operation"},
		{"GET", "/api/orders", "", "0 GET /orders"},
		{"GET", "/api/orders/", "", "0 GET /orders"},
		{"GET", "/Api/ORDERS", "", "0 GET /orders"},
		{"POST", "/api/orders", "", "0 POST /orders"},
		{"GET", "/api/orders/7", "", "0 GET /orders/{id} id=7"},
		{"GET", "/api/orders/a%2Fb", "", "0 GET /orders/{id} id=a%2Fb"},
		{"GET", "/api/orders%2F7", "", "no operation"},
		{"GET", "/api/orders/Recent", "", "0 GET /orders/recent"},
		{"GET", "/api/%6Frders/r%65cent", "", "0 GET /orders/recent"},
		{"DELETE", "/api/orders/recent", "", "0 DELETE /orders/{id} id=recent"},
		{"GET", "/api/orders/7/lines/3", "", "0 GET /orders/{id}/lines/{line} id=7 line=3"},
		{"GET", "/api/orders/recent/lines/3", "", "0 GET /orders/{id}/lines/{line} id=recent line=3"},
		{"GET", "/api/orders/7.json", "", "0 GET /orders/{id}.json id=7"},
		{"GET", "/api/orders/.json", "", "0 GET /orders/{id} id=.json"},
		{"GET", "/api/orders/7.json.json", "", "0 GET /orders/{id}.json id=7.json"},
		{"GET", "/api/products(12)", "", "0 GET /Products({id}) id=12"},
		{"GET", "/api/products%2812%29", "", "0 GET /Products({id}) id=12"},
		{"GET", "/api/products(a(b))/name", "", "0 GET /Products({id})/name id=a(b)"},
		{"GET", "/api/products()", "", "no operation"},
		{"GET", "/api/range/1-2-3", "", "0 GET /range/{from}-{to} from=1 to=2-3"},
		{"GET", "/api/range/-2", "", "no operation"},
		{"GET", "/api/files/a/b/c", "", "0 GET /files/*"},
		{"GET", "/api/files", "", "0 GET /files/*"},
		{"GET", "/api/files/", "", "0 GET /files/*"},
		{"GET", "/api/blobs/a/b/", "", "0 GET /blobs/{*path} path=a/b/"},
		{"GET", "/api/blobs", "", "0 GET /blobs/{*path} path="},
		{"GET", "/api/blobs/special", "", "0 GET /blobs/special"},
		{"GET", "/api/blobs/special/x", "", "0 GET /blobs/{*path} path=special/x"},
		{"GET", "/api/search", "", "0 GET /search"},
		{"GET", "/api/search", "x=1", "0 GET /search"},
		{"GET", "/api/search", "Q=a%20b", "0 GET /search?q={q} q=a%20b"},
		{"GET", "/api/search", "page=2&q=x&z", "0 GET /search?q={q}&page={p} q=x p=2"},
		{"GET", "/api/search", "q=All", "0 GET /search?q=all"},
		{"GET", "/api/search", "q", "0 GET /search?q={q} q="},
		{"PATCH", "/api/any", "", "0 * /any"},
		{"PUT", "/api/any", "", "0 PUT /any"},
		{"GET", "/api/a/lit/b", "", "0 GET /a/{x}/b x=lit"},
		{"GET", "/api/a/lit/c", "", "0 GET /a/lit/c"},
		{"GET", "/api/a/other/c", "", "no operation"},
		{"GET", "/api/slash", "", "0 GET /slash/"},
		{"GET", "/api/slash/", "", "0 GET /slash/"},
		{"GET", "/api/both", "", "0 GET /both"},
		{"GET", "/api/both/", "", "0 GET /both/"},
		{"GET", "/api/caf%C3%A9/%C3%A9", "", "0 GET /café/{x} x=%C3%A9"},
		{"GET", "/api/deep/1/2/3/end", "", "0 GET /deep/{a}/{b}/{c}/end a=1 b=2 c=3"},
		{"GET", "/api/deep/1/2/3/other", "", "0 GET /deep/*"},
	} {
		m, ok := table.Match("host", f.path, f.query, f.method, nil)
		if got := render(table, m, ok, f.path, f.query); got != f.want {
			t.Errorf("%s %s?%s: %s, want %s", f.method, f.path, f.query, got, f.want)
		}
		if m.API >= 0 && m.Suffix != len("/api") {
			t.Errorf("%s: suffix %d", f.path, m.Suffix)
		}
	}
}

func TestMatchAPIs(t *testing.T) {
	current := func(a API) API { a.Revision, a.Current = "1", true; return a }
	table, conflicts := New([]API{
		0:  api(t, current(API{Path: ""}), "GET /*"),
		1:  api(t, current(API{Path: "shop"}), "GET /x"),
		2:  api(t, current(API{Path: "/shop/admin/"}), "GET /x"),
		3:  api(t, API{Path: "shop", Revision: "2"}, "GET /x", "GET /new"),
		4:  api(t, current(API{Path: "seg", Scheme: Segment, Version: "v1"}), "GET /x"),
		5:  api(t, current(API{Path: "seg", Scheme: Segment, Version: "v2"}), "GET /x"),
		6:  api(t, current(API{Path: "seg", Scheme: Segment}), "GET /x"),
		7:  api(t, current(API{Path: "hdr", Scheme: Header, VersionName: "Api-Version", Version: "1"}), "GET /x"),
		8:  api(t, current(API{Path: "hdr", Scheme: Header, VersionName: "Api-Version", Version: "2"}), "GET /x"),
		9:  api(t, current(API{Path: "qry", Scheme: Query, VersionName: "api-version", Version: "2024-01-01"}), "GET /x"),
		10: api(t, current(API{Path: "qry"}), "GET /x"),
		11: api(t, current(API{Path: "shop", Hosts: []string{"a.example.com"}}), "GET /x"),
		12: api(t, current(API{Path: "shop", Hosts: []string{"*.example.com"}}), "GET /x"),
		13: api(t, current(API{Path: "deep", Hosts: []string{"*.b.example.com"}}), "GET /x"),
		14: api(t, API{Path: "seg", Scheme: Segment, Version: "v1", Revision: "3"}, "GET /x"),
		15: api(t, API{Path: "hdr", Scheme: Header, VersionName: "Api-Version", Version: "2", Revision: "5"}, "GET /x"),
	})
	if conflicts != nil {
		t.Fatal(conflicts)
	}
	for _, f := range []struct {
		host, path, query, version string
		want                       string
		suffix                     string
	}{
		{"h", "/other", "", "", "0 GET /*", "/other"},
		{"h", "/shop/x", "", "", "1 GET /x", "/x"},
		{"h", "/shopping/x", "", "", "0 GET /*", "/shopping/x"},
		{"h", "/shop/admin/x", "", "", "2 GET /x", "/x"},
		{"h", "/SHOP/Admin/X", "", "", "2 GET /x", "/X"},
		{"h", "/shop/admin/y", "", "", "no operation", ""},
		{"h", "/shop/new", "", "", "no operation", ""},
		{"h", "/shop;rev=2/new", "", "", "3 GET /new", "/new"},
		{"h", "/shop;REV=2/x", "", "", "3 GET /x", "/x"},
		{"h", "/shop;rev=1/x", "", "", "1 GET /x", "/x"},
		{"h", "/shop;rev=9/x", "", "", "no api", ""},
		{"h", "/shop;rev=/x", "", "", "1 GET /x", "/x"},
		{"h", "/;rev=1/shop/x", "", "", "0 GET /*", "/shop/x"},
		{"h", "/nothing;rev=2/x", "", "", "0 GET /*", "/nothing;rev=2/x"},
		{"h", "/shop;x=1/x", "", "", "0 GET /*", "/shop;x=1/x"},
		{"h", "/seg/v1/x", "", "", "4 GET /x", "/x"},
		{"h", "/seg/V2/x", "", "", "5 GET /x", "/x"},
		{"h", "/seg/x", "", "", "6 GET /x", "/x"},
		{"h", "/seg/v1;rev=3/x", "", "", "14 GET /x", "/x"},
		{"h", "/hdr/x", "", "", "no version", ""},
		{"h", "/hdr/x", "", "1", "7 GET /x", "/x"},
		{"h", "/hdr/x", "", "2", "8 GET /x", "/x"},
		{"h", "/hdr/x", "", "3", "no version", ""},
		{"h", "/hdr;rev=5/x", "", "2", "15 GET /x", "/x"},
		{"h", "/hdr;rev=5/x", "", "1", "no api", ""},
		{"h", "/qry/x", "api-version=2024-01-01", "", "9 GET /x", "/x"},
		{"h", "/qry/x", "a=b&API-version=2024%2D01-01", "", "9 GET /x", "/x"},
		{"h", "/qry/x", "", "", "10 GET /x", "/x"},
		{"h", "/qry/x", "api-version=1", "", "no version", ""},
		{"a.example.com", "/shop/x", "", "", "11 GET /x", "/x"},
		{"A.Example.com:8080", "/shop/x", "", "", "11 GET /x", "/x"},
		{"b.example.com.", "/shop/x", "", "", "12 GET /x", "/x"},
		{"a.example.com", "/seg/v1/x", "", "", "4 GET /x", "/x"},
		{"x.b.example.com", "/shop/x", "", "", "12 GET /x", "/x"},
		{"x.b.example.com", "/deep/x", "", "", "13 GET /x", "/x"},
		{"example.com", "/shop/x", "", "", "1 GET /x", "/x"},
		{"[::1]:80", "/shop/x", "", "", "1 GET /x", "/x"},
	} {
		header := func(name string) string {
			if strings.EqualFold(name, "api-version") {
				return f.version
			}
			return ""
		}
		m, ok := table.Match(f.host, f.path, f.query, "GET", header)
		if got := render(table, m, ok, f.path, f.query); got != f.want {
			t.Errorf("%s%s?%s (%s): %s, want %s", f.host, f.path, f.query, f.version, got, f.want)
		}
		if ok && f.path[m.Suffix:] != f.suffix {
			t.Errorf("%s%s: suffix %q, want %q", f.host, f.path, f.path[m.Suffix:], f.suffix)
		}
	}
}

func TestConflicts(t *testing.T) {
	_, got := New([]API{
		api(t, API{Path: "a", Revision: "1", Current: true}, "GET /x/{a}", "GET /x/{b}", "POST /x/{b}", "GET /x?q={a}&r={b}", "GET /x?r={b}&q={a}"),
		api(t, API{Path: "/A/", Revision: "1", Current: true}),
		api(t, API{Path: "a", Revision: "2"}),
		api(t, API{Path: "a", Revision: "2"}),
		api(t, API{Path: "a", Revision: "3", Current: true}),
		api(t, API{Path: "b", Scheme: Segment, Version: "v1", Current: true}),
		api(t, API{Path: "b/v1", Current: true}),
		api(t, API{Path: "a", Hosts: []string{"h", "i"}, Current: true}),
		api(t, API{Path: "a", Hosts: []string{"I"}, Current: true}),
	})
	want := []Conflict{
		{0, 1, 0, 0, ""}, {0, 4, 0, 3, ""},
		{1, -1, 0, -1, ""}, {3, -1, 2, -1, ""}, {4, -1, 0, -1, ""}, {6, -1, 5, -1, ""}, {8, -1, 7, -1, "I"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestValue(t *testing.T) {
	table, _ := New([]API{api(t, API{Current: true}, "GET /a/{Id}?q={term}")})
	path, query := "/a/x%20%2F%C3%A9+", "q=a+b%26&c"
	m, ok := table.Match("", path, query, "GET", nil)
	if !ok {
		t.Fatal("no match")
	}
	for name, want := range map[string]string{"id": "x /é+", "TERM": "a b&"} {
		if got, ok := m.Value(name, path, query); !ok || got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if _, ok := m.Value("none", path, query); ok {
		t.Error("a value for a parameter that there is not")
	}
}

func TestNearest(t *testing.T) {
	table, _ := New([]API{
		api(t, API{Path: "shop", Current: true}, "GET /orders/{id}", "POST /orders", "GET /customers", "GET /?page={p}"),
		api(t, API{Path: "files", Hosts: []string{"f.example.com"}, Current: true}, "GET /*"),
		api(t, API{Path: "shop", Revision: "2"}, "GET /hidden"),
	})
	for _, f := range []struct{ method, path, want string }{
		{"GET", "/shop/order/7", "GET /shop/orders/{id}"},
		{"GET", "/shop/ordres", "POST /shop/orders"},
		{"PUT", "/shop/orders", "POST /shop/orders"},
		{"GET", "/orders/7", "GET /shop/orders/{id}"},
		{"GET", "/shop", "GET /shop?page={p}"},
		{"GET", "/fils/a/b/c/d", "GET f.example.com/files/*"},
		{"GET", "/something/else/entirely/different", ""},
	} {
		got := table.Nearest(f.path, f.method)
		if f.want == "" && len(got) > 0 || f.want != "" && (len(got) == 0 || got[0] != f.want) {
			t.Errorf("Nearest(%s %s) = %q, want %q first", f.method, f.path, got, f.want)
		}
	}
}

func TestHostilePaths(t *testing.T) {
	// Every step of the descent has two ways to go, and none leads anywhere.
	var ops []string
	for i := range 14 {
		for j := range 2 {
			tpl := ""
			for k := range i {
				if (k+j)%2 == 0 {
					tpl += "/a"
				} else {
					tpl += fmt.Sprintf("/{p%d}", k)
				}
			}
			ops = append(ops, "GET "+tpl+"/end"+fmt.Sprint(i, j)[:1])
		}
	}
	table, _ := New([]API{api(t, API{Current: true}, ops...)})
	if _, ok := table.Match("", strings.Repeat("/a", 1e5), "", "GET", nil); ok {
		t.Error("matched")
	}
}

func FuzzMatch(f *testing.F) {
	table, _ := New([]API{
		api(f, API{Path: "a", Revision: "1", Current: true}, "GET /{x}-{y}.{z}", "GET /b/{*r}", "GET /?q={q}"),
		api(f, API{Path: "v", Scheme: Query, VersionName: "v", Version: "1", Revision: "1", Current: true}, "GET /*"),
	})
	f.Add("/a/1-2.3", "q=1")
	f.Add("/a;rev=1/b/c%2f", "")
	f.Add("/v/", "v=%31")
	f.Fuzz(func(t *testing.T, path, query string) {
		m, ok := table.Match("h", path, query, "GET", nil)
		if ok {
			for i := range m.Len() {
				p, raw := m.Param(i, path, query)
				Unescape(raw, p.Kind == InQuery)
			}
		}
		table.Nearest(path, "GET")
	})
}
