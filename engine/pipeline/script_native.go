package pipeline

import "sekisho/engine/script"

// A view shows scripts parts of the request without objects around them, for
// expressions that run without a virtual machine.
var _ script.Direct = view{}

// HeaderValue implements script.Direct.
func (v view) HeaderValue(response bool, name string) (first string, lines int) {
	h := &v.x.Request.Header
	if response {
		h = &v.x.Response.Header
	}
	return h.First(name)
}

// URLPart implements script.Direct.
func (v view) URLPart(original bool, part script.URLPart) string {
	u := v.url(original)
	switch part {
	case script.URLScheme:
		return u.Scheme
	case script.URLHost:
		return u.Hostname()
	case script.URLPath:
		return u.Base + u.Path
	case script.URLQueryString:
		if u.Query != "" {
			return "?" + u.Query
		}
	}
	return ""
}

// URLPort implements script.Direct.
func (v view) URLPort(original bool) int { return v.url(original).Port() }

func (v view) url(original bool) *URL {
	if original {
		return &v.x.OriginalURL
	}
	return &v.x.Request.URL
}
