package management

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"sekisho/builtins/credential"
	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
)

// resource is what all resources of Azure have.
type resource[T any] struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Name       string `json:"name"`
	Properties T      `json:"properties"`
}

const resourceType = "Microsoft.ApiManagement/service/authorizationProviders"

func id(c *call, segments ...string) string {
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return c.base + "/" + strings.Join(segments, "/")
}

type providerProperties struct {
	DisplayName      string  `json:"displayName,omitempty"`
	IdentityProvider string  `json:"identityProvider"`
	OAuth2           *oauth2 `json:"oauth2,omitempty"`
	// DeclaredIn is the file that the provider is declared in, "" for one of REST.
	DeclaredIn string `json:"declaredIn,omitempty"`
}

type oauth2 struct {
	RedirectURL string     `json:"redirectUrl,omitempty"`
	GrantTypes  grantTypes `json:"grantTypes"`
}

type grantTypes struct {
	AuthorizationCode map[string]string `json:"authorizationCode,omitempty"`
	ClientCredentials map[string]string `json:"clientCredentials,omitempty"`
}

func (h *Handler) provider(c *call, p *store.Provider) resource[providerProperties] {
	out := resource[providerProperties]{
		ID: id(c, "authorizationProviders", p.ID), Type: resourceType, Name: p.ID,
		Properties: providerProperties{DisplayName: p.DisplayName, IdentityProvider: p.IdentityProvider, OAuth2: &oauth2{}},
	}
	settings := map[string]string{}
	for name, v := range p.Settings {
		if !credential.Secret(name) {
			settings[name] = v
		}
	}
	if p.Grant == credential.GrantClient {
		out.Properties.OAuth2.GrantTypes.ClientCredentials = settings
	} else {
		out.Properties.OAuth2.GrantTypes.AuthorizationCode = settings
		out.Properties.OAuth2.RedirectURL = h.o.Manager.RedirectURL(p.ID)
	}
	if h.o.Manager.Declared(p.ID) {
		out.Properties.DeclaredIn = "gateway.yaml"
	}
	return out
}

var filterForm = regexp.MustCompile(`^\s*(name|displayName|properties/displayName)\s+eq\s+'((?:[^']|'')*)'\s*$`)

func (h *Handler) listProviders(w http.ResponseWriter, c *call) error {
	page, err := paging(c)
	if err != nil {
		return err
	}
	filter := c.URL.Query().Get("$filter")
	ask := page
	var parts []string
	if filter != "" {
		if parts = filterForm.FindStringSubmatch(filter); parts == nil {
			return invalid("$filter may be name eq '…' or displayName eq '…'.")
		}
		ask = store.Page{}
	}
	found, total, err := h.o.Manager.Providers(c.Context(), ask)
	if err != nil {
		return err
	}
	if parts != nil {
		want := strings.ReplaceAll(parts[2], "''", "'")
		found = slices.DeleteFunc(found, func(p *store.Provider) bool {
			return parts[1] == "name" && p.ID != want || parts[1] != "name" && p.DisplayName != want
		})
		total = len(found)
		found = found[min(page.Skip, total):]
		found = found[:min(page.Top, len(found))]
	}
	items := make([]resource[providerProperties], 0, len(found))
	for _, p := range found {
		items = append(items, h.provider(c, p))
	}
	list(w, c, page, items, total)
	return nil
}

func (h *Handler) getProvider(w http.ResponseWriter, c *call) error {
	p, err := h.o.Manager.Provider(c.Context(), c.path[1])
	if err != nil {
		return err
	}
	w.Header().Set("ETag", p.ETag)
	writeJSON(w, http.StatusOK, h.provider(c, p))
	return nil
}

func (h *Handler) putProvider(w http.ResponseWriter, c *call) error {
	m, err := match(c)
	if err != nil {
		return err
	}
	var body struct {
		Properties providerProperties `json:"properties"`
	}
	if err := readJSON(c, &body, false); err != nil {
		return err
	}
	given := body.Properties
	if given.OAuth2 == nil {
		return invalid("properties.oauth2 is missing.")
	}
	p := &store.Provider{
		ID: c.path[1], DisplayName: oauth.Clean(given.DisplayName, 300), IdentityProvider: given.IdentityProvider, Grant: credential.GrantCode,
	}
	g := given.OAuth2.GrantTypes
	settings := g.AuthorizationCode
	switch {
	case g.AuthorizationCode != nil && g.ClientCredentials != nil:
		return invalid("A provider has one grant type.")
	case g.ClientCredentials != nil:
		p.Grant, settings = credential.GrantClient, g.ClientCredentials
	case g.AuthorizationCode == nil:
		return invalid("properties.oauth2.grantTypes wants authorizationCode or clientCredentials.")
	}
	if p.DisplayName == "" {
		p.DisplayName = p.ID
	}
	p.Settings, p.Secrets = credential.Split(settings)
	created, err := h.o.Manager.PutProvider(c.Context(), p, m)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", p.ETag)
	writeJSON(w, putStatus(created), h.provider(c, p))
	return nil
}

