package gateway

import (
	"io"
	"strconv"
	"sync"

	"sekisho/engine/pipeline"
)

// How the end of a body is told to whoever receives it.
const (
	bodyNone   = iota // there is none
	bodyLength        // by Content-Length
	bodyChunks
	bodyClose // by closing the connection: HTTP/1.0 knows no chunks
)

// The sizes in bytes of the buffers that messages are copied through: those of bodies that
// are large or may be, and those of the others, which are many at a time.
const (
	copySize  = 32 << 10
	smallSize = 4 << 10
)

var (
	copyBuffers  = sync.Pool{New: func() any { b := make([]byte, 0, copySize); return &b }}
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, 0, smallSize); return &b }}
)

// sink is where a message is written: a client's or a backend's connection.
type sink interface{ write(p []byte) error }

// readier is a body that knows whether a read would answer at once.
type readier interface{ ready() bool }

// waiter is a body that can wait for something to read without a place to read it to.
type waiter interface{ wait() }

// sender frames a body and writes it, as it arrives: it gathers what can be had without
// waiting, and writes what it has before it waits.
type sender struct {
	to      sink
	stream  io.Reader
	mode    int
	length  int64            // for bodyLength
	trailer *pipeline.Header // sent after chunks; filled when stream has ended
	out     []byte           // framed, and not written yet
	sent    int64            // bytes of the body taken off the stream
	pooled  *[]byte
	parked  *client // that need not hold a buffer for what it sends while it waits; may be nil
}

// sourceError is an error of the stream that a sender reads, as opposed to one of the
// connection that it writes to.
type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }

// lease gets the sender a buffer, for n bytes of body or an unknown number, -1, and release
// gives it back.
func (s *sender) lease(n int64) {
	pool := &copyBuffers
	if n <= smallSize/2 {
		pool = &smallBuffers
	}
	s.pooled = pool.Get().(*[]byte)
	s.out = (*s.pooled)[:0]
}

func (s *sender) release() {
	if cap(*s.pooled) == copySize {
		copyBuffers.Put(s.pooled)
	} else {
		smallBuffers.Put(s.pooled)
	}
	s.pooled, s.out = nil, nil
}

// trickle is how little a stream of unknown length must have had, in bytes, for its sender
// to wait for more without a buffer: thousands of event streams are silent most of the
// time. One that has more is read straight into a large buffer, as much as that takes.
const trickle = smallSize / 2

// run sends the body to its end.
func (s *sender) run() error { return s.resume(s.gather()) }

// resume is run after gather.
func (s *sender) resume(done bool, err error) error {
	for {
		few := len(s.out) <= trickle
		if err == nil || len(s.out) > 0 {
			if werr := s.flush(); err == nil {
				err = werr
			}
		}
		if done || err != nil {
			return err
		}
		// Nothing can be had without waiting.
		if w, ok := s.stream.(waiter); ok && few && s.mode != bodyLength {
			s.release()
			if s.parked != nil {
				s.parked.lend()
			}
			w.wait()
			s.lease(-1)
		} else if cap(s.out) < copySize && s.mode != bodyLength {
			s.release()
			s.lease(copySize)
		}
		if done, err = s.step(); err != nil || done {
			if werr := s.flush(); err == nil {
				err = werr
			}
			return err
		}
		done, err = s.gather()
	}
}

// gather takes what the stream has ready, so far as it fits, and tells whether that was
// the rest of the body.
func (s *sender) gather() (done bool, err error) {
	hint, _ := s.stream.(readier)
	for hint != nil && hint.ready() && cap(s.out)-len(s.out) >= cap(s.out)/4 {
		if done, err := s.step(); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// step reads from the stream once and frames what came.
func (s *sender) step() (done bool, err error) {
	const gap = 6 // for a chunk's size line: the buffer's size has four hexadecimal digits
	if cap(s.out)-len(s.out) < cap(s.out)/4 {
		if err := s.flush(); err != nil {
			return false, err
		}
	}
	var n int
	if s.mode == bodyChunks {
		n, err = s.stream.Read(s.out[len(s.out)+gap : min(cap(s.out)-2, len(s.out)+copySize)])
		s.out = appendChunk(s.out, n, gap)
	} else {
		n, err = s.stream.Read(s.out[len(s.out):cap(s.out)])
		s.out = s.out[:len(s.out)+n]
	}
	s.sent += int64(n)
	switch {
	case s.mode == bodyLength && s.sent > s.length:
		s.out = s.out[:0]
		return false, sourceError{errBodyLength}
	case err == nil:
		return s.mode == bodyLength && s.sent == s.length, nil
	case err != io.EOF:
		return false, sourceError{err}
	case s.mode == bodyLength && s.sent != s.length:
		return false, sourceError{errBodyLength}
	case s.mode == bodyChunks:
		s.out = append(s.out, "0\r\n"...)
		if s.trailer != nil {
			for _, f := range s.trailer.Fields() {
				if classify(f.Name) == ordinary {
					s.out = appendField(s.out, f.Name, f.Value, "")
				}
			}
		}
		s.out = append(s.out, '\r', '\n')
	}
	return true, nil
}

func (s *sender) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	err := s.to.write(s.out)
	s.out = s.out[:0]
	return err
}

// appendChunk frames n bytes that stand gap bytes behind the end of b as a chunk.
func appendChunk(b []byte, n, gap int) []byte {
	if n == 0 {
		return b
	}
	at := len(b)
	b = strconv.AppendUint(b, uint64(n), 16)
	b = append(b, '\r', '\n')
	size := len(b)
	b = b[:at+gap+n]
	if size != at+gap {
		copy(b[size:], b[at+gap:])
		b = b[:size+n]
	}
	return append(b, '\r', '\n')
}
