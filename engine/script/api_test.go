package script

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"sekisho/engine/dotnet/apim"
)

// Every member of the script API, by what String makes of it.
func TestReading(t *testing.T) {
	pool := testPool(t)
	for _, tt := range []struct{ expr, want string }{
		{`context.RequestId`, "0f8fad5b-d9cb-469f-a165-70867728950e"},
		{`context.Timestamp.toISOString()`, "2026-01-02T03:04:05.000Z"},
		{`context.Elapsed`, "1.5"},
		{`context.Tracing`, "true"},
		{`context.Api`, `{"Id":"orders","Name":"Orders","Path":"/o","Protocols":["https"],"Revision":"1","Version":null,"IsCurrentRevision":true,"ServiceUrl":"https://backend.test/","SubscriptionKeyParameterNames":{"Header":"Ocp-Apim-Subscription-Key","Query":null}}`},
		{`context.Operation`, `{"Id":"get","Name":"Get","Method":"GET","UrlTemplate":"/orders/{id}"}`},
		{`context.Product`, `{"Id":"gold","Name":"Gold","State":"Published","ApprovalRequired":false,"SubscriptionRequired":false,"SubscriptionsLimit":null,"SubscriptionLimit":null,"Groups":[{"Id":"g","Name":"Group"}],"Apis":[{"Id":"orders","Name":"Orders","Path":"/o","Protocols":["https"]}]}`},
		{`context.Subscription`, `{"Id":"sub","Name":null,"Key":"k","PrimaryKey":"k","SecondaryKey":null,"CreatedDate":"2026-01-02T03:04:05.000Z","CreatedTime":"2026-01-02T03:04:05.000Z","StartDate":null,"EndDate":null}`},
		{`context.User === null`, "true"},
		{`context.User?.Id ?? "nobody"`, "nobody"},
		{`context.Deployment`, `{"GatewayId":"managed","Region":"West","ServiceName":null,"ServiceId":null,"Gateway":{"Id":"managed","InstanceId":null,"IsManaged":true},"Certificates":{}}`},
		{`context.Backend`, `{"Id":"pool","AzureRegion":null,"Type":"Pool"}`},
		{`context.Workspace`, ""},
		{`context.LastError`, ""},

		{`context.Request.Method`, "GET"},
		{`context.Request.IpAddress`, "192.0.2.1"},
		{`context.Request.Certificate`, ""},
		{`context.Request.Url.Scheme + context.Request.Url.Host + context.Request.Url.Port`, "httpsapi.test8443"},
		{`context.Request.Url.Path`, "/orders/7"},
		{`context.Request.Url.QueryString`, "?a=1&b=x%20y&a=2"},
		{`context.Request.Url`, "https://api.test:8443/orders/7?a=1&b=x%20y&a=2"},
		{`context.Request.Url.ToString()`, "https://api.test:8443/orders/7?a=1&b=x%20y&a=2"},
		{`context.Request.OriginalUrl`, "https://gw.test/o/orders/7"},
		{`context.Request.Url.Query.GetValueOrDefault("a")`, "1,2"},
		{`context.Request.Url.Query.get("a")`, "1"},
		{`context.Request.Url.Query.getAll("a")`, `["1","2"]`},
		{`context.Request.Url.Query.b[0]`, "x y"},
		{`context.Request.MatchedParameters.id`, "7"},
		{`context.Request.MatchedParameters["id"]`, "7"},
		{`context.Request.MatchedParameters.GetValueOrDefault("none", "x")`, "x"},
		{`context.Request.MatchedParameters.ContainsKey("id")`, "true"},

		{`context.Request.Headers.GetValueOrDefault("accept", "x")`, "text/html"},
		{`context.Request.Headers.GetValueOrDefault("none", "x")`, "x"},
		{`context.Request.Headers.GetValueOrDefault("none")`, ""},
		{`context.Request.Headers.GetValueOrDefault("X-Multi")`, "one,two"},
		{`context.Request.Headers.get("x-multi")`, "one, two"},
		{`context.Request.Headers.getAll("x-multi")`, `["one","two"]`},
		{`context.Request.Headers["X-Multi"][1]`, "two"},
		{`context.Request.Headers["None"] === undefined`, "true"},
		{`context.Request.Headers.has("ACCEPT")`, "true"},
		{`context.Request.Headers.ContainsKey("none")`, "false"},
		{`"accept" in context.Request.Headers`, "true"},
		{`context.Request.Headers.Count`, "3"},
		{`[...context.Request.Headers].map(([k, v]) => k + "=" + v)`, `["Accept=text/html","X-Multi=one, two","get=evil"]`},
		{`[...context.Request.Headers.keys()]`, `["Accept","X-Multi","get"]`},
		{`[...context.Request.Headers.values()]`, `["text/html","one, two","evil"]`},
		{`Object.keys(context.Request.Headers)`, `["Accept","X-Multi","get"]`},
		{`const out = []; context.Request.Headers.forEach((v, k) => out.push(k)); return out.length;`, "3"},
		{`typeof context.Request.Headers.get`, "function"}, // a header cannot take a method's place
		{`context.Request.Headers.get("get")`, "evil"},

		{`context.Request.Body.text()`, `{"name":"Ada","n":[1,2]}`},
		{`context.Request.Body.json().n[1]`, "2"},
		{`context.Request.Body.bytes().length`, "24"},
		{`context.Request.Body.form().size`, "1"},
		{`(await context.Request.Body.json()).name`, "Ada"},
		{`context.Response.Body`, ""},
		{`context.Response.StatusCode`, "200"},
		{`context.Response.StatusReason`, ""},
		{`context.Response.Headers.GetValueOrDefault("Content-Type")`, "text/plain"},
		{`context.Variables.GetValueOrDefault("none", 5)`, "5"},
		{`context.Variables.ContainsKey("none")`, "false"},
		{`context.Variables.none === undefined`, "true"},
		{`context === globalThis.context`, "true"},
	} {
		got, err := compileExpr(t, tt.expr, strings.Contains(tt.expr, "return ")).Text(context.Background(), pool, newTestHost())
		if err != nil || got != tt.want {
			t.Errorf("%s\n got %q, %v\nwant %q", tt.expr, got, err, tt.want)
		}
	}
}

