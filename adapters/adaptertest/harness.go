package adaptertest

import (
	"context"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
)

// A Harness tells the kit how to test one adapter.
type Harness struct {
	// Application is what is tested. nil: each target brings its own.
	Application adapters.Application
	// New makes a fresh target that shares nothing with any other. It fails t only when the target cannot be made, and releases
	// everything in t.Cleanup.
	New func(t testing.TB) *Target
	// Can is what the adapter says it can do. The kit holds it to that, in both directions.
	Can Capabilities
	// Mistakes are settings that Open must refuse. At least one, where the application has any setting.
	Mistakes []Mistake
	// Batch is about how many records the adapter reads in one batch, so that the kit can make several. Zero: 1000.
	Batch int
	// Huge is how many records the kit writes in its largest batch. Zero: 5000.
	Huge int
	// Bound is how long a cancelled or broken call may take. Zero: 5 seconds.
	Bound time.Duration
}

// Capabilities is what an adapter says it can do with the object under test.
type Capabilities struct {
	Source, Destination, Discoverer, Transactional, KeyReader bool

	Reads  []adapters.ReadMode
	Writes []adapters.WriteMode

	// Acks: the source keeps what was not acknowledged and forgets the rest; its reads never end by themselves.
	Acks bool
	// Nulls: a null is kept apart from an empty text.
	Nulls bool
	// Blind: the destination does not say whether an upsert created or updated.
	Blind bool
}

// A Mistake is settings with an error in them.
type Mistake struct {
	Settings adapters.Settings
	// Path is where the error must point to.
	Path []string
}

// A Target is one system with one object in it that has the fields of [Item], by these names: id (the key, text), name (text, may
// be null), amount (a number; text where the target has no exact numbers), rev (a whole number, what changes are ordered by).
type Target struct {
	// Application stands in for the harness's. nil: that one.
	Application adapters.Application

	Env      adapters.Env
	Settings adapters.Settings
	Object   string

	// Seed puts items into the object, replacing those with the same id, as somebody else would. Needed by a source.
	Seed func(ctx context.Context, items []Item) error
	// Items returns what the object holds, as somebody else sees it, in any order. Needed by a destination.
	Items func(ctx context.Context) ([]Item, error)

	// Break cuts the link to the system and Mend restores it. nil: there is no link.
	Break, Mend func()
	// Stall makes the system accept requests and never answer them. nil: that cannot be arranged.
	Stall func()
	// Refuse makes the system refuse the credential. nil: there is none.
	Refuse func()
	// Poison is an item that the object refuses for what is in its name. nil: it takes everything.
	Poison *Item

	// Action is something that WriteAction can do with a record and that leaves the object's items as they are. Needed where WriteAction is
	// declared.
	Action string
	// Acted returns the ids of the items it was done with, in order.
	Acted func(ctx context.Context) ([]string, error)

	// Secrets must never be seen in an error or in the log.
	Secrets []string
	// Log returns all that was logged. nil: nothing is.
	Log func() string
}

// An Item is a record of the object under test.
type Item struct {
	ID     string
	Name   *string // nil: null
	Amount string  // the exact text of a number
	Rev    int64
}

func (h Harness) withDefaults() Harness {
	if h.Batch == 0 {
		h.Batch = 1000
	}
	if h.Huge == 0 {
		h.Huge = 5000
	}
	if h.Bound == 0 {
		h.Bound = 5 * time.Second
	}
	return h
}
