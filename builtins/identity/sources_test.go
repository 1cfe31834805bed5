package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestIMDS(t *testing.T) {
	e := serve(t, says(200, tokenOf(tokenA, inAnHour)))
	w := newWorld(t, nil)
	w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: e.URL})
	w.want(t, "", "https://vault.azure.net/", tokenA)
	w.want(t, "11111111-2222", "https://vault.azure.net/", tokenA)
	for n, want := range []string{
		"/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net%2F",
		"/metadata/identity/oauth2/token?api-version=2018-02-01&client_id=11111111-2222&resource=https%3A%2F%2Fvault.azure.net%2F",
	} {
		r := e.call(n)
		if r.RequestURI != want || r.Header.Get("Metadata") != "true" || r.Header.Get("X-Forwarded-For") != "" {
			t.Errorf("asked %s with %v", r.RequestURI, r.Header)
		}
	}
	if st := w.ids.Status(); len(st) != 2 || st[0].Identity != System || st[0].Source != IMDS ||
		st[0].Resource != "https://vault.azure.net/" || st[1].ClientID != "11111111-2222" || !st[0].Expires.Equal(inAnHour) {
		t.Errorf("status %+v", st)
	}
}

const failedBody = `{"error":"invalid_resource","error_description":"AADSTS50001: The resource ` + canary + ` was not found"}`

// TestIMDSRetries is the documented table.
func TestIMDSRetries(t *testing.T) {
	good := says(200, tokenOf(tokenA, inAnHour))
	s := func(list ...int) (d []time.Duration) {
		for _, n := range list {
			d = append(d, time.Duration(n)*time.Second)
		}
		return d
	}
	for _, tt := range []struct {
		name    string
		answers []func(http.ResponseWriter, *http.Request)
		slept   []time.Duration
		err     string
	}{
		{"400 is final", list(says(400, failedBody), good), nil, "imds answered 400 invalid_resource (AADSTS50001)"},
		{"400 for the header is final", list(says(400, `{"error":"bad_request_102"}`), good), nil, "imds answered 400 bad_request_102"},
		{"401 is final", list(says(401, `{"error":"unknown_source"}`), good), nil, "imds answered 401 unknown_source"},
		{"404 once", list(says(404, ""), good), s(2), ""},
		{"404 for ever", list(says(404, "")), s(2, 6, 14, 30), "imds answered 404"},
		{"410 for ever", list(says(410, "")), s(2, 6, 14, 30, 18), "imds answered 410"},
		{"410 for less than 70 s", list(says(410, ""), says(410, ""), says(410, ""), says(410, ""), says(410, ""), good), s(2, 6, 14, 30, 18), ""},
		{"429", list(says(429, ""), says(429, ""), good), s(2, 6), ""},
		{"429 with Retry-After", list(says(429, "", "Retry-After", "9"), says(429, "", "Retry-After", "1"), good), s(9, 6), ""},
		{"429 with a date", list(says(429, "", "Retry-After", "Fri, 02 Jan 2026 03:04:25 GMT"), good), s(20), ""},
		{"429 with too long a wait", list(says(429, "", "Retry-After", "3600"), good), nil, "imds answered 429"},
		{"500", list(says(500, `{"error":"unknown"}`), good), s(2), ""},
		{"503 for ever", list(says(503, "<html>")), s(2, 6, 14, 30), "imds answered 503"},
		{"cut off", list(cutOff, good), nil, "imds: the call of the endpoint failed"},
		{"redirect", list(says(302, "", "Location", "http://127.0.0.1:1/"+canary)), nil, "imds answered 302"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := serve(t, tt.answers...)
			w := newWorld(t, nil)
			w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: e.URL})
			if tt.err == "" {
				w.want(t, "", "r", tokenA)
			} else {
				w.wantError(t, "", "r", tt.err)
			}
			if !slices.Equal(w.slept, tt.slept) {
				t.Errorf("slept %v, want %v", w.slept, tt.slept)
			}
			if n := len(w.slept) + 1; e.calls() != n {
				t.Errorf("%d calls, want %d", e.calls(), n)
			}
		})
	}
}

func list(f ...func(http.ResponseWriter, *http.Request)) []func(http.ResponseWriter, *http.Request) {
	return f
}

