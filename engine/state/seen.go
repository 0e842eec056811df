package state

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/dray-sync/dray/engine/secret"
)

const (
	// seenInMemory is how many keys of a seen log are held in memory at a time.
	seenInMemory = 2_000_000
	// gonePage is how many entries of the ledger are looked at in one query.
	gonePage = 5_000
	// goneBatch is how many entries a visitor gets at most.
	goneBatch = 500
)

// recordID is what the hashes of one source record have in common, on whatever route.
type recordID [len(KeyHash{}) - tagBytes]byte

func recordOf(key KeyHash) recordID { return recordID(key[tagBytes:]) }

func compareRecords(a, b recordID) int { return bytes.Compare(a[:], b[:]) }

// seenRow is the key of a row of the seen log within its touchpoint.
func seenRow(runID int64, seq uint64) []byte {
	return secret.Enc("seen", be64(runID), be64(int64(seq)))
}

// appendSeen writes the source keys that a batch of a full read has seen.
func (t *txn) appendSeen(f Fence, c *Commit) error {
	if len(c.Seen) == 0 {
		return nil
	}
	body := make([]byte, 0, len(c.Seen)*len(recordID{}))
	for _, key := range c.Seen {
		body = append(body, key[tagBytes:]...)
	}
	seq := t.head.Seq
	sealed, err := t.key.Seal(row("seen", seenRow(f.RunID, seq), seq), body)
	if err != nil {
		return err
	}
	t.head.add(&t.head.Seen, seenRow(f.RunID, seq))
	_, err = t.exec("INSERT INTO seen (touchpoint_id, run_id, row_seq, keys, sealed) VALUES (?, ?, ?, ?, ?)", t.p.tp.ID, f.RunID, int64(seq), len(c.Seen), sealed)
	return err
}

// KeepSeen drops the seen logs of a touchpoint, but for that of one run; 0: all.
func (s *Store) KeepSeen(ctx context.Context, touchpointID, runID int64) error {
	p, err := s.point(touchpointID)
	if err != nil {
		return err
	}
	var n int64
	if _, err := s.oneRow(ctx, "SELECT count(*) FROM seen WHERE touchpoint_id = ? AND run_id <> ?", []any{touchpointID, runID}, &n); err != nil || n == 0 {
		return err
	}
	return s.change(ctx, p, func(t *txn) error { return t.dropSeen(runID) })
}

