package mem

import (
	"context"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// Begin waits for its turn without regard to ctx: transactions in memory are short.
func (c *tableConn) Begin(ctx context.Context, req adapters.WriteRequest, scope adapters.Scope) (adapters.Tx, error) {
	if err := c.writable(ctx, req); err != nil {
		return nil, err
	}
	t := c.table
	t.turn.Lock()
	t.mu.Lock()
	last := t.scopes[scope.ID]
	t.mu.Unlock()
	if last.epoch > scope.Epoch {
		t.turn.Unlock()
		return nil, &adapters.Error{Kind: adapters.Conflict, Op: "writing", Object: t.Name, Rule: "a newer epoch has taken over"}
	}
	return &tableTx{work: t.begin(), req: req, scope: scope, last: last}, nil
}

type tableTx struct {
	work  *work
	req   adapters.WriteRequest
	scope adapters.Scope
	last  checkpoint
	done  bool
}

func (x *tableTx) Last() (int64, record.Cursor) { return x.last.seq, x.last.cursor }

func (x *tableTx) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	if x.done {
		return adapters.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	x.work.write(x.req, b, out)
	return nil
}

func (x *tableTx) Commit(ctx context.Context, seq int64, cursor record.Cursor) error {
	switch {
	case x.done:
		return adapters.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case seq != x.last.seq+1:
		return &adapters.Error{Kind: adapters.Conflict, Op: "committing", Object: x.work.table.Name, Rule: "sequence number is not the next"}
	}
	t := x.work.table
	x.work.commit(func() {
		if t.scopes == nil {
			t.scopes = map[string]checkpoint{}
		}
		t.scopes[x.scope.ID] = checkpoint{epoch: x.scope.Epoch, seq: seq, cursor: slices.Clone(cursor)}
	})
	x.end()
	return nil
}

func (x *tableTx) Rollback(context.Context) error {
	if !x.done {
		x.end()
	}
	return nil
}

func (x *tableTx) end() {
	x.done = true
	x.work.table.turn.Unlock()
}
