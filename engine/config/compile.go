package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// A MappingUse is a mapping with all that decides whether it compiles.
type MappingUse struct {
	Mapping *Mapping
	Lookups map[string]*Lookup // those the mapping names; their rows are judged on their own
	// MappingPath is where the touchpoint names the mapping; empty where none does.
	MappingPath string
	Where       string   // the source filter of the touchpoint that uses the mapping, or empty
	When        string   // what holds of the records that come here, by the touchpoint's routes, or empty; it is judged elsewhere
	Key         []string // the destination's key, or empty
	Zone        string   // the source connection's zone, or empty
	Split       *Split   // of the touchpoint, or nil
	Trace       []string // the touchpoint's trace
	Write       string   // how the touchpoint writes; find: it only looks; or empty
	// Source and Destination are what is known of the objects at both ends.
	Source, Destination Side
	// Steps are the touchpoint's steps that come before. nil: the mapping is in no touchpoint, and every name is taken.
	Steps      []StepUse
	Later      []string    // names of the touchpoint's steps that come only later
	Result     bool        // whether $result is there
	Conditions []Condition // of the touchpoint
}

// StepUse is a step as mappings see it.
type StepUse struct {
	Name   string
	Object *Object // what is known of the fields of its result; nil: nothing
}

// Condition is a condition of a touchpoint, which is judged beside a mapping.
type Condition struct {
	Path string // where it stands in the touchpoint
	Text string // empty: it always holds
}

// A MappingProblem is what keeps a mapping from running, or may keep it from mapping some records.
type MappingProblem struct {
	Code     string
	Severity diag.Severity
	Path     string // inside the mapping; of what the touchpoint says (where, trace, split, routes) inside the touchpoint: spec.source.where
	Message  string
	Hint     string
	Offset   int // in bytes, inside the text at Path; negative: all of it
	// OfName says that it is about the field's name and not its value.
	OfName bool
	// SeeSource and SeeDestination are paths inside the kind: Object of either end that the problem follows from, or empty.
	SeeSource, SeeDestination string
	// Lookup names the look-up that the problem is about, or is empty. With LookupPath it lies there (spec.rows[2].code), else in the mapping.
	Lookup, LookupPath string
}

// inTouchpoint reports whether the path of a problem is one of the touchpoint's rather than of the mapping.
func inTouchpoint(path string) bool {
	return slices.ContainsFunc([]string{"spec.source.where", "spec.trace", "spec.split.", "spec.routes.", "spec.mapping", "spec.destinations["}, func(p string) bool { return strings.HasPrefix(path, p) })
}

// compile has every mapping compiled as its touchpoints will run it, so that what a run would refuse is refused here. Resources with
// mistakes are left out: what follows from them says nothing new.
func (e *environment) compile() {
	if e.o.Compile == nil {
		return
	}
	used := map[string]bool{}
	for _, name := range e.judged("Touchpoint") {
		t := e.model.Touchpoints[name]
		e.about(e.index["Touchpoint/"+name])
		for _, m := range t.Spec.Mappings() {
			used[m] = true
		}
		if r := e.index["Touchpoint/"+name]; !r.misformed() && !e.misfits[r] {
			e.compileFlow(t.Source, &t.Spec, e.faulty[r])
		}
	}
	for _, name := range e.judged("Mapping") {
		if !used[name] {
			e.about(e.index["Mapping/"+name])
			e.compileUse(name, nil, MappingUse{})
		}
	}
}

// compileFlow compiles all that a touchpoint maps with and judges by. A faulty one may have a wrong key.
func (e *environment) compileFlow(at *Source, t *Touchpoint, faulty bool) {
	use := MappingUse{
		Where: t.Source.Where, Split: t.Split, Trace: t.Trace, Steps: []StepUse{}, Source: e.sourceSide(&t.Source),
	}
	if c := e.model.Connections[t.Source.Connection]; c != nil {
		use.Zone = c.Spec.Zone
	}
	e.compileBacks(at, t, use)
	e.compileSteps(at, t, &use)
	targets := t.Targets()
	for _, target := range targets {
		d := target.Destination
		of := use
		of.When, of.Write, of.Destination, of.MappingPath = target.When, d.Write, e.side(d.Connection, d.Object), target.MappingPath
		if !faulty && !d.ByLedger() {
			of.Key = d.Key
		}
		e.compileUse(target.Mapping, at, of)
	}
	for _, target := range targets {
		if target.When != "" {
			use.Conditions = append(use.Conditions, Condition{Path: target.WhenPath, Text: target.When})
		}
	}
	if use.Conditions != nil {
		e.compileFields("", nil, at, use)
	}
}

// compileSteps compiles what steps look for and create, and adds what they find to what may be named after them.
func (e *environment) compileSteps(at *Source, t *Touchpoint, use *MappingUse) {
	for i, s := range t.Steps {
		step := *use
		for _, later := range t.Steps[i:] {
			step.Later = append(step.Later, later.Name)
		}
		path := fmt.Sprintf("spec.steps[%d].find", i)
		step.Where = ""
		find := step
		find.Destination, find.Write = e.side(s.Connection, s.Object), "find"
		e.compileFields(path, s.Find, at, find)
		if s.Mapping != "" {
			step.Destination, step.Write = e.side(s.Connection, s.Object), "ensure"
			for _, f := range s.Find {
				step.Key = append(step.Key, f.Name)
			}
			e.compileUse(s.Mapping, at, step)
		}
		use.Steps = append(use.Steps, StepUse{Name: s.Name, Object: e.side(s.Connection, s.Object).Object})
	}
}

