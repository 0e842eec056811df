package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// FieldChange is one value before and after. null means that it was not there.
type FieldChange struct {
	// Path leads to the value. Elements of a list that have a name, or a key, are told apart by that: spec.checks[totals-agree].else,
	// spec.rows[country=DE].name.
	Path string `json:"path"`
	// Of is what the value belongs to, when that is a field of a mapping or a row of a lookup: "lines[].price", "country=DE".
	Of string `json:"of,omitempty"`
	// Name is what the value is called there: "scale". Empty: all of it.
	Name   string          `json:"name,omitempty"`
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// fieldChanges lists what differs between two forms of a resource.
func fieldChanges(before, after entry) []FieldChange {
	d := &differ{}
	d.value(place{"metadata", "", "metadata"}, plain(before.metadata), plain(after.metadata))
	switch a := after.spec.(type) {
	case *config.Mapping:
		d.mapping(before.spec.(*config.Mapping), a)
	case *config.Lookup:
		d.lookup(before.spec.(*config.Lookup), a)
	case *config.Credential:
		d.value(place{path: "spec"}, rawSpec(before.spec.(*config.Credential).Raw), rawSpec(a.Raw))
	case *config.KeyRing:
		d.value(place{path: "spec"}, rawSpec(before.spec.(*config.KeyRing).Raw), rawSpec(a.Raw))
	case *config.Connection:
		d.value(place{path: "spec"}, without(before.spec, "endpoint"), without(a, "endpoint")) // which follows from the rest
	case *config.Application:
		d.value(place{path: "spec"}, decode(before.spec.(*config.Application).Declaration), decode(a.Declaration))
	default:
		d.value(place{path: "spec"}, plain(before.spec), plain(after.spec))
	}
	if len(d.out) == 0 { // equal as data
		d.out = []FieldChange{{Path: "spec", Name: "order", Before: json.RawMessage(`"one order"`), After: json.RawMessage(`"another order"`)}}
	}
	return d.out
}

// rawSpec returns the spec of a document.
func rawSpec(doc json.RawMessage) any {
	m, _ := decode(doc).(map[string]any)
	return m["spec"]
}

// A place is where a value stands: its whole path, what it belongs to, and its name there.
type place struct{ path, of, name string }

func (p place) member(key string) place {
	key = quoted(key)
	return place{join(p.path, key), p.of, join(p.name, key)}
}

func (p place) element(id string) place {
	return place{p.path + "[" + id + "]", p.of, p.name + "[" + id + "]"}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// quoted quotes a name that is not a plain one, as paths do.
func quoted(name string) string {
	odd := func(r rune) bool {
		return r != '_' && r != '-' && r != '$' && r != '/' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if name == "" || strings.ContainsFunc(name, odd) {
		return strconv.Quote(name)
	}
	return name
}

// A differ collects differences.
type differ struct{ out []FieldChange }

func (d *differ) add(at place, before, after any) {
	b, a := text(before), text(after)
	if bytes.Equal(b, a) {
		return
	}
	if strings.HasSuffix(at.path, ".ciphertext") || strings.HasSuffix(at.path, ".mac") {
		b, a = sealed(before, "sealed"), sealed(after, "sealed anew")
	}
	d.out = append(d.out, FieldChange{Path: at.path, Of: at.of, Name: at.name, Before: b, After: a})
}

func sealed(v any, word string) json.RawMessage {
	if v == nil {
		return text(nil)
	}
	return text(word)
}

// value adds the differences between two plain values, leaf by leaf.
func (d *differ) value(at place, before, after any) {
	b, bIsObject := before.(map[string]any)
	a, aIsObject := after.(map[string]any)
	if bIsObject && aIsObject {
		for _, k := range slices.Sorted(maps.Keys(union(b, a))) {
			d.value(at.member(k), b[k], a[k])
		}
		return
	}
	bl, bIsList := before.([]any)
	al, aIsList := after.([]any)
	if !bIsList || !aIsList {
		d.add(at, before, after)
		return
	}
	bn, an := named(bl), named(al)
	switch {
	case bn != nil && an != nil:
		for _, name := range namesOf(bl, al) {
			d.value(at.element(quoted(name)), bn[name], an[name])
		}
		d.order(at, namesOf(bl), namesOf(al))
	case len(bl) == len(al) && slices.ContainsFunc(al, isObject):
		for i := range bl {
			d.value(at.element(strconv.Itoa(i)), bl[i], al[i])
		}
	default:
		d.add(at, before, after)
	}
}

// order adds the order of what is in both lists, where it differs.
func (d *differ) order(at place, before, after []string) {
	gone := func(from []string) func(string) bool {
		return func(name string) bool { return !slices.Contains(from, name) }
	}
	at.name = strings.TrimPrefix(at.name+" in order", " ")
	d.add(at, slices.DeleteFunc(slices.Clone(before), gone(after)), slices.DeleteFunc(slices.Clone(after), gone(before)))
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func isObject(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

// named returns the elements of a list by their names; nil when not every element is an object with a name of its own.
func named(list []any) map[string]any {
	all := make(map[string]any, len(list))
	for _, e := range list {
		m, _ := e.(map[string]any)
		name, _ := m["name"].(string)
		if name == "" || all[name] != nil {
			return nil
		}
		all[name] = e
	}
	return all
}

// namesOf returns the names of the elements of lists, each once, in order.
func namesOf(lists ...[]any) (names []string) {
	for _, list := range lists {
		for _, e := range list {
			if name, _ := e.(map[string]any)["name"].(string); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// mapping adds the differences between two mappings, field by field.
func (d *differ) mapping(before, after *config.Mapping) {
	d.fields("spec.fields", "", before.Fields, after.Fields)
	d.value(place{path: "spec"}, without(before, "fields"), without(after, "fields"))
}

// fields compares the fields of a mapped record. prefix is what comes before their names.
func (d *differ) fields(path, prefix string, before, after config.Fields) {
	b, a := byName(before), byName(after)
	for _, name := range fieldNames(after, before) {
		at := place{path: join(path, quoted(name)), of: prefix + quoted(name)}
		bf, was := b[name]
		af, is := a[name]
		switch {
		case was && is:
			d.field(at, bf, af)
		case is:
			d.add(at, nil, plain(af))
		default:
			d.add(at, plain(bf), nil)
		}
	}
	d.order(place{path: path, name: "fields"}, fieldNames(before), fieldNames(after))
}

// fieldNames returns the names of fields, each once, in order.
func fieldNames(lists ...config.Fields) (names []string) {
	seen := map[string]bool{}
	for _, list := range lists {
		for _, nf := range list {
			if !seen[nf.Name] {
				seen[nf.Name] = true
				names = append(names, nf.Name)
			}
		}
	}
	return names
}

func byName(fields config.Fields) map[string]config.Field {
	m := make(map[string]config.Field, len(fields))
	for _, nf := range fields {
		m[nf.Name] = nf.Field
	}
	return m
}

// field compares two forms of one field, attribute by attribute.
func (d *differ) field(at place, before, after config.Field) {
	between := "."
	was, is := before.Nested(), after.Nested()
	if was.Each != "" || is.Each != "" {
		between = "[]."
	}
	d.fields(at.path+".fields", at.of+between, was.Fields, is.Fields)
	for i := range min(len(was.Concat), len(is.Concat)) {
		b, a := was.Concat[i], is.Concat[i]
		part := fmt.Sprintf("concat[%d]", i)
		d.fields(at.path+"."+part+".fields", at.of+"."+part+".", b.Fields, a.Fields)
		b.Fields, a.Fields = nil, nil
		d.value(place{at.path + "." + part, at.of, part}, plain(b), plain(a))
	}
	for i := len(was.Concat); i < len(is.Concat); i++ {
		d.add(place{path: fmt.Sprintf("%s.concat[%d]", at.path, i), of: at.of, name: fmt.Sprintf("concat[%d]", i)}, nil, plain(is.Concat[i]))
	}
	for i := len(is.Concat); i < len(was.Concat); i++ {
		d.add(place{path: fmt.Sprintf("%s.concat[%d]", at.path, i), of: at.of, name: fmt.Sprintf("concat[%d]", i)}, plain(was.Concat[i]), nil)
	}
	was.Fields, is.Fields, was.Concat, is.Concat = nil, nil, nil, nil
	d.value(at, plain(before.WithNested(was)), plain(after.WithNested(is)))
}

// lookup adds the differences between two lookups, row by row.
func (d *differ) lookup(before, after *config.Lookup) {
	d.value(place{path: "spec"}, without(before, "rows"), without(after, "rows"))
	old, now := rowsByKey(before.Rows, after.Key), rowsByKey(after.Rows, after.Key)
	for _, id := range slices.Sorted(maps.Keys(now)) {
		if row, was := old[id]; was {
			d.value(place{"spec.rows[" + id + "]", id, ""}, plain(row), plain(now[id]))
		} else {
			d.add(place{"spec.rows[" + id + "]", id, ""}, nil, plain(now[id]))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(old)) {
		if now[id] == nil {
			d.add(place{"spec.rows[" + id + "]", id, ""}, plain(old[id]), nil)
		}
	}
}

// rowsByKey returns rows by their key columns: "country=DE, rate=19".
func rowsByKey(rows []map[string]string, key []string) map[string]map[string]string {
	m := make(map[string]map[string]string, len(rows))
	for _, row := range rows {
		parts := make([]string, len(key))
		for i, k := range key {
			parts[i] = quoted(k) + "=" + quoted(row[k])
		}
		m[strings.Join(parts, ", ")] = row
	}
	return m
}
