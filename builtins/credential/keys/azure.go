package keys

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// azureVersion is the version of Key Vault's REST API.
const azureVersion = "7.4"

// keyVault wraps keys with an RSA key of Azure Key Vault or a managed HSM.
//
// Wrapping takes the version of the key that the URI names, or the newest. The version that
// was taken is kept with the wrapped key, so that a key that Key Vault rotates still
// unwraps what its older versions wrapped.
//
// Source: Key Vault REST API, operations wrapKey and unwrapKey, read 2026-11-22.
type keyVault struct {
	caller
	host, key, version string
	resource           string
	token              func(context.Context, string) (string, error)
}

var (
	azureName = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}$`)
	azureHost = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}(\.[0-9A-Za-z-]{1,63})*$`)
)

func newAzure(o Options) (source, error) {
	u, err := url.Parse(o.Source)
	if err != nil {
		return nil, errors.New("the address of the master key is no URI")
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || !azureHost.MatchString(u.Host) ||
		len(parts) < 2 || len(parts) > 3 || parts[0] != "keys" || !azureName.MatchString(parts[1]) ||
		len(parts) == 3 && !azureName.MatchString(parts[2]) {
		return nil, errors.New("a key in Azure Key Vault is named as azure-kv://VAULT/keys/NAME or azure-kv://VAULT/keys/NAME/VERSION, where VAULT is the vault's name or host")
	}
	if o.Token == nil {
		return nil, errors.New("azure-kv needs an identity of the gateway that may use the key")
	}
	v := &keyVault{caller: newCaller(o.Client), host: strings.ToLower(u.Host), key: parts[1], token: o.Token}
	if len(parts) == 3 {
		v.version = parts[2]
	}
	if !strings.Contains(v.host, ".") {
		v.host += ".vault.azure.net"
	}
	// Tokens are for the cloud's vaults, not for one of them: vault.azure.net, and
	// vault.azure.cn and others in other clouds.
	_, cloud, _ := strings.Cut(v.host, ".")
	v.resource = "https://" + cloud
	return &remote{v}, nil
}

func (v *keyVault) String() string {
	s := "azure-kv://" + v.host + "/keys/" + v.key
	if v.version != "" {
		s += "/" + v.version
	}
	return s
}

// azureWrapped is what lies on the shelf.
type azureWrapped struct {
	Version string `json:"version"`
	Value   string `json:"value"` // base64url, as the service writes it
}

type azureRequest struct {
	Algorithm string `json:"alg"`
	Value     string `json:"value"`
}

type azureAnswer struct {
	KeyID string `json:"kid"` // https://HOST/keys/NAME/VERSION
	Value string `json:"value"`
}

func (v *keyVault) wrap(ctx context.Context, key []byte) ([]byte, error) {
	var a azureAnswer
	if err := v.call(ctx, v.version, "wrapkey", base64.RawURLEncoding.EncodeToString(key), &a); err != nil {
		return nil, err
	}
	version := a.KeyID[strings.LastIndexByte(a.KeyID, '/')+1:]
	if !azureName.MatchString(version) || a.Value == "" {
		return nil, errors.New("its answer is not what it should be")
	}
	return json.Marshal(azureWrapped{version, a.Value})
}

func (v *keyVault) unwrap(ctx context.Context, wrapped []byte) ([]byte, error) {
	var w azureWrapped
	if json.Unmarshal(wrapped, &w) != nil || !azureName.MatchString(w.Version) {
		return nil, errors.New("it is wrapped by another service")
	}
	var a azureAnswer
	if err := v.call(ctx, w.Version, "unwrapkey", w.Value, &a); err != nil {
		return nil, err
	}
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(a.Value, "="))
	if err != nil {
		return nil, errors.New("its answer is not what it should be")
	}
	return key, nil
}

func (v *keyVault) call(ctx context.Context, version, operation, value string, out *azureAnswer) error {
	token, err := v.token(ctx, v.resource)
	if err != nil {
		return fmt.Errorf("no access token for it: %w", err)
	}
	path := "https://" + v.host + "/keys/" + v.key
	if version != "" {
		path += "/" + version
	}
	return v.post(ctx, path+"/"+operation+"?api-version="+azureVersion,
		http.Header{"Authorization": {"Bearer " + token}},
		azureRequest{"RSA-OAEP-256", value}, out, azureError)
}

// azureError finds the text in Key Vault's error object.
func azureError(body []byte) string {
	var e struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil || e.Error.Code == "" {
		return ""
	}
	return e.Error.Code + ": " + e.Error.Message
}
