package pipeline

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"sekisho/engine/dotnet/clr"

	"github.com/andybalholm/brotli"
)

// Body is the body of a message: absent, held in memory, or a stream that is read
// once. A stream stays a stream unless somebody asks for its bytes: policies that
// do not read bodies never buffer them.
type Body struct {
	stream   io.ReadCloser
	data     []byte
	length   int64 // of the stream; -1 if not known
	present  bool
	consumed bool
	limit    int64 // of bytes that Buffer may hold
	header   *Header
	memo     *memo
}

// memo keeps what a body was parsed to. It belongs to one Body, and is made once for it;
// expressions of several branches may read the body of a response at the same time.
type memo struct{ atomic.Pointer[parsed] }

// parsed is what a body's content was parsed to, and the fields that said how to decode it.
type parsed struct {
	value                 any
	contentType, encoding string
}

// bind ties a Body to the header of its message and to the limit of what may be
// held in memory, in bytes, before and after decoding.
func (b *Body) bind(h *Header, limit int64) {
	b.header, b.limit = h, limit
	if b.memo == nil {
		b.memo = new(memo)
	}
}

// fork makes b, a copy of another Body, one of its own below the header h.
func (b *Body) fork(h *Header) {
	b.header = h
	if m := b.memo; m != nil {
		b.memo = new(memo)
		b.memo.Store(m.Load())
	}
}

// Present tells whether the message has a body, an empty one included.
func (b *Body) Present() bool { return b.present }

// Clear removes the body. A stream that was not read to its end is closed.
func (b *Body) Clear() {
	if b.stream != nil {
		_ = b.stream.Close()
	}
	if b.memo != nil {
		b.memo.Store(nil)
	}
	*b = Body{header: b.header, limit: b.limit, memo: b.memo}
}

// SetBytes replaces the body. The bytes belong to the Body from now on.
func (b *Body) SetBytes(p []byte) {
	b.Clear()
	b.data, b.present = p, true
}

// SetStream replaces the body by a stream of length bytes, -1 if not known.
func (b *Body) SetStream(r io.ReadCloser, length int64) {
	b.Clear()
	b.stream, b.length, b.present = r, length, true
}

// Buffer reads the body into memory, once, and returns it as it was sent: not
// decoded. The bytes are good until the body is replaced and must not be changed.
// A body over the limit is a Fault with status 413 for a request and 502 for a
// response.
func (b *Body) Buffer() ([]byte, error) {
	if b.stream == nil {
		return b.data, nil
	}
	data, err := readAll(b.stream, b.length, b.limit+1)
	_ = b.stream.Close()
	b.stream = nil
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > b.limit {
		b.data = nil
		return nil, ErrBodyTooLarge
	}
	b.data = data
	return data, nil
}

// readAll reads up to most bytes of a stream that is said to have length, -1 if not known.
func readAll(r io.Reader, length, most int64) ([]byte, error) {
	const believed = 1 << 20 // of what is only said: more is made room for as it comes
	if length <= 0 || length > believed {
		return io.ReadAll(io.LimitReader(r, most))
	}
	r = io.LimitReader(r, most)
	b := make([]byte, 0, length+1) // the byte more is there to meet the end
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case err == io.EOF:
			return b, nil
		case err != nil:
			return b, err
		case len(b) == cap(b):
			b = slices.Grow(b, len(b))
		}
	}
}

// Take hands the body over for sending: the bytes, or the stream with its length.
// The caller closes the stream.
func (b *Body) Take() (data []byte, stream io.ReadCloser, length int64) {
	if b.consumed {
		return nil, nil, 0
	}
	if b.stream != nil {
		s := b.stream
		b.stream, b.data = nil, nil
		return nil, s, b.length
	}
	return b.data, nil, int64(len(b.data))
}

// Streaming tells whether the body is a stream that nobody has read yet, and its
// length, -1 if not known.
func (b *Body) Streaming() (length int64, ok bool) { return b.length, b.stream != nil }

// Text buffers the body and returns it decoded from its Content-Encoding.
func (b *Body) Text() ([]byte, error) {
	data, err := b.Buffer()
	if err != nil || b.header == nil {
		return data, err
	}
	return decode(data, b.header.Get("Content-Encoding"), b.limit)
}

// Read implements apim.Body for expressions and scripts.
func (b *Body) Read(preserve bool) []byte {
	if b.consumed {
		clr.Throw("System.InvalidOperationException", "The message body has already been read; pass preserveContent: true to read it more than once.")
	}
	data, err := b.Text()
	if err != nil {
		clr.Throw("System.IO.IOException", "The message body could not be read: %v", err)
	}
	if !preserve {
		b.consumed = true
	}
	return data
}

// ContentType implements apim.Body.
func (b *Body) ContentType() string {
	if b.header == nil {
		return ""
	}
	return b.header.Get("Content-Type")
}

// Parsed implements apim.Parsed.
func (b *Body) Parsed() any {
	if b.memo == nil {
		return nil
	}
	p := b.memo.Load()
	if p == nil || b.consumed || p.contentType != b.ContentType() || p.encoding != b.encoding() {
		return nil
	}
	return p.value
}

// KeepParsed implements apim.Parsed.
func (b *Body) KeepParsed(v any) {
	if b.memo != nil {
		b.memo.Store(&parsed{v, b.ContentType(), b.encoding()})
	}
}

func (b *Body) encoding() string {
	if b.header == nil {
		return ""
	}
	return b.header.Get("Content-Encoding")
}

// decode undoes Content-Encoding. An encoding that is not known leaves the bytes as
// they are, as APIM does.
func decode(data []byte, encoding string, limit int64) ([]byte, error) {
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	if encoding == "" || encoding == "identity" || len(data) == 0 {
		return data, nil
	}
	names := strings.Split(encoding, ",")
	for i := len(names) - 1; i >= 0; i-- {
		var r io.Reader
		var err error
		switch strings.TrimSpace(names[i]) {
		case "gzip", "x-gzip":
			r, err = gzip.NewReader(bytes.NewReader(data))
		case "deflate":
			// RFC 9110 means zlib; some senders send the bare format.
			if r, err = zlib.NewReader(bytes.NewReader(data)); err != nil {
				r, err = flate.NewReader(bytes.NewReader(data)), nil
			}
		case "br":
			r = brotli.NewReader(bytes.NewReader(data))
		case "identity", "":
			continue
		default:
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		out, err := io.ReadAll(io.LimitReader(r, limit+1))
		if err != nil {
			return nil, err
		}
		if int64(len(out)) > limit {
			return nil, ErrBodyTooLarge
		}
		data = out
	}
	return data, nil
}
