package load

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"

	"sekisho/bench/internal/epoll"
	"sekisho/bench/internal/wire"
)

// loop is one thread of the generator with its share of connections. Times are
// nanoseconds since base.
type loop struct {
	counters
	plan   *Plan
	at     netip.AddrPort
	pick   *picker
	poll   *epoll.Poller
	conns  []conn
	idle   []int32 // connections without a request
	busy   int     // connections with one
	buf    []byte
	result *Result

	base               time.Time
	begin, end, giveUp int64
	interval           float64 // between two requests of an open loop; 0 in a closed one
	due                int64   // requests of an open loop that have become due
	backlog            queue   // of those, the ones that wait for a connection
	streams            bool    // whether there are targets with streams
	shift              int64   // of the machine's monotonic clock against base
}

// conn is one connection.
type conn struct {
	fd     int // -1 when there is none
	out    []byte
	sent   int
	in     wire.Message
	target int
	due    int64 // when the request should have been sent
	start  int64 // when it was
	freed  int64 // when the connection had its last answer
	events int   // of a stream
	active bool
	last   bool // the server will not take another request on it
}

const (
	tick        = 100 * time.Millisecond // between looks at timeouts
	p99Tick     = 5                      // ticks between looks at the histogram
	maxBacklog  = 1 << 20
	dialTimeout = time.Second
	never       = int64(1) << 62
)

func newLoop(p *Plan, at netip.AddrPort, n, loops int) *loop {
	share := p.Connections / loops
	if n < p.Connections%loops {
		share++
	}
	l := &loop{plan: p, at: at, pick: newPicker(p, at.String(), n), conns: make([]conn, share), buf: make([]byte, 256<<10), result: NewResult()}
	if p.Rate > 0 {
		l.interval = float64(time.Second) * float64(loops) / p.Rate
	}
	for _, t := range p.Targets {
		l.streams = l.streams || t.Stream
	}
	return l
}

// open makes the connections.
func (l *loop) open() error {
	var err error
	if l.poll, err = epoll.New(); err != nil {
		return err
	}
	for i := range l.conns {
		l.conns[i].fd = -1
	}
	for i := range l.conns {
		if err := l.dial(int32(i)); err != nil {
			return fmt.Errorf("connection %d of %d to %s: %w", i+1, len(l.conns), l.at, err)
		}
		l.idle = append(l.idle, int32(i))
	}
	return nil
}

func (l *loop) close() {
	for i := range l.conns {
		if c := &l.conns[i]; c.fd >= 0 {
			epoll.Close(c.fd)
		}
	}
	if l.poll != nil {
		l.poll.Close()
	}
}

func (l *loop) dial(i int32) error {
	fd, err := epoll.Dial(l.at, dialTimeout)
	if err != nil {
		return err
	}
	if err := l.poll.Add(fd, i); err != nil {
		epoll.Close(fd)
		return err
	}
	l.conns[i].fd, l.conns[i].last = fd, false
	return nil
}

func (l *loop) now() int64 { return int64(time.Since(l.base)) }

// run sends and receives until the end, and then receives what is still out.
func (l *loop) run() error {
	l.shift = epoll.Monotonic() - l.now()
	nextTick, ticks := int64(tick), 0
	for {
		now := l.now()
		if l.cancel.Load() || now >= l.giveUp || now >= l.end && (l.streams || l.busy == 0 && l.backlog.len() == 0) {
			l.finish()
			return nil
		}
		next := l.begun(now)
		if now >= nextTick {
			l.expire(now)
			if ticks++; ticks%p99Tick == 0 {
				l.p99.Store(l.result.Latency.ValueAtPercentile(99))
			}
			nextTick = now + int64(tick)
		}
		wait := time.Duration(min(next, nextTick) - now)
		events, err := l.poll.Wait(max(wait, 0))
		if err != nil {
			return err
		}
		for _, e := range events {
			if c := &l.conns[e.Fd]; c.fd >= 0 {
				c.last = c.last || e.Events&epoll.Gone != 0
				if e.Events&epoll.Out != 0 && c.sent < len(c.out) {
					l.send(e.Fd)
				}
				if e.Events&epoll.In != 0 && c.fd >= 0 {
					l.receive(e.Fd)
				}
			}
			// A burst of answers takes its time: what falls due meanwhile does not wait
			// for the end of it.
			if l.interval > 0 {
				if now := l.now(); now >= next {
					next = l.begun(now)
				}
			}
		}
	}
}

