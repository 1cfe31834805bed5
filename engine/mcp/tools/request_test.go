package tools

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// param is a Parameter, in the shape "in name style[+] schema"; + explodes, a "!" before
// it says that it is required.
func param(t testing.TB, s string) Parameter {
	f := strings.SplitN(s, " ", 4)
	if len(f) != 4 {
		t.Fatalf("bad parameter %q", s)
	}
	in, required := strings.CutPrefix(f[0], "!")
	style, explode := strings.CutSuffix(f[2], "+")
	return Parameter{In: in, Name: f[1], Style: style, Explode: explode, Required: required, Schema: json.RawMessage(f[3])}
}

func made(t testing.TB, o *Operation) *tool {
	t.Helper()
	out, err := newTool(&Tool{Name: "t", Operation: o})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *Call) String() string {
	s := c.Method + " " + c.Path
	if c.Query != "" {
		s += "?" + c.Query
	}
	for _, h := range c.Header {
		if h[0] != "Accept" {
			s += "\n" + h[0] + ": " + h[1]
		}
	}
	if c.Body != nil {
		s += "\n\n" + string(c.Body)
	}
	return s
}

// TestStyles: how arguments are written. The examples of values are those of the OpenAPI
// Specification, "Style Examples".
func TestStyles(t *testing.T) {
	const color = `{"string":"blue","array":["blue","black","brown"],"object":{"R":100,"G":200,"B":150},"empty":""}`
	for _, tt := range []struct {
		param                 string
		empty, text, list, of string
	}{
		{"path color simple {}", "!", "/blue", "/blue,black,brown", "/B,150,G,200,R,100"},
		{"path color simple+ {}", "!", "/blue", "/blue,black,brown", "/B=150,G=200,R=100"},
		{"path color label {}", "!", "/.blue", "/.blue,black,brown", "/.B,150,G,200,R,100"},
		{"path color label+ {}", "!", "/.blue", "/.blue.black.brown", "/.B=150.G=200.R=100"},
		{"path color matrix {}", "!", "/;color=blue", "/;color=blue,black,brown", "/;color=B,150,G,200,R,100"},
		{"path color matrix+ {}", "!", "/;color=blue", "/;color=blue;color=black;color=brown", "/;B=150;G=200;R=100"},
		{"query color form {}", "/?color=", "/?color=blue", "/?color=blue,black,brown", "/?color=B,150,G,200,R,100"},
		{"query color form+ {}", "/?color=", "/?color=blue", "/?color=blue&color=black&color=brown", "/?B=150&G=200&R=100"},
		{"query color spaceDelimited {}", "/?color=", "/?color=blue", "/?color=blue%20black%20brown", "/?color=B%20150%20G%20200%20R%20100"},
		{"query color spaceDelimited+ {}", "/?color=", "/?color=blue", "/?color=blue&color=black&color=brown", "/?B=150&G=200&R=100"},
		{"query color pipeDelimited {}", "/?color=", "/?color=blue", "/?color=blue%7Cblack%7Cbrown", "/?color=B%7C150%7CG%7C200%7CR%7C100"},
		{"query color deepObject+ {}", "/?color=", "/?color=blue", "/?color=blue&color=black&color=brown", "/?color%5BB%5D=150&color%5BG%5D=200&color%5BR%5D=100"},
		{"query color json {}", "/?color=%22%22", "/?color=%22blue%22", "/?color=%5B%22blue%22%2C%22black%22%2C%22brown%22%5D", "/?color=%7B%22B%22%3A150%2C%22G%22%3A200%2C%22R%22%3A100%7D"},
		{"header color simple {}", "/\ncolor: ", "/\ncolor: blue", "/\ncolor: blue,black,brown", "/\ncolor: B,150,G,200,R,100"},
		{"header color simple+ {}", "/\ncolor: ", "/\ncolor: blue", "/\ncolor: blue,black,brown", "/\ncolor: B=150,G=200,R=100"},
		{"header color json {}", "/\ncolor: \"\"", "/\ncolor: \"blue\"", "/\ncolor: [\"blue\",\"black\",\"brown\"]", "/\ncolor: {\"B\":150,\"G\":200,\"R\":100}"},
		{"cookie color form {}", "/\nCookie: color=", "/\nCookie: color=blue", "/\nCookie: color=blue,black,brown", "/\nCookie: color=B,150,G,200,R,100"},
	} {
		p := param(t, tt.param)
		template := "/"
		if p.In == "path" {
			template = "/{color}"
		}
		made := made(t, &Operation{Method: "GET", Template: template, Parameters: []Parameter{p}})
		v, err := decode([]byte(color))
		if err != nil {
			t.Fatal(err)
		}
		for kind, want := range map[string]string{"empty": tt.empty, "string": tt.text, "array": tt.list, "object": tt.of} {
			c, err := made.request(map[string]any{"color": v.(map[string]any)[kind]})
			got := "!"
			if err == nil {
				got = strings.TrimPrefix(c.String(), "GET ")
			}
			if got != want {
				t.Errorf("%s, %s: %q (%v), want %q", tt.param, kind, got, err, want)
			}
		}
	}
}

