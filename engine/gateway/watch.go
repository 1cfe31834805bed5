package gateway

import (
	"context"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How a folder is watched. Editors write in several steps and version control writes
// many files: a change is acted on when nothing has changed for changeSettles, and at the
// latest after changeWaits. Some file systems (network shares, bind mounts) tell nothing,
// so the folder is also looked at every pollEvery.
const (
	changeSettles = 80 * time.Millisecond
	changeWaits   = 500 * time.Millisecond
	pollEvery     = 2 * time.Second
)

// watch calls changed whenever something in the folders has changed, until ctx ends.
// Folders are watched, not files: a file that is replaced by renaming, as editors and
// Kubernetes do, would be lost otherwise. folders is asked anew after each change.
//
// seen is the fingerprint of the folders when they were read: what has changed since,
// even before watching began, counts as a change.
func watch(ctx context.Context, folders func() []string, seen uint64, changed func()) {
	notify, err := fsnotify.NewWatcher()
	var events chan fsnotify.Event
	var errors chan error
	watched := map[string]bool{}
	if err == nil {
		defer notify.Close()
		events, errors = notify.Events, notify.Errors
	}
	follow := func() {
		if notify == nil {
			return
		}
		want := map[string]bool{}
		for _, root := range folders() {
			for _, dir := range subfolders(root) {
				want[dir] = true
				if !watched[dir] && notify.Add(dir) == nil {
					watched[dir] = true
				}
			}
		}
		for dir := range watched {
			if !want[dir] {
				_ = notify.Remove(dir)
				delete(watched, dir)
			}
		}
	}
	follow()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	quiet := time.NewTimer(0) // look once at what has changed so far
	var since time.Time
	act := func() {
		since = time.Time{}
		if now := fingerprint(folders()); now != seen {
			seen = now
			changed()
			follow()
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			if e.Op == fsnotify.Chmod {
				continue
			}
			now := time.Now()
			if since.IsZero() {
				since = now
			}
			quiet.Reset(min(changeSettles, max(0, changeWaits-now.Sub(since))))
		case <-errors:
			// An overflow loses events; the next poll finds what changed.
		case <-quiet.C:
			act()
		case <-ticker.C:
			act()
		}
	}
}

// outermost leaves out folders that lie in others: watching goes down by itself.
func outermost(folders []string) []string {
	var out []string
	for i, f := range folders {
		inner := false
		for j, o := range folders {
			rel, err := filepath.Rel(o, f)
			inside := err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
			if i != j && inside && (rel != "." || j < i) {
				inner = true
			}
		}
		if !inner {
			out = append(out, f)
		}
	}
	return out
}

// subfolders lists a folder and the folders in it, without hidden ones.
func subfolders(root string) []string {
	var out []string
	_ = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it may be gone already
		}
		if d.IsDir() {
			if name != root && hidden(d.Name()) {
				return filepath.SkipDir
			}
			out = append(out, name)
		}
		return nil
	})
	return out
}

func hidden(name string) bool {
	return len(name) > 1 && name[0] == '.' || name == "node_modules"
}

// fingerprint sums up names, sizes and times of all files in the folders, through
// symbolic links.
func fingerprint(roots []string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, root := range roots {
		_ = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if d.IsDir() {
				if name != root && hidden(d.Name()) {
					return filepath.SkipDir
				}
				return nil
			}
			info, err := os.Stat(name)
			if err != nil {
				return nil
			}
			h.WriteString(name)
			h.WriteString(strconv.FormatInt(info.Size(), 16))
			h.WriteString(strconv.FormatInt(info.ModTime().UnixNano(), 16))
			return nil
		})
	}
	return h.Sum64()
}

var seed = maphash.MakeSeed()
