package state

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// touchpointTables hold rows of touchpoints.
var touchpointTables = []string{
	"checkpoints", "heads", "dead_letters", "dead_letter_hashes", "ledger_log", "ledger", "ledger_hashes", "runs", "run_requests", "samples", "seen", "deliveries", "parked",
}

// PruneTouchpoint destroys a touchpoint's data keys, and with them all it ever
// sealed, and drops its rows. After a failure it may be called again.
func (s *Store) PruneTouchpoint(ctx context.Context, id int64) error {
	p, err := s.point(id)
	if err != nil {
		return err
	}
	// The large tables go first, in steps, so that the last one is short.
	for table, key := range map[string]string{"ledger": "key_hash", "ledger_hashes": "hash, key_hash"} {
		query := fmt.Sprintf("DELETE FROM %[1]s WHERE touchpoint_id = ? AND (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE touchpoint_id = ? LIMIT 2000)", table, key)
		if err := s.deleteSlowly(ctx, query, id, id); err != nil {
			return err
		}
	}
	if err := s.dropTouchpoint(ctx, p); err != nil {
		return err
	}
	s.keys.Forget(p.scope)
	s.keys.Forget(secret.SampleScope(p.tp.UID))
	return nil
}

// dropTouchpoint overwrites the keys in the file and removes what is left of the touchpoint.
func (s *Store) dropTouchpoint(ctx context.Context, p *point) (err error) {
	system, err := s.sealer.Key(ctx, s.system.scope)
	if err != nil {
		return err
	}
	if err := s.lockWriter(ctx); err != nil {
		return err
	}
	defer s.unlockWriter()
	if err := s.known(p); err != nil {
		return err
	}
	// From here on ctx no longer counts: half a prune would leave keys behind.
	ctx = context.WithoutCancel(ctx)
	// The anchor must not ask for a touchpoint that is gone.
	if err := s.anchor.forget(system, p.tp.UID); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(ctx, "PRAGMA secure_delete = ON"); err != nil {
		return s.fail(err)
	}
	err = s.transact(ctx, &txn{s: s}, func(t *txn) error { return t.dropRows(p) })
	_, pragma := s.conn.ExecContext(ctx, "PRAGMA secure_delete = OFF")
	if err = errors.Join(err, s.fail(pragma)); err != nil {
		s.anchor.move(p.tp.UID, p.head.Seq)
		return err
	}
	s.mu.Lock()
	delete(s.points, p.tp.ID)
	delete(s.byName, p.tp.Name)
	s.mu.Unlock()
	// The WAL still holds the pages as they were.
	_, err = s.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return s.fail(err)
}

// dropRows removes every row of a touchpoint.
func (t *txn) dropRows(p *point) error {
	for _, scope := range []secret.Scope{p.scope, secret.SampleScope(p.tp.UID)} {
		if _, err := t.exec("DELETE FROM data_keys WHERE scope = ?", string(scope)); err != nil {
			return err
		}
	}
	if _, err := t.exec("DELETE FROM touchpoints WHERE id = ?", p.tp.ID); err != nil {
		return err
	}
	for _, table := range touchpointTables {
		if _, err := t.exec("DELETE FROM "+table+" WHERE touchpoint_id = ?", p.tp.ID); err != nil {
			return err
		}
	}
	return nil
}

// deleteSlowly repeats a bounded DELETE until nothing is left.
func (s *Store) deleteSlowly(ctx context.Context, query string, args ...any) error {
	for {
		var n int64
		err := s.write(ctx, func(t *txn) error {
			res, err := t.exec(query, args...)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// Prune drops runs that ended before a time, and dead letters that were closed
// before it. Active runs, open dead letters, and of each touchpoint the newest
// run and the newest one beside the normal flow stay.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	at := micros(before)
	err := s.deleteSlowly(ctx, `DELETE FROM runs WHERE id IN (
		SELECT id FROM runs AS r WHERE ended_at <> 0 AND ended_at < ?
		AND id < (SELECT max(id) FROM runs WHERE touchpoint_id = r.touchpoint_id AND beside = r.beside) LIMIT 1000)`, at)
	if err != nil {
		return err
	}
	err = s.deleteSlowly(ctx, "DELETE FROM run_requests WHERE run_id IN (SELECT run_id FROM run_requests WHERE run_id NOT IN (SELECT id FROM runs) LIMIT 1000)")
	if err != nil {
		return err
	}
	if err := s.deleteSlowly(ctx, "DELETE FROM parked WHERE run_id IN (SELECT run_id FROM parked WHERE run_id NOT IN (SELECT id FROM runs) LIMIT 1000)"); err != nil {
		return err
	}
	err = s.deleteSlowly(ctx, `DELETE FROM dead_letter_hashes WHERE (touchpoint_id, hash, dead_letter_id) IN (
		SELECT h.touchpoint_id, h.hash, h.dead_letter_id FROM dead_letters AS d JOIN dead_letter_hashes AS h
		ON h.touchpoint_id = d.touchpoint_id AND h.dead_letter_id = d.id
		WHERE d.state <> 'open' AND d.closed_at < ? LIMIT 1000)`, at)
	if err != nil {
		return err
	}
	return s.deleteSlowly(ctx, `DELETE FROM dead_letters WHERE seq IN (
		SELECT seq FROM dead_letters WHERE state <> 'open' AND closed_at < ? LIMIT 1000)`, at)
}
