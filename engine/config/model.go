package config

import (
	"encoding/json"
)

// A Model is the whole configuration of one environment of one revision: validated, resolved, free of secrets. It is
// deterministic: the same files give the same bytes and the same Digest. It is immutable once loaded and safe for concurrent use.
type Model struct {
	Environment  string                            `json:"environment"`
	Repository   *Resource[Repository]             `json:"repository"`
	Agents       map[string]*Resource[Agent]       `json:"agents,omitempty"`
	KeyRings     map[string]*Resource[KeyRing]     `json:"keyRings,omitempty"`
	Connections  map[string]*Resource[Connection]  `json:"connections,omitempty"`
	Credentials  map[string]*Resource[Credential]  `json:"credentials,omitempty"`
	Schedules    map[string]*Resource[Schedule]    `json:"schedules,omitempty"`
	Lookups      map[string]*Resource[Lookup]      `json:"lookups,omitempty"`
	Mappings     map[string]*Resource[Mapping]     `json:"mappings,omitempty"`
	Touchpoints  map[string]*Resource[Touchpoint]  `json:"touchpoints,omitempty"`
	Objects      map[string]*Resource[Object]      `json:"objects,omitempty"`
	Applications map[string]*Resource[Application] `json:"applications,omitempty"`
	// Tests are the mapping tests. They do nothing at run time and are left out of the digest.
	Tests map[string]*Resource[MappingTest] `json:"-"`
	// Digest covers everything above, application declarations, defaults and the engine's version: "sha256:…".
	Digest string `json:"digest"`
}

// A Resource is one resource with every default filled in.
type Resource[T any] struct {
	Metadata Metadata `json:"metadata"`
	Spec     T        `json:"spec"`
	// Digest covers kind, metadata and spec: "sha256:…". Equal digests mean nothing changed.
	Digest string `json:"digest"`
	// Source has a position for every path of the resource. nil in a model that was stored.
	Source *Source `json:"-"`
}

// Metadata identifies a resource.
type Metadata struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Description string            `json:"description,omitempty"`
	RenamedFrom string            `json:"renamedFrom,omitempty"`
}

// Repository is dray.yaml: exactly one.
type Repository struct {
	Policies     []string               `json:"policies,omitempty"`   // packs, by name
	Exemptions   []Exemption            `json:"exemptions,omitempty"` // from rules of those packs
	Environments map[string]Environment `json:"environments,omitempty"`
}

// Exemption excuses resources from a rule for a while.
type Exemption struct {
	Rule     string `json:"rule"`     // pack/rule
	Resource string `json:"resource"` // Kind/name, with * for any name
	Reason   string `json:"reason"`
	Until    string `json:"until"` // the last day, as YYYY-MM-DD
}

// Environment is one environment of a repository.
type Environment struct {
	Patches []string          `json:"patches,omitempty"` // patterns of files with RFC 7386 merges by kind and name
	Tags    map[string]string `json:"tags,omitempty"`    // CUE tags
}

// Agent is an enrolled machine.
type Agent struct {
	Recipient    string   `json:"recipient"`        // age
	Signer       string   `json:"signer,omitempty"` // Ed25519, as an SSH public key line
	Pools        []string `json:"pools"`
	Environments []string `json:"environments"`
}

// KeyRing is the readable part of an environment's key ring. Raw is the document itself, for engine/secret.
type KeyRing struct {
	Raw json.RawMessage `json:"raw"`
}

// Credential is the readable envelope of a credential. Raw is the document itself, for engine/secret.
type Credential struct {
	Application  string          `json:"application"`
	Bind         []string        `json:"bind"`
	Use          string          `json:"use"`
	Environments []string        `json:"environments"`
	Fields       []string        `json:"fields"`
	Generation   int64           `json:"generation"`
	Recipients   []string        `json:"recipients,omitempty"`
	Expires      string          `json:"expires,omitempty"` // YYYY-MM-DD: the day from which it no longer works
	TLS          *CredentialTLS  `json:"tls,omitempty"`
	Raw          json.RawMessage `json:"raw"`
}

// CredentialTLS is what a credential demands of the way to the application.
type CredentialTLS struct {
	ClearText string `json:"clearText,omitempty"` // why its secrets may travel without TLS; empty: they may not
}

