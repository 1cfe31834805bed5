package xmljson

import "sort"

// Names are judged by the fourth edition of XML 1.0, as XmlConvert.EncodeLocalName does:
// readers of the older editions take them too. The colon is no part of a local name.

func isNameStart(r rune) bool { return inRanges(nameStart[:], r) }

func isNameRune(r rune) bool { return isNameStart(r) || inRanges(nameRest[:], r) }

// inRanges looks for r in pairs of first and last runes, in order.
func inRanges(pairs []rune, r rune) bool {
	i := sort.Search(len(pairs)/2, func(i int) bool { return pairs[2*i+1] >= r })
	return 2*i < len(pairs) && pairs[2*i] <= r
}
