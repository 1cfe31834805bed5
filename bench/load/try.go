package load

import (
	"net"
	"time"

	"sekisho/bench/internal/wire"
)

// Try sends one request, on a connection of its own, and waits a second for the answer; of
// a stream, for its head. It says whether an answer came, and what is wrong with it.
func (p *Plan) Try(address string) (answered bool, fault string) {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false, ""
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(max(time.Second, p.Timeout)))
	request, n := newPicker(p, address, 0).next(nil)
	if _, err := c.Write(request); err != nil {
		return false, ""
	}
	t := &p.Targets[n]
	m := wire.Message{ToHead: t.Method == "HEAD"}
	buf := make([]byte, 64<<10)
	for !m.Done() && !(t.Stream && m.HeadDone()) {
		n, err := c.Read(buf)
		if _, malformed := m.Write(buf[:n]); malformed != nil {
			return true, ErrorMalformed
		}
		if err != nil && !m.EOF() {
			return false, ""
		}
	}
	if t.Stream {
		return true, (&Check{Status: t.Check.Status, Bytes: -1}).fault(&m)
	}
	return true, t.Check.fault(&m)
}
