package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/dray-sync/dray/adapters"
)

// failure sorts an error of the database. What SQLite says goes into Detail only, as it may hold content.
func failure(ctx context.Context, op, object string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, sql.ErrConnDone) || err.Error() == "sql: database is closed": // database/sql exports no error for the latter
		return adapters.ErrClosed
	}
	e := &adapters.Error{Kind: adapters.Internal, Op: op, Object: object, Err: err, Detail: adapters.NewUntrusted(err.Error())}
	if _, ok := errors.AsType[*adapters.Error](err); ok {
		return err
	}
	se, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return e
	}
	e.Kind, e.Rule = sortCode(se.Code())
	return e
}

func sortCode(code int) (adapters.Kind, string) {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_NOTNULL:
		return adapters.Invalid, "not null"
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return adapters.Duplicate, "unique"
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return adapters.MissingReference, "foreign key"
	case sqlite3.SQLITE_CONSTRAINT_CHECK:
		return adapters.Invalid, "check"
	case sqlite3.SQLITE_CONSTRAINT_TRIGGER:
		return adapters.Invalid, "trigger"
	}
	switch code & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		return adapters.Invalid, "constraint"
	case sqlite3.SQLITE_MISMATCH:
		return adapters.Invalid, "type"
	case sqlite3.SQLITE_TOOBIG:
		return adapters.Invalid, "too large"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return adapters.Unavailable, "database is locked by somebody else"
	case sqlite3.SQLITE_FULL:
		return adapters.Unavailable, "disk is full"
	case sqlite3.SQLITE_IOERR:
		return adapters.Unavailable, "disk error"
	case sqlite3.SQLITE_CANTOPEN:
		return adapters.Unavailable, "database file cannot be opened; does it exist?"
	case sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return adapters.Unauthorized, "not allowed"
	case sqlite3.SQLITE_READONLY:
		return adapters.Unauthorized, "database is read-only"
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return adapters.Internal, "file is damaged or no SQLite database"
	case sqlite3.SQLITE_ERROR:
		return adapters.Invalid, "SQL error"
	default:
		return adapters.Internal, ""
	}
}

// rejection turns a failed statement of one record into its outcome. It reports false when the failure is not the record's.
func (r *relation) rejection(err error) (adapters.Outcome, bool) {
	se, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return adapters.Outcome{}, false
	}
	kind, rule := sortCode(se.Code())
	if kind != adapters.Invalid && kind != adapters.Duplicate && kind != adapters.MissingReference {
		return adapters.Outcome{}, false
	}
	e := &adapters.Error{
		Kind: kind, Op: "writing", Object: r.name, Field: r.fieldIn(se.Error()), Rule: rule, Err: err,
		Detail: adapters.NewUntrusted(se.Error()),
	}
	return adapters.Outcome{Result: adapters.Rejected, Err: e}, true
}

// fieldIn returns the first column that a message names as table.column. Only names of columns come out of it, never content.
func (r *relation) fieldIn(message string) string {
	_, list, _ := strings.Cut(message, " failed: ")
	for _, word := range strings.FieldsFunc(list, func(c rune) bool { return c == ' ' || c == ',' }) {
		if name, ok := strings.CutPrefix(word, r.table+"."); ok && r.column(name) >= 0 {
			return name
		}
	}
	return ""
}

// refuse returns the outcome of a record that is not even tried.
func (r *relation) refuse(kind adapters.Kind, field, rule string) adapters.Outcome {
	return adapters.Outcome{
		Result: adapters.Rejected,
		Err:    &adapters.Error{Kind: kind, Op: "writing", Object: r.name, Field: field, Rule: rule},
	}
}
