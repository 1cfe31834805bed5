package gateway

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"sekisho/engine/pipeline"
)

// StaticResponse is one answer of a Static backend.
type StaticResponse struct {
	// Method and Path say which requests it answers: "" means any. A Path that ends in
	// "*" answers all that begin so; others must be equal, after the service's base.
	Method, Path string
	Status       int // 200 if 0
	Header       []pipeline.Field
	Body         []byte
}

// statics are the responses of a Static backend. The first that fits answers.
type statics struct{ responses []StaticResponse }

func newStatics(r []StaticResponse) *statics { return &statics{r} }

func (s *statics) answer(x *pipeline.Exchange, u pipeline.URL) error {
	if _, err := x.Request.Body.Buffer(); err != nil {
		return err
	}
	r := &x.Response
	reset(r, 404)
	for i := range s.responses {
		have := &s.responses[i]
		if !have.fits(x.Request.Method, u.Path) {
			continue
		}
		r.Status = have.Status
		if r.Status == 0 {
			r.Status = 200
		}
		for _, f := range have.Header {
			r.Header.Add(f.Name, f.Value)
		}
		r.Body.SetBytes(have.Body)
		return nil
	}
	r.Header.Add("Content-Type", "application/json")
	r.Body.SetBytes(pipeline.ErrorBody(404, "Resource not found", ""))
	return nil
}

func (s *StaticResponse) fits(method, path string) bool {
	if s.Method != "" && !strings.EqualFold(s.Method, method) && !(s.Method == "GET" && method == "HEAD") {
		return false
	}
	if prefix, ok := strings.CutSuffix(s.Path, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return s.Path == "" || s.Path == path
}

func reset(r *pipeline.Response, status int) {
	r.Header.Reset()
	r.Trailer.Reset()
	r.Status, r.Reason = status, ""
}

// echoed is the answer of an Echo backend.
type echoed struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Query   string              `json:"query,omitempty"`
	Headers map[string][]string `json:"headers"`
	Body    any                 `json:"body,omitempty"`
}

// echo answers with the request as a backend would have got it.
func echo(x *pipeline.Exchange, u pipeline.URL, extra []pipeline.Field) error {
	data, err := x.Request.Body.Buffer()
	if err != nil {
		return err
	}
	e := echoed{Method: x.Request.Method, Path: u.Base + u.Path, Query: u.Query, Headers: map[string][]string{}}
	x.Request.Header.Each(func(name string, values []string) bool {
		if k := classify(name); k != fieldHopByHop && k != fieldConnection && k != fieldUpgrade {
			e.Headers[name] = values
		}
		return true
	})
	for _, f := range extra {
		e.Headers[f.Name] = []string{f.Value}
	}
	switch {
	case len(data) == 0:
	case json.Valid(data) && strings.Contains(strings.ToLower(x.Request.Header.Get("Content-Type")), "json"):
		e.Body = json.RawMessage(data)
	case utf8.Valid(data):
		e.Body = string(data)
	default:
		e.Body = data // base64
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(e); err != nil {
		return err
	}
	r := &x.Response
	reset(r, 200)
	r.Header.Add("Content-Type", "application/json")
	r.Body.SetBytes(out.Bytes())
	return nil
}
