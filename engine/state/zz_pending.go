package state

import (
	"context"
	"errors"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

var errPending = errors.New("pending")

type Store struct{}

// Open opens, and creates when missing, the state directory: locks it, refuses
// what belongs to another repository, environment or a newer schema, migrates,
// verifies heads, rebuilds the index of what is not folded.
func Open(ctx context.Context, o Options) (*Store, error) { return nil, errPending }

// Close stops background work, folds nothing, and releases the directory. It is idempotent.
func (s *Store) Close() error { return nil }

// StateID is the random identity of this state.
func (s *Store) StateID() secret.StateID { return secret.StateID{} }

// Ring returns the ring in use (for secret's keyed hashes).
func (s *Store) Ring() *secret.Ring { return nil }

// AcceptRing takes the next ring generation into use and remembers its pin. ring must have been opened against RingFacts.
func (s *Store) AcceptRing(ctx context.Context, ring *secret.Ring) error { return errPending }

// RingFacts is what to judge the next ring against.
func (s *Store) RingFacts(ctx context.Context) (RingFacts, error) { return RingFacts{}, errPending }

// EnsureTouchpoint returns the touchpoint of a name and creates it when there is none.
func (s *Store) EnsureTouchpoint(ctx context.Context, name string) (Touchpoint, error) {
	return Touchpoint{}, errPending
}

// Touchpoint returns the touchpoint of a name, or NotFound.
func (s *Store) Touchpoint(ctx context.Context, name string) (Touchpoint, error) {
	return Touchpoint{}, errPending
}

// TouchpointByID returns a touchpoint, or NotFound.
func (s *Store) TouchpointByID(ctx context.Context, id int64) (Touchpoint, error) {
	return Touchpoint{}, errPending
}

// Touchpoints lists all, by name.
func (s *Store) Touchpoints(ctx context.Context) ([]Touchpoint, error) { return nil, errPending }

// RenameTouchpoint keeps everything under a new name.
func (s *Store) RenameTouchpoint(ctx context.Context, from, to string) error { return errPending }

// ResetTouchpoint raises the generation: the next read starts at the beginning. Ledger and dead letters stay.
func (s *Store) ResetTouchpoint(ctx context.Context, id int64) (Touchpoint, error) {
	return Touchpoint{}, errPending
}

// PruneTouchpoint destroys the touchpoint's data keys and rows.
func (s *Store) PruneTouchpoint(ctx context.Context, id int64) error { return errPending }

// StartRun creates a run; created is false when NewRun.DueAt already has one.
func (s *Store) StartRun(ctx context.Context, r NewRun) (run Run, created bool, err error) {
	return Run{}, false, errPending
}

// BeginSlice raises the run's epoch. Fenced when the run has ended.
func (s *Store) BeginSlice(ctx context.Context, runID int64) (Run, Fence, error) {
	return Run{}, Fence{}, errPending
}

// Commit makes what a batch leaves behind durable in one transaction.
func (s *Store) Commit(ctx context.Context, f Fence, c Commit) error { return errPending }

// EndRun ends a run from outside (cancel, supersede, prune): its running slice, if any, is fenced. No error when it has ended already.
func (s *Store) EndRun(ctx context.Context, runID int64, end RunEnd) error { return errPending }

// Run returns one run with its Detail.
func (s *Store) Run(ctx context.Context, id int64) (Run, error) { return Run{}, errPending }

// Runs lists runs, newest first; next is RunFilter.Before of the following page, 0 at the end.
func (s *Store) Runs(ctx context.Context, f RunFilter) (runs []Run, next int64, err error) {
	return nil, 0, errPending
}

// ActiveRuns lists the runs of a touchpoint (0: all) that have not ended, oldest first.
func (s *Store) ActiveRuns(ctx context.Context, touchpointID int64) ([]Run, error) {
	return nil, errPending
}

// Checkpoint returns a checkpoint; the zero Checkpoint with its Key when there is none.
func (s *Store) Checkpoint(ctx context.Context, key CheckpointKey) (Checkpoint, error) {
	return Checkpoint{}, errPending
}

// Checkpoints lists a touchpoint's checkpoints of its current generation.
func (s *Store) Checkpoints(ctx context.Context, touchpointID int64) ([]Checkpoint, error) {
	return nil, errPending
}

// Lookup returns the entry of each key, in the order of keys; State is LedgerNone where there is none.
func (s *Store) Lookup(ctx context.Context, touchpointID int64, keys []KeyHash) ([]LedgerEntry, error) {
	return nil, errPending
}

// Intended lists entries still in LedgerIntended, at most limit.
func (s *Store) Intended(ctx context.Context, touchpointID int64, limit int) ([]LedgerEntry, error) {
	return nil, errPending
}

// Find searches by keyed hash of source key, destination key or traced field, in ledger and dead letters.
func (s *Store) Find(ctx context.Context, touchpointID int64, hash KeyHash) (Findings, error) {
	return Findings{}, errPending
}

// Findings is the life of the records a hash stands for.
type Findings struct {
	Ledger      []LedgerEntry
	DeadLetters []DeadLetter
	// Runs are the runs that Ledger and DeadLetters name, newest first.
	Runs []Run
}

// Fold merges the ledger log into the ledger now.
func (s *Store) Fold(ctx context.Context) error { return errPending }

// DeadLetters lists dead letters; next is the following page, "" at the end.
func (s *Store) DeadLetters(ctx context.Context, f DeadLetterFilter) (list []DeadLetter, next string, err error) {
	return nil, "", errPending
}

// DeadLetter returns one with its content.
func (s *Store) DeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	return DeadLetter{}, errPending
}

