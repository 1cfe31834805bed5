package dotnet

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// Encoding is a System.Text.Encoding.
type Encoding struct {
	name, web string
	page      int32
	bom       []byte
	encode    func(s string) []byte
	decode    func(b []byte) string
}

func (e *Encoding) String() string { return "System.Text." + e.name }

// Decode is GetString.
func (e *Encoding) Decode(b []byte) string { return e.decode(b) }

var (
	utf8Encoding  = &Encoding{"UTF8Encoding+UTF8EncodingSealed", "utf-8", 65001, []byte{0xEF, 0xBB, 0xBF}, encodeUTF8, decodeUTF8}
	asciiEncoding = &Encoding{"ASCIIEncoding+ASCIIEncodingSealed", "us-ascii", 20127, nil,
		func(s string) []byte { return encodeNarrow(s, 0x7F) }, func(b []byte) string { return decodeNarrow(b, 0x7F) }}
	latin1Encoding = &Encoding{"Latin1Encoding+Latin1EncodingSealed", "iso-8859-1", 28591, nil,
		func(s string) []byte { return encodeNarrow(s, 0xFF) }, func(b []byte) string { return decodeNarrow(b, 0xFF) }}
	utf16Encoding = &Encoding{"UnicodeEncoding", "utf-16", 1200, []byte{0xFF, 0xFE},
		func(s string) []byte { return encodeUTF16(s, binary.LittleEndian) }, func(b []byte) string { return decodeUTF16(b, binary.LittleEndian) }}
	utf16BEEncoding = &Encoding{"UnicodeEncoding", "utf-16BE", 1201, []byte{0xFE, 0xFF},
		func(s string) []byte { return encodeUTF16(s, binary.BigEndian) }, func(b []byte) string { return decodeUTF16(b, binary.BigEndian) }}
	utf32Encoding = &Encoding{"UTF32Encoding", "utf-32", 12000, []byte{0xFF, 0xFE, 0, 0}, encodeUTF32, decodeUTF32}
	utf7Encoding  = &Encoding{"UTF7Encoding", "utf-7", 65000, nil, encodeUTF7, decodeUTF8}
)

// encodingNamed finds an encoding by the name of its character set, nil if it is
// not known.
func encodingNamed(name string) *Encoding {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "utf-8", "utf8", "unicode-1-1-utf-8":
		return utf8Encoding
	case "us-ascii", "ascii", "iso646-us":
		return asciiEncoding
	case "iso-8859-1", "latin1", "iso8859-1", "l1", "windows-1252", "cp819":
		return latin1Encoding
	case "utf-16", "utf-16le", "unicode", "ucs-2":
		return utf16Encoding
	case "utf-16be", "unicodefffe":
		return utf16BEEncoding
	case "utf-32", "utf-32le":
		return utf32Encoding
	}
	return nil
}

func encodeUTF8(s string) []byte {
	if !clr.HasLoneSurrogate(s) && utf8.ValidString(s) {
		return []byte(s)
	}
	return []byte(strings.ToValidUTF8(replaceSurrogates(s), "\uFFFD"))
}

// replaceSurrogates makes U+FFFD of every lone surrogate.
func replaceSurrogates(s string) string {
	units := clr.Units(s)
	for i, u := range units {
		c := clr.Char(u)
		if c.IsHighSurrogate() && i+1 < len(units) && clr.Char(units[i+1]).IsLowSurrogate() ||
			c.IsLowSurrogate() && i > 0 && clr.Char(units[i-1]).IsHighSurrogate() {
			continue
		}
		if c.IsSurrogate() {
			units[i] = 0xFFFD
		}
	}
	return clr.FromUnits(units)
}

// decodeUTF8 replaces every longest invalid run as .NET does: one U+FFFD for each
// maximal part of a sequence.
func decodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			n = invalidPrefix(b)
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}

