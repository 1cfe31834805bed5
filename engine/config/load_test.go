package config

import (
	"strings"
	"testing"
	"testing/fstest"

	"sekisho/engine/source"
)

// folderOf makes a file system of a txtar-like map.
func folderOf(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, content := range files {
		out[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return out
}

func render(diags *source.List) string {
	var b strings.Builder
	if err := source.WriteText(&b, diags.Sorted(), source.TextOptions{Limit: -1}); err != nil {
		panic(err)
	}
	return b.String()
}

// mustLoad loads a folder without a single Diagnostic.
func mustLoad(t *testing.T, files map[string]string, env map[string]string) *Model {
	t.Helper()
	var diags source.List
	m := LoadFS(folderOf(files), func(s string) (string, bool) { v, ok := env[s]; return v, ok }, &diags)
	if diags.Len() > 0 {
		t.Fatalf("diagnostics:\n%s", render(&diags))
	}
	return m
}

const everything = `
$schema: docs/gateway.schema.json
gateway: {id: edge, region: westeurope, serviceName: contoso, serviceId: contoso-id, mode: Development}
listeners:
  - :8080
  - address: 127.0.0.1:0
admin: {address: "off"}
limits: {headerBytes: 32KiB, bodyBytes: 10MB, totalTimeout: PT1M30S, connections: 100}
logging: {format: json, level: debug, access: false}
policies: {directory: docs-of-policies}
fragments: {named: elsewhere/fragment.xml}
sandbox: {allowedHosts: [api.example.com, "*.example.org"]}
versionSets:
  orders: {scheme: Header, headerName: Api-Version}
apis:
  shop:
    name: The shop
    path: /shop/
    hosts: [shop.example.com]
    backend: pool
    protocols: https
    subscriptionKeyParameterNames: {header: X-Key}
    operations:
      list: GET /orders
      get: {method: get, urlTemplate: "/orders/{id}", name: Get one, responses: {200: {example: {id: 1, tags: [a, 1.5, null, true]}}, 404: {contentType: text/plain, example: gone}}}
  "shop;rev=2": {path: shop, hosts: shop.example.com, operations: [GET /new]}
  orders-v1: {path: orders, version: v1, versionSet: orders, serviceUrl: "https://${HOST:-orders}.example.com/base", operations: ["* /*"]}
  orders-v2: {path: orders, version: v2, versionSet: orders, subscriptionRequired: false, operations: ["* /*"]}
  chat: {type: websocket, path: chat, serviceUrl: wss://chat.example.com}
products:
  starter: {name: Starter, apis: [shop], subscriptionsLimit: 3, groups: [developers, partners]}
  open: {apis: [orders-v1], subscriptionRequired: false, state: notPublished}
subscriptions:
  - {id: s1, scope: /products/starter, primaryKey: "${KEY}", secondaryKey: "${file:secrets/second}", owner: ann, startDate: 2026-01-01, endDate: "2027-01-01T00:00:00+01:00"}
  - {id: s2, scope: /apis/shop, primaryKey: k2, state: suspended}
  - {id: s3, scope: all, primaryKey: k3, allowTracing: true}
users: {ann: {email: ann@example.com, groups: [partners], identities: [{provider: Azure, id: "1"}]}}
groups: {partners: {name: Partners}}
backends:
  a: https://a.example.com:8443/x
  b:
    url: http://b
    credentials: {headers: {x-key: ["${KEY}", two]}, query: {code: c}, authorization: {scheme: Bearer, parameter: "${KEY}"}}
    tls: {validateCertificateName: false}
    circuitBreaker:
      rules:
        - name: r
          tripDuration: PT30S
          acceptRetryAfter: true
          failureCondition: {count: 3, interval: 10s, statusCodeRanges: [429, 500-599, {min: 400, max: 401}], errorReasons: Timeout}
  echo: {type: echo}
  fixed: {static: {status: 201, headers: {x-a: "1"}, body: {b: 1, a: "x"}}}
  pool: {pool: {services: [a, {id: /backends/b, priority: 2, weight: 5}], sessionAffinity: {sessionId: {name: sid}}}}
namedValues:
  plain: text
  secret: {value: "${KEY}-${KEY}", secret: true}
  escaped: "$${not} @($\"{a}\")"
`

func TestLoadEverything(t *testing.T) {
	m := mustLoad(t, map[string]string{
		"gateway.yaml":                               everything,
		"secrets/second":                             "second key\n",
		"elsewhere/fragment.xml":                     "<fragment/>",
		"docs-of-policies/global.xml":                "<policies/>",
		"docs-of-policies/apis/shop.xml":             "<policies>shop</policies>",
		"docs-of-policies/apis/shop/get.xml":         "<policies>get</policies>",
		"docs-of-policies/apis/shop;rev=2.xml":       "<policies>rev 2</policies>",
		"docs-of-policies/apis/chat/onHandshake.xml": "<policies>ws</policies>",
		"docs-of-policies/products/starter.xml":      "<policies>starter</policies>",
		"docs-of-policies/fragments/one.xml":         "<fragment>1</fragment>",
		"docs-of-policies/fragments/sub/two.xml":     "<fragment>2</fragment>",
		"scripts/a.ts":                               "export {}",
		"scripts/lib/b.js":                           "export {}",
		"scripts/readme.md":                          "",
	}, map[string]string{"KEY": "the-key"})

	if g := m.Gateway; g != (Gateway{"edge", "westeurope", "contoso", "contoso-id", "", true}) {
		t.Errorf("gateway: %+v", g)
	}
	if len(m.Listeners) != 2 || m.Listeners[0].Address != ":8080" || m.AdminAddress != "" {
		t.Errorf("listeners: %+v, admin %q", m.Listeners, m.AdminAddress)
	}
	l := m.Limits
	if l.HeaderBytes != 32<<10 || l.BodyBytes != 10e6 || l.TotalTimeout.String() != "1m30s" || l.Connections != 100 || l.URLBytes != 16<<10 || l.IdleTimeout.String() != "2m0s" {
		t.Errorf("limits: %+v", l)
	}
	if m.Logging != (Logging{true, "debug", false}) || len(m.Sandbox.AllowedHosts) != 2 {
		t.Errorf("logging %+v, sandbox %+v", m.Logging, m.Sandbox)
	}

	shop, rev2, v1, chat := m.APIs[0], m.APIs[1], m.APIs[2], m.APIs[4]
	if shop.Name != "The shop" || shop.Path != "shop" || shop.Prefix() != "/shop" || shop.KeyHeader != "X-Key" || shop.KeyQuery != "subscription-key" ||
		shop.Backend != m.Backend("POOL") || !shop.IsCurrent || shop.Revision != "1" || shop.Protocols[0] != "https" || !shop.SubscriptionRequired {
		t.Errorf("shop: %+v", shop)
	}
	if rev2.ID != "shop" || rev2.Revision != "2" || rev2.IsCurrent || rev2.Policy.Content != "<policies>rev 2</policies>" {
		t.Errorf("revision 2: %+v", rev2)
	}
	if v1.ServiceURL.String() != "https://orders.example.com/base" || v1.Prefix() != "/orders" || v1.VersionName != "Api-Version" {
		t.Errorf("orders-v1: %+v", v1)
	}
	if chat.Type != WebSocket || chat.Operations[0].ID != "onHandshake" || chat.Operations[0].Policy.Content != "<policies>ws</policies>" {
		t.Errorf("chat: %+v", chat)
	}
	get := shop.Operations[1]
	if get.Method != "GET" || get.Name != "Get one" || get.Policy.Content != "<policies>get</policies>" || get.API != shop ||
		get.Responses[0].Representations[0].Examples[0] != `{"id":1,"tags":["a",1.5,null,true]}` || get.Responses[1].Representations[0].Examples[0] != "gone" {
		t.Errorf("get: %+v", get)
	}
	if shop.Policy.Content != "<policies>shop</policies>" || m.GlobalPolicy.Content != "<policies/>" || shop.Policy.Name != "docs-of-policies/apis/shop.xml" {
		t.Errorf("policies: %v, %v", shop.Policy, m.GlobalPolicy)
	}
	if len(m.Fragments) != 3 || m.Fragments["two"].Content != "<fragment>2</fragment>" || m.Fragments["named"] == nil {
		t.Errorf("fragments: %v", m.Fragments)
	}
	if len(m.Scripts) != 2 || m.Scripts[1].Path != "scripts/lib/b.js" {
		t.Errorf("scripts: %v", m.Scripts)
	}

	starter, open := m.Product("starter"), m.Product("open")
	if len(starter.APIs) != 2 || starter.APIs[1] != rev2 || *starter.SubscriptionsLimit != 3 || starter.Groups[1].Name != "Partners" || starter.Policy == nil || !starter.Published {
		t.Errorf("starter: %+v", starter)
	}
	if v1.OpenProduct != open || open.Published || open.SubscriptionRequired {
		t.Errorf("open: %+v", open)
	}
	s := m.Subscriptions
	if s[0].Product != starter || s[0].PrimaryKey.Reveal() != "the-key" || s[0].SecondaryKey.Reveal() != "second key" || s[0].Owner.Email != "ann@example.com" ||
		!s[0].Active || s[0].EndDate.Format("2006-01-02 15:04") != "2026-12-31 23:00" {
		t.Errorf("s1: %+v", s[0])
	}
	if s[1].Active || len(s[1].APIs) != 2 || s[2].Product != nil || s[2].APIs != nil || !s[2].AllowTracing {
		t.Errorf("s2: %+v, s3: %+v", s[1], s[2])
	}

	b := m.Backend("b")
	if b.Credentials.Headers[0].Values[0].Reveal() != "the-key" || b.Credentials.AuthorizationParameter.Reveal() != "the-key" || b.TLS.ValidateName || !b.TLS.ValidateChain {
		t.Errorf("b: %+v", b)
	}
	if k := b.Breaker; k.Count != 3 || k.TripDuration.Seconds() != 30 || k.StatusCodes[0] != (StatusRange{429, 429}) || k.StatusCodes[1] != (StatusRange{500, 599}) || k.StatusCodes[2] != (StatusRange{400, 401}) || k.ErrorReasons[0] != "Timeout" {
		t.Errorf("breaker: %+v", k)
	}
	if p := m.Backend("pool"); p.Kind != Pool || p.Members[1] != (Member{b, 2, 5}) || p.Members[0].Priority != 1 || p.AffinityCookie != "sid" {
		t.Errorf("pool: %+v", p)
	}
	if f := m.Backend("fixed"); f.Kind != Static || f.Static.Status != 201 || f.Static.Body != `{"b":1,"a":"x"}` || f.Static.Headers[0].Values[0] != "1" {
		t.Errorf("fixed: %+v", f.Static)
	}
	if m.NamedValue("secret").Value.Reveal() != "the-key-the-key" || !m.NamedValue("Secret").Secret || m.NamedValue("escaped").Value.Reveal() != `${not} @($"{a}")` {
		t.Error("named values")
	}

	match, ok := m.Match("shop.example.com", "/shop/orders/7", "", "GET", nil)
	if v, _ := match.Value("id", "/shop/orders/7", ""); !ok || match.Operation != get || v != "7" {
		t.Errorf("match: %+v", match)
	}
	if near := m.Nearest("/shop/order/7", "GET"); len(near) == 0 || near[0] != "GET shop.example.com/shop/orders/{id}" {
		t.Errorf("nearest: %v", near)
	}
	watched := strings.Join(m.WatchList, " ")
	for _, f := range []string{"gateway.yaml", "secrets/second", "docs-of-policies/apis/shop/get.xml", "docs-of-policies/apis/shop/list.xml", "elsewhere/fragment.xml", "scripts/a.ts"} {
		if !strings.Contains(watched, f) {
			t.Errorf("%s is not watched: %s", f, watched)
		}
	}
}

func TestEmpty(t *testing.T) {
	for _, content := range []string{"", "\n", "# nothing\n", "---\n", "{}"} {
		m := mustLoad(t, map[string]string{"gateway.yaml": content}, nil)
		if len(m.Listeners) != 1 || m.Listeners[0].Address != ":8080" || m.AdminAddress != "127.0.0.1:9901" || m.Gateway.Development {
			t.Errorf("%q: %+v", content, m)
		}
	}
}
