package dotnet

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"sekisho/engine/dotnet/clr"
	json "sekisho/engine/dotnet/newtonsoft"
)

// Every row can be called with any arguments of its signature, nulls and extremes
// among them: it returns a value of the type that it declares, throws a .NET
// exception, or exceeds its budget. It never panics otherwise.
func TestRowsSurvive(t *testing.T) {
	l := Std()
	s := &samples{l: l, rnd: rand.New(rand.NewPCG(1, 3)), made: map[*Type][]any{}, failed: map[*Member]bool{}}
	for _, d := range l.Decls() {
		t.Run(d.Full, func(t *testing.T) {
			for _, typ := range s.constructions(l.Lookup(d.Full, d.Arity())) {
				for _, members := range typ.table() {
					for _, m := range members {
						s.try(t, m)
					}
				}
			}
		})
	}
}

type samples struct {
	l    *Library
	rnd  *rand.Rand
	made map[*Type][]any
	// failed are the rows that need not be tried again.
	failed map[*Member]bool
}

// typeArguments are what generic parameters are tried with.
func (s *samples) typeArguments() []*Type {
	l := s.l
	return []*Type{l.String, l.Int, l.Byte, l.Object, l.NullableOf(l.Double), l.Named("Newtonsoft.Json.Linq.JToken"), l.Named("System.StringComparison")}
}

func (s *samples) arguments(n int) []*Type {
	all := s.typeArguments()
	out := make([]*Type, n)
	for i := range out {
		out[i] = all[s.rnd.IntN(len(all))]
	}
	return out
}

func (s *samples) constructions(t *Type) []*Type {
	n := t.Decl().Arity()
	if n == 0 {
		return []*Type{t}
	}
	if t.Is("System.Nullable") {
		return []*Type{s.l.NullableOf(s.l.Int)}
	}
	var out []*Type
	for range 3 {
		out = append(out, s.l.Construct(t, s.arguments(n)))
	}
	return out
}

const triesPerRow = 30

func (s *samples) try(t *testing.T, m *Member) {
	if m.Kind == FieldMember {
		return
	}
	tries := triesPerRow
	if m.Owner.Is("System.Security.Cryptography.RSA") && m.Kind != PropMember {
		tries = 1 // keys take long to make
	}
	for range tries {
		if s.failed[m] {
			return
		}
		targs := s.arguments(len(m.TypeParams))
		f := m.Func(targs)
		var args []any
		if !m.Static && m.Kind != CtorMember {
			recv := s.of(m.Owner)
			if recv == nil {
				return // a type that no sample is of
			}
			args = append(args, recv)
		}
		for _, p := range m.Params {
			args = append(args, s.argument(p, Subst(p.Type, nil, targs)))
		}
		s.call(t, m, f, args, Subst(m.Ret, nil, targs))
		if m.Settable() {
			s.call(t, m, m.Setter(), append(args, s.of(m.Ret)), s.l.Void)
		}
	}
}

func (s *samples) argument(p Param, t *Type) any {
	switch {
	case p.Out || p.Ref:
		return &Ref{Value: s.of(t)}
	case p.Params:
		items := make([]any, s.rnd.IntN(4))
		for i := range items {
			items[i] = s.of(t.Elem)
		}
		return arrayOf(t.Elem, items)
	}
	return s.of(t)
}

func (s *samples) thread() *Thread {
	var th Thread
	// A clock that goes on by a millisecond whenever it is looked at makes the
	// time budget one of steps.
	clock := time.Date(2024, 3, 5, 6, 7, 8, 0, time.UTC)
	th.Begin(nil, 50*time.Millisecond, 1<<20, func() time.Time {
		clock = clock.Add(time.Millisecond)
		return clock
	})
	return &th
}

func (s *samples) call(t *testing.T, m *Member, f Func, args []any, ret *Type) {
	before := t.Failed()
	defer func() { s.failed[m] = t.Failed() && !before }()
	th := s.thread()
	th.Site = &Site{Member: m}
	defer func() {
		switch r := recover().(type) {
		case nil, *Abort:
		case *clr.Exception:
			if s.l.Lookup(r.Type, 0) == nil {
				t.Errorf("%s.%s throws %s, which the table has not", m.Owner.Name, m.Signature(), r.Type)
			}
		default:
			t.Errorf("%s.%s(%s): %v\n%s", m.Owner.Name, m.Signature(), show(args), r, debug.Stack())
		}
	}()
	v := f(th, args)
	switch {
	case ret.Kind == VoidKind:
	case v == nil:
		if !ret.AcceptsNull() {
			t.Errorf("%s.%s(%s) is null", m.Owner.Name, m.Signature(), show(args))
		}
	case !InstanceOf(v, ret) && !heldAsBase(ret, v):
		t.Errorf("%s.%s(%s) is a %s", m.Owner.Name, m.Signature(), show(args), TypeOf(v))
	default:
		// What it returns can be shown, hashed and enumerated.
		_ = Format(th, v, "")
		HashCode(th, v)
		if !Equals(th, v, v) {
			t.Errorf("%s.%s(%s): %v does not equal itself", m.Owner.Name, m.Signature(), show(args), v)
		}
		if TypeOf(v).ElementOf() != nil {
			_ = len(Slice(th, v))
		}
	}
}

