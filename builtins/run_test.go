package builtins

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
	"sekisho/engine/policyxml"
	"sekisho/engine/source"
)

// world is the Services of a test: a Transport that answers at once or never, and
// sleeps that are noted instead of slept.
type world struct {
	sent  chan string
	slept []time.Duration
}

func (w *world) Send(ctx context.Context, r *pipeline.Request, _ pipeline.SendOptions) (*pipeline.Response, error) {
	w.sent <- r.URL.Host
	if r.URL.Host == "never.test" {
		<-ctx.Done()
		return nil, &pipeline.Fault{Status: 500, Reason: pipeline.ReasonTimeout, Cause: ctx.Err()}
	}
	resp := pipeline.NewResponse(1 << 20)
	resp.Status = 201
	return resp, nil
}

func (w *world) exchange() *pipeline.Exchange {
	x := pipeline.NewExchange(&pipeline.Services{
		Now: time.Now, Transport: w, Rand: zeros{},
		Sleep: func(_ context.Context, d time.Duration) error { w.slept = append(w.slept, d); return nil },
	}, 1<<20)
	x.Context = context.Background()
	x.Request.Method = "GET"
	return x
}

// zeros are random bytes that are all 0.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// nothing is an Env that knows nothing and compiles no scripts.
type nothing struct{ pipeline.Env }

func (nothing) CSharp(v source.View, block bool, diags *source.List) pipeline.Expr {
	return pipeline.NewExpressions(nil, "").CSharp(v, block, diags)
}

func (nothing) CredentialManager() bool      { return true }
func (nothing) Lenient() bool                { return false }
func (nothing) Parameters() ([]string, bool) { return nil, false }

// compile compiles the inbound section of a document.
func compile(t testing.TB, inbound string) *pipeline.Pipeline {
	t.Helper()
	var diags source.List
	text := source.NewText("policy.xml", "<policies><inbound>"+inbound+"</inbound></policies>")
	doc := policyxml.Parse(text.View(), policyxml.Options{Roots: []string{"policies"}}, &diags)
	c := pipeline.Compile(doc, pipeline.API, Table(), nothing{}, &diags)
	if diags.Errors() > 0 {
		t.Fatalf("%v", diags.Sorted())
	}
	return c.Section(pipeline.Inbound)
}

func TestWaitAnyGivesUpTheOthers(t *testing.T) {
	w := &world{sent: make(chan string, 2)}
	x := w.exchange()
	defer x.Release()
	p := compile(t, `<wait for="any">
	  <send-request mode="new" response-variable-name="slow" ignore-error="true">
	    <set-url>http://never.test/</set-url><set-method>GET</set-method>
	  </send-request>
	  <send-request mode="new" response-variable-name="fast">
	    <set-url>http://once.test/</set-url><set-method>GET</set-method>
	  </send-request>
	</wait>`)
	if err := p.Run(x); err != nil {
		t.Fatal(err)
	}
	if v, _ := x.Var("fast"); v == nil {
		t.Error("the fast one has no response")
	}
	if _, ok := x.Var("slow"); ok {
		t.Error("the one that was given up set its variable")
	}
}

func TestWaitEndsWithTheClient(t *testing.T) {
	w := &world{sent: make(chan string, 2)}
	x := w.exchange()
	defer x.Release()
	ctx, leave := context.WithCancel(context.Background())
	x.Context = ctx
	go func() { <-w.sent; leave() }()
	p := compile(t, `<wait><send-request mode="new" response-variable-name="slow" ignore-error="true">
	    <set-url>http://never.test/</set-url><set-method>GET</set-method>
	  </send-request></wait>`)
	var f *pipeline.Fault
	if err := p.Run(x); !errors.As(err, &f) || f.Reason != pipeline.ReasonClient || f.Status != 499 {
		t.Errorf("got %v", err)
	}
}

func TestWaitPassesPanicsOn(t *testing.T) {
	w := &world{sent: make(chan string, 2)}
	x := w.exchange()
	defer x.Release()
	x.Services.Transport = nil // send-request will panic
	p := compile(t, `<wait><send-request mode="new" response-variable-name="r">
	    <set-url>http://once.test/</set-url><set-method>GET</set-method>
	  </send-request></wait>`)
	defer func() {
		if recover() == nil {
			t.Error("the panic of a child is lost")
		}
	}()
	_ = p.Run(x)
}

func TestRetryPauses(t *testing.T) {
	f := func(attributes string, want ...time.Duration) {
		t.Helper()
		w := &world{}
		x := w.exchange()
		defer x.Release()
		p := compile(t, `<retry condition="true" `+attributes+`><set-method>GET</set-method></retry>`)
		if err := p.Run(x); err != nil {
			t.Fatal(err)
		}
		if len(w.slept) != len(want) {
			t.Fatalf("%s: slept %v, want %v", attributes, w.slept, want)
		}
		for i := range want {
			if w.slept[i].Round(time.Millisecond) != want[i] {
				t.Errorf("%s: slept %v, want %v", attributes, w.slept, want)
			}
		}
	}
	f(`count="2" interval="3"`, 3*time.Second, 3*time.Second)
	f(`count="3" interval="1" delta="2"`, time.Second, 3*time.Second, 5*time.Second)
	// The random factor is 0.8 with random bytes that are all 0.
	f(`count="4" interval="1" delta="10" max-interval="20"`, time.Second, 9*time.Second, 20*time.Second, 20*time.Second)
	f(`count="3" interval="1" first-fast-retry="true"`, time.Second, time.Second)
	f(`count="3" interval="0.5" delta="1" first-fast-retry="true"`, 1500*time.Millisecond, 2500*time.Millisecond)
}

// metrics keeps what emit-metric emits.
type metrics struct{ got []string }

func (m *metrics) Emit(namespace, name string, value float64, dimensions []pipeline.Field) {
	m.got = append(m.got, fmt.Sprint(namespace, "/", name, " ", value, " ", dimensions))
}

func TestEmitMetric(t *testing.T) {
	x := (&world{}).exchange()
	defer x.Release()
	var m metrics
	x.Services.Metrics = &m
	x.Route = &pipeline.Route{API: &apim.API{ID: "shop"}, Operation: &apim.Operation{ID: "get"}, Deployment: &apim.Deployment{Region: "here"}}
	p := compile(t, `
		<emit-metric name="calls"><dimension name="API ID" /><dimension name="Location" /><dimension name="User ID" /></emit-metric>
		<emit-metric name="sold" namespace="shop" value="2.5"><dimension name="kind" value="book" /><dimension name="API ID" value="own" /></emit-metric>`)
	if err := p.Run(x); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"API Management/calls 1 [{API ID shop} {Location here} {User ID }]",
		"shop/sold 2.5 [{kind book} {API ID own}]",
	}
	if !slices.Equal(m.got, want) {
		t.Errorf("got %q, want %q", m.got, want)
	}
}
