package tools

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"sekisho/engine/mcp"
)

// content is a content of a tool's result.
type content struct {
	Type     string    `json:"type"`
	Text     *string   `json:"text,omitempty"`
	Data     string    `json:"data,omitempty"`
	MIMEType string    `json:"mimeType,omitempty"`
	Resource *resource `json:"resource,omitempty"`
}

type resource struct {
	URI      string `json:"uri"`
	MIMEType string `json:"mimeType,omitempty"`
	Blob     string `json:"blob"`
}

type toolResult struct {
	Content    []content       `json:"content"`
	Structured json.RawMessage `json:"structuredContent,omitempty"`
	IsError    bool            `json:"isError,omitempty"`
}

func textContent(s string) content { return content{Type: "text", Text: &s} }

// failed is the result of a call that came to nothing.
func failed(format string, args ...any) json.RawMessage {
	return marshal(toolResult{Content: []content{textContent(fmt.Sprintf(format, args...))}, IsError: true})
}

// result makes the result of a tool of a response.
func (t *tool) result(version string, r *Result) json.RawMessage {
	mediaType, parameters, err := mime.ParseMediaType(r.ContentType)
	if err != nil {
		mediaType = ""
	}
	out := toolResult{IsError: r.Status >= 400}
	switch {
	case len(r.Body) == 0:
		out.Content = []content{textContent(status(r.Status))}
	case isText(mediaType) || mediaType == "" && utf8.Valid(r.Body):
		s := plainText(r.Body, parameters["charset"])
		if r.Status < 200 || r.Status > 299 {
			s = status(r.Status) + "\n\n" + s
		} else {
			out.Structured = t.structured(r.Body)
		}
		out.Content = []content{textContent(s)}
	default:
		if r.Status < 200 || r.Status > 299 {
			out.Content = append(out.Content, textContent(status(r.Status)))
		}
		out.Content = append(out.Content, t.binary(version, mediaType, r.Body))
	}
	if out.Structured == nil && t.output != nil && !out.IsError {
		// Clients refuse a result without. Nothing of what is declared is required.
		out.Structured = json.RawMessage(`{}`)
	}
	return marshal(out)
}

func status(code int) string {
	return strings.TrimRight(fmt.Sprintf("HTTP %d %s", code, http.StatusText(code)), " ")
}

// binary is content that is no text. Audio is content since 2025-03-26.
func (t *tool) binary(version, mediaType string, body []byte) content {
	data := base64.StdEncoding.EncodeToString(body)
	switch kind, _, _ := strings.Cut(mediaType, "/"); {
	case kind == "image", kind == "audio" && version >= mcp.V20250326:
		return content{Type: kind, Data: data, MIMEType: mediaType}
	}
	return content{Type: "resource", Resource: &resource{URI: "response:" + escape(t.Name), MIMEType: mediaType, Blob: data}}
}

// structured is a body that is a JSON object, else nil. Of a body that does not fit what is
// declared the members that do are left.
func (t *tool) structured(body []byte) json.RawMessage {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' || !utf8.Valid(body) {
		return nil
	}
	v, err := decode(body)
	members, isObject := v.(map[string]any)
	if err != nil || !isObject {
		return nil
	}
	if t.output != nil {
		for name := range t.output.misfits(members) {
			delete(members, name)
		}
		if t.output.check(members) != "" {
			return nil
		}
	}
	return marshal(members) // no member twice
}

// plainText is a text as UTF-8. Latin-1 is read as Windows-1252, as browsers do; what
// cannot be read is shown as such.
func plainText(b []byte, charset string) string {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if utf8.Valid(b) {
		return string(b)
	}
	switch strings.ToLower(charset) {
	case "iso-8859-1", "latin1", "windows-1252":
		if s, err := charmap.Windows1252.NewDecoder().Bytes(b); err == nil {
			return string(s)
		}
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}
