package policy

import (
	"encoding/json"
	"errors"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/engine/diag"
)

// Folder is where the packs of a repository lie.
const Folder = "policies"

// A Request asks for the packs in files, and for verdicts of their rules.
type Request struct {
	Files map[string]string `json:"files"` // by path: the packs below [Folder], and what they import
	Tests bool              `json:"tests,omitempty"`
	When  []Question        `json:"when,omitempty"` // whether the conditions of rules hold
	Ask   []Question        `json:"ask,omitempty"`
}

// A Question asks what a rule says of an input. The input holds at least what the rule, or its condition, reads.
type Question struct {
	Pack  string          `json:"pack"`
	Rule  string          `json:"rule"`
	Input json.RawMessage `json:"input"`
	// If is the number, from 1, of the condition in When that decides whether the question is asked at all. 0: it always is.
	If int `json:"if,omitempty"`
}

// A Response is the packs, an answer to each question, and what is wrong with the packs.
type Response struct {
	Packs    []Pack    `json:"packs"`
	Answers  []Answer  `json:"answers,omitempty"`
	Problems []Problem `json:"problems,omitempty"`
}

// A Pack is rules that are enabled together.
type Pack struct {
	Name    string   `json:"name"`
	Doc     string   `json:"doc,omitempty"` // what it is for
	BuiltIn bool     `json:"builtIn,omitempty"`
	Files   []string `json:"files"`
	Rules   []Rule   `json:"rules"` // by name
}

// A Rule judges resources of some kinds.
type Rule struct {
	Name     string            `json:"name"`
	Kinds    []string          `json:"kinds"`
	Severity diag.Severity     `json:"severity"`
	Doc      string            `json:"doc,omitempty"`     // why, in a sentence
	Message  string            `json:"message,omitempty"` // empty where it depends on the input
	Hint     string            `json:"hint,omitempty"`
	At       cuebuild.Position `json:"at"`
	Reads    []Read            `json:"reads"`
	When     []Read            `json:"when,omitempty"` // what the condition reads, where it can be asked by itself
	Tests    []Test            `json:"tests,omitempty"`
}

// A Read is a path of the input that a rule looks at: all of what is there, or only whether there is something. An empty path is the
// whole input.
type Read struct {
	Path     []string          `json:"path"`
	Presence bool              `json:"presence,omitempty"`
	At       cuebuild.Position `json:"at"`
}

// A Test is an input of a rule, and the paths of what the rule must find in it. None: the input must pass.
type Test struct {
	Name  string            `json:"name"`
	Input json.RawMessage   `json:"input"`
	Finds []string          `json:"finds"`
	At    cuebuild.Position `json:"at"`
}

// An Answer is what a rule found. Problem says why the rule could not be evaluated.
type Answer struct {
	Findings []Finding `json:"findings,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"`
}

// A Finding is a violation of a rule.
type Finding struct {
	Path    string `json:"path,omitempty"` // inside the resource; empty: all of it
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// A Problem is a mistake in a pack.
type Problem struct {
	cuebuild.Problem
	Hint string `json:"hint,omitempty"`
}

// What a pack may say. A pack is written by people, for people.
const (
	maxText     = 1000 // bytes of a message, a hint, a path
	maxFindings = 100  // of one rule in one input
)

// Check refuses an answer that goes beyond the bounds, or that does not fit the request: a child evaluated what strangers wrote.
func (r *Response) Check(asked int) error {
	if len(r.Answers) != 0 && len(r.Answers) != asked || len(r.Answers) == 0 && asked > 0 && len(r.Problems) == 0 {
		return errors.New("the answers do not fit the questions")
	}
	for i := range r.Answers {
		a := &r.Answers[i]
		if len(a.Findings) > maxFindings {
			a.Findings = a.Findings[:maxFindings]
		}
		for j := range a.Findings {
			f := &a.Findings[j]
			f.Path, f.Message, f.Hint = cut(f.Path), cut(f.Message), cut(f.Hint)
		}
	}
	return nil
}

func cut(s string) string {
	if len(s) > maxText {
		return s[:maxText] + "…"
	}
	return s
}
