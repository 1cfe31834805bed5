package dotnet

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/web"
)

// webDecls are Uri, WebUtility, IPAddress and what belongs to them.
func webDecls() []*Decl {
	return []*Decl{
		uriDecl(),
		enum("System.UriPartial", "Scheme Authority Path Query"),
		flags("System.UriComponents", "Scheme=1 UserInfo=2 Host=4 Port=8 Path=16 Query=32 Fragment=64 StrongPort=128 NormalizedHost=256 KeepDelimiter=1073741824 "+
			"SerializationInfoString=-2147483648 AbsoluteUri=127 HostAndPort=132 StrongAuthority=134 SchemeAndServer=13 HttpRequestUrl=61 PathAndQuery=48").outsideList(),
		enum("System.UriFormat", "UriEscaped=1 Unescaped SafeUnescaped").outsideList(),
		enum("System.UriKind", "RelativeOrAbsolute Absolute Relative").outsideList(),
		enum("System.UriHostNameType", "Unknown Basic Dns IPv4 IPv6").outsideList(),
		uriBuilderDecl(),
		staticClass("System.Net.WebUtility",
			Static("string UrlEncode(string value)", nullSafe(web.UrlEncode)),
			Static("string UrlDecode(string encodedValue)", nullSafe(web.UrlDecode)),
			Static("string HtmlEncode(string value)", nullSafe(web.HtmlEncode)),
			Static("string HtmlDecode(string value)", nullSafe(web.HtmlDecode)),
			Static("byte[] UrlEncodeToBytes(byte[] encodedValue, int offset, int count)", func(t *Thread, a []any) any {
				b, _ := a[0].([]byte)
				checkBytes(len(b), argInt(a, 1), argInt(a, 2))
				s := web.UrlEncode(web.Latin1.GetString(b[argInt(a, 1) : argInt(a, 1)+argInt(a, 2)]))
				t.Pay(len(s))
				return []byte(s)
			}),
			Static("byte[] UrlDecodeToBytes(byte[] encodedValue, int offset, int count)", func(t *Thread, a []any) any {
				b, _ := a[0].([]byte)
				checkBytes(len(b), argInt(a, 1), argInt(a, 2))
				t.Pay(argInt(a, 2))
				return web.UrlDecodeBytes(b[argInt(a, 1) : argInt(a, 1)+argInt(a, 2)])
			}),
		),
		addressDecl(),
		enum("System.Net.HttpStatusCode", "Continue=100 SwitchingProtocols Processing EarlyHints "+
			"OK=200 Created Accepted NonAuthoritativeInformation NoContent ResetContent PartialContent MultiStatus AlreadyReported IMUsed=226 "+
			"MultipleChoices=300 Ambiguous=300 MovedPermanently=301 Moved=301 Found=302 Redirect=302 SeeOther=303 RedirectMethod=303 NotModified=304 UseProxy Unused "+
			"TemporaryRedirect=307 RedirectKeepVerb=307 PermanentRedirect=308 "+
			"BadRequest=400 Unauthorized PaymentRequired Forbidden NotFound MethodNotAllowed NotAcceptable ProxyAuthenticationRequired RequestTimeout Conflict Gone "+
			"LengthRequired PreconditionFailed RequestEntityTooLarge RequestUriTooLong UnsupportedMediaType RequestedRangeNotSatisfiable ExpectationFailed "+
			"MisdirectedRequest=421 UnprocessableEntity UnprocessableContent=422 Locked FailedDependency UpgradeRequired=426 PreconditionRequired=428 TooManyRequests "+
			"RequestHeaderFieldsTooLarge=431 UnavailableForLegalReasons=451 "+
			"InternalServerError=500 NotImplemented BadGateway ServiceUnavailable GatewayTimeout HttpVersionNotSupported VariantAlsoNegotiates InsufficientStorage "+
			"LoopDetected NotExtended=510 NetworkAuthenticationRequired").outsideList(),
		enum("System.Net.Sockets.AddressFamily", "Unknown=-1 Unspecified=0 Unix=1 InterNetwork=2 InterNetworkV6=23").outsideList(),
	}
}

