package config

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"sekisho/engine/config/route"
	"sekisho/engine/source"
)

// endpoints are the operations of every MCP server, by the paths that Azure API
// Management gives them.
var endpoints = []struct{ id, method, template string }{
	{"mcp", "*", "/mcp"}, {"sse", "*", "/sse"}, {"messages", "*", "/messages"},
}

// endpointsOf gives an API its endpoints, if it is an MCP server.
func (b *builder) endpointsOf(f *fileAPI, a *API) {
	if a.Type != MCP {
		for _, k := range []struct {
			key string
			set bool
			at  source.Range
		}{{"toolsOf", f.ToolsOf.Set, f.ToolsOf.At}, {"tools", f.Tools != nil, f.ID.At}} {
			if k.set {
				b.diags.Errorf(k.at, CodeConflict, "%q belongs to an API of the type mcp", k.key).WithHint("add type: mcp")
			}
		}
		return
	}
	for _, e := range endpoints {
		o := &Operation{API: a, ID: e.id, Name: e.id, Method: e.method, At: a.At, fromDocument: true}
		o.Template, _ = route.ParseTemplate(e.template)
		a.Operations = append(a.Operations, o)
	}
	if len(f.Operations) > 0 || f.OpenAPI.Set {
		b.diags.Errorf(a.At, CodeConflict, "an MCP server has tools, not operations").
			WithHint("make the operations an API of their own, and name it in toolsOf")
	}
}

// mcpServers makes MCP servers of the APIs of that type, when all APIs are there.
func (b *builder) mcpServers() {
	for i := range b.file.APIs {
		f := &b.file.APIs[i]
		for _, a := range b.model.APIs {
			if a.At == f.ID.At && a.Type == MCP {
				b.mcpServer(f, a)
			}
		}
	}
}

func (b *builder) mcpServer(f *fileAPI, a *API) {
	m := &MCPServer{
		Transport: f.MCP.Transport.Value, Authorization: b.file.Authorization != nil,
		RequiredScopes: values(f.MCP.RequiredScopes), HideOthers: f.MCP.OtherTools.Value == "hide",
		MessageBytes: int64(b.bytes(f.MCP.MessageBytes)), ResultBytes: f.MCP.ResultBytes.Value,
		KeepAlive: f.MCP.KeepAlive.Value, At: a.At,
	}
	a.MCP = m
	if t := f.MCP.Authorization; t.Set {
		m.Authorization = t.Value
		if t.Value && b.file.Authorization == nil {
			b.diags.Errorf(t.At, CodeMissingKey, "there is no authorization server").WithHint("add authorizationServer, or use validate-jwt in the policy of the API")
		}
	}
	if m.Authorization && !f.SubscriptionRequired.Set {
		a.SubscriptionRequired = false // a token is needed instead
	}
	if m.KeepAlive <= 0 {
		b.diags.Errorf(f.MCP.KeepAlive.At, CodeBadValue, "this wants a time longer than nothing")
	}
	b.scopesExist(f.MCP.RequiredScopes)
	for _, t := range f.MCP.AllowedOrigins {
		u, err := url.Parse(t.Value)
		if t.Value != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil) {
			b.diags.Errorf(t.At, CodeBadValue, "%q is not an origin: a scheme and a host, such as https://app.example.com", t.Raw)
		}
		m.AllowedOrigins = append(m.AllowedOrigins, strings.ToLower(t.Value))
	}
	for _, t := range f.MCP.AllowedHosts {
		m.AllowedHosts = append(m.AllowedHosts, strings.ToLower(t.Value))
	}
	behind := a.ServiceURL != nil || a.Backend != nil
	switch {
	case f.ToolsOf.Set && behind:
		b.diags.Errorf(f.ToolsOf.At, CodeConflict, "the tools are those of the server at serviceUrl").WithHint("keep one of toolsOf and serviceUrl")
	case f.ToolsOf.Set:
		m.Of = b.toolsOf(f.ToolsOf, a)
	case !behind && a.Policy == nil:
		b.diags.Errorf(a.At, CodeMissingKey, "the MCP server %q has nothing behind it", a.ID).
			WithHint("add serviceUrl, the URL of an MCP server, or toolsOf, the id of an API whose operations become tools")
	}
	b.tools(f, a, m)
}

