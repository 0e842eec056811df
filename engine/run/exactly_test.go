package run_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// txConn is a connection whose transactions have faults.
type txConn struct{ keyConn }

func (c txConn) Begin(ctx context.Context, req adapters.WriteRequest, scope adapters.Scope) (adapters.Tx, error) {
	if c.faults.begin != nil {
		c.faults.begin()
	}
	tx, err := c.Connection.(adapters.Transactional).Begin(ctx, req, scope)
	return bentTx{tx, c.faults}, err
}

type bentTx struct {
	adapters.Tx
	faults *faults
}

func (x bentTx) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	send := func() error { return x.Tx.Write(ctx, b, out) }
	if x.faults.write != nil {
		return x.faults.write(b, out, send)
	}
	return send()
}

func (x bentTx) Commit(ctx context.Context, seq int64, cursor record.Cursor) error {
	commit := func() error { return x.Tx.Commit(ctx, seq, cursor) }
	if x.faults.commit != nil {
		return x.faults.commit(commit)
	}
	return commit()
}

// newExactWorld returns a world that makes a new record of every one that it reads, exactly once. mem refuses a second create of a key: a repeat shows as
// a rejection.
func newExactWorld(t *testing.T) *world {
	w := newWorld(t, func(s *config.Touchpoint) {
		creates(s)
		s.Delivery = "exactlyOnce"
	})
	w.dst.rows = true
	return w
}

// dies lets the process end: whatever it does from now on is fenced, and nothing in memory is left.
func (w *world) dies(id int64) error {
	_, _, err := w.store.BeginSlice(context.WithoutCancel(w.t.Context()), id)
	if err != nil {
		w.t.Error(err)
	}
	return &adapters.Error{Kind: adapters.UnknownOutcome, Op: "writing", Rule: "the process ends here"}
}

// TestExactlyOnceKilledAtEveryStep ends the process at every step of the second batch's delivery.
func TestExactlyOnceKilledAtEveryStep(t *testing.T) {
	steps := map[string]func(w *world, id int64){
		"before the transaction": func(w *world, id int64) {
			n := 0
			w.dst.begin = func() {
				if n++; n == 3 { // the first one asks where the destination stands
					_ = w.dies(id)
				}
			}
		},
		"during the write": func(w *world, id int64) {
			n := 0
			w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
				if n++; n != 2 {
					return send()
				}
				return w.dies(id)
			}
		},
		"before it is prepared": func(w *world, id int64) {
			n := 0
			w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
				if n++; n == 2 {
					_ = w.dies(id)
				}
				return send()
			}
		},
		"after it is prepared": func(w *world, id int64) {
			n := 0
			w.dst.commit = func(commit func() error) error {
				if n++; n != 2 {
					return commit()
				}
				return w.dies(id)
			}
		},
		"while the destination commits": func(w *world, id int64) {
			n := 0
			w.dst.commit = func(commit func() error) error {
				if n++; n != 2 {
					return commit()
				}
				if err := commit(); err != nil {
					return err
				}
				return w.dies(id)
			}
		},
		"before it is finished": func(w *world, id int64) {
			n := 0
			w.dst.commit = func(commit func() error) error {
				if n++; n == 2 {
					_ = w.dies(id)
				}
				return commit()
			}
		},
	}
	for name, arm := range steps {
		t.Run(name, func(t *testing.T) {
			w := newExactWorld(t)
			w.fill(25)
			id, f := w.start(), w.flow("r1")
			arm(w, id)
			for range 20 {
				more, err := w.runner.Slice(t.Context(), f, id, run.Options{})
				if state.ReasonOf(err) == state.Fenced { // another process begins
					w.clock.add(time.Second)
					w.runner = &run.Runner{Store: w.store, Pool: w.runner.Pool, Log: hclog.NewNullLogger(), Now: w.clock.now, Observe: w.runner.Observe}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if w.clock.add(more.After); !more.Again {
					break
				}
			}
			w.runner.Close(t.Context())
			w.want(must(w.store.Run(t.Context(), id))(t), state.RunSucceeded, state.Counts{Read: 25, Created: 25})
			if n := len(w.arrived()); n != 25 {
				t.Errorf("%d arrived", n)
			}
			if n := must(w.store.LiveKeys(t.Context(), w.tp.ID))(t); n != 25 {
				t.Errorf("the ledger knows %d", n)
			}
			if d := must(w.store.Delivery(t.Context(), w.tp.ID))(t); d.Prepared != nil || d.Seq != 3 {
				t.Errorf("delivery: %+v", d)
			}
		})
	}
}

