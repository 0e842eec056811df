package state

import "time"

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
	// Parked reports that it waits for a person rather than having failed.
	Parked bool

	// Key is the source key, as the caller encoded it. Sealed, as everything below.
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
