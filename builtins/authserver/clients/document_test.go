package clients

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sekisho/builtins/authserver/records/recordstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// web is an internet with one server, and a registry that asks it for documents.
type web struct {
	*testing.T
	*Registry
	clock  *recordstest.Clock
	log    *bytes.Buffer
	server *httptest.Server
	roots  *x509.CertPool
	asked  atomic.Int32

	mu      sync.Mutex
	answer  http.HandlerFunc
	hosts   map[string][]string // addresses by name; those that are not there have none
	dialled []string
	lookups []string
}

const (
	theHost   = "app.example.com"
	theID     = "https://app.example.com/client.json"
	thePublic = "93.184.216.34"
	theDoc    = `{"client_id":"https://app.example.com/client.json","client_name":"App","redirect_uris":["https://app.example.com/cb","http://127.0.0.1/cb"]}`
)

func newWeb(t *testing.T) *web {
	w := &web{T: t, clock: recordstest.NewClock(), log: &bytes.Buffer{}, hosts: map[string][]string{theHost: {thePublic}}}
	w.says(theDoc)
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		w.mu.Lock()
		f := w.answer
		w.mu.Unlock()
		f(rw, r)
	}))
	w.server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), 0)
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	w.roots = x509.NewCertPool()
	w.roots.AddCert(w.server.Certificate())
	w.Registry = New(Options{
		Store: recordstest.NewMemory(w.clock.Now), Now: w.clock.Now, Rand: rand.Reader,
		Resolve: w.resolve, Dial: w.dial, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	})
	w.configure(Config{})
	return w
}

func (w *web) configure(c Config) {
	c.Documents, c.Roots, c.Issuer = true, w.roots, "https://gw.example.com/t1"
	w.Configure(c)
}

// does sets what the server answers.
func (w *web) does(f http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

func (w *web) says(doc string, header ...string) {
	w.does(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			rw.Header().Set(header[i], header[i+1])
		}
		io.WriteString(rw, doc)
	})
}

