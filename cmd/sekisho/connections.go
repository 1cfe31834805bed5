package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"sekisho/builtins/credential/oauth"
)

// connectionsCommand manages connections of a gateway that runs, over its management API.
type connectionsCommand struct {
	List   connectionsList   `cmd:"" help:"List connections and how they do."`
	Add    connectionsAdd    `cmd:"" help:"Add a connection, and its provider if need be."`
	Login  connectionsLogin  `cmd:"" help:"Print a link by which a person connects a connection, and wait until that has happened."`
	Test   connectionsTest   `cmd:"" help:"Obtain a connection's token and say how long it is good; the token is not shown."`
	Revoke connectionsRevoke `cmd:"" help:"Give a connection's tokens back; it needs a new consent then."`

	Folder    string `default:"." help:"The gateway's folder, for the address and the token of its admin listener."`
	Admin     string `placeholder:"URL" help:"The admin listener, instead of the one in gateway.yaml."`
	TokenFile string `placeholder:"FILE" help:"A file with the admin token. Default: the environment variable SEKISHO_ADMIN_TOKEN, gateway.yaml, or the file that the gateway has made."`
}

// Help implements kong's detailed help.
func (connectionsCommand) Help() string {
	return `The gateway must be running. Connections are named PROVIDER/CONNECTION, as provider-id and
authorization-id of get-authorization-context name them.

  sekisho connections list
  sekisho connections add github/bot --identity-provider github --set clientId=Iv1.0a --set-env clientSecret=GITHUB_SECRET --set scopes=repo
  sekisho connections login github/bot
  sekisho connections test github/bot

Exit codes: 0 fine, 1 the gateway or the provider refuses, 2 usage, 3 the gateway cannot be reached.`
}

// connectionName is PROVIDER/CONNECTION.
type connectionName struct {
	Name string `arg:"" name:"provider/connection" help:"The connection."`
}

// split takes the name apart.
func (n connectionName) split() (provider, connection string, err error) {
	provider, connection, ok := strings.Cut(n.Name, "/")
	if !ok || provider == "" || connection == "" || strings.Contains(connection, "/") {
		return "", "", usage("%q is not of the form PROVIDER/CONNECTION", n.Name)
	}
	return provider, connection, nil
}

type connectionsList struct {
	Provider string `arg:"" optional:"" help:"Only this provider's."`
	Presets  bool   `help:"List the identity providers that are known by name, and their settings."`
}

// Run implements kong's command.
func (c connectionsList) Run(io streams, all *connectionsCommand) error {
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	if c.Presets {
		fmt.Fprintln(w, "IDENTITY PROVIDER\tNAME\tNEEDS")
		for _, p := range oauth.Presets {
			fmt.Fprintf(w, "%s\t%s\t%s\n", p.ID, p.Name, strings.Join(needs(p), ", "))
		}
		return w.Flush()
	}
	api, err := all.api()
	if err != nil {
		return err
	}
	ctx := context.Background()
	providers, err := api.list(ctx, "authorizationProviders")
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "CONNECTION\tSTATE\tGOOD UNTIL\tREASON")
	found := false
	for _, p := range providers {
		if c.Provider != "" && p.Name != c.Provider {
			continue
		}
		found = true
		connections, err := api.list(ctx, "authorizationProviders", p.Name, "authorizations")
		if err != nil {
			return err
		}
		for _, k := range connections {
			reason := k.Properties.Reason
			if e := k.Properties.Error; e != nil && k.Properties.State != "pending" {
				reason = e.Message
			}
			fmt.Fprintf(w, "%s/%s\t%s\t%s\t%s\n", p.Name, k.Name, k.Properties.State, k.Properties.Expires, reason)
		}
		if len(connections) == 0 {
			fmt.Fprintf(w, "%s/\tno connections\t\t\n", p.Name)
		}
	}
	if c.Provider != "" && !found {
		return &exitError{exitFindings, fmt.Errorf("there is no provider %q", c.Provider)}
	}
	return w.Flush()
}

// needs are the settings that a provider cannot do without.
func needs(p *oauth.Preset) []string {
	out := []string{"clientId", "clientSecret"}
	switch {
	case p.Discovery:
		out = []string{"serverUrl"}
	case p.AuthorizationURL == "{authorizationUrl}":
		out = append(out, "authorizationUrl", "tokenUrl")
	}
	for _, s := range p.Settings {
		if s.Default == "" {
			out = append(out, s.Name)
		}
	}
	return out
}

type connectionsAdd struct {
	connectionName
	IdentityProvider string            `placeholder:"KIND" help:"Make the provider, too, or change it: the kind, such as oauth2 or github. list --presets names them."`
	DisplayName      string            `help:"The provider's name for people."`
	Grant            string            `enum:"authorizationCode,clientCredentials" default:"authorizationCode" help:"The provider's grant type."`
	Set              map[string]string `placeholder:"NAME=VALUE" mapsep:"none" help:"A setting: of the provider if it is made, else a parameter of the connection."`
	SetEnv           map[string]string `placeholder:"NAME=VARIABLE" mapsep:"none" help:"A setting from an environment variable: for secrets, which other users see on a command line."`
	SetFile          map[string]string `placeholder:"NAME=FILE" mapsep:"none" help:"A setting from a file."`
	Parameter        map[string]string `placeholder:"NAME=VALUE" mapsep:"none" help:"A parameter of the connection."`
}

