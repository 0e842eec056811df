package state

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ledgerOf commits an entry of a state for each of some keys.
func ledgerOf(t *testing.T, s *Store, f Fence, state LedgerState, keys ...int) {
	t.Helper()
	var c Commit
	for _, n := range keys {
		c.Ledger = append(c.Ledger, LedgerEntry{KeyHash: hash(n), State: state, DestKeyHash: hash(1000 + n)})
	}
	check(t, s.Commit(t.Context(), f, c))
}

// gone returns the keys below 100 that Gone visits, and how many records were seen.
func gone(t *testing.T, s *Store, a Absent, parts uint64) (keys []int, records int64) {
	t.Helper()
	names := map[KeyHash]int{}
	for n := range 100 {
		names[hash(n)] = n
	}
	records, err := s.goneInParts(t.Context(), a, parts, func(list []LedgerEntry) error {
		for _, e := range list {
			keys = append(keys, names[e.KeyHash])
		}
		return nil
	})
	check(t, err)
	slices.Sort(keys)
	return keys, records
}

func TestGoneIsWhatWasDeliveredAndNotSeen(t *testing.T) {
	s := open(t)
	tp, f := begin(t, s, "orders")
	ledgerOf(t, s, f, LedgerWritten, 1, 2, 3)
	check(t, s.Fold(t.Context()))
	ledgerOf(t, s, f, LedgerUnchanged, 4, 5)
	ledgerOf(t, s, f, LedgerUnacknowledged, 6)
	ledgerOf(t, s, f, LedgerRejected, 7)
	ledgerOf(t, s, f, LedgerDeleted, 8, 3) // 3 was written before
	// A record is seen on whatever route it went.
	tag := RouteTag(hash(77))
	check(t, s.Commit(t.Context(), f, Commit{Ledger: []LedgerEntry{{KeyHash: RouteKey(tag, hash(4)), State: LedgerWritten}, {KeyHash: RouteKey(tag, hash(9)), State: LedgerWritten}}}))
	check(t, s.Commit(t.Context(), f, Commit{Seen: []KeyHash{hash(2), hash(4)}}))
	check(t, s.Commit(t.Context(), f, Commit{Seen: []KeyHash{hash(4), hash(20)}}))
	for _, parts := range []uint64{1, 2, 7} {
		keys, records := gone(t, s, Absent{TouchpointID: tp.ID, RunID: f.RunID, Seen: 4}, parts)
		if diff := cmp.Diff([]int{0, 1, 5, 6}, keys); diff != "" || records != 3 { // 0: the route's key of 9
			t.Errorf("in %d parts: %d records seen, gone (-want +got):\n%s", parts, records, diff)
		}
	}
}

func TestSeenLogThatLacksRowsTellsNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := openIn(t, dir)
	tp, f := begin(t, s, "orders")
	check(t, s.Commit(t.Context(), f, Commit{Seen: []KeyHash{hash(1)}}))
	check(t, s.Commit(t.Context(), f, Commit{Seen: []KeyHash{hash(2)}}))
	a := Absent{TouchpointID: tp.ID, RunID: f.RunID, Seen: 3}
	if _, err := s.Gone(t.Context(), a, func([]LedgerEntry) error { return nil }); !errors.Is(err, StateRolledBack) {
		t.Errorf("with a row missing: got error %v", err)
	}
	check(t, s.write(t.Context(), func(t *txn) error {
		_, err := t.exec("DELETE FROM seen WHERE row_seq = (SELECT max(row_seq) FROM seen)")
		return err
	}))
	check(t, s.Close())
	if _, err := Open(t.Context(), options(t, dir)); !errors.Is(err, StateRolledBack) {
		t.Errorf("opening a state whose seen log was cut: got error %v", err)
	}
}

func TestSeenLogOfOtherRunsIsDropped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := openIn(t, dir)
	tp, f := begin(t, s, "orders")
	check(t, s.Commit(t.Context(), f, Commit{Seen: []KeyHash{hash(1)}}))
	run, _, err := s.StartRun(t.Context(), NewRun{TouchpointID: tp.ID, Trigger: "test"})
	check(t, err)
	_, g, err := s.BeginSlice(t.Context(), run.ID)
	check(t, err)
	check(t, s.Commit(t.Context(), g, Commit{Seen: []KeyHash{hash(2)}}))
	check(t, s.KeepSeen(t.Context(), tp.ID, g.RunID))
	if _, records := gone(t, s, Absent{TouchpointID: tp.ID, RunID: g.RunID, Seen: 1}, 1); records != 1 {
		t.Errorf("%d records seen by the run whose log is kept", records)
	}
	if _, records := gone(t, s, Absent{TouchpointID: tp.ID, RunID: f.RunID, Seen: 0}, 1); records != 0 {
		t.Errorf("%d records seen by the run whose log was dropped", records)
	}
	check(t, s.Close())
	s = openIn(t, dir) // the head agrees
	check(t, s.KeepSeen(t.Context(), tp.ID, 0))
}

func TestOwnersOfADestinationKey(t *testing.T) {
	s := open(t)
	tp, f := begin(t, s, "orders")
	both := func(n int, state LedgerState) LedgerEntry {
		return LedgerEntry{KeyHash: hash(n), State: state, DestKeyHash: hash(500)}
	}
	check(t, s.Commit(t.Context(), f, Commit{Ledger: []LedgerEntry{both(1, LedgerWritten), both(2, LedgerWritten), both(3, LedgerDeleted)}}))
	check(t, s.Fold(context.WithoutCancel(t.Context())))
	check(t, s.Commit(t.Context(), f, Commit{Ledger: []LedgerEntry{both(4, LedgerUnchanged), both(2, LedgerDeleted)}}))
	owners := must(s.Owners(t.Context(), tp.ID, []KeyHash{hash(500), hash(501)}))(t)
	got := map[KeyHash]bool{}
	for _, e := range owners[hash(500)] {
		got[e.KeyHash] = true
	}
	if diff := cmp.Diff(map[KeyHash]bool{hash(1): true, hash(4): true}, got); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if keys := slices.Collect(maps.Keys(owners)); len(keys) != 1 {
		t.Errorf("owners of %d keys", len(keys))
	}
}
