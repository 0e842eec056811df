package state

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/secret"
)

// CheckpointKey names one checkpoint. A backfill uses a route of its own, so
// that it never shares the normal cursor.
type CheckpointKey struct {
	TouchpointID int64
	// Route is the name of the route; "" is the only route of a plain touchpoint.
	Route string
	// Generation is the touchpoint's.
	Generation int64
	// Partition is an ordinal; 0 when the read is not divided. Bounds go into [CheckpointUpdate.Bounds].
	Partition int
}

// Checkpoint is how far a read has come.
type Checkpoint struct {
	Key CheckpointKey
	// Cursor is the adapter's; nil is the beginning.
	Cursor record.Cursor
	// Bounds are the partition's bounds, as the caller encoded them.
	Bounds []byte
	// Seq is the number of the last committed checkpoint; 0 when there is none. The next one is Seq+1.
	Seq int64
	// Done reports that the partition was read to its end.
	Done bool
	// At is when it was committed.
	At time.Time
}

// CheckpointUpdate moves a checkpoint by one.
type CheckpointUpdate struct {
	Key    CheckpointKey
	Cursor record.Cursor
	Bounds []byte
	// Seq must be the stored number plus one; otherwise the whole commit is refused with [OutOfOrder].
	Seq  int64
	Done bool
}

// rowKey is the key of the checkpoint's row within its touchpoint.
func (k CheckpointKey) rowKey() []byte {
	return secret.Enc("checkpoint", []byte(k.Route), be64(k.Generation), be64(int64(k.Partition)))
}

// moveCheckpoint moves the commit's checkpoint, if it has one, by one.
func (t *txn) moveCheckpoint(_ Fence, c *Commit) error {
	u := c.Checkpoint
	if u == nil {
		return nil
	}
	k := u.Key
	if k.TouchpointID != t.p.tp.ID {
		return &Error{Reason: Invalid, Text: "the checkpoint belongs to another touchpoint than the run"}
	}
	if k.Generation != t.head.Generation {
		return &Error{Reason: Fenced, Text: fmt.Sprintf("the touchpoint was reset: its generation is %d, not %d", t.head.Generation, k.Generation)}
	}
	var stored int64
	_, err := t.one("SELECT seq FROM checkpoints WHERE touchpoint_id = ? AND route = ? AND generation = ? AND part = ?",
		[]any{k.TouchpointID, k.Route, k.Generation, k.Partition}, &stored)
	if err != nil {
		return err
	}
	if u.Seq != stored+1 {
		return &Error{Reason: OutOfOrder, Text: fmt.Sprintf("checkpoint number %d does not follow number %d", u.Seq, stored)}
	}
	at := t.s.now()
	sealed, err := t.key.Seal(row("checkpoints", k.rowKey(), uint64(u.Seq)), encodeCheckpoint(u, at))
	if err != nil {
		return err
	}
	if stored > 0 {
		t.head.remove(&t.head.Checkpoints, checkpointElement(k, stored))
	}
	t.head.add(&t.head.Checkpoints, checkpointElement(k, u.Seq))
	_, err = t.exec(`INSERT INTO checkpoints (touchpoint_id, route, generation, part, seq, done, at, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (touchpoint_id, route, generation, part)
		DO UPDATE SET seq = excluded.seq, done = excluded.done, at = excluded.at, sealed = excluded.sealed`,
		k.TouchpointID, k.Route, k.Generation, k.Partition, u.Seq, u.Done, micros(at), sealed)
	return err
}

// encodeCheckpoint makes the sealed body. A nil cursor and an empty one differ.
func encodeCheckpoint(u *CheckpointUpdate, at time.Time) []byte {
	flags := byte(0)
	if u.Done {
		flags |= 1
	}
	if u.Cursor != nil {
		flags |= 2
	}
	b := binary.AppendVarint([]byte{flags}, u.Seq)
	b = appendTime(b, at)
	b = appendBytes(b, u.Cursor)
	return appendBytes(b, u.Bounds)
}

func decodeCheckpoint(key CheckpointKey, b []byte) (Checkpoint, bool) {
	d := newDecoder(b)
	c := Checkpoint{Key: key}
	flags := d.fixed(1)
	c.Seq, c.At, c.Cursor, c.Bounds = d.int(), d.time(), d.bytes(), d.bytes()
	if !d.done() {
		return Checkpoint{}, false
	}
	c.Done = flags[0]&1 != 0
	if flags[0]&2 != 0 && c.Cursor == nil {
		c.Cursor = record.Cursor{}
	}
	return c, true
}

// Checkpoint returns a checkpoint; one with its Key alone when there is none.
func (s *Store) Checkpoint(ctx context.Context, key CheckpointKey) (Checkpoint, error) {
	list, err := s.checkpoints(ctx, key.TouchpointID, "route = ? AND generation = ? AND part = ?", key.Route, key.Generation, key.Partition)
	if err != nil || len(list) == 0 {
		return Checkpoint{Key: key}, err
	}
	return list[0], nil
}

// Checkpoints lists a touchpoint's checkpoints of its generation, by route and partition.
func (s *Store) Checkpoints(ctx context.Context, touchpointID int64) ([]Checkpoint, error) {
	return s.checkpoints(ctx, touchpointID, "1 = 1")
}

func (s *Store) checkpoints(ctx context.Context, touchpointID int64, where string, args ...any) (list []Checkpoint, err error) {
	p, err := s.point(touchpointID)
	if err != nil {
		return nil, err
	}
	type stored struct {
		key    CheckpointKey
		seq    int64
		done   bool
		sealed []byte
	}
	var rows []stored
	err = s.each(ctx, "SELECT route, generation, part, seq, done, sealed FROM checkpoints WHERE touchpoint_id = ? AND "+where+" ORDER BY route, part",
		slices.Concat([]any{touchpointID}, args), func(scan scanner) error {
			r := stored{key: CheckpointKey{TouchpointID: touchpointID}}
			err := scan(&r.key.Route, &r.key.Generation, &r.key.Partition, &r.seq, &r.done, &r.sealed)
			rows = append(rows, r)
			return err
		})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		body, err := s.sealer.Open(ctx, p.scope, row("checkpoints", r.key.rowKey(), uint64(r.seq)), r.sealed)
		if err != nil {
			return nil, err
		}
		c, ok := decodeCheckpoint(r.key, body)
		if !ok || c.Seq != r.seq || c.Done != r.done {
			return nil, rolledBack(s.dir, p, "a checkpoint differs from what was sealed")
		}
		list = append(list, c)
	}
	return list, nil
}
