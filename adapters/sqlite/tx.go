package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

const makeCheckpoints = `CREATE TABLE IF NOT EXISTS ` + checkpointTable + ` (
	scope TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, cursor BLOB) WITHOUT ROWID`

// Begin takes the file's write lock, which is the lock on the scope's row too, and makes the checkpoint table if it is missing.
func (c *connection) Begin(ctx context.Context, req adapters.WriteRequest, scope adapters.Scope) (adapters.Tx, error) {
	rel, err := c.writable(ctx, req)
	if err != nil {
		return nil, err
	}
	t, err := c.begin(ctx)
	if err != nil {
		return nil, failure(ctx, "writing", req.Object, err)
	}
	x := &tx{t: t, rel: rel, req: req, scope: scope}
	if err := x.load(ctx); err != nil {
		t.rollback(ctx)
		return nil, failure(ctx, "writing", req.Object, err)
	}
	return x, nil
}

// tx is a write transaction with a checkpoint.
type tx struct {
	t      *transaction
	rel    *relation
	req    adapters.WriteRequest
	scope  adapters.Scope
	seq    int64
	cursor record.Cursor
}

func (x *tx) load(ctx context.Context) error {
	if _, err := x.t.conn.ExecContext(ctx, makeCheckpoints); err != nil {
		return err
	}
	var epoch int64
	var cursor []byte
	row := x.t.conn.QueryRowContext(ctx, "SELECT epoch, seq, cursor FROM "+checkpointTable+" WHERE scope = ?", x.scope.ID)
	err := row.Scan(&epoch, &x.seq, &cursor)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case epoch > x.scope.Epoch:
		return &adapters.Error{Kind: adapters.Conflict, Op: "writing", Object: x.req.Object, Rule: "a newer epoch has taken over"}
	}
	x.cursor = cursor
	return nil
}

// Last implements [adapters.Tx].
func (x *tx) Last() (int64, record.Cursor) { return x.seq, x.cursor }

// Write implements [adapters.Tx].
func (x *tx) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	if x.t.done {
		return adapters.ErrClosed
	}
	return failure(ctx, "writing", x.req.Object, x.t.write(ctx, x.rel, x.req, b, out, 0, b.Len()))
}

// Commit implements [adapters.Tx].
func (x *tx) Commit(ctx context.Context, seq int64, cursor record.Cursor) error {
	switch {
	case x.t.done:
		return adapters.ErrClosed
	case seq != x.seq+1:
		return &adapters.Error{Kind: adapters.Conflict, Op: "committing", Object: x.req.Object, Rule: "sequence number is not the next"}
	}
	_, err := x.t.conn.ExecContext(ctx, "INSERT INTO "+checkpointTable+` (scope, epoch, seq, cursor) VALUES (?, ?, ?, ?)
		ON CONFLICT (scope) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, cursor = excluded.cursor`,
		x.scope.ID, x.scope.Epoch, seq, []byte(cursor))
	if err == nil {
		err = x.t.commit(ctx)
	}
	return failure(ctx, "committing", x.req.Object, err)
}

// Rollback implements [adapters.Tx].
func (x *tx) Rollback(ctx context.Context) error {
	x.t.rollback(ctx)
	return nil
}
