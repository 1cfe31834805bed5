package dotnet

import (
	"bytes"
	"sort"
	"strings"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	json "sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/dotnet/web"
	"sekisho/engine/dotnet/xlinq"
)

// contextDecls are the types of `context` under the names that Azure API
// Management gives them, and the extension methods that it adds. What apim holds
// as "" where there is nothing reads as null.
func contextDecls() []*Decl {
	return []*Decl{
		iface("IProxyRequestContext",
			entity("IContextApi Api", apim.Context.API),
			entity("IDeployment Deployment", apim.Context.Deployment),
			Prop("TimeSpan Elapsed", f1(apim.Context.Elapsed)),
			entity("ILastError LastError", apim.Context.LastError),
			entity("IOperation Operation", apim.Context.Operation),
			entity("IProduct Product", apim.Context.Product),
			Prop("IRequest Request", f1(apim.Context.Request)).
				Fast(func(c apim.Context) any { return c.Request() }),
			Prop("Guid RequestId", f1(apim.Context.RequestID)),
			Prop("IResponse Response", f1(apim.Context.Response)).
				Fast(func(c apim.Context) any { return c.Response() }),
			entity("ISubscription Subscription", apim.Context.Subscription),
			Prop("DateTime Timestamp", f1(apim.Context.Timestamp)),
			Prop("bool Tracing", f1(apim.Context.Tracing)),
			entity("IUser User", apim.Context.User),
			Prop("IReadOnlyDictionary<string, object> Variables", f1(apim.Context.Variables)).
				Fast(func(c apim.Context) any { return c.Variables() }),
			entity("IWorkspace Workspace", apim.Context.Workspace),
			entity("IBackend Backend", apim.Context.Backend),
			Prop("IGraphQLContext GraphQL", azure(apim.Azure.GraphQL)),
			Prop("JObject GraphQLArguments", func(_ *Thread, a []any) any {
				return graphPart(a[0], func(g *apim.GraphQL) any { return g.Arguments })
			}),
			Prop("JObject Parent", func(_ *Thread, a []any) any {
				return graphPart(a[0], func(g *apim.GraphQL) any { return g.Parent })
			}),
			Method("void Trace(string message)", func(_ *Thread, a []any) any {
				a[0].(apim.Context).Trace(str(a[1]))
				return nil
			}),
		),
		iface("IRequest",
			Prop("IMessageBody Body", f1(apim.Request.Body)),
			Prop("X509Certificate2 Certificate", f1(apim.Request.Certificate)),
			Prop("IReadOnlyDictionary<string, string[]> Headers", f1(apim.Request.Headers)).
				Fast(func(v any) any { return v.(apim.Request).Headers() }),
			textProp("IpAddress", apim.Request.IPAddress),
			Prop("IReadOnlyDictionary<string, string> MatchedParameters", f1(apim.Request.MatchedParameters)).
				Fast(func(v any) any { return v.(apim.Request).MatchedParameters() }),
			textProp("Method", apim.Request.Method),
			Prop("IUrl OriginalUrl", f1(apim.Request.OriginalURL)).
				Fast(func(v any) any { return orNil(v.(apim.Request).OriginalURL()) }),
			Prop("IUrl Url", f1(apim.Request.URL)).
				Fast(func(v any) any { return orNil(v.(apim.Request).URL()) }),
			Prop("IPrivateEndpointConnection PrivateEndpointConnection", azure(apim.AzureRequest.PrivateEndpointConnection)),
			Prop("IAzureVnetInfo AzureVnetInfo", azure(apim.AzureRequest.AzureVnetInfo)),
			Prop("IFoundry Foundry", azure(apim.AzureRequest.Foundry)),
		),
		iface("IResponse",
			Prop("IMessageBody Body", f1(apim.Response.Body)),
			Prop("IReadOnlyDictionary<string, string[]> Headers", f1(apim.Response.Headers)).
				Fast(func(v any) any { return v.(apim.Response).Headers() }),
			Prop("int StatusCode", f1(apim.Response.StatusCode)).
				Fast(func(v any) int32 { return int32(v.(apim.Response).StatusCode()) }),
			textProp("StatusReason", apim.Response.StatusReason),
		),
		iface("IUrl",
			textProp("Host", func(u *apim.URL) string { return u.Host }),
			textProp("Path", func(u *apim.URL) string { return u.Path }),
			Prop("int Port", f1(func(u *apim.URL) int { return u.Port })),
			Prop("IReadOnlyDictionary<string, string[]> Query", func(_ *Thread, a []any) any {
				if q := a[0].(*apim.URL).Query; q != nil {
					return q
				}
				return noValues{}
			}),
			textProp("QueryString", func(u *apim.URL) string { return u.QueryString }),
			textProp("Scheme", func(u *apim.URL) string { return u.Scheme }),
			Method("Uri ToUri()", func(_ *Thread, a []any) any { return newURI(urlText(a[0].(*apim.URL))) }),
		).holds(&apim.URL{}),
		iface("IMessageBody",
			GenericMethod("T As<T>(bool preserveContent = false)", bodyAs),
			Method("IDictionary<string, IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)", func(t *Thread, a []any) any {
				return parseForm(t, bodyText(t, a[0].(apim.Body), a[1].(bool)))
			}),
		),
		iface("IGraphQLContext",
			Prop("JObject Arguments", f1(func(g *apim.GraphQL) any { return orNothing(g.Arguments) })),
			Prop("JObject Parent", f1(func(g *apim.GraphQL) any { return orNothing(g.Parent) })),
		).holds(&apim.GraphQL{}),
		iface("IPrivateEndpointConnection",
			nullText("GroupId", func(x *apim.PrivateEndpointConnection) string { return x.GroupID }),
			nullText("MemberName", func(x *apim.PrivateEndpointConnection) string { return x.MemberName }),
			nullText("Name", func(x *apim.PrivateEndpointConnection) string { return x.Name }),
		).holds(&apim.PrivateEndpointConnection{}),
		iface("IAzureVnetInfo",
			Prop("int PrivateLinkId", f1(func(x *apim.AzureVnetInfo) int32 { return x.PrivateLinkID })),
			nullText("SnatVip", func(x *apim.AzureVnetInfo) string { return x.SnatVIP }),
			Prop("int SubnetId", f1(func(x *apim.AzureVnetInfo) int32 { return x.SubnetID })),
			Prop("int VnetTrafficTag", f1(func(x *apim.AzureVnetInfo) int32 { return x.VnetTrafficTag })),
		).holds(&apim.AzureVnetInfo{}),
		iface("IFoundry",
			nullText("Deployment", func(x *apim.Foundry) string { return x.Deployment }),
		).holds(&apim.Foundry{}),
		class("Jwt",
			nullText("Algorithm", func(j *apim.Jwt) string { return j.Algorithm }),
			Prop("IEnumerable<string> Audiences", f1(func(j *apim.Jwt) *Array { return StringArray(j.Audiences) })),
			Prop("IReadOnlyDictionary<string, string[]> Claims", f1(func(j *apim.Jwt) *apim.Claims { return j.Claims })),
			Prop("DateTime? ExpirationTime", f1(func(j *apim.Jwt) *clr.DateTime { return j.ExpirationTime })),
			nullText("Id", func(j *apim.Jwt) string { return j.ID }),
			nullText("Issuer", func(j *apim.Jwt) string { return j.Issuer }),
			Prop("DateTime? IssuedAt", f1(func(j *apim.Jwt) *clr.DateTime { return j.IssuedAt })),
			Prop("DateTime? NotBefore", f1(func(j *apim.Jwt) *clr.DateTime { return j.NotBefore })),
			nullText("Subject", func(j *apim.Jwt) string { return j.Subject }),
			nullText("Type", func(j *apim.Jwt) string { return j.Type }),
		).holds(&apim.Jwt{}),
		class("Authorization",
			nullText("AccessToken", func(x *apim.Authorization) string { return x.AccessToken }),
			Prop("IReadOnlyDictionary<string, object> Claims", f1(func(x *apim.Authorization) apim.Variables { return x.Claims })),
		).holds(&apim.Authorization{}),
		class("BasicAuthCredentials",
			textProp("UserId", func(c *apim.BasicCredentials) string { return c.UserID }),
			textProp("Username", func(c *apim.BasicCredentials) string { return c.UserID }),
			textProp("Password", func(c *apim.BasicCredentials) string { return c.Password }),
		).holds(&apim.BasicCredentials{}),
		contextExtensions(),
	}
}

