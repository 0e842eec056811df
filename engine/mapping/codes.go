package mapping

// The codes of a [Problem]. They are stable. Those of expressions come from adapters/expr.
const (
	CodeSource      = "mapping/value-source"   // none or several of from, value, expr, lookup, each, concat and fields
	CodeConflict    = "mapping/conflict"       // settings of one field that do not go together
	CodePath        = "mapping/path"           // a path that does not parse
	CodeRoot        = "mapping/root"           // a root that does not exist, or not here
	CodeUnknownName = "mapping/unknown-field"  // a path to a field that the object does not have
	CodeLater       = "mapping/not-yet-mapped" // $out of a field that is mapped later, or not at all
	CodeAs          = "mapping/as"             // an unknown type
	CodeApply       = "mapping/apply"          // an unknown function or a wrong argument
	CodeLookup      = "mapping/lookup"         // an unknown lookup, or the wrong keys for it
	CodeLookupRows  = "mapping/lookup-rows"    // two rows of a lookup have one key
	CodeZone        = "mapping/zone"           // an unknown time zone
	CodeFormat      = "mapping/format"         // a date format that is not made of tokens
	CodeScale       = "mapping/scale"          // a scale out of bounds
	CodeRounding    = "mapping/rounding"       // a number may lose digits and nothing says how (warning); an unknown way to round
	CodeCurrency    = "mapping/currency"       // money without a currency, or an unknown one
	CodeMark        = "mapping/mark"           // a decimal or group mark that cannot be told apart
	CodeConstant    = "mapping/constant"       // a value or default that does not convert
	CodeAbsent      = "mapping/if-absent"      // an unknown ifAbsent, or one that contradicts default or required
	CodeWrite       = "mapping/write"          // an unknown write, or one inside a list or object
	CodeDuplicate   = "mapping/duplicate"      // two fields or checks of one name
	CodeKey         = "mapping/key"            // the destination's key is not mapped, or is truncated
	CodeCheck       = "mapping/check"          // a check with an unknown else or no expression
	CodeType        = "mapping/type"           // a value of a type that does not fit what is done with it or where it goes
	CodeReadOnly    = "mapping/read-only"      // a value for a field of the destination that cannot be written
	CodeNotMapped   = "mapping/not-mapped"     // a field that the destination requires is not mapped
	CodeNull        = "mapping/null"           // a value that may be nil goes where one is required
	CodeEnum        = "mapping/enum"           // a value that the destination's field cannot have
	CodeCoverage    = "mapping/coverage"       // a lookup without a row for values that occur
	CodeLength      = "mapping/length"         // a text that may be longer than the destination's field (warning); a constant that is
	CodeTooDeep     = "mapping/too-deep"       // lists and objects within each other beyond maxNesting
)

// maxNesting bounds lists and objects within each other.
const maxNesting = 16
