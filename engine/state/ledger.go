package state

import (
	"encoding/binary"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// KeyHash is a keyed hash of a business key or of a traced value: 16 bytes that
// say nothing without the key ring. The zero KeyHash means "none".
type KeyHash = secret.KeyHash

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
	// LedgerUnacknowledged: the destination accepted it, and a write-back of the answer failed.
	LedgerUnacknowledged
)

// Delivered reports whether the destination is known to have the record.
func (s LedgerState) Delivered() bool {
	return s == LedgerWritten || s == LedgerUnchanged || s == LedgerUnacknowledged
}

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
	// Route is the name of the route; "" is that of a plain touchpoint.
	Route string
	// Key is the source key, as the caller encoded it.
	Key []byte
	// DestKeyHash is the keyed hash of the destination key; zero when there is none.
	DestKeyHash KeyHash
	// DestID is the destination's key or id, as the caller encoded it.
	DestID []byte
	// Version is the record's version in the source, as the caller encoded it.
	Version []byte
	// Fingerprint is the keyed hash of the mapped content; zero when unknown.
	Fingerprint secret.Fingerprint
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
	// AnswerHash is the keyed hash of the answer, by which the entry is found; zero when it is not to be found by it.
	AnswerHash KeyHash
}

// ledgerHeader is what the entries of one batch share, so that it is stored once.
type ledgerHeader struct {
	runID    int64
	at       time.Time
	revision string
}

const (
	hasDestination = 1 << iota
	hasFingerprint
	hasRoute
	hasAnswer
)

// appendEntry appends an entry; what equals the header is left out.
func appendEntry(dst []byte, e *LedgerEntry, h *ledgerHeader) []byte {
	flags := byte(0)
	if e.DestKeyHash != (KeyHash{}) {
		flags |= hasDestination
	}
	if e.Fingerprint != (secret.Fingerprint{}) {
		flags |= hasFingerprint
	}
	if e.Route != "" {
		flags |= hasRoute
	}
	if e.AnswerHash != (KeyHash{}) {
		flags |= hasAnswer
	}
	dst = append(dst, e.KeyHash[:]...)
	dst = append(dst, flags, byte(e.State))
	if flags&hasDestination != 0 {
		dst = append(dst, e.DestKeyHash[:]...)
	}
	if flags&hasFingerprint != 0 {
		dst = append(dst, e.Fingerprint[:]...)
	}
	if flags&hasRoute != 0 {
		dst = appendBytes(dst, e.Route)
	}
	if flags&hasAnswer != 0 {
		dst = append(dst, e.AnswerHash[:]...)
	}
	revision := e.Revision
	if revision == h.revision {
		revision = ""
	}
	dst = appendBytes(dst, revision)
	dst = binary.AppendVarint(dst, e.RunID-h.runID)
	dst = binary.AppendVarint(dst, micros(e.At)-micros(h.at))
	dst = binary.AppendVarint(dst, micros(e.At)-micros(e.FirstAt))
	dst = appendBytes(dst, e.Key)
	dst = appendBytes(dst, e.DestID)
	dst = appendBytes(dst, e.Version)
	dst = appendBytes(dst, e.Answer)
	return appendTrace(dst, e.Trace)
}

// entry reads what appendEntry wrote. Byte strings share the decoder's memory.
func (d *decoder) entry(h *ledgerHeader) (e LedgerEntry) {
	e.KeyHash = d.hash()
	head := d.fixed(2)
	if !d.ok {
		return LedgerEntry{}
	}
	e.State = LedgerState(head[1])
	if head[0]&hasDestination != 0 {
		e.DestKeyHash = d.hash()
	}
	if head[0]&hasFingerprint != 0 {
		copy(e.Fingerprint[:], d.fixed(len(e.Fingerprint)))
	}
	if head[0]&hasRoute != 0 {
		e.Route = d.string()
	}
	if head[0]&hasAnswer != 0 {
		e.AnswerHash = d.hash()
	}
	if e.Revision = d.string(); e.Revision == "" {
		e.Revision = h.revision
	}
	e.RunID = h.runID + d.int()
	at := micros(h.at) + d.int()
	e.At, e.FirstAt = fromMicros(at), fromMicros(at-d.int())
	e.Key, e.DestID, e.Version, e.Answer = d.bytes(), d.bytes(), d.bytes(), d.bytes()
	e.Trace = d.trace()
	return e
}

// hashes returns what the entry is found by besides its key.
func (e *LedgerEntry) hashes() []KeyHash {
	var list []KeyHash
	if e.DestKeyHash != (KeyHash{}) {
		list = append(list, e.DestKeyHash)
	}
	if e.AnswerHash != (KeyHash{}) {
		list = append(list, e.AnswerHash)
	}
	for _, f := range e.Trace {
		if f.Hash != (KeyHash{}) {
			list = append(list, f.Hash)
		}
	}
	return list
}
