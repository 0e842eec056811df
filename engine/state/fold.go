package state

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

const (
	// foldDefault is how often the log is folded when little is written.
	foldDefault = 5 * time.Second
	// foldSoon is how many waiting entries start a fold at once.
	foldSoon = 50_000
	// foldLimit is how many waiting entries make a commit fold first, so that memory stays bounded.
	foldLimit = 400_000
	// foldRows is how many rows one statement inserts.
	foldRows = 100
	// foldTarget is how long one transaction of a fold should take.
	foldTarget = 25 * time.Millisecond
)

// folder merges ledger logs into the ledger table. One fold runs at a time.
type folder struct {
	s     *Store
	every time.Duration
	nudge chan struct{}

	mu sync.Mutex
	// chunk is how many rows a transaction takes; it follows foldTarget. Guarded by mu.
	chunk int
}

func newFolder(s *Store, every time.Duration) *folder {
	if every == 0 {
		every = foldDefault
	}
	return &folder{s: s, every: every, nudge: make(chan struct{}, 1), chunk: 10 * foldRows}
}

// added asks for a fold when much waits.
func (f *folder) added(p *point) {
	if n, _ := p.log.size(); n < foldSoon {
		return
	}
	select {
	case f.nudge <- struct{}{}:
	default:
	}
}

// admit folds before a commit that would let the log grow beyond bounds.
func (f *folder) admit(ctx context.Context, p *point) error {
	if n, _ := p.log.size(); n < foldLimit {
		return nil
	}
	return f.fold(ctx, p)
}

// run folds in the background.
func (f *folder) run(ctx context.Context) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-f.nudge:
		}
		if err := f.s.Fold(ctx); err != nil && ctx.Err() == nil {
			f.s.log.Warn("folding the ledger log", "error", err)
		}
	}
}

// Fold merges the ledger log of every touchpoint into the ledger now. It is also
// done in the background; look-ups see the same before and after.
func (s *Store) Fold(ctx context.Context) error {
	s.mu.RLock()
	points := make([]*point, 0, len(s.points))
	for _, p := range s.points {
		points = append(points, p)
	}
	s.mu.RUnlock()
	for _, p := range points {
		if n, _ := p.log.size(); n == 0 {
			continue
		}
		// A point pruned meanwhile has nothing left to fold.
		if err := s.folder.fold(ctx, p); err != nil && s.known(p) == nil {
			return err
		}
	}
	return nil
}

// fold merges one touchpoint's log: its newest entries, sorted, in short
// transactions, and then one that removes the log rows. Interrupted anywhere,
// it leaves a log that folds to the same again.
func (f *folder) fold(ctx context.Context, p *point) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	list, last := p.log.snapshot()
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b folded) int { return bytes.Compare(a.key[:], b.key[:]) })
	key, err := f.s.sealer.Key(ctx, p.scope)
	if err != nil {
		return err
	}
	p.folded.Store(true) // before the first row is there, and before the log forgets one
	var index []indexRow
	for len(list) > 0 {
		n := min(len(list), f.chunk)
		rows, hashes, err := sealEntries(key, p, list[:n])
		if err != nil {
			return err
		}
		if err := f.insert(ctx, p, "ledger", rows); err != nil {
			return err
		}
		index = append(index, hashes...)
		list = list[n:]
	}
	if err := f.insertIndex(ctx, p, index); err != nil {
		return err
	}
	return f.s.change(ctx, p, func(t *txn) error { return t.dropLog(last) })
}

// dropLog removes what was folded from the log.
func (t *txn) dropLog(last uint64) error {
	for _, seq := range t.p.log.upTo(last) {
		t.head.remove(&t.head.Log, logElement(seq))
	}
	p := t.p
	t.after = append(t.after, func() { p.log.drop(last) })
	_, err := t.exec("DELETE FROM ledger_log WHERE touchpoint_id = ? AND seq <= ?", p.tp.ID, int64(last))
	return err
}

// indexRow is a row of ledger_hashes.
type indexRow struct{ hash, key KeyHash }

// sealEntries makes the ledger's rows and what they are found by.
func sealEntries(key *secret.DataKey, p *point, list []folded) (rows [][]any, index []indexRow, err error) {
	rows = make([][]any, len(list))
	var body []byte
	for i, f := range list {
		e := f.ref.batch.entry(f.ref.offset)
		body = appendEntry(body[:0], &e, &ledgerHeader{})
		sealed, err := key.Seal(row("ledger", e.KeyHash[:], f.ref.batch.seq), body)
		if err != nil {
			return nil, nil, err
		}
		rows[i] = []any{p.tp.ID, e.KeyHash[:], int64(f.ref.batch.seq), int64(e.State), sealed}
		for _, h := range e.hashes() {
			index = append(index, indexRow{h, e.KeyHash})
		}
	}
	return rows, index, nil
}

// insertIndex writes what entries are found by, sorted.
func (f *folder) insertIndex(ctx context.Context, p *point, index []indexRow) error {
	slices.SortFunc(index, func(a, b indexRow) int {
		if c := bytes.Compare(a.hash[:], b.hash[:]); c != 0 {
			return c
		}
		return bytes.Compare(a.key[:], b.key[:])
	})
	index = slices.Compact(index)
	for len(index) > 0 {
		n := min(len(index), f.chunk)
		rows := make([][]any, n)
		for i, r := range index[:n] {
			rows[i] = []any{p.tp.ID, r.hash[:], r.key[:]}
		}
		if err := f.insert(ctx, p, "ledger_hashes", rows); err != nil {
			return err
		}
		index = index[n:]
	}
	return nil
}

// insert writes sorted rows in one transaction and adapts the size of the next.
func (f *folder) insert(ctx context.Context, p *point, table string, rows [][]any) error {
	n := len(rows)
	var took time.Duration
	err := f.s.write(ctx, func(t *txn) error {
		if err := f.s.known(p); err != nil {
			return err
		}
		start := time.Now()
		defer func() { took = time.Since(start) }()
		for len(rows) > 0 {
			n := 1
			if len(rows) >= foldRows {
				n = foldRows
			}
			if _, err := t.exec(foldStatement(table, n), slices.Concat(rows[:n]...)...); err != nil {
				return err
			}
			rows = rows[n:]
		}
		return nil
	})
	switch {
	case err != nil || n < f.chunk:
	case took > foldTarget:
		f.chunk = max(foldRows, f.chunk/2/foldRows*foldRows)
	case took < foldTarget/3:
		f.chunk = min(f.chunk*2, 80*foldRows)
	}
	return err
}

// foldStatement inserts n rows into a table of the ledger.
func foldStatement(table string, n int) string {
	columns, conflict := "touchpoint_id, hash, key_hash", "DO NOTHING"
	if table == "ledger" {
		columns = "touchpoint_id, key_hash, row_seq, state, sealed"
		conflict = `(touchpoint_id, key_hash) DO UPDATE SET row_seq = excluded.row_seq, state = excluded.state, sealed = excluded.sealed
			WHERE excluded.row_seq >= ledger.row_seq`
	}
	one := "(?" + strings.Repeat(", ?", strings.Count(columns, ",")) + ")"
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES %s%s ON CONFLICT %s", table, columns, one, strings.Repeat(", "+one, n-1), conflict)
}
