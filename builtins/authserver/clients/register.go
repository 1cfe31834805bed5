package clients

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxRequest is the longest registration request, in bytes.
const maxRequest = 64 << 10

// registration is what a client is answered (RFC 7591 §3.2.1).
type registration struct {
	ClientID        string   `json:"client_id"`
	Issued          int64    `json:"client_id_issued_at"`
	Secret          string   `json:"client_secret,omitempty"`
	SecretExpires   *int64   `json:"client_secret_expires_at,omitempty"`
	URI             string   `json:"registration_client_uri,omitempty"`
	AccessToken     string   `json:"registration_access_token,omitempty"`
	Name            string   `json:"client_name,omitempty"`
	HomePage        string   `json:"client_uri,omitempty"`
	RedirectURIs    []string `json:"redirect_uris"`
	GrantTypes      []string `json:"grant_types"`
	ResponseTypes   []string `json:"response_types"`
	AuthMethod      string   `json:"token_endpoint_auth_method"`
	ApplicationType string   `json:"application_type,omitempty"`
	Scope           string   `json:"scope,omitempty"`
}

// ServeHTTP is the registration endpoint: POST registers (RFC 7591), and GET with the token
// that was answered reads a registration (RFC 7592 §2.1). Registrations are not changed or
// deleted: identical ones are shared, and unused ones end by themselves.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "no-store")
	switch req.Method {
	case http.MethodPost:
		r.servePost(w, req)
	case http.MethodGet:
		r.serveGet(w, req)
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "POST, GET")
		h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, MCP-Protocol-Version")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	default:
		h.Set("Allow", "POST, GET, OPTIONS")
		refuse(w, http.StatusMethodNotAllowed, "invalid_request", "clients register with POST")
	}
}

func (r *Registry) servePost(w http.ResponseWriter, req *http.Request) {
	s := r.state.Load()
	if !s.Dynamic {
		refuse(w, http.StatusForbidden, "access_denied", "clients do not register themselves here")
		return
	}
	// A type that browsers do not send across origins without asking, too.
	if media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || media != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, invalidMetadata, "a registration is application/json")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxRequest))
	if err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			refuse(w, http.StatusRequestEntityTooLarge, invalidMetadata, "the request is too long")
		} else {
			refuse(w, http.StatusBadRequest, invalidMetadata, "the request could not be read")
		}
		return
	}
	m, sent, err := readRegistration(body, s.RedirectHosts)
	if err != nil {
		var bad *metadataError
		errors.As(err, &bad)
		refuse(w, http.StatusBadRequest, bad.code, bad.text)
		return
	}
	ctx := req.Context()
	key, err := r.secretKey(ctx)
	var name string
	var v *row
	if err == nil {
		name, v, err = r.register(ctx, key, m)
	}
	id := name
	if err == nil && m.AuthMethod != AuthNone {
		id, err = confidentialID(key, r.o.Rand, name)
	}
	if err != nil {
		if errors.Is(err, errFull) {
			r.o.Log.WarnContext(ctx, "a client was not registered: there are as many as there may be, and all are used", "maximum", s.Maximum)
		} else {
			r.o.Log.ErrorContext(ctx, "a client could not be registered", "err", err)
		}
		w.Header().Set("Retry-After", "60")
		refuse(w, http.StatusServiceUnavailable, "temporarily_unavailable", "clients cannot be registered at the moment")
		return
	}
	out := r.answer(req, s, key, id, v)
	out.RedirectURIs = sent
	reply(w, http.StatusCreated, out)
}

// answer is what a client is told about itself.
func (r *Registry) answer(req *http.Request, s *state, key []byte, id string, v *row) *registration {
	out := &registration{
		ClientID: id, Issued: v.Issued, Name: v.Name, HomePage: v.URI, RedirectURIs: v.RedirectURIs,
		GrantTypes: v.GrantTypes, ResponseTypes: []string{"code"}, AuthMethod: v.AuthMethod,
		ApplicationType: v.ApplicationType, Scope: v.Scope,
	}
	if v.AuthMethod != AuthNone {
		out.Secret, out.SecretExpires = secretOf(key, id), new(int64) // 0: it does not expire
	}
	if o := origin(s.Issuer); o != "" {
		out.URI = o + req.URL.EscapedPath() + "?client_id=" + url.QueryEscape(id)
		out.AccessToken = managementToken(key, id)
	}
	return out
}

func (r *Registry) serveGet(w http.ResponseWriter, req *http.Request) {
	ctx := req.Context()
	id := req.URL.Query().Get("client_id")
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	key, err := r.secretKey(ctx)
	// Whether there is such a client is told to nobody else.
	if err == nil && (!strings.EqualFold(scheme, "Bearer") || !same(token, managementToken(key, id))) {
		err = ErrUnknown
	}
	var c *Client
	if err == nil {
		c, err = r.dynamic(ctx, id)
	}
	var v *row
	if err == nil {
		name, _, _ := strings.Cut(c.ID, ".")
		_, v, err = r.row(ctx, name)
	}
	switch {
	case errors.Is(err, ErrUnknown):
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		refuse(w, http.StatusUnauthorized, "invalid_token", "this registration is not known, or the token is not its")
	case err != nil:
		r.o.Log.ErrorContext(ctx, "a registration could not be read", "err", err)
		refuse(w, http.StatusServiceUnavailable, "temporarily_unavailable", "registrations cannot be read at the moment")
	default:
		reply(w, http.StatusOK, r.answer(req, r.state.Load(), key, id, v))
	}
}

// refuse answers an error of OAuth.
func refuse(w http.ResponseWriter, status int, code, description string) {
	reply(w, status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// Whoever does not read the answer has left.
	_ = json.NewEncoder(w).Encode(v)
}