// entityDecls are the entities that context leads to.
func entityDecls() []*Decl {
	groups := func(list []*apim.Group) *Array { return arrayIn("IGroup", list) }
	return []*Decl{
		iface("IApi",
			nullText("Id", func(x *apim.API) string { return x.ID }),
			nullText("Name", func(x *apim.API) string { return x.Name }),
			nullText("Path", func(x *apim.API) string { return x.Path }),
			Prop("IEnumerable<string> Protocols", f1(func(x *apim.API) *Array { return StringArray(x.Protocols) })),
			Prop("IUrl ServiceUrl", f1(func(x *apim.API) *apim.URL { return x.ServiceURL })),
			Prop("ISubscriptionKeyParameterNames SubscriptionKeyParameterNames", f1(func(x *apim.API) keyNames { return x.SubscriptionKey })),
		),
		iface("IContextApi : IApi",
			Prop("bool IsCurrentRevision", f1(func(x *apim.API) bool { return x.IsCurrentRevision })),
			nullText("Revision", func(x *apim.API) string { return x.Revision }),
			nullText("Version", func(x *apim.API) string { return x.Version }),
		).holds(&apim.API{}),
		iface("ISubscriptionKeyParameterNames",
			nullText("Header", func(x keyNames) string { return x.Header }),
			nullText("Query", func(x keyNames) string { return x.Query }),
		).holds(keyNames{}),
		iface("IOperation",
			nullText("Id", func(x *apim.Operation) string { return x.ID }),
			nullText("Method", func(x *apim.Operation) string { return x.Method }),
			nullText("Name", func(x *apim.Operation) string { return x.Name }),
			nullText("UrlTemplate", func(x *apim.Operation) string { return x.URLTemplate }),
		).holds(&apim.Operation{}),
		iface("IProduct",
			Prop("IEnumerable<IApi> Apis", f1(func(x *apim.Product) *Array { return arrayIn("IApi", x.APIs) })),
			Prop("bool ApprovalRequired", f1(func(x *apim.Product) bool { return x.ApprovalRequired })),
			Prop("IEnumerable<IGroup> Groups", f1(func(x *apim.Product) *Array { return groups(x.Groups) })),
			nullText("Id", func(x *apim.Product) string { return x.ID }),
			nullText("Name", func(x *apim.Product) string { return x.Name }),
			Prop("ProductState State", f1(func(x *apim.Product) goEnum { return goEnum(b2i(x.Published)) })),
			Prop("int? SubscriptionLimit", f1(func(x *apim.Product) *int32 { return x.SubscriptionsLimit })),
			Prop("int? SubscriptionsLimit", f1(func(x *apim.Product) *int32 { return x.SubscriptionsLimit })),
			Prop("bool SubscriptionRequired", f1(func(x *apim.Product) bool { return x.SubscriptionRequired })),
		).holds(&apim.Product{}),
		enum("ProductState", "NotPublished Published"),
		iface("ISubscription",
			Prop("DateTime CreatedDate", f1(func(x *apim.Subscription) clr.DateTime { return x.CreatedDate })),
			Prop("DateTime CreatedTime", f1(func(x *apim.Subscription) clr.DateTime { return x.CreatedDate })),
			Prop("DateTime? StartDate", f1(func(x *apim.Subscription) *clr.DateTime { return x.StartDate })),
			Prop("DateTime? EndDate", f1(func(x *apim.Subscription) *clr.DateTime { return x.EndDate })),
			nullText("Id", func(x *apim.Subscription) string { return x.ID }),
			nullText("Key", func(x *apim.Subscription) string { return x.Key }),
			nullText("Name", func(x *apim.Subscription) string { return x.Name }),
			nullText("PrimaryKey", func(x *apim.Subscription) string { return x.PrimaryKey }),
			nullText("SecondaryKey", func(x *apim.Subscription) string { return x.SecondaryKey }),
		).holds(&apim.Subscription{}),
		iface("IUser",
			nullText("Email", func(x *apim.User) string { return x.Email }),
			nullText("FirstName", func(x *apim.User) string { return x.FirstName }),
			Prop("IEnumerable<IGroup> Groups", f1(func(x *apim.User) *Array { return groups(x.Groups) })),
			nullText("Id", func(x *apim.User) string { return x.ID }),
			Prop("IEnumerable<IUserIdentity> Identities", f1(func(x *apim.User) *Array { return arrayIn("IUserIdentity", x.Identities) })),
			nullText("LastName", func(x *apim.User) string { return x.LastName }),
			nullText("Note", func(x *apim.User) string { return x.Note }),
			Prop("DateTime RegistrationDate", f1(func(x *apim.User) clr.DateTime { return x.RegistrationDate })),
		).holds(&apim.User{}),
		iface("IUserIdentity",
			nullText("Id", func(x apim.UserIdentity) string { return x.ID }),
			nullText("Provider", func(x apim.UserIdentity) string { return x.Provider }),
		).holds(apim.UserIdentity{}),
		iface("IGroup",
			nullText("Id", func(x *apim.Group) string { return x.ID }),
			nullText("Name", func(x *apim.Group) string { return x.Name }),
		).holds(&apim.Group{}),
		iface("IDeployment",
			Prop("IReadOnlyDictionary<string, X509Certificate2> Certificates", func(_ *Thread, a []any) any {
				return certificates(a[0].(*apim.Deployment).Certificates)
			}),
			Prop("IGateway Gateway", f1(func(x *apim.Deployment) *apim.Gateway { return &x.Gateway })),
			nullText("GatewayId", func(x *apim.Deployment) string { return x.GatewayID }),
			nullText("Region", func(x *apim.Deployment) string { return x.Region }),
			nullText("ServiceId", func(x *apim.Deployment) string { return x.ServiceID }),
			nullText("ServiceName", func(x *apim.Deployment) string { return x.ServiceName }),
			// Azure alone knows the mix of the power that it draws.
			Prop("ISustainabilityInfo SustainabilityInfo", func(*Thread, []any) any { return noSustainability{} }),
		).holds(&apim.Deployment{}),
		iface("ISustainabilityInfo",
			Prop("CarbonIntensityCategory CurrentCarbonIntensity", func(*Thread, []any) any { return goEnum(0) }),
		).holds(noSustainability{}),
		enum("CarbonIntensityCategory", "NotAvailable VeryLow Low Medium High VeryHigh"),
		iface("IGateway",
			nullText("Id", func(x *apim.Gateway) string { return x.ID }),
			nullText("InstanceId", func(x *apim.Gateway) string { return x.InstanceID }),
			Prop("bool IsManaged", f1(func(x *apim.Gateway) bool { return x.IsManaged })),
		).holds(&apim.Gateway{}),
		iface("ILastError",
			Prop("int HttpErrorCode", f1(func(x *apim.LastError) int32 { return x.HTTPErrorCode })),
			nullText("Message", func(x *apim.LastError) string { return x.Message }),
			nullText("Path", func(x *apim.LastError) string { return x.Path }),
			nullText("PolicyId", func(x *apim.LastError) string { return x.PolicyID }),
			nullText("Reason", func(x *apim.LastError) string { return x.Reason }),
			nullText("Scope", func(x *apim.LastError) string { return x.Scope }),
			nullText("Section", func(x *apim.LastError) string { return x.Section }),
			nullText("Source", func(x *apim.LastError) string { return x.Source }),
		).holds(&apim.LastError{}),
		iface("IWorkspace",
			nullText("Id", func(x *apim.Workspace) string { return x.ID }),
			nullText("Name", func(x *apim.Workspace) string { return x.Name }),
		).holds(&apim.Workspace{}),
		iface("IBackend",
			nullText("AzureRegion", func(x *apim.Backend) string { return x.AzureRegion }),
			nullText("Id", func(x *apim.Backend) string { return x.ID }),
			Prop("BackendType Type", f1(func(x *apim.Backend) goEnum { return goEnum(b2i(x.IsPool)) })),
		).holds(&apim.Backend{}),
		enum("BackendType", "Single Pool"),
	}
}

