package config

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/dray-sync/dray/adapters"
)

// Object is an object's fields as discovered and committed.
type Object struct {
	Application string        `json:"application,omitempty"`
	Connection  string        `json:"connection,omitempty"`
	Object      string        `json:"object"`
	Key         []string      `json:"key,omitempty"`
	Reads       []string      `json:"reads,omitempty"` // nil: not known
	Writes      []string      `json:"writes,omitzero"` // nil: not known; empty: it is for reading only
	Fields      []ObjectField `json:"fields"`
}

// ObjectField is one field of an object.
type ObjectField struct {
	Name      string        `json:"name"`
	Type      string        `json:"type"` // string, int, decimal, bool, date, time, datetime, bytes, object, list, any
	Required  bool          `json:"required,omitempty"`
	Nullable  bool          `json:"nullable,omitempty"`
	ReadOnly  bool          `json:"readOnly,omitempty"`
	Key       bool          `json:"key,omitempty"`
	Enum      []string      `json:"enum,omitempty"`
	MaxLength int           `json:"maxLength,omitempty"` // in characters; 0: not known
	Class     string        `json:"class,omitempty"`     // personal | financial | secret
	Items     string        `json:"items,omitempty"`     // the type of a list's elements
	Fields    []ObjectField `json:"fields,omitempty"`    // of an object, or of each element of a list; nil: not known
}

// KeyPaths returns the paths of what identifies a record: Key, or else the fields that say so.
func (o *Object) KeyPaths() []string {
	if len(o.Key) > 0 {
		return o.Key
	}
	var key []string
	for _, f := range o.Fields {
		if f.Key {
			key = append(key, pathString([]segment{{name: f.Name}}))
		}
	}
	return key
}

// ObjectOf returns what an application says of an object in the form in which it is committed. Application and Connection are left
// empty.
func ObjectOf(o adapters.Object) Object {
	out := Object{Object: o.Name, Fields: objectFieldsOf(o.Fields)}
	for _, k := range o.Key {
		out.Key = append(out.Key, k.String())
	}
	for _, m := range o.Reads {
		if m != adapters.ReadKeys {
			out.Reads = append(out.Reads, string(m))
		}
	}
	out.Writes = make([]string, 0, len(o.Writes))
	for _, m := range o.Writes {
		out.Writes = append(out.Writes, string(m))
	}
	return out
}

func objectFieldsOf(fields []adapters.Field) []ObjectField {
	var out []ObjectField
	for _, f := range fields {
		out = append(out, ObjectField{
			Name: f.Name, Type: cmp.Or(f.Type, "any"), Required: f.Required, Nullable: f.Nullable, ReadOnly: f.ReadOnly, Enum: f.Enum,
			MaxLength: f.MaxLength, Class: f.Class, Items: f.Items, Fields: objectFieldsOf(f.Fields),
		})
	}
	return out
}

// A Side is what is known of the object at one end of a mapping. The zero Side is nothing.
type Side struct {
	Object      *Object        // nil: its fields are not known
	Application *adapters.Spec // nil: not known

	source *Source // of the kind: Object; nil where the application itself describes it
	digest string  // differs whenever anything about the side does
}

// An objectIndex finds what is known of objects. Not safe for concurrent use.
type objectIndex struct {
	committed map[objectID]*Resource[Object]
	sides     map[objectID]Side
	specs     map[string]*adapters.Spec // of applications; nil: there is none
	names     map[[2]string][]string    // of committed objects, by connection and application, one of which is empty
}

// specOf returns what an application says of itself; nil: it is not known.
func (e *environment) specOf(application string) *adapters.Spec {
	if e.registry == nil || application == "" {
		return nil
	}
	known := e.objectsKnown()
	if spec, ok := known.specs[application]; ok {
		return spec
	}
	known.specs[application] = nil
	if app, ok := e.registry.Get(application); ok {
		spec := app.Spec()
		known.specs[application] = &spec
	}
	return known.specs[application]
}

// objectID names an object of a connection, or with no connection of an application.
type objectID struct{ connection, application, object string }

