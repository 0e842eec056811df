package run

import (
	"context"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/mapping"
)

// A turn is what became of a record, or of one that it is split into, on one route. Its values live until the next turn.
type turn struct {
	index   int   // in the batch
	element int   // of the split; -1: the record has not been split yet
	lane    *lane // nil: it has not come to a route
	mapping.Result
	part []record.Value // the element's key
	need *need          // what the steps found; nil: there are none
}

// A walker takes records to their routes. Not safe for concurrent use.
type walker struct {
	ends  *ends
	head  *mapping.Executor // nil: every record goes to the only lane
	steps *stepper          // nil: there are none
	// lookups answers those whose rows are elsewhere. nil: there are none.
	lookups *elsewhere
	lanes   []*lane
	taken   []*lane // scratch
	// come hears of each record's source key, before it is judged; nil: nobody does.
	come  func(extra []record.Value)
	whole int // the element of a record that is not split yet
}

func newWalker(e *ends, now func() time.Time, l *locks) *walker {
	lookups := newElsewhere(e, now)
	w := &walker{ends: e, lookups: lookups, steps: newStepper(e, now, l, lookups)}
	if e.flow.Spec.Split != nil {
		w.whole = -1
	}
	if e.head != nil {
		w.head = e.head.NewExecutor(now)
	}
	for _, r := range e.routes {
		exec := r.program.NewExecutor(now)
		lookups.equip(exec)
		w.lanes = append(w.lanes, newLane(r, exec))
	}
	return w
}

// prepare finds what the first n records of a batch need before they are mapped.
func (w *walker) prepare(ctx context.Context, b *record.Batch, n int) error {
	w.lookups.expire()
	if w.steps != nil {
		if err := w.steps.prepare(ctx, b, n, w.head); err != nil {
			return err
		}
	}
	if w.lookups == nil {
		return nil
	}
	open := make([]int, n)
	for i := range open {
		open[i] = i
	}
	return w.lookups.settle(ctx, func() bool {
		open = slices.DeleteFunc(open, func(i int) bool { return b.Op(i) == record.Delete || !w.pending(b, i) })
		return len(open) > 0
	})
}

// pending maps record i to see whether a lookup of it has no answer yet.
func (w *walker) pending(b *record.Batch, i int) (pending bool) {
	w.walk(b, i, func(t turn) { pending = pending || t.Outcome == mapping.Pending })
	return pending
}

// walk maps record i for every route it takes, and calls visit at least once.
func (w *walker) walk(b *record.Batch, i int, visit func(turn)) {
	if w.head == nil {
		t := turn{index: i, lane: w.lanes[0], Result: w.lanes[0].exec.Map(b, i)}
		w.comeTo(t)
		visit(t)
		return
	}
	t := turn{index: i, element: w.whole, Result: w.head.Begin(b, i)}
	w.comeTo(t)
	if t.Outcome != mapping.Mapped {
		visit(t)
		return
	}
	parts, ok := w.head.Elements()
	if !ok {
		t.Outcome, t.Reason = mapping.Rejected, mapping.Reason{Field: "split", Rule: mapping.RuleType, Type: "not a list"}
		visit(t)
		return
	}
	some := false
	for t.element = range parts {
		t.part = w.head.Turn(t.element)
		some = w.element(b, t, visit) || some
	}
	if !some {
		t.Outcome = mapping.Filtered
		visit(t)
	}
}

// comeTo tells of a record.
func (w *walker) comeTo(t turn) {
	if w.come != nil {
		w.come(t.Extra)
	}
}

// element maps the current record of the head. false: it takes no route.
func (w *walker) element(b *record.Batch, t turn, visit func(turn)) bool {
	if w.steps == nil {
		return w.routes(b, t, visit)
	}
	t.need = w.steps.result(t.index, t.element)
	if t.need.outcome != mapping.Mapped {
		t.Outcome, t.Reason = t.need.outcome, t.need.reason
		visit(t)
		return true
	}
	w.steps.give(w.head, t.need)
	return w.routes(b, t, visit)
}

// routes maps the current record of the head for every route it takes. false: it takes none.
func (w *walker) routes(b *record.Batch, t turn, visit func(turn)) bool {
	extra := t.Extra
	taken, failed := w.choose()
	if failed != nil {
		t.Outcome, t.Reason = mapping.Rejected, *failed
		visit(t)
		return true
	}
	for _, l := range taken {
		t.lane = l
		w.steps.give(l.exec, t.need)
		if t.Result = l.exec.Begin(b, t.index); t.Outcome == mapping.Mapped {
			l.exec.Turn(t.element)
			t.Result = l.exec.Finish()
		}
		t.Extra = extra
		visit(t)
	}
	return len(taken) > 0
}

// choose returns the lanes that the current record of the head takes, or why that cannot be told.
func (w *walker) choose() ([]*lane, *mapping.Reason) {
	w.taken = w.taken[:0]
	all, routed := w.ends.flow.Spec.Routes, false
	for _, l := range w.lanes {
		switch {
		case !l.Routed:
			if all == nil || !routed { // one of several destinations, or what is left over
				w.taken = append(w.taken, l)
			}
			continue
		case routed && all.Match != "all":
			continue
		}
		yes, reason, ok := w.head.Holds(l.condition)
		if !ok {
			reason.Field = "routes." + l.Route
			return nil, &reason
		}
		if yes {
			w.taken, routed = append(w.taken, l), true
		}
	}
	return w.taken, nil
}