func (w *web) resolve(_ context.Context, host string) (out []netip.Addr, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lookups = append(w.lookups, host)
	for _, a := range w.hosts[host] {
		out = append(out, netip.MustParseAddr(a))
	}
	if out == nil {
		return nil, &net.DNSError{Err: "canary: no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}

// elsewhere is a connection that seems to lead to an address.
type elsewhere struct {
	net.Conn
	addr net.Addr
}

func (e elsewhere) RemoteAddr() net.Addr { return e.addr }

// dial connects every address with the server.
func (w *web) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	w.dialled = append(w.dialled, address)
	w.mu.Unlock()
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, w.server.Listener.Addr().String())
	if err != nil {
		return nil, err
	}
	return elsewhere{c, net.TCPAddrFromAddrPort(ap)}, nil
}

// refused is what is wrong with the document at a URL.
func (w *web) refused(id string) *DocumentError {
	w.Helper()
	c, err := w.Lookup(context.Background(), id)
	var e *DocumentError
	if !errors.As(err, &e) {
		w.Fatalf("%s: %+v, %v", id, c, err)
	}
	if strings.Contains(e.Text, "canary") {
		w.Errorf("the error tells too much: %s", e.Text)
	}
	return e
}

func (w *web) accepted(id string) *Client {
	w.Helper()
	c, err := w.Lookup(context.Background(), id)
	if err != nil {
		w.Fatalf("%s: %v; %s", id, err, w.log)
	}
	return c
}

func TestDocument(t *testing.T) {
	w := newWeb(t)
	var got *http.Request
	w.does(func(rw http.ResponseWriter, r *http.Request) {
		got = r
		rw.Header().Set("Content-Type", "application/cimd+json; charset=utf-8")
		http.SetCookie(rw, &http.Cookie{Name: "a", Value: "b"})
		io.WriteString(rw, `{"client_id":"https:\/\/app.example.com\/client.json","client_name":"\u202eMy  App","client_uri":"https://app.example.com/",
			"logo_uri":"https://app.example.com/logo.png","redirect_uris":["http://127.0.0.1:33418/","https://app.example.com/cb"],
			"grant_types":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:device_code"],"response_types":["code","none"],
			"token_endpoint_auth_method":"none","application_type":"native","scope":"a","jwks_uri":"https://app.example.com/keys","contacts":["x"]}`)
	})
	c := w.accepted(theID)
	if c.ID != theID || c.Kind != Document || c.Name != "My App" || c.URI != "https://app.example.com/" || c.Confidential() || c.Scope != "a" ||
		!slices.Equal(c.GrantTypes, []string{"authorization_code", "refresh_token"}) {
		t.Errorf("it is %+v", c)
	}
	for uri, want := range map[string]bool{"http://127.0.0.1:9/": true, "https://app.example.com/cb": true, "https://app.example.com/": false} {
		if _, ok := c.Redirect(uri); ok != want {
			t.Errorf("codes to %s: %v", uri, ok)
		}
	}
	if !w.Authenticate(context.Background(), c, "") || w.Authenticate(context.Background(), c, "x") {
		t.Error("it has no secret")
	}
	w.Used(context.Background(), c)
	if got.Method != "GET" || got.URL.Path != "/client.json" || got.Host != theHost || got.ProtoMajor != 1 || !got.Close ||
		got.Header.Get("Cookie") != "" || got.Header.Get("Authorization") != "" || got.Header.Get("Accept-Encoding") != "" || got.Header.Get("Referer") != "" {
		t.Errorf("asked by %s %s %s %v", got.Method, got.URL, got.Proto, got.Header)
	}
	if !slices.Equal(w.dialled, []string{thePublic + ":443"}) || !slices.Equal(w.lookups, []string{theHost}) {
		t.Errorf("looked up %q, dialled %q", w.lookups, w.dialled)
	}
	w.clock.Advance(2 * time.Hour)
	w.accepted(theID)
	if got.Header.Get("Cookie") != "" {
		t.Error("it kept a cookie")
	}
}

// TestDocumentAsksNoProxy: what the environment says of proxies is not for URLs of strangers.
func TestDocumentAsksNoProxy(t *testing.T) {
	if newDocuments(&Options{}, Config{}).newClient(context.Background()).Transport.(*http.Transport).Proxy != nil {
		t.Error("it may ask a proxy")
	}
}

func TestURLsThatAreNoClientIDs(t *testing.T) {
	w := newWeb(t)
	for name, ids := range map[string][]string{
		"no path":              {"https://app.example.com", "https://app.example.com/"},
		"fragment":             {theID + "#", theID + "#x"},
		"query":                {theID + "?", theID + "?x=1", "https://app.example.com?/x"},
		"user":                 {"https://user@app.example.com/x", "https://a:b@app.example.com/x", "https://app.example.com@evil.example/x", "https://@app.example.com/x"},
		"segments of dots":     {"https://app.example.com/a/../client.json", "https://app.example.com/./client.json", "https://app.example.com/%2e%2e/client.json", "https://app.example.com/a/%2E./x", "https://app.example.com/.."},
		"localhost":            {"https://localhost/x", "https://localhost:8443/x", "https://localhost./x"},
		"loopback":             {"https://127.0.0.1/x", "https://127.8.8.8/x", "https://[::1]/x"},
		"unspecified":          {"https://0.0.0.0/x", "https://[::]/x", "https://0/x"},
		"private addresses":    {"https://10.0.0.1/x", "https://172.16.0.1/x", "https://192.168.0.1/x", "https://[fd00::1]/x"},
		"metadata of clouds":   {"https://169.254.169.254/latest/meta-data", "https://[fd00:ec2::254]/x", "https://metadata/x"},
		"mapped and such":      {"https://[::ffff:127.0.0.1]/x", "https://[::ffff:7f00:1]/x", "https://[64:ff9b::7f00:1]/x", "https://[2002:7f00:1::]/x", "https://[::127.0.0.1]/x"},
		"public addresses":     {"https://93.184.216.34/x", "https://[2606:4700::1111]/x"},
		"zones":                {"https://[fe80::1%25eth0]/x", "https://[fe80::1%eth0]/x"},
		"decimal, octal, hex":  {"https://2130706433/x", "https://0x7f000001/x", "https://0177.0.0.1/x", "https://127.1/x", "https://0x7f.0.0.1/x", "https://127.0.0.0x1/x", "https://017700000001/x"},
		"trailing dot":         {"https://app.example.com./client.json"},
		"names of one label":   {"https://intranet/x", "https://kubernetes/x"},
		"ports":                {"https://app.example.com:22/x", "https://app.example.com:25/x", "https://app.example.com:6379/x", "https://app.example.com:80/x", "https://app.example.com:0/x", "https://app.example.com:65536/x", "https://app.example.com:0443/x", "https://app.example.com:/x", "https://app.example.com:9000/x"},
		"IDNA":                 {"https://bücher.example/x", "https://аpp.example.com/x", "https://app。example.com/x", "https://ⓐpp.example.com/x"},
		"case":                 {"https://App.example.com/client.json"},
		"backslash":            {"https://app.example.com\\@10.0.0.1/x", "https:\\\\app.example.com/x"},
		"control characters":   {theID + "\n", theID + "\r\nHost: evil", "https://app.example.com/\x00", theID + " ", "https://app.example.com/\u202e"},
		"escapes in the host":  {"https://app%2eexample.com/x", "https://%31%30.0.0.1/x"},
		"this server":          {"https://gw.example.com/x", "https://gw.example.com/.sekisho/oauth/jwks", "https://gw.example.com:8443/x"},
		"no authority":         {"https:///x", "https:/app.example.com/x"},
		"longer than any else": {"https://app.example.com/" + strings.Repeat("x", maxURI)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, id := range ids {
				c, err := w.Lookup(context.Background(), id)
				var e *DocumentError
				if !errors.As(err, &e) && !errors.Is(err, ErrUnknown) || e != nil && e.Unavailable {
					t.Errorf("%.100q: %+v, %v", id, c, err)
				}
			}
		})
	}
	for _, id := range []string{"http://app.example.com/client.json", "HTTPS://app.example.com/client.json", "ftp://app.example.com/x", "file:///etc/passwd", "//app.example.com/x", " " + theID} {
		if _, err := w.Lookup(context.Background(), id); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if len(w.dialled)+len(w.lookups) != 0 {
		t.Errorf("looked up %q, dialled %q", w.lookups, w.dialled)
	}
	w.accepted(theID)
	w.says(strings.Replace(theDoc, "client.json", "%7Ex", 1))
	w.accepted("https://app.example.com/%7Ex")
	w.says(strings.Replace(theDoc, "example.com/", "example.com:8443/", 1))
	w.accepted("https://app.example.com:8443/client.json")
}

// TestAddressesThatAreNotAsked is the matrix of addresses behind innocent names.
func TestAddressesThatAreNotAsked(t *testing.T) {
	for name, addrs := range map[string][]string{
		"loopback":                {"127.0.0.1"},
		"loopback elsewhere":      {"127.8.8.8"},
		"loopback of IPv6":        {"::1"},
		"unspecified":             {"0.0.0.0"},
		"unspecified of IPv6":     {"::"},
		"this network":            {"0.1.2.3"},
		"10/8":                    {"10.1.2.3"},
		"172.16/12":               {"172.31.255.255"},
		"192.168/16":              {"192.168.1.1"},
		"metadata":                {"169.254.169.254"},
		"metadata of Azure":       {"168.63.129.16"},
		"metadata of IPv6":        {"fd00:ec2::254"},
		"unique local":            {"fd12::1"},
		"link-local":              {"fe80::1"},
		"carrier's NAT":           {"100.64.0.1"},
		"benchmarks":              {"198.18.0.1"},
		"protocol assignments":    {"192.0.0.8"},
		"multicast":               {"224.0.0.1"},
		"reserved":                {"240.0.0.1"},
		"broadcast":               {"255.255.255.255"},
		"mapped":                  {"::ffff:127.0.0.1"},
		"mapped private":          {"::ffff:10.0.0.1"},
		"NAT64":                   {"64:ff9b::7f00:1"},
		"6to4":                    {"2002:7f00:1::"},
		"documentation":           {"192.0.2.1"},
		"public and private":      {thePublic, "10.0.0.1"},
		"private and public":      {"10.0.0.1", thePublic},
		"public and loopback six": {thePublic, "::1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWeb(t)
			w.hosts[theHost] = addrs
			if e := w.refused(theID); e.Text != unreachable.Text || !e.Unavailable {
				t.Errorf("%v", e)
			}
			if len(w.dialled) != 0 {
				t.Errorf("dialled %q", w.dialled)
			}
			// The host that may have any address may have this one.
			w.configure(Config{AllowedHosts: []string{theHost}})
			w.accepted(theID)
		})
	}
}

