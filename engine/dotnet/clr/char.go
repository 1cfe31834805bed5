package clr

import (
	"unicode"
	"unicode/utf8"
)

const (
	surrogateMin    = 0xD800
	lowSurrogateMin = 0xDC00
	surrogateMax    = 0xDFFF
)

// String is the character as a string of one UTF-16 unit.
func (c Char) String() string {
	if c < utf8.RuneSelf {
		return asciiStrings[c : c+1]
	}
	return string(appendUnit(nil, uint16(c)))
}

const asciiStrings = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f" +
	"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f" +
	" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7f"

func (c Char) IsDigit() bool         { return unicode.Is(unicode.Nd, rune(c)) }
func (c Char) IsNumber() bool        { return unicode.Is(unicode.N, rune(c)) }
func (c Char) IsLetter() bool        { return unicode.IsLetter(rune(c)) }
func (c Char) IsLetterOrDigit() bool { return c.IsLetter() || c.IsDigit() }
func (c Char) IsUpper() bool         { return unicode.Is(unicode.Lu, rune(c)) }
func (c Char) IsLower() bool         { return unicode.Is(unicode.Ll, rune(c)) }
func (c Char) IsControl() bool       { return unicode.Is(unicode.Cc, rune(c)) }
func (c Char) IsPunctuation() bool   { return unicode.Is(unicode.P, rune(c)) }
func (c Char) IsSymbol() bool        { return unicode.Is(unicode.S, rune(c)) }
func (c Char) IsSeparator() bool     { return unicode.Is(unicode.Z, rune(c)) }
func (c Char) IsSurrogate() bool     { return c >= surrogateMin && c <= surrogateMax }
func (c Char) IsHighSurrogate() bool { return c >= surrogateMin && c < lowSurrogateMin }
func (c Char) IsLowSurrogate() bool  { return c >= lowSurrogateMin && c <= surrogateMax }
func (c Char) IsAscii() bool         { return c < utf8.RuneSelf }

// IsWhiteSpace is Char.IsWhiteSpace: the separators of Unicode, U+0009 to U+000D
// and U+0085.
func (c Char) IsWhiteSpace() bool { return isSpace(rune(c)) }

func isSpace(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || r >= '\t' && r <= '\r'
	}
	return r == 0x85 || unicode.Is(unicode.Z, r)
}

// ToUpper and ToLower map by the invariant culture.
func (c Char) ToUpper() Char { return Char(upper(rune(c))) }
func (c Char) ToLower() Char { return Char(lower(rune(c))) }

// upper is the simple upper-case mapping of the invariant culture, which leaves
// the dotless i alone, as it leaves the dotted I alone in lower.
func upper(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		if 'a' <= r && r <= 'z' {
			return r - ('a' - 'A')
		}
		return r
	case r == 'ı', r == 'ſ':
		return r
	}
	return unicode.ToUpper(r)
}

func lower(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	case r == 'İ', r == 'K':
		return r
	}
	return unicode.ToLower(r)
}

// NumericValue is Char.GetNumericValue: the digit's value, or -1.
func (c Char) NumericValue() float64 {
	if c >= '0' && c <= '9' {
		return float64(c - '0')
	}
	if !c.IsDigit() {
		return -1
	}
	// The decimal digits of a script stand in a row of ten that starts at a
	// boundary its own range begins with.
	for _, r := range unicode.Nd.R16 {
		if uint16(c) >= r.Lo && uint16(c) <= r.Hi {
			return float64((uint16(c) - r.Lo) % 10)
		}
	}
	return -1
}

// ParseChar is Char.Parse.
func ParseChar(s string) Char {
	if Len(s) != 1 {
		throwFormat("String must be exactly one character long.")
	}
	return At(s, 0)
}

// TryParseChar is Char.TryParse.
func TryParseChar(s string) (Char, bool) {
	if Len(s) != 1 {
		return 0, false
	}
	return At(s, 0), true
}

// CompareTo is Char.CompareTo: the difference of the units.
func (c Char) CompareTo(d Char) int32 { return int32(c) - int32(d) }

// CharFromUTF32 is Char.ConvertFromUtf32.
func CharFromUTF32(r int32) string {
	if r < 0 || r > unicode.MaxRune || r >= surrogateMin && r <= surrogateMax {
		ThrowRange("A valid UTF32 value is between 0x000000 and 0x10ffff, inclusive, and should not include surrogate codepoint values (0x00d800 ~ 0x00dfff).", "utf32")
	}
	return string(rune(r))
}

// UnicodeCategory is the value of .NET's enum of that name.
type UnicodeCategory int32

// Category is Char.GetUnicodeCategory.
func (c Char) Category() UnicodeCategory {
	for i, t := range categories {
		if t != nil && unicode.Is(t, rune(c)) {
			return UnicodeCategory(i)
		}
	}
	return UnicodeCategory(len(categories) - 1)
}

var (
	categories = [...]*unicode.RangeTable{
		unicode.Lu, unicode.Ll, unicode.Lt, unicode.Lm, unicode.Lo,
		unicode.Mn, unicode.Mc, unicode.Me,
		unicode.Nd, unicode.Nl, unicode.No,
		unicode.Zs, unicode.Zl, unicode.Zp,
		unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co,
		unicode.Pc, unicode.Pd, unicode.Ps, unicode.Pe, unicode.Pi, unicode.Pf, unicode.Po,
		unicode.Sm, unicode.Sc, unicode.Sk, unicode.So,
		nil,
	}
	categoryNames = [...]string{
		"UppercaseLetter", "LowercaseLetter", "TitlecaseLetter", "ModifierLetter", "OtherLetter",
		"NonSpacingMark", "SpacingCombiningMark", "EnclosingMark",
		"DecimalDigitNumber", "LetterNumber", "OtherNumber",
		"SpaceSeparator", "LineSeparator", "ParagraphSeparator",
		"Control", "Format", "Surrogate", "PrivateUse",
		"ConnectorPunctuation", "DashPunctuation", "OpenPunctuation", "ClosePunctuation",
		"InitialQuotePunctuation", "FinalQuotePunctuation", "OtherPunctuation",
		"MathSymbol", "CurrencySymbol", "ModifierSymbol", "OtherSymbol",
		"OtherNotAssigned",
	}
)

func (c UnicodeCategory) String() string { return categoryNames[c] }
