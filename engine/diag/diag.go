// Package diag holds diagnostics: problems in configuration that a person can find and mend.
//
// A diagnostic names a code, a place in the user's own file, what is wrong and how to mend it. Everything that judges
// configuration collects all of them; nothing stops at the first.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says how bad a diagnostic is.
type Severity string

// The severities. Only errors keep a revision from being applied.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Pos is a place in a file of the repository. The zero Pos is unknown.
type Pos struct {
	File string `json:"file"` // relative to the repository's root, with forward slashes
	Line int    `json:"line"` // from 1; 0: the whole file
	Col  int    `json:"col"`  // from 1, in bytes; 0: the whole line
}

// String returns file:line:col, leaving out what is unknown.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
	}
}

// Before orders positions by file, line and column.
func (p Pos) Before(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}

// Diagnostic is one problem.
type Diagnostic struct {
	Code     string   `json:"code"` // package/what-is-wrong, stable
	Severity Severity `json:"severity"`
	Pos      Pos      `json:"pos"`
	Related  []Pos    `json:"related,omitempty"` // other places that matter: the first definition of a duplicate name
	Path     string   `json:"path,omitempty"`    // inside the resource: spec.fields.total.as
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
	// Environments are those it was found in, where others that were judged do not have it. Empty: all of them.
	Environments []string `json:"environments,omitempty"`
	Fix          *Fix     `json:"fix,omitempty"` // a change that mends it; nil: none is known
}

// Error returns the diagnostic as text: a line, then indented hint and see lines.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if s := d.Pos.String(); s != "" {
		b.WriteString(s + ": ")
	}
	if d.Severity == Warning {
		b.WriteString("warning: ")
	}
	if d.Path != "" {
		b.WriteString(d.Path + ": ")
	}
	fmt.Fprintf(&b, "%s%s [%s]", d.Message, d.Where(), d.Code)
	if d.Hint != "" {
		b.WriteString("\n    hint: " + strings.ReplaceAll(d.Hint, "\n", "\n          "))
	}
	for _, p := range d.Related {
		b.WriteString("\n    see: " + p.String())
	}
	return b.String()
}

// Where names the environments in brackets, where not all have the problem, else it is empty.
func (d Diagnostic) Where() string {
	if len(d.Environments) == 0 {
		return ""
	}
	return " (only in " + strings.Join(d.Environments, ", ") + ")"
}

// same reports whether two diagnostics say the same of the same place.
func (d Diagnostic) same(o Diagnostic) bool {
	return d.Pos == o.Pos && d.Code == o.Code && d.Path == o.Path && d.Message == o.Message
}

// List is a set of diagnostics. The zero List is empty and ready for use. Not safe for concurrent use.
type List []Diagnostic

// Add appends diagnostics.
func (l *List) Add(d ...Diagnostic) { *l = append(*l, d...) }

// Sorted returns the diagnostics in order of position, without repetitions.
func (l List) Sorted() List {
	s := slices.Clone(l)
	slices.SortStableFunc(s, func(a, b Diagnostic) int {
		return cmp.Or(a.Pos.Before(b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(s, Diagnostic.same)
}

// Merge returns the diagnostics of several environments as one list. What not all of them have says which do.
func Merge(environments []string, lists []List) List {
	type key struct {
		pos                 Pos
		code, path, message string
	}
	at := map[key]int{}
	var all List
	for i, list := range lists {
		for _, d := range list {
			k := key{d.Pos, d.Code, d.Path, d.Message}
			j, known := at[k]
			if !known {
				j = len(all)
				at[k], d.Environments = j, nil
				all.Add(d)
			}
			if e := environments[i]; !slices.Contains(all[j].Environments, e) {
				all[j].Environments = append(all[j].Environments, e)
			}
		}
	}
	for i := range all {
		if len(all[i].Environments) == len(environments) {
			all[i].Environments = nil
		}
	}
	return all
}

// HasErrors reports whether any diagnostic is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity != Warning })
}

// Count returns how many are errors and how many warnings.
func (l List) Count() (errors, warnings int) {
	for _, d := range l {
		if d.Severity == Warning {
			warnings++
		} else {
			errors++
		}
	}
	return errors, warnings
}

// Err returns l as an error when it holds errors, else nil.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	return l
}

// Error returns all diagnostics as text, one after the other.
func (l List) Error() string {
	parts := make([]string, len(l))
	for i, d := range l {
		parts[i] = d.Error()
	}
	return strings.Join(parts, "\n")
}

// Unwrap returns the single diagnostics.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, d := range l {
		errs[i] = d
	}
	return errs
}
