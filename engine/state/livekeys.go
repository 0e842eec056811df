package state

import "context"

// LiveKeys counts the source keys of a touchpoint that its destination is known to have.
func (s *Store) LiveKeys(ctx context.Context, touchpointID int64) (n int64, err error) {
	if err := s.Fold(ctx); err != nil {
		return 0, err
	}
	_, err = s.oneRow(ctx, "SELECT count(*) FROM ledger WHERE touchpoint_id = ? AND state IN (?, ?, ?)",
		[]any{touchpointID, int64(LedgerWritten), int64(LedgerUnchanged), int64(LedgerUnacknowledged)}, &n)
	return n, err
}
