// Package mapping compiles mappings and executes them: one record in, one record out, or a reason why not.
//
// [Compile] turns a mapping and the lookups it names into a [Program]: immutable, shared by as many executors as wanted. Every path
// that anything looks at is extracted in one validating pass over the record; declared forms run as straight code, only what
// is written as an expression pays for one. An [Executor] is one goroutine's working memory.
//
// What holds for every record:
//
//   - Numbers are exact. A conversion that would lose a digit is refused unless the field says how to round.
//   - Nothing is guessed: a date without a zone, a local time that a clock change skipped or repeated, a currency that is
//     not in ISO 4217, two look-up rows that fit equally well, all are reasons to reject.
//   - A [Reason] names field, rule and type, never content.
//
// What a field's value goes through, in this order: when; from, value, expr or lookup with several keys; default where that is
// absent or null; apply; lookup; as with scale, round, zone and so on; required and ifAbsent.
//
// Absence. A path that leads nowhere is absent and is omitted from the output; null is null and is written as null, so that a
// source can clear a value. ifAbsent (omit, null, error) and required treat both alike, and so does default. A field whose when is
// not true is absent and only ifAbsent: null is applied to it. A nested object all of whose fields are absent is absent itself.
package mapping
