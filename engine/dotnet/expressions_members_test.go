package dotnet_test

import "testing"

// Members that few expressions use, each with the value that .NET gives.
func TestMembers(t *testing.T) {
	const zone = `TimeZoneInfo.CreateCustomTimeZone("X", new TimeSpan(5, 45, 0), "(X) Zone", "Zone").`
	const rome = `TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome").`
	const grid = `new[,] { { 1, 2, 3 }, { 4, 5, 6 } }`
	const doc = `XElement.Parse("<r a='1' b='2'><x>1</x><!--c--><y n='5'/><x>2</x></r>").`
	for _, c := range []struct{ code, want string }{
		// Zones of one's own and those of the system.
		{zone + `Id`, "X"},
		{zone + `ToString()`, "(X) Zone"},
		{zone + `StandardName`, "Zone"},
		{zone + `DaylightName`, "Zone"},
		{zone + `BaseUtcOffset`, "05:45:00"},
		{zone + `SupportsDaylightSavingTime`, "False"},
		{zone + `GetUtcOffset(new DateTime(2024, 7, 1))`, "05:45:00"},
		{`TimeZoneInfo.ConvertTimeFromUtc(new DateTime(2024, 1, 1), ` + zone[:len(zone)-1] + `).ToString("s")`, "2024-01-01T05:45:00"},
		{`TimeZoneInfo.ConvertTimeToUtc(new DateTime(2024, 1, 1), ` + zone[:len(zone)-1] + `).ToString("s")`, "2023-12-31T18:15:00"},
		{`TimeZoneInfo.ConvertTime(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero), ` + zone[:len(zone)-1] + `).ToString("o")`, "2024-01-01T05:45:00.0000000+05:45"},
		{`TimeZoneInfo.CreateCustomTimeZone("X", TimeSpan.FromHours(15), "d", "s")`, "!System.ArgumentOutOfRangeException"},
		{`TimeZoneInfo.CreateCustomTimeZone("X", TimeSpan.FromSeconds(30), "d", "s")`, "!System.ArgumentException"},
		{`TimeZoneInfo.CreateCustomTimeZone(null, TimeSpan.Zero, "d", "s")`, "!System.ArgumentNullException"},
		{`TimeZoneInfo.CreateCustomTimeZone("", TimeSpan.Zero, "d", "s")`, "!System.ArgumentException"},
		{`TimeZoneInfo.FindSystemTimeZoneById("No/Where")`, "!System.TimeZoneNotFoundException"},
		{rome + `GetUtcOffset(new DateTime(2024, 7, 1))`, "02:00:00"},
		{rome + `IsDaylightSavingTime(new DateTime(2024, 1, 1))`, "False"},
		{rome + `IsInvalidTime(new DateTime(2024, 3, 31, 2, 30, 0))`, "True"},
		{rome + `IsAmbiguousTime(new DateTime(2024, 10, 27, 2, 30, 0))`, "True"},
		{`string.Join(",", ` + rome + `GetAmbiguousTimeOffsets(new DateTime(2024, 10, 27, 2, 30, 0)).OrderBy(o => o))`, "01:00:00,02:00:00"},
		{`TimeZoneInfo.Utc.HasSameRules(TimeZoneInfo.CreateCustomTimeZone("X", TimeSpan.Zero, "d", "s"))`, "True"},
		{`TimeZoneInfo.Utc.HasSameRules(` + zone[:len(zone)-1] + `)`, "False"},
		{rome + `HasSameRules(TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome"))`, "True"},

		// Arrays of one and more ranks.
		{`(` + grid + `).Rank`, "2"},
		{`(` + grid + `).Length`, "6"},
		{`(` + grid + `).GetLength(0) * 10 + (` + grid + `).GetLength(1)`, "23"},
		{`(` + grid + `).GetUpperBound(1)`, "2"},
		{`(` + grid + `).GetLowerBound(1)`, "0"},
		{`(` + grid + `)[1, 2]`, "6"},
		{`(` + grid + `).GetValue(1, 0)`, "4"},
		{`(` + grid + `).Cast<int>().Sum()`, "21"},
		{`(` + grid + `)[2, 0]`, "!System.IndexOutOfRangeException"},
		{`(` + grid + `).GetLength(2)`, "!System.IndexOutOfRangeException"},
		{`new int[2, 3, 4].GetType().ToString()`, "System.Int32[,,]"},
		{`new int[2][,].GetType().ToString()`, "System.Int32[,][]"},
		{`Array.CreateInstance(typeof(int), 2, 3).Length`, "6"},
		{`Array.IndexOf(new[] {1, 2, 1}, 1, 1)`, "2"},
		{`Array.LastIndexOf(new[] {1, 2, 1}, 1)`, "2"},
		{`Array.BinarySearch(new[] {1, 3, 5}, 4)`, "-3"},
		{`Array.FindLast(new[] {1, 2, 3}, x => x < 3)`, "2"},
		{`string.Join(",", Array.ConvertAll(new[] {1, 2}, x => "n" + x))`, "n1,n2"},
		{`((int[])new[] {1, 2}.Clone()).Length + new[] {1}.LongLength`, "3"},
		{`new[] {1}.IsFixedSize + "" + new[] {1}.IsReadOnly + new[] {1}.IsSynchronized`, "TrueFalseFalse"},

		// Serializer settings.
		{`JsonConvert.SerializeObject(new { a = (string)null, b = 1 }, new JsonSerializerSettings { NullValueHandling = NullValueHandling.Ignore })`, `{"b":1}`},
		{`JsonConvert.SerializeObject(new { a = (string)null }, new JsonSerializerSettings())`, `{"a":null}`},
		{`JsonConvert.SerializeObject(new[] {1}, Formatting.None, new JsonSerializerSettings { Formatting = Formatting.Indented })`, "[1]"},
		{`JsonConvert.SerializeObject(new int[0], new JsonSerializerSettings { Formatting = Formatting.Indented })`, "[]"},
		{`new JsonSerializerSettings().Formatting + "" + new JsonSerializerSettings().NullValueHandling`, "NoneInclude"},
		{`new JRaw("[1, 2]").GetType().Name + new JArray(new JRaw("{ }")).ToString(Formatting.None)`, "JRaw[{ }]"},
		{`((JToken)new JRaw("1")) is JRaw && !(((JToken)new JValue(1)) is JRaw)`, "True"},
		{`Encoding.UTF8 is UTF8Encoding && !(Encoding.Unicode is UTF8Encoding)`, "True"},

		// XML.
		{doc + `FirstAttribute.NextAttribute.Value + ` + doc + `LastAttribute.PreviousAttribute.Name`, "2a"},
		{doc + `FirstNode.ElementsAfterSelf().Count()`, "2"},
		{doc + `LastNode.ElementsBeforeSelf("x").Count()`, "1"},
		{doc + `Nodes().ElementAt(1).NodeType`, "Comment"},
		{doc + `DescendantNodes().Count()`, "6"},
		{doc + `Element("y").IsAfter(null)`, "!System.ArgumentNullException"},
		{doc + `Elements("x").Sum(e => (int)e)`, "3"},
		{`(int?)` + doc + `Element("zz")`, "null"},
		{`(int)` + doc + `Element("zz")`, "!System.ArgumentNullException"},
		{`(int)` + doc + `Element("y")`, "!System.FormatException"},
		{`(int)` + doc + `Element("y").Attribute("n")`, "5"},
		{`XNode.DeepEquals(XElement.Parse("<a x='1' y='2'/>"), XElement.Parse("<a y='2' x='1'/>"))`, "False"},
		{`XElement.Parse("<a xmlns='u'/>").GetDefaultNamespace()`, "u"},
		{`XElement.Parse("<p:a xmlns:p='u'/>").GetPrefixOfNamespace("u")`, "p"},
		{`XElement.Parse("<p:a xmlns:p='u'/>").GetNamespaceOfPrefix("p").GetName("b")`, "{u}b"},
		{`XElement.Parse("<p:a xmlns:p='u'/>").FirstAttribute.IsNamespaceDeclaration`, "True"},
		{`XName.Get("{u}a").LocalName + XName.Get("a", "u").NamespaceName + (XName.Get("{u}a") == XNamespace.Get("u") + "a")`, "auTrue"},
		{`XNamespace.Xml.NamespaceName`, "http://www.w3.org/XML/1998/namespace"},
		{`new XElement("a", true, 1.5, new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc)).Value`, "true1.52024-01-02T03:04:05Z"},
		{`XDocument.Parse("<?xml version='1.0' encoding='utf-8'?><a/>").Declaration`, `<?xml version="1.0" encoding="utf-8"?>`},
		{`XElement.Parse("<a> <b/> </a>", LoadOptions.PreserveWhitespace).Nodes().Count()`, "3"},
		{`XElement.Parse("<a> <b/> </a>").Nodes().Count()`, "1"},
	} {
		check(t, "expr", c.code, c.want)
	}
	for _, c := range []struct{ code, want string }{
		{`var p = RSA.Create(2048).ExportParameters(false); return p.Modulus.Length + "," + Convert.ToBase64String(p.Exponent) + "," + (p.D == null);`, "256,AQAB,True"},
		{`var a = RSA.Create(2048); var p = a.ExportParameters(true); var b = RSA.Create(); b.ImportParameters(p); var data = new byte[] {1, 2, 3};
			return a.VerifyData(data, b.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) + "," + p.P.Length + p.DP.Length + p.InverseQ.Length;`, "True,128128128"},
		{`var a = RSA.Create(); a.ImportParameters(new RSAParameters { Exponent = new byte[] {1, 0, 1}, Modulus = null }); return 1;`, "!System.Security.Cryptography.CryptographicException"},
		{`var g = new int[2, 2]; g[1, 0] = 7; g[0, 1] += 3; return string.Join(",", g.Cast<int>());`, "0,3,7,0"},
		{`var g = new[] { new[] {1}, new[] {2, 3} }; g[1][0]++; return g[1][0] + g.Length;`, "5"},
		{`var g = new int[2, 3]; Array.Clear(g, 0, 2); g[1, 2] = 5; Array.Clear(g); var n = 0; foreach (var x in g) { n += x; } return n;`, "0"},
		{`var a = Array.CreateInstance(typeof(string), 2); a.SetValue("x", 1); return (string)a.GetValue(1) + (a.GetValue(0) == null);`, "xTrue"},
		{`var e = XElement.Parse("<a x='1'><b>1</b></a>"); e.SetElementValue("b", null); e.SetElementValue("c", 2); e.SetAttributeValue("x", null); return e.ToString(SaveOptions.DisableFormatting);`, "<a><c>2</c></a>"},
		{`var e = XElement.Parse("<a><b/><c/></a>"); e.Element("b").ReplaceWith(new XElement("d"), "t"); e.Element("c").AddBeforeSelf(new XComment("x")); return e.ToString(SaveOptions.DisableFormatting);`, "<a><d />t<!--x--><c /></a>"},
		{`var e = XElement.Parse("<a x='1'>t<b/></a>"); e.ReplaceNodes("n"); e.ReplaceAttributes(new XAttribute("y", 2)); return e.ToString();`, `<a y="2">n</a>`},
		{`var e = XElement.Parse("<a x='1'>t</a>"); e.RemoveAll(); return e.ToString() + e.IsEmpty + e.HasAttributes;`, "<a />TrueFalse"},
	} {
		check(t, "block", c.code, c.want)
	}
}
