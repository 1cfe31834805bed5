package pipeline

import (
	"maps"
	"slices"
	"unsafe"

	"sekisho/engine/dotnet/apim"
)

// origin is what a fork found when it began, to tell what it changed.
type origin struct {
	method       string
	url          URL
	certificate  *apim.Certificate
	backend      string
	backendScope Scope
	status       int
	reason       string
	request      side
	response     side
}

// side is one message of the two.
type side struct {
	header  Header
	present bool
	data    *byte
	length  int
}

func originOf(x *Exchange) *origin {
	return &origin{
		method: x.Request.Method, url: x.Request.URL, certificate: x.Request.Certificate, backend: x.BackendID, backendScope: x.BackendScope,
		status: x.Response.Status, reason: x.Response.Reason,
		request:  sideOf(&x.Request.Header, &x.Request.Body),
		response: sideOf(&x.Response.Header, &x.Response.Body),
	}
}

func sideOf(h *Header, b *Body) side {
	s := side{present: b.present, data: unsafe.SliceData(b.data), length: len(b.data)}
	s.header.CopyFrom(h)
	return s
}

// Join takes over what a fork changed in the messages, header by header, and what it
// registered. The fork must have ended and must not be used any more. Where several
// forks changed the same thing, the last one joined wins.
func (x *Exchange) Join(f *Exchange) {
	o := f.origin
	if f.Request.Method != o.method {
		x.Request.Method = f.Request.Method
	}
	if f.Request.URL != o.url {
		x.Request.URL = f.Request.URL
	}
	if f.Request.Certificate != o.certificate {
		x.Request.Certificate = f.Request.Certificate
	}
	if f.BackendID != o.backend || f.BackendScope != o.backendScope {
		x.BackendID, x.BackendScope = f.BackendID, f.BackendScope
	}
	if f.Response.Status != o.status || f.Response.Reason != o.reason {
		x.Response.Status, x.Response.Reason = f.Response.Status, f.Response.Reason
	}
	join(&x.Request.Header, &x.Request.Body, &f.Request.Header, &f.Request.Body, &o.request)
	join(&x.Response.Header, &x.Response.Body, &f.Response.Header, &f.Response.Body, &o.response)
	x.onClose = append(x.onClose, f.onClose...)
	x.after = append(x.after, f.after...)
	if f.values != nil {
		if x.values == nil {
			x.values = map[any]any{}
		}
		maps.Copy(x.values, f.values)
	}
}

// Discard ends a fork that is not joined: it runs what OnClose was given.
func (x *Exchange) Discard() {
	for _, f := range slices.Backward(x.onClose) {
		f()
	}
	x.onClose = nil
}

func join(h *Header, b *Body, forkHeader *Header, forkBody *Body, o *side) {
	merge := func(name string, _ []string) bool {
		now, _ := forkHeader.Lookup(name)
		if was, _ := o.header.Lookup(name); !slices.Equal(now, was) {
			h.SetValues(name, now)
		}
		return true
	}
	forkHeader.Each(merge)
	o.header.Each(merge)
	same := forkBody.stream == nil && forkBody.present == o.present &&
		unsafe.SliceData(forkBody.data) == o.data && len(forkBody.data) == o.length
	if !same {
		header, limit, memo := b.header, b.limit, b.memo
		b.Clear()
		*b = *forkBody
		b.header, b.limit, b.memo = header, limit, memo
	} else if forkBody.consumed {
		b.consumed = true
	}
}
