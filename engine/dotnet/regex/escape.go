package regex

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// Escape is Regex.Escape.
func Escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\f':
			b.WriteString(`\f`)
		case '\\', '*', '+', '?', '|', '{', '[', '(', ')', '^', '$', '.', '#', ' ':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Unescape is Regex.Unescape.
func Unescape(s string) string {
	var b []byte
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b = append(b, s[i])
			i++
			continue
		}
		if i+1 == len(s) {
			parseError(s, clr.Len(s), "Illegal \\ at end of pattern.")
		}
		i++
		c := s[i]
		i++
		hex := func(n int) {
			if i+n > len(s) {
				parseError(s, clr.Len(s), "Insufficient or invalid hexadecimal digits.")
			}
			v, err := strconv.ParseUint(s[i:i+n], 16, 16)
			if err != nil {
				parseError(s, clr.Len(s[:i]), "Insufficient or invalid hexadecimal digits.")
			}
			i += n
			b = append(b, clr.Char(v).String()...)
		}
		switch {
		case c >= '0' && c <= '7':
			v := int(c - '0')
			for n := 1; n < 3 && i < len(s) && s[i] >= '0' && s[i] <= '7'; n++ {
				v = v*8 + int(s[i]-'0')
				i++
			}
			b = utf8.AppendRune(b, rune(v&0xFF))
		case c == 'x':
			hex(2)
		case c == 'u':
			hex(4)
		case c == 'c':
			if i == len(s) {
				parseError(s, clr.Len(s), "Missing control character.")
			}
			ctl := s[i] &^ 0x20
			if ctl < '@' || ctl > '_' {
				parseError(s, clr.Len(s[:i]), "Unrecognized control character.")
			}
			i++
			b = append(b, ctl-'@')
		default:
			if at := strings.IndexByte("abefnrtv", c); at >= 0 {
				b = append(b, "\a\b\x1b\f\n\r\t\v"[at])
			} else if c == '_' || c < utf8.RuneSelf && clr.Char(c).IsLetterOrDigit() {
				parseError(s, clr.Len(s[:i]), "Unrecognized escape sequence \\"+string(rune(c))+".")
			} else {
				b = append(b, c)
			}
		}
	}
	return string(b)
}

// translate writes \p{IsGreek} and other blocks of Unicode, which the engine does
// not know, as ranges.
func translate(pattern string) string {
	if !strings.Contains(pattern, "{Is") {
		return pattern
	}
	var b strings.Builder
	inClass := 0
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern):
			next := pattern[i+1]
			if end := strings.IndexByte(pattern[i:], '}'); (next == 'p' || next == 'P') && end > 0 && strings.HasPrefix(pattern[i+2:], "{Is") {
				if block, ok := blocks[pattern[i+5:i+end]]; ok {
					b.WriteString(block.class(next == 'P', inClass > 0))
					i += end
					continue
				}
			}
			b.WriteByte(c)
			b.WriteByte(next)
			i++
		case c == '[':
			if inClass == 0 || i > 0 && pattern[i-1] == '-' {
				inClass++
			}
			b.WriteByte(c)
		case c == ']':
			inClass = max(0, inClass-1)
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

type block struct{ first, last uint16 }

func (k block) class(not, inClass bool) string {
	unit := func(u uint16) string { return `\u` + strings.ToUpper(strconv.FormatUint(0x10000|uint64(u), 16)[1:]) }
	out := unit(k.first) + "-" + unit(k.last)
	if not {
		out = ""
		if k.first > 0 {
			out = unit(0) + "-" + unit(k.first-1)
		}
		if k.last < 0xFFFF {
			out += unit(k.last+1) + "-" + unit(0xFFFF)
		}
	}
	if inClass {
		return out
	}
	return "[" + out + "]"
}

