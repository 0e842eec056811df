package expr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Code says what sort of mistake an [Error] reports. Codes are only ever added.
type Code string

// The codes of [Error].
const (
	CodeSyntax      Code = "expr/syntax"       // not an expression
	CodeTooLarge    Code = "expr/too-large"    // longer, deeper or of more parts than allowed
	CodeUnknownName Code = "expr/unknown-name" // a field, member, root or function that does not exist here
	CodeType        Code = "expr/type"         // operands or arguments that do not go together
	CodeArguments   Code = "expr/arguments"    // too few or too many arguments
	CodeNotAllowed  Code = "expr/not-allowed"  // syntax of expr-lang that expressions here do not have
	CodeRounding    Code = "expr/rounding"     // a division or rounding that does not say how
	CodeNumber      Code = "expr/number"       // a number literal that is not exact or out of bounds
	CodeValue       Code = "expr/value"        // a text that is compared with something that never has it
	CodeNull        Code = "expr/null"         // a warning: a value that may be nil where one is needed
)

// An Error is one mistake in the text of an expression.
type Error struct {
	Offset  int    // byte offset in the source, from 0
	Length  int    // bytes concerned; 0 for a place between two
	Code    Code   // what sort of mistake
	Message string // what is wrong, lower case, without position
	Hint    string // how to mend it; empty when the message says it all
}

// Error returns the message with its place, its code and the hint.
func (e *Error) Error() string {
	text := fmt.Sprintf("offset %d: %s [%s]", e.Offset, e.Message, e.Code)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Errors are all mistakes in one expression, in order of place, at least one. [Compile] returns no other error.
type Errors []*Error

// Error returns the messages, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b *Error) int { return cmp.Compare(a.Offset, b.Offset) })
	return e
}

// Unwrap returns the errors one by one.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, one := range e {
		errs[i] = one
	}
	return errs
}

// Rule says which rule a run broke. Rules are only ever added.
type Rule string

// The rules of [RunError].
const (
	RuleBudget      Rule = "budget"           // more steps or larger results than one record may take
	RuleNull        Rule = "null operand"     // nil where a value is needed
	RuleType        Rule = "type"             // a value of another type than the operation takes
	RuleZero        Rule = "division by zero" //
	RuleNumber      Rule = "number bounds"    // a number beyond the digits or exponents allowed
	RuleNotANumber  Rule = "not a number"     // text that int() or decimal() cannot read
	RuleNotWhole    Rule = "not whole"        // a fraction where a whole number is needed
	RuleNotADate    Rule = "not a date"       // text that date() or datetime() cannot read
	RuleArgument    Rule = "argument"         // an argument out of its bounds
	RuleInvalidJSON Rule = "invalid JSON"     // a raw value that is not valid JSON
)

// A RunError says why an expression has no result for a record. It never holds content.
type RunError struct {
	Rule   Rule
	Offset int    // byte offset in the source of the operation that failed, from 0
	Path   string // the path of the value concerned, as written; empty when it was computed
	Detail string // kinds, functions and bounds involved; never content
}

// Error returns the rule, path and detail.
func (e *RunError) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Rule))
	if e.Path != "" {
		fmt.Fprintf(&b, ": %s", e.Path)
	}
	if e.Detail != "" {
		fmt.Fprintf(&b, ": %s", e.Detail)
	}
	fmt.Fprintf(&b, " (at offset %d of the expression)", e.Offset)
	return b.String()
}
