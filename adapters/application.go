package adapters

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// An Application is a kind of system Dray can talk to. Implementations are immutable and safe for concurrent use.
type Application interface {
	// Spec describes the application. It never blocks and returns the same value every time.
	Spec() Spec

	// Open makes a connection. It may verify settings and prepare clients but need not reach the system: Check does that.
	// ctx bounds the call, not the connection's lifetime. Mistakes in the settings are *[ConfigError].
	Open(ctx context.Context, env Env, settings Settings) (Connection, error)
}

// A Declarer makes applications of declarations: the rest adapter runs applications that a repository declares.
type Declarer interface {
	// Declare judges a declaration (the spec of a kind: Application, as JSON with all defaults) and returns the application
	// it describes. All mistakes are returned joined, each a *[ConfigError] with a path inside the declaration.
	Declare(name string, declaration json.RawMessage) (Application, error)
}

// A DeclarationSchema is a [Declarer] that says what a declaration may hold, so that it can be checked, and its defaults be filled in, before
// Declare judges it.
type DeclarationSchema interface {
	Declarer
	// Schema returns CUE source that defines #ApplicationSpec, the spec of a kind: Application. It is closed and holds every default. The text
	// imports nothing.
	Schema() string
}

// Spec describes an application to the engine, to validation and to people.
type Spec struct {
	Name        string
	Description string // one sentence
	// Schema is CUE source that defines #Config (a connection's spec.config), and #Object (an entry of its spec.objects) where
	// connections may declare objects. Both are closed and hold every default. The text imports nothing.
	Schema string
	// Dates says that records hold dates, times and bytes as such. Elsewhere they are texts, whatever Field.Type calls them.
	Dates bool
	// Documents says that records are written as JSON, where a number is not taken for a text.
	Documents bool
	// Transactional says that its connections are [Transactional] wherever they can be written.
	Transactional bool
	// Secrets are the credential fields the application uses. Empty: it takes no credential.
	Secrets []SecretField
	// Objects are those the application always has. More may come from Settings.Objects and from discovery.
	Objects []Object
	// Closed says that there are no objects but these and those that a connection declares.
	Closed bool
	// Hosts says whether connections reach hosts. If so, Endpoint must be able to name them.
	Hosts bool
	// Endpoint returns the URL a connection with this config goes to, so that validation can compare it with the hosts sealed
	// into the credential. nil when Hosts is false. Never blocks.
	Endpoint func(config json.RawMessage) (string, error)
	// Judge says what is wrong with a connection's settings beyond what Schema tells, as far as that is known without opening
	// anything. All mistakes are returned joined, each a *[ConfigError]. It never blocks. nil: nothing more can be said.
	Judge func(Settings) error
	// Describe says what settings alone tell of an object that is not among Objects: Reads and Writes hold all that may be
	// possible. false: nothing is known. It never blocks, and is asked only for settings that Judge accepts. nil: nothing ever is.
	Describe func(settings Settings, object string) (Object, bool)
	// Limits are how often one account may ask it, where that is known. A connection may say otherwise.
	Limits Limits
}

// Limits are how many requests an application takes from one account. Zero fields are unknown.
type Limits struct {
	PerSecond   float64
	PerMinute   int64
	PerHour     int64
	PerDay      int64
	Concurrency int // requests under way at once
}

// SecretField is one field of an application's credential.
type SecretField struct {
	Name        string
	Description string
	Required    bool
}

// Settings is what a connection says, validated and with every default filled in.
type Settings struct {
	Connection string // its name, for errors and logs
	Config     json.RawMessage
	Objects    map[string]json.RawMessage
	Zone       *time.Location // what a date without a zone means here; never nil
}

// A Connection is an opened application. It is safe for concurrent use; the readers and writers it opens are not.
// It offers its abilities through [Source], [Destination], [Discoverer] and [Transactional].
type Connection interface {
	// Check reaches the system, authenticates, and says in a line whom it reached. It changes nothing there.
	Check(ctx context.Context) (string, error)

	// Close releases everything and waits for it. It may be called more than once; other methods then return [ErrClosed].
	Close(ctx context.Context) error
}

// A Discoverer can list objects and their fields.
type Discoverer interface {
	// Discover describes one object, or with an empty name all of them (possibly without their fields).
	// An object that does not exist is an [Error] of kind NotFound.
	Discover(ctx context.Context, object string) ([]Object, error)
}

// Object describes something readable or writable.
type Object struct {
	Name    string
	Key     []record.Path // what identifies a record, in order; empty when there is nothing
	Version record.Path   // what changes whenever the record does; nil when there is nothing
	Cursor  []record.Path // what the source sorts by; empty when it cannot be read incrementally
	Reads   []ReadMode
	Filters []ReadMode // the modes in which it takes a filter text of the application's own
	Finds   [][]string // in mode ReadKeys: the sets of fields by which records are found; nil: by any
	Writes  []WriteMode
	Actions []string // what WriteAction can do with a record
	// LooksUp are those of Writes that look a record up before they create it: two at once for the same key may create it twice.
	LooksUp []WriteMode
	Fields  []Field // nil when unknown
}

// Relation returns what settings alone tell of a table or a query: it can be read incrementally where a cursor is declared for it.
func Relation(name string, cursor, writable bool) Object {
	o := Object{Name: name, Reads: []ReadMode{ReadFull, ReadKeys}}
	if cursor {
		o.Reads = append(o.Reads, ReadIncremental)
	}
	if writable {
		o.Writes = []WriteMode{WriteCreate, WriteEnsure, WriteUpdate, WriteUpsert, WriteDelete}
	}
	return o
}

// CanRead reports whether the object can be read in that mode.
func (o Object) CanRead(m ReadMode) bool { return slices.Contains(o.Reads, m) }

// CanFilter reports whether the object takes a filter text in that mode.
func (o Object) CanFilter(m ReadMode) bool { return slices.Contains(o.Filters, m) }

// CanFind reports whether records can be found by these fields, in any order.
func (o Object) CanFind(by []string) bool {
	return o.CanRead(ReadKeys) && (o.Finds == nil || slices.ContainsFunc(o.Finds, func(fields []string) bool {
		return len(fields) == len(by) && !slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(by, f) })
	}))
}

// KeyNames returns the paths of the key as texts.
func (o Object) KeyNames() []string {
	names := make([]string, len(o.Key))
	for i, k := range o.Key {
		names[i] = k.String()
	}
	return names
}

// CanWrite reports whether the object can be written in that mode.
func (o Object) CanWrite(m WriteMode) bool { return slices.Contains(o.Writes, m) }

// Field is one field of an object.
type Field struct {
	Name      string
	Type      string // string, int, decimal, bool, date, time, datetime, bytes, object, list, any; empty: any
	Required  bool   // a new record must have it
	Nullable  bool
	ReadOnly  bool
	Enum      []string
	MaxLength int     // in characters; 0: not known
	Class     string  // personal, financial, secret; empty: not known
	Items     string  // the type of a list's elements; empty: not known, or Fields says
	Fields    []Field // of an object, or of each element of a list; nil: not known
}
