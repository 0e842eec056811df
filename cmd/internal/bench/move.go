package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/dray-sync/dray/engine/state"
)

// A move is a whole run of a flow, with a state of its own, beside a program that moves the same rows.
type move struct {
	what, peer string
	rows       int // that there are to move
	flow       flow
	empty      func(context.Context) error                           // makes both destinations anew
	ready      func(context.Context) error                           // prepares what the peer reads, once the flow has run; nil: it is there
	copy       func(context.Context) error                           // runs the peer
	sums       func(context.Context) (ours, peers string, err error) // say what is in the destinations
}

// measure runs the flow and its peer in turn, compares what both have moved, and runs the flow once more under a profile.
func (m move) measure(ctx context.Context, o options) ([]row, error) {
	var ours, peers []float64
	for range o.n {
		took, err := m.runFlow(ctx, o)
		if err != nil {
			return nil, err
		}
		ours = append(ours, float64(m.rows)/took.Seconds())
		if took, err = m.runPeer(ctx); err != nil {
			return nil, err
		}
		peers = append(peers, float64(m.rows)/took.Seconds())
	}
	err := o.profiles.run(m.what, func() error {
		_, err := m.runFlow(ctx, o)
		return err
	})
	return []row{compare(m.what+" (peer: "+m.peer+")", "rows/s", ours, peers)}, err
}

// runFlow runs the flow once, into an empty destination.
func (m move) runFlow(ctx context.Context, o options) (time.Duration, error) {
	if err := m.empty(ctx); err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp(o.dir, "state-")
	if err != nil {
		return 0, err
	}
	run, err := m.flow.prepare(ctx, dir)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	r, err := run.Do(ctx)
	took := time.Since(begin)
	if err == nil && (r.Status != state.RunSucceeded || r.Counts.Created != int64(m.rows)) {
		err = fmt.Errorf("the run ended %s with %d of %d rows: %s", r.Status, r.Counts.Created, m.rows, r.Detail)
	}
	return took, err
}

// runPeer runs the peer once. The flow has run before.
func (m move) runPeer(ctx context.Context) (time.Duration, error) {
	if m.ready != nil {
		if err := m.ready(ctx); err != nil {
			return 0, err
		}
	}
	begin := time.Now()
	if err := m.copy(ctx); err != nil {
		return 0, err
	}
	took := time.Since(begin)
	ours, peers, err := m.sums(ctx)
	if err == nil && ours != peers {
		err = fmt.Errorf("dray and %s disagree: %s and %s", m.peer, ours, peers)
	}
	return took, err
}

// without returns the row of a move that cannot be measured, and says why.
func (m move) without(why string) []row {
	return []row{{m.what + " (peer: " + m.peer + ")", "-", why, "-"}}
}
