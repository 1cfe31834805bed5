package clr

import (
	"math"
	"testing"
)

func TestFormatDouble(t *testing.T) {
	for _, tt := range []struct {
		v      float64
		format string
		want   string
	}{
		{1.5, "", "1.5"}, {1e20, "", "1E+20"}, {1e15, "", "1000000000000000"}, {1e14, "", "100000000000000"},
		{123456789012345680.0, "", "1.2345678901234568E+17"}, {0.0001, "", "0.0001"}, {100, "", "100"},
		{math.Copysign(0, -1), "", "-0"}, {1 / 3.0, "", "0.3333333333333333"}, {2.0 / 3, "R", "0.6666666666666666"},
		{1e-7, "", "1E-07"}, {math.Inf(1), "", "Infinity"}, {math.Inf(-1), "", "-Infinity"}, {math.NaN(), "F2", "NaN"},
		{3.14159265358979, "F2", "3.14"}, {1234.5, "N", "1,234.50"}, {0.256, "P", "25.60 %"}, {0.256, "P0", "26 %"},
		{12345.678, "E", "1.234568E+004"}, {12345.678, "E2", "1.23E+004"}, {12345.678, "G3", "1.23E+04"},
		{0.5, "0.00", "0.50"}, {1.5, "0.###", "1.5"}, {0.125, "F2", "0.12"}, {0.125, "0.00", "0.13"},
		{2.5, "N0", "2"}, {1.5, "N0", "2"}, {0.5, "F0", "0"}, {-0.5, "F0", "-0"}, {-0.4, "0", "-0"}, {0.045, "P1", "4.5 %"},
		{1.25, "0.0", "1.3"}, {2.25, "0.0", "2.3"}, {12.5, "0.00", "12.50"}, {0.5, "P1", "50.0 %"}, {3.14159, "F2", "3.14"},
		{-5, "#;minus #;zero", "minus 5"}, {0, "#;minus #;zero", "zero"}, {1234.5, "C", "¤1,234.50"}, {-1234.5, "C0", "(¤1,234)"},
		{0.00012, "0.00E+00", "1.20E-04"}, {1234567.891, "#,##0.00", "1,234,567.89"}, {1234567, "0,,.0M", "1.2M"},
		{0.12, "0.0%", "12.0%"}, {5, "'x'0\\y\"z\"", "x5yz"}, {0.004, "0.00;neg;none", "none"},
		{math.Pi, "G17", "3.1415926535897931"}, {0, "G", "0"}, {0, "E1", "0.0E+000"}, {123456789, "e3", "1.235e+008"},
		{10, "###.##", "10"}, {0, ".00", ".00"}, {1234567890, "#,#", "1,234,567,890"}, {12, "00,000", "00,012"},
	} {
		if got := FormatDouble(tt.v, tt.format); got != tt.want {
			t.Errorf("(%v).ToString(%q) = %q, want %q", tt.v, tt.format, got, tt.want)
		}
	}
	if got := FormatSingle(0.1+0.2, ""); got != "0.3" {
		t.Errorf("0.3f = %s", got)
	}
	if got := FormatSingle(math.MaxFloat32, ""); got != "3.4028235E+38" {
		t.Errorf("float.MaxValue = %s", got)
	}
	if got := FormatSingle(1.0/3, ""); got != "0.33333334" {
		t.Errorf("1f/3 = %s", got)
	}
}