// settings are all that were given, from wherever they come.
func (c connectionsAdd) settings() (map[string]string, error) {
	out := map[string]string{}
	for name, v := range c.Set {
		out[name] = v
	}
	for name, variable := range c.SetEnv {
		v, ok := os.LookupEnv(variable)
		if !ok {
			return nil, usage("the environment variable %s is not set", variable)
		}
		out[name] = v
	}
	for name, file := range c.SetFile {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, environment(err)
		}
		out[name] = strings.TrimRight(string(data), "\r\n")
	}
	return out, nil
}

// Run implements kong's command.
func (c connectionsAdd) Run(io streams, all *connectionsCommand) error {
	provider, name, err := c.split()
	if err != nil {
		return err
	}
	settings, err := c.settings()
	if err != nil {
		return err
	}
	api, err := all.api()
	if err != nil {
		return err
	}
	ctx := context.Background()
	parameters := map[string]string{}
	for name, v := range c.Parameter {
		parameters[name] = v
	}
	if c.IdentityProvider == "" {
		for name, v := range settings {
			parameters[name] = v
		}
	} else {
		var made resource
		body := map[string]any{"properties": map[string]any{
			"displayName": c.DisplayName, "identityProvider": c.IdentityProvider,
			"oauth2": map[string]any{"grantTypes": map[string]any{c.Grant: settings}},
		}}
		if err := api.call(ctx, http.MethodPut, body, &made, "authorizationProviders", provider); err != nil {
			return err
		}
		if to := made.Properties.OAuth2.RedirectURL; to != "" {
			fmt.Fprintf(io.out, "register this redirect URL at the provider: %s\n", to)
		}
	}
	body := map[string]any{"properties": map[string]any{"authorizationType": "OAuth2", "parameters": parameters}}
	var made resource
	if err := api.call(ctx, http.MethodPut, body, &made, "authorizationProviders", provider, "authorizations", name); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s: %s\n", c.Name, made.Properties.State)
	if made.Properties.State == "pending" && made.Properties.GrantType == "AuthorizationCode" {
		fmt.Fprintf(io.out, "connect it: sekisho connections login %s\n", c.Name)
	}
	return nil
}

type connectionsLogin struct {
	connectionName
	Redirect string        `placeholder:"URL" help:"Where the browser goes afterwards: one of postLoginRedirects in gateway.yaml. Default: a page of the gateway's."`
	Timeout  time.Duration `default:"10m" help:"How long to wait; 0 does not wait."`
}

// pollEvery is how often login looks whether the consent has been given.
const pollEvery = 500 * time.Millisecond

// Run implements kong's command.
func (c connectionsLogin) Run(io streams, all *connectionsCommand) error {
	provider, name, err := c.split()
	if err != nil {
		return err
	}
	api, err := all.api()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	at := []string{"authorizationProviders", provider, "authorizations", name}
	var before, now resource
	if err := api.call(ctx, http.MethodGet, nil, &before, at...); err != nil {
		return err
	}
	var answer struct {
		Link string `json:"loginLink"`
	}
	if err := api.call(ctx, http.MethodPost, map[string]any{"postLoginRedirectUrl": c.Redirect}, &answer, slices.Concat(at, []string{"getLoginLinks"})...); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "open this link in a browser; it is good once and for ten minutes:\n\n  %s\n\n", answer.Link)
	if c.Timeout == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return &exitError{exitFindings, fmt.Errorf("%s: no consent was given in time", c.Name)}
		case <-tick.C:
		}
		if err := api.call(ctx, http.MethodGet, nil, &now, at...); err != nil {
			if ctx.Err() != nil {
				continue
			}
			return err
		}
		if p := now.Properties; p.State == "connected" && p.Version != before.Properties.Version && p.Reason == "consent" {
			fmt.Fprintf(io.out, "%s: connected\n", c.Name)
			return nil
		}
	}
}

// act asks the gateway to do something with the connection, and decodes its answer.
func (n connectionName) act(all *connectionsCommand, action string, out any) error {
	provider, name, err := n.split()
	if err != nil {
		return err
	}
	api, err := all.api()
	if err != nil {
		return err
	}
	return api.call(context.Background(), http.MethodPost, nil, out, "authorizationProviders", provider, "authorizations", name, action)
}

type connectionsTest struct{ connectionName }

// Run implements kong's command.
func (c connectionsTest) Run(io streams, all *connectionsCommand) error {
	var got struct {
		State   string `json:"state"`
		Expires string `json:"expires"`
	}
	if err := c.act(all, "test", &got); err != nil {
		return err
	}
	if got.Expires == "" {
		fmt.Fprintf(io.out, "%s: %s; the provider does not say when the token ends\n", c.Name, got.State)
		return nil
	}
	end, err := time.Parse(time.RFC3339, got.Expires)
	if err != nil {
		return environment(fmt.Errorf("the gateway's answer is not understood: %w", err))
	}
	fmt.Fprintf(io.out, "%s: %s; the token is good for %s, until %s\n", c.Name, got.State, time.Until(end).Round(time.Second), got.Expires)
	return nil
}

type connectionsRevoke struct{ connectionName }

// Run implements kong's command.
func (c connectionsRevoke) Run(io streams, all *connectionsCommand) error {
	var now resource
	if err := c.act(all, "revoke", &now); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s: %s\n", c.Name, now.Properties.State)
	return nil
}
