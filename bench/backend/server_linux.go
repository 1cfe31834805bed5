package backend

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"sekisho/bench/internal/epoll"
	"sekisho/bench/internal/wire"
	"sekisho/bench/load"
)

// Server is a backend that listens.
type Server struct {
	listener int
	address  netip.AddrPort
	routes   []*route
	stopped  atomic.Bool

	poll   *epoll.Poller
	conns  []*conn // by descriptor
	timers timers
	buf    []byte
	base   time.Time
}

// conn is a client's connection.
type conn struct {
	fd    int
	in    wire.Message
	out   []byte
	sent  int
	route *route // of the answer that is under way
	event int    // of a stream, the next
	left  []byte // what came after the request that is being answered
	busy  bool
	last  bool // to be closed when out has been sent
}

// Listen makes a Server on a loopback address.
func Listen(s Spec, address string) (*Server, error) {
	routes, err := compile(s)
	if err != nil {
		return nil, err
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	fd, at, err := epoll.Listen(at)
	if err != nil {
		return nil, err
	}
	return &Server{listener: fd, address: at, routes: routes, buf: make([]byte, 256<<10)}, nil
}

// Address is where the Server listens.
func (s *Server) Address() string { return s.address.String() }

// Serve answers requests until the context ends.
func (s *Server) Serve(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { s.stopped.Store(true) })()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer epoll.Close(s.listener)
	var err error
	if s.poll, err = epoll.New(); err != nil {
		return err
	}
	defer s.poll.Close()
	defer func() {
		for _, c := range s.conns {
			if c != nil {
				epoll.Close(c.fd)
			}
		}
	}()
	if err := s.poll.Add(s.listener, int32(s.listener)); err != nil {
		return err
	}
	s.base = time.Now()
	for !s.stopped.Load() {
		events, err := s.poll.Wait(s.fire())
		if err != nil {
			return err
		}
		for _, e := range events {
			if int(e.Fd) == s.listener {
				if err := s.accept(); err != nil {
					return err
				}
				continue
			}
			c := s.conns[e.Fd]
			if c == nil {
				continue
			}
			if e.Events&epoll.Out != 0 {
				s.flush(c)
			}
			if e.Events&epoll.In != 0 && s.conns[e.Fd] == c {
				s.receive(c, e.Events&epoll.Gone != 0)
			}
		}
	}
	return nil
}

func (s *Server) accept() error {
	for {
		fd, err := epoll.Accept(s.listener)
		if errors.Is(err, epoll.ErrAgain) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.poll.Add(fd, int32(fd)); err != nil {
			return err
		}
		if fd >= len(s.conns) {
			s.conns = append(s.conns, make([]*conn, fd+1-len(s.conns))...)
		}
		s.conns[fd] = &conn{fd: fd, in: wire.Message{Request: true, Discard: true}}
	}
}

func (s *Server) receive(c *conn, gone bool) {
	for {
		n, err := epoll.Read(c.fd, s.buf)
		if err == epoll.ErrAgain {
			return
		}
		if err != nil || n == 0 {
			s.close(c)
			return
		}
		if c.busy {
			if c.left = append(c.left, s.buf[:n]...); len(c.left) > 1<<20 {
				s.close(c)
				return
			}
		} else {
			s.take(c, s.buf[:n])
		}
		if s.conns[c.fd] != c || n < len(s.buf) && !gone {
			return
		}
	}
}

// take reads requests and answers them.
func (s *Server) take(c *conn, b []byte) {
	for len(b) > 0 && !c.busy {
		n, err := c.in.Write(b)
		if err != nil {
			s.close(c)
			return
		}
		b = b[n:]
		if c.in.Done() {
			c.busy = true
			s.answer(c)
			if s.conns[c.fd] != c {
				return
			}
		}
	}
	if len(b) > 0 {
		c.left = append(c.left, b...)
	}
}

var notFound = head(404, nil, 0)

