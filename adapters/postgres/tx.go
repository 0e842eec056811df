package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// checkpointTable holds one row for each scope, in the connection's schema. It is made when a transaction first needs it.
const checkpointTable = "dray_checkpoint"

// Begin starts a transaction that holds the scope's checkpoint row.
func (c *connection) Begin(ctx context.Context, req adapters.WriteRequest, scope adapters.Scope) (adapters.Tx, error) {
	b, err := c.newBatcher(ctx, req)
	if err != nil {
		return nil, err
	}
	pc, err := c.hold(ctx, "writing", req.Object)
	if err != nil {
		return nil, err
	}
	t := &tx{batcher: b, pc: pc, scope: scope, table: quote(c.cfg.Schema) + "." + checkpointTable}
	if err := t.begin(ctx); err != nil {
		_ = t.Rollback(ctx) // the error that led here says more
		return nil, sorted(err, "writing", req.Object)
	}
	return t, nil
}

// tx is one transaction with its checkpoint.
type tx struct {
	batcher *batcher
	pc      *pgxpool.Conn // nil once it ended
	scope   adapters.Scope
	table   string
	seq     int64
	cursor  record.Cursor
	failed  bool // an error left the transaction in doubt: only Rollback is left
}

var _ adapters.Tx = (*tx)(nil)

func (t *tx) begin(ctx context.Context) error {
	if err := t.ensureTable(ctx); err != nil {
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42501" {
			return unfit("writing", t.batcher.object.name, "", "the role may not create the table "+t.table+" for checkpoints: grant create on the schema, or have somebody create it")
		}
		return err
	}
	if _, err := t.pc.Exec(ctx, "begin"); err != nil {
		return err
	}
	// The row is made or locked in one statement, so that two agents cannot both believe to be the first.
	lock := "insert into " + t.table + " as d (scope, epoch, seq) values ($1, $2, 0) " +
		"on conflict (scope) do update set epoch = excluded.epoch where d.epoch <= excluded.epoch returning seq, cursor"
	var cursor []byte
	err := t.pc.QueryRow(ctx, lock, t.scope.ID, t.scope.Epoch).Scan(&t.seq, &cursor)
	if errors.Is(err, pgx.ErrNoRows) {
		return &adapters.Error{
			Kind: adapters.Conflict, Op: "writing", Object: t.batcher.object.name, Rule: "a newer epoch has taken this flow over",
		}
	}
	if cursor != nil {
		t.cursor = cursor
	}
	return err
}

// ensureTable makes the table where it is missing. Asking first spares the right to create things when there is nothing to create.
func (t *tx) ensureTable(ctx context.Context) error {
	var there bool
	if err := t.pc.QueryRow(ctx, "select to_regclass($1) is not null", t.table).Scan(&there); err != nil || there {
		return err
	}
	create := "create table if not exists " + t.table +
		" (scope text primary key, epoch bigint not null, seq bigint not null, cursor bytea, changed timestamptz not null default now())"
	// Two that create it at once collide in the catalogue; whoever loses finds it made.
	_, err := t.pc.Exec(ctx, "select pg_advisory_lock(4919, 1); "+create+"; select pg_advisory_unlock(4919, 1)", pgx.QueryExecModeSimpleProtocol)
	return err
}

// Last returns what the last committed transaction of the scope left.
func (t *tx) Last() (seq int64, cursor record.Cursor) { return t.seq, t.cursor }

// Write merges the batch within the transaction.
func (t *tx) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	switch {
	case t.pc == nil || t.batcher.conn.isClosed():
		return adapters.ErrClosed
	case t.failed:
		return unfit("writing", t.batcher.object.name, "", "the transaction failed before and can only be rolled back")
	case b.Len() == 0:
		return nil
	}
	err := t.batcher.write(ctx, t.pc.Conn().PgConn(), savepoints, b, out)
	if err != nil {
		t.failed = true
		for i := range out[:b.Len()] { // nothing of it will become durable
			if out[i].Result != adapters.Rejected {
				out[i] = adapters.Outcome{}
			}
		}
	}
	return err
}

// Commit makes rows and checkpoint durable together.
func (t *tx) Commit(ctx context.Context, seq int64, cursor record.Cursor) error {
	switch {
	case t.pc == nil:
		return adapters.ErrClosed
	case t.failed:
		return unfit("writing", t.batcher.object.name, "", "the transaction failed before and can only be rolled back")
	case seq != t.seq+1:
		return &adapters.Error{
			Kind: adapters.Conflict, Op: "writing", Object: t.batcher.object.name,
			Rule: fmt.Sprintf("sequence number %d does not follow %d", seq, t.seq),
		}
	}
	var stored []byte
	if cursor != nil {
		stored = []byte(cursor)
	}
	if _, err := t.pc.Exec(ctx, "update "+t.table+" set seq = $2, cursor = $3, changed = now() where scope = $1", t.scope.ID, seq, stored); err != nil {
		t.failed = true
		return sorted(err, "writing", t.batcher.object.name)
	}
	if err := ctx.Err(); err != nil {
		t.failed = true
		return sorted(err, "writing", t.batcher.object.name)
	}
	tag, err := t.pc.Exec(ctx, "commit", pgx.QueryExecModeSimpleProtocol)
	t.release()
	if err != nil {
		return sorted(t.batcher.commitFailed(err, &form{}, 0, 0, nil), "writing", t.batcher.object.name)
	}
	if tag.String() != "COMMIT" {
		return &adapters.Error{
			Kind: adapters.Unavailable, Op: "writing", Object: t.batcher.object.name, Rule: "the server rolled the transaction back",
		}
	}
	return nil
}

// Rollback undoes everything.
func (t *tx) Rollback(ctx context.Context) error {
	if t.pc == nil {
		return nil
	}
	defer t.release()
	if t.pc.Conn().IsClosed() {
		return nil // gone with the connection
	}
	if _, err := t.pc.Exec(ctx, "rollback", pgx.QueryExecModeSimpleProtocol); err != nil {
		return sorted(err, "writing", t.batcher.object.name)
	}
	return nil
}

func (t *tx) release() {
	t.pc.Release() // a connection still in a transaction is thrown away by the pool
	t.pc = nil
}
