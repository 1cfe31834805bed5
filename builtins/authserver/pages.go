package authserver

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"

	"sekisho/builtins/credential/oauth"
)

// What the pages show; html/template escapes all of it, and bdi keeps names that are
// written from right to left from turning what stands beside them around.
type (
	consentPage struct {
		Client    string
		Host      string // of its metadata document
		Itself    bool   // it has registered itself
		Loopback  bool   // any program on the user's machine may be it
		User      string
		Server    string
		ServerURL string
		Scopes    []scopeLine
		Stays     bool // it will get refresh tokens
		// RedirectHost is the part of RedirectURI that users can judge.
		RedirectHost, RedirectURI string

		Action, Request, Token string
	}
	scopeLine   struct{ Name, Text string }
	problemPage struct{ Title, Text, Detail string }
)

// style is inside the pages, which load nothing; its hash is in their policy.
const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff}h1{font-size:1.4rem;overflow-wrap:anywhere}dt{color:#666;font-size:.85rem;margin-top:.8rem}dd{margin:0;overflow-wrap:anywhere}ul{margin:0;padding-left:1.2rem}button{font:inherit;margin:1.5rem .6rem 0 0;padding:.6rem 1.4rem;border:1px solid #0b57d0;border-radius:.4rem;background:#0b57d0;color:#fff;cursor:pointer}button.no{background:#fff;color:#0b57d0}.warn{border-left:.25rem solid #c77700;padding-left:.8rem;color:#553300}.detail{color:#666;overflow-wrap:anywhere}`

var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

var pages = template.Must(template.New("").Parse(`
{{define "head"}}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>{{.}}</title><style>` + style + `</style></head><body>
{{end}}
{{define "consent"}}{{template "head" "Allow access?"}}<h1>Allow <bdi>{{.Client}}</bdi> to use <bdi>{{.Server}}</bdi>?</h1>
<dl>
<dt>Application</dt><dd><bdi>{{.Client}}</bdi>{{if .Host}}, published by <strong><bdi>{{.Host}}</bdi></strong>{{else if .Itself}}, which has registered itself: nobody has checked its name{{else}}, set up by whoever runs this gateway{{end}}</dd>
<dt>Server it will reach</dt><dd><bdi>{{.Server}}</bdi> (<bdi>{{.ServerURL}}</bdi>)</dd>
<dt>What it may do</dt><dd><ul>{{range .Scopes}}<li>{{with .Text}}<bdi>{{.}}</bdi> {{end}}<code>{{.Name}}</code></li>{{else}}<li>use it as you</li>{{end}}{{if .Stays}}<li>stay connected while you are away</li>{{end}}</ul></dd>
<dt>Afterwards you are taken to</dt><dd><strong><bdi>{{.RedirectHost}}</bdi></strong><br><bdi class="detail">{{.RedirectURI}}</bdi></dd>
{{with .User}}<dt>You are logged in as</dt><dd><bdi>{{.}}</bdi></dd>{{end}}
</dl>
{{if .Loopback}}<p class="warn">The answer goes to a program on this computer, and any program here may say that it is this application. Go on only if you have just started it yourself.</p>{{end}}
<p class="warn">Allow this only if you have asked for it in the application yourself. If a link brought you here that somebody sent, choose Deny.</p>
<form method="post" action="{{.Action}}"><input type="hidden" name="request" value="{{.Request}}"><input type="hidden" name="token" value="{{.Token}}"><button name="answer" value="approve">Allow</button><button class="no" name="answer" value="deny">Deny</button></form>
</body></html>
{{end}}
{{define "problem"}}{{template "head" .Title}}<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{with .Detail}}<p class="detail"><bdi>{{.}}</bdi></p>{{end}}
</body></html>
{{end}}`))

// page writes a page.
func (s *Server) page(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		s.o.Log.Debug("a page was not written", "page", name, "error", err.Error())
	}
}

// problem says what is wrong; detail comes from outside.
func (s *Server) problem(w http.ResponseWriter, status int, title, text, detail string) {
	s.page(w, status, "problem", problemPage{title, text, oauth.Clean(detail, 300)})
}

// broken answers for what is nobody's fault outside.
func (s *Server) broken(w http.ResponseWriter, err error) {
	s.o.Log.Error("the authorization server failed inside", "error", err.Error())
	s.problem(w, http.StatusInternalServerError, "Something went wrong", "The gateway could not do this. Please try again later.", "")
}