// entity is a property of the context that is null where there is nothing.
func entity[A any](sig string, f func(apim.Context) *A) Row {
	return Prop(sig, f1(f)).Fast(func(c apim.Context) any { return orNil(f(c)) })
}

type keyNames = struct{ Header, Query string }

// textProp is a property of type string that is never null.
func textProp[A any](name string, f func(A) string) Row {
	return Prop("string "+name, func(_ *Thread, a []any) any { return f(a[0].(A)) }).
		Fast(func(v any) string { return f(v.(A)) })
}

// nullText is a property of type string that is null where there is nothing.
func nullText[A any](name string, f func(A) string) Row {
	return Prop("string "+name, func(_ *Thread, a []any) any {
		if s := f(a[0].(A)); s != "" {
			return s
		}
		return nil
	}).Fast(func(v any) (s string, null bool) {
		s = f(v.(A))
		return s, s == ""
	})
}

// arrayIn is an array of a type of this file.
func arrayIn[T any](elem string, list []T) *Array {
	items := make([]any, len(list))
	for i, v := range list {
		items[i] = v
	}
	return NewArray(Std().Named(elem), items)
}

// contextExtensions are the extension methods of Azure API Management, except
// those of cryptography.
func contextExtensions() *Decl {
	const multi = "(this IReadOnlyDictionary<string, string[]> dictionary, string key"
	const variables = "(this IReadOnlyDictionary<string, object> dictionary, string key"
	const parameters = "(this IReadOnlyDictionary<string, string> dictionary, string key"
	const form = "(this IDictionary<string, IList<string>> content)"
	return staticClass("ContextExtensions",
		Static("string GetValueOrDefault"+multi+")", func(t *Thread, a []any) any {
			s, null := joinedValues(t, a[0], str(a[1]), a[1] == nil, "", true)
			return boxed(s, null)
		}).Fast(func(t *Thread, recv any, key string, null bool) (string, bool) {
			return joinedValues(t, recv, key, null, "", true)
		}),
		Static("string GetValueOrDefault"+multi+", string defaultValue)", func(t *Thread, a []any) any {
			s, null := joinedValues(t, a[0], str(a[1]), a[1] == nil, str(a[2]), a[2] == nil)
			return boxed(s, null)
		}).Fast(func(t *Thread, recv any, key string, null bool, other string, otherNull bool) (string, bool) {
			return joinedValues(t, recv, key, null, other, otherNull)
		}),
		Static("string GetValueOrDefault"+parameters+")", func(t *Thread, a []any) any {
			return boxed(parameter(t, a[0], str(a[1]), a[1] == nil, "", true))
		}).Fast(func(t *Thread, recv any, key string, null bool) (string, bool) {
			return parameter(t, recv, key, null, "", true)
		}),
		Static("string GetValueOrDefault"+parameters+", string defaultValue)", func(t *Thread, a []any) any {
			return boxed(parameter(t, a[0], str(a[1]), a[1] == nil, str(a[2]), a[2] == nil))
		}).Fast(func(t *Thread, recv any, key string, null bool, other string, otherNull bool) (string, bool) {
			return parameter(t, recv, key, null, other, otherNull)
		}),
		GenericStatic("T GetValueOrDefault<T>"+variables+")", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				if v, ok := lookup(t, source(a[0]), a[1]); ok {
					return castValue(v, args[0])
				}
				return Default(args[0])
			}
		}),
		GenericStatic("T GetValueOrDefault<T>"+variables+", T defaultValue)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				if v, ok := lookup(t, source(a[0]), a[1]); ok {
					return castValue(v, args[0])
				}
				return a[2]
			}
		}),
		dictDefault("IReadOnlyDictionary"),
		dictDefaultOr("IReadOnlyDictionary"),

		Static("Jwt AsJwt(this string input)", func(_ *Thread, a []any) any { return orNil(apim.ParseJwt(str(a[0]))) }),
		Static("bool TryParseJwt(this string input, out Jwt result)", func(_ *Thread, a []any) any {
			return tried(a[1], apim.ParseJwt(str(a[0])))
		}),
		Static("BasicAuthCredentials AsBasic(this string input)", func(_ *Thread, a []any) any { return orNil(apim.ParseBasic(str(a[0]))) }),
		Static("bool TryParseBasic(this string input, out BasicAuthCredentials result)", func(_ *Thread, a []any) any {
			return tried(a[1], apim.ParseBasic(str(a[0])))
		}),
		Static("string ToFormUrlEncodedContent"+form, func(t *Thread, a []any) any { return formText(t, a[0]) }),
		Static("string ToQueryString"+form, func(t *Thread, a []any) any {
			if s := formText(t, a[0]); s != "" {
				return "?" + strings.ReplaceAll(s, "+", "%20")
			}
			return nil
		}),
	)
}

