package gateway

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"sekisho/engine/pipeline"
)

func TestFramedReadsItsBodyAndNotAByteMore(t *testing.T) {
	for name, c := range map[string]struct {
		f          framing
		wire, body string
		rest       string
		err        error
	}{
		"empty":            {framing{length: 0}, "next", "", "next", nil},
		"length":           {framing{length: 3}, "abcnext", "abc", "next", nil},
		"short":            {framing{length: 5}, "abc", "abc", "", errTruncated},
		"to the end":       {framing{length: -1}, "abcnext", "abcnext", "", nil},
		"chunks":           {framing{length: -1, chunked: true}, "3\r\nabc\r\n00A;x=y\r\n0123456789\r\n0\r\n\r\nnext", "abc0123456789", "next", nil},
		"blanks":           {framing{length: -1, chunked: true}, "3 \t\r\nabc\r\n0\r\n\r\nnext", "abc", "next", nil},
		"trailer":          {framing{length: -1, chunked: true}, "1\r\na\r\n0\r\nX: y\r\n\r\nnext", "a", "next", nil},
		"short chunk":      {framing{length: -1, chunked: true}, "5\r\nabc", "abc", "", errTruncated},
		"no last chunk":    {framing{length: -1, chunked: true}, "3\r\nabc\r\n", "abc", "", errTruncated},
		"no end":           {framing{length: -1, chunked: true}, "3\r\nabc\r\n0\r\n", "abc", "", errTruncated},
		"no CRLF":          {framing{length: -1, chunked: true}, "3\r\nabcX", "abc", "", errChunk},
		"LF":               {framing{length: -1, chunked: true}, "3\nabc\r\n0\r\n\r\n", "", "", errChunk},
		"CR in the line":   {framing{length: -1, chunked: true}, "3;\r\r\nabc\r\n0\r\n\r\n", "", "", errChunk},
		"negative":         {framing{length: -1, chunked: true}, "-1\r\n", "", "", errChunk},
		"no digits":        {framing{length: -1, chunked: true}, "\r\n", "", "", errChunk},
		"sixteen digits":   {framing{length: -1, chunked: true}, "1000000000000000\r\n", "", "", errChunk},
		"trailer of lines": {framing{length: -1, chunked: true}, "0\r\n" + strings.Repeat("X: y\r\n", 5000) + "\r\n", "", "", errChunk},
		"trailer of trash": {framing{length: -1, chunked: true}, "0\r\nX\r\n\r\n", "", "", errChunk},
	} {
		for how, slow := range map[string]bool{"at once": false, "byte by byte": true} {
			t.Run(name+" "+how, func(t *testing.T) {
				var r io.Reader = strings.NewReader(c.wire)
				if slow {
					r = iotest.OneByteReader(r)
				}
				br := bufio.NewReader(r)
				f := newFramed(br, &c.f)
				var body bytes.Buffer
				_, err := io.Copy(&body, struct{ io.Reader }{&f})
				if body.String() != c.body || err != c.err || f.done != (err == nil) {
					t.Errorf("read %q, %v, done %t", body.String(), err, f.done)
				}
				if _, again := f.Read(make([]byte, 1)); err == nil && again != io.EOF || err != nil && again != err {
					t.Errorf("read again: %v", again)
				}
				if rest, _ := io.ReadAll(br); err == nil && string(rest) != c.rest {
					t.Errorf("left %q", rest)
				}
			})
		}
	}
}

func TestReadyNeverPromisesWhatItCannotKeep(t *testing.T) {
	const wire = "3\r\nabc\r\n1;x\r\nd\r\n0\r\nX: y\r\n\r\n"
	for n := range len(wire) {
		f := newFramed(bufio.NewReader(strings.NewReader(wire[:n])), &framing{length: -1, chunked: true})
		_, _ = f.br.Peek(n)
		for f.ready() && !f.done {
			if _, err := f.Read(make([]byte, 2)); err != nil && err != io.EOF {
				t.Errorf("of %q a read was promised, and failed: %v", wire[:n], err)
				break
			}
		}
	}
}

