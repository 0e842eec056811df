package state

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Stats says how much a state holds and what waits.
type Stats struct {
	// FoldLagEntries is how many ledger entries are not folded yet.
	FoldLagEntries int64
	// FoldLagAge is how long the oldest of them waits.
	FoldLagAge time.Duration
	// OpenDeadLetters counts them over all touchpoints.
	OpenDeadLetters int64
	// ActiveRuns are queued or running.
	ActiveRuns int64
	// FileBytes is the size of the database with its WAL.
	FileBytes int64
	// Queue counts jobs.
	Queue QueueStats
}

// Stats returns figures for metrics.
func (s *Store) Stats(ctx context.Context) (st Stats, err error) {
	s.mu.RLock()
	for _, p := range s.points {
		n, since := p.log.size()
		st.FoldLagEntries += int64(n)
		if n > 0 {
			st.FoldLagAge = max(st.FoldLagAge, s.now().Sub(since))
		}
	}
	s.mu.RUnlock()
	if st.OpenDeadLetters, err = s.CountDeadLetters(ctx, 0); err != nil {
		return st, err
	}
	if _, err = s.oneRow(ctx, "SELECT count(*) FROM runs WHERE status IN ('queued', 'running')", nil, &st.ActiveRuns); err != nil {
		return st, err
	}
	for _, name := range []string{databaseName, databaseName + "-wal"} {
		info, err := os.Stat(filepath.Join(s.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return st, fileError(s.dir, err)
		}
		st.FileBytes += info.Size()
	}
	st.Queue, err = s.queueStats(ctx)
	return st, err
}