// begun starts what can be started, and says when there will be more.
func (l *loop) begun(now int64) (next int64) {
	if l.interval == 0 {
		for now < l.end && len(l.idle) > 0 && l.start(now, now) {
		}
		return never
	}
	for {
		due := int64(float64(l.due) * l.interval)
		if due >= l.end {
			next = never
			break
		}
		if due > now {
			next = due
			break
		}
		l.due++
		if l.measured(due) {
			l.result.Due++
		}
		if l.backlog.len() >= maxBacklog {
			l.fail(due, ErrorUnsent)
			continue
		}
		l.backlog.push(due)
	}
	for l.backlog.len() > 0 && len(l.idle) > 0 && l.start(now, l.backlog.head()) {
		l.backlog.pop()
	}
	return next
}

func (l *loop) measured(due int64) bool { return due >= l.begin && due < l.end }

// start sends a request on an idle connection; false when none can be connected.
func (l *loop) start(now, due int64) bool {
	i := l.idle[len(l.idle)-1]
	c := &l.conns[i]
	if c.fd < 0 {
		if err := l.dial(i); err != nil {
			if l.interval == 0 && l.measured(now) {
				l.result.Due++
			}
			l.fail(due, ErrorConnect)
			if l.interval > 0 {
				// The request is lost; the next tick tries again with the next.
				l.backlog.pop()
			}
			return false
		}
	}
	l.idle = l.idle[:len(l.idle)-1]
	c.out, c.target = l.pick.next(c.out[:0])
	c.sent, c.due, c.start, c.events, c.active = 0, due, now, 0, true
	t := &l.plan.Targets[c.target]
	c.in.ToHead = t.Method == "HEAD"
	c.in.Discard = !t.Stream && len(t.Check.Contains) == 0
	l.busy++
	if l.measured(due) {
		if l.interval == 0 {
			l.result.Due++
		} else if c.freed <= due {
			record(l.result.Lag, now-due)
		}
		if t.Stream {
			l.result.Streams++
		}
	}
	l.send(i)
	return true
}

func (l *loop) send(i int32) {
	c := &l.conns[i]
	for c.sent < len(c.out) {
		n, err := epoll.Write(c.fd, c.out[c.sent:])
		if err == epoll.ErrAgain {
			return
		}
		if err != nil {
			l.lost(i)
			return
		}
		c.sent += n
	}
}

func (l *loop) receive(i int32) {
	c := &l.conns[i]
	for {
		n, err := epoll.Read(c.fd, l.buf)
		if err == epoll.ErrAgain {
			return
		}
		if err != nil || n == 0 {
			l.ended(i)
			return
		}
		if !c.active {
			l.drop(i) // it speaks without having been asked
			l.fail(l.now(), ErrorMalformed)
			return
		}
		k, err := c.in.Write(l.buf[:n])
		if err != nil || k < n {
			l.broken(i)
			return
		}
		if l.streams && l.plan.Targets[c.target].Stream {
			l.readEvents(c)
		}
		if c.in.Done() {
			l.answered(i)
			return
		}
		if n < len(l.buf) && !c.last {
			return // there was no more; an edge will tell
		}
	}
}

// ended deals with the end of a connection: of a body, between two answers, or too early.
func (l *loop) ended(i int32) {
	c := &l.conns[i]
	switch {
	case !c.active:
		l.drop(i)
		l.result.Reconnect++
	case c.in.Begun() && c.in.EOF():
		l.answered(i)
	default:
		l.lost(i)
	}
}

// drop closes a connection; the next request on it connects again.
func (l *loop) drop(i int32) {
	c := &l.conns[i]
	epoll.Close(c.fd)
	c.fd = -1
}

// lost ends a request whose connection is gone.
func (l *loop) lost(i int32) {
	c := &l.conns[i]
	l.drop(i)
	l.free(i)
	l.fail(c.due, ErrorClosed)
}

// broken ends a request whose answer cannot be understood.
func (l *loop) broken(i int32) {
	c := &l.conns[i]
	l.drop(i)
	l.free(i)
	l.fail(c.due, ErrorMalformed)
}

func (l *loop) free(i int32) {
	c := &l.conns[i]
	c.in.Reset()
	c.out, c.sent, c.active = c.out[:0], 0, false
	l.idle = append(l.idle, i)
	l.busy--
}

