package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sekisho/engine/config/route"
	"sekisho/engine/source"
)

func (b *builder) buildAPIs() {
	b.apis = map[string][]*API{}
	entries := map[*API]*fileAPI{}
	for i := range b.file.APIs {
		f := &b.file.APIs[i]
		if !f.ID.Set {
			continue
		}
		if a := b.api(f); a != nil {
			b.model.APIs = append(b.model.APIs, a)
			entries[a] = f
		}
	}
	for _, a := range b.model.APIs {
		if all := b.apis[strings.ToLower(a.ID)]; all[0] == a {
			b.revisions(all, entries)
		}
	}
}

// api makes one API of its entry; nil if its id and revision are taken.
func (b *builder) api(f *fileAPI) *API {
	a := &API{ID: f.ID.Value, Revision: f.Revision.Value, KeyHeader: f.KeyNames.Header.Value, KeyQuery: f.KeyNames.Query.Value,
		SubscriptionRequired: f.SubscriptionRequired.Value, At: f.ID.At}
	if id, rev, ok := strings.Cut(f.ID.Value, ";rev="); ok {
		if f.Revision.Set && f.Revision.Value != rev {
			b.diags.Errorf(f.Revision.At, CodeConflict, "the id says that this is revision %q", rev).WithNote(f.ID.At, "here")
		}
		a.ID, a.Revision = id, rev
	}
	if a.ID == "" || strings.ContainsAny(a.ID, "/\\; \t\r\n") || a.ID[0] == '.' {
		b.diags.Errorf(f.ID.At, CodeBadValue, "%q cannot be an id: it has no spaces, slashes or semicolons and does not begin with a dot", f.ID.Raw)
	}
	if a.Revision == "" || strings.Trim(a.Revision, "0123456789") != "" {
		b.diags.Errorf(f.Revision.At, CodeBadValue, "a revision is a number, got %q", a.Revision)
	}
	key := strings.ToLower(a.ID)
	for _, o := range b.apis[key] {
		if o.Revision == a.Revision {
			b.diags.Errorf(a.At, CodeDuplicateID, "there is already an API %q in revision %s", a.ID, a.Revision).
				WithHint("revisions of an API share its id and have different revision").WithNote(o.At, "first here")
			return nil
		}
	}
	b.apis[key] = append(b.apis[key], a)
	a.Name = cmp.Or(f.Name.Value, a.ID)
	a.Path = b.prefix(f.Path)
	a.Hosts = b.hosts(f.Hosts)
	b.version(f, a)
	b.target(f, a)
	file := a.ID
	if a.Revision != "1" {
		file += ";rev=" + a.Revision
	}
	a.Policy = b.policy(f.Policy, "apis/"+file+".xml")
	b.operations(f, a, "apis/"+file+"/")
	a.IsCurrent = f.IsCurrent.Value
	return a
}

// revisions settles which revision of an API is current.
func (b *builder) revisions(all []*API, entries map[*API]*fileAPI) {
	var current, candidates []*API
	for _, a := range all {
		f := entries[a]
		if a.IsCurrent {
			current = append(current, a)
		}
		if !f.IsCurrent.Set && (len(all) == 1 || !f.Revision.Set && !strings.Contains(f.ID.Value, ";rev=")) {
			candidates = append(candidates, a)
		}
		if first := all[0]; !strings.EqualFold(a.Prefix(), first.Prefix()) || a.VersionName != first.VersionName || a.Version != first.Version {
			b.diags.Errorf(a.At, CodeRevision, "this revision of %q has another path or version than the first", a.ID).WithNote(first.At, "the first")
		}
	}
	switch {
	case len(current) > 1:
		b.diags.Errorf(entries[current[1]].IsCurrent.At, CodeRevision, "revision %s of %q is current already", current[0].Revision, current[0].ID).
			WithNote(entries[current[0]].IsCurrent.At, "here")
		current[1].IsCurrent = false
	case len(current) == 0 && len(candidates) == 1:
		candidates[0].IsCurrent = true
	case len(current) == 0:
		b.diags.Errorf(all[0].At, CodeRevision, "no revision of the API %q is current", all[0].ID).
			WithHint("write isCurrent: true for the one that answers without ;rev=N")
	}
}

