package dotnet

import (
	"slices"
	"strings"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	json "sekisho/engine/dotnet/newtonsoft"
)

// contextDecls are `context` and what it leads to.
func contextDecls() []*Decl {
	ctx := func(a []any) apim.Context { return a[0].(apim.Context) }
	dictionary := func(value string) string { return "IReadOnlyDictionary<string, " + value + ">" }
	return append([]*Decl{
		iface("IProxyRequestContext",
			Prop("IContextApi Api", func(_ *Thread, a []any) any { return present(ctx(a).API()) }),
			Prop("IBackend Backend", func(_ *Thread, a []any) any { return present(ctx(a).Backend()) }),
			Prop("IDeployment Deployment", func(_ *Thread, a []any) any { return present(ctx(a).Deployment()) }),
			Prop("TimeSpan Elapsed", func(_ *Thread, a []any) any { return ctx(a).Elapsed() }),
			Prop("ILastError LastError", func(_ *Thread, a []any) any { return present(ctx(a).LastError()) }),
			Prop("IOperation Operation", func(_ *Thread, a []any) any { return present(ctx(a).Operation()) }),
			Prop("IProduct Product", func(_ *Thread, a []any) any { return present(ctx(a).Product()) }),
			Prop("IRequest Request", func(_ *Thread, a []any) any { return ctx(a).Request() }),
			Prop("Guid RequestId", func(_ *Thread, a []any) any { return ctx(a).RequestID() }),
			Prop("IResponse Response", func(_ *Thread, a []any) any { return ctx(a).Response() }),
			Prop("ISubscription Subscription", func(_ *Thread, a []any) any { return present(ctx(a).Subscription()) }),
			Prop("DateTime Timestamp", func(_ *Thread, a []any) any { return ctx(a).Timestamp() }),
			Prop("bool Tracing", func(_ *Thread, a []any) any { return ctx(a).Tracing() }),
			Prop("IUser User", func(_ *Thread, a []any) any { return present(ctx(a).User()) }),
			Prop(dictionary("object")+" Variables", func(_ *Thread, a []any) any { return ctx(a).Variables() }),
			Prop("IWorkspace Workspace", func(_ *Thread, a []any) any { return present(ctx(a).Workspace()) }),
			Method("void Trace(string message)", func(_ *Thread, a []any) any { ctx(a).Trace(str(a[1])); return nil }),
		).lacks("GraphQL GraphQLArguments Parent"),
		iface("IRequest",
			Prop("IMessageBody Body", func(_ *Thread, a []any) any { return bodyOf(a[0].(apim.Request).Body()) }),
			Prop("X509Certificate2 Certificate", func(_ *Thread, a []any) any { return present(a[0].(apim.Request).Certificate()) }),
			Prop(dictionary("string[]")+" Headers", func(_ *Thread, a []any) any { return a[0].(apim.Request).Headers() }),
			Prop("string IpAddress", func(_ *Thread, a []any) any { return a[0].(apim.Request).IPAddress() }),
			Prop(dictionary("string")+" MatchedParameters", func(_ *Thread, a []any) any { return a[0].(apim.Request).MatchedParameters() }),
			Prop("string Method", func(_ *Thread, a []any) any { return a[0].(apim.Request).Method() }),
			Prop("IUrl OriginalUrl", func(_ *Thread, a []any) any { return present(a[0].(apim.Request).OriginalURL()) }),
			Prop("IUrl Url", func(_ *Thread, a []any) any { return present(a[0].(apim.Request).URL()) }),
			Prop("IPrivateEndpointConnection PrivateEndpointConnection", nothing),
		).lacks("AzureVnetInfo Foundry"),
		iface("IResponse",
			Prop("IMessageBody Body", func(_ *Thread, a []any) any { return bodyOf(a[0].(apim.Response).Body()) }),
			Prop(dictionary("string[]")+" Headers", func(_ *Thread, a []any) any { return a[0].(apim.Response).Headers() }),
			Prop("int StatusCode", func(_ *Thread, a []any) any { return int32(a[0].(apim.Response).StatusCode()) }),
			Prop("string StatusReason", func(_ *Thread, a []any) any { return orNone(a[0].(apim.Response).StatusReason()) }),
		),
		iface("IMessageBody",
			GenericMethod("T As<T>(bool preserveContent = false)", bodyAs),
			Method("IDictionary<string, IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)", bodyAsForm),
		),
		iface("IUrl",
			Prop("string Host", func(_ *Thread, a []any) any { return a[0].(*apim.URL).Host }),
			Prop("string Path", func(_ *Thread, a []any) any { return a[0].(*apim.URL).Path }),
			Prop("int Port", func(_ *Thread, a []any) any { return int32(a[0].(*apim.URL).Port) }),
			Prop(dictionary("string[]")+" Query", func(_ *Thread, a []any) any { return a[0].(*apim.URL).Query }),
			Prop("string QueryString", func(_ *Thread, a []any) any { return a[0].(*apim.URL).QueryString }),
			Prop("string Scheme", func(_ *Thread, a []any) any { return a[0].(*apim.URL).Scheme }),
		).holds(&apim.URL{}),
		iface("IPrivateEndpointConnection", Prop("string Name", nothing), Prop("string GroupId", nothing), Prop("string MemberName", nothing)),
		staticClass("Extensions", append(append(valueRows(), dictionaryRows()...), credentialRows()...)...),
	}, entityDecls()...)
}

