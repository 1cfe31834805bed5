package newtonsoft

import (
	"strconv"
	"strings"
	"time"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/regex"

	"github.com/dlclark/regexp2/v2"
)

func noMatch(msg string) { panic(&clr.Exception{Type: JsonException, Message: msg}) }

// fieldFilter is .name, ['a','b'] and, without names, .*
type fieldFilter struct{ names []string }

func (f fieldFilter) apply(_ *selection, from []JToken, must bool, yield func(JToken)) {
	for _, t := range from {
		o, ok := t.(*JObject)
		switch {
		case !ok && must && len(f.names) > 1:
			noMatch("Properties '" + strings.Join(f.names, "', '") + "' not valid on " + shortName(t) + ".")
		case !ok && must:
			name := "*"
			if len(f.names) > 0 {
				name = f.names[0]
			}
			noMatch("Property '" + name + "' not valid on " + shortName(t) + ".")
		case !ok:
		case f.names == nil:
			for _, p := range o.props() {
				yield(p.value)
			}
		default:
			for _, name := range f.names {
				if v := o.Value(name); v != nil {
					yield(v)
				} else if must {
					noMatch("Property '" + name + "' does not exist on JObject.")
				}
			}
		}
	}
}

// scanFilter is ..name and, without names, ..*
type scanFilter struct{ names []string }

func (f scanFilter) apply(s *selection, from []JToken, _ bool, yield func(JToken)) {
	for _, t := range from {
		s.walk(t, func(d JToken) {
			p, ok := d.(*JProperty)
			switch {
			case f.names == nil && !ok:
				yield(d)
			case ok && d != t:
				for _, name := range f.names {
					if name == p.Name {
						yield(p.value)
					}
				}
			}
		})
	}
}

// indexFilter is [0,1] and, without indexes, [*].
type indexFilter struct{ indexes []int }

func (f indexFilter) apply(_ *selection, from []JToken, must bool, yield func(JToken)) {
	for _, t := range from {
		var items []JToken
		switch t := t.(type) {
		case *JArray:
			items = t.items()
		case *JConstructor:
			items = t.items()
		default:
			if must {
				index := "*"
				if f.indexes != nil {
					index = strconv.Itoa(f.indexes[0])
				}
				noMatch("Index " + index + " not valid on " + shortName(t) + ".")
			}
			continue
		}
		if f.indexes == nil {
			for _, x := range items {
				yield(x)
			}
			continue
		}
		for _, i := range f.indexes {
			if i < len(items) {
				yield(at(items, i))
			} else if must {
				noMatch("Index " + strconv.Itoa(i) + " outside the bounds of " + shortName(t) + ".")
			}
		}
	}
}

// sliceFilter is [start:end:step].
type sliceFilter struct{ parts [3]*int }

func (f sliceFilter) apply(_ *selection, from []JToken, must bool, yield func(JToken)) {
	step := 1
	if s := f.parts[2]; s != nil {
		step = *s
	}
	if step == 0 {
		noMatch("Step cannot be zero.")
	}
	for _, t := range from {
		a, ok := t.(*JArray)
		if !ok {
			if must {
				noMatch("Array slice is not valid on " + shortName(t) + ".")
			}
			continue
		}
		n := len(a.items())
		bound := func(p *int, forward, backward int) int {
			switch {
			case p == nil && step > 0:
				return forward
			case p == nil:
				return backward
			case *p < 0:
				return n + *p
			}
			return *p
		}
		start, stop := bound(f.parts[0], 0, n-1), bound(f.parts[1], n, -1)
		if step > 0 {
			start = max(start, 0)
		} else {
			start = min(start, n-1)
		}
		stop = min(max(stop, -1), n)
		any := false
		for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
			if i < 0 || i >= n {
				break
			}
			any = true
			yield(a.items()[i])
		}
		if !any && must {
			show := func(p *int) string {
				if p == nil {
					return "*"
				}
				return strconv.Itoa(*p)
			}
			noMatch("Array slice of " + show(f.parts[0]) + " to " + show(f.parts[1]) + " returned no results.")
		}
	}
}

type rootFilter struct{}

func (rootFilter) apply(s *selection, _ []JToken, _ bool, yield func(JToken)) { yield(s.root) }

// queryFilter is [?(…)], and after .. on all descendants.
type queryFilter struct {
	condition condition
	scan      bool
}

