package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"sekisho/builtins/credential/keys"
	"sekisho/builtins/credential/store"
	"sekisho/engine/assembly"
	"sekisho/engine/config"
	"sekisho/engine/source"
)

type keysCommand struct {
	Status keysStatusCommand `cmd:"" help:"Show the master keys of the credential store, by id, and how much is sealed under each."`
	Rotate keysRotateCommand `cmd:"" help:"Make a new master key and put everything under it; gateways go on serving."`
	Retire keysRetireCommand `cmd:"" help:"Drop the master keys that nothing is sealed under any more."`
}

// Help implements kong's detailed help.
func (keysCommand) Help() string {
	return `What connections keep secret is encrypted, each value under a key of its own, and those keys
under a master key. Where that is says gateway.yaml: credentialManager: {key: …}, or it is the
file .sekisho/master.key.

  sekisho keys status my-gateway
  sekisho keys rotate my-gateway            a new master key; the old one still opens backups
  sekisho keys retire my-gateway            take keys that are out of use out of the key file

With env:NAME a new key is put before the others by hand (NAME=new,old), the gateways are
started anew, and rotate then puts everything under it.`
}

// storeArgument is what the keys commands take.
type storeArgument struct {
	Folder string `arg:"" optional:"" default:"." help:"The gateway's folder. Default: the folder here."`
}

// with opens the store of the folder for a command.
func (a storeArgument) with(io streams, do func(context.Context, *store.SQLite) error) error {
	var diags source.List
	m := config.Load(a.Folder, os.LookupEnv, &diags)
	if m == nil || diags.Errors() > 0 {
		(&printer{w: io.err, color: isTerminal(io.err)}).diagnostics(diags.Sorted())
		return findings()
	}
	if m.CredentialManager == nil {
		return environment(fmt.Errorf("%s has no credential manager: its gateway.yaml wants credentialManager: {}", a.Folder))
	}
	ctx := context.Background()
	s, done, err := assembly.OpenStore(ctx, m, assembly.Options{Env: os.LookupEnv})
	if errors.Is(err, fs.ErrNotExist) {
		path, _ := assembly.StoreOf(m.CredentialManager)
		return environment(fmt.Errorf("there is no credential store yet: sekisho run makes %s", path))
	}
	if err != nil {
		return environment(err)
	}
	for _, n := range s.Notices() {
		fmt.Fprintln(io.err, n)
	}
	if err := errors.Join(do(ctx, s), done()); err != nil {
		return environment(err)
	}
	return nil
}

type keysStatusCommand struct{ storeArgument }

func (c keysStatusCommand) Run(io streams) error {
	return c.with(io, func(ctx context.Context, s *store.SQLite) error {
		known, err := s.Keys(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "KEY\tSTATE\tVALUES\tSINCE")
		for _, k := range known {
			state := "older"
			switch {
			case k.Current:
				state = "current"
			case !k.Held:
				state = "gone"
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", k.ID, state, k.Values, k.Since.Format(time.RFC3339))
		}
		return w.Flush()
	})
}

type keysRotateCommand struct {
	storeArgument
	Retire bool `help:"Drop the older keys afterwards. Copies of the store from before cannot be read without them."`
}

func (c keysRotateCommand) Run(io streams) error {
	damaged := 0
	err := c.with(io, func(ctx context.Context, s *store.SQLite) error {
		r, err := s.RotateKey(ctx)
		if err != nil {
			return err
		}
		verb := "took"
		if r.Made {
			verb = "made"
		}
		fmt.Fprintf(io.out, "%s the master key %s: %s put under it\n", verb, r.Key, count(r.Values, "value"))
		if damaged = r.Damaged; damaged > 0 {
			fmt.Fprintf(io.err, "%s: damaged, or not where they were sealed; they stay as they are\n", count(damaged, "value"))
		}
		if c.Retire {
			return retire(ctx, io, s)
		}
		return nil
	})
	if err == nil && damaged > 0 {
		return findings()
	}
	return err
}

type keysRetireCommand struct{ storeArgument }

func (c keysRetireCommand) Run(io streams) error {
	return c.with(io, func(ctx context.Context, s *store.SQLite) error { return retire(ctx, io, s) })
}

// retire drops keys and says which.
func retire(ctx context.Context, io streams, s *store.SQLite) error {
	retired, err := s.RetireKeys(ctx)
	if err != nil && !errors.Is(err, keys.ErrReadOnly) {
		return err
	}
	if len(retired) == 0 {
		fmt.Fprintln(io.out, "no master key is out of use")
		return nil
	}
	ids := make([]string, len(retired))
	for i, id := range retired {
		ids[i] = id.String()
	}
	fmt.Fprintln(io.out, "out of use:", strings.Join(ids, ", "))
	if err != nil {
		fmt.Fprintln(io.err, err)
	}
	return nil
}