// Connection is a configured instance of an application.
type Connection struct {
	Application string                     `json:"application"`
	Config      json.RawMessage            `json:"config"` // with the application's defaults
	Credential  string                     `json:"credential,omitempty"`
	Pool        string                     `json:"pool"`
	Zone        string                     `json:"zone"`
	Rate        *Rate                      `json:"rate,omitempty"`   // with the application's limits
	Closed      []Window                   `json:"closed,omitempty"` // it takes no requests inside of them
	Suspend     bool                       `json:"suspend"`
	Objects     map[string]json.RawMessage `json:"objects,omitempty"` // with the application's defaults
	// Endpoint is the URL it goes to, as its application says; no file says it. Empty: it reaches no host.
	Endpoint string `json:"endpoint,omitempty"`
}

// Rate bounds the requests of a connection. Zero fields are unbounded.
type Rate struct {
	RequestsPerSecond float64 `json:"requestsPerSecond,omitempty"`
	RequestsPerMinute int64   `json:"requestsPerMinute,omitempty"`
	RequestsPerHour   int64   `json:"requestsPerHour,omitempty"`
	RequestsPerDay    int64   `json:"requestsPerDay,omitempty"`
	Concurrency       int     `json:"concurrency,omitempty"`
}

// Schedule says when. Exactly one of Every, Cron and Ref is set; Ref names a kind: Schedule and is resolved by [Model.ScheduleOf].
type Schedule struct {
	Ref       string   `json:"ref,omitempty"`
	Every     Duration `json:"every,omitempty"`
	Cron      string   `json:"cron,omitempty"`
	Zone      string   `json:"zone,omitempty"`
	Jitter    Duration `json:"jitter,omitempty"`
	Windows   []Window `json:"windows,omitempty"`   // it runs inside of them only; empty: at any time
	Closed    []Window `json:"closed,omitempty"`    // what is due inside of them is left out
	IfRunning string   `json:"ifRunning,omitempty"` // skip | queue
	Missed    string   `json:"missed,omitempty"`    // once | skip
	ExpectBy  string   `json:"expectBy,omitempty"`  // HH:MM: the time of the day by which a run must have reached its end
}

// Window is a span of time that comes once or again and again. Exactly one of Dates and Cron is set.
type Window struct {
	Dates  []string `json:"dates,omitempty"` // days, or first and last day: 2026-12-24/2027-01-01
	Cron   string   `json:"cron,omitempty"`  // when it begins
	For    Duration `json:"for,omitempty"`   // how long it lasts, with Cron
	Reason string   `json:"reason,omitempty"`
}

// Lookup is a table a mapping consults. Rows holds the table itself, whether it came from rows or from a file.
type Lookup struct {
	File       string              `json:"file,omitempty"`
	Rows       []map[string]string `json:"rows"`
	Connection string              `json:"connection,omitempty"`
	Object     string              `json:"object,omitempty"`
	Ledger     string              `json:"ledger,omitempty"`    // a touchpoint
	Direction  string              `json:"direction,omitempty"` // of a ledger: forward | reverse
	Route      string              `json:"route,omitempty"`     // of a ledger
	Key        []string            `json:"key"`
	Value      string              `json:"value,omitempty"`
	Values     []string            `json:"values,omitempty"`
	Expect     string              `json:"expect"` // 0..1 | 1
	Fold       string              `json:"fold,omitempty"`
	Refresh    Duration            `json:"refresh"`
	Miss       Miss                `json:"miss"`
}

// Elsewhere reports whether the rows are not in the repository: they are asked for while records are mapped.
func (l *Lookup) Elsewhere() bool { return l.Connection != "" || l.Ledger != "" }

// Miss says what a lookup that finds nothing does: reject, skip, a default, or wait. In files: reject | skip | {default: X} | {wait: 72h}.
type Miss struct {
	Action  string          `json:"action"` // reject | skip | default | wait
	Default json.RawMessage `json:"default,omitempty"`
	Wait    Duration        `json:"wait,omitempty"`
}

