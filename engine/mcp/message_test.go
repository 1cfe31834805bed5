package mcp

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct{ name, in, kind, method, subject, version string }{
		{"request", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, "request", "tools/list", "", ""},
		{"id of text", `{"jsonrpc":"2.0","id":"a\u00e9","method":"ping","params":null}`, "request", "ping", "", ""},
		{"negative id", `{"jsonrpc":"2.0","id":-7,"method":"ping"}`, "request", "ping", "", ""},
		{"notification", ` {"jsonrpc":"2.0","method":"notifications/initialized","params":{}} `, "notification", "notifications/initialized", "", ""},
		{"result", `{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}`, "answer", "", "", ""},
		{"error", `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}`, "answer", "", "", ""},
		{"error about nothing in particular", `{"jsonrpc":"2.0","id":null,"error":{}}`, "answer", "", "", ""},
		{"tool", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a\u002fb","arguments":{"Name":1,"x":[[{}]]}}}`, "request", "tools/call", "a/b", ""},
		{"resource", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///x"}}`, "request", "resources/read", "file:///x", ""},
		{"escaped keys", `{"jsonrpc":"2.0","id":1,"m\u0065thod":"prompts/get","params":{"n\u0061me":"p"}}`, "request", "prompts/get", "p", ""},
		{"initialize", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}`, "request", "initialize", "", V20250618},
		{"meta", `{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, "request", "x", "", V20260728},
		{"meta before initialize", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, "request", "initialize", "", V20260728},
		{"initialize that is gone", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, "request", "initialize", "", V20260728},
		{"subscribe that is gone", `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, "request", "resources/subscribe", "", V20260728},
		{"surrogate pair", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud83d\ude00"}}`, "request", "tools/call", "😀", ""},
		{"escaped backslash before u", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\ud83d"}}`, "request", "tools/call", `\ud83d`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, e := Parse([]byte(test.in))
			if e != nil {
				t.Fatal(e)
			}
			kind := map[bool]string{true: "request"}[m.IsRequest()] + map[bool]string{true: "notification"}[m.IsNotification()] + map[bool]string{true: "answer"}[m.IsAnswer()]
			if kind != test.kind || m.Method != test.method || m.Name != test.subject || m.Version != test.version {
				t.Errorf("%s %q %q %q", kind, m.Method, m.Name, m.Version)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	deep := func(n int) string {
		return `{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}}`
	}
	if _, e := Parse([]byte(deep(62))); e != nil {
		t.Fatalf("64 levels: %v", e)
	}
	tests := []struct {
		name, in string
		code     int
		id       string
	}{
		{"nothing", ``, CodeParse, "null"},
		{"text", `"x"`, CodeParse, "null"},
		{"batch", `[{"jsonrpc":"2.0","id":1,"method":"x"}]`, CodeInvalidRequest, "null"},
		{"two messages", `{"jsonrpc":"2.0","id":1,"method":"x"}{}`, CodeParse, "null"},
		{"cut", `{"jsonrpc":"2.0","id":1,"method":"x"`, CodeParse, "null"},
		{"not UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", CodeParse, "null"},
		{"byte order mark", "\ufeff{}", CodeParse, "null"},
		{"control character", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\nb\"}", CodeParse, "null"},
		{"comma at the end", `{"jsonrpc":"2.0","id":1,"method":"x",}`, CodeParse, "null"},
		{"leading zero", `{"jsonrpc":"2.0","id":01,"method":"x"}`, CodeParse, "null"},
		{"bad escape", `{"jsonrpc":"2.0","id":1,"method":"\x"}`, CodeParse, "null"},
		{"short escape", `{"jsonrpc":"2.0","id":1,"method":"\u12"}`, CodeParse, "null"},
		{"half a pair", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud83dx"}}`, CodeInvalidParams, "1"},
		{"half a pair at the end", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud83d"}}`, CodeInvalidParams, "1"},
		{"half a pair in a key", `{"jsonrpc":"2.0","id":1,"method":"x","params":{"\udc00":1}}`, CodeParse, "null"},
		{"too deep", deep(63), CodeInvalidRequest, "null"},
		{"very deep", `{"a":` + strings.Repeat("[", 1<<20), CodeInvalidRequest, "null"},
		{"method twice", `{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}`, CodeInvalidRequest, "null"},
		{"method twice, escaped", `{"jsonrpc":"2.0","id":1,"method":"a","\u006dethod":"b"}`, CodeInvalidRequest, "null"},
		{"name twice", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}`, CodeInvalidRequest, "null"},
		{"version twice", `{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"a","io.modelcontextprotocol/protocolVersion":"b"}}}`, CodeInvalidRequest, "null"},
		{"argument twice", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"b":[{"c":1,"c":2}]}}}`, CodeInvalidRequest, "null"},
		{"method in capitals", `{"jsonrpc":"2.0","id":1,"method":"a","Method":"b"}`, CodeInvalidRequest, "null"},
		{"name in capitals", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Name":"b"}}`, CodeInvalidRequest, "1"},
		{"params with a long s", `{"jsonrpc":"2.0","id":1,"method":"tools/call","param\u017f":{"name":"b"}}`, CodeInvalidRequest, "null"},
		{"no version", `{"id":1,"method":"x"}`, CodeInvalidRequest, "1"},
		{"other version", `{"jsonrpc":"1.0","id":1,"method":"x"}`, CodeInvalidRequest, "1"},
		{"id null", `{"jsonrpc":"2.0","id":null,"method":"x"}`, CodeInvalidRequest, "null"},
		{"id with a fraction", `{"jsonrpc":"2.0","id":1.0,"method":"x"}`, CodeInvalidRequest, "null"},
		{"id with an exponent", `{"jsonrpc":"2.0","id":1e3,"method":"x"}`, CodeInvalidRequest, "null"},
		{"id an object", `{"jsonrpc":"2.0","id":{},"method":"x"}`, CodeInvalidRequest, "null"},
		{"endless id", `{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 600) + `","method":"x"}`, CodeInvalidRequest, "null"},
		{"method a number", `{"jsonrpc":"2.0","id":1,"method":5}`, CodeInvalidRequest, "1"},
		{"method empty", `{"jsonrpc":"2.0","id":1,"method":""}`, CodeInvalidRequest, "1"},
		{"params an array", `{"jsonrpc":"2.0","id":1,"method":"x","params":[]}`, CodeInvalidRequest, "1"},
		{"neither", `{"jsonrpc":"2.0","id":1}`, CodeInvalidRequest, "1"},
		{"method and result", `{"jsonrpc":"2.0","id":1,"method":"x","result":{}}`, CodeInvalidRequest, "1"},
		{"result and error", `{"jsonrpc":"2.0","id":1,"result":{},"error":{}}`, CodeInvalidRequest, "1"},
		{"result without id", `{"jsonrpc":"2.0","result":{}}`, CodeInvalidRequest, "null"},
		{"result a number", `{"jsonrpc":"2.0","id":1,"result":1}`, CodeInvalidRequest, "1"},
		{"tool without name", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}`, CodeInvalidParams, "1"},
		{"tool without params", `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, CodeInvalidParams, "1"},
		{"name a number", `{"jsonrpc":"2.0","id":"q","method":"tools/call","params":{"name":1}}`, CodeInvalidParams, `"q"`},
		{"initialize without version", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`, CodeInvalidParams, "1"},
		{"tool without name in the new revision", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, CodeInvalidParams, "1"},
		{"subscribe to a number", `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":1,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, CodeInvalidParams, "1"},
		{"meta a text", `{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":"y"}}`, CodeInvalidParams, "1"},
		{"version a number", `{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":1}}}`, CodeInvalidParams, "1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, e := Parse([]byte(test.in))
			if e == nil {
				t.Fatalf("accepted: %+v", m)
			}
			if m != nil || e.Code != test.code || e.Status != 400 {
				t.Errorf("%d %v, want %d", e.Status, e, test.code)
			}
			var body struct{ ID json.RawMessage }
			if err := json.Unmarshal(e.Body(nil), &body); err != nil || string(body.ID) != test.id {
				t.Errorf("%s: %v, want id %s", e.Body(nil), err, test.id)
			}
		})
	}
}

// FuzzParse holds that what is accepted means the same to encoding/json, and to itself.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":[1.5e3,true,null,"\ud83d\ude00"]},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","progressToken":"t"}}}`,
		`{"jsonrpc":"2.0","id":"x","result":{"tools":[]}}`,
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`[{}]`, `{"jsonrpc":"2.0","id":1,"method":"a","\u006dethod":"b"}`, `{"a":"\ud800"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, e := Parse(data)
		if e != nil {
			if !json.Valid(e.Body(nil)) {
				t.Fatalf("an answer that is not JSON: %s", e.Body(nil))
			}
			return
		}
		var v struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				Name any `json:"name"`
				URI  any `json:"uri"`
			} `json:"params"`
		}
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("accepted, but %v", err)
		}
		if v.Method != m.Method || m.ID != nil && string(v.ID) != string(m.ID) {
			t.Fatalf("%+v is not %+v", v, m)
		}
		switch nameKeyOf(m.Method) {
		case "name":
			if v.Params.Name != m.Name {
				t.Fatalf("name %q is not %q", v.Params.Name, m.Name)
			}
		case "uri":
			if v.Params.URI != m.Name {
				t.Fatalf("uri %q is not %q", v.Params.URI, m.Name)
			}
		}
	})
}

func TestFilterTools(t *testing.T) {
	in := `{"nextCursor" : "x", "tools": [{"name":"a","description":"1"}, {"name":"b"},{"title":"no name"},{"name":"a\u0062","inputSchema":{"name":"b"}}] ,"_meta":{}}`
	got, err := FilterTools(json.RawMessage(in), func(name string) bool { return name != "b" })
	want := `{"nextCursor" : "x", "tools": [{"name":"a","description":"1"},{"name":"a\u0062","inputSchema":{"name":"b"}}] ,"_meta":{}}`
	if err != nil || string(got) != want {
		t.Errorf("%s %v", got, err)
	}
	same, err := FilterTools(json.RawMessage(`{"tools":[ {"name":"a"} ]}`), func(string) bool { return true })
	if err != nil || string(same) != `{"tools":[ {"name":"a"} ]}` {
		t.Errorf("%s %v", same, err)
	}
	got, err = FilterTools(json.RawMessage(`{"tools":[{"name":"a","name":"b"},{"name":"a","Name":"b"},7]}`), func(string) bool { return true })
	if err != nil || string(got) != `{"tools":[]}` {
		t.Errorf("ambiguous tools: %s %v", got, err)
	}
	for _, bad := range []string{`{}`, `[]`, `{"tools":{}}`, `{"tools":[],"tools":[]}`, `{"tools":[],"Tools":[]}`, `{"tools":[`, ``} {
		if _, err := FilterTools(json.RawMessage(bad), func(string) bool { return true }); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}
