package assembly

import (
	"context"
	"net"
	"net/http"
	"time"

	"sekisho/builtins/sandbox"
	"sekisho/engine/config"
)

// development is the listener of the development services.
type development struct {
	address  string // as gateway.yaml has it
	listener net.Listener
	server   *http.Server
	sandbox  *sandbox.Sandbox
	done     chan struct{}
}

// develop makes the development services of a Model count: it opens their listener,
// moves it, or closes it. What has been granted stays for as long as the address does.
func (y *systems) develop(m *config.Development) error {
	old := y.development
	if old != nil && m != nil && old.address == m.Address {
		return old.sandbox.Configure(sandboxOf(m, old.listener.Addr().String()))
	}
	if m == nil {
		y.development = nil
		return old.close(context.Background())
	}
	l, err := net.Listen("tcp", m.Address)
	if err != nil {
		return err
	}
	c := sandboxOf(m, l.Addr().String())
	c.Now, c.Rand = y.services.Now, y.services.Rand
	s, err := sandbox.New(c)
	if err != nil {
		_ = l.Close()
		return err
	}
	d := &development{address: m.Address, listener: l, sandbox: s, done: make(chan struct{}), server: &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
	}}
	go func() {
		defer close(d.done)
		_ = d.server.Serve(l) // ends with close
	}()
	y.development = d
	if m.Identity != nil {
		y.notice("for development only: anybody on this machine may log in at http://" + l.Addr().String() + "/identity as anyone")
	}
	return old.close(context.Background())
}

// close ends the services; a nil development has none.
func (d *development) close(ctx context.Context) error {
	if d == nil {
		return nil
	}
	err := d.server.Shutdown(ctx)
	if err != nil {
		_ = d.server.Close()
	}
	<-d.done
	return err
}

// sandboxOf is what gateway.yaml says of the services that are reached at an address.
func sandboxOf(m *config.Development, address string) sandbox.Config {
	c := sandbox.Config{BaseURL: "http://" + address}
	if i := m.Identity; i != nil {
		c.TenantID, c.KeyRotation, c.Lifetime = i.TenantID, i.KeyRotation, i.Lifetime
		for _, a := range i.Applications {
			c.Applications = append(c.Applications, sandbox.Application{
				ID: a.ID, Secret: a.Secret.Reveal(), RedirectURIs: a.RedirectURIs, Roles: a.Roles,
			})
		}
		for _, u := range i.Users {
			c.Users = append(c.Users, sandbox.User{ID: u.ID, Name: u.Name, Email: u.Email})
		}
	}
	for _, s := range m.Services {
		c.Services = append(c.Services, sandbox.Service{ID: s.ID, Audience: s.Audience, Applications: s.Applications})
	}
	return c
}
