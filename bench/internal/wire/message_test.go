package wire

import (
	"errors"
	"strings"
	"testing"
)

// receive feeds a text in pieces of n bytes.
func receive(m *Message, text string, n int) (taken int, err error) {
	for len(text) > 0 && !m.Done() {
		k, err := m.Write([]byte(text[:min(n, len(text))]))
		taken += k
		if err != nil {
			return taken, err
		}
		text = text[k:]
	}
	return taken, nil
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		name, text string
		request    bool
		head       bool
		status     int
		body       string
		left       int // bytes that are not of the message
		open, bad  bool
		close      bool
	}{
		{name: "length", text: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", status: 200, body: "hello"},
		{name: "more than one", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1", status: 200, body: "ok", left: 8},
		{name: "chunks", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n", status: 200, body: "abc0123456789"},
		{name: "nothing", text: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
		{name: "head", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", head: true, status: 200},
		{name: "interim", text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\nx", status: 201, body: "x"},
		{name: "until close", text: "HTTP/1.1 200 OK\r\n\r\nabc", status: 200, body: "abc", open: true, close: true},
		{name: "close", text: "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", status: 200, close: true},
		{name: "request", text: "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", request: true, body: "hi"},
		{name: "request without body", text: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", request: true},
		{name: "cut short", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", status: 200, body: "hel", open: true},
		{name: "two lengths", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", status: 200, bad: true},
		{name: "bad chunk", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", status: 200, bad: true},
		{name: "garbage", text: "SSH-2.0-OpenSSH_9.2\r\n\r\n", bad: true},
		{name: "no line", text: strings.Repeat("x", 70<<10), bad: true},
	} {
		for _, n := range []int{1, 7, 1 << 20} {
			m := &Message{Request: c.request, ToHead: c.head}
			taken, err := receive(m, c.text, n)
			if c.bad {
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("%s in pieces of %d: %v, want an error", c.name, n, err)
				}
				continue
			}
			if err != nil || m.Status != c.status || string(m.Body) != c.body || len(c.text)-taken != c.left || m.Done() == c.open || m.Close != c.close {
				t.Errorf("%s in pieces of %d: status %d body %q left %d done %v close %v (%v)", c.name, n, m.Status, m.Body, len(c.text)-taken, m.Done(), m.Close, err)
			}
		}
	}
}

func TestEndOfConnection(t *testing.T) {
	m := &Message{}
	if _, err := receive(m, "HTTP/1.1 200 OK\r\n\r\nabc", 4); err != nil || !m.EOF() || !m.Done() {
		t.Errorf("a body that ends with the connection is whole")
	}
	m.Reset()
	if _, err := receive(m, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 4); err != nil || m.EOF() {
		t.Errorf("a body that is cut short is not whole")
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", uint8(3), false)
	f.Add("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", uint8(1), true)
	f.Fuzz(func(t *testing.T, text string, n uint8, request bool) {
		whole, pieces := &Message{Request: request}, &Message{Request: request}
		a, errA := receive(whole, text, len(text)+1)
		b, errB := receive(pieces, text, int(n)+1)
		if (errA == nil) != (errB == nil) {
			t.Fatalf("whole: %v, in pieces: %v", errA, errB)
		}
		if errA == nil && (a != b || whole.Status != pieces.Status || string(whole.Body) != string(pieces.Body) || whole.Done() != pieces.Done()) {
			t.Fatalf("whole %d %q, in pieces %d %q", a, whole.Body, b, pieces.Body)
		}
	})
}
