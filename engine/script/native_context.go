package script

import (
	"strings"

	"github.com/dop251/goja/ast"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

// members are the members of an object of context that the native tier reads.
type members struct {
	// present tells whether the object is there; nil for one that always is.
	present func(e *env) bool
	byName  func(name string) (memberPart, bool)
}

func (m *members) of(name string) (memberPart, bool) { return m.byName(name) }

// memberPart is a member: a value, an object or a dictionary.
type memberPart struct {
	get    node
	object *members
	dict   *dictionaryPart
}

// table is a lookup of members by name.
func table(list map[string]memberPart) func(name string) (memberPart, bool) {
	return func(name string) (memberPart, bool) { m, ok := list[name]; return m, ok }
}

func leaf(get node) memberPart { return memberPart{get: get} }

// leaves are members of texts; those of known are null where they are empty.
func leaves(texts, known map[string]func(e *env) string) map[string]memberPart {
	out := map[string]memberPart{}
	for name, get := range texts {
		out[name] = leaf(func(e *env) value { return e.str(get(e)) })
	}
	for name, get := range known {
		out[name] = leaf(func(e *env) value { return e.orNull(get(e)) })
	}
	return out
}

func with(list map[string]memberPart, name string, m memberPart) map[string]memberPart {
	list[name] = m
	return list
}

type texts = map[string]func(e *env) string

// contextMembers is `context`, member by member as newContext makes it. What is not here
// (dates, lists, bodies, certificates) wants a VM.
var contextMembers = members{byName: table(map[string]memberPart{
	"RequestId":    leaf(func(e *env) value { return ascii(e.c.RequestID().String()) }),
	"Elapsed":      leaf(func(e *env) value { return number(float64(e.c.Elapsed()) / 10_000) }),
	"Tracing":      leaf(func(e *env) value { return boolean(e.c.Tracing()) }),
	"Api":          {object: &apiMembers},
	"Operation":    {object: &operationMembers},
	"Product":      {object: &productMembers},
	"Subscription": {object: &subscriptionMembers},
	"User":         {object: &userMembers},
	"Deployment":   {object: &deploymentMembers},
	"Backend":      {object: &backendMembers},
	"Workspace":    {object: &workspaceMembers},
	"LastError":    {object: &lastErrorMembers},
	"Request":      {object: &requestMembers},
	"Response":     {object: &responseMembers},
	"Variables":    {dict: &dictionaryPart{one: variable}},
})}

var apiMembers = members{byName: table(with(with(leaves(
	texts{"Path": func(e *env) string { return e.c.API().Path }},
	texts{
		"Id":       func(e *env) string { return e.c.API().ID },
		"Name":     func(e *env) string { return e.c.API().Name },
		"Revision": func(e *env) string { return e.c.API().Revision },
		"Version":  func(e *env) string { return e.c.API().Version },
	}),
	"IsCurrentRevision", leaf(func(e *env) value { return boolean(e.c.API().IsCurrentRevision) })),
	"ServiceUrl", memberPart{object: urlMembers(
		func(e *env) bool { return e.c.API().ServiceURL != nil },
		func(e *env) *apim.URL { return e.c.API().ServiceURL }, ", ")}))}

var operationMembers = members{byName: table(leaves(nil, texts{
	"Id":          func(e *env) string { return e.c.Operation().ID },
	"Name":        func(e *env) string { return e.c.Operation().Name },
	"Method":      func(e *env) string { return e.c.Operation().Method },
	"UrlTemplate": func(e *env) string { return e.c.Operation().URLTemplate },
}))}

var productMembers = members{
	present: func(e *env) bool { return e.c.Product() != nil },
	byName: table(with(with(leaves(texts{
		"Id":   func(e *env) string { return e.c.Product().ID },
		"Name": func(e *env) string { return e.c.Product().Name },
		"State": func(e *env) string {
			if e.c.Product().Published {
				return "Published"
			}
			return "NotPublished"
		},
	}, nil),
		"ApprovalRequired", leaf(func(e *env) value { return boolean(e.c.Product().ApprovalRequired) })),
		"SubscriptionRequired", leaf(func(e *env) value { return boolean(e.c.Product().SubscriptionRequired) })))}

var subscriptionMembers = members{
	present: func(e *env) bool { return e.c.Subscription() != nil },
	byName: table(leaves(texts{
		"Id":         func(e *env) string { return e.c.Subscription().ID },
		"Key":        func(e *env) string { return e.c.Subscription().Key },
		"PrimaryKey": func(e *env) string { return e.c.Subscription().PrimaryKey },
	}, texts{
		"Name":         func(e *env) string { return e.c.Subscription().Name },
		"SecondaryKey": func(e *env) string { return e.c.Subscription().SecondaryKey },
	}))}

var userMembers = members{
	present: func(e *env) bool { return e.c.User() != nil },
	byName: table(leaves(texts{"Id": func(e *env) string { return e.c.User().ID }}, texts{
		"Email":     func(e *env) string { return e.c.User().Email },
		"FirstName": func(e *env) string { return e.c.User().FirstName },
		"LastName":  func(e *env) string { return e.c.User().LastName },
		"Note":      func(e *env) string { return e.c.User().Note },
	}))}

var deploymentMembers = members{
	present: func(e *env) bool { return e.c.Deployment() != nil },
	byName: table(with(leaves(texts{"GatewayId": func(e *env) string { return e.c.Deployment().GatewayID }}, texts{
		"Region":      func(e *env) string { return e.c.Deployment().Region },
		"ServiceName": func(e *env) string { return e.c.Deployment().ServiceName },
		"ServiceId":   func(e *env) string { return e.c.Deployment().ServiceID },
	}), "Gateway", memberPart{object: &gatewayMembers}))}

var gatewayMembers = members{byName: table(with(leaves(
	texts{"Id": func(e *env) string { return e.c.Deployment().Gateway.ID }},
	texts{"InstanceId": func(e *env) string { return e.c.Deployment().Gateway.InstanceID }}),
	"IsManaged", leaf(func(e *env) value { return boolean(e.c.Deployment().Gateway.IsManaged) })))}

var backendMembers = members{
	present: func(e *env) bool { return e.c.Backend() != nil },
	byName: table(leaves(texts{
		"Id": func(e *env) string { return e.c.Backend().ID },
		"Type": func(e *env) string {
			if e.c.Backend().IsPool {
				return "Pool"
			}
			return "Single"
		},
	}, texts{"AzureRegion": func(e *env) string { return e.c.Backend().AzureRegion }}))}

var workspaceMembers = members{
	present: func(e *env) bool { return e.c.Workspace() != nil },
	byName: table(leaves(texts{
		"Id":   func(e *env) string { return e.c.Workspace().ID },
		"Name": func(e *env) string { return e.c.Workspace().Name },
	}, nil))}

var lastErrorMembers = members{
	present: func(e *env) bool { return e.c.LastError() != nil },
	byName: table(with(leaves(nil, texts{
		"Source":   func(e *env) string { return e.c.LastError().Source },
		"Reason":   func(e *env) string { return e.c.LastError().Reason },
		"Message":  func(e *env) string { return e.c.LastError().Message },
		"Scope":    func(e *env) string { return e.c.LastError().Scope },
		"Section":  func(e *env) string { return e.c.LastError().Section },
		"Path":     func(e *env) string { return e.c.LastError().Path },
		"PolicyId": func(e *env) string { return e.c.LastError().PolicyID },
	}), "HttpErrorCode", leaf(func(e *env) value { return number(float64(e.c.LastError().HTTPErrorCode)) })))}

var requestMembers = members{byName: table(map[string]memberPart{
	"Method":            leaf(func(e *env) value { return e.str(e.c.Request().Method()) }),
	"IpAddress":         leaf(func(e *env) value { return e.str(e.c.Request().IPAddress()) }),
	"Url":               {object: requestURL(false)},
	"OriginalUrl":       {object: requestURL(true)},
	"Headers":           {dict: headerPart(false)},
	"MatchedParameters": {dict: &dictionaryPart{one: parameter}},
})}

var responseMembers = members{byName: table(map[string]memberPart{
	"StatusCode":   leaf(func(e *env) value { return number(float64(e.c.Response().StatusCode())) }),
	"StatusReason": leaf(func(e *env) value { return e.str(e.c.Response().StatusReason()) }),
	"Headers":      {dict: headerPart(true)},
})}

// requestURL is a URL of the request, by way of Direct where there is one.
func requestURL(original bool) *members {
	read := func(e *env) *apim.URL {
		if original {
			return e.c.Request().OriginalURL()
		}
		return e.c.Request().URL()
	}
	sep := ""
	if original {
		sep = ", "
	}
	all := urlMembers(nil, read, sep)
	quick := func(part URLPart, slow node) memberPart {
		return leaf(func(e *env) value {
			if e.direct == nil {
				return slow(e)
			}
			return e.str(e.direct.URLPart(original, part))
		})
	}
	list := map[string]memberPart{}
	for name, part := range map[string]URLPart{"Scheme": URLScheme, "Host": URLHost, "Path": URLPath, "QueryString": URLQueryString} {
		m, _ := all.of(name)
		list[name] = quick(part, m.get)
	}
	port, _ := all.of("Port")
	list["Port"] = leaf(func(e *env) value {
		if e.direct == nil {
			return port.get(e)
		}
		return number(float64(e.direct.URLPort(original)))
	})
	list["Query"], _ = all.of("Query")
	return &members{byName: table(list)}
}

// urlMembers is a URL; sep is what get puts between several values of its query, "" for
// the first only.
func urlMembers(present func(e *env) bool, read func(e *env) *apim.URL, sep string) *members {
	return &members{present: present, byName: table(with(with(leaves(texts{
		"Scheme":      func(e *env) string { return read(e).Scheme },
		"Host":        func(e *env) string { return read(e).Host },
		"Path":        func(e *env) string { return read(e).Path },
		"QueryString": func(e *env) string { return read(e).QueryString },
	}, nil),
		"Port", leaf(func(e *env) value { return number(float64(read(e).Port)) })),
		"Query", memberPart{dict: &dictionaryPart{sep: sep, many: func(e *env, name string) ([]string, bool) {
			return read(e).Query.Lookup(name)
		}}}))}
}

// dictionaryPart is a dictionary of context: many or one is set, for several values under
// each name or for one.
type dictionaryPart struct {
	many func(e *env, name string) (values []string, ok bool)
	// first, if it is set, is the first of them, and how many there are.
	first func(e *env, name string) (value string, n int)
	sep   string // of get, "" for the first value
	one   func(e *env, name string) (v value, ok bool)
}

func headerPart(response bool) *dictionaryPart {
	many := func(e *env, name string) ([]string, bool) {
		if response {
			return e.c.Response().Headers().Lookup(name)
		}
		return e.c.Request().Headers().Lookup(name)
	}
	return &dictionaryPart{sep: ", ", many: many, first: func(e *env, name string) (string, int) {
		if e.direct != nil {
			return e.direct.HeaderValue(response, name)
		}
		values, _ := many(e, name)
		if len(values) == 0 {
			return "", 0
		}
		return values[0], len(values)
	}}
}

func parameter(e *env, name string) (value, bool) {
	s, ok := e.c.Request().MatchedParameters().Lookup(name)
	if !ok {
		return value{}, false
	}
	return e.str(s), true
}

// variable reads a variable; what is not plain data wants a VM.
func variable(e *env, name string) (value, bool) {
	v, ok := e.c.Variables().Lookup(name)
	if !ok {
		return value{}, false
	}
	switch v := v.(type) {
	case nil:
		return null, true
	case string:
		if clr.HasLoneSurrogate(v) {
			return e.give(), true
		}
		return e.str(v), true
	case bool:
		return boolean(v), true
	case int32:
		return number(float64(v)), true
	case int64:
		return number(float64(v)), true
	case float64:
		return number(v), true
	}
	return e.give(), true
}

// joined reads the values under a name, joined by sep.
func (d *dictionaryPart) joined(e *env, name, sep string) (value, bool) {
	if d.first != nil {
		s, n := d.first(e, name)
		if n <= 1 || sep == "" {
			return e.str(s), n > 0
		}
	}
	values, ok := d.many(e, name)
	switch {
	case !ok:
		return value{}, false
	case len(values) == 1 || sep == "" && len(values) > 0:
		return e.str(values[0]), true
	case len(values) == 0:
		return e.give(), true
	}
	return e.str(strings.Join(values, sep)), true
}

func (d *dictionaryPart) has(e *env, name string) bool {
	switch {
	case d.one != nil:
		_, ok := d.one(e, name)
		return ok
	case d.first != nil:
		_, n := d.first(e, name)
		return n > 0
	}
	_, ok := d.many(e, name)
	return ok
}

// listPart is what a member of a dictionary with several values under each name is: an
// array, if there is such a name.
type listPart struct {
	dict *dictionaryPart
	name string
}

func (l *listPart) present(e *env) bool { return l.dict.has(e, l.name) }

func (l *listPart) count(e *env) int {
	if l.dict.first != nil {
		_, n := l.dict.first(e, l.name)
		return n
	}
	values, _ := l.dict.many(e, l.name)
	return len(values)
}

func (l *listPart) at(e *env, i int) value {
	if i == 0 && l.dict.first != nil {
		s, _ := l.dict.first(e, l.name)
		return e.str(s)
	}
	if values, _ := l.dict.many(e, l.name); i < len(values) {
		return e.str(values[i])
	}
	return value{}
}

// entry compiles a member of a dictionary.
func (c *nativeCompiler) entry(n ast.Node, p part, name string) part {
	if notEntries[name] || !isASCII(name) || isDigits(name) {
		return c.refuse(n, "the member "+quoted(name))
	}
	d := p.dict
	if d.one != nil {
		return part{run: behindReach(p.reach, func(e *env) value {
			v, _ := d.one(e, name)
			return v
		})}
	}
	list := &listPart{d, name}
	return part{list: list, reach: p.reach, run: behindReach(p.reach, func(e *env) value {
		if list.present(e) {
			return object
		}
		return value{}
	})}
}

// notEntries are the names that dictionaries have from their prototypes, of any kind of
// dictionary.
var notEntries = map[string]bool{
	"Count": true, "keys": true, "entries": true, "values": true, "forEach": true, "GetValueOrDefault": true,
	"ContainsKey": true, "get": true, "getAll": true, "has": true, "set": true, "append": true, "delete": true,
	"constructor": true, "__proto__": true, "hasOwnProperty": true, "isPrototypeOf": true, "propertyIsEnumerable": true,
	"toLocaleString": true, "toString": true, "valueOf": true, "__defineGetter__": true, "__defineSetter__": true,
	"__lookupGetter__": true, "__lookupSetter__": true,
}

// dictionaryCall compiles a call of a method of a dictionary.
func (c *nativeCompiler) dictionaryCall(n ast.Node, p part, method string, args []ast.Expression) part {
	switch method {
	case "GetValueOrDefault":
		if len(args) == 0 || len(args) > 2 {
			return c.refuse(n, "this number of arguments")
		}
	case "get", "has", "ContainsKey":
		if len(args) != 1 {
			return c.refuse(n, "this number of arguments")
		}
	default:
		return c.refuse(n, "the method "+quoted(method))
	}
	d, name := p.dict, c.value(args[0])
	fallback := constant(null).run
	if len(args) == 2 {
		given := c.value(args[1])
		fallback = func(e *env) value {
			if v := given(e); v.kind != kindUndefined {
				return v
			}
			return null
		}
	}
	if literal, ok := args[0].(*ast.StringLiteral); ok && d.first != nil && method == "GetValueOrDefault" {
		return c.headerOrDefault(p, literal.Value.String(), fallback)
	}
	return part{run: behindReach(p.reach, func(e *env) value {
		key := name(e)
		if key.kind != kindString {
			return e.give()
		}
		switch method {
		case "has", "ContainsKey":
			return boolean(d.has(e, key.s))
		}
		var v value
		var ok bool
		switch {
		case d.one != nil:
			v, ok = d.one(e, key.s)
		case method == "get":
			v, ok = d.joined(e, key.s, d.sep)
		default:
			v, ok = d.joined(e, key.s, ",")
		}
		if ok {
			return v
		}
		return fallback(e)
	})}
}

// headerOrDefault is the most frequent of all calls.
func (c *nativeCompiler) headerOrDefault(p part, name string, fallback node) part {
	d := p.dict
	return part{run: behindReach(p.reach, func(e *env) value {
		switch s, n := d.first(e, name); n {
		case 0:
			return fallback(e)
		case 1:
			return e.str(s)
		}
		v, _ := d.joined(e, name, ",")
		return v
	})}
}
