package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"
)

// post is one POST as a client would write it itself.
func post(t *testing.T, url, user, body string, head ...[2]string) (status int, header http.Header, answer string) {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	req.Header.Set("Content-Type", typeJSON)
	req.Header.Set("Accept", typeJSON+", "+typeStream)
	req.Header.Set("X-User", user)
	for _, h := range head {
		req.Header.Set(h[0], h[1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(b)
}

// postStateless posts a request of 2026-07-28 whose client declares capabilities.
func postStateless(t *testing.T, url, user, method, name, params, capabilities string) (int, string) {
	t.Helper()
	if params != "" {
		params += ","
	}
	status, _, answer := post(t, url, user, fmt.Sprintf(
		`{"jsonrpc":"2.0","id":9,"method":%q,"params":{%s"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":%s}}}`,
		method, params, capabilities), [2]string{HeaderVersion, V20260728}, [2]string{HeaderMethod, method}, [2]string{HeaderName, name})
	return status, answer
}

// A session id is good for its user only, whichever front it came from.
func TestBridgeSessionsOfOthers(t *testing.T) {
	b := newBackend(t, statelessServer)
	_, gw := gateway(t, b)
	initialize := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"n","version":"1"}}}`
	status, header, _ := post(t, gw+"/mcp", "ann", initialize)
	id := header.Get(HeaderSession)
	if status != 200 || len(id) < 20 {
		t.Fatalf("%d %q", status, id)
	}
	list := `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`
	if status, _, body := post(t, gw+"/mcp", "ann", list, [2]string{HeaderSession, id}); status != 200 || !strings.Contains(body, "echo") {
		t.Errorf("its own user: %d %s", status, body)
	}
	for name, try := range map[string]func() int{
		"a request of another user": func() int { s, _, _ := post(t, gw+"/mcp", "bob", list, [2]string{HeaderSession, id}); return s },
		"a notification of another user": func() int {
			s, _, _ := post(t, gw+"/mcp", "bob", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, [2]string{HeaderSession, id})
			return s
		},
		"nobody's": func() int { s, _, _ := post(t, gw+"/mcp", "", list, [2]string{HeaderSession, id}); return s },
		"made up":  func() int { s, _, _ := post(t, gw+"/mcp", "ann", list, [2]string{HeaderSession, newID()}); return s },
	} {
		if s := try(); s != 404 {
			t.Errorf("%s: %d", name, s)
		}
	}
	for _, method := range []string{"GET", "DELETE"} {
		req, _ := http.NewRequest(method, gw+"/mcp", nil)
		req.Header.Set(HeaderSession, id)
		req.Header.Set("X-User", "bob")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 404 {
			t.Errorf("%s of another user: %d", method, resp.StatusCode)
		}
	}
	if status, _, _ := post(t, gw+"/mcp", "ann", list); status != 400 {
		t.Errorf("no session: %d", status)
	}
	req, _ := http.NewRequest("DELETE", gw+"/mcp", nil)
	req.Header.Set(HeaderSession, id)
	req.Header.Set("X-User", "ann")
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != 204 {
		t.Errorf("DELETE: %v %v", resp, err)
	}
	if status, _, _ := post(t, gw+"/mcp", "ann", list, [2]string{HeaderSession, id}); status != 404 {
		t.Errorf("after DELETE: %d", status)
	}

	resp, err := (&http.Client{Transport: as{"ann"}}).Get(gw + "/sse")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	e, err := NewEvents(resp.Body, 1000).Next()
	if err != nil || e.Name != "endpoint" || !strings.HasPrefix(e.Data, "/messages?sessionId=") {
		t.Fatalf("%+v %v", e, err)
	}
	if status, _, _ := post(t, gw+e.Data, "bob", initialize); status != 404 {
		t.Errorf("another user's messages: %d", status)
	}
	if status, _, _ := post(t, gw+e.Data, "ann", list); status != 400 {
		t.Errorf("before initialize: %d", status)
	}
	if status, _, _ := post(t, gw+e.Data, "ann", initialize); status != 202 {
		t.Errorf("its own: %d", status)
	}
}

// What a stateless client must bring for a server with a session is asked in the result,
// and only its own user goes on with it, once.
func TestBridgeInputRequired(t *testing.T) {
	for _, kind := range []string{sessionServer, sseServer} {
		t.Run(kind, func(t *testing.T) {
			b := newBackend(t, kind)
			_, gw := gateway(t, b)
			ask := func(user, params string) (int, string) {
				return postStateless(t, gw+"/mcp", user, "tools/call", "ask", `"name":"ask","arguments":{"text":"?"}`+params, `{"elicitation":{}}`)
			}
			first := func() string {
				t.Helper()
				status, body := ask("ann", "")
				result := find(lastMessage(body), "result")
				state := find(result, "requestState")
				if status != 200 || str(find(result, "resultType")) != "input_required" || state == nil ||
					str(find(find(find(result, "inputRequests"), "input-1"), "method")) != "elicitation/create" {
					t.Fatalf("%d %s", status, body)
				}
				return string(state)
			}
			state := first()
			answer := `,"inputResponses":{"input-1":{"action":"accept","content":{"name":"Zoe"}}},"requestState":`
			if status, body := ask("bob", answer+state); status != 400 || !strings.Contains(body, "-32602") {
				t.Errorf("another user: %d %s", status, body)
			}
			if status, body := ask("ann", `,"inputResponses":{},"requestState":`+state); status != 200 || !strings.Contains(body, "input_required") {
				t.Errorf("nothing brought: %d %s", status, body)
			} else {
				state = string(find(find(lastMessage(body), "result"), "requestState"))
			}
			if status, body := ask("ann", answer+state); status != 200 || !strings.Contains(body, "accept Zoe?") || !strings.Contains(body, `"resultType":"complete"`) {
				t.Errorf("%d %s", status, body)
			}
			if status, body := ask("ann", answer+state); status != 400 {
				t.Errorf("again: %d %s", status, body)
			}
			if status, body := postStateless(t, gw+"/mcp", "ann", "tools/call", "echo", `"name":"echo"`+answer+first(), `{"elicitation":{}}`); status != 400 {
				t.Errorf("for another tool: %d %s", status, body)
			}
			// A client that has not declared it is not asked, and server and client hear why.
			status, body := postStateless(t, gw+"/mcp", "ann", "tools/call", "ask", `"name":"ask"`, `{}`)
			if status != 200 || !strings.Contains(body, "elicitation") || strings.Contains(body, "input_required") {
				t.Errorf("not declared: %d %s", status, body)
			}
		})
	}
}

// lastMessage is the last message in a body of either kind.
func lastMessage(body string) json.RawMessage {
	if strings.HasPrefix(body, "{") {
		return json.RawMessage(body)
	}
	var last string
	for events := NewEvents(strings.NewReader(body), 1<<20); ; {
		e, err := events.Next()
		if err != nil {
			return json.RawMessage(last)
		}
		last = e.Data
	}
}

// A server that must ask something of a client which cannot be asked gives an error that
// says so.
func TestBridgeElicitationThatDoesNotSurvive(t *testing.T) {
	b := newBackend(t, statelessServer)
	_, gw := gateway(t, b)
	_, header, _ := post(t, gw+"/mcp", "ann", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{}}}`)
	id := [2]string{HeaderSession, header.Get(HeaderSession)}
	call := `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"ask"}}`
	if _, _, body := post(t, gw+"/mcp", "ann", call, id); !strings.Contains(body, "the client has not declared the capability elicitation") {
		t.Errorf("%s", body)
	}
	_, header, _ = post(t, gw+"/mcp", "ann", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{}}}}`)
	id[1] = header.Get(HeaderSession)
	if _, _, body := post(t, gw+"/mcp", "ann", call, id, [2]string{"Accept", typeJSON}); !strings.Contains(body, "takes no event stream") {
		t.Errorf("%s", body)
	}
}

// Parameters that a tool's schema wants mirrored are, also where the tool was not listed.
func TestBridgeMirrorsParameters(t *testing.T) {
	for _, listed := range []bool{false, true} {
		b := newBackend(t, statelessServer)
		_, gw := gateway(t, b)
		cs, _ := connect(t, sessionClient, gw, "ann")
		if listed {
			if _, err := cs.ListTools(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		r, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "region", Arguments: map[string]any{"where": "世界"}})
		if err != nil || !strings.Contains(textOf(r), "世界") {
			t.Fatalf("%+v %v", r, err)
		}
		if v, _ := b.headers.Load("region"); v != "=?base64?5LiW55WM?=" {
			t.Errorf("%v", v)
		}
	}
}

func TestBridgeResourceSubscriptions(t *testing.T) {
	eachCell(t, func(t *testing.T, client string, b *backend) {
		_, gw := gateway(t, b)
		updated := make(chan string, 100)
		c := sdk.NewClient(&sdk.Implementation{Name: "tester", Version: "1"}, &sdk.ClientOptions{
			ToolListChangedHandler: func(context.Context, *sdk.ToolListChangedRequest) {},
			ResourceUpdatedHandler: func(_ context.Context, r *sdk.ResourceUpdatedNotificationRequest) { updated <- r.Params.URI },
		})
		var transport sdk.Transport = &sdk.StreamableClientTransport{Endpoint: gw + "/mcp"}
		if client == sseClient {
			transport = &sdk.SSEClientTransport{Endpoint: gw + "/sse"}
		}
		version := map[string]string{statelessClient: V20260728, sessionClient: V20251125, sseClient: V20241105}[client]
		cs, err := c.Connect(t.Context(), transport, &sdk.ClientSessionOptions{ProtocolVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		defer cs.Close()
		if err := cs.Subscribe(t.Context(), &sdk.SubscribeParams{URI: "file:///r"}); err != nil {
			t.Fatal(err)
		}
		for {
			b.server.ResourceUpdated(t.Context(), &sdk.ResourceUpdatedNotificationParams{URI: "file:///r"})
			select {
			case uri := <-updated:
				if uri != "file:///r" {
					t.Errorf("%s", uri)
				}
				return
			case <-afterShort():
			case <-t.Context().Done():
				t.Fatal("no update came")
			}
		}
	})
}

// scripted is an Upstream of one function.
type scripted func(method, target string, header fields, body string) (*Response, error)

func (s scripted) Do(_ context.Context, method, target string, header [][2]string, body []byte) (*Response, error) {
	return s(method, target, header, string(body))
}

func events(s string) *Response {
	return &Response{Status: 200, Header: [][2]string{{"Content-Type", "text/event-stream; charset=utf-8"}}, Stream: io.NopCloser(strings.NewReader(s))}
}

func TestEndpointStaysOnItsOrigin(t *testing.T) {
	base, _ := url.Parse("https://mcp.example:8443/a/sse?x=1")
	for ref, want := range map[string]string{
		"/messages?sessionId=1":           "/messages?sessionId=1",
		"messages":                        "/a/messages",
		"?sessionId=2":                    "/a/sse?sessionId=2",
		"https://MCP.example:8443/m#f":    "/m",
		"//mcp.example:8443/m":            "/m",
		"https://evil.example/m":          "",
		"//evil.example/m":                "",
		"http://mcp.example:8443/m":       "",
		"https://mcp.example/m":           "",
		"https://user@mcp.example:8443/m": "",
		"https://mcp.example:8443.evil/m": "",
		"https://mcp.example:8443@evil/m": "",
		"javascript:alert(1)":             "",
		"file:///etc/passwd":              "",
		"\\\\evil.example\\m":             "/a/%5C%5Cevil.example%5Cm",
		"/m\r\nHost: evil":                "",
		"https://mcp.example:8443":        "/",
	} {
		got, ok := sameOrigin(base, ref)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", ref, got, ok, want)
		}
	}
	plain, _ := url.Parse("http://h/sse")
	if got, ok := sameOrigin(plain, "http://h:80/m"); !ok || got != "/m" {
		t.Errorf("the scheme's own port: %q %v", got, ok)
	}

	var posted bool
	u := scripted(func(method, target string, _ fields, _ string) (*Response, error) {
		if method == "POST" {
			posted = true
		}
		return events("event: endpoint\ndata: https://evil.example/m\n\n"), nil
	})
	p := newSSEPeer(1000, base)
	m, _ := Parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`))
	if _, e := p.ask(t.Context(), &Target{Upstream: u}, m, nil); e == nil || !strings.Contains(e.Message, "another origin") || posted {
		t.Errorf("%v, posted: %v", e, posted)
	}
}

