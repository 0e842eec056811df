package state

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
)

// lookupKeys is how many keys one statement looks up.
const lookupKeys = 500

// ledgerRow is a row of the ledger table before it is opened.
type ledgerRow struct {
	key    KeyHash
	seq    uint64
	state  LedgerState
	sealed []byte
}

// Lookup returns the newest entry of each key, in the order of keys; its State is
// [LedgerNone] where there is none. It sees every commit that has returned.
func (s *Store) Lookup(ctx context.Context, touchpointID int64, keys []KeyHash) ([]LedgerEntry, error) {
	p, err := s.point(touchpointID)
	if err != nil {
		return nil, err
	}
	out := make([]LedgerEntry, len(keys))
	// The log before the table: a fold moves entries from the first to the second.
	missing := p.log.find(keys, out)
	for len(missing) > 0 && p.folded.Load() {
		n := min(len(missing), lookupKeys)
		if err := s.lookupTable(ctx, p, keys, missing[:n], out); err != nil {
			return nil, err
		}
		missing = missing[n:]
	}
	return out, nil
}

// lookupTable fills out at the given places from the table.
func (s *Store) lookupTable(ctx context.Context, p *point, keys []KeyHash, places []int, out []LedgerEntry) error {
	where := make(map[KeyHash][]int, len(places))
	args := []any{p.tp.ID}
	for _, i := range places {
		if where[keys[i]] == nil {
			args = append(args, keys[i][:])
		}
		where[keys[i]] = append(where[keys[i]], i)
	}
	rows, err := s.ledgerRows(ctx, "key_hash IN (?"+strings.Repeat(", ?", len(where)-1)+")", args)
	if err != nil {
		return err
	}
	for _, r := range rows {
		e, err := s.openEntry(ctx, p, r)
		if err != nil {
			return err
		}
		for _, i := range where[r.key] {
			out[i] = e
		}
	}
	return nil
}

// ledgerRows reads rows of a touchpoint, whose id is the first argument.
func (s *Store) ledgerRows(ctx context.Context, where string, args []any) (list []ledgerRow, err error) {
	err = s.each(ctx, "SELECT key_hash, row_seq, state, sealed FROM ledger WHERE touchpoint_id = ? AND "+where, args, func(scan scanner) error {
		var key []byte
		var r ledgerRow
		err := scan(&key, &r.seq, &r.state, &r.sealed)
		r.key = toHash(key)
		list = append(list, r)
		return err
	})
	return list, err
}

// openEntry opens a row and compares it with its clear columns.
func (s *Store) openEntry(ctx context.Context, p *point, r ledgerRow) (LedgerEntry, error) {
	plain, err := s.sealer.Open(ctx, p.scope, row("ledger", r.key[:], r.seq), r.sealed)
	if err != nil {
		return LedgerEntry{}, err
	}
	d := newDecoder(plain)
	e := d.entry(&ledgerHeader{})
	if !d.done() || e.KeyHash != r.key || e.State != r.state {
		return LedgerEntry{}, rolledBack(s.dir, p, "a ledger entry differs from what was sealed")
	}
	return e, nil
}

