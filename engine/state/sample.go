package state

import (
	"context"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// SaveSample keeps a record as the sample of a slot, in place of the one that was there. It is sealed by a data key that opens samples of this
// touchpoint and nothing else. The record must hold nothing that names a person: see package sample.
func (s *Store) SaveSample(ctx context.Context, touchpointID int64, slot int, doc []byte) error {
	p, err := s.point(touchpointID)
	if err != nil {
		return err
	}
	key, err := s.sealer.Key(ctx, secret.SampleScope(p.tp.UID))
	if err != nil {
		return err
	}
	return s.write(ctx, func(t *txn) error {
		if err := s.known(p); err != nil {
			return err
		}
		var seq uint64
		if _, err := t.one("SELECT row_seq FROM samples WHERE touchpoint_id = ? AND slot = ?", []any{touchpointID, slot}, &seq); err != nil {
			return err
		}
		seq++
		at := s.now()
		sealed, err := key.Seal(row("samples", be64(int64(slot)), seq), append(appendTime(nil, at), doc...))
		if err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO samples (touchpoint_id, slot, row_seq, at, sealed) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (touchpoint_id, slot) DO UPDATE SET row_seq = excluded.row_seq, at = excluded.at, sealed = excluded.sealed`,
			touchpointID, slot, int64(seq), micros(at), sealed)
		return err
	})
}

// Samples returns the samples of a touchpoint that were kept since a time, by slot.
func (s *Store) Samples(ctx context.Context, touchpointID int64, since time.Time) (docs [][]byte, err error) {
	p, err := s.point(touchpointID)
	if err != nil {
		return nil, err
	}
	type stored struct {
		slot   int64
		seq    uint64
		sealed []byte
	}
	var rows []stored
	err = s.each(ctx, "SELECT slot, row_seq, sealed FROM samples WHERE touchpoint_id = ? ORDER BY slot", []any{touchpointID}, func(scan scanner) error {
		var r stored
		err := scan(&r.slot, &r.seq, &r.sealed)
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		body, err := s.sealer.Open(ctx, secret.SampleScope(p.tp.UID), row("samples", be64(r.slot), r.seq), r.sealed)
		if err != nil {
			return nil, err
		}
		d := newDecoder(body)
		if at := d.time(); d.ok && !at.Before(since) { // the copy inside of the seal counts
			docs = append(docs, d.b)
		}
	}
	return docs, nil
}

// DropSamples drops the samples that were kept before a time. The zero time drops all, and their keys.
func (s *Store) DropSamples(ctx context.Context, before time.Time) error {
	if !before.IsZero() {
		return s.deleteSlowly(ctx, "DELETE FROM samples WHERE (touchpoint_id, slot) IN (SELECT touchpoint_id, slot FROM samples WHERE at < ? LIMIT 1000)", micros(before))
	}
	if err := s.deleteSlowly(ctx, "DELETE FROM samples WHERE (touchpoint_id, slot) IN (SELECT touchpoint_id, slot FROM samples LIMIT 1000)"); err != nil {
		return err
	}
	all, err := s.Touchpoints(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, func(t *txn) error {
		for _, tp := range all {
			scope := secret.SampleScope(tp.UID)
			if _, err := t.exec("DELETE FROM data_keys WHERE scope = ?", string(scope)); err != nil {
				return err
			}
			t.after = append(t.after, func() { s.keys.Forget(scope) })
		}
		return nil
	})
}