// TestRebinding: the address that is judged is the one that is connected to. A name that
// resolves to another one by then, or a dialer that leads elsewhere, gains nothing.
func TestRebinding(t *testing.T) {
	w := newWeb(t)
	w.accepted(theID)
	w.hosts[theHost] = []string{"127.0.0.1"}
	w.clock.Advance(2 * time.Hour)
	w.refused(theID)
	if len(w.dialled) != 1 {
		t.Errorf("dialled %q", w.dialled)
	}

	// One that is told the name and finds another address than was judged.
	w.o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, w.server.Listener.Addr().String())
	}
	w.hosts[theHost] = []string{thePublic}
	asked := w.asked.Load()
	w.clock.Advance(time.Minute)
	w.refused(theID)

	// The system's dialer, with its own check at the socket.
	d := newDocuments(&Options{Now: w.clock.Now, Log: w.o.Log, Resolve: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}}, Config{Roots: w.roots})
	port := fmt.Sprint(w.server.Listener.Addr().(*net.TCPAddr).Port)
	if _, err := d.dial(context.Background(), "tcp", theHost+":"+port); !errors.Is(err, errForbidden) {
		t.Errorf("dialled: %v", err)
	}
	if d.refuses(theHost+":443", "127.0.0.1:443") != true || d.refuses(theHost+":443", "pipe") != true || d.refuses(theHost+":443", thePublic+":443") {
		t.Error("addresses are misjudged")
	}
	if w.asked.Load() != asked {
		t.Error("the server was asked")
	}
}

