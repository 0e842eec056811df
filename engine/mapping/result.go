package mapping

import (
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// Outcome is what became of a record in a mapping.
type Outcome uint8

// The outcomes.
const (
	Mapped   Outcome = iota // Row is what to write
	Filtered                // the touchpoint's where does not hold
	Skipped                 // a lookup or a check says to leave it out
	Rejected                // it cannot be mapped: set it aside
	Parked                  // a check wants a person to decide: set it aside; Row is what would be written
	Pending                 // a lookup has to be answered first: see [Elsewhere]
)

var outcomeNames = [...]string{"mapped", "filtered", "skipped", "rejected", "parked", "pending"}

// String returns the outcome in lower case.
func (o Outcome) String() string { return outcomeNames[o] }

// A Result is what [Executor.Map] made of one record. Row and Extra are valid until the executor's next Map and while
// the batch they came from is not reset; [record.Value.Clone] and [record.Batch.CopyRow] make what lives longer.
type Result struct {
	Outcome Outcome
	// Row has a value for each of the program's columns, absent where nothing is to be written. nil unless Mapped or Parked.
	Row []record.Value
	// Extra has a value for each path of Options.Extra. nil only when the record itself is not valid.
	Extra []record.Value
	// Reason says why, when the outcome is Skipped, Rejected or Parked.
	Reason Reason
}

// A Reason says why a record was not mapped. It holds names from configuration and of this package, never content.
type Reason struct {
	// Field is the output field as a path: DocumentLines[2].UnitPrice. Empty when it is about the whole record.
	Field string
	// Rule is what was violated: one of the Rule constants.
	Rule Rule
	// Type is the kind of the value that violated it: "string", "null", "list" …; for RuleJSON and RuleExpr what went wrong.
	Type string
	// Check is the name of the check, for RuleCheck.
	Check string
	// Message is what configuration says about it, for RuleCheck.
	Message string
	// Waits is how long the record may be tried again because what is missing may come. 0: not at all.
	Waits time.Duration
}

// A Rule is what a record can violate. The texts are stable: they are stored, shown, and expected by tests of mappings.
type Rule string

// The rules.
const (
	RuleJSON            Rule = "json"             // the record is not JSON as this product takes it
	RuleRequired        Rule = "required"         // required, but absent or null
	RuleAbsent          Rule = "absent"           // ifAbsent: error
	RuleKey             Rule = "key"              // a field of the destination's key is absent, null or blank
	RuleType            Rule = "type"             // the value's kind does not fit what is done with it
	RuleNumber          Rule = "number"           // text that is no number as the field describes it
	RuleInteger         Rule = "integer"          // as: int of a number that is not whole
	RuleScale           Rule = "scale"            // more digits after the point than scale allows, and no round
	RuleBool            Rule = "bool"             // neither true nor false, nor 1 nor 0
	RuleDate            Rule = "date"             // text or number that is no date as the field's format describes it
	RuleZone            Rule = "zone"             // a local time, and nothing says where
	RuleLocalTimeGap    Rule = "local-time-gap"   // a local time that a clock change skipped
	RuleLocalTimeTwice  Rule = "local-time-twice" // a local time that a clock change repeated
	RuleCurrency        Rule = "currency"         // absent, or no currency of ISO 4217
	RuleLookup          Rule = "lookup"           // the lookup has no row for the key
	RuleLookupAmbiguous Rule = "lookup-ambiguous" // several rows fit equally well
	RuleLookupRefused   Rule = "lookup-refused"   // the application does not take the key
	RuleBlankKey        Rule = "blank-key"        // a lookup's key is blank
	RuleLength          Rule = "length"           // a text would become longer than the bounds allow
	RuleExpr            Rule = "expr"             // an expression failed
	RuleCheck           Rule = "check"            // a check does not hold
)

// String returns the reason on one line, without content.
func (r Reason) String() string {
	s := "rule " + string(r.Rule)
	if r.Field != "" {
		s = "field " + r.Field + ": " + s
	}
	if r.Type != "" {
		s += " (" + r.Type + ")"
	}
	if r.Check != "" {
		s += " " + r.Check
	}
	if r.Message != "" {
		s += ": " + r.Message
	}
	return s
}
