package mapping

import "github.com/dray-sync/dray/adapters/record"

// Elsewhere answers lookups whose rows are not in the repository. A record that needs an answer nobody has yet is [Pending]: its executor goes on to
// the end, so that everything it needs is wanted at once; then the caller finds out, and maps it again.
type Elsewhere interface {
	// Find returns what is known of a key. Values are valid as long as the record is mapped; v must live as long as its row, and hold no Raw value.
	Find(lookup string, key []record.Value) (v record.Value, a Answer)
}

// Answer is what is known of a key of a lookup.
type Answer uint8

// The answers.
const (
	Unasked   Answer = iota // nothing yet, and it is wanted from now on
	Found                   // the value
	Missing                 // there is none
	Ambiguous               // there are several
	Refused                 // the application does not take the key
)

// SetElsewhere says who answers the lookups whose rows are not in the repository. Without it they find nothing.
func (e *Executor) SetElsewhere(l Elsewhere) { e.elsewhere = l }

// ask looks for a row that is elsewhere. Without an answer the value is absent, and the record pending.
func (t *table) ask(e *Executor, key []record.Value, point int) (v record.Value, rule Rule, at int) {
	answer := Missing
	if e.elsewhere != nil {
		v, answer = e.elsewhere.Find(t.name, key)
	}
	if e.reached != nil && answer != Unasked {
		e.reachEither(point, answer == Found)
	}
	switch answer {
	case Unasked:
		e.pending = true
		return record.Value{}, "", 0
	case Found:
		return v, "", 0
	case Ambiguous:
		return v, RuleLookupAmbiguous, 0
	case Refused:
		return v, RuleLookupRefused, 0
	default:
		return t.missed(e)
	}
}
