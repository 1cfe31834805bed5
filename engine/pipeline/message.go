package pipeline

import "sekisho/engine/dotnet/apim"

// Request is a request on its way: the client's, which policies change and
// forward-request sends, or one that send-request makes.
type Request struct {
	Method string
	URL    URL
	Header Header
	Body   Body
	// Proto is the version the client spoke, "HTTP/1.1"; empty for made requests.
	Proto string
	// Certificate is presented to a backend that asks for one, with its private key; nil
	// for none. It stays with the host that the request is for.
	Certificate *apim.Certificate
}

// Response is the response on its way to the client, or the answer to a
// send-request.
type Response struct {
	Status int
	Reason string // "" means the usual phrase of the status
	Header Header
	Body   Body
	// Trailer holds the lines that follow a chunked body, filled at its end.
	Trailer Header
}

// NewRequest makes an empty request whose body may hold limit bytes in memory.
func NewRequest(limit int64) *Request {
	r := &Request{}
	r.Body.bind(&r.Header, limit)
	return r
}

// NewResponse makes an empty 200 whose body may hold limit bytes in memory.
func NewResponse(limit int64) *Response {
	r := &Response{Status: 200}
	r.Body.bind(&r.Header, limit)
	return r
}

// StatusReason is the phrase that was given, else the usual one of the status.
func (r *Response) StatusReason() string {
	if r.Reason != "" {
		return r.Reason
	}
	return ReasonPhrase(r.Status)
}

// APIM is the response as expressions see it, and as variables hold it.
func (r *Response) APIM() apim.Response { return response{r} }

// ResponseOf finds the Response behind a variable's value that is an IResponse.
func ResponseOf(v any) (*Response, bool) {
	w, ok := v.(response)
	return w.r, ok
}

type response struct{ r *Response }

func (w response) StatusCode() int           { return w.r.Status }
func (w response) StatusReason() string      { return w.r.StatusReason() }
func (w response) Headers() apim.MultiValues { return &w.r.Header }
func (w response) Body() apim.Body           { return bodyOf(&w.r.Body) }

func bodyOf(b *Body) apim.Body {
	if !b.present {
		return nil
	}
	return b
}