func TestAppendChunk(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 255, 256, 4095, 4096, 30000} {
		body := bytes.Repeat([]byte("x"), n)
		b := append(make([]byte, 0, 40000), "head"...)
		copy(b[len(b)+6:cap(b)], body)
		b = appendChunk(b, n, 6)
		if got := unchunk(string(b[4:]) + "0\r\n\r\n"); got != string(body) {
			t.Errorf("a chunk of %d bytes came back with %d", n, len(got))
		}
		if n > 0 && b[4] == '0' {
			t.Errorf("the size of %d is written %q", n, b[4:12])
		}
	}
}

func TestReadFields(t *testing.T) {
	for name, c := range map[string]struct {
		block    string
		response bool
		err      error
		want     framing
		names    string
	}{
		"empty":                    {"\r\n", false, nil, framing{length: -1}, ""},
		"plain":                    {"Host: h\r\nx-A:b\r\nX-a: \t c d\t \r\n\r\n", false, nil, framing{length: -1, hosts: 1, host: "h"}, "Host x-A X-a"},
		"connection":               {"X: 1\r\nConnection: close , X ,, keep-alive\r\nconnection: UPGRADE\r\n\r\n", false, nil, framing{length: -1, close: true, keep: true, upgrade: true}, ""},
		"length and coding, back":  {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", true, nil, framing{length: -1, chunked: true, close: true}, ""},
		"length and coding, there": {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", false, errBothFramings, framing{}, ""},
		"no end":                   {"A: b\r\n", false, errHeaderSyntax, framing{}, ""},
		"nothing":                  {"", false, errHeaderSyntax, framing{}, ""},
		"LF":                       {"A: b\n\r\n", false, errHeaderSyntax, framing{}, ""},
		"fold":                     {"A: b\r\n\tc\r\n\r\n", false, errFolded, framing{}, ""},
		"blank before the colon":   {"A : b\r\n\r\n", false, errHeaderSyntax, framing{}, ""},
		"utf-8 in a name":          {"\xc3\xa9: b\r\n\r\n", false, errHeaderSyntax, framing{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var h pipeline.Header
			f, err := readFields(c.block, &h, c.response)
			if err != c.err {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			var names []string
			for _, field := range h.Fields() {
				names = append(names, field.Name)
			}
			if f != c.want || strings.Join(names, " ") != c.names {
				t.Errorf("%+v with %q", f, names)
			}
		})
	}
}

func TestIsPiece(t *testing.T) {
	whole := strings.Clone("Host: example")
	if !isPiece(whole[:4], whole) || !isPiece(whole, whole) || !isPiece(whole[12:], whole) {
		t.Error("a piece is not taken for one")
	}
	if isPiece("", whole) || isPiece(strings.Clone("Host"), whole) || isPiece(whole, whole[:4]) || isPiece("Host", "") {
		t.Error("something else is taken for a piece")
	}
}

func FuzzReadFields(f *testing.F) {
	for _, s := range []string{"Host: h\r\n\r\n", "Connection: a,b,close\r\nContent-Length: 3\r\n\r\n", "Transfer-Encoding: chunked\r\nTE: trailers\r\n\r\n", " a: b\r\n\r\n"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, block string, response bool) {
		var h pipeline.Header
		fr, err := readFields(block, &h, response)
		if err != nil {
			return
		}
		if fr.chunked && fr.length >= 0 {
			t.Errorf("two framings of %q", block)
		}
		for _, field := range h.Fields() {
			line := string(appendField(nil, field.Name, field.Value, ""))
			if strings.Count(line, "\n") != 1 || !strings.Contains(block, field.Name) {
				t.Errorf("the field %q came of %q", line, block)
			}
			if k := classify(field.Name); k == fieldConnection || k == fieldTransferEncoding || k == fieldHopByHop {
				t.Errorf("%q passed", field.Name)
			}
		}
	})
}

func FuzzChunks(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\nnext"))
	f.Add([]byte("A;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\n"))
	f.Add([]byte("ffffffffffffffff\r\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		read := func(r io.Reader) (body, rest string, err error) {
			br := bufio.NewReader(r)
			framed := newFramed(br, &framing{length: -1, chunked: true})
			b, err := io.ReadAll(&framed)
			after, _ := io.ReadAll(br)
			return string(b), string(after), err
		}
		b1, rest1, err1 := read(bytes.NewReader(wire))
		b2, rest2, err2 := read(iotest.OneByteReader(bytes.NewReader(wire)))
		if b1 != b2 || (err1 == nil) != (err2 == nil) || err1 == nil && rest1 != rest2 {
			t.Errorf("%q reads as %q (%v) or %q (%v)", wire, b1, err1, b2, err2)
		}
	})
}

// scripted is a connection whose client has sent everything already.
type scripted struct {
	net.Conn
	in  *bytes.Reader
	out bytes.Buffer
}

func (c *scripted) Read(p []byte) (int, error)      { return c.in.Read(p) }
func (c *scripted) Write(p []byte) (int, error)     { return c.out.Write(p) }
func (c *scripted) Close() error                    { return nil }
func (c *scripted) RemoteAddr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }
func (c *scripted) LocalAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 80} }
func (c *scripted) SetDeadline(time.Time) error     { return nil }
func (c *scripted) SetReadDeadline(time.Time) error { return nil }

