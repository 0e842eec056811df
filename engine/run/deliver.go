package run

import (
	"context"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// deliver writes what is to be written. After an error the items that are still toWrite were not delivered, and the checkpoint must
// not move; what was delivered or set aside is to be recorded all the same.
func (s *session) deliver(ctx context.Context, r *Runner, w *work, n *state.Counts) error {
	if s.ends.flow.Spec.Mode == "observe" {
		s.observeOnly()
		return nil
	}
	done := w.done
	done.Add(*n)
	if err := s.limits.spend(done, s.intend()); err != nil {
		return err
	}
	if err := s.settleIntents(ctx, r.Now(), n); err != nil {
		return err
	}
	d := &delivery{session: s, runner: r, work: w, counts: n}
	before := *n
	err := d.all(ctx)
	if err != nil && s.exact != nil {
		s.undo(ctx)
		*n = before
	}
	return err
}

// observeOnly leaves everything unsent: mode observe.
func (s *session) observeOnly() {
	for i := range s.stage.items {
		if it := &s.stage.items[i]; it.fate == toWrite {
			it.fate = skipped
		}
	}
}

// intend counts what the batch would create, update and delete, as far as the ledger knows.
func (s *session) intend() (n state.Counts) {
	for i := range s.stage.items {
		it := &s.stage.items[i]
		switch {
		case it.fate != toWrite:
		case it.lane.Destination.Removes():
			n.Deleted++
		case it.lane.Destination.Write == string(adapters.WriteUpdate), it.lane.Destination.Acts(), it.known():
			n.Updated++
		default:
			n.Created++
		}
	}
	return n
}

// A delivery sends the items of one batch.
type delivery struct {
	*session
	runner *Runner
	work   *work
	counts *state.Counts
}

// place is a record at a destination, whichever route leads there.
type place struct {
	object int
	key    state.KeyHash
}

// all sends the items in groups in which no record stands twice, so that a later version comes after the one before.
func (d *delivery) all(ctx context.Context) error {
	there, seen := map[place]bool{}, map[state.KeyHash]int{}
	several := len(d.stage.lanes) > 1
	for i := range d.stage.items {
		it := &d.stage.items[i]
		if it.fate != toWrite {
			continue
		}
		at := place{it.lane.place, it.dest}
		index, again := seen[it.source]
		if it.destKey != nil && there[at] || several && again && index != it.index {
			if err := d.flush(ctx); err != nil {
				return err
			}
			clear(there)
			clear(seen)
		}
		there[at] = true
		if several {
			seen[it.source] = it.index
		}
		it.lane.group = append(it.lane.group, it)
	}
	return d.flush(ctx)
}

// flush sends what the lanes have gathered. One that cannot be reached does not keep the others from sending theirs.
func (d *delivery) flush(ctx context.Context) (first error) {
	for _, l := range d.stage.lanes {
		group := l.group
		l.group = l.group[:0]
		if err := d.write(ctx, l, group); err != nil && first == nil {
			first = blamed(l.Destination.Connection, err)
		}
	}
	return first
}

// write sends one group of a lane, in which no destination key stands twice, and tries again while that is worth it.
func (d *delivery) write(ctx context.Context, l *lane, group []*item) error {
	if len(group) == 0 {
		return nil
	}
	unlock, err := d.alone(ctx, l, group)
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.persistIntents(ctx, l, group); err != nil {
		return err
	}
	for {
		d.emit(l, group)
		outcomes := make([]adapters.Outcome, len(group))
		err := l.writer.Write(ctx, l.out, outcomes)
		group = d.settle(l, group, outcomes)
		if l.exact != nil && err != nil { // all of the batch begins again
			return asTemporary(err)
		}
		if failed := d.adopt(ctx, l); failed != nil {
			return failed
		}
		if err == nil && len(group) == 0 {
			return nil
		}
		if err == nil {
			err = &adapters.Error{Kind: adapters.UnknownOutcome, Op: "writing", Object: l.Destination.Object, Rule: "no outcome"}
		}
		open, unclear := d.resolveUnknown(ctx, l, group)
		if unclear != nil { // what may have arrived is not sent again before it is looked up
			return unclear
		}
		if group = open; len(group) == 0 {
			return nil
		}
		err = asTemporary(err)
		wait, again := d.patient.wait(err, d.runner.Now())
		if !again || wait > inPlace || !d.runner.pause(ctx, wait) {
			return err
		}
	}
}

// emit writes the mapped records of a group into the lane's out, as its writer wants them.
func (d *delivery) emit(l *lane, group []*item) {
	out, rows := l.out, l.writer.Encoding() == record.Rows
	if rows {
		out.Reset(l.program.Shape())
	} else {
		out.Reset(nil)
	}
	columns, tokens := l.program.Columns(), l.remembers() > 0
	for _, it := range group {
		if tokens {
			out.Tokens = append(out.Tokens, d.stage.token(it))
		}
		row := l.rows.Row(it.row)
		if !rows {
			d.stage.text = l.program.AppendJSON(d.stage.text[:0], row, !it.known())
			out.AppendDoc(d.stage.text)
			continue
		}
		out.AppendRow(row...)
		if it.known() {
			sent := out.Row(out.Len() - 1)
			for c := range columns {
				if columns[c].CreateOnly {
					sent[c] = record.Value{}
				}
			}
		}
	}
}

// settle takes the outcomes in and returns the items that have none yet.
func (d *delivery) settle(l *lane, group []*item, outcomes []adapters.Outcome) []*item {
	n := d.counts
	var open []*item
	for i, it := range group {
		it.outcome = outcomes[i]
		switch outcomes[i].Result {
		case adapters.Created:
			n.Created++
		case adapters.Updated:
			n.Updated++
		case adapters.Unchanged:
			n.Unchanged++
		case adapters.Deleted:
			n.Deleted++
		case adapters.Rejected:
			it.duplicated = l.adopts(it, outcomes[i])
			l.refused(it)
			continue
		default:
			open = append(open, it)
			continue
		}
		it.fate = delivered
	}
	return open
}

// resolveUnknown looks up the items that were sent and not answered. Keyed writes are harmless to repeat; a create is looked up by
// its key, and without one it is set aside for a person to decide.
func (d *delivery) resolveUnknown(ctx context.Context, l *lane, group []*item) ([]*item, error) {
	if !l.creates() {
		return group, nil
	}
	var open, unknown []*item
	for _, it := range group {
		if it.outcome.Result == adapters.Unknown && !l.repeatable(it, d.runner.Now()) {
			unknown = append(unknown, it)
		} else {
			open = append(open, it)
		}
	}
	missing, err := d.lookUp(ctx, l, unknown, d.counts)
	if err != nil {
		return nil, err
	}
	return append(open, missing...), nil
}

// refused decides about an item that the destination refuses.
func (l *lane) refused(it *item) {
	choice := l.WhenRefused
	if it.outcome.Err != nil && it.outcome.Err.Kind == adapters.NotFound {
		choice = l.WhenMissing
	}
	it.fate, it.review = setAside, choice == "review"
	if choice == "skip" {
		it.fate = skipped
	}
}

// asTemporary turns an unknown outcome that has been resolved into something worth another attempt.
func asTemporary(err error) error {
	if adapters.KindOf(err) != adapters.UnknownOutcome {
		return err
	}
	return &adapters.Error{Kind: adapters.Unavailable, Op: "writing", Rule: "sent, and no answer came", Err: err}
}

// setUnknownAside leaves it to a person whether items arrived.
func (l *lane) setUnknownAside(items []*item) {
	for _, it := range items {
		it.fate = setAside
		it.outcome = adapters.Outcome{Result: adapters.Rejected, Err: &adapters.Error{
			Kind: adapters.UnknownOutcome, Op: "writing", Object: l.Destination.Object,
			Rule: "sent, no answer came, and it cannot be looked up",
		}}
	}
}

// persistIntents writes down, before a create is sent, that it is about to be.
func (d *delivery) persistIntents(ctx context.Context, l *lane, group []*item) error {
	if !l.creates() || l.exact != nil {
		return nil
	}
	now := d.runner.Now()
	c := state.Commit{Ledger: make([]state.LedgerEntry, 0, len(group))}
	for _, it := range group {
		e := d.entry(it, now)
		e.State = state.LedgerIntended
		if l.remembers() > 0 {
			e.Answer = []byte(d.stage.token(it))
			if it.before.State == state.LedgerIntended && len(it.before.Answer) > 0 {
				e.At = it.before.At // that long it has been known
			}
		}
		c.Ledger = append(c.Ledger, e)
		it.intended = true
	}
	return d.runner.Store.Commit(ctx, d.work.fence, c)
}

// recall takes intents back whose records are known not to have been sent, so that nobody looks for them.
func (s *session) recall(c *state.Commit, now time.Time) {
	for i := range s.stage.items {
		it := &s.stage.items[i]
		if it.fate != toWrite || !it.intended || it.outcome.Result != adapters.NotWritten || it.before.State == state.LedgerIntended {
			continue
		}
		e := it.before
		if e.State == state.LedgerNone {
			e = s.entry(it, now)
			e.State, e.Version = state.LedgerSkipped, nil
		}
		c.Ledger = append(c.Ledger, e)
	}
}

// settleIntents looks up creates of an earlier attempt that may have arrived before the process ended.
func (s *session) settleIntents(ctx context.Context, now time.Time, n *state.Counts) error {
	for _, l := range s.stage.lanes {
		var intended []*item
		for i := range s.stage.items {
			if it := &s.stage.items[i]; it.lane == l && it.fate == toWrite && it.before.State == state.LedgerIntended && !l.repeatable(it, now) {
				intended = append(intended, it)
			}
		}
		if _, err := s.lookUp(ctx, l, intended, n); err != nil {
			return blamed(l.Destination.Connection, err)
		}
	}
	return nil
}
