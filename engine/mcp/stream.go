package mcp

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
)

const (
	typeJSON   = "application/json"
	typeStream = "text/event-stream"
)

var errLeft = errors.New("the client has left")

// reply is how the answer to a request ends.
type reply struct {
	status int
	body   []byte // a whole JSON-RPC response
}

// serveStream runs work and answers with its reply: alone, or, if work sends messages
// before, at the end of an event stream of them. send blocks while the client does not
// read, and fails once it has left; it is nil if the client takes no streams. work runs
// until it returns; the context it is given ends when ctx does or the client leaves.
func serveStream(ctx context.Context, values func(string) []string, work func(ctx context.Context, send func(raw []byte) error) reply) *Response {
	inner, cancel := context.WithCancel(ctx)
	read, write := io.Pipe()
	context.AfterFunc(inner, func() { write.CloseWithError(errLeft) })

	var mu sync.Mutex // of state
	const undecided, streaming, ended = 0, 1, 2
	state := undecided
	streams := make(chan struct{})
	var send func([]byte) error
	if accepts(values, typeStream) {
		send = func(raw []byte) error {
			mu.Lock()
			switch state {
			case undecided:
				state = streaming
				close(streams)
			case ended:
				mu.Unlock()
				return io.ErrClosedPipe
			}
			mu.Unlock()
			_, err := write.Write(message(raw))
			return err
		}
	}
	single := make(chan reply, 1)
	go func() {
		r := work(inner, send)
		mu.Lock()
		was := state
		state = ended
		mu.Unlock()
		if was == streaming {
			write.Write(message(r.body))
			write.Close()
		} else {
			single <- r
		}
		cancel()
	}()
	select {
	case <-streams:
		return streamResponse(&ending{read, cancel})
	case r := <-single:
		return jsonResponse(r.status, r.body)
	case <-ctx.Done():
		return &Response{Status: 503} // nobody is there to read it
	}
}

// ending is a stream whose Close ends what writes it.
type ending struct {
	*io.PipeReader
	end func()
}

func (e *ending) Close() error {
	e.end()
	return e.PipeReader.CloseWithError(errLeft)
}

// message is an event with one JSON-RPC message.
func message(raw []byte) []byte {
	return AppendEvent(make([]byte, 0, len(raw)+32), &Event{Name: "message", Data: string(raw)})
}

func streamResponse(s io.ReadCloser) *Response {
	return &Response{Status: 200, Stream: s, Header: [][2]string{
		{"Content-Type", typeStream}, {"Cache-Control", "no-cache, no-transform"}, {"X-Accel-Buffering", "no"}}}
}

func jsonResponse(status int, body []byte) *Response {
	return &Response{Status: status, Body: body, Header: [][2]string{{"Content-Type", typeJSON}}}
}

func refused(version string, id []byte, e *Error) *Response {
	return jsonResponse(statusOf(e, version), e.Body(id))
}

func notAllowed(allow string) *Response {
	return &Response{Status: 405, Header: [][2]string{{"Allow", allow}}}
}

// accepts reports whether a client takes answers of a type; one that says nothing takes any.
func accepts(values func(string) []string, kind string) bool {
	fields := values("Accept")
	if len(fields) == 0 {
		return true
	}
	major, _, _ := strings.Cut(kind, "/")
	for item := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		t, _, _ := strings.Cut(item, ";")
		t = strings.ToLower(strings.TrimSpace(t))
		if t == kind || t == "*/*" || t == major+"/*" {
			return true
		}
	}
	return false
}
