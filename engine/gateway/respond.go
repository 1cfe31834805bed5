package gateway

import (
	"errors"
	"io"
	"net"
	"strconv"
	"time"

	"sekisho/engine/pipeline"
)

// refusal is an answer to a request that never became an Exchange's business: it
// broke a rule of HTTP or a limit. The connection is closed after it.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, message string) error { return &refusal{status, message} }

// refuse answers with r, in APIM's form.
func (c *client) refuse(r error) {
	f, ok := r.(*refusal)
	if !ok {
		return
	}
	body := pipeline.ErrorBody(f.status, f.message, "")
	b := appendStatus(c.out[:0], f.status, pipeline.ReasonPhrase(f.status))
	b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\nConnection: close\r\n\r\n"...)
	method := c.head.method
	if method == "" && c.parser != nil {
		method = methodOrProto(c.parser.Method()) // it was not read to its end
	}
	if method != "HEAD" {
		b = append(b, body...)
	}
	c.out = b[:0]
	_ = c.write(b)
}

// respond sends the Exchange's Response. The status is the one sent, or 499 if the
// client was gone before; the error is what cut the response short.
func (c *client) respond(x *pipeline.Exchange) (status int, err error) {
	r := &x.Response
	present := r.Body.Present()
	data, stream, length := r.Body.Take()
	if stream != nil {
		defer func() { _ = stream.Close() }()
	}
	if why := c.begin(); why != nil {
		c.fr.close = true
		if why != errTotal {
			return 499, why
		}
	}
	status = r.Status
	if status < 200 && (status != 101 || c.tunnel == nil) || status > 999 {
		status, data, stream, present = 500, nil, nil, false
	}
	mode, n := c.frame(x, status, data, stream, length, present)
	if c.server.draining.Load() || !c.whole.Load() && !c.skippable() {
		c.fr.close = true
	}
	b := c.appendHead(c.out[:0], r, status, mode, n)
	c.out = b[:0]
	silent := x.OriginalMethod == "HEAD" || status == 204 || status == 304 || status == 101
	switch {
	case silent || mode == bodyNone:
		err = c.end(b)
	case stream == nil:
		err = c.writeBytes(b, data)
	default:
		err = c.copyBody(b, stream, r, mode, n)
	}
	if err != nil && c.sent == 0 && c.life.why() == errClientLeft {
		status = 499
	}
	return status, err
}

// end writes the end of a response, or leaves it to the next read.
func (c *client) end(b []byte) error {
	if c.defers() {
		c.final = b
		return nil
	}
	return c.write(b)
}

// frame decides how the response's end is told, and its length where that is how; n
// is -1 if the length that stands in the header is to be kept.
func (c *client) frame(x *pipeline.Exchange, status int, data []byte, stream io.Reader, length int64, present bool) (mode int, n int64) {
	switch {
	case status == 101, status == 204:
		return bodyNone, 0
	case stream != nil && length >= 0:
		return bodyLength, length
	case stream != nil && x.OriginalMethod == "HEAD":
		return bodyNone, 0
	case stream != nil && x.Request.Proto == "HTTP/1.0":
		c.fr.close = true
		return bodyClose, 0
	case stream != nil:
		return bodyChunks, 0
	case status == 304, x.OriginalMethod == "HEAD" && !present:
		return bodyLength, -1
	}
	return bodyLength, int64(len(data))
}

// skippable tells whether what the client has still to send of its request is little
// enough to be read and dropped, so that the connection can go on.
func (c *client) skippable() bool {
	return !c.sending.Load() && !c.body.expect && c.body.err == nil && c.body.left <= maxSkip
}

// maxSkip is how much of an unread request body is read for the sake of the connection.
const maxSkip = 64 << 10

// skipBody reads and drops the rest of the request's body, and tells whether the next
// request begins where the connection stands now.
func (c *client) skipBody() bool {
	if c.whole.Load() {
		return true
	}
	if !c.skippable() {
		return false
	}
	n, err := io.CopyN(io.Discard, &c.body, maxSkip+1)
	return n <= maxSkip && err == io.EOF
}

func appendStatus(b []byte, status int, reason string) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	for i := 0; i < len(reason); i++ {
		if ch := reason[i]; ch >= ' ' && ch != 0x7f || ch == '\t' {
			b = append(b, ch)
		}
	}
	return append(b, '\r', '\n')
}

