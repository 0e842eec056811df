// Package api is the agent's HTTP surface: status, touchpoints, runs, records, dead letters, and requests to act.
//
// It answers with names, counts, times and states, never with the content of records: only what a touchpoint names in trace is
// shown. Errors are problem+json (RFC 9457). The description of the API is generated from the code.
package api

import (
	"context"
	"net/http"
	"time"

	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/reconcile"
)

// A Service is what the API asks. Its methods are safe for concurrent use. What does not exist is [ErrNotFound].
type Service interface {
	Status() reconcile.Status
	// WaitStatus returns the status once the reconcile request with that token has been handled.
	WaitStatus(ctx context.Context, token string) (reconcile.Status, error)
	Reconcile() (token string)
	Touchpoints(ctx context.Context) ([]Touchpoint, error)
	// State says what is held of every touchpoint that has state, also of those that the applied revision lacks.
	State(ctx context.Context) ([]Held, error)
	Trigger(ctx context.Context, touchpoint string) (Run, error)
	Suspend(ctx context.Context, touchpoint string, s Suspension) error
	Resume(ctx context.Context, touchpoint string) error
	Runs(ctx context.Context, f RunFilter) (runs []Run, next int64, err error)
	RunByID(ctx context.Context, id int64) (Run, error)
	Record(ctx context.Context, touchpoint, id string) (Record, error)
	// Search finds records by source key, destination key or traced field.
	Search(ctx context.Context, touchpoint, value string) ([]Record, error)
	DeadLetters(ctx context.Context, f DeadLetterFilter) (letters []DeadLetter, next string, err error)
	// CompareSamples tries a commit of the repository on the samples of the touchpoints that it changes.
	CompareSamples(ctx context.Context, commit string) ([]SampleResult, error)
	MetricsHandler() http.Handler
	Repair
	Overrides
	Approver
}

// Accepted is the answer to a reconcile request.
type Accepted struct {
	Request string `json:"request" doc:"wait for it with /v1/status?wait="`
}

// Touchpoint is one flow as it runs.
type Touchpoint struct {
	Name        string    `json:"name"`
	Source      string    `json:"source" doc:"connection/object"`
	Destination string    `json:"destination" doc:"connection/object"`
	Mode        string    `json:"mode" enum:"live,observe"`
	Suspended   bool      `json:"suspended"`
	NotHere     string    `json:"notHere,omitempty" doc:"the pool from which a connection of it is reached, and to which this agent does not belong: it does not run here"`
	Revision    string    `json:"revision" doc:"the commit by which it last changed"`
	Schedule    string    `json:"schedule,omitempty"`
	NextDue     time.Time `json:"nextDue,omitzero"`
	LateSince   time.Time `json:"lateSince,omitzero" doc:"the time by which a run was expected to have reached its end, and has not"`
	LastRun     *Run      `json:"lastRun,omitempty"`
	DeadLetters int64     `json:"deadLetters" doc:"records that wait in the dead letters"`
	// Unacknowledged are among the dead letters.
	Unacknowledged int64 `json:"unacknowledged,omitempty" doc:"records among them that were delivered, or refused, and of which a write-back waits"`
}

// Held is what the agent holds of one touchpoint.
type Held struct {
	Name string `json:"name"`
	plan.Existing
}

// SampleResult is what samples make of a revision, for one touchpoint: names and counts.
type SampleResult struct {
	Name string `json:"name"`
	plan.Samples
}