func TestProbeAnswers(t *testing.T) {
	base, _ := url.Parse("http://h/mcp")
	body := func(status int, s string) *Response {
		return &Response{Status: status, Header: [][2]string{{"Content-Type", typeJSON}}, Body: []byte(s)}
	}
	plain := func(status int) *Response { return &Response{Status: status, Body: []byte("no")} }
	discovered := `{"jsonrpc":"2.0","id":"sekisho-probe","result":{"supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{}}}`
	initialized := `{"jsonrpc":"2.0","id":"sekisho-probe","result":{"protocolVersion":"2025-06-18","capabilities":{}}}`
	tests := []struct {
		name                      string
		discover, initialize, get func() *Response
		want                      Server
		status                    int
	}{
		{name: "both eras", discover: func() *Response { return body(200, discovered) }, want: Server{Stateless: true, Sessions: true}},
		{name: "discovered on a stream", discover: func() *Response { return events("data: " + discovered + "\n\n") }, want: Server{Stateless: true, Sessions: true}},
		{name: "only later ones", discover: func() *Response {
			return body(400, `{"jsonrpc":"2.0","id":"sekisho-probe","error":{"code":-32022,"message":"","data":{"supported":["2025-11-25"]}}}`)
		}, want: Server{Sessions: true}},
		{name: "a modern error", discover: func() *Response {
			return body(400, `{"jsonrpc":"2.0","id":null,"error":{"code":-32020,"message":""}}`)
		}, want: Server{Stateless: true}},
		{name: "method unknown", discover: func() *Response {
			return body(200, `{"jsonrpc":"2.0","id":"sekisho-probe","error":{"code":-32601,"message":""}}`)
		}, initialize: func() *Response { return body(200, initialized) }, want: Server{Sessions: true}},
		{name: "plain 400", discover: func() *Response { return plain(400) }, initialize: func() *Response { return events("data: " + initialized + "\n\n") }, want: Server{Sessions: true}},
		{name: "HTTP+SSE", discover: func() *Response { return plain(405) }, initialize: func() *Response { return plain(404) },
			get: func() *Response { return events("event: endpoint\ndata: /m\n\n") }, want: Server{SSE: true}},
		{name: "endpoint elsewhere", discover: func() *Response { return plain(405) }, initialize: func() *Response { return plain(405) },
			get: func() *Response { return events("event: endpoint\ndata: http://evil/m\n\n") }, status: 405},
		{name: "wants credentials", discover: func() *Response { return plain(401) }, status: 401},
		{name: "overloaded", discover: func() *Response { return plain(503) }, status: 503},
		{name: "a web page", discover: func() *Response { return plain(200) }, initialize: func() *Response { return plain(200) }, status: 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := scripted(func(method, _ string, _ fields, b string) (*Response, error) {
				switch {
				case method == "GET":
					return test.get(), nil
				case strings.Contains(b, "server/discover"):
					return test.discover(), nil
				}
				return test.initialize(), nil
			})
			got, err := Probe(t.Context(), u, base)
			var se *StatusError
			if test.status == 0 && (err != nil || got != test.want) || test.status != 0 && (!errors.As(err, &se) || se.Status != test.status) {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
	broken := errors.New("no route")
	if _, err := Probe(t.Context(), scripted(func(string, string, fields, string) (*Response, error) { return nil, broken }), base); err == nil {
		t.Error("an unreachable server speaks something")
	}
}

// A stream that ends early goes on where it stopped, when its events have ids.
func TestSessionPeerResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		u := scripted(func(method, _ string, h fields, _ string) (*Response, error) {
			last := strings.Join(h.values("Last-Event-ID"), "")
			asked = append(asked, method+last)
			switch last {
			case "":
				return events("id: 1\nretry: 30\ndata:\n\n"), nil
			case "1":
				return events("id: 2\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n"), nil
			}
			return events("id: 3\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n"), nil
		})
		p := &sessionPeer{limit: 1000}
		m, _ := Parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
		said := 0
		a, e := p.ask(t.Context(), &Target{Upstream: u}, m, func(*Message) error { said++; return nil })
		if e != nil || string(a.Result) != "{}" || said != 1 || fmt.Sprint(asked) != "[POST GET1 GET2]" {
			t.Errorf("%v %v %d %v", a, e, said, asked)
		}
	})
}