// cutOff ends the connection in the middle of an answer.
func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	w.WriteHeader(200)
	_, _ = w.Write([]byte(`{"access_token":"` + canary))
	panic(http.ErrAbortHandler)
}

func TestNoIMDS(t *testing.T) {
	e := serve(t, says(500, ""))
	e.Close()
	w := newWorld(t, nil)
	w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: e.URL})
	w.wantError(t, "", "r", "there is no such endpoint here")
	if len(w.slept) != 0 {
		t.Errorf("slept %v", w.slept)
	}
}

func TestAppService(t *testing.T) {
	const secret = "853b9a84-" + canary
	e := serve(t, says(503, ""), says(200, tokenOf(tokenA, inAnHour)))
	w := newWorld(t, map[string]string{"IDENTITY_ENDPOINT": e.URL + "/msi/token?api-version=old", "IDENTITY_HEADER": secret})
	w.want(t, "", "https://a", tokenA)
	w.want(t, "ua", "https://a", tokenA)
	for n, want := range []string{
		"/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fa",
		"/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fa",
		"/msi/token?api-version=2019-08-01&client_id=ua&resource=https%3A%2F%2Fa",
	} {
		if r := e.call(n); r.RequestURI != want || r.Header.Get("X-IDENTITY-HEADER") != secret || r.Header.Get("Metadata") != "" {
			t.Errorf("asked %s with %v", r.RequestURI, r.Header)
		}
	}
}

func TestAppService2017(t *testing.T) {
	const secret = "853b9a84-" + canary
	e := serve(t, says(200, `{"access_token":"`+tokenA+`","expires_on":"1/2/2026 4:04:05 AM +00:00","resource":"r","token_type":"Bearer"}`))
	w := newWorld(t, map[string]string{"MSI_ENDPOINT": e.URL + "/MSI/token/", "MSI_SECRET": secret})
	w.configure(t, Identity{ID: System, ClientID: "ua"})
	w.want(t, "", "https://a", tokenA)
	if r := e.call(0); r.RequestURI != "/MSI/token/?api-version=2017-09-01&clientid=ua&resource=https%3A%2F%2Fa" || r.Header.Get("secret") != secret {
		t.Errorf("asked %s with %v", r.RequestURI, r.Header)
	}
	if st := w.ids.Status()[0]; !st.Expires.Equal(inAnHour) {
		t.Errorf("expires %v", st.Expires)
	}
}

// arcServer challenges with a realm and then wants the key.
func arcServer(t *testing.T, challenge, key string) *endpointOf {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Metadata") != "true" || r.FormValue("api-version") != "2020-06-01":
			says(400, "")(w, r)
		case r.Header.Get("Authorization") == "":
			says(401, `{"error":"unauthorized_client"}`, "WWW-Authenticate", challenge)(w, r)
		case r.Header.Get("Authorization") != "Basic "+key:
			says(403, `{"error":"access_denied"}`)(w, r)
		default:
			says(200, tokenOf(tokenA, inAnHour))(w, r)
		}
	})
}

