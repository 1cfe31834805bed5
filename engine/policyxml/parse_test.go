package policyxml_test

import (
	"fmt"
	"strings"
	"testing"

	"sekisho/engine/policyxml"
	"sekisho/engine/source"
)

// parse parses a text as the loader of a folder does, with two named values.
func parse(text string) (*policyxml.Document, *source.List) {
	found := new(source.List)
	named := map[string]string{
		"host": "example.test", "quote": `a"b<c>&amp;`, "tag": "</a><b/>", "expr": `@(context.Request.Headers["x"] < 1)`, "limit": "5",
		"nested": "{{host}}",
	}
	v := policyxml.Substitute(source.NewText("p.xml", text).View(), policyxml.NamedValues{
		Resolve: func(name string) (string, bool) { s, ok := named[name]; return s, ok },
		Names:   []string{"host", "quote", "tag", "expr", "limit", "nested"},
	}, found)
	return policyxml.Parse(v, policyxml.Options{}, found), found
}

func codes(found *source.List) string {
	var all []string
	for _, d := range found.Sorted() {
		all = append(all, string(d.Code))
	}
	return strings.Join(all, " ")
}

// TestValues reads the attribute v of the root, or its text, and tells what it is.
func TestValues(t *testing.T) {
	const (
		lit   = policyxml.Literal
		expr  = policyxml.CSharpExpr
		block = policyxml.CSharpBlock
		js    = policyxml.JSExpr
		jsb   = policyxml.JSBlock
	)
	for _, c := range []struct {
		doc  string
		kind policyxml.Kind
		want string // Inner
	}{
		// Literals.
		{`<a v="plain"/>`, lit, "plain"},
		{`<a v=""/>`, lit, ""},
		{`<a v='say "hi"'/>`, lit, `say "hi"`},
		{`<a v="a &lt; b &amp;&amp; c &quot;&apos;&gt;"/>`, lit, `a < b && c "'>`},
		{`<a v="&#65;&#x42;&#x1F600;"/>`, lit, "AB\U0001F600"},
		{`<a v="&nope; &#0; &#xD800; &#x110000; &; &"/>`, lit, "&nope; &#0; &#xD800; &#x110000; &; &"},
		{`<a v="x?a=1&b=2"/>`, lit, "x?a=1&b=2"},
		{"<a v=\"one\r\ntwo\tthree\nfour\rfive\"/>", lit, "one two three four five"},
		{`<a v = "spaced"/>`, lit, "spaced"},
		{"<a\n\tv\n=\n'lines'\n/>", lit, "lines"},
		{`<a v="<none>"/>`, lit, "<none>"},
		{`<a v="user@example.com"/>`, lit, "user@example.com"},
		{`<a v="@home"/>`, lit, "@home"},
		{`<a v="@@(x)"/>`, lit, "@(x)"},
		{`<a v=" @@{x}"/>`, lit, " @{x}"},
		{`<a v="@ (x)"/>`, lit, "@ (x)"},
		{`<a>text</a>`, lit, "text"},
		{"<a>one\r\ntwo\rthree</a>", lit, "one\ntwo\nthree"},
		{`<a> kept </a>`, lit, " kept "},
		{`<a></a>`, lit, ""},
		{`<a/>`, lit, ""},
		{`<a>1 < 2 && 3 > 2</a>`, lit, "1 < 2 && 3 > 2"},
		{`<a>x</ a></a>`, lit, "x</ a>"},
		{`<a>one<!-- two -->three</a>`, lit, "onethree"},
		{`<a><![CDATA[<b>&amp;]] ]></b>]]></a>`, lit, "<b>&amp;]] ]></b>"},
		{`<a>one <![CDATA[&lt;]]> &lt;</a>`, lit, "one &lt; <"},
		{`<a>{"json": "{0}"}</a>`, lit, `{"json": "{0}"}`},

		// C# in attributes, raw.
		{`<a v="@(context.Variables["x"])"/>`, expr, `context.Variables["x"]`},
		{`<a v=" @(1) "/>`, expr, `1`},
		{`<a v="@(1)"></a>`, expr, `1`},
		{`<a v="@(Body.As<JObject>(true)["a"] < 3 && b)" w="2">x</a>`, expr, `Body.As<JObject>(true)["a"] < 3 && b`},
		{`<a v="@{ return "}"; }"/>`, block, ` return "}"; `},
		{`<a v="@(")")"/>`, expr, `")"`},
		{`<a v="@(')' + '\'' + '"')"/>`, expr, `')' + '\'' + '"'`},
		{`<a v="@("\")")"/>`, expr, `"\")"`},
		{`<a v="@(@"\" + @"a"")b")"/>`, expr, `@"\" + @"a"")b"`},
		{`<a v="@($"{f(")")}{{)" + $@"\{x}""")"/>`, expr, `$"{f(")")}{{)" + $@"\{x}"""`},
		{`<a v="@($"{f($"{g(")")}")}")"/>`, expr, `$"{f($"{g(")")}")}"`},
		{"<a v=\"@{ // doesn't (matter\n return 1; /* } \" */ }\"/>", block, " // doesn't (matter\n return 1; /* } \" */ "},
		{"<a v=\"@(\r\n 1 +\r\n 2)\"/>", expr, "\n 1 +\n 2"},
		{`<a v='@(context.Variables["x"] && b)'/>`, expr, `context.Variables["x"] && b`},
		{`<a v='@("x" == 'c')'/>`, expr, `"x" == 'c'`},
		{`<a v="@("</a>")"/>`, expr, `"</a>"`},

		// Entities: all of it escaped, or some.
		{`<a v="@(context.Variables[&quot;a)&quot;] &amp;&amp; 1 &lt; 2)"/>`, expr, `context.Variables["a)"] && 1 < 2`},
		{`<a v="@(x == "a" &amp;&amp; y &lt; z["b"])"/>`, expr, `x == "a" && y < z["b"]`},
		{`<a v='@(x["a"] &amp;&amp; y)'/>`, expr, `x["a"] && y`},
		{`<a v="@(&quot;it's (&quot; + x)"/>`, expr, `"it's (" + x`},
		{`<a v="&#64;(1)"/>`, expr, `1`},
		{`<a v="@(&quot;a&quot;)"/><!-- & so this is not XML -->`, expr, `"a"`},

		// C# in text.
		{`<a>@(x < y && z)</a>`, expr, `x < y && z`},
		{"<a>\n\t@{ return As<JObject>(); }\n</a>", block, " return As<JObject>(); "},
		{`<a>@("</a>")</a>`, expr, `"</a>"`},
		{`<a>@(x &lt; y)</a>`, expr, `x < y`},
		{`<a>@(x["a"] &lt; y && z)</a>`, expr, `x["a"] < y && z`},
		{`<a><!-- why --> @(x < y) <!-- so --></a>`, expr, `x < y`},
		{`<a>@(x) <!-- so --></a>`, expr, `x`},
		{`<a><![CDATA[@{ return x < y && "]"; }]]></a>`, block, ` return x < y && "]"; `},
		{"<a>\n<![CDATA[\n@(x < y && z)\n]]>\n</a>", expr, `x < y && z`},
		{"<a>@(@\"one\r\ntwo\")</a>", expr, "@\"one\ntwo\""},
		{`<a>@@(x)</a>`, lit, "@(x)"},
		{`<a>@("&amp;")</a>`, expr, `"&"`},

		// JavaScript.
		{`<a v="@js(x["a"] < 1 && ')')"/>`, js, `x["a"] < 1 && ')'`},
		{"<a v=\"@js(`)${f(\")\")}`)\"/>", js, "`)${f(\")\")}`"},
		{"<a v=\"@js(`${`}${a}`})`)\"/>", js, "`${`}${a}`})`"},
		{`<a v="@js(s.replace(/[)/"]\/"/g, ""))"/>`, js, `s.replace(/[)/"]\/"/g, "")`},
		{`<a v="@js(a / b / (c))"/>`, js, `a / b / (c)`},
		{`<a v="@js((a) / 2 + ")" / 1)"/>`, js, `(a) / 2 + ")" / 1`},
		{"<a>@js{ // it's (\n return /\\}/.test(x) /* } */ }</a>", jsb, " // it's (\n return /\\}/.test(x) /* } */ "},
		{`<a>@js{ if (a < b) { return "}" } return '}' }</a>`, jsb, ` if (a < b) { return "}" } return '}' `},
		{`<a v="@js (1)"/>`, lit, "@js (1)"},
		{`<a v="@json(1)"/>`, lit, "@json(1)"},

		// Named values are text, and only in expressions code.
		{`<a v="https://{{host}}/x"/>`, lit, "https://example.test/x"},
		{`<a v="{{quote}}"/>`, lit, `a"b<c>&amp;`},
		{`<a v='{{quote}}' w="1"/>`, lit, `a"b<c>&amp;`},
		{`<a>{{tag}}</a>`, lit, `</a><b/>`},
		{`<a v="{{expr}}"/>`, expr, `context.Request.Headers["x"] < 1`},
		{`<a>{{expr}}</a>`, expr, `context.Request.Headers["x"] < 1`},
		{`<a v="@(x < {{limit}})"/>`, expr, `x < 5`},
		{`<a v="@("{{host}}")"/>`, expr, `"example.test"`},
		{`<a v="{{nested}}"/>`, lit, `{{host}}`},
		{`<a v="@(&quot;it's (&quot; + x)" w="{{quote}}"/>`, expr, `"it's (" + x`},
		{`<a v="{{ host }} {{}} {{{host}}} {{a b}}"/>`, lit, `{{ host }} {{}} {example.test} {{a b}}`},

		// Bodies.
		{`<set-body>text &lt; & </set-body>`, lit, "text < & "},
		{`<set-body> @(x < y) </set-body>`, expr, "x < y"},
		{`<set-body><!-- c -->@{ return As<T>(); }</set-body>`, block, " return As<T>(); "},
		{`<set-body><![CDATA[@(x < y && z)]]></set-body>`, expr, "x < y && z"},
		{`<set-body><![CDATA[<b/> &amp;]]></set-body>`, lit, "<b/> &amp;"},
		{"<set-body>\r\n<soap:Envelope xmlns:soap=\"u\">\r\n<a>&amp;<!-- c --></a></soap:Envelope>\n</set-body>", lit,
			"<soap:Envelope xmlns:soap=\"u\">\n<a>&amp;<!-- c --></a></soap:Envelope>"},
		{`<set-body><p>unclosed<br>& @(x) </set-body>`, lit, `<p>unclosed<br>& @(x)`},
		{`<set-body template="liquid">{% if a < 3 %}{{ body.x }}{{context.Request.Url}}@(x){% endif %}&lt;</set-body>`, lit,
			`{% if a < 3 %}{{ body.x }}{{context.Request.Url}}@(x){% endif %}<`},
		{`<set-body template="liquid">@(not C#) {{host}}</set-body>`, lit, `@(not C#) example.test`},
		{`<set-body template='Liquid'><a>{{body.x}}&amp;</a></set-body>`, lit, `<a>{{body.x}}&amp;</a>`},
		{`<set-body/>`, lit, ""},

		// Scripts.
		{`<script>if (a < b && c) { s = "</p>" }</script>`, lit, `if (a < b && c) { s = "</p>" }`},
		{`<script>if (a &lt; b &amp;&amp; c) {}</script>`, lit, `if (a < b && c) {}`},
		{`<script>s = "&lt;" && t</script>`, lit, `s = "&lt;" && t`},
		{`<script><![CDATA[ if (a < b) { "&lt;" } ]]></script>`, lit, ` if (a < b) { "&lt;" } `},
		{`<script>@(x) {{unknown}}</script>`, lit, `@(x) {{unknown}}`},

		// Around the root.
		{"\uFEFF<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- -- --><a v=\"1\"/>\r\n<!-- end -->", lit, "1"},
	} {
		d, _ := parse(c.doc)
		if d.Root == nil {
			t.Errorf("%s\nhas no root", c.doc)
			continue
		}
		v := d.Root.Content
		if a := d.Root.Attr("v"); a != nil {
			v = a.Value
		}
		if v.Kind != c.kind || v.Inner().S != c.want {
			t.Errorf("%s\nis the %s %q, want the %s %q", c.doc, v.Kind, v.Inner().S, c.kind, c.want)
		}
	}
}

