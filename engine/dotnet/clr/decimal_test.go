package clr

import (
	"math"
	"testing"
)

func dec(s string) Decimal { return ParseDecimal(s, StyleNumber) }

func TestDecimal(t *testing.T) {
	for _, tt := range []struct {
		f    func() Decimal
		want string
	}{
		{func() Decimal { return dec("0.1").Add(dec("0.2")) }, "0.3"},
		{func() Decimal { return dec("1.10").Add(dec("2.205")) }, "3.305"},
		{func() Decimal { return dec("1.500").Add(dec("0.5")) }, "2.000"},
		{func() Decimal { return dec("100").Div(dec("3")).Mul(dec("3")) }, "100.00000000000000000000000000"},
		{func() Decimal { return dec("1.0").Div(dec("3")) }, "0.3333333333333333333333333333"},
		{func() Decimal { return dec("5.0").Div(dec("8")) }, "0.625"},
		{func() Decimal { return dec("1.00").Div(dec("4")) }, "0.25"},
		{func() Decimal { return dec("2").Div(dec("0.5")) }, "4"},
		{func() Decimal { return dec("1").Div(dec("0")) }, "Attempted to divide by zero."},
		{func() Decimal { return MaxDecimal.Add(OneDecimal) }, "Value was either too large or too small for a Decimal."},
		{func() Decimal { return MaxDecimal }, "79228162514264337593543950335"},
		{func() Decimal { return dec("7").Rem(dec("2.5")) }, "2.0"},
		{func() Decimal { return dec("-7").Rem(dec("2")) }, "-1"},
		{func() Decimal { return dec("2.675").Round(2, ToEven) }, "2.68"},
		{func() Decimal { return dec("2.345").Round(2, ToEven) }, "2.34"},
		{func() Decimal { return dec("0.5").Round(0, ToEven) }, "0"},
		{func() Decimal { return dec("-2.9").Truncate() }, "-2"},
		{func() Decimal { return dec("2.7").Floor() }, "2"},
		{func() Decimal { return dec("-2.1").Floor() }, "-3"},
		{func() Decimal { return dec("2.1").Ceiling() }, "3"},
		{func() Decimal { return DecimalFromSingle(0.1) }, "0.1"},
		{func() Decimal { return DecimalFromFloat(0.2).Add(dec("0.1")) }, "0.3"},
		{func() Decimal { return DecimalFromFloat(1e30) }, "Value was either too large or too small for a Decimal."},
		{func() Decimal { return dec("12.3400") }, "12.3400"},
		{func() Decimal { return dec("0.00") }, "0.00"},
		{func() Decimal { return dec("1.23456789012345678901234567895") }, "1.2345678901234567890123456790"},
		{func() Decimal { return dec("1e3") }, "The input string '1e3' was not in a correct format."},
		{func() Decimal { return DecimalFromInt(math.MinInt64) }, "-9223372036854775808"},
	} {
		got := ""
		if e := Try(func() { got = tt.f().String() }); e != nil {
			got = e.Message
		}
		if got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	for _, tt := range []struct{ got, want any }{
		{dec("1.23456789").Format("F3"), "1.235"}, {dec("1.50").Format("G"), "1.50"}, {dec("12").Format("0.0"), "12.0"},
		{dec("2.5").Format("F0"), "3"}, {dec("1234.5").Format("N"), "1,234.50"}, {dec("-0.4").Format("0"), "0"},
		{dec("1.0").Equal(dec("1.00")), true}, {dec("1.0").Cmp(dec("2")), int32(-1)}, {dec("1.0").HashCode() == dec("1.00").HashCode(), true},
		{dec("1.10").Float64(), 1.1}, {DecimalTo[int32](dec("-3.99")), int32(-3)}, {DecimalTo[uint64](dec("18446744073709551615")), uint64(math.MaxUint64)},
	} {
		if tt.got != tt.want {
			t.Errorf("got %v, want %v", tt.got, tt.want)
		}
	}
	check(t, func() any { return DecimalTo[int32](dec("2147483648")) }, "System.OverflowException: Value was either too large or too small for an Int32.")
	check(t, func() any { return DecimalTo[uint8](dec("-1")) }, "System.OverflowException: Value was either too large or too small for an unsigned byte.")
}

func TestMath(t *testing.T) {
	for _, tt := range []struct{ got, want any }{
		{Round(2.5, 0, ToEven), 2.0}, {Round(-2.5, 0, ToEven), -2.0}, {Round(2.5, 0, AwayFromZero), 3.0},
		{Round(1.45, 1, ToEven), 1.4}, {Round(5.015, 2, ToEven), 5.01}, {Round(123.456, 1, ToEven), 123.5},
		{AbsInteger(int32(-5)), int32(5)}, {Sign(-3.2), int32(-1)},
	} {
		if tt.got != tt.want {
			t.Errorf("got %v, want %v", tt.got, tt.want)
		}
	}
	check(t, func() any { return AbsInteger(int32(math.MinInt32)) }, "System.OverflowException: Negating the minimum value of a twos complement number is invalid.")
}
