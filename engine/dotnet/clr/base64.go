package clr

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

const badBase64 = "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters."

// ToBase64 is Convert.ToBase64String.
func ToBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// ToBase64Lines is the same with Base64FormattingOptions.InsertLineBreaks.
func ToBase64Lines(b []byte) string {
	s := ToBase64(b)
	var out strings.Builder
	for len(s) > 76 {
		out.WriteString(s[:76])
		out.WriteString("\r\n")
		s = s[76:]
	}
	out.WriteString(s)
	return out.String()
}

// FromBase64 is Convert.FromBase64String: white space is ignored, padding must be
// there.
func FromBase64(s string) []byte {
	if strings.ContainsAny(s, " \t") {
		s = strings.NewReplacer(" ", "", "\t", "").Replace(s)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		throwFormat(badBase64)
	}
	return b
}

// ToHex is Convert.ToHexString.
func ToHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// FromHex is Convert.FromHexString.
func FromHex(s string) []byte {
	if len(s)%2 != 0 {
		throwFormat("The input is not a valid hex string as its length is not a multiple of 2.")
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		throwFormat("The input is not a valid hex string as it contains a non-hex character.")
	}
	return b
}
