package run

import (
	"context"
	"errors"
	"io"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// replay tries dead letters again that a person chose. What fails once more stays where it is, and is not tried again by this run.
func (s *session) replay(ctx context.Context, r *Runner, w *work) error {
	if ids := w.beside.Replay.IDs; len(ids) > 0 {
		return s.replayThese(ctx, r, w, ids)
	}
	for page := ""; ; {
		letters, next, err := r.Store.DeadLetters(ctx, state.DeadLetterFilter{
			TouchpointID: w.touchpoint.ID, State: state.DeadLetterOpen, Cause: w.beside.Replay.Cause, Page: page, Limit: retryBatch, Content: true,
		})
		if err != nil {
			return err
		}
		if err := s.replayPage(ctx, r, w, letters); err != nil {
			return err
		}
		if page = next; page == "" {
			return io.EOF
		}
		if !r.Now().Before(w.deadline) {
			return errHandOver
		}
	}
}

// replayThese tries dead letters again by their ids.
func (s *session) replayThese(ctx context.Context, r *Runner, w *work, ids []string) error {
	var letters []state.DeadLetter
	for _, id := range ids {
		d, err := r.Store.DeadLetter(ctx, id)
		if errors.Is(err, state.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		letters = append(letters, d)
	}
	if err := s.replayPage(ctx, r, w, letters); err != nil {
		return err
	}
	return io.EOF
}

func (s *session) replayPage(ctx context.Context, r *Runner, w *work, letters []state.DeadLetter) error {
	var chosen []state.DeadLetter
	for _, d := range letters {
		if d.State == state.DeadLetterOpen && d.TouchpointID == w.touchpoint.ID && d.RunID != w.run {
			chosen = append(chosen, d)
		}
	}
	return s.tryAgain(ctx, r, w, chosen)
}

// tryAgain tries open dead letters again: of those of write-backs the write-back alone.
func (s *session) tryAgain(ctx context.Context, r *Runner, w *work, letters []state.DeadLetter) error {
	var owed []state.DeadLetter
	b := new(record.Batch)
	b.Reset(nil)
	defer func() { s.stage.letters = nil }()
	letters, err := s.readAnew(ctx, w, letters)
	if err != nil {
		return err
	}
	for _, d := range letters {
		if d.Stage == state.StageWriteBack {
			owed = append(owed, d)
			continue
		}
		doc, err := editedDoc(d.Source, w.edits())
		if err != nil {
			return err
		}
		b.AppendDoc(doc)
		s.stage.letters = append(s.stage.letters, d)
	}
	if err := s.acknowledgeAgain(ctx, r, w, owed); err != nil || b.Len() == 0 {
		return err
	}
	return s.batch(ctx, r, w, b)
}

// edits are made to every record of the run.
func (w *work) edits() []Edit {
	if w.beside == nil {
		return nil
	}
	return w.beside.Edits
}
