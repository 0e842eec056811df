package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dray-sync/dray/adapters"
)

// sorted turns an error of the driver into one of the contract. The server's text goes into Detail and nothing of it anywhere
// else: it may quote rows. Errors that are sorted already pass.
func sorted(err error, op, object string) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*adapters.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*adapters.ConfigError](err); ok {
		return e
	}
	e := &adapters.Error{Op: op, Object: object}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		describe(e, pg)
		return e
	}
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind, e.Err = adapters.Canceled, context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Rule, e.Err = adapters.Canceled, "took too long", context.DeadlineExceeded
	case unreachable(err):
		e.Kind, e.Rule = adapters.Unavailable, "the server cannot be reached"
	default:
		e.Kind, e.Rule = adapters.Unavailable, "the connection to the server failed"
	}
	e.Detail = adapters.NewUntrusted(err.Error())
	return e
}

// describe fills in what an SQLSTATE means. Rule and Field name columns and constraints of the schema, never values.
func describe(e *adapters.Error, pg *pgconn.PgError) {
	e.Field = pg.ColumnName
	e.Detail = adapters.NewUntrusted(pg.Message + "\n" + pg.Detail)
	e.Kind, e.Rule = meaning(pg.Code)
	if pg.ConstraintName != "" {
		e.Rule += " (constraint " + pg.ConstraintName + ")"
	}
	if e.Rule == "" {
		e.Rule = "SQLSTATE " + pg.Code
	}
}

// meaning sorts an SQLSTATE.
func meaning(code string) (adapters.Kind, string) {
	if m, ok := exactly(code); ok {
		return m.kind, m.rule
	}
	if len(code) < 2 {
		return adapters.Internal, ""
	}
	switch code[:2] {
	case "08":
		return adapters.Unavailable, "the connection to the server failed"
	case "22":
		return adapters.Invalid, "value does not fit its column (SQLSTATE " + code + ")"
	case "23":
		return adapters.Invalid, "constraint"
	case "28":
		return adapters.Unauthorized, "the server refuses the credential"
	case "40":
		return adapters.Unavailable, "the transaction collided with another"
	case "42", "0A", "54", "44", "38", "39", "P0", "21", "2F":
		return adapters.Invalid, "SQLSTATE " + code
	case "53", "55", "57", "58":
		return adapters.Unavailable, "the server is overloaded or going down (SQLSTATE " + code + ")"
	default:
		return adapters.Internal, "SQLSTATE " + code
	}
}

type meant struct {
	kind adapters.Kind
	rule string
}

func exactly(code string) (meant, bool) {
	switch code {
	case "23505":
		return meant{adapters.Duplicate, "unique"}, true
	case "23503":
		return meant{adapters.MissingReference, "foreign key"}, true
	case "23502":
		return meant{adapters.Invalid, "not null"}, true
	case "23514":
		return meant{adapters.Invalid, "check"}, true
	case "23P01":
		return meant{adapters.Duplicate, "exclusion"}, true
	case "22001":
		return meant{adapters.Invalid, "too long"}, true
	case "22003":
		return meant{adapters.Invalid, "out of range"}, true
	case "22P02", "22P05", "22021", "22007", "22008":
		return meant{adapters.Invalid, "not a value of the column's type"}, true
	case "P0001":
		return meant{adapters.Invalid, "refused by a trigger or function"}, true
	case "42501":
		return meant{adapters.Unauthorized, "the role lacks a privilege"}, true
	case "42P01":
		return meant{adapters.NotFound, "no such table"}, true
	case "3D000":
		return meant{adapters.NotFound, "no such database"}, true
	case "3F000":
		return meant{adapters.NotFound, "no such schema"}, true
	case "40001", "40P01":
		return meant{adapters.Unavailable, "the transaction collided with another"}, true
	case "25006":
		return meant{adapters.Invalid, "writing in a read-only transaction"}, true
	default:
		return meant{}, false
	}
}

// isRecordFault reports whether err is about rows of the batch, so that halving it finds them.
func isRecordFault(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || len(pg.Code) < 2 {
		return false
	}
	switch pg.Code[:2] {
	case "22", "23", "44", "P0", "21", "38", "39", "54", "2F":
		return true
	default:
		return false
	}
}

// unfit is the error of a request that does not fit the object.
func unfit(op, object, field, rule string) *adapters.Error {
	return &adapters.Error{Kind: adapters.Invalid, Op: op, Object: object, Field: field, Rule: rule}
}
