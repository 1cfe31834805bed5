// Package evalctx makes a context for expressions from a file, for `sekisho eval`
// and for tests: the request, the response, variables and entities are given as
// JSON, in the names of C#.
//
// A variable's JSON integer is an Int32 where it fits and an Int64 where not, a
// string a String, an object a JObject and an array a JArray; an object
// {"$type": T, "value": V} says another type: IResponse, decimal, long, DateTime,
// Guid or string[].
package evalctx

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
)

// file is the JSON form of a context.
type file struct {
	Request      *requestFile               `json:"request"`
	Response     *responseFile              `json:"response"`
	Variables    map[string]json.RawMessage `json:"variables"`
	User         *userFile                  `json:"user"`
	Subscription *subscriptionFile          `json:"subscription"`
	Product      *productFile               `json:"product"`
	API          *apiFile                   `json:"api"`
	Operation    *operationFile             `json:"operation"`
	Deployment   *deploymentFile            `json:"deployment"`
	LastError    *lastErrorFile             `json:"lastError"`
	RequestID    string                     `json:"requestId"`
	Timestamp    string                     `json:"timestamp"`
	Tracing      bool                       `json:"tracing"`
}

type requestFile struct {
	Method            string      `json:"method"`
	URL               string      `json:"url"`
	OriginalURL       string      `json:"originalUrl"`
	IPAddress         string      `json:"ipAddress"`
	Headers           multiValues `json:"headers"`
	Body              *string     `json:"body"`
	MatchedParameters values      `json:"matchedParameters"`
}

type responseFile struct {
	StatusCode   *int        `json:"statusCode"`
	StatusReason string      `json:"statusReason"`
	Headers      multiValues `json:"headers"`
	Body         *string     `json:"body"`
}

type groupFile struct{ ID, Name string }

type userFile struct {
	ID, Email, FirstName, LastName, Note string
	Groups                               []groupFile
	Identities                           []struct{ ID, Provider string }
	RegistrationDate                     string
}

type subscriptionFile struct {
	ID, Name, Key, PrimaryKey, SecondaryKey string
	CreatedDate, StartDate, EndDate         string
}

type productFile struct {
	ID, Name                               string
	Groups                                 []groupFile
	ApprovalRequired, SubscriptionRequired bool
	State                                  string
	SubscriptionsLimit                     *int32
}

type apiFile struct {
	ID, Name, Path, ServiceURL, Revision, Version string
	Protocols                                     []string
	IsCurrentRevision                             *bool
	SubscriptionKeyParameterNames                 struct{ Header, Query string }
}

type operationFile struct{ ID, Name, Method, URLTemplate string }

type deploymentFile struct {
	Region, ServiceName, ServiceID, GatewayID string
}

type lastErrorFile struct {
	Source, Reason, Message, Scope, Section, Path, PolicyID string
	HTTPErrorCode                                           int32
}

// Context is an apim.Context made from JSON. It is used by one evaluation at a
// time; bodies that expressions consume stay consumed.
type Context struct {
	id        clr.Guid
	timestamp clr.DateTime
	tracing   bool
	// Traced are the messages of context.Trace.
	Traced []string

	api       *apim.API
	operation *apim.Operation
	product   *apim.Product
	sub       *apim.Subscription
	user      *apim.User
	deploy    *apim.Deployment
	lastError *apim.LastError
	request   *request
	response  *response
	variables *variables
}

// The fixed identity of contexts that name none.
const (
	defaultID        = "11111111-2222-3333-4444-555555555555"
	defaultTimestamp = "2024-03-05T06:07:08.9012345Z"
)

// Parse makes a context of JSON; an empty one is a bare GET request.
func Parse(data []byte) (*Context, error) { return New(data, nil) }

// New makes a context of JSON; variables, if given, replace those in it.
func New(data []byte, vars map[string]json.RawMessage) (*Context, error) {
	var f file
	if len(data) > 0 {
		if err := json.Unmarshal(data, &f); err != nil {
			return nil, fmt.Errorf("read the context: %w", err)
		}
	}
	if f.RequestID == "" {
		f.RequestID = defaultID
	}
	if f.Timestamp == "" {
		f.Timestamp = defaultTimestamp
	}
	if vars != nil {
		f.Variables = vars
	}
	c := &Context{tracing: f.Tracing}
	var err error
	if ex := clr.Try(func() { err = c.fill(&f) }); ex != nil {
		return nil, fmt.Errorf("read the context: %s", ex.Message)
	}
	return c, err
}

