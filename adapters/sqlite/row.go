package sqlite

import (
	"context"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// row is one record on its way into a table.
type row struct {
	rel   *relation
	key   []string
	names []string // the columns that are sent, the key's included
	args  []any
	keys  []any // the key's arguments
	id    record.Value
	bad   *adapters.Outcome // set when a value cannot be stored
}

func newRow(rel *relation, req adapters.WriteRequest, values []record.Value) *row {
	r := &row{rel: rel, key: req.Key}
	var id []record.Value
	for _, name := range req.Key {
		v := values[req.Shape.Column(name)]
		args, field, rule := rel.bind([]string{name}, []record.Value{v})
		if rule != "" {
			r.reject(field, rule)
			return r
		}
		r.keys = append(r.keys, args...)
		id = append(id, ownCopy(v))
	}
	switch len(id) {
	case 0:
	case 1:
		r.id = id[0]
	default:
		r.id = record.ListValue(id)
	}
	for i, c := range req.Shape.Columns {
		if values[i].IsAbsent() {
			continue
		}
		v, rule := rel.columns[rel.column(c.Name)].toDatabase(values[i])
		if rule != "" {
			r.reject(c.Name, rule)
			return r
		}
		r.names, r.args = append(r.names, c.Name), append(r.args, v)
	}
	return r
}

func (r *row) reject(field, rule string) {
	o := r.rel.refuse(adapters.Invalid, field, rule)
	r.bad = &o
}

// write writes the row. Whether it exists is asked first: an INSERT … ON CONFLICT would demand columns that are not sent,
// though the row has them. Nobody can come between, as the transaction holds the file's write lock.
func (r *row) write(ctx context.Context, t *transaction, mode adapters.WriteMode) (adapters.Outcome, error) {
	if r.bad != nil {
		return *r.bad, nil
	}
	if mode == adapters.WriteCreate {
		return r.insert(ctx, t)
	}
	exists, err := t.exists(ctx, "SELECT 1 FROM "+r.rel.from+" WHERE "+matching(r.key), r.keys)
	if err != nil {
		return adapters.Outcome{}, err
	}
	unchanged := adapters.Outcome{Result: adapters.Unchanged, ID: r.id}
	switch {
	case mode == adapters.WriteDelete && !exists, mode == adapters.WriteEnsure && exists:
		return unchanged, nil
	case mode == adapters.WriteDelete:
		_, err := t.exec(ctx, "DELETE FROM "+r.rel.from+" WHERE "+matching(r.key), r.keys)
		return adapters.Outcome{Result: adapters.Deleted, ID: r.id}, err
	case mode == adapters.WriteUpdate && !exists:
		return r.rel.refuse(adapters.NotFound, "", "no row with this key"), nil
	case exists:
		return r.update(ctx, t)
	default:
		return r.insert(ctx, t)
	}
}

func (r *row) insert(ctx context.Context, t *transaction) (adapters.Outcome, error) {
	query := "INSERT INTO " + r.rel.from + " DEFAULT VALUES"
	if len(r.names) > 0 {
		quoted := make([]string, len(r.names))
		for i, n := range r.names {
			quoted[i] = quote(n)
		}
		query = "INSERT INTO " + r.rel.from + " (" + strings.Join(quoted, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(r.names)-1) + ")"
	}
	res, err := t.exec(ctx, query, r.args)
	if err != nil {
		return adapters.Outcome{}, err
	}
	out := adapters.Outcome{Result: adapters.Created, ID: r.id}
	if r.id.IsAbsent() && r.rel.rowid != "" {
		n, err := res.LastInsertId()
		if err != nil {
			return out, err
		}
		out.ID = record.IntValue(n)
	}
	return out, nil
}

// update changes the row only where something differs, to the last bit: columns may compare without regard to case.
func (r *row) update(ctx context.Context, t *transaction) (adapters.Outcome, error) {
	var set, differ []string
	var args []any
	for i, name := range r.names {
		if slices.Contains(r.key, name) {
			continue
		}
		set = append(set, quote(name)+" = ?")
		differ = append(differ, quote(name)+" COLLATE BINARY IS NOT ?")
		args = append(args, r.args[i])
	}
	out := adapters.Outcome{Result: adapters.Unchanged, ID: r.id}
	if len(set) == 0 {
		return out, nil
	}
	query := "UPDATE " + r.rel.from + " SET " + strings.Join(set, ", ") + " WHERE " + matching(r.key) + " AND (" + strings.Join(differ, " OR ") + ")"
	res, err := t.exec(ctx, query, slices.Concat(args, r.keys, args))
	if err != nil {
		return adapters.Outcome{}, err
	}
	n, err := res.RowsAffected()
	if n > 0 {
		out.Result = adapters.Updated
	}
	return out, err
}
