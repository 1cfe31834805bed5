package dotnet

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unsafe"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	json "sekisho/engine/dotnet/newtonsoft"
)

// What every value has: text, equality, a hash, and for many an order.

// ToString is the text of any value as Object.ToString gives it; null is "".
func ToString(v any) string { return textOf(v, "") }

// Format is the text of any value in a format of its type, as an interpolated
// string and String.Format want it; null is "".
func Format(t *Thread, v any, format string) string {
	if x, ok := v.(json.JContainer); ok {
		return tokenText(t, x, true)
	}
	weigh(t, v)
	s := textOf(v, format)
	t.Pay(len(s))
	return s
}

// weigh bounds the work of showing tuples of tuples: their parts may be shared,
// so that their text is exponentially longer than they are.
func weigh(t *Thread, v any) {
	switch v := v.(type) {
	case *Record:
		t.Enter()
		t.Pay(8 * len(v.Items))
		for _, x := range v.Items {
			t.Tick()
			weigh(t, x)
		}
		t.Leave()
	case Pair:
		t.Enter()
		weigh(t, v.Key)
		weigh(t, v.Value)
		t.Leave()
	}
}

func textOf(v any, format string) string {
	switch v := v.(type) {
	case EnumValue:
		return v.Format(format)
	case *Array, []byte, *List, *Dict, *Queue, *Seq, *Closure, *PlainObject:
		return RuntimeName(TypeOf(v))
	case *Record:
		return v.text()
	case Pair:
		return "[" + ToString(v.Key) + ", " + ToString(v.Value) + "]"
	case *Type:
		return RuntimeName(v)
	case *clr.Exception:
		return exceptionText(v)
	case *apim.URL:
		return urlText(v)
	case *apim.Certificate:
		return certificateText(v)
	}
	if f, ok := v.(interface{ FormatText(string) string }); ok {
		return f.FormatText(format)
	}
	if s, ok := clr.Format(v, format); ok {
		return s
	}
	return RuntimeName(TypeOf(v))
}

func (r *Record) text() string {
	var b strings.Builder
	if r.Type.Kind == TupleKind || r.Type.decl != nil {
		b.WriteByte('(')
		for i, v := range r.Items {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(ToString(v))
		}
		b.WriteByte(')')
		return b.String()
	}
	b.WriteByte('{')
	for i, v := range r.Items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(" " + r.Type.Fields[i].Name + " = " + ToString(v))
	}
	b.WriteString(" }")
	return b.String()
}

func exceptionText(e *clr.Exception) string {
	var b strings.Builder
	depth := 0
	for ; e != nil; e = e.Inner {
		if depth > 0 {
			b.WriteString("\n ---> ")
		}
		b.WriteString(e.Type)
		if e.Message != "" {
			b.WriteString(": " + e.Message)
		}
		depth++
	}
	for ; depth > 1; depth-- {
		b.WriteString("\n   --- End of inner exception stack trace ---")
	}
	return b.String()
}

// Format is Enum.ToString(format): G, F, D or X.
func (e EnumValue) Format(format string) string {
	d := e.Type.decl
	switch format {
	case "D", "d":
		return strconv.FormatInt(e.Value, 10)
	case "X", "x":
		return fmt.Sprintf("%08X", uint32(e.Value))
	case "", "G", "g", "F", "f":
	default:
		clr.Throw(clr.FormatException, `Format string can be only "G", "g", "X", "x", "F", "f", "D" or "d".`)
	}
	for i, v := range d.values {
		if v == e.Value {
			return d.names[i]
		}
	}
	if d.flags || format == "F" || format == "f" {
		if s := flagNames(d, e.Value); s != "" {
			return s
		}
	}
	return strconv.FormatInt(e.Value, 10)
}

// flagNames names a value whose bits are several of the enum's, "" if some bit
// has no name.
func flagNames(d *Decl, value int64) string {
	var names []string
	rest := value
	for i := len(d.values) - 1; i >= 0 && rest != 0; i-- {
		if v := d.values[i]; v != 0 && rest&v == v {
			names = append([]string{d.names[i]}, names...)
			rest &^= v
		}
	}
	if rest != 0 || value == 0 {
		return ""
	}
	return strings.Join(names, ", ")
}

