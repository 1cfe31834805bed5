package script

import (
	"context"
	"io"
	"time"

	"sekisho/engine/dotnet/apim"
)

// Host is what a script sees and changes: a request in flight, under APIM's names
// for reading, with what policies may change besides. It is used by one goroutine at
// a time, except Send. Its methods may throw .NET exceptions, as those of package
// apim do; scripts see them as errors.
type Host interface {
	apim.Context

	// Now is the clock that scripts see, Rand where their randomness comes from.
	Now() time.Time
	Rand() io.Reader

	// SetMethod, SetPath and SetQuery change the request as the backend will get it.
	// The path is raw and absolute, the query raw without "?".
	SetMethod(method string) error
	SetPath(path string) error
	SetQuery(raw string) error
	// SetBackendURL and SetBackendID choose where the request goes.
	SetBackendURL(url string) error
	SetBackendID(id string) error
	// RequestHeader and ResponseHeader are the headers that apim's views read.
	RequestHeader() Header
	ResponseHeader() Header
	// SetRequestBody and SetResponseBody replace a body; nil removes it.
	SetRequestBody(body []byte)
	SetResponseBody(body []byte)
	SetStatus(code int, reason string)
	SetVariable(name string, value any)

	// Import turns a value held as package clr says into one that enters a VM: nil,
	// bool, string, int64, float64, []byte, time.Time, JSON or apim.Response.
	Import(v any) any
	// FromJSON and FromTime make what variables hold of data and dates of a script.
	FromJSON(text string) (any, error)
	FromTime(t time.Time) any

	// Log is console's: level is debug, info, warn or error.
	Log(level, message string)
	// Send sends a request for fetch. It is called on another goroutine, and must end
	// soon after ctx does.
	Send(ctx context.Context, r *Outgoing) (*Incoming, error)
}

// JSON is a JSON text that stands for the value it describes.
type JSON string

// Header is a header that a script may change; names compare without regard to case.
type Header interface {
	apim.MultiValues
	SetValues(name string, values []string)
	Add(name, value string)
	Del(name string)
}

// Field is one header line.
type Field struct{ Name, Value string }

// Outgoing is a request of fetch.
type Outgoing struct {
	Method, URL string
	Header      []Field
	Body        []byte // nil for none
	// Redirects: follow them.
	Redirects bool
}

// Incoming is the answer to an Outgoing, its body decoded and in memory.
type Incoming struct {
	Status int
	Reason string
	Header []Field
	Body   []byte
}

// Answer is the response that a script gave instead of going on.
type Answer struct {
	Status int
	Reason string // "" for the usual phrase
	Header []Field
	Body   []byte // nil for none
}