// prefix reads an API's path.
func (b *builder) prefix(t text) string {
	p := strings.Trim(t.Value, "/")
	if p == "" {
		return ""
	}
	at := strings.Index(t.Raw, p)
	if i := strings.IndexAny(p, "{}*?#;"); i >= 0 {
		r := t.At
		if at >= 0 {
			r = t.span(at+i, at+i+1)
		}
		b.diags.Errorf(r, CodeBadPath, "the path of an API is a literal: %q has no place in it", p[i]).
			WithHint("parameters and wildcards stand in the URL templates of operations")
		return p
	}
	if n, ok := route.NormalizePath("/" + p); !ok || n != "/"+p && !strings.Contains(n, "%") {
		b.diags.Errorf(t.At, CodeBadPath, "no request has the path %q: requests are matched in their normal form", t.Raw)
	}
	return p
}

func (b *builder) hosts(list []text) []string {
	var out []string
	for _, t := range list {
		h := strings.ToLower(strings.TrimSuffix(t.Value, "."))
		switch {
		case h == "*":
			return nil
		case !hostName(strings.TrimPrefix(h, "*.")):
			g := b.diags.Errorf(t.At, CodeBadPath, "%q is not a host name, nor *.name", t.Raw)
			if strings.Contains(h, ":") {
				g.WithHint("leave out scheme and port: an API answers on every port")
			}
		case slices.Contains(out, h):
			b.diags.Errorf(t.At, CodeDuplicateID, "the host %q stands twice", h)
		default:
			out = append(out, h)
		}
	}
	return out
}

func (b *builder) version(f *fileAPI, a *API) {
	a.Version = f.Version.Value
	scheme := "segment"
	var name, at text
	switch {
	case f.VersionSet.Set && f.Versioning != nil:
		b.diags.Errorf(f.Versioning.At, CodeConflict, "the API has a version set already").WithNote(f.VersionSet.At, "here")
		return
	case f.VersionSet.Set:
		v, ok := lookup(b, b.versions, f.VersionSet, f.VersionSet.Value, "version set")
		if !ok {
			return
		}
		scheme, name, at = v.Scheme.Value, v.Header, v.ID
		if scheme == "query" {
			name = v.Query
		}
	case f.Versioning != nil:
		scheme, name = f.Versioning.Scheme.Value, f.Versioning.Name
		at.At = f.Versioning.At
	case !f.Version.Set:
		return
	}
	a.VersionScheme = map[string]route.Scheme{"segment": route.Segment, "header": route.Header, "query": route.Query}[scheme]
	a.VersionName = name.Value
	if a.VersionScheme != route.Segment && a.VersionName == "" {
		b.diags.Errorf(at.At, CodeMissingKey, "versioning by %s needs the name of the %s", scheme, map[string]string{"header": "header", "query": "query parameter"}[scheme])
	}
	if a.VersionScheme == route.Segment && strings.ContainsAny(a.Version, "/{}*?#;") {
		b.diags.Errorf(f.Version.At, CodeBadPath, "%q cannot be a path segment", f.Version.Raw)
		a.Version = ""
	}
}

