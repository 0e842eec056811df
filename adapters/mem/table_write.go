package mem

import (
	"context"
	"maps"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

type tableWriter struct {
	conn   *tableConn
	req    adapters.WriteRequest
	closed bool
}

func (w *tableWriter) Encoding() record.Encoding { return record.Rows }

func (w *tableWriter) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	if w.closed {
		return adapters.ErrClosed
	}
	if err := w.conn.ready(ctx, "writing"); err != nil {
		return err
	}
	w.conn.table.turn.Lock()
	defer w.conn.table.turn.Unlock()
	work := w.conn.table.begin()
	work.write(w.req, b, out)
	work.commit(nil)
	return nil
}

func (w *tableWriter) Close(context.Context) error {
	w.closed = true
	return nil
}

// work is the table as one transaction sees it. The caller holds the turn.
type work struct {
	table *Table
	rows  map[string][]record.Value
	// acted are the keys of the rows that action was done with.
	acted  []string
	action string
}

func (t *Table) begin() *work {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &work{table: t, rows: maps.Clone(t.rows)}
	if w.rows == nil {
		w.rows = map[string][]record.Value{}
	}
	return w
}

// commit makes the rows visible, and does more in the same instant.
func (w *work) commit(more func()) {
	w.table.mu.Lock()
	defer w.table.mu.Unlock()
	w.table.rows = w.rows
	if len(w.acted) > 0 && w.table.acted == nil {
		w.table.acted = map[string][]string{}
	}
	if len(w.acted) > 0 {
		w.table.acted[w.action] = append(w.table.acted[w.action], w.acted...)
	}
	if more != nil {
		more()
	}
}

func (w *work) write(req adapters.WriteRequest, b *record.Batch, out []adapters.Outcome) {
	for i := range out {
		out[i] = w.one(req, b.Shape, b.Row(i))
	}
}

func (w *work) one(req adapters.WriteRequest, s *record.Shape, values []record.Value) adapters.Outcome {
	id := clone(values[s.Column(w.table.Key)])
	key := id.Text()
	old, exists := w.rows[key]
	reject := func(kind adapters.Kind, rule string) adapters.Outcome {
		return adapters.Outcome{Result: adapters.Rejected, Err: &adapters.Error{Kind: kind, Op: "writing", Object: w.table.Name, Rule: rule}}
	}
	switch {
	case req.Mode == adapters.WriteCreate && exists:
		return reject(adapters.Duplicate, "unique")
	case req.Mode == adapters.WriteEnsure && exists:
		return adapters.Outcome{Result: adapters.Unchanged, ID: id}
	case req.Mode == adapters.WriteAction && exists:
		w.acted = append(w.acted, key)
		w.action = req.Action
		return adapters.Outcome{Result: adapters.Updated, ID: id}
	case (req.Mode == adapters.WriteUpdate || req.Mode == adapters.WriteAction) && !exists:
		return reject(adapters.NotFound, "no record with this key")
	case req.Mode == adapters.WriteDelete && !exists:
		return adapters.Outcome{Result: adapters.Unchanged, ID: id}
	case req.Mode == adapters.WriteDelete:
		delete(w.rows, key)
		return adapters.Outcome{Result: adapters.Deleted, ID: id}
	}
	row, changed := w.merge(old, s, values)
	if w.table.Refuse != nil {
		if rule := w.table.Refuse(row); rule != "" {
			return reject(adapters.Invalid, rule)
		}
	}
	switch {
	case !exists:
		w.rows[key] = row
		return adapters.Outcome{Result: adapters.Created, ID: id}
	case !changed:
		return adapters.Outcome{Result: adapters.Unchanged, ID: id}
	default:
		w.rows[key] = row
		return adapters.Outcome{Result: adapters.Updated, ID: id}
	}
}

// merge lays what was sent over what is there.
func (w *work) merge(old []record.Value, s *record.Shape, values []record.Value) (row []record.Value, changed bool) {
	row = make([]record.Value, len(w.table.Columns))
	for i, c := range w.table.Columns {
		row[i] = record.NullValue
		if old != nil {
			row[i] = old[i]
		}
		at := s.Column(c.Name)
		if at < 0 || values[at].IsAbsent() || same(row[i], values[at]) {
			continue
		}
		row[i], changed = clone(values[at]), true
	}
	return row, changed
}
