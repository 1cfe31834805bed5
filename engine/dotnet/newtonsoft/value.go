package newtonsoft

import (
	"bytes"
	"cmp"
	"math/big"

	"sekisho/engine/dotnet/clr"
)

// JValue is a primitive value: null, a string, a number, a date and so on. Whole
// numbers are an int64, or a uint64 or *big.Int where they do not fit.
type JValue struct {
	node
	kind  JTokenType
	value any
}

// URI is a System.Uri, as this package needs to know it.
type URI interface {
	OriginalString() string
	String() string
}

// NewNull is JValue.CreateNull().
func NewNull() *JValue { return &JValue{kind: Null} }

// NewUndefined is JValue.CreateUndefined().
func NewUndefined() *JValue { return &JValue{kind: Undefined} }

// NewString is JValue.CreateString, and new JValue(string).
func NewString(s string) *JValue { return &JValue{kind: String, value: s} }

// NewComment is JValue.CreateComment.
func NewComment(s string) *JValue { return &JValue{kind: Comment, value: s} }

// NewRaw is new JRaw(json).
func NewRaw(s string) *JValue { return &JValue{kind: Raw, value: s} }

// NewValue is new JValue(object), and the implicit conversion of a .NET value to
// a JToken. It throws for a value that JSON has no type for.
func NewValue(v any) *JValue {
	switch v := v.(type) {
	case nil:
		return NewNull()
	case *JValue:
		return &JValue{kind: v.kind, value: v.value}
	case string:
		return NewString(v)
	case clr.Char:
		return NewString(v.String())
	case bool:
		return &JValue{kind: Boolean, value: v}
	case int64:
		return &JValue{kind: Integer, value: v}
	case int32:
		return &JValue{kind: Integer, value: int64(v)}
	case int8:
		return &JValue{kind: Integer, value: int64(v)}
	case int16:
		return &JValue{kind: Integer, value: int64(v)}
	case uint8:
		return &JValue{kind: Integer, value: int64(v)}
	case uint16:
		return &JValue{kind: Integer, value: int64(v)}
	case uint32:
		return &JValue{kind: Integer, value: int64(v)}
	case uint64, *big.Int:
		return &JValue{kind: Integer, value: v}
	case float32, float64, clr.Decimal:
		return &JValue{kind: Float, value: v}
	case clr.DateTime, clr.DateTimeOffset:
		return &JValue{kind: Date, value: v}
	case []byte:
		return &JValue{kind: Bytes, value: v}
	case clr.Guid:
		return &JValue{kind: Guid, value: v}
	case clr.TimeSpan:
		return &JValue{kind: TimeSpan, value: v}
	case URI:
		return &JValue{kind: Uri, value: v}
	case Number:
		return &JValue{kind: Integer, value: v.JSONNumber()}
	}
	clr.ThrowArgument("Could not determine JSON object type for type "+typeOf(v)+".", "")
	return nil
}

// typeOf is the name of a value's type for messages.
func typeOf(v any) string {
	if n := clr.TypeName(v); n != "" {
		return n
	}
	if t, ok := v.(interface{ JSONTypeName() string }); ok {
		return t.JSONTypeName()
	}
	return "System.Object"
}

func (v *JValue) Type() JTokenType { return v.kind }

// Value is JValue.Value: the .NET value, nil for null.
func (v *JValue) Value() any { return v.value }

// SetValue is value.Value = x.
func (v *JValue) SetValue(x any) {
	n := NewValue(x)
	v.kind, v.value = n.kind, n.value
}

// String is JValue.ToString(): the text of the value, without quotes.
func (v *JValue) String() string { return v.FormatValue("") }

// FormatValue is JValue.ToString(format), in the invariant culture.
func (v *JValue) FormatValue(format string) string {
	switch x := v.value.(type) {
	case []byte:
		return "System.Byte[]"
	case *big.Int:
		return x.String()
	}
	s, _ := clr.Format(v.value, format)
	return s
}

func (v *JValue) clone() JToken { return &JValue{kind: v.kind, value: v.value} }

// Equal is JValue.Equals: of the same type and the same value.
func (v *JValue) Equal(w *JValue) bool {
	return v == w || w != nil && v.kind == w.kind && compareValues(v.kind, v.value, w.value) == 0
}

// CompareTo is JValue.CompareTo.
func (v *JValue) CompareTo(w *JValue) int32 {
	if w == nil {
		return 1
	}
	kind := v.kind
	if kind == String && w.kind != String {
		kind = w.kind
	}
	return int32(compareValues(kind, v.value, w.value))
}

// compareValues compares two values as the type kind does.
func compareValues(kind JTokenType, a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case b == nil:
		return 1
	case a == nil:
		return -1
	}
	switch kind {
	case Integer, Float:
		return compareNumbers(a, b)
	case Boolean:
		x, y := clr.ToBoolean(a), clr.ToBoolean(b)
		if x == y {
			return 0
		} else if x {
			return 1
		}
		return -1
	case Date:
		return cmp.Compare(dateTicks(a), dateTicks(b))
	case Bytes:
		x, _ := a.([]byte)
		y, ok := b.([]byte)
		if !ok {
			clr.ThrowArgument("Object must be of type byte[].", "")
		}
		return bytes.Compare(x, y)
	case Guid:
		x, _ := a.(clr.Guid)
		y, ok := b.(clr.Guid)
		if !ok {
			clr.ThrowArgument("Object must be of type Guid.", "")
		}
		return int(x.Compare(y))
	case TimeSpan:
		x, _ := a.(clr.TimeSpan)
		y, ok := b.(clr.TimeSpan)
		if !ok {
			clr.ThrowArgument("Object must be of type TimeSpan.", "")
		}
		return cmp.Compare(x, y)
	}
	return int(clr.CompareOrdinal(text(a), text(b)))
}

func text(v any) string {
	if u, ok := v.(URI); ok {
		return u.String()
	}
	s, _ := clr.String(v)
	return s
}

func dateTicks(v any) int64 {
	switch v := v.(type) {
	case clr.DateTime:
		return v.Ticks
	case clr.DateTimeOffset:
		return v.UTCTicks
	}
	return clr.ParseDateTime(text(v), 0, noClock).Ticks
}

func compareNumbers(a, b any) int {
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	}
	x, okX := whole(a)
	y, okY := whole(b)
	if okX && okY {
		return x.Cmp(y)
	}
	if _, ok := a.(clr.Decimal); ok || isDecimal(b) {
		return int(clr.ToDecimal(bigToDouble(a)).Cmp(clr.ToDecimal(bigToDouble(b))))
	}
	return cmp.Compare(clr.ToDouble(bigToDouble(a)), clr.ToDouble(bigToDouble(b)))
}

func isDecimal(v any) bool { _, ok := v.(clr.Decimal); return ok }

func bigToDouble(v any) any {
	if b, ok := v.(*big.Int); ok {
		f, _ := new(big.Float).SetInt(b).Float64()
		return f
	}
	return v
}

func whole(v any) (*big.Int, bool) {
	switch v := v.(type) {
	case int64:
		return big.NewInt(v), true
	case uint64:
		return new(big.Int).SetUint64(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}

// HashCode is equal for equal values.
func (v *JValue) HashCode() int32 {
	if v.value == nil {
		return 0
	}
	return clr.HashString(v.kind.String() + v.String())
}