// source is the dictionary that an extension method is called on.
func source(v any) any {
	if v == nil {
		clr.ThrowNull("dictionary")
	}
	return v
}

func boxed(s string, null bool) any {
	if null {
		return nil
	}
	return s
}

func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return p
}

// tried sets the out parameter of a TryParse.
func tried[T any](out any, p *T) bool {
	out.(*Ref).Value = orNil(p)
	return p != nil
}

// joinedValues are the values of a header, a query parameter or a claim, with
// commas between them, or the default where the name is unknown.
func joinedValues(t *Thread, dictionary any, key string, nullKey bool, other string, nullOther bool) (string, bool) {
	if nullKey {
		clr.ThrowNull("key")
	}
	if m, ok := source(dictionary).(apim.FirstValues); ok {
		switch value, n := m.First(key); n {
		case 0:
			return other, nullOther
		case 1:
			return value, false
		}
	}
	if m, ok := dictionary.(apim.MultiValues); ok {
		values, ok := m.Lookup(key)
		switch {
		case !ok:
			return other, nullOther
		case len(values) == 1:
			return values[0], false
		}
		return strings.Join(values, ","), false
	}
	// A Dictionary<string, string[]> that the expression made itself.
	v, ok := dictionary.(*Dict).Get(t, key)
	if !ok {
		return other, nullOther
	}
	arr, ok := v.(*Array)
	if !ok {
		return "", true
	}
	return strings.Join(arr.strings(), ","), false
}

