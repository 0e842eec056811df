// Package watch tells when files below a folder change.
package watch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long nothing must happen until a change is told of: editors write a file in several steps, and git many files.
const quiet = 80 * time.Millisecond

// longest bounds the wait for quiet, for folders in which something always happens.
const longest = 2 * time.Second

// A Folder is watched with everything below it. Files and folders whose name starts with a dot, and what editors leave behind, do not count.
// Not safe for concurrent use.
type Folder struct {
	watcher *fsnotify.Watcher
	root    string
}

// New watches a folder. What changes from now on is told of by [Folder.Wait].
func New(dir string) (*Folder, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	f := &Folder{watcher: w, root: filepath.Clean(dir)}
	if err := f.add(f.root); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return f, nil
}

// Close ends the watch.
func (f *Folder) Close() error { return f.watcher.Close() }

// Wait returns as soon as something has changed since the last Wait and then nothing more for a moment, or with the error of ctx.
func (f *Folder) Wait(ctx context.Context) error {
	var still, end <-chan time.Time // nil until something changes
	for {
		changed := false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-still:
			return nil
		case <-end:
			return nil
		case event, ok := <-f.watcher.Events:
			if !ok {
				return fsnotify.ErrClosed
			}
			changed = f.counts(event)
		case err, ok := <-f.watcher.Errors:
			switch {
			case !ok:
				return fsnotify.ErrClosed
			case !errors.Is(err, fsnotify.ErrEventOverflow):
				return err
			}
			changed = true // events were lost, those of new folders too
			if err := f.add(f.root); err != nil {
				return err
			}
		}
		if !changed {
			continue
		}
		timer := time.NewTimer(quiet)
		defer timer.Stop()
		if still = timer.C; end == nil {
			bound := time.NewTimer(longest)
			defer bound.Stop()
			end = bound.C
		}
	}
}

// counts reports whether an event is about something that counts, and watches what is new.
func (f *Folder) counts(e fsnotify.Event) bool {
	rel, err := filepath.Rel(f.root, e.Name)
	if err != nil || e.Op == fsnotify.Chmod {
		return false
	}
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if part != "." && ignored(part) {
			return false
		}
	}
	if e.Has(fsnotify.Create) {
		if info, err := os.Lstat(e.Name); err == nil && info.IsDir() {
			_ = f.add(e.Name) // it may be gone already; what is above it is watched
		}
	}
	return true
}

// ignored reports whether a name is one that never counts: hidden, or a trace of an editor at work.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || name == "4913" || (strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"))
}

// add watches a folder and those below it.
func (f *Folder) add(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != f.root:
			return nil
		case err != nil:
			return err
		case !d.IsDir():
			return nil
		case name != f.root && ignored(d.Name()):
			return fs.SkipDir
		}
		return f.watcher.Add(name)
	})
}