// toolsOf finds the API whose operations become tools.
func (b *builder) toolsOf(t text, a *API) *API {
	all, ok := lookup(b, b.apis, t, t.Value, "API")
	if !ok {
		return nil
	}
	i := slices.IndexFunc(all, func(o *API) bool { return o.IsCurrent })
	if i < 0 {
		return nil // reported with the revisions
	}
	if of := all[i]; of.Type == HTTP {
		return of
	}
	b.diags.Errorf(t.At, CodeConflict, "operations of HTTP APIs can become tools; %q is of another type", t.Raw).WithNote(all[i].At, "here")
	return nil
}

func (b *builder) tools(f *fileAPI, a *API, m *MCPServer) {
	seen := map[string]*Tool{}
	convention := "apis/" + a.ID + "/"
	for i := range f.Tools {
		t := b.tool(&f.Tools[i], m, convention)
		if t == nil {
			continue
		}
		// Unlike ids of this file, names of tools differ by case.
		if o := seen[t.Name]; o != nil {
			b.diags.Errorf(t.At, CodeDuplicateID, "there is already a tool %q", t.Name).WithNote(o.At, "first here")
			continue
		}
		seen[t.Name] = t
		m.Tools = append(m.Tools, t)
	}
	if m.Of == nil || len(f.Tools) > 0 {
		return
	}
	for _, o := range m.Of.Operations {
		t := &Tool{Name: o.ID, Title: o.Name, Operation: o, Policy: b.policy(text{}, convention+o.ID+".xml"), At: a.At}
		t.hints()
		m.Tools = append(m.Tools, t)
	}
}

func (b *builder) tool(f *fileTool, m *MCPServer, convention string) *Tool {
	if !f.Name.Set {
		return nil
	}
	t := &Tool{
		Name: f.Name.Value, Title: f.Title.Value, Description: f.Description.Value, Hidden: f.Hidden.Value,
		RequiredScopes: values(f.RequiredScopes), At: f.Name.At,
		ReadOnly: given(f.ReadOnly), Destructive: given(f.Destructive), Idempotent: given(f.Idempotent),
	}
	if !toolName(t.Name) {
		b.diags.Errorf(f.Name.At, CodeBadValue, "%q cannot name a tool: letters, digits, \"_\", \"-\" and \".\", at most 128 of them", f.Name.Raw)
		return nil
	}
	b.scopesExist(f.RequiredScopes)
	for _, p := range f.RequiredClaims {
		if t.RequiredClaims == nil {
			t.RequiredClaims = map[string][]string{}
		}
		t.RequiredClaims[p.Key.Value] = values(p.Values)
	}
	if (f.RequiredScopes != nil || f.RequiredClaims != nil) && !m.Authorization {
		b.diags.Errorf(t.At, CodeConflict, "the scopes and claims of a tool are those of access tokens, and the API asks for none").
			WithHint("add authorizationServer, or check tokens in the policy of the tool")
	}
	t.Policy = b.policy(f.Policy, convention+t.Name+".xml")
	switch {
	case m.Of != nil:
		id := f.Operation
		if !id.Set {
			id = f.Name
		}
		i := slices.IndexFunc(m.Of.Operations, func(o *Operation) bool {
			return strings.EqualFold(o.ID, id.Value) || o.fromDocument && o.ID == operationID(id.Value)
		})
		if i < 0 {
			b.noOperation(id, m.Of)
			return nil
		}
		t.Operation = m.Of.Operations[i]
		t.Title = cmp.Or(t.Title, t.Operation.Name)
		t.hints()
	case f.Operation.Set:
		b.diags.Errorf(f.Operation.At, CodeConflict, "a tool calls an operation where the API has toolsOf")
	}
	return t
}

