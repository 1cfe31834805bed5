package keys

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

const canaryToken = "canary-token"

// service is a key management service on loopback, and a client that finds it whatever host
// it asks for.
type fakeService struct {
	*httptest.Server
	client *http.Client
	calls  []string
	broken http.HandlerFunc // answers instead
}

func newFake(t *testing.T, handle http.HandlerFunc) *fakeService {
	f := &fakeService{}
	f.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.calls = append(f.calls, r.Method+" "+r.Host+r.URL.RequestURI())
		if f.broken != nil {
			f.broken(w, r)
			return
		}
		handle(w, r)
	}))
	t.Cleanup(f.Close)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, f.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	f.client = &http.Client{Transport: transport}
	return f
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// newKeyVault is Azure Key Vault with two versions of one RSA key.
func newKeyVault(t *testing.T) *fakeService {
	versions := map[string]*rsa.PrivateKey{}
	for _, v := range []string{"v1", "v2"} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		versions[v] = key
	}
	return newFake(t, func(w http.ResponseWriter, r *http.Request) {
		fail := func(status int, code string) {
			answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": "no"}})
		}
		var in struct {
			Alg   string `json:"alg"`
			Value string `json:"value"`
		}
		parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
		if len(parts) == 3 { // without a version it is the newest
			parts = []string{parts[0], parts[1], "v2", parts[2]}
		}
		key := versions[parts[2]]
		value, err := []byte(nil), json.NewDecoder(r.Body).Decode(&in)
		if err == nil {
			value, err = base64.RawURLEncoding.DecodeString(in.Value)
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer "+canaryToken:
			fail(401, "Unauthorized")
			return
		case err != nil || in.Alg != "RSA-OAEP-256" || r.URL.Query().Get("api-version") == "" || r.Method != "POST":
			fail(400, "BadParameter")
			return
		case key == nil || parts[0] != "keys" || parts[1] != "master":
			fail(404, "KeyNotFound")
			return
		case parts[3] == "wrapkey":
			value, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, &key.PublicKey, value, nil)
		case parts[3] == "unwrapkey":
			value, err = rsa.DecryptOAEP(sha256.New(), nil, key, value, nil)
		}
		if err != nil {
			fail(400, "BadParameter")
			return
		}
		answer(w, 200, map[string]string{"kid": "https://" + r.Host + "/keys/master/" + parts[2], "value": base64.RawURLEncoding.EncodeToString(value)})
	})
}

// newTransit is Vault with a transit key.
func newTransit(t *testing.T) *fakeService {
	box, err := subtle.NewAESGCM(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return newFake(t, func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Plaintext  []byte `json:"plaintext"`
			Ciphertext string `json:"ciphertext"`
		}
		err := json.NewDecoder(r.Body).Decode(&in)
		switch {
		case r.Header.Get("X-Vault-Token") != canaryToken || r.Header.Get("X-Vault-Namespace") != "team":
			answer(w, 403, map[string][]string{"errors": {"permission denied"}})
		case err != nil:
			answer(w, 400, map[string][]string{"errors": {"bad"}})
		case r.URL.Path == "/v1/transit/encrypt/master":
			sealed, _ := box.Encrypt(in.Plaintext, nil)
			answer(w, 200, map[string]any{"data": map[string]string{"ciphertext": "vault:v1:" + base64.StdEncoding.EncodeToString(sealed)}})
		case r.URL.Path == "/v1/transit/decrypt/master":
			sealed, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(in.Ciphertext, "vault:v1:"))
			plain, err := box.Decrypt(sealed, nil)
			if err != nil {
				answer(w, 400, map[string][]string{"errors": {"invalid ciphertext"}})
				return
			}
			answer(w, 200, map[string]any{"data": map[string][]byte{"plaintext": plain}})
		default:
			answer(w, 404, map[string][]string{"errors": {}})
		}
	})
}