// nullSafe is a function of a text for which null gives null.
func nullSafe(f func(string) string) Func {
	return func(t *Thread, a []any) any {
		s, ok := a[0].(string)
		if !ok {
			return nil
		}
		t.Ticks(len(s) / 64)
		s = f(s)
		t.Pay(len(s))
		return s
	}
}

// strict refuses null for every argument.
func strict(f Func) Func {
	return func(t *Thread, a []any) any {
		for i, v := range a {
			if v == nil {
				t.argNull(i)
			}
		}
		return f(t, a)
	}
}

func urlDecode(s string) string { return web.UrlDecode(s) }

// formEscape escapes for application/x-www-form-urlencoded.
func formEscape(s string) string {
	b := []byte(web.EscapeDataString(s))
	out := b[:0]
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) && b[i+1] == '2' && b[i+2] == '0' {
			out = append(out, '+')
			i += 2
			continue
		}
		out = append(out, b[i])
	}
	return string(out)
}

func newURI(s string) *web.Uri { return web.NewUri(s, web.Absolute) }

func uriDecl() *Decl {
	escape := func(f func(string) string) Func { return paid(f1(f)) }
	created := func(out any, u *web.Uri, ok bool) bool {
		out.(*Ref).Value = nil
		if ok {
			out.(*Ref).Value = u
		}
		return ok
	}
	equal := func(a []any) bool {
		x, _ := a[0].(*web.Uri)
		y, _ := a[1].(*web.Uri)
		return x == y || x != nil && y != nil && x.Equal(y)
	}
	kind := func(v any) web.UriKind { return web.UriKind(v.(EnumValue).Value) }
	combine := func(base *web.Uri, relative string) *web.Uri {
		if base == nil {
			clr.ThrowNull("baseUri")
		}
		return web.CombineUri(base, relative)
	}
	d := class("System.Uri",
		Ctor("(string uriString)", f1(newURI)),
		Ctor("(string uriString, UriKind uriKind)", f2(web.NewUri)),
		Ctor("(Uri baseUri, string relativeUri)", f2(combine)),
		Ctor("(Uri baseUri, Uri relativeUri)", f2(func(base, relative *web.Uri) *web.Uri {
			if relative == nil {
				clr.ThrowNull("relativeUri")
			}
			return combine(base, relative.OriginalString())
		})),
		Prop("string AbsolutePath", f1((*web.Uri).AbsolutePath)),
		Prop("string AbsoluteUri", f1((*web.Uri).AbsoluteUri)),
		Prop("string Authority", f1((*web.Uri).Authority)),
		Prop("string DnsSafeHost", f1((*web.Uri).DnsSafeHost)),
		Prop("string Fragment", f1((*web.Uri).Fragment)),
		Prop("string Host", f1((*web.Uri).Host)),
		Prop("UriHostNameType HostNameType", f1((*web.Uri).HostNameType)),
		Prop("string IdnHost", f1((*web.Uri).IdnHost)),
		Prop("bool IsAbsoluteUri", f1((*web.Uri).IsAbsolute)),
		Prop("bool IsDefaultPort", f1((*web.Uri).IsDefaultPort)),
		Prop("bool IsFile", f1((*web.Uri).IsFile)),
		Prop("bool IsLoopback", f1((*web.Uri).IsLoopback)),
		Prop("bool IsUnc", f1((*web.Uri).IsUnc)),
		Prop("string LocalPath", f1((*web.Uri).LocalPath)),
		Prop("string OriginalString", f1((*web.Uri).OriginalString)),
		Prop("string PathAndQuery", f1((*web.Uri).PathAndQuery)),
		Prop("int Port", f1((*web.Uri).Port)),
		Prop("string Query", f1((*web.Uri).Query)),
		Prop("string Scheme", f1((*web.Uri).Scheme)),
		Prop("string[] Segments", f1((*web.Uri).Segments)),
		Prop("string UserInfo", f1((*web.Uri).UserInfo)),
		Prop("bool UserEscaped", func(*Thread, []any) any { return false }),
		Method("string GetLeftPart(UriPartial part)", f2((*web.Uri).GetLeftPart)),
		Method("bool IsBaseOf(Uri uri)", strict(f2((*web.Uri).IsBaseOf))),
		Method("bool IsWellFormedOriginalString()", f1(func(u *web.Uri) bool { return web.IsWellFormed(u.OriginalString(), web.RelativeOrAbsolute) })),
		Method("Uri MakeRelativeUri(Uri uri)", strict(f2((*web.Uri).MakeRelative))),
		Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		Method("bool Equals(object comparand)", func(_ *Thread, a []any) any { return equal(a) }),
		Method("int GetHashCode()", f1((*web.Uri).HashCode)),
		Op("bool ==(Uri uri1, Uri uri2)", func(_ *Thread, a []any) any { return equal(a) }),
		Op("bool !=(Uri uri1, Uri uri2)", func(_ *Thread, a []any) any { return !equal(a) }),
		Static("string EscapeDataString(string stringToEscape)", escape(web.EscapeDataString)),
		Static("string EscapeUriString(string stringToEscape)", escape(web.EscapeUriString)),
		Static("string UnescapeDataString(string stringToUnescape)", escape(web.UnescapeDataString)),
		Static("string HexEscape(char character)", f1(web.HexEscape)),
		Static("bool IsHexDigit(char character)", f1(func(c clr.Char) bool {
			return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
		})),
		Static("UriHostNameType CheckHostName(string name)", func(_ *Thread, a []any) any { return goEnum(web.CheckHostName(str(a[0]))) }),
		Static("bool CheckSchemeName(string schemeName)", func(_ *Thread, a []any) any { return web.CheckSchemeName(str(a[0])) }),
		Static("bool IsWellFormedUriString(string uriString, UriKind uriKind)", func(_ *Thread, a []any) any {
			return a[0] != nil && web.IsWellFormed(a[0].(string), kind(a[1]))
		}),
		Static("bool TryCreate(string uriString, UriKind uriKind, out Uri result)", func(_ *Thread, a []any) any {
			if a[0] == nil {
				return created(a[2], nil, false)
			}
			u, ok := web.TryCreateUri(a[0].(string), kind(a[1]))
			return created(a[2], u, ok)
		}),
		Static("bool TryCreate(Uri baseUri, string relativeUri, out Uri result)", func(_ *Thread, a []any) any {
			var u *web.Uri
			ok := a[0] != nil && a[1] != nil &&
				clr.Try(func() { u = web.CombineUri(a[0].(*web.Uri), a[1].(string)) }) == nil
			return created(a[2], u, ok)
		}),
		Const("string SchemeDelimiter", "://"),
		Const("string UriSchemeNetPipe", "net.pipe"),
		Const("string UriSchemeNetTcp", "net.tcp"),
		Static("int FromHex(char digit)", f1(web.FromHex)),
		Static("bool IsHexEncoding(string pattern, int index)", f2(web.IsHexEncoding)),
		Static("char HexUnescape(string pattern, ref int index)", func(t *Thread, a []any) any {
			at := a[1].(*Ref)
			c, next := web.HexUnescape(argStr(t, a, 0), int(at.Value.(int32)))
			at.Value = int32(next)
			return c
		}),
		Method("string GetComponents(UriComponents components, UriFormat format)", func(t *Thread, a []any) any {
			return web.GetComponents(a[0].(*web.Uri), int32(a[1].(EnumValue).Value), int32(a[2].(EnumValue).Value))
		}),
		Static("int Compare(Uri uri1, Uri uri2, UriComponents partsToCompare, UriFormat compareFormat, StringComparison comparisonType)", func(_ *Thread, a []any) any {
			x, _ := a[0].(*web.Uri)
			y, _ := a[1].(*web.Uri)
			if x == nil || y == nil {
				return int32(b2i(x != nil) - b2i(y != nil))
			}
			parts, format := int32(a[2].(EnumValue).Value), int32(a[3].(EnumValue).Value)
			return clr.Compare(web.GetComponents(x, parts, format), web.GetComponents(y, parts, format), comparison(a[4]))
		}),
	).holds(&web.Uri{})
	for _, scheme := range []string{"Http", "Https", "Ftp", "File", "Mailto", "Gopher", "News", "Nntp", "Ws", "Wss"} {
		d.with(Const("string UriScheme"+scheme, lowerASCII(scheme)))
	}
	return d
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

func uriBuilderDecl() *Decl {
	text := func(name string, field func(b *web.UriBuilder) *string) Row {
		return PropSet("string "+name,
			f1(func(b *web.UriBuilder) string { return *field(b) }),
			func(_ *Thread, a []any) any { *field(a[0].(*web.UriBuilder)) = str(a[1]); return nil })
	}
	parts := func(path, extra bool) Func {
		return func(_ *Thread, a []any) any {
			b := web.NewUriBuilder()
			b.Scheme, b.Host = str(a[0]), str(a[1])
			if len(a) > 2 {
				b.Port = a[2].(int32)
			}
			if path {
				b.Path = str(a[3])
			}
			if extra {
				b.Query = str(a[4])
			}
			return b
		}
	}
	return class("System.UriBuilder",
		Ctor("()", f0(web.NewUriBuilder)),
		Ctor("(string uri)", f1(web.ParseUriBuilder)),
		Ctor("(Uri uri)", strict(f1(web.UriBuilderOf))),
		Ctor("(string schemeName, string hostName)", parts(false, false)),
		Ctor("(string scheme, string host, int portNumber)", parts(false, false)),
		Ctor("(string scheme, string host, int port, string pathValue)", parts(true, false)),
		Ctor("(string scheme, string host, int port, string path, string extraValue)", parts(true, true)),
		text("Scheme", func(b *web.UriBuilder) *string { return &b.Scheme }),
		text("Host", func(b *web.UriBuilder) *string { return &b.Host }),
		text("Path", func(b *web.UriBuilder) *string { return &b.Path }),
		text("Query", func(b *web.UriBuilder) *string { return &b.Query }),
		text("Fragment", func(b *web.UriBuilder) *string { return &b.Fragment }),
		text("UserName", func(b *web.UriBuilder) *string { return &b.UserName }),
		text("Password", func(b *web.UriBuilder) *string { return &b.Password }),
		PropSet("int Port", f1(func(b *web.UriBuilder) int32 { return b.Port }), v2(func(b *web.UriBuilder, port int32) { b.Port = port })),
		Prop("Uri Uri", f1((*web.UriBuilder).Uri)),
		Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
	).outsideList().holds(&web.UriBuilder{})
}

func addressDecl() *Decl {
	constant := func(name string, b ...byte) Row {
		ip := web.IPFromBytes(b)
		return StaticProp("IPAddress "+name, func(*Thread, []any) any { return ip })
	}
	equal := func(ip *web.IPAddress, o any) bool {
		p, ok := o.(*web.IPAddress)
		return ok && ip.Equal(p)
	}
	return class("System.Net.IPAddress",
		Ctor("(byte[] address)", f1(web.IPFromBytes)),
		Ctor("(long newAddress)", f1(func(n int64) *web.IPAddress {
			if n < 0 || n > 0xFFFFFFFF {
				clr.ThrowRange("Specified argument was out of the range of valid values.", "newAddress")
			}
			return web.IPFromBytes(binary.LittleEndian.AppendUint32(nil, uint32(n)))
		})),
		Static("IPAddress Parse(string ipString)", f1(web.ParseIP)),
		Static("bool TryParse(string ipString, out IPAddress address)", try1(web.TryParseIP)),
		Static("bool IsLoopback(IPAddress address)", strict(f1((*web.IPAddress).IsLoopback))),
		Static("short HostToNetworkOrder(short host)", f1(func(n int16) int16 { return int16(bits.ReverseBytes16(uint16(n))) })),
		Static("int HostToNetworkOrder(int host)", f1(func(n int32) int32 { return int32(bits.ReverseBytes32(uint32(n))) })),
		Static("long HostToNetworkOrder(long host)", f1(func(n int64) int64 { return int64(bits.ReverseBytes64(uint64(n))) })),
		Static("short NetworkToHostOrder(short network)", f1(func(n int16) int16 { return int16(bits.ReverseBytes16(uint16(n))) })),
		Static("int NetworkToHostOrder(int network)", f1(func(n int32) int32 { return int32(bits.ReverseBytes32(uint32(n))) })),
		Static("long NetworkToHostOrder(long network)", f1(func(n int64) int64 { return int64(bits.ReverseBytes64(uint64(n))) })),
		constant("Any", 0, 0, 0, 0),
		constant("Loopback", 127, 0, 0, 1),
		constant("Broadcast", 255, 255, 255, 255),
		constant("None", 255, 255, 255, 255),
		constant("IPv6Any", make([]byte, 16)...),
		constant("IPv6None", make([]byte, 16)...),
		constant("IPv6Loopback", append(make([]byte, 15), 1)...),
		Prop("System.Net.Sockets.AddressFamily AddressFamily", f1((*web.IPAddress).Family)),
		Prop("bool IsIPv4MappedToIPv6", f1((*web.IPAddress).IsMapped)),
		Prop("bool IsIPv6LinkLocal", f1(func(ip *web.IPAddress) bool { return ip.Addr.Is6() && ip.Addr.IsLinkLocalUnicast() })),
		Prop("bool IsIPv6Multicast", f1(func(ip *web.IPAddress) bool { return ip.Addr.Is6() && ip.Addr.IsMulticast() })),
		Prop("bool IsIPv6SiteLocal", f1(func(ip *web.IPAddress) bool {
			b := ip.Bytes()
			return len(b) == 16 && b[0] == 0xFE && b[1]&0xC0 == 0xC0
		})),
		Prop("bool IsIPv6Teredo", f1(func(ip *web.IPAddress) bool {
			b := ip.Bytes()
			return len(b) == 16 && b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0
		})),
		PropSet("long ScopeId", f1(func(ip *web.IPAddress) int64 {
			if !ip.Addr.Is6() {
				clr.Throw("System.Net.Sockets.SocketException", "The attempted operation is not supported for the type of object referenced.")
			}
			n, _ := strconv.ParseInt(ip.Addr.Zone(), 10, 64)
			return n
		}), func(_ *Thread, a []any) any {
			ip, n := a[0].(*web.IPAddress), a[1].(int64)
			if !ip.Addr.Is6() {
				clr.Throw("System.Net.Sockets.SocketException", "The attempted operation is not supported for the type of object referenced.")
			}
			if n < 0 || n > math.MaxUint32 {
				clr.ThrowRange("Specified argument was out of the range of valid values.", "value")
			}
			ip.Addr = ip.Addr.WithZone(strconv.FormatInt(n, 10))
			return nil
		}),
		Prop("bool IsIPv6UniqueLocal", f1(func(ip *web.IPAddress) bool { return ip.Addr.Is6() && !ip.Addr.Is4In6() && ip.Addr.IsPrivate() })),
		Method("byte[] GetAddressBytes()", f1((*web.IPAddress).Bytes)),
		Method("IPAddress MapToIPv4()", f1((*web.IPAddress).MapToIPv4)),
		Method("IPAddress MapToIPv6()", f1((*web.IPAddress).MapToIPv6)),
		Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		Method("bool Equals(object comparand)", f2(equal)),
		Method("int GetHashCode()", f1((*web.IPAddress).HashCode)),
	).holds(&web.IPAddress{})
}
