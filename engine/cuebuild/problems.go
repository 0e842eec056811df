package cuebuild

import (
	"slices"
	"strings"

	cueerrors "cuelang.org/go/cue/errors"
)

// A Problem is an error of the evaluator.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
}

// Problems returns the errors of the evaluator, each place and message once. The alternatives of a disjunction are left out where
// something better is said. file is where those stand that have no place in the set.
func (s *Set) Problems(err error, file string) []Problem {
	var found []Problem
	for _, one := range cueerrors.Errors(err) {
		p := Problem{File: file, Message: Message(one), Path: strings.Join(one.Path(), ".")}
		for _, pos := range cueerrors.Positions(one) {
			if name := strings.TrimPrefix(pos.Filename(), "/"); s.isOwn(name) {
				p.File, p.Line, p.Col = name, pos.Line(), pos.Column()
				break
			}
		}
		same := func(q Problem) bool {
			return q.File == p.File && (q.Line == p.Line && q.Col == p.Col && q.Message == p.Message || ofSyntax(q) && ofSyntax(p))
		}
		if !slices.ContainsFunc(found, same) {
			found = append(found, p)
		}
	}
	var kept []Problem
	for _, p := range found {
		better := func(q Problem) bool { return !ofDisjunction(q) && strings.HasPrefix(q.Path, p.Path) }
		if !ofDisjunction(p) || !slices.ContainsFunc(found, better) {
			kept = append(kept, p)
		}
	}
	return kept
}

// ofDisjunction reports whether a problem says no more than that an alternative does not fit.
func ofDisjunction(p Problem) bool {
	return strings.Contains(p.Message, "in empty disjunction") || strings.Contains(p.Message, "mismatched types")
}

// ofSyntax reports whether a problem is one of reading the text: what is said after the first in a file follows from it.
func ofSyntax(p Problem) bool {
	return strings.HasPrefix(p.Message, "expected ") || strings.HasPrefix(p.Message, "missing ',") || strings.Contains(p.Message, "not terminated")
}

func (s *Set) isOwn(name string) bool {
	_, ok := s.files[name]
	return ok
}

// Message returns an error's text in one line.
func Message(err cueerrors.Error) string {
	text := err.Error() // with what lies beneath
	if path := strings.Join(err.Path(), "."); path != "" {
		text = strings.TrimPrefix(text, path+": ")
	}
	return strings.Join(strings.Fields(text), " ")
}