// objectsKnown makes the index: committed objects without mistakes, and over them those of the options.
func (e *environment) objectsKnown() *objectIndex {
	if e.known != nil {
		return e.known
	}
	e.known = &objectIndex{
		committed: map[objectID]*Resource[Object]{}, sides: map[objectID]Side{}, specs: map[string]*adapters.Spec{}, names: map[[2]string][]string{},
	}
	for _, name := range slices.Sorted(maps.Keys(e.model.Objects)) {
		o := e.model.Objects[name]
		key := objectID{o.Spec.Connection, o.Spec.Application, o.Spec.Object}
		of := [2]string{key.connection, key.application}
		e.known.names[of] = append(e.known.names[of], key.object)
		if _, twice := e.known.committed[key]; !twice && !e.wrong(e.index["Object/"+name]) {
			e.known.committed[key] = o
		}
	}
	for _, o := range e.o.Objects {
		key := objectID{o.Connection, o.Application, o.Object}
		r := &Resource[Object]{Spec: o}
		if before := e.known.committed[key]; before != nil {
			r.Metadata = before.Metadata
		}
		e.known.committed[key] = r.sealed("Object")
	}
	return e.known
}

// committedFor returns the committed description of an object: that of the connection, else that of the application; nil: there is none.
func (e *environment) committedFor(connection, application, object string) *Resource[Object] {
	known := e.objectsKnown()
	if o := known.committed[objectID{connection: connection, object: object}]; o != nil && connection != "" {
		return o
	}
	return known.committed[objectID{application: application, object: object}]
}

// side returns what is known of an object of a connection: what was committed for the connection, else for its application, else what
// the application says itself.
func (e *environment) side(connection, object string) Side {
	c, ok := e.model.Connections[connection]
	if !ok || object == "" {
		return Side{}
	}
	known := e.objectsKnown()
	key := objectID{connection: connection, object: object}
	if s, ok := known.sides[key]; ok {
		return s
	}
	committed := e.committedFor(connection, c.Spec.Application, object)
	s := e.sideOf(committed, c.Spec.Application, object)
	if committed == nil && s.Object != nil {
		s.Object = withOwnFields(s.Object, c.Spec.Objects[object])
	}
	s.digest = sideDigest(s)
	known.sides[key] = s
	return s
}

// sideOfRef is side for an object that a mapping names.
func (e *environment) sideOfRef(ref *ObjectRef) Side {
	switch {
	case ref == nil || ref.Object == "":
		return Side{}
	case ref.Connection != "":
		return e.side(ref.Connection, ref.Object)
	}
	known := e.objectsKnown()
	key := objectID{application: ref.Application, object: ref.Object}
	s, ok := known.sides[key]
	if !ok {
		s = e.sideOf(e.committedFor("", ref.Application, ref.Object), ref.Application, ref.Object)
		s.digest = sideDigest(s)
		known.sides[key] = s
	}
	return s
}

func (e *environment) sideOf(committed *Resource[Object], application, object string) Side {
	var s Side
	var own *Object
	if s.Application = e.specOf(application); s.Application != nil {
		for _, o := range s.Application.Objects {
			if o.Name == object && o.Fields != nil {
				described := ObjectOf(o)
				own = &described
			}
		}
	}
	if committed == nil {
		s.Object = own
		return s
	}
	s.Object, s.source = &committed.Spec, committed.Source
	return s
}

// withOwnFields returns the object with the fields that a connection says it has besides, or in another way.
func withOwnFields(o *Object, declaration json.RawMessage) *Object {
	var own struct {
		Fields map[string]ObjectField `json:"fields"`
	}
	if len(declaration) == 0 || json.Unmarshal(declaration, &own) != nil || len(own.Fields) == 0 {
		return o
	}
	out := *o
	out.Fields = slices.Clone(o.Fields)
	for _, name := range slices.Sorted(maps.Keys(own.Fields)) {
		f := own.Fields[name]
		f.Name = name
		if i := slices.IndexFunc(out.Fields, func(g ObjectField) bool { return g.Name == name }); i >= 0 {
			out.Fields[i] = f
		} else {
			out.Fields = append(out.Fields, f)
		}
	}
	return &out
}

func sideDigest(s Side) string {
	if s.Object == nil {
		return ""
	}
	doc, err := json.Marshal(s.Object)
	if err != nil {
		panic("config: internal error: encoding an object: " + err.Error())
	}
	if s.Application != nil {
		doc = append(doc, s.Application.Name...)
		if s.Application.Dates {
			doc = append(doc, " dates"...)
		}
		if s.Application.Documents {
			doc = append(doc, " documents"...)
		}
	}
	return digestOf(doc)
}
