package sqlite

import (
	"context"
	"database/sql"
	"io"
	"strconv"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// A batch ends after so many rows or bytes.
const (
	batchRows  = 1000
	batchBytes = 4 << 20
)

// keysAtOnce bounds the parameters of one look-up by key.
const keysAtOnce = 100

// OpenRead starts a read-only transaction, whose snapshot the whole read sees, and its query.
func (s *source) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	rel, err := s.relation(ctx, "reading", req.Object)
	if err != nil {
		return nil, err
	}
	if err := req.NoFilter(); err != nil {
		return nil, err
	}
	if !rel.describe(false).CanRead(req.Mode) {
		return nil, rel.cannot("cannot be read in mode " + strconv.Quote(string(req.Mode)) + " without a key and a cursor")
	}
	for _, name := range req.By {
		if rel.column(name) < 0 {
			return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: rel.name, Field: name, Rule: "no such column"}
		}
	}
	r := &reader{source: s, rel: rel, req: req}
	r.choose(req.Paths)
	where, args, err := r.start()
	if err != nil {
		return nil, err
	}
	if r.conn, err = s.reads.Conn(ctx); err != nil {
		return nil, failure(ctx, "reading", req.Object, err)
	}
	if _, err = r.conn.ExecContext(ctx, "BEGIN"); err == nil && req.Mode != adapters.ReadKeys {
		err = r.query(ctx, where, args)
	}
	if err != nil {
		_ = r.Close(ctx) // the first error says more
		return nil, failure(ctx, "reading", req.Object, err)
	}
	return r, nil
}

func (r *relation) cannot(rule string) error {
	return &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: r.name, Rule: rule}
}

// reader streams one query, or looks up keys piece by piece.
type reader struct {
	source  *source
	rel     *relation
	req     adapters.ReadRequest
	columns []column
	shape   *record.Shape
	key     []int // of columns
	cursor  int   // of columns; -1 for none
	conn    *sql.Conn
	rows    *sql.Rows
	stop    context.CancelFunc
	done    bool
	closed  bool
	row     []any
	into    []any
}

// choose picks the columns to read: those wanted, the key and the cursor. The values are taken with a unary plus, which
// changes nothing but keeps the driver from making times of them.
func (r *reader) choose(wanted []record.Path) {
	need := map[string]bool{r.rel.Cursor: true}
	for _, k := range r.rel.key {
		need[k] = true
	}
	for _, p := range wanted {
		if p.Root() != "" && len(p) > 1 {
			p = p[1:]
		}
		need[p[0].Name] = true
	}
	var shape []record.Column
	r.cursor = -1
	for _, c := range r.rel.columns {
		if wanted != nil && !need[c.name] {
			continue
		}
		if c.name == r.rel.Cursor && r.req.Mode == adapters.ReadIncremental {
			r.cursor = len(r.columns)
		}
		r.columns = append(r.columns, c)
		shape = append(shape, record.Column{Name: c.name})
	}
	for _, k := range r.rel.key {
		for i, c := range r.columns {
			if c.name == k {
				r.key = append(r.key, i)
			}
		}
	}
	r.shape = record.NewShape(shape...)
	r.row, r.into = make([]any, len(r.columns)), make([]any, len(r.columns))
	for i := range r.row {
		r.into[i] = &r.row[i]
	}
}

// start returns the condition that the read starts with.
func (r *reader) start() (where string, args []any, err error) {
	incremental := r.req.Mode == adapters.ReadIncremental
	cursor := "t." + quote(r.rel.Cursor)
	switch {
	case r.req.Mode == adapters.ReadKeys:
		return "", nil, nil
	case r.req.From != nil:
		p, err := decodePosition(r.req.From, len(r.rel.key), incremental)
		if err != nil || (!incremental && len(r.rel.key) == 0) {
			return "", nil, r.rel.cannot("the cursor is not one of this object; reset the checkpoint")
		}
		if incremental && r.req.Overlap > 0 {
			back, ok := r.rel.stepBack(p.cursor, r.req.Overlap)
			if !ok {
				return "", nil, r.rel.cannot("an overlap needs cursorFormat, and a cursor that is written so")
			}
			return cursor + " >= ?", []any{back}, nil
		}
		return r.after(p)
	case incremental && !r.req.Start.IsZero():
		from, ok := r.rel.instant(r.req.Start)
		if !ok {
			return "", nil, r.rel.cannot("a start at an instant needs cursorFormat")
		}
		return cursor + " >= ?", []any{from}, nil
	case incremental:
		return cursor + " IS NOT NULL", nil, nil
	default:
		return "", nil, nil
	}
}

