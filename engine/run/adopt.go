package run

import (
	"context"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// strangeAnswer is the rule of a look-up that came back with records nobody asked for: the application does not filter as it was told, and nothing it says
// about the key can be believed.
const strangeAnswer = "the answer has other keys than were asked for"

// alone keeps others, steps of other touchpoints too, from looking for the keys of a group and creating them meanwhile, where the destination does not
// see to that itself.
func (d *delivery) alone(ctx context.Context, l *lane, group []*item) (unlock func(), err error) {
	mode := adapters.WriteMode(l.Destination.Write)
	_, rows := l.destination.(adapters.Transactional)
	if rows || len(l.keyCols) == 0 || mode != adapters.WriteCreate && !slices.Contains(l.object.LooksUp, mode) {
		return func() {}, nil
	}
	names := make([]string, len(group))
	for i, it := range group {
		names[i] = lockName(l.Destination.Connection, l.Destination.Object, keyText(l.key(it)))
	}
	return d.runner.locks.lock(ctx, names)
}

// lockName is what the right to create a record is called.
func lockName(connection, object, key string) string {
	return connection + "\x00" + object + "\x00" + loose(key)
}

// look asks the destination which of some items it has, by their keys. false: it cannot be asked.
func (l *lane) look(ctx context.Context, items []*item) (found []answer, ok bool, err error) {
	if len(l.keyCols) == 0 || len(items) == 0 {
		return nil, false, nil
	}
	keys := make([][]record.Value, len(items))
	for i, it := range items {
		keys[i] = l.key(it)
	}
	if l.reads {
		found, err = l.lookInto(ctx, keys)
		if err == nil || adapters.KindOf(err) != adapters.Invalid || ctx.Err() != nil {
			return found, err == nil, err
		}
	}
	byKey, can := l.destination.(adapters.KeyReader)
	if !can {
		return nil, false, nil
	}
	exists, err := byKey.ReadByKey(ctx, l.writeRequest(), keys)
	if err != nil && adapters.KindOf(err) == adapters.Invalid && ctx.Err() == nil { // the object cannot be looked up
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	found = make([]answer, len(items))
	for i := range found {
		if exists[i] {
			found[i].n = 1
		}
	}
	return found, true, nil
}

// lookInto reads the records with some keys.
func (l *lane) lookInto(ctx context.Context, keys [][]record.Value) ([]answer, error) {
	byText, strange, err := readKeys(ctx, l.destination.(adapters.Source).OpenRead, adapters.ReadRequest{Object: l.Destination.Object, By: l.Destination.Key, Keys: keys})
	if err != nil {
		return nil, err
	}
	found := make([]answer, len(keys))
	for i, key := range keys {
		found[i] = byText[keyText(key)]
		if found[i].n == 0 && strange {
			found[i].err = &adapters.Error{Kind: adapters.Ambiguous, Op: "looking up", Object: l.Destination.Object, Rule: strangeAnswer}
		}
	}
	return found, nil
}

// doubt is why an item that was looked up is set aside. nil: it is there once, or not at all.
func (l *lane) doubt(a answer) *adapters.Error {
	if a.err == nil && a.n > 1 {
		return &adapters.Error{Kind: adapters.Ambiguous, Op: "looking up", Object: l.Destination.Object, Rule: "several records have the key"}
	}
	return a.err
}

// adopts reports whether a refusal says that the record is there already, which may be what was wanted. What the ledger knows is there has changed
// since, and a create does not change it.
func (l *lane) adopts(it *item, o adapters.Outcome) bool {
	mode := adapters.WriteMode(l.Destination.Write)
	return l.exact == nil && (mode == adapters.WriteCreate || mode == adapters.WriteEnsure) && len(l.keyCols) > 0 && !it.known() &&
		o.Err != nil && o.Err.Kind == adapters.Duplicate
}

// adopt takes records that a create was refused for as duplicates, and that are there once, for delivered: from now on they are known. One that another
// source record was delivered as stays refused: two of the source would become one.
func (d *delivery) adopt(ctx context.Context, l *lane) error {
	var refused []*item
	for i := range d.stage.items {
		if it := &d.stage.items[i]; it.lane == l && it.fate == setAside && it.duplicated {
			it.duplicated = false
			refused = append(refused, it)
		}
	}
	found, ok, err := l.look(ctx, refused)
	if err != nil || !ok {
		return err
	}
	for i, it := range refused {
		if why := l.doubt(found[i]); why != nil {
			it.outcome.Err = why
			continue
		}
		taken, err := d.taken(ctx, it)
		if err != nil {
			return err
		}
		if found[i].n == 0 || taken {
			continue
		}
		it.fate, it.review, it.outcome = delivered, false, adapters.Outcome{Result: adapters.Unchanged, ID: l.ownID(found[i].value), Answer: found[i].value}
		d.counts.Unchanged++
	}
	return nil
}

// taken reports whether another record of the source was delivered under an item's key at the destination.
func (d *delivery) taken(ctx context.Context, it *item) (bool, error) {
	for i := range d.stage.items {
		if o := &d.stage.items[i]; o.source != it.source && o.fate == delivered && o.dest == it.dest && o.lane.place == it.lane.place {
			return true, nil
		}
	}
	owners, err := d.runner.Store.Find(ctx, d.work.touchpoint.ID, it.dest)
	if err != nil {
		return false, err
	}
	for _, e := range owners.Ledger {
		if e.DestKeyHash == it.dest && e.KeyHash != it.hash && e.Route == it.route() && e.State.Delivered() {
			return true, nil
		}
	}
	return false, nil
}

// lookUp asks the destination for items whose create may have arrived. It settles those it finds, sets aside those about which it cannot be asked,
// and returns the others.
func (s *session) lookUp(ctx context.Context, l *lane, items []*item, n *state.Counts) (missing []*item, err error) {
	if len(items) == 0 {
		return nil, nil
	}
	found, ok, err := l.look(ctx, items)
	if err != nil {
		return nil, err
	}
	if !ok {
		l.setUnknownAside(items)
		return nil, nil
	}
	for i, it := range items {
		switch why := l.doubt(found[i]); {
		case why != nil:
			it.fate, it.outcome = setAside, adapters.Outcome{Result: adapters.Rejected, Err: why}
		case found[i].n == 0:
			missing = append(missing, it)
		default:
			it.fate, it.outcome = delivered, adapters.Outcome{Result: adapters.Created}
			n.Created++
		}
	}
	return missing, nil
}
