package rest

import (
	"maps"
	"slices"
	"strconv"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// plan returns how the object is written as the request asks.
func (o *object) plan(req adapters.WriteRequest) (*writePlan, error) {
	if req.Mode == adapters.WriteAction {
		if plan := o.actions[req.Action]; plan != nil {
			return plan, nil
		}
		return nil, unfit("writing", o.name, "it declares no action "+strconv.Quote(req.Action))
	}
	if plan := o.writes[req.Mode]; plan != nil {
		return plan, nil
	}
	if slices.Contains(o.composed(), req.Mode) {
		return o.writes[adapters.WriteCreate], nil
	}
	return nil, unfit("writing", o.name, "it cannot be written in mode "+string(req.Mode))
}

// actions judges what can be done with a record.
func (j *judge) actions(declared map[string]*requestDeclaration, at func(...string) []string) map[string]*writePlan {
	plans := make(map[string]*writePlan, len(declared))
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		d := declared[name]
		plans[name] = &writePlan{
			method: d.Method, wrap: d.Wrap, path: j.template(d.Path, at("write", "actions", name, "path")...), id: j.path(d.ID, at("write", "actions", name, "id")...),
			token: j.token(d.Idempotency, at("write", "actions", name, "idempotency")...),
		}
	}
	return plans
}

// told returns the body of an action: the record without the fields that the path holds. nil: there is none.
func (p *writePlan) told(doc []byte) []byte {
	v, err := record.ParseJSON(slices.Clone(doc))
	if err != nil || v.Kind() != record.Object {
		return wrapped(p.wrap, doc)
	}
	var names []string
	var values []record.Value
	for i, name := range v.Names() {
		inPath := slices.ContainsFunc(p.path.fields, func(f record.Path) bool { return len(f) == 1 && f[0].Name == name })
		if !inPath {
			names, values = append(names, name), append(values, v.Elements()[i])
		}
	}
	if len(names) == 0 && p.wrap == "" {
		return nil
	}
	return wrapped(p.wrap, record.AppendJSONObject(nil, names, values))
}
