package run

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/state"
)

// A remover deletes the records of a lane that are gone, or sets fields of them.
type remover struct {
	lane   *lane
	shape  *record.Shape
	fields []record.Value // what is set, behind the key
	writer adapters.Writer
	out    *record.Batch
}

// A removal is one record that is to be removed.
type removal struct {
	entry state.LedgerEntry
	key   []record.Value
	done  bool
}

// laneOf returns the lane by which an entry was delivered. nil: the touchpoint has it no more.
func (s *session) laneOf(e *state.LedgerEntry) *lane {
	for _, l := range s.stage.lanes {
		if l.Route == e.Route {
			return l
		}
	}
	return nil
}

// removable reports whether an entry says of a record at today's destination where it is. What an earlier generation delivered is somewhere else.
func (s *session) removable(e *state.LedgerEntry) bool {
	generation, n := binary.Varint(e.Version)
	if l := s.laneOf(e); l == nil || !l.Destination.Fills() || l.Destination.ByLedger() {
		return false
	}
	if s.sweep != nil && e.RunID > s.sweep.Run { // a run beside this one has delivered it meanwhile
		return false
	}
	return e.State.Delivered() && n > 0 && generation == s.stage.generation && len(e.DestID) > 0
}

// remove removes a batch of records that are gone, and writes down that they are.
func (s *session) remove(ctx context.Context, r *Runner, w *work, list []state.LedgerEntry) error {
	list = slices.DeleteFunc(list, func(e state.LedgerEntry) bool { return !s.removable(&e) })
	there, err := s.stillThere(ctx, r, list)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(e state.LedgerEntry) bool { return there[e.KeyHash] })
	all, shared, err := s.unshared(ctx, r, w.touchpoint.ID, list)
	if err != nil {
		return err
	}
	c := state.Commit{Revision: s.ends.flow.Revision}
	for _, l := range s.stage.lanes {
		group := slices.Collect(func(yield func(*removal) bool) {
			for _, m := range all {
				if s.laneOf(&m.entry) == l && !yield(m) {
					return
				}
			}
		})
		if err = s.removeFrom(ctx, r, l, group, &c.Counts); err != nil {
			break
		}
	}
	for _, m := range append(all, shared...) {
		if m.done {
			e := m.entry
			e.State, e.Revision, e.RunID, e.At = state.LedgerDeleted, s.ends.flow.Revision, 0, time.Time{}
			c.Ledger = append(c.Ledger, e)
		}
	}
	commit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if failed := r.Store.Commit(commit, w.fence, c); failed != nil || err != nil {
		return errors.Join(failed, err)
	}
	w.done.Add(c.Counts)
	r.observe(s.ends.flow.Name, c.Counts)
	s.patient.progress()
	return w.judge(s)
}

// unshared parts records that are gone into those to remove and those that are at the destination for another source record, too: of these only the
// ledger forgets.
func (s *session) unshared(ctx context.Context, r *Runner, touchpointID int64, list []state.LedgerEntry) (all, shared []*removal, err error) {
	var keys []state.KeyHash
	for _, e := range list {
		keys = append(keys, e.DestKeyHash)
	}
	if len(keys) == 0 {
		return nil, nil, nil
	}
	owners, err := r.Store.Owners(ctx, touchpointID, keys)
	if err != nil {
		return nil, nil, err
	}
	forgotten := map[state.KeyHash]bool{}
	for _, e := range list {
		m := &removal{entry: e}
		place := s.laneOf(&e).place
		others := slices.ContainsFunc(owners[e.DestKeyHash], func(o state.LedgerEntry) bool {
			l := s.laneOf(&o)
			return o.KeyHash != e.KeyHash && !forgotten[o.KeyHash] && l != nil && l.place == place
		})
		forgotten[e.KeyHash] = true
		if others {
			m.done = true
			shared = append(shared, m)
			continue
		}
		if m.key, err = s.destinationKey(&e); err != nil {
			return nil, nil, err
		}
		all = append(all, m)
	}
	return all, shared, nil
}

// destinationKey returns what the ledger keeps of a record's destination key, as the mapping makes it.
func (s *session) destinationKey(e *state.LedgerEntry) ([]record.Value, error) {
	v, err := record.ParseJSON(e.DestID)
	l := s.laneOf(e)
	if err != nil || v.Kind() != record.List || v.Len() != len(l.keyCols) {
		return nil, &adapters.Error{Kind: adapters.Internal, Op: "deleting", Object: l.Destination.Object, Rule: "the ledger's destination key does not fit"}
	}
	return v.Elements(), nil
}

