package builtins

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// orderChanged reads a document, changes two of its members and writes it.
const orderChanged = `<set-body>@{
	var order = context.Request.Body.As<JObject>();
	order["customer"] = "Grace";
	order["lines"][0]["quantity"] = (int)order["lines"][0]["quantity"] + 1;
	return order.ToString(Newtonsoft.Json.Formatting.None);
}</set-body>`

// orderOf is an order of about that many bytes.
func orderOf(size int) string {
	var b strings.Builder
	b.WriteString(`{"id":42,"customer":"Ada","currency":"EUR","lines":[`)
	for i := 1; i == 1 || b.Len() < size; i++ {
		if i > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"article":"Lantern %d","quantity":%d,"price":%d.5,"tags":["lamp","oil"]}`, i, i%9+1, i%50)
	}
	b.WriteString("]}")
	return b.String()
}

type bodyChange struct {
	services *pipeline.Services
	route    *pipeline.Route
	policies *pipeline.Pipeline
	body     string
}

func newBodyChange(t testing.TB, size int) *bodyChange {
	return &bodyChange{
		services: &pipeline.Services{Now: time.Now},
		route:    &pipeline.Route{API: &apim.API{}, Operation: &apim.Operation{}, Deployment: &apim.Deployment{}},
		policies: compile(t, orderChanged),
		body:     orderOf(size),
	}
}

// run gives what is sent.
func (c *bodyChange) run(t testing.TB) []byte {
	x := pipeline.NewExchange(c.services, 1<<20)
	defer x.Release()
	x.Context = context.Background()
	x.Start = c.services.Now()
	x.Route = c.route
	x.Request.Method = "POST"
	x.Request.Header.Add("Content-Type", "application/json")
	x.Request.Body.SetStream(io.NopCloser(strings.NewReader(c.body)), int64(len(c.body)))
	if err := c.policies.Run(x); err != nil {
		t.Fatal(err)
	}
	sent, _, _ := x.Request.Body.Take()
	return sent
}

func TestSetBodyChanges(t *testing.T) {
	c := newBodyChange(t, 2000)
	want := strings.Replace(strings.Replace(c.body, `"Ada"`, `"Grace"`, 1), `"quantity":2`, `"quantity":3`, 1)
	if got := string(c.run(t)); got != want {
		t.Errorf("sent\n%s\nwant\n%s", got, want)
	}
}

// BenchmarkBodyChange is a body that is read, changed a little and written.
func BenchmarkBodyChange(b *testing.B) {
	for _, kilobytes := range []int{1, 100} {
		b.Run(fmt.Sprintf("%dKB", kilobytes), func(b *testing.B) {
			c := newBodyChange(b, kilobytes<<10)
			c.run(b)
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				c.run(b)
			}
		})
	}
}
