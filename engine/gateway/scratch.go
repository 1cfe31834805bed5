package gateway

import "sekisho/engine/pipeline"

// scratch is the memory that a request needs in this package. It stays with its
// Exchange, so that one request after another uses it; all of it dies with the request.
type scratch struct {
	params parameters
	out    outgoing // of the first request that is forwarded; others are made anew
	taken  bool     // out is
}

// scratchOf is the scratch of an Exchange. A fork gets one of its own.
func scratchOf(x *pipeline.Exchange) *scratch {
	if s, ok := x.Kept().(*scratch); ok {
		return s
	}
	s := new(scratch)
	x.Keep(s)
	return s
}

// outgoing is an empty outgoing for a request of x.
func (s *scratch) outgoing() *outgoing {
	if s.taken {
		return new(outgoing)
	}
	s.taken = true
	return &s.out
}

// Reset implements pipeline.Kept.
func (s *scratch) Reset() {
	s.params.match.Forget()
	s.params.path, s.params.query = "", ""
	if s.taken {
		s.taken = false
		s.out = outgoing{}
	}
}
