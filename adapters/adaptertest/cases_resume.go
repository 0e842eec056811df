package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters"
)

func resumeCases() []Case {
	return []Case{
		{"resume", "after a crash a read goes on from the last checkpoint: what is left out there is never seen again", tryResume},
		{"incremental", "an incremental read that finds nothing new must end at once, and must find what came later", tryIncremental},
		{"bad-cursor", "a cursor of another version must be refused, not taken for the beginning or the end", tryBadCursor},
	}
}

// tryResume reads everything once to learn the cut points and then starts from each of them.
func tryResume(ctx context.Context, p *probe) error {
	if p.h.Can.Acks {
		return skip("a queue goes on from what is acknowledged")
	}
	items := someItems(3*p.h.Batch + 1)
	if _, err := p.source(ctx); err != nil {
		return err
	}
	if err := p.seed(ctx, items); err != nil {
		return err
	}
	for _, mode := range p.h.Can.Reads {
		if mode == adapters.ReadKeys {
			continue
		}
		if err := p.resumeIn(ctx, mode, items); err != nil {
			return fmt.Errorf("in mode %q: %w", mode, err)
		}
	}
	return nil
}

func (p *probe) resumeIn(ctx context.Context, mode adapters.ReadMode, items []Item) error {
	whole, err := p.read(ctx, adapters.ReadRequest{Mode: mode}, readOptions{})
	if err != nil {
		return err
	}
	if err := p.diff(whole.items, items); err != nil {
		return err
	}
	if mode == adapters.ReadIncremental {
		if len(whole.cuts) < 2 {
			return fmt.Errorf("%d records have %d safe cursors, want several", len(items), len(whole.cuts))
		}
		if last := whole.cuts[len(whole.cuts)-1]; last.seen != len(items) {
			return fmt.Errorf("a completed read must end on a safe cursor, but the last stands behind %d of %d records", last.seen, len(items))
		}
	}
	for _, c := range whole.cuts {
		rest, err := p.read(ctx, adapters.ReadRequest{Mode: mode, From: slices.Clone(c.at)}, readOptions{})
		if err != nil {
			return fmt.Errorf("from the cursor behind record %d: %w", c.seen, err)
		}
		if err := p.diff(rest.items, whole.items[c.seen:]); err != nil {
			return fmt.Errorf("from the cursor behind record %d: %w", c.seen, err)
		}
	}
	return nil
}

func tryIncremental(ctx context.Context, p *probe) error {
	if !slices.Contains(p.h.Can.Reads, adapters.ReadIncremental) || p.h.Can.Acks {
		return skip("does not read incrementally from a cursor")
	}
	items := someItems(9)
	if _, err := p.source(ctx); err != nil {
		return err
	}
	if err := p.seed(ctx, items); err != nil {
		return err
	}
	req := adapters.ReadRequest{Mode: adapters.ReadIncremental}
	first, err := p.read(ctx, req, readOptions{})
	if err != nil {
		return err
	}
	if len(first.cuts) == 0 {
		return errors.New("a completed read has no safe cursor")
	}
	req.From = first.cuts[len(first.cuts)-1].at
	none, err := p.read(ctx, req, readOptions{})
	if err != nil {
		return err
	}
	if err := p.diff(none.items, nil); err != nil {
		return fmt.Errorf("with nothing new: %w", err)
	}
	news := []Item{{ID: "new-1", Name: new("new"), Amount: "1", Rev: 100}, {ID: items[2].ID, Name: new("changed"), Amount: "2", Rev: 101}}
	if err := p.seed(ctx, news); err != nil {
		return err
	}
	second, err := p.read(ctx, req, readOptions{})
	if err != nil {
		return err
	}
	if err := p.diff(second.items, news); err != nil {
		return fmt.Errorf("after two changes: %w", err)
	}
	return nil
}

func tryBadCursor(ctx context.Context, p *probe) error {
	if !slices.Contains(p.h.Can.Reads, adapters.ReadIncremental) || p.h.Can.Acks {
		return skip("does not read incrementally from a cursor")
	}
	_, err := p.read(ctx, adapters.ReadRequest{Mode: adapters.ReadIncremental, From: []byte("\x00not a cursor")}, readOptions{})
	return wantKind("reading from a cursor that is none", err, adapters.Invalid)
}
