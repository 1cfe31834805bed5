package clr

import (
	"encoding/hex"
	"io"
	"strings"
)

// Guid is a GUID in the order it is written: the first byte is the first pair of
// digits.
type Guid [16]byte

// NewGuid is Guid.NewGuid: version 4, from the random bytes of r.
func NewGuid(r io.Reader) Guid {
	var g Guid
	if _, err := io.ReadFull(r, g[:]); err != nil {
		Throw("System.Security.Cryptography.CryptographicException", "%s", err.Error())
	}
	g[6] = g[6]&0x0F | 0x40
	g[8] = g[8]&0x3F | 0x80
	return g
}

// GuidFromBytes is new Guid(byte[]): the first three fields are little-endian.
func GuidFromBytes(b []byte) Guid {
	if len(b) != 16 {
		ThrowArgument("Byte array for Guid must be exactly 16 bytes long.", "b")
	}
	return swapFields(Guid(b))
}

// Bytes is Guid.ToByteArray.
func (g Guid) Bytes() []byte {
	s := swapFields(g)
	return s[:]
}

func swapFields(g Guid) Guid {
	g[0], g[1], g[2], g[3] = g[3], g[2], g[1], g[0]
	g[4], g[5] = g[5], g[4]
	g[6], g[7] = g[7], g[6]
	return g
}

// String is Guid.ToString: format "D".
func (g Guid) String() string { return g.Format("") }

// Format is Guid.ToString(format): N, D, B, P or X.
func (g Guid) Format(format string) string {
	n := hex.EncodeToString(g[:])
	d := n[:8] + "-" + n[8:12] + "-" + n[12:16] + "-" + n[16:20] + "-" + n[20:]
	switch format {
	case "", "D", "d":
		return d
	case "N", "n":
		return n
	case "B", "b":
		return "{" + d + "}"
	case "P", "p":
		return "(" + d + ")"
	case "X", "x":
		out := "{0x" + n[:8] + ",0x" + n[8:12] + ",0x" + n[12:16] + ",{"
		for i := 16; i < 32; i += 2 {
			if i > 16 {
				out += ","
			}
			out += "0x" + n[i:i+2]
		}
		return out + "}}"
	}
	throwFormat("Format string can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \"X\" or \"x\".")
	return ""
}

// ParseGuid is Guid.Parse, and new Guid(string).
func ParseGuid(s string) Guid {
	g, ok := TryParseGuid(s)
	if !ok {
		throwFormat("Unrecognized Guid format.")
	}
	return g
}

// TryParseGuid is Guid.TryParse.
func TryParseGuid(s string) (g Guid, ok bool) {
	s = Trim(s)
	if strings.HasPrefix(s, "{0x") || strings.HasPrefix(s, "{0X") {
		return parseGuidX(s)
	}
	if len(s) == 38 && (s[0] == '{' && s[37] == '}' || s[0] == '(' && s[37] == ')') {
		s = s[1:37]
		if s[8] != '-' {
			return g, false
		}
	}
	if len(s) == 36 {
		if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
			return g, false
		}
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if len(s) != 32 {
		return g, false
	}
	if _, err := hex.Decode(g[:], []byte(s)); err != nil {
		return Guid{}, false
	}
	return g, true
}

// parseGuidX reads {0x…,0x…,0x…,{0x…,…}}.
func parseGuidX(s string) (g Guid, ok bool) {
	s = strings.Map(func(r rune) rune {
		if isSpace(r) {
			return -1
		}
		return r
	}, s)
	if !strings.HasSuffix(s, "}}") {
		return g, false
	}
	fields := strings.Split(s[1:len(s)-2], ",")
	if len(fields) != 11 || !strings.HasPrefix(fields[3], "{") {
		return g, false
	}
	fields[3] = fields[3][1:]
	at := 0
	for i, f := range fields {
		width := 1
		switch {
		case i == 0:
			width = 4
		case i < 3:
			width = 2
		}
		if len(f) < 3 || len(f) > 2+2*width || f[0] != '0' || f[1]|0x20 != 'x' {
			return Guid{}, false
		}
		if _, err := hex.Decode(g[at:at+width], []byte(zeroPad(f[2:], 2*width))); err != nil {
			return Guid{}, false
		}
		at += width
	}
	return g, true
}

// Compare is Guid.CompareTo.
func (g Guid) Compare(h Guid) int32 {
	for i := range g {
		if g[i] != h[i] {
			if g[i] < h[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// HashCode is Guid.GetHashCode.
func (g Guid) HashCode() int32 {
	b := g.Bytes()
	var h uint32
	for i := 0; i < 16; i += 4 {
		h ^= uint32(b[i]) | uint32(b[i+1])<<8 | uint32(b[i+2])<<16 | uint32(b[i+3])<<24
	}
	return int32(h)
}
