package config

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/policy"
)

// TestBuiltInPacks runs the tests of the packs that come with Dray. Every rule has one that finds something and one that does not, is
// explained, and reads nothing that does not exist.
func TestBuiltInPacks(t *testing.T) {
	set, list, err := Policies(t.Context(), fstest.MapFS{}, Options{})
	if err != nil || len(list) > 0 {
		t.Fatal(err, list)
	}
	names := policy.BuiltInNames()
	results, err := set.Test(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s/%s: %s: %s", r.Pack, r.Rule, r.Name, r.Failure)
		}
	}
	if len(results) < 30 {
		t.Errorf("only %d tests were run", len(results))
	}
	for _, p := range set.Packs {
		if !slices.Contains(names, p.Name) || p.Doc == "" {
			t.Errorf("pack %q: built in %v, doc %q", p.Name, policy.BuiltInNames(), p.Doc)
		}
		for i := range p.Rules {
			r := &p.Rules[i]
			finds := slices.ContainsFunc(r.Tests, func(t policy.Test) bool { return len(t.Finds) > 0 })
			passes := slices.ContainsFunc(r.Tests, func(t policy.Test) bool { return len(t.Finds) == 0 })
			if !finds || !passes || r.Doc == "" || r.Hint == "" {
				t.Errorf("%s/%s lacks a test that finds, one that passes, its doc or its hint", p.Name, r.Name)
			}
			set.loader.checkRule(r)
		}
	}
	for _, d := range set.loader.list {
		t.Error(d)
	}
}

