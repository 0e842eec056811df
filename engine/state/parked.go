package state

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// Wants is what a parked run would do beyond what it has done.
type Wants struct {
	Created int64 `json:"created,omitempty"`
	Updated int64 `json:"updated,omitempty"`
	Deleted int64 `json:"deleted,omitempty"`
	// Shrank: its read saw far fewer records than there were.
	Shrank bool `json:"shrank,omitempty"`
	// More: it was not counted to its end.
	More bool `json:"more,omitempty"`
}

// Parked is what is kept of a parked run, sealed.
type Parked struct {
	Wants
	// Revision is the commit it was counted with.
	Revision string `json:"revision"`
	// ApprovedRun is the run by which a person let it go; 0: nobody has.
	ApprovedRun int64 `json:"approvedRun,omitempty"`
	// Until is when the approval ends.
	Until time.Time `json:"until,omitzero"`
}

// Approval lets a parked run go.
type Approval struct {
	RunID int64
	// Trigger is that of the new run; a word of the program.
	Trigger string
	// Until is when it ends: what the new run has not done by then it may not do.
	Until time.Time
}

func parkedRow(runID int64, seq uint64) secret.Row { return row("parked", be64(runID), seq) }

// savePark keeps what a run that parks would do.
func (t *txn) savePark(runID int64, wants *Wants) error {
	if wants == nil {
		return nil
	}
	p := Parked{Wants: *wants}
	var touchpointID int64
	if _, err := t.one("SELECT touchpoint_id, revision FROM runs WHERE id = ?", []any{runID}, &touchpointID, &p.Revision); err != nil {
		return err
	}
	sealed, err := t.sealParked(t.key, runID, 1, &p)
	if err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO parked (run_id, touchpoint_id, row_seq, sealed) VALUES (?, ?, 1, ?)", runID, touchpointID, sealed)
	return err
}

func (t *txn) sealParked(key *secret.DataKey, runID int64, seq uint64, p *Parked) ([]byte, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encoding a parked run: %w", err)
	}
	return key.Seal(parkedRow(runID, seq), body)
}

// Parked returns what a parked run waits with, or [NotFound].
func (s *Store) Parked(ctx context.Context, runID int64) (p Parked, err error) {
	var touchpointID int64
	var seq uint64
	var sealed []byte
	found, err := s.oneRow(ctx, "SELECT touchpoint_id, row_seq, sealed FROM parked WHERE run_id = ?", []any{runID}, &touchpointID, &seq, &sealed)
	if err == nil && !found {
		err = &Error{Reason: NotFound, Text: fmt.Sprintf("run %d is not parked", runID), Hint: "dray get runs lists those that are"}
	}
	if err != nil {
		return p, err
	}
	at, err := s.point(touchpointID)
	if err != nil {
		return p, err
	}
	body, err := s.sealer.Open(ctx, at.scope, parkedRow(runID, seq), sealed)
	if err == nil {
		err = json.Unmarshal(body, &p)
	}
	return p, err
}

// Approved returns what a person let go by a run; nil: nothing.
func (s *Store) Approved(ctx context.Context, touchpointID, runID int64) (*Parked, error) {
	var id int64
	found, err := s.oneRow(ctx, "SELECT run_id FROM parked WHERE touchpoint_id = ? AND approved_run = ?", []any{touchpointID, runID}, &id)
	if err != nil || !found {
		return nil, err
	}
	p, err := s.Parked(ctx, id)
	if err == nil && p.ApprovedRun != runID {
		return nil, &Error{Reason: StateRolledBack, Text: "an approval differs from what was sealed", Hint: "put back the newest copy of the whole directory"}
	}
	return &p, err
}

// Approve starts a run that may do what a parked one was counted to do, in one transaction. A run is approved once, and only while no newer one of
// its touchpoint has begun; everything else is [Invalid].
func (s *Store) Approve(ctx context.Context, a Approval) (Run, error) {
	before, err := s.Parked(ctx, a.RunID)
	if err != nil {
		return Run{}, err
	}
	old, err := s.Run(ctx, a.RunID)
	if err != nil {
		return Run{}, err
	}
	p, err := s.point(old.TouchpointID)
	if err != nil {
		return Run{}, err
	}
	key, err := s.sealer.Key(ctx, p.scope)
	if err != nil {
		return Run{}, err
	}
	var id int64
	err = s.write(ctx, func(t *txn) error {
		var seq uint64
		if _, err := t.one("SELECT row_seq FROM parked WHERE run_id = ? AND approved_run = 0", []any{a.RunID}, &seq); err != nil {
			return err
		}
		var newer int64
		if _, err := t.one("SELECT count(*) FROM runs WHERE touchpoint_id = ? AND id > ? AND beside = 0", []any{p.tp.ID, a.RunID}, &newer); err != nil {
			return err
		}
		switch {
		case old.Beside:
			return &Error{Reason: Invalid, Text: fmt.Sprintf("run %d was asked for by hand", a.RunID), Hint: "raise the limits in the repository, and ask for it again"}
		case seq == 0:
			return &Error{Reason: Invalid, Text: fmt.Sprintf("run %d was approved already", a.RunID)}
		case newer > 0:
			return &Error{Reason: Invalid, Text: fmt.Sprintf("run %d is not the last one of its touchpoint any more", a.RunID), Hint: "approve the newest one, if that is parked"}
		case p.head.Generation != old.Generation:
			return &Error{Reason: Invalid, Text: fmt.Sprintf("the touchpoint was reset after run %d", a.RunID)}
		}
		res, err := t.exec(`INSERT INTO runs (touchpoint_id, generation, trigger_kind, revision, status, queued, due_at, created_at) VALUES (?, ?, ?, ?, ?, 1, 0, ?)`,
			p.tp.ID, old.Generation, a.Trigger, before.Revision, string(RunQueued), micros(s.now()))
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		approved := before
		approved.ApprovedRun, approved.Until = id, a.Until
		sealed, err := t.sealParked(key, a.RunID, seq+1, &approved)
		if err != nil {
			return err
		}
		if _, err := t.exec("UPDATE parked SET approved_run = ?, row_seq = ?, sealed = ? WHERE run_id = ?", id, int64(seq+1), sealed, a.RunID); err != nil {
			return err
		}
		return t.insertSlice(id, 0)
	})
	if err != nil {
		return Run{}, err
	}
	return s.Run(ctx, id)
}

// Deleted counts the records that other runs of a touchpoint have deleted, of those that have not ended or ended after an instant. What a person
// approved does not count.
func (s *Store) Deleted(ctx context.Context, touchpointID, butRun int64, since time.Time) (n int64, err error) {
	_, err = s.oneRow(ctx, `SELECT coalesce(sum(n_deleted), 0) FROM runs WHERE touchpoint_id = ? AND id <> ? AND (ended_at = 0 OR ended_at > ?)
		AND id NOT IN (SELECT approved_run FROM parked WHERE touchpoint_id = ?)`, []any{touchpointID, butRun, micros(since), touchpointID}, &n)
	return n, err
}
