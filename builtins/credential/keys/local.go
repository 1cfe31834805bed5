package keys

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Bounds of a source of keys in text.
const (
	maxKeys     = 100
	maxKeyBytes = 64 << 10
)

// fileHead begins a key file that this program made.
const fileHead = `# Master keys of Sekisho's credential store, the newest first.
# Keep a copy in a safe place: what is in the store cannot be read without them.
`

// parseKeys reads keys in base64, the newest first. unit is what its parts are called.
func parseKeys(name, unit string, parts []string) ([]loaded, error) {
	var out []loaded
	for i, s := range parts {
		if s = strings.TrimSpace(s); s == "" || s[0] == '#' {
			continue
		}
		key, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil || len(key) != keySize {
			return nil, fmt.Errorf("%s: %s %d is not a master key: %d bytes in base64, as `openssl rand -base64 %d` prints them", name, unit, i+1, keySize, keySize)
		}
		if len(out) == maxKeys {
			return nil, fmt.Errorf("%s holds more than %d master keys", name, maxKeys)
		}
		out = append(out, loaded{key: key})
	}
	return out, nil
}

// envSource is keys in an environment variable, which stays as it was when the process
// began.
type envSource struct {
	name   string
	getenv func(string) (string, bool)
}

func (s *envSource) String() string { return "env:" + s.name }

func (s *envSource) load(context.Context, Shelf, func(ID) bool) ([]loaded, map[ID]error, error) {
	v, _ := s.getenv(s.name)
	got, err := parseKeys(s.String(), "key", strings.Split(v, ","))
	return got, nil, err
}

func (s *envSource) add(context.Context, []byte) ([]byte, error) {
	return nil, fmt.Errorf("%w: set %s to a new master key (`openssl rand -base64 %d`), followed by a comma and those that it holds, if any", ErrReadOnly, s.name, keySize)
}

func (s *envSource) remove(ids []ID) error {
	return fmt.Errorf("%w: take %s out of %s", ErrReadOnly, list(ids), s.name)
}

// fileSource is keys in a file, one a line.
type fileSource struct{ path string }

func (s *fileSource) String() string { return "file:" + s.path }

func (s *fileSource) load(context.Context, Shelf, func(ID) bool) ([]loaded, map[ID]error, error) {
	text, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	defer clear(text)
	got, err := parseKeys(s.String(), "line", strings.Split(string(text), "\n"))
	return got, nil, err
}

// read returns the file's text, none if there is no file. A file that others may read does
// not hold secrets.
func (s *fileSource) read() ([]byte, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// Windows has no such bits; there the folder's access list is what counts.
	if st.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s may be read by others (mode %04o): chmod 600 it, and make a new master key if somebody has", s.path, st.Mode().Perm())
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", s.path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeyBytes {
		return nil, fmt.Errorf("%s is larger than %d bytes: that is no file of master keys", s.path, maxKeyBytes)
	}
	return text, nil
}

func (s *fileSource) add(_ context.Context, key []byte) ([]byte, error) {
	return nil, s.edit(func(text []byte) ([]byte, error) {
		line := base64.StdEncoding.AppendEncode(nil, key)
		line = append(line, '\n')
		if text == nil {
			return append([]byte(fileHead), line...), nil
		}
		// Before the first key, below what is written above it.
		at := 0
		for rest := text; len(rest) > 0; {
			l, after, _ := bytes.Cut(rest, []byte("\n"))
			if l = bytes.TrimSpace(l); len(l) > 0 && l[0] != '#' {
				break
			}
			rest = after
			at = len(text) - len(rest)
		}
		if at > 0 && text[at-1] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
		return slices.Insert(bytes.Clone(text), at, line...), nil
	})
}

func (s *fileSource) remove(ids []ID) error {
	return s.edit(func(text []byte) ([]byte, error) {
		var out []byte
		for line := range bytes.Lines(text) {
			key, err := base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSpace(line)))
			if err != nil || len(key) != keySize || !slices.Contains(ids, idOf(key)) {
				out = append(out, line...)
			}
		}
		return out, nil
	})
}

// edit replaces the file as a whole. The new text is written beside it first, into a file that
// is the lock, too: the rename is what lets go of it.
func (s *fileSource) edit(change func([]byte) ([]byte, error)) error {
	path := s.path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	next := path + ".new"
	f, err := openLocked(next)
	if errors.Is(err, errLocked) {
		return fmt.Errorf("%s is %w", path, err)
	}
	if err != nil {
		return err
	}
	if err := s.rewrite(f, change); err != nil {
		dropLocked(f, next)
		return err
	}
	err = renameLocked(f, next, path)
	f.Close()
	if err != nil {
		return err
	}
	return syncDir(dir)
}

// rewrite puts the changed text of the file into f.
func (s *fileSource) rewrite(f *os.File, change func([]byte) ([]byte, error)) error {
	text, err := s.read()
	if err != nil {
		return err
	}
	out, err := change(text)
	clear(text)
	defer clear(out)
	if err != nil {
		return err
	}
	if _, err := f.Write(out); err != nil {
		return err
	}
	return f.Sync()
}

// syncDir makes a rename in a folder survive a power cut.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
