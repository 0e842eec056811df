package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Repair is the part of a [Service] by which people mend what went wrong.
type Repair interface {
	// DeadLetterCauses groups the open dead letters of a touchpoint, or of all for "".
	DeadLetterCauses(ctx context.Context, touchpoint string) ([]Cause, error)
	// Reveal opens a dead letter, once the audit says who looked at it.
	Reveal(ctx context.Context, id string, a Act) (Revealed, error)
	// RevealRecords opens what the ledger holds of the records that a value stands for, once the audit says who looked at it.
	RevealRecords(ctx context.Context, touchpoint, value string, a Act) ([]RevealedRecord, error)
	Replay(ctx context.Context, touchpoint string, q ReplayRequest) (Run, error)
	// Discard gives dead letters up and returns how many.
	Discard(ctx context.Context, touchpoint string, q DiscardRequest) (int64, error)
	Resync(ctx context.Context, touchpoint string, q ResyncRequest) (Run, error)
	TriggerWhere(ctx context.Context, touchpoint string, q WhereRequest) (Run, error)
	Audit(ctx context.Context, f AuditFilter) (entries []AuditEntry, next int64, err error)
	VerifyAudit(ctx context.Context) (AuditVerdict, error)
}

// Cause is a group of open dead letters.
type Cause struct {
	Touchpoint string    `json:"touchpoint"`
	Cause      string    `json:"cause" doc:"names the group: what to replay or discard"`
	Kind       string    `json:"kind"`
	Field      string    `json:"field,omitempty"`
	Rule       string    `json:"rule,omitempty"`
	Count      int64     `json:"count"`
	FirstAt    time.Time `json:"firstAt"`
	LastAt     time.Time `json:"lastAt"`
}

// Act is who does something, and why.
type Act struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"why; kept in the audit"`
	Actor  string `json:"-"`
}

// Revealed is a dead letter with its content.
type Revealed struct {
	DeadLetter
	Text   string          `json:"text,omitempty" doc:"what the application said, or the error's text"`
	Key    json.RawMessage `json:"key,omitempty" doc:"the source key"`
	Source json.RawMessage `json:"source,omitempty" doc:"the record as read"`
	Mapped json.RawMessage `json:"mapped,omitempty" doc:"the record as mapped"`
}

// RevealedRecord is what the ledger holds of one record.
type RevealedRecord struct {
	ID             string          `json:"id"`
	Route          string          `json:"route,omitempty"`
	Key            json.RawMessage `json:"key,omitempty" doc:"the source key"`
	DestinationKey json.RawMessage `json:"destinationKey,omitempty"`
	Answer         json.RawMessage `json:"answer,omitempty" doc:"what came back: the destination's own id"`
}

// RecordEdit puts a value in place of another one of the source record.
type RecordEdit struct {
	Path  string          `json:"path" minLength:"1" maxLength:"500" doc:"the path of the value from the record's root"`
	Value json.RawMessage `json:"value" doc:"the value, as JSON"`
}

// ReplayRequest chooses dead letters to try again.
type ReplayRequest struct {
	Cause  string       `json:"cause,omitempty" doc:"only of this cause"`
	IDs    []string     `json:"ids,omitempty" maxItems:"1000" doc:"only these"`
	Edits  []RecordEdit `json:"edits,omitempty" maxItems:"100" doc:"made to every record before it is mapped"`
	Reason string       `json:"reason,omitempty" maxLength:"500" doc:"why; required with edits"`
	Actor  string       `json:"-"`
}

// DiscardRequest chooses dead letters to be given up.
type DiscardRequest struct {
	Act
	Cause string   `json:"cause,omitempty" doc:"only of this cause"`
	IDs   []string `json:"ids,omitempty" maxItems:"1000" doc:"only these"`
	All   bool     `json:"all,omitempty" doc:"all of the touchpoint; required where neither cause nor ids are named"`
}

// Discarded is the answer to a [DiscardRequest].
type Discarded struct {
	Discarded int64 `json:"discarded"`
}

// Window is a span of time.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// ResyncRequest chooses records to be read again and sent. Exactly one choice is made.
type ResyncRequest struct {
	Values    []string     `json:"values,omitempty" maxItems:"1000" doc:"source keys, destination keys or traced values, exactly; a key of several parts as a JSON list"`
	Changed   *Window      `json:"changed,omitempty" doc:"records that changed in the source"`
	Created   *Window      `json:"created,omitempty" doc:"records that were first delivered then"`
	Written   *Window      `json:"written,omitempty" doc:"records that were last written then"`
	Run       int64        `json:"run,omitempty" doc:"records that this run wrote last"`
	WrittenBy string       `json:"writtenBy,omitempty" maxLength:"200" doc:"records that a commit wrote last, or FROM..TO: the commits in force from one to another"`
	Force     bool         `json:"force,omitempty" doc:"send also what has not changed"`
	Edits     []RecordEdit `json:"edits,omitempty" maxItems:"100" doc:"made to every record before it is mapped"`
	Reason    string       `json:"reason,omitempty" maxLength:"500" doc:"why; required with edits"`
	Actor     string       `json:"-"`
}

// WhereRequest asks for one read from the touchpoint's start with another condition. The checkpoint stays where it is.
type WhereRequest struct {
	Where  string `json:"where" minLength:"1" maxLength:"10000" doc:"the condition in place of the touchpoint's own"`
	Reason string `json:"reason,omitempty" maxLength:"500"`
	Actor  string `json:"-"`
}

// AuditFilter chooses entries of the audit.
type AuditFilter struct {
	Touchpoint string
	Before     int64
	Limit      int
}

// AuditEntry says who did what by hand.
type AuditEntry struct {
	N          int64     `json:"n"`
	At         time.Time `json:"at"`
	Actor      string    `json:"actor"`
	Action     string    `json:"action"`
	Touchpoint string    `json:"touchpoint,omitempty"`
	Object     string    `json:"object,omitempty"`
	Revision   string    `json:"revision,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Edits      []string  `json:"edits,omitempty" doc:"the paths of what was changed in a record by hand; their values stay sealed"`
}

