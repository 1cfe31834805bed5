package mcp

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// Keys of params._meta that the protocol gives a meaning (2026-07-28, basic/index, "_meta").
const (
	MetaVersion      = "io.modelcontextprotocol/protocolVersion"
	MetaClient       = "io.modelcontextprotocol/clientInfo"
	MetaCapabilities = "io.modelcontextprotocol/clientCapabilities"
	MetaLogLevel     = "io.modelcontextprotocol/logLevel"
	MetaSubscription = "io.modelcontextprotocol/subscriptionId"
	MetaServer       = "io.modelcontextprotocol/serverInfo"
)

// maxID bounds the length of an id: it is kept for as long as its request runs.
const maxID = 512

// Message is one JSON-RPC message, read strictly: UTF-8, one object (a batch is refused),
// at most 64 levels, "jsonrpc" is "2.0", an id is a string or an integer. No object of the
// envelope or of params, at any depth, has a key twice, and none of the keys that decide
// anything is there in another spelling (readers that ignore case would take "Name" for
// "name"): what we decide by is what every other reader reads. Results are only checked to
// be JSON.
type Message struct {
	Raw    []byte          // as it came; not to be changed
	ID     json.RawMessage // nil for a notification, and for an error about no request in particular
	Method string          // "" for an answer
	// Params is nil where there are none. Of Result and Error an answer has one.
	Params, Result, Error json.RawMessage
	// Name is params.name of tools/call and prompts/get, params.uri of resources/read,
	// resources/subscribe and resources/unsubscribe.
	Name string
	// Version is params._meta's protocol version, else params.protocolVersion of
	// initialize, else "".
	Version string

	meta        json.RawMessage // params._meta; nil: none
	metaVersion string          // what _meta says, if anything
}

func (m *Message) IsRequest() bool      { return m.Method != "" && m.ID != nil }
func (m *Message) IsNotification() bool { return m.Method != "" && m.ID == nil }
func (m *Message) IsAnswer() bool       { return m.Method == "" }

// Parse reads one message; data's length was bounded by the caller, and data is kept. The
// error is the answer to give: 400 with -32700 for what is not JSON, -32600 for what is no
// message, -32602 for params that leave unclear what is asked. Its Body has the message's
// id where that could still be read.
func Parse(data []byte) (*Message, *Error) {
	if !utf8.Valid(data) {
		return nil, refuse(400, CodeParse, "Parse error: the message is not UTF-8")
	}
	s := scanner{data: data}
	s.space()
	switch s.peek() {
	case '{':
	case '[':
		return nil, refuse(400, CodeInvalidRequest, "Invalid request: batches are not accepted; send one message at a time")
	default:
		return nil, refuse(400, CodeParse, "Parse error: the message is not a JSON object")
	}
	m := &Message{Raw: data}
	var version, method json.RawMessage
	var seen keys
	err := s.object(func(key string) error {
		if !seen.add(key) {
			return errDuplicate
		}
		slot := m.slot(key, &version, &method)
		if slot == nil && misspelt(key, envelopeKeys) {
			return errSpelling
		}
		v, err := s.value(key == "params" || key == "id" || key == "method")
		if slot != nil {
			*slot = v
		}
		return err
	})
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, parseError(err)
	}
	if e := m.envelope(version, method); e != nil {
		e.id = m.ID
		return nil, e
	}
	if e := m.read(); e != nil {
		e.id = m.ID
		return nil, e
	}
	return m, nil
}

var (
	errSpelling = errors.New("a key is there in another spelling than the specification's")

	envelopeKeys = []string{"jsonrpc", "id", "method", "params", "result", "error"}
	paramsKeys   = []string{"name", "uri", "_meta", "protocolVersion", "arguments"}
)

// slot is where the value of a key of the envelope goes.
func (m *Message) slot(key string, version, method *json.RawMessage) *json.RawMessage {
	switch key {
	case "jsonrpc":
		return version
	case "id":
		return &m.ID
	case "method":
		return method
	case "params":
		return &m.Params
	case "result":
		return &m.Result
	case "error":
		return &m.Error
	}
	return nil
}

func misspelt(key string, names []string) bool {
	for _, n := range names {
		if key != n && strings.EqualFold(key, n) {
			return true
		}
	}
	return false
}

func parseError(err error) *Error {
	switch err {
	case errDuplicate, errSpelling, errDepth:
		return refuse(400, CodeInvalidRequest, "Invalid request: %v", err)
	}
	return refuse(400, CodeParse, "Parse error: %v", err)
}

