package state

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// crashDir names, in a child process, the directory of identity, ring and state.
const crashDir = "STATE_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := crashChild(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// writeRing puts an identity and a key ring into dir.
func writeRing(t testing.TB, dir string) {
	t.Helper()
	id := must(secret.GenerateRecovery(secret.Hybrid))(t)
	check(t, secret.WriteIdentity(filepath.Join(dir, "identity"), id, time.Now()))
	ring := must(secret.CreateRing("test", []secret.Recipient{id.Public().Recipient}, time.Now()))(t)
	doc := must(ring.File().Encode())(t)
	check(t, os.WriteFile(filepath.Join(dir, "ring.yaml"), doc, 0o600))
}

// realOptions opens dir/state with the ring in dir, judged as an agent judges it.
func realOptions(dir string) Options {
	return Options{
		Dir: filepath.Join(dir, "state"), RepositoryID: "repo-1", Environment: "test",
		OpenRing: func(_ context.Context, facts RingFacts) (*secret.Ring, error) {
			id, err := secret.ReadIdentity(filepath.Join(dir, "identity"))
			if err != nil {
				return nil, err
			}
			doc, err := os.ReadFile(filepath.Join(dir, "ring.yaml"))
			if err != nil {
				return nil, err
			}
			file, err := secret.ParseRing(doc)
			if err != nil {
				return nil, err
			}
			return file.Open(secret.OpenRing{Identity: id, Environment: "test", Pin: facts.Pin, InUse: facts.InUse})
		},
	}
}

// crashChild commits batches for ever and prints the number of each.
func crashChild(dir string) error {
	ctx := context.Background()
	o := realOptions(dir)
	o.FoldEvery = time.Millisecond
	s, err := Open(ctx, o)
	if err != nil {
		return err
	}
	tp, err := s.EnsureTouchpoint(ctx, "orders")
	if err != nil {
		return err
	}
	runs, err := s.ActiveRuns(ctx, tp.ID)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		run, _, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "test", Enqueue: true})
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	_, fence, err := s.BeginSlice(ctx, runs[0].ID)
	if err != nil {
		return err
	}
	key := CheckpointKey{TouchpointID: tp.ID, Generation: tp.Generation}
	c, err := s.Checkpoint(ctx, key)
	for n := c.Seq + 1; err == nil; n++ {
		if err = s.Commit(ctx, fence, crashCommit(key, n)); err == nil {
			fmt.Println(n)
		}
	}
	return err
}

// crashCommit is the nth batch: ten records, of which every third batch sets one
// aside and the next delivers it.
func crashCommit(key CheckpointKey, n int64) Commit {
	c := Commit{
		Checkpoint: &CheckpointUpdate{Key: key, Cursor: []byte(strconv.FormatInt(n, 10)), Seq: n},
		Counts:     Counts{Read: 10, Created: 10},
	}
	for i := range int64(10) {
		c.Ledger = append(c.Ledger, LedgerEntry{KeyHash: hash(int(n*10 + i)), State: LedgerWritten, Key: fmt.Append(nil, n*10+i)})
	}
	switch n % 3 {
	case 0:
		c.DeadLetters = []DeadLetterEntry{{KeyHash: hash(-int(n)), Kind: "Invalid", Source: []byte("record")}}
	case 1:
		c.Resolved = []Resolution{{KeyHash: hash(-int(n - 1)), State: DeadLetterReplayed}}
	}
	return c
}

// TestKillLosesAndDuplicatesNothing proves promise 9 for state: what a commit
// returned for is there, what it did not return for is there whole or not at all.
func TestKillLosesAndDuplicatesNothing(t *testing.T) {
	dir := t.TempDir()
	writeRing(t, dir)
	for round := range 6 {
		told := killAfter(t, dir, 5+rand.IntN(60))
		s, err := Open(t.Context(), realOptions(dir))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		verifyCrash(t, s, told)
		check(t, s.Close())
	}
}

// killAfter runs a child until it has told of n commits, kills it, and returns the last it told.
func killAfter(t *testing.T, dir string, n int) (told int64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out := must(cmd.StdoutPipe())(t)
	check(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "error:") {
			t.Fatal(line)
		}
		told = must(strconv.ParseInt(line, 10, 64))(t)
		if n--; n == 0 {
			check(t, cmd.Process.Kill())
		}
	}
	if err := cmd.Wait(); err == nil || n > 0 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return told
}

func verifyCrash(t *testing.T, s *Store, told int64) {
	t.Helper()
	ctx := t.Context()
	tp := must(s.Touchpoint(ctx, "orders"))(t)
	runs := must(s.ActiveRuns(ctx, tp.ID))(t)
	if len(runs) != 1 {
		t.Fatalf("%d active runs", len(runs))
	}
	c := must(s.Checkpoint(ctx, CheckpointKey{TouchpointID: tp.ID, Generation: 1}))(t)
	if c.Seq < told {
		t.Errorf("commit %d returned, but the checkpoint is %d", told, c.Seq)
	}
	if string(c.Cursor) != strconv.FormatInt(c.Seq, 10) || runs[0].Counts.Read != 10*c.Seq {
		t.Errorf("checkpoint %d has cursor %q and the run read %d", c.Seq, c.Cursor, runs[0].Counts.Read)
	}
	var keys []KeyHash
	for n := int64(10); n < 10*(c.Seq+2); n++ {
		keys = append(keys, hash(int(n)))
	}
	for i, e := range must(s.Lookup(ctx, tp.ID, keys))(t) {
		n := int64(i + 10)
		want := LedgerWritten
		if n >= 10*(c.Seq+1) {
			want = LedgerNone
		}
		if e.State != want {
			t.Fatalf("record %d has ledger state %d with checkpoint %d", n, e.State, c.Seq)
		}
	}
	open := must(s.CountDeadLetters(ctx, tp.ID))(t)
	if want := map[bool]int64{true: 1, false: 0}[c.Seq%3 == 0]; open != want {
		t.Errorf("%d open dead letters with checkpoint %d", open, c.Seq)
	}
	list, _, err := s.DeadLetters(ctx, DeadLetterFilter{TouchpointID: tp.ID, Limit: 1000})
	check(t, err)
	if int64(len(list)) != c.Seq/3 {
		t.Errorf("%d dead letters with checkpoint %d", len(list), c.Seq)
	}
}
