package config

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"sekisho/engine/source"
)

// credentialKeys are the ways to name a master key; a bare path is file:.
var credentialKeys = []string{"file:", "env:", "azure-kv://", "hcvault://", "hcvault+http://"}

func (b *builder) identities() {
	seen := map[string]*ManagedIdentity{}
	at := map[*ManagedIdentity]source.Range{}
	for i := range b.file.Identities {
		f := &b.file.Identities[i]
		if !f.ID.Set {
			continue
		}
		m := &ManagedIdentity{
			ID: f.ID.Value, Source: f.Source.Value, ClientID: f.ClientID.Value, TenantID: f.TenantID.Value,
			Authority: b.base(f.Authority), Endpoint: b.base(f.Endpoint),
			Header: f.Header.secret(), ClientSecret: f.ClientSecret.secret(), Thumbprint: f.Thumbprint.Value,
			KeyDirectory: b.onDisk(f.KeyDirectory), TokenFile: b.onDisk(f.TokenFile),
		}
		at[m] = f.ID.At
		if i == 0 {
			b.model.IdentitiesAt = f.ID.At
		}
		b.identityKeys(f, m)
		if unique(b, seen, f.ID, m, "identity", f.ID.At, func(o *ManagedIdentity) source.Range { return at[o] }) {
			b.model.Identities = append(b.model.Identities, m)
		}
	}
}

// identityKeys checks the keys that belong to some sources only.
func (b *builder) identityKeys(f *fileIdentitySource, m *ManagedIdentity) {
	for _, k := range []struct {
		value    text
		key      string
		of       []string
		required bool
	}{
		{f.TenantID, "tenantId", []string{"workload", "clientSecret", "clientCertificate"}, false},
		{f.Authority, "authority", []string{"workload", "clientSecret", "clientCertificate"}, false},
		{f.Endpoint, "endpoint", []string{"imds", "appService", "arc", "serviceFabric"}, false},
		{f.Header, "header", []string{"appService", "serviceFabric"}, false},
		{f.Thumbprint, "thumbprint", []string{"serviceFabric"}, false},
		{f.KeyDirectory, "keyDirectory", []string{"arc"}, false},
		{f.TokenFile, "tokenFile", []string{"workload"}, false},
		{f.ClientSecret, "clientSecret", []string{"clientSecret"}, true},
		{f.Certificate, "certificate", []string{"clientCertificate"}, true},
	} {
		mine := slices.Contains(k.of, m.Source)
		switch {
		case k.value.Set && !mine:
			b.diags.Errorf(k.value.At, CodeConflict, "an identity with the source %s has no %q", m.Source, k.key).
				WithHint("it goes with source: %s", strings.Join(k.of, " or "))
		case mine && k.required && !k.value.Set:
			b.diags.Errorf(f.ID.At, CodeMissingKey, "the identity %q needs the key %q", m.ID, k.key)
		}
	}
	if f.Source.Value == "clientSecret" || f.Source.Value == "clientCertificate" {
		for _, k := range []struct {
			value text
			key   string
		}{{f.ClientID, "clientId"}, {f.TenantID, "tenantId"}} {
			if !k.value.Set {
				b.diags.Errorf(f.ID.At, CodeMissingKey, "the identity %q needs the key %q", m.ID, k.key)
			}
		}
	}
	if !f.Certificate.Set {
		return
	}
	c, ok := lookup(b, b.model.byID.certificates, f.Certificate, f.Certificate.Value, "certificate")
	if ok && c.PrivateKey == nil {
		b.diags.Errorf(f.Certificate.At, CodeCertificate, "%q has no private key: an identity needs one", f.Certificate.Raw)
	}
	m.Certificate = c
}

// base is a URL without a slash at its end, "" for none.
func (b *builder) base(t text) string {
	u := b.url(t, "https", "http")
	if u == nil {
		return ""
	}
	return strings.TrimSuffix(u.String(), "/")
}

// onDisk is a path for the operating system, "" for none.
func (b *builder) onDisk(t text) string {
	if !t.Set || t.Value == "" {
		return ""
	}
	return b.files.disk(t.Value)
}

func (b *builder) credentialManager() {
	f := b.file.CredentialManager
	if f == nil {
		return
	}
	m := &CredentialManager{
		At: f.At, TokenAudience: f.TokenAudience.Value,
		Limits: CredentialLimits{
			Providers: int(f.Limits.Providers.Value), Connections: int(f.Limits.Connections.Value),
			AccessPolicies: int(f.Limits.AccessPolicies.Value), AuthorizationsPerMinute: int(f.Limits.Authorizations.Value),
		},
	}
	if b.files.dir != "" {
		m.Directory = b.absolute(f.Directory)
	}
	m.Key = b.masterKey(f)
	for _, t := range f.PostLoginRedirects {
		if u, err := url.Parse(t.Value); err != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) || u.User != nil || u.Fragment != "" {
			b.diags.Errorf(t.At, CodeBadURL, "%q wants an https URL, or an http one of this machine, without a fragment", t.Raw)
		}
		m.PostLoginRedirects = append(m.PostLoginRedirects, t.Value)
	}
	for _, t := range f.TokenIssuers {
		m.TokenIssuers = append(m.TokenIssuers, b.base(t))
	}
	seen := map[string]*CredentialProvider{}
	at := map[*CredentialProvider]source.Range{}
	for i := range f.Providers {
		p := b.provider(&f.Providers[i])
		if p == nil {
			continue
		}
		id := f.Providers[i].ID
		at[p] = id.At
		if unique(b, seen, id, p, "provider", id.At, func(o *CredentialProvider) source.Range { return at[o] }) {
			m.Providers = append(m.Providers, p)
		}
	}
	b.model.CredentialManager = m
}

