package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sekisho/engine/assembly"
	"sekisho/engine/config"
	"sekisho/engine/source"
)

// management is the management API of a gateway that runs.
type management struct {
	base   string
	token  string
	client *http.Client
}

// resource is what is of interest in the API's resources.
type resource struct {
	Name       string `json:"name"`
	Properties struct {
		State, Reason, Expires string
		Version                int64
		GrantType              string `json:"oauth2grantType"`
		Error                  *struct{ Code, Message string }
		OAuth2                 struct {
			RedirectURL string `json:"redirectUrl"`
		}
	} `json:"properties"`
}

// tokenVariable is the environment variable with the admin token.
const tokenVariable = "SEKISHO_ADMIN_TOKEN"

// api finds the gateway's management API and the token for it.
func (c *connectionsCommand) api() (*management, error) {
	m := &management{client: &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{Proxy: nil, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var model *config.Model
	if c.Admin == "" || c.TokenFile == "" && os.Getenv(tokenVariable) == "" {
		var diags source.List
		model = config.Load(c.Folder, os.LookupEnv, &diags)
		if model == nil || diags.Errors() > 0 {
			return nil, usage("%s is no gateway's folder that can be read: name one with --folder, or give --admin and --token-file", c.Folder)
		}
	}
	address := c.Admin
	if address == "" {
		if address = model.AdminAddress; address == "" {
			return nil, usage("the gateway has no admin listener")
		}
	}
	if err := m.locate(address); err != nil {
		return nil, err
	}
	var err error
	m.token, err = c.token(model)
	return m, err
}

// locate takes host:port or a URL.
func (m *management) locate(address string) error {
	if !strings.Contains(address, "://") {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return usage("%q is neither host:port nor a URL", address)
		}
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		address = "http://" + net.JoinHostPort(host, port)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return usage("%q is neither host:port nor a URL", address)
	}
	m.base = strings.TrimSuffix(u.Scheme+"://"+u.Host+u.EscapedPath(), "/") + "/management/"
	return nil
}

// token is the admin token.
func (c *connectionsCommand) token(model *config.Model) (string, error) {
	file := c.TokenFile
	if file == "" {
		if t := os.Getenv(tokenVariable); t != "" {
			return t, nil
		}
		if t := model.AdminToken.Reveal(); t != "" {
			return t, nil
		}
		directory := filepath.Join(c.Folder, ".sekisho")
		if model.CredentialManager != nil && model.CredentialManager.Directory != "" {
			directory = model.CredentialManager.Directory
		}
		file = filepath.Join(directory, assembly.AdminTokenName)
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && c.TokenFile == "" {
		return "", environment(fmt.Errorf("there is no admin token in %s: the gateway makes it when it starts", file))
	}
	if err != nil {
		return "", environment(err)
	}
	return strings.TrimSpace(string(data)), nil
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

// call calls the API. What it refuses ends a command with its own words.
func (m *management) call(ctx context.Context, method string, body, out any, path ...string) error {
	return m.do(ctx, method, m.at(path), body, out)
}

// at is the URL of a resource.
func (m *management) at(path []string) string {
	out := m.base
	for i, s := range path {
		if i > 0 {
			out += "/"
		}
		out += url.PathEscape(s)
	}
	return out
}

func (m *management) do(ctx context.Context, method, at string, body, out any) error {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, at, content)
	if err != nil {
		return usage("%v", err)
	}
	r.Header.Set("Authorization", "Bearer "+m.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := m.client.Do(r)
	if err != nil {
		return environment(fmt.Errorf("the gateway cannot be reached: %w", err))
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return environment(fmt.Errorf("the gateway's answer was cut off: %w", err))
	}
	if resp.StatusCode >= 300 {
		var e struct {
			Error struct{ Code, Message string }
		}
		if json.Unmarshal(data, &e) != nil || e.Error.Message == "" {
			return environment(fmt.Errorf("the gateway answers %s", resp.Status))
		}
		return &exitError{exitFindings, errors.New(e.Error.Message)}
	}
	if out == nil || len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return environment(fmt.Errorf("the gateway's answer is not understood: %w", err))
	}
	return nil
}

// list reads all pages of a list.
func (m *management) list(ctx context.Context, path ...string) ([]resource, error) {
	var all []resource
	at := m.at(path)
	for {
		var page struct {
			Value    []resource
			NextLink string
		}
		if err := m.do(ctx, http.MethodGet, at, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		_, query, ok := strings.Cut(page.NextLink, "?")
		if !ok || len(page.Value) == 0 {
			return all, nil
		}
		// Whatever the link says, the next page is of this list.
		base, _, _ := strings.Cut(at, "?")
		at = base + "?" + query
	}
}
