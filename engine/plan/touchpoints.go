package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// touchpoints says what every flow goes through that the changed resources reach, by name.
func (p *pair) touchpoints(resources []ResourceChange) (out []TouchpointChange) {
	changed := make(map[string]ResourceChange, len(resources))
	for _, r := range resources {
		changed[ref(r.Kind, r.Name)] = r
	}
	if len(changed) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(p.to.Touchpoints)) {
		if t, ok := p.touchpoint(name, changed); ok {
			out = append(out, t)
		}
	}
	for name := range p.from.Touchpoints {
		if p.to.Touchpoints[name] == nil && p.newName("Touchpoint", name) == name {
			out = append(out, TouchpointChange{
				Name: name, Action: Delete, State: StatePruned, Risk: Dangerous, Causes: []string{ref("Touchpoint", name)},
				Effects: []Effect{{Dangerous, "its checkpoint, ledger and dead letters are destroyed; rename it with metadata.renamedFrom to keep them"}},
			})
		}
	}
	slices.SortFunc(out, func(a, b TouchpointChange) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// touchpoint says what a flow of the new model goes through. false: nothing.
func (p *pair) touchpoint(name string, changed map[string]ResourceChange) (TouchpointChange, bool) {
	c := TouchpointChange{Name: name}
	var effects, below []Effect
	for _, d := range p.dependencies(name) {
		if r, ok := changed[d]; ok {
			c.Causes = append(c.Causes, d)
			if inherited(r) {
				below = append(below, Effect{r.Effects[0].Risk, d + ": " + r.Effects[0].Text})
			}
		}
	}
	if len(c.Causes) == 0 {
		return c, false
	}
	after := p.to.Touchpoints[name]
	before := p.from.Touchpoints[p.oldName("Touchpoint", name)]
	if before == nil {
		c.Action, c.State = Create, StateNew
		c.Effects, c.Risk = settle(p.newFlow(after))
		return c, true
	}
	c.Action, c.State = Update, StateKept
	if before.Metadata.Name != name {
		c.RenamedFrom, c.Action, c.State = before.Metadata.Name, Rename, StateRenamed
		effects = append(effects, Effect{Safe, fmt.Sprintf("it goes on as %s where %s was: checkpoint, ledger and dead letters are kept", name, before.Metadata.Name)})
	}
	f := p.flow(name, before.Spec, after, changed)
	if why := f.resets(); why != "" {
		c.State = StateReset
		effects = append(effects, f.resetEffects(why)...)
	} else if after.Metadata.Annotations[AllowReset] != "" {
		effects = append(effects, Effect{Review, "nothing is reset, and the annotation " + AllowReset + " permits it for every change to come: remove it"})
	}
	for _, t := range f.targets {
		if t.pruned() {
			c.PrunedRoutes = append(c.PrunedRoutes, t.before.Route)
		}
		if t.switched && len(c.Mapping) < mostFields {
			c.Mapping = append(c.Mapping, t.mapping...)
		}
	}
	c.Effects, c.Risk = settle(slices.Concat(effects, f.effects(), below))
	return c, true
}

// inherited reports whether the effects of a resource are those of every flow that uses it. What mappings, lookups and schedules do is said of
// each flow in words of its own.
func inherited(r ResourceChange) bool {
	return slices.Contains([]string{"Connection", "Credential", "Application"}, r.Kind) && len(r.Effects) > 0 && r.Effects[0].Risk != Safe && r.Action != Create
}

// newFlow says what begins.
func (p *pair) newFlow(t *config.Resource[config.Touchpoint]) []Effect {
	e := []Effect{{Review, fmt.Sprintf("it begins to bring %s/%s to %s, %s", t.Spec.Source.Connection, t.Spec.Source.Object, list(targetNames(&t.Spec)), startWords(t.Spec.Source.Start))}}
	if old := t.Metadata.RenamedFrom; old != "" && p.to.Touchpoints[old] != nil {
		e = append(e, Effect{Review, fmt.Sprintf("renamedFrom counts for nothing, because %q is still there: it starts without state", old)})
	}
	if t.Spec.Mode == "observe" {
		return append(e, Effect{Safe, "it only observes: nothing is written"})
	}
	if t.Spec.Source.Start == "beginning" && t.Spec.Limits.MaxCreates == nil {
		e = append(e, Effect{Review, "nothing bounds how many records its first run creates: see limits.maxCreates"})
	}
	for _, target := range t.Spec.Targets() {
		e = append(e, removalEffects(&target)...)
	}
	if !t.Spec.Source.Deleted.Ignored() {
		e = append(e, deletedEffect(&t.Spec, ""))
	}
	e = append(e, classEffects(&t.Spec)...)
	return append(e, Effect{Safe, "it runs " + scheduleWords(p.to, &t.Spec)})
}

// targetNames names every place that a touchpoint writes its records to.
func targetNames(t *config.Touchpoint) (names []string) {
	for _, target := range t.Targets() {
		if name := target.Destination.Connection + "/" + target.Destination.Object; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// startWords says where a read without a checkpoint begins.
func startWords(start string) string {
	switch start {
	case "beginning":
		return "from the beginning: everything there is"
	case "now":
		return "from the moment it was first applied"
	default:
		return "from " + start
	}
}

// list writes names as people do, at most five of them.
func list(names []string) string {
	const most = 5
	if n := len(names) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n)
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names, "")
}
