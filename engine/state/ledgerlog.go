package state

import (
	"context"
	"encoding/binary"
	"sync"
	"time"
)

// logBatch is one row of the ledger log in memory.
type logBatch struct {
	seq    uint64
	at     time.Time
	header ledgerHeader
	// plain is the body; entries decode from it on demand.
	plain []byte
	// offsets are where entries start, in the order they were committed.
	offsets []uint32
	keys    []KeyHash
}

// logRef is where the newest entry of a key lies.
type logRef struct {
	batch  *logBatch
	offset uint32
}

// pendingLog is what of a touchpoint's ledger log is not folded yet. It is safe
// for concurrent use. The zero value is empty.
type pendingLog struct {
	mu      sync.RWMutex
	batches []*logBatch // by seq
	index   map[KeyHash]logRef
	entries int
}

// encodeBatch makes the body of a log row.
func encodeBatch(h ledgerHeader, entries []LedgerEntry) *logBatch {
	b := &logBatch{at: h.at, header: h, offsets: make([]uint32, 0, len(entries)), keys: make([]KeyHash, 0, len(entries))}
	b.plain = binary.AppendVarint(make([]byte, 0, 64+160*len(entries)), h.runID)
	b.plain = appendTime(b.plain, h.at)
	b.plain = appendBytes(b.plain, h.revision)
	b.plain = binary.AppendUvarint(b.plain, uint64(len(entries)))
	for i := range entries {
		b.offsets = append(b.offsets, uint32(len(b.plain)))
		b.keys = append(b.keys, entries[i].KeyHash)
		b.plain = appendEntry(b.plain, &entries[i], &h)
	}
	return b
}

// decodeBatch reads what encodeBatch wrote.
func decodeBatch(seq uint64, plain []byte) (*logBatch, bool) {
	d := newDecoder(plain)
	b := &logBatch{seq: seq, plain: plain}
	b.header = ledgerHeader{runID: d.int(), at: d.time(), revision: d.string()}
	b.at = b.header.at
	n := d.uint()
	for i := uint64(0); i < n && d.ok; i++ {
		b.offsets = append(b.offsets, uint32(len(plain)-len(d.b)))
		e := d.entry(&b.header)
		b.keys = append(b.keys, e.KeyHash)
	}
	return b, d.done()
}

// entry decodes the entry at an offset.
func (b *logBatch) entry(offset uint32) LedgerEntry {
	return newDecoder(b.plain[offset:]).entry(&b.header)
}

// add takes a batch in; it must be newer than all others.
func (l *pendingLog) add(b *logBatch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.index == nil {
		l.index = map[KeyHash]logRef{}
	}
	l.batches = append(l.batches, b)
	l.entries += len(b.keys)
	for i, key := range b.keys {
		l.index[key] = logRef{b, b.offsets[i]}
	}
}

// reset empties the log.
func (l *pendingLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches, l.index, l.entries = nil, nil, 0
}

// size returns how many entries wait and since when.
func (l *pendingLog) size() (entries int, since time.Time) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.batches) > 0 {
		since = l.batches[0].at
	}
	return l.entries, since
}

// find fills out[i] for the keys that are in the log, and returns the others' places.
func (l *pendingLog) find(keys []KeyHash, out []LedgerEntry) (missing []int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for i, key := range keys {
		if ref, ok := l.index[key]; ok {
			out[i] = ref.batch.entry(ref.offset)
		} else {
			missing = append(missing, i)
		}
	}
	return missing
}

// filter returns the newest entries in the log that f accepts, at most limit; 0 means all.
func (l *pendingLog) filter(limit int, f func(*LedgerEntry) bool) (list []LedgerEntry) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, ref := range l.index {
		if e := ref.batch.entry(ref.offset); f(&e) {
			list = append(list, e)
		}
		if limit > 0 && len(list) == limit {
			break
		}
	}
	return list
}

