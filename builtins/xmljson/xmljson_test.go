package xmljson

import (
	"encoding/json"
	"strings"
	"testing"

	"sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/dotnet/xlinq"
)

func TestToJSON(t *testing.T) {
	direct, friendly := JSONOptions{}, JSONOptions{Friendly: true}
	tests := []struct {
		name string
		o    JSONOptions
		xml  string
		want string
	}{
		{"text", direct, `<a>x &amp; "y"</a>`, `{"a":"x & \"y\""}`},
		{"empty and nothing", direct, `<a><b/><c></c><d> </d></a>`, `{"a":{"b":null,"c":"","d":""}}`},
		{"attributes", direct, `<a n="1"><b m="2">t</b><c k=""/></a>`, `{"a":{"@n":"1","b":{"@m":"2","#text":"t"},"c":{"@k":""}}}`},
		{"arrays at their first place", direct, `<a><b>1</b><c>x</c><b>2</b></a>`, `{"a":{"b":["1","2"],"c":"x"}}`},
		{"mixed", direct, `<a>x<b/>y</a>`, `{"a":{"#text":["x","y"],"b":null}}`},
		{"CDATA", direct, `<a><![CDATA[<x>]]></a>`, `{"a":{"#cdata-section":"<x>"}}`},
		{"namespaces", direct, `<s:a xmlns:s="u" s:k="1"><s:b>1</s:b></s:a>`, `{"s:a":{"@xmlns:s":"u","@s:k":"1","s:b":"1"}}`},
		{"declaration and comments", direct, `<?xml version="1.0" encoding="utf-8"?><!-- c --><a><!-- d -->1</a>`, `{"?xml":{"@version":"1.0","@encoding":"utf-8"},"a":"1"}`},
		{"every child an array", JSONOptions{ArrayChildren: true}, `<a><b>1</b><c/></a>`, `{"a":{"b":["1"],"c":[null]}}`},
		{"control characters", direct, "<a>1&#x9;2&#xA;3\r\n4</a>", `{"a":"1\t2\n3\n4"}`},
		{"friendly", friendly, `<?xml version="1.0"?><s:a xmlns:s="u" xmlns:xsi="i" k="1"><s:b m="2">t</s:b><c xsi:nil="true"/><d/></s:a>`,
			`{"a":{"k":"1","b":{"m":"2","value":"t"},"c":null,"d":null}}`},
		{"friendly, a name twice", friendly, `<a b="1"><b>2</b></a>`, `{"a":{"@b":"1","b":"2"}}`},
		{"friendly, arrays", JSONOptions{Friendly: true, ArrayChildren: true}, `<a><b>1</b></a>`, `{"a":{"b":["1"]}}`},
		{"friendly CDATA", friendly, `<a><![CDATA[<x>]]></a>`, `{"a":"<x>"}`},
	}
	for _, tt := range tests {
		got, err := ToJSON([]byte(tt.xml), tt.o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if string(got) != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
		if !json.Valid(got) {
			t.Errorf("%s: not valid JSON", tt.name)
		}
	}
}

func TestToXML(t *testing.T) {
	tests := []struct {
		name string
		o    XMLOptions
		json string
		want string
	}{
		{"one root", XMLOptions{}, `{"a":{"b":1,"c":"x<y","d":true,"e":null,"f":{}}}`, `<a><b>1</b><c>x&lt;y</c><d>true</d><e /><f /></a>`},
		{"several members", XMLOptions{}, `{"a":1,"b":2}`, `<Document><a>1</a><b>2</b></Document>`},
		{"arrays", XMLOptions{}, `{"a":{"b":[1,2,[3]]}}`, `<a><b>1</b><b>2</b><b><b>3</b></b></a>`},
		{"an array as root", XMLOptions{}, `[1,{"x":2}]`, `<Document><item>1</item><item><x>2</x></item></Document>`},
		{"an array in the root member", XMLOptions{}, `{"a":[1,2]}`, `<Document><a>1</a><a>2</a></Document>`},
		{"a scalar", XMLOptions{}, `"x"`, `<Document>x</Document>`},
		{"attributes", XMLOptions{}, `{"a":{"@n":1,"@q":"\"","b":{"@m":"2","#text":"t"}}}`, `<a n="1" q="&quot;"><b m="2">t</b></a>`},
		{"a block of attributes", XMLOptions{AttributeBlock: "#attrs"}, `{"a":{"#attrs":{"n":"1"},"@x":"e"}}`, `<a n="1"><_x0040_x>e</_x0040_x></a>`},
		{"namespaces", XMLOptions{Separator: ":", NamespacePrefix: "xmlns", AttributeBlock: "#attrs"},
			`{"s:Envelope":{"xmlns:s":"urn:s","xmlns:v":"urn:v","s:Header":{},"s:Body":{"v:List":{"#attrs":{"queryName":"test"},"v:Item":{"name":"dummy"}}}}}`,
			`<s:Envelope xmlns:s="urn:s" xmlns:v="urn:v"><s:Header /><s:Body><v:List queryName="test"><v:Item><name>dummy</name></v:Item></v:List></s:Body></s:Envelope>`},
		{"only declared prefixes", XMLOptions{NamespacePrefix: "xmlns"}, `{"a_b":{"xmlns_p":"u","p_c":1,"first_name":2,"xmlns":"d"}}`,
			`<a_b xmlns:p="u" xmlns="d"><p:c>1</p:c><first_name>2</first_name></a_b>`},
		{"declared by @", XMLOptions{}, `{"s:a":{"@xmlns:s":"u","@s:k":1,"s:b":null}}`, `<s:a xmlns:s="u" s:k="1"><s:b /></s:a>`},
		{"names", XMLOptions{}, `{"a b":{"1x":1,"_x0041_":2,"":3,"é":4,"a:b":5}}`, `<a_x0020_b><_x0031_x>1</_x0031_x><_x005F_x0041_>2</_x005F_x0041_><_>3</_><é>4</é><a_x003A_b>5</a_x003A_b></a_x0020_b>`},
		{"dates", XMLOptions{}, `{"a":["2026-01-02T03:04:05.1200Z","2026-01-02T03:04:05+02:00","2026-01-02"]}`,
			`<Document><a>2026-01-02T03:04:05.12Z</a><a>2026-01-02T01:04:05+00:00</a><a>2026-01-02</a></Document>`},
		{"dates are kept", XMLOptions{KeepDates: true}, `{"a":{"d":"2026-01-02T03:04:05.1200Z"}}`, `<a><d>2026-01-02T03:04:05.1200Z</d></a>`},
		{"numbers", XMLOptions{}, `{"a":{"b":[1,-2.50,1e20,123456789012345678901]}}`, `<a><b>1</b><b>-2.5</b><b>1E+20</b><b>123456789012345678901</b></a>`},
		{"CDATA", XMLOptions{}, `{"a":{"#cdata-section":"x]]>y"}}`, `<a><![CDATA[x]]]]><![CDATA[>y]]></a>`},
	}
	for _, tt := range tests {
		got, err := ToXML([]byte(tt.json), tt.o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if string(got) != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// The direct mapping is that of JsonConvert.SerializeXNode, comments aside.
func TestDirectIsNewtonsofts(t *testing.T) {
	for _, s := range []string{
		`<a/>`, `<a></a>`, `<a>x</a>`, `<a b="1"/>`, `<a b="1">x</a>`, `<a>x<b/>y</a>`, `<a><b>1</b><c/><b>2</b></a>`, `<a><![CDATA[x]]></a>`,
		`<?xml version="1.0" encoding="utf-8"?><s:a xmlns:s="u" xmlns="d" s:k="1"><s:b> x </s:b><c/></s:a>`, "<a>\n  <b/>\n</a>",
		`<a>&lt;&#233;&quot;</a>`, `<a><b k=""/></a>`,
	} {
		got, err := ToJSON([]byte(s), JSONOptions{})
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if want := newtonsoft.Format(xlinq.ToJSON(xlinq.Parse(s, 0), false), false); string(got) != want {
			t.Errorf("%s\ngot  %s\nwant %s", s, got, want)
		}
	}
}

func TestHostileInput(t *testing.T) {
	const n = 500_000
	for name, s := range map[string]string{
		"deep": strings.Repeat("<a>", n), "cut": "<a><b>", "two roots": "<a/><b/>", "text": "hello", "empty": "", "wrong end": "<a></b>",
		"ends": strings.Repeat("</a>", n), "encoding": `<?xml version="1.0" encoding="utf-16"?><a/>`,
	} {
		if _, err := ToJSON([]byte(s), JSONOptions{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, s := range map[string]string{
		"deep": strings.Repeat("[", n), "deep objects": strings.Repeat(`{"a":`, n), "cut": `{"a":`, "two": "1 2", "empty": "", "control": `{"a":"\u0000"}`,
		"namespaces": `{"a":{` + strings.Repeat(`"@xmlns:p":"u",`, 1000) + `"b":1}}`, "text": `{"a":{"#text":{}}}`,
	} {
		if _, err := ToXML([]byte(s), XMLOptions{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// What grows with the square of the input would not end here.
	if _, err := ToXML([]byte(`{"a":{`+strings.Repeat(`"@p":"u",`, n)+`"b":1}}`), XMLOptions{}); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	for i := range 50_000 {
		b.WriteString(` a` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + `="1"`)
	}
	_, _ = ToJSON([]byte(`<a`+b.String()+`>`+strings.Repeat("<b/><c/>", n/10)+`</a>`), JSONOptions{Friendly: true})
}

func FuzzXML(f *testing.F) {
	for _, s := range []string{`<?xml version="1.0"?><a n="1">x<b/><![CDATA[y]]></a>`, `<s:a xmlns:s="u"><s:b xsi:nil="true"/></s:a>`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, o := range []JSONOptions{{}, {Friendly: true, ArrayChildren: true}} {
			if out, err := ToJSON([]byte(s), o); err == nil && !json.Valid(out) {
				t.Fatalf("not JSON: %s", out)
			}
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":{"@n":1,"#text":"t","b":[1,[2]]}}`, `[{"xmlns_p":"u","p_x":1}]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, o := range []XMLOptions{{}, {Separator: ":", NamespacePrefix: "xmlns", AttributeBlock: "#attrs"}} {
			if out, err := ToXML([]byte(s), o); err == nil {
				if _, err := parseXML(out); err != nil {
					t.Fatalf("not XML: %v: %s", err, out)
				}
			}
		}
	})
}
