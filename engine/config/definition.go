package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
)

// Definitions are what resources and the settings of applications may hold, as [Load] judges them: for editors, formatting and
// documentation, so that all of them say the same. They are immutable and safe for concurrent use.
type Definitions struct {
	Kinds        []KindDefinition
	Applications []ApplicationDefinition // by name
}

// KindDefinition is one kind of resource, from apiVersion to spec.
type KindDefinition struct {
	Name string
	Type *Type
}

// ApplicationDefinition is what one application says of itself.
type ApplicationDefinition struct {
	Spec   adapters.Spec
	Config *Type // a connection's spec.config; nil when it says nothing of it
	Object *Type // an entry of its spec.objects; nil when it takes none
}

// A Type says what a value may be: one of Values, or of Alternatives, or a value of one of Kinds that keeps to all else. Types may
// hold themselves.
type Type struct {
	Name         string // of its definition, without #; empty when it has none
	Doc          string // the definition's comment, in one line
	Words        string // what the values are, as diagnostics say it
	Format       string // a form that is checked in Go: duration, cron, path, expression …
	Any          bool   // anything at all
	Kinds        []Kind
	Values       []json.RawMessage
	Patterns     []string // regular expressions of Go, all of which match a text
	NotEmpty     bool     // a text that is not ""
	Bounds       []Bound
	Alternatives []*Type
	Tag          string            // the field that says which of the alternatives is meant; empty when none does
	First        []*Type           // of lists: the elements it must begin with
	Element      *Type             // of lists: every other element; nil when there can be no other
	Fields       []FieldDefinition // of objects, in the order people write them in
	Names, Named *Type             // of objects: names beside Fields, and what they hold; nil when there are none
	Open         bool              // of objects: any other field may be there too
	Default      json.RawMessage
}

// FieldDefinition is one field of an object.
type FieldDefinition struct {
	Name     string
	Doc      string
	Ref      string // the kind of resource that a text names
	Required bool
	Type     *Type
}

// Kind is a kind of value, by JSON Schema's name for it.
type Kind string

// The kinds of values.
const (
	Null    Kind = "null"
	Boolean Kind = "boolean"
	Integer Kind = "integer"
	Number  Kind = "number"
	String  Kind = "string"
	List    Kind = "array"
	Struct  Kind = "object"
)

var kindOf = [...]Kind{nullNode: Null, boolNode: Boolean, intNode: Integer, floatNode: Number, stringNode: String, listNode: List, objectNode: Struct}

// Bound is a limit of a number. Op is <, <=, > or >=.
type Bound struct{ Op, Limit string }

// Field returns the field of that name, or what its name takes besides, or nil.
func (t *Type) Field(name string) *FieldDefinition {
	if i := slices.IndexFunc(t.Fields, func(f FieldDefinition) bool { return f.Name == name }); i >= 0 {
		return &t.Fields[i]
	}
	if t.Named != nil {
		return &FieldDefinition{Name: name, Type: t.Named}
	}
	return nil
}

// Kind returns the definition of a kind.
func (d *Definitions) Kind(name string) (*Type, bool) {
	for _, k := range d.Kinds {
		if k.Name == name {
			return k.Type, true
		}
	}
	return nil, false
}

// Resource returns the definition of a kind. That of a connection to an application has the application's settings in it. nil: there
// is no such kind.
func (d *Definitions) Resource(kind, application string) *Type {
	t, _ := d.Kind(kind)
	a, ok := d.Application(application)
	if t == nil || kind != "Connection" || !ok {
		return t
	}
	return t.with("spec", func(spec *Type) *Type {
		if a.Config != nil {
			spec = spec.with("config", func(*Type) *Type { return a.Config })
		}
		if a.Object == nil {
			return spec
		}
		return spec.with("objects", func(objects *Type) *Type {
			own := *objects
			own.Named = a.Object
			return &own
		})
	})
}

// with returns the type with a field that is of another type.
func (t *Type) with(field string, change func(*Type) *Type) *Type {
	own := *t
	own.Fields = slices.Clone(t.Fields)
	for i, f := range own.Fields {
		if f.Name == field {
			own.Fields[i].Type = change(f.Type)
		}
	}
	return &own
}