// target reads the kind of an API and where its requests go.
func (b *builder) target(f *fileAPI, a *API) {
	schemes, protocols := []string{"https", "http"}, []string{"http", "https"}
	switch f.Type.Value {
	case "http":
	case "websocket":
		a.Type = WebSocket
		schemes, protocols = []string{"wss", "ws", "https", "http"}, []string{"ws", "wss"}
	case "mcp":
		a.Type = MCP
	default:
		b.diags.Errorf(f.Type.At, CodeNotAvailable, "APIs of the type %q are not available yet", f.Type.Value)
	}
	for _, p := range f.Protocols {
		if !slices.Contains(protocols, p.Value) {
			b.diags.Errorf(p.At, CodeBadValue, "an API of the type %q speaks %s, not %s", f.Type.Value, strings.Join(protocols, " and "), p.Value)
		} else if !slices.Contains(a.Protocols, p.Value) {
			a.Protocols = append(a.Protocols, p.Value)
		}
	}
	if a.Protocols == nil {
		a.Protocols = protocols
	}
	if f.ServiceURL.Set && f.Backend.Set {
		b.diags.Errorf(f.Backend.At, CodeConflict, "requests go to serviceUrl already").WithNote(f.ServiceURL.At, "here")
	}
	a.ServiceURL = b.url(f.ServiceURL, schemes...)
	if f.Backend.Set {
		a.Backend, _ = lookup(b, b.model.byID.backends, f.Backend, f.Backend.Value, "backend")
	}
	for _, k := range []text{f.KeyNames.Header, f.KeyNames.Query} {
		if k.Set && (k.Value == "" || strings.ContainsAny(k.Value, " \t\r\n:=&?/")) {
			b.diags.Errorf(k.At, CodeBadValue, "%q cannot name a header or query parameter", k.Raw)
		}
	}
}

// short reads "GET /orders/{id}".
func (f *fileOperation) short(v text) {
	i := strings.IndexByte(v.Value, ' ')
	if i < 0 {
		if strings.HasPrefix(v.Value, "/") {
			f.URLTemplate = v
		} else {
			f.Method = v
		}
		return
	}
	rest := strings.TrimLeft(v.Value[i:], " ")
	f.Method = v.sub(0, i)
	f.URLTemplate = v.sub(len(v.Value)-len(rest), len(v.Value))
}

func (f *fileOperation) shortDoc() string {
	return "Method and URL template, such as GET /orders/{id}."
}

// sub is a part of a text. Where references made the text, its place is all of it.
func (t text) sub(i, j int) text {
	at := t.span(i, j)
	part := t
	part.Value = t.Value[i:j]
	part.At = at
	if t.Raw == t.Value {
		part.Raw = part.Value
		part.lead = 0
	}
	return part
}

func (b *builder) operations(f *fileAPI, a *API, convention string) {
	ids := map[string]*Operation{}
	if f.OpenAPI.Set && f.OpenAPI.Value != "" {
		b.importOpenAPI(f, a)
		for _, o := range a.Operations {
			ids[strings.ToLower(o.ID)] = o
		}
	}
	b.endpointsOf(f, a)
	if a.Type == WebSocket {
		o := &Operation{API: a, ID: "onHandshake", Name: "onHandshake", Method: "GET", At: a.At, fromDocument: true}
		o.Template, _ = route.ParseTemplate("/*")
		a.Operations = append(a.Operations, o)
		ids["onhandshake"] = o
	}
	policies := map[*Operation]text{}
	for i := range f.Operations {
		fo := &f.Operations[i]
		if o := b.operation(fo, a, ids); o != nil {
			policies[o] = fo.Policy
		}
	}
	for _, o := range a.Operations {
		if a.Type != MCP { // of which tools have documents
			o.Policy = b.policy(policies[o], convention+o.ID+".xml")
		}
	}
	if len(a.Operations) == 0 && !f.OpenAPI.Set {
		b.diags.Warnf(a.At, CodeNoOperations, "the API %q has no operations: every request to it is answered with 404", a.ID).
			WithHint("the operation \"* /*\" takes everything")
	}
}