// TestHostsOfTheOperator: exceptions are for one host, and its ports if they are named.
func TestHostsOfTheOperator(t *testing.T) {
	w := newWeb(t)
	w.hosts = map[string][]string{"app.example.com": {"10.0.0.1"}, "other.example.com": {"10.0.0.1"}, "a.corp.example.com": {"10.0.0.2"}}
	get := func(id string) *Client {
		w.says(strings.ReplaceAll(theDoc, theID, id))
		w.clock.Advance(time.Hour)
		return w.accepted(id)
	}
	w.configure(Config{AllowedHosts: []string{"app.example.com:9000", "127.0.0.1"}})
	get("https://app.example.com:9000/client.json")
	w.refused("https://app.example.com:9001/client.json")
	w.refused(theID)
	w.refused("https://other.example.com/client.json")
	get("https://127.0.0.1:9/client.json")
	w.refused("https://127.0.0.2/client.json")
	w.configure(Config{AllowedHosts: []string{"*.example.com"}})
	get(theID)
	get("https://other.example.com:6379/client.json")
	w.refused("https://127.0.0.1:9/client.json")
	if e := w.refused("https://gw.example.com/x"); e.Unavailable {
		t.Errorf("this server: %v", e)
	}
	// Another program at another port of this host, by the operator's leave.
	w.hosts["gw.example.com"] = []string{"10.0.0.3"}
	get("https://gw.example.com:9443/client.json")
}

// TestDialOfTheCaller: with a dialer and no resolver, hosts that are allowed are reached.
func TestDialOfTheCaller(t *testing.T) {
	w := newWeb(t)
	w.o.Resolve = nil
	w.o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.dialled = append(w.dialled, address)
		return (&net.Dialer{}).DialContext(ctx, network, w.server.Listener.Addr().String())
	}
	w.refused(theID)
	if w.asked.Load() != 0 {
		t.Error("it was sent something")
	}
	w.configure(Config{AllowedHosts: []string{theHost}})
	w.accepted(theID)
	if !slices.Equal(w.dialled, []string{theHost + ":443", theHost + ":443"}) {
		t.Errorf("dialled %q", w.dialled)
	}
}