// after is the condition for everything behind a position, in the order of the read.
func (r *reader) after(p position) (string, []any, error) {
	names, args := r.order(), p.key
	if r.req.Mode == adapters.ReadIncremental {
		args = append([]any{p.cursor}, p.key...)
	}
	if len(names) == 1 {
		return names[0] + " > ?", args, nil
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")
	return "(" + strings.Join(names, ", ") + ") > (" + marks + ")", args, nil
}

func (r *reader) order() []string {
	var names []string
	if r.req.Mode == adapters.ReadIncremental {
		names = append(names, "t."+quote(r.rel.Cursor))
	}
	for _, k := range r.rel.key {
		names = append(names, "t."+quote(k))
	}
	return names
}

// query runs the SELECT. It lives until the reader is closed; ctx ends it only while it starts, where a sort may take long.
func (r *reader) query(ctx context.Context, where string, args []any) error {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range r.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("+t." + quote(c.name))
	}
	b.WriteString(" FROM " + r.rel.from + " AS t")
	if where != "" {
		b.WriteString(" WHERE " + where)
	}
	if order := r.order(); len(order) > 0 {
		b.WriteString(" ORDER BY " + strings.Join(order, ", "))
	}
	if r.req.Limit > 0 {
		b.WriteString(" LIMIT " + strconv.Itoa(r.req.Limit))
	}
	living, stop := context.WithCancel(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, stop)
	rows, err := r.conn.QueryContext(living, b.String(), args...)
	if !release() && err == nil { // ctx ended just now
		_ = rows.Close() // cancelled anyway
		err = ctx.Err()
	}
	if err != nil {
		stop()
		return err
	}
	r.rows, r.stop = rows, stop
	return nil
}

func (r *reader) Next(ctx context.Context, b *record.Batch) error {
	switch {
	case r.closed || r.source.closed.Load():
		return adapters.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	}
	b.Reset(r.shape)
	for b.Len() == 0 && !r.done {
		if r.rows == nil {
			if err := r.nextKeys(ctx); err != nil {
				return r.fail(ctx, err)
			}
		}
		if err := r.fill(ctx, b); err != nil {
			return r.fail(ctx, err)
		}
	}
	if b.Len() == 0 {
		return io.EOF
	}
	if r.req.Mode != adapters.ReadKeys && len(r.key) > 0 {
		b.Safe = r.position().encode()
	}
	return nil
}

// fail ends the read: rows of it are gone.
func (r *reader) fail(ctx context.Context, err error) error {
	err = failure(ctx, "reading", r.rel.name, err)
	_ = r.Close(ctx) // the first error says more
	return err
}

// fill moves rows into the batch until it is full or there are no more.
func (r *reader) fill(ctx context.Context, b *record.Batch) error {
	interrupt := context.AfterFunc(ctx, r.stop)
	defer interrupt()
	values := make([]record.Value, len(r.columns))
	for size := 0; b.Len() < batchRows && size < batchBytes; {
		if !r.rows.Next() {
			r.done = r.req.Mode != adapters.ReadKeys || len(r.req.Keys) == 0
			err := r.rows.Err()
			r.endQuery()
			return err
		}
		if err := r.rows.Scan(r.into...); err != nil {
			return err
		}
		for i, c := range r.columns {
			v, rule := c.fromDatabase(r.row[i])
			if rule != "" {
				return &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: r.rel.name, Field: c.name, Rule: rule}
			}
			values[i] = v
			size += sizeOf(r.row[i])
		}
		b.AppendRow(values...)
	}
	return ctx.Err()
}

func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	default:
		return 8
	}
}

// position is where the last row stands.
func (r *reader) position() position {
	var p position
	if r.cursor >= 0 {
		p.cursor = r.row[r.cursor]
	}
	for _, i := range r.key {
		p.key = append(p.key, r.row[i])
	}
	return p
}

// nextKeys starts the query for the next piece of the keys.
func (r *reader) nextKeys(ctx context.Context) error {
	n := min(len(r.req.Keys), keysAtOnce)
	piece := r.req.Keys[:n]
	r.req.Keys = r.req.Keys[n:]
	by := r.rel.key
	if r.req.By != nil {
		by = r.req.By
	}
	var where []string
	var args []any
	for _, key := range piece {
		values, _, rule := r.rel.bind(by, key)
		if rule != "" {
			continue // a key that cannot be stored is not there
		}
		where = append(where, "("+matching(by)+")")
		args = append(args, values...)
	}
	if len(where) == 0 {
		where = []string{"0"}
	}
	return r.query(ctx, strings.Join(where, " OR "), args)
}

func (r *reader) endQuery() {
	if r.rows != nil {
		_ = r.rows.Close() // it was only read
		r.stop()
		r.rows = nil
	}
}

// Ack does nothing: a database forgets nothing.
func (r *reader) Ack(context.Context, record.Cursor) error { return nil }

// Close ends the query and its transaction.
func (r *reader) Close(ctx context.Context) error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.endQuery()
	_, _ = r.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // nothing was written; a connection that is gone needs none
	_ = r.conn.Close()                                                // back to its pool
	return nil
}
