package dotnet_test

import (
	"testing"

	"sekisho/engine/evalctx"
)

const testContext = `{
	"request": {
		"method": "POST", "url": "https://api.example.com:8443/orders/42?q=a%20b&n=1&n=2", "ipAddress": "203.0.113.7",
		"headers": {
			"X-One": ["1"], "X-Multi": ["a", "b"], "Content-Type": ["application/x-www-form-urlencoded; charset=iso-8859-1"],
			"Authorization": ["Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJhdWQiOlsieCIsInkiXSwibiI6NSwiayI6eyJhIjpbMV19LCJvayI6dHJ1ZSwiZXhwIjoxLCJqdGkiOm51bGx9."]
		},
		"body": "a=1&b=%C3%A9+x&a=2&c", "matchedParameters": {"id": "42"}
	},
	"response": {"statusCode": 404, "statusReason": "Not Found"},
	"variables": {"n": 5, "s": "text", "nothing": null, "list": {"$type": "string[]", "value": ["x"]}},
	"api": {"Id": "a1", "ServiceUrl": "http://backend.example.com"}, "product": {"Id": "p", "State": "NotPublished", "SubscriptionsLimit": 3}
}`

// Expressions over the types of context, text, XML and cryptography: what they
// give, or the exception that they throw.
func TestExpressions(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		// context
		{`context.Request.Url.ToString()`, "https://api.example.com:8443/orders/42?q=a%20b&n=1&n=2"},
		{`context.Request.Url.ToUri().Port + context.Request.OriginalUrl.ToUri().Segments[1]`, "8443orders/"},
		{`context.Api.ServiceUrl.Query.Count + context.Api.ServiceUrl.Host`, "0backend.example.com"},
		{`context.Request.Url.Query["n"].Length`, "2"},
		{`context.Request.Url.Query.GetValueOrDefault("n")`, "1,2"},
		{`context.Request.Headers.GetValueOrDefault("x-multi", new string[0]).Length`, "2"},
		{`context.Request.Headers.GetValueOrDefault(null, "d")`, "!System.ArgumentNullException"},
		{`context.Request.Headers.TryGetValue("X-One", out var v) ? v[0] : "-"`, "1"},
		{`context.Request.Headers.Keys.First() + context.Request.Headers.Values.Count()`, "X-One4"},
		{`context.Request.MatchedParameters["id"] + context.Request.MatchedParameters.GetValueOrDefault("zz")`, "42"},
		{`string.Join(",", context.Request.MatchedParameters.Select(p => p.Key + p.Value))`, "id42"},
		{`context.Request.MatchedParameters["zz"]`, "!System.Collections.Generic.KeyNotFoundException"},
		{`context.Variables.GetValueOrDefault<int>("zz", 7) + context.Variables.GetValueOrDefault<int>("n")`, "12"},
		{`context.Variables.GetValueOrDefault<int?>("zz") == null`, "True"},
		{`context.Variables.GetValueOrDefault<long>("n")`, "!System.InvalidCastException"},
		{`context.Variables.GetValueOrDefault<int>("nothing")`, "!System.NullReferenceException"},
		{`context.Variables.GetValueOrDefault<string>("nothing", "d") ?? "null"`, "null"},
		{`context.Variables.GetValueOrDefault("n") is int`, "True"},
		{`context.Variables.GetValueOrDefault("s", "d") + context.Variables.GetValueOrDefault("zz", "d")`, "textd"},
		{`((string[])context.Variables["list"])[0]`, "x"},
		{`context.Response.StatusCode + context.Response.StatusReason + (context.Response.Body == null)`, "404Not FoundTrue"},
		{`context.Response.Body.As<string>()`, "!System.NullReferenceException"},
		{`context.Product.State + ":" + context.Product.SubscriptionsLimit + context.Product.SubscriptionLimit.HasValue`, "NotPublished:3True"},
		{`context.User?.Email ?? "nobody"`, "nobody"},
		{`context.LastError == null && context.Workspace == null && context.Backend == null`, "True"},
		{`context.Deployment.Certificates.Count`, "0"},
		{`context.Deployment.Certificates["zz"]`, "!System.Collections.Generic.KeyNotFoundException"},
		{`context.Deployment.Certificates.Select(c => c.Key).Count()`, "0"},
		{`context.Deployment.Gateway.IsManaged + context.Deployment.GatewayId`, "Truemanaged"},

		// bodies
		{`context.Request.Body.As<string>() + context.Request.Body.As<string>()`, "!System.InvalidOperationException"},
		{`context.Request.Body.As<byte[]>(true).Length + context.Request.Body.As<string>().Length`, "40"},
		{`context.Request.Body.As<int>()`, "!System.InvalidOperationException"},
		{`context.Request.Body.AsFormUrlEncodedContent()["a"].Count`, "2"},
		{`context.Request.Body.AsFormUrlEncodedContent()["b"][0]`, "é x"},
		{`context.Request.Body.AsFormUrlEncodedContent().ToFormUrlEncodedContent()`, "a=1&a=2&b=%C3%A9+x&c="},
		{`context.Request.Body.AsFormUrlEncodedContent().ToQueryString()`, "?a=1&a=2&b=%C3%A9%20x&c="},

		// tokens
		{`string.Join("|", context.Request.Headers["Authorization"][0].AsJwt().Claims.Select(c => c.Key + "=" + string.Join("+", c.Value)))`,
			`aud=x+y|n=5|k={"a":[1]}|ok=true|exp=1|jti=`},
		{`context.Request.Headers["Authorization"][0].AsJwt().Audiences.Last()`, "y"},
		{`context.Request.Headers["Authorization"][0].AsJwt().ExpirationTime.Value.Year`, "1970"},
		{`context.Request.Headers["Authorization"][0].AsJwt().NotBefore == null`, "True"},
		{`context.Request.Headers["Authorization"][0].AsJwt().Algorithm`, "none"},
		{`context.Request.Headers["Authorization"][0].AsJwt().Id == null`, "True"},
		{`"a.b.c".AsJwt() == null && ((string)null).AsJwt() == null`, "True"},
		{`"Basic dXNlcjpwOnc=".AsBasic().UserId + "," + "basic dXNlcjpwOnc=".AsBasic().Password`, "user,p:w"},
		{`"Bearer dXNlcjpwOnc=".AsBasic() == null`, "True"},

		// exceptions
		{`new ArgumentException("m", "p").ParamName + new ArgumentNullException("q").Message`, "pValue cannot be null. (Parameter 'q')"},
		{`new Exception("a", new FormatException("b")).GetBaseException().Message`, "b"},
		{`new Exception().Message`, "Exception of type 'System.Exception' was thrown."},
		{`new FormatException("x").ToString()`, "System.FormatException: x"},

		// addresses and URIs
		{`IPAddress.HostToNetworkOrder(1)`, "16777216"},
		{`IPAddress.IsLoopback(IPAddress.Parse("::1"))`, "True"},
		{`IPAddress.Parse("10.0.0.1").AddressFamily`, "InterNetwork"},
		{`IPAddress.IsLoopback(null)`, "!System.ArgumentNullException"},
		{`Uri.TryCreate("http://h/a", UriKind.Absolute, out var u) ? u.Host : ""`, "h"},
		{`Uri.TryCreate("::", UriKind.Absolute, out var u) || u != null`, "False"},
		{`new Uri("http://h/a?b#c").GetLeftPart(UriPartial.Path)`, "http://h/a"},
		{`new Uri("http://h/a") == null`, "False"},
		{`new HashSet<Uri> { new Uri("http://h"), new Uri("http://H/") }.Count`, "1"},

		// regular expressions
		{`string.Join(",", Regex.Matches("a1b22", @"\d+").Select(m => m.Value))`, "1,22"},
		{`Regex.Matches("a1b22", @"\d+")[1].Index`, "3"},
		{`Regex.Matches("a", "a")[1].Value`, "!System.ArgumentOutOfRangeException"},
		{`Regex.Match("xy", "(?<a>x)(y)").Groups.Cast<Group>().Count()`, "3"},
		{`Regex.Match("aab", "(a)+b").Groups[1].Captures.Count`, "2"},
		{`Regex.Match("k=v", @"(?<k>\w)=(\w)").Result("${k}$1")`, "kv"},
		{`Regex.Replace("ab", "b", (MatchEvaluator)null)`, "!System.ArgumentNullException"},
		{`Regex.IsMatch(null, "a")`, "!System.ArgumentNullException"},
		{`Regex.IsMatch("a", "A", RegexOptions.IgnoreCase, TimeSpan.FromMilliseconds(100))`, "True"},
		{`Regex.IsMatch(new string('a', 60) + "!", "^(a+)+$")`, "!System.Text.RegularExpressions.RegexMatchTimeoutException"},

		// XML
		{`new XElement("a", new XAttribute("x", 1.5), "t", new[] { new XElement("b"), new XElement("c", true) }).ToString(SaveOptions.DisableFormatting)`,
			`<a x="1.5">t<b /><c>true</c></a>`},
		{`new XElement("a", context.Request.Headers.Select(h => new XElement("h", h.Key))).Elements("h").Count()`, "4"},
		{`new XDocument(new XDeclaration("1.0", "utf-8", null), new XElement("a")).Declaration.Encoding`, "utf-8"},
		{`XElement.Parse("<a><b i='1'/><b i='2'/></a>").Elements("b").Attributes("i").Select(i => (int)i).Sum()`, "3"},
		{`XElement.Parse("<a><b><c/></b></a>").Elements().Elements("c").Ancestors().Count()`, "2"},
		{`XElement.Parse("<a><b/><c/></a>").Element("b").AncestorsAndSelf().First().Name == "b"`, "True"},
		{`XElement.Parse("<a xmlns:p='u'/>").GetNamespaceOfPrefix("p").NamespaceName`, "u"},
		{`XElement.Parse("<a/>").Element((XName)null) == null`, "True"},
		{`(int)XElement.Parse("<a/>").Element("b")`, "!System.ArgumentNullException"},
		{`(string)XElement.Parse("<a/>").Attribute("b") ?? "-"`, "-"},
		{`XElement.Parse("<a><b>1</b></a>").XPathSelectElement("//b").Value`, "1"},
		{`XElement.Parse("<a><b>1</b></a>").Nodes().OfType<XText>().Count() + XElement.Parse("<a>t</a>").Nodes().OfType<XText>().Count()`, "1"},
		{`XElement.Parse("<a><b/><b></b></a>").Elements().Distinct(XNode.EqualityComparer).Count()`, "2"},

		// cryptography
		{`SHA256.Create().GetType().Name + new SHA1Managed().HashSize + new HMACMD5(new byte[1]).GetType().Name`, "SHA256160HMACMD5"},
		{`((object)new HMACSHA256(new byte[1])) is KeyedHashAlgorithm`, "True"},
		{`HashAlgorithm.Create("zz") == null && HashAlgorithm.Create("SHA256") is SHA256`, "True"},
		{`SymmetricAlgorithm.Create("zz") == null`, "True"},
		{`new byte[3].Encrypt("zz", new byte[16], new byte[16])`, "!System.Security.Cryptography.CryptographicException"},
		{`new byte[3].Encrypt("Aes", new byte[15], new byte[16])`, "!System.Security.Cryptography.CryptographicException"},
		{`new byte[3].Encrypt("Aes", null, new byte[16])`, "!System.ArgumentNullException"},
		{`new X509Certificate2(new byte[3])`, "!System.Security.Cryptography.CryptographicException"},
		{`new X509Certificate2(Convert.FromBase64String("MAYCAQMEAQA="), "pw")`, "!System.Security.Cryptography.CryptographicException"},
		{`context.Request.Certificate?.Thumbprint ?? "none"`, "none"},
		{`context.Request.Certificate.VerifyNoRevocation()`, "!System.ArgumentNullException"},
	} {
		check(t, "expr", c.code, c.want)
	}
}

