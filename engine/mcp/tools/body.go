package tools

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"
)

// bodyKind is how a body is written.
type bodyKind uint8

const (
	jsonBody bodyKind = iota
	formBody
	multipartBody
	textBody
	binaryBody
)

func kindOf(contentType string) bodyKind {
	t, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return binaryBody
	case isJSON(t):
		return jsonBody
	case t == "application/x-www-form-urlencoded":
		return formBody
	case t == "multipart/form-data":
		return multipartBody
	case isText(t):
		return textBody
	}
	return binaryBody
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

// isText tells whether a media type is text, JSON included.
func isText(mediaType string) bool {
	switch mediaType {
	case "application/xml", "application/javascript", "application/yaml", "application/x-yaml", "application/toml", "application/graphql",
		"application/x-ndjson", "application/jsonl", "application/sql", "application/x-www-form-urlencoded", "application/jwt":
		return true
	}
	return strings.HasPrefix(mediaType, "text/") || isJSON(mediaType) || strings.HasSuffix(mediaType, "+xml") || strings.HasSuffix(mediaType, "+yaml")
}

var errBase64 = errors.New("this is not base64")

// writeBody writes the body, if there is one: contentType is "" without.
func (t *tool) writeBody(arguments map[string]any) (contentType string, body []byte, err error) {
	if t.body == nil {
		return "", nil, nil
	}
	var value any
	there, name := false, "body"
	if t.whole {
		name = t.args[len(t.args)-1].name
		value, there = arguments[name]
	} else {
		members := map[string]any{}
		for _, a := range t.args {
			if v, ok := arguments[a.name]; ok && a.property != "" {
				members[a.property] = v
			}
		}
		value, there = members, len(members) > 0 || t.body.Required
	}
	if !there {
		return "", nil, nil
	}
	contentType = t.body.ContentType
	switch kindOf(contentType) {
	case jsonBody:
		body = marshal(value)
	case formBody:
		body = []byte(form(value))
	case multipartBody:
		contentType, body, err = t.multipart(value)
	case textBody:
		body = []byte(text(value))
	default:
		body, err = base64.StdEncoding.DecodeString(text(value))
		if err != nil {
			err = errBase64
		}
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	return contentType, body, nil
}

// form writes an object as a form: an array as its elements, a structure as JSON.
func form(v any) string {
	members, ok := v.(map[string]any)
	if !ok {
		return escape(text(v))
	}
	var out []string
	for _, key := range sorted(members) {
		values, pairs := parts(members[key])
		if pairs != nil {
			values = []string{text(members[key])}
		}
		for _, s := range values {
			out = append(out, escape(key)+"="+escape(s))
		}
	}
	return strings.Join(out, "&")
}

// multipart writes an object as multipart/form-data: a member whose schema is of bytes is
// a file, in base64.
func (t *tool) multipart(v any) (contentType string, body []byte, err error) {
	members, ok := v.(map[string]any)
	if !ok {
		return "", nil, errors.New("a form has members")
	}
	files := t.files()
	type field struct {
		head string
		body []byte
	}
	var fields []field
	for _, key := range sorted(members) {
		head := fmt.Sprintf("Content-Disposition: form-data; name=%s", quoted(key))
		values, isArray := members[key].([]any)
		if !isArray {
			values = []any{members[key]}
		}
		for _, e := range values {
			f := field{head, []byte(text(e))}
			_, isObject := e.(map[string]any)
			_, isList := e.([]any)
			switch {
			case slices.Contains(files, key):
				if f.body, err = base64.StdEncoding.DecodeString(text(e)); err != nil {
					return "", nil, errBase64
				}
				f.head += "; filename=" + quoted(key) + "\r\nContent-Type: application/octet-stream"
			case isObject || isList:
				f.head += "\r\nContent-Type: application/json"
			}
			fields = append(fields, f)
		}
	}
	// What is hashed cannot contain its hash.
	h := sha256.New()
	for _, f := range fields {
		h.Write([]byte(f.head))
		h.Write(f.body)
	}
	boundary := hex.EncodeToString(h.Sum(nil))
	var b bytes.Buffer
	for _, f := range fields {
		fmt.Fprintf(&b, "--%s\r\n%s\r\n\r\n", boundary, f.head)
		b.Write(f.body)
		b.WriteString("\r\n")
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return "multipart/form-data; boundary=" + boundary, b.Bytes(), nil
}

// quoted is a name in a Content-Disposition, as browsers write it.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A").Replace(s) + `"`
}

// files are the properties of the body that are bytes: format binary in OpenAPI 3.0, a
// content encoding or media type in 3.1.
func (t *tool) files() []string {
	type property struct {
		Format    string    `json:"format"`
		Encoding  string    `json:"contentEncoding"`
		MediaType string    `json:"contentMediaType"`
		Items     *property `json:"items"`
	}
	var schema struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if json.Unmarshal(t.body.Schema, &schema) != nil {
		return nil
	}
	var out []string
	for name, raw := range schema.Properties {
		var p property
		if json.Unmarshal(raw, &p) != nil {
			continue
		}
		for q := &p; q != nil; q = q.Items {
			if q.Format == "binary" || q.Format == "byte" || q.Encoding == "base64" || q.MediaType == "application/octet-stream" {
				out = append(out, name)
				break
			}
		}
	}
	return out
}

// marshal is for values that always can be: of ours, or that were JSON before.
func marshal(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("tools: internal error: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
