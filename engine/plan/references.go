package plan

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// referenceKinds are the kinds that fields of these names refer to, in every kind of resource: the format uses each word for one thing.
// What a touchpoint waits for (touchpoint) is not among them: it does not make it another flow.
var referenceKinds = map[string]string{
	"connection": "Connection", "mapping": "Mapping", "lookup": "Lookup", "credential": "Credential", "application": "Application", "ref": "Schedule",
}

// dependencies lists all resources of the new model whose change reaches a touchpoint, itself included.
func (p *pair) dependencies(touchpoint string) []string {
	found := map[string]bool{}
	var visit func(string)
	visit = func(r string) {
		if found[r] {
			return
		}
		found[r] = true
		for _, next := range p.references(r) {
			visit(next)
		}
	}
	visit(ref("Touchpoint", touchpoint))
	return slices.Sorted(maps.Keys(found))
}

// references lists the resources that a resource of the new model names.
func (p *pair) references(r string) []string {
	if list, ok := p.refs[r]; ok {
		return list
	}
	kind, name, _ := strings.Cut(r, "/")
	var list []string
	if e, ok := p.after[kind][name]; ok {
		walkReferences(reflect.ValueOf(e.spec), "", func(kind, name string) {
			if _, ok := p.after[kind][name]; ok && !slices.Contains(list, ref(kind, name)) {
				list = append(list, ref(kind, name))
			}
		})
	}
	p.refs[r] = list
	return list
}

// walkReferences finds the references in a value, whose field has that name.
func walkReferences(v reflect.Value, field string, found func(kind, name string)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walkReferences(v.Elem(), field, found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			walkReferences(v.Field(i), name, found)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				walkReferences(v.Index(i), field, found)
			}
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			walkReferences(iter.Value(), "", found)
		}
	case reflect.String:
		if kind := referenceKinds[field]; kind != "" && v.Len() > 0 {
			found(kind, v.String())
		}
	}
}
