package config

import (
	"encoding/json"
)

// MappingTest is the cases of one mapping.
type MappingTest struct {
	Mapping    string `json:"mapping"`
	Touchpoint string `json:"touchpoint,omitempty"`
	Now        string `json:"now,omitempty"`
	// Cases are all cases, once loaded: each row of a table and each record of a file is one, and has no Rows.
	Cases []TestCase `json:"cases"`
}

// TestCase is one case: an input, and what must come of it. Exactly one of the expectations is set.
type TestCase struct {
	Name           string                     `json:"name"`
	Input          json.RawMessage            `json:"input"` // once loaded the record itself, with Set and Remove done
	Set            map[string]json.RawMessage `json:"set,omitempty"`
	Remove         []string                   `json:"remove,omitempty"`
	Given          *Given                     `json:"given,omitempty"`
	Now            string                     `json:"now,omitempty"`           // RFC 3339; empty: that of the test
	Expect         json.RawMessage            `json:"expect,omitempty"`        // a subset of the output
	ExpectExactly  json.RawMessage            `json:"expectExactly,omitempty"` // the whole output
	ExpectRejected *Rejection                 `json:"expectRejected,omitempty"`
	ExpectSkipped  bool                       `json:"expectSkipped,omitempty"`
	ExpectFiltered bool                       `json:"expectFiltered,omitempty"`
	ExpectParked   bool                       `json:"expectParked,omitempty"`
	Rows           []TestCase                 `json:"rows,omitempty"`
	// Path is that of the case, or of the row, inside the test: spec.cases[1].rows[0].
	Path string `json:"-"`
	// ExpectedAt is the path of the case or row that says what is expected: Path, or for a row the case around it.
	ExpectedAt string `json:"-"`
	// Expected is where in a file the expectation stands. The zero RecordPlace: in the test itself.
	Expected RecordPlace `json:"-"`
}

// RecordPlace is one record of a file of the repository.
type RecordPlace struct {
	File  string
	Line  int // where it begins, from 1
	Index int // which record of the file it is, from 0
}

// Given is what takes the place of the world outside.
type Given struct {
	// Lookups replaces lookups: by name, from key (several keys joined with |) to value.
	Lookups map[string]map[string]json.RawMessage `json:"lookups,omitempty"`
	// Steps is what the steps of the touchpoint have found, by name.
	Steps map[string]json.RawMessage `json:"steps,omitempty"`
}

// Rejection is the field, rule and check that a case must be rejected by. What is empty may be anything.
type Rejection struct {
	Field string `json:"field,omitempty"`
	Rule  string `json:"rule,omitempty"`
	Check string `json:"check,omitempty"`
}
