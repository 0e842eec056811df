package state

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// TestNothingOfTheBusinessIsOnDisk proves promise 4 for state: a canary in every
// field that may hold content, a queue whose handler panics and fails with it,
// and then a search over every file, WAL and River's tables included.
func TestNothingOfTheBusinessIsOnDisk(t *testing.T) {
	dir := t.TempDir()
	writeRing(t, dir)
	const canary = "Quetzal-Invoice/4711+é"
	s, err := Open(t.Context(), realOptions(dir))
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	fillWithCanary(t, s, canary)

	state := filepath.Join(dir, "state")
	searchFiles(t, state, canary)
	check(t, s.Fold(t.Context()))
	searchFiles(t, state, canary)
	check(t, s.Close())
	if n := searchFiles(t, state, canary); n < 3 {
		t.Errorf("only %d files searched", n)
	}

	// The search finds what is there.
	check(t, os.WriteFile(filepath.Join(dir, "seen"), []byte("x"+base64.StdEncoding.EncodeToString([]byte("ab"+canary))), 0o600))
	if !holds(must(os.ReadFile(filepath.Join(dir, "seen")))(t), canary) {
		t.Error("the search does not see a canary in base64")
	}
}

// fillWithCanary puts the canary wherever content may go.
func fillWithCanary(t *testing.T, s *Store, canary string) {
	t.Helper()
	ctx := t.Context()
	c := []byte(canary)
	tp, f := begin(t, s, canary)
	trace := []TraceField{{Path: "number", Value: canary, Hash: hash(3)}}
	check(t, s.Commit(ctx, f, Commit{
		Checkpoint: &CheckpointUpdate{Key: CheckpointKey{TouchpointID: tp.ID, Generation: 1}, Cursor: c, Bounds: c, Seq: 1},
		Ledger:     []LedgerEntry{{KeyHash: hash(1), State: LedgerWritten, Key: c, DestID: c, Version: c, Answer: c, Trace: trace, DestKeyHash: hash(4)}},
		DeadLetters: []DeadLetterEntry{{
			KeyHash: hash(2), Field: "total", Rule: "decimal", Kind: "Invalid", Key: c, Source: c, Mapped: c, Text: canary, Trace: trace,
		}},
		End: &RunEnd{Status: RunFailed, Code: "Unavailable", Detail: canary},
	}))
	check(t, s.SaveRevision(ctx, Revision{Commit: "c0ffee", Blob: c}))
	check(t, s.SaveApplied(ctx, c))
	check(t, s.SaveSetting(ctx, "note", c))
	check(t, s.RaiseHighWater(ctx, "credential", canary, HighWater{Generation: 1, Digest: c}))
	check(t, s.Suspend(ctx, Suspension{TouchpointID: tp.ID, Actor: canary, Why: canary}))

	check(t, s.Audit(ctx, AuditEntry{TouchpointID: tp.ID, Action: "reveal", Actor: canary, Object: canary, Detail: c}))
	check(t, s.Override(ctx, Override{ID: "1", Lookup: canary, Row: map[string]string{canary: canary}, Actor: canary, Why: canary, Until: time.Now().Add(time.Hour)}, func(Override) bool { return false }))
	asked, _, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "resync", Request: c})
	check(t, err)
	_, g, err := s.BeginSlice(ctx, asked.ID)
	check(t, err)
	check(t, s.Commit(ctx, g, Commit{Progress: c, End: &RunEnd{Status: RunEmpty}}))

	tries := 0
	ended := make(chan struct{}, 1)
	startQueue(t, s, handlerFuncs{
		due: func(context.Context, int64, time.Time) error { return errors.New(canary) },
		slice: func(ctx context.Context, id int64) error {
			_, f, err := s.BeginSlice(ctx, id)
			if tries++; err != nil || tries == 1 {
				panic(canary)
			}
			defer func() { ended <- struct{}{} }()
			return s.Commit(ctx, f, Commit{End: &RunEnd{Status: RunFailed, Detail: canary}})
		},
	})
	check(t, s.EnqueueDue(ctx, tp.ID, time.Now()))
	_, _, err = s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "manual", Enqueue: true})
	check(t, err)
	receive(t, ended, "the second attempt")
}

// searchFiles looks into every file of a directory and returns how many there were.
func searchFiles(t *testing.T, dir, canary string) (n int) {
	t.Helper()
	for _, e := range must(os.ReadDir(dir))(t) {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue // it was about to take another one's place
		}
		check(t, err)
		if holds(content, canary) {
			t.Errorf("%s holds the canary", e.Name())
		}
		n++
	}
	return n
}

// holds reports whether content has the canary in any of the forms it could take.
func holds(content []byte, canary string) bool {
	lower := bytes.ToLower(content)
	for _, text := range []string{canary, "Quetzal", "Invoice/4711"} {
		for _, form := range canaryForms(text) {
			if bytes.Contains(lower, bytes.ToLower(form)) {
				return true
			}
		}
	}
	return false
}

func canaryForms(text string) [][]byte {
	b := []byte(text)
	quoted, _ := json.Marshal(text)
	sum1, sum2 := md5.Sum(b), sha256.Sum256(b)
	forms := [][]byte{
		b, []byte(hex.EncodeToString(b)), []byte(url.QueryEscape(text)), []byte(url.PathEscape(text)), quoted[1 : len(quoted)-1],
		sum1[:], sum2[:], []byte(hex.EncodeToString(sum1[:])), []byte(hex.EncodeToString(sum2[:])),
	}
	for shift := range 3 {
		// Base64 of a longer text that holds it: three alignments, without the ends that depend on neighbours.
		enc := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), b...))
		inner := enc[(shift*4+2)/3 : len(enc)-2]
		forms = append(forms, []byte(inner), []byte(strings.NewReplacer("+", "-", "/", "_").Replace(inner)))
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	return append(forms, wide)
}