func (c *scripted) SetWriteDeadline(time.Time) error { return nil }

// FuzzRequests holds what is forwarded against what came in, with net/http as the
// judge: what we take for one request must leave as one request, with the same method,
// target and body, and nothing after it.
func FuzzRequests(f *testing.F) {
	for _, s := range []string{
		"GET /a%2Fb?c HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
		"GET http://h:81/x HTTP/1.1\r\nHost: g\r\nConnection: X-A, close\r\nX-A: b\r\n\r\n",
		"OPTIONS * HTTP/1.0\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX-A: \x0bb\r\nX-B: \xa0c\x85\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	server := NewServer(Options{Limits: DefaultLimits()})
	transport := NewTransport(DefaultTransportOptions())
	f.Fuzz(func(t *testing.T, wire []byte) {
		conn := &scripted{in: bytes.NewReader(wire)}
		c := newClient(server, conn, conn)
		if c.next(true) != nil {
			return
		}
		x := pipeline.NewExchange(nil, 1<<20)
		defer x.Release()
		if c.admit(x) != nil {
			return
		}
		if _, err := url.ParseRequestURI(x.Request.URL.RequestURI()); err != nil {
			return // the router refuses such paths
		}
		m := &outgoing{transport: transport, request: &x.Request, url: x.Request.URL, tls: &BackendTLS{}, forward: x}
		m.url.Host = "backend"
		m.takeBody(&x.Request.Body)
		o, err := transport.origin(&m.url, m.tls, "", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := sender{stream: m.stream, mode: bodyNone, to: &sinkBuffer{}}
		s.lease(-1)
		done, err := m.prepare(o, &s)
		if err == nil && !done {
			err = s.run()
		}
		if err != nil {
			return // the body is broken: the backend's connection is cut
		}
		left := append(s.to.(*sinkBuffer).Bytes(), s.out...)
		br := bufio.NewReader(bytes.NewReader(left))
		r, err := http.ReadRequest(br)
		if err != nil {
			t.Fatalf("%q left as %q: %v", wire, left, err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || br.Buffered() > 0 {
			t.Fatalf("%q left as %q, of which %d bytes are too many (%v)", wire, left, br.Buffered(), err)
		}
		if r.Method != x.OriginalMethod || r.Host != "backend" || c.received != int64(len(body)) {
			t.Errorf("%q left as %q", wire, left)
		}
		if target := r.RequestURI; !strings.HasPrefix(target, x.Request.URL.Path) && !strings.Contains(target, "%") {
			t.Errorf("the target %q left as %q", x.Request.URL.Path, target)
		}
	})
}

type sinkBuffer struct{ bytes.Buffer }

func (b *sinkBuffer) write(p []byte) error {
	_, err := b.Write(p)
	return err
}
