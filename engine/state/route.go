package state

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
)

// tagBytes is how much of a key hash tells the route. What is left is random enough for every key there will ever be.
const tagBytes = 4

// RouteTag makes the mark of a route out of the keyed hash of its name. It is never zero, which is that of the route without a name.
func RouteTag(name KeyHash) KeyHash {
	var tag KeyHash
	copy(tag[:], name[:tagBytes])
	if tag == (KeyHash{}) {
		tag[0] = 1
	}
	return tag
}

// RouteKey returns the hash of a key on a route, so that each route has ledger entries and dead letters of its own, which lie together.
func RouteKey(tag, key KeyHash) KeyHash {
	if tag != (KeyHash{}) {
		copy(key[:tagBytes], tag[:])
	}
	return key
}

// OpenLetters returns those of the keys that have an open dead letter.
func (s *Store) OpenLetters(ctx context.Context, touchpointID int64, keys []KeyHash) (open []KeyHash, err error) {
	p, err := s.point(touchpointID)
	if err != nil {
		return nil, err
	}
	for len(keys) > 0 {
		n := min(len(keys), lookupKeys)
		args := []any{p.tp.ID}
		for i := range keys[:n] {
			args = append(args, keys[i][:])
		}
		err := s.each(ctx, "SELECT key_hash FROM dead_letters WHERE touchpoint_id = ? AND state = 'open' AND key_hash IN (?"+strings.Repeat(", ?", n-1)+")", args, func(scan scanner) error {
			var key []byte
			err := scan(&key)
			open = append(open, toHash(key))
			return err
		})
		if err != nil {
			return nil, err
		}
		keys = keys[n:]
	}
	return open, nil
}

// CountUnacknowledged counts the open dead letters of a touchpoint that are of write-backs.
func (s *Store) CountUnacknowledged(ctx context.Context, touchpointID int64) (n int64, err error) {
	_, err = s.oneRow(ctx, "SELECT count(*) FROM dead_letters WHERE state = 'open' AND touchpoint_id = ? AND field LIKE 'writeBack[%'", []any{touchpointID}, &n)
	return n, err
}

// PruneRoute destroys the ledger and the dead letters of a named route, whose mark is tag. Active runs are ended as superseded. After a
// failure it may be called again.
func (s *Store) PruneRoute(ctx context.Context, touchpointID int64, tag KeyHash) error {
	p, err := s.point(touchpointID)
	if err != nil {
		return err
	}
	if tag == (KeyHash{}) {
		return &Error{Reason: Invalid, Text: "the route without a name is pruned with its touchpoint"}
	}
	// First of all nobody may go on writing to the route.
	if err := s.change(ctx, p, func(t *txn) error { return t.endRuns(p.tp.ID, RunSuperseded) }); err != nil {
		return err
	}
	if err := s.folder.fold(ctx, p); err != nil {
		return err
	}
	from, to := RouteKey(tag, KeyHash{}), RouteKey(tag, KeyHash(bytes.Repeat([]byte{0xff}, len(KeyHash{}))))
	if err := s.deleteSlowly(ctx, `DELETE FROM ledger WHERE touchpoint_id = ? AND key_hash IN (
		SELECT key_hash FROM ledger WHERE touchpoint_id = ? AND key_hash BETWEEN ? AND ? LIMIT 2000)`, p.tp.ID, p.tp.ID, from[:], to[:]); err != nil {
		return err
	}
	return s.change(ctx, p, func(t *txn) error { return t.dropLetters(from, to) })
}

// dropLetters removes the dead letters of keys between two bounds.
func (t *txn) dropLetters(from, to KeyHash) error {
	id := t.p.tp.ID
	rows, err := t.tx.QueryContext(t.ctx, "SELECT id, key_hash, row_seq FROM dead_letters WHERE touchpoint_id = ? AND state = 'open' AND key_hash BETWEEN ? AND ?", id, from[:], to[:])
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is that of Err
	for rows.Next() {
		var letter string
		var key []byte
		var seq uint64
		if err := rows.Scan(&letter, &key, &seq); err != nil {
			return err
		}
		t.head.remove(&t.head.DeadLetters, deadLetterElement(letter, toHash(key), seq))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM dead_letter_hashes WHERE touchpoint_id = ? AND dead_letter_id IN (
		SELECT id FROM dead_letters WHERE touchpoint_id = ? AND key_hash BETWEEN ? AND ?)`, id, id, from[:], to[:]); err != nil {
		return err
	}
	_, err = t.exec("DELETE FROM dead_letters WHERE touchpoint_id = ? AND key_hash BETWEEN ? AND ?", id, from[:], to[:])
	return err
}

// appendPlace appends where a record was, if that is not on the only route of a plain touchpoint.
func (d *DeadLetter) appendPlace(b []byte) []byte {
	if d.Route == "" && d.Element == 0 && d.Stage == StageRoute && !d.Waits {
		return b
	}
	b = appendBytes(b, d.Route)
	b = binary.AppendVarint(b, int64(d.Element))
	waits := byte(0)
	if d.Waits {
		waits = 1
	}
	b = append(b, byte(d.Stage), waits)
	if d.Stage != StageWriteBack {
		return b
	}
	b = append(b, d.Of[:]...)
	b = binary.AppendVarint(b, int64(d.WriteBack))
	return appendBytes(b, d.Answer)
}

// place reads what appendPlace wrote.
func (d *decoder) place(l *DeadLetter) {
	if !d.ok || len(d.b) == 0 {
		return
	}
	l.Route, l.Element = d.string(), int(d.int())
	if flags := d.fixed(2); d.ok {
		l.Stage, l.Waits = Stage(flags[0]), flags[1] != 0
	}
	if l.Stage == StageWriteBack {
		l.Of, l.WriteBack, l.Answer = d.hash(), int(d.int()), d.bytes()
	}
}
