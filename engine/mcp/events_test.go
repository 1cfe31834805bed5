package mcp

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func readAll(r io.Reader, limit int) (all []Event, err error) {
	for events := NewEvents(r, limit); ; {
		e, err := events.Next()
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
}

func TestEvents(t *testing.T) {
	tests := []struct {
		name, in string
		want     []Event
	}{
		{"line feeds", "event: a\ndata: 1\ndata: 2\nid: 7\n\n", []Event{{Name: "a", Data: "1\n2", HasData: true, ID: "7"}}},
		{"carriage returns", "data: 1\r\rdata: 2\r\r", []Event{{Data: "1", HasData: true}, {Data: "2", HasData: true}}},
		{"both", "data: 1\r\n\r\ndata: 2\r\n\r\n", []Event{{Data: "1", HasData: true}, {Data: "2", HasData: true}}},
		{"mixed", "data: 1\n\rdata: 2\r\n\n", []Event{{Data: "1", HasData: true}, {Data: "2", HasData: true}}},
		{"byte order mark", "\ufeffdata: 1\n\n", []Event{{Data: "1", HasData: true}}},
		{"mark where none belongs", "data: 1\n\n\ufeffdata: 2\n\n", []Event{{Data: "1", HasData: true}}},
		{"one space is taken", "data:  a\ndata:b\ndata\n\n", []Event{{Data: " a\nb\n", HasData: true}}},
		{"empty data", "id: 3\ndata:\n\n", []Event{{ID: "3", HasData: true}}},
		{"no data", "id: 3\nretry: 500\n\n", []Event{{ID: "3", Retry: 500}}},
		{"comments", ": hello\n\n:\ndata: 1\n: within\n\n", []Event{{Data: "1", HasData: true}}},
		{"unknown field", "x: 1\n\ndata: 1\n\n", []Event{{Data: "1", HasData: true}}},
		{"id with NUL", "id: a\x00\ndata: 1\n\n", []Event{{Data: "1", HasData: true}}},
		{"retry of letters", "retry: 1x\ndata: 1\n\n", []Event{{Data: "1", HasData: true}}},
		{"cut", "data: 1\n\ndata: 2\n", []Event{{Data: "1", HasData: true}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(test.in), iotest.OneByteReader(strings.NewReader(test.in)), iotest.DataErrReader(strings.NewReader(test.in))} {
				got, err := readAll(r, 100)
				if err != io.EOF || !reflect.DeepEqual(got, test.want) {
					t.Errorf("%+v %v", got, err)
				}
			}
		})
	}
}

// An event that ends in CR is there without the LF that may follow.
func TestEventsDoNotWait(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	go w.Write([]byte("data: 1\r\r"))
	if e, err := NewEvents(r, 100).Next(); err != nil || e.Data != "1" {
		t.Errorf("%+v %v", e, err)
	}
}

func TestEventsAreBounded(t *testing.T) {
	for _, in := range []string{
		"data: " + strings.Repeat("x", 200) + "\n\n",
		strings.Repeat("data: xxxxxxxxxx\n", 20) + "\n",
		": " + strings.Repeat("x", 200),
		strings.Repeat("x\n", 200),
	} {
		if got, err := readAll(strings.NewReader(in), 100); err != ErrEventTooLong || got != nil {
			t.Errorf("%.20q: %v %v", in, got, err)
		}
	}
	endless := io.MultiReader(strings.NewReader("data: "), iotest.ErrReader(errors.New("broken")))
	if _, err := readAll(endless, 100); err == nil || err.Error() != "broken" {
		t.Errorf("%v", err)
	}
}

func TestAppendEvent(t *testing.T) {
	for _, e := range []Event{
		{Data: "a\nb\n", HasData: true}, {Name: "n", ID: "i", Retry: 5}, {HasData: true}, {Data: " x", HasData: true},
	} {
		got, err := readAll(bytes.NewReader(AppendEvent(nil, &e)), 100)
		if err != io.EOF || len(got) != 1 || got[0] != e {
			t.Errorf("%+v became %+v", e, got)
		}
	}
	forged := AppendEvent(nil, &Event{Name: "a\ndata: x", ID: "b\r\ndata: y\x00", Data: "1\r\n\r\n2\r3"})
	if got := string(forged); got != "event: adata: x\nid: bdata: y\ndata: 1\ndata: \ndata: 2\ndata: 3\n\n" {
		t.Errorf("%q", got)
	}
}