// compileBacks compiles what is written back.
func (e *environment) compileBacks(at *Source, t *Touchpoint, use MappingUse) {
	use.Where, use.Result = "", true
	for i, b := range t.WriteBack {
		use.Key = nil
		for _, k := range b.Key {
			if slices.ContainsFunc(b.Fields, func(f NamedField) bool { return f.Name == k }) {
				use.Key = append(use.Key, k)
			}
		}
		e.compileFields(fmt.Sprintf("spec.writeBack[%d].fields", i), b.Fields, at, use)
	}
}

// compileFields compiles fields that stand in the touchpoint itself, below path.
func (e *environment) compileFields(path string, fields Fields, touchpoint *Source, use MappingUse) {
	use.Mapping = &Mapping{Fields: fields}
	content, err := json.Marshal(fields)
	if err != nil {
		panic("config: internal error: fields do not marshal: " + err.Error())
	}
	key := e.lookupsOf(&use, string(content))
	for _, p := range e.cache.compile(key, func() []MappingProblem { return e.o.Compile(use) }) {
		if !inTouchpoint(p.Path) {
			p.Path = path + strings.TrimPrefix(p.Path, "spec.fields")
		}
		e.place(touchpoint, p, &use)
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
	if use.Source.Object == nil {
		use.Source = e.sideOfRef(m.Spec.Source)
	}
	if use.Destination.Object == nil {
		use.Destination = e.sideOfRef(m.Spec.Destination)
	}
	key := e.lookupsOf(&use, m.Digest)
	for _, p := range e.cache.compile(key, func() []MappingProblem { return e.o.Compile(use) }) {
		at := m.Source
		if touchpoint != nil && inTouchpoint(p.Path) {
			at = touchpoint
		}
		e.place(at, p, &use)
	}
}

// place reports a problem at its place, with those that it follows from.
func (e *environment) place(at *Source, p MappingProblem, use *MappingUse) {
	d := diag.Diagnostic{Code: p.Code, Severity: p.Severity, Pos: at.PosIn(p.Path, p.Offset), Path: p.Path, Message: p.Message, Hint: hintOr(p.Hint)}
	if p.OfName {
		d.Pos = at.NamePos(p.Path)
	}
	if p.SeeSource != "" && use.Source.source != nil {
		d.Related = append(d.Related, use.Source.source.Pos(p.SeeSource))
	}
	if p.SeeDestination != "" && use.Destination.source != nil {
		d.Related = append(d.Related, use.Destination.source.Pos(p.SeeDestination))
	}
	e.lookupPlace(&d, p)
	e.list.Add(d)
}

// lookupPlace adds the look-up that a problem is about, or puts the problem there.
func (e *environment) lookupPlace(d *diag.Diagnostic, p MappingProblem) {
	l, ok := e.model.Lookups[p.Lookup]
	if !ok {
		return
	}
	if p.LookupPath == "" {
		d.Related = append(d.Related, l.Source.Pos("spec"))
		return
	}
	at := l.Source.Pos(p.LookupPath)
	if steps := parsePath(p.LookupPath); len(steps) > 2 && steps[1].name == "rows" && l.Spec.File != "" {
		if at = l.Source.Pos("spec.file"); steps[2].index < len(e.rows[p.Lookup]) {
			at = e.rows[p.Lookup][steps[2].index]
		}
	}
	d.Related = append([]diag.Pos{d.Pos}, d.Related...)
	d.Pos, d.Path = at, p.LookupPath
}

// lookupsOf adds the lookups that the mapping names, and returns a text that differs whenever anything that is compiled does.
func (e *environment) lookupsOf(use *MappingUse, mapping string) string {
	use.Lookups = map[string]*Lookup{}
	parts := append([]string{mapping, use.MappingPath, use.Where, use.When, use.Zone, use.Write, use.Source.digest, use.Destination.digest, strconv.Itoa(len(use.Key))}, use.Key...)
	parts = append(append(parts, strconv.Itoa(len(use.Trace))), use.Trace...)
	for _, name := range use.Mapping.Fields.Lookups() {
		l, ok := e.model.Lookups[name]
		if !ok {
			continue
		}
		use.Lookups[name] = &l.Spec
		parts = append(parts, l.Digest)
	}
	return strings.Join(append(parts, use.around()...), "\x00")
}

// bare reports whether no touchpoint says anything beside the mapping.
func (u *MappingUse) bare() bool {
	return u.Split == nil && u.Steps == nil && u.Later == nil && !u.Result && u.Conditions == nil
}

// around returns texts that differ whenever what the touchpoint adds to a mapping does.
func (u *MappingUse) around() []string {
	if u.bare() {
		return []string{"bare"}
	}
	if u.Split == nil && u.Steps != nil && len(u.Steps)+len(u.Later) == 0 && !u.Result && u.Conditions == nil {
		return nil
	}
	content, err := json.Marshal([]any{u.Split, u.Steps, u.Steps == nil, u.Later, u.Result, u.Conditions})
	if err != nil {
		panic("config: internal error: the use of a mapping does not marshal: " + err.Error())
	}
	return []string{string(content)}
}

func hintOr(hint string) string {
	if hint == "" {
		return "a run would refuse it: change what is named here"
	}
	return hint
}

// wrong reports whether an error in the resource is known.
func (e *environment) wrong(r *loaded) bool { return e.faulty[r] || r.misformed() }

// misformed reports whether the resource has an error by itself, without its neighbours.
func (r *loaded) misformed() bool {
	return r.v.faulty
}
