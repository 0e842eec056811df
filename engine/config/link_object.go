package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dray-sync/dray/engine/diag"
)

// objectResources judges what kind: Object says of applications and each other.
func (e *environment) objectResources() {
	first := map[objectID]*Resource[Object]{}
	for _, name := range slices.Sorted(maps.Keys(e.model.Objects)) {
		o := e.model.Objects[name]
		r := e.index["Object/"+name]
		e.namedObject(r, "spec", o.Spec.Application, o.Spec.Connection, o.Spec.Object)
		key := objectID{o.Spec.Connection, o.Spec.Application, o.Spec.Object}
		if other := first[key]; other != nil && o.Spec.Object != "" {
			d := e.problemPath(r, "spec.object", codeDuplicateName, fmt.Sprintf("%q describes the same object", other.Metadata.Name), "keep one of the two")
			d.Related = []diag.Pos{other.Source.Pos("spec.object")}
			continue
		}
		first[key] = o
	}
}

// mappingEnds judges the objects that mappings say they are for.
func (e *environment) mappingEnds() {
	for _, name := range e.judged("Mapping") {
		r, m := e.index["Mapping/"+name], e.model.Mappings[name].Spec
		e.about(r)
		for _, end := range []struct {
			path string
			ref  *ObjectRef
		}{{"spec.source", m.Source}, {"spec.destination", m.Destination}} {
			if end.ref != nil {
				e.namedObject(r, end.path, end.ref.Application, end.ref.Connection, end.ref.Object)
			}
		}
	}
}