// TestWhatWentWrongIsNotToldApart: no answer of ours says what is behind a name.
func TestWhatWentWrongIsNotToldApart(t *testing.T) {
	for name, prepare := range map[string]func(w *web){
		"no such host":       func(w *web) { w.hosts = nil },
		"no address":         func(w *web) { w.o.Resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, nil } },
		"refused address":    func(w *web) { w.hosts[theHost] = []string{"10.0.0.1"} },
		"connection refused": func(w *web) { w.server.Close() },
		"certificate":        func(w *web) { w.roots = x509.NewCertPool(); w.configure(Config{}) },
		"certificate's name": func(w *web) { w.hosts["app.other.example"] = []string{thePublic} },
		"no TLS": func(w *web) {
			w.o.Dial = func(context.Context, string, string) (net.Conn, error) { return garbage(thePublic), nil }
		},
		"silence": func(w *web) {
			w.o.Dial = func(context.Context, string, string) (net.Conn, error) { return silence(thePublic), nil }
		},
		"silence of DNS": func(w *web) {
			w.o.Resolve = func(ctx context.Context, _ string) ([]netip.Addr, error) { <-ctx.Done(); return nil, ctx.Err() }
		},
		"silence when dialed": func(w *web) {
			w.o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		},
		"silence after all": func(w *web) { w.does(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }) },
		"drop by drop": func(w *web) {
			w.does(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Content-Type", "application/json")
				for r.Context().Err() == nil {
					io.WriteString(rw, " ")
					rw.(http.Flusher).Flush()
					time.Sleep(time.Millisecond)
				}
			})
		},
		"404":             status(404),
		"500":             status(500),
		"401":             status(401),
		"204":             status(204),
		"203":             status(203),
		"206":             status(206),
		"301":             redirected(301, "https://other.example.com/client.json"),
		"302 to loopback": redirected(302, "http://127.0.0.1/"),
		"307 to itself":   redirected(307, theID),
		"308 to a file":   redirected(308, "file:///etc/passwd"),
		"HTML":            func(w *web) { w.says(theDoc, "Content-Type", "text/html") },
		"no type":         func(w *web) { w.says(theDoc, "Content-Type", "") },
		"text/json":       func(w *web) { w.says(theDoc, "Content-Type", "text/json") },
		"javascript":      func(w *web) { w.says(theDoc, "Content-Type", "application/javascript") },
		"two types": func(w *web) {
			w.does(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header()["Content-Type"] = []string{"application/json", "text/html"}
				io.WriteString(rw, theDoc)
			})
		},
		"longer than it may":  func(w *web) { w.says(theDoc + strings.Repeat(" ", maxDocument)) },
		"one byte too long":   func(w *web) { w.says(theDoc + strings.Repeat(" ", maxDocument+1-len(theDoc))) },
		"endless":             endless,
		"endless header":      func(w *web) { w.says(theDoc, "X", strings.Repeat("x", 1<<20)) },
		"gzip":                func(w *web) { w.says(zipped(theDoc), "Content-Encoding", "gzip") },
		"gzip bomb":           func(w *web) { w.says(zipped(theDoc+strings.Repeat(" ", 4<<20)), "Content-Encoding", "gzip") },
		"cut off in the body": func(w *web) { w.says(theDoc, "Content-Length", "5000") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWeb(t)
			prepare(w)
			w.state.Load().documents.timeout = 5 * time.Second
			if strings.Contains(name, "silence") || name == "drop by drop" || name == "endless" {
				w.state.Load().documents.timeout = 100 * time.Millisecond
			}
			id := theID
			if name == "certificate's name" {
				id = "https://app.other.example/client.json"
			}
			if e := w.refused(id); *e != *unreachable {
				t.Errorf("%+v", e)
			}
			if w.log.Len() == 0 {
				t.Error("the log does not say why")
			}
		})
	}
}

func status(code int) func(*web) {
	return func(w *web) {
		w.does(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(code)
			if code != 204 {
				io.WriteString(rw, theDoc)
			}
		})
	}
}

