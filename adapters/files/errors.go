package files

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/dray-sync/dray/adapters"
)

// failure sorts an error. Names of files go into Detail only: they come from outside.
func failure(ctx context.Context, op, object, file string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrClosed):
		return adapters.ErrClosed
	}
	if _, ok := errors.AsType[*adapters.Error](err); ok {
		return err
	}
	e := &adapters.Error{Kind: adapters.Unavailable, Op: op, Object: object, Detail: adapters.NewUntrusted(file), Err: err}
	if row, ok := errors.AsType[*rowError](err); ok {
		e.Kind, e.Rule, e.Err = adapters.Invalid, row.Error(), nil
		return e
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Kind, e.Rule = adapters.NotFound, "a file or folder is not there"
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Rule = adapters.Unauthorized, "the agent's user may not do that to the file"
	case errors.Is(err, syscall.ENOSPC):
		e.Rule = "disk is full"
	default:
		e.Rule = "the file system refused"
	}
	return e
}

func invalid(op, object, field, rule string) *adapters.Error {
	return &adapters.Error{Kind: adapters.Invalid, Op: op, Object: object, Field: field, Rule: rule}
}