// services are the two, with the options that reach them.
func services(t *testing.T) map[string]struct {
	*fakeService
	Options
} {
	vault, transit := newKeyVault(t), newTransit(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(canaryToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(pairs map[string]string) func(string) (string, bool) {
		return func(name string) (string, bool) { v, ok := pairs[name]; return v, ok }
	}
	type service = struct {
		*fakeService
		Options
	}
	return map[string]service{
		"azure": {vault, Options{
			Source: "azure-kv://myvault/keys/master", Client: vault.client,
			Token: func(_ context.Context, resource string) (string, error) {
				if resource != "https://vault.azure.net" {
					return "", fmt.Errorf("resource %s", resource)
				}
				return canaryToken, nil
			},
		}},
		"transit": {transit, Options{
			Source: "hcvault://vault.example:8200/transit/keys/master", Client: transit.client,
			Getenv: env(map[string]string{"VAULT_TOKEN": canaryToken, "VAULT_NAMESPACE": "team"}),
		}},
		"transit with a token file": {transit, Options{
			Source: "hcvault://vault.example:8200/transit/keys/master", Client: transit.client,
			Getenv: env(map[string]string{"VAULT_TOKEN_FILE": file, "VAULT_NAMESPACE": "team"}),
		}},
	}
}

func TestKeyManagementServices(t *testing.T) {
	ctx := context.Background()
	for name, s := range services(t) {
		t.Run(name, func(t *testing.T) {
			shelf := &boards{}
			r, err := Open(ctx, s.Options, shelf)
			if !errors.Is(err, ErrNoKey) {
				t.Fatalf("with nothing on the shelf: %v", err)
			}
			old, wrapped, err := r.Generate(ctx)
			if err != nil {
				t.Fatal(err)
			}
			shelf.wrapped = []Wrapped{{old, wrapped}}
			sealed := must(r.Seal(ctx, old, here, []byte("value")))

			// Another process reads it; one call, however often it reads.
			s.calls = nil
			other, err := Open(ctx, s.Options, shelf)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if got, err := other.Open(ctx, here, sealed); err != nil || string(got) != "value" {
					t.Fatalf("another process reads %q, %v", got, err)
				}
			}
			if len(s.calls) != 1 {
				t.Errorf("it took the calls %q", s.calls)
			}

			// A key that is added is found by those that run.
			id, wrapped, err := r.Generate(ctx)
			if err != nil {
				t.Fatal(err)
			}
			shelf.wrapped = append([]Wrapped{{id, wrapped}}, shelf.wrapped...)
			again := must(r.Rewrap(ctx, id, here, sealed))
			if got, err := other.Open(ctx, here, again); err != nil || string(got) != "value" || other.IDs()[0] != id {
				t.Errorf("after a rotation another process reads %q, %v, with %v", got, err, other.IDs())
			}

			// A key that cannot be unwrapped does not take the others along, and says why.
			shelf.wrapped[1].Key = []byte(`{"ciphertext":"vault:v1:AAAA","version":"v1","value":"AAAA"}`)
			third, err := Open(ctx, s.Options, shelf)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := third.Open(ctx, here, again); err != nil || string(got) != "value" {
				t.Errorf("with one key left: %q, %v", got, err)
			}
			if _, err := third.Open(ctx, here, sealed); !errors.Is(err, ErrUnknownKey) || !strings.Contains(err.Error(), "400") || !strings.Contains(err.Error(), old.String()) {
				t.Errorf("what was under the other: %v", err)
			}

			// One key in another's place is not taken for it.
			shelf.wrapped = []Wrapped{{old, wrapped}}
			if _, err := Open(ctx, s.Options, shelf); err == nil || !strings.Contains(err.Error(), "another key") {
				t.Errorf("with keys exchanged: %v", err)
			}
			shelf.wrapped = []Wrapped{{old, []byte("nonsense")}}
			if _, err := Open(ctx, s.Options, shelf); err == nil || !strings.Contains(err.Error(), "another service") {
				t.Errorf("with nonsense on the shelf: %v", err)
			}
		})
	}
}

// TestKeyVaultKeepsTheVersion wraps with one version of a key and unwraps after another has
// become the newest.
func TestKeyVaultKeepsTheVersion(t *testing.T) {
	ctx := context.Background()
	s := services(t)["azure"]
	newest := s.Options.Source
	s.Options.Source += "/v1"
	r, err := Open(ctx, s.Options, &boards{})
	if !errors.Is(err, ErrNoKey) {
		t.Fatal(err)
	}
	id, wrapped, err := r.Generate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.Options.Source = newest
	if _, err := Open(ctx, s.Options, &boards{[]Wrapped{{id, wrapped}}}); err != nil {
		t.Error(err)
	}
	want := []string{
		"POST myvault.vault.azure.net/keys/master/v1/wrapkey?api-version=7.4",
		"POST myvault.vault.azure.net/keys/master/v1/unwrapkey?api-version=7.4",
	}
	if strings.Join(s.calls, "\n") != strings.Join(want, "\n") {
		t.Errorf("the calls were %q, want %q", s.calls, want)
	}
	// Where the key comes from does not decide whom the token is sent to.
	evil := []byte(`{"version":"v1@evil.example/x","value":"AAAA"}`)
	s.calls = nil
	if _, err := Open(ctx, s.Options, &boards{[]Wrapped{{id, evil}}}); err == nil || len(s.calls) != 0 {
		t.Errorf("a version that is none: %v, calls %q", err, s.calls)
	}
}

// TestServicesThatMisbehave: errors, and no secret in them.
func TestServicesThatMisbehave(t *testing.T) {
	ctx := context.Background()
	caught := false
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { caught = true }))
	defer trap.Close()
	for name, s := range services(t) {
		r, err := Open(ctx, s.Options, &boards{})
		if !errors.Is(err, ErrNoKey) {
			t.Fatal(err)
		}
		id, wrapped, err := r.Generate(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for what, broken := range map[string]http.HandlerFunc{
			"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
			"redirect": func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, trap.URL, http.StatusTemporaryRedirect)
			},
			"html":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
			"empty": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") },
			"endless": func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"value":"%s"}`, strings.Repeat("A", maxAnswer))
			},
			"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			"another key": func(w http.ResponseWriter, _ *http.Request) {
				answer(w, 200, map[string]any{"value": "AAAA", "data": map[string]string{"plaintext": "AAAA"}})
			},
		} {
			s.broken = broken
			_, err := Open(ctx, s.Options, &boards{[]Wrapped{{id, wrapped}}})
			if err == nil || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s, %s: unwrapping: %v", name, what, err)
			}
			if what != "another key" {
				if _, _, err := r.Generate(ctx); err == nil || strings.Contains(err.Error(), "canary") {
					t.Errorf("%s, %s: wrapping: %v", name, what, err)
				}
			}
			s.broken = nil
		}
		if caught {
			t.Errorf("%s: a redirect was followed", name)
		}
	}
	s := services(t)["azure"]
	s.Options.Token = func(context.Context, string) (string, error) { return "", errors.New("no identity") }
	r, _ := Open(ctx, s.Options, &boards{})
	if _, _, err := r.Generate(ctx); err == nil || !strings.Contains(err.Error(), "no identity") {
		t.Errorf("without a token: %v", err)
	}
	v := services(t)["transit"]
	v.Options.Getenv = func(string) (string, bool) { return "", false }
	r, _ = Open(ctx, v.Options, &boards{})
	if _, _, err := r.Generate(ctx); err == nil || !strings.Contains(err.Error(), "VAULT_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
}
