package clients

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// sound holds what is kept of any metadata to what the rest relies on.
func sound(t *testing.T, m *metadata) {
	t.Helper()
	if utf8.RuneCountInString(m.Name) > maxName || strings.ContainsFunc(m.Name, func(r rune) bool { return !unicode.IsGraphic(r) }) || strings.TrimSpace(m.Name) != m.Name {
		t.Errorf("the name is %q", m.Name)
	}
	if len(m.RedirectURIs) == 0 || !slices.Contains(m.GrantTypes, codeGrant) {
		t.Errorf("kept as %+v", m)
	}
	for _, uri := range m.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil || u.User != nil || u.Fragment != "" || strings.ContainsAny(uri, "#\\ \"<>") {
			t.Errorf("redirect URI %q: %v", uri, err)
			continue
		}
		switch u.Scheme {
		case "javascript", "data", "file", "about", "blob", "vbscript":
			t.Errorf("redirect URI %q", uri)
		case "http":
			if h := u.Hostname(); h != "127.0.0.1" && h != "::1" && h != "localhost" {
				t.Errorf("redirect URI %q", uri)
			}
		}
	}
	if m.URI != "" && !strings.HasPrefix(m.URI, "https://") {
		t.Errorf("the home page is %q", m.URI)
	}
	if _, err := json.Marshal(m); err != nil {
		t.Error(err)
	}
}

func FuzzRegistration(f *testing.F) {
	f.Add([]byte(publicClient))
	f.Add([]byte(`{"redirect_uris":["http://localhost:7/","com.example.app:/x"],"scope":" a b ","client_uri":"https://a.example/#x","x":{"y":[1,{"z":null}]}}`))
	f.Add([]byte(`{"redirect_uris":["javascript:x"],"redirect_uri\u0073":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, sent, err := readRegistration(data, nil)
		if err != nil {
			return
		}
		sound(t, m)
		for _, uri := range sent {
			if _, ok := (&Client{Kind: Dynamic, RedirectURIs: m.RedirectURIs}).Redirect(uri); !ok {
				t.Errorf("codes are not sent to %q, which was registered", uri)
			}
		}
		// What is answered registers the same client.
		again, err := json.Marshal(&registration{
			Name: m.Name, HomePage: m.URI, RedirectURIs: sent, GrantTypes: m.GrantTypes, ResponseTypes: []string{"code"},
			AuthMethod: m.AuthMethod, ApplicationType: m.ApplicationType, Scope: m.Scope,
		})
		if err != nil {
			t.Fatal(err)
		}
		n, _, err := readRegistration(again, nil)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		a, _ := json.Marshal(m)
		b, _ := json.Marshal(n)
		if string(a) != string(b) {
			t.Errorf("%s became %s", a, b)
		}
	})
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(theDoc))
	f.Add([]byte(theDoc[:len(theDoc)-1] + `,"token_endpoint_auth_method":"none","grant_types":["x","authorization_code"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := readDocument(data, theID); err == nil {
			sound(t, m)
			if m.Name == "" || m.AuthMethod != AuthNone {
				t.Errorf("kept as %+v", m)
			}
		}
	})
}

// FuzzRedirect: what is sent codes is a registered URI, or one that differs in a port of
// loopback alone.
func FuzzRedirect(f *testing.F) {
	f.Add("https://a.example/cb", "https://a.example/cb")
	f.Add("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb")
	f.Add("http://localhost", "http://localhost:1@evil.example")
	f.Fuzz(func(t *testing.T, registered, uri string) {
		if checkRedirect(registered) != nil {
			return
		}
		if _, ok := (&Client{RedirectURIs: []string{registered}}).Redirect(uri); !ok || uri == registered || uri == "" {
			return
		}
		a, err := url.Parse(registered)
		if err != nil {
			t.Fatal(err)
		}
		b, err := url.Parse(uri)
		if err != nil || checkRedirect(uri) != nil {
			t.Fatalf("%q is sent codes for %q: %v", uri, registered, err)
		}
		if a.Scheme != "http" || b.Scheme != "http" || a.Hostname() != b.Hostname() || a.RequestURI() != b.RequestURI() || b.User != nil {
			t.Errorf("%q is sent codes for %q", uri, registered)
		}
	})
}
