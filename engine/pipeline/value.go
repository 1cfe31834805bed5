package pipeline

import (
	"math"
	"strconv"
	"strings"

	"sekisho/engine/dotnet"
)

// Expr is a compiled policy expression, C# or JavaScript: immutable, shared by all
// requests. Its errors are Faults with reason ExpressionValueEvaluationFailure.
type Expr interface {
	// Any evaluates to a value held as package clr says.
	Any(x *Exchange) (any, error)
	// Text evaluates to what ToString gives, "" for null.
	Text(x *Exchange) (string, error)
	// Bool evaluates to a boolean.
	Bool(x *Exchange) (bool, error)
}

// Values that policies declare for attributes and texts: a literal or an expression.
// A plain Go type in their place allows literals only.
type (
	String = Value[string]
	Int    = Value[int64]
	Float  = Value[float64]
	Bool   = Value[bool]
	// Any keeps an expression's value as it is; a literal is a string.
	Any = Value[any]
)

// Value is the value of an attribute or a text. A literal needs no virtual machine
// and no allocation.
type Value[T any] struct {
	lit  T
	expr Expr
	set  bool
}

// Lit makes a literal Value.
func Lit[T any](v T) Value[T] { return Value[T]{lit: v, set: true} }

// IsSet tells whether the document gives the value, or a default stands for it.
func (v *Value[T]) IsSet() bool { return v.set }

// Literal returns the value if it does not depend on the request.
func (v *Value[T]) Literal() (T, bool) { return v.lit, v.expr == nil && v.set }

// Get returns the value for this Exchange.
func (v *Value[T]) Get(x *Exchange) (T, error) {
	if v.expr == nil {
		return v.lit, nil
	}
	return v.eval(x)
}

func (v *Value[T]) eval(x *Exchange) (out T, err error) {
	switch p := any(&out).(type) {
	case *string:
		*p, err = v.expr.Text(x)
	case *bool:
		*p, err = v.expr.Bool(x)
	case *any:
		*p, err = v.expr.Any(x)
	default:
		var got any
		if got, err = v.expr.Any(x); err == nil && !convert(got, any(&out)) {
			err = Faultf(500, ReasonExpression, "Expression evaluation failed. The result, %s, is not a number.", quoteForMessage(got))
		}
	}
	return out, err
}

// quoteForMessage says what kind of value it was, never the value: it may be a secret.
func quoteForMessage(v any) string {
	if v == nil {
		return "null"
	}
	return "of type " + dotnet.TypeOf(v).Full
}

// convert turns an expression's value into *int64 or *float64.
func convert(v any, out any) bool {
	f, isNumber := number(v)
	if s, ok := v.(string); ok {
		var err error
		f, err = strconv.ParseFloat(strings.TrimSpace(s), 64)
		isNumber = err == nil
	}
	if !isNumber || math.IsNaN(f) {
		return false
	}
	switch p := out.(type) {
	case *float64:
		*p = f
		return true
	case *int64:
		if f < math.MinInt64 || f >= math.MaxInt64 {
			return false
		}
		*p = int64(f)
		return true
	}
	return false
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int32:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case int8:
		return float64(n), true
	case int16:
		return float64(n), true
	case uint8:
		return float64(n), true
	case uint16:
		return float64(n), true
	case uint32:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float32:
		return float64(n), true
	}
	// decimal, JValue and the like say their number as text.
	if v == nil {
		return 0, false
	}
	f, err := strconv.ParseFloat(dotnet.ToString(v), 64)
	return f, err == nil
}

// truth is what a condition's value means.
func truth(v any) (b, ok bool) {
	switch t := v.(type) {
	case bool:
		return t, true
	case string:
		switch {
		case strings.EqualFold(t, "true"):
			return true, true
		case strings.EqualFold(t, "false"):
			return false, true
		}
		return false, false
	case nil:
		return false, false
	}
	switch s := dotnet.ToString(v); {
	case strings.EqualFold(s, "true"):
		return true, true
	case strings.EqualFold(s, "false"):
		return false, true
	}
	return false, false
}

// parser reads a literal as the type of a Value; want says what it takes.
func parseLiteral(s string, out any) (want string, ok bool) {
	switch p := out.(type) {
	case *string:
		*p = s
		return "", true
	case *any:
		*p = s
		return "", true
	case *bool:
		b, ok := truth(strings.TrimSpace(s))
		*p = b
		return `"true" or "false"`, ok
	case *int64:
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		*p = n
		return "a whole number", err == nil
	case *float64:
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		*p = f
		return "a number", err == nil
	}
	panic("pipeline: internal error: no such kind of literal")
}

// slot is a Value of any type, as the decoder fills it.
type slot interface {
	literal(s string) (want string, ok bool)
	expression(e Expr)
	number() (f float64, ok bool)
}

func (v *Value[T]) literal(s string) (string, bool) {
	v.set = true
	return parseLiteral(s, any(&v.lit))
}

func (v *Value[T]) expression(e Expr) { v.expr, v.set = e, true }

func (v *Value[T]) number() (float64, bool) {
	if v.expr != nil || !v.set {
		return 0, false
	}
	switch n := any(v.lit).(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}
