package state

import (
	"context"
	"database/sql"
	"errors"
)

// scanner reads the columns of the current row.
type scanner func(into ...any) error

// each calls f for each row of a query on a reader. f must copy what it keeps of
// raw bytes only if it scans into [sql.RawBytes].
func (s *Store) each(ctx context.Context, query string, args []any, f func(scanner) error) (err error) {
	if s.closed.Load() {
		return errClosed
	}
	rows, err := s.db.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return s.fail(err)
	}
	defer func() { err = errors.Join(err, s.fail(rows.Close())) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return s.fail(err)
		}
	}
	return s.fail(rows.Err())
}

// oneRow runs a query for at most one row on a reader and reports whether there was one.
func (s *Store) oneRow(ctx context.Context, query string, args []any, into ...any) (bool, error) {
	if s.closed.Load() {
		return false, errClosed
	}
	err := s.db.readers.QueryRowContext(ctx, query, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, s.fail(err)
}
