package mcp

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// RelayOptions say what a relay does with the stream.
type RelayOptions struct {
	KeepAlive time.Duration // a comment after so long a silence; 0: none
	Limit     int           // bytes of one event, where Rewrite is set
	// Rewrite may change an event or drop it; an error ends the stream. Where it is nil
	// bytes pass untouched (only a byte order mark is left out).
	Rewrite func(e *Event) (keep bool, err error)
}

const keepAlive = ": keep-alive\n\n"

// NewRelay passes an event stream on. Reading from it gives what src has as soon as it has
// it; src is read no faster than the relay is (one read ahead). A comment is only put
// between events. Close closes src, which must make a Read of src return, and ends
// everything; Read and Close may be called at the same time.
func NewRelay(src io.ReadCloser, o RelayOptions) io.ReadCloser {
	r := &relay{src: src, keepAlive: o.KeepAlive, chunks: make(chan chunk), done: make(chan struct{})}
	r.whole.blank = true
	if o.Rewrite == nil {
		go r.copy()
	} else {
		go r.rewrite(o.Limit, o.Rewrite)
	}
	return r
}

// chunk is some of the stream; its bytes are the reader's until it takes the next.
type chunk struct {
	data    []byte
	between bool // after it the stream is between two events
	err     error
}

type relay struct {
	src       io.ReadCloser
	keepAlive time.Duration
	chunks    chan chunk
	done      chan struct{}
	closing   sync.Once
	closeErr  error

	// The reader's own.
	rest  []byte
	now   chunk
	whole lines
}

// Read waits for something of the stream, or for a silence long enough for a comment.
func (r *relay) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.rest) == 0 {
		if r.now.err != nil {
			return 0, r.now.err
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *relay) next() error {
	var silence <-chan time.Time
	if r.keepAlive > 0 && (r.now.between || r.now.data == nil) {
		t := time.NewTimer(r.keepAlive)
		defer t.Stop()
		silence = t.C
	}
	select {
	case <-r.done:
		return io.ErrClosedPipe
	default:
	}
	select {
	case r.now = <-r.chunks:
		r.rest = r.now.data
	case <-silence:
		r.rest = []byte(keepAlive)
	case <-r.done:
		return io.ErrClosedPipe
	}
	return nil
}

func (r *relay) Close() error {
	r.closing.Do(func() {
		close(r.done)
		r.closeErr = r.src.Close()
	})
	return r.closeErr
}

// send hands a chunk over. It is not ok when the relay was closed.
func (r *relay) send(c chunk) bool {
	select {
	case r.chunks <- c:
		return true
	case <-r.done:
		return false
	}
}

// copy reads into two buffers in turn, one of which the reader may hold.
func (r *relay) copy() {
	var bufs [2][]byte
	mark := []byte("\ufeff")
	for i := 0; ; i ^= 1 {
		if bufs[i] == nil {
			bufs[i] = make([]byte, 8192)
		}
		n, err := r.src.Read(bufs[i])
		data := bufs[i][:n]
		for len(mark) > 0 && len(data) > 0 {
			if data[0] != mark[0] {
				mark = nil
				break
			}
			data, mark = data[1:], mark[1:]
		}
		if len(data) == 0 && err == nil {
			continue
		}
		if !r.send(chunk{data: data, between: r.whole.pass(data), err: err}) || err != nil {
			return
		}
	}
}

// lines follows raw bytes to know where events end.
type lines struct {
	blank bool // between events
	inner bool // in a line that has begun
	cr    bool // the last byte was CR
}

// pass reports whether the stream is between two events after data.
func (l *lines) pass(data []byte) bool {
	for len(data) > 0 {
		i := bytes.IndexAny(data, "\r\n")
		if i != 0 {
			l.inner, l.blank, l.cr = true, false, false
		}
		if i < 0 {
			break
		}
		if c := data[i]; c == '\r' || !l.cr {
			l.blank, l.inner = !l.inner, false
			l.cr = c == '\r'
		} else {
			l.cr = false
		}
		data = data[i+1:]
	}
	return l.blank
}

func (r *relay) rewrite(limit int, rewrite func(*Event) (bool, error)) {
	events := NewEvents(r.src, limit)
	var bufs [2][]byte
	for i := 0; ; {
		e, err := events.Next()
		keep := false
		if err == nil {
			keep, err = rewrite(&e)
		}
		if err == nil && !keep {
			continue
		}
		bufs[i] = bufs[i][:0]
		if err == nil {
			bufs[i] = AppendEvent(bufs[i], &e)
		}
		if !r.send(chunk{data: bufs[i], between: true, err: err}) || err != nil {
			return
		}
		i ^= 1
	}
}
