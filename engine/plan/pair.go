package plan

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// A pair is two models under comparison.
type pair struct {
	from, to      *config.Model
	before, after map[string]map[string]entry // by kind and name
	// renamed holds the old names by kind and new name, of what goes by another name now; successors the new names by the old.
	renamed, successors map[string]map[string]string
	disputed            []string                    // what two resources claim at once
	refs                map[string][]string         // by resource of the new model
	demands             map[string][2]config.Demand // before and after, by connection
}

// An entry is one resource of a model.
type entry struct {
	metadata config.Metadata
	digest   string
	spec     any // the type of its kind
}

func newPair(from, to *config.Model) *pair {
	p := &pair{
		from: from, to: to, before: entries(from), after: entries(to),
		renamed: map[string]map[string]string{}, successors: map[string]map[string]string{}, refs: map[string][]string{}, demands: map[string][2]config.Demand{},
	}
	for _, kind := range kindsOf(p.before, p.after) {
		p.findRenames(kind)
	}
	return p
}

// entries lists all resources of a model. They are found by their type, so that a kind that is new to the model is not forgotten here.
func entries(m *config.Model) map[string]map[string]entry {
	all := map[string]map[string]entry{}
	v := reflect.ValueOf(m).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == "-" {
			continue
		}
		switch f := v.Field(i); f.Kind() {
		case reflect.Map:
			for iter := f.MapRange(); iter.Next(); {
				add(all, iter.Value())
			}
		case reflect.Pointer:
			if !f.IsNil() {
				add(all, f)
			}
		}
	}
	return all
}

// add adds a *config.Resource[T]; the name of T is its kind.
func add(all map[string]map[string]entry, v reflect.Value) {
	r := v.Elem()
	spec := r.FieldByName("Spec")
	metadata, ok := r.FieldByName("Metadata").Interface().(config.Metadata)
	if !ok {
		panic("plan: internal error: a resource without metadata")
	}
	kind := spec.Type().Name()
	if all[kind] == nil {
		all[kind] = map[string]entry{}
	}
	all[kind][metadata.Name] = entry{metadata: metadata, digest: r.FieldByName("Digest").String(), spec: spec.Addr().Interface()}
}

// kindOrder is the order in which changes are shown: what others stand on first. Kinds that are not in it come last.
var kindOrder = []string{
	"Repository", "Agent", "KeyRing", "Application", "Object", "Connection", "Credential", "Schedule", "Lookup", "Mapping", "Touchpoint",
}

func kindsOf(before, after map[string]map[string]entry) []string {
	all := map[string]bool{}
	for _, m := range []map[string]map[string]entry{before, after} {
		for kind := range m {
			all[kind] = true
		}
	}
	kinds := slices.DeleteFunc(slices.Clone(kindOrder), func(k string) bool { return !all[k] })
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// findRenames finds what of a kind goes by another name now. An old name counts for one: the first that claims it.
func (p *pair) findRenames(kind string) {
	before, after := p.before[kind], p.after[kind]
	found, taken := map[string]string{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		old := after[name].metadata.RenamedFrom
		_, was := before[name]
		_, there := before[old]
		_, still := after[old]
		if old == "" || was || !there || still {
			continue
		}
		if first := taken[old]; first != "" {
			p.disputed = append(p.disputed, fmt.Sprintf("%s %q and %q both say that they were named %q; only one of them can carry on what it was", strings.ToLower(kind), first, name, old))
			continue
		}
		found[name], taken[old] = old, name
	}
	p.renamed[kind], p.successors[kind] = found, taken
}

// newName returns the name by which what had a name before goes now; that name itself where nothing was renamed.
func (p *pair) newName(kind, old string) string {
	if name, ok := p.successors[kind][old]; ok {
		return name
	}
	return old
}

// oldName is the reverse of newName.
func (p *pair) oldName(kind, name string) string {
	if old, ok := p.renamed[kind][name]; ok {
		return old
	}
	return name
}

// connections returns a connection before and after; nil where it is not there.
func (p *pair) connections(name string) (before, after *config.Connection) {
	return specOf(p.from.Connections, p.oldName("Connection", name)), specOf(p.to.Connections, name)
}

func specOf[T any](resources map[string]*config.Resource[T], name string) *T {
	if r := resources[name]; r != nil {
		return &r.Spec
	}
	return nil
}

func ref(kind, name string) string { return kind + "/" + name }
