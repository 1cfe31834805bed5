package pipeline

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"sekisho/engine/dotnet/clr"
)

func TestHeaderKeepsOrderAndCase(t *testing.T) {
	var h Header
	h.Add("X-b", "1")
	h.Add("x-A", "2")
	h.Add("X-B", "3")
	h.Set("X-a", "4")
	h.Add("Y", "5")
	if got, want := lines(&h), "X-b: 1|X-a: 4|X-B: 3|Y: 5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if v, ok := h.Lookup("x-B"); !ok || strings.Join(v, ",") != "1,3" {
		t.Errorf("Lookup: %v %v", v, ok)
	}
	if h.Len() != 3 {
		t.Errorf("Len counts lines, not names: %d", h.Len())
	}
	h.Del("x-b")
	h.SetValues("y", []string{"6", "7"})
	if got, want := lines(&h), "X-a: 4|y: 6|y: 7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	h.SetValues("Y", nil)
	if h.Has("y") {
		t.Error("no values must mean no line")
	}
}

func lines(h *Header) string {
	var out []string
	for _, f := range h.Fields() {
		out = append(out, f.Name+": "+f.Value)
	}
	return strings.Join(out, "|")
}

func TestParseURL(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		u, ok := ParseURL(in)
		got := "refused"
		if ok {
			got = u.String()
		}
		if got != want {
			t.Errorf("ParseURL(%q): got %s, want %s", in, got, want)
		}
	}
	f("https://Example.com", "https://Example.com/")
	f("HTTPS://example.com:443/a%2Fb?q=%20#frag", "https://example.com/a%2Fb?q=%20")
	f("http://example.com:8080", "http://example.com:8080/")
	f("http://[::1]:80/x", "http://[::1]/x")
	f("https://example.com?x=1", "https://example.com/?x=1")
	f("ftp://example.com/", "refused")
	f("example.com/x", "refused")
	f("http://user:secret@example.com/", "refused")
	f("http:///x", "refused")
	f("http://a b/", "refused")
	f("http://a\\b/", "refused")
	f("http://a/x y", "refused")
}

func TestServiceURLLeavesPathAndQuery(t *testing.T) {
	base, _ := ParseURL("https://backend.example/base/")
	u := URL{Scheme: "http", Host: "gw", Path: "/a%2Fb//c", Query: "x=1&&y"}
	u.SetService(base)
	if got, want := u.String(), "https://backend.example/base/a%2Fb//c?x=1&&y"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if u.Port() != 443 || u.Hostname() != "backend.example" {
		t.Errorf("port %d, host %s", u.Port(), u.Hostname())
	}
}

func TestQueryEditsLeaveTheRestAlone(t *testing.T) {
	raw := "a=%41&B=2&a=3&c"
	if got := QueryDel(raw, "A"); got != "B=2&c" {
		t.Errorf("QueryDel: %s", got)
	}
	if got := QueryAdd("a=%41", "x y", "1&2+3"); got != "a=%41&x%20y=1%262%2B3" {
		t.Errorf("QueryAdd: %s", got)
	}
	if !QueryHas(raw, "b") || QueryHas(raw, "d") {
		t.Error("QueryHas")
	}
	q := ParseQuery("a=1&b=x%20y&A=2&bad=%zz&c")
	if v, _ := q.Lookup("A"); strings.Join(v, ",") != "1,2" {
		t.Errorf("values of one name, whatever its case: %v", v)
	}
	if v, _ := q.Lookup("bad"); v[0] != "%zz" {
		t.Errorf("what does not decode stays: %v", v)
	}
	if q.Len() != 4 {
		t.Errorf("Len: %d", q.Len())
	}
}

func TestBodyIsReadOnceUnlessPreserved(t *testing.T) {
	r := NewRequest(100)
	if r.Body.Present() {
		t.Fatal("a new request has no body")
	}
	r.Body.SetStream(io.NopCloser(strings.NewReader("hello")), 5)
	if got := string(r.Body.Read(true)); got != "hello" {
		t.Errorf("got %q", got)
	}
	if got := string(r.Body.Read(false)); got != "hello" {
		t.Errorf("got %q", got)
	}
	e := clr.Try(func() { r.Body.Read(true) })
	if e == nil || e.Type != "System.InvalidOperationException" {
		t.Errorf("a consumed body must throw, got %v", e)
	}
	if data, stream, n := r.Body.Take(); data != nil || stream != nil || n != 0 {
		t.Error("a consumed body is not forwarded")
	}
}

func TestBodyLimit(t *testing.T) {
	r := NewRequest(4)
	r.Body.SetStream(io.NopCloser(strings.NewReader("hello")), -1)
	if _, err := r.Body.Buffer(); !errors.Is(err, ErrBodyTooLarge) {
		t.Errorf("got %v", err)
	}
	// What is small when sent and large when decoded is as large.
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(make([]byte, 1<<20))
	_ = w.Close()
	r = NewRequest(1 << 16)
	r.Header.Add("Content-Encoding", "gzip")
	r.Body.SetBytes(z.Bytes())
	if _, err := r.Body.Text(); !errors.Is(err, ErrBodyTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestBodyDecodes(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write([]byte("hello"))
	_ = w.Close()
	r := NewRequest(1 << 16)
	r.Header.Add("Content-Encoding", "GZIP")
	r.Body.SetBytes(z.Bytes())
	if got := string(r.Body.Read(true)); got != "hello" {
		t.Errorf("got %q", got)
	}
	if got, _ := r.Body.Buffer(); !bytes.Equal(got, z.Bytes()) {
		t.Error("what is forwarded is what was sent")
	}
}

func TestErrorBody(t *testing.T) {
	f := func(status int, message, activity, want string) {
		t.Helper()
		if got := string(ErrorBody(status, message, activity)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(404, "Resource not found", "", `{ "statusCode": 404, "message": "Resource not found" }`)
	f(500, "a \"b\"\n\x01é", "id", `{ "statusCode": 500, "message": "a \"b\"\n\u0001é", "activityId": "id" }`)
}
