package csharp

import (
	"math"

	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
)

// integers are the types that arithmetic is done in.
type integers interface {
	~int32 | ~uint32 | ~int64 | ~uint64
}

func overflow() {
	clr.Throw(clr.OverflowException, "Arithmetic operation resulted in an overflow.")
}

func add[T integers](a, b T, checked bool) T {
	r := a + b
	if checked && (b >= 0 && r < a || b < 0 && r > a) {
		overflow()
	}
	return r
}

func sub[T integers](a, b T, checked bool) T {
	r := a - b
	if checked && (b >= 0 && r > a || b < 0 && r < a) {
		overflow()
	}
	return r
}

func mul[T integers](a, b T, checked bool) T {
	r := a * b
	if checked && a != 0 && (r/a != b || r < 0 && a == ^T(0) && b == r) {
		overflow()
	}
	return r
}

func div[T integers](a, b T) T {
	if b == 0 {
		clr.Throw(clr.DivideByZeroException, "Attempted to divide by zero.")
	}
	if ^T(0) < 0 && b == ^T(0) && a != 0 && a == -a {
		overflow()
	}
	return a / b
}

func rem[T integers](a, b T) T {
	if b == 0 {
		clr.Throw(clr.DivideByZeroException, "Attempted to divide by zero.")
	}
	if ^T(0) < 0 && b == ^T(0) {
		if a != 0 && a == -a {
			overflow()
		}
		return 0
	}
	return a % b
}

// integerOp is an operator on one integer type; nil if there is no such operator.
func integerOp[T integers](op string, checked bool) func(a, b T) T {
	switch op {
	case "+":
		return func(a, b T) T { return add(a, b, checked) }
	case "-":
		return func(a, b T) T { return sub(a, b, checked) }
	case "*":
		return func(a, b T) T { return mul(a, b, checked) }
	case "/":
		return div[T]
	case "%":
		return rem[T]
	case "&":
		return func(a, b T) T { return a & b }
	case "|":
		return func(a, b T) T { return a | b }
	case "^":
		return func(a, b T) T { return a ^ b }
	}
	return nil
}

func floatOp(op string) func(a, b float64) float64 {
	switch op {
	case "+":
		return func(a, b float64) float64 { return a + b }
	case "-":
		return func(a, b float64) float64 { return a - b }
	case "*":
		return func(a, b float64) float64 { return a * b }
	case "/":
		return func(a, b float64) float64 { return a / b }
	case "%":
		return math.Mod
	}
	return nil
}

func decimalOp(op string) func(a, b clr.Decimal) clr.Decimal {
	switch op {
	case "+":
		return clr.Decimal.Add
	case "-":
		return clr.Decimal.Sub
	case "*":
		return clr.Decimal.Mul
	case "/":
		return clr.Decimal.Div
	case "%":
		return clr.Decimal.Rem
	}
	return nil
}

func boxed[T any](f func(a, b T) T) func(a, b any) any {
	if f == nil {
		return nil
	}
	return func(a, b any) any { return f(a.(T), b.(T)) }
}

// arithmetic is a binary operator on two values of a promoted type, nil if there
// is none.
func arithmetic(op string, p dotnet.Prim, checked bool) func(a, b any) any {
	switch p {
	case dotnet.Int:
		return boxed(integerOp[int32](op, checked))
	case dotnet.UInt:
		return boxed(integerOp[uint32](op, checked))
	case dotnet.Long:
		return boxed(integerOp[int64](op, checked))
	case dotnet.ULong:
		return boxed(integerOp[uint64](op, checked))
	case dotnet.Double:
		return boxed(floatOp(op))
	case dotnet.Float:
		f := floatOp(op)
		if f == nil {
			return nil
		}
		return func(a, b any) any { return float32(f(float64(a.(float32)), float64(b.(float32)))) }
	case dotnet.Decimal:
		return boxed(decimalOp(op))
	}
	return nil
}

// ordered makes a comparison operator of a three-way comparison.
func ordered(op string) func(c int) bool {
	switch op {
	case "<":
		return func(c int) bool { return c < 0 }
	case ">":
		return func(c int) bool { return c > 0 }
	case "<=":
		return func(c int) bool { return c <= 0 }
	case ">=":
		return func(c int) bool { return c >= 0 }
	case "==":
		return func(c int) bool { return c == 0 }
	case "!=":
		return func(c int) bool { return c != 0 }
	}
	return nil
}

type comparable3 interface {
	~int32 | ~uint32 | ~int64 | ~uint64 | ~float64 | ~float32
}

func compareOp[T comparable3](op string) func(a, b any) bool {
	switch op {
	case "<":
		return func(a, b any) bool { return a.(T) < b.(T) }
	case ">":
		return func(a, b any) bool { return a.(T) > b.(T) }
	case "<=":
		return func(a, b any) bool { return a.(T) <= b.(T) }
	case ">=":
		return func(a, b any) bool { return a.(T) >= b.(T) }
	case "==":
		return func(a, b any) bool { return a.(T) == b.(T) }
	case "!=":
		return func(a, b any) bool { return a.(T) != b.(T) }
	}
	return nil
}

// comparison is a comparison operator on a promoted type, nil if there is none.
func comparison(op string, p dotnet.Prim) func(a, b any) bool {
	switch p {
	case dotnet.Int:
		return compareOp[int32](op)
	case dotnet.UInt:
		return compareOp[uint32](op)
	case dotnet.Long:
		return compareOp[int64](op)
	case dotnet.ULong:
		return compareOp[uint64](op)
	case dotnet.Double:
		return compareOp[float64](op)
	case dotnet.Float:
		return compareOp[float32](op)
	case dotnet.Decimal:
		if f := ordered(op); f != nil {
			return func(a, b any) bool { return f(int(a.(clr.Decimal).Cmp(b.(clr.Decimal)))) }
		}
	}
	return nil
}

func intCompare(op string) func(a, b int32) bool {
	switch op {
	case "<":
		return func(a, b int32) bool { return a < b }
	case ">":
		return func(a, b int32) bool { return a > b }
	case "<=":
		return func(a, b int32) bool { return a <= b }
	case ">=":
		return func(a, b int32) bool { return a >= b }
	case "==":
		return func(a, b int32) bool { return a == b }
	case "!=":
		return func(a, b int32) bool { return a != b }
	}
	return nil
}

// shift is << and >> on a promoted type.
func shift(op string, p dotnet.Prim) func(v any, n int32) any {
	left := op == "<<"
	switch p {
	case dotnet.Int:
		return func(v any, n int32) any {
			if left {
				return v.(int32) << (n & 31)
			}
			return v.(int32) >> (n & 31)
		}
	case dotnet.UInt:
		return func(v any, n int32) any {
			if left {
				return v.(uint32) << (n & 31)
			}
			return v.(uint32) >> (n & 31)
		}
	case dotnet.Long:
		return func(v any, n int32) any {
			if left {
				return v.(int64) << (n & 63)
			}
			return v.(int64) >> (n & 63)
		}
	case dotnet.ULong:
		return func(v any, n int32) any {
			if left {
				return v.(uint64) << (n & 63)
			}
			return v.(uint64) >> (n & 63)
		}
	}
	return nil
}
