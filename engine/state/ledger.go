package state

import "time"

// KeyHash is a keyed hash of a business key or of a traced value: 16 bytes that
// say nothing without the key ring. The zero KeyHash means "none".
type KeyHash = [16]byte

// LedgerState is what is known of one source key at its destination.
type LedgerState uint8

// The states of a ledger entry.
const (
	// LedgerNone: there is no entry.
	LedgerNone LedgerState = iota
	// LedgerIntended: a create is about to be sent; after a crash it is looked up before it is repeated.
	LedgerIntended
	// LedgerWritten: the destination accepted it.
	LedgerWritten
	// LedgerUnchanged: the destination already had it.
	LedgerUnchanged
	// LedgerSkipped: a check left it out.
	LedgerSkipped
	// LedgerRejected: it is in the dead letters.
	LedgerRejected
	// LedgerDeleted: it was deleted at the destination.
	LedgerDeleted
)

// TraceField is one field that the touchpoint names in `trace`.
type TraceField struct {
	// Path is the field's path.
	Path string
	// Value is its text.
	Value string
	// Hash is the keyed hash it is found by.
	Hash KeyHash
}

// LedgerEntry says for one source key where it went. All of it but hashes,
// state, run and time is sealed.
type LedgerEntry struct {
	// KeyHash identifies the entry within its touchpoint; never zero.
	KeyHash KeyHash
	// Key is the source key, as the caller encoded it.
	Key []byte
	// DestKeyHash is the keyed hash of the destination key; zero when there is none.
	DestKeyHash KeyHash
	// DestID is the destination's key or id, as the caller encoded it.
	DestID []byte
	// Version is the record's version in the source, as the caller encoded it.
	Version []byte
	// Fingerprint is the keyed hash of the mapped content; zero when unknown.
	Fingerprint [32]byte
	// State is what is known.
	State LedgerState
	// Revision is the commit that mapped it.
	Revision string
	// RunID is the run that wrote it last; [Store.Commit] sets it from the fence when it is 0.
	RunID int64
	// FirstAt is when the key was first written; the caller carries it on from [Store.Lookup]. Zero means At.
	FirstAt time.Time
	// At is when this entry was made; [Store.Commit] sets it when zero.
	At time.Time
	// Trace are the traced fields.
	Trace []TraceField
	// Answer is what the destination answered, as the caller encoded it; keep it small.
	Answer []byte
}
