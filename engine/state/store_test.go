package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dray-sync/dray/engine/secret"
	"github.com/google/go-cmp/cmp"
)

// testRing returns a ring that all tests of the process share.
var testRing = sync.OnceValues(func() (*secret.Ring, error) {
	id, err := secret.GenerateRecovery(secret.Classic)
	if err != nil {
		return nil, err
	}
	return secret.CreateRing("test", []secret.Recipient{id.Public().Recipient}, time.Now())
})

// options returns what opens a state in dir.
func options(t testing.TB, dir string) Options {
	t.Helper()
	ring, err := testRing()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Dir: dir, RepositoryID: "repo-1", Environment: "test", FoldEvery: -1,
		OpenRing: func(context.Context, RingFacts) (*secret.Ring, error) { return ring, nil },
	}
}

func openIn(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func open(t testing.TB) *Store {
	t.Helper()
	return openIn(t, filepath.Join(t.TempDir(), "state"))
}

// must returns v, or ends the test.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantReason(t testing.TB, err error, want Reason) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %s", err, want)
	}
}

// begin creates a touchpoint and a run and begins its first slice.
func begin(t testing.TB, s *Store, name string) (Touchpoint, Fence) {
	t.Helper()
	tp := must(s.EnsureTouchpoint(t.Context(), name))(t)
	run, _, err := s.StartRun(t.Context(), NewRun{TouchpointID: tp.ID, Trigger: "test", Revision: "c0ffee"})
	check(t, err)
	_, f, err := s.BeginSlice(t.Context(), run.ID)
	check(t, err)
	return tp, f
}

// hash returns a distinct hash for each number.
func hash(n int) (h KeyHash) {
	copy(h[:], fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15+1))
	return h
}

func TestOpenRefusesWhatIsNotItsOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := openIn(t, dir)

	_, err := Open(t.Context(), options(t, dir))
	wantReason(t, err, InUse)
	if want := fmt.Sprintf("is in use by process %d", os.Getpid()); !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "dray trigger") {
		t.Errorf("message %q does not name the process or the way out", err)
	}
	check(t, s.Close())

	o := options(t, dir)
	o.RepositoryID = "repo-2"
	_, err = Open(t.Context(), o)
	wantReason(t, err, OtherRepository)
	o = options(t, dir)
	o.Environment = "production"
	_, err = Open(t.Context(), o)
	wantReason(t, err, OtherEnvironment)

	h := must(openHandles(dir))(t)
	_, err = h.writer.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	check(t, err)
	check(t, h.close())
	_, err = Open(t.Context(), options(t, dir))
	wantReason(t, err, NewerSchema)
}

func TestOpenRefusesExposedAndForeignFiles(t *testing.T) {
	dir := t.TempDir()
	check(t, os.Chmod(dir, 0o777))
	_, err := Open(t.Context(), options(t, dir))
	wantReason(t, err, Exposed)

	check(t, os.Chmod(dir, 0o700))
	check(t, os.WriteFile(filepath.Join(dir, databaseName), []byte(strings.Repeat("not a database ", 100)), 0o600))
	_, err = Open(t.Context(), options(t, dir))
	wantReason(t, err, Damaged)
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "state")
	s := openIn(t, dir)
	begin(t, s, "orders")
	info := must(os.Stat(dir))(t)
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("directory mode %o, want 700", got)
	}
	entries := must(os.ReadDir(dir))(t)
	if len(entries) < 4 {
		t.Errorf("only %d files", len(entries))
	}
	for _, e := range entries {
		info := must(e.Info())(t)
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %o, want 600", e.Name(), got)
		}
	}
}

