package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// A MappingUse is a mapping with all that decides whether it compiles.
type MappingUse struct {
	Mapping *Mapping
	Lookups map[string]*Lookup // those the mapping names, without their rows, which are judged on their own
	Where   string             // the source filter of the touchpoint that uses the mapping, or empty
	Key     []string           // the destination's key, or empty
	Zone    string             // the source connection's zone, or empty
}

// A MappingProblem is what keeps a mapping from running, or may keep it from mapping some records.
type MappingProblem struct {
	Code     string
	Severity diag.Severity
	Path     string // inside the mapping, or for Where inside the touchpoint: spec.source.where
	Message  string
	Hint     string
	Offset   int // in bytes, inside the text at Path; negative: all of it
}

// wherePath is where a touchpoint has its source filter.
const wherePath = "spec.source.where"

// compile has every mapping compiled as its touchpoints will run it, so that what a run would refuse is refused here. Resources with
// mistakes are left out: what follows from them says nothing new.
func (e *environment) compile() {
	if e.o.Compile == nil {
		return
	}
	used := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(e.model.Touchpoints)) {
		t := e.model.Touchpoints[name].Spec
		if e.wrong(e.index["Touchpoint/"+name]) {
			continue
		}
		use := MappingUse{Where: t.Source.Where, Key: t.Destination.Key}
		if c := e.model.Connections[t.Source.Connection]; c != nil {
			use.Zone = c.Spec.Zone
		}
		used[t.Mapping] = true
		e.compileUse(t.Mapping, e.model.Touchpoints[name].Source, use)
	}
	for _, name := range slices.Sorted(maps.Keys(e.model.Mappings)) {
		if !used[name] {
			e.compileUse(name, nil, MappingUse{})
		}
	}
}

// compileUse compiles one mapping and places its problems. touchpoint is nil for a mapping that none uses.
func (e *environment) compileUse(name string, touchpoint *Source, use MappingUse) {
	m, ok := e.model.Mappings[name]
	if !ok || e.wrong(e.index["Mapping/"+name]) {
		return
	}
	if slices.ContainsFunc(m.Spec.Fields.Lookups(), func(name string) bool { l, ok := e.index["Lookup/"+name]; return !ok || e.wrong(l) }) {
		return
	}
	use.Mapping = &m.Spec
	key := e.lookupsOf(&use, m.Digest)
	for _, p := range e.cache.compile(key, func() []MappingProblem { return e.o.Compile(use) }) {
		at := m.Source
		if p.Path == wherePath && touchpoint != nil {
			at = touchpoint
		}
		e.list.Add(diag.Diagnostic{Code: p.Code, Severity: p.Severity, Pos: at.PosIn(p.Path, p.Offset), Path: p.Path, Message: p.Message, Hint: hintOr(p.Hint)})
	}
}

// lookupsOf adds the lookups that the mapping names, and returns a text that differs whenever anything that is compiled does.
func (e *environment) lookupsOf(use *MappingUse, mapping string) string {
	use.Lookups = map[string]*Lookup{}
	parts := append([]string{mapping, use.Where, use.Zone, strconv.Itoa(len(use.Key))}, use.Key...)
	for _, name := range use.Mapping.Fields.Lookups() {
		l, ok := e.model.Lookups[name]
		if !ok {
			continue
		}
		bare := l.Spec
		bare.Rows = nil
		use.Lookups[name] = &bare
		parts = append(parts, l.Digest)
	}
	return strings.Join(parts, "\x00")
}

func hintOr(hint string) string {
	if hint == "" {
		return "a run would refuse it: change what is named here"
	}
	return hint
}

// wrong reports whether an error in the resource is known.
func (e *environment) wrong(r *loaded) bool {
	return e.faulty[r] || slices.ContainsFunc(r.v.problems, func(p problem) bool { return p.severity != diag.Warning })
}
