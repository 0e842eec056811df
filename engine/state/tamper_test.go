package state

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
)

// tamper opens the state's file behind its back.
func tamper(t *testing.T, dir string, statements ...string) {
	t.Helper()
	h := must(openHandles(dir))(t)
	for _, q := range statements {
		res := must(h.writer.Exec(q))(t)
		if n, err := res.RowsAffected(); err == nil && n == 0 {
			t.Fatalf("%q changed nothing", q)
		}
	}
	check(t, h.close())
}

// busyState makes a state with something in every part of a head.
func busyState(t *testing.T, dir string) (Touchpoint, Fence) {
	t.Helper()
	s, err := Open(t.Context(), options(t, dir))
	check(t, err)
	tp, f := begin(t, s, "orders")
	for seq := range int64(3) {
		check(t, s.Commit(t.Context(), f, Commit{
			Checkpoint:  &CheckpointUpdate{Key: CheckpointKey{TouchpointID: tp.ID, Generation: 1}, Cursor: []byte{byte(seq)}, Seq: seq + 1},
			Ledger:      []LedgerEntry{{KeyHash: hash(int(seq)), State: LedgerWritten}},
			DeadLetters: []DeadLetterEntry{{KeyHash: hash(100 + int(seq)), Kind: "Invalid"}},
			Resolved:    []Resolution{{KeyHash: hash(100), State: DeadLetterReplayed}},
		}))
	}
	check(t, s.SaveSetting(t.Context(), "a", []byte("1")))
	check(t, s.SaveSetting(t.Context(), "a", []byte("2")))
	check(t, s.Audit(t.Context(), AuditEntry{Action: "reveal", Actor: "kim"}))
	check(t, s.Close())
	return tp, f
}

func TestRowsPutBackAreSeen(t *testing.T) {
	for name, query := range map[string]string{
		"checkpoint moved back":    "UPDATE checkpoints SET seq = 2",
		"checkpoint removed":       "DELETE FROM checkpoints",
		"dead letter removed":      "DELETE FROM dead_letters WHERE state = 'open' AND seq = 2",
		"dead letter closed":       "UPDATE dead_letters SET state = 'discarded' WHERE state = 'open' AND seq = 2",
		"dead letter opened again": "UPDATE dead_letters SET state = 'open' WHERE state = 'replayed'",
		"log row removed":          "DELETE FROM ledger_log WHERE seq = (SELECT min(seq) FROM ledger_log)",
		"head removed":             "DELETE FROM heads WHERE touchpoint_id = 1",
		"fact removed":             "DELETE FROM facts",
		"audit cut off":            "DELETE FROM audit",
		"touchpoint removed":       "DELETE FROM touchpoints",
		"touchpoint altered":       "UPDATE touchpoints SET created_at = created_at + 1",
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			busyState(t, dir)
			tamper(t, dir, query)
			_, err := Open(t.Context(), options(t, dir))
			wantReason(t, err, StateRolledBack)
		})
	}
}

func TestAnOlderFileIsSeen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	tp, f := busyState(t, dir)
	old := must(os.ReadFile(filepath.Join(dir, databaseName)))(t)
	anchor := must(os.ReadFile(filepath.Join(dir, anchorName)))(t)

	s, err := Open(t.Context(), options(t, dir))
	check(t, err)
	check(t, s.Commit(t.Context(), f, Commit{
		Checkpoint: &CheckpointUpdate{Key: CheckpointKey{TouchpointID: tp.ID, Generation: 1}, Cursor: []byte("newest"), Seq: 4},
	}))
	check(t, s.Close())
	newest := must(os.ReadFile(filepath.Join(dir, databaseName)))(t)

	check(t, os.WriteFile(filepath.Join(dir, databaseName), old, 0o600))
	_, err = Open(t.Context(), options(t, dir))
	wantReason(t, err, StateRolledBack)

	check(t, os.Remove(filepath.Join(dir, anchorName)))
	_, err = Open(t.Context(), options(t, dir))
	wantReason(t, err, StateRolledBack)

	// A crash may leave the anchor behind the database, never before it.
	check(t, os.WriteFile(filepath.Join(dir, databaseName), newest, 0o600))
	check(t, os.WriteFile(filepath.Join(dir, anchorName), anchor, 0o600))
	c := must(openIn(t, dir).Checkpoint(t.Context(), CheckpointKey{TouchpointID: tp.ID, Generation: 1}))(t)
	if string(c.Cursor) != "newest" {
		t.Errorf("got cursor %q", c.Cursor)
	}
}

func TestASealedRowOpensOnlyInItsPlace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	tp, _ := busyState(t, dir)
	s := openIn(t, dir)
	check(t, s.Fold(t.Context()))
	check(t, s.Close())
	tamper(t, dir, `UPDATE ledger SET (row_seq, sealed) = (SELECT o.row_seq, o.sealed FROM ledger AS o WHERE o.key_hash <> ledger.key_hash LIMIT 1)`)
	_, err := openIn(t, dir).Lookup(t.Context(), tp.ID, []KeyHash{hash(0)})
	if err == nil {
		t.Error("a ledger row that was moved to another key was accepted")
	}
}

func TestAFullDiskIsSaid(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	tp, f := begin(t, s, "orders")
	var pages int64
	check(t, s.conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages))
	limit := func(n int64) {
		var got sql.NullInt64
		check(t, s.conn.QueryRowContext(ctx, "PRAGMA max_page_count = "+itoa(n)).Scan(&got))
	}
	limit(pages)
	key := CheckpointKey{TouchpointID: tp.ID, Generation: 1}
	large := Commit{Checkpoint: &CheckpointUpdate{Key: key, Cursor: make([]byte, 1<<20), Seq: 1}, Ledger: benchEntries(10)}
	wantReason(t, s.Commit(ctx, f, large), NoSpace)
	if c := must(s.Checkpoint(ctx, key))(t); c.Seq != 0 {
		t.Errorf("half a commit: %+v", c)
	}
	limit(1 << 30)
	check(t, s.Commit(ctx, f, large))
	if n := must(s.Stats(ctx))(t).FoldLagEntries; n != 10 {
		t.Errorf("%d entries wait, want 10", n)
	}
}
