package clients

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxRedirects         = 10
	maxDocumentRedirects = 50
	maxScope             = 1000
)

// metadata is what a client says of itself, as it is kept.
type metadata struct {
	Name            string   `json:"name,omitempty"`
	URI             string   `json:"uri,omitempty"`
	RedirectURIs    []string `json:"redirectUris"`
	AuthMethod      string   `json:"authMethod"`
	GrantTypes      []string `json:"grantTypes"`
	Scope           string   `json:"scope,omitempty"`
	ApplicationType string   `json:"applicationType,omitempty"`
}

// The errors of a registration (RFC 7591 §3.2.2).
const (
	invalidRedirect = "invalid_redirect_uri"
	invalidMetadata = "invalid_client_metadata"
	unapproved      = "unapproved_software_statement"
)

// The grant types that a client may register for.
const (
	codeGrant    = "authorization_code"
	refreshGrant = "refresh_token"
)

// metadataError is what is wrong with metadata.
type metadataError struct{ code, text string }

func (e *metadataError) Error() string { return e.text }

func faulty(format string, args ...any) error {
	return &metadataError{invalidMetadata, fmt.Sprintf(format, args...)}
}

func badRedirect(format string, args ...any) error {
	return &metadataError{invalidRedirect, fmt.Sprintf(format, args...)}
}

// readRegistration reads the body of a registration request. It returns the redirect URIs
// as they were sent beside those that are kept.
func readRegistration(data []byte, redirectHosts []string) (m *metadata, sent []string, err error) {
	o, err := readObject(data)
	if err != nil {
		return nil, nil, faulty("the request: %v", err)
	}
	if o.has("software_statement") {
		return nil, nil, &metadataError{unapproved, "software statements are not accepted"}
	}
	m = &metadata{}
	if err := m.common(o); err != nil {
		return nil, nil, err
	}
	if sent, err = redirects(o, maxRedirects); err != nil {
		return nil, nil, err
	}
	for _, uri := range sent {
		if !hostAllowed(redirectHosts, uri) {
			return nil, nil, badRedirect("codes are not sent to %s", redirectHost(uri))
		}
		// Clients take any free port of their machine, and register anew for each.
		if bare, ok := withoutPort(uri); ok {
			uri = bare
		}
		m.RedirectURIs = append(m.RedirectURIs, uri)
	}
	slices.Sort(m.RedirectURIs)
	m.RedirectURIs = slices.Compact(m.RedirectURIs)

	grants, err := o.texts("grant_types", 20)
	if err != nil {
		return nil, nil, faulty("%v", err)
	}
	for _, g := range grants {
		if g != codeGrant && g != refreshGrant {
			return nil, nil, faulty("grant_types may have %s and %s", codeGrant, refreshGrant)
		}
	}
	if err := m.setGrants(grants); err != nil {
		return nil, nil, err
	}
	responses, err := o.texts("response_types", 20)
	if err != nil {
		return nil, nil, faulty("%v", err)
	}
	for _, r := range responses {
		if r != "code" {
			return nil, nil, faulty("response_types may have code alone")
		}
	}
	if o.has("response_types") && len(responses) == 0 {
		return nil, nil, faulty("response_types must have code")
	}
	switch m.AuthMethod {
	case "":
		m.AuthMethod = AuthBasic // the default of RFC 7591
	case AuthNone, AuthBasic, AuthPost:
	default:
		return nil, nil, faulty("token_endpoint_auth_method may be %s, %s or %s", AuthNone, AuthBasic, AuthPost)
	}
	return m, sent, nil
}

