package xlinq

import (
	"fmt"
	"strings"
	"testing"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
)

func thrown(f func() any) (out string) {
	if e := clr.Try(func() { out = fmt.Sprint(f()) }); e != nil {
		return e.Type[strings.LastIndexByte(e.Type, '.')+1:] + ": " + e.Message
	}
	return out
}

func el(s string) *Element { return ParseElement(s, 0) }

func flat(n Node) string { return Format(n, DisableFormatting) }

func TestTree(t *testing.T) {
	b := Name{Local: "b"}
	for _, tt := range []struct {
		f    func() any
		want string
	}{
		{func() any { return el("<a><b>1</b><b>2</b></a>") }, "<a>\n  <b>1</b>\n  <b>2</b>\n</a>"},
		{func() any { return flat(el("<a><b>1</b></a>")) }, "<a><b>1</b></a>"},
		{func() any { return el(`<a x="1" y='2'/>`) }, `<a x="1" y="2" />`},
		{func() any { return el("<a x='&lt;&quot;&apos;'>&gt;&amp;</a>") }, `<a x="&lt;&quot;'">&gt;&amp;</a>`},
		{func() any { return Convert(ChildElement(el("<a><b>1</b></a>"), b).Value(), "System.Int32") }, "1"},
		{func() any { return ChildElement(el("<a/>"), b) == nil }, "true"},
		{func() any { return Convert(el("<a>true</a>").Value(), "System.Boolean") }, "true"},
		{func() any { return Convert("2024-03-05T10:00:00Z", "System.DateTime").(clr.DateTime).Format("o") }, "2024-03-05T10:00:00.0000000Z"},
		{func() any { return ChildElement(el("<a xmlns='urn:x'><b/></a>"), b) == nil }, "true"},
		{func() any { return ChildElement(el("<a xmlns='urn:x'><b/></a>"), Namespace{"urn:x"}.Name("b")) }, `<b xmlns="urn:x" />`},
		{func() any { return el("<p:a xmlns:p='urn:x'><p:b/></p:a>").Name }, "{urn:x}a"},
		{func() any { return Parent(Descendants(el("<a><b><c>1</c></b></a>"), &Name{Local: "c"})[0]).Name }, "b"},
		{func() any { return Elements(el("<a><b/><c/></a>"), nil) }, "[<b /> <c />]"},
		{func() any { return el("<a>") }, "XmlException: Unexpected end of file has occurred. The following elements are not closed: a. Line 1, position 4."},
		{func() any { return el("<a></b>") }, "XmlException: The 'a' start tag on line 1 position 2 does not match the end tag of 'b'. Line 1, position 6."},
		{func() any { return el("{}") }, "XmlException: Data at the root level is invalid. Line 1, position 1."},
		{func() any { return el("") }, "XmlException: Root element is missing."},
		{func() any { return el("<a/>\n<b/>") }, "XmlException: There are multiple root elements. Line 2, position 2."},
		{func() any { return el("<a><p:b/></a>") }, "XmlException: 'p' is an undeclared prefix. Line 1, position 5."},
		{func() any { return el("<a x='1' x='2'/>") }, "XmlException: 'x' is a duplicate attribute name. Line 1, position 10."},
		{func() any { return el("<a>&nbsp;</a>") }, "XmlException: Reference to undeclared entity 'nbsp'. Line 1, position 5."},
		{func() any { return el("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>") }, "XmlException: For security reasons DTD is prohibited in this XML document. To enable DTD processing set the DtdProcessing property on XmlReaderSettings to Parse and pass the settings into XmlReader.Create method. Line 1, position 1."},
		{func() any { return el(strings.Repeat("<a>", 1_000_000)) }, "XmlException: The elements of the document are nested too deep. Line 1, position 6002."},
		{func() any {
			return flat(NewElement(Name{Local: "a"}, []any{NewElement(Name{Local: "i"}, int32(1)), NewElement(Name{Local: "i"}, int32(2))}))
		}, "<a><i>1</i><i>2</i></a>"},
		{func() any { return NewElement(Name{Local: "a"}) }, "<a />"},
		{func() any { return NewElement(Name{Local: "a"}, "") }, "<a></a>"},
		{func() any { return NewDocument(NewElement(Name{Local: "a"}, &Comment{Value: "c"})) }, "<a>\n  <!--c-->\n</a>"},
		{func() any {
			e := el("<a><b>1</b><c/></a>")
			ReplaceWith(ChildElement(e, Name{Local: "c"}), NewElement(Name{Local: "d"}))
			return flat(e)
		}, "<a><b>1</b><d /></a>"},
		{func() any {
			d := Parse("<a><b/></a>", 0)
			Remove(Descendants(d, &b)[0])
			return d
		}, "<a />"},
		{func() any { return DeepEquals(el("<a><b/></a>"), el("<a> <b></b> </a>")) }, "false"},
		{func() any { return DeepEquals(el("<a x='1'>t</a>"), el("<a x=\"1\">t</a>")) }, "true"},
		{func() any { return ParseName("a b") }, "XmlException: The ' ' character, hexadecimal value 0x20, cannot be included in a name."},
		{func() any { return ParseName("1a") }, "XmlException: Name cannot begin with the '1' character, hexadecimal value 0x31."},
		{func() any { return ParseName("{urn:x}a").Space }, "urn:x"},
		{func() any { return &Text{Value: "a<b", CData: true} }, "<![CDATA[a<b]]>"},
		{func() any { return flat(NewDocument(&DocType{Name: "html"}, NewElement(Name{Local: "html"}))) }, "<!DOCTYPE html ><html />"},
		{func() any { return &Declaration{"1.0", "utf-8", "yes"} }, `<?xml version="1.0" encoding="utf-8" standalone="yes"?>`},
		{func() any { return el("<a xmlns='urn:d' xmlns:p='urn:p' p:q='1'><p:b/></a>") }, "<a xmlns=\"urn:d\" xmlns:p=\"urn:p\" p:q=\"1\">\n  <p:b />\n</a>"},
		{func() any { return ParseElement("<a>\t<b>x</b>\n</a>", PreserveWhitespace) }, "<a>\t<b>x</b>\n</a>"},
		{func() any { return el("<a b='x&#10;y'>p&#13;q</a>") }, "<a b=\"x&#xA;y\">p\nq</a>"},
		{func() any { return el("<a>é😀</a>") }, "<a>é😀</a>"},
		{func() any { return el("<a>t<b/> u</a>") }, "<a>t<b /> u</a>"},
		{func() any {
			e := NewElement(Name{"urn:x", "a"}, NewAttribute(Name{"urn:y", "b"}, "1"), NewElement(Name{Local: "c"}))
			return flat(e)
		}, `<a p1:b="1" xmlns:p1="urn:y" xmlns="urn:x"><c xmlns="" /></a>`},
		{func() any {
			e := el("<a/>")
			e.SetAttributeValue(Name{Local: "x"}, int32(1))
			e.SetElementValue(b, true)
			e.SetElementValue(b, 1.5)
			e.SetAttributeValue(Name{Local: "x"}, nil)
			AddFirst(e, "t")
			return flat(e)
		}, "<a>t<b>1.5</b></a>"},
		{func() any {
			e := el("<a><b/></a>")
			Add(e, ChildElement(e, b))
			AddAfterSelf(FirstNode(e), NewElement(Name{Local: "m"}))
			return flat(e)
		}, "<a><b /><m /><b /></a>"},
		{func() any { return flat(Nodes(el("<a><?p d?><![CDATA[x]]></a>"))[0]) }, "<?p d?>"},
		{func() any { return TextOf(clr.SpanOf(93784.5, clr.Second)) }, "P1DT2H3M4.5S"},
		{func() any { return Convert("P1DT2H3M4.5S", "System.TimeSpan") }, "1.02:03:04.5000000"},
		{func() any { return newtonsoft.Format(ToJSON(el(`<a x="1"><b>t</b><b>u</b><c/></a>`), false), false) }, `{"a":{"@x":"1","b":["t","u"],"c":null}}`},
		{func() any {
			return flat(FromJSON(newtonsoft.ParseObject(`{"a":{"b":[1,2],"@x":"y"}}`), ""))
		}, `<a x="y"><b>1</b><b>2</b></a>`},
	} {
		if got := thrown(tt.f); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// TestLargeTrees walks, searches and empties a tree that a quadratic search would
// take minutes for.
func TestLargeTrees(t *testing.T) {
	const n = 60_000
	e := el("<a>" + strings.Repeat("<b c='1'/>", n) + "</a>")
	count := 0
	for x := FirstNode(e); x != nil; x = NextNode(x) {
		count++
	}
	if found := len(SelectNodes(e, "//b[@c='1']", nil)); count != n || found != n {
		t.Fatalf("walked over %d and selected %d of %d", count, found, n)
	}
	for _, x := range Nodes(e) {
		Remove(x)
	}
	if !e.IsEmpty() {
		t.Fatal("nodes are left")
	}
	many := strings.Builder{}
	for i := range 200 {
		fmt.Fprintf(&many, " xmlns:p%d='u'", i)
	}
	flat(el("<a" + many.String() + ">" + strings.Repeat("<p1:b/>", 30_000) + "</a>"))
}

// TestHighTree builds a tree that would overflow the stack of whatever walks over
// it.
func TestHighTree(t *testing.T) {
	got := thrown(func() any {
		e := NewElement(Name{Local: "a"})
		for range 1_000_000 {
			e = NewElement(Name{Local: "a"}, e)
		}
		return e
	})
	if !strings.HasPrefix(got, "InsufficientExecutionStackException") {
		t.Errorf("got %.60s", got)
	}
}

func TestXmlDocument(t *testing.T) {
	x := NewXmlDocument()
	x.LoadXml("<?xml version=\"1.0\"?><a> <b c='1'>t</b> <n xmlns='urn:n'><b>u</b></n></a>")
	if got := x.SelectSingleNode("/a/b/@c", nil).InnerText() + x.SelectSingleNode("//b", nil).InnerText(); got != "1t" {
		t.Errorf("selected %q", got)
	}
	if got := x.OuterXml(); got != `<?xml version="1.0"?><a><b c="1">t</b><n xmlns="urn:n"><b>u</b></n></a>` {
		t.Errorf("OuterXml = %s", got)
	}
	if n := len(x.SelectNodes("//b", nil)); n != 1 {
		t.Errorf("//b selects %d nodes: those of a default namespace too", n)
	}
	if got := x.SelectSingleNode("//n:b", map[string]string{"n": "urn:n"}).OuterXml(); got != `<b xmlns="urn:n">u</b>` {
		t.Errorf("//n:b = %s", got)
	}
	if got := x.SelectSingleNode("//*[local-name()='b'][last()]", nil).InnerText(); got == "" {
		t.Error("local-name() finds nothing")
	}
	if got := thrown(func() any { return x.SelectSingleNode("//[", nil) }); !strings.HasPrefix(got, "XPathException") {
		t.Error(got)
	}
}

func TestReader(t *testing.T) {
	r := NewReader("<a><b>1</b><c/><b>2</b></a>")
	var got []string
	r.MoveToContent()
	for !r.EOF() {
		if r.NodeType() == ElementNode && r.Name() == "b" {
			got = append(got, flat(r.ReadFrom()))
		} else {
			r.Read()
		}
	}
	if s := strings.Join(got, ","); s != "<b>1</b>,<b>2</b>" {
		t.Errorf("read %s", s)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"<a x='1'>t<b/>&lt;</a>", "<?xml version='1.0'?><p:a xmlns:p='u'><!--c--><![CDATA[x]]></p:a>", "<a", "<a>&#x1;</a>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := TryParse(s, PreserveWhitespace)
		if err != nil {
			return
		}
		out := Format(d, DisableFormatting)
		again, err := TryParse(out, PreserveWhitespace)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", s, out, err)
		}
		if got := Format(again, DisableFormatting); got != out {
			t.Fatalf("%q read back as %q", out, got)
		}
		NewReader(s).MoveToContent()
		Format(d, 0)
		clr.Try(func() { newtonsoft.Format(ToJSON(d, false), true) })
	})
}
