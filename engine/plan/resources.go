package plan

import (
	"maps"
	"slices"
	"strings"
)

// mostFields is how many changed fields of one resource are listed. The others are counted.
const mostFields = 500

// resources compares all resources, by kind and name.
func (p *pair) resources() (out []ResourceChange) {
	for _, kind := range kindsOf(p.before, p.after) {
		before, after := p.before[kind], p.after[kind]
		for _, name := range slices.Sorted(maps.Keys(after)) {
			b, was := before[p.oldName(kind, name)]
			switch {
			case !was:
				out = append(out, p.created(kind, name))
			case b.digest != after[name].digest:
				out = append(out, p.changed(kind, name, b, after[name]))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(before)) {
			if _, still := after[name]; !still && p.newName(kind, name) == name {
				c := ResourceChange{Kind: kind, Name: name, Action: Delete}
				c.Effects, c.Risk = settle(p.resourceEffects(kind, before[name], entry{}))
				out = append(out, c)
			}
		}
	}
	return out
}

func (p *pair) created(kind, name string) ResourceChange {
	c := ResourceChange{Kind: kind, Name: name, Action: Create}
	c.Effects, c.Risk = settle(p.resourceEffects(kind, entry{}, p.after[kind][name]))
	return c
}

func (p *pair) changed(kind, name string, before, after entry) ResourceChange {
	c := ResourceChange{Kind: kind, Name: name, Action: Update, Fields: fieldChanges(before, after)}
	if before.metadata.Name != name {
		c.Action, c.RenamedFrom = Rename, before.metadata.Name
	}
	c.Effects, c.Risk = settle(p.resourceEffects(kind, before, after))
	if kind == "Mapping" && slices.ContainsFunc(c.Fields, func(f FieldChange) bool { return strings.HasPrefix(f.Path, "spec") }) {
		c.Risk = c.Risk.atLeast(Review)
	}
	if n := len(c.Fields) - mostFields; n > 0 {
		c.Fields, c.More = c.Fields[:mostFields], n
	}
	return c
}
