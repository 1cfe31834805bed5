package mcp

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// Event is one block of an event stream (WHATWG HTML, "Server-sent events").
type Event struct {
	Name    string // of the field event; "" means "message"
	ID      string
	Data    string // lines joined by \n
	HasData bool   // tells a block with empty data from one without, which announces only an ID or a Retry
	Retry   int    // milliseconds; 0: not there
}

// ErrEventTooLong is what a stream ends with whose event exceeds the limit.
var ErrEventTooLong = errors.New("an event of the stream is too long")

// Events reads an event stream. Comments are dropped, and so is a block that the stream
// ends within.
type Events struct {
	r      io.Reader
	limit  int
	buf    []byte // buf[:n] was read, buf[:off] is used up
	off, n int
	skipLF bool // the last line ended in CR
	begun  bool // the place for a byte order mark is passed
	err    error
}

// NewEvents reads r. limit bounds one line as well as the sum of the lines of one event, in
// bytes.
func NewEvents(r io.Reader, limit int) *Events {
	return &Events{r: r, limit: limit, buf: make([]byte, min(4096, limit+2))}
}

// Next is the next event that has any field. The error is io.EOF at the end, what the
// reader says where it fails, ErrEventTooLong past the limit.
func (e *Events) Next() (Event, error) {
	var ev Event
	var data strings.Builder
	some, size := false, 0
	for {
		line, err := e.line()
		if err != nil {
			return Event{}, err
		}
		if line == "" {
			if !some {
				size = 0
				continue
			}
			ev.Data = data.String()
			return ev, nil
		}
		if size += len(line) + 1; size > e.limit {
			e.err = ErrEventTooLong
			return Event{}, e.err
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			ev.Name, some = value, true
		case "data":
			if ev.HasData {
				data.WriteByte('\n')
			}
			data.WriteString(value)
			ev.HasData, some = true, true
		case "id":
			if strings.IndexByte(value, 0) < 0 {
				ev.ID, some = value, true
			}
		case "retry":
			if n, err := strconv.ParseUint(value, 10, 31); err == nil {
				ev.Retry, some = int(n), true
			}
		}
	}
}

// line is the next line without its end: CR LF, LF or CR. After a CR it does not wait for
// an LF that may never come.
func (e *Events) line() (string, error) {
	scanned := 0 // bytes of the line begun that have no end in them
	for {
		if e.skipLF && e.off < e.n {
			e.skipLF = false
			if e.buf[e.off] == '\n' {
				e.off++
			}
		}
		rest := e.buf[e.off:e.n]
		if i := bytes.IndexAny(rest[scanned:], "\r\n"); i >= 0 {
			i += scanned
			line := string(rest[:i])
			e.off += i + 1
			e.skipLF = rest[i] == '\r'
			if !e.begun {
				e.begun = true
				line = strings.TrimPrefix(line, "\ufeff")
			}
			return line, nil
		}
		if e.err != nil {
			return "", e.err
		}
		if scanned = len(rest); scanned > e.limit {
			e.err = ErrEventTooLong
			return "", e.err
		}
		e.fill()
	}
}

// fill reads once, after making room.
func (e *Events) fill() {
	if e.off > 0 {
		e.n = copy(e.buf, e.buf[e.off:e.n])
		e.off = 0
	}
	if e.n == len(e.buf) {
		e.buf = append(e.buf, make([]byte, len(e.buf))...)
	}
	n, err := e.r.Read(e.buf[e.n:])
	e.n += n
	if err != nil {
		e.err = err
	}
}

// AppendEvent writes one event, with the blank line that ends it. What cannot stand in a
// field's line (line ends in Name and ID, NUL in ID) is left out.
func AppendEvent(b []byte, e *Event) []byte {
	if e.Name != "" {
		b = appendField(b, "event: ", e.Name)
	}
	if e.ID != "" {
		b = appendField(b, "id: ", e.ID)
	}
	if e.Retry > 0 {
		b = strconv.AppendInt(append(b, "retry: "...), int64(e.Retry), 10)
		b = append(b, '\n')
	}
	if e.HasData || e.Data != "" {
		b = append(b, "data: "...)
		for i := range len(e.Data) {
			switch c := e.Data[i]; {
			case c == '\n' && i > 0 && e.Data[i-1] == '\r':
			case c == '\n' || c == '\r':
				b = append(b, "\ndata: "...)
			default:
				b = append(b, c)
			}
		}
		b = append(b, '\n')
	}
	return append(b, '\n')
}

func appendField(b []byte, field, value string) []byte {
	b = append(b, field...)
	for i := range len(value) {
		if c := value[i]; c != '\r' && c != '\n' && c != 0 {
			b = append(b, c)
		}
	}
	return append(b, '\n')
}
