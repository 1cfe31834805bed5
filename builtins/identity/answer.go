package identity

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"sekisho/builtins/tokencache"
)

// maxToken bounds an access token, in bytes: what fits into a header.
const maxToken = 64 << 10

// readToken reads the answer of a token endpoint. Times may be numbers or strings of
// digits, and expires_on a date, as App Service once had it. expires_on goes before
// expires_in, which endpoints with a cache of their own leave as it was.
func readToken(body []byte, now time.Time) (tokencache.Token, error) {
	var a struct {
		AccessToken any             `json:"access_token"`
		TokenType   any             `json:"token_type"`
		ExpiresOn   json.RawMessage `json:"expires_on"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if json.Unmarshal(body, &a) != nil {
		return tokencache.Token{}, errors.New("no JSON object")
	}
	token, _ := a.AccessToken.(string)
	if !isToken(token) {
		return tokencache.Token{}, errors.New("no access_token that could stand in a header")
	}
	if kind, ok := a.TokenType.(string); ok && kind != "" && !strings.EqualFold(kind, "bearer") {
		return tokencache.Token{}, errors.New("a token_type other than Bearer")
	}
	t := tokencache.Token{AccessToken: token}
	if at, ok := readTime(a.ExpiresOn); ok {
		t.Expires = at
	} else if s, ok := readSeconds(a.ExpiresIn); ok {
		t.Expires = now.Add(time.Duration(s) * time.Second)
	} else {
		return tokencache.Token{}, errors.New("neither expires_on nor expires_in")
	}
	return t, nil
}

// isToken accepts what may stand behind "Bearer ".
func isToken(s string) bool {
	if s == "" || len(s) > maxToken {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// maxSeconds keeps times within what calculations can bear: the year 5138.
const maxSeconds = 100_000_000_000

// readSeconds reads a number of seconds, not negative: 3599, 3599.0, "3599".
func readSeconds(raw json.RawMessage) (int64, bool) {
	text := string(raw)
	if len(raw) > 0 && raw[0] == '"' {
		if json.Unmarshal(raw, &text) != nil {
			return 0, false
		}
	}
	if text = strings.TrimSpace(text); len(text) > 32 {
		return 0, false
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, n >= 0 && n <= maxSeconds
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > maxSeconds {
		return 0, false
	}
	return int64(f), true
}

// dates are the forms of expires_on of App Service's 2017-09-01.
var dates = []string{"1/2/2006 15:04:05 -07:00", "1/2/2006 15:04:05 PM -07:00", time.RFC3339}

// readTime reads a time: seconds since 1970 or a date.
func readTime(raw json.RawMessage) (time.Time, bool) {
	if s, ok := readSeconds(raw); ok {
		return time.Unix(s, 0).UTC(), true
	}
	var text string
	if json.Unmarshal(raw, &text) != nil || len(text) > 64 {
		return time.Time{}, false
	}
	for _, layout := range dates {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), t.Unix() >= 0
		}
	}
	return time.Time{}, false
}

// errorCode is what an answer says went wrong, in letters and digits: " invalid_resource
// (AADSTS50001)". Descriptions are left out, as they may quote what was sent.
func errorCode(body []byte) string {
	var a struct {
		Error       json.RawMessage `json:"error"`
		Code        any             `json:"code"`
		Description any             `json:"error_description"`
	}
	if json.Unmarshal(body, &a) != nil {
		return ""
	}
	var code string
	if json.Unmarshal(a.Error, &code) != nil {
		// Service Fabric has an object there.
		var o struct {
			Code any `json:"code"`
		}
		if json.Unmarshal(a.Error, &o) == nil {
			code, _ = o.Code.(string)
		}
	}
	s := ""
	if isCode(code) {
		s = " " + code
	}
	if description, ok := a.Description.(string); ok {
		if _, rest, ok := strings.Cut(description, "AADSTS"); ok {
			digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
			if digits != "" && len(digits) <= 9 {
				s += " (AADSTS" + digits + ")"
			}
		}
	}
	return s
}

// isCode accepts what error codes look like, which no token does.
func isCode(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for _, r := range s {
		if !(r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return false
		}
	}
	return true
}