func TestBlocks(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		{`var a = SymmetricAlgorithm.Create("AES"); a.Mode = CipherMode.CBC; a.Padding = PaddingMode.PKCS7; a.Key = new byte[16]; a.IV = new byte[16];
			return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes("hello").Encrypt(a).Decrypt(a));`, "hello"},
		{`using (var r = new RNGCryptoServiceProvider()) { var b = new byte[8]; r.GetNonZeroBytes(b); return b.All(x => x != 0); }`, "True"},
		{`using (var h = new HMACSHA1(new byte[1])) { h.Key = new byte[2]; return h.Key.Length; }`, "2"},
		{`try { throw new ArgumentOutOfRangeException("p", 3, "m"); } catch (ArgumentException e) { return e.ParamName + e.Message.Contains("3"); }`, "pTrue"},
		{`try { throw new Exception("x"); } catch (FormatException) { return "f"; } catch (Exception e) { return e.Message; }`, "x"},
		{`try { JObject.Parse("{"); return ""; } catch (Newtonsoft.Json.JsonReaderException e) { return e.Path + e.LineNumber; }`, "1"},
		{`try { XElement.Parse("<a>\n</b>"); return 0; } catch (System.Xml.XmlException e) { return e.LineNumber * 10 + e.LinePosition; }`, "23"},
		{`var d = XDocument.Parse("<a><b/><b/></a>"); d.Root.Elements("b").Remove(); d.Root.Add(new XElement("c"), "t"); d.Root.SetAttributeValue("x", 1);
			return d.ToString(SaveOptions.DisableFormatting);`, `<a x="1"><c />t</a>`},
		{`var e = XElement.Parse("<a>x</a>"); e.Value = "y"; e.Name = "b"; e.AddFirst(new XComment("c")); return e.ToString();`, "<b>\n  <!--c-->y</b>"},
		{`var w = new StringWriter(); new XDocument(new XElement("a")).Save(w); return w.ToString().Contains("<a />");`, "True"},
		{`var r = System.Xml.XmlReader.Create(new StringReader("<a><b c='1'/></a>")); r.ReadToFollowing("b"); return r["c"] + r.GetAttribute("zz");`, "1"},
		{`var x = new System.Xml.XmlDocument(); x.LoadXml("<p:a xmlns:p='u'><p:b/></p:a>"); var m = new System.Xml.XmlNamespaceManager(x.NameTable);
			m.AddNamespace("q", "u"); return x.SelectNodes("//q:b", m).Count + x.DocumentElement.LocalName;`, "1a"},
		{`var d = new Dictionary<string, string[]> { { "a", new[] { "1", "2" } } }; return ((IReadOnlyDictionary<string, string[]>)d).GetValueOrDefault("a", "");`, "1,2"},
		{`var s = 0; foreach (Match m in Regex.Matches("1 2", @"\d")) { s += int.Parse(m.Value); } return s;`, "3"},
		{`var m = Regex.Match("ab", "."); var s = ""; while (m.Success) { s += m.Value + "."; m = m.NextMatch(); } return s;`, "a.b."},
		{`var e = new XElement("a"); for (var i = 0; i < 40; i++) { e = new XElement("a", e, e); } return e.IsEmpty;`, "!Sekisho.LimitExceededException"},
		{`var e = new XElement("a"); for (var i = 0; i < 40; i++) { e.Add(e); } return e.IsEmpty;`, "!Sekisho.LimitExceededException"},
		{`var s = new string('a', 1000000); return Regex.Replace(s, "a", s).Length;`, "!Sekisho.LimitExceededException"},
		{`var s = new string('a', 1000000); return Regex.Match(s, "b?").Result(s.Replace("a", "$_")).Length;`, "!Sekisho.LimitExceededException"},
		{`context.Trace("x"); return context.Variables.Count;`, "4"},
	} {
		check(t, "block", c.code, c.want)
	}
}

// check evaluates an expression; a want of "!T" is an exception of the type T.
func check(t *testing.T, kind, code, want string) {
	t.Helper()
	o, err := evalctx.Case{Kind: kind, Code: code}.Run([]byte(testContext))
	if err != nil {
		t.Fatal(err)
	}
	got := "null"
	switch {
	case o.Exception != nil:
		if got = "!" + o.Exception.Type; got != want {
			got += ": " + o.Exception.Message
		}
	case o.Value != nil:
		got = *o.Value
	}
	if got != want {
		t.Errorf("%s\n\tgave %s\n\twant %s", code, got, want)
	}
}
