package sandbox

import "testing"

func TestRedirects(t *testing.T) {
	a := &Application{RedirectURIs: []string{"http://127.0.0.1:8080/back", "https://app.example.com/back"}}
	f := func(uri string, want bool) {
		t.Helper()
		if got := a.redirectsTo(uri); got != want {
			t.Errorf("%s: %v, want %v", uri, got, want)
		}
	}
	f("http://127.0.0.1:8080/back", true)
	f("http://127.0.0.1:9999/back", true)
	f("http://127.0.0.1/back", true)
	f("https://app.example.com/back", true)
	f("https://app.example.com:444/back", false)
	f("https://127.0.0.1:8080/back", false)
	f("http://127.0.0.1:8080/back/", false)
	f("http://127.0.0.1:8080/back?x=1", false)
	f("http://127.0.0.1:8080/back#x", false)
	f("http://ada@127.0.0.1:8080/back", false)
	f("http://127.0.0.2:8080/back", false)
	f("http://localhost:8080/back", false)
	f("http://127.0.0.1.example.com:8080/back", false)
	f("", false)
}
