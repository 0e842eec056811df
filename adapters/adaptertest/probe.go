package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// A probe is one case at work on one target.
type probe struct {
	h    Harness
	t    *Target
	conn adapters.Connection
}

func (p *probe) open(ctx context.Context) error {
	if p.conn != nil {
		return nil
	}
	conn, err := p.h.Application.Open(ctx, p.t.Env, p.t.Settings)
	if err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	p.conn = conn
	return nil
}

func (p *probe) close(ctx context.Context) {
	if p.conn != nil {
		_ = p.conn.Close(ctx) // judged by the cases about closing
	}
}

func (p *probe) source(ctx context.Context) (adapters.Source, error) {
	if !p.h.Can.Source {
		return nil, skip("not a source")
	}
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	s, ok := p.conn.(adapters.Source)
	if !ok {
		return nil, errors.New("declared as a source but is none")
	}
	return s, nil
}

func (p *probe) destination(ctx context.Context) (adapters.Destination, error) {
	if !p.h.Can.Destination {
		return nil, skip("not a destination")
	}
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	d, ok := p.conn.(adapters.Destination)
	if !ok {
		return nil, errors.New("declared as a destination but is none")
	}
	return d, nil
}

// mode returns a way of reading everything.
func (p *probe) mode() (adapters.ReadMode, error) {
	for _, m := range []adapters.ReadMode{adapters.ReadFull, adapters.ReadIncremental} {
		if slices.Contains(p.h.Can.Reads, m) {
			return m, nil
		}
	}
	return "", skip("reads neither in full nor incrementally")
}

// got is what a read delivered.
type got struct {
	items []Item
	cuts  []cut
	ended bool // by io.EOF
}

// cut is a place where a checkpoint may fall.
type cut struct {
	seen int // records delivered up to it
	at   record.Cursor
}

// readOptions is when to stop before the end.
type readOptions struct {
	items   int // stop when this many are there; 0: never
	batches int // stop after this many batches; 0: never
	ack     bool
}

// read opens a read and drains it. A source that acknowledges has no end, so that opts.items must say how many to expect.
func (p *probe) read(ctx context.Context, req adapters.ReadRequest, opts readOptions) (got, error) {
	src, err := p.source(ctx)
	if err != nil {
		return got{}, err
	}
	req.Object = p.t.Object
	r, err := src.OpenRead(ctx, req)
	if err != nil {
		return got{}, fmt.Errorf("opening a read: %w", err)
	}
	g, err := drain(ctx, r, opts)
	if cerr := r.Close(ctx); err == nil && cerr != nil {
		err = fmt.Errorf("closing a reader: %w", cerr)
	}
	return g, err
}

func drain(ctx context.Context, r adapters.Reader, opts readOptions) (got, error) {
	var g got
	var b record.Batch
	for n := 0; (opts.batches == 0 || n < opts.batches) && (opts.items == 0 || len(g.items) < opts.items); n++ {
		switch err := r.Next(ctx, &b); {
		case errors.Is(err, io.EOF):
			g.ended = true
			return g, nil
		case err != nil:
			return g, fmt.Errorf("reading: %w", err)
		case b.Len() == 0:
			return g, errors.New("Next returned an empty batch without an error")
		}
		items, err := itemsOf(&b)
		if err != nil {
			return g, err
		}
		g.items = append(g.items, items...)
		if b.Safe == nil {
			continue
		}
		g.cuts = append(g.cuts, cut{seen: len(g.items), at: slices.Clone(b.Safe)})
		if opts.ack {
			if err := r.Ack(ctx, b.Safe); err != nil {
				return g, fmt.Errorf("acknowledging: %w", err)
			}
		}
	}
	return g, nil
}

// within runs f and complains when it takes longer than the bound. A call that never returns leaves its goroutine behind: the
// case has failed by then.
func (p *probe) within(what string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("%s panicked: %v", what, r)
			}
		}()
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(p.h.Bound):
		return &overdueError{what: what, bound: p.h.Bound}
	}
}

type overdueError struct {
	what  string
	bound time.Duration
}

func (e *overdueError) Error() string {
	return fmt.Sprintf("%s did not return within %s", e.what, e.bound)
}

// wantKind complains unless err has that kind, also when it is wrapped twice.
func wantKind(what string, err error, want adapters.Kind) error {
	if late, ok := errors.AsType[*overdueError](err); ok {
		return late
	}
	if err == nil {
		return fmt.Errorf("%s succeeded, want an error of kind %s", what, want)
	}
	wrapped := fmt.Errorf("outer: %w", fmt.Errorf("inner: %w", err))
	if got := adapters.KindOf(wrapped); got != want {
		return fmt.Errorf("%s: got kind %s (%w), want %s", what, got, err, want)
	}
	return nil
}
