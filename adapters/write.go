package adapters

import (
	"context"
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// WriteMode says what a write does with a record.
type WriteMode string

// The ways to write.
const (
	WriteCreate WriteMode = "create" // make a new record, always
	WriteEnsure WriteMode = "ensure" // create it once by its key, never touch it again
	WriteUpdate WriteMode = "update" // change the existing record with this key
	WriteUpsert WriteMode = "upsert" // create or change by key
	WriteDelete WriteMode = "delete" // remove the record with this key
	WriteAction WriteMode = "action" // have the application do something with the existing record that has this key
)

// A Destination can be written.
type Destination interface {
	// Describe is as for [Source].
	Describe(ctx context.Context, object string) (Object, error)

	// OpenWrite prepares to write. ctx bounds opening only. The writer is the caller's, who closes it. A mode or key the
	// object does not support is an [Error] of kind Invalid.
	OpenWrite(ctx context.Context, req WriteRequest) (Writer, error)
}

// WriteRequest says what will be written.
type WriteRequest struct {
	Object string
	Mode   WriteMode
	// Action is what is done, with WriteAction: one of [Object.Actions]. A record's key says with which one, its other columns are what
	// the action is told. One that was done is [Updated]; repeating it is up to the application.
	Action string
	// Key is the names of the columns that identify a record at the destination. Empty only for WriteCreate.
	Key []string
	// Shape is the columns of every batch, at the top level of the written record. Its columns include the Key.
	Shape *record.Shape
	// Answer asks for [Outcome.Answer].
	Answer bool
	// Compare asks for a look at what is there, so that a record which would change nothing is not sent where that costs more than the look. Its
	// outcome is Unchanged. Who tells that anyway ignores it, and so does who cannot look.
	Compare bool
}

// A Writer writes batches. Not safe for concurrent use.
type Writer interface {
	// Encoding says how Write wants its records: as rows under the request's Shape, or as JSON documents.
	Encoding() record.Encoding

	// Write writes the records of b and sets one outcome for each in out, which has b.Len() elements, all zero. When it returns
	// nil every outcome is set and durable. When it returns an error, out still tells the truth for each record:
	// NotWritten may be sent again, Unknown must be looked up first. One bad record never fails its neighbours. The values
	// of b are the caller's and are not kept. Within one batch no key occurs twice. An absent column means that the field is
	// not sent; null is sent as null.
	Write(ctx context.Context, b *record.Batch, out []Outcome) error

	// Close finishes what is buffered, makes it durable, and waits. Outcomes that Write has reported do not depend on it.
	// It may be called more than once.
	Close(ctx context.Context) error
}

// A RepeatableWriter is a [Writer] to an application that recognises a write which it has had before by its token, so that sending it once more
// does nothing.
type RepeatableWriter interface {
	Writer
	// Remembers returns how long the application knows the token of a write. Zero: it does not look at tokens, and needs none in the batches.
	Remembers() time.Duration
}

// A BulkWriter is a [Writer] that gains by many records at once, because each Write costs it a transaction. The engine hands it several batches of
// a source as one where they have been read already; it does not wait to gather them.
type BulkWriter interface {
	Writer

	// Bulk returns how many records are enough.
	Bulk() int
}

// Result is what became of one written record.
type Result uint8

// The results of a write. Zero is NotWritten: nothing reached the destination.
const (
	NotWritten Result = iota
	Created
	Updated
	Unchanged // the destination had it so already
	Deleted
	Rejected // the destination refused this record; Outcome.Err says why
	Unknown  // it was sent and no answer came; it must be looked up before it is sent again
)

var resultNames = [...]string{"not written", "created", "updated", "unchanged", "deleted", "rejected", "unknown"}

// String returns the result's name.
func (r Result) String() string { return resultNames[r] }

// Delivered reports whether the destination durably has the record as it was sent.
func (r Result) Delivered() bool { return r >= Created && r <= Deleted }

// Outcome is what became of one record of a batch.
type Outcome struct {
	Result Result
	// ID identifies the record at the destination, as it names it. Absent when the destination did not say.
	ID record.Value
	// Answer is what the destination answered: an object without Raw values. Absent when it was not asked for, or the destination did not
	// say.
	Answer record.Value
	// Err says why a record was rejected. nil otherwise.
	Err *Error
}

// A KeyReader can tell which of some keys exist at a destination: how a write whose outcome is unknown is looked up.
type KeyReader interface {
	// ReadByKey returns for each key, in order, whether the object has a record with it.
	ReadByKey(ctx context.Context, req WriteRequest, keys [][]record.Value) ([]bool, error)
}

// Transactional is a destination that can keep a checkpoint beside the rows, in the same transaction.
type Transactional interface {
	// Begin starts a transaction on the scope's checkpoint row, which it locks. A stored epoch above scope.Epoch is an [Error] of
	// kind Conflict: somebody else has taken over.
	Begin(ctx context.Context, req WriteRequest, scope Scope) (Tx, error)
}

// Scope names one checkpoint row at a destination.
type Scope struct {
	ID    string // touchpoint, route, generation, partition; opaque
	Epoch int64
}

// A Tx is one transaction. Not safe for concurrent use.
type Tx interface {
	// Last returns the sequence number and cursor of the last committed transaction of this scope; 0 and nil when there is none.
	Last() (seq int64, cursor record.Cursor)
	// Write is as for [Writer], except that nothing is durable before Commit.
	Write(ctx context.Context, b *record.Batch, out []Outcome) error
	// Commit makes the rows and the checkpoint (seq, cursor) durable together. seq must be one above the last.
	Commit(ctx context.Context, seq int64, cursor record.Cursor) error
	// Rollback undoes everything; it does nothing after Commit.
	Rollback(ctx context.Context) error
}
