package dotnet_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sekisho/engine/evalctx"
)

// A million nested brackets, of every kind that something reads: refused by an
// exception, or read without recursion.
func TestNested(t *testing.T) {
	const many = 1_000_000
	for _, c := range []struct{ code, text, want string }{
		{`JToken.Parse(%s)`, "[", "!Newtonsoft.Json.JsonReaderException"},
		{`JToken.Parse(%s)`, `{"a":`, "!Newtonsoft.Json.JsonReaderException"},
		{`JToken.Parse(%s)`, "new a(", "!Newtonsoft.Json.JsonReaderException"},
		{`JToken.Parse(%s)`, "/*", "!Newtonsoft.Json.JsonReaderException"},
		{`JObject.Parse(%s)`, "{", "!Newtonsoft.Json.JsonReaderException"},
		{`JArray.Parse(%s)`, "[{", "!Newtonsoft.Json.JsonReaderException"},
		{`JsonConvert.DeserializeObject(%s)`, "[", "!Newtonsoft.Json.JsonReaderException"},
		{`JsonConvert.DeserializeObject<List<object>>(%s)`, "[", "!Newtonsoft.Json.JsonReaderException"},
		{`JsonConvert.DeserializeObject<Dictionary<string, object>>(%s)`, `{"a":`, "!Newtonsoft.Json.JsonReaderException"},
		{`new JObject().SelectToken(%s)`, "[", "!Newtonsoft.Json.JsonException"},
		{`new JObject().SelectToken(%s)`, "(", "!Newtonsoft.Json.JsonException"},
		{`new JObject().SelectToken(%s)`, "[?(@", "!Newtonsoft.Json.JsonException"},
		{`new JObject().SelectToken("$" + %s)`, "..a", "null"},
		{`new JArray("x").SelectTokens("$[?(@ =~ /" + %s + "/)]").Count()`, "(", "!Newtonsoft.Json.JsonException"},
		{`XElement.Parse(%s)`, "<a>", "!System.Xml.XmlException"},
		{`XDocument.Parse(%s)`, "<a b='", "!System.Xml.XmlException"},
		{`XDocument.Parse("<a>" + %s)`, "<![CDATA[", "!System.Xml.XmlException"},
		{`XDocument.Parse(%s)`, "<!--", "!System.Xml.XmlException"},
		{`XDocument.Parse(%s)`, "<!DOCTYPE a [", "!System.Xml.XmlException"},
		{`XElement.Parse("<a/>").XPathSelectElement(%s)`, "(", "!System.Xml.XPath.XPathException"},
		{`XElement.Parse("<a/>").XPathSelectElement(%s)`, "a[", "!System.Xml.XPath.XPathException"},
		{`XElement.Parse("<a/>").XPathSelectElement(%s)`, "not(", "!System.Xml.XPath.XPathException"},
		{`new Regex(%s)`, "(", "!System.Text.RegularExpressions.RegexParseException"},
		{`new Regex(%s)`, "[", "!System.Text.RegularExpressions.RegexParseException"},
		{`new Regex(%s)`, "(?:", "!System.Text.RegularExpressions.RegexParseException"},
		{`new Regex(%s)`, "(?<a>", "!System.Text.RegularExpressions.RegexParseException"},
		{`new Regex(%s)`, "a|", "!System.Text.RegularExpressions.RegexParseException"},
		{`Regex.Replace("a", "a", %s).Length`, "${", "1000000"},
		{`Regex.Unescape(%s).Length`, "\\\\", "500000"},
		{`string.Format(%s, 1).Length`, "{", "500000"},
		{`string.Format(%s, 1)`, "{0,", "!System.FormatException"},
		{`(1.5).ToString(%s).Length`, "(", "1000000"},
		{`(1.5).ToString(%s).Length`, ";", "0"},
		{`DateTime.MinValue.ToString(%s).Length`, "'", "0"},
		{`TimeSpan.Zero.ToString(%s).Length`, "'", "0"},
		{`double.Parse(%s)`, "(", "!System.FormatException"},
		{`decimal.Parse(%s)`, "-", "!System.FormatException"},
		{`Guid.Parse(%s)`, "{", "!System.FormatException"},
		{`new Uri("http://" + %s)`, "[", "!System.UriFormatException"},
		{`Enum.Parse(typeof(DayOfWeek), %s)`, "a,", "!System.ArgumentException"},
		{`System.Net.IPAddress.Parse(%s)`, ":", "!System.FormatException"},
		{`TimeSpan.Parse(%s)`, ":", "!System.FormatException"},
		{`DateTime.Parse(%s)`, "(", "!System.FormatException"},
		{`Convert.FromBase64String(%s)`, "=", "!System.FormatException"},
		{`(%s).AsJwt() == null`, ".", "True"},
		{`("Basic " + %s).AsBasic() == null`, ":", "True"},
		{`System.Net.WebUtility.HtmlDecode(%s).Length > 0`, "&lt;", "True"},
		{`System.Net.WebUtility.UrlDecode(%s).Length > 0`, "%%", "True"},
	} {
		name := fmt.Sprintf(c.code, c.text)
		deep, err := json.Marshal(strings.Repeat(c.text, many/len(c.text)))
		if err != nil {
			t.Fatal(err)
		}
		o, err := evalctx.Case{Code: fmt.Sprintf(c.code, `((string)context.Variables["deep"])`),
			Variables: map[string]json.RawMessage{"deep": deep}}.Run(nil)
		if err != nil {
			t.Fatal(err)
		}
		got := "null"
		switch {
		case o.Exception != nil:
			got = "!" + o.Exception.Type
		case o.Value != nil:
			got = *o.Value
		}
		if got != c.want {
			t.Errorf("%s gave %.200s, want %s", name, got, c.want)
		}
	}
}
