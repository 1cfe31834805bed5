package builtins

import (
	"context"
	"sync"

	"sekisho/engine/pipeline"
)

// Wait runs its children side by side.
//
//	<wait for="all">
//	  <send-request …>…</send-request>
//	  <cache-lookup-value … />
//	  <choose>…</choose>
//	</wait>
//
// With for="all" it goes on when all have ended; with "any" when the first has, and
// the others are cut short: what they did not finish has no effect. Only the three
// policies shown may be immediate children. A child that fails, or that answers the
// request, ends the others and counts as if it had stood here alone.
//
// Spec: https://learn.microsoft.com/azure/api-management/wait-policy
// Ours: children share the variables; what else they change (headers in a choose, say)
// is taken over in the order of the document when they have ended. Bodies are read
// into memory before, since all children may ask for them.
var Wait = pipeline.Policy{
	Name:     "wait",
	Summary:  "Runs its children side by side.",
	Sections: pipeline.Inbound | pipeline.Backend | pipeline.Outbound,
	Scopes:   pipeline.AnyScope,
	Example: `<wait for="all">
  <send-request mode="new" response-variable-name="user" timeout="5" ignore-error="true">
    <set-url>https://users.example.com/me</set-url>
    <set-method>GET</set-method>
  </send-request>
  <send-request mode="new" response-variable-name="cart" timeout="5" ignore-error="true">
    <set-url>https://carts.example.com/mine</set-url>
    <set-method>GET</set-method>
  </send-request>
</wait>`,
	New: func() pipeline.Step { return new(wait) },
}

type wait struct {
	For   pipeline.String   `attr:"for" enum:"all any" default:"all"`
	Steps pipeline.Pipeline `steps:"send-request cache-lookup-value choose"`
}

// child is one child of a running wait.
type child struct {
	run   func(x *pipeline.Exchange) error
	fork  *pipeline.Exchange
	err   error
	panic any
}

func (w *wait) Run(x *pipeline.Exchange) error {
	mode, err := w.For.Get(x)
	if err != nil {
		return err
	}
	if mode != "all" && mode != "any" {
		return badValue("The for attribute of wait must be all or any.")
	}
	if _, err := x.Request.Body.Buffer(); err != nil {
		return err
	}
	if _, err := x.Response.Body.Buffer(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(x.Context)
	defer cancel()
	var children []*child
	w.Steps.Each(func(_ pipeline.Step, run func(*pipeline.Exchange) error) {
		children = append(children, &child{run: run, fork: x.Fork(ctx)})
	})
	if len(children) == 0 {
		return nil
	}

	done := make(chan *child, len(children))
	var all sync.WaitGroup
	for _, c := range children {
		all.Go(func() {
			defer func() {
				c.panic = recover()
				done <- c
			}()
			c.err = c.run(c.fork)
		})
	}
	// decisive is the child that ends the wait before all have ended.
	var decisive *child
	for range children {
		c := <-done
		if mode == "any" || c.err != nil || c.panic != nil {
			decisive = c
			break
		}
	}
	cancel()
	all.Wait() // nothing of this request runs on after it

	for _, c := range children {
		if c.panic != nil {
			panic(c.panic) // for whoever serves the request to deal with
		}
		if c == decisive || mode == "all" && c.err == nil {
			x.Join(c.fork)
		} else {
			c.fork.Discard()
		}
	}
	if decisive == nil {
		return nil
	}
	return decisive.err
}
