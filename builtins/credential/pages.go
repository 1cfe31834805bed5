package credential

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
)

// What the pages show; html/template escapes all of it.
type (
	loginPage struct {
		Provider, ProviderHost, Connection string
		User, RedirectHost                 string
		Scopes                             []string
		Link, Token                        string
	}
	donePage    struct{ Connection string }
	problemPage struct{ Title, Text, Detail string }
)

// style is inside the pages, which load nothing; its hash is in their policy.
const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff}h1{font-size:1.4rem}dt{color:#666;font-size:.85rem;margin-top:.8rem}dd{margin:0;overflow-wrap:anywhere}button{font:inherit;margin-top:1.5rem;padding:.6rem 1.4rem;border:0;border-radius:.4rem;background:#0b57d0;color:#fff;cursor:pointer}.warn{border-left:.25rem solid #c77700;padding-left:.8rem;color:#553300}.detail{color:#666;overflow-wrap:anywhere}`

var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

var pages = template.Must(template.New("").Parse(`
{{define "head"}}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>{{.}}</title><style>` + style + `</style></head><body>
{{end}}
{{define "login"}}{{template "head" "Connect an account"}}<h1>Connect your account at {{.Provider}}</h1>
<p>This gateway asks to act as you at <strong>{{.Provider}}</strong>. Whoever may use the connection below will reach your account there until you take the permission back.</p>
<dl>
<dt>Provider</dt><dd>{{.Provider}} ({{.ProviderHost}})</dd>
<dt>Connection</dt><dd>{{.Connection}}</dd>
{{with .User}}<dt>For the user</dt><dd>{{.}}</dd>{{end}}
<dt>What it asks for</dt><dd>{{range $i, $s := .Scopes}}{{if $i}}, {{end}}<code>{{$s}}</code>{{else}}what the provider grants by default{{end}}</dd>
{{with .RedirectHost}}<dt>Afterwards you are taken to</dt><dd>{{.}}</dd>{{end}}
</dl>
<p class="warn">Go on only if you have asked for this link yourself. If somebody sent it to you, your account would be connected to something of theirs.</p>
<form method="post" action="login"><input type="hidden" name="link" value="{{.Link}}"><input type="hidden" name="token" value="{{.Token}}"><button>Continue to {{.Provider}}</button></form>
</body></html>
{{end}}
{{define "done"}}{{template "head" "Connected"}}<h1>Connected</h1>
<p>The connection <strong>{{.Connection}}</strong> is ready. You can close this page.</p>
</body></html>
{{end}}
{{define "problem"}}{{template "head" .Title}}<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{with .Detail}}<p class="detail">{{.}}</p>{{end}}
</body></html>
{{end}}`))

// page writes a page.
func (m *Manager) page(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		m.o.Log.Debug("a page was not written", "page", name, "error", err.Error())
	}
}
