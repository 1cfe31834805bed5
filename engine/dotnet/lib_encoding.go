package dotnet

import (
	"math"
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/web"
)

// encodingNamed finds an encoding by the name of its character set, nil if it is
// not known.
func encodingNamed(name string) (e *web.Encoding) {
	if clr.Try(func() { e = web.GetEncoding(strings.TrimSpace(name)) }) != nil {
		return nil
	}
	return e
}

func singleByte(e *web.Encoding) bool { return e.CodePage == 20127 || e.CodePage == 28591 }

// shownIn is one of the properties that tell whether browsers and mail programs
// know the encoding: UTF-8 and Latin-1.
func shownIn(name string) Row {
	return Prop("bool "+name, f1(func(e *web.Encoding) bool {
		return e.CodePage == 65001 || e.CodePage == 28591 || e.CodePage == 20127 && strings.HasPrefix(name, "IsMail")
	}))
}

// encodingType is the class of an encoding. .NET's own are of hidden classes derived
// from these, which have no names that code can use.
func encodingType(l *Library, e *web.Encoding) *Type {
	switch e.CodePage {
	case 65001:
		return l.Named("System.Text.UTF8Encoding")
	case 20127:
		return l.Named("System.Text.ASCIIEncoding")
	case 1200, 1201:
		return l.Named("System.Text.UnicodeEncoding")
	}
	return l.Named("System.Text.Encoding")
}

// encodedWidth is how many bytes a byte of a string becomes at most, with what is
// needed on the way.
func encodedWidth(e *web.Encoding) int {
	switch e.CodePage {
	case 12000:
		return 4
	case 1200, 1201:
		return 4 // two, and as many for the units
	}
	return 1
}

// maxCount is how many bytes so many characters can take, or the other way round,
// as .NET counts: with one left over from a call before.
func maxCount(e *web.Encoding, n int, toBytes bool) int32 {
	if n < 0 {
		clr.ThrowNegative("count", n)
	}
	var most int64
	switch {
	case singleByte(e) && toBytes:
		most = int64(n) + 1
	case singleByte(e):
		most = int64(n)
	case e.CodePage == 65001 && toBytes:
		most = 3 * (int64(n) + 1)
	case e.CodePage == 65001:
		most = int64(n) + 1
	case e.CodePage == 12000 && toBytes:
		most = 4 * (int64(n) + 1)
	case e.CodePage == 12000:
		most = int64(n)/2 + 2
	case toBytes:
		most = 2 * (int64(n) + 1)
	default:
		most = int64(n)>>1 + int64(n)&1 + 1
	}
	if most > math.MaxInt32 {
		clr.ThrowRange("Too many characters. The resulting number of bytes is larger than what can be returned as an int.", "count")
	}
	return int32(most)
}

