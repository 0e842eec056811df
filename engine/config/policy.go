package config

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/policy"
)

// policies are the rules that a repository enables, while it is judged. nil: none.
type policies struct {
	rules      []enabledRule
	byKind     map[string]*kindRules
	identity   string // differs whenever a rule does
	exemptions []exemption
}

// An enabledRule is a rule with the pack it is of.
type enabledRule struct {
	policy.Rule
	pack    string
	builtIn bool
	reads   *projection
	when    *projection // nil: the condition, if there is one, is not asked by itself
}

func (r *enabledRule) code() string { return "policy/" + r.pack + "/" + r.Name }

// kindRules are the rules for one kind.
type kindRules struct {
	rules []int           // indexes
	reads map[string]bool // the parts of the input that any of them reads
}

// loadPolicies finds the rules that the repository enables.
func (l *loader) loadPolicies(ctx context.Context, spec Repository, repository *loaded) error {
	if l.o.SkipPolicies {
		return nil
	}
	own, err := l.ownPacks(ctx, false)
	if err != nil {
		return err
	}
	packs := append(slices.Clone(l.cache.builtInPacks()), own...)
	l.unusedPacks(own, spec)
	if len(spec.Policies) == 0 && len(spec.Exemptions) == 0 {
		return nil
	}
	l.policies = &policies{byKind: map[string]*kindRules{}}
	for i, name := range spec.Policies {
		at := slices.IndexFunc(packs, func(p policy.Pack) bool { return p.Name == name })
		if at < 0 {
			if own != nil || l.policyFiles() == nil { // else it may be there, and cannot be read, which is reported
				l.unknownPack(repository, i, name, packs)
			}
			continue
		}
		if !slices.Contains(spec.Policies[:i], name) {
			l.policies.enable(packs[at])
		}
	}
	identity, err := json.Marshal([]any{l.policies.rules, l.policyFiles()})
	if err != nil {
		return err
	}
	l.policies.identity = digestOf(identity)
	l.findExemptions(spec, repository, packs)
	return nil
}

// enable adds the rules of a pack.
func (p *policies) enable(pack policy.Pack) {
	for _, r := range pack.Rules {
		e := enabledRule{Rule: r, pack: pack.Name, builtIn: policy.IsBuiltIn(pack.Name), reads: newProjection(r.Reads)}
		if r.When != nil {
			e.when = newProjection(r.When)
		}
		for _, kind := range r.Kinds {
			k := p.byKind[kind]
			if k == nil {
				k = &kindRules{reads: map[string]bool{}}
				p.byKind[kind] = k
			}
			k.rules = append(k.rules, len(p.rules))
			k.read(r.Reads)
		}
		p.rules = append(p.rules, e)
	}
}

// read notes the parts of the input that are read.
func (k *kindRules) read(reads []policy.Read) {
	for _, r := range reads {
		if len(r.Path) > 0 {
			k.reads[r.Path[0]] = true
			continue
		}
		for _, all := range []string{"written", "source", "destination", "connections", "facts", "mapping", "mappings", "schedule"} {
			k.reads[all] = true
		}
	}
}

// unknownPack reports a pack that is enabled and does not exist.
func (l *loader) unknownPack(repository *loaded, i int, name string, packs []policy.Pack) {
	names := packNames(packs)
	hint := "the packs are " + andList(names) + "; your own are CUE packages in " + policy.Folder + "/, by the name of their package clause"
	if strings.Contains(name, "/") || strings.HasSuffix(name, ".cue") {
		hint = "write the name of the pack, which is that of its package clause, and not its file"
	}
	base := strings.TrimSuffix(path.Base(name), ".cue")
	if near := diag.Nearest(base, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if slices.Contains(names, base) {
		hint = fmt.Sprintf("write %s: a pack is named by its package clause, not by its file", base)
	}
	n, _ := repository.tree().at([]segment{{name: "spec"}, {name: "policies"}})
	if i := slices.IndexFunc(n.items, func(n *node) bool { return n.text == name }); i >= 0 {
		n = n.items[i]
	}
	l.list.Add(diag.Diagnostic{Code: codePolicyUnknown, Severity: diag.Error, Pos: repository.at(n), Path: fmt.Sprintf("spec.policies[%d]", i), Message: fmt.Sprintf("there is no policy pack %q", name), Hint: hint})
}

func packNames(packs []policy.Pack) []string {
	names := make([]string, len(packs))
	for i, p := range packs {
		names[i] = p.Name
	}
	slices.Sort(names)
	return names
}

// unusedPacks warns of packs of the repository that it does not enable.
func (l *loader) unusedPacks(own []policy.Pack, spec Repository) {
	for _, p := range own {
		if !slices.Contains(spec.Policies, p.Name) && len(p.Rules) > 0 {
			l.list.Add(diag.Diagnostic{Code: codePolicyUnused, Severity: diag.Warning, Pos: diag.Pos{File: p.Files[0], Line: 1, Col: 1}, Message: fmt.Sprintf("the policy pack %q is not enabled", p.Name), Hint: fmt.Sprintf("add it in dray.yaml: spec: {policies: [%s]}", p.Name)})
		}
	}
}

// policyFiles returns the files that the repository's own packs are made of: all in CUE, for they may import each other.
func (l *loader) policyFiles() map[string]string {
	for name := range l.cueFiles {
		if strings.HasPrefix(name, policy.Folder+"/") {
			return l.cueFiles
		}
	}
	return nil
}

// ownPacks has a child describe the packs of the repository, and reports what is wrong with them.
func (l *loader) ownPacks(ctx context.Context, tests bool) ([]policy.Pack, error) {
	files := l.policyFiles()
	if files == nil {
		return nil, nil
	}
	asked, err := json.Marshal(cueRequest{Version: cueVersion, Policies: &policy.Request{Files: files, Tests: tests}})
	if err != nil {
		return nil, err
	}
	answer, err := l.ask(ctx, asked)
	switch {
	case errors.Is(err, errChildBound):
		l.packProblem(policy.Problem{Problem: cuebuild.Problem{File: firstBelow(files, policy.Folder+"/"), Line: 1, Col: 1, Message: err.Error()}, Hint: hintBound})
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading policies: %w", err)
	case answer.Policies == nil:
		return nil, errors.New("reading policies: the CUE child has not answered")
	}
	for _, p := range answer.Policies.Problems {
		l.packProblem(p)
	}
	var own []policy.Pack
	for _, p := range answer.Policies.Packs {
		if policy.IsBuiltIn(p.Name) {
			l.packProblem(policy.Problem{Problem: cuebuild.Problem{File: p.Files[0], Line: 1, Col: 1, Message: fmt.Sprintf("a pack named %q comes with Dray", p.Name)}, Hint: "give yours another name in its package clause"})
			continue
		}
		for i := range p.Rules {
			l.checkRule(&p.Rules[i])
		}
		own = append(own, p)
	}
	return own, nil
}

func firstBelow(files map[string]string, prefix string) string {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, prefix) {
			return name
		}
	}
	return ""
}

func (l *loader) packProblem(p policy.Problem) {
	l.list.Add(diag.Diagnostic{Code: codePolicyPack, Severity: diag.Error, Pos: diag.Pos{File: p.File, Line: p.Line, Col: p.Col}, Path: p.Path, Message: p.Message, Hint: cmp.Or(p.Hint, defaultHint(codePolicyPack))})
}