func parameter(t *Thread, dictionary any, key string, nullKey bool, other string, nullOther bool) (string, bool) {
	if nullKey {
		clr.ThrowNull("key")
	}
	if m, ok := source(dictionary).(apim.Values); ok {
		if v, ok := m.Lookup(key); ok {
			return v, false
		}
		return other, nullOther
	}
	v, ok := dictionary.(*Dict).Get(t, key)
	if !ok {
		return other, nullOther
	}
	s, ok := v.(string)
	return s, !ok
}

// castValue is the cast (T)v of an object.
func castValue(v any, to *Type) any {
	switch {
	case v == nil && to.IsValue() && to.Kind != NullableKind:
		ThrowNullReference()
	case v != nil && !InstanceOf(v, to) && to.Kind != DynamicKind:
		ThrowInvalidCast(v, to.Underlying())
	}
	return v
}

// azure is a property that only contexts of a gateway on Azure could have; it is
// null for others.
func azure[C, R any](f func(C) *R) Func {
	return func(_ *Thread, a []any) any {
		if c, ok := a[0].(C); ok {
			return orNil(f(c))
		}
		return nil
	}
}

// graphPart is a part of the GraphQL request that a resolver is run for.
func graphPart(ctx any, part func(*apim.GraphQL) any) any {
	c, ok := ctx.(apim.Azure)
	if !ok || c.GraphQL() == nil {
		return nil
	}
	return orNothing(part(c.GraphQL()))
}

