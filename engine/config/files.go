package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// How much is read of one file.
const (
	maxConfigBytes   = 4 << 20   // gateway.yaml
	maxPolicyBytes   = 256 << 10 // a policy document, as in Azure API Management
	maxFragmentBytes = 512 << 10 // a fragment, likewise
	maxScriptBytes   = 1 << 20
	maxOpenAPIBytes  = 16 << 20
	maxSecretBytes   = 64 << 10 // a file whose content stands for ${file:…}
	maxCertBytes     = 1 << 20
	maxFolderFiles   = 10000 // files looked at in one folder
)

var errTooLarge = errors.New("too large")

// folder reads the files of a gateway and remembers which. Names are written with
// slashes, relative to the folder; on disk they may also be absolute.
type folder struct {
	fsys fs.FS
	dir  string // of files on disk; "" where fsys is all there is
	show string // what comes before names in Diagnostics
	seen map[string]bool
	dirs map[string]bool // whether they are there, of those that were asked for
}

// read returns a file's content, at most limit bytes of it.
func (f *folder) read(name string, limit int64) ([]byte, error) {
	f.saw(name)
	var r fs.File
	var err error
	if f.dir != "" {
		r, err = os.Open(f.disk(name))
	} else {
		r, err = f.fsys.Open(path.Clean(name))
	}
	if err != nil {
		return nil, reason(err)
	}
	defer r.Close()
	if st, err := r.Stat(); err == nil && !st.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, reason(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: it has more than %d bytes", errTooLarge, limit)
	}
	return data, nil
}

// reason is the part of a file system's error that says why.
func reason(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("permission denied")
	case errors.Is(err, fs.ErrInvalid):
		return errors.New("it is outside the folder")
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// disk is the path of a file for the operating system.
func (f *folder) disk(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(f.dir, filepath.FromSlash(name))
}

// exists tells whether there is such a file. What may stand in a folder that is not there
// is not looked for: thousands of operations could have documents, and few do.
func (f *folder) exists(name string) bool {
	if dir := path.Dir(filepath.ToSlash(name)); !f.isDir(dir) {
		return false
	}
	st, err := f.stat(name)
	return err == nil && !st.IsDir()
}

func (f *folder) isDir(dir string) bool {
	there, known := f.dirs[dir]
	if !known {
		st, err := f.stat(dir)
		there = err == nil && st.IsDir()
		if f.dirs == nil {
			f.dirs = map[string]bool{}
		}
		f.dirs[dir] = there
	}
	return there
}

func (f *folder) stat(name string) (fs.FileInfo, error) {
	if f.dir != "" {
		return os.Stat(f.disk(name))
	}
	return fs.Stat(f.fsys, path.Clean(name))
}

// walk lists the files below a folder with one of the extensions, sorted; none
// where there is no such folder. Links are followed: Kubernetes mounts folders as
// links. Hidden files and folders are left out.
func (f *folder) walk(dir string, exts ...string) (names []string, err error) {
	dir = path.Clean(filepath.ToSlash(dir))
	root, at := f.fsys, dir
	if f.dir != "" {
		root, at = os.DirFS(f.disk(dir)), "."
	}
	w := &walker{root: root, exts: exts}
	if _, err := fs.Stat(root, at); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err := w.walk(at, 0); err != nil {
		return nil, reason(err)
	}
	for i, n := range w.names {
		if f.dir != "" {
			w.names[i] = path.Join(dir, n)
		}
	}
	slices.Sort(w.names)
	return w.names, nil
}

type walker struct {
	root  fs.FS
	exts  []string
	names []string
}

// maxFolderDepth ends a walk through links that lead round in a circle.
const maxFolderDepth = 16

func (w *walker) walk(dir string, depth int) error {
	if depth > maxFolderDepth {
		return fmt.Errorf("folders are nested deeper than %d", maxFolderDepth)
	}
	entries, err := fs.ReadDir(w.root, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.Name()[0] == '.' || e.Name() == "node_modules" {
			continue
		}
		isDir := e.IsDir()
		if e.Type()&fs.ModeSymlink != 0 {
			st, err := fs.Stat(w.root, name)
			if err != nil {
				continue // a link that leads nowhere, such as an editor's lock
			}
			isDir = st.IsDir()
		}
		switch {
		case isDir:
			if err := w.walk(name, depth+1); err != nil {
				return err
			}
		case slices.Contains(w.exts, strings.ToLower(path.Ext(name))):
			if w.names = append(w.names, name); len(w.names) > maxFolderFiles {
				return fmt.Errorf("it holds more than %d files", maxFolderFiles)
			}
		}
	}
	return nil
}

// saw remembers that the Model depends on a file, there or not.
func (f *folder) saw(name string) {
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	f.seen[name] = true
}

// display is a file's name as the user would write it.
func (f *folder) display(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.ToSlash(filepath.Join(f.show, filepath.FromSlash(name)))
}

// watched lists the files read or looked for, as paths on disk or in the file system.
func (f *folder) watched() []string {
	names := make([]string, 0, len(f.seen))
	for n := range f.seen {
		if f.dir != "" {
			n = f.disk(n)
		} else {
			n = path.Clean(n)
		}
		names = append(names, n)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