// removeFrom sends the removals of one lane, again while that is worth it: a removal that is repeated does no harm.
func (s *session) removeFrom(ctx context.Context, r *Runner, l *lane, group []*removal, n *state.Counts) error {
	if len(group) == 0 {
		return nil
	}
	m, err := s.remover(ctx, r, l)
	if err != nil {
		return err
	}
	open := group
	return s.insist(ctx, r, func() error {
		m.emit(open)
		outcomes := make([]adapters.Outcome, len(open))
		err := m.writer.Write(ctx, m.out, outcomes)
		var left []*removal
		for i, o := range outcomes {
			switch {
			case o.Result == adapters.Unchanged || o.Result == adapters.Rejected && o.Err.Kind == adapters.NotFound:
				open[i].done = true
				n.Unchanged++
			case o.Result.Delivered():
				open[i].done = true
				n.Deleted++
			case o.Result == adapters.Rejected:
				n.Rejected++
				s.sweep.refused = o.Err
			default:
				left = append(left, open[i])
			}
		}
		if open = left; len(open) == 0 {
			return nil
		}
		if err == nil {
			err = &adapters.Error{Kind: adapters.UnknownOutcome, Op: "deleting", Object: l.Destination.Object, Rule: "no outcome"}
		}
		return asTemporary(err)
	})
}

// remover returns what removes the records of a lane.
func (s *session) remover(ctx context.Context, r *Runner, l *lane) (*remover, error) {
	if m := s.removes[l]; m != nil {
		return m, nil
	}
	m := &remover{lane: l, out: new(record.Batch)}
	var columns []record.Column
	for _, c := range l.keyCols {
		columns = append(columns, l.program.Shape().Columns[c])
	}
	mode := adapters.WriteDelete
	if s.ends.gone != nil {
		mode = adapters.WriteUpdate
		fields, err := s.ends.goneFields(r.Now)
		if err != nil {
			return nil, err
		}
		m.fields = fields
		columns = append(columns, s.ends.gone.Shape().Columns...)
	}
	m.shape = record.NewShape(columns...)
	d := &l.Destination
	var err error
	if m.writer, err = l.destination.OpenWrite(ctx, adapters.WriteRequest{Object: d.Object, Mode: mode, Key: d.Key, Shape: m.shape}); err != nil {
		return nil, err
	}
	if s.removes == nil {
		s.removes = map[*lane]*remover{}
	}
	s.removes[l] = m
	return m, nil
}

// emit writes a group into out, as the writer wants it.
func (m *remover) emit(group []*removal) {
	rows := m.writer.Encoding() == record.Rows
	if rows {
		m.out.Reset(m.shape)
	} else {
		m.out.Reset(nil)
	}
	for _, g := range group {
		row := slices.Concat(g.key, m.fields)
		if rows {
			m.out.AppendRow(row...)
		} else {
			m.out.AppendDoc(record.ObjectValue(m.shape.Names(), row).AppendJSON(nil))
		}
	}
}

// compileGone compiles what is set at records that are gone.
func (e *ends) compileGone() (err error) {
	d := &e.flow.Spec.Source.Deleted
	if d.Action == "set" {
		e.gone, err = compiled("spec.source.deleted.set", &config.Mapping{Fields: d.Set}, mapping.Options{Zone: e.flow.Model.Connections[e.flow.Spec.Source.Connection].Spec.Zone})
	}
	return err
}

// goneFields returns the values that are set at records that are gone now.
func (e *ends) goneFields(now func() time.Time) ([]record.Value, error) {
	b := new(record.Batch)
	b.Reset(nil)
	b.AppendDoc([]byte("{}"))
	m := e.gone.NewExecutor(now).Map(b, 0)
	if m.Outcome != mapping.Mapped {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "deleting", Field: m.Reason.Field, Rule: string(m.Reason.Rule)}
	}
	return cloneAll(m.Row), nil
}

// stillThere asks the source by key which of some records it has all the same: one that moved between two pages while they were read, or came back.
// A source that cannot be asked so is taken at its word. One that answers with other records does not filter as it was told, and then none counts as
// missing.
func (s *session) stillThere(ctx context.Context, r *Runner, list []state.LedgerEntry) (map[state.KeyHash]bool, error) {
	if len(list) == 0 || s.ends.flow.Spec.Split != nil || !s.ends.object.CanRead(adapters.ReadKeys) {
		return nil, nil
	}
	req := adapters.ReadRequest{Object: s.ends.flow.Spec.Source.Object, By: s.ends.object.KeyNames(), Paths: s.ends.object.Key}
	texts := make([]string, len(list))
	asked := map[string]bool{}
	for i, e := range list {
		key, err := decodeKey(e.Key)
		if err != nil || len(key) != s.ends.key {
			return nil, &adapters.Error{Kind: adapters.Internal, Op: "reading", Object: req.Object, Rule: "the ledger's source key does not fit"}
		}
		if texts[i] = keyText(key); !asked[texts[i]] { // the routes of a record have its key in common
			asked[texts[i]] = true
			req.Keys = append(req.Keys, key)
		}
	}
	var found map[string]answer
	err := s.insist(ctx, r, func() (err error) {
		var strange bool
		if found, strange, err = readKeys(ctx, s.ends.source.OpenRead, req); err == nil && strange {
			err = &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: req.Object, Rule: strangeAnswer + ", so that nothing counts as gone"}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	there := map[state.KeyHash]bool{}
	for i, e := range list {
		there[e.KeyHash] = found[texts[i]].n > 0
	}
	return there, nil
}
