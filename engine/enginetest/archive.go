// Package enginetest runs golden archives: a folder, requests and what must come of
// them, through a real listener and real backends.
//
// An archive is a txtar file. Its comment says what it shows. Its files are those of
// a gateway folder, and exchanges:
//
//	policy.xml          the document of the default API, at API scope
//	global.xml, product.xml, operation.xml, fragments/ID.xml, gateway.yaml
//	request.http        what the client sends; a line "@advance 61s" before it moves
//	                    the clock
//	backend.http        what the backend answers; 200 without a body if it is absent
//	want.backend.http   what the backend must have received; "none" if nothing
//	want.http           what the client must receive
//	http/NAME.http      what a backend at http://NAME.test answers
//	want.http/NAME.http what that one must have received
//	want.diag           instead of exchanges: the diagnostics of loading
//
// Further exchanges are 2.request.http, 2.backend.http and so on. In wanted messages
// the listed headers must be there, in any order; "!Name" wants a header absent; what
// is not listed does not matter. Bodies compare exactly, but for one line end at the
// end of an archive's file.
package enginetest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
)

// archive is a parsed txtar file.
type archive struct {
	files     map[string]string
	order     []string
	exchanges []exchange
}

// exchange is one request and all that belongs to it; empty texts are absent.
type exchange struct {
	advance               time.Duration
	request, backend      string
	wantBackend, want     string
	others, wantedByOther map[string]string // by name
}

func parseArchive(data []byte) (*archive, error) {
	a := &archive{files: map[string]string{}}
	for _, f := range txtar.Parse(data).Files {
		a.files[f.Name] = string(f.Data)
		a.order = append(a.order, f.Name)
	}
	for n := 1; ; n++ {
		prefix := ""
		if n > 1 {
			prefix = strconv.Itoa(n) + "."
		}
		req, ok := a.files[prefix+"request.http"]
		if !ok {
			return a, nil
		}
		e := exchange{
			request: req, backend: a.files[prefix+"backend.http"],
			wantBackend: a.files[prefix+"want.backend.http"], want: a.files[prefix+"want.http"],
			others: map[string]string{}, wantedByOther: map[string]string{},
		}
		if rest, ok := strings.CutPrefix(req, "@advance "); ok {
			line, rest, _ := strings.Cut(rest, "\n")
			d, err := time.ParseDuration(strings.TrimSpace(line))
			if err != nil {
				return nil, fmt.Errorf("%srequest.http: %w", prefix, err)
			}
			e.advance, e.request = d, rest
		}
		for _, name := range a.order {
			if id, ok := strings.CutPrefix(name, prefix+"http/"); ok {
				e.others[strings.TrimSuffix(id, ".http")] = a.files[name]
			}
			if id, ok := strings.CutPrefix(name, prefix+"want.http/"); ok {
				e.wantedByOther[strings.TrimSuffix(id, ".http")] = a.files[name]
			}
		}
		a.exchanges = append(a.exchanges, e)
	}
}

// wire is an archive's message as it goes over the wire: CRLF, a Content-Length, and
// Connection: close, so that its end is seen.
func wire(text string, close bool) []byte {
	head, body, _ := strings.Cut(text, "\n\n")
	body = strings.TrimSuffix(body, "\n")
	head = strings.TrimRight(head, "\n")
	response := strings.HasPrefix(head, "HTTP/")
	lines := strings.Split(head, "\n")
	hasLength := has(lines, "content-length") || has(lines, "transfer-encoding")
	var b bytes.Buffer
	for i, l := range lines {
		b.WriteString(strings.TrimRight(l, "\r") + "\r\n")
		if i == 0 && !response && !has(lines, "host") {
			b.WriteString("Host: gateway.test\r\n")
		}
	}
	if !hasLength && (body != "" || response && mayHaveBody(head)) {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	if close {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	b.WriteString(body)
	return b.Bytes()
}

func has(lines []string, name string) bool {
	for _, l := range lines {
		if n, _, ok := strings.Cut(l, ":"); ok && strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func mayHaveBody(head string) bool {
	f := strings.Fields(head)
	return len(f) < 2 || f[1] != "204" && f[1] != "304" && !strings.HasPrefix(f[1], "1")
}

// message is a request or a response as it was received.
type message struct {
	start  string // first line
	header http.Header
	body   string
}

func (m *message) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, m.start)
	_ = m.header.Write(&b)
	fmt.Fprintf(&b, "\n%s", m.body)
	return b.String()
}

func readRequest(r *bufio.Reader) (*message, error) {
	req, err := http.ReadRequest(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Host", req.Host)
	return &message{req.Method + " " + req.RequestURI + " " + req.Proto, req.Header, string(body)}, nil
}

func readResponse(r *bufio.Reader, method string) (*message, error) {
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return &message{resp.Proto + " " + resp.Status, resp.Header, string(body)}, nil
}

// differences compares a received message with a wanted one; "" is equal.
func differences(got *message, want string) string {
	head, body, hasBody := strings.Cut(want, "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	var out []string
	if got.start != strings.TrimSpace(lines[0]) {
		out = append(out, fmt.Sprintf("first line: got %q, want %q", got.start, lines[0]))
	}
	wanted := map[string][]string{}
	for _, l := range lines[1:] {
		if name, ok := strings.CutPrefix(l, "!"); ok {
			if v := got.header.Values(name); len(v) > 0 {
				out = append(out, fmt.Sprintf("header %s: got %q, want none", name, v))
			}
			continue
		}
		name, value, _ := strings.Cut(l, ":")
		key := http.CanonicalHeaderKey(name)
		wanted[key] = append(wanted[key], strings.TrimSpace(value))
	}
	for name, values := range wanted {
		if g := got.header[name]; strings.Join(g, "\n") != strings.Join(values, "\n") {
			out = append(out, fmt.Sprintf("header %s: got %q, want %q", name, g, values))
		}
	}
	if want := strings.TrimSuffix(body, "\n"); got.body != want && (hasBody || got.body != "") {
		out = append(out, fmt.Sprintf("body: got %q, want %q", got.body, want))
	}
	return strings.Join(out, "\n")
}
