package web

import (
	"strconv"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// FromHex is Uri.FromHex.
func FromHex(c clr.Char) int32 {
	if n, ok := hexDigit(c); ok {
		return int32(n)
	}
	clr.ThrowArgument("Specified argument was out of the range of valid values.", "digit")
	return 0
}

func hexDigit(c clr.Char) (int, bool) {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0'), true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10, true
	}
	return 0, false
}

// IsHexEncoding is Uri.IsHexEncoding: whether "%41" stands at index.
func IsHexEncoding(pattern string, index int32) bool {
	if index < 0 || clr.Len(pattern)-int(index) < 3 || clr.At(pattern, int(index)) != '%' {
		return false
	}
	_, high := hexDigit(clr.At(pattern, int(index)+1))
	_, low := hexDigit(clr.At(pattern, int(index)+2))
	return high && low
}

// HexUnescape is Uri.HexUnescape: the character at index, of an encoding or
// itself, and where the next one is.
func HexUnescape(pattern string, index int) (clr.Char, int) {
	if index < 0 || index >= clr.Len(pattern) {
		clr.ThrowRange("Specified argument was out of the range of valid values.", "index")
	}
	if !IsHexEncoding(pattern, int32(index)) {
		return clr.At(pattern, index), index + 1
	}
	high, _ := hexDigit(clr.At(pattern, index+1))
	low, _ := hexDigit(clr.At(pattern, index+2))
	return clr.Char(high<<4 | low), index + 3
}

// UrlDecodeBytes is WebUtility.UrlDecodeToBytes.
func UrlDecodeBytes(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '+':
			out = append(out, ' ')
		case c == '%' && i+2 < len(b):
			high, okH := hexDigit(clr.Char(b[i+1]))
			low, okL := hexDigit(clr.Char(b[i+2]))
			if okH && okL {
				out = append(out, byte(high<<4|low))
				i += 2
				continue
			}
			out = append(out, c)
		default:
			out = append(out, c)
		}
	}
	return out
}

// The flags of .NET's enum UriComponents.
const (
	partScheme     = 1
	partUser       = 2
	partHost       = 4
	partPort       = 8
	partPath       = 16
	partQuery      = 32
	partFragment   = 64
	partStrongPort = 128
	partNormalHost = 256
	keepDelimiter  = 1 << 30
	allParts       = 127
)

// GetComponents is Uri.GetComponents: parts of the address with their delimiters
// between them; alone, a part has its delimiter only where it is to be kept.
func GetComponents(u *Uri, parts, format int32) string {
	u.need()
	keep := parts&keepDelimiter != 0
	if parts < 0 {
		parts = allParts
	}
	parts &^= keepDelimiter
	var b strings.Builder
	more := func(p int32) bool { return parts&^p != 0 || keep }
	if parts&partScheme != 0 {
		b.WriteString(u.scheme)
		if more(partScheme) {
			b.WriteString("://")
		}
	}
	if parts&partUser != 0 && u.user != "" {
		b.WriteString(u.user)
		if more(partUser) {
			b.WriteString("@")
		}
	}
	if parts&(partHost|partNormalHost) != 0 {
		b.WriteString(u.host)
	}
	if parts&partStrongPort != 0 || parts&partPort != 0 && !u.IsDefaultPort() {
		if more(partPort | partStrongPort) {
			b.WriteString(":")
		}
		b.WriteString(strconv.Itoa(int(u.port)))
	}
	if parts&partPath != 0 {
		path := u.path
		if !more(partPath) {
			path = strings.TrimPrefix(path, "/")
		}
		b.WriteString(path)
	}
	if parts&partQuery != 0 && u.query != "" {
		query := u.query
		if !more(partQuery) {
			query = strings.TrimPrefix(query, "?")
		}
		b.WriteString(query)
	}
	if parts&partFragment != 0 && u.fragment != "" {
		fragment := u.fragment
		if !more(partFragment) {
			fragment = strings.TrimPrefix(fragment, "#")
		}
		b.WriteString(fragment)
	}
	const unescaped = 2
	if format >= unescaped {
		return UnescapeDataString(b.String())
	}
	return b.String()
}
