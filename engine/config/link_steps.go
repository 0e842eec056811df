package config

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/diag"
)

// steps judges what the steps of a touchpoint look at and create, and whether anybody uses what they find.
func (e *environment) steps(r *loaded, t *Touchpoint) {
	used := e.stepsUsed(t)
	for i, s := range t.Steps {
		path := fmt.Sprintf("spec.steps[%d]", i)
		if o, ok := e.object(r, path, s.Connection, s.Object); ok {
			e.stepObject(r, path, s, o)
		}
		e.stepFields(r, path, s)
		if s.WhenMissing == "create" && s.Mapping != "" {
			names := make([]string, len(s.Find))
			for j, f := range s.Find {
				names[j] = f.Name
			}
			e.key(r, mappedKey{s.Mapping, names, func(j int) string {
				return pathString([]segment{{name: "spec"}, {name: "steps"}, {index: i}, {name: "find"}, {name: names[j]}})
			}})
		}
		if !used[s.Name] && !e.wrong(r) && s.WhenMissing != "create" && s.WhenMissing != "wait" {
			n, _ := r.tree().at(parsePath(path + ".name"))
			e.note(r, n, diag.Warning, codeUnusedStep, path+".name", fmt.Sprintf("nothing looks at what the step %q finds", s.Name),
				fmt.Sprintf("use $steps.%s.FIELD in a mapping or a condition, or remove the step", s.Name))
		}
	}
}

// stepObject judges whether an object can be looked up, and written, as a step does.
func (e *environment) stepObject(r *loaded, path string, s Step, o adapters.Object) {
	if !o.CanRead(adapters.ReadKeys) {
		e.problemPath(r, path+".object", codeUnsupported, fmt.Sprintf("%q cannot be looked up by key", s.Object), "take an object with a key, or declare its key under spec.objects of the connection")
	}
	var by []string
	for _, f := range s.Find {
		by = append(by, f.Name)
	}
	if o.CanRead(adapters.ReadKeys) && len(by) > 0 && !o.CanFind(by) {
		e.unfindable(r, path+".find", s.Object, by, o)
	}
	if s.WhenMissing == "create" && !o.CanWrite(adapters.WriteEnsure) && !o.CanWrite(adapters.WriteUpsert) && !o.CanWrite(adapters.WriteCreate) {
		e.problemPath(r, path+".whenMissing", codeUnsupported, fmt.Sprintf("records of %q cannot be created", s.Object), "write whenMissing: reject, skip or wait")
	}
}

// stepFields judges whether the object has the fields that a step finds by, where it is known.
func (e *environment) stepFields(r *loaded, path string, s Step) {
	o := e.side(s.Connection, s.Object).Object
	if o == nil || len(o.Fields) == 0 {
		return
	}
	for _, f := range s.Find {
		e.fieldOf(r, path+".find", f.Name, s.Object, o)
	}
}

var stepName = regexp.MustCompile(`\$steps\.([\pL_][\pL\pN_]*)`)

// stepsUsed returns the names of the steps that anything looks at.
func (e *environment) stepsUsed(t *Touchpoint) map[string]bool {
	used := map[string]bool{}
	if len(t.Steps) == 0 {
		return used
	}
	look := func(v any) {
		content, err := json.Marshal(v)
		if err != nil {
			panic("config: internal error: a resource does not marshal: " + err.Error())
		}
		for _, found := range stepName.FindAllSubmatch(content, -1) {
			used[string(found[1])] = true
		}
	}
	look(t)
	for _, name := range t.Mappings() {
		if m := e.model.Mappings[name]; m != nil {
			look(m.Spec)
		} else if _, there := e.index["Mapping/"+name]; there {
			for _, s := range t.Steps { // nobody knows what it looks at
				used[s.Name] = true
			}
		}
	}
	return used
}
