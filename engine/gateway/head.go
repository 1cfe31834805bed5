package gateway

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// head is the head of a request as it was read: pieces of one string.
type head struct {
	method, proto, target string
	fields                string // with the empty line
	plain                 bool   // read without fasthttp's parser
}

// plainHead finds the request line and the extent of the header in what a connection
// has sent, if it is all there and as nearly all requests are: a common method, a path,
// HTTP/1.1. It takes no decision: any other request is read by fasthttp's parser, and
// readFields accepts of a plain one nothing that the parser would not; FuzzPlainHead
// holds the two side by side.
func plainHead(b []byte) (method string, target, lineEnd, end int, ok bool) {
	space := bytes.IndexByte(b[:min(len(b), 8)], ' ')
	if space < 0 {
		return "", 0, 0, 0, false
	}
	if method = commonMethod(b[:space]); method == "" {
		return "", 0, 0, 0, false
	}
	at := space + 1
	if at >= len(b) || b[at] != '/' {
		return "", 0, 0, 0, false
	}
	for at < len(b) && b[at] > ' ' && b[at] < 0x7f {
		at++
	}
	const version = " HTTP/1.1\r\n"
	if len(b)-at < len(version)+2 || string(b[at:at+len(version)]) != version {
		return "", 0, 0, 0, false
	}
	target, lineEnd = at, at+len(version)
	if b[lineEnd] == '\r' {
		return "", 0, 0, 0, false // no field at all
	}
	if end = headEnd(b[lineEnd:]); end < 0 {
		return "", 0, 0, 0, false // not all there
	}
	return method, target, lineEnd, lineEnd + end, true
}

// headEnd is where the lines in b end, with the empty line behind them; -1 if they do
// not. It looks at each line once; bytes.Index would stop twice at each.
func headEnd(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return -1
		}
		at += i + 1
		if at+1 < len(b) && b[at] == '\r' && b[at+1] == '\n' && i > 0 && b[at-2] == '\r' {
			return at + 2
		}
	}
}

// takePlain takes a plain head off the buffer, and tells whether there was one.
func (c *client) takePlain() bool {
	b, _ := c.br.Peek(c.br.Buffered())
	method, target, lineEnd, end, ok := plainHead(b)
	if !ok {
		return false
	}
	whole := intern(b[:end])
	_, _ = c.br.Discard(end)
	c.head = head{method: method, proto: "HTTP/1.1", target: whole[len(method)+1 : target], fields: whole[lineEnd:], plain: true}
	return true
}

// takeParsed makes what fasthttp's parser has read the head.
func (c *client) takeParsed() {
	uri, block := c.parser.RequestURI(), c.parser.RawHeaders()
	whole := string(append(append(make([]byte, 0, len(uri)+len(block)), uri...), block...))
	c.head = head{method: methodOrProto(c.parser.Method()), proto: methodOrProto(c.parser.Protocol()), target: whole[:len(uri)], fields: whole[len(uri):]}
	if c.head.fields == "" {
		c.head.fields = "\r\n"
	}
}

// goodTrailer tells whether a request may announce these trailers, by the parser's own rule.
func goodTrailer(names string) bool {
	var h fasthttp.RequestHeader
	return h.AddTrailer(names) == nil
}

// commonMethod is b as a string that costs nothing, "" if it is none of the usual methods.
func commonMethod(b []byte) string {
	switch string(b) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "PUT":
		return "PUT"
	case "DELETE":
		return "DELETE"
	case "PATCH":
		return "PATCH"
	case "HEAD":
		return "HEAD"
	case "OPTIONS":
		return "OPTIONS"
	}
	return ""
}

// methodOrProto returns b as a string, without an allocation for what is common.
func methodOrProto(b []byte) string {
	if m := commonMethod(b); m != "" {
		return m
	}
	switch string(b) {
	case "HTTP/1.1":
		return "HTTP/1.1"
	case "HTTP/1.0":
		return "HTTP/1.0"
	}
	return string(b)
}