func encodingDecls() []*Decl {
	named := func(e *web.Encoding) Func { return func(*Thread, []any) any { return e } }
	enc := func(a []any) *web.Encoding { return a[0].(*web.Encoding) }
	encode := func(t *Thread, e *web.Encoding, s string) []byte {
		// In pieces, so that the budget of time is looked at between them.
		const piece = 256 << 10
		var out []byte
		for len(s) > piece {
			n := piece
			for !utf8.RuneStart(s[n]) {
				n--
			}
			t.Pay(n * encodedWidth(e))
			out, s = append(out, e.GetBytes(s[:n])...), s[n:]
		}
		t.Pay(len(s) * encodedWidth(e))
		if out == nil {
			return notNil(e.GetBytes(s))
		}
		return append(out, e.GetBytes(s)...)
	}
	decode := func(t *Thread, e *web.Encoding, b []byte) string {
		t.Pay(2 * len(b))
		return e.GetString(b)
	}
	chars := func(v any) string {
		arr, _ := v.(*Array)
		if arr == nil {
			clr.ThrowNull("chars")
		}
		return clr.FromChars(arr.chars())
	}
	argBytes := func(v any) []byte {
		b, ok := v.([]byte)
		if !ok {
			clr.ThrowNull("bytes")
		}
		return b
	}
	d := class("System.Text.Encoding : ICloneable",
		StaticProp("Encoding Default", named(web.UTF8)),
		Static("Encoding GetEncoding(string name)", f1(web.GetEncoding)),
		Static("Encoding GetEncoding(int codepage)", f1(web.GetEncodingPage)),
		Static("byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes)", func(t *Thread, a []any) any {
			from, _ := a[0].(*web.Encoding)
			to, _ := a[1].(*web.Encoding)
			if from == nil {
				clr.ThrowNull("srcEncoding")
			}
			if to == nil {
				clr.ThrowNull("dstEncoding")
			}
			return encode(t, to, decode(t, from, argBytes(a[2])))
		}),
		Method("byte[] GetBytes(string s)", func(t *Thread, a []any) any { return encode(t, enc(a), argStr(t, a, 1)) }),
		Method("byte[] GetBytes(char[] chars)", func(t *Thread, a []any) any { return encode(t, enc(a), chars(a[1])) }),
		Method("byte[] GetBytes(char[] chars, int index, int count)", func(t *Thread, a []any) any {
			return encode(t, enc(a), clr.SubstringLen(chars(a[1]), argInt(a, 2), argInt(a, 3)))
		}),
		Method("string GetString(byte[] bytes)", func(t *Thread, a []any) any { return decode(t, enc(a), argBytes(a[1])) }),
		Method("string GetString(byte[] bytes, int index, int count)", func(t *Thread, a []any) any {
			t.Pay(2 * argInt(a, 3))
			return enc(a).GetStringIn(argBytes(a[1]), argInt(a, 2), argInt(a, 3))
		}),
		Method("char[] GetChars(byte[] bytes)", func(t *Thread, a []any) any { return charArray(clr.Chars(decode(t, enc(a), argBytes(a[1])))) }),
		Method("int GetByteCount(string s)", func(t *Thread, a []any) any { return int32(enc(a).GetByteCount(argStr(t, a, 1))) }),
		Method("int GetCharCount(byte[] bytes)", func(t *Thread, a []any) any { return int32(clr.Len(decode(t, enc(a), argBytes(a[1])))) }),
		Method("byte[] GetPreamble()", func(_ *Thread, a []any) any { return append([]byte{}, enc(a).GetPreamble()...) }),
		Prop("string WebName", f1(func(e *web.Encoding) string { return e.WebName })),
		Prop("string HeaderName", f1(func(e *web.Encoding) string { return e.WebName })),
		Prop("string BodyName", f1(func(e *web.Encoding) string { return e.WebName })),
		Prop("string EncodingName", f1(func(e *web.Encoding) string { return e.EncodingName })),
		Method("int GetByteCount(char[] chars)", func(_ *Thread, a []any) any { return int32(enc(a).GetByteCount(chars(a[1]))) }),
		Method("int GetByteCount(char[] chars, int index, int count)", func(_ *Thread, a []any) any {
			return int32(enc(a).GetByteCount(clr.SubstringLen(chars(a[1]), argInt(a, 2), argInt(a, 3))))
		}),
		Method("int GetMaxByteCount(int charCount)", func(_ *Thread, a []any) any { return maxCount(enc(a), argInt(a, 1), true) }),
		Method("int GetMaxCharCount(int byteCount)", func(_ *Thread, a []any) any { return maxCount(enc(a), argInt(a, 1), false) }),
		Method("bool IsAlwaysNormalized()", func(_ *Thread, a []any) any { return enc(a).CodePage == 20127 || enc(a).CodePage == 28591 }),
		Prop("bool IsSingleByte", func(_ *Thread, a []any) any { return singleByte(enc(a)) }),
		Prop("bool IsReadOnly", func(*Thread, []any) any { return true }),
		Prop("int WindowsCodePage", func(_ *Thread, a []any) any {
			switch page := enc(a).CodePage; {
			case singleByte(enc(a)):
				return int32(1252)
			default:
				return page
			}
		}),
		shownIn("IsBrowserDisplay"), shownIn("IsBrowserSave"), shownIn("IsMailNewsDisplay"), shownIn("IsMailNewsSave"),
		Prop("int CodePage", f1(func(e *web.Encoding) int32 { return e.CodePage })),
	).holds(web.UTF8)
	for name, e := range map[string]*web.Encoding{"UTF8": web.UTF8, "ASCII": web.ASCII, "Latin1": web.Latin1, "Unicode": web.Unicode,
		"BigEndianUnicode": web.BigEndianUnicode, "UTF32": web.UTF32} {
		d.with(StaticProp("Encoding "+name, named(e)))
	}
	return []*Decl{
		d,
		class("System.Text.UTF8Encoding : Encoding",
			Ctor("()", named(web.UTF8)),
			Ctor("(bool encoderShouldEmitUTF8Identifier)", named(web.UTF8)),
			Ctor("(bool encoderShouldEmitUTF8Identifier, bool throwOnInvalidBytes)", named(web.UTF8)),
		).outsideList(),
		class("System.Text.ASCIIEncoding : Encoding", Ctor("()", named(web.ASCII))).outsideList(),
		class("System.Text.UnicodeEncoding : Encoding", Ctor("()", named(web.Unicode))).outsideList(),
	}
}
