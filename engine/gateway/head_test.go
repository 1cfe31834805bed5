package gateway

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"sekisho/engine/pipeline"

	"github.com/valyala/fasthttp"
)

func TestPlainHead(t *testing.T) {
	for _, tt := range []struct {
		in    string
		plain bool
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"OPTIONS /a?b=c HTTP/1.1\r\nHost: a\r\n\r\nrest", true},
		{"GET / HTTP/1.1\r\nHost: a\r\n", false},
		{"GET / HTTP/1.1\r\n\r\n", false},
		{"GET / HTTP/1.0\r\nHost: a\r\n\r\n", false},
		{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"get / HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", false},
		{"", false},
		{"GET /", false},
	} {
		if _, _, _, _, ok := plainHead([]byte(tt.in)); ok != tt.plain {
			t.Errorf("%q: %v", tt.in, ok)
		}
	}
}

func TestIsValue(t *testing.T) {
	for c := range 256 {
		for _, at := range []int{0, 3, 7, 8, 12} {
			b := []byte(strings.Repeat("v", 13))
			b[at] = byte(c)
			want := c >= ' ' && c != 0x7f || c == '\t'
			if got := isValue(string(b)); got != want {
				t.Errorf("byte %#x at %d: %v", c, at, got)
			}
		}
	}
}

// What plainHead and readFields accept, fasthttp's parser accepts too, and reads the
// same.
func FuzzPlainHead(f *testing.F) {
	for _, s := range []string{
		"GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close, x\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\x7f\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: \r\nY:\r\nTE: trailers\r\nUpgrade: h2c\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\nContent-Length: 0\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		method, target, lineEnd, end, ok := plainHead(in)
		if !ok {
			return
		}
		var h pipeline.Header
		fr, err := readFields(string(in[lineEnd:end]), &h, false)
		if err != nil || fr.hosts != 1 || !isHost(fr.host) || fr.trailer != "" && !goodTrailer(fr.trailer) {
			return
		}
		var p fasthttp.RequestHeader
		p.DisableNormalizing()
		br := bufio.NewReaderSize(bytes.NewReader(in), len(in)+16)
		if err := p.Read(br); err != nil {
			t.Fatalf("%q: the parser refuses it: %v", in, err)
		}
		if string(p.Method()) != method || string(p.RequestURI()) != string(in[len(method)+1:target]) || string(p.Protocol()) != "HTTP/1.1" {
			t.Fatalf("%q: the parser reads %s %s %s", in, p.Method(), p.RequestURI(), p.Protocol())
		}
		if string(p.RawHeaders()) != string(in[lineEnd:end]) {
			t.Fatalf("%q: the parser has the header %q", in, p.RawHeaders())
		}
	})
}
