package mcptest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// TestMain makes the test's program a browser for the clients that it starts: with
// MCPTEST_BROWSER set it opens the URL of its last argument, as a user who is called that
// logs in and approves, and runs no tests.
func TestMain(m *testing.M) {
	if user := os.Getenv("MCPTEST_BROWSER"); user != "" {
		if _, err := newBrowser(user).open(os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, "browser:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// browserEnv makes a client that a test starts open that browser.
func browserEnv(t *testing.T, user string) []string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"BROWSER=" + program, "MCPTEST_BROWSER=" + user}
}

// browser is a user at a browser without a screen: cookies, redirects, forms. It agrees
// to everything unless it is told to deny.
type browser struct {
	user   string
	deny   bool
	client *http.Client
}

func newBrowser(user string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic("cookiejar: internal error: " + err.Error()) // it fails only for bad options
	}
	return &browser{user: user, client: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

// page is where a browser is.
type page struct {
	url    *url.URL
	status int
	body   string
}

// open opens a URL, and goes on through forms until a page has none.
func (b *browser) open(address string) (*page, error) {
	p, err := b.get(address)
	for range 12 {
		if err != nil {
			return nil, err
		}
		f := p.form()
		if f == nil {
			if p.status >= 400 {
				return p, fmt.Errorf("%s%s answers %d: %s", p.url.Host, p.url.Path, p.status, p.text())
			}
			return p, nil
		}
		p, err = b.submit(p, f)
	}
	return nil, errors.New("the forms do not end")
}

func (b *browser) get(address string) (*page, error) {
	r, err := http.NewRequest("GET", address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	return b.send(r)
}

func (b *browser) send(r *http.Request) (*page, error) {
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	resp, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	return &page{resp.Request.URL, resp.StatusCode, string(body)}, nil
}

// form is the form of a page.
type form struct {
	action  string
	fields  url.Values
	buttons []button
}

type button struct{ name, value, text string }

// denies tells whether a button says no.
func (b button) denies() bool {
	for _, word := range []string{"deny", "cancel", "reject", "abort"} {
		if strings.Contains(strings.ToLower(b.name+" "+b.value+" "+b.text), word) {
			return true
		}
	}
	return false
}

// form is the page's first form, nil if it has none.
func (p *page) form() *form {
	doc, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		return nil
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		f := &form{action: attribute(n, "action"), fields: url.Values{}}
		for c := range n.Descendants() {
			switch {
			case c.Data == "button" || c.Data == "input" && attribute(c, "type") == "submit":
				f.buttons = append(f.buttons, button{attribute(c, "name"), attribute(c, "value"), content(c)})
			case c.Data == "input" && attribute(c, "name") != "" && (attribute(c, "type") != "checkbox" || has(c, "checked")):
				f.fields.Add(attribute(c, "name"), attribute(c, "value"))
			}
		}
		return f
	}
	return nil
}

// text is what a reader sees of a page.
func (p *page) text() string {
	doc, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		return p.body
	}
	return strings.Join(strings.Fields(content(doc)), " ")
}

func content(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode && (c.Parent == nil || c.Parent.Data != "style" && c.Parent.Data != "script") {
			b.WriteString(c.Data + " ")
		}
	}
	return b.String()
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// submit fills in a form and presses the button that says yes, or no for one who denies.
func (b *browser) submit(p *page, f *form) (*page, error) {
	for name := range f.fields {
		switch name {
		case "login", "username":
			f.fields.Set(name, b.user)
		case "password":
			f.fields.Set(name, "any")
		}
	}
	for _, choice := range f.buttons {
		if choice.denies() == b.deny || len(f.buttons) == 1 {
			if choice.name != "" {
				f.fields.Set(choice.name, choice.value)
			}
			break
		}
	}
	target, err := p.url.Parse(f.action)
	if err != nil {
		return nil, err
	}
	return b.post(p, target, f.fields)
}

// post sends a form from a page.
func (b *browser) post(p *page, target *url.URL, fields url.Values) (*page, error) {
	r, err := http.NewRequest("POST", target.String(), strings.NewReader(fields.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", p.url.Scheme+"://"+p.url.Host)
	site := "cross-site"
	if target.Host == p.url.Host {
		site = "same-origin"
	}
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	return b.send(r)
}
