package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pack returns a request for one pack, ours.
func pack(text string) *Request {
	return &Request{Files: map[string]string{"policies/ours.cue": "package ours\n\nimport \"strings\"\n\ninput: _\n_used: strings.MinRunes(1)\n" + text}}
}

// reads returns what a rule reads, as paths; ? marks those that are only asked for.
func reads(rs []Read) []string {
	var all []string
	for _, r := range rs {
		text := strings.Join(r.Path, ".")
		if r.Presence {
			text += "?"
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

func TestReadsOfARule(t *testing.T) {
	for name, c := range map[string]struct {
		rule string
		want []string
	}{
		"require":                   {`require: {metadata: labels: owner!: string, spec: stopAfter: >0}`, []string{"metadata.labels.owner", "spec.stopAfter"}},
		"require that is closed":    {`require: close({metadata: _})`, []string{""}},
		"require with a pattern":    {`require: spec: {[string]: _}`, []string{"spec"}},
		"require with a comparison": {`require: spec: a: <=input.spec.b`, []string{"spec.a", "spec.b"}},
		"require of two":            {`require: {spec: a: 1} & {spec: b: 2}`, []string{"spec.a", "spec.b"}},
		"deny":                      {`deny: [if input.spec.a == "x" {path: "spec.a"}]`, []string{"spec.a"}},
		"quoted":                    {`deny: [if input["spec"]["a-b"] == "x" {path: ""}]`, []string{"spec.a-b"}},
		"computed":                  {`deny: [for k in ["a"] if input.spec[k] == input.kind {path: ""}]`, []string{"kind", "spec"}},
		"asked for":                 {`deny: [if input.spec.a == _|_ {path: ""}, if _|_ != input.spec.b {path: ""}]`, []string{"spec.a?", "spec.b?"}},
		"asked for and used":        {`deny: [if input.spec.a != _|_ if input.spec.a > 1 {path: ""}]`, []string{"spec.a"}},
		"asked for above":           {`deny: [if input.spec != _|_ if input.spec.a > 1 {path: ""}]`, []string{"spec.a", "spec?"}},
		"default":                   {`let a = *input.spec.a | 0, deny: [if a > 1 {path: ""}]`, []string{"spec.a"}},
		"all of it":                 {`let all = input, deny: [if all.spec.a > 1 {path: ""}]`, []string{""}},
		"interpolation":             {`deny: [{path: "\(input.spec.a)"}]`, []string{"spec.a"}},
		"a list":                    {`deny: [for x in input.spec.list if x.a > input.spec.list[0].a {path: ""}]`, []string{"spec.list"}},
		"a field named so":          {`deny: [{path: "", message: {input: 1, m: "x"}.m}]`, nil},
		"another rule":              {`deny: rules.second.deny`, []string{""}},
		"a guard":                   {`if input.spec.a == 1 {require: spec: b: 2}`, []string{"spec.a", "spec.b"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Evaluate(pack(`rules: first: {kinds: ["Touchpoint"], message: "m", ` + c.rule + "}\nrules: second: {kinds: [\"Touchpoint\"], message: \"m\", deny: []}\n"))
			if len(r.Problems) > 0 || len(r.Packs) != 1 || len(r.Packs[0].Rules) != 2 {
				t.Fatalf("got %+v", r)
			}
			if diff := cmp.Diff(c.want, reads(r.Packs[0].Rules[0].Reads)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRulesMadeByRulesReadEverythingAround(t *testing.T) {
	r := Evaluate(pack("_seen: input.spec.all\nrules: {for k in [\"a\", \"b\"] {\"made-\\(k)\": {kinds: [\"Touchpoint\"], message: \"m\", require: spec: (k): _}}}\n"))
	if len(r.Problems) > 0 || len(r.Packs[0].Rules) != 2 {
		t.Fatalf("got %+v", r)
	}
	if got := reads(r.Packs[0].Rules[0].Reads); !slices.Contains(got, "spec") {
		t.Errorf("got %v", got)
	}
}

func TestAnswers(t *testing.T) {
	const input = `{"kind":"Touchpoint","metadata":{"name":"orders"},"spec":{"a":5,"list":[{"a":1},{"a":9}],"text":"x"}}`
	for name, c := range map[string]struct {
		rule    string
		want    []Finding
		problem string
	}{
		"fits":                   {rule: `require: spec: a: >3`},
		"does not fit":           {rule: `require: spec: a: >5`, want: []Finding{{Path: "spec.a", Message: "m orders"}}},
		"missing":                {rule: `require: spec: b!: string`, want: []Finding{{Path: "spec.b", Message: "m orders"}}},
		"in a list":              {rule: `require: spec: list: [...{a: <5}]`, want: []Finding{{Path: "spec.list[1].a", Message: "m orders"}}},
		"one of several":         {rule: `require: spec: text: "a" | "b"`, want: []Finding{{Path: "spec.text", Message: "m orders"}}},
		"a path by itself":       {rule: `deny: [if input.spec.a == 5 {"spec.a"}]`, want: []Finding{{Path: "spec.a", Message: "m orders"}}},
		"words of its own":       {rule: `deny: [{path: "spec.a", message: "five", hint: "six"}]`, want: []Finding{{Path: "spec.a", Message: "five", Hint: "six"}}},
		"the condition does not": {rule: `when: input.spec.a > 5, deny: [{path: "spec.a"}]`},
		"the condition holds":    {rule: `when: input.spec.a > 4, deny: [{path: "spec.a"}]`, want: []Finding{{Path: "spec.a", Message: "m orders"}}},
		"a field is missing":     {rule: `deny: [if input.spec.b == 1 {path: ""}]`, problem: "undefined field: b"},
		"a guard is missing":     {rule: `if input.spec.b == 1 {require: spec: a: 1}`, problem: "undefined field: b"},
		"a condition is missing": {rule: `when: input.spec.b == 1, deny: []`, problem: "undefined field: b"},
		"a wrong type":           {rule: `deny: [if input.spec.text > 5 {path: ""}]`, problem: "invalid operands"},
		"no list":                {rule: `deny: {path: "spec.a"}`, problem: "cannot use"},
	} {
		t.Run(name, func(t *testing.T) {
			r := pack(`rules: one: {kinds: ["Touchpoint"], message: "m \(input.metadata.name)", ` + c.rule + "}\nrules: other: {kinds: [\"Touchpoint\"], message: \"m\", deny: [if input.spec.zzz == 1 {path: \"\"}]}\n")
			r.Ask = []Question{{Pack: "ours", Rule: "one", Input: json.RawMessage(input)}}
			a := Evaluate(r)
			if len(a.Problems) > 0 || len(a.Answers) != 1 {
				t.Fatalf("got %+v", a)
			}
			got := a.Answers[0]
			if diff := cmp.Diff(c.want, got.Findings); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (got.Problem == nil) != (c.problem == "") || got.Problem != nil && (!strings.Contains(got.Problem.Message, c.problem) || got.Problem.File != "policies/ours.cue" || got.Problem.Line == 0) {
				t.Errorf("problem %+v, want %q in the pack's file", got.Problem, c.problem)
			}
		})
	}
}

func TestConditionsDecideWhichQuestionsAreAsked(t *testing.T) {
	r := pack(`rules: one: {kinds: ["Touchpoint"], message: "m", when: input.spec.a > 1, deny: [{path: "spec.b"}]}`)
	r.When = []Question{{Pack: "ours", Rule: "one", Input: json.RawMessage(`{"spec":{"a":1}}`)}, {Pack: "ours", Rule: "one", Input: json.RawMessage(`{"spec":{"a":2}}`)}, {Pack: "ours", Rule: "one", Input: json.RawMessage(`{}`)}}
	for i := range 4 {
		r.Ask = append(r.Ask, Question{Pack: "ours", Rule: "one", Input: json.RawMessage(`{"spec":{"a":2}}`), If: i})
	}
	var got []int
	var problems []bool
	for _, a := range Evaluate(r).Answers {
		got, problems = append(got, len(a.Findings)), append(problems, a.Problem != nil)
	}
	if diff := cmp.Diff([]int{1, 0, 1, 0}, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bool{false, false, false, true}, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestAnswersOfAChildAreBounded(t *testing.T) {
	long := strings.Repeat("x", 5000)
	r := &Response{Answers: []Answer{{Findings: slices.Repeat([]Finding{{Path: long, Message: long, Hint: long}}, 500)}}}
	if err := r.Check(1); err != nil {
		t.Fatal(err)
	}
	if f := r.Answers[0].Findings; len(f) > maxFindings || len(f[0].Message) > maxText+10 || len(f[0].Path) > maxText+10 || len(f[0].Hint) > maxText+10 {
		t.Errorf("%d findings, %d bytes", len(f), len(f[0].Message))
	}
	if err := r.Check(2); err == nil {
		t.Error("one answer to two questions is taken")
	}
	if err := new(Response).Check(1); err == nil {
		t.Error("no answer and no problem is taken")
	}
}
