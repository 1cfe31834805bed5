package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"sekisho/engine/pipeline"
)

// The extents that a body can have.
const (
	untilClose = -1 // as long as the connection delivers
	inChunks   = -2 // chunked transfer coding
)

var (
	errChunk     = errors.New("the chunked body is malformed")
	errTruncated = errors.New("the body ended before its announced end")
)

// maxChunkLine bounds the line of a chunk's size with its extensions, and maxTrailer
// the trailer section, both in bytes.
const (
	maxChunkLine = 1 << 10
	maxTrailer   = 16 << 10
)

// framed reads one body off a connection, and never a byte more. Its state tells
// whether the connection can carry another message. The zero framed is an empty body.
type framed struct {
	br      *bufio.Reader
	kind    int   // 0: left bytes; else untilClose or inChunks
	left    int64 // of the body, or of the current chunk
	inside  bool  // between chunks: a chunk's closing CRLF is still to come
	done    bool  // the whole body was read
	err     error // what ended the body early; sticky
	trailer pipeline.Header
}

func newFramed(br *bufio.Reader, f *framing) framed {
	switch {
	case f.chunked:
		return framed{br: br, kind: inChunks}
	case f.length >= 0:
		return framed{br: br, left: f.length, done: f.length == 0}
	}
	return framed{br: br, kind: untilClose}
}

// Read implements io.Reader. An early end is errTruncated or the connection's error.
func (f *framed) Read(p []byte) (int, error) {
	if f.done {
		return 0, io.EOF
	}
	if f.err != nil {
		return 0, f.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.read(p)
	switch {
	case err == nil:
	case err == io.EOF && f.done:
		if n > 0 {
			err = nil
		}
	case err == io.EOF:
		f.err = errTruncated
		err = f.err
	default:
		f.err = err
	}
	return n, err
}

func (f *framed) read(p []byte) (int, error) {
	if f.kind == untilClose {
		n, err := f.br.Read(p)
		f.done = err == io.EOF
		return n, err
	}
	if f.kind == inChunks && f.left == 0 {
		if err := f.nextChunk(); err != nil {
			return 0, err
		}
		if f.left == 0 {
			f.done = true
			return 0, io.EOF
		}
	}
	if int64(len(p)) > f.left {
		p = p[:f.left]
	}
	n, err := f.br.Read(p)
	f.left -= int64(n)
	if f.kind != inChunks && f.left == 0 {
		f.done = true
	}
	return n, err
}

// nextChunk reads the end of the chunk before, and the size of the next one; after
// the last one, the trailer.
func (f *framed) nextChunk() error {
	if f.inside {
		if err := f.crlf(); err != nil {
			return err
		}
	}
	line, err := readLine(f.br, maxChunkLine)
	if err != nil {
		return err
	}
	if f.left, err = chunkSize(line); err != nil {
		return err
	}
	f.inside = true
	if f.left > 0 {
		return nil
	}
	return f.readTrailer()
}

func (f *framed) crlf() error {
	for _, want := range [...]byte{'\r', '\n'} {
		c, err := f.br.ReadByte()
		if err != nil {
			return err
		}
		if c != want {
			return errChunk
		}
	}
	return nil
}

// readTrailer keeps the fields of the trailer section that are not about framing,
// routing or authentication.
func (f *framed) readTrailer() error {
	var block []byte
	for {
		line, err := readLine(f.br, maxTrailer)
		if err != nil {
			return err
		}
		if len(line) == 0 && block == nil {
			return nil
		}
		block = append(append(block, line...), '\r', '\n')
		if len(block) > maxTrailer {
			return errChunk
		}
		if len(line) == 0 {
			break
		}
	}
	if _, err := readFields(string(block), &f.trailer, true); err != nil {
		return errChunk
	}
	for _, name := range [...]string{"Host", "Content-Length", "Content-Encoding", "Content-Type", "Content-Range", "Authorization", "Cookie", "Set-Cookie", "Cache-Control", "Location"} {
		f.trailer.Del(name)
	}
	return nil
}

// ready tells whether Read would answer without waiting for the connection.
func (f *framed) ready() bool {
	if f.done || f.err != nil {
		return true
	}
	n := f.br.Buffered()
	if f.kind != inChunks || f.left > 0 {
		return n > 0
	}
	b, _ := f.br.Peek(n)
	if f.inside {
		if len(b) < 2 {
			return false
		}
		b = b[2:]
	}
	if len(b) > 0 && b[0] == '0' {
		return bytes.Contains(b, []byte("\r\n\r\n"))
	}
	line := bytes.IndexByte(b, '\n')
	return line >= 0 && line+1 < len(b)
}

// await waits until Read would answer at once, so far as the connection's buffer can tell.
func (f *framed) await() {
	for !f.ready() {
		_, err := f.br.Peek(f.br.Buffered() + 1)
		switch err {
		case nil:
			continue
		case io.EOF, bufio.ErrBufferFull: // Read comes to the same
		default:
			f.err = err // the buffer has forgotten it
		}
		return
	}
}

// readLine reads a line that ends in CRLF and returns it without, good until the next
// read. A line of more than limit bytes, or with a bare LF or CR, is malformed.
func readLine(br *bufio.Reader, limit int) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		return nil, errChunk
	}
	if err != nil {
		return nil, err
	}
	if len(line) > limit || len(line) < 2 || line[len(line)-2] != '\r' {
		return nil, errChunk
	}
	line = line[:len(line)-2]
	if bytes.IndexByte(line, '\r') >= 0 {
		return nil, errChunk
	}
	return line, nil
}

// chunkSize reads the line of a chunk's size. Extensions mean nothing to us.
func chunkSize(line []byte) (int64, error) {
	var n int64
	digits := 0
	for ; digits < len(line); digits++ {
		d := unhex(line[digits])
		if d > 15 {
			break
		}
		if digits == 15 {
			return 0, errChunk
		}
		n = n<<4 | int64(d)
	}
	if digits == 0 {
		return 0, errChunk
	}
	rest := bytes.TrimLeft(line[digits:], " \t")
	if len(rest) > 0 && rest[0] != ';' {
		return 0, errChunk
	}
	return n, nil
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