func redirected(code int, to string) func(*web) {
	return func(w *web) {
		w.hosts["other.example.com"] = []string{thePublic}
		w.does(func(rw http.ResponseWriter, r *http.Request) {
			if w.asked.Load() > 1 {
				rw.Header().Set("Content-Type", "application/json")
				io.WriteString(rw, theDoc)
				return
			}
			rw.Header().Set("Location", to)
			rw.WriteHeader(code)
		})
	}
}

func endless(w *web) {
	w.does(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			if _, err := rw.Write(bytes.Repeat([]byte(" "), 4096)); err != nil {
				return
			}
		}
	})
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

// silence is a connection to an address that never answers.
func silence(addr string) net.Conn {
	a, b := net.Pipe()
	go io.Copy(io.Discard, b) // until a is closed
	return elsewhere{a, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), 443))}
}

// garbage is one that answers something that is not TLS.
func garbage(addr string) net.Conn {
	a, b := net.Pipe()
	go func() {
		defer b.Close()
		io.ReadFull(b, make([]byte, 10))
		go io.Copy(io.Discard, b)
		io.WriteString(b, "-ERR unknown command canary\r\n")
	}()
	return elsewhere{a, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), 443))}
}

func TestDocumentsThatAreRefused(t *testing.T) {
	with := func(members string) string { return theDoc[:len(theDoc)-1] + "," + members + "}" }
	without := func(member string) string { return strings.Replace(theDoc, `"`+member+`"`, `"x-`+member+`"`, 1) }
	named := func(id string) string { return strings.Replace(theDoc, theID, id, 1) }
	for name, test := range map[string]struct{ doc, says string }{
		"nothing":                     {"", "no JSON object"},
		"a list":                      {"[" + theDoc + "]", "no JSON object"},
		"cut off":                     {theDoc[:40], "no JSON"},
		"two":                         {theDoc + theDoc, "follows"},
		"a byte order mark":           {"\ufeff" + theDoc, "no JSON object"},
		"a name twice":                {with(`"redirect_uris":["https://evil.example/"]`), "twice"},
		"client_id twice":             {with(`"client_id":"https://evil.example/x"`), "twice"},
		"too deep":                    {with(`"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000)), "too deep"},
		"not UTF-8":                   {with("\"x\":\"\xff\""), "UTF-8"},
		"no client_id":                {without("client_id"), "client_id"},
		"client_id of another":        {named("https://evil.example/client.json"), "client_id"},
		"client_id in another case":   {named("https://app.example.com/Client.json"), "client_id"},
		"case of its host":            {named("https://APP.example.com/client.json"), "client_id"},
		"client_id with a slash":      {named(theID + "/"), "client_id"},
		"client_id with a query":      {named(theID + "?"), "client_id"},
		"client_id with its port":     {named("https://app.example.com:443/client.json"), "client_id"},
		"client_id escaped":           {named("https://app.example.com/%63lient.json"), "client_id"},
		"client_id with a space":      {named(theID + " "), "client_id"},
		"client_id of look-alikes":    {named("https://аpp.example.com/client.json"), "client_id"},
		"client_id in capitals":       {strings.Replace(theDoc, `"client_id"`, `"Client_ID"`, 1), "client_id"},
		"client_id of another type":   {strings.Replace(theDoc, `"`+theID+`"`, `["`+theID+`"]`, 1), "client_id"},
		"no name":                     {without("client_name"), "client_name"},
		"a name of nothing":           {strings.Replace(theDoc, `"App"`, `" \u200b "`, 1), "client_name"},
		"no redirect URIs":            {without("redirect_uris"), "redirect_uris"},
		"no redirect URI":             {`{"client_id":"` + theID + `","client_name":"App","redirect_uris":[]}`, "redirect_uris"},
		"a script":                    {strings.Replace(theDoc, "https://app.example.com/cb", "javascript:alert(1)", 1), "redirect_uris"},
		"data":                        {strings.Replace(theDoc, "https://app.example.com/cb", "data:text/html,x", 1), "redirect_uris"},
		"http":                        {strings.Replace(theDoc, "https://app.example.com/cb", "http://app.example.com/cb", 1), "redirect_uris"},
		"a fragment":                  {strings.Replace(theDoc, "/cb", "/cb#", 1), "redirect_uris"},
		"too many redirect URIs":      {strings.Replace(theDoc, `["`, `["`+strings.Repeat(`http://localhost/","`, maxDocumentRedirects), 1), "redirect_uris"},
		"a secret":                    {with(`"client_secret":"canary"`), "client_secret"},
		"a secret that is null":       {with(`"client_secret":null`), "client_secret"},
		"the end of a secret":         {with(`"client_secret_expires_at":0`), "client_secret_expires_at"},
		"client_secret_basic":         {with(`"token_endpoint_auth_method":"client_secret_basic"`), "token_endpoint_auth_method"},
		"private_key_jwt":             {with(`"token_endpoint_auth_method":"private_key_jwt"`), "private_key_jwt is not supported"},
		"grant types without code":    {with(`"grant_types":["client_credentials"]`), "grant_types"},
		"response types without code": {with(`"response_types":["token"]`), "response_types"},
		"jwks and jwks_uri":           {with(`"jwks":{},"jwks_uri":"https://app.example.com/"`), "jwks"},
		"a home page of http":         {with(`"client_uri":"http://app.example.com/"`), "client_uri"},
		"a logo of data":              {with(`"logo_uri":"data:,x"`), "logo_uri"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWeb(t)
			w.says(test.doc)
			if e := w.refused(theID); e.Unavailable || !strings.Contains(e.Text, test.says) || !strings.HasPrefix(e.Text, "the client's metadata document is not accepted: ") {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestDocumentsAreKept(t *testing.T) {
	for name, test := range map[string]struct {
		header []string
		age    time.Duration
	}{
		"nothing said":     {nil, time.Hour},
		"max-age":          {[]string{"Cache-Control", "public, max-age=600"}, 10 * time.Minute},
		"quoted":           {[]string{"Cache-Control", `Max-Age="600"`}, 10 * time.Minute},
		"too short":        {[]string{"Cache-Control", "max-age=0"}, time.Minute},
		"no-store":         {[]string{"Cache-Control", "no-store"}, time.Minute},
		"no-cache wins":    {[]string{"Cache-Control", "max-age=600, no-cache"}, time.Minute},
		"too long":         {[]string{"Cache-Control", "max-age=31536000"}, 24 * time.Hour},
		"beyond numbers":   {[]string{"Cache-Control", "max-age=99999999999999999999"}, time.Minute},
		"negative":         {[]string{"Cache-Control", "max-age=-5"}, time.Minute},
		"nonsense":         {[]string{"Cache-Control", "max-age"}, time.Minute},
		"age":              {[]string{"Cache-Control", "max-age=600", "Age", "300"}, 5 * time.Minute},
		"expires":          {[]string{"Date", "Sun, 22 Nov 2026 12:00:00 GMT", "Expires", "Sun, 22 Nov 2026 12:10:00 GMT"}, 10 * time.Minute},
		"max-age first":    {[]string{"Cache-Control", "max-age=600", "Expires", "Sun, 22 Nov 2026 22:00:00 GMT"}, 10 * time.Minute},
		"expired":          {[]string{"Expires", "0"}, time.Minute},
		"expires far away": {[]string{"Expires", "Sun, 22 Nov 2099 12:00:00 GMT"}, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWeb(t)
			w.says(theDoc, test.header...)
			w.accepted(theID)
			w.clock.Advance(test.age - 1)
			w.accepted(theID)
			if n := w.asked.Load(); n != 1 {
				t.Errorf("asked %d times within its time", n)
			}
			w.says(strings.Replace(theDoc, `"App"`, `"New"`, 1))
			w.clock.Advance(1)
			if c := w.accepted(theID); c.Name != "New" {
				t.Errorf("afterwards it is %q", c.Name)
			}
		})
	}
}

// TestDocumentsAreKeptUnderTheExactURL: what one URL says is not another's.
func TestDocumentsAreKeptUnderTheExactURL(t *testing.T) {
	w := newWeb(t)
	w.accepted(theID)
	for _, id := range []string{"https://app.example.com/client.json/", "https://app.example.com//client.json", "https://app.example.com/client%2ejson", "https://app.example.com:443/client.json", "https://app.example.com/Client.json"} {
		if e := w.refused(id); !strings.Contains(e.Text, "client_id") {
			t.Errorf("%s: %v", id, e)
		}
	}
	w.accepted(theID)
	if n := w.asked.Load(); n != 6 {
		t.Errorf("asked %d times", n)
	}
}

func TestFailuresAreKeptForAShortWhile(t *testing.T) {
	w := newWeb(t)
	w.does(http.NotFound)
	w.refused(theID)
	w.says(theDoc)
	w.clock.Advance(failureAge - 1)
	w.refused(theID)
	if n := w.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	w.clock.Advance(1)
	w.accepted(theID)

	// What is known is bounded, in either way.
	d := w.state.Load().documents
	for i := range kept + 50 {
		keep(d.failed, fmt.Sprint("https://x", i), entry{err: unreachable, until: w.clock.Now().Add(time.Duration(i+1) * time.Millisecond)}, w.clock.Now())
		keep(d.found, fmt.Sprint("https://x", i), entry{client: &Client{}, until: w.clock.Now().Add(time.Duration(kept+50-i) * 2 * time.Hour)}, w.clock.Now())
	}
	if len(d.failed) != kept || len(d.found) != kept {
		t.Errorf("%d failures and %d documents are kept", len(d.failed), len(d.found))
	}
	if _, ok := d.failed["https://x49"]; ok {
		t.Error("one that has little time left was kept")
	}
	keep(d.failed, "https://late", entry{}, w.clock.Now().Add(time.Hour))
	if len(d.failed) != 1 {
		t.Errorf("%d are kept after their time", len(d.failed))
	}
}

func TestOneFetchForAll(t *testing.T) {
	w := newWeb(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	w.does(func(rw http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		rw.Header().Set("Content-Type", "application/json")
		io.WriteString(rw, theDoc)
	})
	// Who asked first leaves: the others do not notice.
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan error)
	go func() {
		_, err := w.Lookup(ctx, theID)
		first <- err
	}()
	<-begun
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if c, err := w.Lookup(context.Background(), theID); err != nil || c.Name != "App" {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	close(goOn)
	wg.Wait()
	if n := w.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestFewFetchesAtOnce(t *testing.T) {
	w := newWeb(t)
	var now, most atomic.Int32
	w.does(func(rw http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
		http.NotFound(rw, r)
	})
	var wg sync.WaitGroup
	for i := range 4 * fetching {
		wg.Go(func() { w.refused(fmt.Sprintf("https://app.example.com/%d", i)) })
	}
	wg.Wait()
	if most.Load() > fetching || w.asked.Load() != 4*fetching {
		t.Errorf("%d at once, %d in all", most.Load(), w.asked.Load())
	}
	// Who waited in vain was not told anything about the document: it is asked for next time.
	d := w.state.Load().documents
	d.timeout = time.Millisecond
	for range fetching {
		d.slots <- struct{}{}
	}
	if e := w.refused(theID); *e != *unreachable {
		t.Errorf("%v", e)
	}
	d.timeout = fetchTimeout
	for range fetching {
		<-d.slots
	}
	w.says(theDoc)
	w.accepted(theID)
}

func TestConfigureAndDocuments(t *testing.T) {
	w := newWeb(t)
	w.accepted(theID)
	w.configure(Config{Maximum: 7}) // nothing that documents are judged by
	w.accepted(theID)
	if n := w.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	w.configure(Config{RedirectHosts: []string{"elsewhere.example"}})
	if c := w.accepted(theID); !slices.Equal(c.RedirectURIs, []string{"http://127.0.0.1/cb"}) || !c.LoopbackOnly() {
		t.Errorf("codes go to %q", c.RedirectURIs)
	}
	w.says(strings.Replace(strings.Replace(theDoc, `,"http://127.0.0.1/cb"`, "", 1), theID, theID+"2", 1))
	if e := w.refused(theID + "2"); e.Unavailable {
		t.Errorf("%v", e)
	}
	w.configure(Config{AllowedHosts: []string{"x.example"}})
	w.says(theDoc)
	w.accepted(theID)
	if n := w.asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
	w.Configure(Config{Dynamic: true})
	if _, err := w.Lookup(context.Background(), theID); !errors.Is(err, ErrUnknown) {
		t.Errorf("where documents are off: %v", err)
	}
}
