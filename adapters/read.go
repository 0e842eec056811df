package adapters

import (
	"context"
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// ReadMode says how a source is read.
type ReadMode string

// The ways to read.
const (
	ReadIncremental ReadMode = "incremental" // what changed since the cursor
	ReadFull        ReadMode = "full"        // everything
	ReadFlag        ReadMode = "flag"        // the records that the application marks as not fetched yet; without a cursor
	ReadKeys        ReadMode = "keys"        // the records with these keys
)

// A Source can be read.
type Source interface {
	// Describe returns the object's key, version and cursor as this connection knows them, without its fields if they cost a
	// call. An object that does not exist is an [Error] of kind NotFound.
	Describe(ctx context.Context, object string) (Object, error)

	// OpenRead starts a read. ctx bounds opening only. The reader is the caller's, who closes it.
	OpenRead(ctx context.Context, req ReadRequest) (Reader, error)
}

// ReadRequest says what to read.
type ReadRequest struct {
	Object string
	Mode   ReadMode
	// From is where a checkpoint of an earlier read of this object stands. nil: from Start.
	From record.Cursor
	// Start is the instant to begin at when From is nil. Zero: the beginning.
	Start time.Time
	// Overlap is how far an incremental read steps back from From, so that what was committed late is seen. The engine drops
	// what it has seen already, by key and version.
	Overlap time.Duration
	// Keys are the records to read in mode ReadKeys: for each, the values of the object's key in order, or of By.
	Keys [][]record.Value
	// By names the fields that Keys hold. nil: the object's key. A source that cannot find records by them returns an [Error] of kind
	// Invalid. Several records may have the same values. Every record that is delivered has these fields, with values that were asked for: an
	// application that ignores what it is asked must not lead to a wrong record.
	By []string
	// Filter is the application's own filter text, sent as it is: what does not match it is not delivered. Empty: nothing is left out. A source
	// that takes none in this mode returns an [Error] of kind Invalid.
	Filter string
	// Paths is all that will be looked at. nil: everything. A source may deliver more.
	Paths []record.Path
	// Limit is how many records are wanted at most. 0: all. A source may deliver more.
	Limit int
}

// NoFilter returns an [Error] of kind Invalid for a request that has a filter text: for sources that take none.
func (r ReadRequest) NoFilter() error {
	if r.Filter == "" {
		return nil
	}
	return &Error{Kind: Invalid, Op: "reading", Object: r.Object, Rule: "the application takes no filter text here"}
}

// A Reader is one read under way. Not safe for concurrent use, except that Ack may be called while another goroutine is in Next.
type Reader interface {
	// Next resets b and fills it with the next records: at least one, unless it returns an error. It blocks as long as the
	// source does; ctx bounds the call. [io.EOF] means that the read completed: every record there was has been delivered.
	//
	// After an [Error] whose kind is temporary Next may be called again and goes on where it was. A reader that cannot
	// go on returns [ErrClosed] then, and the caller opens a new one from the last safe cursor.
	Next(ctx context.Context, b *record.Batch) error

	// Ack tells the source that everything up to the cursor is durably delivered. Queues forget it then; others do nothing.
	Ack(ctx context.Context, c record.Cursor) error

	// Close ends the read and waits for what it started. It may be called more than once.
	Close(ctx context.Context) error
}