// operation adds an operation to an API, or to one that its OpenAPI document has.
func (b *builder) operation(f *fileOperation, a *API, ids map[string]*Operation) *Operation {
	if f.ID.Set && !f.Method.Set && !f.URLTemplate.Set {
		o := ids[strings.ToLower(f.ID.Value)]
		if o == nil {
			o = ids[operationID(f.ID.Value)]
		}
		if o != nil && o.fromDocument {
			if f.Name.Set {
				o.Name = f.Name.Value
			}
			if f.Responses != nil {
				o.Responses = b.responses(f.Responses)
			}
			return o
		}
	}
	if a.Type == WebSocket {
		b.diags.Errorf(f.At, CodeBadValue, "a WebSocket API has one operation, \"onHandshake\", and no others")
		return nil
	}
	for _, k := range []struct {
		key string
		t   text
	}{{"method", f.Method}, {"urlTemplate", f.URLTemplate}} {
		if !k.t.Set {
			g := b.diags.Errorf(f.At, CodeMissingKey, "this operation needs the key %q", k.key)
			var names []string
			for _, o := range a.Operations {
				if o.fromDocument {
					names = append(names, o.ID)
				}
			}
			if near := source.Nearest(f.ID.Value, names); near != "" && f.ID.Set {
				g.WithHint("the OpenAPI document has an operation %q", near)
			}
		}
	}
	if !f.Method.Set || !f.URLTemplate.Set {
		return nil
	}
	o := &Operation{API: a, ID: f.ID.Value, Method: strings.ToUpper(f.Method.Value), At: f.At, Responses: b.responses(f.Responses)}
	if !f.ID.Set {
		o.ID = operationID(strings.Replace(o.Method, "*", "any", 1) + "-" + strings.Replace(f.URLTemplate.Value, "*", "all", 1))
		o.At = f.URLTemplate.At
	}
	o.Name = cmp.Or(f.Name.Value, o.ID)
	if !methodName.MatchString(o.Method) {
		b.diags.Errorf(f.Method.At, CodeBadValue, "%q is not an HTTP method", f.Method.Raw)
	}
	t, err := route.ParseTemplate(f.URLTemplate.Value)
	if err != nil {
		b.diags.Errorf(f.URLTemplate.span(err.Start, err.End), CodeBadTemplate, "%s", err.Message).WithHint("%s", err.Hint)
	}
	o.Template = t
	for n, made := 1, o.ID; !f.ID.Set && ids[o.ID] != nil; n++ {
		o.ID = fmt.Sprintf("%s-%d", made, n)
	}
	idAt := f.ID
	idAt.Set, idAt.Value, idAt.Raw = true, o.ID, o.ID
	if !unique(b, ids, idAt, o, "operation", o.At, func(o *Operation) source.Range { return o.At }) {
		return nil
	}
	if t != nil {
		a.Operations = append(a.Operations, o)
	}
	return o
}

var (
	methodName  = regexp.MustCompile(`^(\*|[A-Z][A-Z0-9_-]{0,31})$`)
	notAlphanum = regexp.MustCompile(`[^a-z0-9]+`)
)

// operationID makes the id of an operation as Azure API Management makes resource
// names of OpenAPI's operationIds.
func operationID(s string) string {
	s = strings.Trim(notAlphanum.ReplaceAllString(strings.ToLower(s), "-"), "-")
	if len(s) > 76 {
		s = strings.TrimRight(s[:76], "-")
	}
	return s
}

func (b *builder) responses(list []fileResponse) []*Response {
	var out []*Response
	for _, f := range list {
		i := slices.IndexFunc(out, func(r *Response) bool { return r.Status == int(f.Status.Value) })
		if i < 0 {
			out = append(out, &Response{Status: int(f.Status.Value), Description: f.Description.Value})
			i = len(out) - 1
		}
		rep := &Representation{ContentType: f.ContentType.Value}
		for _, e := range append([]tree{f.Example}, f.Examples...) {
			if e.Set {
				rep.Examples = append(rep.Examples, e.Value)
			}
		}
		if rep.Examples == nil {
			continue
		}
		if slices.ContainsFunc(out[i].Representations, func(r *Representation) bool { return strings.EqualFold(r.ContentType, rep.ContentType) }) {
			b.diags.Errorf(f.At, CodeDuplicateID, "there are examples for status %d and %s already", f.Status.Value, rep.ContentType)
			continue
		}
		out[i].Representations = append(out[i].Representations, rep)
	}
	return out
}