// appendHead appends the status line and the header, with our own framing in place of
// whatever stands there.
func (c *client) appendHead(b []byte, r *pipeline.Response, status, mode int, n int64) []byte {
	reason := r.Reason
	if reason == "" || status != r.Status {
		reason = pipeline.ReasonPhrase(status)
	}
	b = appendStatus(b, status, reason)
	fields, block := r.Header.Fields(), r.Header.Block()
	wrote := false
	for i := range fields {
		f := &fields[i]
		switch classify(f.Name) {
		case fieldContentLength:
			if mode != bodyLength || wrote {
				continue
			}
			if n >= 0 {
				b = appendLength(b, f.Name, n)
			} else if _, ok := parseLength(f.Value); ok {
				b = appendField(b, f.Name, f.Value, block)
			}
			wrote = true
		case fieldConnection, fieldHopByHop, fieldTransferEncoding, fieldTE:
		case fieldUpgrade:
			if status == 101 {
				b = appendField(b, f.Name, f.Value, block)
			}
		case fieldTrailer:
			if mode == bodyChunks {
				b = appendField(b, f.Name, f.Value, block)
			}
		default:
			b = appendField(b, f.Name, f.Value, block)
		}
	}
	switch {
	case mode == bodyLength && !wrote && n >= 0:
		b = appendLength(b, "Content-Length", n)
	case mode == bodyChunks:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	switch {
	case status == 101:
		b = append(b, "Connection: Upgrade\r\n"...)
	case c.fr.close:
		b = append(b, "Connection: close\r\n"...)
	case c.fr.keep && c.head.proto == "HTTP/1.0":
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return append(b, '\r', '\n')
}

func appendLength(b []byte, name string, n int64) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = strconv.AppendInt(b, n, 10)
	return append(b, '\r', '\n')
}

// writePiece is how much is written under one deadline, in bytes.
const writePiece = 128 << 10

// writeBytes writes the header and a body held in memory.
func (c *client) writeBytes(head, data []byte) error {
	first := min(len(data), 16<<10)
	head = append(head, data[:first]...)
	c.out = head[:0]
	if cap(c.out) > 2*initialReadBuffer {
		c.out = nil
	}
	if first == len(data) {
		err := c.end(head)
		if err == nil {
			c.sent = int64(first)
		}
		return err
	}
	if err := c.write(head); err != nil {
		return err
	}
	c.sent = int64(first)
	for data = data[first:]; len(data) > 0; {
		n := min(len(data), writePiece)
		if err := c.write(data[:n]); err != nil {
			return err
		}
		c.sent += int64(n)
		data = data[n:]
	}
	return nil
}

// errBodyLength says that a body is not as long as was announced.
var errBodyLength = errors.New("the body is not as long as its Content-Length says")

// copyBody sends the header and then the body as it arrives.
func (c *client) copyBody(head []byte, stream io.Reader, r *pipeline.Response, mode int, n int64) error {
	s := &c.sender
	*s = sender{to: c, stream: stream, mode: mode, length: n, trailer: &r.Trailer, parked: c}
	if mode != bodyLength {
		n = -1
	}
	s.lease(n)
	s.out = append(s.out, head...)
	done, err := s.gather()
	if done && err == nil && c.defers() {
		c.final, c.last.pooled, c.sent = s.out, true, s.sent
		return nil
	}
	err = s.resume(done, err)
	c.sent = s.sent
	s.release()
	*s = sender{}
	c.borrow()
	if err != nil {
		return c.cut(err, mode)
	}
	return nil
}

// cut ends the connection in the middle of a response, so that the client cannot take
// what it has for the whole.
func (c *client) cut(err error, mode int) error {
	c.fr.close = true
	if mode == bodyClose {
		if t, ok := c.raw.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
	}
	return err
}

// linger lets the last response reach a client that is still sending: closing with
// unread data would reset the connection, and the response with it.
func (c *client) linger() {
	if why := c.life.why(); c.whole.Load() || why != nil && why != errTotal {
		return
	}
	if w, ok := c.net.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
	_ = c.net.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.net, lingerBytes)
}

// How long, and for how many bytes, a connection is read after its last response.
const (
	lingerTime  = time.Second
	lingerBytes = 4 << 20
)