func (b *builder) noOperation(id text, a *API) {
	var names []string
	for _, o := range a.Operations {
		names = append(names, o.ID)
	}
	d := b.diags.Errorf(id.At, CodeUnknownID, "the API %q has no operation %q", a.ID, id.Raw).WithNote(a.At, "the API")
	if near := source.Nearest(operationID(id.Value), names); near != "" {
		d.WithHint("did you mean %q?", near)
	}
}

// hints puts in what the method of the operation tells.
func (t *Tool) hints() {
	method := t.Operation.Method
	or := func(p **bool, methods ...string) {
		if *p == nil {
			v := slices.Contains(methods, method)
			*p = &v
		}
	}
	or(&t.ReadOnly, "GET", "HEAD", "OPTIONS")
	or(&t.Destructive, "PUT", "PATCH", "DELETE", "*")
	or(&t.Idempotent, "GET", "HEAD", "OPTIONS", "PUT", "DELETE")
}

// given is a truth that was written, nil if it was not.
func given(t truth) *bool {
	if !t.Set {
		return nil
	}
	return &t.Value
}

// toolName tells whether a name follows the rule of the specification for tools.
func toolName(s string) bool {
	return s != "" && len(s) <= 128 &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == ""
}

// scopesExist reports scopes that the authorization server does not have.
func (b *builder) scopesExist(list []text) {
	if b.file.Authorization == nil {
		return
	}
	var names []string
	for _, p := range b.file.Authorization.Scopes {
		names = append(names, p.Key.Value)
	}
	for _, t := range list {
		if slices.Contains(names, t.Value) {
			continue
		}
		d := b.diags.Errorf(t.At, CodeUnknownID, "the authorization server has no scope %q", t.Raw)
		if near := source.Nearest(t.Value, names); near != "" {
			d.WithHint("did you mean %q?", near)
		} else {
			d.WithHint("add it to scopes of authorizationServer, with what the consent page says of it")
		}
	}
}

func (b *builder) authorizationServer() {
	f := b.file.Authorization
	if f == nil {
		return
	}
	r, l := f.Registration, f.Lifetimes
	s := &AuthorizationServer{
		Issuer: b.issuer(f.Issuer), Provider: b.login(&f.Provider), DefaultScopes: values(f.DefaultScopes), Claims: values(f.Claims),
		DynamicRegistration: r.Dynamic.Value, MetadataDocuments: r.Documents.Value,
		RedirectHosts: lower(r.RedirectHosts), AllowedHosts: lower(r.AllowedHosts), Roots: b.roots(r.Trust),
		MaximumClients: int(r.Maximum.Value), UnusedFor: r.UnusedFor.Value,
		AccessToken: l.AccessToken.Value, RefreshToken: l.RefreshToken.Value, RefreshGrace: l.RefreshGrace.Value,
		Code: l.Code.Value, Login: l.Login.Value, Consent: l.Consent.Value, At: f.At,
	}
	if s.Issuer == "" && b.model.Gateway.PublicURL == "" && !b.model.Gateway.Development {
		b.diags.Errorf(f.At, CodeMissingKey, "the authorization server needs to know its URL").
			WithHint("add publicUrl to gateway, such as https://api.example.com")
	}
	for _, p := range f.Scopes {
		if !scopeName(p.Key.Value) {
			b.diags.Errorf(p.Key.At, CodeBadValue, "%q cannot name a scope: it has no spaces and no quotes", p.Key.Raw)
		}
		s.Scopes = append(s.Scopes, ScopeText{p.Key.Value, strings.Join(values(p.Values), " ")})
	}
	b.scopesExist(f.DefaultScopes)
	if f.DefaultScopes == nil {
		for _, o := range s.Scopes {
			s.DefaultScopes = append(s.DefaultScopes, o.Name)
		}
	}
	for _, t := range []duration{r.UnusedFor, l.AccessToken, l.RefreshToken, l.RefreshGrace, l.Code, l.Login, l.Consent} {
		if t.Value <= 0 {
			b.diags.Errorf(t.At, CodeBadValue, "this wants a time longer than nothing")
		}
	}
	for i := range f.Clients {
		c := &f.Clients[i]
		if c.Secret.Set && len(c.Secret.Value) < 32 {
			b.diags.Errorf(f.At, CodeBadValue, "the secret of the client %q is short enough to be guessed", c.ID.Value).WithHint("use at least 32 random characters")
		}
		s.Clients = append(s.Clients, AuthorizedClient{c.ID.Value, cmp.Or(c.Name.Value, c.ID.Value), c.Secret.secret(), values(c.RedirectURIs)})
	}
	b.model.AuthorizationServer = s
	if b.file.CredentialManager == nil {
		// What it knows is kept where connections are.
		m := &CredentialManager{At: f.At, Limits: CredentialLimits{Providers: 1000, Connections: 10000, AccessPolicies: 100, AuthorizationsPerMinute: 250}}
		if b.files.dir != "" {
			m.Directory = b.absolute(text{Value: ".sekisho"})
		}
		b.model.CredentialManager = m
	}
}

