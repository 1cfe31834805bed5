package liquid

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/dotnet/xlinq"
	"sekisho/engine/source"
)

const orderJSON = `{"id": 7, "name": "Tea & \"milk\"", "price": 2.50, "paid": true, "note": null, "tags": ["b","a","c"],
 "lines": [{"sku":"x1","n":2},{"sku":"x2","n":1}], "address": {"city":"Oslo","zip":"0150"}, "on": "2026-03-01T10:20:30Z"}`

const soapXML = `<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soap:Body><ListResponse kind="full"><Result><c><code>NO</code><name>Norway</name></c><c><code>SE</code><name xsi:nil="true"/></c></Result>
<One><sku>a</sku><n>1</n></One></ListResponse></soap:Body></soap:Envelope>`

func data(body, contentType string) Data {
	return Data{
		Body:    func() ([]byte, string, error) { return []byte(body), contentType, nil },
		Context: testContext{},
		Now:     func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	}
}

func compile(t testing.TB, s string) *Template {
	t.Helper()
	var diags source.List
	tpl := Compile(source.Detached("t.xml", s), &diags)
	for _, d := range diags.Sorted() {
		t.Errorf("%v: %s", d.Range.Pos(), d.Message)
	}
	if tpl == nil {
		t.FailNow()
	}
	return tpl
}

