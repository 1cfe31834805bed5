package gateway

import (
	"net/url"

	"sekisho/engine/pipeline"
)

// maxRedirects is how many redirects are followed before the last one is the answer.
const maxRedirects = 10

// redirected makes the next request after a redirect, nil if the response is none that
// can be followed.
func (m *outgoing) redirected(resp *pipeline.Response) *outgoing {
	switch resp.Status {
	case 301, 302, 303, 307, 308:
	default:
		return nil
	}
	location := resp.Header.Get("Location")
	base, err := url.Parse(m.url.String())
	if location == "" || err != nil {
		return nil
	}
	to, err := base.Parse(location)
	if err != nil {
		return nil
	}
	u, ok := pipeline.ParseURL(to.String())
	if !ok {
		return nil
	}
	r := &pipeline.Request{Method: m.request.Method}
	next := &outgoing{
		transport: m.transport, request: r, url: u, proxy: m.proxy, guard: m.guard, forward: m.forward,
		extra: m.extra, tls: m.tls, tlsID: m.tlsID, wait: m.wait, present: m.present, data: m.data,
	}
	r.Header.CopyFrom(&m.request.Header)
	r.Header.Del("Host")
	switch {
	case resp.Status == 303 && r.Method != "HEAD", resp.Status < 303 && r.Method == "POST":
		r.Method = "GET"
		next.present, next.data = false, nil
		r.Header.Del("Content-Type")
		r.Header.Del("Content-Encoding")
	case m.streamed:
		return nil // the body is gone
	}
	if u.Host != m.url.Host || u.Scheme != m.url.Scheme {
		// What was meant for one host is not another's to see.
		for _, name := range [...]string{"Authorization", "Cookie", "Proxy-Authorization"} {
			r.Header.Del(name)
		}
		next.extra, next.tls, next.tlsID = nil, &BackendTLS{}, ""
	}
	return next
}