// Run is one execution of a touchpoint.
type Run struct {
	ID         int64     `json:"id"`
	Touchpoint string    `json:"touchpoint"`
	Trigger    string    `json:"trigger"`
	Revision   string    `json:"revision"`
	Status     string    `json:"status"`
	Code       string    `json:"code,omitempty" doc:"the kind of the error that ended or last interrupted it"`
	Counts     Counts    `json:"counts"`
	DueAt      time.Time `json:"dueAt,omitzero"`
	CreatedAt  time.Time `json:"createdAt"`
	StartedAt  time.Time `json:"startedAt,omitzero"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	Parked     *Parked   `json:"parked,omitempty" doc:"what it waits with"`
	By         string    `json:"by,omitempty" doc:"who asked for it, where it is beside the normal flow"`
	Reason     string    `json:"reason,omitempty" doc:"why, as they said it"`
	Edits      []string  `json:"edits,omitempty" doc:"the paths of what was changed in its records by hand; their values stay sealed"`
}

// Counts says what became of the records of a run.
type Counts struct {
	Read           int64 `json:"read"`
	Filtered       int64 `json:"filtered"`
	Created        int64 `json:"created"`
	Updated        int64 `json:"updated"`
	Unchanged      int64 `json:"unchanged"`
	Deleted        int64 `json:"deleted"`
	Skipped        int64 `json:"skipped"`
	Rejected       int64 `json:"rejected"`
	Parked         int64 `json:"parked"`
	Duplicates     int64 `json:"duplicates"`
	Unacknowledged int64 `json:"unacknowledged" doc:"delivered, and a write-back failed"`
}

// Record is what is known of one record: the life of it, without its content.
type Record struct {
	ID          string            `json:"id" doc:"opaque"`
	Touchpoint  string            `json:"touchpoint"`
	Route       string            `json:"route,omitempty" doc:"the route or named destination it took"`
	State       string            `json:"state" enum:"intended,written,unchanged,skipped,rejected,deleted,unacknowledged,unknown"`
	Trace       map[string]string `json:"trace,omitempty" doc:"the fields the touchpoint names in trace"`
	Revision    string            `json:"revision,omitempty" doc:"the commit that mapped it"`
	RunID       int64             `json:"runId,omitempty"`
	Run         *Run              `json:"run,omitempty"`
	FirstAt     time.Time         `json:"firstAt,omitzero"`
	At          time.Time         `json:"at,omitzero"`
	Source      string            `json:"source"`
	Destination string            `json:"destination"`
	DeadLetter  *DeadLetter       `json:"deadLetter,omitempty" doc:"the newest, or the one that is open"`
	DeadLetters []DeadLetter      `json:"deadLetters,omitempty" doc:"all that are remembered, newest first"`
}

// DeadLetter is a record that could not be delivered, without its content.
type DeadLetter struct {
	ID         string            `json:"id"`
	Touchpoint string            `json:"touchpoint"`
	Route      string            `json:"route,omitempty" doc:"the route or named destination it was on"`
	State      string            `json:"state"`
	Field      string            `json:"field,omitempty"`
	Rule       string            `json:"rule,omitempty"`
	Kind       string            `json:"kind"`
	Cause      string            `json:"cause" doc:"equal for equal causes"`
	Parked     bool              `json:"parked,omitempty" doc:"a check wants a person to decide"`
	Trace      map[string]string `json:"trace,omitempty"`
	Revision   string            `json:"revision"`
	RunID      int64             `json:"runId"`
	Attempts   int64             `json:"attempts"`
	FirstAt    time.Time         `json:"firstAt"`
	LastAt     time.Time         `json:"lastAt"`
	RecordID   string            `json:"recordId"`
	ClosedAt   time.Time         `json:"closedAt,omitzero"`
	ClosedBy   *Run              `json:"closedBy,omitempty" doc:"the run that closed it; only where the life of one record is told"`
	Discarded  *AuditEntry       `json:"discarded,omitempty" doc:"who gave it up; only where the life of one record is told"`
	Stage      string            `json:"stage,omitempty" enum:"before,write-back" doc:"before: it had not come to a route; write-back: only writing the answer back has failed"`
}

// Suspension is a local stop.
type Suspension struct {
	Reason string    `json:"reason" minLength:"1" maxLength:"500"`
	Until  time.Time `json:"until,omitzero" doc:"when it ends by itself"`
	Actor  string    `json:"-"`
}

// RunFilter chooses runs.
type RunFilter struct {
	Touchpoint string
	Status     string
	Before     int64
	Limit      int
}

// DeadLetterFilter chooses dead letters.
type DeadLetterFilter struct {
	Touchpoint string
	State      string
	Cause      string
	Page       string
	Limit      int
}