// has reports whether the log knows a key.
func (l *pendingLog) has(key KeyHash) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	_, ok := l.index[key]
	return ok
}

// folded is a key's newest entry in a snapshot of the log.
type folded struct {
	key KeyHash
	ref logRef
}

// snapshot returns the newest entry of each key that waits, and the last batch they come from.
func (l *pendingLog) snapshot() (list []folded, last uint64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.batches) == 0 {
		return nil, 0
	}
	list = make([]folded, 0, len(l.index))
	for key, ref := range l.index {
		list = append(list, folded{key, ref})
	}
	return list, l.batches[len(l.batches)-1].seq
}

// upTo returns the numbers of the batches up to last.
func (l *pendingLog) upTo(last uint64) (seqs []uint64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, b := range l.batches {
		if b.seq <= last {
			seqs = append(seqs, b.seq)
		}
	}
	return seqs
}

// drop forgets the batches up to last, which are in the table now.
func (l *pendingLog) drop(last uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	keep := l.batches[:0:0]
	for _, b := range l.batches {
		if b.seq > last {
			keep = append(keep, b)
			continue
		}
		l.entries -= len(b.keys)
	}
	l.batches = keep
	if len(keep) == 0 {
		l.index = nil
		return
	}
	for key, ref := range l.index {
		if ref.batch.seq <= last {
			delete(l.index, key)
		}
	}
}

// appendLedger writes the commit's ledger entries as one row of the log.
func (t *txn) appendLedger(f Fence, c *Commit) error {
	if len(c.Ledger) == 0 {
		return nil
	}
	now := fromMicros(micros(t.s.now()))
	header := ledgerHeader{runID: f.RunID, at: now, revision: c.Ledger[0].Revision}
	entries := make([]LedgerEntry, len(c.Ledger))
	for i, e := range c.Ledger {
		if e.KeyHash == (KeyHash{}) || e.State == LedgerNone {
			return &Error{Reason: Invalid, Text: "a ledger entry needs a key hash and a state"}
		}
		if e.RunID == 0 {
			e.RunID = f.RunID
		}
		if e.At.IsZero() {
			e.At = now
		}
		if e.FirstAt.IsZero() {
			e.FirstAt = e.At
		}
		entries[i] = e
	}
	b := encodeBatch(header, entries)
	b.seq = t.head.Seq
	sealed, err := t.key.Seal(row("ledger_log", be64(int64(b.seq)), b.seq), b.plain)
	if err != nil {
		return err
	}
	t.head.add(&t.head.Log, logElement(b.seq))
	p, folder := t.p, t.s.folder
	t.after = append(t.after, func() {
		p.log.add(b)
		folder.added(p)
	})
	_, err = t.exec("INSERT INTO ledger_log (touchpoint_id, seq, run_id, entries, at, sealed) VALUES (?, ?, ?, ?, ?, ?)",
		p.tp.ID, int64(b.seq), f.RunID, len(entries), micros(now), sealed)
	return err
}

// loadLog reads the log of a touchpoint into memory.
func (s *Store) loadLog(ctx context.Context, p *point) error {
	p.log.reset()
	if p == s.system {
		return nil
	}
	return s.each(ctx, "SELECT seq, entries, sealed FROM ledger_log WHERE touchpoint_id = ? ORDER BY seq", []any{p.tp.ID}, func(scan scanner) error {
		var seq uint64
		var n int
		var sealed []byte
		if err := scan(&seq, &n, &sealed); err != nil {
			return err
		}
		plain, err := s.sealer.Open(ctx, p.scope, row("ledger_log", be64(int64(seq)), seq), sealed)
		if err != nil {
			return err
		}
		b, ok := decodeBatch(seq, plain)
		if !ok || len(b.keys) != n {
			return rolledBack(s.dir, p, "a row of the ledger log differs from what was sealed")
		}
		p.log.add(b)
		return nil
	})
}
