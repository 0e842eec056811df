package run

import (
	"context"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/state"
)

type limits = config.Limits

// resolve returns a limit as a number of records.
func resolve(l *config.Limit, live int64) *int64 {
	if l == nil {
		return nil
	}
	n := l.Count
	if l.Percent > 0 {
		n = int64(float64(live) * l.Percent / 100)
	}
	return &n
}

// deliver writes what is to be written. After an error the items that are still toWrite were not delivered, and the checkpoint must
// not move; what was delivered or set aside is to be recorded all the same.
func (s *session) deliver(ctx context.Context, r *Runner, w *work, n *state.Counts) error {
	if s.writer == nil {
		s.observeOnly()
		return nil
	}
	creates, updates := s.intend()
	done := w.done
	if err := s.limits.spend(done, creates, updates); err != nil {
		return err
	}
	if err := s.settleIntents(ctx, n); err != nil {
		return err
	}
	out := new(record.Batch)
	var group []*item
	seen := map[state.KeyHash]bool{}
	for i := range s.stage.items {
		it := &s.stage.items[i]
		if it.fate != toWrite {
			continue
		}
		if it.destKey != nil && seen[it.dest] { // a later version of a record in the group: it must come after
			if err := s.write(ctx, r, w, out, group, n); err != nil {
				return err
			}
			group, seen = group[:0], map[state.KeyHash]bool{}
		}
		seen[it.dest] = true
		group = append(group, it)
	}
	return s.write(ctx, r, w, out, group, n)
}

// observeOnly leaves everything unsent: mode observe.
func (s *session) observeOnly() {
	for i := range s.stage.items {
		if it := &s.stage.items[i]; it.fate == toWrite {
			it.fate = skipped
		}
	}
}

// intend counts what the batch would create and update, as far as the ledger knows.
func (s *session) intend() (creates, updates int64) {
	for i := range s.stage.items {
		it := &s.stage.items[i]
		switch {
		case it.fate != toWrite:
		case s.ends.flow.Spec.Destination.Write == string(adapters.WriteUpdate) || it.known():
			updates++
		default:
			creates++
		}
	}
	return creates, updates
}

// write sends one group, in which no destination key stands twice, and tries again while that is worth it.
func (s *session) write(ctx context.Context, r *Runner, w *work, out *record.Batch, group []*item, n *state.Counts) error {
	if len(group) == 0 {
		return nil
	}
	if err := s.persistIntents(ctx, r, w, group); err != nil {
		return err
	}
	for {
		s.emit(out, group)
		outcomes := make([]adapters.Outcome, len(group))
		err := s.writer.Write(ctx, out, outcomes)
		group = s.settle(group, outcomes, n)
		if err == nil && len(group) == 0 {
			return nil
		}
		if err == nil {
			err = &adapters.Error{Kind: adapters.UnknownOutcome, Op: "writing", Object: s.ends.flow.Spec.Destination.Object, Rule: "no outcome"}
		}
		open, unclear := s.resolveUnknown(ctx, group, n)
		if unclear != nil { // what may have arrived is not sent again before it is looked up
			return unclear
		}
		if group = open; len(group) == 0 {
			return nil
		}
		err = asTemporary(err)
		wait, again := s.patient.wait(err, r.Now())
		if !again || wait > inPlace || !r.pause(ctx, wait) {
			return err
		}
	}
}

// emit writes the mapped records of a group into out, as the writer wants them.
func (s *session) emit(out *record.Batch, group []*item) {
	rows := s.writer.Encoding() == record.Rows
	if rows {
		out.Reset(s.ends.program.Shape())
	} else {
		out.Reset(nil)
	}
	columns := s.ends.program.Columns()
	for _, it := range group {
		row := s.stage.rows.Row(it.row)
		if !rows {
			s.stage.text = s.ends.program.AppendJSON(s.stage.text[:0], row, !it.known())
			out.AppendDoc(s.stage.text)
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
func (s *session) settle(group []*item, outcomes []adapters.Outcome, n *state.Counts) []*item {
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
			it.fate = setAside
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
func (s *session) resolveUnknown(ctx context.Context, group []*item, n *state.Counts) ([]*item, error) {
	if !s.creates() {
		return group, nil
	}
	var open, unknown []*item
	for _, it := range group {
		if it.outcome.Result == adapters.Unknown {
			unknown = append(unknown, it)
		} else {
			open = append(open, it)
		}
	}
	missing, err := s.lookUp(ctx, unknown, n)
	if err != nil {
		return nil, err
	}
	return append(open, missing...), nil
}

// creates reports whether a write that is repeated makes another record.
func (s *session) creates() bool {
	return s.ends.flow.Spec.Destination.Write == string(adapters.WriteCreate)
}

// asTemporary turns an unknown outcome that has been resolved into something worth another attempt.
func asTemporary(err error) error {
	if adapters.KindOf(err) != adapters.UnknownOutcome {
		return err
	}
	return &adapters.Error{Kind: adapters.Unavailable, Op: "writing", Rule: "sent, and no answer came", Err: err}
}

// lookUp asks the destination for items whose create may have arrived. It settles those it finds and returns the others.
func (s *session) lookUp(ctx context.Context, items []*item, n *state.Counts) (missing []*item, err error) {
	if len(items) == 0 {
		return nil, nil
	}
	byKey, ok := s.ends.destination.(adapters.KeyReader)
	if !ok || len(s.stage.keyCols) == 0 {
		s.setUnknownAside(items)
		return nil, nil
	}
	keys := make([][]record.Value, len(items))
	for i, it := range items {
		row := s.stage.rows.Row(it.row)
		for _, c := range s.stage.keyCols {
			keys[i] = append(keys[i], row[c])
		}
	}
	exists, err := byKey.ReadByKey(ctx, s.ends.writeRequest(), keys)
	if ctx.Err() == nil && adapters.KindOf(err) == adapters.Invalid && err != nil { // the object cannot be looked up
		s.setUnknownAside(items)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for i, it := range items {
		if !exists[i] {
			missing = append(missing, it)
			continue
		}
		it.fate, it.outcome = delivered, adapters.Outcome{Result: adapters.Created}
		n.Created++
	}
	return missing, nil
}

// setUnknownAside leaves it to a person whether items arrived.
func (s *session) setUnknownAside(items []*item) {
	for _, it := range items {
		it.fate = setAside
		it.outcome = adapters.Outcome{Result: adapters.Rejected, Err: &adapters.Error{
			Kind: adapters.UnknownOutcome, Op: "writing", Object: s.ends.flow.Spec.Destination.Object,
			Rule: "sent, no answer came, and it cannot be looked up",
		}}
	}
}

// persistIntents writes down, before a create is sent, that it is about to be.
func (s *session) persistIntents(ctx context.Context, r *Runner, w *work, group []*item) error {
	if !s.creates() {
		return nil
	}
	now := r.Now()
	c := state.Commit{Ledger: make([]state.LedgerEntry, 0, len(group))}
	for _, it := range group {
		e := s.entry(it, now)
		e.State = state.LedgerIntended
		c.Ledger = append(c.Ledger, e)
		it.intended = true
	}
	return r.Store.Commit(ctx, w.fence, c)
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
func (s *session) settleIntents(ctx context.Context, n *state.Counts) error {
	var intended []*item
	for i := range s.stage.items {
		if it := &s.stage.items[i]; it.fate == toWrite && it.before.State == state.LedgerIntended {
			intended = append(intended, it)
		}
	}
	_, err := s.lookUp(ctx, intended, n)
	return err
}