// heldAsBase tells values of types that are known at run time as a base class
// (SHA256Managed as SHA256) or as the sequences that they are.
func heldAsBase(t *Type, v any) bool {
	switch t.Decl().Name {
	case "JEnumerable", "IJEnumerable":
		return true
	}
	return t.Kind == Class && len(t.Decl().held) == 0 && t.Base().Prim != Object && InstanceOf(v, t.Base())
}

func show(args []any) string {
	s := fmt.Sprintf("%#v", args)
	return s[:min(len(s), 300)]
}

// of is some value of a type, null among them where it has null.
func (s *samples) of(t *Type) any {
	all := s.made[t]
	if all == nil {
		all = s.make(t)
		s.made[t] = all
	}
	if len(all) == 0 {
		return nil
	}
	if (t.Kind == Class || t.Kind == Interface) && !t.Is("System.Security.Cryptography.RSA") {
		// Fresh ones: rows change them.
		if fresh := s.make(t); len(fresh) > 0 {
			all = fresh
		}
	}
	return all[s.rnd.IntN(len(all))]
}

func (s *samples) make(t *Type) []any {
	l := s.l
	switch t.Kind {
	case Enum:
		return []any{EnumValue{Type: t}, EnumValue{t, t.decl.values[len(t.decl.values)-1]}, EnumValue{t, -77}}
	case NullableKind:
		return []any{nil, s.of(t.Elem)}
	case ArrayKind:
		if t.Rank > 1 {
			return nil
		}
		return []any{arrayOf(t.Elem, nil), arrayOf(t.Elem, s.list(t.Elem)), nil}
	case Delegate:
		params, ret, _ := t.Invoke()
		return []any{&Closure{Type: t, Fn: func(th *Thread, args []any) any {
			if len(args) != len(params) {
				panic("a closure is called with " + itoa(len(args)) + " arguments")
			}
			return s.of(ret)
		}}, nil}
	case TupleKind:
		return []any{Default(t)}
	case VoidKind:
		return nil
	}
	switch t.Prim {
	case String:
		return []any{"", "a", "héllo 😀", "1", "-5", "2024-03-05T10:00:00Z", "{\"a\":[1,null]}", "a,b;c", "\xed\xa0\x80", "<a><b/></a>", "zz%20", nil}
	case Object:
		return []any{nil, "x", int32(5), 1.5, &PlainObject{}, StringArray([]string{"b", "a"}), []byte{1, 2}, true, clr.Char('x'), json.ParseObject(`{"a":1}`), clr.Guid{}}
	case Char:
		return []any{clr.Char('a'), clr.Char(0xD800), clr.Char(0), clr.Char(' ')}
	case Bool:
		return []any{true, false}
	case Float:
		return []any{float32(0), float32(1.5), float32(math.Inf(1))}
	case Double:
		return []any{0.0, -1.5, math.NaN(), math.Inf(-1), 1e300, 2.0}
	case Decimal:
		return []any{clr.Decimal{}, clr.MaxDecimal, clr.OneDecimal}
	case NoPrim:
	default:
		return []any{FromInt(0, t), FromInt(1, t), FromInt(-1, t), FromInt(math.MaxInt32, t), FromInt(math.MinInt64, t), FromInt(3, t)}
	}
	switch t.Full {
	case "Newtonsoft.Json.Linq.JToken", "Newtonsoft.Json.Linq.JContainer":
		o := json.ParseObject(`{"a":1,"b":{"c":[1,"x",null]}}`)
		return []any{o, o.Property("b"), json.ParseArray(`[1,2,{"x":true}]`), o}
	case "Newtonsoft.Json.Linq.JObject":
		return []any{json.ParseObject(`{}`), json.ParseObject(`{"a":1,"b":{"c":[1]}}`)}
	case "Newtonsoft.Json.Linq.JArray":
		return []any{json.NewArray(), json.ParseArray(`[3,"a",null,{"b":1}]`)}
	case "Newtonsoft.Json.Linq.JProperty":
		return []any{json.NewProperty("p", json.NewNull()), json.ParseObject(`{"q":[1]}`).Property("q")}
	case "Newtonsoft.Json.Linq.JValue":
		return []any{json.NewNull(), json.NewValue(int64(4)), json.NewString("s"), json.NewValue(clr.DateTime{}), json.NewValue([]byte{1})}
	case "System.Type":
		return []any{l.Int, l.String, l.Named("System.DayOfWeek"), l.Make("System.Collections.Generic.List", l.Int), l.Object, nil}
	case "System.Exception":
		return []any{&clr.Exception{Type: t.Full, Message: "m"}, &clr.Exception{Type: clr.FormatException, Inner: &clr.Exception{Type: t.Full}}}
	case "System.Array":
		return []any{StringArray([]string{"x", "y"}), []byte{1, 2, 3}, &Array{Type: l.ArrayOf(l.Int, 2), Items: []any{int32(1), int32(2)}, Dims: []int{1, 2}}}
	case "System.Enum":
		return []any{EnumValue{l.Named("System.DayOfWeek"), 1}}
	case "System.Delegate":
		return []any{s.of(l.Named("System.Action"))}
	case "System.StringComparer":
		return []any{stringComparer(clr.OrdinalIgnoreCase), stringComparer(clr.Ordinal)}
	case "System.Random":
		return []any{clr.NewRandom(1)}
	case "System.TimeZoneInfo":
		return []any{clr.UTCZone, clr.FindTimeZone("Europe/Rome")}
	case "System.Collections.IEnumerable":
		return []any{s.of(l.ArrayOf(l.String, 1)), "abc"}
	case "System.IFormatProvider":
		return []any{nil}
	case "System.Collections.IEnumerator":
		return []any{enumeratorOf(s.thread(), "abc", l.Char)}
	}
	if v := s.collections(t); v != nil {
		return v
	}
	if t.Kind == Struct {
		return []any{Default(t)}
	}
	return s.construct(t)
}

