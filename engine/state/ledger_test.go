package state

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestFoldEqualsMap drives appends, folds and reopenings in random order and
// compares every look-up and search with a map.
func TestFoldEqualsMap(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { foldEqualsMap(t, mathrand.New(mathrand.NewPCG(seed, 7))) })
	}
}

func foldEqualsMap(t *testing.T, rng *mathrand.Rand) {
	const keys = 300
	dir := filepath.Join(t.TempDir(), "state")
	s := openIn(t, dir)
	ctx := t.Context()
	tp, f := begin(t, s, "orders")
	model := map[KeyHash]LedgerEntry{}
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for range 40 {
		switch op := rng.IntN(10); {
		case op < 7:
			var batch []LedgerEntry
			for range 1 + rng.IntN(40) {
				clock = clock.Add(time.Second)
				e := randomEntry(rng, keys, clock)
				batch = append(batch, e)
				e.RunID = f.RunID
				model[e.KeyHash] = e
			}
			check(t, s.Commit(ctx, f, Commit{Ledger: batch}))
		case op < 9:
			check(t, s.Fold(ctx))
		default:
			check(t, s.Close())
			s = openIn(t, dir)
		}
		compareLedger(t, s, tp.ID, keys, rng.IntN(20), model)
	}
	check(t, s.Fold(ctx))
	for n := range 20 {
		compareLedger(t, s, tp.ID, keys, n, model)
	}
	if st := must(s.Stats(ctx))(t); st.FoldLagEntries != 0 || st.FoldLagAge != 0 {
		t.Errorf("lag after a fold: %d entries, %v", st.FoldLagEntries, st.FoldLagAge)
	}
}

// randomEntry makes an entry of one of few keys, found by one of few other hashes.
func randomEntry(rng *mathrand.Rand, keys int, at time.Time) LedgerEntry {
	n := rng.IntN(keys)
	e := LedgerEntry{
		KeyHash: hash(n), Key: fmt.Appendf(nil, "key %d", n), State: LedgerState(1 + rng.IntN(6)), At: at, FirstAt: at.Add(-time.Hour),
		Revision: fmt.Sprint("rev", rng.IntN(3)), Version: []byte{byte(rng.IntN(256))},
	}
	if rng.IntN(2) == 0 {
		e.DestKeyHash, e.DestID = hash(1000+rng.IntN(20)), []byte("dest")
		e.Fingerprint[3] = 1
	}
	for range rng.IntN(3) {
		e.Trace = append(e.Trace, TraceField{Path: "number", Value: "v", Hash: hash(2000 + rng.IntN(20))})
	}
	if rng.IntN(4) == 0 {
		e.Answer = []byte("ok")
	}
	return e
}

// compareLedger compares with the model all look-ups, and searches by the nth of each sort of hash.
func compareLedger(t *testing.T, s *Store, id int64, keys, n int, model map[KeyHash]LedgerEntry) {
	t.Helper()
	ctx := t.Context()
	var all []KeyHash
	for n := range keys + 1 {
		all = append(all, hash(n))
	}
	intended := 0
	for i, got := range must(s.Lookup(ctx, id, all))(t) {
		want := model[all[i]]
		// The encoding holds every field; the difference is computed only when there is one.
		if !bytes.Equal(appendEntry(nil, &want, &ledgerHeader{}), appendEntry(nil, &got, &ledgerHeader{})) {
			t.Fatalf("key %d (-want +got):\n%s", i, cmp.Diff(want, got, cmpopts.EquateEmpty()))
		}
		if want.State == LedgerIntended {
			intended++
		}
	}
	if got := must(s.Intended(ctx, id, 0))(t); len(got) != intended {
		t.Fatalf("%d intended, want %d", len(got), intended)
	}
	for _, h := range []KeyHash{hash(n), hash(1000 + n), hash(2000 + n)} {
		want := map[KeyHash]bool{}
		for key, e := range model {
			for _, o := range append(e.hashes(), key) {
				if o == h {
					want[key] = true
				}
			}
		}
		got := map[KeyHash]bool{}
		for _, e := range must(s.Find(ctx, id, h))(t).Ledger {
			got[e.KeyHash] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("search (-want +got):\n%s", diff)
		}
	}
}

