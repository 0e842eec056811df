package state

import (
	"context"
	"time"

	"github.com/dray-sync/dray/engine/secret"
	"github.com/hashicorp/go-hclog"
)

// RingFacts is what a state directory knows of the key ring before it is opened.
type RingFacts struct {
	// Pin is what was remembered of the last accepted ring; nil the first time.
	Pin *secret.Pin
	// InUse are the roots that stored data keys are wrapped by and keyed hashes are made under.
	InUse []string
}

// Options says which state to open and for whom.
type Options struct {
	// Dir is the state directory. It is created with mode 0700 when missing.
	Dir string
	// RepositoryID binds the directory: the first Open writes it, later ones must name the same.
	RepositoryID string
	// Environment binds the directory in the same way.
	Environment string
	// OpenRing opens the environment's key ring, judged against what the
	// directory remembers. It is called once, after the directory is locked.
	// What it refuses, Open returns unchanged.
	OpenRing func(ctx context.Context, facts RingFacts) (*secret.Ring, error)
	// Now tells the time; nil means [time.Now].
	Now func() time.Time
	// Log gets what is worth telling; nil discards. It never gets content.
	Log hclog.Logger
	// FoldEvery is how often the ledger log is folded when little is written; 0 means 5 s.
	// A negative value folds only when [Store.Fold] is called.
	FoldEvery time.Duration
}
