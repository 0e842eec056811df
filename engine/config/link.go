package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/diag"
)

// An environment is the resources of one environment while they are linked. Not safe for concurrent use.
type environment struct {
	*loader
	name       string
	list       diag.List // of this environment
	spare      []cueProblem
	spec       Environment
	repository *loaded
	resources  []*loaded
	index      map[string]*loaded    // by kind/name
	registry   *adapters.Registry    // nil: applications are not judged
	faulty     map[*loaded]bool      // those in which linking has found an error
	known      *objectIndex          // made when first asked for
	addresses  map[string]string     // of the connections that say where they go, by name
	misfits    map[*loaded]bool      // touchpoints whose mapping is for other objects
	rows       map[string][]diag.Pos // of look-ups' files, by look-up: where each row begins
	model      *Model
	read       map[string][sha256.Size]byte // the files that resources name, as they were read
	written    [][]writing                  // what touchpoints change, in order of their names
	verdicts   []*policyVerdict             // of the resources, in their order; nil: no rule is for it

	owners     []owner // whose the diagnostics are
	said       map[*loaded]diag.List
	standing   diag.List
	users      map[string][]string
	sorted     map[string][]string // names, by kind
	linked     bool                // without an error
	unusedSaid *unusedSaid
	relinks    int                 // how often it was linked in part since it was linked as a whole
	before     *settled            // what it was linked by, in part
	touched    map[*loaded]bool    // those that are judged; nil: all
	only       map[string][]string // their names, by kind

	seen    map[string]objectValue // resources as policies see them, by kind/name
	testing map[string][]string    // names of mapping tests, by mapping
}

// link judges the resources and what they say of each other, and returns the model.
func (e *environment) link() *Model {
	if !e.relink() {
		e.linkWhole()
	}
	e.spareProblems()
	if e.list.HasErrors() || e.loader.list.HasErrors() {
		return nil
	}
	e.model.seal(e.all)
	e.linked = e.settleable()
	return e.model
}

// linkWhole judges all resources.
func (e *environment) linkWhole() {
	e.turnCache()
	e.model = &Model{Environment: e.name}
	e.index = make(map[string]*loaded, len(e.resources))
	for _, r := range e.resources {
		e.about(r)
		e.enterVerdict(r)
		if e.enter(r) {
			e.model.add(r)
		}
	}
	e.about(standing)
	e.applications()
	for _, r := range e.resources {
		e.about(r)
		e.references(r)
		e.renamed(r)
	}
	e.about(standing)
	e.environmentNames()
	e.connections()
	e.credentials()
	e.reach()
	e.lookups()
	e.objectResources()
	e.flows()
}

// flows judges flows by what they name, and what they do together.
func (e *environment) flows() {
	e.ends()
	e.together()
	e.afters()
	e.mappingEnds()
	e.touchpoints()
	e.together()
	e.demands()
	writings := e.writings()
	e.shared(writings)
	e.loops(writings)
	e.tests()
	e.compile()
	e.together()
}

// enterVerdict reports what is wrong with a resource by itself.
func (e *environment) enterVerdict(r *loaded) {
	for _, p := range e.news(r, r.verdict(e.table)) {
		e.list.Add(p.diagnostic(r.files))
	}
}

// news returns the problems of a resource that are not those of what it was before its patches: where that has mistakes, what a patch
// lacks follows from them.
func (e *environment) news(r *loaded, v *verdict) []problem {
	if r.base == nil || !r.base.verdict(e.table).faulty {
		return v.problems
	}
	return slices.DeleteFunc(slices.Clone(v.problems), func(p problem) bool { return int(p.origin) == len(r.files)-1 && p.code == codeMissingField })
}

// enter puts the resource into the index, unless another has its name.
func (e *environment) enter(r *loaded) bool {
	key := r.key()
	if key == "" || r.v.resource == nil {
		return false
	}
	first, dup := e.index[key]
	if !dup {
		e.index[key] = r
		return r.v.kind != "Repository" || e.isSettings(r)
	}
	if r.v.kind == "Repository" {
		return false // said already
	}
	n := r.tree().get("metadata").get("name")
	d := e.problem(r, n, codeDuplicateName, "metadata.name", fmt.Sprintf("there is another %s named %q", r.v.kind, n.text), "names are unique by kind: rename one of the two")
	d.Related = []diag.Pos{first.at(first.tree().get("metadata").get("name"))}
	return false
}