// Equals is Object.Equals(a, b): values of value types and strings by what they
// are, of most others by identity.
func Equals(t *Thread, a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	switch a := a.(type) {
	case *Record:
		b, ok := b.(*Record)
		if !ok || len(a.Items) != len(b.Items) || a.Type != b.Type && a.Type.Kind != TupleKind {
			return false
		}
		t.Enter()
		defer t.Leave()
		t.Tick()
		for i, v := range a.Items {
			if !Equals(t, v, b.Items[i]) {
				return false
			}
		}
		return true
	case Pair:
		b, ok := b.(Pair)
		return ok && a.Type == b.Type && Equals(t, a.Key, b.Key) && Equals(t, a.Value, b.Value)
	case *apim.Certificate:
		b, ok := b.(*apim.Certificate)
		return ok && (a == b || a.Certificate != nil && b.Certificate != nil && bytes.Equal(a.Raw, b.Raw))
	case interface{ EqualsObject(any) bool }:
		return a.EqualsObject(b)
	}
	if eq, known := foreignEqual(a, b); known {
		return eq
	}
	if s, ok := a.(string); ok {
		u, ok := b.(string)
		t.Ticks(len(s) / 64)
		return ok && s == u
	}
	if !reflect.TypeOf(a).Comparable() || !reflect.TypeOf(b).Comparable() {
		if _, ok := a.([]byte); !ok {
			return false
		}
	}
	return clr.Equal(a, b)
}

type (
	nullKey   struct{}
	pairKey   struct{ a, b any }
	bytesKey  struct{ p *byte }
	ticksKey  struct{ n int64 }
	offsetKey struct{ n int64 }
	decKey    struct{ s string }
	nanKey    struct{}
)

// HashKey is a comparable Go value that two .NET values share exactly if they are
// equal.
func HashKey(t *Thread, v any) any {
	switch v := v.(type) {
	case nil:
		return nullKey{}
	case string:
		t.Ticks(len(v) / 64)
		return v
	case *Record:
		var k any = pairKey{v.Type.Kind, len(v.Items)}
		if v.Type.Kind != TupleKind {
			k = v.Type
		}
		t.Enter()
		for _, i := range v.Items {
			t.Pay(48)
			k = pairKey{k, HashKey(t, i)}
		}
		t.Leave()
		return k
	case Pair:
		return pairKey{pairKey{v.Type, HashKey(t, v.Key)}, HashKey(t, v.Value)}
	case []byte:
		return bytesKey{unsafe.SliceData(v)}
	case clr.DateTime:
		return ticksKey{v.Ticks}
	case clr.DateTimeOffset:
		return offsetKey{v.UTCTicks}
	case clr.Decimal:
		return decKey{strings.TrimRight(v.Format("F28"), "0")}
	case float64:
		if v != v {
			return nanKey{}
		}
	case *apim.Certificate:
		if v.Certificate != nil {
			return pairKey{"certificate", string(v.Raw)}
		}
	case interface{ HashKey() any }:
		return v.HashKey()
	}
	if k, known := foreignKey(t, v); known {
		return k
	}
	return v
}

// HashCode is Object.GetHashCode. The codes of numbers, dates and GUIDs are those
// of .NET; those of strings differ from process to process there and do not here.
func HashCode(t *Thread, v any) int32 {
	switch v := v.(type) {
	case nil:
		return 0
	case string:
		return clr.HashString(v)
	case bool:
		if v {
			return 1
		}
		return 0
	case int32:
		return v
	case int64:
		return int32(v) ^ int32(v>>32)
	case uint64:
		return int32(v) ^ int32(v>>32)
	case clr.Char:
		return int32(v) | int32(v)<<16
	case int8:
		return int32(v)
	case int16:
		return int32(v)
	case uint8:
		return int32(v)
	case uint16:
		return int32(v)
	case uint32:
		return int32(v)
	case float64:
		if v == 0 {
			v = 0
		}
		n := int64(math.Float64bits(v))
		return int32(n) ^ int32(n>>32)
	case float32:
		return int32(math.Float32bits(v))
	case clr.Decimal:
		return v.HashCode()
	case clr.Guid:
		return v.HashCode()
	case clr.DateTime:
		return int32(v.Ticks) ^ int32(v.Ticks>>32)
	case clr.DateTimeOffset:
		return int32(v.UTCTicks) ^ int32(v.UTCTicks>>32)
	case clr.TimeSpan:
		return int32(v) ^ int32(v>>32)
	case EnumValue:
		return int32(v.Value) ^ int32(v.Value>>32)
	case *Record:
		h := int32(17)
		t.Enter()
		for _, i := range v.Items {
			t.Tick()
			h = h*31 + HashCode(t, i)
		}
		t.Leave()
		return h
	case Pair:
		return HashCode(t, v.Key)*31 + HashCode(t, v.Value)
	}
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer || rv.Kind() == reflect.Slice {
		p := uint64(rv.Pointer())
		return int32(p>>4) & math.MaxInt32
	}
	return clr.HashString(ToString(v))
}