func (b *builder) provider(f *fileCredentialSource) *CredentialProvider {
	if !f.ID.Set {
		return nil
	}
	p := &CredentialProvider{
		ID: f.ID.Value, Name: f.Name.Value, IdentityProvider: f.IdentityProvider.Value,
		ClientCredentials: f.GrantType.Value == "clientCredentials", Settings: settings(f.Settings), At: f.ID.At,
	}
	if p.Name == "" {
		p.Name = p.ID
	}
	seen := map[string]*CredentialConnection{}
	at := map[*CredentialConnection]source.Range{}
	for i := range f.Connections {
		fc := &f.Connections[i]
		if !fc.ID.Set {
			continue
		}
		c := &CredentialConnection{ID: fc.ID.Value, Parameters: settings(fc.Parameters)}
		at[c] = fc.ID.At
		for _, a := range fc.AccessPolicies {
			c.AccessPolicies = append(c.AccessPolicies, CredentialAccess{a.ID.Value, a.TenantID.Value, a.ObjectID.Value})
		}
		if unique(b, seen, fc.ID, c, "connection", fc.ID.At, func(o *CredentialConnection) source.Range { return at[o] }) {
			p.Connections = append(p.Connections, c)
		}
	}
	return p
}

func settings(pairs []pair) []Setting {
	var out []Setting
	for _, p := range pairs {
		var values []string
		for _, v := range p.Values {
			values = append(values, v.Value)
		}
		out = append(out, Setting{p.Key.Value, NewSecret(strings.Join(values, " "))})
	}
	return out
}

// absolute is the absolute path of a folder.
func (b *builder) absolute(t text) string {
	p := b.files.disk(t.Value)
	abs, err := filepath.Abs(p)
	if err != nil {
		b.diags.Errorf(t.At, CodeBadValue, "%q is not a path: %v", t.Raw, err)
		return p
	}
	return abs
}

// masterKey checks how the master key is named. Should the key itself stand there, the
// Diagnostic must not show its line.
func (b *builder) masterKey(f *fileCredentialManager) string {
	t := f.Key
	if !t.Set {
		return ""
	}
	i := slices.IndexFunc(credentialKeys, func(p string) bool { return strings.HasPrefix(t.Value, p) })
	if i < 0 || len(t.Value) == len(credentialKeys[i]) {
		b.diags.Errorf(f.At, CodeBadValue, "\"key\" does not name a master key").
			WithHint("write file:<path>, env:<NAME>, azure-kv://<vault>/keys/<name> or hcvault://<host>/transit/keys/<name>; the key itself does not belong here")
		return ""
	}
	if path, ok := strings.CutPrefix(t.Value, "file:"); ok {
		file := t
		file.Value = path
		return "file:" + b.absolute(file)
	}
	return t.Value
}

func (b *builder) development() {
	f := b.file.Development
	if f == nil {
		return
	}
	d := &Development{Address: f.Address.Value, At: f.At}
	if !b.model.Gateway.Development {
		b.diags.Errorf(f.At, CodeConflict, "development services are for gateways in development").
			WithHint("write gateway: {mode: development}, or take them out")
	}
	if b.address(f.Address) {
		if host, _, _ := net.SplitHostPort(f.Address.Value); !loopback(host) {
			b.diags.Errorf(f.Address.At, CodeBadValue, "development services are for this machine only").WithHint("write 127.0.0.1:8081")
		}
		for _, l := range b.model.Listeners {
			if l.Address == d.Address && !strings.HasSuffix(d.Address, ":0") {
				b.diags.Errorf(f.At, CodeDuplicateID, "there is already a listener on %s", d.Address).WithNote(l.At, "here")
			}
		}
	}
	if i := f.Identity; i != nil {
		d.Identity = &SandboxIdentity{TenantID: i.TenantID.Value, KeyRotation: i.KeyRotation.Value, Lifetime: i.Lifetime.Value}
		for _, a := range i.Clients {
			d.Identity.Applications = append(d.Identity.Applications,
				SandboxApplication{a.ID.Value, a.Secret.secret(), values(a.RedirectURIs), values(a.Roles)})
		}
		for _, u := range i.Users {
			d.Identity.Users = append(d.Identity.Users, SandboxUser{u.ID.Value, u.Name.Value, u.Email.Value})
		}
		for _, t := range []duration{i.KeyRotation, i.Lifetime} {
			if t.Value <= 0 {
				b.diags.Errorf(t.At, CodeBadValue, "this wants a time longer than nothing")
			}
		}
	}
	for _, s := range f.Services {
		if d.Identity == nil {
			b.diags.Errorf(s.At, CodeMissingKey, "the service %q wants tokens, and there is no identity provider", s.ID.Value).
				WithHint("add development: {identity: {}}")
			break
		}
		d.Services = append(d.Services, SandboxService{s.ID.Value, s.Audience.Value, values(s.Applications)})
	}
	b.model.Development = d
}

func values(ts []text) []string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = t.Value
	}
	return out
}

// loopback tells whether a host is this machine.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback()
}