func TestExactlyOnceAfterAnUnknownCommit(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		w := newExactWorld(t)
		w.fill(25)
		n := 0
		w.dst.commit = func(commit func() error) error {
			if n++; n != 2 {
				return commit()
			}
			if arrives {
				if err := commit(); err != nil {
					return err
				}
			}
			return &adapters.Error{Kind: adapters.UnknownOutcome, Op: "writing", Rule: "no answer to COMMIT"}
		}
		w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 25, Created: 25})
	}
}

func TestExactlyOnceSetsAside(t *testing.T) {
	w := newExactWorld(t)
	w.put("a", "fine", 1)
	w.put("b", "bad", 2)
	w.put("c", "fine", 3)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 3, Created: 2, Rejected: 1})
	if n := len(w.letters(state.DeadLetterOpen)); n != 1 {
		t.Errorf("%d dead letters", n)
	}
}

// scope is that of the touchpoint at its destination.
func (w *world) scope(epoch time.Time) adapters.Scope {
	tp := must(w.store.TouchpointByID(w.t.Context(), w.tp.ID))(w.t)
	return adapters.Scope{ID: fmt.Sprintf("%s/%d", hex.EncodeToString(tp.UID[:]), tp.Generation), Epoch: epoch.UnixMicro()}
}

// elsewhere delivers records in one transaction, as the agent did whose state is lost, or as another one does.
func (w *world) elsewhere(cursor string, epoch time.Time, rows ...[]record.Value) {
	w.t.Helper()
	c := must(w.to.Application().Open(w.t.Context(), adapters.Env{}, adapters.Settings{}))(w.t)
	shape := record.NewShape(columns()...)
	tx := must(c.(adapters.Transactional).Begin(w.t.Context(), adapters.WriteRequest{Object: "to", Mode: adapters.WriteCreate, Shape: shape}, w.scope(epoch)))(w.t)
	b := new(record.Batch)
	b.Reset(shape)
	for _, r := range rows {
		b.AppendRow(r...)
	}
	seq, _ := tx.Last()
	if err := tx.Write(w.t.Context(), b, make([]adapters.Outcome, len(rows))); err != nil {
		w.t.Fatal(err)
	}
	if err := tx.Commit(w.t.Context(), seq+1, record.Cursor(cursor)); err != nil {
		w.t.Fatal(err)
	}
}

// A state that was restored from a backup knows less than the destination, whose word counts.
func TestExactlyOnceWithAnOlderState(t *testing.T) {
	w := newExactWorld(t)
	w.fill(12)
	w.elsewhere("10/a10", w.clock.now(), w.from.Rows()[:10]...)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 2, Created: 2})
	if n := len(w.arrived()); n != 12 {
		t.Errorf("%d arrived", n)
	}
}

// An agent that takes over fences the one before, which may be at work still.
func TestExactlyOnceWithTwoAgents(t *testing.T) {
	w := newExactWorld(t)
	w.fill(25)
	n := 0
	w.dst.begin = func() {
		if n++; n == 3 {
			w.dst.begin = nil
			w.elsewhere("20/a20", w.clock.now().Add(time.Hour), w.from.Rows()[10:20]...)
		}
	}
	r := w.run(run.Options{})
	if len(w.letters(state.DeadLetterOpen)) != 0 || r.Counts.Created > 15 {
		t.Errorf("run ended %s %s with %+v", r.Status, r.Code, r.Counts)
	}
	w.clock.add(2 * time.Hour)
	w.run(run.Options{})
	if n := len(w.arrived()); n != 25 || len(w.letters(state.DeadLetterOpen)) != 0 {
		t.Errorf("%d arrived, dead letters: %+v", n, w.letters(state.DeadLetterOpen))
	}
}

func TestExactlyOnceIntoAnOlderDestination(t *testing.T) {
	w := newExactWorld(t)
	w.fill(25)
	w.run(run.Options{})
	w.to.Forget()
	w.put("b", "more", 30)
	if r := w.run(run.Options{}); r.Status != state.RunFailed || r.Code != adapters.Invalid.String() {
		t.Errorf("run ended %s %s", r.Status, r.Code)
	}
	if _, err := w.store.ResetTouchpoint(t.Context(), w.tp.ID); err != nil {
		t.Fatal(err)
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 26, Created: 26})
}

func TestExactlyOnceNeedsTransactions(t *testing.T) {
	w := newExactWorld(t)
	w.dst.rows = false
	w.fill(1)
	if r := w.run(run.Options{}); r.Status != state.RunFailed || r.Code != adapters.Invalid.String() {
		t.Errorf("run ended %s %s", r.Status, r.Code)
	}
}