func TestArc(t *testing.T) {
	const key = "key-" + canary
	dir, elsewhere := t.TempDir(), t.TempDir()
	write := func(path string, data string) string {
		t.Helper()
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write(filepath.Join(dir, "good.key"), key)
	write(filepath.Join(dir, "line.key"), key+"\n")
	write(filepath.Join(dir, "large.key"), strings.Repeat("k", 4097))
	write(filepath.Join(dir, "full.key"), strings.Repeat("k", 4096))
	write(filepath.Join(dir, "odd.key"), "two words")
	write(filepath.Join(dir, "empty.key"), "")
	write(filepath.Join(dir, "good.txt"), key)
	other := write(filepath.Join(elsewhere, "other.key"), key)
	if err := os.Symlink(other, filepath.Join(dir, "link.key")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "dir.key"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(dir, "sub", "below.key"), key)
	const outside, unread = "no key in its own folder", "without the name of a file"
	for _, tt := range []struct{ name, challenge, err string }{
		{"plain", "Basic realm=" + good, ""},
		{"quoted", `basic Realm="` + good + `"`, ""},
		{"line end", "Basic realm=" + dir + "/line.key", ""},
		{"elsewhere", "Basic realm=" + other, outside},
		{"below", "Basic realm=" + dir + "/sub/below.key", outside},
		{"dots", "Basic realm=" + dir + "/sub/../good.key", outside},
		{"out by dots", "Basic realm=" + dir + "/../" + filepath.Base(elsewhere) + "/other.key", outside},
		{"relative", "Basic realm=good.key", outside},
		{"suffix", "Basic realm=" + dir + "/good.txt", outside},
		{"link", "Basic realm=" + dir + "/link.key", "no regular file"},
		{"folder", "Basic realm=" + dir + "/dir.key", "no regular file"},
		{"absent", "Basic realm=" + dir + "/none.key", "cannot be read"},
		{"too large", "Basic realm=" + dir + "/large.key", "too large"},
		{"4096 bytes", "Basic realm=" + dir + "/full.key", "arc answered 403 access_denied"},
		{"two words", "Basic realm=" + dir + "/odd.key", "holds no key"},
		{"empty", "Basic realm=" + dir + "/empty.key", "holds no key"},
		{"no challenge", "", unread},
		{"no realm", "Basic", unread},
		{"another scheme", "Bearer realm=" + good, unread},
		{"another parameter", "Basic file=" + good, unread},
		{"half a quote", `Basic realm="` + good, unread},
		{"nul", "Basic realm=" + dir + "/a\tb.key", "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := arcServer(t, tt.challenge, key)
			w := newWorld(t, nil)
			w.configure(t, Identity{ID: System, Source: Arc, Endpoint: e.URL, KeyDirectory: dir + "/"})
			if tt.err == "" {
				w.want(t, "", "r", tokenA)
				w.wantError(t, "ua", "r", "arc knows one identity only")
			} else {
				w.wantError(t, "", "r", tt.err)
			}
		})
	}
}

func TestArcWithoutChallenge(t *testing.T) {
	e := serve(t, says(200, tokenOf(tokenA, inAnHour)))
	w := newWorld(t, map[string]string{"IDENTITY_ENDPOINT": e.URL, "IMDS_ENDPOINT": e.URL})
	w.wantError(t, "", "r", "arc answered without a challenge")
}

