// Package wire receives HTTP/1.1 messages for the two ends of the benchmark: the
// generator, which reads answers, and the built-in backend, which reads requests. It takes
// bytes as they come and keeps what the two need: status or method and path, the head, the
// body, and where the message ends.
//
// It is no parser for hostile peers, but it survives them: what is malformed or larger
// than a bound is an error.
package wire

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

// Bounds on what is received.
const (
	maxHead = 64 << 10
	maxBody = 256 << 20
	maxLine = 4 << 10 // of chunk sizes and trailers
)

// ErrMalformed says that what came is not an HTTP/1.1 message, or is too large to be one.
var ErrMalformed = errors.New("malformed message")

type state uint8

const (
	inHead state = iota
	inBody
	inChunkSize
	inChunk
	inChunkEnd
	inTrailer
	untilClose
	done
)

// Message is a request or response that is being received. The zero value receives a
// response; Reset prepares for the next message and keeps the memory.
type Message struct {
	Request bool // receives requests
	Discard bool // counts the body and does not keep it
	ToHead  bool // the response answers HEAD: it has no body

	Status int    // of a response
	Method []byte // of a request; valid until Reset, like all slices
	Path   []byte // of a request, with its query
	Head   []byte // first line and header fields
	Body   []byte // what has come of the body; the owner of a stream may cut it between calls
	Size   int64  // bytes of the body so far
	Close  bool   // the connection is not to be used again

	state state
	left  int64 // of the body or of a chunk
	line  []byte
}

// Reset forgets the message.
func (m *Message) Reset() {
	*m = Message{Request: m.Request, Discard: m.Discard, Head: m.Head[:0], Body: m.Body[:0], line: m.line[:0]}
}

// Done tells whether the whole message has come.
func (m *Message) Done() bool { return m.state == done }

// Begun tells whether anything of the message has come.
func (m *Message) Begun() bool { return len(m.Head) > 0 }

// HeadDone tells whether the head has come.
func (m *Message) HeadDone() bool { return m.state != inHead }

// EOF tells the Message that the connection has ended. The result says whether that is a
// proper end of the message.
func (m *Message) EOF() bool {
	if m.state == untilClose {
		m.state = done
	}
	return m.state == done
}

// Write takes the next bytes, at most to the end of the message, and returns how many it
// took.
func (m *Message) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) && m.state != done {
		k, err := m.step(p[n:])
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (m *Message) step(p []byte) (int, error) {
	switch m.state {
	case inHead:
		return m.takeHead(p)
	case inBody, inChunk, untilClose:
		n := int64(len(p))
		if m.state != untilClose {
			n = min(n, m.left)
			m.left -= n
		}
		if m.Size += n; m.Size > maxBody {
			return 0, ErrMalformed
		}
		if !m.Discard {
			m.Body = append(m.Body, p[:n]...)
		}
		if m.left == 0 && m.state == inBody {
			m.state = done
		} else if m.left == 0 && m.state == inChunk {
			m.state = inChunkEnd
		}
		return int(n), nil
	}
	n, line, err := m.takeLine(p)
	if line == nil || err != nil {
		return n, err
	}
	switch m.state {
	case inChunkSize:
		size, _, _ := bytes.Cut(line, []byte(";"))
		v, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 63)
		if err != nil || v > maxBody {
			return n, ErrMalformed
		}
		if m.left = int64(v); v == 0 {
			m.state = inTrailer
		} else {
			m.state = inChunk
		}
	case inChunkEnd:
		if len(line) != 0 {
			return n, ErrMalformed
		}
		m.state = inChunkSize
	case inTrailer:
		if len(line) == 0 {
			m.state = done
		}
	}
	m.line = m.line[:0]
	return n, nil
}

// takeLine collects a line; nil until it is whole. The line is valid until m.line is reset.
func (m *Message) takeLine(p []byte) (int, []byte, error) {
	i := bytes.IndexByte(p, '\n')
	if i < 0 {
		if m.line = append(m.line, p...); len(m.line) > maxLine {
			return len(p), nil, ErrMalformed
		}
		return len(p), nil, nil
	}
	m.line = append(m.line, p[:i]...)
	if len(m.line) > maxLine {
		return i + 1, nil, ErrMalformed
	}
	if m.line == nil {
		m.line = []byte{}
	}
	return i + 1, bytes.TrimSuffix(m.line, []byte("\r")), nil
}

var headEnd = []byte("\r\n\r\n")

func (m *Message) takeHead(p []byte) (int, error) {
	old := len(m.Head)
	m.Head = append(m.Head, p[:min(len(p), maxHead)]...)
	i := bytes.Index(m.Head[max(0, old-3):], headEnd)
	if i < 0 {
		if len(m.Head) >= maxHead {
			return len(p), ErrMalformed
		}
		return len(m.Head) - old, nil
	}
	m.Head = m.Head[:max(0, old-3)+i+len(headEnd)]
	return len(m.Head) - old, m.readHead()
}

func (m *Message) readHead() error {
	first, rest, _ := bytes.Cut(m.Head, []byte("\r\n"))
	if err := m.readFirst(first); err != nil {
		return err
	}
	length, chunked := int64(-1), false
	for len(rest) > 2 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return ErrMalformed
		}
		switch {
		case is(name, "Content-Length"):
			v, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 63)
			if err != nil || v > maxBody || length >= 0 && int64(v) != length {
				return ErrMalformed
			}
			length = int64(v)
		case is(name, "Transfer-Encoding"):
			chunked = bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked"))
		case is(name, "Connection"):
			m.Close = m.Close || bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
		}
	}
	switch {
	case !m.Request && m.Status < 200:
		// An interim response: the real one follows.
		m.Head = m.Head[:0]
	case !m.Request && (m.ToHead || m.Status == 204 || m.Status == 304):
		m.state = done
	case chunked:
		m.state = inChunkSize
	case length > 0:
		m.state, m.left = inBody, length
	case length == 0 || m.Request:
		m.state = done
	default:
		m.state, m.left, m.Close = untilClose, math.MaxInt64, true
	}
	return nil
}

func (m *Message) readFirst(line []byte) error {
	if m.Request {
		method, rest, ok := bytes.Cut(line, []byte(" "))
		path, version, ok2 := bytes.Cut(rest, []byte(" "))
		if !ok || !ok2 || !bytes.HasPrefix(version, []byte("HTTP/1.")) || len(path) == 0 {
			return ErrMalformed
		}
		m.Method, m.Path, m.Close = method, path, string(version) == "HTTP/1.0"
		return nil
	}
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return ErrMalformed
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil || status < 100 || len(line) > 12 && line[12] != ' ' {
		return ErrMalformed
	}
	m.Status, m.Close = status, line[7] == '0'
	return nil
}

// Header is the value of the first field of a name, without the spaces around it.
func (m *Message) Header(name string) ([]byte, bool) {
	_, rest, _ := bytes.Cut(m.Head, []byte("\r\n"))
	for len(rest) > 2 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		if k, v, ok := bytes.Cut(line, []byte(":")); ok && is(k, name) {
			return bytes.TrimSpace(v), true
		}
	}
	return nil, false
}

// is compares header names without regard to case.
func is(b []byte, name string) bool {
	return len(b) == len(name) && bytes.EqualFold(b, []byte(name))
}
