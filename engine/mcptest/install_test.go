package mcptest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/missing"
)

// part is something that is installed once for all tests of a run. What failed once fails
// for all of them.
type part struct {
	once sync.Once
	path string
	err  error
	said string
}

// get is the path that install gave. A test without it ends.
func (p *part) get(t *testing.T, what string, install func() (path, said string, err error)) string {
	t.Helper()
	p.once.Do(func() { p.path, p.said, p.err = install() })
	if p.err != nil {
		missing.Part(t, "%s cannot be installed: %v\n%s", what, p.err, p.said)
	}
	return p.path
}

var nodeModules, everythingServer, goClient part

// cached is a folder for what is made from the files that are given: it is another one
// when one of them changes.
func cached(name string, files ...string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	sum := sha256.New()
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		sum.Write(data)
	}
	dir := filepath.Join(cache, "sekisho-test", name+"-"+hex.EncodeToString(sum.Sum(nil))[:12])
	return dir, os.MkdirAll(dir, 0o755)
}

// nodeDir is a folder with everything that testdata/node/package.json names, and our own
// programs beside it.
func nodeDir(t *testing.T) string {
	t.Helper()
	return nodeModules.get(t, "what testdata/node names", func() (string, string, error) {
		dir, err := cached("mcp", "testdata/node/package-lock.json")
		if err != nil {
			return "", "", err
		}
		if _, err := os.Stat(filepath.Join(dir, "done")); err != nil {
			for _, name := range []string{"package.json", "package-lock.json"} {
				if err := copyFile(filepath.Join("testdata/node", name), filepath.Join(dir, name)); err != nil {
					return "", "", err
				}
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				return "", string(out), err
			}
			if err := os.WriteFile(filepath.Join(dir, "done"), nil, 0o644); err != nil {
				return "", "", err
			}
		}
		ours, err := filepath.Glob("testdata/node/*.mjs")
		if err != nil {
			return "", "", err
		}
		for _, name := range ours {
			if err := copyFile(name, filepath.Join(dir, filepath.Base(name))); err != nil {
				return "", "", err
			}
		}
		return dir, "", nil
	})
}

// node is a Node that is new enough for all of it: the one that npm brought where there
// is one for this machine, else the system's.
func node(t *testing.T) string {
	t.Helper()
	brought := filepath.Join(nodeDir(t), "node_modules/node-"+runtime.GOOS+"-x64/bin/node")
	if _, err := os.Stat(brought); err == nil {
		return brought
	}
	path, err := exec.LookPath("node")
	if err != nil {
		missing.Part(t, "node is not installed: %v", err)
	}
	return path
}

// nodeEnv makes programs that start a Node themselves find the same one.
func nodeEnv(t *testing.T, more ...string) []string {
	env := append(os.Environ(), "PATH="+filepath.Dir(node(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
	return append(env, more...)
}

// goProgram builds a program of the module testdata/gosdk.
func goProgram(t *testing.T, p *part, name, pkg string) string {
	t.Helper()
	return p.get(t, name, func() (string, string, error) {
		sources, err := filepath.Glob("testdata/gosdk/*")
		if err != nil {
			return "", "", err
		}
		dir, err := cached("gosdk", sources...)
		if err != nil {
			return "", "", err
		}
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, "", nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "go", "build", "-o", path, pkg)
		cmd.Dir = "testdata/gosdk"
		out, err := cmd.CombinedOutput()
		return path, string(out), err
	})
}

// chromium is the system's browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing.Part(t, "chromium is not installed")
	return ""
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// tail is the end of a program's output, for a test's message.
func tail(s string, lines int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
