//go:build !race

package route

import (
	"fmt"
	"testing"
)

func TestMatchAllocs(t *testing.T) {
	table, _ := New([]API{
		api(t, API{Path: "shop", Revision: "1", Current: true}, "GET /orders/{id}/lines/{line}?expand={e}", "GET /Products({id})", "GET /files/*"),
		api(t, API{Path: "hdr", Scheme: Header, VersionName: "v", Version: "1", Current: true}, "GET /*"),
		api(t, API{Path: "shop", Hosts: []string{"a.example.com", "*.example.com"}, Current: true}, "GET /x"),
	})
	header := func(string) string { return "1" }
	for _, f := range []struct{ host, path, query string }{
		{"h:8080", "/Shop/orders/17/lines/%20", "a=b&expand=all"},
		{"h", "/shop;rev=1/Products(7)", ""},
		{"h", "/shop/files/a/b/c", ""},
		{"h", "/hdr/x", ""},
		{"B.example.com", "/shop/x", ""},
		{"h", "/nothing", ""},
	} {
		n := testing.AllocsPerRun(100, func() {
			path, ok := NormalizePath(f.path)
			if !ok {
				t.Fatal("refused")
			}
			table.Match(f.host, path, f.query, "GET", header)
		})
		if n != 0 {
			t.Errorf("%s%s: %v allocations", f.host, f.path, n)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 10000} {
		var ops []string
		for i := range n {
			ops = append(ops, fmt.Sprintf("GET /resource%d/{id}/items/{item}", i))
		}
		table, _ := New([]API{api(b, API{Path: "shop/v1", Current: true}, ops...)})
		b.Run(fmt.Sprint(n, "operations"), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, ok := table.Match("h", "/shop/v1/resource7/17/items/3", "", "GET", nil); !ok {
					b.Fatal("no match")
				}
			}
		})
	}
}
