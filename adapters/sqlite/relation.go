package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// relation is what an object stands for, as the database says right now.
type relation struct {
	name    string
	from    string // what follows FROM
	table   string // the table's or view's name; empty for a query
	columns []column
	key     []string
	primary []string
	unique  [][]string // the column sets that identify a row, the primary key among them
	rowid   string     // the column that is the row's number; empty when there is none
	object
	writable bool
}

type column struct {
	name      string
	declared  string // upper case
	notNull   bool
	hasDef    bool
	generated bool
	asked     string // the type a user gave it
}

func (r *relation) column(name string) int {
	return slices.IndexFunc(r.columns, func(c column) bool { return c.name == name })
}

// checkpointTable keeps checkpoints beside the rows. It is no object.
const checkpointTable = "dray_checkpoint"

// relation looks an object up. Its error is an [adapters.Error].
func (s *source) relation(ctx context.Context, op, name string) (*relation, error) {
	if s.closed.Load() {
		return nil, adapters.ErrClosed
	}
	conn, err := s.reads.Conn(ctx)
	if err != nil {
		return nil, failure(ctx, op, name, err)
	}
	defer func() { _ = conn.Close() }() // back to its pool
	r, err := s.look(ctx, conn, op, name)
	if err != nil {
		return nil, failure(ctx, op, name, err)
	}
	return r, nil
}

func (s *source) look(ctx context.Context, conn *sql.Conn, op, name string) (*relation, error) {
	o, declared := s.objects[name]
	if !declared {
		o = object{Table: name}
	}
	r := &relation{name: name, object: o, table: o.Table}
	var err error
	if o.Query != "" {
		r.from = "(" + o.Query + "\n)"
		err = r.askQuery(ctx, conn)
	} else {
		r.from = quote(o.Table)
		err = r.askTable(ctx, conn, op)
	}
	if err != nil {
		return nil, err
	}
	return r, r.settle(op)
}

func (r *relation) askQuery(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, "SELECT * FROM "+r.from+" LIMIT 0")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for _, n := range names {
		r.columns = append(r.columns, column{name: n})
	}
	return rows.Err()
}

func (r *relation) askTable(ctx context.Context, conn *sql.Conn, op string) error {
	var kind string
	err := conn.QueryRowContext(ctx, "SELECT type FROM sqlite_schema WHERE name = ? AND type IN ('table', 'view')", r.table).Scan(&kind)
	if err == sql.ErrNoRows || hidden(r.table) { // QueryRow returns it bare
		return &adapters.Error{Kind: adapters.NotFound, Op: op, Object: r.name, Rule: "no such table or view"}
	}
	if err != nil {
		return err
	}
	r.writable = kind == "table"
	if err := r.askColumns(ctx, conn); err != nil || kind == "view" {
		return err
	}
	return r.askIndexes(ctx, conn)
}

// hidden reports whether a table is SQLite's or ours.
func hidden(table string) bool {
	return strings.HasPrefix(table, "sqlite_") || table == checkpointTable
}

func (r *relation) askColumns(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, "SELECT name, upper(type), \"notnull\", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid", r.table)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var c column
		var pk, hide int
		if err := rows.Scan(&c.name, &c.declared, &c.notNull, &c.hasDef, &pk, &hide); err != nil {
			return err
		}
		if hide == 1 { // a hidden column of a virtual table
			continue
		}
		c.generated = hide > 1
		r.columns = append(r.columns, c)
		if pk > 0 {
			for len(r.primary) < pk {
				r.primary = append(r.primary, "")
			}
			r.primary[pk-1] = c.name
		}
	}
	if len(r.primary) > 0 {
		r.unique = append(r.unique, r.primary)
		if c := r.columns[r.column(r.primary[0])]; len(r.primary) == 1 && c.declared == "INTEGER" {
			r.rowid = c.name
		}
	}
	return rows.Err()
}

