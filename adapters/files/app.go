package files

import (
	"context"
	_ "embed" // the schema
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/dray-sync/dray/adapters"
)

//go:embed config.cue
var schema string

// New returns the application "files". Connections opened from one value take turns in writing to the same file.
func New() adapters.Application { return &application{locks: &locks{held: map[string]chan struct{}{}}} }

type application struct{ locks *locks }

// Spec implements [adapters.Application].
func (*application) Spec() adapters.Spec {
	return adapters.Spec{Name: "files", Description: "CSV, JSON and JSON Lines files in a folder.", Schema: schema, Closed: true, Judge: judgeSettings, Describe: foretell}
}

// Open implements [adapters.Application].
func (a *application) Open(ctx context.Context, env adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, objects, err := parseSettings(settings)
	if err != nil {
		return nil, err
	}
	root, abs, writable, err := openFolder(env.Paths, c.Path)
	if err != nil {
		return nil, err
	}
	s := &source{folder: root, abs: abs, objects: objects, clock: env.Clock, writable: writable}
	if writable {
		return &connection{source: s, locks: a.locks}, nil
	}
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if objects[name].Archive != "" {
			_ = root.Close() // it was only looked into
			return nil, &adapters.ConfigError{
				Path: []string{"objects", name, "archive"}, Message: "the folder may only be read, so nothing can be moved",
				Hint: "let the agent's operator allow it for writing, or remove archive",
			}
		}
	}
	return s, nil
}

// openFolder opens the connection's folder, for writing where that is allowed.
func openFolder(allowed adapters.Paths, path string) (root *os.Root, abs string, writable bool, err error) {
	at := []string{"config", "path"}
	loc, err := allowed.Resolve(path, true)
	if writable = err == nil; !writable {
		loc, err = allowed.Resolve(path, false)
	}
	if ce, ok := errors.AsType[*adapters.ConfigError](err); ok {
		return nil, "", false, &adapters.ConfigError{Path: at, Message: ce.Message, Hint: ce.Hint}
	}
	if err != nil {
		return nil, "", false, err
	}
	defer func() { _ = loc.Root.Close() }() // the folder inside it has a handle of its own
	root, err = loc.Root.OpenRoot(loc.Rel)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", false, &adapters.ConfigError{Path: at, Message: "the folder does not exist", Hint: "make it, or correct the path"}
	case err != nil:
		return nil, "", false, &adapters.ConfigError{Path: at, Message: "is not a folder that can be opened"}
	}
	return root, loc.Abs, writable, nil
}

// locks lets one writer at a time at each file.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the file is free again
}

// lock waits until the file is free.
func (l *locks) lock(ctx context.Context, file string) (unlock func(), err error) {
	for {
		l.mu.Lock()
		busy, taken := l.held[file]
		if !taken {
			free := make(chan struct{})
			l.held[file] = free
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				delete(l.held, file)
				close(free)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