// fail counts an error of a request that was due.
func (l *loop) fail(due int64, class string) {
	if l.measured(due) {
		l.result.Errors[class]++
		l.bad.Add(1)
	}
}

// answered ends a request that has its answer.
func (l *loop) answered(i int32) {
	c := &l.conns[i]
	now := l.now()
	t := &l.plan.Targets[c.target]
	if !t.Stream {
		l.completed.Add(1)
	}
	if l.measured(c.due) {
		if !t.Stream {
			l.result.Answered++
			record(l.result.Latency, now-c.due)
			record(l.result.Service, now-c.start)
		}
		if fault := t.Check.fault(&c.in); fault != "" {
			l.wrong(t, fault, &c.in)
		}
	}
	c.freed = now
	if c.in.Close || c.last {
		l.drop(i)
		l.result.Reconnect++
	}
	l.free(i)
	if now < l.end && l.interval == 0 {
		l.start(now, now)
	} else if l.backlog.len() > 0 && l.start(now, l.backlog.head()) {
		l.backlog.pop()
	}
}

func (l *loop) wrong(t *Target, fault string, m *wire.Message) {
	l.result.Wrong[fault]++
	l.bad.Add(1)
	if l.result.FirstBad != "" {
		return
	}
	l.result.FirstBad = fmt.Sprintf("target %s: wrong %s; the answer had status %d and %d bytes", t.Name, fault, m.Status, m.Size)
}

// readEvents takes the whole events out of what has come of a stream.
func (l *loop) readEvents(c *conn) {
	if !c.in.HeadDone() {
		return
	}
	t := &l.plan.Targets[c.target]
	if c.events == 0 && len(t.Check.Status) > 0 && c.in.Status != 0 && !okStatus(t, c.in.Status) {
		return // no events to be expected; answered will complain
	}
	rest := c.in.Body
	for {
		event, after, ok := bytes.Cut(rest, []byte("\n\n"))
		if !ok {
			break
		}
		rest = after
		now := l.now()
		number, sent, stamped := readStamp(event)
		l.completed.Add(1)
		if l.measured(now) {
			l.result.Answered++
			if stamped {
				record(l.result.Latency, now+l.shift-sent)
				record(l.result.Service, now+l.shift-sent)
			}
			if stamped && number != c.events {
				l.wrong(t, "order of events", &c.in)
			}
		}
		c.events++
		if stamped {
			c.events = number + 1
		}
	}
	n := copy(c.in.Body, rest)
	c.in.Body = c.in.Body[:n]
}

func okStatus(t *Target, status int) bool {
	for _, s := range t.Check.Status {
		if s == status {
			return true
		}
	}
	return false
}

// expire ends requests that have waited too long.
func (l *loop) expire(now int64) {
	if l.streams {
		return // streams may be silent
	}
	for i := range l.conns {
		if c := &l.conns[i]; c.active && now-c.start > int64(l.plan.Timeout) {
			l.timeout(int32(i), now)
		}
	}
}

func (l *loop) timeout(i int32, now int64) {
	c := &l.conns[i]
	if l.measured(c.due) {
		// The wait is a latency of at least this much; leaving it out would flatter.
		record(l.result.Latency, now-c.due)
		record(l.result.Service, now-c.start)
	}
	l.drop(i)
	l.free(i)
	l.fail(c.due, ErrorTimeout)
}

// finish ends what is still out: streams in the middle, requests without an answer, and
// those that never found a connection.
func (l *loop) finish() {
	now := l.now()
	for i := range l.conns {
		if c := &l.conns[i]; c.active && !l.plan.Targets[c.target].Stream {
			l.timeout(int32(i), now)
		}
	}
	for l.backlog.len() > 0 {
		due := l.backlog.head()
		l.backlog.pop()
		if l.measured(due) {
			record(l.result.Latency, now-due)
		}
		l.fail(due, ErrorUnsent)
	}
}

// queue is a first-in, first-out queue of times.
type queue struct {
	items []int64
	first int
}

func (q *queue) len() int     { return len(q.items) - q.first }
func (q *queue) head() int64  { return q.items[q.first] }
func (q *queue) push(v int64) { q.items = append(q.items, v) }
func (q *queue) pop() {
	if q.first++; q.first == len(q.items) {
		q.items, q.first = q.items[:0], 0
	} else if q.first > 4096 && q.first > len(q.items)/2 {
		n := copy(q.items, q.items[q.first:])
		q.items, q.first = q.items[:n], 0
	}
}