// invalidPrefix is how many bytes of b began a sequence that then went wrong.
func invalidPrefix(b []byte) int {
	want, low, high := 0, byte(0x80), byte(0xBF)
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		want = 1
	case c >= 0xE0 && c <= 0xEF:
		want = 2
		if c == 0xE0 {
			low = 0xA0
		} else if c == 0xED {
			high = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		want = 3
		if c == 0xF0 {
			low = 0x90
		} else if c == 0xF4 {
			high = 0x8F
		}
	}
	n := 1
	for ; n <= want && n < len(b) && b[n] >= low && b[n] <= high; n++ {
		low, high = 0x80, 0xBF
	}
	return n
}

func encodeNarrow(s string, most rune) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range replaceSurrogates(s) {
		switch {
		case r <= most:
			out = append(out, byte(r))
		case r > 0xFFFF:
			out = append(out, '?', '?')
		default:
			out = append(out, '?')
		}
	}
	return out
}

func decodeNarrow(b []byte, most byte) string {
	var out strings.Builder
	for _, c := range b {
		if c > most {
			c = '?'
		}
		out.WriteRune(rune(c))
	}
	return out.String()
}

func encodeUTF16(s string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, u := range clr.Units(replaceSurrogates(s)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func decodeUTF16(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, 0, len(b)/2+1)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	if len(b) > 0 {
		units = append(units, 0xFFFD)
	}
	return replaceSurrogates(clr.FromUnits(units))
}

func encodeUTF32(s string) []byte {
	var out []byte
	for _, r := range replaceSurrogates(s) {
		out = binary.LittleEndian.AppendUint32(out, uint32(r))
	}
	return out
}

func decodeUTF32(b []byte) string {
	var out strings.Builder
	for ; len(b) >= 4; b = b[4:] {
		r := binary.LittleEndian.Uint32(b)
		if r > utf8.MaxRune {
			r = utf8.RuneError
		}
		out.WriteRune(rune(r))
	}
	if len(b) > 0 {
		out.WriteRune(utf8.RuneError)
	}
	return out.String()
}

// encodeUTF7 encodes what is not plain ASCII as modified base64.
func encodeUTF7(s string) []byte {
	var out []byte
	var run []uint16
	flush := func() {
		if len(run) > 0 {
			var b []byte
			for _, u := range run {
				b = binary.BigEndian.AppendUint16(b, u)
			}
			out = append(append(append(out, '+'), base64.RawStdEncoding.EncodeToString(b)...), '-')
			run = run[:0]
		}
	}
	for _, u := range clr.Units(s) {
		switch {
		case u == '+':
			flush()
			out = append(out, '+', '-')
		case u < 0x80 && u != '~' && u != '\\':
			flush()
			out = append(out, byte(u))
		default:
			run = append(run, u)
		}
	}
	flush()
	return out
}

func encodingDecls() []*Decl {
	named := func(e *Encoding) Func { return func(*Thread, []any) any { return e } }
	enc := func(a []any) *Encoding { return a[0].(*Encoding) }
	find := func(t *Thread, a []any) any {
		name := argStr(t, a, 0)
		e := encodingNamed(name)
		if e == nil {
			clr.ThrowArgument("'"+name+"' is not a supported encoding name. For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method.", "name")
		}
		return e
	}
	byPage := func(_ *Thread, a []any) any {
		for _, e := range []*Encoding{utf8Encoding, asciiEncoding, latin1Encoding, utf16Encoding, utf16BEEncoding, utf32Encoding, utf7Encoding} {
			if e.page == a[0].(int32) {
				return e
			}
		}
		clr.Throw(clr.NotSupportedException, "No data is available for encoding %d. For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method.", a[0].(int32))
		return nil
	}
	encode := func(t *Thread, e *Encoding, s string) []byte {
		t.Pay(len(s))
		t.Ticks(len(s) / 64)
		return notNil(e.encode(s))
	}
	decode := func(t *Thread, e *Encoding, b []byte) string {
		t.Pay(len(b))
		t.Ticks(len(b) / 64)
		return e.decode(b)
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
	make := func(e *Encoding) []Row { return []Row{Ctor("()", named(e))} }
	out := []*Decl{
		class("System.Text.Encoding : ICloneable",
			StaticProp("Encoding UTF8", named(utf8Encoding)),
			StaticProp("Encoding Default", named(utf8Encoding)),
			StaticProp("Encoding ASCII", named(asciiEncoding)),
			StaticProp("Encoding Latin1", named(latin1Encoding)),
			StaticProp("Encoding Unicode", named(utf16Encoding)),
			StaticProp("Encoding BigEndianUnicode", named(utf16BEEncoding)),
			StaticProp("Encoding UTF32", named(utf32Encoding)),
			StaticProp("Encoding UTF7", named(utf7Encoding)),
			Static("Encoding GetEncoding(string name)", find),
			Static("Encoding GetEncoding(int codepage)", byPage),
			Static("byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes)", func(t *Thread, a []any) any {
				return encode(t, a[1].(*Encoding), decode(t, enc(a), argBytes(a[2])))
			}),
			Method("byte[] GetBytes(string s)", func(t *Thread, a []any) any { return encode(t, enc(a), argStr(t, a, 1)) }),
			Method("byte[] GetBytes(char[] chars)", func(t *Thread, a []any) any { return encode(t, enc(a), chars(a[1])) }),
			Method("byte[] GetBytes(char[] chars, int index, int count)", func(t *Thread, a []any) any {
				return encode(t, enc(a), clr.SubstringLen(chars(a[1]), argInt(a, 2), argInt(a, 3)))
			}),
			Method("string GetString(byte[] bytes)", func(t *Thread, a []any) any { return decode(t, enc(a), argBytes(a[1])) }),
			Method("string GetString(byte[] bytes, int index, int count)", func(t *Thread, a []any) any {
				b, at, n := argBytes(a[1]), argInt(a, 2), argInt(a, 3)
				if at < 0 || n < 0 {
					clr.ThrowRange("Non-negative number required.", map[bool]string{true: "index", false: "count"}[at < 0])
				}
				if len(b)-at < n {
					clr.ThrowRange("Index and count must refer to a location within the buffer.", "bytes")
				}
				return decode(t, enc(a), b[at:at+n])
			}),
			Method("char[] GetChars(byte[] bytes)", func(t *Thread, a []any) any { return charArray(clr.Chars(decode(t, enc(a), argBytes(a[1])))) }),
			Method("int GetByteCount(string s)", func(t *Thread, a []any) any { return int32(len(encode(t, enc(a), argStr(t, a, 1)))) }),
			Method("int GetCharCount(byte[] bytes)", func(t *Thread, a []any) any { return int32(clr.Len(decode(t, enc(a), argBytes(a[1])))) }),
			Method("int GetMaxByteCount(int charCount)", func(_ *Thread, a []any) any { return (a[1].(int32) + 1) * 3 }),
			Method("byte[] GetPreamble()", func(_ *Thread, a []any) any { return append([]byte{}, enc(a).bom...) }),
			Prop("string WebName", f1(func(e *Encoding) string { return e.web })),
			Prop("string HeaderName", f1(func(e *Encoding) string { return e.web })),
			Prop("string BodyName", f1(func(e *Encoding) string { return e.web })),
			Prop("string EncodingName", f1(func(e *Encoding) string { return e.web })),
			Prop("int CodePage", f1(func(e *Encoding) int32 { return e.page })),
		).holds(&Encoding{}),
		class("System.Text.UTF8Encoding : Encoding", append(make(utf8Encoding),
			Ctor("(bool encoderShouldEmitUTF8Identifier)", named(utf8Encoding)),
			Ctor("(bool encoderShouldEmitUTF8Identifier, bool throwOnInvalidBytes)", named(utf8Encoding)))...).outsideList(),
		class("System.Text.ASCIIEncoding : Encoding", make(asciiEncoding)...).outsideList(),
		class("System.Text.UnicodeEncoding : Encoding", make(utf16Encoding)...).outsideList(),
	}
	return out
}
