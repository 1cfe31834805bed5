package builtins

import (
	"io"
	"strconv"
	"sync/atomic"

	"sekisho/engine/pipeline"
)

// countBytes tells add of the bytes of the request's and the response's bodies, once
// they have passed. Streams stay streams. It may be called up to the end of outbound, by
// functions given to AfterOutbound too.
func countBytes(x *pipeline.Exchange, add func(n int64)) {
	countBody(&x.Request.Body, add)
	x.AfterOutbound(func(x *pipeline.Exchange) { countBody(&x.Response.Body, add) })
}

func countBody(b *pipeline.Body, add func(n int64)) {
	if !b.Present() {
		return
	}
	if _, ok := b.Streaming(); !ok {
		if data, err := b.Buffer(); err == nil && len(data) > 0 {
			add(int64(len(data)))
		}
		return
	}
	_, stream, length := b.Take()
	b.SetStream(&countingStream{ReadCloser: stream, length: length, add: add}, length)
}

// countingStream counts what is read from a stream, and tells it once: at the end,
// before whoever reads can pass the last bytes on, or when the stream is closed before.
type countingStream struct {
	io.ReadCloser
	length int64 // -1 if not known
	add    func(n int64)
	n      atomic.Int64
	told   atomic.Bool
}

func (s *countingStream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if read := s.n.Add(int64(n)); err != nil || read == s.length {
		s.tell()
	}
	return n, err
}

func (s *countingStream) Close() error {
	s.tell()
	return s.ReadCloser.Close()
}

func (s *countingStream) tell() {
	if n := s.n.Load(); !s.told.Swap(true) && n > 0 {
		s.add(n)
	}
}

func decimalText(n int64) string { return strconv.FormatInt(n, 10) }
