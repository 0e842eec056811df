package run

import (
	"bytes"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/state"
)

// record writes down what became of every record of the batch. Of a record that stands in it twice, only the later version can leave
// a dead letter open.
func (s *session) record(b *record.Batch, c *state.Commit, now time.Time) {
	last := s.stage.last(func(it *item) bool { return it.fate != left && it.fate != toWrite })
	for i := range s.stage.items {
		it := &s.stage.items[i]
		if it.superseded {
			c.Resolved = append(c.Resolved, state.Resolution{KeyHash: it.hash, State: state.DeadLetterSuperseded})
		}
		if it.fate == left || it.fate == toWrite {
			continue
		}
		s.count(it, &c.Counts)
		c.Ledger = append(c.Ledger, s.entry(it, now))
		s.removed(it, c, now)
		s.closeLetters(it, c)
		s.recordAcks(b, it, c, last[it.source] == it.index)
		switch {
		case last[it.source] != it.index:
		case it.fate == setAside:
			c.DeadLetters = append(c.DeadLetters, s.deadLetter(b, it, now))
		case s.stage.letters != nil:
			c.Resolved = append(c.Resolved, state.Resolution{KeyHash: it.hash, State: state.DeadLetterReplayed})
		case it.before.State == state.LedgerRejected || it.before.State == state.LedgerIntended:
			c.Resolved = append(c.Resolved, state.Resolution{KeyHash: it.hash, State: state.DeadLetterSuperseded})
		}
	}
}

// closeLetters closes dead letters that what became of an item puts out of date: those of routes that the record does not take any more, and the one
// it was tried again from.
func (s *session) closeLetters(it *item, c *state.Commit) {
	for _, key := range it.outdated {
		c.Resolved = append(c.Resolved, state.Resolution{KeyHash: key, State: state.DeadLetterSuperseded})
		c.Ledger = append(c.Ledger, state.LedgerEntry{KeyHash: key, Key: it.key, State: state.LedgerSkipped, Revision: s.ends.flow.Revision})
	}
	if s.stage.letters != nil && s.stage.letters[it.index].KeyHash != it.hash {
		c.Resolved = append(c.Resolved, state.Resolution{KeyHash: s.stage.letters[it.index].KeyHash, State: state.DeadLetterReplayed})
	}
}

// count counts what deliver does not. What is tried again in vain was counted by the run that set it aside.
func (s *session) count(it *item, n *state.Counts) {
	switch {
	case it.fate == skipped:
		n.Skipped++
	case it.fate != setAside:
	case s.stage.letters != nil && !s.asked:
		n.Duplicates++
	case it.parked():
		n.Parked++
	default:
		n.Rejected++
	}
}

// last returns for each record where in the batch its last version is, among the items that count.
func (s *stage) last(counts func(*item) bool) map[state.KeyHash]int {
	last := make(map[state.KeyHash]int, len(s.items))
	for i := range s.items {
		if it := &s.items[i]; counts(it) {
			last[it.source] = it.index
		}
	}
	return last
}

// keepSent leaves out every item that nothing was sent of, because all of it is read again, and returns of how many records some remain.
func (s *stage) keepSent() (n int64) {
	last := -1
	for i := range s.items {
		it := &s.items[i]
		if it.fate != delivered && (it.fate == left || it.outcome.Err == nil) {
			it.fate = left
		} else if it.index != last {
			n++
			last = it.index
		}
	}
	return n
}

// entry is what the ledger keeps of an item.
func (s *session) entry(it *item, now time.Time) state.LedgerEntry {
	e := state.LedgerEntry{
		KeyHash: it.hash, Route: it.route(), Key: it.key, DestKeyHash: it.dest, DestID: it.destKey, Version: it.version, Fingerprint: [32]byte(it.fingerprint),
		Revision: s.ends.flow.Revision, FirstAt: it.before.FirstAt, At: now, Trace: it.trace,
	}
	switch it.fate {
	case delivered:
		e.State = state.LedgerWritten
		if it.outcome.Result == adapters.Unchanged {
			e.State = state.LedgerUnchanged
		}
		if it.lane.Destination.Removes() {
			e.State = state.LedgerDeleted
		}
		if it.unacknowledged() {
			e.State = state.LedgerUnacknowledged
		}
		if it.known() { // what an intent keeps there is its token
			e.Answer, e.AnswerHash = it.before.Answer, it.before.AnswerHash
		}
		if id := it.outcome.ID; !id.IsNull() {
			e.Answer = id.AppendJSON(nil)
			if e.AnswerHash = (state.KeyHash{}); !bytes.Equal(e.DestID, append(append([]byte{'['}, e.Answer...), ']')) {
				e.AnswerHash, _ = hashKey(s.stage.hasher, []record.Value{id}, s.stage.parts)
			}
		}
	case unchanged:
		e.State, e.Answer, e.AnswerHash = it.before.State, it.before.Answer, it.before.AnswerHash
	case skipped:
		e.State = state.LedgerSkipped
	default:
		e.State = state.LedgerRejected
	}
	return e
}

// mayCome reports whether an item whose lookup found nothing is tried again in every run.
func (s *session) mayCome(it *item, now time.Time) bool {
	first := now
	if s.stage.letters != nil {
		first = s.stage.letters[it.index].FirstAt
	}
	return now.Sub(first) < it.reason.Waits
}

// deadLetter is a record that is set aside, with what is needed to try it again.
func (s *session) deadLetter(b *record.Batch, it *item, now time.Time) state.DeadLetterEntry {
	d := state.DeadLetterEntry{
		KeyHash: it.hash, Key: it.key, Field: it.reason.Field, Rule: string(it.reason.Rule), Kind: adapters.Invalid.String(),
		Revision: s.ends.flow.Revision, Route: it.route(), Element: it.element, Parked: it.parked(), Source: appendSource(nil, b, it.index), Text: it.reason.Type, Trace: it.trace,
	}
	if it.reason.Rule == mapping.RuleLookup {
		d.Kind, d.Waits = adapters.MissingReference.String(), s.mayCome(it, now)
	}
	if it.reason.Check != "" {
		d.Rule, d.Text = "check "+it.reason.Check, it.reason.Message
	}
	if err := it.outcome.Err; err != nil {
		d.Kind, d.Field, d.Rule, d.Text = err.Kind.String(), err.Field, err.Rule, detail(err)
	}
	if it.need != nil && it.need.err != nil && it.outcome.Err == nil {
		err := it.need.err
		d.Kind, d.Rule, d.Text, d.Waits = err.Kind.String(), err.Rule, detail(err), it.need.waits
	}
	if it.lane == nil && len(s.stage.lanes) > 1 {
		d.Stage = state.StageHead
	}
	if it.row >= 0 {
		d.Mapped = it.lane.program.AppendJSON(nil, it.lane.rows.Row(it.row), true)
	}
	d.Cause = s.cause(&d)
	return d
}
