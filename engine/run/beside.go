package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// A Request is what a run beside the normal flow is asked for: exactly one of Replay, Resync and Where. Such a run never moves the normal
// checkpoint. It may hold content: it is kept sealed.
type Request struct {
	// Actor is who asked, and Reason why, as they said it.
	Actor  string `json:"actor"`
	Reason string `json:"reason,omitempty"`
	// Edits are made to every record before it is mapped.
	Edits  []Edit  `json:"edits,omitempty"`
	Replay *Replay `json:"replay,omitempty"`
	Resync *Resync `json:"resync,omitempty"`
	// Where reads from the touchpoint's start with this condition in place of its own.
	Where string `json:"where,omitempty"`
}

// Replay chooses open dead letters to try again. The zero Replay chooses all of the touchpoint.
type Replay struct {
	// Cause is the wanted cause; zero: all.
	Cause state.KeyHash `json:"cause,omitzero"`
	// IDs are those wanted; empty: all.
	IDs []string `json:"ids,omitempty"`
}

// Resync chooses records to be read by key and sent again. Exactly one of its choices is set.
type Resync struct {
	// Keys are source keys, each as a JSON list of its parts.
	Keys []json.RawMessage `json:"keys,omitempty"`
	// Changed are the records that changed in the source, by its cursor.
	Changed *Window `json:"changed,omitempty"`
	// Created are those that were first delivered, Written those that were last written, by the ledger.
	Created *Window `json:"created,omitempty"`
	Written *Window `json:"written,omitempty"`
	// Run are those that a run wrote last.
	Run int64 `json:"run,omitempty"`
	// Revisions are those that mappings of these commits wrote last.
	Revisions []string `json:"revisions,omitempty"`
	// Force sends also what has not changed.
	Force bool `json:"force,omitempty"`
}

// Window is a span of time, both ends included.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// holds reports whether an instant is in the window.
func (w *Window) holds(t time.Time) bool { return !t.Before(w.From) && !t.After(w.To) }

// Encode returns the request as the state keeps it.
func (q *Request) Encode() ([]byte, error) { return json.Marshal(q) }

// DecodeRequest reads what Encode wrote.
func DecodeRequest(text []byte) (*Request, error) {
	q := new(Request)
	if err := json.Unmarshal(text, q); err != nil {
		return nil, fmt.Errorf("what the run was asked for cannot be read: %w", err)
	}
	return q, nil
}

// beside is a run beside the normal flow at work in one slice.
type beside struct {
	*Request
	done headway
	next []byte // the progress that the next commit keeps
}

// headway is how far such a run has come, as the state keeps it.
type headway struct {
	Keys    int           `json:"keys,omitempty"`    // of those asked for, how many are done
	Missing int           `json:"missing,omitempty"` // of those, how many the source did not have
	After   state.KeyHash `json:"after,omitzero"`    // of the ledger, the last key that is done
	Cursor  record.Cursor `json:"cursor,omitempty"`
}

// besideOf returns what a run was asked for; nil for a normal run.
func (r *Runner) besideOf(ctx context.Context, run state.Run) (*beside, error) {
	if !run.Beside {
		return nil, nil
	}
	request, done, err := r.Store.RunRequest(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	b := new(beside)
	if b.Request, err = DecodeRequest(request); err != nil {
		return nil, err
	}
	if done != nil {
		err = json.Unmarshal(done, &b.done)
	}
	return b, err
}

// flow returns the flow as this run works it.
func (b *beside) flow(f *Flow) *Flow {
	if b == nil || b.Where == "" {
		return f
	}
	other := *f
	other.Spec.Source.Where = b.Where
	return &other
}

// keep has the next commit keep how far the run has come.
func (b *beside) keep(p headway) error {
	text, err := json.Marshal(p)
	b.done, b.next = p, text
	return err
}

// note adds the progress to a commit.
func (b *beside) note(c *state.Commit) {
	if b != nil {
		c.Progress, b.next = b.next, nil
	}
}

// end says in a run's end what its records do not tell.
func (b *beside) end(e *state.RunEnd) *state.RunEnd {
	if b == nil || b.done.Missing == 0 {
		return e
	}
	e.Code, e.Detail = "KeysNotFound", fmt.Sprintf("the source does not have %d of the %d keys that were asked for", b.done.Missing, b.done.Keys)
	if e.Status == state.RunEmpty {
		e.Status = state.RunFailed
	}
	return e
}

// workBeside works a run beside the normal flow until it is done or the slice is over.
func (r *Runner) workBeside(ctx context.Context, w *work) error {
	s := w.memory.session
	s.stage.again = w.beside.again()
	switch {
	case w.beside.Replay != nil:
		return s.replay(ctx, r, w)
	case w.beside.Resync != nil:
		return s.resync(ctx, r, w)
	default:
		return s.readAside(ctx, r, w)
	}
}

// again says how records are judged that are sent again.
func (b *beside) again() *again {
	if b.Resync == nil {
		return nil
	}
	return &again{force: b.Resync.Force || len(b.Edits) > 0}
}

// readAside reads from the touchpoint's start, and keeps the place as progress of the run.
func (s *session) readAside(ctx context.Context, r *Runner, w *work) error {
	req, err := s.ends.readRequest(w.beside.done.Cursor, w.touchpoint.CreatedAt, 0)
	if err != nil {
		return err
	}
	return s.follow(ctx, r, w, req, func(*record.Batch) (*record.Batch, bool, error) { return nil, false, nil })
}

// follow reads from a place on. choose returns what is to be sent of a batch, nil: all of it, and whether nothing comes after it.
func (s *session) follow(ctx context.Context, r *Runner, w *work, req adapters.ReadRequest, choose func(*record.Batch) (*record.Batch, bool, error)) (err error) {
	reader, err := s.ends.read(ctx, req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close(context.WithoutCancel(ctx))) }()
	b := new(record.Batch)
	for {
		if err := reader.Next(ctx, b); err != nil {
			return err // io.EOF ends the run
		}
		some, last, err := choose(b)
		if err != nil {
			return err
		}
		if some == nil {
			some = b
		}
		done := w.beside.done
		if b.Safe != nil {
			done.Cursor = b.Safe
		}
		if err := s.sendAside(ctx, r, w, some, done); err != nil {
			return err
		}
		if last {
			return io.EOF
		}
	}
}

// sendAside sends a batch and commits with it how far the run has come. An error may be that the slice is over.
func (s *session) sendAside(ctx context.Context, r *Runner, w *work, b *record.Batch, done headway) error {
	b.Safe = nil // the normal checkpoint stays where it is
	b, err := edited(b, w.beside.Edits)
	if err != nil {
		return err
	}
	if err := w.beside.keep(done); err != nil {
		return err
	}
	if b.Len() > 0 {
		err = s.batch(ctx, r, w, b)
	} else {
		c := state.Commit{}
		w.beside.note(&c)
		err = r.Store.Commit(ctx, w.fence, c)
	}
	if err != nil {
		return err
	}
	if !r.Now().Before(w.deadline) {
		return errHandOver
	}
	return w.flow.open(r.Now())
}
