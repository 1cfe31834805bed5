package gateway

import (
	"errors"
	"strings"
	"unsafe"

	"sekisho/engine/pipeline"
)

// special says what a header field means to a proxy. Everything else passes.
type special uint8

const (
	ordinary special = iota
	fieldHost
	fieldContentLength
	fieldTransferEncoding
	fieldConnection
	fieldUpgrade
	fieldTE
	fieldTrailer
	fieldExpect
	fieldHopByHop // ends here without being looked at
	fieldForwardedFor
	fieldForwardedProto
	fieldForwardedHost
)

// classify tells what a field name means. Most names are told by their length.
func classify(name string) special {
	switch len(name) {
	case 2:
		return is(name, "TE", fieldTE)
	case 4:
		return is(name, "Host", fieldHost)
	case 6:
		return is(name, "Expect", fieldExpect)
	case 7:
		if s := is(name, "Upgrade", fieldUpgrade); s != ordinary {
			return s
		}
		return is(name, "Trailer", fieldTrailer)
	case 10:
		if s := is(name, "Connection", fieldConnection); s != ordinary {
			return s
		}
		return is(name, "Keep-Alive", fieldHopByHop)
	case 14:
		return is(name, "Content-Length", fieldContentLength)
	case 15:
		return is(name, "X-Forwarded-For", fieldForwardedFor)
	case 16:
		if s := is(name, "X-Forwarded-Host", fieldForwardedHost); s != ordinary {
			return s
		}
		return is(name, "Proxy-Connection", fieldHopByHop)
	case 17:
		if s := is(name, "Transfer-Encoding", fieldTransferEncoding); s != ordinary {
			return s
		}
		return is(name, "X-Forwarded-Proto", fieldForwardedProto)
	case 18:
		return is(name, "Proxy-Authenticate", fieldHopByHop)
	case 19:
		return is(name, "Proxy-Authorization", fieldHopByHop)
	case 25:
		return is(name, "Proxy-Authentication-Info", fieldHopByHop)
	}
	return ordinary
}

func is(name, want string, s special) special {
	if name[0]|0x20 == want[0]|0x20 && (name == want || strings.EqualFold(name, want)) {
		return s
	}
	return ordinary
}

// framing is what the fields of a message say about its connection and about the
// extent of its body.
type framing struct {
	host     string
	hosts    int
	length   int64 // Content-Length, -1 without one
	chunked  bool
	close    bool // Connection: close
	keep     bool // Connection: keep-alive
	upgrade  bool // Connection: upgrade
	protocol string
	expect   bool // Expect: 100-continue
	trailers bool // TE: trailers
	trailer  string
}

var (
	errHeaderSyntax = errors.New("a header line is malformed")
	errFolded       = errors.New("a header line is folded")
	errLength       = errors.New("the Content-Length is not a number, or there are several")
	errEncoding     = errors.New("the Transfer-Encoding is not chunked, or there are several")
	errBothFramings = errors.New("the message has a Content-Length and a Transfer-Encoding")
	errExpectation  = errors.New("the Expect header asks for something other than 100-continue")
)

// readFields cuts a header block, up to and with its empty line, into fields: names
// as they came, in their order, all of them pieces of block. Fields that belong to
// the connection and not to the message are not added to h but told in the framing,
// among them those that Connection names. The caller's response says whether it is a
// response's block.
func readFields(block string, h *pipeline.Header, response bool) (f framing, err error) {
	f.length = -1
	h.ReadFrom(block)
	encodings := 0
	var named string // what Connection names
	if response && strings.IndexByte(block, 0) >= 0 {
		return f, errHeaderSyntax
	}
	for {
		end := strings.IndexByte(block, '\n')
		if end < 1 || block[end-1] != '\r' {
			return f, errHeaderSyntax
		}
		line := block[:end-1]
		block = block[end+1:]
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			return f, errFolded
		}
		colon := 0
		for colon < len(line) && tokenBytes[line[colon]] {
			colon++
		}
		if colon < 1 || colon == len(line) || line[colon] != ':' {
			return f, errHeaderSyntax
		}
		name, value := line[:colon], trimBlanks(line[colon+1:])
		if response && strings.IndexByte(value, '\r') >= 0 || !response && !isValue(value) {
			return f, errHeaderSyntax
		}
		switch kind := classify(name); kind {
		case fieldHost:
			f.hosts++
			f.host = value
			h.Add(name, value)
		case fieldContentLength:
			n, ok := parseLength(value)
			if !ok || f.length >= 0 && (n != f.length || !response) {
				return f, errLength
			}
			if f.length < 0 {
				h.Add(name, value)
			}
			f.length = n
		case fieldTransferEncoding:
			encodings++
			f.chunked = strings.EqualFold(value, "chunked")
			if encodings > 1 || !f.chunked {
				return f, errEncoding
			}
		case fieldConnection:
			if named != "" {
				named += ","
			}
			named += value
		case fieldUpgrade:
			f.protocol = value
		case fieldTE:
			f.trailers = f.trailers || hasToken(value, "trailers")
		case fieldTrailer:
			f.trailer = value
		case fieldExpect:
			if response {
				h.Add(name, value)
			} else if f.expect = strings.EqualFold(value, "100-continue"); !f.expect {
				return f, errExpectation
			}
		case fieldHopByHop:
			// It ends here.
		default:
			h.Add(name, value)
		}
	}
	if encodings > 0 && f.length >= 0 {
		if !response {
			return f, errBothFramings
		}
		// RFC 9112, section 6.3: chunked wins, and the length must not be passed on.
		f.length = -1
		f.close = true
		h.Del("Content-Length")
	}
	if named != "" {
		f.connection(named, h)
	}
	return f, nil
}

