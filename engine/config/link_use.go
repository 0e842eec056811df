package config

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/engine/diag"
)

// usable are the kinds that are there to be used, each with the kind that uses it. A test of a mapping, and the fields of an object,
// describe what they name and do not use it.
var usable = []struct{ kind, user, hint string }{
	{"Mapping", "Touchpoint", "name it in a touchpoint, or remove it with its tests"},
	{"Connection", "Touchpoint", "name it in a touchpoint, or remove it"},
	{"Schedule", "Touchpoint", "name it in a touchpoint, or remove it"},
	{"Lookup", "Mapping", "name it in a field of a mapping, or remove it"},
	{"Credential", "Connection", "name it in a connection, or remove it: a secret that nothing needs is only a risk"},
	{"Application", "Connection", "name it in a connection, or remove it"},
}

// describers are the kinds that name others without using them.
var describers = []string{"MappingTest", "Object"}

// usedKeys returns the resources of this environment that others use, by kind/name.
func (e *environment) usedKeys() map[string]bool {
	used := map[string]bool{}
	for _, r := range e.resources {
		if slices.Contains(describers, r.v.kind) {
			continue
		}
		for _, ref := range r.v.refs {
			if r.v.kind != "Mapping" || ref.kind == "Lookup" { // what else a mapping names says what its records look like
				used[ref.kind+"/"+ref.node.text] = true
			}
		}
		if c, ok := r.v.resource.(*Resource[Connection]); ok {
			used["Application/"+c.Spec.Application] = true
		}
	}
	return used
}

// unused warns of what is there to be used and is not, in any environment. Nothing is said of what has mistakes of its own, where a
// mistake elsewhere may be the reason, or in a repository that has no touchpoint yet.
func (l *loader) unused(environments []*environment) {
	known := unusedBefore(environments)
	if known == nil {
		known = &unusedSaid{environments: len(environments), list: l.findUnused(environments)}
	}
	for _, e := range environments {
		e.unusedSaid = known
	}
	l.list.Add(known.list...)
}

// unusedSaid is what was said of resources that nothing uses in some environments.
type unusedSaid struct {
	environments int
	list         diag.List
}

// unusedBefore returns what was said before, if it holds still: nothing names others than it did, and no resource that it is said of has
// changed. nil: it does not.
func unusedBefore(environments []*environment) *unusedSaid {
	var known *unusedSaid
	for i, e := range environments {
		if e.before == nil || e.before.unused == nil || i > 0 && e.before.unused != known || e.before.unused.environments != len(environments) {
			return nil
		}
		known = e.before.unused
		for r := range e.touched {
			if slices.ContainsFunc(known.list, func(d diag.Diagnostic) bool { return d.Pos.File == r.file() }) {
				return nil
			}
		}
	}
	return known
}

// findUnused returns what there is to say of resources that nothing uses.
func (l *loader) findUnused(environments []*environment) (list diag.List) {
	used := map[string]bool{}
	for _, e := range environments {
		for key := range e.usedKeys() {
			used[key] = true
		}
	}
	for _, u := range usable {
		if !judgesUse(environments, u.kind, u.user) {
			continue
		}
		said := map[string]bool{}
		for _, e := range environments {
			for _, r := range e.resources {
				key := r.key()
				if r.v.kind != u.kind || key == "" || used[key] || said[key] || e.index[key] != r || e.wrong(r) || l.doubts.mayName(r.v.name) {
					continue
				}
				said[key] = true
				list.Add(diag.Diagnostic{
					Code: codeUnused, Severity: diag.Warning, Pos: r.at(r.tree().get("metadata").get("name")), Path: "metadata.name",
					Message: fmt.Sprintf("nothing uses the %s %q", lowerKind(u.kind), r.v.name), Hint: u.hint,
				})
			}
		}
	}
	return list
}

// judgesUse reports whether it can be said that a resource of that kind is not used: there are touchpoints, and no mistake may hide a name.
func judgesUse(environments []*environment, kind, user string) bool {
	touchpoints := false
	for _, e := range environments {
		for _, r := range e.resources {
			touchpoints = touchpoints || r.v.kind == "Touchpoint"
			if r.v.def == nil || r.v.kind == user && r.hides() {
				return false
			}
			for _, ref := range r.v.refs {
				if _, ok := e.index[ref.kind+"/"+ref.node.text]; !ok && ref.kind == kind && !slices.Contains(describers, r.v.kind) {
					return false // a name that is misspelt may be meant for it
				}
			}
		}
	}
	return touchpoints
}

// mayLack reports whether there may be a resource of that kind that could not be read whole.
func (l *loader) mayLack(kind string, environments []*environment) bool {
	return l.doubts.nameless[kind] || len(l.doubts.kindless) > 0 || l.doubts.mayName(kind) ||
		slices.ContainsFunc(environments, func(e *environment) bool {
			return slices.ContainsFunc(e.resources, func(r *loaded) bool { return r.v.kind == kind && r.hides() })
		})
}

// hides reports whether the resource has a mistake that may hide a name: what is written there is not understood.
func (r *loaded) hides() bool {
	return slices.ContainsFunc(r.v.problems, func(p problem) bool { return slices.Contains(hiding, p.code) })
}

// hiding are the codes of mistakes that may hide a name.
var hiding = []string{codeUnknownField, codeMissingField, codeWrongType, codeOneOf, codeDuplicateKey, codeBadValue, codeMisplaced}

// lowerKind returns a kind as it is called in a sentence.
func lowerKind(kind string) string {
	switch kind {
	case "KeyRing":
		return "key ring"
	case "MappingTest":
		return "mapping test"
	}
	return string(kind[0]|0x20) + kind[1:]
}
