package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// OpenWrite checks the request against the table.
func (c *connection) OpenWrite(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	rel, err := c.writable(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := c.logAhead(ctx); err != nil {
		return nil, failure(ctx, "writing", req.Object, err)
	}
	return &writer{conn: c, rel: rel, req: req}, nil
}

// writable returns the relation when the request can be served.
func (c *connection) writable(ctx context.Context, req adapters.WriteRequest) (*relation, error) {
	rel, err := c.relation(ctx, "writing", req.Object)
	if err != nil {
		return nil, err
	}
	invalid := func(field, rule string) error {
		return &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: req.Object, Field: field, Rule: rule}
	}
	if !rel.writable {
		return nil, invalid("", "views and queries cannot be written")
	}
	for _, col := range req.Shape.Columns {
		switch i := rel.column(col.Name); {
		case i < 0:
			return nil, invalid(col.Name, "no such column")
		case rel.columns[i].generated:
			return nil, invalid(col.Name, "is a generated column")
		}
	}
	switch req.Mode {
	case adapters.WriteCreate:
		return rel, nil
	case adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete:
		return rel, rel.checkKey(req.Key)
	default:
		return nil, invalid("", "unknown write mode "+strconv.Quote(string(req.Mode)))
	}
}

// checkKey makes sure that a key finds one row at most.
func (r *relation) checkKey(key []string) error {
	invalid := &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: r.name}
	for _, name := range key {
		if r.column(name) < 0 {
			invalid.Field, invalid.Rule = name, "no such column"
			return invalid
		}
	}
	if len(key) == 0 || !r.identifies(key) {
		quoted := make([]string, len(key))
		for i, name := range key {
			quoted[i] = quote(name)
		}
		invalid.Rule = "no unique index on the key; make one: CREATE UNIQUE INDEX … ON " + quote(r.table) + " (" + strings.Join(quoted, ", ") + ")"
		return invalid
	}
	return nil
}

type writer struct {
	conn   *connection
	rel    *relation
	req    adapters.WriteRequest
	closed bool
}

// Encoding implements [adapters.Writer].
func (w *writer) Encoding() record.Encoding { return record.Rows }

// rowsPerWrite is where more rows in one transaction gain little.
const rowsPerWrite = 5000

// Bulk implements [adapters.BulkWriter].
func (w *writer) Bulk() int { return rowsPerWrite }

// Close implements [adapters.Writer]: nothing is buffered.
func (w *writer) Close(context.Context) error {
	w.closed = true
	return nil
}

// Write writes the batch in one transaction. Where constraints are deferred to its end and one fails there, every record gets
// a transaction of its own.
func (w *writer) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	if w.closed || w.conn.closed.Load() {
		return adapters.ErrClosed
	}
	if b.Len() == 0 {
		return nil
	}
	err := w.transact(ctx, b, out, 0, b.Len())
	if !isConstraint(err) {
		return failure(ctx, "writing", w.rel.name, err)
	}
	for i := range out {
		switch err := w.transact(ctx, b, out, i, i+1); {
		case isConstraint(err):
			out[i], _ = w.rel.rejection(err)
		case err != nil:
			return failure(ctx, "writing", w.rel.name, err)
		}
	}
	return nil
}

func isConstraint(err error) bool {
	se, ok := errors.AsType[*sqlite.Error](err)
	return ok && se.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}

// transact writes records from ≤ i < to in one transaction. When it fails, their outcomes are NotWritten, or Unknown where
// the disk failed during the commit.
func (w *writer) transact(ctx context.Context, b *record.Batch, out []adapters.Outcome, from, to int) error {
	tx, err := w.conn.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.rollback(ctx)
	err = tx.write(ctx, w.rel, w.req, b, out, from, to)
	if err == nil {
		err = tx.commit(ctx)
	}
	if err == nil {
		return nil
	}
	result := adapters.NotWritten
	if se, ok := errors.AsType[*sqlite.Error](err); ok && tx.committing && se.Code()&0xff == sqlite3.SQLITE_IOERR {
		result = adapters.Unknown
	}
	for i := from; i < to; i++ {
		if out[i].Result != adapters.Rejected || result == adapters.NotWritten {
			out[i] = adapters.Outcome{Result: result}
		}
	}
	return err
}

// transaction is a write transaction on the one connection for writes.
type transaction struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	committing bool
	done       bool
}

// begin waits for the connection and for the file's write lock.
func (c *connection) begin(ctx context.Context) (*transaction, error) {
	conn, err := c.writes.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		_ = conn.Close() // back to its pool
		return nil, err
	}
	// A constraint or trigger that rolls everything back takes this savepoint along, which is how it is noticed.
	if _, err := conn.ExecContext(ctx, "SAVEPOINT dray"); err != nil {
		t := &transaction{conn: conn}
		t.rollback(ctx)
		return nil, err
	}
	return &transaction{conn: conn, statements: map[string]*sql.Stmt{}}, nil
}

func (t *transaction) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.committing = true
	if _, err := t.conn.ExecContext(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		return err
	}
	t.end()
	return nil
}

func (t *transaction) rollback(ctx context.Context) {
	if t.done {
		return
	}
	// SQLite may have rolled back already; then this fails and there is nothing to do.
	_, _ = t.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	t.end()
}

func (t *transaction) end() {
	t.done = true
	for _, s := range t.statements {
		_ = s.Close() // it is done
	}
	_ = t.conn.Close() // back to its pool
}

// alive reports whether the transaction is still there after a statement failed.
func (t *transaction) alive(ctx context.Context) error {
	_, err := t.conn.ExecContext(ctx, "RELEASE dray")
	if err == nil {
		_, err = t.conn.ExecContext(ctx, "SAVEPOINT dray")
	}
	return err
}

// exec runs a statement that is prepared once. It does not watch ctx: one row takes no time.
func (t *transaction) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	s, err := t.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.WithoutCancel(ctx), args...)
}

func (t *transaction) exists(ctx context.Context, query string, args []any) (bool, error) {
	s, err := t.prepare(ctx, query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(context.WithoutCancel(ctx), args...).Scan(new(int))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (t *transaction) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := t.statements[query]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(ctx, query)
	if err == nil {
		t.statements[strings.Clone(query)] = s
	}
	return s, err
}

// write writes records from ≤ i < to. Its error is that of the whole; what is wrong with one record is in its outcome.
func (t *transaction) write(ctx context.Context, rel *relation, req adapters.WriteRequest, b *record.Batch, out []adapters.Outcome, from, to int) error {
	for i := from; i < to; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		mode := req.Mode
		if b.Op(i) == record.Delete {
			mode = adapters.WriteDelete
		}
		row := newRow(rel, req, b.Row(i))
		var err error
		if out[i], err = row.write(ctx, t, mode); err == nil {
			continue
		}
		rejected, ok := rel.rejection(err)
		if !ok {
			return err
		}
		if aliveErr := t.alive(ctx); aliveErr != nil {
			return &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: rel.name, Rule: "a constraint or trigger of the table rolls back whole transactions", Err: err}
		}
		out[i] = rejected
	}
	return nil
}