// dropSeen removes every row of the seen log but those of one run.
func (t *txn) dropSeen(keep int64) error {
	rows, err := t.tx.QueryContext(t.ctx, "SELECT run_id, row_seq FROM seen WHERE touchpoint_id = ? AND run_id <> ?", t.p.tp.ID, keep)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is that of Err
	for rows.Next() {
		var run int64
		var seq uint64
		if err := rows.Scan(&run, &seq); err != nil {
			return err
		}
		t.head.remove(&t.head.Seen, seenRow(run, seq))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_, err = t.exec("DELETE FROM seen WHERE touchpoint_id = ? AND run_id <> ?", t.p.tp.ID, keep)
	return err
}

// Absent asks which records the ledger says are at the destination and a run's seen log lacks.
type Absent struct {
	TouchpointID int64
	RunID        int64
	// Seen is how many keys the run has appended, as its checkpoint says; a log that holds another number is refused as [StateRolledBack].
	Seen int64
}

// Gone walks over the entries that a says are absent, in batches of at most 500, in the order of their hashes. It must only be called once the read
// has completed. visit may commit, and may stop the walk with an error. records is how many different records were seen; it is right once the walk
// has ended without an error. Beside the page at hand at most two million keys are in memory: a longer log is gone through several times.
func (s *Store) Gone(ctx context.Context, a Absent, visit func([]LedgerEntry) error) (records int64, err error) {
	return s.goneInParts(ctx, a, uint64(max(1, (a.Seen+seenInMemory-1)/seenInMemory)), visit)
}

// goneInParts is Gone, going through the log once for each of some parts.
func (s *Store) goneInParts(ctx context.Context, a Absent, parts uint64, visit func([]LedgerEntry) error) (records int64, err error) {
	p, err := s.point(a.TouchpointID)
	if err != nil {
		return 0, err
	}
	if err := s.Fold(ctx); err != nil {
		return 0, err
	}
	for part := range parts {
		in := func(r recordID) bool { return partOf(r, parts) == part }
		seen, err := s.seenRecords(ctx, p, a, in)
		if err != nil {
			return records, err
		}
		records += int64(len(seen))
		if err := s.absent(ctx, p, seen, in, visit); err != nil {
			return records, err
		}
	}
	return records, nil
}

// partOf divides all records into parts of about the same size.
func partOf(r recordID, parts uint64) uint64 {
	n := uint64(r[0])<<24 | uint64(r[1])<<16 | uint64(r[2])<<8 | uint64(r[3])
	return n * parts >> 32
}

// seenRecords returns a part of what a run has seen, sorted, each record once.
func (s *Store) seenRecords(ctx context.Context, p *point, a Absent, in func(recordID) bool) (seen []recordID, err error) {
	var all int64
	err = s.each(ctx, "SELECT row_seq, keys, sealed FROM seen WHERE touchpoint_id = ? AND run_id = ? ORDER BY row_seq", []any{a.TouchpointID, a.RunID}, func(scan scanner) error {
		var seq uint64
		var n int
		var sealed []byte
		if err := scan(&seq, &n, &sealed); err != nil {
			return err
		}
		body, err := s.sealer.Open(ctx, p.scope, row("seen", seenRow(a.RunID, seq), seq), sealed)
		if err != nil {
			return err
		}
		if len(body) != n*len(recordID{}) {
			return rolledBack(s.dir, p, "a row of the seen log differs from what was sealed")
		}
		all += int64(n)
		for chunk := range slices.Chunk(body, len(recordID{})) {
			if r := recordID(chunk); in(r) {
				seen = append(seen, r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if all != a.Seen {
		return nil, rolledBack(s.dir, p, fmt.Sprintf("the seen log holds %d keys, and %d were written", all, a.Seen))
	}
	slices.SortFunc(seen, compareRecords)
	return slices.Compact(seen), nil
}

// absent visits the entries of a part whose records are not among those seen.
func (s *Store) absent(ctx context.Context, p *point, seen []recordID, in func(recordID) bool, visit func([]LedgerEntry) error) error {
	var gone []ledgerRow
	hand := func() error {
		list, err := s.entries(ctx, p, gone)
		gone = gone[:0]
		if err != nil || len(list) == 0 {
			return err
		}
		return visit(list)
	}
	var after KeyHash
	for more := true; more; {
		// The states are those of [LedgerState.Delivered].
		page, err := s.ledgerRows(ctx, "state IN (2, 3, 7) AND key_hash > ? ORDER BY key_hash LIMIT ?", []any{p.tp.ID, after[:], gonePage})
		if err != nil {
			return err
		}
		more = len(page) == gonePage
		for _, r := range page {
			after = r.key
			record := recordOf(r.key)
			if _, there := slices.BinarySearchFunc(seen, record, compareRecords); there || !in(record) {
				continue
			}
			if gone = append(gone, r); len(gone) == goneBatch {
				if err := hand(); err != nil {
					return err
				}
			}
		}
	}
	return hand()
}

// Owners returns, for destination keys, the entries that the destination is known to have under them, by the hash of the destination key.
func (s *Store) Owners(ctx context.Context, touchpointID int64, destinations []KeyHash) (map[KeyHash][]LedgerEntry, error) {
	lists, err := s.Sources(ctx, touchpointID, destinations)
	if err != nil {
		return nil, err
	}
	owners := make(map[KeyHash][]LedgerEntry, len(lists))
	for i, d := range destinations {
		if list := slices.DeleteFunc(lists[i], func(e LedgerEntry) bool { return !e.State.Delivered() || e.DestKeyHash != d }); len(list) > 0 {
			owners[d] = list
		}
	}
	return owners, nil
}