// askIndexes adds the unique indexes that hold for every row, in the order they were made.
func (r *relation) askIndexes(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, `SELECT l.seq, x.name FROM pragma_index_list(?) l, pragma_index_xinfo(l.name) x
		WHERE l."unique" AND NOT l.partial AND x.key ORDER BY l.seq DESC, x.seqno`, r.table)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	sets, order := map[int][]string{}, []int{}
	for rows.Next() {
		var seq int
		var name sql.NullString // null for an expression
		if err := rows.Scan(&seq, &name); err != nil {
			return err
		}
		if _, seen := sets[seq]; !seen {
			order = append(order, seq)
		}
		sets[seq] = append(sets[seq], name.String)
	}
	for _, seq := range order {
		if !slices.Contains(sets[seq], "") {
			r.unique = append(r.unique, sets[seq])
		}
	}
	return rows.Err()
}

// settle applies what the user said about the object.
func (r *relation) settle(op string) error {
	for _, name := range slices.Concat(r.Key, []string{r.Cursor}) {
		if name != "" && r.column(name) < 0 {
			return &adapters.Error{Kind: adapters.Invalid, Op: op, Object: r.name, Field: name, Rule: "no such column"}
		}
	}
	for name, f := range r.Fields {
		i := r.column(name)
		if i < 0 {
			return &adapters.Error{Kind: adapters.Invalid, Op: op, Object: r.name, Field: name, Rule: "no such column"}
		}
		r.columns[i].asked = f.Type
	}
	if r.key = r.Key; len(r.key) == 0 {
		r.key = r.defaultKey()
	}
	return nil
}

// defaultKey returns the primary key, or the first unique index without nulls.
func (r *relation) defaultKey() []string {
	if len(r.primary) > 0 {
		return r.primary
	}
	for _, set := range r.unique {
		if !slices.ContainsFunc(set, func(name string) bool { return !r.columns[r.column(name)].notNull }) {
			return set
		}
	}
	return nil
}

// identifies reports whether the columns, in any order, are those of a unique index.
func (r *relation) identifies(key []string) bool {
	sorted := slices.Sorted(slices.Values(key))
	return slices.ContainsFunc(r.unique, func(set []string) bool { return slices.Equal(slices.Sorted(slices.Values(set)), sorted) })
}

// describe returns the object as the engine sees it.
func (r *relation) describe(canWrite bool) adapters.Object {
	o := adapters.Object{Name: r.name, Key: paths(r.key), Reads: []adapters.ReadMode{adapters.ReadFull}}
	if len(r.key) > 0 {
		o.Reads = append(o.Reads, adapters.ReadKeys)
	}
	if r.Cursor != "" {
		o.Version = paths([]string{r.Cursor})[0]
		if len(r.key) > 0 {
			o.Cursor = paths(append([]string{r.Cursor}, r.key...))
			o.Reads = append(o.Reads, adapters.ReadIncremental)
		}
	}
	if canWrite && r.writable {
		o.Writes = []adapters.WriteMode{adapters.WriteCreate}
		if len(r.unique) > 0 {
			o.Writes = append(o.Writes, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete)
		}
	}
	for _, c := range r.columns {
		o.Fields = append(o.Fields, adapters.Field{
			Name: c.name, Type: c.fieldType(), ReadOnly: c.generated, Nullable: !c.notNull,
			Required: c.notNull && !c.hasDef && c.name != r.rowid && !c.generated,
		})
	}
	return o
}

func (c column) fieldType() string {
	switch a := c.affinity(); {
	case c.asked != "":
		return c.asked
	case a == integer:
		return "int"
	case a == text:
		return "string"
	case a == real || (a == numeric && (strings.Contains(c.declared, "NUM") || strings.Contains(c.declared, "DEC"))):
		return "decimal"
	case strings.Contains(c.declared, "BLOB"):
		return "bytes"
	case strings.HasPrefix(c.declared, "DATE") || strings.HasPrefix(c.declared, "TIME"):
		return "string"
	default:
		return ""
	}
}

func paths(names []string) []record.Path {
	var out []record.Path
	for _, n := range names {
		out = append(out, record.Path{{Name: n, Index: -1}})
	}
	return out
}