// connection reads the options of Connection and removes the fields that it names.
func (f *framing) connection(options string, h *pipeline.Header) {
	for options != "" {
		var option string
		option, options, _ = strings.Cut(options, ",")
		option = trimBlanks(option)
		switch {
		case option == "":
		case strings.EqualFold(option, "close"):
			f.close = true
		case strings.EqualFold(option, "keep-alive"):
			f.keep = true
		case strings.EqualFold(option, "upgrade"):
			f.upgrade = true
		default:
			// What frames and routes the message is not the client's to remove.
			if k := classify(option); k != fieldHost && k != fieldContentLength {
				h.Del(option)
			}
		}
	}
}

// websocket tells whether the sender asks for, or agrees to, the WebSocket protocol.
func (f *framing) websocket() bool { return f.upgrade && hasToken(f.protocol, "websocket") }

// parseLength reads a Content-Length: digits only, at most 18 of them.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}

// hasToken tells whether a comma-separated list holds a token; parameters are not looked at.
func hasToken(list, token string) bool {
	for list != "" {
		var item string
		item, list, _ = strings.Cut(list, ",")
		item, _, _ = strings.Cut(item, ";")
		if strings.EqualFold(trimBlanks(item), token) {
			return true
		}
	}
	return false
}

func trimBlanks(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

// isValue tells whether s may be the value of a field: it holds no control characters
// but tabs. Eight bytes at a time: values are most of what clients send.
func isValue(s string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		// The high bit of a byte is set for those below 0x20 and for 0x7f; bytes from
		// 0x80 on are neither. A borrow from a byte before can only add bits: what looks
		// suspicious is looked at byte by byte.
		del := w ^ 0x7f*ones
		if ((w-0x20*ones)&^w|(del-ones)&^del)&highs != 0 && !valueBytes(s[:8]) {
			return false
		}
		s = s[8:]
	}
	return valueBytes(s)
}

func valueBytes(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// tokenBytes are the bytes of a token, RFC 9110 section 5.6.2.
var tokenBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = c > ' ' && c < 0x7f && strings.IndexByte(`"(),/:;<=>?@[\]{}`, byte(c)) < 0
	}
	return t
}()

// isHost tells whether s may be a Host: a name or an address with an optional port.
func isHost(s string) bool {
	for i := 0; i < len(s); i++ {
		if !hostBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

// hostBytes are the bytes of uri-host and port, RFC 9110 section 7.2.
var hostBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' ||
			c < 0x7f && strings.IndexByte("-._~!$&'()*+,;=%:[]", byte(c)) >= 0
	}
	return t
}()

// appendField appends one header line. What policies put into names and values cannot
// end the line: a name that is no token is left out, line breaks become blanks. What was
// read from block, see pipeline.Header.ReadFrom, is known to be good.
func appendField(b []byte, name, value, block string) []byte {
	if !isName(name, block) && !isToken(name) {
		return b
	}
	b = append(b, name...)
	b = append(b, ": "...)
	if isPiece(value, block) || strings.IndexByte(value, '\r') < 0 && strings.IndexByte(value, '\n') < 0 && strings.IndexByte(value, 0) < 0 {
		b = append(b, value...)
	} else {
		for i := 0; i < len(value); i++ {
			c := value[i]
			if c == '\r' || c == '\n' || c == 0 {
				c = ' '
			}
			b = append(b, c)
		}
	}
	return append(b, '\r', '\n')
}

// isName tells whether s is, in memory, a name at the beginning of one of the lines of a
// block that readFields has read.
func isName(s, block string) bool {
	if !isPiece(s, block) {
		return false
	}
	at := int(uintptr(unsafe.Pointer(unsafe.StringData(s))) - uintptr(unsafe.Pointer(unsafe.StringData(block))))
	return at+len(s) < len(block) && block[at+len(s)] == ':' && (at == 0 || block[at-1] == '\n')
}

// isPiece tells whether s is, in memory, a piece of whole. Names and values of a
// client's fields are pieces of its header block; what a policy sets is not, even if
// the text is the same. Nothing is read through the pointers.
func isPiece(s, whole string) bool {
	at := uintptr(unsafe.Pointer(unsafe.StringData(s)))
	from := uintptr(unsafe.Pointer(unsafe.StringData(whole)))
	return len(s) > 0 && at >= from && at+uintptr(len(s)) <= from+uintptr(len(whole))
}