// What a server says goes into header fields of later requests only where it is harmless.
func TestSessionPeerTrustsNoText(t *testing.T) {
	initialize := func(version string) (*sessionPeer, *Error) {
		p := &sessionPeer{limit: 10_000}
		m, _ := Parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`))
		_, e := p.ask(t.Context(), &Target{Upstream: scripted(func(string, string, fields, string) (*Response, error) {
			return jsonResponse(200, resultBody(m.ID, object([]member{{"protocolVersion", marshal(version)}}))), nil
		})}, m, nil)
		return p, e
	}
	for _, bad := range []string{"2025-06-18\r\nCookie: x", "", "1999-01-01", V20260728} {
		if p, e := initialize(bad); e == nil || p.version != "" {
			t.Errorf("%q was taken", bad)
		}
	}
	p, e := initialize(V20250618)
	if e != nil {
		t.Fatal(e)
	}
	var asked []string
	u := scripted(func(method, _ string, h fields, _ string) (*Response, error) {
		asked = append(asked, method+strings.Join(h.values("Last-Event-ID"), ""))
		return events("id: \x01\ndata:\n\nid: " + strings.Repeat("x", 2000) + "\n\n"), nil
	})
	m, _ := Parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if _, e := p.ask(t.Context(), &Target{Upstream: u}, m, nil); e == nil || fmt.Sprint(asked) != "[POST]" {
		t.Errorf("%v %v", e, asked)
	}
}

// A session that is over is a 404, and an error that names no request answers the client's,
// whatever else the server writes.
func TestSessionErrors(t *testing.T) {
	status := 200
	u := scripted(func(_, _ string, _ fields, body string) (*Response, error) {
		if m, _ := Parse([]byte(body)); m != nil && m.Method == "initialize" {
			return jsonResponse(200, resultBody(m.ID, json.RawMessage(`{"protocolVersion":"2025-11-25"}`))), nil
		}
		return jsonResponse(status, []byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"strange"}}`)), nil
	})
	b := NewBridge(BridgeOptions{})
	defer b.Close()
	do := func(session, body string) *Response {
		m, _ := Parse([]byte(body))
		r := &Request{HTTPMethod: "POST", Values: fields{}.values, Message: m, Version: V20251125}
		if session != "" {
			r.Values = fields{{HeaderSession, session}}.values
		}
		return b.Serve(t.Context(), r, &Target{Server: Server{Sessions: true}, Upstream: u})
	}
	id := do("", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`).header(HeaderSession)
	list := `{"jsonrpc":"2.0","id":"mine","method":"tools/list"}`
	if r := do(id, list); r.Status != 200 || str(find(r.Body, "id")) != "mine" || !bytes.Contains(r.Body, []byte("strange")) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	status = 404
	if r := do(id, list); r.Status != 404 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	status = 200
	if r := do(id, list); r.Status != 404 {
		t.Errorf("the session goes on: %d %s", r.Status, r.Body)
	}
}

// Hostile answers of servers end in an error that says what, and never in a hang.
func TestHostileServers(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, answer := range map[string]func() *Response{
		"not JSON": func() *Response {
			return &Response{Status: 200, Header: [][2]string{{"Content-Type", typeJSON}}, Body: []byte("{")}
		},
		"endless": func() *Response {
			return &Response{Status: 200, Header: [][2]string{{"Content-Type", typeJSON}}, Body: []byte(long)}
		},
		"endless event":     func() *Response { return events("data: " + long) },
		"other id":          func() *Response { return events("data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n") },
		"garbage in events": func() *Response { return events("data: [1]\n\n") },
		"nothing":           func() *Response { return events("") },
		"a page":            func() *Response { return &Response{Status: 200, Body: []byte("<html>")} },
		"an error":          func() *Response { return &Response{Status: 500, Body: []byte("password=1")} },
		"input for ever": func() *Response {
			return events(`data: {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":"x"}}` + "\n\n")
		},
		"input of new kinds": func() *Response {
			return events(`data: {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"os/exec"}}}}` + "\n\n")
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newStatelessPeer(1000)
			m, _ := Parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}`))
			u := scripted(func(string, string, fields, string) (*Response, error) { return answer(), nil })
			a, e := p.ask(t.Context(), &Target{Upstream: u}, m, nil)
			if e == nil || strings.Contains(e.Message, "password") || !strings.Contains(e.Message, "the MCP server") {
				t.Errorf("%s: %v %v", name, a, e)
			}
		})
	}
}

// Sessions that nobody uses go, those in use stay, and there is a bound.
func TestBridgeSessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := scripted(func(_, _ string, _ fields, body string) (*Response, error) {
			return &Response{Status: 200, Header: [][2]string{{"Content-Type", typeJSON}}, Body: []byte(`{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"],"capabilities":{}}}`)}, nil
		})
		b := NewBridge(BridgeOptions{Idle: time.Minute, Sessions: 5, SessionsPerUser: 2})
		defer b.Close()
		target := &Target{Server: Server{Stateless: true}, Upstream: u}
		do := func(user, method, session, body string) *Response {
			r := &Request{HTTPMethod: method, Values: fields{{HeaderSession, session}}.values, Version: V20251125, User: user}
			if session == "" {
				r.Values = fields{}.values
			}
			if body != "" {
				r.Message, _ = Parse([]byte(body))
			}
			return b.Serve(t.Context(), r, target)
		}
		begin := func(user string) (string, int) {
			r := do(user, "POST", "", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}`)
			time.Sleep(time.Millisecond)
			return r.header(HeaderSession), r.Status
		}
		alive := func(user, session string) bool {
			return do(user, "POST", session, `{"jsonrpc":"2.0","id":1,"method":"ping"}`).Status == 200
		}
		a1, _ := begin("ann")
		a2, _ := begin("ann")
		if a3, status := begin("ann"); status != 200 || alive("ann", a1) || !alive("ann", a2) || !alive("ann", a3) {
			t.Error("of three sessions of a user the oldest did not go")
		}
		stream := do("ann", "GET", a2, "")
		time.Sleep(3 * time.Minute)
		if !alive("ann", a2) {
			t.Error("a session with a stream was ended")
		}
		stream.Stream.Close()
		time.Sleep(3 * time.Minute)
		if alive("ann", a2) || len(b.sessions) != 0 || len(b.perUser) != 0 {
			t.Errorf("an unused session was kept: %v", b.perUser)
		}
		var streams []*Response
		for i := range 5 {
			user := fmt.Sprint("u", i)
			id, _ := begin(user)
			streams = append(streams, do(user, "GET", id, ""))
		}
		if _, status := begin("late"); status != 503 {
			t.Errorf("a session more than there may be: %d", status)
		}
		for _, s := range streams {
			s.Stream.Close()
		}
		synctest.Wait()
		if _, status := begin("late"); status != 200 {
			t.Errorf("once there is room: %d", status)
		}
	})
}

// counting is a Handler as a local server of tools would be.
var counting = handler(func(_ context.Context, version string, m *Message, notify func(string, any)) (string, *Error) {
	switch m.Method {
	case "initialize":
		return `{"protocolVersion":"` + version + `","capabilities":{"tools":{}},"serverInfo":{"name":"tested","version":"3"},"instructions":"be kind"}`, nil
	case "server/discover":
		return `{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"instructions":"be kind","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"tested","version":"3"}}}`, nil
	case "tools/list":
		return `{"tools":[{"name":"count","inputSchema":{"type":"object"}}]}`, nil
	case "tools/call":
		if token := find(m.meta, "progressToken"); token != nil && notify != nil {
			notify("notifications/progress", map[string]any{"progressToken": token, "progress": 1})
		}
		return `{"content":[{"type":"text","text":"` + m.Name + `"}]}`, nil
	}
	return "", &Error{Code: CodeMethodNotFound, Message: "Method not found"}
})

