package run

import (
	"context"
	"errors"
	"io"

	"github.com/dray-sync/dray/engine/state"
)

// park ends a run that waits for a person, with what it would do.
func (r *Runner) park(ctx context.Context, w *work, limit *limitError) error {
	wants := limit.wants
	if s := w.memory.session; s != nil && s.fetcher != nil && (s.sweep == nil || !s.sweep.Complete) && w.beside == nil {
		s.survey(ctx, r, w, &wants)
	}
	return r.end(ctx, w, &state.RunEnd{Status: state.RunParked, Code: limit.code, Detail: limit.text, Wants: &wants})
}

// survey counts what the rest of the read would do, as far as it comes within the slice. Nothing is written.
func (s *session) survey(ctx context.Context, r *Runner, w *work, wants *state.Wants) {
	wants.More = true
	patient, cancel := context.WithTimeout(ctx, w.deadline.Sub(r.Now()))
	defer cancel()
	for patient.Err() == nil && r.Now().Before(w.deadline) {
		s.draftNext(ctx, r, w, 0, nil)
		d := s.drafter.take(patient)
		if d == nil || d.batch == nil {
			return
		}
		err := d.err
		if err == nil {
			err = s.foresee(ctx, r, w, d, wants)
		}
		s.fetcher.giveBack(d.batch)
		if err != nil {
			wants.More = !errors.Is(err, io.EOF)
			return
		}
	}
}

// foresee adds what a draft would do.
func (s *session) foresee(ctx context.Context, r *Runner, w *work, d *draft, wants *state.Wants) error {
	if d.stage == nil {
		s.equip(r, w)
		if s.stage.steps != nil {
			s.stage.steps.observe = true
		}
		if err := s.stage.prepare(ctx, d.batch, d.read); err != nil {
			return err
		}
		d.fill(s.stage)
	}
	s.stage = d.stage
	if err := s.consult(ctx, r, w.touchpoint.ID, d.entries, &state.Counts{}); err != nil {
		return err
	}
	next := s.intend()
	wants.Created += next.Created
	wants.Updated += next.Updated
	wants.Deleted += next.Deleted
	return nil
}