func (f queryFilter) apply(s *selection, from []JToken, _ bool, yield func(JToken)) {
	for _, t := range from {
		if f.scan {
			s.walk(t, func(d JToken) {
				if f.condition.holds(s, d) {
					yield(d)
				}
			})
			continue
		}
		if c, ok := t.(JContainer); ok {
			for i := 0; i < c.Len(); i++ {
				clr.Spend(s.meter, 0)
				if d := c.Child(i); f.condition.holds(s, d) {
					yield(d)
				}
			}
		}
	}
}

type condition interface {
	holds(s *selection, t JToken) bool
}

// all is several conditions: each of them must hold, or with or one of them.
type all struct {
	or         bool
	conditions []condition
}

func (a *all) holds(s *selection, t JToken) bool {
	for _, c := range a.conditions {
		if c.holds(s, t) == a.or {
			return a.or
		}
	}
	return !a.or
}

type operand struct {
	path   jsonPath
	isPath bool
	value  *JValue
}

func (o operand) tokens(s *selection, t JToken) []JToken {
	if o.isPath {
		return o.path.evaluate(s, t, false)
	}
	return []JToken{o.value}
}

type comparison struct {
	op          string
	left, right operand
	// pattern is the right side of =~ where the path itself holds it.
	pattern *regexp2.Regexp
}

func (c comparison) holds(s *selection, t JToken) bool {
	left := c.left.tokens(s, t)
	if c.op == "exists" {
		return len(left) > 0
	}
	if len(left) == 0 {
		return false
	}
	right := c.right.tokens(s, t)
	for _, l := range left {
		for _, r := range right {
			if c.match(s, l, r) {
				return true
			}
		}
	}
	return false
}

func (c comparison) match(s *selection, l, r JToken) bool {
	a, okA := l.(*JValue)
	b, okB := r.(*JValue)
	if !okA || !okB {
		return c.op == "!="
	}
	switch c.op {
	case "=~":
		return c.matches(s, a, b)
	case "==":
		return coercedEqual(a, b)
	case "!=":
		return !coercedEqual(a, b)
	case "===":
		return strictEqual(a, b)
	case "!==":
		return !strictEqual(a, b)
	case ">":
		return a.CompareTo(b) > 0
	case ">=":
		return a.CompareTo(b) >= 0
	case "<":
		return a.CompareTo(b) < 0
	}
	return a.CompareTo(b) <= 0
}

func numeric(v *JValue) bool { return v.kind == Integer || v.kind == Float }

// coercedEqual compares a value with one of the query: dates and the like as
// their JSON text.
func coercedEqual(v, q *JValue) bool {
	if v.Equal(q) || numeric(v) && numeric(q) && compareNumbers(v.value, q.value) == 0 {
		return true
	}
	if q.kind != String {
		return false
	}
	switch v.kind {
	case Date, Bytes, Guid, TimeSpan, Uri:
		return strings.Trim(Format(v, false), `"`) == q.value
	}
	return false
}

func strictEqual(v, q *JValue) bool {
	if numeric(v) && numeric(q) {
		return compareNumbers(v.value, q.value) == 0
	}
	return v.Equal(q)
}

// regexTimeout bounds one match where there is no Meter: a pattern may come from
// a request.
const regexTimeout = time.Second

// matches is the operator =~. A match that takes too long throws, as it does in
// .NET.
func (c comparison) matches(s *selection, v, q *JValue) bool {
	text, ok := v.value.(string)
	re := c.pattern
	if re == nil && ok {
		re = compilePattern(q)
	}
	if !ok || re == nil {
		return false
	}
	re.MatchTimeout = regexTimeout
	if s.meter != nil {
		s.meter.Spend(0)
		re.MatchTimeout = min(regexTimeout, max(s.meter.Left(), time.Millisecond))
	}
	found, err := re.MatchString(text)
	if err != nil {
		clr.Spend(s.meter, 0)
		panic(&clr.Exception{Type: regex.RegexMatchTimeoutException,
			Message: "The Regex engine has timed out while trying to match a pattern to an input string."})
	}
	return found
}

// compilePattern compiles "/pattern/options", nil for what is none.
func compilePattern(q *JValue) *regexp2.Regexp {
	text, ok := q.value.(string)
	end := strings.LastIndexByte(text, '/')
	if !ok || q.kind != String || end < 1 {
		return nil
	}
	var o regex.Options
	for _, c := range text[end+1:] {
		switch c {
		case 'i':
			o |= regex.IgnoreCase
		case 'm':
			o |= regex.Multiline
		case 's':
			o |= regex.Singleline
		case 'x':
			o |= regex.ExplicitCapture
		}
	}
	if regex.TooLarge(text) {
		noMatch("The pattern is too large.")
	}
	re, err := regex.Compile(text[1:end], o)
	if err != nil {
		noMatch(err.Error())
	}
	return re
}
