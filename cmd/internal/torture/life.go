package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	breath  = 40 * time.Millisecond  // between changes
	latest  = 800 * time.Millisecond // how long after its instant a change is committed, at most
	several = 4                      // changes at once, which bear the same instant
	pending = 32                     // changes that have begun and are not committed, at most
	// mostRecords bounds how many records there are of each kind.
	mostRecords = 3000
	// eventsPerLife bounds how many events there are, by how many agents have lived: each event is written in a request of its own, and what
	// has not arrived when everything is quiet proves nothing.
	eventsPerLife = 8
)

// begin makes the first records.
func (w *world) begin(ctx context.Context) error {
	for range w.options.records {
		if err := w.change(ctx, 0, w.newID()); err != nil {
			return err
		}
	}
	return nil
}

// live changes records until ctx ends, and then waits for what is late.
func (w *world) live(ctx context.Context) error {
	tick := time.NewTicker(breath)
	defer tick.Stop()
	var late errgroup.Group
	late.SetLimit(pending)
	ids := w.ids()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return late.Wait()
		}
		for range 1 + w.chance.n(several) {
			id := w.newID()
			if len(ids) < mostRecords && w.chance.n(6) == 0 {
				ids = append(ids, id)
			} else {
				id = ids[w.chance.n(len(ids))]
			}
			w.changes.Add(1)
			wait := time.Duration(w.chance.n(int(latest)))
			// A change that has begun is not given up.
			late.Go(func() error { return w.change(context.WithoutCancel(ctx), wait, id) })
		}
	}
}

func (w *world) ids() []string {
	var ids []string
	for _, o := range w.shop.all() {
		ids = append(ids, o.ID)
	}
	return ids
}

func (w *world) newID() string {
	return fmt.Sprintf("%06x%02x", w.chance.n(1<<24), w.chance.n(1<<8))
}

// change makes or changes a record at every source.
func (w *world) change(ctx context.Context, late time.Duration, id string) error {
	name := fmt.Sprintf("name %d", w.chance.n(1_000_000))
	if w.chance.n(25) == 0 {
		name = poison + " " + name
	}
	o := order{ID: id, Rev: 1, Name: name, Kind: string(rune('a' + w.chance.n(3))), Group: fmt.Sprintf("g%d", w.chance.n(60))}
	for i := range 1 + int(id[0])%3 {
		o.Lines = append(o.Lines, line{No: i + 1, Text: "a line"})
	}
	w.shop.put(o, late)
	w.shop.tell(o, w.options.records+eventsPerLife*int(w.lives.Load()))
	if err := w.tables.putFile(ctx, id, name); err != nil {
		return fmt.Errorf("changing the file: %w", err)
	}
	if w.tables.postgres == nil {
		return nil
	}
	if err := w.tables.putServer(ctx, id, name, late); err != nil {
		return fmt.Errorf("changing the server: %w", err)
	}
	return nil
}
