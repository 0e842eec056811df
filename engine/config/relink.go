package config

import (
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/diag"
)

// A revision seldom changes more than a few flows. relink judges these, and those that name them, and takes everything else over from the
// load before. It is for what is certain: the environment was without errors and still is, the same resources are there in the same order,
// and what has changed are touchpoints, mappings and tests that name the same as before. Anything else is linked as a whole.

// flowKinds are the kinds that nothing depends on but each other.
var flowKinds = []string{"Touchpoint", "Mapping", "MappingTest"}

// mostRelinks bounds how often an environment is linked in part before it is linked as a whole again: what the cache holds of resources that
// are gone is dropped only then.
const mostRelinks = 1000

// settled is an environment that was linked without an error. It is immutable and safe for concurrent use.
type settled struct {
	with     linkedWith
	relinks  int
	model    *Model
	index    map[string]*loaded
	order    []*loaded                    // as they stand in the files
	said     map[*loaded]diag.List        // of each resource
	standing diag.List                    // of everything but flows, and what flows do together
	users    map[string][]string          // what names a flow, by kind/name
	read     map[string][sha256.Size]byte // the files that resources name
	verdicts []*policyVerdict             // in order; nil: no rule is for it
	rules    string                       // the rules that the verdicts are of
	written  [][]writing                  // what touchpoints change, in order of their names
	unused   *unusedSaid                  // of this and other environments; nil: not known

	registry  *adapters.Registry
	known     *objectIndex
	addresses map[string]string
	rows      map[string][]diag.Pos
	sorted    map[string][]string
}

// linkedWith is what an environment was linked with beside its resources.
type linkedWith struct {
	registry *adapters.Registry
	compiled bool
	now      time.Time
	limits   LoadLimits
}

// standing is the owner of what is said of everything but flows.
var standing = new(loaded)

// An owner is whose the diagnostics are from one place of the list on. Without a resource they are of what flows do together, and are found
// anew each time.
type owner struct {
	resource *loaded
	from     int
}

// about says whose the diagnostics are that are noted from here on.
func (e *environment) about(r *loaded) { e.owners = append(e.owners, owner{r, len(e.list)}) }

// together says that the diagnostics from here on are of what flows do together.
func (e *environment) together() { e.about(nil) }

// judged returns the names of those of a kind that are to be judged, sorted: all, or those that a change has to do with.
func (e *environment) judged(kind string) []string {
	if e.touched != nil {
		return e.only[kind]
	}
	return e.all(kind)
}

// all returns the names of the touchpoints, mappings or tests, sorted. They are not to be changed.
func (e *environment) all(kind string) []string {
	names, ok := e.sorted[kind]
	if ok {
		return names
	}
	switch kind {
	case "Touchpoint":
		names = slices.Sorted(maps.Keys(e.model.Touchpoints))
	case "Mapping":
		names = slices.Sorted(maps.Keys(e.model.Mappings))
	case "MappingTest":
		names = slices.Sorted(maps.Keys(e.model.Tests))
	}
	if e.sorted == nil {
		e.sorted = map[string][]string{}
	}
	e.sorted[kind] = names
	return names
}

func (e *environment) linkedWith() linkedWith {
	return linkedWith{registry: e.o.Registry, compiled: e.o.Compile != nil, now: e.o.Now, limits: e.limits}
}

// settleable reports whether anything of this load can be taken over by another.
func (e *environment) settleable() bool {
	return e.o.Cache != nil && len(e.o.Objects) == 0 && !e.o.Updating && !e.loader.list.HasErrors()
}

// relink links the environment by what was settled before. false: it must be linked as a whole, and is as it was.
func (e *environment) relink() bool {
	was := e.cache.settledOf(e.name)
	if was == nil || !e.settleable() || was.relinks >= mostRelinks || was.with != e.linkedWith() || !e.readsAsBefore(was) {
		return false
	}
	resources, changed, ok := e.changes(was)
	if !ok {
		return false
	}
	part := *e
	part.list, part.owners, part.resources = slices.Clip(e.list), nil, resources
	affected := was.withUsers(changed)
	if slices.ContainsFunc(affected, func(key string) bool { return !slices.Contains(flowKinds, was.index[key].kind) }) {
		return false // a lookup asks the ledger of a touchpoint that has changed, for example
	}
	part.takeOver(was, changed)
	for _, key := range affected {
		part.touch(key)
	}
	for r := range part.touched {
		part.about(r)
		part.enterVerdict(r)
		part.model.add(r)
	}
	part.flows()
	if part.list.HasErrors() {
		return false
	}
	part.said = map[*loaded]diag.List{}
	part.attribute()
	part.list = append(part.list, was.standing...)
	for r, list := range was.said {
		if part.index[r.key()] == r && !part.touched[r] {
			part.said[r] = list
			part.list = append(part.list, list...)
		}
	}
	*e = part
	return true
}

