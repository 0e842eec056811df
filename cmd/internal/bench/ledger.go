package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// ledgerBatch is how many records one commit holds.
const ledgerBatch = 1000

// ledgerRows compares commits that write a ledger entry for every record with the same commits that write none.
func ledgerRows(ctx context.Context, o options) (rows []row, err error) {
	store, err := benchStore(ctx, filepath.Join(o.dir, "ledger"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	t, err := store.EnsureTouchpoint(ctx, "orders")
	if err != nil {
		return nil, err
	}
	r, _, err := store.StartRun(ctx, state.NewRun{TouchpointID: t.ID, Trigger: "bench"})
	if err != nil {
		return nil, err
	}
	_, fence, err := store.BeginSlice(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	commit := func(entries []state.LedgerEntry) (float64, error) {
		begin := time.Now()
		err := store.Commit(ctx, fence, state.Commit{Ledger: entries, Counts: state.Counts{Read: ledgerBatch}})
		return time.Since(begin).Seconds() * 1000, err
	}
	var on, off []float64
	for range 20 * o.n {
		took, err := commit(ledgerEntries())
		if err != nil {
			return nil, err
		}
		on = append(on, took)
		if took, err = commit(nil); err != nil {
			return nil, err
		}
		off = append(off, took)
	}
	return []row{compare(fmt.Sprintf("commit of %d records, ledger on (peer: ledger off)", ledgerBatch), "ms", on, off)}, nil
}

func ledgerEntries() []state.LedgerEntry {
	list := make([]state.LedgerEntry, ledgerBatch)
	for i := range list {
		e := &list[i]
		_, _ = rand.Read(e.KeyHash[:]) // never fails
		_, _ = rand.Read(e.DestKeyHash[:])
		_, _ = rand.Read(e.Fingerprint[:])
		e.Key, e.DestID = fmt.Appendf(nil, "[%d]", 9007199254740993+i), fmt.Appendf(nil, `["WEB-%d"]`, 1000+i)
		e.State, e.Revision = state.LedgerWritten, "0123456789abcdef0123456789abcdef01234567"
	}
	return list
}

// benchStore opens a state directory of its own, which folds only when asked to.
func benchStore(ctx context.Context, dir string) (*state.Store, error) {
	identity, err := secret.GenerateAgent(secret.Classic)
	if err != nil {
		return nil, err
	}
	ring, err := secret.CreateRing("bench", []secret.Recipient{identity.Public().Recipient}, time.Now())
	if err != nil {
		return nil, err
	}
	return state.Open(ctx, state.Options{
		Dir: dir, RepositoryID: "bench", Environment: "bench", FoldEvery: -1,
		OpenRing: func(context.Context, state.RingFacts) (*secret.Ring, error) { return ring, nil },
	})
}
