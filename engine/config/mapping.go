package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"
	"unique"
)

// Mapping is how one record becomes another.
type Mapping struct {
	Source      *ObjectRef `json:"source,omitempty"`
	Destination *ObjectRef `json:"destination,omitempty"`
	Fields      Fields     `json:"fields"`
	Checks      []Check    `json:"checks,omitempty"`
}

// ObjectRef binds a mapping to an object's types.
type ObjectRef struct {
	Application string `json:"application,omitempty"`
	Connection  string `json:"connection,omitempty"`
	Object      string `json:"object"`
}

// Check judges the mapped record.
type Check struct {
	Name    string `json:"name"`
	Expr    string `json:"expr"`
	Else    string `json:"else"` // reject | skip | park
	Message string `json:"message,omitempty"`
}

// Fields are the fields of a mapped record, in the order they are written in.
type Fields []NamedField

// NamedField is one field with its name.
type NamedField struct {
	Name  string
	Field Field
}

// Field says where the value of one field comes from. Exactly one of From, Value, Expr, Lookup (with With), and the Each, Concat and Fields
// of [Field.Nested] gives the value; the rest shapes it.
type Field struct {
	From     string            `json:"from,omitempty"`  // a path
	Value    json.RawMessage   `json:"value,omitempty"` // a constant
	Expr     string            `json:"expr,omitempty"`
	As       string            `json:"as,omitempty"` // string | int | decimal | money | bool | date | datetime
	Apply    []Apply           `json:"apply,omitempty"`
	Lookup   string            `json:"lookup,omitempty"`
	With     map[string]string `json:"with,omitempty"` // key column of the lookup to path
	Default  json.RawMessage   `json:"default,omitempty"`
	Required bool              `json:"required,omitempty"`
	When     string            `json:"when,omitempty"`
	Write    string            `json:"write,omitempty"`    // create: sent on create only
	IfAbsent string            `json:"ifAbsent,omitempty"` // omit | null | error
	// Most fields have neither of these, and repositories hold hundreds of thousands of fields.
	nested *Nested
	form   *Form
}

// ListPart is one origin of a concatenated list: the elements of Each, or with Each empty a single element, if When holds.
type ListPart struct {
	Each   string `json:"each,omitempty"`
	Where  string `json:"where,omitempty"`
	Group  *Group `json:"group,omitempty"`
	When   string `json:"when,omitempty"`
	Fields Fields `json:"fields"`
}

// Apply is one function of a closed list. In files: trim, or {truncate: 254}.
type Apply struct {
	Func string
	Arg  json.RawMessage // nil for functions without one
}

// MarshalJSON writes the function as files do.
func (a Apply) MarshalJSON() ([]byte, error) {
	if a.Arg == nil {
		return json.Marshal(a.Func)
	}
	return json.Marshal(map[string]json.RawMessage{a.Func: a.Arg})
}

// UnmarshalJSON reads the function as files write it.
func (a *Apply) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &a.Func); err != nil {
			return err
		}
		a.Func = unique.Make(a.Func).Value() // the list is closed, and its words are in every mapping
		return nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	if len(m) != 1 {
		return fmt.Errorf("a function with an argument is written {name: argument}")
	}
	for a.Func, a.Arg = range m {
	}
	return nil
}

// MarshalJSON writes the fields as an object in their order.
func (f Fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, nf := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(nf.Name)
		if err != nil {
			return nil, err
		}
		field, err := json.Marshal(nf.Field)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(field)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object, keeping its order. An unknown key of a field is an error.
func (f *Fields) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("fields must be an object")
	}
	*f = make(Fields, 0, 8)
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		nf := NamedField{Name: name.(string)}
		if err := nf.Field.decode(dec); err != nil {
			return fmt.Errorf("field %q: %w", nf.Name, err)
		}
		*f = append(*f, nf)
	}
	if len(*f) < cap(*f) {
		*f = slices.Clone(*f)[:len(*f):len(*f)] // repositories hold many, for long
	}
	return nil
}

// Duration is a length of time, written as Go does with days besides: 90s 15m 36h 3d.
type Duration time.Duration

// Lookups returns the names of all lookups that the fields consult, at any depth, in order of appearance, each once.
func (f Fields) Lookups() []string {
	var names []string
	seen := map[string]bool{}
	f.walk(func(fd *Field) {
		if fd.Lookup != "" && !seen[fd.Lookup] {
			seen[fd.Lookup] = true
			names = append(names, fd.Lookup)
		}
	})
	return names
}

// Texts yields every path and every expression of the mapping, at any depth.
func (m *Mapping) Texts() iter.Seq[string] {
	return func(yield func(string) bool) {
		going := true
		each := func(texts ...string) {
			for _, t := range texts {
				going = going && (t == "" || yield(t))
			}
		}
		m.Fields.walk(func(f *Field) {
			nested := f.Nested()
			each(f.From, f.Expr, f.When, nested.Each, nested.Where, f.Form().Currency)
			for _, p := range f.With {
				each(p)
			}
			each(nested.Group.Paths()...)
			for _, part := range nested.Concat {
				each(part.Each, part.Where, part.When)
				each(part.Group.Paths()...)
			}
		})
		for _, c := range m.Checks {
			each(c.Expr)
		}
	}
}

// walk visits every field at every depth.
func (f Fields) walk(visit func(*Field)) {
	for i := range f {
		fd := &f[i].Field
		visit(fd)
		nested := fd.Nested()
		nested.Fields.walk(visit)
		for _, part := range nested.Concat {
			part.Fields.walk(visit)
		}
	}
}
