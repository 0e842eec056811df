package state

import "errors"

// Reason names one way in which state refuses something. Reasons are written in
// PascalCase because status conditions show them unchanged. A Reason is itself an
// error, so that callers ask errors.Is(err, state.Fenced).
type Reason string

// Error returns the reason's name.
func (r Reason) Error() string { return string(r) }

// Reasons of opening a state directory.
const (
	// InUse: another process holds the directory.
	InUse Reason = "StateInUse"
	// OtherRepository: the directory belongs to another repository id.
	OtherRepository Reason = "StateOfOtherRepository"
	// OtherEnvironment: the directory belongs to another environment.
	OtherEnvironment Reason = "StateOfOtherEnvironment"
	// NewerSchema: a newer version of Dray wrote the file.
	NewerSchema Reason = "StateNewerSchema"
	// StateRolledBack: the file, or rows in it, are older than what was already committed.
	StateRolledBack Reason = "StateRolledBack"
	// Damaged: the file is not a state file, or a row in it does not have the form it must have.
	Damaged Reason = "StateDamaged"
	// Exposed: the directory can be written by others.
	Exposed Reason = "StateExposed"
)

// Reasons of reading and writing.
const (
	// NoSpace: the disk, or the quota, is full.
	NoSpace Reason = "StateNoSpace"
	// ReadOnly: the file cannot be written.
	ReadOnly Reason = "StateReadOnly"
	// Unavailable: the file could not be read or written; trying again may help.
	Unavailable Reason = "StateUnavailable"
	// Fenced: another slice of the run has begun, or the run has ended; whoever gets this stops.
	Fenced Reason = "StateFenced"
	// OutOfOrder: a checkpoint is not the next one of its sequence.
	OutOfOrder Reason = "CheckpointOutOfOrder"
	// NotFound: there is no such touchpoint, run or dead letter.
	NotFound Reason = "StateNotFound"
	// Outdated: a generation is lower than one already seen, or differs from it at the same number.
	Outdated Reason = "GenerationOutdated"
	// Invalid: the caller asked for something that cannot be stored; a mistake in a program.
	Invalid Reason = "StateInvalid"
	// Closed: the store is closed.
	Closed Reason = "StateClosed"
)

// Error is a refusal: what was refused, why, and how to mend it. It never holds
// a key, a record, a cursor or text of an application.
type Error struct {
	// Reason is the refusal's kind.
	Reason Reason
	// Text says what is wrong.
	Text string
	// Hint says what to do; empty when nothing can be advised.
	Hint string
	// Err is the cause; nil when there is none or when it is hidden on purpose.
	Err error
}

// Error returns the whole message on one line.
func (e *Error) Error() string {
	text := e.Text
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is e's reason.
func (e *Error) Is(target error) bool {
	r, ok := target.(Reason)
	return ok && r == e.Reason
}

// ReasonOf returns the reason of the first [Error] in err's chain, or "".
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}
