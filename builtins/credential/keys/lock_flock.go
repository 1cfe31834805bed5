//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package keys

import (
	"errors"
	"os"
	"syscall"
)

// errLocked: another process is at it.
var errLocked = errors.New("being changed by somebody else")

// openLocked opens an empty file that no other process has opened so. The system lets go of
// the lock of a process that dies.
func openLocked(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			f.Close()
			return nil, errLocked
		}
		mine, err := f.Stat()
		if err == nil {
			// Who had the lock before may have renamed or removed what was opened here.
			if there, e := os.Lstat(path); e != nil || !os.SameFile(mine, there) {
				f.Close()
				continue
			}
			err = errors.Join(f.Truncate(0), f.Chmod(0o600))
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		return f, nil
	}
}

// renameLocked renames the file while it is locked.
func renameLocked(_ *os.File, from, to string) error { return os.Rename(from, to) }

// dropLocked removes the file while it is locked.
func dropLocked(f *os.File, path string) {
	os.Remove(path)
	f.Close()
}
