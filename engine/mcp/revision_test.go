package mcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

type fields [][2]string

func (f fields) values(name string) (all []string) {
	for _, h := range f {
		if strings.EqualFold(h[0], name) {
			all = append(all, h[1])
		}
	}
	return all
}

func stateless(method, params string) string {
	if params != "" {
		params += ","
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`, method, params)
}

func TestRevision(t *testing.T) {
	call := stateless("tools/call", `"name":"a"`)
	list := stateless("tools/list", "")
	old := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}`
	initialize := func(version string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + version + `"}}`
	}
	const version, method, name = HeaderVersion, HeaderMethod, HeaderName
	tests := []struct {
		name   string
		fields fields
		body   string
		want   string
		code   int
	}{
		{"stateless call", fields{{version, V20260728}, {method, "tools/call"}, {name, "a"}}, call, V20260728, 0},
		{"names of fields in any case", fields{{"mcp-protocol-VERSION", V20260728}, {"mcp-method", "tools/call"}, {"MCP-NAME", "a"}}, call, V20260728, 0},
		{"name encoded", fields{{version, V20260728}, {method, "tools/call"}, {name, "=?base64?5LiW55WM?="}}, stateless("tools/call", `"name":"世界"`), V20260728, 0},
		{"name not needed", fields{{version, V20260728}, {method, "tools/list"}}, list, V20260728, 0},
		{"notification needs no method", fields{{version, V20260728}}, `{"jsonrpc":"2.0","method":"notifications/x"}`, V20260728, 0},
		{"uri", fields{{version, V20260728}, {method, "resources/read"}, {name, "file:///a"}}, stateless("resources/read", `"uri":"file:///a"`), V20260728, 0},
		{"session", fields{{version, V20250618}}, old, V20250618, 0},
		{"nothing said", nil, old, V20250326, 0},
		{"mirrored fields mean nothing before", fields{{version, V20251125}, {method, "tools/list"}, {name, "other"}}, old, V20251125, 0},
		{"initialize", nil, initialize(V20241105), V20241105, 0},
		{"initialize, unknown", nil, initialize("2999-01-01"), V20251125, 0},
		{"initialize, stateless", nil, initialize(V20260728), V20251125, 0},
		{"answer", fields{{version, V20250618}}, `{"jsonrpc":"2.0","id":1,"result":{}}`, V20250618, 0},

		{"answer, stateless", fields{{version, V20260728}}, `{"jsonrpc":"2.0","id":1,"result":{}}`, "", CodeInvalidRequest},
		{"unknown", fields{{version, "1999-01-01"}}, old, "", CodeUnsupportedVersion},
		{"unknown and stateless", fields{{version, "2999-01-01"}, {method, "x"}}, strings.ReplaceAll(list, V20260728, "2999-01-01"), "", CodeUnsupportedVersion},
		{"two in one field", fields{{version, V20260728 + ", " + V20250618}}, old, "", CodeUnsupportedVersion},
		{"version missing", fields{{method, "tools/list"}}, list, "", CodeHeaderMismatch},
		{"version other than meta", fields{{version, V20251125}, {method, "tools/list"}}, list, "", CodeHeaderMismatch},
		{"meta missing", fields{{version, V20260728}, {method, "tools/call"}, {name, "a"}}, old, "", CodeInvalidParams},
		{"method missing", fields{{version, V20260728}, {name, "a"}}, call, "", CodeHeaderMismatch},
		{"method other", fields{{version, V20260728}, {method, "tools/list"}, {name, "a"}}, call, "", CodeHeaderMismatch},
		{"method in capitals", fields{{version, V20260728}, {method, "Tools/Call"}, {name, "a"}}, call, "", CodeHeaderMismatch},
		{"name missing", fields{{version, V20260728}, {method, "tools/call"}}, call, "", CodeHeaderMismatch},
		{"name other", fields{{version, V20260728}, {method, "tools/call"}, {name, "b"}}, call, "", CodeHeaderMismatch},
		{"name not encoded", fields{{version, V20260728}, {method, "tools/call"}, {name, "世界"}}, stateless("tools/call", `"name":"世界"`), "", CodeHeaderMismatch},
		{"name badly encoded", fields{{version, V20260728}, {method, "tools/call"}, {name, "=?base64?YQ?="}}, call, "", CodeHeaderMismatch},
		{"name in other bits", fields{{version, V20260728}, {method, "tools/call"}, {name, "=?base64?YR==?="}}, call, "", CodeHeaderMismatch},
		{"name broken by a line", fields{{version, V20260728}, {method, "tools/call"}, {name, "=?base64?YQ\n==?="}}, call, "", CodeHeaderMismatch},
		{"marker in capitals", fields{{version, V20260728}, {method, "tools/call"}, {name, "=?BASE64?YQ==?="}}, call, "", CodeHeaderMismatch},
		{"version twice", fields{{version, V20260728}, {version, V20260728}, {method, "tools/list"}}, list, "", CodeHeaderMismatch},
		{"method twice", fields{{version, V20260728}, {method, "tools/list"}, {"mcp-method", "tools/list"}}, list, "", CodeHeaderMismatch},
		{"name twice, with sessions", fields{{version, V20250618}, {name, "a"}, {name, "b"}}, old, "", CodeHeaderMismatch},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, e := Parse([]byte(test.body))
			if e != nil {
				t.Fatal(e)
			}
			got, e := Revision(test.fields.values, m)
			if test.code == 0 {
				if e != nil || got != test.want {
					t.Errorf("%q %v, want %q", got, e, test.want)
				}
				return
			}
			if e == nil || e.Code != test.code || e.Status != 400 {
				t.Fatalf("%q %v, want %d", got, e, test.code)
			}
			if test.code == CodeUnsupportedVersion && !strings.Contains(string(e.Data), `"supported":["2026-07-28","2025-11-25"`) {
				t.Errorf("data: %s", e.Data)
			}
		})
	}
	if v, e := Revision(fields{{version, V20250618}}.values, nil); v != V20250618 || e != nil {
		t.Errorf("a GET: %q %v", v, e)
	}
}

