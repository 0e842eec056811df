package state

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DeadLetterState is what became of a dead letter.
type DeadLetterState string

// The states of a dead letter.
const (
	// DeadLetterOpen: it waits for a replay or a discard.
	DeadLetterOpen DeadLetterState = "open"
	// DeadLetterReplayed: it was delivered later.
	DeadLetterReplayed DeadLetterState = "replayed"
	// DeadLetterDiscarded: a person gave it up.
	DeadLetterDiscarded DeadLetterState = "discarded"
	// DeadLetterSuperseded: a newer version of the record was delivered, or its touchpoint was reset.
	DeadLetterSuperseded DeadLetterState = "superseded"
)

// DeadLetterEntry is a record that could not be delivered.
type DeadLetterEntry struct {
	// KeyHash identifies the record within its touchpoint; there is at most one open dead letter for each.
	KeyHash KeyHash
	// Field is the path of the field at fault; "" for the whole record.
	Field string
	// Rule names the rule that failed, as a word of the program or of the mapping; never content.
	Rule string
	// Kind is the error's kind.
	Kind string
	// Cause is the keyed hash that groups alike causes.
	Cause KeyHash
	// Revision is the commit that mapped it.
	Revision string
	// Stage is how far the record had come.
	Stage Stage
	// Parked reports that it waits for a person rather than having failed.
	Parked bool

	// Route is the name of the route it was on; "" is that of a plain touchpoint. Sealed, as everything below.
	Route string
	// Element is the position of the record in the list that the source record is split into.
	Element int
	// Of is the key of the record that a write-back is of, and Answer is what was to be written back of it, as the caller encoded it.
	// Only StageWriteBack has them.
	Of     KeyHash
	Answer []byte
	// WriteBack is the number of the write-back.
	WriteBack int
	// Waits reports that it is tried again in every run, because what it refers to may come.
	Waits bool
	// Key is the source key, as the caller encoded it.
	Key []byte
	// Source is the record as read.
	Source []byte
	// Mapped is the record as mapped; nil when mapping failed.
	Mapped []byte
	// Text is what the application said, or the error's text.
	Text string
	// Trace are the traced fields.
	Trace []TraceField
}

// Stage is how far a record had come that was set aside.
type Stage uint8

// The stages.
const (
	// StageRoute: it was on a route.
	StageRoute Stage = iota
	// StageHead: it had not come to a route.
	StageHead
	// StageWriteBack: it was delivered, or set aside, and writing that back failed.
	StageWriteBack
)

// DeadLetter is a stored dead letter.
type DeadLetter struct {
	DeadLetterEntry
	// ID is opaque and random.
	ID string
	// TouchpointID is whose it is.
	TouchpointID int64
	// State is what became of it.
	State DeadLetterState
	// RunID is the run that last failed on it.
	RunID int64
	// Attempts counts the times it failed.
	Attempts int64
	// FirstAt and LastAt are when it was first and last seen to fail; ClosedAt is zero while it is open.
	FirstAt, LastAt, ClosedAt time.Time
	// ClosedRun is the run that closed it; 0 when it is open, or was closed from outside a run.
	ClosedRun int64
}

// Resolution closes the open dead letter of a key.
type Resolution struct {
	KeyHash KeyHash
	// State must not be open.
	State DeadLetterState
}

// DeadLetterFilter chooses dead letters, newest first. The zero filter chooses all.
type DeadLetterFilter struct {
	// TouchpointID is whose; 0 means all.
	TouchpointID int64
	// State is the wanted one; "" means all.
	State DeadLetterState
	// Cause is the wanted cause; zero means all.
	Cause KeyHash
	// RunID is the run that last failed on it; 0 means all.
	RunID int64
	// Page is the cursor that the last page returned; "" starts at the newest.
	Page string
	// Limit is the page size; 0 means 100; at most 1000.
	Limit int
	// Content opens the sealed part too. Without it only clear columns are filled.
	Content bool
}

// CauseCount is how many open dead letters share a cause.
type CauseCount struct {
	TouchpointID int64
	Cause        KeyHash
	// Field, Rule and Kind are those of the newest of them.
	Field, Rule, Kind string
	Count             int64
	FirstAt, LastAt   time.Time
}

// setAside writes the commit's dead letters.
func (t *txn) setAside(f Fence, c *Commit) error {
	for i := range c.DeadLetters {
		e := &c.DeadLetters[i]
		if e.KeyHash == (KeyHash{}) {
			return &Error{Reason: Invalid, Text: "a dead letter needs a key hash"}
		}
		if err := t.setOneAside(f.RunID, e); err != nil {
			return err
		}
	}
	return nil
}

