package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"sekisho/builtins/tokencache"
)

// Names of environment variables.
const (
	envClientID         = "AZURE_CLIENT_ID"
	envTenantID         = "AZURE_TENANT_ID"
	envAuthority        = "AZURE_AUTHORITY_HOST"
	envClientSecret     = "AZURE_CLIENT_SECRET"
	envCertificatePath  = "AZURE_CLIENT_CERTIFICATE_PATH"
	envTokenFile        = "AZURE_FEDERATED_TOKEN_FILE"
	envIdentityEndpoint = "IDENTITY_ENDPOINT"
	envIdentityHeader   = "IDENTITY_HEADER"
	envThumbprint       = "IDENTITY_SERVER_THUMBPRINT"
	envIdentityVersion  = "IDENTITY_API_VERSION"
	envIMDSEndpoint     = "IMDS_ENDPOINT"
	envMSIEndpoint      = "MSI_ENDPOINT"
	envMSISecret        = "MSI_SECRET"
)

// env looks up a variable; one that is empty counts as not there.
func (i *Identities) env(name string) string {
	v, _ := i.o.Env(name)
	return strings.TrimSpace(v)
}

// or is the configured value, or that of the environment.
func (i *Identities) or(configured, name string) string {
	if configured != "" {
		return configured
	}
	return i.env(name)
}

// found finds out the source of Auto: the first row whose variables are all there.
func (i *Identities) found() Source {
	for _, row := range []struct {
		source Source
		needs  []string
	}{
		{ClientSecret, []string{envTenantID, envClientID, envClientSecret}},
		{ClientCertificate, []string{envTenantID, envClientID, envCertificatePath}},
		{Workload, []string{envTenantID, envTokenFile}},
		{ServiceFabric, []string{envIdentityEndpoint, envIdentityHeader, envThumbprint}},
		{AppService, []string{envIdentityEndpoint, envIdentityHeader}},
		{Arc, []string{envIdentityEndpoint, envIMDSEndpoint}},
		{AppService, []string{envMSIEndpoint, envMSISecret}},
		{cloudShell, []string{envMSIEndpoint}},
	} {
		all := true
		for _, name := range row.needs {
			all = all && i.env(name) != ""
		}
		if all {
			return row.source
		}
	}
	return IMDS
}

// cloudShell is found, only to say that it is nothing to run a gateway in.
const cloudShell Source = "cloudShell"

// detect makes the source of an identity. What a found one lacks is an error when it is
// used, so that a gateway starts whose policies use none; what a configured one lacks is
// an error here.
func (i *Identities) detect(c Identity) (*identity, error) {
	n := &identity{kind: c.Source}
	auto := c.Source == "" || c.Source == Auto
	if auto {
		n.kind = i.found()
		// Azure's SDKs take the variable for the user-assigned identity, too.
		c.ClientID = i.or(c.ClientID, envClientID)
	}
	var err error
	if n.source, err = i.source(n.kind, c, auto); err != nil {
		if !auto {
			return nil, err
		}
		n.source = broken{fmt.Errorf("%s, as found in the environment: %w", n.kind, err)}
	}
	n.assigned = n.kind == IMDS || n.kind == AppService || n.kind == Workload
	return n, nil
}

// broken is a source that cannot work.
type broken struct{ err error }

func (b broken) token(context.Context, string, string) (tokencache.Token, error) {
	return tokencache.Token{}, b.err
}

func (i *Identities) source(kind Source, c Identity, auto bool) (source, error) {
	switch kind {
	case IMDS:
		base := c.Endpoint
		if base == "" {
			base = "http://169.254.169.254"
		}
		u, err := endpoint(base, metadataPath)
		return &imds{client: i.client(IMDS, nil), url: u, clientID: c.ClientID}, err
	case AppService:
		return i.appService(c)
	case Arc:
		u, err := endpoint(i.orDefault(c.Endpoint, envIdentityEndpoint, "http://localhost:40342"), metadataPath)
		dir := c.KeyDirectory
		if dir == "" {
			dir = arcKeyDirectory(i.env)
		}
		if !auto && c.ClientID != "" {
			err = errors.Join(err, errors.New("arc knows the system-assigned identity only"))
		}
		return &arc{client: i.client(Arc, nil), url: u, keys: dir}, err
	case ServiceFabric:
		return i.fabric(c)
	case Workload, ClientSecret, ClientCertificate:
		return i.entra(kind, c, auto)
	case cloudShell:
		return nil, errors.New("there is no managed identity for a gateway in it")
	}
	return nil, fmt.Errorf("there is no source %q", kind)
}

func (i *Identities) orDefault(configured, name, otherwise string) string {
	if v := i.or(configured, name); v != "" {
		return v
	}
	return otherwise
}

// endpoint reads the URL of an endpoint; one without a path gets that one.
func endpoint(text, path string) (*url.URL, error) {
	if text == "" {
		return nil, errors.New("its endpoint is not known")
	}
	u, err := url.Parse(text)
	// The text may come from a variable that holds who knows what, so it is not quoted.
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("its endpoint is no http or https URL")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = path
	}
	return u, nil
}

// secure tells whether secrets may go to u: over TLS, or within this machine.
func secure(u *url.URL) bool {
	if u.Scheme == "https" || u.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

// loadCertificate reads a certificate and its key from one PEM file.
func loadCertificate(path string) (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		// The error could quote the file.
		return nil, errors.New("the file that " + envCertificatePath + " names has no certificate and key in PEM form that can be read")
	}
	return &c, nil
}
