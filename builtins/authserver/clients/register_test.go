package clients

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/builtins/authserver/records/recordstest"
)

// world is a registry with its store and its clock.
type world struct {
	*testing.T
	*Registry
	clock *recordstest.Clock
	store *recordstest.Memory
	log   *bytes.Buffer
}

func newWorld(t *testing.T, c Config) *world {
	clock := recordstest.NewClock()
	w := &world{T: t, clock: clock, store: recordstest.NewMemory(clock.Now), log: &bytes.Buffer{}}
	w.Registry = w.another(c)
	return w
}

// another is the registry of another process on the same store.
func (w *world) another(c Config) *Registry {
	r := New(Options{Store: w.store, Now: w.clock.Now, Rand: rand.Reader, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	r.Configure(c)
	return r
}

var anyone = Config{Dynamic: true, Documents: true, Issuer: "https://gw.example.com/t1"}

// post is what a registration is answered.
func post(r http.Handler, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequest("POST", "/.sekisho/oauth/register", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	return rec
}

// register is a registration that is accepted.
func register(t *testing.T, r http.Handler, body string) *registration {
	t.Helper()
	rec := post(r, body)
	if rec.Code != http.StatusCreated {
		t.Fatalf("%s: %d %s", body, rec.Code, rec.Body)
	}
	out := &registration{}
	if err := json.Unmarshal(rec.Body.Bytes(), out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) lookup(id string, want error) *Client {
	w.Helper()
	c, err := w.Lookup(context.Background(), id)
	if !errors.Is(err, want) {
		w.Fatalf("lookup of %s: %v, want %v", id, err, want)
	}
	return c
}

const publicClient = `{"client_name":"Claude","redirect_uris":["https://claude.example/cb"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`

func TestRegistrationOfAPublicClient(t *testing.T) {
	w := newWorld(t, anyone)
	rec := post(w, `{
		"client_name": "My  App", "client_uri": "https://app.example/#top", "logo_uri": "https://app.example/logo.png",
		"redirect_uris": ["http://127.0.0.1:33418/", "https://app.example/cb", "com.example.app:/cb"],
		"grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
		"token_endpoint_auth_method": "none", "application_type": "native", "scope": " a  b ",
		"software_id": "x", "contacts": ["a@b.example"], "unknown": {"deep": [1, {"a": null}]}, "tos_uri": null
	}`)
	if rec.Code != 201 || rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Content-Type") != "application/json" ||
		rec.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	var got map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	id, _ := got["client_id"].(string)
	want := map[string]any{
		"client_id": id, "client_id_issued_at": float64(w.clock.Now().Unix()),
		"registration_client_uri":   "https://gw.example.com/.sekisho/oauth/register?client_id=" + id,
		"registration_access_token": got["registration_access_token"],
		"client_name":               "My App", "client_uri": "https://app.example/",
		"redirect_uris": []any{"http://127.0.0.1:33418/", "https://app.example/cb", "com.example.app:/cb"},
		"grant_types":   []any{"authorization_code", "refresh_token"}, "response_types": []any{"code"},
		"token_endpoint_auth_method": "none", "application_type": "native", "scope": "a b",
	}
	if !maps.EqualFunc(got, want, func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) || !strings.HasPrefix(id, "dcr-") {
		t.Errorf("answered\n%v, want\n%v", got, want)
	}
	c := w.lookup(id, nil)
	if c.Kind != Dynamic || c.ID != id || c.Name != "My App" || c.Confidential() || !c.Grants("refresh_token") || c.Scope != "a b" || c.URI != "https://app.example/" {
		t.Errorf("the client is %+v", c)
	}
	for uri, want := range map[string]bool{"http://127.0.0.1:5/": true, "https://app.example/cb": true, "com.example.app:/cb": true, "http://localhost:5/": false, "https://app.example/": false} {
		if _, ok := c.Redirect(uri); ok != want {
			t.Errorf("codes to %s: %v", uri, ok)
		}
	}
	if !w.Authenticate(context.Background(), c, "") || w.Authenticate(context.Background(), c, "x") {
		t.Error("a public client has no secret")
	}
}

func TestRegistrationDefaults(t *testing.T) {
	w := newWorld(t, Config{Dynamic: true})
	got := register(t, w, `{"redirect_uris":["https://app.example/cb"]}`)
	if got.AuthMethod != AuthBasic || !slices.Equal(got.GrantTypes, []string{"authorization_code"}) || !slices.Equal(got.ResponseTypes, []string{"code"}) ||
		len(got.Secret) < minSecret || got.SecretExpires == nil || *got.SecretExpires != 0 {
		t.Errorf("defaults: %+v", got)
	}
	if got.URI != "" || got.AccessToken != "" {
		t.Errorf("without an issuer: %+v", got)
	}
	if w.lookup(got.ClientID, nil).Grants("refresh_token") {
		t.Error("it has a grant type that it did not register for")
	}
}

// TestRegistrationsThatAreRefused is the list of abuses of the registration endpoint.
func TestRegistrationsThatAreRefused(t *testing.T) {
	uris := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("https://a.example/%d", i)
		}
		data, _ := json.Marshal(list)
		return string(data)
	}
	with := func(members string) string { return `{"redirect_uris":["https://a.example/cb"],` + members + `}` }
	for name, test := range map[string]struct{ body, code string }{
		"nothing":                       {``, invalidMetadata},
		"no JSON":                       {`redirect_uris=x`, invalidMetadata},
		"a list":                        {`[` + publicClient + `]`, invalidMetadata},
		"null":                          {`null`, invalidMetadata},
		"cut off":                       {publicClient[:len(publicClient)-1], invalidMetadata},
		"two objects":                   {publicClient + publicClient, invalidMetadata},
		"something behind it":           {publicClient + ` x`, invalidMetadata},
		"a name twice":                  {with(`"redirect_uris":["https://evil.example/"]`), invalidMetadata},
		"a name twice, escaped":         {with(`"redirect_ur\u0069s":["https://evil.example/"]`), invalidMetadata},
		"a name twice, deep":            {with(`"x":[{"y":{"a":1,"a":2}}]`), invalidMetadata},
		"too deep":                      {with(`"x":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000)), invalidMetadata},
		"objects too deep":              {with(`"x":` + strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20)), invalidMetadata},
		"not UTF-8":                     {with(`"client_name":"` + "\xff" + `"`), invalidMetadata},
		"a name of a megabyte":          {with(`"client_name":"` + strings.Repeat("x", 1<<20) + `"`), "413"},
		"too long":                      {with(`"x":"` + strings.Repeat("x", maxRequest) + `"`), "413"},
		"no redirect URI":               {`{}`, invalidRedirect},
		"none in the list":              {`{"redirect_uris":[]}`, invalidRedirect},
		"null for a list":               {`{"redirect_uris":null}`, invalidRedirect},
		"a string for a list":           {`{"redirect_uris":"https://a.example/cb"}`, invalidRedirect},
		"null for a redirect URI":       {`{"redirect_uris":[null]}`, invalidRedirect},
		"a number for one":              {`{"redirect_uris":[1]}`, invalidRedirect},
		"names in another case":         {`{"Redirect_URIs":["https://a.example/cb"]}`, invalidRedirect},
		"eleven redirect URIs":          {`{"redirect_uris":` + uris(11) + `}`, invalidRedirect},
		"thousands of redirect URIs":    {`{"redirect_uris":` + uris(2000) + `}`, invalidRedirect},
		"http":                          {`{"redirect_uris":["http://a.example/cb"]}`, invalidRedirect},
		"javascript":                    {`{"redirect_uris":["javascript:alert(1)"]}`, invalidRedirect},
		"data":                          {`{"redirect_uris":["data:text/html,x"]}`, invalidRedirect},
		"a bad one among good":          {`{"redirect_uris":["https://a.example/cb","file:///x"]}`, invalidRedirect},
		"a fragment":                    {`{"redirect_uris":["https://a.example/cb#x"]}`, invalidRedirect},
		"a user":                        {`{"redirect_uris":["https://good.example@evil.example/"]}`, invalidRedirect},
		"a control character":           {`{"redirect_uris":["https://a.example/\u0000"]}`, invalidRedirect},
		"grant type implicit":           {with(`"grant_types":["authorization_code","implicit"]`), invalidMetadata},
		"grant type password":           {with(`"grant_types":["password"]`), invalidMetadata},
		"grant type client_credentials": {with(`"grant_types":["client_credentials"]`), invalidMetadata},
		"grant types without code":      {with(`"grant_types":["refresh_token"]`), invalidMetadata},
		"grant types of another type":   {with(`"grant_types":"authorization_code"`), invalidMetadata},
		"response type token":           {with(`"response_types":["token"]`), invalidMetadata},
		"response type code id_token":   {with(`"response_types":["code","code id_token"]`), invalidMetadata},
		"no response type":              {with(`"response_types":[]`), invalidMetadata},
		"private_key_jwt":               {with(`"token_endpoint_auth_method":"private_key_jwt"`), invalidMetadata},
		"client_secret_jwt":             {with(`"token_endpoint_auth_method":"client_secret_jwt"`), invalidMetadata},
		"auth method of another type":   {with(`"token_endpoint_auth_method":["none"]`), invalidMetadata},
		"application type":              {with(`"application_type":"desktop"`), invalidMetadata},
		"jwks and jwks_uri":             {with(`"jwks":{"keys":[]},"jwks_uri":"https://a.example/jwks"`), invalidMetadata},
		"a software statement":          {with(`"software_statement":"e30.e30."`), unapproved},
		"client_uri of http":            {with(`"client_uri":"http://a.example/"`), invalidMetadata},
		"client_uri a script":           {with(`"client_uri":"javascript:alert(1)"`), invalidMetadata},
		"logo_uri of data":              {with(`"logo_uri":"data:image/svg+xml,x"`), invalidMetadata},
		"logo_uri with markup":          {with(`"logo_uri":"https://a.example/\"onerror=x"`), invalidMetadata},
		"a scope with quotes":           {with(`"scope":"a\"b"`), invalidMetadata},
		"a scope with lines":            {with(`"scope":"a\nb"`), invalidMetadata},
		"a long scope":                  {with(`"scope":"` + strings.Repeat("a ", maxScope) + `"`), invalidMetadata},
		"a name that is none":           {with(`"client_name":{"en":"x"}`), invalidMetadata},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, anyone)
			rec := post(w, test.body)
			var got struct {
				Error       string `json:"error"`
				Description string `json:"error_description"`
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			code, want := 400, test.code
			if want == "413" {
				code, want = 413, invalidMetadata
			}
			if rec.Code != code || got.Error != want || got.Description == "" || len(got.Description) > 200 || rec.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%d %s %v", rec.Code, rec.Body, rec.Header())
			}
			if n, _ := w.store.Count(context.Background(), kindClient, ""); n != 0 {
				t.Error("it was kept")
			}
		})
	}
}

func TestRegistrationByOtherMeans(t *testing.T) {
	w := newWorld(t, anyone)
	for _, method := range []string{"PUT", "DELETE", "PATCH", "HEAD"} {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(method, "/register", strings.NewReader(publicClient)))
		if rec.Code != 405 || rec.Header().Get("Allow") == "" {
			t.Errorf("%s: %d", method, rec.Code)
		}
	}
	for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"} {
		req := httptest.NewRequest("POST", "/register", strings.NewReader(publicClient))
		req.Header.Set("Content-Type", media)
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, req)
		if rec.Code != 415 {
			t.Errorf("%q: %d", media, rec.Code)
		}
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest("OPTIONS", "/register", nil))
	if rec.Code != 204 || rec.Header().Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(rec.Header().Get("Access-Control-Allow-Headers"), "Content-Type") ||
		rec.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("OPTIONS: %d %v", rec.Code, rec.Header())
	}
	w.Configure(Config{Documents: true})
	if rec := post(w, publicClient); rec.Code != 403 {
		t.Errorf("where clients do not register: %d %s", rec.Code, rec.Body)
	}
	w.Configure(Config{Dynamic: true, RedirectHosts: []string{"app.example"}})
	if rec := post(w, publicClient); rec.Code != 400 || !strings.Contains(rec.Body.String(), invalidRedirect) {
		t.Errorf("a host that codes are not sent to: %d %s", rec.Code, rec.Body)
	}
	register(t, w, `{"redirect_uris":["https://app.example/cb","http://localhost:7/"]}`)
	w.Configure(anyone)
	w.store.Fail(errors.New("canary: the disk is full"))
	if rec := post(w, publicClient); rec.Code != 503 || rec.Header().Get("Retry-After") == "" || strings.Contains(rec.Body.String(), "canary") {
		t.Errorf("without a store: %d %s", rec.Code, rec.Body)
	}
}

func TestIdenticalMetadataGivesTheIdenticalClient(t *testing.T) {
	w := newWorld(t, anyone)
	other := w.another(anyone)
	first := register(t, w, publicClient)
	for _, same := range []string{
		publicClient,
		` {"token_endpoint_auth_method":"none", "grant_types":["refresh_token","authorization_code","authorization_code"], "response_types":["code"],
			"redirect_uris":["https://claude.example/cb","https://claude.example/cb"], "client_name":" Claude\u200b", "software_version":"2", "logo_uri":""}`,
	} {
		for _, r := range []*Registry{w.Registry, other} {
			w.clock.Advance(time.Minute)
			if got := register(t, r, same); got.ClientID != first.ClientID || got.Issued != first.Issued || got.Secret != "" {
				t.Errorf("%s: %+v", same, got)
			}
		}
	}
	ids := map[string]bool{first.ClientID: true}
	for _, different := range []string{
		strings.Replace(publicClient, "Claude", "Claud", 1),
		strings.Replace(publicClient, "/cb", "/cb2", 1),
		strings.Replace(publicClient, `,"refresh_token"`, "", 1),
		strings.Replace(publicClient, `"none"`, `"none","scope":"a"`, 1),
		strings.Replace(publicClient, `"none"`, `"none","client_uri":"https://claude.example/"`, 1),
		strings.Replace(publicClient, `"none"`, `"none","application_type":"web"`, 1),
	} {
		id := register(t, w, different).ClientID
		if ids[id] {
			t.Errorf("%s: the client of others", different)
		}
		ids[id] = true
	}
	// A port of loopback is not what tells clients apart.
	port := func(n int) *registration {
		return register(t, w, fmt.Sprintf(`{"redirect_uris":["http://localhost:%d/cb"],"token_endpoint_auth_method":"none"}`, n))
	}
	one, two := port(1024), port(2048)
	if one.ClientID != two.ClientID || two.RedirectURIs[0] != "http://localhost:2048/cb" {
		t.Errorf("%+v and %+v", one, two)
	}
	// With another key, of another gateway, all are others.
	if register(t, newWorld(t, anyone), publicClient).ClientID == first.ClientID {
		t.Error("ids can be computed without the key")
	}
}

func TestConfidentialClientsShareARowButNoSecret(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, anyone)
	confidential := strings.Replace(publicClient, `"none"`, `"client_secret_post"`, 1)
	one, two := register(t, w, confidential), register(t, w, confidential)
	if one.ClientID == two.ClientID || one.Secret == two.Secret || one.AccessToken == two.AccessToken {
		t.Fatalf("%+v and %+v", one, two)
	}
	if n, _ := w.store.Count(ctx, kindClient, ""); n != 1 {
		t.Errorf("%d rows", n)
	}
	other := w.another(anyone)
	for _, r := range []*Registry{w.Registry, other} {
		c, err := r.Lookup(ctx, one.ClientID)
		if err != nil || c.AuthMethod != AuthPost {
			t.Fatalf("%+v, %v", c, err)
		}
		for secret, want := range map[string]bool{one.Secret: true, two.Secret: false, "": false, one.Secret + "x": false, one.Secret[1:]: false, one.AccessToken: false} {
			if r.Authenticate(ctx, c, secret) != want {
				t.Errorf("authenticated: %v", !want)
			}
		}
	}
	row, tail, _ := strings.Cut(one.ClientID, ".")
	_, tail2, _ := strings.Cut(two.ClientID, ".")
	public := register(t, w, publicClient).ClientID
	for name, id := range map[string]string{
		"without its tail": row, "an empty tail": row + ".", "a made up tail": row + "." + strings.Repeat("a", 32), "a longer tail": one.ClientID + "a",
		"halves of two": row + "." + tail[:16] + tail2[16:], "capitals": row + "." + strings.ToUpper(tail), "a public client with a tail": public + "." + tail,
		"two tails": one.ClientID + "." + tail, "a prefix": "dcr-", "a row that is none": "dcr-" + strings.Repeat("a", 26), "nothing": "", "a name": "claude", "http": "http://a.example/x",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.Lookup(ctx, id); !errors.Is(err, ErrUnknown) {
				t.Errorf("%q: %v", id, err)
			}
		})
	}
	c := w.lookup(one.ClientID, nil)
	w.store.Fail(errors.New("broken"))
	if fresh := w.another(anyone); fresh.Authenticate(ctx, c, one.Secret) {
		t.Error("authenticated without the key")
	}
	if _, err := w.Lookup(ctx, one.ClientID); err == nil || errors.Is(err, ErrUnknown) {
		t.Errorf("without a store: %v", err)
	}
	if strings.Contains(w.log.String(), one.Secret) {
		t.Error("the log has the secret")
	}
}

func TestRegistrationsAreRead(t *testing.T) {
	w := newWorld(t, anyone)
	get := func(uri, token string) *httptest.ResponseRecorder {
		req := httptest.NewRequest("GET", strings.TrimPrefix(uri, "https://gw.example.com"), nil)
		if token != "" {
			req.Header.Set("Authorization", token)
		}
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, req)
		return rec
	}
	one := register(t, w, publicClient)
	two := register(t, w, strings.Replace(publicClient, `"none"`, `"client_secret_basic"`, 1))
	for _, reg := range []*registration{one, two} {
		rec := get(reg.URI, "Bearer "+reg.AccessToken)
		got := &registration{}
		if err := json.Unmarshal(rec.Body.Bytes(), got); err != nil || rec.Code != 200 || rec.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		if got.ClientID != reg.ClientID || got.Secret != reg.Secret || got.AccessToken != reg.AccessToken || got.URI != reg.URI || !slices.Equal(got.RedirectURIs, reg.RedirectURIs) {
			t.Errorf("read %+v, want %+v", got, reg)
		}
	}
	for name, rec := range map[string]*httptest.ResponseRecorder{
		"no token":          get(one.URI, ""),
		"another's token":   get(one.URI, "Bearer "+two.AccessToken),
		"the secret":        get(two.URI, "Bearer "+two.Secret),
		"another scheme":    get(one.URI, "Basic "+one.AccessToken),
		"an unknown client": get("/register?client_id=dcr-x", "Bearer "+one.AccessToken),
		"no client":         get("/register", "Bearer "+one.AccessToken),
	} {
		if rec.Code != 401 || rec.Header().Get("WWW-Authenticate") == "" || strings.Contains(rec.Body.String(), "redirect_uris") {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	w.clock.Advance(2 * time.Hour)
	if rec := get(one.URI, "Bearer "+one.AccessToken); rec.Code != 401 {
		t.Errorf("one that has ended: %d", rec.Code)
	}
}

func TestUnusedRegistrationsEnd(t *testing.T) {
	ctx := context.Background()
	c := anyone
	c.UnusedFor = 10 * time.Minute
	w := newWorld(t, c)
	unused := register(t, w, publicClient)
	used := register(t, w, strings.Replace(publicClient, "Claude", "Used", 1))
	w.Used(ctx, w.lookup(used.ClientID, nil))
	w.clock.Advance(9 * time.Minute)
	w.lookup(unused.ClientID, nil)
	// Registering again is as good as new.
	if again := register(t, w, publicClient); again.ClientID != unused.ClientID {
		t.Error("it became another")
	}
	w.clock.Advance(9 * time.Minute)
	w.lookup(unused.ClientID, nil)
	w.clock.Advance(time.Minute)
	w.lookup(unused.ClientID, ErrUnknown)
	w.lookup(used.ClientID, nil)
	// One that is in use stays, one that is abandoned does not for ever.
	for range 10 {
		w.clock.Advance(idleFor - time.Hour)
		w.lookup(used.ClientID, nil)
	}
	w.clock.Advance(idleFor)
	w.lookup(used.ClientID, ErrUnknown)
	w.Used(ctx, &Client{ID: used.ClientID, Kind: Dynamic}) // too late, and no harm
	w.Used(ctx, &Client{ID: "static"})
	w.lookup(used.ClientID, ErrUnknown)
}

// numbered is the n-th of many different clients.
func numbered(n int) string {
	return strings.Replace(publicClient, "Claude", fmt.Sprint("Client ", n), 1)
}

func TestTooManyRegistrationsEvictTheOldestUnused(t *testing.T) {
	ctx := context.Background()
	c := anyone
	c.Maximum = 5
	w := newWorld(t, c)
	ids := []string{}
	for n := range 5 {
		ids = append(ids, register(t, w, numbered(n)).ClientID)
		w.clock.Advance(time.Second)
	}
	w.Used(ctx, w.lookup(ids[0], nil))
	register(t, w, numbered(3)) // known: nobody gives way
	w.lookup(ids[1], nil)
	ids = append(ids, register(t, w, numbered(5)).ClientID)
	for n, want := range []error{nil, ErrUnknown, nil, nil, nil, nil} {
		w.lookup(ids[n], want)
	}
	for _, n := range []int{2, 3, 4, 5} {
		w.Used(ctx, w.lookup(ids[n], nil))
	}
	rec := post(w, numbered(6))
	if rec.Code != 503 || !strings.Contains(rec.Body.String(), "temporarily_unavailable") || rec.Header().Get("Retry-After") == "" || !strings.Contains(w.log.String(), "maximum=5") {
		t.Errorf("%d %s; the log says %s", rec.Code, rec.Body, w.log)
	}
	for _, n := range []int{0, 2, 3, 4, 5} {
		w.lookup(ids[n], nil)
	}
	if got := register(t, w, numbered(4)); got.ClientID != ids[4] {
		t.Error("one that is known is refused")
	}
	// Fewer are allowed than there are: those in use stay.
	c.Maximum = 2
	w.Configure(c)
	if post(w, numbered(7)).Code != 503 {
		t.Error("one more was registered")
	}
	w.lookup(ids[2], nil)
}

func TestManyRegistrationsAtOnceStayWithinTheBound(t *testing.T) {
	ctx := context.Background()
	c := anyone
	c.Maximum = 20
	w := newWorld(t, c)
	used := register(t, w, numbered(-1)).ClientID
	w.Used(ctx, w.lookup(used, nil))
	processes := []*Registry{w.Registry, w.another(c), w.another(c)}
	var wg sync.WaitGroup
	for n := range 300 {
		wg.Go(func() {
			// Each twice, so that some meet at the same row.
			if rec := post(processes[n%3], numbered(n/2)); rec.Code != 201 && rec.Code != 503 {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
			if have, err := w.store.Count(ctx, kindClient, ""); err != nil || have > c.Maximum+len(processes)-1 {
				t.Errorf("%d clients, %v", have, err)
			}
		})
	}
	wg.Wait()
	if n, err := w.store.Count(ctx, kindClient, ""); err != nil || n > c.Maximum || n < c.Maximum-len(processes) {
		t.Errorf("%d clients, %v", n, err)
	}
	w.lookup(used, nil)
}

func TestOneProcessNeverPassesTheBound(t *testing.T) {
	ctx := context.Background()
	c := anyone
	c.Maximum = 3
	w := newWorld(t, c)
	var wg sync.WaitGroup
	for n := range 100 {
		wg.Go(func() {
			post(w, numbered(n))
			if have, err := w.store.Count(ctx, kindClient, ""); err != nil || have > c.Maximum {
				t.Errorf("%d clients, %v", have, err)
			}
		})
	}
	wg.Wait()
}

func TestFirstKeyOfManyProcesses(t *testing.T) {
	w := newWorld(t, anyone)
	ids := make([]string, 8)
	var wg sync.WaitGroup
	for i := range ids {
		r := w.another(anyone)
		wg.Go(func() { ids[i] = register(t, r, publicClient).ClientID })
	}
	wg.Wait()
	if slices.Compact(slices.Sorted(slices.Values(ids)))[0] != ids[7] || len(slices.Compact(ids)) != 1 {
		t.Errorf("the ids are %q", ids)
	}
}

func TestStaticClients(t *testing.T) {
	ctx := context.Background()
	secret := strings.Repeat("s", minSecret)
	good := Config{Static: []StaticClient{
		{ID: "mine", Name: "Mine", Secret: secret, RedirectURIs: []string{"https://a.example/cb"}},
		{ID: "https://b.example/x", RedirectURIs: []string{"http://127.0.0.1:7/cb"}},
	}}
	if errs := good.Check(); errs != nil {
		t.Errorf("good ones: %v", errs)
	}
	w := newWorld(t, good)
	c := w.lookup("mine", nil)
	if c.Kind != Static || c.Name != "Mine" || !c.Confidential() || !c.Grants("refresh_token") ||
		!w.Authenticate(ctx, c, secret) || w.Authenticate(ctx, c, "") || w.Authenticate(ctx, c, secret+"s") {
		t.Errorf("it is %+v", c)
	}
	if p := w.lookup("https://b.example/x", nil); p.Kind != Static || p.Confidential() || !w.Authenticate(ctx, p, "") || w.Authenticate(ctx, p, secret) {
		t.Errorf("it is %+v", p)
	}
	w.lookup("https://c.example/x", ErrUnknown) // documents are off
	w.lookup("Mine", ErrUnknown)
	w.Configure(Config{})
	w.lookup("mine", ErrUnknown)

	for want, c := range map[string]Config{
		"has no redirect URI":     {Static: []StaticClient{{ID: "a"}}},
		"escapes nothing":         {Static: []StaticClient{{ID: "a", RedirectURIs: []string{"https://%/"}}}},
		"http is for":             {Static: []StaticClient{{ID: "a", RedirectURIs: []string{"http://a.example/"}}}},
		"at least 32":             {Static: []StaticClient{{ID: "a", Secret: "canary", RedirectURIs: []string{"https://a.example/"}}}},
		"stands twice":            {Static: []StaticClient{{ID: "a", RedirectURIs: []string{"https://a.example/"}}, {ID: "a", RedirectURIs: []string{"https://a.example/"}}}},
		"printable":               {Static: []StaticClient{{RedirectURIs: []string{"https://a.example/"}}}},
		"begin with dcr-":         {Static: []StaticClient{{ID: "dcr-a", RedirectURIs: []string{"https://a.example/"}}}},
		"not among those":         {RedirectHosts: []string{"b.example"}, Static: []StaticClient{{ID: "a", RedirectURIs: []string{"https://a.example/"}}}},
		"bounds":                  {Maximum: -1},
		"client \"a\": it has no": {Static: []StaticClient{{ID: "a"}}},
	} {
		errs := c.Check()
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), want) || strings.Contains(errs[0].Error(), "canary") {
			t.Errorf("want %q, got %v", want, errs)
		}
	}
}

func TestRedirectHostsHoldForThoseThatRegisteredBefore(t *testing.T) {
	w := newWorld(t, anyone)
	id := register(t, w, `{"token_endpoint_auth_method":"none","redirect_uris":["https://a.example/cb","https://b.example/cb"]}`).ClientID
	c := anyone
	c.RedirectHosts = []string{"b.example"}
	w.Configure(c)
	got := w.lookup(id, nil)
	if _, ok := got.Redirect("https://a.example/cb"); ok || !slices.Equal(got.RedirectURIs, []string{"https://b.example/cb"}) {
		t.Errorf("%q", got.RedirectURIs)
	}
	c.RedirectHosts = []string{"c.example"}
	w.Configure(c)
	w.lookup(id, ErrUnknown)
	c.Dynamic, c.RedirectHosts = false, nil // those that are known stay
	w.Configure(c)
	w.lookup(id, nil)
}