// blocks are the blocks of Unicode that .NET names, by the name behind "Is".
var blocks = map[string]block{
	"BasicLatin": {0x0000, 0x007F}, "Latin-1Supplement": {0x0080, 0x00FF}, "LatinExtended-A": {0x0100, 0x017F},
	"LatinExtended-B": {0x0180, 0x024F}, "IPAExtensions": {0x0250, 0x02AF}, "SpacingModifierLetters": {0x02B0, 0x02FF},
	"CombiningDiacriticalMarks": {0x0300, 0x036F}, "Greek": {0x0370, 0x03FF}, "GreekandCoptic": {0x0370, 0x03FF},
	"Cyrillic": {0x0400, 0x04FF}, "CyrillicSupplement": {0x0500, 0x052F}, "Armenian": {0x0530, 0x058F},
	"Hebrew": {0x0590, 0x05FF}, "Arabic": {0x0600, 0x06FF}, "Syriac": {0x0700, 0x074F}, "Thaana": {0x0780, 0x07BF},
	"Devanagari": {0x0900, 0x097F}, "Bengali": {0x0980, 0x09FF}, "Gurmukhi": {0x0A00, 0x0A7F}, "Gujarati": {0x0A80, 0x0AFF},
	"Oriya": {0x0B00, 0x0B7F}, "Tamil": {0x0B80, 0x0BFF}, "Telugu": {0x0C00, 0x0C7F}, "Kannada": {0x0C80, 0x0CFF},
	"Malayalam": {0x0D00, 0x0D7F}, "Sinhala": {0x0D80, 0x0DFF}, "Thai": {0x0E00, 0x0E7F}, "Lao": {0x0E80, 0x0EFF},
	"Tibetan": {0x0F00, 0x0FFF}, "Myanmar": {0x1000, 0x109F}, "Georgian": {0x10A0, 0x10FF}, "HangulJamo": {0x1100, 0x11FF},
	"Ethiopic": {0x1200, 0x137F}, "Cherokee": {0x13A0, 0x13FF}, "Khmer": {0x1780, 0x17FF}, "Mongolian": {0x1800, 0x18AF},
	"LatinExtendedAdditional": {0x1E00, 0x1EFF}, "GreekExtended": {0x1F00, 0x1FFF}, "GeneralPunctuation": {0x2000, 0x206F},
	"SuperscriptsandSubscripts": {0x2070, 0x209F}, "CurrencySymbols": {0x20A0, 0x20CF}, "LetterlikeSymbols": {0x2100, 0x214F},
	"NumberForms": {0x2150, 0x218F}, "Arrows": {0x2190, 0x21FF}, "MathematicalOperators": {0x2200, 0x22FF},
	"MiscellaneousTechnical": {0x2300, 0x23FF}, "BoxDrawing": {0x2500, 0x257F}, "GeometricShapes": {0x25A0, 0x25FF},
	"MiscellaneousSymbols": {0x2600, 0x26FF}, "Dingbats": {0x2700, 0x27BF}, "CJKSymbolsandPunctuation": {0x3000, 0x303F},
	"Hiragana": {0x3040, 0x309F}, "Katakana": {0x30A0, 0x30FF}, "Bopomofo": {0x3100, 0x312F},
	"CJKCompatibility": {0x3300, 0x33FF}, "CJKUnifiedIdeographsExtensionA": {0x3400, 0x4DBF},
	"CJKUnifiedIdeographs": {0x4E00, 0x9FFF}, "HangulSyllables": {0xAC00, 0xD7AF}, "HighSurrogates": {0xD800, 0xDB7F},
	"LowSurrogates": {0xDC00, 0xDFFF}, "PrivateUse": {0xE000, 0xF8FF}, "PrivateUseArea": {0xE000, 0xF8FF},
	"CJKCompatibilityIdeographs": {0xF900, 0xFAFF}, "AlphabeticPresentationForms": {0xFB00, 0xFB4F},
	"ArabicPresentationForms-A": {0xFB50, 0xFDFF}, "CombiningHalfMarks": {0xFE20, 0xFE2F},
	"ArabicPresentationForms-B": {0xFE70, 0xFEFF}, "HalfwidthandFullwidthForms": {0xFF00, 0xFFEF}, "Specials": {0xFFF0, 0xFFFF},
}
