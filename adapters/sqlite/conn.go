package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// source is a connection that only reads.
type source struct {
	file    string
	objects map[string]object
	reads   *sql.DB
	canSave bool // part of a connection that writes too
	closed  atomic.Bool
}

// connection reads and writes.
type connection struct {
	*source
	writes *sql.DB
}

var (
	_ adapters.Source        = (*source)(nil)
	_ adapters.Discoverer    = (*source)(nil)
	_ adapters.Destination   = (*connection)(nil)
	_ adapters.KeyReader     = (*connection)(nil)
	_ adapters.Transactional = (*connection)(nil)
)

// Check opens the file and reads its schema.
func (s *source) Check(ctx context.Context) (string, error) {
	if s.closed.Load() {
		return "", adapters.ErrClosed
	}
	var version string
	var tables int
	err := s.reads.QueryRowContext(ctx, "SELECT sqlite_version(), (SELECT count(*) FROM sqlite_schema WHERE type = 'table')").Scan(&version, &tables)
	if err != nil {
		return "", failure(ctx, "connecting", "", err)
	}
	return fmt.Sprintf("SQLite %s, %q, %d tables", version, filepath.Base(s.file), tables), nil
}

// Close closes the file. Readers that are still open end when they are closed.
func (s *source) Close(context.Context) error {
	s.closed.Store(true)
	return s.reads.Close()
}

// Close closes the file for writes, then for reads.
func (c *connection) Close(ctx context.Context) error {
	c.closed.Store(true)
	return errors.Join(c.writes.Close(), c.source.Close(ctx))
}

// Describe asks the database about one object.
func (s *source) Describe(ctx context.Context, name string) (adapters.Object, error) {
	r, err := s.relation(ctx, "describing", name)
	if err != nil {
		return adapters.Object{}, err
	}
	return r.describe(s.canSave), nil
}

// Discover describes one object, or all tables and views and the objects of the settings.
func (s *source) Discover(ctx context.Context, name string) ([]adapters.Object, error) {
	names := []string{name}
	if name == "" {
		var err error
		if names, err = s.names(ctx); err != nil {
			return nil, err
		}
	}
	out := make([]adapters.Object, 0, len(names))
	for _, n := range names {
		o, err := s.Describe(ctx, n)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (s *source) names(ctx context.Context) ([]string, error) {
	if s.closed.Load() {
		return nil, adapters.ErrClosed
	}
	rows, err := s.reads.QueryContext(ctx, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
	if err != nil {
		return nil, failure(ctx, "describing", "", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	all := map[string]bool{}
	for name := range s.objects {
		all[name] = true
	}
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, failure(ctx, "describing", "", err)
		}
		all[n] = !hidden(n) || all[n]
	}
	maps.DeleteFunc(all, func(_ string, shown bool) bool { return !shown })
	return slices.Sorted(maps.Keys(all)), failure(ctx, "describing", "", rows.Err())
}

// ReadByKey implements [adapters.KeyReader].
func (c *connection) ReadByKey(ctx context.Context, req adapters.WriteRequest, keys [][]record.Value) ([]bool, error) {
	r, err := c.relation(ctx, "looking up", req.Object)
	if err != nil {
		return nil, err
	}
	if err := r.checkKey(req.Key); err != nil {
		return nil, err
	}
	conn, err := c.reads.Conn(ctx)
	if err != nil {
		return nil, failure(ctx, "looking up", req.Object, err)
	}
	defer func() { _ = conn.Close() }() // back to its pool
	found := make([]bool, len(keys))
	for i, key := range keys {
		args, _, rule := r.bind(req.Key, key)
		if rule != "" {
			continue // a key that cannot be stored is not there
		}
		err := conn.QueryRowContext(ctx, "SELECT 1 FROM "+r.from+" WHERE "+matching(req.Key), args...).Scan(new(int))
		if found[i] = err == nil; err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, failure(ctx, "looking up", req.Object, err)
		}
	}
	return found, nil
}

// bind returns the arguments for values in these columns, or the column whose value breaks a rule.
func (r *relation) bind(names []string, values []record.Value) (args []any, field, rule string) {
	for i, name := range names {
		if values[i].IsNull() {
			return nil, name, "a key must not be null"
		}
		v, rule := r.columns[r.column(name)].toDatabase(values[i])
		if rule != "" {
			return nil, name, rule
		}
		args = append(args, v)
	}
	return args, "", ""
}

// matching is the condition that finds a row by its key.
func matching(key []string) string {
	var s strings.Builder
	for i, name := range key {
		if i > 0 {
			s.WriteString(" AND ")
		}
		s.WriteString(quote(name) + " = ?")
	}
	return s.String()
}
