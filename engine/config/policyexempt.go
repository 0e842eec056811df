package config

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/policy"
)

// maxExemption is how far ahead an exemption may end.
const maxExemption = 366 * 24 * time.Hour

// exemption is one of the repository's, and what it has been good for.
type exemption struct {
	Exemption
	at      *node
	expired bool
	bad     bool // its rule does not exist, which has been reported
	names   bool // it names a resource that exists
	blind   bool // it names a resource that has mistakes, and so was not judged
	used    bool
}

// findExemptions reads the exemptions and reports those that can do nothing, or too much.
func (l *loader) findExemptions(spec Repository, repository *loaded, packs []policy.Pack) {
	if list, _ := repository.tree().at([]segment{{name: "spec"}, {name: "exemptions"}}); len(list.items) != len(spec.Exemptions) {
		return // some cannot be read, which has been reported
	}
	for i, x := range spec.Exemptions {
		n, _ := repository.tree().at([]segment{{name: "spec"}, {name: "exemptions"}, {index: i}})
		found := exemption{Exemption: x, at: n}
		where := fmt.Sprintf("spec.exemptions[%d]", i)
		if !l.exemptRule(repository, &found, where, packs) {
			found.bad = true
		}
		until, err := time.Parse(time.DateOnly, x.Until)
		now := l.o.Now.UTC()
		switch {
		case err != nil || l.o.Now.IsZero(): // a bad value is reported as one
		case until.AddDate(0, 0, 1).Before(now):
			if found.expired = true; found.bad {
				break
			}
			l.exemptProblem(repository, n, diag.Warning, codePolicyExpired, where, "until", "the exemption ended on "+x.Until, "mend what it was for and remove it, or give it a new end and say why")
		case until.Sub(now) > maxExemption:
			l.exemptProblem(repository, n, diag.Error, codePolicyExemption, where, "until", "the exemption lasts for more than a year", "choose a day within a year: an exemption that nobody looks at again is a rule switched off")
		}
		l.policies.exemptions = append(l.policies.exemptions, found)
	}
}

func (l *loader) exemptProblem(repository *loaded, n *node, severity diag.Severity, code, where, field, message, hint string) {
	at := n
	if v := n.get(field); v != nil {
		at = v
	}
	l.list.Add(diag.Diagnostic{Code: code, Severity: severity, Pos: repository.at(at), Path: where + "." + field, Message: message, Hint: hint})
}

// exemptRule judges whether the rule of an exemption is one that is enabled.
func (l *loader) exemptRule(repository *loaded, x *exemption, where string, packs []policy.Pack) bool {
	if x.Rule == "" {
		return false
	}
	var names []string
	for i := range l.policies.rules {
		r := &l.policies.rules[i]
		if name := r.pack + "/" + r.Name; name == x.Rule {
			return true
		} else {
			names = append(names, name)
		}
	}
	message, hint := fmt.Sprintf("there is no rule %q", x.Rule), "see dray policy list"
	pack, rule, _ := strings.Cut(x.Rule, "/")
	if i := slices.IndexFunc(packs, func(p policy.Pack) bool { return p.Name == pack }); i >= 0 && slices.ContainsFunc(packs[i].Rules, func(r policy.Rule) bool { return r.Name == rule }) {
		message, hint = fmt.Sprintf("the pack %q is not enabled", pack), "remove the exemption, or enable the pack under spec.policies"
	} else if near := diag.Nearest(strings.TrimPrefix(x.Rule, "policy/"), names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if slices.Contains(names, strings.TrimPrefix(x.Rule, "policy/")) {
		hint = fmt.Sprintf("write %s", strings.TrimPrefix(x.Rule, "policy/"))
	}
	l.exemptProblem(repository, x.at, diag.Error, codePolicyExemption, where, "rule", message, hint)
	return false
}

// exempted reports whether a finding is excused, and remembers by what.
func (e *environment) exempted(rule *enabledRule, r *loaded) bool {
	found := false
	for i := range e.policies.exemptions {
		x := &e.policies.exemptions[i]
		if x.bad || x.Rule != rule.pack+"/"+rule.Name || !x.covers(r) {
			continue
		}
		x.used = true
		found = found || !x.expired
	}
	return found
}

func (x *exemption) covers(r *loaded) bool {
	ok, _ := path.Match(x.Resource, r.key())
	return ok
}

// noteExempt remembers which exemptions name a resource of this environment.
func (e *environment) noteExempt() {
	if e.policies == nil {
		return
	}
	for i := range e.policies.exemptions {
		x := &e.policies.exemptions[i]
		for _, r := range e.resources {
			if x.covers(r) {
				x.names, x.blind = true, x.blind || e.wrong(r)
			}
		}
	}
}

// leftoverExemptions reports exemptions that name nothing, or excuse nothing, in any of the environments.
func (l *loader) leftoverExemptions(repository *loaded) {
	if l.policies == nil {
		return
	}
	for i := range l.policies.exemptions {
		x := &l.policies.exemptions[i]
		where := fmt.Sprintf("spec.exemptions[%d]", i)
		switch {
		case x.Resource == "":
		case !x.names:
			hint := "write the kind and the name, as in Touchpoint/orders; * stands for any name"
			if near := nearestSorted(x.Resource, l.keys()); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			l.exemptProblem(repository, x.at, diag.Error, codePolicyExemption, where, "resource", fmt.Sprintf("there is no resource %q", x.Resource), hint)
		case !x.used && !x.bad && !x.expired && !x.blind:
			l.exemptProblem(repository, x.at, diag.Warning, codePolicyExemptUnused, where, "rule", "the rule finds nothing that this excuses", "remove the exemption")
		}
	}
}

// keys returns kind and name of every resource in YAML.
func (l *loader) keys() []string {
	var keys []string
	for _, r := range l.found {
		keys = append(keys, r.key())
	}
	return keys
}
