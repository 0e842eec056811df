package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/policy"
)

// PolicySet is the packs a repository can enable, with their tests. It is not safe for concurrent use.
type PolicySet struct {
	Packs   []policy.Pack // those that come with Dray, then the repository's own
	Enabled []string      // by the repository

	loader *loader
}

// PolicyTest is the outcome of one test of a rule.
type PolicyTest struct {
	Pack    string   `json:"pack"`
	Rule    string   `json:"rule"`
	Name    string   `json:"name"`
	Pos     diag.Pos `json:"pos"`
	Passed  bool     `json:"passed"`
	Failure string   `json:"failure,omitempty"`
}

// Policies finds the packs of the repository in fsys, and returns them with what is wrong with them. fsys may also hold a folder policies and
// nothing else. The error is for what kept it from reading at all.
func Policies(ctx context.Context, fsys fs.FS, o Options) (*PolicySet, diag.List, error) {
	l, err := newLoader(fsys, o)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(l.find(), l.read(ctx), l.readCUE()); err != nil {
		return nil, nil, fmt.Errorf("reading the repository: %w", err)
	}
	set := &PolicySet{loader: l, Packs: slices.Clone(policy.Evaluate(&policy.Request{Files: policy.BuiltInFiles(), Tests: true}).Packs)}
	if i := slices.IndexFunc(l.found, (*loaded).isRepository); i >= 0 {
		if r, ok := l.found[i].verdict(l.table).resource.(*Resource[Repository]); ok {
			set.Enabled = r.Spec.Policies
		}
	}
	l.list = nil // what else is wrong is not asked for
	own, err := l.ownPacks(ctx, true)
	if err != nil {
		return nil, nil, err
	}
	set.Packs = append(set.Packs, own...)
	return set, l.list.Sorted(), nil
}

// Test runs the tests of these packs.
func (s *PolicySet) Test(ctx context.Context, packs ...string) ([]PolicyTest, error) {
	var tests []PolicyTest
	for _, builtIn := range []bool{true, false} {
		request := policy.Request{Files: s.loader.policyFiles()}
		var asked []policy.Test
		first := len(tests)
		for _, p := range s.Packs {
			if !slices.Contains(packs, p.Name) || policy.IsBuiltIn(p.Name) != builtIn {
				continue
			}
			for i := range p.Rules {
				r := &p.Rules[i]
				for _, t := range r.Tests {
					asked = append(asked, t)
					tests = append(tests, PolicyTest{Pack: p.Name, Rule: r.Name, Name: t.Name, Pos: diag.Pos{File: t.At.File, Line: t.At.Line, Col: t.At.Col}})
					request.Ask = append(request.Ask, policy.Question{Pack: p.Name, Rule: r.Name, Input: s.loader.testInput(r, t)})
				}
			}
		}
		if len(asked) == 0 {
			continue
		}
		answers, err := s.loader.answersTo(ctx, &request, builtIn)
		if err != nil {
			return nil, err
		}
		if len(answers) != len(asked) {
			return nil, errors.New("the packs cannot be evaluated")
		}
		for i, a := range answers {
			tests[first+i].judge(asked[i], a)
		}
	}
	return tests, nil
}

// judge compares what a rule found with what it had to find.
func (t *PolicyTest) judge(want policy.Test, a policy.Answer) {
	if a.Problem != nil {
		t.Failure = fmt.Sprintf("%s:%d: %s", a.Problem.File, a.Problem.Line, a.Problem.Message)
		return
	}
	var found []string
	for _, f := range a.Findings {
		found = append(found, f.Path)
	}
	wanted := slices.Clone(want.Finds)
	slices.Sort(found)
	slices.Sort(wanted)
	if t.Passed = slices.Equal(found, wanted); !t.Passed {
		t.Failure = fmt.Sprintf("found %s, and should find %s", pathList(found), pathList(wanted))
	}
}

func pathList(paths []string) string {
	if len(paths) == 0 {
		return "nothing"
	}
	return strings.Join(paths, ", ")
}

// testInput returns the input of a test with every default, reduced to what the rule reads. An input without a kind is of the rule's first.
func (l *loader) testInput(r *policy.Rule, t policy.Test) json.RawMessage {
	n, err := jsonNode(t.Input)
	if err != nil || n.kind != objectNode {
		return t.Input
	}
	kind := n.str("kind")
	if kind == "" {
		kind = r.Kinds[0]
	}
	if l.table.kind(kind) == nil {
		return t.Input
	}
	in, ok := shaped(n, l.shapeOf(kind)).(objectValue)
	if !ok {
		return t.Input
	}
	in["kind"] = textValue(kind)
	for _, name := range []string{"metadata", "spec"} {
		if f := l.table.kind(kind).object.field(name); in[name] == nil && f != nil {
			in[name] = nodeValue{&node{kind: objectNode}, f.typ}
		}
	}
	if in["written"] == nil {
		in["written"] = nodeValue{n: n}
	}
	if in["environment"] == nil {
		in["environment"] = textValue("")
	}
	neutral := objectValue{"remote": boolValue(false), "loopback": boolValue(false), "endpoint": textValue(""), "writes": textsValue(nil)}
	if in["facts"] == nil && l.shapeOf(kind).fields["facts"] != nil {
		in["facts"] = neutral
	}
	if in["tests"] == nil && kind == "Mapping" {
		in["tests"] = textsValue(nil)
	}
	return newProjection(r.Reads).appendJSON(nil, in)
}

// shaped returns a value of a test with the defaults of its shape.
func shaped(n *node, s *shape) policyValue {
	if s == nil || s.t != nil || n.kind != objectNode {
		v := nodeValue{n: n}
		if s != nil {
			v.t = s.t
		}
		return v
	}
	v := objectValue{}
	for i, k := range n.keys {
		v[k.text] = shaped(n.items[i], s.child(k.text))
	}
	return v
}