func TestServiceFabric(t *testing.T) {
	const secret = "secret-" + canary
	e := &endpointOf{answers: list(
		says(429, ""), says(429, ""),
		says(200, fmt.Sprintf(`{"token_type":"Bearer","access_token":%q,"expires_on":%d,"resource":"r"}`, tokenA, inAnHour.Unix())),
		says(404, `{"error":{"correlationId":"c","code":"ManagedIdentityNotFound","message":"`+canary+`"}}`),
		says(429, ""),
	)}
	server := httptest.NewUnstartedServer(e)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake that is refused
	server.StartTLS()
	defer server.Close()
	sum := sha1.Sum(server.Certificate().Raw)
	pin := strings.ToUpper(hex.EncodeToString(sum[:]))
	w := newWorld(t, map[string]string{
		"IDENTITY_ENDPOINT": server.URL, "IDENTITY_HEADER": secret, "IDENTITY_SERVER_THUMBPRINT": pin, "IDENTITY_API_VERSION": "2020-05-01",
	})
	w.want(t, "", "r", tokenA)
	if want := []time.Duration{time.Second, 2 * time.Second}; !slices.Equal(w.slept, want) {
		t.Errorf("slept %v", w.slept)
	}
	if r := e.call(0); r.RequestURI != "/metadata/identity/oauth2/token?api-version=2020-05-01&resource=r" || r.Header.Get("Secret") != secret {
		t.Errorf("asked %s with %v", r.RequestURI, r.Header)
	}
	if !w.ids.Status()[0].Expires.Equal(inAnHour) {
		t.Error("expires_on as a number is not read")
	}
	w.wantError(t, "", "other", "serviceFabric answered 404 ManagedIdentityNotFound")
	w.slept = nil
	w.wantError(t, "", "busy", "serviceFabric answered 429")
	if len(w.slept) != 5 || w.slept[4] != 16*time.Second {
		t.Errorf("slept %v", w.slept)
	}
	w.wantError(t, "ua", "r", "serviceFabric knows one identity only")

	calls := e.calls()
	w.configure(t, Identity{ID: System, Source: ServiceFabric, Thumbprint: strings.Repeat("ab:", 19) + "ab"})
	w.wantError(t, "", "r", "is not the pinned one")
	if e.calls() != calls {
		t.Error("the secret was sent to an endpoint with another certificate")
	}
	for _, bad := range []Identity{
		{ID: System, Source: ServiceFabric, Thumbprint: "abcd"},
		{ID: System, Source: ServiceFabric, Endpoint: "http://localhost:2377"},
	} {
		if err := w.ids.Configure(Config{[]Identity{bad}}); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestWorkload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("federated-1-" + canary + "\n")
	e := serve(t, says(200, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"`+tokenA+`"}`))
	w := newWorld(t, map[string]string{
		"AZURE_CLIENT_ID": "client", "AZURE_TENANT_ID": "tenant-1", "AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_AUTHORITY_HOST": e.URL + "/",
	})
	w.want(t, "", "https://management.azure.com/", tokenA)
	write("federated-2-" + canary)
	w.want(t, "another", "00000003-0000-0000-c000-000000000000", tokenA)
	for n, want := range []map[string]string{
		{"client_id": "client", "scope": "https://management.azure.com//.default", "client_assertion": "federated-1-" + canary},
		{"client_id": "another", "scope": "00000003-0000-0000-c000-000000000000/.default", "client_assertion": "federated-2-" + canary},
	} {
		want["grant_type"] = "client_credentials"
		want["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
		for name, value := range want {
			if got := e.form(n)[name]; len(got) != 1 || got[0] != value {
				t.Errorf("call %d: %s is %q, want %q", n, name, got, value)
			}
		}
		if r := e.call(n); r.Method != "POST" || r.RequestURI != "/tenant-1/oauth2/v2.0/token" {
			t.Errorf("%s %s", r.Method, r.RequestURI)
		}
	}
	if st := w.ids.Status()[0]; !st.Expires.Equal(w.Now().Add(3599 * time.Second)) {
		t.Errorf("expires %v", st.Expires)
	}
	write("")
	w.wantError(t, "", "empty", "the file with the token holds none")
	write(strings.Repeat("x", maxToken+1))
	w.wantError(t, "", "large", "the file with the token holds none")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	w.wantError(t, "", "gone", "the file with the token cannot be opened")
}

func TestClientSecret(t *testing.T) {
	const secret = "s3cret&=" + canary
	e := serve(t,
		says(500, ""),
		says(200, `{"token_type":"bearer","expires_in":"3599","access_token":"`+tokenA+`"}`),
		says(401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret `+canary+`","error_codes":[7000215]}`),
		says(429, `{"error":"temporarily_unavailable"}`, "Retry-After", "300"),
	)
	w := newWorld(t, nil)
	w.configure(t, Identity{ID: "app", Source: ClientSecret, ClientID: "Client-App", TenantID: "contoso.example", Authority: e.URL, ClientSecret: secret})
	w.want(t, "app", "api://orders", tokenA)
	w.want(t, "client-app", "api://orders", tokenA)
	if e.calls() != 2 || e.form(1).Get("client_secret") != secret || e.form(1).Get("scope") != "api://orders/.default" || e.form(1).Get("client_id") != "Client-App" {
		t.Errorf("%d calls, %v", e.calls(), e.form(1))
	}
	w.wantError(t, "app", "api://other", "clientSecret answered 401 invalid_client (AADSTS7000215)")
	w.wantError(t, "app", "api://busy", "clientSecret answered 429 temporarily_unavailable")
	w.Advance(299 * time.Second)
	w.wantError(t, "app", "api://busy", "clientSecret answered 429")
	if e.calls() != 4 {
		t.Errorf("%d calls: Retry-After is not heeded", e.calls())
	}
}

// certificate makes one that is signed by itself.
func certificate(t *testing.T) (*tls.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotAfter: inAnHour}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, key
}

