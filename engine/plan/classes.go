package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// A classified field is one of a source object that is of a class.
type classified struct{ path, class string }

// classifiedFields returns the fields of a touchpoint's source that its configuration may take, and that are of a class where the object says so.
// It finds more than are taken rather than less: a name that stands anywhere counts.
func classifiedFields(m *config.Model, t *config.Touchpoint) []classified {
	object := t.Source.WithIncluded(objectOf(m, t.Source.Connection, t.Source.Object), func(name string) *config.Object { return objectOf(m, t.Source.Connection, name) })
	if object == nil || !hasClass(object.Fields) {
		return nil
	}
	u := used{names: map[string]bool{}, wholes: map[string]bool{}}
	u.walk(plain(t))
	for _, name := range t.Mappings() {
		if r := m.Mappings[name]; r != nil {
			u.walk(plain(r.Spec))
		}
	}
	return u.fields(object.Fields, "", u.wholes["$root"] || u.wholes["$this"])
}

func hasClass(fields []config.ObjectField) bool {
	return slices.ContainsFunc(fields, func(f config.ObjectField) bool { return f.Class != "" || hasClass(f.Fields) })
}

// objectOf finds what is committed of an object: of that connection, or else of its application.
func objectOf(m *config.Model, connection, object string) (found *config.Object) {
	c := m.Connections[connection]
	if c == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(m.Objects)) {
		o := &m.Objects[name].Spec
		switch {
		case o.Object != object:
		case o.Connection == connection:
			return o
		case o.Connection == "" && o.Application == c.Spec.Application:
			found = o
		}
	}
	return found
}

// used are the names in the paths and expressions of a configuration.
type used struct {
	names  map[string]bool // wherever they stand
	wholes map[string]bool // at the end of a path, so that all that is below is taken
}

func (u used) walk(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if s, ok := e.(string); ok {
				u.text(k, s)
			}
			if with, ok := e.(map[string]any); ok && k == "with" {
				for _, path := range with {
					if s, ok := path.(string); ok {
						u.text("from", s)
					}
				}
			}
			u.walk(e)
		}
	case []any:
		for _, e := range v {
			u.walk(e)
		}
	}
}

// text takes in the names of a text, by the field it stands in.
func (u used) text(field, s string) {
	if !slices.Contains([]string{"from", "each", "expr", "where", "when"}, field) {
		return
	}
	words := strings.FieldsFunc(s, func(c rune) bool { return c < 0x80 && c != '$' && (c == '.' || !inName(byte(c))) })
	for _, w := range words {
		u.names[w] = true
		if field == "expr" {
			u.wholes[w] = true
		}
	}
	if field == "from" && len(words) > 0 {
		u.wholes[words[len(words)-1]] = true
	}
}

// fields returns the fields of a class that are taken. whole: all of them are.
func (u used) fields(fields []config.ObjectField, prefix string, whole bool) (found []classified) {
	for _, f := range fields {
		last := f.Name[strings.LastIndexByte(f.Name, '.')+1:]
		taken := whole || u.names[last]
		if f.Class != "" && taken {
			found = append(found, classified{prefix + f.Name, f.Class})
		}
		found = append(found, u.fields(f.Fields, prefix+f.Name+".", whole || u.wholes[last])...)
	}
	return found
}

// objectChange says which fields are of another class, so that other rules hold for them.
func objectChange(b, a *config.Object) (e []Effect) {
	if b == nil {
		return nil
	}
	before, after := map[string]string{}, map[string]string{}
	classesByPath(b.Fields, "", before)
	if a != nil {
		classesByPath(a.Fields, "", after)
	}
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if was, is := before[path], after[path]; was != "" && was != is {
			if is == "" {
				is = "of no class"
			}
			e = append(e, Effect{Dangerous, fmt.Sprintf("%s was %s and is %s: see that plans are to treat it so where it goes", path, was, is)})
		}
	}
	return e
}

func classesByPath(fields []config.ObjectField, prefix string, into map[string]string) {
	for _, f := range fields {
		into[prefix+f.Name] = f.Class
		classesByPath(f.Fields, prefix+f.Name+".", into)
	}
}
