package mcptest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// shop is a REST service that wants a token of the gateway's identity, and the token
// endpoint of a machine in Azure that gives it.
type shop struct {
	url   string
	token string

	mu       sync.Mutex
	received []string // method, path and query, body of each call
	leaked   []string // what came along that should not
}

func startShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{token: rand.Text()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata/identity/oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata") != "true" || r.FormValue("resource") != "api://orders" {
			http.Error(w, "no identity", http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":"3600","token_type":"Bearer","resource":"api://orders"}`, s.token)
	})
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		var body json.RawMessage
		if r.ContentLength != 0 {
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				http.Error(w, "this is not JSON", http.StatusBadRequest)
				return
			}
		}
		s.mu.Lock()
		s.received = append(s.received, strings.TrimRight(r.Method+" "+strings.TrimPrefix(r.URL.RequestURI(), "/api")+" "+string(body), " "))
		for _, name := range []string{"Cookie", "Mcp-Session-Id", "Proxy-Authorization", "Ocp-Apim-Subscription-Key"} {
			if v := r.Header.Get(name); v != "" {
				s.leaked = append(s.leaked, name)
			}
		}
		s.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+s.token {
			http.Error(w, "not for you", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		switch r.Method + " " + r.URL.Path {
		case "GET /api/orders":
			fmt.Fprint(w, `[{"id":42,"article":"Lantern","quantity":2}]`)
		case "POST /api/orders":
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"id":43,"article":"Rope","quantity":1}`)
		case "GET /api/orders/42":
			fmt.Fprint(w, `{"id":42,"article":"Lantern","quantity":2}`)
		case "DELETE /api/orders/42":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message":"there is no such order"}`)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// taken are the calls so far, which are then forgotten.
func (s *shop) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.received
	s.received = nil
	return all
}

// bearer is a token that the MCP server takes, signed with its key.
func bearer(key []byte) string {
	segment := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			panic("json: internal error: " + err.Error()) // only of what is below
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signed := segment(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." +
		segment(map[string]any{"aud": "api://order-tools", "sub": "alice", "exp": time.Now().Add(time.Hour).Unix()})
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// startOrders serves the folder testdata/orders in front of a shop.
func startOrders(t *testing.T, s *shop) (server string, token string) {
	t.Helper()
	key := []byte(rand.Text() + rand.Text())
	files := map[string]string{}
	for name, in := range map[string]string{
		"orders.openapi.yaml": "openapi.yaml", "policies/apis/orders.xml": "orders.xml",
		"policies/apis/order-tools.xml": "order-tools.xml", "policies/apis/order-tools/list-orders.xml": "list-orders.xml",
	} {
		data, err := os.ReadFile(filepath.Join("testdata/orders", in))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(data)
	}
	files["gateway.yaml"] = fmt.Sprintf(`
gateway: { mode: production }
namedValues: { tools-key: %q }
identities:
  system: { source: imds, endpoint: %q }
apis:
  orders:
    path: orders
    serviceUrl: %q
    openapi: orders.openapi.yaml
    subscriptionRequired: false
  order-tools:
    type: mcp
    path: order-tools
    toolsOf: orders
    subscriptionRequired: false
    mcp: { authorization: false }
    tools:
      get-order: { operation: getOrder }
      list-orders: { operation: listOrders, description: "All orders of the shop." }
      create-order: { operation: createOrder }
      cancel-order: { operation: cancelOrder }
      secret-order: { operation: getOrder, hidden: true }
`, base64.StdEncoding.EncodeToString(key), s.url, s.url+"/api")
	address := freeAddress(t)
	startGateway(t, address, files)
	return "http://" + address + "/order-tools/mcp", bearer(key)
}

// TestREST: operations of an OpenAPI document as tools, called by clients of both eras
// through policies.
func TestREST(t *testing.T) {
	for _, c := range clients[:5] {
		t.Run(c.name, func(t *testing.T) {
			s := startShop(t)
			server, token := startOrders(t, s)
			seen := c.use(t, server, "nobody", []call{
				{Name: "get-order", Arguments: map[string]any{"id": 42}},
				{Name: "create-order", Arguments: map[string]any{"article": "Rope", "quantity": 1}},
				{Name: "cancel-order", Arguments: map[string]any{"id": 42}},
				{Name: "list-orders", Arguments: map[string]any{"status": "open", "article": []string{"a b", "c"}}},
				{Name: "list-orders"},
				{Name: "list-orders"},
				{Name: "get-order", Arguments: map[string]any{"id": 7}},
				{Name: "get-order", Arguments: map[string]any{"id": "../x"}},
				{Name: "secret-order", Arguments: map[string]any{"id": 42}},
				{Name: "get-order", Arguments: map[string]any{"id": 42}},
			}, "TOKEN="+token)
			if seen.Version != c.version {
				t.Errorf("it speaks %q, want %q", seen.Version, c.version)
			}
			if want := []string{"get-order", "list-orders", "create-order", "cancel-order"}; !same(seen.names(), want) {
				t.Errorf("the tools are %q, want %q", seen.names(), want)
			}
			for _, tool := range seen.Tools {
				if tool.Name == "get-order" && (tool.Annotations["readOnlyHint"] != true || !strings.Contains(tool.Description, "order")) {
					t.Errorf("get-order is described as %+v", tool)
				}
				if tool.Name == "cancel-order" && tool.Annotations["destructiveHint"] != true {
					t.Errorf("cancel-order is described as %+v", tool)
				}
			}
			want := []string{
				"GET /orders/42", `POST /orders {"article":"Rope","quantity":1}`, "DELETE /orders/42",
				"GET /orders?status=open&article=a%20b&article=c", "GET /orders", "GET /orders/7", "GET /orders/42",
			}
			if got := s.taken(); !slices.Equal(got, want) {
				t.Errorf("the service was asked for\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if len(s.leaked) > 0 {
				t.Errorf("the service got %q", s.leaked)
			}
			for i, part := range []string{"Lantern", "Rope", "", "Lantern", "Lantern", refused, "there is no such order", refused, refused, "Lantern"} {
				r := seen.Results[i]
				failed := r.IsError || r.Thrown != ""
				text := r.Thrown
				for _, c := range r.Content {
					text += c.Text
				}
				switch {
				case part == refused && !failed:
					t.Errorf("call %d was not refused: %+v", i, r)
				case part == "there is no such order" && (!r.IsError || !strings.Contains(text, part)):
					t.Errorf("call %d: a failed operation is not the result of the tool: %+v", i, r)
				case part != refused && part != "there is no such order" && (failed || !strings.Contains(text, part)):
					t.Errorf("call %d: %+v, want %q", i, r, part)
				}
			}
		})
	}

	t.Run("without a token", func(t *testing.T) {
		s := startShop(t)
		server, _ := startOrders(t, s)
		if err := initialize(server, "no token"); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("with a bad token: %v", err)
		}
		if got := s.taken(); len(got) > 0 {
			t.Errorf("the service was asked for %q", got)
		}
	})
}

// refused stands for a call that the gateway answers itself.
const refused = "refused"

// same compares without regard to order.
func same(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
