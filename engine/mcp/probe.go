package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

// StatusError is a server that answers a probe in a way that says nothing about what it
// speaks: it wants other credentials, is overloaded, or is no MCP server.
type StatusError struct{ Status int }

func (e *StatusError) Error() string {
	if e.Status/100 == 2 {
		return "the server answers, but not as an MCP server does"
	}
	return fmt.Sprintf("the MCP server answers with HTTP status %d", e.Status)
}

// Probe finds out what a server speaks, in the order the specification gives ("Backward
// Compatibility"): server/discover, then initialize, then HTTP+SSE. base is the server's
// own URL. It costs up to four requests; the answer is the caller's to remember. The error
// is a *StatusError, or what Do or ctx say.
func Probe(ctx context.Context, u Upstream, base *url.URL) (Server, error) {
	const limit = 4 << 20
	s, status, err := probeStateless(ctx, u, limit)
	if err != nil || s != (Server{}) {
		return s, err
	}
	if !fallsBack(status) {
		return s, &StatusError{status}
	}
	found, status, err := probeSessions(ctx, u, limit)
	if err != nil || found {
		return Server{Sessions: found}, err
	}
	if status/100 != 4 {
		return s, &StatusError{status}
	}
	within, cancel := context.WithCancel(ctx) // ends the stream
	defer cancel()
	if _, r, _, e := openSSE(within, u, base, limit); e == nil {
		r.close()
		return Server{SSE: true}, nil
	}
	if err := ctx.Err(); err != nil {
		return s, err
	}
	return s, &StatusError{status}
}

// fallsBack reports whether a status may be an older server's. Whoever wants to be paid,
// let in or left alone does not say what it speaks.
func fallsBack(status int) bool {
	return status/100 == 2 || status/100 == 4 && !slices.Contains([]int{401, 402, 403, 407, 429}, status)
}

func probeStateless(ctx context.Context, u Upstream, limit int) (s Server, status int, err error) {
	m := &Message{ID: json.RawMessage(`"sekisho-probe"`), Method: "server/discover"}
	a := asking{upstream: u, limit: limit, id: m.ID, header: Mirror(m, V20260728)}
	a.body = request(m.ID, m.Method, object([]member{{"_meta", object([]member{
		{MetaVersion, marshal(V20260728)}, {MetaCapabilities, json.RawMessage("{}")},
		{MetaClient, probeClient}})}}))
	reply, e := a.do(ctx, false)
	if a.status == 0 {
		if err := ctx.Err(); err != nil {
			return s, 0, err
		}
		return s, 0, e
	}
	if e != nil {
		return s, a.status, nil
	}
	if reply.Result != nil {
		return speaks(find(reply.Result, "supportedVersions")), a.status, nil
	}
	code, _ := strconv.Atoi(string(find(reply.Error, "code")))
	switch code {
	case CodeUnsupportedVersion:
		return speaks(find(find(reply.Error, "data"), "supported")), a.status, nil
	case CodeHeaderMismatch, CodeMissingCapability:
		return Server{Stateless: true}, a.status, nil
	}
	return s, a.status, nil
}

// speaks is what a list of revisions amounts to.
func speaks(list json.RawMessage) (s Server) {
	var versions []string
	if json.Unmarshal(list, &versions) != nil {
		return s
	}
	for _, v := range versions {
		switch {
		case !known(v):
		case Stateless(v):
			s.Stateless = true
		default:
			s.Sessions = true
		}
	}
	return s
}

var probeClient = json.RawMessage(`{"name":"sekisho","version":"1"}`)

// probeSessions begins a session, and ends it.
func probeSessions(ctx context.Context, u Upstream, limit int) (found bool, status int, err error) {
	p := &sessionPeer{limit: limit}
	id := json.RawMessage(`"sekisho-probe"`)
	a := asking{upstream: u, limit: limit, id: id}
	a.body = request(id, "initialize", object([]member{
		{"protocolVersion", marshal(V20251125)}, {"capabilities", json.RawMessage("{}")}, {"clientInfo", probeClient}}))
	reply, e := a.do(ctx, false)
	if a.status == 0 {
		if err := ctx.Err(); err != nil {
			return false, 0, err
		}
		return false, 0, e
	}
	if e != nil || reply.Result == nil {
		return false, a.status, nil
	}
	p.id, p.version, p.lastUpstream = a.session, str(find(reply.Result, "protocolVersion")), u
	p.close()
	return true, a.status, nil
}
