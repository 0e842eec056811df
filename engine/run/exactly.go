package run

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// exactly delivers each batch in one transaction of the destination, which holds a checkpoint of its own: its rows, the number of the transaction and the
// place in the source become durable together. What the batch leaves behind here is prepared before the transaction is committed, and finished after: if
// the process ends between the two, the number at the destination tells whether what was prepared has happened. Not safe for concurrent use.
type exactly struct {
	destination adapters.Transactional
	request     adapters.WriteRequest
	scope       adapters.Scope
	seq         int64 // of the last transaction that was committed
	cursor      record.Cursor
	ahead       bool        // the destination has more than the state knows of, which was restored from a backup
	tx          adapters.Tx // under way; nil: none
}

// openExactly settles what an earlier process has left in doubt. nil: the flow delivers at least once.
func (s *session) openExactly(ctx context.Context, r *Runner, w *work) error {
	if !s.ends.flow.Spec.ExactlyOnce() || s.ends.flow.Spec.Mode == "observe" || s.asked {
		return nil
	}
	route := s.ends.routes[0]
	destination, ok := route.destination.(adapters.Transactional)
	if !ok {
		return &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: route.Destination.Object, Rule: "the application keeps no checkpoint beside its records: delivery: exactlyOnce is not possible"}
	}
	x := &exactly{destination: destination, request: route.writeRequest(), scope: adapters.Scope{
		ID: hex.EncodeToString(w.touchpoint.UID[:]) + "/" + strconv.FormatInt(w.touchpoint.Generation, 10),
		// A later slice takes over from an earlier one, of whichever process; one whose clock is behind is refused, and does no harm.
		Epoch: r.Now().UnixMicro(),
	}}
	tx, err := destination.Begin(ctx, x.request, x.scope) // waits for a transaction of ours that may still be under way
	if err != nil {
		return asTemporary(err)
	}
	x.seq, x.cursor = tx.Last()
	if err := tx.Rollback(ctx); err != nil {
		return asTemporary(err)
	}
	if err := x.recover(ctx, r, w); err != nil {
		return err
	}
	s.exact = x
	return nil
}

// recover promotes what was prepared if the destination has committed it, and drops it otherwise.
func (x *exactly) recover(ctx context.Context, r *Runner, w *work) error {
	d, err := r.Store.Delivery(ctx, w.touchpoint.ID)
	if err != nil {
		return err
	}
	switch {
	case d.Prepared != nil && d.Seq == x.seq:
		c := *d.Prepared
		c.Delivered = x.seq
		if err := r.Store.Commit(ctx, w.fence, c); err != nil {
			return err
		}
		w.done.Add(c.Counts)
		r.observe(w.flow.Name, c.Counts)
		return nil
	case d.Prepared != nil && d.Seq == x.seq+1:
		return r.Store.Drop(ctx, w.fence, x.seq)
	case x.seq > d.Seq:
		x.ahead = true
		return r.Store.Drop(ctx, w.fence, x.seq)
	case x.seq < d.Seq:
		return &adapters.Error{
			Kind: adapters.Invalid, Op: "writing", Object: x.request.Object,
			Rule: "the destination has fewer transactions than were committed there: it was restored from a backup, or is another one; reset the touchpoint to read again",
		}
	}
	return nil
}

// resume returns where the read goes on: where the destination stands, if the state is older.
func (x *exactly) resume(from record.Cursor) record.Cursor {
	if x == nil || !x.ahead || x.cursor == nil {
		return from
	}
	return x.cursor
}

// An exactWriter writes within the transaction of the batch, which it begins.
type exactWriter struct {
	adapters.Writer // tells the encoding
	x               *exactly
}

// Write writes records that become durable when the batch is committed.
func (w *exactWriter) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	if w.x.tx == nil {
		tx, err := w.x.destination.Begin(ctx, w.x.request, w.x.scope)
		if err != nil {
			return err
		}
		w.x.tx = tx
		if seq, _ := tx.Last(); seq != w.x.seq {
			return &adapters.Error{Kind: adapters.Conflict, Op: "writing", Object: w.x.request.Object, Rule: "another agent delivers this touchpoint"}
		}
	}
	return w.x.tx.Write(ctx, b, out)
}

// Bulk is that of the writer.
func (w *exactWriter) Bulk() int {
	if bulk, ok := w.Writer.(adapters.BulkWriter); ok {
		return bulk.Bulk()
	}
	return 1
}

// Close undoes what was not committed.
func (w *exactWriter) Close(ctx context.Context) error {
	return errors.Join(w.x.rollback(ctx), w.Writer.Close(ctx))
}

func (x *exactly) rollback(ctx context.Context) error {
	if x.tx == nil {
		return nil
	}
	tx := x.tx
	x.tx = nil
	return tx.Rollback(context.WithoutCancel(ctx))
}

// undo takes back what a transaction that failed has done to the items of a batch: nothing of it has arrived.
func (s *session) undo(ctx context.Context) {
	_ = s.exact.rollback(ctx) // the error that led here says more
	for i := range s.stage.items {
		if it := &s.stage.items[i]; it.outcome.Result != adapters.NotWritten {
			it.fate, it.review, it.outcome = toWrite, false, adapters.Outcome{}
		}
	}
}

// commit makes durable what a batch leaves behind, and with it the transaction at the destination, if there is one.
func (s *session) commit(ctx context.Context, r *Runner, w *work, c state.Commit) error {
	x := s.exact
	if x == nil || x.tx == nil {
		return r.Store.Commit(ctx, w.fence, c)
	}
	seq, cursor, tx := x.seq+1, x.cursor, x.tx
	if c.Checkpoint != nil && c.Checkpoint.Cursor != nil {
		cursor = c.Checkpoint.Cursor
	}
	if err := r.Store.Prepare(ctx, w.fence, seq, c); err != nil {
		return errors.Join(err, x.rollback(ctx))
	}
	x.tx = nil
	if err := tx.Commit(ctx, seq, cursor); err != nil {
		_ = tx.Rollback(context.WithoutCancel(ctx)) // does nothing if it is committed; the next session asks
		return asTemporary(err)
	}
	x.seq, x.cursor, c.Delivered = seq, cursor, seq
	return r.Store.Commit(ctx, w.fence, c)
}
