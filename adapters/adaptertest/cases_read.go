package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

func readCases() []Case {
	return []Case{
		{"read-all", "a record that is left out or delivered twice is an order lost or shipped twice", tryReadAll},
		{"read-empty", "an object without records is a completed read, not an error and not an endless one", tryReadEmpty},
		{"read-nulls", "a null that turns into an empty text overwrites what the other side had", tryReadNulls},
		{"read-exact-numbers", "amounts and long ids that pass through a float change silently", tryReadNumbers},
		{"read-keys", "a retried record is read again by its key; a neighbour must not come in its place", tryReadKeys},
		{"read-by", "what belongs to a record is found by a field: records of another would be sent in its place", tryReadBy},
		{"read-filter", "a filter that is not heeded lets records through that must not leave", tryReadFilter},
		{"reader-close", "a slice of a run may end anywhere in a read", tryReaderClose},
		{"cancel", "an agent that cannot stop a read cannot shut down or reload", tryCancel},
		{"concurrent-reads", "several touchpoints share one connection", tryConcurrent},
		{"ack", "a queue forgets what is acknowledged and repeats what is not; the other way round loses messages", tryAck},
	}
}

// readSeeded seeds the items and reads them all.
func (p *probe) readSeeded(ctx context.Context, items []Item) error {
	mode, err := p.mode()
	if err != nil {
		return err
	}
	if _, err := p.source(ctx); err != nil {
		return err
	}
	if err := p.seed(ctx, items); err != nil {
		return err
	}
	opts := readOptions{}
	if p.h.Can.Acks {
		opts.items = len(items)
	}
	g, err := p.read(ctx, adapters.ReadRequest{Mode: mode}, opts)
	if err != nil {
		return err
	}
	return p.diff(g.items, items)
}

func (p *probe) seed(ctx context.Context, items []Item) error {
	if err := p.t.Seed(ctx, items); err != nil {
		return fmt.Errorf("seeding the target: %w", err)
	}
	return nil
}

func tryReadAll(ctx context.Context, p *probe) error {
	return p.readSeeded(ctx, someItems(2*p.h.Batch+1))
}

