// Package load generates requests and measures what becomes of them.
//
// In an open loop requests are due at fixed times, whatever the server does, and the
// latency of a request counts from when it was due: a server that stalls for a second is
// charged with the wait of all requests of that second (coordinated omission is not
// possible). In a closed loop a number of connections each send the next request when the
// answer to the last has come: this finds what a server can do and what a request costs
// it, and its latencies are corrected afterwards (Correct).
//
// The generator watches itself: how late it starts requests although a connection was
// free, and how much processor time it takes. Whoever judges the result must look at both.
package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"sekisho/bench/internal/wire"
)

// Plan is what is sent and when.
type Plan struct {
	Targets []Target
	Values  []Value

	// Rate is how many requests a second are due in an open loop; 0 for a closed loop.
	Rate        float64
	Connections int
	// Loops is how many threads share the connections and the rate; at least 1.
	Loops   int
	Timeout time.Duration // of one request
	Seed    uint64
	// Walk is how far the server that is measured has been led through the Values that
	// are used Once. Plans that go to the same server share it; nil begins anew in each
	// run.
	Walk *Walk
}

// Value is a named list of texts that requests are filled in with, and how often each is
// used.
type Value struct {
	Name         string
	Texts        []string
	Distribution Distribution
}

// Distribution is how a text of a Value is picked.
type Distribution string

// The distributions.
const (
	Uniform Distribution = "uniform"
	// Zipf uses the second text half as often as the first, the third a third as often,
	// and so on, about: an exponent of 1.1.
	Zipf Distribution = "zipf"
	// Round uses one after the other.
	Round Distribution = "round"
	// Once uses one after the other and, with a Walk, goes on in the next run where the
	// last one ended: what a server remembers of a text does not help it, until all have
	// been used.
	Once Distribution = "once"
)

// Walk counts how many texts of each Value that is used Once have been sent to one server.
// Safe for use from several goroutines.
type Walk struct{ used []atomic.Int64 }

// NewWalk is the beginning of a Walk through so many Values.
func NewWalk(values int) *Walk { return &Walk{make([]atomic.Int64, values)} }

// next is the number of the next text of a Value.
func (w *Walk) next(value, texts int) int { return int((w.used[value].Add(1) - 1) % int64(texts)) }

// Used is how often a text of a Value has been sent; more often than it has texts, and some
// were sent again.
func (w *Walk) Used(value int) int64 { return w.used[value].Load() }

// Target is one kind of request.
type Target struct {
	Name    string
	Weight  int // its share among the targets; at least 1
	Method  string
	URL     Template // path and query
	Headers []Header // Host and Content-Length are added where they are missing
	Body    Template
	// Stream says that the answer is a stream of server-sent events: each event counts as
	// an answer, and its latency is counted from the time it carries (StampEvent).
	Stream bool
	Check  Check
}

// Header is a header field of a request.
type Header struct {
	Name  string
	Value Template
}

// Check is what is right about an answer.
type Check struct {
	Status   []int  // any of these; empty for not checked
	Contains []byte // in the body
	Bytes    int    // the size of the body; negative for not checked
	Headers  []HeaderCheck
}

// HeaderCheck wants a header, and in it a text.
type HeaderCheck struct{ Name, Contains string }

// fault says what is wrong with an answer, "" if nothing.
func (c *Check) fault(m *wire.Message) string {
	if len(c.Status) > 0 && !slices.Contains(c.Status, m.Status) {
		return "status " + strconv.Itoa(m.Status)
	}
	if c.Bytes >= 0 && m.Size != int64(c.Bytes) {
		return "size of the body"
	}
	if len(c.Contains) > 0 && !bytes.Contains(m.Body, c.Contains) {
		return "body"
	}
	for _, h := range c.Headers {
		if v, ok := m.Header(h.Name); !ok || !bytes.Contains(v, []byte(h.Contains)) {
			return "header " + h.Name
		}
	}
	return ""
}

// Template is a text with values in it: literal, value, literal, and so on.
type Template []part

type part struct {
	text  string
	value int // index of the Value, or -1 for the text
}

// ParseTemplate reads a text in which ${name} stands for a value, and $$ for a dollar.
func ParseTemplate(s string, values []Value) (Template, error) {
	var t Template
	text := []byte{}
	flush := func() {
		if len(text) > 0 {
			t = append(t, part{string(text), -1})
			text = text[:0]
		}
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '$' || i+1 == len(s) || s[i+1] != '{' && s[i+1] != '$' {
			text = append(text, s[i])
			continue
		}
		if s[i+1] == '$' {
			text = append(text, '$')
			i++
			continue
		}
		name, _, ok := bytes.Cut([]byte(s[i+2:]), []byte("}"))
		if !ok {
			return nil, fmt.Errorf("${ without }")
		}
		n := slices.IndexFunc(values, func(v Value) bool { return v.Name == string(name) })
		if n < 0 {
			return nil, fmt.Errorf("there is no value %q", name)
		}
		flush()
		t = append(t, part{value: n})
		i += 2 + len(name)
	}
	flush()
	return t, nil
}

// Literal is a Template without values.
func Literal(s string) Template {
	if s == "" {
		return nil
	}
	return Template{{s, -1}}
}