func TestFindTellsALife(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	tp, f := begin(t, s, "orders")
	dead := DeadLetterEntry{
		KeyHash: hash(1), Field: "total", Rule: "decimal", Kind: "Invalid", Cause: hash(9), Revision: "c0ffee",
		Key: []byte("1001"), Source: []byte(`{"total":"x"}`), Text: "not a decimal", Trace: []TraceField{{Path: "number", Value: "1001", Hash: hash(5)}},
	}
	check(t, s.Commit(ctx, f, Commit{DeadLetters: []DeadLetterEntry{dead}}))
	check(t, s.Commit(ctx, f, Commit{DeadLetters: []DeadLetterEntry{dead}}))
	causes := must(s.DeadLetterCauses(ctx, tp.ID))(t)
	if len(causes) != 1 || causes[0].Count != 1 || causes[0].Field != "total" || causes[0].Cause != hash(9) {
		t.Errorf("causes: %+v", causes)
	}
	check(t, s.Commit(ctx, f, Commit{
		Ledger: []LedgerEntry{{
			KeyHash: hash(1), State: LedgerWritten, Key: []byte("1001"), DestKeyHash: hash(7), DestID: []byte("SO-1"), Revision: "beef",
			Trace: dead.Trace, Answer: []byte("201"),
		}},
		Resolved: []Resolution{{KeyHash: hash(1), State: DeadLetterReplayed}, {KeyHash: hash(2), State: DeadLetterReplayed}},
		End:      &RunEnd{Status: RunSucceeded},
	}))
	for _, h := range []KeyHash{hash(1), hash(5), hash(7)} {
		found := must(s.Find(ctx, tp.ID, h))(t)
		if len(found.Ledger) != 1 || len(found.DeadLetters) != 1 || len(found.Runs) != 1 {
			t.Fatalf("found %+v", found)
		}
		e, d, r := found.Ledger[0], found.DeadLetters[0], found.Runs[0]
		if string(e.DestID) != "SO-1" || e.Revision != "beef" || e.RunID != f.RunID || string(e.Answer) != "201" {
			t.Errorf("ledger: %+v", e)
		}
		if d.State != DeadLetterReplayed || d.Attempts != 2 || string(d.Source) != `{"total":"x"}` || d.Text != "not a decimal" || d.ClosedAt.IsZero() {
			t.Errorf("dead letter: %+v", d)
		}
		if r.Status != RunSucceeded {
			t.Errorf("run: %+v", r)
		}
	}
	if found := must(s.Find(ctx, tp.ID, hash(77)))(t); len(found.Ledger)+len(found.DeadLetters) != 0 {
		t.Errorf("found %+v for nothing", found)
	}
}

// benchEntries makes n entries under random keys.
func benchEntries(n int) []LedgerEntry {
	list := make([]LedgerEntry, n)
	for i := range list {
		e := LedgerEntry{State: LedgerWritten, Key: fmt.Appendf(nil, "order-%d", i), DestID: fmt.Appendf(nil, "SO-%d", i), Revision: "0123456789abcdef0123456789abcdef01234567"}
		_, _ = rand.Read(e.KeyHash[:])
		_, _ = rand.Read(e.Fingerprint[:])
		list[i] = e
	}
	return list
}

// BenchmarkLedgerAppend compares one sealed log row for each batch of 1,000 with
// a keyed row for each entry, and with a commit that has no ledger at all.
func BenchmarkLedgerAppend(b *testing.B) {
	const batch = 1000
	for _, mode := range []string{"log", "keyed", "off"} {
		b.Run(mode, func(b *testing.B) {
			s := open(b)
			_, f := begin(b, s, "orders")
			p := must(s.point(f.TouchpointID))(b)
			ctx := context.Background()
			for range b.N {
				b.StopTimer()
				entries := benchEntries(batch)
				b.StartTimer()
				switch mode {
				case "log":
					check(b, s.Commit(ctx, f, Commit{Ledger: entries}))
				case "off":
					check(b, s.Commit(ctx, f, Commit{Counts: Counts{Read: batch}}))
				case "keyed":
					check(b, insertKeyed(ctx, s, p, f, entries))
				}
			}
			b.ReportMetric(float64(b.N)*batch/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// insertKeyed writes entries straight into the keyed table, in the order they came.
func insertKeyed(ctx context.Context, s *Store, p *point, f Fence, entries []LedgerEntry) error {
	return s.change(ctx, p, func(t *txn) error {
		if err := t.prove(f, &Commit{}); err != nil {
			return err
		}
		batch := encodeBatch(ledgerHeader{}, entries)
		list := make([]folded, len(entries))
		for i, e := range entries {
			list[i] = folded{e.KeyHash, logRef{batch, batch.offsets[i]}}
		}
		rows, _, err := sealEntries(t.key, p, list)
		for _, r := range rows {
			if err == nil {
				_, err = t.exec(foldStatement("ledger", 1), r...)
			}
		}
		return err
	})
}

func BenchmarkLookup(b *testing.B) {
	s := open(b)
	tp, f := begin(b, s, "orders")
	entries := benchEntries(20_000)
	check(b, s.Commit(context.Background(), f, Commit{Ledger: entries}))
	check(b, s.Fold(context.Background()))
	keys := make([]KeyHash, 1000)
	for b.Loop() {
		for i := range keys {
			keys[i] = entries[mathrand.IntN(len(entries))].KeyHash
		}
		_ = must(s.Lookup(context.Background(), tp.ID, keys))(b)
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "keys/s")
}
