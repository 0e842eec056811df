package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// A session is a run under way: its open ends, its reader, and how far it has come. It lives from slice to slice, and is used by
// one goroutine at a time.
type session struct {
	ends    ends
	fetcher *fetcher
	writer  adapters.Writer
	stage   *stage
	patient *patience
	seq     int64 // of the last committed checkpoint
	read    int64 // records read, for a limit
	limits  *allowance
}

// openSession opens both ends where the last checkpoint stands.
func (r *Runner) openSession(ctx context.Context, f *Flow, t state.Touchpoint, limit int) (*session, error) {
	s := &session{ends: ends{flow: f}}
	if err := r.fillSession(ctx, s, t, limit); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

func (r *Runner) fillSession(ctx context.Context, s *session, t state.Touchpoint, limit int) error {
	if err := s.ends.open(ctx, r.Pool); err != nil {
		return err
	}
	c, err := r.Store.Checkpoint(ctx, checkpointKey(t))
	if err != nil {
		return err
	}
	s.seq = c.Seq
	hasher, err := r.Store.Hasher(t)
	if err != nil {
		return err
	}
	s.stage = newStage(&s.ends, hasher, s.ends.program.NewExecutor(r.Now), t.Generation)
	if s.limits, err = r.allowance(ctx, s.ends.flow.Spec.Limits, t.ID); err != nil {
		return err
	}
	req, err := s.ends.readRequest(c.Cursor, t.CreatedAt, limit)
	if err != nil {
		return err
	}
	if s.ends.flow.Spec.Mode != "observe" {
		if s.writer, err = s.ends.destination.OpenWrite(ctx, s.ends.writeRequest()); err != nil {
			return err
		}
	}
	reader, err := s.ends.source.OpenRead(ctx, req)
	if err != nil {
		return err
	}
	s.fetcher = fetch(context.WithoutCancel(ctx), reader)
	return nil
}

// close gives everything back, in reverse order of opening.
func (s *session) close(ctx context.Context) {
	if s.fetcher != nil {
		_ = s.fetcher.close(ctx) // what was read and not written is read again
	}
	if s.writer != nil {
		_ = s.writer.Close(ctx) // outcomes do not depend on it
	}
	s.ends.close(ctx)
}

func checkpointKey(t state.Touchpoint) state.CheckpointKey {
	return state.CheckpointKey{TouchpointID: t.ID, Generation: t.Generation}
}

// allowance is what a run may still do. A nil number is unlimited.
type allowance struct {
	creates, updates *int64
}

// allowance resolves the limits of a touchpoint; a percentage is of the ledger's live keys.
func (r *Runner) allowance(ctx context.Context, l limits, touchpointID int64) (*allowance, error) {
	var live int64
	if (l.MaxCreates != nil && l.MaxCreates.Percent > 0) || (l.MaxUpdates != nil && l.MaxUpdates.Percent > 0) {
		var err error
		if live, err = r.Store.LiveKeys(ctx, touchpointID); err != nil {
			return nil, err
		}
	}
	return &allowance{creates: resolve(l.MaxCreates, live), updates: resolve(l.MaxUpdates, live)}, nil
}

// errLimit ends a run that would do more than its touchpoint allows.
var errLimit = errors.New("limit reached")

// spend judges what a batch is going to do, given what the run has done.
func (a *allowance) spend(done state.Counts, creates, updates int64) error {
	if a.creates != nil && done.Created+creates > *a.creates {
		return fmt.Errorf("%w: maxCreates is %d, and the run would create %d or more", errLimit, *a.creates, done.Created+creates)
	}
	if a.updates != nil && done.Updated+updates > *a.updates {
		return fmt.Errorf("%w: maxUpdates is %d, and the run would update %d or more", errLimit, *a.updates, done.Updated+updates)
	}
	return nil
}

// step works one batch. It returns io.EOF when the read completed.
func (s *session) step(ctx context.Context, r *Runner, w *work) error {
	patient, cancel := context.WithTimeout(ctx, w.deadline.Sub(r.Now()))
	defer cancel()
	b, err := s.fetcher.next(patient)
	if b == nil && ctx.Err() == nil { // a source without an end has nothing new
		return errHandOver
	}
	if b == nil {
		return err
	}
	defer s.fetcher.giveBack(b)
	if errors.Is(err, io.EOF) {
		return s.finish(ctx, r, w, b)
	}
	if err != nil {
		return &readError{err}
	}
	return s.batch(ctx, r, w, b)
}

// A readError comes from the source: the reader waits, and nothing that it has delivered is lost.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// finish commits the checkpoint behind a completed read. A full read begins at its start again.
func (s *session) finish(ctx context.Context, r *Runner, w *work, b *record.Batch) error {
	full := s.ends.flow.Spec.Source.Read == string(adapters.ReadFull)
	if !full && b.Safe == nil {
		return io.EOF
	}
	update := state.CheckpointUpdate{Key: checkpointKey(w.touchpoint), Seq: s.seq + 1, Done: true}
	if !full {
		update.Cursor = b.Safe
	}
	if err := r.Store.Commit(ctx, w.fence, state.Commit{Checkpoint: &update}); err != nil {
		return err
	}
	s.seq++
	return io.EOF
}

// batch maps, writes and commits one batch.
func (s *session) batch(ctx context.Context, r *Runner, w *work, b *record.Batch) error {
	limit := 0
	if w.options.Limit > 0 {
		limit = int(w.options.Limit - s.read)
	}
	var sent state.Counts
	c := state.Commit{Revision: s.ends.flow.Revision}
	s.stage.fill(b, limit, &c.Counts)
	s.read += int64(len(s.stage.items))
	if err := s.consult(ctx, r, w.touchpoint.ID, &c.Counts); err != nil {
		return err
	}
	written := s.deliver(ctx, r, w, &sent)
	now := r.Now()
	if written != nil {
		s.recall(&c, now)
		c.Counts = state.Counts{Read: s.stage.keepSent()}
	}
	c.Counts.Add(sent)
	whole := written == nil && len(s.stage.items) == b.Len()
	if whole && b.Safe != nil {
		c.Checkpoint = &state.CheckpointUpdate{Key: checkpointKey(w.touchpoint), Cursor: b.Safe, Seq: s.seq + 1}
	}
	s.record(b, &c, now)
	// What was written is recorded even when the slice is being stopped.
	commit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := r.Store.Commit(commit, w.fence, c); err != nil {
		return errors.Join(err, written)
	}
	w.done.Add(c.Counts)
	r.observe(s.ends.flow.Name, c.Counts)
	if written != nil {
		return written
	}
	s.patient.progress()
	if c.Checkpoint != nil {
		s.seq++
		if err := s.fetcher.reader.Ack(ctx, b.Safe); err != nil {
			return err
		}
	}
	return w.judge(s)
}

// consult asks the ledger about every record of the batch.
func (s *session) consult(ctx context.Context, r *Runner, touchpointID int64, n *state.Counts) error {
	hashes := make([]state.KeyHash, 0, len(s.stage.items))
	for i := range s.stage.items {
		if it := &s.stage.items[i]; it.fate != left {
			hashes = append(hashes, it.hash)
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	entries, err := r.Store.Lookup(ctx, touchpointID, hashes)
	if err != nil {
		return err
	}
	at := 0
	for i := range s.stage.items {
		if it := &s.stage.items[i]; it.fate != left {
			s.stage.judge(it, entries[at], n)
			at++
		}
	}
	s.stage.dropRepetitions(n)
	return nil
}

// record writes down what became of every record of the batch. Of a record that stands in it twice, only the later version can leave
// a dead letter open.
func (s *session) record(b *record.Batch, c *state.Commit, now time.Time) {
	last := s.stage.last()
	for i := range s.stage.items {
		it := &s.stage.items[i]
		if it.superseded {
			c.Resolved = append(c.Resolved, state.Resolution{KeyHash: it.hash, State: state.DeadLetterSuperseded})
		}
		if it.fate == left || it.fate == toWrite {
			continue
		}
		s.count(it, &c.Counts)
		c.Ledger = append(c.Ledger, s.entry(it, now))
		switch {
		case last[it.hash] != i:
		case it.fate == setAside:
			c.DeadLetters = append(c.DeadLetters, s.deadLetter(b, it))
		case s.stage.letters != nil:
			c.Resolved = append(c.Resolved, state.Resolution{KeyHash: it.hash, State: state.DeadLetterReplayed})
		case it.before.State == state.LedgerRejected || it.before.State == state.LedgerIntended:
			c.Resolved = append(c.Resolved, state.Resolution{KeyHash: it.hash, State: state.DeadLetterSuperseded})
		}
	}
}

// count counts what deliver does not. What is tried again in vain was counted by the run that set it aside.
func (s *session) count(it *item, n *state.Counts) {
	switch {
	case it.fate == skipped:
		n.Skipped++
	case it.fate != setAside:
	case s.stage.letters != nil:
		n.Duplicates++
	case it.parked():
		n.Parked++
	default:
		n.Rejected++
	}
}

// last returns for each record of the batch where its last version is that leaves something behind.
func (s *stage) last() map[state.KeyHash]int {
	last := make(map[state.KeyHash]int, len(s.items))
	for i := range s.items {
		if it := &s.items[i]; it.fate != left && it.fate != toWrite {
			last[it.hash] = i
		}
	}
	return last
}

// keepSent leaves out every item that nothing was sent of, because all of it is read again, and returns how many remain.
func (s *stage) keepSent() (n int64) {
	for i := range s.items {
		it := &s.items[i]
		if it.fate == delivered || (it.fate == setAside && it.outcome.Err != nil) {
			n++
		} else {
			it.fate = left
		}
	}
	return n
}

func (it *item) parked() bool { return it.row >= 0 && it.reason.Check != "" }

// entry is what the ledger keeps of an item.
func (s *session) entry(it *item, now time.Time) state.LedgerEntry {
	e := state.LedgerEntry{
		KeyHash: it.hash, Key: it.key, DestKeyHash: it.dest, DestID: it.destKey, Version: it.version, Fingerprint: [32]byte(it.fingerprint),
		Revision: s.ends.flow.Revision, FirstAt: it.before.FirstAt, At: now, Trace: it.trace,
	}
	switch it.fate {
	case delivered:
		e.State = state.LedgerWritten
		if it.outcome.Result == adapters.Unchanged {
			e.State = state.LedgerUnchanged
		}
		if !it.outcome.ID.IsNull() {
			e.Answer = it.outcome.ID.AppendJSON(nil)
		}
	case unchanged:
		e.State, e.Answer = it.before.State, it.before.Answer
	case skipped:
		e.State = state.LedgerSkipped
	default:
		e.State = state.LedgerRejected
	}
	return e
}

// deadLetter is a record that is set aside, with what is needed to try it again.
func (s *session) deadLetter(b *record.Batch, it *item) state.DeadLetterEntry {
	d := state.DeadLetterEntry{
		KeyHash: it.hash, Key: it.key, Field: it.reason.Field, Rule: string(it.reason.Rule), Kind: adapters.Invalid.String(),
		Revision: s.ends.flow.Revision, Parked: it.parked(), Source: appendSource(nil, b, it.index), Text: it.reason.Type, Trace: it.trace,
	}
	if it.reason.Check != "" {
		d.Rule, d.Text = "check "+it.reason.Check, it.reason.Message
	}
	if err := it.outcome.Err; err != nil {
		d.Kind, d.Field, d.Rule, d.Text = err.Kind.String(), err.Field, err.Rule, detail(err)
	}
	if it.row >= 0 {
		d.Mapped = s.ends.program.AppendJSON(nil, s.stage.rows.Row(it.row), true)
	}
	d.Cause = state.KeyHash(s.stage.hasher.Key(secret.StringPart(d.Kind), secret.StringPart(d.Field), secret.StringPart(d.Rule)))
	return d
}