// issuer is the identifier of the authorization server, exactly as it is written.
func (b *builder) issuer(t text) string {
	if !t.Set {
		return ""
	}
	u, err := url.Parse(t.Value)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		b.diags.Errorf(t.At, CodeBadURL, "%q cannot be an issuer: an https URL without query and fragment", t.Raw)
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		b.diags.Errorf(t.At, CodeBadURL, "an issuer is an https URL; http is for this machine only")
	case strings.HasSuffix(t.Value, "/"):
		b.diags.Errorf(t.At, CodeBadURL, "an issuer has no slash at its end: strict clients compare it").WithHint("write %s", strings.TrimRight(t.Value, "/"))
	}
	return t.Value
}

func (b *builder) login(f *fileLogin) LoginProvider {
	p := LoginProvider{
		Entra: f.Type.Value == "entra", TenantID: f.TenantID.Value, Authority: b.base(f.Authority),
		Issuer: b.base(f.Issuer), ClientID: f.ClientID.Value, ClientSecret: f.ClientSecret.secret(), Scopes: values(f.Scopes),
	}
	if f.Scopes == nil {
		p.Scopes = []string{"openid", "profile", "email", "offline_access"}
	}
	if !slices.Contains(p.Scopes, "openid") {
		b.diags.Errorf(f.At, CodeMissingKey, "without the scope openid the provider does not say who has logged in").WithHint("add openid to scopes")
	}
	switch {
	case p.Entra && !f.TenantID.Set:
		b.diags.Errorf(f.At, CodeMissingKey, "the identity provider needs the key %q", "tenantId")
	case p.Entra && f.Issuer.Set:
		b.diags.Errorf(f.Issuer.At, CodeConflict, "the issuer of Entra ID follows from authority and tenantId")
	case !p.Entra && !f.Issuer.Set:
		b.diags.Errorf(f.At, CodeMissingKey, "the identity provider needs the key %q", "issuer")
	case !p.Entra && f.TenantID.Set:
		b.diags.Errorf(f.TenantID.At, CodeConflict, "a tenant goes with type: entra")
	case p.Entra:
		p.Issuer = p.Authority + "/" + p.TenantID + "/v2.0"
	}
	return p
}

func lower(list []text) []string {
	out := values(list)
	for i := range out {
		out[i] = strings.ToLower(out[i])
	}
	return out
}

// scopeName tells whether a text is a scope-token of RFC 6749.
func scopeName(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}