func TestReadingNullable(t *testing.T) {
	h := newTestHost()
	h.user = &apim.User{ID: "u", Email: "a@b.test", Groups: []*apim.Group{{ID: "g", Name: "G"}}, Identities: []apim.UserIdentity{{ID: "i", Provider: "p"}}}
	h.lastError = &apim.LastError{Source: "script", Reason: "R", Message: "M", Section: "inbound", HTTPErrorCode: 500}
	got, err := compileExpr(t, `JSON.stringify([context.User, context.LastError])`, false).Text(context.Background(), testPool(t), h)
	want := `[{"Id":"u","Email":"a@b.test","FirstName":null,"LastName":null,"Note":null,"RegistrationDate":"0001-01-01T00:00:00.000Z","Groups":[{"Id":"g","Name":"G"}],"Identities":[{"Id":"i","Provider":"p"}]},` +
		`{"Source":"script","Reason":"R","Message":"M","Scope":null,"Section":"inbound","Path":null,"PolicyId":null,"HttpErrorCode":500}]`
	if err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

// What a script changes: want is the state of the request and the log afterwards.
func TestChanging(t *testing.T) {
	pool := testPool(t)
	f := func(code, want string) {
		t.Helper()
		h := newTestHost()
		_, err := compileExpr(t, code, true).Any(context.Background(), pool, h)
		state := map[string]any{}
		base := newTestHost()
		note := func(name string, now, before any) {
			if a, b := fmt.Sprintf("%q", now), fmt.Sprintf("%q", before); a != b {
				state[name] = fmt.Sprint(now)
			}
		}
		note("method", h.method, base.method)
		note("path", h.path, base.path)
		note("query", h.query, base.query)
		note("status", fmt.Sprint(h.status, h.reason), fmt.Sprint(base.status, base.reason))
		note("request", h.reqHeader, base.reqHeader)
		note("response", h.resHeader, base.resHeader)
		note("requestBody", string(h.reqBody), string(base.reqBody))
		note("responseBody", string(h.resBody), string(base.resBody))
		note("variables", fmt.Sprintf("%#v", h.vars), fmt.Sprintf("%#v", base.vars))
		note("log", strings.Join(h.log, "; "), "")
		if err != nil {
			state["error"] = err.Error()
		}
		got, _ := json.Marshal(state)
		text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\"`, "'").Replace(string(got))
		if text != want {
			t.Errorf("%s\n got %s\nwant %s", code, text, want)
		}
	}
	f(`context.Request.Method = "put-it"`, `{"method":"put-it"}`)
	f(`context.Request.Method = "a b"`, `{"error":"TypeError: not a method: 'a b'"}`)
	f(`context.Request.Url.Path = "/x"; context.Request.Url.QueryString = "?q"`, `{"path":"/x","query":"q"}`)
	f(`context.Request.Url.Query.set("a", "ä&")`, `{"query":"a=%C3%A4%26&b=x%20y"}`)
	f(`context.Request.Url.Query.append("c", ["1", 2])`, `{"query":"a=1&b=x%20y&a=2&c=1&c=2"}`)
	f(`context.Request.Url.Query.delete("A")`, `{"query":"b=x%20y"}`)
	f(`delete context.Request.Url.Query.a`, `{"query":"b=x%20y"}`)
	f(`context.Request.OriginalUrl.Path = "/x"`, `{"error":"TypeError: Cannot assign to read only property 'Path'"}`)
	f(`context.Request.OriginalUrl.Query.a = "x"`, `{"error":"TypeError: 'Set' on a dynamic object returned false"}`)
	f(`context.Request.Headers.set("Accept", "x"); context.Request.Headers.append("X-Multi", "three"); context.Request.Headers.delete("get")`,
		`{"request":"[{X-Multi one} {X-Multi two} {Accept x} {X-Multi three}]"}`)
	f(`context.Request.Headers["X-New"] = ["a", "b"]; delete context.Request.Headers.accept`,
		`{"request":"[{X-Multi one} {X-Multi two} {get evil} {X-New a} {X-New b}]"}`)
	f(`context.Request.Headers.set("X\r\nY", "x")`, `{"error":"TypeError: not the name of a header: 'X\\r\\nY'"}`)
	f(`context.Request.Headers.set("X", "a\r\nb")`, `{"error":"TypeError: the value of header 'X' holds line ends or other control characters"}`)
	f(`context.Request.Body = "text"`, `{"requestBody":"text"}`)
	f(`context.Request.Body = { a: 1 }`, `{"request":"[{Accept text/html} {X-Multi one} {X-Multi two} {get evil} {Content-Type application/json}]","requestBody":"{'a':1}"}`)
	f(`context.Request.Body = new Uint8Array([104, 105])`, `{"requestBody":"hi"}`)
	f(`context.Request.Body = new URLSearchParams({ a: "b c" })`, `{"requestBody":"a=b+c"}`)
	f(`context.Request.Body = null`, `{"requestBody":""}`)
	f(`context.Response.StatusCode = 404; context.Response.StatusReason = "Nope"`, `{"status":"404Nope"}`)
	f(`context.Response.StatusCode = 42`, `{"error":"RangeError: not a status code: '42'"}`)
	f(`context.Response.Headers.set("X", "1"); context.Response.Body = [1]`, `{"response":"[{Content-Type text/plain} {X 1}]","responseBody":"[1]"}`)
	f(`context.Variables.x = 1; context.Variables["y"] = { a: [true] }; context.Variables.set("z", "s")`,
		`{"variables":"map[string]interface {}{'x':1, 'y':'{\\'a\\':[true]}', 'z':'s'}"}`)
	f(`context.Variables.f = () => 1`, `{"error":"TypeError: a function cannot leave the script"}`)
	f(`const a = {}; a.a = a; context.Variables.x = a`, `{"error":"TypeError: a value that holds itself cannot be written as JSON"}`)
	f(`context.setBackend("https://b.test/x")`, `{"log":"backend https://b.test/x"}`)
	f(`context.setBackend({ id: "known" })`, `{"log":"backend id known"}`)
	f(`context.setBackend({ id: "no" })`, `{"error":"Error: there is no backend no"}`)
	f(`context.setBackend(new URL("https://b.test/x"))`, `{"log":"backend https://b.test/x"}`)
	f(`context.returnResponse({ status: 200 })`, `{"error":"TypeError: returnResponse works in <script> only: an expression has a value, not a response"}`)
	f(`context.Trace("hello " + 1)`, `{"log":"trace hello 1"}`)
	f(`console.log("a", 1, { b: [undefined] }, null, undefined, new TypeError("t")); console.warn("w"); console.error("e"); console.debug("d"); console.info("i")`,
		`{"log":"info a 1 {'b':[null]} null undefined TypeError: t; warn w; error e; debug d; info i"}`)
}

func TestVariablesCross(t *testing.T) {
	pool := testPool(t)
	h := newTestHost()
	h.vars["n"] = int32(5)
	h.vars["token"] = JSON(`{"a":{"b":[1,2]}}`)
	h.vars["bytes"] = []byte("hi")
	h.vars["answer"] = testResponse{newTestHost()}
	for _, tt := range []struct{ expr, want string }{
		{`context.Variables.n + 1`, "6"},
		{`context.Variables.token.a.b[1]`, "2"},
		{`context.Variables.bytes instanceof Uint8Array`, "true"},
		{`context.Variables.answer.StatusCode`, "200"},
		{`context.Variables.answer.Headers.get("content-type")`, "text/plain"},
		{`[...context.Variables.keys()]`, `["answer","bytes","n","token"]`},
		// Plain copies: to change a variable, assign it.
		{`const c = context.Variables.token; c.a = 1; return typeof context.Variables.token.a;`, "object"},
	} {
		got, err := compileExpr(t, tt.expr, strings.Contains(tt.expr, "return ")).Text(context.Background(), pool, h)
		if err != nil || got != tt.want {
			t.Errorf("%s = %q, %v; want %q", tt.expr, got, err, tt.want)
		}
	}
	// A response that is assigned again stays the response it was.
	if _, err := eval(t, pool, h, `context.Variables.copy = context.Variables.answer; return 1`); err != nil || h.vars["copy"] != h.vars["answer"] {
		t.Errorf("copy is %v, %v", h.vars["copy"], err)
	}
}

func TestGlobals(t *testing.T) {
	pool := testPool(t)
	for _, tt := range []struct{ expr, want string }{
		{`btoa("hi\xff")`, "aGn/"},
		{`atob("aGn/") === "hi\xff"`, "true"},
		{`new TextDecoder().decode(new TextEncoder().encode("grüße 🎉"))`, "grüße 🎉"},
		{`new TextEncoder().encode("€").length`, "3"},
		{`new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 97]))`, "a"},
		{`new TextDecoder().decode(new Uint8Array([255]))`, "\uFFFD"},
		{`crypto.hash("SHA-256", "abc", "hex")`, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{`crypto.hash("md5", new Uint8Array([97,98,99]), "hex")`, "900150983cd24fb0d6963f7d28e17f72"},
		{`crypto.hash("SHA-1", "abc").length`, "20"},
		{`crypto.hmac("SHA-256", "key", "The quick brown fox jumps over the lazy dog", "hex")`, "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"},
		{`crypto.hmac("SHA512", "key", "x", "base64url").length`, "86"},
		{`crypto.timingSafeEqual("a", "a")`, "true"},
		{`crypto.randomUUID().length`, "36"},
		{`crypto.getRandomValues(new Uint8Array(4)).length`, "4"},
		{`new URL("https://u:p@Example.test:443/a/../b?x=1#h").href`, "https://u:p@example.test/b?x=1#h"},
		{`new URL("../c?d", "https://e.test/a/b/").href`, "https://e.test/a/c?d"},
		{`const u = new URL("http://e.test/a"); u.pathname = "/x y"; u.search = "q=1"; u.port = "81"; u.hash = "f"; u.protocol = "https"; return u;`, "https://e.test:81/x%20y?q=1#f"},
		{`const u = new URL("http://e.test/a?b=1"); u.searchParams.append("c", "ä ö"); u.searchParams.delete("b"); return u.href;`, "http://e.test/a?c=%C3%A4+%C3%B6"},
		{`const u = new URL("http://e.test:80/"); return [u.host, u.hostname, u.port, u.origin, u.pathname].join("|");`, "e.test|e.test||http://e.test|/"},
		{`URL.canParse("nonsense")`, "false"},
		{`JSON.stringify({ u: new URL("http://e.test") })`, `{"u":"http://e.test/"}`},
		{`new URLSearchParams("?a=1&b=%20x&a=2").getAll("a")`, `["1","2"]`},
		{`new URLSearchParams([["a", "1"], ["b", "2"]])`, "a=1&b=2"},
		{`const p = new URLSearchParams("b=1&a=2&b=3"); p.sort(); p.set("b", "x"); return p;`, "a=2&b=x"},
		{`[...new URLSearchParams("a=1")][0]`, `["a","1"]`},
		{`new Headers({ "X-A": "1" }).get("x-a")`, "1"},
		{`JSON.stringify({ a: [1, { b: undefined, c: null, d: () => 1 }], e: new Date(0), f: "\u2028\"\n" }, null, 1)`,
			"{\n \"a\": [\n  1,\n  {\n   \"c\": null\n  }\n ],\n \"e\": \"1970-01-01T00:00:00.000Z\",\n \"f\": \"\u2028\\\"\\n\"\n}"},
		{`JSON.stringify({ a: 1, b: { a: 2, c: 3 } }, ["a", "b"])`, `{"a":1,"b":{"a":2}}`},
		{`JSON.stringify({ a: 1, b: "x" }, (k, v) => typeof v === "number" ? v + 1 : v)`, `{"a":2,"b":"x"}`},
		{`JSON.stringify([NaN, 1e21, -0, "\ud800", new Number(1), Symbol()])`, `[null,1e+21,0,"\ud800",1,null]`},
		{`JSON.stringify({})+JSON.stringify([])+JSON.stringify(undefined)+JSON.stringify({toJSON() { return [1] }})`, `{}[]undefined[1]`},
		{`JSON.parse('{"a":[1,2]}', (k, v) => Array.isArray(v) ? v.length : v).a`, "2"},
		{`[3, 1, 10, 2].sort()`, "[1,10,2,3]"},
		{`[3, 1, 10, 2].sort((a, b) => a - b)`, "[1,2,3,10]"},
		{`[[1], [2, [3, [4]]]].flat(Infinity)`, "[1,2,3,4]"},
		{`"a-b-c".replace(/-/g, "+") + "abc".replaceAll("b", "$&$&")`, "a+b+cabbc"},
		{`"x1y22".match(/\d+/g)`, `["1","22"]`},
		{`[..."a1b2".matchAll(/[a-z](\d)/g)].map((m) => m[1])`, `["1","2"]`},
		{`"2026-01-02".match(/(?<y>\d+)-/).groups.y`, "2026"},
		{`/(?<=a)b/.test("ab") && !/(?!a)a/.test("a")`, "true"},
		{`[new Array(3).length, Array.from("abc"), [..."né"].length]`, `[3,["a","b","c"],2]`},
		{`[] instanceof Array && /a/ instanceof RegExp && new Uint8Array(1) instanceof Uint8Array && (() => 1) instanceof Function`, "true"},
		{`[new RegExp("a+", "g").flags, new RegExp(/b/i).source, new Uint8Array([1, 2]).map((x) => x * 2).join()]`, `["g","b","2,4"]`},
		{`class A extends Array { first() { return this[0] } } return A.from([7]).first();`, "7"},
		{`const e = new Error("m"); e.name = "N"; const o = {}; o.toString = () => "own"; o.constructor = 1; return e + o;`, "N: mown"},
		{`const s = Symbol.for("x"); return s === Symbol.for("x");`, "true"},
		{`await new Promise((done) => setTimeout(done, 1, "late"))`, "late"},
		{`let n = 0; const id = setTimeout(() => n++, 1); clearTimeout(id); await new Promise((d) => setTimeout(d, 3)); return n;`, "0"},
		{`(await Promise.all([1, Promise.resolve(2)])).length + (await Promise.any([3]))`, "5"},
		{`typeof eval + typeof BigInt + typeof require + typeof process + typeof globalThis.Bun`, "undefinedundefinedundefinedundefinedundefined"},
	} {
		got, err := compileExpr(t, tt.expr, strings.Contains(tt.expr, "return ") && !strings.HasPrefix(tt.expr, "JSON") && !strings.HasPrefix(tt.expr, "[")).Text(context.Background(), pool, newTestHost())
		if err != nil || got != tt.want {
			t.Errorf("%s\n got %q, %v\nwant %q", tt.expr, got, err, tt.want)
		}
	}
}

func TestFetch(t *testing.T) {
	pool := testPool(t)
	f := func(code, want, log string) {
		t.Helper()
		h := newTestHost()
		h.send = func(ctx context.Context, r *Outgoing) (*Incoming, error) {
			switch r.URL {
			case "https://slow.test/":
				<-ctx.Done()
				return nil, ctx.Err()
			case "https://refused.test/":
				return nil, errors.New("connection refused")
			}
			return &Incoming{Status: 201, Reason: "Created", Header: []Field{{"Set-Cookie", "a"}, {"Set-Cookie", "b"}, {"X", "1"}}, Body: []byte(`{"ok":[1]}`)}, nil
		}
		got, err := compileExpr(t, code, true).Text(context.Background(), pool, h)
		if err != nil {
			got = err.Error()
		}
		if l := strings.Join(h.log, "; "); got != want || l != log {
			t.Errorf("%s\n got %q\n     %s\nwant %q\n     %s", code, got, l, want, log)
		}
	}
	f(`const r = await fetch("https://a.test/x"); return [r.status, r.statusText, r.ok, r.headers.get("x"), r.headers.getAll("set-cookie"), await r.json()];`,
		`[201,"Created",true,"1",["a","b"],{"ok":[1]}]`, `send GET https://a.test/x [] `)
	f(`const r = await fetch(new URL("https://a.test/x"), { method: "post", body: { a: 1 }, headers: { "X-B": "2" } }); return await r.text();`,
		`{"ok":[1]}`, `send POST https://a.test/x [{"x-b" "2"} {"Content-Type" "application/json"}] {"a":1}`)
	f(`await fetch("http://a.test/", { method: "PUT", body: new URLSearchParams({ a: "b" }) }); return "";`,
		``, `send PUT http://a.test/ [{"Content-Type" "application/x-www-form-urlencoded"}] a=b`)
	f(`return (await Promise.all(["1", "2"].map(async (p) => (await fetch("https://a.test/")).status + p)));`, `["2011","2012"]`, `send GET https://a.test/ [] ; send GET https://a.test/ [] `)
	f(`try { await fetch("https://refused.test/"); } catch (e) { return e.name + e.message; }`, "TypeErrorfetch failed: connection refused", `send GET https://refused.test/ [] `)
	f(`try { await fetch("https://slow.test/", { timeout: 5 }); } catch (e) { return e.message; }`, "fetch failed: no answer within 5ms", `send GET https://slow.test/ [] `)
	f(`await fetch("file:///etc/passwd"); return 1;`, `TypeError: fetch wants an absolute http or https URL, got "file:///etc/passwd"`, "")
	f(`await fetch("http://a.test/", { headers: { "A\n": "1" } }); return 1;`, `TypeError: not a valid header: "a\n"`, "")
	// What nobody waits for is given up with the evaluation.
	f(`fetch("https://slow.test/").catch(() => {}); return "done"; await 1;`, "done", `send GET https://slow.test/ [] `)
}