func (c *Context) fill(f *file) error {
	c.id = clr.ParseGuid(f.RequestID)
	c.timestamp = date(f.Timestamp)
	c.request = &request{method: "GET", url: parseURL(""), original: parseURL("")}
	if r := f.Request; r != nil {
		c.request = &request{
			method: r.Method, url: parseURL(r.URL), original: parseURL(r.OriginalURL), ip: r.IPAddress,
			headers: r.Headers, params: r.MatchedParameters, body: newBody(r.Body, r.Headers),
		}
		if r.OriginalURL == "" {
			c.request.original = c.request.url
		}
	}
	c.response = newResponse(f.Response)
	c.variables = &variables{}
	for _, name := range sortedKeys(f.Variables) {
		v, err := variable(f.Variables[name])
		if err != nil {
			return fmt.Errorf("read the variable %q: %w", name, err)
		}
		c.variables.set(name, v)
	}
	if u := f.User; u != nil {
		c.user = &apim.User{
			ID: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Note: u.Note,
			Groups: groups(u.Groups), RegistrationDate: date(u.RegistrationDate),
		}
		for _, i := range u.Identities {
			c.user.Identities = append(c.user.Identities, apim.UserIdentity{ID: i.ID, Provider: i.Provider})
		}
	}
	if s := f.Subscription; s != nil {
		c.sub = &apim.Subscription{
			ID: s.ID, Name: s.Name, Key: s.Key, PrimaryKey: s.PrimaryKey, SecondaryKey: s.SecondaryKey,
			CreatedDate: date(s.CreatedDate), StartDate: optionalDate(s.StartDate), EndDate: optionalDate(s.EndDate),
		}
	}
	if p := f.Product; p != nil {
		c.product = &apim.Product{
			ID: p.ID, Name: p.Name, Groups: groups(p.Groups), ApprovalRequired: p.ApprovalRequired,
			SubscriptionRequired: p.SubscriptionRequired, Published: p.State != "NotPublished", SubscriptionsLimit: p.SubscriptionsLimit,
		}
	}
	c.api = &apim.API{IsCurrentRevision: true}
	if a := f.API; a != nil {
		c.api = &apim.API{
			ID: a.ID, Name: a.Name, Path: a.Path, Protocols: a.Protocols, Revision: a.Revision, Version: a.Version,
			SubscriptionKey: a.SubscriptionKeyParameterNames, IsCurrentRevision: a.IsCurrentRevision == nil || *a.IsCurrentRevision,
		}
		if a.ServiceURL != "" {
			c.api.ServiceURL = parseURL(a.ServiceURL)
		}
	}
	c.operation = &apim.Operation{}
	if o := f.Operation; o != nil {
		c.operation = &apim.Operation{ID: o.ID, Name: o.Name, Method: o.Method, URLTemplate: o.URLTemplate}
	}
	c.deploy = &apim.Deployment{GatewayID: "managed", Gateway: apim.Gateway{ID: "managed", InstanceID: "managed", IsManaged: true}}
	if d := f.Deployment; d != nil {
		c.deploy.Region, c.deploy.ServiceName, c.deploy.ServiceID = d.Region, d.ServiceName, d.ServiceID
		if d.GatewayID != "" {
			c.deploy.GatewayID = d.GatewayID
		}
	}
	if e := f.LastError; e != nil {
		c.lastError = &apim.LastError{
			Source: e.Source, Reason: e.Reason, Message: e.Message, Scope: e.Scope, Section: e.Section,
			Path: e.Path, PolicyID: e.PolicyID, HTTPErrorCode: e.HTTPErrorCode,
		}
	}
	return nil
}

func groups(fs []groupFile) []*apim.Group {
	out := make([]*apim.Group, len(fs))
	for i, g := range fs {
		out[i] = &apim.Group{ID: g.ID, Name: g.Name}
	}
	return out
}

func date(s string) clr.DateTime {
	if s == "" {
		return clr.DateTime{}
	}
	return parseDate(s)
}

func optionalDate(s string) *clr.DateTime {
	if s == "" {
		return nil
	}
	d := parseDate(s)
	return &d
}

func parseDate(s string) clr.DateTime {
	return clr.ParseDateTime(s, clr.RoundtripKind, epoch)
}

// variable reads a variable's JSON.
func variable(raw json.RawMessage) (any, error) {
	s := strings.TrimSpace(string(raw))
	if strings.HasPrefix(s, "{") {
		var t struct {
			Type  string          `json:"$type"`
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(raw, &t); err != nil {
			return nil, err
		}
		if t.Type != "" {
			return typed(t.Type, t.Value)
		}
		return newtonsoft.ParseObject(s), nil
	}
	switch {
	case s == "null" || s == "":
		return nil, nil
	case s == "true", s == "false":
		return s == "true", nil
	case strings.HasPrefix(s, "["):
		return newtonsoft.ParseArray(s), nil
	case strings.HasPrefix(s, `"`):
		var v string
		err := json.Unmarshal(raw, &v)
		return v, err
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if int64(int32(n)) == n {
			return int32(n), nil
		}
		return n, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err
}

func typed(typ string, raw json.RawMessage) (any, error) {
	text := strings.Trim(string(raw), `"`)
	switch typ {
	case "IResponse":
		var r responseFile
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
		return newResponse(&r), nil
	case "decimal":
		return clr.ParseDecimal(text, clr.StyleFloat), nil
	case "long":
		return strconv.ParseInt(text, 10, 64)
	case "DateTime":
		return parseDate(text), nil
	case "Guid":
		return clr.ParseGuid(text), nil
	case "string[]":
		var list []string
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		return dotnet.StringArray(list), nil
	}
	return nil, fmt.Errorf("there is no $type %q: IResponse, decimal, long, DateTime, Guid and string[] are", typ)
}

// parseURL takes an absolute URL apart without changing its path.
func parseURL(s string) *apim.URL {
	u := &apim.URL{Query: multiValues{}}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return u
	}
	u.Scheme = scheme
	i := strings.IndexAny(rest, "/?#")
	if i < 0 {
		i = len(rest)
	}
	u.Host, rest = rest[:i], rest[i:]
	u.Port = 80
	if scheme == "https" {
		u.Port = 443
	}
	if host, port, ok := strings.Cut(u.Host, ":"); ok && !strings.HasPrefix(u.Host, "[") {
		u.Host = host
		if n, err := strconv.Atoi(port); err == nil {
			u.Port = n
		}
	}
	rest, _, _ = strings.Cut(rest, "#")
	path, query, hasQuery := strings.Cut(rest, "?")
	if path == "" {
		path = "/"
	}
	u.Path = path
	if hasQuery {
		u.QueryString = "?" + query
		u.Query = parseQuery(query)
	}
	return u
}

func parseQuery(query string) multiValues {
	var m multiValues
	for _, part := range strings.Split(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		m.add(unescape(name), unescape(value))
	}
	return m
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}
