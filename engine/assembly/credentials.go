package assembly

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"sekisho/builtins/authserver"
	"sekisho/builtins/credential"
	"sekisho/builtins/credential/keys"
	"sekisho/builtins/credential/management"
	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
	"sekisho/builtins/tokencache"
	"sekisho/engine/config"
	"sekisho/engine/source"
)

// Names of files in the credential manager's directory.
const (
	storeName      = "credentials.db"
	keyName        = "master.key"
	AdminTokenName = "admin.token"
)

// credentials is the credential manager with what it works on.
type credentials struct {
	directory  string
	temporary  bool // directory ends with the gateway
	store      *store.SQLite
	cache      *tokencache.Cache
	manager    *credential.Manager
	public     http.Handler
	management http.Handler
	notice     func(string)
	token      atomic.Pointer[string] // that callers of the management API must present
}

// StoreOf is the file of a credential manager's store, and where its master key is.
func StoreOf(m *config.CredentialManager) (path, key string) {
	key = m.Key
	if key == "" {
		key = "file:" + filepath.Join(m.Directory, keyName)
	}
	return filepath.Join(m.Directory, storeName), key
}

func openCredentials(y *systems, m *config.Model) (c *credentials, err error) {
	about := *m.CredentialManager
	c = &credentials{directory: about.Directory, notice: y.notice}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.directory == "" {
		// A gateway that is not on disk has nowhere to keep anything.
		if c.directory, err = os.MkdirTemp("", "sekisho-"); err != nil {
			return c, err
		}
		c.temporary, about.Directory = true, c.directory
		y.notice("connections are kept in " + c.directory + " until the gateway stops: its folder is not on disk")
	}
	path, key := StoreOf(&about)
	c.store, err = store.Open(context.Background(), store.Options{
		Path: path, Now: y.services.Now,
		Keys: keys.Options{
			Source: key, Getenv: y.o.Env,
			Token: func(ctx context.Context, resource string) (string, error) {
				return y.identities.Token(ctx, "", resource)
			},
		},
	})
	if err != nil {
		return c, err
	}
	for _, n := range c.store.Notices() {
		y.notice(n)
	}
	if c.cache, err = tokencache.New(tokencache.Options{Now: y.services.Now, Log: y.log}); err != nil {
		return c, err
	}
	c.manager = credential.New(credential.Options{
		Store: c.store, Cache: c.cache, Client: oauth.NewClient(oauth.ClientOptions{Now: y.services.Now}),
		Tokens: y.tokens, Now: y.services.Now, Rand: y.services.Rand, Log: y.log,
	})
	c.public = c.manager.Public()
	c.management = management.New(management.Options{Manager: c.manager, Token: c.adminToken, Log: y.log})
	return c, nil
}

// adminToken reads the token for the management API from a file, and makes it if there
// is none.
func adminToken(file string) (token string, made bool, err error) {
	data, err := os.ReadFile(file)
	if err == nil {
		if token = strings.TrimSpace(string(data)); len(token) < 16 {
			return "", false, fmt.Errorf("%s holds no token: delete it, and another is made", file)
		}
		return token, false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(b[:])
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return adminToken(file) // another process was faster
	}
	if err != nil {
		return "", false, err
	}
	_, err = f.WriteString(token + "\n")
	return token, true, errors.Join(err, f.Close())
}

// configure makes what a Model says count.
func (c *credentials) configure(m *config.Model, publicURL string) error {
	if err := c.manager.Configure(context.Background(), settingsOf(m, publicURL)); err != nil {
		return err
	}
	token := m.AdminToken.Reveal()
	if token == "" {
		file := filepath.Join(c.directory, AdminTokenName)
		kept, made, err := adminToken(file)
		if err != nil {
			return err
		}
		if made {
			c.notice("a token for the management API was made in " + file + ", readable by its owner only")
		}
		token = kept
	}
	c.token.Store(&token)
	return nil
}

// adminToken is the token that counts, "" before there is one.
func (c *credentials) adminToken() string {
	if t := c.token.Load(); t != nil {
		return *t
	}
	return ""
}

func (c *credentials) close() error {
	var err error
	if c.manager != nil {
		c.manager.Close()
	}
	if c.cache != nil {
		c.cache.Close()
	}
	if c.store != nil {
		err = c.store.Close()
	}
	if c.temporary {
		err = errors.Join(err, os.RemoveAll(c.directory))
	}
	return err
}

// checkModel reports settings of the credential manager and of the authorization server
// that do not make sense.
func checkModel(m *config.Model, diags *source.List) {
	if a := m.AuthorizationServer; a != nil {
		url := m.Gateway.PublicURL
		if url == "" {
			url = "http://localhost" // stands for where it will be reached
		}
		for _, err := range authserver.Check(authorizationOf(m, url)) {
			diags.Errorf(a.At, codeAuthorization, "%v", err)
		}
	}
	s := settingsOf(m, m.Gateway.PublicURL)
	providers := s.Providers
	s.Providers = nil
	for _, err := range credential.Check(s) {
		diags.Errorf(m.CredentialManager.At, codeCredentials, "%v", err)
	}
	var kinds []string
	for i := range oauth.Presets {
		kinds = append(kinds, oauth.Presets[i].ID)
	}
	for i, p := range providers {
		if p.ID == upstream {
			diags.Errorf(m.CredentialManager.Providers[i].At, codeCredentials, "the id %q stands for the identity provider of the authorization server", upstream)
		}
		for _, err := range credential.Check(credential.Settings{Providers: []credential.ProviderConfig{p}}) {
			d := diags.Errorf(m.CredentialManager.Providers[i].At, codeCredentials, "%v", err)
			if near := source.Nearest(p.IdentityProvider, kinds); near != "" && !slices.Contains(kinds, p.IdentityProvider) {
				d.WithHint("did you mean %q?", near)
			}
		}
	}
}

// settingsOf is what a Model says of the credential manager.
func settingsOf(m *config.Model, publicURL string) credential.Settings {
	c := m.CredentialManager
	if c == nil {
		return credential.Settings{}
	}
	s := credential.Settings{
		PublicURL: publicURL, PostLoginRedirects: c.PostLoginRedirects,
		TokenIssuers: c.TokenIssuers, TokenAudience: c.TokenAudience,
		Limits: credential.Limits{
			Providers: c.Limits.Providers, Connections: c.Limits.Connections, AccessPolicies: c.Limits.AccessPolicies,
			AuthorizationsPerMinute: c.Limits.AuthorizationsPerMinute,
		},
	}
	for _, p := range c.Providers {
		s.Providers = append(s.Providers, providerOf(p))
	}
	return s
}

func providerOf(p *config.CredentialProvider) credential.ProviderConfig {
	out := credential.ProviderConfig{
		ID: p.ID, Name: p.Name, IdentityProvider: p.IdentityProvider,
		ClientCredentials: p.ClientCredentials, Settings: revealed(p.Settings),
	}
	for _, c := range p.Connections {
		k := credential.ConnectionConfig{ID: c.ID, Parameters: revealed(c.Parameters)}
		for _, a := range c.AccessPolicies {
			k.AccessPolicies = append(k.AccessPolicies, credential.AccessConfig{ID: a.ID, TenantID: a.TenantID, ObjectID: a.ObjectID})
		}
		out.Connections = append(out.Connections, k)
	}
	return out
}

func revealed(settings []config.Setting) map[string]string {
	out := make(map[string]string, len(settings))
	for _, s := range settings {
		out[s.Name] = s.Value.Reveal()
	}
	return out
}