// readDocument reads the metadata document at a URL. What a document says to other
// authorization servers, such as grant types that are not ours, is passed over.
func readDocument(data []byte, clientID string) (*metadata, error) {
	o, err := readObject(data)
	if err != nil {
		return nil, faulty("the document: %v", err)
	}
	id, err := o.text("client_id")
	if err != nil {
		return nil, faulty("%v", err)
	}
	if id != clientID {
		return nil, faulty("client_id in the document is not the URL that it was fetched from")
	}
	m := &metadata{}
	if err := m.common(o); err != nil {
		return nil, err
	}
	if m.Name == "" {
		return nil, faulty("client_name is missing")
	}
	if m.RedirectURIs, err = redirects(o, maxDocumentRedirects); err != nil {
		return nil, err
	}
	grants, err := o.texts("grant_types", 20)
	if err != nil {
		return nil, faulty("%v", err)
	}
	if len(grants) > 0 && !slices.Contains(grants, codeGrant) {
		return nil, faulty("grant_types must have %s", codeGrant)
	}
	if err := m.setGrants(slices.DeleteFunc(grants, func(g string) bool { return g != codeGrant && g != refreshGrant })); err != nil {
		return nil, err
	}
	responses, err := o.texts("response_types", 20)
	if err != nil {
		return nil, faulty("%v", err)
	}
	if o.has("response_types") && !slices.Contains(responses, "code") {
		return nil, faulty("response_types must have code")
	}
	for _, secret := range []string{"client_secret", "client_secret_expires_at"} {
		if _, ok := o[secret]; ok {
			return nil, faulty("a metadata document must not have %s", secret)
		}
	}
	switch m.AuthMethod {
	case "", AuthNone:
		m.AuthMethod = AuthNone
	case "private_key_jwt":
		return nil, faulty("token_endpoint_auth_method private_key_jwt is not supported: publish a public client, with none")
	default:
		return nil, faulty("token_endpoint_auth_method must be none in a metadata document")
	}
	return m, nil
}

// common reads what both have in common.
func (m *metadata) common(o object) error {
	text := map[string]string{}
	for _, name := range []string{"client_name", "client_uri", "logo_uri", "scope", "token_endpoint_auth_method", "application_type", "jwks_uri"} {
		s, err := o.text(name)
		if err != nil {
			return faulty("%v", err)
		}
		text[name] = s
	}
	for _, name := range []string{"client_uri", "logo_uri"} { // the logo is neither fetched nor shown
		if text[name] == "" {
			continue
		}
		// Where on the page is nothing that is needed.
		text[name], _, _ = strings.Cut(text[name], "#")
		if !strings.HasPrefix(text[name], "https://") || checkRedirect(text[name]) != nil {
			return faulty("%s must be an https URL", name)
		}
	}
	if o.has("jwks") && o.has("jwks_uri") {
		return faulty("jwks and jwks_uri exclude each other")
	}
	switch text["application_type"] {
	case "", "web", "native":
	default:
		return faulty("application_type may be web or native")
	}
	scope, err := cleanScope(text["scope"])
	if err != nil {
		return err
	}
	m.Name, m.URI, m.Scope = cleanName(text["client_name"]), text["client_uri"], scope
	m.AuthMethod, m.ApplicationType = text["token_endpoint_auth_method"], text["application_type"]
	return nil
}

// setGrants keeps grant types in one order; none are the default of RFC 7591.
func (m *metadata) setGrants(grants []string) error {
	if len(grants) > 0 && !slices.Contains(grants, codeGrant) {
		return faulty("grant_types must have %s", codeGrant)
	}
	m.GrantTypes = []string{codeGrant}
	if slices.Contains(grants, refreshGrant) {
		m.GrantTypes = append(m.GrantTypes, refreshGrant)
	}
	return nil
}

// redirects reads redirect_uris.
func redirects(o object, n int) ([]string, error) {
	list, err := o.texts("redirect_uris", n)
	if err != nil {
		return nil, badRedirect("%v", err)
	}
	if len(list) == 0 {
		return nil, badRedirect("redirect_uris is missing")
	}
	for i, uri := range list {
		if err := checkRedirect(uri); err != nil {
			return nil, badRedirect("redirect_uris, number %d: %v", i+1, err)
		}
	}
	return list, nil
}

// cleanScope checks the names of scopes (RFC 6749 §3.3) and separates them by one space.
func cleanScope(s string) (string, error) {
	if len(s) > maxScope {
		return "", faulty("scope is too long")
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", faulty("scope has characters that no scope has")
		}
	}
	return strings.Join(strings.Fields(s), " "), nil
}