func (s *samples) list(elem *Type) []any {
	items := make([]any, 3)
	for i := range items {
		items[i] = s.of(elem)
	}
	return items
}

func (s *samples) collections(t *Type) []any {
	l, name := s.l, strings.TrimPrefix(t.Full, "System.Collections.Generic.")
	name, _, _ = strings.Cut(name, "<")
	if len(t.Args) == 0 {
		return nil
	}
	elem := t.Args[0]
	pairs := func() *Dict {
		d := NewDict(l.Make("System.Collections.Generic.Dictionary", t.Args...), nil)
		for range 2 {
			if k := s.of(t.Args[0]); k != nil {
				d.Set(s.thread(), k, s.of(t.Args[1]))
			}
		}
		return d
	}
	set := func() *Dict {
		d := NewDict(l.Make("System.Collections.Generic.HashSet", elem), nil)
		d.Set(s.thread(), s.of(elem), nil)
		return d
	}
	switch name {
	case "List":
		return []any{NewList(elem, nil), NewList(elem, s.list(elem))}
	case "IList", "ICollection", "IReadOnlyList", "IReadOnlyCollection", "IEnumerable":
		out := []any{NewList(elem, s.list(elem)), arrayOf(elem, s.list(elem))}
		if name == "IEnumerable" {
			out = append(out, SeqOf(elem, s.list(elem)))
		}
		return out
	case "HashSet", "ISet":
		return []any{set()}
	case "Dictionary", "IDictionary", "IReadOnlyDictionary":
		return []any{pairs()}
	case "Queue", "Stack":
		return []any{&Queue{Type: t}, &Queue{Type: t, Items: s.list(elem)}}
	case "IEnumerator":
		return []any{enumeratorOf(s.thread(), arrayOf(elem, s.list(elem)), elem)}
	case "IEqualityComparer", "IComparer", "EqualityComparer", "Comparer":
		return []any{&Comparer{Type: l.Make("System.Collections.Generic.Comparer", elem)}}
	case "System.Linq.IOrderedEnumerable":
		return []any{ordered(elem, &ordering{source: arrayOf(elem, s.list(elem)), order: Compare})}
	case "System.Linq.IGrouping":
		return []any{&Grouping{typ: t, Key: s.of(t.Args[0]), list: s.list(t.Args[1])}}
	case "System.Linq.ILookup":
		return []any{&Lookup{typ: t, index: map[any]*Grouping{}}}
	case "System.IComparable", "System.IEquatable":
		return []any{s.of(l.String)}
	}
	return nil
}

// construct tries the type's constructors and static members.
func (s *samples) construct(t *Type) (out []any) {
	s.made[t] = []any{} // a constructor that takes one of its own gets null
	for _, members := range t.table() {
		for _, m := range members {
			if !m.Static || m.Ret != t || len(m.TypeParams) > 0 || m.Kind == OpMember || m.Kind == ImplicitMember {
				continue
			}
			var args []any
			for _, p := range m.Params {
				args = append(args, s.argument(p, p.Type))
			}
			clr.Try(func() {
				defer func() {
					switch r := recover().(type) {
					case nil, *Abort:
					default:
						panic(r)
					}
				}()
				if m.Kind == FieldMember {
					out = append(out, m.Value())
				} else if v := m.Func(nil)(s.thread(), args); v != nil {
					out = append(out, v)
				}
			})
		}
	}
	return out
}