// TestRequests: arguments, and the request or the refusal.
func TestRequests(t *testing.T) {
	id := []string{"!path id simple {\"type\":\"string\"}"}
	order := &Body{ContentType: "application/json", Required: true, Schema: json.RawMessage(`{"type":"object","properties":{"item":{"type":"string"},"count":{"type":"integer"},"_id":{}},"required":["item"]}`)}
	for _, tt := range []struct {
		name, method, template string
		params                 []string
		body                   *Body
		args, want             string
	}{
		{"path", "GET", "/orders/{id}", id, nil, `{"id":"a b/ü%"}`, "GET /orders/a%20b%2F%C3%BC%25"},
		{"case of template", "GET", "/orders/{ID}", id, nil, `{"id":"x"}`, "GET /orders/x"},
		{"not described", "GET", "/orders/{id}/lines({line})", nil, nil, `{"id":"x","line":"7"}`, "GET /orders/x/lines(7)"},
		{"query of template", "GET", "/orders?kind=a%20b&of={who}", nil, nil, `{"of":"me & you"}`, "GET /orders?kind=a%20b&of=me%20%26%20you"},
		{"query of template described", "GET", "/orders?of={of}", []string{`!query of form {"type":"array"}`}, nil, `{"of":["a","b,c"]}`, "GET /orders?of=a,b%2Cc"},
		{"wildcard", "GET", "/files/*", nil, nil, `{"path":"a/b c/d?e"}`, "GET /files/a/b%20c/d%3Fe"},
		{"wildcard without", "GET", "/files/*", nil, nil, `{}`, "GET /files/"},
		{"wildcard named", "GET", "/files/{*rest}", nil, nil, `{"rest":"/a/b/"}`, "GET /files/a/b/"},
		{"wildcard up", "GET", "/files/*", nil, nil, `{"path":"a/../../b"}`, "path: this would be a path to elsewhere"},
		{"wildcard up, escaped", "GET", "/files/*", nil, nil, `{"path":"a/%2e%2E/b"}`, "path: this would be a path to elsewhere"},
		{"wildcard empty segment", "GET", "/files/*", nil, nil, `{"path":"a//b"}`, "path: a part of the path cannot be empty"},
		{"any method", "*", "/a", nil, nil, `{"method":"PUT"}`, "PUT /a"},
		{"any method, default", "*", "/a", nil, nil, `{}`, "GET /a"},

		// Nothing leaves its place.
		{"dots", "GET", "/orders/{id}", id, nil, `{"id":".."}`, "id: this would be a path to elsewhere"},
		{"dot", "GET", "/orders/{id}", id, nil, `{"id":"."}`, "id: this would be a path to elsewhere"},
		{"dots and slash", "GET", "/orders/{id}", id, nil, `{"id":"../admin"}`, "id: this would be a path to elsewhere"},
		{"slash and dots", "GET", "/orders/{id}", id, nil, `{"id":"a/../../admin"}`, "id: this would be a path to elsewhere"},
		{"escaped", "GET", "/orders/{id}", id, nil, `{"id":"..%2fadmin"}`, "id: this would be a path to elsewhere"},
		{"escaped twice", "GET", "/orders/{id}", id, nil, `{"id":"%252e%252e"}`, "id: this would be a path to elsewhere"},
		{"dots with parameters", "GET", "/orders/{id}", id, nil, `{"id":"..;a=b"}`, "id: this would be a path to elsewhere"},
		{"dots of two", "GET", "/orders/.{id}", id, nil, `{"id":"."}`, "id: this would be a path to elsewhere"},
		{"backslash", "GET", "/orders/{id}", id, nil, `{"id":"..\\admin"}`, "id: a path has no backslashes and no control characters"},
		{"escaped backslash", "GET", "/orders/{id}", id, nil, `{"id":"%5c"}`, "id: a path has no backslashes and no control characters"},
		{"zero", "GET", "/orders/{id}", id, nil, `{"id":"a\u0000"}`, "id: a path has no backslashes and no control characters"},
		{"line break", "GET", "/orders/{id}", id, nil, `{"id":"a\r\nX: y"}`, "id: a path has no backslashes and no control characters"},
		{"empty", "GET", "/orders/{id}", id, nil, `{"id":""}`, "id: a part of the path cannot be empty"},
		{"query in path", "GET", "/orders/{id}", id, nil, `{"id":"a?admin=1#x"}`, "GET /orders/a%3Fadmin%3D1%23x"},
		{"simple is no label", "GET", "/orders/{id}", id, nil, `{"id":"...."}`, "GET /orders/...."},
		{"query", "GET", "/", []string{"query q form {}"}, nil, `{"q":"a&admin=1#\r\n\u0000;é+"}`, "GET /?q=a%26admin%3D1%23%0D%0A%00%3B%C3%A9%2B"},
		{"name of query", "GET", "/", []string{"query $q[a] form {}"}, nil, `{"q_a":"x"}`, "GET /?%24q%5Ba%5D=x"},
		{"names of an object", "GET", "/?fixed=1", []string{"query o form+ {}", "query other form {}"}, nil, `{"o":{"OTHER":"x"}}`, "o: this is the name of another parameter"},
		{"names of an object, fixed", "GET", "/?fixed=1", []string{"query o form+ {}"}, nil, `{"o":{"fixed":"x"}}`, "o: this is the name of another parameter"},
		{"names of an object, free", "GET", "/?fixed=1", []string{"query o form+ {}", "header other simple {}"}, nil, `{"o":{"other":["x","y"],"a&b":1}}`, "GET /?fixed=1&a%26b=1&other=x&other=y"},
		{"brackets", "GET", "/", []string{"query o deepObject+ {}"}, nil, `{"o":{"a][b":1}}`, "o: a name of a member cannot be empty or have brackets"},
		{"deep", "GET", "/", []string{"query o deepObject+ {}"}, nil, `{"o":{"a":{"b":[1,2]}}}`, "GET /?o%5Ba%5D%5Bb%5D=1&o%5Ba%5D%5Bb%5D=2"},
		{"delimiter", "GET", "/", []string{"query o pipeDelimited {}"}, nil, `{"o":["a|b"]}`, "o: a value has the character that separates values"},
		{"header", "GET", "/", []string{"header X-A simple {}"}, nil, `{"X-A":"a, b"}`, "GET /\nX-A: a, b"},
		{"header with line break", "GET", "/", []string{"header X-A simple {}"}, nil, `{"X-A":"a\r\nAuthorization: b"}`, "X-A: a header field has visible ASCII characters, spaces and tabs only"},
		{"header beyond ASCII", "GET", "/", []string{"header X-A simple {}"}, nil, `{"X-A":"é"}`, "X-A: a header field has visible ASCII characters, spaces and tabs only"},
		{"header beyond ASCII as JSON", "GET", "/", []string{"header X-A json {}"}, nil, `{"X-A":"é😀"}`, `GET /` + "\n" + `X-A: "\u00e9\ud83d\ude00"`},
		{"header list", "GET", "/", []string{"header X-A simple {}"}, nil, `{"X-A":["a,b"]}`, "X-A: a value has the character that separates values"},
		{"cookie", "GET", "/", []string{"cookie a form {}", "cookie b form {}"}, nil, `{"a":"x; b=y\r\n","b":1}`, "GET /\nCookie: a=x%3B%20b%3Dy%0D%0A; b=1"},
		{"null", "GET", "/", []string{"query a form {}", "header b simple {}", "cookie c form {}"}, nil, `{"a":null,"b":null,"c":null}`, "GET /"},
		{"numbers as written", "GET", "/", []string{"query a form {}"}, nil, `{"a":12345678901234567890}`, "GET /?a=12345678901234567890"},

		// Bodies.
		{"members", "POST", "/", nil, order, `{"item":"<a>","count":2,"_id":null}`, "POST /\nContent-Type: application/json\n\n{\"_id\":null,\"count\":2,\"item\":\"<a>\"}"},
		{"no members", "POST", "/", nil, &Body{ContentType: "application/json", Required: true, Schema: json.RawMessage(`{"type":"object","properties":{"a":{}}}`)}, `{}`, "POST /\nContent-Type: application/json\n\n{}"},
		{"no body", "POST", "/", nil, &Body{ContentType: "application/json", Schema: json.RawMessage(`{"type":"object","properties":{"a":{}}}`)}, `{}`, "POST /"},
		{"body", "POST", "/", nil, &Body{ContentType: "application/merge-patch+json", Schema: json.RawMessage(`{"type":"array"}`)}, `{"body":[1]}`, "POST /\nContent-Type: application/merge-patch+json\n\n[1]"},
		{"body with a clash", "POST", "/{item}", nil, order, `{"item":"x","body":{"item":"y"}}`, "POST /x\nContent-Type: application/json\n\n{\"item\":\"y\"}"},
		{"body and body", "POST", "/{body}", nil, &Body{ContentType: "application/json"}, `{"body":"x","body_2":7}`, "POST /x\nContent-Type: application/json\n\n7"},
		{"form", "POST", "/", nil, &Body{ContentType: "application/x-www-form-urlencoded", Schema: json.RawMessage(`{"type":"object","properties":{"a":{},"b":{},"c":{}}}`)}, `{"a":"x&y","b":[1,2],"c":{"d":1}}`, "POST /\nContent-Type: application/x-www-form-urlencoded\n\na=x%26y&b=1&b=2&c=%7B%22d%22%3A1%7D"},
		{"text", "POST", "/", nil, &Body{ContentType: "text/csv", Schema: json.RawMessage(`{}`)}, `{"body":"a\nb"}`, "POST /\nContent-Type: text/csv\n\na\nb"},
		{"bytes", "POST", "/", nil, &Body{ContentType: "application/pdf", Schema: json.RawMessage(`{}`)}, `{"body":"AP8="}`, "POST /\nContent-Type: application/pdf\n\n\x00\xff"},
		{"no bytes", "POST", "/", nil, &Body{ContentType: "application/pdf", Schema: json.RawMessage(`{}`)}, `{"body":"A"}`, "body: this is not base64"},
		{"multipart", "POST", "/", nil, &Body{ContentType: "multipart/form-data", Schema: json.RawMessage(`{"type":"object","properties":{"f":{"type":"string","format":"binary"},"a\"\r\n":{}, "o":{}}}`)}, `{"f":"AP8=","a":"x\r\n","o":{"b":1}}`,
			"POST /\nContent-Type: multipart/form-data; boundary=BOUNDARY\n\n--BOUNDARY\r\nContent-Disposition: form-data; name=\"a%22%0D%0A\"\r\n\r\nx\r\n\r\n--BOUNDARY\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\nContent-Type: application/octet-stream\r\n\r\n\x00\xff\r\n--BOUNDARY\r\nContent-Disposition: form-data; name=\"o\"\r\nContent-Type: application/json\r\n\r\n{\"b\":1}\r\n--BOUNDARY--\r\n"},
		{"no body of GET", "GET", "/", nil, order, `{}`, "GET /"},
	} {
		o := &Operation{Method: tt.method, Template: tt.template, Body: tt.body}
		for _, s := range tt.params {
			o.Parameters = append(o.Parameters, param(t, s))
		}
		m := made(t, o)
		v, err := decode([]byte(tt.args))
		if err != nil {
			t.Fatal(err)
		}
		if wrong := m.input.check(v); wrong != "" {
			t.Errorf("%s: %s", tt.name, wrong)
		}
		got := ""
		if c, err := m.request(v.(map[string]any)); err != nil {
			got = err.Error()
		} else {
			got = c.String()
		}
		if _, b, ok := strings.Cut(got, "boundary="); ok {
			b, _, _ = strings.Cut(b, "\n")
			got = strings.ReplaceAll(got, b, "BOUNDARY")
		}
		if got != tt.want {
			t.Errorf("%s:\n%q\nwant\n%q", tt.name, got, tt.want)
		}
	}
}