func TestRender(t *testing.T) {
	json := data(orderJSON, "application/json; charset=utf-8")
	xml := data(soapXML, "text/xml")
	tests := []struct{ name, template, want string }{
		{"text", `plain { text } 100%`, `plain { text } 100%`},
		{"members", `{{ body.id }} {{body.address.city}} {{ body["name"] }} {{body.lines[1].sku}} {{body.lines.0.n}}`, `7 Oslo Tea & "milk" x2 2`},
		{"in JSON", `{"a":{{body.id}},"b":{{{body.id}}}`, `{"a":7,"b":{7}`},
		{"missing", `[{{ body.none.more }}{{ nobody }}{{body.note}}]`, `[]`},
		{"values", `{{ body.price }} {{ body.paid }} {{ body.tags }} {{ body.on }}`, `2.5 true bac 03/01/2026 10:20:30`},
		{"an object prints its pairs", `{{ body.address }}`, `[city, Oslo][zip, 0150]`},
		{"literals", `{{ 'a' }}{{ "b" }}{{ 1 }}{{ -2.50 }}{{ true }}{{ nil }}`, `ab1-2.50true`},
		{"if", `{% if body.paid %}p{% else %}u{% endif %}{% if body.note %}n{% elsif body.id == 7 %}7{% endif %}{% unless body.paid %}x{% endunless %}`, `p7`},
		{"an empty string is true", `{% assign e = '' %}{% if e %}t{% endif %}{% if e == empty %}e{% endif %}`, `te`},
		{"conditions group from the right", `{% if false and false or true %}a{% else %}b{% endif %}`, `b`},
		{"comparisons", `{% if body.id > 6 and body.id <= 7 and body.price < 3 and 'b' > 'a' and 1 != 2 and 2 <> 3 %}y{% endif %}`, `y`},
		{"types are converted", `{% if '7' == body.id and body.id == '7' and 1.0 == 1 and 'true' == body.paid %}y{% endif %}`, `y`},
		{"null compares with nothing", `{% if body.none < 1 or body.none > 1 %}y{% else %}n{% endif %}{% if body.none == nil %}nil{% endif %}`, `nnil`},
		{"words of C#", `{% if body.name startsWith 'Tea' and body.name endsWith '"' and body.tags contains 'a' and body hasKey 'id' %}y{% endif %}`, `y`},
		{"case", `{% case body.id %} x {% when 1, 2 %}a{% when 6 or 7 %}b{% else %}c{% endcase %}`, `b`},
		{"for", `{% for l in body.lines %}{{ forloop.index }}/{{ forloop.length }}:{{ l.sku }}{% if forloop.last %}.{% else %},{% endif %}{% endfor %}`, `1/2:x1,2/2:x2.`},
		{"for with options", `{% for i in (1..9) offset:2 limit:3 reversed %}{{i}}{% endfor %}`, `543`},
		{"for goes on", `{% for i in (1..5) limit:2 %}{{i}}{% endfor %}|{% for i in (1..5) offset:continue %}{{i}}{% endfor %}`, `12|345`},
		{"break and continue", `{% for i in (1..9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{i}}{% endfor %}`, `134`},
		{"for else", `{% for i in body.none %}x{% else %}none{% endfor %}`, `none`},
		{"nested loops", `{% for l in body.lines %}{% for t in body.tags %}{{ l.n }}{{ t }}{{ forloop.index0 }} {% endfor %}{% endfor %}`, `2b0 2a1 2c2 1b0 1a1 1c2 `},
		{"pairs", `{% for p in body.address %}{{ p.Key }}={{ p.Value }};{{ p[0] }}{% endfor %}`, `city=Oslo;cityzip=0150;zip`},
		{"assign and capture", `{% assign a = body.id | Plus: 1 %}{% capture c %}<{{ a }}>{% endcapture %}{{ c }}{{ c }}`, `<8><8>`},
		{"counters", `{% increment n %}{% increment n %}{% decrement m %}{% decrement m %}`, `01-1-2`},
		{"cycle", `{% for i in (1..4) %}{% cycle 'a', 'b' %}{% endfor %}{% cycle 'g': 'x', 'y' %}{% cycle 'g': 'x', 'y' %}`, `ababxy`},
		{"ifchanged", `{% for i in (1..4) %}{% ifchanged %}{{ i | DividedBy: 2 }}{% endifchanged %}{% endfor %}`, `012`},
		{"comment and raw", `a{% comment %} {{ {% if %} {% endcomment %}b{% raw %}{{ x }}{% endraw %}`, `ab{{ x }}`},
		{"tablerow", `{% tablerow i in (1..3) cols:2 %}{{i}}{% endtablerow %}`, "<tr class=\"row1\">\n<td class=\"col1\">1</td><td class=\"col2\">2</td></tr>\n<tr class=\"row2\"><td class=\"col1\">3</td></tr>\n"},
		{"dashes drop blanks before and one line end after", "a \n  {%- if true -%}\n\n  b {{- 1 -}} \t c{% endif %}", "a \n\n  b1c"},
		{"JSONArrayFor", `[{% JSONArrayFor l in body.lines -%} {"s":"{{l.sku}}"} {% endJSONArrayFor -%} ]`, `[{"s":"x1"} ,{"s":"x2"} ]`},
		{"JSONArrayFor skips what says nothing", `[{% JSONArrayFor i in (1..4) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endJSONArrayFor %}]`, `[1,3,4]`},
		{"JSONArrayFor over nothing", `[{% JSONArrayFor i in body.none %}x{% endJSONArrayFor %}]`, `[]`},

		{"SOAP by any case", `{{ body.envelope.body.ListResponse.kind }}`, `full`},
		{"XML lists", `{% JSONArrayFor c in body.envelope.body.ListResponse.Result %}"{{ c.code }}"{% endJSONArrayFor %}`, `"NO","SE"`},
		{"XML siblings", `{% for c in body.envelope.body.listresponse.result.c %}{{ c.name }};{% endfor %}{{ body.envelope.body.listresponse.result.c.size }}`, `Norway;;2`},
		{"one XML element is one item", `{% JSONArrayFor c in body.envelope.body.ListResponse.One %}{{ c.sku }}{{ c.n | Plus: 1 }}{% endJSONArrayFor %}`, `a11`},
		{"XML nil is blank", `{% assign c = body.envelope.body.ListResponse.Result.c[1] %}{% if c.name %}set{% endif %}[{{c.name}}]`, `set[]`},

		{"context", `{{ context.Request.Method }} {{ context.Request.Url.Path }} {{ context.Request.Url.QueryString }} {{ context.Request.IpAddress }} {{ context.Response.StatusCode }}`, `GET /a/b ?x=1 10.0.0.1 201`},
		{"url", `{{ context.Request.OriginalUrl.ToString }} {{ context.Request.OriginalUrl.Port }} {{ context.Request.Url.Query.x }}`, `https://h.example/a/b?x=1 443 1`},
		{"headers", `{{ context.Request.Headers.Accept }} {{ context.Request.Headers["X-Many"][1] }} {{ context.Request.HasBody }}`, `text/html b false`},
		{"a header each", "{% for header in context.Request.Headers %}\n    {{- header.Key }}: {{ header.Value }}\n{% endfor %}", "\nAccept: text/html\n\nX-Many: ab\n"},
		{"variables", `{{ context.Variables.n }} {{ context.Variables["s"] | Upcase }} {% if context.Variables.none != null %}x{% endif %}{{ context.Variables.d | Date: 'yyyy/MM/dd' }}`, `42 TEXT 2026/02/03`},
		{"a JObject", `{% assign j = context.Variables["j"] %}{{ j.a.b[1] }}{{ j['n'] | Plus: 1 }}{{ j.a.b[3].c }}{% if j.a.b[2] %}x{% endif %}{% for i in j.a.b %}[{{ i }}]{% endfor %}{{ j.a.b.size }}{% if j.n == 5 and j.a.b contains 'x' %}y{% endif %}`, `x6true[1][x][][[c, true]]4y`},
		{"XML of a variable", `{{ context.Variables.x.r.i[0].k }}{% for i in context.Variables.x.r %}{{ i }}{% endfor %}{{ context.Variables.e.i }}`, `1abc`},
		{"parameters", `{{ context.Request.MatchedParameters.id }} {{ context.Request.MatchedParameters["id"] }}`, `5 5`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := json
			if strings.Contains(strings.ToLower(tt.template), "body.envelope") {
				d = xml
			}
			got, err := compile(t, tt.template).Render(d, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestFilters(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`-5 | Abs`, `5`}, {`'-5.5' | Abs`, `5.5`},
		{`'a' | Append: 'b' | Prepend: 'c'`, `cab`},
		{`4 | AtLeast: 5`, `5`}, {`4 | AtMost: 3`, `3`}, {`4 | AtMost: 5`, `4`},
		{`'hello WORLD o\'x' | Capitalize`, ``},
		{`'hello big WORLD' | Capitalize`, `Hello Big WORLD`},
		{`body.lines | Map: 'none' | Compact | Size`, `0`},
		{`1234.5 | Currency`, `¤1,234.50`}, {`-2 | Currency: 'en-US'`, `-$2.00`},
		{`body.on | Date: 'yyyy-MM-dd HH:mm:ss'`, `2026-03-01 10:20:30`},
		{`'2024-02-29' | Date: 'ddd dd MMM yyyy'`, `Thu 29 Feb 2024`},
		{`'now' | Date: 'yyyy-MM-ddTHH:mm:ssZ'`, `2026-03-01T12:00:00Z`},
		{`'no date' | Date: 'yyyy'`, `no date`},
		{`body.none | Default: 'd'`, `d`}, {`'' | Default: 'd'`, `d`}, {`0 | Default: 1`, `0`},
		{`7 | DividedBy: 2`, `3`}, {`7.0 | DividedBy: 2`, `3.5`}, {`7 | Modulo: 4`, `3`},
		{`7 | Minus: 9 | Times: 3`, `-6`}, {`'7' | Plus: 1`, `71`}, {`7 | Plus: 1`, `8`}, {`0.1 | Plus: 0.20`, `0.30`},
		{`'a"<ö' | Escape`, `a&quot;&lt;&#246;`}, {`"it's" | H`, `it&#39;s`},
		{`body.tags | First`, `b`}, {`body.tags | Last`, `c`}, {`body.tags | Sort | Join`, `a b c`},
		{`body.lines | Sort: 'n' | Map: 'sku' | Join: ','`, `x2,x1`},
		{`'  a ' | Lstrip`, `a `}, {`'  a ' | Rstrip`, `  a`}, {`'  a ' | Strip | Size`, `1`},
		{`'a,b,,c' | Split: ',' | Size`, `3`}, {`'aab' | Remove: 'a'`, `b`}, {`'aab' | RemoveFirst: 'a'`, `ab`},
		{`'aab' | Replace: 'a', 'x'`, `xxb`}, {`'aab' | ReplaceFirst: 'a', '$0'`, `$0ab`},
		{`'a1b22' | Replace: '(\d+)', '<$1>'`, `a<1>b<22>`},
		{`body.name | Replace: '([^\\](\\\\)*)"', '$1\"'`, `Tea & \"milk\"`},
		{`2.5 | Round`, `2`}, {`3.5 | Round`, `4`}, {`2.345 | Round: 2`, `2.34`}, {`2.1 | Ceil`, `3`}, {`2.9 | Floor`, `2`},
		{`'hello' | Slice: 1, 3`, `ell`}, {`'hello' | Slice: -2, 5`, `lo`}, {`'hello' | slice: 9`, ``},
		{`'<p>a<br/>b</p>' | StripHtml`, `ab`}, {`'<b>x</b>' | strip_html | upcase`, `X`},
		{`'abcdefghij' | Truncate: 6`, `abc...`}, {`'abc' | Truncate: 6`, `abc`}, {`'a b c d' | TruncateWords: 2`, `a b...`},
		{`'a,b,a' | Split: ',' | Uniq | Join: '+'`, `a+b`}, {`'a b&c/é' | UrlEncode`, `a+b%26c%2F%C3%A9`}, {`'a+b%26' | UrlDecode`, `a b&`},
		{`'ä' | Upcase`, `Ä`}, {`'ÄB' | Downcase`, `äb`}, {`body.tags | Concat: body.tags | Size`, `6`}, {`body.tags | Reverse | First`, `c`},
		{`body.none | Upcase`, ``}, {`body.none | Replace: 'a', 'b'`, ``}, {`body.none | Plus: 1`, ``},
	}
	for _, tt := range tests {
		if strings.Contains(tt.expr, `\'`) {
			continue // Liquid has no escapes
		}
		got, err := compile(t, "{{ "+tt.expr+" }}").Render(data(orderJSON, "application/json"), Limits{})
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
		} else if got != tt.want {
			t.Errorf("%s is %q, want %q", tt.expr, got, tt.want)
		}
	}
}

func TestBodies(t *testing.T) {
	tests := []struct {
		name, body, contentType, template, want, err string
		set                                          func(d *Data)
	}{
		{name: "dates are kept", body: `{"d":"2026-03-01T10:20:30Z"}`, contentType: "application/json", template: "{{body.d}}", want: "2026-03-01T10:20:30Z", set: func(d *Data) { d.KeepDates = true }},
		{name: "nil is null", body: `<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><b i:nil="true"/></a>`, contentType: "application/xml", template: "{% if body.a.b %}set{% else %}null{% endif %}", want: "null", set: func(d *Data) { d.XsiNull = true }},
		{name: "text", body: "hello", contentType: "text/plain", template: "{{ body | Upcase }}", want: "HELLO"},
		{name: "vendor JSON", body: `[1,2]`, contentType: "application/vnd.x+json", template: "{{ body.size }}", want: "2"},
		{name: "nothing", contentType: "application/json", template: "[{{ body.x }}]", want: "[]"},
		{name: "bad JSON", body: `{"a":`, contentType: "application/json", template: "{{ body.a }}", err: "the body is not JSON"},
		{name: "bad JSON is not read", body: `{"a":`, contentType: "application/json", template: "fine", want: "fine"},
		{name: "deep JSON", body: strings.Repeat("[", 1_000_000), contentType: "application/json", template: "{{ body }}", err: "nested deeper"},
		{name: "bad XML", body: `<a><b></a>`, contentType: "text/xml", template: "{{ body.a }}", err: "the body is not XML"},
		{name: "deep XML", body: strings.Repeat("<a>", 1_000_000), contentType: "text/xml", template: "{{ body.a }}", err: "nested deeper"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := data(tt.body, tt.contentType)
			if tt.set != nil {
				tt.set(&d)
			}
			got, err := compile(t, tt.template).Render(d, Limits{})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error is %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	tests := []struct{ template, want string }{
		{`a {{ body.x | Upcas }}`, `1:15: there is no Liquid filter "Upcas" (did you mean "Upcase"?)`},
		{`{% asign x = 1 %}`, `1:4: there is no Liquid tag "asign" (did you mean "assign"?)`},
		{`{% if x %}a`, `1:4: {% if %} is not closed by {% endif %}`},
		{`{{ x `, `1:1: "{{" is not closed by "}}"`},
		{`a{% endfor %}`, `1:5: there is nothing that {% endfor %} belongs to`},
		{`{% for x on y %}{% endfor %}`, `1:4: {% for %} is written {% for name in collection %}`},
		{`{% for x in y limits:2 %}{% endfor %}`, `1:15: {% for %} has no option "limits" (did you mean "limit"?)`},
		{`{% if a == %}{% endif %}`, `1:4: a value is missing in {% if %}`},
		{`{{ a b }}`, `1:6: "b" is not expected here in {{ }}`},
		{`{{ 'a }}`, `1:4: "'a" is not expected here in {{ }}`},
		{`{{ a | Replace: '(' }}`, `1:8: the filter Replace: "(" is not a regular expression`},
		{`{{ a | Append }}`, `1:8: the filter Append takes one argument, got 0`},
		{`{{ a | Currency: 'xx' }}`, `1:8: the filter Currency: it knows the cultures en-US, en-GB and en-IE, not "xx"`},
		{`{% break %}`, `1:4: {% break %} stands in no loop`},
		{`{% raw %}a`, `1:4: {% raw %} is not closed by {% endraw %}`},
		{`{% assign x %}`, `1:4: {% assign %} is written {% assign name = value %}`},
	}
	for _, tt := range tests {
		var diags source.List
		if tpl := Compile(source.Detached("t.xml", tt.template), &diags); tpl != nil {
			t.Errorf("%s compiles", tt.template)
		}
		got := ""
		for i, d := range diags.Sorted() {
			if i > 0 {
				got += "\n"
			}
			got += fmt.Sprintf("%d:%d: %s", d.Range.Pos().Line, d.Range.Pos().Col, d.Message)
			if d.Hint != "" {
				got += " (" + d.Hint + ")"
			}
			if d.Code != codeSyntax {
				t.Errorf("%s: code is %s", tt.template, d.Code)
			}
		}
		if !strings.HasPrefix(got, tt.want) || strings.Contains(got, "\n") {
			t.Errorf("%s\ngot  %s\nwant %s", tt.template, got, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	render := func(template string, l Limits) error {
		t.Helper()
		_, err := compile(t, template).Render(data(orderJSON, "application/json"), l)
		return err
	}
	var limit *LimitError
	for name, template := range map[string]string{
		"loops":      `{% for i in (1..100000) %}{% for j in (1..100000) %}{% endfor %}{% endfor %}`,
		"a range":    `{% for i in (1..2000000000) %}{% endfor %}`,
		"output":     `{% for i in (1..100000) %}0123456789{{ i }}{% endfor %}`,
		"doubling":   `{% assign a = 'xxxxxxxxxx' %}{% for i in (1..60) %}{% assign a = a | Append: a %}{% endfor %}`,
		"capturing":  `{% for i in (1..60) %}{% capture a %}{{a}}{{a}}xxxxxxxxxx{% endcapture %}{% endfor %}`,
		"replacing":  `{% capture a %}{% for i in (1..9999) %}x{% endfor %}{% endcapture %}{{ a | Replace: 'x', '$_' }}`,
		"joining":    `{% capture g %}{% for i in (1..9999) %}x{% endfor %}{% endcapture %}{% assign l = 'a,a,a,a' %}{% for i in (1..10) %}{% assign l = l | Append: l %}{% endfor %}{{ l | Split: ',' | Join: g }}`,
		"nested map": `{% assign l = body.tags %}{% for i in (1..60) %}{% assign l = l | Concat: l %}{% endfor %}`,
	} {
		if err := render(template, Limits{Output: 100_000}); !errors.As(err, &limit) {
			t.Errorf("%s: error is %v, want a LimitError", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := render(`{% for i in (1..100000) %}{% endfor %}`, Limits{Context: ctx}); !errors.Is(err, context.Canceled) {
		t.Errorf("a rendering whose context ended: %v", err)
	}
	if err := render(`{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | Replace: '(a+)+$', '' }}`, Limits{}); err == nil {
		t.Error("a pattern that never ends its search ended")
	}
	if err := render(`{{ 1 | DividedBy: 0 }}`, Limits{}); err == nil {
		t.Error("a division by zero is no error")
	}
}

// Hostile templates end in Diagnostics, soon.
func TestHostileTemplates(t *testing.T) {
	const n = 200_000
	for name, s := range map[string]string{
		"brackets":  "{{ a" + strings.Repeat("[a", n) + " }}",
		"parens":    "{{ " + strings.Repeat("(", n) + " }}",
		"ifs":       strings.Repeat("{% if a %}", n),
		"ends":      strings.Repeat("{% endif %}", n),
		"raws":      strings.Repeat("{% raw %}", n),
		"open":      strings.Repeat("{{", n),
		"bad tags":  strings.Repeat("{% nope %}", n),
		"elsifs":    "{% if a %}" + strings.Repeat("{% elsif %}", n),
		"ands":      "{% if a" + strings.Repeat(" and", n) + " %}{% endif %}",
		"too large": strings.Repeat("x", maxTemplate+1),
	} {
		var diags source.List
		if Compile(source.Detached("t.xml", s), &diags) != nil || diags.Errors() == 0 {
			t.Errorf("%s: compiles", name)
		}
		if diags.Errors() > maxErrors+200 {
			t.Errorf("%s: %d errors", name, diags.Errors())
		}
	}
}

func FuzzCompileAndRender(f *testing.F) {
	for _, s := range []string{
		`{% for i in (1..3) reversed %}{{ i | Plus: 1 | Append: 'x' }}{% else %}{% endfor %}`,
		`{%- if a.b["c"] contains 'd' or e -%}{% elsif f %}{% endif %}{% case a %}{% when 1, 2 %}{% endcase %}`,
		`{% raw %}{{{% endraw %}{% comment %}{% endcomment %}{{{body.x}}}`,
		`{{ body.lines | Sort: 'n' | Map: 'sku' | Join: ',' | Replace: '(x)', '$1' | Truncate: 3 }}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var diags source.List
		v := source.Detached("t.xml", s)
		tpl := Compile(v, &diags)
		for _, d := range diags.Sorted() {
			if d.Range.Text != v.Text || d.Range.Start > d.Range.End || d.Range.End > len(s) {
				t.Fatalf("range %v of %q", d.Range, d.Message)
			}
		}
		if (tpl == nil) != (diags.Errors() > 0) {
			t.Fatal("a Template and errors, or neither")
		}
		if tpl != nil {
			_, _ = tpl.Render(data(orderJSON, "application/json"), Limits{Output: 10_000, Steps: 10_000})
		}
	})
}

func FuzzBody(f *testing.F) {
	f.Add(soapXML)
	f.Add(`<a>x<b>y<c>z</c></b>t</a>`)
	f.Add(orderJSON)
	f.Fuzz(func(t *testing.T, s string) {
		tpl := compile(t, `{{ body }}{{ body.a.b[0].c }}{% for i in body.a %}{{ i }}{% endfor %}{% for i in body %}{{ i.Key }}{{ i.Value }}{% endfor %}`)
		for _, contentType := range []string{"application/json", "text/xml", "text/plain"} {
			_, _ = tpl.Render(data(s, contentType), Limits{Output: 100_000, Steps: 10_000})
		}
	})
}

// testContext is a small context of expressions.
type testContext struct{ apim.Context }

func (testContext) Request() apim.Request     { return testRequest{} }
func (testContext) Response() apim.Response   { return testResponse{} }
func (testContext) Variables() apim.Variables { return testVariables{} }

type testResponse struct{ apim.Response }

func (testResponse) StatusCode() int { return 201 }

type testRequest struct{ apim.Request }

func (testRequest) Method() string    { return "GET" }
func (testRequest) IPAddress() string { return "10.0.0.1" }
func (testRequest) Body() apim.Body   { return nil }
func (testRequest) URL() *apim.URL {
	return &apim.URL{Scheme: "https", Host: "h.example", Port: 443, Path: "/a/b", QueryString: "?x=1", Query: testHeaders{{"x", []string{"1"}}}}
}
func (r testRequest) OriginalURL() *apim.URL { return r.URL() }
func (testRequest) Headers() apim.MultiValues {
	return testHeaders{{"Accept", []string{"text/html"}}, {"X-Many", []string{"a", "b"}}}
}
func (testRequest) MatchedParameters() apim.Values { return testParameters{} }

type testParameters struct{}

func (testParameters) Lookup(name string) (string, bool) { return "5", name == "id" }
func (testParameters) Len() int                          { return 1 }
func (testParameters) Each(f func(name, v string) bool)  { f("id", "5") }

type testHeaders []struct {
	name   string
	values []string
}

func (h testHeaders) Len() int { return len(h) }
func (h testHeaders) Lookup(name string) ([]string, bool) {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			return f.values, true
		}
	}
	return nil, false
}
func (h testHeaders) Each(f func(name string, values []string) bool) {
	for _, x := range h {
		if !f(x.name, x.values) {
			return
		}
	}
}

type testVariables struct{}

func (testVariables) Len() int                           { return 3 }
func (testVariables) Each(func(name string, v any) bool) {}
func (testVariables) Lookup(name string) (any, bool) {
	v, ok := map[string]any{
		"n": int32(42), "s": "text", "j": newtonsoft.Parse(`{"a":{"b":[1,"x",null,{"c":true}]},"n":5}`),
		"x": xlinq.Parse(`<r><i k="1">a</i><i>b</i></r>`, 0), "e": xlinq.ParseElement(`<r><i>c</i></r>`, 0), "d": clr.NewDateTime(2026, 2, 3, 4, 5, 6, 0, clr.Utc),
	}[name]
	return v, ok
}
