package state

import "context"

// ScanLedger returns up to limit entries of a touchpoint in the order of their key hashes, beginning behind one; the zero hash begins at the
// first. last is the hash to go on from; zero at the end. An entry that is written meanwhile may be left out.
func (s *Store) ScanLedger(ctx context.Context, touchpointID int64, after KeyHash, limit int) (entries []LedgerEntry, last KeyHash, err error) {
	p, err := s.point(touchpointID)
	if err != nil {
		return nil, KeyHash{}, err
	}
	if err := s.folder.fold(ctx, p); err != nil {
		return nil, KeyHash{}, err
	}
	rows, err := s.ledgerRows(ctx, "key_hash > ? ORDER BY key_hash LIMIT ?", []any{touchpointID, after[:], limit})
	if err != nil || len(rows) == 0 {
		return nil, KeyHash{}, err
	}
	entries, err = s.entries(ctx, p, rows)
	return entries, rows[len(rows)-1].key, err
}
