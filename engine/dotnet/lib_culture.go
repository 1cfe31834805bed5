package dotnet

import (
	"strings"

	"sekisho/engine/dotnet/clr"
)

// Culture is a CultureInfo. Sekisho formats and compares by the invariant culture,
// whatever culture is asked for.
type Culture struct{ Name string }

func (c *Culture) String() string { return c.Name }

type textInfo struct{}
type numberFormat struct{}
type dateFormat struct{}

// cultureDecls are the types of System.Globalization.
func cultureDecls() []*Decl {
	culture := func(name string) Func {
		c := &Culture{name}
		return func(*Thread, []any) any { return c }
	}
	named := f1(func(name string) *Culture { return &Culture{name} })
	return []*Decl{
		class("System.Globalization.CultureInfo : IFormatProvider, ICloneable",
			Ctor("(string name)", named),
			StaticProp("CultureInfo InvariantCulture", culture("")),
			StaticProp("CultureInfo CurrentCulture", culture("")),
			StaticProp("CultureInfo CurrentUICulture", culture("")),
			Static("CultureInfo GetCultureInfo(string name)", named),
			Static("CultureInfo CreateSpecificCulture(string name)", named),
			Prop("string Name", f1(func(c *Culture) string { return c.Name })),
			Prop("TextInfo TextInfo", func(*Thread, []any) any { return textInfo{} }),
			Prop("NumberFormatInfo NumberFormat", func(*Thread, []any) any { return numberFormat{} }),
			Prop("DateTimeFormatInfo DateTimeFormat", func(*Thread, []any) any { return dateFormat{} }),
		).outsideList().holds(&Culture{}),
		class("System.Globalization.TextInfo",
			Method("string ToTitleCase(string str)", paid(f2(func(_ any, s string) string { return clr.ToTitleCase(s) }))),
			Method("string ToUpper(string str)", paid(f2(func(_ any, s string) string { return clr.ToUpper(s) }))),
			Method("string ToLower(string str)", paid(f2(func(_ any, s string) string { return clr.ToLower(s) }))),
		).outsideList().holds(textInfo{}),
		class("System.Globalization.NumberFormatInfo : IFormatProvider",
			StaticProp("NumberFormatInfo InvariantInfo", func(*Thread, []any) any { return numberFormat{} }),
			StaticProp("NumberFormatInfo CurrentInfo", func(*Thread, []any) any { return numberFormat{} }),
		).outsideList().holds(numberFormat{}),
		class("System.Globalization.DateTimeFormatInfo : IFormatProvider",
			StaticProp("DateTimeFormatInfo InvariantInfo", func(*Thread, []any) any { return dateFormat{} }),
			StaticProp("DateTimeFormatInfo CurrentInfo", func(*Thread, []any) any { return dateFormat{} }),
		).outsideList().holds(dateFormat{}),
		staticClass("System.Globalization.CharUnicodeInfo",
			Static("UnicodeCategory GetUnicodeCategory(char ch)", f1(clr.Char.Category)),
			Static("double GetNumericValue(char ch)", f1(clr.Char.NumericValue)),
		).outsideList(),
		flags("System.Globalization.NumberStyles", "None AllowLeadingWhite=1 AllowTrailingWhite=2 AllowLeadingSign=4 Integer=7 "+
			"AllowTrailingSign=8 AllowParentheses=16 AllowDecimalPoint=32 AllowThousands=64 Number=111 AllowExponent=128 Float=167 "+
			"AllowCurrencySymbol=256 Currency=383 Any=511 AllowHexSpecifier=512 HexNumber=515").outsideList(),
		flags("System.Globalization.DateTimeStyles", "None AllowLeadingWhite=1 AllowTrailingWhite=2 AllowInnerWhite=4 AllowWhiteSpaces=7 "+
			"NoCurrentDateDefault=8 AdjustToUniversal=16 AssumeLocal=32 AssumeUniversal=64 RoundtripKind=128").outsideList(),
		enum("System.Globalization.TimeSpanStyles", "None AssumeNegative").outsideList(),
		enum("System.Globalization.UnicodeCategory", strings.Join([]string{"UppercaseLetter LowercaseLetter TitlecaseLetter ModifierLetter OtherLetter",
			"NonSpacingMark SpacingCombiningMark EnclosingMark DecimalDigitNumber LetterNumber OtherNumber SpaceSeparator LineSeparator",
			"ParagraphSeparator Control Format Surrogate PrivateUse ConnectorPunctuation DashPunctuation OpenPunctuation ClosePunctuation",
			"InitialQuotePunctuation FinalQuotePunctuation OtherPunctuation MathSymbol CurrencySymbol ModifierSymbol OtherSymbol OtherNotAssigned"}, " ")).outsideList(),
	}
}
