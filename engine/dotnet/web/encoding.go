package web

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// Encoding is a System.Text.Encoding.
type Encoding struct {
	// WebName, CodePage and EncodingName are the properties of those names.
	WebName      string
	CodePage     int32
	EncodingName string
	preamble     []byte
	encode       func(s string) []byte
	decode       func(b []byte) string
}

var (
	UTF8 = &Encoding{"utf-8", 65001, "Unicode (UTF-8)", []byte{0xEF, 0xBB, 0xBF},
		func(s string) []byte { return []byte(utf8Of(s)) }, decodeUTF8}
	ASCII = &Encoding{"us-ascii", 20127, "US-ASCII", nil,
		func(s string) []byte { return encodeBytes(s, 0x7F) }, decodeASCII}
	Latin1 = &Encoding{"iso-8859-1", 28591, "Western European (ISO)", nil,
		func(s string) []byte { return encodeBytes(s, 0xFF) }, decodeLatin1}
	Unicode = &Encoding{"utf-16", 1200, "Unicode", []byte{0xFF, 0xFE},
		func(s string) []byte { return encodeUTF16(s, binary.LittleEndian) },
		func(b []byte) string { return decodeUTF16(b, binary.LittleEndian) }}
	BigEndianUnicode = &Encoding{"utf-16BE", 1201, "Unicode (Big-Endian)", []byte{0xFE, 0xFF},
		func(s string) []byte { return encodeUTF16(s, binary.BigEndian) },
		func(b []byte) string { return decodeUTF16(b, binary.BigEndian) }}
	UTF32 = &Encoding{"utf-32", 12000, "Unicode (UTF-32)", []byte{0xFF, 0xFE, 0, 0}, encodeUTF32, decodeUTF32}
)

// encodings are the names that GetEncoding knows, in lower case.
var encodings = map[string]*Encoding{
	"utf-8": UTF8, "utf8": UTF8, "unicode-1-1-utf-8": UTF8, "us-ascii": ASCII, "ascii": ASCII, "iso-8859-1": Latin1,
	"latin1": Latin1, "iso8859-1": Latin1, "l1": Latin1, "utf-16": Unicode, "utf-16le": Unicode, "unicode": Unicode,
	"ucs-2": Unicode, "utf-16be": BigEndianUnicode, "unicodefffe": BigEndianUnicode, "utf-32": UTF32, "utf-32le": UTF32,
}

// GetEncoding is Encoding.GetEncoding(name).
func GetEncoding(name string) *Encoding {
	e := encodings[strings.ToLower(name)]
	if e == nil {
		clr.ThrowArgument("'"+name+"' is not a supported encoding name. For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method.", "name")
	}
	return e
}

// GetEncodingPage is Encoding.GetEncoding(codepage).
func GetEncodingPage(page int32) *Encoding {
	for _, e := range [...]*Encoding{UTF8, ASCII, Latin1, Unicode, BigEndianUnicode, UTF32} {
		if e.CodePage == page {
			return e
		}
	}
	if page == 0 {
		return UTF8
	}
	clr.Throw(clr.NotSupportedException, "%s", "No data is available for encoding "+strconv.Itoa(int(page))+". For information on defining a custom encoding, see the documentation for the Encoding.RegisterProvider method.")
	return nil
}

// GetBytes is Encoding.GetBytes(string).
func (e *Encoding) GetBytes(s string) []byte { return e.encode(s) }

// GetString is Encoding.GetString(bytes).
func (e *Encoding) GetString(b []byte) string { return e.decode(b) }

// GetStringIn is Encoding.GetString(bytes, index, count).
func (e *Encoding) GetStringIn(b []byte, index, count int) string {
	if index < 0 {
		clr.ThrowNegative("index", index)
	}
	if count < 0 {
		clr.ThrowNegative("count", count)
	}
	if len(b)-index < count {
		clr.ThrowRange("Index and count must refer to a location within the buffer.", "bytes")
	}
	return e.decode(b[index : index+count])
}

// GetByteCount is Encoding.GetByteCount(string).
func (e *Encoding) GetByteCount(s string) int { return len(e.encode(s)) }

// GetPreamble is Encoding.GetPreamble.
func (e *Encoding) GetPreamble() []byte { return append([]byte{}, e.preamble...) }

// decodeUTF8 replaces what is no UTF-8 with U+FFFD, one for each sequence that
// breaks off.
func decodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b)+8)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			size = brokenLength(b)
		}
		out = utf8.AppendRune(out, r)
		b = b[size:]
	}
	return string(out)
}

// brokenLength is how many bytes of b begin a sequence that is then broken.
func brokenLength(b []byte) int {
	c := b[0]
	low, high := byte(0x80), byte(0xBF)
	switch {
	case c < 0xC2 || c > 0xF4:
		return 1
	case c == 0xE0:
		low = 0xA0
	case c == 0xED:
		high = 0x9F
	case c == 0xF0:
		low = 0x90
	case c == 0xF4:
		high = 0x8F
	}
	n := 1
	for n < sequenceLength(c) && n < len(b) && b[n] >= low && b[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}

func encodeBytes(s string, most clr.Char) []byte {
	out := make([]byte, 0, len(s))
	pair := false
	clr.EachChar(s, func(c clr.Char) bool {
		switch {
		case pair && c.IsLowSurrogate():
			pair = false // the pair is one question mark
			return true
		case c <= most:
			out = append(out, byte(c))
		default:
			out = append(out, '?')
		}
		pair = c.IsHighSurrogate()
		return true
	})
	return out
}

func decodeASCII(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		if out[i] = c; c >= utf8.RuneSelf {
			out[i] = '?'
		}
	}
	return string(out)
}

func decodeLatin1(b []byte) string {
	out := make([]byte, 0, len(b)+8)
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return string(out)
}

func encodeUTF16(s string, order binary.AppendByteOrder) []byte {
	units := clr.Units(utf8Of(s))
	out := make([]byte, 0, 2*len(units))
	for _, u := range units {
		out = order.AppendUint16(out, u)
	}
	return out
}

func decodeUTF16(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, 0, len(b)/2+1)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, order.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		units = append(units, 0xFFFD)
	}
	return utf8Of(clr.FromUnits(units))
}

func encodeUTF32(s string) []byte {
	s = utf8Of(s)
	out := make([]byte, 0, 4*utf8.RuneCountInString(s))
	for _, r := range s {
		out = binary.LittleEndian.AppendUint32(out, uint32(r))
	}
	return out
}

func decodeUTF32(b []byte) string {
	var out []byte
	for ; len(b) >= 4; b = b[4:] {
		r := binary.LittleEndian.Uint32(b)
		if r > utf8.MaxRune {
			r = utf8.RuneError
		}
		out = utf8.AppendRune(out, rune(r))
	}
	if len(b) > 0 {
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	return string(out)
}
