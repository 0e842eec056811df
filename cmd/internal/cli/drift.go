package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

// objectDrift is how one committed object differs from the live one, and what that breaks.
type objectDrift struct {
	Resource    string         `json:"resource"` // the name of the kind: Object
	Pos         diag.Pos       `json:"pos"`
	Connection  string         `json:"connection"`
	Object      string         `json:"object"`
	Gone        bool           `json:"gone,omitempty"` // the live system has no such object
	Changes     []config.Drift `json:"changes,omitempty"`
	Touchpoints []string       `json:"touchpoints"` // that read or write it
	Mappings    []string       `json:"mappings"`
	Diagnostics diag.List      `json:"diagnostics"` // what is wrong once the live object takes the place of the committed one
}

// checked is what a comparison of objects gives.
type checked struct {
	Compared    int           `json:"compared"`
	Drift       []objectDrift `json:"drift"`
	Unreachable []string      `json:"unreachable,omitempty"`
}

// checkObjects compares committed objects with live ones: all, those of a connection, or one.
func (a *app) checkObjects(ctx context.Context, k *connections, args []string, output string) error {
	if len(args) > 0 && k.model.Connections[args[0]] == nil {
		return missing("connection", args[0], keys(k.model.Connections))
	}
	_, before, _, err := a.load(ctx, k.dir, k.environment)
	if err != nil {
		return err
	}
	result := checked{Drift: []objectDrift{}}
	for _, name := range keys(k.model.Objects) {
		o := k.model.Objects[name]
		if len(args) > 1 && o.Spec.Object != args[1] {
			continue
		}
		for _, connection := range connectionsOf(k.model, &o.Spec) {
			if len(args) > 0 && connection != args[0] {
				continue
			}
			result.Compared++
			d, err := a.compareObject(ctx, k, connection, o, before)
			switch {
			case err != nil:
				result.Unreachable = append(result.Unreachable, fmt.Sprintf("%s %s: %s", connection, o.Spec.Object, safe(err.Error())))
			case d != nil:
				result.Drift = append(result.Drift, *d)
			}
		}
	}
	if len(args) > 1 && result.Compared == 0 {
		return invalid(fmt.Errorf("no kind: Object describes %q of connection %q; write one with dray discover %s %s", args[1], args[0], args[0], args[1]))
	}
	if output == "json" {
		err = a.json(result)
	} else {
		a.writeDrift(&result)
	}
	switch {
	case err != nil:
		return err
	case len(result.Drift) > 0:
		return said(exitChanges)
	case len(result.Unreachable) > 0:
		return said(exitUnreachable)
	}
	return nil
}

// connectionsOf returns the connections that have an object.
func connectionsOf(m *config.Model, o *config.Object) []string {
	if o.Connection != "" {
		return []string{o.Connection}
	}
	return slices.DeleteFunc(keys(m.Connections), func(name string) bool { return m.Connections[name].Spec.Application != o.Application })
}

// compareObject compares one object. nil: there is no difference.
func (a *app) compareObject(ctx context.Context, k *connections, connection string, o *config.Resource[config.Object], before diag.List) (*objectDrift, error) {
	d := &objectDrift{Resource: o.Metadata.Name, Pos: o.Source.Pos("spec"), Connection: connection, Object: o.Spec.Object, Diagnostics: diag.List{}}
	objects, err := k.discover(ctx, connection, o.Spec.Object)
	var live config.Object
	switch notThere, _ := errors.AsType[*adapters.Error](err); {
	case notThere != nil && notThere.Kind == adapters.NotFound:
		d.Gone = true
	case err != nil:
		return nil, err
	default:
		live = o.Spec.Refined(config.ObjectOf(objects[0]))
		if d.Changes = o.Spec.Drift(live); len(d.Changes) == 0 {
			return nil, nil
		}
	}
	d.Touchpoints, d.Mappings = usersOf(k.model, connection, &o.Spec)
	if d.Gone {
		return d, nil
	}
	after, err := a.loadLive(ctx, k, live)
	if err != nil {
		return nil, err
	}
	for _, now := range after {
		if !slices.ContainsFunc(before, func(b diag.Diagnostic) bool { return same(b, now) }) {
			d.Diagnostics.Add(now)
		}
	}
	return d, nil
}

func same(a, b diag.Diagnostic) bool {
	return a.Pos == b.Pos && a.Code == b.Code && a.Path == b.Path && a.Message == b.Message
}

// usersOf returns the touchpoints that read or write an object, and their mappings.
func usersOf(m *config.Model, connection string, o *config.Object) (touchpoints, mappings []string) {
	touchpoints, mappings = []string{}, []string{}
	for _, name := range keys(m.Touchpoints) {
		t := &m.Touchpoints[name].Spec
		if !slices.ContainsFunc(t.Ends(), func(e config.End) bool { return e.Connection == connection && e.Object == o.Object }) {
			continue
		}
		touchpoints = append(touchpoints, name)
		for _, used := range t.Mappings() {
			if !slices.Contains(mappings, used) {
				mappings = append(mappings, used)
			}
		}
	}
	slices.Sort(mappings)
	return touchpoints, mappings
}

func (a *app) writeDrift(r *checked) {
	for _, d := range r.Drift {
		a.printf("%s %s (%s)\n", safe(d.Connection), safe(d.Object), d.Pos)
		if d.Gone {
			a.printf("  - the object is gone\n")
		}
		for _, c := range d.Changes {
			a.printf("  %s\n", safe(c.String()))
		}
		if len(d.Touchpoints) > 0 {
			a.printf("  used by touchpoint %s, mapping %s\n", strings.Join(d.Touchpoints, ", "), strings.Join(d.Mappings, ", "))
		}
		if len(d.Diagnostics) > 0 {
			a.printf("  this breaks:\n")
			for line := range strings.Lines(safeLines(d.Diagnostics.Error())) {
				a.printf("    %s\n", strings.TrimRight(line, "\n"))
			}
		}
		if !d.Gone {
			a.printf("  write it anew: dray discover --write %s %s\n", safe(d.Connection), safe(d.Object))
		}
	}
	for _, u := range r.Unreachable {
		a.printf("%s\n", u)
	}
	a.printf("%s compared, %d with drift\n", count(r.Compared, "object"), len(r.Drift))
}
