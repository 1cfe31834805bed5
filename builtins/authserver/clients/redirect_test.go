package clients

import (
	"strings"
	"testing"
)

func TestRedirectURIsThatMayBeRegistered(t *testing.T) {
	for _, uri := range []string{
		"https://app.example.com/callback",
		"https://app.example.com",
		"https://app.example.com/",
		"https://app.example.com:8443/cb?x=1&y=%2e",
		"https://app.example.com?x=1",
		"https://xn--bcher-kva.example/cb",
		"https://my_host.example/cb",
		"https://intranet/cb",
		"https://203.0.113.5/cb",
		"https://[2001:db8::1]:8443/cb",
		"https://a.example/a..b/...",
		"https://a.example/cb?next=../x",
		"http://127.0.0.1/cb",
		"http://127.0.0.1:8123/cb",
		"http://127.0.0.1:8123",
		"http://[::1]:8123/cb",
		"http://[::1]/cb?x=1",
		"http://localhost:33418/",
		"http://localhost",
		"http://localhost?x=1",
		"com.example.app:/callback",
		"com.example.app://callback",
		"com.example.app://callback/x?y=1",
		"cursor://anysphere.cursor-mcp/oauth/callback",
		"vscode://vscode.git/did-authenticate",
	} {
		if err := checkRedirect(uri); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestRedirectURIsThatMayNot(t *testing.T) {
	for name, uris := range map[string][]string{
		"nothing":            {"", " ", "/", "/callback", "callback", "//app.example.com/cb", "?x", ":"},
		"scripts":            {"javascript:alert(1)", "JavaScript:alert(1)", "javascript://app.example.com/%0aalert(1)", "vbscript:x", "vbscript://x/y", "livescript://x", "mocha://x"},
		"documents":          {"data:text/html,x", "data:text/html;base64,PHNjcmlwdD4=", "data://x/y", "file:///etc/passwd", "file://host/x", "about:blank", "about://blank", "blob:https://a.example/1", "filesystem:https://a.example/x", "view-source:https://a.example/"},
		"parts of browsers":  {"chrome://settings", "chrome-extension://abc/x", "moz-extension://abc/x", "edge://x/y", "resource://x/y", "res://x/y", "safari-web-extension://x"},
		"parts of Windows":   {"ms-msdt:/id", "ms-settings://x", "search-ms://query", "shell://x", "microsoft-edge://x"},
		"other protocols":    {"ftp://a.example/x", "ws://a.example/", "wss://a.example/", "mailto:a@b.example", "tel:1", "tel://1", "sms://1", "ssh://a.example", "smb://a.example/x", "ldap://a.example", "intent://x/#Intent;end", "intent://x", "git://a.example/x", "urn:x:y", "web+app://x"},
		"http to others":     {"http://app.example.com/cb", "http://10.0.0.1/cb", "http://127.0.0.2/cb", "http://127.1/cb", "http://2130706433/cb", "http://0x7f.1/cb", "http://0177.0.0.1/cb", "http://[::]/cb", "http://0.0.0.0/cb", "http://[0:0:0:0:0:0:0:1]/cb", "http://[::ffff:127.0.0.1]/cb", "http://localhost.evil.example/cb", "http://localhost./cb", "http://127.0.0.1.evil.example/cb", "http://localhostevil/cb"},
		"users":              {"https://good.example@evil.example/cb", "https://a:b@evil.example/cb", "https://@evil.example/cb", "http://localhost@evil.example/cb", "http://127.0.0.1:80@evil.example/cb", "http://localhost:a@evil.example/cb", "com.example.app://a@b/c", "https:\\\\good.example@evil.example"},
		"fragments":          {"https://a.example/cb#", "https://a.example/cb#x", "com.example.app:/cb#x"},
		"not ASCII":          {"https://bücher.example/cb", "https://a.example/ü", "https://a.example/\u202e", "https://аpple.example/"},
		"not printable":      {"https://a.example/cb\n", "https://a.example/\x00", "https://a.example/\tx", "https://a.example/ x", " https://a.example/", "https://a.example/\x7f", "java\tscript:alert(1)"},
		"what no URI has":    {"https://a.example\\@evil.example/", "https://a.example\\.evil.example", "https://a.example/<x>", `https://a.example/"x`, "https://a.example/`", "https://a.example/{x}", "https://a.example/^", "https://a.example/|"},
		"broken escapes":     {"https://a.example/%", "https://a.example/%2", "https://a.example/%zz", "https://%61.example/cb", "https://a%2eexample/cb"},
		"segments of dots":   {"https://a.example/./x", "https://a.example/x/..", "https://a.example/../x", "https://a.example/%2e%2E/x", "https://a.example/.%2e/x", "http://localhost/..", "https://a.example/."},
		"hosts that are odd": {"https://", "https:///cb", "https:/a.example/cb", "https:a.example/cb", "https://A.example/cb", "https://a.example./cb", "https://.a.example/cb", "https://a..example/cb", "https://*.example/cb", "https://-a.example/", "https://a-.example/", "https://1.2.3/", "https://[::1%25eth0]/cb", "https://[::1/cb", "https://a.example:/cb", "https://[v1.x]/", "https://" + strings.Repeat("a", 64) + ".example/"},
		"ports":              {"https://a.example:0/", "https://a.example:65536/", "https://a.example:080/", "https://a.example:x/", "https://a.example:80:80/", "http://localhost:/", "http://localhost:00/", "http://127.0.0.1:99999/"},
		"schemes":            {"HTTPS://a.example/cb", "Com.example.app:/cb", "1com.app:/cb", "com..app:/cb", ".com.app:/cb", "com.app.:/cb", "com.example.app:", "com.example.app:x", "com.example.app://", "app:/cb", "app:x", "a://b", "com_example.app:/cb", "httpss:/x"},
		"long ones":          {"https://a.example/" + strings.Repeat("x", maxURI)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, uri := range uris {
				if checkRedirect(uri) == nil {
					t.Errorf("%.100q was accepted", uri)
				}
			}
		})
	}
}

// TestRedirectIsExact is the first row of RFC 9700's attacks: what is nearly a registered URI
// is none.
func TestRedirectIsExact(t *testing.T) {
	c := &Client{RedirectURIs: []string{"https://app.example.com/callback", "https://app.example.com/cb?tenant=1", "com.example.app:/cb"}}
	for _, uri := range c.RedirectURIs {
		if got, ok := c.Redirect(uri); !ok || got != uri {
			t.Errorf("%s: %q, %v", uri, got, ok)
		}
	}
	for name, uri := range map[string]string{
		"none of several":       "",
		"prefix":                "https://app.example.com/call",
		"suffix":                "https://app.example.com/callback2",
		"path below":            "https://app.example.com/callback/x",
		"trailing slash":        "https://app.example.com/callback/",
		"dots":                  "https://app.example.com/x/../callback",
		"dots to elsewhere":     "https://app.example.com/callback/../evil",
		"escaped dots":          "https://app.example.com/callback/%2e%2e/evil",
		"escaped letter":        "https://app.example.com/c%61llback",
		"case of the path":      "https://app.example.com/Callback",
		"case of the host":      "https://APP.example.com/callback",
		"case of the scheme":    "HTTPS://app.example.com/callback",
		"http":                  "http://app.example.com/callback",
		"port":                  "https://app.example.com:8443/callback",
		"default port":          "https://app.example.com:443/callback",
		"query":                 "https://app.example.com/callback?x=1",
		"empty query":           "https://app.example.com/callback?",
		"other query":           "https://app.example.com/cb?tenant=2",
		"more query":            "https://app.example.com/cb?tenant=1&x=2",
		"fragment":              "https://app.example.com/callback#x",
		"empty fragment":        "https://app.example.com/callback#",
		"user":                  "https://app.example.com@evil.example/callback",
		"user before":           "https://evil@app.example.com/callback",
		"other host":            "https://evil.example/callback",
		"host below":            "https://x.app.example.com/callback",
		"host as a prefix":      "https://app.example.com.evil.example/callback",
		"trailing dot":          "https://app.example.com./callback",
		"backslash":             "https://app.example.com\\callback",
		"backslash and user":    "https://evil.example\\@app.example.com/callback",
		"space before":          " https://app.example.com/callback",
		"space after":           "https://app.example.com/callback ",
		"line":                  "https://app.example.com/callback\r\nSet-Cookie: x",
		"nul":                   "https://app.example.com/callback\x00",
		"two in one":            "https://app.example.com/callback,https://evil.example/",
		"two in one by a space": "https://app.example.com/callback https://evil.example/",
		"matrix parameter":      "https://app.example.com/callback;x",
		"double slash":          "https://app.example.com//callback",
		"no scheme":             "//app.example.com/callback",
		"loopback":              "http://127.0.0.1/callback",
		"app's other path":      "com.example.app:/cb2",
		"app's port":            "com.example.app://cb",
	} {
		if got, ok := c.Redirect(uri); ok || got != "" {
			t.Errorf("%s: %q is sent codes", name, uri)
		}
	}
}

// TestRedirectToAnyPortOfLoopback is RFC 8252 §7.3, and what is nearly that.
func TestRedirectToAnyPortOfLoopback(t *testing.T) {
	c := &Client{RedirectURIs: []string{"http://127.0.0.1/cb", "http://[::1]:1234/cb", "http://localhost:8080/cb?x=1", "http://localhost", "https://localhost/s"}}
	for _, uri := range []string{
		"http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb",
		"http://[::1]/cb", "http://[::1]:80/cb", "http://localhost:5/cb?x=1", "http://localhost/cb?x=1", "http://localhost:77", "https://localhost/s",
	} {
		if got, ok := c.Redirect(uri); !ok || got != uri {
			t.Errorf("%s: %q, %v", uri, got, ok)
		}
	}
	for _, uri := range []string{
		"http://127.0.0.1:0/cb", "http://127.0.0.1:65536/cb", "http://127.0.0.1:080/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:+1/cb", "http://127.0.0.1:1x/cb",
		"http://127.0.0.1:80@evil.example/cb", "http://127.0.0.1:80:80/cb", "http://127.0.0.1@evil.example/cb", "http://127.0.0.1:80\\@evil.example/cb",
		"http://127.0.0.1.evil.example/cb", "http://127.0.0.1:1/cb/", "http://127.0.0.1:1/CB", "http://127.0.0.1:1//cb", "http://127.0.0.1:1/x/../cb", "http://127.0.0.1:1/cb?", "http://127.0.0.1:1/cb#", "http://127.0.0.1:1",
		"http://127.0.0.2:1/cb", "http://127.1/cb", "http://localhost:1/cb", "http://localhost.:77", "http://LOCALHOST:77", "http://localhost:77/", "http://localhost.evil.example:77",
		"https://127.0.0.1:1/cb", "https://localhost:1/s", "http://[::1]:1/cb?x", "http://[0::1]:1/cb", "http://::1:1/cb",
	} {
		if got, ok := c.Redirect(uri); ok {
			t.Errorf("%q is sent codes: %q", uri, got)
		}
	}
}

func TestRedirectOfTheOnlyOne(t *testing.T) {
	f := func(want string, c Client) {
		t.Helper()
		if got, ok := c.Redirect(""); got != want || ok != (want != "") {
			t.Errorf("got %q, %v; want %q", got, ok, want)
		}
	}
	f("https://a.example/cb", Client{RedirectURIs: []string{"https://a.example/cb"}})
	f("http://127.0.0.1:81/cb", Client{Kind: Static, RedirectURIs: []string{"http://127.0.0.1:81/cb"}})
	f("", Client{Kind: Dynamic, RedirectURIs: []string{"http://127.0.0.1/cb"}})
	f("", Client{RedirectURIs: []string{"https://a.example/cb", "https://a.example/cd"}})
	f("", Client{})
}

func TestWhatIsShownOfRedirects(t *testing.T) {
	c := &Client{}
	for uri, want := range map[string]string{
		"https://app.example.com/cb":           "app.example.com",
		"https://app.example.com:8443?x=/y":    "app.example.com:8443",
		"http://127.0.0.1:8123/cb":             "127.0.0.1:8123",
		"http://[::1]:8123":                    "[::1]:8123",
		"com.example.app:/cb":                  "com.example.app:",
		"cursor://anysphere.cursor-mcp/oauth/": "cursor:",
	} {
		if got := c.RedirectHost(uri); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
	for want, uris := range map[bool][][]string{
		true:  {{"http://127.0.0.1/cb", "http://localhost:8/x", "http://[::1]"}, {"https://localhost:8443/cb"}},
		false: {{"http://127.0.0.1/cb", "https://a.example/"}, {"com.example.app:/cb"}, {"https://localhost.example/cb"}, nil},
	} {
		for _, list := range uris {
			if got := (&Client{RedirectURIs: list}).LoopbackOnly(); got != want {
				t.Errorf("%q: %v", list, got)
			}
		}
	}
}

func TestHostsThatCodesMayBeSentTo(t *testing.T) {
	hosts := []string{"app.example.com", "*.corp.example", "port.example:8443"}
	for uri, want := range map[string]bool{
		"https://app.example.com/cb":             true,
		"https://app.example.com:444/cb":         true,
		"https://a.corp.example/":                true,
		"https://a.b.corp.example/":              true,
		"https://port.example:8443/":             true,
		"http://127.0.0.1:7/":                    true,
		"http://localhost/":                      true,
		"https://corp.example/":                  false,
		"https://evilcorp.example/":              false,
		"https://port.example/":                  false,
		"https://x.app.example.com/":             false,
		"https://app.example.com.evil.example/":  false,
		"https://evil.example/?app.example.com":  false,
		"https://evil.example/app.example.com":   false,
		"com.example.app:/cb":                    false,
		"app.example.com://app.example.com/":     false,
		"https://localhost/":                     false,
		"https://[2001:db8::1]/app.example.com:": false,
	} {
		if got := hostAllowed(hosts, uri); got != want {
			t.Errorf("%s: %v", uri, got)
		}
		if !hostAllowed(nil, uri) {
			t.Errorf("%s is refused though nothing is", uri)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"Claude":                                 "Claude",
		"  Claude \n\t Code  ":                   "Claude Code",
		"e\u0301":                                "\u00e9",
		"\u202eedoC edualC\u202c":                "edoC edualC",
		"a\u200b\u200d\ufeff\u2066b\u2069\u00ad": "ab",
		"a\x00\x07\x1b[31mb":                     "a[31mb",
		"a\u2028b\u2029c\u0085d":                 "a b c d",
		"\u00a0a\u3000b\u00a0":                   "a b",
		"z" + strings.Repeat("\u0336", 50):       "z\u0336\u0336\u0336",
		"\u0336a":                                "a",
		"\u3164\u115f\uffa0\u2800x\ufe0f":        "x",
		"\ue000\U000f0000a":                      "a",
		"a\xffb\ufffdc":                          "abc",
		"<script>alert(1)</script>":              "<script>alert(1)</script>",
		strings.Repeat("x", 1<<20):               strings.Repeat("x", maxName),
		strings.Repeat("ä ", 200):                strings.TrimSpace(strings.Repeat("ä ", 50)),
		"日本語":                                    "日本語",
		"":                                       "",
	} {
		if got := cleanName(in); got != want {
			t.Errorf("%.60q became %q, want %q", in, got, want)
		}
	}
}
