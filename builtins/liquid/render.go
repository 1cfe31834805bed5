package liquid

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekisho/engine/dotnet/apim"
)

// Data is what a template sees.
type Data struct {
	// Context is what it sees as `context`.
	Context apim.Context
	// Body yields the content, decoded, and the media type of what it sees as `body`.
	// It is asked once, and only by templates that read it. Nil stands for no body.
	Body func() (content []byte, contentType string, err error)
	// KeepDates leaves strings of a JSON body as they are where they look like dates:
	// set-body's parse-date="false".
	KeepDates bool
	// XsiNull reads elements with xsi:nil="true" as null rather than as blank.
	XsiNull bool
	// Now is the clock behind the date filter's "now".
	Now func() time.Time
}

// Limits bound one rendering.
type Limits struct {
	// Context ends the rendering when it is done. Nil does not.
	Context context.Context
	// Output is the most bytes that may be rendered, 0 for 16 MiB.
	Output int
	// Steps is the most tags, outputs and turns of loops, 0 for a million.
	Steps int
	// Time is the longest that it may take, 0 for two seconds.
	Time time.Duration
}

// LimitError says which bound a rendering went over.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return "the Liquid template " + e.What }

// Render renders the template. It returns an error for a *LimitError, a body that
// cannot be read or is not what its Content-Type says, and for what filters cannot do,
// a division by zero for example.
func (t *Template) Render(data Data, limits Limits) (string, error) {
	if limits.Output == 0 {
		limits.Output = 16 << 20
	}
	if limits.Steps == 0 {
		limits.Steps = 1_000_000
	}
	if limits.Time == 0 {
		limits.Time = 2 * time.Second
	}
	r := &renderer{data: data, limits: limits, deadline: time.Now().Add(limits.Time), vars: map[string]any{}}
	r.spare = limits.Output
	_, err := t.body.render(r)
	if err != nil {
		return "", err
	}
	return r.out.String(), nil
}

// renderer is the state of one rendering.
type renderer struct {
	data     Data
	limits   Limits
	deadline time.Time
	out      strings.Builder
	spare    int // bytes of output and of values made that are still allowed
	steps    int

	vars     map[string]any
	scopes   []binding // of loops, innermost last
	counters map[string]int32
	cycles   map[string]int
	offsets  map[string]int // where a loop ended, for offset:continue
	changed  string

	body     any
	bodyRead bool
}

// binding is the name of a loop's variable with its value.
type binding struct {
	name  string
	value any
	loop  *forLoop
}

// tick pays for a step.
func (r *renderer) tick() error {
	r.steps++
	if r.steps > r.limits.Steps {
		return &LimitError{fmt.Sprintf("takes more than %d steps", r.limits.Steps)}
	}
	if r.steps&0xff == 0 {
		return r.checkTime()
	}
	return nil
}

func (r *renderer) checkTime() error {
	if time.Now().After(r.deadline) {
		return &LimitError{fmt.Sprintf("takes longer than %v", r.limits.Time)}
	}
	if r.limits.Context != nil {
		return r.limits.Context.Err()
	}
	return nil
}

// pay takes n bytes from what may be made: output, and texts that filters make.
func (r *renderer) pay(n int) error {
	if r.spare -= n; r.spare < 0 {
		return &LimitError{fmt.Sprintf("makes more than %d bytes", r.limits.Output)}
	}
	return nil
}

func (r *renderer) write(s string) error {
	if err := r.pay(len(s)); err != nil {
		return err
	}
	r.out.WriteString(s)
	return nil
}

// captured renders a block apart and returns its text.
func (r *renderer) captured(b block) (string, jumpKind, error) {
	saved := r.out
	r.out = strings.Builder{}
	j, err := b.render(r)
	s := r.out.String()
	r.out = saved
	return s, j, err
}

// jumpKind is how a block ended.
type jumpKind uint8

const (
	onward jumpKind = iota
	breaks
	continues
)