// problem notes an error at a node of a resource and returns it, to be added to.
func (e *environment) problem(r *loaded, n *node, code, path, message, hint string) *diag.Diagnostic {
	if e.faulty == nil {
		e.faulty = map[*loaded]bool{}
	}
	e.faulty[r] = true
	return e.note(r, n, diag.Error, code, path, message, hint)
}

func (e *environment) note(r *loaded, n *node, severity diag.Severity, code, path, message, hint string) *diag.Diagnostic {
	if n == nil {
		n = r.tree()
	}
	e.list.Add(diag.Diagnostic{Code: code, Severity: severity, Pos: r.at(n), Path: path, Message: message, Hint: hint})
	return &e.list[len(e.list)-1]
}

// problemPath is problem for the value at a path, or what is nearest to it.
func (e *environment) problemPath(r *loaded, path, code, message, hint string) *diag.Diagnostic {
	n, _ := r.tree().at(parsePath(path))
	return e.problem(r, n, code, path, message, hint)
}

// add puts the resource into the model. What is in the verdict is shared, so it is copied.
func (m *Model) add(r *loaded) {
	source := &Source{At: place(r.files, r.origin, r.line, r.col), doc: r.candidate, files: r.files}
	name := r.v.name
	switch v := r.v.resource.(type) {
	case *Resource[Repository]:
		m.Repository = v.at(source)
	case *Resource[Agent]:
		put(&m.Agents, name, v.at(source))
	case *Resource[KeyRing]:
		put(&m.KeyRings, name, v.at(source))
	case *Resource[Connection]:
		put(&m.Connections, name, v.at(source))
	case *Resource[Credential]:
		put(&m.Credentials, name, v.at(source))
	case *Resource[Schedule]:
		put(&m.Schedules, name, v.at(source))
	case *Resource[Lookup]:
		put(&m.Lookups, name, v.at(source))
	case *Resource[Mapping]:
		put(&m.Mappings, name, v.at(source))
	case *Resource[MappingTest]:
		put(&m.Tests, name, v.at(source))
	case *Resource[Touchpoint]:
		put(&m.Touchpoints, name, v.at(source))
	case *Resource[Object]:
		put(&m.Objects, name, v.at(source))
	case *Resource[Application]:
		put(&m.Applications, name, v.at(source))
	}
}

func (r *Resource[T]) at(s *Source) *Resource[T] {
	c := *r
	c.Source = s
	return &c
}

func put[T any](m *map[string]*T, name string, v *T) {
	if *m == nil {
		*m = map[string]*T{}
	}
	(*m)[name] = v
}

// names returns the names of all resources of a kind, sorted.
func (e *environment) names(kind string) []string {
	var names []string
	for _, r := range e.index {
		if r.v.kind == kind {
			names = append(names, r.v.name)
		}
	}
	slices.Sort(names)
	return names
}

// references finds names of resources that do not exist.
func (e *environment) references(r *loaded) {
	for _, ref := range r.v.refs {
		if _, ok := e.index[ref.kind+"/"+ref.node.text]; ok || e.doubts.mayHold(ref.kind, ref.node.text) {
			continue
		}
		e.problem(r, ref.node, codeUnknownReference, ref.path, fmt.Sprintf("there is no %s %q", ref.kind, ref.node.text), e.referenceHint(ref))
	}
}

// intervals are words for how often something runs.
var intervals = map[string]string{"minutely": "1m", "hourly": "1h", "daily": "1d", "nightly": "1d", "weekly": "7d"}