func (t Template) appendTo(b []byte, picked []string) []byte {
	for _, p := range t {
		if p.value >= 0 {
			b = append(b, picked[p.value]...)
			continue
		}
		b = append(b, p.text...)
	}
	return b
}

// picker makes requests for one loop. A value has the same text everywhere in one request.
type picker struct {
	plan   *Plan
	walk   *Walk
	uses   [][]int // by target, the values that stand in its requests
	host   string
	rng    *rand.Rand
	zipf   []*rand.Zipf
	round  []int
	picked []string
	wheel  []int // targets, each as often as its weight
	body   []byte
}

func newPicker(p *Plan, host string, loop int) *picker {
	k := &picker{plan: p, walk: p.Walk, host: host, rng: rand.New(rand.NewPCG(p.Seed, uint64(loop))),
		zipf: make([]*rand.Zipf, len(p.Values)), round: make([]int, len(p.Values)), picked: make([]string, len(p.Values))}
	if k.walk == nil {
		k.walk = NewWalk(len(p.Values))
	}
	for i, v := range p.Values {
		if v.Distribution == Zipf {
			k.zipf[i] = rand.NewZipf(k.rng, 1.1, 1, uint64(len(v.Texts)-1))
		}
		k.round[i] = loop * len(v.Texts) / max(1, p.Loops)
	}
	for i, t := range p.Targets {
		for range max(1, t.Weight) {
			k.wheel = append(k.wheel, i)
		}
		k.uses = append(k.uses, t.values())
	}
	return k
}

// values are the indices of the values that stand in a target's requests, in order: those
// of other targets are not drawn for it, so that none is used up for nothing.
func (t *Target) values() []int {
	var out []int
	add := func(text Template) {
		for _, p := range text {
			if p.value >= 0 {
				out = append(out, p.value)
			}
		}
	}
	add(t.URL)
	for _, h := range t.Headers {
		add(h.Value)
	}
	add(t.Body)
	slices.Sort(out)
	return slices.Compact(out)
}

// next appends a request to b and says which target's it is.
func (k *picker) next(b []byte) ([]byte, int) {
	n := k.wheel[0]
	if len(k.wheel) > 1 {
		n = k.wheel[k.rng.IntN(len(k.wheel))]
	}
	t := &k.plan.Targets[n]
	for _, i := range k.uses[n] {
		v := &k.plan.Values[i]
		switch v.Distribution {
		case Zipf:
			k.picked[i] = v.Texts[k.zipf[i].Uint64()]
		case Round:
			k.picked[i] = v.Texts[k.round[i]]
			if k.round[i]++; k.round[i] == len(v.Texts) {
				k.round[i] = 0
			}
		case Once:
			k.picked[i] = v.Texts[k.walk.next(i, len(v.Texts))]
		default:
			k.picked[i] = v.Texts[k.rng.IntN(len(v.Texts))]
		}
	}
	b = append(append(b, t.Method...), ' ')
	b = append(t.URL.appendTo(b, k.picked), " HTTP/1.1\r\n"...)
	host := false
	for _, h := range t.Headers {
		host = host || len(h.Name) == 4 && bytes.EqualFold([]byte(h.Name), []byte("Host"))
		b = append(append(b, h.Name...), ": "...)
		b = append(h.Value.appendTo(b, k.picked), "\r\n"...)
	}
	if !host {
		b = append(append(append(b, "Host: "...), k.host...), "\r\n"...)
	}
	if k.body = t.Body.appendTo(k.body[:0], k.picked); len(k.body) > 0 || needsLength(t.Method) {
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, int64(len(k.body)), 10), "\r\n"...)
	}
	return append(append(b, "\r\n"...), k.body...), n
}

func needsLength(method string) bool { return method == "POST" || method == "PUT" || method == "PATCH" }

// The stamp of an event: its number in the stream and when it was sent, on the machine's
// monotonic clock in nanoseconds.
const (
	stampNumber = `data: {"n":`
	stampTime   = `,"t":`
)

// StampEvent appends a server-sent event that carries its number and time, and some more
// text, without line breaks.
func StampEvent(b []byte, number int, monotonic int64, text string) []byte {
	b = strconv.AppendInt(append(b, stampNumber...), int64(number), 10)
	b = strconv.AppendInt(append(b, stampTime...), monotonic, 10)
	b = append(b, '}')
	if text != "" {
		b = append(append(b, "\ndata: "...), text...)
	}
	return append(b, "\n\n"...)
}

// readStamp finds the stamp of an event; ok is false for events of others.
func readStamp(event []byte) (number int, monotonic int64, ok bool) {
	rest, ok := bytes.CutPrefix(event, []byte(stampNumber))
	if !ok {
		return 0, 0, false
	}
	a, rest, ok := bytes.Cut(rest, []byte(stampTime))
	b, _, ok2 := bytes.Cut(rest, []byte("}"))
	if !ok || !ok2 {
		return 0, 0, false
	}
	number, err := strconv.Atoi(string(a))
	monotonic, err2 := strconv.ParseInt(string(b), 10, 64)
	return number, monotonic, err == nil && err2 == nil
}
