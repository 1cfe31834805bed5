package builtins

import (
	"bytes"
	"strings"

	"sekisho/engine/pipeline"
)

// RedirectContentURLs makes links in the response's body that lead to the backend lead
// to the gateway, and in inbound links in the request's body the other way round.
//
//	<redirect-content-urls />
//
// Headers, Location among them, stay as they are.
//
// Spec: https://learn.microsoft.com/azure/api-management/redirect-content-urls-policy
// Ours: a link is the base URL of the backend, or of the API at the gateway, where it
// does not go on as a longer name; slashes may be escaped as in JSON. Backends are the
// one that was asked and the API's own.
var RedirectContentURLs = pipeline.Policy{
	Name:     "redirect-content-urls",
	Summary:  "Makes links to the backend in the body lead to the gateway, or the other way round.",
	Sections: pipeline.Inbound | pipeline.Outbound,
	Scopes:   pipeline.AnyScope,
	Once:     true,
	Example:  `<redirect-content-urls />`,
	New:      func() pipeline.Step { return new(redirectContentURLs) },
}

type redirectContentURLs struct{}

func (*redirectContentURLs) Run(x *pipeline.Exchange) error {
	gateway := gatewayBase(x)
	asked := baseOf(&x.Request.URL)
	own := ""
	if x.Route != nil && x.Route.ServiceURL.Host != "" {
		service := pipeline.URL{}
		service.SetService(x.Route.ServiceURL)
		own = baseOf(&service)
	}
	request, _ := x.Target()
	return editBody(x, func(content []byte) []byte {
		if request != nil {
			return replaceLinks(content, gateway, asked)
		}
		content = replaceLinks(content, asked, gateway)
		if own != "" && own != asked {
			content = replaceLinks(content, own, gateway)
		}
		return content
	})
}

// gatewayBase is the URL of the API at the gateway, up to where an operation's path
// begins, as the client wrote it.
func gatewayBase(x *pipeline.Exchange) string {
	u := &x.OriginalURL
	base, path := u.Scheme+"://"+u.Host, u.Base+u.Path
	if x.Route == nil || x.Route.API == nil {
		return base
	}
	n := prefixLen(path, x.Route.API.Path)
	n += prefixLen(path[n:], x.Route.API.Version)
	return base + path[:n]
}

// prefixLen is the length of the folders at the beginning of a path if they are those
// named, in any case; a ";rev=N" at their end belongs to them.
func prefixLen(path, folders string) int {
	folders = strings.Trim(folders, "/")
	n := len(folders) + 1
	if folders == "" || len(path) < n || path[0] != '/' || !strings.EqualFold(path[1:n], folders) {
		return 0
	}
	for n < len(path) && path[n] == ';' {
		end := strings.IndexByte(path[n:], '/')
		if end < 0 {
			return len(path)
		}
		n += end
	}
	if n < len(path) && path[n] != '/' {
		return 0
	}
	return n
}

// baseOf is a URL up to where an operation's path begins.
func baseOf(u *pipeline.URL) string { return u.Scheme + "://" + u.Host + u.Base }

// replaceLinks replaces the base URL from by to, also with slashes escaped as in JSON.
func replaceLinks(content []byte, from, to string) []byte {
	content = replaceBase(content, []byte(from), []byte(to))
	escaped := strings.ReplaceAll(from, "/", `\/`)
	return replaceBase(content, []byte(escaped), []byte(strings.ReplaceAll(to, "/", `\/`)))
}

func replaceBase(content, from, to []byte) []byte {
	if len(from) == 0 || !bytes.Contains(content, from) {
		return content
	}
	var out []byte
	for {
		i := bytes.Index(content, from)
		if i < 0 {
			return append(out, content...)
		}
		rest := content[i+len(from):]
		out = append(out, content[:i]...)
		if goesOn(rest) {
			out = append(out, from...)
		} else {
			out = append(out, to...)
		}
		content = rest
	}
}

// goesOn tells whether the text after a base URL makes it another one: a longer host,
// a port, a longer name of a folder.
func goesOn(rest []byte) bool {
	if len(rest) == 0 {
		return false
	}
	c := rest[0]
	if c == '.' || c == ':' || c == '-' {
		// The end of a sentence, or more of a name.
		return len(rest) > 1 && isNameByte(rest[1])
	}
	return isNameByte(c) || c == '%' || c == '@'
}

func isNameByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '~' || c >= 0x80
}
