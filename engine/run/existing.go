package run

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// describe finds out what the destination says of the object, where that decides something. What it does not know is judged when it is written.
func (r *route) describe(ctx context.Context) error {
	d := &r.Destination
	if r.destination == nil {
		if d.ByLedger() && len(d.Key) == 0 {
			d.Key = []string{"id"} // what is only observed is not sent
		}
		return nil
	}
	if _, rows := r.destination.(adapters.Transactional); rows && !r.creates() && !d.ByLedger() && d.Write != string(adapters.WriteEnsure) {
		return nil
	}
	o, err := r.destination.Describe(ctx, d.Object)
	if err != nil && adapters.KindOf(err) != adapters.NotFound {
		return err
	}
	r.object = o
	if d.ByLedger() && len(d.Key) == 0 {
		if len(o.Key) != 1 || len(o.Key[0]) != 1 {
			return &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: d.Object, Rule: "it has no key of one field: say key"}
		}
		d.Key = []string{o.Key[0][0].Name}
	}
	_, source := r.destination.(adapters.Source)
	r.reads = source && len(d.Key) > 0 && o.CanRead(adapters.ReadKeys)
	return nil
}

// ownID returns the object's own key of a record, where that is one field.
func (r *route) ownID(v record.Value) record.Value {
	if len(r.object.Key) != 1 {
		return record.Value{}
	}
	return r.object.Key[0].In(v)
}

// settled reports whether what the item asks for was done when the ledger last saw it.
func (it *item) settled() bool {
	return it.before.State.Delivered() || it.lane != nil && it.lane.Destination.Removes() && it.before.State == state.LedgerDeleted
}

// aim finds what the ledger knows of the records that deletes, and whatever the ledger finds records for, are about.
func (s *stage) aim(ctx context.Context, store *state.Store, touchpointID int64) error {
	var keys []state.KeyHash
	var owners []*item
	for i := range s.items {
		it := &s.items[i]
		if it.fate != toWrite || !it.lane.Destination.ByLedger() && !it.lane.Destination.Removes() {
			continue
		}
		for _, l := range s.lanes {
			if l != it.lane && l.place == it.lane.place && l.Destination.Fills() {
				keys, owners = append(keys, state.RouteKey(l.tag, it.source)), append(owners, it)
			}
		}
	}
	entries, err := store.Lookup(ctx, touchpointID, keys)
	if err != nil {
		return err
	}
	for i, e := range entries {
		if generation, _ := binary.Varint(e.Version); e.State.Delivered() && generation == s.generation {
			owners[i].others = append(owners[i].others, e)
		}
	}
	for i := range s.items {
		if it := &s.items[i]; it.fate == toWrite && it.lane.Destination.ByLedger() {
			s.target(it)
		}
	}
	return nil
}

// target gives an item the key of the record at the destination. What was done already, and not undone by a later write, is left alone.
func (s *stage) target(it *item) {
	var newest state.LedgerEntry
	for _, e := range it.others {
		if e.At.After(newest.At) {
			newest = e
		}
	}
	key := s.idOf(it.lane, newest)
	dest, ok := hashKey(s.hasher, []record.Value{key}, s.parts)
	if !ok {
		it.outcome = adapters.Outcome{Result: adapters.Rejected, Err: &adapters.Error{
			Kind: adapters.NotFound, Op: "writing", Object: it.lane.Destination.Object, Rule: "the ledger knows no such record at the destination",
		}}
		it.lane.refused(it)
		return
	}
	it.lane.rows.Row(it.row)[it.lane.keyCols[0]] = key
	it.dest, it.destKey = dest, encodeKey(nil, []record.Value{key})
	if it.settled() && it.before.Fingerprint == [32]byte(it.fingerprint) && !newest.At.After(it.before.At) && it.lane.Destination.Unchanged == "ledger" {
		it.fate = unchanged
	}
}

// idOf returns how the destination names the record of a ledger entry: the key it was written by, where that is the wanted field, else the id that
// the destination answered. Absent: neither is known.
func (s *stage) idOf(l *lane, e state.LedgerEntry) record.Value {
	text := e.Answer
	for _, o := range s.lanes {
		if o.Route == e.Route && len(o.Destination.Key) == 1 && o.Destination.Key[0] == l.Destination.Key[0] && len(e.DestID) > 0 {
			text = e.DestID
		}
	}
	v, err := record.ParseJSON(text)
	if err != nil {
		return record.Value{}
	}
	if v.Kind() == record.List && len(v.Elements()) == 1 {
		return v.Elements()[0]
	}
	return v
}

// removed writes down, for a record that was deleted, that what other routes delivered of it to the same object is gone.
func (s *session) removed(it *item, c *state.Commit, now time.Time) {
	if it.fate != delivered || !it.lane.Destination.Removes() {
		return
	}
	for _, e := range it.others {
		e.State, e.RunID, e.At, e.Revision = state.LedgerDeleted, 0, now, s.ends.flow.Revision
		c.Ledger = append(c.Ledger, e)
	}
}