func TestFormatInteger(t *testing.T) {
	for _, tt := range []struct {
		got, want string
	}{
		{FormatInteger(int32(1234), "N0"), "1,234"}, {FormatInteger(int32(-12), "D5"), "-00012"},
		{FormatInteger(int32(255), "x4"), "00ff"}, {FormatInteger(int32(255), "X4"), "00FF"},
		{FormatInteger(int32(0), "#"), ""}, {FormatInteger(int32(5), "000"), "005"},
		{FormatInteger(int32(-3), "0;(0);zero"), "(3)"}, {FormatInteger(int32(0), "0;(0);zero"), "zero"},
		{FormatInteger(int32(1234567), "#,#"), "1,234,567"}, {FormatInteger(uint16(math.MaxUint16), "X"), "FFFF"},
		{FormatInteger(int8(-1), "x"), "ff"}, {FormatInteger(int64(math.MinInt64), ""), "-9223372036854775808"},
		{FormatInteger(int64(1234567890123), "N0"), "1,234,567,890,123"}, {FormatInteger(int32(7), "0000"), "0007"},
		{FormatInteger(int64(math.MinInt64), "N0"), "-9,223,372,036,854,775,808"}, {FormatInteger(uint64(math.MaxUint64), "G"), "18446744073709551615"},
		{FormatInteger(int32(12345), "G2"), "1.2E+04"}, {FormatInteger(int32(5), "B8"), "00000101"}, {FormatInteger(int32(-5), "P0"), "-500 %"},
		{FormatInteger(int32(85), "D"), "85"}, {FormatInteger(int32(1000), "E"), "1.000000E+003"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestParseInteger(t *testing.T) {
	for _, tt := range []struct {
		f    func() any
		want any // the value, or what is thrown
	}{
		{func() any { return ParseInteger[int32]("42", StyleInteger) }, int32(42)},
		{func() any { return ParseInteger[int32](" -42 ", StyleInteger) }, int32(-42)},
		{func() any { return ParseInteger[int32]("4 2", StyleInteger) }, "System.FormatException: The input string '4 2' was not in a correct format."},
		{func() any { return ParseInteger[int32]("", StyleInteger) }, "System.FormatException: The input string '' was not in a correct format."},
		{func() any { return ParseInteger[int32]("99999999999", StyleInteger) }, "System.OverflowException: Value was either too large or too small for an Int32."},
		{func() any { return ParseInteger[int32]("1,000", StyleInteger) }, "System.FormatException: The input string '1,000' was not in a correct format."},
		{func() any { return ParseInteger[int32]("1,000", StyleNumber) }, int32(1000)},
		{func() any { return ParseInteger[int32]("ff", StyleHexNumber) }, int32(255)},
		{func() any { return ParseInteger[int32]("ffffffff", StyleHexNumber) }, int32(-1)},
		{func() any { return ParseInteger[int64]("9223372036854775807", StyleInteger) }, int64(math.MaxInt64)},
		{func() any { return ParseInteger[int64]("-9223372036854775808", StyleInteger) }, int64(math.MinInt64)},
		{func() any { return ParseInteger[uint32]("-1", StyleInteger) }, "System.OverflowException: Value was either too large or too small for a UInt32."},
		{func() any { return ParseInteger[int16]("40000", StyleInteger) }, "System.OverflowException: Value was either too large or too small for an Int16."},
		{func() any { return ParseInteger[uint8]("256", StyleInteger) }, "System.OverflowException: Value was either too large or too small for an unsigned byte."},
		{func() any { return ParseInteger[int32]("4.0", StyleNumber) }, int32(4)},
		{func() any { return ParseInteger[int32]("4.5", StyleNumber) }, "System.OverflowException: Value was either too large or too small for an Int32."},
		{func() any { return ParseDouble("1.5", StyleDouble) }, 1.5},
		{func() any { return ParseDouble("1,234.5e2", StyleDouble) }, 123450.0},
		{func() any { return ParseDouble(" NaN", StyleDouble) != ParseDouble("NaN", StyleDouble) }, true},
		{func() any { return ParseDouble("1e999999999", StyleDouble) }, math.Inf(1)},
		{func() any { return ParseDouble("1.5x", StyleDouble) }, "System.FormatException: The input string '1.5x' was not in a correct format."},
		{func() any { return ParseBool(" true ") }, true},
		{func() any { return ParseBool("1") }, "System.FormatException: String '1' was not recognized as a valid Boolean."},
	} {
		check(t, tt.f, tt.want)
	}
}

// check compares what f returns, or "Type: message" of what it throws.
func check(t *testing.T, f func() any, want any) {
	t.Helper()
	var got any
	if e := Try(func() { got = f() }); e != nil {
		got = e.Type + ": " + e.Message
	}
	if got != want {
		t.Errorf("got %v (%T), want %v", got, got, want)
	}
}
