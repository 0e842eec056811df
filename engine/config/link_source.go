package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/diag"
)

// source judges what a touchpoint reads beside the records themselves, and what it asks the application to leave out.
func (e *environment) source(r *loaded, t *Touchpoint) {
	o, known := e.described(t.Source.Connection, t.Source.Object)
	if mode := adapters.ReadMode(t.Source.Read); known && t.Source.Filter != "" && mode != "" && o.CanRead(mode) && !o.CanFilter(mode) {
		e.problemPath(r, "spec.source.filter", codeUnsupported, fmt.Sprintf("%q takes no filter texts in the mode %s", t.Source.Object, mode), "write the condition as where, which is judged here")
	}
	for i, in := range t.Source.Include {
		e.include(r, fmt.Sprintf("spec.source.include[%d]", i), t, in)
	}
	for i, by := range t.Source.ChangedBy {
		e.changedBy(r, fmt.Sprintf("spec.source.changedBy[%d]", i), t, by)
	}
	if known && len(t.Source.ChangedBy) > 0 {
		e.readAgain(r, t, o)
	}
}

// described returns what is known of an object without asking the application. false: nothing.
func (e *environment) described(connection, object string) (adapters.Object, bool) {
	c, ok := e.model.Connections[connection]
	if !ok || e.registry == nil || object == "" {
		return adapters.Object{}, false
	}
	app, ok := e.registry.Get(c.Spec.Application)
	if !ok {
		return adapters.Object{}, false
	}
	for _, o := range app.Spec().Objects {
		if o.Name == object {
			return o, true
		}
	}
	return e.foretold(app, connection, object)
}

// include judges whether the records that belong to a record can be found.
func (e *environment) include(r *loaded, path string, t *Touchpoint, in Include) {
	fields := slices.Sorted(maps.Keys(in.Filter))
	if o, ok := e.object(r, path, t.Source.Connection, in.Object); ok && len(fields) > 0 && !o.CanFind(fields) {
		e.unfindable(r, path+".filter", in.Object, fields, o)
	}
	if o := e.side(t.Source.Connection, in.Object).Object; o != nil && len(o.Fields) > 0 {
		for _, name := range fields {
			e.fieldOf(r, path+".filter", name, in.Object, o)
		}
	}
	if o := e.side(t.Source.Connection, t.Source.Object).Object; o != nil && hasField(o, in.Name) {
		e.problemPath(r, path+".name", codeDuplicateName, fmt.Sprintf("%q has a field %q of its own", t.Source.Object, in.Name), "take another name")
	}
}

func hasField(o *Object, name string) bool {
	return slices.ContainsFunc(o.Fields, func(f ObjectField) bool { return f.Name == name })
}

// lacks reports whether the object has no field where a path begins, and says what to name instead.
func (o *Object) lacks(path string) (hint string, yes bool) {
	if first := firstStep(path); first == "" || hasField(o, first) {
		return "", false
	}
	names := make([]string, len(o.Fields))
	for i, f := range o.Fields {
		names[i] = f.Name
	}
	if near := diag.Nearest(path, names); near != "" {
		return fmt.Sprintf("did you mean %s?", near), true
	}
	return "name a field of the object", true
}

// fieldOf reports a field that the object does not have.
func (e *environment) fieldOf(r *loaded, path, name, object string, o *Object) {
	if hint, lacks := o.lacks(name); lacks {
		n, _ := r.tree().at(parsePath(path))
		e.problem(r, n.key(name), codeUnknownField, path+"."+name, fmt.Sprintf("%q has no field %q", object, name), hint)
	}
}

// unfindable reports that an object offers no way to find its records by some fields.
func (e *environment) unfindable(r *loaded, path, object string, fields []string, o adapters.Object) {
	hint := "the application declares no way to find them"
	if len(o.Finds) > 0 && o.CanRead(adapters.ReadKeys) {
		ways := make([]string, len(o.Finds))
		for i, f := range o.Finds {
			ways[i] = andList(f)
		}
		hint = "they are found by " + orList(ways)
	}
	e.problemPath(r, path, codeUnsupported, fmt.Sprintf("records of %q cannot be found by %s", object, andList(fields)), hint)
}

// changedBy judges whether changes of another object can be read.
func (e *environment) changedBy(r *loaded, path string, t *Touchpoint, by ChangedBy) {
	if o, ok := e.object(r, path, t.Source.Connection, by.Object); ok && !o.CanRead(adapters.ReadIncremental) {
		e.problemPath(r, path+".object", codeUnsupported, fmt.Sprintf("%q cannot be read in the mode incremental, so that its changes are not known", by.Object), "take an object with a cursor, or declare one")
	}
}

// readAgain judges whether records can be read again by their key, as changes elsewhere ask for.
func (e *environment) readAgain(r *loaded, t *Touchpoint, o adapters.Object) {
	const path = "spec.source.changedBy"
	at := nearestNode(r.tree(), "spec.source").key("changedBy")
	switch key := o.KeyNames(); {
	case !o.CanRead(adapters.ReadKeys) || len(key) > 0 && !o.CanFind(key):
		e.problem(r, at, codeUnsupported, path, fmt.Sprintf("records of %q cannot be read again by their key", t.Source.Object), "remove it, or take an object whose records are found by key")
	case len(key) > 1:
		e.problem(r, at, codeUnsupported, path, fmt.Sprintf("a record of %q is told apart by %s, and changedBy names one key", t.Source.Object, andList(key)), "remove it, and write read: full or a longer overlap")
	case t.Source.Filter != "" && !o.CanFilter(adapters.ReadKeys):
		e.problem(r, at, codeUnsupported, path, fmt.Sprintf("records of %q are read again by key without the filter, so that others than it lets through would come", t.Source.Object), "write the condition as where, which is judged here")
	}
}

// sourceSide returns what is known of the records that a touchpoint maps: those of its source, with what it includes.
func (e *environment) sourceSide(s *SourceSpec) Side {
	side := e.side(s.Connection, s.Object)
	if side.Object == nil || len(s.Include) == 0 {
		return side
	}
	side.Object = s.WithIncluded(side.Object, func(object string) *Object { return e.side(s.Connection, object).Object })
	side.digest = sideDigest(side)
	return side
}

// WithIncluded returns the object that is read with a list for each include. of returns what is known of an object of the same connection; nil:
// nothing.
func (s *SourceSpec) WithIncluded(o *Object, of func(object string) *Object) *Object {
	if o == nil || len(s.Include) == 0 {
		return o
	}
	out := *o
	out.Fields = slices.Clone(o.Fields)
	for _, in := range s.Include {
		f := ObjectField{Name: in.Name, Type: "list", Required: true, ReadOnly: true}
		if child := of(in.Object); child != nil {
			f.Fields = child.Fields
		}
		out.Fields = append(out.Fields, f)
	}
	return &out
}
