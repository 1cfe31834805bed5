package clr

import (
	"bytes"
	"testing"
)

func TestConvert(t *testing.T) {
	for _, tt := range []struct {
		f    func() any
		want any
	}{
		{func() any { return ToInteger[int32]("12") }, int32(12)},
		{func() any { return ToInteger[int32](2.5) }, int32(2)},
		{func() any { return ToInteger[int32](3.5) }, int32(4)},
		{func() any { return ToInteger[int32](Char('7')) }, int32(55)},
		{func() any { return ParseBase[int32]("ff", 16) }, int32(255)},
		{func() any { return ParseBase[int32]("0xFFFFFFFF", 16) }, int32(-1)},
		{func() any { return ParseBase[uint8]("101", 2) }, uint8(5)},
		{func() any { return ParseBase[int32]("12x", 10) }, "System.FormatException: Additional non-parsable characters are at the end of the string."},
		{func() any { return ParseBase[int32]("1", 3) }, "System.ArgumentException: Invalid Base."},
		{func() any { return ToInteger[int32](int64(3000000000)) }, "System.OverflowException: Value was either too large or too small for an Int32."},
		{func() any { return ToInteger[int64]("123") }, int64(123)},
		{func() any { return ToInteger[uint8](int32(-1)) }, "System.OverflowException: Value was either too large or too small for an unsigned byte."},
		{func() any { return ToInteger[uint64](int64(-1)) }, "System.OverflowException: Value was either too large or too small for a UInt64."},
		{func() any { return ToDouble("1.5") }, 1.5},
		{func() any { return ToBoolean("true") }, true},
		{func() any { return ToBoolean(nil) }, false},
		{func() any { return ToBoolean(int32(2)) }, true},
		{func() any { return FormatBase(int32(255), 16) }, "ff"},
		{func() any { return FormatBase(int32(-1), 2) }, "11111111111111111111111111111111"},
		{func() any { return ToDateTime("2024-01-02T03:04:05Z", noon).ToUniversal().Format("o") }, "2024-01-02T03:04:05.0000000Z"},
		{func() any { return ToDecimal("1.10").String() }, "1.10"},
		{func() any { return ToInteger[uint8]("256") }, "System.OverflowException: Value was either too large or too small for an unsigned byte."},
		{func() any { return ToChar(int32(65)) }, Char('A')},
		{func() any { return ToInteger[int32](MinDateTime) }, "System.InvalidCastException: Invalid cast from 'DateTime' to 'Int32'."},
		{func() any { return string(FromBase64("aMOp bGxv\n")) }, "héllo"},
		{func() any { return FromBase64("abc") }, "System.FormatException: The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters."},
		{func() any { return FromBase64("YQ===") }, "System.FormatException: The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters."},
		{func() any { return len(ToBase64Lines(make([]byte, 100))) }, 138},
		{func() any { return BitsString([]byte{1, 255}, 0, 2) }, "01-FF"},
		{func() any { return IntegerAt[int32]([]byte{1, 0, 0, 0}, 0) }, int32(1)},
		{func() any { return IntegerAt[int16]([]byte{1, 0xFF}, 0) }, int16(-255)},
		{func() any { return ToBase64(IntegerBytes(int32(258))) }, "AgEAAA=="},
		{func() any { return NewRandom(1).NextDouble() }, 0.24866858415709278},
		{func() any { return NewRandom(7).Next() }, int32(822959691)},
		{func() any { return NewRandom(1).NextRange(5, 5) }, int32(5)},
		{func() any { return NewRandomFrom(bytes.NewReader([]byte{7, 0, 0, 0})).Next() }, int32(822959691)},
		{func() any { return Equal(int32(1), int64(1)) }, false},
		{func() any { return Equal(dec("1.0"), dec("1.00")) }, true},
	} {
		check(t, tt.f, tt.want)
	}
}

func TestFormatComposite(t *testing.T) {
	show := func(v any, f string) string { s, _ := Format(v, f); return s }
	i := func(n int32) any { return n }
	for _, tt := range []struct {
		format string
		args   []any
		want   string
	}{
		{"{0}-{1}-{0}", []any{i(1), "a"}, "1-a-1"},
		{"{0,5}|{0,-5}|", []any{i(42)}, "   42|42   |"},
		{"{0:X4}", []any{i(255)}, "00FF"},
		{"{{{0}}}", []any{i(1)}, "{1}"},
		{"{0:yyyy-MM-dd}", []any{dt(2024, 3, 5, 0, 0, 0)}, "2024-03-05"},
		{"{0,10:F2}|", []any{3.14159}, "      3.14|"},
		{"{0:0000}-{1:00}", []any{i(7), i(3)}, "0007-03"},
		{"{0:#;minus #;zero}", []any{i(-5)}, "minus 5"},
		{"é{0}", []any{nil}, "é"},
		{"{1}", []any{i(1)}, "Index (zero based) must be greater than or equal to zero and less than the size of the argument list."},
		{"{0", []any{i(1)}, "Input string was not in a correct format. Failure to parse near offset 2. Format item ends prematurely."},
		{"{x}", []any{i(1)}, "Input string was not in a correct format. Failure to parse near offset 1. Expected an ASCII digit."},
		{"}x", []any{i(1)}, "Input string was not in a correct format. Failure to parse near offset 1. Unexpected closing brace without a corresponding opening brace."},
	} {
		got := ""
		if e := Try(func() { got = FormatComposite(nil, tt.format, tt.args, show) }); e != nil {
			got = e.Message
		}
		if got != tt.want {
			t.Errorf("Format(%q) = %q, want %q", tt.format, got, tt.want)
		}
	}
}

func FuzzFormats(f *testing.F) {
	f.Add("{0,5:0.00}", "#,##0.00;(0)", 1.5)
	f.Add("{1:x}", "E3", -1e300)
	f.Fuzz(func(t *testing.T, composite, format string, v float64) {
		show := func(v any, f string) string { s, _ := Format(v, f); return s }
		for _, a := range []any{v, float32(v), int32(v), dec("12.50"), TimeSpan(v), Guid{}} {
			Try(func() { show(a, format) })
			Try(func() { FormatComposite(nil, composite, []any{a, format}, show) })
		}
		Try(func() { ParseDecimal(format, StyleAny) })
		Try(func() { ParseDouble(format, StyleAny) })
		Try(func() { ParseInteger[int32](format, StyleAny) })
	})
}
