package builtins

import (
	"net/url"
	"slices"
	"strings"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
	"sekisho/engine/source"
)

// RewriteURI changes the path and the query that the backend is asked for.
//
//	<rewrite-uri template="/v2/{id}/details?full=true" copy-unmatched-params="false" />
//
// A {name} stands for the parameter of that name in the operation's URL template; there
// are no others. With copy-unmatched-params, the default, the query parameters
// of the request that the operation's URL template does not declare are appended.
//
// Spec: https://learn.microsoft.com/azure/api-management/rewrite-uri-policy
// Ours: a template without a leading slash gets one. A parameter of the path goes into
// a path as the client encoded it; all else is encoded so that it stays inside its
// segment, or its value in the query: nothing that a client sends can climb out of the
// template. What a computed template holds in braces and is no parameter stands as
// text. A fragment after # is cut off: none is ever sent.
var RewriteURI = pipeline.Policy{
	Name:     "rewrite-uri",
	Summary:  "Changes the path and the query that the backend is asked for.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example:  `<rewrite-uri template="/v2/things" copy-unmatched-params="false" />`,
	New:      func() pipeline.Step { return new(rewriteURI) },
}

type rewriteURI struct {
	Template pipeline.String `attr:"template,required"`
	Copy     pipeline.Bool   `attr:"copy-unmatched-params" default:"true"`
}

// Check reports parameters that the operations do not have.
func (r *rewriteURI) Check(c *pipeline.Check) {
	template, ok := r.Template.Literal()
	if !ok || isStandIn(c, "template") {
		return
	}
	if strings.HasPrefix(template, "http://") || strings.HasPrefix(template, "https://") {
		c.Errorf(&r.Template, "bad-value", "attribute %q of <rewrite-uri> wants a path, got an absolute URL", "template").
			WithHint("set-backend-service changes the host")
		return
	}
	known, certain := c.Env().Parameters()
	if !certain {
		return
	}
	view := c.Element().Attr("template").Value.View
	for _, p := range placeholders(view.S) {
		name := parameterName(view.S[p.at+1 : p.end-1])
		if containsFold(known, name) {
			continue
		}
		hint := ""
		if near := source.Nearest(name, known); near != "" {
			hint = "did you mean {" + near + "}?"
		}
		c.Diags().Errorf(view.Range(p.at, p.end), "unknown-parameter", "there is no parameter {%s} in the URL template of the operation", name).
			WithHint("%s", hint)
	}
}

func (r *rewriteURI) Run(x *pipeline.Exchange) error {
	template, err := r.Template.Get(x)
	if err != nil {
		return err
	}
	keep, err := r.Copy.Get(x)
	if err != nil {
		return err
	}
	p := parameters{values: x.Parameters}
	var declared []string
	if x.Route != nil {
		declared = x.Route.QueryParameters
		if x.Route.Operation != nil {
			p.template = x.Route.Operation.URLTemplate
		}
	}
	u := &x.Request.URL
	u.Path, u.Query = rewrite(template, u.Query, p, declared, keep)
	return nil
}

// parameters are those of the operation, and its URL template.
type parameters struct {
	values   apim.Values
	template string
}

// rawValues is implemented by parameters that know how the client wrote them.
type rawValues interface {
	// LookupRaw returns a parameter of the path as it stands there, encoded.
	LookupRaw(name string) (raw string, ok bool)
}

// rewrite fills a template; oldQuery is the raw query of the request, of which what is
// not declared is kept if keep is set.
func rewrite(template, oldQuery string, p parameters, declared []string, keep bool) (path, query string) {
	template, _, _ = strings.Cut(strings.TrimSpace(template), "#")
	path, query, _ = strings.Cut(template, "?")
	path = escapeURL(fill(path, p.forPath))
	query = escapeURL(fill(query, p.forQuery))
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if keep {
		for _, name := range declared {
			oldQuery = pipeline.QueryDel(oldQuery, name)
		}
		if query != "" && oldQuery != "" {
			query += "&"
		}
		query += oldQuery
	}
	return path, query
}

// forPath is a parameter as it stands in a path.
func (p parameters) forPath(name string) (string, bool) {
	if r, ok := p.values.(rawValues); ok {
		if raw, ok := r.LookupRaw(name); ok {
			return raw, true
		}
	}
	v, ok := p.lookup(name)
	if !ok || !strings.Contains(v, "/") || !strings.Contains(strings.ToLower(p.template), "{*"+strings.ToLower(name)+"}") {
		return escapePath(v), ok
	}
	parts := strings.Split(v, "/")
	for i := range parts {
		parts[i] = escapePath(parts[i])
	}
	return strings.Join(parts, "/"), true
}

// forQuery is a parameter as it stands in a query.
func (p parameters) forQuery(name string) (string, bool) {
	v, ok := p.lookup(name)
	return escapeQuery(v), ok
}

func (p parameters) lookup(name string) (string, bool) {
	if p.values == nil {
		return "", false
	}
	return p.values.Lookup(name)
}

// placeholder is where a {name} stands, braces included.
type placeholder struct{ at, end int }

// placeholders finds the names in braces, in order.
func placeholders(s string) []placeholder {
	var out []placeholder
	for i := 0; ; {
		open := strings.IndexByte(s[i:], '{')
		if open < 0 {
			return out
		}
		open += i
		end := strings.IndexAny(s[open+1:], "{}")
		if end < 0 {
			return out
		}
		if i = open + 1 + end; s[i] == '}' {
			i++
			out = append(out, placeholder{open, i})
		}
	}
}

// fill puts parameters, encoded, in the place of their {name}.
func fill(s string, param func(name string) (string, bool)) string {
	var b strings.Builder
	at := 0
	for _, p := range placeholders(s) {
		if v, ok := param(parameterName(s[p.at+1 : p.end-1])); ok {
			b.WriteString(s[at:p.at])
			b.WriteString(v)
			at = p.end
		}
	}
	if at == 0 {
		return s
	}
	b.WriteString(s[at:])
	return b.String()
}

// parameterName is the name of a placeholder: {*rest} is called rest.
func parameterName(s string) string { return strings.TrimPrefix(s, "*") }

// escapePath percent-encodes a decoded value for a path: slashes too, since it is to
// stay in its segment, and segments of dots. What RFC 3986 lets stand there stands.
func escapePath(s string) string {
	if s == "." || s == ".." {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; isNameByte(c) && c < 0x80 || strings.IndexByte("-.!$&'()*+,;=:@", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

// escapeQuery percent-encodes a decoded value for a query.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