// TestUndescribed: what an operation takes of which no document speaks.
func TestUndescribed(t *testing.T) {
	m := made(t, &Operation{Method: "POST", Template: "/a/{id}", Undescribed: true})
	v, _ := decode([]byte(`{"id":"x","query":{"a":[1,2],"b":"c"},"body":{"d":1}}`))
	if wrong := m.input.check(v); wrong != "" {
		t.Fatal(wrong)
	}
	c, err := m.request(v.(map[string]any))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.String(), "POST /a/x?a=1&a=2&b=c\nContent-Type: application/json\n\n{\"d\":1}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestRefusedHeaders: parameters that no argument sets do not show.
func TestRefusedHeaders(t *testing.T) {
	o := &Operation{Method: "GET", Template: "/"}
	for _, name := range []string{"Authorization", "HOST", "Cookie", "Proxy-Authorization", "Connection", "Transfer-Encoding", "Content-Length", "Mcp-Session-Id",
		"MCP-Protocol-Version", "X-Forwarded-For", "Ocp-Apim-Subscription-Key", "Accept", "Content-Type", "TE", "X\r\nY", "a:b", "", "X-Good"} {
		o.Parameters = append(o.Parameters, Parameter{In: "header", Name: name, Style: "simple", Required: true})
	}
	if got, want := string(made(t, o).inputSchema()), `{"type":"object","properties":{"X-Good":{"type":"string"}},"required":["X-Good"],"additionalProperties":false}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestInputSchema: names that clash, and bodies that can or cannot be flat.
func TestInputSchema(t *testing.T) {
	object := func(more string) *Body {
		return &Body{ContentType: "application/json", Required: true, Description: "it", Schema: json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"}}` + more + `}`)}
	}
	optional := object(`,"required":["a"]`)
	optional.Required = false
	for _, tt := range []struct {
		name   string
		params []string
		body   *Body
		want   string
	}{
		{"clashes", []string{"path a simple {}", "query a form {}", "header a simple {}", "cookie a form {}", "query query_a form {}"}, nil,
			`{"a":{},"cookie_a":{},"header_a":{},"query_a":{},"query_query_a":{}} ["a"]`},
		{"names", []string{"path a simple {}", "query $top form {}", "query filter[a] form {}", "query äé form {}", "query " + strings.Repeat("x", 90) + " form {}"}, nil,
			`{"a":{"type":"string"},"filter_a":{},"top":{},"value":{},"` + strings.Repeat("x", 60) + `":{}} ["a"]`},
		{"flat", nil, object(`,"required":["a"],"additionalProperties":false,"title":"t"`), `{"a":{"type":"string"}} ["a"]`},
		{"open", nil, object(`,"additionalProperties":true`), `{"body":{"additionalProperties":true,"description":"it","properties":{"a":{"type":"string"}},"type":"object"}} ["body"]`},
		{"more to say", nil, object(`,"minProperties":1`), `{"body":{"description":"it","minProperties":1,"properties":{"a":{"type":"string"}},"type":"object"}} ["body"]`},
		{"optional with required", nil, optional, `{"body":{"description":"it","properties":{"a":{"type":"string"}},"required":["a"],"type":"object"}}`},
		{"required without", nil, object(`,"required":["b"]`), `{"body":{"description":"it","properties":{"a":{"type":"string"}},"required":["b"],"type":"object"}} ["body"]`},
	} {
		o := &Operation{Method: "POST", Template: "/", Body: tt.body}
		if tt.params != nil && strings.HasPrefix(tt.params[0], "path") {
			o.Template = "/{a}"
			if tt.name == "names" {
				tt.params = tt.params[1:]
			}
		}
		for _, s := range tt.params {
			o.Parameters = append(o.Parameters, param(t, s))
		}
		var got struct {
			Properties json.RawMessage
			Required   json.RawMessage
		}
		json.Unmarshal(made(t, o).inputSchema(), &got)
		if s := strings.TrimSpace(fmt.Sprintf("%s %s", got.Properties, got.Required)); s != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, s, tt.want)
		}
	}
}