// readsAsBefore reports whether the files that resources name are those that they were.
func (e *environment) readsAsBefore(was *settled) bool {
	for name, sum := range was.read {
		src, err := e.content(name)
		if err != nil || sha256.Sum256(src) != sum {
			return false
		}
	}
	return true
}

// changes returns the resources as they were before where they are the same, and those that are others, by kind/name. false: more has changed
// than flows by themselves.
func (e *environment) changes(was *settled) (resources []*loaded, changed map[string]*loaded, ok bool) {
	if len(e.resources) != len(was.order) {
		return nil, nil, false
	}
	resources, changed = slices.Clone(e.resources), map[string]*loaded{}
	for i, r := range resources {
		old := was.order[i]
		switch {
		case r.same(old):
			resources[i] = old
		case r.key() != old.key() || was.index[old.key()] != old || !slices.Contains(flowKinds, r.kind) || !r.flowsAs(old, e.table):
			return nil, nil, false
		default:
			changed[r.key()] = r
		}
	}
	return resources, changed, true
}

// same reports whether two resources have the same content at the same place.
func (r *loaded) same(old *loaded) bool {
	return r.candidate == old.candidate && slices.EqualFunc(r.files, old.files, func(a, b *sourceFile) bool { return a.path == b.path })
}

// flowsAs reports whether a resource is right by itself, and names the same as one that was in its place.
func (r *loaded) flowsAs(old *loaded, t *table) bool {
	v := r.verdict(t)
	return v.resource != nil && !v.faulty && r.hides() == old.hides() && r.renamedFrom == old.renamedFrom &&
		slices.EqualFunc(v.refs, old.v.refs, func(a, b reference) bool { return a.kind == b.kind && a.node.text == b.node.text })
}

// withUsers returns what has changed with everything that names it, directly or not, sorted by kind/name.
func (s *settled) withUsers(changed map[string]*loaded) []string {
	all := slices.Sorted(maps.Keys(changed))
	seen := map[string]bool{}
	for i := 0; i < len(all); i++ {
		seen[all[i]] = true
		for _, user := range s.users[all[i]] {
			if !seen[user] {
				seen[user] = true
				all = append(all, user)
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(all)))
}

// takeOver makes the environment what it was, with the resources that have changed.
func (e *environment) takeOver(was *settled, changed map[string]*loaded) {
	model := *was.model
	e.model, e.index, e.relinks, e.touched, e.only = &model, was.index, was.relinks+1, map[*loaded]bool{}, map[string][]string{}
	e.registry, e.known, e.addresses, e.rows, e.sorted = was.registry, was.known.clone(), was.addresses, was.rows, maps.Clone(was.sorted)
	e.users, e.standing, e.read, e.before = was.users, was.standing, maps.Clone(was.read), was
	if len(changed) == 0 {
		return
	}
	e.index = maps.Clone(was.index)
	maps.Copy(e.index, changed)
	model.Touchpoints, model.Mappings, model.Tests = maps.Clone(model.Touchpoints), maps.Clone(model.Mappings), maps.Clone(model.Tests)
}

// touch has a resource judged, which must come in the order of names.
func (e *environment) touch(key string) {
	r := e.index[key]
	e.touched[r] = true
	e.only[r.kind] = append(e.only[r.kind], r.name)
}

// attribute sorts what has been said by whom it is of.
func (e *environment) attribute() {
	for i, o := range e.owners {
		end := len(e.list)
		if i+1 < len(e.owners) {
			end = e.owners[i+1].from
		}
		switch list := e.list[min(o.from, end):end]; {
		case len(list) == 0 || o.resource == nil:
		case o.resource == standing:
			e.standing = append(e.standing, list...)
		default:
			e.said[o.resource] = append(e.said[o.resource], list...)
		}
	}
}

// settle keeps the environment for the next load.
func (e *environment) settle() {
	if e.touched == nil {
		e.said = map[*loaded]diag.List{}
		e.attribute()
		e.users = flowUsers(e.resources)
	}
	rules := ""
	if e.policies != nil {
		rules = e.rulesIdentity()
	}
	e.cache.settle(e.name, &settled{
		with: e.linkedWith(), relinks: e.relinks, model: e.model, index: e.index, order: e.resources, said: e.said, standing: e.standing,
		users: e.users, read: e.read, verdicts: e.verdicts, rules: rules, written: e.written, unused: e.unusedSaid,
		registry: e.registry, known: e.objectsKnown(), addresses: e.addresses, rows: e.rows, sorted: e.sorted,
	})
}

// flowUsers returns what names a flow, by kind/name.
func flowUsers(resources []*loaded) map[string][]string {
	users := map[string][]string{}
	for _, r := range resources {
		for _, ref := range r.v.refs {
			if slices.Contains(flowKinds, ref.kind) {
				key := ref.kind + "/" + ref.node.text
				users[key] = append(users[key], r.key())
			}
		}
	}
	return users
}

// clone returns an index that learns by itself.
func (x *objectIndex) clone() *objectIndex {
	own := *x
	own.sides, own.specs = maps.Clone(x.sides), maps.Clone(x.specs)
	return &own
}
