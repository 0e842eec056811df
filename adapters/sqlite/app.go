package sqlite

import (
	"context"
	_ "embed" // the schema
	"errors"

	"github.com/dray-sync/dray/adapters"
)

//go:embed config.cue
var schema string

// New returns the application "sqlite".
func New() adapters.Application { return application{} }

type application struct{}

// Spec implements [adapters.Application].
func (application) Spec() adapters.Spec {
	return adapters.Spec{Name: "sqlite", Description: "Tables, views and queries of an SQLite database file.", Schema: schema, Judge: judge, Describe: foretell, Transactional: true}
}

// Open implements [adapters.Application]. It looks at the path but does not open the file.
func (application) Open(ctx context.Context, env adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, objects, err := parseSettings(settings)
	if err != nil {
		return nil, err
	}
	file, err := locate(env.Paths, c)
	if err != nil {
		return nil, err
	}
	s := &source{file: file, objects: objects, reads: openReading(file), canSave: !c.ReadOnly}
	if c.ReadOnly {
		return s, nil
	}
	return &connection{source: s, writes: openWriting(file)}, nil
}

// locate returns the file's path, once it is sure that it stays inside an allowed folder.
func locate(paths adapters.Paths, c config) (string, error) {
	at := []string{"config", "path"}
	loc, err := paths.Resolve(c.Path, !c.ReadOnly)
	if err != nil {
		if ce, ok := errors.AsType[*adapters.ConfigError](err); ok {
			return "", &adapters.ConfigError{Path: at, Message: ce.Message, Hint: ce.Hint}
		}
		return "", err
	}
	defer func() { _ = loc.Root.Close() }() // it was only looked into
	info, err := loc.Root.Lstat(loc.Rel)
	if err == nil && !info.Mode().IsRegular() {
		return "", &adapters.ConfigError{Path: at, Message: "is not a plain file", Hint: "name the database file itself, not a link or a folder"}
	}
	return loc.Abs, nil // one that is missing may be there later
}