func TestMirror(t *testing.T) {
	for _, body := range []string{
		stateless("tools/call", `"name":" padded "`), stateless("tools/call", `"name":"=?base64?x?="`),
		stateless("prompts/get", `"name":"世界"`), stateless("resources/read", `"uri":"a\nb"`), stateless("tools/list", ""),
	} {
		m, e := Parse([]byte(body))
		if e != nil {
			t.Fatal(e)
		}
		if v, e := Revision(fields(Mirror(m, V20260728)).values, m); e != nil || v != V20260728 {
			t.Errorf("%s: %v", Mirror(m, V20260728), e)
		}
		if h := Mirror(m, V20250618); len(h) != 1 {
			t.Errorf("with sessions: %v", h)
		}
	}
}

// A method from outside does not end its header field.
func TestMirrorInjection(t *testing.T) {
	m, e := Parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"x\r\nAuthorization: y"}`))
	if e != nil {
		t.Fatal(e)
	}
	for _, h := range Mirror(m, V20260728) {
		if !plain(h[1]) {
			t.Errorf("%q", h)
		}
	}
}

func FuzzMirroredValue(f *testing.F) {
	for _, s := range []string{"us-west1", "=?base64?SGVsbG8sIOS4lueVjA==?=", "=?base64??=", "=?base64?=", " x", "\x00", "=?base64?YQ?=", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, ok := decodeValue(s); ok && !utf8.ValidString(v) {
			t.Fatalf("%q is not UTF-8", v)
		}
		if !utf8.ValidString(s) {
			return
		}
		enc := encodeValue(s)
		if v, ok := decodeValue(enc); !ok || v != s || !plain(enc) {
			t.Fatalf("%q became %q became %q", s, enc, v)
		}
	})
}

func TestSealer(t *testing.T) {
	s, err := NewSealer(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := NewSealer(bytes.Repeat([]byte{2}, 32))
	sealed := s.Seal("weather", "alice", "id-1")
	for i := range len(sealed) {
		if sealed[i] < 0x21 || sealed[i] > 0x7e {
			t.Fatalf("%q is not visible ASCII", sealed)
		}
	}
	if strings.Contains(sealed, "id-1") || sealed == s.Seal("weather", "alice", "id-1") {
		t.Errorf("%q shows something", sealed)
	}
	if id, ok := s.Open("weather", "alice", sealed); !ok || id != "id-1" {
		t.Errorf("%q %v", id, ok)
	}
	for _, wrong := range []func() (string, bool){
		func() (string, bool) { return s.Open("weather", "bob", sealed) },
		func() (string, bool) { return s.Open("orders", "alice", sealed) },
		func() (string, bool) { return s.Open("weathera", "lice", sealed) },
		func() (string, bool) { return other.Open("weather", "alice", sealed) },
		func() (string, bool) { return s.Open("weather", "alice", sealed[:len(sealed)-1]) },
		func() (string, bool) { return s.Open("weather", "alice", sealed+"A") },
		func() (string, bool) { return s.Open("weather", "alice", "id-1") },
		func() (string, bool) { return s.Open("weather", "alice", "") },
		func() (string, bool) { return s.Open("weather", "alice", strings.Repeat("A", 1<<20)) },
	} {
		if id, ok := wrong(); ok {
			t.Errorf("opened: %q", id)
		}
	}
	if _, err := NewSealer([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}

func TestErrorBody(t *testing.T) {
	e := refuse(400, CodeParse, "%s", strings.Repeat("\xff\"", 400))
	e.Data = json.RawMessage(`{"a":1}`)
	if b := e.Body(json.RawMessage(`"i"`)); !json.Valid(b) || !bytes.Contains(b, []byte(`"id":"i"`)) || !bytes.Contains(b, []byte(`"data":{"a":1}`)) {
		t.Errorf("%s", b)
	}
}
