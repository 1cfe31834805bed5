package assembly

import (
	"context"
	"crypto/rand"
	"os"
	"time"

	"sekisho/builtins/credential/keys"
	"sekisho/builtins/credential/store"
	"sekisho/builtins/identity"
	"sekisho/engine/config"
)

// OpenStore opens the store of a Model's credential manager for a command; a gateway may use
// it at the same time. It makes none: fs.ErrNotExist if there is none yet. done ends the use.
func OpenStore(ctx context.Context, m *config.Model, o Options) (s *store.SQLite, done func() error, err error) {
	path, key := StoreOf(m.CredentialManager)
	if _, err := os.Stat(path); err != nil {
		return nil, nil, err
	}
	identities, err := identity.New(identity.Options{Now: time.Now, Sleep: sleep, Rand: rand.Reader, Env: o.Env, Dial: o.Dial})
	if err != nil {
		return nil, nil, err
	}
	if err := identities.Configure(identitiesOf(m)); err != nil {
		identities.Close()
		return nil, nil, err
	}
	s, err = store.Open(ctx, store.Options{
		Path: path, Now: time.Now,
		Keys: keys.Options{
			Source: key, Getenv: o.Env,
			Token: func(ctx context.Context, resource string) (string, error) { return identities.Token(ctx, "", resource) },
		},
	})
	if err != nil {
		identities.Close()
		return nil, nil, err
	}
	return s, func() error {
		err := s.Close()
		identities.Close()
		return err
	}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