// namedObject judges an object that is named by its application or connection.
func (e *environment) namedObject(r *loaded, path, application, connection, object string) {
	if connection != "" {
		if c := e.model.Connections[connection]; c != nil && r.v.kind == "Mapping" && e.fixedObjects(c.Spec.Application) == 0 {
			return // any object may be there; a touchpoint that uses the mapping for another is told
		}
		e.object(r, path, connection, object)
		return
	}
	if _, ok := e.application(r, path+".application", application); !ok || object == "" || e.fixedObjects(application) == 0 {
		return
	}
	var names []string
	for _, o := range e.specOf(application).Objects {
		names = append(names, o.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(e.model.Connections)) { // it may be one that a connection of the application declares
		if c := e.model.Connections[name].Spec; c.Application == application {
			names = append(names, slices.Sorted(maps.Keys(c.Objects))...)
		}
	}
	if slices.Contains(names, object) {
		return
	}
	hint := "it has " + orList(names[:min(len(names), 10)])
	if near := diag.Nearest(object, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	e.problemPath(r, path+".object", codeUnknownObject, fmt.Sprintf("%s has no object %q", application, object), hint)
}

// fixedObjects returns how many objects the application always has.
func (e *environment) fixedObjects(application string) int {
	if spec := e.specOf(application); spec != nil {
		return len(spec.Objects)
	}
	return 0
}

// committedNames returns the names of the objects that are committed for a connection or for its application.
func (e *environment) committedNames(connection, application string) []string {
	known := e.objectsKnown()
	return slices.Concat(known.names[[2]string{connection}], known.names[[2]string{"", application}])
}

// bound judges whether a touchpoint uses its mappings for the objects that they say they are for.
func (e *environment) bound(r *loaded, t Touchpoint) {
	if e.faulty[r] {
		e.misfit(r) // one of its ends may be another than is meant
		return
	}
	for _, target := range t.Targets() {
		m, ok := e.model.Mappings[target.Mapping]
		if !ok {
			continue
		}
		e.boundEnd(r, m, "spec.source", "spec.source", m.Spec.Source, t.Source.Connection, t.Source.Object)
		e.boundEnd(r, m, "spec.destination", target.Path, m.Spec.Destination, target.Destination.Connection, target.Destination.Object)
	}
}

// boundEnd judges one end: side is where the mapping names its object, and path where the touchpoint does.
func (e *environment) boundEnd(r *loaded, m *Resource[Mapping], side, path string, ref *ObjectRef, connection, object string) {
	c, ok := e.model.Connections[connection]
	if ref == nil || !ok || object == "" || !e.namesEnd(ref) {
		return
	}
	name, verb := m.Metadata.Name, "writes"
	if side == "spec.source" {
		verb = "reads"
	}
	var d *diag.Diagnostic
	switch {
	case ref.Connection != "" && ref.Connection != connection:
		d = e.problemPath(r, path+".connection", codeOtherObject, fmt.Sprintf("the mapping %q is for the connection %q, and this touchpoint %s %q", name, ref.Connection, verb, connection), "take a mapping for this connection, or bind the mapping to the application instead")
	case ref.Application != "" && ref.Application != c.Spec.Application && c.Spec.Application != "":
		d = e.problemPath(r, path+".connection", codeOtherObject, fmt.Sprintf("the mapping %q is for the application %q, and the connection %q is one of %q", name, ref.Application, connection, c.Spec.Application), "take a mapping for this application, or another connection")
	case ref.Object != "" && ref.Object != object:
		e.misfit(r)
		e.otherObject(r, m, otherEnd{side: side, path: path, connection: connection, says: ref.Object, object: object})
		return
	default:
		return
	}
	d.Related = []diag.Pos{m.Source.Pos(side)}
	e.misfit(r)
}

// namesEnd reports whether the application or connection that a mapping names exists.
func (e *environment) namesEnd(ref *ObjectRef) bool {
	if ref.Connection != "" {
		return e.model.Connections[ref.Connection] != nil
	}
	if e.registry == nil {
		return true
	}
	_, ok := e.registry.Get(ref.Application)
	return ok
}

// otherEnd is an end of a touchpoint that has another object than its mapping says.
type otherEnd struct {
	side, path   string // where the mapping and the touchpoint name it
	connection   string
	says, object string // the mapping's and the touchpoint's
}

// otherObject reports a mapping that says it is for another object, where the mistake seems to be.
func (e *environment) otherObject(r *loaded, m *Resource[Mapping], end otherEnd) {
	mapping := e.index["Mapping/"+m.Metadata.Name]
	if e.faulty[mapping] {
		return // it may be this that is wrong in it
	}
	if e.touchpointErrs(m, end) {
		hint := "take a mapping for this object, or leave " + end.side + " out of the mapping if it is for several"
		if diag.Nearest(end.object, []string{end.says}) != "" {
			hint = fmt.Sprintf("did you mean %s?", end.says)
		}
		d := e.problemPath(r, end.path+".object", codeOtherObject, fmt.Sprintf("the mapping %q is for the object %q, and this is %q", m.Metadata.Name, end.says, end.object), hint)
		d.Related = []diag.Pos{m.Source.Pos(end.side)}
		at := d.Pos
		e.list = slices.DeleteFunc(e.list, func(d diag.Diagnostic) bool { return d.Code == codeUnknownObject && d.Pos == at }) // it says less
		return
	}
	hint := "correct it here or in the touchpoint, or leave " + end.side + " out if the mapping is for several objects"
	if diag.Nearest(end.says, []string{end.object}) != "" {
		hint = fmt.Sprintf("did you mean %s?", end.object)
	}
	d := e.problemPath(mapping, end.side+".object", codeOtherObject, fmt.Sprintf("the touchpoint %q uses this mapping for the object %q, not for %q", r.v.name, end.object, end.says), hint)
	d.Related = []diag.Pos{r.at(mustAt(r.tree(), end.path+".object"))}
}

// touchpointErrs reports whether it is rather the touchpoint that is wrong: its object is not known and the mapping's is, or others use the
// mapping for what it says.
func (e *environment) touchpointErrs(m *Resource[Mapping], end otherEnd) bool {
	object, says := e.side(end.connection, end.object).Object != nil, e.side(end.connection, end.says).Object != nil
	if object != says {
		return says
	}
	for _, t := range e.model.Touchpoints {
		for _, target := range t.Spec.Targets() {
			used := map[string]string{"spec.source": t.Spec.Source.Object, "spec.destination": target.Destination.Object}[end.side]
			if target.Mapping == m.Metadata.Name && used == end.says {
				return true
			}
		}
	}
	return false
}

// misfit notes that a touchpoint's mapping is for other objects: nothing that follows from it says anything new.
func (e *environment) misfit(r *loaded) {
	if e.misfits == nil {
		e.misfits = map[*loaded]bool{}
	}
	e.misfits[r] = true
}

// waysOf judges the ways to read and write by what is committed of an object.
func (e *environment) waysOf(r *loaded, t Touchpoint) {
	if o := e.side(t.Source.Connection, t.Source.Object); o.source != nil && len(o.Object.Reads) > 0 && t.Source.Read != "" && !slices.Contains(o.Object.Reads, t.Source.Read) {
		path := "spec.source.read"
		if r.tree().get("spec").get("source").key("read") == nil {
			path = "spec.source.object"
		}
		d := e.problemPath(r, path, codeUnsupported, fmt.Sprintf("%q cannot be read in the mode %s", t.Source.Object, t.Source.Read), "write read: with one of "+orList(o.Object.Reads))
		d.Related = []diag.Pos{o.source.Pos("spec.reads")}
	}
	for _, target := range t.Targets() {
		d := target.Destination
		o := e.side(d.Connection, d.Object)
		if o.source == nil || d.Write == "" || o.Object.Writes == nil || slices.Contains(o.Object.Writes, d.Write) {
			continue
		}
		hint := "it can be written with " + orList(o.Object.Writes)
		if len(o.Object.Writes) == 0 {
			hint = "it is for reading only: take another object"
		}
		p := e.problemPath(r, target.Path+".write", codeUnsupported, fmt.Sprintf("%q cannot be written in the mode %s", d.Object, d.Write), hint)
		p.Related = []diag.Pos{o.source.Pos("spec.writes")}
	}
}
