package gateway

import "errors"

// asker is whoever owns a socket.
type asker interface {
	// written is called once all of a message has been written, before its answer is awaited,
	// and tells whether it is to be. It must not read from the socket, nor close it.
	written() bool
}

// errStale says that something had come on a socket that should have been idle, or its end:
// nothing was written to it.
var errStale = errors.New("the connection has been closed, or something has come on it unasked")

// errUnawaited is what ask returns if its owner does not want the answer.
var errUnawaited = errors.New("the answer is not awaited")
