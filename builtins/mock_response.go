package builtins

import (
	"mime"
	"strings"

	"sekisho/engine/pipeline"
)

// MockResponse answers with an example of the operation.
//
//	<mock-response status-code="200" content-type="application/json" index="0" />
//
// Of the responses that the operation declares it takes those of the status, and of
// the content type if one is given: the first example, or the one that index, from 0
// on, counts to. Where there is no example one is made from the schema when the
// folder is loaded. Without either the answer has the status, the content type and no
// body. No other policy runs.
//
// Spec: https://learn.microsoft.com/azure/api-management/mock-response-policy
// Ours: index is not documented by the page; an index without an example is like no
// example. content-type compares without regard to case and parameters.
var MockResponse = pipeline.Policy{
	Name:     "mock-response",
	Summary:  "Answers with an example of the operation.",
	Sections: pipeline.Inbound | pipeline.Outbound | pipeline.OnError,
	Scopes:   pipeline.AnyScope,
	Example:  `<mock-response status-code="200" content-type="application/json" />`,
	New:      func() pipeline.Step { return new(mockResponse) },
}

type mockResponse struct {
	Status      int64  `attr:"status-code" range:"200 999" default:"200"`
	ContentType string `attr:"content-type"`
	Index       int64  `attr:"index" range:"0" default:"0"`
}

func (m *mockResponse) Run(x *pipeline.Exchange) error {
	resp := pipeline.NewResponse(x.BodyLimit)
	resp.Status = int(m.Status)
	contentType := m.ContentType
	if x.Route != nil {
		if e := m.example(x.Route.Examples); e != nil {
			resp.Body.SetBytes(e.Body)
			contentType = e.ContentType
		}
	}
	if contentType != "" {
		resp.Header.Add("Content-Type", contentType)
	}
	respondWith(x, resp)
	return pipeline.Respond
}

func (m *mockResponse) example(all []pipeline.Example) *pipeline.Example {
	n := m.Index
	for i := range all {
		e := &all[i]
		if e.Status != int(m.Status) || m.ContentType != "" && !sameMediaType(e.ContentType, m.ContentType) {
			continue
		}
		if n == 0 {
			return e
		}
		n--
	}
	return nil
}

func sameMediaType(a, b string) bool { return strings.EqualFold(bareType(a), bareType(b)) }

// bareType is a content type without its parameters.
func bareType(s string) string {
	if t, _, err := mime.ParseMediaType(s); err == nil {
		return t
	}
	s, _, _ = strings.Cut(s, ";")
	return strings.TrimSpace(s)
}
