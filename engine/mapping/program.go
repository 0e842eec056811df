package mapping

import (
	"encoding/json"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

// Options are what a mapping is compiled with beside itself.
type Options struct {
	// Lookups are the lookups by name. A mapping may name only these.
	Lookups map[string]*config.Lookup
	// Where is the touchpoint's source filter, or empty.
	Where string
	// When is what holds of the records that come here, or empty. It is not judged: it only says what values can be.
	When string
	// Split makes several records of one; nil: it is one. Where and Extra are about the record as it was read.
	Split *config.Split
	// Result says that the destination's answer is there: $result.
	Result bool
	// Conditions are those that [Executor.Holds] judges.
	Conditions []config.Condition
	// Extra are paths that the caller wants to see of each record (key, version, cursor, trace), extracted in the same pass.
	Extra []record.Path
	// Key names the output fields that form the destination's key: each must be there and not blank.
	Key []string
	// Steps are the names below $steps, with what is known of their values. nil: there is no $steps.
	Steps map[string]expr.Type
	// Later are the names of steps that come only later.
	Later []string
	// Given are the rows that a test gives in place of those of lookups, by the lookup's name: from key, several joined with |, to value.
	Given map[string]map[string]json.RawMessage
	// Cover has executors note what of the program is reached: see [Program.Points].
	Cover bool
	// Source and Destination are what is known of the objects at both ends: what does not fit them is a problem.
	Source, Destination config.Side
	// Write is how the touchpoint writes (find: it only looks), and Trace are its traced paths; both only matter where the objects are known.
	Write string
	Trace []string
	// Zone is what a date without a zone means where the field does not say: the source connection's zone. Empty: unknown.
	Zone string
}

// A Column is one top-level field of a mapping's output.
type Column struct {
	Name string
	Kind record.Kind // record.Absent when not known beforehand
	// CreateOnly marks a field that is sent when the record is created, and not on update.
	CreateOnly bool
}

// A Problem is what is wrong with a mapping.
type Problem struct {
	Code     string // one of the Code constants
	Severity diag.Severity
	Path     string // inside the resource: spec.fields.total.as; of the touchpoint for Options.Where: spec.source.where
	Message  string
	Hint     string
	// Offset is the byte offset inside the text at Path, or -1.
	Offset int
	// OfName says that it is about the field's name and not its value.
	OfName bool
	// SeeSource and SeeDestination are paths inside the kind: Object of either end that the problem follows from, or empty.
	SeeSource, SeeDestination string
	// Lookup names the look-up that the problem is about, or is empty. With LookupPath it lies there (spec.rows[2].code), else in the mapping.
	Lookup, LookupPath string
}

// Diagnostic returns the problem at its place in the user's file.
func (p Problem) Diagnostic(s *config.Source) diag.Diagnostic {
	return diag.Diagnostic{Code: p.Code, Severity: p.Severity, Pos: s.PosIn(p.Path, p.Offset), Path: p.Path, Message: p.Message, Hint: p.Hint}
}

// A Program is a compiled mapping. It is immutable and safe for concurrent use.
type Program struct {
	shape      *record.Shape
	columns    []Column
	labels     *record.Labels // of the columns
	paths      []record.Path
	slots      *record.Slots
	whole      bool
	extra      []place
	where      *condition
	split      *part   // the list whose elements are the records; nil: the record is one
	parts      []place // the key of an element
	conditions []*condition
	fields     []*field
	checks     []*check
	steps      []string // names below $steps, sorted
	points     []Point
	depth      int
	maxRefs    int
}

// Shape returns the columns of the output, for writers that take rows.
func (p *Program) Shape() *record.Shape { return p.shape }

// Columns returns the columns of the output, in the order of [Program.Shape]. The caller must not change them.
func (p *Program) Columns() []Column { return p.columns }

// Whole reports whether the record itself is wanted whole.
func (p *Program) Whole() bool { return p.whole }

// Paths returns all paths of the source record that will be looked at, for a read request. A name after a list means that of
// each element. An empty result means that the record itself is wanted whole. The caller must not change it.
func (p *Program) Paths() []record.Path { return p.paths }
