package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sekisho"
)

// gitignore keeps the credential manager's store and keys out of version control.
const gitignore = ".sekisho/\n"

type newCommand struct {
	Folder string `arg:"" help:"The folder to make. It must not exist, or be empty."`
}

// Help implements kong's detailed help.
func (newCommand) Help() string {
	return `The new folder holds the example that this program carries: gateway.yaml, policy documents,
scripts with their types, and it runs as it is.

  sekisho new my-gateway
  sekisho run my-gateway`
}

func (c newCommand) Run(io streams) error {
	entries, err := os.ReadDir(c.Folder)
	switch {
	case err == nil && len(entries) > 0:
		return usage("%s is not empty", c.Folder)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return environment(err)
	}
	n := 0
	err = fs.WalkDir(sekisho.Example(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path := filepath.Join(c.Folder, filepath.FromSlash(name))
		if d.IsDir() {
			return os.MkdirAll(path, 0o755)
		}
		data, err := fs.ReadFile(sekisho.Example(), name)
		if err != nil {
			return err
		}
		n++
		return os.WriteFile(path, data, 0o644)
	})
	if err == nil {
		n++
		err = os.WriteFile(filepath.Join(c.Folder, ".gitignore"), []byte(gitignore), 0o644)
	}
	if err != nil {
		return environment(err)
	}
	fmt.Fprintf(io.out, "%s: %s\n\n  sekisho run %s\n", c.Folder, count(n, "file"), c.Folder)
	return nil
}