func TestGoodValuesAreSilent(t *testing.T) {
	for _, doc := range []string{
		`<a v="@(x["a"] &amp;&amp; y)" w='@("x" == 'c')'>@("</a>")</a>`,
		`<set-body><p>unclosed<br>& @(x) </set-body>`,
		`<set-body template="liquid">{{unknown}}{% a %}</set-body>`,
		`<a><!-- {{unknown}} --></a>`,
		`<a v="@($"{{unknown}}")"/>`,
		"<?pi ?><policies>\r\n<on-error/><inbound><base/></inbound><!-- x --></policies>\r\n",
	} {
		if _, found := parse(doc); found.Len() > 0 {
			t.Errorf("%s\nearns %s", doc, codes(found))
		}
	}
}

func TestTree(t *testing.T) {
	d, found := parse("<policies>\n<outbound/>\n<inbound>\n<!-- c --><base />\n<x:y k='1' l=\"2\"><value>v</value> </x:y></inbound></policies>")
	if found.Len() > 0 {
		t.Fatal(codes(found))
	}
	in := d.Section("inbound")
	if in == nil || d.Section("outbound") == nil || d.Section("on-error") != nil {
		t.Fatal("the sections are not what they are")
	}
	var names []string
	for e := range in.Elements() {
		names = append(names, e.Name)
		if e.Parent != in {
			t.Errorf("<%s> does not know its parent", e.Name)
		}
	}
	if fmt.Sprint(names) != "[base x:y]" {
		t.Errorf("inbound holds %v", names)
	}
	var last *policyxml.Element
	for e := range in.Elements() {
		last = e
	}
	cut := func(r source.Range) string { return r.Text.Content[r.Start:r.End] }
	for _, c := range []struct{ got, want string }{
		{cut(last.NameRange), "x:y"},
		{cut(last.Range), "<x:y k='1' l=\"2\">"},
		{cut(last.Full), "<x:y k='1' l=\"2\"><value>v</value> </x:y>"},
		{last.Inner.S, "<value>v</value> "},
		{cut(last.Inner.All()), "<value>v</value> "},
		{cut(last.Attrs[1].NameRange), "l"},
		{cut(last.Attrs[1].Value.View.All()), "2"},
		{cut(d.Root.Full), d.View.S},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if last.Content.View.S != "" || !last.HasElements() || last.Attr("m") != nil {
		t.Error("an element with children has a content, or an attribute it has not")
	}
	if in.Children[1].(*policyxml.Comment).View.S != " c " {
		t.Error("the comment is lost")
	}
}

// Whatever was decoded or substituted: a span of a value points at its file.
func TestPositions(t *testing.T) {
	for _, c := range []struct{ doc, in, want string }{
		{`<a v="@(context.Variables[&quot;a&quot;] &amp;&amp; context.Requst)"/>`, "Requst", "Requst"},
		{`<a v="@(context.Variables[&quot;a&quot;] &amp;&amp; context.Requst)"/>`, "&&", "&amp;&amp;"},
		{`<a>@(&quot;{{host}}&quot; + wrong)</a>`, "wrong", "wrong"},
		{`<a>@(&quot;{{host}}&quot; + wrong)</a>`, "example", "{{host}}"},
		{`<a>@(&quot;{{host}}&quot; + wrong)</a>`, `test"`, "{{host}}&quot;"},
		{"<a><!-- {{host}} -->\r\n<![CDATA[@(x +\r\nwrong)]]></a>", "wrong", "wrong"},
		{"<a v=\"@(x +\r\nwrong)\"/>", "\n", "\r\n"},
		{"\uFEFF<a>{{expr}} </a>", "Headers", "{{expr}}"},
		{`<set-body template="liquid">{{host}} {{wrong}}</set-body>`, "wrong", "wrong"},
		{`<a v="@@{{host}}x"/>`, "x", "x"},
	} {
		d, _ := parse(c.doc)
		v := d.Root.Content
		if a := d.Root.Attr("v"); a != nil {
			v = a.Value
		}
		s := v.Inner()
		i := strings.LastIndex(s.S, c.in)
		if i < 0 {
			t.Errorf("%s\nno %q in %q", c.doc, c.in, s.S)
			continue
		}
		r := s.Range(i, i+len(c.in))
		if got := r.Text.Content[r.Start:r.End]; got != c.want {
			t.Errorf("%s\n%q comes from %q, want %q", c.doc, c.in, got, c.want)
		}
	}
}

// A named value cannot become a name or a tag, and is not quoted in messages.
func TestNamedValuesStayHidden(t *testing.T) {
	for _, doc := range []string{
		`<a {{host}}="1"/>`, `<a b="1" {{host}}/>`, `<a b{{host}}="1"/>`, `<a><b{{host}}/></a>`, `<a></a{{host}}>`,
		`<{{host}}>`, `<a></{{host}}>`, `<a b="1"{{host}}>`, `<a b={{host}}>`, `<a b="{{host}}"{{host}}`, `{{host}}`,
		`<policies>{{host}}</policies>`, `<a b="@({{host}}"/>`, `<a b="@(1){{host}}"/>`, `<a/><b>{{host}}</b>`,
	} {
		d, found := parse(doc)
		if found.Errors() == 0 {
			t.Errorf("%s earns nothing", doc)
		}
		for _, f := range found.Sorted() {
			if strings.Contains(f.Message+f.Hint, "example") {
				t.Errorf("%s\nearns %q", doc, f.Message)
			}
		}
		if d.Root != nil && strings.Contains(d.Root.Name, "example") {
			t.Errorf("%s has the root <%s>", doc, d.Root.Name)
		}
	}
}

func TestAsWritten(t *testing.T) {
	d, _ := parse(`<a v="x{{host}}&lt;"/>`)
	if got := d.Root.Attr("v").Value.AsWritten(); got != "x{{host}}&lt;" {
		t.Errorf("got %q", got)
	}
}

func TestStandIns(t *testing.T) {
	for _, c := range []struct {
		doc, want string
		standIn   bool
	}{
		{`<a v="https://{{host}}/x"/>`, "https://nv-host/x", true},
		{`<a v="{{a.b-c_d}}"/>`, "nv-a.b-c_d", true},
		{`<a v="nv-host"/>`, "nv-host", false},
		{`<a v="@("{{h}}")"/>`, `"nv-h"`, true},
		{`<a v="@(&quot;{{h}}&quot; + {{n-1}})"/>`, `"nv-h" + __nv_n_1`, true},
		{`<a v="@(@"\{{h}}""{{h}}" + '{{h}}')"/>`, `@"\nv-h""nv-h" + 'nv-h'`, true},
		{"<a>@{ // {{h}}\n var k = {{k}}; /* {{h}} */ return k; }</a>", " // nv-h\n var k = __nv_k; /* nv-h */ return k; ", true},
		{`<a v="@($"{{h}}-{f("{{h}}", {{n}})}{{h}}")"/>`, `$"nv-h-{f("nv-h", __nv_n)}nv-h"`, true},
		{`<a v="@($"{{{h}}}")"/>`, `$"{{{h}}}"`, false},
		{`<a v="@($"{{ {h} }}" + $@"{x["{{h}}"]}""{{h}}")"/>`, `$"{{ {h} }}" + $@"{x["nv-h"]}""nv-h"`, true},
		{`<a v="@js(f('{{h}}', {{n}}))"/>`, `f('nv-h', __nv_n)`, true},
		{"<a v=\"@js(`{{h}}${ {{n}} }`)\"/>", "`nv-h${ __nv_n }`", true},
		{`<set-body template="liquid">{{body.x}}</set-body>`, `{{body.x}}`, false},
		{`<set-body>{"a": "{{h}}"}</set-body>`, `{"a": "nv-h"}`, true},
		{`<script>f("{{h}}", {{n}})</script>`, `f("nv-h", {{n}})`, true},
		{`<a><!-- {{h}} --><![CDATA[@({{n}})]]></a>`, `__nv_n`, true},
	} {
		var found source.List
		v := policyxml.Substitute(source.NewText("p.xml", c.doc).View(), policyxml.NamedValues{StandIns: true}, &found)
		d := policyxml.Parse(v, policyxml.Options{}, &found)
		got := d.Root.Content
		if a := d.Root.Attr("v"); a != nil {
			got = a.Value
		}
		if got.Inner().S != c.want || found.Len() > 0 {
			t.Errorf("%s\nis %q, want %q; %s", c.doc, got.Inner().S, c.want, codes(&found))
		}
		if strings.Contains(c.want, "nv-") && got.HasStandIn() != c.standIn {
			t.Errorf("%s\nHasStandIn is %v", c.doc, got.HasStandIn())
		}
	}
}