// entries opens rows, leaving out those that the log knows better.
func (s *Store) entries(ctx context.Context, p *point, rows []ledgerRow) (list []LedgerEntry, err error) {
	for _, r := range rows {
		if p.log.has(r.key) {
			continue
		}
		e, err := s.openEntry(ctx, p, r)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// Intended lists entries that are still [LedgerIntended]: writes whose outcome
// is not known. limit bounds the list; 0 means 1000.
func (s *Store) Intended(ctx context.Context, touchpointID int64, limit int) ([]LedgerEntry, error) {
	p, err := s.point(touchpointID)
	if err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = 1000
	}
	list := p.log.filter(limit, func(e *LedgerEntry) bool { return e.State == LedgerIntended })
	if len(list) < limit {
		rows, err := s.ledgerRows(ctx, "state = 1 LIMIT ?", []any{touchpointID, limit})
		if err != nil {
			return nil, err
		}
		more, err := s.entries(ctx, p, rows)
		if err != nil {
			return nil, err
		}
		list = append(list, more[:min(len(more), limit-len(list))]...)
	}
	return list, nil
}

// Sources returns for each hash the entries whose record it stands for at the destination: its key there, or the answer. It sees every commit that
// has returned.
func (s *Store) Sources(ctx context.Context, touchpointID int64, hashes []KeyHash) ([][]LedgerEntry, error) {
	p, err := s.point(touchpointID)
	if err != nil {
		return nil, err
	}
	places := make(map[KeyHash][]int, len(hashes))
	for i, h := range hashes {
		places[h] = append(places[h], i)
	}
	out := make([][]LedgerEntry, len(hashes))
	take := func(e *LedgerEntry) {
		for _, i := range places[e.DestKeyHash] {
			out[i] = append(out[i], *e)
		}
		if e.AnswerHash == e.DestKeyHash {
			return
		}
		for _, i := range places[e.AnswerHash] {
			out[i] = append(out[i], *e)
		}
	}
	delete(places, KeyHash{}) // an entry without a hash is nobody's
	// The log before the table: a fold moves entries from the first to the second.
	for _, e := range p.log.filter(0, func(e *LedgerEntry) bool { return places[e.DestKeyHash] != nil || places[e.AnswerHash] != nil }) {
		take(&e)
	}
	for part := range slices.Chunk(slices.Collect(maps.Keys(places)), lookupKeys) {
		args := []any{touchpointID, touchpointID}
		for i := range part {
			args = append(args, part[i][:])
		}
		rows, err := s.ledgerRows(ctx, "key_hash IN (SELECT key_hash FROM ledger_hashes WHERE touchpoint_id = ? AND hash IN (?"+strings.Repeat(", ?", len(part)-1)+"))", args)
		if err != nil {
			return nil, err
		}
		entries, err := s.entries(ctx, p, rows)
		if err != nil {
			return nil, err
		}
		for i := range entries {
			take(&entries[i])
		}
	}
	return out, nil
}

// Findings is the life of the records that a hash stands for.
type Findings struct {
	// Ledger are the entries whose source key, destination key or traced field it is, newest first.
	Ledger []LedgerEntry
	// DeadLetters are those of the key or traced field, of any state, with content, newest first.
	DeadLetters []DeadLetter
	// Runs are the runs that both name, newest first; old ones may be dropped already.
	Runs []Run
}

// findLimit bounds what one search opens.
const findLimit = 200

// Find searches ledger and dead letters for a keyed hash of a source key, a
// destination key or a traced field: for each match where it went and by which
// revision and run, and what failed. At most 200 of each are returned.
func (s *Store) Find(ctx context.Context, touchpointID int64, hash KeyHash) (Findings, error) {
	p, err := s.point(touchpointID)
	if err != nil {
		return Findings{}, err
	}
	matches := func(e *LedgerEntry) bool { return e.KeyHash == hash || slices.Contains(e.hashes(), hash) }
	found := Findings{Ledger: p.log.filter(findLimit, matches)}
	rows, err := s.ledgerRows(ctx, `key_hash IN (SELECT ? UNION SELECT key_hash FROM ledger_hashes WHERE touchpoint_id = ? AND hash = ?) LIMIT ?`,
		[]any{touchpointID, hash[:], touchpointID, hash[:], findLimit})
	if err != nil {
		return Findings{}, err
	}
	table, err := s.entries(ctx, p, rows)
	if err != nil {
		return Findings{}, err
	}
	for i := range table {
		if matches(&table[i]) {
			found.Ledger = append(found.Ledger, table[i])
		}
	}
	slices.SortFunc(found.Ledger, func(a, b LedgerEntry) int {
		return cmp.Or(b.At.Compare(a.At), bytes.Compare(a.KeyHash[:], b.KeyHash[:]))
	})
	if found.DeadLetters, err = s.findDeadLetters(ctx, p, hash, found.Ledger); err != nil {
		return Findings{}, err
	}
	found.Runs, err = s.findRuns(ctx, found)
	return found, err
}

// findRuns reads the runs that findings name.
func (s *Store) findRuns(ctx context.Context, f Findings) ([]Run, error) {
	ids := map[int64]bool{}
	for _, e := range f.Ledger {
		ids[e.RunID] = true
	}
	for _, d := range f.DeadLetters {
		ids[d.RunID] = true
		if d.ClosedRun != 0 {
			ids[d.ClosedRun] = true
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, 0, len(ids))
	for id := range ids {
		args = append(args, id)
	}
	return s.listRuns(ctx, "WHERE id IN (?"+strings.Repeat(", ?", len(args)-1)+") ORDER BY id DESC", args)
}
