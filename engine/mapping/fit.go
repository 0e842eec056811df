package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

// A mismatch is why a value does not fit a field.
type mismatch struct {
	code       string // empty: CodeType
	what, hint string
	warning    bool
}

// misfit returns why a value of a type does not fit a field of the destination; nil: it does, as far as is known.
func misfit(t expr.Type, to *config.ObjectField, side config.Side, in *config.Field) *mismatch {
	want, got := kindOf(to), means(t)
	if want == record.Absent || got == record.Absent {
		return nil
	}
	if in.Value != nil && got == record.String && isMoment(want) && isWritten(t.Enum, want) {
		return nil
	}
	if !takes(want, got, t) {
		return &mismatch{what: fmt.Sprintf("%q takes %s, and this is %s", to.Name, nameOf(want), nameOf(got)), hint: fitHint(want, got, t, in)}
	}
	if want == record.Int && got == record.Int && in.Value != nil {
		return foreign([]string{strings.TrimSpace(string(in.Value))}, to)
	}
	if want != record.String {
		return nil
	}
	switch {
	case (got == record.Int || got == record.Decimal || got == record.Bool) && in.Value != nil && in.As == "" && in.Lookup == "":
		return &mismatch{what: fmt.Sprintf("%q takes a text, and this is %s", to.Name, nameOf(got)), hint: "put it in quotes"}
	case got == record.Int || got == record.Decimal || got == record.Bool:
		if side.Application != nil && side.Application.Documents {
			return &mismatch{what: fmt.Sprintf("%q takes a text, and this is %s", to.Name, nameOf(got)), hint: map[bool]string{true: "write", false: "add"}[in.As != ""] + " as: string, if it is to be written as a text", warning: true}
		}
		return nil
	case got != record.String:
		return nil
	}
	if m := foreign(t.Enum, to); m != nil {
		return m
	}
	return tooLong(t, to, in)
}

func isMoment(k record.Kind) bool {
	return k == record.Date || k == record.Time || k == record.Timestamp
}

// isWritten reports whether constants are dates as ISO 8601 writes them.
func isWritten(values []string, want record.Kind) bool {
	if want == record.Time {
		return true
	}
	for _, v := range values {
		c, ok := parseISO(v)
		if !ok || (want == record.Timestamp) != (c.has&hasTime != 0) {
			return false
		}
	}
	return len(values) > 0
}

// takes reports whether a field of one kind takes values of another. What is neither surely wrong nor surely right passes.
func takes(want, got record.Kind, t expr.Type) bool {
	if want == got {
		return true
	}
	switch want {
	case record.String:
		return got != record.List && got != record.Object && got != record.Bytes
	case record.Int:
		return got == record.Decimal && t.Loose
	case record.Decimal:
		return got == record.Int
	case record.Bytes, record.Time: // nothing converts to them, so that texts must do
		return got == record.String
	}
	return false
}

// asNames are the words for conversions.
var asNames = map[record.Kind]string{record.String: "string", record.Int: "int", record.Decimal: "decimal", record.Bool: "bool", record.Date: "date", record.Timestamp: "datetime"}

// fitHint says how to make a value fit.
func fitHint(want, got record.Kind, t expr.Type, in *config.Field) string {
	switch {
	case want == record.List:
		return "a list is written with each: and fields:, or with concat:"
	case want == record.Object:
		return "an object is written with fields:"
	case got == record.List:
		return "name one element, such as lines[0].sku, or calculate with expr: len, sum, first"
	case got == record.Object:
		return "name one of its fields" + memberNames(t)
	case in.Value != nil:
		return "write the value as " + nameOf(want)
	case want == record.Int && got == record.Decimal && in.As != "":
		return "write as: int with round: half-even or another mode"
	case want == record.Int && got == record.Decimal:
		return "add as: int with round: half-even or another mode"
	case want == record.Bool && got == record.String:
		return `add as: bool for true, false, 1 or 0; else compare: expr: x == "yes"`
	case want == record.Date && got == record.Timestamp:
		return "add as: date, and to: with the zone whose day is meant, such as Europe/Berlin"
	case want == record.Timestamp && got == record.Date:
		return "add as: datetime, and zone: with the zone in which the day begins"
	case (want == record.Date || want == record.Timestamp) && (got == record.Int || got == record.Decimal):
		return fmt.Sprintf("add as: %s with format: unix or unix-ms, if the number counts from 1970", asNames[want])
	case (want == record.Date || want == record.Timestamp) && got == record.String:
		return fmt.Sprintf("add as: %s, with format: where it is not written as ISO 8601", asNames[want])
	case asNames[want] != "" && converts(&config.Field{As: asNames[want]}, got):
		return fmt.Sprintf("%s as: %s", map[bool]string{true: "write", false: "add"}[in.As != ""], asNames[want])
	}
	return "map another value, or correct the type in the kind: Object"
}

func memberNames(t expr.Type) string {
	var names []string
	for name := range t.Fields {
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return ": " + strings.Join(names[:min(len(names), 6)], ", ")
}

// foreign returns what is wrong with values of which the destination's field cannot have some.
func foreign(values []string, to *config.ObjectField) *mismatch {
	enum := to.Enum
	if values == nil || enum == nil {
		return nil
	}
	var wrong []string
	for _, v := range values {
		if !slices.Contains(enum, v) {
			wrong = append(wrong, v)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	m := &mismatch{code: CodeEnum, what: fmt.Sprintf("%q cannot be %s, and this can be", to.Name, listed(wrong)), hint: "it is one of " + listed(enum)}
	if len(values) == 1 {
		m.what = fmt.Sprintf("%q cannot be %s", to.Name, listed(wrong))
	}
	for _, known := range enum {
		if strings.EqualFold(known, wrong[0]) {
			m.hint = fmt.Sprintf("did you mean %q?", known)
			return m
		}
	}
	if near := diag.Nearest(wrong[0], enum); near != "" {
		m.hint = fmt.Sprintf("did you mean %q?", near)
	} else if len(values) > 1 {
		m.hint += ": translate with a lookup, or keep such records out with where"
	}
	return m
}

// tooLong returns what is wrong with a text that may be longer than the field.
func tooLong(t expr.Type, to *config.ObjectField, in *config.Field) *mismatch {
	most := t.MaxLength()
	if to.MaxLength == 0 || most <= to.MaxLength {
		return nil
	}
	m := &mismatch{
		code: CodeLength, warning: true, what: fmt.Sprintf("%q holds %d characters, and this can have %d", to.Name, to.MaxLength, most),
		hint: fmt.Sprintf("add apply: [{truncate: %d}], if the rest may be lost", to.MaxLength),
	}
	if in.Value != nil {
		m.warning, m.what, m.hint = false, fmt.Sprintf("%q holds %d characters, and this has %d", to.Name, to.MaxLength, utf8.RuneCountInString(t.Enum[0])), "shorten it"
	}
	return m
}
