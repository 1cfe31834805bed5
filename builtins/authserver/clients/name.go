package clients

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxName is how many characters of a name are shown.
	maxName = 100
	// maxMarks is how many combining marks one letter may carry: more are there to cover
	// the lines above and below.
	maxMarks = 3
)

// cleanName makes of what a client calls itself what may be shown: composed (NFC), on one
// line, without control characters, marks of direction and other invisible ones, and not
// longer than maxName.
func cleanName(s string) string {
	// What is cut off below cannot be in the result, and is not worth composing.
	s = strings.ToValidUTF8(s[:min(len(s), 64*maxName)], "")
	var b strings.Builder
	n, marks, space := 0, 0, false
	for _, r := range norm.NFC.String(s) {
		switch {
		case unicode.IsSpace(r):
			space = true
			continue
		case r == utf8.RuneError, !unicode.IsGraphic(r), invisible(r):
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks || n == 0 {
				continue
			}
		default:
			marks = 0
		}
		if space && n > 0 {
			if n++; n >= maxName {
				break
			}
			b.WriteByte(' ')
		}
		space = false
		if n++; n > maxName {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// invisible tells graphic characters that show nothing: fillers, selectors of variants.
func invisible(r rune) bool {
	return unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) || r == '\u2800'
}
