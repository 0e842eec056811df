package run

import (
	"context"
	"errors"
	"io"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/state"
)

// A connectionError is an error of one connection.
type connectionError struct {
	connection string
	err        error
}

// Error returns the error alone.
func (e *connectionError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *connectionError) Unwrap() error { return e.err }

// blamed says whose an error is. nil stays nil, and an error that belongs to somebody stays theirs.
func blamed(connection string, err error) error {
	if _, ok := errors.AsType[*connectionError](err); ok || err == nil {
		return err
	}
	return &connectionError{connection, err}
}

// guarded works a slice, unless one of its connections is not to be asked now. What becomes of it counts for everyone who uses them.
func (r *Runner) guarded(ctx context.Context, w *work) error {
	leave, pause := r.Pool.Enter(w.flow.Model, w.flow.Spec.Connections())
	if pause != nil {
		return pause
	}
	err := r.steps(ctx, w)
	failed, reached := w.flow.blame(err)
	leave(failed, err, reached)
	return err
}

// blame returns the connection that an error of a slice comes from; "" where it is nobody's. reached reports whether the slice came to ask
// its connections.
func (f *Flow) blame(err error) (connection string, reached bool) {
	if own, ok := errors.AsType[*connectionError](err); ok {
		return own.connection, true
	}
	if _, ok := errors.AsType[*readError](err); ok {
		return f.Spec.Source.Connection, true
	}
	return "", errors.Is(err, io.EOF) || errors.Is(err, errHandOver) || errors.Is(err, errEnough)
}

// paused lets the run wait until its connections may be asked again. It looks earlier, since a new revision may change them.
func (r *Runner) paused(ctx context.Context, w *work, p *connect.Pause) (More, error) {
	w.memory.drop(ctx) // so that nothing is asked meanwhile
	wait := min(max(p.Until.Sub(r.Now()), 0), longestWait)
	r.Log.Info("run pauses", "touchpoint", w.flow.Name, "run", w.run, "connection", p.Connection, "until", p.Until)
	code := p.Kind
	if code == adapters.Internal {
		code = adapters.Unavailable
	}
	return r.next(ctx, w, state.NextSlice{After: wait, Code: code.String(), Detail: p.Error()})
}