// DeadLetterCauses groups the open dead letters of a touchpoint (0: all), most frequent first.
func (s *Store) DeadLetterCauses(ctx context.Context, touchpointID int64) ([]CauseCount, error) {
	return nil, errPending
}

// CountDeadLetters counts the open ones of a touchpoint (0: all).
func (s *Store) CountDeadLetters(ctx context.Context, touchpointID int64) (int64, error) {
	return 0, errPending
}

// CloseDeadLetter discards or otherwise closes one from outside a run. No error when it is closed already.
func (s *Store) CloseDeadLetter(ctx context.Context, id string, st DeadLetterState) error {
	return errPending
}

// SaveRevision keeps a verified revision; the oldest beyond KeptRevisions go.
func (s *Store) SaveRevision(ctx context.Context, r Revision) error { return errPending }

// Revisions returns the kept ones, newest first.
func (s *Store) Revisions(ctx context.Context) ([]Revision, error) { return nil, errPending }

// SaveApplied keeps the applied model.
func (s *Store) SaveApplied(ctx context.Context, model []byte) error { return errPending }

// LoadApplied returns it; nil when none was saved.
func (s *Store) LoadApplied(ctx context.Context) ([]byte, error) { return nil, errPending }

// SaveSetting keeps a small value under a name that the program chose; nil removes it.
func (s *Store) SaveSetting(ctx context.Context, name string, value []byte) error { return errPending }

// LoadSetting returns it; nil when there is none.
func (s *Store) LoadSetting(ctx context.Context, name string) ([]byte, error) { return nil, errPending }

// HighWater returns the highest generation seen of a thing; zero when none. kind and name as in "credential", "shop".
func (s *Store) HighWater(ctx context.Context, kind, name string) (HighWater, error) {
	return HighWater{}, errPending
}

// RaiseHighWater remembers a generation: Outdated when it is lower, or equal with another digest.
func (s *Store) RaiseHighWater(ctx context.Context, kind, name string, w HighWater) error {
	return errPending
}

// Suspend stops a touchpoint locally (0: all).
func (s *Store) Suspend(ctx context.Context, p Suspension) error { return errPending }

// Resume ends a local suspension.
func (s *Store) Resume(ctx context.Context, touchpointID int64) error { return errPending }

// Suspensions lists those in force.
func (s *Store) Suspensions(ctx context.Context) ([]Suspension, error) { return nil, errPending }

// Stats are for metrics.
func (s *Store) Stats(ctx context.Context) (Stats, error) { return Stats{}, errPending }

// Stats says how much the state holds.
type Stats struct {
	// FoldLagEntries and FoldLagAge are what the ledger log holds that is not folded yet.
	FoldLagEntries              int64
	FoldLagAge                  time.Duration
	OpenDeadLetters, ActiveRuns int64
	FileBytes                   int64
	Queue                       QueueStats
}

// Prune drops runs that ended before, with closed dead letters of that age; active runs stay. The last run of each touchpoint stays.
func (s *Store) Prune(ctx context.Context, before time.Time) error { return errPending }

// Queue works jobs with River.
type Queue struct{}

// NewQueue prepares the queue; nothing runs before Start. One queue for a store.
func (s *Store) NewQueue(o QueueOptions) (*Queue, error) { return nil, errPending }

// Start requeues what an earlier process left running, inserts a job for each active run that has none, and begins to work.
func (q *Queue) Start(ctx context.Context, h Handler) error { return errPending }

// Stop fetches no more and waits for running jobs until ctx ends; then cancels them and waits again.
func (q *Queue) Stop(ctx context.Context) error { return errPending }

// EnqueueDue asks Handler.Due once for a touchpoint and due time, however often it is called. A future time waits.
func (s *Store) EnqueueDue(ctx context.Context, touchpointID int64, due time.Time) error {
	return errPending
}

// EnqueueRun inserts a slice's job for a run now, unless one waits or runs.
func (s *Store) EnqueueRun(ctx context.Context, runID int64) error { return errPending }