// referenceHint says what a name that leads nowhere was perhaps meant to be.
func (e *environment) referenceHint(ref reference) string {
	const most = 10
	text, names := ref.node.text, e.names(ref.kind)
	if near := diag.Nearest(text, names); near != "" {
		return diag.DidYouMean(near)
	}
	if ref.kind == "Schedule" {
		every := cmp.Or(intervals[text], durationMeant(text))
		if _, err := ParseDuration(text); err == nil {
			every = text
		}
		if every != "" {
			return "this is the name of a kind: Schedule; an interval is written schedule: {every: " + every + "}"
		}
	}
	for key := range e.index {
		if kind, name, _ := strings.Cut(key, "/"); name == text {
			return fmt.Sprintf("%s is a %s, and a %s is named here", text, kind, ref.kind)
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("there is no %s in this repository: add one", ref.kind)
	}
	return "add it, or take one of " + orList(names[:min(len(names), most)])
}

// renamed refuses a former name that is in use: two resources would claim the same state.
func (e *environment) renamed(r *loaded) {
	if r.renamedFrom == "" {
		return
	}
	if other, ok := e.index[r.v.kind+"/"+r.renamedFrom]; ok {
		from := r.tree().get("metadata").get("renamedFrom")
		d := e.problem(r, from, codeDuplicateName, "metadata.renamedFrom", fmt.Sprintf("a %s named %q still exists", r.v.kind, from.text), "a resource can take over only a name that is free")
		d.Related = []diag.Pos{other.at(other.tree().get("metadata").get("name"))}
	}
}

// environmentNames finds environments that the repository does not declare.
func (e *environment) environmentNames() {
	if e.model.Repository == nil || len(e.model.Repository.Spec.Environments) == 0 {
		return
	}
	known := slices.Sorted(maps.Keys(e.model.Repository.Spec.Environments))
	judge := func(r *loaded, path, name string) {
		if slices.Contains(known, name) {
			return
		}
		hint := "the environments are " + orList(known)
		if near := diag.Nearest(name, known); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		e.problemPath(r, path, codeUnknownEnvironment, fmt.Sprintf("there is no environment %q", name), hint)
	}
	for _, r := range e.resources {
		var names []string
		switch v := r.v.resource.(type) {
		case *Resource[Agent]:
			names = v.Spec.Environments
		case *Resource[Credential]:
			names = v.Spec.Environments
		case *Resource[KeyRing]:
			judge(r, "metadata.name", v.Metadata.Name)
		}
		for i, name := range names {
			judge(r, fmt.Sprintf("spec.environments[%d]", i), name)
		}
	}
}

// nearestSorted is diag.Nearest whatever order the names come in.
func nearestSorted(name string, names []string) string {
	slices.SortFunc(names, cmp.Compare)
	return diag.Nearest(name, names)
}

// modelVersion changes when the same configuration begins to mean something else.
const modelVersion = "dray/model/v1"

// seal sets the digest of the model: that of the digests of all its resources. sorted returns the names of mappings and touchpoints in order.
func (m *Model) seal(sorted func(kind string) []string) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n", modelVersion, m.Environment)
	if m.Repository != nil {
		fmt.Fprintf(h, "Repository %s\n", m.Repository.Digest)
	}
	sealAll(h, "Agent", m.Agents)
	sealAll(h, "KeyRing", m.KeyRings)
	sealAll(h, "Connection", m.Connections)
	sealAll(h, "Credential", m.Credentials)
	sealAll(h, "Schedule", m.Schedules)
	sealAll(h, "Lookup", m.Lookups)
	sealSorted(h, "Mapping", m.Mappings, sorted("Mapping"))
	sealSorted(h, "Touchpoint", m.Touchpoints, sorted("Touchpoint"))
	sealAll(h, "Object", m.Objects)
	sealAll(h, "Application", m.Applications)
	m.Digest = "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func sealAll[T any](w io.Writer, kind string, resources map[string]*Resource[T]) {
	sealSorted(w, kind, resources, slices.Sorted(maps.Keys(resources)))
}

func sealSorted[T any](w io.Writer, kind string, resources map[string]*Resource[T], names []string) {
	var line []byte
	for _, name := range names {
		line = append(append(append(append(line[:0], kind...), ' '), resources[name].Digest...), '\n')
		_, _ = w.Write(line) // to a hash, which never fails
	}
}

// ScheduleOf returns when a touchpoint runs, following the name of a schedule. false: only when it is triggered.
func (m *Model) ScheduleOf(t *Touchpoint) (Schedule, bool) {
	if t.Schedule == nil {
		return Schedule{}, false
	}
	if t.Schedule.Ref == "" {
		return *t.Schedule, true
	}
	s, ok := m.Schedules[t.Schedule.Ref]
	if !ok {
		return Schedule{}, false
	}
	return s.Spec, true
}