// present makes an untyped nil of a nil pointer.
func present[T any](p *T) any {
	if p == nil {
		return nil
	}
	return p
}

func bodyOf(b apim.Body) any {
	if b == nil {
		return nil
	}
	return b
}

// orNone is a string of the context, null if there is none.
func orNone(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// entityDecls are the things of the gateway that context names.
func entityDecls() []*Decl {
	api := func(a []any) *apim.API { return a[0].(*apim.API) }
	groups := func(list []*apim.Group) any {
		items := make([]any, len(list))
		for i, g := range list {
			items[i] = g
		}
		return NewArray(Std().Named("IGroup"), items)
	}
	return []*Decl{
		iface("IApi",
			text("Id", func(a *apim.API) string { return a.ID }),
			text("Name", func(a *apim.API) string { return a.Name }),
			text("Path", func(a *apim.API) string { return a.Path }),
			Prop("IEnumerable<string> Protocols", func(_ *Thread, a []any) any { return StringArray(append([]string{}, api(a).Protocols...)) }),
			Prop("IUrl ServiceUrl", func(_ *Thread, a []any) any { return present(api(a).ServiceURL) }),
			Prop("ISubscriptionKeyParameterNames SubscriptionKeyParameterNames", func(_ *Thread, a []any) any { return keyNames{api(a)} }),
		),
		iface("IContextApi : IApi",
			Prop("bool IsCurrentRevision", func(_ *Thread, a []any) any { return api(a).IsCurrentRevision }),
			text("Revision", func(a *apim.API) string { return a.Revision }),
			text("Version", func(a *apim.API) string { return a.Version }),
		).holds(&apim.API{}),
		iface("ISubscriptionKeyParameterNames",
			Prop("string Header", func(_ *Thread, a []any) any { return orNone(a[0].(keyNames).SubscriptionKey.Header) }),
			Prop("string Query", func(_ *Thread, a []any) any { return orNone(a[0].(keyNames).SubscriptionKey.Query) }),
		).holds(keyNames{}),
		iface("IOperation",
			text("Id", func(o *apim.Operation) string { return o.ID }),
			text("Method", func(o *apim.Operation) string { return o.Method }),
			text("Name", func(o *apim.Operation) string { return o.Name }),
			text("UrlTemplate", func(o *apim.Operation) string { return o.URLTemplate }),
		).holds(&apim.Operation{}),
		iface("IProduct",
			Prop("IEnumerable<IApi> Apis", func(_ *Thread, a []any) any {
				list := a[0].(*apim.Product).APIs
				items := make([]any, len(list))
				for i, x := range list {
					items[i] = x
				}
				return NewArray(Std().Named("IApi"), items)
			}),
			Prop("IEnumerable<IGroup> Groups", func(_ *Thread, a []any) any { return groups(a[0].(*apim.Product).Groups) }),
			Prop("bool ApprovalRequired", func(_ *Thread, a []any) any { return a[0].(*apim.Product).ApprovalRequired }),
			Prop("bool SubscriptionRequired", func(_ *Thread, a []any) any { return a[0].(*apim.Product).SubscriptionRequired }),
			text("Id", func(p *apim.Product) string { return p.ID }),
			text("Name", func(p *apim.Product) string { return p.Name }),
			Prop("ProductState State", func(_ *Thread, a []any) any { return goEnum(b2i(a[0].(*apim.Product).Published)) }),
			Prop("int? SubscriptionsLimit", subscriptionLimit),
			Prop("int? SubscriptionLimit", subscriptionLimit),
		).holds(&apim.Product{}),
		enum("ProductState", "NotPublished Published"),
		iface("ISubscription",
			text("Id", func(s *apim.Subscription) string { return s.ID }),
			text("Name", func(s *apim.Subscription) string { return s.Name }),
			text("Key", func(s *apim.Subscription) string { return s.Key }),
			text("PrimaryKey", func(s *apim.Subscription) string { return s.PrimaryKey }),
			text("SecondaryKey", func(s *apim.Subscription) string { return s.SecondaryKey }),
			Prop("DateTime CreatedDate", func(_ *Thread, a []any) any { return a[0].(*apim.Subscription).CreatedDate }),
			Prop("DateTime CreatedTime", func(_ *Thread, a []any) any { return a[0].(*apim.Subscription).CreatedDate }),
			Prop("DateTime? StartDate", f1(func(s *apim.Subscription) *clr.DateTime { return s.StartDate })),
			Prop("DateTime? EndDate", f1(func(s *apim.Subscription) *clr.DateTime { return s.EndDate })),
		).holds(&apim.Subscription{}),
		iface("IUser",
			text("Id", func(u *apim.User) string { return u.ID }),
			text("Email", func(u *apim.User) string { return u.Email }),
			text("FirstName", func(u *apim.User) string { return u.FirstName }),
			text("LastName", func(u *apim.User) string { return u.LastName }),
			text("Note", func(u *apim.User) string { return u.Note }),
			Prop("IEnumerable<IGroup> Groups", func(_ *Thread, a []any) any { return groups(a[0].(*apim.User).Groups) }),
			Prop("IEnumerable<IUserIdentity> Identities", func(_ *Thread, a []any) any {
				list := a[0].(*apim.User).Identities
				items := make([]any, len(list))
				for i := range list {
					items[i] = &list[i]
				}
				return NewArray(Std().Named("IUserIdentity"), items)
			}),
			Prop("DateTime RegistrationDate", func(_ *Thread, a []any) any { return a[0].(*apim.User).RegistrationDate }),
		).holds(&apim.User{}),
		iface("IUserIdentity",
			text("Id", func(i *apim.UserIdentity) string { return i.ID }),
			text("Provider", func(i *apim.UserIdentity) string { return i.Provider }),
		).holds(&apim.UserIdentity{}),
		iface("IGroup",
			text("Id", func(g *apim.Group) string { return g.ID }),
			text("Name", func(g *apim.Group) string { return g.Name }),
		).holds(&apim.Group{}),
		iface("IDeployment",
			text("GatewayId", func(d *apim.Deployment) string { return d.GatewayID }),
			text("Region", func(d *apim.Deployment) string { return d.Region }),
			text("ServiceName", func(d *apim.Deployment) string { return d.ServiceName }),
			text("ServiceId", func(d *apim.Deployment) string { return d.ServiceID }),
			Prop("IGateway Gateway", func(_ *Thread, a []any) any { return &a[0].(*apim.Deployment).Gateway }),
			Prop("IReadOnlyDictionary<string, X509Certificate2> Certificates", func(_ *Thread, a []any) any {
				return certificates(a[0].(*apim.Deployment).Certificates)
			}),
		).holds(&apim.Deployment{}).lacks("SustainabilityInfo"),
		iface("IGateway",
			text("Id", func(g *apim.Gateway) string { return g.ID }),
			text("InstanceId", func(g *apim.Gateway) string { return g.InstanceID }),
			Prop("bool IsManaged", func(_ *Thread, a []any) any { return a[0].(*apim.Gateway).IsManaged }),
		).holds(&apim.Gateway{}),
		iface("IBackend",
			text("Id", func(b *apim.Backend) string { return b.ID }),
			text("AzureRegion", func(b *apim.Backend) string { return b.AzureRegion }),
			Prop("BackendType Type", func(_ *Thread, a []any) any { return goEnum(b2i(a[0].(*apim.Backend).IsPool)) }),
		).holds(&apim.Backend{}),
		enum("BackendType", "Single Pool"),
		iface("IWorkspace",
			text("Id", func(w *apim.Workspace) string { return w.ID }),
			text("Name", func(w *apim.Workspace) string { return w.Name }),
		).holds(&apim.Workspace{}),
		iface("ILastError",
			text("Source", func(e *apim.LastError) string { return e.Source }),
			text("Reason", func(e *apim.LastError) string { return e.Reason }),
			text("Message", func(e *apim.LastError) string { return e.Message }),
			text("Scope", func(e *apim.LastError) string { return e.Scope }),
			text("Section", func(e *apim.LastError) string { return e.Section }),
			text("Path", func(e *apim.LastError) string { return e.Path }),
			text("PolicyId", func(e *apim.LastError) string { return e.PolicyID }),
			Prop("int HttpErrorCode", func(_ *Thread, a []any) any { return a[0].(*apim.LastError).HTTPErrorCode }),
		).holds(&apim.LastError{}),
	}
}

type keyNames struct{ *apim.API }

// text is a property with a string, null where there is none.
func text[T any](name string, get func(*T) string) Row {
	return Prop("string "+name, func(_ *Thread, a []any) any { return orNone(get(a[0].(*T))) })
}

func subscriptionLimit(_ *Thread, a []any) any {
	if n := a[0].(*apim.Product).SubscriptionsLimit; n != nil {
		return *n
	}
	return nil
}

// valueRows are the GetValueOrDefault of headers, parameters, claims and variables.
func valueRows() []Row {
	// or is what a dictionary has under a name, or the last argument.
	or := func(t *Thread, a []any, show func(v any) any) any {
		if a[0] == nil {
			clr.ThrowNull("dictionary")
		}
		if v, ok := lookup(t, a[0], a[1]); ok {
			return show(v)
		}
		if len(a) > 2 {
			return a[2]
		}
		return nil
	}
	joined := func(t *Thread, a []any) any {
		return or(t, a, func(v any) any {
			arr, _ := v.(*Array)
			if arr == nil {
				return nil
			}
			s := strings.Join(arr.strings(), ",")
			t.Pay(len(s))
			return s
		})
	}
	plain := func(t *Thread, a []any) any { return or(t, a, func(v any) any { return v }) }
	typed := func(args []*Type) Func {
		return func(t *Thread, a []any) any {
			if a[0] == nil {
				clr.ThrowNull("dictionary")
			}
			v, ok := lookup(t, a[0], a[1])
			switch {
			case !ok && len(a) > 2:
				return a[2]
			case !ok:
				return Default(args[0])
			case v == nil && args[0].AcceptsNull():
				return nil
			case v == nil:
				ThrowNullReference()
			case !InstanceOf(v, args[0]):
				ThrowInvalidCast(v, args[0].Underlying())
			}
			return v
		}
	}
	return []Row{
		Static("string GetValueOrDefault(this IReadOnlyDictionary<string, string[]> dictionary, string key)", joined),
		Static("string GetValueOrDefault(this IReadOnlyDictionary<string, string[]> dictionary, string key, string defaultValue)", joined),
		Static("string GetValueOrDefault(this IReadOnlyDictionary<string, string> dictionary, string key)", plain),
		Static("string GetValueOrDefault(this IReadOnlyDictionary<string, string> dictionary, string key, string defaultValue)", plain),
		Static("object GetValueOrDefault(this IReadOnlyDictionary<string, object> dictionary, string key)", plain),
		Static("object GetValueOrDefault(this IReadOnlyDictionary<string, object> dictionary, string key, object defaultValue)", plain),
		GenericStatic("T GetValueOrDefault<T>(this IReadOnlyDictionary<string, object> dictionary, string key)", typed),
		GenericStatic("T GetValueOrDefault<T>(this IReadOnlyDictionary<string, object> dictionary, string key, T defaultValue)", typed),
		Static("X509Certificate2 GetValueOrDefault(this IReadOnlyDictionary<string, X509Certificate2> dictionary, string key)", plain),
	}
}

// dictionaryRows make texts of forms and queries.
func dictionaryRows() []Row {
	encode := func(t *Thread, v any) string {
		if v == nil {
			clr.ThrowNull("dictionary")
		}
		var b strings.Builder
		for _, p := range dictItems(t, v) {
			for _, x := range Slice(t, p.(Pair).Value) {
				if b.Len() > 0 {
					b.WriteByte('&')
				}
				b.WriteString(formEncode(ToString(p.(Pair).Key)) + "=" + formEncode(str(x)))
			}
		}
		t.Pay(b.Len())
		return b.String()
	}
	return []Row{
		Static("string ToFormUrlEncodedContent(this IDictionary<string, IList<string>> dictionary)", func(t *Thread, a []any) any { return encode(t, a[0]) }),
		Static("string ToQueryString(this IDictionary<string, IList<string>> dictionary)", func(t *Thread, a []any) any {
			if s := encode(t, a[0]); s != "" {
				return "?" + s
			}
			return nil
		}),
	}
}

// formEncode is application/x-www-form-urlencoded: a space is a plus.
func formEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('+')
		case isNameByte(c), c == '-', c == '.', c == '~':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// formDecode undoes formEncode; what is no escape stays.
func formDecode(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			h, ok1 := unhex(s[i+1])
			l, ok2 := unhex(s[i+2])
			if ok1 && ok2 {
				b = append(b, h<<4|l)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return decodeUTF8(b)
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// bodyAs is IMessageBody.As<T>().
func bodyAs(args []*Type) Func {
	of := args[0]
	return func(t *Thread, a []any) any {
		body := a[0].(apim.Body)
		b := body.Read(a[1].(bool))
		t.Pay(len(b))
		if of == of.lib.Bytes {
			return append([]byte{}, b...)
		}
		s := bodyText(b, body.ContentType())
		if of == of.lib.String {
			return s
		}
		t.Pay(4 * len(s))
		t.Ticks(len(s) / 16)
		switch of.Full {
		case "Newtonsoft.Json.Linq.JObject":
			return json.ParseObject(s)
		case "Newtonsoft.Json.Linq.JArray":
			return json.ParseArray(s)
		case "Newtonsoft.Json.Linq.JToken":
			return json.Parse(s)
		case "System.Object", "dynamic":
			return s
		}
		if v, ok := bodyXML(s, of); ok {
			return v
		}
		clr.Throw(clr.NotSupportedException, "The type %s is not supported by IMessageBody.As<T>.", RuntimeName(of))
		return nil
	}
}

// bodyText decodes a body by the charset of its media type, else by its byte
// order mark, else as UTF-8.
func bodyText(b []byte, contentType string) string {
	e := utf8Encoding
	if _, params, ok := strings.Cut(contentType, ";"); ok {
		for _, p := range strings.Split(params, ";") {
			if name, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(strings.TrimSpace(name), "charset") {
				if named := encodingNamed(strings.Trim(strings.TrimSpace(v), `"`)); named != nil {
					e = named
				}
			}
		}
	}
	for _, marked := range []*Encoding{utf8Encoding, utf16Encoding, utf16BEEncoding} {
		if rest, ok := strings.CutPrefix(string(b), string(marked.bom)); ok {
			return marked.decode([]byte(rest))
		}
	}
	return e.decode(b)
}

func bodyAsForm(t *Thread, a []any) any {
	body := a[0].(apim.Body)
	s := bodyText(body.Read(a[1].(bool)), body.ContentType())
	t.Pay(2 * len(s))
	l := Std()
	list := l.Make("System.Collections.Generic.IList", l.String)
	d := NewDict(l.Make("System.Collections.Generic.Dictionary", l.String, list), nil)
	for _, field := range strings.Split(s, "&") {
		if field == "" {
			continue
		}
		name, value, _ := strings.Cut(field, "=")
		name, value = formDecode(name), formDecode(value)
		have, ok := d.Get(t, name)
		if !ok {
			have = NewList(l.String, nil)
			d.Set(t, name, have)
		}
		have.(*List).Add(t, value)
	}
	return d
}

// certificateNames are the keys of certificates in order.
func (c certificates) names() []string {
	names := make([]string, 0, len(c))
	for n := range c {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// DotnetType implements Typed.
func (c certificates) DotnetType() *Type {
	l := Std()
	return l.Make("System.Collections.Generic.IReadOnlyDictionary", l.String, l.Named("System.Security.Cryptography.X509Certificates.X509Certificate2"))
}

// Items implements Iterable.
func (c certificates) Items() []any {
	l := Std()
	pt := pairType(l.String, l.Named("System.Security.Cryptography.X509Certificates.X509Certificate2"))
	var items []any
	for _, n := range c.names() {
		items = append(items, Pair{pt, n, c[n]})
	}
	return items
}
