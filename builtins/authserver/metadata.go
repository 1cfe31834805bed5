package authserver

import (
	"encoding/json"
	"net/http"
)

// standardScopes mean something to OpenID and OAuth and nothing to any server: they are
// accepted, since clients ask for them out of habit, and only offline_access is told of.
var standardScopes = []string{"openid", "profile", "email", "address", "phone", offlineAccess}

const offlineAccess = "offline_access"

// metadata are what clients learn of the Server (RFC 8414). The OpenID forms say the same:
// MCP clients look there too, for these members; there are no id_tokens here.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	RegistrationEndpoint  string   `json:"registration_endpoint,omitempty"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	TokenAuth             []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth        []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuth     []string `json:"introspection_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	IssParameter          bool     `json:"authorization_response_iss_parameter_supported"`
	Documents             bool     `json:"client_id_metadata_document_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	Request               bool     `json:"request_parameter_supported"`
	RequestURI            bool     `json:"request_uri_parameter_supported"`
}

// document is the metadata as JSON.
func (set *settings) document() ([]byte, error) {
	m := metadata{
		Issuer:                set.Issuer,
		AuthorizationEndpoint: set.base + "authorize", TokenEndpoint: set.base + "token",
		RevocationEndpoint: set.base + "revoke", IntrospectionEndpoint: set.base + "introspect", JWKSURI: set.base + "jwks",
		Scopes:            append(append([]string{}, set.scopes...), offlineAccess),
		ResponseTypes:     []string{"code"},
		ResponseModes:     []string{"query"},
		GrantTypes:        []string{"authorization_code", "refresh_token"},
		TokenAuth:         []string{"none", "client_secret_basic", "client_secret_post"},
		RevocationAuth:    []string{"none", "client_secret_basic", "client_secret_post"},
		IntrospectionAuth: []string{"client_secret_basic", "client_secret_post"},
		ChallengeMethods:  []string{"S256"},
		IssParameter:      true, Documents: set.Clients.Documents,
		SubjectTypes: []string{"public"}, IDTokenAlgorithms: []string{"ES256"},
	}
	if set.Clients.Dynamic {
		m.RegistrationEndpoint = set.base + "register"
	}
	return json.Marshal(m)
}

func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Del("Pragma")
	_, _ = w.Write(s.settings.Load().metadata) // to a client that has left
}

func (s *Server) jwks(w http.ResponseWriter, r *http.Request) {
	set, err := s.keys.published()
	if err != nil {
		s.o.Log.Error("the key set cannot be written", "error", err.Error())
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Del("Pragma")
	_, _ = w.Write(set) // to a client that has left
}
