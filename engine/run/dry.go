package run

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/state"
)

// A DryRecord is what would become of one record. Output is valid until the next one.
type DryRecord struct {
	Outcome mapping.Outcome
	Reason  mapping.Reason
	Route   string // where it would be written; empty: the only place, or none
	Output  []byte // the mapped record as JSON; nil unless it would be written
}

// Dry reads from the flow's start and maps at most limit records (0: all). Nothing is written and nothing is remembered.
func Dry(ctx context.Context, f *Flow, pool *connect.Pool, now func() time.Time, limit int64, show func(DryRecord) error) (n state.Counts, err error) {
	e := ends{flow: f}
	defer e.close(context.WithoutCancel(ctx))
	if err := e.open(ctx, pool); err != nil {
		return n, err
	}
	reader, err := e.openReader(ctx, nil, now(), int(limit))
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, reader.Close(context.WithoutCancel(ctx))) }()
	err = e.dry(ctx, reader, now, limit, &n, show)
	return n, err
}

func (e *ends) dry(ctx context.Context, r adapters.Reader, now func() time.Time, limit int64, n *state.Counts, show func(DryRecord) error) error {
	w, b := newWalker(e, now, new(locks)), new(record.Batch)
	var text []byte
	var failed error
	visit := func(t turn) {
		d := DryRecord{Outcome: t.Outcome, Reason: t.Reason}
		switch t.Outcome {
		case mapping.Filtered:
			n.Filtered++
		case mapping.Skipped:
			n.Skipped++
		case mapping.Rejected:
			n.Rejected++
		case mapping.Parked:
			n.Parked++
		case mapping.Mapped:
			text = t.lane.program.AppendJSON(text[:0], t.Row, true)
			d.Output, d.Route = text, t.lane.Route
		}
		failed = errors.Join(failed, show(d))
	}
	for {
		err := r.Next(ctx, b)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if w.steps != nil {
			w.steps.observe = true
		}
		if err := w.prepare(ctx, b, b.Len()); err != nil {
			return err
		}
		for i := range b.Len() {
			if limit > 0 && n.Read == limit {
				return nil
			}
			n.Read++
			if w.walk(b, i, visit); failed != nil {
				return failed
			}
		}
	}
}
