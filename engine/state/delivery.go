package state

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
)

// A Delivery is how far a touchpoint has come at a destination that keeps a checkpoint of its own beside the rows.
type Delivery struct {
	// Seq is the number of the transaction that Prepared belongs to, or of the last one that is known to have been committed; 0 when there is none.
	Seq int64
	// Prepared is what the transaction leaves behind here, if it was committed there. nil: that is done.
	Prepared *Commit
}

// Prepare writes down what is to become durable here once the destination has committed transaction seq, before it is told to. It replaces what was
// prepared before. It fails with [Fenced] as [Store.Commit] does.
func (s *Store) Prepare(ctx context.Context, f Fence, seq int64, c Commit) error {
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(c); err != nil {
		return fmt.Errorf("encoding what is prepared: %w", err)
	}
	p, err := s.point(f.TouchpointID)
	if err != nil {
		return err
	}
	return s.change(ctx, p, func(t *txn) error {
		if err := t.prove(f, new(Commit)); err != nil {
			return err
		}
		return t.saveDelivery(seq, body.Bytes())
	})
}

// Drop forgets what was prepared, because the destination never committed it.
func (s *Store) Drop(ctx context.Context, f Fence, seq int64) error {
	p, err := s.point(f.TouchpointID)
	if err != nil {
		return err
	}
	return s.change(ctx, p, func(t *txn) error {
		if err := t.prove(f, new(Commit)); err != nil {
			return err
		}
		return t.saveDelivery(seq, nil)
	})
}

// finishDelivery notes that the destination has committed what the commit belongs to.
func (t *txn) finishDelivery(_ Fence, c *Commit) error {
	if c.Delivered == 0 {
		return nil
	}
	return t.saveDelivery(c.Delivered, nil)
}

// saveDelivery writes the row of the touchpoint. Without a body nothing is prepared.
func (t *txn) saveDelivery(seq int64, body []byte) error {
	var sealed []byte
	if body != nil {
		var err error
		if sealed, err = t.key.Seal(row("deliveries", be64(seq), t.head.Seq), body); err != nil {
			return err
		}
	}
	_, err := t.exec(`INSERT INTO deliveries (touchpoint_id, seq, row_seq, sealed) VALUES (?, ?, ?, ?)
		ON CONFLICT (touchpoint_id) DO UPDATE SET seq = excluded.seq, row_seq = excluded.row_seq, sealed = excluded.sealed`,
		t.p.tp.ID, seq, int64(t.head.Seq), sealed)
	return err
}

// Delivery returns how far a touchpoint has come, and what is prepared.
func (s *Store) Delivery(ctx context.Context, touchpointID int64) (d Delivery, err error) {
	p, err := s.point(touchpointID)
	if err != nil {
		return d, err
	}
	var rowSeq uint64
	var sealed []byte
	found, err := s.oneRow(ctx, "SELECT seq, row_seq, sealed FROM deliveries WHERE touchpoint_id = ?", []any{touchpointID}, &d.Seq, &rowSeq, &sealed)
	if err != nil || !found || sealed == nil {
		return d, err
	}
	body, err := s.sealer.Open(ctx, p.scope, row("deliveries", be64(d.Seq), rowSeq), sealed)
	if err != nil {
		return d, err
	}
	d.Prepared = new(Commit)
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(d.Prepared); err != nil {
		return d, damaged(s.dir, "what is prepared for a destination cannot be read")
	}
	return d, nil
}