func FuzzEvents(f *testing.F) {
	for _, s := range []string{"event: a\r\ndata: 1\r\rid:\n\n", "\ufeffdata", "retry: 99999999999\n\n", ": x\n\ndata: \r\n\r\n", "id: \x00\n\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, err := readAll(bytes.NewReader(data), 64)
		if err != io.EOF && err != ErrEventTooLong {
			t.Fatal(err)
		}
		bytewise, err2 := readAll(iotest.OneByteReader(bytes.NewReader(data)), 64)
		if err != err2 || !reflect.DeepEqual(whole, bytewise) {
			t.Fatalf("%+v %v in one, %+v %v in pieces", whole, err, bytewise, err2)
		}
		for _, e := range whole {
			again, _ := readAll(bytes.NewReader(AppendEvent(nil, &e)), 256)
			some := e.HasData || e.Name != "" || e.ID != "" || e.Retry != 0
			if some && (len(again) != 1 || again[0] != e) {
				t.Fatalf("%+v became %+v", e, again)
			}
		}
	})
}

// pieces is a stream that comes in the pieces given, with pauses between.
type pieces struct {
	next   []string
	pause  time.Duration
	closed chan struct{}
}

func (p *pieces) Read(b []byte) (int, error) {
	select {
	case <-time.After(p.pause):
	case <-p.closed:
		return 0, io.ErrClosedPipe
	}
	if len(p.next) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.next[0])
	p.next = p.next[1:]
	return n, nil
}

func (p *pieces) Close() error { close(p.closed); return nil }

func TestRelayKeepsAliveBetweenEvents(t *testing.T) {
	tests := []struct {
		name string
		in   []string
		want string
	}{
		{"before, between, after", []string{"data: 1\n\n", "data: 2\n\n"},
			keepAlive + "data: 1\n\n" + keepAlive + "data: 2\n\n" + keepAlive},
		{"not within", []string{"data: ", "1\n", "\n", "data: 2\r\n", "\r\n"},
			keepAlive + "data: 1\n\n" + keepAlive + "data: 2\r\n\r\n" + keepAlive},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			src := &pieces{next: test.in, pause: 15 * time.Second, closed: make(chan struct{})}
			r := NewRelay(src, RelayOptions{KeepAlive: 10 * time.Second})
			defer r.Close()
			got, err := io.ReadAll(r)
			if err != nil || string(got) != test.want {
				t.Errorf("%s: %q %v", test.name, got, err)
			}
		})
	}
}

func TestRelayRewrites(t *testing.T) {
	src := io.NopCloser(strings.NewReader(": c\n\nid: 1\ndata: a\n\ndata: drop\n\ndata: b\r\n\r\n"))
	r := NewRelay(src, RelayOptions{Limit: 100, Rewrite: func(e *Event) (bool, error) {
		e.Data = strings.ToUpper(e.Data)
		return e.Data != "DROP", nil
	}})
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "id: 1\ndata: A\n\ndata: B\n\n" {
		t.Errorf("%q %v", got, err)
	}
	broken := errors.New("no")
	r2 := NewRelay(io.NopCloser(strings.NewReader("data: a\n\ndata: b\n\n")), RelayOptions{Limit: 100, Rewrite: func(e *Event) (bool, error) {
		if e.Data == "b" {
			return false, broken
		}
		return true, nil
	}})
	defer r2.Close()
	if got, err := io.ReadAll(r2); err != broken || string(got) != "data: a\n\n" {
		t.Errorf("%q %v", got, err)
	}
}

func TestRelayPassesBytes(t *testing.T) {
	in := "\ufeff:x\r\rdata:1\n\n\xff" + strings.Repeat("y", 30000)
	r := NewRelay(io.NopCloser(iotest.HalfReader(strings.NewReader(in))), RelayOptions{})
	defer r.Close()
	if got, err := io.ReadAll(iotest.OneByteReader(r)); err != nil || string(got) != strings.TrimPrefix(in, "\ufeff") {
		t.Errorf("%d bytes %v", len(got), err)
	}
}

// A relay nobody reads reads no more than one chunk ahead, and Close ends it in any state.
func TestRelayCloses(t *testing.T) {
	for _, rewrite := range []func(*Event) (bool, error){nil, func(*Event) (bool, error) { return true, nil }} {
		synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
			src := &pieces{next: []string{"data: 1\n\n", "data: 2\n\n", "data: 3\n\n", "data: 4\n\n"}, closed: make(chan struct{})}
			r := NewRelay(src, RelayOptions{Rewrite: rewrite, Limit: 100})
			time.Sleep(time.Second)
			synctest.Wait()
			if len(src.next) < 2 {
				t.Errorf("read ahead: %d left", len(src.next))
			}
			r.Close()
			r.Close()
			if _, err := r.Read(make([]byte, 10)); err != io.ErrClosedPipe {
				t.Errorf("after Close: %v", err)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			src := &pieces{pause: time.Hour, closed: make(chan struct{})}
			r := NewRelay(src, RelayOptions{Rewrite: rewrite, Limit: 100, KeepAlive: 2 * time.Hour})
			go func() {
				time.Sleep(time.Minute)
				r.Close()
			}()
			if n, err := r.Read(make([]byte, 10)); n != 0 || err == nil || err == io.EOF {
				t.Errorf("a Read that waits: %d %v", n, err)
			}
		})
	}
}