// Compare is Comparer<T>.Default: null comes first, strings are compared as
// their culture does. Values without an order throw ArgumentException.
func Compare(t *Thread, a, b any) int {
	if a == nil || b == nil {
		switch {
		case a == nil && b == nil:
			return 0
		case a == nil:
			return -1
		}
		return 1
	}
	t.Tick()
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			t.Ticks(min(len(x), len(y)) / 64)
			return int(clr.CompareTo(x, y))
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(b2i(x), b2i(y))
		}
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y)
		}
	case float32:
		if y, ok := b.(float32); ok {
			return cmp.Compare(x, y)
		}
	case clr.Decimal:
		if y, ok := b.(clr.Decimal); ok {
			return int(x.Cmp(y))
		}
	case clr.DateTime:
		if y, ok := b.(clr.DateTime); ok {
			return cmp.Compare(x.Ticks, y.Ticks)
		}
	case clr.DateTimeOffset:
		if y, ok := b.(clr.DateTimeOffset); ok {
			return cmp.Compare(x.UTCTicks, y.UTCTicks)
		}
	case clr.TimeSpan:
		if y, ok := b.(clr.TimeSpan); ok {
			return cmp.Compare(x, y)
		}
	case clr.Guid:
		if y, ok := b.(clr.Guid); ok {
			return int(x.Compare(y))
		}
	case *Record:
		if y, ok := b.(*Record); ok && x.Type.Kind == TupleKind || ok && x.Type.Is("System.Tuple") {
			t.Enter()
			defer t.Leave()
			for i := range x.Items {
				if i < len(y.Items) {
					if c := Compare(t, x.Items[i], y.Items[i]); c != 0 {
						return c
					}
				}
			}
			return 0
		}
	case interface{ CompareObject(any) int }:
		return x.CompareObject(b)
	}
	if TypeOf(a) == TypeOf(b) {
		if i, u, isU, ok := integral(a); ok {
			j, w, _, _ := integral(b)
			if isU {
				return cmp.Compare(u, w)
			}
			return cmp.Compare(i, j)
		}
	}
	if c, known := foreignCompare(a, b); known {
		return c
	}
	if !hasOrder(a) {
		clr.Throw(clr.ArgumentException, "At least one object must implement IComparable.")
	}
	clr.Throw(clr.ArgumentException, "Object must be of type %s.", lastName(TypeOf(a)))
	return 0
}

func hasOrder(v any) bool {
	switch v.(type) {
	case string, bool, float64, float32, clr.Decimal, clr.DateTime, clr.DateTimeOffset, clr.TimeSpan, clr.Guid:
		return true
	}
	_, _, _, ok := integral(v)
	return ok
}

func lastName(t *Type) string {
	if t.decl != nil {
		return t.decl.Name
	}
	return t.Name
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func itoa(n int) string { return strconv.Itoa(n) }

// Comparer is an IEqualityComparer<T>, an IComparer<T>, or a StringComparer,
// which is both.
type Comparer struct {
	Type *Type
	// key makes two values one that are equal by the comparer.
	key func(t *Thread, v any) any
	// compare orders values.
	compare func(t *Thread, a, b any) int
}

// DotnetType implements Typed.
func (c *Comparer) DotnetType() *Type { return c.Type }

// comparerKey is c's key, or HashKey without a comparer.
func comparerKey(c *Comparer) func(t *Thread, v any) any {
	if c == nil || c.key == nil {
		return HashKey
	}
	return c.key
}

// comparerOrder is how c compares, or Compare without a comparer.
func comparerOrder(c *Comparer) func(t *Thread, a, b any) int {
	if c == nil || c.compare == nil {
		return Compare
	}
	return c.compare
}

// ordering is one level of OrderBy and ThenBy.
type ordering struct {
	source any
	before *ordering // the levels that decide first
	key    *Closure
	order  func(t *Thread, a, b any) int
	desc   bool
}
