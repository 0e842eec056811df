package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

func asError(err error) (*adapters.Error, bool) { return errors.AsType[*adapters.Error](err) }

// unacknowledged reports whether writing back that the item was delivered has failed.
func (it *item) unacknowledged() bool {
	return it.fate == delivered && slices.ContainsFunc(it.acks, func(a *ack) bool { return !a.done })
}

// recordAcks writes down which answers could not be written back: only that is tried again. newest: no later version of the record follows.
func (s *session) recordAcks(b *record.Batch, it *item, c *state.Commit, newest bool) {
	if it.unacknowledged() {
		c.Counts.Unacknowledged++
	}
	for _, a := range it.acks {
		switch key := s.ackKey(it.hash, it.route(), a.back.index); {
		case !newest:
		case !a.done:
			d := a.letter(it)
			d.KeyHash, d.Revision, d.Source = key, s.ends.flow.Revision, appendSource(nil, b, it.index)
			d.Cause = s.cause(&d)
			c.DeadLetters = append(c.DeadLetters, d)
		case it.before.State == state.LedgerUnacknowledged || it.before.State == state.LedgerRejected:
			c.Resolved = append(c.Resolved, state.Resolution{KeyHash: key, State: state.DeadLetterSuperseded})
		}
	}
}

// ackKey is the key of the dead letter that a write-back leaves.
func (s *session) ackKey(record state.KeyHash, route string, index int) state.KeyHash {
	key := s.stage.hasher.Key(secret.BytesPart(record[:]), secret.StringPart("writeBack"), secret.IntPart(int64(index)))
	return state.RouteKey(routeTag(s.stage.hasher, route), state.KeyHash(key))
}

// letter is the dead letter of an answer that was not written back.
func (a *ack) letter(it *item) state.DeadLetterEntry {
	return state.DeadLetterEntry{
		Stage: state.StageWriteBack, Of: it.hash, WriteBack: a.back.index, Answer: a.result.AppendJSON(nil), Route: it.route(), Element: it.element,
		Key: it.key, Trace: it.trace, Kind: a.err.Kind.String(), Rule: a.err.Rule, Text: detail(a.err),
		Field: strings.TrimSuffix(fmt.Sprintf("writeBack[%d].%s", a.back.index, a.err.Field), "."),
	}
}

// cause is what dead letters of one cause share.
func (s *session) cause(d *state.DeadLetterEntry) state.KeyHash {
	return state.KeyHash(s.stage.hasher.Key(secret.StringPart(d.Kind), secret.StringPart(d.Field), secret.StringPart(d.Rule)))
}

// acknowledgeAgain tries write-backs again, and nothing else of their records.
func (s *session) acknowledgeAgain(ctx context.Context, r *Runner, w *work, letters []state.DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	b := new(record.Batch)
	b.Reset(nil)
	acks := make([]*ack, len(letters))
	for i, d := range letters {
		b.AppendDoc(d.Source)
		if d.WriteBack >= len(s.backs) {
			continue // there is no such write-back any more
		}
		a := &ack{back: s.backs[d.WriteBack].writeBack, index: i, element: max(0, d.Element), row: -1}
		if v, err := record.ParseJSON(d.Answer); err == nil {
			a.result = v
		}
		acks[i] = a
	}
	for _, l := range s.backs {
		l.send(ctx, s, r, b, slices.DeleteFunc(slices.Clone(acks), func(a *ack) bool { return a == nil || a.back != l.writeBack }))
	}
	c, err := s.acknowledged(ctx, r, w, letters, acks)
	if err != nil {
		return err
	}
	commit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return r.Store.Commit(commit, w.fence, c)
}

// acknowledged is what trying write-backs again leaves behind.
func (s *session) acknowledged(ctx context.Context, r *Runner, w *work, letters []state.DeadLetter, acks []*ack) (c state.Commit, err error) {
	closed := map[state.KeyHash]bool{}
	siblings := map[state.KeyHash]state.KeyHash{} // the records of all dead letters that may wait
	for i, a := range acks {
		d := &letters[i]
		switch {
		case a == nil:
			c.Resolved = append(c.Resolved, state.Resolution{KeyHash: d.KeyHash, State: state.DeadLetterSuperseded})
		case a.done:
			c.Resolved = append(c.Resolved, state.Resolution{KeyHash: d.KeyHash, State: state.DeadLetterReplayed})
		default:
			it := &item{hash: d.Of, key: d.Key, trace: d.Trace, element: d.Element}
			again := a.letter(it)
			again.KeyHash, again.Route, again.Source, again.Answer, again.Revision = d.KeyHash, d.Route, d.Source, d.Answer, s.ends.flow.Revision
			again.Cause = s.cause(&again)
			c.DeadLetters = append(c.DeadLetters, again)
		}
		closed[d.KeyHash] = a == nil || a.done
		for k := range s.backs {
			siblings[s.ackKey(d.Of, d.Route, k)] = d.Of
		}
	}
	open, err := r.Store.OpenLetters(ctx, w.touchpoint.ID, slices.Collect(maps.Keys(siblings)))
	if err != nil {
		return c, err
	}
	waiting := map[state.KeyHash]bool{}
	for _, key := range open {
		waiting[siblings[key]] = waiting[siblings[key]] || !closed[key]
	}
	entries, err := r.Store.Lookup(ctx, w.touchpoint.ID, slices.Collect(maps.Values(siblings)))
	for _, e := range entries {
		if e.State == state.LedgerUnacknowledged && !waiting[e.KeyHash] {
			e.State, e.RunID, e.At = state.LedgerWritten, 0, time.Time{}
			c.Ledger = append(c.Ledger, e)
		}
	}
	return c, err
}