// answer begins the answer to a request that has come whole.
func (s *Server) answer(c *conn) {
	path := c.in.Path
	i := slices.IndexFunc(s.routes, func(r *route) bool { return bytes.HasPrefix(path, []byte(r.Path)) })
	if i < 0 {
		c.out = append(c.out, notFound...)
		s.finish(c)
		return
	}
	r := s.routes[i]
	r.count++
	c.route = r
	if r.Stall > 0 && r.count == r.StallAfter {
		time.Sleep(r.Stall) // deaf to all: that is what it is for
	}
	if r.Delay > 0 {
		s.later(c, r.Delay)
		return
	}
	s.send(c)
}

// send writes the answer, or the head and first event of a stream.
func (s *Server) send(c *conn) {
	r := c.route
	switch {
	case r.Every > 0 && r.count%r.Every == 0:
		c.out = append(c.out, r.fault...)
	case r.Events > 0:
		c.out = append(c.out, r.answer...)
		c.event = 0
		s.next(c)
		return
	default:
		c.out = append(c.out, r.reply(&c.in)...)
	}
	s.finish(c)
}

// next writes the next event of a stream, and its end after the last.
func (s *Server) next(c *conn) {
	r := c.route
	event := load.StampEvent(nil, c.event, epoll.Monotonic(), r.Body)
	c.out = append(strconv.AppendInt(c.out, int64(len(event)), 16), "\r\n"...)
	c.out = append(append(c.out, event...), "\r\n"...)
	if c.event++; c.event == r.Events {
		c.out = append(c.out, "0\r\n\r\n"...)
		s.finish(c)
		return
	}
	wait := r.Interval
	if c.event == 1 {
		// Streams that begin together do not go on in step.
		wait = time.Duration(rand.Int64N(int64(r.Interval)) + 1)
	}
	s.later(c, wait)
	s.flush(c)
}

// finish ends an answer that has been laid out.
func (s *Server) finish(c *conn) {
	c.last = c.in.Close
	c.in.Reset()
	c.route, c.event, c.busy = nil, 0, false
	s.flush(c)
	if s.conns[c.fd] != c || c.last {
		return
	}
	if left := c.left; len(left) > 0 {
		c.left = nil
		s.take(c, left)
	}
}

func (s *Server) flush(c *conn) {
	for c.sent < len(c.out) {
		n, err := epoll.Write(c.fd, c.out[c.sent:])
		if err == epoll.ErrAgain {
			return
		}
		if err != nil {
			s.close(c)
			return
		}
		c.sent += n
	}
	c.out, c.sent = c.out[:0], 0
	if c.last {
		s.close(c)
	}
}

func (s *Server) close(c *conn) {
	if s.conns[c.fd] == c {
		s.conns[c.fd] = nil
		epoll.Close(c.fd)
	}
}

// later goes on with a connection after a time.
func (s *Server) later(c *conn, d time.Duration) {
	heap.Push(&s.timers, timer{time.Since(s.base) + d, c})
}

// fire goes on with the connections whose time has come, and says how long there is until
// the next; it is never long, so that Serve notices that it is to stop.
func (s *Server) fire() time.Duration {
	const longest = 50 * time.Millisecond
	for len(s.timers) > 0 {
		now := time.Since(s.base)
		if wait := s.timers[0].at - now; wait > 0 {
			return min(wait, longest)
		}
		c := heap.Pop(&s.timers).(timer).conn
		switch {
		case s.conns[c.fd] != c:
		case c.event > 0:
			s.next(c)
		default:
			s.send(c)
		}
	}
	return longest
}

type timer struct {
	at   time.Duration
	conn *conn
}

// timers is a heap, the earliest first.
type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at < t[j].at }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(v any)        { *t = append(*t, v.(timer)) }
func (t *timers) Pop() any {
	old := *t
	v := old[len(old)-1]
	*t = old[:len(old)-1]
	return v
}