// TestBadTools: what cannot be made says why.
func TestBadTools(t *testing.T) {
	for template, want := range map[string]string{"": "template", "a": "template", "/{a": "template", "/%zz": "template", "/a?x=%zz": "template"} {
		if _, err := New(Info{}, []*Tool{{Name: "n", Operation: &Operation{Method: "GET", Template: template}}}, nil, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"n"`) {
			t.Errorf("%q: %v", template, err)
		}
	}
	for _, schema := range []string{`{"type":"file"}`, `{"$ref":"http://127.0.0.1:1/x"}`, `{"$ref":"file:///etc/passwd"}`, `{"minLength":-1}`} {
		o := &Operation{Method: "GET", Template: "/", Parameters: []Parameter{{In: "query", Name: "q", Style: "form", Schema: json.RawMessage(schema)}}}
		if _, err := New(Info{}, []*Tool{{Name: "n", Operation: o}}, nil, nil); err == nil {
			t.Errorf("%s was compiled", schema)
		}
	}
	twice := &Tool{Name: "n", Operation: &Operation{Method: "GET", Template: "/"}}
	if _, err := New(Info{}, []*Tool{twice, twice}, nil, nil); err == nil {
		t.Error("two tools of one name")
	}
}

// FuzzRequest: whatever arguments are, the URL they make parses, has the segments of the
// template, and gives the values back; or there is none.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{"a", "..", ".", "%2e%2e", "a/b", "a?b#c", "\x00", "a\r\nb", "ü", "..;x", "%252e%252e%252f", `..\`, "a b+c&d=e", ""} {
		f.Add(s, "v", "w", "k")
		f.Add("v", s, s, s)
	}
	m := made(f, &Operation{Method: "GET", Template: "/a b/{id}/x-{part}.json?fixed=1", Parameters: []Parameter{
		param(f, "query q form+ {}"), param(f, "query o deepObject+ {}"), param(f, "query list form {}"), param(f, "query free form+ {}"),
		param(f, "header X-A simple {}"), param(f, "cookie c form {}"),
	}})
	f.Fuzz(func(t *testing.T, id, part, value, key string) {
		raw := marshal(map[string]any{"id": id, "part": part, "q": value, "o": map[string]any{key: value}, "list": []any{value, part}, "free": map[string]any{key: value}, "X-A": value, "c": value})
		v, err := decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := m.input.check(v); wrong != "" {
			t.Fatal(wrong)
		}
		args := v.(map[string]any)
		id, part, value, _ = args["id"].(string), args["part"].(string), args["q"].(string), 0 // valid UTF-8 now
		for k := range args["o"].(map[string]any) {
			key = k
		}
		c, err := m.request(args)
		if err != nil {
			return
		}
		u, err := url.ParseRequestURI(c.Path + "?" + c.Query)
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if u.Host != "" || u.Fragment != "" || len(segments) != 4 || segments[1] != "a%20b" {
			t.Fatalf("%q", c.Path)
		}
		if s, err := url.PathUnescape(segments[2]); err != nil || s != id {
			t.Errorf("id is %q, was %q", s, id)
		}
		if s, err := url.PathUnescape(segments[3]); err != nil || s != "x-"+part+".json" {
			t.Errorf("part is %q, was %q", s, part)
		}
		q, err := url.ParseQuery(c.Query)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"fixed": "1", "q": value, "o[" + key + "]": value, "list": value + "," + part, key: value}
		if len(q) != len(want) {
			t.Fatalf("%q has %d names, want %d", c.Query, len(q), len(want))
		}
		for name, s := range want {
			if len(q[name]) != 1 || q[name][0] != s {
				t.Errorf("%q is %q, want %q", name, q[name], s)
			}
		}
		for _, h := range c.Header {
			if strings.ContainsAny(h[1], "\r\n\x00") || h[0] == "X-A" && h[1] != value {
				t.Errorf("header %q", h)
			}
			if h[0] == "Cookie" && strings.ContainsAny(h[1], "; \t,") {
				t.Errorf("cookie %q", h[1])
			}
		}
	})
}
