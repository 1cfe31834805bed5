// Package backend is the server behind the gateway in a benchmark: it answers at once, or
// after a delay, with what it was told to, and costs as little as it can, so that what is
// measured is the gateway.
//
// It runs as a process of its own, so that its processor time and its garbage are not the
// generator's; package bench starts it and gives it a Spec as JSON on standard input.
package backend

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekisho/bench/internal/wire"
)

// Spec is what a backend answers.
type Spec struct {
	Routes []Route
}

// Route is the answer to all requests whose path begins with Path; the longest Path wins,
// and a request that no Route answers gets 404.
type Route struct {
	Path    string
	Status  int // 0 for 200
	Headers map[string]string
	Body    string
	Delay   time.Duration
	// Seen are headers of requests, each with a text that it contains: an answer to a
	// request that has them all carries "X-Seen: yes". So a check of the answer can tell
	// what the gateway has made of the request.
	Seen map[string]string
	// Every makes each so-manyth answer one with FailStatus and no body; 0 for none.
	Every      int
	FailStatus int
	// Stall makes the backend as a whole deaf for a time, once, after so many requests
	// of this Route: for tests of the instrument itself.
	StallAfter int
	Stall      time.Duration
	// Events makes the answer a stream of that many server-sent events with Interval
	// between them, each with Body as text beside its stamp.
	Events   int
	Interval time.Duration
}

// route is a Route that is ready to be sent.
type route struct {
	Route
	answer []byte
	seen   []byte // the answer to requests with the headers of Seen
	wanted []wanted
	fault  []byte
	count  int
}

// wanted is a header of Seen.
type wanted struct {
	name  string
	value []byte
}

func compile(s Spec) ([]*route, error) {
	if len(s.Routes) == 0 {
		return nil, errors.New("a backend without routes answers nothing")
	}
	out := make([]*route, len(s.Routes))
	for i, r := range s.Routes {
		if strings.ContainsAny(r.Path, " \r\n") || r.Events < 0 || r.Every < 0 {
			return nil, fmt.Errorf("the route %q is not one", r.Path)
		}
		c := &route{Route: r}
		c.fault = head(cmp.Or(r.FailStatus, 503), nil, 0)
		if r.Events > 0 {
			c.answer = head(cmp.Or(r.Status, 200), r.Headers, -1)
		} else {
			c.answer = append(head(cmp.Or(r.Status, 200), r.Headers, len(r.Body)), r.Body...)
		}
		if len(r.Seen) > 0 && r.Events == 0 {
			headers := maps.Clone(r.Headers)
			if headers == nil {
				headers = map[string]string{}
			}
			headers["X-Seen"] = "yes"
			c.seen = append(head(cmp.Or(r.Status, 200), headers, len(r.Body)), r.Body...)
			for name, value := range r.Seen {
				c.wanted = append(c.wanted, wanted{name, []byte(value)})
			}
		}
		out[i] = c
	}
	slices.SortStableFunc(out, func(a, b *route) int { return len(b.Path) - len(a.Path) })
	return out, nil
}

// reply is the answer to a request.
func (r *route) reply(m *wire.Message) []byte {
	if r.wanted == nil {
		return r.answer
	}
	for _, w := range r.wanted {
		if v, ok := m.Header(w.name); !ok || !bytes.Contains(v, w.value) {
			return r.answer
		}
	}
	return r.seen
}

// head is the head of an answer; a negative length is for streams.
func head(status int, headers map[string]string, length int) []byte {
	b := []byte("HTTP/1.1 " + strconv.Itoa(status) + " " + reason(status) + "\r\n")
	names := make([]string, 0, len(headers))
	for k := range headers {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		b = append(b, k+": "+headers[k]+"\r\n"...)
	}
	if length < 0 {
		if headers["Content-Type"] == "" {
			b = append(b, "Content-Type: text/event-stream\r\n"...)
		}
		return append(b, "Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n"...)
	}
	return append(b, "Content-Length: "+strconv.Itoa(length)+"\r\n\r\n"...)
}

func reason(status int) string {
	if status < 300 {
		return "OK"
	}
	return "Status"
}