func TestTouchpointLife(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := openIn(t, dir)
	ctx := t.Context()
	tp, f := begin(t, s, "orders")
	if again := must(s.EnsureTouchpoint(ctx, "orders"))(t); again != tp {
		t.Errorf("got %+v, want %+v", again, tp)
	}
	key := CheckpointKey{TouchpointID: tp.ID, Generation: 1}
	check(t, s.Commit(ctx, f, Commit{
		Checkpoint: &CheckpointUpdate{Key: key, Cursor: []byte("a"), Seq: 1},
		Ledger:     []LedgerEntry{{KeyHash: hash(1), State: LedgerWritten, Key: []byte("1")}},
	}))

	check(t, s.RenameTouchpoint(ctx, "orders", "sales"))
	_, err := s.Touchpoint(ctx, "orders")
	wantReason(t, err, NotFound)
	check(t, s.Close())
	s = openIn(t, dir)
	renamed := must(s.Touchpoint(ctx, "sales"))(t)
	if renamed.UID != tp.UID || renamed.ID != tp.ID || renamed.Generation != 1 {
		t.Errorf("renamed touchpoint is %+v, was %+v", renamed, tp)
	}
	if c := must(s.Checkpoint(ctx, key))(t); string(c.Cursor) != "a" {
		t.Errorf("checkpoint after rename: %+v", c)
	}

	reset := must(s.ResetTouchpoint(ctx, tp.ID))(t)
	if reset.Generation != 2 {
		t.Errorf("generation after reset is %d, want 2", reset.Generation)
	}
	wantReason(t, s.Commit(ctx, f, Commit{}), Fenced)
	if list := must(s.Checkpoints(ctx, tp.ID))(t); len(list) != 0 {
		t.Errorf("checkpoints after reset: %+v", list)
	}
	if e := must(s.Lookup(ctx, tp.ID, []KeyHash{hash(1)}))(t); e[0].State != LedgerWritten {
		t.Error("a reset lost the ledger")
	}

	check(t, s.PruneTouchpoint(ctx, tp.ID))
	wantReason(t, s.Commit(ctx, f, Commit{}), NotFound)
	for _, table := range append([]string{"data_keys", "touchpoints"}, touchpointTables...) {
		var n int
		query := "SELECT count(*) FROM " + table
		if table == "data_keys" {
			query += " WHERE scope LIKE 'touchpoint:%'"
		}
		_, err := s.oneRow(ctx, query, nil, &n)
		check(t, err)
		if table == "heads" {
			n-- // the agent's own, if any
			n = max(n, 0)
		}
		if n != 0 {
			t.Errorf("%d rows left in %s", n, table)
		}
	}
	check(t, s.Close())
	s = openIn(t, dir)
	if fresh := must(s.EnsureTouchpoint(ctx, "sales"))(t); fresh.UID == tp.UID || fresh.ID == tp.ID {
		t.Errorf("the pruned touchpoint came back: %+v", fresh)
	}
}

func TestCommitKeepsOrderAndFence(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	tp, f := begin(t, s, "orders")
	key := CheckpointKey{TouchpointID: tp.ID, Generation: 1, Partition: 3}
	move := func(seq int64, cursor string) Commit {
		return Commit{Checkpoint: &CheckpointUpdate{Key: key, Cursor: []byte(cursor), Bounds: []byte("b"), Seq: seq}, Counts: Counts{Read: 1}}
	}
	check(t, s.Commit(ctx, f, move(1, "one")))
	for _, seq := range []int64{0, 1, 3} {
		wantReason(t, s.Commit(ctx, f, move(seq, "wrong")), OutOfOrder)
	}
	check(t, s.Commit(ctx, f, move(2, "two")))

	_, next, err := s.BeginSlice(ctx, f.RunID)
	check(t, err)
	wantReason(t, s.Commit(ctx, f, move(3, "late")), Fenced)
	check(t, s.Commit(ctx, next, move(3, "three")))

	c := must(s.Checkpoint(ctx, key))(t)
	if string(c.Cursor) != "three" || c.Seq != 3 || string(c.Bounds) != "b" || c.Done {
		t.Errorf("got checkpoint %+v", c)
	}
	run := must(s.Run(ctx, f.RunID))(t)
	if run.Counts.Read != 3 || run.Epoch != 2 || run.Status != RunRunning {
		t.Errorf("got run %+v, want 3 read in 2 slices", run)
	}
	check(t, s.Commit(ctx, next, Commit{End: &RunEnd{Status: RunFailed, Code: "Unavailable", Detail: "the ERP is down"}}))
	run = must(s.Run(ctx, f.RunID))(t)
	if run.Status != RunFailed || run.Code != "Unavailable" || run.Detail != "the ERP is down" || run.EndedAt.IsZero() {
		t.Errorf("got run %+v", run)
	}
	wantReason(t, s.Commit(ctx, next, Commit{}), Fenced)
	_, _, err = s.BeginSlice(ctx, f.RunID)
	wantReason(t, err, Fenced)
}

func TestRunsPage(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	tp := must(s.EnsureTouchpoint(ctx, "orders"))(t)
	other := must(s.EnsureTouchpoint(ctx, "stock"))(t)
	due := time.Now().Add(-time.Hour)
	first, created, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "schedule", DueAt: due})
	check(t, err)
	again, createdAgain, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "schedule", DueAt: due})
	check(t, err)
	if !created || createdAgain || again.ID != first.ID {
		t.Errorf("one due time made runs %d and %d", first.ID, again.ID)
	}
	for range 4 {
		_, _, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "manual"})
		check(t, err)
		_, _, err = s.StartRun(ctx, NewRun{TouchpointID: other.ID, Trigger: "manual"})
		check(t, err)
	}
	check(t, s.EndRun(ctx, first.ID, RunEnd{Status: RunCanceled}))
	var ids []int64
	for before := int64(0); ; {
		page, next, err := s.Runs(ctx, RunFilter{TouchpointID: tp.ID, Status: []RunStatus{RunQueued, RunRunning}, Before: before, Limit: 3})
		check(t, err)
		for _, r := range page {
			ids = append(ids, r.ID)
		}
		if before = next; next == 0 {
			break
		}
	}
	if diff := cmp.Diff([]int64{8, 6, 4, 2}, ids); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if active := must(s.ActiveRuns(ctx, 0))(t); len(active) != 8 || active[0].ID != 2 {
		t.Errorf("got %d active runs", len(active))
	}
}