// node is a part of a template.
type node interface {
	render(r *renderer) (jumpKind, error)
}

type block []node

func (b block) render(r *renderer) (jumpKind, error) {
	for _, n := range b {
		if err := r.tick(); err != nil {
			return onward, err
		}
		if j, err := n.render(r); err != nil || j != onward {
			return j, err
		}
	}
	return onward, nil
}

type text string

func (t text) render(r *renderer) (jumpKind, error) { return onward, r.write(string(t)) }

// output is {{ value | filters }}; also the right side of assign.
type output struct {
	value   expr
	filters []filterCall
}

func (o *output) render(r *renderer) (jumpKind, error) {
	v, err := o.eval(r)
	if err != nil {
		return onward, err
	}
	s, err := r.text(v)
	if err != nil {
		return onward, err
	}
	return onward, r.write(s)
}

func (o *output) eval(r *renderer) (any, error) {
	v, err := o.value.eval(r)
	for i := range o.filters {
		if err != nil {
			return nil, err
		}
		v, err = o.filters[i].apply(r, v)
	}
	return v, err
}

type assign struct {
	name  string
	value *output
}

func (a *assign) render(r *renderer) (jumpKind, error) {
	v, err := a.value.eval(r)
	if err == nil {
		r.vars[a.name] = v
	}
	return onward, err
}

type capture struct {
	name string
	body block
}

func (c *capture) render(r *renderer) (jumpKind, error) {
	s, j, err := r.captured(c.body)
	if err == nil {
		r.vars[c.name] = s
	}
	return j, err
}

type branch struct {
	cond expr
	body block
}

type ifNode struct {
	branches  []branch
	otherwise block
}

func (n *ifNode) render(r *renderer) (jumpKind, error) {
	for _, b := range n.branches {
		v, err := b.cond.eval(r)
		if err != nil {
			return onward, err
		}
		if truthy(v) {
			return b.body.render(r)
		}
	}
	return n.otherwise.render(r)
}

// caseNode renders every branch that fits, as DotLiquid does.
type caseNode ifNode

func (n *caseNode) render(r *renderer) (jumpKind, error) {
	found := false
	for _, b := range n.branches {
		v, err := b.cond.eval(r)
		if err != nil {
			return onward, err
		}
		if truthy(v) {
			found = true
			if j, err := b.body.render(r); err != nil || j != onward {
				return j, err
			}
		}
	}
	if found {
		return onward, nil
	}
	return n.otherwise.render(r)
}

type ifChanged struct{ body block }

func (n *ifChanged) render(r *renderer) (jumpKind, error) {
	s, j, err := r.captured(n.body)
	if err != nil || s == r.changed {
		return j, err
	}
	r.changed = s
	r.spare += len(s) // it is paid for again where it is written
	return j, r.write(s)
}

type jump struct{ out bool }

func (j *jump) render(*renderer) (jumpKind, error) {
	if j.out {
		return breaks, nil
	}
	return continues, nil
}

type cycle struct {
	name   expr // nil for none
	id     string
	values []expr
}

func (c *cycle) render(r *renderer) (jumpKind, error) {
	id := "markup " + c.id
	if c.name != nil {
		v, err := c.name.eval(r)
		if err != nil {
			return onward, err
		}
		s, err := r.text(v)
		if err != nil {
			return onward, err
		}
		id = "name " + s
	}
	if r.cycles == nil {
		r.cycles = map[string]int{}
	}
	i := r.cycles[id] % len(c.values)
	r.cycles[id] = i + 1
	return (&output{value: c.values[i]}).render(r)
}

// step is increment and decrement.
type step struct {
	name string
	down bool
}

func (s *step) render(r *renderer) (jumpKind, error) {
	if r.counters == nil {
		r.counters = map[string]int32{}
	}
	n := r.counters[s.name]
	if s.down {
		n--
		r.counters[s.name] = n
	} else {
		r.counters[s.name] = n + 1
	}
	return onward, r.write(strconv.Itoa(int(n)))
}
