package jose

import (
	"encoding/base64"
	"errors"
	"hash/maphash"
	"math"
	"strconv"
	"strings"
	"sync/atomic"

	"sekisho/engine/pipeline"
)

// maxKeyID bounds a kid, in bytes.
const maxKeyID = 1024

// Why a token is none that is looked at further. These are the causes of a TokenError;
// they quote nothing of the token.
var (
	errSize     = errors.New("the token is empty or too large")
	errForm     = errors.New("it is not in compact form, with three or five segments")
	errSegment  = errors.New("a segment is not in base64url without padding")
	errHeader   = errors.New("the header has a member of the wrong type")
	errAlg      = errors.New("the algorithm is none that is accepted")
	errCrit     = errors.New("the header has extensions that must be understood and are not")
	errDetached = errors.New("the payload is not encoded")
	errZip      = errors.New("compressed tokens are not accepted")
	errType     = errors.New("the token is for another use, as its typ says")
)

// header is what is looked at of a token's header. Where a key is to be had (jku, x5u,
// jwk, x5c) is not the token's to say and is passed over.
type header struct {
	alg, kid, typ string
	members       object
}

// segments splits a token in compact form.
func segments(token string, limit int) ([]string, error) {
	if token == "" || len(token) > limit {
		return nil, errSize
	}
	dots := strings.Count(token, ".")
	if dots != 2 && dots != 4 {
		return nil, errForm
	}
	return strings.Split(token, "."), nil
}

var strict = base64.RawURLEncoding.Strict()

// decodeSegment decodes base64url without padding. The decoder of the standard library
// passes over line ends, and a token with some would be another one to whoever does not.
func decodeSegment(s string) ([]byte, error) { return appendSegment(nil, s) }

// appendSegment appends what decodeSegment decodes.
func appendSegment(to []byte, s string) ([]byte, error) {
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return nil, errSegment
	}
	b, err := strict.AppendDecode(to, []byte(s))
	if err != nil {
		return nil, errSegment
	}
	return b, nil
}

// parseHeader reads the header of a JWS or a JWE.
func parseHeader(segment string) (*header, error) {
	raw, err := decodeSegment(segment)
	if err != nil {
		return nil, err
	}
	h := &header{}
	if h.members, err = parseObject(string(raw)); err != nil {
		return nil, err
	}
	var okAlg, okKid, okTyp, okCty bool
	h.alg, okAlg = h.members.text("alg")
	h.kid, okKid = h.members.text("kid")
	h.typ, okTyp = h.members.text("typ")
	_, okCty = h.members.text("cty")
	switch {
	case !okAlg || !okKid || !okTyp || !okCty || len(h.kid) > maxKeyID:
		return nil, errHeader
	case h.alg == "":
		return nil, errAlg
	case h.members.get("crit") != "":
		return nil, errCrit // no extension is understood
	case h.members.get("b64") != "" && h.members.get("b64") != "true":
		return nil, errDetached
	case h.members.get("zip") != "":
		return nil, errZip
	case otherUse(h.typ):
		return nil, errType
	}
	return h, nil
}

// headers remembers headers that were read: the tokens of an issuer all have the same one,
// until it signs with another key. Those that are refused are read each time.
type headers struct {
	seed  maphash.Seed
	known [32]atomic.Pointer[knownHeader]
}

type knownHeader struct {
	segment string
	header  *header
}

// maxKnownHeader bounds a segment that headers remembers, in bytes.
const maxKnownHeader = 1024

func newHeaders() *headers { return &headers{seed: maphash.MakeSeed()} }

// parse is parseHeader. What it returns is shared.
func (hs *headers) parse(segment string) (*header, error) {
	if len(segment) > maxKnownHeader {
		return parseHeader(segment)
	}
	at := &hs.known[maphash.String(hs.seed, segment)%uint64(len(hs.known))]
	if k := at.Load(); k != nil && k.segment == segment {
		return k.header, nil
	}
	h, err := parseHeader(segment)
	if err == nil {
		at.Store(&knownHeader{strings.Clone(segment), h})
	}
	return h, err
}

// otherUse tells whether a typ says that a token is of a kind of its own: "x+jwt" are
// logout tokens, grants, proofs, events and the like (RFC 8725, section 3.11). Access
// tokens are "at+jwt" (RFC 9068), or say nothing but JWT.
func otherUse(typ string) bool {
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	return strings.HasSuffix(typ, "+jwt") && typ != "at+jwt"
}

// checkClaims refuses claims that two readers could take differently.
func checkClaims(payload string) (object, error) {
	o, err := parseObject(payload)
	if err != nil {
		return nil, err
	}
	for _, name := range [...]string{"exp", "nbf", "iat"} {
		if _, ok := numericDate(o.get(name)); !ok {
			return nil, errors.New("the claim " + name + " is not a date in seconds")
		}
	}
	for _, name := range [...]string{"iss", "sub", "jti"} {
		if _, ok := o.text(name); !ok {
			return nil, errors.New("the claim " + name + " is not a string")
		}
	}
	if _, ok := o.text("aud"); !ok {
		if _, ok := o.texts("aud"); !ok {
			return nil, errors.New("the claim aud is neither a string nor an array of strings")
		}
	}
	return o, nil
}

// numericDate is a date in seconds since 1970; ok is false for what is none, and true
// for "".
func numericDate(v string) (seconds float64, ok bool) {
	if v == "" {
		return 0, true
	}
	const latest = 253402300799 // the end of the year 9999
	if v[0] != '-' && (v[0] < '0' || v[0] > '9') {
		return 0, false
	}
	// A number of JSON is one of Go, too.
	seconds, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return 0, false
	}
	return seconds, !math.Signbit(seconds) && seconds <= latest
}

// malformed is the TokenError of a token that is none.
func malformed(cause error) *pipeline.TokenError {
	return &pipeline.TokenError{Reason: "JwtInvalid", Message: "Invalid JWT: " + cause.Error() + ".", Cause: cause}
}