// orNothing makes null of a missing JSON object.
func orNothing(v any) any {
	if o, ok := v.(*json.JObject); ok && o != nil {
		return o
	}
	return nil
}

// noSustainability is the SustainabilityInfo of a gateway that is not on Azure.
type noSustainability struct{}

// noValues is the query of a URL that has none.
type noValues struct{}

func (noValues) Lookup(string) ([]string, bool)   { return nil, false }
func (noValues) Len() int                         { return 0 }
func (noValues) Each(func(string, []string) bool) {}

// certificates are context.Deployment.Certificates.
type certificates map[string]*apim.Certificate

// DotnetType implements Typed.
func (certificates) DotnetType() *Type {
	l := Std()
	return l.Make("System.Collections.Generic.IReadOnlyDictionary", l.String, certificateType())
}

// Items implements Iterable.
func (c certificates) Items() []any {
	pt := pairType(Std().String, certificateType())
	ids := make([]string, 0, len(c))
	for id := range c {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	items := make([]any, len(ids))
	for i, id := range ids {
		items[i] = Pair{pt, id, c[id]}
	}
	return items
}

func certificateType() *Type {
	return Std().Named("System.Security.Cryptography.X509Certificates.X509Certificate2")
}

// bodyAs is IMessageBody.As<T>.
func bodyAs(args []*Type) Func {
	switch to := args[0]; to.Full {
	case "System.String":
		return func(t *Thread, a []any) any { return bodyText(t, a[0].(apim.Body), a[1].(bool)) }
	case "System.Byte[]":
		return func(t *Thread, a []any) any {
			b := a[0].(apim.Body).Read(a[1].(bool))
			t.Pay(len(b))
			return append([]byte{}, b...)
		}
	case "Newtonsoft.Json.Linq.JObject":
		return bodyJSON(json.ParseObjectWithin)
	case "Newtonsoft.Json.Linq.JArray":
		return bodyJSON(json.ParseArrayWithin)
	case "Newtonsoft.Json.Linq.JToken":
		return bodyJSON(json.ParseWithin)
	case "System.Xml.Linq.XElement", "System.Xml.Linq.XNode":
		return bodyParsed(func(m clr.Meter, s string) *xlinq.Element { return xlinq.ParseElementWithin(m, s, 0) })
	case "System.Xml.Linq.XDocument":
		return bodyParsed(func(m clr.Meter, s string) *xlinq.Document { return xlinq.ParseWithin(m, s, 0) })
	default:
		return func(*Thread, []any) any {
			clr.Throw(clr.InvalidOperationException,
				"A message body cannot be read as '%s'. As<T> takes string, byte[], JObject, JArray, JToken, XElement, XDocument and XNode.", RuntimeName(to))
			return nil
		}
	}
}

// bodyParsed reads the body and parses its text.
func bodyParsed[T any](parse func(clr.Meter, string) T) Func {
	return func(t *Thread, a []any) any {
		s := bodyText(t, a[0].(apim.Body), a[1].(bool))
		return parse(t, s)
	}
}

// reading is what a body was read to by As of the type T.
type reading[T json.JToken] struct{ json.Reading }

// bodyJSON is bodyParsed of JSON. Each As has a tree of its own, but the text is read by the
// first alone; the others pay as if they had read it.
func bodyJSON[T json.JToken](parse func(clr.Meter, string) T) Func {
	return func(t *Thread, a []any) any {
		body, preserve := a[0].(apim.Body), a[1].(bool)
		keeper, ok := body.(apim.Parsed)
		if !ok || !preserve {
			return parse(t, bodyText(t, body, preserve))
		}
		if r, ok := keeper.Parsed().(reading[T]); ok {
			t.Pay(r.Size())
			return r.Root()
		}
		root := parse(t, bodyText(t, body, preserve))
		if r, ok := json.ReadingOf(root); ok {
			keeper.KeepParsed(reading[T]{r})
		}
		return root
	}
}

// bodyText decodes a body: by its byte order mark, by the charset of its
// Content-Type, or as UTF-8.
func bodyText(t *Thread, body apim.Body, preserve bool) string {
	b := body.Read(preserve)
	t.Pay(len(b))
	for _, e := range []*web.Encoding{web.UTF8, web.Unicode, web.BigEndianUnicode} {
		if rest, ok := bytes.CutPrefix(b, e.GetPreamble()); ok {
			return e.GetString(rest)
		}
	}
	if e := encodingNamed(charset(body.ContentType())); e != nil {
		return e.GetString(b)
	}
	return web.UTF8.GetString(b)
}

// charset is the parameter of that name of a media type, "" if it has none.
func charset(contentType string) string {
	for _, p := range strings.Split(contentType, ";")[1:] {
		name, value, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "charset") {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}

// parseForm reads application/x-www-form-urlencoded as names with lists of values.
func parseForm(t *Thread, s string) *Dict {
	l := Std()
	list := l.Make("System.Collections.Generic.IList", l.String)
	d := NewDict(l.Make("System.Collections.Generic.Dictionary", l.String, list), nil)
	for s != "" {
		var part string
		part, s, _ = strings.Cut(s, "&")
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = urlDecode(name), urlDecode(value)
		t.Spend(len(part) + 64)
		if have, ok := d.Get(t, name); ok {
			have.(*List).Add(t, value)
		} else {
			d.Set(t, name, NewList(l.String, []any{value}))
		}
	}
	return d
}

// formText is the opposite of parseForm.
func formText(t *Thread, v any) string {
	if v == nil {
		clr.ThrowNull("content")
	}
	var b strings.Builder
	for _, p := range dictItems(t, v) {
		pair := p.(Pair)
		if pair.Value == nil {
			continue
		}
		for _, value := range Slice(t, pair.Value) {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(formEscape(str(pair.Key)))
			b.WriteByte('=')
			b.WriteString(formEscape(str(value)))
		}
	}
	t.Pay(b.Len())
	return b.String()
}