// envelope checks what JSON-RPC 2.0 says of a message as a whole.
func (m *Message) envelope(version, method json.RawMessage) *Error {
	if m.ID != nil && !validID(m.ID) {
		null := string(m.ID) == "null"
		m.ID = nil
		if !null || m.Error == nil {
			return refuse(400, CodeInvalidRequest, "Invalid request: id must be a string or an integer")
		}
	}
	invalid := func(why string) *Error { return refuse(400, CodeInvalidRequest, "Invalid request: %s", why) }
	if string(version) != `"2.0"` {
		return invalid(`jsonrpc must be "2.0"`)
	}
	if method != nil {
		if method[0] != '"' {
			return invalid("method must be a string")
		}
		var err error
		if m.Method, err = decode(method); err != nil || m.Method == "" {
			return invalid("method must be the name of a method")
		}
		if m.Result != nil || m.Error != nil {
			return invalid("a message with a method has neither result nor error")
		}
		if string(m.Params) == "null" {
			m.Params = nil
		}
		if m.Params != nil && m.Params[0] != '{' {
			return invalid("params must be an object")
		}
		return nil
	}
	switch {
	case (m.Result == nil) == (m.Error == nil):
		return invalid("a message has a method, a result or an error")
	case m.Params != nil:
		return invalid("an answer has no params")
	case m.Result != nil && m.Result[0] != '{':
		return invalid("result must be an object")
	case m.Error != nil && m.Error[0] != '{':
		return invalid("error must be an object")
	case m.ID == nil && m.Result != nil:
		return invalid("an answer needs the id of its request")
	}
	return nil
}

func validID(id json.RawMessage) bool {
	if len(id) > maxID {
		return false
	}
	if id[0] == '"' {
		_, err := decode(id)
		return err == nil
	}
	return (id[0] == '-' || '0' <= id[0] && id[0] <= '9') && !strings.ContainsAny(string(id), ".eE")
}

// read takes from params what is decided by.
func (m *Message) read() *Error {
	nameKey := nameKeyOf(m.Method)
	if m.Params == nil {
		if nameKey != "" {
			return refuse(400, CodeInvalidParams, "Invalid params: %s needs params.%s", m.Method, nameKey)
		}
		return nil
	}
	s := scanner{data: m.Params}
	var name, version json.RawMessage
	err := s.object(func(key string) error {
		if misspelt(key, paramsKeys) {
			return errSpelling
		}
		v, err := s.value(false)
		switch key {
		case nameKey:
			name = v
		case "_meta":
			m.meta = v
		case "protocolVersion":
			version = v
		}
		return err
	})
	if err != nil {
		return parseError(err)
	}
	if e := m.readMeta(); e != nil {
		return e
	}
	// What a stateless revision has done away with is answered by whoever serves the
	// message, as every method that there is not; its params are nobody's.
	gone := m.metaVersion != "" && Stateless(m.metaVersion)
	if nameKey != "" && !(gone && name == nil && !hasName(m.Method)) {
		if m.Name, err = text(name); err != nil {
			return refuse(400, CodeInvalidParams, "Invalid params: params.%s of %s must be a string", nameKey, m.Method)
		}
	}
	if m.Method == "initialize" && !gone {
		asked, err := text(version)
		if err != nil {
			return refuse(400, CodeInvalidParams, "Invalid params: params.protocolVersion of initialize must be a string")
		}
		if m.metaVersion == "" {
			m.Version = asked
		}
	}
	return nil
}

func (m *Message) readMeta() *Error {
	if string(m.meta) == "null" {
		m.meta = nil
	}
	if m.meta == nil || m.Method == "" {
		return nil
	}
	if m.meta[0] != '{' {
		return refuse(400, CodeInvalidParams, "Invalid params: params._meta must be an object")
	}
	s := scanner{data: m.meta}
	var version json.RawMessage
	err := s.object(func(key string) error {
		if misspelt(key, metaKeys) {
			return errSpelling
		}
		v, err := s.value(false)
		if key == MetaVersion {
			version = v
		}
		return err
	})
	if err != nil {
		return parseError(err)
	}
	if version == nil {
		return nil
	}
	if m.metaVersion, err = text(version); err != nil || m.metaVersion == "" {
		return refuse(400, CodeInvalidParams, "Invalid params: %s must be a string", MetaVersion)
	}
	m.Version = m.metaVersion
	return nil
}

var metaKeys = []string{MetaVersion, MetaClient, MetaCapabilities, MetaLogLevel}

// nameKeyOf is the member of params that says what a method is about, "" if none does.
func nameKeyOf(method string) string {
	switch method {
	case "tools/call", "prompts/get":
		return "name"
	case "resources/read", "resources/subscribe", "resources/unsubscribe":
		return "uri"
	}
	return ""
}

// text is the value of a JSON string; anything else is an error.
func text(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", errText
	}
	return decode(raw)
}