func putStatus(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}

func (h *Handler) deleteProvider(w http.ResponseWriter, c *call) error {
	m, err := mustMatch(c)
	if err != nil {
		return err
	}
	return deleted(w, h.o.Manager.DeleteProvider(c.Context(), c.path[1], m))
}

// deleted answers a DELETE; of what is not there, too, as Azure does.
func deleted(w http.ResponseWriter, err error) error {
	if e, ok := err.(*credential.Error); ok && e.Code == credential.CodeNotFound {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if err == nil {
		w.WriteHeader(http.StatusOK)
	}
	return err
}

type connectionProperties struct {
	AuthorizationType string            `json:"authorizationType,omitempty"`
	GrantType         string            `json:"oauth2grantType,omitempty"`
	Parameters        map[string]string `json:"parameters,omitempty"`
	Error             *failure          `json:"error,omitempty"`
	Status            string            `json:"status,omitempty"`

	// Ours.
	State   string   `json:"state,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Since   string   `json:"since,omitempty"`
	Expires string   `json:"expires,omitempty"`
	Version int64    `json:"version,omitempty"` // grows with each change of tokens and state
	Owner   *subject `json:"owner,omitempty"`
}

type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	At      string `json:"at,omitempty"`
	Count   int    `json:"count,omitempty"`
}

// subject is a user as an issuer names it.
type subject struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

func key(c *call) store.Key { return store.Key{Provider: c.path[1], Connection: c.path[3]} }

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func connection(c *call, from *store.Connection) resource[connectionProperties] {
	p := connectionProperties{
		AuthorizationType: "OAuth2", GrantType: "AuthorizationCode", Status: "Error",
		State: string(from.Status.State), Reason: from.Status.Reason,
		Since: moment(from.Status.Since), Expires: moment(from.Expires), Version: from.Version,
	}
	if from.Grant == credential.GrantClient {
		p.GrantType = "ClientCredentials"
	}
	if from.Status.State == store.Connected {
		p.Status = "Connected"
	}
	for name, v := range from.Parameters {
		if !credential.Secret(name) {
			if p.Parameters == nil {
				p.Parameters = map[string]string{}
			}
			p.Parameters[name] = v
		}
	}
	switch f := from.Status.Failure; {
	case f != nil:
		p.Error = &failure{f.Code, f.Message, moment(f.At), f.Count}
	case p.Status != "Connected":
		p.Error = &failure{Code: "Unauthenticated", Message: "This connection is not authenticated."}
	}
	if !from.Owner.IsZero() {
		p.Owner = &subject{from.Owner.Issuer, from.Owner.Subject}
	}
	return resource[connectionProperties]{
		ID: id(c, "authorizationProviders", from.Provider, "authorizations", from.Connection), Type: resourceType + "/authorizations",
		Name: from.Connection, Properties: p,
	}
}

func (h *Handler) listConnections(w http.ResponseWriter, c *call) error {
	page, err := paging(c)
	if err != nil {
		return err
	}
	found, total, err := h.o.Manager.Connections(c.Context(), c.path[1], page)
	if err != nil {
		return err
	}
	items := make([]resource[connectionProperties], 0, len(found))
	for _, f := range found {
		items = append(items, connection(c, f))
	}
	list(w, c, page, items, total)
	return nil
}

func (h *Handler) getConnection(w http.ResponseWriter, c *call) error {
	found, err := h.o.Manager.Connection(c.Context(), key(c))
	if err != nil {
		return err
	}
	w.Header().Set("ETag", found.ETag)
	writeJSON(w, http.StatusOK, connection(c, found))
	return nil
}

func (h *Handler) putConnection(w http.ResponseWriter, c *call) error {
	m, err := match(c)
	if err != nil {
		return err
	}
	var body struct {
		Properties connectionProperties `json:"properties"`
	}
	if err := readJSON(c, &body, true); err != nil {
		return err
	}
	given := body.Properties
	in := &store.Connection{Key: key(c)}
	if given.AuthorizationType != "" && !strings.EqualFold(given.AuthorizationType, "OAuth2") {
		return invalid("authorizationType may be OAuth2 only.")
	}
	switch strings.ToLower(given.GrantType) {
	case "":
	case "authorizationcode":
		in.Grant = credential.GrantCode
	case "clientcredentials":
		in.Grant = credential.GrantClient
	default:
		return invalid("oauth2grantType wants AuthorizationCode or ClientCredentials.")
	}
	if given.Owner != nil {
		in.Owner = store.Subject{Issuer: given.Owner.Issuer, Subject: given.Owner.Subject}
	}
	in.Parameters, in.Secrets = credential.Split(given.Parameters)
	created, err := h.o.Manager.PutConnection(c.Context(), in, m)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", in.ETag)
	writeJSON(w, putStatus(created), connection(c, in))
	return nil
}

func (h *Handler) deleteConnection(w http.ResponseWriter, c *call) error {
	m, err := mustMatch(c)
	if err != nil {
		return err
	}
	return deleted(w, h.o.Manager.DeleteConnection(c.Context(), key(c), m))
}

func (h *Handler) getLoginLinks(w http.ResponseWriter, c *call) error {
	var body struct {
		Redirect string   `json:"postLoginRedirectUrl"`
		User     *subject `json:"user"`
		Confirm  bool     `json:"confirm"`
	}
	if err := readJSON(c, &body, true); err != nil {
		return err
	}
	r := credential.LinkRequest{Redirect: body.Redirect, Confirm: body.Confirm}
	if body.User != nil {
		r.User = store.Subject{Issuer: body.User.Issuer, Subject: body.User.Subject}
		if r.User.Issuer == "" || r.User.Subject == "" {
			return invalid("user wants issuer and subject.")
		}
	}
	link, err := h.o.Manager.Link(c.Context(), key(c), r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"loginLink": link})
	return nil
}

func (h *Handler) confirmConsentCode(w http.ResponseWriter, c *call) error {
	var body struct {
		Code string `json:"consentCode"`
	}
	if err := readJSON(c, &body, false); err != nil {
		return err
	}
	if err := h.o.Manager.Confirm(c.Context(), key(c), body.Code); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (h *Handler) test(w http.ResponseWriter, c *call) error {
	expires, err := h.o.Manager.Use(c.Context(), key(c))
	if err != nil {
		return err
	}
	found, err := h.o.Manager.Connection(c.Context(), key(c))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"state": string(found.Status.State), "expires": moment(expires)})
	return nil
}

func (h *Handler) revoke(w http.ResponseWriter, c *call) error {
	if err := h.o.Manager.Revoke(c.Context(), key(c)); err != nil {
		return err
	}
	return h.getConnection(w, c)
}

type policyProperties struct {
	TenantID string   `json:"tenantId,omitempty"`
	ObjectID string   `json:"objectId,omitempty"`
	AppIDs   []string `json:"appIds,omitempty"`
	// Kind is managed, user, group or servicePrincipal; "" is any of the last three.
	Kind string `json:"kind,omitempty"`
}

func policy(c *call, p *store.AccessPolicy) resource[policyProperties] {
	return resource[policyProperties]{
		ID:   id(c, "authorizationProviders", p.Provider, "authorizations", p.Connection, "accessPolicies", p.ID),
		Type: resourceType + "/authorizations/accessPolicies", Name: p.ID,
		Properties: policyProperties{p.TenantID, p.ObjectID, p.AppIDs, string(p.Kind)},
	}
}

func (h *Handler) listPolicies(w http.ResponseWriter, c *call) error {
	page, err := paging(c)
	if err != nil {
		return err
	}
	found, total, err := h.o.Manager.AccessPolicies(c.Context(), key(c), page)
	if err != nil {
		return err
	}
	items := make([]resource[policyProperties], 0, len(found))
	for _, p := range found {
		items = append(items, policy(c, p))
	}
	list(w, c, page, items, total)
	return nil
}

func (h *Handler) getPolicy(w http.ResponseWriter, c *call) error {
	p, err := h.o.Manager.AccessPolicy(c.Context(), key(c), c.path[5])
	if err != nil {
		return err
	}
	w.Header().Set("ETag", p.ETag)
	writeJSON(w, http.StatusOK, policy(c, p))
	return nil
}

func (h *Handler) putPolicy(w http.ResponseWriter, c *call) error {
	m, err := match(c)
	if err != nil {
		return err
	}
	var body struct {
		Properties policyProperties `json:"properties"`
	}
	if err := readJSON(c, &body, false); err != nil {
		return err
	}
	given := body.Properties
	p := &store.AccessPolicy{
		Key: key(c), ID: c.path[5], TenantID: given.TenantID, ObjectID: given.ObjectID, AppIDs: given.AppIDs, Kind: store.PolicyKind(given.Kind),
	}
	if !slices.Contains([]store.PolicyKind{"", store.Managed, store.User, store.Group, store.ServicePrincipal}, p.Kind) {
		return invalid("kind wants managed, user, group or servicePrincipal.")
	}
	created, err := h.o.Manager.PutAccessPolicy(c.Context(), p, m)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", p.ETag)
	writeJSON(w, putStatus(created), policy(c, p))
	return nil
}

func (h *Handler) deletePolicy(w http.ResponseWriter, c *call) error {
	m, err := mustMatch(c)
	if err != nil {
		return err
	}
	return deleted(w, h.o.Manager.DeleteAccessPolicy(c.Context(), key(c), c.path[5], m))
}
