//go:build linux && (amd64 || arm64)

package gateway

import (
	"io"
	"net"
	"os"
	"syscall"
)

// socket is a TCP socket on which a message is sent and its answer awaited in one go. A Read
// of package net tries to read before it waits, which brings nothing just after something
// was sent: every second read of a proxy. To wait without that try is safe only for events
// that come after the poller was told to expect one, since it forgets those before. So here
// the poller is told first, the message is written after that, and the answer cannot but come
// later.
//
// What came before that, unasked (a request sent before the one before it was answered, or
// the end of what a client sends), is not noticed: whoever uses a socket must make sure that
// nothing has, or look after a while.
//
// The calls never wait, so that the scheduler is not told of them.
type socket struct {
	owner asker
	conn  syscall.RawConn
	step  func(fd uintptr) bool // turn, bound once

	out, in     []byte
	look        bool
	wrote, read int
	err         error
}

// newSocket is a socket for conn, nil if that is no plain TCP socket.
func newSocket(owner asker, conn net.Conn) *socket {
	t, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	rc, err := t.SyscallConn()
	if err != nil {
		return nil
	}
	w := &socket{owner: owner, conn: rc}
	w.step = w.turn
	return w
}

// ask writes out, waits for something to come and reads it into in, within the deadline for
// reading. With look it makes sure first that nothing has come before: else it writes nothing
// and returns errStale. Wrote less than the whole, without an error, says that the socket is
// full: nothing was awaited. The owner hears of all being written.
func (w *socket) ask(out, in []byte, look bool) (wrote, read int, err error) {
	w.out, w.in, w.look, w.wrote, w.read, w.err = out, in, look, 0, 0, nil
	err = w.conn.Read(w.step)
	if err == nil {
		err = w.err
	}
	w.out, w.in = nil, nil
	return w.wrote, w.read, err
}

// await waits for something to come, within the deadline for reading, and takes none of it.
func (w *socket) await() error {
	w.look = true
	return w.conn.Read(w.step)
}

// turn is called when the poller has been told to expect an event, and then at each event
// until it returns true.
func (w *socket) turn(fd uintptr) bool {
	if w.out != nil {
		return w.write(fd)
	}
	if w.in == nil {
		first := w.look
		w.look = false
		return !first || !idle(fd)
	}
	for {
		n, errno := readSocket(fd, w.in)
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			return false
		case errno != 0:
			w.err = socketError("read", errno)
			return true
		default:
			if w.read = n; n == 0 {
				w.err = io.EOF
			}
			return true
		}
	}
}

// write is the first turn. It returns false if the answer is to be awaited.
func (w *socket) write(fd uintptr) bool {
	if w.look && !idle(fd) {
		w.err = errStale
		return true
	}
	for {
		n, errno := writeSocket(fd, w.out)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			return true
		case errno != 0:
			w.err = socketError("write", errno)
			return true
		}
		if w.wrote = n; w.wrote < len(w.out) {
			return true
		}
		w.out = nil
		if !w.owner.written() {
			w.err = errUnawaited
			return true
		}
		return false
	}
}

func socketError(op string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, errno)}
}

// idle tells whether the socket is open with nothing to read. Anybody may call it, at any time.
func (w *socket) idle() bool {
	var is bool
	return w.conn.Control(func(fd uintptr) { is = idle(fd) }) == nil && is
}

// take reads what has come, without waiting: syscall.EAGAIN says that nothing has. Nobody may
// read from the socket meanwhile.
func (w *socket) take(p []byte) (n int, err error) {
	cerr := w.conn.Control(func(fd uintptr) {
		for {
			var errno syscall.Errno
			if n, errno = readSocket(fd, p); errno == syscall.EINTR {
				continue
			}
			if errno != 0 {
				n, err = 0, errno
			}
			return
		}
	})
	if cerr != nil {
		return 0, cerr
	}
	return n, err
}
