package enginetest

import (
	"strings"
	"testing"
	"time"

	"sekisho/engine/gateway"
	"sekisho/engine/source"
)

func ask(t *testing.T, h *Harness, request string) *message {
	t.Helper()
	m, err := h.do(request)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const orders = "apis:\n  orders:\n    path: shop\n    serviceUrl: http://backend.test\n    subscriptionRequired: false\n" +
	"    operations: { get: { method: GET, urlTemplate: \"/orders/{id}\" } }\n"

func TestNotFoundExplainsItselfInDevelopment(t *testing.T) {
	f := func(mode, want string) {
		t.Helper()
		h := Start(t, Folder(t, map[string]string{"gateway.yaml": "gateway: { mode: " + mode + " }\n" + orders}))
		if got := ask(t, h, "GET /shop/oders/7 HTTP/1.1\n\n").body; got != want {
			t.Errorf("%s: got %s, want %s", mode, got, want)
		}
	}
	f("production", `{ "statusCode": 404, "message": "Resource not found" }`)
	f("development", `{ "statusCode": 404, "message": "Resource not found. The nearest routes are: GET /shop/orders/{id}" }`)
}

// TestPathsAreMatchedInNormalForm holds that what was matched is what is forwarded.
func TestPathsAreMatchedInNormalForm(t *testing.T) {
	h := Start(t, Folder(t, map[string]string{"gateway.yaml": orders}))
	f := func(path, want string) {
		t.Helper()
		h.Origin.reset()
		got := ask(t, h, "GET "+path+" HTTP/1.1\n\n").start
		if m, n := h.Origin.last("backend"); n > 0 {
			got = m.start
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	f("/shop/orders/7", "GET /orders/7 HTTP/1.1")
	f("/shop/orders/a%2Fb%20c?x=%2F", "GET /orders/a%2Fb%20c?x=%2F HTTP/1.1")
	f("/shop//orders/./7", "GET /orders/7 HTTP/1.1")
	f("/shop/x/../orders/7", "GET /orders/7 HTTP/1.1")
	f("/shop/orders/7/../../../admin", "HTTP/1.1 404 Not Found")
	f("/shop/orders/..%2f..%2fadmin", "HTTP/1.1 400 Bad Request")
	f("/shop/orders/%00", "HTTP/1.1 400 Bad Request")
}

// TestSecretsStayInside puts canaries into everything secret, makes what holds them
// fail, and looks for them in all that comes out.
func TestSecretsStayInside(t *testing.T) {
	const named, key, credential, header = "canary-named-1", "canary-key-2", "canary-credential-3", "canary-header-4"
	folder := Folder(t, map[string]string{
		"gateway.yaml": "namedValues: { pin: { value: " + named + ", secret: true } }\n" +
			"apis:\n  a:\n    backend: b\n    policy: policy.xml\n    operations: { get: { method: GET, urlTemplate: \"/*\" } }\n" +
			"products: { p: { apis: [a] } }\n" +
			"subscriptions: { s: { scope: /products/p, primaryKey: " + key + " } }\n" +
			"backends:\n  b:\n    url: http://backend.test\n    credentials: { headers: { X-Api-Key: " + credential + " } }\n",
		"policy.xml": `<policies><inbound><base />
  <choose><when condition="@(context.Request.Url.Query.ContainsKey("fail"))">
    <set-variable name="x" value="@(int.Parse("{{pin}}"))" />
  </when></choose>
</inbound></policies>`,
	})
	h := Start(t, folder)
	call := "Ocp-Apim-Subscription-Key: " + key + "\nAuthorization: Bearer " + header + "\n\n"
	var seen strings.Builder
	seen.WriteString(ask(t, h, "GET /ok HTTP/1.1\n"+call).String())
	if m, _ := h.Origin.last("backend"); m == nil || m.header.Get("X-Api-Key") != credential {
		t.Fatalf("the backend did not get its credential: %v", m)
	}
	failed := ask(t, h, "GET /?fail HTTP/1.1\n"+call)
	if !strings.HasPrefix(failed.start, "HTTP/1.1 500") {
		t.Fatalf("got %s", failed)
	}
	seen.WriteString(failed.String())
	// A document that does not load is shown as the file has it.
	Write(t, folder, "policy.xml", `<policies><inbound><set-status code="{{pin}}" reason="x" /></inbound></policies>`)
	_, diags := Open(t, folder)
	for _, d := range diags {
		seen.WriteString(d.Message + d.Hint)
	}
	if len(diags) == 0 {
		t.Error("the faulty document loads")
	}
	seen.WriteString(h.Log.String())
	for _, canary := range []string{named, key, credential, header} {
		if strings.Contains(seen.String(), canary) {
			t.Errorf("%s came out:\n%s", canary, seen.String())
		}
	}
}

// TestMovedListenerIsSaid holds that what a reload cannot do is said, and the rest done.
func TestMovedListenerIsSaid(t *testing.T) {
	yaml := "admin: { address: off }\nlisteners: [\"127.0.0.1:%s\"]\n" + orders
	folder := Folder(t, map[string]string{"gateway.yaml": strings.Replace(yaml, "%s", "0", 1)})
	reports := make(chan []source.Diagnostic, 16)
	h := Start(t, folder, func(s *gateway.Setup) {
		s.Listen, s.Admin = nil, ""
		s.Report = func(diags []source.Diagnostic, _ bool) { reports <- diags }
	})
	Write(t, folder, "gateway.yaml", strings.Replace(yaml, "%s", "1", 1))
	if !h.Gateway.Reload() {
		t.Fatal("the folder was refused")
	}
	// The folder is watched too, and may be seen before the file is in its place.
	said := <-reports
	for len(said) == 0 {
		select {
		case said = <-reports:
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was said")
		}
	}
	if len(said) != 1 || said[0].Code != "gateway-listener" || said[0].Range.Pos().Line != 2 {
		t.Errorf("said %v", said)
	}
	if got := ask(t, h, "GET /shop/orders/7 HTTP/1.1\n\n").start; got != "HTTP/1.1 200 OK" {
		t.Errorf("got %s", got)
	}
}