// Application returns the definition of an application.
func (d *Definitions) Application(name string) (*ApplicationDefinition, bool) {
	for i := range d.Applications {
		if d.Applications[i].Spec.Name == name {
			return &d.Applications[i], true
		}
	}
	return nil, false
}

// Define assembles the definitions of all kinds with what the registry's applications say of their settings. nil: no applications.
func Define(registry *adapters.Registry) (*Definitions, error) {
	return new(Cache).define(registry)
}

func (c *Cache) define(registry *adapters.Registry) (*Definitions, error) {
	t, err := c.definitions()
	if err != nil {
		return nil, fmt.Errorf("reading the definitions: %w", err)
	}
	v := &viewer{seen: map[*typ]*Type{}}
	d := &Definitions{}
	for _, name := range t.kindNames() {
		d.Kinds = append(d.Kinds, KindDefinition{Name: name, Type: v.view(t.kind(name))})
	}
	if registry == nil {
		return d, nil
	}
	if err := c.declarations(registry, v, d); err != nil {
		return nil, err
	}
	for _, name := range registry.Names() {
		app, _ := registry.Get(name)
		spec := app.Spec()
		s, err := c.settings(spec.Schema)
		if err != nil {
			return nil, fmt.Errorf("reading what application %q says of its settings: %w", name, err)
		}
		d.Applications = append(d.Applications, ApplicationDefinition{Spec: spec, Config: v.view(s.config), Object: v.view(s.object)})
	}
	return d, nil
}

// declarations puts what the declarer takes in place of a declared application's open spec.
func (c *Cache) declarations(registry *adapters.Registry, v *viewer, d *Definitions) error {
	with, ok := registry.Declarer().(adapters.DeclarationSchema)
	if !ok {
		return nil
	}
	s, err := c.settings(with.Schema())
	if err != nil {
		return fmt.Errorf("reading the definition of declared applications: %w", err)
	}
	t, ok := d.Kind("Application")
	if !ok || s.declared == nil {
		return nil
	}
	for i := range t.Fields {
		if t.Fields[i].Name == "spec" {
			t.Fields[i].Type = v.view(s.declared)
		}
	}
	return nil
}

// A viewer turns types of the table into those that others see. Each is made once, so that types can hold themselves.
type viewer struct{ seen map[*typ]*Type }

func (v *viewer) view(t *typ) *Type {
	if t == nil {
		return nil
	}
	if known, ok := v.seen[t]; ok {
		return known
	}
	out := &Type{Name: strings.TrimPrefix(t.name, "#"), Doc: t.doc, Words: t.describe(), Format: t.format, Any: t.any, Tag: t.tag}
	v.seen[t] = out
	for _, k := range t.kinds {
		if k == floatNode && slices.Contains(out.Kinds, Integer) {
			out.Kinds = slices.DeleteFunc(out.Kinds, func(k Kind) bool { return k == Integer })
		}
		out.Kinds = append(out.Kinds, kindOf[k])
	}
	for _, c := range t.consts {
		out.Values = append(out.Values, c.appendJSON(nil, false))
	}
	for _, p := range t.patterns {
		out.Patterns = append(out.Patterns, p.String())
	}
	for _, n := range t.excluded {
		out.NotEmpty = out.NotEmpty || n.kind == stringNode && n.text == ""
	}
	for _, b := range t.bounds {
		out.Bounds = append(out.Bounds, Bound{b.op, b.text})
	}
	for _, a := range t.alts {
		out.Alternatives = append(out.Alternatives, v.view(a))
	}
	for _, p := range t.prefix {
		out.First = append(out.First, v.view(p))
	}
	out.Element = v.view(t.elem)
	if t.def != nil {
		out.Default = t.def.appendJSON(nil, false)
	}
	v.object(out, t.object)
	return out
}

func (v *viewer) object(out *Type, o *objectTyp) {
	if o == nil {
		return
	}
	out.Open = o.open
	for _, f := range o.fields {
		t := v.view(f.typ)
		if f.format != "" && f.format != t.Format {
			own := *t
			own.Format = f.format
			t = &own
		}
		out.Fields = append(out.Fields, FieldDefinition{Name: f.name, Doc: f.doc, Ref: f.ref, Required: f.required || (!f.optional && f.typ.def == nil), Type: t})
	}
	for _, p := range o.patterns {
		out.Names, out.Named = v.view(p.name), v.view(p.field.typ)
	}
}