// Clients of every era use a Handler.
func TestHandlerFronts(t *testing.T) {
	for _, client := range []string{statelessClient, sessionClient, sseClient} {
		t.Run(client, func(t *testing.T) {
			f := &front{bridge: NewBridge(BridgeOptions{}), target: func() *Target { return &Target{Handler: counting} }}
			s := httptest.NewServer(f)
			defer s.Close()
			defer s.CloseClientConnections()
			defer f.bridge.Close()
			cs, seen := connect(t, client, s.URL, "ann")
			defer cs.Close()
			params := &sdk.CallToolParams{Name: "count"}
			params.SetProgressToken("p")
			if r, err := cs.CallTool(t.Context(), params); err != nil || textOf(r) != "count" {
				t.Errorf("%+v %v", r, err)
			}
			within(t, "progress", seen.progress)
		})
	}
}

// A server that forgets its sessions (a restart) is not noticed by stateless clients.
func TestBridgeRenewsSessions(t *testing.T) {
	var mu sync.Mutex
	alive, began := "", 0
	u := scripted(func(method, _ string, h fields, body string) (*Response, error) {
		mu.Lock()
		defer mu.Unlock()
		m, _ := Parse([]byte(body))
		session := strings.Join(h.values(HeaderSession), "")
		switch {
		case m != nil && m.Method == "initialize":
			began++
			alive = fmt.Sprint("s", began)
			return &Response{Status: 200, Header: [][2]string{{"Content-Type", typeJSON}, {HeaderSession, alive}},
				Body: resultBody(m.ID, json.RawMessage(`{"protocolVersion":"2025-11-25","capabilities":{}}`))}, nil
		case session != alive:
			return &Response{Status: 404}, nil
		case m == nil || !m.IsRequest():
			return &Response{Status: 202}, nil
		}
		return jsonResponse(200, resultBody(m.ID, json.RawMessage(`{"content":[]}`))), nil
	})
	b := NewBridge(BridgeOptions{})
	defer b.Close()
	call := func() *Response {
		m, _ := Parse([]byte(stateless("tools/call", `"name":"a"`)))
		return b.Serve(t.Context(), &Request{HTTPMethod: "POST", Values: fields{}.values, Message: m, Version: V20260728, User: "ann"},
			&Target{Server: Server{Sessions: true}, Upstream: u})
	}
	for range 2 {
		if r := call(); r.Status != 200 || !bytes.Contains(r.Body, []byte(`"content":[]`)) {
			t.Errorf("%d %s", r.Status, r.Body)
		}
		mu.Lock()
		alive = "none"
		mu.Unlock()
	}
	if began != 2 {
		t.Errorf("%d sessions", began)
	}
	// A server that never knows its sessions is not asked for ever.
	forgets := scripted(func(method, target string, h fields, body string) (*Response, error) {
		r, err := u(method, target, h, body)
		mu.Lock()
		alive = "none"
		mu.Unlock()
		if strings.Contains(body, "initialized") {
			return &Response{Status: 202}, nil
		}
		return r, err
	})
	m, _ := Parse([]byte(stateless("tools/call", `"name":"a"`)))
	r := b.Serve(t.Context(), &Request{HTTPMethod: "POST", Values: fields{}.values, Message: m, Version: V20260728, User: "bob"},
		&Target{Server: Server{Sessions: true}, Upstream: forgets})
	if !bytes.Contains(r.Body, []byte("has ended the session")) {
		t.Errorf("%s", r.Body)
	}
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"))
}