func TestClientCertificate(t *testing.T) {
	cert, key := certificate(t)
	e := serve(t, says(200, `{"token_type":"Bearer","expires_in":3599,"access_token":"`+tokenA+`"}`))
	w := newWorld(t, nil)
	w.configure(t, Identity{ID: System, Source: ClientCertificate, ClientID: "app", TenantID: "t", Authority: e.URL, Certificate: cert})
	w.want(t, "", "api://a", tokenA)
	w.want(t, "", "api://b", tokenA)
	seen := map[string]bool{}
	for n := range 2 {
		form := e.form(n)
		if form.Get("client_assertion_type") != assertionType || form.Get("client_secret") != "" {
			t.Errorf("form %v", form)
		}
		parts := strings.Split(form.Get("client_assertion"), ".")
		if len(parts) != 3 {
			t.Fatalf("%d parts", len(parts))
		}
		var header, claims map[string]any
		for i, v := range []*map[string]any{&header, &claims} {
			data, err := base64.RawURLEncoding.DecodeString(parts[i])
			if err != nil || json.Unmarshal(data, v) != nil {
				t.Fatal("part", i, err)
			}
		}
		sum := sha256.Sum256(cert.Certificate[0])
		if header["alg"] != "ES256" || header["x5t#S256"] != base64.RawURLEncoding.EncodeToString(sum[:]) {
			t.Errorf("header %v", header)
		}
		if claims["aud"] != e.URL+"/t/oauth2/v2.0/token" || claims["iss"] != "app" || claims["sub"] != "app" ||
			claims["exp"] != float64(w.Now().Add(10*time.Minute).Unix()) || seen[claims["jti"].(string)] {
			t.Errorf("claims %v", claims)
		}
		seen[claims["jti"].(string)] = true
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil || len(signature) != 64 {
			t.Fatal(err)
		}
		digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if !ecdsa.Verify(&key.PublicKey, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
			t.Error("the signature is not good")
		}
	}
}

func TestCertificateOfTheEnvironment(t *testing.T) {
	cert, key := certificate(t)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "app.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	data = append(data, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	e := serve(t, says(200, `{"expires_in":3599,"access_token":"`+tokenA+`"}`))
	env := map[string]string{"AZURE_CLIENT_ID": "app", "AZURE_TENANT_ID": "t", "AZURE_AUTHORITY_HOST": e.URL, "AZURE_CLIENT_CERTIFICATE_PATH": file}
	newWorld(t, env).want(t, "", "api://a", tokenA)
	env["AZURE_CLIENT_CERTIFICATE_PATH"] = file + ".none"
	newWorld(t, env).wantError(t, "", "api://a", "clientCertificate, as found in the environment: the file")
}

// TestHostileAnswers has an endpoint that answers 200 with what is no token.
func TestHostileAnswers(t *testing.T) {
	huge := `{"access_token":"` + strings.Repeat("a", maxAnswer) + `"}`
	for body, want := range map[string]string{
		"":                                     "no JSON object",
		"<html>" + canary:                      "no JSON object",
		`[]`:                                   "no JSON object",
		`null`:                                 "no access_token",
		`{"access_token":1}`:                   "no access_token",
		`{"access_token":"a b"}`:               "no access_token",
		`{"access_token":"a\r\nX: y"}`:         "no access_token",
		`{"access_token":"ä"}`:                 "no access_token",
		`{"access_token":"` + canary + `"}`:    "neither expires_on nor expires_in",
		`{"access_token":"a","expires_in":-1}`: "neither expires_on nor expires_in",
		`{"access_token":"a","expires_in":1e300}`:                                   "neither expires_on nor expires_in",
		`{"access_token":"a","expires_in":"NaN"}`:                                   "neither expires_on nor expires_in",
		`{"access_token":"a","expires_in":{}}`:                                      "neither expires_on nor expires_in",
		`{"access_token":"a","expires_on":"yesterday"}`:                             "neither expires_on nor expires_in",
		`{"access_token":"a","expires_in":9,"token_type":"pop"}`:                    "a token_type other than Bearer",
		strings.Repeat(`{"a":`, 20000):                                              "no JSON object",
		`{"access_token":"` + strings.Repeat("a", maxToken+1) + `","expires_in":9}`: "no access_token",
		huge: "answered more than",
	} {
		e := serve(t, says(200, body))
		w := newWorld(t, nil)
		w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: e.URL})
		w.wantError(t, "", "r", want)
	}
}

// TestProxiesAreNotAsked has a proxy in the environment of the process.
func TestProxiesAreNotAsked(t *testing.T) {
	proxy := serve(t, says(200, tokenOf("of-the-proxy", inAnHour)))
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "all_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	e := serve(t, says(200, tokenOf(tokenA, inAnHour)))
	w := newWorld(t, nil)
	w.configure(t, Identity{ID: System, Source: IMDS, Endpoint: e.URL})
	w.want(t, "", "r", tokenA)
	if proxy.calls() != 0 {
		t.Error("the proxy was asked")
	}
}
