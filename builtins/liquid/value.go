package liquid

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// Values are held as package clr says, with these besides: a list is a []any, and
// everything that has members is an object.

// object is what has members.
type object interface {
	Lookup(name string) (any, bool)
}

// dict is an object that can be gone through, as a pair each.
type dict interface {
	object
	Each(f func(name string, v any) bool)
	Len() int
}

// pair is one member of a dict.
type pair struct {
	key   string
	value any
}

// Lookup gives .Key and .Value.
func (p *pair) Lookup(name string) (any, bool) {
	switch strings.ToLower(name) {
	case "key":
		return p.key, true
	case "value":
		return p.value, true
	}
	return nil, false
}

// fields is an object with members that are known when it is made.
type fields []pair

func (f fields) Lookup(name string) (any, bool) {
	for i := range f {
		if strings.EqualFold(f[i].key, name) {
			if get, ok := f[i].value.(func() any); ok {
				return get(), true
			}
			return f[i].value, true
		}
	}
	return nil, false
}

// nothing is empty and blank, which compare equal to what is empty.
type nothing struct{ blank bool }

func truthy(v any) bool {
	switch b := v.(type) {
	case nil:
		return false
	case bool:
		return b
	}
	return true
}

// maxDepth bounds how deep values are followed when they are printed.
const maxDepth = 64

// text is what a value prints.
func (r *renderer) text(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	var b strings.Builder
	err := r.print(&b, v, 0)
	return b.String(), err
}

func (r *renderer) print(b *strings.Builder, v any, depth int) error {
	if depth > maxDepth {
		return &LimitError{"prints values nested too deep"}
	}
	if b.Len() > r.limits.Output {
		return r.pay(b.Len())
	}
	if err := r.tick(); err != nil {
		return err
	}
	switch v := open(v).(type) {
	case []any:
		for _, item := range v {
			if err := r.print(b, item, depth+1); err != nil {
				return err
			}
		}
		return nil
	case *pair:
		b.WriteString("[" + v.key + ", ")
		err := r.print(b, v.value, depth+1)
		b.WriteByte(']')
		return err
	case *element:
		b.WriteString(v.text())
		return nil
	case dict:
		var err error
		v.Each(func(name string, item any) bool {
			err = r.print(b, &pair{name, item}, depth+1)
			return err == nil
		})
		return err
	}
	b.WriteString(scalar(open(v)))
	return nil
}

// scalar is the text of a value without members.
func scalar(v any) string {
	switch v := v.(type) {
	case nil, nothing, object:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int32:
		return strconv.FormatInt(int64(v), 10)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return clr.FormatDouble(v, "")
	case float32:
		return clr.FormatSingle(v, "")
	case clr.Char:
		return string(rune(v))
	}
	return opaqueText(v)
}

// items are what a loop goes through. alone tells that an XML element which is no
// list of like elements is one item: in XML an array of one looks like no array.
func (r *renderer) items(v any, alone bool) ([]any, error) {
	var out []any
	switch v := open(v).(type) {
	case []any:
		return v, nil
	case *numbers:
		if n := v.len(); n > int64(r.limits.Steps) {
			return nil, &LimitError{"goes through a range that is too long"}
		}
		for n := v.from; n <= v.to; n++ {
			out = append(out, integer(n))
		}
	case *pair:
		return []any{v.key, v.value}, nil
	case *element:
		if alone && !v.isList() {
			return []any{v}, nil
		}
		for _, c := range v.children {
			out = append(out, c.value())
		}
	case dict:
		v.Each(func(name string, item any) bool {
			out = append(out, &pair{name, item})
			return len(out) <= r.limits.Steps
		})
	default:
		if alone && v != nil {
			return []any{v}, nil
		}
	}
	return out, nil
}

// numbers is a range (from..to).
type numbers struct{ from, to int64 }

func (n *numbers) len() int64 { return max(n.to-n.from+1, 0) }

func integer(n int64) any {
	if int64(int32(n)) == n {
		return int32(n)
	}
	return n
}

// toInt is the whole number that a value is, or says.
func toInt(v any) (int, bool) {
	d, ok := toDecimal(v)
	if !ok {
		return 0, false
	}
	f := d.Float64()
	if f > 1<<31 || f < -(1<<31) {
		return 0, false
	}
	return int(f), true
}

