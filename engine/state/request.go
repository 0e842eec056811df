package state

import (
	"context"

	"github.com/dray-sync/dray/engine/secret"
)

// encodeRequest makes the sealed body of what a run was asked for and how far it has come.
func encodeRequest(request, progress []byte) []byte {
	return appendBytes(appendBytes(nil, request), progress)
}

// insertRequest keeps what a run was asked for, under the key of its touchpoint.
func (t *txn) insertRequest(key *secret.DataKey, touchpointID, runID int64, request []byte) error {
	sealed, err := key.Seal(row("run_requests", be64(runID), 1), encodeRequest(request, nil))
	if err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO run_requests (run_id, touchpoint_id, row_seq, sealed) VALUES (?, ?, 1, ?)", runID, touchpointID, sealed)
	return err
}

// saveProgress keeps how far a run beside the normal flow has come.
func (t *txn) saveProgress(f Fence, c *Commit) error {
	if c.Progress == nil {
		return nil
	}
	var seq uint64
	var sealed []byte
	found, err := t.one("SELECT row_seq, sealed FROM run_requests WHERE run_id = ?", []any{f.RunID}, &seq, &sealed)
	if err != nil {
		return err
	}
	if !found {
		return &Error{Reason: Invalid, Text: "only a run that was asked for something has progress"}
	}
	request, _, err := t.s.openRequest(t.ctx, t.p, f.RunID, seq, sealed)
	if err != nil {
		return err
	}
	seq++
	if sealed, err = t.key.Seal(row("run_requests", be64(f.RunID), seq), encodeRequest(request, c.Progress)); err != nil {
		return err
	}
	_, err = t.exec("UPDATE run_requests SET row_seq = ?, sealed = ? WHERE run_id = ?", int64(seq), sealed, f.RunID)
	return err
}

func (s *Store) openRequest(ctx context.Context, p *point, runID int64, seq uint64, sealed []byte) (request, progress []byte, err error) {
	body, err := s.sealer.Open(ctx, p.scope, row("run_requests", be64(runID), seq), sealed)
	if err != nil {
		return nil, nil, err
	}
	d := newDecoder(body)
	request, progress = d.bytes(), d.bytes()
	if !d.done() {
		return nil, nil, rolledBack(s.dir, p, "what a run was asked for differs from what was sealed")
	}
	return request, progress, nil
}

// RunRequest returns what a run beside the normal flow was asked for, and the progress it committed last; both nil for any other run.
func (s *Store) RunRequest(ctx context.Context, runID int64) (request, progress []byte, err error) {
	var touchpointID int64
	var seq uint64
	var sealed []byte
	found, err := s.oneRow(ctx, "SELECT touchpoint_id, row_seq, sealed FROM run_requests WHERE run_id = ?", []any{runID}, &touchpointID, &seq, &sealed)
	if err != nil || !found {
		return nil, nil, err
	}
	p, err := s.point(touchpointID)
	if err != nil {
		return nil, nil, err
	}
	return s.openRequest(ctx, p, runID, seq, sealed)
}
