package keys

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// transit wraps keys with a key of HashiCorp Vault's transit engine. Vault writes the
// version of its key into what it returns, so that rotating it there needs nothing here.
//
// The token is VAULT_TOKEN or in the file that VAULT_TOKEN_FILE names, which is read for
// each call because an agent renews it. VAULT_NAMESPACE is sent if there is one.
//
// Source: Vault HTTP API, secrets/transit, encrypt and decrypt data, read 2026-11-22.
type transit struct {
	caller
	base, mount, key string
	getenv           func(string) (string, bool)
}

var vaultName = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,128}$`)

func newVault(o Options) (source, error) {
	u, err := url.Parse(o.Source)
	if err != nil {
		return nil, errors.New("the address of the master key is no URI")
	}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	n := len(path)
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Host == "" || n < 3 || path[n-2] != "keys" {
		return nil, errors.New("a key in Vault is named as hcvault://HOST[:PORT]/transit/keys/NAME")
	}
	for _, s := range path {
		if !vaultName.MatchString(s) || strings.Trim(s, ".") == "" {
			return nil, fmt.Errorf("%q is no name in Vault", s)
		}
	}
	scheme := "https"
	if u.Scheme == "hcvault+http" {
		if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
			return nil, errors.New("hcvault+http is for a Vault on this machine: write its address, such as 127.0.0.1, or use hcvault")
		}
		scheme = "http"
	}
	return &remote{&transit{
		caller: newCaller(o.Client), base: scheme + "://" + u.Host + "/v1/",
		mount: strings.Join(path[:n-2], "/"), key: path[n-1], getenv: o.Getenv,
	}}, nil
}

func (v *transit) String() string {
	_, host, _ := strings.Cut(strings.TrimSuffix(v.base, "/v1/"), "://")
	return "hcvault://" + host + "/" + v.mount + "/keys/" + v.key
}

// transitWrapped is what lies on the shelf.
type transitWrapped struct {
	Ciphertext string `json:"ciphertext"` // vault:v1:…
}

func (v *transit) wrap(ctx context.Context, key []byte) ([]byte, error) {
	var a struct {
		Data transitWrapped `json:"data"`
	}
	in := map[string]string{"plaintext": base64.StdEncoding.EncodeToString(key)}
	if err := v.call(ctx, "encrypt", in, &a); err != nil {
		return nil, err
	}
	if a.Data.Ciphertext == "" {
		return nil, errors.New("its answer is not what it should be")
	}
	return json.Marshal(a.Data)
}

func (v *transit) unwrap(ctx context.Context, wrapped []byte) ([]byte, error) {
	var w transitWrapped
	if json.Unmarshal(wrapped, &w) != nil || w.Ciphertext == "" {
		return nil, errors.New("it is wrapped by another service")
	}
	var a struct {
		Data struct {
			Plaintext []byte `json:"plaintext"` // base64
		} `json:"data"`
	}
	if err := v.call(ctx, "decrypt", w, &a); err != nil {
		return nil, err
	}
	return a.Data.Plaintext, nil
}

func (v *transit) call(ctx context.Context, operation string, in, out any) error {
	token, err := v.token()
	if err != nil {
		return err
	}
	head := http.Header{"X-Vault-Token": {token}, "X-Vault-Request": {"true"}}
	if ns, _ := v.getenv("VAULT_NAMESPACE"); ns != "" {
		head.Set("X-Vault-Namespace", ns)
	}
	return v.post(ctx, v.base+v.mount+"/"+operation+"/"+v.key, head, in, out, vaultError)
}

func (v *transit) token() (string, error) {
	if t, _ := v.getenv("VAULT_TOKEN"); t != "" {
		return t, nil
	}
	path, _ := v.getenv("VAULT_TOKEN_FILE")
	if path == "" {
		return "", errors.New("no token for it: set VAULT_TOKEN or VAULT_TOKEN_FILE")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("no token for it: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("no token for it: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// vaultError finds the texts in Vault's error object.
func vaultError(body []byte) string {
	var e struct {
		Errors []string `json:"errors"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	return strings.Join(e.Errors, "; ")
}
