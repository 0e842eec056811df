package adaptertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

func transactionCases() []Case {
	return []Case{
		{"tx-commit", "rows and checkpoint become durable together, or a crash between them repeats or loses a batch", tryTxCommit},
		{"tx-rollback", "what is rolled back must leave neither rows nor checkpoint", tryTxRollback},
		{"tx-sequence", "a sequence number that skips or repeats means that a batch is missing or done already", tryTxSequence},
		{"tx-epoch", "an agent that was replaced must not write over its successor", tryTxEpoch},
	}
}

func (p *probe) begin(ctx context.Context, scope adapters.Scope) (adapters.Tx, error) {
	if !p.h.Can.Transactional {
		return nil, skip("not transactional")
	}
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	t, ok := p.conn.(adapters.Transactional)
	if !ok {
		return nil, errors.New("declared as transactional but is not")
	}
	return t.Begin(ctx, p.writeRequest(adapters.WriteUpsert), scope)
}

// txWrite writes items inside tx and judges their outcomes.
func (p *probe) txWrite(ctx context.Context, tx adapters.Tx, items []Item) error {
	var b record.Batch
	if err := fill(&b, record.Rows, shape(), rowsOf(items)); err != nil {
		return err
	}
	out := make([]adapters.Outcome, len(items))
	if err := tx.Write(ctx, &b, out); err != nil {
		return fmt.Errorf("writing in a transaction: %w", err)
	}
	return results(out, adapters.Created, adapters.Updated, adapters.Unchanged)
}

// txDo runs one whole transaction.
func (p *probe) txDo(ctx context.Context, scope adapters.Scope, seq int64, cursor string, items []Item) error {
	tx, err := p.begin(ctx, scope)
	if err != nil {
		return err
	}
	err = p.txWrite(ctx, tx, items)
	if err == nil {
		err = tx.Commit(ctx, seq, record.Cursor(cursor))
	}
	if rerr := tx.Rollback(ctx); err == nil && rerr != nil {
		err = fmt.Errorf("Rollback after Commit: %w", rerr)
	}
	return err
}

// stands checks the checkpoint of a scope.
func (p *probe) stands(ctx context.Context, scope adapters.Scope, seq int64, cursor string) error {
	tx, err := p.begin(ctx, scope)
	if err != nil {
		return err
	}
	s, c := tx.Last()
	if err := tx.Rollback(ctx); err != nil {
		return err
	}
	if s != seq || !bytes.Equal(c, []byte(cursor)) || (seq == 0 && c != nil) {
		return fmt.Errorf("checkpoint of %q stands at %d %q, want %d %q", scope.ID, s, c, seq, cursor)
	}
	return nil
}

func tryTxCommit(ctx context.Context, p *probe) error {
	a, b := adapters.Scope{ID: "a", Epoch: 1}, adapters.Scope{ID: "b", Epoch: 1}
	items := someItems(6)
	if err := p.stands(ctx, a, 0, ""); err != nil {
		return err
	}
	if err := p.txDo(ctx, a, 1, "one", items[:3]); err != nil {
		return err
	}
	if err := p.txDo(ctx, a, 2, "two", items[3:]); err != nil {
		return err
	}
	if err := p.stands(ctx, a, 2, "two"); err != nil {
		return err
	}
	if err := p.stands(ctx, b, 0, ""); err != nil {
		return err
	}
	return p.has(ctx, items)
}

func tryTxRollback(ctx context.Context, p *probe) error {
	scope := adapters.Scope{ID: "a", Epoch: 1}
	tx, err := p.begin(ctx, scope)
	if err != nil {
		return err
	}
	if err := p.txWrite(ctx, tx, someItems(3)); err != nil {
		return err
	}
	for range 2 {
		if err := tx.Rollback(ctx); err != nil {
			return fmt.Errorf("rolling back: %w", err)
		}
	}
	if err := p.has(ctx, nil); err != nil {
		return err
	}
	return p.stands(ctx, scope, 0, "")
}

func tryTxSequence(ctx context.Context, p *probe) error {
	scope := adapters.Scope{ID: "a", Epoch: 1}
	items := someItems(2)
	if err := p.txDo(ctx, scope, 1, "one", items[:1]); err != nil {
		return err
	}
	for _, seq := range []int64{1, 3} {
		err := p.txDo(ctx, scope, seq, "other", items[1:])
		if err == nil {
			return fmt.Errorf("sequence number %d was accepted after 1", seq)
		}
		if _, skipped := errors.AsType[*skipError](err); skipped {
			return err
		}
		if err := p.has(ctx, items[:1]); err != nil {
			return fmt.Errorf("after the refused sequence number %d: %w", seq, err)
		}
	}
	return p.stands(ctx, scope, 1, "one")
}

func tryTxEpoch(ctx context.Context, p *probe) error {
	items := someItems(2)
	if err := p.txDo(ctx, adapters.Scope{ID: "a", Epoch: 7}, 1, "one", items[:1]); err != nil {
		return err
	}
	err := p.txDo(ctx, adapters.Scope{ID: "a", Epoch: 6}, 2, "two", items[1:])
	if err := wantKind("a transaction of an older epoch", err, adapters.Conflict); err != nil {
		return err
	}
	if err := p.txDo(ctx, adapters.Scope{ID: "a", Epoch: 8}, 2, "two", items[1:]); err != nil {
		return err
	}
	return p.has(ctx, items)
}
