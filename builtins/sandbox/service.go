package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// called is what a service answers to those who may call it: who it was, as App Service
// tells an application in headers.
type called struct {
	Service string `json:"service"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	// Application is the client id of who calls; PrincipalID and PrincipalName are the
	// user that it acts for, or itself.
	Application   string `json:"application"`
	PrincipalID   string `json:"principalId"`
	PrincipalName string `json:"principalName"`
	// Principal is X-MS-CLIENT-PRINCIPAL: a principalData as JSON in base64.
	Principal string `json:"principal"`
}

type principalData struct {
	Kind     string           `json:"auth_typ"`
	Claims   []principalClaim `json:"claims"`
	NameType string           `json:"name_typ"`
	RoleType string           `json:"role_typ"`
}

type principalClaim struct {
	Type  string `json:"typ"`
	Value string `json:"val"`
}

// service is one behind App Service authentication: 401 without a good token for it, 403
// for an application that may not call it, else 200.
func (s *Sandbox) service(w http.ResponseWriter, r *http.Request, id, path string) {
	k := s.known.Load()
	svc := k.services[id]
	if svc == nil {
		http.NotFound(w, r)
		return
	}
	challenge := fmt.Sprintf(`Bearer realm=%q, authorization_uri=%q, resource_id=%q`, r.Host, k.issuer+"/authorize", svc.Audience)
	unauthorized := func(more string) {
		challenge += more
		w.Header().Set("WWW-Authenticate", challenge)
		writeJSON(w, http.StatusUnauthorized, map[string]any{"code": 401, "message": "You do not have permission to view this directory or page."})
	}
	authorization := r.Header.Values("Authorization")
	if len(authorization) != 1 {
		unauthorized("")
		return
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		unauthorized("")
		return
	}
	claims, err := s.verify(token)
	if err != nil || claims["aud"] != svc.Audience {
		unauthorized(`, error="invalid_token"`)
		return
	}
	app := party(claims)
	if app == "" || !slices.Contains(svc.Applications, app) {
		writeJSON(w, http.StatusForbidden, map[string]any{"code": 403, "message": "The application is not on the list of those that may call."})
		return
	}
	answer := called{Service: svc.ID, Method: r.Method, Path: path, Application: app, PrincipalName: app}
	answer.PrincipalID, _ = claims["oid"].(string)
	if name, ok := claims["preferred_username"].(string); ok {
		answer.PrincipalName = name
	}
	answer.Principal = principal(claims)
	writeJSON(w, http.StatusOK, answer)
}

// principal is X-MS-CLIENT-PRINCIPAL of claims.
func principal(claims map[string]any) string {
	d := principalData{Kind: "aad", Claims: []principalClaim{}, NameType: "name", RoleType: "roles"}
	for name, value := range claims {
		values, many := value.([]any)
		if !many {
			values = []any{value}
		}
		for _, v := range values {
			text, ok := v.(string)
			if n, isNumber := v.(float64); isNumber {
				text, ok = fmt.Sprintf("%.0f", n), true
			}
			if ok {
				d.Claims = append(d.Claims, principalClaim{name, text})
			}
		}
	}
	slices.SortFunc(d.Claims, func(a, b principalClaim) int {
		return strings.Compare(a.Type+"\x00"+a.Value, b.Type+"\x00"+b.Value)
	})
	data, err := json.Marshal(d)
	if err != nil {
		panic("sandbox: internal error: " + err.Error())
	}
	return base64.StdEncoding.EncodeToString(data)
}