// toDecimal is the number that a value is, or says.
func toDecimal(v any) (d clr.Decimal, ok bool) {
	switch n := v.(type) {
	case int32:
		return clr.DecimalFromInt(int64(n)), true
	case int64:
		return clr.DecimalFromInt(n), true
	case clr.Decimal:
		return n, true
	case float64:
		thrown := clr.Try(func() { d = clr.DecimalFromFloat(n) })
		return d, thrown == nil
	case string:
		return clr.TryParseDecimal(n, clr.StyleFloat)
	case *element:
		return toDecimal(n.text())
	}
	if n, isNumber := opaqueNumber(v); isNumber {
		return toDecimal(n)
	}
	return clr.Decimal{}, false
}

func isNumber(v any) bool {
	switch v.(type) {
	case int32, int64, float64, clr.Decimal:
		return true
	}
	return false
}

func isInteger(v any) bool {
	switch v.(type) {
	case int32, int64:
		return true
	}
	return false
}

// equal compares as == does: what differs in type is compared as the type of the left.
func equal(a, b any) bool {
	if n, ok := a.(nothing); ok {
		return n.is(b)
	}
	if n, ok := b.(nothing); ok {
		return n.is(a)
	}
	a, b = plain(a), plain(b)
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	switch x := a.(type) {
	case string:
		return x == scalar(b)
	case bool:
		if y, ok := b.(bool); ok {
			return x == y
		}
		return strings.EqualFold(strconv.FormatBool(x), strings.TrimSpace(scalar(b)))
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equal(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	if x, ok := toDecimal(a); ok {
		y, ok := toDecimal(b)
		return ok && x.Equal(y)
	}
	if c, ok := compareDates(a, b); ok {
		return c == 0
	}
	return false
}

// is tells whether a value is empty, or blank.
func (n nothing) is(v any) bool {
	switch v := plain(v).(type) {
	case nil:
		return n.blank
	case string:
		return v == "" || n.blank && strings.TrimSpace(v) == ""
	case bool:
		return n.blank && !v
	case []any:
		return len(v) == 0
	case dict:
		return v.Len() == 0
	}
	return false
}

// plain is a value opened, with an XML element read as its text.
func plain(v any) any {
	v = open(v)
	if e, ok := v.(*element); ok {
		return e.text()
	}
	return v
}

// compare orders two values; ok is false where they have no order.
func compare(a, b any) (c int, ok bool) {
	a, b = plain(a), plain(b)
	if a == nil || b == nil {
		return 0, false
	}
	if x, is := a.(string); is {
		if c, ok := compareDates(a, b); ok && !isString(b) {
			return c, true
		}
		return int(clr.CompareTo(x, scalar(b))), true
	}
	if x, is := toDecimal(a); is {
		y, is := toDecimal(b)
		return int(x.Cmp(y)), is
	}
	return compareDates(a, b)
}

func isString(v any) bool { _, ok := v.(string); return ok }

func compareDates(a, b any) (int, bool) {
	x, ok1 := toDate(a)
	y, ok2 := toDate(b)
	if !ok1 || !ok2 {
		return 0, false
	}
	switch {
	case x.Ticks < y.Ticks:
		return -1, true
	case x.Ticks > y.Ticks:
		return 1, true
	}
	return 0, true
}

func containsValue(a, b any) bool {
	switch a := plain(a).(type) {
	case string:
		return b != nil && strings.Contains(a, scalar(plain(b)))
	case []any:
		for _, item := range a {
			if equal(item, b) {
				return true
			}
		}
	case dict:
		return hasKey(a, b)
	}
	return false
}

func startsWith(a, b any) bool {
	switch a := plain(a).(type) {
	case string:
		return b != nil && strings.HasPrefix(a, scalar(plain(b)))
	case []any:
		return len(a) > 0 && equal(a[0], b)
	}
	return false
}

func endsWith(a, b any) bool {
	switch a := plain(a).(type) {
	case string:
		return b != nil && strings.HasSuffix(a, scalar(plain(b)))
	case []any:
		return len(a) > 0 && equal(a[len(a)-1], b)
	}
	return false
}

func hasKey(a, b any) bool {
	o, ok := open(a).(object)
	if !ok || b == nil {
		return false
	}
	_, ok = o.Lookup(scalar(plain(b)))
	return ok
}

func hasValue(a, b any) bool {
	d, ok := open(a).(dict)
	found := false
	if ok {
		d.Each(func(_ string, v any) bool { found = equal(v, b); return !found })
	}
	return found
}

// expr is what yields a value.
type expr interface {
	eval(r *renderer) (any, error)
}

type literal struct{ v any }

func (l literal) eval(*renderer) (any, error) { return l.v, nil }

type not struct{ e expr }

func (n *not) eval(r *renderer) (any, error) {
	v, err := n.e.eval(r)
	return !truthy(v), err
}

type both struct {
	left, right expr
	or          bool
}

func (b *both) eval(r *renderer) (any, error) {
	if err := r.tick(); err != nil {
		return nil, err
	}
	v, err := b.left.eval(r)
	if err != nil || truthy(v) == b.or {
		return truthy(v), err
	}
	v, err = b.right.eval(r)
	return truthy(v), err
}

type comparison struct {
	left, right expr
	op          func(a, b any) bool
}

func (c *comparison) eval(r *renderer) (any, error) {
	a, err := c.left.eval(r)
	if err != nil {
		return nil, err
	}
	b, err := c.right.eval(r)
	if err != nil {
		return nil, err
	}
	return c.op(a, b), nil
}

type whenExpr struct {
	of     expr
	values []expr
}

func (w *whenExpr) eval(r *renderer) (any, error) {
	v, err := w.of.eval(r)
	for i := 0; err == nil && i < len(w.values); i++ {
		var x any
		if x, err = w.values[i].eval(r); err == nil && equal(v, x) {
			return true, nil
		}
	}
	return false, err
}

type rangeExpr struct{ from, to expr }

func (e *rangeExpr) eval(r *renderer) (any, error) {
	a, err := e.from.eval(r)
	if err != nil {
		return nil, err
	}
	b, err := e.to.eval(r)
	if err != nil {
		return nil, err
	}
	from, ok1 := toInt(a)
	to, ok2 := toInt(b)
	if !ok1 || !ok2 {
		return nil, errors.New("a range wants two whole numbers")
	}
	return &numbers{int64(from), int64(to)}, nil
}

// path is a name with the members that follow it.
type path struct {
	root  expr
	steps []expr
}

func (p *path) eval(r *renderer) (any, error) {
	name, err := p.root.eval(r)
	if err != nil {
		return nil, err
	}
	v, err := r.lookup(scalar(name))
	v = open(v)
	for i := 0; err == nil && v != nil && i < len(p.steps); i++ {
		var key any
		if err = r.tick(); err != nil {
			return nil, err
		}
		if key, err = p.steps[i].eval(r); err == nil {
			v = member(v, plain(key))
		}
	}
	return v, err
}

// lookup finds what a name stands for: loops, innermost first, then what was
// assigned, then counters, then the roots.
func (r *renderer) lookup(name string) (any, error) {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		s := &r.scopes[i]
		switch {
		case s.name == name:
			return s.value, nil
		case name == "forloop" && s.loop.cols == 0, name == "tablerowloop" && s.loop.cols > 0:
			return s.loop, nil
		}
	}
	if v, ok := r.vars[name]; ok {
		return v, nil
	}
	if n, ok := r.counters[name]; ok {
		return n, nil
	}
	switch name {
	case "body":
		return r.readBody()
	case "context":
		if r.data.Context != nil {
			return contextObject(r.data.Context), nil
		}
	}
	return nil, nil
}

// member is one step of a path. What there is not is null.
func member(v, key any) any {
	v = open(v)
	if i, ok := key.(int32); ok {
		return itemAt(v, int(i))
	}
	name := scalar(key)
	if o, ok := v.(object); ok {
		if m, ok := o.Lookup(name); ok {
			return open(m)
		}
	}
	if i, err := strconv.Atoi(name); err == nil {
		return itemAt(v, i)
	}
	switch strings.ToLower(name) {
	case "size", "count", "length":
		switch v := v.(type) {
		case []any:
			return int32(len(v))
		case string:
			return int32(utf8.RuneCountInString(v))
		case *numbers:
			return integer(v.len())
		case dict:
			return int32(v.Len())
		}
	case "first":
		return itemAt(v, 0)
	case "last":
		return itemAt(v, -1)
	}
	return nil
}

// itemAt is an item of a list, counted from the end if negative.
func itemAt(v any, i int) any {
	switch v := v.(type) {
	case []any:
		if i < 0 {
			i += len(v)
		}
		if i >= 0 && i < len(v) {
			return open(v[i])
		}
	case *pair:
		switch i {
		case 0:
			return v.key
		case 1:
			return open(v.value)
		}
	case *numbers:
		n := v.from + int64(i)
		if i < 0 {
			n = v.to + 1 + int64(i)
		}
		if n >= v.from && n <= v.to {
			return integer(n)
		}
	case *element:
		// One element where several may stand is the first of them.
		if i == 0 || i == -1 {
			return v
		}
	case object:
		if m, ok := v.Lookup(strconv.Itoa(i)); ok {
			return open(m)
		}
	}
	return nil
}