// setOneAside writes one dead letter, over the open one of its key if there is one.
func (t *txn) setOneAside(runID int64, e *DeadLetterEntry) error {
	now := fromMicros(micros(t.s.now()))
	d := DeadLetter{DeadLetterEntry: *e, TouchpointID: t.p.tp.ID, State: DeadLetterOpen, RunID: runID, FirstAt: now, LastAt: now}
	var seq uint64
	var first int64
	open, err := t.one("SELECT id, row_seq, attempts, first_at FROM dead_letters WHERE touchpoint_id = ? AND key_hash = ? AND state = 'open'",
		[]any{t.p.tp.ID, e.KeyHash[:]}, &d.ID, &seq, &d.Attempts, &first)
	if err != nil {
		return err
	}
	if open {
		t.head.remove(&t.head.DeadLetters, deadLetterElement(d.ID, e.KeyHash, seq))
		d.FirstAt = fromMicros(first)
	} else {
		id := make([]byte, 16)
		rand.Read(id)
		d.ID = hex.EncodeToString(id)
	}
	seq++
	d.Attempts++
	t.head.add(&t.head.DeadLetters, deadLetterElement(d.ID, e.KeyHash, seq))
	sealed, err := t.key.Seal(row("dead_letters", []byte(d.ID), seq), encodeDeadLetter(&d))
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO dead_letters (id, touchpoint_id, key_hash, run_id, state, field, rule, kind, cause, revision, parked, attempts, first_at, last_at, row_seq, sealed)
		VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, field = excluded.field, rule = excluded.rule, kind = excluded.kind, cause = excluded.cause,
		revision = excluded.revision, parked = excluded.parked, attempts = excluded.attempts, last_at = excluded.last_at, row_seq = excluded.row_seq, sealed = excluded.sealed`,
		d.ID, d.TouchpointID, d.KeyHash[:], d.RunID, d.Field, d.Rule, d.Kind, d.Cause[:], d.Revision, d.Parked, d.Attempts, micros(d.FirstAt), micros(d.LastAt), int64(seq), sealed)
	if err != nil {
		return err
	}
	hashes := []KeyHash{d.Of}
	for _, f := range d.Trace {
		hashes = append(hashes, f.Hash)
	}
	for _, h := range hashes {
		if h == (KeyHash{}) {
			continue
		}
		if _, err := t.exec("INSERT INTO dead_letter_hashes (touchpoint_id, hash, dead_letter_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", d.TouchpointID, h[:], d.ID); err != nil {
			return err
		}
	}
	return nil
}

// resolve closes the open dead letters that the commit names.
func (t *txn) resolve(f Fence, c *Commit) error {
	for _, r := range c.Resolved {
		if t.head.DeadLetters.N == 0 {
			return nil
		}
		if r.State == DeadLetterOpen || r.State == "" {
			return &Error{Reason: Invalid, Text: "a dead letter cannot be resolved as open"}
		}
		if err := t.closeOpen(r, f.RunID); err != nil {
			return err
		}
	}
	return nil
}

// closeOpen closes the open dead letter of a key, if there is one. runID is 0 when no run does so.
func (t *txn) closeOpen(r Resolution, runID int64) error {
	var id string
	var seq uint64
	found, err := t.one(`UPDATE dead_letters SET state = ?, closed_at = ?, closed_run = ? WHERE touchpoint_id = ? AND key_hash = ? AND state = 'open' RETURNING id, row_seq`,
		[]any{string(r.State), micros(t.s.now()), runID, t.p.tp.ID, r.KeyHash[:]}, &id, &seq)
	if found {
		t.head.remove(&t.head.DeadLetters, deadLetterElement(id, r.KeyHash, seq))
	}
	return err
}

// CloseDeadLetter closes a dead letter from outside a run, as when a person
// discards it. One that is closed already stays as it is.
func (s *Store) CloseDeadLetter(ctx context.Context, id string, state DeadLetterState) error {
	if state == DeadLetterOpen || state == "" {
		return &Error{Reason: Invalid, Text: "a dead letter cannot be closed as open"}
	}
	var touchpointID int64
	var key []byte
	found, err := s.oneRow(ctx, "SELECT touchpoint_id, key_hash FROM dead_letters WHERE id = ?", []any{id}, &touchpointID, &key)
	if err != nil {
		return err
	}
	if !found {
		return noDeadLetter(id)
	}
	p, err := s.point(touchpointID)
	if err != nil {
		return err
	}
	return s.change(ctx, p, func(t *txn) error {
		var open bool
		if _, err := t.one("SELECT state = 'open' FROM dead_letters WHERE id = ?", []any{id}, &open); err != nil || !open {
			return err
		}
		return t.closeOpen(Resolution{KeyHash: toHash(key), State: state}, 0)
	})
}

func noDeadLetter(id string) error {
	return &Error{Reason: NotFound, Text: fmt.Sprintf("there is no dead letter %q", id), Hint: "closed ones are dropped after a while"}
}

// encodeDeadLetter makes the sealed body, copies of clear columns first.
func encodeDeadLetter(d *DeadLetter) []byte {
	b := append([]byte(nil), d.KeyHash[:]...)
	b = append(b, d.Cause[:]...)
	b = appendBytes(b, d.Field)
	b = appendBytes(b, d.Rule)
	b = appendBytes(b, d.Kind)
	b = appendBytes(b, d.Revision)
	b = binary.AppendVarint(b, d.RunID)
	b = binary.AppendVarint(b, d.Attempts)
	b = appendTime(b, d.FirstAt)
	b = appendTime(b, d.LastAt)
	b = appendBytes(b, d.Key)
	b = appendBytes(b, d.Source)
	b = appendBytes(b, d.Mapped)
	b = appendBytes(b, d.Text)
	b = appendTrace(b, d.Trace)
	return d.appendPlace(b)
}

// decodeDeadLetter fills the sealed part of d and reports whether the copies agree with its clear part.
func decodeDeadLetter(d *DeadLetter, body []byte) bool {
	r := newDecoder(body)
	same := r.hash() == d.KeyHash
	same = r.hash() == d.Cause && same
	for _, clear := range []string{d.Field, d.Rule, d.Kind, d.Revision} {
		same = r.string() == clear && same
	}
	same = r.int() == d.RunID && same
	same = r.int() == d.Attempts && same
	same = r.time().Equal(d.FirstAt) && same
	same = r.time().Equal(d.LastAt) && same
	d.Key, d.Source, d.Mapped, d.Text, d.Trace = r.bytes(), r.bytes(), r.bytes(), r.string(), r.trace()
	r.place(d)
	return r.done() && same
}

const deadLetterColumns = "seq, id, touchpoint_id, key_hash, run_id, state, field, rule, kind, cause, revision, parked, attempts, first_at, last_at, closed_at, closed_run, row_seq, sealed"

// storedDeadLetter is a row before it is opened.
type storedDeadLetter struct {
	d      DeadLetter
	page   int64
	rowSeq uint64
	sealed []byte
}

func (s *Store) deadLetterRows(ctx context.Context, tail string, args []any) (list []storedDeadLetter, err error) {
	err = s.each(ctx, "SELECT "+deadLetterColumns+" FROM dead_letters "+tail, args, func(scan scanner) error {
		var r storedDeadLetter
		var key, cause []byte
		var first, last, closed int64
		d := &r.d
		err := scan(&r.page, &d.ID, &d.TouchpointID, &key, &d.RunID, &d.State, &d.Field, &d.Rule, &d.Kind, &cause, &d.Revision, &d.Parked,
			&d.Attempts, &first, &last, &closed, &d.ClosedRun, &r.rowSeq, &r.sealed)
		d.KeyHash, d.Cause = toHash(key), toHash(cause)
		d.FirstAt, d.LastAt, d.ClosedAt = fromMicros(first), fromMicros(last), fromMicros(closed)
		list = append(list, r)
		return err
	})
	return list, err
}

// openDeadLetter opens a row's content.
func (s *Store) openDeadLetter(ctx context.Context, r storedDeadLetter) (DeadLetter, error) {
	p, err := s.point(r.d.TouchpointID)
	if err != nil {
		return DeadLetter{}, err
	}
	body, err := s.sealer.Open(ctx, p.scope, row("dead_letters", []byte(r.d.ID), r.rowSeq), r.sealed)
	if err != nil {
		return DeadLetter{}, err
	}
	if !decodeDeadLetter(&r.d, body) {
		return DeadLetter{}, rolledBack(s.dir, p, "a dead letter differs from what was sealed")
	}
	return r.d, nil
}

// DeadLetter returns one with its content, or [NotFound].
func (s *Store) DeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	rows, err := s.deadLetterRows(ctx, "WHERE id = ?", []any{id})
	if err != nil {
		return DeadLetter{}, err
	}
	if len(rows) == 0 {
		return DeadLetter{}, noDeadLetter(id)
	}
	return s.openDeadLetter(ctx, rows[0])
}

// DeadLetters lists dead letters, newest first. next is [DeadLetterFilter.Page]
// of the following page; "" at the end.
func (s *Store) DeadLetters(ctx context.Context, f DeadLetterFilter) (list []DeadLetter, next string, err error) {
	where, args := []string{"1 = 1"}, []any{}
	add := func(cond string, arg any) { where, args = append(where, cond), append(args, arg) }
	if f.TouchpointID != 0 {
		add("touchpoint_id = ?", f.TouchpointID)
	}
	if f.State != "" {
		add("state = ?", string(f.State))
	}
	if f.Cause != (KeyHash{}) {
		add("cause = ?", f.Cause[:])
	}
	if f.RunID != 0 {
		add("run_id = ?", f.RunID)
	}
	if f.Page != "" {
		page, err := strconv.ParseInt(f.Page, 36, 64)
		if err != nil {
			return nil, "", &Error{Reason: Invalid, Text: fmt.Sprintf("page %q is none that a list returned", f.Page)}
		}
		add("seq < ?", page)
	}
	limit := pageSize(f.Limit)
	rows, err := s.deadLetterRows(ctx, "WHERE "+strings.Join(where, " AND ")+" ORDER BY seq DESC LIMIT ?", append(args, limit+1))
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].page, 36)
	}
	list, err = s.openDeadLetters(ctx, rows, f.Content)
	return list, next, err
}

func (s *Store) openDeadLetters(ctx context.Context, rows []storedDeadLetter, content bool) ([]DeadLetter, error) {
	list := make([]DeadLetter, 0, len(rows))
	for _, r := range rows {
		if content {
			d, err := s.openDeadLetter(ctx, r)
			if err != nil {
				return nil, err
			}
			r.d = d
		}
		list = append(list, r.d)
	}
	return list, nil
}

// findDeadLetters searches by key or traced field, and by the keys of the ledger entries found.
func (s *Store) findDeadLetters(ctx context.Context, p *point, hash KeyHash, ledger []LedgerEntry) ([]DeadLetter, error) {
	keys := []KeyHash{hash}
	for _, e := range ledger {
		if !slices.Contains(keys, e.KeyHash) {
			keys = append(keys, e.KeyHash)
		}
	}
	args := []any{p.tp.ID}
	for _, k := range keys {
		args = append(args, k[:])
	}
	args = append(append(append(args, p.tp.ID), args[1:]...), findLimit)
	// Two look-ups by index: one condition with OR would read the whole table.
	rows, err := s.deadLetterRows(ctx, `WHERE seq IN (
		SELECT seq FROM dead_letters WHERE touchpoint_id = ? AND key_hash IN (?`+strings.Repeat(", ?", len(keys)-1)+`) UNION
		SELECT d.seq FROM dead_letter_hashes AS h JOIN dead_letters AS d ON d.id = h.dead_letter_id WHERE h.touchpoint_id = ? AND h.hash IN (?`+strings.Repeat(", ?", len(keys)-1)+`)
		) ORDER BY seq DESC LIMIT ?`, args)
	if err != nil {
		return nil, err
	}
	return s.openDeadLetters(ctx, rows, true)
}

// DeadLetterCauses groups the open dead letters of a touchpoint, or of all for 0,
// most frequent first.
func (s *Store) DeadLetterCauses(ctx context.Context, touchpointID int64) (list []CauseCount, err error) {
	err = s.each(ctx, `SELECT touchpoint_id, cause, field, rule, kind, count(*), min(first_at), max(last_at) FROM dead_letters
		WHERE state = 'open' AND (touchpoint_id = ? OR ? = 0) GROUP BY touchpoint_id, cause ORDER BY count(*) DESC, touchpoint_id, cause`,
		[]any{touchpointID, touchpointID}, func(scan scanner) error {
			var c CauseCount
			var cause []byte
			var first, last int64
			err := scan(&c.TouchpointID, &cause, &c.Field, &c.Rule, &c.Kind, &c.Count, &first, &last)
			c.Cause, c.FirstAt, c.LastAt = toHash(cause), fromMicros(first), fromMicros(last)
			list = append(list, c)
			return err
		})
	return list, err
}

// CountDeadLetters counts the open ones of a touchpoint, or of all for 0.
func (s *Store) CountDeadLetters(ctx context.Context, touchpointID int64) (n int64, err error) {
	_, err = s.oneRow(ctx, "SELECT count(*) FROM dead_letters WHERE state = 'open' AND (touchpoint_id = ? OR ? = 0)", []any{touchpointID, touchpointID}, &n)
	return n, err
}
