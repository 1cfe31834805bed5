package pipeline

import (
	"errors"

	"sekisho/engine/source"
)

// Pipeline is an ordered list of Steps: a Section of a document, or the inside of a
// policy that holds others. It is immutable once compiled. The zero Pipeline does
// nothing.
type Pipeline struct{ nodes []node }

// node is a Step with what a Fault in it says of its place.
type node struct {
	step Step
	name string
	path string
	id   string
	rng  source.Range
}

// Len counts the Steps.
func (p *Pipeline) Len() int { return len(p.nodes) }

// Run runs the Steps in order until one returns an error.
func (p *Pipeline) Run(x *Exchange) error {
	for i := range p.nodes {
		if err := p.nodes[i].run(x); err != nil {
			return err
		}
	}
	return nil
}

// Each calls f with each Step and a function that runs it, for policies such as wait
// that do not run their children in order.
func (p *Pipeline) Each(f func(s Step, run func(x *Exchange) error)) {
	for i := range p.nodes {
		f(p.nodes[i].step, p.nodes[i].run)
	}
}

func (n *node) run(x *Exchange) error {
	err := n.step.Run(x)
	if err == nil || errors.Is(err, Respond) {
		return err
	}
	f := asFault(err)
	if f.Source == "" {
		f.Source = n.name
	}
	// The innermost place wins: what is set already came from there.
	if f.Path == "" {
		f.Path = n.path
	}
	if f.Section == 0 {
		f.PolicyID, f.Section, f.Scope = n.id, x.section, x.scope
	}
	if f.Range.IsZero() {
		f.Range = n.rng
	}
	return f
}

// Compiled is a policy document, compiled. A nil Pipeline stands for a section that
// the document does not have: it inherits, as if it held <base/> alone.
type Compiled struct {
	Scope    Scope
	sections [4]*Pipeline
}

// Section returns the Pipeline of one section, nil if the document has none.
func (c *Compiled) Section(s Section) *Pipeline { return c.sections[sectionIndex(s)] }

func sectionIndex(s Section) int {
	for i := range SectionNames {
		if s == 1<<i {
			return i
		}
	}
	panic("pipeline: internal error: not one section")
}

// Base is <base/>: it runs the same section of the next broader scope.
type Base struct{}

// Run implements Step.
func (Base) Run(x *Exchange) error { return x.runLevel(x.depth + 1) }

// Process takes a matched Exchange through inbound, backend and outbound, and through
// on-error if something fails. Afterwards Response is the answer.
func (x *Exchange) Process() {
	x.enter()
	err := x.runSection(Inbound)
	if err == nil {
		err = x.runSection(Backend)
	}
	if err == nil {
		err = x.runSection(Outbound)
	}
	if err != nil && !errors.Is(err, Respond) {
		x.Fail(asFault(err))
		return
	}
	x.finish()
}

// Fail answers with a Fault: on-error sections run, and what they leave is the
// answer. Faults before matching fail through the global scope's on-error.
func (x *Exchange) Fail(f *Fault) {
	x.enter()
	x.fail(f)
	if err := x.runSection(OnError); err != nil && !errors.Is(err, Respond) {
		again := asFault(err)
		again.Section = OnError
		x.fail(again)
	}
	x.finish()
}

// fail makes the Fault the Exchange's, and its default answer the Response.
func (x *Exchange) fail(f *Fault) {
	x.fault = f
	r := &x.Response
	r.Header.Reset()
	r.Trailer.Reset()
	r.Status, r.Reason = f.Status, ""
	activity := ""
	if f.Status >= 500 {
		activity = x.ID.String()
	}
	r.Body.SetBytes(ErrorBody(f.Status, f.public(), activity))
	r.Header.Add("Content-Type", "application/json")
	for _, h := range f.Header {
		r.Header.Add(h.Name, h.Value)
	}
}

// finish runs what waited for the response.
func (x *Exchange) finish() {
	for i := 0; i < len(x.after); i++ { // one may register another
		x.after[i](x)
	}
	x.after = x.after[:0]
}

// enter lays out the documents of the Exchange from the narrowest scope on.
func (x *Exchange) enter() {
	x.levels = 0
	r := x.Route
	if r == nil {
		r = noRoute
	}
	for _, d := range [...]*Compiled{r.OperationPolicy, r.APIPolicy, x.ProductPolicy, x.GlobalPolicy} {
		if d != nil {
			x.chain[x.levels] = d
			x.levels++
		}
	}
}

func (x *Exchange) runSection(s Section) error {
	x.section = s
	if s == Inbound || s == Backend {
		x.target = target{request: &x.Request}
	} else {
		x.target = target{response: &x.Response}
	}
	return x.runLevel(0)
}

// runLevel runs the current section of the document at a level of the chain.
func (x *Exchange) runLevel(level int) error {
	if level >= x.levels {
		return nil
	}
	doc := x.chain[level]
	p := doc.Section(x.section)
	if p == nil {
		return x.runLevel(level + 1)
	}
	depth, scope := x.depth, x.scope
	x.depth, x.scope = level, doc.Scope
	err := p.Run(x)
	x.depth, x.scope = depth, scope
	return err
}
