//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package keys

import (
	"errors"
	"io/fs"
	"os"
)

// errLocked: another process is at it, or was interrupted in the middle of it.
var errLocked = errors.New("being changed by somebody else; if nobody does, delete the file beside it that ends in .new")

// openLocked makes an empty file that no other process has made.
func openLocked(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, errLocked
	}
	return f, err
}

// renameLocked renames the file; Windows wants it closed for that.
func renameLocked(f *os.File, from, to string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// dropLocked removes the file.
func dropLocked(f *os.File, path string) {
	f.Close()
	os.Remove(path)
}