// ownPack is a repository with a pack of its own and n schedules.
func ownPack(n int, rule string) fstest.MapFS {
	fsys := fstest.MapFS{
		"dray.yaml":         {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\nspec: {policies: [ours]}\n")},
		"policies/ours.cue": {Data: []byte("package ours\n\nimport \"list\"\n\ninput: _\n_used: list.Max([1])\n\nrules: one: {kinds: [\"Schedule\"], severity: \"warning\", message: \"m\", " + rule + "}\n")},
	}
	for i := range n {
		fsys[fmt.Sprintf("s%d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Schedule\nmetadata: {name: s%d}\nspec: {every: %dm}\n", i, i+1)}
	}
	return fsys
}

// counted evaluates without a child, noting how many questions each request has.
func counted(asked *[]int) func(context.Context, []byte) ([]byte, error) {
	return func(_ context.Context, request []byte) ([]byte, error) {
		var r cueRequest
		if err := json.Unmarshal(request, &r); err != nil {
			return nil, err
		}
		if r.Policies != nil {
			*asked = append(*asked, len(r.Policies.Ask))
		}
		var out bytes.Buffer
		err := CUEChildMain(bytes.NewReader(request), &out)
		return out.Bytes(), err
	}
}

func TestVerdictsAreKeptUntilWhatARuleReadsChanges(t *testing.T) {
	fsys := ownPack(20, `deny: [if input.spec.every == "7m" {path: "spec.every"}]`)
	var asked []int
	o := Options{EvalCUE: counted(&asked), Cache: new(Cache)}
	load := func(want int, questions ...int) {
		t.Helper()
		asked = nil
		_, list, err := Load(t.Context(), fsys, o)
		list = slices.DeleteFunc(list, func(d diag.Diagnostic) bool { return d.Code != "policy/ours/one" })
		if err != nil || len(list) != want {
			t.Fatalf("%d findings, want %d: %v %v", len(list), want, err, list)
		}
		if !slices.Equal(asked, questions) {
			t.Errorf("asked %v, want %v", asked, questions)
		}
	}
	load(1, 0, 20) // a description, then the questions
	load(1)
	fsys["s3.yaml"].Data = bytes.ReplaceAll(fsys["s3.yaml"].Data, []byte("4m"), []byte("40m"))
	load(1, 1)
	fsys["s3.yaml"].Data = append(fsys["s3.yaml"].Data, "# nothing changes\n"...)
	load(1, 1)
	fsys["policies/ours.cue"].Data = bytes.ReplaceAll(fsys["policies/ours.cue"].Data, []byte(`"7m"`), []byte(`"8m"`))
	load(1, 0, 20)
	load(1)
}

func TestWhatIsTheSameToARuleIsAskedOnce(t *testing.T) {
	fsys := ownPack(20, `deny: [if input.spec.jitter == "1m" {path: "spec.every"}]`)
	var asked []int
	if _, _, err := Load(t.Context(), fsys, Options{EvalCUE: counted(&asked)}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(asked, []int{0, 1}) {
		t.Errorf("asked %v", asked)
	}
}

func TestPacksBeyondTheirBoundsAreADiagnostic(t *testing.T) {
	soon := func(ctx context.Context, request []byte) ([]byte, error) {
		return evaluateWithin(ctx, request, 2*time.Second)
	}
	for name, rule := range map[string]string{
		"time, when it is asked":     `deny: [for x in list.Range(0, 100000, 1) for y in list.Range(0, 100000, 1) if x*y == input.spec.every {path: "\(x)"}]`,
		"time, when it is described": `deny: [], kinds: [for x in list.Range(0, 100000, 1) for y in list.Range(0, 100000, 1) {"\(x)\(y)"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			m, list, err := Load(t.Context(), ownPack(1, rule), Options{EvalCUE: soon})
			i := slices.IndexFunc(list, func(d diag.Diagnostic) bool { return d.Code == codePolicyPack })
			unknown := slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Code == codePolicyUnknown })
			if err != nil || m != nil || i < 0 || unknown || list[i].Pos.File != "policies/ours.cue" {
				t.Errorf("model %v, error %v, %v", m, err, list)
			}
		})
	}
}

func TestAnAgentTakesTheSameRevisionOnEveryDay(t *testing.T) {
	fsys := ownPack(1, `require: metadata: description!: string`)
	fsys["dray.yaml"].Data = append(bytes.TrimSuffix(fsys["dray.yaml"].Data, []byte("}\n")), ", exemptions: [{rule: ours/one, resource: Schedule/s0, reason: it is being written, until: \"2020-01-01\"}]}\n"...)
	for name, c := range map[string]struct {
		now  time.Time
		want int
	}{"agent": {}, "CI, in time": {time.Date(2020, 1, 1, 23, 0, 0, 0, time.UTC), 0}, "CI, late": {time.Date(2020, 1, 2, 1, 0, 0, 0, time.UTC), 2}} {
		_, list, err := Load(t.Context(), fsys, Options{Now: c.now})
		found := 0
		for _, d := range list {
			if strings.HasPrefix(d.Code, "policy/") {
				found++
			}
		}
		if err != nil || found != c.want {
			t.Errorf("%s: error %v, %v", name, err, list)
		}
	}
}

func TestPoliciesCanBeSkipped(t *testing.T) {
	fsys := ownPack(1, `require: metadata: description!: string`)
	_, list, err := Load(t.Context(), fsys, Options{SkipPolicies: true})
	if err != nil || slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return strings.HasPrefix(d.Code, "policy/") }) {
		t.Error(err, list)
	}
}

// TestRulesSeeOnlyWhatTheyRead asks the rules that come with Dray with the whole input of their tests, and with what they read of it: the
// answers are the same.
func TestRulesSeeOnlyWhatTheyRead(t *testing.T) {
	set, _, err := Policies(t.Context(), fstest.MapFS{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var whole, part policy.Request
	for _, p := range set.Packs {
		for i := range p.Rules {
			r := p.Rules[i]
			for _, test := range r.Tests {
				part.Ask = append(part.Ask, policy.Question{Pack: p.Name, Rule: r.Name, Input: set.loader.testInput(&r, test)})
				all := r
				all.Reads = []policy.Read{{}}
				whole.Ask = append(whole.Ask, policy.Question{Pack: p.Name, Rule: r.Name, Input: set.loader.testInput(&all, test)})
			}
		}
	}
	whole.Files, part.Files = policy.BuiltInFiles(), policy.BuiltInFiles()
	if diff := cmp.Diff(policy.Evaluate(&whole).Answers, policy.Evaluate(&part).Answers); diff != "" {
		t.Errorf("(-whole +part):\n%s", diff)
	}
}