func tryReadEmpty(ctx context.Context, p *probe) error {
	if p.h.Can.Acks {
		return skip("a queue has no end")
	}
	if _, err := p.source(ctx); err != nil {
		return err
	}
	for _, mode := range p.h.Can.Reads {
		if mode == adapters.ReadKeys {
			continue
		}
		err := p.within("reading nothing", func() error {
			g, err := p.read(ctx, adapters.ReadRequest{Mode: mode}, readOptions{})
			if err == nil && (len(g.items) != 0 || !g.ended) {
				err = fmt.Errorf("got %d records from an empty object", len(g.items))
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("in mode %q: %w", mode, err)
		}
	}
	return nil
}

func tryReadNulls(ctx context.Context, p *probe) error {
	if !p.h.Can.Nulls {
		return skip("the target has no nulls")
	}
	return p.readSeeded(ctx, []Item{
		{ID: "a", Name: nil, Amount: "1", Rev: 1}, {ID: "b", Name: new(""), Amount: "2", Rev: 2}, {ID: "c", Name: new(`q"u,o;t` + "\n\u00e9"), Amount: "3", Rev: 3},
	})
}

func numberItems() []Item {
	var items []Item
	for i, n := range numbers {
		items = append(items, Item{ID: fmt.Sprintf("n%d", i), Name: new("number"), Amount: n, Rev: int64(i) + 1})
	}
	return items
}

func tryReadNumbers(ctx context.Context, p *probe) error { return p.readSeeded(ctx, numberItems()) }

func tryReadKeys(ctx context.Context, p *probe) error {
	if !slices.Contains(p.h.Can.Reads, adapters.ReadKeys) {
		return skip("does not read by key")
	}
	items := someItems(20)
	if _, err := p.source(ctx); err != nil {
		return err
	}
	if err := p.seed(ctx, items); err != nil {
		return err
	}
	keys := [][]record.Value{
		{record.StringValue(items[17].ID)}, {record.StringValue("nobody")}, {record.StringValue(items[3].ID)},
	}
	g, err := p.read(ctx, adapters.ReadRequest{Mode: adapters.ReadKeys, Keys: keys}, readOptions{})
	if err != nil {
		return err
	}
	return p.diff(g.items, []Item{items[3], items[17]})
}

func tryReaderClose(ctx context.Context, p *probe) error {
	src, err := p.source(ctx)
	if err != nil {
		return err
	}
	mode, err := p.mode()
	if err != nil {
		return err
	}
	if err := p.seed(ctx, someItems(2*p.h.Batch+1)); err != nil {
		return err
	}
	r, err := src.OpenRead(ctx, adapters.ReadRequest{Object: p.t.Object, Mode: mode})
	if err != nil {
		return err
	}
	var b record.Batch
	if err := r.Next(ctx, &b); err != nil {
		return err
	}
	for range 2 {
		if err := p.within("closing a reader", func() error { return r.Close(ctx) }); err != nil {
			return err
		}
	}
	err = p.within("Next", func() error { return r.Next(ctx, &b) })
	if !errors.Is(err, adapters.ErrClosed) {
		return fmt.Errorf("Next after Close: got %v, want ErrClosed", err)
	}
	return nil
}

func tryCancel(ctx context.Context, p *probe) error {
	src, err := p.source(ctx)
	if err != nil {
		return err
	}
	mode, err := p.mode()
	if err != nil {
		return err
	}
	if err := p.seed(ctx, someItems(3*p.h.Batch)); err != nil {
		return err
	}
	r, err := src.OpenRead(ctx, adapters.ReadRequest{Object: p.t.Object, Mode: mode})
	if err != nil {
		return err
	}
	var b record.Batch
	if err := r.Next(ctx, &b); err != nil {
		return err
	}
	if p.t.Stall != nil {
		p.t.Stall()
	}
	short, cancel := context.WithCancel(ctx)
	calling := make(chan struct{})
	go func() {
		<-calling
		cancel()
	}()
	err = p.within("a cancelled read", func() error {
		close(calling)
		for {
			if err := r.Next(short, &b); err != nil {
				return err
			}
		}
	})
	cancel()
	if _, late := errors.AsType[*overdueError](err); late {
		return err
	}
	if !errors.Is(err, io.EOF) || p.h.Can.Acks || p.t.Stall != nil {
		if err := wantKind("a cancelled read", err, adapters.Canceled); err != nil {
			return err
		}
	}
	return p.within("closing a cancelled reader", func() error { return r.Close(ctx) })
}

func tryConcurrent(ctx context.Context, p *probe) error {
	if p.h.Can.Acks {
		return skip("readers of a queue share its messages")
	}
	mode, err := p.mode()
	if err != nil {
		return err
	}
	if _, err := p.source(ctx); err != nil {
		return err
	}
	items := someItems(p.h.Batch + 1)
	if err := p.seed(ctx, items); err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			g, err := p.read(ctx, adapters.ReadRequest{Mode: mode}, readOptions{})
			if err == nil {
				err = p.diff(g.items, items)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func tryAck(ctx context.Context, p *probe) error {
	if !p.h.Can.Acks {
		return skip("does not acknowledge")
	}
	mode, err := p.mode()
	if err != nil {
		return err
	}
	if _, err := p.source(ctx); err != nil {
		return err
	}
	items := someItems(2 * p.h.Batch)
	if err := p.seed(ctx, items); err != nil {
		return err
	}
	req := adapters.ReadRequest{Mode: mode}
	if _, err := p.read(ctx, req, readOptions{batches: 1}); err != nil {
		return err
	}
	again, err := p.read(ctx, req, readOptions{items: len(items)})
	if err != nil {
		return err
	}
	if err := p.diff(again.items, items); err != nil {
		return fmt.Errorf("after a read that acknowledged nothing: %w", err)
	}
	first, err := p.read(ctx, req, readOptions{batches: 1, ack: true})
	if err != nil {
		return err
	}
	if len(first.cuts) == 0 {
		return errors.New("the first batch has no safe cursor to acknowledge")
	}
	seen := first.cuts[0].seen
	rest, err := p.read(ctx, req, readOptions{items: len(items) - seen})
	if err != nil {
		return err
	}
	if err := p.diff(rest.items, items[seen:]); err != nil {
		return fmt.Errorf("after acknowledging the first %d: %w", seen, err)
	}
	return nil
}
