package run

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// What is read ahead: one batch, and where destinations want many records at once, more of them up to these bounds.
const (
	aheadBatches = 16
	aheadRecords = 5_000
	aheadBytes   = 4 << 20
)

// A fetcher reads ahead in a goroutine of its own, which close ends and joins. Its other methods are for one goroutine at a time.
type fetcher struct {
	reader adapters.Reader
	bulk   int // how many records next gathers, where so many have been read; 0: a batch as it was read
	cancel context.CancelFunc
	free   chan *record.Batch
	full   chan fetched
	held   *fetched // taken from full, and not returned yet
	taken  chan struct{}
	again  chan struct{}
	done   sync.WaitGroup

	records, bytes atomic.Int64 // in full
}

type fetched struct {
	batch *record.Batch
	err   error
}

// fetch starts reading. ctx bounds the whole read; it must outlive the slices of the run.
func fetch(ctx context.Context, r adapters.Reader, bulk int) *fetcher {
	ctx, cancel := context.WithCancel(ctx)
	ahead := 1
	if bulk > 0 {
		ahead = aheadBatches
	}
	f := &fetcher{
		reader: r, bulk: bulk, cancel: cancel, free: make(chan *record.Batch, ahead), full: make(chan fetched, ahead),
		taken: make(chan struct{}, 1), again: make(chan struct{}, 1),
	}
	f.done.Go(func() { f.loop(ctx) })
	return f
}

// loop reads batches. After a temporary error it waits until somebody wants another attempt; after any other it ends.
func (f *fetcher) loop(ctx context.Context) {
	for {
		for !f.hasRoom() {
			select {
			case <-f.taken:
			case <-ctx.Done():
				return
			}
		}
		b := f.empty()
		err := f.reader.Next(ctx, b)
		f.records.Add(int64(b.Len()))
		f.bytes.Add(int64(b.Size()))
		f.full <- fetched{b, err} // never blocks: there is room
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

// hasRoom reports whether another batch may wait.
func (f *fetcher) hasRoom() bool {
	n := len(f.full)
	return n == 0 || n < cap(f.full) && f.records.Load() < aheadRecords && f.bytes.Load() < aheadBytes
}

// empty returns a batch for reading into.
func (f *fetcher) empty() *record.Batch {
	select {
	case b := <-f.free:
		return b
	default:
		return new(record.Batch)
	}
}

// next returns the next batch, which the caller gives back. An error of the read comes with a batch too; on io.EOF its Safe counts. Without a
// batch, ctx ended before.
func (f *fetcher) next(ctx context.Context) (*record.Batch, error) {
	first, ok := f.wait(ctx)
	if !ok {
		return nil, ctx.Err()
	}
	if first.err == nil {
		f.gather(first.batch)
	}
	return first.batch, first.err
}

func (f *fetcher) wait(ctx context.Context) (fetched, bool) {
	if h := f.held; h != nil {
		f.held = nil
		return *h, true
	}
	select {
	case r := <-f.full:
		f.took(r)
		return r, true
	case <-ctx.Done():
		return fetched{}, false
	}
}

// gather appends what has been read already, without waiting, until there are as many records as destinations want. What can be a
// checkpoint stays one: nothing comes behind it that ends where none may fall.
func (f *fetcher) gather(b *record.Batch) {
	for b.Len() < f.bulk && b.Size() < aheadBytes {
		select {
		case r := <-f.full:
			f.took(r)
			if r.err != nil || r.batch.Encoding != b.Encoding || r.batch.Shape != b.Shape || b.Safe != nil && r.batch.Safe == nil {
				f.held = &r
				return
			}
			b.Append(r.batch)
			f.giveBack(r.batch)
		default:
			return
		}
	}
}

// took notes that a batch does not wait any more.
func (f *fetcher) took(r fetched) {
	f.records.Add(-int64(r.batch.Len()))
	f.bytes.Add(-int64(r.batch.Size()))
	select {
	case f.taken <- struct{}{}:
	default:
	}
}

// giveBack returns a batch for reading into.
func (f *fetcher) giveBack(b *record.Batch) {
	select {
	case f.free <- b:
	default: // there are enough
	}
}

// retry asks for another attempt after a temporary error.
func (f *fetcher) retry() { f.again <- struct{}{} }

// close ends the read and waits for it.
func (f *fetcher) close(ctx context.Context) error {
	f.cancel()
	f.done.Wait()
	return f.reader.Close(ctx)
}