// Touchpoint is one flow.
type Touchpoint struct {
	Source       SourceSpec         `json:"source"`
	Trace        []string           `json:"trace,omitempty"`
	Split        *Split             `json:"split,omitempty"`
	Steps        []Step             `json:"steps,omitempty"`
	Mapping      string             `json:"mapping,omitempty"`
	Destination  DestinationSpec    `json:"destination,omitzero"` // without a connection: there is none
	Destinations []NamedDestination `json:"destinations,omitempty"`
	Routes       *Routes            `json:"routes,omitempty"`
	WriteBack    []WriteBack        `json:"writeBack,omitempty"`
	Delivery     string             `json:"delivery,omitempty"` // atLeastOnce | exactlyOnce; empty: atLeastOnce
	Limits       Limits             `json:"limits"`
	OnReject     OnReject           `json:"onReject"`
	StopAfter    int                `json:"stopAfter"` // rejected records in one run; 0: never
	Schedule     *Schedule          `json:"schedule,omitempty"`
	After        []After            `json:"after,omitempty"` // whose runs come first
	Priority     string             `json:"priority"`        // high | normal | low: whose requests go first
	Mode         string             `json:"mode"`            // live | observe
	Suspend      bool               `json:"suspend"`
}

// After is a touchpoint whose run comes first.
type After struct {
	Touchpoint string   `json:"touchpoint"`
	On         string   `json:"on"` // succeeded | completed
	Within     Duration `json:"within"`
}

// SourceSpec is what a touchpoint reads.
type SourceSpec struct {
	Connection string   `json:"connection"`
	Object     string   `json:"object"`
	Start      string   `json:"start"` // now | beginning | RFC 3339
	Where      string   `json:"where,omitempty"`
	Filter     string   `json:"filter,omitempty"` // in the application's own words
	Read       string   `json:"read"`             // incremental | full | flag
	Overlap    Duration `json:"overlap"`
	Deleted    Deleted  `json:"deleted,omitzero"`

	Include   []Include   `json:"include,omitempty"`
	ChangedBy []ChangedBy `json:"changedBy,omitempty"`
}

// Include reads the records of another object of the connection that belong to each record.
type Include struct {
	Name   string            `json:"name"` // of the field that holds them, a list
	Object string            `json:"object"`
	Filter map[string]string `json:"filter"` // the path in the record, by the field of the object
	All    bool              `json:"all"`    // always true
}

// ChangedBy is another object of the connection whose changes count as changes of the record they belong to.
type ChangedBy struct {
	Object string `json:"object"`
	Key    string `json:"key"` // the path, there, of the record's key
}

// Deleted says what becomes, at the destination, of records that are gone from the source. In files: ignore | delete | {set: FIELDS}.
type Deleted struct {
	Action string `json:"action"` // ignore | delete | set; empty: ignore
	Set    Fields `json:"set,omitempty"`
}

// Ignored reports whether nothing becomes of them.
func (d *Deleted) Ignored() bool { return d.Action == "" || d.Action == "ignore" }

// DestinationSpec is what a touchpoint writes.
type DestinationSpec struct {
	Connection string   `json:"connection"`
	Object     string   `json:"object"`
	Write      string   `json:"write"`
	Action     string   `json:"action,omitempty"` // with write: action
	Target     string   `json:"target,omitempty"` // key | ledger; empty: key
	Key        []string `json:"key,omitempty"`
	Unchanged  string   `json:"unchanged"` // ledger | destination | send
}

// Limits bounds what one run may do. A nil limit is unlimited.
type Limits struct {
	MaxCreates *Limit `json:"maxCreates,omitempty"`
	MaxUpdates *Limit `json:"maxUpdates,omitempty"`
	MaxDeletes *Limit `json:"maxDeletes,omitempty"` // nil: none
	// MaxShrink is how much smaller than the complete read before it a read may be, for what it lacks to count as gone.
	MaxShrink *Limit `json:"maxShrink,omitempty"`
}

// Limit is a number of records, or a percentage of the ledger's live keys. In files: 500 or "20%".
type Limit struct {
	Count   int64   `json:"count,omitempty"`
	Percent float64 `json:"percent,omitempty"`
}

// OnReject says what happens to a rejected record.
type OnReject struct {
	Retry *Retry `json:"retry,omitempty"`
	Read  string `json:"read,omitempty"` // again; empty: as it was read when it was rejected
}

// Retry tries a dead letter again by itself.
type Retry struct {
	Every Duration `json:"every"`
	For   Duration `json:"for"`
}

// Application is a declared application. Declaration is its spec as JSON with every default, for adapters.Declarer.
type Application struct {
	Declaration json.RawMessage `json:"declaration"`
}
