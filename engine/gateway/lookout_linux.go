//go:build linux && (amd64 || arm64)

package gateway

import (
	"os"
	"sync"
	"syscall"
	"time"
)

// lookout watches the sockets of clients whose exchanges take their time: all of them with
// one goroutine, where a read of package net would take one for each, and its stack.
//
// It is an epoll of its own, whose descriptor waits in the runtime's poller like any
// other, so that no thread waits for it. An event is a hint and nothing more: what has
// happened, a read that never waits tells, under the client's lock. Each watch has a
// number that never comes again, so that an event which was under way when its watch
// ended is nobody's, whoever has the descriptor by then.
type lookout struct {
	poll *os.File
	conn syscall.RawConn

	mu      sync.Mutex
	last    uint64
	watched map[uint64]*client
}

// edge is EPOLLET, which package syscall has with a sign. One event for each thing that
// happens is enough, and whoever sends more and more does not keep the lookout busy.
const edge = 1 << 31

// newLookout is a lookout for run, nil if the system has none to give: then each watched
// client has a goroutine.
func newLookout() *lookout {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	_ = syscall.SetNonblock(fd, true) // the sign for package os to use the runtime's poller
	l := &lookout{poll: os.NewFile(uintptr(fd), "lookout"), watched: map[uint64]*client{}}
	if l.poll.SetReadDeadline(time.Time{}) == nil {
		if l.conn, err = l.poll.SyscallConn(); err == nil {
			return l
		}
	}
	_ = l.poll.Close()
	return nil
}

// run looks out until close.
func (l *lookout) run() {
	if l == nil {
		return
	}
	var n int
	events := make([]syscall.EpollEvent, 64)
	wait := func(fd uintptr) bool {
		var err error
		for n, err = syscall.EpollWait(int(fd), events, 0); err == syscall.EINTR; {
			n, err = syscall.EpollWait(int(fd), events, 0)
		}
		return n > 0
	}
	for l.conn.Read(wait) == nil {
		for i := range events[:n] {
			id := uint64(uint32(events[i].Fd)) | uint64(uint32(events[i].Pad))<<32
			l.mu.Lock()
			c := l.watched[id]
			l.mu.Unlock()
			if c != nil {
				l.look(c, id)
			}
		}
	}
}

// close ends run. No client may be watched any more.
func (l *lookout) close() {
	if l != nil {
		_ = l.poll.Close()
	}
}

// add begins to watch a client, under its lock, and returns the number of that watch; 0 if
// the client has no plain socket, or there is no room for one more. What has come before
// is noticed.
func (l *lookout) add(c *client) (id uint64) {
	if l == nil || c.socket == nil {
		return 0
	}
	l.mu.Lock()
	l.last++
	id = l.last
	l.watched[id] = c
	l.mu.Unlock()
	if l.control(c, syscall.EPOLL_CTL_ADD, id) != nil {
		l.forget(id)
		return 0
	}
	return id
}

// remove ends a watch, under the client's lock, with a last look: a byte that has come is
// kept as one that was noticed in time.
func (l *lookout) remove(c *client, id uint64) {
	l.end(c, id)
	if n, err := c.socket.take(c.held[:]); err == nil && n == 1 {
		c.holds.Store(true)
	}
}

func (l *lookout) end(c *client, id uint64) {
	l.forget(id)
	_ = l.control(c, syscall.EPOLL_CTL_DEL, id) // fails if the connection is closed, and so forgotten
}

func (l *lookout) forget(id uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watched, id)
}

// control changes what epoll knows of a client's socket. While it does, nobody can close
// either descriptor.
func (l *lookout) control(c *client, op int, id uint64) error {
	e := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | edge, Fd: int32(uint32(id)), Pad: int32(uint32(id >> 32))}
	var err error
	if cerr := l.conn.Control(func(poll uintptr) {
		if cerr := c.socket.conn.Control(func(fd uintptr) { err = syscall.EpollCtl(int(poll), op, int(fd), &e) }); cerr != nil {
			err = cerr
		}
	}); cerr != nil {
		err = cerr
	}
	return err
}

// look finds out what has happened to a client that is watched: a byte belongs to its next
// request and is kept, anything else means that it is gone. Either ends the watch.
func (l *lookout) look(c *client, id uint64) {
	c.mu.Lock()
	var left bool
	if c.watchID == id {
		n, err := c.socket.take(c.held[:])
		if err != syscall.EAGAIN {
			l.end(c, id)
			c.watchID = 0
			c.holds.Store(n == 1)
			left = n != 1
		}
	}
	c.mu.Unlock()
	if left {
		c.life.end(errClientLeft)
	}
}
