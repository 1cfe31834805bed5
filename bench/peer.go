package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// Peer is another program to measure beside the gateway: a file in bench/peers.
//
//	name: nginx
//	command: [nginx, -p, "[[.Dir]]", -c, nginx.conf]
//	version: [nginx, -v]
//	files:
//	  nginx.conf: |
//	    … listen 127.0.0.1:[[.Port]]; … server [[.Backend]]; …
//
// Command and files see what a scenario's files see, and .Port and .Dir: where the peer
// must listen on loopback, and the folder that its files are in and that it runs in.
type Peer struct {
	Name    string            `yaml:"name"`
	Command []string          `yaml:"command"`
	Version []string          `yaml:"version"` // prints, somewhere, the version: the first number with a point
	Env     map[string]string `yaml:"env"`
	Files   map[string]string `yaml:"files"`
	// Strict says that the peer does what the gateway does: its answers must pass all
	// checks, and not that of the status only.
	Strict bool `yaml:"strict"`
}

// ReadPeer reads a peer's file.
func ReadPeer(name string) (*Peer, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	p := &Peer{}
	if err := yaml.Load(data, p, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if p.Name == "" {
		p.Name = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	}
	if len(p.Command) == 0 {
		return nil, fmt.Errorf("%s: a peer wants a command", name)
	}
	for f := range p.Files {
		if !filepath.IsLocal(filepath.FromSlash(f)) {
			return nil, fmt.Errorf("%s: %q is not a path in the peer's folder", name, f)
		}
	}
	return p, nil
}
