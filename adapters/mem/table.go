package mem

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// A Table is a transactional store of rows with one text key. It is safe for concurrent use; transactions take turns.
type Table struct {
	// Name is the object's name.
	Name string
	// Columns are the columns; Key and Cursor name two of them. The cursor is a whole number.
	Columns     []record.Column
	Key, Cursor string
	// Batch is how many rows a read delivers at once. Zero: 1000.
	Batch int
	// Refuse says which rule a row breaks; "" for none. nil: every row is taken.
	Refuse func(row []record.Value) (rule string)
	// Actions are what can be done with a row. Nothing comes of it but what Acted says.
	Actions []string

	turn sync.Mutex // held by a writing transaction from its start to its end

	mu      sync.Mutex
	rows    map[string][]record.Value
	scopes  map[string]checkpoint
	acted   map[string][]string
	offline bool
}

type checkpoint struct {
	epoch, seq int64
	cursor     record.Cursor
}

// Put stores rows with a value for each column, replacing those with the same key.
func (t *Table) Put(rows ...[]record.Value) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = map[string][]record.Value{}
	}
	for _, row := range rows {
		row = cloneRow(row)
		t.rows[row[t.column(t.Key)].Text()] = row
	}
}

// Rows returns all rows, sorted by key. The caller must not change them.
func (t *Table) Rows() [][]record.Value {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([][]record.Value, 0, len(t.rows))
	for _, k := range slices.Sorted(maps.Keys(t.rows)) {
		out = append(out, t.rows[k])
	}
	return out
}

// Acted returns the keys of the rows that an action was done with, in order.
func (t *Table) Acted(action string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.acted[action])
}

// Forget drops all rows and checkpoints, as if the table were another one.
func (t *Table) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows, t.scopes = nil, nil
}

// SetOffline cuts the table off, or restores it.
func (t *Table) SetOffline(off bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.offline = off
}

func (t *Table) reachable(op string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.offline {
		return &adapters.Error{Kind: adapters.Unavailable, Op: op, Object: t.Name}
	}
	return nil
}

func (t *Table) column(name string) int {
	return slices.IndexFunc(t.Columns, func(c record.Column) bool { return c.Name == name })
}

func (t *Table) batch() int { return cmp.Or(t.Batch, 1000) }

// sorted returns the rows in reading order: by cursor, then by key; or by key alone.
func (t *Table) sorted(byCursor bool) [][]record.Value {
	rows := t.Rows()
	if byCursor {
		c := t.column(t.Cursor)
		slices.SortStableFunc(rows, func(a, b []record.Value) int { return cmp.Compare(whole(a[c]), whole(b[c])) })
	}
	return rows
}

func whole(v record.Value) int64 {
	n, _ := v.Int64()
	return n
}

// object describes the table.
func (t *Table) object() adapters.Object {
	o := adapters.Object{
		Name: t.Name, Key: path(t.Key), Cursor: path(t.Cursor, t.Key), Version: path(t.Cursor)[0],
		Reads: []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys},
		Writes: []adapters.WriteMode{
			adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete,
		},
	}
	if len(t.Actions) > 0 {
		o.Writes, o.Actions = append(o.Writes, adapters.WriteAction), t.Actions
	}
	for _, c := range t.Columns {
		o.Fields = append(o.Fields, adapters.Field{Name: c.Name, Type: c.Kind.String(), Required: c.Name == t.Key, Nullable: c.Name != t.Key})
	}
	return o
}

func path(names ...string) []record.Path {
	var out []record.Path
	for _, n := range names {
		out = append(out, record.Path{{Name: n, Index: -1}})
	}
	return out
}

func cloneRow(row []record.Value) []record.Value {
	out := make([]record.Value, len(row))
	for i, v := range row {
		out[i] = clone(v)
	}
	return out
}

// clone copies a scalar out of the batch it came in.
func clone(v record.Value) record.Value {
	switch v.Kind() {
	case record.String:
		return record.StringValue(strings.Clone(v.Text()))
	case record.Int, record.Decimal:
		if n, err := record.ParseNumber(v.Text()); err == nil {
			return n
		}
	}
	return v
}

func same(a, b record.Value) bool { return a.Kind() == b.Kind() && a.Text() == b.Text() }
