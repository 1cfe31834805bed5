package mcp

import (
	"context"
	"encoding/json"
	"io"
)

// Handler answers the requests of one exchange, message by message; it knows no transport.
type Handler interface {
	// Answer answers a request of any method, initialize, server/discover and ping among
	// them: version is the revision the client speaks, for initialize the one to be
	// answered with. notify sends a notification before the answer (progress, logging); it
	// may be nil, may be called by several goroutines, and does nothing after Answer has
	// returned. ctx ends when the client leaves. An error's Status may be 0: what version
	// says.
	//
	// What 2026-07-28 asks of every result (resultType, ttlMs, cacheScope) is added where
	// it is missing.
	Answer(ctx context.Context, version string, m *Message, notify func(method string, params any)) (result json.RawMessage, err *Error)
}

// Request is one HTTP request of a client, whose head and body have been checked.
type Request struct {
	HTTPMethod string
	Values     func(name string) []string // all header fields of a name
	Message    *Message                   // of a POST
	Version    string                     // from Revision
	User       string                     // whose sessions it may use; "" is a user as well: nobody in particular
}

// Response is what to answer. Of Body and Stream there is at most one. Stream is an event
// stream where the Content-Type says so; it must be closed, and closing it before its end
// says that the client has left.
type Response struct {
	Status int
	Header [][2]string
	Body   []byte
	Stream io.ReadCloser
}

// Serve answers one HTTP request of a Streamable HTTP client by a Handler that keeps
// nothing between requests: no sessions, no stream for GET. It answers with an event stream
// if the Handler notifies and the client takes streams, and returns as soon as it knows
// which; the Handler then runs on, until it is done, ctx ends or the stream is closed.
func Serve(ctx context.Context, h Handler, r *Request) *Response {
	if r.HTTPMethod != "POST" {
		return notAllowed("POST")
	}
	m := r.Message
	switch {
	case m == nil:
		return refused(r.Version, nil, refuse(400, CodeInvalidRequest, "Invalid request: a POST needs a message"))
	case !m.IsRequest():
		return &Response{Status: 202} // a notification, or an answer to nothing of ours
	}
	if e := checkEra(r.Version, m); e != nil {
		return refused(r.Version, m.ID, e)
	}
	return serveStream(ctx, r.Values, func(ctx context.Context, send func(raw []byte) error) reply {
		result, e := h.Answer(ctx, r.Version, m, notifier(send))
		if e != nil {
			return reply{statusOf(e, r.Version), e.Body(m.ID)}
		}
		return reply{200, resultBody(m.ID, completed(r.Version, m.Method, result))}
	})
}

// notifier sends notifications by send; nil where there is nowhere to send to.
func notifier(send func(raw []byte) error) func(method string, params any) {
	if send == nil {
		return nil
	}
	return func(method string, params any) {
		if raw, err := json.Marshal(params); err == nil {
			send(notification(method, raw))
		}
	}
}

// checkEra refuses methods that only the other era has, and stateless requests without what
// they must carry.
func checkEra(version string, m *Message) *Error {
	if !Stateless(version) {
		if m.Method == "server/discover" || m.Method == "subscriptions/listen" {
			return refuse(0, CodeMethodNotFound, "Method not found: %s came with %s, and this request speaks %s", m.Method, V20260728, version)
		}
		return nil
	}
	switch m.Method {
	case "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe":
		return refuse(404, CodeMethodNotFound, "Method not found: %s is not part of %s; server/discover says what is", m.Method, version)
	}
	if c := find(m.meta, MetaCapabilities); len(c) == 0 || c[0] != '{' {
		return refuse(400, CodeInvalidParams, "Invalid params: _meta must have %s", MetaCapabilities)
	}
	return nil
}

// completed is result with what a stateless revision asks of every result ("ResultType",
// "Caching"), where that is missing. What is not known to be for everybody is private.
func completed(version, method string, result json.RawMessage) json.RawMessage {
	if !Stateless(version) {
		return result
	}
	add := []member{{"resultType", json.RawMessage(`"complete"`)}}
	if cacheable(method) {
		add = append(add, member{"ttlMs", json.RawMessage("0")}, member{"cacheScope", json.RawMessage(`"private"`)})
	}
	all, err := members(result)
	if err != nil {
		return result // the client will say what is wrong with it
	}
	changed := false
	for _, a := range add {
		if lookup(all, a.key) == nil {
			all, changed = append(all, a), true
		}
		if string(lookup(all, "resultType")) != `"complete"` {
			break // an input_required result is not cached
		}
	}
	if !changed {
		return result
	}
	return object(all)
}

func cacheable(method string) bool {
	switch method {
	case "server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read":
		return true
	}
	return false
}