// AuditVerdict is what following the audit's chain found.
type AuditVerdict struct {
	Entries int64 `json:"entries" doc:"how many there are, each in its place"`
}

func registerRepair(api huma.API, s Repair) {
	huma.Get(api, "/v1/dead-letters/causes", func(ctx context.Context, in *struct {
		Touchpoint string `query:"touchpoint"`
	},
	) (*body[page[Cause]], error) {
		list, err := s.DeadLetterCauses(ctx, in.Touchpoint)
		return answer(pageOf(list, ""), err)
	}, describe("list-dead-letter-causes", "Open dead letters, grouped by cause, most frequent first"))

	huma.Post(api, "/v1/dead-letters/{id}/reveal", func(ctx context.Context, in *struct {
		ID   string `path:"id" doc:"the dead letter"`
		Body Act
	},
	) (*body[Revealed], error) {
		c := callerOf(ctx)
		if !c.local {
			return nil, errRemote()
		}
		in.Body.Actor = c.name
		r, err := s.Reveal(ctx, in.ID, in.Body)
		return answer(r, err)
	}, describe("reveal-dead-letter", "Open a dead letter; the audit says who did, and why. Over the unix socket only"))

	huma.Post(api, "/v1/records/{touchpoint}/reveal", func(ctx context.Context, in *struct {
		Touchpoint string `path:"touchpoint"`
		Body       struct {
			Act
			Value string `json:"value" minLength:"1" maxLength:"1000" doc:"a source key, a destination key, or a traced field, exactly"`
		}
	},
	) (*body[page[RevealedRecord]], error) {
		c := callerOf(ctx)
		if !c.local {
			return nil, errRemote()
		}
		in.Body.Actor = c.name
		list, err := s.RevealRecords(ctx, in.Touchpoint, in.Body.Value, in.Body.Act)
		return answer(pageOf(list, ""), err)
	}, describe("reveal-records", "Open the keys of a record and what came back; the audit says who did, and why. Over the unix socket only"))

	huma.Post(api, "/v1/touchpoints/{name}/replay", func(ctx context.Context, in *struct {
		Name string `path:"name" doc:"the touchpoint"`
		Body ReplayRequest
	},
	) (*body[Run], error) {
		in.Body.Actor = callerOf(ctx).name
		r, err := s.Replay(ctx, in.Name, in.Body)
		return answer(r, err)
	}, describe("replay", "Try dead letters again, in a run beside the normal flow"), status(http.StatusAccepted))

	huma.Post(api, "/v1/touchpoints/{name}/discard", func(ctx context.Context, in *struct {
		Name string `path:"name" doc:"the touchpoint"`
		Body DiscardRequest
	},
	) (*body[Discarded], error) {
		in.Body.Actor = callerOf(ctx).name
		n, err := s.Discard(ctx, in.Name, in.Body)
		return answer(Discarded{n}, err)
	}, describe("discard", "Give dead letters up"))

	registerResync(api, s)
	registerAudit(api, s)
}

func registerResync(api huma.API, s Repair) {
	huma.Post(api, "/v1/touchpoints/{name}/resync", func(ctx context.Context, in *struct {
		Name string `path:"name" doc:"the touchpoint"`
		Body ResyncRequest
	},
	) (*body[Run], error) {
		in.Body.Actor = callerOf(ctx).name
		r, err := s.Resync(ctx, in.Name, in.Body)
		return answer(r, err)
	}, describe("resync", "Read records again and send them, in a run beside the normal flow"), status(http.StatusAccepted))

	huma.Post(api, "/v1/touchpoints/{name}/trigger-where", func(ctx context.Context, in *struct {
		Name string `path:"name" doc:"the touchpoint"`
		Body WhereRequest
	},
	) (*body[Run], error) {
		in.Body.Actor = callerOf(ctx).name
		r, err := s.TriggerWhere(ctx, in.Name, in.Body)
		return answer(r, err)
	}, describe("trigger-where", "Read once from the touchpoint's start with another condition; the checkpoint stays"), status(http.StatusAccepted))
}

func registerAudit(api huma.API, s Repair) {
	huma.Get(api, "/v1/audit", func(ctx context.Context, in *struct {
		Touchpoint string `query:"touchpoint"`
		Before     int64  `query:"page" doc:"the cursor of the last page"`
		Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	},
	) (*body[page[AuditEntry]], error) {
		list, next, err := s.Audit(ctx, AuditFilter{in.Touchpoint, in.Before, in.Limit})
		return answer(pageOf(list, number(next)), err)
	}, describe("list-audit", "Who did what by hand, newest first"))

	huma.Get(api, "/v1/audit/verify", func(ctx context.Context, _ *struct{}) (*body[AuditVerdict], error) {
		v, err := s.VerifyAudit(ctx)
		return answer(v, err)
	}, describe("verify-audit", "Follow the audit's chain from its first entry to its last"))
}
