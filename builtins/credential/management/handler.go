package management

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"sekisho/builtins/credential"
	"sekisho/builtins/credential/store"
)

// Prefix is where the Handler expects to be mounted.
const Prefix = "/management/"

// Options are what a Handler works with.
type Options struct {
	Manager *credential.Manager
	// Token is what callers must present; as long as it returns "", nobody is let in.
	Token func() string
	Log   *slog.Logger
}

// Handler answers below Prefix.
type Handler struct{ o Options }

// New makes a Handler.
func New(o Options) *Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{o}
}

// maxBody bounds what is read of a request, in bytes.
const maxBody = 256 << 10

// call is a request on its way: where it goes and how its answer names resources.
type call struct {
	*http.Request
	base string   // Azure's path before the resource, "" for the short one
	path []string // segments of the resource
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !h.authenticated(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="sekisho management"`)
		writeError(w, http.StatusUnauthorized, "Unauthorized", "The admin token is missing or wrong.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	c, ok := parse(r)
	if !ok {
		writeError(w, http.StatusNotFound, "ResourceNotFound", "There is no such resource.")
		return
	}
	h.route(w, c)
}

// authenticated compares digests, so that neither the token nor its length shows in how
// long it takes.
func (h *Handler) authenticated(r *http.Request) bool {
	want := h.o.Token()
	lines := r.Header.Values("Authorization")
	if want == "" || len(lines) != 1 {
		return false
	}
	scheme, token, ok := strings.Cut(lines[0], " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return false
	}
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

var azurePath = regexp.MustCompile(`(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.ApiManagement/service/[^/]+`)

func parse(r *http.Request) (*call, bool) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), strings.TrimSuffix(Prefix, "/"))
	if !ok {
		return nil, false
	}
	c := &call{Request: r, base: azurePath.FindString(rest)}
	for _, s := range strings.Split(strings.Trim(rest[len(c.base):], "/"), "/") {
		name, err := url.PathUnescape(s)
		if err != nil || name == "" || strings.Contains(name, "/") {
			return nil, false
		}
		c.path = append(c.path, name)
	}
	return c, strings.EqualFold(c.path[0], "authorizationProviders")
}

// is tells whether a segment is a word, which Azure writes in any case.
func (c *call) is(i int, word string) bool {
	return i < len(c.path) && strings.EqualFold(c.path[i], word)
}

// route finds the method for a path: authorizationProviders/{p}/authorizations/{a}/….
func (h *Handler) route(w http.ResponseWriter, c *call) {
	type methods map[string]func(http.ResponseWriter, *call) error
	var m methods
	n := len(c.path)
	switch {
	case n == 1:
		m = methods{"GET": h.listProviders}
	case n == 2:
		m = methods{"GET": h.getProvider, "PUT": h.putProvider, "DELETE": h.deleteProvider}
	case !c.is(2, "authorizations"):
	case n == 3:
		m = methods{"GET": h.listConnections}
	case n == 4:
		m = methods{"GET": h.getConnection, "PUT": h.putConnection, "DELETE": h.deleteConnection}
	case n == 5 && c.is(4, "getLoginLinks"):
		m = methods{"POST": h.getLoginLinks}
	case n == 5 && c.is(4, "confirmConsentCode"):
		m = methods{"POST": h.confirmConsentCode}
	case n == 5 && c.is(4, "test"):
		m = methods{"POST": h.test}
	case n == 5 && c.is(4, "revoke"):
		m = methods{"POST": h.revoke}
	case n == 5 && c.is(4, "accessPolicies"):
		m = methods{"GET": h.listPolicies}
	case n == 6 && c.is(4, "accessPolicies"):
		m = methods{"GET": h.getPolicy, "PUT": h.putPolicy, "DELETE": h.deletePolicy}
	}
	if m == nil {
		writeError(w, http.StatusNotFound, "ResourceNotFound", "There is no such resource.")
		return
	}
	method := c.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	serve := m[method]
	if serve == nil {
		for name := range m {
			w.Header().Add("Allow", name)
		}
		writeError(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "The resource does not have this method.")
		return
	}
	if err := serve(w, c); err != nil {
		h.fail(w, c, err)
	}
}

// statusOf maps the codes of the credential manager.
var statusOf = map[string]int{
	credential.CodeNotFound: http.StatusNotFound, credential.CodeDenied: http.StatusForbidden,
	credential.CodeLimit: http.StatusTooManyRequests, credential.CodeState: http.StatusConflict,
	credential.CodeProvider: http.StatusBadGateway, credential.CodeInvalid: http.StatusBadRequest,
	credential.CodeConflict: http.StatusConflict, credential.CodeCondition: http.StatusPreconditionFailed,
	credential.CodeTooMany: http.StatusConflict,
}

func (h *Handler) fail(w http.ResponseWriter, c *call, err error) {
	var e *credential.Error
	if errors.As(err, &e) && statusOf[e.Code] != 0 {
		code := e.Code
		if code == credential.CodeNotFound {
			code = "ResourceNotFound"
		}
		writeError(w, statusOf[e.Code], code, e.Message)
		return
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		writeError(w, http.StatusGatewayTimeout, "Timeout", "That took too long.")
		return
	}
	h.o.Log.Error("a management request failed", "method", c.Method, "path", c.URL.Path, "error", err.Error())
	writeError(w, http.StatusInternalServerError, "InternalServerError", "The gateway could not do this; its log says why.")
}

// writeError writes an error as Azure Resource Manager does.
func writeError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"code": code, "message": message, "details": nil}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic("management: internal error: a resource that is no JSON: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that has gone misses nothing
}

func invalid(message string) error {
	return &credential.Error{Code: credential.CodeInvalid, Message: message}
}

// readJSON reads the body of a request; an empty one is {} where that is allowed.
func readJSON(c *call, out any, mayBeEmpty bool) error {
	data, err := io.ReadAll(c.Body)
	if err != nil {
		return invalid("The body cannot be read, or is longer than 256 KiB.")
	}
	if len(data) == 0 && mayBeEmpty {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return invalid("The body is not the JSON that is wanted here.")
	}
	return nil
}

// match is the condition of a write.
func match(c *call) (store.Match, error) {
	ifMatch, ifNone := c.Header.Get("If-Match"), c.Header.Get("If-None-Match")
	switch {
	case ifMatch != "" && ifNone != "":
		return "", invalid("If-Match and If-None-Match exclude each other.")
	case ifNone == "*":
		return store.Absent, nil
	case ifNone != "":
		return "", invalid("If-None-Match may be * only.")
	case ifMatch == "*":
		return store.Exists, nil
	case ifMatch == string(store.Absent):
		return "", invalid("If-Match wants an ETag.")
	}
	return store.Match(ifMatch), nil
}

// mustMatch is match for requests that need If-Match.
func mustMatch(c *call) (store.Match, error) {
	m, err := match(c)
	if err == nil && (m == store.Always || m == store.Absent) {
		err = invalid("If-Match must be given: the ETag of the resource, or *.")
	}
	return m, err
}

// paging reads $top and $skip.
func paging(c *call) (store.Page, error) {
	p := store.Page{Top: defaultTop}
	for _, q := range []struct {
		name string
		to   *int
		min  int
	}{{"$top", &p.Top, 1}, {"$skip", &p.Skip, 0}} {
		if text := c.URL.Query().Get(q.name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < q.min || n > 1_000_000 {
				return p, invalid(q.name + " wants a number.")
			}
			*q.to = n
		}
	}
	p.Top = min(p.Top, maxTop)
	return p, nil
}

// How many resources a page has.
const (
	defaultTop = 100
	maxTop     = 1000
)

// list writes a page.
func list[T any](w http.ResponseWriter, c *call, page store.Page, items []T, total int) {
	if items == nil {
		items = []T{}
	}
	out := map[string]any{"value": items, "count": total}
	if next := page.Skip + len(items); next < total && len(items) > 0 {
		q := c.URL.Query()
		q.Set("$skip", strconv.Itoa(next))
		q.Set("$top", strconv.Itoa(page.Top))
		out["nextLink"] = c.URL.EscapedPath() + "?" + q.Encode()
	}
	writeJSON(w, http.StatusOK, out)
}
