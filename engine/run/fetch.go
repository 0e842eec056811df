package run

import (
	"context"
	"sync"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// prefetched is how many batches are read ahead of the one being written.
const prefetched = 2

// A fetcher reads ahead in a goroutine of its own, which Close ends and joins. Its other methods are for one goroutine.
type fetcher struct {
	reader adapters.Reader
	cancel context.CancelFunc
	free   chan *record.Batch
	full   chan fetched
	again  chan struct{}
	done   sync.WaitGroup
}

type fetched struct {
	batch *record.Batch
	err   error
}

// fetch starts reading. ctx bounds the whole read; it must outlive the slices of the run.
func fetch(ctx context.Context, r adapters.Reader) *fetcher {
	ctx, cancel := context.WithCancel(ctx)
	f := &fetcher{reader: r, cancel: cancel, free: make(chan *record.Batch, prefetched), full: make(chan fetched, prefetched), again: make(chan struct{}, 1)}
	for range prefetched {
		f.free <- new(record.Batch)
	}
	f.done.Go(func() { f.loop(ctx) })
	return f
}

// loop fills free batches. After a temporary error it waits until somebody wants another attempt; after any other it ends.
func (f *fetcher) loop(ctx context.Context) {
	for {
		var b *record.Batch
		select {
		case b = <-f.free:
		case <-ctx.Done():
			return
		}
		err := f.reader.Next(ctx, b)
		f.full <- fetched{b, err} // never blocks: there is room for every batch
		if err == nil {
			continue
		}
		if !temporary(err) {
			return
		}
		select {
		case <-f.again:
		case <-ctx.Done():
			return
		}
	}
}

// next returns the next batch, which the caller gives back. An error comes with a batch too; on io.EOF its Safe counts.
func (f *fetcher) next(ctx context.Context) (*record.Batch, error) {
	select {
	case r := <-f.full:
		return r.batch, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// giveBack returns a batch for reading into.
func (f *fetcher) giveBack(b *record.Batch) { f.free <- b }

// retry asks for another attempt after a temporary error.
func (f *fetcher) retry() { f.again <- struct{}{} }

// close ends the read and waits for it.
func (f *fetcher) close(ctx context.Context) error {
	f.cancel()
	f.done.Wait()
	return f.reader.Close(ctx)
}
