package assembly

import (
	"sekisho/builtins/identity"
	"sekisho/engine/config"
)

// identitiesOf is what gateway.yaml says of identities.
func identitiesOf(m *config.Model) identity.Config {
	var c identity.Config
	for _, i := range m.Identities {
		out := identity.Identity{
			ID: i.ID, Source: identity.Source(i.Source), ClientID: i.ClientID,
			TenantID: i.TenantID, Authority: i.Authority, Endpoint: i.Endpoint, Header: i.Header.Reveal(),
			Thumbprint: i.Thumbprint, KeyDirectory: i.KeyDirectory, TokenFile: i.TokenFile,
			ClientSecret: i.ClientSecret.Reveal(),
		}
		if i.Certificate != nil {
			t := i.Certificate.TLS()
			out.Certificate = &t
		}
		c.Identities = append(c.Identities, out)
	}
	return c
}
