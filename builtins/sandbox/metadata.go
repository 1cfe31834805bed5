package sandbox

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// managed answers as the token endpoints of managed identities do: all values are strings.
func (s *Sandbox) managed(w http.ResponseWriter, p parameters, more func(t issued, answer map[string]string)) {
	k := s.known.Load()
	resource, name := p["resource"], p["client_id"]
	if name == "" {
		name = System
	}
	app := k.applications[name]
	switch {
	case resource == "":
		refuse("invalid_request", "Required query variable 'resource' is missing").write(w)
		return
	case app == nil || app.Secret != "":
		refuse("invalid_request", "Identity not found").write(w)
		return
	}
	t, err := s.applicationToken(k, app, resource, "1.0", "2")
	if err != nil {
		errUnavailable.write(w)
		return
	}
	answer := map[string]string{
		"access_token": t.token, "client_id": app.ID, "resource": resource, "token_type": "Bearer",
		"expires_on": strconv.FormatInt(t.expire.Unix(), 10),
		"not_before": strconv.FormatInt(t.from.Unix(), 10),
	}
	if more != nil {
		more(t, answer)
	}
	writeJSON(w, http.StatusOK, answer)
}

// fromHere refuses what a page or a proxy could have been made to send: the header
// Metadata must be there, and none that proxies add.
func fromHere(r *http.Request) bool {
	return r.Header.Get("Metadata") == "true" && r.Header.Get("X-Forwarded-For") == ""
}

// imds is the endpoint of the Instance Metadata Service.
func (s *Sandbox) imds(w http.ResponseWriter, r *http.Request) {
	p, once := readParameters(r.URL.Query())
	version, err := time.Parse(time.DateOnly, p["api-version"])
	switch {
	case !fromHere(r):
		refuse("bad_request_102", "Required metadata header not specified").write(w)
	case !once, err != nil || version.Before(time.Date(2018, 2, 1, 0, 0, 0, 0, time.UTC)):
		refuse("invalid_request", "The api-version is not there, or something is twice").write(w)
	default:
		s.managed(w, p, func(t issued, answer map[string]string) {
			seconds := strconv.FormatInt(int64(t.expire.Sub(t.from)/time.Second), 10)
			answer["refresh_token"], answer["expires_in"], answer["ext_expires_in"] = "", seconds, seconds
		})
	}
}

// appService is App Service's endpoint.
func (s *Sandbox) appService(w http.ResponseWriter, r *http.Request) {
	p, once := readParameters(r.URL.Query())
	switch {
	case r.Header.Get("X-Identity-Header") != IdentityHeader:
		writeJSON(w, http.StatusUnauthorized, map[string]any{"statusCode": 401, "message": "The header X-IDENTITY-HEADER is not the right one."})
	case !once || p["api-version"] != "2019-08-01":
		refuse("invalid_request", "The api-version must be 2019-08-01").write(w)
	default:
		s.managed(w, p, nil)
	}
}

// workload hands out the token that a platform would put into a file: it is exchanged for
// one of an application, client_id or the system identity, at the token endpoint.
func (s *Sandbox) workload(w http.ResponseWriter, r *http.Request) {
	k := s.known.Load()
	p, once := readParameters(r.URL.Query())
	name := p["client_id"]
	if name == "" {
		name = System
	}
	app := k.applications[name]
	if !fromHere(r) || !once || app == nil || app.Secret != "" {
		refuse("invalid_request", "The header Metadata must be true, and client_id that of an application without a secret").write(w)
		return
	}
	t, err := s.issue(k, federatedAudience, map[string]any{"sub": app.ID})
	if err != nil {
		errUnavailable.write(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, t.token)
}
