package sqlite

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dray-sync/dray/adapters/record"
)

// affinity is what SQLite turns a column's values into where it can.
type affinity uint8

const (
	none affinity = iota
	text
	numeric
	integer
	real
)

// affinity follows section 3.1 of SQLite's description of datatypes.
func (c column) affinity() affinity {
	has := func(word string) bool { return strings.Contains(c.declared, word) }
	switch {
	case has("INT"):
		return integer
	case has("CHAR"), has("CLOB"), has("TEXT"):
		return text
	case has("BLOB"), c.declared == "", c.declared == "ANY":
		return none
	case has("REAL"), has("FLOA"), has("DOUB"):
		return real
	default:
		return numeric
	}
}

// fromDatabase returns a column's value, or the rule it breaks.
func (c column) fromDatabase(v any) (record.Value, string) {
	switch v := v.(type) {
	case nil:
		return record.NullValue, ""
	case int64:
		return c.typed(record.IntValue(v))
	case float64:
		n, ok := decimalOf(v)
		if !ok {
			return record.Value{}, "not a finite number"
		}
		return c.typed(n)
	case string:
		if !utf8.ValidString(v) {
			return record.Value{}, "not UTF-8"
		}
		return c.typed(record.StringValue(v))
	case []byte:
		return record.BytesValue(v), ""
	default:
		return record.Value{}, "a type SQLite does not have"
	}
}

// decimalOf returns the shortest decimal that stands for f, always with a point.
func decimalOf(f float64) (record.Value, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return record.Value{}, false
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	n, err := record.ParseNumber(s)
	return n, err == nil
}

// typed gives a value the type that the user said the column has.
func (c column) typed(v record.Value) (record.Value, string) {
	switch {
	case c.asked == "" || (c.asked == "int" && v.Kind() == record.Int) || (c.asked == "string" && v.Kind() == record.String):
		return v, ""
	case c.asked == "string":
		return record.StringValue(v.Text()), ""
	case c.asked == "bool":
		if n, ok := v.Int64(); ok && (n == 0 || n == 1) {
			return record.BoolValue(n == 1), ""
		}
		return record.Value{}, "not 0 or 1"
	}
	n, err := record.ParseNumber(v.Text())
	switch {
	case err != nil:
		return record.Value{}, "not a number"
	case c.asked == "int" && n.Kind() != record.Int:
		return record.Value{}, "not a whole number"
	}
	return n, ""
}

// toDatabase returns what to bind for v, or the rule it breaks.
func (c column) toDatabase(v record.Value) (any, string) {
	v, err := v.Expand()
	if err != nil {
		return nil, "not valid JSON"
	}
	switch v.Kind() {
	case record.Absent, record.Null:
		return nil, ""
	case record.Bool:
		if v.Bool() {
			return int64(1), ""
		}
		return int64(0), ""
	case record.Int, record.Decimal:
		return c.number(v)
	case record.String:
		return c.text(v.Text())
	case record.Bytes:
		return []byte(v.Text()), ""
	case record.Date, record.Time, record.Timestamp:
		return string(v.AppendISO(nil)), ""
	case record.List, record.Object:
		return string(v.AppendJSON(nil)), ""
	default:
		return nil, "a " + v.Kind().String() + " cannot be stored in a column"
	}
}

const inexact = "has more digits than a numeric column of SQLite keeps; declare the column TEXT"

// number binds a number so that SQLite keeps every digit of it.
func (c column) number(v record.Value) (any, string) {
	n, small := v.Int64()
	a := c.affinity()
	switch {
	case a == text || (a == none && !small):
		return v.Text(), ""
	case small && a != real:
		return n, ""
	}
	f, err := strconv.ParseFloat(v.Text(), 64)
	if err != nil {
		return nil, inexact
	}
	if back, ok := decimalOf(f); !ok || !back.Equal(v) {
		return nil, inexact
	}
	return f, ""
}

// text binds a text. A numeric column would turn one that looks like a number into one.
func (c column) text(s string) (any, string) {
	if !utf8.ValidString(s) {
		return nil, "not UTF-8"
	}
	if a := c.affinity(); a == text || a == none {
		return s, ""
	}
	if n, err := record.ParseNumber(s); err == nil {
		return c.number(n)
	}
	if _, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil && !strings.ContainsAny(s, "xXnN_") {
		return nil, "a numeric column would not keep this text as it is written"
	}
	return s, ""
}

// ownCopy returns a copy of a key that says what it is, not how it came.
func ownCopy(v record.Value) record.Value {
	if e, err := v.Expand(); err == nil {
		v = e
	}
	return v.Clone()
}
